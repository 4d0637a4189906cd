//! A worker: one thread, one poll, and the panes that are its own.
//!
//! A round of the loop: poll (without waiting if a pane has more to read), take the owner's jobs, give each pane that became readable a slice, give one
//! of those that had more than a slice another, send the frames that were held back and are due. Edges are enough for the poll, since a pane is read
//! until nothing is there, or all that was there when it was asked, or stays in a queue.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use super::MakeEngine;
use super::inbox::{Clock, Inbox, Job};
use super::notices::Notices;
use super::pane::{Context, Pane, Turn, Watched};
use super::quiet::Quiet;
use crate::ids::PaneId;
use crate::ring::Blackbox;
use crate::server::faults::caught;

const WAKER: Token = Token(usize::MAX - 1);
const QUIET: Token = Token(usize::MAX - 2);
const EVENTS: usize = 128;

/// See the file's head.
pub(super) struct Worker {
    context: Context,
    poll: Poll,
    quiet: Quiet,
    inbox: Arc<Inbox>,
    events: Events,
    jobs: VecDeque<Job>,
    panes: BTreeMap<PaneId, Pane>,
    /// Panes that became readable.
    fresh: VecDeque<PaneId>,
    /// Panes that had more than a slice.
    busy: VecDeque<PaneId>,
    /// Panes whose frames are held back.
    held: Vec<PaneId>,
    stopped: bool,
}

impl Worker {
    /// A worker that notes what it parses in `slot`. Runs with [`Worker::run`].
    pub(super) fn new(
        slot: usize,
        clock: Clock,
        notices: Arc<Notices>,
        blackbox: Option<Arc<Blackbox>>,
        make_engine: MakeEngine,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let inbox = Arc::new(Inbox::new(Waker::new(poll.registry(), WAKER)?));
        let quiet = Quiet::new(poll.registry(), QUIET)?;
        Ok(Self {
            context: Context { slot, clock, notices, blackbox, make_engine },
            poll,
            quiet,
            inbox,
            events: Events::with_capacity(EVENTS),
            jobs: VecDeque::new(),
            panes: BTreeMap::new(),
            fresh: VecDeque::new(),
            busy: VecDeque::new(),
            held: Vec::new(),
            stopped: false,
        })
    }

