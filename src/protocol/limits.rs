//! Every limit of the wire in one place, each with its unit and its reason.

/// Largest frame a client may send, in bytes. A key is some ten bytes, the largest honest message is an environment.
pub const CLIENT_FRAME_MAX_BYTES: usize = 256 * 1024;
/// Largest frame a server sends, in bytes: the largest answer, or a part of a screen and one row more.
pub const SERVER_FRAME_MAX_BYTES: usize = 4 * 1024 * 1024;
/// A screen of more bytes is sent in parts, some rows at a time. Where every cell has a character of its own style, 500 columns by 200 rows take
/// 1.5 MB, and 3.6 MB if each carries as many combining characters as a cell can.
pub const SCREEN_PART_BYTES: usize = 1024 * 1024;
/// Largest piece of input in one frame, in bytes; longer pastes are sent in pieces.
pub const INPUT_MAX_BYTES: usize = 16 * 1024;
/// Unacknowledged input a client may have under way, in bytes; the rest of a paste waits in the client.
pub const INPUT_WINDOW_BYTES: usize = 256 * 1024;
/// Requests a client may have unanswered; further ones are not read from its socket until one is answered.
pub const REQUESTS_PENDING_MAX: usize = 64;
/// Bytes of queued messages beyond which a client gets nothing but is marked for a full resynchronisation (security.md P5). Screens are not
/// counted here: of those a client that does not read is sent two a pane.
pub const CLIENT_BACKLOG_MAX_BYTES: usize = 4 * 1024 * 1024;
/// The same for everything queued, screens included: the largest screen there may be ([`SCREEN_CELLS_MAX`] in the worst of styles takes 36 MB) must
/// fit, or its viewer would be resynchronised for ever.
pub const CLIENT_SCREENS_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Connections that have not said hello; one more is refused.
pub const UNGREETED_MAX: usize = 64;
/// Time for the hello, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 5_000;
/// Interval of a client's heartbeat while it waits for something, in milliseconds; an idle client is silent.
pub const HEARTBEAT_MS: u64 = 5_000;
/// Time after which a resumable attachment whose connection was lost is forgotten, in milliseconds (a human's grace in operators.md).
pub const RESUME_GRACE_MS: u64 = 30_000;
/// Lines of history in one answer.
pub const HISTORY_LINES_MAX: u32 = 2_000;
/// Bytes of history in one answer.
pub const HISTORY_BYTES_MAX: usize = 1024 * 1024;
/// Length of a name (session, window, operator), in bytes.
pub const NAME_MAX_BYTES: usize = 256;
/// Cells of a screen: columns times rows.
pub const SCREEN_CELLS_MAX: u32 = 1_000_000;
/// Columns or rows of a screen, as in tmux: what a row can take at most in bytes follows from it.
pub const SCREEN_SIDE_MAX: u16 = 10_000;
