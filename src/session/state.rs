//! What exists: sessions, windows, panes, and what is left of panes that are gone.
//!
//! Sessions hold *winlinks*, an index each that leads to a window; windows hold their own data, so that one window may be linked into
//! several sessions, or several times into one. A pane belongs to exactly one window. All of it is plain data with numbered fields that
//! is written into memory which outlives the server ([`State::to_bytes`]); new fields are optional so that old servers can read it, and
//! numbers are never used again for something else.
//!
//! Times are milliseconds since 1970, passed in. Ids only count upwards.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::check::Broken;
use crate::geometry::{Rect, Size};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::layout::{Arrangement, Layout, Preset};

/// Most tombstones that are kept; the oldest goes first.
pub const TOMBSTONES_MAX: usize = 100;

/// Everything that exists.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct State {
    /// All sessions.
    #[n(0)]
    pub sessions: BTreeMap<SessionId, Session>,
    /// All windows; each is linked into at least one session.
    #[n(1)]
    pub windows: BTreeMap<WindowId, Window>,
    /// All panes; each is in the layout of its window.
    #[n(2)]
    pub panes: BTreeMap<PaneId, Pane>,
    /// The id of the next session.
    #[n(3)]
    pub next_session: u64,
    /// The id of the next window.
    #[n(4)]
    pub next_window: u64,
    /// The id of the next pane.
    #[n(5)]
    pub next_pane: u64,
    /// What is left of panes that are gone, newest last, at most [`TOMBSTONES_MAX`].
    #[n(6)]
    pub tombstones: Vec<Tombstone>,
    /// How windows are arranged.
    #[n(7)]
    pub arrange: ArrangeOptions,
}

/// How a window's area is divided between layout and titles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct ArrangeOptions {
    /// Keep the top row of windows with more than one pane for the titles of the topmost panes. The horizontal dividers are the title
    /// lines of the panes below them.
    #[n(0)]
    pub titles: bool,
}

/// An ordered set of windows under a name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    /// Its id, `$1`.
    #[n(0)]
    pub id: SessionId,
    /// Its name: not empty, no control characters, unique.
    #[n(1)]
    pub name: String,
    /// When it was made.
    #[n(2)]
    pub created_ms: u64,
    /// The lowest index that new windows get.
    #[n(3)]
    pub base_index: u32,
    /// Its windows by index; never empty.
    #[n(4)]
    pub winlinks: BTreeMap<u32, WindowId>,
    /// The index of the window that new viewers and scripts get.
    #[n(5)]
    pub current: u32,
    /// The indexes that were current before, newest last; each once, none that is current or gone.
    #[n(6)]
    pub last: Vec<u32>,
    /// What differs from the global environment for programs started here; `None` removes a variable.
    #[n(7)]
    pub environment: BTreeMap<String, Option<String>>,
    /// Where programs start that were not told otherwise.
    #[n(8)]
    pub cwd: String,
}

/// Panes in a layout.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Window {
    /// Its id, `@1`.
    #[n(0)]
    pub id: WindowId,
    /// Its name; need not be unique.
    #[n(1)]
    pub name: String,
    /// Whether the server names it after the program in its active pane. Ends when somebody names it.
    #[n(2)]
    pub automatic_rename: bool,
    /// Where its panes are.
    #[n(3)]
    pub layout: Layout,
    /// The pane that new viewers and scripts get.
    #[n(4)]
    pub active: PaneId,
    /// The panes that were active before, newest last; each once, none that is active or gone.
    #[n(5)]
    pub last_panes: Vec<PaneId>,
    /// Its whole area, titles included; the server decides.
    #[n(6)]
    pub size: Size,
    /// The pane that has the whole area for now.
    #[n(7)]
    pub zoomed: Option<PaneId>,
    /// A pane rang the bell since the window was last looked at.
    #[n(8)]
    pub bell: bool,
    /// A pane wrote something since the window was last looked at, if that is watched.
    #[n(9)]
    pub activity: bool,
    /// What its panes do when their program ends, unless they know better.
    #[n(10)]
    pub remain_on_exit: Option<RemainOnExit>,
    /// The preset applied last, from which next and previous go on.
    #[n(11)]
    pub last_preset: Option<Preset>,
    /// When it was made.
    #[n(12)]
    pub created_ms: u64,
}

