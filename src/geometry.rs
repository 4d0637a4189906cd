//! Sizes, points and rectangles in terminal cells. Columns and rows are always named, never a tuple.

use std::fmt;

/// A size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode, minicbor::CborLen)]
pub struct Size {
    /// Width in cells.
    #[n(0)]
    pub cols: u16,
    /// Height in cells.
    #[n(1)]
    pub rows: u16,
}

/// A place in cells; the top left cell is `0, 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, minicbor::Encode, minicbor::Decode, minicbor::CborLen)]
pub struct Point {
    /// Column, from the left.
    #[n(0)]
    pub col: u16,
    /// Row, from the top.
    #[n(1)]
    pub row: u16,
}

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode, minicbor::CborLen)]
pub struct Rect {
    /// Leftmost column.
    #[n(0)]
    pub col: u16,
    /// Topmost row.
    #[n(1)]
    pub row: u16,
    /// Width in cells.
    #[n(2)]
    pub cols: u16,
    /// Height in cells.
    #[n(3)]
    pub rows: u16,
}

/// The direction in which a length is measured or a split divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode, minicbor::CborLen)]
#[cbor(index_only)]
pub enum Axis {
    /// Left to right: children stand side by side (tmux `-h`).
    #[n(0)]
    Horizontal,
    /// Top to bottom: children stand above each other (tmux `-v`).
    #[n(1)]
    Vertical,
}

/// Where a neighbour is looked for, or an edge is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode, minicbor::CborLen)]
#[cbor(index_only)]
pub enum Direction {
    /// Towards smaller columns.
    #[n(0)]
    Left,
    /// Towards larger columns.
    #[n(1)]
    Right,
    /// Towards smaller rows.
    #[n(2)]
    Up,
    /// Towards larger rows.
    #[n(3)]
    Down,
}

impl Size {
    /// A size of `cols` by `rows` cells.
    #[must_use]
    pub const fn new(cols: u16, rows: u16) -> Self {
        Self { cols, rows }
    }

    /// This size with both lengths at least one cell.
    #[must_use]
    pub fn at_least_one(self) -> Self {
        Self { cols: self.cols.max(1), rows: self.rows.max(1) }
    }

    /// The length along `axis`.
    #[must_use]
    pub const fn along(self, axis: Axis) -> u16 {
        match axis {
            Axis::Horizontal => self.cols,
            Axis::Vertical => self.rows,
        }
    }

    /// The rectangle of this size at the origin.
    #[must_use]
    pub const fn to_rect(self) -> Rect {
        Rect { col: 0, row: 0, cols: self.cols, rows: self.rows }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.cols, self.rows)
    }
}

impl Rect {
    /// The rectangle's size.
    #[must_use]
    pub const fn size(self) -> Size {
        Size { cols: self.cols, rows: self.rows }
    }

    /// The first column right of the rectangle.
    #[must_use]
    pub const fn right(self) -> u16 {
        self.col.saturating_add(self.cols)
    }

    /// The first row below the rectangle.
    #[must_use]
    pub const fn bottom(self) -> u16 {
        self.row.saturating_add(self.rows)
    }

    /// Whether `point` lies inside.
    #[must_use]
    pub const fn contains(self, point: Point) -> bool {
        point.col >= self.col && point.col < self.right() && point.row >= self.row && point.row < self.bottom()
    }

    /// Whether the two share a cell.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.col < other.right() && other.col < self.right() && self.row < other.bottom() && other.row < self.bottom()
    }

    /// The cells that both have, if any.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        if !self.overlaps(other) {
            return None;
        }
        let (col, row) = (self.col.max(other.col), self.row.max(other.row));
        Some(Self { col, row, cols: self.right().min(other.right()) - col, rows: self.bottom().min(other.bottom()) - row })
    }
}

impl Axis {
    /// The other axis.
    #[must_use]
    pub const fn across(self) -> Self {
        match self {
            Self::Horizontal => Self::Vertical,
            Self::Vertical => Self::Horizontal,
        }
    }
}

impl Direction {
    /// The axis along which this direction moves.
    #[must_use]
    pub const fn axis(self) -> Axis {
        match self {
            Self::Left | Self::Right => Axis::Horizontal,
            Self::Up | Self::Down => Axis::Vertical,
        }
    }
}
