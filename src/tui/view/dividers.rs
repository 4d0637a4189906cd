//! Dividers, titles, and what is outside of the window.
//!
//! ```text
//! ── 0: vim ───────────────┬── 1: cargo · ana, claude (agent) ──     titles: the row above each pane
//!                          │
//! ── 2: sh ────────────────┤                                          dividers join where they meet
//! ```
//! What touches the focused pane has the active style.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::geometry::{Axis, Point, Rect};
use crate::ids::PaneId;
use crate::protocol::message::{OperatorKind, Presence};
use crate::tui::control::words::{Words, words};
use crate::tui::format::Context;
use crate::tui::model::Model;
use crate::tui::scene::Scene;
use crate::tui::settings::style;

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

/// Draws all that is between and around the panes.
pub fn draw(model: &Model, scene: &Scene, buffer: &mut Buffer) {
    outside(model, scene, buffer);
    lines(model, scene, buffer);
    for title in &scene.titles {
        draw_title(model, title.pane, title.outer, buffer);
    }
}

/// Dots where the client is larger than the window.
fn outside(model: &Model, scene: &Scene, buffer: &mut Buffer) {
    let (Some(viewport), Some(window)) = (scene.viewport, scene.window) else { return };
    if viewport == window {
        return;
    }
    let dot = if model.unicode { "·" } else { "." };
    for row in viewport.row..viewport.bottom() {
        for col in viewport.col..viewport.right() {
            if !window.contains(Point { col, row })
                && let Some(cell) = buffer.cell_mut((col, row))
            {
                cell.set_symbol(dot).set_style(model.settings.theme.faint);
            }
        }
    }
}

fn lines(model: &Model, scene: &Scene, buffer: &mut Buffer) {
    // Which ways a line goes on from each cell that has one.
    let mut cells: BTreeMap<(u16, u16), u8> = BTreeMap::new();
    let mut line = |rect: Rect, axis: Axis| {
        for row in rect.row..rect.bottom() {
            for col in rect.col..rect.right() {
                *cells.entry((row, col)).or_default() |= match axis {
                    Axis::Horizontal => UP | DOWN,
                    Axis::Vertical => LEFT | RIGHT,
                };
            }
        }
    };
    for divider in &scene.dividers {
        line(divider.outer, divider.axis);
    }
    if let Some((window, row)) = scene.window.zip(scene.titles.iter().map(|title| title.outer.row).min()) {
        // The topmost titles stand on a line of their own, over the whole width.
        if row == window.row && scene.pan.row == 0 {
            line(Rect { row, rows: 1, ..window }, Axis::Vertical);
        }
    }
    let has = |row: Option<u16>, col: Option<u16>| row.zip(col).is_some_and(|at| cells.contains_key(&at));
    let active = model.focus().and_then(|pane| scene.placed(pane)).map(|placed| placed.outer);
    let theme = &model.settings.theme;
    for (&(row, col), &own) in &cells {
        // A line goes on into a neighbour that is a line too; at its own ends it is drawn as if it went on.
        let mut ways = 0;
        for (way, there) in [
            (UP, has(row.checked_sub(1), Some(col))),
            (DOWN, has(row.checked_add(1), Some(col))),
            (LEFT, has(Some(row), col.checked_sub(1))),
            (RIGHT, has(Some(row), col.checked_add(1))),
        ] {
            if there {
                ways |= way;
            }
        }
        let upright = own & (UP | DOWN) != 0;
        let ways = if upright && ways & (LEFT | RIGHT) == 0 {
            UP | DOWN
        } else if !upright && ways & (UP | DOWN) == 0 {
            LEFT | RIGHT
        } else {
            ways
        };
        let near = active.is_some_and(|pane| {
            let around = Rect {
                col: pane.col.saturating_sub(1),
                row: pane.row.saturating_sub(1),
                cols: pane.right() + 1 - pane.col.saturating_sub(1),
                rows: pane.bottom() + 1 - pane.row.saturating_sub(1),
            };
            around.contains(Point { col, row })
        });
        if let Some(cell) = buffer.cell_mut((col, row)) {
            cell.set_symbol(symbol(ways, model.unicode)).set_style(if near { theme.border_active } else { theme.border });
        }
    }
}

const fn symbol(ways: u8, unicode: bool) -> &'static str {
    const CROSS: u8 = UP | DOWN | LEFT | RIGHT;
    const NO_LEFT: u8 = UP | DOWN | RIGHT;
    const NO_RIGHT: u8 = UP | DOWN | LEFT;
    const NO_UP: u8 = DOWN | LEFT | RIGHT;
    const NO_DOWN: u8 = UP | LEFT | RIGHT;
    const UP_RIGHT: u8 = UP | RIGHT;
    const UP_LEFT: u8 = UP | LEFT;
    const DOWN_RIGHT: u8 = DOWN | RIGHT;
    const DOWN_LEFT: u8 = DOWN | LEFT;
    let upright = ways & (UP | DOWN) != 0;
    let level = ways & (LEFT | RIGHT) != 0;
    if !unicode {
        return if upright && level {
            "+"
        } else if upright {
            "|"
        } else {
            "-"
        };
    }
    match ways {
        CROSS => "┼",
        NO_LEFT => "├",
        NO_RIGHT => "┤",
        NO_UP => "┬",
        NO_DOWN => "┴",
        UP_RIGHT => "└",
        UP_LEFT => "┘",
        DOWN_RIGHT => "┌",
        DOWN_LEFT => "┐",
        _ if upright => "│",
        _ => "─",
    }
}

