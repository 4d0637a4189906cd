//! Every state of a small bound, by breadth first: two humans (one an admin), two agents (one was given the pane), each of the first three here or not; at most
//! two requests, one offer, one proposal; supervision, leases and holds without end, restarts, deadlines that may pass in any order; and in each state a frame of
//! each of them under the present epoch and under an older one.
//!
//! Epochs, numbers and moments are unbounded, so two states that differ in nothing else count as one ([`canonical`]): numbers are given anew in their order, a
//! frame's epoch is the present one or an older one, and a deadline is one that may pass. That the epoch grows at each change, and numbers only grow, is
//! checked on the real transition before it is forgotten.

use std::collections::{HashMap, HashSet, VecDeque};

use super::*;

/// The one that may rule is always here: what it can do from anywhere is what L5 is about.
const COMING_AND_GOING: [OperatorId; 3] = [ANN, BOT, CAB];
const EVERYBODY: [OperatorId; 4] = [ANN, EVE, BOT, CAB];
const NOW: Millis = Millis(1_000_000);
const EPOCH: u64 = 100;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    control: Control,
    /// Who of [`COMING_AND_GOING`] answers.
    here: [bool; 3],
}

/// The same state with epochs, numbers and texts that count from the same point.
fn canonical(mut state: State) -> State {
    let control = &mut state.control;
    control.epoch = EPOCH;
    let plain = |hold: &mut Hold| {
        hold.via = Via::Acquire;
        hold.granted_by = None;
        hold.since = NOW;
    };
    control.holder.iter_mut().for_each(plain);
    if let Some(suspended) = &mut control.suspended {
        plain(&mut suspended.hold);
        suspended.hold.grace_until = None;
        if suspended.why == Suspension::Taken {
            // Of what was taken only this is asked for again.
            suspended.hold = Hold { ttl_ms: None, until: None, renews: false, ..suspended.hold };
        }
    }
    let mut next = 1;
    let mut number = |id: &mut u64| {
        *id = next;
        next += 1;
    };
    control.queue.iter_mut().for_each(|request| number(&mut request.id));
    control.offer.iter_mut().for_each(|offer| number(&mut offer.id));
    control.proposals.iter_mut().for_each(|proposal| number(&mut proposal.id));
    control.next_id = next;
    control.given.sort_unstable();
    state
}

/// How far an exploration goes.
#[derive(Debug, Clone, Copy)]
struct Bound {
    /// How many requests may wait.
    requests: usize,
    /// Whether there are offers.
    offers: bool,
    /// Whether there is supervision, with a proposal.
    proposals: bool,
    /// Who of [`COMING_AND_GOING`] comes and goes.
    come_and_go: [bool; 3],
}

struct Explorer {
    no_rights: Granted,
    crowds: HashMap<[bool; 3], Crowd>,
    bound: Bound,
}

type Step = (State, Effects, State);

impl Explorer {
    fn new(bound: Bound) -> Self {
        let mut crowds = HashMap::new();
        for n in 0..8_u8 {
            let here = [n & 1 != 0, n & 2 != 0, n & 4 != 0];
            let mut crowd = Crowd { names_no_rules: true, ..Crowd::new() };
            for (who, here) in COMING_AND_GOING.iter().zip(here) {
                crowd.set(*who, here.then_some(Presence::Live).or(Some(Presence::Stale)));
            }
            crowds.insert(here, crowd);
        }
        Self { crowds, bound, no_rights: nothing() }
    }

    fn step(&self, state: &State, who: Option<OperatorId>, event: &Event) -> Option<(Control, Effects)> {
        self.try_step(&state.control, &self.crowds[&state.here], who, event).ok()
    }

    fn try_step(&self, control: &Control, crowd: &Crowd, who: Option<OperatorId>, event: &Event) -> Result<(Control, Effects), Refusal> {
        let by = By { operator: who, attachment: None, on_behalf_of: None, cause: Cause::Command };
        step(control, &World { people: crowd, times: &Times::DEFAULT, now: NOW }, &by, event)
    }

