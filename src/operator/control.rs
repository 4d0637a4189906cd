//! The control of one pane: who may steer it, who asked to, who was offered it.
//!
//! ```text
//!            acquire, grant, accept, take, force                    set mode
//!   shared ───────────────────────────────────► held by X     shared ◄──────► locked
//!     ▲                                          │  ▲  │
//!     └────────── release ───────────────────────┘  │  └─ detach, lost, revoke, expire ─► vacant (held by nobody; perhaps reserved)
//!                                                   └──────────── acquire, grant, accept ───────┘
//! ```
//!
//! *Vacant* is the mode `held` without a holder: nobody writes until somebody acquires it, and a human does so by typing. The **epoch** names one tenure: it
//! grows whenever the holder or the mode changes, and whatever was sent under an older one is void. Numbers of requests, offers and proposals are never given
//! twice, so that an end, once recorded, is the end.
//!
//! Every deadline stands in the state as a moment, so [`Control::next_deadline`] needs nothing else: a server keeps one timer for all panes, and none when
//! nothing is pending. A `Control` is changed by nobody but [`super::journal::Entry`]s, which `step` makes and `fold` reads again.
//!
//! **Printed forms.** Stored, it is numbered fields (`minicbor`), appended to and never renumbered. For people, scripts and bug reports it prints as one line
//! of JSON with the specification's words and reads back from it.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::types::{Millis, Party};
use super::word::words;
use crate::ids::{AttachmentId, OperatorId};

/// The most requests that wait for one pane. Full: a further one is refused.
pub const REQUESTS_MAX: usize = 256;
/// The most proposals that wait for approval in one pane. Full: a further one is refused.
pub const PROPOSALS_MAX: usize = 16;
/// The most bytes of one proposal: what a person can be asked to read.
pub const PROPOSAL_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a reason, a note or the why of a request. Longer ones are cut at a character.
pub const NOTE_BYTES_MAX: usize = 1024;
/// The most non-humans that a pane is given to. Full: the one given first is forgotten.
pub const GIVEN_MAX: usize = 64;

/// Who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Mode {
    /// Everybody with the right.
    #[n(0)]
    Shared,
    /// The holder, or nobody if there is none.
    #[n(1)]
    Held,
    /// Nobody.
    #[n(2)]
    Locked,
}
words!(Mode, "mode", Shared = "shared", Held = "held", Locked = "locked");

/// How a hold came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
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
    /// A human took it from a lower rank.
    #[n(3)]
    Take,
    /// An admin forced it.
    #[n(4)]
    Force,
    /// It was handed back.
    #[n(5)]
    HandBack,
}
words!(Via, "way to a hold", Acquire = "acquire", Grant = "grant", Offer = "offer", Take = "take", Force = "force", HandBack = "hand_back");

/// Who has control, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Hold {
    /// Whose it is.
    #[n(0)]
    pub operator: Party,
    /// How it came about.
    #[n(1)]
    pub via: Via,
    /// Who gave it.
    #[n(2)]
    pub granted_by: Option<OperatorId>,
    /// Since when.
    #[n(3)]
    pub since: Millis,
    /// How long it lasts, milliseconds; none: unlimited. A human's always is.
    #[n(4)]
    pub ttl_ms: Option<u64>,
    /// When it ends, if nothing renews it. There exactly if `ttl_ms` is.
    #[n(5)]
    pub until: Option<Millis>,
    /// Whether activity renews it: a lease. What a human gave for a time is not renewed.
    #[n(6)]
    pub renews: bool,
    /// Whether what it writes is staged for approval. Only for non-humans.
    #[n(7)]
    pub supervised: bool,
    /// When the grace of a holder who does not answer is over; none while it answers.
    #[n(8)]
    pub grace_until: Option<Millis>,
}

/// Somebody asked for control.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    #[n(0)]
    pub id: u64,
    /// Who.
    #[n(1)]
    pub operator: Party,
    /// Why, for people.
    #[n(2)]
    pub why: String,
    /// Since when.
    #[n(3)]
    pub since: Millis,
    /// When it ends by itself.
    #[n(4)]
    pub until: Millis,
}

