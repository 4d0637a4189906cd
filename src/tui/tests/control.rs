//! Control as the user sees it, judged on what is drawn: words, cards, what becomes of keys.

use super::*;
use crate::ids::OperatorId;
use crate::tui::control::cards;
use crate::tui::control::words::TakesBy;
use crate::tui::view;
use ratatui::buffer::Buffer;

const ME: u64 = 1;
const ANN: u64 = 2;
const CLAUDE: u64 = 3;

fn who(id: u64) -> Who {
    let (kind, name) = match id {
        ME => (OperatorKind::Human, "me"),
        ANN => (OperatorKind::Human, "ann"),
        _ => (OperatorKind::Agent, "claude"),
    };
    Who { id: OperatorId(id), kind, name: name.into(), live: true }
}

fn operator(id: u64) -> OperatorInfo {
    let Who { id, kind, name, .. } = who(id);
    OperatorInfo {
        id,
        kind,
        name,
        attachments: Vec::new(),
        on_behalf_of: None,
        assurance: Some(Assurance::Token),
        origin_pane: None,
        holds: None,
    }
}

/// A client with one pane in its window, as wide as the terminal, and two others who are known.
fn alone() -> Model {
    let mut model = client(Size::new(100, 12), Size::new(100, 11), 50);
    model.operator = Some(OperatorId(ME));
    model.unix_ms = 1_000_000;
    let messages = [
        ServerMessage::Window(window(1, Size::new(100, 11), &[(1, 100)])),
        ServerMessage::PaneGone(PaneId(2)),
        ServerMessage::Roster([ME, ANN, CLAUDE].map(operator).into()),
        ServerMessage::ModelEnd,
    ];
    assert_eq!(tell(&mut model, messages), []);
    model
}

fn held_by(id: u64, epoch: u64) -> ControlInfo {
    let hold = HoldInfo { operator: who(id), via: Via::Grant, since_ms: 0, until_ms: None, supervised: false };
    ControlInfo { mode: ControlMode::Held, epoch, holder: Some(hold), ..ControlInfo::free(PaneId(1)) }
}

fn control(model: &mut Model, info: ControlInfo) -> Vec<Effect> {
    tell(model, [ServerMessage::Control(Box::new(info)), ServerMessage::ModelEnd])
}

/// What stands on the outer terminal, rows from the top; cells of panes are blank.
fn drawn(model: &mut Model) -> Vec<String> {
    let (cols, rows) = (model.size.cols, model.size.rows);
    let mut buffer = Buffer::empty(ratatui::layout::Rect { x: 0, y: 0, width: cols, height: rows });
    let scene = arrange(model);
    view::draw(model, &scene, &mut buffer);
    let row = |y: u16| (0..cols).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..rows).map(|y| row(y).trim_end().to_owned()).collect()
}

fn line(model: &mut Model) -> String {
    model.message = None;
    drawn(model).pop().unwrap_or_default()
}

fn asked(effects: &[Effect]) -> Vec<Request> {
    let request = |effect: &Effect| match effect {
        Effect::Send(ClientMessage::Request(asked)) => Some(asked.request.clone()),
        _ => None,
    };
    effects.iter().filter_map(request).collect()
}

fn op(op: ControlOp) -> Vec<Request> {
    vec![Request::Control { target: Some("%1".into()), op }]
}

fn epochs(effects: &[Effect]) -> Vec<(String, Option<u64>)> {
    let input = |effect: &Effect| match effect {
        Effect::Input { bytes, stamp, .. } => Some((String::from_utf8_lossy(bytes).into_owned(), stamp.epoch)),
        _ => None,
    };
    effects.iter().filter_map(input).collect()
}

fn ack(took: bool, refused: Option<&str>) -> ServerMessage {
    let refused = refused.map(|code| Refusal::new(code, "no"));
    ServerMessage::InputAck(InputAck { seq: 1, pane: PaneId(1), refused, took: took.then_some(true) })
}

