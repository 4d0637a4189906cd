//! The small things about a pane that must outlive the server and the ring: kept in the meta slot of its memory, as CBOR with numbered fields.

use minicbor::{Decode, Encode};

/// What the meta slot says. The owner puts the first one there when the pane is spawned; the pane's worker keeps it up to date.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct PaneMeta {
    /// Which start of the pane's program this memory belongs to.
    #[n(0)]
    pub incarnation: u32,
    /// The title last set by the program, at most [`crate::terminal::effect::TEXT_MAX_BYTES`].
    #[n(1)]
    pub title: Option<String>,
    /// The working directory last reported by the program, of at most the same length.
    #[n(2)]
    pub cwd: Option<String>,
}

impl PaneMeta {
    /// As bytes for the slot; fits [`crate::ring::META_MAX`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to a Vec does not fail.
        let _ = minicbor::encode(self, &mut bytes);
        bytes
    }

    /// From the slot's bytes; `None` if they are something else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::META_MAX;
    use crate::terminal::effect::TEXT_MAX_BYTES;

    #[test]
    fn the_longest_fits_and_comes_back() {
        let text = Some("x".repeat(TEXT_MAX_BYTES));
        let meta = PaneMeta { incarnation: u32::MAX, title: text.clone(), cwd: text };
        let bytes = meta.encode();
        assert!(bytes.len() <= META_MAX);
        assert_eq!(PaneMeta::decode(&bytes), Some(meta));
        assert_eq!(PaneMeta::decode(&[1, 0, 0, 0]), None);
        assert_eq!(PaneMeta::decode(&[]), None);
    }
}
