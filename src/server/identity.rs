//! Who a connection is.
//!
//! ```text
//!   accept: uid and pid by the kernel, a watch on that very process ─► hello: its ancestors, its terminal, the secrets that it shows
//!        ─► [`investigate`] ─► `operator::identify` ─► [`Found`]: identity, the most it may, why
//! ```
//!
//! **Inside or outside.** A process comes from a pane if the pane's program is among its ancestors, if the pane's terminal is its controlling terminal, or if
//! it shows the pane's secret. The keeper adopts orphans (on Linux), so a process that left its pane's tree (`setsid` and two forks) is still known to come
//! from *some* pane; where nothing can be found out it is taken to come from one. Nobody who comes from a pane is ever the human: a full-screen client in a
//! pane is a service on behalf of the human like everything else there.
//!
//! **Agents.** The innermost ancestor that was declared (`baton as`, [`super::minted`]) says who it is; else an ancestor that a manifest knows. What runs in
//! a pane that an agent started, or in which an agent typed last, is that agent: else an agent could have a shell write for it what it may not write itself.
//!
//! **Doubts.** What contradicts itself is refused ([`Forged`]); what was claimed and not believed, where the rest is clear, is put right. Both are written
//! into the journal (`operator.refused`) with the reason. Facts are read at hello and never again.

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;

use super::minted::Minted;
use super::owner::Server;
use super::secret::{self, Hash};
use crate::config::agents::{Manifest, program_of};
use crate::ids::{OperatorId, PaneId};
use crate::operator::{Ancestry, Assurance, Bound, Declared, Facts, Forged, Identity, Kind, Rights, Role, Token, Tty, identify};
use crate::platform::{self, End, Lineage, Peer, ProcessWatch};
use crate::protocol::message::Hello;

/// A process by its name for ever: number and start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ProcessName {
    pub(super) pid: u32,
    pub(super) started: u64,
}

/// The process at the other end of a connection, as the kernel named it when it connected.
#[derive(Debug)]
pub(super) struct PeerProcess {
    pub(super) peer: Peer,
    /// While this does not say that it is dead, the number is its.
    pub(super) watch: Option<ProcessWatch>,
}

/// Who is on a connection, as it was found at its hello.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) identity: Identity,
    /// What it may at most, whatever the policy says: a minted identity has no right that its minter had not.
    pub(super) cap: Rights,
    /// The highest role that its attachments may have.
    pub(super) role: Role,
    /// The process that is this agent, if it is one process with its children.
    pub(super) root: Option<ProcessName>,
    /// The minted identity that it has.
    pub(super) minted: Option<OperatorId>,
    /// What was found, for people.
    pub(super) because: String,
    /// What was claimed and not believed.
    pub(super) doubts: Vec<String>,
    /// The process itself, as far as it is known.
    pub(super) process: Option<ProcessName>,
}

/// A pane, as far as processes can be told to come from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PanePlace {
    pub(super) pane: PaneId,
    pub(super) process: ProcessName,
    pub(super) terminal: Option<u64>,
}

/// What connections are measured by.
pub(super) struct Measure<'a> {
    pub(super) server_uid: u32,
    pub(super) keeper_pid: u32,
    pub(super) user: String,
    /// The role that the configuration gives to another user; none: it is not admitted.
    pub(super) admitted: Option<Role>,
    pub(super) panes: Vec<PanePlace>,
    pub(super) pane_tokens: &'a BTreeMap<PaneId, Hash>,
    pub(super) minted: &'a [Minted],
    pub(super) manifests: &'a [Manifest],
    /// Panes that are an agent's: who.
    pub(super) users: BTreeMap<PaneId, Identity>,
}

/// What a connection shows.
pub(super) struct Shown<'a> {
    pub(super) uid: u32,
    pub(super) lineage: Lineage,
    pub(super) token: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) origin_pane: Option<PaneId>,
    pub(super) ssh: bool,
}