    pub(super) fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }

    /// Works until told to stop.
    pub(super) fn run(mut self) {
        while !self.stopped {
            if let Err(error) = self.round()
                && error.kind() != io::ErrorKind::Interrupted
            {
                // Only a closed or broken poll does this, which nobody can mend; going on would spin.
                tracing::error!(%error, "a pane worker's poll failed");
                return;
            }
        }
    }

    /// Waits for something to do, and does one round of it.
    fn round(&mut self) -> io::Result<()> {
        let timeout = self.timeout();
        self.poll.poll(&mut self.events, timeout)?;
        let mut quiet = false;
        for event in &self.events {
            match event.token() {
                WAKER => {}
                QUIET => quiet = true,
                // With the end of the terminal no further event comes: then it is read until it says so.
                Token(pane) => enqueue(&mut self.panes, &mut self.fresh, PaneId(pane as u64), event.is_read_closed()),
            }
        }
        if quiet || self.quiet.look_at().is_some_and(|at| at <= Instant::now()) {
            let (panes, fresh) = (&mut self.panes, &mut self.fresh);
            self.quiet.look(self.poll.registry(), Instant::now(), |token| enqueue(panes, fresh, PaneId(token.0 as u64), true));
        }
        let mut jobs = std::mem::take(&mut self.jobs);
        self.inbox.take(&mut jobs);
        for job in jobs.drain(..) {
            self.perform(job);
        }
        self.jobs = jobs;
        for _ in 0..self.fresh.len() {
            let Some(id) = self.fresh.pop_front() else { break };
            if self.panes.get(&id).is_some_and(|pane| pane.replay.is_some() && !pane.is_awaited()) {
                self.busy.push_back(id);
            } else {
                self.turn(id);
            }
        }
        if let Some(pane) = self.next_busy() {
            self.turn(pane);
        }
        self.send_held();
        Ok(())
    }

    /// The pane whose turn it is: after a restart first those that somebody looks at or asks, until they show their present; else the longest waiting.
    fn next_busy(&mut self) -> Option<PaneId> {
        let awaited = self.busy.iter().position(|id| self.panes.get(id).is_some_and(Pane::is_awaited));
        self.busy.remove(awaited.unwrap_or(0))
    }

    /// How long to sleep: not at all with something to read, to the next frame that is held back, else for ever.
    fn timeout(&self) -> Option<Duration> {
        if !self.fresh.is_empty() || !self.busy.is_empty() {
            return Some(Duration::ZERO);
        }
        let held = self.held.iter().filter_map(|pane| self.panes.get(pane)?.viewers.due());
        held.chain(self.quiet.look_at()).min().map(|at| at.saturating_duration_since(Instant::now()))
    }

    fn perform(&mut self, job: Job) {
        match job {
            Job::Add(setup, signals) => {
                let (id, incarnation) = (setup.pane, setup.incarnation);
                let context = &self.context;
                context.mark(id, 0);
                let pane = caught(|| Pane::new(*setup, signals, context));
                context.clear();
                match pane {
                    Ok(pane) => {
                        self.panes.insert(id, pane);
                        self.fresh_turn(id);
                        self.watch_master(id);
                    }
                    Err(_) => {
                        tracing::error!(pane = %id, "the pane could not be taken up");
                        self.context.notices.post(id, incarnation, |notices| {
                            notices.degraded = true;
                            notices.message = Some("this pane could not be taken up".to_owned());
                        });
                    }
                }
            }
            Job::Remove(id) => {
                if let Some(mut pane) = self.panes.remove(&id) {
                    unwatch_master(&self.poll, &self.quiet, &mut pane);
                    // Also what it said after the owner forgot it.
                    self.context.notices.forget(id, pane.incarnation);
                }
            }
            Job::Resize(id) => self.guarded(id, |pane, _| pane.apply_size()),
            Job::Watch(id, viewer, outbox, signals) => {
                self.guarded(id, |pane, _| pane.viewers.watch(viewer, outbox, signals));
                self.watch_master(id);
            }
            Job::Unwatch(id, viewer) => {
                self.guarded(id, |pane, _| {
                    pane.viewers.unwatch(viewer);
                    pane.looked_away();
                });
                self.watch_master(id);
            }
            Job::Ready(id) => self.guarded(id, |_, _| {}),
            Job::Resync(id, viewer) => self.guarded(id, |pane, _| pane.viewers.resync(viewer)),
            Job::Ask(id, question) => self.guarded(id, |pane, _| pane.ask(question)),
            Job::Exited(id) => {
                self.guarded(id, |pane, _| pane.exited());
                self.fresh_turn(id);
            }
            Job::Stop => self.stopped = true,
        }
    }

    fn fresh_turn(&mut self, id: PaneId) {
        enqueue(&mut self.panes, &mut self.fresh, id, true);
    }

    /// Lets `act` change a pane, and sends what frames follow. A panic degrades the pane and ends there; what kills the process is noted in the
    /// black box.
    fn guarded(&mut self, id: PaneId, act: impl FnOnce(&mut Pane, &Context)) {
        let Some(pane) = self.panes.get_mut(&id) else { return };
        let context = &self.context;
        context.mark(id, pane.parsed);
        let done = caught(|| {
            act(pane, context);
            pane.send_frames(context, Instant::now());
        });
        if done.is_err() {
            pane.degrade(context);
        }
        context.clear();
        hold(&mut self.held, pane);
    }

    /// One slice of one pane, and its frames.
    fn turn(&mut self, id: PaneId) {
        let Some(pane) = self.panes.get_mut(&id) else { return };
        pane.queued = false;
        // A panic leaves unread what the poll has told already and tells no more; the next turn reads it, or finds the pane given up.
        let mut turn = Turn::More;
        self.guarded(id, |pane, context| turn = pane.turn(context));
        self.watch_master(id);
        if turn == Turn::More
            && let Some(pane) = self.panes.get_mut(&id)
        {
            pane.queued = true;
            self.busy.push_back(id);
        }
    }

    fn send_held(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let now = Instant::now();
        for index in (0..self.held.len()).rev() {
            let Some(&id) = self.held.get(index) else { continue };
            let due = self.panes.get(&id).and_then(|pane| pane.viewers.due());
            if due.is_none_or(|due| due <= now) {
                self.held.swap_remove(index);
                if due.is_some() {
                    self.guarded(id, |_, _| {});
                }
            }
        }
    }

    /// Brings the pane's master to the poll where it belongs now.
    fn watch_master(&mut self, id: PaneId) {
        let Some(pane) = self.panes.get_mut(&id) else { return };
        let wanted = pane.should_be_watched(&self.context, Instant::now());
        if wanted == pane.watched {
            return;
        }
        unwatch_master(&self.poll, &self.quiet, pane);
        let Ok(token) = usize::try_from(id.0).map(Token) else { return };
        let result = match wanted {
            Watched::Nowhere => Ok(()),
            Watched::Loud => self.poll.registry().register(&mut SourceFd(&pane.master.as_raw_fd()), token, Interest::READABLE),
            Watched::Quiet => self.quiet.add(pane.master.as_fd(), token),
        };
        match result {
            Ok(()) => pane.watched = wanted,
            Err(error) => {
                tracing::error!(pane = %id, %error, "the pane's terminal cannot be watched");
                let incarnation = pane.incarnation;
                self.context
                    .notices
                    .post(id, incarnation, |notices| notices.message = Some(format!("this pane's output cannot be watched: {error}")));
            }
        }
    }
}

