//! Where the panes of a window go: a tree of splits, as in tmux.
//!
//! A [`Layout`] is a [`Node`]: a leaf that holds one pane, or a split that holds two or more children side by side
//! ([`Axis::Horizontal`]) or above each other ([`Axis::Vertical`]). Between two siblings lies a divider of one cell.
//!
//! ```text
//!  ┌────────┬───────────┐     Split Horizontal
//!  │        │     2     │       ├─ 8   Leaf %1
//!  │   1    ├─────┬─────┤       └─ 11  Split Vertical
//!  │        │  3  │  4  │                ├─ 1  Leaf %2
//!  └────────┴─────┴─────┘                └─ 1  Split Horizontal { 5 Leaf %3, 5 Leaf %4 }
//! ```
//!
//! **The basis.** A layout keeps the size it was last shaped for (split, resized, preset chosen) and the exact length of every child at
//! that size. What a pane gets in another area is always computed from this basis, never from the last computed result: the difference is
//! dealt out cell by cell among the children, as tmux does, but a window that shrinks, however slowly, and grows back is what it was.
//! Only the operations that take an `area` move the basis to that area, because their user sees the panes in it.
//!
//! **Too small.** Every pane has at least one cell each way. An area smaller than [`Layout::minimum`] gets an [`Arrangement`] that is
//! larger than the area, and whoever draws it crops.
//!
//! Nothing here draws, knows what a pane is, or fails by panic on outside input. The text form (`text`) is tmux's.

#![deny(clippy::disallowed_methods)]

mod arrange;
mod check;
mod preset;
mod resize;
mod split;
mod text;
mod tree;

#[cfg(test)]
mod tests;

pub use arrange::{Arrangement, Divider};
pub use check::Broken;
pub use preset::{MainSize, Preset};
pub use split::{RemoveError, SplitError, SplitSize};
pub use text::{ApplyError, ParseError};
pub use tree::{Child, Layout, Node, Split};

#[cfg(doc)]
use crate::geometry::Axis;

/// Most panes in one window. Keeps every length within 16 bits whatever the shape (each pane needs two cells at most).
pub const PANES_MAX: usize = 4096;

/// Deepest nesting of splits. Trees are walked by recursion; this is what keeps hostile layout texts off the end of the stack.
pub const DEPTH_MAX: usize = 128;
