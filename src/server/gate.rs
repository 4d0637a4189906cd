//! The one way in: every byte that is written to a PTY passes here.
//!
//! ```text
//!   Input ─► decide ─► attribution ─► held ─┬► pipe ─► terminal            this kernel moves bytes from a pipe to a terminal: nobody else is woken
//!                                           │    └ full: held; the terminal is writable ─► goes on
//!                                           └► keeper INPUT (pane, source, seq) ─► INACK          older kernels, macOS
//!                                                │ ERR_FULL: held; DRAINED ─► everything held of that pane is sent again, in order
//!                                           ─► InputAck to the client
//! ```
//!
//! Which way a pane's input goes is decided at its birth and holds for its life. By either a number of a source is applied once, whatever is sent again:
//! by a client after a reconnect, by us after a full queue, by our successor's clients after our death ([`InputPipe`] says how). Sources are an
//! attachment's input stream, the stream of a `send`, [`REPLIES`] for answers to terminal queries, and that of loose ends that are tied when control passes on.
//!
//! What may pass is `control`'s to say, twice: when input comes ([`Server::pass`]), and when it is written, since control may have passed on while it waited.
//! Then it is discarded and refused, also what the pipe still has.
//!
//! Keys are acknowledged some at a time, with a later one: nobody waits for it, and each would wake the client.
//!
//! **Full.** The pipe (or the keeper) queues 64 KiB of what a program does not read. What it has no room for is kept here, at most [`INPUT_WINDOW_BYTES`]
//! a pane; beyond that input is refused with `queue_full`. What is kept here is not acknowledged, so clients send it again to our successor.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::AbortHandle;

use super::control::{Frame, InputFrom, Passage, Stamp};
use super::event::{Asker, ConnectionId, Event};
use super::owner::{Server, now_ms, refusal};
use super::requests::Sent;
use super::secret;
use crate::ids::{AttachmentId, OperatorId, PaneId};
use crate::operator::{self, Act, By, Cause, Kind, Party, Role, Scene, Verb, Verdict, border, cut, decide};
use crate::platform;
use crate::protocol::keeper::{INPUT_SOURCES_MAX, LAZY_INPUTS_MAX, Message};
use crate::protocol::limits::{INPUT_MAX_BYTES, INPUT_WINDOW_BYTES};
use crate::protocol::message::{Input, InputAck, InputSource, Made, Refusal, Reply, ServerMessage};
use crate::ring::{Applied, InputPipe, Moved, input_pipe_works};
use crate::terminal::effect;

/// The source of answers to terminal queries; their number is where in the output the query stood, so a replay gives the same ones.
pub(super) const REPLIES: u64 = 1;

/// Whether nobody waits for the acknowledgement: keys and the mouse, not pastes, whose next piece waits for it.
const fn is_by_hand(source: InputSource) -> bool {
    matches!(source, InputSource::Key | InputSource::Mouse | InputSource::Focus)
}

/// Inputs up to this size are a person's keys, whose acknowledgement may come together with later ones.
const LAZY_BYTES_MAX: usize = 64;

/// Input that is not applied, or not known to be.
#[derive(Debug)]
struct Held {
    source: u64,
    seq: u64,
    lazy: bool,
    /// Whose it is; none: the terminal's own answers, and what is written because control passed on.
    stamp: Option<Stamp>,
    /// How much of it is in the pipe already.
    piped: usize,
    bytes: Vec<u8>,
}

impl Held {
    fn message(&self, pane: PaneId) -> Message {
        Message::Input { pane, source: self.source, seq: self.seq, lazy: self.lazy, bytes: self.bytes.clone() }
    }
}

/// A frame, or a piece of a long one, in the pipe.
#[derive(Debug)]
struct Piped {
    stamp: Option<Stamp>,
    bytes: Vec<u8>,
}

/// The way of a pane's input.
#[derive(Debug, Default)]
enum Way {
    #[default]
    Keeper,
    Pipe(Box<InputPipe>),
}

/// Ends the task with the drop.
#[derive(Debug)]
struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is known of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    source: u64,
    /// The highest number applied.
    seq: u64,
    /// Inputs applied that the client was not told of.
    unsaid: u32,
}

