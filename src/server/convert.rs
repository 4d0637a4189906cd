//! Inner types to wire types, in this one place.

use super::owner::Server;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::operator;
use crate::protocol::message as m;
use crate::session::{Cause, ExitStatus, PaneStatus, Session, Tombstone};

pub(super) fn role(role: operator::Role) -> m::Role {
    match role {
        operator::Role::Observer => m::Role::Observer,
        operator::Role::Participant => m::Role::Participant,
        operator::Role::Admin => m::Role::Admin,
    }
}

pub(super) fn kind(kind: operator::Kind) -> m::OperatorKind {
    match kind {
        operator::Kind::Human => m::OperatorKind::Human,
        operator::Kind::Agent => m::OperatorKind::Agent,
        operator::Kind::Device => m::OperatorKind::Device,
        operator::Kind::Service => m::OperatorKind::Service,
    }
}

pub(super) fn assurance(assurance: operator::Assurance) -> m::Assurance {
    match assurance {
        operator::Assurance::Claimed => m::Assurance::Claimed,
        operator::Assurance::Uid => m::Assurance::Uid,
        operator::Assurance::Token => m::Assurance::Token,
        operator::Assurance::Proven => m::Assurance::Proven,
    }
}

fn transport(transport: operator::Transport) -> m::Transport {
    match transport {
        operator::Transport::Unix => m::Transport::Unix,
        operator::Transport::Ssh => m::Transport::Ssh,
        operator::Transport::Web => m::Transport::Web,
    }
}

fn exit(status: ExitStatus) -> (Option<i32>, Option<i32>) {
    match status {
        ExitStatus::Code(code) => (Some(code), None),
        ExitStatus::Signal(signal) => (None, Some(signal)),
        ExitStatus::Unknown => (None, None),
    }
}

pub(super) fn tombstone(tombstone: &Tombstone) -> m::TombstoneInfo {
    let (exit_code, signal) = exit(tombstone.status);
    m::TombstoneInfo {
        pane: tombstone.pane,
        cause: match tombstone.cause {
            Cause::Exit => "exit",
            Cause::Killed => "killed",
            Cause::Lost => "lost",
        }
        .to_owned(),
        exit_code,
        signal,
        at_ms: tombstone.at_ms,
        title: tombstone.title.clone(),
        command: tombstone.command.clone(),
        last_screen: tombstone.last_screen.clone(),
    }
}

impl Server {
    pub(super) fn session_info(&self, session: SessionId) -> Option<m::SessionInfo> {
        let session = self.state.sessions.get(&session)?;
        let links = session.winlinks.iter().map(|(index, window)| m::WindowLink { index: *index, window: *window }).collect();
        let last = session.last.iter().rev().filter_map(|index| session.winlinks.get(index)).copied().collect();
        Some(m::SessionInfo {
            id: session.id,
            name: session.name.clone(),
            links,
            current: session.current_window()?,
            last,
            created_ms: session.created_ms,
            attached: self.attached_to(session.id),
            activity_ms: self.activity.get(&session.id).copied().unwrap_or(session.created_ms),
        })
    }

    pub(super) fn window_info(&self, window: WindowId) -> Option<m::WindowInfo> {
        let window = self.state.windows.get(&window)?;
        let area = window.layout_area(self.state.arrange);
        // Unzoomed: a client that has not zoomed draws all panes.
        let arrangement = window.layout.arrange(area);
        Some(m::WindowInfo {
            id: window.id,
            name: window.name.clone(),
            size: window.size,
            active: window.active,
            places: arrangement.panes.iter().map(|(pane, rect)| m::PanePlace { pane: *pane, rect: *rect }).collect(),
            dividers: arrangement.dividers.iter().map(|divider| m::DividerPlace { rect: divider.rect, axis: divider.axis }).collect(),
            zoomed: window.zoomed,
            bell: window.bell,
            activity: window.activity,
            layout: window.layout.dump(area.size()),
            titles: area.row > 0,
            last: window.last_panes.iter().rev().copied().collect(),
        })
    }

