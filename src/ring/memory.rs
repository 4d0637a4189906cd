//! [`PaneMemory`]: a pane's memory, open.
//!
//! One process at a time writes through this type: the server that the keeper let in after the death of the one before. Where the keeper reads the
//! masters (the fallback build), it alone moves `head` and writes ring bytes outside `consumed..head`, and the server alone the rest.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::layout::{
    AT_BASE, AT_COMMIT, AT_CONSUMED, AT_FLOOR, AT_HEAD, AT_JOURNAL, AT_LEN, AT_RESIZES, AT_STATUS, AT_USED, COMMIT_LEN, COMMIT_STRIDE,
    Config, Geometry, META_LEN, OpenError, PAGE, RESIZES_MAX, SEGMENT_LEN, SLOT_HEAD, pack, unpack,
};
use super::map::Map;
use crate::geometry::Size;
use crate::platform;

/// No pane prints this many bytes; a larger head is garbage.
const HEAD_MAX: u64 = 1 << 60;
/// The base of an intent that recovery can never take for a read that happened: the keeper reads.
pub(super) const BASE_PLAIN: u64 = u64::MAX;
/// The status that no packet has.
pub(super) const STATUS_NONE: u8 = 0xff;

/// A change of the terminal's size, in the order of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resize {
    /// Bytes printed before it, as far as the server had parsed.
    pub at: u64,
    /// The size from there on.
    pub size: Size,
}

/// One of two places of a record that is written in turn.
#[derive(Debug, Clone, Copy)]
struct Slot {
    at: usize,
    len: u64,
    /// Its bit in the word that says which slots were ever written.
    used: u64,
}

/// A pane's memory, mapped. See the module above for what it holds.
#[derive(Debug)]
pub struct PaneMemory {
    pub(super) map: Map,
    pub(super) geometry: Geometry,
    object: OwnedFd,
    /// The commit slot written last, and its number.
    last_commit: Option<(usize, u64)>,
}

impl PaneMemory {
    /// Creates a memory object without mapping it: what the keeper does, which needs no page of it. Touches two pages.
    ///
    /// # Errors
    /// `InvalidInput` for lengths outside [`Config`]'s ranges, else what the system says (descriptors or memory exhausted).
    pub fn create_object(config: &Config) -> io::Result<OwnedFd> {
        let geometry = Geometry::of(config)?;
        let object = platform::memory_object(geometry.total())?;
        let mut header = [0_u8; 256];
        header[..64].copy_from_slice(&geometry.encode());
        header[AT_STATUS] = STATUS_NONE;
        header[AT_RESIZES..AT_RESIZES + 8].copy_from_slice(&1_u64.to_le_bytes());
        let mut first_size = [0; 16];
        first_size[8..].copy_from_slice(&pack(config.size.at_least_one()).to_le_bytes());
        header[AT_USED] = u8::from(!config.meta.is_empty());
        platform::write_at(object.as_fd(), &header, 0)?;
        platform::write_at(object.as_fd(), &first_size, AT_JOURNAL as u64)?;
        if !config.meta.is_empty() {
            let mut slot = vec![0; SLOT_HEAD];
            slot.extend_from_slice(&config.meta);
            seal_slot(&mut slot, 1);
            slot[..8].copy_from_slice(&1_u64.to_le_bytes());
            platform::write_at(object.as_fd(), &slot, Geometry::meta_at(0))?;
        }
        Ok(object)
    }

    /// Creates a memory and opens it; the descriptor is a second one, to hand on.
    ///
    /// # Errors
    /// As [`PaneMemory::create_object`].
    pub fn create(config: &Config) -> io::Result<(Self, OwnedFd)> {
        let object = Self::create_object(config)?;
        let second = object.try_clone()?;
        let memory = Self::open(object).map_err(|error| match error {
            OpenError::Io(error) => error,
            other => io::Error::other(other.to_string()),
        })?;
        Ok((memory, second))
    }

    /// Opens a pane's memory that another process left. Call [`PaneMemory::recover`] before anything else that reads.
    ///
    /// # Errors
    /// [`OpenError`] when it is not sealed, or its header is not sound; live words that are out of range are mended, not refused.
    pub fn open(object: OwnedFd) -> Result<Self, OpenError> {
        if !platform::is_sealed(object.as_fd())? {
            return Err(OpenError::Unsealed);
        }
        let len = platform::object_len(object.as_fd())?;
        if len < PAGE {
            return Err(OpenError::Header("length"));
        }
        let mut header = [0_u8; 64];
        platform::read_at(object.as_fd(), &mut header, 0)?;
        let geometry = Geometry::decode(&header, len)?;
        let map = Map::new(object.as_fd(), usize::try_from(len).map_err(|_| OpenError::Header("length"))?)?;
        if map.word(AT_HEAD).load(Acquire) > HEAD_MAX {
            return Err(OpenError::Header("head"));
        }
        Ok(Self { map, geometry, object, last_commit: None })
    }

