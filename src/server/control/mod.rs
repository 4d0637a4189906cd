//! Control of panes: who may steer each, and how that passes on. The rules are [`crate::operator::step`]'s; here its effects become real.
//!
//! ```text
//!   key, request, connection, clock ─► happen(pane, by, event) ─► operator::step ─┬─► Refusal: said in words, nothing changed
//!                                                                                 └─► Control, Effects
//!   effects, in this order:  journal ─► discard queued bytes ─► tie loose ends ─► write what was approved ─► commit ─► tell
//! ```
//!
//! A pane that nobody ever said anything about has no entry here and is shared. What is kept of a pane beside its [`Control`]: what its writers left open
//! ([`LooseEnds`]), the sum of what was written and is not yet in the journal, and where in the output control was lost, for whoever gets it back.
//!
//! | file | what |
//! |---|---|
//! | `pass` | the gate's question for input, signals and kills; attribution |
//! | `people` | who is who, for the rules: roster, connections and policy |
//! | `presence` | coming and going, birth and end, the restart |
//! | `info` | the state in wire types |
//! | `wait` | who waits: for control, for the answer to a proposal |
//!
//! **Commit.** A change of tenure is in memory that outlives this process before anything follows from it, on the wire or in the terminal.
//!
//! **Restart.** The epoch grows everywhere. People's frames that were on their way then are still theirs, since nobody stood between: `tenure_since` is the first
//! epoch that differs from the present one by restarts alone, and what a person sent under one of those counts as sent now. For a non-human it does not.
//!
//! **Time.** One deadline for all panes, there only while something is pending.

mod info;
mod pass;
mod people;
mod presence;
mod wait;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use minicbor::{Decode, Encode};

pub(super) use pass::{Frame, InputFrom, Passage, Stamp};
pub(super) use wait::Wish;

use self::wait::{Proposer, Waiting};

use super::owner::{Server, now_ms};

use crate::ids::{AttachmentId, OperatorId, PaneId};
use crate::operator::{
    By, Cause, Control, Discard, Effects, Entry, Event, Fact, LooseEnds, Millis, Mode, Notice, Party, Policy, Refusal, Settle, Takeover,
    Times, Told, World, step,
};
use crate::protocol::message::{self as m, Level, ServerMessage};

/// The source of the bytes that tie up loose ends; their number is the epoch that begins with them.
pub(super) const LOOSE_ENDS: u64 = 2;

/// A renewed lease is shown again when it is this much longer, in milliseconds.
const SHOWN_LEASE_MS: u64 = 5_000;

/// The control of a pane that has no entry.
static FREE: Control = Control::new();

/// Where control was lost.
#[derive(Debug, Clone, Copy, Encode, Decode)]
pub(super) struct Lost {
    /// Whose it was.
    #[n(0)]
    operator: OperatorId,
    /// The offset in the output; none until the pane's worker said it.
    #[n(1)]
    cursor: Option<u64>,
    /// [`Steered::written`] then.
    #[n(2)]
    written: u64,
}

/// What somebody was told who got control back.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct HandedBack {
    #[n(0)]
    pub(super) by: OperatorId,
    #[n(1)]
    pub(super) note: Option<String>,
    #[n(2)]
    pub(super) at: Millis,
    #[n(3)]
    pub(super) cursor: u64,
    #[n(4)]
    pub(super) output_bytes: u64,
    #[n(5)]
    pub(super) input_bytes: u64,
}

/// Input that was accepted (or refused) and is not in the journal yet.
#[derive(Debug, Clone)]
struct Sum {
    party: Party,
    attachment: Option<AttachmentId>,
    on_behalf_of: Option<OperatorId>,
    epoch: u64,
    /// The code of a refusal; none: it was accepted.
    refused: Option<&'static str>,
    frames: u64,
    bytes: u64,
    /// d' = SHA-256(d, bytes), from all zero.
    digest: super::secret::Hash,
    due: Instant,
}

/// One pane.
#[derive(Debug)]
pub(super) struct Steered {
    pub(super) control: Control,
    /// The first epoch that is the present one but for restarts.
    tenure_since: u64,
    ends: LooseEnds,
    /// What stands in the input line since before the restart is unknown.
    unsure: bool,
    /// Bytes of people that the journal does not have, and refusals.
    sum: Option<Sum>,
    refusals: Option<Sum>,
    /// Bytes written in the life of this entry.
    written: u64,
    lost: Option<Lost>,
    pub(super) handed_back: Option<HandedBack>,
    /// Until when the lease was shown to last.
    shown_until: Option<Millis>,
}

impl Default for Steered {
    fn default() -> Self {
        Self {
            control: Control::new(),
            tenure_since: 1,
            ends: LooseEnds::default(),
            unsure: false,
            sum: None,
            refusals: None,
            written: 0,
            lost: None,
            handed_back: None,
            shown_until: None,
        }
    }
}

