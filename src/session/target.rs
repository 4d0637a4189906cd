//! What a target text means: `session:window.pane` and everything tmux allows in its place.
//!
//! ```text
//!   work:2.1      session, window, pane; each part may be missing:   work:   :2   .1   2.1
//!   $3  @7  %12   an id, alone or as a part                          {mouse} =   {marked} ~   the whole target
//!   session       exact name, unique prefix, unique glob             =name   exact only
//!   window        {start} ^  {end} $  {last} !  {next} +  {previous} -  {current} @  +N -N, index, exact name, prefix, glob
//!   pane          {last} !  {next} +  {previous} -  {active} @  +N -N  {top} {bottom} {left} {right} {top-left} … {up-of} …,
//!                 index, exact name, prefix
//! ```
//!
//! A bare word is tried as what the command wants, and then as the wider thing: a pane, a window, a session. A name that fits several is
//! an error that lists them, never a guess. Without a target it is what the [`Context`] says, and failing that the newest session. A
//! session's current window is, for its own viewer, the window that viewer looks at.
//!
//! Differences from tmux, on purpose: `=name` also works where a pane is wanted, panes can be named, a window name with `.` or `:` in it
//! is found by its whole name if nothing else fits, and ambiguity is said.

use super::state::{Session, State, Window};
use crate::geometry::{Direction, Point};
use crate::ids::{PaneId, SessionId, WindowId};

/// Where the asker is. Ids that no longer exist are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context {
    /// The session the asker looks at, or whose pane it runs in.
    pub session: Option<SessionId>,
    /// The window.
    pub window: Option<WindowId>,
    /// The pane.
    pub pane: Option<PaneId>,
    /// The pane the mouse was on, in commands bound to the mouse.
    pub mouse: Option<PaneId>,
    /// The marked pane.
    pub marked: Option<PaneId>,
    /// The index of the first pane of a window (tmux `pane-base-index`).
    pub pane_base_index: u32,
}

/// A pane and how it was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The session.
    pub session: SessionId,
    /// The window's index in it.
    pub index: u32,
    /// The window.
    pub window: WindowId,
    /// The pane; where only a window or session was named, its active one.
    pub pane: PaneId,
}

/// Where a window shall go: there may be one already, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The session.
    pub session: SessionId,
    /// The index, if one was given.
    pub index: Option<u32>,
}

/// A text names nothing, or too much.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// There is no such thing. tmux's words, which scripts look for.
    #[error("can't find {what}: {text}")]
    NotFound {
        /// "session", "window" or "pane".
        what: &'static str,
        /// What was looked for.
        text: String,
    },
    /// There are several.
    #[error("can't find {what}: {text}: ambiguous, could be: {}", .candidates.join(", "))]
    Ambiguous {
        /// "session", "window" or "pane".
        what: &'static str,
        /// What was looked for.
        text: String,
        /// What it could be: names of sessions, ids and names of windows and panes. At most [`CANDIDATES_MAX`].
        candidates: Vec<String>,
    },
    /// `{mouse}` without a mouse, `{marked}` without a mark.
    #[error("no {0} target")]
    NoSuchToken(&'static str),
    /// There are no sessions at all.
    #[error("no sessions")]
    NoSessions,
}

/// Most candidates that an ambiguous name lists.
pub const CANDIDATES_MAX: usize = 20;

/// What a text was split into; empty parts are `None`.
#[derive(Debug, Clone, Copy, Default)]
struct Parts<'a> {
    session: Option<&'a str>,
    window: Option<&'a str>,
    pane: Option<&'a str>,
}

