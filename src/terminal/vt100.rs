//! The engine on crate `vt100` 0.18: the only file that names it.
//!
//! ```text
//! bytes ─► scan ─► text, controls ────────────────► out ─► vt100 ─► on_scroll ─► scrolled rows
//!               ├► CSI, ESC: passed, rewritten ───► out        └──► cells ─► Screen, when asked
//!               ├► queries: out is worked off, answered here
//!               └► OSC, DCS: handled here, vt100 never sees them
//! ```
//!
//! The crate is left with what it does well, the grid. What it does not know and can be said in what it knows is rewritten: SGR with
//! colons, underline kinds and underline colours, saved cursors by `CSI s`, 1047 and 1048, IND and NEL, line drawing characters, soft reset.
//! Repeat counts are clamped to the screen's width, for they cost by the count. Tab stops, insert mode, autowrap off, left and right margins,
//! strike, blink and links are beyond it.
//!
//! It keeps no scrollback: rows come out by its callback as they leave the main screen. It also remembers how many those were in order to
//! put as many *blank* rows on top when it grows; it is made to forget them at once.
//!
//! **Panics.** A few inputs make the crate panic, even at 80x24. Each call runs under `catch_unwind`; after a panic the pane is shown by
//! [`Raw`] ([`Vt100::degraded`]) until the program begins a fresh screen, by a reset (RIS) or by switching to or from the alternate screen.
//! Replies and titles do not depend on the crate and go on. `panic = "abort"` would undo this.

use super::Engine;
use super::effect::{Effects, Reply};
use super::raw::Raw;
use super::reply;
pub use super::reply::Look;
use super::rewrite::{clean, clipboard, directory, line_drawing, sgr};
use super::row::{Attrs, Color, Row, Style, Underline};
use super::scan::{Csi, Scanner, Sink};
use super::screen::{CELLS_MAX, CursorShape, Modes, MouseEncoding, MouseTracking, Screen};
use crate::geometry::{Point, Size};
use ::vt100::{Callbacks, Parser};
use std::fmt::Write as _;
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Bytes for the crate that are gathered before it is called.
const OUT_MAX_BYTES: usize = 16 * 1024;
/// Titles that a program can push.
const TITLES_MAX: usize = 16;

/// See the module.
pub struct Vt100 {
    scanner: Scanner,
    terminal: Terminal,
}

impl Vt100 {
    /// A blank terminal of `size`, which is made at least 1x1 and at most [`CELLS_MAX`] cells.
    #[must_use]
    pub fn new(size: Size, look: Look) -> Self {
        let size = bounded(size);
        Self {
            scanner: Scanner::default(),
            terminal: Terminal {
                core: Core::new(size),
                size,
                look,
                out: Vec::new(),
                screen: Screen::new(size),
                // The first refresh has version 1 also if nothing was printed: 0 is what a client has that has nothing.
                resized: true,
                dirty: Dirty::Everywhere,
                focus_events: false,
                origin: false,
                charsets: [false; 2],
                shifted: false,
                title: String::new(),
                titles: Vec::new(),
                panics: 0,
                rescued: Vec::new(),
            },
        }
    }

    /// The crate panicked on this pane's output, and only plain text is shown for now.
    #[must_use]
    pub const fn degraded(&self) -> bool {
        matches!(self.terminal.core, Core::Raw(_))
    }

    /// How often the crate panicked on this pane's output.
    #[must_use]
    pub const fn panics(&self) -> u32 {
        self.terminal.panics
    }

    /// Does what a panic of the crate would.
    #[cfg(test)]
    pub(super) fn give_up(&mut self) {
        self.terminal.give_up();
    }

    /// Changes what programs are told from now on.
    pub fn set_look(&mut self, look: Look) {
        self.terminal.look = look;
    }
}

impl Engine for Vt100 {
    fn feed(&mut self, bytes: &[u8], at: u64, effects: &mut Effects) {
        let mut feed = Feed { terminal: &mut self.terminal, effects };
        self.scanner.feed(bytes, at, &mut feed);
        feed.work_off();
    }

    fn resize(&mut self, size: Size, effects: &mut Effects) {
        self.terminal.resize(bounded(size), effects);
    }

    fn screen(&mut self) -> &Screen {
        self.terminal.refresh();
        &self.terminal.screen
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, _snapshot: &[u8]) -> bool {
        false
    }

