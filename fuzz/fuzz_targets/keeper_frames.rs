//! Any bytes are a message of the keeper's protocol or an error, and a message that was read can be said again and means the same.
#![no_main]

use batonmux::protocol::keeper::Message;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::decode(bytes) else { return };
    // Text that was no UTF-8 grows when it is mended, and may then be too long to be said.
    if let Ok(packet) = message.encode() {
        assert_eq!(Message::decode(&packet), Ok(message));
    }
});
