//! What the user does by hand, and when: choices that late answers do not undo, typing that waits for its place, hints, marks in ASCII.

use super::*;
use crate::tui::model::Typed;
use crate::tui::view;
use ratatui::buffer::Buffer;

fn asked(effects: &[Effect]) -> &RequestMessage {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientMessage::Request(asked)) => Some(asked),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing was asked: {effects:?}"))
}

fn made(id: u64, pane: u64) -> ServerMessage {
    ServerMessage::Reply(ReplyMessage { id, reply: Reply::Done(Made { pane: Some(PaneId(pane)), ..Made::default() }) })
}

fn split_window() -> [ServerMessage; 3] {
    [
        ServerMessage::Window(window(1, Size::new(40, 9), &[(1, 9), (9, 10), (2, 19)])),
        ServerMessage::Pane(pane(9, 1)),
        ServerMessage::ModelEnd,
    ]
}

fn click(model: &mut Model, col: u16, row: u16) -> Vec<Effect> {
    let press = Mouse { action: MouseAction::Press(MouseButton::Left), at: Point { col, row }, mods: Mods::NONE };
    update_all(model, [Event::Mouse(press), Event::Mouse(Mouse { action: MouseAction::Release(MouseButton::Left), ..press })])
}

#[test]
fn a_late_answer_does_not_undo_a_later_choice() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let id = asked(&keys(&mut model, "C-b %")).id;
    click(&mut model, 30, 3);
    assert_eq!(focus(&model), (1, 1, 2));
    tell(&mut model, [made(id, 9)]);
    tell(&mut model, split_window());
    assert_eq!(focus(&model), (1, 1, 2), "whoever clicked elsewhere meanwhile stays there");

    // An answer that took longer than typing waits: the zoom pressed meanwhile stays.
    let id = asked(&keys(&mut model, "C-b %")).id;
    keys(&mut model, "C-b z");
    assert_eq!(model.zoom(), None, "it waits for the pane it may be meant for");
    model.now_ms += 1_000;
    let _ = update(&mut model, Event::Deadline);
    assert_eq!(model.zoom(), Some(PaneId(2)));
    tell(&mut model, [made(id, 1)]);
    assert_eq!((focus(&model), model.zoom()), ((1, 1, 2), Some(PaneId(2))));
}

#[test]
fn what_is_typed_right_after_a_split_goes_into_the_new_pane() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let effects = keys(&mut model, "C-b % l s");
    let id = asked(&effects).id;
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Input { .. })), "{effects:?}");
    assert_eq!(update(&mut model, Event::Paste("-la".into())), []);
    assert_eq!(tell(&mut model, [made(id, 9)]), [], "the pane is not known yet");
    let effects = tell(&mut model, split_window());
    assert_eq!(focus(&model), (1, 1, 9));
    assert_eq!(typed(&effects), "%9:ls %9:-la");
    assert_eq!(typed(&keys(&mut model, "x")), "%9:x", "afterwards nothing waits");

    // A refusal, and a server that went away, give it to the pane that has the focus.
    let id = asked(&keys(&mut model, "C-b % a")).id;
    let refused = Refusal::new("no_space", "no room");
    assert_eq!(typed(&tell(&mut model, [ServerMessage::Reply(ReplyMessage { id, reply: Reply::Refused(refused) })])), "%9:a");
    keys(&mut model, "C-b % b");
    assert_eq!(typed(&update(&mut model, Event::Lost)), "%9:b");
}

#[test]
fn what_waits_is_bounded_and_keeps_its_order() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    keys(&mut model, "C-b c");
    let mut out = String::new();
    for index in 0..300u32 {
        let key = Key::parse(if index % 2 == 0 { "a" } else { "b" }).unwrap();
        out.push_str(&typed(&update(&mut model, Event::Key(key))).replace("%1:", "").replace(' ', ""));
    }
    out.extend(model.held.iter().map(|held| if matches!(held, Typed::Key(key) if *key == Key::parse("a").unwrap()) { 'a' } else { 'b' }));
    assert_eq!(out, "ab".repeat(150));
}

