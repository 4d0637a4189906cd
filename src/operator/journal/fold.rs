//! From entries to state: what each fact does to the control of a pane.
//!
//! Three things are done again and again. A **tenure** begins ([`Control::begin`]): the epoch becomes the entry's, open offers and proposals are void, the new
//! holder's request is fulfilled. Somebody is **suspended** ([`Control::suspend`]): the right to go on is withdrawn with the hold. Somebody **leaves**
//! ([`Control::forget`]): its requests and offers go with it.

use super::{Entry, Expired, Fact, Record};
use crate::ids::OperatorId;
use crate::operator::control::{Control, GIVEN_MAX, Hold, Mode, Suspended, Suspension, Via};
use crate::operator::types::Millis;

/// The control of a pane after these records of it, beginning with a new pane. Records of other panes and of none are for others: filter them first.
#[must_use]
pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Control {
    let mut control = Control::new();
    for record in records {
        control.apply(&record.entry);
    }
    control
}

impl Control {
    /// A new tenure: of `hold`, or of nobody in `mode`.
    fn begin(&mut self, epoch: u64, mode: Mode, hold: Option<Hold>) {
        self.epoch = epoch;
        self.offer = None;
        self.proposals.clear();
        self.mode = mode;
        let before = std::mem::replace(&mut self.holder, hold);
        // Who was supervised does not come back without: somebody has to give it the pane again.
        if let Some(before) = before.filter(|before| before.supervised && !self.is_held_by(before.operator.id)) {
            self.given.retain(|given| *given != before.operator.id);
        }
        let Some(hold) = hold else { return };
        let holder = hold.operator;
        self.reserved_for = None;
        self.queue.retain(|request| request.operator.id != holder.id);
        if matches!(hold.via, Via::Grant | Via::Offer | Via::HandBack) && !holder.kind.is_human() {
            self.give(holder.id);
        }
        if self.is_suspended(holder.id) {
            self.suspended = None;
        } else if let Some(suspended) = &mut self.suspended {
            // Somebody else was quicker: it does not come back by itself any more.
            suspended.why = Suspension::Taken;
        }
    }

    fn held(&mut self, epoch: u64, hold: Hold) {
        self.begin(epoch, Mode::Held, Some(hold));
    }

    fn vacant(&mut self, epoch: u64) {
        self.begin(epoch, Mode::Held, None);
    }

    pub(in crate::operator) fn give(&mut self, operator: OperatorId) {
        self.given.retain(|given| *given != operator);
        self.given.push(operator);
        if self.given.len() > GIVEN_MAX {
            self.given.remove(0);
        }
    }

    /// Remembers a non-human holder for hand back, before somebody else begins.
    fn suspend(&mut self, why: Suspension) {
        if let Some(hold) = self.holder.filter(|hold| !hold.operator.kind.is_human()) {
            if why == Suspension::Taken {
                self.given.retain(|given| *given != hold.operator.id);
            }
            // There is one place; whoever loses it must ask like anybody else.
            let before = self.suspended.replace(Suspended { hold, why });
            if let Some(before) = before.filter(|before| before.hold.operator != hold.operator) {
                self.given.retain(|given| *given != before.hold.operator.id);
            }
        }
    }

    fn end_request(&mut self, id: u64) {
        self.queue.retain(|request| request.id != id);
    }

    fn forget(&mut self, epoch: u64, operator: OperatorId) {
        self.queue.retain(|request| request.operator.id != operator);
        self.offer.take_if(|offer| offer.to.id == operator || offer.from.id == operator);
        if self.is_held_by(operator) {
            self.vacant(epoch);
        }
    }

    fn renew(&mut self, operator: Option<OperatorId>, until: Option<Millis>) {
        if let (Some(hold), Some(until)) = (&mut self.holder, until)
            && Some(hold.operator.id) == operator
        {
            hold.until = Some(until);
        }
    }

    fn set_grace(&mut self, operator: Option<OperatorId>, grace_until: Option<Millis>) {
        if let Some(hold) = &mut self.holder
            && Some(hold.operator.id) == operator
        {
            hold.grace_until = grace_until;
        }
    }

