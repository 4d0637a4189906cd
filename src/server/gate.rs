//! The one way in: every byte that is written to a PTY passes here.
//!
//! ```text
//!   Input ─► decide ─► attribution ─► keeper INPUT (pane, source, seq) ─► INACK ─► InputAck to the client
//!                                          │ ERR_FULL: the program does not read
//!                                          └► held; DRAINED ─► everything held of that pane is sent again, in order
//! ```
//!
//! Keys are acknowledged some at a time, with a later one: nobody waits for it, and each would wake three processes.
//! The keeper applies a number of a source once, whatever is sent again: by a client after a reconnect, by us after a full queue, by our successor's
//! clients after our death. Sources are an attachment's input stream, the stream of a `send`, and [`REPLIES`] for answers to terminal queries.
//!
//! **Full.** What is not acknowledged is kept here, at most [`INPUT_WINDOW_BYTES`] a pane; beyond that input is refused with `queue_full`.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::event::{Asker, ConnectionId};
use super::owner::{Server, now_ms, refusal};
use super::secret;
use crate::ids::{AttachmentId, OperatorId, PaneId};
use crate::operator::{Act, Frame, Kind, Party, Place, Policy, Role, Scene, Subject, Verb, Verdict, decide};
use crate::protocol::keeper::{INPUT_SOURCES_MAX, Message};
use crate::protocol::limits::{INPUT_MAX_BYTES, INPUT_WINDOW_BYTES};
use crate::protocol::message::{Input, InputAck, InputSource, Made, Refusal, Reply, ServerMessage};
use crate::terminal::effect;

/// The source of answers to terminal queries; their number is where in the output the query stood, so a replay gives the same ones.
pub(super) const REPLIES: u64 = 1;

/// Whether nobody waits for the acknowledgement: keys and the mouse, not pastes, whose next piece waits for it.
const fn is_by_hand(source: InputSource) -> bool {
    matches!(source, InputSource::Key | InputSource::Mouse | InputSource::Focus)
}

/// Inputs up to this size are a person's keys, whose acknowledgement may come together with later ones.
const LAZY_BYTES_MAX: usize = 64;

/// Input that the keeper has not acknowledged.
#[derive(Debug)]
struct Held {
    source: u64,
    seq: u64,
    lazy: bool,
    bytes: Vec<u8>,
}

impl Held {
    fn message(&self, pane: PaneId) -> Message {
        Message::Input { pane, source: self.source, seq: self.seq, lazy: self.lazy, bytes: self.bytes.clone() }
    }
}

#[derive(Debug, Default)]
struct PaneQueue {
    held: VecDeque<Held>,
    bytes: usize,
    /// The keeper refused one: nothing is sent until it has drained.
    full: bool,
    /// The highest number acknowledged of each source, the one heard last at the end.
    applied: VecDeque<(u64, u64)>,
}

impl PaneQueue {
    fn acknowledge(&mut self, source: u64, seq: u64) {
        let known = self.applied.iter().position(|(known, _)| *known == source).and_then(|at| self.applied.remove(at));
        self.applied.push_back((source, known.map_or(seq, |(_, before)| before.max(seq))));
        if self.applied.len() > INPUT_SOURCES_MAX {
            self.applied.pop_front();
        }
        self.held.retain(|held| held.source != source || held.seq > seq);
        self.bytes = self.held.iter().map(|held| held.bytes.len()).sum();
    }
}

/// A `send` under way.
#[derive(Debug)]
struct Sending {
    asker: Asker,
    pane: PaneId,
    last: u64,
    bytes: u64,
}

/// Input under way.
#[derive(Debug, Default)]
pub(super) struct Gate {
    panes: BTreeMap<PaneId, PaneQueue>,
    sendings: HashMap<u64, Sending>,
}

