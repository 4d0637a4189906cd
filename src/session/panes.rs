//! Commands on panes.

use std::collections::BTreeMap;

use super::apply::{Done, Work, last_part, name_after, tidy};
use super::command::{At, CommandError, Effect, Outcome, Placement, Program};
use super::state::{ArrangeOptions, Cause, ExitStatus, PaneStatus, RemainOnExit, Window};
use crate::geometry::{Axis, Direction, Rect, Size};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::layout::{Layout, SplitError, SplitSize};

impl Window {
    /// Makes `pane` the active one, and notes the one before. A zoom stays with its pane and so ends, unless that is the pane.
    pub(super) fn make_active(&mut self, pane: PaneId) {
        if pane != self.active && self.layout.contains(pane) {
            let old = std::mem::replace(&mut self.active, pane);
            self.last_panes.retain(|last| *last != pane && *last != old);
            if self.layout.contains(old) {
                self.last_panes.push(old);
            }
        }
        if self.zoomed.is_some_and(|zoomed| zoomed != self.active) {
            self.zoomed = None;
        }
    }

    /// Takes out a pane that is not the only one. The one that was active before is active then, or else the one before it, or after it.
    fn take_out(&mut self, pane: PaneId) {
        let place = self.index_of(pane).unwrap_or(0);
        if self.layout.remove(pane).is_err() {
            return;
        }
        self.last_panes.retain(|last| *last != pane);
        if self.active == pane {
            let panes = self.layout.panes();
            let next = self.last_panes.pop().or_else(|| panes.get(place.saturating_sub(1)).copied());
            self.active = next.unwrap_or(self.active);
        }
        // A pane in the background that closes does not end the zoom of another, unless that is the last one left.
        if self.layout.count() < 2 || self.zoomed.is_some_and(|zoomed| zoomed != self.active) {
            self.zoomed = None;
        }
    }

    /// This window's layout with `pane` in it at `place`, for the area that it will then have.
    fn layout_with(&self, layout: &Layout, pane: PaneId, place: Placement, options: ArrangeOptions) -> Result<Layout, SplitError> {
        let split = |area: Size| {
            let mut layout = layout.clone();
            let Placement { target, axis, before, full_span, size } = place;
            layout.split(target, axis, before, full_span, size, pane, area).map(|()| layout)
        };
        let whole = self.size.at_least_one();
        if options.titles && whole.rows > 1 {
            // There will be titles, if the panes leave room for them.
            let with_titles = split(Size { rows: whole.rows - 1, ..whole });
            if with_titles.is_ok() {
                return with_titles;
            }
        }
        split(whole)
    }
}

