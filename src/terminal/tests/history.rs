use super::row::row;
use super::*;
use crate::terminal::history::{COMMIT_BYTES, Direction, History, LINE_MAX_BYTES, SEGMENT_BYTES, Segments, VecSegments};

fn narrow(text: &str, wrapped: bool) -> Row {
    Row { wrapped, ..Row::narrow(text) }
}

fn all(history: &History<impl Segments>) -> Vec<(u64, Row)> {
    history.lines(0, usize::MAX, usize::MAX)
}

fn texts_of(history: &History<impl Segments>) -> Vec<String> {
    all(history).into_iter().map(|(_, row)| row.text).collect()
}

#[test]
fn wrapped_rows_are_one_line() {
    let mut history = History::open(VecSegments::new(4), 1000);
    for (text, wrapped) in [("one", false), ("two ", true), ("and ", true), ("a half", false), ("three", false), ("op", true)] {
        history.append(&narrow(text, wrapped));
    }
    assert_eq!(texts_of(&history), ["one", "two and a half", "three", "op"]);
    assert_eq!((history.first(), history.end(), history.is_open()), (0, 4, true));
    assert_eq!(history.line(1).unwrap().text, "two and a half");
    assert!(history.line(3).unwrap().wrapped && !history.line(1).unwrap().wrapped);
    history.append(&narrow("en", false));
    assert_eq!(history.line(3).unwrap(), Row::narrow("open"));
    assert_eq!(history.line(4), None);
    history.clear();
    assert_eq!((history.first(), history.end(), history.len()), (4, 4, 0));
    history.append(&narrow("x", false));
    assert_eq!(history.lines(0, 9, 9), [(4, Row::narrow("x"))]);
}

#[test]
fn a_line_without_end_is_ended() {
    let mut history = History::open(VecSegments::new(4), 1000);
    for _ in 0..1000 {
        history.append(&narrow(&"x".repeat(100), true));
    }
    let lines = all(&history);
    assert!(lines.len() > 5 && lines.iter().all(|(_, line)| line.text.len() <= LINE_MAX_BYTES + 100));
    assert_eq!(lines.iter().map(|(_, line)| line.text.len()).sum::<usize>(), 100_000);
    // A row that no segment could hold is cut.
    history.append(&narrow("", false));
    history.append(&narrow(&"y".repeat(65_000), false));
    assert!(history.line(history.end() - 1).unwrap().text.len() > SEGMENT_BYTES / 8);
}

#[test]
fn the_oldest_go_and_numbers_stay() {
    let mut history = History::open(VecSegments::new(3), u64::MAX);
    for n in 0..30_000 {
        history.append(&narrow(&format!("line {n}"), n % 7 == 0));
        if n % 100 == 0 {
            history.commit(n);
        }
    }
    assert!(history.first() > 0 && history.segments().bytes() <= 3 * SEGMENT_BYTES);
    for (number, line) in all(&history) {
        assert_eq!(history.line(number).as_ref(), Some(&line));
    }
    assert_eq!(history.line(history.first() - 1), None);
    let mut few = History::open(VecSegments::new(100), 2000);
    for n in 0..20_000 {
        few.append(&narrow(&format!("line {n}"), false));
    }
    assert_eq!(few.end(), 20_000);
    assert!((2000..12_000).contains(&few.len()), "{}", few.len());
    assert_eq!(few.line(19_999).unwrap().text, "line 19999");
    // No memory: nothing is kept, everything is counted.
    let mut none = History::open(VecSegments::new(0), 10);
    none.append(&narrow("x", false));
    none.commit(1);
    assert_eq!((none.first(), none.end(), none.line(0)), (1, 1, None));
}

#[test]
fn reading_is_bounded_by_count_and_bytes() {
    let mut history = History::open(VecSegments::new(2), 1000);
    for n in 0..100 {
        history.append(&narrow(&format!("line {n:04}"), false));
    }
    assert_eq!(history.lines(10, 3, 1000).iter().map(|(n, _)| *n).collect::<Vec<_>>(), [10, 11, 12]);
    assert_eq!(history.lines(10, 100, 20).len(), 3);
    assert_eq!(history.lines(10, 100, 0).len(), 1);
    assert!(history.lines(100, 1, 1).is_empty());
}

#[test]
fn searching_goes_on_where_it_stopped() {
    let mut history = History::open(VecSegments::new(2), 1000);
    for n in 0..100 {
        let mut row = Row::narrow(&format!("{n} "));
        row.push("日", 2, Default::default(), 0);
        row.append(&Row::narrow(if n % 10 == 3 { " error here" } else { " fine" }));
        history.append(&row);
    }
    let pattern = regex::Regex::new("err(or)?").unwrap();
    let (mut found, mut next, mut steps) = (Vec::new(), Some(99), 0);
    while let Some(from) = next {
        let step = history.search(&pattern, from, Direction::Backward, 7);
        found.extend(step.matches.iter().map(|found| (found.line, found.cols.clone())));
        (next, steps) = (step.next, steps + 1);
    }
    assert_eq!((found.len(), steps, found[0].clone()), (10, 15, (93, 6..11)));
    assert_eq!(found[9], (3, 5..10));
    let step = history.search(&pattern, 0, Direction::Forward, 4);
    assert_eq!((step.matches[0].line, step.matches[0].bytes.clone(), step.next), (3, 6..11, Some(4)));
    let wide = history.search(&regex::Regex::new("日").unwrap(), 5, Direction::Forward, 1);
    assert_eq!(wide.matches[0].cols, 2..4);
    assert_eq!(history.search(&pattern, 100, Direction::Forward, 4), Default::default());
    assert!(history.search(&regex::Regex::new("x*").unwrap(), 0, Direction::Forward, 4).matches.is_empty());
}

