//! Stories about sessions, and what holds after any of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says no more than that it failed here")]

use std::collections::BTreeMap;

use super::*;
use crate::geometry::{Axis, Direction, Rect, Size};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::layout::{MainSize, Preset, SplitSize};

const SIZE: Size = Size::new(80, 24);

pub(super) fn program(name: &str) -> Program {
    Program { argv: vec![name.to_owned()], created_by: "o1".to_owned(), ..Program::default() }
}

fn new_session(name: &str) -> Command {
    Command::NewSession {
        name: Some(name.to_owned()),
        window_name: None,
        cwd: "/home/u".to_owned(),
        environment: BTreeMap::new(),
        base_index: 0,
        size: SIZE,
        program: program("sh"),
    }
}

fn beside(target: u64, axis: Axis) -> Placement {
    Placement { target: PaneId(target), axis, before: false, full_span: false, size: SplitSize::Half }
}

fn split(target: u64, axis: Axis) -> Command {
    Command::SplitPane { place: beside(target, axis), select: true, program: program("sh") }
}

fn new_window(session: u64, at: At, name: Option<&str>) -> Command {
    Command::NewWindow { session: SessionId(session), at, name: name.map(str::to_owned), select: true, program: program("/bin/vim") }
}

fn link(session: u64, index: u32) -> Winlink {
    Winlink { session: SessionId(session), index }
}

/// Applies what must work, and checks that the state can be stored after it.
#[track_caller]
fn done(state: &mut State, command: Command) -> (Outcome, Vec<Effect>) {
    let shown = format!("{command:?}");
    let result = apply(state, command, 1000).unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert_eq!(State::from_bytes(&state.to_bytes()).as_ref(), Ok(&*state));
    result
}

/// Applies what must be refused with these words.
#[track_caller]
fn refused(state: &mut State, command: Command, words: &str) {
    let before = state.clone();
    assert_eq!(apply(state, command, 1000).unwrap_err().to_string(), words);
    assert_eq!(*state, before);
}

/// `work` with windows `0: sh {%0, %1 | %2}`, `1: vim {%3}`, the first current, pane 2 active; and `play` with `0: sh {%4}`.
pub(super) fn example() -> State {
    let mut state = State::new();
    done(&mut state, new_session("work"));
    done(&mut state, split(0, Axis::Vertical));
    done(&mut state, split(1, Axis::Horizontal));
    done(&mut state, new_window(0, At::Free, None));
    done(&mut state, Command::SelectWindow { link: link(0, 0) });
    done(&mut state, new_session("play"));
    state
}

/// A session as one line: `0:sh* 1:vim`.
fn windows(state: &State, session: u64) -> String {
    let session = &state.sessions[&SessionId(session)];
    let show = |(index, id): (&u32, &WindowId)| {
        let mark = if *index == session.current { "*" } else { "" };
        format!("{index}:{}{mark}", state.windows[id].name)
    };
    session.winlinks.iter().map(show).collect::<Vec<_>>().join(" ")
}

fn panes(state: &State, window: u64) -> Vec<u64> {
    state.windows[&WindowId(window)].panes().into_iter().map(|pane| pane.0).collect()
}

