//! The two ways to bring output into the ring: the attested read of the server, and the plain read of the keeper.
#![allow(unsafe_code, reason = "readv into a mapping")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::Ordering::Release;

use super::layout::{AT_BASE, AT_HEAD, AT_LEN, AT_STATUS};
use super::memory::{BASE_PLAIN, PaneMemory, STATUS_NONE};
use crate::platform;

/// What one [`PaneMemory::take`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// `len` bytes were printed; they begin at offset `at` and are counted.
    Data {
        /// Offset in the pane's output.
        at: u64,
        /// How many, at least 1.
        len: usize,
    },
    /// The terminal's state changed: the `TIOCPKT_` bits of this byte (flush, stop, start).
    Control(u8),
    /// Nothing there now.
    Empty,
    /// No process has the terminal open any more; all it printed was read before.
    Eof,
}

impl PaneMemory {
    /// Moves what the pane printed, at most `max` bytes, from the PTY into the ring, so that a kill at any instruction loses and repeats nothing.
    ///
    /// `master` must be in packet mode and not block, and this process its only reader.
    ///
    /// # Errors
    /// What the system says of the master. The end of the terminal is [`Take::Eof`], not an error.
    pub fn take(&mut self, master: BorrowedFd<'_>, max: usize) -> io::Result<Take> {
        let there = platform::readable(master)?;
        let len = there.min(max).min(self.geometry.ring_len as usize);
        let base = self.head();
        self.map.byte(AT_STATUS).store(STATUS_NONE, Release);
        self.map.word(AT_LEN).store(len as u64, Release);
        self.map.word(AT_BASE).store(base, Release);
        self.read_at(master, base, len)
    }

    /// Moves what the pane printed into the ring and counts it afterwards: right only where the reader is not killed, that is in the keeper. In a
    /// server it loses what was read and not yet counted at the moment of a kill, which the torture test uses to show that it would notice.
    ///
    /// # Errors
    /// As [`PaneMemory::take`].
    pub fn take_plain(&mut self, master: BorrowedFd<'_>, max: usize) -> io::Result<Take> {
        let base = self.head();
        self.map.word(AT_BASE).store(BASE_PLAIN, Release);
        self.read_at(master, base, max.min(self.geometry.ring_len as usize))
    }

    /// One `readv` into \[status, ring from `base`\], then the head.
    fn read_at(&mut self, master: BorrowedFd<'_>, base: u64, len: usize) -> io::Result<Take> {
        let (at, first, second) = self.ring_range(base, len as u64);
        let start = at - (base & (self.geometry.ring_len - 1)) as usize;
        self.map.touch(at, first);
        self.map.touch(start, second);
        let part = |at, len| libc::iovec { iov_base: self.map.pointer(at, len).cast(), iov_len: len };
        let parts = [part(AT_STATUS, 1), part(at, first), part(start, second)];
        // SAFETY: the three ranges lie in the mapping, which lives through the call, and `&mut self` keeps everybody else in this process away.
        let read = unsafe { libc::readv(master.as_raw_fd(), parts.as_ptr(), parts.len() as i32) };
        let Ok(read) = usize::try_from(read) else {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::EAGAIN | libc::EINTR) => Ok(Take::Empty),
                // Linux says EIO when the last process closed the terminal; others read nothing.
                Some(libc::EIO) => Ok(Take::Eof),
                _ => Err(error),
            };
        };
        let Some(data) = read.checked_sub(1) else { return Ok(Take::Eof) };
        let status = self.map.byte(AT_STATUS).load(std::sync::atomic::Ordering::Acquire);
        if status != 0 {
            return Ok(Take::Control(status));
        }
        self.map.word(AT_HEAD).store(base + data as u64, Release);
        if data == 0 { Ok(Take::Empty) } else { Ok(Take::Data { at: base, len: data }) }
    }
}

/// Whether the attested read can be trusted on this kernel: opens a PTY of its own in packet mode, prints into it, and sees that the count of what is
/// there is exact and one `readv` moves exactly that. Where it fails, the server asks the keeper to read (`keeper_reads` in `Hello`).
#[must_use]
pub fn attested_read_works() -> bool {
    self_test().unwrap_or(false)
}

fn self_test() -> io::Result<bool> {
    use crate::geometry::Size;
    use std::os::fd::AsFd;
    let (master, slave) = platform::raw_pty_pair()?;
    platform::set_packet_mode(master.as_fd(), true)?;
    platform::set_nonblocking(master.as_fd(), true)?;
    let config = super::Config { ring_len: 4096, checkpoint_len: 0, history_bytes: 0, size: Size::new(80, 24), meta: Vec::new() };
    let (mut memory, _object) = PaneMemory::create(&config)?;
    for text in [&b"one"[..], &[b'x'; 3000], &[b'y'; 2000], b"z"] {
        let mut rest = text;
        while !rest.is_empty() {
            let written = rustix::io::write(&slave, rest)?;
            rest = rest.get(written..).unwrap_or_default();
            let before = memory.head();
            let mut got = 0;
            while got < written {
                // Output may reach the reading side a moment after the write: a poll waits for it, a second at most.
                platform::wait_readable(master.as_fd(), Some(std::time::Duration::from_secs(1)))?;
                let promised = platform::readable(master.as_fd())?;
                match memory.take(master.as_fd(), usize::MAX)? {
                    Take::Data { len, .. } if len >= promised.min(4096) && promised > 0 => got += len,
                    Take::Control(_) => {}
                    _ => return Ok(false),
                }
            }
            let (left, right) = memory.bytes(before, before + got as u64);
            let sound = [left, right].concat() == text.get(text.len() - rest.len() - written..text.len() - rest.len()).unwrap_or_default();
            if !sound {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
