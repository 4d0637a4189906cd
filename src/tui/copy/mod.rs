//! Copy mode: looking at a pane's history, moving, searching, selecting and copying, while the pane runs on underneath.
//!
//! [`Document`] gives the pane's lines under numbers that stay; here is the cursor on them, the window onto them ([`CopyMode::top`]), the selection
//! and the search. A command moves the cursor ([`motion`]), the window follows it, and what is shown is laid out anew ([`ScrollView`]). Lines that are
//! looked at but not here are asked for, one answer at a time; so are matches ([`search`]) and, for a copy, selected lines that were never looked
//! at. All of it belongs to one client.
//!
//! A position is a logical line and a column before wrapping, so it stays on its text when the pane is resized.

pub mod document;
mod motion;
mod search;
mod select;

use std::collections::BTreeMap;

use self::document::{Document, Position};
use self::search::{Pattern, Search, Step};
use self::select::{Selection, Unit};
use super::model::Model;
use super::overlay::{Action, Mark, MarkKind, PaneMode, ScrollView};
use super::view::prompt;
use crate::command::{Command, CopyAction, CopyCommand, ViewCommand};
use crate::config::keytable::KeyTables;
use crate::geometry::Point;
use crate::ids::PaneId;
use crate::protocol::limits::HISTORY_LINES_MAX;
use crate::protocol::message::{Level, Lines, Matches, Reply, Request};
use crate::terminal::keys::{Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::terminal::{Row, codec};

/// Lines fetched beyond what is shown, on either side.
const PREFETCH_LINES: u64 = 200;
/// Largest text copied, in bytes.
const COPY_MAX_BYTES: usize = 16 * 1024 * 1024;
/// Largest repeat count.
const COUNT_MAX: u32 = 9_999;
/// Matches wanted from the server at once: the first one that counts is enough.
const MATCHES_WANTED: u32 = 50;
/// While a selection is dragged beyond the pane's edge, it scrolls by a line this often.
const DRAG_SCROLL_MS: u64 = 50;

/// What the server was asked and has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Lines,
    Search,
    Copy,
    /// The newest buffer, to which this text is to be added.
    Buffer,
}

/// A copy that waits for lines.
#[derive(Debug, Clone)]
struct PendingCopy {
    selection: Selection,
    cursor: Position,
    next: u64,
    text: String,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Then {
    append: bool,
    leave: bool,
}

#[derive(Debug, Clone, Copy)]
struct Jump {
    character: char,
    forward: bool,
    before: bool,
}

/// Copy mode on one pane.
pub struct CopyMode {
    vi: bool,
    exit_at_bottom: bool,
    document: Document,
    height: u16,
    /// The line and the row of it (after wrapping) at the top of the pane.
    top: (u64, u32),
    cursor: Position,
    /// The column that moves up and down aim at, in the row.
    aim: Option<u16>,
    selection: Option<Selection>,
    mark: Option<Position>,
    pattern: Option<Pattern>,
    last_backward: bool,
    search: Option<Search>,
    /// Where an incremental search began: cursor and top.
    incremental: Option<(Position, (u64, u32))>,
    jump: Option<Jump>,
    count: Option<u32>,
    copying: Option<PendingCopy>,
    asked: Option<Asked>,
    /// The mouse is dragging a selection: the edge it is beyond (-1 above, 1 below), and when to scroll next.
    dragging: Option<(i8, u64)>,
    show_position: bool,
    view: ScrollView,
}

impl CopyMode {
    /// Copy mode on a pane as the model has it, at its bottom, the cursor where the program's is. None if its screen has not come.
    #[must_use]
    pub fn new(pane: PaneId, model: &Model, vi: bool, exit_at_bottom: bool, page_up: bool) -> Option<Self> {
        let replica = model.replicas.get(&pane)?;
        let mut this = Self {
            vi,
            exit_at_bottom,
            document: Document::default(),
            height: replica.screen.size.rows.max(1),
            top: (0, 0),
            cursor: Position::default(),
            aim: None,
            selection: None,
            mark: None,
            pattern: None,
            last_backward: false,
            search: None,
            incremental: None,
            jump: None,
            count: None,
            copying: None,
            asked: None,
            dragging: None,
            show_position: true,
            view: ScrollView::default(),
        };
        this.document.update(&replica.screen, replica.history_first, replica.history_end);
        this.top = this.bottom();
        let at = replica.screen.cursor.at;
        this.cursor = this.document.clamp(this.document.position_of_screen(at.row, at.col));
        if page_up {
            this.page(-i64::from(this.height.saturating_sub(2).max(1)));
        }
        this.lay_out();
        Some(this)
    }

