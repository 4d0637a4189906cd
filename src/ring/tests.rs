//! The memory keeps what it was given, gives back what it says, and garbage in it is nothing worse than garbage.
#![allow(clippy::unwrap_used)]

use std::os::fd::{AsFd, OwnedFd};

use proptest::prelude::*;

use super::layout::{AT_BASE, AT_HEAD, AT_JOURNAL, AT_LEN, AT_RESIZES, AT_STATUS};
use super::*;
use crate::geometry::Size;
use crate::ids::PaneId;
use crate::platform;

fn config() -> Config {
    Config {
        ring_len: 4096,
        checkpoint_len: 100,
        history_bytes: 3 * SEGMENT_LEN as u64 + 5,
        size: Size::new(80, 24),
        meta: b"first".to_vec(),
    }
}

fn put(object: &OwnedFd, at: usize, value: u64) {
    platform::write_at(object.as_fd(), &value.to_le_bytes(), at as u64).unwrap();
}

/// Everything that reads, on whatever is there.
fn look_at_everything(memory: &mut PaneMemory) {
    memory.recover();
    let (tail, head) = (memory.tail(), memory.head());
    assert!(tail <= head && head - tail <= memory.ring_len());
    let (left, right) = memory.bytes(tail, head);
    assert_eq!((left.len() + right.len()) as u64, head - tail);
    let _ = memory.bytes(u64::MAX, 0);
    let resizes = memory.resizes();
    assert!(resizes.len() <= RESIZES_MAX && resizes.is_sorted_by_key(|resize| resize.at));
    let _ = (memory.meta().map(<[u8]>::len), memory.checkpoint().map(<[u8]>::len), memory.committed());
    memory.record_resize(u64::MAX, Size::new(1, 1));
    memory.put_meta(b"new").unwrap();
    assert_eq!(memory.meta(), Some(&b"new"[..]));
    memory.commit(&[3; COMMIT_LEN]);
    assert_eq!(memory.committed(), Some([3; COMMIT_LEN]));
}

#[test]
fn the_attested_read_works_here() {
    assert!(!cfg!(target_os = "linux") || attested_read_works(), "this kernel needs the keeper to read");
}

#[test]
fn a_new_memory_is_empty_and_small() {
    let (memory, object) = PaneMemory::create(&Config { ring_len: 256 * 1024, history_bytes: 10 << 20, ..config() }).unwrap();
    assert_eq!((memory.head(), memory.tail(), memory.segment_count()), (0, 0, 160));
    assert_eq!(memory.resizes(), [Resize { at: 0, size: Size::new(80, 24) }]);
    assert_eq!((memory.meta(), memory.checkpoint(), memory.committed()), (Some(&b"first"[..]), None, None));
    let blocks = rustix::fs::fstat(&object).unwrap().st_blocks;
    assert!(!cfg!(target_os = "linux") || blocks <= 2 * 8, "an idle pane costs {blocks} blocks of 512 bytes");
}

#[test]
fn output_arrives_wraps_and_ends() {
    let (master, slave) = platform::raw_pty_pair().unwrap();
    platform::set_packet_mode(master.as_fd(), true).unwrap();
    let (mut memory, _object) = PaneMemory::create(&config()).unwrap();
    assert_eq!(memory.take(master.as_fd(), 1 << 20).unwrap(), Take::Empty);
    let mut expected = Vec::new();
    for round in 0..40_u8 {
        let text = vec![round; 300 + usize::from(round)];
        rustix::io::write(&slave, &text).unwrap();
        expected.extend_from_slice(&text);
        while memory.head() < expected.len() as u64 {
            assert!(
                platform::wait_readable(master.as_fd(), Some(std::time::Duration::from_secs(5))).unwrap(),
                "round {round}: nothing came"
            );
            assert!(!matches!(memory.take(master.as_fd(), 1000).unwrap(), Take::Eof));
        }
        let (left, right) = memory.bytes(memory.tail(), memory.head());
        let kept = [left, right].concat();
        assert_eq!(kept, expected[expected.len() - kept.len()..]);
    }
    assert_eq!(memory.head() - memory.tail(), 4096);
    rustix::termios::tcflush(&slave, rustix::termios::QueueSelector::OFlush).unwrap();
    assert!(matches!(memory.take(master.as_fd(), 1000).unwrap(), Take::Control(_)), "a flush is told");
    drop(slave);
    assert_eq!(memory.take(master.as_fd(), 1000).unwrap(), Take::Eof);
    assert_eq!(memory.head(), expected.len() as u64);
}

