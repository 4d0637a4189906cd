//! What is printed and read; rules; identities; loose ends.

use super::*;
use crate::ids::{AttachmentId, PaneId};

#[test]
fn words_print_and_read_back_and_the_wrong_one_lists_the_right_ones() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(*kind));
        assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
    }
    for mode in Mode::ALL {
        assert_eq!(mode.word().parse(), Ok(*mode));
    }
    let wrong = "exclusive".parse::<Mode>().unwrap_err();
    assert_eq!(wrong.to_string(), "`exclusive` is not a mode; it is one of shared, held, locked");
    assert_eq!("hand_back".parse(), Ok(Via::HandBack));
    assert!("Human".parse::<Kind>().is_err());
}

#[test]
fn rights_print_and_read_back() {
    assert_eq!(Rights::ALL.to_string(), "view,request,input,signal,resize,offer,approve,take,spawn,kill,admin");
    assert_eq!("view, input".parse(), Ok(Rights::of(&[Right::View, Right::Input])));
    assert_eq!(("none".parse(), "all".parse()), (Ok(Rights::NONE), Ok(Rights::ALL)));
    assert!("view,".parse::<Rights>().is_err() && "write".parse::<Rights>().is_err());
    let some = Rights::of(&[Right::Take, Right::View]);
    assert_eq!(serde_json::to_string(&some).unwrap(), r#"["view","take"]"#);
    assert_eq!(serde_json::from_str::<Rights>(r#"["view","take"]"#).unwrap(), some);
    assert!(some.are_within(Rights::ALL) && !Rights::ALL.are_within(some));
}

#[test]
fn a_new_control_prints_as_one_line() {
    assert_eq!(
        Control::new().to_string(),
        r#"{"mode":"shared","epoch":1,"holder":null,"offer":null,"queue":[],"suspended":null,"reserved_for":null,"proposals":[],"given":[],"next_id":1,"closed":false}"#
    );
    assert!("{}".parse::<Control>().is_err());
}

#[test]
fn a_line_of_the_journal_has_the_fields_of_the_specification() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    let by = By { operator: Some(ANN), attachment: Some(AttachmentId(4)), on_behalf_of: None, cause: Cause::Key };
    pane.by(by, Event::Take).unwrap();
    assert_eq!(
        pane.lines.last().unwrap(),
        r#"{"seq":2,"pane":"%7","ts":1000000,"epoch_before":2,"epoch_after":3,"actor":{"id":"o1","kind":"human"},"attachment":"a4","on_behalf_of":null,"cause":"key","event":"control.taken","hold":{"operator":{"id":"o1","kind":"human"},"via":"take","granted_by":null,"since":1000000,"ttl_ms":null,"until":null,"renews":false,"supervised":false,"grace_until":null}}"#
    );
    assert!(Record::from_line(r#"{"seq":2,"event":"control.new_thing"}"#).is_err());
    assert!(Record::from_line("").is_err());
}

#[test]
fn every_fact_is_written_under_its_name() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    for line in &pane.lines {
        let record = Record::from_line(line).unwrap();
        assert!(line.contains(&format!("\"event\":\"{}\"", record.entry.fact.name())), "{line}");
    }
    let (attached, input) =
        (Fact::Attached { role: Some(Role::Observer), transport: Some(Transport::Ssh) }, Fact::InputRejected { bytes: 3 });
    let handoff = Fact::Handoff { from: Transport::Unix, to: Transport::Ssh };
    for fact in
        [attached, input, handoff, Fact::Refused, Fact::InputDiscarded { bytes: 9 }, Fact::PolicyChanged, Fact::PaneLost, Fact::Killed]
    {
        let name = fact.name();
        let entry = Entry { reason: Some("because".into()), ..Entry::note(Millis(5), 1, None, Cause::Connection, fact) };
        let record = Record { seq: 1, pane: None, entry };
        let line = record.to_line().unwrap();
        assert!(line.contains(&format!("\"event\":\"{name}\"")), "{line}");
        assert_eq!(Record::from_line(&line).unwrap(), record);
        let mut control = Control::new();
        control.apply(&record.entry);
        assert!(check(&control).is_ok());
    }
}

#[test]
fn secrets_do_not_reach_the_journal() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    let world = World { people: &pane.crowd, times: &Times::DEFAULT, now: pane.now };
    let event = Event::Propose { epoch: 2, bytes: b"hunter2".to_vec(), secret: true };
    let (control, effects) = step(&pane.control, &world, &By::operator(BOT, Cause::Command), &event).unwrap();
    let line = Record { seq: 1, pane: None, entry: effects.entry }.to_line().unwrap();
    assert!(!line.contains("hunter2") && !line.contains("68756e74657232"), "{line}");
    assert!(line.contains(&digest(b"hunter2")));
    let by = By::operator(ANN, Cause::Command);
    let (_, effects) = step(&control, &world, &by, &Event::Approve { proposal: 1 }).unwrap();
    assert_eq!(effects.write.unwrap().bytes, b"hunter2");
}

#[test]
fn long_reasons_are_cut_at_a_character() {
    let mut pane = Pane::new();
    pane.act(ANN, acquire());
    pane.act(BOT, Event::Request { why: "ä".repeat(NOTE_BYTES_MAX) });
    assert_eq!(pane.control.queue[0].why.len(), NOTE_BYTES_MAX);
    pane.act(CAB, Event::Request { why: format!("x{}", "ä".repeat(NOTE_BYTES_MAX)) });
    assert_eq!(pane.control.queue[1].why.len(), NOTE_BYTES_MAX - 1);
}

#[test]
fn broken_states_are_told_by_the_name_of_their_invariant() {
    let mut pane = Pane::new();
    pane.act(BOT, acquire());
    let held = pane.control.clone();
    let told = |change: &dyn Fn(&mut Control)| {
        let mut control = held.clone();
        change(&mut control);
        check(&control).unwrap_err().invariant
    };
    assert_eq!(told(&|control| control.mode = Mode::Shared), "I1");
    assert_eq!(told(&|control| control.epoch = 0), "I3");
    assert_eq!(told(&|control| control.reserved_for = Some(ANN)), "I17");
    assert_eq!(told(&|control| control.closed = true), "T24");
    let bot = held.holder.unwrap();
    assert_eq!(told(&|control| control.suspended = Some(Suspended { hold: bot, why: Suspension::Taken })), "I16");
    let ask = Request { id: 9, operator: Party { id: CAB, kind: Kind::Agent }, why: String::new(), since: Millis(0), until: Millis(0) };
    assert_eq!(told(&|control| control.queue.push(ask.clone())), "I10");
}

fn asks<'a>(kind: Kind, name: &'a str, role: Role, given: bool) -> Subject<'a> {
    Subject { kind, name, role, given }
}

