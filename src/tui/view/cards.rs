//! The card at the edge: who waits for an answer, for what, and which keys give it.
//!
//! ```text
//!                      ┌ claude (agent) wants to type into %1 (sh), 6 bytes: ┐
//!                      │ make\r                                              │
//! [work] 0:sh*          ▲ 1/2 claude types into %1 · C-b y approves · C-b N denies · C-b v all of it · 42 s
//! ```
//! The last line stands on the status line, where no program can write: a program that draws the box draws it without that line under it. The box over it says what
//! the line has no room for. It takes no keys, covers no cursor (then there is no box, and looking at all of it is one key away), and is gone with what
//! it is about. A click on the box shows all of it, a click on an answer gives it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use ratatui::widgets::{Block, Borders, Widget};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{clear, status};
use crate::command::Steer;
use crate::geometry::{Point, Rect};
use crate::tui::control::cards::{self, Card};
use crate::tui::control::words::key;
use crate::tui::model::Model;
use crate::tui::scene::Scene;

/// Columns of the box, at most, frame included.
const BOX_COLS: u16 = 64;
/// Lines of text in the box, at most.
const BOX_LINES: usize = 8;

/// A part of the line and what a click on it does.
struct Part {
    text: String,
    click: Steer,
}

/// Where a card stands.
pub struct Plan {
    parts: Vec<Part>,
    /// Columns of the parts together.
    cols: u16,
    title: String,
    lines: Vec<String>,
    /// The box, outer cells, if there is one.
    area: Option<Rect>,
    /// All of the text is in it, or there is none.
    whole: bool,
}

/// Lays out what is shown of cards; none: there are none.
#[must_use]
pub fn plan(model: &Model, scene: &Scene) -> Option<Plan> {
    let dot = if model.unicode { " · " } else { " - " };
    let mark = if model.unicode { "▲" } else { "^" };
    let Some((card, at, count)) = cards::shown(model) else {
        let aside = cards::all(model).len();
        if aside == 0 {
            return None;
        }
        let text = format!(" {mark} {aside} wait{}{dot}{} ", if aside == 1 { "s" } else { "" }, key(model, Steer::Look));
        return Some(fit(vec![vec![Part { text, click: Steer::Look }]], model, None));
    };
    let (yes, no) = card.answers();
    let number = if count > 1 { format!(" {at}/{count}") } else { String::new() };
    let left = card.left_ms(model).map(|ms| format!("{dot}{} s", ms.div_ceil(1000))).unwrap_or_default();
    let part = |text: String, click: Steer| Part { text, click };
    let says = |long: bool| {
        let (head, gap) = if long { (format!(" {mark}{number} {}", card.brief()), dot) } else { (format!(" {mark}{number}"), " ") };
        let keys = [(Steer::Yes, yes), (Steer::No, no), (Steer::Look, "shows all")];
        let mut parts = vec![part(head, Steer::Look)];
        parts.extend(keys.map(|(steer, does)| part(format!("{gap}{} {does}", key(model, steer)), steer)));
        parts.push(part(format!("{left} "), Steer::Look));
        parts
    };
    let short = || {
        let keys = [(Steer::Yes, yes), (Steer::No, no)];
        let mut parts = vec![part(format!(" {mark}{number} "), Steer::Look)];
        parts.extend(keys.map(|(steer, does)| part(format!("{} {does} ", key(model, steer)), steer)));
        parts
    };
    Some(fit(vec![says(true), says(false), short(), vec![part(format!(" {mark}{number} "), Steer::Look)]], model, Some((&card, scene))))
}

