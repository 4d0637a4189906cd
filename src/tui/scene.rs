//! Where things stand on the outer terminal: the status line, the window's visible part, each pane's visible part.
//!
//! Three coordinate systems meet here. *Outer* cells are the outer terminal's. *Window* cells are those of the window's layout, which may be larger
//! than the viewport (then a part is shown, around the cursor or where the user panned) or smaller (then it stands at the top left and the rest
//! is dots). *Pane* cells are those of the pane's screen, which while a resize is under way, or when another client has it zoomed, may be larger or
//! smaller than its place.
//!
//! ```text
//! outer          window                  pane
//! ┌──────────┐   ┌─────┬─────────┐
//! │ visible  │ = │   ┌─┼───┐     │       crop: the pane's cell at the top left of what is visible of it
//! │ part     │   │   │ │   │ ◄───┼─ pan  pan: the window's cell at the top left of the viewport
//! ├──────────┤   │   └─┼───┘     │
//! │ status   │   └─────┴─────────┘
//! └──────────┘
//! ```

use super::model::{Model, Replica};
use crate::geometry::{Axis, Point, Rect, Size};
use crate::ids::PaneId;
use crate::protocol::message::DividerPlace;

/// A pane's visible part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The pane.
    pub pane: PaneId,
    /// Its visible cells, outer.
    pub outer: Rect,
    /// The pane's cell that stands at the top left of them.
    pub crop: Point,
}

/// A divider's visible part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedDivider {
    /// Its cells, outer.
    pub outer: Rect,
    /// The axis along which it moves.
    pub axis: Axis,
}

/// A pane's title line, as far as it is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedTitle {
    /// The pane.
    pub pane: PaneId,
    /// Its cells, outer: one row.
    pub outer: Rect,
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scene {
    /// The row of the status line, outer.
    pub status: Option<u16>,
    /// The cells for windows, outer.
    pub viewport: Option<Rect>,
    /// What of it the window fills.
    pub window: Option<Rect>,
    /// The window's cell at the top left of that.
    pub pan: Point,
    /// The panes, in layout order.
    pub panes: Vec<Placed>,
    /// The dividers.
    pub dividers: Vec<PlacedDivider>,
    /// The title lines.
    pub titles: Vec<PlacedTitle>,
}

/// Arranges what the model looks at.
#[must_use]
pub fn arrange(model: &Model) -> Scene {
    let viewport_size = model.viewport();
    let has_status = model.settings.status && model.size.rows > 1;
    let top = u16::from(has_status && model.settings.status_top());
    let viewport = Rect { col: 0, row: top, cols: viewport_size.cols, rows: viewport_size.rows };
    let mut scene = Scene {
        status: has_status.then(|| if model.settings.status_top() { 0 } else { model.size.rows - 1 }),
        viewport: Some(viewport),
        ..Scene::default()
    };
    let Some(window) = model.window() else { return scene };
    let visible = Size::new(window.size.cols.min(viewport.cols), window.size.rows.min(viewport.rows));
    scene.window = Some(Rect { cols: visible.cols, rows: visible.rows, ..viewport });
    scene.pan = pan(model, window.size, visible);
    let to_outer = |rect: Rect| visible_part(rect, scene.pan, visible, viewport);
    let zoomed = model.zoom().is_some();
    for place in model.places() {
        if let Some((outer, cut)) = to_outer(place.rect) {
            let crop = model.replicas.get(&place.pane).map_or_else(Point::default, |replica| crop(model, place.pane, replica, place.rect));
            let crop = Point { col: crop.col.saturating_add(cut.col), row: crop.row.saturating_add(cut.row) };
            scene.panes.push(Placed { pane: place.pane, outer, crop });
        }
        if window.titles && !zoomed && place.rect.row > 0 {
            let title = Rect { row: place.rect.row - 1, rows: 1, ..place.rect };
            scene.titles.extend(to_outer(title).map(|(outer, _)| PlacedTitle { pane: place.pane, outer }));
        }
    }
    if !zoomed {
        let dividers = window.dividers.iter();
        scene.dividers =
            dividers.filter_map(|divider| Some(PlacedDivider { outer: to_outer(divider.rect)?.0, axis: divider.axis })).collect();
    }
    scene
}