/// The control of all panes.
#[derive(Debug)]
pub(super) struct Controls {
    panes: BTreeMap<PaneId, Steered>,
    policy: Policy,
    /// No rule of the configuration is about people: then a person who takes part may write to a shared pane without a further question.
    people_are_free: bool,
    times: Times,
    takeover: Takeover,
    /// When the next thing ends by itself.
    next: Option<Instant>,
    /// When a sum is due.
    sum_due: Option<Instant>,
    /// Panes whose control changed in this turn.
    changed: BTreeSet<PaneId>,
    waiting: Vec<Waiting>,
    proposers: BTreeMap<(PaneId, u64), Proposer>,
    /// When an operator without attachments was last connected, milliseconds since the Unix epoch.
    seen: HashMap<OperatorId, u64>,
}

impl Default for Controls {
    fn default() -> Self {
        Self {
            panes: BTreeMap::new(),
            policy: Policy::default(),
            people_are_free: true,
            times: Times::DEFAULT,
            takeover: Takeover::default(),
            next: None,
            sum_due: None,
            changed: BTreeSet::new(),
            waiting: Vec::new(),
            proposers: BTreeMap::new(),
            seen: HashMap::new(),
        }
    }
}

/// The control of one pane as it is kept.
#[derive(Debug, Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredControl {
    #[n(0)]
    pane: PaneId,
    #[n(1)]
    control: Control,
    #[n(2)]
    tenure_since: u64,
    #[n(3)]
    lost: Option<Lost>,
    #[n(4)]
    handed_back: Option<HandedBack>,
}

impl Controls {
    /// The control of a pane.
    pub(in crate::server) fn of(&self, pane: PaneId) -> &Control {
        self.panes.get(&pane).map_or(&FREE, |steered| &steered.control)
    }

    /// Whether anything but the state of a free pane is kept of `pane`; its end is then recorded from here.
    pub(super) fn knows(&self, pane: PaneId) -> bool {
        self.panes.contains_key(&pane)
    }

    /// Whether `epoch` is the present one of a pane, restarts aside.
    fn is_same_tenure(&self, pane: PaneId, epoch: u64) -> bool {
        self.panes.get(&pane).map_or(epoch == FREE.epoch, |steered| (steered.tenure_since..=steered.control.epoch).contains(&epoch))
    }

    /// Panes whose control is not that of a pane nobody said anything about.
    pub(super) fn spoken_of(&self) -> impl Iterator<Item = PaneId> {
        self.panes.iter().filter(|(_, steered)| steered.control != FREE).map(|(pane, _)| *pane)
    }

    /// Whether anything here names `operator`.
    pub(super) fn mentions(&self, operator: OperatorId) -> bool {
        self.panes.values().any(|steered| {
            let control = &steered.control;
            control.concerns(operator) || control.given.contains(&operator) || control.reserved_for == Some(operator)
        })
    }

    /// The panes that `operator` has control of.
    pub(super) fn holds(&self, operator: OperatorId) -> Vec<PaneId> {
        self.panes.iter().filter(|(_, steered)| steered.control.is_held_by(operator)).map(|(pane, _)| *pane).collect()
    }

    /// What a successor must know.
    pub(super) fn stored(&self) -> Vec<StoredControl> {
        let kept = self.panes.iter().filter(|(_, steered)| steered.control != FREE);
        let store = |(pane, steered): (&PaneId, &Steered)| StoredControl {
            pane: *pane,
            control: steered.control.clone(),
            tenure_since: steered.tenure_since,
            lost: steered.lost.map(|lost| Lost { written: steered.written.saturating_sub(lost.written), ..lost }),
            handed_back: steered.handed_back.clone(),
        };
        kept.map(store).collect()
    }

    /// Takes up what a predecessor kept.
    pub(super) fn restore(&mut self, stored: Vec<StoredControl>) {
        for StoredControl { pane, control, tenure_since, lost, handed_back } in stored {
            if let Err(broken) = crate::operator::check(&control) {
                tracing::error!(%pane, %broken, "a control state that cannot be; the pane is locked until a person says otherwise");
                let epoch = control.epoch.max(1);
                let control = Control { mode: Mode::Locked, epoch, next_id: control.next_id, ..Control::new() };
                self.panes.insert(pane, Steered { control, tenure_since: epoch, ..Steered::default() });
                continue;
            }
            // What others wrote since is counted from the start of `written`, which begins anew.
            let written = lost.map_or(0, |lost| lost.written);
            let lost = lost.map(|lost| Lost { written: 0, ..lost });
            self.panes.insert(pane, Steered { control, tenure_since, lost, handed_back, written, ..Steered::default() });
        }
    }