#[test]
fn sessions_are_made_and_named() {
    let mut state = State::new();
    let (outcome, effects) = done(&mut state, new_session("work"));
    assert_eq!(outcome, Outcome { session: Some(SessionId(0)), window: Some(WindowId(0)), pane: Some(PaneId(0)), cells: 0 });
    let spawn = Spawn {
        pane: PaneId(0),
        incarnation: 1,
        window: WindowId(0),
        session: SessionId(0),
        argv: vec!["sh".to_owned()],
        cwd: "/home/u".to_owned(),
        environment: BTreeMap::new(),
    };
    let dirty = Dirty { sessions: [SessionId(0)].into(), windows: [WindowId(0)].into(), panes: [PaneId(0)].into() };
    assert_eq!(effects, [Effect::Spawn(spawn), Effect::Arrange(WindowId(0)), Effect::Changed(dirty)]);

    refused(&mut state, new_session("work"), "duplicate session: work");
    refused(&mut state, new_session(""), "invalid session name: \"\"");
    refused(&mut state, new_session("a\u{1b}b"), "invalid session name: \"a\\u{1b}b\"");
    // As in tmux, where `:` and `.` end a name.
    done(&mut state, new_session("a.b:c"));
    assert!(state.session_named("a_b_c").is_some());
    let unnamed = || Command::NewSession {
        name: None,
        window_name: Some("main".to_owned()),
        cwd: "/".to_owned(),
        environment: BTreeMap::new(),
        base_index: 1,
        size: SIZE,
        program: Program::default(),
    };
    done(&mut state, new_session("2"));
    done(&mut state, unnamed());
    assert_eq!(state.sessions[&SessionId(3)].name, "3");
    done(&mut state, Command::RenameSession { session: SessionId(3), name: "4".to_owned() });
    refused(&mut state, Command::RenameSession { session: SessionId(3), name: "2".to_owned() }, "duplicate session: 2");
    done(&mut state, unnamed());
    assert_eq!(state.sessions[&SessionId(4)].name, "5");
    assert_eq!(windows(&state, 4), "1:main*");
}

#[test]
fn windows_find_their_places() {
    let mut state = example();
    assert_eq!(windows(&state, 0), "0:sh* 1:vim");
    done(&mut state, new_window(0, At::Index(5), Some("five")));
    refused(&mut state, new_window(0, At::Index(5), None), "index in use: 5");
    done(&mut state, new_window(0, At::After(0), Some("after")));
    assert_eq!(windows(&state, 0), "0:sh 1:after* 2:vim 5:five");
    done(&mut state, new_window(0, At::Before(1), Some("before")));
    assert_eq!(windows(&state, 0), "0:sh 1:before* 2:after 3:vim 5:five");
    refused(&mut state, new_window(0, At::After(9), None), "can't find window: 9");
    let (_, effects) = done(&mut state, new_window(0, At::Replace(1), Some("instead")));
    assert!(effects.contains(&Effect::WindowClosed(WindowId(5))), "{effects:?}");
    assert_eq!(windows(&state, 0), "0:sh 1:instead* 2:after 3:vim 5:five");
    done(&mut state, Command::LastWindow { session: SessionId(0) });
    assert_eq!(windows(&state, 0), "0:sh 1:instead 2:after* 3:vim 5:five");
    done(&mut state, Command::NextWindow { session: SessionId(0), alerts: false });
    done(&mut state, Command::NextWindow { session: SessionId(0), alerts: false });
    done(&mut state, Command::NextWindow { session: SessionId(0), alerts: false });
    assert_eq!(windows(&state, 0), "0:sh* 1:instead 2:after 3:vim 5:five");
    done(&mut state, Command::PreviousWindow { session: SessionId(0), alerts: false });
    assert_eq!(windows(&state, 0), "0:sh 1:instead 2:after 3:vim 5:five*");
    refused(&mut state, Command::NextWindow { session: SessionId(0), alerts: true }, "no next window");
    let vim = state.sessions[&SessionId(0)].winlinks[&3];
    done(&mut state, Command::Alert { window: vim, bell: true, activity: false });
    done(&mut state, Command::NextWindow { session: SessionId(0), alerts: true });
    assert_eq!(windows(&state, 0), "0:sh 1:instead 2:after 3:vim* 5:five");
    assert!(!state.windows[&vim].bell, "looked at");

    done(&mut state, Command::RenumberWindows { session: SessionId(0) });
    assert_eq!(windows(&state, 0), "0:sh 1:instead 2:after 3:vim* 4:five");
    done(&mut state, Command::SwapWindows { a: link(0, 0), b: link(0, 3), select: false });
    assert_eq!(windows(&state, 0), "0:vim 1:instead 2:after 3:sh* 4:five");
    done(&mut state, Command::MoveWindow { from: link(0, 3), session: SessionId(0), at: At::Before(1), select: false });
    assert_eq!(windows(&state, 0), "0:vim 1:sh* 2:instead 3:after 4:five");
    done(&mut state, Command::MoveWindow { from: link(0, 0), session: SessionId(0), at: At::Free, select: false });
    assert_eq!(windows(&state, 0), "1:sh* 2:instead 3:after 4:five 5:vim");
    done(&mut state, Command::MoveWindow { from: link(0, 1), session: SessionId(0), at: At::Index(1), select: false });
    assert_eq!(windows(&state, 0), "1:sh* 2:instead 3:after 4:five 5:vim");
    done(&mut state, Command::KillOtherWindows { link: link(0, 3) });
    assert_eq!(windows(&state, 0), "3:after*");
    // The last window takes its session along.
    let (_, effects) = done(&mut state, Command::MoveWindow { from: link(0, 3), session: SessionId(1), at: At::Free, select: false });
    assert!(effects.contains(&Effect::SessionClosed(SessionId(0))));
    assert_eq!(windows(&state, 1), "0:sh* 1:after");
}

