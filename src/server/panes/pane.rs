//! One pane in its worker: memory, engine, history, viewers, and the slice that moves output through them.
//!
//! What a slice does, in this order, so that a kill at any point is made good by the replay: take a chunk into the ring (counted when it is there),
//! feed it, and at the end of the slice append rows to the history, commit them with the offset fed, then post notices. A notice is lost if the kill
//! falls between the last two; it is never given twice.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::frames::Viewers;
use super::inbox::{Clock, PaneSignals, Question};
use super::meta::PaneMeta;
use super::notices::{LastScreen, Notices, PaneNotices};
use super::raw::Raw;
use super::replay::Replay;
use super::store::Store;
use super::view::PaneView;
use super::{MakeEngine, PaneSetup};
use crate::geometry::Size;
use crate::ids::PaneId;
use crate::platform;
use crate::ring::{Blackbox, Take};
use crate::server::faults::caught;
use crate::terminal::history::History;
use crate::terminal::{Effects, Engine};

/// Most bytes of a slice.
pub(super) const SLICE_BYTES: usize = 64 * 1024;
/// Longest time of a slice, to the next end of a chunk.
pub(super) const SLICE_TIME: Duration = Duration::from_millis(1);
/// For so long after a key frames are not held back.
const TYPED: Duration = Duration::from_millis(50);
/// What is still read once the pane's program was reaped, at most: others may hold its terminal and print for ever.
const DRAIN_BYTES: usize = 1024 * 1024;
/// A first chunk of at most so many bytes is a slice by itself.
const LONE_BYTES: usize = 128;
/// A slice of so many bytes makes a pane loud.
const LOUD_BYTES: usize = 1024;
/// Slices below that until it is quiet again.
const LOUD_SLICES: u8 = 16;
/// Room for so many rows is kept from slice to slice.
const ROWS_KEPT: usize = 256;
/// Output that the raw view begins with when an engine failed.
const CONTEXT_BYTES: u64 = 4096;

/// What panes of a worker share.
pub(super) struct Context {
    pub(super) slot: usize,
    pub(super) clock: Clock,
    pub(super) notices: Arc<Notices>,
    pub(super) blackbox: Option<Arc<Blackbox>>,
    pub(super) make_engine: MakeEngine,
}

impl Context {
    /// Notes for the keeper that `pane`'s state is at work from `offset` on: whatever kills the process now has to do with it.
    pub(super) fn mark(&self, pane: PaneId, offset: u64) {
        if let Some(blackbox) = &self.blackbox {
            blackbox.mark(self.slot, pane, offset);
        }
    }

    /// It did not kill the process.
    pub(super) fn clear(&self) {
        if let Some(blackbox) = &self.blackbox {
            blackbox.clear(self.slot);
        }
    }
}

/// What is to be done after a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is more to read now.
    More,
    /// Nothing until the master is readable again.
    Idle,
}

/// How far the end of the pane's program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Running,
    /// It was reaped; so many bytes more are read.
    Draining(usize),
    Told,
}

/// Where the master is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    Nowhere,
    Loud,
    Quiet,
}

/// See the file's head.
pub(super) struct Pane {
    pub(super) id: PaneId,
    pub(super) incarnation: u32,
    pub(super) master: OwnedFd,
    pub(super) history: History<Store>,
    pub(super) engine: Box<dyn Engine>,
    pub(super) effects: Effects,
    pub(super) size: Size,
    /// Offset behind the last byte fed.
    pub(super) parsed: u64,
    pub(super) meta: PaneMeta,
    pub(super) viewers: Viewers,
    pub(super) signals: Arc<PaneSignals>,
    pub(super) replay: Option<Replay>,
    pub(super) degraded: bool,
    pub(super) watched: Watched,
    /// It is in one of the worker's queues.
    pub(super) queued: bool,
    /// It is to be read until nothing is there.
    pub(super) drain: bool,
    /// No process has the terminal open any more, or the master failed.
    closed: bool,
    end: End,
    activity_armed: bool,
    foreground: Option<u32>,
    loud: u8,
    /// How many queries are answered.
    answers: Allowance,
    /// Questions that wait for the replay.
    questions: Vec<Question>,
}

