//! The engine on crate `vt100` 0.18: the only folder that names it.
//!
//! `feed` takes the sequences apart, `grid` holds the crate under guard, `cells` reads its rows.
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

mod cells;
mod feed;
mod grid;

use super::Engine;
use super::effect::Effects;
use super::raw::Raw;
pub use super::reply::Look;
use super::scan::Scanner;
use super::screen::{CELLS_MAX, Screen};
use crate::geometry::Size;
use ::vt100::Parser;
use feed::Feed;
use grid::{Dirty, Terminal, Watch};
use std::num::NonZeroU16;

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
