//! Proposals: T20 and T21. What a supervised holder would write waits, whole and unchanged, for a human.

use super::{Done, Turn};
use crate::operator::control::{PROPOSAL_BYTES_MAX, PROPOSALS_MAX, Proposal};
use crate::operator::hex::digest;
use crate::operator::journal::Fact;
use crate::operator::refusal::Refusal;
use crate::operator::types::Right;

impl Turn<'_> {
    /// T20. Also before a secret prompt without supervision: the human's one approval that lets a non-human answer it.
    pub(super) fn propose(&self, epoch: u64, bytes: &[u8], secret: bool) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        let control = self.control;
        if epoch != control.epoch {
            return Err(Refusal::StaleEpoch { sent: epoch, epoch: control.epoch });
        }
        let Some(hold) = control.holder.filter(|hold| hold.operator == actor.party) else {
            return Err(Refusal::NotHolder { holder: control.holder_id(), epoch });
        };
        if actor.is_human() || !(hold.supervised || secret) {
            return Err(Refusal::NotSupervised);
        }
        self.require(&actor, Right::Input)?;
        if bytes.is_empty() {
            return Err(Refusal::Nothing);
        }
        if bytes.len() > PROPOSAL_BYTES_MAX {
            return Err(Refusal::TooLarge { bytes: bytes.len(), max: PROPOSAL_BYTES_MAX });
        }
        if control.proposals.len() >= PROPOSALS_MAX {
            return Err(Refusal::Full { what: "proposals", max: PROPOSALS_MAX });
        }
        let proposal = Proposal {
            id: control.next_id,
            operator: actor.party,
            attachment: self.by.attachment,
            bytes: bytes.to_vec(),
            len: bytes.len() as u64,
            digest: digest(bytes),
            secret,
            since: self.world.now,
            until: self.world.now.plus(self.world.times.approval_ms),
        };
        Ok(Done::within(Fact::Staged { proposal }))
    }

    fn staged(&self, id: u64) -> Result<&Proposal, Refusal> {
        self.control.proposals.iter().find(|proposal| proposal.id == id).ok_or(Refusal::NothingPending { what: "proposal" })
    }

    /// T21.
    pub(super) fn approve(&self, id: u64) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        let Proposal { operator, len, digest, .. } = self.staged(id)?.clone();
        if operator == actor.party {
            return Err(Refusal::OwnProposal);
        }
        if !actor.is_human() {
            return Err(Refusal::NotHuman { act: "approve" });
        }
        self.require(&actor, Right::Approve)?;
        let until = self.renewed(operator.id);
        Ok(Done::within(Fact::Approved { proposal: id, operator: operator.id, bytes: len, digest, until }))
    }

    /// T21. The one who staged it may think better of it.
    pub(super) fn reject(&self, id: u64, reason: Option<String>) -> Result<Done, Refusal> {
        let actor = self.actor()?;
        let operator = self.staged(id)?.operator;
        if operator != actor.party {
            if !actor.is_human() {
                return Err(Refusal::NotHuman { act: "deny a proposal" });
            }
            self.require(&actor, Right::Approve)?;
        }
        Ok(Done::within(Fact::ProposalDenied { proposal: id, operator: operator.id }).because(reason))
    }
}
