//! Each row of the specification's table, by its number.

use super::*;

fn by(who: OperatorId) -> By {
    By::operator(who, Cause::Connection)
}

#[test]
fn t1_attach_changes_the_roster_and_no_control() {
    let mut pane = Pane::new();
    let before = pane.control.clone();
    let effects = pane.act(OBS, Event::Attach);
    assert_eq!(pane.control, before);
    assert!(effects.roster);
    assert_eq!(effects.entry.fact.name(), "operator.attached");
}

#[test]
fn t2_a_stale_holder_keeps_control_within_its_grace() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    let epoch = pane.control.epoch;
    pane.drop(ANN);
    pane.wait(Times::DEFAULT.grace_human_ms - 1);
    pane.back(ANN);
    assert_eq!(pane.control.next_deadline(), None, "nothing runs against somebody who is there");
    pane.wait(1_000_000);
    assert_eq!((pane.holder(), pane.control.epoch), (Some(ANN), epoch));
    pane.drop(ANN);
    pane.crowd.set(ANN, Some(Presence::Live));
    assert_eq!(pane.act(ANN, Event::Attach).entry.fact.name(), "operator.resumed", "to attach anew is to be back");
}

#[test]
fn t3_the_last_detach_leaves_nothing_behind() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    pane.act(CAB, request());
    pane.act(ANN, offer(CAB));
    pane.by(by(CAB), Event::Detach).unwrap();
    assert!(pane.control.queue.is_empty() && pane.control.offer.is_none());
    pane.passes(ANN, Event::Detach);
    assert!(pane.control.is_vacant() && pane.control.reserved_for.is_none());
    assert_eq!(pane.by(by(ANN), Event::Detach), Err(Refusal::Nothing), "hearing it twice does no harm");
}

#[test]
fn t4_a_lost_human_reserves_the_pane_and_a_lost_agent_does_not() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    pane.drop(ANN);
    let ended = pane.wait(Times::DEFAULT.grace_human_ms);
    assert_eq!(ended.iter().map(|effects| effects.entry.fact.name()).collect::<Vec<_>>(), ["control.reserved"]);
    assert_eq!(ended[0].entry.reason.as_deref(), Some("lost"));
    assert!(pane.control.is_vacant());
    assert_eq!(pane.refused(BOT, acquire()), Refusal::Reserved { human: ANN });
    pane.wait(10_000_000);
    assert_eq!(pane.refused(BOT, acquire()), Refusal::Reserved { human: ANN }, "time does not end it");
    pane.passes(EVE, acquire());
    assert_eq!(pane.control.reserved_for, None, "a human acted");

    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.drop(BOT);
    assert_eq!(pane.wait(Times::DEFAULT.grace_other_ms).len(), 1);
    assert!(pane.control.is_vacant() && pane.control.reserved_for.is_none());
}

#[test]
fn t5_a_free_pane_is_acquired_by_who_may() {
    let mut pane = Pane::new();
    assert!(matches!(pane.refused(CAB, acquire()), Refusal::NoRight { right: Right::Input, .. }), "it was not given to it");
    assert!(matches!(pane.refused(VIM, acquire()), Refusal::NoRight { .. }), "a program shuts nobody out");
    pane.passes(BOT, acquire());
    let hold = pane.control.holder.unwrap();
    assert_eq!((hold.via, hold.ttl_ms, hold.renews), (Via::Acquire, Some(60_000), true));
    pane.act(BOT, Event::Release(Release::Vacant));
    pane.passes(VIM, acquire());
    pane.act(VIM, Event::Release(Release::Shared));
    let longer = pane.passes(BOT, Event::Acquire { ttl_ms: Some(600_000) });
    assert!(
        matches!(longer.entry.fact, Fact::Acquired { hold } if hold.ttl_ms == Some(60_000)),
        "a lease is no longer than the configured one"
    );
}

#[test]
fn t6_a_request_is_shown_to_holder_and_approvers() {
    let mut pane = Pane::new();
    pane.act(EVE, acquire());
    let effects = pane.stays(BOT, request());
    let about = About::Request(pane.control.queue[0].id);
    assert_eq!(effects.cards, [Card { to: To::Operator(EVE), about: about.clone() }, Card { to: To::Approvers, about }]);
    let mut shared = Pane::new();
    shared.stays(CAB, request());
    assert_eq!(shared.control.queue.len(), 1, "an agent that may not write yet asks in a shared pane too");
}

