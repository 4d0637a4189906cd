//! What a client types. Each input has a number, is kept by the client until it is acknowledged and applied once whatever dies meanwhile.

use minicbor::{CborLen, Decode, Encode};

use super::hello::Refusal;
use crate::ids::PaneId;

/// Input for a pane.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Input {
    /// Grows by one with each input of this client, whatever the pane; sent again unchanged after a reconnect until acknowledged.
    #[n(0)]
    pub seq: u64,
    /// The pane.
    #[n(1)]
    pub pane: PaneId,
    /// The bytes, already encoded for the pane's modes; at most [`crate::protocol::limits::INPUT_MAX_BYTES`].
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// What they came from.
    #[n(3)]
    pub source: InputSource,
    /// The control epoch of the pane as the client knew it; input of an older tenure is refused with `stale_epoch`. None: the present one.
    #[n(4)]
    pub epoch: Option<u64>,
}

/// What input came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum InputSource {
    /// Keys.
    #[n(0)]
    Key,
    /// A paste.
    #[n(1)]
    Paste,
    /// The mouse.
    #[n(2)]
    Mouse,
    /// A focus report.
    #[n(3)]
    Focus,
    /// `send`.
    #[n(4)]
    Command,
}

/// Input was applied, or refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct InputAck {
    /// The input's number.
    #[n(0)]
    pub seq: u64,
    /// The pane.
    #[n(1)]
    pub pane: PaneId,
    /// Why it was refused; none: it was applied.
    #[n(2)]
    pub refused: Option<Refusal>,
    /// The key was not written but took control of the pane.
    #[n(3)]
    pub took: Option<bool>,
}
