//! Who and what: the small types that operators, their attachments and the gate are made of.
//!
//! A [`Party`] is an operator as far as the rules of control look at it: a number and a kind, neither of which ever changes. [`Rights`] say what a party may do
//! with one pane; they come from [`super::Policy`], never from what a client says. Everything here prints as one word of the specification and reads back.
//! Stored forms (`minicbor`) are numbered and only appended to.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::word::{UnknownWord, words};
use crate::ids::OperatorId;

/// A moment: milliseconds since the Unix epoch. Whoever calls this room has the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode, Serialize, Deserialize)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Millis(#[n(0)] pub u64);

impl Millis {
    /// That much later; the end of time is never passed.
    #[must_use]
    pub const fn plus(self, span_ms: u64) -> Self {
        Self(self.0.saturating_add(span_ms))
    }
}

/// What speaks for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// A person.
    #[n(0)]
    Human,
    /// An AI agent.
    #[n(1)]
    Agent,
    /// A device.
    #[n(2)]
    Device,
    /// A program acting on behalf of somebody.
    #[n(3)]
    Service,
}
words!(Kind, "kind of operator", Human = "human", Agent = "agent", Device = "device", Service = "service");

impl Kind {
    /// Whether it is a person.
    #[must_use]
    pub const fn is_human(self) -> bool {
        matches!(self, Self::Human)
    }

    /// Whether `self` stands above `other`: people above everything else, nobody else above anybody.
    #[must_use]
    pub const fn outranks(self, other: Self) -> bool {
        self.is_human() && !other.is_human()
    }
}

/// How sure we are of who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Assurance {
    /// It says so, nothing more.
    #[default]
    #[n(0)]
    Claimed,
    /// The kernel says which user it is.
    #[n(1)]
    Uid,
    /// It knows a secret that was given to one pane.
    #[n(2)]
    Token,
    /// The secret and the kernel's tree of processes agree.
    #[n(3)]
    Proven,
}
words!(Assurance, "assurance", Claimed = "claimed", Uid = "uid", Token = "token", Proven = "proven");

/// What an attachment was let in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// Looks on.
    #[n(0)]
    Observer,
    /// Types.
    #[n(1)]
    Participant,
    /// Types and rules.
    #[n(2)]
    Admin,
}
words!(Role, "role", Observer = "observer", Participant = "participant", Admin = "admin");

/// How an attachment reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Transport {
    /// The local socket.
    #[n(0)]
    Unix,
    /// The local socket of a host reached by ssh.
    #[n(1)]
    Ssh,
    /// A web client.
    #[n(2)]
    Web,
}
words!(Transport, "transport", Unix = "unix", Ssh = "ssh", Web = "web");

/// Whether somebody answers. Who is gone has no presence at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Presence {
    /// Connected.
    #[n(0)]
    Live,
    /// Its connection is lost; it may resume until its grace is over.
    #[n(1)]
    Stale,
}
words!(Presence, "presence", Live = "live", Stale = "stale");

/// An operator as far as control looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
pub struct Party {
    /// Who.
    #[n(0)]
    pub id: OperatorId,
    /// What it is. Never changes.
    #[n(1)]
    pub kind: Kind,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// One thing that may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See the screen, the history, the lists.
    View,
    /// Ask for control.
    Request,
    /// Write bytes; hold control.
    Input,
    /// Send signals.
    Signal,
    /// Change the size.
    Resize,
    /// Give control that one has to somebody else.
    Offer,
    /// Approve what is staged.
    Approve,
    /// Take control from a lower rank.
    Take,
    /// Start programs.
    Spawn,
    /// End the pane.
    Kill,
    /// Rule: modes, force, revoke.
    Admin,
}
words!(
    Right,
    "right",
    View = "view",
    Request = "request",
    Input = "input",
    Signal = "signal",
    Resize = "resize",
    Offer = "offer",
    Approve = "approve",
    Take = "take",
    Spawn = "spawn",
    Kill = "kill",
    Admin = "admin",
);

/// A set of [`Right`]s. Prints as its words with commas, `none` if empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Rights(#[n(0)] u16);

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self(0);
    /// Every right there is.
    pub const ALL: Self = Self((1 << Right::ALL.len()) - 1);

    /// Those in the list.
    #[must_use]
    pub const fn of(list: &[Right]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < list.len() {
            bits |= 1 << (list[at] as u16);
            at += 1;
        }
        Self(bits)
    }

    /// Whether `right` is among them.
    #[must_use]
    pub const fn has(self, right: Right) -> bool {
        self.0 & (1 << (right as u16)) != 0
    }

    /// Those of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// I8: whether none is outside of `other`.
    #[must_use]
    pub const fn are_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Each, in order.
    pub fn each(self) -> impl Iterator<Item = Right> {
        Right::ALL.iter().copied().filter(move |right| self.has(*right))
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.each().map(Right::word).collect();
        f.write_str(if words.is_empty() { "none".to_owned() } else { words.join(",") }.as_str())
    }
}

impl FromStr for Rights {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "none" => Ok(Self::NONE),
            "all" => Ok(Self::ALL),
            _ => text.split(',').try_fold(Self::NONE, |rights, word| Ok(rights.or(Self::of(&[word.trim().parse()?])))),
        }
    }
}

impl Serialize for Rights {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.each())
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::of(&Vec::<Right>::deserialize(from)?))
    }
}
