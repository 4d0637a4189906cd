//! A pane's memory with any garbage in it is refused or read, within its bounds, and can be used again. The input is a list of (place, value).
#![no_main]

use std::os::fd::AsFd;

use batonmux::geometry::Size;
use batonmux::platform;
use batonmux::ring::{COMMIT_LEN, Config, PaneMemory, RESIZES_MAX};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let config = Config { ring_len: 4096, checkpoint_len: 4096, history_bytes: 65_536, size: Size::new(80, 24), meta: b"meta".to_vec() };
    let object = PaneMemory::create_object(&config).expect("memory");
    for edit in bytes.chunks_exact(3) {
        let place = u64::from(u16::from_le_bytes([edit[0], edit[1]])) % (7 * 4096);
        platform::write_at(object.as_fd(), &edit[2..], place).expect("written");
    }
    let Ok(mut memory) = PaneMemory::open(object) else { return };
    memory.recover();
    let (tail, head) = (memory.tail(), memory.head());
    assert!(tail <= head && head - tail <= memory.ring_len());
    let (left, right) = memory.bytes(tail, head);
    assert_eq!((left.len() + right.len()) as u64, head - tail);
    let resizes = memory.resizes();
    assert!(resizes.len() <= RESIZES_MAX && resizes.is_sorted_by_key(|resize| resize.at));
    let _ = (memory.meta().map(<[u8]>::len), memory.checkpoint().map(<[u8]>::len), memory.committed());
    memory.record_resize(head, Size::new(1, 1));
    memory.put_meta(b"new").expect("fits");
    assert_eq!(memory.meta(), Some(&b"new"[..]));
    memory.commit(&[3; COMMIT_LEN]);
    assert_eq!(memory.committed(), Some([3; COMMIT_LEN]));
});
