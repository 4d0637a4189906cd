//! Which keys may follow: shown when a key table (the prefix) has waited for a while, made of the live key table, gone with the next key.
//!
//! It is no overlay: it takes no keys and has no state of its own but [`KeyState::hinted`](crate::tui::model::KeyState::hinted), which ends with the table's waiting.
//!
//! ```text
//!  after C-b ────────────────────────────────────────────
//!  "  Split, the new pane below     c  New window
//!  %  Split, the new pane on the …  d  Detach this client
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use unicode_width::UnicodeWidthStr;

use super::clear;
use crate::config::keytable::KeyTables;
use crate::tui::model::Model;

/// Columns of one entry, at least: a key and something to say about it.
const ENTRY_COLS: u16 = 34;

/// Keys with what they do, in the table's order; the ten digits that do the same thing are one entry.
fn entries(model: &Model, table: &str) -> Vec<(String, String)> {
    let Some((_, keys)) = model.settings.config.keys.iter().find(|(name, _)| *name == table) else { return Vec::new() };
    let all: Vec<(String, String)> = keys.iter().map(|(key, bound)| (key.to_string(), bound.description().to_string())).collect();
    let by_number = |(key, does): &(String, String)| {
        let digit = key.chars().next().filter(|c| c.is_ascii_digit() && key.len() == 1)?;
        does.strip_suffix(digit).map(str::trim_end).map(str::to_owned)
    };
    let digits = all.iter().filter(|entry| by_number(entry).is_some()).count();
    let mut out = Vec::new();
    let mut merged = false;
    for entry in all {
        match by_number(&entry).filter(|_| digits > 2) {
            Some(_) if merged => {}
            Some(does) => {
                merged = true;
                out.push(("0-9".to_owned(), format!("{does} 0-9")));
            }
            None => out.push(entry),
        }
    }
    out
}

/// Draws the hint at the bottom of the viewport, if it is time for one.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let Some(table) = model.keys.table.as_deref().filter(|_| model.keys.hinted) else { return };
    let entries = entries(model, table);
    let screen = buffer.area;
    let viewport = model.viewport();
    if entries.is_empty() || viewport.rows < 3 || viewport.cols < 12 {
        return;
    }
    let theme = &model.settings.theme;
    let columns = (viewport.cols / ENTRY_COLS).max(1);
    let wanted = u16::try_from(entries.len()).unwrap_or(u16::MAX).div_ceil(columns);
    let rows = wanted.min(viewport.rows.saturating_sub(1));
    let top = if model.settings.status_top() { 1 } else { 0 };
    let area = Area { x: 0, y: top + viewport.rows - rows - 1, width: viewport.cols, height: rows + 1 }.intersection(screen);
    clear(area, buffer);
    buffer.set_style(area, theme.list);
    let prefix = model.settings.config.general.prefix.map_or_else(String::new, |key| key.to_string());
    let name = if table == KeyTables::PREFIX { prefix } else { table.to_owned() };
    let shown = usize::from(rows) * usize::from(columns);
    let more = if entries.len() > shown { format!(" ({} more: ? lists all)", entries.len() - shown) } else { String::new() };
    let title = format!(" after {name}{more} ");
    buffer.set_string(area.x, area.y, "─".repeat(usize::from(area.width)), theme.border);
    buffer.set_stringn(area.x + 1, area.y, &title, usize::from(area.width.saturating_sub(2)), theme.title_active);
    let width = area.width / columns;
    for (index, (key, does)) in entries.iter().take(shown).enumerate() {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        let (x, y) = (area.x + index / rows * width, area.y + 1 + index % rows);
        let key_cols = u16::try_from(key.width()).unwrap_or(u16::MAX).max(5).min(width);
        buffer.set_stringn(x + 1, y, key, usize::from(key_cols), theme.key);
        let room = width.saturating_sub(key_cols + 3);
        let cut: String = if does.width() > usize::from(room) {
            does.chars().take(usize::from(room.saturating_sub(1))).chain(['…']).collect()
        } else {
            does.clone()
        };
        buffer.set_stringn(x + 2 + key_cols, y, &cut, usize::from(room), theme.list);
    }
}
