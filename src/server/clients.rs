//! Connections and attachments: hello, attach, resume, detach, loss.
//!
//! A [`Client`] is a connection; a [`Seat`] is an attachment, which may be without a connection for its grace time and be taken up again with its
//! resume token, over another connection or another transport, in this server or its successor. The token is a secret of 256 bits of which only the
//! hash is kept. A resume gives a new one; the old one stays good until the client has shown that it has the new one by saying anything, so that a
//! connection lost at that moment costs nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::event::{Asker, ConnectionId, Wire};
use super::identity::{Found, PeerProcess, ProcessName};
use super::lifecycle::Then;
use super::owner::{AfterCommit, Server, Upgrader, now_ms, refusal};
use super::secret::{self, Hash};
use super::stored::StoredSeat;
use super::sync::Pending;
use crate::geometry::Size;
use crate::ids::{AttachmentId, OperatorId, PaneId, SessionId, WindowId};
use crate::operator::{Assurance, Forged, Kind, Presence, Rights, Role, Transport};
use crate::protocol::limits::{NAME_MAX_BYTES, RESUME_GRACE_MS, SCREEN_CELLS_MAX, SCREEN_SIDE_MAX};
use crate::protocol::message::{
    Attach, Attached, ClientKind, ClientMessage, Detached, Hello, ListedSession, NewSession, Refusal, ServerMessage, View, Welcome,
};
use crate::protocol::version::agree;

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) wire: Wire,
    /// The process at its other end; let go once it has said hello.
    pub(super) peer: Option<PeerProcess>,
    /// What it said of itself, once it did.
    pub(super) greeting: Option<Greeting>,
    pub(super) attachment: Option<AttachmentId>,
}

/// What a client said of itself, checked.
#[derive(Debug, Clone)]
pub(super) struct Greeting {
    pub(super) operator: OperatorId,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) transport: Transport,
    pub(super) origin: String,
    /// The pane it runs in, as far as that is known.
    pub(super) origin_pane: Option<PaneId>,
    /// The pane that its targets start from: what it says (`BATON_PANE`), which gives no rights.
    pub(super) context_pane: Option<PaneId>,
    pub(super) on_behalf_of: Option<OperatorId>,
    pub(super) assurance: Assurance,
    /// The most it may, whatever the policy says.
    pub(super) cap: Rights,
    /// The highest role that it may have.
    pub(super) role: Role,
    /// Its user.
    pub(super) uid: u32,
    /// The minted identity that it has.
    pub(super) minted: Option<OperatorId>,
    /// Its process.
    pub(super) process: Option<ProcessName>,
    /// Why it is taken for that, for people.
    pub(super) because: String,
    pub(super) input_stream: u64,
    /// The attachment that its token belongs to.
    pub(super) resumes: Option<AttachmentId>,
}

/// An attachment, beside what the roster says of it.
#[derive(Debug)]
pub(super) struct Seat {
    /// Its connection; none while it is stale.
    pub(super) connection: Option<ConnectionId>,
    pub(super) operator: OperatorId,
    pub(super) role: Role,
    pub(super) input_stream: u64,
    pub(super) token: Hash,
    pub(super) previous_token: Option<Hash>,
    pub(super) viewport: Size,
    pub(super) view: View,
    /// Panes whose frames it gets.
    pub(super) watching: BTreeSet<PaneId>,
    /// Model entities that it has not been told of in their present state.
    pub(super) pending: Pending,
    /// When it typed or resized last, by [`Server::stamp`].
    pub(super) governed_at: u64,
    /// When its grace is over; none while it is connected.
    pub(super) gone_at: Option<Instant>,
    /// When its last input was last shown in the roster.
    pub(super) shown_input_ms: u64,
}

impl Seat {
    pub(super) fn stored(&self, attachment: AttachmentId) -> StoredSeat {
        StoredSeat {
            attachment,
            input_stream: self.input_stream,
            token: self.token.to_vec().into(),
            previous_token: self.previous_token.map(|hash| hash.to_vec().into()),
            viewport: self.viewport,
            view: self.view.clone(),
        }
    }

