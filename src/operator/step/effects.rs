//! What the server has to do after a transition: worked out from the states before and after, not row by row, so that no way for control to pass on forgets
//! a part of it.

use crate::operator::control::{Control, Mode};
use crate::operator::event::{About, Card, Discard, Effects, Notice, Settle, To, Told, Write};
use crate::operator::journal::{Entry, Expired, Fact};

pub(super) fn effects(before: &Control, after: &Control, entry: Entry) -> Effects {
    let roster = !matches!(entry.fact, Fact::InputAccepted { .. });
    Effects {
        discard: discard(before, after, &entry),
        settle: settle(before, after),
        write: write(before, &entry),
        cards: cards(after, &entry),
        notices: notices(before, after, &entry),
        roster,
        entry,
    }
}

/// What was sent under an older epoch is void; so is what was staged, unless it was approved, denied or expired by itself.
fn discard(before: &Control, after: &Control, entry: &Entry) -> Option<Discard> {
    let dropped = before.proposals.iter().filter(|staged| !after.proposals.iter().any(|left| left.id == staged.id));
    let ended = matches!(entry.fact, Fact::Approved { .. } | Fact::ProposalDenied { .. } | Fact::ProposalExpired { .. });
    let staged_bytes = if ended { 0 } else { dropped.map(|staged| staged.len).sum() };
    (after.epoch != before.epoch || staged_bytes > 0 || after.closed).then_some(Discard { before_epoch: after.epoch, staged_bytes })
}

/// Who cannot go on writing, and may have left something open.
fn settle(before: &Control, after: &Control) -> Option<Settle> {
    if after.closed {
        return None;
    }
    match (before.mode, before.holder_id()) {
        (Mode::Shared, _) if after.mode != Mode::Shared => Some(Settle::Everybody),
        (Mode::Held, Some(holder)) if !after.is_held_by(holder) => Some(Settle::Of(holder)),
        _ => None,
    }
}

fn write(before: &Control, entry: &Entry) -> Option<Write> {
    let Fact::Approved { proposal, .. } = entry.fact else { return None };
    let staged = before.proposals.iter().find(|staged| staged.id == proposal)?;
    Some(Write { proposal, operator: staged.operator, approved_by: entry.actor?.id, bytes: staged.bytes.clone() })
}

fn cards(after: &Control, entry: &Entry) -> Vec<Card> {
    match &entry.fact {
        Fact::Requested { request } => {
            let holder = after.holder_id().map(To::Operator);
            holder.into_iter().chain([To::Approvers]).map(|to| Card { to, about: About::Request(request.id) }).collect()
        }
        Fact::Offered { offer } => vec![Card { to: To::Operator(offer.to.id), about: About::Offer(offer.id) }],
        Fact::Staged { proposal } => vec![Card { to: To::Approvers, about: About::Proposal(proposal.id) }],
        _ => Vec::new(),
    }
}

/// Everybody whom it concerns and who did not do it.
fn notices(before: &Control, after: &Control, entry: &Entry) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut tell = |to, what| notices.push(Notice { to, what });
    match (before.holder_id(), after.holder_id()) {
        (old, new) if old == new => {}
        (old, new) => {
            if let Some(old) = old {
                tell(old, Told::YouLostControl);
            }
            if let Some(new) = new {
                tell(new, if matches!(entry.fact, Fact::HandedBack { .. }) { Told::HandedBack } else { Told::YouHaveControl });
            }
        }
    }
    for request in before.queue.iter().filter(|request| !after.queue.iter().any(|left| left.id == request.id)) {
        match entry.fact {
            Fact::Denied { .. } => tell(request.operator.id, Told::Denied),
            _ if after.is_held_by(request.operator.id) => {}
            _ => tell(request.operator.id, Told::Expired),
        }
    }
    if let Some(offer) = before.offer.as_ref().filter(|_| after.offer.is_none()) {
        match entry.fact {
            Fact::Accepted { .. } => {}
            Fact::Declined { .. } => tell(offer.from.id, Told::Declined),
            Fact::Expired { what: Expired::Offer(_), .. } => {
                tell(offer.from.id, Told::Expired);
                tell(offer.to.id, Told::Expired);
            }
            _ => tell(offer.to.id, Told::Withdrawn),
        }
    }
    for staged in before.proposals.iter().filter(|staged| !after.proposals.iter().any(|left| left.id == staged.id)) {
        match entry.fact {
            Fact::Approved { .. } => tell(staged.operator.id, Told::Approved),
            Fact::ProposalDenied { .. } => tell(staged.operator.id, Told::Rejected),
            _ => tell(staged.operator.id, Told::Expired),
        }
    }
    let actor = entry.actor.map(|actor| actor.id);
    notices.retain(|notice| Some(notice.to) != actor || matches!(notice.what, Told::YouHaveControl));
    notices
}
