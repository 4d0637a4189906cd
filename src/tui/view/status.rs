//! The status line: left part, windows, right part; or the message line in its place.
//!
//! ```text
//! [work] 0:vim  1:cargo*Z 2:logs-!            "a title" 12:30
//! left   window list                          right
//! ```
//! Where there is not enough room the right part gives way first. When even then not all windows fit, the list is scrolled so that the one looked at is
//! visible, and `<` and `>` mark what is cut off.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::dividers;
use crate::config::{Justify, Span};
use crate::protocol::message::{Level, WindowInfo};
use crate::tui::control::cards;
use crate::tui::control::words::{Words, words};
use crate::tui::format::Context;
use crate::tui::model::{Link, Model};
use crate::tui::overlay::Look;
use crate::tui::scene::Scene;
use crate::tui::settings::style;

/// A piece of the status line.
struct Piece {
    /// First column.
    col: usize,
    text: String,
    style: Style,
    /// What a click on it looks at.
    look: Option<Look>,
}

/// Text in styles.
#[derive(Default)]
struct Text {
    spans: Vec<(String, Style)>,
    cols: usize,
}

impl Text {
    fn new(spans: Vec<Span>) -> Self {
        let spans: Vec<(String, Style)> = spans.into_iter().map(|span| (span.text, style(span.style))).collect();
        let cols = spans.iter().map(|(text, _)| text.width()).sum();
        Self { spans, cols }
    }

    /// At most so many columns of it.
    fn cut(mut self, cols: usize) -> Self {
        let mut left = cols;
        for (text, _) in &mut self.spans {
            let mut end = 0;
            for cluster in text.graphemes(true) {
                let width = cluster.width();
                if width > left {
                    left = 0;
                    break;
                }
                left -= width;
                end += cluster.len();
            }
            text.truncate(end);
        }
        self.cols = self.spans.iter().map(|(text, _)| text.width()).sum();
        self
    }

    fn place(self, mut col: usize, look: Option<Look>, out: &mut Vec<Piece>) {
        for (text, style) in self.spans {
            let cols = text.width();
            if cols > 0 {
                out.push(Piece { col, text, style, look });
            }
            col += cols;
        }
    }
}

/// Draws the status line into row `area`.
pub fn draw(area: Area, buffer: &mut Buffer, model: &Model, scene: &Scene) {
    let theme = &model.settings.theme;
    let banner = banner(model);
    let line = banner.as_ref().map(|text| (text.as_str(), theme.warning)).or_else(|| {
        let message = model.message.as_ref()?;
        Some((message.text.as_str(), if message.level == Level::Info { theme.message } else { theme.warning }))
    });
    if let Some((text, style)) = line {
        buffer.set_style(area, style);
        buffer.set_stringn(area.x, area.y, text, usize::from(area.width), style);
        return;
    }
    buffer.set_style(area, theme.status);
    for piece in pieces(model, scene, area.width) {
        let col = u16::try_from(piece.col).unwrap_or(u16::MAX);
        buffer.set_stringn(area.x.saturating_add(col), area.y, &piece.text, usize::from(area.width.saturating_sub(col)), piece.style);
    }
}

/// Whether there is something to say that must be seen even where the status line is hidden.
#[must_use]
pub fn wants_line(model: &Model, scene: &Scene) -> bool {
    model.message.is_some() || banner(model).is_some() || control(model, scene).is_some() || !cards::all(model).is_empty()
}

/// Whether the line says something else for now than what it always says.
#[must_use]
pub fn is_taken(model: &Model) -> bool {
    model.message.is_some() || banner(model).is_some()
}

/// What is to be said of the focused pane's control, if no title line says it.
fn control(model: &Model, scene: &Scene) -> Option<Words> {
    let pane = model.focus()?;
    if scene.titles.iter().any(|title| title.pane == pane) {
        return None;
    }
    words(model, pane)
}

/// What must be said as long as it holds.
fn banner(model: &Model) -> Option<String> {
    match model.link {
        Link::Lost { .. } if model.lost_shown && model.nobody_listens => {
            Some("server and keeper are gone, and the programs in the panes with them; looking for another server …".to_owned())
        }
        Link::Lost { .. } if model.lost_shown => Some("the server is gone, reconnecting … (the panes go on)".to_owned()),
        Link::Up if model.silent => Some("the server does not answer; what you type waits for it (the panes go on)".to_owned()),
        _ => None,
    }
}

/// What a click on column `col` of the status line looks at.
#[must_use]
pub fn hit(model: &Model, scene: &Scene, col: u16) -> Option<Look> {
    scene.status?;
    let col = usize::from(col);
    pieces(model, scene, model.size.cols).into_iter().find(|piece| piece.col <= col && col < piece.col + piece.text.width())?.look
}