    /// Settles a read that a kill interrupted: adopts its bytes if it happened. Returns how many were adopted. To be called once after `open`, when
    /// the process that read before is dead for certain. Where the keeper reads it finds nothing to do.
    pub fn recover(&mut self) -> u64 {
        let (status, base, len) = (self.map.byte(AT_STATUS), self.map.word(AT_BASE), self.map.word(AT_LEN));
        if base.load(Acquire) == BASE_PLAIN {
            // The keeper may be reading at this moment: the words below are its own.
            return 0;
        }
        let (head, len) = (self.head(), len.load(Acquire));
        let adopted = if status.load(Acquire) == 0 && base.load(Acquire) == head && len <= self.geometry.ring_len { len } else { 0 };
        self.map.word(AT_HEAD).store(head + adopted, Release);
        self.map.byte(AT_STATUS).store(STATUS_NONE, Release);
        adopted
    }

    /// Says that from now on the keeper reads into this memory, by [`PaneMemory::take_plain`]. A later [`PaneMemory::take`] takes it back.
    pub fn begin_plain(&mut self) {
        self.recover();
        self.map.word(AT_BASE).store(BASE_PLAIN, Release);
    }

    /// A second descriptor of the same object.
    ///
    /// # Errors
    /// When descriptors are exhausted.
    pub fn object(&self) -> io::Result<OwnedFd> {
        self.object.try_clone()
    }

    /// Length of the ring in bytes.
    #[must_use]
    pub fn ring_len(&self) -> u64 {
        self.geometry.ring_len
    }

