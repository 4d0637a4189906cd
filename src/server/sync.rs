//! What clients are told: their views and the model.
//!
//! **Views.** What a client looks at is its own; it tells us, and gets frames of exactly those panes (or of the zoomed one), and of up to
//! [`ALSO_MAX`] others for previews. Panes that appear in a viewed window are watched by themselves. A view that names what is gone is put right.
//!
//! **Model.** Sessions, windows and panes are entities that each client is told of once per change: a set of ids per client holds what it has not
//! been told of in its present state, and is emptied into its outbox when that is idle. However fast things change and however slow a client reads,
//! it is bounded by what exists, and the client gets the newest state only. The control of a pane is an entity, too; one that nobody ever said anything
//! about is not told. An id in the set that no longer exists is told as gone. The roster is one
//! entity more. [`ServerMessage::ModelEnd`] closes each batch.

use std::collections::BTreeSet;

use super::event::ConnectionId;
use super::owner::{Server, now_ms};
use crate::ids::{AttachmentId, PaneId, SessionId, WindowId};
use crate::operator::Role;
use crate::protocol::message::{ServerMessage, View};
use crate::session::{Command, Winlink};

/// Most panes outside its window that a client is shown.
const ALSO_MAX: usize = 4;
/// A last input that is this much newer than the one shown is worth a new roster, in milliseconds.
const SHOWN_INPUT_MS: u64 = 5_000;

/// What a client has not been told of in its present state.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) sessions: BTreeSet<SessionId>,
    pub(super) windows: BTreeSet<WindowId>,
    pub(super) panes: BTreeSet<PaneId>,
    pub(super) controls: BTreeSet<PaneId>,
    pub(super) roster: bool,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.windows.is_empty() && self.panes.is_empty() && self.controls.is_empty() && !self.roster
    }
}

impl Server {
    /// The client looks elsewhere.
    pub(super) fn set_view(&mut self, connection: ConnectionId, view: View) {
        let Some(attachment) = self.attachment_of(connection) else { return };
        let Some(seat) = self.seats.get_mut(&attachment) else { return };
        if seat.view == view {
            return;
        }
        let before = std::mem::replace(&mut seat.view, view);
        self.correct_view(attachment);
        let Some(view) = self.seats.get(&attachment).map(|seat| seat.view.clone()) else { return };
        if before.window != view.window || before.zoom != view.zoom {
            self.sizes_due.extend([before.window, view.window]);
        }
        if before.session != view.session {
            self.touch_session(before.session);
            self.touch_session(view.session);
            self.activity.insert(view.session, now_ms());
        }
        self.clear_alerts(view.window);
        self.views_changed = true;
        self.roster_changed = true;
        self.moved.insert(attachment);
    }

    /// Where somebody went who takes part is where the next to attach begins, and what a target means that names only session or window. It moves
    /// nobody else. Comes after the sizes, which settle the zoom.
    pub(super) fn settle_current(&mut self) {
        for attachment in std::mem::take(&mut self.moved) {
            let Some(seat) = self.seats.get(&attachment).filter(|seat| seat.role != Role::Observer) else { continue };
            let View { session, window, focus, .. } = seat.view;
            if let Some(here) = self.state.sessions.get(&session)
                && here.current_window() != Some(window)
                && let Some((index, _)) = here.winlinks.iter().find(|(_, linked)| **linked == window)
            {
                self.apply_late(Command::SelectWindow { link: Winlink { session, index: *index } });
            }
            // A zoom that is another's stays.
            if self.state.windows.get(&window).is_some_and(|here| here.active != focus && here.zoomed.is_none_or(|zoomed| zoomed == focus))
            {
                self.apply_late(Command::SelectPane { pane: focus, keep_zoom: true });
            }
        }
    }

