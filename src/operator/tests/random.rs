//! Long random sequences against the naive model, step by step: the same events are accepted, under the same names, with the same state after each; and the
//! journal, read back from its lines, folds to that state.

use proptest::prelude::*;
use proptest::sample::select;

use super::model::{Asking, Model};
use super::*;

/// Something that happens in a test.
#[derive(Debug, Clone)]
enum Move {
    /// An operator brings an event.
    Does(OperatorId, Event),
    /// Nobody does.
    Happens(Event),
    /// Time passes; the clock event comes as often as something is due.
    Waits(u64),
    /// Presence changes, and is told or not.
    Comes(OperatorId, Option<Presence>, bool),
    /// The policy changes, without being told yet.
    May(OperatorId, bool),
    /// The newest proposal is decided on.
    Decides(OperatorId, bool),
    /// One of the things that make sense as things stand.
    Apt(usize),
    /// A proposal under the present epoch, or one before.
    Proposes(OperatorId, u64, bool),
}

fn who() -> impl Strategy<Value = OperatorId> {
    select(vec![ANN, ANN, EVE, BOT, BOT, CAB, VIM, OBS, ROOT])
}

fn terms() -> impl Strategy<Value = Terms> {
    (select(vec![None, Some(5_000), Some(90_000)]), any::<bool>()).prop_map(|(ttl_ms, supervised)| Terms { ttl_ms, supervised })
}

fn event() -> impl Strategy<Value = Event> {
    let free = select(vec![
        Event::Attach,
        Event::Prove,
        acquire(),
        acquire(),
        Event::Acquire { ttl_ms: Some(1_000) },
        request(),
        request(),
        request(),
        Event::Cancel,
        Event::Accept,
        Event::Accept,
        Event::Accept,
        Event::Decline,
        Event::Withdraw,
        Event::Release(Release::Shared),
        Event::Release(Release::Vacant),
        Event::Release(Release::Next),
        Event::Take,
        Event::Take,
        force(),
        Event::Force { reason: String::new() },
        Event::Revoke { reason: None },
        Event::SetMode(Mode::Shared),
        Event::SetMode(Mode::Held),
        Event::SetMode(Mode::Locked),
        Event::Supervise(true),
        Event::Supervise(false),
        Event::Wrote { frames: 1, bytes: 2, digest: digest(b"ls"), text: Some(b"ls".to_vec()) },
        Event::Detach,
        Event::Lost,
    ]);
    prop_oneof![
        6 => free,
        2 => (who(), terms()).prop_map(|(to, terms)| Event::Grant { to, terms }),
        2 => (who(), terms()).prop_map(|(to, terms)| Event::Offer { to, terms, note: None }),
        1 => terms().prop_map(|terms| Event::HandBack { note: None, cursor: None, terms }),
        1 => who().prop_map(|to| Event::Deny { to, reason: None }),
    ]
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        24 => (0..64_usize).prop_map(Move::Apt),
        16 => (who(), event()).prop_map(|(who, event)| Move::Does(who, event)),
        1 => select(vec![Event::Restarted, Event::PolicyChanged, Event::Clock]).prop_map(Move::Happens),
        3 => select(vec![1_u64, 4_000, 14_999, 15_000, 31_000, 61_000]).prop_map(Move::Waits),
        3 => (who(), select(vec![Some(Presence::Live), Some(Presence::Stale), None]), any::<bool>())
            .prop_map(|(who, presence, told)| Move::Comes(who, presence, told)),
        6 => who().prop_map(|who| Move::Comes(who, Some(Presence::Live), true)),
        1 => (who(), any::<bool>()).prop_map(|(who, may)| Move::May(who, may)),
        1 => who().prop_map(|who| Move::May(who, true)),
        3 => (who(), any::<bool>()).prop_map(|(who, yes)| Move::Decides(who, yes)),
        3 => (who(), 0..2_u64, any::<bool>()).prop_map(|(who, old, secret)| Move::Proposes(who, old, secret)),
    ]
}

struct Both {
    pane: Pane,
    model: Model,
    /// What each request, offer and proposal came to, by its number (I10).
    ends: BTreeMap<u64, &'static str>,
}

