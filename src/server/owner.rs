//! The owner: one task that holds everything that exists, and turns events into changes.
//!
//! ```text
//!   event ──► handler ──► session::apply ──► effects: start, end, resize programs; what changed
//!                                                │
//!   settle, once after each turn:  views ─► sizes ─► commit ─► what had to wait for the commit ─► model ─► watches
//! ```
//!
//! Handlers are spread over the files of this room by what they are about: `clients`, `gate`, `lifecycle`, `requests`, `sizes`, `sync`. None of them
//! waits: what takes time (a program's start, a question to a pane) is sent off, and its answer is another event.
//!
//! **Acknowledged means kept.** An answer that acknowledges a change goes through [`Server::after_commit`], and so leaves only when the state that has
//! the change is in memory which outlives this process. Titles and the like change without a commit: the panes' own memories have them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::{Instant, SystemTime};

use super::access::Access;
use super::buffers::Buffers;
use super::clients::{Client, Seat};
use super::control::Controls;
use super::event::{Asker, ConnectionId, Event};
use super::faults;
use super::gate::Gate;
use super::identity::ProcessName;
use super::journal::Journal;
use super::keeper_link::KeeperLink;
use super::lifecycle::{Dying, PaneEntry, Starting};
use super::minted::{Minted, Present};
use super::options::Options;
use super::outbox::Outbox;
use super::panes::{Notices, Workers};
use super::persist::Slots;
use super::requests::Answer;
use super::secret::Hash;
use super::stored::{Answered, Doing, Governor, PaneToken, PaneUser, SessionActivity, Stored, StoredSeat};
use tokio::sync::mpsc::{Sender, UnboundedSender};
use tokio::task::AbortHandle;

use crate::config::agents::Manifest;
use crate::ids::{AttachmentId, OperatorId, PaneId, SessionId, WindowId};
use crate::keeper::KeeperPaths;
use crate::operator::Roster;
use crate::protocol::keeper::Message;
use crate::protocol::message::{Made, Refusal, Reply, ServerMessage};
use crate::session::{Command, CommandError, Effect, Outcome, State, apply};

/// Answered changes that are remembered: more than can be asked for again after a crash by commands that run at the same time.
const ANSWERED_MAX: usize = 64;

/// What does not change while this server lives.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) paths: KeeperPaths,
    pub(super) epoch: u64,
    pub(super) user: String,
    pub(super) home: String,
    /// Milliseconds from start to being ready; known once it is.
    pub(super) ready_ms: u64,
}

/// What waits until the state is committed.
#[derive(Debug)]
pub(super) enum AfterCommit {
    /// An answer.
    Reply(Asker, Reply),
    /// A message.
    Send(Arc<Outbox>, Box<ServerMessage>),
    /// A word to the keeper about a pane, which it must not have heard if this process ends before the commit.
    Tell(Box<Message>),
    /// A pane that the keeper may give up.
    Forget(PaneId),
}

/// How this server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// With everything: panes and keeper.
    Everything,
    /// To make place for a successor; the panes stay.
    Replaced,
}

/// Everything.
pub(super) struct Server {
    pub(super) about: About,
    pub(super) keeper_pid: u32,
    pub(super) state: State,
    pub(super) roster: Roster,
    pub(super) seats: BTreeMap<AttachmentId, Seat>,
    pub(super) clients: BTreeMap<ConnectionId, Client>,
    pub(super) panes: BTreeMap<PaneId, PaneEntry>,
    pub(super) starting: BTreeMap<PaneId, Starting>,
    /// Starts that failed before they reached the keeper.
    pub(super) failed: Vec<(PaneId, Refusal)>,
    pub(super) dying: BTreeMap<PaneId, Dying>,
    pub(super) pane_tokens: BTreeMap<PaneId, Hash>,
    /// Identities that were minted, the newest at the end; at most [`super::minted::MINTED_MAX`].
    pub(super) minted: Vec<Minted>,
    /// Agents that are processes.
    pub(super) presences: BTreeMap<ProcessName, Present>,
    /// Panes that are an agent's: it started them, or typed there last.
    pub(super) pane_users: BTreeMap<PaneId, OperatorId>,
    /// How agents are recognised.
    pub(super) manifests: Vec<Manifest>,
    /// Which other users are let in.
    pub(super) access: Arc<RwLock<Access>>,
    pub(super) journal: Journal,
    /// People have been told that it cannot be written.
    pub(super) journal_failing: bool,
    /// Whose message is being handled.
    pub(super) acting: Option<ConnectionId>,
    pub(super) workers: Workers,
    pub(super) notices: Arc<Notices>,
    pub(super) keeper: KeeperLink,
    pub(super) slots: Slots,
    /// The memory of `slots`, for a new keeper.
    pub(super) slots_object: OwnedFd,
    pub(super) listener: OwnedFd,
    /// The task that accepts connections.
    pub(super) listening: Option<AbortHandle>,
    /// Notified when a descriptor of this process may have been closed.
    pub(super) freed: Arc<tokio::sync::Notify>,
    pub(super) options: Options,
    pub(super) warnings: Vec<String>,
    /// Those of `warnings` that speak of the configuration file.
    pub(super) config_warnings: Vec<String>,
    pub(super) buffers: Buffers,
    pub(super) gate: Gate,
    pub(super) controls: Controls,
    /// For tasks that wait on the owner's behalf.
    pub(super) events: Sender<Event>,
    pub(super) activity: BTreeMap<SessionId, u64>,
    pub(super) governors: BTreeMap<WindowId, AttachmentId>,
    /// Counts inputs and resizes, to know whose was last.
    pub(super) stamp: u64,
    pub(super) commit_needed: bool,
    pub(super) after_commit: Vec<AfterCommit>,
    /// Changes done for commands, by the number of the request, so that none is done twice; at most [`ANSWERED_MAX`], the oldest is forgotten first.
    pub(super) answered: VecDeque<Answered>,
    /// A predecessor's changes that wait for the start of a program, until it is known what became of it.
    pub(super) doing: Vec<Doing>,
    pub(super) roster_changed: bool,
    pub(super) views_changed: bool,
    /// Attachments that looked elsewhere in this turn.
    pub(super) moved: BTreeSet<AttachmentId>,
    pub(super) sizes_due: BTreeSet<WindowId>,
    /// When it is to be seen what runs in a pane: see [`Server::look_soon`].
    pub(super) looks_due: BTreeMap<PaneId, Instant>,
    pub(super) looked_at: BTreeMap<PaneId, Instant>,
    /// Numbers of windows are to be closed up.
    pub(super) renumber_due: bool,
    pub(super) answers: UnboundedSender<Answer>,
    /// The configuration file in use.
    pub(super) config_path: Option<PathBuf>,
    /// When [`Server::attest`] is due.
    pub(super) attest_at: Option<Instant>,
    pub(super) had_session: bool,
    pub(super) upgrading: Option<Upgrader>,
    pub(super) ending: Option<Ending>,
}

