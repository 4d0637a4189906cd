//! Coming and going, for control: T1 to T4, T24, T25. The roster was told before; here the panes are told that it matters to.

use crate::ids::{AttachmentId, OperatorId, PaneId};
use crate::operator::{By, Cause, Control, End, Entry, Event, Fact, Millis, Presence};
use crate::server::gate::Actor;
use crate::server::owner::{Server, now_ms};

impl Server {
    /// The panes to which it matters whether `operator` is here.
    fn concerned(&self, operator: OperatorId) -> Vec<PaneId> {
        self.controls.panes.iter().filter(|(_, steered)| steered.control.concerns(operator)).map(|(pane, _)| *pane).collect()
    }

    fn tell_concerned(&mut self, operator: OperatorId, attachment: Option<AttachmentId>, event: &Event) {
        for pane in self.concerned(operator) {
            let by = By { attachment, ..By::operator(operator, Cause::Connection) };
            self.happen_late(pane, by, event);
            // Everybody sees whether a name in it answers.
            self.touch_control(pane);
        }
    }

    /// T1, T2: an operator is here. `proven`: it showed that it is the one from before a restart.
    pub(in crate::server) fn operator_came(&mut self, operator: OperatorId, attachment: Option<AttachmentId>, proven: bool) {
        self.tell_concerned(operator, attachment, &Event::Resume);
        if proven {
            self.tell_concerned(operator, attachment, &Event::Prove);
        }
    }

    /// T2: a connection of an operator is gone. If nothing else of it answers, its grace begins.
    pub(in crate::server) fn operator_silent(&mut self, operator: OperatorId, attachment: Option<AttachmentId>) {
        match self.presence(operator) {
            Some(Presence::Live) => {}
            _ => self.tell_concerned(operator, attachment, &Event::Stale),
        }
    }

    /// T3, T4: an attachment of an operator ended, perhaps its last.
    pub(in crate::server) fn operator_left(&mut self, operator: OperatorId, attachment: Option<AttachmentId>, lost: bool) {
        if self.roster.presence_of(operator).is_none() {
            self.tell_concerned(operator, attachment, if lost { &Event::Lost } else { &Event::Detach });
        }
    }

    /// A connection without an attachment ended: its operator calls commands.
    pub(in crate::server) fn operator_called(&mut self, operator: OperatorId) {
        let now = now_ms();
        let hold_ms = self.controls.times.hold_ms;
        self.controls.seen.retain(|_, since| now.saturating_sub(*since) < hold_ms);
        if self.roster.operator(operator).is_some_and(|there| !there.kind.is_human()) {
            self.controls.seen.insert(operator, now);
        }
    }

    /// A program starts in `pane`, at the wish of `actor`. A non-human may steer what it spawned.
    pub(in crate::server) fn control_spawned(&mut self, pane: PaneId, actor: &Actor) {
        self.flush_sums(pane);
        let given = (!actor.kind.is_human()).then_some(actor.operator);
        let before = self.controls.of(pane).epoch;
        let there = self.controls.panes.contains_key(&pane);
        let epoch = if there { before + 1 } else { before };
        let mut entry = Entry::note(Millis(now_ms()), before, Some(actor.party()), Cause::Command, Fact::Spawned { given });
        (entry.epoch_after, entry.attachment, entry.on_behalf_of) = (epoch, actor.attachment, actor.on_behalf_of);
        self.record(Some(pane), &entry);
        if there || given.is_some() {
            let steered = self.controls.panes.entry(pane).or_default();
            *steered = super::Steered { tenure_since: epoch, ..super::Steered::default() };
            steered.control.apply(&entry);
            self.commit_needed = true;
            self.controls.plan();
            self.touch_control(pane);
        }
    }

    /// T24: the program in `pane` ended, and whoever lived in the pane with it.
    pub(in crate::server) fn control_ended(&mut self, pane: PaneId, end: End) {
        if self.controls.panes.contains_key(&pane) {
            self.happen_late(pane, By::nobody(Cause::Exit), &Event::Ended(end));
        }
        let homeless: Vec<OperatorId> = self
            .roster
            .operators()
            .filter(|there| there.origin_pane == Some(pane) && !there.kind.is_human())
            .map(|there| there.id)
            .collect();
        for operator in homeless {
            if self.presence(operator) != Some(Presence::Live) {
                self.operator_left(operator, None, true);
            }
        }
    }

    /// The pane is gone for good.
    pub(in crate::server) fn control_closed(&mut self, pane: PaneId) {
        self.control_ended(pane, End::Killed);
        self.flush_sums(pane);
        self.controls.panes.remove(&pane);
        self.controls.plan();
        self.end_waits_at(pane);
    }

    /// T25: this server took over from another one.
    pub(in crate::server) fn control_restarted(&mut self) {
        let there = &self.panes;
        self.controls.panes.retain(|pane, _| there.contains_key(pane));
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        for pane in panes {
            let unsure = self.controls.of(pane).holder.is_some_and(|hold| !hold.operator.kind.is_human());
            self.happen_late(pane, By::nobody(Cause::Restart), &Event::Restarted);
            if let Some(steered) = self.controls.panes.get_mut(&pane) {
                steered.unsure = unsure;
            }
        }
    }

    /// Asks where in the output `pane` is: there control was lost.
    pub(super) fn ask_cursor(&mut self, pane: PaneId) {
        let answers = self.answers.clone();
        let epoch = self.controls.of(pane).epoch;
        self.workers.ask(pane, move |view| {
            let offset = view.stream_offset();
            let _ = answers.send(crate::server::requests::Answer::Cursor { pane, epoch, offset });
        });
    }

    /// The answer to [`Server::ask_cursor`].
    pub(in crate::server) fn on_cursor(&mut self, pane: PaneId, epoch: u64, offset: u64) {
        if let Some(steered) = self.controls.panes.get_mut(&pane)
            && let Some(lost) = &mut steered.lost
            && lost.cursor.is_none()
            && epoch <= steered.control.epoch
        {
            lost.cursor = Some(offset);
            self.commit_needed = true;
        }
    }

    /// Where control was lost to whoever is suspended in `pane`, and how many bytes others wrote since.
    pub(in crate::server) fn lost_at(&self, pane: PaneId) -> Option<(u64, u64)> {
        let steered = self.controls.panes.get(&pane)?;
        let lost = steered.lost.filter(|lost| steered.control.is_suspended(lost.operator))?;
        Some((lost.cursor?, steered.written.saturating_sub(lost.written)))
    }

    /// What the holder was told when it got control back.
    pub(in crate::server) fn set_handed_back(&mut self, pane: PaneId, told: super::HandedBack) {
        if let Some(steered) = self.controls.panes.get_mut(&pane) {
            (steered.handed_back, steered.lost) = (Some(told), None);
            self.commit_needed = true;
        }
    }

    /// The control of a pane, to be looked at.
    pub(in crate::server) fn control_of(&self, pane: PaneId) -> &Control {
        self.controls.of(pane)
    }
}
