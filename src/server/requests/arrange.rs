//! Where panes and windows are: sizes, layouts, places.

use super::make::{Beside, split_size};
use super::{Handled, done, link};
use crate::geometry::Axis;
use crate::layout::{MainSize, Preset, SplitSize};
use crate::protocol::message::{LayoutHow, ResizeHow};
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
