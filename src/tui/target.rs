//! What a `-t` of a view command names: resolved against this client's model, as tmux does against the server's.
//!
//! `$1`, `@2`, `%3` are ids; `session:window.pane` has parts that may be missing; a session is a name or the unambiguous start of one, a window a
//! number or a name, a pane a number in layout order. `{last}` (`!`), `{next}` (`+`), `{previous}` (`-`), `{left-of}` and its kin are
//! relative to the view.

use super::model::Model;
use super::overlay::Look;
use crate::geometry::{Direction, Rect};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::protocol::message::SessionInfo;

/// What a target was expected to name where it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A session.
    Session,
    /// A window.
    Window,
    /// A pane.
    Pane,
}

/// Finds what `text` names, or says why not.
///
/// # Errors
/// A sentence for the message line.
pub fn resolve(model: &Model, text: &str, expect: Expect) -> Result<Look, String> {
    let none = || format!("no such target: {text}");
    if let Ok(id) = text.parse::<PaneId>() {
        return model.panes.contains_key(&id).then_some(Look::Pane(id)).ok_or_else(none);
    }
    if let Ok(id) = text.parse::<WindowId>() {
        return model.windows.contains_key(&id).then_some(Look::Window(id)).ok_or_else(none);
    }
    let (session_text, rest) = match text.split_once(':') {
        Some((session, rest)) => (Some(session).filter(|session| !session.is_empty()), Some(rest).filter(|rest| !rest.is_empty())),
        None if expect == Expect::Session => (Some(text), None),
        None => (None, Some(text)),
    };
    let session = match session_text {
        Some(name) => find_session(model, name).ok_or_else(none)?,
        None => model.session().ok_or_else(none)?,
    };
    let Some(rest) = rest else { return Ok(Look::Session(session.id)) };
    let (window_text, pane_text) = match rest.split_once('.') {
        Some((window, pane)) => (Some(window).filter(|window| !window.is_empty()), Some(pane)),
        None if expect == Expect::Pane && session_text.is_none() => (None, Some(rest)),
        None => (Some(rest), None),
    };
    let window = match window_text {
        Some(name) => find_window(model, session, name).ok_or_else(none)?,
        None => model.view.as_ref().map(|view| view.window).ok_or_else(none)?,
    };
    match pane_text {
        None => Ok(Look::WindowIn(session.id, window)),
        Some(name) => {
            if let Some(pane) = find_pane(model, window, name) {
                return Ok(Look::Pane(pane));
            }
            // A bare word that is no pane may be a window, as with tmux.
            if window_text.is_none() && session_text.is_none() && !text.contains('.') {
                return find_window(model, session, name).map(|window| Look::WindowIn(session.id, window)).ok_or_else(none);
            }
            Err(none())
        }
    }
}

fn find_session<'a>(model: &'a Model, name: &str) -> Option<&'a SessionInfo> {
    if let Ok(id) = name.parse::<SessionId>() {
        return model.sessions.get(&id);
    }
    let name = name.strip_prefix('=').unwrap_or(name);
    if let Some(exact) = model.sessions.values().find(|session| session.name == name) {
        return Some(exact);
    }
    let mut starting = model.sessions.values().filter(|session| session.name.starts_with(name) && !name.is_empty());
    starting.next().filter(|_| starting.next().is_none())
}

fn find_window(model: &Model, session: &SessionInfo, name: &str) -> Option<WindowId> {
    if let Ok(index) = name.parse::<u32>()
        && let Some(link) = session.links.iter().find(|link| link.index == index)
    {
        return Some(link.window);
    }
    match name {
        "{last}" | "!" => return model.trail.windows.get(&session.id)?.first().copied(),
        "{next}" | "+" => return step_window(model, session, 1),
        "{previous}" | "-" => return step_window(model, session, -1),
        "{start}" | "^" => return session.links.first().map(|link| link.window),
        "{end}" | "$" => return session.links.last().map(|link| link.window),
        _ => {}
    }
    let named = |matches: &dyn Fn(&str) -> bool| {
        let mut found =
            session.links.iter().map(|link| link.window).filter(|id| model.windows.get(id).is_some_and(|window| matches(&window.name)));
        found.next().filter(|_| found.next().is_none())
    };
    named(&|window| window == name).or_else(|| named(&|window| window.starts_with(name)))
}

