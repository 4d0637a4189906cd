//! Lengths change: the window's, a pane's, a divider's place.
//!
//! Everything comes down to [`Node::adjust`]: a node gets longer or shorter by some cells, and deals them out among its children, one
//! each in turn from the first, as tmux does. Growing has no limit but the width of the numbers. Shrinking skips children that have one
//! cell a pane left; callers never ask for more than [`Node::spare`].

use super::tree::{Layout, Node, Split, cells, with_length};
use crate::geometry::{Axis, Direction, Rect, Size};
use crate::ids::PaneId;

impl Node {
    /// The cells that a node of length `len` along `axis` can lose.
    pub(super) fn spare(&self, axis: Axis, len: u16) -> u16 {
        cells(u32::from(len).saturating_sub(self.minimum(axis)))
    }

    /// Passes on to the children that this node's length along `axis` has changed. The node's own length is its parent's business.
    pub(super) fn adjust(&mut self, axis: Axis, change: i32) {
        let Self::Split(split) = self else { return };
        if split.axis != axis {
            split.children.iter_mut().for_each(|child| child.node.adjust(axis, change));
            return;
        }
        let room: Vec<u32> = if change >= 0 {
            vec![u32::MAX; split.children.len()]
        } else {
            split.children.iter().map(|child| u32::from(child.node.spare(axis, child.len))).collect()
        };
        let parts = deal(change.unsigned_abs(), &room);
        for (index, part) in parts.into_iter().enumerate() {
            let part = i32::try_from(part).unwrap_or(i32::MAX);
            split.adjust_child(index, if change < 0 { -part } else { part });
        }
    }

    /// Sets this node's length along `axis` from `old` to `new`, every child keeping its part of the whole as far as minimums allow.
    /// `new` is at least the node's minimum.
    pub(super) fn scale(&mut self, axis: Axis, old: u16, new: u16) {
        let Self::Split(split) = self else { return };
        if split.axis != axis {
            split.children.iter_mut().for_each(|child| child.node.scale(axis, old, new));
            return;
        }
        let minimums: Vec<u32> = split.children.iter().map(|child| child.node.minimum(axis)).collect();
        let mut left = u32::from(new);
        let mut needed_after = minimums.iter().sum::<u32>() + split.gaps();
        let last = split.children.len().saturating_sub(1);
        for (index, (child, minimum)) in split.children.iter_mut().zip(minimums).enumerate() {
            needed_after = needed_after.saturating_sub(minimum);
            let wanted = u32::from(child.len) * u32::from(new) / u32::from(old).max(1);
            let most = left.saturating_sub(needed_after);
            let len = cells(if index == last { left } else { wanted.min(most).max(minimum) });
            child.node.scale(axis, child.len, len);
            child.len = len;
            left = left.saturating_sub(u32::from(len) + 1);
            needed_after = needed_after.saturating_sub(1);
        }
    }
}

/// Deals out `total` in ones, to each in turn from the first, none getting more than its `room`. What nobody has room for is not dealt.
pub(super) fn deal(mut total: u32, room: &[u32]) -> Vec<u32> {
    let mut parts = vec![0_u32; room.len()];
    loop {
        let open: Vec<usize> = (0..room.len()).filter(|&index| parts[index] < room[index]).collect();
        let Ok(count) = u32::try_from(open.len()) else { return parts };
        if count == 0 || total == 0 {
            return parts;
        }
        // Whole rounds at once, as many as the one with the least room can take; then what is left of the last round.
        let least = open.iter().map(|&index| room[index] - parts[index]).min().unwrap_or(0);
        let rounds = (total / count).min(least);
        for &index in &open {
            let part = if rounds > 0 { rounds } else { total.min(1) };
            parts[index] += part;
            total -= part;
        }
    }
}

impl Split {
    /// Changes the length of one child and passes it on inside.
    pub(super) fn adjust_child(&mut self, index: usize, change: i32) {
        let axis = self.axis;
        if let Some(child) = self.children.get_mut(index)
            && change != 0
        {
            child.len = cells(u32::from(child.len).saturating_add_signed(change));
            child.node.adjust(axis, change);
        }
    }

