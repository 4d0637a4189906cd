//! Each way to be refused, by name; and that each says what to do next.

use super::*;

/// Every refusal, to read all texts in one place.
fn all() -> Vec<Refusal> {
    vec![
        Refusal::NotHolder { holder: Some(BOT), epoch: 3 },
        Refusal::NotHolder { holder: None, epoch: 3 },
        Refusal::HeldBy { holder: ANN, epoch: 3 },
        Refusal::TakeoverOff { holder: BOT },
        Refusal::StaleEpoch { sent: 2, epoch: 3 },
        Refusal::StaleSeq { expected: 7, seq: 9 },
        Refusal::SecretPrompt,
        Refusal::Locked,
        Refusal::NoRight { right: Right::Input, rule: "the rule `agents write where they were let in`".into() },
        Refusal::JournalUnavailable,
        Refusal::Suspended,
        Refusal::Reserved { human: ANN },
        Refusal::Queued { operator: CAB },
        Refusal::NotLive { operator: CAB },
        Refusal::Unknown { operator: OperatorId(99) },
        Refusal::NotHuman { act: "approve" },
        Refusal::OwnProposal,
        Refusal::NothingPending { what: "offer" },
        Refusal::NotYours { what: "offer" },
        Refusal::Pending { what: "request" },
        Refusal::AlreadyHolder,
        Refusal::NotNeeded { next: "it is free, take it with `baton control acquire`" },
        Refusal::NoHolder,
        Refusal::ReasonRequired,
        Refusal::Full { what: "requests", max: REQUESTS_MAX },
        Refusal::TooLarge { bytes: 70_000, max: PROPOSAL_BYTES_MAX },
        Refusal::NotSupervised,
        Refusal::Supervised,
        Refusal::NotSizeAuthority,
        Refusal::Closed,
        Refusal::Nothing,
    ]
}

#[test]
fn texts_are_one_line_and_codes_are_of_the_closed_list() {
    let codes = "bad_token not_permitted not_holder held_by human_active stale_epoch stale_seq composer_busy secret_prompt prompt_changed approval_required \
                 approval_denied approval_expired agent_blocked not_ready not_at_prompt no_shell_integration pane_gone incarnation_mismatch cursor_expired \
                 timeout queue_full rate_limited too_large shutting_down journal_unavailable bad_request";
    for refusal in all() {
        let text = refusal.to_string();
        assert!(!text.contains('\n') && !text.ends_with('.') && !text.is_empty(), "{text}");
        assert!(codes.split_whitespace().any(|code| code == refusal.code()), "{}", refusal.code());
        assert!(serde_json::to_string(&refusal).unwrap().contains("\"reason\""));
    }
    let denied = Refusal::NoRight { right: Right::Input, rule: "the rule `night`".into() };
    assert_eq!(denied.to_string(), "the rule `night` does not allow `input` here; ask for control with `baton control request`");
    assert_eq!(Refusal::NotHolder { holder: None, epoch: 3 }.next(), Some("control.acquire"));
    assert_eq!(Refusal::NotHolder { holder: Some(BOT), epoch: 3 }.holder(), Some(BOT));
}

#[test]
fn held_by_another_of_equal_rank() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    for event in [acquire(), Event::Take, Event::Revoke { reason: None }] {
        let by_participant = OBS;
        pane.crowd.people.get_mut(&OBS).unwrap().role = Role::Participant;
        assert_eq!(pane.refused(by_participant, event), Refusal::HeldBy { holder: ANN, epoch: 2 });
    }
    assert!(matches!(pane.refused(VIM, Event::Release(Release::Shared)), Refusal::NotHolder { holder: Some(ANN), epoch: 2 }));
}

#[test]
fn who_does_not_answer_or_is_unknown_gets_nothing() {
    let mut pane = Pane::new();
    pane.crowd.set(ANN, Some(Presence::Stale));
    assert_eq!(pane.refused(ANN, acquire()), Refusal::NotLive { operator: ANN });
    assert_eq!(pane.refused(EVE, offer(ANN)), Refusal::NotLive { operator: ANN });
    assert_eq!(pane.refused(OperatorId(99), acquire()), Refusal::Unknown { operator: OperatorId(99) });
    assert_eq!(pane.refused(EVE, offer(OperatorId(99))), Refusal::Unknown { operator: OperatorId(99) });
}

#[test]
fn only_humans_take_approve_force_revoke_supervise_and_hand_back() {
    let mut pane = Pane::new();
    pane.act(ANN, supervised(BOT));
    pane.act(BOT, Event::Accept);
    pane.act(BOT, Event::Propose { epoch: 2, bytes: b"x".to_vec(), secret: false });
    for event in
        [Event::Take, force(), Event::Revoke { reason: None }, Event::Supervise(false), hand_back(), Event::Approve { proposal: 2 }]
    {
        for who in [VIM, CAB, ROOT] {
            assert!(matches!(pane.refused(who, event.clone()), Refusal::NotHuman { .. }), "{who} {event:?}");
        }
    }
    assert_eq!(pane.refused(BOT, Event::Approve { proposal: 2 }), Refusal::OwnProposal);
    assert!(matches!(pane.refused(CAB, Event::Reject { proposal: 2, reason: None }), Refusal::NotHuman { .. }));
    assert!(matches!(pane.refused(OBS, Event::Approve { proposal: 2 }), Refusal::NoRight { right: Right::Approve, .. }));
}

