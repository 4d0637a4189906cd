//! What the user does about control: the verbs of [`Steer`] as requests to the server, questions and lists.

use super::cards::{self, CardKind};
use crate::command::Steer;
use crate::ids::{OperatorId, PaneId};
use crate::protocol::message::{ControlMode, ControlOp, Level, Request};
use crate::tui::model::{Asker, Model};
use crate::tui::overlay::{Action, Look, Overlay};
use crate::tui::target::{Expect, resolve};
use crate::tui::update::{Turn, act};
use crate::tui::view;

/// What a text that is asked for becomes part of.
#[derive(Debug, Clone)]
pub enum Note {
    /// Control of a pane is handed back with it.
    HandBack(PaneId),
    /// Control of a pane is asked for with it.
    Request(PaneId),
    /// A pane is handed over with it.
    Offer(PaneId, OperatorId, bool),
    /// A card is answered with no, for this reason.
    No(cards::CardId),
}

impl Note {
    /// What is asked of the server; none: what it was about is over.
    #[must_use]
    pub fn request(&self, text: &str, model: &Model) -> Option<Request> {
        let said = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Some(match self {
            Self::HandBack(pane) => ask(*pane, ControlOp::HandBack { note: said }),
            Self::Request(pane) => ask(*pane, ControlOp::Request { why: said.unwrap_or_default() }),
            Self::Offer(pane, to, supervised) => offer(*pane, *to, said, *supervised),
            Self::No(id) => return cards::find(model, id)?.answer(false, said, false),
        })
    }
}

/// Something about a pane's control, as a request.
#[must_use]
pub fn ask(pane: PaneId, op: ControlOp) -> Request {
    Request::Control { target: Some(pane.to_string()), op }
}

/// Hands over.
#[must_use]
pub fn offer(pane: PaneId, to: OperatorId, note: Option<String>, supervised: bool) -> Request {
    ask(pane, ControlOp::Offer { to: to.to_string(), note, ttl_ms: None, supervised })
}

/// Does what a key, the menu or a card says.
pub fn steer(turn: &mut Turn<'_>, what: Steer, target: Option<&str>) {
    match what {
        Steer::Who => return open(turn, Box::new(view::operators::Operators::roster())),
        Steer::Yes => return answer(turn, true),
        Steer::No => return answer(turn, false),
        Steer::Look => return look(turn),
        Steer::Later => return later(turn.model),
        _ => {}
    }
    let pane = match target.map(|target| resolve(turn.model, target, Expect::Pane)) {
        None => turn.model.focus(),
        Some(Ok(Look::Pane(pane))) => Some(pane),
        Some(Ok(_)) => None,
        Some(Err(why)) => return turn.model.say(Level::Warning, why),
    };
    let Some(pane) = pane else { return };
    if what == Steer::Menu {
        let menu = view::menu::Menu::of_pane(turn.model, pane, None);
        return open(turn, Box::new(menu));
    }
    if !turn.model.may_type() && what != Steer::Request {
        return turn.model.say(Level::Info, "this client is read-only");
    }
    if let Err(why) = verb(turn, what, pane) {
        turn.model.say(Level::Info, why);
    }
}

/// The verbs that are about one pane.
///
/// # Errors
/// Why there is nothing to do.
fn verb(turn: &mut Turn<'_>, what: Steer, pane: PaneId) -> Result<(), String> {
    let model = &*turn.model;
    let control = model.control(pane);
    let holder = control.and_then(|control| control.holder.as_ref());
    let mine = model.has_control(pane);
    let op = match what {
        Steer::HandOver => {
            let chooser = view::operators::Operators::heirs(pane);
            open(turn, Box::new(chooser));
            return Ok(());
        }
        Steer::Take if mine => return Err("you have control already".to_owned()),
        Steer::Take => ControlOp::Take,
        Steer::HandBack => {
            let Some(before) = control.and_then(|control| control.suspended.as_ref()) else {
                return Err(format!("nobody waits to have {pane} back"));
            };
            let question = format!("(hand {pane} back to {}; a note)", super::clean(&before.name));
            open(turn, view::prompt::for_note(Note::HandBack(pane), question));
            return Ok(());
        }
        Steer::Request if mine => return Err("you have control already".to_owned()),
        Steer::Request => {
            open(turn, view::prompt::for_note(Note::Request(pane), format!("(ask for control of {pane}: why)")));
            return Ok(());
        }
        Steer::Release if mine => ControlOp::Release { to_next: false },
        Steer::Release => match control {
            Some(control) if control.offer.as_ref().is_some_and(|offer| model.is_me(&offer.from)) => ControlOp::Withdraw,
            Some(control) if control.queue.iter().any(|request| model.is_me(&request.operator)) => ControlOp::Cancel,
            _ => return Err("you have no control here to give up".to_owned()),
        },
        Steer::Lock => ControlOp::Mode(match control.map(|control| control.mode) {
            Some(ControlMode::Locked) => ControlMode::Shared,
            _ => ControlMode::Locked,
        }),
        Steer::Supervise => match holder {
            Some(hold) => ControlOp::Supervise { on: !hold.supervised },
            None => return Err("nobody has control here whose input could be supervised".to_owned()),
        },
        Steer::Menu | Steer::Who | Steer::Yes | Steer::No | Steer::Look | Steer::Later => return Ok(()),
    };
    turn.request(Asker::Nobody, ask(pane, op));
    Ok(())
}

fn open(turn: &mut Turn<'_>, overlay: Box<dyn Overlay>) {
    act(turn, Action::Open(overlay), Asker::Nobody);
}

/// Answers the card that is seen.
fn answer(turn: &mut Turn<'_>, yes: bool) {
    let Some((card, ..)) = cards::shown(turn.model) else {
        return turn.model.say(Level::Info, "no card waits for an answer");
    };
    if !turn.model.desk.is_seen(&card.id, turn.model.now_ms) {
        return turn.model.say(Level::Info, "another card has come: look, then answer");
    }
    if yes && card.id.kind == CardKind::Proposal && !turn.model.desk.whole {
        // What was not seen is not approved.
        return look(turn);
    }
    let (asking, request) = (card.id.kind == CardKind::Take, card.answer(yes, None, false));
    if asking {
        turn.model.desk.asking = None;
    }
    turn.model.redraw.chrome = true;
    if let Some(request) = request {
        turn.request(Asker::Nobody, request);
    }
}

fn look(turn: &mut Turn<'_>) {
    // What was put aside can be looked at as well.
    let card = cards::shown(turn.model).map(|(card, ..)| card.id).or_else(|| cards::all(turn.model).first().map(|card| card.id.clone()));
    match card {
        Some(id) => open(turn, Box::new(view::card::CardView::new(id))),
        None => turn.model.say(Level::Info, "no card waits for an answer"),
    }
}

fn later(model: &mut Model) {
    let Some(id) = cards::shown(model).map(|(card, ..)| card.id) else {
        return model.say(Level::Info, "no card waits for an answer");
    };
    let known: Vec<_> = cards::all(model).into_iter().map(|card| card.id).collect();
    model.desk.aside.retain(|aside| known.contains(aside));
    model.desk.aside.push(id);
    model.redraw.chrome = true;
}
