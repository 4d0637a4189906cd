//! Input is applied once, wherever the server is killed.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::*;
use crate::geometry::Size;
use crate::ring::{Config, PaneMemory};

thread_local! {
    /// Steps until the "kill".
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

struct Killed;

/// The moment before each store and the write: where a kill may fall.
pub(super) fn trip() {
    LEFT.with(|left| match left.get() {
        Some(0) => {
            left.set(None);
            resume_unwind(Box::new(Killed));
        }
        Some(more) => left.set(Some(more - 1)),
        None => {}
    });
}

/// A pane's descriptors, as the keeper holds them.
struct Kept {
    memory: OwnedFd,
    read: OwnedFd,
    write: OwnedFd,
    master: OwnedFd,
    slave: OwnedFd,
}

impl Kept {
    fn new() -> Self {
        let config = Config { ring_len: 4096, checkpoint_len: 0, history_bytes: 0, size: Size::new(80, 24), meta: Vec::new() };
        let (read, write) = platform::input_pipe().unwrap();
        let (master, slave) = platform::raw_pty_pair().unwrap();
        platform::set_nonblocking(slave.as_fd(), true).unwrap();
        Self { memory: PaneMemory::create_object(&config).unwrap(), read, write, master, slave }
    }

    fn begin(&self) -> InputPipe {
        InputPipe::begin(self.memory.as_fd(), self.read.try_clone().unwrap(), self.write.try_clone().unwrap()).unwrap()
    }

    fn resume(&self) -> InputPipe {
        assert!(InputPipe::is_used(self.memory.as_fd()).unwrap());
        InputPipe::resume(self.memory.as_fd(), self.read.try_clone().unwrap(), self.write.try_clone().unwrap()).unwrap()
    }

    /// Moves everything on and gives what the program was typed.
    fn typed(&self, pipe: &mut InputPipe) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let moved = pipe.move_on(self.master.as_fd()).unwrap();
            let there = rustix::io::ioctl_fionread(&self.read).unwrap();
            assert_eq!(pipe.fill as u64, there, "the count and the kernel's");
            // What was spliced reaches the reading side by way of a kernel thread.
            while platform::wait_readable(
                self.slave.as_fd(),
                Some(std::time::Duration::from_millis(if moved == Moved::All { 20 } else { 2000 })),
            )
            .unwrap()
            {
                let mut buffer = [0; 4096];
                let read = rustix::io::read(&self.slave, &mut buffer).unwrap();
                all.extend_from_slice(&buffer[..read]);
                if moved == Moved::Some {
                    break;
                }
            }
            if moved == Moved::All {
                return all;
            }
        }
    }
}

/// Runs `act` and "kills" it before its step `at`; whether it came so far.
fn kill_at(at: usize, act: impl FnOnce()) -> bool {
    LEFT.with(|left| left.set(Some(at)));
    let outcome = catch_unwind(AssertUnwindSafe(act));
    LEFT.with(|left| left.set(None));
    match outcome {
        Ok(()) => false,
        Err(payload) if payload.is::<Killed>() => true,
        Err(payload) => resume_unwind(payload),
    }
}

#[test]
fn a_resend_is_applied_once() {
    let kept = Kept::new();
    let mut pipe = kept.begin();
    assert_eq!(pipe.apply(7, 1, b"a").unwrap(), Applied::Now);
    assert_eq!(pipe.apply(7, 1, b"a").unwrap(), Applied::Before);
    assert_eq!(pipe.apply(8, 1, b"b").unwrap(), Applied::Now);
    assert_eq!(pipe.apply(7, 2, b"c").unwrap(), Applied::Now);
    assert_eq!(pipe.apply(7, 1, b"a").unwrap(), Applied::Before);
    assert_eq!(kept.typed(&mut pipe), b"abc");
    assert_eq!(pipe.inputs(), [(8, 1), (7, 2)]);
    assert_eq!(kept.resume().inputs(), [(8, 1), (7, 2)]);
}

#[test]
fn whoever_is_killed_between_any_two_steps_the_resend_completes_it() {
    // Of a first input, a later one, one of a source that takes another's place, and one in pieces.
    let long: Vec<u8> = (0..10_000u32).map(|n| b'a' + (n % 26) as u8).collect();
    for (what, before, input) in [
        ("the first", 0, (5, 1, &b"key"[..])),
        ("a later one", 1, (5, 2, b"key")),
        ("a source too many", INPUT_SOURCES_MAX as u64, (5000, 1, b"key")),
        ("in pieces", 1, (5, 2, &long)),
    ] {
        let (source, seq, bytes) = input;
        let mut killed = 0;
        for at in 0.. {
            let kept = Kept::new();
            let mut pipe = kept.begin();
            for other in 0..before {
                pipe.apply(5 + other, 1, b".").unwrap();
            }
            kept.typed(&mut pipe);
            // Something waits in the pipe, too.
            pipe.apply(77, 1, b"waits").unwrap();
            let died = kill_at(at, || _ = pipe.apply(source, seq, bytes).unwrap());
            drop(pipe);
            let mut next = kept.resume();
            assert_eq!(next.map.word(AT_ARMED).load(Acquire), 0);
            next.apply(source, seq, bytes).unwrap();
            assert_eq!(next.apply(source, seq, bytes).unwrap(), Applied::Before);
            let typed = kept.typed(&mut next);
            assert!(
                typed[..5] == *b"waits" && typed[5..] == *bytes,
                "{what}, killed at step {at}: {} of {} bytes",
                typed.len(),
                bytes.len()
            );
            assert!(next.inputs().contains(&(source, seq)));
            if !died {
                break;
            }
            killed += 1;
        }
        assert!(killed >= 10, "{what}: only {killed} steps");
    }
}