/// Control is offered to somebody; the giver keeps it until they accept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Offer {
    /// Its number.
    #[n(0)]
    pub id: u64,
    /// Who gives.
    #[n(1)]
    pub from: Party,
    /// Who may accept.
    #[n(2)]
    pub to: Party,
    /// What the giver says to it.
    #[n(3)]
    pub note: Option<String>,
    /// Since when.
    #[n(4)]
    pub since: Millis,
    /// When it ends by itself.
    #[n(5)]
    pub until: Millis,
    /// How long the hold will last; none: unlimited.
    #[n(6)]
    pub ttl_ms: Option<u64>,
    /// Whether the hold will be renewed by activity.
    #[n(7)]
    pub renews: bool,
    /// Whether the hold will be supervised.
    #[n(8)]
    pub supervised: bool,
}

/// Bytes of a supervised holder that wait for a human.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Proposal {
    /// Its number.
    #[n(0)]
    pub id: u64,
    /// Whose.
    #[n(1)]
    pub operator: Party,
    /// Through which attachment.
    #[n(2)]
    pub attachment: Option<AttachmentId>,
    /// Exactly what will be written (I13). Empty in a state read from a journal that kept a secret.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(with = "super::hex")]
    pub bytes: Vec<u8>,
    /// How many bytes.
    #[n(4)]
    pub len: u64,
    /// Their [`super::digest`].
    #[n(5)]
    pub digest: String,
    /// Whether the terminal did not echo when it was staged: then the bytes stay out of the journal.
    #[n(6)]
    pub secret: bool,
    /// Since when.
    #[n(7)]
    pub since: Millis,
    /// When it is denied by itself.
    #[n(8)]
    pub until: Millis,
}

/// Why somebody is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Suspension {
    /// A human took or forced control from it: only hand back ends that.
    #[n(0)]
    Taken,
    /// The server was restarted: ends as soon as the same incarnation proves itself, unless somebody else was quicker.
    #[n(1)]
    Restart,
}
words!(Suspension, "reason to be suspended", Taken = "taken", Restart = "restart");

/// A non-human that had control until somebody above it stepped in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Suspended {
    /// The hold it had.
    #[n(0)]
    pub hold: Hold,
    /// Why.
    #[n(1)]
    pub why: Suspension,
}

/// The control of one pane. Fields are public to be read; only [`super::step()`] and [`super::fold`] make new ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Control {
    /// Who may write.
    #[n(0)]
    pub mode: Mode,
    /// The number of this tenure.
    #[n(1)]
    pub epoch: u64,
    /// Who has control. Only in mode `held`.
    #[n(2)]
    pub holder: Option<Hold>,
    /// The offer that is open.
    #[n(3)]
    pub offer: Option<Offer>,
    /// Open requests, oldest first; one an operator.
    #[n(4)]
    pub queue: Vec<Request>,
    /// The non-human to which control can be handed back.
    #[n(5)]
    pub suspended: Option<Suspended>,
    /// The human who was lost while holding: no non-human gets control until a human acts.
    #[n(6)]
    pub reserved_for: Option<OperatorId>,
    /// What waits for approval, oldest first.
    #[n(7)]
    pub proposals: Vec<Proposal>,
    /// The non-humans that spawned this pane or were given it, the newest last. A fact for the policy; people can withdraw it (`take`, `revoke`).
    #[n(8)]
    pub given: Vec<OperatorId>,
    /// The next number of a request, offer or proposal.
    #[n(9)]
    pub next_id: u64,
    /// Whether the pane has ended.
    #[n(10)]
    pub closed: bool,
}

impl Default for Control {
    fn default() -> Self {
        Self::new()
    }
}

