//! Bytes of the outer terminal to events, however they are cut.
//!
//! A key is a character, a control, or an escape sequence (xterm control sequences, "PC-Style Function Keys"; the Linux console's `ESC [ [ A`; rxvt's
//! and CSI-u forms too); the mouse reports by SGR (1006) or three bytes (X10); pastes come between `CSI 200 ~` and `CSI 201 ~`; focus as
//! `CSI I` and `CSI O`. Answers of the terminal to questions (device attributes, cursor position, OSC and DCS strings) are dropped, and so is what
//! nobody knows.
//!
//! An Escape may be a key of its own or begin something: while [`Decoder::is_waiting`], the caller waits for the escape time and then calls
//! [`Decoder::give_up`], which takes what is there for keys. Everything is bounded: a sequence by [`SEQUENCE_MAX_BYTES`], a paste by
//! [`PASTE_MAX_BYTES`] (a longer one comes in parts).

use super::update::Event;
use crate::geometry::Point;
use crate::terminal::keys::{Key, KeyCode, Mods, Mouse, MouseAction, MouseButton};

/// Longest control sequence that is looked at.
pub const SEQUENCE_MAX_BYTES: usize = 256;
/// Longest string (OSC, DCS) that is waited for; it is dropped anyway.
pub const STRING_MAX_BYTES: usize = 64 * 1024;
/// Longest paste in one event.
pub const PASTE_MAX_BYTES: usize = 1024 * 1024;

const PASTE_END: &[u8] = b"\x1b[201~";

/// The decoder's state between reads.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What was not enough for an event yet.
    waiting: Vec<u8>,
    /// A paste that has begun.
    paste: Option<Vec<u8>>,
    /// In a string that is too long to be kept and is dropped until it ends.
    dropping: bool,
}

/// What the bytes at the front are.
#[expect(clippy::large_enum_variant, reason = "it lives for one step on the stack")]
enum Step {
    /// So many bytes are this.
    Event(usize, Event),
    /// So many bytes are nothing.
    Drop(usize),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// They may be the beginning of something.
    More,
}

impl Decoder {
    /// A decoder that waits for nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether bytes wait that may be keys of their own: call [`Decoder::give_up`] after the escape time.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() && self.paste.is_none()
    }

    /// Takes bytes up and adds the events they make to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        self.waiting.extend_from_slice(bytes);
        self.run(false, out);
    }

    /// No more bytes came in time: what waits is taken for what it is by itself.
    pub fn give_up(&mut self, out: &mut Vec<Event>) {
        if self.is_waiting() {
            self.run(true, out);
            self.waiting.clear();
            self.dropping = false;
        }
    }

    fn run(&mut self, last: bool, out: &mut Vec<Event>) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = waiting.as_slice();
        while !rest.is_empty() {
            if self.dropping {
                let Some(end) = string_end(rest) else { break };
                self.dropping = false;
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            if let Some(paste) = &mut self.paste {
                match take_paste(rest, paste) {
                    (used, true) => {
                        rest = rest.get(used..).unwrap_or_default();
                        let paste = self.paste.take().unwrap_or_default();
                        push_paste(paste, out);
                    }
                    (used, false) => {
                        rest = rest.get(used..).unwrap_or_default();
                        if paste.len() >= PASTE_MAX_BYTES {
                            // At a character's boundary, so that none is torn.
                            let end = floor_char(paste);
                            let tail = paste.split_off(end);
                            push_paste(std::mem::replace(paste, tail), out);
                        } else {
                            break;
                        }
                    }
                }
                continue;
            }
            match step(rest, last) {
                Step::Event(used, event) => {
                    out.push(event);
                    rest = rest.get(used.max(1)..).unwrap_or_default();
                }
                Step::Drop(used) => rest = rest.get(used.max(1)..).unwrap_or_default(),
                Step::Paste(used) => {
                    self.paste = Some(Vec::new());
                    rest = rest.get(used..).unwrap_or_default();
                }
                Step::More if rest.len() > STRING_MAX_BYTES => {
                    self.dropping = true;
                    rest = &[];
                }
                Step::More => break,
            }
        }
        self.waiting = rest.to_vec();
        if self.dropping {
            // A lone ESC at the end may be half of the terminator.
            let keep = usize::from(self.waiting.last() == Some(&0x1b));
            self.waiting.drain(..self.waiting.len() - keep);
        }
    }
}

