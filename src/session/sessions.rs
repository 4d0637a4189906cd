//! Commands on sessions.

use std::collections::BTreeMap;

use super::apply::{Done, Work, name_after, tidy};
use super::command::{CommandError, Effect, Outcome, Program};
use super::state::Session;
use crate::geometry::Size;
use crate::ids::SessionId;

impl Work<'_> {
    #[expect(clippy::too_many_arguments, reason = "the fields of one command")]
    pub(super) fn new_session(
        &mut self,
        name: Option<String>,
        window_name: Option<String>,
        cwd: String,
        environment: BTreeMap<String, Option<String>>,
        base_index: u32,
        size: Size,
        program: Program,
    ) -> Done {
        if base_index > super::INDEX_MAX {
            return Err(CommandError::InvalidIndex(base_index));
        }
        let name = match name {
            Some(name) => self.session_name(&name, None)?,
            None => self.free_session_name(),
        };
        for variable in environment.keys() {
            check_variable(variable)?;
        }
        let id = SessionId(self.state.next_session);
        self.state.next_session += 1;
        let session = Session {
            id,
            name,
            created_ms: self.now_ms,
            base_index,
            winlinks: BTreeMap::new(),
            current: base_index,
            last: Vec::new(),
            environment,
            cwd,
        };
        self.state.sessions.insert(id, session);
        let automatic = window_name.is_none();
        let name = window_name.map_or_else(|| name_after(&program.argv), |name| tidy(&name));
        let (window, pane) = self.add_window(id, name, automatic, size, program);
        if let Some(session) = self.state.sessions.get_mut(&id) {
            session.winlinks.insert(base_index, window);
        }
        self.dirty.sessions.insert(id);
        Ok(Outcome { session: Some(id), window: Some(window), pane: Some(pane), cells: 0 })
    }

    /// A name as it will be kept: `:` and `.` end a session's name in targets, so they become `_` as in tmux.
    fn session_name(&self, name: &str, own: Option<SessionId>) -> Result<String, CommandError> {
        if name.is_empty() || name.chars().any(char::is_control) || name.chars().count() > super::NAME_MAX {
            return Err(CommandError::InvalidName { what: "session", name: name.to_owned() });
        }
        let name = name.replace([':', '.'], "_");
        match self.state.session_named(&name) {
            Some(session) if Some(session.id) != own => Err(CommandError::DuplicateSession(name)),
            _ => Ok(name),
        }
    }

    /// The session's number, or the next that is nobody's name.
    fn free_session_name(&self) -> String {
        let mut number = self.state.next_session;
        loop {
            let name = number.to_string();
            if self.state.session_named(&name).is_none() {
                return name;
            }
            number += 1;
        }
    }

    pub(super) fn rename_session(&mut self, session: SessionId, name: &str) -> Done {
        self.session(session)?;
        let name = self.session_name(name, Some(session))?;
        self.edit_session(session, |session| session.name = name)
    }

    pub(super) fn kill_session(&mut self, session: SessionId) -> Done {
        self.session(session)?;
        self.close_session(session);
        Ok(Outcome { session: Some(session), ..Outcome::default() })
    }

    /// Removes a session, and its windows that are nowhere else. Does nothing if there is no such session.
    pub(super) fn close_session(&mut self, session: SessionId) {
        let Some(closed) = self.state.sessions.remove(&session) else { return };
        for window in closed.winlinks.into_values() {
            if self.state.sessions_of(window).next().is_none() {
                self.close_window(window);
            }
        }
        self.effects.push(Effect::SessionClosed(session));
    }

    pub(super) fn set_environment(&mut self, session: SessionId, name: &str, value: Option<Option<String>>) -> Done {
        self.session(session)?;
        check_variable(name)?;
        self.edit_session(session, |session| {
            match value {
                Some(value) => session.environment.insert(name.to_owned(), value),
                None => session.environment.remove(name),
            };
        })
    }
}

/// Names of variables are not empty and have neither `=` nor NUL.
fn check_variable(name: &str) -> Result<(), CommandError> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(CommandError::InvalidName { what: "variable", name: name.to_owned() });
    }
    Ok(())
}