/// What a bare word is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Session,
    Window,
    Pane,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str, wanted: Wanted) -> Self {
        let (session, rest) = match text.split_once(':') {
            Some((session, rest)) => (Some(session), rest),
            None => (None, text),
        };
        let parts = match (session, rest.split_once('.')) {
            (session, Some((window, pane))) => Self { session, window: Some(window), pane: Some(pane) },
            (Some(session), None) => Self { session: Some(session), window: Some(rest), pane: None },
            (None, None) => match (rest.chars().next(), wanted) {
                (Some('$'), _) if rest.len() > 1 => Self { session: Some(rest), ..Self::default() },
                (Some('@'), _) if rest.len() > 1 => Self { window: Some(rest), ..Self::default() },
                (Some('%'), _) | (_, Wanted::Pane) => Self { pane: Some(rest), ..Self::default() },
                (_, Wanted::Session) => Self { session: Some(rest), ..Self::default() },
                (_, Wanted::Window) => Self { window: Some(rest), ..Self::default() },
            },
        };
        let given = |part: Option<&'a str>| part.filter(|part| !part.is_empty());
        Self { session: given(parts.session), window: given(parts.window), pane: given(parts.pane) }
    }
}

impl State {
    /// The session that `text` means; more than a session may be said, and is looked at no further.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn find_session(&self, text: &str, context: &Context) -> Result<SessionId, TargetError> {
        if let Some(target) = self.find_token(text, context) {
            return target.map(|target| target.session);
        }
        let parts = Parts::of(text, Wanted::Session);
        match (parts.session, parts.window, parts.pane) {
            (Some(session), ..) => self.session_by_text(session).map(|session| session.id),
            (None, None, None) => self.current_session(context).map(|session| session.id),
            _ => self.resolve(parts, context).map(|target| target.session),
        }
    }

    /// The window that `text` means, with its active pane or the one that is named.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn find_window(&self, text: &str, context: &Context) -> Result<Target, TargetError> {
        self.find(text, Wanted::Window, context)
    }

    /// The pane that `text` means.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn find_pane(&self, text: &str, context: &Context) -> Result<Target, TargetError> {
        self.find(text, Wanted::Pane, context)
    }

    /// The place for a window that `text` means: `session:`, `session:7`, `7`, `+2`, or a window that is there.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn find_place(&self, text: &str, context: &Context) -> Result<Place, TargetError> {
        if let Some(target) = self.find_token(text, context) {
            return target.map(|target| Place { session: target.session, index: Some(target.index) });
        }
        let parts = Parts::of(text, Wanted::Window);
        let session = match parts.session {
            Some(session) => self.session_by_text(session)?,
            None => self.current_session(context)?,
        };
        let Some(window) = parts.window else { return Ok(Place { session: session.id, index: None }) };
        let place = |index: u32| Ok(Place { session: session.id, index: Some(index) });
        if let Ok(index) = window.parse::<u32>()
            && index <= super::INDEX_MAX
        {
            return place(index);
        }
        // Past the last window an offset is a free place, not a way around.
        if let Some((forward, by)) = offset(window) {
            let current = current_index(session, context);
            let index = if forward { current.checked_add(by) } else { current.checked_sub(by) };
            return place(index.filter(|index| *index <= super::INDEX_MAX).ok_or_else(|| not_found("window", window))?);
        }
        let target = if parts.session.is_some() {
            self.window_in_session(session, window, context).map(|(index, _)| (session.id, index))
        } else {
            self.resolve(parts, context).map(|target| (target.session, target.index))
        };
        target.map(|(session, index)| Place { session, index: Some(index) })
    }

    fn find(&self, text: &str, wanted: Wanted, context: &Context) -> Result<Target, TargetError> {
        if let Some(target) = self.find_token(text, context) {
            return target;
        }
        let found = self.resolve(Parts::of(text, wanted), context);
        if !matches!(found, Err(TargetError::NotFound { .. })) {
            return found;
        }
        // A window whose name has `.` or `:` in it, by its whole name.
        let (session, name) = match text.split_once(':').map(|(session, name)| (self.session_by_text(session), name)) {
            Some((Ok(session), name)) if !name.is_empty() => (session, name),
            _ => (self.current_session(context)?, text),
        };
        let mut named = session.winlinks.iter().filter(|(_, window)| self.windows.get(window).is_some_and(|window| window.name == name));
        match (named.next(), named.next()) {
            (Some((&index, &window)), None) => self.target(session, index, window, None),
            _ => found,
        }
    }

    /// `{mouse}` and `{marked}`, which stand for the whole.
    fn find_token(&self, text: &str, context: &Context) -> Option<Result<Target, TargetError>> {
        let (name, pane) = match text {
            "=" | "{mouse}" => ("mouse", context.mouse),
            "~" | "{marked}" => ("marked", context.marked),
            _ => return None,
        };
        let found = pane.and_then(|pane| self.target_of_pane(pane, context).ok());
        Some(found.ok_or(TargetError::NoSuchToken(name)))
    }

    fn resolve(&self, parts: Parts<'_>, context: &Context) -> Result<Target, TargetError> {
        match (parts.session, parts.window, parts.pane) {
            (None, None, None) => self.current(context),
            (None, None, Some(pane)) => self.bare_pane(pane, context),
            (None, Some(window), pane) => {
                let target = self.bare_window(window, context)?;
                match pane {
                    Some(pane) => self.with_pane(target, pane, context),
                    None => Ok(target),
                }
            }
            (Some(session), window, pane) => {
                let session = self.session_by_text(session)?;
                // An id of a pane says its window by itself.
                if let (None, Some(id)) = (window, pane.and_then(|pane| pane.parse::<PaneId>().ok())) {
                    let inside = self.panes.get(&id).filter(|pane| session.index_of(pane.window).is_some());
                    let window = inside.ok_or_else(|| not_found("pane", &id.to_string()))?.window;
                    return self.target(session, session.index_of(window).unwrap_or(session.current), window, Some(id));
                }
                let (index, window) = match window {
                    Some(window) => self.window_in_session(session, window, context)?,
                    None => self.current_window_of(session, context)?,
                };
                let target = self.target(session, index, window, None)?;
                match pane {
                    Some(pane) => self.with_pane(target, pane, context),
                    None => Ok(target),
                }
            }
        }
    }

    /// A word alone where a pane is wanted.
    fn bare_pane(&self, text: &str, context: &Context) -> Result<Target, TargetError> {
        if text.starts_with('%') {
            let id = text.parse().map_err(|_| not_found("pane", text))?;
            return self.target_of_pane(id, context);
        }
        let current = self.current(context)?;
        if !text.starts_with('=') {
            match self.with_pane(current, text, context) {
                Err(TargetError::NotFound { .. }) => {}
                found => return found,
            }
        }
        let found = self.bare_window(text, context);
        if !matches!(found, Err(TargetError::NotFound { .. })) {
            return found;
        }
        // Names of panes in other windows come last: a window's or session's name means that.
        let (name, exact_only) = exact(text);
        let all = || self.panes.values().filter_map(|pane| Some((pane.id, pane.name.as_deref()?)));
        match one_of("pane", name, exact_only, all, |pane| self.label(pane))? {
            Some(pane) => self.target_of_pane(pane, context),
            None => Err(not_found("pane", name)),
        }
    }

    /// A word alone where a window is wanted.
    fn bare_window(&self, text: &str, context: &Context) -> Result<Target, TargetError> {
        if let Ok(id) = text.parse::<WindowId>() {
            let (session, index) = self.link_of(id, context).ok_or_else(|| not_found("window", text))?;
            return self.target(session, index, id, None);
        }
        let session = self.current_session(context)?;
        match self.window_in_session(session, text, context) {
            Ok((index, window)) => return self.target(session, index, window, None),
            Err(TargetError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let session = match self.session_by_text(text) {
            Err(TargetError::NotFound { .. }) => return Err(not_found("window", text)),
            found => found?,
        };
        let (index, window) = self.current_window_of(session, context)?;
        self.target(session, index, window, None)
    }

    fn session_by_text(&self, text: &str) -> Result<&Session, TargetError> {
        let by_id = text.parse::<SessionId>().ok();
        if let Some(session) = by_id.and_then(|id| self.sessions.get(&id)).or_else(|| self.session_named(text)) {
            return Ok(session);
        }
        let (name, exact_only) = exact(text);
        let all = || self.sessions.values().map(|session| (session.id, session.name.as_str()));
        let label = |id| self.sessions.get(&id).map_or_else(String::new, |session| session.name.clone());
        let found = one_of("session", name, exact_only, all, label)?;
        found.and_then(|id| self.sessions.get(&id)).ok_or_else(|| not_found("session", name))
    }

    fn window_in_session(&self, session: &Session, text: &str, context: &Context) -> Result<(u32, WindowId), TargetError> {
        let (name, exact_only) = exact(text);
        let missing = || not_found("window", name);
        let at = |index: u32| session.winlinks.get(&index).map(|window| (index, *window)).ok_or_else(missing);
        if let Ok(id) = name.parse::<WindowId>() {
            return session.index_of(id).map(|index| (index, id)).ok_or_else(missing);
        }
        let current = current_index(session, context);
        if !exact_only {
            match name {
                "{start}" | "^" => return session.winlinks.iter().next().map(|(i, w)| (*i, *w)).ok_or_else(missing),
                "{end}" | "$" => return session.winlinks.iter().next_back().map(|(i, w)| (*i, *w)).ok_or_else(missing),
                "{last}" | "!" => return session.last.last().copied().ok_or_else(missing).and_then(at),
                "{current}" | "@" => return at(current),
                _ => {}
            }
            if let Some((forward, by)) = offset(name) {
                let count = u32::try_from(session.winlinks.len()).unwrap_or(u32::MAX).max(1);
                let step = |index| if forward { session.index_after(index) } else { session.index_before(index) };
                return at((0..by % count).try_fold(current, |index, _| step(index)).unwrap_or(current));
            }
        }
        if let Some(found) = name.parse().ok().and_then(|index: u32| at(index).ok()) {
            return Ok(found);
        }
        let all = || session.winlinks.iter().filter_map(|(index, id)| Some((*index, self.windows.get(id)?.name.as_str())));
        let label = |index: u32| match session.winlinks.get(&index).and_then(|id| self.windows.get(id)) {
            Some(window) => format!("{}:{index} ({} {})", session.name, window.id, window.name),
            None => String::new(),
        };
        one_of("window", name, exact_only, all, label)?.ok_or_else(missing).and_then(at)
    }

    /// `target` with the pane of its window that `text` means.
    fn with_pane(&self, target: Target, text: &str, context: &Context) -> Result<Target, TargetError> {
        let missing = || not_found("pane", text);
        let window = self.windows.get(&target.window).ok_or_else(missing)?;
        let pane = self.pane_in_window(window, text, context)?.ok_or_else(missing)?;
        Ok(Target { pane, ..target })
    }

    fn pane_in_window(&self, window: &Window, text: &str, context: &Context) -> Result<Option<PaneId>, TargetError> {
        let panes = window.panes();
        let active = context.pane.filter(|pane| panes.contains(pane)).unwrap_or(window.active);
        if let Ok(id) = text.parse::<PaneId>() {
            return Ok(Some(id).filter(|id| panes.contains(id)));
        }
        let beside = |direction| {
            let area = window.layout_area(self.arrange).size();
            window.layout.neighbour(active, direction, area, |pane| window.recency(pane))
        };
        let found = match text {
            "{last}" | "!" => window.last_panes.last().copied(),
            "{active}" | "@" => Some(active),
            "{up-of}" => beside(Direction::Up),
            "{down-of}" => beside(Direction::Down),
            "{left-of}" => beside(Direction::Left),
            "{right-of}" => beside(Direction::Right),
            _ => self.pane_at_edge(window, text),
        };
        if found.is_some() || text.starts_with('{') || text == "!" || text == "@" {
            return Ok(found);
        }
        if let Some((forward, by)) = offset(text) {
            let here = panes.iter().position(|pane| *pane == active).unwrap_or(0);
            let by = usize::try_from(by).unwrap_or(0) % panes.len().max(1);
            let place = if forward { here + by } else { here + panes.len() - by };
            return Ok(panes.get(place % panes.len().max(1)).copied());
        }
        if let Ok(index) = text.parse::<u32>() {
            let place = index.checked_sub(context.pane_base_index).and_then(|place| usize::try_from(place).ok());
            if let Some(pane) = place.and_then(|place| panes.get(place)) {
                return Ok(Some(*pane));
            }
        }
        let all = || panes.iter().filter_map(|id| Some((*id, self.panes.get(id)?.name.as_deref()?)));
        one_of("pane", text, false, all, |pane| self.label(pane))
    }

    /// `{top}` and so on: the pane in the middle of that edge or in that corner. Zoom is not looked at.
    fn pane_at_edge(&self, window: &Window, text: &str) -> Option<PaneId> {
        let arrangement = window.layout.arrange(window.layout_area(self.arrange));
        let area = arrangement.area;
        let (left, right) = (area.col, area.right().saturating_sub(1));
        let (top, bottom) = (area.row, area.bottom().saturating_sub(1));
        let (middle_col, middle_row) = (area.col + area.cols / 2, area.row + area.rows / 2);
        let (col, row) = match text {
            "{top}" => (middle_col, top),
            "{bottom}" => (middle_col, bottom),
            "{left}" => (left, middle_row),
            "{right}" => (right, middle_row),
            "{top-left}" => (left, top),
            "{top-right}" => (right, top),
            "{bottom-left}" => (left, bottom),
            "{bottom-right}" => (right, bottom),
            _ => return None,
        };
        let point = Point { col, row };
        // A divider belongs to the pane before it.
        arrangement.pane_at(point).or_else(|| {
            let near = |rect: &crate::geometry::Rect| {
                (rect.col..=rect.right()).contains(&point.col) && (rect.row..=rect.bottom()).contains(&point.row)
            };
            arrangement.panes.iter().find(|(_, rect)| near(rect)).map(|(pane, _)| *pane)
        })
    }

    fn label(&self, pane: PaneId) -> String {
        match self.panes.get(&pane).and_then(|pane| pane.name.as_deref()) {
            Some(name) => format!("{pane} ({name})"),
            None => pane.to_string(),
        }
    }

    /// What is meant without any text.
    fn current(&self, context: &Context) -> Result<Target, TargetError> {
        if let Some(Ok(target)) = context.pane.map(|pane| self.target_of_pane(pane, context)) {
            return Ok(target);
        }
        let session = self.current_session(context)?;
        let (index, window) = self.current_window_of(session, context)?;
        self.target(session, index, window, None)
    }

    fn current_session(&self, context: &Context) -> Result<&Session, TargetError> {
        if let Some(session) = context.session.and_then(|id| self.sessions.get(&id)) {
            return Ok(session);
        }
        let window = context.pane.and_then(|pane| self.panes.get(&pane)).map(|pane| pane.window).or(context.window);
        let of_window = window.and_then(|window| self.sessions_of(window).next());
        of_window.or_else(|| self.sessions.values().next_back()).ok_or(TargetError::NoSessions)
    }

    fn current_window_of(&self, session: &Session, context: &Context) -> Result<(u32, WindowId), TargetError> {
        let index = current_index(session, context);
        let window = session.winlinks.get(&index).copied();
        window.map(|window| (index, window)).ok_or_else(|| not_found("window", &session.name))
    }

    /// A session and index of `window`: the asker's session if it is there.
    fn link_of(&self, window: WindowId, context: &Context) -> Option<(&Session, u32)> {
        let own = context.session.and_then(|id| self.sessions.get(&id)).filter(|session| session.index_of(window).is_some());
        let session = own.or_else(|| self.sessions_of(window).next())?;
        Some((session, session.index_of(window)?))
    }

    fn target_of_pane(&self, pane: PaneId, context: &Context) -> Result<Target, TargetError> {
        let missing = || not_found("pane", &pane.to_string());
        let window = self.panes.get(&pane).ok_or_else(missing)?.window;
        let (session, index) = self.link_of(window, context).ok_or_else(missing)?;
        self.target(session, index, window, Some(pane))
    }

    fn target(&self, session: &Session, index: u32, window: WindowId, pane: Option<PaneId>) -> Result<Target, TargetError> {
        let missing = || not_found("window", &window.to_string());
        let active = self.windows.get(&window).ok_or_else(missing)?.active;
        Ok(Target { session: session.id, index, window, pane: pane.unwrap_or(active) })
    }
}

/// The index of the window of `session` that the asker looks at, or else the session's current one.
fn current_index(session: &Session, context: &Context) -> u32 {
    let own = context.window.filter(|_| context.session == Some(session.id));
    own.and_then(|window| session.index_of(window)).unwrap_or(session.current)
}

fn not_found(what: &'static str, text: &str) -> TargetError {
    TargetError::NotFound { what, text: text.to_owned() }
}

/// A name without the `=` that asks for just that name, and whether it was there.
fn exact(text: &str) -> (&str, bool) {
    text.strip_prefix('=').map_or((text, false), |name| (name, true))
}

/// `{next}`, `+`, `+3`, `{previous}`, `-`, `-3`: forward or not, and how far.
fn offset(text: &str) -> Option<(bool, u32)> {
    let (forward, by) = match text {
        "{next}" => (true, ""),
        "{previous}" => (false, ""),
        _ => (text.starts_with('+'), text.strip_prefix(['+', '-'])?),
    };
    if by.is_empty() {
        return Some((forward, 1));
    }
    by.bytes().all(|b| b.is_ascii_digit()).then(|| by.parse().ok())?.map(|by| (forward, by))
}

/// The one thing of that name, or else the one whose name begins so, or else the one that the name as a pattern fits.
fn one_of<'a, T: Copy, I: Iterator<Item = (T, &'a str)>>(
    what: &'static str,
    text: &str,
    exact_only: bool,
    all: impl Fn() -> I,
    label: impl Fn(T) -> String,
) -> Result<Option<T>, TargetError> {
    if text.is_empty() {
        return Ok(None);
    }
    let fits: [&dyn Fn(&str) -> bool; 3] = [&|name| name == text, &|name| name.starts_with(text), &|name| matches_glob(text, name)];
    for fits in fits.into_iter().take(if exact_only { 1 } else { 3 }) {
        let found: Vec<T> = all().filter(|(_, name)| fits(name)).map(|(item, _)| item).take(CANDIDATES_MAX).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(Some(*one)),
            several => {
                let candidates = several.iter().map(|item| label(*item)).collect();
                return Err(TargetError::Ambiguous { what, text: text.to_owned(), candidates });
            }
        }
    }
    Ok(None)
}

