//! What is always true of a control state: the specification's invariants as far as one state shows them. Those that are about two states, or about bytes, are
//! held by the exploration in this room's tests.

use super::control::{Control, GIVEN_MAX, Mode, PROPOSALS_MAX, REQUESTS_MAX};

/// A way in which a state is wrong, by the name of its invariant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{invariant}: {what}")]
pub struct Broken {
    /// "I1" and so on; "bound" for a list that is too long, "shape" for what cannot be.
    pub invariant: &'static str,
    /// What is wrong.
    pub what: String,
}

/// Whether `control` is a state that can be.
///
/// # Errors
/// [`Broken`] with the first thing that is wrong.
pub fn check(control: &Control) -> Result<(), Broken> {
    let must = |right: bool, invariant: &'static str, what: &str| {
        if right { Ok(()) } else { Err(Broken { invariant, what: what.to_owned() }) }
    };
    let Control { mode, epoch, holder, offer, queue, suspended, reserved_for, proposals, given, next_id, closed } = control;
    must(*mode == Mode::Held || holder.is_none(), "I1", "a holder in a pane that is not held")?;
    must(*epoch > 0, "I3", "an epoch before the first")?;
    if let Some(hold) = holder {
        let human = hold.operator.kind.is_human();
        must(!human || (hold.ttl_ms.is_none() && hold.until.is_none()), "T17", "a human's hold that ends by itself")?;
        must(!human || !hold.supervised, "T20", "a supervised human")?;
        must(hold.ttl_ms.is_some() == hold.until.is_some(), "shape", "a time without its end")?;
        must(!hold.renews || hold.ttl_ms.is_some(), "shape", "a lease without a time")?;
        must(control.request_of(hold.operator.id).is_none(), "I10", "the holder asks for what it has")?;
        must(reserved_for.is_none(), "I17", "a holder in a reserved pane")?;
    }
    must(reserved_for.is_none() || control.is_vacant(), "I17", "a reserved pane that is not vacant")?;
    if let Some(suspended) = suspended {
        must(!suspended.hold.operator.kind.is_human(), "I16", "a suspended human")?;
        must(!control.is_held_by(suspended.hold.operator.id), "I16", "the holder is suspended")?;
    }
    if let Some(offer) = offer {
        let by_holder = holder.is_some_and(|hold| hold.operator == offer.from);
        must(by_holder || (holder.is_none() && offer.from.kind.is_human()), "I14", "an offer of what the giver has not")?;
        must(offer.from != offer.to, "shape", "an offer to oneself")?;
        must(offer.id < *next_id, "I10", "an offer's number that was not given")?;
    }
    must(*mode != Mode::Locked || (offer.is_none() && queue.is_empty()), "T19", "something pending in a locked pane")?;
    must(queue.is_sorted_by(|a, b| a.id < b.id), "L4", "requests out of order")?;
    must(queue.last().is_none_or(|request| request.id < *next_id), "I10", "a request's number that was not given")?;
    let mut askers: Vec<_> = queue.iter().map(|request| request.operator.id).collect();
    askers.sort_unstable();
    must(askers.is_sorted_by(|a, b| a < b), "I10", "two requests of one operator")?;
    must(proposals.is_sorted_by(|a, b| a.id < b.id), "I13", "proposals out of order")?;
    for staged in proposals {
        must(staged.id < *next_id, "I10", "a proposal's number that was not given")?;
        must(holder.is_some_and(|hold| hold.operator == staged.operator), "I6", "a proposal of somebody who has no control")?;
        must(!staged.operator.kind.is_human(), "T20", "a proposal of a human")?;
        must(staged.bytes.is_empty() || staged.bytes.len() as u64 == staged.len, "I13", "a proposal whose bytes are not its bytes")?;
    }
    must(queue.len() <= REQUESTS_MAX && proposals.len() <= PROPOSALS_MAX && given.len() <= GIVEN_MAX, "bound", "a list that is too long")?;
    let quiet = holder.is_none() && offer.is_none() && queue.is_empty() && suspended.is_none() && reserved_for.is_none();
    must(!*closed || (quiet && proposals.is_empty() && *mode != Mode::Held), "T24", "something goes on in a pane that has ended")
}
