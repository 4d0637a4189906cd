//! Who is who at a pane, as the rules ask it: what the roster, the connections and the policy say.
//!
//! **Presence.** An operator answers if one of its attachments does, or an open connection is its, or the program in whose pane it lives runs. A program that
//! only calls commands is there between two calls, too, for as long as a lease without activity lasts.
//!
//! **Roles.** An attachment has the role it was let in with. A command that comes over no attachment may as much as its kind: people rule, everybody else
//! takes part. (Who is let in at all is the listener's question, and is a matter of users.)

use crate::ids::{OperatorId, PaneId};
use crate::operator::{Granted, Kind, Place, Presence, Right, Role, Standing, Subject};
use crate::server::owner::{Server, now_ms};

/// What a command of an operator of this kind may at most, which has no attachment.
pub(in crate::server) const fn role_of_kind(kind: Kind) -> Role {
    match kind {
        Kind::Human => Role::Admin,
        _ => Role::Participant,
    }
}

/// The answers of this server, for one pane. `actor` acts over an attachment with that role.
pub(super) struct People<'a> {
    pub(super) server: &'a Server,
    pub(super) pane: Option<PaneId>,
    pub(super) actor: Option<(OperatorId, Role)>,
}

impl People<'_> {
    fn granted(&self, operator: OperatorId, given: bool) -> Option<(Kind, Granted)> {
        let there = self.server.roster.operator(operator)?;
        let acting = self.actor.filter(|(actor, _)| *actor == operator).map(|(_, role)| role);
        let role = acting.or_else(|| self.server.roster.role_of(operator)).unwrap_or(role_of_kind(there.kind));
        Some((there.kind, self.server.granted(operator, role, self.pane, given)))
    }
}

impl crate::operator::People for People<'_> {
    fn standing(&self, operator: OperatorId, given: bool) -> Option<Standing> {
        let (kind, granted) = self.granted(operator, given)?;
        Some(Standing { kind, presence: self.server.presence(operator), rights: granted.rights })
    }

    fn rule_against(&self, operator: OperatorId, given: bool, right: Right) -> String {
        self.granted(operator, given).map_or_else(String::new, |(_, granted)| granted.rule_against(right).to_owned())
    }
}

impl Server {
    /// What the policy gives an operator at a pane; not more than the one it speaks for has (I8).
    pub(in crate::server) fn granted(&self, operator: OperatorId, role: Role, pane: Option<PaneId>, given: bool) -> Granted {
        let Some(there) = self.roster.operator(operator) else { return self.controls.policy.rights(&NOBODY, &Place::ANYWHERE) };
        let here = pane.and_then(|pane| self.state.panes.get(&pane));
        let given = given || pane.is_some_and(|pane| self.was_given(pane, operator));
        let session = here.and_then(|pane| self.state.sessions_of(pane.window).next()).map_or("", |session| session.name.as_str());
        let place = Place { pane, name: here.map_or("", |pane| pane.title.as_str()), session };
        let subject = Subject { kind: there.kind, name: &there.name, role, given };
        let granted = self.controls.policy.rights(&subject, &place).within(self.cap_of(operator));
        match there.on_behalf_of.and_then(|principal| self.roster.operator(principal)) {
            Some(principal) => {
                let subject = Subject { kind: principal.kind, name: &principal.name, role: role_of_kind(principal.kind), given: false };
                granted.within(self.controls.policy.rights(&subject, &place).rights)
            }
            None => granted,
        }
    }

    /// Whether an operator answers. None: it is not here.
    pub(in crate::server) fn presence(&self, operator: OperatorId) -> Option<Presence> {
        let attached = self.roster.presence_of(operator);
        let connected =
            || self.clients.values().any(|client| client.greeting.as_ref().is_some_and(|greeting| greeting.operator == operator));
        let calls = || {
            let since = self.controls.seen.get(&operator).copied();
            attached.is_none() && since.is_some_and(|since| now_ms().saturating_sub(since) < self.controls.times.hold_ms)
        };
        let live = attached == Some(Presence::Live) || connected() || self.lives_in_a_pane(operator) || calls();
        if live { Some(Presence::Live) } else { attached }
    }

    /// Whether the program runs in whose pane the operator lives.
    fn lives_in_a_pane(&self, operator: OperatorId) -> bool {
        let origin = self.roster.operator(operator).filter(|there| !there.kind.is_human()).and_then(|there| there.origin_pane);
        origin.and_then(|pane| self.panes.get(&pane)).is_some_and(|entry| entry.exit.is_none())
    }

    /// The name of an operator, for people.
    pub(in crate::server) fn name_of_operator(&self, operator: OperatorId) -> String {
        self.roster.operator(operator).map_or_else(|| operator.to_string(), |there| there.name.clone())
    }
}

/// Somebody of whom nothing is known.
const NOBODY: Subject<'static> = Subject { kind: Kind::Agent, name: "", role: Role::Observer, given: false };
