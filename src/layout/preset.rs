//! tmux's ready-made layouts: each throws the tree away and builds a new one for the panes in layout order.
//!
//! Lengths are those of tmux 3.8: cells that are over go one each to the first panes of a row, but in `tiled` all to the last. The first
//! pane in layout order is the main one; in the mirrored forms, which put it at the right or below, it is the last one afterwards.
//! An area that is too small gets the smallest tree with one cell a pane, which then is larger than the area.

use super::split::SplitSize;
use super::tree::{Child, Layout, Node, Split, cells, with_length};
use crate::geometry::{Axis, Size};
use crate::ids::PaneId;

/// A ready-made layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub enum Preset {
    /// Side by side, equally wide.
    #[n(0)]
    EvenHorizontal,
    /// Above each other, equally high.
    #[n(1)]
    EvenVertical,
    /// The first pane above, the others side by side below it.
    #[n(2)]
    MainHorizontal,
    /// The first pane below, the others side by side above it.
    #[n(3)]
    MainHorizontalMirrored,
    /// The first pane at the left, the others above each other beside it.
    #[n(4)]
    MainVertical,
    /// The first pane at the right, the others above each other beside it.
    #[n(5)]
    MainVerticalMirrored,
    /// As near to a square as rows of equal panes come.
    #[n(6)]
    Tiled,
}

/// How large the main pane of a preset is (tmux `main-pane-width`, `main-pane-height`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MainSize {
    /// Its width in the vertical presets.
    pub cols: SplitSize,
    /// Its height in the horizontal presets.
    pub rows: SplitSize,
}

impl Default for MainSize {
    /// tmux's: 80 columns, 24 rows.
    fn default() -> Self {
        Self { cols: SplitSize::Cells(80), rows: SplitSize::Cells(24) }
    }
}

impl Preset {
    /// All, in the order in which `next-layout` goes through them.
    pub const ALL: [Self; 7] = [
        Self::EvenHorizontal,
        Self::EvenVertical,
        Self::MainHorizontal,
        Self::MainHorizontalMirrored,
        Self::MainVertical,
        Self::MainVerticalMirrored,
        Self::Tiled,
    ];

    /// tmux's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EvenHorizontal => "even-horizontal",
            Self::EvenVertical => "even-vertical",
            Self::MainHorizontal => "main-horizontal",
            Self::MainHorizontalMirrored => "main-horizontal-mirrored",
            Self::MainVertical => "main-vertical",
            Self::MainVerticalMirrored => "main-vertical-mirrored",
            Self::Tiled => "tiled",
        }
    }

    /// The preset of that name, or whose name alone begins so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let exact = Self::ALL.into_iter().find(|preset| preset.name() == name);
        let mut starting = Self::ALL.into_iter().filter(|preset| !name.is_empty() && preset.name().starts_with(name));
        exact.or_else(|| starting.next().filter(|_| starting.next().is_none()))
    }

    /// The one after this, around.
    #[must_use]
    pub fn next(self) -> Self {
        self.step(1)
    }

    /// The one before this, around.
    #[must_use]
    pub fn previous(self) -> Self {
        self.step(Self::ALL.len() - 1)
    }

    fn step(self, by: usize) -> Self {
        let here = Self::ALL.iter().position(|preset| *preset == self).unwrap_or(0);
        Self::ALL.get((here + by) % Self::ALL.len()).copied().unwrap_or(self)
    }
}

