//! Ruling: T15 force, T16 revoke, T18 a right removed, T19 modes and supervision.

use super::{Done, Turn};
use crate::operator::control::{Mode, Via};
use crate::operator::journal::Fact;
use crate::operator::refusal::Refusal;
use crate::operator::types::Right;

impl Turn<'_> {
    /// T15.
    pub(super) fn force(&self, reason: &str) -> Result<Done, Refusal> {
        let actor = self.human("force control")?;
        self.require(&actor, Right::Admin)?;
        self.require(&actor, Right::Input)?;
        self.not_locked()?;
        if reason.trim().is_empty() {
            return Err(Refusal::ReasonRequired);
        }
        if self.control.is_held_by(actor.party.id) {
            return Err(Refusal::AlreadyHolder);
        }
        let hold = self.hold(actor.party, Via::Force, None, None, false);
        Ok(Done::tenure(Fact::Forced { hold }).because(Some(reason.trim().to_owned())))
    }

    /// T16.
    pub(super) fn revoke(&self, reason: Option<String>) -> Result<Done, Refusal> {
        let actor = self.human("revoke control")?;
        let hold = self.control.holder.ok_or(Refusal::NoHolder)?;
        if hold.operator == actor.party {
            return Err(Refusal::NotNeeded { next: "`baton control release` gives up what you have" });
        }
        if !actor.may(Right::Admin) {
            if !actor.party.kind.outranks(hold.operator.kind) {
                return Err(self.held_by(&hold));
            }
            self.require(&actor, Right::Take)?;
        }
        Ok(Done::tenure(Fact::Revoked { operator: hold.operator.id }).because(reason))
    }

    /// T18. The holder may not write any more.
    pub(super) fn policy_changed(&self) -> Result<Done, Refusal> {
        let hold = self.control.holder.ok_or(Refusal::Nothing)?;
        let standing = self.world.people.standing(hold.operator.id, true);
        if standing.is_some_and(|standing| standing.rights.has(Right::Input)) {
            return Err(Refusal::Nothing);
        }
        let rule = self.world.people.rule_against(hold.operator.id, true, Right::Input);
        Ok(Done::tenure(Fact::Revoked { operator: hold.operator.id }).because(Some(rule)))
    }

    /// T19. A non-human rules only over what it holds, and never shuts people out with a lock.
    pub(super) fn set_mode(&self, mode: Mode) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        self.require(&actor, Right::Admin)?;
        if !actor.is_human() && (!self.control.is_held_by(actor.party.id) || mode == Mode::Locked) {
            return Err(Refusal::NotHuman { act: "set this mode" });
        }
        if mode == self.control.mode {
            return Err(Refusal::Nothing);
        }
        Ok(Done::tenure(Fact::ModeChanged { mode, supervised: false }))
    }

    /// T19 for the flag: the tenure goes on.
    pub(super) fn supervise(&self, on: bool) -> Result<Done, Refusal> {
        let actor = self.human("supervise")?;
        self.require(&actor, Right::Approve)?;
        let hold = self.control.holder.ok_or(Refusal::NoHolder)?;
        if hold.operator.kind.is_human() {
            return Err(Refusal::NotSupervised);
        }
        if hold.supervised == on {
            return Err(Refusal::Nothing);
        }
        Ok(Done::within(Fact::ModeChanged { mode: self.control.mode, supervised: on }))
    }
}