    /// All that can happen in a state, within the bound.
    fn next(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut go = |from: &State, who: Option<OperatorId>, event: &Event, here: [bool; 3]| {
            if let Some((control, effects)) = self.step(&State { here, ..from.clone() }, who, event) {
                steps.push((from.clone(), effects, State { control, here }));
            }
        };
        let control = &state.control;
        for who in EVERYBODY {
            let mut events = vec![acquire(), Event::Cancel, Event::Accept, Event::Decline, Event::Withdraw, Event::Take, hand_back()];
            events.extend([Event::Release(Release::Shared), Event::Release(Release::Vacant), Event::Release(Release::Next)]);
            events.extend([force(), Event::Revoke { reason: None }, Event::SetMode(Mode::Shared), Event::SetMode(Mode::Held)]);
            events.push(Event::SetMode(Mode::Locked));
            if control.queue.len() < self.bound.requests && who != EVE {
                events.push(Event::Request { why: String::new() });
            }
            for to in COMING_AND_GOING {
                // Only what is given to BOT is supervised.
                events.extend([grant(to), Event::Deny { to, reason: None }]);
                if self.bound.offers {
                    events.push(offer(to));
                }
            }
            if self.bound.proposals {
                events.extend([Event::Supervise(true), Event::Supervise(false)]);
                if self.bound.offers {
                    events.push(supervised(BOT));
                }
            }
            if self.bound.proposals && control.proposals.is_empty() {
                events.push(Event::Propose { epoch: control.epoch, bytes: b"x".to_vec(), secret: false });
                events.push(Event::Propose { epoch: control.epoch - 1, bytes: b"x".to_vec(), secret: true });
            }
            for staged in &control.proposals {
                events.extend([Event::Approve { proposal: staged.id }, Event::Reject { proposal: staged.id, reason: None }]);
            }
            events.iter().for_each(|event| go(state, Some(who), event, state.here));
        }
        go(state, None, &Event::Restarted, state.here);
        // Coming and going.
        for (at, who) in COMING_AND_GOING.into_iter().enumerate() {
            let mut here = state.here;
            here[at] = !here[at];
            if !self.bound.come_and_go[at] {
                continue;
            }
            let event = if here[at] { Event::Resume } else { Event::Stale };
            if let Some((control, effects)) = self.step(&State { here, ..state.clone() }, Some(who), &event) {
                steps.push((state.clone(), effects, State { control, here }));
            } else {
                // Nothing of this pane's concern, and still another state of the world.
                let note = Entry::note(NOW, control.epoch, None, Cause::Connection, Fact::PolicyChanged);
                let nothing =
                    Effects { entry: note, discard: None, settle: None, write: None, cards: vec![], notices: vec![], roster: true };
                steps.push((state.clone(), nothing, State { here, control: control.clone() }));
            }
            for event in [Event::Prove, Event::Detach, Event::Lost] {
                let here = if event == Event::Prove { state.here } else { here };
                if (event == Event::Prove || !here[at])
                    && let Some((control, effects)) = self.step(&State { here, ..state.clone() }, Some(who), &event)
                {
                    steps.push((state.clone(), effects, State { control, here }));
                }
            }
        }
        for due in Self::due(control) {
            let due = State { control: due, ..state.clone() };
            if let Some((control, effects)) = self.step(&due, None, &Event::Clock) {
                steps.push((due, effects, State { control, here: state.here }));
            }
        }
        steps
    }

    /// The state once for each deadline in it, with that one past.
    fn due(control: &Control) -> Vec<Control> {
        let mut due = Vec::new();
        let mut with = |change: &dyn Fn(&mut Control)| {
            let mut control = control.clone();
            change(&mut control);
            due.push(control);
        };
        for at in 0..control.queue.len() {
            with(&|control| control.queue[at].until = NOW);
        }
        for at in 0..control.proposals.len() {
            with(&|control| control.proposals[at].until = NOW);
        }
        if control.offer.is_some() {
            with(&|control| control.offer.iter_mut().for_each(|offer| offer.until = NOW));
        }
        if control.holder.is_some_and(|hold| hold.until.is_some()) {
            with(&|control| control.holder.iter_mut().for_each(|hold| hold.until = Some(NOW)));
        }
        if control.holder.is_some_and(|hold| hold.grace_until.is_some()) {
            with(&|control| control.holder.iter_mut().for_each(|hold| hold.grace_until = Some(NOW)));
        }
        due
    }

