//! Rows as bytes: what history records and wire frames are made of.
//!
//! Numbers are varints (LEB128, at most ten bytes). A row is a head, which says how long its body is, and the body:
//!
//! ```text
//! head   varint  body length << 2 | plain << 1 | wrapped
//! body   plain:  the text; one run, every char one column, default style, no link (also the empty row)
//!        else:   varint run count, the runs, the text of all of them
//! run    varint length in bytes
//!        byte    shape (0 narrow, 1 wide, 2 cluster of 1, 3 cluster of 2) | 4 style follows | 8 link follows | 16 style of the run before
//!        style   byte: fg kind | bg kind << 2 | underline colour kind << 4 (0 default, 1 palette, 2 direct) | 64 underline | 128 attributes,
//!                then the colours' one or three bytes, the underline's kind, the attributes
//!        link    varint
//! ```
//!
//! So a plain line of 80 columns takes 82 bytes. The columns of a run are not written: they follow from its text and shape. Everything that is
//! read is checked, and nothing is reserved that the input has not the bytes for.

use super::row::{Attrs, Color, Malformed, ROW_TEXT_MAX_BYTES, Row, Run, Shape, Style, Underline, shape_cols};

const PLAIN: u64 = 2;
const WRAPPED: u64 = 1;

/// Appends `value` as a varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Takes a varint off the front of `input`.
///
/// # Errors
/// The input ends first, or the number has more than 64 bits.
pub fn take_varint(input: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let byte = take_byte(input)?;
        let low = u64::from(byte & 0x7f);
        if shift == 63 && low > 1 {
            break;
        }
        value |= low << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed("a number of more than 64 bits"))
}

/// Takes a varint that must be at most `max`.
pub(super) fn take_up_to(input: &mut &[u8], max: u64, what: &'static str) -> Result<u64, Malformed> {
    let value = take_varint(input)?;
    if value > max { Err(Malformed(what)) } else { Ok(value) }
}

/// Takes a varint of at most 16 bits.
pub(super) fn take_u16(input: &mut &[u8]) -> Result<u16, Malformed> {
    u16::try_from(take_varint(input)?).map_err(|_| Malformed("a number of more than 16 bits"))
}

/// Takes one byte.
pub(super) fn take_byte(input: &mut &[u8]) -> Result<u8, Malformed> {
    let (first, rest) = input.split_first().ok_or(Malformed("the input ends too early"))?;
    *input = rest;
    Ok(*first)
}

/// Takes `len` bytes.
pub(super) fn take_bytes<'a>(input: &mut &'a [u8], len: usize) -> Result<&'a [u8], Malformed> {
    let (bytes, rest) = input.split_at_checked(len).ok_or(Malformed("the input ends too early"))?;
    *input = rest;
    Ok(bytes)
}

/// Takes `len` bytes of UTF-8.
pub(super) fn take_str<'a>(input: &mut &'a [u8], len: usize) -> Result<&'a str, Malformed> {
    std::str::from_utf8(take_bytes(input, len)?).map_err(|_| Malformed("text that is not UTF-8"))
}

/// Appends `row` to `out`.
pub fn encode(row: &Row, out: &mut Vec<u8>) {
    encode_with(row, out, |len, plain| (len << 2) | (u64::from(plain) * PLAIN) | (u64::from(row.wrapped) * WRAPPED));
}

/// Takes one row off the front of `input`.
///
/// # Errors
/// [`Malformed`]; `input` is then somewhere in the middle. The caps are [`ROW_TEXT_MAX_BYTES`] and `u16::MAX` columns.
pub fn decode(input: &mut &[u8]) -> Result<Row, Malformed> {
    let head = take_varint(input)?;
    let len = usize::try_from(head >> 2).map_err(|_| Malformed("a row longer than memory"))?;
    let body = take_bytes(input, len)?;
    let mut row = decode_body(body, head & PLAIN != 0)?;
    row.wrapped = head & WRAPPED != 0;
    Ok(row)
}

/// Appends a row behind the head that `head(body length, plain)` gives.
pub(super) fn encode_with(row: &Row, out: &mut Vec<u8>, head: impl FnOnce(u64, bool) -> u64) {
    let plain = match row.runs.as_slice() {
        [] => true,
        [run] => run.shape == Shape::Narrow && run.style == Style::default() && run.link == 0,
        _ => false,
    };
    if plain {
        put_varint(out, head(row.text.len() as u64, true));
        out.extend_from_slice(row.text.as_bytes());
        return;
    }
    // The head comes first and is not known before the body's length is: the body is shifted by the head's few bytes.
    let start = out.len();
    put_varint(out, row.runs.len() as u64);
    let mut before = Style::default();
    for run in &row.runs {
        encode_run(run, before, out);
        before = run.style;
    }
    out.extend_from_slice(row.text.as_bytes());
    let end = out.len();
    put_varint(out, head((end - start) as u64, false));
    let head_len = out.len() - end;
    if let Some(tail) = out.get_mut(start..) {
        tail.rotate_right(head_len);
    }
}

