//! Any text is read as a layout or refused; what is read can be arranged in any area, written, and read again as the same.
//!
//! The first two bytes are an area, the rest is the text. Since a fuzzer does not find checksums, the right one is put in front of a
//! text that has none.
#![no_main]

use batonmux::geometry::Size;
use batonmux::layout::{Layout, ParseError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [cols, rows, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let layout = match Layout::parse(text) {
        Err(ParseError::NoChecksum | ParseError::WrongChecksum { .. }) => {
            let sum = text.bytes().fold(0, |sum: u16, byte| sum.rotate_right(1).wrapping_add(u16::from(byte)));
            Layout::parse(&format!("{sum:04x},{text}"))
        }
        read => read,
    };
    let Ok(mut layout) = layout else { return };
    assert_eq!(layout.check(), Ok(()));

    let area = Size::new(u16::from(*cols), u16::from(*rows));
    let arrangement = layout.arrange(area.to_rect());
    assert!(arrangement.panes.iter().all(|(_, rect)| rect.cols > 0 && rect.rows > 0));
    let written = layout.dump(area);
    let again = Layout::parse(&written).expect("what was written can be read");
    assert_eq!(again.dump(area), written);
    assert_eq!(again.arrange(area.to_rect()), arrangement);

    // Taking panes out one by one ends with one, whatever the tree was.
    for pane in layout.panes().into_iter().skip(1) {
        layout.remove(pane).expect("it is there, and not the only one");
        assert_eq!(layout.check(), Ok(()));
    }
});
