//! One transition: guards, then one journal entry, then the state that the entry makes and what the server has to do.
//!
//! Each row of the specification's table is one function in one of the files below, named after the row's word; it checks its guard and returns what to record.
//! [`step`] applies the entry ([`Control::apply`]) and works out the effects from the states before and after, so that they are the same however control
//! passed on: a grown epoch voids what waits, a holder who goes leaves loose ends.
//!
//! `Ok` means that something happened and exactly one entry was made. [`Refusal::Nothing`] means that the event is none for this pane; a server brings presence
//! and clock events to every pane and does nothing there.

mod clock;
mod effects;
mod hold;
mod offer;
mod presence;
mod proposal;
mod queue;
mod rule;

use super::check::check;
use super::control::{Control, Hold, Mode, NOTE_BYTES_MAX, Via};
use super::event::{By, Effects, End, Event, Standing, World};
use super::journal::{Entry, Fact};
use super::refusal::Refusal;
use super::types::{Millis, Party, Right};
use crate::ids::OperatorId;

/// What `event`, brought by `by`, makes of `control`.
///
/// # Errors
/// The [`Refusal`]; nothing has changed, and nothing but an `input.rejected` or the like is to be recorded.
pub fn step(control: &Control, world: &World<'_>, by: &By, event: &Event) -> Result<(Control, Effects), Refusal> {
    let turn = Turn { control, world, by };
    let done = turn.dispatch(event)?;
    let entry = Entry {
        ts: world.now,
        epoch_before: control.epoch,
        epoch_after: if done.new_tenure { control.epoch + 1 } else { control.epoch },
        actor: done.actor.or_else(|| turn.party()),
        attachment: by.attachment,
        on_behalf_of: by.on_behalf_of,
        cause: by.cause,
        reason: done.reason.map(|reason| short(&reason)),
        fact: done.fact,
    };
    let mut after = control.clone();
    after.apply(&entry);
    debug_assert_eq!(check(&after), Ok(()), "after {entry:?}");
    let effects = effects::effects(control, &after, entry);
    Ok((after, effects))
}

