//! What time ends: T4, T7, T11, T17 and T21 by the clock. One call ends one thing, the one that was due first, so that each has its own entry.

use super::{Done, Turn};
use crate::operator::journal::{Expired, Fact};
use crate::operator::refusal::Refusal;
use crate::operator::types::Millis;

impl Turn<'_> {
    /// Ends what was due first.
    pub(super) fn clock(&self) -> Result<Done, Refusal> {
        let control = self.control;
        // Of things due at the same moment, the lesser goes first: it may be void after the greater.
        let mut due: Vec<(Millis, Done)> = Vec::new();
        due.extend(
            control
                .proposals
                .iter()
                .map(|staged| (staged.until, Done::within(Fact::ProposalExpired { proposal: staged.id, operator: staged.operator.id }))),
        );
        due.extend(
            control
                .offer
                .iter()
                .map(|offer| (offer.until, Done::within(Fact::Expired { what: Expired::Offer(offer.id), operator: offer.to.id }))),
        );
        due.extend(control.queue.iter().map(|request| {
            (request.until, Done::within(Fact::Expired { what: Expired::Request(request.id), operator: request.operator.id }))
        }));
        if let Some(hold) = &control.holder {
            let expired = || Done::tenure(Fact::Expired { what: Expired::Hold, operator: hold.operator.id });
            due.extend(hold.until.map(|until| (until, expired())));
            due.extend(hold.grace_until.map(|until| (until, self.left(hold.operator, true))));
        }
        let mut first: Option<(Millis, Done)> = None;
        for (until, done) in due.into_iter().filter(|(until, _)| *until <= self.world.now) {
            if first.as_ref().is_none_or(|(earliest, _)| until < *earliest) {
                first = Some((until, done));
            }
        }
        first.map(|(_, done)| done).ok_or(Refusal::Nothing)
    }
}