impl Control {
    /// A new pane: shared, in its first epoch.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            mode: Mode::Shared,
            epoch: 1,
            holder: None,
            offer: None,
            queue: Vec::new(),
            suspended: None,
            reserved_for: None,
            proposals: Vec::new(),
            given: Vec::new(),
            next_id: 1,
            closed: false,
        }
    }

    /// Who has control.
    #[must_use]
    pub fn holder_id(&self) -> Option<OperatorId> {
        self.holder.map(|hold| hold.operator.id)
    }

    /// Whether `operator` has control.
    #[must_use]
    pub fn is_held_by(&self, operator: OperatorId) -> bool {
        self.holder_id() == Some(operator)
    }

    /// Whether it is in mode `held` with nobody holding.
    #[must_use]
    pub fn is_vacant(&self) -> bool {
        self.mode == Mode::Held && self.holder.is_none()
    }

    /// Whether what the holder writes is staged for approval.
    #[must_use]
    pub fn is_supervised(&self) -> bool {
        self.holder.is_some_and(|hold| hold.supervised)
    }

    /// Whether `operator` spawned this pane or was given it, which having control is too.
    #[must_use]
    pub fn is_given(&self, operator: OperatorId) -> bool {
        self.given.contains(&operator) || self.is_held_by(operator)
    }

    /// Whether `operator` is suspended here.
    #[must_use]
    pub fn is_suspended(&self, operator: OperatorId) -> bool {
        self.suspended.is_some_and(|suspended| suspended.hold.operator.id == operator)
    }

    /// The open request of `operator`.
    #[must_use]
    pub fn request_of(&self, operator: OperatorId) -> Option<&Request> {
        self.queue.iter().find(|request| request.operator.id == operator)
    }

    /// Whether `operator` plays any part here, so that its coming and going matters.
    #[must_use]
    pub fn concerns(&self, operator: OperatorId) -> bool {
        self.is_held_by(operator)
            || self.is_suspended(operator)
            || self.request_of(operator).is_some()
            || self.offer.as_ref().is_some_and(|offer| offer.to.id == operator || offer.from.id == operator)
    }

    /// When something ends by itself next: call `step` with [`super::Event::Clock`] then, again and again until this lies in the future. None: nothing is pending.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Millis> {
        let hold = self.holder.iter().flat_map(|hold| [hold.until, hold.grace_until]).flatten();
        let offer = self.offer.iter().map(|offer| offer.until);
        let requests = self.queue.iter().map(|request| request.until);
        let proposals = self.proposals.iter().map(|proposal| proposal.until);
        hold.chain(offer).chain(requests).chain(proposals).min()
    }
}

/// The text was not the printed form of a control state.
#[derive(Debug, thiserror::Error)]
#[error("not a control state: {0}")]
pub struct ParseControlError(#[from] serde_json::Error);

impl fmt::Display for Control {
    /// One line of JSON; [`Control::from_str`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Control {
    type Err = ParseControlError;

    fn from_str(text: &str) -> Result<Self, ParseControlError> {
        Ok(serde_json::from_str(text)?)
    }
}

/// How long things last, milliseconds. All of it comes from the config; these are the specification's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How often a client says that it is there.
    pub heartbeat_ms: u64,
    /// How long one may be silent before it is stale.
    pub stale_ms: u64,
    /// How long a stale human keeps control.
    pub grace_human_ms: u64,
    /// How long anybody else does.
    pub grace_other_ms: u64,
    /// The lease of a hold that no human gave, renewed by activity.
    pub hold_ms: u64,
    /// How long an offer is open.
    pub offer_ms: u64,
    /// How long a request is open.
    pub request_ms: u64,
    /// How long a proposal waits before it is denied.
    pub approval_ms: u64,
}

impl Times {
    /// The specification's.
    pub const DEFAULT: Self = Self {
        heartbeat_ms: 5_000,
        stale_ms: 15_000,
        grace_human_ms: 30_000,
        grace_other_ms: 15_000,
        hold_ms: 60_000,
        offer_ms: 30_000,
        request_ms: 120_000,
        approval_ms: 60_000,
    };

    /// How long a stale operator keeps control.
    #[must_use]
    pub const fn grace_ms(&self, human: bool) -> u64 {
        if human { self.grace_human_ms } else { self.grace_other_ms }
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::DEFAULT
    }
}
