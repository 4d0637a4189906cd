//! The neutral row: how text on a screen, in history, on the wire and in the client's drawing is written down, once for all of them.
//!
//! A [`Row`] is a text and its runs. A run is a stretch of the text with one [`Style`] and one [`Shape`], and the shape says how its characters
//! stand in cells, so that nobody but the engine ever has to ask how wide a character is:
//!
//! ```text
//! text   "ls -l 日本 é"          runs   "ls -l "  Narrow   every char is one cell
//!                                       "日本"    Wide     every char is two cells
//!                                       " "       Narrow
//!                                       "é" (e + U+0301)   Cluster(1)  the whole run is one cell of that width
//! ```
//!
//! Blanks in the default style at the end of a row are not stored; a row that is shorter than the screen ends in such blanks. A plain line is
//! its text and one run of a few bytes.

use std::fmt;

/// A colour as a program named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Color {
    /// The terminal's own foreground or background.
    #[default]
    Default,
    /// One of the 256 palette colours; 0..=15 are the terminal's theme.
    Indexed(u8),
    /// A direct colour: red, green, blue.
    Rgb(u8, u8, u8),
}

/// How a cell is underlined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Underline {
    /// Not at all.
    #[default]
    None,
    /// One line (SGR 4).
    Single,
    /// Two lines (SGR 4:2, 21).
    Double,
    /// A wave (SGR 4:3).
    Curly,
    /// Dots (SGR 4:4).
    Dotted,
    /// Dashes (SGR 4:5).
    Dashed,
}

/// Attributes that are on or off; a set of the constants below.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attrs(pub u8);

impl Attrs {
    /// SGR 1.
    pub const BOLD: Self = Self(1);
    /// SGR 2.
    pub const DIM: Self = Self(2);
    /// SGR 3.
    pub const ITALIC: Self = Self(4);
    /// SGR 5 and 6.
    pub const BLINK: Self = Self(8);
    /// SGR 7.
    pub const REVERSE: Self = Self(16);
    /// SGR 8.
    pub const HIDDEN: Self = Self(32);
    /// SGR 9.
    pub const STRIKE: Self = Self(64);
    /// SGR 53.
    pub const OVERLINE: Self = Self(128);

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The union of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Attrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 8] = ["bold", "dim", "italic", "blink", "reverse", "hidden", "strike", "overline"];
        f.debug_set().entries(NAMES.iter().enumerate().filter(|(bit, _)| self.0 & (1 << bit) != 0).map(|(_, name)| name)).finish()
    }
}

/// Everything about a cell but its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// Foreground.
    pub fg: Color,
    /// Background.
    pub bg: Color,
    /// Colour of the underline; [`Color::Default`] follows the foreground.
    pub underline_color: Color,
    /// Kind of underline.
    pub underline: Underline,
    /// On/off attributes.
    pub attrs: Attrs,
}

/// How the characters of a run stand in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Every char is a cell of its own, one column wide.
    Narrow,
    /// Every char is a cell of its own, two columns wide.
    Wide,
    /// The whole run is one cell of this many columns (1 or 2): a grapheme cluster.
    Cluster(u8),
}

/// A stretch of a row's text in one style and shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Run {
    /// Length in bytes of the row's text, at least 1, on char boundaries.
    pub len: u16,
    /// Columns that the run takes.
    pub cols: u16,
    /// How chars become cells.
    pub shape: Shape,
    /// The style of all its cells.
    pub style: Style,
    /// Hyperlink, as an index into the pane's link table; 0 is none.
    pub link: u16,
}

/// One line of cells: text, its runs, and whether it goes on in the next row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Row {
    /// The text of all runs, one after the other.
    pub text: String,
    /// The runs; their lengths sum to the text's.
    pub runs: Vec<Run>,
    /// The row was full and the text goes on in the next row (autowrap), so both are one logical line.
    pub wrapped: bool,
}

/// Longest text of a row that is accepted from outside, in bytes.
pub const ROW_TEXT_MAX_BYTES: usize = 256 * 1024;

