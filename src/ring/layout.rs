//! Where everything lies in a pane's memory, and the header that says so.
//!
//! The header page: bytes 0..64 are the geometry (magic, version, lengths, checksum), written once. The live words begin at 128, each in a place of
//! its own; the journal of resizes is an array of 64 entries of 16 bytes; two commit slots follow, then the input's words and its table of 64 sources
//! ([`super::input`]). The numbers here are frozen with the keeper's protocol: a newer server must read what an older one left.

use std::io;

use crate::geometry::Size;

/// Bytes of a page as this format counts them, whatever the machine's own.
pub(super) const PAGE: u64 = 4096;
/// Bytes of a history segment.
pub const SEGMENT_LEN: usize = 64 * 1024;
/// Most bytes in the meta slot.
pub const META_MAX: usize = 4096 - SLOT_HEAD;
/// Bytes of a [`super::PaneMemory::commit`] record.
pub const COMMIT_LEN: usize = 96;
/// Resizes that the journal remembers.
pub const RESIZES_MAX: usize = 64;

/// Bytes before the content of a meta or checkpoint slot: seq, length, checksum, spare.
pub(super) const SLOT_HEAD: usize = 24;
pub(super) const META_LEN: u64 = 4096;

pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"batonpn\x01");
pub(super) const VERSION: u32 = 1;
const GEOMETRY_LEN: usize = 64;

pub(super) const AT_HEAD: usize = 128;
pub(super) const AT_BASE: usize = 136;
pub(super) const AT_LEN: usize = 144;
pub(super) const AT_STATUS: usize = 152;
pub(super) const AT_FLOOR: usize = 160;
pub(super) const AT_RESIZES: usize = 168;
pub(super) const AT_CONSUMED: usize = 176;
/// One bit a slot that was ever written (meta A, B, checkpoint A, B): looking into an untouched page of a mapping would cost that page.
pub(super) const AT_USED: usize = 184;
pub(super) const AT_JOURNAL: usize = 1024;
pub(super) const AT_COMMIT: usize = 2048;
/// Distance of the two commit slots: seq, checksum, spare, 96 bytes.
pub(super) const COMMIT_STRIDE: usize = 128;

/// The words of [`super::input`]: 64 bytes, then a table of 64 entries of 24 bytes. All zero in a memory whose input goes through the keeper.
pub(super) const AT_INPUT: usize = AT_COMMIT + 2 * COMMIT_STRIDE;
pub(super) const AT_SOURCES: usize = AT_INPUT + 64;
pub(super) const SOURCE_STRIDE: usize = 24;
const _: () = assert!(AT_SOURCES + SOURCE_STRIDE * crate::protocol::keeper::INPUT_SOURCES_MAX <= PAGE as usize, "the header is one page");

const RING_MIN: u64 = PAGE;
const RING_MAX: u64 = 64 << 20;
const CHECKPOINT_MAX: u64 = 64 << 20;
/// 1 GiB of history a pane.
const SEGMENTS_MAX: u64 = 16 * 1024;

/// What a pane's memory is created with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Length of the output ring in bytes: a power of two, 4 KiB..=64 MiB.
    pub ring_len: u32,
    /// Length of each checkpoint slot in bytes, 0..=64 MiB; rounded up to whole pages.
    pub checkpoint_len: u32,
    /// Most bytes of history; rounded down to whole segments, at most 1 GiB.
    pub history_bytes: u64,
    /// The terminal's first size: entry one of the journal.
    pub size: Size,
    /// First content of the meta slot, at most [`META_MAX`] bytes.
    pub meta: Vec<u8>,
}

/// A memory object that is not, or no longer, a pane's memory.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refused.
    #[error("pane memory: {0}")]
    Io(#[from] io::Error),
    /// It could be cut under our feet.
    #[error("pane memory is not sealed")]
    Unsealed,
    /// A field of the header is not what this format allows.
    #[error("pane memory: bad {0}")]
    Header(&'static str),
}

/// The lengths and places of one memory, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub ring_len: u64,
    pub checkpoint_len: u64,
    pub segments: u64,
}