    /// The seat as a successor finds it: stale.
    pub(super) fn restored(stored: &StoredSeat, operator: OperatorId, role: Role) -> Option<Self> {
        Some(Self {
            connection: None,
            operator,
            role,
            input_stream: stored.input_stream,
            token: Hash::try_from(stored.token.as_slice()).ok()?,
            previous_token: stored.previous_token.as_ref().and_then(|hash| Hash::try_from(hash.as_slice()).ok()),
            viewport: stored.viewport,
            view: stored.view.clone(),
            watching: BTreeSet::new(),
            pending: Pending::default(),
            governed_at: 0,
            gone_at: Some(grace_end()),
            shown_input_ms: 0,
        })
    }
}

fn grace_end() -> Instant {
    Instant::now() + Duration::from_millis(RESUME_GRACE_MS)
}

/// A viewport that can be a window: at least one cell, no more cells, columns and rows than a screen may have.
pub(super) fn sane_viewport(size: Size) -> Size {
    let size = size.at_least_one();
    let cols = size.cols.min(SCREEN_SIDE_MAX);
    let rows = (SCREEN_CELLS_MAX / u32::from(cols)).clamp(1, u32::from(SCREEN_SIDE_MAX));
    Size::new(cols, size.rows.min(u16::try_from(rows).unwrap_or(SCREEN_SIDE_MAX)))
}

impl Server {
    pub(super) fn on_connected(&mut self, connection: ConnectionId, wire: Wire, peer: PeerProcess) {
        self.clients.insert(connection, Client { wire, peer: Some(peer), greeting: None, attachment: None });
    }

    /// T2: the connection is gone; its attachment may come back.
    pub(super) fn on_closed(&mut self, connection: ConnectionId) {
        let Some(client) = self.clients.remove(&connection) else { return };
        self.forget_waits(connection);
        let Some(attachment) = client.attachment else {
            if let Some(greeting) = client.greeting {
                self.operator_called(greeting.operator);
            }
            return;
        };
        let Some(seat) = self.seats.get_mut(&attachment) else { return };
        if seat.connection != Some(connection) {
            return;
        }
        seat.connection = None;
        seat.gone_at = Some(grace_end());
        let (window, operator) = (seat.view.window, seat.operator);
        for pane in std::mem::take(&mut seat.watching) {
            self.workers.unwatch(pane, attachment);
        }
        tracing::info!(%attachment, "connection lost");
        self.roster.set_presence(attachment, Presence::Stale);
        self.flush_sums_of(attachment);
        self.note_stale(attachment);
        self.roster_changed = true;
        self.sizes_due.insert(window);
        self.commit_needed = true;
        self.operator_silent(operator, Some(attachment));
    }

    pub(super) fn on_message(&mut self, connection: ConnectionId, message: ClientMessage, permit: Option<OwnedSemaphorePermit>) {
        let Some(client) = self.clients.get(&connection) else { return };
        let greeted = client.greeting.is_some();
        if let Some(attachment) = client.attachment
            && let Some(seat) = self.seats.get_mut(&attachment)
            && seat.previous_token.take().is_some()
        {
            // It says something, so it has the new token.
            self.commit_needed = true;
        }
        match message {
            ClientMessage::Hello(hello) if !greeted => self.hello(connection, hello),
            ClientMessage::Hello(_) => self.hang_up(connection, refusal("bad_request", "a second hello")),
            ClientMessage::List => self.frozen_list(connection),
            ClientMessage::Kill => self.frozen_kill(connection),
            ClientMessage::Upgrade(binary) => self.frozen_upgrade(connection, &binary),
            _ if !greeted => self.hang_up(connection, refusal("bad_request", "the first message must be a hello")),
            ClientMessage::Attach(attach) => self.attach(connection, attach),
            ClientMessage::View(view) => self.set_view(connection, view),
            ClientMessage::Input(input) => self.input(connection, input),
            ClientMessage::FrameAck(ack) => {
                if let Some(attachment) = self.attachment_of(connection) {
                    self.workers.ack(ack.pane, attachment, ack.version);
                }
            }
            ClientMessage::Viewport(size) => self.set_viewport(connection, size),
            ClientMessage::Active => self.active(connection),
            ClientMessage::Request(request) => {
                let Some(client) = self.clients.get(&connection) else { return };
                let asker = Asker { connection, outbox: client.wire.outbox.clone(), id: request.id, permit };
                self.request(asker, request.request);
            }
            ClientMessage::Ping(nonce) => self.send_to(connection, &ServerMessage::Pong(nonce)),
            ClientMessage::Detach => match self.attachment_of(connection) {
                Some(attachment) => self.detach(attachment, "detached"),
                None => self.close(connection),
            },
        }
    }