/// One cell of a row: what [`Row::cells`] yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// Its first column.
    pub col: u16,
    /// Columns it takes: 1 or 2.
    pub width: u8,
    /// Its text: one char, or one grapheme cluster.
    pub text: &'a str,
    /// Its style.
    pub style: Style,
    /// Its hyperlink; 0 is none.
    pub link: u16,
}

impl Run {
    /// Columns of each of its cells.
    #[must_use]
    pub const fn cell_width(&self) -> u8 {
        match self.shape {
            Shape::Narrow => 1,
            Shape::Wide => 2,
            Shape::Cluster(width) => width,
        }
    }

    /// Whether its cells, where they are spaces, need not be stored at the end of a row.
    fn is_plain(&self) -> bool {
        self.shape == Shape::Narrow && self.style == Style::default() && self.link == 0
    }
}

impl Row {
    /// A row of `text` in the default style whose chars all take one column. Meant for text known to be so, such as ASCII.
    #[must_use]
    pub fn narrow(text: &str) -> Self {
        let mut row = Self::default();
        row.push_run(text, Shape::Narrow, Style::default(), 0);
        row
    }

    /// The columns that are stored; what follows up to the screen's width is blank in the default style.
    #[must_use]
    pub fn cols(&self) -> u16 {
        self.runs.iter().fold(0u16, |cols, run| cols.saturating_add(run.cols))
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Makes it the empty row and keeps its memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.runs.clear();
        self.wrapped = false;
    }