#[test]
fn the_prefix_shows_after_a_while_what_may_follow() {
    let mut model = client(Size::new(80, 24), Size::new(80, 23), 40);
    let shown = |model: &mut Model| {
        let mut buffer = Buffer::empty(ratatui::layout::Rect { x: 0, y: 0, width: 80, height: 24 });
        let scene = arrange(model);
        view::draw(model, &scene, &mut buffer);
        buffer.content().iter().map(|cell| cell.symbol()).collect::<String>()
    };
    keys(&mut model, "C-b");
    assert_eq!(model.deadline_ms(), Some(600));
    assert!(!shown(&mut model).contains("after C-b"));
    model.now_ms = 600;
    let _ = update(&mut model, Event::Deadline);
    assert!(model.redraw.chrome);
    assert_eq!(model.deadline_ms(), None, "one shot");
    let hint = shown(&mut model);
    assert!(hint.contains("after C-b") && hint.contains("New window") && hint.contains("0-9"), "{hint}");
    keys(&mut model, "o");
    assert!(!shown(&mut model).contains("after C-b"));
    assert_eq!(focus(&model), (1, 1, 2), "the key was the table's all the same");
    // While keys repeat nobody needs a hint.
    keys(&mut model, "C-b Left");
    assert_eq!(model.deadline_ms(), Some(model.now_ms + 500));
    model.settings.config.times.hint_ms = 0;
    keys(&mut model, "C-b");
    assert_eq!(model.keys.hint_at_ms, None);
}

#[test]
fn a_hint_fits_into_any_terminal() {
    for (cols, rows) in [(1, 1), (2, 2), (11, 3), (12, 4), (20, 5), (33, 9), (500, 200)] {
        let mut model = client(Size::new(cols, rows), Size::new(40, 9), 20);
        keys(&mut model, "C-b");
        model.now_ms = 600;
        let _ = update(&mut model, Event::Deadline);
        let mut painter = Painter::new(model.size, Depth::Direct);
        assert!(!painter.draw(&mut model).is_empty(), "{cols}x{rows}");
    }
}

#[test]
fn without_utf8_the_chrome_is_ascii() {
    let mut model = client(Size::new(80, 24), Size::new(80, 23), 40);
    model.unicode = false;
    let mut odd = session(1, &[1, 2]);
    odd.name = "日本 é".into();
    tell(&mut model, [ServerMessage::Session(odd), ServerMessage::ModelEnd]);
    let mut painter = Painter::new(model.size, Depth::Direct);
    for step in ["C-b s", "Escape", "C-b ?", "q", "C-b q", "Escape", "C-b t", "q", "C-b :", "Escape"] {
        keys(&mut model, step);
        let bytes = painter.draw(&mut model);
        assert!(bytes.is_ascii(), "{step}: {}", String::from_utf8_lossy(&bytes));
    }
    keys(&mut model, "C-b");
    model.now_ms = 600;
    let _ = update(&mut model, Event::Deadline);
    let bytes = painter.draw(&mut model);
    assert!(bytes.is_ascii(), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn sizes_follow_the_hand_where_others_look_too() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    assert_eq!(keys(&mut model, "C-b ?"), [], "nobody else is there to be told of");
    keys(&mut model, "q");
    let other = AttachmentInfo {
        id: AttachmentId(2),
        transport: Transport::Unix,
        origin: String::new(),
        role: Role::Participant,
        presence: Presence::Live,
        session: Some(SessionId(1)),
        window: Some(WindowId(2)),
        focus: Some(PaneId(3)),
        viewport: None,
        since_ms: 0,
        last_input_ms: 0,
    };
    let operator = OperatorInfo {
        id: crate::ids::OperatorId(1),
        kind: OperatorKind::Human,
        name: "ann".into(),
        attachments: vec![other],
        on_behalf_of: None,
        assurance: None,
        origin_pane: None,
        holds: None,
    };
    tell(&mut model, [ServerMessage::Roster(vec![operator]), ServerMessage::ModelEnd]);
    assert_eq!(keys(&mut model, "C-b o").last(), Some(&Effect::Send(ClientMessage::View(model.view.clone().unwrap()))));
    let effects = keys(&mut model, "C-b n");
    assert_eq!(effects.last(), Some(&Effect::Send(ClientMessage::Active)), "after the view: {effects:?}");
    assert_eq!(typed(&keys(&mut model, "x")), "%3:x", "typing says so itself");
    assert!(!keys(&mut model, "x").contains(&Effect::Send(ClientMessage::Active)));
    model.role = Role::Observer;
    assert!(!keys(&mut model, "C-b ?").contains(&Effect::Send(ClientMessage::Active)));
}

#[test]
fn sessions_are_walked_as_people_count() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    for (id, name) in [(1, "2"), (2, "10"), (3, "9")] {
        tell(&mut model, [ServerMessage::Session(SessionInfo { name: name.into(), ..session(id, &[1]) })]);
    }
    tell(&mut model, [ServerMessage::ModelEnd]);
    keys(&mut model, "C-b )");
    assert_eq!(focus(&model).0, 3, "9 follows 2");
    keys(&mut model, "C-b )");
    assert_eq!(focus(&model).0, 2);
}