    pub(super) fn attachment_of(&self, connection: ConnectionId) -> Option<AttachmentId> {
        self.clients.get(&connection)?.attachment
    }

    pub(super) fn send_to(&self, connection: ConnectionId, message: &ServerMessage) {
        if let Some(client) = self.clients.get(&connection) {
            client.wire.outbox.send(message);
        }
    }

    /// Ends a connection with the reason.
    pub(super) fn hang_up(&mut self, connection: ConnectionId, refusal: Refusal) {
        tracing::info!(connection = connection.0, code = %refusal.code, reason = %refusal.message, "connection refused");
        self.send_to(connection, &ServerMessage::Error(refusal));
        self.close(connection);
    }

    /// Ends a connection once it has what was sent.
    pub(super) fn close(&mut self, connection: ConnectionId) {
        if let Some(client) = self.clients.get(&connection) {
            client.wire.close.notify_one();
        }
    }

    fn hello(&mut self, connection: ConnectionId, hello: Hello) {
        let Some(protocol) = agree(hello.protocol_min, hello.protocol_max) else {
            let message = format!(
                "this server (release {}) speaks protocol {}, the client (release {}) {} to {}",
                env!("CARGO_PKG_VERSION"),
                crate::protocol::version::PROTOCOL,
                clean(&hello.version),
                hello.protocol_min,
                hello.protocol_max
            );
            let hint = Some("run `baton upgrade` with the newer of the two".to_owned());
            return self.hang_up(connection, Refusal { hint, ..refusal("version", message) });
        };
        let Some(peer) = self.clients.get_mut(&connection).and_then(|client| client.peer.take()) else { return };
        let found = match self.find_out(&peer, &hello) {
            Ok(found) => found,
            Err(forged) => {
                self.note_refused(None, &forged.to_string());
                return self.hang_up(connection, refusal(forged_code(&forged), forged.to_string()));
            }
        };
        let uid = peer.peer.uid;
        drop(peer);
        let Found { identity, cap, role, root, minted, because, doubts, process } = found;
        let remembered = self.remembered();
        self.roster.forget_absent(|operator| remembered.contains(&operator));
        let operator = self.roster.identified(&identity);
        for doubt in doubts {
            self.note_refused(Some(operator), &doubt);
        }
        // The secret of an attachment is good for its operator alone: nobody becomes the human by it.
        let presented = hello.resume.as_deref().and_then(|token| self.seat_by_token(token));
        let resumes = presented.filter(|attachment| self.seats.get(attachment).is_some_and(|seat| seat.operator == operator));
        if resumes.is_none()
            && let Some(attachment) = presented
        {
            self.note_refused(Some(operator), &format!("shows the resume token of attachment {attachment}, which is another operator's"));
        }
        let input_stream = match resumes.and_then(|attachment| self.seats.get(&attachment)) {
            Some(seat) => seat.input_stream,
            None => match secret::new_stream() {
                Ok(stream) => stream,
                Err(_) => return self.hang_up(connection, refusal("failed", "the system has no randomness to give")),
            },
        };
        let ssh = hello.ssh_origin.as_deref().map(clean).filter(|origin| !origin.is_empty());
        let (transport, origin) = match ssh {
            Some(origin) => (Transport::Ssh, origin),
            None => (Transport::Unix, hello.tty.as_deref().map(clean).unwrap_or_default()),
        };
        let on_behalf_of = self.roster.operator(operator).and_then(|operator| operator.on_behalf_of);
        if let Some(root) = root {
            self.present(root, operator);
        }
        let name = identity.name;
        let Some(client) = self.clients.get_mut(&connection) else { return };
        client.greeting = Some(Greeting {
            operator,
            kind: identity.kind,
            name: name.clone(),
            transport,
            origin,
            origin_pane: identity.origin_pane,
            context_pane: hello.origin_pane.or(identity.origin_pane),
            on_behalf_of,
            assurance: identity.assurance,
            cap,
            role,
            uid,
            minted,
            process,
            because,
            input_stream,
            resumes,
        });
        client.wire.outbox.send(&ServerMessage::Welcome(Welcome {
            protocol,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            server_pid: std::process::id(),
            keeper_pid: self.keeper_pid,
            server_epoch: self.about.epoch,
            operator,
            operator_name: name,
            input_stream,
            resumed: resumes.is_some(),
        }));
        // T25: an identity that was minted before the restart is shown again, by its process or its secret. Most agents only call commands, so this is when they
        // prove that they are the same.
        if self.minted.iter().any(|known| known.inherited && minted == Some(known.operator) && known.root == root) {
            self.operator_came(operator, None, true);
        }
    }

