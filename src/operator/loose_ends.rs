//! Byte hazards: what somebody left open in a program's input, and the bytes that close it.
//!
//! A paste that was begun (`ESC [ 200 ~`), a mouse button that was reported as held (SGR, `ESC [ < b ; x ; y M`), a key that a program was told is down (the
//! kitty keyboard protocol, `ESC [ code ; mods : 1 u`): when control passes on in the middle, the program would wait for the end for ever, or take the next
//! operator's bytes for the rest. The gate feeds a [`LooseEnds`] with all that it writes to a pane, and when [`super::Effects`] says settle it writes
//! [`LooseEnds::tie`]. It also says whether a line was typed and not sent off, which is what the banner shows and why a stray Enter is not delivered.
//!
//! Frames are cut at the borders of characters and escapes ([`cut`]), so a sequence never spans two operators.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::OperatorId;

/// Held keys and buttons that are remembered. A program that is told of more is confused already.
const HELD_MAX: usize = 32;
/// The longest sequence that is looked at; longer ones are no keys.
const SEQUENCE_MAX: usize = 64;

/// What is open in one pane's input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LooseEnds {
    /// Whose paste is open.
    paste: Option<OperatorId>,
    /// Held buttons: code, and where.
    buttons: BTreeMap<u16, (u16, u16)>,
    /// Held keys, as their code.
    keys: BTreeSet<u32>,
    /// Who typed since the last Enter; the newest.
    draft: Option<OperatorId>,
}

impl LooseEnds {
    /// Whether a bracketed paste is open.
    #[must_use]
    pub const fn is_paste_open(&self) -> bool {
        self.paste.is_some()
    }

    /// Who typed something that was not sent off with Enter, cleared or interrupted, as far as bytes tell.
    #[must_use]
    pub const fn draft_of(&self) -> Option<OperatorId> {
        self.draft
    }

    /// `operator` wrote these whole frames.
    pub fn wrote(&mut self, operator: OperatorId, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let sequence = sequence(rest);
            if sequence.len() > 1 && *first == 0x1b {
                self.saw(operator, sequence);
            } else {
                match *first {
                    _ if self.paste.is_some() => self.draft = Some(operator),
                    // Enter, Ctrl-C, Ctrl-U, Ctrl-\, Ctrl-Z, Ctrl-D end a line or throw it away.
                    b'\r' | b'\n' | 0x03 | 0x04 | 0x15 | 0x1a | 0x1c => self.draft = None,
                    0x20..=0x7e | 0x80.. => self.draft = Some(operator),
                    _ => {}
                }
            }
            rest = rest.get(sequence.len().max(1)..).unwrap_or_default();
        }
    }

    fn saw(&mut self, operator: OperatorId, sequence: &[u8]) {
        match sequence {
            b"\x1b[200~" => self.paste = Some(operator),
            b"\x1b[201~" => self.paste = None,
            [0x1b, b'[', b'<', report @ .., end @ (b'M' | b'm')] => {
                let mut numbers = report.split(|byte| *byte == b';').map(number::<u16>);
                let (Some(Some(code)), Some(Some(x)), Some(Some(y))) = (numbers.next(), numbers.next(), numbers.next()) else { return };
                // Bit 32 is motion, 64 and above is the wheel: neither is held.
                let button = code & 0b11;
                if *end == b'm' {
                    self.buttons.remove(&button);
                } else if code & 0b1110_0000 == 0 && self.buttons.len() < HELD_MAX {
                    self.buttons.insert(button, (x, y));
                }
            }
            [0x1b, b'[', report @ .., b'u'] => {
                let mut fields = report.split(|byte| *byte == b';');
                let code = fields.next().and_then(|field| field.split(|byte| *byte == b':').next()).and_then(number::<u32>);
                let kind = fields.next().and_then(|field| field.split(|byte| *byte == b':').nth(1)).and_then(number::<u8>);
                match (code, kind) {
                    (Some(code), Some(3)) => _ = self.keys.remove(&code),
                    (Some(code), Some(1 | 2)) if self.keys.len() < HELD_MAX => _ = self.keys.insert(code),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The bytes that close everything, and nothing is open any more. Empty if nothing was.
    #[must_use]
    pub fn tie(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.paste.take().is_some() {
            bytes.extend_from_slice(b"\x1b[201~");
        }
        for (button, (x, y)) in std::mem::take(&mut self.buttons) {
            bytes.extend_from_slice(format!("\x1b[<{button};{x};{y}m").as_bytes());
        }
        for code in std::mem::take(&mut self.keys) {
            bytes.extend_from_slice(format!("\x1b[{code};1:3u").as_bytes());
        }
        bytes
    }
}

fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The sequence or character that `bytes` begin with; all of them if it has no end. Never empty unless `bytes` are.
fn sequence(bytes: &[u8]) -> &[u8] {
    let end = match bytes {
        [] => 0,
        [0x1b, b'[', rest @ ..] => {
            let end = rest.iter().take(SEQUENCE_MAX).position(|byte| (0x40..=0x7e).contains(byte));
            end.map_or(bytes.len(), |at| at + 3)
        }
        // SS3 and a letter.
        [0x1b, b'O', _, ..] => 3,
        // String sequences end with ST or BEL.
        [0x1b, b']' | b'P' | b'_' | b'^', rest @ ..] => {
            let bell = rest.iter().position(|byte| *byte == 0x07).map(|at| at + 3);
            let st = rest.windows(2).position(|pair| pair == b"\x1b\\").map(|at| at + 4);
            bell.into_iter().chain(st).min().unwrap_or(bytes.len())
        }
        [0x1b, _, ..] => 2,
        [first, ..] => match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        },
    };
    &bytes[..end.min(bytes.len())]
}

/// The first border of characters and escapes in `bytes` that is not before `at`.
#[must_use]
pub fn border(bytes: &[u8], at: usize) -> usize {
    let mut border = 0;
    while border < at.min(bytes.len()) {
        border += sequence(&bytes[border..]).len();
    }
    border
}

/// How many of the first `max` of `bytes` may be written as a frame of its own, without cutting a character or an escape in two. All of them where one
/// sequence alone is longer: something must go on.
#[must_use]
pub fn cut(bytes: &[u8], max: usize) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        let next = at + sequence(&bytes[at..]).len();
        if next > max {
            break;
        }
        at = next;
    }
    if at == 0 { max.min(bytes.len()) } else { at }
}