#[derive(Debug, Default)]
struct PaneQueue {
    way: Way,
    held: VecDeque<Held>,
    /// What is in the pipe, and of the first one perhaps a part is not any more.
    piped: VecDeque<Piped>,
    bytes: usize,
    /// There is no room: the keeper refused one, and nothing is sent until it has drained; or pipe and terminal are full.
    full: bool,
    /// Waits for the terminal to take more.
    room: Option<Watch>,
    /// What is applied of each source, the one heard last at the end.
    applied: VecDeque<Known>,
}

impl PaneQueue {
    fn acknowledge(&mut self, source: u64, seq: u64) {
        note(&mut self.applied, source, seq, false);
        self.held.retain(|held| held.source != source || held.seq > seq);
        self.bytes = self.held.iter().map(|held| held.bytes.len()).sum();
    }
}

/// Notes that `seq` of `source` is applied; whether its client is to be told now.
fn note(applied: &mut VecDeque<Known>, source: u64, seq: u64, lazy: bool) -> bool {
    let at = applied.iter().rposition(|known| known.source == source);
    let mut known = at.and_then(|at| applied.remove(at)).unwrap_or(Known { source, seq, unsaid: 0 });
    known.seq = known.seq.max(seq);
    known.unsaid = if lazy { (known.unsaid + 1) % LAZY_INPUTS_MAX } else { 0 };
    if applied.len() >= INPUT_SOURCES_MAX {
        applied.pop_front();
    }
    applied.push_back(known);
    known.unsaid == 0
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
        let of_pane = |(pane, queue): (&PaneId, &PaneQueue)| {
            queue.applied.iter().find(|known| known.source == stream).map(|known| (*pane, known.seq))
        };
        self.panes.iter().filter_map(of_pane).collect()
    }

    /// Takes up a pane's input. `inputs` is what the keeper applied, `pipe` the pane's pipe if it has one, `memory` its memory; `fresh`: nothing was
    /// typed yet, and its way is decided here.
    pub(super) fn take_up(
        &mut self,
        pane: PaneId,
        inputs: &[(u64, u64)],
        pipe: Option<(OwnedFd, OwnedFd)>,
        memory: BorrowedFd<'_>,
        fresh: bool,
    ) {
        let by_pipe = match pipe {
            Some((read, write)) if fresh && input_pipe_works() => InputPipe::begin(memory, read, write).map(Some),
            Some((read, write)) if !fresh => {
                InputPipe::is_used(memory).and_then(|used| if used { InputPipe::resume(memory, read, write).map(Some) } else { Ok(None) })
            }
            _ => Ok(None),
        };
        let way = match by_pipe {
            Ok(Some(pipe)) => Way::Pipe(Box::new(pipe)),
            Ok(None) => Way::Keeper,
            Err(error) => {
                tracing::error!(%pane, %error, "the pane's input pipe cannot be used");
                Way::Keeper
            }
        };
        let inputs = match &way {
            Way::Pipe(pipe) => pipe.inputs(),
            Way::Keeper => inputs.to_vec(),
        };
        let applied = inputs.into_iter().map(|(source, seq)| Known { source, seq, unsaid: 0 }).collect();
        // What was typed while the keeper started the program.
        let early = self.panes.remove(&pane).filter(|_| fresh).unwrap_or_default();
        self.panes.insert(pane, PaneQueue { way, applied, held: early.held, bytes: early.bytes, ..PaneQueue::default() });
    }

    /// The ends of a pane's input pipe, for a new keeper.
    pub(super) fn pipe_of(&self, pane: PaneId) -> Option<[BorrowedFd<'_>; 2]> {
        match &self.panes.get(&pane)?.way {
            Way::Pipe(pipe) => Some(pipe.ends()),
            Way::Keeper => None,
        }
    }

    /// Whether this number of a source is known to be applied.
    fn is_applied(&self, pane: PaneId, source: u64, seq: u64) -> bool {
        self.panes.get(&pane).is_some_and(|queue| queue.applied.iter().any(|known| known.source == source && known.seq >= seq))
    }

    /// A number of a source took effect without being written: sent again, it is no other key.
    fn consume(&mut self, pane: PaneId, source: u64, seq: u64) {
        let Some(queue) = self.panes.get_mut(&pane) else { return };
        if let Way::Pipe(pipe) = &mut queue.way
            && let Err(error) = pipe.apply(source, seq, &[])
        {
            tracing::error!(%pane, %error, "the pane's input pipe");
        }
        note(&mut queue.applied, source, seq, false);
    }

    /// What is known to be applied in a pane, for a new keeper.
    pub(super) fn applied_in(&self, pane: PaneId) -> Vec<(u64, u64)> {
        self.panes.get(&pane).map(|queue| queue.applied.iter().map(|known| (known.source, known.seq)).collect()).unwrap_or_default()
    }
}