/// A program in a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Pane {
    /// Its id, `%1`, for ever.
    #[n(0)]
    pub id: PaneId,
    /// Counts the programs it has had, from 1.
    #[n(1)]
    pub incarnation: u32,
    /// The title its program or somebody gave it.
    #[n(2)]
    pub title: String,
    /// A name to find it by, if somebody gave it one.
    #[n(3)]
    pub name: Option<String>,
    /// The program and its arguments; empty for the user's shell.
    #[n(4)]
    pub command: Vec<String>,
    /// Where the program was started.
    #[n(5)]
    pub cwd: String,
    /// When the pane was made.
    #[n(6)]
    pub created_ms: u64,
    /// Who made it. Gives no rights.
    #[n(7)]
    pub created_by: String,
    /// The program's process id, once known.
    #[n(8)]
    pub pid: Option<u32>,
    /// How its program is.
    #[n(9)]
    pub status: PaneStatus,
    /// The window it is in.
    #[n(10)]
    pub window: WindowId,
    /// What it does when its program ends; the window's setting if `None`.
    #[n(11)]
    pub remain_on_exit: Option<RemainOnExit>,
    /// When its program was started, in milliseconds since the Unix epoch; 0: not known.
    #[n(12)]
    #[cbor(default)]
    pub started_ms: u64,
}

/// How a pane's program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum PaneStatus {
    /// It is being started.
    #[n(0)]
    Starting,
    /// It runs.
    #[n(1)]
    Running,
    /// It has ended and the pane was kept.
    #[n(2)]
    Dead {
        /// How it ended.
        #[n(0)]
        status: ExitStatus,
        /// When.
        #[n(1)]
        at_ms: u64,
    },
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ExitStatus {
    /// It exited with this code.
    #[n(0)]
    Code(#[n(0)] i32),
    /// This signal ended it.
    #[n(1)]
    Signal(#[n(0)] i32),
    /// Nobody knows, or not yet.
    #[n(2)]
    Unknown,
}

/// What a pane does when its program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum RemainOnExit {
    /// It closes.
    #[n(0)]
    #[default]
    Off,
    /// It stays, with the last screen.
    #[n(1)]
    On,
    /// It stays unless the program exited with 0.
    #[n(2)]
    Failed,
}

/// What is left of a pane, or of one incarnation of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Tombstone {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// Which of its programs.
    #[n(1)]
    pub incarnation: u32,
    /// Why it ended.
    #[n(2)]
    pub cause: Cause,
    /// How its program ended; [`ExitStatus::Unknown`] until that is heard.
    #[n(3)]
    pub status: ExitStatus,
    /// When.
    #[n(4)]
    pub at_ms: u64,
    /// Its last title.
    #[n(5)]
    pub title: String,
    /// Its program and arguments.
    #[n(6)]
    pub command: Vec<String>,
    /// Its last screen as text; empty if nobody gave it.
    #[n(7)]
    pub last_screen: String,
}

/// Why a pane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Cause {
    /// Its program ended by itself.
    #[n(0)]
    Exit,
    /// Somebody killed it.
    #[n(1)]
    Killed,
    /// Its host or its keeper was lost.
    #[n(2)]
    Lost,
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    /// Nothing. Windows and panes count from 0 and sessions too, as in tmux.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sessions: BTreeMap::new(),
            windows: BTreeMap::new(),
            panes: BTreeMap::new(),
            next_session: 0,
            next_window: 0,
            next_pane: 0,
            tombstones: Vec::new(),
            arrange: ArrangeOptions::default(),
        }
    }

    /// Where the panes of `window` are, as everybody sees them: the zoomed or only pane has the whole area; otherwise the layout's
    /// arrangement, below the row for titles if there is one. `None` if there is no such window.
    ///
    /// May be larger than the window's size if that is too small for the panes; who draws it crops.
    #[must_use]
    pub fn pane_rects(&self, window: WindowId) -> Option<Arrangement> {
        self.windows.get(&window).map(|window| window.arrange(self.arrange))
    }

    /// The session of that name.
    #[must_use]
    pub fn session_named(&self, name: &str) -> Option<&Session> {
        self.sessions.values().find(|session| session.name == name)
    }

    /// The sessions into which `window` is linked, in order of id.
    pub fn sessions_of(&self, window: WindowId) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(move |session| session.winlinks.values().any(|linked| *linked == window))
    }

    /// The tombstone of the newest incarnation of `pane`.
    #[must_use]
    pub fn tombstone(&self, pane: PaneId) -> Option<&Tombstone> {
        self.tombstones.iter().rev().find(|tombstone| tombstone.pane == pane)
    }

    /// The state as bytes, for memory that outlives the server.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail, nor can any of the encoders in here.
        let written = minicbor::encode(self, &mut bytes);
        debug_assert!(written.is_ok(), "{written:?}");
        bytes
    }

    /// Reads what [`State::to_bytes`] wrote, in this release or another.
    ///
    /// # Errors
    /// [`RestoreError`] if the bytes are no state, or one that is broken.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let state: Self = minicbor::decode(bytes).map_err(|error| RestoreError::Garbled(error.to_string()))?;
        state.check()?;
        Ok(state)
    }
}

