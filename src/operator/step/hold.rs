//! Control that passes on: T12 release, T13 take, T14 hand back; and T22's record of what a holder wrote.

use super::{Done, Turn, short};
use crate::operator::control::{Mode, Via};
use crate::operator::event::{Release, Terms};
use crate::operator::journal::Fact;
use crate::operator::refusal::Refusal;
use crate::operator::types::Right;

impl Turn<'_> {
    /// T12.
    pub(super) fn release(&self, to: Release) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        if !self.control.is_held_by(actor.party.id) {
            return Err(Refusal::NotHolder { holder: self.control.holder_id(), epoch: self.control.epoch });
        }
        let (mode, next) = match to {
            Release::Shared => (Mode::Shared, None),
            Release::Vacant => (Mode::Held, None),
            Release::Next => {
                self.require(&actor, Right::Offer)?;
                // The first who can have it, not the first (the second trap of the specification).
                match self.control.queue.iter().find_map(|request| self.heir_of(actor.party, request.operator.id).ok()) {
                    Some(heir) => (Mode::Held, Some(self.hold(heir, Via::Grant, Some(actor.party), None, false))),
                    None => (Mode::Shared, None),
                }
            }
        };
        Ok(Done::tenure(Fact::Released { mode, next }))
    }

    /// T13. In a free pane it is to acquire it: a human who says take has it in one step.
    pub(super) fn take(&self) -> Result<Done, Refusal> {
        let actor = self.human("take control")?;
        self.not_locked()?;
        match &self.control.holder {
            None => return self.acquire(None),
            Some(hold) if hold.operator == actor.party => return Err(Refusal::AlreadyHolder),
            Some(hold) if !actor.party.kind.outranks(hold.operator.kind) => return Err(self.held_by(hold)),
            Some(_) => {}
        }
        self.require(&actor, Right::Take)?;
        self.require(&actor, Right::Input)?;
        Ok(Done::tenure(Fact::Taken { hold: self.hold(actor.party, Via::Take, None, None, false) }))
    }

    /// T14.
    pub(super) fn hand_back(&self, note: Option<&str>, cursor: Option<u64>, terms: Terms) -> Result<Done, Refusal> {
        self.human("hand back")?;
        let actor = self.may_give("hand back")?;
        self.not_locked()?;
        let suspended = self.control.suspended.ok_or(Refusal::NothingPending { what: "suspended operator" })?;
        self.require(&actor, Right::Input)?;
        let heir = self.heir(suspended.hold.operator.id)?;
        self.displaces_no_human(&actor, heir.kind.is_human())?;
        // On the terms it had: that it was watched is not forgotten by the way.
        let supervised = terms.supervised || suspended.hold.supervised;
        let hold = self.hold(heir, Via::HandBack, Some(actor.party), terms.ttl_ms, supervised);
        Ok(Done::tenure(Fact::HandedBack { hold, note: note.map(short), cursor }))
    }

    /// T22. The gate has decided already; what comes here is what it wrote.
    pub(super) fn wrote(&self, frames: u64, bytes: u64, digest: &str, text: Option<&[u8]>) -> Result<Done, Refusal> {
        let writer = self.party().ok_or(Refusal::Nothing)?;
        let may = match self.control.mode {
            Mode::Shared => true,
            Mode::Held => self.control.is_held_by(writer.id),
            Mode::Locked => return Err(Refusal::Locked),
        };
        if !may {
            return Err(Refusal::NotHolder { holder: self.control.holder_id(), epoch: self.control.epoch });
        }
        if self.control.is_supervised() {
            return Err(Refusal::Supervised);
        }
        Ok(Done::within(Fact::InputAccepted {
            frames,
            bytes,
            digest: digest.to_owned(),
            until: self.renewed(writer.id),
            // What people type is never kept.
            text: text.filter(|_| !writer.kind.is_human()).map(<[u8]>::to_vec),
        }))
    }
}