    /// When something must be done though nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.next, self.sum_due].into_iter().flatten().chain(self.waiting.iter().map(|waiting| waiting.until)).min()
    }

    fn plan(&mut self) {
        let due = self.panes.values().filter_map(|steered| steered.control.next_deadline()).min();
        // A millisecond late rather than early: then it is due by the other clock, too.
        self.next = due.map(|due| Instant::now() + Duration::from_millis(due.0.saturating_sub(now_ms()) + 1));
    }
}

impl Server {
    /// Lets `event`, brought by `by`, happen to the control of `pane`. `role` is what the attachment that brings it may do, if one does.
    ///
    /// # Errors
    /// Why not; nothing has changed.
    pub(super) fn happen(&mut self, pane: PaneId, by: By, role: Option<crate::operator::Role>, event: &Event) -> Result<(), Refusal> {
        if !matches!(event, Event::Wrote { .. }) {
            self.flush_sums(pane);
        }
        let people = people::People { server: self, pane: Some(pane), actor: by.operator.zip(role) };
        let world = World { people: &people, times: &self.controls.times, now: Millis(now_ms()) };
        let (after, effects) = step(self.controls.of(pane), &world, &by, event)?;
        self.carry_out(pane, after, effects);
        Ok(())
    }

    /// As [`Server::happen`], for what is said to every pane and concerns few.
    fn happen_late(&mut self, pane: PaneId, by: By, event: &Event) {
        match self.happen(pane, by, None, event) {
            Ok(()) | Err(Refusal::Nothing) => {}
            Err(refused) => tracing::debug!(%pane, %refused, ?event, "control"),
        }
    }

    fn carry_out(&mut self, pane: PaneId, after: Control, effects: Effects) {
        let Effects { entry, discard, settle, write, cards: _, notices, roster: _ } = effects;
        let new_tenure = entry.epoch_after != entry.epoch_before;
        let quiet = matches!(entry.fact, Fact::InputAccepted { .. });
        self.record(Some(pane), &entry);
        let steered = self.controls.panes.entry(pane).or_default();
        let before = std::mem::replace(&mut steered.control, after);
        let control = &steered.control;
        // A restart takes nothing from people: what they had sent is on its way.
        let goes_on = matches!(entry.fact, Fact::Restored { .. })
            && control.mode == before.mode
            && control.holder_id() == before.holder_id()
            && (control.mode != Mode::Held || control.holder.is_some());
        if new_tenure && !goes_on {
            steered.tenure_since = control.epoch;
            steered.handed_back = None;
        }
        let suspended = control.suspended.map(|suspended| suspended.hold.operator.id);
        let lost = suspended.filter(|operator| before.is_held_by(*operator));
        if let Some(operator) = lost {
            steered.lost = Some(Lost { operator, cursor: None, written: steered.written });
        } else if suspended.is_none() && !matches!(entry.fact, Fact::HandedBack { .. }) {
            steered.lost = None;
        }
        let until = control.holder.and_then(|hold| hold.until);
        let renewed = quiet && until.zip(steered.shown_until).is_some_and(|(until, shown)| until.0 >= shown.0 + SHOWN_LEASE_MS);
        if !quiet || renewed {
            steered.shown_until = until;
            self.touch_control(pane);
        }
        if !quiet {
            tracing::info!(%pane, epoch = entry.epoch_after, actor = entry.actor.map(tracing::field::display), event = entry.fact.name(), "control");
            self.commit_needed = true;
        }
        if lost.is_some() {
            self.ask_cursor(pane);
        }
        if new_tenure {
            self.roster_changed = true;
            // What follows from it must not be seen before it is in memory that outlives us. What comes with the end of something else is committed with it: half
            // of a command is never kept.
            if matches!(entry.cause, Cause::Key | Cause::Command | Cause::Clock) {
                self.commit();
            }
        }
        if let Some(discard) = discard.filter(|_| !goes_on) {
            self.throw_away(pane, discard, &entry);
        }
        if let Some(settle) = settle {
            self.tie(pane, settle);
        }
        self.answer_proposers(pane, &before, &entry, write);
        for notice in notices {
            self.tell_operator(pane, notice, &entry);
        }
        if until.is_some() || self.controls.next.is_some() || !quiet {
            self.controls.plan();
        }
    }

    /// The journal's seam: one entry, of a pane or of none.
    pub(super) fn record(&mut self, pane: Option<PaneId>, entry: &Entry) {
        self.note(pane, entry.clone());
    }

    /// Whether what non-humans write can be recorded.
    fn journal_ok(&self) -> bool {
        self.journal.failure().is_none()
    }