/// Each state in which a kill can leave the read, and what must come of it.
#[test]
fn an_interrupted_read_is_settled() {
    for (status, base, len, adopted, what) in [
        (0xff, 100, 50, 0, "the intent was written, the kernel was not called"),
        (0, 100, 50, 50, "the kernel moved the bytes, they were not counted"),
        (0, 60, 40, 0, "they were counted"),
        (4, 100, 50, 0, "a control packet, no bytes"),
        (0, 100, 5000, 0, "a length that no read has"),
        (0, 101, 50, 0, "an intent for somewhere else"),
        (0, u64::MAX, 50, 0, "the keeper reads"),
    ] {
        let object = PaneMemory::create_object(&config()).unwrap();
        put(&object, AT_HEAD, 100);
        put(&object, AT_LEN, len);
        put(&object, AT_BASE, base);
        platform::write_at(object.as_fd(), &[status], AT_STATUS as u64).unwrap();
        let mut memory = PaneMemory::open(object).unwrap();
        assert_eq!((memory.recover(), memory.head()), (adopted, 100 + adopted), "{what}");
        assert_eq!(memory.recover(), 0, "{what}: settled twice");
    }
}

#[test]
fn the_journal_forgets_resizes_together_with_what_was_printed_before() {
    let object = PaneMemory::create_object(&config()).unwrap();
    put(&object, AT_HEAD, 1000);
    let mut memory = PaneMemory::open(object).unwrap();
    for at in 1..=100_u16 {
        memory.record_resize(at.into(), Size::new(at, 5));
    }
    let resizes = memory.resizes();
    assert_eq!(resizes.len(), RESIZES_MAX);
    assert_eq!(resizes.first(), Some(&Resize { at: 37, size: Size::new(37, 5) }));
    assert_eq!(memory.tail(), 37, "what was printed before the oldest known size");
    // A drag while nothing is printed costs no output.
    for cols in 1..=500 {
        memory.record_resize(100, Size::new(cols, 9));
    }
    assert_eq!((memory.tail(), memory.resizes().last().copied()), (37, Some(Resize { at: 100, size: Size::new(500, 9) })));
    memory.record_resize(7, Size::new(3, 3));
    assert_eq!(memory.resizes().last().unwrap().at, 100, "offsets do not go back");
}

#[test]
fn slots_are_replaced_whole() {
    let (mut memory, object) = PaneMemory::create(&config()).unwrap();
    for round in 0..9_u8 {
        memory.put_meta(&vec![round; usize::from(round) * 100]).unwrap();
        memory.put_checkpoint(&[round; 70]).unwrap();
        memory.commit(&[round; COMMIT_LEN]);
        let mut other = PaneMemory::open(object.try_clone().unwrap()).unwrap();
        other.recover();
        assert_eq!(other.meta(), Some(vec![round; usize::from(round) * 100].as_slice()));
        assert_eq!(other.checkpoint(), Some(&[round; 70][..]));
        assert_eq!(other.committed(), Some([round; COMMIT_LEN]));
    }
    assert!(memory.put_meta(&[0; META_MAX + 1]).is_err());
    memory.put_meta(&[1; META_MAX]).unwrap();
    assert!(memory.put_checkpoint(&[0; 4096]).is_err());
}

/// A kill in the middle of a slot: whatever prefix of the new content is there, the slot before it is found.
#[test]
fn a_torn_slot_leaves_the_one_before() {
    let (mut memory, object) = PaneMemory::create(&config()).unwrap();
    memory.commit(&[1; COMMIT_LEN]);
    memory.put_meta(b"whole").unwrap();
    let mut before = vec![0; 4096 * 3];
    platform::read_at(object.as_fd(), &mut before, 0).unwrap();
    memory.commit(&[2; COMMIT_LEN]);
    memory.put_meta(b"newer").unwrap();
    let mut after = before.clone();
    platform::read_at(object.as_fd(), &mut after, 0).unwrap();
    drop(memory);
    let changed: Vec<usize> = (0..after.len()).filter(|at| before[*at] != after[*at]).collect();
    for torn in &changed {
        let mut page = after.clone();
        page[*torn] = before[*torn];
        platform::write_at(object.as_fd(), &page, 0).unwrap();
        let memory = PaneMemory::open(object.try_clone().unwrap()).unwrap();
        let (meta, commit) = (memory.meta().unwrap(), memory.committed().unwrap());
        assert!(meta == b"whole" || meta == b"newer", "byte {torn}");
        assert!(commit == [1; COMMIT_LEN] || commit == [2; COMMIT_LEN], "byte {torn}");
    }
    assert!(changed.len() > COMMIT_LEN);
}

