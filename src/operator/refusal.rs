//! Why not: the one list of reasons for which control or the gate refuse something.
//!
//! A reason carries what the refused one needs to go on (who holds it, in which epoch, which rule spoke) and its text says what to do next, in the words of
//! the command line. [`Refusal::code`] is the code of the JSON API's closed list, [`Refusal::next`] the verb that would help.

use serde::Serialize;

use super::types::Right;
use crate::ids::OperatorId;

/// Why something was refused. Prints as one line for people, without a period.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// It writes where somebody else holds, or nobody.
    #[error("{} has control (epoch {epoch}); ask with `baton control request`", who(*holder))]
    NotHolder {
        /// Who does; none: the pane is vacant.
        holder: Option<OperatorId>,
        /// In which epoch.
        epoch: u64,
    },
    /// It wants control that somebody of equal or higher rank has.
    #[error("{holder} has control (epoch {epoch}); ask with `baton control request`; an admin can `baton control force` with a reason")]
    HeldBy {
        /// Who.
        holder: OperatorId,
        /// In which epoch.
        epoch: u64,
    },
    /// A key of a human, where keys are configured not to take.
    #[error("{holder} has control; take it with `baton control take` or the key for it (`takeover` says that typing does not)")]
    TakeoverOff {
        /// Who has control.
        holder: OperatorId,
    },
    /// It was sent in another tenure.
    #[error("control changed since this was sent (epoch {sent}, now {epoch}); look at the screen and send it again")]
    StaleEpoch {
        /// The one it carried.
        sent: u64,
        /// The present one.
        epoch: u64,
    },
    /// The screen is not the one it was meant for.
    #[error("the screen changed since it was read (sequence {expected}, now {seq}); read it again")]
    StaleSeq {
        /// What the sender had seen.
        expected: u64,
        /// What there is.
        seq: u64,
    },
    /// The program asks for a secret: echo is off.
    #[error("the program asks for a secret (echo is off): let the human type it, or have one approve this with `baton approve`")]
    SecretPrompt,
    /// Nobody writes here.
    #[error("the pane is locked; an admin can unlock it with `baton control mode shared`")]
    Locked,
    /// The policy does not allow it.
    #[error("{rule} does not allow `{right}` here{}", advice(*right))]
    NoRight {
        /// What was missing.
        right: Right,
        /// The rule that said so.
        rule: String,
    },
    /// What non-humans write cannot be recorded, so it is not written.
    #[error("the journal cannot be written, so only humans may write; free disk space and try again")]
    JournalUnavailable,
    /// A human stepped in.
    #[error("a human took control from you; wait for them to hand it back, or ask with `baton control request`")]
    Suspended,
    /// A human was lost while holding.
    #[error("the pane is reserved for {human}, who was disconnected while in control; ask with `baton control request`")]
    Reserved {
        /// Who.
        human: OperatorId,
    },
    /// Somebody asked before.
    #[error("{operator} asked first; queue up with `baton control request`")]
    Queued {
        /// Who is first.
        operator: OperatorId,
    },
    /// The other party is not there.
    #[error("{operator} does not answer; wait until it is back, or choose somebody else")]
    NotLive {
        /// Who.
        operator: OperatorId,
    },
    /// Nobody by that number was ever here.
    #[error("{operator} is not known here; `baton roster` lists everybody")]
    Unknown {
        /// Who.
        operator: OperatorId,
    },
    /// Only humans may.
    #[error("only a human may {act}; ask one with `baton control request`")]
    NotHuman {
        /// What.
        act: &'static str,
    },
    /// The one who staged it cannot approve it.
    #[error("what you staged yourself is for somebody else to approve")]
    OwnProposal,
    /// There is no such request, offer or proposal, or it has ended.
    #[error("there is no such {what} (any more); see `baton control status`")]
    NothingPending {
        /// "request", "offer", "proposal", "suspended operator".
        what: &'static str,
    },
    /// It is for somebody else.
    #[error("that {what} is not yours; see `baton control status`")]
    NotYours {
        /// "offer".
        what: &'static str,
    },
    /// One is open already.
    #[error("there is an open {what} already; wait for it or withdraw it first")]
    Pending {
        /// "request", "offer".
        what: &'static str,
    },
    /// It already has what it wants.
    #[error("you have control already")]
    AlreadyHolder,
    /// There is nothing to ask for.
    #[error("you need not ask: {next}")]
    NotNeeded {
        /// What to do instead.
        next: &'static str,
    },
    /// It has no control to give up.
    #[error("nobody has control of this pane; there is nothing to revoke")]
    NoHolder,
    /// A reason must be given.
    #[error("say why: this needs a reason")]
    ReasonRequired,
    /// What waits is at its bound.
    #[error("too many {what} wait here (the most is {max}); try again when some have ended")]
    Full {
        /// "requests", "proposals".
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// More than may be asked for at once.
    #[error("{bytes} bytes are too much to approve at once (the most is {max}); send less")]
    TooLarge {
        /// How much it was.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// Nothing is staged here.
    #[error("nothing is supervised here: write with `baton send`")]
    NotSupervised,
    /// It must be staged.
    #[error("this hold is supervised: what you write waits for a human's approval")]
    Supervised,
    /// Only one attachment decides the size.
    #[error("the size of this pane follows another attachment")]
    NotSizeAuthority,
    /// The pane has ended.
    #[error("the program in this pane has ended")]
    Closed,
    /// The event changes nothing here; nothing is recorded.
    #[error("nothing to do")]
    Nothing,
}

fn who(holder: Option<OperatorId>) -> String {
    holder.map_or_else(|| "nobody".to_owned(), |holder| holder.to_string())
}

fn advice(right: Right) -> &'static str {
    match right {
        Right::Input | Right::Signal | Right::Kill => "; ask for control with `baton control request`",
        Right::Take | Right::Approve | Right::Offer | Right::Resize => "; ask a human who may",
        Right::Admin => "; ask an admin",
        Right::View | Right::Request | Right::Spawn => "; the policy is in the configuration",
    }
}

