//! What exists: sessions, windows, panes; and how commands change it.
//!
//! ```text
//!   text ──target──► ids ─┐
//!                         ├─ Command ──apply──► State'  +  Outcome (for the asker)  +  Effects (for the server to perform)
//!   what happened ────────┘
//! ```
//!
//! * `state` is the data: plain, comparable, written to memory that outlives the server and read back from there.
//! * `command` is what can be asked for and what comes of it; `apply` (with `sessions`, `windows`, `panes`) does it. A command that fails
//!   has changed nothing. Spurious ones (a pane that exits twice) do no harm.
//! * `target` finds what a text like `work:2.1` or `{last}` means. Exact id, then exact name, then unique prefix; never a guess.
//! * `check` knows every way the data can be wrong, and debug builds ask it after each command.
//!
//! Nothing here knows bytes, sockets, clocks or permission. The server asks its gate first, then applies, then performs the effects, and
//! feeds back what became of them ([`Command::PaneStarted`], [`Command::PaneExited`]). View state (which window a client looks at, its
//! scroll position) is the client's; the *current* window and *active* pane here are what scripts and new viewers get.

#![deny(clippy::disallowed_methods)]

mod apply;
mod check;
mod command;
mod panes;
mod sessions;
mod state;
mod target;
mod windows;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use apply::apply;
pub use check::Broken;
pub use command::{At, Command, CommandError, Dirty, Effect, LayoutChoice, Outcome, Placement, Program, Spawn, Winlink};
pub use state::{
    ArrangeOptions, Cause, ExitStatus, Pane, PaneStatus, RemainOnExit, RestoreError, Session, State, TOMBSTONES_MAX, Tombstone, Window,
};
pub use target::{CANDIDATES_MAX, Context, Place, Target, TargetError};

/// The highest index a window can have in a session, as in tmux.
pub const INDEX_MAX: u32 = i32::MAX.unsigned_abs();

/// Longest name of a session, window, pane or variable, and longest title, in characters. Longer ones are cut.
pub const NAME_MAX: usize = 255;

/// Longest last screen kept in a tombstone, in bytes; of a longer one the end is kept. With [`TOMBSTONES_MAX`] it bounds what the dead
/// cost in the stored state.
pub const LAST_SCREEN_MAX: usize = 8 * 1024;
