//! The gate's question. Pure: an act goes in, a decision comes out, and it names the rule that made it, so that a refusal explains itself and
//! the record of decisions is the audit.
//!
//! Today's rules are those of one uid on one host: whoever takes part may act, whoever looks on may look.

use super::{Kind, Role};
use crate::ids::{AttachmentId, OperatorId, PaneId};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// See screens, history, lists.
    View,
    /// Write bytes to a PTY.
    Input,
    /// Change a pane's or window's size or place.
    Arrange,
    /// Start a program: a new pane, window or session.
    Spawn,
    /// Send a signal.
    Signal,
    /// End a pane, window or session.
    Kill,
    /// Rename, set options, buffers and the like.
    Change,
    /// Rule the server itself: end it, replace it, detach others.
    Admin,
}

/// Somebody wants to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub operator: OperatorId,
    /// What speaks for it.
    pub kind: Kind,
    /// Through which attachment; a command that asks and leaves has none.
    pub attachment: Option<AttachmentId>,
    /// What that attachment was let in as.
    pub role: Role,
    /// What.
    pub verb: Verb,
    /// To which pane, if it is about one.
    pub pane: Option<PaneId>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow {
        /// The rule that says so.
        rule: &'static str,
    },
    /// No.
    Deny {
        /// The rule that says so.
        rule: &'static str,
        /// For people; one line, no period at the end.
        why: &'static str,
    },
}

impl Decision {
    /// Whether the act may be done.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// Whether `act` may be done.
#[must_use]
pub fn decide(act: &Act) -> Decision {
    match (act.role, act.verb) {
        (_, Verb::View) => Decision::Allow { rule: "everybody local may look" },
        (Role::Observer, _) => Decision::Deny { rule: "observers look on", why: "this attachment is read-only" },
        (Role::Participant | Role::Admin, _) => Decision::Allow { rule: "everybody local takes part" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observers_look_and_participants_act() {
        let verbs = [Verb::View, Verb::Input, Verb::Arrange, Verb::Spawn, Verb::Signal, Verb::Kill, Verb::Change, Verb::Admin];
        for verb in verbs {
            for (role, allowed) in [(Role::Observer, verb == Verb::View), (Role::Participant, true), (Role::Admin, true)] {
                let act = Act { operator: OperatorId(1), kind: Kind::Human, attachment: None, role, verb, pane: None };
                assert_eq!(decide(&act).is_allowed(), allowed, "{role:?} {verb:?}");
            }
        }
    }
}
