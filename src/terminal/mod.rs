//! Bytes to screen: the one interface to a terminal engine, and everything that is said about a screen afterwards.
//!
//! A program in a pane writes bytes; an [`Engine`] turns them into a [`Screen`] of neutral [`Row`]s, into [`Effects`] that leave the screen
//! (replies to queries, titles, bells, clipboard), and into rows that scrolled off its top, which go to the [`history`] store. Engines are
//! replaceable: [`vt100`] adapts the crate of that name. The room is pure: no PTY, no clock, no I/O.

pub mod codec;
pub mod diff;
pub mod effect;
pub mod history;
pub mod keys;
mod raw;
mod reply;
pub mod rewrite;
pub mod row;
mod scan;
pub mod screen;
pub mod vt100;

pub use effect::Effects;
pub use row::{Attrs, Cell, Color, Malformed, Row, Run, Shape, Style, Underline};
pub use screen::{Cursor, CursorShape, Modes, MouseEncoding, MouseTracking, Screen};

use crate::geometry::Size;

/// A terminal emulator: five verbs.
pub trait Engine: Send {
    /// Interprets `bytes`. `at` is the position of the first of them in the pane's output stream, counted from its birth, so that the
    /// answer to a query can be numbered by where the query stood (the same after a replay).
    fn feed(&mut self, bytes: &[u8], at: u64, effects: &mut Effects);

    /// Changes the screen's size; rows that no longer fit go to `effects.scrolled`.
    fn resize(&mut self, size: Size, effects: &mut Effects);

    /// The screen as it is now. Row versions and scroll counts are brought up to date by this call and not by [`Engine::feed`], so a
    /// pane that nobody looks at costs nothing here.
    fn screen(&mut self) -> &Screen;

    /// The whole state, to be given to [`Engine::restore`]; `None` when the engine cannot write it down exactly.
    fn snapshot(&self) -> Option<Vec<u8>>;

    /// Takes up a state that [`Engine::snapshot`] wrote; false (and no change) when it is not one.
    fn restore(&mut self, snapshot: &[u8]) -> bool;

    /// The engine failed on this pane's output and goes on with less than it should show.
    fn degraded(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
