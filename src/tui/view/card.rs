//! All of a card, opened by its user: what waits, whole, to be scrolled through and answered.
//!
//! A proposal can be approved only after its end was seen.

use ratatui::buffer::Buffer;
use ratatui::widgets::{Block, Borders, Widget};

use super::cards::wrap;
use super::prompt;
use crate::geometry::Rect;
use crate::protocol::message::Level;
use crate::terminal::keys::{Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::tui::control::cards::{self, CardId, CardKind};
use crate::tui::control::verbs::Note;
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Overlay};

/// The card, opened.
#[derive(Debug)]
pub struct CardView {
    id: CardId,
    top: usize,
    /// Lines when it was last drawn, and how many of them there is room for.
    lines: usize,
    height: usize,
    /// Its last line was shown.
    seen: bool,
}

impl CardView {
    /// Of that card.
    #[must_use]
    pub const fn new(id: CardId) -> Self {
        Self { id, top: 0, lines: 0, height: 1, seen: false }
    }

    fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by).min(self.lines.saturating_sub(self.height));
    }

    fn answer(&mut self, yes: bool, supervised: bool, model: &Model) -> Vec<Action> {
        let Some(card) = cards::find(model, &self.id) else {
            return vec![Action::Close, Action::Say(Level::Info, "it is over already".to_owned())];
        };
        if yes && card.id.kind == CardKind::Proposal && !self.seen {
            self.scroll(isize::try_from(self.height.max(1)).unwrap_or(1));
            return vec![Action::Say(Level::Info, "there is more: read to its end, then approve".to_owned())];
        }
        let mut actions = vec![Action::Close];
        actions.extend(card.answer(yes, None, supervised).map(Action::Request));
        actions
    }

    fn step(&self, model: &Model) -> Vec<Action> {
        let all = cards::all(model);
        let at = all.iter().position(|card| card.id == self.id).map_or(0, |at| at + 1);
        match all.get(at % all.len().max(1)) {
            Some(next) if next.id != self.id => vec![Action::Close, Action::Open(Box::new(Self::new(next.id.clone())))],
            _ => Vec::new(),
        }
    }
}

impl Overlay for CardView {
    fn area(&self, screen: Rect, model: &Model) -> Rect {
        let cols = screen.cols.min(100);
        let inner = usize::from(cols.saturating_sub(4)).max(1);
        let lines = cards::find(model, &self.id).map_or(1, |card| card.lines().map(|line| wrap(&line, inner).len()).sum::<usize>());
        let rows = u16::try_from(lines + 3).unwrap_or(u16::MAX).clamp(4.min(screen.rows), screen.rows);
        Rect { col: screen.col + (screen.cols - cols) / 2, row: screen.row + (screen.rows - rows) / 2, cols, rows }
    }

    fn draw(&mut self, area: ratatui::layout::Rect, buffer: &mut Buffer, model: &Model) {
        let theme = &model.settings.theme;
        let inner = super::framed(area);
        let cols = usize::from(inner.width.saturating_sub(2)).max(1);
        let block = Block::new().borders(Borders::ALL).border_style(theme.message).style(theme.list);
        let Some(card) = cards::find(model, &self.id) else {
            block.title(" it is over ").title_bottom(" q closes ").render(area, buffer);
            return;
        };
        let lines: Vec<String> = card.lines().flat_map(|line| wrap(&line, cols)).collect();
        self.lines = lines.len();
        self.height = usize::from(inner.height).max(1);
        self.scroll(0);
        self.seen |= self.top + self.height >= self.lines;
        let (yes, no) = card.answers();
        let count = cards::all(model).len();
        let dot = if model.unicode { " · " } else { " - " };
        let mut hint = vec![format!(" y {yes}"), format!("n {no}"), "r with a reason".to_owned()];
        if card.id.kind == CardKind::Request {
            hint.push("s grants, supervised".to_owned());
        }
        if !self.seen {
            hint = vec![format!(" {}/{} Space goes on", self.top + self.height, self.lines), format!("n {no}")];
        }
        if count > 1 {
            hint.push(format!("Tab next of {count}"));
        }
        hint.push("q closes ".to_owned());
        block.title(format!(" {} ", card.headline(model))).title_bottom(hint.join(dot)).render(area, buffer);
        if lines.is_empty() {
            buffer.set_stringn(inner.x + 1, inner.y, "(nothing more was said)", cols, theme.faint);
        }
        for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(self.top)) {
            buffer.set_stringn(inner.x + 1, y, line, cols, theme.list);
        }
    }

    fn key(&mut self, key: Key, model: &Model) -> Vec<Action> {
        let page = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        if key.mods.ctrl || key.mods.alt {
            return if matches!(key.code, KeyCode::Char('c' | 'g')) { vec![Action::Close] } else { Vec::new() };
        }
        match key.code {
            KeyCode::Char('y') => return self.answer(true, false, model),
            KeyCode::Char('s') if self.id.kind == CardKind::Request => return self.answer(true, true, model),
            KeyCode::Char('n' | 'N') => return self.answer(false, false, model),
            KeyCode::Char('r') if self.id.kind != CardKind::Take => {
                return vec![Action::Close, Action::Open(prompt::for_note(Note::No(self.id.clone()), "(why not)".to_owned()))];
            }
            KeyCode::Tab => return self.step(model),
            KeyCode::Char('q') | KeyCode::Esc => return vec![Action::Close],
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll(page),
            KeyCode::PageUp => self.scroll(-page),
            KeyCode::End | KeyCode::Char('G') => self.scroll(isize::MAX),
            KeyCode::Home | KeyCode::Char('g') => self.top = 0,
            _ => {}
        }
        Vec::new()
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, _model: &Model) -> Vec<Action> {
        match mouse.action {
            MouseAction::Press(MouseButton::WheelUp) => self.scroll(-3),
            MouseAction::Press(MouseButton::WheelDown) => self.scroll(3),
            MouseAction::Press(MouseButton::Left) if !area.contains(mouse.at) => return vec![Action::Close],
            _ => {}
        }
        Vec::new()
    }
}