/// Moves what of `bytes` belongs to a paste into `paste`; how many bytes were used, and whether it ended.
fn take_paste(bytes: &[u8], paste: &mut Vec<u8>) -> (usize, bool) {
    if let Some(at) = memchr::memmem::find(bytes, PASTE_END) {
        paste.extend_from_slice(bytes.get(..at).unwrap_or_default());
        return (at + PASTE_END.len(), true);
    }
    // What may be the beginning of the end stays.
    let mut keep = PASTE_END.len() - 1;
    while keep > 0 && !bytes.ends_with(PASTE_END.get(..keep).unwrap_or_default()) {
        keep -= 1;
    }
    let used = (bytes.len() - keep.min(bytes.len())).min(PASTE_MAX_BYTES);
    paste.extend_from_slice(bytes.get(..used).unwrap_or_default());
    (used, false)
}

fn push_paste(paste: Vec<u8>, out: &mut Vec<Event>) {
    let text = String::from_utf8(paste).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    if !text.is_empty() {
        out.push(Event::Paste(text));
    }
}

/// Where the last whole character of `bytes` ends.
fn floor_char(bytes: &[u8]) -> usize {
    let mut end = bytes.len();
    for back in 1..=3.min(bytes.len()) {
        let byte = bytes.get(bytes.len() - back).copied().unwrap_or_default();
        if byte & 0xc0 != 0x80 {
            if byte >= 0xc0 && char_len(byte) > back {
                end = bytes.len() - back;
            }
            break;
        }
    }
    end
}

const fn char_len(first: u8) -> usize {
    match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

fn key(code: KeyCode, mods: Mods) -> Event {
    Event::Key(Key { code, mods }.canonical())
}

fn step(bytes: &[u8], last: bool) -> Step {
    match bytes {
        [] => Step::More,
        [0x1b, rest @ ..] => escape(bytes, rest, last),
        [byte, ..] if *byte < 0x20 || *byte == 0x7f => Step::Event(1, key(control(*byte).0, control(*byte).1)),
        _ => match character(bytes) {
            Some(Ok((c, used))) => Step::Event(used, key(KeyCode::Char(c), Mods::NONE)),
            Some(Err(used)) => Step::Drop(used),
            None if last => Step::Drop(bytes.len()),
            None => Step::More,
        },
    }
}

/// The key that a control byte is.
const fn control(byte: u8) -> (KeyCode, Mods) {
    match byte {
        0 => (KeyCode::Char(' '), Mods::CTRL),
        b'\t' => (KeyCode::Tab, Mods::NONE),
        b'\r' => (KeyCode::Enter, Mods::NONE),
        0x1b => (KeyCode::Esc, Mods::NONE),
        0x1c..=0x1f => (KeyCode::Char((byte + 0x40) as char), Mods::CTRL),
        0x7f => (KeyCode::Backspace, Mods::NONE),
        _ => (KeyCode::Char((byte + 0x60) as char), Mods::CTRL),
    }
}

/// The character at the front: it and its length; `Err`: so many bytes are none; `None`: the rest is missing.
fn character(bytes: &[u8]) -> Option<Result<(char, usize), usize>> {
    let first = *bytes.first()?;
    let len = char_len(first);
    let Some(whole) = bytes.get(..len) else {
        let valid_so_far = bytes.get(1..).is_some_and(|rest| rest.iter().all(|byte| byte & 0xc0 == 0x80));
        return if valid_so_far { None } else { Some(Err(1)) };
    };
    match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
        Some(c) if c.is_control() => Some(Err(len)),
        Some(c) => Some(Ok((c, len))),
        None => Some(Err(1)),
    }
}

