//! Who is on the other end of a connection: from what the kernel and our own secrets say, never from what the peer says of itself alone.
//!
//! ```text
//!   another user ─► only if the access list has it              inside of a pane?  tree of processes, controlling terminal, token
//!   inside  ─► declared with `baton as`, or known by an agent's manifest ─► agent       never a human: whatever it claims
//!              anything else ─► service on behalf of the human
//!   outside ─► human: sure at a terminal of its own or through a login, as it says elsewhere (a key of the desktop)
//!   nobody knows where ─► service on behalf of the human
//! ```
//!
//! Everybody may make less of themselves (a human's command that declares itself an agent); nobody more. What contradicts itself, a token of another pane, a
//! human from inside of one, is refused with a reason for the journal (`operator.refused`). All of this runs under one user: it attributes, it is no sandbox.

use super::types::{Assurance, Kind};
use crate::ids::PaneId;

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// What the tree of processes says of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ancestry {
    /// One of our panes is among its ancestors; the innermost.
    Pane(PaneId),
    /// None is, and the chain was read to its end.
    Outside,
    /// The chain could not be read: the peer is gone, or its system does not tell.
    Unknown,
}

/// The controlling terminal of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tty {
    /// That of one of our panes.
    Pane(PaneId),
    /// Some other terminal.
    Foreign,
    /// It has none.
    None,
}

/// What became of the token that a peer showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// It showed none.
    None,
    /// It is that of this pane and of its present incarnation.
    Valid(PaneId),
    /// It is of an incarnation that has ended, or of nothing.
    Invalid,
}

/// How a declared identity is bound to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The server started the declaration itself: the peer descends from a `baton as` that it knows.
    Ancestry,
    /// The peer shows a token that was minted for it.
    Token,
    /// Both: it shows the token, and descends from the process that the token was minted for.
    Both,
    /// The peer says so.
    Word,
}

/// An identity that was declared: `agent:claude`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The kind.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// How it is bound to the peer.
    pub bound: Bound,
}

/// All findings about a peer. The server collects them once, when a connection says hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The user of the peer, by the kernel.
    pub uid: u32,
    /// The user of the server.
    pub server_uid: u32,
    /// Whether the access list of the configuration has the peer's user.
    pub admitted: bool,
    /// The name of that user.
    pub user: String,
    /// The tree of processes.
    pub ancestry: Ancestry,
    /// The controlling terminal.
    pub tty: Tty,
    /// Whether it came through a login service (ssh), which has no terminal of its own.
    pub login: bool,
    /// The per-pane token.
    pub token: Token,
    /// What was declared for it, the innermost.
    pub declared: Option<Declared>,
    /// The agent whose manifest one of its ancestors, or itself, matches: "claude".
    pub manifest: Option<String>,
    /// The name of its program, for services.
    pub program: String,
    /// What it says of itself in its hello: kind, and name if it is human.
    pub claimed: Option<(Kind, Option<String>)>,
}

/// Who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What.
    pub kind: Kind,
    /// Its name; with the pane behind it where it comes from one: `claude@%7`.
    pub name: String,
    /// The human it speaks for.
    pub on_behalf_of: Option<String>,
    /// How sure this is.
    pub assurance: Assurance,
    /// The pane it runs in.
    pub origin_pane: Option<PaneId>,
}

/// An identity that is refused. The text is the journal's reason, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// Another user who is not on the list.
    #[error("user {uid} is not admitted; the option `access` lists who is")]
    Stranger {
        /// Who.
        uid: u32,
    },
    /// A token that is of no living pane.
    #[error("the token in BATON_TOKEN is of no pane that is alive; start again in a fresh pane, or without it")]
    BadToken,
    /// A token of one pane, shown in another.
    #[error("a token of pane {token} was shown from inside of pane {inside}; each pane has its own")]
    ForeignToken {
        /// Whose token.
        token: PaneId,
        /// Where the peer is.
        inside: PaneId,
    },
    /// Inside of a pane nobody is the human.
    #[error("a program inside of pane {inside} cannot be a human; it speaks on behalf of one")]
    HumanInside {
        /// Which pane.
        inside: PaneId,
    },
    /// It claims to be more than it is.
    #[error("claims to be {claimed} and is {found}")]
    Raised {
        /// What it says.
        claimed: Kind,
        /// What was found.
        found: Kind,
    },
    /// It claims the name of another human.
    #[error("claims to be the human {claimed} and is user {user}")]
    OtherHuman {
        /// What it says.
        claimed: String,
        /// Whom the kernel says.
        user: String,
    },
}