#[test]
fn t7_a_request_is_cancelled_or_times_out() {
    let mut pane = Pane::new();
    pane.act(EVE, acquire());
    pane.act(BOT, request());
    pane.stays(BOT, Event::Cancel);
    pane.act(BOT, request());
    assert_eq!(pane.control.queue[0].id, 2, "another number: the first has ended for good");
    let ended = pane.wait(Times::DEFAULT.request_ms);
    assert_eq!(ended[0].entry.fact.name(), "control.expired");
    assert_eq!(ended[0].notices, [Notice { to: BOT, what: Told::Expired }]);
    assert!(pane.control.queue.is_empty());
}

#[test]
fn t8_a_request_is_granted_by_who_may_give() {
    // By the holder.
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    pane.act(CAB, request());
    let effects = pane.passes(ANN, grant(CAB));
    let hold = pane.control.holder.unwrap();
    assert_eq!((hold.operator.id, hold.via, hold.granted_by, hold.until), (CAB, Via::Grant, Some(ANN), None));
    assert_eq!(effects.notices, [Notice { to: CAB, what: Told::YouHaveControl }]);
    // By a human with take where a non-human holds.
    pane.act(BOT, request());
    pane.passes(ANN, grant(BOT));
    // Not by another non-human.
    pane.act(CAB, request());
    assert_eq!(pane.refused(VIM, grant(CAB)), Refusal::NotHuman { act: "grant control" });
    // Where it is vacant or shared.
    pane.act(BOT, Event::Release(Release::Shared));
    pane.passes(ANN, grant(CAB));
    // By an admin over a human, for a human.
    pane.passes(ANN, Event::Take);
    pane.act(OBS, request());
    assert!(matches!(pane.refused(EVE, grant(OBS)), Refusal::NoRight { right: Right::Input, .. }));
    pane.act(BOT, request());
    assert!(matches!(pane.refused(EVE, grant(BOT)), Refusal::HeldBy { .. }), "not a non-human over a present human's head");
}

#[test]
fn t8_an_admin_grants_over_a_human_to_a_human() {
    let mut pane = Pane::new();
    pane.crowd.people.get_mut(&OBS).unwrap().role = Role::Participant;
    pane.act(ANN, acquire());
    pane.act(OBS, request());
    pane.passes(EVE, grant(OBS));
    assert_eq!(pane.holder(), Some(OBS));
}

#[test]
fn t9_a_denied_request_says_why() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    pane.act(BOT, request());
    let effects = pane.stays(ANN, Event::Deny { to: BOT, reason: Some("not now".into()) });
    assert_eq!(effects.entry.reason.as_deref(), Some("not now"));
    assert_eq!(effects.notices, [Notice { to: BOT, what: Told::Denied }]);
    assert!(pane.control.queue.is_empty());
}

#[test]
fn t10_the_giver_keeps_control_until_it_is_accepted() {
    let mut pane = Pane::new();
    let effects = pane.stays(ANN, offer(CAB));
    assert_eq!(effects.cards.len(), 1);
    assert_eq!(pane.control.mode, Mode::Shared);
    pane.act(ANN, Event::Withdraw);
    pane.act(ANN, acquire());
    pane.stays(ANN, offer(BOT));
    assert!(pane.frame(ANN, pane.control.epoch).is_accepted(), "I14");
    assert!(matches!(pane.refused(EVE, offer(CAB)), Refusal::NotHolder { holder: Some(ANN), .. }));
}

#[test]
fn t11_an_offer_is_accepted_declined_withdrawn_or_times_out() {
    let mut pane = Pane::new();
    pane.act(ANN, offer(CAB));
    pane.passes(CAB, Event::Accept);
    assert_eq!(pane.holder(), Some(CAB));
    assert!(pane.control.is_given(CAB));
    pane.act(ANN, Event::Take);
    pane.act(ANN, offer(BOT));
    assert_eq!(pane.stays(BOT, Event::Decline).notices, [Notice { to: ANN, what: Told::Declined }]);
    pane.act(ANN, offer(BOT));
    assert_eq!(pane.stays(ANN, Event::Withdraw).notices, [Notice { to: BOT, what: Told::Withdrawn }]);
    pane.act(ANN, offer(BOT));
    pane.wait(Times::DEFAULT.offer_ms);
    assert_eq!((pane.control.offer.as_ref(), pane.holder()), (None, Some(ANN)));
}

