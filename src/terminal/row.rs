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
