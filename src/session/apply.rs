//! One command, applied: the way in, and what all commands share.
//!
//! A [`Work`] holds the state while a command is carried out and notes what came of it. Its methods are spread over `sessions`,
//! `windows` and `panes`. Each looks at everything that can go wrong before it changes anything, so that an error leaves the state as it
//! was; a property test compares.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Command, CommandError, Dirty, Effect, Outcome, Program, Spawn};
use super::state::{Cause, ExitStatus, Pane, PaneStatus, Session, State, TOMBSTONES_MAX, Tombstone, Window};
use crate::ids::{PaneId, SessionId, WindowId};

/// Carries out `command` at `now_ms` (milliseconds since 1970) and returns the answer and what must now be done outside.
///
/// # Errors
/// [`CommandError`]; the state is as it was.
#[must_use = "the effects must be performed"]
pub fn apply(state: &mut State, command: Command, now_ms: u64) -> Result<(Outcome, Vec<Effect>), CommandError> {
    let mut work = Work { state, now_ms, effects: Vec::new(), dirty: Dirty::default(), arrange: BTreeSet::new() };
    let outcome = work.run(command)?;
    let effects = work.finish();
    debug_assert_eq!(state.check(), Ok(()), "{state:?}");
    Ok((outcome, effects))
}

pub(super) struct Work<'a> {
    pub(super) state: &'a mut State,
    pub(super) now_ms: u64,
    pub(super) effects: Vec<Effect>,
    pub(super) dirty: Dirty,
    /// Windows whose arrangement may have changed.
    pub(super) arrange: BTreeSet<WindowId>,
}

pub(super) type Done = Result<Outcome, CommandError>;

