//! Commands on windows and on their places in sessions.

use super::apply::{Done, Work, name_after, tidy};
use super::command::{At, CommandError, Effect, LayoutChoice, Outcome, Program, Winlink};
use super::state::{Cause, ExitStatus, Session, Window};
use crate::geometry::Size;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::layout::{Layout, MainSize, Preset};

impl Session {
    /// Whether a window can go to `at`; `leaving` is the index of one that goes away first.
    fn check_place(&self, at: At, leaving: Option<u32>) -> Result<(), CommandError> {
        let taken = |index: u32| Some(index) != leaving && self.winlinks.contains_key(&index);
        match at {
            At::Free => self.free_index(self.base_index).map(|_| ()).ok_or(CommandError::InvalidIndex(self.base_index)),
            At::Index(index) | At::Replace(index) if index > super::INDEX_MAX => Err(CommandError::InvalidIndex(index)),
            At::Index(index) if taken(index) => Err(CommandError::IndexInUse(index)),
            At::Index(_) | At::Replace(_) => Ok(()),
            At::Before(index) | At::After(index) => {
                if !self.winlinks.contains_key(&index) {
                    return Err(CommandError::NoIndex(index));
                }
                self.free_index(index).map(|_| ()).ok_or(CommandError::InvalidIndex(index))
            }
        }
    }

    /// The index for `at`, which was checked, made free if it has to be: windows in the way move up. Nothing is unlinked here.
    fn make_place(&mut self, at: At) -> u32 {
        let first = match at {
            At::Free => return self.free_index(self.base_index).unwrap_or(self.base_index),
            At::Index(index) | At::Replace(index) => return index,
            At::Before(index) => index,
            At::After(index) => index.saturating_add(1),
        };
        let Some(free) = self.free_index(first) else { return first };
        for from in (first..free).rev() {
            self.renumber(from, from + 1);
        }
        first
    }

    /// Gives the window at `from` the free index `to`.
    fn renumber(&mut self, from: u32, to: u32) {
        let Some(window) = self.winlinks.remove(&from) else { return };
        self.winlinks.insert(to, window);
        if self.current == from {
            self.current = to;
        }
        for last in &mut self.last {
            if *last == from {
                *last = to;
            }
        }
    }

    fn make_current(&mut self, index: u32) {
        if index != self.current && self.winlinks.contains_key(&index) {
            let old = std::mem::replace(&mut self.current, index);
            self.last.retain(|last| *last != index && *last != old);
            self.last.push(old);
        }
    }

    /// Takes the link at `index` out; the current window is then the last one, or the one before, or the one after.
    fn unlink(&mut self, index: u32) {
        self.winlinks.remove(&index);
        self.last.retain(|last| *last != index);
        if self.current == index {
            let next = self.last.pop().or_else(|| self.index_before(index));
            self.current = next.unwrap_or(self.base_index);
        }
    }
}