    pub(super) fn pane_info(&self, pane: PaneId) -> Option<m::PaneInfo> {
        let pane = self.state.panes.get(&pane)?;
        let entry = self.panes.get(&pane.id);
        let (exit_code, signal) = match pane.status {
            PaneStatus::Dead { status, .. } => exit(status),
            PaneStatus::Starting | PaneStatus::Running => (None, None),
        };
        let ended_ms = match pane.status {
            PaneStatus::Dead { at_ms, .. } => Some(at_ms),
            PaneStatus::Starting | PaneStatus::Running => None,
        };
        let size = entry.map(|entry| entry.size).or_else(|| self.state.pane_rects(pane.window)?.rect_of(pane.id).map(|rect| rect.size()));
        let named = pane.command.first().map(|program| program.split_whitespace().next().unwrap_or(program));
        let named = named.map(|program| program.rsplit('/').next().unwrap_or(program).to_owned());
        Some(m::PaneInfo {
            id: pane.id,
            incarnation: pane.incarnation,
            pid: pane.pid.unwrap_or(0),
            title: pane.title.clone(),
            command: entry.and_then(|entry| entry.command.clone()).or(named).unwrap_or_else(|| "shell".to_owned()),
            cwd: entry.and_then(|entry| entry.cwd.clone()).unwrap_or_else(|| pane.cwd.clone()),
            size: size.unwrap_or(self.options.default_size),
            dead: pane.is_dead(),
            exit_code,
            signal,
            history_lines: entry.map_or(0, |entry| entry.history_lines),
            note: entry.and_then(|entry| entry.note.clone()),
            started: pane.command.clone(),
            created_by: pane.created_by.clone(),
            window: pane.window,
            started_ms: pane.started_ms,
            ended_ms,
        })
    }

    pub(super) fn roster_infos(&self) -> Vec<m::OperatorInfo> {
        let attachment = |attachment: &operator::Attachment| {
            let seat = self.seats.get(&attachment.id);
            let view = seat.map(|seat| &seat.view);
            m::AttachmentInfo {
                id: attachment.id,
                transport: transport(attachment.transport),
                origin: attachment.origin.clone(),
                role: role(attachment.role),
                presence: match attachment.presence {
                    operator::Presence::Live => m::Presence::Live,
                    operator::Presence::Stale => m::Presence::Stale,
                },
                session: view.map(|view| view.session),
                window: view.map(|view| view.window),
                focus: view.map(|view| view.focus),
                viewport: seat.map(|seat| seat.viewport),
                since_ms: attachment.since_ms,
                last_input_ms: attachment.last_input_ms,
            }
        };
        let operators = self.roster.operators().map(|operator| m::OperatorInfo {
            id: operator.id,
            kind: kind(operator.kind),
            name: operator.name.clone(),
            attachments: self.roster.attachments_of(operator.id).map(attachment).collect(),
            on_behalf_of: operator.on_behalf_of,
            assurance: Some(assurance(operator.assurance)),
            origin_pane: operator.origin_pane,
            holds: Some(self.controls.holds(operator.id)).filter(|holds| !holds.is_empty()),
        });
        // Who plays a part in a pane's control is somebody to speak of, attached or not.
        operators.filter(|operator| !operator.attachments.is_empty() || self.controls.mentions(operator.id)).collect()
    }

    /// Everything that exists, nested. Ask for the foreground of panes first ([`Server::look_at_panes`]).
    pub(super) fn tree(&self) -> m::Tree {
        let window = |(index, window): (&u32, &WindowId)| {
            let info = self.window_info(*window)?;
            let panes = info.places.iter().filter_map(|place| self.pane_info(place.pane)).collect();
            Some(m::WindowTree { index: *index, info, panes })
        };
        let session = |session: &Session| {
            Some(m::SessionTree { info: self.session_info(session.id)?, windows: session.winlinks.iter().filter_map(window).collect() })
        };
        m::Tree { sessions: self.state.sessions.values().filter_map(session).collect() }
    }

    pub(super) fn status(&self) -> m::Status {
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        m::Status {
            server_pid: std::process::id(),
            keeper_pid: self.keeper_pid,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: crate::protocol::version::PROTOCOL,
            socket: self.about.paths.socket.to_string_lossy().into_owned(),
            sessions: count(self.state.sessions.len()),
            windows: count(self.state.windows.len()),
            panes: count(self.state.panes.len()),
            attachments: count(self.seats.len()),
            server_epoch: self.about.epoch,
            ready_ms: self.about.ready_ms,
            warnings: self.warnings.clone(),
            engine: "vt100".to_owned(),
            config: self.config_path.as_ref().map(|path| path.to_string_lossy().into_owned()),
        }
    }
}
