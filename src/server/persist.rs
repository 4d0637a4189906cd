//! The state that outlives this process: two slots in a memory file that the keeper holds.
//!
//! ```text
//!   0        64       128                4096
//!   | header A | header B |   ...        | payloads of A and B, wherever there is room |
//!   header: magic u64, sequence u64, offset u64, length u64, crc of the payload u32, crc of this header u32
//! ```
//!
//! A commit writes the payload where the valid slot's payload is not, then the header of the other slot. A server that is killed at any byte of
//! this leaves the older slot whole, and both are told from garbage by their checksums. Everything goes through `pwrite` and `pread`: no mapping,
//! no page fault, no torn view. The file lives in memory: it may hold names and folders, and is gone with the keeper.
//!
//! What is committed before an answer acknowledges it survives any kill of the server. Nothing else has to.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

const MAGIC: u64 = 0x3154_4154_534e_5442; // "BTNSTAT1"
const HEADER_LEN: usize = 64;
const DATA_AT: u64 = 4096;
/// Largest payload that is believed, in bytes.
const PAYLOAD_MAX: u64 = 20 * 1024 * 1024;
/// Length of the memory object: room for any two payloads. Pages cost memory only once written.
pub const OBJECT_LEN: u64 = 64 * 1024 * 1024;

#[derive(Debug, Clone, Copy)]
struct Header {
    sequence: u64,
    offset: u64,
    len: u64,
    crc: u32,
}

impl Header {
    fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[..8].copy_from_slice(&MAGIC.to_le_bytes());
        out[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        out[16..24].copy_from_slice(&self.offset.to_le_bytes());
        out[24..32].copy_from_slice(&self.len.to_le_bytes());
        out[32..36].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc32fast::hash(&out[..36]);
        out[36..40].copy_from_slice(&crc.to_le_bytes());
        out
    }

    fn from_bytes(raw: &[u8; HEADER_LEN]) -> Option<Self> {
        let u64_at = |at: usize| raw[at..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        let u32_at = |at: usize| raw[at..].first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
        if u64_at(0)? != MAGIC || u32_at(36)? != crc32fast::hash(&raw[..36]) {
            return None;
        }
        let header = Self { sequence: u64_at(8)?, offset: u64_at(16)?, len: u64_at(24)?, crc: u32_at(32)? };
        (header.len <= PAYLOAD_MAX && header.offset >= DATA_AT && header.offset.checked_add(header.len).is_some()).then_some(header)
    }
}

/// The file with its two slots.
#[derive(Debug)]
pub struct Slots {
    file: File,
    /// The slot that holds the newest state, and its header.
    newest: Option<(usize, Header)>,
}

impl Slots {
    /// Takes up a file, new or used, and gives the newest state in it that is whole, if there is one.
    #[must_use]
    pub fn open(file: OwnedFd) -> (Self, Option<Vec<u8>>) {
        let file = File::from(file);
        let mut found: Vec<(usize, Header, Vec<u8>)> = (0..2).filter_map(|slot| Self::read(&file, slot)).collect();
        found.sort_by_key(|(_, header, _)| header.sequence);
        match found.pop() {
            Some((slot, header, payload)) => (Self { file, newest: Some((slot, header)) }, Some(payload)),
            None => (Self { file, newest: None }, None),
        }
    }

    fn read(file: &File, slot: usize) -> Option<(usize, Header, Vec<u8>)> {
        let mut raw = [0; HEADER_LEN];
        file.read_exact_at(&mut raw, (slot * HEADER_LEN) as u64).ok()?;
        let header = Header::from_bytes(&raw)?;
        // The length is checked against the file before anything is allocated.
        if header.offset + header.len > file.metadata().ok()?.len() {
            return None;
        }
        let mut payload = vec![0; usize::try_from(header.len).ok()?];
        file.read_exact_at(&mut payload, header.offset).ok()?;
        (crc32fast::hash(&payload) == header.crc).then_some((slot, header, payload))
    }

    /// Makes `payload` the newest state.
    ///
    /// # Errors
    /// Those of `pwrite` (no memory), `FileTooLarge` above 20 MiB; the older state stays valid.
    pub fn commit(&mut self, payload: &[u8]) -> io::Result<()> {
        let len = payload.len() as u64;
        if len > PAYLOAD_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the state is too large to be kept"));
        }
        let (slot, sequence, offset) = match &self.newest {
            None => (0, 1, DATA_AT),
            // In front of the valid payload if there is room, else behind it.
            Some((slot, header)) if DATA_AT + len <= header.offset => (1 - slot, header.sequence + 1, DATA_AT),
            Some((slot, header)) => (1 - slot, header.sequence + 1, header.offset + header.len),
        };
        let header = Header { sequence, offset, len, crc: crc32fast::hash(payload) };
        self.file.write_all_at(payload, offset)?;
        self.file.write_all_at(&header.to_bytes(), (slot * HEADER_LEN) as u64)?;
        self.newest = Some((slot, header));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        tempfile::tempfile().unwrap()
    }

    fn reopen(file: &File) -> (Slots, Option<Vec<u8>>) {
        Slots::open(OwnedFd::from(file.try_clone().unwrap()))
    }

    #[test]
    fn the_newest_state_is_found_whatever_its_length() {
        let file = file();
        let (mut slots, nothing) = reopen(&file);
        assert_eq!(nothing, None);
        for round in 0_u32..200 {
            let payload = vec![round as u8; 1 + (round as usize * 977) % 9000];
            slots.commit(&payload).unwrap();
            assert_eq!(reopen(&file).1, Some(payload), "round {round}");
        }
        assert!(file.metadata().unwrap().len() < 64 * 1024, "the file does not grow without end");
    }

    #[test]
    fn a_commit_torn_at_any_byte_leaves_the_state_before_it() {
        let file = file();
        let (mut slots, _) = reopen(&file);
        slots.commit(b"first").unwrap();
        slots.commit(b"second, longer").unwrap();
        let mut before = vec![0; file.metadata().unwrap().len() as usize];
        file.read_exact_at(&mut before, 0).unwrap();
        slots.commit(b"third").unwrap();
        let mut after = vec![0; file.metadata().unwrap().len() as usize];
        file.read_exact_at(&mut after, 0).unwrap();
        // Bytes reach the file in order within the payload, then in order within the header.
        let changed: Vec<usize> = (0..after.len()).filter(|at| before.get(*at) != Some(&after[*at])).collect();
        let order: Vec<usize> =
            changed.iter().copied().filter(|at| *at >= 4096).chain(changed.iter().copied().filter(|at| *at < 4096)).collect();
        for torn in 0..order.len() {
            let torn_file = tempfile::tempfile().unwrap();
            torn_file.write_all_at(&before, 0).unwrap();
            for at in &order[..torn] {
                torn_file.write_all_at(&after[*at..=*at], *at as u64).unwrap();
            }
            assert_eq!(reopen(&torn_file).1.as_deref(), Some(&b"second, longer"[..]), "torn after {torn} bytes");
        }
    }

    #[test]
    fn garbage_is_no_state() {
        let file = file();
        file.write_all_at(&[0xff; 8192], 0).unwrap();
        let (mut slots, nothing) = reopen(&file);
        assert_eq!(nothing, None);
        slots.commit(b"fresh").unwrap();
        assert_eq!(reopen(&file).1.as_deref(), Some(&b"fresh"[..]));
    }
}
