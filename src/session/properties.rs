//! Random commands and random targets: whatever they are, the state stays whole and everything that changed is said.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says no more than that it failed here")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{example, program};
use super::*;
use crate::geometry::{Axis, Direction, Size};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::layout::{MainSize, Preset, SplitSize};

fn axis() -> impl Strategy<Value = Axis> {
    prop_oneof![Just(Axis::Horizontal), Just(Axis::Vertical)]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Left), Just(Direction::Right), Just(Direction::Up), Just(Direction::Down)]
}

fn session() -> impl Strategy<Value = SessionId> {
    (0_u64..4).prop_map(SessionId)
}

fn window() -> impl Strategy<Value = WindowId> {
    (0_u64..6).prop_map(WindowId)
}

fn pane() -> impl Strategy<Value = PaneId> {
    (0_u64..10).prop_map(PaneId)
}

fn winlink() -> impl Strategy<Value = Winlink> {
    (session(), 0_u32..5).prop_map(|(session, index)| Winlink { session, index })
}

fn at() -> impl Strategy<Value = At> {
    let index = 0_u32..5;
    prop_oneof![
        Just(At::Free),
        index.clone().prop_map(At::Index),
        index.clone().prop_map(At::Replace),
        index.clone().prop_map(At::Before),
        index.prop_map(At::After),
    ]
}

fn place() -> impl Strategy<Value = Placement> {
    (pane(), axis(), any::<bool>(), any::<bool>()).prop_map(|(target, axis, before, full_span)| Placement {
        target,
        axis,
        before,
        full_span,
        size: SplitSize::Half,
    })
}

fn making() -> impl Strategy<Value = Command> {
    prop_oneof![
        (prop::option::of("[ab]"), 0_u32..2).prop_map(|(name, base_index)| Command::NewSession {
            name,
            window_name: None,
            cwd: "/".to_owned(),
            environment: BTreeMap::new(),
            base_index,
            size: Size::new(20, 10),
            program: program("sh"),
        }),
        (session(), at(), any::<bool>()).prop_map(|(session, at, select)| Command::NewWindow {
            session,
            at,
            name: None,
            select,
            program: program("sh")
        }),
        (place(), any::<bool>()).prop_map(|(place, select)| Command::SplitPane { place, select, program: program("sh") }),
    ]
}

fn ending() -> impl Strategy<Value = Command> {
    prop_oneof![
        pane().prop_map(|pane| Command::KillPane { pane }),
        pane().prop_map(|pane| Command::KillOtherPanes { pane }),
        window().prop_map(|window| Command::KillWindow { window }),
        winlink().prop_map(|link| Command::KillOtherWindows { link }),
        session().prop_map(|session| Command::KillSession { session }),
        (winlink(), any::<bool>()).prop_map(|(link, kill)| Command::UnlinkWindow { link, kill }),
        pane().prop_map(|pane| Command::PaneLost { pane, last_screen: String::new() }),
        (pane(), 1_u32..3, any::<bool>()).prop_map(|(pane, incarnation, keep)| Command::PaneExited {
            pane,
            incarnation,
            status: ExitStatus::Signal(9),
            remain: if keep { RemainOnExit::On } else { RemainOnExit::Off },
            last_screen: "x".to_owned(),
        }),
    ]
}

fn moving() -> impl Strategy<Value = Command> {
    prop_oneof![
        (winlink(), session(), at(), any::<bool>()).prop_map(|(from, session, at, select)| Command::MoveWindow {
            from,
            session,
            at,
            select
        }),
        session().prop_map(|session| Command::RenumberWindows { session }),
        (winlink(), winlink(), any::<bool>()).prop_map(|(a, b, select)| Command::SwapWindows { a, b, select }),
        (window(), session(), at(), any::<bool>()).prop_map(|(window, session, at, select)| Command::LinkWindow {
            window,
            session,
            at,
            select
        }),
        (pane(), pane(), any::<bool>()).prop_map(|(a, b, select)| Command::SwapPanes { a, b, select }),
        (window(), any::<bool>()).prop_map(|(window, forward)| Command::RotatePanes { window, forward }),
        (pane(), session(), at(), any::<bool>()).prop_map(|(pane, session, at, select)| Command::BreakPane {
            pane,
            session,
            at,
            name: None,
            select
        }),
        (pane(), place(), any::<bool>()).prop_map(|(pane, place, select)| Command::JoinPane { pane, place, select }),
    ]
}

fn looking() -> impl Strategy<Value = Command> {
    prop_oneof![
        winlink().prop_map(|link| Command::SelectWindow { link }),
        (session(), any::<bool>()).prop_map(|(session, alerts)| Command::NextWindow { session, alerts }),
        (session(), any::<bool>()).prop_map(|(session, alerts)| Command::PreviousWindow { session, alerts }),
        session().prop_map(|session| Command::LastWindow { session }),
        (pane(), any::<bool>()).prop_map(|(pane, keep_zoom)| Command::SelectPane { pane, keep_zoom }),
        (pane(), direction(), any::<bool>()).prop_map(|(pane, direction, keep_zoom)| Command::SelectNeighbour {
            pane,
            direction,
            keep_zoom
        }),
        (window(), any::<bool>()).prop_map(|(window, keep_zoom)| Command::LastPane { window, keep_zoom }),
        (window(), prop::option::of(pane())).prop_map(|(window, pane)| Command::SetZoom { window, pane }),
        (pane(), direction(), 0_u16..20).prop_map(|(pane, direction, cells)| Command::ResizePane { pane, direction, cells }),
        (pane(), axis(), 0_u16..30).prop_map(|(pane, axis, cells)| Command::SetPaneLength { pane, axis, size: SplitSize::Cells(cells) }),
        (pane(), 0_u16..30).prop_map(|(after, to)| Command::MoveDivider { after, to }),
        (window(), 0_usize..9).prop_map(|(window, choice)| Command::SelectLayout {
            window,
            choice: Preset::ALL.get(choice).map_or(LayoutChoice::Next, |preset| LayoutChoice::Preset(*preset)),
            main: MainSize::default(),
        }),
        (pane(), any::<bool>()).prop_map(|(pane, kill)| Command::RespawnPane {
            pane,
            kill,
            argv: None,
            cwd: None,
            environment: BTreeMap::new()
        }),
        (window(), 0_u16..40, 0_u16..20).prop_map(|(window, cols, rows)| Command::SetWindowSize { window, size: Size::new(cols, rows) }),
        any::<bool>().prop_map(|titles| Command::SetArrangeOptions { options: ArrangeOptions { titles } }),
        (window(), any::<bool>()).prop_map(|(window, bell)| Command::Alert { window, bell, activity: !bell }),
        (session(), "[ab]").prop_map(|(session, name)| Command::RenameSession { session, name }),
    ]
}