#[test]
fn the_session_that_ends_leads_to_another_where_that_is_wanted() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let others = [ServerMessage::Session(session(2, &[2])), ServerMessage::ModelEnd];
    tell(&mut model, others);
    model.settings.config.general.session_end = crate::config::SessionEnd::Switch;
    tell(&mut model, [ServerMessage::SessionGone(SessionId(1)), ServerMessage::ModelEnd]);
    assert_eq!(focus(&model), (2, 2, 3));
    let effects = tell(&mut model, [ServerMessage::SessionGone(SessionId(2)), ServerMessage::ModelEnd]);
    assert!(effects.contains(&Effect::Leave(Leave::SessionEnded)), "with the last one it leaves");
}

#[test]
fn the_pane_under_the_pointer_gets_the_focus_where_that_is_wanted() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let over = Mouse { action: MouseAction::Move, at: Point { col: 30, row: 3 }, mods: Mods::NONE };
    let _ = update(&mut model, Event::Mouse(over));
    assert_eq!(focus(&model), (1, 1, 1));
    model.settings.config.mouse.focus_follows = true;
    let _ = update(&mut model, Event::Mouse(over));
    assert_eq!(focus(&model), (1, 1, 2));
}

#[test]
fn a_zoom_asked_for_from_elsewhere_is_taken_where_one_still_looks() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let view = View { focus: PaneId(2), zoom: Some(PaneId(2)), ..model.view.clone().unwrap() };
    tell(&mut model, [ServerMessage::Notice(Notice::Look(view.clone()))]);
    assert_eq!((focus(&model), model.zoom()), ((1, 1, 2), Some(PaneId(2))));
    keys(&mut model, "C-b z C-b n");
    tell(&mut model, [ServerMessage::Notice(Notice::Look(view))]);
    assert_eq!(focus(&model), (1, 2, 3), "whoever went elsewhere stays there");
}

#[test]
fn a_dead_pane_says_how_it_ended_and_how_long_it_ran() {
    let mut model = client(Size::new(100, 10), Size::new(100, 9), 80);
    let dead = PaneInfo { dead: true, signal: Some(9), started_ms: 1_000, ended_ms: Some(186_400), ..pane(1, 1) };
    tell(&mut model, [ServerMessage::Pane(dead), ServerMessage::ModelEnd]);
    let shown = |model: &mut Model| {
        let mut buffer = Buffer::empty(ratatui::layout::Rect { x: 0, y: 0, width: 100, height: 10 });
        let scene = arrange(model);
        view::draw(model, &scene, &mut buffer);
        buffer.content().iter().map(|cell| cell.symbol()).collect::<String>()
    };
    let text = shown(&mut model);
    assert!(text.contains("ended by signal 9 (KILL) after 3 min 05 s at ") && text.contains("Enter runs it again"), "{text}");
    // Where there is less room the time goes first.
    tell(&mut model, [ServerMessage::Window(window(1, Size::new(100, 9), &[(1, 66), (2, 33)])), ServerMessage::ModelEnd]);
    let text = shown(&mut model);
    assert!(text.contains("after 3 min 05 s · Enter runs it again"), "{text}");
}