/// Finds out who it is. `words` gives the first words of a process's command line.
///
/// # Errors
/// It contradicts itself, or is nobody whom we admit.
pub(super) fn investigate(measure: &Measure<'_>, shown: &Shown<'_>, words: impl Fn(u32) -> Vec<String>) -> Result<Found, Forged> {
    let Lineage { processes, end } = &shown.lineage;
    let name_of = |process: &platform::Process| ProcessName { pid: process.pid, started: process.started };
    let mut doubts = Vec::new();
    let own_uid = shown.uid == measure.server_uid;

    // Where it is.
    let by_process: BTreeMap<ProcessName, PaneId> = measure.panes.iter().map(|place| (place.process, place.pane)).collect();
    let in_tree = processes.iter().enumerate().find_map(|(at, process)| Some((at, *by_process.get(&name_of(process))?)));
    let terminal = processes.first().and_then(|process| process.terminal);
    let tty = match terminal {
        None => Tty::None,
        Some(device) => {
            let of_pane = measure.panes.iter().find(|place| place.terminal == Some(device));
            of_pane.map_or(Tty::Foreign, |place| Tty::Pane(place.pane))
        }
    };
    let under_keeper = processes.iter().any(|process| process.pid == measure.keeper_pid);
    let ancestry = match in_tree {
        Some((_, pane)) => Ancestry::Pane(pane),
        None if under_keeper => Ancestry::Unknown,
        None => match end {
            End::Root => Ancestry::Outside,
            // Our own processes are never hidden from us, and whoever has another terminal than any pane's is as good as outside.
            End::Hidden if tty == Tty::Foreign || shown.ssh => Ancestry::Outside,
            End::Hidden | End::Lost => Ancestry::Unknown,
        },
    };
    let by_tree = match (ancestry, tty) {
        (Ancestry::Pane(pane), _) | (_, Tty::Pane(pane)) => Some(pane),
        _ => None,
    };

    // What it shows.
    let hash = shown.token.map(|token| secret::hash(token.as_bytes()));
    let by_secret = hash.and_then(|hash| measure.minted.iter().find(|minted| secret::equal(&minted.hash, &hash)));
    let token = match hash {
        None => Token::None,
        Some(_) if by_secret.is_some() => Token::None,
        Some(hash) => match (measure.pane_tokens.iter().find(|(_, known)| secret::equal(known, &hash)), by_tree) {
            (Some((pane, _)), _) => Token::Valid(*pane),
            (None, Some(pane)) => {
                // The tree is clear; a secret of a pane that has ended, or of another server, adds nothing to it.
                doubts.push(format!("shows a token that is of no living pane; runs in {pane}"));
                Token::None
            }
            (None, None) if under_keeper => {
                doubts.push("shows a token that is of no living pane; left the pane it comes from".to_owned());
                Token::None
            }
            (None, None) => Token::Invalid,
        },
    };

    // Who it was declared to be: the innermost process of those that were.
    let root_of = |process: &platform::Process| measure.minted.iter().rev().find(|minted| minted.root == Some(name_of(process)));
    // The newest of a process that declared itself twice.
    let by_root = processes.iter().find_map(root_of);
    if let Some(minted) = by_secret
        && let Some(root) = minted.root
        && by_root.is_none_or(|found| found.operator != minted.operator)
    {
        // The secret of a process is no use to others.
        doubts.push(format!("shows the token of {} {}, which was given to process {}", minted.kind, minted.name, root.pid));
        return Err(Forged::BadToken);
    }
    let minted = by_secret.or(by_root);
    let declared = minted.map(|minted| {
        let bound = match (by_secret, by_root) {
            (Some(_), Some(root)) if root.operator == minted.operator => Bound::Both,
            (Some(_), _) => Bound::Token,
            _ => Bound::Ancestry,
        };
        Declared { kind: minted.kind, name: minted.name.clone(), bound }
    });

    // What agents are among its ancestors, up to its pane's own program.
    let own = in_tree.map_or(processes.len(), |(at, _)| at + 1);
    let programs: Vec<Vec<String>> = processes.iter().take(own).map(|process| words(process.pid)).collect();
    let agent =
        programs.iter().enumerate().find_map(|(at, words)| Some((at, measure.manifests.iter().find(|known| known.matches(words))?)));
    let agent = agent.map(|(at, manifest)| {
        // A wrapper and the program in it are one: the outer lives longer.
        let outer = programs.iter().enumerate().skip(at).take_while(|(_, words)| manifest.matches(words)).last().map_or(at, |(at, _)| at);
        (outer, manifest.id.clone())
    });
    let ours = |program: &str| matches!(program, "baton" | "tmux");
    let program = programs.iter().filter_map(|words| program_of(words)).find(|program| !ours(program)).unwrap_or("program").to_owned();

    // What it says of itself: less is believed (`agent:x` from outside), more is not. A person may be called as they like, which is then but a claim.
    let mut called = None;
    let claimed = shown.name.map(claim).and_then(|(kind, name)| {
        if kind.is_human() && own_uid && by_tree.is_none() && ancestry == Ancestry::Outside {
            called = Some(name);
            return None;
        }
        Some((kind, Some(name)))
    });
    let facts = Facts {
        uid: shown.uid,
        server_uid: measure.server_uid,
        admitted: measure.admitted.is_some(),
        user: measure.user.clone(),
        ancestry,
        tty,
        login: shown.ssh,
        token,
        declared,
        manifest: agent.as_ref().map(|(_, name)| name.clone()),
        program,
        claimed: claimed.clone(),
    };
    let mut identity = identify(&facts)?;
    if let Some(name) = called.filter(|name| identity.kind.is_human() && *name != identity.name) {
        (identity.name, identity.assurance) = (name, Assurance::Claimed);
    }
    if let Some(minted) = minted {
        // It is who was minted, wherever it is now.
        identity.name.clone_from(&minted.name);
    }
    if let Some(claimed) = shown.origin_pane
        && identity.origin_pane.is_some_and(|pane| pane != claimed)
    {
        let pane = identity.origin_pane.unwrap_or(claimed);
        doubts.push(format!("BATON_PANE says {claimed}; runs in {pane}"));
    }
    let mut because = reasons(&facts, *end, under_keeper, minted, by_secret.is_some());
    if identity.kind == Kind::Service
        && minted.is_none()
        && let Some(user) = identity.origin_pane.and_then(|pane| measure.users.get(&pane))
    {
        because.push_str(&format!("; the pane is used by {} {}", user.kind, user.name));
        let assurance = identity.assurance;
        identity = Identity { assurance, origin_pane: identity.origin_pane, ..user.clone() };
    }
    let most = if own_uid { Role::Admin } else { measure.admitted.unwrap_or(Role::Observer) };
    let root = match minted {
        Some(minted) => minted.root,
        None => agent.and_then(|(at, _)| processes.get(at)).map(name_of),
    };
    Ok(Found {
        cap: minted.map_or(Rights::ALL, |minted| minted.rights),
        role: if identity.kind.is_human() { most } else { most.min(Role::Participant) },
        root: root.filter(|_| identity.kind != Kind::Service || minted.is_some()),
        minted: minted.map(|minted| minted.operator),
        because,
        doubts,
        process: processes.first().map(name_of),
        identity,
    })
}

