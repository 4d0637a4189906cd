//! The pane's menu: what can be done with it now, control first; by right click or by key.
//!
//! Each line is a command as it could be typed, with a letter. Lines that would be refused as things stand are not there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use ratatui::widgets::{Block, Borders, Widget};
use unicode_width::UnicodeWidthStr;

use crate::command::{Steer, parse_line};
use crate::geometry::{Point, Rect};
use crate::ids::PaneId;
use crate::protocol::message::{ControlMode, Level, OperatorKind};
use crate::terminal::keys::{Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::tui::control::words::{key, words};
use crate::tui::control::{cards, clean};
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Overlay};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    letter: char,
    text: String,
    /// What it runs.
    run: String,
    /// The key that does the same, to be learned.
    key: String,
    /// A group begins with it.
    begins: bool,
}

/// The menu.
#[derive(Debug)]
pub struct Menu {
    title: String,
    items: Vec<Item>,
    selected: usize,
    /// Where the pointer was; none: it stands in the middle.
    at: Option<Point>,
}

impl Menu {
    /// Of a pane, at the pointer if it was asked for with it.
    #[must_use]
    pub fn of_pane(model: &Model, pane: PaneId, at: Option<Point>) -> Self {
        let title = cards::place(model, pane);
        let title = words(model, pane).map_or(title.clone(), |words| format!("{title}: {}", words.text));
        Self { title, items: items(model, pane), selected: 0, at }
    }

    fn run(&self, index: usize) -> Vec<Action> {
        let Some(item) = self.items.get(index) else { return Vec::new() };
        let mut actions = vec![Action::Close];
        match parse_line(&item.run) {
            Ok(commands) => actions.extend(commands.into_iter().map(Action::Run)),
            Err(error) => actions.push(Action::Say(Level::Warning, error.to_string())),
        }
        actions
    }

    /// The row of a line inside the frame: groups have a rule above them.
    fn row(&self, index: usize) -> u16 {
        let rules = self.items.iter().take(index + 1).skip(1).filter(|item| item.begins).count();
        u16::try_from(index + rules).unwrap_or(u16::MAX)
    }
}

fn items(model: &Model, pane: PaneId) -> Vec<Item> {
    let control = model.control(pane);
    let holder = control.and_then(|control| control.holder.as_ref());
    let mine = model.has_control(pane);
    let mut out: Vec<Item> = Vec::new();
    let mut steer = |letter, text: String, what: Steer| {
        let run = format!("steer -t {pane} {}", what.word());
        out.push(Item { letter, text, run, key: key(model, what), begins: false });
    };
    if model.may_type() {
        let mode = control.map_or(ControlMode::Shared, |control| control.mode);
        let other = holder.filter(|hold| !model.is_me(&hold.operator));
        if mode != ControlMode::Locked && (mine || mode == ControlMode::Shared || holder.is_none()) {
            steer('h', "Hand over to …".to_owned(), Steer::HandOver);
        }
        match other {
            Some(hold) if model.is_human() && hold.operator.kind != OperatorKind::Human => {
                steer('k', format!("Take control from {}", clean(&hold.operator.name)), Steer::Take);
                let does = if hold.supervised { "Supervise no longer" } else { "Supervise: approve what it types" };
                steer('V', does.to_owned(), Steer::Supervise);
            }
            Some(hold) => steer('Q', format!("Ask {} for control …", clean(&hold.operator.name)), Steer::Request),
            None if mode == ControlMode::Locked || mine => {}
            None => steer('k', "Take control: only you type here".to_owned(), Steer::Take),
        }
        if let Some(before) = control.and_then(|control| control.suspended.as_ref()).filter(|_| mine || holder.is_none()) {
            steer('b', format!("Hand back to {} …", clean(&before.name)), Steer::HandBack);
        }
        if mine {
            steer('U', "Give control up".to_owned(), Steer::Release);
        } else if control.and_then(|control| control.offer.as_ref()).is_some_and(|offer| model.is_me(&offer.from)) {
            steer('U', "Withdraw the offer".to_owned(), Steer::Release);
        }
        steer('K', if mode == ControlMode::Locked { "Unlock" } else { "Lock: nobody types here" }.to_owned(), Steer::Lock);
        if !cards::all(model).is_empty() {
            steer('v', "Who waits for an answer …".to_owned(), Steer::Look);
        }
    }
    steer('W', "Who is here …".to_owned(), Steer::Who);
    let mut plain = |letter, text: &str, run: String, begins| {
        out.push(Item { letter, text: text.to_owned(), run, key: String::new(), begins });
    };
    plain('[', "History, search, copy", format!("copy-mode -t {pane}"), true);
    plain('z', if model.zoom().is_some() { "Show all panes again" } else { "Fill the window" }, format!("zoom -t {pane}"), false);
    if model.may_type() {
        plain('%', "Split, new pane on the right", format!("split -h -t {pane}"), true);
        plain('"', "Split, new pane below", format!("split -t {pane}"), false);
        plain('!', "To a window of its own", format!("break-pane -t {pane}"), false);
        plain('x', "Kill …", format!("confirm-before -p 'kill pane {pane}? (y/n)' {{ kill pane -t {pane} }}"), true);
    }
    out
}