    /// Adds one cell at the end. `width` is 1 or 2 (anything else is taken as the nearer of them); an empty text is a blank of that width.
    ///
    /// Cells pushed one by one always give the same runs, so that two rows that look the same are equal.
    pub fn push(&mut self, text: &str, width: u8, style: Style, link: u16) {
        let wide = width >= 2;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (None, _) => self.push_blanks(if wide { 2 } else { 1 }, style),
            (Some(_), None) => self.push_run(text, if wide { Shape::Wide } else { Shape::Narrow }, style, link),
            (Some(_), Some(_)) => self.push_run(text, Shape::Cluster(if wide { 2 } else { 1 }), style, link),
        }
    }

    /// Adds `count` spaces.
    pub fn push_blanks(&mut self, count: u16, style: Style) {
        const SPACES: &str = "                                                                ";
        let mut left = usize::from(count);
        while left > 0 {
            let part = left.min(SPACES.len());
            self.push_run(&SPACES[..part], Shape::Narrow, style, 0);
            left -= part;
        }
    }

    /// Adds a text of one shape, coalescing it with the last run where they agree. A cluster is always a run of its own; one that is longer
    /// than a run can be loses its end.
    pub fn push_run(&mut self, text: &str, shape: Shape, style: Style, link: u16) {
        let mut rest = text;
        while !rest.is_empty() {
            let joins = self
                .runs
                .last()
                .is_some_and(|run| run.shape == shape && run.style == style && run.link == link && !matches!(shape, Shape::Cluster(_)));
            let room = if joins { usize::from(u16::MAX - self.runs.last().map_or(0, |run| run.len)) } else { usize::from(u16::MAX) };
            let part = floor_char(rest, room);
            if part.is_empty() {
                // The last run is full to within a char: begin another.
                self.runs.push(Run { len: 0, cols: 0, shape, style, link });
                continue;
            }
            let cols = shape_cols(part, shape);
            self.text.push_str(part);
            #[expect(clippy::cast_possible_truncation, reason = "part is at most u16::MAX bytes")]
            let len = part.len() as u16;
            match self.runs.last_mut() {
                Some(run) if joins || run.len == 0 => {
                    run.len += len;
                    run.cols = run.cols.saturating_add(cols);
                }
                _ => self.runs.push(Run { len, cols, shape, style, link }),
            }
            if matches!(shape, Shape::Cluster(_)) {
                return;
            }
            rest = &rest[part.len()..];
        }
    }

    /// Whether a byte of its text is a column: ASCII, every character a cell.
    #[must_use]
    pub fn is_plain_ascii(&self) -> bool {
        self.text.is_ascii() && self.runs.iter().all(|run| run.shape == Shape::Narrow)
    }

    /// The character and the style at `col` of a row that [is plain ASCII](Row::is_plain_ascii); blank beyond its end.
    #[must_use]
    pub fn ascii_at(&self, col: u16) -> (u8, Style) {
        let byte = self.text.as_bytes().get(usize::from(col));
        let mut end = 0u16;
        let run = self.runs.iter().find(|run| {
            end = end.saturating_add(run.cols);
            col < end
        });
        byte.zip(run).map_or((b' ', Style::default()), |(byte, run)| (*byte, run.style))
    }

    /// Its cells from left to right.
    #[must_use]
    pub fn cells(&self) -> Cells<'_> {
        Cells { runs: self.runs.iter(), text: &self.text, run: None, col: 0 }
    }

    /// The cells of the columns `from..to`, as a row of `to - from` columns at most (less if the row is shorter). A wide cell that is cut by
    /// either edge becomes blanks of its style. The result keeps blanks at its end and is not `wrapped`.
    #[must_use]
    pub fn slice_cols(&self, from: u16, to: u16) -> Self {
        let mut out = Self::default();
        self.push_cols_to(&mut out, from, to);
        out
    }

    /// Adds the columns `from..to` of this row to the end of `out`; see [`Row::slice_cols`].
    pub fn push_cols_to(&self, out: &mut Self, from: u16, to: u16) {
        let (mut col, mut byte) = (0u16, 0usize);
        for run in &self.runs {
            let end = col.saturating_add(run.cols);
            let text = self.text.get(byte..byte + usize::from(run.len)).unwrap_or_default();
            byte += usize::from(run.len);
            if col >= from && end <= to {
                out.push_run(text, run.shape, run.style, run.link);
            } else if end > from && col < to && run.shape == Shape::Narrow && text.is_ascii() {
                let part = usize::from(from.saturating_sub(col))..usize::from(to.min(end) - col);
                out.push_run(text.get(part).unwrap_or_default(), run.shape, run.style, run.link);
            } else if end > from && col < to {
                for cell in (Cells { runs: [].iter(), text: "", run: Some((*run, text)), col }) {
                    let cell_end = cell.col.saturating_add(u16::from(cell.width));
                    if cell.col >= from && cell_end <= to {
                        out.push(cell.text, cell.width, cell.style, cell.link);
                    } else {
                        out.push_blanks(cell_end.min(to).saturating_sub(cell.col.max(from)), cell.style);
                    }
                }
            }
            col = end;
            if col >= to {
                break;
            }
        }
    }

    /// Replaces the columns `from..to` by `patch`, which is padded with default blanks to that width; what lies left and right stays where
    /// it is. Blanks in the default style at the end are trimmed unless the row is `wrapped`: then they are part of its line.
    pub fn splice_cols(&mut self, from: u16, to: u16, patch: &Self) {
        let cols = self.cols();
        if from >= cols && from < to {
            // Text that goes on at the end, as typed text does.
            self.pad_to(from);
            patch.push_cols_to(self, 0, to - from);
            if !self.wrapped {
                self.trim();
            }
            return;
        }
        let mut out = Self { wrapped: self.wrapped, ..Self::default() };
        self.push_cols_to(&mut out, 0, from);
        if to > from {
            out.pad_to(from);
            patch.push_cols_to(&mut out, 0, to - from);
        }
        if to < cols {
            out.pad_to(to);
            self.push_cols_to(&mut out, to, cols);
        }
        if !out.wrapped {
            out.trim();
        }
        *self = out;
    }

    /// Adds default blanks until the row is `cols` wide.
    pub fn pad_to(&mut self, cols: u16) {
        self.push_blanks(cols.saturating_sub(self.cols()), Style::default());
    }

    /// Drops blanks in the default style from the end.
    pub fn trim(&mut self) {
        while let Some(run) = self.runs.last_mut() {
            if !run.is_plain() {
                return;
            }
            let start = self.text.len().saturating_sub(usize::from(run.len));
            let kept = self.text.get(start..).unwrap_or_default().trim_end_matches(' ').len();
            let cut = usize::from(run.len) - kept;
            if cut == 0 {
                return;
            }
            self.text.truncate(start + kept);
            if kept > 0 {
                #[expect(clippy::cast_possible_truncation, reason = "kept is less than the run's length; cut spaces are one column each")]
                {
                    run.len = kept as u16;
                    run.cols = run.cols.saturating_sub(cut as u16);
                }
                return;
            }
            self.runs.pop();
        }
    }

    /// Adds the cells of `next` at the end and takes over its `wrapped`: how the rows of one logical line are joined.
    pub fn append(&mut self, next: &Self) {
        let mut byte = 0;
        for run in &next.runs {
            let end = byte + usize::from(run.len);
            self.push_run(next.text.get(byte..end).unwrap_or_default(), run.shape, run.style, run.link);
            byte = end;
        }
        self.wrapped = next.wrapped;
    }

    /// Joins the rows of one logical line.
    pub fn concat<'a>(rows: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut line = Self::default();
        for row in rows {
            line.append(row);
        }
        line
    }

    /// Lays a logical line out at `width` columns (at least 1): as many rows as it takes, at least one, all but the last `wrapped`, the last
    /// as this row was. No cell is ever cut: at width 1 a wide cell has a row of its own that is too long by one column.
    #[must_use]
    pub fn wrap(&self, width: u16) -> Vec<Self> {
        let width = width.max(1);
        if self.cols() <= width {
            return vec![self.clone()];
        }
        let (mut rows, mut row, mut used) = (Vec::new(), Self::default(), 0u16);
        for cell in self.cells() {
            let cell_width = u16::from(cell.width);
            if used > 0 && used + cell_width > width {
                row.wrapped = true;
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            row.push(cell.text, cell.width, cell.style, cell.link);
            used += cell_width;
        }
        row.wrapped = self.wrapped;
        rows.push(row);
        rows
    }

    /// The columns outside of which `new` equals this row, not cutting a cell of either; `None` when they are equal in all. Beyond its stored
    /// columns a row is blank. Only `wrapped` differing is the empty range at 0.
    #[must_use]
    pub fn changed_cols(&self, new: &Self) -> Option<(u16, u16)> {
        if self == new {
            return None;
        }
        // Where the stored lengths differ, all of the longer one's end counts as changed: blanks that a `wrapped` row keeps are stored too.
        let stored = (self.cols().min(new.cols()), self.cols().max(new.cols()));
        let cols = stored.1;
        let (mut old, mut new) = (self.clone(), new.clone());
        old.pad_to(cols);
        new.pad_to(cols);
        let (old, new): (Vec<_>, Vec<_>) = (old.cells().collect(), new.cells().collect());
        let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let (old_rest, new_rest) = (old.get(same..).unwrap_or_default(), new.get(same..).unwrap_or_default());
        let same_end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
        let Some(last) = new_rest.len().checked_sub(same_end + 1).and_then(|last| new_rest.get(last)) else {
            return Some(if stored.0 == stored.1 { (0, 0) } else { (stored.0, stored.1) });
        };
        let to = if stored.0 == stored.1 { last.col.saturating_add(u16::from(last.width)) } else { stored.1 };
        let from = new_rest.first().map_or(0, |cell| cell.col);
        Some((if stored.0 == stored.1 { from } else { from.min(stored.0) }, to))
    }

    /// Where the text of the cell that covers column `col` begins; the text's length when the row is shorter.
    #[must_use]
    pub fn byte_of_col(&self, col: u16) -> usize {
        let (mut at, mut byte) = (0u16, 0usize);
        for run in &self.runs {
            let end = at.saturating_add(run.cols);
            if col < end {
                if let Shape::Cluster(_) = run.shape {
                    return byte;
                }
                let text = self.text.get(byte..byte + usize::from(run.len)).unwrap_or_default();
                let index = usize::from((col - at) / u16::from(run.cell_width().max(1)));
                return byte + text.char_indices().nth(index).map_or(text.len(), |(offset, _)| offset);
            }
            at = end;
            byte += usize::from(run.len);
        }
        self.text.len()
    }

    /// The first column of the cell whose text contains byte `byte`; the row's width when the text is shorter.
    #[must_use]
    pub fn col_of_byte(&self, byte: usize) -> u16 {
        let (mut at, mut start) = (0u16, 0usize);
        for run in &self.runs {
            let end = start + usize::from(run.len);
            if byte < end {
                if let Shape::Cluster(_) = run.shape {
                    return at;
                }
                let before = self.text.as_bytes().get(start..=byte).unwrap_or_default();
                // Continuation bytes begin no char: the last beginning at or before `byte` is the char that contains it.
                let chars = before.iter().filter(|b| (**b & 0xC0) != 0x80).count().saturating_sub(1);
                let cols = u16::try_from(chars).unwrap_or(u16::MAX).saturating_mul(u16::from(run.cell_width()));
                return at.saturating_add(cols);
            }
            at = at.saturating_add(run.cols);
            start = end;
        }
        at
    }

    /// Holds for every row made by the methods here; decoded rows are checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), Malformed> {
        let (mut byte, mut cols) = (0usize, 0u32);
        for run in &self.runs {
            let end = byte + usize::from(run.len);
            let text = self.text.get(byte..end).ok_or(Malformed("a run ends inside a char or outside the text"))?;
            if text.is_empty() {
                return Err(Malformed("an empty run"));
            }
            if let Shape::Cluster(width) = run.shape
                && !(1..=2).contains(&width)
            {
                return Err(Malformed("a cluster of impossible width"));
            }
            if run.cols != shape_cols(text, run.shape) {
                return Err(Malformed("a run's columns are not those of its text"));
            }
            cols += u32::from(run.cols);
            byte = end;
        }
        if byte != self.text.len() {
            return Err(Malformed("text without a run"));
        }
        if cols > u32::from(u16::MAX) {
            return Err(Malformed("too many columns"));
        }
        Ok(())
    }
}