impl Pane {
    /// Takes a pane up. It is ready, or has a replay.
    pub(super) fn new(setup: PaneSetup, signals: Arc<PaneSignals>, context: &Context) -> Self {
        let PaneSetup { pane, incarnation, mut memory, master, size, fresh, quarantined, history, look } = setup;
        if !fresh {
            let adopted = memory.recover();
            tracing::info!(%pane, bytes = memory.head() - memory.tail(), adopted, "pane taken up again");
        }
        let mut meta = memory.meta().and_then(PaneMeta::decode).unwrap_or_default();
        meta.incarnation = incarnation;
        let (replay, first_size) = Replay::plan(&memory, size, quarantined);
        let parsed = if quarantined { memory.head() } else { memory.tail() };
        let engine = if quarantined { Box::new(Raw::new(first_size)) } else { (context.make_engine)(first_size, look) };
        let mut this = Self {
            id: pane,
            incarnation,
            master,
            history: History::open(Store(memory), history.lines),
            engine,
            effects: Effects::default(),
            size: first_size,
            parsed,
            meta,
            viewers: Viewers::default(),
            signals,
            replay: None,
            degraded: quarantined,
            watched: Watched::Nowhere,
            queued: false,
            drain: true,
            closed: false,
            end: End::Running,
            activity_armed: true,
            foreground: None,
            loud: LOUD_SLICES,
            answers: Allowance::default(),
            questions: Vec::new(),
        };
        if this.history.damaged() {
            tracing::warn!(%pane, "the pane's history was not sound and is lost");
        }
        if size != this.size {
            // After the replay, which needs the sizes of the past.
            this.signals.want_size(size);
        }
        this.replay = replay.map(|replay| replay.skipping(this.history.stream_offset()));
        if quarantined {
            this.quarantine(context);
        }
        if this.replay.is_none() {
            this.become_ready(context);
        }
        this
    }

    /// Its past is still being replayed, and somebody waits for its present.
    pub(super) fn is_awaited(&self) -> bool {
        self.replay.is_some() && (!self.viewers.is_empty() || !self.questions.is_empty())
    }

    fn post(&self, context: &Context, add: impl FnOnce(&mut PaneNotices)) {
        context.notices.post(self.id, self.incarnation, add);
    }

    fn quarantine(&mut self, context: &Context) {
        let line = "output quarantined: interpreting it ended the server; what comes is shown as plain text";
        let at = self.parsed;
        self.engine.feed(format!("[{line}]\r\n").as_bytes(), at, &mut self.effects);
        self.settle_rows();
        self.post(context, |notices| {
            notices.degraded = true;
            notices.message = Some(line.to_owned());
        });
    }

    /// The screen is the present one: says so, and does what had to wait.
    pub(super) fn become_ready(&mut self, context: &Context) {
        if self.replay.take().is_some() {
            self.keep_meta();
        }
        let meta = self.meta.clone();
        self.post(context, |notices| {
            notices.title = meta.title.or(notices.title.take());
            notices.cwd = meta.cwd.or(notices.cwd.take());
            notices.ready = true;
        });
        self.apply_size();
        self.viewers.touch();
        for question in std::mem::take(&mut self.questions) {
            self.answer(question);
        }
    }

    /// A slice of the past, or of the present.
    pub(super) fn turn(&mut self, context: &Context) -> Turn {
        let began = Instant::now();
        if self.replay.is_some() { self.replay_slice(context, began) } else { self.live_slice(context, began) }
    }

    fn live_slice(&mut self, context: &Context, began: Instant) -> Turn {
        self.apply_size();
        // Never so much that what was not committed yet leaves the ring.
        let ring = usize::try_from(self.history.segments().0.ring_len()).unwrap_or(usize::MAX);
        let limit = SLICE_BYTES.min(ring / 2);
        let mut bytes = 0;
        let mut turn = Turn::Idle;
        let drain = std::mem::take(&mut self.drain) || self.end != End::Running;
        while !self.closed {
            match self.history.segments_mut().0.take(self.master.as_fd(), limit - bytes) {
                Ok(Take::Data { at, len }) => {
                    self.feed(at, at + len as u64, context);
                    // So little is all that was there when its length was asked, and what has come since woke the poll anew: an echo is one read.
                    let lone = bytes == 0 && len <= LONE_BYTES && !drain;
                    bytes += len;
                    if lone {
                        break;
                    }
                }
                Ok(Take::Control(_)) => {}
                Ok(Take::Empty) => break,
                Ok(Take::Eof) => self.closed = true,
                Err(error) => {
                    tracing::warn!(pane = %self.id, %error, "the pane's terminal cannot be read any more");
                    self.closed = true;
                }
            }
            if bytes >= limit || began.elapsed() >= SLICE_TIME {
                turn = Turn::More;
                self.drain = drain;
                break;
            }
        }
        if bytes > 0 {
            self.viewers.touch();
            let asked = !self.effects.replies.is_empty();
            let allowed = self.answers.take(self.effects.replies.len(), began);
            self.effects.replies.truncate(allowed);
            self.settle_rows();
            self.settle_notices(context);
            self.note_activity(context);
            self.loud = if asked || bytes >= LOUD_BYTES { LOUD_SLICES } else { self.loud.saturating_sub(1) };
        }
        // A typed letter that comes back is no news of who has the foreground.
        if turn == Turn::Idle && !self.closed && !self.signals.is_echo(context.clock.ms(began), bytes) {
            self.note_foreground(context);
        }
        self.finish(context, bytes, turn)
    }

