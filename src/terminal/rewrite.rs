//! What a program says in words that the engine or the rest of the house does not understand or must not trust, said so that they do: SGR for
//! an engine without colons, line drawing characters, texts and paths and clipboards of OSC strings.

use super::effect::{CLIPBOARD_MAX_BYTES, TEXT_MAX_BYTES};
use super::row::floor_char;
use super::scan::{Csi, number};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// SGR in the words of VT220 and xterm's 256 and direct colours: `4:3` is an underline, `38:2::r:g:b` a direct colour, underline colours are
/// nothing. `out` is given the whole sequence, or nothing if nothing is left of it.
pub(super) fn sgr(csi: Csi<'_>, out: impl FnOnce(&[u8])) {
    let odd = csi.body.contains(&b':') || [b"21", b"58", b"59"].iter().any(|part| csi.body.windows(2).any(|two| two == *part));
    let mut sequence = Vec::with_capacity(csi.body.len() + 3);
    sequence.extend_from_slice(b"\x1b[");
    if odd {
        let start = sequence.len();
        let mut params = csi.params();
        while let Some(param) = params.next() {
            let mut push = |param: &[u8]| {
                if sequence.len() > start {
                    sequence.push(b';');
                }
                sequence.extend_from_slice(if param.is_empty() { b"0" } else { param });
            };
            match (number(param), param.contains(&b':')) {
                (Some(4), true) => push(if param == b"4:0" { b"24" } else { b"4" }),
                (Some(38 | 48), true) => push_color(param, push),
                (Some(21), false) => push(b"4"),
                (Some(number @ (38 | 48 | 58)), false) => {
                    // The colour is in the next parameters, whatever they look like.
                    let kind = params.next().unwrap_or_default();
                    let values = match kind {
                        b"2" => 3,
                        b"5" => 1,
                        _ => 0,
                    };
                    let mut all = vec![param, kind];
                    all.extend(params.by_ref().take(values));
                    if number != 58 && all.len() == values + 2 {
                        all.iter().for_each(|param| push(param));
                    }
                }
                (Some(59), false) | (_, true) => {}
                (_, false) => push(param),
            }
        }
        if sequence.len() == start {
            return;
        }
    } else {
        sequence.extend_from_slice(csi.body);
    }
    sequence.push(csi.last);
    out(&sequence);
}

/// `38:2:r:g:b`, `38:2:space:r:g:b` (ISO 8613-6, the space often empty) or `38:5:n`, with semicolons.
fn push_color(param: &[u8], mut push: impl FnMut(&[u8])) {
    let parts: Vec<&[u8]> = param.split(|byte| *byte == b':').collect();
    match parts.as_slice() {
        [base, b"5", index] => [*base, b"5", index].iter().for_each(|part| push(part)),
        [base, b"2", r, g, b] | [base, b"2", _, r, g, b, ..] => [*base, b"2", r, g, b].iter().for_each(|part| push(part)),
        _ => {}
    }
}

/// `text` with the characters 0x60..=0x7e as the DEC Special Graphics set has them (DEC STD 070).
pub(super) fn line_drawing(text: &[u8]) -> Vec<u8> {
    const GLYPHS: [char; 31] = [
        '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤',
        '≥', 'π', '≠', '£', '·',
    ];
    let mut out = Vec::with_capacity(text.len() * 3);
    for byte in text {
        match byte.checked_sub(0x60).and_then(|index| GLYPHS.get(usize::from(index))) {
            Some(glyph) => out.extend_from_slice(glyph.encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.push(*byte),
        }
    }
    out
}

/// A text from a program for status line, log and lists: valid UTF-8 without control, format and bidirectional characters, at most
/// [`TEXT_MAX_BYTES`] (security.md O5).
#[must_use]
pub fn clean(text: &[u8]) -> String {
    let mut out = String::new();
    for c in String::from_utf8_lossy(text).chars() {
        if out.len() + c.len_utf8() > TEXT_MAX_BYTES {
            break;
        }
        if !c.is_control() && !is_format(c) {
            out.push(c);
        }
    }
    out
}

/// Characters that change how others are shown or are not shown themselves (general category Cf, line and paragraph separators, tags), but for
/// the joiners that emoji and some scripts are written with.
const fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Characters that are not seen themselves and change how others are: directions, joiners, tags, fillers, odd blanks and line ends.
/// More than what [`clean`] takes out of a title, whose emoji and scripts need some of them: this is for a text that somebody is to judge, where each is written
/// out.
#[must_use]
pub const fn is_sly(c: char) -> bool {
    matches!(c,
        '\u{00a0}' | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3000}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The path of an OSC 7: `file://host/path` with percent escapes, or a bare absolute path. Nothing if it is not absolute, too long, or has characters
/// that [`clean`] would take out: such a path is better not known than wrong.
pub(super) fn directory(value: &[u8]) -> Option<String> {
    let path = match value.strip_prefix(b"file://") {
        Some(rest) => rest.get(rest.iter().position(|byte| *byte == b'/')?..)?,
        None => value,
    };
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => bytes.push(*first),
        }
    }
    let path = String::from_utf8(bytes).ok()?;
    (path.starts_with('/') && path.len() <= TEXT_MAX_BYTES && clean(path.as_bytes()) == path).then_some(path)
}

/// The data of an OSC 52 write, `selection;base64`; nothing for a query, or for what is not base64.
pub(super) fn clipboard(value: &[u8]) -> Option<Vec<u8>> {
    const BASE64: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let end = value.iter().position(|byte| *byte == b';')?;
    let data = value.get(end + 1..).filter(|data| !data.is_empty() && *data != b"?")?;
    BASE64.decode(data).ok().filter(|data| data.len() <= CLIPBOARD_MAX_BYTES)
}

/// `text` cut to at most `max` bytes between characters.
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    floor_char(text, max)
}
