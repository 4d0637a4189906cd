//! What holds of the room as a whole: engine, screen, diff and history together.
#![allow(clippy::unwrap_used, reason = "tests")]

mod diff;
mod engine;
mod history;
mod keys;
mod row;

use super::vt100::{Look, Vt100};
use super::{Effects, Engine, Row, Screen};
use crate::geometry::Size;
use proptest::prelude::*;

/// An engine that has been fed `bytes`, and what came of it.
fn run(size: Size, bytes: &[u8]) -> (Vt100, Effects) {
    let mut engine = Vt100::new(size, Look::default());
    let mut effects = Effects::default();
    engine.feed(bytes, 0, &mut effects);
    (engine, effects)
}

/// The screen's rows as text, trailing blank ones left out.
fn text(screen: &Screen) -> String {
    let rows: Vec<&str> = screen.rows.iter().map(|row| row.row.text.as_str()).collect();
    rows.join("\n").trim_end_matches('\n').to_owned()
}

fn texts(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.text.as_str()).collect()
}

/// Output as programs write it, and as nobody should.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => "[a-z ]{1,12}".prop_map(String::into_bytes),
        3 => Just(b"\r\n".to_vec()),
        1 => prop_oneof![Just("日本語"), Just("e\u{301}"), Just("👍\u{fe0f}"), Just("❤\u{fe0f}"), Just("\u{301}"), Just("🏳️‍🌈")].prop_map(|text| text.as_bytes().to_vec()),
        1 => prop_oneof![Just(b"\t"), Just(b"\x08"), Just(b"\r"), Just(b"\n"), Just(b"\x0e"), Just(b"\x0f"), Just(b"\x07"), Just(b"\x18")].prop_map(|c| c.to_vec()),
        4 => (prop_oneof![Just(""), Just("?"), Just(">"), Just("=")], prop::collection::vec(prop_oneof![0u16..12, 30u16..60, Just(1049u16), Just(47), Just(2004), Just(996), Just(9999)], 0..4), prop_oneof![Just(""), Just("$"), Just(" "), Just("!")], "[@-~]")
            .prop_map(|(private, params, inter, last)| {
                let params: Vec<String> = params.iter().map(u16::to_string).collect();
                format!("\x1b[{private}{}{inter}{last}", params.join(";")).into_bytes()
            }),
        2 => (0u16..12, 0u16..12, prop_oneof![Just("H"), Just("r"), Just("A"), Just("L"), Just("M"), Just("@"), Just("P"), Just("X"), Just("S"), Just("T"), Just("J"), Just("K"), Just("b")])
            .prop_map(|(a, b, last)| format!("\x1b[{a};{b}{last}").into_bytes()),
        1 => "[0-9:;]{0,12}".prop_map(|params| format!("\x1b[{params}m").into_bytes()),
        1 => prop_oneof![Just("7"), Just("8"), Just("M"), Just("D"), Just("E"), Just("c"), Just("(0"), Just("(B"), Just(")0"), Just("="), Just("#8")].prop_map(|last| format!("\x1b{last}").into_bytes()),
        1 => ("(0|2|4|7|9|10|11|12|52|777|8);[a-z?;/]{0,9}", prop_oneof![Just("\x07"), Just("\x1b\\"), Just("\x1bz"), Just("")]).prop_map(|(body, end)| format!("\x1b]{body}{end}").into_bytes()),
        1 => ("[$+]q[a-z \"]{0,3}", prop_oneof![Just("\x1b\\"), Just("\x07")]).prop_map(|(body, end)| format!("\x1bP{body}{end}").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![
        3 => (1u16..=9, 1u16..=9).prop_map(|(cols, rows)| Size::new(cols, rows)),
        1 => Just(Size::new(80, 24)),
    ]
}
