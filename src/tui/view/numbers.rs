//! Pane numbers (tmux `display-panes`): each pane shows its number and size for a while; a digit gives that pane the focus, a click too. And the clock
//! that fills the focused pane until a key is pressed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;

use super::digits;
use crate::geometry::Rect;
use crate::terminal::keys::{Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Look, Overlay};
use crate::tui::scene;

fn area_of(rect: Rect) -> Area {
    Area { x: rect.col, y: rect.row, width: rect.cols, height: rect.rows }
}

/// The numbers.
#[derive(Debug)]
pub struct PaneNumbers {
    until_ms: u64,
}

impl PaneNumbers {
    /// Shown until that time of the model's clock.
    #[must_use]
    pub const fn new(until_ms: u64) -> Self {
        Self { until_ms }
    }
}

impl Overlay for PaneNumbers {
    fn is_see_through(&self) -> bool {
        true
    }

    fn area(&self, screen: Rect, model: &Model) -> Rect {
        let status = u16::from(model.settings.status && screen.rows > 1);
        let row = if model.settings.status_top() { screen.row + status } else { screen.row };
        Rect { row, rows: screen.rows - status, ..screen }
    }

    fn draw(&mut self, area: Area, buffer: &mut Buffer, model: &Model) {
        let theme = &model.settings.theme;
        let scene = scene::arrange(model);
        for (number, place) in model.places().iter().enumerate() {
            let Some(placed) = scene.placed(place.pane) else { continue };
            let shown = area_of(placed.outer).intersection(area);
            let style = if model.focus() == Some(place.pane) { theme.number_active } else { theme.number };
            digits::draw(&number.to_string(), shown, buffer, style);
            let size = place.rect.size().to_string();
            let cols = u16::try_from(size.len()).unwrap_or(u16::MAX);
            if shown.height > 1 && shown.width > cols {
                buffer.set_string(shown.right() - cols, shown.y, size, style);
            }
        }
    }

    fn key(&mut self, key: Key, model: &Model) -> Vec<Action> {
        let mut actions = vec![Action::Close];
        if let KeyCode::Char(digit @ '0'..='9') = key.code
            && let Some(place) = model.places().get(digit as usize - '0' as usize)
        {
            actions.push(Action::Look(Look::Pane(place.pane)));
        }
        actions
    }

    fn mouse(&mut self, mouse: Mouse, _area: Rect, model: &Model) -> Vec<Action> {
        if mouse.action != MouseAction::Press(MouseButton::Left) {
            return Vec::new();
        }
        let mut actions = vec![Action::Close];
        actions.extend(scene::arrange(model).pane_at(mouse.at).map(|(pane, _)| Action::Look(Look::Pane(pane))));
        actions
    }

    fn deadline_ms(&self) -> Option<u64> {
        Some(self.until_ms)
    }

    fn tick(&mut self, model: &Model) -> Vec<Action> {
        if model.now_ms >= self.until_ms { vec![Action::Close] } else { Vec::new() }
    }
}

/// How often the clock looks whether the minute has changed while it is shown.
const CLOCK_MS: u64 = 5_000;

/// The clock.
#[derive(Debug)]
pub struct Clock {
    next_ms: u64,
}

impl Clock {
    /// A clock, shown from now on.
    #[must_use]
    pub const fn new(now_ms: u64) -> Self {
        Self { next_ms: now_ms + CLOCK_MS }
    }
}

impl Overlay for Clock {
    fn area(&self, screen: Rect, model: &Model) -> Rect {
        let placed = model.focus().and_then(|pane| scene::arrange(model).placed(pane).map(|placed| placed.outer));
        placed.unwrap_or(screen)
    }

    fn draw(&mut self, area: Area, buffer: &mut Buffer, model: &Model) {
        let time = model.clock.map_or_else(|| "--:--".to_owned(), |clock| format!("{:02}:{:02}", clock.hour, clock.minute));
        digits::draw(&time, area, buffer, model.settings.theme.number);
    }

    fn key(&mut self, _key: Key, _model: &Model) -> Vec<Action> {
        vec![Action::Close]
    }

    fn deadline_ms(&self) -> Option<u64> {
        Some(self.next_ms)
    }

    fn tick(&mut self, model: &Model) -> Vec<Action> {
        self.next_ms = model.now_ms + CLOCK_MS;
        vec![Action::Redraw]
    }
}