/// Reads the body of a row.
pub(super) fn decode_body(body: &[u8], plain: bool) -> Result<Row, Malformed> {
    let mut input = body;
    let mut row = Row::default();
    if plain {
        let text = take_str(&mut input, body.len())?;
        if !text.is_empty() {
            let len = u16::try_from(text.len()).map_err(|_| Malformed("a plain row of more than one run"))?;
            row.runs.push(Run { len, cols: shape_cols(text, Shape::Narrow), shape: Shape::Narrow, style: Style::default(), link: 0 });
            text.clone_into(&mut row.text);
        }
        return Ok(row);
    }
    // Every run takes at least two bytes here and one of text: the count cannot make us reserve more than the input justifies.
    let count = take_up_to(&mut input, (body.len() / 3) as u64, "more runs than bytes")?;
    #[expect(clippy::cast_possible_truncation, reason = "at most the body's length")]
    row.runs.reserve_exact(count as usize);
    let mut before = Style::default();
    for _ in 0..count {
        let run = decode_run(&mut input, before)?;
        before = run.style;
        row.runs.push(run);
    }
    if input.len() > ROW_TEXT_MAX_BYTES {
        return Err(Malformed("a row of too much text"));
    }
    let len = input.len();
    let text = take_str(&mut input, len)?;
    let mut byte = 0usize;
    for run in &mut row.runs {
        let end = byte + usize::from(run.len);
        run.cols = shape_cols(text.get(byte..end).ok_or(Malformed("a run ends inside a char or outside the text"))?, run.shape);
        byte = end;
    }
    text.clone_into(&mut row.text);
    row.check()?;
    Ok(row)
}

const STYLE_FOLLOWS: u8 = 4;
const LINK_FOLLOWS: u8 = 8;
const STYLE_BEFORE: u8 = 16;

fn encode_run(run: &Run, before: Style, out: &mut Vec<u8>) {
    put_varint(out, u64::from(run.len));
    let shape = match run.shape {
        Shape::Narrow => 0,
        Shape::Wide => 1,
        Shape::Cluster(width) => {
            if width >= 2 {
                3
            } else {
                2
            }
        }
    };
    let style = if run.style == Style::default() {
        0
    } else if run.style == before {
        STYLE_BEFORE
    } else {
        STYLE_FOLLOWS
    };
    out.push(shape | style | if run.link == 0 { 0 } else { LINK_FOLLOWS });
    if style == STYLE_FOLLOWS {
        encode_style(run.style, out);
    }
    if run.link != 0 {
        put_varint(out, u64::from(run.link));
    }
}

fn decode_run(input: &mut &[u8], before: Style) -> Result<Run, Malformed> {
    let len = take_u16(input)?;
    let flags = take_byte(input)?;
    let shape = match flags & 3 {
        0 => Shape::Narrow,
        1 => Shape::Wide,
        2 => Shape::Cluster(1),
        _ => Shape::Cluster(2),
    };
    let style = match flags & (STYLE_FOLLOWS | STYLE_BEFORE) {
        0 => Style::default(),
        STYLE_FOLLOWS => decode_style(input)?,
        STYLE_BEFORE => before,
        _ => return Err(Malformed("a run with two styles")),
    };
    if flags & !31 != 0 {
        return Err(Malformed("unknown flags of a run"));
    }
    let link = if flags & LINK_FOLLOWS == 0 { 0 } else { take_u16(input)? };
    Ok(Run { len, cols: 0, shape, style, link })
}

fn encode_style(style: Style, out: &mut Vec<u8>) {
    let kind = |color: Color| match color {
        Color::Default => 0u8,
        Color::Indexed(_) => 1,
        Color::Rgb(..) => 2,
    };
    let underline = style.underline != Underline::None;
    let attrs = style.attrs != Attrs::default();
    out.push(
        kind(style.fg) | (kind(style.bg) << 2) | (kind(style.underline_color) << 4) | (u8::from(underline) << 6) | (u8::from(attrs) << 7),
    );
    for color in [style.fg, style.bg, style.underline_color] {
        match color {
            Color::Default => {}
            Color::Indexed(index) => out.push(index),
            Color::Rgb(r, g, b) => out.extend_from_slice(&[r, g, b]),
        }
    }
    if underline {
        out.push(match style.underline {
            Underline::None => 0,
            Underline::Single => 1,
            Underline::Double => 2,
            Underline::Curly => 3,
            Underline::Dotted => 4,
            Underline::Dashed => 5,
        });
    }
    if attrs {
        out.push(style.attrs.0);
    }
}

fn decode_style(input: &mut &[u8]) -> Result<Style, Malformed> {
    let mask = take_byte(input)?;
    let mut color = |kind: u8| -> Result<Color, Malformed> {
        match kind & 3 {
            0 => Ok(Color::Default),
            1 => Ok(Color::Indexed(take_byte(input)?)),
            2 => Ok(Color::Rgb(take_byte(input)?, take_byte(input)?, take_byte(input)?)),
            _ => Err(Malformed("an unknown kind of colour")),
        }
    };
    let (fg, bg, underline_color) = (color(mask)?, color(mask >> 2)?, color(mask >> 4)?);
    let underline = if mask & 64 == 0 {
        Underline::None
    } else {
        match take_byte(input)? {
            1 => Underline::Single,
            2 => Underline::Double,
            3 => Underline::Curly,
            4 => Underline::Dotted,
            5 => Underline::Dashed,
            _ => return Err(Malformed("an unknown underline")),
        }
    };
    let attrs = if mask & 128 == 0 { Attrs::default() } else { Attrs(take_byte(input)?) };
    Ok(Style { fg, bg, underline_color, underline, attrs })
}