#[test]
fn deny_beats_allow_wherever_it_stands_and_is_named() {
    let place = Place { pane: Some(PaneId(7)), name: "prod-db", session: "work" };
    let night =
        Rule { name: "night".into(), panes: vec!["prod-*".into()], deny: Rights::of(&[Right::Input, Right::Kill]), ..Rule::default() };
    for rules in [[vec![night.clone()], Policy::builtin()].concat(), [Policy::builtin(), vec![night]].concat()] {
        let granted = Policy { rules }.rights(&asks(Kind::Human, "ann", Role::Participant, false), &place);
        assert!(!granted.rights.has(Right::Input) && granted.rights.has(Right::Take));
        assert_eq!(granted.rule_against(Right::Input), "the rule `night`");
        assert!(granted.require(Right::Input).unwrap_err().to_string().contains("the rule `night` does not allow `input`"));
    }
}

#[test]
fn rules_widen_for_names_panes_and_sessions() {
    let rule = Rule {
        name: "claude in the lab".into(),
        kinds: vec![Kind::Agent],
        operators: vec!["claude@*".into()],
        panes: vec!["%7".into(), "lab*".into()],
        sessions: vec!["*play*".into()],
        allow: Rights::of(&[Right::Input]),
        ..Rule::default()
    };
    let policy = Policy { rules: [vec![rule], Policy::builtin()].concat() };
    let may = |name, pane, title, session| {
        let place = Place { pane: Some(PaneId(pane)), name: title, session };
        policy.rights(&asks(Kind::Agent, name, Role::Participant, false), &place).rights.has(Right::Input)
    };
    assert!(may("claude@%3", 7, "x", "playground") && may("claude@%3", 8, "lab 1", "play"));
    assert!(!may("codex@%3", 7, "x", "play") && !may("claude@%3", 8, "x", "play") && !may("claude@%3", 7, "x", "work"));
    assert!(!may("claude@%3", 77, "x", "play"), "%7 is not %77");
}

