//! A naive model of control: the specification's table again, row by row, as guards and changes of a plain record. It shares no code with the room under
//! test but the names of events, keeps no journal, and does not say why it refuses.
//!
//! Where the real one derives (what a new tenure drops, who is suspended) the model says it in every row, at length.

use super::*;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub id: u64,
    pub who: u64,
    pub until: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    pub id: u64,
    pub from: u64,
    pub to: u64,
    pub until: u64,
    pub ttl: Option<u64>,
    pub supervised: bool,
}

/// A tenure: whose, how long, on what terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    pub who: u64,
    pub ttl: Option<u64>,
    pub until: Option<u64>,
    pub lease: bool,
    pub supervised: bool,
    pub grace: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub mode: &'static str,
    pub epoch: u64,
    pub tenure: Option<Tenure>,
    pub offer: Option<Deal>,
    pub asks: Vec<Ask>,
    /// Who, whether by a restart, and the tenure it had.
    pub suspended: Option<(u64, bool, Tenure)>,
    pub reserved: Option<u64>,
    /// Number, whose, what, until when.
    pub staged: Vec<(u64, u64, Vec<u8>, u64)>,
    pub given: Vec<u64>,
    pub next: u64,
    pub closed: bool,
}

impl Model {
    pub fn new() -> Self {
        Self {
            mode: "shared",
            epoch: 1,
            tenure: None,
            offer: None,
            asks: vec![],
            suspended: None,
            reserved: None,
            staged: vec![],
            given: vec![BOT.0],
            next: 1,
            closed: false,
        }
    }

    /// The real state in the model's terms.
    pub fn of(control: &Control) -> Self {
        let tenure = |hold: &Hold| Tenure {
            who: hold.operator.id.0,
            ttl: hold.ttl_ms,
            until: hold.until.map(|until| until.0),
            lease: hold.renews,
            supervised: hold.supervised,
            grace: hold.grace_until.map(|until| until.0),
        };
        Self {
            mode: control.mode.word(),
            epoch: control.epoch,
            tenure: control.holder.as_ref().map(tenure),
            offer: control.offer.as_ref().map(|offer| Deal {
                id: offer.id,
                from: offer.from.id.0,
                to: offer.to.id.0,
                until: offer.until.0,
                ttl: offer.ttl_ms,
                supervised: offer.supervised,
            }),
            asks: control.queue.iter().map(|ask| Ask { id: ask.id, who: ask.operator.id.0, until: ask.until.0 }).collect(),
            suspended: control.suspended.as_ref().map(|s| (s.hold.operator.id.0, s.why == Suspension::Restart, tenure(&s.hold))),
            reserved: control.reserved_for.map(|human| human.0),
            staged: control.proposals.iter().map(|p| (p.id, p.operator.id.0, p.bytes.clone(), p.until.0)).collect(),
            given: control.given.iter().map(|given| given.0).collect(),
            next: control.next_id,
            closed: control.closed,
        }
    }
}

/// The crowd as the model asks it: small questions with a yes or no.
pub struct Asking<'a> {
    pub crowd: &'a Crowd,
    pub now: u64,
}

impl Asking<'_> {
    fn person(&self, who: u64) -> &Person {
        &self.crowd.people[&OperatorId(who)]
    }
    fn human(&self, who: u64) -> bool {
        self.person(who).kind == Kind::Human
    }
    fn live(&self, who: u64) -> bool {
        self.person(who).presence == Some(Presence::Live)
    }
    fn observer(&self, who: u64) -> bool {
        self.person(who).role == Role::Observer
    }
    fn admin(&self, who: u64) -> bool {
        self.person(who).role == Role::Admin
    }
    /// Whether it may write, given the pane or not.
    fn writes(&self, who: u64, given: bool) -> bool {
        let person = self.person(who);
        let by_kind = match person.kind {
            Kind::Human | Kind::Service => true,
            Kind::Agent | Kind::Device => given,
        };
        by_kind && person.may_write && !self.observer(who)
    }
    fn takes(&self, who: u64) -> bool {
        self.human(who) && !self.observer(who)
    }
    fn gives(&self, who: u64, given: bool) -> bool {
        !self.observer(who)
            && match self.person(who).kind {
                Kind::Human => true,
                Kind::Agent | Kind::Device => given,
                Kind::Service => false,
            }
    }
}

