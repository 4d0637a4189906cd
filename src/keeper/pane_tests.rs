//! Input is typed once, in order, or refused in order.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::platform;

fn pane() -> (Pane, OwnedFd) {
    let (master, slave) = platform::raw_pty_pair().unwrap();
    (Pane::new(1, 0, master, platform::memory_object(4096).unwrap()), slave)
}

/// What the program has been typed, until `len` bytes have come.
fn typed(slave: &OwnedFd, len: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while all.len() < len {
        assert!(
            platform::wait_readable(slave.as_fd(), Some(std::time::Duration::from_secs(5))).unwrap(),
            "{} of {len} bytes came",
            all.len()
        );
        let read = rustix::io::read(slave, &mut buffer).unwrap();
        all.extend_from_slice(&buffer[..read]);
    }
    all
}

#[test]
fn a_resend_is_typed_once() {
    let (mut pane, slave) = pane();
    assert_eq!(pane.input(7, 1, b"a"), Accepted::Yes);
    assert_eq!(pane.input(7, 1, b"a"), Accepted::Yes);
    assert_eq!(pane.input(8, 1, b"b"), Accepted::Yes);
    assert_eq!(pane.input(7, 2, b"c"), Accepted::Yes);
    assert_eq!(pane.input(7, 1, b"a"), Accepted::Yes);
    assert_eq!(typed(&slave, 3), b"abc");
    assert_eq!(pane.record(PaneId(1)).inputs, [(8, 1), (7, 2)]);
}

#[test]
fn sources_are_bounded_and_the_silent_one_goes_first() {
    let (mut pane, _slave) = pane();
    for source in 0..64 {
        pane.input(source, 5, b"");
    }
    pane.input(0, 6, b"");
    pane.input(99, 1, b"");
    let inputs = pane.record(PaneId(1)).inputs;
    assert_eq!(inputs.len(), INPUT_SOURCES_MAX);
    assert!(inputs.contains(&(0, 6)) && inputs.contains(&(99, 1)) && !inputs.iter().any(|(source, _)| *source == 1), "{inputs:?}");
}

#[test]
fn a_refused_number_comes_before_the_later_ones() {
    let (mut pane, slave) = pane();
    let (mut seq, mut sent) = (0, 0);
    let chunk = vec![b'x'; 4000];
    // Until the queue is full: the terminal takes some, the queue the rest.
    let refused = loop {
        seq += 1;
        match pane.input(1, seq, &chunk) {
            Accepted::Yes => sent += chunk.len(),
            Accepted::Full => break seq,
            Accepted::Gone => panic!("the terminal is there"),
        }
    };
    assert_eq!(pane.input(1, refused + 1, b"y"), Accepted::Full, "would make the refused one look like a resend");
    assert_eq!(pane.input(2, 1, b"z"), Accepted::Yes, "another source has its own order");
    assert!(!pane.has_drained());
    let mut got = Vec::new();
    while got.len() <= sent {
        got.extend(typed(&slave, 1));
        pane.flush().unwrap();
    }
    assert!(pane.has_drained() && !pane.has_drained(), "said once");
    assert_eq!(pane.input(1, refused + 1, b"y"), Accepted::Full, "still owed");
    assert_eq!(pane.input(1, refused, b"!"), Accepted::Yes);
    assert_eq!(pane.input(1, refused + 1, b"y"), Accepted::Yes);
    assert_eq!(got.pop(), Some(b'z'));
    assert!(got.iter().all(|byte| *byte == b'x') && got.len() == sent);
    assert_eq!(typed(&slave, 2), b"!y");
}

#[test]
fn a_terminal_that_nobody_has_open_holds_nothing_up() {
    let (mut pane, slave) = pane();
    drop(slave);
    // Linux takes bytes for a terminal that may be opened again; others refuse them.
    assert_ne!(pane.input(1, 1, b"a"), Accepted::Full);
    assert!(!pane.is_waiting());
}
