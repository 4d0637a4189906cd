//! The client without terminal and socket: messages in, effects out, and what is drawn is judged by another terminal emulator.

mod control;
mod hand;

use proptest::prelude::*;

use super::backend::Depth;
use super::model::{Link, Model};
use super::overlay::{Action, Overlay};
use super::painter::Painter;
use super::scene::arrange;
use super::settings::Settings;
use super::update::{Effect, Event, Leave, act, update, update_all};
use crate::geometry::{Axis, Point, Rect, Size};
use crate::ids::{AttachmentId, PaneId, SessionId, WindowId};
use crate::protocol::message::*;
use crate::terminal::diff::diff;
use crate::terminal::keys::{Key, Mods, Mouse, MouseAction, MouseButton};
use crate::terminal::{Color, Row, Screen, Style};

fn rect(col: u16, row: u16, cols: u16, rows: u16) -> Rect {
    Rect { col, row, cols, rows }
}

fn session(id: u64, windows: &[u64]) -> SessionInfo {
    let links = (0..).zip(windows).map(|(index, window)| WindowLink { index, window: WindowId(*window) }).collect();
    SessionInfo {
        id: SessionId(id),
        name: format!("s{id}"),
        links,
        current: WindowId(windows[0]),
        last: Vec::new(),
        created_ms: 0,
        attached: 1,
        activity_ms: 0,
    }
}

/// A window with panes side by side, a column between each two.
fn window(id: u64, size: Size, panes: &[(u64, u16)]) -> WindowInfo {
    let (mut places, mut dividers, mut col) = (Vec::new(), Vec::new(), 0);
    for (index, (pane, cols)) in panes.iter().enumerate() {
        if index > 0 {
            dividers.push(DividerPlace { rect: rect(col, 0, 1, size.rows), axis: Axis::Horizontal });
            col += 1;
        }
        places.push(PanePlace { pane: PaneId(*pane), rect: rect(col, 0, *cols, size.rows) });
        col += cols;
    }
    WindowInfo {
        id: WindowId(id),
        name: format!("w{id}"),
        size,
        active: PaneId(panes[0].0),
        places,
        dividers,
        zoomed: None,
        bell: false,
        activity: false,
        layout: String::new(),
        titles: false,
        last: Vec::new(),
    }
}

fn pane(id: u64, window: u64) -> PaneInfo {
    PaneInfo {
        id: PaneId(id),
        incarnation: 0,
        pid: 1,
        title: String::new(),
        command: "sh".into(),
        cwd: "/".into(),
        size: Size::new(1, 1),
        dead: false,
        exit_code: None,
        signal: None,
        history_lines: 0,
        note: None,
        started: Vec::new(),
        created_by: String::new(),
        window: WindowId(window),
        started_ms: 0,
        ended_ms: None,
    }
}

/// An attached client with two windows: `@1` with `%1` (`left` wide) and `%2`, `@2` with `%3`.
fn client(size: Size, window_size: Size, left: u16) -> Model {
    let mut model = Model::new(size, Settings::default());
    let view = View { session: SessionId(1), window: WindowId(1), focus: PaneId(1), zoom: None, also: Vec::new() };
    let attached = Attached { attachment: AttachmentId(1), view, resume: "r".into(), role: Role::Admin, input_applied: Vec::new() };
    let messages = [
        ServerMessage::Attached(attached),
        ServerMessage::Session(session(1, &[1, 2])),
        ServerMessage::Window(window(1, window_size, &[(1, left), (2, window_size.cols - left - 1)])),
        ServerMessage::Window(window(2, window_size, &[(3, window_size.cols)])),
        ServerMessage::Pane(pane(1, 1)),
        ServerMessage::Pane(pane(2, 1)),
        ServerMessage::Pane(pane(3, 2)),
        ServerMessage::ModelEnd,
    ];
    assert_eq!(update_all(&mut model, messages.map(Event::Server)), []);
    model
}

fn tell(model: &mut Model, messages: impl IntoIterator<Item = ServerMessage>) -> Vec<Effect> {
    update_all(model, messages.into_iter().map(Event::Server))
}

fn keys(model: &mut Model, names: &str) -> Vec<Effect> {
    update_all(model, names.split(' ').map(|name| Event::Key(Key::parse(name).unwrap())))
}

