//! The gate's question, asked: whether these bytes, this signal, this end may reach the program in a pane, and what is remembered of it.
//!
//! A person in a shared pane, or in one that they hold, is let through by a few comparisons: no policy, no system call, no allocation. Everybody else meets
//! [`decide`] with all that it wants to know.
//!
//! **A command is no key.** `send` of a person takes no control and acquires none: a script must not do by the way what a hand does on purpose.
//!
//! **Attribution** (R22). What a non-human writes is one line of the journal a frame, before the frame is written. What people write is summed up as long as
//! the same person goes on over the same attachment under the same epoch, at most a second: frames, bytes and a chained digest. Refusals are summed up the
//! same way, so that a flood of them is no flood of lines.
//!
//! **At the write.** Between the verdict and the write bytes may wait, so `Server::may_be_written` asks again: the epoch, and for non-humans the echo.

use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::Sum;
use super::wait::Proposer;
use crate::ids::{AttachmentId, PaneId};
use crate::operator::{
    Act, Cause, Control, Entry, Event, Fact, Frame as Carried, Hold, Millis, Mode, Nature, Party, Refusal, Role, Scene, Takeover, Verb,
    Verdict, decide, is_current,
};
use crate::platform;
use crate::protocol::message::{self as m, InputSource};
use crate::server::gate::Actor;
use crate::server::owner::{Server, now_ms, refusal};

/// How long a sum waits for more.
const SUM_FOR: Duration = Duration::from_secs(1);

/// Where input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum InputFrom {
    /// A hand, over an attachment.
    Hand(InputSource),
    /// A command.
    Command,
}

/// What input carries beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Frame {
    pub(in crate::server) from: InputFrom,
    pub(in crate::server) epoch: Option<u64>,
    /// The offset in the output that its sender had seen, and the present one.
    pub(in crate::server) expect_seq: Option<(u64, u64)>,
}

/// What is to be done with input.
#[derive(Debug)]
pub(in crate::server) enum Passage {
    /// Write it, under this epoch.
    Write(u64),
    /// It took control and is not written.
    Consumed,
    /// It means nothing here.
    Ignored,
    /// It waits for approval, under this number.
    Staged(u64),
    /// No.
    Refused(m::Refusal),
}

/// Whose bytes they are, and under which epoch they were accepted.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Stamp {
    pub(in crate::server) party: Party,
    pub(in crate::server) epoch: u64,
}

/// What kind of input these bytes are. A click may take control; motion, the wheel and releases do not.
fn nature(from: InputFrom, bytes: &[u8]) -> Nature {
    match from {
        InputFrom::Hand(InputSource::Key) | InputFrom::Command | InputFrom::Hand(InputSource::Command) => Nature::of_key(bytes),
        InputFrom::Hand(InputSource::Paste) => Nature::Paste,
        InputFrom::Hand(InputSource::Focus) => Nature::Focus,
        InputFrom::Hand(InputSource::Mouse) => {
            let code = match bytes {
                [0x1b, b'[', b'<', report @ .., b'M'] => {
                    let digits = report.split(|byte| *byte == b';').next().unwrap_or_default();
                    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u16>().ok())
                }
                [0x1b, b'[', b'M', code, ..] => Some(u16::from(code.saturating_sub(32))),
                _ => None,
            };
            // Bit 32 is motion, 64 and above the wheel, 3 alone a release in the old encoding.
            match code {
                Some(code) if code & 0b1110_0000 == 0 && code & 0b11 != 3 => Nature::Key,
                _ => Nature::Motion,
            }
        }
    }
}

impl Server {
    /// Whether input of `actor` may be written to `pane`; if it takes control, that has happened. The pane is there and its program runs.
    pub(in crate::server) fn pass(&mut self, actor: &Actor, pane: PaneId, frame: Frame, bytes: &[u8]) -> Passage {
        let control = self.controls.of(pane);
        let human = actor.kind.is_human();
        let same = |sent: u64| if human { self.controls.is_same_tenure(pane, sent) } else { sent == control.epoch };
        let writes = control.mode == Mode::Shared || control.is_held_by(actor.operator);
        if human
            && self.controls.people_are_free
            && actor.role != Role::Observer
            && writes
            && !control.closed
            && frame.expect_seq.is_none()
            && frame.epoch.is_none_or(same)
        {
            return Passage::Write(control.epoch);
        }
        let epoch = frame.epoch.map(|sent| if same(sent) { control.epoch } else { sent });
        let passage = self.pass_slowly(actor, pane, Frame { epoch, ..frame }, bytes);
        if let Passage::Refused(refused) = &passage {
            tracing::debug!(operator = %actor.operator, %pane, code = %refused.code, "input refused");
        }
        passage
    }

