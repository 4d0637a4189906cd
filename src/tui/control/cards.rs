//! Cards: what waits for this client's user to say yes or no.
//!
//! They are made of the model's state anew whenever they are drawn or answered, so a card is there exactly as long as what it is about. An answer goes to the card
//! that was *drawn*: never to one that took its place in the moment of the key, and a proposal is approved by the digest that was shown.

use super::clean;
use super::words::name;
use crate::ids::PaneId;
use crate::protocol::message::{ApproveHow, ControlInfo, ControlMode, ControlOp, OperatorKind, Request, Who};
use crate::tui::model::Model;

/// A card that has just taken the place of another cannot be answered for so long, in milliseconds: the key was meant for the other.
const FRESH_MS: u64 = 400;

/// What a card is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CardKind {
    /// A key was pressed where an agent has control, and that is to be asked (`takeover = ask`).
    Take,
    /// Somebody's input is to be approved.
    Proposal,
    /// Control is offered to me.
    Offer,
    /// Somebody asks for control.
    Request,
}

/// Which card it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CardId {
    /// What it is about.
    pub kind: CardKind,
    /// The pane.
    pub pane: PaneId,
    /// Number of the request, offer or proposal.
    pub number: u64,
    /// Digest of a proposal.
    pub digest: String,
}

/// A card.
#[derive(Debug, Clone)]
pub struct Card<'a> {
    /// Which.
    pub id: CardId,
    /// Who waits.
    pub who: &'a Who,
    /// What they say, or would write.
    pub text: &'a str,
    /// Bytes of a proposal.
    pub bytes: u64,
    /// The hold that is offered will be supervised.
    pub supervised: bool,
    /// When it ends by itself, milliseconds since the Unix epoch.
    pub until_ms: Option<u64>,
}

/// What this client remembers of cards.
#[derive(Debug, Default)]
pub struct Desk {
    /// The card that was last drawn, since when on the model's clock, and whether another stood there before.
    pub drawn: Option<(CardId, u64, bool)>,
    /// All of its text could be seen.
    pub whole: bool,
    /// Cards put aside.
    pub aside: Vec<CardId>,
    /// The pane in which a key was pressed that is to be asked about.
    pub asking: Option<PaneId>,
    /// When what is shown of the time left changes, on the model's clock.
    pub tick_ms: Option<u64>,
}

/// All cards of this client, those that end first before others.
#[must_use]
pub fn all(model: &Model) -> Vec<Card<'_>> {
    if !model.may_type() {
        return Vec::new();
    }
    let mut out: Vec<Card<'_>> = model.controls.values().flat_map(|control| of_pane(model, control)).collect();
    out.sort_by_key(|card| (card.id.kind != CardKind::Take, card.until_ms, card.id.clone()));
    out
}

/// The card that is to be seen, its place among all, and how many there are. The one that is seen stays while it exists.
#[must_use]
pub fn shown(model: &Model) -> Option<(Card<'_>, usize, usize)> {
    let mut cards = all(model);
    let count = cards.len();
    let stays = model.desk.drawn.as_ref().map(|(id, ..)| id);
    let at = cards
        .iter()
        .position(|card| Some(&card.id) == stays && !model.desk.aside.contains(&card.id))
        .or_else(|| cards.iter().position(|card| !model.desk.aside.contains(&card.id)))?;
    Some((cards.swap_remove(at), at + 1, count))
}

/// The card with this id, if what it is about still is.
#[must_use]
pub fn find<'a>(model: &'a Model, id: &CardId) -> Option<Card<'a>> {
    let control = model.control(id.pane)?;
    of_pane(model, control).into_iter().find(|card| card.id == *id)
}

fn of_pane<'a>(model: &'a Model, control: &'a ControlInfo) -> Vec<Card<'a>> {
    let id = |kind, number, digest: &str| CardId { kind, pane: control.pane, number, digest: digest.to_owned() };
    let mut out = Vec::new();
    let human = model.is_human();
    let holder = control.holder.as_ref();
    if let Some(hold) = holder.filter(|hold| model.desk.asking == Some(control.pane) && !model.is_me(&hold.operator)) {
        out.push(Card {
            id: id(CardKind::Take, control.epoch, ""),
            who: &hold.operator,
            text: "",
            bytes: 0,
            supervised: false,
            until_ms: None,
        });
    }
    for proposal in control.proposals.iter().filter(|proposal| human && !model.is_me(&proposal.operator)) {
        out.push(Card {
            id: id(CardKind::Proposal, proposal.id, &proposal.digest),
            who: &proposal.operator,
            text: &proposal.text,
            bytes: proposal.bytes,
            supervised: false,
            until_ms: Some(proposal.until_ms),
        });
    }
    if let Some(offer) = control.offer.as_ref().filter(|offer| model.is_me(&offer.to)) {
        out.push(Card {
            id: id(CardKind::Offer, offer.id, ""),
            who: &offer.from,
            text: offer.note.as_deref().unwrap_or_default(),
            bytes: 0,
            supervised: offer.supervised,
            until_ms: Some(offer.until_ms),
        });
    }
    // Who may grant: whoever has control, and any human where no human has it.
    let mine = holder.is_some_and(|hold| model.is_me(&hold.operator));
    let grants =
        mine || (human && control.mode != ControlMode::Locked && holder.is_none_or(|hold| hold.operator.kind != OperatorKind::Human));
    for request in control.queue.iter().filter(|request| grants && !model.is_me(&request.operator)) {
        out.push(Card {
            id: id(CardKind::Request, request.id, ""),
            who: &request.operator,
            text: &request.why,
            bytes: 0,
            supervised: false,
            until_ms: Some(request.until_ms),
        });
    }
    out
}