fn frame(pane: u64, screen: &Screen, since: u64) -> Frame {
    let diff = diff(screen, since);
    let mut bytes = Vec::new();
    diff.encode(&mut bytes);
    Frame { pane: PaneId(pane), base: diff.base, version: diff.version, diff: bytes, history_first: 0, history_end: 0 }
}

fn typed(effects: &[Effect]) -> String {
    let mut out = Vec::new();
    for effect in effects {
        if let Effect::Input { pane, bytes, .. } = effect {
            out.push(format!("{pane}:{}", String::from_utf8_lossy(bytes)));
        }
    }
    out.join(" ")
}

fn focus(model: &Model) -> (u64, u64, u64) {
    let view = model.view.as_ref().unwrap();
    (view.session.0, view.window.0, view.focus.0)
}

#[test]
fn what_is_typed_at_once_is_one_input_for_the_focused_pane() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    assert_eq!(typed(&keys(&mut model, "l s Space C-c Enter")), "%1:ls \x03\r");
}

#[test]
fn the_view_is_the_clients_own_and_told_once() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let effects = keys(&mut model, "C-b o");
    assert_eq!(focus(&model), (1, 1, 2));
    assert!(matches!(&effects[..], [Effect::Send(ClientMessage::View(view))] if view.focus == PaneId(2)), "{effects:?}");
    assert_eq!(typed(&keys(&mut model, "a C-b n b C-b p c")), "%2:a %3:b %2:c");
    keys(&mut model, "C-b Left");
    assert_eq!(focus(&model), (1, 1, 1));
    keys(&mut model, "C-b ;");
    assert_eq!(focus(&model), (1, 1, 2), "the pane that had the focus before");
    keys(&mut model, "C-b z");
    assert_eq!(model.zoom(), Some(PaneId(2)));
    keys(&mut model, "C-b n C-b l");
    assert_eq!(model.zoom(), Some(PaneId(2)), "a window stays zoomed while one is elsewhere");
}

#[test]
fn a_view_whose_pane_or_window_went_is_mended() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    keys(&mut model, "C-b o");
    let effects = tell(
        &mut model,
        [ServerMessage::Window(window(1, Size::new(40, 9), &[(1, 40)])), ServerMessage::PaneGone(PaneId(2)), ServerMessage::ModelEnd],
    );
    assert_eq!(focus(&model), (1, 1, 1));
    assert!(matches!(&effects[..], [Effect::Send(ClientMessage::View(_))]));
    tell(
        &mut model,
        [
            ServerMessage::Session(session(1, &[2])),
            ServerMessage::WindowGone(WindowId(1)),
            ServerMessage::PaneGone(PaneId(1)),
            ServerMessage::ModelEnd,
        ],
    );
    assert_eq!(focus(&model), (1, 2, 3));
    let effects = tell(&mut model, [ServerMessage::SessionGone(SessionId(1)), ServerMessage::ModelEnd]);
    assert!(effects.contains(&Effect::Leave(Leave::SessionEnded)));
}

#[test]
fn what_a_request_makes_is_looked_at_when_it_is_there() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let effects = keys(&mut model, "C-b %");
    let [Effect::Send(ClientMessage::Request(asked))] = &effects[..] else { panic!("{effects:?}") };
    assert!(matches!(asked.request, Request::Split { axis: Axis::Horizontal, .. }));
    let made = Made { pane: Some(PaneId(9)), ..Made::default() };
    tell(&mut model, [ServerMessage::Reply(ReplyMessage { id: asked.id, reply: Reply::Done(made) })]);
    assert_eq!(focus(&model), (1, 1, 1), "not there yet");
    tell(
        &mut model,
        [
            ServerMessage::Window(window(1, Size::new(40, 9), &[(1, 9), (9, 10), (2, 19)])),
            ServerMessage::Pane(pane(9, 1)),
            ServerMessage::ModelEnd,
        ],
    );
    assert_eq!(focus(&model), (1, 1, 9));
}

