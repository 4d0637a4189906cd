//! The journal: one entry a transition, from which the control of a pane can be read again.
//!
//! ```text
//!   event ─► step: guards ─► Entry ─► Control::apply ─► the new state, and effects
//!                              │
//!                              └─► Record {seq, pane, entry} ─► a line of JSON ─► ... ─► fold ─► the same state
//! ```
//!
//! There is no second way to a new state: `step` decides which entry is due and applies it, `fold` applies what was recorded. So the journal cannot drift from
//! what happened (I11). Entries are evidence; nothing in them is ever written to a terminal again (R34), and the bytes that a human types, or that anybody
//! types while a program does not echo, are not in them: only their number and digest.

mod fold;
mod line;

use serde::{Deserialize, Serialize};

pub use fold::fold;
pub use line::{ParseRecordError, Record};

use super::control::{Hold, Mode, Offer, Proposal, Request};
use super::types::{Millis, Party, Role, Transport};
use super::word::words;
use crate::ids::{AttachmentId, OperatorId};

/// By what something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A key or the mouse.
    Key,
    /// A command, of a person or a program.
    Command,
    /// A connection came or went.
    Connection,
    /// Time passed.
    Clock,
    /// The policy changed.
    Policy,
    /// The server was restarted.
    Restart,
    /// The pane's program ended.
    Exit,
}
words!(
    Cause,
    "cause",
    Key = "key",
    Command = "command",
    Connection = "connection",
    Clock = "clock",
    Policy = "policy",
    Restart = "restart",
    Exit = "exit"
);

/// What happened, in the journal's names. The fields are what the state needs to be read again, and what people want to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Fact {
    /// The pane was made.
    #[serde(rename = "pane.spawned")]
    Spawned {
        /// The non-human to whom it is given because it spawned it.
        given: Option<OperatorId>,
    },
    /// Its program ended.
    #[serde(rename = "pane.exited")]
    Exited {
        /// Its status.
        status: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
    },
    /// It was ended.
    #[serde(rename = "pane.killed")]
    Killed,
    /// Its host or keeper was lost.
    #[serde(rename = "pane.lost")]
    PaneLost,
    /// T1. The actor attached.
    #[serde(rename = "operator.attached")]
    Attached {
        /// As what.
        role: Option<Role>,
        /// Over what.
        transport: Option<Transport>,
    },
    /// T2. The actor stopped answering.
    #[serde(rename = "operator.stale")]
    Stale {
        /// When its control ends, if it is the holder.
        grace_until: Option<Millis>,
    },
    /// T2. The actor answers again; with a hold, it proved itself after a restart and has control again.
    #[serde(rename = "operator.resumed")]
    Resumed {
        /// The hold it has again.
        hold: Option<Hold>,
    },
    /// T3. The actor is gone.
    #[serde(rename = "operator.detached")]
    Detached,
    /// T4. The actor is lost.
    #[serde(rename = "operator.lost")]
    Lost,
    /// An identity was refused.
    #[serde(rename = "operator.refused")]
    Refused,
    /// T5.
    #[serde(rename = "control.acquired")]
    Acquired {
        /// The hold.
        hold: Hold,
    },
    /// T6.
    #[serde(rename = "control.requested")]
    Requested {
        /// The request.
        request: Request,
    },
    /// T8.
    #[serde(rename = "control.granted")]
    Granted {
        /// Which request.
        request: u64,
        /// The hold.
        hold: Hold,
    },
    /// T9.
    #[serde(rename = "control.denied")]
    Denied {
        /// Which request.
        request: u64,
        /// Whose.
        operator: OperatorId,
    },
    /// T7.
    #[serde(rename = "control.cancelled")]
    Cancelled {
        /// Which request.
        request: u64,
    },
    /// T10.
    #[serde(rename = "control.offered")]
    Offered {
        /// The offer.
        offer: Offer,
    },
    /// T11.
    #[serde(rename = "control.accepted")]
    Accepted {
        /// Which offer.
        offer: u64,
        /// The hold.
        hold: Hold,
    },
    /// T11.
    #[serde(rename = "control.declined")]
    Declined {
        /// Which offer.
        offer: u64,
    },
    /// T11.
    #[serde(rename = "control.withdrawn")]
    Withdrawn {
        /// Which offer.
        offer: u64,
    },
    /// T12.
    #[serde(rename = "control.released")]
    Released {
        /// The mode after it.
        mode: Mode,
        /// The hold of the request that was granted with it.
        next: Option<Hold>,
    },
    /// T13.
    #[serde(rename = "control.taken")]
    Taken {
        /// The hold.
        hold: Hold,
    },
    /// T14.
    #[serde(rename = "control.handed_back")]
    HandedBack {
        /// The hold.
        hold: Hold,
        /// What it is told.
        note: Option<String>,
        /// Since where it has seen nothing.
        cursor: Option<u64>,
    },
    /// T15.
    #[serde(rename = "control.forced")]
    Forced {
        /// The hold.
        hold: Hold,
    },
    /// T16, T18.
    #[serde(rename = "control.revoked")]
    Revoked {
        /// Whose hold.
        operator: OperatorId,
    },
    /// T7, T11, T17: a hold, request or offer ended by itself.
    #[serde(rename = "control.expired")]
    Expired {
        /// Which of them.
        what: Expired,
        /// Whose.
        operator: OperatorId,
    },
    /// T4: a human holder was lost; nobody but a human goes on.
    #[serde(rename = "control.reserved")]
    Reserved {
        /// The human.
        reserved_for: OperatorId,
    },
    /// T19.
    #[serde(rename = "control.mode_changed")]
    ModeChanged {
        /// The mode after it.
        mode: Mode,
        /// Whether the hold is supervised after it.
        supervised: bool,
    },
    /// T25. Not in the specification's list, which has no name for it.
    #[serde(rename = "control.restored")]
    Restored {
        /// When the grace of a human holder is over.
        grace_until: Option<Millis>,
    },
    /// T22.
    #[serde(rename = "input.accepted")]
    InputAccepted {
        /// How many frames.
        frames: u64,
        /// How many bytes.
        bytes: u64,
        /// Their digest.
        digest: String,
        /// Until when the writer's lease is renewed by it.
        until: Option<Millis>,
        /// What, of a non-human, if the terminal echoed.
        #[serde(default, with = "super::hex::option", skip_serializing_if = "Option::is_none")]
        text: Option<Vec<u8>>,
    },
    /// A frame was refused; the reason is the entry's.
    #[serde(rename = "input.rejected")]
    InputRejected {
        /// How many bytes.
        bytes: u64,
    },
    /// Input that waited when the tenure ended.
    #[serde(rename = "input.discarded")]
    InputDiscarded {
        /// How many bytes.
        bytes: u64,
    },
    /// T20.
    #[serde(rename = "proposal.staged")]
    Staged {
        /// The proposal; without its bytes if it is secret.
        proposal: Proposal,
    },
    /// T21. Its bytes were written.
    #[serde(rename = "proposal.approved")]
    Approved {
        /// Which.
        proposal: u64,
        /// Whose.
        operator: OperatorId,
        /// How many bytes.
        bytes: u64,
        /// Their digest.
        digest: String,
        /// Until when the writer's lease is renewed by it.
        until: Option<Millis>,
    },
    /// T21.
    #[serde(rename = "proposal.denied")]
    ProposalDenied {
        /// Which.
        proposal: u64,
        /// Whose.
        operator: OperatorId,
    },
    /// T21.
    #[serde(rename = "proposal.expired")]
    ProposalExpired {
        /// Which.
        proposal: u64,
        /// Whose.
        operator: OperatorId,
    },
    /// The rules changed.
    #[serde(rename = "policy.changed")]
    PolicyChanged,
    /// R13. The actor came back over another transport.
    #[serde(rename = "transport.handoff")]
    Handoff {
        /// Before.
        from: Transport,
        /// Now.
        to: Transport,
    },
}