#[test]
fn windows_are_linked_into_several_sessions() {
    let mut state = example();
    done(&mut state, Command::LinkWindow { window: WindowId(0), session: SessionId(1), at: At::Index(7), select: true });
    assert_eq!(windows(&state, 1), "0:sh 7:sh*");
    let (_, effects) = done(&mut state, Command::KillSession { session: SessionId(0) });
    let closed: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::WindowClosed(_))).collect();
    assert_eq!(closed, [&Effect::WindowClosed(WindowId(1))], "the linked one lives on");
    refused(&mut state, Command::UnlinkWindow { link: link(1, 7), kill: false }, "window only linked to one session");
    done(&mut state, Command::LinkWindow { window: WindowId(0), session: SessionId(1), at: At::Free, select: false });
    done(&mut state, Command::UnlinkWindow { link: link(1, 7), kill: false });
    assert_eq!(windows(&state, 1), "0:sh* 1:sh");
    // Where a window is killed it is gone everywhere.
    done(&mut state, Command::LinkWindow { window: WindowId(0), session: SessionId(1), at: At::Free, select: false });
    done(&mut state, Command::UnlinkWindow { link: link(1, 1), kill: true });
    done(&mut state, Command::KillWindow { window: WindowId(0) });
    assert_eq!(windows(&state, 1), "0:sh*");
    let (_, effects) = done(&mut state, Command::UnlinkWindow { link: link(1, 0), kill: true });
    assert!(effects.contains(&Effect::SessionClosed(SessionId(1))));
    assert_eq!((state.sessions.len(), state.windows.len(), state.panes.len()), (0, 0, 0));
}

#[test]
fn panes_are_split_selected_and_closed() {
    let mut state = example();
    let window = &state.windows[&WindowId(0)];
    assert_eq!((panes(&state, 0), window.active, window.last_panes.clone()), (vec![0, 1, 2], PaneId(2), vec![PaneId(0), PaneId(1)]));
    refused(&mut state, split(9, Axis::Vertical), "can't find pane: %9");
    let tiny = Placement { size: SplitSize::Cells(1), ..beside(1, Axis::Vertical) };
    for _ in 0..5 {
        done(&mut state, Command::SplitPane { place: Placement { target: PaneId(1), ..tiny }, select: false, program: program("x") });
    }
    refused(&mut state, Command::SplitPane { place: tiny, select: false, program: program("x") }, "no space for a new pane");
    for pane in 5..10 {
        done(&mut state, Command::KillPane { pane: PaneId(pane) });
    }
    done(&mut state, Command::SelectNeighbour { pane: PaneId(2), direction: Direction::Up, keep_zoom: false });
    assert_eq!(state.windows[&WindowId(0)].active, PaneId(0));
    done(&mut state, Command::LastPane { window: WindowId(0), keep_zoom: false });
    assert_eq!(state.windows[&WindowId(0)].active, PaneId(2));
    refused(&mut state, Command::SelectNeighbour { pane: PaneId(3), direction: Direction::Up, keep_zoom: false }, "no pane there");

    let (_, effects) = done(&mut state, Command::KillPane { pane: PaneId(2) });
    assert_eq!(effects[..2], [Effect::Kill { pane: PaneId(2), incarnation: 1 }, Effect::PaneClosed(PaneId(2))]);
    assert_eq!((panes(&state, 0), state.windows[&WindowId(0)].active), (vec![0, 1], PaneId(0)), "the one before");
    done(&mut state, Command::KillOtherPanes { pane: PaneId(1) });
    let (_, effects) = done(&mut state, Command::KillPane { pane: PaneId(1) });
    assert!(effects.contains(&Effect::WindowClosed(WindowId(0))));
    assert_eq!(windows(&state, 0), "1:vim*");
    let (_, effects) = done(&mut state, Command::KillPane { pane: PaneId(3) });
    assert!(effects.contains(&Effect::SessionClosed(SessionId(0))));
    // The ids of the dead are not given again.
    let (outcome, _) = done(&mut state, split(4, Axis::Vertical));
    assert_eq!(outcome.pane, Some(PaneId(10)));
}