    fn degraded(&self) -> bool {
        Self::degraded(self)
    }
}

/// `size` with at least one and at most [`CELLS_MAX`] cells.
fn bounded(size: Size) -> Size {
    let size = size.at_least_one();
    let rows_max = u16::try_from(CELLS_MAX / u32::from(size.cols)).unwrap_or(u16::MAX).max(1);
    Size::new(size.cols, size.rows.min(rows_max))
}

/// What interprets the grid's part of the output.
enum Core {
    Grid(Box<Parser<Watch>>),
    Raw(Raw),
}

impl Core {
    fn new(size: Size) -> Self {
        Self::Grid(Box::new(Parser::new_with_callbacks(side(size.rows), side(size.cols), 0, Watch::default())))
    }
}

fn side(length: u16) -> NonZeroU16 {
    NonZeroU16::new(length).unwrap_or(NonZeroU16::MIN)
}

/// Everything but the tokenizer.
struct Terminal {
    core: Core,
    size: Size,
    look: Look,
    /// Bytes for the core.
    out: Vec<u8>,
    screen: Screen,
    /// The size changed since the last refresh.
    resized: bool,
    /// Where rows may have changed since the last refresh.
    dirty: Dirty,
    focus_events: bool,
    /// DECOM.
    origin: bool,
    /// G0 and G1 are the line drawing set.
    charsets: [bool; 2],
    /// SO: G1 is in use.
    shifted: bool,
    title: String,
    titles: Vec<String>,
    panics: u32,
    /// Rows that had left the screen when the crate panicked.
    rescued: Vec<Row>,
}

/// Which rows may differ from what the last refresh saw. The crate does not tell; this is what can be known from outside, and it makes the echo of a
/// key cost one row's comparison instead of the screen's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dirty {
    Nowhere,
    Row(u16),
    Everywhere,
}

impl Dirty {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nowhere, other) => other,
            (this, Self::Nowhere) => this,
            (Self::Row(a), Self::Row(b)) if a == b => self,
            _ => Self::Everywhere,
        }
    }
}

/// What the crate tells while it works.
#[derive(Default)]
struct Watch {
    /// Rows that left the main screen.
    scrolled: Vec<Row>,
    /// Rows that left either screen at its top since the last refresh.
    scrolls: usize,
    /// The row that last left the main screen goes on in its top row.
    continued: bool,
    /// Blank rows are not worth keeping: a program scrolls by a count.
    drop_blank: bool,
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
    fn give_up(&mut self) {
        self.panics = self.panics.saturating_add(1);
        self.origin = false;
        if let Core::Grid(mut parser) = std::mem::replace(&mut self.core, Core::Raw(Raw::new(self.size))) {
            self.rescued.append(&mut parser.callbacks_mut().scrolled);
        }
    }

