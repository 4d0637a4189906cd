//! What goes into [`super::step()`] and what comes out: events, who brings them, and effects.
//!
//! An [`Event`] is what happened or what somebody wants; [`By`] says who and how. The kind and the rights of an operator are never part of an event: `step` asks
//! [`People`] for them, which the server answers from its roster and the policy. [`Effects`] are data; the server performs them, after the journal has the
//! entry.

use super::journal::{Cause, Entry};
use super::types::{Kind, Millis, Party, Presence, Right, Rights};
use crate::ids::{AttachmentId, OperatorId};

/// What the rules need to know of an operator at a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it is. The same at every answer (I18).
    pub kind: Kind,
    /// Whether it answers: the best of its attachments, an open connection counts as live. None: it is not here.
    pub presence: Option<Presence>,
    /// What it may do with this pane.
    pub rights: Rights,
}

impl Standing {
    /// Whether it answers.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.presence == Some(Presence::Live)
    }
}

/// Who is who at one pane: the roster and the policy, as far as `step` asks them.
pub trait People {
    /// The standing of `operator`; `given` says whether the pane was given to it, which is for the policy. None: never heard of it.
    fn standing(&self, operator: OperatorId, given: bool) -> Option<Standing>;

    /// The rule that says no to `right`: [`super::Granted::rule_against`].
    fn rule_against(&self, operator: OperatorId, given: bool, right: Right) -> String {
        let _ = (operator, given, right);
        "the policy".to_owned()
    }
}

/// Who brings an event, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// Who; none: nobody (the clock, the policy, the kernel).
    pub operator: Option<OperatorId>,
    /// Through which attachment.
    pub attachment: Option<AttachmentId>,
    /// For whom it speaks.
    pub on_behalf_of: Option<OperatorId>,
    /// By what.
    pub cause: Cause,
}

impl By {
    /// An operator, through no attachment.
    #[must_use]
    pub const fn operator(operator: OperatorId, cause: Cause) -> Self {
        Self { operator: Some(operator), attachment: None, on_behalf_of: None, cause }
    }

    /// Nobody.
    #[must_use]
    pub const fn nobody(cause: Cause) -> Self {
        Self { operator: None, attachment: None, on_behalf_of: None, cause }
    }
}

/// Where a release leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Release {
    /// Everybody with the right types again.
    Shared,
    /// Nobody has it; somebody may acquire it.
    Vacant,
    /// The first live request is granted; back to shared if there is none.
    Next,
}

/// How a pane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The child exited.
    Exited {
        /// Its status.
        status: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
    },
    /// Somebody asked for it.
    Killed,
    /// Its host or keeper was lost.
    Lost,
}

/// What a hold, an offer or a hand back says of the hold to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Terms {
    /// How long it lasts, milliseconds. None: without limit if a human gives it, the default lease otherwise.
    pub ttl_ms: Option<u64>,
    /// Whether it is supervised. Means nothing for a human.
    pub supervised: bool,
}

