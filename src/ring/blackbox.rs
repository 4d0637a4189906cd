//! The server's last words: which pane's bytes each worker was about to parse.
//!
//! A parser that dies on a pane's output would kill every successor on replay. Before a slice is parsed the worker notes the pane and the offset here,
//! in memory that the keeper holds under the name `blackbox`; after a crash the keeper reads it, and the second death on the same pane within a minute
//! puts that pane into quarantine. Four plain stores a slice.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::{Acquire, Release};

use super::OpenError;
use super::map::Map;
use crate::ids::PaneId;
use crate::platform;

/// Workers that can leave a note.
pub const SLOTS: usize = 64;
const STRIDE: usize = 32;
const LEN: usize = 4096;
const MARKED: u64 = u64::from_le_bytes(*b"parsing!");

/// What a worker was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The worker, 0..64.
    pub slot: usize,
    /// Whose output.
    pub pane: PaneId,
    /// From which offset.
    pub offset: u64,
}

/// One page of notes, mapped. Shared by all workers of a server.
#[derive(Debug)]
pub struct Blackbox {
    map: Map,
}

impl Blackbox {
    /// An empty one, and the descriptor to `Put` under [`crate::protocol::keeper::name::BLACKBOX`].
    ///
    /// # Errors
    /// What the system says.
    pub fn create() -> io::Result<(Self, OwnedFd)> {
        let object = platform::memory_object(LEN as u64)?;
        Ok((Self { map: Map::new(object.as_fd(), LEN)? }, object))
    }

    /// Opens an existing one.
    ///
    /// # Errors
    /// [`OpenError`] when it is not a sealed page.
    pub fn open(object: &OwnedFd) -> Result<Self, OpenError> {
        if !platform::is_sealed(object.as_fd())? {
            return Err(OpenError::Unsealed);
        }
        if platform::object_len(object.as_fd())? != LEN as u64 {
            return Err(OpenError::Header("length"));
        }
        Ok(Self { map: Map::new(object.as_fd(), LEN)? })
    }

    /// Notes that worker `slot` is about to parse `pane` from `offset`. A slot from 64 on has no place and is not noted.
    pub fn mark(&self, slot: usize, pane: PaneId, offset: u64) {
        if slot < SLOTS {
            let at = slot * STRIDE;
            self.map.word(at).store(0, Release);
            self.map.word(at + 8).store(pane.0, Release);
            self.map.word(at + 16).store(offset, Release);
            self.map.word(at).store(MARKED, Release);
        }
    }

    /// Notes that worker `slot` survived.
    pub fn clear(&self, slot: usize) {
        if slot < SLOTS {
            self.map.word(slot * STRIDE).store(0, Release);
        }
    }

    /// The notes that stand.
    #[must_use]
    pub fn read(&self) -> Vec<Mark> {
        (0..SLOTS)
            .filter(|slot| self.map.word(slot * STRIDE).load(Acquire) == MARKED)
            .map(|slot| Mark {
                slot,
                pane: PaneId(self.map.word(slot * STRIDE + 8).load(Acquire)),
                offset: self.map.word(slot * STRIDE + 16).load(Acquire),
            })
            .collect()
    }

    /// The notes in an object that is not mapped: what the keeper does after a crash. Wipes them, so that each death is counted once. Garbage is
    /// nothing.
    #[must_use]
    pub fn read_and_wipe(object: BorrowedFd<'_>) -> Vec<Mark> {
        let mut page = [0; SLOTS * STRIDE];
        if platform::read_at(object, &mut page, 0).is_err() {
            return Vec::new();
        }
        let _ = platform::write_at(object, &[0; SLOTS * STRIDE], 0);
        let word = |at: usize| page.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
        (0..SLOTS)
            .filter(|slot| word(slot * STRIDE) == MARKED)
            .map(|slot| Mark { slot, pane: PaneId(word(slot * STRIDE + 8)), offset: word(slot * STRIDE + 16) })
            .collect()
    }
}
