//! Requests about control: what is asked of a pane's control, answers to proposals, waiting.
//!
//! Operators are named by id (`o3`), by exact name, by `kind:name`, or by the beginning of either if only one begins so.

use super::{Answer, Handled};
use crate::ids::{OperatorId, PaneId};
use crate::operator::{Cause, Event, Mode, Presence, Refusal as Reason, Release, Terms};
use crate::protocol::message::{ApproveHow, ControlInfo, ControlMode, ControlOp, Refusal, Reply};
use crate::server::control::{HandedBack, Wish};
use crate::server::event::{Asker, ConnectionId};
use crate::server::owner::{Server, refusal};

impl Server {
    /// Whom `text` names.
    ///
    /// # Errors
    /// Nobody, or several: they are listed.
    pub(in crate::server) fn find_operator(&self, text: &str) -> Result<OperatorId, Refusal> {
        if let Some(there) = text.parse().ok().and_then(|id| self.roster.operator(id)) {
            return Ok(there.id);
        }
        let full = |there: &crate::operator::Operator| format!("{}:{}", there.kind, there.name);
        let all = || self.roster.operators();
        let exact: Vec<_> = all().filter(|there| there.name == text || full(there) == text).collect();
        let found = if exact.is_empty() && !text.is_empty() {
            all().filter(|there| there.name.starts_with(text) || full(there).starts_with(text)).collect()
        } else {
            exact
        };
        // Of several with that name those who are here are meant.
        let here: Vec<_> = found.iter().filter(|there| self.presence(there.id) == Some(Presence::Live)).collect();
        match (found.as_slice(), here.as_slice()) {
            ([one], _) => Ok(one.id),
            ([], _) => Err(refusal("no_such_target", format!("nobody here is called `{text}`; `baton roster` lists everybody"))),
            (_, [one]) => Ok(one.id),
            (several, _) => {
                let names: Vec<String> = several.iter().map(|there| format!("{} ({})", full(there), there.id)).collect();
                Err(refusal("ambiguous_target", format!("`{text}` may be {}", names.join(" or "))))
            }
        }
    }

    fn told(&self, pane: PaneId) -> Handled {
        Ok(Reply::Control(vec![self.control_info(pane)]))
    }

    fn all_controls(&self, wanted: impl Fn(&ControlInfo) -> bool) -> Reply {
        Reply::Control(self.state.panes.keys().map(|pane| self.control_info(*pane)).filter(wanted).collect())
    }

    /// The operator of a request in the queue: the one that is named, or the first who answers.
    fn asking(&self, pane: PaneId, named: Option<&str>) -> Result<OperatorId, Refusal> {
        if let Some(named) = named {
            return self.find_operator(named);
        }
        let queue = &self.control_of(pane).queue;
        let live = queue.iter().find(|request| self.presence(request.operator.id) == Some(Presence::Live));
        let first = live.or_else(|| queue.first()).map(|request| request.operator.id);
        first.ok_or_else(|| self.words(&Reason::NothingPending { what: "request" }))
    }

    pub(super) fn ask_control(&mut self, asker: Asker, target: Option<&str>, op: ControlOp) {
        let connection = asker.connection;
        let handled = match (op, target) {
            (ControlOp::Status, None) => Ok(self.all_controls(|_| true)),
            (ControlOp::HandBack { note }, _) => match self.pane(connection, target) {
                // How much happened meanwhile is the pane's worker's to say.
                Ok(at) => {
                    let answers = self.answers.clone();
                    return self.ask(asker, at.pane, move |asker, view| {
                        let (pane, offset) = (view.pane(), view.stream_offset());
                        let _ = answers.send(Answer::HandBack { asker, pane, note, offset });
                    });
                }
                Err(refused) => Err(refused),
            },
            (op, _) => self.pane(connection, target).and_then(|at| self.control_op(connection, at.pane, op)),
        };
        match handled {
            Ok(reply) => self.reply(asker, reply),
            Err(refused) => self.refuse(asker, refused),
        }
    }

    /// What a hold is given with; the configuration may have every one supervised.
    const fn terms(&self, ttl_ms: Option<u64>, supervised: bool) -> Terms {
        Terms { ttl_ms, supervised: supervised || self.options.supervised }
    }