#[test]
fn segments_hold_and_are_given_back() {
    let (mut memory, object) = PaneMemory::create(&config()).unwrap();
    let blocks = || rustix::fs::fstat(&object).unwrap().st_blocks;
    let idle = blocks();
    for index in 0..3 {
        memory.segment_mut(index).fill(index as u8 + 1);
    }
    assert!(blocks() >= idle + 3 * 128);
    memory.release_segment(1).unwrap();
    assert!(!cfg!(target_os = "linux") || blocks() <= idle + 2 * 128, "nothing was given back");
    assert!(memory.segment(1).iter().all(|byte| *byte == 0));
    assert!(memory.segment(2).iter().all(|byte| *byte == 3) && memory.segment(0).iter().all(|byte| *byte == 1));
    assert!(memory.segment(3).is_empty() && memory.segment_mut(3).is_empty() && memory.release_segment(3).is_ok());
}

#[test]
fn every_broken_byte_of_the_header_is_survived() {
    let object = PaneMemory::create_object(&config()).unwrap();
    put(&object, AT_HEAD, 5000);
    put(&object, AT_RESIZES, 70);
    for entry in 0..64 {
        put(&object, AT_JOURNAL + entry * 16, entry as u64);
        put(&object, AT_JOURNAL + entry * 16 + 8, 80 | 24 << 16);
    }
    let mut sound = vec![0; 4096 * 3];
    platform::read_at(object.as_fd(), &mut sound, 0).unwrap();
    let mut opened = 0;
    for at in 0..sound.len() {
        // Beyond the live words most bytes are spare; a sample of them is enough.
        if at > 2400 && at % 17 != 0 {
            continue;
        }
        for value in [0x00, 0xff, sound[at] ^ 1, sound[at] ^ 0x80] {
            let mut broken = sound.clone();
            broken[at] = value;
            platform::write_at(object.as_fd(), &broken, 0).unwrap();
            if let Ok(mut memory) = PaneMemory::open(object.try_clone().unwrap()) {
                opened += 1;
                look_at_everything(&mut memory);
            } else {
                assert!(at < 64 || (AT_HEAD..AT_HEAD + 8).contains(&at), "byte {at} = {value} was refused");
            }
        }
    }
    assert!(opened > 1000);
}

#[test]
fn what_is_no_memory_is_refused() {
    assert!(matches!(PaneMemory::open(platform::memory_object(100).unwrap()), Err(OpenError::Header("length"))));
    assert!(matches!(PaneMemory::open(platform::memory_object(1 << 20).unwrap()), Err(OpenError::Header("magic"))));
    assert!(PaneMemory::open(rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR, rustix::fs::Mode::empty()).unwrap()).is_err());
    for ring_len in [0, 1, 4095, 5000, 1 << 31] {
        assert!(PaneMemory::create_object(&Config { ring_len, ..config() }).is_err(), "a ring of {ring_len}");
    }
    assert!(PaneMemory::create_object(&Config { meta: vec![0; META_MAX + 1], ..config() }).is_err());
}

#[test]
fn the_blackbox_tells_once() {
    let (blackbox, object) = Blackbox::create().unwrap();
    blackbox.mark(0, PaneId(7), 100);
    blackbox.mark(63, PaneId(8), 5);
    blackbox.mark(64, PaneId(9), 5);
    blackbox.mark(5, PaneId(1), 1);
    blackbox.clear(5);
    let marks = [Mark { slot: 0, pane: PaneId(7), offset: 100 }, Mark { slot: 63, pane: PaneId(8), offset: 5 }];
    assert_eq!(Blackbox::open(&object).unwrap().read(), marks);
    assert_eq!(Blackbox::read_and_wipe(object.as_fd()), marks);
    assert_eq!(Blackbox::read_and_wipe(object.as_fd()), []);
}

proptest! {
    #[test]
    fn a_header_of_garbage_is_survived(noise in proptest::collection::vec((64_usize..12_288, any::<u8>()), 1..300)) {
        let object = PaneMemory::create_object(&config()).unwrap();
        for (at, value) in noise {
            platform::write_at(object.as_fd(), &[value], at as u64).unwrap();
        }
        if let Ok(mut memory) = PaneMemory::open(object) {
            look_at_everything(&mut memory);
        }
    }
}