#[test]
fn patterns_know_stars_and_nothing_else() {
    let selects = |pattern: &str, name: &str| {
        let rule = Rule { name: "r".into(), operators: vec![pattern.into()], allow: Rights::ALL, ..Rule::default() };
        Policy { rules: vec![rule] }.rights(&asks(Kind::Human, name, Role::Admin, false), &Place::ANYWHERE).rights == Rights::ALL
    };
    for (pattern, yes, no) in [
        ("ann", "ann", "anna"),
        ("a*", "a", "ba"),
        ("*a", "ba", "ab"),
        ("*", "", "-"),
        ("a*a", "aa", "a"),
        ("*b*", "abc", "ac"),
        ("a*b*c", "a-b-c", "a-c-b"),
        ("a*bb*b", "abbb", "abb"),
        ("a?", "a?", "ab"),
    ] {
        assert!(selects(pattern, yes), "{pattern} {yes}");
        assert!(pattern == "*" || !selects(pattern, no), "{pattern} {no}");
    }
}

#[test]
fn a_faulty_rule_denies() {
    let place = Place::ANYWHERE;
    let rights = |rule: Rule, kind| {
        Policy { rules: [vec![rule], Policy::builtin()].concat() }.rights(&asks(kind, "x", Role::Participant, true), &place)
    };
    let faulty = |fault| Rule { name: "typo".into(), kinds: vec![Kind::Agent], fault: Some(fault), ..Rule::default() };
    let granted = rights(faulty(Fault::Rights), Kind::Agent);
    assert_eq!(granted.rights, Rights::of(&[Right::View]));
    assert_eq!(granted.rule_against(Right::Input), "the rule `typo` (which could not be read, so it denies)");
    assert!(rights(faulty(Fault::Rights), Kind::Human).rights.has(Right::Input), "it is for agents");
    assert!(!rights(faulty(Fault::Selection), Kind::Service).rights.has(Right::Input), "whom it is for cannot be read");
    assert!(rights(faulty(Fault::Selection), Kind::Human).rights.has(Right::Input), "somebody has to mend it");
    let half = Rule { deny: Rights::of(&[Right::Kill]), ..faulty(Fault::Rights) };
    assert!(rights(half, Kind::Agent).rights.has(Right::Input), "of a half-read rule what was read");
}

#[test]
fn roles_cap_and_nobody_may_more_than_whom_they_speak_for() {
    let policy = Policy::default();
    let of = |kind, role| policy.rights(&asks(kind, "x", role, true), &Place::ANYWHERE);
    assert_eq!(of(Kind::Human, Role::Observer).rights, Rights::of(&[Right::View, Right::Request]));
    assert!(of(Kind::Human, Role::Observer).require(Right::Input).unwrap_err().to_string().contains("read-only"));
    assert_eq!(of(Kind::Human, Role::Admin).rights, Rights::ALL);
    assert!(!of(Kind::Human, Role::Participant).rights.has(Right::Admin));
    for kind in [Kind::Service, Kind::Agent, Kind::Device] {
        let rights = of(kind, Role::Admin).rights;
        assert!(!rights.has(Right::Take) && !rights.has(Right::Approve) && !rights.has(Right::Admin), "{kind}");
    }
    assert!(!of(Kind::Service, Role::Participant).rights.has(Right::Offer));
    let service = of(Kind::Service, Role::Participant).within(of(Kind::Human, Role::Observer).rights);
    assert!(!service.rights.has(Right::Input) && service.rule_against(Right::Input).contains("speak for"));
}

fn facts() -> Facts {
    Facts {
        uid: 1000,
        server_uid: 1000,
        admitted: false,
        user: "ann".into(),
        ancestry: Ancestry::Outside,
        tty: Tty::Foreign,
        login: false,
        token: Token::None,
        declared: None,
        manifest: None,
        program: "vim".into(),
        claimed: None,
    }
}

fn inside() -> Facts {
    Facts { ancestry: Ancestry::Pane(PaneId(7)), tty: Tty::Pane(PaneId(7)), ..facts() }
}

#[test]
fn a_person_at_a_terminal_is_the_human() {
    let ann = identify(&facts()).unwrap();
    assert_eq!((ann.kind, ann.name.as_str(), ann.assurance, ann.on_behalf_of), (Kind::Human, "ann", Assurance::Uid, None));
    assert_eq!(identify(&Facts { tty: Tty::None, login: true, ..facts() }).unwrap().kind, Kind::Human, "over ssh there is no terminal");
}

