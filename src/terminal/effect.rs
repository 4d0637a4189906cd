//! What a program's output causes beyond its screen. Everything here comes from an untrusted program: texts are capped and free of control
//! characters (security.md O5), and it is the server that decides what becomes of each.

use super::row::Row;

/// Longest title, working directory or notification kept, in bytes.
pub const TEXT_MAX_BYTES: usize = 1024;
/// Largest clipboard write kept, in bytes of decoded data.
pub const CLIPBOARD_MAX_BYTES: usize = 1024 * 1024;

/// An answer to a terminal query, to be written to the pane that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Where in the pane's output stream the query began, plus one: strictly growing, the same whenever the same stream is fed again.
    pub seq: u64,
    /// Fixed-format bytes, never text that a program chose.
    pub bytes: Vec<u8>,
}

/// What left the screen since the effects were last taken.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Rows that scrolled off the top of the main screen, oldest first.
    pub scrolled: Vec<Row>,
    /// The scrollback is to be cleared (ED 3).
    pub clear_history: bool,
    /// Answers to queries, in order.
    pub replies: Vec<Reply>,
    /// The newest title (OSC 0/2), if it was set.
    pub title: Option<String>,
    /// The newest working directory (OSC 7), if it was reported.
    pub cwd: Option<String>,
    /// BEL was rung.
    pub bell: bool,
    /// The newest clipboard write (OSC 52), decoded.
    pub clipboard: Option<Vec<u8>>,
    /// The newest desktop notification (OSC 9, 777, 99): title and body.
    pub notification: Option<(String, String)>,
    /// Sequences the engine did not know.
    pub unknown: u64,
}