fn proposal(text: &str) -> ControlInfo {
    let proposal = ProposalInfo {
        id: 7,
        operator: who(CLAUDE),
        text: text.into(),
        bytes: text.len() as u64,
        digest: "d1".into(),
        until_ms: 1_042_000,
    };
    ControlInfo { proposals: vec![proposal], ..held_by(CLAUDE, 4) }
}

#[test]
fn nobody_sees_anything_of_a_free_pane() {
    let mut model = alone();
    let before = drawn(&mut model);
    assert_eq!(control(&mut model, ControlInfo::free(PaneId(1))), []);
    assert_eq!(drawn(&mut model), before);
    assert_eq!(epochs(&keys(&mut model, "l s C-c Enter")), [("ls\x03\r".to_owned(), None)]);
    assert_eq!(model.deadline_ms(), None);
}

#[test]
fn the_status_line_says_who_has_control_and_what_a_key_does() {
    let mut model = alone();
    let mut says = |info: ControlInfo| {
        control(&mut model, info);
        line(&mut model)
    };
    assert!(says(held_by(CLAUDE, 2)).ends_with(" claude (agent) has control · your key takes it"));
    assert!(says(held_by(ANN, 3)).ends_with(" ann has control · C-b Q asks for it"));
    assert!(says(held_by(ME, 4)).ends_with(" you have control · C-b U gives it up"));
    let taken = ControlInfo { suspended: Some(who(CLAUDE)), ..held_by(ME, 5) };
    assert!(says(taken).ends_with(" you have control · C-b b hands back to claude (agent)"));
    assert!(says(ControlInfo { holder: None, ..held_by(ME, 6) }).ends_with(" vacant · type to acquire"));
    let reserved = ControlInfo { holder: None, reserved_for: Some(who(ANN)), ..held_by(ME, 7) };
    assert!(says(reserved).ends_with(" reserved for ann · type to acquire"));
    let locked = ControlInfo { mode: ControlMode::Locked, epoch: 8, ..ControlInfo::free(PaneId(1)) };
    assert!(says(locked).ends_with(" locked · C-b K unlocks"));
    let mut supervised = ControlInfo { draft_of: Some(who(CLAUDE)), ..held_by(CLAUDE, 9) };
    supervised.holder.as_mut().unwrap().supervised = true;
    let text = says(supervised);
    assert!(text.ends_with(" claude (agent) has control, supervised · your key takes it · an unsent line of claude is here"), "{text}");
    model.settings.takes_by = TakesBy::Chord;
    control(&mut model, held_by(CLAUDE, 10));
    assert!(line(&mut model).ends_with(" claude (agent) has control · C-b k takes it"));
    model.settings.status = false;
    assert!(line(&mut model).contains("claude (agent) has control"), "also where the status line is hidden");
    model.role = Role::Observer;
    assert!(line(&mut model).trim_end().ends_with("claude (agent) has control"), "an observer is promised no key");
}

#[test]
fn a_title_line_says_it_in_place_of_the_status_line() {
    let mut model = client(Size::new(120, 12), Size::new(120, 11), 60);
    model.operator = Some(OperatorId(ME));
    let mut both = window(1, Size::new(120, 11), &[(1, 60), (2, 59)]);
    both.titles = true;
    for place in &mut both.places {
        place.rect = rect(place.rect.col, 1, place.rect.cols, 10);
    }
    tell(&mut model, [ServerMessage::Window(both), ServerMessage::ModelEnd]);
    control(&mut model, held_by(CLAUDE, 2));
    model.message = None;
    let rows = drawn(&mut model);
    assert!(rows[0].contains(" 0 sh claude (agent) has control · your key takes it ─"), "{}", rows[0]);
    assert!(!rows[11].contains("claude"), "{}", rows[11]);
    keys(&mut model, "C-b z");
    assert!(line(&mut model).contains("claude (agent) has control"), "a zoomed pane has no title line");
}