#[test]
fn what_runs_inside_a_pane_is_never_the_human() {
    let claims = [
        None,
        Some((Kind::Human, None)),
        Some((Kind::Human, Some("ann".to_owned()))),
        Some((Kind::Service, None)),
        Some((Kind::Agent, None)),
    ];
    let declared = |kind, bound| Some(Declared { kind, name: "ann".into(), bound });
    for ancestry in [Ancestry::Pane(PaneId(7)), Ancestry::Outside, Ancestry::Unknown] {
        for tty in [Tty::Pane(PaneId(7)), Tty::Foreign, Tty::None] {
            for token in [Token::None, Token::Valid(PaneId(7))] {
                let knows = matches!(ancestry, Ancestry::Pane(_)) || matches!(tty, Tty::Pane(_)) || token != Token::None;
                // Without a trace of a pane, and the tree read to its end: outside. Where the tree is unknown nobody is human.
                if !knows && ancestry == Ancestry::Outside {
                    continue;
                }
                for claimed in &claims {
                    for declared in [
                        None,
                        declared(Kind::Human, Bound::Ancestry),
                        declared(Kind::Human, Bound::Word),
                        declared(Kind::Agent, Bound::Word),
                    ] {
                        let facts = Facts { ancestry, tty, token, declared, claimed: claimed.clone(), ..facts() };
                        if let Ok(identity) = identify(&facts) {
                            assert_ne!(identity.kind, Kind::Human, "{facts:?}");
                            assert_eq!(identity.on_behalf_of.as_deref(), Some("ann"));
                        }
                    }
                }
            }
        }
    }
    let vim = identify(&inside()).unwrap();
    assert_eq!((vim.kind, vim.name.as_str(), vim.origin_pane, vim.assurance), (Kind::Service, "vim@%7", Some(PaneId(7)), Assurance::Uid));
    let proven = identify(&Facts { token: Token::Valid(PaneId(7)), ..inside() }).unwrap();
    assert_eq!(proven.assurance, Assurance::Proven);
}

#[test]
fn agents_are_known_by_declaration_and_by_manifest() {
    let known = identify(&Facts { manifest: Some("claude".into()), ..inside() }).unwrap();
    assert_eq!((known.kind, known.name.as_str()), (Kind::Agent, "claude@%7"));
    let declared = Some(Declared { kind: Kind::Agent, name: "claude".into(), bound: Bound::Ancestry });
    let outside = identify(&Facts { declared: declared.clone(), ..facts() }).unwrap();
    assert_eq!((outside.kind, outside.name.as_str(), outside.on_behalf_of.as_deref()), (Kind::Agent, "claude", Some("ann")));
    let more = identify(&Facts { declared, token: Token::Valid(PaneId(7)), ..inside() }).unwrap();
    assert_eq!(more.assurance, Assurance::Proven);
    let less = identify(&Facts { claimed: Some((Kind::Agent, Some("bot".into()))), ..facts() }).unwrap();
    assert_eq!((less.kind, less.assurance), (Kind::Agent, Assurance::Claimed), "everybody may make less of themselves");
}

#[test]
fn forged_identities_are_refused_with_a_reason() {
    let refused = |facts: Facts| identify(&facts).unwrap_err();
    assert_eq!(refused(Facts { uid: 1001, ..facts() }), Forged::Stranger { uid: 1001 });
    assert!(identify(&Facts { uid: 1001, admitted: true, user: "bob".into(), ..facts() }).is_ok());
    assert_eq!(refused(Facts { token: Token::Invalid, ..inside() }), Forged::BadToken);
    let foreign = refused(Facts { token: Token::Valid(PaneId(8)), ..inside() });
    assert_eq!(foreign, Forged::ForeignToken { token: PaneId(8), inside: PaneId(7) });
    assert_eq!(refused(Facts { claimed: Some((Kind::Human, None)), ..inside() }), Forged::HumanInside { inside: PaneId(7) });
    let declared = Some(Declared { kind: Kind::Human, name: "ann".into(), bound: Bound::Token });
    assert_eq!(refused(Facts { declared, ..inside() }), Forged::HumanInside { inside: PaneId(7) });
    let desktop = identify(&Facts { tty: Tty::None, ..facts() }).unwrap();
    assert_eq!((desktop.kind, desktop.assurance), (Kind::Human, Assurance::Claimed), "a key of the desktop has no terminal");
    let nowhere = Facts { tty: Tty::None, ancestry: Ancestry::Unknown, ..facts() };
    assert_eq!(identify(&nowhere).unwrap().kind, Kind::Service);
    assert_eq!(
        refused(Facts { claimed: Some((Kind::Human, None)), ..nowhere }),
        Forged::Raised { claimed: Kind::Human, found: Kind::Service }
    );
    let agent = Facts { manifest: Some("claude".into()), claimed: Some((Kind::Service, None)), ..inside() };
    assert_eq!(refused(agent), Forged::Raised { claimed: Kind::Service, found: Kind::Agent }, "a service could write to shared panes");
    let other = Facts { claimed: Some((Kind::Human, Some("eve".into()))), ..facts() };
    assert_eq!(refused(other), Forged::OtherHuman { claimed: "eve".into(), user: "ann".into() });
    assert!(foreign.to_string().contains("%8") && !foreign.to_string().contains('\n'));
}

