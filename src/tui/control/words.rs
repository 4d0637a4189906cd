//! What is said of a pane's control in its title or on the status line: who has it, and what a key will do.
//!
//! ```text
//! claude (agent) has control · your key takes it          held by an agent; with `takeover = chord`: C-b k takes it
//! ann has control · C-b Q asks for it                     held by another human
//! you have control · C-b b hands back to claude           taken from an agent
//! vacant · type to acquire      reserved for ann · type to acquire      locked · C-b K unlocks
//! ```
//! The words are there whatever the colours are. Nothing is said of a free pane.

use super::clean;
use crate::command::say;
use crate::command::{Command, Place, Steer, ViewCommand};
use crate::config::KeyTables;
use crate::ids::PaneId;
use crate::protocol::message::{ControlInfo, ControlMode, OperatorKind, Via, Who};
use crate::tui::model::Model;

/// What a human's key does where an agent has control, as configured (`takeover`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TakesBy {
    /// Any key takes.
    #[default]
    Key,
    /// Only the key bound to it.
    Chord,
    /// Any key asks.
    Ask,
    /// Only the command.
    Never,
}

impl TakesBy {
    /// What the option's word means.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "chord" => Self::Chord,
            "ask" => Self::Ask,
            "never" => Self::Never,
            _ => Self::Key,
        }
    }
}

/// Words about a pane's control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The text.
    pub text: String,
    /// What whoever has control is; none: nobody has it, or this client's operator.
    pub kind: Option<OperatorKind>,
}

/// How a name is said: people by their name alone, others with what they are.
#[must_use]
pub fn name(who: &Who) -> String {
    let name = clean(&who.name);
    match (who.kind, who.live) {
        (OperatorKind::Human, true) => name,
        (OperatorKind::Human, false) => format!("{name} (away)"),
        (kind, true) => format!("{name} ({})", say::kind(kind)),
        (kind, false) => format!("{name} ({}, away)", say::kind(kind)),
    }
}

/// The key that does it, as it is pressed (`C-b k`), or what to type after the key for commands.
#[must_use]
pub fn key(model: &Model, what: Steer) -> String {
    let config = &model.settings.config;
    for table in [KeyTables::PREFIX, KeyTables::ROOT] {
        let prefix = config.general.prefix.filter(|_| table == KeyTables::PREFIX).map_or(String::new(), |key| format!("{key} "));
        for (key, bound) in config.keys.table(table).into_iter().flat_map(crate::config::KeyTable::iter) {
            // Reading a command line costs; those that are meant begin with the word.
            if !bound.run.trim_start().starts_with("steer") {
                continue;
            }
            let words: Vec<&str> = bound.run.split_whitespace().collect();
            if let Ok(Command::View(ViewCommand::Steer { what: bound, .. })) = crate::command::parse_at(&words, Place::Client)
                && bound == what
            {
                return format!("{prefix}{key}");
            }
        }
    }
    format!(":steer {}", what.word())
}

/// What is to be said of a pane; none: it is free, or this client's operator is alone with it.
#[must_use]
pub fn words(model: &Model, pane: PaneId) -> Option<Words> {
    let control = model.control(pane)?;
    let mut parts: Vec<String> = Vec::new();
    let mut kind = None;
    let may = model.may_type();
    match (control.mode, &control.holder) {
        (ControlMode::Locked, _) => {
            parts.push("locked".to_owned());
            if may {
                parts.push(format!("{} unlocks", key(model, Steer::Lock)));
            }
        }
        (ControlMode::Held, Some(hold)) if model.is_me(&hold.operator) => parts.extend(mine(model, control)),
        (ControlMode::Held, Some(hold)) => {
            kind = Some(hold.operator.kind);
            let supervised = if hold.supervised { ", supervised" } else { "" };
            let back = match (&control.handed_back, hold.via) {
                (Some(back), Via::HandBack) if model.is_me(&back.by) => " (you handed it back)".to_owned(),
                (Some(back), Via::HandBack) => format!(" (handed back by {})", clean(&back.by.name)),
                _ => String::new(),
            };
            parts.push(format!("{} has control{supervised}{back}", name(&hold.operator)));
            if may {
                parts.push(about_other(model, control, hold.operator.kind));
            }
        }
        (ControlMode::Held, None) => {
            let by_key = match &control.reserved_for {
                Some(human) if model.is_me(human) => {
                    parts.push("reserved for you".to_owned());
                    true
                }
                Some(human) => {
                    parts.push(format!("reserved for {}", name(human)));
                    model.is_human()
                }
                None => {
                    parts.push("vacant".to_owned());
                    model.is_human()
                }
            };
            if may && by_key {
                parts.push("type to acquire".to_owned());
            } else if may {
                parts.push(format!("{} asks for it", key(model, Steer::Request)));
            }
            if let (true, Some(before)) = (may, &control.suspended) {
                parts.push(format!("{} hands back to {}", key(model, Steer::HandBack), clean(&before.name)));
            }
        }
        (ControlMode::Shared, _) => {}
    }
    if let Some(offer) = &control.offer {
        if model.is_me(&offer.from) {
            parts.push(format!("offered to {} ({} withdraws)", name(&offer.to), key(model, Steer::Release)));
        } else if !model.is_me(&offer.to) {
            parts.push(format!("{} offers it to {}", clean(&offer.from.name), name(&offer.to)));
        }
    }
    if control.queue.iter().any(|request| model.is_me(&request.operator)) {
        parts.push("you asked for it".to_owned());
    }
    if let Some(draft) = control.draft_of.as_ref().filter(|draft| !model.is_me(draft)) {
        parts.push(format!("an unsent line of {} is here", clean(&draft.name)));
    }
    let dot = if model.unicode { " · " } else { " - " };
    (!parts.is_empty()).then(|| Words { text: parts.join(dot), kind })
}

fn mine(model: &Model, control: &ControlInfo) -> Vec<String> {
    let mut parts = vec!["you have control".to_owned()];
    if model.may_type() {
        parts.push(match &control.suspended {
            Some(before) => format!("{} hands back to {}", key(model, Steer::HandBack), name(before)),
            None => format!("{} gives it up", key(model, Steer::Release)),
        });
    }
    parts
}

fn about_other(model: &Model, control: &ControlInfo, holder: OperatorKind) -> String {
    if !model.is_human() || holder == OperatorKind::Human {
        let asked = control.queue.iter().any(|request| model.is_me(&request.operator));
        let does = if asked { "withdraws your request" } else { "asks for it" };
        return format!("{} {does}", key(model, if asked { Steer::Release } else { Steer::Request }));
    }
    match model.settings.takes_by {
        TakesBy::Key => "your key takes it".to_owned(),
        TakesBy::Ask => "your key asks to take it".to_owned(),
        TakesBy::Chord | TakesBy::Never => format!("{} takes it", key(model, Steer::Take)),
    }
}