const LEASE: u64 = 60_000;

impl Model {
    fn holder(&self) -> Option<u64> {
        self.tenure.as_ref().map(|tenure| tenure.who)
    }
    fn has(&self, who: u64) -> bool {
        self.given.contains(&who) || self.holder() == Some(who)
    }
    fn is_suspended(&self, who: u64) -> bool {
        self.suspended.as_ref().is_some_and(|(whom, ..)| *whom == who)
    }
    fn ask_of(&self, who: u64) -> Option<u64> {
        self.asks.iter().find(|ask| ask.who == who).map(|ask| ask.id)
    }

    /// E+, before the new holder is put in.
    fn epoch_grows(&mut self) {
        self.epoch += 1;
        self.offer = None;
        self.staged.clear();
        if let Some(old) = self.tenure.take()
            && old.supervised
        {
            self.given.retain(|who| *who != old.who);
        }
    }

    fn becomes_vacant(&mut self) {
        self.epoch_grows();
        self.mode = "held";
    }

    fn becomes_held(&mut self, tenure: Tenure, giving: bool, human: bool) {
        let who = tenure.who;
        self.epoch_grows();
        self.mode = "held";
        self.asks.retain(|ask| ask.who != who);
        self.reserved = None;
        self.suspended = match self.suspended.take() {
            Some((whom, ..)) if whom == who => None,
            Some((whom, _, had)) => Some((whom, false, had)),
            None => None,
        };
        if giving && !human {
            self.given.retain(|given| *given != who);
            self.given.push(who);
        }
        self.tenure = Some(tenure);
    }

    fn suspends(&mut self, ask: &Asking<'_>, by_restart: bool) {
        let Some(old) = self.tenure.clone().filter(|old| !ask.human(old.who)) else { return };
        if !by_restart {
            self.given.retain(|who| *who != old.who);
        }
        if let Some((before, ..)) = self.suspended.take()
            && before != old.who
        {
            self.given.retain(|who| *who != before);
        }
        self.suspended = Some((old.who, by_restart, old));
    }

    fn forever(who: u64) -> Tenure {
        Tenure { who, ttl: None, until: None, lease: false, supervised: false, grace: None }
    }

    fn own_lease(ask: &Asking<'_>, who: u64, wish: Option<u64>) -> Tenure {
        if ask.human(who) {
            return Self::forever(who);
        }
        let ttl = wish.unwrap_or(LEASE).min(LEASE);
        Tenure { ttl: Some(ttl), until: Some(ask.now + ttl), lease: true, ..Self::forever(who) }
    }

    fn handed(&self, ask: &Asking<'_>, giver: u64, who: u64, ttl: Option<u64>, supervised: bool) -> Tenure {
        if ask.human(who) {
            return Self::forever(who);
        }
        if ask.human(giver) {
            return Tenure { ttl, until: ttl.map(|ttl| ask.now + ttl), supervised, ..Self::forever(who) };
        }
        let mut tenure = Tenure { supervised, ..Self::own_lease(ask, who, ttl) };
        if let Some(own) = self.tenure.as_ref().filter(|own| own.who == giver) {
            tenure.supervised |= own.supervised;
            if let (Some(end), false) = (own.until, own.lease) {
                let left = end.saturating_sub(ask.now).min(tenure.ttl.unwrap());
                tenure = Tenure { ttl: Some(left), until: Some(ask.now + left), lease: false, ..tenure };
            }
        }
        tenure
    }

