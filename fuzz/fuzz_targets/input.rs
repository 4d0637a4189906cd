//! Any bytes from the outer terminal: never a panic, and however they are cut the events are the same.
#![no_main]

use batonmux::tui::decode::Decoder;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (cut, bytes) = bytes.split_first().map_or((1, bytes), |(cut, rest)| (usize::from(*cut).max(1), rest));
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    let mut decoder = Decoder::new();
    decoder.push(bytes, &mut whole);
    decoder.give_up(&mut whole);
    let mut decoder = Decoder::new();
    for piece in bytes.chunks(cut) {
        decoder.push(piece, &mut parts);
    }
    decoder.give_up(&mut parts);
    assert_eq!(format!("{whole:?}"), format!("{parts:?}"));
});
