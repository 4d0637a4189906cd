//! Paste buffers: a stack of automatic ones, and named ones, as in tmux. They live in this process only and are bounded: [`AUTOMATIC_MAX`] automatic
//! ones (the oldest goes), [`TOTAL_MAX_BYTES`] in all (the oldest automatic ones go; a text that does not fit even so is refused).

use crate::protocol::message::BufferInfo;

/// Automatic buffers kept.
pub(super) const AUTOMATIC_MAX: usize = 50;
/// Bytes of all buffers.
pub(super) const TOTAL_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Characters of a buffer's beginning that the list shows.
const SAMPLE_CHARS: usize = 50;

/// Why a buffer was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BufferError {
    /// It and the named ones are together above the limit.
    #[error("the buffers would take {bytes} bytes, more than {TOTAL_MAX_BYTES}")]
    TooLarge {
        /// What they would take.
        bytes: usize,
    },
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    buffers: Vec<Buffer>,
    next: u64,
}

#[derive(Debug)]
struct Buffer {
    name: String,
    automatic: bool,
    text: String,
}

impl Buffers {
    /// Keeps `text` under `name`, in place of an older one of that name, or as the newest automatic one. Gives the name.
    ///
    /// # Errors
    /// [`BufferError`]; nothing changed.
    pub(super) fn set(&mut self, name: Option<String>, text: String) -> Result<String, BufferError> {
        let kept: usize = self.buffers.iter().filter(|b| !b.automatic && Some(&b.name) != name.as_ref()).map(|b| b.text.len()).sum();
        if kept + text.len() > TOTAL_MAX_BYTES {
            return Err(BufferError::TooLarge { bytes: kept + text.len() });
        }
        let automatic = name.is_none();
        let name = name.unwrap_or_else(|| {
            self.next += 1;
            format!("buffer{}", self.next - 1)
        });
        self.buffers.retain(|buffer| buffer.name != name);
        self.buffers.push(Buffer { name: name.clone(), automatic, text });
        while self.buffers.iter().filter(|buffer| buffer.automatic).count() > AUTOMATIC_MAX
            || self.buffers.iter().map(|buffer| buffer.text.len()).sum::<usize>() > TOTAL_MAX_BYTES
        {
            let Some(oldest) = self.buffers.iter().position(|buffer| buffer.automatic) else { break };
            self.buffers.remove(oldest);
        }
        Ok(name)
    }

    /// The text under `name`, or the newest automatic one.
    pub(super) fn get(&self, name: Option<&str>) -> Option<&str> {
        self.find(name).and_then(|at| self.buffers.get(at)).map(|buffer| buffer.text.as_str())
    }

    /// Forgets one; false if there is none.
    pub(super) fn delete(&mut self, name: Option<&str>) -> bool {
        self.find(name).map(|at| self.buffers.remove(at)).is_some()
    }

    /// All, newest first.
    pub(super) fn list(&self) -> Vec<BufferInfo> {
        let info = |buffer: &Buffer| BufferInfo {
            name: buffer.name.clone(),
            bytes: buffer.text.len() as u64,
            sample: buffer.text.chars().take(SAMPLE_CHARS).flat_map(char::escape_debug).collect(),
        };
        self.buffers.iter().rev().map(info).collect()
    }

    fn find(&self, name: Option<&str>) -> Option<usize> {
        self.buffers.iter().rposition(|buffer| name.map_or(buffer.automatic, |name| buffer.name == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn automatic_buffers_are_a_bounded_stack() {
        let mut buffers = Buffers::default();
        buffers.set(Some("kept".into()), "k".into()).unwrap();
        for n in 0..200 {
            buffers.set(None, format!("text {n}")).unwrap();
        }
        assert_eq!(buffers.get(None), Some("text 199"));
        assert_eq!(buffers.list().len(), AUTOMATIC_MAX + 1);
        assert_eq!(buffers.get(Some("kept")), Some("k"));
        assert!(buffers.delete(None));
        assert_eq!(buffers.get(None), Some("text 198"));
        assert!(!buffers.delete(Some("none")));
    }

    #[test]
    fn bytes_are_bounded() {
        let mut buffers = Buffers::default();
        let big = "x".repeat(TOTAL_MAX_BYTES / 2);
        buffers.set(Some("a".into()), big.clone()).unwrap();
        buffers.set(None, big.clone()).unwrap();
        buffers.set(None, "small".into()).unwrap();
        assert_eq!(buffers.list().len(), 2, "the oldest automatic one made room");
        assert!(buffers.set(Some("b".into()), big + "x").is_err());
        assert_eq!(buffers.get(Some("a")).map(str::len), Some(TOTAL_MAX_BYTES / 2));
    }
}