/// Who acts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Actor {
    pub(super) operator: OperatorId,
    pub(super) kind: Kind,
    pub(super) attachment: Option<AttachmentId>,
    pub(super) role: Role,
    pub(super) on_behalf_of: Option<OperatorId>,
}

impl Actor {
    pub(super) const fn party(&self) -> Party {
        Party { id: self.operator, kind: self.kind }
    }

    /// This actor, as who brings an event.
    pub(super) const fn by(&self, cause: Cause) -> By {
        By { operator: Some(self.operator), attachment: self.attachment, on_behalf_of: self.on_behalf_of, cause }
    }
}

impl Server {
    /// Who speaks on a connection; `None` before hello.
    pub(super) fn actor(&self, connection: ConnectionId) -> Option<Actor> {
        let client = self.clients.get(&connection)?;
        let greeting = client.greeting.as_ref()?;
        let seat = client.attachment.and_then(|attachment| self.seats.get(&attachment));
        let role = seat.map_or(greeting.role, |seat| seat.role);
        let on_behalf_of = greeting.on_behalf_of;
        Some(Actor { operator: greeting.operator, kind: greeting.kind, attachment: client.attachment, role, on_behalf_of })
    }

    /// Asks the one question, for acts that are not about the program in a pane.
    pub(super) fn may(&self, connection: ConnectionId, verb: Verb, pane: Option<PaneId>) -> Result<Actor, Refusal> {
        let actor = self.actor(connection).ok_or_else(|| refusal("bad_request", "no hello was said"))?;
        let Actor { operator, attachment, role, .. } = actor;
        let granted = self.granted(operator, role, pane, false);
        let act = Act { operator: actor.party(), attachment, verb, pane, frame: operator::Frame::default() };
        match decide(None, &act, &granted, &Scene::default()) {
            Verdict::Refused(why) => {
                tracing::debug!(%operator, ?verb, %why, "denied");
                Err(self.words(&why))
            }
            _ => Ok(actor),
        }
    }

