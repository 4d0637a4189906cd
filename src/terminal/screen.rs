//! A screen as others see it: rows with versions, cursor, modes, title.
//!
//! Versions make a client's diff cost what changed: each refresh of the screen has a number, each row remembers the refresh that last changed
//! it, and scrolls are remembered as scrolls for as long as they can be replayed by a client ([`super::diff`]).

use super::row::Row;
use crate::geometry::{Point, Size};

/// The shape of the cursor (DECSCUSR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CursorShape {
    /// The outer terminal's own.
    #[default]
    Default,
    /// Block, blinking or steady.
    Block {
        /// Whether it blinks.
        blink: bool,
    },
    /// Underline.
    Underline {
        /// Whether it blinks.
        blink: bool,
    },
    /// Vertical bar.
    Bar {
        /// Whether it blinks.
        blink: bool,
    },
}

/// Where the cursor is and how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cursor {
    /// Its cell; the column may equal the width while a wrap is pending (clients clamp it).
    pub at: Point,
    /// DECTCEM.
    pub visible: bool,
    /// DECSCUSR.
    pub shape: CursorShape,
}

/// Which mouse events the program asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MouseTracking {
    /// None.
    #[default]
    Off,
    /// Presses only (9).
    Press,
    /// Presses and releases (1000).
    PressRelease,
    /// And motion with a button held (1002).
    ButtonMotion,
    /// And all motion (1003).
    AnyMotion,
}

/// How mouse events are written to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MouseEncoding {
    /// X10 bytes.
    #[default]
    Default,
    /// 1005.
    Utf8,
    /// 1006.
    Sgr,
}

/// Modes that change what keys, pastes and the mouse send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Modes {
    /// The alternate screen is shown.
    pub alternate_screen: bool,
    /// DECCKM.
    pub application_cursor: bool,
    /// DECKPAM.
    pub application_keypad: bool,
    /// 2004.
    pub bracketed_paste: bool,
    /// 1004.
    pub focus_events: bool,
    /// Mouse events wanted.
    pub mouse_tracking: MouseTracking,
    /// Their encoding.
    pub mouse_encoding: MouseEncoding,
}

/// Which columns of a row changed in which version: the newest few changes, older ones folded into one.
///
/// Folding keeps the union of columns and the newer version, so an answer is never too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    spans: [Span; CHANGES_KEPT],
    len: u8,
}

/// Columns `from..to` changed in `version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Span {
    version: u64,
    from: u16,
    to: u16,
}

const CHANGES_KEPT: usize = 4;

impl Changes {
    /// The whole row is new in `version`.
    #[must_use]
    pub fn whole(version: u64) -> Self {
        let mut changes = Self::default();
        changes.add(version, 0, u16::MAX);
        changes
    }

    /// Columns `from..to` changed in `version`, which is not below any added before.
    pub fn add(&mut self, version: u64, from: u16, to: u16) {
        if usize::from(self.len) == CHANGES_KEPT {
            let [first, second, ..] = self.spans;
            self.spans.rotate_left(1);
            self.spans[0] = Span { version: second.version, from: first.from.min(second.from), to: first.to.max(second.to) };
            self.len -= 1;
        }
        if let Some(slot) = self.spans.get_mut(usize::from(self.len)) {
            *slot = Span { version, from, to };
            self.len += 1;
        }
    }

    /// Columns outside of which nothing changed after `version`; `u16::MAX` is the end of the row, whatever its width. `None`: no change.
    #[must_use]
    pub fn since(&self, version: u64) -> Option<(u16, u16)> {
        let spans = self.spans.iter().take(usize::from(self.len)).filter(|span| span.version > version);
        spans
            .fold(None, |all, span| Some(all.map_or((span.from, span.to), |(from, to): (u16, u16)| (from.min(span.from), to.max(span.to)))))
    }
}

/// One row with the version that last changed it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionedRow {
    /// The row.
    pub row: Row,
    /// The screen version in which it last changed.
    pub version: u64,
    /// Which of its columns changed when.
    pub changes: Changes,
}

/// Most cells a screen may have: 1 M (security.md O7).
pub const CELLS_MAX: u32 = 1 << 20;

/// What a pane shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Size in cells; `rows.len()` is its height.
    pub size: Size,
    /// The rows, top first.
    pub rows: Vec<VersionedRow>,
    /// The cursor.
    pub cursor: Cursor,
    /// Modes.
    pub modes: Modes,
    /// The title the program set (OSC 0/2); empty if none.
    pub title: String,
    /// The top row continues the last line of history: that line is `wrapped` and still open.
    pub continued: bool,
    /// Grows by one with each refresh that changed anything; 0 is a screen that never had one.
    pub version: u64,
    /// The version in which the title last changed.
    pub title_version: u64,
    /// The newest whole-screen scrolls: the version in which each happened and by how many rows, oldest first, a bounded list.
    pub scrolls: Vec<(u64, u16)>,
    /// A client with a version below this one cannot be given a diff: the size changed since, or scrolls were forgotten.
    pub diffable_from: u64,
}

/// Scrolls that a screen remembers: more than the frames a client can be behind and still gain from a diff.
const SCROLLS_MAX: usize = 64;

impl Screen {
    /// A blank screen of `size` (at least 1x1) with version 0.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let size = size.at_least_one();
        Self {
            size,
            rows: vec![VersionedRow::default(); usize::from(size.rows)],
            cursor: Cursor { visible: true, ..Cursor::default() },
            modes: Modes::default(),
            title: String::new(),
            continued: false,
            version: 0,
            title_version: 0,
            scrolls: Vec::new(),
            diffable_from: 0,
        }
    }

    /// Whether `other` looks the same: everything but versions and what is remembered for diffs.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        self.size == other.size
            && self.cursor == other.cursor
            && self.modes == other.modes
            && self.title == other.title
            && self.continued == other.continued
            && self.rows.len() == other.rows.len()
            && self.rows.iter().zip(&other.rows).all(|(a, b)| a.row == b.row)
    }

    /// For engines: in `version`, all rows moved up by `count` and blank ones came in below.
    pub fn scroll_up(&mut self, count: u16, version: u64) {
        let count = count.min(self.size.rows);
        if count == 0 {
            return;
        }
        let len = self.rows.len();
        self.rows.rotate_left(usize::from(count).min(len));
        for row in self.rows.iter_mut().skip(len.saturating_sub(usize::from(count))) {
            row.row.clear();
            row.version = version;
            row.changes = Changes::whole(version);
        }
        if self.scrolls.len() == SCROLLS_MAX {
            let (forgotten, _) = self.scrolls.remove(0);
            self.diffable_from = self.diffable_from.max(forgotten);
        }
        self.scrolls.push((version, count));
    }

    /// For engines: in `version`, row `index` became `row`. Nothing happens when it is the same or there is no such row; tells whether it changed.
    pub fn put_row(&mut self, index: usize, row: Row, version: u64) -> bool {
        let Some(slot) = self.rows.get_mut(index) else { return false };
        let Some((from, to)) = slot.row.changed_cols(&row) else { return false };
        slot.row = row;
        slot.version = version;
        slot.changes.add(version, from, to);
        true
    }

    /// For engines: in `version`, the size became `size`; all rows become blank and are to be put again.
    pub fn resize(&mut self, size: Size, version: u64) {
        self.size = size.at_least_one();
        self.rows.clear();
        let blank = VersionedRow { row: Row::default(), version, changes: Changes::whole(version) };
        self.rows.resize(usize::from(self.size.rows), blank);
        self.scrolls.clear();
        self.diffable_from = version;
    }
}
