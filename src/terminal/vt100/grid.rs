//! The crate under guard: what it is fed, what it tells while it works, and the neutral screen that is made of it.

use super::cells::{refresh_rows, row_of, shape_of};
use super::{Core, Look, side};
use crate::geometry::{Point, Size};
use crate::terminal::effect::Effects;
use crate::terminal::raw::Raw;
use crate::terminal::row::Row;
use crate::terminal::screen::{Modes, MouseEncoding, MouseTracking, Screen};
use ::vt100::{Callbacks, Parser};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Everything but the tokenizer.
pub(super) struct Terminal {
    pub(super) core: Core,
    pub(super) size: Size,
    pub(super) look: Look,
    /// Bytes for the core.
    pub(super) out: Vec<u8>,
    pub(super) screen: Screen,
    /// The size changed since the last refresh.
    pub(super) resized: bool,
    /// Where rows may have changed since the last refresh.
    pub(super) dirty: Dirty,
    pub(super) focus_events: bool,
    /// DECOM.
    pub(super) origin: bool,
    /// G0 and G1 are the line drawing set.
    pub(super) charsets: [bool; 2],
    /// SO: G1 is in use.
    pub(super) shifted: bool,
    pub(super) title: String,
    pub(super) titles: Vec<String>,
    pub(super) panics: u32,
    /// Rows that had left the screen when the crate panicked.
    pub(super) rescued: Vec<Row>,
}

/// Which rows may differ from what the last refresh saw. The crate does not tell; this is what can be known from outside, and it makes the echo of a
/// key cost one row's comparison instead of the screen's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dirty {
    Nowhere,
    /// Columns `from..to` of a row.
    Cells {
        row: u16,
        from: u16,
        to: u16,
    },
    Row(u16),
    Everywhere,
}

impl Dirty {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nowhere, other) => other,
            (this, Self::Nowhere) => this,
            (Self::Cells { row, from, to }, Self::Cells { row: other, from: from2, to: to2 }) if row == other => {
                Self::Cells { row, from: from.min(from2), to: to.max(to2) }
            }
            (Self::Row(a) | Self::Cells { row: a, .. }, Self::Row(b) | Self::Cells { row: b, .. }) if a == b => Self::Row(a),
            _ => Self::Everywhere,
        }
    }
}

/// What the crate tells while it works.
#[derive(Default)]
pub(super) struct Watch {
    /// Rows that left the main screen.
    pub(super) scrolled: Vec<Row>,
    /// Rows that left either screen at its top since the last refresh.
    scrolls: usize,
    /// The row that last left the main screen goes on in its top row.
    pub(super) continued: bool,
    /// Blank rows are not worth keeping: a program scrolls by a count.
    pub(super) drop_blank: bool,
    bell: bool,
    text: String,
}

impl Callbacks for Watch {
    fn audible_bell(&mut self, _: &mut ::vt100::Screen) {
        self.bell = true;
    }

    fn on_scroll(&mut self, contents: ::vt100::capture::RowContents<'_>, alternate_screen: bool) {
        self.scrolls = self.scrolls.saturating_add(1);
        if alternate_screen {
            return;
        }
        self.text.clear();
        let mut state = ::vt100::capture::BasicFormattedCaptureState::new();
        // Writing to a String does not fail.
        let _ = contents.write_formatted_basic(&mut self.text, &mut state);
        // Whether the row was wrapped shows only in whether a line break would come before the next one.
        let mut first = FirstChar(None);
        let _ = contents.write_formatted_basic(&mut first, &mut state);
        let row = row_of(&self.text, first.0 != Some('\n'));
        self.continued = row.wrapped;
        if !(self.drop_blank && row.is_empty()) {
            self.scrolled.push(row);
        }
    }
}

/// Takes one character and refuses the rest.
struct FirstChar(Option<char>);

impl std::fmt::Write for FirstChar {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 = text.chars().next();
        if self.0.is_some() { Err(std::fmt::Error) } else { Ok(()) }
    }
}

impl Terminal {
    /// Lets `act` use the grid; a panic ends its use.
    fn guarded(&mut self, act: impl FnOnce(&mut Parser<Watch>)) {
        let Core::Grid(parser) = &mut self.core else { return };
        if catch_unwind(AssertUnwindSafe(|| act(parser))).is_err() {
            self.give_up();
        }
    }

