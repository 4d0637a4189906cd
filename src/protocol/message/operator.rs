//! Who is attached: operators, their connections, and what those may do.

use minicbor::{CborLen, Decode, Encode};
use serde::Serialize;

use super::control::Assurance;
use super::ids;
use crate::geometry::Size;
use crate::ids::{AttachmentId, OperatorId, PaneId, SessionId, WindowId};

/// What speaks for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum OperatorKind {
    /// A person.
    #[n(0)]
    Human,
    /// An AI agent.
    #[n(1)]
    Agent,
    /// A device.
    #[n(2)]
    Device,
    /// A program acting on behalf of somebody.
    #[n(3)]
    Service,
}

/// What an attachment may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks on (`attach -r`).
    #[n(0)]
    Observer,
    /// Types.
    #[n(1)]
    Participant,
    /// Types and rules.
    #[n(2)]
    Admin,
}

/// How an attachment reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// The local socket.
    #[n(0)]
    Unix,
    /// The local socket of a host reached by ssh.
    #[n(1)]
    Ssh,
    /// A web client.
    #[n(2)]
    Web,
}

/// Whether an attachment answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected.
    #[n(0)]
    Live,
    /// Its connection is lost; it may resume within the grace time.
    #[n(1)]
    Stale,
}

/// One connection of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct AttachmentInfo {
    /// Id.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub id: AttachmentId,
    /// Transport.
    #[n(1)]
    pub transport: Transport,
    /// Where from: host for ssh, terminal for unix.
    #[n(2)]
    pub origin: String,
    /// Role.
    #[n(3)]
    pub role: Role,
    /// Presence.
    #[n(4)]
    pub presence: Presence,
    /// What it looks at.
    #[n(5)]
    #[serde(serialize_with = "ids::option")]
    pub session: Option<SessionId>,
    /// What it looks at.
    #[n(6)]
    #[serde(serialize_with = "ids::option")]
    pub window: Option<WindowId>,
    /// The pane with its focus.
    #[n(7)]
    #[serde(serialize_with = "ids::option")]
    pub focus: Option<PaneId>,
    /// Its viewport.
    #[n(8)]
    #[serde(serialize_with = "ids::option")]
    pub viewport: Option<Size>,
    /// Since when, milliseconds since the Unix epoch.
    #[n(9)]
    pub since_ms: u64,
    /// Its last input, milliseconds since the Unix epoch; 0: none.
    #[n(10)]
    pub last_input_ms: u64,
}

/// Who is attached.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct OperatorInfo {
    /// Id.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub id: OperatorId,
    /// Kind.
    #[n(1)]
    pub kind: OperatorKind,
    /// Name.
    #[n(2)]
    pub name: String,
    /// Attachments.
    #[n(3)]
    pub attachments: Vec<AttachmentInfo>,
    /// For whom it acts.
    #[n(4)]
    #[serde(serialize_with = "ids::option")]
    pub on_behalf_of: Option<OperatorId>,
    /// How sure the server is that it is who it seems.
    #[n(5)]
    pub assurance: Option<Assurance>,
    /// The pane that it runs in.
    #[n(6)]
    #[serde(serialize_with = "ids::option")]
    pub origin_pane: Option<PaneId>,
    /// Panes that it has control of.
    #[n(7)]
    #[serde(serialize_with = "ids::list")]
    pub holds: Option<Vec<PaneId>>,
}
