//! New sessions, windows, panes, and programs started again.

use std::collections::BTreeMap;

use super::made;
use crate::geometry::Axis;
use crate::ids::{PaneId, SessionId};
use crate::operator::Verb;
use crate::protocol::message::{Made, NewSession, Refusal, Share};
use crate::server::clients::sane_viewport;
use crate::server::event::{Asker, ConnectionId};
use crate::server::lifecycle::Then;
use crate::server::options::NewPaneCwd;
use crate::server::owner::{Server, now_ms};
use crate::session::{At, Command, Outcome, Placement, Program};

/// What is wanted of a new program.
#[derive(Debug, Clone, Default)]
pub(super) struct Wish {
    pub(super) cwd: Option<String>,
    pub(super) command: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
}

/// Where a pane goes beside another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beside {
    pub(super) axis: Axis,
    pub(super) before: bool,
    pub(super) full: bool,
    pub(super) share: Share,
}

pub(super) fn split_size(share: Share) -> crate::layout::SplitSize {
    use crate::layout::SplitSize;
    match share {
        Share::Half => SplitSize::Half,
        Share::Cells(cells) => SplitSize::Cells(cells),
        Share::Percent(percent) => SplitSize::Percent(percent),
    }
}

impl Beside {
    pub(super) fn of(self, target: PaneId) -> Placement {
        Placement { target, axis: self.axis, before: self.before, full_span: self.full, size: split_size(self.share) }
    }
}

impl Server {
    /// Makes a session; `then` follows once its program runs, or is refused if it does not.
    ///
    /// # Errors
    /// The session cannot be made; `then` was dropped.
    pub(in crate::server) fn new_session(
        &mut self,
        new: NewSession,
        update: &[(String, String)],
        created_by: String,
        then: Then,
    ) -> Result<(), Refusal> {
        let cwd = new.cwd.filter(|cwd| !cwd.is_empty()).unwrap_or_else(|| self.about.home.clone());
        let mut environment: BTreeMap<String, Option<String>> = self.updated_environment(update);
        environment.extend(new.environment.into_iter().filter(|(name, _)| is_variable(name)).map(|(name, value)| (name, Some(value))));
        let program = Program { argv: self.command_or_default(new.command), created_by, ..Program::default() };
        let outcome = self.apply(Command::NewSession {
            name: new.name,
            window_name: new.window_name,
            cwd,
            environment,
            base_index: self.options.base_index,
            size: new.size.map_or(self.options.default_size, sane_viewport),
            program,
        })?;
        self.had_session = true;
        if let Some(session) = outcome.session {
            self.activity.insert(session, now_ms());
        }
        let connection = match &then {
            Then::Reply(asker, _) => asker.connection,
            Then::Attach(connection, _) => *connection,
        };
        let outcome = Ok(outcome);
        self.spawned(connection, &outcome);
        let outcome = outcome?;
        let then = match then {
            Then::Reply(asker, _) => Then::Reply(asker, made(&outcome)),
            then => then,
        };
        self.when_started(outcome.pane, then);
        Ok(())
    }

    pub(super) fn ask_new_session(&mut self, asker: Asker, new: NewSession, environment: &[(String, String)]) {
        let created_by = self.name_of(asker.connection);
        // The asker goes into `then`; what is refused at once is answered with a second handle of it.
        let retry = (asker.connection, asker.outbox.clone(), asker.id);
        if let Err(refused) = self.new_session(new, environment, created_by, Then::Reply(asker, Made::default())) {
            let (connection, outbox, id) = retry;
            self.refuse(Asker { connection, outbox, id, permit: None }, refused);
        }
    }

    pub(super) fn ask_new_window(
        &mut self,
        asker: Asker,
        target: Option<&str>,
        name: Option<String>,
        wish: Wish,
        after: bool,
        background: bool,
    ) {
        let outcome = self.make_window(asker.connection, target, name, wish, after, background);
        self.spawned(asker.connection, &outcome);
        self.answer_when_started(asker, outcome);
    }

    fn make_window(
        &mut self,
        connection: ConnectionId,
        target: Option<&str>,
        name: Option<String>,
        wish: Wish,
        after: bool,
        background: bool,
    ) -> Result<Outcome, Refusal> {
        let (session, at) = if after {
            let beside = self.window(connection, target)?;
            (beside.session, At::After(beside.index))
        } else {
            let place = self.place(connection, target)?;
            (place.session, place.index.map_or(At::Free, At::Index))
        };
        let beside = self.pane(connection, None).ok().filter(|here| here.session == session).map(|here| here.pane);
        let beside = beside.or_else(|| self.view_of(session).map(|view| view.focus));
        let program = self.program(connection, wish, session, beside);
        Ok(self.apply(Command::NewWindow { session, at, name, select: !background, program })?)
    }

