//! The gate's verdicts: input by everybody in every mode, the first key, secrets, stale frames; signals, sizes and ends.

use super::*;

fn frame(nature: Nature) -> Frame {
    Frame { nature, ..Frame::default() }
}

#[test]
fn a_lone_human_notices_nothing() {
    let pane = Pane::new();
    for nature in [Nature::Key, Nature::Interrupt, Nature::Paste, Nature::Motion, Nature::Focus] {
        assert_eq!(pane.gate(ANN, frame(nature), &Scene::default()), Verdict::Accepted { epoch: 1 });
    }
    let hidden = Scene { echo_off: true, journal_ok: false, draft_of_other: true, ..Scene::default() };
    assert_eq!(pane.gate(ANN, Frame::default(), &hidden), Verdict::Accepted { epoch: 1 }, "passwords and full disks are no hindrance");
}

#[test]
fn in_shared_panes_programs_write_and_agents_only_where_they_were_let_in() {
    let pane = Pane::new();
    assert!(pane.frame(VIM, 1).is_accepted());
    assert!(pane.frame(BOT, 1).is_accepted(), "it spawned the pane");
    let Verdict::Refused(Refusal::NoRight { right: Right::Input, rule }) = pane.frame(CAB, 1) else { panic!() };
    assert_eq!(rule, "the rule `agents write where they were let in`");
    assert!(matches!(pane.frame(OBS, 1), Verdict::Refused(Refusal::NoRight { .. })));
}

#[test]
fn the_first_key_takes_and_is_consumed_and_interrupts_are_delivered() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    let gate = |nature, takeover| pane.gate(ANN, frame(nature), &Scene { takeover, ..Scene::default() });
    let off = Verdict::Refused(Refusal::TakeoverOff { holder: BOT });
    for (takeover, key, interrupt) in [
        (Takeover::Key, Verdict::Take { deliver: false }, Verdict::Take { deliver: true }),
        (Takeover::Chord, off.clone(), Verdict::Take { deliver: true }),
        (Takeover::Ask, Verdict::Ask, Verdict::Take { deliver: true }),
        (Takeover::Never, off.clone(), off.clone()),
    ] {
        assert_eq!(gate(Nature::Key, takeover), key, "{takeover}");
        assert_eq!(gate(Nature::Paste, takeover), key, "{takeover}");
        assert_eq!(gate(Nature::Interrupt, takeover), interrupt, "{takeover}");
        for passive in [Nature::Motion, Nature::Focus] {
            assert_eq!(gate(passive, takeover), Verdict::Ignored, "motion and focus never take");
        }
    }
    for bytes in [b"\x03".as_slice(), b"\x1c", b"\x1a", b"\x1b[99;5u"] {
        assert_eq!(Nature::of_key(bytes), Nature::Interrupt);
    }
    for bytes in [b"\r".as_slice(), b"c", b"\x03\x03", b"\x1b"] {
        assert_eq!(Nature::of_key(bytes), Nature::Key);
    }
    assert!(matches!(pane.gate(OBS, Frame::default(), &Scene::default()), Verdict::Refused(Refusal::NoRight { .. })));
    assert_eq!(pane.gate(VIM, Frame::default(), &Scene::default()), Verdict::Refused(Refusal::NotHolder { holder: Some(BOT), epoch: 2 }));
    // And over another human a key takes nothing.
    pane.act(ANN, Event::Take);
    assert_eq!(pane.frame(EVE, 3), Verdict::Refused(Refusal::NotHolder { holder: Some(ANN), epoch: 3 }));
}

#[test]
fn a_key_in_a_vacant_pane_acquires_and_a_stray_enter_runs_nobody_s_line() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.act(BOT, Event::Release(Release::Vacant));
    let drafted = Scene { draft_of_other: true, ..Scene::default() };
    assert_eq!(pane.frame(ANN, 3), Verdict::Acquire { deliver: true });
    assert_eq!(pane.gate(ANN, Frame::default(), &drafted), Verdict::Acquire { deliver: false });
    assert_eq!(pane.gate(ANN, frame(Nature::Interrupt), &drafted), Verdict::Acquire { deliver: true });
    assert_eq!(pane.gate(ANN, frame(Nature::Motion), &drafted), Verdict::Ignored);
    assert_eq!(pane.frame(VIM, 3), Verdict::Refused(Refusal::NotHolder { holder: None, epoch: 3 }));
    pane.act(ANN, acquire());
    pane.by(By::operator(ANN, Cause::Connection), Event::Lost).unwrap();
    assert_eq!(pane.frame(VIM, 5), Verdict::Refused(Refusal::Reserved { human: ANN }));
}