/// Kind and name that somebody says of itself: `agent:claude`. Without a kind it is a person.
fn claim(name: &str) -> (Kind, String) {
    let kind = name.split_once(':').and_then(|(kind, rest)| Some((kind.parse().ok()?, rest)));
    let (kind, name) = kind.filter(|(_, rest)| !rest.is_empty()).unwrap_or((Kind::Human, name));
    (kind, super::clients::clean(name))
}

/// One line for people.
fn reasons(facts: &Facts, end: End, under_keeper: bool, minted: Option<&Minted>, by_secret: bool) -> String {
    let mut said = vec![format!("user {} (uid {}) by the kernel", facts.user, facts.uid)];
    said.push(match facts.ancestry {
        Ancestry::Pane(pane) => format!("its ancestors lead into pane {pane}"),
        Ancestry::Outside => "its ancestors lead into no pane".to_owned(),
        Ancestry::Unknown if under_keeper => "it left the processes of the pane that it comes from".to_owned(),
        Ancestry::Unknown if end == End::Hidden => "its ancestors are hidden from us".to_owned(),
        Ancestry::Unknown => "its ancestors cannot be read".to_owned(),
    });
    said.push(match facts.tty {
        Tty::Pane(pane) => format!("its terminal is that of pane {pane}"),
        Tty::Foreign => "its terminal is none of ours".to_owned(),
        Tty::None => "it has no terminal".to_owned(),
    });
    match facts.token {
        Token::Valid(pane) => said.push(format!("it shows the token of pane {pane}")),
        Token::None | Token::Invalid => {}
    }
    match (minted, &facts.manifest) {
        (Some(minted), _) if by_secret => said.push(format!("it shows a token minted for {} {}", minted.kind, minted.name)),
        (Some(minted), _) => said.push(format!("it descends from a process that was declared to be {} {}", minted.kind, minted.name)),
        (None, Some(agent)) => said.push(format!("the manifest of {agent} knows one of its ancestors")),
        (None, None) => {}
    }
    said.join("; ")
}

