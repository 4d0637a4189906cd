//! The mouse: focus, dividers, scrolling, selecting, the status line; or the program's own, when it wants it.
//!
//! A press in a pane gives it the focus. If its program asked for the mouse, it gets the event as well, in its own cells; else the left button selects
//! (double: a word, triple: a line), and its release copies; the wheel scrolls in copy mode, or sends arrow keys to a program on the alternate
//! screen. On a divider the left button drags it. On the status line a window's name is a button and the wheel goes through the windows. The right button opens the pane's menu. With
//! Shift held the outer terminal keeps the mouse for itself and nothing comes here.

use super::act;
use super::control::verbs;
use super::model::{Asker, Click, Drag, Model, SelectUnit, Selection};
use super::overlay::{Action, Look};
use super::scene::{self, Scene};
use super::update::{self, Turn, copy, look_at, with_mode, with_overlay};
use super::view;
use crate::command::{Command, Switch, ViewCommand, WindowStep};
use crate::geometry::{Axis, Point, Rect};
use crate::ids::PaneId;
use crate::protocol::message::{InputSource, Request, ResizeHow};
use crate::terminal::keys::{self, Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::terminal::{MouseTracking, Row};

/// Longest time between the clicks of a double click, in milliseconds.
const DOUBLE_CLICK_MS: u64 = 400;

/// The mouse did something; `mouse.at` is an outer cell.
pub fn mouse(turn: &mut Turn<'_>, mouse: Mouse) {
    let screen = turn.model.size.to_rect();
    if let Some(layer) = turn.model.overlays.iter().rev().find(|layer| !layer.overlay.is_transparent()) {
        let id = layer.id;
        with_overlay(turn, id, |layer, model| {
            let area = layer.overlay.area(screen, model);
            layer.overlay.mouse(mouse, area, model)
        });
        return;
    }
    if let Some(drag) = turn.model.drag
        && dragged(turn, drag, mouse)
    {
        return;
    }
    let scene = scene::arrange(turn.model);
    let pressed = |button| mouse.action == MouseAction::Press(button);
    if let Some(steer) = view::cards::hit(turn.model, &scene, mouse.at) {
        if pressed(MouseButton::Left) {
            verbs::steer(turn, steer, None);
        }
        return;
    }
    if let Some(title) = scene.titles.iter().find(|title| title.outer.contains(mouse.at)).filter(|_| pressed(MouseButton::Right)) {
        return menu(turn, title.pane, mouse.at);
    }
    if scene.status == Some(mouse.at.row) {
        if pressed(MouseButton::Right)
            && let Some(pane) = turn.model.focus()
        {
            return menu(turn, pane, mouse.at);
        }
        on_status(turn, &scene, mouse);
    } else if let Some(divider) = scene.divider_at(turn.model, mouse.at).copied() {
        on_divider(turn, &scene, mouse, divider.rect);
    } else if let Some((pane, cell)) = scene.pane_at(mouse.at) {
        on_pane(turn, pane, Mouse { at: cell, ..mouse }, mouse.at);
    }
}

fn menu(turn: &mut Turn<'_>, pane: PaneId, at: Point) {
    let menu = view::menu::Menu::of_pane(turn.model, pane, Some(at));
    update::act(turn, Action::Open(Box::new(menu)), Asker::Nobody);
}

/// Goes on with a drag; false if this event ends it and is to be looked at anew.
fn dragged(turn: &mut Turn<'_>, drag: Drag, mouse: Mouse) -> bool {
    let scene = scene::arrange(turn.model);
    match (drag, mouse.action) {
        (Drag::Divider(from), MouseAction::Drag(MouseButton::Left)) => {
            let Some(to) = clamp_to_window(&scene, mouse.at) else { return true };
            // The divider is where the server put it: only a confirmed one can be taken further, else steps would be lost or doubled.
            let here = turn.model.window().and_then(|window| window.dividers.iter().find(|divider| divider.rect.contains(from))).copied();
            if let (Some(divider), true) = (here, to != from) {
                let to = match divider.axis {
                    Axis::Horizontal => Point { row: from.row, ..to },
                    Axis::Vertical => Point { col: from.col, ..to },
                };
                let target = turn.model.focus().map(|pane| pane.to_string());
                turn.request(Asker::Nobody, Request::Resize { target, how: ResizeHow::Divider(from, to) });
                turn.model.drag = Some(Drag::Divider(to));
            }
            true
        }
        (Drag::Divider(_), MouseAction::Release(_)) => {
            turn.model.drag = None;
            true
        }
        (Drag::Select(selection), MouseAction::Drag(MouseButton::Left)) => {
            if let Some(placed) = scene.placed(selection.pane) {
                let to = placed.inner(mouse.at);
                if to != selection.to {
                    show_selection(turn.model, Some(Selection { to, ..selection }));
                }
            }
            true
        }
        (Drag::Select(selection), MouseAction::Release(_)) => {
            let text = (selection.from != selection.to || selection.unit != SelectUnit::Cell).then(|| selected_text(turn.model, selection));
            if !turn.model.settings.config.mouse.select_copies {
                // It stays to be seen until the next press; `y` or Enter in copy mode is the way to copy by hand.
                return true;
            }
            show_selection(turn.model, None);
            if let Some(text) = text {
                copy(turn, text);
            }
            true
        }
        (Drag::Select(_), _) => {
            show_selection(turn.model, None);
            false
        }
        (Drag::Divider(_), _) => {
            turn.model.drag = None;
            false
        }
    }
}

fn clamp_to_window(scene: &Scene, at: Point) -> Option<Point> {
    let window = scene.window?;
    let inside = Point {
        col: at.col.clamp(window.col, window.right().saturating_sub(1)),
        row: at.row.clamp(window.row, window.bottom().saturating_sub(1)),
    };
    scene.window_cell(inside)
}

fn on_status(turn: &mut Turn<'_>, scene: &Scene, mouse: Mouse) {
    let step = match mouse.action {
        MouseAction::Press(MouseButton::Left) => {
            if let Some(look) = view::status::hit(turn.model, scene, mouse.at.col) {
                look_at(turn.model, look);
            }
            return;
        }
        MouseAction::Press(MouseButton::WheelUp) => WindowStep::Previous,
        MouseAction::Press(MouseButton::WheelDown) => WindowStep::Next,
        _ => return,
    };
    act::run(turn, &Command::View(ViewCommand::SelectWindow(Switch::Step(step))));
}

fn on_divider(turn: &mut Turn<'_>, scene: &Scene, mouse: Mouse, _divider: Rect) {
    if mouse.action == MouseAction::Press(MouseButton::Left) && turn.model.may_type() {
        turn.model.drag = scene.window_cell(mouse.at).map(Drag::Divider);
    }
}

fn on_pane(turn: &mut Turn<'_>, pane: PaneId, mouse: Mouse, outer: Point) {
    let pressed = match mouse.action {
        MouseAction::Press(button) => Some(button),
        _ => None,
    };
    if matches!(pressed, Some(MouseButton::Left | MouseButton::Middle | MouseButton::Right)) && turn.model.focus() != Some(pane) {
        look_at(turn.model, Look::Pane(pane));
    }
    if turn.model.modes.contains_key(&pane) {
        with_mode(turn, pane, |mode, model| mode.mouse(mouse, pane, model));
        return;
    }
    if mouse.action == MouseAction::Move && turn.model.settings.config.mouse.focus_follows && turn.model.focus() != Some(pane) {
        look_at(turn.model, Look::Pane(pane));
    }
    let modes = turn.model.modes_of(pane);
    if modes.mouse_tracking != MouseTracking::Off {
        if let Some(bytes) = keys::encode_mouse(mouse, modes) {
            turn.input(pane, bytes, InputSource::Mouse);
        }
        return;
    }
    match pressed {
        Some(MouseButton::WheelUp | MouseButton::WheelDown) if modes.alternate_screen => {
            let code = if pressed == Some(MouseButton::WheelUp) { KeyCode::Up } else { KeyCode::Down };
            let bytes = keys::encode_key(Key::plain(code), modes)
                .repeat(usize::from(u16::try_from(turn.model.settings.config.mouse.wheel_lines.clamp(1, 100)).unwrap_or(3)));
            turn.input(pane, bytes, InputSource::Mouse);
        }
        Some(MouseButton::WheelUp) => {
            let command = ViewCommand::CopyMode { page_up: false, exit_at_bottom: true, target: Some(pane.to_string()) };
            act::run(turn, &Command::View(command));
            with_mode(turn, pane, |mode, model| mode.mouse(mouse, pane, model));
        }
        Some(MouseButton::Left) => press_left(turn, pane, mouse.at),
        Some(MouseButton::Right) => menu(turn, pane, outer),
        Some(MouseButton::Middle) => {
            act::run(turn, &Command::View(ViewCommand::Paste { buffer: None, delete: false, target: Some(pane.to_string()) }));
        }
        _ => {}
    }
}

fn press_left(turn: &mut Turn<'_>, pane: PaneId, at: Point) {
    let now = turn.model.now_ms;
    let last = turn.model.click;
    let again = last.at == at && now.saturating_sub(last.at_ms) <= DOUBLE_CLICK_MS && last.count > 0;
    let count = if again { last.count % 3 + 1 } else { 1 };
    turn.model.click = Click { at, at_ms: now, count };
    let unit = match count {
        2 => SelectUnit::Word,
        3 => SelectUnit::Line,
        _ => SelectUnit::Cell,
    };
    // A dead pane has nothing to type into; a click there is still a selection.
    show_selection(turn.model, Some(Selection { pane, from: at, to: at, unit }));
}

/// Makes `selection` the one that is shown; the rows that look different are damaged.
pub fn show_selection(model: &mut Model, selection: Option<Selection>) {
    let old = match model.drag.take() {
        Some(Drag::Select(old)) => Some(old),
        _ => None,
    };
    model.drag = selection.map(Drag::Select);
    for selection in [old, selection].into_iter().flatten() {
        let rows = selection.from.row.min(selection.to.row)..=selection.from.row.max(selection.to.row);
        if let Some(replica) = model.replicas.get_mut(&selection.pane) {
            rows.for_each(|row| replica.damage.row(row));
        }
    }
}

impl Model {
    /// The columns `from..to` of `row` of the pane's screen that are selected with the mouse.
    #[must_use]
    pub fn selected(&self, pane: PaneId, row: u16) -> Option<(u16, u16)> {
        let Some(Drag::Select(selection)) = self.drag else { return None };
        if selection.pane != pane || (selection.from == selection.to && selection.unit == SelectUnit::Cell) {
            return None;
        }
        let (first, last) = ends(self, selection);
        if row < first.row || row > last.row {
            return None;
        }
        let from = if row == first.row { first.col } else { 0 };
        let to = if row == last.row { last.col.saturating_add(1) } else { u16::MAX };
        (from < to).then_some((from, to))
    }
}

/// First and last cell of a selection, in reading order, grown to its unit.
fn ends(model: &Model, selection: Selection) -> (Point, Point) {
    let key = |point: &Point| (point.row, point.col);
    let (mut first, mut last) =
        if key(&selection.from) <= key(&selection.to) { (selection.from, selection.to) } else { (selection.to, selection.from) };
    match selection.unit {
        SelectUnit::Cell => {}
        SelectUnit::Word => {
            let row = |row: u16| model.replicas.get(&selection.pane).and_then(|replica| replica.screen.rows.get(usize::from(row)));
            if let Some(row) = row(first.row) {
                first.col = word_at(&row.row, first.col, &model.settings.config.copy.word_separators).0;
            }
            if let Some(row) = row(last.row) {
                last.col = word_at(&row.row, last.col, &model.settings.config.copy.word_separators).1.saturating_sub(1);
            }
        }
        SelectUnit::Line => {
            first.col = 0;
            last.col = u16::MAX;
        }
    }
    (first, last)
}

/// The columns `from..to` of the word at `col`: cells of one kind (blank, separator, other).
#[must_use]
pub fn word_at(row: &Row, col: u16, separators: &str) -> (u16, u16) {
    let kind = |text: &str| {
        if text.trim().is_empty() {
            0
        } else if text.chars().all(|c| separators.contains(c)) {
            1
        } else {
            2
        }
    };
    let Some(here) = row.cells().find(|cell| cell.col <= col && col < cell.col + u16::from(cell.width)) else {
        return (col, col.saturating_add(1));
    };
    let wanted = kind(here.text);
    let (mut from, mut to) = (here.col, here.col);
    let mut begin = None;
    for cell in row.cells() {
        if kind(cell.text) == wanted {
            begin = begin.or(Some(cell.col));
            if cell.col == here.col {
                from = begin.unwrap_or(cell.col);
            }
            if cell.col >= here.col {
                to = cell.col + u16::from(cell.width);
            }
        } else {
            if cell.col > here.col {
                break;
            }
            begin = None;
        }
    }
    (from, to)
}

/// The text of a selection: rows that wrap are joined, blanks at the end of lines dropped.
fn selected_text(model: &Model, selection: Selection) -> String {
    let Some(replica) = model.replicas.get(&selection.pane) else { return String::new() };
    let (first, last) = ends(model, selection);
    let mut out = String::new();
    for index in first.row..=last.row {
        let Some(row) = replica.screen.rows.get(usize::from(index)).map(|row| &row.row) else { break };
        let from = if index == first.row { first.col } else { 0 };
        let to = if index == last.row { last.col.saturating_add(1) } else { u16::MAX };
        let text = row.slice_cols(from, to).text;
        if row.wrapped && index != last.row {
            out.push_str(&text);
        } else {
            out.push_str(text.trim_end_matches(' '));
            if index != last.row {
                out.push('\n');
            }
        }
    }
    if selection.unit == SelectUnit::Line {
        out.push('\n');
    }
    out
}