#[test]
fn t12_release_leads_back_to_shared_to_vacant_or_to_the_next() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    pane.passes(ANN, Event::Release(Release::Shared));
    assert_eq!(pane.control.mode, Mode::Shared);
    pane.act(ANN, acquire());
    pane.passes(ANN, Event::Release(Release::Vacant));
    assert!(pane.control.is_vacant());
    pane.act(ANN, acquire());
    pane.act(BOT, request());
    pane.act(EVE, request());
    pane.passes(ANN, Event::Release(Release::Next));
    assert_eq!(pane.holder(), Some(BOT), "the first come");
    pane.passes(BOT, Event::Release(Release::Next));
    assert_eq!(pane.holder(), Some(EVE));
    pane.passes(EVE, Event::Release(Release::Next));
    assert_eq!(pane.control.mode, Mode::Shared, "nobody asks");
}

#[test]
fn t13_a_human_takes_from_a_lower_rank_in_one_step() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    let effects = pane.passes(ANN, Event::Take);
    assert_eq!((pane.holder(), effects.settle), (Some(ANN), Some(Settle::Of(BOT))));
    assert!(pane.control.is_suspended(BOT) && !pane.control.is_given(BOT));
    assert_eq!(effects.notices, [Notice { to: BOT, what: Told::YouLostControl }, Notice { to: ANN, what: Told::YouHaveControl }]);
    assert!(matches!(pane.refused(EVE, Event::Take), Refusal::HeldBy { holder: ANN, .. }));
    // No automatic return: not when the human releases, detaches, or is lost.
    for leaves in [Event::Release(Release::Shared), Event::Release(Release::Vacant), Event::Detach, Event::Lost] {
        let mut left = pane.clone();
        left.act(ANN, leaves);
        assert_eq!(left.refused(BOT, acquire()), Refusal::Suspended);
        assert!(!left.frame(BOT, left.control.epoch).is_accepted());
    }
}

#[test]
fn t14_hand_back_returns_control_with_note_and_cursor() {
    let mut pane = Pane::new();
    pane.act(ANN, supervised(BOT));
    pane.act(BOT, Event::Accept);
    pane.act(ANN, Event::Take);
    pane.drop(BOT);
    assert_eq!(pane.refused(ANN, hand_back()), Refusal::NotLive { operator: BOT });
    pane.back(BOT);
    let effects = pane.passes(ANN, hand_back());
    assert_eq!(effects.notices, [Notice { to: BOT, what: Told::HandedBack }]);
    assert!(matches!(&effects.entry.fact, Fact::HandedBack { note: Some(note), cursor: Some(77), .. } if note == "the tests pass"));
    assert_eq!((pane.holder(), pane.control.suspended), (Some(BOT), None));
    assert!(pane.control.is_supervised(), "on the terms it had");
}

#[test]
fn t14_whom_a_human_suspended_no_agent_lets_on_again() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.act(ANN, Event::Take);
    pane.act(ANN, offer(CAB));
    pane.act(CAB, Event::Accept);
    pane.act(BOT, request());
    assert!(matches!(pane.refused(CAB, offer(BOT)), Refusal::NotHuman { .. }));
    assert!(matches!(pane.refused(CAB, grant(BOT)), Refusal::NotHuman { .. }));
    pane.act(CAB, Event::Release(Release::Next));
    assert_eq!(pane.holder(), None);
    pane.act(ANN, grant(BOT));
}

#[test]
fn t15_force_is_for_admins_with_a_reason() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    assert_eq!(pane.refused(EVE, Event::Force { reason: "  ".into() }), Refusal::ReasonRequired);
    let effects = pane.passes(EVE, force());
    assert_eq!((pane.holder(), effects.entry.reason.as_deref()), (Some(EVE), Some("maintenance")));
    assert!(matches!(pane.refused(ANN, force()), Refusal::NoRight { right: Right::Admin, .. }));
    assert_eq!(pane.refused(ROOT, force()), Refusal::NotHuman { act: "force control" });
    pane.act(EVE, Event::Release(Release::Shared));
    pane.act(BOT, acquire());
    pane.act(EVE, force());
    assert!(pane.control.is_suspended(BOT), "as by take, so that it can be handed back");
}

