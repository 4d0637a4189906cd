//! The frozen part: how a connection begins, what a refusal is, the list of sessions that any client of any release can read.

use minicbor::{CborLen, Decode, Encode};
use serde::Serialize;

use super::control::Who;
use crate::ids::{OperatorId, PaneId};

/// What kind of program a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum ClientKind {
    /// A full-screen client that will attach.
    #[n(0)]
    Tui,
    /// A command that asks and leaves.
    #[n(1)]
    Command,
}

/// The first message on every connection. Frozen.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Hello {
    /// Oldest protocol this client speaks.
    #[n(0)]
    pub protocol_min: u32,
    /// Newest protocol this client speaks.
    #[n(1)]
    pub protocol_max: u32,
    /// The client's release.
    #[n(2)]
    pub version: String,
    /// What it is.
    #[n(3)]
    pub kind: ClientKind,
    /// Process id of the client.
    #[n(4)]
    pub pid: u32,
    /// The pane it runs in (`BATON_PANE`), if any.
    #[n(5)]
    pub origin_pane: Option<PaneId>,
    /// Secret of that pane (`BATON_TOKEN`), if any.
    #[n(6)]
    pub token: Option<String>,
    /// Name to be shown in the roster; the server falls back to the user's name.
    #[n(7)]
    pub name: Option<String>,
    /// Terminal device of the client, such as `/dev/pts/3`.
    #[n(8)]
    pub tty: Option<String>,
    /// Set by `ssh` sessions: where the person is (`SSH_CONNECTION`'s first field).
    #[n(9)]
    pub ssh_origin: Option<String>,
    /// The resume token of an earlier attachment.
    #[n(10)]
    pub resume: Option<String>,
}

/// The answer to [`Hello`]. Frozen.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Welcome {
    /// The protocol both will speak.
    #[n(0)]
    pub protocol: u32,
    /// The server's release.
    #[n(1)]
    pub version: String,
    /// Process id of the server.
    #[n(2)]
    pub server_pid: u32,
    /// Process id of the keeper.
    #[n(3)]
    pub keeper_pid: u32,
    /// Grows with every server that the keeper started.
    #[n(4)]
    pub server_epoch: u64,
    /// The operator this connection speaks for.
    #[n(5)]
    pub operator: OperatorId,
    /// Its name in the roster.
    #[n(6)]
    pub operator_name: String,
    /// Number of the stream of this client's input: kept across a resume, so that input sent again under an old sequence number is not applied twice.
    #[n(7)]
    pub input_stream: u64,
    /// Whether [`Hello::resume`] was accepted.
    #[n(8)]
    pub resumed: bool,
}

/// Why something was refused. Frozen: it is only appended to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Refusal {
    /// One of a closed list of words, such as `bad_request`, `no_such_target`, `not_permitted`, `timeout`, `too_large`, `version`, `shutting_down`, `failed`.
    #[n(0)]
    pub code: String,
    /// What happened, for people; one line, no period at the end.
    #[n(1)]
    pub message: String,
    /// What to do about it.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Who has control, where that is the reason.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Box<Who>>,
    /// The verb that would help, such as `control.request`.
    #[n(4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Refusal {
    /// A refusal with its code and words.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), hint: None, holder: None, next: None }
    }

    /// Whether the same may succeed later, as it is.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        is_retryable(&self.code)
    }
}

/// Whether what was refused with this code may succeed later, as it is.
#[must_use]
pub fn is_retryable(code: &str) -> bool {
    matches!(
        code,
        "not_holder"
            | "held_by"
            | "human_active"
            | "secret_prompt"
            | "approval_expired"
            | "composer_busy"
            | "agent_blocked"
            | "not_ready"
            | "not_at_prompt"
            | "journal_unavailable"
            | "queue_full"
            | "rate_limited"
            | "timeout"
            | "shutting_down"
    )
}

/// A session in the frozen list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct ListedSession {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// How many windows it has.
    #[n(1)]
    pub windows: u32,
    /// How many attachments look at it.
    #[n(2)]
    pub attached: u32,
    /// When it was made, in milliseconds since the Unix epoch.
    #[n(3)]
    pub created_ms: u64,
}
