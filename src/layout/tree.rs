//! The tree itself: its parts, what can be asked of it, and its compact stored form.
//!
//! A child's `len` is its length along its parent's axis. Its length across is its parent's, so it is not stored twice. Children of a
//! split whose lengths are `a, b, c` fill `a + 1 + b + 1 + c` cells.
//!
//! The stored form is flat, not nested: one record a node in the order of the text form. A reader therefore needs no recursion before
//! the depth has been looked at, and torn memory cannot exhaust the stack.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::{DEPTH_MAX, PANES_MAX};
use crate::geometry::{Axis, Size};
use crate::ids::PaneId;

/// The split tree of a window. See the module's page for its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The size for which the lengths in `root` are exact; at least the minimum of the tree.
    pub(super) size: Size,
    pub(super) root: Node,
}

/// A part of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// One pane.
    Leaf(PaneId),
    /// Two or more parts in a row or a column.
    Split(Split),
}

/// A row (horizontal) or a column (vertical) of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The direction in which the children follow each other.
    pub axis: Axis,
    /// Two or more children, from the left or from the top.
    pub children: Vec<Child>,
}

/// A part of a split with its length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Cells along the split's axis, at least 1, dividers not counted.
    pub len: u16,
    /// Whether its cells go to the sibling after it when it closes, if there is one. They go to the one before it otherwise. A pane made
    /// in front of another took its cells from there, and gives them back there.
    pub leans_after: bool,
    /// What is in it.
    pub node: Node,
}

impl Node {
    /// The fewest cells along `axis` in which every pane keeps one.
    pub(super) fn minimum(&self, axis: Axis) -> u32 {
        match self {
            Self::Leaf(_) => 1,
            Self::Split(split) => {
                let each = split.children.iter().map(|child| child.node.minimum(axis));
                if split.axis == axis { each.sum::<u32>() + split.gaps() } else { each.max().unwrap_or(1) }
            }
        }
    }

    pub(super) fn push_panes(&self, into: &mut Vec<PaneId>) {
        match self {
            Self::Leaf(pane) => into.push(*pane),
            Self::Split(split) => split.children.iter().for_each(|child| child.node.push_panes(into)),
        }
    }

    /// The first pane in layout order. Every checked tree has one.
    pub(super) fn first_pane(&self) -> Option<PaneId> {
        match self {
            Self::Leaf(pane) => Some(*pane),
            Self::Split(split) => split.children.first().and_then(|child| child.node.first_pane()),
        }
    }

    pub(super) fn for_each_pane_mut(&mut self, change: &mut impl FnMut(&mut PaneId)) {
        match self {
            Self::Leaf(pane) => change(pane),
            Self::Split(split) => split.children.iter_mut().for_each(|child| child.node.for_each_pane_mut(change)),
        }
    }

    /// Levels of splits below and including this node; 0 for a leaf.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::Split(split) => 1 + split.children.iter().map(|child| child.node.depth()).max().unwrap_or(0),
        }
    }

    fn find(&self, pane: PaneId, path: &mut Vec<usize>) -> bool {
        match self {
            Self::Leaf(here) => *here == pane,
            Self::Split(split) => split.children.iter().enumerate().any(|(index, child)| {
                path.push(index);
                let found = child.node.find(pane, path);
                if !found {
                    path.pop();
                }
                found
            }),
        }
    }

    /// The node at the end of `path`, an index into the children at each level.
    pub(super) fn at_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, &index| match node {
            Self::Leaf(_) => None,
            Self::Split(split) => split.children.get_mut(index).map(|child| &mut child.node),
        })
    }

    pub(super) fn as_split_mut(&mut self) -> Option<&mut Split> {
        match self {
            Self::Leaf(_) => None,
            Self::Split(split) => Some(split),
        }
    }
}

impl Split {
    /// The cells that dividers take.
    pub(super) fn gaps(&self) -> u32 {
        u32::try_from(self.children.len()).unwrap_or(u32::MAX).saturating_sub(1)
    }
}

impl Child {
    pub(super) fn new(len: u16, node: Node) -> Self {
        Self { len, leans_after: false, node }
    }
}

/// `size` with its length along `axis` replaced.
pub(super) fn with_length(size: Size, axis: Axis, len: u16) -> Size {
    match axis {
        Axis::Horizontal => Size { cols: len, ..size },
        Axis::Vertical => Size { rows: len, ..size },
    }
}

/// A length that the limits of the tree keep within 16 bits.
pub(super) fn cells(len: u32) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

