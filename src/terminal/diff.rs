//! What a client needs to turn the screen it has into the screen there is.
//!
//! A client says which version of the screen it has. [`diff`] answers with what changed since, however many versions lie between: the sum of the
//! whole-screen scrolls, then for each row that changed only the columns that did, then cursor, modes and, if it changed, the title. Nothing
//! is remembered per client: rows know when and where they last changed ([`super::screen::Changes`]). [`apply`] does the steps in that order.
//!
//! ```text
//! version 7            scroll 1             row 2: cols 0..4 "$ ls"
//!   a                    b                    b
//!   b                    c                    c
//!   c                    (blank)              $ ls                    = version 9
//! ```
//!
//! A diff is *full* when the client has nothing, has something from before a resize, or is too far behind; it then starts from a blank screen.
//! Versions belong to one engine: whoever replaces an engine must answer its first request as if the client had nothing (`since` 0).
//!
//! On the wire: a flags byte, varints, rows by [`super::codec`]. An echoed letter is about fifteen bytes.

use super::codec::{decode, encode, put_varint, take_byte, take_str, take_u16, take_up_to, take_varint};
use super::effect::TEXT_MAX_BYTES;
use super::row::{Malformed, Row};
use super::screen::{CELLS_MAX, Changes, Cursor, CursorShape, Modes, MouseEncoding, MouseTracking, Screen};
use crate::geometry::{Point, Size};

/// The difference between two versions of a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The version it applies to; of no meaning when `full`.
    pub base: u64,
    /// The version it leads to.
    pub version: u64,
    /// The new size when this is a full diff: begin with a blank screen of that size.
    pub full: Option<Size>,
    /// By how many rows everything moved up, before the patches.
    pub scroll: u16,
    /// Changed rows, top first.
    pub rows: Vec<Patch>,
    /// The cursor.
    pub cursor: Cursor,
    /// The modes.
    pub modes: Modes,
    /// The title if it changed.
    pub title: Option<String>,
    /// [`Screen::continued`].
    pub continued: bool,
}

/// A row's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Which row.
    pub index: u16,
    /// The columns `from..to` that `row` replaces (padded with blanks to that width); `None`: all of them.
    pub cols: Option<(u16, u16)>,
    /// The new content, and the whole row's `wrapped`.
    pub row: Row,
}

/// The client's screen is not of the diff's base version: ask for a diff since 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the diff starts at version {base}, the screen is at {have}")]
pub struct Mismatch {
    /// The screen's version.
    pub have: u64,
    /// The diff's base.
    pub base: u64,
}

/// What [`apply`] changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Damage {
    /// Everything, the size included.
    pub full: bool,
    /// All rows moved up by so many.
    pub scroll: u16,
    /// These rows changed after that (the blank ones that came in are not listed unless they changed again), top first.
    pub rows: Vec<u16>,
    /// The title changed.
    pub title: bool,
}

impl Diff {
    /// Whether nothing changed since the base.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.full.is_none() && self.version == self.base
    }
}

/// What changed in `screen` since version `since`; 0 for a client that has nothing.
#[must_use]
pub fn diff(screen: &Screen, since: u64) -> Diff {
    let full = since == 0 || since > screen.version || since < screen.diffable_from;
    let base = if full { 0 } else { since };
    let scrolled = screen.scrolls.iter().filter(|(version, _)| *version > base);
    let scroll = if full { 0 } else { scrolled.fold(0u16, |sum, (_, count)| sum.saturating_add(*count)).min(screen.size.rows) };
    let mut rows = Vec::new();
    for (index, row) in (0u16..).zip(&screen.rows) {
        if full {
            if row.row != Row::default() {
                rows.push(Patch { index, cols: None, row: row.row.clone() });
            }
        } else if row.version > base
            && let Some((from, to)) = row.changes.since(base)
        {
            rows.push(patch(index, &row.row, from, to));
        }
    }
    Diff {
        base,
        version: screen.version,
        full: full.then_some(screen.size),
        scroll,
        rows,
        cursor: screen.cursor,
        modes: screen.modes,
        title: (screen.title_version > base || full).then(|| screen.title.clone()),
        continued: screen.continued,
    }
}

/// The patch for columns `from..to` of `row`, or for all of it if those are most of it anyway.
fn patch(index: u16, row: &Row, from: u16, to: u16) -> Patch {
    let cols = row.cols();
    if from == 0 && to >= cols {
        return Patch { index, cols: None, row: row.clone() };
    }
    let mut content = row.slice_cols(from, to);
    content.wrapped = row.wrapped;
    if !row.wrapped {
        content.trim();
    }
    Patch { index, cols: Some((from, to)), row: content }
}

