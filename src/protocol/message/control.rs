//! Control of a pane on the wire: who has it, who asks for it, how it is handed over, taken, released and remembered.
//!
//! A client is told the **whole** control state of a pane whenever it changes ([`super::ServerMessage::Control`], latest wins, part of the model): cards
//! for requests, offers and proposals are drawn from it, so that a client that was away misses none and none is shown twice. A pane that nobody ever
//! said anything about has the state of [`ControlInfo::free`], which is not sent. What is asked for is a [`ControlOp`] in [`super::Request::Control`]; it is
//! answered with the pane's state after it, or with a refusal whose code is in the closed list of the manual (`baton-control.7`).
//!
//! Names are those of the specification of control: operator, hold, epoch, offer, request, proposal, hand over, hand back, take.

use minicbor::{CborLen, Decode, Encode};
use serde::Serialize;

use super::ids;
use super::operator::OperatorKind;
use crate::ids::{OperatorId, PaneId};

/// How sure the server is of who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// It says so.
    #[n(0)]
    Claimed,
    /// The kernel says which user it is.
    #[n(1)]
    Uid,
    /// It knows a secret.
    #[n(2)]
    Token,
    /// The secret and the tree of processes agree.
    #[n(3)]
    Proven,
}

/// An operator in a record: what is needed to speak of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Who {
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
    /// Whether one of its attachments answers now.
    #[n(3)]
    pub live: bool,
}

/// Who may write to a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum ControlMode {
    /// Everybody with the right.
    #[n(0)]
    Shared,
    /// The holder, or nobody if there is none (the pane is vacant).
    #[n(1)]
    Held,
    /// Nobody.
    #[n(2)]
    Locked,
}

/// How a hold came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// It was free.
    #[n(0)]
    Acquire,
    /// A request was granted.
    #[n(1)]
    Grant,
    /// An offer was accepted.
    #[n(2)]
    Offer,
    /// Taken from a lower rank.
    #[n(3)]
    Take,
    /// Forced by an admin.
    #[n(4)]
    Force,
    /// Handed back.
    #[n(5)]
    HandBack,
}

/// Who has control.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct HoldInfo {
    /// Whose it is.
    #[n(0)]
    pub operator: Who,
    /// How it came about.
    #[n(1)]
    pub via: Via,
    /// Since when, milliseconds since the Unix epoch.
    #[n(2)]
    pub since_ms: u64,
    /// When it ends, milliseconds since the Unix epoch; none: unlimited.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// Whether what it writes is staged for approval.
    #[n(4)]
    pub supervised: bool,
}

/// Somebody asks for control.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct ControlRequestInfo {
    /// Its number, never given twice in a pane.
    #[n(0)]
    pub id: u64,
    /// Who.
    #[n(1)]
    pub operator: Who,
    /// Why, for people.
    #[n(2)]
    pub why: String,
    /// When it ends by itself, milliseconds since the Unix epoch.
    #[n(3)]
    pub until_ms: u64,
}

/// Control is offered; the giver keeps it until it is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct OfferInfo {
    /// Its number.
    #[n(0)]
    pub id: u64,
    /// Who gives.
    #[n(1)]
    pub from: Who,
    /// Who may accept.
    #[n(2)]
    pub to: Who,
    /// What the giver says to it.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it ends by itself, milliseconds since the Unix epoch.
    #[n(4)]
    pub until_ms: u64,
    /// Whether the hold will be supervised.
    #[n(5)]
    pub supervised: bool,
}

/// Input that waits for a human's approval.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct ProposalInfo {
    /// Its number.
    #[n(0)]
    pub id: u64,
    /// Whose.
    #[n(1)]
    pub operator: Who,
    /// All of it, made visible: control characters, escapes and whatever reorders text are written out; a line feed in it stands as `\n` before a line's end.
    #[n(2)]
    pub text: String,
    /// How many bytes it is.
    #[n(3)]
    pub bytes: u64,
    /// Digest of the exact bytes: what is approved is what was shown.
    #[n(4)]
    pub digest: String,
    /// When it is denied by itself, milliseconds since the Unix epoch.
    #[n(5)]
    pub until_ms: u64,
}