impl Fact {
    /// Its name in the journal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Spawned { .. } => "pane.spawned",
            Self::Exited { .. } => "pane.exited",
            Self::Killed => "pane.killed",
            Self::PaneLost => "pane.lost",
            Self::Attached { .. } => "operator.attached",
            Self::Stale { .. } => "operator.stale",
            Self::Resumed { .. } => "operator.resumed",
            Self::Detached => "operator.detached",
            Self::Lost => "operator.lost",
            Self::Refused => "operator.refused",
            Self::Acquired { .. } => "control.acquired",
            Self::Requested { .. } => "control.requested",
            Self::Granted { .. } => "control.granted",
            Self::Denied { .. } => "control.denied",
            Self::Cancelled { .. } => "control.cancelled",
            Self::Offered { .. } => "control.offered",
            Self::Accepted { .. } => "control.accepted",
            Self::Declined { .. } => "control.declined",
            Self::Withdrawn { .. } => "control.withdrawn",
            Self::Released { .. } => "control.released",
            Self::Taken { .. } => "control.taken",
            Self::HandedBack { .. } => "control.handed_back",
            Self::Forced { .. } => "control.forced",
            Self::Revoked { .. } => "control.revoked",
            Self::Expired { .. } => "control.expired",
            Self::Reserved { .. } => "control.reserved",
            Self::ModeChanged { .. } => "control.mode_changed",
            Self::Restored { .. } => "control.restored",
            Self::InputAccepted { .. } => "input.accepted",
            Self::InputRejected { .. } => "input.rejected",
            Self::InputDiscarded { .. } => "input.discarded",
            Self::Staged { .. } => "proposal.staged",
            Self::Approved { .. } => "proposal.approved",
            Self::ProposalDenied { .. } => "proposal.denied",
            Self::ProposalExpired { .. } => "proposal.expired",
            Self::PolicyChanged => "policy.changed",
            Self::Handoff { .. } => "transport.handoff",
        }
    }
}

/// What ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expired {
    /// The hold: its time is over or its lease was not renewed.
    Hold,
    /// This request.
    Request(u64),
    /// This offer.
    Offer(u64),
}

/// One thing that happened at a pane, or to an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub ts: Millis,
    /// The epoch before it; 0 where no pane is concerned.
    pub epoch_before: u64,
    /// The epoch after it.
    pub epoch_after: u64,
    /// Who did it; none: nobody.
    pub actor: Option<Party>,
    /// Through which attachment.
    pub attachment: Option<AttachmentId>,
    /// For whom the actor speaks.
    pub on_behalf_of: Option<OperatorId>,
    /// By what.
    pub cause: Cause,
    /// Why, in somebody's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
}

impl Entry {
    /// An entry that changes no epoch: what happens to operators, and what the gate records of input.
    #[must_use]
    pub const fn note(ts: Millis, epoch: u64, actor: Option<Party>, cause: Cause, fact: Fact) -> Self {
        Self { ts, epoch_before: epoch, epoch_after: epoch, actor, attachment: None, on_behalf_of: None, cause, reason: None, fact }
    }
}
