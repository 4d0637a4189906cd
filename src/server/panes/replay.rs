//! A pane's way from its memory to its present screen, after the server that had it died.
//!
//! The ring's bytes are fed again from the oldest one, with each size from the journal at its offset, until all that was taken is fed; only then is
//! the master read. The history knows the offset of its last commit: up to there the rows that scroll off are in it, and everything else the output
//! caused was told; from there on it is as if the bytes had just come. Answers to queries are the exception: all are given again, under the numbers
//! they had, and the keeper drops those that it has applied.
//!
//! ```text
//!   tail            resize      committed          head
//!   |---- feed only ---+-- feed only --|---- feed, append ----|  then live
//! ```

use std::collections::VecDeque;
use std::time::Instant;

use super::pane::{Context, Pane, SLICE_BYTES, SLICE_TIME, Turn};
use crate::geometry::Size;
use crate::ring::{PaneMemory, Resize};

/// Bytes between two looks at the clock.
const STEP_BYTES: u64 = 4096;

/// What is left to replay.
#[derive(Debug)]
pub(super) struct Replay {
    /// Offset at which the present begins.
    until: u64,
    /// Offset up to which everything was settled.
    settled: u64,
    /// Sizes to come, oldest first.
    resizes: VecDeque<Resize>,
}

impl Replay {
    /// The replay that `memory` needs, if any, and the size that it (or the present) begins with.
    pub(super) fn plan(memory: &PaneMemory, size: Size, skip: bool) -> (Option<Self>, Size) {
        let (tail, head) = (memory.tail(), memory.head());
        let mut resizes = VecDeque::from(memory.resizes());
        if skip || tail == head {
            return (None, resizes.back().map_or(size, |last| last.size).at_least_one());
        }
        let mut first = resizes.front().map_or(size, |first| first.size);
        while let Some(resize) = next_until(&mut resizes, tail) {
            first = resize.size;
        }
        (Some(Self { until: head, settled: 0, resizes }), first.at_least_one())
    }

    /// The same with the offset that the history has seen.
    pub(super) fn skipping(self, settled: u64) -> Self {
        Self { settled, ..self }
    }
}

/// Takes the first resize if it is not after `offset`.
fn next_until(resizes: &mut VecDeque<Resize>, offset: u64) -> Option<Resize> {
    if resizes.front()?.at <= offset { resizes.pop_front() } else { None }
}

impl Pane {
    /// Replays for a slice's time; the pane becomes ready with the last one.
    pub(super) fn replay_slice(&mut self, context: &Context, began: Instant) -> Turn {
        let first = self.parsed;
        while let Some(replay) = &mut self.replay {
            if let Some(resize) = next_until(&mut replay.resizes, self.parsed) {
                self.resize_engine(resize.size);
                self.settle_past(context);
                continue;
            }
            if self.parsed >= replay.until {
                self.become_ready(context);
                break;
            }
            let mut to = replay.until.min(self.parsed + STEP_BYTES);
            if let Some(next) = replay.resizes.front() {
                to = to.min(next.at);
            }
            if self.parsed < replay.settled {
                to = to.min(replay.settled);
            }
            self.feed(self.parsed, to, context);
            self.settle_past(context);
            if self.parsed - first >= SLICE_BYTES as u64 || began.elapsed() >= SLICE_TIME {
                break;
            }
        }
        // What came meanwhile waits in the terminal: the live slice is next.
        Turn::More
    }

    /// Settles what the last piece caused, as far as it was not settled in an earlier life.
    fn settle_past(&mut self, context: &Context) {
        let Some(replay) = &self.replay else { return };
        if self.parsed <= replay.settled {
            let effects = &mut self.effects;
            effects.scrolled.clear();
            effects.clear_history = false;
            effects.bell = false;
            effects.clipboard = None;
            effects.notification = None;
        } else {
            self.settle_rows();
        }
        // Only the last ones are told, when the pane is ready: a client must not see the titles of a day pass by.
        let (title, cwd) = (self.effects.title.take(), self.effects.cwd.take());
        self.meta.title = title.or(self.meta.title.take());
        self.meta.cwd = cwd.or(self.meta.cwd.take());
        self.settle_notices(context);
    }
}
