//! Widgets: what is drawn with ratatui. One file each.
//!
//! [`draw`] draws the chrome that is always there (status line, dividers, titles, what dead panes say) and then the overlays, lowest first. The cells
//! of panes are left alone for [`super::painter`]. The rest here are overlays, opened by commands in [`open`] and for replies in [`reply`].

mod ascii;
pub mod card;
pub mod cards;
pub mod choose;
pub mod confirm;
mod digits;
pub mod dividers;
mod edit;
pub mod ended;
pub mod hints;
pub mod lists;
pub mod menu;
pub mod numbers;
pub mod operators;
pub mod pager;
pub mod prompt;
pub mod rows;
pub mod status;
mod walk;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect as Area;
use ratatui::style::{Color, Modifier};

use super::copy::CopyMode;
use super::model::Model;
use super::overlay::{Action, Look, Overlay};
use super::scene::Scene;
use super::target::{Expect, resolve};
use crate::command::{Choose, ViewCommand};
use crate::protocol::message::{Level, Reply};

/// Draws everything but the panes' content. `buffer` is the whole outer terminal, blank, with the panes' cells marked to be passed over.
pub fn draw(model: &mut Model, scene: &Scene, buffer: &mut Buffer) {
    dividers::draw(model, scene, buffer);
    dividers::dead_panes(model, scene, buffer);
    dividers::mode_notes(model, scene, buffer);
    let bottom = if model.settings.status_top() { 0 } else { model.size.rows.saturating_sub(1) };
    let card = cards::plan(model, scene);
    if let Some(row) = scene.status.or(status::wants_line(model, scene).then_some(bottom)) {
        let line = Area { x: 0, y: row, width: model.size.cols, height: 1 }.intersection(buffer.area);
        clear(line, buffer);
        status::draw(line, buffer, model, scene);
        cards::draw(model, card, line, buffer);
    }
    let screen = model.size.to_rect();
    hints::draw(model, buffer);
    // The overlays are out of the model while they draw: they may not see each other.
    let mut layers = std::mem::take(&mut model.overlays);
    for layer in &mut layers {
        let Some(rect) = layer.overlay.area(screen, model).intersection(screen) else { continue };
        let area = Area { x: rect.col, y: rect.row, width: rect.cols, height: rect.rows };
        if layer.overlay.is_see_through() {
            let mut own = Buffer::empty(area);
            layer.overlay.draw(area, &mut own, model);
            let drawn = own.content().iter().enumerate().filter(|(_, cell)| !is_blank(cell));
            for (index, cell) in drawn {
                buffer[own.pos_of(index)] = cell.clone();
            }
            continue;
        }
        clear(area, buffer);
        layer.overlay.draw(area, buffer, model);
    }
    model.overlays = layers;
    if !model.unicode {
        ascii::replace(buffer);
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && cell.bg == Color::Reset && !cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED)
}

/// Makes cells blank, and the chrome's own.
pub fn clear(area: Area, buffer: &mut Buffer) {
    for row in area.intersection(buffer.area).rows() {
        for cell in row.columns() {
            buffer[(cell.x, cell.y)].reset();
        }
    }
}

/// What opens the widget of a view command; `None` if it has none.
#[must_use]
pub fn open(model: &Model, command: &ViewCommand) -> Option<Vec<Action>> {
    let pager = |title: &str, text: &str| vec![Action::Open(Box::new(pager::Pager::new(title, text)))];
    Some(match command {
        ViewCommand::Choose(what) => choose::Chooser::open(*what, model),
        ViewCommand::FindWindow(text) => find_window(model, text),
        ViewCommand::DisplayPanes => {
            vec![Action::Open(Box::new(numbers::PaneNumbers::new(model.now_ms + u64::from(model.settings.config.times.display_panes_ms))))]
        }
        ViewCommand::Prompt(prompt) => vec![Action::Open(Box::new(prompt::PromptOverlay::new(prompt, model)))],
        ViewCommand::ListKeys { table } => pager("keys", &lists::keys(model, table.as_deref())),
        ViewCommand::DescribeKey => vec![Action::Open(Box::new(lists::DescribeKey))],
        ViewCommand::Help(None) => pager("help", &lists::help(model)),
        ViewCommand::Help(Some(spec)) => pager(spec.name, &crate::command::help::command(spec, crate::command::Place::Client)),
        ViewCommand::ShowMessages => vec![Action::Open(Box::new(pager::Pager::new("messages", &lists::messages(model)).at_end()))],
        ViewCommand::Clock => vec![Action::Open(Box::new(numbers::Clock::new(model.now_ms)))],
        ViewCommand::CopyMode { page_up, exit_at_bottom, target } => copy_mode(model, *page_up, *exit_at_bottom, target.as_deref()),
        _ => return None,
    })
}

/// The overlay in which a reply is read, if there is something to read.
#[must_use]
pub fn reply(reply: &Reply) -> Option<Box<dyn Overlay>> {
    let (title, text) = lists::reply(reply)?;
    Some(Box::new(pager::Pager::new(title, &text)))
}

/// The cells inside a frame of one cell.
#[must_use]
pub fn framed(area: ratatui::layout::Rect) -> ratatui::layout::Rect {
    area.inner(ratatui::layout::Margin::new(1, 1))
}

fn copy_mode(model: &Model, page_up: bool, exit_at_bottom: bool, target: Option<&str>) -> Vec<Action> {
    let pane = match target.map(|target| resolve(model, target, Expect::Pane)) {
        None => model.focus(),
        Some(Ok(Look::Pane(pane))) => Some(pane),
        Some(Ok(_)) => None,
        Some(Err(why)) => return vec![Action::Say(Level::Warning, why)],
    };
    let Some(pane) = pane else { return Vec::new() };
    if model.modes.contains_key(&pane) {
        return Vec::new();
    }
    match CopyMode::new(pane, model, model.settings.copy_table.ends_with("vi"), exit_at_bottom, page_up) {
        Some(mode) => vec![Action::Enter(pane, Box::new(mode))],
        None => vec![Action::Say(Level::Warning, "its screen has not come yet".to_owned())],
    }
}

/// Windows whose name, or a pane of which has a title or command, contains `text`: goes to the only one, offers several.
fn find_window(model: &Model, text: &str) -> Vec<Action> {
    let wanted = text.to_lowercase();
    let has = |hay: &str| hay.to_lowercase().contains(&wanted);
    let shown = |pane| model.replicas.get(&pane).is_some_and(|replica| replica.screen.rows.iter().any(|row| has(&row.row.text)));
    let found: Vec<_> = model
        .windows
        .values()
        .filter(|window| {
            has(&window.name)
                || window.places.iter().any(|place| {
                    model.panes.get(&place.pane).is_some_and(|pane| has(&pane.title) || has(&pane.command)) || shown(place.pane)
                })
        })
        .collect();
    match found.as_slice() {
        [] => vec![Action::Say(Level::Info, format!("no window matches {text}"))],
        [window] => vec![Action::Look(Look::Window(window.id))],
        _ => choose::Chooser::filtered(Choose::Windows, text, model),
    }
}
