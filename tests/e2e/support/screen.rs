//! What the judge's terminal shows at one moment: rows of text, the cursor, the modes.

use std::collections::BTreeSet;
use std::fmt;

/// A screen, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Columns.
    pub cols: usize,
    /// Rows, top to bottom, without trailing blanks.
    pub rows: Vec<String>,
    /// Column and row of the cursor, unless it is hidden.
    pub cursor: Option<(usize, usize)>,
    /// The alternate screen is shown.
    pub alternate: bool,
    /// Private modes (`CSI ? n h`) that are set.
    pub modes: BTreeSet<u16>,
}

impl Screen {
    /// Reads it off the emulator.
    pub fn of(terminal: &avt::Terminal, modes: &BTreeSet<u16>) -> Self {
        Self {
            cols: terminal.size().0,
            rows: terminal.screen().visible_lines().map(|line| line.text().trim_end().to_owned()).collect(),
            cursor: terminal.cursor().position(),
            alternate: terminal.active_screen_kind() == avt::ScreenKind::Alternate,
            modes: modes.clone(),
        }
    }

    /// Whether some row has `text` in it.
    pub fn has(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// The number of rows that have `text` in them.
    pub fn count(&self, text: &str) -> usize {
        self.rows.iter().filter(|row| row.contains(text)).count()
    }

    /// The first row that has `text` in it.
    pub fn find(&self, text: &str) -> Option<&str> {
        self.rows.iter().map(String::as_str).find(|row| row.contains(text))
    }

    /// The last row: where the status line is.
    pub fn last_row(&self) -> &str {
        self.rows.last().map_or("", String::as_str)
    }

    /// All rows but the last: the panes, without the status line (which has a clock).
    pub fn body(&self) -> &[String] {
        self.rows.split_last().map_or(&[], |(_, body)| body)
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = "─".repeat(self.cols);
        writeln!(f, "┌{rule}┐ {} × {}{}", self.cols, self.rows.len(), if self.alternate { ", alternate" } else { "" })?;
        for row in &self.rows {
            writeln!(f, "│{row}")?;
        }
        write!(f, "└{rule}┘ cursor {:?}, modes {:?}", self.cursor, self.modes)
    }
}