#[test]
fn zoom_and_titles_change_the_rectangles() {
    let mut state = example();
    let rect = |col, row, cols, rows| Rect { col, row, cols, rows };
    let rects = |state: &State| state.pane_rects(WindowId(0)).unwrap().panes.into_iter().map(|(_, rect)| rect).collect::<Vec<_>>();
    assert_eq!(rects(&state), [rect(0, 0, 80, 12), rect(0, 13, 40, 11), rect(41, 13, 39, 11)]);
    let (_, effects) = done(&mut state, Command::SetArrangeOptions { options: ArrangeOptions { titles: true } });
    assert_eq!(effects.iter().filter(|effect| matches!(effect, Effect::Arrange(_))).count(), 3);
    assert_eq!(rects(&state), [rect(0, 1, 80, 11), rect(0, 13, 40, 11), rect(41, 13, 39, 11)]);
    assert_eq!(state.pane_rects(WindowId(1)).unwrap().panes, [(PaneId(3), rect(0, 0, 80, 24))], "one pane needs no title");
    // A split halves what will be there under the titles.
    done(&mut state, split(3, Axis::Vertical));
    let split = state.pane_rects(WindowId(1)).unwrap();
    assert_eq!((split.panes[0].1, split.panes[1].1), (rect(0, 1, 80, 11), rect(0, 13, 80, 11)));
    // No room for titles.
    done(&mut state, Command::SetWindowSize { window: WindowId(0), size: Size::new(80, 3) });
    assert_eq!(rects(&state)[0], rect(0, 0, 80, 1));
    done(&mut state, Command::SetWindowSize { window: WindowId(0), size: SIZE });
    assert_eq!(rects(&state), [rect(0, 1, 80, 11), rect(0, 13, 40, 11), rect(41, 13, 39, 11)], "as before");
    assert_eq!(done(&mut state, Command::SetWindowSize { window: WindowId(0), size: SIZE }).1, [], "nothing new");

    done(&mut state, Command::SetZoom { window: WindowId(0), pane: Some(PaneId(1)) });
    assert_eq!(state.pane_rects(WindowId(0)).unwrap().panes, [(PaneId(1), rect(0, 0, 80, 24))]);
    done(&mut state, Command::SelectPane { pane: PaneId(2), keep_zoom: true });
    assert_eq!(state.windows[&WindowId(0)].zoomed, Some(PaneId(2)));
    done(&mut state, Command::KillPane { pane: PaneId(0) });
    assert_eq!(state.windows[&WindowId(0)].zoomed, Some(PaneId(2)), "a pane in the background");
    done(&mut state, Command::SelectPane { pane: PaneId(1), keep_zoom: false });
    assert_eq!(state.windows[&WindowId(0)].zoomed, None);
    done(&mut state, Command::SetZoom { window: WindowId(0), pane: Some(PaneId(1)) });
    done(&mut state, Command::KillPane { pane: PaneId(2) });
    done(&mut state, Command::SetZoom { window: WindowId(0), pane: Some(PaneId(1)) });
    assert_eq!(state.windows[&WindowId(0)].zoomed, None, "nothing to zoom from");
    refused(&mut state, Command::SetZoom { window: WindowId(0), pane: Some(PaneId(3)) }, "can't find pane: %3");
}