#[test]
fn eighty_columns_of_text_take_at_most_110_bytes() {
    for (cols, most) in [(80, 110), (200, 230)] {
        let mut history = History::open(VecSegments::new(1000), u64::MAX);
        for n in 0..10_000 {
            history.append(&Row::narrow(&format!("{n:0cols$}")));
        }
        let each = history.segments().bytes() / 10_000;
        assert!(each <= most, "{each} bytes a line of {cols} columns");
    }
}

/// Memory that a kill at any moment leaves as it is.
#[derive(Debug, Clone, Default)]
struct Survivor(VecSegments);

impl Segments for Survivor {
    fn count(&self) -> usize {
        self.0.count()
    }

    fn read(&self, i: usize) -> &[u8] {
        self.0.read(i)
    }

    fn write(&mut self, i: usize) -> &mut [u8] {
        self.0.write(i)
    }

    fn release(&mut self, i: usize) {
        // Released memory reads as nothing in particular.
        self.0.write(i).fill(0xAA);
    }

    fn commit(&mut self, block: &[u8; COMMIT_BYTES]) {
        self.0.commit(block);
    }

    fn committed(&self) -> Option<[u8; COMMIT_BYTES]> {
        self.0.committed()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(Row, usize),
    Commit,
    Clear,
    Kill,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a plain list of lines.
    #[test]
    fn a_kill_leaves_the_last_commit(slots in 1usize..4, steps in prop::collection::vec(prop_oneof![
        8 => (row(), 1usize..400).prop_map(|(row, times)| Step::Append(row, times)),
        4 => Just(Step::Commit),
        1 => Just(Step::Clear),
        2 => Just(Step::Kill),
    ], 0..30)) {
        let mut history = History::open(Survivor(VecSegments::new(slots)), u64::MAX);
        // The model: all lines ever, by number, and whether the last is open; as of now and as of the last commit.
        let mut now: (Vec<Row>, bool, u64) = (Vec::new(), false, 0);
        let mut committed = now.clone();
        let mut offset = 0u64;
        for step in steps {
            match step {
                Step::Append(row, times) => {
                    for _ in 0..times {
                        history.append(&row);
                        // How long a line may get is the store's own affair: follow it.
                        let end = usize::try_from(history.end()).unwrap();
                        if now.0.len() < end {
                            now.0.push(row.clone());
                        } else if let Some(last) = now.0.last_mut() {
                            last.append(&row);
                        }
                        prop_assert!(now.1 || now.0.len() == end);
                        now.1 = row.wrapped;
                    }
                }
                Step::Commit => {
                    offset += 1;
                    history.commit(offset);
                    committed = (now.0.clone(), now.1, offset);
                }
                Step::Clear => {
                    history.clear();
                    now.1 = false;
                }
                Step::Kill => {
                    let memory = history.segments().clone();
                    history = History::open(memory, u64::MAX);
                    now = committed.clone();
                    prop_assert_eq!(history.stream_offset(), now.2);
                }
            }
            prop_assert!(!history.damaged());
            prop_assert_eq!(history.end(), now.0.len() as u64);
            let lines = all(&history);
            prop_assert_eq!(lines.len() as u64, history.len());
            for (number, line) in &lines {
                let expected = &now.0[usize::try_from(*number).unwrap()];
                prop_assert_eq!((&line.text, &line.runs), (&expected.text, &expected.runs));
            }
        }
    }

    #[test]
    fn damaged_memory_is_noticed_or_harmless(rows in prop::collection::vec(row(), 1..40), slot in 0usize..2, at in any::<prop::sample::Index>(), byte in any::<u8>(), in_block in any::<bool>()) {
        let mut history = History::open(VecSegments::new(2), u64::MAX);
        for row in &rows {
            for _ in 0..20 {
                history.append(row);
            }
        }
        history.commit(7);
        let mut memory = history.segments().clone();
        if in_block {
            let mut block = memory.committed().unwrap();
            block[at.index(COMMIT_BYTES)] = byte;
            memory.commit(&block);
        } else {
            let bytes = memory.write(slot);
            bytes[at.index(2000)] = byte;
        }
        let mut history = History::open(memory, u64::MAX);
        for (number, line) in all(&history) {
            prop_assert_eq!(line.check(), Ok(()));
            prop_assert!(history.line(number).is_some());
        }
        let _ = history.search(&regex::Regex::new("a").unwrap(), 0, Direction::Forward, 1000);
        history.append(&Row::narrow("more"));
        history.commit(8);
        prop_assert_eq!(history.line(history.end() - 1).map(|line| line.text.ends_with("more")), Some(true));
    }
}
