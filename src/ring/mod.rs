//! The memory of a pane: what it printed and what the server made of it, in pages that outlive the server.
//!
//! One sealed memory object a pane, held by the keeper and by the server, mapped only by the server (and by the keeper where it must read):
//!
//! ```text
//!   0        4K         12K                                                              total
//!   | header | meta A B | ring (256 KiB) | checkpoint A | checkpoint B | segment 0 | segment 1 ... |
//! ```
//!
//! * [`header`](self): geometry with a checksum, never changed; then the live words: head, the *intent* of the read in flight, the journal of resizes,
//!   the two slots of [`PaneMemory::commit`].
//! * **ring**: the output, byte `n` of the pane's life at `n % ring_len`. It wraps by itself; [`PaneMemory::tail`] is the oldest byte still whole.
//! * **meta**, **checkpoint**: opaque to this room, two slots each, written in turn, so that a kill between any two stores leaves the older one valid.
//! * **segments**: opaque pages for history; they cost memory only once touched and can be given back one by one.
//!
//! **The read that survives a kill at any instruction** ([`PaneMemory::take`]). The master is in packet mode: each read gives one status byte, then
//! data. Per chunk: ask how much is there, `n` (it can only grow, we are the only reader); write status = 0xFF (no packet status has this value), then
//! `len = n`, then `base = head`; one `readv` into \[status, ring\], so that the *kernel* overwrites the status in the same call that moves the data;
//! then `head = base + n`. On attach ([`PaneMemory::recover`]) `status == 0 && base == head` says that the read happened and was not yet counted:
//! adopt `len` bytes. Anything else says that it did not happen, or was counted. Reading first and counting afterwards, without the status, loses data
//! in one kill of twenty; `tests/keeper.rs` shows it.
//!
//! **The write that survives a kill at any instruction** is the mirror of it: what is typed goes through a pipe, see [`InputPipe`] (`input.rs`).
//!
//! What comes out of shared memory is never trusted: each number is bounded before use, and garbage is an error or an older slot, never a panic.

mod blackbox;
mod input;
mod layout;
mod map;
mod memory;
mod read;

pub use blackbox::{Blackbox, Mark};
pub use input::{Applied, InputPipe, Moved, input_pipe_works};
pub use layout::{COMMIT_LEN, Config, META_MAX, OpenError, RESIZES_MAX, SEGMENT_LEN};
pub use memory::{PaneMemory, Resize};
pub use read::{Take, attested_read_works};

#[cfg(test)]
mod tests;
