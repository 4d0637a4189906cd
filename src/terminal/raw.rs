//! The raw view: what a pane shows when its engine gave up on it. Text, CR, LF, BS and TAB, wrapped at the right edge; everything else is
//! swallowed. It cannot fail, and it is enough to read what a program prints until it begins a fresh screen.

use super::row::{Row, Style};
use super::screen::Screen;
use crate::geometry::{Point, Size};
use std::collections::VecDeque;
use unicode_width::UnicodeWidthChar;

/// See the module.
#[derive(Debug)]
pub(super) struct Raw {
    size: Size,
    rows: VecDeque<Row>,
    at: Point,
    /// Rows that scrolled off since the last refresh.
    scrolls: usize,
}

impl Raw {
    pub fn new(size: Size) -> Self {
        let size = size.at_least_one();
        Self { size, rows: vec![Row::default(); usize::from(size.rows)].into(), at: Point::default(), scrolls: 0 }
    }

    /// Shows `bytes`; rows that scroll off go to `scrolled`.
    pub fn text(&mut self, bytes: &[u8], scrolled: &mut Vec<Row>) {
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                self.char(c, scrolled);
            }
        }
    }

    fn char(&mut self, c: char, scrolled: &mut Vec<Row>) {
        match c {
            '\r' => self.at.col = 0,
            '\n' | '\x0b' | '\x0c' => self.line_feed(scrolled),
            '\x08' => self.at.col = self.at.col.min(self.size.cols).saturating_sub(1),
            '\t' => self.at.col = (self.at.col / 8 * 8).saturating_add(8).min(self.size.cols - 1),
            c => {
                let Some(width @ 1..=2) = c.width().and_then(|width| u8::try_from(width).ok()) else { return };
                if u16::from(width) > self.size.cols {
                    return;
                }
                if self.at.col + u16::from(width) > self.size.cols {
                    if let Some(row) = self.rows.get_mut(usize::from(self.at.row)) {
                        row.wrapped = true;
                    }
                    self.at.col = 0;
                    self.line_feed(scrolled);
                }
                let mut cell = Row::default();
                cell.push(c.encode_utf8(&mut [0; 4]), width, Style::default(), 0);
                let end = self.at.col + u16::from(width);
                if let Some(row) = self.rows.get_mut(usize::from(self.at.row)) {
                    if row.cols() == self.at.col {
                        row.append(&Row { wrapped: row.wrapped, ..cell });
                    } else {
                        row.wrapped = false;
                        row.splice_cols(self.at.col, end, &cell);
                    }
                }
                self.at.col = end;
            }
        }
    }

    fn line_feed(&mut self, scrolled: &mut Vec<Row>) {
        if self.at.row + 1 < self.size.rows {
            self.at.row += 1;
            return;
        }
        self.scrolls = self.scrolls.saturating_add(1);
        scrolled.extend(self.rows.pop_front().map(tidy));
        self.rows.push_back(Row::default());
    }

    pub fn resize(&mut self, size: Size, scrolled: &mut Vec<Row>) {
        self.size = size.at_least_one();
        let height = usize::from(self.size.rows);
        while self.rows.len() > height && usize::from(self.at.row) + 1 < self.rows.len() {
            self.rows.pop_back();
        }
        while self.rows.len() > height {
            scrolled.extend(self.rows.pop_front().map(tidy));
            self.at.row = self.at.row.saturating_sub(1);
        }
        self.rows.resize(height, Row::default());
        for row in &mut self.rows {
            if row.cols() > self.size.cols {
                *row = row.slice_cols(0, self.size.cols);
            }
        }
        self.at.col = self.at.col.min(self.size.cols - 1);
        self.scrolls = 0;
    }

    /// Brings `screen`, which is of the same size, up to date for `version`; tells whether a row changed.
    pub fn refresh(&mut self, screen: &mut Screen, version: u64) -> bool {
        let mut changed = false;
        let scrolls = std::mem::take(&mut self.scrolls);
        if scrolls > 0 && scrolls < self.rows.len() {
            screen.scroll_up(u16::try_from(scrolls).unwrap_or(u16::MAX), version);
            changed = true;
        }
        for (index, row) in self.rows.iter().enumerate() {
            changed |= screen.put_row(index, tidy(row.clone()), version);
        }
        changed
    }

    pub const fn cursor(&self) -> Point {
        self.at
    }
}

/// Without the blanks that a row keeps at its end only while it is being written.
fn tidy(mut row: Row) -> Row {
    if !row.wrapped {
        row.trim();
    }
    row
}
