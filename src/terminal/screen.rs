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

/// One row with the version that last changed it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionedRow {
    /// The row.
    pub row: Row,
    /// The screen version in which it last changed.
    pub version: u64,
}

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
    /// Grows by one with each refresh that changed anything.
    pub version: u64,
    /// The newest whole-screen scrolls: the version in which each happened and by how many rows, oldest first, a bounded list.
    pub scrolls: Vec<(u64, u16)>,
}
