//! What the server says about control while one works: what became of a key, and what others did.
//!
//! A refusal is said once per cause, not per key: as long as its line stands, the next of its kind only makes it stay.

use super::clean;
use super::words::{TakesBy, name, words};
use crate::ids::PaneId;
use crate::protocol::message::{ControlInfo, ControlMode, InputAck, Level, Refusal, Via};
use crate::tui::model::Model;

/// A line about what was typed stays at least so long, in milliseconds.
const STAYS_MS: u64 = 1_500;

/// Input was applied, took control, or was refused.
pub fn acknowledged(model: &mut Model, ack: &InputAck) {
    if let Some(refusal) = &ack.refused {
        return refused(model, ack.pane, refusal);
    }
    if ack.took != Some(true) {
        return;
    }
    model.desk.asking = None;
    let control = model.control(ack.pane);
    // Whichever came first, this or the pane's new state.
    let from = control.and_then(|control| match &control.holder {
        Some(hold) if !model.is_me(&hold.operator) => Some(name(&hold.operator)),
        Some(hold) if hold.via == Via::Take => control.suspended.as_ref().map(name),
        _ => None,
    });
    let text = match from {
        Some(from) => format!("you took control from {from} (that key was not typed)"),
        None => "you have control now (that key was not typed: look at the line that is there)".to_owned(),
    };
    say(model, Level::Info, ack.pane, text);
}

fn refused(model: &mut Model, pane: PaneId, refusal: &Refusal) {
    let control = model.control(pane);
    let barred = control
        .is_some_and(|control| control.mode == ControlMode::Locked || (control.mode == ControlMode::Held && !model.has_control(pane)));
    let text = match refusal.code.as_str() {
        "stale_epoch" => {
            // The keys behind one that took, or was refused, are told of with it.
            if stays(model, pane, None) {
                return;
            }
            "control changed meanwhile: what you typed before you could see it was not typed".to_owned()
        }
        "held_by" if model.settings.takes_by == TakesBy::Ask && model.is_human() => {
            model.desk.asking = Some(pane);
            model.redraw.chrome = true;
            return;
        }
        "not_holder" | "held_by" | "human_active" | "not_permitted" | "approval_required" if barred => {
            let why = words(model, pane).map_or_else(|| refusal.message.clone(), |words| words.text);
            format!("not typed: {why}")
        }
        _ => match &refusal.hint {
            Some(hint) => format!("{}: {hint}", refusal.message),
            None => refusal.message.clone(),
        },
    };
    if !stays(model, pane, Some(&text)) {
        say(model, Level::Warning, pane, text);
    }
}

/// Whether a line about this pane (with this text) stands already; it is made to stay.
fn stays(model: &mut Model, pane: PaneId, text: Option<&str>) -> bool {
    let until = model.now_ms.saturating_add(STAYS_MS.max(u64::from(model.settings.config.times.message_ms)));
    match &mut model.message {
        Some(line) if line.about == Some(pane) && text.is_none_or(|text| line.text == text) => {
            line.until_ms = line.until_ms.map(|at| at.max(until));
            true
        }
        _ => false,
    }
}

fn say(model: &mut Model, level: Level, pane: PaneId, text: String) {
    model.say(level, text);
    let until = model.now_ms.saturating_add(STAYS_MS.max(u64::from(model.settings.config.times.message_ms)));
    if let Some(line) = &mut model.message {
        line.about = Some(pane);
        line.until_ms = Some(until);
    }
}

/// What is to be said of a change that somebody else made, in a pane that is seen or that concerns this client's operator.
#[must_use]
pub fn change(model: &Model, old: Option<&ControlInfo>, new: &ControlInfo) -> Option<String> {
    let pane = super::cards::place(model, new.pane);
    let before = old.and_then(|old| old.holder.as_ref());
    let seen = model.places().iter().any(|place| place.pane == new.pane);
    let id = |hold: Option<&crate::protocol::message::HoldInfo>| hold.map(|hold| hold.operator.id);
    if id(before) != id(new.holder.as_ref()) {
        let Some(hold) = &new.holder else {
            let before = before.filter(|hold| seen && !model.is_me(&hold.operator))?;
            let now = if new.mode == ControlMode::Shared { "shared again" } else { "vacant" };
            return Some(format!("{} has control of {pane} no longer: it is {now}", name(&before.operator)));
        };
        let who = name(&hold.operator);
        if model.is_me(&hold.operator) {
            return matches!(hold.via, Via::Grant | Via::Offer | Via::HandBack).then(|| format!("you have control of {pane} now"));
        }
        if !seen && !before.is_some_and(|before| model.is_me(&before.operator)) {
            return None;
        }
        return Some(match (hold.via, &new.handed_back) {
            (Via::HandBack, Some(back)) if !model.is_me(&back.by) => {
                let note = back.note.as_deref().map(|note| format!(": {}", clean(note))).unwrap_or_default();
                format!("{} handed {pane} back to {who}{note}", clean(&back.by.name))
            }
            (Via::Take | Via::Force, _) => {
                let from = before.map(|before| {
                    format!(" from {}", if model.is_me(&before.operator) { "you".to_owned() } else { name(&before.operator) })
                });
                format!("{who} took control of {pane}{}", from.unwrap_or_default())
            }
            _ => format!("{who} has control of {pane} now"),
        });
    }
    let old = old?;
    if let (true, Some(offer), None) = (id(new.holder.as_ref()) == id(before), &old.offer, &new.offer)
        && model.is_me(&offer.from)
        && old.mode == new.mode
    {
        return Some(format!("{} did not accept control of {pane}", name(&offer.to)));
    }
    let asked = |control: &ControlInfo| control.queue.iter().any(|request| model.is_me(&request.operator));
    if asked(old) && !asked(new) {
        return Some(format!("your request for control of {pane} has ended"));
    }
    if old.mode != new.mode && seen {
        return match (old.mode, new.mode) {
            (_, ControlMode::Locked) => Some(format!("{pane} is locked")),
            (ControlMode::Locked, _) => Some(format!("{pane} is unlocked")),
            _ => None,
        };
    }
    None
}