impl Layout {
    /// The layout of a window with one pane.
    #[must_use]
    pub fn single(pane: PaneId) -> Self {
        Self { size: Size::new(1, 1), root: Node::Leaf(pane) }
    }

    /// The tree.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The size for which the lengths of the tree are exact (see "the basis" on the module's page).
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// The panes in layout order: from the left and from the top, depth first. The order of pane indexes.
    #[must_use]
    pub fn panes(&self) -> Vec<PaneId> {
        let mut panes = Vec::new();
        self.root.push_panes(&mut panes);
        panes
    }

    /// How many panes there are; at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.panes().len()
    }

    /// Whether `pane` is in this layout.
    #[must_use]
    pub fn contains(&self, pane: PaneId) -> bool {
        self.root.find(pane, &mut Vec::new())
    }

    /// The smallest area in which every pane keeps one cell each way.
    #[must_use]
    pub fn minimum(&self) -> Size {
        Size { cols: cells(self.root.minimum(Axis::Horizontal)), rows: cells(self.root.minimum(Axis::Vertical)) }
    }

    /// Where `pane` is: an index into the children at each level.
    pub(super) fn path_to(&self, pane: PaneId) -> Option<Vec<usize>> {
        let mut path = Vec::new();
        self.root.find(pane, &mut path).then_some(path)
    }

    /// The size of the node at the end of `path`, in the basis.
    pub(super) fn size_at(&self, path: &[usize]) -> Size {
        let (mut node, mut size) = (&self.root, self.size);
        for &index in path {
            let Node::Split(split) = node else { break };
            let Some(child) = split.children.get(index) else { break };
            size = with_length(size, split.axis, child.len);
            node = &child.node;
        }
        size
    }

    /// In debug builds, panics if the tree is broken: called at the end of every change.
    pub(super) fn debug_check(&self) {
        debug_assert_eq!(self.check(), Ok(()), "{self:?}");
    }
}

/// One node of the stored form. A leaf has a pane; a split has an axis and a number of children, which follow it.
#[derive(Encode, Decode)]
struct Record {
    #[n(0)]
    len: u16,
    #[n(1)]
    pane: Option<PaneId>,
    #[n(2)]
    axis: Option<Axis>,
    #[n(3)]
    children: Option<u32>,
    #[n(4)]
    leans_after: Option<bool>,
}

#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    size: Size,
    #[n(1)]
    records: Vec<Record>,
}

fn store(node: &Node, len: u16, leans_after: bool, into: &mut Vec<Record>) {
    let leans_after = leans_after.then_some(true);
    match node {
        Node::Leaf(pane) => into.push(Record { len, pane: Some(*pane), axis: None, children: None, leans_after }),
        Node::Split(split) => {
            let children = u32::try_from(split.children.len()).ok();
            into.push(Record { len, pane: None, axis: Some(split.axis), children, leans_after });
            for child in &split.children {
                store(&child.node, child.len, child.leans_after, into);
            }
        }
    }
}

/// Reads one node and what is below it. The whole tree is checked afterwards; this needs to be right about its shape only.
fn restore(records: &mut impl Iterator<Item = Record>, depth: usize) -> Result<Child, &'static str> {
    let record = records.next().ok_or("layout ends early")?;
    let node = match (record.pane, record.axis) {
        (Some(pane), _) => Node::Leaf(pane),
        (None, Some(axis)) => {
            if depth >= DEPTH_MAX {
                return Err("layout nests too deeply");
            }
            let count = record.children.unwrap_or(0);
            let children = (0..count).map(|_| restore(records, depth + 1)).collect::<Result<_, _>>()?;
            Node::Split(Split { axis, children })
        }
        (None, None) => return Err("layout node is neither pane nor split"),
    };
    Ok(Child { len: record.len, leans_after: record.leans_after.unwrap_or(false), node })
}

impl<C> Encode<C> for Layout {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), EncodeError<W::Error>> {
        let mut records = Vec::new();
        store(&self.root, 0, false, &mut records);
        Stored { size: self.size, records }.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Layout {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, DecodeError> {
        let stored = Stored::decode(d, ctx)?;
        if stored.records.len() > 2 * PANES_MAX {
            return Err(DecodeError::message("layout has too many nodes"));
        }
        let mut records = stored.records.into_iter();
        let root = restore(&mut records, 0).map_err(DecodeError::message)?.node;
        if records.next().is_some() {
            return Err(DecodeError::message("layout goes on after its end"));
        }
        let layout = Self { size: stored.size, root };
        layout.check().map_err(|broken| DecodeError::message(broken.to_string()))?;
        Ok(layout)
    }
}