    /// The top that shows the last row at the pane's bottom.
    fn bottom(&self) -> (u64, u32) {
        self.up((self.document.last(), self.document.height(self.document.last()).saturating_sub(1)), u32::from(self.height) - 1)
    }

    fn up(&self, from: (u64, u32), rows: u32) -> (u64, u32) {
        let (mut line, mut row) = from;
        let mut left = rows;
        while left > row {
            if line <= self.document.first() {
                return (self.document.first(), 0);
            }
            left -= row + 1;
            line -= 1;
            row = self.document.height(line) - 1;
        }
        (line, row - left)
    }

    fn down(&self, from: (u64, u32), rows: u32) -> (u64, u32) {
        let (mut line, mut row) = from;
        let mut left = rows;
        loop {
            let here = self.document.height(line).saturating_sub(row + 1);
            if left <= here {
                return (line, row + left);
            }
            if line >= self.document.last() {
                return (line, row + here);
            }
            left -= here + 1;
            line += 1;
            row = 0;
        }
    }

    /// Scrolls the window by rows (negative: towards older lines), taking the cursor along if it would leave it.
    fn scroll(&mut self, rows: i64) -> bool {
        let before = self.top;
        let amount = u32::try_from(rows.unsigned_abs()).unwrap_or(u32::MAX);
        self.top = if rows < 0 { self.up(self.top, amount) } else { self.down(self.top, amount).min(self.bottom()) };
        let (from, to) = (self.top, self.down(self.top, u32::from(self.height) - 1));
        let here = self.row_of(self.cursor);
        if here < from {
            self.cursor = self.in_row(from, self.aim.unwrap_or_else(|| self.col_in_row(self.cursor)));
        } else if here > to {
            self.cursor = self.in_row(to, self.aim.unwrap_or_else(|| self.col_in_row(self.cursor)));
        }
        before != self.top
    }

    /// The row (line, row of the line) that a position is in.
    fn row_of(&self, at: Position) -> (u64, u32) {
        let rows = self.document.rows(at.line);
        let row = rows.partition_point(|(start, _)| *start <= at.col).saturating_sub(1);
        (at.line, u32::try_from(row).unwrap_or(0))
    }

    fn col_in_row(&self, at: Position) -> u16 {
        let (_, row) = self.row_of(at);
        self.document.rows(at.line).get(row as usize).map_or(0, |(start, _)| at.col.saturating_sub(*start))
    }

    fn in_row(&self, (line, row): (u64, u32), col: u16) -> Position {
        let rows = self.document.rows(line);
        let (start, width) = rows.get(row as usize).map_or((0, 0), |(start, row)| (*start, row.cols()));
        self.document.clamp(Position { line, col: start + col.min(width.saturating_sub(1)) })
    }

    /// Brings the cursor into the window, by as little scrolling as it takes.
    fn follow(&mut self) {
        let here = self.row_of(self.cursor);
        let last = self.down(self.top, u32::from(self.height) - 1);
        if here < self.top {
            self.top = here;
        } else if here > last {
            self.top = self.up(here, u32::from(self.height) - 1);
        }
        self.top = self.top.clamp((self.document.first(), 0), self.bottom().max((self.document.first(), 0)));
    }

    /// After a jump far away: the cursor in the middle.
    fn center(&mut self) {
        self.top = self.up(self.row_of(self.cursor), u32::from(self.height) / 2).min(self.bottom());
    }

    fn vertical(&mut self, rows: i64) {
        let aim = *self.aim.get_or_insert(0);
        let here = self.row_of(self.cursor);
        let amount = u32::try_from(rows.unsigned_abs()).unwrap_or(u32::MAX);
        let there = if rows < 0 { self.up(here, amount) } else { self.down(here, amount) };
        self.cursor = self.in_row(there, aim);
        self.follow();
    }