/// Who asked for an upgrade that is under way.
#[derive(Debug)]
pub(super) enum Upgrader {
    /// By request.
    Asker(Asker),
    /// By the frozen message.
    Frozen(Arc<Outbox>),
}

/// Whether a request under this number may come again: commands number theirs at random, and ask again under the same number when a server dies before
/// it answers.
pub(super) fn is_repeatable(request: u64) -> bool {
    request > u64::from(u32::MAX)
}

/// Milliseconds since the Unix epoch.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A refusal without a hint.
pub(super) fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(code, message)
}

impl Server {
    /// Carries out a command on the state and performs its effects; the change will be committed.
    pub(super) fn apply(&mut self, command: Command) -> Result<Outcome, CommandError> {
        self.commit_needed = true;
        self.apply_quietly(command)
    }

    /// As [`Server::apply`] for what need not survive: titles, flags, automatic names.
    pub(super) fn apply_quietly(&mut self, command: Command) -> Result<Outcome, CommandError> {
        let (outcome, effects) = apply(&mut self.state, command, now_ms())?;
        for effect in effects {
            self.perform(effect);
        }
        Ok(outcome)
    }

    /// As [`Server::apply`], for commands that the server gives itself and whose failure only means that they came too late.
    pub(super) fn apply_late(&mut self, command: Command) {
        if let Err(error) = self.apply(command) {
            tracing::debug!(%error, "came too late");
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn(spawn) => self.start_program(spawn),
            Effect::Kill { pane, .. } => self.end_program(pane),
            Effect::Arrange(window) => self.rearrange(window),
            Effect::PaneClosed(pane) => self.pane_closed(pane),
            Effect::WindowClosed(window) => {
                self.governors.remove(&window);
                self.sizes_due.remove(&window);
                self.renumber_due = self.options.renumber_windows;
                self.views_changed = true;
                self.touch_window(window);
            }
            Effect::SessionClosed(session) => {
                self.activity.remove(&session);
                self.views_changed = true;
                self.touch_session(session);
                self.session_ended(session);
            }
            Effect::Changed(dirty) => {
                self.views_changed = true;
                for seat in self.seats.values_mut() {
                    seat.pending.sessions.extend(&dirty.sessions);
                    seat.pending.windows.extend(&dirty.windows);
                    seat.pending.panes.extend(&dirty.panes);
                }
                // Another pane may be the active one.
                dirty.windows.iter().for_each(|window| self.name_window(*window));
            }
        }
    }

    /// The panes of `window` stand differently: the terminals that differ are resized.
    fn rearrange(&mut self, window: WindowId) {
        self.resize_terminals(window);
        // A command that ended the zoom ended it for who governs the window, too; others' zooms are their own.
        let zoomed = self.state.windows.get(&window).and_then(|window| window.zoomed);
        if zoomed.is_none()
            && let Some(seat) = self.governors.get(&window).and_then(|governor| self.seats.get_mut(governor))
            && seat.view.window == window
            && seat.view.zoom.take().is_some()
        {
            self.views_changed = true;
        }
        self.touch_window(window);
    }