impl Gate {
    /// The highest number known to be applied of a stream, by pane.
    pub(super) fn applied(&self, stream: u64) -> Vec<(PaneId, u64)> {
        let of_pane =
            |(pane, queue): (&PaneId, &PaneQueue)| queue.applied.iter().find(|(source, _)| *source == stream).map(|(_, seq)| (*pane, *seq));
        self.panes.iter().filter_map(of_pane).collect()
    }

    /// What the keeper knows of a pane's input.
    pub(super) fn restore(&mut self, pane: PaneId, inputs: &[(u64, u64)]) {
        self.panes.entry(pane).or_default().applied = inputs.iter().copied().collect();
    }

    /// What is known to be applied in a pane, for a new keeper.
    pub(super) fn applied_in(&self, pane: PaneId) -> Vec<(u64, u64)> {
        self.panes.get(&pane).map(|queue| queue.applied.iter().copied().collect()).unwrap_or_default()
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Actor {
    pub(super) operator: OperatorId,
    pub(super) kind: Kind,
    pub(super) attachment: Option<AttachmentId>,
    pub(super) role: Role,
}

impl Server {
    /// Who speaks on a connection; `None` before hello.
    pub(super) fn actor(&self, connection: ConnectionId) -> Option<Actor> {
        let client = self.clients.get(&connection)?;
        let greeting = client.greeting.as_ref()?;
        let role = client.attachment.and_then(|attachment| self.seats.get(&attachment)).map_or(Role::Participant, |seat| seat.role);
        Some(Actor { operator: greeting.operator, kind: greeting.kind, attachment: client.attachment, role })
    }

    /// Asks the one question, for any act.
    pub(super) fn may(&self, connection: ConnectionId, verb: Verb, pane: Option<PaneId>) -> Result<Actor, Refusal> {
        let actor = self.actor(connection).ok_or_else(|| refusal("bad_request", "no hello was said"))?;
        let Actor { operator, kind, attachment, role } = actor;
        let subject = Subject { kind, name: "", role, given: false };
        let granted = Policy::default().rights(&subject, &Place { pane, ..Place::ANYWHERE });
        let act = Act { operator: Party { id: operator, kind }, attachment, verb, pane, frame: Frame::default() };
        match decide(None, &act, &granted, &Scene::default()) {
            Verdict::Refused(why) => {
                tracing::debug!(%operator, ?verb, %why, "denied");
                Err(refusal(why.code(), why.to_string()))
            }
            _ => Ok(actor),
        }
    }

    /// Keys, pastes and mouse events of a client.
    pub(super) fn input(&mut self, connection: ConnectionId, input: Input) {
        let Input { seq, pane, bytes, source, epoch: _ } = input;
        let verdict = self.may(connection, Verb::Input, Some(pane)).and_then(|actor| {
            let attachment = actor.attachment.ok_or_else(|| refusal("bad_request", "only attached clients type"))?;
            let seat = self.seats.get(&attachment).ok_or_else(|| refusal("bad_request", "only attached clients type"))?;
            Ok((actor, attachment, seat.input_stream))
        });
        let (actor, attachment, stream) = match verdict {
            Ok(verdict) => verdict,
            Err(refused) => return self.acknowledge_input(connection, pane, seq, Some(refused)),
        };
        if bytes.is_empty() {
            return self.acknowledge_input(connection, pane, seq, None);
        }
        if let Err(refused) = self.type_into(actor, pane, stream, seq, bytes, is_by_hand(source)) {
            return self.acknowledge_input(connection, pane, seq, Some(refused));
        }
        let now = now_ms();
        self.show_input(attachment, now);
        if let Some(window) = self.state.panes.get(&pane).map(|pane| pane.window) {
            self.govern(attachment, window);
        }
        if let Some(session) = self.seats.get(&attachment).map(|seat| seat.view.session) {
            self.activity.insert(session, now);
        }
    }

    fn acknowledge_input(&self, connection: ConnectionId, pane: PaneId, seq: u64, refused: Option<Refusal>) {
        self.send_to(connection, &ServerMessage::InputAck(InputAck { seq, pane, refused, took: None }));
    }

    /// Sends allowed bytes on their way, attributed.
    fn type_into(
        &mut self,
        actor: Actor,
        pane: PaneId,
        source: u64,
        seq: u64,
        bytes: Vec<u8>,
        waits_for_nobody: bool,
    ) -> Result<(), Refusal> {
        if bytes.len() > INPUT_MAX_BYTES {
            return Err(refusal("too_large", format!("{} bytes of input at once; the most is {INPUT_MAX_BYTES}", bytes.len())));
        }
        match self.state.panes.get(&pane) {
            None => return Err(refusal("no_such_target", format!("can't find pane: {pane}"))),
            Some(there) if there.is_dead() => return Err(refusal("dead", format!("the program in pane {pane} has ended"))),
            Some(_) => {}
        }
        let queue = self.gate.panes.entry(pane).or_default();
        if queue.bytes + bytes.len() > INPUT_WINDOW_BYTES {
            return Err(refusal("queue_full", format!("the program in pane {pane} does not read its input")));
        }
        // A silent program (`sleep`) tells nobody that it began; most begin with a line that was entered.
        if bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            self.look_soon(pane);
        }
        // R22. Who, where, how much and a digest; never what.
        let digest = secret::hash(&bytes);
        tracing::debug!(
            target: "attribution",
            operator = %actor.operator,
            attachment = actor.attachment.map(tracing::field::display),
            %pane, source, seq,
            bytes = bytes.len(),
            digest = %digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>(),
            "input accepted"
        );
        self.workers.typed(pane);
        self.hand_on(pane, source, seq, bytes, waits_for_nobody);
        Ok(())
    }

    fn hand_on(&mut self, pane: PaneId, source: u64, seq: u64, bytes: Vec<u8>, waits_for_nobody: bool) {
        let queue = self.gate.panes.entry(pane).or_default();
        queue.bytes += bytes.len();
        // A key's acknowledgement is worth no wake-up of three processes: the client keeps the key a little longer.
        let lazy = waits_for_nobody && bytes.len() <= LAZY_BYTES_MAX;
        let held = Held { source, seq, lazy, bytes };
        if !queue.full {
            self.keeper.send(held.message(pane));
        }
        queue.held.push_back(held);
    }

    /// Types `bytes` for a `send`, in pieces, under a stream of its own; the answer comes when the keeper has all of them.
    pub(super) fn send_bytes(&mut self, asker: Asker, pane: PaneId, stream: u64, bytes: &[u8]) {
        let actor = match self.may(asker.connection, Verb::Input, Some(pane)) {
            Ok(actor) => actor,
            Err(refused) => return self.refuse(asker, refused),
        };
        let made = |bytes: usize| Made { pane: Some(pane), bytes: Some(bytes as u64), ..Made::default() };
        if bytes.is_empty() {
            return self.reply(asker, Reply::Done(made(0)));
        }
        let waiting = self.gate.panes.get(&pane).map_or(0, |queue| queue.bytes);
        if waiting + bytes.len() > INPUT_WINDOW_BYTES {
            let refused = refusal("queue_full", format!("the program in pane {pane} does not read its input"));
            return self.refuse(asker, refused);
        }
        let stream = if stream > 1000 { stream } else { secret::new_stream().unwrap_or(u64::MAX) };
        let mut last = 0;
        for piece in bytes.chunks(INPUT_MAX_BYTES) {
            last += 1;
            if let Err(refused) = self.type_into(actor, pane, stream, last, piece.to_vec(), false) {
                return self.refuse(asker, refused);
            }
        }
        self.gate.sendings.insert(stream, Sending { asker, pane, last, bytes: bytes.len() as u64 });
    }

    /// Answers of the terminal to a program's queries. Dropped when the pane's input is stuck: a program that does not read needs no answers.
    pub(super) fn type_replies(&mut self, pane: PaneId, replies: Vec<effect::Reply>) {
        for reply in replies {
            let stuck = self.gate.panes.get(&pane).is_some_and(|queue| queue.full);
            if !stuck && self.state.panes.get(&pane).is_some_and(|pane| !pane.is_dead()) {
                self.hand_on(pane, REPLIES, reply.seq, reply.bytes, true);
            }
        }
    }

    /// The keeper has applied everything of `source` up to `seq`.
    pub(super) fn on_inack(&mut self, pane: PaneId, source: u64, seq: u64) {
        let Some(queue) = self.gate.panes.get_mut(&pane) else { return };
        queue.acknowledge(source, seq);
        if let Some(connection) = self.connection_of_stream(source) {
            self.acknowledge_input(connection, pane, seq, None);
        } else if self.gate.sendings.get(&source).is_some_and(|sending| sending.pane == pane && sending.last <= seq)
            && let Some(sending) = self.gate.sendings.remove(&source)
        {
            let made = Made { pane: Some(pane), bytes: Some(sending.bytes), ..Made::default() };
            self.reply(sending.asker, Reply::Done(made));
        }
    }

    fn connection_of_stream(&self, stream: u64) -> Option<ConnectionId> {
        self.seats.values().find(|seat| seat.input_stream == stream).and_then(|seat| seat.connection)
    }

    /// The keeper's queue for the pane is full: nothing more is sent until it says otherwise.
    pub(super) fn on_full(&mut self, pane: PaneId) {
        if let Some(queue) = self.gate.panes.get_mut(&pane) {
            // Answers are kept, too: the keeper takes nothing later of a source before what it refused has come again.
            queue.full = true;
        }
    }

    /// There is room again: everything not acknowledged is sent again, in order; what was applied the keeper drops.
    pub(super) fn on_drained(&mut self, pane: PaneId) {
        let Some(queue) = self.gate.panes.get_mut(&pane) else { return };
        queue.full = false;
        for held in &queue.held {
            self.keeper.send(held.message(pane));
        }
    }

    /// The pane, or the keeper that had its input, is gone: whoever waits is told that it is not known what became of it.
    pub(super) fn input_lost(&mut self, pane: PaneId, forget: bool, why: &str) {
        let Some(queue) = self.gate.panes.get_mut(&pane) else { return };
        let held = std::mem::take(&mut queue.held);
        (queue.bytes, queue.full) = (0, false);
        if forget {
            self.gate.panes.remove(&pane);
        }
        for held in held {
            let refused = refusal("lost", why);
            if let Some(connection) = self.connection_of_stream(held.source) {
                self.acknowledge_input(connection, pane, held.seq, Some(refused));
            } else if let Some(sending) = self.gate.sendings.remove(&held.source) {
                self.refuse(sending.asker, refused);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_free_what_is_held_and_remember_a_bounded_number_of_sources() {
        let mut queue = PaneQueue::default();
        for seq in 1..=3 {
            queue.held.push_back(Held { source: 2000, seq, lazy: false, bytes: vec![0; 10] });
            queue.held.push_back(Held { source: 3000, seq, lazy: false, bytes: vec![0; 1] });
        }
        queue.acknowledge(2000, 2);
        assert_eq!(queue.bytes, 13);
        queue.acknowledge(2000, 1);
        assert_eq!(queue.applied, [(2000, 2)], "numbers only grow");
        for source in 0..200 {
            queue.acknowledge(source, 1);
        }
        assert_eq!(queue.applied.len(), INPUT_SOURCES_MAX);
    }

    #[test]
    fn applied_numbers_are_known_per_stream() {
        let mut gate = Gate::default();
        gate.restore(PaneId(1), &[(2000, 7), (1, 90)]);
        gate.restore(PaneId(2), &[(2000, 9)]);
        assert_eq!(gate.applied(2000), [(PaneId(1), 7), (PaneId(2), 9)]);
        assert_eq!(gate.applied(4000), []);
    }
}