    /// Hands what was gathered to the core and collects what came of it.
    fn work_off(&mut self, effects: &mut Effects) {
        if self.out.is_empty() {
            return;
        }
        let out = std::mem::take(&mut self.out);
        let mut dirty = Dirty::Everywhere;
        self.guarded(|parser| {
            let (row, col) = parser.screen().cursor_position();
            let stays = columns_in_row(&out, col).is_some_and(|cols| usize::from(col) + cols < usize::from(parser.screen().size().1.get()));
            parser.process(&out);
            if stays && parser.screen().cursor_position().0 == row {
                dirty = Dirty::Row(row);
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
    fn revive(&mut self) {
        if matches!(self.core, Core::Raw(_)) {
            self.core = Core::new(self.size);
            self.dirty = Dirty::Everywhere;
        }
    }

    /// The crate is not to make up for rows it has given away; see the module.
    fn forget_scrollback(&mut self) {
        self.guarded(|parser| parser.screen_mut().clear_scrollback());
    }

    fn resize(&mut self, size: Size, effects: &mut Effects) {
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
    fn refresh(&mut self) {
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
    fn refresh_state(&mut self) -> bool {
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

/// One call of [`Engine::feed`].
struct Feed<'a> {
    terminal: &'a mut Terminal,
    effects: &'a mut Effects,
}

impl Feed<'_> {
    fn work_off(&mut self) {
        self.terminal.work_off(self.effects);
    }

    fn pass(&mut self, bytes: &[u8]) {
        match &mut self.terminal.core {
            Core::Grid(_) => {
                self.terminal.out.extend_from_slice(bytes);
                if self.terminal.out.len() >= OUT_MAX_BYTES {
                    self.work_off();
                }
            }
            // Of what is passed on, plain text alone is for the raw view.
            Core::Raw(raw) if !bytes.contains(&0x1b) => {
                self.effects.bell |= bytes.contains(&0x07);
                raw.text(bytes, &mut self.effects.scrolled);
            }
            Core::Raw(_) => {}
        }
    }

    /// Passes text on, without the variation selectors that would make a cell too wide for its row: all of the crate's known panics come of
    /// its making room for those.
    fn characters(&mut self, text: &[u8]) {
        const WIDER: &[u8] = "\u{fe0f}".as_bytes();
        let mut rest = text;
        while let Some(at) = memchr::memmem::find(rest, WIDER) {
            self.pass(rest.get(..at).unwrap_or_default());
            self.work_off();
            let fits = match &self.terminal.core {
                Core::Grid(parser) => parser.screen().cursor_position().1 < self.terminal.size.cols,
                Core::Raw(_) => false,
            };
            if fits {
                self.pass(WIDER);
            }
            rest = rest.get(at + WIDER.len()..).unwrap_or_default();
        }
        if !rest.is_empty() {
            self.pass(rest);
        }
    }

    fn pass_csi(&mut self, csi: Csi<'_>) {
        if matches!(self.terminal.core, Core::Grid(_)) {
            self.terminal.out.extend_from_slice(b"\x1b[");
            self.terminal.out.extend_from_slice(csi.body);
            self.terminal.out.push(csi.last);
        }
    }

    fn pass_counted(&mut self, count: u16, last: char) {
        self.pass(format!("\x1b[{count}{last}").as_bytes());
    }

    fn reply(&mut self, at: u64, bytes: impl Into<String>) {
        let bytes = bytes.into().into_bytes();
        if !bytes.is_empty() {
            self.effects.replies.push(Reply { seq: at.saturating_add(1), bytes });
        }
    }

    /// The screen's state but not its rows, as it is at this point of the stream.
    fn now(&mut self) -> &Screen {
        self.work_off();
        // A client's version must not pass by a change that only a query has seen.
        if self.terminal.refresh_state() {
            self.terminal.screen.version += 1;
        }
        &self.terminal.screen
    }

    fn private_modes(&mut self, csi: Csi<'_>) {
        let set = csi.last == b'h';
        for mode in csi.params() {
            let Some(mode) = super::scan::number(mode) else { continue };
            match mode {
                47 | 1047 | 1049 => self.switch_screen(mode, set),
                1048 => self.pass(if set { b"\x1b7" } else { b"\x1b8" }),
                1004 => self.terminal.focus_events = set,
                1 | 6 | 9 | 25 | 1000 | 1002 | 1003 | 1005 | 1006 | 2004 => {
                    if mode == 6 {
                        self.terminal.origin = set;
                    }
                    self.pass(format!("\x1b[?{mode}{}", char::from(csi.last)).as_bytes());
                }
                _ => self.effects.unknown += 1,
            }
        }
    }

    fn switch_screen(&mut self, mode: u16, set: bool) {
        self.work_off();
        self.terminal.revive();
        let alternate = matches!(&self.terminal.core, Core::Grid(parser) if parser.screen().alternate_screen());
        if alternate == set && mode != 1049 {
            return;
        }
        self.terminal.forget_scrollback();
        self.pass(match (mode, set) {
            (1049, true) if alternate => b"\x1b[2J",
            (1049, true) => b"\x1b[?1049h",
            (1049, false) if !alternate => b"\x1b8",
            (1049, false) => b"\x1b[?1049l",
            (1047, false) => b"\x1b[2J\x1b[?47l",
            (_, true) => b"\x1b[?47h",
            (_, false) => b"\x1b[?47l",
        });
    }

    fn window(&mut self, csi: Csi<'_>, at: u64) {
        match csi.number(0) {
            Some(22) if self.terminal.titles.len() < TITLES_MAX => self.terminal.titles.push(self.terminal.title.clone()),
            Some(23) => {
                if let Some(title) = self.terminal.titles.pop() {
                    self.set_title(title);
                }
            }
            Some(operation) => {
                let reply = reply::window(operation, self.terminal.size, &self.terminal.look);
                self.reply(at, reply.unwrap_or_default());
            }
            None => {}
        }
    }

    fn set_title(&mut self, title: String) {
        self.terminal.title.clone_from(&title);
        self.effects.title = Some(title);
    }

    fn soft_reset(&mut self) {
        self.terminal.origin = false;
        self.terminal.charsets = [false; 2];
        self.terminal.shifted = false;
        self.pass(b"\x1b7\x1b[?6l\x1b[r\x1b8\x1b[?6l\x1b[m\x1b[?25h\x1b[?1l\x1b>");
    }
}

impl Sink for Feed<'_> {
    fn text(&mut self, bytes: &[u8]) {
        // A character that an escape cut off is not shown (the crate has no way to), and must not be completed by what comes behind the escape.
        let (mut rest, _) = bytes.split_at(bytes.len() - super::scan::partial_char(bytes));
        while !rest.is_empty() {
            let end = memchr::memchr2(0x0e, 0x0f, rest).unwrap_or(rest.len());
            let (text, shift) = rest.split_at(end);
            if self.terminal.charsets[usize::from(self.terminal.shifted)] {
                self.characters(&line_drawing(text));
            } else if !text.is_empty() {
                self.characters(text);
            }
            if let Some(shift) = shift.first() {
                self.terminal.shifted = *shift == 0x0e;
            }
            rest = shift.get(1..).unwrap_or_default();
        }
    }

    fn control(&mut self, byte: u8) {
        self.text(&[byte]);
    }

    fn escape(&mut self, intermediates: &[u8], last: u8, at: u64) {
        match (intermediates, last) {
            ([], b'7' | b'8' | b'=' | b'>' | b'M') => self.pass(&[0x1b, last]),
            ([], b'D') => self.pass(b"\n"),
            ([], b'E') => self.pass(b"\r\n"),
            ([], b'Z') => self.reply(at, reply::PRIMARY_ATTRIBUTES),
            ([], b'c') => {
                self.work_off();
                self.terminal.revive();
                self.terminal.focus_events = false;
                self.terminal.origin = false;
                self.terminal.charsets = [false; 2];
                self.terminal.shifted = false;
                self.pass(b"\x1bc");
            }
            ([b'('], set) => self.terminal.charsets[0] = set == b'0',
            ([b')'], set) => self.terminal.charsets[1] = set == b'0',
            ([], b'\\') => {}
            _ => self.effects.unknown += 1,
        }
    }

    fn csi(&mut self, csi: Csi<'_>, at: u64) {
        match (csi.private(), csi.intermediates(), csi.last) {
            (None, [], b'm') => sgr(csi, |bytes| self.pass(bytes)),
            (None, [], b'b') => self.pass_counted(csi.count(0, 1).min(self.terminal.size.cols), 'b'),
            (None, [], b'J') if csi.number(0) == Some(3) => {
                self.work_off();
                self.effects.scrolled.clear();
                self.effects.clear_history = true;
                if let Core::Grid(parser) = &mut self.terminal.core {
                    parser.callbacks_mut().continued = false;
                }
            }
            (None | Some(b'?'), [], b'J' | b'K')
            | (None, [], b'@' | b'A'..=b'H' | b'L' | b'M' | b'P' | b'X' | b'`' | b'd' | b'f' | b'r')
            | (None, b" ", b'q') => self.pass_csi(csi),
            (None, [], b'T') if csi.params().count() == 1 => self.pass_csi(csi),
            (None, [], b'S') => {
                // Eight bytes can scroll a whole screen: the blank rows that come of doing so again and again are not kept.
                self.work_off();
                self.watch(|watch| watch.drop_blank = true);
                self.pass_csi(csi);
                self.work_off();
                self.watch(|watch| watch.drop_blank = false);
            }
            (None, [], b'a') => self.pass_counted(csi.count(0, 1), 'C'),
            (None, [], b'e') => self.pass_counted(csi.count(0, 1), 'B'),
            (None, [], b'I') => {
                let tabs = csi.count(0, 1).min(self.terminal.size.cols / 8 + 1);
                self.pass(&vec![b'\t'; usize::from(tabs)]);
            }
            (None, [], b'Z') => {
                let col = self.now().cursor.at.col.min(self.terminal.size.cols);
                let stops = csi.count(0, 1).saturating_sub(1).saturating_mul(8);
                self.pass_counted((col.saturating_sub(1) / 8 * 8).saturating_sub(stops) + 1, 'G');
            }
            (None, [], b's') if csi.body.is_empty() => self.pass(b"\x1b7"),
            (None, [], b'u') => self.pass(b"\x1b8"),
            (None, [], b't') => self.window(csi, at),
            (None, b"!", b'p') => self.soft_reset(),
            (Some(b'?'), [], b'h' | b'l') => self.private_modes(csi),
            (None, [], b'c') if csi.count(0, 0) == 0 => self.reply(at, reply::PRIMARY_ATTRIBUTES),
            (Some(b'>'), [], b'c') if csi.count(0, 0) == 0 => self.reply(at, reply::SECONDARY_ATTRIBUTES),
            (Some(b'='), [], b'c') if csi.count(0, 0) == 0 => self.reply(at, reply::TERTIARY_ATTRIBUTES),
            (Some(b'>'), [], b'q') if csi.count(0, 0) == 0 => self.reply(at, reply::version()),
            (Some(b'?'), [], b'u') => self.reply(at, reply::KITTY_KEYBOARD),
            (None, [], b'n') if csi.number(0) == Some(5) => self.reply(at, reply::STATUS_OK),
            (None | Some(b'?'), [], b'n') if csi.number(0) == Some(6) => {
                let size = self.terminal.size;
                let position = reply::cursor_position(self.now().cursor.at, size, csi.private().is_some());
                self.reply(at, position);
            }
            (Some(b'?'), [], b'n') if csi.number(0) == Some(996) => self.reply(at, reply::color_scheme(&self.terminal.look)),
            (None, b"$", b'p') => self.reply(at, reply::ansi_mode(csi.count(0, 0))),
            (Some(b'?'), b"$", b'p') => {
                let origin = self.terminal.origin;
                let state = reply::private_mode(csi.count(0, 0), self.now(), origin);
                self.reply(at, state);
            }
            _ => self.effects.unknown += 1,
        }
    }

    fn osc(&mut self, body: &[u8], bell: bool, at: u64) {
        let (number, value) = body.iter().position(|byte| *byte == b';').map_or((body, &[][..]), |end| (&body[..end], &body[end + 1..]));
        match number {
            b"0" | b"2" => self.set_title(clean(value)),
            b"1" | b"133" => {}
            b"4" | b"10" | b"11" | b"12" => {
                let answer = reply::colors(body, bell, &self.terminal.look);
                self.reply(at, answer);
            }
            b"7" => self.effects.cwd = directory(value).or(self.effects.cwd.take()),
            b"52" => self.effects.clipboard = clipboard(value).or(self.effects.clipboard.take()),
            // `9;4;...` is progress, `9;9;...` a directory: numbers are not notifications.
            b"9" if !matches!(value, [b'0'..=b'9', b';', ..]) && !value.is_empty() => {
                self.effects.notification = Some((String::new(), clean(value)));
            }
            b"777" => {
                let mut parts = value.splitn(3, |byte| *byte == b';');
                if let (Some(b"notify"), Some(title), body) = (parts.next(), parts.next(), parts.next()) {
                    self.effects.notification = Some((clean(title), clean(body.unwrap_or_default())));
                }
            }
            _ => self.effects.unknown += 1,
        }
    }

    fn dcs(&mut self, body: &[u8], at: u64) {
        if let Some(setting) = body.strip_prefix(b"$q") {
            let screen = self.now();
            let answer = match setting {
                b" q" => reply::cursor_style(screen.cursor.shape),
                b"m" => reply::attributes(&self.pen()),
                _ => reply::SETTING_UNKNOWN.to_owned(),
            };
            self.reply(at, answer);
        } else if body.starts_with(b"+q") {
            self.reply(at, reply::CAPABILITY_UNKNOWN);
        } else {
            self.effects.unknown += 1;
        }
    }

    fn ignored(&mut self) {
        self.effects.unknown += 1;
    }
}

impl Feed<'_> {
    fn watch(&mut self, act: impl FnOnce(&mut Watch)) {
        if let Core::Grid(parser) = &mut self.terminal.core {
            act(parser.callbacks_mut());
        }
    }

    /// The attributes of what is written next, as SGR parameters.
    fn pen(&self) -> String {
        let mut out = String::from("0");
        let Core::Grid(parser) = &self.terminal.core else { return out };
        let screen = parser.screen();
        for (on, parameter) in
            [(screen.bold(), ";1"), (screen.dim(), ";2"), (screen.italic(), ";3"), (screen.underline(), ";4"), (screen.inverse(), ";7")]
        {
            if on {
                out.push_str(parameter);
            }
        }
        for (color, base) in [(screen.fgcolor(), 38), (screen.bgcolor(), 48)] {
            // Writing to a String does not fail.
            let _ = match color {
                ::vt100::Color::Default => Ok(()),
                ::vt100::Color::Idx(index) => write!(out, ";{base};5;{index}"),
                ::vt100::Color::Rgb(r, g, b) => write!(out, ";{base};2;{r};{g};{b}"),
            };
        }
        out
    }
}

/// The cursor's shape.
const fn shape_of(style: ::vt100::CursorStyle) -> CursorShape {
    match style {
        ::vt100::CursorStyle::Default => CursorShape::Default,
        ::vt100::CursorStyle::BlinkBlock => CursorShape::Block { blink: true },
        ::vt100::CursorStyle::SteadyBlock => CursorShape::Block { blink: false },
        ::vt100::CursorStyle::BlinkUnderline => CursorShape::Underline { blink: true },
        ::vt100::CursorStyle::SteadyUnderline => CursorShape::Underline { blink: false },
        ::vt100::CursorStyle::BlinkVerticalBar => CursorShape::Bar { blink: true },
        ::vt100::CursorStyle::SteadyVerticalBar => CursorShape::Bar { blink: false },
    }
}

const fn color_of(color: ::vt100::Color) -> Color {
    match color {
        ::vt100::Color::Default => Color::Default,
        ::vt100::Color::Idx(index) => Color::Indexed(index),
        ::vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

/// A cell's style. One that was erased and not written to has its background alone, as in xterm.
fn style_of(cell: &::vt100::Cell) -> Style {
    let bg = color_of(cell.bgcolor());
    if !cell.has_contents() {
        return Style { bg, ..Style::default() };
    }
    let mut attrs = Attrs::default();
    for (on, attr) in
        [(cell.bold(), Attrs::BOLD), (cell.dim(), Attrs::DIM), (cell.italic(), Attrs::ITALIC), (cell.inverse(), Attrs::REVERSE)]
    {
        if on {
            attrs = attrs.with(attr);
        }
    }
    let underline = if cell.underline() { Underline::Single } else { Underline::None };
    Style { fg: color_of(cell.fgcolor()), bg, underline_color: Color::Default, underline, attrs }
}

/// A cell as the neutral row has it, and its width.
fn cell_of(grid: &::vt100::Screen, row: u16, col: u16, cols: u16) -> Option<(&str, u8, Style)> {
    let cell = grid.cell(row, col)?;
    let text = if cell.has_contents() { cell.contents() } else { " " };
    // A wide cell whose second half is gone, or was pushed over the edge, is shown as a blank.
    let wide = cell.is_wide() && col + 1 < cols;
    if cell.is_wide() && !wide { Some((" ", 1, style_of(cell))) } else { Some((text, if wide { 2 } else { 1 }, style_of(cell))) }
}

/// Puts the rows of `grid` that changed into `screen`, after scrolling it if most of it just moved up.
fn refresh_rows(screen: &mut Screen, grid: &::vt100::Screen, dirty: Dirty, scrolls: usize, version: u64, changed: &mut bool) {
    let rows = screen.rows.len();
    let dirty = match dirty {
        _ if scrolls > 0 => 0..rows,
        Dirty::Nowhere => return,
        Dirty::Row(row) => usize::from(row)..usize::from(row) + 1,
        Dirty::Everywhere => 0..rows,
    };
    if scrolls > 0 && scrolls < rows {
        let same = |shift: usize| {
            let shifted = screen.rows.iter().skip(shift);
            (0u16..).zip(shifted).filter(|(index, row)| !row.row.is_empty() && is_row(grid, *index, &row.row)).count()
        };
        if same(scrolls) > same(0) {
            screen.scroll_up(u16::try_from(scrolls).unwrap_or(u16::MAX), version);
            *changed = true;
        }
    }
    for index in dirty {
        let Ok(number) = u16::try_from(index) else { break };
        if screen.rows.get(index).is_some_and(|row| !is_row(grid, number, &row.row)) {
            *changed |= screen.put_row(index, read_row(grid, number), version);
        }
    }
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

/// Whether row `index` of `grid` is `row`.
fn is_row(grid: &::vt100::Screen, index: u16, row: &Row) -> bool {
    let cols = grid.size().1.get();
    if row.wrapped != grid.row_wrapped(index) {
        return false;
    }
    let mut col = 0u16;
    for cell in row.cells() {
        if cell_of(grid, index, col, cols) != Some((cell.text, cell.width, cell.style)) {
            return false;
        }
        col += u16::from(cell.width);
    }
    col == cols || (!row.wrapped && (col..cols).all(|col| cell_of(grid, index, col, cols) == Some((" ", 1, Style::default()))))
}

/// Row `index` of `grid`.
fn read_row(grid: &::vt100::Screen, index: u16) -> Row {
    let cols = grid.size().1.get();
    let mut row = Row { wrapped: grid.row_wrapped(index), ..Row::default() };
    let mut col = 0u16;
    while let Some((text, width, style)) = (col < cols).then(|| cell_of(grid, index, col, cols)).flatten() {
        row.push(text, width, style, 0);
        col += u16::from(width);
    }
    if !row.wrapped {
        row.trim();
    }
    row
}

/// The row that the crate wrote down as `text`: characters and SGR sequences of its own making.
fn row_of(text: &str, wrapped: bool) -> Row {
    let mut row = Row { wrapped, ..Row::default() };
    let mut style = Style::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, escape) = rest.split_at(memchr::memchr(0x1b, rest.as_bytes()).unwrap_or(rest.len()));
        push_text(&mut row, plain, style);
        rest = match escape.strip_prefix("\x1b[").and_then(|escape| escape.split_once('m')) {
            Some((parameters, behind)) => {
                restyle(&mut style, parameters);
                behind
            }
            None => "",
        };
    }
    if !wrapped {
        row.trim();
    }
    row
}

/// Adds characters, with those that have no width to the cell before them.
fn push_text(row: &mut Row, text: &str, style: Style) {
    if text.is_ascii() {
        return row.push_run(text, super::row::Shape::Narrow, style, 0);
    }
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let end = index + c.len_utf8();
        if chars.peek().is_some_and(|(_, next)| next.width() == Some(0)) {
            continue;
        }
        let cell = text.get(start..end).unwrap_or_default();
        // The crate's own rule: a cell is as wide as its first character, unless a variation selector asks for more.
        let first = cell.chars().next().and_then(UnicodeWidthChar::width).unwrap_or(1);
        let wide = first > 1 || (cell.contains('\u{fe0f}') && cell.width() > 1);
        row.push(cell, if wide { 2 } else { 1 }, style, 0);
        start = end;
    }
}

/// Changes `style` by the parameters of an SGR that the crate wrote.
fn restyle(style: &mut Style, parameters: &str) {
    let mut numbers = parameters.split(';').map(|number| number.parse::<u8>().unwrap_or(0));
    while let Some(number) = numbers.next() {
        let set = |attrs: Attrs, attr: Attrs, on: bool| if on { attrs.with(attr) } else { Attrs(attrs.0 & !attr.0) };
        match number {
            0 => *style = Style::default(),
            1 => style.attrs = set(style.attrs, Attrs::DIM, false).with(Attrs::BOLD),
            2 => style.attrs = set(style.attrs, Attrs::BOLD, false).with(Attrs::DIM),
            22 => style.attrs = set(set(style.attrs, Attrs::BOLD, false), Attrs::DIM, false),
            3 | 23 => style.attrs = set(style.attrs, Attrs::ITALIC, number == 3),
            4 => style.underline = Underline::Single,
            24 => style.underline = Underline::None,
            7 | 27 => style.attrs = set(style.attrs, Attrs::REVERSE, number == 7),
            30..=37 => style.fg = Color::Indexed(number - 30),
            40..=47 => style.bg = Color::Indexed(number - 40),
            90..=97 => style.fg = Color::Indexed(number - 82),
            100..=107 => style.bg = Color::Indexed(number - 92),
            39 => style.fg = Color::Default,
            49 => style.bg = Color::Default,
            38 | 48 => {
                let mut next = || numbers.next().unwrap_or(0);
                let color = match next() {
                    5 => Color::Indexed(next()),
                    _ => Color::Rgb(next(), next(), next()),
                };
                if number == 38 {
                    style.fg = color;
                } else {
                    style.bg = color;
                }
            }
            _ => {}
        }
    }
}