    fn page(&mut self, rows: i64) {
        let aim = self.aim;
        if !self.scroll(rows) {
            let edge = if rows < 0 { self.top } else { self.down(self.top, u32::from(self.height) - 1) };
            self.cursor = self.in_row(edge, aim.unwrap_or(0));
        }
    }

    fn move_to(&mut self, at: Position) {
        self.cursor = self.document.clamp(at);
        self.follow();
    }

    /// Lays out what is shown.
    fn lay_out(&mut self) {
        self.top = self.top.clamp((self.document.first(), 0), self.bottom().max((self.document.first(), 0)));
        let mut rows = Vec::with_capacity(usize::from(self.height));
        let mut marks = Vec::new();
        let mut cursor = None;
        let (mut line, mut skip) = (self.top.0, self.top.1 as usize);
        while rows.len() < usize::from(self.height) && line <= self.document.last() {
            let text = self.document.line(line);
            let selected = self.selection.and_then(|selection| selection.columns(&self.document, self.cursor, line, &text));
            let matches = self.pattern.as_ref().map(|pattern| pattern.matches(&text)).unwrap_or_default();
            for (start, row) in self.document.rows(line).into_iter().skip(skip) {
                if rows.len() >= usize::from(self.height) {
                    break;
                }
                let at = u16::try_from(rows.len()).unwrap_or(u16::MAX);
                let end = start.saturating_add(self.document.width());
                let mut mark = |(from, to): (u16, u16), kind| {
                    let (from, to) = (from.max(start), to.min(end));
                    if from < to {
                        marks.push(Mark { row: at, from: from - start, to: to - start, kind });
                    }
                };
                for found in &matches {
                    let current = line == self.cursor.line && (found.0..found.1).contains(&self.cursor.col);
                    mark(*found, if current { MarkKind::CurrentMatch } else { MarkKind::Match });
                }
                if let Some(selected) = selected {
                    mark(selected, MarkKind::Selection);
                }
                if line == self.cursor.line && self.cursor.col >= start && (self.cursor.col < start + row.cols().max(1) || row.cols() == 0)
                {
                    cursor = Some(Point { col: self.cursor.col - start, row: at });
                }
                rows.push(row);
            }
            skip = 0;
            line += 1;
        }
        let below = self.document.last().saturating_sub(self.top.0);
        let all = self.document.last() - self.document.first();
        let shown = u64::try_from(rows.len()).unwrap_or(0).saturating_sub(1);
        let mut note =
            if self.show_position { format!("[{}/{}]", below.saturating_sub(shown), all.saturating_sub(shown)) } else { String::new() };
        if let Some(count) = self.count {
            note = format!("(repeat {count}) {note}");
        }
        let height = rows.len().max(self.view.rows.len());
        for index in 0..height {
            let at = u16::try_from(index).unwrap_or(u16::MAX);
            let marked = |marks: &[Mark]| marks.iter().filter(|mark| mark.row == at).copied().collect::<Vec<_>>();
            if rows.get(index) != self.view.rows.get(index) || marked(&marks) != marked(&self.view.marks) {
                self.view.damage.row(at);
            }
        }
        if note != self.view.note {
            self.view.damage.row(0);
        }
        self.view = ScrollView { rows, marks, cursor, note, damage: std::mem::take(&mut self.view.damage) };
    }

    /// Everything after a change: layout, and the question for lines that are looked at and not here.
    fn settle(&mut self, pane: PaneId) -> Vec<Action> {
        self.lay_out();
        let mut actions = Vec::new();
        if self.asked.is_none() {
            let from = self.top.0.saturating_sub(PREFETCH_LINES);
            let to = self.top.0 + u64::from(self.height) + PREFETCH_LINES;
            let shown = self.document.missing(self.top.0, self.top.0 + u64::from(self.height));
            if let Some((line, count)) = shown.and_then(|_| self.document.missing(from, to)) {
                self.asked = Some(Asked::Lines);
                actions.push(Action::Ask(Request::History { pane, from: line, count: count.min(HISTORY_LINES_MAX) }));
            }
        }
        actions
    }

    fn say(text: impl Into<String>) -> Action {
        Action::Say(Level::Info, text.into())
    }