/// What somebody who gets control back is told (R28).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct HandBackInfo {
    /// Who handed back.
    #[n(0)]
    pub by: Who,
    /// What they say.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When, milliseconds since the Unix epoch.
    #[n(2)]
    pub at_ms: u64,
    /// Where in the pane's output control was lost: `read --since` goes on from there.
    #[n(3)]
    pub cursor: u64,
    /// Bytes of output since then.
    #[n(4)]
    pub output_bytes: u64,
    /// Bytes that others wrote to the pane since then.
    #[n(5)]
    pub input_bytes: u64,
}

/// The control of one pane.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct ControlInfo {
    /// The pane.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub pane: PaneId,
    /// Who may write.
    #[n(1)]
    pub mode: ControlMode,
    /// Grows with every change of holder or mode; what was sent under an older one is void.
    #[n(2)]
    pub epoch: u64,
    /// Who has control.
    #[n(3)]
    pub holder: Option<HoldInfo>,
    /// An offer that waits.
    #[n(4)]
    pub offer: Option<OfferInfo>,
    /// Requests that wait, the first first.
    #[n(5)]
    pub queue: Vec<ControlRequestInfo>,
    /// Who had control until a human stepped in (or the server was restarted) and may get it back.
    #[n(6)]
    pub suspended: Option<Who>,
    /// The human who was lost while in control: until a human acts no agent gets the pane.
    #[n(7)]
    pub reserved_for: Option<Who>,
    /// Input that waits for approval.
    #[n(8)]
    pub proposals: Vec<ProposalInfo>,
    /// Whose unsubmitted line is in the pane, if it is not that of who has control.
    #[n(9)]
    pub draft_of: Option<Who>,
    /// What the holder was told when it got control back.
    #[n(10)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handed_back: Option<HandBackInfo>,
}

impl ControlInfo {
    /// The control of a pane that nobody ever said anything about: shared, in its first epoch.
    #[must_use]
    pub const fn free(pane: PaneId) -> Self {
        Self {
            pane,
            mode: ControlMode::Shared,
            epoch: 1,
            holder: None,
            offer: None,
            queue: Vec::new(),
            suspended: None,
            reserved_for: None,
            proposals: Vec::new(),
            draft_of: None,
            handed_back: None,
        }
    }
}

/// What is to happen to a pane's control. Operators are named by id (`o3`), by name, or by `kind:name`; times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum ControlOp {
    /// Nothing: tell me.
    #[n(0)]
    Status,
    /// I take what is free.
    #[n(1)]
    Acquire {
        /// How long; none: the configured lease, renewed by activity (a human's has no end).
        #[n(0)]
        ttl_ms: Option<u64>,
    },
    /// I ask for it.
    #[n(2)]
    Request {
        /// Why, for people.
        #[n(0)]
        why: String,
    },
    /// I do not ask any more.
    #[n(3)]
    Cancel,
    /// Give it to who asks.
    #[n(4)]
    Grant {
        /// Whose request; none: the first whose operator answers.
        #[n(0)]
        to: Option<String>,
        /// How long; none: unlimited if a human grants.
        #[n(1)]
        ttl_ms: Option<u64>,
        /// Whether the hold is supervised.
        #[n(2)]
        supervised: bool,
    },
    /// Do not give it.
    #[n(5)]
    Deny {
        /// Whose request; none: the first.
        #[n(0)]
        to: Option<String>,
        /// Why, for the one who asked.
        #[n(1)]
        reason: Option<String>,
    },
    /// Hand over: offer it; I keep it until it is accepted.
    #[n(6)]
    Offer {
        /// To whom.
        #[n(0)]
        to: String,
        /// What I say to it.
        #[n(1)]
        note: Option<String>,
        /// How long the hold lasts; none: unlimited if a human offers.
        #[n(2)]
        ttl_ms: Option<u64>,
        /// Whether the hold is supervised.
        #[n(3)]
        supervised: bool,
    },
    /// I accept what is offered to me.
    #[n(7)]
    Accept,
    /// I do not.
    #[n(8)]
    Decline {
        /// Why.
        #[n(0)]
        reason: Option<String>,
    },
    /// I offer it no more.
    #[n(9)]
    Withdraw,
    /// I give it up.
    #[n(10)]
    Release {
        /// To the first request whose operator answers, if there is one.
        #[n(0)]
        to_next: bool,
    },
    /// I, a human, step in.
    #[n(11)]
    Take,
    /// Back to who was suspended.
    #[n(12)]
    HandBack {
        /// What they are told.
        #[n(0)]
        note: Option<String>,
    },
    /// An admin steps in over an equal.
    #[n(13)]
    Force {
        /// Why; needed.
        #[n(0)]
        reason: String,
    },
    /// Away from who has it.
    #[n(14)]
    Revoke {
        /// Why.
        #[n(0)]
        reason: Option<String>,
    },
    /// Shared, held by nobody, or locked.
    #[n(15)]
    Mode(#[n(0)] ControlMode),
    /// Whether the holder's input is staged for approval from now on.
    #[n(16)]
    Supervise {
        /// Staged.
        #[n(0)]
        on: bool,
    },
}