    /// What is true of each state, besides [`check`].
    fn safe(&self, state: &State) {
        let State { control, here } = state;
        let crowd = &self.crowds[here];
        for party in EVERYBODY.map(|who| crowd.party(who)) {
            let person = crowd.people[&party.id];
            let subject = Subject { kind: person.kind, name: "", role: person.role, given: control.is_given(party.id) };
            let granted = if crowd.standing(party.id, subject.given).unwrap().rights.has(Right::Input) {
                Granted::all()
            } else {
                self.no_rights.clone()
            };
            for (epoch, current) in [(control.epoch, true), (control.epoch - 1, false)] {
                let frame = Frame { epoch: Some(epoch), ..Frame::default() };
                let act = Act { operator: party, attachment: None, verb: Verb::Input, pane: None, frame };
                let verdict = decide(Some(control), &act, &granted, &Scene::default());
                let holds = control.is_held_by(party.id);
                match verdict {
                    // I2, I4, I6.
                    Verdict::Accepted { epoch } => {
                        assert!(current && epoch == control.epoch, "I6: {state:?}");
                        assert!(granted.rights.has(Right::Input), "I4: {state:?}");
                        assert!(control.mode == Mode::Shared || holds, "I2: {state:?}");
                        assert!(party.kind.is_human() || !control.is_supervised(), "I2: unapproved bytes: {state:?}");
                        assert!(is_current(control, party, epoch));
                    }
                    Verdict::Take { .. } => assert!(party.kind.is_human() && !control.holder.unwrap().operator.kind.is_human(), "I5"),
                    Verdict::Acquire { .. } => assert!(party.kind.is_human() && control.is_vacant()),
                    Verdict::Staged => assert!(holds && current && control.is_supervised()),
                    Verdict::Ask | Verdict::Ignored => panic!("not for keys: {state:?}"),
                    Verdict::Refused(_) => {}
                }
                assert!(current || !is_current(control, party, epoch), "I6 at the write: {state:?}");
            }
        }
    }