    fn begin_search(&mut self, pane: PaneId, backward: bool, count: u32) -> Vec<Action> {
        let Some(pattern) = self.pattern.clone() else { return vec![Self::say("nothing was searched for yet: type / or ?")] };
        let mut search = Search::new(self.cursor, backward, count);
        let step = search.start(&self.document, &pattern);
        self.search = Some(search);
        self.step(pane, step)
    }

    fn step(&mut self, pane: PaneId, step: Step) -> Vec<Action> {
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

    fn search_for(&mut self, pane: PaneId, text: &str, backward: bool, incremental: bool, count: u32) -> Vec<Action> {
        if incremental {
            let (cursor, top) = *self.incremental.get_or_insert((self.cursor, self.top));
            (self.cursor, self.top) = (cursor, top);
        } else {
            self.incremental = None;
        }
        self.last_backward = backward;
        self.pattern = Pattern::new(text);
        if self.pattern.is_none() {
            return self.settle(pane);
        }
        self.begin_search(pane, backward, count)
    }

    fn take_matches(&mut self, pane: PaneId, found: &Matches) -> Vec<Action> {
        let (Some(mut search), Some(pattern)) = (self.search.take(), self.pattern.clone()) else { return Vec::new() };
        let mut matches = found.matches.clone();
        if search.backward {
            matches.sort_by_key(|found| std::cmp::Reverse((found.line, found.col)));
        }
        let step = search.go_on(&self.document, &pattern, &matches, found.next);
        self.search = Some(search);
        self.step(pane, step)
    }

    /// Copies the selection, or asks for lines of it that are not here.
    fn copy(&mut self, pane: PaneId, selection: Selection, cursor: Position, then: Then) -> Vec<Action> {
        let (from, _) = selection.ends(&self.document, cursor);
        self.copying = Some(PendingCopy { selection, cursor, next: from.line, text: String::new(), then });
        self.go_on_copying(pane, &BTreeMap::new())
    }

    fn go_on_copying(&mut self, pane: PaneId, fetched: &BTreeMap<u64, Row>) -> Vec<Action> {
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

    fn copied(&mut self, pane: PaneId, text: String, then: Then) -> Vec<Action> {
        let mut actions = vec![Action::Copy(text)];
        if then.leave {
            actions.push(Action::Close);
        } else {
            self.selection = None;
            actions.extend(self.settle(pane));
        }
        actions
    }

    fn take_lines(&mut self, pane: PaneId, lines: &Lines, asked: Asked) -> Vec<Action> {
        let rows: Vec<Row> = lines
            .rows
            .iter()
            .map_while(|bytes| {
                let mut input: &[u8] = bytes;
                codec::decode(&mut input).ok()
            })
            .collect();
        if rows.is_empty() {
            // The lines are gone: do not ask again before something changes.
            self.copying = None;
            return Vec::new();
        }
        if asked == Asked::Copy {
            let fetched = (lines.from..).zip(rows).collect();
            return self.go_on_copying(pane, &fetched);
        }
        let anchor = self.row_of(self.cursor);
        self.document.take_history(lines.from, rows, self.top.0);
        // Lines above grew from one row to several: what is looked at stays.
        if anchor.0 < self.top.0 {
            self.follow();
        }
        self.settle(pane)
    }

    fn ask_for(command: CopyAction, question: &str, character: bool) -> Vec<Action> {
        vec![Action::Open(prompt::for_copy(command, question, character))]
    }

    fn leave(&mut self) -> Vec<Action> {
        vec![Action::Close]
    }

    fn do_jump(&mut self, jump: Jump, count: u32) {
        for _ in 0..count {
            if let Some(at) = motion::jump(&self.document, self.cursor, jump.character, jump.forward, jump.before) {
                self.cursor = at;
            }
        }
    }

    fn repeat(&mut self, count: u32, step: impl Fn(&Document, Position) -> Position) {
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
    fn run(&mut self, command: &CopyCommand, pane: PaneId) -> Vec<Action> {
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

    fn at_exit(&self) -> bool {
        self.exit_at_bottom && self.selection.is_none() && self.top >= self.bottom()
    }

    fn position_at(&self, at: Point) -> Position {
        let row = self.down(self.top, u32::from(at.row.min(self.height.saturating_sub(1))));
        self.in_row(row, at.col)
    }

    fn drag_scroll(&mut self, direction: i8) {
        self.scroll(i64::from(direction));
        let row = if direction < 0 { self.top } else { self.down(self.top, u32::from(self.height) - 1) };
        self.cursor = self.in_row(row, if direction < 0 { 0 } else { u16::MAX });
    }
}

impl PaneMode for CopyMode {
    fn table(&self) -> &str {
        if self.vi { KeyTables::COPY_VI } else { KeyTables::COPY_EMACS }
    }

    fn view(&mut self) -> &mut ScrollView {
        &mut self.view
    }

    fn key(&mut self, key: Key, pane: PaneId, model: &Model) -> Vec<Action> {
        let _ = model;
        match key.code {
            KeyCode::Char(digit) if self.vi && digit.is_ascii_digit() && !key.mods.ctrl && !key.mods.alt => {
                self.run(&CopyCommand { action: CopyAction::Count, argument: Some(digit.to_string()) }, pane)
            }
            _ => Vec::new(),
        }
    }

    fn command(&mut self, command: &CopyCommand, pane: PaneId, model: &Model) -> Vec<Action> {
        let _ = model;
        self.run(command, pane)
    }

    fn mouse(&mut self, mouse: Mouse, pane: PaneId, model: &Model) -> Vec<Action> {
        let lines = i64::from(model.settings.config.mouse.wheel_lines.max(1));
        match mouse.action {
            MouseAction::Press(MouseButton::WheelUp) => {
                self.scroll(-lines);
            }
            MouseAction::Press(MouseButton::WheelDown) => {
                self.scroll(lines);
                if self.at_exit() {
                    return self.leave();
                }
            }
            MouseAction::Press(MouseButton::Left) => {
                self.cursor = self.position_at(mouse.at);
                self.selection = None;
                self.dragging = Some((0, 0));
            }
            MouseAction::Drag(MouseButton::Left) => {
                self.selection.get_or_insert(Selection::at(self.cursor));
                self.cursor = self.position_at(mouse.at);
                let edge = if mouse.at.row == 0 { -1 } else { i8::from(mouse.at.row + 1 >= self.height) };
                self.dragging = Some((edge, model.now_ms + DRAG_SCROLL_MS));
            }
            MouseAction::Release(MouseButton::Left) => {
                self.dragging = None;
                if let Some(selection) = self.selection {
                    return self.copy(pane, selection, self.cursor, Then { append: false, leave: self.exit_at_bottom });
                }
            }
            _ => return Vec::new(),
        }
        self.settle(pane)
    }

    fn reply(&mut self, reply: &Reply, pane: PaneId, model: &Model) -> Vec<Action> {
        let _ = model;
        let Some(asked) = self.asked.take() else { return Vec::new() };
        if asked == Asked::Buffer
            && let Some(copying) = self.copying.take()
        {
            let before = if let Reply::Text(text) = reply { text.as_str() } else { "" };
            return self.copied(pane, format!("{before}{}", copying.text), copying.then);
        }
        match reply {
            Reply::Lines(lines) => self.take_lines(pane, lines, asked),
            Reply::Matches(matches) => self.take_matches(pane, matches),
            Reply::Refused(refusal) => {
                self.copying = None;
                self.search = None;
                vec![Action::Say(Level::Error, refusal.message.clone())]
            }
            _ => Vec::new(),
        }
    }

    fn refresh(&mut self, pane: PaneId, model: &Model) -> Vec<Action> {
        if let Some((edge, due)) = self.dragging
            && edge != 0
            && model.now_ms >= due
        {
            self.drag_scroll(edge);
            self.dragging = Some((edge, model.now_ms + DRAG_SCROLL_MS));
        }
        let Some(replica) = model.replicas.get(&pane) else { return Vec::new() };
        self.height = replica.screen.size.rows.max(1);
        self.document.update(&replica.screen, replica.history_first, replica.history_end);
        self.cursor = self.document.clamp(self.cursor);
        self.settle(pane)
    }

    fn deadline_ms(&self) -> Option<u64> {
        self.dragging.filter(|(edge, _)| *edge != 0).map(|(_, due)| due)
    }
}

/// The command that a prompt for copy mode runs with its answer.
#[must_use]
pub fn answer(action: CopyAction, text: String) -> Command {
    Command::View(ViewCommand::Copy(CopyCommand { action, argument: Some(text) }))
}
