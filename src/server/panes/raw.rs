//! The engine of last resort: shows what a program prints as plain text and interprets nothing but line ends.
//!
//! A pane comes here when its engine failed on its output or when its output killed servers. It can do little, and therefore nothing wrong: printable
//! characters stand in cells, a newline begins a row, everything else is shown as a dot. Characters are taken to be one cell wide; ones outside of
//! ASCII are shown as `?`, since even asking for their width is work on hostile input.

use crate::geometry::{Point, Size};
use crate::terminal::{Effects, Engine, Row, Screen};

/// See the file's head.
pub(super) struct Raw {
    screen: Screen,
    /// Rows from the top, at most the screen's height, the last one being written.
    rows: Vec<String>,
    changed: bool,
    /// Rows that moved up since the last refresh.
    scrolled: u16,
}

impl Raw {
    /// An empty one.
    pub(super) fn new(size: Size) -> Self {
        Self { screen: Screen::new(size), rows: vec![String::new()], changed: true, scrolled: 0 }
    }

    fn line_feed(&mut self, effects: &mut Effects) {
        if self.rows.len() >= usize::from(self.screen.size.rows) {
            self.push_off(effects);
        }
        self.rows.push(String::new());
    }

    fn push_off(&mut self, effects: &mut Effects) {
        if !self.rows.is_empty() {
            effects.scrolled.push(Row::narrow(self.rows.remove(0).trim_end()));
            self.scrolled = self.scrolled.saturating_add(1);
        }
    }

    fn put(&mut self, shown: char, effects: &mut Effects) {
        let cols = usize::from(self.screen.size.cols);
        if self.rows.last().is_none_or(|row| row.len() >= cols) {
            self.line_feed(effects);
        }
        if let Some(row) = self.rows.last_mut() {
            row.push(shown);
        }
    }
}

impl Engine for Raw {
    fn feed(&mut self, bytes: &[u8], _at: u64, effects: &mut Effects) {
        for byte in bytes {
            match byte {
                b'\n' => self.line_feed(effects),
                b'\r' | 0x80..=0xbf => {}
                b' '..=b'~' => self.put(char::from(*byte), effects),
                0xc0..=0xff => self.put('?', effects),
                _ => self.put('.', effects),
            }
        }
        self.changed |= !bytes.is_empty();
    }

    fn resize(&mut self, size: Size, effects: &mut Effects) {
        let size = size.at_least_one();
        for row in &mut self.rows {
            // Only ASCII is stored, so every byte is a char's boundary.
            row.truncate(usize::from(size.cols));
        }
        while self.rows.len() > usize::from(size.rows) {
            self.push_off(effects);
        }
        let version = self.screen.version + 1;
        self.screen.version = version;
        self.screen.resize(size, version);
        self.scrolled = 0;
        self.changed = true;
    }

    fn screen(&mut self) -> &Screen {
        if std::mem::take(&mut self.changed) {
            let version = self.screen.version + 1;
            self.screen.scroll_up(std::mem::take(&mut self.scrolled), version);
            for (index, row) in self.rows.iter().enumerate() {
                self.screen.put_row(index, Row::narrow(row.trim_end()), version);
            }
            for index in self.rows.len()..self.screen.rows.len() {
                self.screen.put_row(index, Row::default(), version);
            }
            let col = self.rows.last().map_or(0, String::len).min(usize::from(self.screen.size.cols) - 1);
            let row = self.rows.len().saturating_sub(1);
            self.screen.cursor.at = Point { col: u16::try_from(col).unwrap_or(0), row: u16::try_from(row).unwrap_or(0) };
            self.screen.version = version;
        }
        &self.screen
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, _snapshot: &[u8]) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(raw: &mut Raw) -> Vec<String> {
        raw.screen().rows.iter().map(|row| row.row.text.clone()).collect()
    }

    #[test]
    fn text_is_shown_and_the_rest_is_dots() {
        let mut raw = Raw::new(Size::new(6, 3));
        let mut effects = Effects::default();
        raw.feed(b"one\r\n\x1b[1m\xc3\xa9\r\nthree33x", 0, &mut effects);
        assert_eq!(text(&mut raw), [".[1m?", "three3", "3x"]);
        assert_eq!(effects.scrolled, [Row::narrow("one")]);
        assert_eq!(raw.screen().cursor.at, Point { col: 2, row: 2 });
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), 0u16..9, 0u16..5), 0..20)) {
            let mut raw = Raw::new(Size::new(5, 4));
            let mut effects = Effects::default();
            for (bytes, cols, rows) in pieces {
                raw.feed(&bytes, 0, &mut effects);
                raw.screen();
                raw.resize(Size::new(cols, rows), &mut effects);
                raw.feed(&bytes, 0, &mut effects);
                let screen = raw.screen();
                prop_assert_eq!(screen.rows.len(), usize::from(screen.size.rows));
                prop_assert!(screen.cursor.at.row < screen.size.rows && screen.cursor.at.col < screen.size.cols);
                prop_assert!(screen.rows.iter().all(|row| row.row.cols() <= screen.size.cols));
            }
        }
    }
}
