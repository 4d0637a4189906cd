//! Which words of `send` are names of keys.

use crate::terminal::keys::Key;

/// Whether `word` names a key and is not just the character itself: `Enter`, `C-c`, `M-x`, `F5`.
#[must_use]
pub fn is_key_name(word: &str) -> bool {
    word.chars().nth(1).is_some() && Key::parse(word).is_ok()
}