/// What a server that believes the effects holds, to compare with the state.
#[derive(Default)]
struct Outside {
    panes: BTreeSet<PaneId>,
    ever: BTreeSet<(PaneId, u32)>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_goes_and_nothing_breaks(
        commands in prop::collection::vec(prop_oneof![4 => making(), 2 => ending(), 4 => moving(), 3 => looking()], 0..60)
    ) {
        let mut state = State::new();
        let mut outside = Outside::default();
        for command in commands {
            let before = state.clone();
            let shown = format!("{command:?}");
            match apply(&mut state, command, 5) {
                Err(_) => prop_assert_eq!(&state, &before, "{}", shown),
                Ok((_, effects)) => {
                    prop_assert_eq!(state.check(), Ok(()), "{}", shown);
                    prop_assert!(state.next_pane >= before.next_pane && state.next_window >= before.next_window);
                    for effect in &effects {
                        match effect {
                            Effect::Spawn(spawn) => {
                                outside.panes.insert(spawn.pane);
                                prop_assert!(outside.ever.insert((spawn.pane, spawn.incarnation)), "{} is spawned twice by {}", spawn.pane, shown);
                            }
                            Effect::PaneClosed(pane) => {
                                prop_assert!(outside.panes.remove(pane), "{} closed twice by {}", pane, shown);
                                prop_assert!(state.tombstone(*pane).is_some());
                            }
                            Effect::WindowClosed(window) => prop_assert!(before.windows.contains_key(window) && !state.windows.contains_key(window)),
                            Effect::SessionClosed(id) => prop_assert!(before.sessions.contains_key(id) && !state.sessions.contains_key(id)),
                            Effect::Changed(dirty) => prop_assert!(!dirty.is_empty()),
                            Effect::Kill { .. } | Effect::Arrange(_) => {}
                        }
                    }
                    prop_assert_eq!(&outside.panes, &state.panes.keys().copied().collect(), "{}", shown);
                    check_dirty(&before, &state, &effects, &shown)?;
                }
            }
            for window in state.windows.keys() {
                prop_assert!(state.pane_rects(*window).unwrap().panes.iter().all(|(_, rect)| rect.cols > 0 && rect.rows > 0));
            }
        }
        prop_assert_eq!(State::from_bytes(&state.to_bytes()), Ok(state));
    }

    #[test]
    fn any_target_is_found_or_refused(text in "[$@%=~{}a-z:.+!^*?\\[\\]0-9-]{0,8}") {
        let state = example();
        for context in [Context::default(), Context { session: Some(SessionId(1)), window: Some(WindowId(9)), pane: Some(PaneId(2)), ..Context::default() }] {
            for found in [state.find_pane(&text, &context), state.find_window(&text, &context)].into_iter().flatten() {
                prop_assert_eq!(state.sessions[&found.session].winlinks.get(&found.index), Some(&found.window));
                prop_assert!(state.windows[&found.window].layout.contains(found.pane));
            }
            _ = state.find_session(&text, &context);
            _ = state.find_place(&text, &context);
        }
    }
}

/// Everything that differs is said to be changed, or to be closed.
fn check_dirty(before: &State, after: &State, effects: &[Effect], shown: &str) -> Result<(), TestCaseError> {
    let empty = Dirty::default();
    let dirty = effects.iter().find_map(|effect| if let Effect::Changed(dirty) = effect { Some(dirty) } else { None }).unwrap_or(&empty);
    for (id, session) in &after.sessions {
        prop_assert!(before.sessions.get(id) == Some(session) || dirty.sessions.contains(id), "{} after {}", id, shown);
    }
    for (id, window) in &after.windows {
        prop_assert!(before.windows.get(id) == Some(window) || dirty.windows.contains(id), "{} after {}", id, shown);
        let arranged = effects.contains(&Effect::Arrange(*id));
        let rects = |state: &State| state.pane_rects(*id).map(|arrangement| arrangement.panes);
        prop_assert!(rects(before) == rects(after) || arranged, "{} is not arranged after {}", id, shown);
    }
    for (id, pane) in &after.panes {
        prop_assert!(before.panes.get(id) == Some(pane) || dirty.panes.contains(id), "{} after {}", id, shown);
    }
    for id in before.sessions.keys().filter(|id| !after.sessions.contains_key(id)) {
        prop_assert!(effects.contains(&Effect::SessionClosed(*id)), "{} after {}", id, shown);
    }
    for id in before.windows.keys().filter(|id| !after.windows.contains_key(id)) {
        prop_assert!(effects.contains(&Effect::WindowClosed(*id)), "{} after {}", id, shown);
    }
    Ok(())
}
