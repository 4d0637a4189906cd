//! Where the cursor of copy mode goes: moves on a [`Document`], as vi and emacs users know them. Pure functions from a position to a position.
//!
//! Words are runs of one [`Class`]: letters and digits, other visible characters, blanks; "spaces" motions (vi's `W`) know only blanks and the
//! rest. The end of a line separates words. Lines that have not come from the server yet are empty, so a motion stops before them.

use super::document::{Document, Position};
use crate::terminal::Row;

/// What kind of character a cell has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Word,
    Other,
}

fn class(text: &str, big: bool) -> Class {
    match text.chars().next() {
        None => Class::Blank,
        Some(c) if c.is_whitespace() => Class::Blank,
        Some(_) if big => Class::Word,
        Some(c) if c.is_alphanumeric() || c == '_' => Class::Word,
        Some(_) => Class::Other,
    }
}

/// A line as its cells: first column and class or text.
struct Cells {
    cols: Vec<u16>,
    texts: Vec<String>,
}

impl Cells {
    fn of(row: &Row) -> Self {
        let (cols, texts) = row.cells().map(|cell| (cell.col, cell.text.to_owned())).unzip();
        Self { cols, texts }
    }

    fn index(&self, col: u16) -> usize {
        self.cols.partition_point(|start| *start <= col).saturating_sub(1)
    }

    fn len(&self) -> usize {
        self.cols.len()
    }

    fn class(&self, index: usize, big: bool) -> Class {
        self.texts.get(index).map_or(Class::Blank, |text| class(text, big))
    }

    fn col(&self, index: usize) -> u16 {
        self.cols.get(index).copied().unwrap_or(0)
    }
}

fn cells(document: &Document, line: u64) -> Cells {
    Cells::of(&document.line(line))
}

/// One cell to the left; from the start of a line to the end of the one before.
#[must_use]
pub fn left(document: &Document, at: Position) -> Position {
    let cells = cells(document, at.line);
    let index = cells.index(at.col);
    if index > 0 {
        return Position { col: cells.col(index - 1), ..at };
    }
    if at.line > document.first() { end_of_line(document, Position { line: at.line - 1, col: 0 }) } else { Position { col: 0, ..at } }
}

/// One cell to the right; from the end of a line to the start of the next.
#[must_use]
pub fn right(document: &Document, at: Position) -> Position {
    let cells = cells(document, at.line);
    let index = cells.index(at.col);
    if index + 1 < cells.len() {
        return Position { col: cells.col(index + 1), ..at };
    }
    if at.line < document.last() { Position { line: at.line + 1, col: 0 } } else { at }
}

/// To the first column.
#[must_use]
pub const fn start_of_line(at: Position) -> Position {
    Position { line: at.line, col: 0 }
}

/// To the last cell.
#[must_use]
pub fn end_of_line(document: &Document, at: Position) -> Position {
    let cells = cells(document, at.line);
    Position { line: at.line, col: cells.col(cells.len().saturating_sub(1)) }
}

/// To the first cell that is not blank.
#[must_use]
pub fn back_to_indentation(document: &Document, at: Position) -> Position {
    let cells = cells(document, at.line);
    let index = (0..cells.len()).find(|index| cells.class(*index, true) != Class::Blank).unwrap_or(0);
    Position { line: at.line, col: cells.col(index) }
}

/// The first cell that is not blank from `index` on, in the line `line` with these cells or a later one; `Err` is where a motion stops if there is none.
fn not_blank(document: &Document, mut line: u64, mut here: Cells, mut index: usize, big: bool) -> Result<(u64, Cells, usize), Position> {
    loop {
        while index < here.len() && here.class(index, big) == Class::Blank {
            index += 1;
        }
        if index < here.len() {
            return Ok((line, here, index));
        }
        if line >= document.last() {
            return Err(end_of_line(document, Position { line, col: 0 }));
        }
        line += 1;
        here = cells(document, line);
        index = 0;
        if here.len() == 0 && !document.has(line) {
            return Err(Position { line, col: 0 });
        }
    }
}