    fn pass_slowly(&mut self, actor: &Actor, pane: PaneId, frame: Frame, bytes: &[u8]) -> Passage {
        let control = self.controls.of(pane);
        let human = actor.kind.is_human();
        let granted = self.granted(actor.operator, actor.role, Some(pane), control.is_given(actor.operator));
        let by_hand = matches!(frame.from, InputFrom::Hand(_));
        let echo_off = !human && self.asks_secret(pane);
        let steered = self.controls.panes.get(&pane);
        let draft = steered.and_then(|steered| steered.ends.draft_of());
        let carried =
            Carried { epoch: frame.epoch, expect_seq: frame.expect_seq.map(|(expected, _)| expected), nature: nature(frame.from, bytes) };
        let scene = Scene {
            seq: frame.expect_seq.map_or(0, |(_, seq)| seq),
            echo_off,
            journal_ok: self.journal_ok(),
            draft_of_other: draft.is_some_and(|of| of != actor.operator) || steered.is_some_and(|steered| steered.unsure),
            size_authority: None,
            takeover: if by_hand { self.controls.takeover } else { Takeover::Never },
        };
        let act = Act { operator: actor.party(), attachment: actor.attachment, verb: Verb::Input, pane: Some(pane), frame: carried };
        let not_holder =
            |control: &Control| Refusal::NotHolder { holder: control.holder.map(|hold| hold.operator.id), epoch: control.epoch };
        let by = actor.by(if by_hand { Cause::Key } else { Cause::Command });
        let role = Some(actor.role);
        let (event, deliver) = match decide(Some(control), &act, &granted, &scene) {
            Verdict::Accepted { epoch } => return Passage::Write(epoch),
            Verdict::Ignored => return Passage::Ignored,
            Verdict::Take { deliver } => (Event::Take, deliver),
            Verdict::Acquire { deliver } if by_hand => (Event::Acquire { ttl_ms: None }, deliver),
            Verdict::Acquire { .. } => {
                let refused = not_holder(control);
                return self.reject(actor, pane, bytes, &refused);
            }
            Verdict::Ask => {
                let holder = self.holder_name(control.holder.as_ref());
                let message = format!("{holder} has control; take it with `baton control take` or the key for it");
                return Passage::Refused(refusal("held_by", message));
            }
            Verdict::Staged => return self.stage(actor, pane, frame, bytes, echo_off),
            Verdict::Refused(Refusal::SecretPrompt) if control.is_held_by(actor.operator) && self.options.secrets_by_approval => {
                return self.stage(actor, pane, frame, bytes, true);
            }
            Verdict::Refused(Refusal::TakeoverOff { .. }) if !by_hand => {
                let refused = not_holder(control);
                return self.reject(actor, pane, bytes, &refused);
            }
            Verdict::Refused(refused) => return self.reject(actor, pane, bytes, &refused),
        };
        match self.happen(pane, by, role, &event) {
            Ok(()) if deliver => Passage::Write(self.controls.of(pane).epoch),
            Ok(()) => Passage::Consumed,
            Err(refused) => self.reject(actor, pane, bytes, &refused),
        }
    }

    fn holder_name(&self, hold: Option<&Hold>) -> String {
        hold.map_or_else(|| "nobody".to_owned(), |hold| self.name_of_operator(hold.operator.id))
    }

    /// T20.
    fn stage(&mut self, actor: &Actor, pane: PaneId, frame: Frame, bytes: &[u8], secret: bool) -> Passage {
        let number = self.controls.of(pane).next_id;
        let epoch = frame.epoch.unwrap_or(self.controls.of(pane).epoch);
        let scene = self.foreground_of(pane);
        match self.happen(pane, actor.by(Cause::Command), Some(actor.role), &Event::Propose { epoch, bytes: bytes.to_vec(), secret }) {
            Ok(()) => {
                self.controls.proposers.insert((pane, number), Proposer { asker: None, input: None, scene });
                Passage::Staged(number)
            }
            Err(refused) => self.reject(actor, pane, bytes, &refused),
        }
    }

