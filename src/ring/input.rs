//! The way in: what is typed into a pane goes through a pipe, so that a kill at any instruction applies it exactly once.
//!
//! A terminal that took bytes does not say so to a successor: the program may have read them meanwhile. A pipe does: nobody reads it but we. Both ends are
//! held by server and keeper, so it survives the death of either, and it is the queue behind a program that does not read.
//!
//! ```text
//!   apply(source, seq, bytes):  1 intent {source, seq, how far, fill, len}, armed   stores in the pane's memory
//!                               2 write(pipe)                                       all or nothing up to 4,096 bytes, or it is full
//!                               3 table[source] = seq, how far; disarmed            stores
//!   move_on(master):            4 splice(pipe -> terminal)                          inside the kernel
//! ```
//!
//! **Recovery.** An armed intent says that the kill fell between 1 and the end of 3. Nothing was taken out of the pipe meanwhile, since this type alone takes
//! bytes out and does one thing after the other. So the fill attests what happened: `fill + len` in the pipe, and the write was done: step 3 is done
//! (again). Otherwise it was not: the intent is forgotten, and the sender, who was not answered, sends again. Step 3 may stop anywhere, since it is done
//! again whole. What is in the pipe is never written again; step 4 loses and repeats nothing because the kernel moves a byte or does not.
//!
//! **Pieces.** Input above 4,096 bytes is written in pieces, each with its own intent; the table knows how far a number is applied, and a resend goes on there.
//!
//! **Full.** The pipe takes 64 KiB (less where a user has more than a thousand pipes); then [`Applied::Full`], and nothing of the piece is applied.
//! Sources: as many as the table has room for; the one that was silent longest is forgotten.
//!
//! Who uses it: the server's gate, from its one thread. The fill is counted here and asked of the kernel only at recovery.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Release};

use super::OpenError;
use super::layout::{AT_INPUT, AT_SOURCES, PAGE, SOURCE_STRIDE};
use super::map::Map;
use crate::platform;
use crate::protocol::keeper::INPUT_SOURCES_MAX;

/// Bytes that a pipe takes whole or not at all (`PIPE_BUF` of Linux).
const PIECE: usize = 4096;

/// Says that the pane's input goes this way for its whole life.
const AT_MODE: usize = AT_INPUT;
const AT_ARMED: usize = AT_INPUT + 8;
const AT_SOURCE: usize = AT_INPUT + 16;
const AT_SEQ: usize = AT_INPUT + 24;
const AT_DONE: usize = AT_INPUT + 32;
const AT_FILL: usize = AT_INPUT + 40;
const AT_LEN: usize = AT_INPUT + 48;

const MODE_PIPE: u64 = u64::from_le_bytes(*b"by pipe\x01");
const ARMED: u64 = 1;
/// How far a number is applied that is applied whole. Less: so many bytes of it.
const WHOLE: u32 = u32::MAX;

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Applied: it is in the pipe, and need never be sent again.
    Now,
    /// It was applied before.
    Before,
    /// The pipe is full. To be given again once [`InputPipe::move_on`] made room; what was applied of it is known.
    Full,
}

/// What became of the way from the pipe to the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// Nothing is left in the pipe.
    All,
    /// The terminal takes no more now: wait until it is writable.
    Some,
}

/// The input of a pane: its pipe, and the words of the pane's memory that say how far it is. See the file's head.
#[derive(Debug)]
pub struct InputPipe {
    map: Map,
    read: OwnedFd,
    write: OwnedFd,
    /// Bytes in the pipe.
    fill: usize,
    /// The youngest entry of the table.
    stamp: u32,
}

impl InputPipe {
    /// Makes a pipe the way in of a new pane; from here on nothing may be typed into it by another one.
    ///
    /// # Errors
    /// [`OpenError`] when `memory` is no pane's memory, or cannot be mapped.
    pub fn begin(memory: BorrowedFd<'_>, read: OwnedFd, write: OwnedFd) -> Result<Self, OpenError> {
        let map = header(memory)?;
        map.word(AT_MODE).store(MODE_PIPE, Release);
        Ok(Self { map, read, write, fill: 0, stamp: 0 })
    }

    /// Whether the input of the pane with this memory goes through a pipe.
    ///
    /// # Errors
    /// As [`InputPipe::begin`].
    pub fn is_used(memory: BorrowedFd<'_>) -> Result<bool, OpenError> {
        Ok(header(memory)?.word(AT_MODE).load(Acquire) == MODE_PIPE)
    }

