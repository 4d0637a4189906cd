//! Asking: T5 to T9. A free pane is acquired, any other is asked for, and whoever may give it grants or denies.
//!
//! The queue is first come, first served, among those who could really have it: whoever does not answer, is suspended, or may not write here is passed over and
//! keeps its place.

use super::{Actor, Done, Turn, short};
use crate::ids::OperatorId;
use crate::operator::control::{Mode, REQUESTS_MAX, Request, Via};
use crate::operator::event::Terms;
use crate::operator::journal::Fact;
use crate::operator::refusal::Refusal;
use crate::operator::types::Right;

impl Turn<'_> {
    /// Whether this actor could have control this moment: T5's guard.
    fn may_acquire(&self, actor: &Actor) -> Result<(), Refusal> {
        let control = self.control;
        self.not_locked()?;
        if let Some(hold) = &control.holder {
            return Err(if hold.operator == actor.party { Refusal::AlreadyHolder } else { self.held_by(hold) });
        }
        if !actor.is_human() && control.is_suspended(actor.party.id) {
            return Err(Refusal::Suspended);
        }
        self.require(actor, Right::Input)?;
        if actor.is_human() {
            return Ok(());
        }
        if let Some(human) = control.reserved_for {
            return Err(Refusal::Reserved { human });
        }
        if control.mode == Mode::Shared && !control.is_given(actor.party.id) {
            let rule = "the rule that a program shuts nobody out of a shared pane that was not given to it".to_owned();
            return Err(Refusal::NoRight { right: Right::Input, rule });
        }
        let ahead = control.queue.iter().take_while(|request| request.operator.id != actor.party.id);
        match ahead.map(|request| request.operator.id).find(|operator| self.is_eligible(*operator)) {
            Some(operator) => Err(Refusal::Queued { operator }),
            None => Ok(()),
        }
    }

    /// Whether somebody in the queue could acquire if it were first.
    fn is_eligible(&self, operator: OperatorId) -> bool {
        let standing = self.standing(operator);
        standing.is_ok_and(|standing| standing.is_live() && standing.rights.has(Right::Input)) && !self.control.is_suspended(operator)
    }

    /// T5.
    pub(super) fn acquire(&self, ttl_ms: Option<u64>) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        self.may_acquire(&actor)?;
        let hold = self.hold(actor.party, Via::Acquire, None, ttl_ms, false);
        Ok(Done::tenure(Fact::Acquired { hold }))
    }

    /// T6.
    pub(super) fn request(&self, why: &str) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        self.require(&actor, Right::Request)?;
        if self.control.request_of(actor.party.id).is_some() {
            return Err(Refusal::Pending { what: "request" });
        }
        match self.may_acquire(&actor) {
            Ok(()) => return Err(Refusal::NotNeeded { next: "it is free, take it with `baton control acquire`" }),
            Err(refused @ (Refusal::Locked | Refusal::AlreadyHolder)) => return Err(refused),
            Err(_) => {}
        }
        if self.control.queue.len() >= REQUESTS_MAX {
            return Err(Refusal::Full { what: "requests", max: REQUESTS_MAX });
        }
        let now = self.world.now;
        let until = now.plus(self.world.times.request_ms);
        let request = Request { id: self.control.next_id, operator: actor.party, why: short(why), since: now, until };
        Ok(Done::within(Fact::Requested { request }))
    }

    /// T7.
    pub(super) fn cancel(&self) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        let request = self.pending(actor.party.id)?.id;
        Ok(Done::within(Fact::Cancelled { request }))
    }

    fn pending(&self, operator: OperatorId) -> Result<&Request, Refusal> {
        self.control.request_of(operator).ok_or(Refusal::NothingPending { what: "request" })
    }

    /// Who may say to whom control goes: the holder, a human where no human holds, an admin. A non-human that is not the holder never may over somebody's
    /// head.
    pub(super) fn may_give(&self, act: &'static str) -> Result<Actor, Refusal> {
        let actor = self.actor()?;
        let control = self.control;
        if control.is_held_by(actor.party.id) {
            self.require(&actor, Right::Offer)?;
            return Ok(actor);
        }
        if actor.is_human() {
            let over_human = control.holder.filter(|hold| hold.operator.kind.is_human());
            return match over_human {
                _ if actor.may(Right::Admin) => Ok(actor),
                Some(hold) => Err(self.held_by(&hold)),
                None => self.require(&actor, Right::Take).map(|()| actor),
            };
        }
        match control.holder {
            None if actor.may(Right::Admin) && control.reserved_for.is_none() => Ok(actor),
            Some(hold) if actor.may(Right::Admin) => Err(self.held_by(&hold)),
            _ => Err(Refusal::NotHuman { act }),
        }
    }

    /// I5: nobody's word puts a non-human in the place of a human but that human's.
    pub(super) fn displaces_no_human(&self, actor: &Actor, heir_is_human: bool) -> Result<(), Refusal> {
        match &self.control.holder {
            Some(hold) if hold.operator.kind.is_human() && hold.operator != actor.party && !heir_is_human => Err(self.held_by(hold)),
            _ => Ok(()),
        }
    }

    /// T8.
    pub(super) fn grant(&self, to: OperatorId, terms: Terms) -> Result<Done, Refusal> {
        let actor = self.may_give("grant control")?;
        self.not_locked()?;
        let request = self.pending(to)?.id;
        if to == actor.party.id {
            return Err(Refusal::NotNeeded { next: "`baton control take` is for yourself" });
        }
        // I8: what one may not do, one cannot grant.
        self.require(&actor, Right::Input)?;
        let heir = self.heir_of(actor.party, to)?;
        self.displaces_no_human(&actor, heir.kind.is_human())?;
        let hold = self.hold(heir, Via::Grant, Some(actor.party), terms.ttl_ms, terms.supervised);
        Ok(Done::tenure(Fact::Granted { request, hold }))
    }

    /// T9.
    pub(super) fn deny(&self, to: OperatorId, reason: Option<String>) -> Result<Done, Refusal> {
        self.may_give("deny a request")?;
        let request = self.pending(to)?.id;
        Ok(Done::within(Fact::Denied { request, operator: to }).because(reason))
    }
}
