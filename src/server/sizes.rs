//! Whose viewport a window has.
//!
//! By default (`latest`) a window is governed by one of the attachments that look at it: the one that typed, gave a command by hand, or resized last.
//! Attaching makes nobody the governor as long as another one that takes part looks at the window, so a second client changes nothing for the first;
//! it crops. An attachment whose connection is lost goes on governing during its grace, and a window without viewers keeps its size: the program in
//! it notices nothing. Observers and agents never count, nor do commands, which have no viewport.
//!
//! The governor's zoom is the window's: its panes are resized for it. Others may zoom for themselves, and see the pane in the size it has.

use super::event::ConnectionId;
use super::options::WindowSize;
use super::owner::Server;
use crate::geometry::Size;
use crate::ids::{AttachmentId, OperatorId, WindowId};
use crate::operator::{Kind, Role, Roster};
use crate::session::Command;

/// One who looks at a window, as the choice sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Viewer {
    attachment: AttachmentId,
    /// Connected.
    live: bool,
    /// When it typed or resized last; greater is later, 0 never.
    governed_at: u64,
}

/// Whether an operator's viewports count: an agent reads, whatever size it says it has.
fn counts(roster: &Roster, operator: OperatorId) -> bool {
    roster.operator(operator).is_none_or(|there| there.kind != Kind::Agent)
}

/// Who governs now, given who did.
fn choose(viewers: &[Viewer], before: Option<AttachmentId>) -> Option<AttachmentId> {
    let stays = before.filter(|before| viewers.iter().any(|viewer| viewer.attachment == *before));
    let newest = viewers.iter().filter(|viewer| viewer.live).max_by_key(|viewer| (viewer.governed_at, viewer.attachment));
    stays.or(newest.map(|viewer| viewer.attachment))
}

impl Server {
    /// The client's terminal has another size.
    pub(super) fn set_viewport(&mut self, connection: ConnectionId, size: Size) {
        let Some(attachment) = self.attachment_of(connection) else { return };
        let Some(seat) = self.seats.get_mut(&attachment) else { return };
        seat.viewport = super::clients::sane_viewport(size);
        self.roster_changed = true;
        let window = seat.view.window;
        self.govern(attachment, window);
        self.sizes_due.insert(window);
    }

    /// Somebody did something by hand at this client, which looks where the hand is.
    pub(super) fn active(&mut self, connection: ConnectionId) {
        let Some(attachment) = self.attachment_of(connection) else { return };
        self.show_input(attachment, super::owner::now_ms());
        if let Some(window) = self.seats.get(&attachment).map(|seat| seat.view.window) {
            self.govern(attachment, window);
        }
    }

    /// `attachment` typed or resized in `window`: it governs from now on, if it takes part and looks at it.
    pub(super) fn govern(&mut self, attachment: AttachmentId, window: WindowId) {
        let Some(seat) = self.seats.get_mut(&attachment) else { return };
        if seat.role == Role::Observer || !counts(&self.roster, seat.operator) || seat.view.window != window {
            return;
        }
        self.stamp += 1;
        seat.governed_at = self.stamp;
        if self.governors.insert(window, attachment) != Some(attachment) {
            self.sizes_due.insert(window);
        }
    }

    /// Sizes the windows of which something changed that decides about it.
    pub(super) fn settle_sizes(&mut self) {
        for window in std::mem::take(&mut self.sizes_due) {
            if self.state.windows.contains_key(&window) {
                self.size_window(window);
            }
        }
    }

    fn size_window(&mut self, window: WindowId) {
        let viewing = || {
            self.seats
                .iter()
                .filter(|(_, seat)| seat.view.window == window && seat.role != Role::Observer && counts(&self.roster, seat.operator))
        };
        let viewers: Vec<Viewer> = viewing()
            .map(|(id, seat)| Viewer { attachment: *id, live: seat.connection.is_some(), governed_at: seat.governed_at })
            .collect();
        let live = || viewing().map(|(_, seat)| seat).filter(|seat| seat.connection.is_some()).map(|seat| seat.viewport);
        let Some(governor) = choose(&viewers, self.governors.get(&window).copied()) else {
            // Nobody looks: the size stays, and the next viewer governs.
            self.governors.remove(&window);
            return;
        };
        self.governors.insert(window, governor);
        let Some(seat) = self.seats.get(&governor) else { return };
        let size = match self.options.window_size {
            WindowSize::Latest => seat.connection.is_some().then_some(seat.viewport),
            WindowSize::Largest => live().reduce(|a, b| Size::new(a.cols.max(b.cols), a.rows.max(b.rows))),
            WindowSize::Smallest => live().reduce(|a, b| Size::new(a.cols.min(b.cols), a.rows.min(b.rows))),
            WindowSize::Manual => None,
        };
        let zoom = seat.view.zoom;
        if let Some(size) = size
            && self.state.windows.get(&window).is_some_and(|window| window.size != size)
        {
            self.apply_late(Command::SetWindowSize { window, size });
        }
        if self.state.windows.get(&window).is_some_and(|window| window.zoomed != zoom && window.layout.count() > 1) {
            self.apply_late(Command::SetZoom { window, pane: zoom });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(id: u64, live: bool, governed_at: u64) -> Viewer {
        Viewer { attachment: AttachmentId(id), live, governed_at }
    }

    #[test]
    fn attaching_displaces_nobody_and_the_last_to_type_follows_who_left() {
        let a = Some(AttachmentId(1));
        assert_eq!(choose(&[viewer(1, true, 0)], None), a, "alone");
        assert_eq!(choose(&[viewer(1, true, 0), viewer(2, true, 0)], a), a, "a second one attached");
        assert_eq!(choose(&[viewer(1, false, 5), viewer(2, true, 9)], a), a, "lost connections govern during their grace");
        assert_eq!(choose(&[viewer(2, true, 3), viewer(3, true, 7), viewer(4, false, 9)], a), Some(AttachmentId(3)), "the governor left");
        assert_eq!(choose(&[viewer(2, false, 3)], None), None, "nobody is there");
        assert_eq!(choose(&[], a), None);
    }
}
