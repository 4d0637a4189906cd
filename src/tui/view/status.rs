//! The status line: left part, windows, right part; or the message line in its place.
//!
//! ```text
//! [work] 0:vim  1:cargo*Z 2:logs-!            "a title" host 12:30
//! left   window list                          right
//! ```
//! When there is no room for all windows, the list is scrolled so that the one looked at is visible, and `<` and `>` mark what is cut off.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::ids::WindowId;
use crate::protocol::message::Level;
use crate::tui::format::{Context, expand, expand_in};
use crate::tui::model::{Link, Model};
use crate::tui::overlay::Look;
use crate::tui::scene::Scene;

/// A piece of the status line.
struct Piece {
    /// First column.
    col: u16,
    /// Its text, at most as wide as there is room.
    text: String,
    style: Style,
    /// What a click on it looks at.
    look: Option<Look>,
}

/// Draws the status line into row `area`.
pub fn draw(area: Area, buffer: &mut Buffer, model: &Model) {
    let theme = &model.settings.theme;
    buffer.set_style(area, theme.status);
    let banner = banner(model);
    let line = banner.as_ref().map(|text| (text.as_str(), theme.message_error)).or_else(|| {
        let message = model.message.as_ref()?;
        Some((message.text.as_str(), if message.level == Level::Info { theme.message } else { theme.message_error }))
    });
    if let Some((text, style)) = line {
        buffer.set_style(area, style);
        buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
        return;
    }
    for piece in pieces(model, area.width) {
        buffer.set_stringn(area.x + piece.col, area.y, &piece.text, usize::from(area.width.saturating_sub(piece.col)), piece.style);
    }
}

/// What must be said as long as it holds.
fn banner(model: &Model) -> Option<String> {
    match model.link {
        Link::Lost { .. } => Some("the server is gone, reconnecting … (panes go on; C-b d leaves)".to_owned()),
        Link::Greeting | Link::Up => None,
    }
}

/// What a click on column `col` of the status line looks at.
#[must_use]
pub fn hit(model: &Model, scene: &Scene, col: u16) -> Option<Look> {
    scene.status?;
    let width = |text: &str| u16::try_from(text.width()).unwrap_or(u16::MAX);
    pieces(model, model.size.cols).into_iter().find(|piece| piece.col <= col && col < piece.col.saturating_add(width(&piece.text)))?.look
}

fn cut(text: &str, cols: usize) -> String {
    let mut out = String::new();
    let mut left = cols;
    for cluster in text.graphemes(true) {
        let width = cluster.width();
        if width > left {
            break;
        }
        left -= width;
        out.push_str(cluster);
    }
    out
}

fn pieces(model: &Model, cols: u16) -> Vec<Piece> {
    let theme = &model.settings.theme;
    let settings = &model.settings;
    let cols = usize::from(cols);
    let left = cut(&expand(model, &settings.status_left), cols);
    let mut room = cols - left.width();
    let windows = windows(model);
    let wanted: usize = windows.iter().map(|(_, text, _)| text.width() + 1).sum::<usize>().saturating_sub(1);
    // The right part gives way first, as long as the windows do not fit; a third of the line is its due.
    let right_all = expand(model, &settings.status_right);
    let right_room = room.saturating_sub(wanted).max(if wanted > room { cols / 5 } else { cols / 3 }).min(room);
    let right = if right_all.width() <= right_room { right_all } else { cut(&right_all, right_room) };
    room -= right.width();
    let to_col = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
    let mut out = vec![Piece { col: 0, text: left.clone(), style: theme.status, look: None }];
    let begin = left.width();
    let first = first_shown(&windows, room);
    let mut at = 0;
    if first > 0 {
        out.push(Piece { col: to_col(begin), text: "<".to_owned(), style: theme.status, look: None });
        at = 1;
    }
    for (index, (id, text, style)) in windows.iter().enumerate().skip(first) {
        let is_last = index + 1 == windows.len();
        if at + text.width() > room.saturating_sub(usize::from(!is_last)) {
            let text = cut(text, room.saturating_sub(at + 1));
            if !text.is_empty() {
                out.push(Piece {
                    col: to_col(begin + at),
                    text: text.clone(),
                    style: *style,
                    look: model.view.as_ref().map(|view| Look::WindowIn(view.session, *id)),
                });
            }
            at += text.width();
            if at < room {
                out.push(Piece { col: to_col(begin + at), text: ">".to_owned(), style: theme.status, look: None });
            }
            break;
        }
        let look = model.view.as_ref().map(|view| Look::WindowIn(view.session, *id));
        out.push(Piece { col: to_col(begin + at), text: text.clone(), style: *style, look });
        at += text.width() + 1;
    }
    out.push(Piece { col: to_col(cols - right.width()), text: right, style: theme.status, look: None });
    out
}

/// The entries of the window list.
fn windows(model: &Model) -> Vec<(WindowId, String, Style)> {
    let theme = &model.settings.theme;
    let Some(session) = model.session() else { return Vec::new() };
    let here = model.view.as_ref().map(|view| view.window);
    let entries = session.links.iter().filter_map(|link| {
        let window = model.windows.get(&link.window)?;
        let current = here == Some(window.id);
        let pane = model.panes.get(&if current { model.focus().unwrap_or(window.active) } else { window.active });
        let context = Context { model, session: Some(session), window: Some((link.index, window)), pane };
        let text = expand_in(context, if current { &model.settings.status_window_current } else { &model.settings.status_window });
        let style = if current {
            theme.status_current
        } else if window.bell || window.activity {
            theme.status_alert
        } else {
            theme.status
        };
        Some((window.id, text, style))
    });
    entries.collect()
}

/// The first window that is shown so that the one looked at (in its own style, the only one bold by default) has room.
fn first_shown(windows: &[(WindowId, String, Style)], room: usize) -> usize {
    let total: usize = windows.iter().map(|(_, text, _)| text.width() + 1).sum();
    if total <= room + 1 {
        return 0;
    }
    let current = windows.iter().position(|(_, text, _)| text.contains('*')).unwrap_or(0);
    let mut first = current;
    let mut used = windows.get(current).map_or(0, |(_, text, _)| text.width()) + 2;
    while first > 0 {
        let Some((_, text, _)) = windows.get(first - 1) else { break };
        if used + text.width() + 1 > room {
            break;
        }
        used += text.width() + 1;
        first -= 1;
    }
    first
}