    /// What is true of each transition.
    fn right(&self, before: &State, effects: &Effects, after: &State) {
        let (old, new, entry) = (&before.control, &after.control, &effects.entry);
        let say = |what: &str| format!("{what}\n{entry:?}\nbefore: {old}\nafter: {new}");
        let restart = matches!(entry.fact, Fact::Restored { .. });
        let changed = old.holder_id() != new.holder_id() || old.mode != new.mode;
        assert_eq!(new.epoch, old.epoch + u64::from(changed || restart), "{}", say("I3"));
        assert_eq!((entry.epoch_before, entry.epoch_after), (old.epoch, new.epoch), "{}", say("I3"));
        assert!(!changed || (new.offer.is_none() && new.proposals.is_empty()), "{}", say("E+"));
        let human = |control: &Control| control.holder.is_some_and(|hold| hold.operator.kind.is_human());
        let actor = entry.actor.map(|actor| actor.id);
        let actor_is_human = entry.actor.is_some_and(|actor| actor.kind.is_human());
        if changed && let Some(hold) = new.holder.filter(|hold| !hold.operator.kind.is_human()) {
            let gave = actor == old.holder_id() || old.offer.as_ref().map(|offer| offer.from.id) == old.holder_id();
            assert!(!human(old) || gave, "{}", say("I5"));
            assert!(old.reserved_for.is_none() || actor_is_human, "{}", say("I17"));
            // "No automatic return": whom a human suspended comes back by a human's word alone.
            let back = old.suspended.is_some_and(|s| s.why == Suspension::Taken && s.hold.operator == hold.operator);
            let by_human = hold.granted_by.is_some_and(|giver| self.crowds[&before.here].people[&giver].kind.is_human());
            assert!(!back || by_human, "{}", say("no automatic return"));
            // Nor does it shed supervision by passing control around.
            let passed = old.holder.filter(|was| was.supervised && Some(was.operator.id) == hold.granted_by);
            assert!(passed.is_none() || hold.supervised, "{}", say("supervision"));
        }
        // I8: who gives can do what it gives.
        if let Fact::Granted { hold, .. } | Fact::HandedBack { hold, .. } = &entry.fact {
            let giver = hold.granted_by.unwrap();
            let rights = self.crowds[&before.here].standing(giver, old.is_given(giver)).unwrap().rights;
            assert!(rights.has(Right::Input), "{}", say("I8"));
        }
        // I13 and T20: bytes leave only by an approval, as they were, and not by the hand of who staged them.
        assert_eq!(effects.write.is_some(), matches!(entry.fact, Fact::Approved { .. }), "{}", say("I2"));
        if let Some(write) = &effects.write {
            let staged = old.proposals.iter().find(|staged| staged.id == write.proposal).unwrap();
            assert!(staged.bytes == write.bytes && actor_is_human && actor != Some(staged.operator.id), "{}", say("I13"));
        }
        // I14.
        assert!(!matches!(entry.fact, Fact::Offered { .. }) || old.holder == new.holder, "{}", say("I14"));
        // I10: numbers are given once.
        assert!(new.next_id >= old.next_id, "{}", say("I10"));
        // L4: a release to the next passes over nobody who could have it.
        if let Fact::Released { next: Some(next), .. } = &entry.fact {
            let free = |who| actor_is_human || !old.is_suspended(who);
            let live = |who| self.crowds[&before.here].standing(who, true).unwrap().is_live();
            let first = old.queue.iter().find(|request| live(request.operator.id) && free(request.operator.id));
            assert_eq!(first.map(|request| request.operator), Some(next.operator), "{}", say("L4"));
        }
        // The hazards: whoever could write and cannot go on is settled.
        if changed && let Some(was) = old.holder_id() {
            assert_eq!(effects.settle, Some(Settle::Of(was)), "{}", say("hazards"));
        }
        if changed {
            assert_eq!(effects.discard.map(|d| d.before_epoch), Some(new.epoch), "{}", say("discard"));
        }
    }

