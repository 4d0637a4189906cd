//! A pane's lines as one text: history first, then the live screen, numbered for ever.
//!
//! History keeps logical lines under stable numbers; the rows of the screen, joined where they are wrapped, are the lines that follow. When a
//! row scrolls off the screen, its line keeps its number and merely changes sides, so positions in copy mode stay on their text while the pane
//! runs on. The top row of the screen may go on with the last line of history (`continued`): both halves are then one line.
//!
//! ```text
//!   first            end = 1040          last
//!   |  history       |  screen           |
//!   812 … 1038 1039  1040  1041 … 1063           not continued: live_start = end
//!   812 … 1038 1039──┐1040 …                      continued:     live_start = end - 1, line 1039 is history ++ the first live line
//! ```
//!
//! History is pulled from the server when it is looked at and kept here, a bounded number of lines around what is looked at. A line that has
//! not come yet is empty; what it was while it was on the screen stands in for it.

use std::collections::BTreeMap;

use crate::terminal::{Row, Screen};

/// Lines of history kept; beyond it those farthest from the view go.
const CACHE_LINES_MAX: usize = 8_000;

/// A place in the document: a logical line and a column of it, before wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Line number.
    pub line: u64,
    /// Column.
    pub col: u16,
}

/// The lines of a pane.
#[derive(Debug, Default)]
pub struct Document {
    first: u64,
    end: u64,
    continued: bool,
    /// Lines of history as the server sent them.
    history: BTreeMap<u64, Row>,
    /// What lines that left the screen were when they were last seen there, until history has them.
    seen: BTreeMap<u64, Row>,
    /// The screen's logical lines.
    live: Vec<Row>,
    /// For each live line, the screen row where it begins.
    live_rows: Vec<u16>,
    width: u16,
}

impl Document {
    /// Takes the pane's present screen and the range of its history.
    pub fn update(&mut self, screen: &Screen, history_first: u64, history_end: u64) {
        let old_start = self.live_start();
        let old = std::mem::take(&mut self.live);
        self.first = history_first.min(history_end);
        self.end = history_end;
        self.continued = screen.continued && history_end > history_first;
        self.width = screen.size.cols.max(1);
        self.live_rows.clear();
        let mut open = false;
        for (index, row) in screen.rows.iter().enumerate() {
            if open {
                if let Some(line) = self.live.last_mut() {
                    line.append(&row.row);
                }
            } else {
                self.live_rows.push(u16::try_from(index).unwrap_or(u16::MAX));
                self.live.push(row.row.clone());
            }
            open = row.row.wrapped;
        }
        for (number, row) in (old_start..self.live_start()).zip(old) {
            if !self.history.contains_key(&number) {
                self.seen.insert(number, row);
            }
        }
        self.seen = self.seen.split_off(&self.first);
        self.history = self.history.split_off(&self.first);
        while self.seen.len() > CACHE_LINES_MAX {
            self.seen.pop_first();
        }
    }

    /// Takes lines of history that the server sent. `end` is where its history ended then: the last line may still have been growing.
    pub fn take_history(&mut self, from: u64, rows: Vec<Row>, near: u64) {
        for (number, row) in (from..).zip(rows) {
            self.seen.remove(&number);
            self.history.insert(number, row);
        }
        while self.history.len() > CACHE_LINES_MAX {
            let (Some((&oldest, _)), Some((&newest, _))) = (self.history.first_key_value(), self.history.last_key_value()) else { break };
            if near.saturating_sub(oldest) >= newest.saturating_sub(near) {
                self.history.pop_first();
            } else {
                self.history.pop_last();
            }
        }
    }

    /// The last line of history was still open when it was taken and may have grown: forget it.
    pub fn forget_open_line(&mut self) {
        if let Some(open) = self.end.checked_sub(1) {
            self.history.remove(&open);
        }
    }

    /// Forgets all lines of history.
    pub fn clear(&mut self) {
        self.history.clear();
        self.seen.clear();
    }