/// The part of `rect` (window cells) that is visible, outer, and how much of it is cut off at its left and top.
fn visible_part(rect: Rect, pan: Point, visible: Size, viewport: Rect) -> Option<(Rect, Point)> {
    let shown = Rect { col: pan.col, row: pan.row, cols: visible.cols, rows: visible.rows }.intersection(rect)?;
    let cut = Point { col: shown.col - rect.col, row: shown.row - rect.row };
    let outer = Rect { col: shown.col - pan.col + viewport.col, row: shown.row - pan.row + viewport.row, ..shown };
    Some((outer, cut))
}

/// The pane's cell at the top left of its place: not 0, 0 when its screen is larger than the place and the cursor would be outside.
fn crop(model: &Model, pane: PaneId, replica: &Replica, place: Rect) -> Point {
    if model.modes.contains_key(&pane) {
        return Point::default();
    }
    let (at, size) = (replica.screen.cursor.at, replica.screen.size);
    let cut = |at: u16, size: u16, room: u16| if size > room && at >= room { (at + 1 - room).min(size - room) } else { 0 };
    Point { col: cut(at.col, size.cols, place.cols), row: cut(at.row, size.rows, place.rows) }
}

/// Which part of a window larger than the viewport is shown: where the user panned to, else around the cursor of the focused pane.
fn pan(model: &Model, window: Size, visible: Size) -> Point {
    let last = Point { col: window.cols - visible.cols, row: window.rows - visible.rows };
    if last == Point::default() {
        return last;
    }
    if let Some(pan) = model.pan {
        return Point { col: pan.col.min(last.col), row: pan.row.min(last.row) };
    }
    let Some(focus) = model.focus() else { return Point::default() };
    let place = model.place(focus).unwrap_or_else(|| window.to_rect());
    let at = model.replicas.get(&focus).map_or_else(Point::default, |replica| replica.screen.cursor.at);
    let around = |at: u16, visible: u16, last: u16| {
        if at < visible { 0 } else { (at - visible / 2).min(last) }
    };
    let (col, row) = (place.col.saturating_add(at.col), place.row.saturating_add(at.row));
    Point { col: around(col, visible.cols, last.col), row: around(row, visible.rows, last.row) }
}

impl Scene {
    /// The pane at an outer cell, and its own cell there.
    #[must_use]
    pub fn pane_at(&self, at: Point) -> Option<(PaneId, Point)> {
        let placed = self.panes.iter().find(|placed| placed.outer.contains(at))?;
        Some((placed.pane, placed.inner(at)))
    }

    /// Where a pane is.
    #[must_use]
    pub fn placed(&self, pane: PaneId) -> Option<&Placed> {
        self.panes.iter().find(|placed| placed.pane == pane)
    }

    /// The window's cell at an outer cell inside the window.
    #[must_use]
    pub fn window_cell(&self, at: Point) -> Option<Point> {
        let window = self.window.filter(|window| window.contains(at))?;
        Some(Point { col: at.col - window.col + self.pan.col, row: at.row - window.row + self.pan.row })
    }

    /// The divider at an outer cell, in window cells.
    #[must_use]
    pub fn divider_at<'a>(&self, model: &'a Model, at: Point) -> Option<&'a DividerPlace> {
        let cell = self.window_cell(at)?;
        model.window()?.dividers.iter().find(|divider| divider.rect.contains(cell)).filter(|_| model.zoom().is_none())
    }
}

impl Placed {
    /// The pane's cell at an outer cell; the nearest one if that lies outside.
    #[must_use]
    pub fn inner(&self, at: Point) -> Point {
        let along = |at: u16, from: u16, len: u16, crop: u16| at.clamp(from, from.saturating_add(len.saturating_sub(1))) - from + crop;
        Point {
            col: along(at.col, self.outer.col, self.outer.cols, self.crop.col),
            row: along(at.row, self.outer.row, self.outer.rows, self.crop.row),
        }
    }

    /// The outer cell of a pane's cell, if it is visible.
    #[must_use]
    pub fn outer_cell(&self, cell: Point) -> Option<Point> {
        let col = cell.col.checked_sub(self.crop.col)?.checked_add(self.outer.col)?;
        let row = cell.row.checked_sub(self.crop.row)?.checked_add(self.outer.row)?;
        Some(Point { col, row }).filter(|point| self.outer.contains(*point))
    }
}
