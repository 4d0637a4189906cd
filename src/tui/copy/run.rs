//! The commands of copy mode: one arm an action.

use super::document::{Document, Position};
use super::select::{Selection, Unit};
use super::{COUNT_MAX, CopyMode, Jump, Then, motion};
use crate::command::{CopyAction, CopyCommand};
use crate::ids::PaneId;
use crate::tui::overlay::Action;
use crate::tui::view::prompt;

impl CopyMode {
    pub(super) fn ask_for(command: CopyAction, question: &str, character: bool) -> Vec<Action> {
        vec![Action::Open(prompt::for_copy(command, question, character))]
    }

    pub(super) fn do_jump(&mut self, jump: Jump, count: u32) {
        for _ in 0..count {
            if let Some(at) = motion::jump(&self.document, self.cursor, jump.character, jump.forward, jump.before) {
                self.cursor = at;
            }
        }
    }

    pub(super) fn repeat(&mut self, count: u32, step: impl Fn(&Document, Position) -> Position) {
        for _ in 0..count {
            let next = step(&self.document, self.cursor);
            if next == self.cursor {
                break;
            }
            self.cursor = next;
        }
        self.follow();
    }

    #[expect(clippy::too_many_lines, reason = "one arm an action")]
    pub(super) fn run(&mut self, command: &CopyCommand, pane: PaneId) -> Vec<Action> {
        use CopyAction as A;
        if command.action == A::Count {
            let digit = command.argument.as_deref().and_then(|digit| digit.parse::<u32>().ok()).unwrap_or(0).min(9);
            if digit > 0 || self.count.is_some() {
                self.count = Some((self.count.unwrap_or(0) * 10 + digit).min(COUNT_MAX));
                return self.settle(pane);
            }
            self.cursor = motion::start_of_line(self.cursor);
            self.aim = None;
            self.follow();
            return self.settle(pane);
        }
        let given = self.count.take();
        let count = given.unwrap_or(1).max(1);
        let rows = i64::from(count);
        let page = i64::from(self.height.saturating_sub(2).max(1)) * rows;
        let half = i64::from((self.height / 2).max(1)) * rows;
        let vertical = matches!(
            command.action,
            A::CursorUp | A::CursorDown | A::PageUp | A::PageDown | A::HalfpageUp | A::HalfpageDown | A::ScrollUp | A::ScrollDown
        );
        if vertical {
            let col = self.col_in_row(self.cursor);
            self.aim.get_or_insert(col);
        } else {
            self.aim = None;
        }
        let argument = command.argument.as_deref();
        match command.action {
            A::Count => {}
            A::Cancel => return self.leave(),
            A::ClearSelection => self.selection = None,
            A::BeginSelection => {
                let rectangle = self.selection.is_some_and(|selection| selection.rectangle);
                self.selection = Some(Selection { rectangle, ..Selection::at(self.cursor) });
            }
            A::StopSelection => {
                if let Some(selection) = &mut self.selection {
                    selection.stopped = Some(self.cursor);
                }
            }
            A::SelectLine => self.selection = Some(Selection { unit: Unit::Line, ..Selection::at(self.cursor) }),
            A::SelectWord => {
                self.selection = Some(Selection { unit: Unit::Word, ..Selection::at(self.cursor) });
                self.cursor = motion::word_around(&self.document, self.cursor).1;
            }
            A::RectangleToggle => {
                let selection = self.selection.get_or_insert(Selection::at(self.cursor));
                selection.rectangle = !selection.rectangle;
            }
            A::OtherEnd => {
                if let Some(selection) = &mut self.selection {
                    let other = selection.stopped.take().unwrap_or(self.cursor);
                    self.cursor = std::mem::replace(&mut selection.anchor, other);
                }
                self.follow();
            }
            A::CopySelection | A::CopySelectionAndCancel | A::AppendSelectionAndCancel => {
                let leave = command.action != A::CopySelection;
                let Some(selection) = self.selection else {
                    return if leave { self.leave() } else { Vec::new() };
                };
                let then = Then { append: command.action == A::AppendSelectionAndCancel, leave };
                return self.copy(pane, selection, self.cursor, then);
            }
            A::CopyEndOfLineAndCancel => {
                let to = motion::end_of_line(&self.document, self.cursor);
                return self.copy(pane, Selection::at(self.cursor), to, Then { append: false, leave: true });
            }
            A::CopyLineAndCancel => {
                let to = motion::end_of_line(&self.document, self.cursor);
                return self.copy(pane, Selection::at(motion::start_of_line(self.cursor)), to, Then { append: false, leave: true });
            }
            A::CursorLeft => self.repeat(count, motion::left),
            A::CursorRight => self.repeat(count, motion::right),
            A::CursorUp => self.vertical(-rows),
            A::CursorDown => {
                self.vertical(rows);
                if self.at_exit() {
                    return self.leave();
                }
            }
            A::StartOfLine => self.move_to(motion::start_of_line(self.cursor)),
            A::BackToIndentation => self.move_to(motion::back_to_indentation(&self.document, self.cursor)),
            A::EndOfLine => self.move_to(motion::end_of_line(&self.document, self.cursor)),
            A::NextWord => self.repeat(count, |d, at| motion::next_word(d, at, false)),
            A::NextWordEnd => self.repeat(count, |d, at| motion::next_word_end(d, at, false)),
            A::PreviousWord => self.repeat(count, |d, at| motion::previous_word(d, at, false)),
            A::NextSpace => self.repeat(count, |d, at| motion::next_word(d, at, true)),
            A::NextSpaceEnd => self.repeat(count, |d, at| motion::next_word_end(d, at, true)),
            A::PreviousSpace => self.repeat(count, |d, at| motion::previous_word(d, at, true)),
            A::TopLine => self.cursor = self.in_row(self.top, 0),
            A::MiddleLine => self.cursor = self.in_row(self.down(self.top, u32::from(self.height - 1) / 2), 0),
            A::BottomLine => self.cursor = self.in_row(self.down(self.top, u32::from(self.height) - 1), 0),
            A::PageUp => self.page(-page),
            A::HalfpageUp => self.page(-half),
            A::PageDown | A::HalfpageDown => {
                self.page(if command.action == A::PageDown { page } else { half });
                if self.at_exit() {
                    return self.leave();
                }
            }
            A::ScrollUp => {
                self.scroll(-rows);
            }
            A::ScrollDown => {
                self.scroll(rows);
                if self.at_exit() {
                    return self.leave();
                }
            }
            A::ScrollMiddle => self.center(),
            A::HistoryTop => self.move_to(Position { line: self.document.first(), col: 0 }),
            A::HistoryBottom => {
                self.cursor = self.document.clamp(Position { line: self.document.last(), col: 0 });
                self.top = self.bottom();
            }
            A::GotoLine => {
                let Some(text) = argument else { return Self::ask_for(A::GotoLine, "Goto line:", false) };
                let Ok(distance) = text.trim().parse::<u64>() else {
                    return vec![Self::say(format!("{text} is not a line number: lines count from 0 at the bottom"))];
                };
                let line = self.document.last().saturating_sub(distance).max(self.document.first());
                self.cursor = Position { line, col: 0 };
                self.center();
            }
            A::SearchForward | A::SearchBackward | A::SearchForwardIncremental | A::SearchBackwardIncremental => {
                let backward = matches!(command.action, A::SearchBackward | A::SearchBackwardIncremental);
                let incremental = matches!(command.action, A::SearchForwardIncremental | A::SearchBackwardIncremental);
                let Some(text) = argument else {
                    return Self::ask_for(command.action, if backward { "(search up)" } else { "(search down)" }, false);
                };
                return self.search_for(pane, text, backward, incremental, count);
            }
            A::SearchForwardWord | A::SearchBackwardWord => {
                let (from, to) = motion::word_around(&self.document, self.cursor);
                let word = Selection::at(from).text_of(&self.document, to, from.line, &self.document.line(from.line));
                let text = format!(r"\b{}\b", regex::escape(&word));
                return self.search_for(pane, &text, command.action == A::SearchBackwardWord, false, count);
            }
            A::SearchAgain => return self.begin_search(pane, self.last_backward, count),
            A::SearchReverse => return self.begin_search(pane, !self.last_backward, count),
            A::JumpForward | A::JumpBackward | A::JumpToForward | A::JumpToBackward => {
                let Some(character) = argument.and_then(|text| text.chars().next()) else {
                    return Self::ask_for(command.action, "(jump to)", true);
                };
                let forward = matches!(command.action, A::JumpForward | A::JumpToForward);
                let before = matches!(command.action, A::JumpToForward | A::JumpToBackward);
                let jump = Jump { character, forward, before };
                self.jump = Some(jump);
                self.do_jump(jump, count);
            }
            A::JumpAgain => {
                if let Some(jump) = self.jump {
                    self.do_jump(jump, count);
                }
            }
            A::JumpReverse => {
                if let Some(jump) = self.jump {
                    self.do_jump(Jump { forward: !jump.forward, ..jump }, count);
                }
            }
            A::NextParagraph => self.repeat(count, |d, at| motion::paragraph(d, at, true)),
            A::PreviousParagraph => self.repeat(count, |d, at| motion::paragraph(d, at, false)),
            A::NextMatchingBracket | A::PreviousMatchingBracket => {
                if let Some(at) = motion::matching_bracket(&self.document, self.cursor) {
                    self.move_to(at);
                }
            }
            A::NextPrompt | A::PreviousPrompt => {
                return vec![Self::say("prompts are not marked by this engine: search for one with / instead")];
            }
            A::SetMark => self.mark = Some(self.cursor),
            A::JumpToMark => {
                if let Some(mark) = self.mark.replace(self.cursor) {
                    self.move_to(mark);
                }
            }
            A::TogglePosition => self.show_position = !self.show_position,
        }
        self.settle(pane)
    }
}
