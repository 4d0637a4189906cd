//! Any bytes to a terminal of any small size, cut anywhere, resized in between: rows stay sound, replies in order, history takes what scrolls off.
#![no_main]

use batonmux::geometry::Size;
use batonmux::terminal::history::{History, VecSegments};
use batonmux::terminal::vt100::{Look, Vt100};
use batonmux::terminal::{Effects, Engine};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, u16, Vec<u8>)| {
    let (cols, rows, cut, bytes) = input;
    let size = |n: u8| if n == 0 { Size::new(80, 24) } else { Size::new(u16::from(n % 9) + 1, u16::from(n / 9 % 9) + 1) };
    let mut engine = Vt100::new(size(cols), Look::default());
    let mut effects = Effects::default();
    let (first, second) = bytes.split_at(usize::from(cut).min(bytes.len()));
    engine.feed(first, 0, &mut effects);
    engine.screen();
    engine.resize(size(rows), &mut effects);
    engine.feed(second, first.len() as u64, &mut effects);
    for row in &engine.screen().rows {
        row.row.check().expect("rows of a screen are sound");
        assert!(row.row.cols() <= size(rows).cols, "a row wider than the screen");
    }
    assert!(effects.replies.windows(2).all(|pair| pair[0].seq < pair[1].seq), "replies out of order");
    let mut history = History::open(VecSegments::new(2), 1000);
    for row in &effects.scrolled {
        row.check().expect("rows that scroll off are sound");
        history.append(row);
    }
    for (_, line) in history.lines(0, usize::MAX, usize::MAX) {
        line.check().expect("lines of history are sound");
    }
});