#[test]
fn a_first_key_takes_and_the_keys_behind_it_are_of_the_old_epoch() {
    let mut model = alone();
    control(&mut model, held_by(CLAUDE, 5));
    assert_eq!(
        epochs(&keys(&mut model, "l C-c s C-c C-c Enter")),
        [
            ("l".to_owned(), Some(5)),
            ("\x03".to_owned(), None),
            ("s".to_owned(), Some(5)),
            ("\x03".to_owned(), None),
            ("\x03".to_owned(), None),
            ("\r".to_owned(), Some(5)),
        ]
    );
    let mut mine = ControlInfo { suspended: Some(who(CLAUDE)), ..held_by(ME, 6) };
    mine.holder.as_mut().unwrap().via = Via::Take;
    tell(&mut model, [ServerMessage::Control(Box::new(mine)), ServerMessage::ModelEnd, ack(true, None), ack(false, Some("stale_epoch"))]);
    assert_eq!(drawn(&mut model)[11], "you took control from claude (agent) (that key was not typed)");
    assert_eq!(epochs(&keys(&mut model, "x")), [("x".to_owned(), Some(6))]);
    // A line about what was typed outlives the next key, but not its time.
    assert!(drawn(&mut model)[11].starts_with("you took control"));
    model.now_ms = model.deadline_ms().unwrap();
    let _ = update(&mut model, Event::Deadline);
    assert!(drawn(&mut model)[11].contains("you have control"));
}

#[test]
fn a_refusal_is_said_once_per_cause() {
    let mut model = alone();
    control(&mut model, ControlInfo { mode: ControlMode::Locked, epoch: 2, ..ControlInfo::free(PaneId(1)) });
    model.messages.clear();
    for key in ["l", "s", "Enter"] {
        keys(&mut model, key);
        tell(&mut model, [ack(false, Some("not_permitted"))]);
        model.now_ms += 1_000;
    }
    assert_eq!(drawn(&mut model)[11], "not typed: locked · C-b K unlocks");
    assert_eq!(model.messages.len(), 1);
    assert_eq!(asked(&keys(&mut model, "C-b K")), op(ControlOp::Mode(ControlMode::Shared)));
}

#[test]
fn a_request_is_granted_and_denied_with_one_key() {
    let mut model = alone();
    let request = ControlRequestInfo { id: 1, operator: who(CLAUDE), why: "to run\u{202e} the\u{1b}[2J tests".into(), until_ms: 1_058_500 };
    control(&mut model, ControlInfo { queue: vec![request], ..ControlInfo::free(PaneId(1)) });
    let rows = drawn(&mut model);
    assert!(rows[11].ends_with(" ▲ claude asks for %1 · C-b y grants · C-b N denies · C-b v shows all · 59 s"), "{}", rows[11]);
    assert!(rows[8].contains("┌ claude (agent) asks for control of %1 (sh) ─"), "{}", rows[8]);
    assert!(rows[9].contains("│ to run\\u{202e} the\\u{1b}[2J tests"), "{}", rows[9]);
    assert_eq!(model.deadline_ms(), Some(model.now_ms + 500), "until the seconds change");
    model.now_ms += 500;
    model.unix_ms += 500;
    let _ = update(&mut model, Event::Deadline);
    assert!(line(&mut model).ends_with("58 s"));
    assert_eq!(typed(&keys(&mut model, "y")), "%1:y", "it takes no keys");
    assert_eq!(asked(&keys(&mut model, "C-b y")), op(ControlOp::Grant { to: Some("o3".into()), ttl_ms: None, supervised: false }));
    assert_eq!(asked(&keys(&mut model, "C-b N")), op(ControlOp::Deny { to: Some("o3".into()), reason: None }));
    assert_eq!(asked(&keys(&mut model, "C-b v s")), op(ControlOp::Grant { to: Some("o3".into()), ttl_ms: None, supervised: true }));
    assert_eq!(asked(&keys(&mut model, "C-b v r n o Enter")), op(ControlOp::Deny { to: Some("o3".into()), reason: Some("no".into()) }));
    keys(&mut model, "C-b u");
    assert!(line(&mut model).ends_with(" ▲ 1 waits · C-b v"));
    assert_eq!(model.deadline_ms(), None, "what is put aside needs no clock");
    control(&mut model, ControlInfo::free(PaneId(1)));
    assert!(!line(&mut model).contains('▲'), "gone with what it is about");
    assert_eq!(asked(&keys(&mut model, "C-b y")), []);
}

