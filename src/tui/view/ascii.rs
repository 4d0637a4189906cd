//! Chrome for a terminal that is not known to speak UTF-8: what is drawn with other characters is said with ASCII.
//!
//! One pass over what the widgets drew, so that no widget needs to know. Panes' content is not touched: what programs write is between them and the
//! terminal.

use ratatui::buffer::{Buffer, CellDiffOption};
use unicode_width::UnicodeWidthStr;

/// What stands for a symbol: lines, marks, arrows; `?` for what has no likeness.
fn likeness(symbol: &str) -> &'static str {
    match symbol {
        "─" | "━" | "╌" | "═" | "–" | "—" => "-",
        "│" | "┃" | "║" | "╎" => "|",
        "┼" | "├" | "┤" | "┬" | "┴" | "└" | "┘" | "┌" | "┐" | "╭" | "╮" | "╰" | "╯" | "╬" => "+",
        "·" | "…" => ".",
        "•" | "●" | "■" | "▪" => "*",
        "█" | "▓" | "▒" | "░" | "▀" | "▄" => "#",
        "›" | "→" | "▶" | "▸" => ">",
        "‹" | "←" | "◀" | "◂" => "<",
        "↑" | "▲" => "^",
        "↓" | "▼" => "v",
        "✓" => "+",
        "✗" | "×" => "x",
        "’" | "‘" => "'",
        "“" | "”" => "\"",
        _ => "?",
    }
}

/// Replaces every symbol that is not ASCII; cells that panes show are passed over.
pub fn replace(buffer: &mut Buffer) {
    for y in buffer.area.top()..buffer.area.bottom() {
        for x in buffer.area.left()..buffer.area.right() {
            let Some(cell) = buffer.cell_mut((x, y)) else { continue };
            if cell.diff_option == CellDiffOption::Skip || cell.symbol().is_ascii() {
                continue;
            }
            let wide = cell.symbol().width() > 1;
            cell.set_symbol(likeness(cell.symbol()));
            let style = cell.style();
            // The right half of what was wide is a cell of its own again.
            if wide && let Some(next) = buffer.cell_mut((x + 1, y)).filter(|next| next.diff_option != CellDiffOption::Skip) {
                next.set_symbol(" ").set_style(style);
            }
        }
    }
}