/// A proposal is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum ApproveHow {
    /// Only tell what waits.
    #[n(0)]
    List,
    /// Write it, this once.
    #[n(1)]
    Once,
    /// Drop it.
    #[n(2)]
    Deny,
}

/// Which lines of the journal are wanted. All conditions that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct JournalQuery {
    /// Of this pane, also one that has ended.
    #[n(0)]
    pub pane: Option<PaneId>,
    /// Not before, milliseconds since the Unix epoch.
    #[n(1)]
    pub since_ms: Option<u64>,
    /// Of this operator: id, name or `kind:name`.
    #[n(2)]
    pub by: Option<String>,
    /// Events whose name begins with one of these, such as `control.` or `input.rejected`; none: all.
    #[n(3)]
    pub kinds: Vec<String>,
    /// Events after this number.
    #[n(4)]
    pub after_seq: Option<u64>,
    /// The newest so many; 0: as many as one answer holds.
    #[n(5)]
    pub limit: u32,
    /// No lines, but whether numbers and digests of all of them fit; refused with `tampered` and the place if not.
    #[n(6)]
    pub verify: Option<bool>,
    /// Not before so many milliseconds ago by the server's clock; counts where `since_ms` is not given.
    #[n(7)]
    pub since_ago_ms: Option<u64>,
}

/// A new identity is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct TokenRequest {
    /// `agent:claude`, `service:deploy`, `device:lamp`; without a kind it is an agent.
    #[n(0)]
    pub identity: String,
    /// How long it is good for, milliseconds; none: as long as who asks for it is known.
    #[n(1)]
    pub ttl_ms: Option<u64>,
    /// What it may do, as words of the policy (`view,request,input`); none: as much as the one who asks, within what the policy gives its kind.
    #[n(2)]
    pub rights: Option<String>,
    /// The panes that it may steer without asking; the asker must be allowed to give them.
    #[n(3)]
    pub panes: Vec<PaneId>,
    /// The process that will be it, with all that descend from it: `baton as` says its own, which becomes the command.
    #[n(4)]
    pub process: Option<u32>,
}

/// A new identity. The secret is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct TokenInfo {
    /// Who it is.
    #[n(0)]
    pub operator: Who,
    /// The secret (`BATON_TOKEN`): 64 hexadecimal digits.
    #[n(1)]
    pub token: String,
    /// When it ends, milliseconds since the Unix epoch.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Who the server takes a connection for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct WhoAmI {
    /// Who.
    #[n(0)]
    pub operator: Who,
    /// For whom it acts.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Who>,
    /// How sure that is.
    #[n(2)]
    pub assurance: Assurance,
    /// The pane that it runs in.
    #[n(3)]
    #[serde(serialize_with = "ids::option", skip_serializing_if = "Option::is_none")]
    pub origin_pane: Option<PaneId>,
    /// What it may do where nothing else is said, as words of the policy.
    #[n(4)]
    pub rights: String,
    /// What was found, for people: one line.
    #[n(5)]
    pub because: String,
}