    fn spare_of(&self, index: usize) -> u16 {
        self.children.get(index).map_or(0, |child| child.node.spare(self.axis, child.len))
    }

    /// Moves the divider after child `index` by `change` cells, positive towards the end, and returns how far it went.
    ///
    /// Cells come from the neighbours on the side it moves to, the nearest first, each down to its minimum. With `opposite`, a divider
    /// that cannot move on towards the end takes cells from the children before it instead, so that the child grows all the same.
    fn push_divider(&mut self, index: usize, change: i32, opposite: bool) -> u16 {
        let count = self.children.len();
        if index + 1 >= count {
            return 0;
        }
        let (grows, givers): (usize, Vec<usize>) = if change > 0 {
            let before = if opposite { (0..index).rev().collect() } else { Vec::new() };
            (index, (index + 1..count).chain(before).collect())
        } else {
            (index + 1, (0..=index).rev().collect())
        };
        let mut needed = cells(change.unsigned_abs());
        let mut moved = 0;
        for giver in givers {
            let part = self.spare_of(giver).min(needed);
            self.adjust_child(giver, -i32::from(part));
            self.adjust_child(grows, i32::from(part));
            needed -= part;
            moved += part;
        }
        moved
    }
}

impl Layout {
    /// Shapes the layout for `area`: its basis from now on. Lengths change by the same number of cells for every sibling.
    ///
    /// Under the minimum the basis is the minimum.
    pub fn fit(&mut self, area: Size) {
        for axis in [Axis::Horizontal, Axis::Vertical] {
            let len = u32::from(area.along(axis)).max(self.root.minimum(axis));
            let change = i64::from(len) - i64::from(self.size.along(axis));
            self.root.adjust(axis, i32::try_from(change).unwrap_or(0));
            self.size = with_length(self.size, axis, cells(len));
        }
        self.debug_check();
    }

    /// This layout shaped for `area`.
    pub(super) fn fitted(&self, area: Size) -> Self {
        let mut fitted = self.clone();
        fitted.fit(area);
        fitted
    }

    /// The path of the nearest split along `axis` above `pane`, and which of its children holds the pane.
    fn split_around(&self, pane: PaneId, axis: Axis) -> Option<(Vec<usize>, usize)> {
        let mut path = self.path_to(pane)?;
        while let Some(index) = path.pop() {
            if self.split_at(&path).is_some_and(|split| split.axis == axis) {
                return Some((path, index));
            }
        }
        None
    }

    fn split_at(&self, path: &[usize]) -> Option<&Split> {
        let mut node = &self.root;
        for &index in path {
            let Node::Split(split) = node else { return None };
            node = &split.children.get(index)?.node;
        }
        match node {
            Node::Leaf(_) => None,
            Node::Split(split) => Some(split),
        }
    }

    fn split_at_mut(&mut self, path: &[usize]) -> Option<&mut Split> {
        self.root.at_mut(path).and_then(Node::as_split_mut)
    }

    /// Pushes an edge of `pane` by `cells` in `direction`, as tmux's `resize-pane -L -R -U -D`, and returns by how many it moved.
    ///
    /// The edge is the one after the pane (right, bottom), or the one before it if the pane is last in its split. The other side gives
    /// its cells neighbour by neighbour. 0 if nothing can move, or `pane` is not here.
    pub fn resize_edge(&mut self, pane: PaneId, direction: Direction, cells: u16, area: Size) -> u16 {
        let change = match direction {
            Direction::Left | Direction::Up => -i32::from(cells),
            Direction::Right | Direction::Down => i32::from(cells),
        };
        self.resize(pane, direction.axis(), area, |_, _| change)
    }

    /// Gives `pane` a length of `cells` along `axis` as near as its neighbours allow, as tmux's `resize-pane -x -y`, and returns by how
    /// many cells its edge moved.
    pub fn set_length(&mut self, pane: PaneId, axis: Axis, cells: u16, area: Size) -> u16 {
        self.resize(pane, axis, area, |len, is_last| {
            let change = i32::from(cells.max(1)) - i32::from(len);
            if is_last { -change } else { change }
        })
    }

