//! Bytes for the outer terminal: our ratatui backend, and what the painter of panes writes through.
//!
//! [`Output`] collects one frame. It knows what the outer terminal's pen and cursor are at each moment, so that only what differs is said: a letter that is
//! echoed becomes a cursor move and the letter. [`Output::finish`] wraps the frame in a synchronized update (private mode 2026; terminals that do
//! not know it ignore it) and gives it out to be written at once; a frame of a few bytes goes without the wrapping, since nothing can be seen of it
//! half done.
//!
//! Texts come from programs and are not trusted: control characters are never written. Autowrap is off while the client runs, so that a character
//! whose width the outer terminal sees differently cannot push others into the next row; after each text that is not ASCII the cursor's place is
//! taken as unknown for the same reason.

use std::convert::Infallible;
use std::io::Write as _;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size as Area};
use ratatui::style::{Color as Paint, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::geometry::{Point, Size};
use crate::terminal::{Attrs, Color, CursorShape, Style, Underline};

/// What colours the outer terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Direct colours.
    #[default]
    Direct,
    /// The palette of 256.
    Palette256,
    /// The sixteen of the theme.
    Sixteen,
}

/// The cursor as the outer terminal shall show it after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShownCursor {
    /// Its cell; none: hidden.
    pub at: Option<Point>,
    /// Its shape.
    pub shape: CursorShape,
}

/// A frame in the making, and what the outer terminal is known to be like.
#[derive(Debug)]
pub struct Output {
    bytes: Vec<u8>,
    size: Size,
    depth: Depth,
    pen: Option<Style>,
    at: Option<Point>,
    /// What the terminal shows; `None` when unknown.
    visible: Option<bool>,
    shape: CursorShape,
}

/// Frames of at most so many bytes are not wrapped in a synchronized update.
const SMALL_FRAME_BYTES: usize = 128;

impl Output {
    /// For an outer terminal of `size`.
    #[must_use]
    pub const fn new(size: Size, depth: Depth) -> Self {
        Self { bytes: Vec::new(), size, depth, pen: None, at: None, visible: None, shape: CursorShape::Default }
    }

