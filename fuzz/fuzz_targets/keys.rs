//! Any text as the name of a key, and as a paste.
#![no_main]

use batonmux::terminal::Modes;
use batonmux::terminal::keys::{Key, encode_key, paste};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let modes = Modes { bracketed_paste: true, ..Modes::default() };
    if let Ok(key) = Key::parse(text) {
        assert_eq!(Key::parse(&key.to_string()), Ok(key), "a key's name is read back as it");
        assert!(!encode_key(key, modes).is_empty(), "a key that sends nothing");
    }
    let bytes = paste(text, modes);
    assert_eq!(bytes.iter().filter(|byte| **byte == 0x1b).count(), 2, "a paste with escapes of its own");
});