/// Makes `screen`, which is at the diff's base, what it is at the diff's version.
///
/// # Errors
/// [`Mismatch`], and the screen is unchanged. Patches outside the screen are ignored: they can only come from a broken peer.
pub fn apply(screen: &mut Screen, diff: &Diff) -> Result<Damage, Mismatch> {
    if let Some(size) = diff.full {
        screen.resize(size, diff.version);
    } else if screen.version != diff.base {
        return Err(Mismatch { have: screen.version, base: diff.base });
    } else {
        screen.scroll_up(diff.scroll, diff.version);
    }
    let mut damage = Damage { full: diff.full.is_some(), scroll: diff.scroll, rows: Vec::new(), title: false };
    for patch in &diff.rows {
        let Some(slot) = screen.rows.get_mut(usize::from(patch.index)) else { continue };
        slot.row.wrapped = patch.row.wrapped;
        match patch.cols {
            None => slot.row.clone_from(&patch.row),
            Some((from, to)) => slot.row.splice_cols(from, to.min(screen.size.cols).max(from), &patch.row),
        }
        if slot.row.cols() > screen.size.cols {
            let wrapped = slot.row.wrapped;
            slot.row = slot.row.slice_cols(0, screen.size.cols);
            slot.row.wrapped = wrapped;
        }
        slot.version = diff.version;
        slot.changes = Changes::whole(diff.version);
        damage.rows.push(patch.index);
    }
    screen.cursor = diff.cursor;
    screen.modes = diff.modes;
    screen.continued = diff.continued;
    if let Some(title) = &diff.title {
        screen.title.clone_from(title);
        screen.title_version = diff.version;
        damage.title = true;
    }
    screen.version = diff.version;
    Ok(damage)
}

const FULL: u8 = 1;
const SCROLL: u8 = 2;
const TITLE: u8 = 4;
const CONTINUED: u8 = 8;
/// Most that a patch takes beside its row: index, first column, columns.
const PATCH_HEAD_BYTES: usize = 9;

impl Diff {
    /// Appends the diff to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let flag = |on: bool, bit: u8| if on { bit } else { 0 };
        out.push(
            flag(self.full.is_some(), FULL)
                | flag(self.scroll > 0, SCROLL)
                | flag(self.title.is_some(), TITLE)
                | flag(self.continued, CONTINUED),
        );
        put_varint(out, self.base);
        put_varint(out, self.version.saturating_sub(self.base));
        if let Some(size) = self.full {
            put_varint(out, size.cols.into());
            put_varint(out, size.rows.into());
        }
        if self.scroll > 0 {
            put_varint(out, self.scroll.into());
        }
        put_varint(out, self.cursor.at.col.into());
        put_varint(out, self.cursor.at.row.into());
        out.push(u8::from(self.cursor.visible) | (shape_number(self.cursor.shape) << 1));
        out.extend_from_slice(&modes_bytes(self.modes));
        if let Some(title) = &self.title {
            put_varint(out, title.len() as u64);
            out.extend_from_slice(title.as_bytes());
        }
        put_varint(out, self.rows.len() as u64);
        for patch in &self.rows {
            put_varint(out, (u64::from(patch.index) << 1) | u64::from(patch.cols.is_some()));
            if let Some((from, to)) = patch.cols {
                put_varint(out, from.into());
                put_varint(out, to.saturating_sub(from).into());
            }
            encode(&patch.row, out);
        }
    }

    /// The same change in steps, each of about `max_bytes` encoded and at least one row: the first does what this one does, with the first rows; the
    /// others bring further rows and lead from its version to its version. A client that has done the first has the version, and not yet all of it.
    #[must_use]
    pub fn split(mut self, max_bytes: usize) -> Vec<Self> {
        let mut parts = Vec::new();
        let rows = std::mem::take(&mut self.rows);
        let (mut part, mut encoded) = (self, Vec::new());
        part.encode(&mut encoded);
        let mut bytes = encoded.len();
        for patch in rows {
            encoded.clear();
            encode(&patch.row, &mut encoded);
            bytes += encoded.len() + PATCH_HEAD_BYTES;
            if bytes > max_bytes && !part.rows.is_empty() {
                let next = Self { base: part.version, full: None, scroll: 0, title: None, rows: Vec::new(), ..part };
                parts.push(std::mem::replace(&mut part, next));
                bytes = encoded.len() + PATCH_HEAD_BYTES;
            }
            part.rows.push(patch);
        }
        parts.push(part);
        parts
    }

    /// Takes a diff off the front of `input`.
    ///
    /// # Errors
    /// [`Malformed`]. A size above [`CELLS_MAX`] cells is one, so that [`apply`] needs little memory whatever was sent.
    pub fn decode(input: &mut &[u8]) -> Result<Self, Malformed> {
        let flags = take_byte(input)?;
        if flags & !(FULL | SCROLL | TITLE | CONTINUED) != 0 {
            return Err(Malformed("unknown flags of a diff"));
        }
        let base = take_varint(input)?;
        let version = base.checked_add(take_varint(input)?).ok_or(Malformed("a version beyond 64 bits"))?;
        let full = if flags & FULL == 0 {
            None
        } else {
            let size = Size::new(take_u16(input)?, take_u16(input)?);
            if size != size.at_least_one() || u32::from(size.cols) * u32::from(size.rows) > CELLS_MAX {
                return Err(Malformed("an impossible size"));
            }
            Some(size)
        };
        let scroll = if flags & SCROLL == 0 { 0 } else { take_u16(input)? };
        let at = Point { col: take_u16(input)?, row: take_u16(input)? };
        let look = take_byte(input)?;
        let cursor = Cursor { at, visible: look & 1 != 0, shape: shape_from(look >> 1)? };
        let modes = modes_from(take_byte(input)?, take_byte(input)?)?;
        let title = if flags & TITLE == 0 {
            None
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "at most TEXT_MAX_BYTES")]
            let len = take_up_to(input, TEXT_MAX_BYTES as u64, "a title of too much text")? as usize;
            Some(take_str(input, len)?.to_owned())
        };
        // A patch takes two bytes at least.
        let count = take_up_to(input, (input.len() / 2) as u64, "more rows than bytes")?;
        let mut rows = Vec::new();
        for _ in 0..count {
            let head = take_up_to(input, u64::from(u16::MAX) * 2 + 1, "a row beyond the screen")?;
            #[expect(clippy::cast_possible_truncation, reason = "just checked")]
            let index = (head >> 1) as u16;
            let cols = if head & 1 == 0 {
                None
            } else {
                let from = take_u16(input)?;
                Some((from, from.checked_add(take_u16(input)?).ok_or(Malformed("columns beyond 16 bits"))?))
            };
            rows.push(Patch { index, cols, row: decode(input)? });
        }
        Ok(Self { base, version, full, scroll, rows, cursor, modes, title, continued: flags & CONTINUED != 0 })
    }
}

