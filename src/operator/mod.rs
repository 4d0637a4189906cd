//! Who may act: operators, their attachments, and the one question that every act meets.
//!
//! An *operator* is a human, agent, device or service with a name; an *attachment* is one connection of it over one transport, and one operator
//! may have several (laptop and phone). Control belongs to the operator, input to the attachment. The [`Roster`] says who is there; nobody is
//! attached without being in it. [`decide`] is the only place that answers "may I": everything that reaches a PTY, and everything that changes
//! sessions, becomes an [`Act`] and meets it first.
//!
//! Nothing here knows sockets, clocks or what a pane looks like: time and identity are passed in. Control (holds, hand over, take) comes
//! to this room as a state machine of its own beside the roster.

#![deny(clippy::disallowed_methods)]

mod decide;
mod roster;

pub use decide::{Act, Decision, Verb, decide};
pub use roster::{Attachment, Kind, Operator, Presence, Role, Roster, Transport};