#[test]
fn names_carry_nothing_that_a_terminal_would_obey() {
    let name = "a\x1b[2Jb c:d\u{7f}".to_owned();
    let identity = identify(&Facts { manifest: Some(name), ..inside() }).unwrap();
    assert_eq!(identity.name, "a[2Jbcd@%7");
    let long = identify(&Facts { program: "x".repeat(500), ..inside() }).unwrap();
    assert!(long.name.len() <= NAME_BYTES_MAX + 8);
    assert_eq!(identify(&Facts { program: " \n".into(), ..inside() }).unwrap().name, "unnamed@%7");
}

#[test]
fn the_roster_knows_who_speaks_for_whom() {
    let mut roster = Roster::new();
    let vim = roster.identified(&identify(&inside()).unwrap());
    let ann = roster.identified(&identify(&facts()).unwrap());
    assert_eq!(roster.operator(vim).unwrap().on_behalf_of, Some(ann));
    assert_eq!(roster.identified(&identify(&inside()).unwrap()), vim);
    assert_eq!((roster.presence_of(ann), roster.role_of(ann)), (None, None));
    let laptop = roster.attach(ann, Transport::Unix, String::new(), Role::Admin, 1);
    let phone = roster.attach(ann, Transport::Ssh, String::new(), Role::Observer, 2);
    roster.set_presence(laptop, Presence::Stale);
    assert_eq!((roster.presence_of(ann), roster.role_of(ann)), (Some(Presence::Live), Some(Role::Observer)));
    roster.set_presence(phone, Presence::Stale);
    assert_eq!(roster.presence_of(ann), Some(Presence::Stale));
}

#[test]
fn loose_ends_are_tied_once() {
    let mut ends = LooseEnds::default();
    ends.wrote(BOT, b"\x1b[200~half a pa");
    assert!(ends.is_paste_open());
    assert_eq!(ends.tie(), b"\x1b[201~");
    assert_eq!(ends.tie(), b"");
    ends.wrote(BOT, b"\x1b[<0;5;6M\x1b[<32;7;8M\x1b[<64;1;1M\x1b[97;1:1u");
    assert_eq!(ends.tie(), b"\x1b[<0;5;6m\x1b[97;1:3u");
    ends.wrote(BOT, b"\x1b[<0;5;6M\x1b[<0;5;6m\x1b[97;1:1u\x1b[97;1:3u\x1b[200~x\x1b[201~");
    assert_eq!(ends.tie(), b"");
}

#[test]
fn a_draft_is_a_line_that_was_not_sent_off() {
    let mut ends = LooseEnds::default();
    for (bytes, draft) in [
        (b"rm -rf".as_slice(), true),
        (b"\r", false),
        (b"x", true),
        (b"\x03", false),
        (b"\x1b[A", false),
        (b"ls\x15", false),
        (b"\x1b[200~a\rb\x1b[201~", true),
        (b"\r", false),
    ] {
        ends.wrote(BOT, bytes);
        assert_eq!(ends.draft_of(), draft.then_some(BOT), "{}", bytes.escape_ascii());
    }
}

proptest::proptest! {
    #[test]
    fn frames_are_cut_between_characters_and_escapes(
        parts in proptest::collection::vec(proptest::sample::select(vec!["a", "ä", "€", "😀", "\x1b[A", "\x1b[200~", "\x1bOP", "\x1b]0;t\x07", "\r"]), 1..40),
        max in 16..40_usize,
    ) {
        let bytes = parts.concat().into_bytes();
        let borders: Vec<usize> = parts.iter().scan(0, |at, part| { *at += part.len(); Some(*at) }).collect();
        let mut at = 0;
        while at < bytes.len() {
            let end = at + cut(&bytes[at..], max);
            assert!(end > at && end - at <= max);
            assert!(borders.contains(&end), "{end} is no border in {borders:?}");
            at = end;
        }
    }

    #[test]
    fn whatever_is_written_ties_without_a_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), max in 0..64_usize) {
        let mut ends = LooseEnds::default();
        ends.wrote(BOT, &bytes);
        let _ = ends.tie();
        assert!(!ends.is_paste_open());
        assert!(cut(&bytes, max) <= bytes.len());
    }

    #[test]
    fn whatever_is_read_reads_without_a_panic(line in ".{0,300}") {
        let _ = Record::from_line(&line);
        let _ = line.parse::<Control>();
        let _ = line.parse::<Rights>();
    }
}