fn pieces(model: &Model, scene: &Scene, cols: u16) -> Vec<Piece> {
    let config = &model.settings.config.status;
    let colors = &model.settings.config.colors;
    let cols = usize::from(cols);
    let here = Context::here(model);
    let left = Text::new(here.render(&config.left, colors.status_left.over(colors.status))).cut(cols.min(usize::from(config.left_length)));
    let windows = windows(model);
    let separator = config.separator.width();
    let wanted = (windows.iter().map(|(_, text)| text.cols + separator).sum::<usize>()).saturating_sub(separator);
    let control = control(model, scene);
    // Who has control is never a matter of room: it stands in place of the right part, and the windows give way to it.
    let least = if control.is_some() { cols } else { cols / 5 };
    let right = match control {
        Some(words) => Text {
            cols: words.text.width() + 2,
            spans: vec![(format!(" {} ", words.text), dividers::control_style(model, &words, colors.status))],
        },
        None => Text::new(here.render(&config.right, colors.status_right.over(colors.status))).cut(usize::from(config.right_length)),
    };
    let right = right.cut(cols.saturating_sub(left.cols + wanted + 1).max(least).min(cols.saturating_sub(left.cols)));
    let room = cols.saturating_sub(left.cols + right.cols);
    let begin = left.cols
        + match config.justify {
            Justify::Left => 0,
            Justify::Centre => room.saturating_sub(wanted) / 2,
            Justify::Right => room.saturating_sub(wanted),
        };
    let mut out = Vec::new();
    left.place(0, None, &mut out);
    place_windows(model, windows, begin, room, separator, &mut out);
    let at = cols.saturating_sub(right.cols);
    right.place(at, None, &mut out);
    out
}

fn place_windows(model: &Model, windows: Vec<(Look, Text)>, begin: usize, room: usize, separator: usize, out: &mut Vec<Piece>) {
    let plain = model.settings.theme.status;
    let mark = |col: usize, text: &str| Piece { col, text: text.to_owned(), style: plain, look: None };
    let first = first_shown(model, &windows, room, separator);
    let mut at = 0;
    if first > 0 && room > 0 {
        out.push(mark(begin, "<"));
        at = 1;
    }
    let count = windows.len();
    for (index, (look, text)) in windows.into_iter().enumerate().skip(first) {
        let keep = usize::from(index + 1 < count);
        if at + text.cols + keep > room {
            let text = text.cut(room.saturating_sub(at + 1));
            let cols = text.cols;
            text.place(begin + at, Some(look), out);
            if at + cols < room {
                out.push(mark(begin + at + cols, ">"));
            }
            return;
        }
        let cols = text.cols;
        text.place(begin + at, Some(look), out);
        if index + 1 < count {
            out.push(mark(begin + at + cols, &model.settings.config.status.separator));
        }
        at += cols + separator;
    }
}

/// The entries of the window list.
fn windows(model: &Model) -> Vec<(Look, Text)> {
    let Some(session) = model.session() else { return Vec::new() };
    let here = model.view.as_ref().map(|view| view.window);
    let config = &model.settings.config.status;
    let entries = session.links.iter().filter_map(|link| {
        let window = model.windows.get(&link.window)?;
        let current = here == Some(window.id);
        let pane = if current { model.focus().unwrap_or(window.active) } else { window.active };
        let context = Context { model, session: Some(session), window: Some((link.index, window)), pane: model.panes.get(&pane) };
        let format = if current { &config.window_current } else { &config.window };
        Some((Look::WindowIn(session.id, window.id), Text::new(context.render(format, window_style(model, window, current)))))
    });
    entries.collect()
}

fn window_style(model: &Model, window: &WindowInfo, current: bool) -> crate::config::Style {
    let colors = &model.settings.config.colors;
    let last = model.view.as_ref().and_then(|view| model.trail.windows.get(&view.session)?.first().copied()) == Some(window.id);
    let over = if current {
        colors.window_current
    } else if window.bell {
        colors.window_bell
    } else if window.activity {
        colors.window_activity
    } else if last {
        colors.window_last
    } else {
        crate::config::Style::NONE
    };
    over.over(colors.window).over(colors.status)
}

/// The first window that is shown, so that the one looked at has room.
fn first_shown(model: &Model, windows: &[(Look, Text)], room: usize, separator: usize) -> usize {
    let total: usize = windows.iter().map(|(_, text)| text.cols + separator).sum();
    if total <= room + separator {
        return 0;
    }
    let here = model.view.as_ref().map(|view| Look::WindowIn(view.session, view.window));
    let current = windows.iter().position(|(look, _)| Some(*look) == here).unwrap_or(0);
    let mut first = current;
    let mut used = windows.get(current).map_or(0, |(_, text)| text.cols) + 2;
    while let Some((_, text)) = first.checked_sub(1).and_then(|before| windows.get(before)) {
        if used + text.cols + separator > room {
            break;
        }
        used += text.cols + separator;
        first -= 1;
    }
    first
}
