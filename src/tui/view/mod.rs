//! Widgets: what is drawn with ratatui. One file each.
//!
//! [`draw`] draws the chrome that is always there (status line, dividers, titles, what dead panes say) and then the overlays, lowest first. The cells
//! of panes are left alone for [`super::painter`]. The rest here are overlays, opened by commands in [`open`] and for replies in [`reply`].

pub mod confirm;
pub mod status;

use super::model::Model;
use super::overlay::{Action, Overlay};
use crate::command::ViewCommand;
use crate::protocol::message::Reply;

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
