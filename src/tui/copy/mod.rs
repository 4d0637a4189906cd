//! Copy mode: looking at a pane's history, moving, searching, selecting and copying, while the pane runs on underneath.
//!
//! [`Document`] gives the pane's lines under numbers that stay; here is the cursor on them, the window onto them ([`CopyMode::top`]), the selection
//! and the search. A command moves the cursor ([`motion`]), the window follows it, and what is shown is laid out anew ([`ScrollView`]). Lines that are
//! looked at but not here are asked for, one answer at a time; so are matches ([`search`]) and, for a copy, selected lines that were never looked
//! at. All of it belongs to one client.
//!
//! A position is a logical line and a column before wrapping, so it stays on its text when the pane is resized.

mod copying;
pub mod document;
mod find;
mod motion;
mod run;
mod search;
mod select;
mod window;

use self::document::{Document, Position};
use self::search::{Pattern, Search};
use self::select::Selection;
use super::model::Model;
use super::overlay::{Action, PaneMode, ScrollView};
use crate::command::{Command, CopyAction, CopyCommand, ViewCommand};
use crate::config::Config;
use crate::config::keytable::KeyTables;
use crate::ids::PaneId;
use crate::protocol::limits::HISTORY_LINES_MAX;
use crate::protocol::message::{Level, Lines, Reply, Request};
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
    options: Options,
    view: ScrollView,
}

/// What of the configuration copy mode goes by.
#[derive(Debug, Clone, Copy)]
struct Options {
    /// Letting go of the mouse button copies and leaves.
    select_copies: bool,
    /// Searches go round.
    wrap_search: bool,
    /// Searches take regular expressions.
    regex: bool,
    /// Small letters find capitals.
    smart_case: bool,
}

impl Options {
    const fn of(config: &Config) -> Self {
        Self {
            select_copies: config.mouse.select_copies,
            wrap_search: config.copy.wrap_search,
            regex: config.copy.regex,
            smart_case: config.copy.smart_case,
        }
    }
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
            show_position: model.settings.config.copy.position,
            options: Options::of(&model.settings.config),
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

    fn leave(&mut self) -> Vec<Action> {
        vec![Action::Close]
    }

    fn at_exit(&self) -> bool {
        self.exit_at_bottom && self.selection.is_none() && self.top >= self.bottom()
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
                if let Some(selection) = self.selection.filter(|_| self.options.select_copies) {
                    return self.copy(pane, selection, self.cursor, Then { append: false, leave: true });
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
