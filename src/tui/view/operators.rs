//! Who is here: the roster, and the same list to choose whom a pane is handed over to.
//!
//! ```text
//! ┌ hand %1 (sh) over to ──────────────────────────────────────────────┐
//! │> cl                                                                │
//! │ claude   agent   here   proven   local   at %2   has control of %4 │
//! └ Enter hands over · C-s supervised · C-e with a note · Esc closes ──┘
//! ```
//! Agents come first where one is chosen, people where one looks. Typing filters. Enter in the roster looks at the pane at which somebody is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use ratatui::widgets::{Block, Borders, Widget};
use unicode_width::UnicodeWidthStr;

use super::edit::Editor;
use super::prompt;
use super::walk::{Walk, walk};
use crate::command::say;
use crate::geometry::{Point, Rect};
use crate::ids::{OperatorId, PaneId};
use crate::protocol::message::{Level, OperatorInfo, OperatorKind, Presence, Role, Transport, Who};
use crate::terminal::keys::{Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::tui::control::verbs::{self, Note};
use crate::tui::control::{cards, clean};
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Look, Overlay};

/// The list.
#[derive(Debug)]
pub struct Operators {
    /// The pane that is handed over; none: the list is only looked at.
    pane: Option<PaneId>,
    filter: Editor,
    selected: Option<OperatorId>,
    top: usize,
    height: usize,
}

/// A line of it.
struct Entry {
    id: OperatorId,
    kind: OperatorKind,
    live: bool,
    cells: [String; 7],
    at: Option<PaneId>,
}

impl Operators {
    /// Everybody.
    #[must_use]
    pub fn roster() -> Self {
        Self { pane: None, filter: Editor::default(), selected: None, top: 0, height: 1 }
    }

    /// Those to whom a pane can be handed over.
    #[must_use]
    pub fn heirs(pane: PaneId) -> Self {
        Self { pane: Some(pane), ..Self::roster() }
    }

