//! One line of text being typed, with the keys people expect (those of readline in emacs mode): used by prompts and choosers.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::terminal::keys::{Key, KeyCode};

/// Longest line, in bytes; what is typed beyond is not taken.
const TEXT_MAX_BYTES: usize = 8 * 1024;

/// The text and the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// Byte offset, at a grapheme's beginning.
    cursor: usize,
    /// What `C-w`, `C-u` and `C-k` took, for `C-y`.
    killed: String,
}

impl Editor {
    /// A line with the cursor at its end.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text, killed: String::new() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor, in bytes.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.cursor
    }

    /// The cursor, in columns from the line's beginning.
    #[must_use]
    pub fn cursor_cols(&self) -> u16 {
        u16::try_from(self.text.get(..self.cursor).unwrap_or_default().width()).unwrap_or(u16::MAX)
    }

    /// Replaces everything.
    pub fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.cursor = self.text.len();
    }

    /// Replaces the bytes from `start` to the cursor.
    pub fn replace_to_cursor(&mut self, start: usize, insert: &str) {
        if self.text.is_char_boundary(start) && start <= self.cursor {
            self.text.replace_range(start..self.cursor, insert);
            self.cursor = start + insert.len();
        }
    }

    /// Inserts text at the cursor; control characters become blanks.
    pub fn insert(&mut self, text: &str) {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if self.text.len() + clean.len() <= TEXT_MAX_BYTES {
            self.text.insert_str(self.cursor, &clean);
            self.cursor += clean.len();
        }
    }

    fn before(&self) -> usize {
        self.text.get(..self.cursor).unwrap_or_default().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let rest = self.text.get(self.cursor..).unwrap_or_default();
        self.cursor + rest.graphemes(true).next().map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        let head = self.text.get(..self.cursor).unwrap_or_default();
        let trimmed = head.trim_end_matches(|c: char| !c.is_alphanumeric());
        trimmed.trim_end_matches(char::is_alphanumeric).len()
    }

    fn word_after(&self) -> usize {
        let rest = self.text.get(self.cursor..).unwrap_or_default();
        let skipped = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        self.text.len() - skipped.trim_start_matches(char::is_alphanumeric).len()
    }

    fn kill(&mut self, from: usize, to: usize) {
        self.killed = self.text.drain(from..to).collect();
        self.cursor = from;
    }

    /// Takes a key; false if it is none of an editor's.
    pub fn key(&mut self, key: Key) -> bool {
        let (ctrl, alt) = (key.mods.ctrl, key.mods.alt);
        match key.code {
            KeyCode::Char('a') if ctrl => self.cursor = 0,
            KeyCode::Char('e') if ctrl => self.cursor = self.text.len(),
            KeyCode::Char('b') if ctrl => self.cursor = self.before(),
            KeyCode::Char('f') if ctrl => self.cursor = self.after(),
            KeyCode::Char('d') if ctrl => drop(self.text.drain(self.cursor..self.after())),
            KeyCode::Char('h') if ctrl => self.backspace(),
            KeyCode::Char('u') if ctrl => self.kill(0, self.cursor),
            KeyCode::Char('k') if ctrl => self.kill(self.cursor, self.text.len()),
            KeyCode::Char('w') if ctrl => {
                let head = self.text.get(..self.cursor).unwrap_or_default().trim_end();
                let from = head.rfind(' ').map_or(0, |at| at + 1);
                self.kill(from, self.cursor);
            }
            KeyCode::Char('y') if ctrl => {
                let killed = self.killed.clone();
                self.insert(&killed);
            }
            KeyCode::Char('b') if alt => self.cursor = self.word_before(),
            KeyCode::Char('f') if alt => self.cursor = self.word_after(),
            KeyCode::Char('d') if alt => self.kill(self.cursor, self.word_after()),
            KeyCode::Backspace if alt => self.kill(self.word_before(), self.cursor),
            KeyCode::Left if ctrl || alt => self.cursor = self.word_before(),
            KeyCode::Right if ctrl || alt => self.cursor = self.word_after(),
            KeyCode::Backspace => self.backspace(),
            KeyCode::Delete => drop(self.text.drain(self.cursor..self.after())),
            KeyCode::Left => self.cursor = self.before(),
            KeyCode::Right => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Char(c) if !ctrl && !alt => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => return false,
        }
        true
    }

    fn backspace(&mut self) {
        let from = self.before();
        self.text.drain(from..self.cursor);
        self.cursor = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> (String, usize) {
        let mut editor = Editor::default();
        for name in keys.split_whitespace() {
            assert!(editor.key(Key::parse(name).unwrap()), "{name}");
        }
        (editor.text().to_owned(), editor.cursor())
    }

    #[test]
    fn keys_of_readline() {
        assert_eq!(typed("a b Space c d C-w"), ("ab ".into(), 3));
        assert_eq!(typed("a b C-a C-f x"), ("axb".into(), 2));
        assert_eq!(typed("a b c C-u C-y C-y"), ("abcabc".into(), 6));
        assert_eq!(typed("日 本 Left BSpace"), ("本".into(), 0));
        assert_eq!(typed("a Space b M-b M-d"), ("a ".into(), 2));
        assert_eq!(typed("BSpace C-d Left Right"), (String::new(), 0));
    }
}