fn draw_title(model: &Model, pane: PaneId, line: Rect, buffer: &mut Buffer) {
    let colors = &model.settings.config.colors;
    let Some(info) = model.panes.get(&pane) else { return };
    let base = if model.focus() == Some(pane) { colors.title_active } else { colors.title };
    let window = model.windows.get(&info.window);
    let context = Context { pane: Some(info), window: window.map(|window| (0, window)), ..Context::here(model) };
    let mut pieces: Vec<(String, Style)> =
        context.render(&model.settings.config.titles.pane, base).into_iter().map(|span| (span.text, style(span.style))).collect();
    if let Some(words) = words(model, pane) {
        let style = control_style(model, &words, base);
        pieces.push((format!("{} ", words.text), style));
    }
    if model.marked == Some(pane) {
        pieces.push(("(marked) ".to_owned(), style(base)));
    }
    // Who else is here, in words, whatever the format says of it: control over a pane is never a secret.
    let formatted = model.settings.config.titles.pane.contains("pane_operators");
    for operator in model.present(pane).into_iter().filter(|operator| !formatted || operator.kind != OperatorKind::Human) {
        let theme = &model.settings.theme;
        let (kind, style) = match operator.kind {
            OperatorKind::Human => ("human", theme.human),
            OperatorKind::Agent => ("agent", theme.agent),
            OperatorKind::Device => ("device", theme.service),
            OperatorKind::Service => ("service", theme.service),
        };
        let away = operator.attachments.iter().all(|attachment| attachment.presence == Presence::Stale);
        pieces.push((format!("{} ({kind}{}) ", operator.name, if away { ", away" } else { "" }), style));
    }
    // Two cells of line at each end stay.
    let mut col = line.col.saturating_add(2);
    let end = line.right().saturating_sub(2);
    for (text, style) in pieces {
        if col >= end {
            break;
        }
        for cell in (Area { x: col, y: line.row, width: (end - col).min(u16::try_from(text.width()).unwrap_or(u16::MAX)), height: 1 })
            .intersection(buffer.area)
            .columns()
        {
            buffer[(cell.x, cell.y)].reset();
        }
        (col, _) = buffer.set_stringn(col, line.row, &text, usize::from(end - col), style);
    }
}

/// The style of words about control, over the style of what they stand in: the colour of whoever has it.
#[must_use]
pub fn control_style(model: &Model, words: &Words, base: crate::config::Style) -> Style {
    let colors = &model.settings.config.colors;
    let own = match words.kind {
        None => crate::config::Style::NONE,
        Some(OperatorKind::Human) => colors.human,
        Some(OperatorKind::Agent) => colors.agent,
        Some(OperatorKind::Device | OperatorKind::Service) => colors.service,
    };
    // On a coloured line a colour may not be readable; there the words are bold instead.
    if base.bg.is_some() { style(base).add_modifier(Modifier::BOLD) } else { style(own.over(base)) }
}

/// Under what a dead pane last showed: how it ended and what can be done.
pub fn dead_panes(model: &Model, scene: &Scene, buffer: &mut Buffer) {
    for placed in &scene.panes {
        let Some(info) = model.panes.get(&placed.pane).filter(|info| info.dead && !model.modes.contains_key(&info.id)) else { continue };
        let cursor = model.replicas.get(&placed.pane).map_or(Point::default(), |replica| replica.screen.cursor.at);
        let below = placed.outer_cell(Point { col: placed.crop.col, row: cursor.row.saturating_add(u16::from(cursor.col > 0)) });
        let row = below.map_or(placed.outer.bottom().saturating_sub(1), |cell| cell.row);
        let dot = if model.unicode { "·" } else { "-" };
        // The longest that fits: what to do about it matters more than when it was.
        let says = [super::ended::sentence(info), super::ended::short(info), super::ended::how(info.exit_code, info.signal)];
        let texts = says.map(|says| format!(" {says} {dot} Enter runs it again "));
        let fits = |text: &&String| text.width() <= usize::from(placed.outer.cols);
        let text = texts.iter().find(fits).unwrap_or(&texts[2]);
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX).min(placed.outer.cols);
        let line = Area { x: placed.outer.col, y: row, width, height: 1 }.intersection(buffer.area);
        for cell in line.columns() {
            buffer[(cell.x, cell.y)].reset();
        }
        buffer.set_stringn(placed.outer.col, row, text, usize::from(placed.outer.cols), model.settings.theme.message);
    }
}

/// The notes of modes at the top right of their panes.
pub fn mode_notes(model: &mut Model, scene: &Scene, buffer: &mut Buffer) {
    let style = model.settings.theme.copy_position;
    for placed in &scene.panes {
        let Some(note) = model.modes.get_mut(&placed.pane).map(|mode| mode.view().note.clone()).filter(|note| !note.is_empty()) else {
            continue;
        };
        let width = u16::try_from(note.width()).unwrap_or(u16::MAX).min(placed.outer.cols);
        let col = placed.outer.right().saturating_sub(width);
        let line = Area { x: col, y: placed.outer.row, width, height: 1 }.intersection(buffer.area);
        for cell in line.columns() {
            buffer[(cell.x, cell.y)].reset();
        }
        buffer.set_stringn(col, placed.outer.row, &note, usize::from(width), style);
    }
}
