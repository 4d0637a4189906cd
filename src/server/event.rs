//! What reaches the owner from connections: one bounded channel of a closed set of events.
//!
//! **Full.** The channel holds [`EVENTS_MAX`]; a connection task that finds it full waits, stops reading its socket, and the kernel makes its client
//! wait. Nothing is dropped and nothing grows. Keeper messages and pane notices do not come this way: the loop polls them itself, before this.

use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::identity::PeerProcess;
use super::outbox::Outbox;
use crate::ids::PaneId;
use crate::protocol::message::{ClientMessage, Reply, ReplyMessage, ServerMessage};

/// Events that wait for the owner.
pub(super) const EVENTS_MAX: usize = 128;

/// A connection, numbered by this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConnectionId(pub(super) u64);

/// The owner's end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    /// What it is sent.
    pub(super) outbox: Arc<Outbox>,
    /// Ends the connection once what waits in the outbox was written (a second at most).
    pub(super) close: Arc<Notify>,
}

/// Something happened on a connection.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "at most EVENTS_MAX of them, and the large one is the usual one")]
pub(super) enum Event {
    /// A peer connected whom we admit.
    Connected { connection: ConnectionId, wire: Wire, peer: PeerProcess },
    /// Another user was turned away at the door.
    Stranger { uid: u32 },
    /// It said something. Requests bring the permit that bounds how many a client may have unanswered.
    Message { connection: ConnectionId, message: ClientMessage, permit: Option<OwnedSemaphorePermit> },
    /// Its outbox was full and is empty again.
    Idle { connection: ConnectionId },
    /// It is gone.
    Closed { connection: ConnectionId },
    /// A terminal that took no more input takes some; `closed`: nobody has it open any more. Said once for each time it was full.
    Room { pane: PaneId, closed: bool },
    /// The configuration file changed.
    ConfigChanged,
}

/// Who waits for the answer to a request. Dropping it unanswered frees the client's place all the same.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) connection: ConnectionId,
    pub(super) outbox: Arc<Outbox>,
    pub(super) id: u64,
    /// Its place among the unanswered requests, given back with the drop.
    #[expect(dead_code, reason = "held, not read")]
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Asker {
    /// Answers, from any thread.
    pub(super) fn reply(self, reply: Reply) {
        self.outbox.send(&ServerMessage::Reply(ReplyMessage { id: self.id, reply }));
    }
}
