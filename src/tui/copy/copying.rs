//! Copying: the selection's text is gathered, line by line, from what is here and from what the server has to send first.

use std::collections::BTreeMap;

use super::document::Position;
use super::select::{Selection, Unit};
use super::{Asked, COPY_MAX_BYTES, CopyMode, PendingCopy, Then};
use crate::ids::PaneId;
use crate::protocol::limits::HISTORY_LINES_MAX;
use crate::protocol::message::Request;
use crate::terminal::Row;
use crate::tui::overlay::Action;

impl CopyMode {
    /// Copies the selection, or asks for lines of it that are not here.
    pub(super) fn copy(&mut self, pane: PaneId, selection: Selection, cursor: Position, then: Then) -> Vec<Action> {
        let (from, _) = selection.ends(&self.document, cursor);
        self.copying = Some(PendingCopy { selection, cursor, next: from.line, text: String::new(), then });
        self.go_on_copying(pane, &BTreeMap::new())
    }

    pub(super) fn go_on_copying(&mut self, pane: PaneId, fetched: &BTreeMap<u64, Row>) -> Vec<Action> {
        let Some(mut copying) = self.copying.take() else { return Vec::new() };
        let (from, to) = copying.selection.ends(&self.document, copying.cursor);
        copying.next = copying.next.max(self.document.first());
        while copying.next <= to.line && copying.text.len() < COPY_MAX_BYTES {
            let line = match fetched.get(&copying.next) {
                Some(row) => row.clone(),
                None if self.document.has(copying.next) => self.document.line(copying.next),
                None => {
                    let count = u32::try_from(to.line - copying.next + 1).unwrap_or(u32::MAX).min(HISTORY_LINES_MAX);
                    let from = copying.next;
                    self.copying = Some(copying);
                    self.asked = Some(Asked::Copy);
                    return vec![Action::Ask(Request::History { pane, from, count })];
                }
            };
            if copying.next > from.line {
                copying.text.push('\n');
            }
            copying.text.push_str(&copying.selection.text_of(&self.document, copying.cursor, copying.next, &line));
            copying.next += 1;
        }
        if copying.selection.unit == Unit::Line {
            copying.text.push('\n');
        }
        if copying.then.append {
            self.copying = Some(copying);
            self.asked = Some(Asked::Buffer);
            return vec![Action::Ask(Request::GetBuffer { name: None })];
        }
        self.copied(pane, copying.text, copying.then)
    }

    pub(super) fn copied(&mut self, pane: PaneId, text: String, then: Then) -> Vec<Action> {
        let mut actions = vec![Action::Copy(text)];
        if then.leave {
            actions.push(Action::Close);
        } else {
            self.selection = None;
            actions.extend(self.settle(pane));
        }
        actions
    }
}
