//! One pane: its descriptors, how it ended, and the input that waits for it.
//!
//! Where terminals can be spliced to the server types by itself, and what follows is idle: the keeper only holds the pane's input pipe.
//!
//! **Exactly once.** Each input has a source and a number that grows within it. What is not above the last number applied is dropped and acknowledged
//! again: it is a resend after a crash. What comes while the queue is full is refused, and from then on everything of that source until the refused
//! number comes again: otherwise a later number that finds room would make the earlier one look like a resend.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use crate::ids::PaneId;
use crate::platform::ProcessWatch;
use crate::protocol::keeper::{Exit, INPUT_QUEUE_MAX, INPUT_SOURCES_MAX, LAZY_INPUTS_MAX, PaneRecord};
use crate::ring::PaneMemory;

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Applied, queued, or known from before: acknowledge.
    Yes,
    /// The queue is full.
    Full,
    /// The terminal is gone.
    Gone,
}

/// The last number of one source.
#[derive(Debug)]
struct Source {
    id: u64,
    last: u64,
    /// The number that must come next, after a refusal.
    owed: Option<u64>,
    /// Lazy inputs applied and not acknowledged yet.
    unsaid: u32,
}

/// The keeper's own view of the output, where it reads the masters.
#[derive(Debug)]
pub(super) struct Reader {
    pub memory: PaneMemory,
    /// The server was told of output and has not answered.
    pub told: bool,
    /// All was read.
    pub ended: bool,
}

#[derive(Debug)]
pub(super) struct Pane {
    pub pid: u32,
    pub start_time: u64,
    pub master: OwnedFd,
    pub memory: OwnedFd,
    /// Both ends of the pipe for what the server types, read end first: held, never touched.
    pub pipe: Option<[OwnedFd; 2]>,
    pub exit: Option<Exit>,
    /// For programs of a keeper that died; our own are reaped.
    pub watch: Option<ProcessWatch>,
    pub quarantine: Option<u64>,
    /// When a server last died on this pane's output.
    pub poisoned: Option<Instant>,
    pub reader: Option<Box<Reader>>,
    /// Somebody was refused and waits for `Drained`.
    pub owes_drained: bool,
    sources: Vec<Source>,
    queue: VecDeque<u8>,
}

impl Pane {
    pub(super) fn new(pid: u32, start_time: u64, master: OwnedFd, memory: OwnedFd) -> Self {
        Self {
            pid,
            start_time,
            master,
            memory,
            pipe: None,
            exit: None,
            watch: None,
            quarantine: None,
            poisoned: None,
            reader: None,
            owes_drained: false,
            sources: Vec::new(),
            queue: VecDeque::new(),
        }
    }

    /// A pane from a keeper that died.
    pub(super) fn adopted(record: &PaneRecord, master: OwnedFd, memory: OwnedFd, watch: Option<ProcessWatch>) -> Self {
        let mut pane = Self::new(record.pid, record.start_time, master, memory);
        (pane.exit, pane.quarantine, pane.watch) = (record.exit, record.quarantine, watch);
        pane.sources =
            record.inputs.iter().take(INPUT_SOURCES_MAX).map(|(id, last)| Source { id: *id, last: *last, owed: None, unsaid: 0 }).collect();
        pane
    }

    pub(super) fn record(&self, pane: PaneId) -> PaneRecord {
        PaneRecord {
            pane,
            pid: self.pid,
            start_time: self.start_time,
            exit: self.exit,
            quarantine: self.quarantine,
            inputs: self.sources.iter().map(|source| (source.id, source.last)).collect(),
        }
    }

    /// Applies one input, or says why not.
    pub(super) fn input(&mut self, id: u64, seq: u64, bytes: &[u8]) -> Accepted {
        let place = self.sources.iter().position(|source| source.id == id);
        let known = place.and_then(|place| self.sources.get(place));
        let (last, owed, unsaid) = known.map_or((0, None, 0), |source| (source.last, source.owed, source.unsaid));
        if place.is_some() && seq <= last {
            return Accepted::Yes;
        }
        if owed.is_some_and(|owed| seq > owed) || self.queue.len() + bytes.len() > INPUT_QUEUE_MAX {
            self.owes_drained = true;
            self.remember(place, Source { id, last, owed: Some(owed.unwrap_or(seq).min(seq)), unsaid });
            return Accepted::Full;
        }
        self.remember(place, Source { id, last: seq, owed: None, unsaid });
        self.queue.extend(bytes);
        match self.flush() {
            Ok(()) => Accepted::Yes,
            Err(_) => Accepted::Gone,
        }
    }

    /// Whether the acknowledgement of a lazy input may wait for a later one.
    pub(super) fn may_wait_with_inack(&mut self, id: u64) -> bool {
        let Some(source) = self.sources.iter_mut().find(|source| source.id == id) else { return false };
        source.unsaid = (source.unsaid + 1) % LAZY_INPUTS_MAX;
        source.unsaid != 0
    }

    /// Keeps `source` as the one heard last.
    fn remember(&mut self, place: Option<usize>, source: Source) {
        match place {
            Some(place) => {
                self.sources.remove(place);
            }
            None if self.sources.len() >= INPUT_SOURCES_MAX => {
                self.sources.remove(0);
            }
            None => {}
        }
        self.sources.push(source);
    }

    /// A new server resends in order: what the old one owed is its own affair.
    pub(super) fn forgive(&mut self) {
        self.owes_drained = false;
        for source in &mut self.sources {
            source.owed = None;
        }
    }

    /// Whether input waits for the program to read.
    pub(super) fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether refused input may come again: said once.
    pub(super) fn has_drained(&mut self) -> bool {
        let drained = self.owes_drained && self.queue.len() < INPUT_QUEUE_MAX / 2;
        if drained {
            self.owes_drained = false;
        }
        drained
    }

    /// Types what the terminal takes now. An error drops what waits: the terminal is gone.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        loop {
            let (front, _) = self.queue.as_slices();
            if front.is_empty() {
                // An idle pane owns no buffer.
                self.queue = VecDeque::new();
                return Ok(());
            }
            match rustix::io::write(self.master.as_fd(), front) {
                Ok(0) | Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Ok(written) => drop(self.queue.drain(..written)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    self.queue = VecDeque::new();
                    return Err(error.into());
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
