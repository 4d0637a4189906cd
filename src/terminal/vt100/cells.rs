//! Rows and cells of the crate as neutral rows: those on its screen, and those that it hands out as text when they leave it.

use super::grid::Dirty;
use crate::terminal::row::{Attrs, Color, Row, Shape, Style, Underline};
use crate::terminal::screen::{CursorShape, Screen};
use std::ops::Range;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The cursor's shape.
pub(super) const fn shape_of(style: ::vt100::CursorStyle) -> CursorShape {
    match style {
        ::vt100::CursorStyle::Default => CursorShape::Default,
        ::vt100::CursorStyle::BlinkBlock => CursorShape::Block { blink: true },
        ::vt100::CursorStyle::SteadyBlock => CursorShape::Block { blink: false },
        ::vt100::CursorStyle::BlinkUnderline => CursorShape::Underline { blink: true },
        ::vt100::CursorStyle::SteadyUnderline => CursorShape::Underline { blink: false },
        ::vt100::CursorStyle::BlinkVerticalBar => CursorShape::Bar { blink: true },
        ::vt100::CursorStyle::SteadyVerticalBar => CursorShape::Bar { blink: false },
    }
}

const fn color_of(color: ::vt100::Color) -> Color {
    match color {
        ::vt100::Color::Default => Color::Default,
        ::vt100::Color::Idx(index) => Color::Indexed(index),
        ::vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

/// A cell's style. One that was erased and not written to has its background alone, as in xterm.
fn style_of(cell: &::vt100::Cell) -> Style {
    let bg = color_of(cell.bgcolor());
    if !cell.has_contents() {
        return Style { bg, ..Style::default() };
    }
    let mut attrs = Attrs::default();
    for (on, attr) in
        [(cell.bold(), Attrs::BOLD), (cell.dim(), Attrs::DIM), (cell.italic(), Attrs::ITALIC), (cell.inverse(), Attrs::REVERSE)]
    {
        if on {
            attrs = attrs.with(attr);
        }
    }
    let underline = if cell.underline() { Underline::Single } else { Underline::None };
    Style { fg: color_of(cell.fgcolor()), bg, underline_color: Color::Default, underline, attrs }
}

/// A cell as the neutral row has it, and its width.
fn cell_of(grid: &::vt100::Screen, row: u16, col: u16, cols: u16) -> Option<(&str, u8, Style)> {
    let cell = grid.cell(row, col)?;
    let text = if cell.has_contents() { cell.contents() } else { " " };
    // A wide cell whose second half is gone, or was pushed over the edge, is shown as a blank.
    let wide = cell.is_wide() && col + 1 < cols;
    if cell.is_wide() && !wide { Some((" ", 1, style_of(cell))) } else { Some((text, if wide { 2 } else { 1 }, style_of(cell))) }
}

/// Puts the rows of `grid` that changed into `screen`, after scrolling it if most of it just moved up.
pub(super) fn refresh_rows(screen: &mut Screen, grid: &::vt100::Screen, dirty: Dirty, scrolls: usize, version: u64, changed: &mut bool) {
    let rows = screen.rows.len();
    let dirty = match dirty {
        _ if scrolls > 0 => 0..rows,
        Dirty::Nowhere => return,
        Dirty::Cells { row, from, to } => match put_cells(screen, grid, row, from..to, version) {
            Some(different) => {
                *changed |= different;
                return;
            }
            None => usize::from(row)..usize::from(row) + 1,
        },
        Dirty::Row(row) => usize::from(row)..usize::from(row) + 1,
        Dirty::Everywhere => 0..rows,
    };
    if scrolls > 0 && scrolls < rows {
        let same = |shift: usize| {
            let shifted = screen.rows.iter().skip(shift);
            (0u16..).zip(shifted).filter(|(index, row)| !row.row.is_empty() && is_row(grid, *index, &row.row)).count()
        };
        if same(scrolls) > same(0) {
            screen.scroll_up(u16::try_from(scrolls).unwrap_or(u16::MAX), version);
            *changed = true;
        }
    }
    for index in dirty {
        let Ok(number) = u16::try_from(index) else { break };
        if screen.rows.get(index).is_some_and(|row| !is_row(grid, number, &row.row)) {
            *changed |= screen.put_row(index, read_row(grid, number), version);
        }
    }
}

/// Puts the columns `cols` of row `index`, outside of which nothing changed, into `screen`; tells whether they differ. `None`, and nothing is done, unless
/// the row and they are plain ASCII: then a byte is a column, and an echoed letter costs the letter instead of the row.
fn put_cells(screen: &mut Screen, grid: &::vt100::Screen, index: u16, cols: Range<u16>, version: u64) -> Option<bool> {
    let slot = screen.rows.get_mut(usize::from(index))?;
    let row = &mut slot.row;
    if row.wrapped || grid.row_wrapped(index) || !row.is_plain_ascii() {
        return None;
    }
    let mut patch = Row::default();
    let mut differs: Option<Range<u16>> = None;
    for col in cols.clone() {
        let cell = grid.cell(index, col)?;
        let text = if cell.has_contents() { cell.contents() } else { " " };
        if text.len() != 1 || cell.is_wide() || cell.is_wide_continuation() {
            return None;
        }
        let style = style_of(cell);
        if row.ascii_at(col) != (text.as_bytes().first().copied()?, style) {
            differs = Some(differs.map_or(col, |differs| differs.start)..col + 1);
        }
        patch.push_run(text, Shape::Narrow, style, 0);
    }
    let Some(differs) = differs else { return Some(false) };
    let patch = patch.slice_cols(differs.start - cols.start, differs.end - cols.start);
    row.splice_cols(differs.start, differs.end, &patch);
    slot.version = version;
    slot.changes.add(version, differs.start, differs.end);
    Some(true)
}

/// Whether row `index` of `grid` is `row`.
fn is_row(grid: &::vt100::Screen, index: u16, row: &Row) -> bool {
    let cols = grid.size().1.get();
    if row.wrapped != grid.row_wrapped(index) {
        return false;
    }
    let mut col = 0u16;
    for cell in row.cells() {
        if cell_of(grid, index, col, cols) != Some((cell.text, cell.width, cell.style)) {
            return false;
        }
        col += u16::from(cell.width);
    }
    col == cols || (!row.wrapped && (col..cols).all(|col| cell_of(grid, index, col, cols) == Some((" ", 1, Style::default()))))
}

/// Row `index` of `grid`.
fn read_row(grid: &::vt100::Screen, index: u16) -> Row {
    let cols = grid.size().1.get();
    let mut row = Row { wrapped: grid.row_wrapped(index), ..Row::default() };
    let mut col = 0u16;
    while let Some((text, width, style)) = (col < cols).then(|| cell_of(grid, index, col, cols)).flatten() {
        row.push(text, width, style, 0);
        col += u16::from(width);
    }
    if !row.wrapped {
        row.trim();
    }
    row
}

/// The row that the crate wrote down as `text`: characters and SGR sequences of its own making.
pub(super) fn row_of(text: &str, wrapped: bool) -> Row {
    let mut row = Row { wrapped, ..Row::default() };
    let mut style = Style::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, escape) = rest.split_at(memchr::memchr(0x1b, rest.as_bytes()).unwrap_or(rest.len()));
        push_text(&mut row, plain, style);
        rest = match escape.strip_prefix("\x1b[").and_then(|escape| escape.split_once('m')) {
            Some((parameters, behind)) => {
                restyle(&mut style, parameters);
                behind
            }
            None => "",
        };
    }
    if !wrapped {
        row.trim();
    }
    row
}

