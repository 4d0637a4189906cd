//! Control of panes, as this client sees it: questions about [`Model::controls`], and what a key does about it.
//!
//! Everything that is shown is made of that state, which is whole and in which the latest counts: the words of titles and status line ([`words`]), the cards
//! ([`cards`]). A pane that is not in it is free: nobody ever said anything about it, and nothing at all is shown or sent that would not be without this
//! module. What the user does about it is in [`verbs`]; what the server said to what was typed, and what others did, in [`news`].
//!
//! **Epochs of what is typed.** Input for a pane about which something is said carries the epoch that the user could see ([`Stamp`]). So the keys behind a first key
//! that took control do not run the agent's half-typed line, and keys under way while control changes are refused, not typed into another tenure.
//! Ctrl-C, Ctrl-\ and Ctrl-Z alone carry none: they mean whatever runs now. Nor does input for a pane that is simply shared: there is nothing that it could
//! overtake. After a reconnect epochs have grown with the new server; what was typed where this client's operator could write then and can write now gets
//! the new one, everything else keeps the old one and is refused ([`super::link`]).

pub mod cards;
pub mod news;
pub mod verbs;
pub mod words;

use super::model::Model;
use crate::ids::{OperatorId, PaneId};
use crate::protocol::message::{ControlInfo, ControlMode, OperatorKind, Who};
use crate::terminal::rewrite::is_sly;

/// What input is stamped with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The epoch that the user could see; none: whatever is now.
    pub epoch: Option<u64>,
    /// The operator could write to the pane when it was typed.
    pub steady: bool,
}

impl Stamp {
    /// Of a pane about which nothing is said.
    pub const FREE: Self = Self { epoch: None, steady: true };
    /// Of a key that is delivered at once whoever has control. What has it is sent alone.
    pub const AT_ONCE: Self = Self { epoch: None, steady: false };

    /// Whether more may be added to a piece of input with this stamp.
    #[must_use]
    pub fn joins(self) -> bool {
        self != Self::AT_ONCE
    }
}

/// Whether these are the bytes of Ctrl-C, Ctrl-\ or Ctrl-Z alone, in any encoding that a program may have asked for.
#[must_use]
pub const fn is_interrupt(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x03 | 0x1c | 0x1a] | b"\x1b[99;5u" | b"\x1b[92;5u" | b"\x1b[122;5u" | b"\x1b[99;5:1u" | b"\x1b[92;5:1u" | b"\x1b[122;5:1u"
    )
}

impl Model {
    /// What is known of a pane's control; none: it is free.
    #[must_use]
    pub fn control(&self, pane: PaneId) -> Option<&ControlInfo> {
        self.controls.get(&pane)
    }

    /// Whether `who` is the operator this client speaks for.
    #[must_use]
    pub fn is_me(&self, who: &Who) -> bool {
        self.operator == Some(who.id)
    }

    /// Whether the operator this client speaks for is a person, as almost always.
    #[must_use]
    pub fn is_human(&self) -> bool {
        let me = self.roster.iter().find(|operator| Some(operator.id) == self.operator);
        me.is_none_or(|me| me.kind == OperatorKind::Human)
    }

    /// Whether the operator this client speaks for has control of the pane.
    #[must_use]
    pub fn has_control(&self, pane: PaneId) -> bool {
        self.control(pane).and_then(|control| control.holder.as_ref()).is_some_and(|hold| self.is_me(&hold.operator))
    }

    /// What input for the pane is stamped with now.
    #[must_use]
    pub fn stamp(&self, pane: PaneId) -> Stamp {
        let Some(control) = self.control(pane) else { return Stamp::FREE };
        let shared = control.mode == ControlMode::Shared;
        if shared && control.offer.is_none() && control.queue.is_empty() {
            return Stamp::FREE;
        }
        Stamp { epoch: Some(control.epoch), steady: shared || self.has_control(pane) }
    }

    /// What people call an operator with this id.
    #[must_use]
    pub fn operator_name(&self, id: OperatorId) -> String {
        self.roster.iter().find(|operator| operator.id == id).map_or_else(|| id.to_string(), |operator| clean(&operator.name))
    }
}

/// A text of somebody else's with everything in it that could move a cursor, hide or turn text round made visible. Ordinary text of any script stays.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' {
            out.push_str("\\t");
        } else if c.is_control() || is_sly(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
