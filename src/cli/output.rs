//! What commands print: on standard output, for people as text and tables, with `--json` as the protocol's own public types.
//!
//! Whoever reads may go away (`baton ls | head`): that ends the program quietly. Texts that come from programs and people (titles, names, folders)
//! are stripped of everything that could move a terminal's cursor, except where a pane's text itself is asked for.

use std::io::{self, Write};

use serde::Serialize;

use crate::command::span::in_words;

use super::failure::{Exit, Failure, one_line};

/// Writes to standard output.
///
/// # Errors
/// When it cannot be written, as on a full disk. A reader that went away is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::system("cannot write the answer", &error)),
        _ => Ok(()),
    }
}

/// Writes one line of JSON.
///
/// # Errors
/// As [`print()`].
pub fn print_json<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::new(Exit::Refused, "failed", error.to_string()))?;
    print(&(text + "\n"))
}

/// Says why the program failed, on standard error.
pub fn complain(failure: &Failure, json: bool) {
    let text = if json { failure.json() } else { failure.text() };
    // There is nobody left to tell if this fails.
    _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Says something beside the answer, on standard error.
pub fn note(text: &str) {
    // As with `complain`.
    _ = io::stderr().lock().write_all(format!("note: {}\n", one_line(text)).as_bytes());
}

/// Columns of text, each as wide as its widest cell, the last one open.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with that first row.
    #[must_use]
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| one_line(cell)).collect());
    }

    /// The table as text, every line ended by a newline.
    #[must_use]
    pub fn text(&self) -> String {
        use unicode_width::UnicodeWidthStr;
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> =
            (0..columns).map(|at| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// How long ago a time was, in words.
#[must_use]
pub fn ago(then_ms: u64) -> String {
    in_words(now_ms().saturating_sub(then_ms)) + " ago"
}

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_their_characters() {
        let mut table = Table::new(&["NAME", "PANES"]);
        table.row(vec!["漢字".into(), "1".into()]);
        table.row(vec!["a\x1b[2Jb".into(), "12".into()]);
        assert_eq!(table.text(), "NAME    PANES\n漢字    1\na\u{fffd}[2Jb  12\n");
    }
}
