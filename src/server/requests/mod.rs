//! Requests: what commands and clients ask for, each in the file of its noun.
//!
//! A request is asked about at the gate first ([`Server::may`]), its target texts are resolved where the asker is, and then it becomes a command on
//! the state, a question to a pane's worker, or an answer at once. Every request gets exactly one reply; one that changed something gets it after
//! the change was committed.

mod admin;
mod arrange;
mod control;
mod ends;
mod identity;
mod layouts;
mod make;
mod text;

pub(super) use text::{Answer, Sent};

use super::event::{Asker, ConnectionId};
use super::owner::{Server, refusal};
use crate::ids::{PaneId, SessionId};
use crate::operator::Verb;
use crate::protocol::message::{Made, Refusal, Reply, Request, View};
use crate::session::{Command, CommandError, Context, Outcome, Place, Target, TargetError, Winlink};

/// The outcome of handling that can be told at once.
type Handled = Result<Reply, Refusal>;

impl From<TargetError> for Refusal {
    fn from(error: TargetError) -> Self {
        let code = match error {
            TargetError::Ambiguous { .. } => "ambiguous_target",
            TargetError::NotFound { .. } | TargetError::NoSuchToken(_) | TargetError::NoSessions => "no_such_target",
        };
        refusal(code, error.to_string())
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        let code = match error {
            CommandError::NoSession(_) | CommandError::NoWindow(_) | CommandError::NoPane(_) | CommandError::NoIndex(_) => "no_such_target",
            CommandError::DuplicateSession(_) | CommandError::IndexInUse(_) => "exists",
            CommandError::Split(_) => "no_space",
            _ => "bad_request",
        };
        refusal(code, error.to_string())
    }
}

pub(super) fn made(outcome: &Outcome) -> Made {
    Made { session: outcome.session, window: outcome.window, pane: outcome.pane, bytes: None }
}

fn done(outcome: &Outcome) -> Handled {
    Ok(Reply::Done(made(outcome)))
}

/// What a request is, to the gate.
fn verb(request: &Request) -> Verb {
    use Request as R;
    match request {
        R::Read { .. }
        | R::Tree
        | R::Status
        | R::Roster
        | R::SaveLayout { .. }
        | R::History { .. }
        | R::Search { .. }
        | R::GetBuffer { .. }
        | R::ListBuffers
        | R::Tombstones => Verb::View,
        R::NewSession(..) | R::NewWindow { .. } | R::Split { .. } | R::Respawn { .. } | R::LoadLayout { .. } => Verb::Spawn,
        R::Resize { .. }
        | R::SelectLayout { .. }
        | R::SwapPane { .. }
        | R::RotateWindow { .. }
        | R::BreakPane { .. }
        | R::JoinPane { .. }
        | R::MoveWindow { .. }
        | R::SwapWindow { .. }
        | R::LinkWindow { .. }
        | R::UnlinkWindow { .. } => Verb::Arrange,
        R::RenameSession { .. }
        | R::RenameWindow { .. }
        | R::RenamePane { .. }
        | R::SelectWindow { .. }
        | R::SelectPane { .. }
        | R::ClearHistory { .. }
        | R::SetBuffer { .. }
        | R::DeleteBuffer { .. }
        | R::RemainOnExit { .. }
        | R::Zoom { .. } => Verb::Change,
        // Whether these may be done is a question about the pane, and asked where it is known.
        R::Send { .. } | R::Signal { .. } | R::KillPane { .. } | R::KillWindow { .. } | R::KillSession { .. } => Verb::View,
        R::KillServer | R::Upgrade { .. } | R::ReloadConfig => Verb::Admin,
        R::Control { .. }
        | R::Approve { .. }
        | R::Journal(_)
        | R::Token(_)
        | R::RevokeToken { .. }
        | R::WhoAmI
        | R::AwaitControl { .. } => Verb::View,
        // Leaving is everybody's right; sending others away is looked at where it is done.
        R::Detach { .. } => Verb::View,
    }
}