    fn resize(&mut self, pane: PaneId, axis: Axis, area: Size, change: impl FnOnce(u16, bool) -> i32) -> u16 {
        self.fit(area);
        let Some((path, index)) = self.split_around(pane, axis) else { return 0 };
        let Some(split) = self.split_at_mut(&path) else { return 0 };
        let is_last = index + 1 == split.children.len();
        let change = change(split.children.get(index).map_or(0, |child| child.len), is_last);
        let moved = split.push_divider(if is_last { index.saturating_sub(1) } else { index }, change, true);
        self.debug_check();
        moved
    }

    /// Moves the divider whose `after` is the given pane to the column or row `to`, counted as `area` is, as by dragging it with the
    /// mouse, and returns how far it went. It pushes what is in its way down to one cell a pane, and stops there.
    pub fn move_divider(&mut self, after: PaneId, to: u16, area: Rect) -> u16 {
        self.fit(area.size());
        let arrangement = self.arrange(area);
        let Some(divider) = arrangement.dividers.iter().find(|divider| divider.after == after) else { return 0 };
        let from = match divider.axis {
            Axis::Horizontal => divider.rect.col,
            Axis::Vertical => divider.rect.row,
        };
        // The split is the lowest one that holds both panes beside the divider.
        let (Some(mut path), Some(other)) = (self.path_to(divider.before), self.path_to(after)) else { return 0 };
        let shared = path.iter().zip(&other).take_while(|(a, b)| a == b).count();
        let Some(&index) = path.get(shared) else { return 0 };
        path.truncate(shared);
        let Some(split) = self.split_at_mut(&path) else { return 0 };
        let moved = split.push_divider(index, i32::from(to) - i32::from(from), false);
        self.debug_check();
        moved
    }

    /// Makes the siblings of `pane` equally long, as tmux's `select-layout -E`. If they are already, the level above, and so on.
    /// Returns whether anything changed.
    pub fn spread(&mut self, pane: PaneId, area: Size) -> bool {
        self.fit(area);
        let Some(mut path) = self.path_to(pane) else { return false };
        while path.pop().is_some() {
            let size = self.size_at(&path);
            if let Some(split) = self.split_at_mut(&path)
                && split.spread(size.along(split.axis))
            {
                self.debug_check();
                return true;
            }
        }
        false
    }
}

impl Split {
    /// Makes the children equally long in `len` cells, the first ones a cell longer where that does not come out even; those that need
    /// more than their share get what they need. Returns whether anything changed.
    pub(super) fn spread(&mut self, len: u16) -> bool {
        let axis = self.axis;
        let minimums: Vec<u32> = self.children.iter().map(|child| child.node.minimum(axis)).collect();
        let total = u32::from(len).saturating_sub(self.gaps());
        let lengths = even(&minimums, total);
        let mut changed = false;
        for (index, len) in lengths.into_iter().enumerate() {
            let old = self.children.get(index).map_or(0, |child| child.len);
            changed |= old != len;
            self.adjust_child(index, i32::from(len) - i32::from(old));
        }
        changed
    }
}

/// `total` cells in equal parts, but none below its minimum; the minimums together are at most `total`.
fn even(minimums: &[u32], total: u32) -> Vec<u16> {
    let mut pinned = vec![false; minimums.len()];
    loop {
        let free = u32::try_from(pinned.iter().filter(|pinned| !**pinned).count()).unwrap_or(u32::MAX);
        let taken: u32 = minimums.iter().zip(&pinned).filter(|(_, pinned)| **pinned).map(|(minimum, _)| minimum).sum();
        let rest = total.saturating_sub(taken);
        let (each, mut extra) = (rest.checked_div(free).unwrap_or(0), rest.checked_rem(free).unwrap_or(0));
        let mut settled = true;
        for (pin, minimum) in pinned.iter_mut().zip(minimums) {
            if !*pin && *minimum > each {
                (*pin, settled) = (true, false);
            }
        }
        if settled {
            return minimums
                .iter()
                .zip(&pinned)
                .map(|(&minimum, &pinned)| {
                    let one = u32::from(!pinned && extra > 0);
                    extra -= one;
                    cells(if pinned { minimum } else { each + one })
                })
                .collect();
        }
    }
}
