//! Every way in which the state can be wrong.

use std::collections::BTreeSet;

use super::state::{State, TOMBSTONES_MAX};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::layout;

/// What is wrong with a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Something is filed under another id than its own.
    #[error("{0} is filed under another id")]
    Misfiled(String),
    /// An id that is in use would be given again.
    #[error("{0} is in use but not given yet")]
    IdFromTheFuture(String),
    /// Two sessions of one name.
    #[error("two sessions are named {0:?}")]
    DuplicateName(String),
    /// A session without windows.
    #[error("session {0} has no windows")]
    EmptySession(SessionId),
    /// A session's link, current or last index leads nowhere, or is listed twice.
    #[error("session {session}: bad window index {index}")]
    BadIndex {
        /// The session.
        session: SessionId,
        /// The index.
        index: u32,
    },
    /// A window that no session has.
    #[error("window {0} is in no session")]
    Unlinked(WindowId),
    /// A window's layout is broken.
    #[error("window {0}: {1}")]
    Layout(WindowId, #[source] layout::Broken),
    /// A window's layout, active pane, last panes or zoom, and the panes that say they are in it, disagree.
    #[error("window {window} and pane {pane} disagree")]
    Disagree {
        /// The window.
        window: WindowId,
        /// The pane.
        pane: PaneId,
    },
    /// More tombstones than there may be.
    #[error("{0} tombstones are too many")]
    Tombstones(usize),
}

impl State {
    /// Looks for everything that can be wrong.
    ///
    /// # Errors
    /// The first thing found.
    pub fn check(&self) -> Result<(), Broken> {
        self.check_sessions()?;
        self.check_windows()?;
        for (id, pane) in &self.panes {
            if pane.id != *id {
                return Err(Broken::Misfiled(id.to_string()));
            }
            if id.0 >= self.next_pane {
                return Err(Broken::IdFromTheFuture(id.to_string()));
            }
            if !self.windows.get(&pane.window).is_some_and(|window| window.layout.contains(*id)) {
                return Err(Broken::Disagree { window: pane.window, pane: *id });
            }
        }
        if self.tombstones.len() > TOMBSTONES_MAX {
            return Err(Broken::Tombstones(self.tombstones.len()));
        }
        Ok(())
    }

    fn check_sessions(&self) -> Result<(), Broken> {
        let mut names = BTreeSet::new();
        for (id, session) in &self.sessions {
            if session.id != *id {
                return Err(Broken::Misfiled(id.to_string()));
            }
            if id.0 >= self.next_session {
                return Err(Broken::IdFromTheFuture(id.to_string()));
            }
            if !names.insert(&session.name) {
                return Err(Broken::DuplicateName(session.name.clone()));
            }
            if session.winlinks.is_empty() {
                return Err(Broken::EmptySession(*id));
            }
            let bad = |index: u32| Err(Broken::BadIndex { session: *id, index });
            for (&index, window) in &session.winlinks {
                if index > super::INDEX_MAX || !self.windows.contains_key(window) {
                    return bad(index);
                }
            }
            let mut seen = BTreeSet::from([session.current]);
            if !session.winlinks.contains_key(&session.current) {
                return bad(session.current);
            }
            for &index in &session.last {
                if !seen.insert(index) || !session.winlinks.contains_key(&index) {
                    return bad(index);
                }
            }
        }
        Ok(())
    }

    fn check_windows(&self) -> Result<(), Broken> {
        let linked: BTreeSet<_> = self.sessions.values().flat_map(|session| session.winlinks.values()).collect();
        for (id, window) in &self.windows {
            if window.id != *id {
                return Err(Broken::Misfiled(id.to_string()));
            }
            if id.0 >= self.next_window {
                return Err(Broken::IdFromTheFuture(id.to_string()));
            }
            if !linked.contains(id) {
                return Err(Broken::Unlinked(*id));
            }
            window.layout.check().map_err(|broken| Broken::Layout(*id, broken))?;
            let disagree = |pane: PaneId| Err(Broken::Disagree { window: *id, pane });
            let panes: BTreeSet<_> = window.panes().into_iter().collect();
            for pane in &panes {
                if self.panes.get(pane).is_none_or(|pane| pane.window != *id) {
                    return disagree(*pane);
                }
            }
            if !panes.contains(&window.active) {
                return disagree(window.active);
            }
            let mut seen = BTreeSet::from([window.active]);
            for last in &window.last_panes {
                if !seen.insert(*last) || !panes.contains(last) {
                    return disagree(*last);
                }
            }
            if let Some(zoomed) = window.zoomed
                && (zoomed != window.active || panes.len() < 2)
            {
                return disagree(zoomed);
            }
        }
        Ok(())
    }
}