    fn could_acquire(&self, ask: &Asking<'_>, who: u64) -> bool {
        let free = self.mode != "locked" && self.tenure.is_none();
        if ask.human(who) {
            return free && ask.writes(who, true);
        }
        let waits = |other: &Ask| ask.live(other.who) && ask.writes(other.who, self.has(other.who)) && !self.is_suspended(other.who);
        free && ask.writes(who, self.has(who))
            && !self.is_suspended(who)
            && self.reserved.is_none()
            && (self.mode == "held" || self.has(who))
            && !self.asks.iter().take_while(|other| other.who != who).any(waits)
    }

    /// T8's guard: "by the holder, by a human with take where a non-human holds or the pane is vacant or shared, or by admin".
    fn gives_control(&self, ask: &Asking<'_>, who: u64) -> bool {
        match self.holder() {
            Some(holder) if holder == who => ask.gives(who, true),
            Some(holder) => ask.human(who) && (ask.admin(who) || (ask.takes(who) && !ask.human(holder))),
            None => ask.takes(who) || ask.admin(who) && (ask.human(who) || self.reserved.is_none()),
        }
    }

    /// Whom a human suspended, only a human lets on again.
    fn past_a_human(&self, ask: &Asking<'_>, giver: u64, heir: u64) -> bool {
        self.is_suspended(heir) && !ask.human(giver)
    }

    fn over_a_human(&self, ask: &Asking<'_>, who: u64, heir: u64) -> bool {
        self.holder().is_some_and(|holder| holder != who && ask.human(holder)) && !ask.human(heir)
    }