#[test]
fn t16_revoke_leaves_the_pane_vacant() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.passes(ANN, Event::Revoke { reason: None });
    assert!(pane.control.is_vacant());
    assert!(matches!(pane.refused(BOT, acquire()), Refusal::NoRight { .. }), "it is not given any more");
    pane.act(ANN, acquire());
    pane.passes(EVE, Event::Revoke { reason: Some("night".into()) });
    pane.act(EVE, acquire());
    assert!(matches!(pane.refused(ANN, Event::Revoke { reason: None }), Refusal::HeldBy { .. }));
}

#[test]
fn t17_a_lease_is_renewed_by_activity_and_ends_without() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.wait(59_000);
    let wrote = Event::Wrote { frames: 1, bytes: 3, digest: digest(b"ls\r"), text: Some(b"ls\r".to_vec()) };
    pane.stays(BOT, wrote.clone());
    pane.wait(59_000);
    assert_eq!(pane.holder(), Some(BOT));
    let ended = pane.wait(1_000);
    assert_eq!(ended[0].entry.fact.name(), "control.expired");
    assert!(pane.control.is_vacant());
    // What a human gave for a time is over then, active or not; without a time it does not end.
    pane.act(ANN, Event::Offer { to: BOT, terms: Terms { ttl_ms: Some(5_000), supervised: false }, note: None });
    pane.act(BOT, Event::Accept);
    pane.wait(4_000);
    pane.act(BOT, wrote);
    pane.wait(1_000);
    assert!(pane.control.is_vacant());
    pane.act(ANN, offer(BOT));
    pane.act(BOT, Event::Accept);
    assert_eq!(pane.control.next_deadline(), None);
}

#[test]
fn t18_a_holder_who_may_not_write_any_more_has_no_control() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    assert_eq!(pane.by(By::nobody(Cause::Policy), Event::PolicyChanged), Err(Refusal::Nothing));
    pane.crowd.people.get_mut(&BOT).unwrap().may_write = false;
    let effects = pane.by(By::nobody(Cause::Policy), Event::PolicyChanged).unwrap();
    assert_eq!((effects.entry.fact.name(), effects.entry.cause), ("control.revoked", Cause::Policy));
    assert!(pane.control.is_vacant());
}

#[test]
fn t19_a_mode_drops_hold_and_queue() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    pane.act(BOT, request());
    assert!(matches!(pane.refused(ANN, Event::SetMode(Mode::Locked)), Refusal::NoRight { right: Right::Admin, .. }));
    let effects = pane.passes(EVE, Event::SetMode(Mode::Locked));
    assert!(pane.control.queue.is_empty());
    assert!(effects.notices.contains(&Notice { to: BOT, what: Told::Expired }));
    for event in [acquire(), Event::Take, offer(BOT), force()] {
        assert_eq!(pane.refused(EVE, event), Refusal::Locked);
    }
    pane.passes(EVE, Event::SetMode(Mode::Shared));
    pane.passes(EVE, Event::SetMode(Mode::Held));
    assert!(pane.control.is_vacant());
    assert!(matches!(pane.refused(ROOT, Event::SetMode(Mode::Shared)), Refusal::NotHuman { .. }));
}

#[test]
fn t20_t21_staged_bytes_are_written_exactly_or_dropped() {
    let mut pane = Pane::new();
    pane.act(ANN, supervised(BOT));
    pane.act(BOT, Event::Accept);
    let epoch = pane.control.epoch;
    assert_eq!(pane.frame(BOT, epoch), Verdict::Staged);
    let propose = |bytes: &[u8]| Event::Propose { epoch, bytes: bytes.to_vec(), secret: false };
    let effects = pane.stays(BOT, propose(b"make\r"));
    assert_eq!(effects.cards, [Card { to: To::Approvers, about: About::Proposal(2) }]);
    let effects = pane.stays(ANN, Event::Approve { proposal: 2 });
    let write = effects.write.unwrap();
    assert_eq!((write.bytes.as_slice(), write.operator.id, write.approved_by), (b"make\r".as_slice(), BOT, ANN));
    assert_eq!(pane.refused(ANN, Event::Approve { proposal: 2 }), Refusal::NothingPending { what: "proposal" }, "once");
    // Denied, withdrawn, out of time: never written.
    pane.act(BOT, propose(b"1"));
    assert_eq!(pane.stays(ANN, Event::Reject { proposal: 3, reason: None }).write, None);
    pane.act(BOT, propose(b"2"));
    pane.stays(BOT, Event::Reject { proposal: 4, reason: None });
    pane.act(BOT, propose(b"3"));
    let ended = pane.wait(Times::DEFAULT.approval_ms);
    assert_eq!((ended[0].entry.fact.name(), ended[0].write.as_ref()), ("proposal.expired", None));
    // With the tenure they go too, counted.
    pane.act(BOT, propose(b"four"));
    assert_eq!(pane.passes(ANN, Event::Take).discard.unwrap().staged_bytes, 4);
}