    /// Whether `actor` may send a signal to, or end, the program in `pane`.
    ///
    /// # Errors
    /// Why not.
    pub(in crate::server) fn may_steer(&self, actor: &Actor, verb: Verb, pane: PaneId) -> Result<(), m::Refusal> {
        let control = self.controls.of(pane);
        let granted = self.granted(actor.operator, actor.role, Some(pane), control.is_given(actor.operator));
        let act = Act { operator: actor.party(), attachment: actor.attachment, verb, pane: Some(pane), frame: Carried::default() };
        match decide(Some(control), &act, &granted, &Scene::default()) {
            // What has ended can be closed by whoever may close it; nobody steers it any more.
            Verdict::Refused(Refusal::Closed) if verb == Verb::Kill => Ok(()),
            Verdict::Refused(refused) => Err(self.words(&refused)),
            _ => Ok(()),
        }
    }

    /// A refusal of input, remembered.
    fn reject(&mut self, actor: &Actor, pane: PaneId, bytes: &[u8], refused: &Refusal) -> Passage {
        let epoch = self.controls.of(pane).epoch;
        self.add_up(pane, actor, epoch, bytes, Some(refused.code()));
        Passage::Refused(self.words(refused))
    }

    /// A refusal in words: operators by their names.
    pub(in crate::server) fn words(&self, refused: &Refusal) -> m::Refusal {
        let text = refused.to_string();
        let mut message = String::with_capacity(text.len());
        for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match word.parse().ok().and_then(|id| self.roster.operator(id)) {
                Some(there) => {
                    message.push_str(&there.name);
                    message.push_str(&piece[word.len()..]);
                }
                None => message.push_str(piece),
            }
        }
        let holder = refused.holder().map(|holder| Box::new(self.who(holder)));
        m::Refusal { holder, next: refused.next().map(str::to_owned), ..refusal(refused.code(), message) }
    }

    /// Whether the program in `pane` asks for a secret now.
    pub(super) fn asks_secret(&self, pane: PaneId) -> bool {
        self.panes.get(&pane).is_some_and(|entry| platform::asks_secret(entry.master.as_fd()))
    }

    /// Input was accepted and is on its way: R22. What a non-human writes is recorded now, or it is not written.
    ///
    /// # Errors
    /// [`Refusal::JournalUnavailable`] and whatever became true since the verdict.
    pub(in crate::server) fn attribute(&mut self, actor: &Actor, pane: PaneId, epoch: u64, bytes: &[u8]) -> Result<(), m::Refusal> {
        if actor.kind.is_human() {
            self.add_up(pane, actor, epoch, bytes, None);
            return Ok(());
        }
        let echoes = !self.asks_secret(pane);
        let event = Event::Wrote {
            frames: 1,
            bytes: bytes.len() as u64,
            digest: crate::operator::digest(bytes),
            text: echoes.then(|| bytes.to_vec()),
        };
        self.happen(pane, actor.by(Cause::Command), Some(actor.role), &event).map_err(|refused| self.words(&refused))?;
        if self.journal.failure().is_some() {
            // It was not written down, so it is not written.
            self.journal.take_back();
            return Err(self.words(&Refusal::JournalUnavailable));
        }
        Ok(())
    }

    /// Adds to the sum of what is not in the journal yet.
    fn add_up(&mut self, pane: PaneId, actor: &Actor, epoch: u64, bytes: &[u8], refused: Option<&'static str>) {
        let goes_on = |sum: &Sum| {
            sum.party.id == actor.operator && sum.attachment == actor.attachment && sum.epoch == epoch && sum.refused == refused
        };
        let steered = self.controls.panes.entry(pane).or_default();
        let place = if refused.is_some() { &mut steered.refusals } else { &mut steered.sum };
        let other = place.take_if(|sum| !goes_on(sum));
        let sum = place.get_or_insert_with(|| Sum {
            party: actor.party(),
            attachment: actor.attachment,
            on_behalf_of: actor.on_behalf_of,
            epoch,
            refused,
            frames: 0,
            bytes: 0,
            digest: [0; 32],
            due: Instant::now() + SUM_FOR,
        });
        sum.frames += 1;
        sum.bytes += bytes.len() as u64;
        let mut digest = Sha256::new();
        digest.update(sum.digest);
        digest.update(bytes);
        sum.digest = digest.finalize().into();
        let due = sum.due;
        self.controls.sum_due = Some(self.controls.sum_due.map_or(due, |before| before.min(due)));
        if let Some(other) = other {
            self.record_sum(pane, other);
        }
    }

    fn record_sum(&mut self, pane: PaneId, sum: Sum) {
        let fact = match sum.refused {
            Some(_) => Fact::InputRejected { bytes: sum.bytes },
            None => Fact::InputAccepted {
                frames: sum.frames,
                bytes: sum.bytes,
                digest: sum.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
                until: None,
                text: None,
            },
        };
        // Keys come over an attachment, commands over none.
        let cause = if sum.attachment.is_some() { Cause::Key } else { Cause::Command };
        let mut entry = Entry::note(Millis(now_ms()), sum.epoch, Some(sum.party), cause, fact);
        (entry.attachment, entry.on_behalf_of) = (sum.attachment, sum.on_behalf_of);
        entry.reason = sum.refused.map(|code| if sum.frames == 1 { code.to_owned() } else { format!("{code} ({} frames)", sum.frames) });
        self.record(Some(pane), &entry);
    }

    /// Brings a pane's sums into the journal: before anything else is recorded of it.
    pub(super) fn flush_sums(&mut self, pane: PaneId) {
        let Some(steered) = self.controls.panes.get_mut(&pane) else { return };
        let sums = [steered.sum.take(), steered.refusals.take()];
        sums.into_iter().flatten().for_each(|sum| self.record_sum(pane, sum));
    }

    /// Brings all sums into the journal.
    pub(in crate::server) fn flush_all_sums(&mut self) {
        self.controls.sum_due = None;
        let with_sums = self.controls.panes.iter().filter(|(_, steered)| steered.sum.is_some() || steered.refusals.is_some());
        let panes: Vec<PaneId> = with_sums.map(|(pane, _)| *pane).collect();
        panes.into_iter().for_each(|pane| self.flush_sums(pane));
    }

    /// Those of one attachment, which ends.
    pub(in crate::server) fn flush_sums_of(&mut self, attachment: AttachmentId) {
        let of = |sum: &Option<Sum>| sum.as_ref().is_some_and(|sum| sum.attachment == Some(attachment));
        let theirs = self.controls.panes.iter().filter(|(_, steered)| of(&steered.sum) || of(&steered.refusals));
        let panes: Vec<PaneId> = theirs.map(|(pane, _)| *pane).collect();
        panes.into_iter().for_each(|pane| self.flush_sums(pane));
    }
}

