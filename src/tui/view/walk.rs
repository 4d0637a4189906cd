//! The keys of a list with a filter above it: up and down, a page, choose, close. What else a list knows, it looks at first; what is left is the filter's.

use crate::terminal::keys::{Key, KeyCode};

/// What a key does in such a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// It is closed.
    Close,
    /// What is selected is chosen.
    Choose,
    /// The selection moves by so many entries.
    Step(isize),
}

/// What `key` does in a list of which `height` entries are shown; none: nothing, it may be meant for the filter. `q` closes as long as `filter` is empty.
#[must_use]
pub fn walk(key: Key, filter: &str, height: usize) -> Option<Walk> {
    let page = isize::try_from(height.max(2)).unwrap_or(isize::MAX);
    let ctrl = key.mods.ctrl;
    Some(match key.code {
        KeyCode::Esc => Walk::Close,
        KeyCode::Char('c' | 'g') if ctrl => Walk::Close,
        KeyCode::Char('q') if filter.is_empty() && !ctrl && !key.mods.alt => Walk::Close,
        KeyCode::Enter => Walk::Choose,
        KeyCode::Char('j' | 'm') if ctrl => Walk::Choose,
        KeyCode::Up | KeyCode::BackTab => Walk::Step(-1),
        KeyCode::Down | KeyCode::Tab => Walk::Step(1),
        KeyCode::Char('p') if ctrl => Walk::Step(-1),
        KeyCode::Char('n') if ctrl => Walk::Step(1),
        KeyCode::PageUp => Walk::Step(-page),
        KeyCode::PageDown => Walk::Step(page),
        _ => return None,
    })
}
