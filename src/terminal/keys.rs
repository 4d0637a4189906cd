//! What a person does, as the bytes a program expects: keys, mouse, pastes, focus.
//!
//! A [`Key`] is what was pressed, free of any encoding; it has a name (tmux's: `C-b`, `M-x`, `S-Up`, `F5`) that parses back to it, which config
//! and `send-keys` use. [`encode_key`] turns it into bytes by the program's [`Modes`], as xterm does (xterm control sequences, "PC-Style Function
//! Keys" and "VT220-Style Function Keys"). Modifiers of function keys are the parameter `1 + shift + 2 meta + 4 ctrl`; of characters, Meta
//! is an ESC before them and Ctrl the C0 control. What cannot be said this way (Ctrl with a digit, say) is sent without the modifier.
//!
//! Pastes are cleaned of everything that could end them early or drive the terminal ([`paste`], security.md I1).

use super::screen::{Modes, MouseEncoding, MouseTracking};
use std::fmt;

/// A key without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyCode {
    /// A character as typed, shift already applied.
    Char(char),
    /// A function key, 1..=24.
    F(u8),
    /// Return.
    Enter,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Escape.
    Esc,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// The byte 0 (what Ctrl-Space and Ctrl-@ send).
    Null,
}

/// Modifiers held with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Mods {
    /// Control.
    pub ctrl: bool,
    /// Alt or Meta.
    pub alt: bool,
    /// Shift; not for characters, which have it applied.
    pub shift: bool,
}

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// What was held.
    pub mods: Mods,
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such key: {0:?}")]
pub struct UnknownKey(pub String);

impl Mods {
    /// No modifier.
    pub const NONE: Self = Self { ctrl: false, alt: false, shift: false };
    /// Control alone.
    pub const CTRL: Self = Self { ctrl: true, alt: false, shift: false };
    /// Alt alone.
    pub const ALT: Self = Self { ctrl: false, alt: true, shift: false };
    /// Shift alone.
    pub const SHIFT: Self = Self { ctrl: false, alt: false, shift: true };

    /// xterm's modifier parameter: 1 for none.
    const fn parameter(self) -> u8 {
        1 + self.shift as u8 + 2 * self.alt as u8 + 4 * self.ctrl as u8
    }
}

/// Names of keys that are not characters: the first of a code is the one that is shown.
const NAMES: [(&str, KeyCode); 28] = [
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Tab", KeyCode::Tab),
    ("BTab", KeyCode::BackTab),
    ("BSpace", KeyCode::Backspace),
    ("Escape", KeyCode::Esc),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PPage", KeyCode::PageUp),
    ("NPage", KeyCode::PageDown),
    ("IC", KeyCode::Insert),
    ("DC", KeyCode::Delete),
    ("Null", KeyCode::Null),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Insert", KeyCode::Insert),
    ("Delete", KeyCode::Delete),
    ("BackTab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Esc", KeyCode::Esc),
    ("Return", KeyCode::Enter),
    ("CR", KeyCode::Enter),
];

impl Key {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, mods: Mods::NONE }
    }

    /// A character without modifiers.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    /// Control with a character.
    #[must_use]
    pub const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), mods: Mods::CTRL }
    }

    /// Reads a key's name: `C-`, `M-` and `S-` in any order and case (also `^` for `C-`), then one character, `F1`..`F24` or a name such as
    /// `Up`, `PPage`, `Space`, in any case.
    ///
    /// # Errors
    /// [`UnknownKey`] with the whole name.
    pub fn parse(name: &str) -> Result<Self, UnknownKey> {
        let unknown = || UnknownKey(name.to_owned());
        let mut mods = Mods::NONE;
        let mut rest = name;
        loop {
            let mut chars = rest.chars();
            match (chars.next(), chars.next(), chars.next()) {
                (Some('C' | 'c'), Some('-'), Some(_)) => mods.ctrl = true,
                (Some('M' | 'm'), Some('-'), Some(_)) => mods.alt = true,
                (Some('S' | 's'), Some('-'), Some(_)) => mods.shift = true,
                (Some('^'), Some(_), _) => {
                    mods.ctrl = true;
                    rest = rest.get(1..).unwrap_or_default();
                    continue;
                }
                _ => break,
            }
            rest = rest.get(2..).unwrap_or_default();
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(c),
            (Some('F' | 'f'), Some('1'..='9')) if rest.len() <= 3 => {
                let number: u8 = rest.get(1..).and_then(|digits| digits.parse().ok()).ok_or_else(unknown)?;
                if number > 24 {
                    return Err(unknown());
                }
                KeyCode::F(number)
            }
            _ => NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(rest)).ok_or_else(unknown)?.1,
        };
        Ok(Self { code, mods }.canonical())
    }

    /// The one form of keys that are the same press: shift is dropped from characters (with a letter it makes the capital), Ctrl with a
    /// letter has the small one, Shift-Tab is `BackTab`, and Ctrl-Space, Ctrl-@ and Ctrl-2 are told apart no further than terminals can.
    #[must_use]
    pub fn canonical(self) -> Self {
        let Self { mut code, mut mods } = self;
        match code {
            KeyCode::Char(c) => {
                let c = if mods.shift { c.to_ascii_uppercase() } else { c };
                let c = if mods.ctrl { c.to_ascii_lowercase() } else { c };
                mods.shift = false;
                code = KeyCode::Char(c);
                if mods.ctrl && c == '@' {
                    code = KeyCode::Char(' ');
                }
            }
            KeyCode::Null => {
                code = KeyCode::Char(' ');
                mods.ctrl = true;
                mods.shift = false;
            }
            KeyCode::Tab if mods.shift => {
                code = KeyCode::BackTab;
                mods.shift = false;
            }
            KeyCode::BackTab => mods.shift = false,
            KeyCode::F(number) => code = KeyCode::F(number.clamp(1, 24)),
            _ => {}
        }
        Self { code, mods }
    }
}