    /// The outer terminal's size.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The outer terminal has another size, and nothing of its state is known.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.forget();
    }

    /// Whether the frame is empty so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The outer terminal's pen and cursor are unknown from here on.
    pub fn forget(&mut self) {
        (self.pen, self.at, self.visible) = (None, None, None);
    }

    /// Bytes that change nothing of pen, cursor and cells (bell, clipboard, title).
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Clears the whole screen.
    pub fn clear_all(&mut self) {
        self.style(Style::default());
        self.bytes.extend_from_slice(b"\x1b[2J");
    }

    /// Ends the frame with the cursor as it shall be, and takes it out: bytes to be written at once, none if nothing changed.
    pub fn finish(&mut self, cursor: ShownCursor) -> Vec<u8> {
        let large = self.bytes.len() > SMALL_FRAME_BYTES;
        // Without synchronized updates a visible cursor would be seen running about.
        let hide_first = large && self.visible != Some(false);
        if hide_first {
            self.visible = Some(false);
        }
        if let Some(at) = cursor.at {
            self.move_to(at);
            if cursor.shape != self.shape {
                self.shape = cursor.shape;
                let number = match cursor.shape {
                    CursorShape::Default => 0,
                    CursorShape::Block { blink: true } => 1,
                    CursorShape::Block { blink: false } => 2,
                    CursorShape::Underline { blink: true } => 3,
                    CursorShape::Underline { blink: false } => 4,
                    CursorShape::Bar { blink: true } => 5,
                    CursorShape::Bar { blink: false } => 6,
                };
                let _ = write!(self.bytes, "\x1b[{number} q");
            }
        }
        let visible = cursor.at.is_some();
        if self.visible != Some(visible) {
            self.bytes.extend_from_slice(if visible { b"\x1b[?25h" } else { b"\x1b[?25l" });
            self.visible = Some(visible);
        }
        if !large {
            return std::mem::take(&mut self.bytes);
        }
        let mut out = Vec::with_capacity(self.bytes.len() + 24);
        out.extend_from_slice(b"\x1b[?2026h");
        if hide_first {
            out.extend_from_slice(b"\x1b[?25l");
        }
        out.extend_from_slice(&self.bytes);
        out.extend_from_slice(b"\x1b[?2026l");
        self.bytes.clear();
        self.bytes.shrink_to(64 * 1024);
        out
    }

    /// Moves the cursor.
    pub fn move_to(&mut self, to: Point) {
        if self.at == Some(to) {
            return;
        }
        let (row, col) = (u32::from(to.row) + 1, u32::from(to.col) + 1);
        let same_row = self.at.is_some_and(|at| at.row == to.row);
        let _ = match (same_row, to.col) {
            (true, 0) => self.bytes.write_all(b"\r"),
            (true, _) => write!(self.bytes, "\x1b[{col}G"),
            (false, 0) => write!(self.bytes, "\x1b[{row}H"),
            (false, _) => write!(self.bytes, "\x1b[{row};{col}H"),
        };
        self.at = Some(to);
    }

    /// Writes `text`, which takes `cols` columns, where the cursor is.
    pub fn text(&mut self, text: &str, cols: u16) {
        if text.is_ascii() {
            if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
                self.bytes.extend_from_slice(text.as_bytes());
            } else {
                self.bytes.extend(text.bytes().map(|byte| if (0x20..0x7f).contains(&byte) { byte } else { b' ' }));
            }
            self.advance(cols);
        } else {
            // A joiner at a cell's end would pull the next cell's character into this one; an emoji selector would widen a narrow cell. The terminal
            // would then show something of another width than the program and its pane reckon with.
            let text = text.trim_end_matches('\u{200d}');
            let mut buffer = [0; 4];
            for c in text.chars().filter(|c| cols > 1 || *c != '\u{fe0f}') {
                let c = if c.is_control() { ' ' } else { c };
                self.bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
            }
            self.at = None;
        }
    }

    /// Makes `cols` columns from the cursor on blank, in the pen's background; the cursor is anywhere afterwards.
    pub fn blank(&mut self, cols: u16) {
        let Some(at) = self.at else { return };
        if cols == 0 {
            return;
        }
        let plain = self.pen == Some(Style::default());
        if plain && at.col.saturating_add(cols) >= self.size.cols {
            self.bytes.extend_from_slice(b"\x1b[K");
        } else if plain && cols > 6 {
            let _ = write!(self.bytes, "\x1b[{cols}X");
        } else {
            self.bytes.resize(self.bytes.len() + usize::from(cols), b' ');
            self.advance(cols);
        }
    }

    /// Moves the rows `top..bottom` up by `count`, over the whole width; blank rows come in below.
    pub fn scroll_up(&mut self, top: u16, bottom: u16, count: u16) {
        self.style(Style::default());
        let (first, last) = (u32::from(top) + 1, u32::from(bottom));
        let _ = write!(self.bytes, "\x1b[{first};{last}r\x1b[{count}S\x1b[r");
        // DECSTBM homes the cursor.
        self.at = Some(Point::default());
    }

    fn advance(&mut self, cols: u16) {
        let width = self.size.cols;
        // At the right edge the cursor's place is the terminal's business.
        self.at = self.at.map(|at| Point { col: at.col.saturating_add(cols), ..at }).filter(|at| at.col < width);
    }

    /// Makes `style` the pen.
    pub fn style(&mut self, style: Style) {
        if self.pen == Some(style) {
            return;
        }
        let known = self.pen.filter(|_| style != Style::default());
        let old = known.unwrap_or_default();
        let mut sgr = Sgr { out: &mut self.bytes, begun: false };
        if known.is_none() {
            sgr.code(0);
        }
        let gone = |attr: Attrs| old.attrs.contains(attr) && !style.attrs.contains(attr);
        let mut has = old.attrs;
        if gone(Attrs::BOLD) || gone(Attrs::DIM) {
            sgr.code(22);
            has = Attrs(has.0 & !Attrs::BOLD.0 & !Attrs::DIM.0);
        }
        for (attr, off) in
            [(Attrs::ITALIC, 23), (Attrs::BLINK, 25), (Attrs::REVERSE, 27), (Attrs::HIDDEN, 28), (Attrs::STRIKE, 29), (Attrs::OVERLINE, 55)]
        {
            if gone(attr) {
                sgr.code(off);
            }
        }
        for (attr, on) in [
            (Attrs::BOLD, 1),
            (Attrs::DIM, 2),
            (Attrs::ITALIC, 3),
            (Attrs::BLINK, 5),
            (Attrs::REVERSE, 7),
            (Attrs::HIDDEN, 8),
            (Attrs::STRIKE, 9),
            (Attrs::OVERLINE, 53),
        ] {
            if style.attrs.contains(attr) && !has.contains(attr) {
                sgr.code(on);
            }
        }
        if style.underline != old.underline {
            match style.underline {
                Underline::None => sgr.code(24),
                Underline::Single => sgr.code(4),
                Underline::Double => sgr.word("4:2"),
                Underline::Curly => sgr.word("4:3"),
                Underline::Dotted => sgr.word("4:4"),
                Underline::Dashed => sgr.word("4:5"),
            }
        }
        if style.fg != old.fg {
            sgr.color(style.fg, 30, self.depth);
        }
        if style.bg != old.bg {
            sgr.color(style.bg, 40, self.depth);
        }
        if style.underline_color != old.underline_color {
            // With colons, since terminals that do not know 58 would take its parameters for others.
            match style.underline_color {
                Color::Default => sgr.code(59),
                Color::Indexed(index) => sgr.word(&format!("58:5:{index}")),
                Color::Rgb(r, g, b) => sgr.word(&format!("58:2::{r}:{g}:{b}")),
            }
        }
        sgr.end();
        self.pen = Some(style);
    }
}