    /// Keys, pastes and mouse events of a client.
    pub(super) fn input(&mut self, connection: ConnectionId, input: Input) {
        let Input { seq, pane, bytes, source, epoch } = input;
        let typist = self.actor(connection).and_then(|actor| Some((actor, actor.attachment?)));
        let typist = typist.and_then(|(actor, attachment)| Some((actor, attachment, self.seats.get(&attachment)?.input_stream)));
        let Some((actor, attachment, stream)) = typist else {
            return self.acknowledge_input(connection, pane, seq, Some(refusal("bad_request", "only attached clients type")));
        };
        // What was applied before is, whoever has control by now.
        if bytes.is_empty() || self.gate.is_applied(pane, stream, seq) {
            return self.acknowledge_input(connection, pane, seq, None);
        }
        if let Err(refused) = self.may_take(pane, bytes.len()) {
            return self.acknowledge_input(connection, pane, seq, Some(refused));
        }
        let frame = Frame { from: InputFrom::Hand(source), epoch, expect_seq: None };
        match self.pass(&actor, pane, frame, &bytes) {
            Passage::Write(epoch) => {
                if let Err(refused) = self.type_into(&actor, pane, (stream, seq), epoch, bytes, is_by_hand(source)) {
                    return self.acknowledge_input(connection, pane, seq, Some(refused));
                }
            }
            Passage::Consumed => {
                self.gate.consume(pane, stream, seq);
                self.acknowledge_after_commit(connection, pane, seq, None, Some(true));
            }
            Passage::Ignored => return self.acknowledge_input(connection, pane, seq, None),
            Passage::Staged(proposal) => return self.proposed_by(pane, proposal, None, Some((connection, seq))),
            Passage::Refused(refused) => return self.acknowledge_after_commit(connection, pane, seq, Some(refused), None),
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

    /// Whether a pane can take so many bytes at once.
    fn may_take(&self, pane: PaneId, bytes: usize) -> Result<(), Refusal> {
        if bytes > INPUT_MAX_BYTES {
            return Err(refusal("too_large", format!("{bytes} bytes of input at once; the most is {INPUT_MAX_BYTES}")));
        }
        match self.state.panes.get(&pane) {
            None => return Err(refusal("no_such_target", format!("can't find pane: {pane}"))),
            Some(there) if there.is_dead() => return Err(refusal("dead", format!("the program in pane {pane} has ended"))),
            Some(_) => {}
        }
        if self.gate.panes.get(&pane).is_some_and(|queue| queue.bytes + bytes > INPUT_WINDOW_BYTES) {
            return Err(refusal("queue_full", format!("the program in pane {pane} does not read its input")));
        }
        Ok(())
    }

    /// Sends allowed bytes on their way under the epoch of the verdict, attributed.
    fn type_into(
        &mut self,
        actor: &Actor,
        pane: PaneId,
        (source, seq): (u64, u64),
        epoch: u64,
        bytes: Vec<u8>,
        waits_for_nobody: bool,
    ) -> Result<(), Refusal> {
        self.attribute(actor, pane, epoch, &bytes)?;
        // A silent program (`sleep`) tells nobody that it began; most begin with a line that was entered.
        if bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            self.look_soon(pane);
        }
        super::faults::point("input");
        self.workers.typed(pane, &bytes);
        self.pane_used_by(pane, actor.operator, actor.kind);
        let stamp = Stamp { party: actor.party(), epoch };
        self.hand_on(pane, (source, seq), Some(stamp), bytes, waits_for_nobody);
        Ok(())
    }

    /// What is written because control passed on: loose ends. It is nobody's, and never discarded.
    pub(super) fn type_unasked(&mut self, pane: PaneId, source: u64, seq: u64, bytes: Vec<u8>) {
        self.hand_on(pane, (source, seq), None, bytes, false);
    }

    /// T21: exactly the bytes that were approved. `asker` is answered when they are applied.
    pub(super) fn type_approved(&mut self, pane: PaneId, party: Party, bytes: &[u8], asker: Option<Asker>) {
        let stream = secret::new_stream().unwrap_or(u64::MAX);
        let pieces = pieces(bytes);
        if let Some(asker) = asker {
            self.gate.sendings.insert(stream, Sending { asker, pane, last: pieces.len() as u64, bytes: bytes.len() as u64 });
        }
        for (seq, piece) in (1..).zip(pieces) {
            if self.controls.wrote(pane, party, piece) {
                self.touch_control(pane);
            }
            self.hand_on(pane, (stream, seq), None, piece.to_vec(), false);
        }
    }

    fn hand_on(&mut self, pane: PaneId, (source, seq): (u64, u64), stamp: Option<Stamp>, bytes: Vec<u8>, waits_for_nobody: bool) {
        let starting = self.is_starting(pane);
        let queue = self.gate.panes.entry(pane).or_default();
        queue.bytes += bytes.len();
        // A key's acknowledgement is worth no wake-up of three processes: the client keeps the key a little longer.
        let lazy = waits_for_nobody && bytes.len() <= LAZY_BYTES_MAX;
        let held = Held { source, seq, lazy, stamp, piped: 0, bytes };
        match &queue.way {
            Way::Keeper => {
                // What is typed into a pane that the keeper does not have yet follows once it has.
                if !queue.full && !starting {
                    self.keeper.send(held.message(pane));
                }
                if let Some(stamp) = held.stamp
                    && self.controls.wrote(pane, stamp.party, &held.bytes)
                {
                    self.seats.values_mut().for_each(|seat| _ = seat.pending.controls.insert(pane));
                }
                queue.held.push_back(held);
            }
            Way::Pipe(_) => {
                queue.held.push_back(held);
                self.pump(pane);
            }
        }
    }

    /// Brings what is held into the pane's pipe, and on to its terminal, as far as they take it; sees to it that it goes on when there is room.
    pub(super) fn pump(&mut self, pane: PaneId) {
        let Some(entry) = self.panes.get(&pane) else { return };
        let Some(queue) = self.gate.panes.get_mut(&pane) else { return };
        let Way::Pipe(pipe) = &mut queue.way else { return };
        let (mut said, mut void, mut shown) = (Vec::new(), Vec::new(), false);
        let moved = loop {
            let (mut full, mut broken) = (false, false);
            while let Some(next) = queue.held.front() {
                if let Some(stamp) = &next.stamp
                    && let Err(why) = self.controls.may_be_written(pane, stamp, || platform::asks_secret(entry.master.as_fd()))
                {
                    if let Some(next) = queue.held.pop_front() {
                        queue.bytes = queue.bytes.saturating_sub(next.bytes.len());
                        void.push((next.source, next.seq, why));
                    }
                    continue;
                }
                let before = pipe.fill();
                match pipe.apply(next.source, next.seq, &next.bytes) {
                    Ok(Applied::Full) => full = true,
                    Ok(Applied::Now | Applied::Before) => {}
                    // Nobody but us can close it, and what is held stays.
                    Err(error) => {
                        tracing::error!(%pane, %error, "the pane's input pipe");
                        (full, broken) = (true, true);
                    }
                }
                let put = pipe.fill() - before;
                if full {
                    if let Some(next) = queue.held.front_mut().filter(|_| put > 0) {
                        let piece = next.bytes.get(next.piped..next.piped + put).unwrap_or_default().to_vec();
                        queue.piped.push_back(Piped { stamp: next.stamp, bytes: piece });
                        next.piped += put;
                    }
                    break;
                }
                let Some(next) = queue.held.pop_front() else { break };
                queue.bytes = queue.bytes.saturating_sub(next.bytes.len());
                if note(&mut queue.applied, next.source, next.seq, next.lazy) {
                    said.push((next.source, next.seq));
                }
                if put > 0 {
                    let mut bytes = next.bytes;
                    bytes.drain(..bytes.len().saturating_sub(put));
                    queue.piped.push_back(Piped { stamp: next.stamp, bytes });
                }
            }
            let moved = pipe.move_on(entry.master.as_fd());
            let mut beyond: usize = queue.piped.iter().map(|piped| piped.bytes.len()).sum();
            while let Some(first) = queue.piped.front()
                && beyond - first.bytes.len() >= pipe.fill()
            {
                beyond -= first.bytes.len();
                if let Some(Piped { stamp: Some(stamp), bytes }) = queue.piped.pop_front() {
                    shown |= self.controls.wrote(pane, stamp.party, &bytes);
                }
            }
            match moved {
                // There is room again, also where nothing went in before: a program that reads fast has emptied all of it meanwhile.
                Ok(Moved::All) if full && !broken => {}
                other => break other,
            }
        };
        queue.full = matches!(moved, Ok(Moved::Some));
        if !queue.full {
            queue.room = None;
        } else if queue.room.is_none() {
            queue.room = entry.master.try_clone().map(|master| Watch(watch_room(pane, master, self.events.clone()))).ok();
        }
        for (source, seq) in said {
            self.applied(pane, source, seq);
        }
        for (source, seq, why) in void {
            let why = self.words(&why);
            self.not_applied(pane, source, seq, why);
        }
        if shown {
            self.touch_control(pane);
        }
        if let Err(error) = moved {
            tracing::debug!(%pane, %error, "the terminal takes no input any more");
            self.input_lost(pane, false, "the pane's program has ended");
        }
    }

    /// The pane's terminal is writable; `closed`: because nobody has it open any more.
    pub(super) fn on_room(&mut self, pane: PaneId, closed: bool) {
        if let Some(queue) = self.gate.panes.get_mut(&pane) {
            // While it is still there nothing new is watched.
            queue.room = queue.room.take().filter(|_| closed);
            self.pump(pane);
            if let Some(queue) = self.gate.panes.get_mut(&pane).filter(|queue| closed && queue.full) {
                queue.room = None;
                self.input_lost(pane, false, "the pane's program has ended");
            }
        }
    }

    /// Types `bytes` for a `send`, in pieces, under a stream of its own; the answer comes when all of them are applied. `seq` is where the pane's output is.
    pub(super) fn send_bytes(&mut self, asker: Asker, pane: PaneId, sent: Sent, seq: u64, bytes: &[u8]) {
        let Some(actor) = self.actor(asker.connection) else {
            return self.refuse(asker, refusal("bad_request", "no hello was said"));
        };
        if let Err(refused) = self.may_take(pane, 0) {
            return self.refuse(asker, refused);
        }
        let made = |bytes: usize| Made { pane: Some(pane), bytes: Some(bytes as u64), ..Made::default() };
        if bytes.is_empty() {
            return self.reply(asker, Reply::Done(made(0)));
        }
        let waiting = self.gate.panes.get(&pane).map_or(0, |queue| queue.bytes);
        if waiting + bytes.len() > INPUT_WINDOW_BYTES {
            let refused = refusal("queue_full", format!("the program in pane {pane} does not read its input"));
            return self.refuse(asker, refused);
        }
        let frame = Frame { from: InputFrom::Command, epoch: sent.epoch, expect_seq: sent.expect_seq.map(|expected| (expected, seq)) };
        let epoch = match self.pass(&actor, pane, frame, bytes) {
            Passage::Write(epoch) => epoch,
            Passage::Staged(proposal) => return self.proposed_by(pane, proposal, Some(asker), None),
            Passage::Consumed | Passage::Ignored => return self.reply(asker, Reply::Done(made(0))),
            Passage::Refused(refused) => return self.refuse(asker, refused),
        };
        let stream = if sent.stream > 1000 { sent.stream } else { secret::new_stream().unwrap_or(u64::MAX) };
        let pieces = pieces(bytes);
        // First, since the last piece may be applied at once.
        self.gate.sendings.insert(stream, Sending { asker, pane, last: pieces.len() as u64, bytes: bytes.len() as u64 });
        for (seq, piece) in (1..).zip(pieces) {
            if let Err(refused) = self.type_into(&actor, pane, (stream, seq), epoch, piece.to_vec(), false) {
                if let Some(sending) = self.gate.sendings.remove(&stream) {
                    self.refuse(sending.asker, refused);
                }
                return;
            }
        }
    }

    /// Answers of the terminal to a program's queries. Dropped when the pane's input is stuck: a program that does not read needs no answers.
    pub(super) fn type_replies(&mut self, pane: PaneId, replies: Vec<effect::Reply>) {
        for reply in replies {
            let stuck = self.gate.panes.get(&pane).is_some_and(|queue| queue.full);
            if !stuck && self.state.panes.get(&pane).is_some_and(|pane| !pane.is_dead()) {
                self.hand_on(pane, (REPLIES, reply.seq), None, reply.bytes, true);
            }
        }
    }

    /// The keeper has applied everything of `source` up to `seq`.
    pub(super) fn on_inack(&mut self, pane: PaneId, source: u64, seq: u64) {
        let Some(queue) = self.gate.panes.get_mut(&pane) else { return };
        queue.acknowledge(source, seq);
        self.applied(pane, source, seq);
    }

    /// Tells who waits for it that everything of `source` up to `seq` is applied.
    fn applied(&mut self, pane: PaneId, source: u64, seq: u64) {
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
        let Some(queue) = self.gate.panes.get_mut(&pane).filter(|queue| matches!(queue.way, Way::Keeper)) else { return };
        queue.full = false;
        for held in &queue.held {
            self.keeper.send(held.message(pane));
        }
    }

    /// The keeper died: what was on its way there may have been typed or not, and is not typed again. What goes through pipes goes on.
    pub(super) fn keeper_lost(&mut self) {
        let lost: Vec<PaneId> =
            self.gate.panes.iter().filter(|(_, queue)| matches!(queue.way, Way::Keeper)).map(|(pane, _)| *pane).collect();
        for pane in lost {
            self.input_lost(pane, false, "the keeper died; it is not known whether this was typed");
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
            self.not_applied(pane, held.source, held.seq, refusal("lost", why));
        }
    }

    /// Tells who waits for it that an input is not applied, and why.
    fn not_applied(&mut self, pane: PaneId, source: u64, seq: u64, refused: Refusal) {
        if let Some(connection) = self.connection_of_stream(source) {
            self.acknowledge_input(connection, pane, seq, Some(refused));
        } else if let Some(sending) = self.gate.sendings.remove(&source) {
            self.refuse(sending.asker, refused);
        }
    }

    /// Control of `pane` passed on: what of earlier epochs is still ours is discarded, and refused as far as it was not acknowledged. Returns how many bytes.
    pub(super) fn discard_input(&mut self, pane: PaneId, before_epoch: u64, refused: &Refusal) -> u64 {
        let Some(queue) = self.gate.panes.get_mut(&pane) else { return 0 };
        let mut bytes = 0;
        let mut again = Vec::new();
        let ours = match &mut queue.way {
            // What is on its way to the keeper cannot be called back; what it refused can.
            Way::Keeper => queue.full,
            Way::Pipe(pipe) => {
                let back = pipe.take_back().unwrap_or_else(|error| {
                    tracing::error!(%pane, %error, "the pane's input pipe");
                    Vec::new()
                });
                let piped: usize = queue.piped.iter().map(|piped| piped.bytes.len()).sum();
                // What a predecessor left in it is known by its bytes alone.
                bytes += back.len().saturating_sub(piped) as u64;
                let mut taken = piped.saturating_sub(back.len());
                for Piped { stamp, bytes: frame } in queue.piped.drain(..) {
                    // A character or escape that the terminal has begun is ended; the answers of the terminal are nobody's.
                    let keep = if stamp.is_some_and(|stamp| stamp.epoch < before_epoch) { border(&frame, taken) } else { frame.len() };
                    let (kept, void) = frame.split_at(keep);
                    if let Some(stamp) = stamp {
                        self.controls.wrote(pane, stamp.party, kept);
                    }
                    bytes += void.len() as u64;
                    again.extend(kept.get(taken..).filter(|rest| !rest.is_empty()).map(<[u8]>::to_vec));
                    taken = 0;
                }
                true
            }
        };
        let is_void = |held: &Held| ours && held.stamp.is_some_and(|stamp| stamp.epoch < before_epoch);
        let (void, kept) = std::mem::take(&mut queue.held).into_iter().partition::<VecDeque<Held>, _>(is_void);
        queue.held = kept;
        queue.bytes = queue.held.iter().map(|held| held.bytes.len()).sum();
        for held in void {
            bytes += held.bytes.len() as u64;
            self.not_applied(pane, held.source, held.seq, refused.clone());
        }
        for rest in again {
            let stream = secret::new_stream().unwrap_or(u64::MAX);
            self.hand_on(pane, (stream, 1), None, rest, false);
        }
        bytes
    }
}

/// `bytes` in pieces that one input can carry, none of which cuts a character or an escape in two.
fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(cut(rest, INPUT_MAX_BYTES));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Tells the owner once that the terminal behind `master` takes more.
fn watch_room(pane: PaneId, master: OwnedFd, events: tokio::sync::mpsc::Sender<Event>) -> AbortHandle {
    let watch = async move {
        // Watched anew each time, which says at once what is so already.
        #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
        let watched = AsyncFd::with_interest(master, Interest::WRITABLE);
        let closed = match &watched {
            Ok(watched) => watched.writable().await.map_or(true, |ready| ready.ready().is_write_closed()),
            Err(error) => {
                tracing::error!(%pane, %error, "the pane's terminal cannot be watched for room");
                true
            }
        };
        drop(watched);
        let _ = events.send(Event::Room { pane, closed }).await;
    };
    tokio::spawn(watch).abort_handle()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_free_what_is_held_and_remember_a_bounded_number_of_sources() {
        let mut queue = PaneQueue::default();
        for seq in 1..=3 {
            queue.held.push_back(Held { source: 2000, seq, lazy: false, stamp: None, piped: 0, bytes: vec![0; 10] });
            queue.held.push_back(Held { source: 3000, seq, lazy: false, stamp: None, piped: 0, bytes: vec![0; 1] });
        }
        queue.acknowledge(2000, 2);
        assert_eq!(queue.bytes, 13);
        queue.acknowledge(2000, 1);
        assert_eq!(queue.applied, [Known { source: 2000, seq: 2, unsaid: 0 }], "numbers only grow");
        for source in 0..200 {
            queue.acknowledge(source, 1);
        }
        assert_eq!(queue.applied.len(), INPUT_SOURCES_MAX);
    }

    #[test]
    fn applied_numbers_are_known_per_stream() {
        let mut gate = Gate::default();
        let memory = crate::platform::memory_object(4096).expect("memory");
        gate.take_up(PaneId(1), &[(2000, 7), (1, 90)], None, memory.as_fd(), false);
        gate.take_up(PaneId(2), &[(2000, 9)], None, memory.as_fd(), false);
        assert_eq!(gate.applied(2000), [(PaneId(1), 7), (PaneId(2), 9)]);
        assert_eq!(gate.applied(4000), []);
    }
}