/// Whether `name` fits `pattern`, where `*` is anything, `?` any character, and `[a-z]`, `[!a-z]` a character of a set.
fn matches_glob(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on if what follows the last star does not fit: the star takes one more.
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() || p < pattern.len() {
        let step = match (pattern.get(p), name.get(n)) {
            (Some('*'), _) => {
                retry = Some((p, n + 1));
                p += 1;
                continue;
            }
            (Some('?'), Some(_)) => Some(p + 1),
            (Some('['), Some(c)) => set(&pattern, p, *c),
            (Some(a), Some(b)) if a == b => Some(p + 1),
            _ => None,
        };
        match (step, retry) {
            (Some(next), _) => (p, n) = (next, n + 1),
            (None, Some((star, next))) if next <= name.len() => {
                (p, n) = (star + 1, next);
                retry = Some((star, next + 1));
            }
            _ => return false,
        }
    }
    true
}

/// If the set that opens at `open` has `c`, where the pattern goes on. A set that is never closed is a plain `[`.
fn set(pattern: &[char], open: usize, c: char) -> Option<usize> {
    let negated = matches!(pattern.get(open + 1), Some('!' | '^'));
    let start = open + 1 + usize::from(negated);
    let Some(length) = pattern.get(start + 1..).and_then(|rest| rest.iter().position(|c| *c == ']')) else {
        return (c == '[').then_some(open + 1);
    };
    let members = pattern.get(start..start + 1 + length)?;
    let mut found = false;
    let mut at = 0;
    while let Some(&low) = members.get(at) {
        if let (Some('-'), Some(&high)) = (members.get(at + 1), members.get(at + 2)) {
            found |= (low..=high).contains(&c);
            at += 3;
        } else {
            found |= low == c;
            at += 1;
        }
    }
    (found != negated).then_some(start + length + 2)
}