    /// Gives the engine bytes of the ring. An engine that panics is replaced by the raw view.
    pub(super) fn feed(&mut self, from: u64, to: u64, context: &Context) {
        let (first, second) = self.history.segments().0.bytes(from, to);
        let (engine, effects) = (&mut self.engine, &mut self.effects);
        let fed = caught(|| {
            engine.feed(first, from, effects);
            if !second.is_empty() {
                engine.feed(second, from + first.len() as u64, effects);
            }
        });
        self.parsed = to;
        if fed.is_err() {
            self.degrade(context);
        } else if !self.degraded && self.engine.degraded() {
            // The engine noticed by itself and goes on plainly.
            self.degraded = true;
            self.tell_degraded(context);
        }
    }

    /// The engine failed: from here on the pane is shown raw, beginning with the last of its output.
    pub(super) fn degrade(&mut self, context: &Context) {
        tracing::error!(pane = %self.id, at = self.parsed, "the engine failed on the pane's output");
        if self.degraded {
            // The raw view failed too, or something around it: nothing can be shown of what this pane prints.
            self.closed = true;
        }
        self.degraded = true;
        self.engine = Box::new(Raw::new(self.size));
        let mut unused = Effects::default();
        let (first, second) = self.history.segments().0.bytes(self.parsed.saturating_sub(CONTEXT_BYTES), self.parsed);
        for part in [first, second] {
            self.engine.feed(part, self.parsed, &mut unused);
        }
        self.viewers.forget_versions();
        self.tell_degraded(context);
    }

    fn tell_degraded(&self, context: &Context) {
        self.post(context, |notices| {
            notices.degraded = true;
            notices.message = Some("the terminal engine failed on this pane's output; it is shown as plain text".to_owned());
        });
    }

    /// Brings what the engine gave up into the history, and commits it with the offset fed so far.
    pub(super) fn settle_rows(&mut self) {
        if std::mem::take(&mut self.effects.clear_history) {
            self.history.clear();
        }
        for row in self.effects.scrolled.drain(..) {
            self.history.append(&row);
        }
        if self.effects.scrolled.capacity() > ROWS_KEPT {
            self.effects.scrolled = Vec::new();
        }
        self.history.commit(self.parsed);
    }

    /// Tells the owner what the engine said beyond rows.
    pub(super) fn settle_notices(&mut self, context: &Context) {
        let Effects { replies, title, cwd, bell, clipboard, notification, .. } = &mut self.effects;
        let (replies, bell) = (std::mem::take(replies), std::mem::take(bell));
        let (title, cwd, clipboard, notification) = (title.take(), cwd.take(), clipboard.take(), notification.take());
        let title = title.filter(|title| self.meta.title.as_ref() != Some(title));
        let cwd = cwd.filter(|cwd| self.meta.cwd.as_ref() != Some(cwd));
        if title.is_some() || cwd.is_some() {
            self.meta.title = title.clone().or(self.meta.title.take());
            self.meta.cwd = cwd.clone().or(self.meta.cwd.take());
            self.keep_meta();
        }
        if replies.is_empty() && title.is_none() && cwd.is_none() && !bell && clipboard.is_none() && notification.is_none() {
            return;
        }
        self.post(context, |notices| {
            replies.into_iter().for_each(|reply| notices.reply(reply));
            notices.bell |= bell;
            notices.title = title.or(notices.title.take());
            notices.cwd = cwd.or(notices.cwd.take());
            notices.clipboard = clipboard.or(notices.clipboard.take());
            notices.notification = notification.or(notices.notification.take());
        });
    }

    /// Keeps title and working directory, so that they outlive the ring.
    fn keep_meta(&mut self) {
        let bytes = self.meta.encode();
        if let Err(error) = self.history.segments_mut().0.put_meta(&bytes) {
            tracing::debug!(pane = %self.id, %error, "title not kept");
        }
    }

