//! Tests of control: a small crowd, a clock that stands still until it is moved, and a pane.
//!
//! `traps` has the two mistakes that the specification warns of, `rows` each row of its table, `refusals` each way to be refused, `gate` the verdicts,
//! `forms` what is printed and read. `explore` goes through every state of a small bound; `model` is a second, naive writing of the table, against which
//! `random` plays long sequences.

#![allow(unused_must_use, clippy::panic, reason = "tests look at the state more often than at the effects")]

mod explore;
mod forms;
mod gate;
mod model;
mod random;
mod refusals;
mod rows;
mod traps;

use std::collections::BTreeMap;

use super::*;
use crate::ids::OperatorId;

/// A human, participant.
pub const ANN: OperatorId = OperatorId(1);
/// Another one, admin.
pub const EVE: OperatorId = OperatorId(2);
/// An agent to which the pane was given.
pub const BOT: OperatorId = OperatorId(3);
/// Another one, to which it was not.
pub const CAB: OperatorId = OperatorId(4);
/// A program on behalf of Ann.
pub const VIM: OperatorId = OperatorId(5);
/// A human who only looks on.
pub const OBS: OperatorId = OperatorId(6);
/// An agent with the right to rule.
pub const ROOT: OperatorId = OperatorId(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    pub kind: Kind,
    pub role: Role,
    pub presence: Option<Presence>,
    /// Whether the policy lets it write.
    pub may_write: bool,
}

/// Who is who in a test.
#[derive(Debug, Clone)]
pub struct Crowd {
    pub people: BTreeMap<OperatorId, Person>,
    rights: BTreeMap<(Kind, Role, bool), Rights>,
    /// Which rule denies is not asked a million times over.
    pub names_no_rules: bool,
}

impl Crowd {
    pub fn new() -> Self {
        let person = |kind, role| Person { kind, role, presence: Some(Presence::Live), may_write: true };
        let people = [
            (ANN, person(Kind::Human, Role::Participant)),
            (EVE, person(Kind::Human, Role::Admin)),
            (BOT, person(Kind::Agent, Role::Participant)),
            (CAB, person(Kind::Agent, Role::Participant)),
            (VIM, person(Kind::Service, Role::Participant)),
            (OBS, person(Kind::Human, Role::Observer)),
            (ROOT, person(Kind::Agent, Role::Admin)),
        ];
        let policy = Policy::default();
        let mut rights = BTreeMap::new();
        for kind in Kind::ALL {
            for role in Role::ALL {
                for given in [false, true] {
                    let subject = Subject { kind: *kind, name: "somebody", role: *role, given };
                    let extra = if *role == Role::Admin { Rights::of(&[Right::Admin]) } else { Rights::NONE };
                    rights.insert((*kind, *role, given), policy.rights(&subject, &Place::ANYWHERE).rights.or(extra));
                }
            }
        }
        Self { people: people.into_iter().collect(), rights, names_no_rules: false }
    }

    pub fn party(&self, id: OperatorId) -> Party {
        Party { id, kind: self.people[&id].kind }
    }

    pub fn set(&mut self, id: OperatorId, presence: Option<Presence>) {
        self.people.get_mut(&id).unwrap().presence = presence;
    }
}

impl People for Crowd {
    fn standing(&self, operator: OperatorId, given: bool) -> Option<Standing> {
        let person = self.people.get(&operator)?;
        let rights = self.rights[&(person.kind, person.role, given)];
        let rights = if person.may_write { rights } else { rights.without(Rights::of(&[Right::Input])) };
        Some(Standing { kind: person.kind, presence: person.presence, rights })
    }

    fn rule_against(&self, operator: OperatorId, given: bool, right: Right) -> String {
        if self.names_no_rules {
            return String::new();
        }
        let person = self.people[&operator];
        let subject = Subject { kind: person.kind, name: "somebody", role: person.role, given };
        Policy::default().rights(&subject, &Place::ANYWHERE).rule_against(right).to_owned()
    }
}

/// A pane under test.
#[derive(Clone)]
pub struct Pane {
    pub control: Control,
    pub crowd: Crowd,
    pub now: Millis,
    /// Everything recorded, as it would stand in the file.
    pub lines: Vec<String>,
}

impl Pane {
    /// A shared pane that [`BOT`] spawned.
    pub fn new() -> Self {
        let mut pane = Self { control: Control::new(), crowd: Crowd::new(), now: Millis(1_000_000), lines: Vec::new() };
        let fact = Fact::Spawned { given: Some(BOT) };
        let entry = Entry::note(pane.now, 1, Some(pane.crowd.party(BOT)), Cause::Command, fact);
        pane.control.apply(&entry);
        pane.record(&entry);
        pane
    }

    fn record(&mut self, entry: &Entry) {
        let record = Record { seq: self.lines.len() as u64, pane: Some(crate::ids::PaneId(7)), entry: entry.clone() };
        self.lines.push(record.to_line().unwrap());
    }

