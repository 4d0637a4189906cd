//! Who is attached: a table of operators and one of attachments, with presence.
//!
//! ```text
//!            attach                 connection lost                grace over
//!   (none) ─────────► Live ◄──────────────────────────► Stale ─────────────────► (gone)
//!                      │  resume, over any transport      │
//!                      └──────────── detach ──────────────┴────────────────────► (gone)
//! ```
//!
//! Operators are for ever as far as their number goes: the same kind and name is the same operator, today and after a server's restart.
//! The whole roster is written into the state that outlives the server; everybody is stale in a new server until they resume.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::identity::Identity;
use super::types::{Assurance, Kind, Presence, Role, Transport};
use crate::ids::{AttachmentId, OperatorId, PaneId};

/// A human, agent, device or service.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Operator {
    /// Its number, for ever.
    #[n(0)]
    pub id: OperatorId,
    /// What it is. Never changes.
    #[n(1)]
    pub kind: Kind,
    /// Its name.
    #[n(2)]
    pub name: String,
    /// For whom it speaks. Never changes.
    #[n(3)]
    pub on_behalf_of: Option<OperatorId>,
    /// How sure we are of it: what its newest connection showed.
    #[n(4)]
    #[cbor(default)]
    pub assurance: Assurance,
    /// The pane it runs in.
    #[n(5)]
    pub origin_pane: Option<PaneId>,
}

/// One connection of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Attachment {
    /// Its number, for ever.
    #[n(0)]
    pub id: AttachmentId,
    /// Whose it is.
    #[n(1)]
    pub operator: OperatorId,
    /// How it reaches us.
    #[n(2)]
    pub transport: Transport,
    /// Where it comes from, for people.
    #[n(3)]
    pub origin: String,
    /// What it may do.
    #[n(4)]
    pub role: Role,
    /// Whether it answers.
    #[n(5)]
    pub presence: Presence,
    /// Since when it is attached, milliseconds since the Unix epoch.
    #[n(6)]
    pub since_ms: u64,
    /// Its last input, milliseconds since the Unix epoch; 0: none.
    #[n(7)]
    pub last_input_ms: u64,
}

/// Everybody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Roster {
    #[n(0)]
    operators: BTreeMap<OperatorId, Operator>,
    #[n(1)]
    attachments: BTreeMap<AttachmentId, Attachment>,
    #[n(2)]
    next_operator: u64,
    #[n(3)]
    next_attachment: u64,
}

impl Roster {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The operator of that identity; made if there is none. The human it speaks for is made too. One human is one operator however often they come; a program
    /// in a pane is one however often it calls.
    pub fn identified(&mut self, identity: &Identity) -> OperatorId {
        let on_behalf_of = identity.on_behalf_of.as_deref().map(|human| self.operator_named(Kind::Human, human));
        let id = self.operator_named(identity.kind, &identity.name);
        if let Some(operator) = self.operators.get_mut(&id) {
            operator.assurance = identity.assurance;
            operator.on_behalf_of = operator.on_behalf_of.or(on_behalf_of);
            operator.origin_pane = operator.origin_pane.or(identity.origin_pane);
        }
        id
    }

    /// The best presence of an operator's attachments; none: it has none.
    #[must_use]
    pub fn presence_of(&self, operator: OperatorId) -> Option<Presence> {
        self.attachments_of(operator).map(|attachment| attachment.presence).min()
    }

    /// The highest role of an operator's attachments that answer; none: it has none.
    #[must_use]
    pub fn role_of(&self, operator: OperatorId) -> Option<Role> {
        self.attachments_of(operator).filter(|attachment| attachment.presence == Presence::Live).map(|attachment| attachment.role).max()
    }

    /// The operator of that kind and name; made if there is none. One human is one operator however often they come.
    pub fn operator_named(&mut self, kind: Kind, name: &str) -> OperatorId {
        if let Some(known) = self.operators.values().find(|operator| operator.kind == kind && operator.name == name) {
            return known.id;
        }
        self.next_operator += 1;
        let id = OperatorId(self.next_operator);
        self.operators
            .insert(id, Operator { id, kind, name: name.to_owned(), on_behalf_of: None, assurance: Assurance::Claimed, origin_pane: None });
        id
    }

    /// Forgets operators that have no attachment and for whom `keep` says no. Bounds the table: names come from clients.
    pub fn forget_absent(&mut self, keep: impl Fn(OperatorId) -> bool) {
        let Self { operators, attachments, .. } = self;
        operators.retain(|id, _| keep(*id) || attachments.values().any(|attachment| attachment.operator == *id));
    }

