//! Commands: what a key, the prompt or an overlay runs.
//!
//! One arm for each [`ViewCommand`]; requests go to the server with this client's own place as "where I am". To add a widget that a command opens:
//! its type in `view/` and its arm in [`view_command`].

use super::control::verbs;
use super::model::{Asker, KeyState, Model, Redraw};
use super::natural::natural;
use super::overlay::{Action, Look, Overlay};
use super::target::{Expect, neighbour, resolve, step, step_pane, step_window};
use super::update::{Effect, Leave, Turn, act, leave_mode, look_at, with_mode};
use super::{format, view};
use crate::command::{Command, Confirm, CopyCommand, PaneStep, SessionStep, Steer, Switch, ToggleWhat, ViewCommand, WindowStep};
use crate::config::KeyTables;
use crate::geometry::{Direction, Point};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::protocol::message::{ClientMessage, FrameAck, InputSource, Level, NewSession, Presence, Reply, Request};
use crate::terminal::keys;

/// Runs a command.
pub fn run(turn: &mut Turn<'_>, command: &Command) {
    match command {
        Command::Request(wanted) => request(turn, wanted.clone()),
        Command::View(command) => view_command(turn, command),
        Command::Sequence(commands) => commands.iter().for_each(|command| run(turn, command)),
        Command::Cli(_) => turn.model.say(Level::Warning, "this command works in a shell only"),
    }
}

/// Asks the server for what a command wants; what it makes is looked at unless the command says not to.
pub fn request(turn: &mut Turn<'_>, mut wanted: Request) {
    let follows = match &mut wanted {
        Request::NewWindow { background, .. } | Request::Split { background, .. } | Request::BreakPane { background, .. } => !*background,
        Request::JoinPane { .. } | Request::NewSession(..) => true,
        // What a key does to "the pane" means the one marked, where tmux does so too.
        Request::SwapPane { source, .. } if source.is_none() => {
            *source = turn.model.marked.map(|pane| pane.to_string());
            false
        }
        Request::Read { .. }
        | Request::Tree
        | Request::Status
        | Request::Roster
        | Request::ListBuffers
        | Request::GetBuffer { .. }
        | Request::Tombstones
        | Request::SaveLayout { .. } => {
            turn.request(Asker::Show, wanted);
            return;
        }
        _ => false,
    };
    let asker = if follows { turn.command() } else { Asker::Nobody };
    turn.request(asker, wanted);
}