/// Bytes are not a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// They cannot be read.
    #[error("the stored state cannot be read: {0}")]
    Garbled(String),
    /// They can be read, and what they say cannot be.
    #[error("the stored state is broken: {0}")]
    Broken(#[from] Broken),
}

impl Session {
    /// The window that new viewers and scripts get.
    #[must_use]
    pub fn current_window(&self) -> Option<WindowId> {
        self.winlinks.get(&self.current).copied()
    }

    /// The index at which `window` is linked: the current one if that leads there, else the lowest.
    #[must_use]
    pub fn index_of(&self, window: WindowId) -> Option<u32> {
        if self.current_window() == Some(window) {
            return Some(self.current);
        }
        self.winlinks.iter().find(|(_, linked)| **linked == window).map(|(index, _)| *index)
    }

    /// The index after `from`, around.
    #[must_use]
    pub fn index_after(&self, from: u32) -> Option<u32> {
        let next = self.winlinks.range(from.saturating_add(1)..).next().map(|(index, _)| *index).filter(|index| *index != from);
        next.or_else(|| self.winlinks.keys().next().copied())
    }

    /// The index before `from`, around.
    #[must_use]
    pub fn index_before(&self, from: u32) -> Option<u32> {
        self.winlinks.range(..from).next_back().or_else(|| self.winlinks.iter().next_back()).map(|(index, _)| *index)
    }

    /// The lowest index from `from` on that is free; `None` if there is none.
    #[must_use]
    pub fn free_index(&self, from: u32) -> Option<u32> {
        (from..=super::INDEX_MAX).find(|index| !self.winlinks.contains_key(index))
    }
}

impl Window {
    /// Where the layout is: the whole area, or all but the top row where titles want that and there is room.
    #[must_use]
    pub fn layout_area(&self, options: ArrangeOptions) -> Rect {
        let whole = self.size.to_rect();
        if options.titles && self.layout.count() > 1 && self.size.rows > self.layout.minimum().rows {
            Rect { row: 1, rows: whole.rows.saturating_sub(1), ..whole }
        } else {
            whole
        }
    }

    /// Where its panes are; see [`State::pane_rects`].
    #[must_use]
    pub fn arrange(&self, options: ArrangeOptions) -> Arrangement {
        let whole = self.size.at_least_one().to_rect();
        match self.zoomed {
            Some(pane) => Arrangement::whole(pane, whole),
            None => self.layout.arrange(self.layout_area(options)),
        }
    }

    /// The panes in layout order.
    #[must_use]
    pub fn panes(&self) -> Vec<PaneId> {
        self.layout.panes()
    }

    /// The place of `pane` in layout order, from 0. Clients add their `pane-base-index`.
    #[must_use]
    pub fn index_of(&self, pane: PaneId) -> Option<usize> {
        self.panes().iter().position(|here| *here == pane)
    }

    /// How recently `pane` was active: the active one highest, 0 for never. For [`Layout::neighbour`].
    #[must_use]
    pub fn recency(&self, pane: PaneId) -> u64 {
        if pane == self.active {
            return u64::MAX;
        }
        self.last_panes.iter().position(|last| *last == pane).and_then(|place| u64::try_from(place + 1).ok()).unwrap_or(0)
    }
}

impl Pane {
    /// Whether its program has ended.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.status, PaneStatus::Dead { .. })
    }
}
