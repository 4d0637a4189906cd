//! Who waits for something that others decide: `control wait` for control, and whoever wrote under supervision for the answer.
//!
//! Both are requests that are answered later; a client has a bounded number of those. Nothing polls: what waits is looked at when the control of its pane
//! changed, and when its time is over.

use std::time::{Duration, Instant};

use crate::ids::{OperatorId, PaneId};
use crate::operator::{Control, Entry, Fact, Refusal, Write};
use crate::protocol::message::{Reply, ServerMessage};
use crate::server::event::{Asker, ConnectionId};
use crate::server::owner::{AfterCommit, Server, refusal};

/// Longest wait, milliseconds: a day.
const WAIT_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Wish {
    pub(in crate::server) after_epoch: Option<u64>,
    /// The operator that wants control.
    pub(in crate::server) mine: Option<OperatorId>,
}

impl Wish {
    fn is_fulfilled(self, control: &Control) -> bool {
        let later = self.after_epoch.is_none_or(|epoch| control.epoch > epoch);
        let mine = self.mine.is_none_or(|operator| control.is_held_by(operator));
        control.closed || (later && mine)
    }
}

/// Somebody who waits.
#[derive(Debug)]
pub(super) struct Waiting {
    asker: Asker,
    pane: PaneId,
    wish: Wish,
    pub(super) until: Instant,
}

/// Who wrote what waits for approval, and where.
#[derive(Debug)]
pub(super) struct Proposer {
    /// Whoever asked for a `send`.
    pub(super) asker: Option<Asker>,
    /// The input of an attachment.
    pub(super) input: Option<(ConnectionId, u64)>,
    pub(super) scene: Foreground,
}

/// What an approver sees when they approve: if it is something else by then, they approve something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreground {
    group: Option<u32>,
    cwd: Option<std::path::PathBuf>,
    asks_secret: bool,
}

impl Server {
    /// What is in front in `pane`.
    pub(super) fn foreground_of(&self, pane: PaneId) -> Foreground {
        use std::os::fd::AsFd as _;
        let front = self.panes.get(&pane).and_then(|entry| crate::platform::foreground(entry.master.as_fd()));
        let (group, cwd) = front.map_or((None, None), |front| (Some(front.group), front.cwd));
        Foreground { group, cwd, asks_secret: self.asks_secret(pane) }
    }

    /// Answers with the pane's control as soon as it is as wished.
    pub(in crate::server) fn await_control(&mut self, asker: Asker, pane: PaneId, wish: Wish, timeout_ms: u64) {
        if wish.is_fulfilled(self.controls.of(pane)) {
            let reply = Reply::Control(vec![self.control_info(pane)]);
            return self.reply(asker, reply);
        }
        let until = Instant::now() + Duration::from_millis(timeout_ms.min(WAIT_MAX_MS));
        self.controls.waiting.push(Waiting { asker, pane, wish, until });
    }

    /// Once a turn: whoever waited for what has changed is answered.
    pub(in crate::server) fn settle_control(&mut self) {
        let changed = std::mem::take(&mut self.controls.changed);
        if changed.is_empty() || self.controls.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.controls.waiting);
        for waits in waiting {
            if changed.contains(&waits.pane) && waits.wish.is_fulfilled(self.controls.of(waits.pane)) {
                let reply = Reply::Control(vec![self.control_info(waits.pane)]);
                self.reply(waits.asker, reply);
            } else {
                self.controls.waiting.push(waits);
            }
        }
    }

    /// The time of some is over.
    pub(super) fn end_waits(&mut self, now: Instant) {
        for waits in self.controls.waiting.extract_if(.., |waits| waits.until <= now).collect::<Vec<_>>() {
            self.refuse(waits.asker, refusal("timeout", "control is not as it was waited for"));
        }
    }

    /// The pane is gone.
    pub(super) fn end_waits_at(&mut self, pane: PaneId) {
        for waits in self.controls.waiting.extract_if(.., |waits| waits.pane == pane).collect::<Vec<_>>() {
            self.refuse(waits.asker, refusal("pane_gone", "the pane was closed"));
        }
    }

    /// A connection ended: nobody is there to be answered.
    pub(in crate::server) fn forget_waits(&mut self, connection: ConnectionId) {
        self.controls.waiting.retain(|waits| waits.asker.connection != connection);
        for proposer in self.controls.proposers.values_mut() {
            proposer.asker.take_if(|asker| asker.connection == connection);
            proposer.input.take_if(|(of, _)| *of == connection);
        }
    }

    /// Says who waits for the answer to a proposal.
    pub(in crate::server) fn proposed_by(&mut self, pane: PaneId, proposal: u64, asker: Option<Asker>, input: Option<(ConnectionId, u64)>) {
        if let Some(proposer) = self.controls.proposers.get_mut(&(pane, proposal)) {
            (proposer.asker, proposer.input) = (asker, input);
        }
    }

    /// Whether what is in front of `pane` is what it was when the proposal was made.
    pub(in crate::server) fn is_same_scene(&self, pane: PaneId, proposal: u64) -> bool {
        self.controls.proposers.get(&(pane, proposal)).is_some_and(|proposer| proposer.scene == self.foreground_of(pane))
    }

    /// Some proposals may have ended with this transition: those who made them are told; what was approved is written.
    pub(super) fn answer_proposers(&mut self, pane: PaneId, before: &Control, entry: &Entry, write: Option<Write>) {
        let after = self.controls.of(pane);
        let ended: Vec<u64> =
            before.proposals.iter().map(|staged| staged.id).filter(|id| !after.proposals.iter().any(|left| left.id == *id)).collect();
        let mut write = write;
        for number in ended {
            let proposer = self.controls.proposers.remove(&(pane, number));
            let (asker, input) = proposer.map_or((None, None), |proposer| (proposer.asker, proposer.input));
            if let Some(write) = write.take_if(|write| write.proposal == number) {
                if let Some((connection, seq)) = input {
                    self.acknowledge_after_commit(connection, pane, seq, None, None);
                }
                self.type_approved(pane, write.operator, &write.bytes, asker);
                continue;
            }
            let because = entry.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
            let refused = match &entry.fact {
                Fact::ProposalDenied { .. } => refusal("approval_denied", format!("it was not approved{because}")),
                Fact::ProposalExpired { .. } => refusal("approval_expired", "nobody approved it in time; it was not written"),
                _ => self.words(&Refusal::StaleEpoch { sent: entry.epoch_before, epoch: entry.epoch_after }),
            };
            if let Some(asker) = asker {
                self.refuse(asker, refused.clone());
            }
            if let Some((connection, seq)) = input {
                self.acknowledge_after_commit(connection, pane, seq, Some(refused), None);
            }
        }
    }

    /// Acknowledges input once what became of it is kept.
    pub(in crate::server) fn acknowledge_after_commit(
        &mut self,
        connection: ConnectionId,
        pane: PaneId,
        seq: u64,
        refused: Option<crate::protocol::message::Refusal>,
        took: Option<bool>,
    ) {
        let Some(outbox) = self.clients.get(&connection).map(|client| client.wire.outbox.clone()) else { return };
        if took == Some(true) {
            // The new tenure before the word that it began: whoever types on as soon as they see that types in it.
            let info = ServerMessage::Control(Box::new(self.control_info(pane)));
            self.after_commit.push(AfterCommit::Send(outbox.clone(), Box::new(info)));
        }
        let ack = crate::protocol::message::InputAck { seq, pane, refused, took };
        self.after_commit.push(AfterCommit::Send(outbox, Box::new(ServerMessage::InputAck(ack))));
    }
}
