//! Who asks, identities of one's own, and what the journal says.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Handled;
use crate::ids::{OperatorId, PaneId};
use crate::operator::{Identity, Kind, NAME_BYTES_MAX, Refusal as No, Right, Rights, Verb};
use crate::protocol::message::{JournalQuery, Made, Refusal, Reply, TokenInfo, TokenRequest, WhoAmI};
use crate::server::clients::Greeting;
use crate::server::convert;
use crate::server::event::{Asker, ConnectionId};
use crate::server::gate::Actor;
use crate::server::journal::read;
use crate::server::minted::{MINTED_MAX, Minted};
use crate::server::owner::{Server, now_ms, refusal};
use crate::server::secret;

/// Threads that read the journal at the same time.
const READERS_MAX: usize = 4;
static READERS: AtomicUsize = AtomicUsize::new(0);

/// `agent:claude` as kind and name; without a kind it is an agent.
fn parse_identity(text: &str) -> Result<(Kind, String), Refusal> {
    let bad = |message: String| refusal("bad_request", message);
    let (kind, name) = match text.split_once(':') {
        Some((kind, name)) => (kind.parse::<Kind>().map_err(|error| bad(error.to_string()))?, name),
        None => (Kind::Agent, text),
    };
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > NAME_BYTES_MAX / 2 || !name.chars().all(fits) {
        return Err(bad(format!("`{name}` cannot be a name: letters, digits, `-`, `_` and `.`, at most {} bytes", NAME_BYTES_MAX / 2)));
    }
    Ok((kind, name.to_owned()))
}

impl Server {
    fn greeting(&self, connection: ConnectionId) -> Result<Greeting, Refusal> {
        let greeting = self.clients.get(&connection).and_then(|client| client.greeting.clone());
        greeting.ok_or_else(|| refusal("bad_request", "no hello was said"))
    }

    pub(super) fn who_am_i(&self, connection: ConnectionId) -> Handled {
        let greeting = self.greeting(connection)?;
        let actor = self.may(connection, Verb::View, None)?;
        let operator = self.who(greeting.operator);
        let rights = self.rights_of(&actor, false);
        Ok(Reply::WhoAmI(WhoAmI {
            operator,
            on_behalf_of: greeting.on_behalf_of.map(|human| self.who(human)),
            assurance: convert::assurance(greeting.assurance),
            origin_pane: greeting.origin_pane,
            rights: rights.to_string(),
            because: greeting.because,
        }))
    }

    /// What somebody may do where nothing else is said, or, with `given`, in panes that were given to it.
    fn rights_of(&self, actor: &Actor, given: bool) -> Rights {
        self.granted(actor.operator, actor.role, None, given).rights
    }