impl Server {
    /// Handles one request.
    pub(super) fn request(&mut self, asker: Asker, request: Request) {
        let connection = asker.connection;
        if let Err(refused) = self.may(connection, verb(&request), None) {
            return self.refuse(asker, refused);
        }
        if let Err(refused) = self.may_reshape(connection, &request) {
            return self.refuse(asker, refused);
        }
        if let Some(before) = self.answered.iter().find(|answered| answered.request == asker.id) {
            let reply = Reply::Done(before.made.clone());
            return self.reply(asker, reply);
        }
        use Request as R;
        let handled: Handled = match request {
            // Those that answer later take the asker along.
            R::NewSession(new, environment) => return self.ask_new_session(asker, new, &environment),
            R::NewWindow { target, name, cwd, command, environment, after, background } => {
                let wish = make::Wish { cwd, command, environment };
                return self.ask_new_window(asker, target.as_deref(), name, wish, after, background);
            }
            R::Split { target, axis, before, full, share, cwd, command, environment, background } => {
                let wish = make::Wish { cwd, command, environment };
                return self.ask_split(asker, target.as_deref(), make::Beside { axis, before, full, share }, wish, background);
            }
            R::Respawn { target, command, kill } => return self.ask_respawn(asker, target.as_deref(), command, kill),
            R::Send { target, items, stream, expect_seq, epoch } => {
                return self.ask_send(asker, target.as_deref(), &items, text::Sent { stream, expect_seq, epoch });
            }
            R::Control { target, op } => return self.ask_control(asker, target.as_deref(), op),
            R::AwaitControl { target, after_epoch, mine, timeout_ms } => {
                return self.ask_await(asker, target.as_deref(), after_epoch, mine, timeout_ms);
            }
            R::Approve { target, proposal, digest, how, reason } => {
                self.approve(connection, target.as_deref(), proposal, digest.as_deref(), how, reason)
            }
            R::Read { target, lines, all, rows } => return self.ask_read(asker, target.as_deref(), lines, all, rows),
            R::History { pane, from, count } => return self.ask_history(asker, pane, from, count),
            R::Search { pane, pattern, literal, from, backward, limit } => {
                return self.ask_search(asker, pane, text::Wanted { pattern, literal, from, backward, limit });
            }
            R::ClearHistory { target } => return self.ask_clear_history(asker, target.as_deref()),
            R::LoadLayout { text, name } => self.load_layout(connection, &text, name),
            R::Upgrade { binary } => return self.upgrade(&binary, super::owner::Upgrader::Asker(asker)),
            R::KillServer => {
                if let Err(refused) = self.may_end(connection, self.state.panes.keys().copied().collect::<Vec<_>>()) {
                    return self.refuse(asker, refused);
                }
                self.reply(asker, Reply::Done(Made::default()));
                return self.end_everything();
            }
            R::KillPane { target, others } => self.kill_pane(connection, target.as_deref(), others),
            R::KillWindow { target, others } => self.kill_window(connection, target.as_deref(), others),
            R::KillSession { target, others } => self.kill_session(connection, target.as_deref(), others),
            R::RenameSession { target, name } => {
                self.session(connection, target.as_deref()).and_then(|session| self.command(Command::RenameSession { session, name }))
            }
            R::RenameWindow { target, name } => {
                self.window(connection, target.as_deref()).and_then(|at| self.command(Command::RenameWindow { window: at.window, name }))
            }
            R::RenamePane { target, title } => {
                self.pane(connection, target.as_deref()).and_then(|at| self.command(Command::SetPaneTitle { pane: at.pane, title }))
            }
            R::SelectWindow { target } => {
                self.window(connection, target.as_deref()).and_then(|at| self.command(Command::SelectWindow { link: link(&at) }))
            }
            R::SelectPane { target } => self
                .pane(connection, target.as_deref())
                .and_then(|at| self.command(Command::SelectPane { pane: at.pane, keep_zoom: false })),
            R::Resize { target, how } => self.resize(connection, target.as_deref(), how),
            R::Zoom { target, client } => self.zoom(connection, target.as_deref(), client),
            R::SelectLayout { target, how } => self.select_layout(connection, target.as_deref(), how),
            R::SwapPane { source, target } => self.swap_panes(connection, source.as_deref(), target.as_deref()),
            R::RotateWindow { target, down } => self
                .window(connection, target.as_deref())
                .and_then(|at| self.command(Command::RotatePanes { window: at.window, forward: down })),
            R::BreakPane { source, name, background } => self.break_pane(connection, source.as_deref(), name, background),
            R::JoinPane { source, target, axis, before, share } => {
                let beside = make::Beside { axis, before, full: false, share };
                self.join_pane(connection, source.as_deref(), target.as_deref(), beside)
            }
            R::MoveWindow { source, target, renumber } => self.move_window(connection, source.as_deref(), target.as_deref(), renumber),
            R::SwapWindow { source, target } => self.swap_windows(connection, source.as_deref(), target.as_deref()),
            R::LinkWindow { source, target } => self.link_window(connection, source.as_deref(), target.as_deref()),
            R::UnlinkWindow { target } => self
                .window(connection, target.as_deref())
                .and_then(|at| self.command(Command::UnlinkWindow { link: link(&at), kill: false })),
            R::RemainOnExit { target, keep } => self.remain_on_exit(connection, target.as_deref(), keep),
            R::Signal { target, signal } => self.signal(connection, target.as_deref(), &signal),
            R::Detach { target, others } => self.detach_request(connection, target.as_deref(), others),
            R::SaveLayout { target } => self.save_layout(connection, target.as_deref()),
            R::Tree => {
                self.look_at_panes();
                Ok(Reply::Tree(self.tree()))
            }
            R::Status => Ok(Reply::Status(self.status())),
            R::Roster => Ok(Reply::Roster(self.roster_infos())),
            R::Tombstones => Ok(Reply::Tombstones(self.state.tombstones.iter().map(super::convert::tombstone).collect())),
            R::SetBuffer { name, text } => self.set_buffer(name, text),
            R::GetBuffer { name } => {
                self.buffers.get(name.as_deref()).map(|text| Reply::Text(text.to_owned())).ok_or_else(|| no_buffer(name.as_deref()))
            }
            R::ListBuffers => Ok(Reply::Buffers(self.buffers.list())),
            R::DeleteBuffer { name } => {
                if self.buffers.delete(name.as_deref()) {
                    Ok(Reply::Done(Made::default()))
                } else {
                    Err(no_buffer(name.as_deref()))
                }
            }
            R::Journal(query) => return self.ask_journal(asker, query),
            R::Token(request) => self.mint(connection, &request),
            R::RevokeToken { operator } => self.revoke_token(connection, &operator),
            R::WhoAmI => self.who_am_i(connection),
            R::ReloadConfig => self.reload_config().map(|()| Reply::Done(Made::default())),
        };
        match handled {
            Ok(reply) => self.reply(asker, reply),
            Err(refused) => self.refuse(asker, refused),
        }
    }