fn view_command(turn: &mut Turn<'_>, command: &ViewCommand) {
    match command {
        ViewCommand::Detach => {
            turn.send(ClientMessage::Detach);
            turn.effect(Effect::Leave(Leave::Detached));
        }
        ViewCommand::NewSession { session, attach } => new_session(turn, session, *attach),
        ViewCommand::SwitchSession(to) => switch_session(turn.model, to),
        ViewCommand::SelectWindow(to) => select_window(turn.model, to),
        ViewCommand::SelectPane(to) => select_pane(turn.model, to),
        ViewCommand::Zoom { target } => zoom(turn.model, target.as_deref()),
        ViewCommand::Confirm(confirm) => ask(turn, confirm),
        ViewCommand::Message(text) => {
            let text = text.as_deref().unwrap_or("[#S] #I:#W, pane #P (#{pane_id}) #{pane_width}x#{pane_height} - \"#T\"");
            let text = format::expand(turn.model, text);
            turn.model.say(Level::Info, text);
        }
        ViewCommand::Refresh => refresh(turn),
        ViewCommand::Suspend => turn.effect(Effect::Suspend),
        ViewCommand::SendPrefix => {
            if let (Some(pane), Some(prefix)) = (turn.model.focus(), turn.model.settings.config.general.prefix) {
                let bytes = keys::encode_key(prefix, turn.model.modes_of(pane));
                turn.input(pane, bytes, InputSource::Key);
            }
        }
        ViewCommand::KeyTable(table) => {
            let table = Some(table.clone()).filter(|table| table != KeyTables::ROOT);
            let hint_ms = turn.model.settings.config.times.hint_ms;
            turn.model.keys = table.map_or_else(KeyState::default, |table| KeyState::waiting(table, turn.model.now_ms, None, hint_ms));
            turn.model.redraw.chrome = true;
        }
        ViewCommand::Toggle { what, on } => toggle(turn, *what, *on),
        ViewCommand::Follow { operator } => begin_following(turn, operator.as_deref()),
        ViewCommand::Pan(how) => pan(turn.model, *how),
        ViewCommand::Copy(command) => copy_command(turn, command),
        ViewCommand::Paste { buffer, delete, target } => paste(turn, buffer.clone(), *delete, target.as_deref()),
        ViewCommand::Steer { what, target } => verbs::steer(turn, *what, target.as_deref()),
        ViewCommand::Show(Request::Roster) => verbs::steer(turn, Steer::Who, None),
        ViewCommand::Show(request) => turn.request(Asker::Show, request.clone()),
        ViewCommand::CopyMode { .. }
        | ViewCommand::Choose(_)
        | ViewCommand::FindWindow(_)
        | ViewCommand::DisplayPanes
        | ViewCommand::Prompt(_)
        | ViewCommand::ListKeys { .. }
        | ViewCommand::DescribeKey
        | ViewCommand::Help(_)
        | ViewCommand::ShowMessages
        | ViewCommand::Clock => match view::open(turn.model, command) {
            Some(actions) => actions.into_iter().for_each(|action| act(turn, action, Asker::Nobody)),
            None => turn.model.say(Level::Info, "not there yet"),
        },
    }
}

/// The overlay in which a reply to [`Asker::Show`] is read, if there is something to read.
#[must_use]
pub fn shown(reply: &Reply) -> Option<Box<dyn Overlay>> {
    view::reply(reply)
}

fn new_session(turn: &mut Turn<'_>, session: &NewSession, attach: bool) {
    let known = session.name.as_ref().and_then(|name| turn.model.sessions.values().find(|info| info.name == *name));
    if let Some(id) = known.map(|info| info.id).filter(|_| attach) {
        turn.model.look_at_session(id);
        return;
    }
    let environment = turn.model.environment.clone();
    let asker = turn.command();
    turn.request(asker, Request::NewSession(session.clone(), environment));
}

fn go(model: &mut Model, found: Result<Look, String>) {
    match found {
        Ok(look) => {
            if !look_at(model, look) {
                model.say(Level::Warning, "it is not there any more");
            }
        }
        Err(why) => model.say(Level::Warning, why),
    }
}

fn switch_session(model: &mut Model, to: &Switch<SessionStep>) {
    let found = match to {
        Switch::To(target) => resolve(model, target, Expect::Session),
        Switch::Step(step) => session_step(model, *step).map(Look::Session).ok_or_else(|| "no other session".to_owned()),
    };
    go(model, found);
}

fn session_step(model: &Model, which: SessionStep) -> Option<SessionId> {
    if which == SessionStep::Last {
        return model.trail.sessions.first().copied();
    }
    let mut all: Vec<_> = model.sessions.values().collect();
    all.sort_by(|a, b| natural(&a.name, &b.name));
    let here = all.iter().position(|session| Some(session.id) == model.view.as_ref().map(|view| view.session))?;
    let by = if which == SessionStep::Next { 1 } else { -1 };
    all.get(step(here, by, all.len())?).map(|session| session.id)
}

fn select_window(model: &mut Model, to: &Switch<WindowStep>) {
    let found = match to {
        Switch::To(target) => resolve(model, target, Expect::Window),
        Switch::Step(step) => window_step(model, *step),
    };
    go(model, found);
}