    /// A new identity, narrower than the asker's or as wide.
    pub(super) fn mint(&mut self, connection: ConnectionId, request: &TokenRequest) -> Handled {
        let greeting = self.greeting(connection)?;
        let actor = self.may(connection, Verb::View, None)?;
        let no = |message: String| refusal("not_permitted", message);
        if self.minted.len() >= MINTED_MAX {
            return Err(refusal("queue_full", format!("there are {MINTED_MAX} identities already; revoke some")));
        }
        let (kind, name) = parse_identity(&request.identity)?;
        if kind.is_human() {
            return Err(no("nobody can be made a human".to_owned()));
        }
        let narrow = matches!(greeting.kind, Kind::Agent | Kind::Device);
        if narrow && kind == Kind::Service {
            return Err(no(format!("{} {} cannot make a service, which would speak for a human", greeting.kind, greeting.name)));
        }
        let root = match request.process {
            None => None,
            Some(pid) => {
                let own = greeting.process.filter(|process| process.pid == pid);
                Some(own.ok_or_else(|| no(format!("process {pid} is not the one that asks; a process declares itself")))?)
            }
        };
        // Rights: as asked, within the asker's own. Asking for more is refused, not cut down unseen.
        let widest = if greeting.kind.is_human() || greeting.kind == Kind::Service { Rights::ALL } else { self.rights_of(&actor, true) };
        let widest = widest.and(greeting.cap);
        let rights = match &request.rights {
            None => widest,
            Some(words) => {
                let wanted: Rights =
                    words.parse().map_err(|error: crate::operator::UnknownWord| refusal("bad_request", error.to_string()))?;
                if !wanted.are_within(widest) {
                    let refused = No::NoRight {
                        right: wanted.without(widest).each().next().unwrap_or(Right::View),
                        rule: "the rule that nobody gives more than they have".to_owned(),
                    };
                    return Err(refusal(refused.code(), refused.to_string()));
                }
                wanted
            }
        };
        for pane in &request.panes {
            if !self.state.panes.contains_key(pane) {
                return Err(refusal("no_such_target", format!("can't find pane: {pane}")));
            }
            let given = self.controls.of(*pane).is_given(actor.operator);
            let granted = self.granted(actor.operator, actor.role, Some(*pane), given);
            granted.require(Right::Input).map_err(|refused| self.words(&refused))?;
        }
        let name = match greeting.origin_pane {
            Some(pane) => format!("{name}@{pane}"),
            None => name,
        };
        // An agent cannot take the name of somebody else, and with it their holds.
        let taken = self.roster.operators().find(|operator| operator.kind == kind && operator.name == name).map(|operator| operator.id);
        let its_own = |id: OperatorId| self.minted.iter().any(|minted| minted.operator == id && minted.minter == Some(greeting.operator));
        if narrow && taken.is_some_and(|id| !its_own(id)) {
            return Err(refusal("exists", format!("there is a {kind} {name} already")));
        }
        let until_ms = request.ttl_ms.map(|ttl| now_ms().saturating_add(ttl));
        let parents = self.minted.iter().filter(|minted| Some(minted.operator) == greeting.minted).filter_map(|minted| minted.until_ms);
        let until_ms = parents.chain(until_ms).min();
        let (token, hash) = secret::new().map_err(|_| refusal("failed", "the system has no randomness to give"))?;
        let human = if greeting.kind.is_human() { Some(greeting.operator) } else { greeting.on_behalf_of };
        let on_behalf_of = human.and_then(|human| self.roster.operator(human)).map(|human| human.name.clone());
        let assurance = if root.is_some() { crate::operator::Assurance::Proven } else { crate::operator::Assurance::Token };
        let identity = Identity { kind, name: name.clone(), on_behalf_of, assurance, origin_pane: greeting.origin_pane };
        let operator = self.roster.identified(&identity);
        let mut minted = Minted {
            operator,
            kind,
            name,
            hash,
            minter: narrow.then_some(greeting.operator),
            rights,
            panes: request.panes.clone(),
            until_ms: None,
            until: None,
            root,
            origin: greeting.origin_pane,
            inherited: false,
        };
        minted.ends_at(until_ms);
        tracing::info!(%operator, kind = %minted.kind, name = %minted.name, by = %greeting.operator, "identity minted");
        self.minted.push(minted);
        self.commit_needed = true;
        if let Some(root) = root {
            self.present(root, operator);
        }
        let operator = self.who(operator);
        Ok(Reply::Token(TokenInfo { operator, token, until_ms }))
    }