#[test]
fn a_proposal_is_approved_by_the_digest_that_was_shown_and_only_when_it_was_seen() {
    let mut model = alone();
    control(&mut model, proposal("make\\r"));
    assert_eq!(asked(&keys(&mut model, "C-b y")), [], "it was not drawn yet");
    model.message = None;
    let rows = drawn(&mut model);
    assert!(rows[9].contains("│ make\\r "), "{}", rows[9]);
    assert!(rows[11].contains("claude types into %1 · C-b y approves · C-b N denies"), "{}", rows[11]);
    let approve = |digest: &str, how| {
        vec![Request::Approve { target: Some("%1".into()), proposal: Some(7), digest: Some(digest.into()), how, reason: None }]
    };
    assert_eq!(asked(&keys(&mut model, "C-b y")), approve("d1", ApproveHow::Once));
    assert_eq!(asked(&keys(&mut model, "C-b N")), approve("d1", ApproveHow::Deny));
    // The bytes change behind the card: what was seen is not what there is.
    let mut other = proposal("rm -rf /\\r");
    other.proposals[0].digest = "d2".into();
    control(&mut model, other.clone());
    assert_eq!(asked(&keys(&mut model, "C-b y")), []);
    model.message = None;
    drawn(&mut model);
    assert_eq!(asked(&keys(&mut model, "C-b y")), [], "a card that took another's place waits a moment");
    model.now_ms += 400;
    assert_eq!(asked(&keys(&mut model, "C-b y")), approve("d2", ApproveHow::Once));
    // One that is longer than the box is read to its end first.
    other.proposals[0].text = (0..40).map(|n| format!("line {n}\\n\n")).collect();
    other.proposals[0].digest = "d3".into();
    control(&mut model, other);
    model.message = None;
    drawn(&mut model);
    model.now_ms += 400;
    assert_eq!(asked(&keys(&mut model, "C-b y")), []);
    assert_eq!(model.overlays.len(), 1, "it is opened");
    let rows = drawn(&mut model);
    assert!(rows.iter().any(|row| row.contains("line 0\\n")) && rows[11].contains("Space goes on"), "{rows:#?}");
    assert_eq!(asked(&keys(&mut model, "y")), []);
    for _ in 0..8 {
        keys(&mut model, "Space");
        drawn(&mut model);
    }
    assert!(drawn(&mut model).iter().any(|row| row.contains("line 39\\n")));
    assert_eq!(asked(&keys(&mut model, "y")), approve("d3", ApproveHow::Once));
}

#[test]
fn a_card_never_covers_where_one_types() {
    let mut model = alone();
    let mut screen = Screen::new(Size::new(100, 11));
    screen.version = 1;
    screen.cursor.at = Point { col: 60, row: 9 };
    tell(&mut model, [ServerMessage::Frame(frame(1, &screen, 0))]);
    control(&mut model, proposal("make\\r"));
    model.message = None;
    let rows = drawn(&mut model);
    assert!(rows[..11].iter().all(String::is_empty), "{rows:#?}");
    assert!(rows[11].contains("claude types into %1"));
    assert_eq!(asked(&keys(&mut model, "C-b y")), [], "its text is not seen");
    assert_eq!(model.overlays.len(), 1, "so it is shown");
}

#[test]
fn an_imitation_has_no_line_under_it() {
    let mut model = alone();
    control(&mut model, proposal("make\\r"));
    model.message = None;
    let real = drawn(&mut model);
    // A program draws the very same cells, all that it can reach.
    let mut screen = Screen::new(Size::new(100, 11));
    screen.version = 1;
    for (row, text) in (0u16..).zip(&real[..11]) {
        screen.put_row(usize::from(row), Row::narrow(text), 1);
    }
    control(&mut model, ControlInfo::free(PaneId(1)));
    tell(&mut model, [ServerMessage::Frame(frame(1, &screen, 0))]);
    model.message = None;
    assert_ne!(drawn(&mut model)[11], real[11], "the line that tells the keys is the client's alone");
    assert_eq!(asked(&keys(&mut model, "C-b y")), []);
    assert!(model.message.as_ref().is_some_and(|message| message.text.contains("no card waits")));
}