#[test]
fn panes_are_resized_and_arranged() {
    let mut state = example();
    let cols = |state: &State, pane| state.pane_rects(WindowId(0)).unwrap().rect_of(PaneId(pane)).unwrap().cols;
    let (outcome, _) = done(&mut state, Command::ResizePane { pane: PaneId(1), direction: Direction::Right, cells: 5 });
    assert_eq!((outcome.cells, cols(&state, 1)), (5, 45));
    done(&mut state, Command::SetPaneLength { pane: PaneId(2), axis: Axis::Horizontal, size: SplitSize::Percent(30) });
    assert_eq!(cols(&state, 2), 24);
    done(&mut state, Command::MoveDivider { after: PaneId(2), to: 10 });
    assert_eq!(cols(&state, 1), 10);
    let layout = |state: &mut State, choice| {
        done(state, Command::SelectLayout { window: WindowId(0), choice, main: MainSize::default() });
        state.windows[&WindowId(0)].last_preset
    };
    let text = state.windows[&WindowId(0)].layout.dump(SIZE);
    assert_eq!(layout(&mut state, LayoutChoice::Next), Some(Preset::EvenHorizontal));
    assert_eq!(layout(&mut state, LayoutChoice::Previous), Some(Preset::Tiled));
    assert_eq!(layout(&mut state, LayoutChoice::Preset(Preset::MainVertical)), Some(Preset::MainVertical));
    assert_eq!(layout(&mut state, LayoutChoice::Spread(PaneId(1))), None);
    assert_eq!(layout(&mut state, LayoutChoice::Text(text.clone())), None);
    assert_eq!(state.windows[&WindowId(0)].layout.dump(SIZE), text);
    let choice = LayoutChoice::Text("0000,1x1,0,0,1".to_owned());
    let words = "invalid layout: the checksum is 0000, but the text has f3b4";
    let error = apply(&mut state, Command::SelectLayout { window: WindowId(0), choice, main: MainSize::default() }, 0).unwrap_err();
    assert_eq!(error.to_string().get(..45), words.get(..45));
    done(&mut state, Command::RotatePanes { window: WindowId(0), forward: false });
    assert_eq!((panes(&state, 0), state.windows[&WindowId(0)].active), (vec![1, 2, 0], PaneId(0)), "the focus stays where it was");
}

#[test]
fn panes_change_places_and_windows() {
    let mut state = example();
    refused(&mut state, Command::SwapPanes { a: PaneId(1), b: PaneId(1), select: true }, "source and target panes must be different");
    done(&mut state, Command::SwapPanes { a: PaneId(2), b: PaneId(0), select: false });
    assert_eq!((panes(&state, 0), state.windows[&WindowId(0)].active), (vec![2, 1, 0], PaneId(0)));
    done(&mut state, Command::SwapPanes { a: PaneId(1), b: PaneId(3), select: true });
    assert_eq!((panes(&state, 0), panes(&state, 1)), (vec![2, 3, 0], vec![1]));
    assert_eq!((state.windows[&WindowId(0)].active, state.panes[&PaneId(1)].window), (PaneId(3), WindowId(1)));

    refused(
        &mut state,
        Command::BreakPane { pane: PaneId(1), session: SessionId(0), at: At::Free, name: None, select: false },
        "can't break with only one pane",
    );
    let (outcome, _) =
        done(&mut state, Command::BreakPane { pane: PaneId(3), session: SessionId(1), at: At::Free, name: None, select: true });
    assert_eq!((outcome.window, windows(&state, 1).as_str()), (Some(WindowId(3)), "0:sh 1:vim*"));
    // The window it leaves was its last: it closes, and the pane lives on.
    let (_, effects) = done(&mut state, Command::JoinPane { pane: PaneId(3), place: beside(2, Axis::Horizontal), select: true });
    assert!(effects.contains(&Effect::WindowClosed(WindowId(3))));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::PaneClosed(_) | Effect::Kill { .. })), "{effects:?}");
    assert_eq!((panes(&state, 0), state.windows[&WindowId(0)].active, state.tombstones.len()), (vec![2, 3, 0], PaneId(3), 0));
    // Within a window it moves.
    done(&mut state, Command::JoinPane { pane: PaneId(2), place: Placement { before: true, ..beside(0, Axis::Vertical) }, select: false });
    assert_eq!(panes(&state, 0), [3, 2, 0]);
}

