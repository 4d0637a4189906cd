//! Any text is a configuration: never a panic, and reading it twice gives the same. Its formats, styles and command lines too.
#![no_main]

use batonmux::{command, config};

struct Nothing;

impl config::Lookup for Nothing {
    fn get(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        Some(name.to_owned().into())
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (first, warnings) = config::parse(&text, "fuzz");
    assert!(warnings.iter().all(|warning| warning.line >= 1 && warning.column >= 1));
    assert_eq!(config::parse(&text, "fuzz"), (first.clone(), warnings));
    for (_, table) in first.keys.iter() {
        for (_, binding) in table.iter() {
            assert!(binding.commands().is_ok(), "a key that was bound must run: {}", binding.run);
        }
    }
    let _ = config::Style::parse(&text);
    let _ = config::format::check(&text);
    let _ = config::format::render(&text, config::Style::NONE, &Nothing);
    if let Err(error) = command::parse_line(&text) {
        assert!(error.offset <= text.len());
    }
    let _ = command::complete(&text, text.len(), &command::complete::NoNames);
});
