//! What is selected in copy mode, which columns of a line that is, and its text.

use super::document::{Document, Position};
use super::motion;
use crate::terminal::Row;

/// What a selection grows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Cells.
    Cell,
    /// Whole words.
    Word,
    /// Whole lines.
    Line,
}

/// A selection from where it began to the cursor, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// Where it began.
    pub anchor: Position,
    /// Where it ends if it no longer follows the cursor.
    pub stopped: Option<Position>,
    /// What it grows by.
    pub unit: Unit,
    /// The columns between anchor and cursor of each line, instead of all the text between.
    pub rectangle: bool,
}

impl Selection {
    /// A selection of cells that begins here.
    #[must_use]
    pub const fn at(anchor: Position) -> Self {
        Self { anchor, stopped: None, unit: Unit::Cell, rectangle: false }
    }

    /// Its first and last cell, grown to its unit.
    #[must_use]
    pub fn ends(&self, document: &Document, cursor: Position) -> (Position, Position) {
        let other = self.stopped.unwrap_or(cursor);
        let (from, to) = if self.anchor <= other { (self.anchor, other) } else { (other, self.anchor) };
        match self.unit {
            Unit::Cell => (from, to),
            Unit::Word => (motion::word_around(document, from).0, motion::word_around(document, to).1),
            Unit::Line => (motion::start_of_line(from), motion::end_of_line(document, to)),
        }
    }

    /// The columns of `row`, the text of line `line`, that are selected: `from..to`, where `to` may lie beyond the text.
    #[must_use]
    pub fn columns(&self, document: &Document, cursor: Position, line: u64, row: &Row) -> Option<(u16, u16)> {
        let (from, to) = self.ends(document, cursor);
        if line < from.line || line > to.line {
            return None;
        }
        if self.rectangle && self.unit == Unit::Cell {
            let other = self.stopped.unwrap_or(cursor);
            let (left, right) = (self.anchor.col.min(other.col), self.anchor.col.max(other.col));
            return Some((left, cell_end(row, right)));
        }
        let start = if line == from.line { from.col } else { 0 };
        let end = if line == to.line { cell_end(row, to.col) } else { row.cols().max(1) };
        Some((start, end))
    }

    /// The selected text of one line, without blanks at its end.
    #[must_use]
    pub fn text_of(&self, document: &Document, cursor: Position, line: u64, row: &Row) -> String {
        let Some((from, to)) = self.columns(document, cursor, line, row) else { return String::new() };
        row.slice_cols(from, to).text.trim_end_matches(' ').to_owned()
    }
}

/// One past the last column of the cell that has `col`.
fn cell_end(row: &Row, col: u16) -> u16 {
    row.cells()
        .take_while(|cell| cell.col <= col)
        .last()
        .map_or(col.saturating_add(1), |cell| (cell.col + u16::from(cell.width)).max(col.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::screen;
    use super::*;

    fn check(selection: Selection, cursor: (u64, u16), expected: &str) {
        let mut document = Document::default();
        document.update(&screen(20, &["first line", "second", "third one"]), 0, 0);
        let cursor = Position { line: cursor.0, col: cursor.1 };
        let (from, to) = selection.ends(&document, cursor);
        let text: Vec<_> = (from.line..=to.line).map(|line| selection.text_of(&document, cursor, line, &document.line(line))).collect();
        assert_eq!(text.join("\n"), expected);
    }

    #[test]
    fn selections_in_both_directions_and_all_units() {
        let at = |line, col| Selection::at(Position { line, col });
        check(at(0, 6), (0, 9), "line");
        check(at(1, 2), (0, 6), "line\nsec");
        check(Selection { unit: Unit::Word, ..at(0, 7) }, (1, 1), "line\nsecond");
        check(Selection { unit: Unit::Line, ..at(1, 3) }, (2, 0), "second\nthird one");
        check(Selection { rectangle: true, ..at(0, 2) }, (2, 4), "rst\ncon\nird");
        check(Selection { stopped: Some(Position { line: 0, col: 1 }), ..at(0, 0) }, (2, 4), "fi");
    }
}
