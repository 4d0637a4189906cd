//! Any bytes as a diff, a row, and the memory of a history.
#![no_main]

use batonmux::geometry::Size;
use batonmux::terminal::diff::{Diff, apply};
use batonmux::terminal::history::{COMMIT_BYTES, History, Segments, VecSegments};
use batonmux::terminal::{Row, Screen, codec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut screen = Screen::new(Size::new(20, 5));
    let mut input = bytes;
    while let Ok(mut diff) = Diff::decode(&mut input) {
        // Most inputs are no full diffs: let them apply.
        diff.base = screen.version;
        let _ = apply(&mut screen, &diff);
        for row in &screen.rows {
            row.row.check().expect("rows of a screen are sound");
        }
    }
    let mut input = bytes;
    while let Ok(row) = codec::decode(&mut input) {
        row.check().expect("decoded rows are sound");
        let mut again = Vec::new();
        codec::encode(&row, &mut again);
        assert_eq!(codec::decode(&mut again.as_slice()).as_ref(), Ok(&row), "a row is read back as it");
    }
    // A good commit block over a damaged segment: the block's checksum would stop everything else.
    let mut memory = VecSegments::new(2);
    let mut history = History::open(memory.clone(), 100);
    history.append(&Row::narrow("a line"));
    history.commit(1);
    memory.clone_from(history.segments());
    for (place, byte) in memory.write(0).iter_mut().skip(24).zip(bytes) {
        *place ^= byte;
    }
    if let Some((block, _)) = bytes.split_first_chunk::<COMMIT_BYTES>()
        && bytes.len() % 2 == 0
    {
        memory.commit(block);
    }
    let history = History::open(memory, 100);
    for (_, line) in history.lines(0, usize::MAX, usize::MAX) {
        line.check().expect("lines of history are sound");
    }
});
