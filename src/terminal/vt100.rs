//! The engine on crate `vt100`: the only file that names it.

use super::Engine;
use super::effect::Effects;
use super::screen::Screen;
use crate::geometry::Size;
use std::num::NonZeroU16;

/// What an engine tells programs about colours and cells that it cannot know itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Default foreground (OSC 10).
    pub foreground: (u8, u8, u8),
    /// Default background (OSC 11).
    pub background: (u8, u8, u8),
    /// Cursor colour (OSC 12).
    pub cursor: (u8, u8, u8),
    /// The sixteen theme colours (OSC 4); the others are xterm's.
    pub palette: [(u8, u8, u8); 16],
    /// Width and height of a cell in pixels.
    pub cell: (u16, u16),
}

impl Default for Look {
    fn default() -> Self {
        Self { foreground: (0xd0, 0xd0, 0xd0), background: (0, 0, 0), cursor: (0xd0, 0xd0, 0xd0), palette: [(0, 0, 0); 16], cell: (8, 16) }
    }
}

/// See the module.
pub struct Vt100 {
    parser: ::vt100::Parser,
    screen: Screen,
}

impl Vt100 {
    /// A blank terminal of `size` (made at least 1x1).
    #[must_use]
    pub fn new(size: Size, _look: Look) -> Self {
        let size = size.at_least_one();
        let side = |n| NonZeroU16::new(n).unwrap_or(NonZeroU16::MIN);
        Self { parser: ::vt100::Parser::new(side(size.rows), side(size.cols), 0), screen: Screen::new(size) }
    }

    /// The crate panicked on this pane's output: from there on only plain text is shown.
    #[must_use]
    pub const fn degraded(&self) -> bool {
        false
    }
}

impl Engine for Vt100 {
    fn feed(&mut self, bytes: &[u8], _at: u64, _effects: &mut Effects) {
        self.parser.process(bytes);
    }

    fn resize(&mut self, _size: Size, _effects: &mut Effects) {}

    fn screen(&mut self) -> &Screen {
        &self.screen
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, _snapshot: &[u8]) -> bool {
        false
    }
}
