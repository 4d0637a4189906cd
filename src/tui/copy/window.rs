//! The window onto the document: which rows it shows, scrolling, the cursor in it, and what is laid out for the painter.
//!
//! Rows are what lines become by wrapping, so the window's top is a line and a row of it. The cursor stays inside the window: what moves the one
//! brings the other along.

use super::CopyMode;
use super::document::Position;
use crate::geometry::Point;
use crate::tui::overlay::{Mark, MarkKind, ScrollView};

impl CopyMode {
    /// The top that shows the last row at the pane's bottom.
    pub(super) fn bottom(&self) -> (u64, u32) {
        self.up((self.document.last(), self.document.height(self.document.last()).saturating_sub(1)), u32::from(self.height) - 1)
    }

    pub(super) fn up(&self, from: (u64, u32), rows: u32) -> (u64, u32) {
        let (mut line, mut row) = from;
        let mut left = rows;
        while left > row {
            if line <= self.document.first() {
                return (self.document.first(), 0);
            }
            left -= row + 1;
            line -= 1;
            row = self.document.height(line) - 1;
        }
        (line, row - left)
    }

    pub(super) fn down(&self, from: (u64, u32), rows: u32) -> (u64, u32) {
        let (mut line, mut row) = from;
        let mut left = rows;
        loop {
            let here = self.document.height(line).saturating_sub(row + 1);
            if left <= here {
                return (line, row + left);
            }
            if line >= self.document.last() {
                return (line, row + here);
            }
            left -= here + 1;
            line += 1;
            row = 0;
        }
    }

    /// Scrolls the window by rows (negative: towards older lines), taking the cursor along if it would leave it.
    pub(super) fn scroll(&mut self, rows: i64) -> bool {
        let before = self.top;
        let amount = u32::try_from(rows.unsigned_abs()).unwrap_or(u32::MAX);
        self.top = if rows < 0 { self.up(self.top, amount) } else { self.down(self.top, amount).min(self.bottom()) };
        let (from, to) = (self.top, self.down(self.top, u32::from(self.height) - 1));
        let here = self.row_of(self.cursor);
        if here < from {
            self.cursor = self.in_row(from, self.aim.unwrap_or_else(|| self.col_in_row(self.cursor)));
        } else if here > to {
            self.cursor = self.in_row(to, self.aim.unwrap_or_else(|| self.col_in_row(self.cursor)));
        }
        before != self.top
    }

    /// The row (line, row of the line) that a position is in.
    pub(super) fn row_of(&self, at: Position) -> (u64, u32) {
        let rows = self.document.rows(at.line);
        let row = rows.partition_point(|(start, _)| *start <= at.col).saturating_sub(1);
        (at.line, u32::try_from(row).unwrap_or(0))
    }

    pub(super) fn col_in_row(&self, at: Position) -> u16 {
        let (_, row) = self.row_of(at);
        self.document.rows(at.line).get(row as usize).map_or(0, |(start, _)| at.col.saturating_sub(*start))
    }

    pub(super) fn in_row(&self, (line, row): (u64, u32), col: u16) -> Position {
        let rows = self.document.rows(line);
        let (start, width) = rows.get(row as usize).map_or((0, 0), |(start, row)| (*start, row.cols()));
        self.document.clamp(Position { line, col: start + col.min(width.saturating_sub(1)) })
    }

    /// Brings the cursor into the window, by as little scrolling as it takes.
    pub(super) fn follow(&mut self) {
        let here = self.row_of(self.cursor);
        let last = self.down(self.top, u32::from(self.height) - 1);
        if here < self.top {
            self.top = here;
        } else if here > last {
            self.top = self.up(here, u32::from(self.height) - 1);
        }
        self.top = self.top.clamp((self.document.first(), 0), self.bottom().max((self.document.first(), 0)));
    }

    /// After a jump far away: the cursor in the middle.
    pub(super) fn center(&mut self) {
        self.top = self.up(self.row_of(self.cursor), u32::from(self.height) / 2).min(self.bottom());
    }

