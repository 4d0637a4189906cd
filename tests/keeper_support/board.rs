//! The board: words that everybody may read and write.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub struct Board {
    file: File,
    pub path: PathBuf,
}

/// Set by the driver: everybody finishes.
pub const STOP: u64 = 0;
/// The newest server's process.
pub const SERVER_PID: u64 = 1;
/// Servers that have said `Active`.
pub const ACTIVE: u64 = 2;
pub const KEEPER_PID: u64 = 3;
/// Panes of the campaign.
pub const PANES: u64 = 4;
/// How the server reads: one of the `ORDER_` values.
pub const ORDER: u64 = 5;
/// Reads that were interrupted by a kill and adopted.
pub const ADOPTED: u64 = 6;
/// Holes in a stream, bytes that were missing, bytes that came twice.
pub const GAPS: u64 = 7;
pub const LOST: u64 = 8;
pub const REPEATED: u64 = 9;
/// Chunks read.
pub const READS: u64 = 10;
/// The last typed line that was acknowledged, and the ones the child saw, and whether one was wrong.
pub const TYPED: u64 = 11;
pub const SEEN: u64 = 12;
pub const MISTYPED: u64 = 13;
pub const READER_READY: u64 = 14;
/// What the server shall do next: one of the `DO_` values; it writes 0 when done.
pub const DO: u64 = 15;
/// Children write without pause.
pub const FLAT_OUT: u64 = 16;
pub const SEED: u64 = 17;
/// The code of the last `Err` that a server got.
pub const ERROR: u64 = 18;
/// The number of `Abort`s and `Quiesce`s that servers got.
pub const ABORTS: u64 = 19;
pub const QUIESCES: u64 = 20;
/// Panes that came in quarantine, plus one: the offset.
pub const QUARANTINE: u64 = 21;

/// The last line that any server sent, which the next one must send again until it is acknowledged.
pub const SENT: u64 = 22;

/// The next server that is attached takes this back to 0 and never says `Active`.
pub const MUTE: u64 = 23;

/// Lines that were typed by a server that was killed before it could say so.
pub const RETYPED: u64 = 24;

pub const ORDER_ATTESTED: u64 = 0;
/// Read, then count: loses what was read and not counted. Only for the proof that it does.
pub const ORDER_BROKEN: u64 = 1;
/// The keeper reads.
pub const ORDER_KEEPER: u64 = 2;

pub const DO_CRASH: u64 = 1;
pub const DO_UPGRADE: u64 = 2;
pub const DO_HANG: u64 = 3;
pub const DO_SHUTDOWN: u64 = 4;

/// Words of one pane.
pub mod of_pane {
    /// Bytes found right.
    pub const CHECKED: u64 = 0;
    /// Place in the child's own stream less place in ours.
    pub const SHIFT: u64 = 1;
    /// Wait status plus 1, once it ended.
    pub const STATUS: u64 = 2;
    /// Bytes the child says it wrote, plus 1.
    pub const WROTE: u64 = 3;
    /// All output is read, and it ended.
    pub const DONE: u64 = 4;
}

impl Board {
    pub fn create(path: &Path) -> Self {
        let file = File::options().read(true).write(true).create_new(true).open(path).unwrap();
        file.set_len(1 << 16).unwrap();
        Self { file, path: path.to_owned() }
    }

    pub fn open(path: &Path) -> Self {
        Self { file: File::options().read(true).write(true).open(path).unwrap(), path: path.to_owned() }
    }

    pub fn get(&self, word: u64) -> u64 {
        let mut raw = [0; 8];
        self.file.read_exact_at(&mut raw, word * 8).unwrap();
        u64::from_le_bytes(raw)
    }

    pub fn set(&self, word: u64, value: u64) {
        self.file.write_all_at(&value.to_le_bytes(), word * 8).unwrap();
    }

    pub fn add(&self, word: u64, value: u64) {
        if value > 0 {
            self.set(word, self.get(word) + value);
        }
    }

    pub fn pane(pane: u64, word: u64) -> u64 {
        64 + pane * 8 + word
    }
}