    /// Brings everything up to date after a turn: see the module's head.
    pub(super) fn settle(&mut self) {
        for (pane, refusal) in std::mem::take(&mut self.failed) {
            self.start_failed(pane, refusal);
        }
        if std::mem::take(&mut self.renumber_due) {
            let sessions: Vec<SessionId> = self.state.sessions.keys().copied().collect();
            sessions.into_iter().for_each(|session| self.apply_late(Command::RenumberWindows { session }));
        }
        self.settle_views();
        self.settle_sizes();
        self.settle_current();
        self.check_empty();
        self.settle_control();
        self.watch_journal();
        self.commit();
        for waiting in std::mem::take(&mut self.after_commit) {
            match waiting {
                AfterCommit::Reply(asker, reply) => {
                    let change = matches!(reply, Reply::Done(_));
                    asker.reply(reply);
                    if change {
                        faults::point("answered");
                    }
                }
                AfterCommit::Tell(message) => {
                    let point = if matches!(*message, Message::Spawn(_)) { "spawn-sent" } else { "signalled" };
                    self.keeper.send(*message);
                    faults::point(point);
                }
                AfterCommit::Send(outbox, message) => outbox.send(&message),
                AfterCommit::Forget(pane) => {
                    faults::point("forget");
                    self.keeper.send(Message::Forget { pane });
                }
            }
        }
        self.push_model();
        self.settle_watches();
    }

    /// Answers once the state is committed.
    pub(super) fn reply(&mut self, asker: Asker, reply: Reply) {
        if let Reply::Done(made) = &reply
            && is_repeatable(asker.id)
        {
            self.remember_answer(asker.id, made.clone());
        }
        self.after_commit.push(AfterCommit::Reply(asker, reply));
    }

    /// Keeps the answer to a change, for whoever asks for the same change again.
    pub(super) fn remember_answer(&mut self, request: u64, made: Made) {
        if self.answered.iter().any(|answered| answered.request == request) {
            return;
        }
        if self.answered.len() >= ANSWERED_MAX {
            self.answered.pop_front();
        }
        self.answered.push_back(Answered { request, made });
        self.commit_needed = true;
    }

    pub(super) fn refuse(&mut self, asker: Asker, refusal: Refusal) {
        self.reply(asker, Reply::Refused(refusal));
    }

    /// With the last session the server ends, unless it was told to stay.
    fn check_empty(&mut self) {
        self.had_session |= !self.state.sessions.is_empty();
        if self.had_session && self.options.exit_empty && self.state.sessions.is_empty() && self.dying.is_empty() && self.ending.is_none() {
            tracing::info!("the last session is gone");
            self.end_everything();
        }
    }

    /// Writes the state down if something in it must survive.
    pub(super) fn commit(&mut self) {
        if !std::mem::take(&mut self.commit_needed) {
            return;
        }
        faults::point("commit");
        let stored = Stored {
            state: self.state.to_bytes().into(),
            roster: self.roster.clone(),
            seats: self.seats.iter().map(|(id, seat)| seat.stored(*id)).collect::<Vec<StoredSeat>>(),
            pane_tokens: self.pane_tokens.iter().map(|(pane, hash)| PaneToken { pane: *pane, hash: hash.to_vec().into() }).collect(),
            activity: self.activity.iter().map(|(session, at_ms)| SessionActivity { session: *session, at_ms: *at_ms }).collect(),
            governors: self.governors.iter().map(|(window, attachment)| Governor { window: *window, attachment: *attachment }).collect(),
            answered: Some(self.answered.iter().cloned().collect()),
            doing: Some(self.under_way()),
            controls: Some(self.controls.stored()),
            minted: Some(self.minted.iter().map(Minted::stored).collect()),
            pane_users: Some(self.pane_users.iter().map(|(pane, operator)| PaneUser { pane: *pane, operator: *operator }).collect()),
        };
        let mut bytes = Vec::new();
        if let Err(error) = minicbor::encode(&stored, &mut bytes) {
            tracing::error!(%error, "the state cannot be written down");
            return;
        }
        if let Err(error) = self.slots.commit(&bytes) {
            // Panes and input go on; what is lost is what a crash before the next success would forget.
            tracing::error!(%error, bytes = bytes.len(), "the state cannot be kept");
            self.warn_once(format!("the state cannot be kept: {error}"));
        }
        faults::point("committed");
    }

    /// Adds a warning that `status` shows.
    pub(super) fn warn_once(&mut self, warning: String) {
        if !self.warnings.contains(&warning) && self.warnings.len() < 32 {
            self.warnings.push(warning);
        }
    }

    /// When something must be done though nothing happens; `None`: nothing.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let graces = self.seats.values().filter_map(|seat| seat.gone_at);
        let ends = self.minted.iter().filter_map(|minted| minted.until);
        let graces = graces.chain(ends).chain(self.attest_at).chain(self.controls.deadline());
        graces.chain(self.looks_due.values().copied()).chain(self.dying.values().map(|dying| dying.deadline)).min()
    }

    /// Does what is due.
    pub(super) fn on_deadline(&mut self) {
        let now = Instant::now();
        self.expire_seats(now);
        self.control_due(now);
        self.expire_minted(now);
        self.look_at_due(now);
        self.press_dying(now);
        self.attest(now);
    }
}