#[test]
fn whoever_is_killed_during_recovery_is_recovered_by_the_next() {
    for at in 0.. {
        let kept = Kept::new();
        let mut pipe = kept.begin();
        assert!(kill_at(8, || _ = pipe.apply(5, 1, b"key").unwrap()), "behind the write");
        assert_eq!(pipe.fill, 3);
        let died = kill_at(at, || drop(kept.resume()));
        let mut next = kept.resume();
        assert_eq!(next.apply(5, 1, b"key").unwrap(), Applied::Before);
        assert_eq!(kept.typed(&mut next), b"key");
        if !died {
            assert!(at >= 4, "only {at} steps");
            return;
        }
    }
}

#[test]
fn a_program_that_does_not_read_fills_the_pipe_and_nothing_is_lost() {
    let kept = Kept::new();
    let mut pipe = kept.begin();
    let bytes: Vec<u8> = (0..6000u32).map(|n| b'a' + (n % 26) as u8).collect();
    let (mut sent, mut typed) = (Vec::new(), Vec::new());
    for seq in 1.. {
        sent.extend_from_slice(&bytes);
        loop {
            match pipe.apply(9, seq, &bytes).unwrap() {
                Applied::Full if pipe.move_on(kept.master.as_fd()).unwrap() == Moved::Some => {
                    // Also the terminal is full. The server dies; the next one sees it all through.
                    pipe = kept.resume();
                    assert_eq!(pipe.inputs(), [(9, seq - 1)]);
                    typed.extend(kept.typed(&mut pipe));
                }
                Applied::Full => {}
                Applied::Now => break,
                Applied::Before => panic!("not yet"),
            }
        }
        if seq > 60 {
            break;
        }
    }
    typed.extend(kept.typed(&mut pipe));
    assert!(typed == sent, "{} of {} bytes", typed.len(), sent.len());
    assert_eq!(pipe.inputs(), [(9, 61)]);
}

#[test]
fn the_source_that_was_silent_longest_is_forgotten() {
    let kept = Kept::new();
    let mut pipe = kept.begin();
    for source in 1..=INPUT_SOURCES_MAX as u64 {
        pipe.apply(source, 1, b"").unwrap();
    }
    let mut pipe = kept.resume();
    pipe.apply(1, 2, b"").unwrap();
    pipe.apply(1000, 1, b"").unwrap();
    let inputs = pipe.inputs();
    assert_eq!(inputs.len(), INPUT_SOURCES_MAX);
    assert!(inputs.contains(&(1, 2)) && inputs.contains(&(1000, 1)) && !inputs.contains(&(2, 1)));
}

#[test]
fn garbage_in_the_words_breaks_nothing() {
    for seed in 0..50u64 {
        let kept = Kept::new();
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let page: Vec<u8> = (0..4096 - AT_INPUT)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        platform::write_at(kept.memory.as_fd(), &page, AT_INPUT as u64).unwrap();
        platform::write_at(kept.memory.as_fd(), &MODE_PIPE.to_le_bytes(), AT_MODE as u64).unwrap();
        let mut pipe = kept.resume();
        pipe.apply(3, u64::MAX, b"x").unwrap();
        assert_eq!(kept.typed(&mut pipe), b"x");
    }
}

#[test]
fn this_kernel_can_do_it() {
    assert!(input_pipe_works() || cfg!(not(target_os = "linux")));
}

#[test]
fn what_the_terminal_has_not_taken_can_be_taken_back_and_counts_as_applied() {
    let kept = Kept::new();
    let mut pipe = kept.begin();
    // How much a terminal takes that nobody reads is the kernel's to say: some tens of thousands of bytes.
    let (mut put, mut seq) = (0, 0);
    while pipe.fill() == 0 {
        seq += 1;
        assert!(seq <= 1000, "the terminal is never full");
        assert_eq!(pipe.apply(7, seq, &[b'x'; 1000]).unwrap(), Applied::Now);
        put += 1000;
        let _ = pipe.move_on(kept.master.as_fd()).unwrap();
    }
    let fill = pipe.fill();
    // A successor may do it, too.
    drop(pipe);
    let mut pipe = kept.resume();
    assert_eq!(pipe.take_back().unwrap(), vec![b'x'; fill]);
    assert_eq!((pipe.fill(), rustix::io::ioctl_fionread(&kept.read).unwrap()), (0, 0));
    assert_eq!(pipe.take_back().unwrap(), b"");
    assert_eq!(pipe.apply(7, seq, &[b'x'; 1000]).unwrap(), Applied::Before);
    assert_eq!(pipe.apply(8, 1, b"mine").unwrap(), Applied::Now);
    let typed = kept.typed(&mut pipe);
    assert_eq!(typed.len(), put - fill + 4);
    assert!(typed.ends_with(b"xmine"));
}