    /// Goes over to the raw view. What had scrolled off before the panic is kept.
    pub(super) fn give_up(&mut self) {
        self.panics = self.panics.saturating_add(1);
        self.origin = false;
        if let Core::Grid(mut parser) = std::mem::replace(&mut self.core, Core::Raw(Raw::new(self.size))) {
            self.rescued.append(&mut parser.callbacks_mut().scrolled);
        }
    }

    /// Hands what was gathered to the core and collects what came of it.
    pub(super) fn work_off(&mut self, effects: &mut Effects) {
        if self.out.is_empty() {
            return;
        }
        let out = std::mem::take(&mut self.out);
        let mut dirty = Dirty::Everywhere;
        self.guarded(|parser| {
            let (row, col) = parser.screen().cursor_position();
            let width = parser.screen().size().1.get();
            let stays = columns_in_row(&out, col).is_some_and(|cols| usize::from(col) + cols < usize::from(width));
            let cells = if stays { cells_written(&out, col) } else { None };
            parser.process(&out);
            let after = parser.screen().cursor_position();
            match cells {
                // Half of a wide character may have stood left or right of them.
                Some((from, to, end)) if after == (row, end) => {
                    dirty = Dirty::Cells { row, from: from.saturating_sub(1), to: to.saturating_add(1).min(width) };
                }
                _ if stays && after.0 == row => dirty = Dirty::Row(row),
                _ => {}
            }
        });
        self.dirty = self.dirty.and(dirty);
        self.out = out;
        self.out.clear();
        self.collect(effects);
    }

    fn collect(&mut self, effects: &mut Effects) {
        effects.scrolled.append(&mut self.rescued);
        if let Core::Grid(parser) = &mut self.core {
            let watch = parser.callbacks_mut();
            effects.scrolled.append(&mut watch.scrolled);
            effects.bell |= std::mem::take(&mut watch.bell);
        }
    }

    /// Begins a fresh screen with the crate if the raw view is on.
    pub(super) fn revive(&mut self) {
        if matches!(self.core, Core::Raw(_)) {
            self.core = Core::new(self.size);
            self.dirty = Dirty::Everywhere;
        }
    }

    /// The crate is not to make up for rows it has given away; see the module.
    pub(super) fn forget_scrollback(&mut self) {
        self.guarded(|parser| parser.screen_mut().clear_scrollback());
    }

    pub(super) fn resize(&mut self, size: Size, effects: &mut Effects) {
        if size == self.size {
            return;
        }
        self.work_off(effects);
        self.size = size;
        self.resized = true;
        if let Core::Raw(raw) = &mut self.core {
            raw.resize(size, &mut effects.scrolled);
            return;
        }
        self.forget_scrollback();
        self.guarded(|parser| parser.set_size(side(size.rows), side(size.cols)));
        self.forget_scrollback();
        self.collect(effects);
    }

    /// Brings the neutral screen up to date.
    pub(super) fn refresh(&mut self) {
        let version = self.screen.version + 1;
        let mut changed = std::mem::take(&mut self.resized);
        let mut dirty = std::mem::replace(&mut self.dirty, Dirty::Nowhere);
        if changed {
            self.screen.resize(self.size, version);
            dirty = Dirty::Everywhere;
        }
        match &mut self.core {
            Core::Grid(parser) => {
                let scrolls = std::mem::take(&mut parser.callbacks_mut().scrolls);
                let grid = parser.screen();
                let read = || {
                    let mut changed = changed;
                    refresh_rows(&mut self.screen, grid, dirty, scrolls, version, &mut changed);
                    changed
                };
                match catch_unwind(AssertUnwindSafe(read)) {
                    Ok(rows_changed) => changed = rows_changed,
                    // Reading cells has never been seen to panic; if it does, what is on the screen stays until there is a raw view.
                    Err(_) => {
                        self.give_up();
                        return self.refresh();
                    }
                }
            }
            Core::Raw(raw) => changed |= raw.refresh(&mut self.screen, version),
        }
        changed |= self.refresh_state();
        if self.screen.title != self.title {
            self.screen.title.clone_from(&self.title);
            self.screen.title_version = version;
            changed = true;
        }
        if changed {
            self.screen.version = version;
        }
    }

