//! Searching in copy mode: the pattern, what it matches in a line, and the state of a search that goes through history on the server.
//!
//! The screen's lines are searched here; history is searched where it is, a bounded stretch at a time, and the client asks again until a match
//! is found, everything was searched, or the user does something else. Order: from the cursor onwards in the direction of the search, then round
//! from the other end (`wrap-search`), each stretch once.

use regex::Regex;

use super::document::{Document, Position};
use crate::protocol::message::Match;
use crate::terminal::Row;

/// Matches marked in one line.
const MATCHES_PER_LINE_MAX: usize = 200;

/// A pattern that was asked for.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As typed.
    pub text: String,
    /// As compiled: with `smart-case` small letters find capitals unless it has one itself; taken literally if it is no regular expression.
    pub regex: Regex,
}

impl Pattern {
    /// Compiles what was typed; none for nothing.
    #[must_use]
    pub fn new(text: &str, is_regex: bool, smart_case: bool) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let case = if !smart_case || text.chars().any(char::is_uppercase) { "" } else { "(?i)" };
        let compile = |body: &str| regex::RegexBuilder::new(&format!("{case}{body}")).size_limit(1 << 20).build();
        let plain = || compile(&regex::escape(text));
        let regex = if is_regex { compile(text).or_else(|_| plain()) } else { plain() }.ok()?;
        Some(Self { text: text.to_owned(), regex })
    }

    /// The columns of a line that match, from left to right: first and one past the last.
    #[must_use]
    pub fn matches(&self, row: &Row) -> Vec<(u16, u16)> {
        self.regex
            .find_iter(&row.text)
            .filter(|found| !found.is_empty())
            .take(MATCHES_PER_LINE_MAX)
            .map(|found| {
                let from = row.col_of_byte(found.start());
                (from, row.col_of_byte(found.end()).max(from + 1))
            })
            .collect()
    }
}

/// A search under way.
#[derive(Debug, Clone)]
pub struct Search {
    /// Towards older lines.
    pub backward: bool,
    /// Where it began: matches here do not count.
    pub origin: Position,
    /// The line asked for next, if history is being searched.
    pub at: u64,
    /// It goes on at the other end (`wrap-search`).
    pub wraps: bool,
    /// It went past the end and came round.
    pub wrapped: bool,
    /// How many matches are to be passed before one counts.
    pub skip: u32,
}

/// What a step of a search came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A match begins here.
    Found(Position),
    /// The server must look in history from this line on.
    Ask(u64),
    /// Nothing matches.
    Nothing,
}

impl Search {
    /// A search from a position.
    #[must_use]
    pub const fn new(origin: Position, backward: bool, wraps: bool, count: u32) -> Self {
        Self { backward, origin, at: origin.line, wraps, wrapped: false, skip: count.saturating_sub(1) }
    }

    /// Begins: what can be searched without the server is, until history has to be asked.
    #[must_use]
    pub fn start(&mut self, document: &Document, pattern: &Pattern) -> Step {
        if self.origin.line >= document.live_start() {
            self.in_live(document, pattern, self.origin.line)
        } else {
            Step::Ask(self.origin.line)
        }
    }

    /// Goes on with what the server found. `next` is where it stopped.
    #[must_use]
    pub fn go_on(&mut self, document: &Document, pattern: &Pattern, matches: &[Match], next: Option<u64>) -> Step {
        for found in matches {
            if found.line >= document.live_start() {
                continue; // Searched here.
            }
            let at = Position { line: found.line, col: u16::try_from(found.col).unwrap_or(u16::MAX) };
            if let Some(step) = self.meet(at) {
                return step;
            }
        }
        match next {
            Some(line) if line < document.live_start() && line >= document.first() => {
                self.at = line;
                Step::Ask(line)
            }
            _ if self.backward => self.round(document, pattern),
            _ => self.in_live(document, pattern, document.live_start()),
        }
    }