impl Server {
    /// Who is at the other end of a connection.
    ///
    /// # Errors
    /// As [`investigate`].
    pub(super) fn find_out(&self, peer: &PeerProcess, hello: &Hello) -> Result<Found, Forged> {
        let lineage = match (peer.peer.pid, &peer.watch) {
            (Some(pid), Some(watch)) => {
                let lineage = platform::lineage(pid);
                // What was read is the peer's only if it still lives.
                if watch.is_dead() { Lineage { processes: Vec::new(), end: End::Lost } } else { lineage }
            }
            _ => Lineage { processes: Vec::new(), end: End::Lost },
        };
        let server_uid = rustix::process::geteuid().as_raw();
        let own = peer.peer.uid == server_uid;
        let place = |pane: &PaneId, entry: &super::lifecycle::PaneEntry| PanePlace {
            pane: *pane,
            process: ProcessName { pid: entry.pid, started: entry.start_time },
            terminal: platform::terminal_of(entry.master.as_fd()),
        };
        let dying = self.dying.iter().map(|(pane, dying)| place(pane, &dying.entry));
        let users = self.pane_users.iter().filter_map(|(pane, operator)| Some((*pane, self.identity_of(*operator)?)));
        let measure = Measure {
            server_uid,
            keeper_pid: self.keeper_pid,
            user: if own {
                self.about.user.clone()
            } else {
                platform::name_of(peer.peer.uid).unwrap_or_else(|| format!("uid {}", peer.peer.uid))
            },
            admitted: if own { Some(Role::Admin) } else { self.access.read().ok().and_then(|access| access.role_of(peer.peer.uid)) },
            panes: self.panes.iter().map(|(pane, entry)| place(pane, entry)).chain(dying).collect(),
            pane_tokens: &self.pane_tokens,
            minted: &self.minted,
            manifests: &self.manifests,
            users: users.collect(),
        };
        let shown = Shown {
            uid: peer.peer.uid,
            lineage,
            token: hello.token.as_deref(),
            name: hello.name.as_deref(),
            origin_pane: hello.origin_pane,
            ssh: hello.ssh_origin.is_some(),
        };
        investigate(&measure, &shown, |pid| {
            platform::arguments_of(pid).into_iter().map(|word| word.to_string_lossy().into_owned()).collect()
        })
    }

    /// The identity of an operator as the roster has it.
    fn identity_of(&self, operator: OperatorId) -> Option<Identity> {
        let operator = self.roster.operator(operator)?;
        let on_behalf_of = operator.on_behalf_of.and_then(|human| self.roster.operator(human)).map(|human| human.name.clone());
        Some(Identity {
            kind: operator.kind,
            name: operator.name.clone(),
            on_behalf_of,
            assurance: operator.assurance,
            origin_pane: operator.origin_pane,
        })
    }

    /// Operators that must not be forgotten though none of their attachments is here.
    pub(super) fn remembered(&self) -> std::collections::BTreeSet<OperatorId> {
        let greeted = self.clients.values().filter_map(|client| client.greeting.as_ref()).map(|greeting| greeting.operator);
        let minted = self.minted.iter().flat_map(|minted| [Some(minted.operator), minted.minter]).flatten();
        let mut all: std::collections::BTreeSet<OperatorId> = greeted.chain(minted).chain(self.pane_users.values().copied()).collect();
        all.extend(self.roster.operators().map(|operator| operator.id).filter(|operator| self.controls.mentions(*operator)));
        all.extend(self.roster.attachments().map(|attachment| attachment.operator));
        let humans: Vec<OperatorId> = all.iter().filter_map(|id| self.roster.operator(*id)?.on_behalf_of).collect();
        all.extend(humans);
        all
    }

    /// Who types in `pane` from now on: what runs there then speaks for them. Most panes are nobody's but the human's, who is not written down.
    pub(super) fn pane_used_by(&mut self, pane: PaneId, operator: OperatorId, kind: Kind) {
        match kind {
            Kind::Human => {
                if !self.pane_users.is_empty() && self.pane_users.remove(&pane).is_some() {
                    self.commit_needed = true;
                }
            }
            // A program of the human is as good as the human: whose pane it is does not change.
            Kind::Service => {}
            Kind::Agent | Kind::Device => {
                if self.pane_users.insert(pane, operator) != Some(operator) {
                    self.commit_needed = true;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