    /// Puts right what a view names and what is not, or no longer, there. Its session exists, or the attachment is about to be detached.
    pub(super) fn correct_view(&mut self, attachment: AttachmentId) {
        let Some(seat) = self.seats.get(&attachment) else { return };
        let view = &seat.view;
        let Some(session) = self.state.sessions.get(&view.session) else { return };
        let window = Some(view.window).filter(|window| session.winlinks.values().any(|linked| linked == window));
        let Some(window) = window.or_else(|| session.current_window()) else { return };
        let Some(here) = self.state.windows.get(&window) else { return };
        let focus = if here.layout.contains(view.focus) { view.focus } else { here.active };
        let zoom = view.zoom.filter(|zoom| here.layout.contains(*zoom) && here.layout.count() > 1);
        let mut also = view.also.clone();
        also.retain(|pane| self.state.panes.contains_key(pane));
        also.truncate(ALSO_MAX);
        let right = View { session: view.session, window, focus, zoom, also };
        if right == *view {
            return;
        }
        self.roster_changed = true;
        if window != view.window {
            self.sizes_due.insert(window);
        }
        if let Some(seat) = self.seats.get_mut(&attachment) {
            seat.view = right;
        }
    }

    /// After a turn in which views or what they show changed: views name what is there.
    pub(super) fn settle_views(&mut self) {
        if self.views_changed {
            for attachment in self.connected() {
                self.correct_view(attachment);
            }
        }
    }

    /// Afterwards, when clients have been told of the model: every connected one watches what it looks at, and nothing else. Frames come from other
    /// threads at once, and are of no use to a client that does not know the pane yet.
    pub(super) fn settle_watches(&mut self) {
        if std::mem::take(&mut self.views_changed) {
            for attachment in self.connected() {
                self.watch(attachment);
            }
        }
    }

    fn connected(&self) -> Vec<AttachmentId> {
        self.seats.iter().filter(|(_, seat)| seat.connection.is_some()).map(|(id, _)| *id).collect()
    }

    fn watch(&mut self, attachment: AttachmentId) {
        let Self { seats, clients, state, panes, workers, .. } = self;
        let Some(seat) = seats.get_mut(&attachment) else { return };
        let Some(client) = seat.connection.and_then(|connection| clients.get(&connection)) else { return };
        let mut wanted: BTreeSet<PaneId> = match (seat.view.zoom, state.windows.get(&seat.view.window)) {
            (Some(zoom), _) => [zoom].into(),
            (None, Some(window)) => window.panes().into_iter().collect(),
            (None, None) => BTreeSet::new(),
        };
        wanted.extend(&seat.view.also);
        // A pane that is being started is watched once it runs.
        wanted.retain(|pane| panes.contains_key(pane));
        for pane in seat.watching.difference(&wanted) {
            workers.unwatch(*pane, attachment);
        }
        for pane in wanted.difference(&seat.watching) {
            workers.watch(*pane, attachment, client.wire.outbox.clone());
        }
        seat.watching = wanted;
    }

    /// A pane began anew: whoever watched it must be given to its new worker.
    pub(super) fn rewatch(&mut self, pane: PaneId) {
        for seat in self.seats.values_mut() {
            seat.watching.remove(&pane);
        }
        self.views_changed = true;
    }

    /// The pane whose keys the client types.
    pub(super) fn clear_alerts(&mut self, window: WindowId) {
        if self.state.windows.get(&window).is_some_and(|window| window.bell || window.activity) {
            let _ = self.apply_quietly(Command::ClearAlerts { window });
        }
    }

    /// Whether a connected client looks at `window`.
    pub(super) fn is_viewed(&self, window: WindowId) -> bool {
        self.seats.values().any(|seat| seat.connection.is_some() && seat.view.window == window)
    }

    pub(super) fn touch_session(&mut self, session: SessionId) {
        self.seats.values_mut().for_each(|seat| _ = seat.pending.sessions.insert(session));
    }

