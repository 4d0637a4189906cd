//! A key's way: overlay, key tables, mode, pane.
//!
//! ```text
//! overlay on top? ── yes ──► the overlay
//!        │ no
//! a table waits (prefix, or one of `switch-client -T`)? ── bound ──► its command
//!        │ no, or its repeat time let it wait       └──── not bound ──► nothing (after the prefix) or on as usual (repeating)
//! prefix key? ──► wait in `prefix`
//!        │
//! bound in the mode's table, else in `root`? ──► its command
//!        │
//! the pane's mode, else a dead pane's Enter, else bytes for the program
//! ```

use super::act;
use super::model::{Asker, KeyState, Link, Model};
use super::update::{Turn, with_mode, with_overlay};
use crate::config::{Binding, KeyTables};
use crate::protocol::message::{InputSource, Level, Request};
use crate::terminal::keys::{self, Key, KeyCode};

/// A key was pressed.
pub fn key(turn: &mut Turn<'_>, key: Key) {
    let key = key.canonical();
    forget_message(turn.model);
    act::unfollow(turn);
    let mut index = turn.model.overlays.len();
    while index > 0 {
        index -= 1;
        let Some(layer) = turn.model.overlays.get(index) else { break };
        let (id, through) = (layer.id, layer.overlay.is_transparent());
        with_overlay(turn, id, |layer, model| layer.overlay.key(key, model));
        if !through {
            return;
        }
    }
    below_overlays(turn, key);
}

fn below_overlays(turn: &mut Turn<'_>, key: Key) {
    let model = &mut *turn.model;
    let waiting = std::mem::take(&mut model.keys);
    if let Some(table) = waiting.table {
        model.redraw.chrome = true;
        if waiting.until_ms.is_none_or(|until| model.now_ms < until) {
            let bound = model.settings.bound(&table, key).cloned();
            match bound {
                // While repeating only repeatable keys are the table's.
                Some(bound) if !waiting.repeating || bound.repeat => {
                    let repeat_ms = u64::from(model.settings.config.times.repeat_ms);
                    if bound.repeat && repeat_ms > 0 {
                        let until = model.now_ms.saturating_add(repeat_ms);
                        model.keys = KeyState { table: Some(table), until_ms: Some(until), repeating: true, ..KeyState::default() };
                    }
                    run_bound(turn, &bound);
                    return;
                }
                _ if !waiting.repeating => return,
                _ => {}
            }
        }
    }
    let model = &mut *turn.model;
    if model.settings.is_prefix(key) {
        let wait_ms = u64::from(model.settings.config.times.prefix_ms);
        let until_ms = (wait_ms > 0).then(|| model.now_ms.saturating_add(wait_ms));
        let hint_ms = model.settings.config.times.hint_ms;
        model.keys = KeyState::waiting(KeyTables::PREFIX.to_owned(), model.now_ms, until_ms, hint_ms);
        model.redraw.chrome = true;
        return;
    }
    let Some(pane) = model.focus() else { return };
    let mode_table = model.modes.get(&pane).map(|mode| mode.table().to_owned());
    let bound = mode_table.as_deref().and_then(|table| model.settings.bound(table, key));
    if let Some(bound) = bound.or_else(|| model.settings.bound(KeyTables::ROOT, key)).cloned() {
        run_bound(turn, &bound);
        return;
    }
    if mode_table.is_some() {
        with_mode(turn, pane, |mode, model| mode.key(key, pane, model));
        return;
    }
    if model.panes.get(&pane).is_some_and(|info| info.dead) {
        if key.code == KeyCode::Enter && model.may_type() {
            turn.request(Asker::Nobody, Request::Respawn { target: Some(pane.to_string()), command: Vec::new(), kill: false });
        }
        return;
    }
    let bytes = keys::encode_key(key, model.modes_of(pane));
    turn.input(pane, bytes, InputSource::Key);
}

fn run_bound(turn: &mut Turn<'_>, bound: &Binding) {
    match bound.commands() {
        Ok(commands) => commands.iter().for_each(|command| act::run(turn, command)),
        Err(error) => turn.model.say(Level::Warning, error.to_string()),
    }
}

/// Text was pasted.
pub fn paste(turn: &mut Turn<'_>, text: &str) {
    forget_message(turn.model);
    turn.model.keys = KeyState::default();
    if let Some(layer) = turn.model.overlays.iter().rev().find(|layer| !layer.overlay.is_transparent()) {
        let id = layer.id;
        with_overlay(turn, id, |layer, model| layer.overlay.paste(text, model));
        return;
    }
    let Some(pane) = turn.model.focus() else { return };
    if turn.model.modes.contains_key(&pane) {
        with_mode(turn, pane, |mode, model| mode.paste(text, pane, model));
        return;
    }
    if turn.model.panes.get(&pane).is_some_and(|info| info.dead) {
        return;
    }
    if matches!(turn.model.link, Link::Lost { .. }) {
        turn.model.say(Level::Info, "the paste will be sent when the server is back");
    }
    let bytes = keys::paste(text, turn.model.modes_of(pane));
    turn.input(pane, bytes, InputSource::Paste);
}

fn forget_message(model: &mut Model) {
    if model.message.take_if(|message| message.about.is_none()).is_some() {
        model.redraw.chrome = true;
    }
}