impl Layout {
    /// Arranges the panes as `preset` says for `area`. A window of one pane has nothing to arrange.
    pub fn apply_preset(&mut self, preset: Preset, area: Size, main: MainSize) {
        let panes = self.panes();
        let area = area.at_least_one();
        if panes.len() < 2 {
            return self.fit(area);
        }
        *self = match preset {
            Preset::EvenHorizontal => evenly(Axis::Horizontal, &panes, area),
            Preset::EvenVertical => evenly(Axis::Vertical, &panes, area),
            Preset::MainHorizontal => main_and_others(Axis::Vertical, false, &panes, area, main.rows),
            Preset::MainHorizontalMirrored => main_and_others(Axis::Vertical, true, &panes, area, main.rows),
            Preset::MainVertical => main_and_others(Axis::Horizontal, false, &panes, area, main.cols),
            Preset::MainVerticalMirrored => main_and_others(Axis::Horizontal, true, &panes, area, main.cols),
            Preset::Tiled => tiled(&panes, area),
        };
        self.debug_check();
    }
}

fn layout(size: Size, root: Node) -> Layout {
    Layout { size, root }
}

/// `size` with its length along `axis` at least `len`.
fn size_at_least(size: Size, axis: Axis, len: u32) -> Size {
    with_length(size, axis, size.along(axis).max(cells(len)))
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

/// A row or column of `panes` in `len` cells, equally long; the node alone if there is one pane.
fn line(axis: Axis, panes: &[PaneId], len: u16) -> Node {
    if let [pane] = panes {
        return Node::Leaf(*pane);
    }
    let mut split = Split { axis, children: panes.iter().map(|pane| Child::new(1, Node::Leaf(*pane))).collect() };
    split.spread(len);
    Node::Split(split)
}

fn evenly(axis: Axis, panes: &[PaneId], area: Size) -> Layout {
    let size = size_at_least(area, axis, 2 * count(panes.len()) - 1);
    layout(size, line(axis, panes, size.along(axis)))
}

/// `axis` is the way from the main pane to the others.
fn main_and_others(axis: Axis, mirrored: bool, panes: &[PaneId], area: Size, main: SplitSize) -> Layout {
    let Some((&first, others)) = panes.split_first() else { return Layout::single(PaneId(0)) };
    let across = axis.across();
    let size = size_at_least(size_at_least(area, axis, 3), across, 2 * count(others.len()) - 1);
    let room = size.along(axis) - 1;
    let main_len = main.of(room).unwrap_or(room / 2).clamp(1, room - 1);
    let mut children = vec![Child::new(main_len, Node::Leaf(first)), Child::new(room - main_len, line(across, others, size.along(across)))];
    if mirrored {
        children.reverse();
    }
    layout(size, Node::Split(Split { axis, children }))
}

fn tiled(panes: &[PaneId], area: Size) -> Layout {
    let (mut rows, mut columns) = (1_usize, 1_usize);
    while rows * columns < panes.len() {
        rows += 1;
        if rows * columns < panes.len() {
            columns += 1;
        }
    }
    let size = size_at_least(area, Axis::Horizontal, 2 * count(columns) - 1);
    let size = size_at_least(size, Axis::Vertical, 2 * count(rows) - 1);
    // Equal cells, and what is over to the last of each row and to the last row.
    let row = |panes: &[PaneId]| {
        let each = (u32::from(size.cols) + 1) / count(columns) - 1;
        stack(Axis::Horizontal, each, size.cols, panes.iter().map(|pane| Node::Leaf(*pane)).collect())
    };
    let each = (u32::from(size.rows) + 1) / count(rows) - 1;
    let root = stack(Axis::Vertical, each, size.rows, panes.chunks(columns).map(row).collect());
    layout(size, root)
}

/// `nodes` along `axis` with `each` cells, the last with all that is left of `len`; the node itself if there is one.
fn stack(axis: Axis, each: u32, len: u16, mut nodes: Vec<Node>) -> Node {
    let Some(last) = nodes.pop() else { return Node::Leaf(PaneId(0)) };
    if nodes.is_empty() {
        return last;
    }
    let used = count(nodes.len()) * (each + 1);
    let mut children: Vec<Child> = nodes.into_iter().map(|node| Child::new(cells(each), node)).collect();
    children.push(Child::new(cells(u32::from(len).saturating_sub(used)), last));
    Node::Split(Split { axis, children })
}
