//! What a question sees of a pane ([`super::Workers::ask`]). It runs in the pane's worker between two slices, so it sees one consistent moment, and
//! should be done within a millisecond or so: the worker's other panes wait.

use super::pane::Pane;
use super::store::Store;
use crate::geometry::Size;
use crate::ids::PaneId;
use crate::platform;
use crate::terminal::history::History;
use crate::terminal::{Modes, Screen};

/// A pane, for the time of a question.
pub struct PaneView<'a> {
    pane: &'a mut Pane,
}

impl<'a> PaneView<'a> {
    pub(super) fn new(pane: &'a mut Pane) -> Self {
        Self { pane }
    }

    /// Which pane.
    #[must_use]
    pub fn pane(&self) -> PaneId {
        self.pane.id
    }

    /// Which start of its program.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        self.pane.incarnation
    }

    /// The screen as it is now.
    pub fn screen(&mut self) -> &Screen {
        self.pane.engine.screen()
    }

    /// The modes of the screen.
    pub fn modes(&mut self) -> Modes {
        self.pane.engine.screen().modes
    }

    /// The history.
    #[must_use]
    pub fn history(&self) -> &History<Store> {
        &self.pane.history
    }

    /// The size.
    #[must_use]
    pub fn size(&self) -> Size {
        self.pane.size
    }

    /// Bytes that were printed in the pane's life and interpreted.
    #[must_use]
    pub fn stream_offset(&self) -> u64 {
        self.pane.parsed
    }

    /// The title last set by the program, if any.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.pane.meta.title.as_deref()
    }

    /// The working directory last reported by the program, if any.
    #[must_use]
    pub fn cwd(&self) -> Option<&str> {
        self.pane.meta.cwd.as_deref()
    }

    /// Whether it is shown raw.
    #[must_use]
    pub fn degraded(&self) -> bool {
        self.pane.degraded
    }

    /// What runs in the foreground.
    #[must_use]
    pub fn foreground(&self) -> Option<platform::Foreground> {
        use std::os::fd::AsFd as _;
        platform::foreground(self.pane.master.as_fd())
    }

    /// Empties the history (`clear-history`).
    pub fn clear_history(&mut self) {
        self.pane.history.clear();
        let at = self.pane.parsed;
        self.pane.history.commit(at);
        self.pane.viewers.touch();
    }

    /// Where its output may be held up, for a test that waits for it in vain.
    #[cfg(test)]
    pub(super) fn state(&self) -> String {
        use std::os::fd::AsFd as _;
        let master = self.pane.master.as_fd();
        let poll = platform::wait_readable(master, Some(std::time::Duration::ZERO));
        format!(
            "{}, {poll:?}, {:?} bytes wait, head {}",
            self.pane.state(),
            platform::readable(master),
            self.pane.history.segments().0.head()
        )
    }
}