fn window_step(model: &Model, which: WindowStep) -> Result<Look, String> {
    let session = model.session().ok_or("no session")?;
    let found = match which {
        WindowStep::Last => {
            let trail = model.trail.windows.get(&session.id).into_iter().flatten();
            let here = model.view.as_ref().map(|view| view.window);
            let there = |id: &WindowId| session.links.iter().any(|link| link.window == *id) && Some(*id) != here;
            return trail
                .chain(&session.last)
                .copied()
                .find(there)
                .map(|id| Look::WindowIn(session.id, id))
                .ok_or_else(|| "no last window".into());
        }
        WindowStep::Next => step_window(model, session, 1),
        WindowStep::Previous => step_window(model, session, -1),
        WindowStep::NextAlert | WindowStep::PreviousAlert => {
            let by = if which == WindowStep::NextAlert { 1 } else { -1 };
            let count = i32::try_from(session.links.len()).unwrap_or(i32::MAX);
            let mut ways = (1..count).filter_map(|n| step_window(model, session, by * n));
            let wants = |id: &WindowId| model.windows.get(id).is_some_and(|window| window.bell || window.activity);
            let found = ways.find(wants);
            return found.map(|id| Look::WindowIn(session.id, id)).ok_or_else(|| "no window wants attention".into());
        }
    };
    found.map(|id| Look::WindowIn(session.id, id)).ok_or_else(|| "no other window".into())
}

fn select_pane(model: &mut Model, to: &Switch<PaneStep>) {
    let found = match to {
        Switch::To(target) => resolve(model, target, Expect::Pane),
        Switch::Step(step) => pane_step(model, *step).map(Look::Pane).ok_or_else(|| "no other pane there".to_owned()),
    };
    go(model, found);
}

fn pane_step(model: &Model, which: PaneStep) -> Option<PaneId> {
    let focus = model.focus()?;
    match which {
        PaneStep::Last => {
            let window = model.window()?;
            let trail = model.trail.panes.get(&window.id).into_iter().flatten();
            let there = |pane: &PaneId| *pane != focus && window.places.iter().any(|place| place.pane == *pane);
            trail.chain(&window.last).copied().find(there)
        }
        PaneStep::Next => step_pane(model, 1),
        PaneStep::Previous => step_pane(model, -1),
        PaneStep::Towards(side) => neighbour(model, focus, side),
    }
}

fn zoom(model: &mut Model, target: Option<&str>) {
    if let Some(target) = target {
        match resolve(model, target, Expect::Pane) {
            Ok(Look::Pane(pane)) if model.zoom() != Some(pane) => {
                model.look_at_pane(pane);
            }
            Ok(_) => {}
            Err(why) => return model.say(Level::Warning, why),
        }
    }
    let Some(mut view) = model.view.clone() else { return };
    view.zoom = if view.zoom.is_some() {
        None
    } else if model.window().is_some_and(|window| window.places.len() > 1) {
        Some(view.focus)
    } else {
        None
    };
    model.move_view(view);
}

fn ask(turn: &mut Turn<'_>, confirm: &Confirm) {
    let question = match &confirm.question {
        Some(question) => format::expand(turn.model, question),
        None => format!("{}?", confirm.text),
    };
    let question = question.trim_end().trim_end_matches("(y/n)").trim_end();
    let question = format!("{question} (y/n)");
    let overlay = view::confirm::ConfirmOverlay::new(question, confirm.then.clone());
    act(turn, Action::Open(Box::new(overlay)), Asker::Nobody);
}

fn refresh(turn: &mut Turn<'_>) {
    turn.model.redraw = Redraw { chrome: true, everything: true };
    let panes: Vec<PaneId> = turn.model.places().iter().map(|place| place.pane).collect();
    for pane in panes {
        turn.send(ClientMessage::FrameAck(FrameAck { pane, version: 0 }));
    }
}