#[test]
fn an_offer_is_accepted_and_several_cards_are_counted() {
    let mut model = alone();
    let offer = OfferInfo { id: 2, from: who(ANN), to: who(ME), note: Some("your turn".into()), until_ms: 1_030_000, supervised: false };
    let mut info = proposal("ls\\r");
    info.offer = Some(offer);
    info.holder = Some(HoldInfo { operator: who(ANN), ..info.holder.unwrap() });
    control(&mut model, info);
    assert!(line(&mut model).contains(" ▲ 1/2 ann offers %1 · C-b y accepts · C-b N declines"));
    assert_eq!(asked(&keys(&mut model, "C-b y")), op(ControlOp::Accept));
    keys(&mut model, "C-b u");
    assert!(line(&mut model).contains(" ▲ 2/2 claude types into %1"));
    keys(&mut model, "C-b v Tab");
    assert!(drawn(&mut model).iter().any(|row| row.contains("ann offers you control")));
    keys(&mut model, "q");
    model.role = Role::Observer;
    assert!(cards::all(&model).is_empty(), "who looks on is asked nothing");
}

#[test]
fn a_pane_is_handed_over_taken_and_handed_back() {
    let mut model = alone();
    keys(&mut model, "C-b h");
    let rows = drawn(&mut model);
    let (claude, ann) = (rows.iter().position(|row| row.contains("claude")), rows.iter().position(|row| row.contains(" ann ")));
    assert!(claude.is_some() && claude < ann, "agents first: {rows:#?}");
    assert!(rows.iter().any(|row| row.contains("hand %1 (sh) over to")) && !rows.iter().any(|row| row.contains("(you)")));
    let offer =
        |note: Option<&str>, supervised| op(ControlOp::Offer { to: "o3".into(), note: note.map(str::to_owned), ttl_ms: None, supervised });
    assert_eq!(asked(&keys(&mut model, "Enter")), offer(None, false));
    assert_eq!(asked(&keys(&mut model, "C-b h c l C-s")), offer(None, true));
    assert_eq!(asked(&keys(&mut model, "C-b h C-e g o Enter")), offer(Some("go"), false));
    assert_eq!(asked(&keys(&mut model, "C-b k")), op(ControlOp::Take));
    assert_eq!(asked(&keys(&mut model, "C-b b")), [], "nobody waits for it");
    control(&mut model, ControlInfo { suspended: Some(who(CLAUDE)), ..held_by(ME, 6) });
    assert_eq!(asked(&keys(&mut model, "C-b b o k Enter")), op(ControlOp::HandBack { note: Some("ok".into()) }));
    assert_eq!(asked(&keys(&mut model, "C-b b Enter")), op(ControlOp::HandBack { note: None }));
    assert_eq!(asked(&keys(&mut model, "C-b U")), op(ControlOp::Release { to_next: false }));
    control(&mut model, held_by(CLAUDE, 7));
    assert_eq!(asked(&keys(&mut model, "C-b V")), op(ControlOp::Supervise { on: true }));
    assert_eq!(asked(&keys(&mut model, "C-b Q w h y Enter")), op(ControlOp::Request { why: "why".into() }));
}