    pub(super) fn ask_split(&mut self, asker: Asker, target: Option<&str>, beside: Beside, wish: Wish, background: bool) {
        let outcome = self.split(asker.connection, target, beside, wish, background);
        self.spawned(asker.connection, &outcome);
        self.answer_when_started(asker, outcome);
    }

    fn split(
        &mut self,
        connection: ConnectionId,
        target: Option<&str>,
        beside: Beside,
        wish: Wish,
        background: bool,
    ) -> Result<Outcome, Refusal> {
        let at = self.pane(connection, target)?;
        let program = self.program(connection, wish, at.session, Some(at.pane));
        Ok(self.apply(Command::SplitPane { place: beside.of(at.pane), select: !background, program })?)
    }

    pub(super) fn ask_respawn(&mut self, asker: Asker, target: Option<&str>, command: Vec<String>, kill: bool) {
        let argv = (!command.is_empty()).then_some(command);
        let connection = asker.connection;
        let outcome = self.pane(connection, target).and_then(|at| {
            let actor = self.may(connection, Verb::Spawn, None)?;
            self.may_steer(&actor, Verb::Kill, at.pane)?;
            let environment = BTreeMap::new();
            Ok(self.apply(Command::RespawnPane { pane: at.pane, kill, argv, cwd: None, environment })?)
        });
        self.spawned(connection, &outcome);
        self.answer_when_started(asker, outcome);
    }

    /// Whoever had a program started is written down, and may steer it.
    fn spawned(&mut self, connection: ConnectionId, outcome: &Result<Outcome, Refusal>) {
        if let Ok(Outcome { pane: Some(pane), .. }) = outcome
            && let Some(actor) = self.actor(connection)
        {
            self.control_spawned(*pane, &actor);
        }
    }

    fn answer_when_started(&mut self, asker: Asker, outcome: Result<Outcome, Refusal>) {
        match outcome {
            Ok(outcome) => self.when_started(outcome.pane, Then::Reply(asker, made(&outcome))),
            Err(refused) => self.refuse(asker, refused),
        }
    }

    /// A program as it was wished for; without a folder it starts where the configuration says, which may be where `beside` is.
    fn program(&mut self, connection: ConnectionId, wish: Wish, session: SessionId, beside: Option<PaneId>) -> Program {
        let cwd = wish.cwd.filter(|cwd| !cwd.is_empty()).or_else(|| match self.options.new_pane_cwd {
            NewPaneCwd::Pane => beside.and_then(|pane| self.folder_of(pane)),
            NewPaneCwd::Session => self.state.sessions.get(&session).map(|session| session.cwd.clone()),
            NewPaneCwd::Home => Some(self.about.home.clone()),
        });
        Program {
            argv: self.command_or_default(wish.command),
            cwd,
            environment: wish.environment.into_iter().filter(|(name, _)| is_variable(name)).collect(),
            created_by: self.name_of(connection),
            remain_on_exit: None,
        }
    }

    fn command_or_default(&self, command: Vec<String>) -> Vec<String> {
        if command.is_empty() { self.options.default_command.iter().cloned().collect() } else { command }
    }

    fn name_of(&self, connection: ConnectionId) -> String {
        self.clients.get(&connection).and_then(|client| client.greeting.as_ref()).map_or_else(String::new, |greeting| greeting.name.clone())
    }

    /// What a session takes over from a client's environment: a variable that the client does not have is removed, as tmux does.
    fn updated_environment(&self, environment: &[(String, String)]) -> BTreeMap<String, Option<String>> {
        if environment.is_empty() {
            return BTreeMap::new();
        }
        let value = |name: &String| environment.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
        self.options.update_environment.iter().filter(|name| is_variable(name)).map(|name| (name.clone(), value(name))).collect()
    }

    /// A client attaches to `session`: the variables named by `update-environment` are its own from now on.
    pub(in crate::server) fn update_environment(&mut self, session: SessionId, environment: &[(String, String)]) {
        for (name, value) in self.updated_environment(environment) {
            self.apply_late(Command::SetEnvironment { session, name, value: Some(value) });
        }
    }

    pub(super) fn program_for_layout(&self, connection: ConnectionId, command: Vec<String>, cwd: Option<String>) -> Program {
        Program { argv: self.command_or_default(command), cwd, created_by: self.name_of(connection), ..Program::default() }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}
