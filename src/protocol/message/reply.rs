//! What requests are answered with.

use minicbor::{CborLen, Decode, Encode};
use serde::Serialize;

use super::control::{ControlInfo, TokenInfo, WhoAmI};
use super::hello::Refusal;
use super::ids;
use super::model::Tree;
use super::operator::OperatorInfo;
use crate::ids::{PaneId, SessionId, WindowId};

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct ReplyMessage {
    /// The request's number.
    #[n(0)]
    pub id: u64,
    /// The answer.
    #[n(1)]
    pub reply: Reply,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Reply {
    /// Done; what was made or acted on.
    #[n(0)]
    Done(#[n(0)] Made),
    /// Refused or failed.
    #[n(1)]
    Refused(#[n(0)] Refusal),
    /// A text.
    #[n(2)]
    Text(#[n(0)] String),
    /// Everything that exists.
    #[n(3)]
    Tree(#[n(0)] Tree),
    /// The server.
    #[n(4)]
    Status(#[n(0)] Status),
    /// The operators.
    #[n(5)]
    Roster(#[n(0)] Vec<OperatorInfo>),
    /// Lines of history.
    #[n(6)]
    Lines(#[n(0)] Lines),
    /// Matches.
    #[n(7)]
    Matches(#[n(0)] Matches),
    /// Paste buffers.
    #[n(8)]
    Buffers(#[n(0)] Vec<BufferInfo>),
    /// Panes that ended.
    #[n(9)]
    Tombstones(#[n(0)] Vec<TombstoneInfo>),
    /// A pane's text with where it stands.
    #[n(10)]
    PaneText(#[n(0)] PaneText),
    /// Control of panes.
    #[n(11)]
    Control(#[n(0)] Vec<ControlInfo>),
    /// Lines of the journal as they stand in the file, JSON each, oldest first, and whether there are more than fitted.
    #[n(12)]
    Journal(#[n(0)] Vec<String>, #[n(1)] bool),
    /// A new identity.
    #[n(13)]
    Token(#[n(0)] TokenInfo),
    /// Who asks.
    #[n(14)]
    WhoAmI(#[n(0)] WhoAmI),
}

/// What a request made or acted on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Made {
    /// Session.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "ids::option")]
    pub session: Option<SessionId>,
    /// Window.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "ids::option")]
    pub window: Option<WindowId>,
    /// Pane.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "ids::option")]
    pub pane: Option<PaneId>,
    /// Bytes written, for `send`.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Lines of history.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Lines {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// Number of the first line given.
    #[n(1)]
    pub from: u64,
    /// The lines, each as `terminal::row` encodes it.
    #[n(2)]
    pub rows: Vec<minicbor::bytes::ByteVec>,
    /// Oldest line there is.
    #[n(3)]
    pub first: u64,
    /// One past the newest line in history (its number belongs to the first line of the screen, or to the line that goes on there).
    #[n(4)]
    pub end: u64,
}

/// A match in a pane's history or screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Match {
    /// Line number.
    #[n(0)]
    pub line: u64,
    /// First column of the logical line.
    #[n(1)]
    pub col: u32,
    /// Columns.
    #[n(2)]
    pub cols: u32,
}

/// Matches, in the direction of the search.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Matches {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// The matches.
    #[n(1)]
    pub matches: Vec<Match>,
    /// Where to go on; none: everything was searched.
    #[n(2)]
    pub next: Option<u64>,
}

/// Text read from a pane. It comes from an untrusted program.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct PaneText {
    /// The pane.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub pane: PaneId,
    /// The text, lines ended by newlines.
    #[n(1)]
    pub text: String,
    /// Number of the first line.
    #[n(2)]
    pub first_line: u64,
    /// Whether older lines exist that were not asked for or are gone.
    #[n(3)]
    pub truncated: bool,
    /// Where in the pane's output this stands: bytes since its birth. For `send --expect-seq`.
    #[n(4)]
    pub seq: Option<u64>,
}

/// A paste buffer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct BufferInfo {
    /// Name.
    #[n(0)]
    pub name: String,
    /// Bytes.
    #[n(1)]
    pub bytes: u64,
    /// Its beginning.
    #[n(2)]
    pub sample: String,
}

/// A pane that ended.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct TombstoneInfo {
    /// The pane's id, never given again.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub pane: PaneId,
    /// `exit`, `killed` or `lost`.
    #[n(1)]
    pub cause: String,
    /// Exit code.
    #[n(2)]
    pub exit_code: Option<i32>,
    /// Signal that ended it.
    #[n(3)]
    pub signal: Option<i32>,
    /// When, in milliseconds since the Unix epoch.
    #[n(4)]
    pub at_ms: u64,
    /// Title.
    #[n(5)]
    pub title: String,
    /// Command.
    #[n(6)]
    pub command: Vec<String>,
    /// Last screen.
    #[n(7)]
    pub last_screen: String,
}

/// What this server is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Status {
    /// Process id of the server.
    #[n(0)]
    pub server_pid: u32,
    /// Process id of the keeper.
    #[n(1)]
    pub keeper_pid: u32,
    /// Release of the server.
    #[n(2)]
    pub version: String,
    /// Protocol of the server.
    #[n(3)]
    pub protocol: u32,
    /// Socket it listens on.
    #[n(4)]
    pub socket: String,
    /// Counts.
    #[n(5)]
    pub sessions: u32,
    /// Counts.
    #[n(6)]
    pub windows: u32,
    /// Counts.
    #[n(7)]
    pub panes: u32,
    /// Attached clients.
    #[n(8)]
    pub attachments: u32,
    /// How many servers this keeper has started.
    #[n(9)]
    pub server_epoch: u64,
    /// Milliseconds from this server's start to its being ready.
    #[n(10)]
    pub ready_ms: u64,
    /// Warnings that a person should see (configuration errors and the like).
    #[n(11)]
    pub warnings: Vec<String>,
    /// Which engine interprets panes.
    #[n(12)]
    pub engine: String,
    /// The configuration file in use, if there is one.
    #[n(13)]
    pub config: Option<String>,
}