fn escape(all: &[u8], rest: &[u8], last: bool) -> Step {
    let alone = || Step::Event(1, key(KeyCode::Esc, Mods::NONE));
    let undecided = |otherwise: Step| if last { otherwise } else { Step::More };
    match rest {
        [] => undecided(alone()),
        [b'['] | [b'O'] => undecided(alt(rest, last)),
        [b'[', b'[', letter, ..] => match letter {
            b'A'..=b'E' => Step::Event(4, key(KeyCode::F(letter - b'A' + 1), Mods::NONE)),
            _ => Step::Drop(4),
        },
        [b'[', b'['] => undecided(Step::Drop(all.len())),
        [b'[', body @ ..] => csi(body, last),
        [b'O', letter, ..] => match ss3(*letter) {
            Some(code) => Step::Event(3, key(code, Mods::NONE)),
            None => Step::Drop(3),
        },
        // Strings of the terminal; by themselves they are Meta with that key.
        [b']' | b'P' | b'_' | b'^' | b'X'] => undecided(alt(rest, last)),
        [b']' | b'P' | b'_' | b'^' | b'X', body @ ..] => match string_end(body) {
            Some(end) => Step::Drop(2 + end),
            None => undecided(Step::Drop(all.len())),
        },
        // ESC ESC [ A: Meta with a key that is a sequence.
        [0x1b, b'[' | b'O', _, ..] => match escape(rest, rest.get(1..).unwrap_or_default(), last) {
            Step::Event(used, Event::Key(inner)) => Step::Event(used + 1, key(inner.code, Mods { alt: true, ..inner.mods })),
            Step::Event(used, _) | Step::Drop(used) => Step::Drop(used + 1),
            // A paste that follows an Escape: the Escape is a key.
            Step::Paste(_) => alone(),
            Step::More => Step::More,
        },
        [0x1b] | [0x1b, b'[' | b'O'] => undecided(Step::Event(2, key(KeyCode::Esc, Mods::ALT))),
        [0x1b, ..] => alone(),
        _ => alt(rest, last),
    }
}

/// Meta with the key at the front of `rest`.
fn alt(rest: &[u8], last: bool) -> Step {
    let Some(first) = rest.first().copied() else { return Step::More };
    if first < 0x20 || first == 0x7f {
        let (code, mods) = control(first);
        return Step::Event(2, key(code, Mods { alt: true, ..mods }));
    }
    match character(rest) {
        Some(Ok((c, used))) => Step::Event(used + 1, key(KeyCode::Char(c), Mods::ALT)),
        Some(Err(used)) => Step::Drop(used + 1),
        None if last => Step::Drop(rest.len() + 1),
        None => Step::More,
    }
}

/// Where the string that `body` begins ends: behind BEL or ST. CAN and SUB end it too.
fn string_end(body: &[u8]) -> Option<usize> {
    for (at, byte) in body.iter().enumerate() {
        match byte {
            0x07 | 0x18 | 0x1a => return Some(at + 1),
            0x1b if body.get(at + 1) == Some(&b'\\') => return Some(at + 2),
            // Any other sequence ends it as well; it is looked at by itself.
            0x1b if at + 1 < body.len() => return Some(at),
            _ => {}
        }
    }
    None
}

const fn ss3(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        // The keypad in application mode: its letters are the characters and 0x40.
        b'j'..=b'y' => KeyCode::Char((letter - 0x40) as char),
        _ => return None,
    })
}

