//! The owner's way to a worker: a box of jobs with a waker, and the few words that need no job at all.
//!
//! Jobs come from acts of people and of the owner (a pane is added, watched, resized), so the box is bounded by what is under way, and the whole of
//! it is taken at once. What happens with every key and every frame has no job: a key leaves its time in [`PaneSignals`], an acknowledgement its
//! version in [`ViewerSignals`], and the worker is woken only when it said that it waits for it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::PaneSetup;
use super::view::PaneView;
use crate::geometry::Size;
use crate::ids::{AttachmentId, PaneId};
use crate::server::outbox::Outbox;

/// How long after a letter was typed its echo comes.
const ECHO: Duration = Duration::from_millis(20);

/// A question to a pane, answered between two slices.
pub(super) type Question = Box<dyn FnOnce(&mut PaneView<'_>) + Send>;

/// What a worker is asked to do.
pub(super) enum Job {
    Add(Box<PaneSetup>, Arc<PaneSignals>),
    Remove(PaneId),
    /// A size is pending in the pane's signals.
    Resize(PaneId),
    Watch(PaneId, AttachmentId, Arc<Outbox>, Arc<ViewerSignals>),
    Unwatch(PaneId, AttachmentId),
    /// A viewer that was behind is ready for a frame.
    Ready(PaneId),
    /// A viewer has lost what it had.
    Resync(PaneId, AttachmentId),
    Ask(PaneId, Question),
    Exited(PaneId),
    Stop,
}

/// A worker's jobs.
pub(super) struct Inbox {
    jobs: Mutex<VecDeque<Job>>,
    waker: mio::Waker,
}

impl Inbox {
    pub(super) fn new(waker: mio::Waker) -> Self {
        Self { jobs: Mutex::default(), waker }
    }

    /// Adds a job; wakes the worker unless it was woken for an earlier one that it has not taken yet.
    pub(super) fn push(&self, job: Job) {
        let first = {
            let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            jobs.push_back(job);
            jobs.len() == 1
        };
        if first && let Err(error) = self.waker.wake() {
            log_wake(&error);
        }
    }

    /// Takes all jobs into `into`, which is empty.
    pub(super) fn take(&self, into: &mut VecDeque<Job>) {
        std::mem::swap(&mut *self.jobs.lock().unwrap_or_else(PoisonError::into_inner), into);
    }
}

fn log_wake(error: &io::Error) {
    tracing::error!(%error, "a pane worker cannot be woken");
}

/// Time since the workers began, for times that are kept in atomics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds of `now` on this clock, plus one, so that 0 is never.
    pub(super) fn ms(self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.0).as_millis()).unwrap_or(u64::MAX - 1) + 1
    }
}

/// What the owner tells a pane without a job.
#[derive(Debug, Default)]
pub(super) struct PaneSignals {
    /// When a key last went there; 0: never.
    typed_ms: AtomicU64,
    /// Printable characters of what was typed then; 0 if anything else was among it.
    letters: AtomicU32,
    /// The newest size wanted, columns above rows; 0: none.
    size: AtomicU32,
}

impl PaneSignals {
    pub(super) fn typed(&self, now_ms: u64, letters: u32) {
        self.letters.store(letters, Ordering::Relaxed);
        self.typed_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Whether a key went there within `window` before `now_ms`.
    pub(super) fn typed_within(&self, now_ms: u64, window: Duration) -> bool {
        let at = self.typed_ms.load(Ordering::Relaxed);
        at != 0 && u128::from(now_ms.saturating_sub(at)) < window.as_millis()
    }

    /// Whether output of so many bytes is probably nothing but the echo of what was typed: as many letters, a moment ago.
    pub(super) fn is_echo(&self, now_ms: u64, bytes: usize) -> bool {
        bytes > 0 && bytes <= self.letters.load(Ordering::Relaxed) as usize && self.typed_within(now_ms, ECHO)
    }

    /// Leaves a size; true if none was pending, so that the worker must be told.
    pub(super) fn want_size(&self, size: Size) -> bool {
        let size = size.at_least_one();
        self.size.swap(u32::from(size.cols) << 16 | u32::from(size.rows), Ordering::AcqRel) == 0
    }

    /// Takes the pending size.
    pub(super) fn take_size(&self) -> Option<Size> {
        let size = self.size.swap(0, Ordering::AcqRel);
        #[expect(clippy::cast_possible_truncation, reason = "two halves of 16 bits")]
        (size != 0).then(|| Size::new((size >> 16) as u16, size as u16))
    }
}

/// What a client tells a pane without a job.
#[derive(Debug, Default)]
pub(super) struct ViewerSignals {
    /// The newest version acknowledged; 0: none.
    acked: AtomicU64,
    /// The worker has something newer and waits for the acknowledgement.
    hungry: AtomicBool,
}

impl ViewerSignals {
    /// The owner's half: the client has `version`. True if the worker waits for that.
    pub(super) fn ack(&self, version: u64) -> bool {
        // Both halves store first and look afterwards, in one total order: one of them sees the other's store.
        self.acked.store(version, Ordering::SeqCst);
        self.hungry.swap(false, Ordering::SeqCst)
    }

    /// The worker's half: what was acknowledged means nothing any more, versions begin anew.
    pub(super) fn forget(&self) {
        self.acked.store(0, Ordering::SeqCst);
        self.hungry.store(false, Ordering::SeqCst);
    }

    /// The worker's half: it waits for nothing, since a frame is about to be sent.
    pub(super) fn sending(&self) {
        self.hungry.store(false, Ordering::SeqCst);
    }

    /// Whether `version` or a later one was acknowledged.
    pub(super) fn has(&self, version: u64) -> bool {
        self.acked.load(Ordering::SeqCst) >= version
    }

    /// Asks to be woken by the acknowledgement of `version`; true if it is there already.
    pub(super) fn wait_for(&self, version: u64) -> bool {
        self.hungry.store(true, Ordering::SeqCst);
        self.has(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_size_is_pending() {
        let signals = PaneSignals::default();
        assert!(signals.want_size(Size::new(80, 24)));
        assert!(!signals.want_size(Size::new(100, 30)));
        assert_eq!(signals.take_size(), Some(Size::new(100, 30)));
        assert_eq!(signals.take_size(), None);
        assert!(signals.want_size(Size::new(0, 0)));
        assert_eq!(signals.take_size(), Some(Size::new(1, 1)));
    }

    #[test]
    fn an_ack_wakes_only_who_waits() {
        let signals = ViewerSignals::default();
        assert!(!signals.ack(3), "nothing newer");
        assert!(signals.has(2) && signals.has(3));
        assert!(!signals.wait_for(4));
        assert!(signals.ack(4));
        assert!(!signals.ack(4), "told once");
    }

    #[test]
    fn typing_is_remembered_for_a_while() {
        let signals = PaneSignals::default();
        let window = Duration::from_millis(50);
        assert!(!signals.typed_within(10, window));
        signals.typed(10, 2);
        assert!(signals.is_echo(11, 2) && !signals.is_echo(11, 3) && !signals.is_echo(40, 2) && !signals.is_echo(11, 0));
        assert!(signals.typed_within(59, window));
        assert!(!signals.typed_within(60, window));
    }
}