    /// The state that the journal makes of it.
    pub fn folded(&self) -> Control {
        let records: Vec<Record> = self.lines.iter().map(|line| Record::from_line(line).unwrap()).collect();
        fold(&records)
    }

    pub fn try_do(&mut self, who: OperatorId, event: Event) -> Result<Effects, Refusal> {
        self.by(By::operator(who, Cause::Command), event)
    }

    pub fn by(&mut self, by: By, event: Event) -> Result<Effects, Refusal> {
        let before = self.control.clone();
        let world = World { people: &self.crowd, times: &Times::DEFAULT, now: self.now };
        let (control, effects) = step(&before, &world, &by, &event)?;
        check(&control).unwrap();
        self.control = control;
        self.record(&effects.entry);
        assert_eq!(self.folded(), self.control, "I11: the journal says something else after {event:?}");
        Ok(effects)
    }

    /// What must go well.
    #[track_caller]
    pub fn act(&mut self, who: OperatorId, event: Event) -> Effects {
        match self.try_do(who, event.clone()) {
            Ok(effects) => effects,
            Err(refused) => panic!("{who} {event:?}: {refused}"),
        }
    }

    /// What must change the tenure: says that the epoch grew by one.
    #[track_caller]
    pub fn passes(&mut self, who: OperatorId, event: Event) -> Effects {
        let before = self.control.epoch;
        let effects = self.act(who, event);
        assert_eq!(self.control.epoch, before + 1, "E+");
        assert!(self.control.offer.is_none() && self.control.proposals.is_empty(), "E+ drops offers and proposals");
        assert_eq!(effects.discard.map(|discard| discard.before_epoch), Some(before + 1));
        effects
    }

    /// What must leave the tenure alone.
    #[track_caller]
    pub fn stays(&mut self, who: OperatorId, event: Event) -> Effects {
        let before = (self.control.epoch, self.control.holder_id(), self.control.mode);
        let effects = self.act(who, event);
        assert_eq!((self.control.epoch, self.control.holder_id(), self.control.mode), before);
        effects
    }

    /// What must be refused, leaving everything as it was.
    #[track_caller]
    pub fn refused(&mut self, who: OperatorId, event: Event) -> Refusal {
        let before = self.control.clone();
        let refused = self.try_do(who, event.clone()).expect_err(&format!("{who} {event:?} was done"));
        assert_eq!(self.control, before);
        refused
    }

    /// Lets time pass and everything end that is due.
    pub fn wait(&mut self, span_ms: u64) -> Vec<Effects> {
        self.now = self.now.plus(span_ms);
        let mut ended = Vec::new();
        while self.control.next_deadline().is_some_and(|next| next <= self.now) {
            ended.push(self.by(By::nobody(Cause::Clock), Event::Clock).expect("something was due"));
        }
        ended
    }

    /// Somebody stops answering.
    pub fn drop(&mut self, who: OperatorId) {
        self.crowd.set(who, Some(Presence::Stale));
        let _ = self.by(By::operator(who, Cause::Connection), Event::Stale);
    }

    /// Somebody answers again.
    pub fn back(&mut self, who: OperatorId) {
        self.crowd.set(who, Some(Presence::Live));
        let _ = self.by(By::operator(who, Cause::Connection), Event::Resume);
    }

    pub fn holder(&self) -> Option<OperatorId> {
        self.control.holder_id()
    }

    /// The gate's verdict on a frame.
    pub fn frame(&self, who: OperatorId, epoch: u64) -> Verdict {
        self.gate(who, Frame { epoch: Some(epoch), ..Frame::default() }, &Scene::default())
    }

    pub fn gate(&self, who: OperatorId, frame: Frame, scene: &Scene) -> Verdict {
        decide(Some(&self.control), &self.asks(who, Verb::Input, frame), &self.granted(who), scene)
    }

    pub fn asks(&self, who: OperatorId, verb: Verb, frame: Frame) -> Act {
        Act { operator: self.crowd.party(who), attachment: None, verb, pane: None, frame }
    }

    pub fn granted(&self, who: OperatorId) -> Granted {
        let person = self.crowd.people[&who];
        let subject = Subject { kind: person.kind, name: "somebody", role: person.role, given: self.control.is_given(who) };
        Policy::default().rights(&subject, &Place::ANYWHERE)
    }
}

pub fn acquire() -> Event {
    Event::Acquire { ttl_ms: None }
}

pub fn request() -> Event {
    Event::Request { why: "to run the tests".into() }
}

pub fn grant(to: OperatorId) -> Event {
    Event::Grant { to, terms: Terms::default() }
}

pub fn offer(to: OperatorId) -> Event {
    Event::Offer { to, terms: Terms::default(), note: None }
}

pub fn supervised(to: OperatorId) -> Event {
    Event::Offer { to, terms: Terms { supervised: true, ..Terms::default() }, note: None }
}

pub fn hand_back() -> Event {
    Event::HandBack { note: Some("the tests pass".into()), cursor: Some(77), terms: Terms::default() }
}

pub fn force() -> Event {
    Event::Force { reason: "maintenance".into() }
}