impl Overlay for Menu {
    fn area(&self, screen: Rect, _model: &Model) -> Rect {
        let widest = self.items.iter().map(|item| item.text.width() + item.key.width() + 7).max().unwrap_or(0).max(self.title.width() + 2);
        let cols = u16::try_from(widest + 2).unwrap_or(u16::MAX).min(screen.cols);
        let rows = self.row(self.items.len().saturating_sub(1)).saturating_add(3).min(screen.rows);
        let at = self.at.unwrap_or(Point { col: (screen.cols - cols) / 2, row: (screen.rows - rows) / 2 });
        Rect { col: at.col.min(screen.right() - cols), row: at.row.min(screen.bottom() - rows), cols, rows }
    }

    fn draw(&mut self, area: Area, buffer: &mut Buffer, model: &Model) {
        let theme = &model.settings.theme;
        let inner = super::framed(area);
        Block::new().borders(Borders::ALL).border_style(theme.list).title(format!(" {} ", self.title)).render(area, buffer);
        for (index, item) in self.items.iter().enumerate() {
            let row = self.row(index);
            if row >= inner.height {
                break;
            }
            let y = inner.y + row;
            if item.begins && index > 0 {
                let rule = "─".repeat(usize::from(inner.width));
                buffer.set_stringn(inner.x, y - 1, rule, usize::from(inner.width), theme.faint);
            }
            let style = if index == self.selected { theme.list_current } else { theme.list };
            buffer.set_style(Area { y, height: 1, ..inner }, style);
            let width = usize::from(inner.width.saturating_sub(1));
            let letter = if index == self.selected { style } else { theme.key };
            buffer.set_stringn(inner.x + 1, y, item.letter.to_string(), width, letter);
            buffer.set_stringn(inner.x + 4.min(inner.width), y, &item.text, width.saturating_sub(3), style);
            let keys = u16::try_from(item.key.width() + 1).unwrap_or(u16::MAX);
            if !item.key.is_empty() && keys < inner.width {
                buffer.set_string(inner.right() - keys, y, &item.key, if index == self.selected { style } else { theme.faint });
            }
        }
    }

    fn key(&mut self, key: Key, _model: &Model) -> Vec<Action> {
        let count = self.items.len().max(1);
        if key.mods.ctrl || key.mods.alt {
            match key.code {
                KeyCode::Char('c' | 'g') => return vec![Action::Close],
                KeyCode::Char('n') => self.selected = (self.selected + 1) % count,
                KeyCode::Char('p') => self.selected = (self.selected + count - 1) % count,
                KeyCode::Char('j' | 'm') => return self.run(self.selected),
                _ => {}
            }
            return Vec::new();
        }
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') => return vec![Action::Close],
            KeyCode::Enter => return self.run(self.selected),
            KeyCode::Down | KeyCode::Tab => self.selected = (self.selected + 1) % count,
            KeyCode::Up | KeyCode::BackTab => self.selected = (self.selected + count - 1) % count,
            KeyCode::Char(c) => {
                if let Some(index) = self.items.iter().position(|item| item.letter == c) {
                    return self.run(index);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, _model: &Model) -> Vec<Action> {
        let row = mouse.at.row.checked_sub(area.row + 1);
        let hit = row.filter(|_| area.contains(mouse.at)).and_then(|row| (0..self.items.len()).find(|index| self.row(*index) == row));
        match mouse.action {
            MouseAction::Press(MouseButton::Left) if !area.contains(mouse.at) => vec![Action::Close],
            MouseAction::Press(MouseButton::Right) => vec![Action::Close],
            MouseAction::Press(MouseButton::Left) => hit.map_or_else(Vec::new, |index| self.run(index)),
            // The button that opened it is let go over a line: that chooses, as menus do everywhere.
            MouseAction::Release(MouseButton::Right) => match (hit, self.at) {
                (Some(index), Some(at)) if at != mouse.at => self.run(index),
                _ => Vec::new(),
            },
            MouseAction::Drag(_) | MouseAction::Move => {
                self.selected = hit.unwrap_or(self.selected);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}
