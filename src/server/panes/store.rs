//! The history's segments in the pane's memory: [`Segments`] over [`PaneMemory`]. The two rooms agree on the sizes without knowing each other; that
//! they do is checked here when this is compiled.

use crate::ring::{COMMIT_LEN, PaneMemory, SEGMENT_LEN};
use crate::terminal::history::{COMMIT_BYTES, SEGMENT_BYTES, Segments};

const _: () = assert!(COMMIT_LEN == COMMIT_BYTES && SEGMENT_LEN == SEGMENT_BYTES, "ring and history disagree");

/// A pane's memory, of which the history uses the segments and everybody else the rest.
#[derive(Debug)]
pub struct Store(pub(super) PaneMemory);

impl Segments for Store {
    fn count(&self) -> usize {
        self.0.segment_count()
    }

    fn read(&self, i: usize) -> &[u8] {
        self.0.segment(i)
    }

    fn write(&mut self, i: usize) -> &mut [u8] {
        self.0.segment_mut(i)
    }

    fn release(&mut self, i: usize) {
        if let Err(error) = self.0.release_segment(i) {
            tracing::debug!(%error, "a history segment keeps its memory");
        }
    }

    fn commit(&mut self, block: &[u8; COMMIT_BYTES]) {
        self.0.commit(block);
    }

    fn committed(&self) -> Option<[u8; COMMIT_BYTES]> {
        self.0.committed()
    }
}