#[test]
fn t20_supervision_is_put_on_and_off_within_the_tenure() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.stays(ANN, Event::Supervise(true));
    pane.act(BOT, Event::Propose { epoch: 2, bytes: b"x".to_vec(), secret: false });
    let effects = pane.stays(ANN, Event::Supervise(false));
    assert!(pane.control.proposals.is_empty());
    assert_eq!(effects.discard.unwrap().staged_bytes, 1);
    pane.act(ANN, Event::Supervise(true));
    pane.act(BOT, Event::Release(Release::Shared));
    assert!(matches!(pane.refused(BOT, acquire()), Refusal::NoRight { .. }), "nobody sheds supervision by letting go");
}

#[test]
fn t22_what_was_written_is_attributed_and_people_s_text_is_not_kept() {
    let mut pane = Pane::new();
    let wrote = |bytes: &[u8]| Event::Wrote { frames: 1, bytes: bytes.len() as u64, digest: digest(bytes), text: Some(bytes.to_vec()) };
    let text = |effects: Effects| match effects.entry.fact {
        Fact::InputAccepted { text, .. } => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text(pane.stays(ANN, wrote(b"secret"))), None);
    assert_eq!(text(pane.stays(BOT, wrote(b"ls"))).as_deref(), Some(b"ls".as_slice()));
    assert!(!pane.lines.concat().contains(&digest(b"")), "the digest is of the bytes");
    pane.act(ANN, acquire());
    assert!(matches!(pane.refused(BOT, wrote(b"x")), Refusal::NotHolder { .. }));
}

#[test]
fn t24_the_end_ends_everything() {
    for (end, name) in
        [(End::Exited { status: Some(1), signal: None }, "pane.exited"), (End::Killed, "pane.killed"), (End::Lost, "pane.lost")]
    {
        let mut pane = Pane::new();
        pane.act(ANN, acquire());
        pane.act(BOT, request());
        let effects = pane.by(By::nobody(Cause::Exit), Event::Ended(end)).unwrap();
        assert_eq!(effects.entry.fact.name(), name);
        assert!(pane.control.closed);
        assert_eq!(pane.refused(ANN, acquire()), Refusal::Closed);
        assert_eq!(pane.by(By::nobody(Cause::Restart), Event::Restarted), Err(Refusal::Nothing));
        assert_eq!(pane.control.next_deadline(), None);
    }
}

#[test]
fn t25_a_restart_keeps_humans_and_suspends_the_others_until_they_prove_themselves() {
    let restart = |pane: &mut Pane| {
        let before = pane.control.epoch;
        pane.by(By::nobody(Cause::Restart), Event::Restarted).unwrap();
        assert_eq!(pane.control.epoch, before + 1);
    };
    let mut pane = Pane::new();
    restart(&mut pane);
    assert_eq!(pane.control.mode, Mode::Shared);
    pane.act(ANN, acquire());
    restart(&mut pane);
    assert_eq!(pane.holder(), Some(ANN));
    pane.wait(Times::DEFAULT.grace_human_ms);
    assert_eq!(pane.control.reserved_for, Some(ANN), "she did not come back");

    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    restart(&mut pane);
    assert!(pane.control.is_vacant() && pane.control.is_suspended(BOT));
    assert_eq!(pane.refused(BOT, acquire()), Refusal::Suspended);
    let mut quicker = pane.clone();
    let effects = pane.passes(BOT, Event::Prove);
    assert_eq!((pane.holder(), effects.entry.fact.name()), (Some(BOT), "operator.resumed"));
    quicker.act(ANN, acquire());
    quicker.act(ANN, Event::Release(Release::Vacant));
    assert_eq!(quicker.refused(BOT, Event::Prove), Refusal::Nothing, "a human acted meanwhile: only hand back returns it");
    quicker.passes(ANN, hand_back());
}