    /// Ends an identity.
    pub(super) fn revoke_token(&mut self, connection: ConnectionId, named: &str) -> Handled {
        let greeting = self.greeting(connection)?;
        let (kind, name) = named.split_once(':').map_or((None, named), |(kind, name)| (Some(kind), name));
        let is_meant = |minted: &&Minted| {
            minted.operator.to_string() == named
                || kind.is_none_or(|kind| minted.kind.word() == kind)
                    && (minted.name == name || minted.name.split_once('@').is_some_and(|(short, _)| short == name))
        };
        let meant: Vec<&Minted> = self.minted.iter().filter(is_meant).collect();
        let Some(first) = meant.first() else {
            return Err(refusal("no_such_target", format!("no identity `{named}` was minted, or it has ended")));
        };
        if meant.iter().any(|minted| minted.operator != first.operator) {
            let names: Vec<String> = meant.iter().map(|minted| format!("{} ({})", minted.name, minted.operator)).collect();
            return Err(refusal("ambiguous_target", format!("`{named}` may be {}", names.join(", "))));
        }
        let may = matches!(greeting.kind, Kind::Human | Kind::Service)
            || meant.iter().all(|minted| minted.operator == greeting.operator || minted.minter == Some(greeting.operator));
        if !may {
            return Err(refusal("not_permitted", format!("`{named}` was not minted by {} {}", greeting.kind, greeting.name)));
        }
        let hashes: Vec<secret::Hash> = meant.iter().map(|minted| minted.hash).collect();
        for hash in hashes {
            self.revoke(hash, &format!("revoked by {}", greeting.name));
        }
        Ok(Reply::Done(Made::default()))
    }

    /// Lines of the journal, read beside everything else: files may be large.
    pub(super) fn ask_journal(&mut self, asker: Asker, mut query: JournalQuery) {
        query.since_ms = query.since_ms.or_else(|| Some(now_ms().saturating_sub(query.since_ago_ms?)));
        // What waits for the disk is shown, if it can be.
        let _ = self.journal.is_ready();
        if READERS.fetch_add(1, Ordering::Relaxed) >= READERS_MAX {
            READERS.fetch_sub(1, Ordering::Relaxed);
            return self.refuse(asker, refusal("busy", "the journal is being read by others; ask again"));
        }
        let (folder, end) = (self.journal.folder().to_owned(), self.journal.end());
        // The asker goes with the thread; should that not start, the client is told by nobody but a dropped permit, so it is told here.
        let (connection, outbox, id) = (asker.connection, asker.outbox.clone(), asker.id);
        let started = std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            let reply = if query.verify == Some(true) {
                match read::verify(&folder, &end) {
                    Ok(span) => {
                        let (first, last) = span.unwrap_or((0, 0));
                        Reply::Journal(vec![format!("{{\"verified\":true,\"first\":{first},\"last\":{last}}}")], false)
                    }
                    Err(tampered) => Reply::Refused(refusal("tampered", tampered.to_string())),
                }
            } else {
                let (lines, more) = read::query(&folder, &query);
                Reply::Journal(lines, more)
            };
            READERS.fetch_sub(1, Ordering::Relaxed);
            asker.reply(reply);
        });
        if let Err(error) = started {
            READERS.fetch_sub(1, Ordering::Relaxed);
            self.refuse(Asker { connection, outbox, id, permit: None }, refusal("failed", format!("no thread to read with: {error}")));
        }
    }

    /// Whether `operator` holds a token for `pane`.
    pub(in crate::server) fn was_given(&self, pane: PaneId, operator: OperatorId) -> bool {
        self.minted.iter().any(|minted| minted.operator == operator && minted.panes.contains(&pane))
    }

    /// The most that `operator` may, whatever the policy says.
    pub(in crate::server) fn cap_of(&self, operator: OperatorId) -> Rights {
        let minted = self.minted.iter().filter(|minted| minted.operator == operator).map(|minted| minted.rights);
        minted.reduce(Rights::or).unwrap_or(Rights::ALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_have_a_kind_and_a_plain_name() {
        assert_eq!(parse_identity("agent:claude").unwrap(), (Kind::Agent, "claude".to_owned()));
        assert_eq!(parse_identity("service:deploy.sh").unwrap(), (Kind::Service, "deploy.sh".to_owned()));
        assert_eq!(parse_identity("bot").unwrap(), (Kind::Agent, "bot".to_owned()));
        for bad in ["", "agent:", "robot:x", "agent:a@%7", "agent:a b", "agent:a:b", "agent:\u{1b}[2J"] {
            assert_eq!(parse_identity(bad).unwrap_err().code, "bad_request", "{bad:?}");
        }
        assert!(parse_identity(&format!("agent:{}", "x".repeat(40))).is_err());
    }
}
