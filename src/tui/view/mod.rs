//! Widgets: what is drawn with ratatui. One file each.
//!
//! [`draw`] draws the chrome that is always there (status line, dividers, titles, what dead panes say) and then the overlays, lowest first. The cells
//! of panes are left alone for [`super::painter`]. The rest here are overlays, opened by commands in [`open`] and for replies in [`reply`].

pub mod confirm;
pub mod dividers;
pub mod status;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;

use super::model::Model;
use super::overlay::{Action, Overlay};
use super::scene::Scene;
use crate::command::ViewCommand;
use crate::protocol::message::Reply;

/// Draws everything but the panes' content. `buffer` is the whole outer terminal, blank, with the panes' cells marked to be passed over.
pub fn draw(model: &mut Model, scene: &Scene, buffer: &mut Buffer) {
    dividers::draw(model, scene, buffer);
    dividers::dead_panes(model, scene, buffer);
    dividers::mode_notes(model, scene, buffer);
    let bottom = if model.settings.status_top() { 0 } else { model.size.rows.saturating_sub(1) };
    if let Some(row) = scene.status.or(status::wants_line(model).then_some(bottom)) {
        let line = Area { x: 0, y: row, width: model.size.cols, height: 1 }.intersection(buffer.area);
        clear(line, buffer);
        status::draw(line, buffer, model);
    }
    let screen = model.size.to_rect();
    // The overlays are out of the model while they draw: they may not see each other.
    let mut layers = std::mem::take(&mut model.overlays);
    for layer in &mut layers {
        let Some(rect) = layer.overlay.area(screen, model).intersection(screen) else { continue };
        let area = Area { x: rect.col, y: rect.row, width: rect.cols, height: rect.rows };
        clear(area, buffer);
        layer.overlay.draw(area, buffer, model);
    }
    model.overlays = layers;
}

/// Makes cells blank, and the chrome's own.
pub fn clear(area: Area, buffer: &mut Buffer) {
    for row in area.intersection(buffer.area).rows() {
        for cell in row.columns() {
            buffer[(cell.x, cell.y)].reset();
        }
    }
}

/// What opens the widget of a view command; `None` if there is none yet.
#[must_use]
pub fn open(model: &Model, command: &ViewCommand) -> Option<Vec<Action>> {
    let _ = (model, command);
    None
}

/// The overlay in which a reply is read, if there is something to read.
#[must_use]
pub fn reply(reply: &Reply) -> Option<Box<dyn Overlay>> {
    let _ = reply;
    None
}