    fn control_op(&mut self, connection: ConnectionId, pane: PaneId, op: ControlOp) -> Handled {
        let event = match op {
            ControlOp::Status | ControlOp::HandBack { .. } => return self.told(pane),
            ControlOp::Acquire { ttl_ms } => Event::Acquire { ttl_ms },
            ControlOp::Request { why } => Event::Request { why },
            ControlOp::Cancel => Event::Cancel,
            ControlOp::Grant { to, ttl_ms, supervised } => {
                Event::Grant { to: self.asking(pane, to.as_deref())?, terms: self.terms(ttl_ms, supervised) }
            }
            ControlOp::Deny { to, reason } => Event::Deny { to: self.asking(pane, to.as_deref())?, reason },
            ControlOp::Offer { to, note, ttl_ms, supervised } => {
                Event::Offer { to: self.find_operator(&to)?, terms: self.terms(ttl_ms, supervised), note }
            }
            ControlOp::Accept => Event::Accept,
            ControlOp::Decline { reason } => return self.control_event(connection, pane, &Event::Decline, reason),
            ControlOp::Withdraw => Event::Withdraw,
            ControlOp::Release { to_next: true } => Event::Release(Release::Next),
            ControlOp::Release { to_next: false } => Event::Release(Release::Shared),
            ControlOp::Take => Event::Take,
            ControlOp::Force { reason } => Event::Force { reason },
            ControlOp::Revoke { reason } => Event::Revoke { reason },
            ControlOp::Mode(ControlMode::Shared) => Event::SetMode(Mode::Shared),
            ControlOp::Mode(ControlMode::Held) => Event::SetMode(Mode::Held),
            ControlOp::Mode(ControlMode::Locked) => Event::SetMode(Mode::Locked),
            ControlOp::Supervise { on } => Event::Supervise(on),
        };
        self.control_event(connection, pane, &event, None)
    }

    /// `why` is for people where the event has no place for it.
    fn control_event(&mut self, connection: ConnectionId, pane: PaneId, event: &Event, why: Option<String>) -> Handled {
        let actor = self.actor(connection).ok_or_else(|| refusal("bad_request", "no hello was said"))?;
        if let Some(why) = why {
            tracing::debug!(%pane, why, "declined");
        }
        match self.happen(pane, actor.by(Cause::Command), Some(actor.role), event) {
            // What is so already needs no refusal.
            Ok(()) | Err(Reason::Nothing) => self.told(pane),
            Err(refused) => Err(self.words(&refused)),
        }
    }

    /// T14, with what happened meanwhile.
    pub(super) fn hand_back(&mut self, asker: Asker, pane: PaneId, note: Option<String>, offset: u64) {
        let connection = asker.connection;
        let (cursor, input_bytes) = self.lost_at(pane).unwrap_or((offset, 0));
        let event = Event::HandBack { note: note.clone(), cursor: Some(cursor), terms: Terms::default() };
        match self.control_event(connection, pane, &event, None) {
            Ok(_) => {
                if let Some(by) = self.actor(connection).map(|actor| actor.operator) {
                    let output_bytes = offset.saturating_sub(cursor);
                    let at = crate::operator::Millis(crate::server::owner::now_ms());
                    self.set_handed_back(pane, HandedBack { by, note, at, cursor, output_bytes, input_bytes });
                }
                let reply = Reply::Control(vec![self.control_info(pane)]);
                self.reply(asker, reply);
            }
            Err(refused) => self.refuse(asker, refused),
        }
    }

    pub(super) fn approve(
        &mut self,
        connection: ConnectionId,
        target: Option<&str>,
        proposal: Option<u64>,
        digest: Option<&str>,
        how: ApproveHow,
        reason: Option<String>,
    ) -> Handled {
        if how == ApproveHow::List {
            return match target {
                None => Ok(self.all_controls(|info| !info.proposals.is_empty())),
                Some(_) => self.pane(connection, target).and_then(|at| self.told(at.pane)),
            };
        }
        let pane = self.pane(connection, target)?.pane;
        let staged = &self.control_of(pane).proposals;
        let found = match (proposal, staged.as_slice()) {
            (Some(number), _) => staged.iter().find(|staged| staged.id == number),
            (None, [one]) => Some(one),
            (None, []) => None,
            (None, several) => {
                let numbers: Vec<String> = several.iter().map(|staged| staged.id.to_string()).collect();
                return Err(refusal("ambiguous_target", format!("several proposals wait: {}; say which", numbers.join(", "))));
            }
        };
        let found = found.ok_or_else(|| self.words(&Reason::NothingPending { what: "proposal" }))?;
        if digest.is_some_and(|digest| digest != found.digest) {
            return Err(refusal("prompt_changed", "that is not what was shown; look at it again"));
        }
        let number = found.id;
        if how == ApproveHow::Deny {
            return self.control_event(connection, pane, &Event::Reject { proposal: number, reason }, None);
        }
        if !self.is_same_scene(pane, number) {
            let reason = Some("another program, folder or prompt is in front than when it was proposed".to_owned());
            self.control_event(connection, pane, &Event::Reject { proposal: number, reason }, None)?;
            let message = "another program, folder or prompt is in front of the pane than when this was proposed; it was dropped";
            return Err(refusal("prompt_changed", message));
        }
        self.control_event(connection, pane, &Event::Approve { proposal: number }, None)
    }

    pub(super) fn ask_await(&mut self, asker: Asker, target: Option<&str>, after_epoch: Option<u64>, mine: bool, timeout_ms: u64) {
        match self.pane(asker.connection, target) {
            Ok(at) => {
                let mine = if mine { self.actor(asker.connection).map(|actor| actor.operator) } else { None };
                self.await_control(asker, at.pane, Wish { after_epoch, mine }, timeout_ms);
            }
            Err(refused) => self.refuse(asker, refused),
        }
    }
}