    /// Throws away what waits of older tenures, and records how much that was.
    fn throw_away(&mut self, pane: PaneId, discard: Discard, entry: &Entry) {
        let mut refused = self.words(&Refusal::StaleEpoch { sent: entry.epoch_before, epoch: entry.epoch_after });
        refused.message = "control passed on before this was written; it was discarded: look at the screen and send it again".to_owned();
        let bytes = self.discard_input(pane, discard.before_epoch, &refused) + discard.staged_bytes;
        if bytes > 0 {
            let note = Entry::note(entry.ts, entry.epoch_after, None, entry.cause, Fact::InputDiscarded { bytes });
            self.record(Some(pane), &note);
        }
    }

    /// Closes what the writers before left open.
    fn tie(&mut self, pane: PaneId, _settle: Settle) {
        let Some(steered) = self.controls.panes.get_mut(&pane) else { return };
        // Frames are whole, so what is open is the old holder's, or was left in the shared pane by those who may not go on.
        let bytes = steered.ends.tie();
        let epoch = steered.control.epoch;
        if !bytes.is_empty() && self.panes.contains_key(&pane) {
            self.type_unasked(pane, LOOSE_ENDS, epoch, bytes);
        }
    }

    /// Tells an operator, where it sits, what became of what is its.
    fn tell_operator(&self, pane: PaneId, notice: Notice, entry: &Entry) {
        let by = entry.actor.map_or_else(String::new, |actor| format!(" ({})", self.name_of_operator(actor.id)));
        let reason = entry.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
        let (level, line) = match notice.what {
            Told::YouHaveControl | Told::HandedBack => (Level::Info, format!("you have control of pane {pane}")),
            Told::YouLostControl => (Level::Warning, format!("you have no control of pane {pane} any more{by}{reason}")),
            Told::Denied => (Level::Warning, format!("your request for pane {pane} was denied{by}{reason}")),
            Told::Expired => (Level::Info, format!("what you asked or proposed in pane {pane} has expired")),
            Told::Declined => (Level::Info, format!("your offer of pane {pane} was declined{by}{reason}")),
            Told::Withdrawn => (Level::Info, format!("the offer of pane {pane} is open no more{reason}")),
            Told::Approved => (Level::Info, format!("what you proposed in pane {pane} was approved{by}")),
            Told::Rejected => (Level::Warning, format!("what you proposed in pane {pane} was denied{by}{reason}")),
        };
        let message = ServerMessage::Notice(m::Notice::Message(level, line));
        for seat in self.seats.values().filter(|seat| seat.operator == notice.to) {
            if let Some(connection) = seat.connection {
                self.send_to(connection, &message);
            }
        }
    }

    /// Everybody is to be told of the pane's control.
    pub(super) fn touch_control(&mut self, pane: PaneId) {
        self.controls.changed.insert(pane);
        self.seats.values_mut().for_each(|seat| _ = seat.pending.controls.insert(pane));
    }

    /// Does what is due by time.
    pub(super) fn control_due(&mut self, now: Instant) {
        if self.controls.sum_due.is_some_and(|due| due <= now) {
            self.flush_all_sums();
        }
        if self.controls.next.is_some_and(|due| due <= now) {
            let present = Millis(now_ms());
            let due = |steered: &Steered| steered.control.next_deadline().is_some_and(|due| due <= present);
            let panes: Vec<PaneId> = self.controls.panes.iter().filter(|(_, steered)| due(steered)).map(|(pane, _)| *pane).collect();
            for pane in panes {
                // One call ends one thing.
                while self.controls.of(pane).next_deadline().is_some_and(|due| due <= present) {
                    if self.happen(pane, By::nobody(Cause::Clock), None, &Event::Clock).is_err() {
                        break;
                    }
                }
            }
            self.controls.plan();
        }
        self.end_waits(now);
    }

    /// T18: the rules are others now.
    pub(super) fn policy_changed(&mut self, policy: Policy, times: Times, takeover: Takeover) {
        let rules = Policy::builtin().len();
        let configured = policy.rules.len().saturating_sub(rules);
        let about_people = |rule: &crate::operator::Rule| rule.kinds.is_empty() || rule.kinds.contains(&crate::operator::Kind::Human);
        self.controls.people_are_free = !policy.rules.iter().take(configured).any(about_people);
        let changed = self.controls.policy != policy;
        (self.controls.policy, self.controls.times, self.controls.takeover) = (policy, times, takeover);
        if changed {
            self.record(None, &Entry::note(Millis(now_ms()), 0, None, Cause::Policy, Fact::PolicyChanged));
            let panes: Vec<PaneId> = self.controls.panes.keys().copied().collect();
            panes.into_iter().for_each(|pane| self.happen_late(pane, By::nobody(Cause::Policy), &Event::PolicyChanged));
        }
    }
}