impl Work<'_> {
    pub(super) fn split_pane(&mut self, place: Placement, select: bool, program: Program) -> Done {
        let window = self.window_of(place.target)?;
        let id = window.id;
        let new = PaneId(self.state.next_pane);
        let layout = window.layout_with(&window.layout, new, place, self.state.arrange)?;
        // A window is always in a session.
        let session = self.state.sessions_of(id).next().map(|session| session.id).ok_or(CommandError::NoWindow(id))?;
        let pane = self.add_pane(id, session, program);
        self.edit_arranged(id, |window| {
            window.layout = layout;
            window.zoomed = None;
            if select {
                window.make_active(pane);
            }
        })?;
        Ok(Outcome { session: Some(session), window: Some(id), pane: Some(pane), cells: 0 })
    }

    /// Removes a pane from state and layout, with its window if it was the last. The tombstone says `cause` and `status`.
    fn close_pane(&mut self, id: PaneId, cause: Cause, status: ExitStatus, last_screen: &str) {
        let Some(pane) = self.state.panes.remove(&id) else { return };
        self.bury(&pane, cause, status, last_screen);
        self.effects.push(Effect::PaneClosed(id));
        self.take_from_window(id, pane.window);
    }

    /// Takes a pane out of its window, and closes the window if it was the last.
    fn take_from_window(&mut self, pane: PaneId, window_id: WindowId) {
        let Some(window) = self.state.windows.get_mut(&window_id) else { return };
        if window.layout.count() > 1 {
            window.take_out(pane);
            self.rearranged(window_id);
        } else {
            self.close_window(window_id);
        }
    }

    pub(super) fn kill_pane(&mut self, id: PaneId) -> Done {
        let window = self.pane(id)?.window;
        self.close_pane(id, Cause::Killed, ExitStatus::Unknown, "");
        Ok(Outcome { window: Some(window), pane: Some(id), ..Outcome::default() })
    }

    pub(super) fn kill_other_panes(&mut self, id: PaneId) -> Done {
        let window = self.window_of(id)?;
        let (window, others) = (window.id, window.panes().into_iter().filter(|other| *other != id).collect::<Vec<_>>());
        for other in others {
            self.close_pane(other, Cause::Killed, ExitStatus::Unknown, "");
        }
        Ok(Outcome { window: Some(window), pane: Some(id), ..Outcome::default() })
    }

    pub(super) fn select_pane(&mut self, pane: PaneId, keep_zoom: bool) -> Done {
        let window = self.window_of(pane)?.id;
        self.edit_arranged_if_zoomed(window, |window| {
            let zoomed = window.zoomed.is_some() && keep_zoom;
            window.make_active(pane);
            if zoomed {
                window.zoomed = Some(pane);
            }
        })?;
        Ok(Outcome { window: Some(window), pane: Some(pane), ..Outcome::default() })
    }

    /// Changes a window; its arrangement is only another if the zoom is.
    fn edit_arranged_if_zoomed(&mut self, id: WindowId, edit: impl FnOnce(&mut Window)) -> Done {
        let before = self.window(id)?.zoomed;
        let outcome = self.edit_window(id, edit)?;
        if self.window(id)?.zoomed != before {
            self.arrange.insert(id);
        }
        Ok(outcome)
    }

    pub(super) fn select_neighbour(&mut self, pane: PaneId, direction: Direction, keep_zoom: bool) -> Done {
        let window = self.window_of(pane)?;
        let area = window.layout_area(self.state.arrange).size();
        let neighbour = window.layout.neighbour(pane, direction, area, |pane| window.recency(pane));
        self.select_pane(neighbour.ok_or(CommandError::NoNeighbour)?, keep_zoom)
    }

    pub(super) fn last_pane(&mut self, window: WindowId, keep_zoom: bool) -> Done {
        let pane = self.window(window)?.last_panes.last().copied().ok_or(CommandError::NoLastPane)?;
        self.select_pane(pane, keep_zoom)
    }

    /// Changes the lengths of the layout that `pane` is in; `change` returns by how many cells an edge moved.
    pub(super) fn resize(&mut self, pane: PaneId, change: impl FnOnce(&mut Layout, Rect) -> u16) -> Done {
        let options = self.state.arrange;
        let id = self.window_of(pane)?.id;
        let mut cells = 0;
        self.edit_arranged(id, |window| {
            window.zoomed = None;
            let area = window.layout_area(options);
            let mut layout = window.layout.clone();
            cells = change(&mut layout, area);
            // A layout that only changed its basis is left as it was: nobody asked for that.
            if cells > 0 {
                window.layout = layout;
            }
        })?;
        Ok(Outcome { window: Some(id), pane: Some(pane), cells, ..Outcome::default() })
    }

    pub(super) fn set_pane_length(&mut self, pane: PaneId, axis: Axis, size: SplitSize) -> Done {
        // As tmux, a percentage is of the window.
        let whole = self.window_of(pane)?.size.along(axis);
        let cells = match size {
            SplitSize::Half => whole / 2,
            SplitSize::Cells(cells) => cells,
            SplitSize::Percent(percent) => u16::try_from(u32::from(whole) * u32::from(percent.min(100)) / 100).unwrap_or(whole),
        };
        self.resize(pane, |layout, area| layout.set_length(pane, axis, cells, area.size()))
    }

    pub(super) fn swap_panes(&mut self, a: PaneId, b: PaneId, select: bool) -> Done {
        if a == b {
            return Err(CommandError::SamePane);
        }
        let (window_a, window_b) = (self.window_of(a)?.id, self.window_of(b)?.id);
        if window_a == window_b {
            self.edit_arranged(window_a, |window| {
                window.zoomed = None;
                window.layout.swap(a, b);
                if select || window.active == a {
                    window.make_active(b);
                } else if window.active == b {
                    window.make_active(a);
                }
            })?;
        } else {
            for (window, old, new) in [(window_a, a, b), (window_b, b, a)] {
                self.edit_arranged(window, |window| {
                    window.zoomed = None;
                    window.layout.replace(old, new);
                    window.last_panes.retain(|last| *last != old);
                    if window.active == old {
                        window.active = new;
                    } else if select {
                        window.make_active(new);
                    }
                })?;
                self.edit_pane(new, |pane| pane.window = window)?;
            }
        }
        Ok(Outcome { window: Some(window_b), pane: Some(a), ..Outcome::default() })
    }

    pub(super) fn break_pane(&mut self, pane: PaneId, session: SessionId, at: At, name: Option<String>, select: bool) -> Done {
        let window = self.window_of(pane)?;
        if window.layout.count() < 2 {
            return Err(CommandError::OnlyPane);
        }
        let (old, size) = (window.id, window.size);
        self.check_place(session, at)?;
        let automatic = name.is_none();
        let name = match name {
            Some(name) => tidy(&name),
            None => name_after(&self.pane(pane)?.command),
        };
        self.take_from_window(pane, old);
        let new = self.file_window(name, automatic, size, pane);
        self.edit_pane(pane, |pane| pane.window = new)?;
        self.link(new, session, at, select);
        Ok(Outcome { session: Some(session), window: Some(new), pane: Some(pane), cells: 0 })
    }

    pub(super) fn join_pane(&mut self, pane: PaneId, place: Placement, select: bool) -> Done {
        if pane == place.target {
            return Err(CommandError::SamePane);
        }
        let (from, to) = (self.window_of(pane)?.id, self.window_of(place.target)?.id);
        let window = self.window(to)?;
        let mut layout = window.layout.clone();
        if from == to {
            // Cannot fail: the target is there as well.
            let _removed = layout.remove(pane);
        }
        let layout = window.layout_with(&layout, pane, place, self.state.arrange)?;
        if from != to {
            self.edit_pane(pane, |pane| pane.window = to)?;
            self.leave_window(pane, from);
        }
        self.edit_arranged(to, |window| {
            window.layout = layout;
            window.zoomed = None;
            if select {
                window.make_active(pane);
            }
        })?;
        Ok(Outcome { window: Some(to), pane: Some(pane), ..Outcome::default() })
    }

    /// Takes a pane that goes elsewhere out of its window. A window that is left without panes closes, and the pane lives on.
    fn leave_window(&mut self, pane: PaneId, window: WindowId) {
        // Closing a window buries the panes of its layout that are in the state: not this one, for the moment.
        let moving = self.state.panes.remove(&pane);
        self.take_from_window(pane, window);
        if let Some(moving) = moving {
            self.state.panes.insert(pane, moving);
        }
    }

    pub(super) fn set_zoom(&mut self, window: WindowId, pane: Option<PaneId>) -> Done {
        if let Some(pane) = pane
            && self.window_of(pane)?.id != window
        {
            return Err(CommandError::NoPane(pane));
        }
        self.edit_arranged_if_zoomed(window, |window| match pane {
            Some(pane) if window.layout.count() > 1 => {
                window.make_active(pane);
                window.zoomed = Some(pane);
            }
            Some(_) => {}
            None => window.zoomed = None,
        })
    }

    pub(super) fn respawn_pane(
        &mut self,
        id: PaneId,
        kill: bool,
        argv: Option<Vec<String>>,
        cwd: Option<String>,
        environment: BTreeMap<String, String>,
    ) -> Done {
        let pane = self.pane(id)?.clone();
        if !pane.is_dead() && !kill {
            return Err(CommandError::StillActive(id));
        }
        let session = self.state.sessions_of(pane.window).next().map(|session| session.id);
        let session = session.ok_or(CommandError::NoWindow(pane.window))?;
        self.bury(&pane, Cause::Killed, ExitStatus::Unknown, "");
        let incarnation = pane.incarnation.saturating_add(1);
        let (argv, cwd) = (argv.unwrap_or(pane.command), cwd.unwrap_or(pane.cwd));
        self.edit_pane(id, |pane| {
            pane.incarnation = incarnation;
            pane.status = PaneStatus::Starting;
            pane.pid = None;
            pane.command.clone_from(&argv);
            pane.cwd.clone_from(&cwd);
        })?;
        self.spawn(id, incarnation, pane.window, session, argv, cwd, environment);
        Ok(Outcome { session: Some(session), window: Some(pane.window), pane: Some(id), cells: 0 })
    }

    pub(super) fn pane_started(&mut self, id: PaneId, incarnation: u32, pid: u32) -> Outcome {
        let now_ms = self.now_ms;
        if let Some(pane) = self.state.panes.get_mut(&id)
            && pane.incarnation == incarnation
            && pane.status == PaneStatus::Starting
        {
            pane.status = PaneStatus::Running;
            pane.pid = Some(pid);
            pane.started_ms = now_ms;
            self.dirty.panes.insert(id);
        }
        Outcome { pane: Some(id), ..Outcome::default() }
    }

    pub(super) fn pane_exited(
        &mut self,
        id: PaneId,
        incarnation: u32,
        status: ExitStatus,
        remain: RemainOnExit,
        last_screen: &str,
    ) -> Outcome {
        let outcome = Outcome { pane: Some(id), ..Outcome::default() };
        let Some(pane) = self.state.panes.get(&id).filter(|pane| pane.incarnation == incarnation && !pane.is_dead()) else {
            let tombstone = self.state.tombstones.iter_mut().rev().find(|dead| dead.pane == id && dead.incarnation == incarnation);
            if let Some(tombstone) = tombstone.filter(|tombstone| tombstone.status == ExitStatus::Unknown) {
                tombstone.status = status;
            }
            return self.record_last_screen(id, incarnation, last_screen);
        };
        let window_says = self.state.windows.get(&pane.window).and_then(|window| window.remain_on_exit);
        let keep = match pane.remain_on_exit.or(window_says).unwrap_or(remain) {
            RemainOnExit::Off => false,
            RemainOnExit::On => true,
            RemainOnExit::Failed => status != ExitStatus::Code(0),
        };
        if !keep {
            self.close_pane(id, Cause::Exit, status, last_screen);
        } else if let Some(pane) = self.state.panes.get_mut(&id) {
            pane.status = PaneStatus::Dead { status, at_ms: self.now_ms };
            pane.pid = None;
            self.dirty.panes.insert(id);
        }
        outcome
    }

    pub(super) fn pane_lost(&mut self, id: PaneId, last_screen: &str) -> Done {
        let window = self.pane(id)?.window;
        self.close_pane(id, Cause::Lost, ExitStatus::Unknown, last_screen);
        Ok(Outcome { window: Some(window), pane: Some(id), ..Outcome::default() })
    }

    pub(super) fn record_last_screen(&mut self, id: PaneId, incarnation: u32, last_screen: &str) -> Outcome {
        let tombstone = self.state.tombstones.iter_mut().rev().find(|dead| dead.pane == id && dead.incarnation == incarnation);
        if let Some(tombstone) = tombstone.filter(|tombstone| tombstone.last_screen.is_empty()) {
            last_part(last_screen).clone_into(&mut tombstone.last_screen);
        }
        Outcome { pane: Some(id), ..Outcome::default() }
    }

    pub(super) fn set_pane_name(&mut self, pane: PaneId, name: Option<&str>) -> Done {
        if let Some(name) = name
            && (name.is_empty() || name.chars().any(char::is_control) || name.chars().count() > super::NAME_MAX)
        {
            return Err(CommandError::InvalidName { what: "pane", name: name.to_owned() });
        }
        self.edit_pane(pane, |pane| pane.name = name.map(str::to_owned))
    }
}
