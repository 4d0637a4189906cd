//! What the server writes into the slots of [`super::persist`]: everything that a successor must know and cannot ask anybody else.
//!
//! The panes' screens and histories are in their own memories, their processes are known to the keeper. Here is what exists, who is attached with
//! which secret (hashed), and where everybody looks. Fields are numbered; one that is added later is an `Option`.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::control::StoredControl;
use super::minted::StoredMinted;
use crate::geometry::Size;
use crate::ids::{AttachmentId, OperatorId, PaneId, SessionId, WindowId};
use crate::operator::Roster;
use crate::protocol::message::{Made, View};

/// Everything.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct Stored {
    /// [`crate::session::State::to_bytes`].
    #[n(0)]
    pub(super) state: ByteVec,
    #[n(1)]
    pub(super) roster: Roster,
    #[n(2)]
    pub(super) seats: Vec<StoredSeat>,
    /// The secrets given to panes, hashed.
    #[n(3)]
    pub(super) pane_tokens: Vec<PaneToken>,
    #[n(4)]
    pub(super) activity: Vec<SessionActivity>,
    #[n(5)]
    pub(super) governors: Vec<Governor>,
    /// Changes that were done and answered, oldest first: asked for again, they are answered again.
    #[n(6)]
    pub(super) answered: Option<Vec<Answered>>,
    /// Changes whose answer waits for the start of a program.
    #[n(7)]
    pub(super) doing: Option<Vec<Doing>>,
    /// Who has control of what.
    #[n(8)]
    pub(super) controls: Option<Vec<StoredControl>>,
    /// Identities that were minted.
    #[n(9)]
    pub(super) minted: Option<Vec<StoredMinted>>,
    /// Panes that are an agent's.
    #[n(10)]
    pub(super) pane_users: Option<Vec<PaneUser>>,
}

/// A change that is done once the keeper has started a pane's program.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
pub(super) struct Doing {
    #[n(0)]
    pub(super) pane: PaneId,
    #[n(1)]
    pub(super) request: u64,
    #[n(2)]
    pub(super) made: Made,
}

/// The agent whose a pane is.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct PaneUser {
    #[n(0)]
    pub(super) pane: PaneId,
    #[n(1)]
    pub(super) operator: OperatorId,
}

/// A change that a command asked for under a random number.
#[derive(Debug, Clone, Encode, Decode)]
#[cbor(map)]
pub(super) struct Answered {
    #[n(0)]
    pub(super) request: u64,
    #[n(1)]
    pub(super) made: Made,
}

/// One attachment beside what the roster says of it.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredSeat {
    #[n(0)]
    pub(super) attachment: AttachmentId,
    #[n(1)]
    pub(super) input_stream: u64,
    #[n(2)]
    pub(super) token: ByteVec,
    #[n(3)]
    pub(super) previous_token: Option<ByteVec>,
    #[n(4)]
    pub(super) viewport: Size,
    #[n(5)]
    pub(super) view: View,
}

/// The hashed secret of a pane.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct PaneToken {
    #[n(0)]
    pub(super) pane: PaneId,
    #[n(1)]
    pub(super) hash: ByteVec,
}

/// When a session was last used.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct SessionActivity {
    #[n(0)]
    pub(super) session: SessionId,
    #[n(1)]
    pub(super) at_ms: u64,
}

/// Whose viewport a window has.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct Governor {
    #[n(0)]
    pub(super) window: WindowId,
    #[n(1)]
    pub(super) attachment: AttachmentId,
}
