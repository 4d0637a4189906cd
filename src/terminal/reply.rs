//! Answers to a program's queries, in fixed forms: numbers of ours and never a text of the program's (security.md O2).
//!
//! Sources: DEC STD 070 and the VT510 manual (DA, DSR, DECRQM, DECRQSS), xterm control sequences (XTVERSION, OSC colours, window operations),
//! kitty's keyboard protocol (`CSI ? u`), the colour scheme note of contour (`CSI ? 996 n`).

use super::screen::{CursorShape, MouseEncoding, MouseTracking, Screen};
use crate::geometry::{Point, Size};

/// What an engine tells programs about colours and cells that it cannot know itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Default foreground (OSC 10).
    pub foreground: (u8, u8, u8),
    /// Default background (OSC 11).
    pub background: (u8, u8, u8),
    /// Cursor colour (OSC 12).
    pub cursor: (u8, u8, u8),
    /// The sixteen theme colours (OSC 4); the others are xterm's.
    pub palette: [(u8, u8, u8); 16],
    /// Width and height of a cell in pixels.
    pub cell: (u16, u16),
}

impl Default for Look {
    /// Light grey on black, xterm's sixteen colours, cells of 8 by 16 pixels.
    fn default() -> Self {
        Self {
            foreground: (0xe5, 0xe5, 0xe5),
            background: (0, 0, 0),
            cursor: (0xe5, 0xe5, 0xe5),
            palette: [
                (0, 0, 0),
                (0xcd, 0, 0),
                (0, 0xcd, 0),
                (0xcd, 0xcd, 0),
                (0, 0, 0xee),
                (0xcd, 0, 0xcd),
                (0, 0xcd, 0xcd),
                (0xe5, 0xe5, 0xe5),
                (0x7f, 0x7f, 0x7f),
                (0xff, 0, 0),
                (0, 0xff, 0),
                (0xff, 0xff, 0),
                (0x5c, 0x5c, 0xff),
                (0xff, 0, 0xff),
                (0, 0xff, 0xff),
                (0xff, 0xff, 0xff),
            ],
            cell: (8, 16),
        }
    }
}

impl Look {
    /// Colour `index` of the 256: the theme's sixteen, then xterm's cube and greys.
    #[must_use]
    pub fn color(&self, index: u8) -> (u8, u8, u8) {
        const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
        let level = |n: u8| LEVELS.get(usize::from(n % 6)).copied().unwrap_or_default();
        match index {
            0..=15 => self.palette.get(usize::from(index)).copied().unwrap_or_default(),
            16..=231 => (level((index - 16) / 36), level((index - 16) / 6), level(index - 16)),
            232.. => (8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10),
        }
    }

    /// Whether the background is darker than the foreground.
    fn is_dark(&self) -> bool {
        let light = |(r, g, b): (u8, u8, u8)| u32::from(r) * 3 + u32::from(g) * 6 + u32::from(b);
        light(self.background) <= light(self.foreground)
    }
}

/// DA1: a VT220 with ANSI colour.
pub(super) const PRIMARY_ATTRIBUTES: &str = "\x1b[?62;22c";
/// DA2: terminal class, version, no cartridge.
pub(super) const SECONDARY_ATTRIBUTES: &str = "\x1b[>65;1000;0c";
/// DA3: a unit number of zeros.
pub(super) const TERTIARY_ATTRIBUTES: &str = "\x1bP!|00000000\x1b\\";
/// DSR 5: all is well.
pub(super) const STATUS_OK: &str = "\x1b[0n";
/// Kitty's keyboard protocol: no enhancement is on.
pub(super) const KITTY_KEYBOARD: &str = "\x1b[?0u";
/// DECRQSS of something unknown.
pub(super) const SETTING_UNKNOWN: &str = "\x1bP0$r\x1b\\";
/// XTGETTCAP of something unknown.
pub(super) const CAPABILITY_UNKNOWN: &str = "\x1bP0+r\x1b\\";

/// XTVERSION.
pub(super) fn version() -> String {
    format!("\x1bP>|baton {}\x1b\\", env!("CARGO_PKG_VERSION"))
}

/// CPR (`private`: DECXCPR): the cursor's place, counted from 1.
pub(super) fn cursor_position(at: Point, size: Size, private: bool) -> String {
    let (row, col) = (at.row.saturating_add(1).min(size.rows), at.col.saturating_add(1).min(size.cols));
    if private { format!("\x1b[?{row};{col};1R") } else { format!("\x1b[{row};{col}R") }
}