/// To the start of the next word.
#[must_use]
pub fn next_word(document: &Document, at: Position, big: bool) -> Position {
    let here = cells(document, at.line);
    let mut index = here.index(at.col);
    let began = here.class(index, big);
    while index < here.len() && began != Class::Blank && here.class(index, big) == began {
        index += 1;
    }
    match not_blank(document, at.line, here, index, big) {
        Ok((line, here, index)) => Position { line, col: here.col(index) },
        Err(end) => end,
    }
}

/// To the last cell of the word, or of the next one when it is there already.
#[must_use]
pub fn next_word_end(document: &Document, at: Position, big: bool) -> Position {
    let here = cells(document, at.line);
    let index = here.index(at.col) + 1;
    match not_blank(document, at.line, here, index, big) {
        Ok((line, here, mut index)) => {
            let class = here.class(index, big);
            while index + 1 < here.len() && here.class(index + 1, big) == class {
                index += 1;
            }
            Position { line, col: here.col(index) }
        }
        Err(end) => end,
    }
}

/// To the start of the word, or of the one before when it is there already.
#[must_use]
pub fn previous_word(document: &Document, at: Position, big: bool) -> Position {
    let mut line = at.line;
    let mut here = cells(document, line);
    let mut index = here.index(at.col);
    loop {
        while index > 0 && here.class(index - 1, big) == Class::Blank {
            index -= 1;
        }
        if index > 0 {
            let class = here.class(index - 1, big);
            while index > 0 && here.class(index - 1, big) == class {
                index -= 1;
            }
            return Position { line, col: here.col(index) };
        }
        if line <= document.first() {
            return Position { line, col: 0 };
        }
        line -= 1;
        here = cells(document, line);
        index = here.len();
        if here.len() == 0 && !document.has(line) {
            return Position { line, col: 0 };
        }
    }
}

/// The word at a position, as its first and last cell; a blank is a word of blanks.
#[must_use]
pub fn word_around(document: &Document, at: Position) -> (Position, Position) {
    let here = cells(document, at.line);
    let index = here.index(at.col);
    let class = here.class(index, false);
    let start = (0..=index).rev().take_while(|i| here.class(*i, false) == class).last().unwrap_or(index);
    let end = (index..here.len()).take_while(|i| here.class(*i, false) == class).last().unwrap_or(index);
    (Position { line: at.line, col: here.col(start) }, Position { line: at.line, col: here.col(end) })
}

/// To a character in the line. `before` stops one cell short of it.
#[must_use]
pub fn jump(document: &Document, at: Position, character: char, forward: bool, before: bool) -> Option<Position> {
    let here = cells(document, at.line);
    let index = here.index(at.col);
    let is = |index: &usize| here.texts.get(*index).is_some_and(|text| text.starts_with(character));
    let skip = usize::from(before) + 1;
    let found = if forward { (index + skip..here.len()).find(is)? } else { (0..(index + 1).saturating_sub(skip)).rev().find(is)? };
    let found = match (before, forward) {
        (false, _) => found,
        (true, true) => found.saturating_sub(1),
        (true, false) => found + 1,
    };
    Some(Position { line: at.line, col: here.col(found) })
}

/// To the next (or previous) empty line behind a line with text.
#[must_use]
pub fn paragraph(document: &Document, at: Position, forward: bool) -> Position {
    let mut line = at.line;
    let mut saw_text = false;
    loop {
        let edge = if forward { document.last() } else { document.first() };
        if line == edge {
            return if forward { end_of_line(document, Position { line, col: 0 }) } else { Position { line, col: 0 } };
        }
        line = if forward { line + 1 } else { line - 1 };
        let blank = document.line(line).text.trim().is_empty();
        if (blank && saw_text) || !document.has(line) {
            return Position { line, col: 0 };
        }
        saw_text |= !blank;
    }
}

const BRACKETS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('{', '}')];

/// Most lines that a search for a matching bracket looks at.
const BRACKET_LINES_MAX: u64 = 5_000;

