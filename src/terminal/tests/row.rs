use super::*;
use crate::terminal::codec::{decode, encode};
use crate::terminal::{Attrs, Color, Shape, Style, Underline};

/// Styles that use every field.
fn style() -> impl Strategy<Value = Style> {
    let color = || {
        prop_oneof![
            Just(Color::Default),
            any::<u8>().prop_map(Color::Indexed),
            any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Color::Rgb(r, g, b))
        ]
    };
    let underline = prop_oneof![
        Just(Underline::None),
        Just(Underline::Single),
        Just(Underline::Double),
        Just(Underline::Curly),
        Just(Underline::Dotted),
        Just(Underline::Dashed)
    ];
    let full = (color(), color(), color(), underline, any::<u8>()).prop_map(|(fg, bg, underline_color, underline, attrs)| Style {
        fg,
        bg,
        underline_color,
        underline,
        attrs: Attrs(attrs),
    });
    prop_oneof![3 => Just(Style::default()), 1 => Just(Style { attrs: Attrs::BOLD, ..Style::default() }), 1 => full]
}

/// Rows pushed cell by cell.
pub fn row() -> impl Strategy<Value = Row> {
    let cell = prop_oneof![
        6 => ("[a-d ]", Just(1u8)),
        2 => (prop_oneof![Just("日"), Just("本")].prop_map(str::to_owned), Just(2u8)),
        1 => (prop_oneof![Just("e\u{301}"), Just("é")].prop_map(str::to_owned), Just(1u8)),
        1 => (Just("👍\u{fe0f}".to_owned()), Just(2u8)),
    ];
    (prop::collection::vec((cell, style(), prop_oneof![5 => Just(0u16), 1 => 1u16..400]), 0..30), any::<bool>()).prop_map(
        |(cells, wrapped)| {
            let mut row = Row { wrapped, ..Row::default() };
            for ((text, width), style, link) in cells {
                row.push(&text, width, style, link);
            }
            row
        },
    )
}

fn show(row: &Row) -> String {
    row.cells().map(|cell| format!("{}:{}", cell.col, cell.text)).collect::<Vec<_>>().join(" ")
}

#[test]
fn cells_of_one_kind_make_one_run() {
    let mut row = Row::default();
    for (text, width) in [("a", 1), ("b", 1), ("日", 2), ("本", 2), ("e\u{301}", 1), ("e\u{301}", 1), ("c", 1)] {
        row.push(text, width, Style::default(), 0);
    }
    let shapes: Vec<Shape> = row.runs.iter().map(|run| run.shape).collect();
    assert_eq!(shapes, [Shape::Narrow, Shape::Wide, Shape::Cluster(1), Shape::Cluster(1), Shape::Narrow]);
    assert_eq!((row.cols(), show(&row).as_str()), (9, "0:a 1:b 2:日 4:本 6:e\u{301} 7:e\u{301} 8:c"));
}

#[test]
fn a_wide_cell_cut_in_half_is_blank() {
    let mut row = Row::narrow("a");
    row.push("日", 2, Style::default(), 0);
    row.push("本", 2, Style::default(), 0);
    assert_eq!(row.slice_cols(0, 2).text, "a ");
    assert_eq!(row.slice_cols(2, 4).text, "  ");
    assert_eq!(row.slice_cols(2, 5).text, " 本");
    row.splice_cols(2, 4, &Row::narrow("xy"));
    assert_eq!(row.text, "a xy");
}

#[test]
fn wrapping_never_cuts_a_cell() {
    let mut line = Row::narrow("abc");
    line.push("日", 2, Style::default(), 0);
    line.push("e\u{301}", 1, Style::default(), 0);
    assert_eq!(texts(&line.wrap(4)), ["abc", "日e\u{301}"]);
    assert_eq!(texts(&line.wrap(1)), ["a", "b", "c", "日", "e\u{301}"]);
    assert_eq!(texts(&Row::default().wrap(5)), [""]);
}

#[test]
fn a_plain_line_is_its_text_and_two_bytes() {
    let mut out = Vec::new();
    encode(&Row::narrow(&"x".repeat(80)), &mut out);
    assert_eq!(out.len(), 82);
}