/// The first of the lines that has room, with the box that belongs to it.
fn fit(lines: Vec<Vec<Part>>, model: &Model, card: Option<(&Card<'_>, &Scene)>) -> Plan {
    let cols = |parts: &[Part]| parts.iter().map(|part| part.text.width()).sum::<usize>();
    let room = usize::from(model.size.cols);
    let last = lines.len().saturating_sub(1);
    let mut all = lines.into_iter().enumerate();
    let parts = all.find(|(index, parts)| cols(parts) <= room || *index == last).map(|(_, parts)| parts).unwrap_or_default();
    let mut plan = Plan {
        cols: u16::try_from(cols(&parts)).unwrap_or(u16::MAX).min(model.size.cols),
        parts,
        title: String::new(),
        lines: Vec::new(),
        area: None,
        whole: true,
    };
    if let Some((card, scene)) = card {
        place_box(&mut plan, card, model, scene);
    }
    plan
}

fn place_box(plan: &mut Plan, card: &Card<'_>, model: &Model, scene: &Scene) {
    let viewport = scene.viewport.unwrap_or_else(|| model.size.to_rect());
    let outer_cols = viewport.cols.min(BOX_COLS);
    let inner = usize::from(outer_cols.saturating_sub(4)).max(1);
    let mut lines: Vec<String> = card.lines().flat_map(|line| wrap(&line, inner)).take(BOX_LINES + 1).collect();
    plan.whole = lines.len() <= BOX_LINES;
    if !plan.whole {
        lines.truncate(BOX_LINES - 1);
        lines.push(format!("more: {}", key(model, Steer::Look)));
    }
    plan.title = card.headline(model);
    let has_text = !lines.is_empty();
    let rows = u16::try_from(lines.len()).unwrap_or(0) + 2;
    plan.lines = lines;
    if rows > viewport.rows || outer_cols < 24 || plan.title.width() + 4 > usize::from(outer_cols) && !has_text {
        plan.whole &= !has_text;
        return;
    }
    let row = if model.settings.status_top() { viewport.row } else { viewport.bottom() - rows };
    let area = Rect { col: viewport.right() - outer_cols, row, cols: outer_cols, rows };
    // What one is typing at is never covered.
    let cursor = model.focus().and_then(|pane| {
        let at = model.replicas.get(&pane)?.screen.cursor.at;
        scene.placed(pane)?.outer_cell(at)
    });
    if cursor.is_some_and(|at| area.contains(at)) {
        plan.whole &= !has_text;
        return;
    }
    plan.area = Some(area);
}

/// A line in pieces of at most so many columns. Every character of it is in one of them.
#[must_use]
pub fn wrap(line: &str, cols: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut used = 0;
    for cluster in line.graphemes(true) {
        let width = cluster.width();
        if used + width > cols.max(2) && used > 0 {
            out.push(String::new());
            used = 0;
        }
        used += width;
        if let Some(last) = out.last_mut() {
            last.push_str(cluster);
        }
    }
    out
}

/// Draws what was planned; `line` is the status line.
pub fn draw(model: &mut Model, plan: Option<Plan>, line: Area, buffer: &mut Buffer) {
    let shown = cards::shown(model).map(|(card, ..)| (card.id.clone(), card.left_ms(model)));
    // A message on the line is read first; what waits comes back after it.
    let taken = status::is_taken(model);
    model.desk.tick_ms = None;
    let Some(plan) = plan.filter(|_| !taken) else {
        if shown.is_none() {
            model.desk.drawn = None;
        }
        return;
    };
    match shown {
        Some((id, left_ms)) => {
            model.desk.draws(&id, plan.whole, model.now_ms);
            // Only as long as something is shown and has an end, and only when what is shown changes.
            model.desk.tick_ms = left_ms.filter(|left| *left > 0).map(|left| model.now_ms + (left - 1) % 1000 + 1);
        }
        None => model.desk.drawn = None,
    }
    let theme = &model.settings.theme;
    if let Some(rect) = plan.area {
        let area = Area { x: rect.col, y: rect.row, width: rect.cols, height: rect.rows }.intersection(buffer.area);
        clear(area, buffer);
        buffer.set_style(area, theme.list);
        let room = usize::from(area.width.saturating_sub(4));
        let title: String = wrap(&plan.title, room).into_iter().next().unwrap_or_default();
        let block = Block::new().borders(Borders::ALL).border_style(theme.message).style(theme.list);
        block.title(ratatui::text::Span::styled(format!(" {title} "), theme.message)).render(area, buffer);
        for (index, text) in plan.lines.iter().enumerate() {
            let y = area.y + 1 + u16::try_from(index).unwrap_or(0);
            buffer.set_stringn(area.x + 2, y, text, room, theme.list);
        }
    }
    let mut col = line.right().saturating_sub(plan.cols);
    for part in &plan.parts {
        (col, _) = buffer.set_stringn(col, line.y, &part.text, usize::from(line.right().saturating_sub(col)), theme.message);
    }
}

/// What a click at an outer cell does, if a card is there.
#[must_use]
pub fn hit(model: &Model, scene: &Scene, at: Point) -> Option<Steer> {
    if status::is_taken(model) {
        return None;
    }
    let plan = plan(model, scene)?;
    if plan.area.is_some_and(|area| area.contains(at)) {
        return Some(Steer::Look);
    }
    let bottom = if model.settings.status_top() { 0 } else { model.size.rows.saturating_sub(1) };
    if at.row != scene.status.unwrap_or(bottom) {
        return None;
    }
    let mut col = model.size.cols.saturating_sub(plan.cols);
    for part in &plan.parts {
        let end = col.saturating_add(u16::try_from(part.text.width()).unwrap_or(u16::MAX));
        if (col..end).contains(&at.col) {
            return Some(part.click);
        }
        col = end;
    }
    None
}