#[test]
fn secrets_stale_screens_and_a_dead_journal_stop_non_humans() {
    let mut pane = Pane::new();
    let gate = |pane: &Pane, who, frame, scene: &Scene| pane.gate(who, frame, scene);
    let secret = Scene { echo_off: true, ..Scene::default() };
    assert_eq!(gate(&pane, VIM, Frame::default(), &secret), Verdict::Refused(Refusal::SecretPrompt));
    let deaf = Scene { journal_ok: false, ..Scene::default() };
    assert_eq!(gate(&pane, BOT, Frame::default(), &deaf), Verdict::Refused(Refusal::JournalUnavailable));
    let seen = Frame { expect_seq: Some(4), ..Frame::default() };
    let moved = Scene { seq: 5, ..Scene::default() };
    for who in [ANN, BOT] {
        assert_eq!(gate(&pane, who, seen, &moved), Verdict::Refused(Refusal::StaleSeq { expected: 4, seq: 5 }));
        assert!(gate(&pane, who, seen, &Scene { seq: 4, ..moved }).is_accepted());
        assert_eq!(pane.frame(who, 9), Verdict::Refused(Refusal::StaleEpoch { sent: 9, epoch: 1 }), "nor from the future");
    }
    // Supervised, all of it waits for a human, a secret too.
    pane.act(ANN, supervised(BOT));
    pane.act(BOT, Event::Accept);
    assert_eq!(gate(&pane, BOT, Frame::default(), &secret), Verdict::Staged);
}

#[test]
fn the_suspended_one_hears_why() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    pane.act(ANN, Event::Take);
    pane.act(ANN, Event::Release(Release::Shared));
    assert_eq!(pane.frame(BOT, pane.control.epoch), Verdict::Refused(Refusal::Suspended));
    // A program, which may write to shared panes otherwise, too.
    let mut pane = Pane::new();
    pane.act(ANN, offer(VIM));
    pane.act(VIM, Event::Accept);
    pane.act(ANN, Event::Take);
    pane.act(ANN, Event::Release(Release::Shared));
    assert_eq!(pane.frame(VIM, pane.control.epoch), Verdict::Refused(Refusal::Suspended));
}

#[test]
fn nobody_writes_to_a_locked_or_ended_pane() {
    let mut pane = Pane::new();
    pane.act(EVE, Event::SetMode(Mode::Locked));
    for who in [ANN, EVE, BOT, VIM] {
        assert_eq!(pane.frame(who, 2), Verdict::Refused(Refusal::Locked));
        for verb in [Verb::Signal, Verb::Kill] {
            let verdict = decide(Some(&pane.control), &pane.asks(who, verb, Frame::default()), &pane.granted(who), &Scene::default());
            assert_eq!(verdict, Verdict::Refused(Refusal::Locked));
        }
        let look = decide(Some(&pane.control), &pane.asks(who, Verb::View, Frame::default()), &pane.granted(who), &Scene::default());
        assert!(look.is_accepted());
    }
    let mut pane = Pane::new();
    pane.by(By::nobody(Cause::Exit), Event::Ended(End::Killed)).unwrap();
    assert_eq!(pane.frame(ANN, 1), Verdict::Refused(Refusal::Closed));
}

#[test]
fn t23_signals_and_kills_are_for_the_holder_and_for_humans_above_it() {
    let mut pane = Pane::new();
    let may = |pane: &Pane, who: OperatorId, verb| {
        decide(Some(&pane.control), &pane.asks(who, verb, Frame::default()), &pane.granted(who), &Scene::default())
    };
    assert!(may(&pane, VIM, Verb::Kill).is_accepted() && may(&pane, BOT, Verb::Signal).is_accepted());
    assert!(matches!(may(&pane, CAB, Verb::Kill), Verdict::Refused(Refusal::NoRight { right: Right::Kill, .. })));
    pane.act(BOT, acquire());
    assert!(may(&pane, ANN, Verb::Signal).is_accepted() && may(&pane, BOT, Verb::Kill).is_accepted());
    assert!(matches!(may(&pane, VIM, Verb::Kill), Verdict::Refused(Refusal::NotHolder { holder: Some(BOT), .. })));
    pane.act(ANN, Event::Take);
    assert!(matches!(may(&pane, EVE, Verb::Kill), Verdict::Refused(Refusal::NotHolder { holder: Some(ANN), .. })));
}

#[test]
fn t23_sizes_come_from_one_attachment() {
    let pane = Pane::new();
    let (mine, other) = (Some(crate::ids::AttachmentId(1)), Some(crate::ids::AttachmentId(2)));
    let scene = Scene { size_authority: mine, ..Scene::default() };
    let resize = |attachment| Act { attachment, ..pane.asks(ANN, Verb::Resize, Frame::default()) };
    assert!(decide(Some(&pane.control), &resize(mine), &pane.granted(ANN), &scene).is_accepted());
    assert_eq!(decide(Some(&pane.control), &resize(other), &pane.granted(ANN), &scene), Verdict::Refused(Refusal::NotSizeAuthority));
    assert!(matches!(
        decide(
            Some(&pane.control),
            &Act { attachment: mine, ..pane.asks(OBS, Verb::Resize, Frame::default()) },
            &pane.granted(OBS),
            &scene
        ),
        Verdict::Refused(Refusal::NoRight { .. })
    ));
}

#[test]
fn without_a_pane_rights_alone_decide() {
    let pane = Pane::new();
    let may = |who, verb| decide(None, &pane.asks(who, verb, Frame::default()), &pane.granted(who), &Scene::default()).is_accepted();
    for verb in [Verb::Spawn, Verb::Arrange, Verb::Change, Verb::Admin, Verb::View] {
        assert!(may(ANN, verb) && may(VIM, verb), "{verb:?}");
        assert_eq!(may(OBS, verb), verb == Verb::View);
    }
    assert!(may(CAB, Verb::Spawn) && !may(CAB, Verb::Admin), "an agent does not end the server");
}