impl Both {
    fn play(&mut self, who: Option<OperatorId>, event: Event) -> bool {
        let by = By { operator: who, attachment: None, on_behalf_of: None, cause: Cause::Command };
        let before = self.pane.control.clone();
        let real = {
            let world = World { people: &self.pane.crowd, times: &Times::DEFAULT, now: self.pane.now };
            step(&before, &world, &by, &event)
        };
        let mut model = self.model.clone();
        let naive = model.play(&Asking { crowd: &self.pane.crowd, now: self.pane.now.0 }, who, &event);
        let name = real.as_ref().ok().map(|(_, effects)| effects.entry.fact.name());
        assert_eq!(name, naive, "{who:?} {event:?}\nrefused: {:?}\nbefore: {before}", real.as_ref().err());
        let Ok((after, effects)) = real else { return false };
        assert_eq!(Model::of(&after), model, "{who:?} {event:?}\nbefore: {before}\nafter:  {after}");
        check(&after).unwrap();
        // I13.
        if let Some(write) = &effects.write {
            let staged = before.proposals.iter().find(|staged| staged.id == write.proposal).unwrap();
            assert_eq!((&staged.bytes, staged.operator), (&write.bytes, write.operator));
            assert_ne!(write.approved_by, write.operator.id);
        }
        // I10: what has ended does not end again.
        let open = |control: &Control| -> Vec<u64> {
            let requests = control.queue.iter().map(|request| request.id);
            requests.chain(control.offer.iter().map(|offer| offer.id)).chain(control.proposals.iter().map(|staged| staged.id)).collect()
        };
        let (then, now) = (open(&before), open(&after));
        for ended in then.iter().filter(|id| !now.contains(id)) {
            assert_eq!(self.ends.insert(*ended, effects.entry.fact.name()), None, "number {ended} ended twice");
        }
        assert!(now.iter().all(|id| !self.ends.contains_key(id)), "an ended number is open again");
        let record = Record { seq: self.pane.lines.len() as u64, pane: None, entry: effects.entry };
        let line = record.to_line().unwrap();
        assert_eq!(Record::from_line(&line).unwrap().to_line().unwrap(), line);
        self.pane.lines.push(line);
        self.pane.control = after;
        self.model = model;
        true
    }

    /// What the operators who play a part now would do.
    fn apt(&self) -> Vec<(OperatorId, Event)> {
        let control = &self.pane.control;
        let mut apt = vec![(ANN, Event::Take), (ANN, supervised(BOT)), (BOT, acquire()), (CAB, request())];
        if let Some(holder) = control.holder_id() {
            let bytes = b"ls\r".to_vec();
            apt.extend([
                (holder, Event::Release(Release::Next)),
                (holder, supervised(BOT)),
                (holder, offer(ANN)),
                (holder, Event::Propose { epoch: control.epoch, bytes, secret: false }),
                (holder, Event::Wrote { frames: 1, bytes: 2, digest: digest(b"ls"), text: None }),
                (ANN, Event::Supervise(true)),
                (ANN, Event::Revoke { reason: None }),
                (EVE, request()),
            ]);
        }
        if let Some(offer) = &control.offer {
            apt.extend([
                (offer.to.id, Event::Accept),
                (offer.to.id, Event::Accept),
                (offer.to.id, Event::Decline),
                (offer.from.id, Event::Withdraw),
            ]);
        }
        for request in &control.queue {
            apt.extend([(ANN, grant(request.operator.id)), (request.operator.id, Event::Cancel)]);
        }
        for staged in &control.proposals {
            apt.extend([(ANN, Event::Approve { proposal: staged.id }), (EVE, Event::Reject { proposal: staged.id, reason: None })]);
        }
        if let Some(suspended) = control.suspended {
            apt.extend([(ANN, hand_back()), (EVE, hand_back()), (suspended.hold.operator.id, Event::Prove)]);
        }
        apt
    }