#[test]
fn programs_end_and_leave_tombstones() {
    let mut state = example();
    let exited = |pane, incarnation, code, remain| Command::PaneExited {
        pane: PaneId(pane),
        incarnation,
        status: ExitStatus::Code(code),
        remain,
        last_screen: format!("screen of {pane}"),
    };
    done(&mut state, Command::PaneStarted { pane: PaneId(1), incarnation: 1, pid: 77 });
    assert_eq!((state.panes[&PaneId(1)].status, state.panes[&PaneId(1)].pid), (PaneStatus::Running, Some(77)));
    done(&mut state, exited(1, 1, 3, RemainOnExit::Failed));
    assert_eq!(state.panes[&PaneId(1)].status, PaneStatus::Dead { status: ExitStatus::Code(3), at_ms: 1000 });
    assert_eq!(done(&mut state, exited(1, 1, 0, RemainOnExit::Off)).1, [], "it is dead already");
    // The old program is buried, the pane is the same.
    let (_, effects) = done(
        &mut state,
        Command::RespawnPane { pane: PaneId(1), kill: false, argv: None, cwd: Some("/tmp".to_owned()), environment: BTreeMap::new() },
    );
    assert!(matches!(&effects[0], Effect::Spawn(spawn) if spawn.incarnation == 2 && spawn.cwd == "/tmp" && spawn.argv == ["sh"]));
    assert_eq!(state.tombstones.last().map(|dead| (dead.incarnation, dead.status)), Some((1, ExitStatus::Code(3))));
    let again = |kill| Command::RespawnPane { pane: PaneId(1), kill, argv: None, cwd: None, environment: BTreeMap::new() };
    refused(&mut state, again(false), "pane %1 still active");
    let (_, effects) = done(&mut state, again(true));
    assert_eq!(effects[0], Effect::Kill { pane: PaneId(1), incarnation: 2 });
    assert_eq!(done(&mut state, exited(1, 2, 0, RemainOnExit::Off)).1, [], "an old program");
    assert_eq!(state.tombstone(PaneId(1)).map(|dead| (dead.status, dead.last_screen.as_str())), Some((ExitStatus::Code(0), "screen of 1")));
    done(&mut state, exited(1, 3, 0, RemainOnExit::Off));
    assert!(!state.panes.contains_key(&PaneId(1)));
    assert_eq!(state.tombstone(PaneId(1)).map(|dead| (dead.incarnation, dead.cause)), Some((3, Cause::Exit)));

    // What is said of the pane goes before what is said of the window, and that before the option.
    done(&mut state, Command::SetWindowRemainOnExit { window: WindowId(0), value: Some(RemainOnExit::On) });
    done(&mut state, Command::SetPaneRemainOnExit { pane: PaneId(2), value: Some(RemainOnExit::Off) });
    done(&mut state, exited(2, 1, 0, RemainOnExit::Off));
    done(&mut state, exited(0, 1, 0, RemainOnExit::Off));
    assert_eq!(panes(&state, 0), [0]);
    // A pane that was kept is buried as it died.
    done(&mut state, Command::KillPane { pane: PaneId(0) });
    assert_eq!(state.tombstone(PaneId(0)).map(|dead| (dead.cause, dead.status)), Some((Cause::Exit, ExitStatus::Code(0))));

    done(&mut state, Command::PaneLost { pane: PaneId(3), last_screen: "é".repeat(LAST_SCREEN_MAX) });
    let lost = state.tombstone(PaneId(3)).unwrap();
    assert_eq!((lost.cause, lost.status, lost.last_screen.len()), (Cause::Lost, ExitStatus::Unknown, LAST_SCREEN_MAX));
    assert_eq!(state.sessions.len(), 1);
    for _ in 0..120 {
        let pane = done(&mut state, split(4, Axis::Horizontal)).0.pane.unwrap();
        done(&mut state, Command::KillPane { pane });
    }
    assert_eq!(state.tombstones.len(), TOMBSTONES_MAX);
}