    /// T23: whether the asker may do what changes the sizes of panes. People and their programs put windows in order as they like; an agent only where it was
    /// let in, since the size is the viewers'.
    fn may_reshape(&self, connection: ConnectionId, request: &Request) -> Result<(), Refusal> {
        use Request as R;
        let (verb, named): (Verb, &[&Option<String>]) = match request {
            R::Resize { target, .. } | R::SelectLayout { target, .. } | R::Zoom { target, .. } | R::RotateWindow { target, .. } => {
                (Verb::Resize, &[target])
            }
            R::SwapPane { source, target } | R::JoinPane { source, target, .. } => (Verb::Resize, &[source, target]),
            R::BreakPane { source, .. } => (Verb::Resize, &[source]),
            // What was said in a pane is evidence.
            R::ClearHistory { target } => (Verb::Signal, &[target]),
            _ => return Ok(()),
        };
        let Some(actor) = self.actor(connection).filter(|actor| !actor.kind.is_human()) else { return Ok(()) };
        let panes = named.iter().filter_map(|target| self.pane(connection, target.as_deref()).ok());
        panes.into_iter().try_for_each(|at| self.may_steer(&actor, verb, at.pane))
    }

    /// A command on the state whose outcome is the answer.
    fn command(&mut self, command: Command) -> Handled {
        done(&self.apply(command)?)
    }

