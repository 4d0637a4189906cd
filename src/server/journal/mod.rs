//! The journal on disk: lines of JSON that are only ever appended to.
//!
//! ```text
//!   STATE/journal/NAME/journal.jsonl     the newest; full, it becomes journal.1.jsonl, that journal.2.jsonl, … and the oldest is deleted
//!   {"prev":"<32 digits>","by":"claude@%7","seq":17,"pane":"%3","ts":…,"event":"control.taken",…}
//! ```
//!
//! **Numbers.** `seq` has no gaps and goes on after a restart: the end of the newest file is read back, a bounded piece of it. Each line carries the digest of
//! the line before it (`prev`, also over the border of two files), so that what is changed, left out or put in later is seen ([`read::verify`]).
//!
//! **One writer at a time.** Two servers overlap during an upgrade. Each append takes the lock of the folder and looks whether the file is as it left it; if
//! not, it reads the end again. A line is one `write`; what is left of a line whose writer was killed is cut off before the next one: it was never
//! acknowledged. Nothing is flushed to the disk: a line survives every process, not the loss of power.
//!
//! **Full.** A line that cannot be written ([`Journal::note`]) waits in memory. What a non-human asked for is then not done, and its line taken back
//! ([`Journal::take_back`]). What happened anyway stays there, [`WAITING_MAX`] lines at most, the oldest are dropped and counted, and is written as soon as there is room again: each
//! append, note and [`Journal::is_ready`] tries.

pub(super) mod read;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use sha2::{Digest as _, Sha256};

use crate::ids::PaneId;
use crate::operator::journal::{Entry, Record};
use crate::platform;

/// Longest line, in bytes: a proposal of the largest size as hexadecimal digits, and the rest.
const LINE_MAX: usize = 256 * 1024;
/// How much of a file's end is read to go on behind it, in bytes.
const TAIL_MAX: u64 = 2 * LINE_MAX as u64;
/// Lines that wait for the disk.
const WAITING_MAX: usize = 256;
/// How often a lock that somebody else has is tried again; each holds it for microseconds.
const LOCK_TRIES: usize = 2000;
/// Digits of `prev`.
const DIGEST_DIGITS: usize = 32;
/// The newest file.
const NEWEST: &str = "journal.jsonl";

/// How large the journal may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Of one file, in bytes.
    pub(super) file_bytes: u64,
    /// Files beside the newest.
    pub(super) old_files: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 8 << 20, old_files: 7 }
    }
}

/// The line was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written: {reason}")]
pub(super) struct JournalUnavailable {
    /// What the system said.
    pub(super) reason: String,
}

/// The newest file, open, as we left it.
#[derive(Debug)]
struct Open {
    file: File,
    inode: u64,
    len: u64,
}

/// The journal of this server.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    limits: Limits,
    handle: Option<OwnedFd>,
    open: Option<Open>,
    /// The number of the next line.
    next: u64,
    /// The digest of the last line.
    prev: String,
    waiting: VecDeque<(Option<PaneId>, Option<String>, Entry)>,
    dropped: u64,
    failure: Option<String>,
    /// Test seam: the disk has room for so many more bytes.
    #[cfg(test)]
    room: Option<usize>,
}

/// What a line's successor says of it.
fn digest(line: &[u8]) -> String {
    let mut text: String = Sha256::digest(line).iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(DIGEST_DIGITS);
    text
}

/// `prev` of the first line of all.
fn first_prev() -> String {
    "0".repeat(DIGEST_DIGITS)
}

/// The file that is `age` files older than the newest.
fn file_name(age: u32) -> String {
    if age == 0 { NEWEST.to_owned() } else { format!("journal.{age}.jsonl") }
}

/// The number of a line, if it is one.
fn seq_of(line: &[u8]) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        seq: u64,
    }
    serde_json::from_slice::<Numbered>(line).ok().map(|numbered| numbered.seq)
}