    /// An operator.
    #[must_use]
    pub fn operator(&self, id: OperatorId) -> Option<&Operator> {
        self.operators.get(&id)
    }

    /// An attachment.
    #[must_use]
    pub fn attachment(&self, id: AttachmentId) -> Option<&Attachment> {
        self.attachments.get(&id)
    }

    /// All operators in order of their numbers, absent ones included.
    pub fn operators(&self) -> impl Iterator<Item = &Operator> {
        self.operators.values()
    }

    /// All attachments in order of their numbers.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.attachments.values()
    }

    /// The attachments of one operator.
    pub fn attachments_of(&self, operator: OperatorId) -> impl Iterator<Item = &Attachment> {
        self.attachments.values().filter(move |attachment| attachment.operator == operator)
    }

    /// T1: somebody attaches.
    pub fn attach(&mut self, operator: OperatorId, transport: Transport, origin: String, role: Role, now_ms: u64) -> AttachmentId {
        self.next_attachment += 1;
        let id = AttachmentId(self.next_attachment);
        let attachment = Attachment { id, operator, transport, origin, role, presence: Presence::Live, since_ms: now_ms, last_input_ms: 0 };
        self.attachments.insert(id, attachment);
        id
    }

    /// T2: its connection was lost, or is back.
    pub fn set_presence(&mut self, id: AttachmentId, presence: Presence) {
        if let Some(attachment) = self.attachments.get_mut(&id) {
            attachment.presence = presence;
        }
    }

    /// T2: it is back over another transport, or from elsewhere.
    pub fn moved(&mut self, id: AttachmentId, transport: Transport, origin: String) {
        if let Some(attachment) = self.attachments.get_mut(&id) {
            attachment.transport = transport;
            attachment.origin = origin;
        }
    }

    /// What it may do from now on.
    pub fn set_role(&mut self, id: AttachmentId, role: Role) {
        if let Some(attachment) = self.attachments.get_mut(&id) {
            attachment.role = role;
        }
    }

    /// It typed.
    pub fn typed(&mut self, id: AttachmentId, now_ms: u64) {
        if let Some(attachment) = self.attachments.get_mut(&id) {
            attachment.last_input_ms = now_ms;
        }
    }

    /// T3, T4: it is gone. Hearing it twice does no harm.
    pub fn detach(&mut self, id: AttachmentId) -> Option<Attachment> {
        self.attachments.remove(&id)
    }

    /// Everybody is stale: a new server has no connections yet.
    pub fn all_stale(&mut self) {
        for attachment in self.attachments.values_mut() {
            attachment.presence = Presence::Stale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_one_operator_with_several_attachments() {
        let mut roster = Roster::new();
        let ann = roster.operator_named(Kind::Human, "ann");
        assert_eq!(roster.operator_named(Kind::Human, "ann"), ann);
        assert_ne!(roster.operator_named(Kind::Agent, "ann"), ann, "kind is part of who it is");
        let laptop = roster.attach(ann, Transport::Unix, "/dev/pts/1".into(), Role::Participant, 1);
        let phone = roster.attach(ann, Transport::Ssh, "10.0.0.2".into(), Role::Observer, 2);
        assert_eq!(roster.attachments_of(ann).map(|a| a.id).collect::<Vec<_>>(), [laptop, phone]);
        roster.forget_absent(|_| false);
        assert_eq!(roster.operators().count(), 1, "only those with attachments stay");
    }

    #[test]
    fn numbers_are_not_given_again_even_after_being_stored() {
        let mut roster = Roster::new();
        let ann = roster.operator_named(Kind::Human, "ann");
        let first = roster.attach(ann, Transport::Unix, String::new(), Role::Participant, 1);
        roster.detach(first);
        roster.detach(first);
        let mut roster: Roster = minicbor::decode(&minicbor::to_vec(&roster).unwrap()).unwrap();
        let second = roster.attach(ann, Transport::Unix, String::new(), Role::Participant, 1);
        assert!(second > first);
        roster.all_stale();
        assert_eq!(roster.attachment(second).unwrap().presence, Presence::Stale);
    }

    #[test]
    fn an_operator_stored_by_an_older_server_is_read() {
        #[derive(Encode)]
        struct Before {
            #[n(0)]
            id: OperatorId,
            #[n(1)]
            kind: Kind,
            #[n(2)]
            name: String,
        }
        let stored = minicbor::to_vec(Before { id: OperatorId(3), kind: Kind::Human, name: "ann".into() }).unwrap();
        let read: Operator = minicbor::decode(&stored).unwrap();
        assert_eq!((read.name.as_str(), read.on_behalf_of, read.assurance, read.origin_pane), ("ann", None, Assurance::Claimed, None));
    }
}
