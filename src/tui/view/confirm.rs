//! A question on the bottom line that `y` or Enter answers with yes, and any other key with no (tmux `confirm-before`).

use ratatui::buffer::Buffer;
use ratatui::widgets::{Paragraph, Widget};
use unicode_width::UnicodeWidthStr;

use crate::command::Command;
use crate::geometry::{Point, Rect};
use crate::terminal::keys::{Key, KeyCode};
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Overlay};

/// The question.
#[derive(Debug)]
pub struct ConfirmOverlay {
    question: String,
    then: Vec<Command>,
}

impl ConfirmOverlay {
    /// Asks `question`; yes runs `then`.
    #[must_use]
    pub fn new(question: String, then: Vec<Command>) -> Self {
        Self { question, then }
    }
}

impl Overlay for ConfirmOverlay {
    fn area(&self, screen: Rect, model: &Model) -> Rect {
        let row = if model.settings.status_top() { screen.row } else { screen.bottom().saturating_sub(1) };
        Rect { row, rows: 1, ..screen }
    }

    fn draw(&mut self, area: ratatui::layout::Rect, buffer: &mut Buffer, model: &Model) {
        Paragraph::new(self.question.as_str()).style(model.settings.theme.prompt).render(area, buffer);
    }

    fn cursor(&self, area: Rect, _model: &Model) -> Option<Point> {
        let width = u16::try_from(self.question.width()).unwrap_or(u16::MAX);
        Some(Point { col: area.col.saturating_add(width).saturating_add(1).min(area.right().saturating_sub(1)), row: area.row })
    }

    fn key(&mut self, key: Key, _model: &Model) -> Vec<Action> {
        let mut actions = vec![Action::Close];
        if matches!(key.code, KeyCode::Char('y' | 'Y') | KeyCode::Enter) && !key.mods.ctrl && !key.mods.alt {
            actions.extend(self.then.iter().cloned().map(Action::Run));
        }
        actions
    }
}