/// To the bracket that matches the one at the position, or the next one in its line.
#[must_use]
pub fn matching_bracket(document: &Document, at: Position) -> Option<Position> {
    let here = cells(document, at.line);
    let known = |text: &String| {
        let c = text.chars().next()?;
        BRACKETS
            .iter()
            .find_map(|(open, close)| if c == *open { Some((c, *close, true)) } else { (c == *close).then_some((c, *open, false)) })
    };
    let (start, (same, other, forward)) =
        (here.index(at.col)..here.len()).find_map(|index| here.texts.get(index).and_then(known).map(|found| (index, found)))?;
    let mut depth = 0u32;
    let (mut line, mut here, mut index) = (at.line, here, start);
    for _ in 0..BRACKET_LINES_MAX {
        loop {
            if let Some(c) = here.texts.get(index).and_then(|text| text.chars().next()) {
                if c == same {
                    depth += 1;
                } else if c == other {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(Position { line, col: here.col(index) });
                    }
                }
            }
            if forward && index + 1 < here.len() {
                index += 1;
            } else if !forward && index > 0 {
                index -= 1;
            } else {
                break;
            }
        }
        if line == if forward { document.last() } else { document.first() } {
            return None;
        }
        line = if forward { line + 1 } else { line - 1 };
        here = cells(document, line);
        index = if forward { 0 } else { here.len().saturating_sub(1) };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::screen;
    use super::*;

    fn document(rows: &[&str]) -> Document {
        let mut document = Document::default();
        document.update(&screen(40, rows), 0, 0);
        document
    }

    /// Where repeated moves from the start lead, as `line:col`.
    fn trail(document: &Document, from: Position, step: impl Fn(&Document, Position) -> Position, count: usize) -> String {
        let mut at = from;
        let mut out = Vec::new();
        for _ in 0..count {
            at = step(document, at);
            out.push(format!("{}:{}", at.line, at.col));
        }
        out.join(" ")
    }

    #[test]
    fn words_as_in_vi() {
        let document = document(&["ls -l  foo.rs", "", "  end"]);
        let start = Position::default();
        assert_eq!(trail(&document, start, |d, at| next_word(d, at, false), 7), "0:3 0:4 0:7 0:10 0:11 2:2 2:4");
        assert_eq!(trail(&document, start, |d, at| next_word(d, at, true), 4), "0:3 0:7 2:2 2:4");
        assert_eq!(trail(&document, start, |d, at| next_word_end(d, at, false), 6), "0:1 0:3 0:4 0:9 0:10 0:12");
        let end = Position { line: 2, col: 4 };
        assert_eq!(trail(&document, end, |d, at| previous_word(d, at, false), 6), "2:2 0:11 0:10 0:7 0:4 0:3");
        assert_eq!(word_around(&document, Position { line: 0, col: 8 }), (Position { line: 0, col: 7 }, Position { line: 0, col: 9 }));
    }

    #[test]
    fn left_and_right_cross_lines_and_stop_at_the_ends() {
        let document = document(&["ab", "c"]);
        assert_eq!(trail(&document, Position::default(), right, 4), "0:1 1:0 1:0 1:0");
        assert_eq!(trail(&document, Position { line: 1, col: 0 }, left, 3), "0:1 0:0 0:0");
    }

    #[test]
    fn brackets_match_over_lines() {
        let document = document(&["fn a(b) {", "  c[0]", "}"]);
        assert_eq!(matching_bracket(&document, Position { line: 0, col: 8 }), Some(Position { line: 2, col: 0 }));
        assert_eq!(matching_bracket(&document, Position { line: 2, col: 0 }), Some(Position { line: 0, col: 8 }));
        assert_eq!(matching_bracket(&document, Position { line: 0, col: 0 }), Some(Position { line: 0, col: 6 }));
        assert_eq!(matching_bracket(&document, Position { line: 1, col: 5 }), Some(Position { line: 1, col: 3 }));
    }

    #[test]
    fn jumps_and_paragraphs() {
        let document = document(&["a,b,c", "x", "", "y"]);
        let at = Position::default();
        assert_eq!(jump(&document, at, ',', true, false), Some(Position { line: 0, col: 1 }));
        assert_eq!(
            jump(&document, at, ',', true, true),
            Some(Position { line: 0, col: 2 }),
            "stops short of the second: the first is next to it"
        );
        assert_eq!(jump(&document, Position { line: 0, col: 4 }, ',', false, false), Some(Position { line: 0, col: 3 }));
        assert_eq!(jump(&document, at, 'z', true, false), None);
        assert_eq!(paragraph(&document, at, true), Position { line: 2, col: 0 });
        assert_eq!(paragraph(&document, Position { line: 3, col: 0 }, false), Position { line: 0, col: 0 });
    }
}