/// A control sequence behind `ESC [`.
fn csi(body: &[u8], last: bool) -> Step {
    // X10 mouse: three bytes that may be anything.
    if body.first() == Some(&b'M') {
        return match body {
            [_, code, col, row, ..] => {
                match mouse(u16::from(code.wrapping_sub(32)), u16::from(col.wrapping_sub(32)), u16::from(row.wrapping_sub(32)), true) {
                    Some(event) => Step::Event(6, event),
                    None => Step::Drop(6),
                }
            }
            _ if last => Step::Drop(body.len() + 2),
            _ => Step::More,
        };
    }
    let Some(end) = body.iter().position(|byte| !(0x20..0x40).contains(byte)) else {
        return if last || body.len() > SEQUENCE_MAX_BYTES { Step::Drop(body.len() + 2) } else { Step::More };
    };
    let final_byte = body.get(end).copied().unwrap_or_default();
    // Not a final byte: the sequence was torn, what tore it is looked at by itself. `$` ends a sequence in rxvt (Shift).
    if !(0x40..0x7f).contains(&final_byte) {
        return Step::Drop(end + 2);
    }
    let used = end + 3;
    let head = body.get(..end).unwrap_or_default();
    match sequence(head, final_byte) {
        Some(Known::Event(event)) => Step::Event(used, event),
        Some(Known::Paste) => Step::Paste(used),
        None => Step::Drop(used),
    }
}

#[expect(clippy::large_enum_variant, reason = "it lives for one step on the stack")]
enum Known {
    Event(Event),
    Paste,
}

fn sequence(head: &[u8], final_byte: u8) -> Option<Known> {
    if let Some(report) = head.strip_prefix(b"<") {
        let [code, col, row] = numbers(report)?;
        return match final_byte {
            b'M' | b'm' => mouse(code, col, row, final_byte == b'M').map(Known::Event),
            _ => None,
        };
    }
    if head.iter().any(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let [first, second, third] = numbers(head).unwrap_or_default();
    let mods = modifiers(second);
    let letter = |code: KeyCode| Some(Known::Event(key(code, mods)));
    match final_byte {
        b'A' => letter(KeyCode::Up),
        b'B' => letter(KeyCode::Down),
        b'C' => letter(KeyCode::Right),
        b'D' => letter(KeyCode::Left),
        b'H' => letter(KeyCode::Home),
        b'F' => letter(KeyCode::End),
        b'P' | b'Q' | b'S' => letter(KeyCode::F(final_byte - b'P' + 1)),
        // `CSI 1 ; 5 R` is Ctrl-F3; any other is a cursor position.
        b'R' if first == 1 && (2..=16).contains(&second) => letter(KeyCode::F(3)),
        b'Z' => Some(Known::Event(key(KeyCode::BackTab, Mods { shift: false, ..mods }))),
        // rxvt: Shift with cursor keys.
        b'a'..=b'd' if head.is_empty() => {
            let code = [KeyCode::Up, KeyCode::Down, KeyCode::Right, KeyCode::Left][usize::from(final_byte - b'a')];
            Some(Known::Event(key(code, Mods::SHIFT)))
        }
        b'I' if head.is_empty() => Some(Known::Event(Event::Focus(true))),
        b'O' if head.is_empty() => Some(Known::Event(Event::Focus(false))),
        b'u' => {
            // An event type of 3 is a release.
            if event_type(head) == 3 {
                return None;
            }
            Some(Known::Event(key(code_point(first)?, mods)))
        }
        b'~' | b'^' | b'$' | b'@' => {
            if final_byte == b'~' && first == 200 {
                return Some(Known::Paste);
            }
            if final_byte == b'~' && first == 27 {
                return Some(Known::Event(key(code_point(third)?, mods)));
            }
            let code = match first {
                1 | 7 => KeyCode::Home,
                2 => KeyCode::Insert,
                3 => KeyCode::Delete,
                4 | 8 => KeyCode::End,
                5 => KeyCode::PageUp,
                6 => KeyCode::PageDown,
                11..=15 => KeyCode::F(u8::try_from(first - 10).ok()?),
                17..=21 => KeyCode::F(u8::try_from(first - 11).ok()?),
                23..=26 => KeyCode::F(u8::try_from(first - 12).ok()?),
                28 | 29 => KeyCode::F(u8::try_from(first - 13).ok()?),
                31..=34 => KeyCode::F(u8::try_from(first - 14).ok()?),
                _ => return None,
            };
            let mods = match final_byte {
                b'^' => Mods { ctrl: true, ..mods },
                b'$' => Mods { shift: true, ..mods },
                b'@' => Mods { ctrl: true, shift: true, ..mods },
                _ => mods,
            };
            Some(Known::Event(key(code, mods)))
        }
        _ => None,
    }
}

/// Up to three numbers; missing ones are 0, sub-parameters behind `:` are left out.
fn numbers(text: &[u8]) -> Option<[u16; 3]> {
    let mut out = [0u16; 3];
    for (slot, part) in out.iter_mut().zip(text.split(|byte| *byte == b';')) {
        let digits = part.split(|byte| *byte == b':').next().unwrap_or_default();
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            *slot = slot.checked_mul(10)?.checked_add(u16::from(digit - b'0'))?;
        }
    }
    Some(out)
}