impl Work<'_> {
    fn run(&mut self, command: Command) -> Done {
        use Command as C;
        match command {
            C::NewSession { name, window_name, cwd, environment, base_index, size, program } => {
                self.new_session(name, window_name, cwd, environment, base_index, size, program)
            }
            C::NewWindow { session, at, name, select, program } => self.new_window(session, at, name, select, program),
            C::SplitPane { place, select, program } => self.split_pane(place, select, program),
            C::KillPane { pane } => self.kill_pane(pane),
            C::KillOtherPanes { pane } => self.kill_other_panes(pane),
            C::KillWindow { window } => self.kill_window(window),
            C::KillOtherWindows { link } => self.kill_other_windows(link),
            C::KillSession { session } => self.kill_session(session),
            C::RenameSession { session, name } => self.rename_session(session, &name),
            C::RenameWindow { window, name } => self.rename_window(window, &name, false),
            C::NameWindowAutomatically { window, name } => self.rename_window(window, &name, true),
            C::SetAutomaticRename { window, on } => self.edit_window(window, |window| window.automatic_rename = on),
            C::SelectWindow { link } => self.select_window(link),
            C::NextWindow { session, alerts } => self.step_window(session, true, alerts),
            C::PreviousWindow { session, alerts } => self.step_window(session, false, alerts),
            C::LastWindow { session } => self.last_window(session),
            C::SelectPane { pane, keep_zoom } => self.select_pane(pane, keep_zoom),
            C::SelectNeighbour { pane, direction, keep_zoom } => self.select_neighbour(pane, direction, keep_zoom),
            C::LastPane { window, keep_zoom } => self.last_pane(window, keep_zoom),
            C::MoveWindow { from, session, at, select } => self.move_window(from, session, at, select),
            C::RenumberWindows { session } => self.renumber_windows(session),
            C::SwapWindows { a, b, select } => self.swap_windows(a, b, select),
            C::LinkWindow { window, session, at, select } => self.link_window(window, session, at, select),
            C::UnlinkWindow { link, kill } => self.unlink_window(link, kill),
            C::ResizePane { pane, direction, cells } => {
                self.resize(pane, |layout, area| layout.resize_edge(pane, direction, cells, area.size()))
            }
            C::SetPaneLength { pane, axis, size } => self.set_pane_length(pane, axis, size),
            C::MoveDivider { after, to } => self.resize(after, |layout, area| layout.move_divider(after, to, area)),
            C::SelectLayout { window, choice, main } => self.select_layout(window, choice, main),
            C::SwapPanes { a, b, select } => self.swap_panes(a, b, select),
            C::RotatePanes { window, forward } => self.rotate_panes(window, forward),
            C::BreakPane { pane, session, at, name, select } => self.break_pane(pane, session, at, name, select),
            C::JoinPane { pane, place, select } => self.join_pane(pane, place, select),
            C::SetZoom { window, pane } => self.set_zoom(window, pane),
            C::RespawnPane { pane, kill, argv, cwd, environment } => self.respawn_pane(pane, kill, argv, cwd, environment),
            C::PaneStarted { pane, incarnation, pid } => Ok(self.pane_started(pane, incarnation, pid)),
            C::PaneExited { pane, incarnation, status, remain, last_screen } => {
                Ok(self.pane_exited(pane, incarnation, status, remain, &last_screen))
            }
            C::PaneLost { pane, last_screen } => self.pane_lost(pane, &last_screen),
            C::RecordLastScreen { pane, incarnation, last_screen } => Ok(self.record_last_screen(pane, incarnation, &last_screen)),
            C::SetPaneTitle { pane, title } => self.edit_pane(pane, |pane| pane.title = tidy(&title)),
            C::SetPaneName { pane, name } => self.set_pane_name(pane, name.as_deref()),
            C::SetEnvironment { session, name, value } => self.set_environment(session, &name, value),
            C::SetSessionDirectory { session, cwd } => self.edit_session(session, |session| session.cwd = cwd),
            C::Alert { window, bell, activity } => self.edit_window(window, |window| {
                window.bell |= bell;
                window.activity |= activity;
            }),
            C::ClearAlerts { window } => self.edit_window(window, |window| (window.bell, window.activity) = (false, false)),
            C::SetWindowSize { window, size } => self.edit_arranged(window, |window| window.size = size.at_least_one()),
            C::SetWindowRemainOnExit { window, value } => self.edit_window(window, |window| window.remain_on_exit = value),
            C::SetPaneRemainOnExit { pane, value } => self.edit_pane(pane, |pane| pane.remain_on_exit = value),
            C::SetArrangeOptions { options } => {
                if self.state.arrange != options {
                    self.state.arrange = options;
                    self.arrange.extend(self.state.windows.keys());
                    self.dirty.windows.extend(self.state.windows.keys());
                }
                Ok(Outcome::default())
            }
        }
    }

    /// The effects, with the collected ones at the end and without what is gone.
    fn finish(self) -> Vec<Effect> {
        let Self { state, mut effects, mut dirty, arrange, .. } = self;
        effects.extend(arrange.into_iter().filter(|window| state.windows.contains_key(window)).map(Effect::Arrange));
        dirty.sessions.retain(|session| state.sessions.contains_key(session));
        dirty.windows.retain(|window| state.windows.contains_key(window));
        dirty.panes.retain(|pane| state.panes.contains_key(pane));
        if !dirty.is_empty() {
            effects.push(Effect::Changed(dirty));
        }
        effects
    }

    pub(super) fn session(&self, session: SessionId) -> Result<&Session, CommandError> {
        self.state.sessions.get(&session).ok_or(CommandError::NoSession(session))
    }

    pub(super) fn window(&self, window: WindowId) -> Result<&Window, CommandError> {
        self.state.windows.get(&window).ok_or(CommandError::NoWindow(window))
    }

    pub(super) fn pane(&self, pane: PaneId) -> Result<&Pane, CommandError> {
        self.state.panes.get(&pane).ok_or(CommandError::NoPane(pane))
    }

    /// The window of `pane`.
    pub(super) fn window_of(&self, pane: PaneId) -> Result<&Window, CommandError> {
        self.window(self.pane(pane)?.window)
    }

    /// Changes a session and notes it if anything is different afterwards.
    pub(super) fn edit_session(&mut self, id: SessionId, edit: impl FnOnce(&mut Session)) -> Done {
        let session = self.state.sessions.get_mut(&id).ok_or(CommandError::NoSession(id))?;
        let before = session.clone();
        edit(session);
        if *session != before {
            self.dirty.sessions.insert(id);
        }
        Ok(Outcome { session: Some(id), ..Outcome::default() })
    }

    /// Changes a window and notes it if anything is different afterwards.
    pub(super) fn edit_window(&mut self, id: WindowId, edit: impl FnOnce(&mut Window)) -> Done {
        let window = self.state.windows.get_mut(&id).ok_or(CommandError::NoWindow(id))?;
        let before = window.clone();
        edit(window);
        if *window != before {
            self.dirty.windows.insert(id);
        }
        Ok(Outcome { window: Some(id), ..Outcome::default() })
    }

    /// Changes what a window's panes stand by, and notes it if anything is different afterwards.
    pub(super) fn edit_arranged(&mut self, id: WindowId, edit: impl FnOnce(&mut Window)) -> Done {
        let dirty_before = self.dirty.windows.contains(&id);
        self.dirty.windows.remove(&id);
        let outcome = self.edit_window(id, edit);
        if self.dirty.windows.contains(&id) {
            self.arrange.insert(id);
        } else if dirty_before {
            self.dirty.windows.insert(id);
        }
        outcome
    }

    /// Changes a pane and notes it if anything is different afterwards.
    pub(super) fn edit_pane(&mut self, id: PaneId, edit: impl FnOnce(&mut Pane)) -> Done {
        let pane = self.state.panes.get_mut(&id).ok_or(CommandError::NoPane(id))?;
        let before = pane.clone();
        edit(pane);
        if *pane != before {
            self.dirty.panes.insert(id);
        }
        Ok(Outcome { pane: Some(id), window: Some(pane.window), ..Outcome::default() })
    }

    /// Notes that a window's panes stand differently.
    pub(super) fn rearranged(&mut self, window: WindowId) {
        self.arrange.insert(window);
        self.dirty.windows.insert(window);
    }

    /// Files a new pane of `window` and has its program started. The pane is not in the window's layout yet, unless the caller put it there.
    pub(super) fn add_pane(&mut self, window: WindowId, session: SessionId, program: Program) -> PaneId {
        let id = PaneId(self.state.next_pane);
        self.state.next_pane += 1;
        let cwd = program.cwd.unwrap_or_else(|| self.state.sessions.get(&session).map_or_else(String::new, |s| s.cwd.clone()));
        self.state.panes.insert(
            id,
            Pane {
                id,
                incarnation: 1,
                title: String::new(),
                name: None,
                command: program.argv.clone(),
                cwd: cwd.clone(),
                created_ms: self.now_ms,
                created_by: program.created_by,
                pid: None,
                status: PaneStatus::Starting,
                window,
                remain_on_exit: program.remain_on_exit,
                started_ms: 0,
            },
        );
        self.dirty.panes.insert(id);
        self.spawn(id, 1, window, session, program.argv, cwd, program.environment);
        id
    }

    /// Has a program started, with the environment of `session` and over it its own.
    #[expect(clippy::too_many_arguments, reason = "the fields of one effect")]
    pub(super) fn spawn(
        &mut self,
        pane: PaneId,
        incarnation: u32,
        window: WindowId,
        session: SessionId,
        argv: Vec<String>,
        cwd: String,
        own: BTreeMap<String, String>,
    ) {
        let mut environment = self.state.sessions.get(&session).map(|session| session.environment.clone()).unwrap_or_default();
        environment.extend(own.into_iter().map(|(name, value)| (name, Some(value))));
        self.effects.push(Effect::Spawn(Spawn { pane, incarnation, window, session, argv, cwd, environment }));
    }

    /// Writes the tombstone of a pane's present incarnation, and has its program ended if it may still run and `cause` is a kill.
    pub(super) fn bury(&mut self, pane: &Pane, cause: Cause, status: ExitStatus, last_screen: &str) {
        let (cause, status, at_ms) = match pane.status {
            PaneStatus::Dead { status, at_ms } => (Cause::Exit, status, at_ms),
            PaneStatus::Starting | PaneStatus::Running => (cause, status, self.now_ms),
        };
        if cause == Cause::Killed {
            self.effects.push(Effect::Kill { pane: pane.id, incarnation: pane.incarnation });
        }
        self.state.tombstones.push(Tombstone {
            pane: pane.id,
            incarnation: pane.incarnation,
            cause,
            status,
            at_ms,
            title: pane.title.clone(),
            command: pane.command.clone(),
            last_screen: last_part(last_screen).to_owned(),
        });
        let over = self.state.tombstones.len().saturating_sub(TOMBSTONES_MAX);
        self.state.tombstones.drain(..over);
    }
}

/// The end of a screen, as much as a tombstone keeps.
pub(super) fn last_part(screen: &str) -> &str {
    let from = screen.len().saturating_sub(super::LAST_SCREEN_MAX);
    let from = (from..screen.len()).find(|&at| screen.is_char_boundary(at)).unwrap_or(screen.len());
    screen.get(from..).unwrap_or_default()
}

/// A name or title without control characters, and not too long.
pub(super) fn tidy(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(super::NAME_MAX).collect()
}

/// What a window is called that nobody has named: the program's name.
pub(super) fn name_after(argv: &[String]) -> String {
    let program = argv.first().map_or("", String::as_str);
    // A single argument is a line for the shell: its first word is the program.
    let word = if argv.len() == 1 { program.split_whitespace().next().unwrap_or("") } else { program };
    let name = tidy(word.rsplit('/').next().unwrap_or("").trim_start_matches('-'));
    if name.is_empty() { "shell".to_owned() } else { name }
}