    /// Takes up the way in of a pane after the death of the server that used it, which must be certain. Settles what that one was about; call
    /// [`InputPipe::move_on`] next.
    ///
    /// # Errors
    /// As [`InputPipe::begin`].
    pub fn resume(memory: BorrowedFd<'_>, read: OwnedFd, write: OwnedFd) -> Result<Self, OpenError> {
        let map = header(memory)?;
        let fill = usize::try_from(rustix::io::ioctl_fionread(&read).map_err(io::Error::from)?).unwrap_or(0);
        let mut this = Self { map, read, write, fill, stamp: 0 };
        this.stamp = (0..INPUT_SOURCES_MAX).filter_map(|index| this.entry(index)).map(|entry| entry.stamp).max().unwrap_or(0);
        this.recover();
        Ok(this)
    }

    /// Settles an input that a kill interrupted.
    fn recover(&mut self) {
        let word = |at| self.map.word(at).load(Acquire);
        if word(AT_ARMED) == ARMED && word(AT_FILL).checked_add(word(AT_LEN)) == Some(self.fill as u64) {
            self.commit();
        }
        self.store(AT_ARMED, 0);
    }

    /// Applies an input if it was not applied before.
    ///
    /// # Errors
    /// What the system says of the pipe, which nobody else can close: nothing of the piece is applied.
    pub fn apply(&mut self, source: u64, seq: u64, bytes: &[u8]) -> io::Result<Applied> {
        let mut done = match self.find(source) {
            Some(known) if seq < known.seq || (seq == known.seq && known.done == WHOLE) => return Ok(Applied::Before),
            Some(known) if seq == known.seq => known.done as usize,
            _ => 0,
        };
        loop {
            let rest = bytes.get(done..).unwrap_or_default();
            let piece = rest.get(..PIECE).unwrap_or(rest);
            done += piece.len();
            let whole = piece.len() == rest.len();
            self.intend(source, seq, if whole { WHOLE } else { u32::try_from(done).unwrap_or(WHOLE) }, piece.len());
            match self.put(piece) {
                Ok(true) => self.commit(),
                other => {
                    self.store(AT_ARMED, 0);
                    return other.map(|_| Applied::Full);
                }
            }
            self.store(AT_ARMED, 0);
            if whole {
                return Ok(Applied::Now);
            }
        }
    }

    /// Step 1.
    fn intend(&self, source: u64, seq: u64, done: u32, len: usize) {
        self.store(AT_SOURCE, source);
        self.store(AT_SEQ, seq);
        self.store(AT_DONE, done.into());
        self.store(AT_FILL, self.fill as u64);
        self.store(AT_LEN, len as u64);
        self.store(AT_ARMED, ARMED);
    }

    /// Step 2: whether the pipe took it.
    fn put(&mut self, piece: &[u8]) -> io::Result<bool> {
        #[cfg(test)]
        tests::trip();
        match rustix::io::retry_on_intr(|| rustix::io::write(&self.write, piece)) {
            Ok(written) => {
                // All or nothing, by the kernel's word. If it broke that word, what is there counts: the number is applied as far as it can be.
                self.fill += written;
                Ok(true)
            }
            Err(rustix::io::Errno::AGAIN) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Step 3, by what the intent says: may be done again.
    fn commit(&mut self) {
        let word = |at| self.map.word(at).load(Acquire);
        let (source, seq, done) = (word(AT_SOURCE), word(AT_SEQ), word(AT_DONE) as u32);
        self.stamp = self.stamp.wrapping_add(1).max(1);
        let entries = || (0..INPUT_SOURCES_MAX).map(|index| (index, self.entry(index)));
        let known = entries().find(|(_, entry)| entry.is_some_and(|entry| entry.source == source));
        // None is less than some: a free place before the one of the source that was silent longest.
        let place = known.or_else(|| entries().min_by_key(|(_, entry)| entry.map(|entry| entry.stamp)));
        let at = AT_SOURCES + place.map_or(0, |(index, _)| index) * SOURCE_STRIDE;
        if known.is_none() {
            self.store(at + 16, 0);
            self.store(at, source);
        }
        self.store(at + 8, seq);
        self.store(at + 16, u64::from(self.stamp) << 32 | u64::from(done));
    }

    /// Step 4: moves to the terminal what it takes now.
    ///
    /// # Errors
    /// The terminal is gone; what was in the pipe stays there.
    pub fn move_on(&mut self, master: BorrowedFd<'_>) -> io::Result<Moved> {
        while self.fill > 0 {
            match platform::splice(self.read.as_fd(), master, self.fill) {
                Ok(0) => return Ok(Moved::Some),
                Ok(moved) => self.fill = self.fill.saturating_sub(moved),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Moved::Some),
                Err(error) => return Err(error),
            }
        }
        Ok(Moved::All)
    }

    /// Bytes in the pipe: what the terminal has not taken.
    #[must_use]
    pub fn fill(&self) -> usize {
        self.fill
    }

    /// Takes back what the terminal has not taken: it is written by nobody any more. Its numbers stay applied. A kill in the middle leaves what was not yet
    /// taken out, whole.
    ///
    /// # Errors
    /// What the system says of the pipe; what is left in it stays.
    pub fn take_back(&mut self) -> io::Result<Vec<u8>> {
        let mut back = Vec::new();
        let mut buffer = [0; PIECE];
        while self.fill > 0 {
            let want = self.fill.min(buffer.len());
            let read = match rustix::io::retry_on_intr(|| rustix::io::read(&self.read, &mut buffer[..want])) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => break,
                Ok(read) => read,
                Err(error) => return Err(error.into()),
            };
            self.fill = self.fill.saturating_sub(read);
            back.extend_from_slice(&buffer[..read]);
        }
        Ok(back)
    }