/// Bytes from outside that are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed: {0}")]
pub struct Malformed(pub &'static str);

/// The columns that `text` takes in `shape`.
pub(super) fn shape_cols(text: &str, shape: Shape) -> u16 {
    let chars = || if text.is_ascii() { text.len() } else { text.chars().count() };
    match shape {
        Shape::Narrow => u16::try_from(chars()).unwrap_or(u16::MAX),
        Shape::Wide => u16::try_from(chars().saturating_mul(2)).unwrap_or(u16::MAX),
        Shape::Cluster(width) => u16::from(width),
    }
}

/// The longest beginning of `text` that has at most `max` bytes and ends between chars.
pub(super) fn floor_char(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The cells of a [`Row`], left to right.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    runs: std::slice::Iter<'a, Run>,
    /// The text of `runs`.
    text: &'a str,
    /// The run being walked and its text not yet yielded.
    run: Option<(Run, &'a str)>,
    col: u16,
}

impl<'a> Iterator for Cells<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        loop {
            if let Some((run, text)) = self.run
                && let Some(first) = text.chars().next()
            {
                let len = if matches!(run.shape, Shape::Cluster(_)) { text.len() } else { first.len_utf8() };
                self.run = Some((run, &text[len..]));
                let cell = Cell { col: self.col, width: run.cell_width(), text: &text[..len], style: run.style, link: run.link };
                self.col = self.col.saturating_add(u16::from(cell.width));
                return Some(cell);
            }
            let run = *self.runs.next()?;
            let (text, rest) = self.text.split_at_checked(usize::from(run.len))?;
            self.text = rest;
            self.run = Some((run, text));
        }
    }
}