impl Card<'_> {
    /// What it is about, in a line.
    #[must_use]
    pub fn headline(&self, model: &Model) -> String {
        let (who, pane) = (name(self.who), place(model, self.id.pane));
        match self.id.kind {
            CardKind::Take => format!("{who} has control of {pane}: take it?"),
            CardKind::Proposal => {
                format!("{who} wants to type into {pane}, {} byte{}:", self.bytes, if self.bytes == 1 { "" } else { "s" })
            }
            CardKind::Offer if self.supervised => format!("{who} offers you control of {pane}, supervised"),
            CardKind::Offer => format!("{who} offers you control of {pane}"),
            CardKind::Request => format!("{who} asks for control of {pane}"),
        }
    }

    /// The same in few words.
    #[must_use]
    pub fn brief(&self) -> String {
        let (who, pane) = (clean(&self.who.name), self.id.pane);
        match self.id.kind {
            CardKind::Take => format!("take {pane} from {who}?"),
            CardKind::Proposal => format!("{who} types into {pane}"),
            CardKind::Offer => format!("{who} offers {pane}"),
            CardKind::Request => format!("{who} asks for {pane}"),
        }
    }

    /// What yes and no do.
    #[must_use]
    pub const fn answers(&self) -> (&'static str, &'static str) {
        match self.id.kind {
            CardKind::Take => ("takes", "leaves it"),
            CardKind::Proposal => ("approves", "denies"),
            CardKind::Offer => ("accepts", "declines"),
            CardKind::Request => ("grants", "denies"),
        }
    }

    /// Its text, a line each, everything in it visible.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.text.split('\n').filter(|_| !self.text.is_empty()).map(clean)
    }

    /// Milliseconds until it ends by itself.
    #[must_use]
    pub fn left_ms(&self, model: &Model) -> Option<u64> {
        Some(self.until_ms?.saturating_sub(model.unix_ms))
    }

    /// The request that answers it, with a reason for a no; none: there is nothing to ask the server.
    #[must_use]
    pub fn answer(&self, yes: bool, reason: Option<String>, supervised: bool) -> Option<Request> {
        let target = Some(self.id.pane.to_string());
        let op = match (self.id.kind, yes) {
            (CardKind::Take, true) => ControlOp::Take,
            (CardKind::Take, false) => return None,
            (CardKind::Proposal, _) => {
                return Some(Request::Approve {
                    target,
                    proposal: Some(self.id.number),
                    digest: Some(self.id.digest.clone()),
                    how: if yes { ApproveHow::Once } else { ApproveHow::Deny },
                    reason,
                });
            }
            (CardKind::Offer, true) => ControlOp::Accept,
            (CardKind::Offer, false) => ControlOp::Decline { reason },
            (CardKind::Request, true) => ControlOp::Grant { to: Some(self.who.id.to_string()), ttl_ms: None, supervised },
            (CardKind::Request, false) => ControlOp::Deny { to: Some(self.who.id.to_string()), reason },
        };
        Some(Request::Control { target, op })
    }
}

/// A pane as people speak of it.
#[must_use]
pub fn place(model: &Model, pane: PaneId) -> String {
    let command = model.panes.get(&pane).map(|info| clean(&info.command)).filter(|command| !command.is_empty());
    command.map_or_else(|| pane.to_string(), |command| format!("{pane} ({command})"))
}

impl Desk {
    /// A card is drawn.
    pub fn draws(&mut self, id: &CardId, whole: bool, now_ms: u64) {
        self.whole = whole;
        match &self.drawn {
            Some((drawn, ..)) if drawn == id => {}
            before => self.drawn = Some((id.clone(), now_ms, before.is_some())),
        }
    }

    /// Whether this card is the one that the user sees, and has been long enough not to be mistaken for the one before it.
    #[must_use]
    pub fn is_seen(&self, id: &CardId, now_ms: u64) -> bool {
        matches!(&self.drawn, Some((drawn, since, replaced)) if drawn == id && (!replaced || now_ms.saturating_sub(*since) >= FRESH_MS))
    }
}