    /// Plays an event: the name of its journal entry, or none if it is refused; then nothing has changed.
    pub fn play(&mut self, ask: &Asking<'_>, who: Option<OperatorId>, event: &Event) -> Option<&'static str> {
        if self.closed {
            return None;
        }
        let Some(who) = who.map(|who| who.0) else { return self.by_nobody(ask, event) };
        match event {
            Event::Attach | Event::Stale | Event::Resume | Event::Prove | Event::Detach | Event::Lost | Event::Wrote { .. } => {
                self.by_anybody(ask, who, event)
            }
            _ if !ask.live(who) => None,
            Event::Acquire { .. } | Event::Request { .. } | Event::Cancel | Event::Grant { .. } | Event::Deny { .. } => {
                self.t5_to_t9(ask, who, event)
            }
            Event::Offer { .. } | Event::Accept | Event::Decline | Event::Withdraw => self.t10_t11(ask, who, event),
            Event::Propose { .. } | Event::Approve { .. } | Event::Reject { .. } => self.t20_t21(ask, who, event),
            _ => self.t12_to_t19(ask, who, event),
        }
    }

    fn leaves(&mut self, who: u64) {
        self.asks.retain(|other| other.who != who);
        self.offer = self.offer.take().filter(|offer| offer.to != who && offer.from != who);
        if self.holder() == Some(who) {
            self.becomes_vacant();
        }
    }

    fn gone(&mut self, ask: &Asking<'_>, who: u64, lost: bool) -> &'static str {
        let held = self.holder() == Some(who);
        self.leaves(who);
        match (lost, held && ask.human(who)) {
            (false, _) => "operator.detached",
            (true, false) => "operator.lost",
            (true, true) => {
                self.reserved = Some(who);
                "control.reserved"
            }
        }
    }

    fn by_anybody(&mut self, ask: &Asking<'_>, who: u64, event: &Event) -> Option<&'static str> {
        let holds = self.holder() == Some(who);
        let graced = self.tenure.as_ref().is_some_and(|tenure| tenure.grace.is_some());
        match event {
            Event::Attach | Event::Resume if holds && graced => {
                self.tenure.as_mut().unwrap().grace = None;
                Some("operator.resumed")
            }
            Event::Attach => Some("operator.attached"),
            Event::Stale if holds && !graced => {
                let grace = if ask.human(who) { 30_000 } else { 15_000 };
                self.tenure.as_mut().unwrap().grace = Some(ask.now + grace);
                Some("operator.stale")
            }
            Event::Prove => {
                let (whom, by_restart, had) = self.suspended.clone()?;
                let vacant = self.mode == "held" && self.tenure.is_none() && self.reserved.is_none();
                if whom != who || !by_restart || !vacant || !ask.live(who) || !ask.writes(who, true) {
                    return None;
                }
                let until = if had.lease { had.ttl.map(|ttl| ask.now + ttl) } else { had.until };
                self.becomes_held(Tenure { until, grace: None, ..had }, false, false);
                Some("operator.resumed")
            }
            Event::Detach | Event::Lost => {
                let offers = self.offer.as_ref().is_some_and(|offer| offer.to == who || offer.from == who);
                (holds || offers || self.ask_of(who).is_some()).then(|| self.gone(ask, who, *event == Event::Lost))
            }
            Event::Wrote { .. } => {
                let may = self.mode == "shared" || (self.mode == "held" && holds);
                if !may || self.tenure.as_ref().is_some_and(|tenure| tenure.supervised) {
                    return None;
                }
                self.renews(ask);
                Some("input.accepted")
            }
            _ => None,
        }
    }

    fn renews(&mut self, ask: &Asking<'_>) {
        if let Some(tenure) = self.tenure.as_mut().filter(|tenure| tenure.lease) {
            tenure.until = tenure.ttl.map(|ttl| ask.now + ttl);
        }
    }

    fn t5_to_t9(&mut self, ask: &Asking<'_>, who: u64, event: &Event) -> Option<&'static str> {
        match event {
            Event::Acquire { ttl_ms } => self.could_acquire(ask, who).then(|| {
                self.becomes_held(Self::own_lease(ask, who, *ttl_ms), false, ask.human(who));
                "control.acquired"
            }),
            Event::Request { .. } => {
                let wants = self.mode != "locked" && self.holder() != Some(who) && self.ask_of(who).is_none();
                (wants && !self.could_acquire(ask, who)).then(|| {
                    self.asks.push(Ask { id: self.next, who, until: ask.now + 120_000 });
                    self.next += 1;
                    "control.requested"
                })
            }
            Event::Cancel => {
                let id = self.ask_of(who)?;
                self.asks.retain(|other| other.id != id);
                Some("control.cancelled")
            }
            Event::Grant { to, terms } => {
                let ok = self.ask_of(to.0).is_some()
                    && self.mode != "locked"
                    && to.0 != who
                    && self.gives_control(ask, who)
                    && ask.writes(who, self.has(who))
                    && ask.live(to.0)
                    && ask.writes(to.0, true)
                    && !self.over_a_human(ask, who, to.0)
                    && !self.past_a_human(ask, who, to.0);
                ok.then(|| {
                    let tenure = self.handed(ask, who, to.0, terms.ttl_ms, terms.supervised);
                    self.becomes_held(tenure, true, ask.human(to.0));
                    "control.granted"
                })
            }
            Event::Deny { to, .. } => {
                let id = self.ask_of(to.0).filter(|_| self.gives_control(ask, who))?;
                self.asks.retain(|other| other.id != id);
                Some("control.denied")
            }
            _ => None,
        }
    }

    fn t10_t11(&mut self, ask: &Asking<'_>, who: u64, event: &Event) -> Option<&'static str> {
        if let Event::Offer { to, terms, .. } = event {
            let mine = self.holder() == Some(who) || (self.tenure.is_none() && ask.human(who));
            let ok = mine
                && self.mode != "locked"
                && ask.gives(who, true)
                && ask.writes(who, true)
                && self.offer.is_none()
                && to.0 != who
                && ask.live(to.0)
                && ask.writes(to.0, true)
                && !self.past_a_human(ask, who, to.0);
            return ok.then(|| {
                let promised = self.handed(ask, who, to.0, terms.ttl_ms, terms.supervised);
                let deal = Deal {
                    id: self.next,
                    from: who,
                    to: to.0,
                    until: ask.now + 30_000,
                    ttl: promised.ttl,
                    supervised: promised.supervised,
                };
                self.next += 1;
                self.offer = Some(deal);
                if ask.human(who) {
                    self.reserved = None;
                }
                "control.offered"
            });
        }
        let deal = self.offer.clone()?;
        match event {
            Event::Accept if deal.to == who && ask.writes(who, true) => {
                let tenure = self.handed(ask, deal.from, who, deal.ttl, deal.supervised);
                self.becomes_held(tenure, true, ask.human(who));
                Some("control.accepted")
            }
            Event::Decline if deal.to == who => {
                self.offer = None;
                Some("control.declined")
            }
            Event::Withdraw if deal.from == who => {
                self.offer = None;
                Some("control.withdrawn")
            }
            _ => None,
        }
    }

    fn t12_to_t19(&mut self, ask: &Asking<'_>, who: u64, event: &Event) -> Option<&'static str> {
        let holder = self.holder();
        let over_lower = holder.is_some_and(|holder| ask.human(who) && !ask.human(holder));
        match event {
            Event::Release(to) if holder == Some(who) => {
                let can = |other: &&Ask| ask.live(other.who) && ask.writes(other.who, true) && !self.past_a_human(ask, who, other.who);
                let next = self.asks.iter().find(can).map(|other| other.who);
                match (to, next) {
                    (Release::Next, _) if !ask.gives(who, true) => return None,
                    (Release::Next, Some(next)) => {
                        let tenure = self.handed(ask, who, next, None, false);
                        self.becomes_held(tenure, true, ask.human(next));
                    }
                    (Release::Vacant, _) => self.becomes_vacant(),
                    (Release::Shared | Release::Next, _) => {
                        self.epoch_grows();
                        self.mode = "shared";
                    }
                }
                Some("control.released")
            }
            Event::Take if holder.is_none() && ask.human(who) => self.t5_to_t9(ask, who, &Event::Acquire { ttl_ms: None }),
            Event::Take if over_lower && ask.takes(who) && ask.writes(who, true) => {
                self.suspends(ask, false);
                self.becomes_held(Self::forever(who), false, true);
                Some("control.taken")
            }
            Event::HandBack { terms, .. } => {
                let (whom, _, had) = self.suspended.clone()?;
                let ok = ask.human(who)
                    && self.mode != "locked"
                    && self.gives_control(ask, who)
                    && ask.writes(who, true)
                    && ask.live(whom)
                    && ask.writes(whom, true)
                    && !self.over_a_human(ask, who, whom);
                ok.then(|| {
                    let tenure = self.handed(ask, who, whom, terms.ttl_ms, terms.supervised || had.supervised);
                    self.becomes_held(tenure, true, false);
                    "control.handed_back"
                })
            }
            Event::Force { reason } => {
                let ok = ask.human(who)
                    && ask.admin(who)
                    && ask.writes(who, true)
                    && self.mode != "locked"
                    && holder != Some(who)
                    && !reason.trim().is_empty();
                ok.then(|| {
                    self.suspends(ask, false);
                    self.becomes_held(Self::forever(who), false, true);
                    "control.forced"
                })
            }
            Event::Revoke { .. } => {
                let whom = holder.filter(|holder| *holder != who)?;
                (ask.human(who) && (ask.admin(who) || (over_lower && ask.takes(who)))).then(|| {
                    self.given.retain(|given| *given != whom);
                    self.becomes_vacant();
                    "control.revoked"
                })
            }
            Event::SetMode(mode) => {
                let rules = ask.admin(who) && (ask.human(who) || (holder == Some(who) && *mode != Mode::Locked));
                (rules && mode.word() != self.mode).then(|| {
                    self.epoch_grows();
                    self.mode = mode.word();
                    self.reserved = None;
                    if *mode != Mode::Held {
                        self.asks.clear();
                    }
                    "control.mode_changed"
                })
            }
            Event::Supervise(on) => {
                let approves = ask.takes(who);
                let tenure = self.tenure.as_mut().filter(|tenure| approves && !ask.human(tenure.who) && tenure.supervised != *on)?;
                tenure.supervised = *on;
                self.staged.clear();
                Some("control.mode_changed")
            }
            _ => None,
        }
    }

    fn t20_t21(&mut self, ask: &Asking<'_>, who: u64, event: &Event) -> Option<&'static str> {
        match event {
            Event::Propose { epoch, bytes, secret } => {
                let tenure = self.tenure.as_ref().filter(|tenure| tenure.who == who)?;
                let ok = *epoch == self.epoch
                    && !ask.human(who)
                    && (tenure.supervised || *secret)
                    && ask.writes(who, true)
                    && !bytes.is_empty()
                    && self.staged.len() < 16;
                ok.then(|| {
                    self.staged.push((self.next, who, bytes.clone(), ask.now + 60_000));
                    self.next += 1;
                    "proposal.staged"
                })
            }
            Event::Approve { proposal } => {
                let at = self.staged.iter().position(|staged| staged.0 == *proposal)?;
                // Approving is a right of humans who take part; the proposer is none of them.
                ask.takes(who).then(|| {
                    self.staged.remove(at);
                    self.renews(ask);
                    "proposal.approved"
                })
            }
            Event::Reject { proposal, .. } => {
                let at = self.staged.iter().position(|staged| staged.0 == *proposal)?;
                (ask.takes(who) || self.staged[at].1 == who).then(|| {
                    self.staged.remove(at);
                    "proposal.denied"
                })
            }
            _ => None,
        }
    }

    fn by_nobody(&mut self, ask: &Asking<'_>, event: &Event) -> Option<&'static str> {
        match event {
            Event::PolicyChanged => {
                let holder = self.holder().filter(|holder| !ask.writes(*holder, true))?;
                self.given.retain(|given| *given != holder);
                self.becomes_vacant();
                Some("control.revoked")
            }
            Event::Ended(end) => {
                let epoch = self.epoch + u64::from(self.mode == "held");
                let mode = if self.mode == "locked" { "locked" } else { "shared" };
                *self = Self { epoch, mode, next: self.next, given: vec![], closed: true, ..Self::new() };
                Some(match end {
                    End::Exited { .. } => "pane.exited",
                    End::Killed => "pane.killed",
                    End::Lost => "pane.lost",
                })
            }
            Event::Restarted => {
                self.suspends(ask, true);
                self.epoch += 1;
                self.offer = None;
                self.staged.clear();
                self.tenure = self.tenure.take().filter(|tenure| ask.human(tenure.who));
                if let Some(tenure) = &mut self.tenure {
                    tenure.grace = tenure.grace.or(Some(ask.now + 30_000));
                }
                Some("control.restored")
            }
            Event::Clock => self.time(ask),
            _ => None,
        }
    }

    /// The first thing that is due: of several at one moment, proposals, offer, requests, hold, grace.
    fn time(&mut self, ask: &Asking<'_>) -> Option<&'static str> {
        let tenure = self.tenure.clone();
        let hold = tenure.as_ref().and_then(|tenure| tenure.until);
        let grace = tenure.as_ref().and_then(|tenure| tenure.grace);
        let staged = self.staged.iter().map(|staged| staged.3).min();
        let offer = self.offer.as_ref().map(|offer| offer.until);
        let asks = self.asks.iter().map(|other| other.until).min();
        let first = [staged, offer, asks, hold, grace].into_iter().flatten().min().filter(|first| *first <= ask.now);
        let first = Some(first?);
        if staged == first {
            let at = self.staged.iter().position(|staged| Some(staged.3) == first)?;
            self.staged.remove(at);
            Some("proposal.expired")
        } else if offer == first {
            self.offer = None;
            Some("control.expired")
        } else if asks == first {
            let at = self.asks.iter().position(|other| Some(other.until) == first)?;
            self.asks.remove(at);
            Some("control.expired")
        } else if hold == first {
            self.becomes_vacant();
            Some("control.expired")
        } else {
            Some(self.gone(ask, tenure?.who, true))
        }
    }
}