impl super::Controls {
    /// Asked at the write: whether bytes that were accepted under `stamp` may still be written to `pane`.
    ///
    /// # Errors
    /// Why not.
    pub(in crate::server) fn may_be_written(&self, pane: PaneId, stamp: &Stamp, echo_off: impl FnOnce() -> bool) -> Result<(), Refusal> {
        let control = self.of(pane);
        if !is_current(control, stamp.party, stamp.epoch) {
            return Err(Refusal::StaleEpoch { sent: stamp.epoch, epoch: control.epoch });
        }
        if !stamp.party.kind.is_human() && echo_off() {
            return Err(Refusal::SecretPrompt);
        }
        Ok(())
    }

    /// The terminal of `pane` has taken bytes of `party`, whole characters and escapes of them. True: what is shown of the pane's control changed.
    pub(in crate::server) fn wrote(&mut self, pane: PaneId, party: Party, bytes: &[u8]) -> bool {
        let steered = self.panes.entry(pane).or_default();
        let before = steered.ends.draft_of();
        steered.ends.wrote(party.id, bytes);
        steered.unsure = false;
        steered.written += bytes.len() as u64;
        // A shared pane shows nobody's line: all may write on in it.
        steered.control.mode == Mode::Held && before != steered.ends.draft_of()
    }
}