/// An SGR sequence in the making.
struct Sgr<'a> {
    out: &'a mut Vec<u8>,
    begun: bool,
}

impl Sgr<'_> {
    fn word(&mut self, word: &str) {
        self.out.extend_from_slice(if self.begun { b";" } else { b"\x1b[" });
        self.begun = true;
        self.out.extend_from_slice(word.as_bytes());
    }

    fn code(&mut self, code: u8) {
        if code == 0 {
            self.word("");
        } else {
            self.word(&code.to_string());
        }
    }

    fn color(&mut self, color: Color, base: u8, depth: Depth) {
        let color = match (color, depth) {
            (Color::Rgb(r, g, b), Depth::Palette256) => Color::Indexed(nearest_256(r, g, b)),
            (Color::Rgb(r, g, b), Depth::Sixteen) => Color::Indexed(nearest_16(r, g, b)),
            (Color::Indexed(index @ 16..), Depth::Sixteen) => {
                let (r, g, b) = palette(index);
                Color::Indexed(nearest_16(r, g, b))
            }
            (color, _) => color,
        };
        match color {
            Color::Default => self.code(base + 9),
            Color::Indexed(index @ 0..=7) => self.code(base + index),
            Color::Indexed(index @ 8..=15) => self.code(base + 60 + index - 8),
            Color::Indexed(index) => self.word(&format!("{};5;{index}", base + 8)),
            Color::Rgb(r, g, b) => self.word(&format!("{};2;{r};{g};{b}", base + 8)),
        }
    }

    fn end(self) {
        if self.begun {
            self.out.push(b'm');
        }
    }
}

/// The levels of the 6x6x6 cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let along = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    along(a.0, b.0) + along(a.1, b.1) + along(a.2, b.2)
}

/// The colour of the palette's cube or greys that is nearest.
fn nearest_256(r: u8, g: u8, b: u8) -> u8 {
    (16..=255).min_by_key(|index| distance((r, g, b), palette(*index))).unwrap_or(15)
}

fn nearest_16(r: u8, g: u8, b: u8) -> u8 {
    (0..=15).min_by_key(|index| distance((r, g, b), palette(*index))).unwrap_or(7)
}