#[test]
fn a_question_is_answered_by_one_key() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    assert_eq!(keys(&mut model, "C-b x"), []);
    assert_eq!(model.overlays.len(), 1);
    assert_eq!(keys(&mut model, "n"), []);
    assert_eq!(model.overlays.len(), 0);
    let effects = keys(&mut model, "C-b x y");
    assert!(
        matches!(&effects[..], [Effect::Send(ClientMessage::Request(asked))] if matches!(asked.request, Request::KillPane { .. })),
        "{effects:?}"
    );
}

#[test]
fn an_observer_types_nothing() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    model.role = Role::Observer;
    assert_eq!(keys(&mut model, "a b"), []);
    assert!(model.message.is_some());
}

#[test]
fn a_frame_that_does_not_fit_is_asked_for_anew() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let mut screen = Screen::new(Size::new(20, 9));
    screen.version = 5;
    let mut bad = frame(1, &screen, 0);
    bad.base = 3;
    let effects = tell(&mut model, [ServerMessage::Frame(bad)]);
    assert_eq!(effects, [Effect::Send(ClientMessage::FrameAck(FrameAck { pane: PaneId(1), version: 0 }))]);
}

#[test]
fn a_lost_connection_keeps_the_picture_and_the_typing() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    assert_eq!(update(&mut model, Event::Lost), []);
    assert!(matches!(model.link, Link::Lost { .. }));
    assert_eq!(typed(&keys(&mut model, "a")), "%1:a");
    assert_eq!(model.deadline_ms(), Some(300));
}

#[test]
fn the_mouse_gives_focus_drags_dividers_and_copies() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let mut screen = Screen::new(Size::new(20, 9));
    screen.version = 1;
    screen.put_row(2, Row::narrow("say hello-world now"), 1);
    tell(&mut model, [ServerMessage::Frame(frame(1, &screen, 0))]);
    let mouse = |action, col, row| Event::Mouse(Mouse { action, at: Point { col, row }, mods: Mods::NONE });
    let (press, drag, release) =
        (MouseAction::Press(MouseButton::Left), MouseAction::Drag(MouseButton::Left), MouseAction::Release(MouseButton::Left));
    let _ = update_all(&mut model, [mouse(press, 30, 3), mouse(release, 30, 3)]);
    assert_eq!(focus(&model), (1, 1, 2));
    let effects = update_all(&mut model, [mouse(press, 20, 4), mouse(drag, 23, 5), mouse(release, 23, 5)]);
    let moved =
        Request::Resize { target: Some("%2".into()), how: ResizeHow::Divider(Point { col: 20, row: 4 }, Point { col: 23, row: 4 }) };
    assert!(matches!(&effects[..], [Effect::Send(ClientMessage::Request(asked))] if asked.request == moved), "{effects:?}");
    let effects = update_all(&mut model, [mouse(press, 4, 2), mouse(drag, 8, 2), mouse(release, 8, 2)]);
    assert!(effects.contains(&Effect::Clipboard("hello".into())), "{effects:?}");
    model.now_ms = 10_000;
    let effects = update_all(&mut model, [mouse(press, 5, 2), mouse(release, 5, 2), mouse(press, 5, 2), mouse(release, 5, 2)]);
    assert!(effects.contains(&Effect::Clipboard("hello".into())), "a word by a double click: {effects:?}");
}

/// A filled box.
struct Cover(Rect);

impl Overlay for Cover {
    fn area(&self, _screen: Rect, _model: &Model) -> Rect {
        self.0
    }

    fn draw(&mut self, area: ratatui::layout::Rect, buffer: &mut ratatui::buffer::Buffer, _model: &Model) {
        for row in area.rows() {
            for cell in row.columns() {
                buffer[(cell.x, cell.y)].set_symbol("#");
            }
        }
    }

    fn key(&mut self, _key: Key, _model: &Model) -> Vec<Action> {
        vec![Action::Close]
    }
}

/// What a pane's cell shows: its text, "" for the right half of a wide one, " " for a wide one that an edge of the visible part cuts.
fn expected(row: Option<&Row>, col: u16, visible: std::ops::Range<u16>) -> (String, Color) {
    let Some(cell) = row.and_then(|row| row.cells().find(|cell| cell.col <= col && col < cell.col + u16::from(cell.width))) else {
        return (" ".into(), Color::Default);
    };
    let whole = cell.col >= visible.start && cell.col + u16::from(cell.width) <= visible.end;
    let text = match (whole, cell.col == col) {
        (false, _) => " ",
        (true, true) => cell.text,
        (true, false) => "",
    };
    (text.to_owned(), cell.style.bg)
}