    /// Where the asker is: what it looks at, or the pane it runs in.
    fn context(&self, connection: ConnectionId) -> Context {
        let base = Context { pane_base_index: self.options.pane_base_index, ..Context::default() };
        let Some(client) = self.clients.get(&connection) else { return base };
        if let Some(View { session, window, focus, .. }) =
            client.attachment.and_then(|attachment| self.seats.get(&attachment)).map(|seat| seat.view.clone())
        {
            return Context { session: Some(session), window: Some(window), pane: Some(focus), ..base };
        }
        self.context_of_pane(client.greeting.as_ref().and_then(|greeting| greeting.context_pane))
    }

    fn context_of_pane(&self, pane: Option<PaneId>) -> Context {
        let base = Context { session: self.newest_session(), pane_base_index: self.options.pane_base_index, ..Context::default() };
        let Some(pane) = pane.and_then(|pane| self.state.panes.get(&pane)) else { return base };
        let session =
            self.state.sessions_of(pane.window).max_by_key(|session| self.activity.get(&session.id).copied()).map(|session| session.id);
        Context { session, window: Some(pane.window), pane: Some(pane.id), ..base }
    }

    fn session(&self, connection: ConnectionId, target: Option<&str>) -> Result<SessionId, Refusal> {
        Ok(self.state.find_session(target.unwrap_or(""), &self.context(connection))?)
    }

    fn window(&self, connection: ConnectionId, target: Option<&str>) -> Result<Target, Refusal> {
        Ok(self.state.find_window(target.unwrap_or(""), &self.context(connection))?)
    }

    fn pane(&self, connection: ConnectionId, target: Option<&str>) -> Result<Target, Refusal> {
        Ok(self.state.find_pane(target.unwrap_or(""), &self.context(connection))?)
    }

    /// Where a window goes: a session alone means its lowest free index, as in tmux.
    fn place(&self, connection: ConnectionId, target: Option<&str>) -> Result<Place, Refusal> {
        let text = target.unwrap_or("");
        if let Some(session) = self.state.session_named(text) {
            return Ok(Place { session: session.id, index: None });
        }
        Ok(self.state.find_place(text, &self.context(connection))?)
    }

    /// What `attach -t target` shows; `None` if there is no such session.
    pub(super) fn find_session_view(&self, target: &str, origin: Option<PaneId>) -> Result<Option<View>, Refusal> {
        let context = self.context_of_pane(origin);
        let session = match self.state.find_session(target, &context) {
            Ok(session) => session,
            Err(TargetError::NotFound { .. } | TargetError::NoSessions) if !target.contains([':', '.', '@', '%', '$', '{']) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(view) = self.view_of(session).filter(|_| !target.contains([':', '.', '@', '%'])) {
            return Ok(Some(view));
        }
        // More than a session was named: that window and pane are shown first.
        let at = self.state.find_pane(target, &context)?;
        Ok(self.view_of_window(at.session, at.window).map(|view| View { focus: at.pane, ..view }))
    }

    fn set_buffer(&mut self, name: Option<String>, text: String) -> Handled {
        let name = self.buffers.set(name, text).map_err(|error| refusal("too_large", error.to_string()))?;
        Ok(Reply::Text(name))
    }

    fn remain_on_exit(&mut self, connection: ConnectionId, target: Option<&str>, keep: bool) -> Handled {
        use crate::session::RemainOnExit;
        let at = self.pane(connection, target)?;
        let value = Some(if keep { RemainOnExit::On } else { RemainOnExit::Off });
        self.command(Command::SetPaneRemainOnExit { pane: at.pane, value })
    }
}

fn link(target: &Target) -> Winlink {
    Winlink { session: target.session, index: target.index }
}

fn no_buffer(name: Option<&str>) -> Refusal {
    match name {
        Some(name) => refusal("no_such_target", format!("no buffer {name}")),
        None => refusal("no_such_target", "no buffers"),
    }
}