impl Work<'_> {
    pub(super) fn window_at(&self, link: Winlink) -> Result<WindowId, CommandError> {
        self.session(link.session)?.winlinks.get(&link.index).copied().ok_or(CommandError::NoIndex(link.index))
    }

    /// Files a new window with one new pane. It is in no session yet.
    pub(super) fn add_window(
        &mut self,
        session: SessionId,
        name: String,
        automatic_rename: bool,
        size: Size,
        program: Program,
    ) -> (WindowId, PaneId) {
        let id = WindowId(self.state.next_window);
        let pane = self.add_pane(id, session, program);
        (self.file_window(name, automatic_rename, size, pane), pane)
    }

    /// Files a new window around a pane that is in no other. It is in no session yet.
    pub(super) fn file_window(&mut self, name: String, automatic_rename: bool, size: Size, pane: PaneId) -> WindowId {
        let id = WindowId(self.state.next_window);
        self.state.next_window += 1;
        let window = Window {
            id,
            name,
            automatic_rename,
            layout: Layout::single(pane),
            active: pane,
            last_panes: Vec::new(),
            size: size.at_least_one(),
            zoomed: None,
            bell: false,
            activity: false,
            remain_on_exit: None,
            last_preset: None,
            created_ms: self.now_ms,
        };
        self.state.windows.insert(id, window);
        self.rearranged(id);
        id
    }

    pub(super) fn check_place(&self, session: SessionId, at: At) -> Result<(), CommandError> {
        self.session(session)?.check_place(at, None)
    }

    /// Links `window` into `session` at a place that was checked.
    pub(super) fn link(&mut self, window: WindowId, session_id: SessionId, at: At, select: bool) {
        let Some(session) = self.state.sessions.get_mut(&session_id) else { return };
        let index = session.make_place(at);
        let replaced = session.winlinks.insert(index, window);
        // The first window of a session that had none for a moment.
        if !session.winlinks.contains_key(&session.current) {
            session.current = index;
        }
        if select {
            session.make_current(index);
        }
        self.dirty.sessions.insert(session_id);
        if let Some(replaced) = replaced
            && self.state.sessions_of(replaced).next().is_none()
        {
            self.close_window(replaced);
        }
    }

    /// Takes a link out; a session without windows closes. The window itself is left alone.
    fn unlink(&mut self, link: Winlink) {
        let Some(session) = self.state.sessions.get_mut(&link.session) else { return };
        session.unlink(link.index);
        self.dirty.sessions.insert(link.session);
        if session.winlinks.is_empty() {
            self.close_session(link.session);
        }
    }

    /// Removes a window, its panes and its links. Does nothing if there is no such window.
    pub(super) fn close_window(&mut self, window: WindowId) {
        let Some(closed) = self.state.windows.remove(&window) else { return };
        for pane in closed.panes() {
            if let Some(pane) = self.state.panes.remove(&pane) {
                self.bury(&pane, Cause::Killed, ExitStatus::Unknown, "");
                self.effects.push(Effect::PaneClosed(pane.id));
            }
        }
        self.effects.push(Effect::WindowClosed(window));
        let links: Vec<Winlink> = self
            .state
            .sessions
            .values()
            .flat_map(|session| {
                let links = session.winlinks.iter().filter(|(_, linked)| **linked == window);
                links.map(|(index, _)| Winlink { session: session.id, index: *index })
            })
            .collect();
        for link in links {
            self.unlink(link);
        }
    }

    pub(super) fn new_window(&mut self, session: SessionId, at: At, name: Option<String>, select: bool, program: Program) -> Done {
        self.check_place(session, at)?;
        let size = self.session(session)?.current_window().and_then(|window| self.state.windows.get(&window)).map(|window| window.size);
        let automatic = name.is_none();
        let name = name.map_or_else(|| name_after(&program.argv), |name| tidy(&name));
        let (window, pane) = self.add_window(session, name, automatic, size.unwrap_or(Size::new(80, 24)), program);
        self.link(window, session, at, select);
        Ok(Outcome { session: Some(session), window: Some(window), pane: Some(pane), cells: 0 })
    }

    pub(super) fn kill_window(&mut self, window: WindowId) -> Done {
        self.window(window)?;
        self.close_window(window);
        Ok(Outcome { window: Some(window), ..Outcome::default() })
    }

    pub(super) fn kill_other_windows(&mut self, link: Winlink) -> Done {
        let kept = self.window_at(link)?;
        let windows: Vec<WindowId> = self.session(link.session)?.winlinks.values().copied().filter(|window| *window != kept).collect();
        for window in windows {
            self.close_window(window);
        }
        Ok(Outcome { session: Some(link.session), window: Some(kept), ..Outcome::default() })
    }

    pub(super) fn rename_window(&mut self, window: WindowId, name: &str, by_itself: bool) -> Done {
        let name = tidy(name);
        self.edit_window(window, |window| {
            if !by_itself {
                window.automatic_rename = false;
            } else if !window.automatic_rename {
                return;
            }
            window.name = name;
        })
    }

    pub(super) fn select_window(&mut self, link: Winlink) -> Done {
        let window = self.window_at(link)?;
        self.edit_session(link.session, |session| session.make_current(link.index))?;
        self.edit_window(window, |window| (window.bell, window.activity) = (false, false))?;
        let pane = self.window(window)?.active;
        Ok(Outcome { session: Some(link.session), window: Some(window), pane: Some(pane), cells: 0 })
    }

    pub(super) fn step_window(&mut self, id: SessionId, forward: bool, alerts: bool) -> Done {
        let session = self.session(id)?;
        let wanted = |index: u32| {
            let window = session.winlinks.get(&index).and_then(|window| self.state.windows.get(window));
            !alerts || window.is_some_and(|window| window.bell || window.activity)
        };
        let mut index = session.current;
        for _ in 0..session.winlinks.len() {
            let next = if forward { session.index_after(index) } else { session.index_before(index) };
            index = next.unwrap_or(index);
            if index != session.current && wanted(index) {
                return self.select_window(Winlink { session: id, index });
            }
        }
        Err(CommandError::NoOtherWindow(if forward { "next" } else { "previous" }))
    }

    pub(super) fn last_window(&mut self, id: SessionId) -> Done {
        let index = self.session(id)?.last.last().copied().ok_or(CommandError::NoOtherWindow("last"))?;
        self.select_window(Winlink { session: id, index })
    }

    pub(super) fn move_window(&mut self, from: Winlink, session: SessionId, at: At, select: bool) -> Done {
        let window = self.window_at(from)?;
        let same = from.session == session;
        let outcome = Outcome { session: Some(session), window: Some(window), ..Outcome::default() };
        self.session(session)?.check_place(at, same.then_some(from.index))?;
        if same && matches!(at, At::Index(i) | At::Replace(i) | At::Before(i) | At::After(i) if i == from.index) {
            if select {
                self.edit_session(session, |session| session.make_current(from.index))?;
            }
            return Ok(outcome);
        }
        if same {
            // The free index is looked for while the window is still there, so that it moves.
            let at = match at {
                At::Free => self.session(session).map(|s| s.free_index(s.base_index))?.map_or(at, At::Index),
                at => at,
            };
            let was_current = self.session(session)?.current == from.index;
            self.edit_session(session, |session| session.unlink(from.index))?;
            self.link(window, session, at, select || was_current);
        } else {
            self.link(window, session, at, select);
            self.unlink(from);
        }
        Ok(outcome)
    }

    pub(super) fn renumber_windows(&mut self, session: SessionId) -> Done {
        self.edit_session(session, |session| {
            let old: Vec<u32> = session.winlinks.keys().copied().collect();
            let renamed = |index: u32| {
                let place = old.iter().position(|old| *old == index).and_then(|place| u32::try_from(place).ok()).unwrap_or(0);
                session.base_index.saturating_add(place)
            };
            let winlinks = session.winlinks.iter().map(|(index, window)| (renamed(*index), *window)).collect();
            let current = renamed(session.current);
            let last = session.last.iter().map(|index| renamed(*index)).collect();
            (session.winlinks, session.current, session.last) = (winlinks, current, last);
        })
    }

    pub(super) fn swap_windows(&mut self, a: Winlink, b: Winlink, select: bool) -> Done {
        let (window_a, window_b) = (self.window_at(a)?, self.window_at(b)?);
        self.edit_session(a.session, |session| _ = session.winlinks.insert(a.index, window_b))?;
        self.edit_session(b.session, |session| _ = session.winlinks.insert(b.index, window_a))?;
        if select {
            self.edit_session(b.session, |session| session.make_current(b.index))?;
        }
        Ok(Outcome { session: Some(b.session), window: Some(window_a), ..Outcome::default() })
    }

    pub(super) fn link_window(&mut self, window: WindowId, session: SessionId, at: At, select: bool) -> Done {
        self.window(window)?;
        self.check_place(session, at)?;
        self.link(window, session, at, select);
        Ok(Outcome { session: Some(session), window: Some(window), ..Outcome::default() })
    }

    pub(super) fn unlink_window(&mut self, link: Winlink, kill: bool) -> Done {
        let window = self.window_at(link)?;
        let links: usize = self.state.sessions_of(window).map(|s| s.winlinks.values().filter(|linked| **linked == window).count()).sum();
        if links > 1 {
            self.unlink(link);
        } else if kill {
            self.close_window(window);
        } else {
            return Err(CommandError::OnlyLink);
        }
        Ok(Outcome { session: Some(link.session), window: Some(window), ..Outcome::default() })
    }

    pub(super) fn select_layout(&mut self, window: WindowId, choice: LayoutChoice, main: MainSize) -> Done {
        let options = self.state.arrange;
        let here = self.window(window)?;
        let (mut layout, last) = (here.layout.clone(), here.last_preset);
        let area = here.layout_area(options).size();
        let preset = match choice {
            LayoutChoice::Preset(preset) => Some(preset),
            LayoutChoice::Next => Some(last.map_or(Preset::EvenHorizontal, Preset::next)),
            LayoutChoice::Previous => Some(last.map_or(Preset::Tiled, Preset::previous)),
            LayoutChoice::Text(_) | LayoutChoice::Spread(_) => None,
        };
        match (preset, choice) {
            (Some(preset), _) => layout.apply_preset(preset, area, main),
            // The basis stays what the text says: in a window of that size its lengths come out exactly.
            (None, LayoutChoice::Text(text)) => layout = Layout::parse(&text)?.put_upon(&layout.panes())?,
            (None, LayoutChoice::Spread(pane)) if layout.contains(pane) => _ = layout.spread(pane, area),
            (None, LayoutChoice::Spread(pane)) => return Err(CommandError::NoPane(pane)),
            (None, LayoutChoice::Preset(_) | LayoutChoice::Next | LayoutChoice::Previous) => {}
        }
        self.edit_arranged(window, |window| {
            window.layout = layout;
            window.last_preset = preset;
            window.zoomed = None;
        })
    }

    pub(super) fn rotate_panes(&mut self, window: WindowId, forward: bool) -> Done {
        self.edit_arranged(window, |window| {
            window.zoomed = None;
            let place = window.index_of(window.active).unwrap_or(0);
            window.layout.rotate(forward);
            if let Some(pane) = window.panes().get(place) {
                window.make_active(*pane);
            }
        })
    }
}