/// What xterm shows for a palette colour.
fn palette(index: u8) -> (u8, u8, u8) {
    const THEME: [(u8, u8, u8); 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    match index {
        0..=15 => THEME[usize::from(index)],
        16..=231 => {
            let cube = usize::from(index - 16);
            (LEVELS[cube / 36], LEVELS[cube / 6 % 6], LEVELS[cube % 6])
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// A ratatui colour as the terminal room says it.
#[must_use]
pub const fn color(paint: Paint) -> Color {
    match paint {
        Paint::Reset => Color::Default,
        Paint::Black => Color::Indexed(0),
        Paint::Red => Color::Indexed(1),
        Paint::Green => Color::Indexed(2),
        Paint::Yellow => Color::Indexed(3),
        Paint::Blue => Color::Indexed(4),
        Paint::Magenta => Color::Indexed(5),
        Paint::Cyan => Color::Indexed(6),
        Paint::Gray => Color::Indexed(7),
        Paint::DarkGray => Color::Indexed(8),
        Paint::LightRed => Color::Indexed(9),
        Paint::LightGreen => Color::Indexed(10),
        Paint::LightYellow => Color::Indexed(11),
        Paint::LightBlue => Color::Indexed(12),
        Paint::LightMagenta => Color::Indexed(13),
        Paint::LightCyan => Color::Indexed(14),
        Paint::White => Color::Indexed(15),
        Paint::Indexed(index) => Color::Indexed(index),
        Paint::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

/// What of ratatui's modifiers the terminal room knows.
const MODIFIERS: [(Modifier, Attrs); 7] = [
    (Modifier::BOLD, Attrs::BOLD),
    (Modifier::DIM, Attrs::DIM),
    (Modifier::ITALIC, Attrs::ITALIC),
    (Modifier::SLOW_BLINK, Attrs::BLINK),
    (Modifier::REVERSED, Attrs::REVERSE),
    (Modifier::HIDDEN, Attrs::HIDDEN),
    (Modifier::CROSSED_OUT, Attrs::STRIKE),
];

/// `under` with a ratatui style laid over it.
#[must_use]
pub fn overlaid(under: Style, over: ratatui::style::Style) -> Style {
    let mut style = under;
    if let Some(fg) = over.fg {
        style.fg = color(fg);
    }
    if let Some(bg) = over.bg {
        style.bg = color(bg);
    }
    // Reversed content would show the colours laid over it the wrong way round.
    if over.bg.is_some() {
        style.attrs = Attrs(style.attrs.0 & !Attrs::REVERSE.0);
    }
    for (modifier, attr) in MODIFIERS {
        if over.add_modifier.contains(modifier) {
            style.attrs = style.attrs.with(attr);
        }
    }
    if over.add_modifier.contains(Modifier::UNDERLINED) {
        style.underline = Underline::Single;
    }
    style
}

fn cell_style(cell: &Cell) -> Style {
    let mut style = Style { fg: color(cell.fg), bg: color(cell.bg), ..Style::default() };
    for (modifier, attr) in MODIFIERS {
        if cell.modifier.contains(modifier) {
            style.attrs = style.attrs.with(attr);
        }
    }
    if cell.modifier.contains(Modifier::UNDERLINED) {
        style.underline = Underline::Single;
    }
    style
}

impl Backend for Output {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (col, row, cell) in content {
            self.move_to(Point { col, row });
            self.style(cell_style(cell));
            let width = u16::try_from(cell.symbol().width()).unwrap_or(1).max(1);
            // A wide character has no room in the last column.
            let symbol = if col.saturating_add(width) > self.size.cols { " " } else { cell.symbol() };
            self.text(symbol, width);
        }
        Ok(())
    }

    /// The cursor is placed by [`Output::finish`].
    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    /// The cursor is placed by [`Output::finish`].
    fn show_cursor(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        let at = self.at.unwrap_or_default();
        Ok(Position { x: at.col, y: at.row })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        let position = position.into();
        self.move_to(Point { col: position.x, row: position.y });
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.clear_all();
        Ok(())
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Infallible> {
        self.style(Style::default());
        self.bytes.extend_from_slice(match clear_type {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[0J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[0K",
        });
        Ok(())
    }

    fn size(&self) -> Result<Area, Infallible> {
        Ok(Area { width: self.size.cols, height: self.size.rows })
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize { columns_rows: Area { width: self.size.cols, height: self.size.rows }, pixels: Area { width: 0, height: 0 } })
    }

    /// The loop writes what [`Output::finish`] gives out.
    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, cols: u16) -> String {
        let mut out = Output::new(Size::new(80, 24), Depth::Direct);
        out.text(text, cols);
        String::from_utf8(out.finish(ShownCursor::default())).unwrap_or_default().replace("\x1b[?25l", "")
    }

    #[test]
    fn a_cell_is_written_as_wide_as_it_is() {
        assert_eq!(written("\u{1f468}\u{200d}", 2), "\u{1f468}", "nothing joins the next cell");
        assert_eq!(written("\u{2764}\u{fe0f}", 1), "\u{2764}", "nothing widens a narrow cell");
        assert_eq!(written("\u{2764}\u{fe0f}", 2), "\u{2764}\u{fe0f}");
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(written(family, 2), family, "a cluster in one cell stays whole");
    }
}
