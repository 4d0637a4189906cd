//! Big digits, for pane numbers and the clock: 5 by 5 cells each, as in tmux.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Columns of a digit with the blank behind it.
const ADVANCE: u16 = 6;
/// Rows of a digit.
const ROWS: u16 = 5;

/// Five rows of five bits, the left one highest.
fn glyph(c: char) -> Option<[u8; 5]> {
    Some(match c {
        '0' => [0b11111, 0b10001, 0b10001, 0b10001, 0b11111],
        '1' => [0b00001, 0b00001, 0b00001, 0b00001, 0b00001],
        '2' => [0b11111, 0b00001, 0b11111, 0b10000, 0b11111],
        '3' => [0b11111, 0b00001, 0b11111, 0b00001, 0b11111],
        '4' => [0b10001, 0b10001, 0b11111, 0b00001, 0b00001],
        '5' => [0b11111, 0b10000, 0b11111, 0b00001, 0b11111],
        '6' => [0b11111, 0b10000, 0b11111, 0b10001, 0b11111],
        '7' => [0b11111, 0b00001, 0b00001, 0b00001, 0b00001],
        '8' => [0b11111, 0b10001, 0b11111, 0b10001, 0b11111],
        '9' => [0b11111, 0b10001, 0b11111, 0b00001, 0b11111],
        ':' => [0b00000, 0b00100, 0b00000, 0b00100, 0b00000],
        _ => return None,
    })
}

/// Draws `text` in the middle of `area`: big if it fits, else as plain text.
pub fn draw(text: &str, area: Rect, buffer: &mut Buffer, style: Style) {
    let count = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    let cols = count.saturating_mul(ADVANCE).saturating_sub(1);
    if area.height < ROWS || area.width < cols {
        if area.height > 0 && area.width > 0 {
            let x = area.x + area.width.saturating_sub(count) / 2;
            buffer.set_stringn(x, area.y + area.height / 2, text, usize::from(area.right().saturating_sub(x)), style);
        }
        return;
    }
    let (left, top) = (area.x + (area.width - cols) / 2, area.y + (area.height - ROWS) / 2);
    let filled = style.add_modifier(ratatui::style::Modifier::REVERSED);
    for (index, c) in text.chars().enumerate() {
        let Some(rows) = glyph(c) else { continue };
        let x = left + u16::try_from(index).unwrap_or(0) * ADVANCE;
        for (dy, bits) in (0u16..).zip(rows) {
            for dx in (0..5u16).filter(|dx| bits & (0b10000 >> dx) != 0) {
                if let Some(cell) = buffer.cell_mut((x + dx, top + dy)) {
                    cell.set_symbol(" ").set_style(filled);
                }
            }
        }
    }
}