    fn entries(&self, model: &Model) -> Vec<Entry> {
        let mut all: Vec<Entry> = model
            .roster
            .iter()
            .filter(|operator| self.pane.is_none() || Some(operator.id) != model.operator)
            .map(|operator| entry(model, operator))
            .collect();
        // Whoever asked or had it before need not be attached.
        let control = self.pane.and_then(|pane| model.control(pane));
        let others =
            control.into_iter().flat_map(|control| control.suspended.iter().chain(control.queue.iter().map(|request| &request.operator)));
        for who in others {
            if !all.iter().any(|entry| entry.id == who.id) && !model.is_me(who) {
                all.push(entry_of(who));
            }
        }
        let words: Vec<String> = self.filter.text().to_lowercase().split_whitespace().map(str::to_owned).collect();
        all.retain(|entry| {
            let text = entry.cells.join(" ").to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
        let order = |kind: OperatorKind| match (kind, self.pane.is_some()) {
            (OperatorKind::Agent, true) | (OperatorKind::Human, false) => 0,
            (OperatorKind::Human, true) | (OperatorKind::Agent, false) => 1,
            (OperatorKind::Device, _) => 2,
            (OperatorKind::Service, _) => 3,
        };
        all.sort_by(|a, b| (order(a.kind), !a.live, &a.cells[0], a.id).cmp(&(order(b.kind), !b.live, &b.cells[0], b.id)));
        all
    }

    fn at(&self, entries: &[Entry]) -> usize {
        entries.iter().position(|entry| Some(entry.id) == self.selected).unwrap_or(0)
    }

    fn step(&mut self, by: isize, model: &Model) {
        let entries = self.entries(model);
        let at = self.at(&entries).saturating_add_signed(by).min(entries.len().saturating_sub(1));
        self.selected = entries.get(at).map(|entry| entry.id);
    }

    fn choose(&self, model: &Model, supervised: bool, note: bool) -> Vec<Action> {
        let entries = self.entries(model);
        let Some(entry) = entries.get(self.at(&entries)) else { return Vec::new() };
        let Some(pane) = self.pane else {
            return match entry.at {
                Some(pane) => vec![Action::Close, Action::Look(Look::Pane(pane))],
                None => vec![Action::Say(Level::Info, format!("{} looks at no pane", entry.cells[0]))],
            };
        };
        if note {
            let question = format!("(hand {pane} over to {}; a note)", entry.cells[0]);
            return vec![Action::Close, Action::Open(prompt::for_note(Note::Offer(pane, entry.id, supervised), question))];
        }
        vec![Action::Close, Action::Request(verbs::offer(pane, entry.id, None, supervised))]
    }
}

fn entry_of(who: &Who) -> Entry {
    let presence = if who.live { "here" } else { "away" };
    let cells =
        [clean(&who.name), say::kind(who.kind).to_owned(), presence.to_owned(), String::new(), String::new(), String::new(), String::new()];
    Entry { id: who.id, kind: who.kind, live: who.live, cells, at: None }
}

fn entry(model: &Model, operator: &OperatorInfo) -> Entry {
    let mut seats: Vec<_> = operator.attachments.iter().collect();
    seats.sort_by_key(|seat| (seat.presence != Presence::Live, std::cmp::Reverse(seat.last_input_ms)));
    let live = seats.iter().any(|seat| seat.presence == Presence::Live);
    let at = seats.iter().find_map(|seat| seat.focus);
    let me = if Some(operator.id) == model.operator { " (you)" } else { "" };
    let behalf = operator.on_behalf_of.map(|id| format!(" for {}", model.operator_name(id))).unwrap_or_default();
    let mut ways: Vec<String> = Vec::new();
    for seat in &seats {
        let way = match seat.transport {
            Transport::Unix => "local",
            Transport::Ssh => "ssh",
            Transport::Web => "web",
        };
        let way = if seat.role == Role::Observer { format!("{way} (observer)") } else { way.to_owned() };
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    let mut holds: Vec<String> = operator.holds.iter().flatten().map(PaneId::to_string).collect();
    for (pane, control) in &model.controls {
        let has = control.holder.as_ref().is_some_and(|hold| hold.operator.id == operator.id);
        let pane = pane.to_string();
        if has && !holds.contains(&pane) {
            holds.push(pane);
        }
    }
    let lives_in = operator.origin_pane.map(|pane| format!("runs in {pane}"));
    let cells = [
        format!("{}{behalf}{me}", clean(&operator.name)),
        say::kind(operator.kind).to_owned(),
        if live { "here" } else { "away" }.to_owned(),
        operator.assurance.map_or("", say::assurance).to_owned(),
        ways.join(", "),
        at.map(|pane| format!("at {pane}")).into_iter().chain(lives_in).collect::<Vec<_>>().join(", "),
        if holds.is_empty() { String::new() } else { format!("has control of {}", holds.join(" ")) },
    ];
    Entry { id: operator.id, kind: operator.kind, live, cells, at: at.or(operator.origin_pane) }
}

impl Overlay for Operators {
    fn area(&self, screen: Rect, model: &Model) -> Rect {
        let cols = screen.cols.min(96);
        let rows = u16::try_from(self.entries(model).len() + 3).unwrap_or(u16::MAX).clamp(6.min(screen.rows), screen.rows);
        Rect { col: screen.col + (screen.cols - cols) / 2, row: screen.row + (screen.rows - rows) / 2, cols, rows }
    }

    fn draw(&mut self, area: Area, buffer: &mut Buffer, model: &Model) {
        let theme = &model.settings.theme;
        let inner = super::framed(area);
        let dot = if model.unicode { " · " } else { " - " };
        let (title, hint) = match self.pane {
            Some(pane) => (
                format!(" hand {} over to ", cards::place(model, pane)),
                [" Enter hands over", "C-s supervised", "C-e with a note", "Esc closes "].join(dot),
            ),
            None => (" who is here ".to_owned(), [" Enter looks there", "Esc closes "].join(dot)),
        };
        Block::new().borders(Borders::ALL).border_style(theme.list).title(title).title_bottom(hint).render(area, buffer);
        let width = usize::from(inner.width);
        buffer.set_stringn(inner.x, inner.y, format!("> {}", self.filter.text()), width, theme.list);
        let entries = self.entries(model);
        let at = self.at(&entries);
        self.height = usize::from(inner.height.saturating_sub(1)).max(1);
        self.top = self.top.clamp((at + 1).saturating_sub(self.height), at);
        if entries.is_empty() {
            let says = if self.filter.text().is_empty() {
                "nobody else is here: `baton as agent:NAME -- CMD` brings an agent in"
            } else {
                "nobody"
            };
            buffer.set_stringn(inner.x + 1, inner.y + 1, says, width.saturating_sub(1), theme.faint);
        }
        let widths: Vec<usize> = (0..7).map(|cell| entries.iter().map(|entry| entry.cells[cell].width()).max().unwrap_or(0)).collect();
        for (index, entry) in entries.iter().enumerate().skip(self.top).take(self.height) {
            let y = inner.y + 1 + u16::try_from(index - self.top).unwrap_or(0);
            let base = if index == at { theme.list_current } else { theme.list };
            buffer.set_style(Area { y, height: 1, ..inner }, base);
            let mut col = inner.x + 1;
            for (cell, (text, width)) in entry.cells.iter().zip(&widths).enumerate() {
                let colour = match (cell, entry.kind) {
                    _ if index == at => base,
                    (0, OperatorKind::Human) => theme.human,
                    (0, OperatorKind::Agent) => theme.agent,
                    (0, _) => theme.service,
                    _ => theme.list,
                };
                buffer.set_stringn(col, y, text, usize::from(inner.right().saturating_sub(col)), colour);
                if *width > 0 {
                    col = col.saturating_add(u16::try_from(width + 3).unwrap_or(u16::MAX)).min(inner.right());
                }
            }
        }
    }

    fn cursor(&self, area: Rect, _model: &Model) -> Option<Point> {
        let col = area.col.saturating_add(3).saturating_add(self.filter.cursor_cols()).min(area.right().saturating_sub(2));
        Some(Point { col, row: area.row.saturating_add(1) })
    }

    fn key(&mut self, key: Key, model: &Model) -> Vec<Action> {
        match key.code {
            KeyCode::Char('s') if key.mods.ctrl && self.pane.is_some() => return self.choose(model, true, false),
            KeyCode::Char('e') if key.mods.ctrl && self.pane.is_some() => return self.choose(model, false, true),
            _ => {}
        }
        match walk(key, self.filter.text(), self.height) {
            Some(Walk::Close) => return vec![Action::Close],
            Some(Walk::Choose) => return self.choose(model, false, false),
            Some(Walk::Step(by)) => self.step(by, model),
            None => {
                if self.filter.key(key) {
                    self.selected = None;
                }
            }
        }
        Vec::new()
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, model: &Model) -> Vec<Action> {
        match mouse.action {
            MouseAction::Press(MouseButton::WheelUp) => self.step(-1, model),
            MouseAction::Press(MouseButton::WheelDown) => self.step(1, model),
            MouseAction::Press(MouseButton::Left) if !area.contains(mouse.at) => return vec![Action::Close],
            MouseAction::Press(MouseButton::Left) => {
                let entries = self.entries(model);
                let hit = mouse.at.row.checked_sub(area.row + 2).map(|row| self.top + usize::from(row)).and_then(|at| entries.get(at));
                if let Some(entry) = hit {
                    let again = self.selected == Some(entry.id);
                    self.selected = Some(entry.id);
                    if again {
                        return self.choose(model, false, false);
                    }
                }
            }
            _ => {}
        }
        Vec::new()
    }
}