/// A text of somebody, cut to what is kept.
fn short(text: &str) -> String {
    let mut end = text.len().min(NOTE_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// What a row decided.
struct Done {
    fact: Fact,
    /// Whether the epoch grows.
    new_tenure: bool,
    reason: Option<String>,
    /// Whom it is about, where nobody brought it.
    actor: Option<Party>,
}

impl Done {
    /// The same tenure goes on.
    const fn within(fact: Fact) -> Self {
        Self { fact, new_tenure: false, reason: None, actor: None }
    }

    /// `E+`.
    const fn tenure(fact: Fact) -> Self {
        Self { fact, new_tenure: true, reason: None, actor: None }
    }

    fn because(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }
}

/// Who acts.
#[derive(Clone, Copy)]
struct Actor {
    party: Party,
    standing: Standing,
}

impl Actor {
    const fn is_human(&self) -> bool {
        self.party.kind.is_human()
    }

    const fn may(&self, right: Right) -> bool {
        self.standing.rights.has(right)
    }
}

struct Turn<'a> {
    control: &'a Control,
    world: &'a World<'a>,
    by: &'a By,
}

impl Turn<'_> {
    fn dispatch(&self, event: &Event) -> Result<Done, Refusal> {
        if self.control.closed {
            let brings = matches!(
                event,
                Event::Attach | Event::Stale | Event::Resume | Event::Prove | Event::Detach | Event::Lost | Event::Clock | Event::Restarted
            );
            return Err(if brings || matches!(event, Event::PolicyChanged | Event::Ended(_)) { Refusal::Nothing } else { Refusal::Closed });
        }
        match event {
            Event::Attach => self.attach(),
            Event::Stale => self.stale(),
            Event::Resume => self.resume(),
            Event::Prove => self.prove(),
            Event::Detach => self.leave(false),
            Event::Lost => self.leave(true),
            Event::Acquire { ttl_ms } => self.acquire(*ttl_ms),
            Event::Request { why } => self.request(why),
            Event::Cancel => self.cancel(),
            Event::Grant { to, terms } => self.grant(*to, *terms),
            Event::Deny { to, reason } => self.deny(*to, reason.clone()),
            Event::Offer { to, terms, note } => self.offer(*to, *terms, note.as_deref()),
            Event::Accept => self.accept(),
            Event::Decline => self.decline(),
            Event::Withdraw => self.withdraw(),
            Event::Release(to) => self.release(*to),
            Event::Take => self.take(),
            Event::HandBack { note, cursor, terms } => self.hand_back(note.as_deref(), *cursor, *terms),
            Event::Force { reason } => self.force(reason),
            Event::Revoke { reason } => self.revoke(reason.clone()),
            Event::PolicyChanged => self.policy_changed(),
            Event::SetMode(mode) => self.set_mode(*mode),
            Event::Supervise(on) => self.supervise(*on),
            Event::Propose { epoch, bytes, secret } => self.propose(*epoch, bytes, *secret),
            Event::Approve { proposal } => self.approve(*proposal),
            Event::Reject { proposal, reason } => self.reject(*proposal, reason.clone()),
            Event::Wrote { frames, bytes, digest, text } => self.wrote(*frames, *bytes, digest, text.as_deref()),
            Event::Ended(end) => Ok(self.ended(*end)),
            Event::Restarted => Ok(self.restarted()),
            Event::Clock => self.clock(),
        }
    }

    /// The party that brings the event, if it is known.
    fn party(&self) -> Option<Party> {
        let id = self.by.operator?;
        Some(Party { id, kind: self.standing(id).ok()?.kind })
    }

    /// The standing of an operator as things are.
    fn standing(&self, operator: OperatorId) -> Result<Standing, Refusal> {
        self.world.people.standing(operator, self.control.is_given(operator)).ok_or(Refusal::Unknown { operator })
    }

    /// The operator that wants something. Whoever acts, answers: the stale cannot.
    fn actor(&self) -> Result<Actor, Refusal> {
        let Some(operator) = self.by.operator else { return Err(Refusal::Nothing) };
        let standing = self.standing(operator)?;
        if !standing.is_live() {
            return Err(Refusal::NotLive { operator });
        }
        Ok(Actor { party: Party { id: operator, kind: standing.kind }, standing })
    }

    fn human(&self, act: &'static str) -> Result<Actor, Refusal> {
        self.actor().and_then(|actor| if actor.is_human() { Ok(actor) } else { Err(Refusal::NotHuman { act }) })
    }

    fn require(&self, actor: &Actor, right: Right) -> Result<(), Refusal> {
        if actor.may(right) {
            return Ok(());
        }
        let given = self.control.is_given(actor.party.id);
        Err(Refusal::NoRight { right, rule: self.world.people.rule_against(actor.party.id, given, right) })
    }

    /// The same, from `giver`. Whom a human suspended, only a human lets on again.
    fn heir_of(&self, giver: Party, operator: OperatorId) -> Result<Party, Refusal> {
        if self.control.is_suspended(operator) && !giver.kind.is_human() {
            return Err(Refusal::NotHuman { act: "give control to who was suspended by one" });
        }
        self.heir(operator)
    }

    /// Somebody who is to get control: it answers, and may write once the pane is given to it.
    fn heir(&self, operator: OperatorId) -> Result<Party, Refusal> {
        let standing = self.world.people.standing(operator, true).ok_or(Refusal::Unknown { operator })?;
        if !standing.is_live() {
            return Err(Refusal::NotLive { operator });
        }
        if !standing.rights.has(Right::Input) {
            return Err(Refusal::NoRight { right: Right::Input, rule: self.world.people.rule_against(operator, true, Right::Input) });
        }
        Ok(Party { id: operator, kind: standing.kind })
    }

    /// Nothing but a change of mode ends a lock.
    fn not_locked(&self) -> Result<(), Refusal> {
        if self.control.mode == Mode::Locked { Err(Refusal::Locked) } else { Ok(()) }
    }

    const fn held_by(&self, hold: &Hold) -> Refusal {
        Refusal::HeldBy { holder: hold.operator.id, epoch: self.control.epoch }
    }

    /// A hold that `operator` gets by itself or from `giver`. A human's has no end. One that a human gives lasts as long as they say; any other is a lease, and
    /// what a non-human passes on is neither longer nor freer than what it had.
    fn hold(&self, operator: Party, via: Via, giver: Option<Party>, ttl_ms: Option<u64>, supervised: bool) -> Hold {
        let now = self.world.now;
        let mut hold = Hold {
            operator,
            via,
            granted_by: giver.map(|giver| giver.id),
            since: now,
            ttl_ms: None,
            until: None,
            renews: false,
            supervised: false,
            grace_until: None,
        };
        if operator.kind.is_human() {
            return hold;
        }
        if giver.is_some_and(|giver| giver.kind.is_human()) {
            hold.ttl_ms = ttl_ms;
            hold.supervised = supervised;
        } else {
            let lease = self.world.times.hold_ms;
            let mut ttl = ttl_ms.map_or(lease, |asked| asked.min(lease));
            hold.renews = true;
            hold.supervised = supervised;
            if let Some(parent) = self.control.holder.filter(|parent| giver.is_some_and(|giver| giver.id == parent.operator.id)) {
                hold.supervised |= parent.supervised;
                if let Some(end) = parent.until.filter(|_| !parent.renews) {
                    ttl = ttl.min(end.0.saturating_sub(now.0));
                    hold.renews = false;
                }
            }
            hold.ttl_ms = Some(ttl);
        }
        hold.until = hold.ttl_ms.map(|ttl| now.plus(ttl));
        hold
    }

    /// Until when activity of the holder renews its lease.
    fn renewed(&self, operator: OperatorId) -> Option<Millis> {
        let hold = self.control.holder.filter(|hold| hold.operator.id == operator && hold.renews)?;
        hold.ttl_ms.map(|ttl| self.world.now.plus(ttl))
    }

    /// T24.
    fn ended(&self, end: End) -> Done {
        let fact = match end {
            End::Exited { status, signal } => Fact::Exited { status, signal },
            End::Killed => Fact::Killed,
            End::Lost => Fact::PaneLost,
        };
        if self.control.mode == Mode::Held { Done::tenure(fact) } else { Done::within(fact) }
    }

    /// T25.
    fn restarted(&self) -> Done {
        let human = self.control.holder.filter(|hold| hold.operator.kind.is_human());
        let grace = self.world.now.plus(self.world.times.grace_human_ms);
        Done::tenure(Fact::Restored { grace_until: human.map(|hold| hold.grace_until.unwrap_or(grace)) })
    }
}