#[test]
fn the_menu_has_what_can_be_done() {
    let mut model = alone();
    let right = Mouse { action: MouseAction::Press(MouseButton::Right), at: Point { col: 5, row: 1 }, mods: Mods::NONE };
    let _ = update(&mut model, Event::Mouse(right));
    let rows = drawn(&mut model).join("\n");
    assert!(rows.contains("Hand over to …") && rows.contains("C-b h") && !rows.contains("Hand back"), "{rows}");
    keys(&mut model, "Escape");
    control(&mut model, ControlInfo { suspended: Some(who(CLAUDE)), ..held_by(ME, 6) });
    keys(&mut model, "C-b >");
    assert!(drawn(&mut model).join("\n").contains("Hand back to claude …"));
    assert_eq!(asked(&keys(&mut model, "U")), op(ControlOp::Release { to_next: false }));
    for (cols, rows) in [(1, 1), (5, 3), (20, 4), (200, 60)] {
        let mut small = client(Size::new(cols, rows), Size::new(40, 9), 20);
        control(&mut small, proposal("make\\r"));
        let mut painter = Painter::new(small.size, Depth::Direct);
        for step in ["C-b >", "Escape", "C-b W", "Escape", "C-b h", "Escape", "C-b v", "q"] {
            keys(&mut small, step);
            painter.draw(&mut small);
        }
    }
}

#[test]
fn the_roster_says_who_is_here() {
    let mut model = alone();
    control(&mut model, held_by(CLAUDE, 2));
    keys(&mut model, "C-b W");
    let rows = drawn(&mut model);
    let row = rows.iter().find(|row| row.contains("claude ")).cloned().unwrap_or_default();
    for word in ["claude", "agent", "away", "token", "has control of %1"] {
        assert!(row.contains(word), "{row}");
    }
    assert!(rows.iter().any(|row| row.contains("me (you)")), "{rows:#?}");
}

#[test]
fn what_others_do_is_said_once_where_it_is_seen() {
    let mut model = alone();
    let says = |model: &mut Model, info: ControlInfo| {
        model.message = None;
        control(model, info);
        model.message.as_ref().map(|message| message.text.clone()).unwrap_or_default()
    };
    let offered = OfferInfo { id: 2, from: who(ME), to: who(CLAUDE), note: None, until_ms: 0, supervised: false };
    assert_eq!(says(&mut model, ControlInfo { offer: Some(offered.clone()), ..ControlInfo::free(PaneId(1)) }), "");
    assert!(line(&mut model).ends_with("offered to claude (agent) (C-b U withdraws)"));
    assert_eq!(asked(&keys(&mut model, "C-b U")), op(ControlOp::Withdraw));
    assert_eq!(says(&mut model, ControlInfo::free(PaneId(1))), "claude (agent) did not accept control of %1 (sh)");
    assert_eq!(says(&mut model, held_by(CLAUDE, 2)), "claude (agent) has control of %1 (sh) now");
    let mut taken = held_by(ANN, 3);
    taken.holder.as_mut().unwrap().via = Via::Take;
    assert_eq!(says(&mut model, taken), "ann took control of %1 (sh) from claude (agent)");
    let note = HandBackInfo { by: who(ANN), note: Some("fixed\u{7}".into()), at_ms: 0, cursor: 0, output_bytes: 0, input_bytes: 0 };
    let mut back = ControlInfo { handed_back: Some(note), ..held_by(CLAUDE, 4) };
    back.holder.as_mut().unwrap().via = Via::HandBack;
    assert_eq!(says(&mut model, back), "ann handed %1 (sh) back to claude (agent): fixed\\u{7}");
    assert!(line(&mut model).contains("claude (agent) has control (handed back by ann)"));
}

#[test]
fn where_keys_ask_the_question_is_a_card() {
    let mut model = alone();
    let mut config = model.settings.config.clone();
    config.control.takeover = "ask".parse().unwrap();
    model.settings = Settings::new(config, None);
    assert_eq!(model.settings.takes_by, TakesBy::Ask);
    control(&mut model, held_by(CLAUDE, 5));
    keys(&mut model, "l");
    tell(&mut model, [ack(false, Some("held_by"))]);
    assert!(line(&mut model).contains("take %1 from claude? · C-b y takes · C-b N leaves it"));
    assert_eq!(asked(&keys(&mut model, "C-b N")), []);
    assert!(!line(&mut model).contains('▲'));
    tell(&mut model, [ack(false, Some("held_by"))]);
    line(&mut model);
    model.now_ms += 400;
    assert_eq!(asked(&keys(&mut model, "C-b y")), op(ControlOp::Take));
}
