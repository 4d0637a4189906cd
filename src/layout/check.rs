//! Every way in which a layout can be wrong.

use std::collections::BTreeSet;

use super::tree::{Layout, Node};
use super::{DEPTH_MAX, PANES_MAX};
use crate::geometry::Axis;
use crate::ids::PaneId;

/// What is wrong with a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A split of fewer than two parts should be the part itself.
    #[error("a split has {0} children, not two or more")]
    TooFewChildren(usize),
    /// A length of zero.
    #[error("a node above pane {0} has no cells along its split")]
    NoCells(PaneId),
    /// The children and their dividers do not fill their split.
    #[error("the children of a split take {taken} cells of {len}")]
    DoesNotFill {
        /// Cells of the children and the dividers between them.
        taken: u32,
        /// Cells of the split.
        len: u16,
    },
    /// The tree does not fit into the size it was shaped for.
    #[error("a node has {len} cells and needs {needed}")]
    BelowMinimum {
        /// Cells there are.
        len: u16,
        /// Cells needed for one a pane.
        needed: u32,
    },
    /// One pane in two places.
    #[error("pane {0} is there twice")]
    Twice(PaneId),
    /// More than [`PANES_MAX`] panes.
    #[error("more than {PANES_MAX} panes")]
    TooManyPanes,
    /// More than [`DEPTH_MAX`] levels.
    #[error("splits nest deeper than {DEPTH_MAX}")]
    TooDeep,
}

impl Layout {
    /// Looks for everything that can be wrong with the tree.
    ///
    /// # Errors
    /// The first thing found.
    pub fn check(&self) -> Result<(), Broken> {
        if self.root.depth() > DEPTH_MAX {
            return Err(Broken::TooDeep);
        }
        let panes = self.panes();
        if panes.len() > PANES_MAX {
            return Err(Broken::TooManyPanes);
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = panes.into_iter().find(|pane| !seen.insert(*pane)) {
            return Err(Broken::Twice(twice));
        }
        for axis in [Axis::Horizontal, Axis::Vertical] {
            check_node(&self.root, axis, self.size.along(axis))?;
        }
        Ok(())
    }
}

fn check_node(node: &Node, axis: Axis, len: u16) -> Result<(), Broken> {
    let needed = node.minimum(axis);
    if u32::from(len) < needed {
        return Err(Broken::BelowMinimum { len, needed });
    }
    let Node::Split(split) = node else { return Ok(()) };
    if split.children.len() < 2 {
        return Err(Broken::TooFewChildren(split.children.len()));
    }
    if split.axis == axis {
        let taken = split.gaps() + split.children.iter().map(|child| u32::from(child.len)).sum::<u32>();
        if taken != u32::from(len) {
            return Err(Broken::DoesNotFill { taken, len });
        }
    }
    for child in &split.children {
        if child.len == 0 {
            let mut panes = Vec::new();
            child.node.push_panes(&mut panes);
            return Err(Broken::NoCells(panes.first().copied().unwrap_or(PaneId(0))));
        }
        check_node(&child.node, axis, if split.axis == axis { child.len } else { len })?;
    }
    Ok(())
}