    /// Up to which number everything is applied, of each source; the one heard last at the end.
    #[must_use]
    pub fn inputs(&self) -> Vec<(u64, u64)> {
        let mut entries: Vec<Entry> = (0..INPUT_SOURCES_MAX).filter_map(|index| self.entry(index)).collect();
        entries.sort_by_key(|entry| entry.stamp);
        // A number of which a part is missing is not applied; all before it are, since numbers come in order.
        entries.iter().map(|entry| (entry.source, entry.seq.saturating_sub(u64::from(entry.done != WHOLE)))).collect()
    }

    /// Both ends, for a new keeper: the one that is read, the one that is written.
    #[must_use]
    pub fn ends(&self) -> [BorrowedFd<'_>; 2] {
        [self.read.as_fd(), self.write.as_fd()]
    }

    fn find(&self, source: u64) -> Option<Entry> {
        (0..INPUT_SOURCES_MAX).filter_map(|index| self.entry(index)).find(|entry| entry.source == source)
    }

    /// An entry of the table, if it is used: its last word is never 0 then.
    fn entry(&self, index: usize) -> Option<Entry> {
        let at = AT_SOURCES + index * SOURCE_STRIDE;
        let last = self.map.word(at + 16).load(Acquire);
        let (stamp, done) = ((last >> 32) as u32, last as u32);
        (last != 0).then(|| Entry { source: self.map.word(at).load(Acquire), seq: self.map.word(at + 8).load(Acquire), stamp, done })
    }

    /// Every store of the steps goes through here, in order.
    fn store(&self, at: usize, value: u64) {
        #[cfg(test)]
        tests::trip();
        self.map.word(at).store(value, Release);
    }
}

/// What the table knows of a source.
#[derive(Debug, Clone, Copy)]
struct Entry {
    source: u64,
    seq: u64,
    stamp: u32,
    done: u32,
}

/// The header page of a pane's memory, mapped: nothing here looks further.
fn header(memory: BorrowedFd<'_>) -> Result<Map, OpenError> {
    if !platform::is_sealed(memory)? {
        return Err(OpenError::Unsealed);
    }
    if platform::object_len(memory)? < PAGE {
        return Err(OpenError::Header("length"));
    }
    Ok(Map::new(memory, PAGE as usize)?)
}

/// Whether this kernel moves bytes from a pipe to a terminal: tried once, on a pipe and a terminal of its own.
#[must_use]
pub fn input_pipe_works() -> bool {
    static WORKS: OnceLock<bool> = OnceLock::new();
    *WORKS.get_or_init(|| self_test().unwrap_or(false))
}

fn self_test() -> io::Result<bool> {
    let (master, slave) = platform::raw_pty_pair()?;
    platform::set_packet_mode(master.as_fd(), true)?;
    let (read, write) = platform::input_pipe()?;
    let mut seen = [0; 8];
    let moved = rustix::io::write(&write, b"typed")?;
    let through = platform::splice(read.as_fd(), master.as_fd(), 64)?;
    let there = platform::wait_readable(slave.as_fd(), Some(std::time::Duration::from_secs(1)))?;
    Ok(there && moved == through && rustix::io::read(&slave, &mut seen)? == moved && seen.starts_with(b"typed"))
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
