//! What workers tell the owner about panes, and the owner's way to hear it.
//!
//! There is no queue of events that could grow: each pane has one [`PaneNotices`], whose fields are the newest of their kind, a flag, or a short
//! list with a bound. A worker changes it in place; the owner takes all of them at once. However loud the panes and however slow the owner, what
//! waits here is bounded by the number of panes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ids::PaneId;
use crate::terminal::effect::Reply;

/// Most replies to queries that wait for the owner, per pane.
pub const REPLIES_MAX: usize = 64;
/// Most bytes of them.
pub const REPLIES_BYTES_MAX: usize = 4096;

/// A pane's screen when its program had ended and all its output was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastScreen {
    /// The rows as text, joined by newlines, blank ends of rows and blank rows at the end left out.
    pub text: String,
    /// Lines in its history.
    pub history_lines: u64,
}

/// What happened to one pane since the owner last asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaneNotices {
    /// Which start of the pane's program this is about: what an earlier one said is never mixed in.
    pub incarnation: u32,
    /// The newest title (OSC 0/2). After a recovery the last one known.
    pub title: Option<String>,
    /// BEL was rung.
    pub bell: bool,
    /// It printed something, the first time since it was added or since somebody stopped looking at it; not repeated for each slice.
    pub activity: bool,
    /// The newest clipboard write (OSC 52), decoded.
    pub clipboard: Option<Vec<u8>>,
    /// The newest working directory that the program reported (OSC 7).
    pub cwd: Option<String>,
    /// The newest desktop notification: title and body.
    pub notification: Option<(String, String)>,
    /// Process group that now has the terminal's foreground; set when it changed.
    pub foreground: Option<u32>,
    /// Answers to queries, in order, for the pane's input. At most [`REPLIES_MAX`] and [`REPLIES_BYTES_MAX`]: the oldest are forgotten (after a
    /// recovery those are the ones that were given already, and a program that asks so much gets the newest answers).
    pub replies: Vec<Reply>,
    /// All output of the ended program was read.
    pub ended: Option<LastScreen>,
    /// From here on the pane is shown raw: its engine failed on its output, or it is quarantined.
    pub degraded: bool,
    /// The pane's past is replayed: its screen is the present one.
    pub ready: bool,
    /// Something that a person looking at the pane should be told, one line.
    pub message: Option<String>,
}

impl PaneNotices {
    /// Adds `reply` within the bounds.
    pub fn reply(&mut self, reply: Reply) {
        self.replies.push(reply);
        let mut bytes: usize = self.replies.iter().map(|reply| reply.bytes.len()).sum();
        let mut forget = 0;
        for oldest in &self.replies {
            if self.replies.len() - forget <= REPLIES_MAX && bytes <= REPLIES_BYTES_MAX {
                break;
            }
            bytes -= oldest.bytes.len();
            forget += 1;
        }
        self.replies.drain(..forget);
    }
}

/// The notices of all panes. See the module's head.
#[derive(Debug, Default)]
pub struct Notices {
    panes: Mutex<HashMap<PaneId, PaneNotices>>,
    some: Notify,
}

impl Notices {
    /// No notices.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until there is something to take. Cancel-safe; may return once too often.
    pub async fn wait(&self) {
        self.some.notified().await;
    }

    /// Takes all notices, in no particular order.
    pub fn take(&self) -> Vec<(PaneId, PaneNotices)> {
        self.lock().drain().collect()
    }

    /// Adds to the notices of `pane` in its `incarnation` and tells the owner. Dropped if there are some of a later one.
    pub fn post(&self, pane: PaneId, incarnation: u32, add: impl FnOnce(&mut PaneNotices)) {
        let mut panes = self.lock();
        match panes.entry(pane) {
            // The owner was told already and has not yet looked.
            Entry::Occupied(entry) => {
                let notices = entry.into_mut();
                if notices.incarnation < incarnation {
                    *notices = PaneNotices { incarnation, ..PaneNotices::default() };
                }
                if notices.incarnation == incarnation {
                    add(notices);
                }
            }
            Entry::Vacant(entry) => {
                add(entry.insert(PaneNotices { incarnation, ..PaneNotices::default() }));
                drop(panes);
                self.some.notify_one();
            }
        }
    }

    /// Forgets what waits for `pane` up to `incarnation`, which is gone.
    pub fn forget(&self, pane: PaneId, incarnation: u32) {
        let mut panes = self.lock();
        if panes.get(&pane).is_some_and(|notices| notices.incarnation <= incarnation) {
            panes.remove(&pane);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PaneId, PaneNotices>> {
        self.panes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_one_per_pane_whatever_comes() {
        let notices = Notices::new();
        for n in 0..1000 {
            notices.post(PaneId(1), 1, |notice| notice.title = Some(n.to_string()));
            notices.post(PaneId(2), 1, |notice| notice.bell = true);
        }
        let mut taken = notices.take();
        taken.sort_by_key(|(pane, _)| *pane);
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].1.title.as_deref(), Some("999"));
        assert!(taken[1].1.bell);
        assert!(notices.take().is_empty());
    }

    #[test]
    fn an_earlier_incarnation_is_not_heard_any_more() {
        let notices = Notices::new();
        notices.post(PaneId(1), 1, |notice| notice.bell = true);
        notices.post(PaneId(1), 2, |notice| notice.ready = true);
        notices.post(PaneId(1), 1, |notice| notice.ended = Some(LastScreen::default()));
        notices.forget(PaneId(1), 1);
        let expected = PaneNotices { incarnation: 2, ready: true, ..PaneNotices::default() };
        assert_eq!(notices.take(), [(PaneId(1), expected)]);
        notices.post(PaneId(1), 2, |notice| notice.bell = true);
        notices.forget(PaneId(1), 2);
        assert!(notices.take().is_empty());
    }

    #[test]
    fn replies_are_bounded_and_the_newest_stay() {
        let mut notices = PaneNotices::default();
        for seq in 1..=1000 {
            notices.reply(Reply { seq, bytes: vec![b'x'; 10] });
        }
        assert_eq!(notices.replies.len(), REPLIES_MAX);
        assert_eq!(notices.replies.last().map(|reply| reply.seq), Some(1000));
        notices.reply(Reply { seq: 1001, bytes: vec![b'x'; REPLIES_BYTES_MAX] });
        assert_eq!(notices.replies.len(), 1);
    }
}
