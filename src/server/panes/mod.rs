//! Panes at work: threads that read what programs print, keep their screens and histories, and send clients what changed.
//!
//! ```text
//!   PTY master ──take──► ring (shared memory) ──feed──► engine ──┬─ rows that scrolled off ─► history (shared memory)
//!                                                               ├─ title, bell, replies ... ─► Notices ─► owner
//!                                                               └─ diff since the viewer's version ─► Outbox ─► client
//! ```
//!
//! A pane belongs to one worker thread whole: engine, memory, history, viewers; nothing of it is locked or shared. There are at most as many workers
//! as are asked for, whatever the number of panes; a pane is given to the worker with the fewest. A worker sleeps until a master is readable or the
//! owner has a job; with nothing to do there is no timer.
//!
//! **A turn.** A readable pane gets a slice: chunks are taken and fed until nothing is there, or 64 KiB, or a millisecond. Panes that just became
//! readable go before those that had more than a slice, and one of these has a turn in each round, so neither a flood delays a key nor do many small
//! panes stop a flood. What a slice caused beyond the screen is settled once at its end: rows to history, history committed with the offset in the
//! stream, notices posted.
//!
//! **Frames.** A viewer has at most one frame that it has not acknowledged, so a client that stops costs nothing: nothing is diffed for it. The first
//! change after a quiet while is sent at once, under load frames are at least 8 ms apart, and for 50 ms after a key went to the pane they are not
//! held back at all. Viewers with the same version get the same bytes, encoded once.
//!
//! **After a crash** the memory is the pane: history is what was committed, and the ring is replayed from its oldest byte in slices, with the sizes
//! the terminal had, beside the turns of all others. Rows that the history has are not appended again; what was said to people before (bells,
//! clipboard, notifications) is not said again. A pane whose output killed two servers is *quarantined*: its past is skipped and it is shown raw.
//!
//! Rooms: [`notices`] worker to owner, `inbox` owner to worker, `worker` the loop, `pane` one pane, `replay` its recovery, `frames` its viewers,
//! `allowance` how many queries are answered, `raw` the engine of last resort, [`view`] what a question sees.

pub mod notices;
pub mod view;

mod allowance;
mod frames;
mod inbox;
mod meta;
mod pane;
mod quiet;
mod raw;
mod replay;
mod store;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

pub use meta::PaneMeta;
pub use notices::{LastScreen, Notices, PaneNotices};
pub use store::Store;
pub use view::PaneView;

use self::inbox::{Clock, Inbox, Job, PaneSignals, ViewerSignals};
use self::worker::Worker;
use crate::geometry::Size;
use crate::ids::{AttachmentId, PaneId};
use crate::ring::{Blackbox, PaneMemory};
use crate::server::outbox::Outbox;
use crate::terminal::Engine;
use crate::terminal::vt100::{Look, Vt100};

/// How much history a pane keeps. In bytes it is bounded by its memory ([`crate::ring::Config::history_bytes`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Lines to keep at least, memory permitting; at least 1.
    pub lines: u64,
}

/// A pane for a worker.
#[derive(Debug)]
pub struct PaneSetup {
    /// Which pane.
    pub pane: PaneId,
    /// Which start of its program.
    pub incarnation: u32,
    /// Its memory, opened and not yet recovered.
    pub memory: PaneMemory,
    /// Its PTY's master, in packet mode and not blocking; nobody else reads it.
    pub master: OwnedFd,
    /// The size it is to have; a recovered pane has that of its memory until its past is replayed.
    pub size: Size,
    /// It was just spawned: nothing is to be recovered.
    pub fresh: bool,
    /// Its output killed servers: skip what there is and show it raw.
    pub quarantined: bool,
    /// Limits of its history.
    pub history: HistoryLimits,
    /// What programs are told when they ask for colours.
    pub look: Look,
}

/// Makes the engine of a pane.
type MakeEngine = fn(Size, Look) -> Box<dyn Engine>;

/// The owner's handle of all workers. Dropping it ends their threads; the panes' memories stay as they are.
pub struct Workers {
    notices: Arc<Notices>,
    blackbox: Option<Arc<Blackbox>>,
    max: usize,
    clock: Clock,
    make_engine: MakeEngine,
    threads: Vec<Thread>,
    panes: BTreeMap<PaneId, Handle>,
}

struct Thread {
    inbox: Arc<Inbox>,
    join: Option<JoinHandle<()>>,
    panes: usize,
}

/// What the owner keeps of a pane.
struct Handle {
    thread: usize,
    incarnation: u32,
    inbox: Arc<Inbox>,
    signals: Arc<PaneSignals>,
    viewers: Mutex<BTreeMap<AttachmentId, Arc<ViewerSignals>>>,
}

impl Workers {
    /// No workers yet; there will be at most `max` (made at least 1), the first with the first pane. `blackbox` is where they note what they parse.
    #[must_use]
    pub fn new(notices: Arc<Notices>, blackbox: Option<Blackbox>, max: usize) -> Self {
        Self::with_engine(notices, blackbox, max, |size, look| Box::new(Vt100::new(size, look)))
    }

    fn with_engine(notices: Arc<Notices>, blackbox: Option<Blackbox>, max: usize, make_engine: MakeEngine) -> Self {
        Self {
            notices,
            blackbox: blackbox.map(Arc::new),
            max: max.max(1),
            clock: Clock::new(),
            make_engine,
            threads: Vec::new(),
            panes: BTreeMap::new(),
        }
    }