impl Refusal {
    /// Its code in the JSON API's closed list.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotHolder { .. } => "not_holder",
            Self::HeldBy { .. } | Self::TakeoverOff { .. } | Self::Queued { .. } => "held_by",
            Self::Suspended | Self::Reserved { .. } => "human_active",
            Self::StaleEpoch { .. } => "stale_epoch",
            Self::StaleSeq { .. } => "stale_seq",
            Self::SecretPrompt => "secret_prompt",
            Self::JournalUnavailable => "journal_unavailable",
            Self::Locked
            | Self::NoRight { .. }
            | Self::NotHuman { .. }
            | Self::OwnProposal
            | Self::NotYours { .. }
            | Self::NotSizeAuthority => "not_permitted",
            Self::Supervised => "approval_required",
            Self::NotLive { .. } => "not_ready",
            Self::Full { .. } => "queue_full",
            Self::TooLarge { .. } => "too_large",
            Self::Closed => "pane_gone",
            Self::Unknown { .. }
            | Self::NothingPending { .. }
            | Self::Pending { .. }
            | Self::AlreadyHolder
            | Self::NotNeeded { .. }
            | Self::NoHolder
            | Self::ReasonRequired
            | Self::NotSupervised
            | Self::Nothing => "bad_request",
        }
    }

    /// The verb that would help, for programs: `control.request` and the like.
    #[must_use]
    pub const fn next(&self) -> Option<&'static str> {
        match self {
            Self::NotHolder { holder: None, .. } => Some("control.acquire"),
            Self::NotHolder { .. } | Self::HeldBy { .. } | Self::Suspended | Self::Reserved { .. } | Self::Queued { .. } => {
                Some("control.request")
            }
            Self::NoRight { right: Right::Input | Right::Signal | Right::Kill, .. } => Some("control.request"),
            Self::TakeoverOff { .. } => Some("control.take"),
            Self::StaleEpoch { .. } | Self::StaleSeq { .. } => Some("read"),
            Self::SecretPrompt => Some("ask"),
            Self::Supervised => Some("send"),
            Self::Locked => Some("control.mode"),
            Self::NothingPending { .. } | Self::NotYours { .. } | Self::Unknown { .. } => Some("control.status"),
            _ => None,
        }
    }

    /// Who has control, where that is the reason.
    #[must_use]
    pub const fn holder(&self) -> Option<OperatorId> {
        match self {
            Self::NotHolder { holder, .. } => *holder,
            Self::HeldBy { holder, .. } | Self::TakeoverOff { holder } => Some(*holder),
            _ => None,
        }
    }
}