fn find_pane(model: &Model, window: WindowId, name: &str) -> Option<PaneId> {
    let info = model.windows.get(&window)?;
    if let Ok(index) = name.parse::<usize>() {
        return info.places.get(index).map(|place| place.pane);
    }
    let focus = model.focus()?;
    match name {
        "{last}" | "!" => model.trail.panes.get(&window)?.first().copied(),
        "{next}" | "+" => step_pane(model, 1),
        "{previous}" | "-" => step_pane(model, -1),
        "{left-of}" => neighbour(model, focus, Direction::Left),
        "{right-of}" => neighbour(model, focus, Direction::Right),
        "{up-of}" => neighbour(model, focus, Direction::Up),
        "{down-of}" => neighbour(model, focus, Direction::Down),
        "{marked}" | "~" => model.marked,
        _ => None,
    }
}

/// The window `by` places on in its session, round.
#[must_use]
pub fn step_window(model: &Model, session: &SessionInfo, by: i32) -> Option<WindowId> {
    let links = &session.links;
    let here = links.iter().position(|link| Some(link.window) == model.view.as_ref().map(|view| view.window))?;
    links.get(step(here, by, links.len())?).map(|link| link.window)
}

/// The pane `by` places on in layout order, round.
#[must_use]
pub fn step_pane(model: &Model, by: i32) -> Option<PaneId> {
    let places = &model.window()?.places;
    let here = places.iter().position(|place| Some(place.pane) == model.focus())?;
    places.get(step(here, by, places.len())?).map(|place| place.pane)
}

/// `by` places on from `here` in a ring of `len`.
#[must_use]
pub fn step(here: usize, by: i32, len: usize) -> Option<usize> {
    let len = i64::try_from(len).ok().filter(|len| *len > 0)?;
    let here = i64::try_from(here).ok()?;
    usize::try_from((here + i64::from(by)).rem_euclid(len)).ok()
}

/// The pane on that side of `pane`, round the window's edge; of several the one that had the focus last.
#[must_use]
pub fn neighbour(model: &Model, pane: PaneId, side: Direction) -> Option<PaneId> {
    let window = model.window()?;
    let from = window.places.iter().find(|place| place.pane == pane)?.rect;
    let titles = u16::from(window.titles);
    // Between two panes is one divider (the title line of the lower one, if there are those). Beyond the edge the other edge goes on.
    let touches = |to: Rect| match side {
        Direction::Left => to.right() + 1 == from.col,
        Direction::Right => from.right() + 1 == to.col,
        Direction::Up => to.bottom() + 1 == from.row,
        Direction::Down => from.bottom() + 1 == to.row,
    };
    let wraps = |to: Rect| match side {
        Direction::Left => to.right() >= window.size.cols,
        Direction::Right => to.col == 0,
        Direction::Up => to.bottom() >= window.size.rows,
        Direction::Down => to.row <= titles,
    };
    let beside = |to: Rect| match side {
        Direction::Left | Direction::Right => to.row < from.bottom() && from.row < to.bottom(),
        Direction::Up | Direction::Down => to.col < from.right() && from.col < to.right(),
    };
    let at_edge = match side {
        Direction::Left => from.col == 0,
        Direction::Right => from.right() >= window.size.cols,
        Direction::Up => from.row <= titles,
        Direction::Down => from.bottom() >= window.size.rows,
    };
    let places = window.places.iter().filter(|place| place.pane != pane && beside(place.rect));
    let found: Vec<PaneId> =
        places.filter(|place| if at_edge { wraps(place.rect) } else { touches(place.rect) }).map(|place| place.pane).collect();
    let recent = model.trail.panes.get(&window.id).into_iter().flatten().chain(&window.last).copied();
    recent.into_iter().find(|pane| found.contains(pane)).or_else(|| found.first().copied())
}
