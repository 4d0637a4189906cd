//! tmux's layout string: written, read, and put upon the panes of a window.
//!
//! ```text
//! bb62,159x48,0,0{79x48,0,0,79x48,80,0}      checksum , WxH , x , y  and then one of
//!                                              ,N        a leaf with pane number N (may be missing)
//!                                              { , … }   children from left to right
//!                                              [ , … ]   children from top to bottom
//! ```
//!
//! The checksum is four hexadecimal digits over everything after its comma: rotate right by one in 16 bits, add the byte. Offsets are
//! written and, as in tmux, not looked at when read: they follow from the sizes. `<…>`, floating panes, is tmux 3.7's and refused.
//!
//! Reading gives a [`Layout`] whose panes are the numbers of the text; [`Layout::put_upon`] then gives its places to real panes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::tree::{Child, Layout, Node, Split, with_length};
use super::{Broken, DEPTH_MAX, PANES_MAX};
use crate::geometry::{Axis, Point, Size};
use crate::ids::PaneId;

/// A text is not a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It does not begin with a checksum of four hexadecimal digits and a comma.
    #[error("invalid layout: it does not begin with a checksum, like bb62,80x24,0,0,1")]
    NoChecksum,
    /// The checksum is of another text.
    #[error("invalid layout: the checksum is {found:04x}, but the text has {expected:04x}")]
    WrongChecksum {
        /// The checksum of the text as it is.
        expected: u16,
        /// What stands there.
        found: u16,
    },
    /// Something else was expected at byte `at`.
    #[error("invalid layout: expected {expected} at byte {at}")]
    Expected {
        /// Byte offset, from the beginning of the whole text.
        at: usize,
        /// What was expected.
        expected: &'static str,
    },
    /// The parts of the cell that starts at byte `at` do not fill it.
    #[error("invalid layout: size mismatch in the cell at byte {at}")]
    SizeMismatch {
        /// Byte offset, from the beginning of the whole text.
        at: usize,
    },
    /// It has floating panes, which we do not.
    #[error("invalid layout: floating panes are not supported")]
    Floating,
    /// It breaks a rule of layouts, such as the limits.
    #[error("invalid layout: {0}")]
    Broken(#[from] Broken),
}

/// A layout does not go with the panes it is put upon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// More panes than places. tmux's words.
    #[error("have {panes} panes but need {places}")]
    TooManyPanes {
        /// Panes in the window.
        panes: usize,
        /// Places in the layout.
        places: usize,
    },
    /// No panes, or one of them twice.
    #[error("a layout needs panes, each of them once")]
    NotASet,
}

impl Layout {
    /// The layout in `area` as text. What a script saves with `#{window_layout}`.
    #[must_use]
    pub fn dump(&self, area: Size) -> String {
        let fitted = self.fitted(area);
        let mut body = String::new();
        write_node(&fitted.root, fitted.size, Point::default(), &mut body);
        format!("{:04x},{body}", checksum(body.as_bytes()))
    }

    /// Reads a layout text. Places without a number, or with one that came before, get the lowest that is free.
    ///
    /// # Errors
    /// [`ParseError`] with the place and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let body = text.get(5..).filter(|_| text.as_bytes().get(4) == Some(&b',')).ok_or(ParseError::NoChecksum)?;
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit())).ok_or(ParseError::NoChecksum)?;
        let found = u16::from_str_radix(digits, 16).map_err(|_| ParseError::NoChecksum)?;
        let expected = checksum(body.as_bytes());
        if found != expected {
            return Err(ParseError::WrongChecksum { expected, found });
        }
        let mut reader = Reader { text: text.as_bytes(), at: 5, places: 0, numbers: Vec::new(), used: BTreeSet::new() };
        let cell = reader.cell(0)?;
        if reader.peek().is_some() {
            return Err(reader.expected("the end"));
        }
        let mut numbers = reader.assign_numbers().into_iter();
        let mut root = cell.node;
        root.for_each_pane_mut(&mut |pane| *pane = numbers.next().unwrap_or(*pane));
        let layout = Self { size: cell.size, root };
        layout.check()?;
        Ok(layout)
    }

    /// Gives the places of this layout to `panes` in order, as `select-layout` does: with fewer panes, places are closed from the
    /// bottom right.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub fn put_upon(mut self, panes: &[PaneId]) -> Result<Self, ApplyError> {
        let places = self.count();
        if panes.is_empty() || panes.iter().collect::<BTreeSet<_>>().len() != panes.len() {
            return Err(ApplyError::NotASet);
        }
        if panes.len() > places {
            return Err(ApplyError::TooManyPanes { panes: panes.len(), places });
        }
        for last in self.panes().into_iter().skip(panes.len()).rev() {
            // Never the last pane: `panes` is not empty.
            let _removed = self.remove(last);
        }
        self.assign(panes.to_vec());
        self.debug_check();
        Ok(self)
    }
}

fn checksum(body: &[u8]) -> u16 {
    body.iter().fold(0, |sum: u16, byte| sum.rotate_right(1).wrapping_add(u16::from(*byte)))
}