#[test]
fn small_things_are_set() {
    let mut state = example();
    done(&mut state, Command::SetPaneTitle { pane: PaneId(0), title: format!("a\u{7}b{}", "x".repeat(999)) });
    assert_eq!(state.panes[&PaneId(0)].title.len(), NAME_MAX);
    done(&mut state, Command::NameWindowAutomatically { window: WindowId(0), name: "less".to_owned() });
    assert_eq!(windows(&state, 0), "0:less* 1:vim");
    done(&mut state, Command::RenameWindow { window: WindowId(0), name: "mine".to_owned() });
    assert_eq!(done(&mut state, Command::NameWindowAutomatically { window: WindowId(0), name: "less".to_owned() }).1, []);
    assert_eq!(windows(&state, 0), "0:mine* 1:vim");
    let set = |value: Option<Option<&str>>| Command::SetEnvironment {
        session: SessionId(0),
        name: "A".to_owned(),
        value: value.map(|value| value.map(str::to_owned)),
    };
    done(&mut state, set(Some(Some("1"))));
    let own = Program { environment: [("B".to_owned(), "2".to_owned())].into(), ..program("x") };
    let (_, effects) = done(&mut state, Command::SplitPane { place: beside(0, Axis::Vertical), select: true, program: own });
    let expected: BTreeMap<_, _> = [("A".to_owned(), Some("1".to_owned())), ("B".to_owned(), Some("2".to_owned()))].into();
    assert!(matches!(&effects[0], Effect::Spawn(spawn) if spawn.environment == expected));
    done(&mut state, set(Some(None)));
    assert_eq!(state.sessions[&SessionId(0)].environment, [("A".to_owned(), None)].into());
    done(&mut state, set(None));
    assert!(state.sessions[&SessionId(0)].environment.is_empty());
    let bad = Command::SetEnvironment { session: SessionId(0), name: "A=B".to_owned(), value: None };
    refused(&mut state, bad, "invalid variable name: \"A=B\"");
}

/// What a target finds in `example` for somebody who looks at pane 1 of `work`: `session:index.pane`, or the error.
#[track_caller]
fn check_target(state: &State, text: &str, expected: &str) {
    let context = Context {
        session: Some(SessionId(0)),
        window: Some(WindowId(0)),
        pane: Some(PaneId(1)),
        marked: Some(PaneId(4)),
        ..Context::default()
    };
    let found = match state.find_pane(text, &context) {
        Ok(target) => format!("{}:{}.{}", state.sessions[&target.session].name, target.index, target.pane),
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expected, "for {text:?}");
}