impl Geometry {
    pub(super) fn of(config: &Config) -> io::Result<Self> {
        let geometry = Self {
            ring_len: u64::from(config.ring_len),
            checkpoint_len: u64::from(config.checkpoint_len).next_multiple_of(PAGE),
            segments: (config.history_bytes / SEGMENT_LEN as u64).min(SEGMENTS_MAX),
        };
        geometry.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
        if config.meta.len() > META_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "pane memory: meta is too long"));
        }
        Ok(geometry)
    }

    fn check(&self) -> Result<(), OpenError> {
        if !self.ring_len.is_power_of_two() || !(RING_MIN..=RING_MAX).contains(&self.ring_len) {
            return Err(OpenError::Header("ring length"));
        }
        if self.checkpoint_len > CHECKPOINT_MAX || !self.checkpoint_len.is_multiple_of(PAGE) {
            return Err(OpenError::Header("checkpoint length"));
        }
        if self.segments > SEGMENTS_MAX {
            return Err(OpenError::Header("segment count"));
        }
        Ok(())
    }

    pub(super) const fn meta_at(slot: usize) -> u64 {
        PAGE + slot as u64 * META_LEN
    }

    pub(super) const fn ring_at() -> u64 {
        PAGE + 2 * META_LEN
    }

    pub(super) const fn checkpoint_at(&self, slot: usize) -> u64 {
        Self::ring_at() + self.ring_len + slot as u64 * self.checkpoint_len
    }

    /// Where segment `index` begins; segments start at a multiple of 64 KiB, so that they can be given back on machines with large pages.
    pub(super) fn segment_at(&self, index: u64) -> u64 {
        self.checkpoint_at(2).next_multiple_of(SEGMENT_LEN as u64) + index * SEGMENT_LEN as u64
    }

    pub(super) fn total(&self) -> u64 {
        self.segment_at(self.segments)
    }

    pub(super) fn encode(&self) -> [u8; GEOMETRY_LEN] {
        let mut raw = [0; GEOMETRY_LEN];
        raw[0..8].copy_from_slice(&MAGIC.to_le_bytes());
        raw[8..12].copy_from_slice(&VERSION.to_le_bytes());
        raw[16..24].copy_from_slice(&self.ring_len.to_le_bytes());
        raw[24..32].copy_from_slice(&self.checkpoint_len.to_le_bytes());
        raw[32..40].copy_from_slice(&self.segments.to_le_bytes());
        raw[40..48].copy_from_slice(&(SEGMENT_LEN as u64).to_le_bytes());
        raw[48..56].copy_from_slice(&self.total().to_le_bytes());
        let sum = crc32fast::hash(&raw[..60]);
        raw[60..64].copy_from_slice(&sum.to_le_bytes());
        raw
    }

    /// The geometry in a header page, against the length that the object really has.
    pub(super) fn decode(raw: &[u8], object_len: u64) -> Result<Self, OpenError> {
        let word = |at: usize| raw.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
        let half = |at: usize| raw.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        if word(0) != MAGIC {
            return Err(OpenError::Header("magic"));
        }
        if half(8) != VERSION {
            return Err(OpenError::Header("version"));
        }
        if raw.get(..60).map(crc32fast::hash) != Some(half(60)) {
            return Err(OpenError::Header("checksum"));
        }
        if word(40) != SEGMENT_LEN as u64 {
            return Err(OpenError::Header("segment length"));
        }
        let geometry = Self { ring_len: word(16), checkpoint_len: word(24), segments: word(32) };
        geometry.check()?;
        if geometry.total() != word(48) || geometry.total() != object_len {
            return Err(OpenError::Header("total length"));
        }
        Ok(geometry)
    }
}

pub(super) fn pack(size: Size) -> u64 {
    u64::from(size.cols) | u64::from(size.rows) << 16
}

pub(super) fn unpack(raw: u64) -> Option<Size> {
    let (cols, rows) = ((raw & 0xffff) as u16, (raw >> 16 & 0xffff) as u16);
    (raw >> 32 == 0 && cols > 0 && rows > 0).then_some(Size { cols, rows })
}