fn write_node(node: &Node, size: Size, at: Point, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{}x{},{},{}", size.cols, size.rows, at.col, at.row);
    let split = match node {
        Node::Leaf(pane) => {
            let _ = write!(out, ",{}", pane.0);
            return;
        }
        Node::Split(split) => split,
    };
    let (open, close) = brackets(split.axis);
    let mut at = at;
    for (index, child) in split.children.iter().enumerate() {
        out.push(if index == 0 { open } else { ',' });
        write_node(&child.node, with_length(size, split.axis, child.len), at, out);
        let step = child.len.saturating_add(1);
        match split.axis {
            Axis::Horizontal => at.col = at.col.saturating_add(step),
            Axis::Vertical => at.row = at.row.saturating_add(step),
        }
    }
    out.push(close);
}

fn brackets(axis: Axis) -> (char, char) {
    match axis {
        Axis::Horizontal => ('{', '}'),
        Axis::Vertical => ('[', ']'),
    }
}

struct Cell {
    size: Size,
    node: Node,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Leaves so far.
    places: usize,
    /// What the text says of each leaf, in order.
    numbers: Vec<Option<u64>>,
    used: BTreeSet<u64>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> ParseError {
        ParseError::Expected { at: self.at, expected }
    }

    fn eat(&mut self, byte: u8, name: &'static str) -> Result<(), ParseError> {
        if self.peek() != Some(byte) {
            return Err(self.expected(name));
        }
        self.at += 1;
        Ok(())
    }

    /// A number of one or more digits.
    fn number(&mut self, name: &'static str) -> Result<u64, ParseError> {
        let start = self.at;
        let mut value: u64 = 0;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            let next = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0')));
            value = next.ok_or_else(|| self.expected("a smaller number"))?;
            self.at += 1;
        }
        if self.at == start { Err(self.expected(name)) } else { Ok(value) }
    }

    fn length(&mut self, name: &'static str) -> Result<u16, ParseError> {
        let start = self.at;
        let value = self.number(name)?;
        u16::try_from(value).ok().filter(|len| *len > 0).ok_or(ParseError::Expected { at: start, expected: "a length from 1 to 65535" })
    }

    /// One cell with everything in it.
    fn cell(&mut self, depth: usize) -> Result<Cell, ParseError> {
        let start = self.at;
        let cols = self.length("a width")?;
        self.eat(b'x', "x")?;
        let rows = self.length("a height")?;
        self.eat(b',', ",")?;
        self.number("a column")?;
        self.eat(b',', ",")?;
        self.number("a row")?;
        let size = Size { cols, rows };
        let axis = match self.peek() {
            Some(b'{') => Axis::Horizontal,
            Some(b'[') => Axis::Vertical,
            Some(b'<') => return Err(ParseError::Floating),
            _ => return self.leaf(size),
        };
        if depth >= DEPTH_MAX {
            return Err(Broken::TooDeep.into());
        }
        let mut cells = Vec::new();
        loop {
            self.at += 1;
            cells.push(self.cell(depth + 1)?);
            if self.peek() != Some(b',') {
                break;
            }
        }
        match axis {
            Axis::Horizontal => self.eat(b'}', "} or ,")?,
            Axis::Vertical => self.eat(b']', "] or ,")?,
        }
        // Old tmux wrote a wrong size for the whole, so that one is taken from the parts.
        let first = cells.first().map_or(size, |cell| cell.size);
        let taken = cells.iter().map(|cell| u32::from(cell.size.along(axis)) + 1).sum::<u32>() - 1;
        let taken = u16::try_from(taken).map_err(|_| ParseError::SizeMismatch { at: start })?;
        let filled = with_length(first, axis, taken);
        if cells.iter().any(|cell| cell.size.along(axis.across()) != size_across(filled, axis)) || (depth > 0 && filled != size) {
            return Err(ParseError::SizeMismatch { at: start });
        }
        if cells.len() == 1
            && let Some(only) = cells.pop()
        {
            return Ok(only);
        }
        let children = cells.into_iter().map(|cell| Child::new(cell.size.along(axis), cell.node)).collect();
        Ok(Cell { size: filled, node: Node::Split(Split { axis, children }) })
    }

    fn leaf(&mut self, size: Size) -> Result<Cell, ParseError> {
        let mut number = None;
        if self.peek() == Some(b',') {
            // A number, unless it is the width of the next cell.
            let saved = self.at;
            self.at += 1;
            let value = self.number("a pane number or the next cell")?;
            if self.peek() == Some(b'x') {
                self.at = saved;
            } else {
                number = Some(value);
            }
        }
        if self.places >= PANES_MAX {
            return Err(Broken::TooManyPanes.into());
        }
        self.places += 1;
        self.numbers.push(number.filter(|number| self.used.insert(*number)));
        Ok(Cell { size, node: Node::Leaf(PaneId(0)) })
    }

    /// The numbers of all leaves in order, the missing ones filled in.
    fn assign_numbers(&mut self) -> Vec<PaneId> {
        let (used, mut free) = (&self.used, 0..);
        let mut fill = || free.find(|number| !used.contains(number)).unwrap_or(u64::MAX);
        self.numbers.iter().map(|number| PaneId(number.unwrap_or_else(&mut fill))).collect()
    }
}

fn size_across(size: Size, axis: Axis) -> u16 {
    size.along(axis.across())
}