fn shape_number(shape: CursorShape) -> u8 {
    match shape {
        CursorShape::Default => 0,
        CursorShape::Block { blink } => 2 - u8::from(blink),
        CursorShape::Underline { blink } => 4 - u8::from(blink),
        CursorShape::Bar { blink } => 6 - u8::from(blink),
    }
}

/// The cursor's shape by its number in DECSCUSR.
pub(super) fn shape_from(number: u8) -> Result<CursorShape, Malformed> {
    match number {
        0 => Ok(CursorShape::Default),
        1 | 2 => Ok(CursorShape::Block { blink: number == 1 }),
        3 | 4 => Ok(CursorShape::Underline { blink: number == 3 }),
        5 | 6 => Ok(CursorShape::Bar { blink: number == 5 }),
        _ => Err(Malformed("an unknown cursor shape")),
    }
}

fn modes_bytes(modes: Modes) -> [u8; 2] {
    let tracking = match modes.mouse_tracking {
        MouseTracking::Off => 0,
        MouseTracking::Press => 1,
        MouseTracking::PressRelease => 2,
        MouseTracking::ButtonMotion => 3,
        MouseTracking::AnyMotion => 4u8,
    };
    let encoding = match modes.mouse_encoding {
        MouseEncoding::Default => 0,
        MouseEncoding::Utf8 => 1,
        MouseEncoding::Sgr => 2u8,
    };
    let flags = u8::from(modes.alternate_screen)
        | (u8::from(modes.application_cursor) << 1)
        | (u8::from(modes.application_keypad) << 2)
        | (u8::from(modes.bracketed_paste) << 3)
        | (u8::from(modes.focus_events) << 4);
    [flags, tracking | (encoding << 4)]
}

fn modes_from(flags: u8, mouse: u8) -> Result<Modes, Malformed> {
    Ok(Modes {
        alternate_screen: flags & 1 != 0,
        application_cursor: flags & 2 != 0,
        application_keypad: flags & 4 != 0,
        bracketed_paste: flags & 8 != 0,
        focus_events: flags & 16 != 0,
        mouse_tracking: match mouse & 15 {
            0 => MouseTracking::Off,
            1 => MouseTracking::Press,
            2 => MouseTracking::PressRelease,
            3 => MouseTracking::ButtonMotion,
            4 => MouseTracking::AnyMotion,
            _ => return Err(Malformed("an unknown mouse mode")),
        },
        mouse_encoding: match mouse >> 4 {
            0 => MouseEncoding::Default,
            1 => MouseEncoding::Utf8,
            2 => MouseEncoding::Sgr,
            _ => return Err(Malformed("an unknown mouse encoding")),
        },
    })
}