#[test]
fn targets_are_found() {
    let mut state = example();
    done(&mut state, Command::SetPaneName { pane: PaneId(2), name: Some("build".to_owned()) });
    done(&mut state, Command::RenameWindow { window: WindowId(0), name: "edit".to_owned() });
    done(&mut state, new_session("player"));
    for (text, expected) in [
        ("", "work:0.%1"),
        ("%4", "play:0.%4"),
        ("%9", "can't find pane: %9"),
        ("%x", "can't find pane: %x"),
        ("@1", "work:1.%3"),
        ("@9", "can't find window: @9"),
        ("$1", "play:0.%4"),
        ("$9", "can't find session: $9"),
        ("0", "work:0.%0"),
        ("2", "work:0.%2"),
        ("{last}", "work:0.%1"),
        ("+", "work:0.%2"),
        ("+2", "work:0.%0"),
        ("-", "work:0.%0"),
        ("{top}", "work:0.%0"),
        ("{bottom-right}", "work:0.%2"),
        ("{bottom-left}", "work:0.%1"),
        ("{up-of}", "work:0.%0"),
        ("{right-of}", "work:0.%2"),
        ("build", "work:0.%2"),
        ("bu", "work:0.%2"),
        ("vim", "work:1.%3"),
        ("edit", "work:0.%2"),
        ("work", "work:0.%2"),
        ("wo", "work:0.%2"),
        ("*ay", "play:0.%4"),
        ("=pla", "can't find pane: pla"),
        ("=play", "play:0.%4"),
        ("pl", "can't find session: pl: ambiguous, could be: play, player"),
        ("play", "play:0.%4"),
        ("work:", "work:0.%2"),
        ("work:1", "work:1.%3"),
        ("work:0.1", "work:0.%1"),
        ("work:vim.0", "work:1.%3"),
        ("work:=vi", "can't find window: vi"),
        ("work:7", "can't find window: 7"),
        ("work:0.7", "can't find pane: 7"),
        ("work:.0", "work:0.%0"),
        ("work:.%3", "work:1.%3"),
        ("work:.%4", "can't find pane: %4"),
        ("nope:1", "can't find session: nope"),
        ("work:{start}", "work:0.%2"),
        ("work:$", "work:1.%3"),
        ("work:!", "work:1.%3"),
        ("work:+", "work:1.%3"),
        ("work:{next}.0", "work:1.%3"),
        (":1", "work:1.%3"),
        (".0", "work:0.%0"),
        ("1.0", "work:1.%3"),
        ("{marked}", "play:0.%4"),
        ("=", "no mouse target"),
        ("~", "play:0.%4"),
    ] {
        check_target(&state, text, expected);
    }
    done(&mut state, Command::RenameWindow { window: WindowId(1), name: "a.b:c".to_owned() });
    check_target(&state, "a.b:c", "work:1.%3");
    check_target(&state, "work:a.b:c", "work:1.%3");
    assert_eq!(State::new().find_pane("", &Context::default()), Err(TargetError::NoSessions));
    assert_eq!(state.find_session("wo", &Context::default()), Ok(SessionId(0)));
    assert_eq!(state.find_session("work:1.0", &Context::default()), Ok(SessionId(0)));
    assert_eq!(state.find_session("@2", &Context::default()), Ok(SessionId(1)));
    assert_eq!(state.find_session("", &Context::default()), Ok(SessionId(2)), "the newest");
    assert_eq!(state.find_session("", &Context { pane: Some(PaneId(4)), ..Context::default() }), Ok(SessionId(1)));
    let window = |text: &str| state.find_window(text, &Context { session: Some(SessionId(0)), ..Context::default() }).map(|t| t.index);
    assert_eq!((window("1"), window("{next}"), window("@")), (Ok(1), Ok(1), Ok(0)));
}

#[test]
fn places_need_not_exist() {
    let state = example();
    let context = Context { session: Some(SessionId(0)), ..Context::default() };
    let place = |text: &str| state.find_place(text, &context).map(|place| (place.session.0, place.index));
    assert_eq!(place(""), Ok((0, None)));
    assert_eq!(place("7"), Ok((0, Some(7))));
    assert_eq!(place("play:"), Ok((1, None)));
    assert_eq!(place("play:3"), Ok((1, Some(3))));
    assert_eq!(place("+4"), Ok((0, Some(4))));
    assert_eq!(place("vim"), Ok((0, Some(1))));
    assert_eq!(place("$"), Ok((0, Some(1))));
    assert!(place("-1").is_err() && place("play:vim").is_err() && place("99999999999").is_err());
}

#[test]
fn state_of_another_release_is_read() {
    // A newer one has more fields at the end.
    let bytes = example().to_bytes();
    let mut newer = bytes.clone();
    assert_eq!(newer[0], 0x88, "an array of 8 fields");
    newer[0] = 0x8a;
    newer.extend([0xf5, 0x61, b'x']);
    assert_eq!(State::from_bytes(&newer), Ok(example()));
    // What is torn is refused, and nothing panics.
    let mut torn = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x11;
        torn += u32::from(State::from_bytes(&changed).is_err());
        assert!(State::from_bytes(&bytes[..at]).is_err());
    }
    assert!(torn > 0);
    assert!(matches!(State::from_bytes(b""), Err(RestoreError::Garbled(_))));
}