    fn seat_by_token(&self, token: &str) -> Option<AttachmentId> {
        let hash = secret::hash(token.as_bytes());
        let is_its =
            |seat: &Seat| secret::equal(&seat.token, &hash) || seat.previous_token.is_some_and(|previous| secret::equal(&previous, &hash));
        self.seats.iter().find(|(_, seat)| is_its(seat)).map(|(attachment, _)| *attachment)
    }

    fn frozen_list(&mut self, connection: ConnectionId) {
        let list = self.state.sessions.values().map(|session| ListedSession {
            name: session.name.clone(),
            windows: u32::try_from(session.winlinks.len()).unwrap_or(u32::MAX),
            attached: self.attached_to(session.id),
            created_ms: session.created_ms,
        });
        self.send_to(connection, &ServerMessage::List(list.collect()));
    }

    /// Whether the process at the other end may end or replace this server by the messages that need no hello: who it is is found out all the same. Agents
    /// and devices may not, nor who is not who it says; the connection is ended.
    fn may_rule(&mut self, connection: ConnectionId) -> bool {
        let Some(client) = self.clients.get(&connection) else { return false };
        let kind = match (&client.greeting, &client.peer) {
            (Some(greeting), _) => Ok(greeting.kind),
            (None, Some(peer)) => self.find_out(peer, &SAYS_NOTHING).map(|found| found.identity.kind),
            (None, None) => return false,
        };
        let why = match kind {
            Ok(Kind::Human | Kind::Service) => return true,
            Ok(kind @ (Kind::Agent | Kind::Device)) => format!("no {kind} ends or replaces the server"),
            Err(forged) => forged.to_string(),
        };
        self.note_refused(None, &why);
        self.hang_up(connection, refusal("not_permitted", why));
        false
    }

    fn frozen_kill(&mut self, connection: ConnectionId) {
        if !self.may_rule(connection) {
            return;
        }
        self.send_to(connection, &ServerMessage::Ok);
        self.end_everything();
    }

    fn frozen_upgrade(&mut self, connection: ConnectionId, binary: &str) {
        if !self.may_rule(connection) {
            return;
        }
        let Some(client) = self.clients.get(&connection) else { return };
        let upgrader = Upgrader::Frozen(client.wire.outbox.clone());
        self.upgrade(binary, upgrader);
    }