    /// Takes a pane up; a pane of the same id (an earlier incarnation) is removed first. Recovered panes are replayed in the order in which they are added, each beside the
    /// others; `ready` is noticed when a pane shows its present.
    ///
    /// # Errors
    /// Threads or descriptors are exhausted; the pane is not taken up.
    pub fn add(&mut self, setup: PaneSetup) -> io::Result<()> {
        let (pane, incarnation) = (setup.pane, setup.incarnation);
        self.remove(pane);
        let index = self.pick_thread()?;
        let Some(thread) = self.threads.get_mut(index) else { return Err(io::ErrorKind::NotFound.into()) };
        thread.panes += 1;
        let (inbox, signals) = (thread.inbox.clone(), Arc::new(PaneSignals::default()));
        inbox.push(Job::Add(Box::new(setup), signals.clone()));
        self.panes.insert(pane, Handle { thread: index, incarnation, inbox, signals, viewers: Mutex::default() });
        Ok(())
    }

    /// Lets go of a pane: its master and memory are closed, its notices forgotten.
    pub fn remove(&mut self, pane: PaneId) {
        if let Some(handle) = self.panes.remove(&pane) {
            handle.inbox.push(Job::Remove(pane));
            if let Some(thread) = self.threads.get_mut(handle.thread) {
                thread.panes -= 1;
            }
            self.notices.forget(pane, handle.incarnation);
        }
    }

    /// Changes a pane's size: recorded in its memory, then the engine's, then the terminal's. Of several before the worker's next turn only the
    /// newest is applied.
    pub fn resize(&self, pane: PaneId, size: Size) {
        if let Some(handle) = self.panes.get(&pane)
            && handle.signals.want_size(size)
        {
            handle.inbox.push(Job::Resize(pane));
        }
    }

    /// Sends `viewer` the pane's screen through `outbox` and keeps it up to date. For one who watches already, everything is sent anew.
    pub fn watch(&self, pane: PaneId, viewer: AttachmentId, outbox: Arc<Outbox>) {
        if let Some(handle) = self.panes.get(&pane) {
            let signals = Arc::new(ViewerSignals::default());
            handle.viewers().insert(viewer, signals.clone());
            handle.inbox.push(Job::Watch(pane, viewer, outbox, signals));
        }
    }

    /// Ends [`Workers::watch`].
    pub fn unwatch(&self, pane: PaneId, viewer: AttachmentId) {
        if let Some(handle) = self.panes.get(&pane)
            && handle.viewers().remove(&viewer).is_some()
        {
            handle.inbox.push(Job::Unwatch(pane, viewer));
        }
    }

    /// `viewer` has drawn `version` and is ready for the next frame; 0: it lost what it had and gets everything. Wakes nobody when there is nothing
    /// newer.
    pub fn ack(&self, pane: PaneId, viewer: AttachmentId, version: u64) {
        let Some(handle) = self.panes.get(&pane) else { return };
        let Some(signals) = handle.viewers().get(&viewer).cloned() else { return };
        if version == 0 {
            handle.inbox.push(Job::Resync(pane, viewer));
        } else if signals.ack(version) {
            handle.inbox.push(Job::Ready(pane));
        }
    }

    /// Input goes to the pane now: its frames of the next 50 ms are not held back.
    pub fn typed(&self, pane: PaneId, bytes: &[u8]) {
        if let Some(handle) = self.panes.get(&pane) {
            let letters = if bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) { bytes.len() } else { 0 };
            handle.signals.typed(self.clock.ms(Instant::now()), u32::try_from(letters).unwrap_or(0));
        }
    }

    /// Lets the pane's worker run `question` between two slices (after the replay, for a pane that is not ready). False if there is no such pane.
    /// A question that panics ends alone. It is dropped unasked if the pane is removed before.
    pub fn ask(&self, pane: PaneId, question: impl FnOnce(&mut PaneView<'_>) + Send + 'static) -> bool {
        let Some(handle) = self.panes.get(&pane) else { return false };
        handle.inbox.push(Job::Ask(pane, Box::new(question)));
        true
    }

    /// The pane's program was reaped: what it left is read, then `ended` is noticed. The pane can still be watched and asked.
    pub fn exited(&self, pane: PaneId) {
        if let Some(handle) = self.panes.get(&pane) {
            handle.inbox.push(Job::Exited(pane));
        }
    }

    /// The thread for one more pane: a new one as long as there may be one and all have a pane, else the one with the fewest.
    fn pick_thread(&mut self) -> io::Result<usize> {
        let least = self.threads.iter().enumerate().min_by_key(|(_, thread)| thread.panes).map(|(index, thread)| (index, thread.panes));
        match least {
            Some((index, 0)) => Ok(index),
            Some((index, _)) if self.threads.len() >= self.max => Ok(index),
            _ => match self.start_thread() {
                Ok(()) => Ok(self.threads.len() - 1),
                // One more thread would be nice; what there is will do.
                Err(error) => match least {
                    Some((index, _)) => {
                        tracing::warn!(%error, "no further pane worker");
                        Ok(index)
                    }
                    None => Err(error),
                },
            },
        }
    }

    fn start_thread(&mut self) -> io::Result<()> {
        let slot = self.threads.len();
        let worker = Worker::new(slot, self.clock, self.notices.clone(), self.blackbox.clone(), self.make_engine)?;
        let inbox = worker.inbox();
        let join = std::thread::Builder::new().name(format!("panes-{slot}")).spawn(move || worker.run())?;
        self.threads.push(Thread { inbox, join: Some(join), panes: 0 });
        Ok(())
    }
}

impl Handle {
    fn viewers(&self) -> std::sync::MutexGuard<'_, BTreeMap<AttachmentId, Arc<ViewerSignals>>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for thread in &self.threads {
            thread.inbox.push(Job::Stop);
        }
        for thread in &mut self.threads {
            if let Some(join) = thread.join.take()
                && join.join().is_err()
            {
                tracing::error!("a pane worker had panicked");
            }
        }
    }
}