impl std::str::FromStr for Key {
    type Err = UnknownKey;

    fn from_str(name: &str) -> Result<Self, UnknownKey> {
        Self::parse(name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, mods } = self.canonical();
        for (held, prefix) in [(mods.ctrl, "C-"), (mods.alt, "M-"), (mods.shift, "S-")] {
            if held {
                f.write_str(prefix)?;
            }
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, known)| *known == code) {
            return f.write_str(name);
        }
        match code {
            KeyCode::F(number) => write!(f, "F{number}"),
            KeyCode::Char(c) => write!(f, "{c}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// The bytes of `key` for a program with these modes.
#[must_use]
pub fn encode_key(key: Key, modes: Modes) -> Vec<u8> {
    let key = key.canonical();
    let Key { code, mods } = key;
    let parameter = mods.parameter();
    let meta = |bytes: &[u8]| {
        let mut out = Vec::with_capacity(bytes.len() + 1);
        if mods.alt {
            out.push(0x1b);
        }
        out.extend_from_slice(bytes);
        out
    };
    // CSI 1 ; m X with modifiers; SS3 X or CSI X without.
    let cursor = |last: char, application: bool| {
        if parameter > 1 {
            format!("\x1b[1;{parameter}{last}").into_bytes()
        } else if application {
            format!("\x1bO{last}").into_bytes()
        } else {
            format!("\x1b[{last}").into_bytes()
        }
    };
    let tilde = |number: u8| {
        if parameter > 1 { format!("\x1b[{number};{parameter}~").into_bytes() } else { format!("\x1b[{number}~").into_bytes() }
    };
    match code {
        KeyCode::Char(c) => {
            let mut buffer = [0u8; 4];
            match control_of(c).filter(|_| mods.ctrl) {
                Some(control) => meta(&[control]),
                None => meta(c.encode_utf8(&mut buffer).as_bytes()),
            }
        }
        KeyCode::Enter => meta(b"\r"),
        KeyCode::Tab => meta(b"\t"),
        KeyCode::BackTab => meta(b"\x1b[Z"),
        KeyCode::Backspace => meta(if mods.ctrl { &[0x08] } else { &[0x7f] }),
        KeyCode::Esc => meta(b"\x1b"),
        KeyCode::Null => meta(&[0]),
        KeyCode::Up => cursor('A', modes.application_cursor),
        KeyCode::Down => cursor('B', modes.application_cursor),
        KeyCode::Right => cursor('C', modes.application_cursor),
        KeyCode::Left => cursor('D', modes.application_cursor),
        KeyCode::Home => cursor('H', modes.application_cursor),
        KeyCode::End => cursor('F', modes.application_cursor),
        KeyCode::Insert => tilde(2),
        KeyCode::Delete => tilde(3),
        KeyCode::PageUp => tilde(5),
        KeyCode::PageDown => tilde(6),
        // F13..=F24 are Shift-F1..=Shift-F12 in xterm's terminfo; with a program told `xterm-256color` that is what they must send.
        KeyCode::F(number) if number > 12 => encode_key(Key { code: KeyCode::F(number - 12), mods: Mods { shift: true, ..mods } }, modes),
        KeyCode::F(number) => match number {
            1 => cursor('P', true),
            2 => cursor('Q', true),
            3 => cursor('R', true),
            4 => cursor('S', true),
            5 => tilde(15),
            6..=10 => tilde(number + 11),
            _ => tilde(number + 12),
        },
    }
}

/// The C0 control that Ctrl makes of `c`, if any.
const fn control_of(c: char) -> Option<u8> {
    match c {
        'a'..='z' | 'A'..='Z' => Some(c as u8 & 0x1f),
        ' ' | '@' | '2' => Some(0),
        '[' | '3' => Some(0x1b),
        '\\' | '4' => Some(0x1c),
        ']' | '5' => Some(0x1d),
        '^' | '6' => Some(0x1e),
        '_' | '/' | '7' => Some(0x1f),
        '?' | '8' => Some(0x7f),
        _ => None,
    }
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MouseAction {
    /// A button went down.
    Press(MouseButton),
    /// A button went up.
    Release(MouseButton),
    /// It moved with a button held.
    Drag(MouseButton),
    /// It moved with none.
    Move,
}

/// A button, or a step of the wheel (which is only ever pressed).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MouseButton {
    /// The left one.
    Left,
    /// The middle one.
    Middle,
    /// The right one.
    Right,
    /// Wheel away from the hand.
    WheelUp,
    /// Wheel towards the hand.
    WheelDown,
    /// Wheel to the left.
    WheelLeft,
    /// Wheel to the right.
    WheelRight,
}

/// A mouse event in a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mouse {
    /// What happened.
    pub action: MouseAction,
    /// The cell, counted from the pane's top left.
    pub at: crate::geometry::Point,
    /// What was held.
    pub mods: Mods,
}

/// The bytes of a mouse event, or `None` if the program did not ask for it or its encoding cannot say it.
#[must_use]
pub fn encode_mouse(mouse: Mouse, modes: Modes) -> Option<Vec<u8>> {
    use MouseAction::{Drag, Move, Press, Release};
    let wanted = match modes.mouse_tracking {
        MouseTracking::Off => false,
        MouseTracking::Press => matches!(mouse.action, Press(_)),
        MouseTracking::PressRelease => matches!(mouse.action, Press(_) | Release(_)),
        MouseTracking::ButtonMotion => matches!(mouse.action, Press(_) | Release(_) | Drag(_)),
        MouseTracking::AnyMotion => true,
    };
    if !wanted {
        return None;
    }
    let sgr = modes.mouse_encoding == MouseEncoding::Sgr;
    let mut code: u16 = match mouse.action {
        Press(button) => button_code(button),
        Release(MouseButton::WheelUp | MouseButton::WheelDown | MouseButton::WheelLeft | MouseButton::WheelRight) => return None,
        Release(button) if sgr => button_code(button),
        Release(_) => 3,
        Drag(button) => button_code(button) + 32,
        Move => 3 + 32,
    };
    if modes.mouse_tracking != MouseTracking::Press {
        code += 4 * u16::from(mouse.mods.shift) + 8 * u16::from(mouse.mods.alt) + 16 * u16::from(mouse.mods.ctrl);
    }
    let (col, row) = (u32::from(mouse.at.col) + 1, u32::from(mouse.at.row) + 1);
    if sgr {
        let last = if matches!(mouse.action, Release(_)) { 'm' } else { 'M' };
        return Some(format!("\x1b[<{code};{col};{row}{last}").into_bytes());
    }
    let mut out = b"\x1b[M".to_vec();
    for value in [u32::from(code), col, row] {
        let value = value + 32;
        if modes.mouse_encoding == MouseEncoding::Utf8 {
            // Two bytes of UTF-8 reach 2047 (xterm, 1005).
            let c = char::from_u32(value).filter(|_| value <= 2047)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            out.push(u8::try_from(value).ok()?);
        }
    }
    Some(out)
}

const fn button_code(button: MouseButton) -> u16 {
    match button {
        MouseButton::Left => 0,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
        MouseButton::WheelUp => 64,
        MouseButton::WheelDown => 65,
        MouseButton::WheelLeft => 66,
        MouseButton::WheelRight => 67,
    }
}

/// What a program that asked for focus events is told; `None` if it did not ask.
#[must_use]
pub const fn encode_focus(focused: bool, modes: Modes) -> Option<&'static [u8]> {
    match (modes.focus_events, focused) {
        (false, _) => None,
        (true, true) => Some(b"\x1b[I"),
        (true, false) => Some(b"\x1b[O"),
    }
}

/// The bytes of a paste: [`clean_paste`], with LF as CR (what Enter sends), between the markers if the program knows bracketed paste.
///
/// Nothing is removed for looking like a marker: without its ESC it cannot be one.
#[must_use]
pub fn paste(text: &str, modes: Modes) -> Vec<u8> {
    let clean = clean_paste(text);
    let mut out = Vec::with_capacity(clean.len() + 12);
    if modes.bracketed_paste {
        out.extend_from_slice(b"\x1b[200~");
    }
    let bytes = clean.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            // CR LF is one line end.
            b'\n' if index > 0 && bytes.get(index - 1) == Some(&b'\r') => {}
            b'\n' => out.push(b'\r'),
            byte => out.push(*byte),
        }
    }
    if modes.bracketed_paste {
        out.extend_from_slice(b"\x1b[201~");
    }
    out
}

/// `text` without ESC, DEL, C1 and all of C0 but tab, CR and LF. Chars are removed one by one and none is made, so once is until no change: what
/// was left and right of a removed one cannot be a control now.
#[must_use]
pub fn clean_paste(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\t' | '\r' | '\n') || !c.is_control()).collect()
}