    fn turn(&mut self, action: Move) {
        match action {
            Move::Does(who, event) => _ = self.play(Some(who), event),
            Move::Happens(event) => _ = self.play(None, event),
            Move::Apt(n) => {
                let apt = self.apt();
                let (who, event) = apt[n % apt.len()].clone();
                self.play(Some(who), event);
            }
            Move::Waits(span) => {
                self.pane.now = self.pane.now.plus(span);
                let mut calls = 0;
                while self.pane.control.next_deadline().is_some_and(|next| next <= self.pane.now) {
                    assert!(self.play(None, Event::Clock), "something is due and nothing ends");
                    calls += 1;
                    assert!(calls < 1000, "the clock never comes to rest");
                }
                assert!(!self.play(None, Event::Clock), "nothing is due and something ends");
            }
            Move::Comes(who, presence, told) => {
                let before = self.pane.crowd.people[&who].presence;
                self.pane.crowd.set(who, presence);
                if told || presence.is_none() {
                    let event = match (before, presence) {
                        (_, Some(Presence::Live)) => Event::Resume,
                        (_, Some(Presence::Stale)) => Event::Stale,
                        (_, None) => Event::Detach,
                    };
                    self.play(Some(who), event);
                }
            }
            Move::May(who, may) => self.pane.crowd.people.get_mut(&who).unwrap().may_write = may,
            Move::Decides(who, yes) => {
                let proposal = self.pane.control.proposals.last().map_or(1, |staged| staged.id);
                self.play(Some(who), if yes { Event::Approve { proposal } } else { Event::Reject { proposal, reason: None } });
            }
            Move::Proposes(who, old, secret) => {
                let epoch = self.pane.control.epoch - old.min(self.pane.control.epoch - 1);
                self.play(Some(who), Event::Propose { epoch, bytes: vec![b'x'; 3], secret });
            }
        }
    }
}

/// The same with secret bytes gone, as a journal has it.
fn redacted(mut control: Control) -> Control {
    for staged in control.proposals.iter_mut().filter(|staged| staged.secret) {
        staged.bytes.clear();
    }
    control
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn real_and_naive_agree_step_by_step_and_the_journal_with_both(
        moves in proptest::collection::vec(any_move(), 100..400), end in any::<bool>(),
    ) {
        let mut both = Both { pane: Pane::new(), model: Model::new(), ends: BTreeMap::new() };
        for (at, action) in moves.into_iter().enumerate() {
            let lines = both.pane.lines.len();
            both.turn(action);
            // Folding all of it after each step would be quadratic: each step is folded onto the last, the whole now and then.
            if both.pane.lines.len() > lines && at % 16 == 0 {
                assert_eq!(both.pane.folded(), redacted(both.pane.control.clone()), "I11");
            }
        }
        if end {
            both.play(None, Event::Ended(End::Killed));
            both.turn(Move::Does(ANN, acquire()));
        }
        assert_eq!(both.pane.folded(), redacted(both.pane.control.clone()), "I11");
        let text = both.pane.control.to_string();
        assert_eq!(text.parse::<Control>().unwrap(), both.pane.control);
        let stored = minicbor::to_vec(&both.pane.control).unwrap();
        assert_eq!(minicbor::decode::<Control>(&stored).unwrap(), both.pane.control);
    }
}

/// How often the random sequences do each thing: if one is never done, they prove nothing about it.
#[test]
fn random_sequences_reach_every_kind_of_entry() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let moves = proptest::collection::vec(any_move(), 300);
    let mut seen: BTreeMap<&'static str, u32> = BTreeMap::new();
    for _ in 0..40 {
        let mut both = Both { pane: Pane::new(), model: Model::new(), ends: BTreeMap::new() };
        for action in moves.new_tree(&mut runner).unwrap().current() {
            both.turn(action);
        }
        for line in &both.pane.lines {
            *seen.entry(Record::from_line(line).unwrap().entry.fact.name()).or_default() += 1;
        }
    }
    println!("{seen:?}");
    for name in [
        "operator.attached",
        "operator.stale",
        "operator.resumed",
        "operator.detached",
        "operator.lost",
        "control.acquired",
        "control.requested",
        "control.granted",
        "control.denied",
        "control.cancelled",
        "control.offered",
        "control.accepted",
        "control.declined",
        "control.withdrawn",
        "control.released",
        "control.taken",
        "control.handed_back",
        "control.forced",
        "control.revoked",
        "control.expired",
        "control.reserved",
        "control.mode_changed",
        "control.restored",
        "input.accepted",
        "proposal.staged",
        "proposal.approved",
        "proposal.denied",
        "proposal.expired",
    ] {
        assert!(seen.contains_key(name), "{name} never happens");
    }
}