/// Adds characters, with those that have no width to the cell before them.
fn push_text(row: &mut Row, text: &str, style: Style) {
    if text.is_ascii() {
        return row.push_run(text, Shape::Narrow, style, 0);
    }
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((index, c)) = chars.next() {
        let end = index + c.len_utf8();
        if chars.peek().is_some_and(|(_, next)| next.width() == Some(0)) {
            continue;
        }
        let cell = text.get(start..end).unwrap_or_default();
        // The crate's own rule: a cell is as wide as its first character, unless a variation selector asks for more.
        let first = cell.chars().next().and_then(UnicodeWidthChar::width).unwrap_or(1);
        let wide = first > 1 || (cell.contains('\u{fe0f}') && cell.width() > 1);
        row.push(cell, if wide { 2 } else { 1 }, style, 0);
        start = end;
    }
}

/// Changes `style` by the parameters of an SGR that the crate wrote.
fn restyle(style: &mut Style, parameters: &str) {
    let mut numbers = parameters.split(';').map(|number| number.parse::<u8>().unwrap_or(0));
    while let Some(number) = numbers.next() {
        let set = |attrs: Attrs, attr: Attrs, on: bool| if on { attrs.with(attr) } else { Attrs(attrs.0 & !attr.0) };
        match number {
            0 => *style = Style::default(),
            1 => style.attrs = set(style.attrs, Attrs::DIM, false).with(Attrs::BOLD),
            2 => style.attrs = set(style.attrs, Attrs::BOLD, false).with(Attrs::DIM),
            22 => style.attrs = set(set(style.attrs, Attrs::BOLD, false), Attrs::DIM, false),
            3 | 23 => style.attrs = set(style.attrs, Attrs::ITALIC, number == 3),
            4 => style.underline = Underline::Single,
            24 => style.underline = Underline::None,
            7 | 27 => style.attrs = set(style.attrs, Attrs::REVERSE, number == 7),
            30..=37 => style.fg = Color::Indexed(number - 30),
            40..=47 => style.bg = Color::Indexed(number - 40),
            90..=97 => style.fg = Color::Indexed(number - 82),
            100..=107 => style.bg = Color::Indexed(number - 92),
            39 => style.fg = Color::Default,
            49 => style.bg = Color::Default,
            38 | 48 => {
                let mut next = || numbers.next().unwrap_or(0);
                let color = match next() {
                    5 => Color::Indexed(next()),
                    _ => Color::Rgb(next(), next(), next()),
                };
                if number == 38 {
                    style.fg = color;
                } else {
                    style.bg = color;
                }
            }
            _ => {}
        }
    }
}