    /// A match in the order of the search: does it count?
    fn meet(&mut self, at: Position) -> Option<Step> {
        let beyond = if self.backward { at < self.origin } else { at > self.origin };
        if !self.wrapped && !beyond {
            return None;
        }
        if self.wrapped && beyond && at != self.origin {
            return Some(Step::Nothing);
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        Some(Step::Found(at))
    }

    fn in_live(&mut self, document: &Document, pattern: &Pattern, from: u64) -> Step {
        let lines: Vec<u64> = if self.backward {
            (document.live_start()..=from.min(document.last())).rev().collect()
        } else {
            (from..=document.last()).collect()
        };
        for line in lines {
            let mut matches = pattern.matches(&document.line(line));
            if self.backward {
                matches.reverse();
            }
            for (col, _) in matches {
                if let Some(step) = self.meet(Position { line, col }) {
                    return step;
                }
            }
        }
        if self.backward && document.first() < document.live_start() {
            self.at = document.live_start() - 1;
            return Step::Ask(self.at);
        }
        self.round(document, pattern)
    }

    /// Comes round from the other end, once.
    fn round(&mut self, document: &Document, pattern: &Pattern) -> Step {
        if !self.wraps || std::mem::replace(&mut self.wrapped, true) {
            return Step::Nothing;
        }
        if self.backward {
            self.in_live(document, pattern, document.last())
        } else if document.first() < document.live_start() {
            self.at = document.first();
            Step::Ask(self.at)
        } else {
            self.in_live(document, pattern, document.first())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::tests::screen;
    use super::*;

    fn at(line: u64, col: u16) -> Position {
        Position { line, col }
    }

    #[test]
    fn patterns_are_regular_expressions_smart_in_case() {
        let row = Row::narrow("foo Foo f.o");
        assert_eq!(Pattern::new("foo", true, true).unwrap().matches(&row), [(0, 3), (4, 7)]);
        assert_eq!(Pattern::new("Foo", true, true).unwrap().matches(&row), [(4, 7)]);
        assert_eq!(Pattern::new(r"f\.o", true, true).unwrap().matches(&row), [(8, 11)]);
        assert_eq!(Pattern::new("f(", true, true).unwrap().matches(&Row::narrow("f(x)")), [(0, 2)]);
        assert!(Pattern::new("", true, true).is_none());
        assert_eq!(Pattern::new("f.o", false, true).unwrap().matches(&row), [(8, 11)], "plain text");
        assert_eq!(Pattern::new("foo", true, false).unwrap().matches(&row), [(0, 3)], "small letters are small letters");
    }

    #[test]
    fn the_screen_is_searched_here_and_comes_round() {
        let mut document = Document::default();
        document.update(&screen(20, &["x here", "nothing", "x and x"]), 0, 0);
        let pattern = Pattern::new("x", true, true).unwrap();
        assert_eq!(Search::new(at(0, 0), false, true, 1).start(&document, &pattern), Step::Found(at(2, 0)));
        assert_eq!(Search::new(at(0, 0), false, true, 2).start(&document, &pattern), Step::Found(at(2, 6)));
        assert_eq!(Search::new(at(2, 6), false, true, 1).start(&document, &pattern), Step::Found(at(0, 0)));
        assert_eq!(Search::new(at(0, 0), true, true, 1).start(&document, &pattern), Step::Found(at(2, 6)));
        assert_eq!(Search::new(at(2, 6), false, false, 1).start(&document, &pattern), Step::Nothing, "not round");
        assert_eq!(Search::new(at(0, 0), true, true, 1).start(&document, &Pattern::new("zz", true, true).unwrap()), Step::Nothing);
    }

    #[test]
    fn history_is_asked_until_it_ends() {
        let mut document = Document::default();
        document.update(&screen(20, &["x"]), 0, 100);
        let pattern = Pattern::new("x", true, true).unwrap();
        let mut search = Search::new(at(50, 3), true, true, 1);
        assert_eq!(search.start(&document, &pattern), Step::Ask(50));
        let found = |line| Match { line, col: 7, cols: 1 };
        assert_eq!(search.go_on(&document, &pattern, &[found(50)], Some(20)), Step::Ask(20), "a match behind the origin does not count");
        assert_eq!(search.go_on(&document, &pattern, &[found(12)], None), Step::Found(at(12, 7)));
        let mut search = Search::new(at(50, 3), true, true, 1);
        let _ = search.start(&document, &pattern);
        assert_eq!(search.go_on(&document, &pattern, &[], None), Step::Found(at(100, 0)), "round, to the screen");
    }
}
