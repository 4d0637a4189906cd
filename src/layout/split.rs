//! Panes come, go and change places.
//!
//! A pane comes by splitting another (or the whole window, *full span*) and goes by being removed; its cells go to the sibling before
//! it, or after it if it is the first or took them from there, so that closing a pane undoes the split that made it. A split that is
//! left with one child is replaced by that child.

use super::tree::{Child, Layout, Node, Split, cells};
use super::{DEPTH_MAX, PANES_MAX};
use crate::geometry::{Axis, Size};
use crate::ids::PaneId;

/// How long a new pane shall be, along the axis of its split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SplitSize {
    /// Half of what is divided, the divider taken off; an odd cell goes to the first half.
    #[default]
    Half,
    /// This many cells, or as near as both sides can have one.
    Cells(u16),
    /// A part in a hundred of what is divided. Above 100 is 100.
    Percent(u8),
}

impl SplitSize {
    /// The cells wanted of `len`; `None` for half.
    pub(super) fn of(self, len: u16) -> Option<u16> {
        match self {
            Self::Half => None,
            Self::Cells(count) => Some(count),
            Self::Percent(percent) => Some(cells(u32::from(len) * u32::from(percent.min(100)) / 100)),
        }
    }
}

/// A pane could not be added; the layout is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// What is to be divided has `len` cells along the axis and needs `needed`.
    #[error("no space for a new pane")]
    NoSpace {
        /// Cells there are.
        len: u16,
        /// Cells needed.
        needed: u16,
    },
    /// The pane to split is not in this layout.
    #[error("pane {0} is not in this window")]
    NoSuchPane(PaneId),
    /// The new pane is already in this layout.
    #[error("pane {0} is in this window already")]
    AlreadyHere(PaneId),
    /// [`PANES_MAX`] or [`DEPTH_MAX`] is reached.
    #[error("too many panes in this window")]
    TooMany,
}

/// A pane could not be taken out; the layout is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// The pane is not in this layout.
    #[error("pane {0} is not in this window")]
    NoSuchPane(PaneId),
    /// It is the only one: the window ends with it.
    #[error("pane {0} is the only pane of its window")]
    LastPane(PaneId),
}

impl Layout {
    /// Puts `new_pane` beside `target` along `axis`, before or after it, dividing its cells; with `full_span`, beside the whole window.
    ///
    /// `size` is the new pane's length; both sides keep at least one cell, and the divider takes one, so at least 3 are divided. A
    /// percentage is of `target`, or of the window with `full_span`.
    ///
    /// # Errors
    /// [`SplitError`]; the tree is as it was, but its basis is `area`.
    #[expect(clippy::too_many_arguments, reason = "the parameters of one command; a struct would be built and taken apart at once")]
    pub fn split(
        &mut self,
        target: PaneId,
        axis: Axis,
        before: bool,
        full_span: bool,
        size: SplitSize,
        new_pane: PaneId,
        area: Size,
    ) -> Result<(), SplitError> {
        let path = self.path_to(target).ok_or(SplitError::NoSuchPane(target))?;
        if self.contains(new_pane) {
            return Err(SplitError::AlreadyHere(new_pane));
        }
        let deepest = if full_span { self.root.depth() } else { path.len() };
        if self.count() >= PANES_MAX || deepest >= DEPTH_MAX {
            return Err(SplitError::TooMany);
        }
        self.fit(area);
        let path = if full_span { Vec::new() } else { path };
        let old_len = self.size_at(&path).along(axis);
        let Some(node) = self.root.at_mut(&path) else { return Err(SplitError::NoSuchPane(target)) };
        let minimum = cells(node.minimum(axis));
        let most = old_len.saturating_sub(minimum.saturating_add(1));
        if most == 0 {
            return Err(SplitError::NoSpace { len: old_len, needed: minimum.saturating_add(2) });
        }
        let new_len = match size.of(old_len) {
            // tmux rounds so that the first half is the longer one, whichever of the two is new.
            None if before => old_len / 2,
            None => (old_len - 1) / 2,
            Some(len) => len,
        }
        .clamp(1, most);
        let kept_len = old_len - new_len - 1;
        node.scale(axis, old_len, kept_len);
        let new = Child { len: new_len, leans_after: before, node: Node::Leaf(new_pane) };

        // Into the split above, or into the root itself for a full span along its axis: no new level.
        if full_span
            && let Node::Split(split) = node
            && split.axis == axis
        {
            split.children.insert(if before { 0 } else { split.children.len() }, new);
        } else if let Some((&index, above)) = path.split_last()
            && let Some(Node::Split(split)) = self.root.at_mut(above)
            && split.axis == axis
        {
            if let Some(child) = split.children.get_mut(index) {
                child.len = kept_len;
            }
            split.children.insert(if before { index } else { index + 1 }, new);
        } else if let Some(node) = self.root.at_mut(&path) {
            let kept = Child::new(kept_len, std::mem::replace(node, Node::Leaf(new_pane)));
            *node = Node::Split(Split { axis, children: if before { vec![new, kept] } else { vec![kept, new] } });
        }
        self.debug_check();
        Ok(())
    }

    /// Takes `pane` out and gives its cells to a sibling, at the present basis.
    ///
    /// # Errors
    /// [`RemoveError`]; the tree is as it was.
    pub fn remove(&mut self, pane: PaneId) -> Result<(), RemoveError> {
        let mut path = self.path_to(pane).ok_or(RemoveError::NoSuchPane(pane))?;
        let index = path.pop().ok_or(RemoveError::LastPane(pane))?;
        let Some(node) = self.root.at_mut(&path) else { return Err(RemoveError::NoSuchPane(pane)) };
        let Some(split) = node.as_split_mut() else { return Err(RemoveError::NoSuchPane(pane)) };
        let gone = split.children.remove(index);
        let heir = if index == 0 || (gone.leans_after && index < split.children.len()) { index } else { index - 1 };
        split.adjust_child(heir, i32::from(gone.len) + 1);
        if split.children.len() == 1
            && let Some(only) = split.children.pop()
        {
            *node = only.node;
        }
        self.debug_check();
        Ok(())
    }

    /// Lets two panes change places. `false`, and nothing happens, unless both are here.
    pub fn swap(&mut self, a: PaneId, b: PaneId) -> bool {
        let both = self.contains(a) && self.contains(b);
        if both {
            self.root.for_each_pane_mut(&mut |pane| {
                if *pane == a {
                    *pane = b;
                } else if *pane == b {
                    *pane = a;
                }
            });
        }
        both
    }

    /// Puts `new` where `old` is. `false`, and nothing happens, if `old` is not here or `new` already is.
    pub fn replace(&mut self, old: PaneId, new: PaneId) -> bool {
        if !self.contains(old) || self.contains(new) {
            return false;
        }
        self.root.for_each_pane_mut(&mut |pane| {
            if *pane == old {
                *pane = new;
            }
        });
        true
    }

    /// Moves every pane to the next place in layout order (tmux `rotate-window -D`), or to the one before (`-U`).
    pub fn rotate(&mut self, forward: bool) {
        let mut panes = self.panes();
        if forward {
            panes.rotate_right(1);
        } else {
            panes.rotate_left(1);
        }
        self.assign(panes);
    }

    /// Puts `panes` into the places in layout order. As many as there are places.
    pub(super) fn assign(&mut self, panes: Vec<PaneId>) {
        let mut panes = panes.into_iter();
        self.root.for_each_pane_mut(&mut |pane| {
            if let Some(next) = panes.next() {
                *pane = next;
            }
        });
    }
}