/// The colour scheme: dark or light.
pub(super) fn color_scheme(look: &Look) -> &'static str {
    if look.is_dark() { "\x1b[?997;1n" } else { "\x1b[?997;2n" }
}

/// DECRPM for an ANSI mode.
pub(super) fn ansi_mode(mode: u16) -> String {
    // IRM and LNM are never on; of the others nothing is known.
    let value = if matches!(mode, 4 | 20) { 4 } else { 0 };
    format!("\x1b[{mode};{value}$y")
}

/// DECRPM for a DEC or xterm mode. `origin` is DECOM.
pub(super) fn private_mode(mode: u16, screen: &Screen, origin: bool) -> String {
    let modes = screen.modes;
    let on = match mode {
        1 => Some(modes.application_cursor),
        6 => Some(origin),
        9 => Some(modes.mouse_tracking == MouseTracking::Press),
        25 => Some(screen.cursor.visible),
        47 | 1047 | 1049 => Some(modes.alternate_screen),
        66 => Some(modes.application_keypad),
        1000 => Some(modes.mouse_tracking == MouseTracking::PressRelease),
        1002 => Some(modes.mouse_tracking == MouseTracking::ButtonMotion),
        1003 => Some(modes.mouse_tracking == MouseTracking::AnyMotion),
        1004 => Some(modes.focus_events),
        1005 => Some(modes.mouse_encoding == MouseEncoding::Utf8),
        1006 => Some(modes.mouse_encoding == MouseEncoding::Sgr),
        2004 => Some(modes.bracketed_paste),
        _ => None,
    };
    let value = match (on, mode) {
        (Some(true), _) => 1,
        (Some(false), _) => 2,
        // DECAWM cannot be turned off in this engine.
        (None, 7) => 3,
        (None, _) => 0,
    };
    format!("\x1b[?{mode};{value}$y")
}

/// Window operations 14, 16, 18, 19; nothing for the others, titles above all.
pub(super) fn window(operation: u16, size: Size, look: &Look) -> Option<String> {
    let (width, height) = look.cell;
    match operation {
        14 => Some(format!("\x1b[4;{};{}t", u32::from(size.rows) * u32::from(height), u32::from(size.cols) * u32::from(width))),
        16 => Some(format!("\x1b[6;{height};{width}t")),
        18 => Some(format!("\x1b[8;{};{}t", size.rows, size.cols)),
        19 => Some(format!("\x1b[9;{};{}t", size.rows, size.cols)),
        _ => None,
    }
}

/// DECRQSS ` q`: the cursor's shape.
pub(super) fn cursor_style(shape: CursorShape) -> String {
    let number = match shape {
        CursorShape::Default => 0,
        CursorShape::Block { blink } => 2 - u8::from(blink),
        CursorShape::Underline { blink } => 4 - u8::from(blink),
        CursorShape::Bar { blink } => 6 - u8::from(blink),
    };
    format!("\x1bP1$r{number} q\x1b\\")
}

/// DECRQSS `m`: the attributes, as the parameters of an SGR.
pub(super) fn attributes(parameters: &str) -> String {
    format!("\x1bP1$r{parameters}m\x1b\\")
}

/// OSC 4, 10, 11 and 12 queries in `body`, ended as the query was. At most sixteen, then the rest is not answered.
pub(super) fn colors(body: &[u8], bell: bool, look: &Look) -> String {
    let end = if bell { "\x07" } else { "\x1b\\" };
    let spec = |(r, g, b): (u8, u8, u8)| format!("rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}");
    let mut parts = body.split(|byte| *byte == b';');
    let mut out = String::new();
    match parts.next() {
        Some(b"4") => {
            for _ in 0..16 {
                let (Some(index), Some(value)) = (parts.next(), parts.next()) else { break };
                if let Some(index) = super::scan::number(index).and_then(|n| u8::try_from(n).ok())
                    && value == b"?"
                {
                    out += &format!("\x1b]4;{index};{}{end}", spec(look.color(index)));
                }
            }
        }
        Some(first @ (b"10" | b"11" | b"12")) => {
            // Each further value is about the next number.
            let start = super::scan::number(first).unwrap_or(12);
            for (number, value) in (start..=12).zip(parts) {
                let color = match number {
                    10 => look.foreground,
                    11 => look.background,
                    _ => look.cursor,
                };
                if value == b"?" {
                    out += &format!("\x1b]{number};{}{end}", spec(color));
                }
            }
        }
        _ => {}
    }
    out
}