    /// How many connected attachments look at `session`.
    pub(super) fn attached_to(&self, session: SessionId) -> u32 {
        let count = self.seats.values().filter(|seat| seat.connection.is_some() && seat.view.session == session).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// T1, or T2 with a resumed attachment.
    fn attach(&mut self, connection: ConnectionId, attach: Attach) {
        let Some(client) = self.clients.get(&connection) else { return };
        let Some(greeting) = client.greeting.clone() else { return };
        if client.attachment.is_some() {
            return self.hang_up(connection, refusal("bad_request", "this connection is attached already"));
        }
        if let Some(attachment) = greeting.resumes.filter(|attachment| self.seats.contains_key(attachment)) {
            return self.resume(connection, attachment, &greeting, &attach);
        }
        let target = attach.target.clone();
        let found = match (&target, &attach.create) {
            (Some(target), _) => self.find_session_view(target, greeting.context_pane),
            (None, Some(NewSession { name: Some(name), .. })) => {
                Ok(self.state.session_named(name).map(|session| session.id).and_then(|id| self.view_of(id)))
            }
            (None, Some(_)) if attach.create_only => Ok(None),
            (None, _) => Ok(self.newest_session().and_then(|session| self.view_of(session))),
        };
        match (found, attach.create.clone()) {
            (Ok(Some(view)), Some(_)) if attach.create_only => {
                let name = self.state.sessions.get(&view.session).map_or_else(String::new, |session| session.name.clone());
                let hint = Some(format!("`baton attach -t {name}` attaches to it"));
                self.hang_up(connection, Refusal { hint, ..refusal("exists", format!("session `{name}` exists already")) });
            }
            (Ok(Some(view)), _) => self.take_seat(connection, &attach, view),
            (Ok(None) | Err(_), Some(mut create)) => {
                create.name = create.name.or(target);
                let size = Some(sane_viewport(attach.viewport));
                let environment = attach.environment.clone();
                let then = Then::Attach(connection, Box::new(attach));
                let create = NewSession { size, ..create };
                if let Err(error) = self.new_session(create, &environment, greeting.name, then) {
                    self.hang_up(connection, error);
                }
            }
            (Ok(None), None) => {
                let hint = Some("`baton new` makes one".to_owned());
                self.hang_up(connection, Refusal { hint, ..refusal("no_such_target", "there are no sessions") });
            }
            (Err(error), None) => self.hang_up(connection, error),
        }
    }

    /// The session that was used last.
    pub(super) fn newest_session(&self) -> Option<SessionId> {
        let used = |session: &SessionId| self.activity.get(session).copied().unwrap_or(0);
        self.state.sessions.values().max_by_key(|session| (used(&session.id), session.created_ms, session.id)).map(|session| session.id)
    }

    /// What a new viewer of `session` sees.
    pub(super) fn view_of(&self, session: SessionId) -> Option<View> {
        let window = self.state.sessions.get(&session)?.current_window()?;
        self.view_of_window(session, window)
    }

    pub(super) fn view_of_window(&self, session: SessionId, window: WindowId) -> Option<View> {
        let here = self.state.windows.get(&window)?;
        Some(View { session, window, focus: here.active, zoom: here.zoomed, also: Vec::new() })
    }

    /// A new attachment with `view`.
    pub(super) fn take_seat(&mut self, connection: ConnectionId, attach: &Attach, view: View) {
        let Some(greeting) = self.clients.get(&connection).and_then(|client| client.greeting.clone()) else { return };
        let Ok((token, hash)) = secret::new() else {
            return self.hang_up(connection, refusal("failed", "the system has no randomness to give"));
        };
        if attach.detach_others {
            let others: Vec<AttachmentId> =
                self.seats.iter().filter(|(_, seat)| seat.view.session == view.session).map(|(attachment, _)| *attachment).collect();
            for other in others {
                self.detach(other, "replaced");
            }
        }
        let role = if attach.read_only { Role::Observer } else { greeting.role };
        let now = now_ms();
        let attachment = self.roster.attach(greeting.operator, greeting.transport, greeting.origin, role, now);
        if role != Role::Observer {
            self.update_environment(view.session, &attach.environment);
        }
        self.activity.insert(view.session, now);
        let seat = Seat {
            connection: Some(connection),
            operator: greeting.operator,
            role,
            input_stream: greeting.input_stream,
            token: hash,
            previous_token: None,
            viewport: sane_viewport(attach.viewport),
            view,
            watching: BTreeSet::new(),
            pending: Pending::default(),
            governed_at: 0,
            gone_at: None,
            shown_input_ms: 0,
        };
        tracing::info!(%attachment, operator = %greeting.operator, session = %seat.view.session, ?role, "attached");
        self.seats.insert(attachment, seat);
        self.note_attached(attachment);
        self.seated(connection, attachment, token, false);
    }

    /// T2: an attachment goes on over this connection.
    fn resume(&mut self, connection: ConnectionId, attachment: AttachmentId, greeting: &Greeting, attach: &Attach) {
        let Ok((token, hash)) = secret::new() else {
            return self.hang_up(connection, refusal("failed", "the system has no randomness to give"));
        };
        let view = attach.view.clone().filter(|view| self.state.sessions.contains_key(&view.session));
        let Some(seat) = self.seats.get_mut(&attachment) else { return };
        if let Some(view) = view {
            seat.view = view;
        }
        let replaced = seat.connection.replace(connection);
        seat.previous_token = Some(std::mem::replace(&mut seat.token, hash));
        seat.viewport = sane_viewport(attach.viewport);
        seat.gone_at = None;
        seat.pending = Pending::default();
        for pane in std::mem::take(&mut seat.watching) {
            self.workers.unwatch(pane, attachment);
        }
        if let Some(replaced) = replaced.filter(|replaced| *replaced != connection) {
            if let Some(client) = self.clients.get_mut(&replaced) {
                client.attachment = None;
                client.wire.outbox.send(&ServerMessage::Detached(Detached { reason: "replaced".to_owned(), session: None }));
            }
            self.close(replaced);
        }
        tracing::info!(%attachment, "resumed");
        self.note_resumed(attachment, greeting.transport);
        self.roster.moved(attachment, greeting.transport, greeting.origin.clone());
        self.seated(connection, attachment, token, true);
    }

    /// What a new and a resumed attachment have in common: it is live, is told where it is, and will be told of everything.
    fn seated(&mut self, connection: ConnectionId, attachment: AttachmentId, resume: String, proven: bool) {
        self.roster.set_presence(attachment, Presence::Live);
        self.roster_changed = true;
        self.commit_needed = true;
        if let Some(client) = self.clients.get_mut(&connection) {
            client.attachment = Some(attachment);
        }
        if let Some(operator) = self.seats.get(&attachment).map(|seat| seat.operator) {
            self.operator_came(operator, Some(attachment), proven);
        }
        // A view may name what has gone since; it is put right before it is told.
        self.views_changed = true;
        self.correct_view(attachment);
        self.everything_pending(attachment);
        let (Some(seat), Some(client)) = (self.seats.get(&attachment), self.clients.get(&connection)) else { return };
        self.sizes_due.insert(seat.view.window);
        let input_applied = self.gate.applied(seat.input_stream);
        let role = super::convert::role(seat.role);
        let attached = Attached { attachment, view: seat.view.clone(), resume, role, input_applied };
        self.after_commit.push(AfterCommit::Send(client.wire.outbox.clone(), Box::new(ServerMessage::Attached(attached))));
    }

    /// T3: an attachment ends, for a reason that its client is told.
    pub(super) fn detach(&mut self, attachment: AttachmentId, reason: &str) {
        let Some(seat) = self.seats.remove(&attachment) else { return };
        self.flush_sums_of(attachment);
        self.note_detached(attachment, reason);
        self.roster.detach(attachment);
        self.operator_left(seat.operator, Some(attachment), reason == "lost");
        self.roster_changed = true;
        self.commit_needed = true;
        self.touch_session(seat.view.session);
        self.sizes_due.insert(seat.view.window);
        for pane in &seat.watching {
            self.workers.unwatch(*pane, attachment);
        }
        tracing::info!(%attachment, reason, "detached");
        if let Some(connection) = seat.connection
            && let Some(client) = self.clients.get_mut(&connection)
        {
            client.attachment = None;
            let session = self.state.sessions.get(&seat.view.session).map(|session| session.name.clone());
            let detached = ServerMessage::Detached(Detached { reason: reason.to_owned(), session });
            client.wire.outbox.send(&detached);
            client.wire.close.notify_one();
        }
    }

    /// The viewers of a session that ended have nothing to look at, unless they go on to another one (`session-end = "switch"`).
    pub(super) fn session_ended(&mut self, session: SessionId) {
        let viewers: Vec<AttachmentId> =
            self.seats.iter().filter(|(_, seat)| seat.view.session == session).map(|(attachment, _)| *attachment).collect();
        let next = if self.options.switch_at_end { self.newest_session().and_then(|session| self.view_of(session)) } else { None };
        for viewer in viewers {
            match (&next, self.seats.get_mut(&viewer)) {
                (Some(next), Some(seat)) => {
                    seat.view = next.clone();
                    self.sizes_due.insert(next.window);
                    self.roster_changed = true;
                    self.touch_session(next.session);
                }
                _ => self.detach(viewer, "session_ended"),
            }
        }
    }

    /// T4: those whose grace is over are gone.
    pub(super) fn expire_seats(&mut self, now: Instant) {
        let over = |seat: &Seat| seat.gone_at.is_some_and(|gone_at| gone_at <= now);
        let gone: Vec<AttachmentId> = self.seats.iter().filter(|(_, seat)| over(seat)).map(|(attachment, _)| *attachment).collect();
        for attachment in gone {
            self.detach(attachment, "lost");
        }
    }
}

/// The word for a refused identity.
/// What a client says of itself that says nothing: only what the kernel knows of it counts.
const SAYS_NOTHING: Hello = Hello {
    protocol_min: 0,
    protocol_max: 0,
    version: String::new(),
    kind: ClientKind::Command,
    pid: 0,
    origin_pane: None,
    token: None,
    name: None,
    tty: None,
    ssh_origin: None,
    resume: None,
};

const fn forged_code(forged: &Forged) -> &'static str {
    match forged {
        Forged::BadToken | Forged::ForeignToken { .. } => "bad_token",
        Forged::Stranger { .. } | Forged::HumanInside { .. } | Forged::Raised { .. } | Forged::OtherHuman { .. } => "not_permitted",
    }
}