    /// Oldest line there is.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.first.min(self.live_start())
    }

    /// The line in which the screen begins.
    #[must_use]
    pub const fn live_start(&self) -> u64 {
        if self.continued { self.end.saturating_sub(1) } else { self.end }
    }

    /// The last line.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.live_start() + (self.live.len() as u64).saturating_sub(1)
    }

    /// Width of the pane, at which lines are wrapped.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether the line's text is here.
    #[must_use]
    pub fn has(&self, line: u64) -> bool {
        line < self.first() || line > self.last() || line >= self.end || self.history.contains_key(&line)
    }

    /// The line; empty when it is not here (yet).
    #[must_use]
    pub fn line(&self, number: u64) -> Row {
        let live = number.checked_sub(self.live_start()).and_then(|index| self.live.get(usize::try_from(index).ok()?));
        if number >= self.end {
            return live.cloned().unwrap_or_default();
        }
        let mut row = self.history.get(&number).or_else(|| self.seen.get(&number)).cloned().unwrap_or_default();
        if let Some(live) = live {
            row.append(live);
        }
        row.wrapped = false;
        row
    }

    /// How many rows the line takes at the pane's width; at least 1.
    #[must_use]
    pub fn height(&self, number: u64) -> u32 {
        u32::try_from(self.line(number).wrap(self.width.max(1)).len()).unwrap_or(u32::MAX).max(1)
    }

    /// The rows of a line, and the column of the line at which each begins.
    #[must_use]
    pub fn rows(&self, number: u64) -> Vec<(u16, Row)> {
        let mut col = 0u16;
        self.line(number)
            .wrap(self.width.max(1))
            .into_iter()
            .map(|row| {
                let at = col;
                col = col.saturating_add(row.cols());
                (at, row)
            })
            .collect()
    }

    /// The place of a cell of the live screen.
    #[must_use]
    pub fn position_of_screen(&self, screen_row: u16, col: u16) -> Position {
        let index = self.live_rows.partition_point(|start| *start <= screen_row).saturating_sub(1);
        let start = self.live_rows.get(index).copied().unwrap_or(0);
        let line = self.live_start() + index as u64;
        let mut before = self.width.saturating_mul(screen_row.saturating_sub(start));
        if index == 0 && self.continued {
            before = before.saturating_add(self.history.get(&line).or_else(|| self.seen.get(&line)).map_or(0, Row::cols));
        }
        Position { line, col: before.saturating_add(col) }
    }

    /// Lines missing in `from..=to`, as the first missing one and how many in a row.
    #[must_use]
    pub fn missing(&self, from: u64, to: u64) -> Option<(u64, u32)> {
        let from = from.max(self.first());
        let to = to.min(self.end.saturating_sub(1));
        let start = (from..=to).find(|line| !self.has(*line))?;
        let count = (start..=to).take_while(|line| !self.has(*line)).count();
        Some((start, u32::try_from(count).unwrap_or(u32::MAX)))
    }

    /// The nearest position that exists: a line in range, a column at a cell's beginning, at most the last cell's (or 0).
    #[must_use]
    pub fn clamp(&self, at: Position) -> Position {
        let line = at.line.clamp(self.first(), self.last());
        let row = self.line(line);
        Position { line, col: cell_start(&row, at.col.min(row.cols().saturating_sub(1))) }
    }
}

/// The first column of the cell that has `col`.
#[must_use]
pub fn cell_start(row: &Row, col: u16) -> u16 {
    row.cells()
        .take_while(|cell| cell.col <= col)
        .last()
        .map_or(0, |cell| if col < cell.col + u16::from(cell.width) { cell.col } else { col })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::terminal::screen::VersionedRow;

    /// A screen of these rows; one that ends in `\` is wrapped.
    pub(in crate::tui::copy) fn screen(cols: u16, rows: &[&str]) -> Screen {
        let mut screen = Screen::new(Size::new(cols, u16::try_from(rows.len()).unwrap()));
        screen.rows = rows
            .iter()
            .map(|text| {
                let mut row = Row::narrow(text.trim_end_matches('\\'));
                row.wrapped = text.ends_with('\\');
                VersionedRow { row, ..VersionedRow::default() }
            })
            .collect();
        screen
    }

    #[test]
    fn lines_keep_their_numbers_when_they_leave_the_screen() {
        let mut document = Document::default();
        document.update(&screen(10, &["one", "two", "three"]), 0, 100);
        assert_eq!((document.first(), document.live_start(), document.last()), (0, 100, 102));
        assert_eq!(document.line(101).text, "two");
        document.update(&screen(10, &["three", "four", "five"]), 0, 102);
        assert_eq!(document.line(101).text, "two", "stands in until history comes");
        assert_eq!(document.missing(95, 200), Some((95, 7)));
        document.take_history(100, vec![Row::narrow("one"), Row::narrow("two")], 101);
        assert_eq!(document.missing(100, 200), None);
        assert_eq!(document.line(103).text, "four");
    }

    #[test]
    fn a_line_may_begin_in_history_and_go_on_on_the_screen() {
        let mut document = Document::default();
        let mut screen = screen(4, &["efgh\\", "ij", "next"]);
        screen.continued = true;
        document.take_history(9, vec![Row::narrow("abcd")], 9);
        document.update(&screen, 0, 10);
        assert_eq!(document.live_start(), 9);
        assert_eq!(document.line(9).text, "abcdefghij");
        assert_eq!(document.rows(9).len(), 3);
        assert_eq!(document.position_of_screen(1, 1), Position { line: 9, col: 9 });
        assert_eq!(document.position_of_screen(2, 3), Position { line: 10, col: 3 });
        assert_eq!(document.last(), 10);
    }
}