#[test]
fn what_is_not_there_cannot_be_answered() {
    let mut pane = Pane::new();
    for (event, what) in [
        (Event::Cancel, "request"),
        (grant(BOT), "request"),
        (Event::Deny { to: BOT, reason: None }, "request"),
        (Event::Accept, "offer"),
        (Event::Decline, "offer"),
        (Event::Withdraw, "offer"),
        (hand_back(), "suspended operator"),
        (Event::Approve { proposal: 1 }, "proposal"),
        (Event::Reject { proposal: 1, reason: None }, "proposal"),
    ] {
        assert_eq!(pane.refused(ANN, event), Refusal::NothingPending { what });
    }
    assert_eq!(pane.refused(ANN, Event::Revoke { reason: None }), Refusal::NoHolder);
    assert_eq!(pane.refused(ANN, Event::Supervise(true)), Refusal::NoHolder);
    assert_eq!(pane.refused(EVE, Event::SetMode(Mode::Shared)), Refusal::Nothing);
}

#[test]
fn what_is_open_already_is_not_opened_twice() {
    let mut pane = Pane::new();
    pane.act(CAB, request());
    assert_eq!(pane.refused(CAB, request()), Refusal::Pending { what: "request" });
    pane.act(ANN, offer(BOT));
    assert_eq!(pane.refused(EVE, offer(CAB)), Refusal::Pending { what: "offer" });
    assert_eq!(pane.refused(CAB, Event::Accept), Refusal::NotYours { what: "offer" });
    assert_eq!(pane.refused(EVE, Event::Withdraw), Refusal::NotYours { what: "offer" });
    assert!(matches!(pane.refused(ANN, request()), Refusal::NotNeeded { .. }), "she may type");
    assert!(matches!(pane.refused(ANN, offer(ANN)), Refusal::Pending { .. }));
    pane.act(ANN, acquire());
    for event in [acquire(), request(), Event::Take] {
        assert_eq!(pane.refused(ANN, event), Refusal::AlreadyHolder);
    }
    assert!(matches!(pane.refused(ANN, Event::Revoke { reason: None }), Refusal::NotNeeded { .. }));
    assert!(matches!(pane.refused(ANN, offer(ANN)), Refusal::NotNeeded { .. }));
    pane.act(EVE, force());
    assert_eq!(pane.refused(EVE, force()), Refusal::AlreadyHolder);
}

#[test]
fn nobody_grants_to_oneself_what_take_is_for() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.act(ANN, request());
    assert!(matches!(pane.refused(ANN, grant(ANN)), Refusal::NotNeeded { .. }));
}

#[test]
fn only_supervised_input_is_staged_and_not_too_much_of_it() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    let propose = |bytes: &[u8], secret| Event::Propose { epoch: 2, bytes: bytes.to_vec(), secret };
    assert_eq!(pane.refused(BOT, propose(b"x", false)), Refusal::NotSupervised);
    assert_eq!(pane.refused(CAB, propose(b"x", true)), Refusal::NotHolder { holder: Some(BOT), epoch: 2 });
    assert_eq!(pane.refused(BOT, propose(b"", true)), Refusal::Nothing);
    let much = vec![b'x'; PROPOSAL_BYTES_MAX + 1];
    assert_eq!(pane.refused(BOT, propose(&much, true)), Refusal::TooLarge { bytes: much.len(), max: PROPOSAL_BYTES_MAX });
    let world = |pane: &Pane, event: &Event| {
        let world = World { people: &pane.crowd, times: &Times::DEFAULT, now: pane.now };
        step(&pane.control, &world, &By::operator(BOT, Cause::Command), event)
    };
    for _ in 0..PROPOSALS_MAX {
        pane.control = world(&pane, &propose(b"hunter2\r", true)).unwrap().0;
    }
    assert_eq!(world(&pane, &propose(b"x", true)).err(), Some(Refusal::Full { what: "proposals", max: PROPOSALS_MAX }));
    pane.control = world(&pane, &Event::Wrote { frames: 1, bytes: 1, digest: digest(b"x"), text: None }).unwrap().0;
    let supervised = Hold { supervised: true, ..pane.control.holder.unwrap() };
    pane.control.holder = Some(supervised);
    let wrote = Event::Wrote { frames: 1, bytes: 1, digest: digest(b"x"), text: None };
    assert_eq!(world(&pane, &wrote).err(), Some(Refusal::Supervised), "unapproved bytes were written: the gate is wrong");
}

#[test]
fn a_full_queue_says_so() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    for n in 0..REQUESTS_MAX as u64 {
        let party = Party { id: OperatorId(1000 + n), kind: Kind::Agent };
        let request = Request { id: n + 1, operator: party, why: String::new(), since: pane.now, until: pane.now };
        pane.control.queue.push(request);
    }
    pane.control.next_id = REQUESTS_MAX as u64 + 1;
    assert_eq!(pane.refused(BOT, request()), Refusal::Full { what: "requests", max: REQUESTS_MAX });
}

#[test]
fn who_may_not_look_does_not_attach() {
    struct Nobody;
    impl People for Nobody {
        fn standing(&self, _: OperatorId, _: bool) -> Option<Standing> {
            Some(Standing { kind: Kind::Human, presence: Some(Presence::Live), rights: Rights::NONE })
        }
    }
    let world = World { people: &Nobody, times: &Times::DEFAULT, now: Millis(1) };
    let refused = step(&Control::new(), &world, &By::operator(ANN, Cause::Connection), &Event::Attach).unwrap_err();
    assert_eq!(refused, Refusal::NoRight { right: Right::View, rule: "the policy".into() });
    let refused = step(&Control::new(), &world, &By::operator(ANN, Cause::Command), &request()).unwrap_err();
    assert_eq!(refused, Refusal::NoRight { right: Right::Request, rule: "the policy".into() });
}
