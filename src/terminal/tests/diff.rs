use super::*;
use crate::terminal::diff::{Diff, apply, diff};

/// The diff as it arrives.
fn sent(diff: &Diff) -> (Diff, usize) {
    let mut bytes = Vec::new();
    diff.encode(&mut bytes);
    let mut input = bytes.as_slice();
    let back = Diff::decode(&mut input).unwrap();
    assert!(input.is_empty());
    (back, bytes.len())
}

/// An engine and a client's copy of its screen.
struct Pair {
    engine: Vt100,
    client: Screen,
    fed: u64,
}

impl Pair {
    fn new(size: Size) -> Self {
        Self { engine: Vt100::new(size, Look::default()), client: Screen::new(Size::new(1, 1)), fed: 0 }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.engine.feed(bytes, self.fed, &mut Effects::default());
        self.fed += bytes.len() as u64;
    }

    /// Brings the client up to date; the diff and its length in bytes.
    fn sync(&mut self) -> (Diff, usize) {
        let (diff, len) = sent(&diff(self.engine.screen(), self.client.version));
        apply(&mut self.client, &diff).unwrap();
        (diff, len)
    }
}

#[test]
fn an_echoed_letter_costs_some_ten_bytes() {
    let mut pair = Pair::new(Size::new(80, 24));
    pair.feed("\x1b[32muser@host\x1b[m:~/src$ cargo ".as_bytes());
    pair.sync();
    pair.feed(b"t");
    let (diff, len) = pair.sync();
    assert_eq!(diff.rows.len(), 1);
    assert!(len <= 16, "{len} bytes: {diff:?}");
    assert_eq!(pair.client.rows[0].row.text, "user@host:~/src$ cargo t");
    assert!(pair.sync().0.is_empty());
}

#[test]
fn scrolled_lines_are_not_sent_again() {
    let mut pair = Pair::new(Size::new(80, 24));
    for line in 0..24 {
        pair.feed(format!("this is line {line}\r\n").as_bytes());
    }
    pair.sync();
    for line in 24..30 {
        pair.feed(format!("this is line {line}\r\n").as_bytes());
        pair.engine.screen();
    }
    let (diff, _) = pair.sync();
    assert_eq!((diff.scroll, diff.rows.len(), diff.full), (6, 7, None));
    assert_eq!(pair.client.rows[0].row.text, "this is line 7");
    // More lines than the screen has: all of it is new.
    for line in 30..99 {
        pair.feed(format!("this is line {line}\r\n").as_bytes());
    }
    pair.sync();
    assert!(pair.client.looks_like(pair.engine.screen()));
}

#[test]
fn a_client_of_another_version_is_told_so() {
    let mut pair = Pair::new(Size::new(10, 3));
    pair.feed(b"a");
    pair.sync();
    let before = pair.client.clone();
    pair.feed(b"b");
    let base = pair.client.version;
    let late = diff(pair.engine.screen(), base);
    pair.sync();
    assert_eq!(apply(&mut pair.client, &late).unwrap_err().base, base);
    // One from before a resize starts anew, and so does one that claims a version from the future.
    pair.engine.resize(Size::new(11, 3), &mut Effects::default());
    assert!(diff(pair.engine.screen(), before.version).full.is_some());
    assert!(diff(pair.engine.screen(), u64::MAX).full.is_some());
}

#[test]
fn a_broken_peer_cannot_make_us_panic_or_pay() {
    let mut pair = Pair::new(Size::new(10, 3));
    pair.feed(b"abc");
    let mut patch = pair.sync().0;
    patch.full = None;
    patch.base = patch.version;
    patch.scroll = u16::MAX;
    for row in &mut patch.rows {
        row.cols = Some((60_000, u16::MAX));
    }
    let mut beyond = patch.rows.clone();
    beyond.iter_mut().for_each(|row| row.index = u16::MAX);
    patch.rows.append(&mut beyond);
    let _ = apply(&mut pair.client, &patch);
    assert!(pair.client.rows.iter().all(|row| row.row.cols() <= 10));
    // 65535 by 65535 cells are refused before anything is reserved.
    assert!(Diff::decode(&mut &[1, 0, 1, 0xff, 0xff, 3, 0xff, 0xff, 3, 0, 0, 0, 0, 0, 0][..]).is_err());
}

#[derive(Debug, Clone)]
enum Step {
    Feed(Vec<u8>),
    Refresh,
    Sync,
    Resize(Size),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn applied_diffs_give_the_same_screen(first in size(), max_bytes in 0usize..60, steps in prop::collection::vec(prop_oneof![
        4 => output().prop_map(Step::Feed),
        3 => "([a-e ]{1,6}(\r\n)?){0,6}".prop_map(|text| Step::Feed(text.into_bytes())),
        2 => Just(Step::Refresh),
        3 => Just(Step::Sync),
        1 => size().prop_map(Step::Resize),
    ], 0..24)) {
        let mut pair = Pair::new(first);
        for step in steps.into_iter().chain([Step::Sync]) {
            match step {
                Step::Feed(bytes) => pair.feed(&bytes),
                Step::Refresh => {
                    pair.engine.screen();
                }
                Step::Resize(size) => pair.engine.resize(size, &mut Effects::default()),
                Step::Sync => {
                    // In one piece, and in parts.
                    let mut other = pair.client.clone();
                    for part in diff(pair.engine.screen(), other.version).split(max_bytes) {
                        apply(&mut other, &sent(&part).0).unwrap();
                    }
                    pair.sync();
                    prop_assert!(other.looks_like(&pair.client) && other.version == pair.client.version, "{other:#?}");
                    let screen = pair.engine.screen();
                    prop_assert!(pair.client.looks_like(screen), "{:#?}\n is not {:#?}", pair.client, screen);
                    prop_assert_eq!(pair.client.version, screen.version);
                }
            }
        }
    }

    #[test]
    fn garbage_is_refused_or_harmless(mut bytes in prop::collection::vec(any::<u8>(), 0..80), text in output(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut client = Screen::new(Size::new(5, 3));
        if let Ok(diff) = Diff::decode(&mut bytes.as_slice()) {
            let _ = apply(&mut client, &diff);
        }
        bytes.clear();
        diff(run(Size::new(9, 4), &text).0.screen(), 0).encode(&mut bytes);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(diff) = Diff::decode(&mut bytes.as_slice()) {
            let _ = apply(&mut client, &diff);
        }
        for row in &client.rows {
            prop_assert_eq!(row.row.check(), Ok(()));
        }
    }
}
