//! Reading the journal back: its end, to go on; some of its lines, for people; all of it, to see whether it is whole.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use serde::Deserialize;

use super::{DIGEST_DIGITS, digest, file_name, first_prev, seq_of};
use crate::protocol::message::JournalQuery;

/// Most bytes of lines in one answer.
const ANSWER_MAX: usize = 2 * 1024 * 1024;
/// Most files that are looked for.
const FILES_MAX: u32 = 1000;
/// Largest file that is read.
const FILE_MAX: u64 = 1 << 30;

/// The end of a file.
pub(super) struct Tail {
    /// How many bytes of it are whole lines.
    pub(super) whole: u64,
    /// The last line that has a number.
    pub(super) last: Option<(u64, Vec<u8>)>,
}

/// Reads at most `most` bytes from the end of a file of `len` bytes.
pub(super) fn tail(file: &File, len: u64, most: u64) -> io::Result<Tail> {
    let from = len.saturating_sub(most);
    let mut bytes = vec![0; usize::try_from(len - from).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, from)?;
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(at) => at + 1,
        // No line at all in what is longer than any line: it is not ours to cut.
        None if from > 0 => return Err(io::Error::new(io::ErrorKind::InvalidData, "its end is not a line")),
        None => 0,
    };
    bytes.truncate(whole);
    let last = bytes.split(|byte| *byte == b'\n').rev().find_map(|line| Some((seq_of(line)?, line.to_vec())));
    Ok(Tail { whole: from + whole as u64, last })
}

/// What of a line conditions look at.
#[derive(Deserialize)]
struct Head<'a> {
    seq: u64,
    ts: u64,
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
    #[serde(default)]
    pane: Option<crate::ids::PaneId>,
    #[serde(default, borrow)]
    by: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    actor: Option<crate::operator::Party>,
}

/// Whether the operator of a line is the one that `wanted` names: id, name (with or without the pane behind it), or `kind:name`.
fn is_by(head: &Head<'_>, wanted: &str) -> bool {
    let id = head.actor.map(|actor| actor.id.to_string());
    if id.as_deref() == Some(wanted) {
        return true;
    }
    let Some(name) = head.by.as_deref() else { return false };
    let (kind, wanted) = wanted.split_once(':').map_or((None, wanted), |(kind, name)| (Some(kind), name));
    let is_kind = kind.is_none_or(|kind| head.actor.is_some_and(|actor| actor.kind.word() == kind));
    is_kind && (name == wanted || name.split_once('@').is_some_and(|(name, _)| name == wanted))
}

fn is_wanted(head: &Head<'_>, query: &JournalQuery) -> bool {
    query.pane.is_none_or(|pane| head.pane == Some(pane))
        && query.since_ms.is_none_or(|since| head.ts >= since)
        && query.after_seq.is_none_or(|after| head.seq > after)
        && query.by.as_deref().is_none_or(|by| is_by(head, by))
        && (query.kinds.is_empty() || query.kinds.iter().any(|kind| head.event.starts_with(kind.as_str())))
}

/// The newest lines that `query` wants, oldest first, and whether there are more than fitted.
pub(in crate::server) fn query(folder: &Path, query: &JournalQuery) -> (Vec<String>, bool) {
    let limit = if query.limit == 0 { usize::MAX } else { query.limit as usize };
    let (mut found, mut bytes, mut more) = (Vec::new(), 0, false);
    'files: for age in 0..FILES_MAX {
        let Some(text) = read(&folder.join(file_name(age))) else { break };
        for line in text.split(|byte| *byte == b'\n').rev() {
            let Ok(line) = std::str::from_utf8(line) else { continue };
            let Ok(head) = serde_json::from_str::<Head<'_>>(line) else { continue };
            if query.after_seq.is_some_and(|after| head.seq <= after) {
                // Numbers only grow.
                break 'files;
            }
            if !is_wanted(&head, query) {
                continue;
            }
            if found.len() >= limit || bytes + line.len() > ANSWER_MAX {
                more = true;
                break 'files;
            }
            bytes += line.len() + 8;
            found.push(line.to_owned());
        }
    }
    found.reverse();
    (found, more)
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    if file.metadata().ok()?.len() > FILE_MAX {
        return None;
    }
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut BufReader::new(file), &mut bytes).ok()?;
    Some(bytes)
}

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::server) enum Tampered {
    /// A line that is not one.
    #[error("{file}, line {line}: not a line of the journal")]
    Garbage {
        /// Which file.
        file: String,
        /// From 1.
        line: usize,
    },
    /// Numbers are missing.
    #[error("{file}, line {line}: number {found} where {expected} should be: lines are missing or out of order")]
    Gap {
        /// Which file.
        file: String,
        /// From 1.
        line: usize,
        /// The number that is there.
        found: u64,
        /// The number that should be.
        expected: u64,
    },
    /// The line before it is not what it was.
    #[error("{file}, line {line}: the line before it (number {before}) was changed after it was written")]
    Changed {
        /// Which file.
        file: String,
        /// From 1.
        line: usize,
        /// Whose digest does not fit.
        before: u64,
    },
    /// The end is missing.
    #[error("the last line is number {found}; the server has written {expected}: the end is missing or was changed")]
    Cut {
        /// The last number that is there.
        found: u64,
        /// The last number that was written.
        expected: u64,
    },
}

/// Checks numbers and digests of all lines that are still there; `end` is the next number and the last digest, as the writer remembers them. Gives the first
/// and the last number.
pub(in crate::server) fn verify(folder: &Path, end: &(u64, String)) -> Result<Option<(u64, u64)>, Tampered> {
    #[derive(Deserialize)]
    struct Chained {
        seq: u64,
        prev: String,
    }
    let ages = (0..FILES_MAX).take_while(|age| folder.join(file_name(*age)).exists()).count();
    let mut span: Option<(u64, u64)> = None;
    let mut last = first_prev();
    for age in (0..u32::try_from(ages).unwrap_or(FILES_MAX)).rev() {
        let file = file_name(age);
        let Ok(opened) = File::open(folder.join(&file)) else { continue };
        for (at, text) in BufReader::new(opened).split(b'\n').enumerate() {
            let line = at + 1;
            let garbage = || Tampered::Garbage { file: file.clone(), line };
            let text = text.map_err(|_| garbage())?;
            let Chained { seq, prev } = serde_json::from_slice(&text).map_err(|_| garbage())?;
            if let Some((_, before)) = span
                && seq != before + 1
            {
                return Err(Tampered::Gap { file, line, found: seq, expected: before + 1 });
            }
            // What came before the oldest line that is kept was deleted with its file.
            let known = span.is_some() || seq == 1;
            if prev.len() != DIGEST_DIGITS || known && prev != last {
                return Err(Tampered::Changed { file, line, before: seq.saturating_sub(1) });
            }
            last = digest(&text);
            span = Some((span.map_or(seq, |(first, _)| first), seq));
        }
    }
    let (next, remembered) = end;
    let found = span.map_or(0, |(_, last)| last);
    if found + 1 < *next || found + 1 == *next && *remembered != last {
        return Err(Tampered::Cut { found, expected: next - 1 });
    }
    Ok(span)
}