fn toggle(turn: &mut Turn<'_>, what: ToggleWhat, on: Option<bool>) {
    let settings = &mut turn.model.settings;
    match what {
        ToggleWhat::Mouse => {
            settings.mouse = on.unwrap_or(!settings.mouse);
            let mouse = settings.mouse;
            turn.effect(Effect::Mouse(mouse));
            turn.model.say(Level::Info, if mouse { "the mouse is baton's" } else { "the mouse is the outer terminal's" });
        }
        ToggleWhat::Status => {
            settings.status = on.unwrap_or(!settings.status);
            turn.model.redraw.everything = true;
            let viewport = turn.model.viewport();
            turn.send(ClientMessage::Viewport(viewport));
        }
        ToggleWhat::Titles => {
            turn.model.say(Level::Info, "titles are shown by the window's layout: see `pane-titles` in the configuration")
        }
    }
}

fn pan(model: &mut Model, how: Option<(Direction, u16)>) {
    model.redraw.chrome = true;
    let Some((side, by)) = how else {
        model.pan = None;
        return;
    };
    let now = super::scene::arrange(model).pan;
    let viewport = model.viewport();
    let Some(window) = model.window() else { return };
    let (last_col, last_row) = (window.size.cols.saturating_sub(viewport.cols), window.size.rows.saturating_sub(viewport.rows));
    let next = match side {
        Direction::Left => Point { col: now.col.saturating_sub(by), ..now },
        Direction::Right => Point { col: now.col.saturating_add(by).min(last_col), ..now },
        Direction::Up => Point { row: now.row.saturating_sub(by), ..now },
        Direction::Down => Point { row: now.row.saturating_add(by).min(last_row), ..now },
    };
    model.pan = Some(next);
}

fn copy_command(turn: &mut Turn<'_>, command: &CopyCommand) {
    let Some(pane) = turn.model.focus() else { return };
    if turn.model.modes.contains_key(&pane) {
        with_mode(turn, pane, |mode, model| mode.command(command, pane, model));
    } else {
        turn.model.say(Level::Warning, "the pane is not in copy mode");
    }
}

fn paste(turn: &mut Turn<'_>, buffer: Option<String>, delete: bool, target: Option<&str>) {
    let pane = match target.map(|target| resolve(turn.model, target, Expect::Pane)) {
        None => turn.model.focus(),
        Some(Ok(Look::Pane(pane))) => Some(pane),
        Some(Ok(_)) => None,
        Some(Err(why)) => return turn.model.say(Level::Warning, why),
    };
    let Some(pane) = pane else { return };
    leave_mode(turn.model, pane);
    turn.request(Asker::Paste(pane), Request::GetBuffer { name: buffer.clone() });
    if delete {
        turn.request(Asker::Nobody, Request::DeleteBuffer { name: buffer });
    }
}

fn begin_following(turn: &mut Turn<'_>, operator: Option<&str>) {
    let model = &mut *turn.model;
    let Some(name) = operator else {
        let was = model.following.take().is_some();
        return model.say(Level::Info, if was { "following nobody" } else { "follow whom? Give a name: `follow NAME`" });
    };
    let found = model.roster.iter().find(|operator| operator.name == name || operator.id.to_string() == name);
    match found.map(|operator| (operator.id, operator.name.clone())) {
        Some((id, name)) => {
            model.following = Some(id);
            model.say(Level::Info, format!("following {name}; any key ends it"));
            follow(turn);
        }
        None => model.say(Level::Warning, format!("nobody here is called {name}")),
    }
}

/// A key ends following.
pub fn unfollow(turn: &mut Turn<'_>) {
    if turn.model.following.take().is_some() {
        turn.model.redraw.chrome = true;
    }
}

/// Goes where the operator that is followed is.
pub fn follow(turn: &mut Turn<'_>) {
    let Some(id) = turn.model.following else { return };
    let mine = turn.model.attachment;
    let operator = turn.model.roster.iter().find(|operator| operator.id == id);
    let others = operator.into_iter().flat_map(|operator| &operator.attachments);
    let newest = others.filter(|other| Some(other.id) != mine && other.presence == Presence::Live).max_by_key(|other| other.last_input_ms);
    match newest.and_then(|other| other.focus) {
        Some(pane) => {
            turn.model.look_at_pane(pane);
        }
        None => turn.model.following = None,
    }
}