/// Queues a pane that may be readable, unless it is queued. `drain`: it is to be read until nothing is there, whatever the poll will say.
fn enqueue(panes: &mut BTreeMap<PaneId, Pane>, fresh: &mut VecDeque<PaneId>, id: PaneId, drain: bool) {
    if let Some(pane) = panes.get_mut(&id) {
        pane.drain |= drain;
        if !pane.queued {
            pane.queued = true;
            fresh.push_back(id);
        }
    }
}

fn hold(held: &mut Vec<PaneId>, pane: &Pane) {
    if pane.viewers.due().is_some() && !held.contains(&pane.id) {
        held.push(pane.id);
    }
}

fn unwatch_master(poll: &Poll, quiet: &Quiet, pane: &mut Pane) {
    let result = match pane.watched {
        Watched::Nowhere => Ok(()),
        Watched::Loud => poll.registry().deregister(&mut SourceFd(&pane.master.as_raw_fd())),
        Watched::Quiet => quiet.remove(pane.master.as_fd()),
    };
    pane.watched = Watched::Nowhere;
    if let Err(error) = result {
        tracing::debug!(pane = %pane.id, %error, "the pane's terminal was not watched");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::super::inbox::ViewerSignals;
    use super::super::raw::Raw;
    use super::super::{HistoryLimits, PaneSetup};
    use super::*;
    use crate::geometry::Size;
    use crate::ids::AttachmentId;
    use crate::platform;
    use crate::ring::{Config, PaneMemory};
    use crate::server::outbox::Outbox;
    use crate::terminal::vt100::Look;

    fn worker() -> Worker {
        Worker::new(0, Clock::new(), Arc::new(Notices::new()), None, |size, _| Box::new(Raw::new(size))).expect("a poll")
    }

    fn add(worker: &mut Worker, id: u64) -> std::os::fd::OwnedFd {
        add_with_past(worker, id, 0)
    }

    /// A pane that has printed `past` bytes which no server has interpreted yet.
    fn add_with_past(worker: &mut Worker, id: u64, past: usize) -> std::os::fd::OwnedFd {
        let size = Size::new(20, 3);
        let (master, slave) = platform::raw_pty_pair().expect("a terminal");
        platform::set_packet_mode(master.as_fd(), true).expect("packet mode");
        let config = Config {
            ring_len: u32::try_from(past).expect("small").max(4096),
            checkpoint_len: 0,
            history_bytes: 65536,
            size,
            meta: Vec::new(),
        };
        let (mut memory, _) = PaneMemory::create(&config).expect("memory");
        let mut taken = 0;
        while taken < past {
            let wrote = rustix::io::write(&slave, &vec![b'x'; 1024.min(past - taken)]).expect("output");
            let mut read = 0;
            while read < wrote {
                match memory.take(master.as_fd(), 4096).expect("a read") {
                    crate::ring::Take::Data { len, .. } => read += len,
                    _ => std::thread::yield_now(),
                }
            }
            taken += wrote;
        }
        let setup = PaneSetup {
            pane: PaneId(id),
            incarnation: 1,
            memory,
            master,
            size,
            fresh: past == 0,
            quarantined: false,
            history: HistoryLimits { lines: 10 },
            look: Look::default(),
        };
        worker.inbox.push(Job::Add(Box::new(setup), Arc::default()));
        slave
    }

    /// Rounds until there is nothing to do, each of which must have had something to do.
    fn settle(worker: &mut Worker) {
        for _ in 0..100_000 {
            worker.round().expect("a round");
            let waits = worker.timeout().is_none_or(|timeout| timeout > Duration::ZERO);
            if waits && worker.poll.poll(&mut worker.events, Some(Duration::ZERO)).is_ok() && worker.events.is_empty() {
                return;
            }
            for event in &worker.events {
                if let Token(pane @ 0..=9999) = event.token() {
                    enqueue(&mut worker.panes, &mut worker.fresh, PaneId(pane as u64), true);
                }
            }
        }
        panic!("the worker spins");
    }

    #[test]
    fn an_idle_worker_has_no_timer() {
        let mut worker = worker();
        let slaves: Vec<_> = (1..=3).map(|id| add(&mut worker, id)).collect();
        settle(&mut worker);
        assert_eq!(worker.timeout(), None);
        // A viewer that is held back and leaves.
        let (ours, theirs) = UnixStream::pair().expect("socket pair");
        let (viewer, signals) = (AttachmentId(1), Arc::new(ViewerSignals::default()));
        worker.inbox.push(Job::Watch(PaneId(1), viewer, Outbox::new(ours.into()), signals.clone()));
        settle(&mut worker);
        let version = worker.panes.get_mut(&PaneId(1)).map(|pane| pane.engine.screen().version).expect("there");
        signals.ack(version);
        rustix::io::write(&slaves[0], b"more").expect("output");
        settle(&mut worker);
        worker.inbox.push(Job::Unwatch(PaneId(1), viewer));
        settle(&mut worker);
        worker.send_held();
        assert_eq!(worker.timeout(), None, "a timer for a viewer that is gone");
        assert_eq!(worker.panes.len(), slaves.len());
        drop(theirs);
    }

    #[test]
    fn of_many_panes_with_a_past_the_one_that_is_looked_at_comes_first() {
        let mut worker = worker();
        let _slaves: Vec<_> = (1..=8).map(|id| add_with_past(&mut worker, id, 256 * 1024)).collect();
        let (ours, _theirs) = UnixStream::pair().expect("socket pair");
        worker.inbox.push(Job::Watch(PaneId(7), AttachmentId(1), Outbox::new(ours.into()), Arc::default()));
        let replaying =
            |worker: &Worker| worker.panes.values().filter(|pane| pane.replay.is_some()).map(|pane| pane.id.0).collect::<Vec<_>>();
        while worker.panes.get(&PaneId(7)).is_none_or(|pane| pane.replay.is_some()) {
            worker.round().expect("a round");
        }
        assert_eq!(
            replaying(&worker).len(),
            7,
            "others were replayed before the one that is looked at: {:?} are not yet",
            replaying(&worker)
        );
        settle(&mut worker);
        assert_eq!(replaying(&worker), [0_u64; 0]);
    }

    #[test]
    fn a_pane_is_watched_where_it_belongs() {
        let mut worker = worker();
        let slave = add(&mut worker, 1);
        let at = |worker: &Worker| worker.panes.get(&PaneId(1)).map(|pane| pane.watched);
        settle(&mut worker);
        assert_eq!(at(&worker), Some(Watched::Loud));
        for n in 1..=40 {
            rustix::io::write(&slave, b"tick\n").expect("output");
            while worker.panes.get(&PaneId(1)).is_some_and(|pane| pane.parsed < n * 5) {
                worker.round().expect("a round");
            }
        }
        assert_eq!(at(&worker), Some(Watched::Quiet), "little and unseen");
        let (ours, _theirs) = UnixStream::pair().expect("socket pair");
        worker.inbox.push(Job::Watch(PaneId(1), AttachmentId(1), Outbox::new(ours.into()), Arc::default()));
        worker.round().expect("a round");
        assert_eq!(at(&worker), Some(Watched::Loud), "looked at");
        worker.inbox.push(Job::Unwatch(PaneId(1), AttachmentId(1)));
        worker.round().expect("a round");
        assert_eq!(at(&worker), Some(Watched::Quiet));
        drop(slave);
        while at(&worker) != Some(Watched::Nowhere) {
            worker.round().expect("a round");
        }
        settle(&mut worker);
        assert_eq!(worker.timeout(), None, "a closed terminal is polled");
    }
}
