//! From tree to rectangles, and who stands beside whom.

use super::tree::{Layout, Node};
use crate::geometry::{Axis, Direction, Point, Rect, Size};
use crate::ids::PaneId;

/// Where everything goes in one area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// What panes and dividers tile exactly: the area asked for, or more where that is under the layout's minimum (then crop).
    pub area: Rect,
    /// The panes in layout order, each at least 1x1.
    pub panes: Vec<(PaneId, Rect)>,
    /// The dividers, as many as panes less one, in the order of the pane after each.
    pub dividers: Vec<Divider>,
}

/// The line of one cell between two siblings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divider {
    /// The cells of the line: one column if `axis` is horizontal, one row if it is vertical.
    pub rect: Rect,
    /// The axis of the split it is in, which is the way it can be moved.
    pub axis: Axis,
    /// The last pane, in layout order, of the part before it.
    pub before: PaneId,
    /// The first pane, in layout order, of the part after it. No two dividers have the same: this is a divider's lasting name.
    pub after: PaneId,
}

impl Arrangement {
    /// One pane that has the whole area, as when there is only one or it is zoomed.
    #[must_use]
    pub fn whole(pane: PaneId, area: Rect) -> Self {
        Self { area, panes: vec![(pane, area)], dividers: Vec::new() }
    }

    /// The rectangle of `pane`.
    #[must_use]
    pub fn rect_of(&self, pane: PaneId) -> Option<Rect> {
        self.panes.iter().find(|(id, _)| *id == pane).map(|(_, rect)| *rect)
    }

    /// The pane whose rectangle has `point`.
    #[must_use]
    pub fn pane_at(&self, point: Point) -> Option<PaneId> {
        self.panes.iter().find(|(_, rect)| rect.contains(point)).map(|(pane, _)| *pane)
    }

    /// The divider that has `point`.
    #[must_use]
    pub fn divider_at(&self, point: Point) -> Option<&Divider> {
        self.dividers.iter().find(|divider| divider.rect.contains(point))
    }
}

impl Layout {
    /// Computes where the panes and dividers are in `area`.
    ///
    /// The result depends on nothing but the layout and `area`, and does not change the layout: growing back restores. Areas under
    /// [`Layout::minimum`] get a larger arrangement that starts at the same point.
    #[must_use]
    pub fn arrange(&self, area: Rect) -> Arrangement {
        let fitted = self.fitted(area.size());
        let area = Rect { cols: fitted.size.cols, rows: fitted.size.rows, ..area };
        let mut arrangement = Arrangement { area, panes: Vec::new(), dividers: Vec::new() };
        place(&fitted.root, area, &mut arrangement);
        arrangement
    }

    /// The pane beside `pane` in `direction` in `area`, as tmux's `select-pane -L -R -U -D`.
    ///
    /// Beyond the window's edge it goes on at the opposite edge. Among several it is the one for which `recent` is greatest, then the
    /// first. `None` if there is none (a full-height pane has nothing above it) or `pane` is not here.
    #[must_use]
    pub fn neighbour(&self, pane: PaneId, direction: Direction, area: Size, recent: impl Fn(PaneId) -> u64) -> Option<PaneId> {
        let arrangement = self.arrange(area.to_rect());
        let from = arrangement.rect_of(pane)?;
        let whole = arrangement.area;
        let (start, end) = span(from, direction.axis().across());
        let mut best: Option<(PaneId, u64)> = None;
        for &(other, rect) in arrangement.panes.iter().filter(|(other, _)| *other != pane) {
            let touches = match direction {
                Direction::Left if from.col == 0 => rect.right() == whole.right(),
                Direction::Left => rect.right() + 1 == from.col,
                Direction::Right if from.right() == whole.right() => rect.col == 0,
                Direction::Right => from.right() + 1 == rect.col,
                Direction::Up if from.row == 0 => rect.bottom() == whole.bottom(),
                Direction::Up => rect.bottom() + 1 == from.row,
                Direction::Down if from.bottom() == whole.bottom() => rect.row == 0,
                Direction::Down => from.bottom() + 1 == rect.row,
            };
            // The divider after `pane` counts as its own, as in tmux: a pane of one row beside a divider has a neighbour all the same.
            let (other_start, other_end) = span(rect, direction.axis().across());
            if touches && other_start <= end && other_end > start && best.is_none_or(|(_, used)| recent(other) > used) {
                best = Some((other, recent(other)));
            }
        }
        best.map(|(pane, _)| pane)
    }
}

/// The first cell of `rect` along `axis` and the first behind it.
fn span(rect: Rect, axis: Axis) -> (u16, u16) {
    match axis {
        Axis::Horizontal => (rect.col, rect.right()),
        Axis::Vertical => (rect.row, rect.bottom()),
    }
}

fn place(node: &Node, area: Rect, into: &mut Arrangement) {
    let split = match node {
        Node::Leaf(pane) => return into.panes.push((*pane, area)),
        Node::Split(split) => split,
    };
    let mut rest = area;
    let mut before = None;
    for child in &split.children {
        if let (Some(before), Some(after)) = (before, child.node.first_pane()) {
            let mut rect = rest;
            let (start, room) = along_mut(&mut rect, split.axis);
            (*start, *room) = (start.saturating_sub(1), 1);
            into.dividers.push(Divider { rect, axis: split.axis, before, after });
        }
        let mut part = rest;
        *along_mut(&mut part, split.axis).1 = child.len;
        place(&child.node, part, into);
        before = into.panes.last().map(|(pane, _)| *pane);
        let step = child.len.saturating_add(1);
        let (start, room) = along_mut(&mut rest, split.axis);
        (*start, *room) = (start.saturating_add(step), room.saturating_sub(step));
    }
}

/// Where `rect` starts along `axis`, and its length.
fn along_mut(rect: &mut Rect, axis: Axis) -> (&mut u16, &mut u16) {
    match axis {
        Axis::Horizontal => (&mut rect.col, &mut rect.cols),
        Axis::Vertical => (&mut rect.row, &mut rect.rows),
    }
}