    /// Brings cursor and modes up to date; tells whether they changed.
    pub(super) fn refresh_state(&mut self) -> bool {
        let mut cursor = self.screen.cursor;
        let mut modes = Modes { focus_events: self.focus_events, ..Modes::default() };
        let mut continued = false;
        match &self.core {
            Core::Grid(parser) => {
                let grid = parser.screen();
                let (row, col) = grid.cursor_position();
                cursor.at = Point { col, row };
                cursor.visible = !grid.hide_cursor();
                cursor.shape = shape_of(grid.cursor_style());
                modes.alternate_screen = grid.alternate_screen();
                modes.application_cursor = grid.application_cursor();
                modes.application_keypad = grid.application_keypad();
                modes.bracketed_paste = grid.bracketed_paste();
                modes.mouse_tracking = match grid.mouse_protocol_mode() {
                    ::vt100::MouseProtocolMode::None => MouseTracking::Off,
                    ::vt100::MouseProtocolMode::Press => MouseTracking::Press,
                    ::vt100::MouseProtocolMode::PressRelease => MouseTracking::PressRelease,
                    ::vt100::MouseProtocolMode::ButtonMotion => MouseTracking::ButtonMotion,
                    ::vt100::MouseProtocolMode::AnyMotion => MouseTracking::AnyMotion,
                };
                modes.mouse_encoding = match grid.mouse_protocol_encoding() {
                    ::vt100::MouseProtocolEncoding::Default => MouseEncoding::Default,
                    ::vt100::MouseProtocolEncoding::Utf8 => MouseEncoding::Utf8,
                    ::vt100::MouseProtocolEncoding::Sgr => MouseEncoding::Sgr,
                };
                continued = parser.callbacks().continued && !modes.alternate_screen;
            }
            Core::Raw(raw) => {
                cursor.at = raw.cursor();
                cursor.visible = true;
            }
        }
        let changed = (cursor, modes, continued) != (self.screen.cursor, self.screen.modes, self.screen.continued);
        (self.screen.cursor, self.screen.modes, self.screen.continued) = (cursor, modes, continued);
        changed
    }
}

/// The columns that `out` writes to, `from..to`, and where it leaves the cursor, if it is ASCII text, CR and BS alone: what a terminal echoes. Only for what
/// certainly stays in its row.
fn cells_written(out: &[u8], col: u16) -> Option<(u16, u16, u16)> {
    let (mut from, mut to, mut at) = (col, col, col);
    for byte in out {
        match byte {
            0x20..=0x7e => {
                from = from.min(at);
                at = at.checked_add(1)?;
                to = to.max(at);
            }
            0x08 => at = at.saturating_sub(1),
            b'\r' => at = 0,
            _ => return None,
        }
    }
    Some((from, to, at))
}

/// How many columns at most `out` moves the cursor on, if it is text and sequences that change nothing outside the cursor's row: printable characters (a
/// byte is a column at most), CR, BS, SGR, EL, ECH, ICH, DCH, cursor left, and showing or hiding the cursor. `None`: it may do anything.
///
/// `col` is where the cursor begins. In the first column a combining character would go to the end of the row above.
fn columns_in_row(out: &[u8], col: u16) -> Option<usize> {
    let mut cols = 0;
    let mut first_column = col == 0;
    let mut rest = out;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            0x80.. if first_column => return None,
            0x20..=0x7e | 0x80.. => {
                cols += 1;
                first_column = false;
            }
            b'\r' | 0x08 => first_column = true,
            0x1b => {
                let body = behind.strip_prefix(b"[")?;
                let (hides, body) = body.strip_prefix(b"?25").map_or((false, body), |body| (true, body));
                let end = body.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';'))?;
                match body.get(end)? {
                    b'h' | b'l' if hides && end == 0 => {}
                    b'm' | b'K' | b'X' | b'@' | b'P' if !hides => {}
                    b'D' if !hides => first_column = true,
                    _ => return None,
                }
                rest = body.get(end + 1..)?;
            }
            _ => return None,
        }
    }
    Some(cols)
}