impl Journal {
    /// The journal in `folder`, which is made when the first line is written; nothing fails yet.
    pub(super) fn new(folder: PathBuf, limits: Limits) -> Self {
        Self {
            folder,
            limits,
            handle: None,
            open: None,
            next: 1,
            prev: first_prev(),
            waiting: VecDeque::new(),
            dropped: 0,
            failure: None,
            #[cfg(test)]
            room: None,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Why it cannot be written, if so.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// How many lines were lost for ever.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether lines can be written, as far as is known; after a failure it is tried.
    pub(super) fn is_ready(&mut self) -> bool {
        if self.failure.is_none() {
            return true;
        }
        // A full disk lets files be opened: what waits to be written, if anything does, is the better proof.
        let tried = if self.waiting.is_empty() { self.locked(Self::take_up) } else { self.flush() };
        tried.is_ok()
    }

    /// Appends a line now, or nothing at all.
    ///
    /// # Errors
    /// [`JournalUnavailable`]; what the line says must then not be done, if a non-human asked for it.
    #[cfg(test)]
    pub(super) fn append(&mut self, pane: Option<PaneId>, by: Option<&str>, entry: Entry) -> Result<u64, JournalUnavailable> {
        self.flush()?;
        self.write(pane, by, &entry)
    }

    /// Takes back the last line that waits: what it says was not done after all, since it could not be written.
    pub(super) fn take_back(&mut self) {
        self.waiting.pop_back();
    }

    /// Appends a line for what has happened, whether it can be written or not.
    pub(super) fn note(&mut self, pane: Option<PaneId>, by: Option<&str>, entry: Entry) {
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back((pane, by.map(str::to_owned), entry));
        let _ = self.flush();
    }

    /// Writes what waits.
    fn flush(&mut self) -> Result<(), JournalUnavailable> {
        while let Some((pane, by, entry)) = self.waiting.pop_front() {
            if let Err(error) = self.write(pane, by.as_deref(), &entry) {
                self.waiting.push_front((pane, by, entry));
                return Err(error);
            }
        }
        Ok(())
    }

    fn write(&mut self, pane: Option<PaneId>, by: Option<&str>, entry: &Entry) -> Result<u64, JournalUnavailable> {
        self.locked(|journal| {
            journal.take_up()?;
            let seq = journal.next;
            let line = journal.line(seq, pane, by, entry)?;
            journal.make_room(line.len() as u64)?;
            journal.write_line(&line)?;
            journal.prev = digest(line.strip_suffix(b"\n").unwrap_or(&line));
            journal.next = seq + 1;
            Ok(seq)
        })
    }

    fn line(&self, seq: u64, pane: Option<PaneId>, by: Option<&str>, entry: &Entry) -> io::Result<Vec<u8>> {
        let record = Record { seq, pane, entry: entry.clone() };
        let text = record.to_line().map_err(io::Error::other)?;
        let inner = text.strip_prefix('{').ok_or(io::ErrorKind::InvalidData)?;
        let by = by.map(serde_json::to_string).transpose().map_err(io::Error::other)?;
        let by = by.map(|by| format!("\"by\":{by},")).unwrap_or_default();
        let line = format!("{{\"prev\":\"{}\",{by}{inner}\n", self.prev);
        if line.len() > LINE_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the line is too long"));
        }
        Ok(line.into_bytes())
    }

    /// Does `work` under the folder's lock, and remembers how it went.
    fn locked<T>(&mut self, work: impl FnOnce(&mut Self) -> io::Result<T>) -> Result<T, JournalUnavailable> {
        let done = self.lock().and_then(|()| {
            let done = work(self);
            if let Some(handle) = &self.handle {
                let _ = rustix::fs::flock(handle, FlockOperation::Unlock);
            }
            done
        });
        match done {
            Ok(done) => {
                self.failure = None;
                Ok(done)
            }
            Err(error) => {
                // Whatever it was, the next try begins anew.
                (self.open, self.handle) = (None, None);
                let reason = format!("{}: {error}", self.folder.display());
                self.failure = Some(reason.clone());
                Err(JournalUnavailable { reason })
            }
        }
    }

    fn lock(&mut self) -> io::Result<()> {
        let handle = match self.handle.take() {
            Some(handle) => handle,
            None => {
                if let Some(parent) = self.folder.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                platform::runtime_dir(&self.folder).map_err(io::Error::other)?
            }
        };
        let handle = self.handle.insert(handle);
        for _ in 0..LOCK_TRIES {
            match rustix::fs::flock(&*handle, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => std::thread::yield_now(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::new(io::ErrorKind::WouldBlock, "somebody else keeps it locked"))
    }

    /// Makes sure that the newest file is open and as we left it; else goes on behind what is there now.
    fn take_up(&mut self) -> io::Result<()> {
        let handle = self.handle.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let there = match rustix::fs::statat(handle, NEWEST, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some((stat.st_ino, u64::try_from(stat.st_size).unwrap_or(0))),
            Err(rustix::io::Errno::NOENT) => None,
            Err(error) => return Err(error.into()),
        };
        if let (Some(open), Some((inode, len))) = (&self.open, there)
            && open.inode == inode
            && open.len == len
        {
            return Ok(());
        }
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(handle, NEWEST, flags, Mode::RUSR | Mode::WUSR)?);
        let stat = rustix::fs::fstat(&file)?;
        if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::RegularFile
            || stat.st_uid != rustix::process::geteuid().as_raw()
        {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{NEWEST} is not a file of ours")));
        }
        if stat.st_mode & 0o077 != 0 {
            rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
        }
        let mut len = u64::try_from(stat.st_size).unwrap_or(0);
        let tail = read::tail(&file, len, TAIL_MAX)?;
        if tail.whole < len {
            tracing::warn!(bytes = len - tail.whole, "the journal ended in the middle of a line, which is cut off");
            rustix::fs::ftruncate(&file, tail.whole)?;
            len = tail.whole;
        }
        let mut last = tail.last;
        if last.is_none() {
            // A file that was just begun: the end of the one before it.
            let before = rustix::fs::openat(handle, file_name(1), OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
            if let Ok(before) = before.map(File::from) {
                last = read::tail(&before, before.metadata()?.len(), TAIL_MAX)?.last;
            }
        }
        if let Some((seq, line)) = last
            && seq + 1 >= self.next
        {
            (self.next, self.prev) = (seq + 1, digest(&line));
        }
        self.open = Some(Open { inode: stat.st_ino, file, len });
        Ok(())
    }

    /// Begins another file if a line of `len` bytes would make this one too long.
    fn make_room(&mut self, len: u64) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        if open.len == 0 || open.len + len <= self.limits.file_bytes {
            return Ok(());
        }
        let handle = self.handle.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        // What is too old goes; also what a larger setting left behind.
        let mut age = self.limits.old_files;
        while rustix::fs::unlinkat(handle, file_name(age.max(1)), AtFlags::empty()).is_ok() && age < 10_000 {
            age += 1;
        }
        let moved = (0..self.limits.old_files.max(1)).rev().try_for_each(|age| {
            match rustix::fs::renameat(handle, file_name(age), handle, file_name(age + 1)) {
                Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
                Err(error) => Err(error),
            }
        });
        if self.limits.old_files == 0 {
            let _ = rustix::fs::unlinkat(handle, file_name(1), AtFlags::empty());
        }
        if let Err(error) = moved {
            // Better too long than not at all.
            tracing::warn!(error = %io::Error::from(error), "the journal's files cannot be moved on");
            return Ok(());
        }
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(handle, NEWEST, flags, Mode::RUSR | Mode::WUSR)?);
        self.open = Some(Open { inode: rustix::fs::fstat(&file)?.st_ino, file, len: 0 });
        Ok(())
    }

    /// Writes a line whole, or leaves the file as it was.
    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        let line = match &mut self.room {
            Some(room) if line.len() > *room => {
                // As a full disk does: some of it, then nothing.
                let some = line.get(..*room).unwrap_or_default();
                let open = self.open.as_mut().ok_or(io::ErrorKind::NotConnected)?;
                open.file.write_all(some)?;
                rustix::fs::ftruncate(&open.file, open.len)?;
                return Err(io::ErrorKind::StorageFull.into());
            }
            Some(room) => {
                *room -= line.len();
                line
            }
            None => line,
        };
        let open = self.open.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        if let Err(error) = open.file.write_all(line) {
            // Should this fail too, whoever appends next finds half a line and cuts it off.
            let _ = rustix::fs::ftruncate(&open.file, open.len);
            return Err(error);
        }
        open.len += line.len() as u64;
        Ok(())
    }

    /// The end of the journal, by which a missing last line is known: the number of the next line, and the digest of the last.
    pub(super) fn end(&self) -> (u64, String) {
        (self.next, self.prev.clone())
    }
}

#[cfg(test)]
mod tests;
