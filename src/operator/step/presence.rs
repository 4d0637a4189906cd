//! Coming and going: T1 to T4, and T25's second half. The roster knows who is there; here is what it means for one pane.

use super::{Done, Turn};
use crate::operator::control::{Hold, Suspended, Suspension};
use crate::operator::journal::Fact;
use crate::operator::refusal::Refusal;
use crate::operator::types::{Party, Right};

impl Turn<'_> {
    /// Who comes or goes; it need not answer.
    fn visitor(&self) -> Result<Party, Refusal> {
        self.party().ok_or(Refusal::Nothing)
    }

    /// T1.
    pub(super) fn attach(&self) -> Result<Done, Refusal> {
        let visitor = self.visitor()?;
        let rights = self.standing(visitor.id)?.rights;
        if !rights.has(Right::View) {
            let rule = self.world.people.rule_against(visitor.id, self.control.is_given(visitor.id), Right::View);
            return Err(Refusal::NoRight { right: Right::View, rule });
        }
        // A holder who was stale is back; that it attached says the same.
        self.resume().or(Ok(Done::within(Fact::Attached { role: None, transport: None })))
    }

    /// T2.
    pub(super) fn stale(&self) -> Result<Done, Refusal> {
        let visitor = self.visitor()?;
        let grace = self.world.times.grace_ms(visitor.kind.is_human());
        match self.control.holder {
            Some(Hold { operator, grace_until: None, .. }) if operator == visitor => {
                Ok(Done::within(Fact::Stale { grace_until: Some(self.world.now.plus(grace)) }))
            }
            _ => Err(Refusal::Nothing),
        }
    }

    /// T2.
    pub(super) fn resume(&self) -> Result<Done, Refusal> {
        let visitor = self.visitor()?;
        match self.control.holder {
            Some(Hold { operator, grace_until: Some(_), .. }) if operator == visitor => Ok(Done::within(Fact::Resumed { hold: None })),
            _ => Err(Refusal::Nothing),
        }
    }

    /// T25: the same incarnation is back after a restart. Nobody has been quicker, no human reserved the pane, and it may still write.
    pub(super) fn prove(&self) -> Result<Done, Refusal> {
        let visitor = self.visitor()?;
        match self.control.suspended {
            Some(Suspended { hold, why: Suspension::Restart })
                if hold.operator == visitor && self.control.is_vacant() && self.control.reserved_for.is_none() =>
            {
                self.heir(visitor.id)?;
                let now = self.world.now;
                let until = hold.ttl_ms.map(|ttl| if hold.renews { now.plus(ttl) } else { hold.until.unwrap_or(now) });
                Ok(Done::tenure(Fact::Resumed { hold: Some(Hold { until, grace_until: None, ..hold }) }))
            }
            _ => Err(Refusal::Nothing),
        }
    }

    /// T3, T4.
    pub(super) fn leave(&self, lost: bool) -> Result<Done, Refusal> {
        let visitor = self.visitor()?;
        let control = self.control;
        let holds = control.is_held_by(visitor.id);
        let offers = control.offer.as_ref().is_some_and(|offer| offer.to == visitor || offer.from == visitor);
        if !holds && !offers && control.request_of(visitor.id).is_none() {
            return Err(Refusal::Nothing);
        }
        Ok(self.left(visitor, lost))
    }

    /// What it means that `gone` is not here any more.
    pub(super) fn left(&self, gone: Party, lost: bool) -> Done {
        let holds = self.control.is_held_by(gone.id);
        let fact = match (lost, holds && gone.kind.is_human()) {
            (true, true) => Fact::Reserved { reserved_for: gone.id },
            (true, false) => Fact::Lost,
            (false, _) => Fact::Detached,
        };
        let done = if holds { Done::tenure(fact) } else { Done::within(fact) };
        Done { actor: Some(gone), reason: lost.then(|| "lost".to_owned()), ..done }
    }
}
