//! Text to be read: help, the live key tables, earlier messages, what a command printed. Scrolls, searches, closes.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use ratatui::widgets::{Block, Borders, Widget};

use super::edit::Editor;
use crate::geometry::{Point, Rect};
use crate::terminal::keys::{Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Overlay};

/// A text in a frame.
#[derive(Debug)]
pub struct Pager {
    title: String,
    lines: Vec<String>,
    top: usize,
    height: usize,
    search: Option<Editor>,
    found: String,
}

impl Pager {
    /// Shows `text` under `title`.
    #[must_use]
    pub fn new(title: impl Into<String>, text: &str) -> Self {
        let lines = text.lines().map(|line| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()).collect();
        Self { title: title.into(), lines, top: 0, height: 1, search: None, found: String::new() }
    }

    /// The same, beginning at its end.
    #[must_use]
    pub fn at_end(mut self) -> Self {
        self.top = usize::MAX / 2;
        self
    }

    fn top_max(&self) -> usize {
        self.lines.len().saturating_sub(self.height)
    }

    fn find(&mut self, forward: bool) {
        let wanted = self.found.to_lowercase();
        if wanted.is_empty() {
            return;
        }
        let count = self.lines.len();
        let is = |at: &usize| self.lines.get(*at).is_some_and(|line| line.to_lowercase().contains(&wanted));
        let found = if forward {
            (1..=count).map(|by| (self.top + by) % count.max(1)).find(is)
        } else {
            (1..=count).map(|by| (self.top + count - by) % count.max(1)).find(is)
        };
        if let Some(at) = found {
            self.top = at;
        }
    }
}

impl Overlay for Pager {
    fn area(&self, screen: Rect, _model: &Model) -> Rect {
        let widest = self.lines.iter().map(|line| unicode_width::UnicodeWidthStr::width(line.as_str())).max().unwrap_or(0);
        let cols = u16::try_from(widest.max(self.title.len() + 4) + 4).unwrap_or(u16::MAX).clamp(20.min(screen.cols), screen.cols);
        let rows = u16::try_from(self.lines.len() + 3).unwrap_or(u16::MAX).clamp(4.min(screen.rows), screen.rows);
        Rect { col: screen.col + (screen.cols - cols) / 2, row: screen.row + (screen.rows - rows) / 2, cols, rows }
    }

    fn draw(&mut self, area: ratatui::layout::Rect, buffer: &mut Buffer, model: &Model) {
        let theme = &model.settings.theme;
        let inner = super::framed(area);
        self.height = usize::from(inner.height);
        self.top = self.top.min(self.top_max());
        let hint = match &self.search {
            Some(editor) => format!(" /{} ", editor.text()),
            None if self.top_max() == 0 => " q closes ".to_owned(),
            None => format!(" {}/{} · / searches · q closes ", self.top + 1, self.lines.len()),
        };
        let block = Block::new().borders(Borders::ALL).border_style(theme.list).title(format!(" {} ", self.title)).title_bottom(hint);
        block.render(area, buffer);
        let wanted = self.found.to_lowercase();
        for (row, line) in self.lines.iter().skip(self.top).take(self.height).enumerate() {
            let style = if !wanted.is_empty() && line.to_lowercase().contains(&wanted) {
                theme.search
            } else if line.ends_with(':') && !line.starts_with(' ') {
                ratatui::style::Style::new().add_modifier(Modifier::BOLD)
            } else {
                ratatui::style::Style::new()
            };
            let row = inner.y + u16::try_from(row).unwrap_or(0);
            buffer.set_stringn(inner.x + 1, row, line, usize::from(inner.width.saturating_sub(1)), style);
        }
    }

    fn cursor(&self, area: Rect, _model: &Model) -> Option<Point> {
        let editor = self.search.as_ref()?;
        let col = area.col.saturating_add(3).saturating_add(editor.cursor_cols()).min(area.right().saturating_sub(1));
        Some(Point { col, row: area.bottom().saturating_sub(1) })
    }

    fn key(&mut self, key: Key, _model: &Model) -> Vec<Action> {
        if let Some(editor) = &mut self.search {
            match key.code {
                KeyCode::Enter => {
                    self.found = editor.text().to_owned();
                    self.search = None;
                    self.find(true);
                }
                KeyCode::Esc => self.search = None,
                KeyCode::Char('c') if key.mods.ctrl => self.search = None,
                _ => {
                    editor.key(key);
                }
            }
            return Vec::new();
        }
        let (page, ctrl) = (self.height.saturating_sub(1).max(1), key.mods.ctrl);
        match key.code {
            KeyCode::Char('c' | 'g') if ctrl => return vec![Action::Close],
            KeyCode::Char('q') | KeyCode::Esc | KeyCode::Enter => return vec![Action::Close],
            KeyCode::Char('d') if ctrl => self.top += page / 2,
            KeyCode::Char('u') if ctrl => self.top = self.top.saturating_sub(page / 2),
            KeyCode::Char('n') if ctrl => self.top += 1,
            KeyCode::Char('p') if ctrl => self.top = self.top.saturating_sub(1),
            KeyCode::Char('f' | 'v') if ctrl => self.top += page,
            KeyCode::Char('b') if ctrl => self.top = self.top.saturating_sub(page),
            KeyCode::Down | KeyCode::Char('j') => self.top += 1,
            KeyCode::Up | KeyCode::Char('k') => self.top = self.top.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.top += page,
            KeyCode::PageUp => self.top = self.top.saturating_sub(page),
            KeyCode::Home | KeyCode::Char('g') => self.top = 0,
            KeyCode::End | KeyCode::Char('G') => self.top = self.top_max(),
            KeyCode::Char('/') => self.search = Some(Editor::default()),
            KeyCode::Char('n') => self.find(true),
            KeyCode::Char('N') => self.find(false),
            _ => {}
        }
        self.top = self.top.min(self.top_max());
        Vec::new()
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, model: &Model) -> Vec<Action> {
        let rows = usize::try_from(model.settings.config.mouse.wheel_lines.max(1)).unwrap_or(1);
        match mouse.action {
            MouseAction::Press(MouseButton::WheelUp) => self.top = self.top.saturating_sub(rows),
            MouseAction::Press(MouseButton::WheelDown) => self.top = (self.top + rows).min(self.top_max()),
            MouseAction::Press(MouseButton::Left) if !area.contains(mouse.at) => return vec![Action::Close],
            _ => {}
        }
        Vec::new()
    }
}
