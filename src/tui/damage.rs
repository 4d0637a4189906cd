//! What of a pane must be painted: everything, or a scroll and then some columns of some rows.
//!
//! Damage is kept per pane between two drawings and is bounded by the pane's height, however many frames arrive meanwhile. Rows count after the
//! scroll: `scrolled` moves what is already noted.

/// Rows and columns to be painted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    whole: bool,
    scroll: u16,
    /// Columns `from..to` per row; empty when `from >= to`.
    rows: Vec<(u16, u16)>,
}

impl Damage {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { whole: true, scroll: 0, rows: Vec::new() }
    }

    /// Whether nothing is to be painted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.whole && self.scroll == 0 && self.rows.iter().all(|(from, to)| from >= to)
    }

    /// Whether everything is.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// By how many rows the content moved up since it was painted.
    #[must_use]
    pub const fn scroll(&self) -> u16 {
        self.scroll
    }

    /// Notes everything.
    pub fn all(&mut self) {
        *self = Self::everything();
    }

    /// Notes columns `from..to` of `row`.
    pub fn cols(&mut self, row: u16, from: u16, to: u16) {
        if self.whole || from >= to {
            return;
        }
        let index = usize::from(row);
        if self.rows.len() <= index {
            self.rows.resize(index + 1, (0, 0));
        }
        let known = &mut self.rows[index];
        *known = if known.0 >= known.1 { (from, to) } else { (known.0.min(from), known.1.max(to)) };
    }

    /// Notes a whole row.
    pub fn row(&mut self, row: u16) {
        self.cols(row, 0, u16::MAX);
    }

    /// Everything moved up by `count` rows of a pane of `height` rows, and the rows that came in must be painted.
    pub fn scrolled(&mut self, count: u16, height: u16) {
        if self.whole || count == 0 {
            return;
        }
        if self.scroll.saturating_add(count) >= height {
            self.all();
            return;
        }
        self.scroll += count;
        self.rows.drain(..usize::from(count).min(self.rows.len()));
        for row in height.saturating_sub(count)..height {
            self.row(row);
        }
    }

    /// The columns of `row` to be painted, if any; `u16::MAX` is the row's end.
    #[must_use]
    pub fn of(&self, row: u16) -> Option<(u16, u16)> {
        if self.whole {
            return Some((0, u16::MAX));
        }
        self.rows.get(usize::from(row)).copied().filter(|(from, to)| from < to)
    }

    /// Takes the damage out, leaving none.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_moves_with_scrolls() {
        let mut damage = Damage::default();
        damage.cols(3, 5, 6);
        damage.scrolled(2, 10);
        assert_eq!(damage.of(1), Some((5, 6)));
        assert_eq!(damage.of(3), None);
        assert_eq!(damage.of(8), Some((0, u16::MAX)));
        damage.cols(1, 2, 3);
        assert_eq!(damage.of(1), Some((2, 6)));
        damage.scrolled(8, 10);
        assert!(damage.is_whole());
    }
}