/// A name or place as a client gave it, fit to be shown to others: no control or format characters, bounded.
pub(super) fn clean(text: &str) -> String {
    let mut clean: String = text.chars().filter(|c| !c.is_control() && !is_format(*c)).collect();
    let mut end = clean.len().min(NAME_MAX_BYTES);
    while !clean.is_char_boundary(end) {
        end -= 1;
    }
    clean.truncate(end);
    clean.trim().to_owned()
}

/// Characters that reorder or hide others.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_to_be_shown() {
        assert_eq!(clean(" ann\u{1b}[31m\u{202e}x "), "ann[31mx");
        assert_eq!(clean(&"é".repeat(300)).len(), 256);
    }

    #[test]
    fn viewports_are_bounded() {
        assert_eq!(sane_viewport(Size::new(0, 0)), Size::new(1, 1));
        assert_eq!(sane_viewport(Size::new(80, 24)), Size::new(80, 24));
        let huge = sane_viewport(Size::new(u16::MAX, u16::MAX));
        assert!(u32::from(huge.cols) * u32::from(huge.rows) <= SCREEN_CELLS_MAX);
        for (cols, rows) in [(u16::MAX, 1), (1, u16::MAX)] {
            let long = sane_viewport(Size::new(cols, rows));
            assert_eq!(long.cols.max(long.rows), SCREEN_SIDE_MAX);
        }
    }
}
