//! Layouts as drawings, and what holds for all of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says no more than that it failed here")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::geometry::{Axis, Direction, Point, Rect, Size};
use crate::ids::PaneId;

/// Draws an arrangement: each pane by its number's last digit, dividers as `|` and `-`. Every cell must be drawn exactly once.
fn draw(layout: &Layout, area: Size) -> String {
    let arrangement = layout.arrange(area.to_rect());
    let (cols, rows) = (usize::from(arrangement.area.cols), usize::from(arrangement.area.rows));
    let mut cells = vec![vec![' '; cols]; rows];
    let mut fill = |rect: Rect, with: char| {
        for row in rect.row..rect.bottom() {
            for col in rect.col..rect.right() {
                let cell = &mut cells[usize::from(row)][usize::from(col)];
                assert_eq!(*cell, ' ', "{with} is drawn over {cell} at {col},{row} by {layout:?}");
                *cell = with;
            }
        }
    };
    for (pane, rect) in &arrangement.panes {
        fill(*rect, char::from_digit(u32::try_from(pane.0 % 10).unwrap(), 10).unwrap());
    }
    for divider in &arrangement.dividers {
        fill(divider.rect, if divider.axis == Axis::Horizontal { '|' } else { '-' });
    }
    assert!(cells.iter().flatten().all(|cell| *cell != ' '), "a hole in {layout:?}");
    cells.into_iter().map(|row| row.into_iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check(layout: &Layout, area: Size, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(draw(layout, area), expected.join("\n"));
}

const AREA: Size = Size::new(11, 5);

fn split(layout: &mut Layout, target: u64, axis: Axis, new: u64) {
    layout.split(PaneId(target), axis, false, false, SplitSize::Half, PaneId(new), AREA).unwrap();
}

/// `1 | 2 over (3 | 4)`, as on the module's page.
fn example() -> Layout {
    let mut layout = Layout::single(PaneId(1));
    split(&mut layout, 1, Axis::Horizontal, 2);
    split(&mut layout, 2, Axis::Vertical, 3);
    split(&mut layout, 3, Axis::Horizontal, 4);
    layout
}

#[test]
fn splits_halve_what_they_split() {
    check(&example(), AREA, "11111|22222\n11111|22222\n11111|-----\n11111|33|44\n11111|33|44");
}

#[test]
fn splits_take_sizes_and_sides() {
    let mut layout = Layout::single(PaneId(1));
    layout.split(PaneId(1), Axis::Horizontal, true, false, SplitSize::Cells(2), PaneId(2), AREA).unwrap();
    layout.split(PaneId(1), Axis::Vertical, false, true, SplitSize::Percent(20), PaneId(3), AREA).unwrap();
    check(&layout, AREA, "22|11111111\n22|11111111\n22|11111111\n-----------\n33333333333");
    // Beside the whole, along the root's axis: no new level, and the others keep their parts.
    layout.split(PaneId(2), Axis::Vertical, true, true, SplitSize::Cells(1), PaneId(4), AREA).unwrap();
    check(&layout, AREA, "44444444444\n-----------\n22|11111111\n-----------\n33333333333");
    assert_eq!(
        layout.split(PaneId(4), Axis::Vertical, false, false, SplitSize::Half, PaneId(5), AREA),
        Err(SplitError::NoSpace { len: 1, needed: 3 })
    );
    assert_eq!(
        layout.split(PaneId(9), Axis::Vertical, false, false, SplitSize::Half, PaneId(5), AREA),
        Err(SplitError::NoSuchPane(PaneId(9)))
    );
    assert_eq!(
        layout.split(PaneId(1), Axis::Vertical, false, false, SplitSize::Half, PaneId(4), AREA),
        Err(SplitError::AlreadyHere(PaneId(4)))
    );
}

#[test]
fn removed_panes_leave_their_cells_to_the_sibling_before() {
    let mut layout = example();
    layout.remove(PaneId(4)).unwrap();
    check(&layout, AREA, "11111|22222\n11111|22222\n11111|-----\n11111|33333\n11111|33333");
    layout.remove(PaneId(1)).unwrap();
    check(&layout, AREA, "22222222222\n22222222222\n-----------\n33333333333\n33333333333");
    layout.remove(PaneId(2)).unwrap();
    assert_eq!(layout.remove(PaneId(3)), Err(RemoveError::LastPane(PaneId(3))));
    assert_eq!(layout.remove(PaneId(1)), Err(RemoveError::NoSuchPane(PaneId(1))));
}

#[test]
fn edges_move_as_in_tmux() {
    let mut layout = example();
    // The edge after the pane moves, or before it if it is the last.
    assert_eq!(layout.resize_edge(PaneId(1), Direction::Right, 2, AREA), 2);
    check(&layout, AREA, "1111111|222\n1111111|222\n1111111|---\n1111111|3|4\n1111111|3|4");
    assert_eq!(layout.resize_edge(PaneId(2), Direction::Left, 1, AREA), 1);
    // No further than one cell a pane.
    assert_eq!(layout.resize_edge(PaneId(1), Direction::Right, 50, AREA), 1);
    assert_eq!(layout.resize_edge(PaneId(3), Direction::Up, 50, AREA), 1);
    check(&layout, AREA, "1111111|222\n1111111|---\n1111111|3|4\n1111111|3|4\n1111111|3|4");
    assert_eq!(layout.set_length(PaneId(1), Axis::Horizontal, 2, AREA), 5);
    check(&layout, AREA, "11|22222222\n11|--------\n11|3333|444\n11|3333|444\n11|3333|444");
    // There is nothing above or below pane 1.
    assert_eq!(layout.resize_edge(PaneId(1), Direction::Down, 1, AREA), 0);
    // The siblings of pane 3 are equal as far as may be; those of its row are not.
    assert!(layout.spread(PaneId(3), AREA));
    check(&layout, AREA, "11|22222222\n11|22222222\n11|--------\n11|3333|444\n11|3333|444");
}

#[test]
fn dividers_are_dragged_and_push_what_is_in_the_way() {
    let mut layout = Layout::single(PaneId(1));
    split(&mut layout, 1, Axis::Horizontal, 3);
    split(&mut layout, 1, Axis::Horizontal, 2);
    check(&layout, Size::new(11, 1), "11|22|33333");
    let area = Rect { col: 0, row: 1, cols: 11, rows: 1 };
    let divider = *layout.arrange(area).divider_at(Point { col: 5, row: 1 }).unwrap();
    assert_eq!((divider.before, divider.after, divider.axis), (PaneId(2), PaneId(3), Axis::Horizontal));
    assert_eq!(layout.move_divider(divider.after, 1, area), 2);
    check(&layout, Size::new(11, 1), "1|2|3333333");
    assert_eq!(layout.move_divider(divider.after, 100, area), 6);
    check(&layout, Size::new(11, 1), "1|2222222|3");
    assert_eq!(layout.move_divider(PaneId(1), 3, area), 0);
}

#[test]
fn shrinking_deals_out_and_growing_back_restores() {
    let layout = example();
    check(&layout, Size::new(9, 4), "1111|2222\n1111|----\n1111|3|44\n1111|3|44");
    for cols in (1..40).rev() {
        for rows in [1, 2, 3, 4, 9] {
            draw(&layout, Size::new(cols, rows));
        }
    }
    // Under the minimum the arrangement is larger than the area.
    assert_eq!(layout.minimum(), Size::new(5, 3));
    check(&layout, Size::new(1, 1), "1|222\n1|---\n1|3|4");
    let mut fitted = layout.clone();
    fitted.fit(Size::new(2, 2));
    assert_eq!(fitted.size(), Size::new(5, 3));
}

#[test]
fn neighbours_touch_or_lie_around_the_edge() {
    let layout = example();
    let never = |_| 0;
    let of = |pane, direction| layout.neighbour(PaneId(pane), direction, AREA, never).map(|pane| pane.0);
    assert_eq!(of(1, Direction::Right), Some(2));
    assert_eq!(layout.neighbour(PaneId(1), Direction::Right, AREA, |pane| pane.0), Some(PaneId(3)), "the most recent of those that touch");
    assert_eq!(of(1, Direction::Left), Some(2), "around");
    assert_eq!(of(1, Direction::Up), None);
    assert_eq!(of(2, Direction::Down), Some(3));
    assert_eq!(of(2, Direction::Up), Some(3), "around");
    assert_eq!(of(4, Direction::Left), Some(3));
    assert_eq!(of(4, Direction::Right), Some(1));
    assert_eq!(of(9, Direction::Right), None);
}

#[test]
fn panes_rotate_and_swap() {
    let mut layout = example();
    layout.rotate(true);
    assert_eq!(layout.panes(), [4, 1, 2, 3].map(PaneId));
    layout.rotate(false);
    layout.rotate(false);
    assert_eq!(layout.panes(), [2, 3, 4, 1].map(PaneId));
    assert!(layout.swap(PaneId(2), PaneId(1)));
    assert_eq!(layout.panes(), [1, 3, 4, 2].map(PaneId));
    assert!(!layout.swap(PaneId(2), PaneId(7)));
    assert!(!layout.replace(PaneId(2), PaneId(1)));
    assert!(layout.replace(PaneId(2), PaneId(7)));
    assert_eq!(layout.panes(), [1, 3, 4, 7].map(PaneId));
}

fn row_of(count: u64) -> Layout {
    let mut layout = Layout::single(PaneId(0));
    for pane in 1..count {
        layout.split(PaneId(0), Axis::Horizontal, false, true, SplitSize::Cells(1), PaneId(pane), Size::new(1000, 10)).unwrap();
    }
    layout
}

/// The shapes of tmux 3.8. Older ones gave the cells that are over to the last pane of a row, not to the first ones.
#[test]
fn presets_are_those_of_tmux() {
    let small = MainSize { cols: SplitSize::Cells(4), rows: SplitSize::Cells(2) };
    let cases = [
        (Preset::EvenHorizontal, 3, "0000|111|222"),
        (Preset::EvenVertical, 2, "000000000000\n000000000000\n------------\n111111111111\n111111111111"),
        (Preset::MainHorizontal, 3, "000000000000\n000000000000\n------------\n111111|22222\n111111|22222"),
        (Preset::MainHorizontalMirrored, 3, "111111|22222\n111111|22222\n------------\n000000000000\n000000000000"),
        (Preset::MainVertical, 3, "0000|1111111\n0000|1111111\n0000|-------\n0000|2222222\n0000|2222222"),
        (Preset::MainVerticalMirrored, 3, "1111111|0000\n1111111|0000\n-------|0000\n2222222|0000\n2222222|0000"),
        (Preset::MainVertical, 2, "0000|1111111\n0000|1111111\n0000|1111111\n0000|1111111\n0000|1111111"),
        (Preset::Tiled, 3, "00000|111111\n00000|111111\n------------\n222222222222\n222222222222"),
        (Preset::Tiled, 5, "00000|111111\n-----|------\n22222|333333\n------------\n444444444444"),
    ];
    for (preset, count, drawing) in cases {
        let mut layout = row_of(count);
        let rows = u16::try_from(drawing.lines().count()).unwrap();
        layout.apply_preset(preset, Size::new(12, rows), small);
        // The line between two rows of tiles goes all the way.
        let drawing = drawing.replace("-----|------", "------------");
        assert_eq!(draw(&layout, Size::new(12, rows)), drawing, "{}", preset.name());
        assert_eq!(Preset::from_name(preset.name()), Some(preset));
    }
    assert_eq!(Preset::from_name("t"), Some(Preset::Tiled));
    assert_eq!(Preset::from_name("even"), None, "ambiguous");
    assert_eq!(Preset::from_name(""), None);
    assert_eq!(Preset::from_name("main-vertical"), Some(Preset::MainVertical));
    assert_eq!(Preset::Tiled.next(), Preset::EvenHorizontal);
    assert_eq!(Preset::EvenHorizontal.previous(), Preset::Tiled);
}

#[test]
fn texts_are_those_of_tmux() {
    // Written by tmux 3.3a.
    for text in ["b25f,80x24,0,0,2", "1558,80x24,0,0{40x24,0,0,0,39x24,41,0[39x12,41,0,1,39x11,41,13{19x11,41,13,2,19x11,61,13,3}]}"] {
        let layout = Layout::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(layout.dump(Size::new(80, 24)), text);
    }
}

#[test]
fn bad_texts_are_told_why() {
    let with_checksum = |body: &str| {
        let sum = body.bytes().fold(0, |sum: u16, byte| sum.rotate_right(1).wrapping_add(u16::from(byte)));
        format!("{sum:04x},{body}")
    };
    let because = |body: &str| Layout::parse(&with_checksum(body)).unwrap_err().to_string();
    assert_eq!(Layout::parse("").unwrap_err(), ParseError::NoChecksum);
    assert_eq!(Layout::parse("+123,80x24,0,0,1").unwrap_err(), ParseError::NoChecksum);
    assert_eq!(Layout::parse("é12,80x24,0,0,1").unwrap_err(), ParseError::NoChecksum);
    assert!(Layout::parse("0000,80x24,0,0,2").unwrap_err().to_string().starts_with("invalid layout: the checksum is 0000, but"));
    assert_eq!(because("80x24,0,0{40x24,0,0,1,40x24,41,0,2"), "invalid layout: expected } or , at byte 39");
    assert_eq!(because("80x24,0,0]"), "invalid layout: expected the end at byte 14");
    assert_eq!(because("0x24,0,0,1"), "invalid layout: expected a length from 1 to 65535 at byte 5");
    assert_eq!(
        because("80x24,0,0[80x12,0,0{40x12,0,0,1,40x12,41,0,2},80x11,0,13,3]"),
        "invalid layout: size mismatch in the cell at byte 15"
    );
    assert_eq!(because("80x24,0,0<10x5,0,0,1>"), "invalid layout: floating panes are not supported");
    assert!(because(&"9x9,0,0{".repeat(5000)).contains("deeper than 128"));
    assert!(because(&format!("9x9,0,0,{}", "9".repeat(30))).contains("a smaller number"));
    // The whole's size is taken from its parts; numbers that are missing or there twice are filled in.
    let layout = Layout::parse(&with_checksum("99x24,0,0{40x24,0,0,39x24,41,0,5,1x24,81,0,5}")).unwrap();
    assert_eq!((layout.size(), layout.panes()), (Size::new(82, 24), vec![PaneId(0), PaneId(5), PaneId(1)]));
}

#[test]
fn texts_are_put_upon_panes() {
    let layout = example();
    let panes = |ids: &[u64]| ids.iter().map(|id| PaneId(*id)).collect::<Vec<_>>();
    assert_eq!(layout.clone().put_upon(&panes(&[9, 8, 7, 6])).unwrap().panes(), panes(&[9, 8, 7, 6]));
    let fewer = layout.clone().put_upon(&panes(&[1, 2, 3])).unwrap();
    check(&fewer, AREA, "11111|22222\n11111|22222\n11111|-----\n11111|33333\n11111|33333");
    let error = layout.clone().put_upon(&panes(&[1, 2, 3, 4, 5])).unwrap_err();
    assert_eq!(error.to_string(), "have 5 panes but need 4");
    assert_eq!(layout.clone().put_upon(&[]), Err(ApplyError::NotASet));
    assert_eq!(layout.put_upon(&panes(&[1, 1])), Err(ApplyError::NotASet));
}

#[test]
fn torn_bytes_are_refused() {
    let bytes = minicbor::to_vec(example()).unwrap();
    assert_eq!(minicbor::decode::<Layout>(&bytes).unwrap(), example());
    for end in 0..bytes.len() {
        assert!(minicbor::decode::<Layout>(&bytes[..end]).is_err());
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut torn = bytes.clone();
            torn[at] ^= 1 << bit;
            if let Ok(layout) = minicbor::decode::<Layout>(&torn) {
                assert_eq!(layout.check(), Ok(()));
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Split(usize, Axis, bool, bool, SplitSize),
    Remove(usize),
    Swap(usize, usize),
    Rotate(bool),
    Resize(usize, Direction, u16),
    SetLength(usize, Axis, u16),
    Divider(usize, u16),
    Preset(usize),
    Spread(usize),
    Fit,
    Area(Size),
}

fn axis() -> impl Strategy<Value = Axis> {
    prop_oneof![Just(Axis::Horizontal), Just(Axis::Vertical)]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Left), Just(Direction::Right), Just(Direction::Up), Just(Direction::Down)]
}

fn area() -> impl Strategy<Value = Size> {
    (1_u16..100, 1_u16..40).prop_map(|(cols, rows)| Size::new(cols, rows))
}

fn split_size() -> impl Strategy<Value = SplitSize> {
    prop_oneof![Just(SplitSize::Half), (0_u16..60).prop_map(SplitSize::Cells), (0_u8..=120).prop_map(SplitSize::Percent)]
}

fn op() -> impl Strategy<Value = Op> {
    let at = 0_usize..8;
    prop_oneof![
        6 => (at.clone(), axis(), any::<bool>(), prop::bool::weighted(0.2), split_size()).prop_map(|(a, b, c, d, e)| Op::Split(a, b, c, d, e)),
        2 => at.clone().prop_map(Op::Remove),
        1 => (at.clone(), at.clone()).prop_map(|(a, b)| Op::Swap(a, b)),
        1 => any::<bool>().prop_map(Op::Rotate),
        2 => (at.clone(), direction(), 0_u16..30).prop_map(|(a, b, c)| Op::Resize(a, b, c)),
        2 => (at.clone(), axis(), 0_u16..60).prop_map(|(a, b, c)| Op::SetLength(a, b, c)),
        2 => (at.clone(), 0_u16..100).prop_map(|(a, b)| Op::Divider(a, b)),
        1 => (0_usize..7).prop_map(Op::Preset),
        1 => at.prop_map(Op::Spread),
        1 => Just(Op::Fit),
        2 => area().prop_map(Op::Area),
    ]
}

fn run(layout: &mut Layout, area: &mut Size, next: &mut u64, op: &Op) {
    let panes = layout.panes();
    let pane = |at: usize| panes[at % panes.len()];
    match *op {
        Op::Split(at, axis, before, full, size) => {
            let count = layout.count();
            let result = layout.split(pane(at), axis, before, full, size, PaneId(*next), *area);
            assert_eq!(layout.count(), count + usize::from(result.is_ok()));
            *next += 1;
        }
        Op::Remove(at) => _ = layout.remove(pane(at)),
        Op::Swap(a, b) => _ = layout.swap(pane(a), pane(b)),
        Op::Rotate(forward) => layout.rotate(forward),
        Op::Resize(at, direction, cells) => assert!(layout.resize_edge(pane(at), direction, cells, *area) <= cells),
        Op::SetLength(at, axis, cells) => _ = layout.set_length(pane(at), axis, cells, *area),
        Op::Divider(at, to) => _ = layout.move_divider(pane(at), to, area.to_rect()),
        Op::Preset(at) => layout.apply_preset(Preset::ALL[at], *area, MainSize::default()),
        Op::Spread(at) => _ = layout.spread(pane(at), *area),
        Op::Fit => layout.fit(*area),
        Op::Area(new) => *area = new,
    }
    layout.check().unwrap_or_else(|broken| panic!("{broken} after {op:?}"));
}

fn layout() -> impl Strategy<Value = (Layout, Size, u64)> {
    (prop::collection::vec(op(), 0..20), area()).prop_map(|(ops, mut area)| {
        let (mut layout, mut next) = (Layout::single(PaneId(0)), 1);
        for op in &ops {
            run(&mut layout, &mut area, &mut next, op);
        }
        (layout, area, next)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_area_is_tiled_exactly((layout, _, _) in layout(), area in area()) {
        let before = layout.clone();
        draw(&layout, area);
        prop_assert_eq!(&layout, &before);
        let arrangement = layout.arrange(area.to_rect());
        let minimum = layout.minimum();
        prop_assert_eq!(arrangement.area.size(), Size::new(area.cols.max(minimum.cols), area.rows.max(minimum.rows)));
        prop_assert!(arrangement.panes.iter().all(|(_, rect)| rect.cols >= 1 && rect.rows >= 1));
        prop_assert_eq!(arrangement.panes.iter().map(|(pane, _)| *pane).collect::<Vec<_>>(), layout.panes());
        prop_assert_eq!(arrangement.dividers.len() + 1, arrangement.panes.len());
        let names: BTreeSet<_> = arrangement.dividers.iter().map(|divider| divider.after).collect();
        prop_assert_eq!(names.len(), arrangement.dividers.len());
        // Everything moves with the area's corner.
        let there = layout.arrange(Rect { col: 3, row: 7, ..area.to_rect() });
        for (here, there) in arrangement.panes.iter().zip(&there.panes) {
            prop_assert_eq!(Rect { col: here.1.col + 3, row: here.1.row + 7, ..here.1 }, there.1);
        }
    }

    #[test]
    fn text_and_bytes_round_trip((layout, _, _) in layout(), area in area()) {
        let text = layout.dump(area);
        let read = Layout::parse(&text).unwrap();
        prop_assert_eq!(read.dump(area), text);
        prop_assert_eq!(read.arrange(area.to_rect()), layout.arrange(area.to_rect()));
        let bytes = minicbor::to_vec(&layout).unwrap();
        prop_assert_eq!(minicbor::decode::<Layout>(&bytes).unwrap(), layout);
    }

    #[test]
    fn split_then_remove_restores(
        (mut layout, area, next) in layout(), at in 0_usize..8, axis in axis(), before: bool, size in split_size(),
    ) {
        let panes = layout.panes();
        let (target, new) = (panes[at % panes.len()], PaneId(next));
        let was = layout.arrange(area.to_rect());
        if layout.split(target, axis, before, false, size, new, area).is_ok() {
            let with = layout.arrange(area.to_rect());
            for (pane, rect) in was.panes.iter().filter(|(pane, _)| *pane != target) {
                prop_assert_eq!(with.rect_of(*pane), Some(*rect), "a split is nobody else's business");
            }
            layout.remove(new).unwrap();
        }
        prop_assert_eq!(layout.arrange(area.to_rect()), was);
    }

    #[test]
    fn swap_twice_and_rotate_around_are_nothing((layout, _, _) in layout(), a in 0_usize..8, b in 0_usize..8) {
        let panes = layout.panes();
        let (a, b) = (panes[a % panes.len()], panes[b % panes.len()]);
        let mut changed = layout.clone();
        changed.swap(a, b);
        prop_assert_eq!(changed.arrange(layout.size().to_rect()).rect_of(a), layout.arrange(layout.size().to_rect()).rect_of(b));
        changed.swap(a, b);
        changed.rotate(true);
        changed.rotate(false);
        prop_assert_eq!(changed, layout);
    }

    #[test]
    fn neighbours_are_others((layout, area, _) in layout(), at in 0_usize..8, direction in direction()) {
        let panes = layout.panes();
        let pane = panes[at % panes.len()];
        if let Some(other) = layout.neighbour(pane, direction, area, |_| 0) {
            prop_assert_ne!(other, pane);
            prop_assert!(panes.contains(&other));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-9a-fx,{}\\[\\]<>é]{0,60}") {
        let sum = text.bytes().fold(0, |sum: u16, byte| sum.rotate_right(1).wrapping_add(u16::from(byte)));
        for text in [text.clone(), format!("{sum:04x},{text}")] {
            if let Ok(layout) = Layout::parse(&text) {
                prop_assert_eq!(layout.check(), Ok(()));
            }
        }
    }
}

#[test]
fn limits_hold() {
    let area = Size::new(u16::MAX, u16::MAX);
    let mut layout = Layout::single(PaneId(0));
    let deeper = |layout: &mut Layout, pane: usize| {
        let axis = if pane.is_multiple_of(2) { Axis::Horizontal } else { Axis::Vertical };
        layout.split(PaneId(0), axis, false, false, SplitSize::Cells(1), PaneId(u64::try_from(pane).unwrap()), area)
    };
    for pane in 1..=DEPTH_MAX {
        deeper(&mut layout, pane).unwrap();
    }
    assert_eq!(deeper(&mut layout, DEPTH_MAX + 1), Err(SplitError::TooMany));
    let text = layout.dump(area);
    assert_eq!(Layout::parse(&text).unwrap().dump(area), text);
    assert_eq!(minicbor::decode::<Layout>(&minicbor::to_vec(&layout).unwrap()).unwrap(), layout);

    let row = |count: usize| {
        let body = format!("{}x1,0,0{{{}}}", 2 * count - 1, vec!["1x1,0,0"; count].join(","));
        let sum = body.bytes().fold(0, |sum: u16, byte| sum.rotate_right(1).wrapping_add(u16::from(byte)));
        Layout::parse(&format!("{sum:04x},{body}"))
    };
    assert_eq!(row(PANES_MAX + 1), Err(ParseError::Broken(Broken::TooManyPanes)));
    let mut full = row(PANES_MAX).unwrap();
    let refused = full.split(PaneId(0), Axis::Vertical, false, false, SplitSize::Half, PaneId(9999), area);
    assert_eq!(refused, Err(SplitError::TooMany));
    full.apply_preset(Preset::EvenVertical, Size::new(80, 24), MainSize::default());
    assert_eq!(full.minimum(), Size::new(1, 8191));
}