/// The kitty protocol's event type: the sub-parameter of the second parameter.
fn event_type(head: &[u8]) -> u8 {
    let second = head.split(|byte| *byte == b';').nth(1).unwrap_or_default();
    match second.split(|byte| *byte == b':').nth(1) {
        Some([digit]) if digit.is_ascii_digit() => digit - b'0',
        _ => 1,
    }
}

const fn modifiers(parameter: u16) -> Mods {
    let bits = parameter.saturating_sub(1);
    Mods { shift: bits & 1 != 0, alt: bits & 2 != 0 || bits & 32 != 0, ctrl: bits & 4 != 0 }
}

/// The key of a code point, as CSI-u and modifyOtherKeys name it.
fn code_point(number: u16) -> Option<KeyCode> {
    Some(match number {
        9 => KeyCode::Tab,
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        57399..=57408 => KeyCode::Char(char::from(b'0' + u8::try_from(number - 57399).ok()?)),
        57414 => KeyCode::Enter,
        // The private use area has modifier keys and media keys.
        57344..=63743 => return None,
        number => KeyCode::Char(char::from_u32(number.into()).filter(|c| !c.is_control())?),
    })
}

/// A mouse report: code with modifier bits, place from 1.
fn mouse(code: u16, col: u16, row: u16, pressed: bool) -> Option<Event> {
    let at = Point { col: col.checked_sub(1)?, row: row.checked_sub(1)? };
    let mods = Mods { shift: code & 4 != 0, alt: code & 8 != 0, ctrl: code & 16 != 0 };
    let button = match code & 0b1100_0011 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        3 => None,
        64 => Some(MouseButton::WheelUp),
        65 => Some(MouseButton::WheelDown),
        66 => Some(MouseButton::WheelLeft),
        67 => Some(MouseButton::WheelRight),
        _ => return None,
    };
    let action = match (button, code & 32 != 0, pressed) {
        (Some(button), false, true) => MouseAction::Press(button),
        (Some(button), false, false) => MouseAction::Release(button),
        (Some(button), true, _) => MouseAction::Drag(button),
        (None, true, _) => MouseAction::Move,
        // X10 does not say which button was released.
        (None, false, _) => MouseAction::Release(MouseButton::Left),
    };
    Some(Event::Mouse(Mouse { action, at, mods }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(bytes: &[u8]) -> String {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        decoder.push(bytes, &mut out);
        decoder.give_up(&mut out);
        words(&out)
    }

    fn words(events: &[Event]) -> String {
        let word = |event: &Event| match event {
            Event::Key(key) => key.to_string(),
            Event::Paste(text) => format!("paste({text})"),
            Event::Mouse(mouse) => format!("{:?}@{},{}", mouse.action, mouse.at.col, mouse.at.row),
            Event::Focus(focused) => format!("focus({focused})"),
            other => format!("{other:?}"),
        };
        events.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn keys_are_read() {
        for (bytes, expected) in [
            (&b"a"[..], "a"),
            ("é日".as_bytes(), "é 日"),
            (b"\x02c", "C-b c"),
            (b"\x00\t\r\n\x7f\x08", "C-Space Tab Enter C-j BSpace C-h"),
            (b"\x1c\x1d\x1e\x1f", "C-\\ C-] C-^ C-_"),
            (b"\x1b", "Escape"),
            (b"\x1b\x1b", "M-Escape"),
            (b"\x1bx\x1b\x02", "M-x C-M-b"),
            ("\x1bé".as_bytes(), "M-é"),
            (b"\x1b[", "M-["),
            (b"\x1bO", "M-O"),
            (b"\x1b]", "M-]"),
            (b"\x1b[A\x1bOA\x1b[1;5A\x1b\x1b[A", "Up Up C-Up M-Up"),
            (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~", "Home End Home End Home End"),
            (b"\x1b[2~\x1b[3~\x1b[5~\x1b[6;2~", "IC DC PPage S-NPage"),
            (b"\x1bOP\x1b[11~\x1b[[A\x1b[1;2P", "F1 F1 F1 S-F1"),
            (b"\x1b[15~\x1b[17~\x1b[21~\x1b[23~\x1b[24~", "F5 F6 F10 F11 F12"),
            (b"\x1b[Z", "BTab"),
            (b"\x1b[97;5u\x1b[27;5;98~\x1b[13;2u\x1b[97;1:3u", "C-a C-b S-Enter"),
            (b"\x1b[I\x1b[O", "focus(true) focus(false)"),
            (b"\x1b[<0;3;4M\x1b[<0;3;4m\x1b[<32;5;4M\x1b[<64;1;1M", "Press(Left)@2,3 Release(Left)@2,3 Drag(Left)@4,3 Press(WheelUp)@0,0"),
            (b"\x1b[M !!", "Press(Left)@0,0"),
            (b"\x1b[200~ls\x1b[A\n\x1b[201~x", "paste(ls\x1b[A\n) x"),
            // Answers and what nobody knows are dropped.
            (b"\x1b[?62;22c\x1b[24;80R\x1b]11;rgb:00/00/00\x07\x1bP1$r0m\x1b\\\x1b[?2026;2$ya", "a"),
            (b"\xff\xc3(a", "( a"),
            (b"\x1b[12\x01a", "C-a a"),
        ] {
            assert_eq!(decode(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn long_pastes_come_in_parts_and_no_character_is_torn() {
        let text = "é".repeat(PASTE_MAX_BYTES);
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        for piece in [&b"\x1b[200~a"[..], text.as_bytes(), b"\x1b[20", b"1~"] {
            decoder.push(piece, &mut out);
        }
        let texts: Vec<&str> =
            out.iter().map(|event| if let Event::Paste(text) = event { text.as_str() } else { panic!("{event:?}") }).collect();
        assert!(texts.len() > 1 && texts.iter().all(|text| text.len() <= PASTE_MAX_BYTES + 4));
        assert_eq!(texts.concat(), format!("a{text}"));
    }

    proptest! {
        #[test]
        fn bytes_may_be_cut_anywhere(
            pieces in proptest::collection::vec(prop_oneof![
                Just(b"\x1b[1;5A".to_vec()), Just("日".as_bytes().to_vec()), Just(b"\x1b[<35;10;20M".to_vec()), Just(b"\x1b[200~a\x1bb\x1b[201~".to_vec()),
                Just(b"\x1b]52;c;aGk=\x1b\\".to_vec()), Just(b"\x1bOP".to_vec()), Just(b"abc".to_vec()), proptest::collection::vec(any::<u8>(), 0..8),
            ], 0..12),
            cut in 1usize..7,
        ) {
            let bytes = pieces.concat();
            let mut whole = Vec::new();
            Decoder::new().push(&bytes, &mut whole);
            let mut decoder = Decoder::new();
            let mut parts = Vec::new();
            for piece in bytes.chunks(cut) {
                decoder.push(piece, &mut parts);
                prop_assert!(decoder.waiting.len() <= bytes.len());
            }
            prop_assert_eq!(words(&whole), words(&parts));
        }
    }
}