    pub(super) fn vertical(&mut self, rows: i64) {
        let aim = *self.aim.get_or_insert(0);
        let here = self.row_of(self.cursor);
        let amount = u32::try_from(rows.unsigned_abs()).unwrap_or(u32::MAX);
        let there = if rows < 0 { self.up(here, amount) } else { self.down(here, amount) };
        self.cursor = self.in_row(there, aim);
        self.follow();
    }

    pub(super) fn page(&mut self, rows: i64) {
        let aim = self.aim;
        if !self.scroll(rows) {
            let edge = if rows < 0 { self.top } else { self.down(self.top, u32::from(self.height) - 1) };
            self.cursor = self.in_row(edge, aim.unwrap_or(0));
        }
    }

    pub(super) fn move_to(&mut self, at: Position) {
        self.cursor = self.document.clamp(at);
        self.follow();
    }

    /// Lays out what is shown.
    pub(super) fn lay_out(&mut self) {
        self.top = self.top.clamp((self.document.first(), 0), self.bottom().max((self.document.first(), 0)));
        let mut rows = Vec::with_capacity(usize::from(self.height));
        let mut marks = Vec::new();
        let mut cursor = None;
        let (mut line, mut skip) = (self.top.0, self.top.1 as usize);
        while rows.len() < usize::from(self.height) && line <= self.document.last() {
            let text = self.document.line(line);
            let selected = self.selection.and_then(|selection| selection.columns(&self.document, self.cursor, line, &text));
            let matches = self.pattern.as_ref().map(|pattern| pattern.matches(&text)).unwrap_or_default();
            for (start, row) in self.document.rows(line).into_iter().skip(skip) {
                if rows.len() >= usize::from(self.height) {
                    break;
                }
                let at = u16::try_from(rows.len()).unwrap_or(u16::MAX);
                let end = start.saturating_add(self.document.width());
                let mut mark = |(from, to): (u16, u16), kind| {
                    let (from, to) = (from.max(start), to.min(end));
                    if from < to {
                        marks.push(Mark { row: at, from: from - start, to: to - start, kind });
                    }
                };
                for found in &matches {
                    let current = line == self.cursor.line && (found.0..found.1).contains(&self.cursor.col);
                    mark(*found, if current { MarkKind::CurrentMatch } else { MarkKind::Match });
                }
                if let Some(selected) = selected {
                    mark(selected, MarkKind::Selection);
                }
                if line == self.cursor.line && self.cursor.col >= start && (self.cursor.col < start + row.cols().max(1) || row.cols() == 0)
                {
                    cursor = Some(Point { col: self.cursor.col - start, row: at });
                }
                rows.push(row);
            }
            skip = 0;
            line += 1;
        }
        let below = self.document.last().saturating_sub(self.top.0);
        let all = self.document.last() - self.document.first();
        let shown = u64::try_from(rows.len()).unwrap_or(0).saturating_sub(1);
        let mut note =
            if self.show_position { format!("[{}/{}]", below.saturating_sub(shown), all.saturating_sub(shown)) } else { String::new() };
        if let Some(count) = self.count {
            note = format!("(repeat {count}) {note}");
        }
        let height = rows.len().max(self.view.rows.len());
        for index in 0..height {
            let at = u16::try_from(index).unwrap_or(u16::MAX);
            let marked = |marks: &[Mark]| marks.iter().filter(|mark| mark.row == at).copied().collect::<Vec<_>>();
            if rows.get(index) != self.view.rows.get(index) || marked(&marks) != marked(&self.view.marks) {
                self.view.damage.row(at);
            }
        }
        if note != self.view.note {
            self.view.damage.row(0);
        }
        self.view = ScrollView { rows, marks, cursor, note, damage: std::mem::take(&mut self.view.damage) };
    }

    pub(super) fn position_at(&self, at: Point) -> Position {
        let row = self.down(self.top, u32::from(at.row.min(self.height.saturating_sub(1))));
        self.in_row(row, at.col)
    }

    pub(super) fn drag_scroll(&mut self, direction: i8) {
        self.scroll(i64::from(direction));
        let row = if direction < 0 { self.top } else { self.down(self.top, u32::from(self.height) - 1) };
        self.cursor = self.in_row(row, if direction < 0 { 0 } else { u16::MAX });
    }
}
