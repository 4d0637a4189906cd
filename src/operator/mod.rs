//! Who may act: operators, their attachments, the control of each pane, and the one question that every act meets.
//!
//! ```text
//!   identity   facts about a peer ─► who it is            roster    who is attached
//!   policy     who, at which pane ─► rights               control   who has control of a pane, since when, until when; who asked for it
//!   step       control + event ─► control + effects       decide    control + act ─► accepted, take, staged, refused
//!   journal    one entry a transition; fold: entries ─► control     check: what is always true of a control
//! ```
//!
//! An *operator* is a human, agent, device or service with a name; an *attachment* is one connection of it over one transport, and one operator
//! may have several (laptop and phone). Control belongs to the operator, input to the attachment. The [`Roster`] says who is there; nobody is
//! attached without being in it. [`decide()`] is the only place that answers "may I": everything that reaches a PTY, and everything that changes
//! sessions, becomes an [`Act`] and meets it first. [`step()`] is the only place where control passes on.
//!
//! Nothing here knows sockets, clocks or what a pane looks like: time and identity are passed in.

#![deny(clippy::disallowed_methods)]

mod check;
mod control;
mod decide;
mod event;
mod hex;
mod identity;
pub mod journal;
mod loose_ends;
mod policy;
mod refusal;
mod roster;
mod step;
#[cfg(test)]
mod tests;
mod types;
mod word;

pub use check::{Broken, check};
pub use control::{
    Control, GIVEN_MAX, Hold, Mode, NOTE_BYTES_MAX, Offer, PROPOSAL_BYTES_MAX, PROPOSALS_MAX, ParseControlError, Proposal, REQUESTS_MAX,
    Request, Suspended, Suspension, Times, Via,
};
pub use decide::{Act, Frame, Nature, Scene, Takeover, Verb, Verdict, decide, is_current};
pub use event::{About, By, Card, Discard, Effects, End, Event, Notice, People, Release, Settle, Standing, Terms, To, Told, World, Write};
pub use hex::digest;
pub use identity::{Ancestry, Bound, Declared, Facts, Forged, Identity, NAME_BYTES_MAX, Token, Tty, identify};
pub use journal::{Cause, Entry, Fact, Record, fold};
pub use loose_ends::{LooseEnds, border, cut};
pub use policy::{Fault, Granted, Place, Policy, Rule, Subject};
pub use refusal::Refusal;
pub use roster::{Attachment, Operator, Roster};
pub use step::step;
pub use types::{Assurance, Kind, Millis, Party, Presence, Right, Rights, Role, Transport};
pub use word::UnknownWord;
