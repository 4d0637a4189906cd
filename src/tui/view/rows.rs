//! Rows of a pane drawn as a widget, for previews: panes themselves are painted past the widgets.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::ids::PaneId;
use crate::terminal::{self, Attrs, Row, Underline};
use crate::tui::model::Model;

/// A style of a pane's cell as ratatui's; what ratatui cannot say is left out.
#[must_use]
pub fn style(style: terminal::Style) -> Style {
    let color = |color| match color {
        terminal::Color::Default => Color::Reset,
        terminal::Color::Indexed(index) => Color::Indexed(index),
        terminal::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    };
    let modifiers = [
        (Attrs::BOLD, Modifier::BOLD),
        (Attrs::DIM, Modifier::DIM),
        (Attrs::ITALIC, Modifier::ITALIC),
        (Attrs::BLINK, Modifier::SLOW_BLINK),
        (Attrs::REVERSE, Modifier::REVERSED),
        (Attrs::HIDDEN, Modifier::HIDDEN),
        (Attrs::STRIKE, Modifier::CROSSED_OUT),
    ];
    let mut out = Style::new().fg(color(style.fg)).bg(color(style.bg));
    for (attr, modifier) in modifiers {
        if style.attrs.contains(attr) {
            out = out.add_modifier(modifier);
        }
    }
    if style.underline != Underline::None {
        out = out.add_modifier(Modifier::UNDERLINED);
    }
    out
}

/// Draws a row at the top of `area`, cut at its right edge.
pub fn draw(row: &Row, area: Rect, buffer: &mut Buffer) {
    for cell in row.cells() {
        if cell.col + u16::from(cell.width) > area.width {
            break;
        }
        if let Some(target) = buffer.cell_mut((area.x + cell.col, area.y)) {
            target.set_symbol(cell.text).set_style(style(cell.style));
        }
    }
}

/// Draws the part of a pane's screen around its last written row, as much as fits; nothing if its screen has not come.
pub fn preview(model: &Model, pane: PaneId, area: Rect, buffer: &mut Buffer) {
    let Some(replica) = model.replicas.get(&pane) else {
        buffer.set_stringn(area.x + 1, area.y, "…", usize::from(area.width.saturating_sub(1)), Style::new());
        return;
    };
    let rows = &replica.screen.rows;
    let written = rows.iter().rposition(|row| !row.row.is_empty()).map_or(0, |last| last + 1);
    let end = written.max(usize::from(replica.screen.cursor.at.row) + 1).min(rows.len());
    let start = end.saturating_sub(usize::from(area.height));
    for (y, row) in (area.y..area.bottom()).zip(rows.iter().take(end).skip(start)) {
        draw(&row.row, Rect { y, height: 1, ..area }, buffer);
    }
}
