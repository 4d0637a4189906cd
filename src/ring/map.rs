//! A shared mapping: the one place where a pane's pages are turned into references and atomics.
//!
//! The object is sealed against being cut and its length was checked, so that no access within `len` can fault. Others who hold the object (the keeper,
//! in its reading build) may write while we read; what they may write is named in [`super::PaneMemory`], and words that both sides use are atomics.
#![allow(unsafe_code, reason = "mapped memory is pointers")]

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64};

use rustix::mm::{MapFlags, ProtFlags, madvise, mmap, munmap};

/// A mapping of a whole memory object, readable and writable, shared.
#[derive(Debug)]
pub(super) struct Map {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is plain memory owned by this value; nothing in it belongs to a thread.
unsafe impl Send for Map {}
// SAFETY: `&self` gives only atomics and shared slices; every write to plain bytes takes `&mut self`.
unsafe impl Sync for Map {}

impl Map {
    /// Maps the first `len` bytes of `object`, which must be sealed against shrinking and at least that long.
    pub(super) fn new(object: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        // SAFETY: a fresh mapping at an address of the kernel's choice overlaps nothing of ours.
        let base = unsafe { mmap(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, object, 0)? };
        let base = NonNull::new(base.cast::<u8>()).ok_or_else(|| io::Error::other("mapped at address 0"))?;
        let map = Self { base, len };
        for advice in crate::platform::memory_advice() {
            // SAFETY: the range is ours; these pieces of advice (no core dump, no copy into forked children) change no content.
            // Old kernels may not know them, which only costs the courtesy.
            let _ = unsafe { madvise(map.base.as_ptr().cast(), len, *advice) };
        }
        Ok(map)
    }

    /// The word at `at`, which must be a multiple of 8 inside the mapping.
    pub(super) fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at + 8 <= self.len, "word {at} outside the mapping");
        // SAFETY: in bounds and aligned (the base is page-aligned); every access of these bytes by this program is atomic.
        unsafe { AtomicU64::from_ptr(self.base.as_ptr().add(at).cast()) }
    }

    /// The byte at `at`.
    pub(super) fn byte(&self, at: usize) -> &AtomicU8 {
        assert!(at < self.len, "byte {at} outside the mapping");
        // SAFETY: in bounds; every access of this byte by this program is atomic.
        unsafe { AtomicU8::from_ptr(self.base.as_ptr().add(at)) }
    }

    /// Bytes `at..at + len`.
    pub(super) fn slice(&self, at: usize, len: usize) -> &[u8] {
        assert!(at.checked_add(len).is_some_and(|end| end <= self.len), "slice {at}+{len} outside the mapping");
        // SAFETY: in bounds; callers name no live words here, and plain bytes are written through `&mut self` only.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(at), len) }
    }

    /// Bytes `at..at + len`, to write.
    pub(super) fn slice_mut(&mut self, at: usize, len: usize) -> &mut [u8] {
        assert!(at.checked_add(len).is_some_and(|end| end <= self.len), "slice {at}+{len} outside the mapping");
        // SAFETY: in bounds and exclusive by `&mut self`.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr().add(at), len) }
    }

    /// The address of byte `at`, for the kernel to write to.
    pub(super) fn pointer(&self, at: usize, len: usize) -> *mut u8 {
        assert!(at.checked_add(len).is_some_and(|end| end <= self.len), "range {at}+{len} outside the mapping");
        // SAFETY: in bounds.
        unsafe { self.base.as_ptr().add(at) }
    }

    /// Makes the pages of `at..at + len` present and writable, so that the kernel's copy into them cannot meet a page fault: inside a dying task a
    /// fault fails, and bytes that `read` has already taken from the PTY would be lost.
    pub(super) fn touch(&self, at: usize, len: usize) {
        if len == 0 {
            return;
        }
        let mut page = at - at % 4096;
        while page < at + len {
            let byte = self.byte(page.max(at));
            // Adding nothing is a write to the processor but not to the content.
            byte.fetch_add(0, std::sync::atomic::Ordering::Relaxed);
            page += 4096;
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and no reference into it outlives this value.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
    }
}