    fn note_activity(&mut self, context: &Context) {
        if self.activity_armed && self.viewers.is_empty() {
            self.activity_armed = false;
            self.post(context, |notices| notices.activity = true);
        }
    }

    /// A program prints when it begins and a shell when its program ended: that is when to see who has the foreground.
    fn note_foreground(&mut self, context: &Context) {
        let group = platform::foreground_group(self.master.as_fd());
        if group.is_some() && group != self.foreground {
            self.foreground = group;
            self.post(context, |notices| notices.foreground = group);
        }
    }

    /// The end of a slice, for a pane whose program was reaped: is there more?
    fn finish(&mut self, context: &Context, bytes: usize, turn: Turn) -> Turn {
        let End::Draining(left) = self.end else { return if self.closed { Turn::Idle } else { turn } };
        let left = left.saturating_sub(bytes);
        self.end = End::Draining(left);
        if !self.closed && left > 0 {
            // Output may still be on its way inside the kernel; a poll fetches it, a mere count does not.
            let more = turn == Turn::More || platform::wait_readable(self.master.as_fd(), Some(Duration::ZERO)).unwrap_or(false);
            if more {
                return Turn::More;
            }
        }
        self.end = End::Told;
        let last = self.last_screen();
        self.post(context, |notices| notices.ended = Some(last));
        if self.closed { Turn::Idle } else { turn }
    }

    fn last_screen(&mut self) -> LastScreen {
        let screen = self.engine.screen();
        let rows: Vec<&str> = screen.rows.iter().map(|row| row.row.text.trim_end()).collect();
        let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        let text = rows.get(..used).unwrap_or_default().join("\n");
        LastScreen { text, history_lines: self.history.len() }
    }

    /// The program was reaped.
    pub(super) fn exited(&mut self) {
        if self.end == End::Running {
            self.end = End::Draining(DRAIN_BYTES);
        }
    }

    /// Applies the newest size that was asked for. The record comes first, so that a replay knows of every size that output could have been made
    /// for; the terminal last, so that the program's answer meets an engine of the new size.
    pub(super) fn apply_size(&mut self) {
        if self.replay.is_some() {
            return;
        }
        let Some(size) = self.signals.take_size().filter(|size| *size != self.size) else { return };
        self.history.segments_mut().0.record_resize(self.parsed, size);
        self.resize_engine(size);
        self.settle_rows();
        if let Err(error) = platform::set_terminal_size(self.master.as_fd(), size) {
            tracing::debug!(pane = %self.id, %error, "terminal size not set");
        }
        self.viewers.touch();
    }

    /// The engine's part of a resize.
    pub(super) fn resize_engine(&mut self, size: Size) {
        self.size = size;
        self.engine.resize(size, &mut self.effects);
    }

    /// Sends viewers what is due.
    pub(super) fn send_frames(&mut self, context: &Context, now: Instant) {
        if self.replay.is_some() || self.viewers.is_empty() {
            self.viewers.not_due();
            return;
        }
        let at_once = self.signals.typed_within(context.clock.ms(now), TYPED);
        let history = (self.history.first(), self.history.end());
        let engine = &mut self.engine;
        self.viewers.send(self.id, now, at_once, history, || engine.screen());
    }

    /// Somebody stopped looking.
    pub(super) fn looked_away(&mut self) {
        self.activity_armed = true;
    }

    /// Runs `question`, or keeps it until the replay is done.
    pub(super) fn ask(&mut self, question: Question) {
        if self.replay.is_some() {
            self.questions.push(question);
        } else {
            self.answer(question);
        }
    }

    fn answer(&mut self, question: Question) {
        if caught(|| question(&mut PaneView::new(self))).is_err() {
            tracing::error!(pane = %self.id, "a question to the pane panicked");
        }
    }

    /// Where the master should be watched now.
    pub(super) fn should_be_watched(&self, context: &Context, now: Instant) -> Watched {
        if self.closed {
            Watched::Nowhere
        } else if self.loud > 0 || !self.viewers.is_empty() || self.signals.typed_within(context.clock.ms(now), Duration::from_secs(1)) {
            Watched::Loud
        } else {
            Watched::Quiet
        }
    }

    #[cfg(test)]
    pub(super) fn state(&self) -> String {
        let Self { parsed, watched, queued, drain, closed, end, loud, degraded, .. } = self;
        format!(
            "parsed {parsed}, watched {watched:?}, queued {queued}, drain {drain}, closed {closed}, end {end:?}, loud {loud}, degraded {degraded}"
        )
    }
}