    pub(super) fn touch_window(&mut self, window: WindowId) {
        self.seats.values_mut().for_each(|seat| _ = seat.pending.windows.insert(window));
    }

    pub(super) fn touch_pane(&mut self, pane: PaneId) {
        self.seats.values_mut().for_each(|seat| _ = seat.pending.panes.insert(pane));
    }

    /// A client must be told of everything.
    pub(super) fn everything_pending(&mut self, attachment: AttachmentId) {
        let Self { seats, state, controls, .. } = self;
        if let Some(seat) = seats.get_mut(&attachment) {
            seat.pending = Pending {
                sessions: state.sessions.keys().copied().collect(),
                windows: state.windows.keys().copied().collect(),
                panes: state.panes.keys().copied().collect(),
                controls: controls.spoken_of().collect(),
                roster: true,
            };
        }
        // Its own arrival changes how many look at the session.
        if let Some(session) = self.seats.get(&attachment).map(|seat| seat.view.session) {
            self.touch_session(session);
        }
    }

    /// An input was accepted: the roster shows when, but not each one.
    pub(super) fn show_input(&mut self, attachment: AttachmentId, now_ms: u64) {
        self.roster.typed(attachment, now_ms);
        if let Some(seat) = self.seats.get_mut(&attachment)
            && now_ms.saturating_sub(seat.shown_input_ms) >= SHOWN_INPUT_MS
        {
            seat.shown_input_ms = now_ms;
            self.roster_changed = true;
        }
    }

    /// Its outbox is empty again: what it missed follows.
    pub(super) fn on_idle(&mut self, connection: ConnectionId) {
        let Some(client) = self.clients.get(&connection) else { return };
        if !client.wire.outbox.overflowed() {
            return;
        }
        client.wire.outbox.resume();
        let Some(attachment) = client.attachment else { return };
        tracing::debug!(%attachment, "resynchronised after an overflow");
        self.everything_pending(attachment);
        if let Some(seat) = self.seats.get_mut(&attachment) {
            for pane in std::mem::take(&mut seat.watching) {
                self.workers.unwatch(pane, attachment);
            }
        }
        self.views_changed = true;
    }

    /// Sends every idle client what it has not been told.
    pub(super) fn push_model(&mut self) {
        if std::mem::take(&mut self.roster_changed) {
            self.seats.values_mut().for_each(|seat| seat.pending.roster = true);
        }
        let ready: Vec<AttachmentId> = self.seats.iter().filter(|(_, seat)| !seat.pending.is_empty()).map(|(id, _)| *id).collect();
        let mut roster = None;
        for attachment in ready {
            let Some(seat) = self.seats.get_mut(&attachment) else { continue };
            let Some(client) = seat.connection.and_then(|connection| self.clients.get(&connection)) else {
                // Nobody is there to be told; a resume begins with everything.
                seat.pending = Pending::default();
                continue;
            };
            let outbox = client.wire.outbox.clone();
            if !outbox.is_idle() || outbox.overflowed() {
                continue;
            }
            let pending = std::mem::take(&mut seat.pending);
            for session in pending.sessions {
                outbox.send(&self.session_info(session).map_or(ServerMessage::SessionGone(session), ServerMessage::Session));
            }
            for window in pending.windows {
                outbox.send(&self.window_info(window).map_or(ServerMessage::WindowGone(window), ServerMessage::Window));
            }
            for pane in pending.panes {
                outbox.send(&self.pane_info(pane).map_or(ServerMessage::PaneGone(pane), ServerMessage::Pane));
            }
            for pane in pending.controls {
                if self.state.panes.contains_key(&pane) {
                    outbox.send(&ServerMessage::Control(Box::new(self.control_info(pane))));
                }
            }
            if pending.roster {
                let roster = roster.get_or_insert_with(|| self.roster_infos());
                outbox.send(&ServerMessage::Roster(roster.clone()));
            }
            outbox.send(&ServerMessage::ModelEnd);
        }
    }
}
