//! Where panes and windows are: sizes, layouts, places.

use super::make::{Beside, split_size};
use super::{Handled, done, link};
use crate::geometry::Axis;
use crate::ids::AttachmentId;
use crate::layout::{MainSize, Preset, SplitSize};
use crate::protocol::message::{LayoutHow, Made, Notice, Refusal, Reply, ResizeHow, ServerMessage, View};
use crate::server::event::ConnectionId;
use crate::server::owner::{Server, refusal};
use crate::session::{At, Command, LayoutChoice};

impl Server {
    pub(super) fn resize(&mut self, connection: ConnectionId, target: Option<&str>, how: ResizeHow) -> Handled {
        let at = self.pane(connection, target)?;
        let command = match how {
            ResizeHow::Edge(direction, cells) => Command::ResizePane { pane: at.pane, direction, cells },
            ResizeHow::Length(axis, share) => Command::SetPaneLength { pane: at.pane, axis, size: split_size(share) },
            ResizeHow::Divider(from, to) => {
                let arrangement = self.state.pane_rects(at.window);
                let divider = arrangement.and_then(|arrangement| arrangement.divider_at(from).copied());
                let divider = divider.ok_or_else(|| refusal("bad_request", "no divider is there"))?;
                let to = match divider.axis {
                    Axis::Horizontal => to.col,
                    Axis::Vertical => to.row,
                };
                Command::MoveDivider { after: divider.after, to }
            }
        };
        self.command(command)
    }

    /// What one looks at is one's own: one client is asked to look so, and tells us its view as ever.
    pub(super) fn zoom(&mut self, connection: ConnectionId, target: Option<&str>, client: Option<AttachmentId>) -> Handled {
        let at = self.pane(connection, target)?;
        let seat = |id: &AttachmentId| self.seats.get(id).filter(|seat| seat.connection.is_some() && seat.view.window == at.window);
        let viewer = match client {
            Some(client) if !self.seats.contains_key(&client) => {
                return Err(refusal("no_such_target", format!("can't find client: {client}")));
            }
            Some(client) => Some(client).filter(|client| seat(client).is_some()),
            None => {
                let used = |id: &AttachmentId| self.roster.attachment(*id).map_or(0, |attachment| attachment.last_input_ms);
                self.seats.keys().filter(|id| seat(id).is_some()).max_by_key(|id| (used(id), **id)).copied()
            }
        };
        let Some((viewer, seat)) = viewer.and_then(|viewer| Some((viewer, seat(&viewer)?))) else {
            let who = client.map_or_else(|| "no client".to_owned(), |client| format!("client {client} does not"));
            let message = format!("{who} look{} at the window of pane {}", if client.is_some() { "" } else { "s" }, at.pane);
            let hint = Some("zoom belongs to a client: `baton roster` shows who looks where".to_owned());
            return Err(Refusal { hint, ..refusal("no_viewer", message) });
        };
        if self.state.windows.get(&at.window).is_none_or(|window| window.layout.count() < 2) {
            return Err(refusal("bad_request", format!("pane {} is alone in its window and fills it already", at.pane)));
        }
        let zoom = (seat.view.zoom != Some(at.pane)).then_some(at.pane);
        let view = View { focus: at.pane, zoom, ..seat.view.clone() };
        if let Some(viewing) = seat.connection {
            self.send_to(viewing, &ServerMessage::Notice(Notice::Look(view)));
        }
        let made = Made { window: Some(at.window), pane: Some(at.pane), ..Made::default() };
        tracing::debug!(%viewer, pane = %at.pane, zoomed = zoom.is_some(), "asked to zoom");
        Ok(Reply::Done(made))
    }

    pub(super) fn select_layout(&mut self, connection: ConnectionId, target: Option<&str>, how: LayoutHow) -> Handled {
        let at = self.pane(connection, target)?;
        let choice = match how {
            LayoutHow::Named(name) => match Preset::from_name(&name) {
                Some(preset) => LayoutChoice::Preset(preset),
                None if name.contains(',') => LayoutChoice::Text(name),
                None => return Err(refusal("bad_request", format!("no layout is called {name}"))),
            },
            LayoutHow::Next => LayoutChoice::Next,
            LayoutHow::Previous => LayoutChoice::Previous,
            LayoutHow::Spread => LayoutChoice::Spread(at.pane),
        };
        let main = SplitSize::Percent(self.options.main_pane_percent);
        let outcome = self.apply(Command::SelectLayout { window: at.window, choice, main: MainSize { cols: main, rows: main } })?;
        done(&outcome)
    }

    pub(super) fn swap_panes(&mut self, connection: ConnectionId, source: Option<&str>, target: Option<&str>) -> Handled {
        let (a, b) = (self.pane(connection, source)?, self.pane(connection, target)?);
        self.command(Command::SwapPanes { a: a.pane, b: b.pane, select: true })
    }

    pub(super) fn break_pane(&mut self, connection: ConnectionId, source: Option<&str>, name: Option<String>, background: bool) -> Handled {
        let at = self.pane(connection, source)?;
        self.command(Command::BreakPane { pane: at.pane, session: at.session, at: At::Free, name, select: !background })
    }

    pub(super) fn join_pane(&mut self, connection: ConnectionId, source: Option<&str>, target: Option<&str>, beside: Beside) -> Handled {
        let (pane, target) = (self.pane(connection, source)?.pane, self.pane(connection, target)?.pane);
        self.command(Command::JoinPane { pane, place: beside.of(target), select: true })
    }

    pub(super) fn move_window(&mut self, connection: ConnectionId, source: Option<&str>, target: Option<&str>, renumber: bool) -> Handled {
        if renumber {
            let session = self.session(connection, target.or(source))?;
            return self.command(Command::RenumberWindows { session });
        }
        let from = self.window(connection, source)?;
        let place = self.place(connection, target)?;
        let at = place.index.map_or(At::Free, At::Index);
        self.command(Command::MoveWindow { from: link(&from), session: place.session, at, select: true })
    }

    pub(super) fn swap_windows(&mut self, connection: ConnectionId, source: Option<&str>, target: Option<&str>) -> Handled {
        let (a, b) = (self.window(connection, source)?, self.window(connection, target)?);
        self.command(Command::SwapWindows { a: link(&a), b: link(&b), select: false })
    }

    pub(super) fn link_window(&mut self, connection: ConnectionId, source: Option<&str>, target: Option<&str>) -> Handled {
        let window = self.window(connection, source)?.window;
        let place = self.place(connection, target)?;
        let at = place.index.map_or(At::Free, At::Index);
        self.command(Command::LinkWindow { window, session: place.session, at, select: true })
    }
}