#[test]
fn impossible_rows_are_refused() {
    let refused = |bytes: &[u8]| assert!(decode(&mut &bytes[..]).is_err(), "{bytes:?}");
    // Cut off, not UTF-8, more runs than bytes, a run that ends inside a char, text without a run, two styles at once, an endless number.
    refused(&[]);
    refused(&[80 << 2 & 0x7f]);
    refused(&[(2 << 2) | 2, 0xff, 0xfe]);
    refused(&[2 << 2, 100, 0]);
    refused(&[7 << 2, 2, 1, 0, 1, 0, 0xc3, 0xa9]);
    refused(&[3 << 2, 1, 1, 0]);
    refused(&[5 << 2, 1, 1, 0, b'a', b'b']);
    refused(&[4 << 2, 1, 1, 4 | 16, b'a']);
    refused(&[0xff; 12]);
    assert!(decode(&mut &[(4 << 2), 1, 1, 1, b'a'][..]).is_ok_and(|row| row.cols() == 2));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn encode_then_decode_is_identity(rows in prop::collection::vec(row(), 0..4)) {
        let mut out = Vec::new();
        for row in &rows {
            prop_assert_eq!(row.check(), Ok(()));
            encode(row, &mut out);
        }
        let mut input = out.as_slice();
        for row in &rows {
            prop_assert_eq!(&decode(&mut input).unwrap(), row);
        }
        prop_assert!(input.is_empty());
    }

    #[test]
    fn what_is_decoded_is_sound(mut bytes in prop::collection::vec(any::<u8>(), 0..60), row in row(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut input = bytes.as_slice();
        while let Ok(row) = decode(&mut input) {
            prop_assert_eq!(row.check(), Ok(()));
        }
        // A good row with one bad byte.
        bytes.clear();
        encode(&row, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(row) = decode(&mut bytes.as_slice()) {
            prop_assert_eq!(row.check(), Ok(()));
        }
    }

    #[test]
    fn wrapped_and_joined_again_is_the_same_line(row in row(), width in 1u16..12) {
        let rows = row.wrap(width);
        prop_assert_eq!(&Row::concat(&rows), &row);
        for row in &rows {
            prop_assert!(row.cols() <= width.max(2));
            prop_assert_eq!(row.check(), Ok(()));
        }
        prop_assert!(rows.iter().rev().skip(1).all(|row| row.wrapped));
    }

    #[test]
    fn columns_and_bytes_lead_to_each_other(row in row(), from in 0u16..40, len in 0u16..40) {
        for cell in row.cells() {
            let byte = row.byte_of_col(cell.col);
            prop_assert_eq!(row.byte_of_col(cell.col + u16::from(cell.width) - 1), byte);
            prop_assert!(row.text[byte..].starts_with(cell.text));
            for inner in byte..byte + cell.text.len() {
                prop_assert_eq!(row.col_of_byte(inner), cell.col);
            }
        }
        prop_assert_eq!((row.byte_of_col(row.cols()), row.col_of_byte(row.text.len())), (row.text.len(), row.cols()));
        let slice = row.slice_cols(from, from + len);
        prop_assert_eq!(slice.cols(), row.cols().min(from + len).saturating_sub(from));
        prop_assert_eq!(slice.check(), Ok(()));
    }

    #[test]
    fn the_changed_columns_are_all_that_changed(old in row(), new in row()) {
        let (mut old, mut new) = (old, new);
        for row in [&mut old, &mut new] {
            if !row.wrapped {
                row.trim();
            }
        }
        match old.changed_cols(&new) {
            None => prop_assert_eq!(&old, &new),
            Some((from, to)) => {
                let mut patch = new.slice_cols(from, to);
                patch.wrapped = new.wrapped;
                let mut spliced = old.clone();
                spliced.wrapped = new.wrapped;
                spliced.splice_cols(from, to, &patch);
                prop_assert_eq!(&spliced, &new, "{}..{}", from, to);
            }
        }
    }
}
