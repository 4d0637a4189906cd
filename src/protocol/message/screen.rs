//! What a pane looks like: the newest state for one client, never a backlog.

use minicbor::{CborLen, Decode, Encode};

use crate::ids::PaneId;

/// The newest state of a pane's screen for one client: never a backlog.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Frame {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// Version the client must have for this to apply; 0: none, this is everything.
    #[n(1)]
    pub base: u64,
    /// Version the client has afterwards, to be acknowledged.
    #[n(2)]
    pub version: u64,
    /// A diff as `terminal::diff` encodes it.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub diff: Vec<u8>,
    /// Oldest line in history.
    #[n(4)]
    pub history_first: u64,
    /// One past the newest line in history.
    #[n(5)]
    pub history_end: u64,
}

/// A client drew a frame and is ready for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct FrameAck {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// The version it has; 0 asks for everything anew.
    #[n(1)]
    pub version: u64,
}
