//! A line of the journal: one record as JSON, text in and text out.
//!
//! Whoever keeps the file gives the numbers; a reader skips lines that it does not understand, since a newer server may have written them.

use serde::{Deserialize, Serialize};

use super::Entry;
use crate::ids::PaneId;

/// An entry with its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number, upwards, over all panes.
    pub seq: u64,
    /// The pane, if it is about one.
    pub pane: Option<PaneId>,
    /// What happened.
    #[serde(flatten)]
    pub entry: Entry,
}

/// The text was not a line of the journal that this program understands.
#[derive(Debug, thiserror::Error)]
#[error("not a journal record: {0}")]
pub struct ParseRecordError(#[from] serde_json::Error);

impl Record {
    /// The line, without its line feed. Secret bytes are left out.
    ///
    /// # Errors
    /// Never in practice: everything in a record has a JSON form.
    pub fn to_line(&self) -> Result<String, ParseRecordError> {
        if let super::Fact::Staged { proposal } = &self.entry.fact
            && proposal.secret
        {
            let mut redacted = self.clone();
            redacted.entry.fact = super::Fact::Staged { proposal: super::Proposal { bytes: Vec::new(), ..proposal.clone() } };
            return Ok(serde_json::to_string(&redacted)?);
        }
        Ok(serde_json::to_string(self)?)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`ParseRecordError`] for anything that [`Record::to_line`] of this or an older program did not write.
    pub fn from_line(line: &str) -> Result<Self, ParseRecordError> {
        Ok(serde_json::from_str(line.trim_end())?)
    }
}
