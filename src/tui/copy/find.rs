//! A search, from what was asked for to the match: here as far as the screen goes, by the server's answers in history.

use super::search::{Pattern, Search, Step};
use super::{Asked, CopyMode, MATCHES_WANTED};
use crate::ids::PaneId;
use crate::protocol::message::{Matches, Request};
use crate::tui::overlay::Action;

impl CopyMode {
    pub(super) fn begin_search(&mut self, pane: PaneId, backward: bool, count: u32) -> Vec<Action> {
        let Some(pattern) = self.pattern.clone() else { return vec![Self::say("nothing was searched for yet: type / or ?")] };
        let mut search = Search::new(self.cursor, backward, self.options.wrap_search, count);
        let step = search.start(&self.document, &pattern);
        self.search = Some(search);
        self.step(pane, step)
    }

    pub(super) fn step(&mut self, pane: PaneId, step: Step) -> Vec<Action> {
        match step {
            Step::Found(at) => {
                let wrapped = self.search.take().is_some_and(|search| search.wrapped);
                let visible = self.row_of(at) >= self.top && self.row_of(at) <= self.down(self.top, u32::from(self.height) - 1);
                self.cursor = at;
                if visible {
                    self.follow()
                } else {
                    self.center()
                }
                self.aim = None;
                let mut actions = self.settle(pane);
                if wrapped {
                    actions.push(Self::say("search went past the end and came round"));
                }
                actions
            }
            Step::Ask(from) => {
                let (Some(search), Some(pattern)) = (&self.search, &self.pattern) else { return Vec::new() };
                self.asked = Some(Asked::Search);
                vec![Action::Ask(Request::Search {
                    pane,
                    pattern: pattern.regex.as_str().to_owned(),
                    literal: false,
                    from,
                    backward: search.backward,
                    limit: MATCHES_WANTED,
                })]
            }
            Step::Nothing => {
                self.search = None;
                let text = self.pattern.as_ref().map(|pattern| pattern.text.clone()).unwrap_or_default();
                let mut actions = self.settle(pane);
                actions.push(Self::say(format!("nothing matches {text}")));
                actions
            }
        }
    }

    pub(super) fn search_for(&mut self, pane: PaneId, text: &str, backward: bool, incremental: bool, count: u32) -> Vec<Action> {
        if incremental {
            let (cursor, top) = *self.incremental.get_or_insert((self.cursor, self.top));
            (self.cursor, self.top) = (cursor, top);
        } else {
            self.incremental = None;
        }
        self.last_backward = backward;
        self.pattern = Pattern::new(text, self.options.regex, self.options.smart_case);
        if self.pattern.is_none() {
            return self.settle(pane);
        }
        self.begin_search(pane, backward, count)
    }

    pub(super) fn take_matches(&mut self, pane: PaneId, found: &Matches) -> Vec<Action> {
        let (Some(mut search), Some(pattern)) = (self.search.take(), self.pattern.clone()) else { return Vec::new() };
        let mut matches = found.matches.clone();
        if search.backward {
            matches.sort_by_key(|found| std::cmp::Reverse((found.line, found.col)));
        }
        let step = search.go_on(&self.document, &pattern, &matches, found.next);
        self.search = Some(search);
        self.step(pane, step)
    }
}