fn judge(model: &mut Model, terminal: &avt::Terminal, step: &str) {
    let scene = arrange(model);
    let covers: Vec<Rect> = model.overlays.iter().map(|layer| layer.overlay.area(model.size.to_rect(), model)).collect();
    let covered = |col, row| covers.iter().any(|cover| cover.contains(Point { col, row }));
    for row in 0..model.size.rows {
        let line = terminal.screen().line(usize::from(row)).expect("a row of the judge");
        let cells = line.cells();
        for col in 0..model.size.cols {
            let shown = &cells[usize::from(col)];
            let shown_text = if shown.width() == 0 { String::new() } else { shown.char().to_string() };
            let at = format!("{step}: column {col}, row {row} of\n{}", terminal.screen().text().join("\n"));
            if covered(col, row) {
                assert_eq!(shown_text, "#", "{at}");
                continue;
            }
            let Some((pane, cell)) = scene.pane_at(Point { col, row }) else { continue };
            let placed = scene.placed(pane).unwrap();
            // The stretch of the row that is not covered, in the pane's cells.
            let mut from = col;
            while from > placed.outer.col && !covered(from - 1, row) {
                from -= 1;
            }
            let mut to = col + 1;
            while to < placed.outer.right() && !covered(to, row) {
                to += 1;
            }
            let visible = placed.inner(Point { col: from, row }).col..placed.inner(Point { col: to - 1, row }).col + 1;
            let content = model.replicas.get(&pane).and_then(|replica| replica.screen.rows.get(usize::from(cell.row))).map(|row| &row.row);
            let (text, bg) = expected(content, cell.col, visible);
            assert_eq!(shown_text, text, "{at}");
            if !text.is_empty() {
                let shown_bg = match shown.pen().background() {
                    Some(avt::Color::Indexed(index)) => Color::Indexed(index),
                    _ => Color::Default,
                };
                assert_eq!(shown_bg, bg, "background, {at}");
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put { pane: u64, row: u16, cells: Vec<(u8, u8)> },
    Scroll { pane: u64, count: u16 },
    Cover(u16, u16, u16, u16),
    Uncover,
    Cursor { pane: u64, col: u16, row: u16 },
    Keys(&'static str),
    Resize(u16, u16),
    Pan(u16, u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1u64..3, 0u16..12, proptest::collection::vec((0u8..5, 0u8..3), 0..30)).prop_map(|(pane, row, cells)| Step::Put { pane, row, cells }),
        2 => (1u64..3, 1u16..4).prop_map(|(pane, count)| Step::Scroll { pane, count }),
        2 => (0u16..40, 0u16..12, 1u16..15, 1u16..6).prop_map(|(a, b, c, d)| Step::Cover(a, b, c, d)),
        2 => Just(Step::Uncover),
        2 => (1u64..3, 0u16..30, 0u16..12).prop_map(|(pane, col, row)| Step::Cursor { pane, col, row }),
        1 => prop_oneof![Just("C-b o"), Just("C-b z"), Just("C-b n"), Just("C-b p")].prop_map(Step::Keys),
        1 => (8u16..50, 2u16..16).prop_map(|(cols, rows)| Step::Resize(cols, rows)),
        1 => (0u16..10, 0u16..6).prop_map(|(col, row)| Step::Pan(col, row)),
    ];
    proptest::collection::vec(step, 1..25)
}

fn row_of(cells: &[(u8, u8)], cols: u16) -> Row {
    let mut row = Row::default();
    for (kind, color) in cells {
        let style = Style { bg: if *color == 0 { Color::Default } else { Color::Indexed(*color) }, ..Style::default() };
        let (text, width) = [("a", 1), ("日", 2), (" ", 1), ("é", 1), ("ｗ", 2)][usize::from(*kind)];
        if row.cols() + u16::from(width) > cols {
            break;
        }
        row.push(text, width, style, 0);
    }
    row.trim();
    row
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is applied, covered, uncovered, cropped and resized: the terminal shows what the replicas hold.
    #[test]
    fn the_terminal_shows_what_the_replicas_hold(steps in steps()) {
        let window_size = Size::new(30, 8);
        let mut model = client(Size::new(30, 9), window_size, 14);
        let mut painter = Painter::new(model.size, Depth::Direct);
        let mut terminal = avt::Terminal::new(30, 9).unwrap();
        terminal.feed("\x1b[?7l");
        let mut screens = [Screen::new(Size::new(14, 8)), Screen::new(Size::new(15, 8)), Screen::new(window_size)];
        let mut sent = [0u64; 3];
        for (index, screen) in screens.iter_mut().enumerate() {
            screen.version = 1;
            tell(&mut model, [ServerMessage::Frame(frame(index as u64 + 1, screen, 0))]);
            sent[index] = 1;
        }
        terminal.feed(String::from_utf8(painter.draw(&mut model)).unwrap());
        judge(&mut model, &terminal, "first");
        for step in &steps {
            match step {
                Step::Put { pane, row, cells } => {
                    let screen = &mut screens[*pane as usize - 1];
                    let version = screen.version + 1;
                    if screen.put_row(usize::from(*row), row_of(cells, screen.size.cols), version) {
                        screen.version = version;
                    }
                }
                Step::Scroll { pane, count } => {
                    let screen = &mut screens[*pane as usize - 1];
                    screen.version += 1;
                    let version = screen.version;
                    screen.scroll_up(*count, version);
                }
                Step::Cursor { pane, col, row } => {
                    let screen = &mut screens[*pane as usize - 1];
                    screen.cursor.at = Point { col: (*col).min(screen.size.cols), row: (*row).min(screen.size.rows - 1) };
                    screen.version += 1;
                }
                Step::Cover(col, row, cols, rows) => {
                    let screen = model.size.to_rect();
                    if let Some(area) = rect(*col, *row, *cols, *rows).intersection(screen) {
                        let id = model.next_layer;
                        model.next_layer += 1;
                        model.overlays.push(super::model::Layer { id, overlay: Box::new(Cover(area)) });
                        model.redraw.chrome = true;
                    }
                }
                Step::Uncover => {
                    model.overlays.pop();
                    model.redraw.chrome = true;
                }
                Step::Keys(names) => {
                    if model.overlays.is_empty() {
                        keys(&mut model, names);
                    }
                }
                Step::Resize(cols, rows) => {
                    model.overlays.clear();
                    terminal.resize(usize::from(*cols), usize::from(*rows));
                    let _ = update(&mut model, Event::Resized(Size::new(*cols, *rows)));
                }
                Step::Pan(col, row) => {
                    model.pan = Some(Point { col: *col, row: *row });
                }
            }
            for (index, screen) in screens.iter().enumerate() {
                if screen.version > sent[index] {
                    let effects = tell(&mut model, [ServerMessage::Frame(frame(index as u64 + 1, screen, sent[index]))]);
                    prop_assert_eq!(effects, vec![]);
                    sent[index] = screen.version;
                }
            }
            let bytes = painter.draw(&mut model);
            terminal.feed(String::from_utf8(bytes).unwrap());
            judge(&mut model, &terminal, &format!("{step:?}"));
        }
    }
}

#[test]
fn an_echoed_letter_costs_a_move_and_the_letter() {
    let mut model = client(Size::new(40, 10), Size::new(40, 9), 20);
    let mut painter = Painter::new(model.size, Depth::Direct);
    let mut screen = Screen::new(Size::new(20, 9));
    screen.version = 1;
    screen.put_row(3, Row::narrow("$ l"), 1);
    screen.cursor.at = Point { col: 3, row: 3 };
    tell(&mut model, [ServerMessage::Frame(frame(1, &screen, 0))]);
    painter.draw(&mut model);
    screen.version = 2;
    screen.put_row(3, Row::narrow("$ ls"), 2);
    screen.cursor.at.col = 4;
    tell(&mut model, [ServerMessage::Frame(frame(1, &screen, 1))]);
    assert_eq!(String::from_utf8(painter.draw(&mut model)).unwrap(), "s");
    assert_eq!(painter.draw(&mut model), b"", "nothing changed");
    let _ = act;
}
