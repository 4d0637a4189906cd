//! Handing over: T10 and T11. The giver keeps control until the target accepts (I14).

use super::{Done, Turn, short};
use crate::ids::OperatorId;
use crate::operator::control::{Offer, Via};
use crate::operator::event::Terms;
use crate::operator::journal::Fact;
use crate::operator::refusal::Refusal;
use crate::operator::types::Right;

impl Turn<'_> {
    /// T10.
    pub(super) fn offer(&self, to: OperatorId, terms: Terms, note: Option<&str>) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        self.not_locked()?;
        match &self.control.holder {
            Some(hold) if hold.operator != actor.party => {
                return Err(Refusal::NotHolder { holder: Some(hold.operator.id), epoch: self.control.epoch });
            }
            Some(_) => {}
            None if actor.is_human() => {}
            None => return Err(Refusal::NotHuman { act: "offer a pane that it does not hold" }),
        }
        self.require(&actor, Right::Offer)?;
        self.require(&actor, Right::Input)?;
        if self.control.offer.is_some() {
            return Err(Refusal::Pending { what: "offer" });
        }
        if to == actor.party.id {
            return Err(Refusal::NotNeeded { next: "`baton control acquire` is for yourself" });
        }
        let to = self.heir_of(actor.party, to)?;
        let hold = self.hold(to, Via::Offer, Some(actor.party), terms.ttl_ms, terms.supervised);
        let offer = Offer {
            id: self.control.next_id,
            from: actor.party,
            to,
            note: note.map(short),
            since: self.world.now,
            until: self.world.now.plus(self.world.times.offer_ms),
            ttl_ms: hold.ttl_ms,
            renews: hold.renews,
            supervised: hold.supervised,
        };
        Ok(Done::within(Fact::Offered { offer }))
    }

    fn open_offer(&self) -> Result<&Offer, Refusal> {
        self.control.offer.as_ref().ok_or(Refusal::NothingPending { what: "offer" })
    }

    /// The open offer, if the actor is its target.
    fn offered(&self) -> Result<&Offer, Refusal> {
        let actor = self.actor()?;
        self.open_offer().and_then(|offer| if offer.to == actor.party { Ok(offer) } else { Err(Refusal::NotYours { what: "offer" }) })
    }

    /// T11.
    pub(super) fn accept(&self) -> Result<Done, Refusal> {
        let offer = self.offered()?;
        let heir = self.heir(offer.to.id)?;
        let hold = self.hold(heir, Via::Offer, Some(offer.from), offer.ttl_ms, offer.supervised);
        Ok(Done::tenure(Fact::Accepted { offer: offer.id, hold }))
    }

    /// T11.
    pub(super) fn decline(&self) -> Result<Done, Refusal> {
        Ok(Done::within(Fact::Declined { offer: self.offered()?.id }))
    }

    /// T11.
    pub(super) fn withdraw(&self) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        let offer = self.open_offer()?;
        if offer.from != actor.party {
            return Err(Refusal::NotYours { what: "offer" });
        }
        Ok(Done::within(Fact::Withdrawn { offer: offer.id }))
    }
}