/// What happened at a pane. Who did it is in [`By`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// T1: an attachment was made.
    Attach,
    /// T2: the last live attachment stopped answering.
    Stale,
    /// T2: it answers again, over whatever transport.
    Resume,
    /// T25: the operator showed that it is the same incarnation as before the restart.
    Prove,
    /// T3: the last attachment was detached.
    Detach,
    /// T4: the grace of all its attachments is over.
    Lost,
    /// T5: it wants control of a free pane.
    Acquire {
        /// How long; none or more than the default lease: the default lease. Means nothing for a human.
        ttl_ms: Option<u64>,
    },
    /// T6: it asks for control.
    Request {
        /// Why, for people.
        why: String,
    },
    /// T7: it takes its request back.
    Cancel,
    /// T8: a request is granted.
    Grant {
        /// Whose.
        to: OperatorId,
        /// On what terms.
        terms: Terms,
    },
    /// T9: a request is denied.
    Deny {
        /// Whose.
        to: OperatorId,
        /// Why, for people.
        reason: Option<String>,
    },
    /// T10: control is offered.
    Offer {
        /// To whom.
        to: OperatorId,
        /// On what terms.
        terms: Terms,
        /// What is to be done, for people and agents.
        note: Option<String>,
    },
    /// T11: the target accepts.
    Accept,
    /// T11: the target declines.
    Decline,
    /// T11: the giver thinks better of it.
    Withdraw,
    /// T12: the holder gives control up.
    Release(Release),
    /// T13: a human takes control.
    Take,
    /// T14: control goes back to the suspended one.
    HandBack {
        /// What to tell it.
        note: Option<String>,
        /// Where in the output it was suspended, as the server counts: what came since is what changed.
        cursor: Option<u64>,
        /// On what terms.
        terms: Terms,
    },
    /// T15: an admin takes control from anybody.
    Force {
        /// Why. Must say something.
        reason: String,
    },
    /// T16: somebody above ends the hold.
    Revoke {
        /// Why, for people.
        reason: Option<String>,
    },
    /// T18: rights changed; ends the hold of a holder who may not write any more.
    PolicyChanged,
    /// T19: another mode. `Held` means vacant.
    SetMode(super::Mode),
    /// T19: supervision of the present holder on or off.
    Supervise(bool),
    /// T20: input of a supervised holder, or of one before a secret prompt, is staged.
    Propose {
        /// The epoch it was sent under.
        epoch: u64,
        /// What will be written.
        bytes: Vec<u8>,
        /// Whether the terminal does not echo.
        secret: bool,
    },
    /// T21: a human approves.
    Approve {
        /// Which proposal.
        proposal: u64,
    },
    /// T21: a human, or the proposer, drops it.
    Reject {
        /// Which proposal.
        proposal: u64,
        /// Why, for people.
        reason: Option<String>,
    },
    /// T22: input was written. Say it as often as the journal should know and a lease be renewed; may stand for many frames.
    Wrote {
        /// How many frames.
        frames: u64,
        /// How many bytes.
        bytes: u64,
        /// Their [`super::digest`].
        digest: String,
        /// The bytes themselves, if the writer is no human and the terminal echoed.
        text: Option<Vec<u8>>,
    },
    /// T24: the pane ended.
    Ended(End),
    /// T25: a new server took over.
    Restarted,
    /// The time is come: ends the one thing that is due first.
    Clock,
}

/// To whom something is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum To {
    /// One operator, on all its attachments.
    Operator(OperatorId),
    /// Every human with the right to approve or to take here.
    Approvers,
}

/// A card, for somebody to answer or to take note of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// For whom.
    pub to: To,
    /// What about.
    pub about: About,
}

/// What a card is about. The numbers are those of the state: a card whose number is not pending any more is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A request to grant or deny.
    Request(u64),
    /// An offer to accept or decline.
    Offer(u64),
    /// A proposal to approve or deny.
    Proposal(u64),
}

/// Something an operator is told. The entry of the same effects has who, why and what note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// For whom.
    pub to: OperatorId,
    /// What.
    pub what: Told,
}

/// What an operator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Told {
    /// It has control now.
    YouHaveControl,
    /// It has control again; with the note, the cursor and what changed (R28).
    HandedBack,
    /// It has no control any more.
    YouLostControl,
    /// Its request was denied.
    Denied,
    /// Its request, offer or proposal ended by itself or with the tenure.
    Expired,
    /// Its offer was declined.
    Declined,
    /// An offer to it was withdrawn.
    Withdrawn,
    /// Its proposal was approved and written.
    Approved,
    /// Its proposal was denied.
    Rejected,
}

/// Queued input that is void: discard it, count it, and record `input.discarded` with the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discard {
    /// Everything that was sent under an epoch below this one.
    pub before_epoch: u64,
    /// How many staged bytes were dropped with it, by the state itself.
    pub staged_bytes: u64,
}

/// Whose loose ends the gate ties up before anybody else writes: an open bracketed paste is closed, held keys and buttons get their release
/// ([`super::LooseEnds`] says with which bytes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settle {
    /// The old holder's.
    Of(OperatorId),
    /// Everybody's: the pane was shared.
    Everybody,
}

/// Staged bytes to be written exactly as they are, by the gate, attributed to both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Which proposal.
    pub proposal: u64,
    /// Whose bytes.
    pub operator: Party,
    /// Who approved.
    pub approved_by: OperatorId,
    /// What.
    pub bytes: Vec<u8>,
}

/// What a transition asks the server to do, in this order: record the entry, discard, settle, write, then tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Effects {
    /// The one journal entry of this transition.
    pub entry: Entry,
    /// What to throw away.
    pub discard: Option<Discard>,
    /// Whose loose ends to tie up.
    pub settle: Option<Settle>,
    /// What to write.
    pub write: Option<Write>,
    /// Cards to show.
    pub cards: Vec<Card>,
    /// Whom to tell what.
    pub notices: Vec<Notice>,
    /// Whether everybody's roster changed.
    pub roster: bool,
}

/// What `step` needs beside the state: who is who, how long things last, what time it is.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Who is who.
    pub people: &'a dyn People,
    /// How long things last.
    pub times: &'a super::Times,
    /// What time it is.
    pub now: Millis,
}