    /// Bytes printed in the pane's life.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.map.word(AT_HEAD).load(Acquire).min(HEAD_MAX)
    }

    /// The oldest byte that can be replayed: still in the ring, and printed after a resize that the journal remembers.
    #[must_use]
    pub fn tail(&self) -> u64 {
        let head = self.head();
        head.saturating_sub(self.geometry.ring_len).max(self.map.word(AT_FLOOR).load(Acquire)).min(head)
    }

    /// The output `from..to`, in two parts where the ring wraps. What is before the tail or after the head is left out.
    #[must_use]
    pub fn bytes(&self, from: u64, to: u64) -> (&[u8], &[u8]) {
        let to = to.min(self.head());
        let from = from.max(self.tail()).min(to);
        let (at, first, second) = self.ring_range(from, to - from);
        (self.map.slice(at, first), self.map.slice(ring_at(), second))
    }

    /// Place and length of `len` ring bytes from `from`: an offset, the bytes from there, the bytes from the ring's start.
    pub(super) fn ring_range(&self, from: u64, len: u64) -> (usize, usize, usize) {
        // Ring lengths are at most 64 MiB, so these fit any usize.
        let within = (from & (self.geometry.ring_len - 1)) as usize;
        let first = (self.geometry.ring_len as usize - within).min(len as usize);
        (ring_at() + within, first, len as usize - first)
    }

    /// Notes that the terminal gets `size` after `at` parsed bytes. To be called *before* the terminal is told, so that a replay knows of every size
    /// that output could have been made for. Offsets do not go back; a smaller `at` counts as the last one.
    pub fn record_resize(&mut self, at: u64, size: Size) {
        let count = self.map.word(AT_RESIZES).load(Acquire);
        let last = count.checked_sub(1).and_then(|index| self.entry(index));
        let at = at.min(self.head()).max(last.map_or(0, |last| last.at));
        let raw = pack(size.at_least_one());
        if count >= RESIZES_MAX as u64 {
            if let Some(last) = last
                && last.at == at
            {
                // A drag at an idle prompt: forgetting output for sizes that nothing was printed in would be a bad trade.
                self.map.word(entry_at(count - 1) + 8).store(raw, Release);
                return;
            }
            // The oldest entry is about to be forgotten; what was printed before the next one cannot be replayed in its size any more.
            let floor = self.entry(count + 1 - RESIZES_MAX as u64).map_or_else(|| self.head(), |next| next.at);
            self.map.word(AT_FLOOR).fetch_max(floor, Release);
        }
        let place = entry_at(count);
        self.map.word(place).store(at, Release);
        self.map.word(place + 8).store(raw, Release);
        self.map.word(AT_RESIZES).store(count.wrapping_add(1), Release);
    }

    /// The resizes that are remembered, oldest first; the last one that is not after [`PaneMemory::tail`] is the size to start a replay with.
    #[must_use]
    pub fn resizes(&self) -> Vec<Resize> {
        let count = self.map.word(AT_RESIZES).load(Acquire);
        let mut last = 0;
        (count.saturating_sub(RESIZES_MAX as u64)..count)
            .filter_map(|index| self.entry(index))
            .filter(|resize| {
                let sound = resize.at >= last;
                last = last.max(resize.at);
                sound
            })
            .collect()
    }

    fn entry(&self, index: u64) -> Option<Resize> {
        let place = entry_at(index);
        let at = self.map.word(place).load(Acquire);
        let size = unpack(self.map.word(place + 8).load(Acquire))?;
        (at <= self.head()).then_some(Resize { at, size })
    }

    /// Keeps `bytes` in the meta slot: title and whatever else a successor wants to know. Replaces what was there, whole or not at all.
    ///
    /// # Errors
    /// `InvalidInput` above [`super::META_MAX`] bytes.
    pub fn put_meta(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put_slot(self.meta_slots(), bytes)
    }

    /// The last meta that was put whole.
    #[must_use]
    pub fn meta(&self) -> Option<&[u8]> {
        self.slot(self.meta_slots())
    }

    /// Keeps a checkpoint, as [`PaneMemory::put_meta`] does.
    ///
    /// # Errors
    /// `InvalidInput` when it is larger than the slot less 24 bytes.
    pub fn put_checkpoint(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put_slot(self.checkpoint_slots(), bytes)
    }

    /// The last checkpoint that was put whole.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&[u8]> {
        self.slot(self.checkpoint_slots())
    }

    fn meta_slots(&self) -> [Slot; 2] {
        [0, 1].map(|slot| Slot { at: Geometry::meta_at(slot) as usize, len: META_LEN, used: 1 << slot })
    }

    fn checkpoint_slots(&self) -> [Slot; 2] {
        let len = self.geometry.checkpoint_len;
        [0, 1].map(|slot| Slot { at: self.geometry.checkpoint_at(slot) as usize, len, used: 4 << slot })
    }

    fn put_slot(&mut self, slots: [Slot; 2], bytes: &[u8]) -> io::Result<()> {
        let whole = SLOT_HEAD + bytes.len();
        if whole as u64 > slots[0].len {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "larger than its slot"));
        }
        let seqs = slots.map(|slot| self.slot_at(slot).map_or(0, |(seq, _)| seq));
        let (target, seq) = if seqs[0] <= seqs[1] { (slots[0], seqs[1]) } else { (slots[1], seqs[0]) };
        // Order: the old content stops being valid, the new one is written and summed, then its number makes it the newest.
        self.map.word(target.at).store(0, Release);
        self.map.word(AT_USED).fetch_or(target.used, Release);
        let content = self.map.slice_mut(target.at + 8, whole - 8);
        content[SLOT_HEAD - 8..].copy_from_slice(bytes);
        let seq = seq.wrapping_add(1).max(1);
        let sum = slot_sum(seq, bytes);
        content[0..4].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        content[4..8].copy_from_slice(&sum.to_le_bytes());
        self.map.word(target.at).store(seq, Release);
        Ok(())
    }

    fn slot(&self, slots: [Slot; 2]) -> Option<&[u8]> {
        slots.iter().filter_map(|slot| self.slot_at(*slot)).max_by_key(|(seq, _)| *seq).map(|(_, bytes)| bytes)
    }

    fn slot_at(&self, slot: Slot) -> Option<(u64, &[u8])> {
        if slot.len < SLOT_HEAD as u64 || self.map.word(AT_USED).load(Acquire) & slot.used == 0 {
            return None;
        }
        let seq = self.map.word(slot.at).load(Acquire);
        let lengths = self.map.word(slot.at + 8).load(Relaxed);
        let (len, sum) = ((lengths & 0xffff_ffff) as usize, (lengths >> 32) as u32);
        if seq == 0 || (len + SLOT_HEAD) as u64 > slot.len {
            return None;
        }
        let bytes = self.map.slice(slot.at + SLOT_HEAD, len);
        (slot_sum(seq, bytes) == sum).then_some((seq, bytes))
    }

    /// History segments that there is room for.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.geometry.segments as usize
    }

    /// Segment `index`, [`SEGMENT_LEN`] bytes; empty if there is no such segment. Reading a segment that was never written costs its pages.
    #[must_use]
    pub fn segment(&self, index: usize) -> &[u8] {
        if index >= self.segment_count() {
            return &[];
        }
        self.map.slice(self.geometry.segment_at(index as u64) as usize, SEGMENT_LEN)
    }

    /// Segment `index`, to write; empty if there is no such segment. A kill may leave any prefix of the stores: a [`PaneMemory::commit`] that names
    /// what is whole makes it safe.
    pub fn segment_mut(&mut self, index: usize) -> &mut [u8] {
        if index >= self.segment_count() {
            return &mut [];
        }
        self.map.slice_mut(self.geometry.segment_at(index as u64) as usize, SEGMENT_LEN)
    }

    /// Gives the memory of segment `index` back; it reads as zeros again.
    ///
    /// # Errors
    /// What the system says; the segment is then still as it was.
    pub fn release_segment(&mut self, index: usize) -> io::Result<()> {
        if index >= self.segment_count() {
            return Ok(());
        }
        let at = self.geometry.segment_at(index as u64);
        if platform::punch_hole(self.object.as_fd(), at, SEGMENT_LEN as u64).is_err() {
            // No holes on this system: the pages stay, but what they said is gone.
            self.segment_mut(index).fill(0);
        }
        Ok(())
    }

    /// Makes `record` the state of the history area, whole or not at all, whenever the process is killed.
    pub fn commit(&mut self, record: &[u8; COMMIT_LEN]) {
        // Looked up once: nobody else commits while this process has the memory, and each output does.
        let (slot, seq) = self.last_commit.map_or_else(
            || {
                let seqs = [self.commit_at(0), self.commit_at(1)].map(|slot| slot.map_or(0, |(seq, _)| seq));
                if seqs[0] <= seqs[1] { (0, seqs[1]) } else { (1, seqs[0]) }
            },
            |(slot, seq)| (1 - slot, seq),
        );
        let at = AT_COMMIT + slot * COMMIT_STRIDE;
        let seq = seq.wrapping_add(1).max(1);
        self.map.word(at).store(0, Release);
        self.map.slice_mut(at + 16, COMMIT_LEN).copy_from_slice(record);
        self.map.word(at + 8).store(u64::from(slot_sum(seq, record)), Release);
        self.map.word(at).store(seq, Release);
        self.last_commit = Some((slot, seq));
    }

    /// The last record that was committed.
    #[must_use]
    pub fn committed(&self) -> Option<[u8; COMMIT_LEN]> {
        [self.commit_at(0), self.commit_at(1)].into_iter().flatten().max_by_key(|(seq, _)| *seq).map(|(_, record)| record)
    }

    fn commit_at(&self, slot: usize) -> Option<(u64, [u8; COMMIT_LEN])> {
        let at = AT_COMMIT + slot * COMMIT_STRIDE;
        let seq = self.map.word(at).load(Acquire);
        let sum = self.map.word(at + 8).load(Acquire);
        let record: [u8; COMMIT_LEN] = self.map.slice(at + 16, COMMIT_LEN).try_into().ok()?;
        (seq != 0 && sum == u64::from(slot_sum(seq, &record))).then_some((seq, record))
    }

    /// Where the keeper reads: output up to `to` is parsed and may be overwritten.
    pub fn set_consumed(&mut self, to: u64) {
        self.map.word(AT_CONSUMED).fetch_max(to.min(self.head()), Release);
    }

    /// Where the keeper reads: what the server has parsed.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.map.word(AT_CONSUMED).load(Acquire).min(self.head())
    }
}

impl AsFd for PaneMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.object.as_fd()
    }
}

fn ring_at() -> usize {
    Geometry::ring_at() as usize
}

fn entry_at(index: u64) -> usize {
    AT_JOURNAL + (index % RESIZES_MAX as u64) as usize * 16
}

/// The number is part of the sum, so that an old content under a new number, or the reverse, is not taken for whole.
fn slot_sum(seq: u64, bytes: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new_with_initial(0);
    sum.update(&seq.to_le_bytes());
    sum.update(bytes);
    sum.finalize()
}

fn seal_slot(slot: &mut [u8], seq: u64) {
    let (head, bytes) = slot.split_at_mut(SLOT_HEAD);
    head[8..12].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    head[12..16].copy_from_slice(&slot_sum(seq, bytes).to_le_bytes());
}