    /// Does to the state what an entry says. An entry that has nothing to do with it does nothing.
    pub fn apply(&mut self, entry: &Entry) {
        let epoch = entry.epoch_after;
        let actor = entry.actor.map(|party| party.id);
        match &entry.fact {
            Fact::Spawned { given } => {
                // A pane that is started again goes on counting: what was sent to the program before is not for this one.
                *self = Self { epoch: epoch.max(1), ..Self::new() };
                self.given.extend(given);
            }
            Fact::Exited { .. } | Fact::Killed | Fact::PaneLost => {
                *self = Self { closed: true, epoch, mode: self.mode, next_id: self.next_id, ..Self::new() };
                if self.mode == Mode::Held {
                    self.mode = Mode::Shared;
                }
            }
            Fact::Stale { grace_until } => self.set_grace(actor, *grace_until),
            Fact::Resumed { hold: None } => self.set_grace(actor, None),
            Fact::Resumed { hold: Some(hold) } | Fact::Acquired { hold } => self.held(epoch, *hold),
            Fact::Detached | Fact::Lost => {
                if let Some(operator) = actor {
                    self.forget(epoch, operator);
                }
            }
            Fact::Reserved { reserved_for } => {
                self.forget(epoch, *reserved_for);
                self.reserved_for = Some(*reserved_for);
            }
            Fact::Requested { request } => {
                self.next_id = self.next_id.max(request.id.saturating_add(1));
                self.queue.push(request.clone());
            }
            Fact::Granted { hold, .. } | Fact::Accepted { hold, .. } | Fact::HandedBack { hold, .. } => self.held(epoch, *hold),
            Fact::Denied { request, .. } | Fact::Cancelled { request } => self.end_request(*request),
            Fact::Offered { offer } => {
                self.next_id = self.next_id.max(offer.id.saturating_add(1));
                if offer.from.kind.is_human() {
                    self.reserved_for = None;
                }
                self.offer = Some(offer.clone());
            }
            Fact::Declined { .. } | Fact::Withdrawn { .. } => self.offer = None,
            Fact::Released { next: Some(hold), .. } => self.held(epoch, *hold),
            Fact::Released { mode, next: None } => self.begin(epoch, *mode, None),
            Fact::Taken { hold } | Fact::Forced { hold } => {
                self.suspend(Suspension::Taken);
                self.held(epoch, *hold);
            }
            Fact::Revoked { operator } => {
                self.given.retain(|given| given != operator);
                self.vacant(epoch);
            }
            Fact::Expired { what, .. } => match what {
                Expired::Hold => self.vacant(epoch),
                Expired::Request(id) => self.end_request(*id),
                Expired::Offer(_) => self.offer = None,
            },
            Fact::ModeChanged { supervised, .. } if epoch == entry.epoch_before => {
                // Supervision alone: the same tenure goes on, what was staged under the other rule is void.
                self.proposals.clear();
                if let Some(hold) = &mut self.holder {
                    hold.supervised = *supervised;
                }
            }
            Fact::ModeChanged { mode, .. } => {
                self.begin(epoch, *mode, None);
                self.reserved_for = None;
                if *mode != Mode::Held {
                    self.queue.clear();
                }
            }
            Fact::Restored { grace_until } => self.restore(epoch, *grace_until),
            Fact::InputAccepted { until, .. } => self.renew(actor, *until),
            Fact::Staged { proposal } => {
                self.next_id = self.next_id.max(proposal.id.saturating_add(1));
                self.proposals.push(proposal.clone());
            }
            Fact::Approved { proposal, operator, until, .. } => {
                self.proposals.retain(|staged| staged.id != *proposal);
                self.renew(Some(*operator), *until);
            }
            Fact::ProposalDenied { proposal, .. } | Fact::ProposalExpired { proposal, .. } => {
                self.proposals.retain(|staged| staged.id != *proposal);
            }
            Fact::Attached { .. }
            | Fact::Refused
            | Fact::InputRejected { .. }
            | Fact::InputDiscarded { .. }
            | Fact::PolicyChanged
            | Fact::Handoff { .. } => {}
        }
    }

    /// T25.
    fn restore(&mut self, epoch: u64, grace_until: Option<Millis>) {
        self.epoch = epoch;
        self.offer = None;
        self.proposals.clear();
        self.suspend(Suspension::Restart);
        self.holder = self.holder.filter(|hold| hold.operator.kind.is_human()).map(|hold| Hold { grace_until, ..hold });
    }
}