/// A name without control characters, colons and blanks at the ends, at most [`NAME_BYTES_MAX`] bytes; `unnamed` if nothing is left.
fn clean(name: &str) -> String {
    let mut clean: String = name.chars().filter(|c| !c.is_control() && !c.is_whitespace() && *c != ':').collect();
    while clean.len() > NAME_BYTES_MAX {
        clean.pop();
    }
    if clean.is_empty() { "unnamed".to_owned() } else { clean }
}

/// Who it is.
///
/// # Errors
/// [`Forged`] if the findings contradict what is claimed; the connection is refused and that is recorded.
pub fn identify(facts: &Facts) -> Result<Identity, Forged> {
    if facts.uid != facts.server_uid && !facts.admitted {
        return Err(Forged::Stranger { uid: facts.uid });
    }
    let by_tree = match (facts.ancestry, facts.tty) {
        (Ancestry::Pane(pane), _) | (_, Tty::Pane(pane)) => Some(pane),
        _ => None,
    };
    let by_token = match facts.token {
        Token::Invalid => return Err(Forged::BadToken),
        Token::Valid(pane) => Some(pane),
        Token::None => None,
    };
    if let (Some(inside), Some(token)) = (by_tree, by_token)
        && inside != token
    {
        return Err(Forged::ForeignToken { token, inside });
    }
    let inside = by_tree.or(by_token);
    let user = clean(&facts.user);
    let named = |name: &str| inside.map_or_else(|| clean(name), |pane| format!("{}@{pane}", clean(name)));
    let evidence = match (by_tree, by_token) {
        (Some(_), Some(_)) => Assurance::Proven,
        (None, Some(_)) => Assurance::Token,
        _ => Assurance::Uid,
    };
    let outside = facts.ancestry == Ancestry::Outside;
    let at_a_terminal = outside && (facts.tty == Tty::Foreign || facts.login);

    // What it is by what we know; a human only where nothing speaks against it.
    let found = match (&facts.declared, &facts.manifest) {
        (Some(declared), _) if !declared.kind.is_human() || inside.is_none() => {
            if declared.kind.is_human() && !at_a_terminal {
                return Err(Forged::Raised { claimed: Kind::Human, found: Kind::Service });
            }
            let assurance = match declared.bound {
                Bound::Ancestry => evidence.max(Assurance::Uid),
                Bound::Token => Assurance::Token,
                Bound::Both => Assurance::Proven,
                Bound::Word => Assurance::Claimed,
            };
            Identity { kind: declared.kind, name: named(&declared.name), on_behalf_of: None, assurance, origin_pane: inside }
        }
        (Some(_), _) => return Err(inside.map_or(Forged::BadToken, |inside| Forged::HumanInside { inside })),
        (None, Some(agent)) => {
            Identity { kind: Kind::Agent, name: named(agent), on_behalf_of: None, assurance: evidence, origin_pane: inside }
        }
        (None, None) if inside.is_none() && outside => {
            let assurance = if at_a_terminal { Assurance::Uid } else { Assurance::Claimed };
            Identity { kind: Kind::Human, name: user.clone(), on_behalf_of: None, assurance, origin_pane: None }
        }
        (None, None) => {
            Identity { kind: Kind::Service, name: named(&facts.program), on_behalf_of: None, assurance: evidence, origin_pane: inside }
        }
    };
    let found = match &facts.claimed {
        None => found,
        Some((Kind::Human, name)) if found.kind.is_human() => match name {
            Some(claimed) if clean(claimed) != user => return Err(Forged::OtherHuman { claimed: clean(claimed), user }),
            _ => found,
        },
        Some((Kind::Human, _)) => {
            return Err(inside.map_or(Forged::Raised { claimed: Kind::Human, found: found.kind }, |inside| Forged::HumanInside { inside }));
        }
        // An agent stays an agent: as a service it could write to shared panes.
        Some((claimed, _)) if found.kind == Kind::Agent && *claimed != Kind::Agent => {
            return Err(Forged::Raised { claimed: *claimed, found: found.kind });
        }
        Some((claimed, _)) if *claimed == found.kind => found,
        Some((claimed, name)) => {
            Identity { kind: *claimed, name: named(name.as_deref().unwrap_or(&facts.program)), assurance: Assurance::Claimed, ..found }
        }
    };
    let on_behalf_of = (!found.kind.is_human()).then_some(user);
    Ok(Identity { on_behalf_of, ..found })
}