    /// L1 to L6 and I19: what must be reachable from here, in how many steps.
    fn alive(&self, state: &State) {
        let State { control, here } = state;
        let crowd = &self.crowds[here];
        let say = |what: &str| format!("{what}: {here:?} {control}");
        let does =
            |control: &Control, who: OperatorId, event: &Event| self.try_step(control, crowd, Some(who), event).ok().map(|done| done.0);
        // L1: a holder that does not answer has a deadline, and it frees the pane.
        if let Some(hold) = control.holder
            && !crowd.standing(hold.operator.id, true).unwrap().is_live()
        {
            assert!(hold.grace_until.is_some(), "{}", say("L1: no deadline"));
            let due = Self::due(control).pop().unwrap();
            let freed = self.try_step(&due, crowd, None, &Event::Clock).unwrap().0;
            assert!(freed.holder.is_none(), "{}", say("L1"));
        }
        // L2: take succeeds in one step, wherever no human holds.
        let human_holds = control.holder.is_some_and(|hold| hold.operator.kind.is_human());
        if here[0] && control.mode != Mode::Locked && !human_holds {
            assert!(does(control, ANN, &Event::Take).is_some_and(|taken| taken.is_held_by(ANN)), "{}", say("L2"));
        }
        // L3: everything that waits has an end that comes.
        for due in Self::due(control) {
            let (ended, effects) = self.try_step(&due, crowd, None, &Event::Clock).unwrap();
            let count = |control: &Control| {
                control.queue.len() + control.proposals.len() + usize::from(control.offer.is_some()) + usize::from(control.holder.is_some())
            };
            assert!(count(&ended) < count(&due), "{} {:?}", say("L3"), effects.entry);
        }
        // L4: nobody who does not answer stands in the way of those who do.
        if let Some(holder) = control.holder.map(|hold| hold.operator)
            && let Some(released) = does(control, holder.id, &Event::Release(Release::Next))
        {
            let could =
                |who: OperatorId| crowd.standing(who, true).unwrap().is_live() && (holder.kind.is_human() || !control.is_suspended(who));
            let first = control.queue.iter().map(|request| request.operator.id).find(|who| could(*who));
            assert_eq!(released.holder_id(), first, "{}", say("L4"));
        }
        // L5: an admin has control in two steps at most.
        let unlocked = does(control, EVE, &Event::SetMode(Mode::Shared));
        let within = |control: &Control| does(control, EVE, &force()).is_some_and(|forced| forced.is_held_by(EVE));
        assert!(control.is_held_by(EVE) || within(control) || unlocked.as_ref().is_some_and(within), "{}", say("L5"));
        // L6: a vacant pane that is not reserved can be had by somebody if somebody is here who may.
        if control.is_vacant() && control.reserved_for.is_none() {
            let eligible = COMING_AND_GOING.iter().filter(|who| {
                let standing = crowd.standing(**who, control.is_given(**who)).unwrap();
                standing.is_live() && standing.rights.has(Right::Input) && !control.is_suspended(**who)
            });
            let eligible: Vec<_> = eligible.collect();
            let got = eligible.iter().any(|who| does(control, **who, &acquire()).is_some());
            assert!(eligible.is_empty() || got, "{}", say("L6"));
        }
        // I19: all leave, and after what time ends nothing is pending.
        let nobody = &self.crowds[&[false; 3]];
        let mut left = control.clone();
        for who in EVERYBODY {
            left = self.try_step(&left, nobody, Some(who), &Event::Detach).map_or(left, |done| done.0);
        }
        assert!(left.holder.is_none() && left.queue.is_empty() && left.offer.is_none(), "{}", say("I19"));
        assert_eq!(left.next_deadline(), None, "{}", say("I19"));
    }
}

fn nothing() -> Granted {
    Policy { rules: vec![] }.rights(&Subject { kind: Kind::Agent, name: "", role: Role::Observer, given: false }, &Place::ANYWHERE)
}

/// Goes through everything within the bound; how many states there were.
fn explore(bound: Bound) -> usize {
    let explorer = Explorer::new(bound);
    let mut control = Control::new();
    control.give(BOT);
    let first = canonical(State { control, here: [true; 3] });
    let mut seen = HashSet::from([first.clone()]);
    let mut waiting = VecDeque::from([first]);
    let mut transitions = 0_u64;
    while let Some(state) = waiting.pop_front() {
        explorer.safe(&state);
        explorer.alive(&state);
        for (before, effects, after) in explorer.next(&state) {
            transitions += 1;
            check(&after.control).unwrap();
            explorer.right(&before, &effects, &after);
            let after = canonical(after);
            if !seen.contains(&after) {
                seen.insert(after.clone());
                waiting.push_back(after);
            }
        }
    }
    println!("{bound:?}: {} states, {transitions} transitions", seen.len());
    seen.len()
}

#[test]
fn every_state_of_handing_over_and_supervision_is_safe_and_alive() {
    let states = explore(Bound { requests: 1, offers: true, proposals: true, come_and_go: [false, true, false] });
    assert!(states > 1_000, "the exploration does not get far: {states}");
}

#[test]
fn every_state_of_asking_and_leaving_is_safe_and_alive() {
    let states = explore(Bound { requests: 2, offers: false, proposals: false, come_and_go: [true, true, false] });
    assert!(states > 1_000, "the exploration does not get far: {states}");
}

#[test]
fn every_state_of_everything_is_safe_and_alive() {
    let states = explore(Bound { requests: 2, offers: true, proposals: true, come_and_go: [true; 3] });
    assert!(states > 50_000, "the exploration does not get far: {states}");
}
