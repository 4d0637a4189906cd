//! Text into panes and out of them: send, read, history, search.
//!
//! What needs a pane's screen or history is asked of its worker, which answers the client itself. A `send` needs the screen's modes to encode keys:
//! the worker encodes, and the bytes come back as an [`Answer`], because only the gate may type.

use regex::RegexBuilder;

use crate::ids::PaneId;
use crate::protocol::limits::{HISTORY_BYTES_MAX, HISTORY_LINES_MAX};
use crate::protocol::message::{Lines, Made, Match, Matches, PaneText, Reply, SendItem};
use crate::server::event::Asker;
use crate::server::identity::ProcessName;
use crate::server::owner::{Server, refusal};
use crate::server::panes::PaneView;
use crate::terminal::history::Direction;
use crate::terminal::keys::{self, Key};
use crate::terminal::{Modes, Row, codec};

/// Most bytes of text in one answer; of more the end is given.
const TEXT_MAX_BYTES: usize = 3 * 1024 * 1024;
/// Lines that one search looks at before it answers with where to go on: a worker has other panes to serve.
const SEARCH_LINES: usize = 20_000;
/// Matches in one answer.
const MATCHES_MAX: usize = 10_000;
/// Compiled size of a pattern.
const PATTERN_MAX_BYTES: usize = 1024 * 1024;

/// What a worker found out for the owner. As many as there are unanswered requests, which are bounded per client, and agents that are present, which are
/// bounded, too.
#[derive(Debug)]
pub(in crate::server) enum Answer {
    /// The bytes of a `send`.
    Send { asker: Asker, pane: PaneId, sent: Sent, bytes: Vec<u8>, seq: u64 },
    /// Where in its output a pane is, for whoever lost control in this epoch.
    Cursor { pane: PaneId, epoch: u64, offset: u64 },
    /// The same, for somebody who hands control back.
    HandBack { asker: Asker, pane: PaneId, note: Option<String>, offset: u64 },
    /// An agent's process has ended.
    ProcessEnded(ProcessName),
}

/// What a `send` carries beside its items.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) struct Sent {
    pub(in crate::server) stream: u64,
    pub(in crate::server) expect_seq: Option<u64>,
    pub(in crate::server) epoch: Option<u64>,
}

/// A search.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) pattern: String,
    pub(super) literal: bool,
    pub(super) from: u64,
    pub(super) backward: bool,
    pub(super) limit: u32,
}

/// The items of a `send` as bytes, keys encoded for `modes`. Keys were checked before.
fn encode(items: &[SendItem], modes: Modes) -> Vec<u8> {
    let mut bytes = Vec::new();
    for item in items {
        match item {
            SendItem::Text(text) => bytes.extend_from_slice(text.as_bytes()),
            SendItem::Key(name) => {
                if let Ok(key) = Key::parse(name) {
                    bytes.extend_from_slice(&keys::encode_key(key, modes));
                }
            }
            SendItem::Paste(text) => bytes.extend_from_slice(&keys::paste(text, modes)),
        }
    }
    bytes
}

impl Server {
    pub(super) fn ask_send(&mut self, asker: Asker, target: Option<&str>, items: &[SendItem], sent: Sent) {
        let pane = match self.pane(asker.connection, target) {
            Ok(at) => at.pane,
            Err(refused) => return self.refuse(asker, refused),
        };
        for item in items {
            if let SendItem::Key(name) = item
                && let Err(error) = Key::parse(name)
            {
                return self.refuse(asker, refusal("bad_request", error.to_string()));
            }
        }
        if sent.expect_seq.is_none() && items.iter().all(|item| matches!(item, SendItem::Text(_))) {
            return self.send_bytes(asker, pane, sent, 0, &encode(items, Modes::default()));
        }
        let (answers, items) = (self.answers.clone(), items.to_vec());
        self.ask(asker, pane, move |asker, view| {
            let bytes = encode(&items, view.modes());
            let seq = view.stream_offset();
            // The receiver lives as long as the owner.
            let _ = answers.send(Answer::Send { asker, pane, sent, bytes, seq });
        });
    }

    pub(in crate::server) fn on_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Send { asker, pane, sent, bytes, seq } => self.send_bytes(asker, pane, sent, seq, &bytes),
            Answer::Cursor { pane, epoch, offset } => self.on_cursor(pane, epoch, offset),
            Answer::HandBack { asker, pane, note, offset } => self.hand_back(asker, pane, note, offset),
            Answer::ProcessEnded(root) => self.on_process_ended(root),
        }
    }

    pub(super) fn ask_read(&mut self, asker: Asker, target: Option<&str>, lines: Option<u32>, all: bool, rows: bool) {
        match self.pane(asker.connection, target) {
            Ok(at) => self.ask(asker, at.pane, move |asker, view| asker.reply(Reply::PaneText(read(view, lines, all, rows)))),
            Err(refused) => self.refuse(asker, refused),
        }
    }

    pub(super) fn ask_history(&mut self, asker: Asker, pane: PaneId, from: u64, count: u32) {
        self.ask(asker, pane, move |asker, view| {
            let history = view.history();
            let (first, end) = (history.first(), history.end());
            let lines = history.lines(from, count.min(HISTORY_LINES_MAX) as usize, HISTORY_BYTES_MAX);
            let from = lines.first().map_or(from, |(line, _)| *line);
            let encoded = |(_, row): &(u64, Row)| {
                let mut bytes = Vec::new();
                codec::encode(row, &mut bytes);
                bytes.into()
            };
            asker.reply(Reply::Lines(Lines { pane, from, rows: lines.iter().map(encoded).collect(), first, end }));
        });
    }

    pub(super) fn ask_search(&mut self, asker: Asker, pane: PaneId, wanted: Wanted) {
        let pattern = if wanted.literal { regex::escape(&wanted.pattern) } else { wanted.pattern.clone() };
        let smart_case = !wanted.pattern.chars().any(char::is_uppercase);
        let pattern = match RegexBuilder::new(&pattern).case_insensitive(smart_case).size_limit(PATTERN_MAX_BYTES).build() {
            Ok(pattern) => pattern,
            Err(error) => {
                let error = error.to_string();
                let line = error.lines().last().unwrap_or("not a pattern").to_owned();
                return self.refuse(asker, refusal("bad_request", line));
            }
        };
        self.ask(asker, pane, move |asker, view| asker.reply(Reply::Matches(search(view, &pattern, &wanted))));
    }

    pub(super) fn ask_clear_history(&mut self, asker: Asker, target: Option<&str>) {
        match self.pane(asker.connection, target) {
            Ok(at) => self.ask(asker, at.pane, move |asker, view| {
                view.clear_history();
                asker.reply(Reply::Done(Made { pane: Some(at.pane), ..Made::default() }));
            }),
            Err(refused) => self.refuse(asker, refused),
        }
    }

    /// Asks a pane's worker; who asks for a pane that is not there is told.
    pub(super) fn ask(&mut self, asker: Asker, pane: PaneId, question: impl FnOnce(Asker, &mut PaneView<'_>) + Send + 'static) {
        if self.panes.contains_key(&pane) {
            // A question that is dropped unasked (the pane closed meanwhile) must be answered all the same.
            let guard = Guard(Some(asker), pane);
            self.workers.ask(pane, move |view| {
                let mut guard = guard;
                if let Some(asker) = guard.0.take() {
                    question(asker, view);
                }
            });
        } else {
            self.refuse(asker, refusal("no_such_target", format!("can't find pane: {pane}")));
        }
    }
}

/// Answers for a pane that is gone.
struct Guard(Option<Asker>, PaneId);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(asker) = self.0.take() {
            asker.reply(Reply::Refused(refusal("no_such_target", format!("can't find pane: {}", self.1))));
        }
    }
}

/// The rows of the screen down to the last that is not blank.
fn screen_rows(view: &mut PaneView<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = view.screen().rows.iter().map(|row| row.row.clone()).collect();
    while rows.last().is_some_and(|row| row.text.trim().is_empty()) {
        rows.pop();
    }
    rows
}

/// The lines of the screen: wrapped rows joined.
fn screen_lines(view: &mut PaneView<'_>) -> Vec<Row> {
    let rows = screen_rows(view);
    let mut lines = Vec::new();
    let mut from = 0;
    for (at, row) in rows.iter().enumerate() {
        if !row.wrapped || at + 1 == rows.len() {
            lines.push(Row::concat(rows.get(from..=at).unwrap_or_default()));
            from = at + 1;
        }
    }
    lines
}

fn read(view: &mut PaneView<'_>, lines: Option<u32>, all: bool, rows: bool) -> PaneText {
    let (pane, seq) = (view.pane(), view.stream_offset());
    let width = view.size().cols;
    let screen = if rows { screen_rows(view) } else { screen_lines(view) };
    let history = view.history();
    let (first, end) = (history.first(), history.end());
    // The newest line of history may go on at the top of the screen.
    let open = !rows && end > first && history.line(end - 1).is_some_and(|line| line.wrapped);
    let wanted = match lines {
        _ if all => u64::MAX,
        None => screen.len() as u64,
        Some(lines) => u64::from(lines),
    };
    let missing = wanted.saturating_sub(screen.len() as u64);
    let mut texts: Vec<String> = Vec::new();
    let mut from = end;
    if missing > 0 && end > first {
        from = end.saturating_sub(missing + u64::from(open)).max(first);
        let mut next = from;
        while next < end {
            let some = history.lines(next, 1000, HISTORY_BYTES_MAX);
            let Some((last, _)) = some.last() else { break };
            next = last + 1;
            for (_, line) in &some {
                if rows {
                    texts.extend(line.wrap(width).iter().map(plain));
                } else {
                    texts.push(plain(line));
                }
            }
        }
    }
    let mut screen = screen.iter().map(plain);
    if open
        && !texts.is_empty()
        && let (Some(last), Some(rest)) = (texts.last_mut(), screen.next())
    {
        last.push_str(&rest);
    }
    texts.extend(screen);
    let surplus = texts.len().saturating_sub(usize::try_from(wanted).unwrap_or(usize::MAX));
    texts.drain(..surplus);
    if !rows {
        from += surplus as u64;
    }
    let mut truncated = surplus > 0 || from > first;
    let mut bytes: usize = texts.iter().map(|text| text.len() + 1).sum();
    let mut dropped = 0;
    while bytes > TEXT_MAX_BYTES {
        let Some(text) = texts.get(dropped) else { break };
        bytes -= text.len() + 1;
        dropped += 1;
        truncated = true;
    }
    let mut text = String::with_capacity(bytes);
    for line in texts.get(dropped..).unwrap_or_default() {
        text.push_str(line);
        text.push('\n');
    }
    PaneText { pane, text, first_line: from + dropped as u64, truncated, seq: Some(seq) }
}

fn plain(row: &Row) -> String {
    row.text.trim_end().to_owned()
}

fn search(view: &mut PaneView<'_>, pattern: &regex::Regex, wanted: &Wanted) -> Matches {
    let pane = view.pane();
    let limit = (wanted.limit as usize).clamp(1, MATCHES_MAX);
    let screen = screen_lines(view);
    let history = view.history();
    let end = history.end();
    let on_screen = |at: usize, line: &Row| -> Vec<Match> {
        let number = end + at as u64;
        let found = pattern.find_iter(&line.text).filter(|found| !found.is_empty());
        found
            .map(|found| {
                let (from, to) = (line.col_of_byte(found.start()), line.col_of_byte(found.end()));
                Match { line: number, col: u32::from(from), cols: u32::from(to.saturating_sub(from)).max(1) }
            })
            .collect()
    };
    let in_history = |from: u64, direction: Direction| {
        let step = history.search(pattern, from, direction, SEARCH_LINES);
        let matches = step.matches.into_iter().map(|found| Match {
            line: found.line,
            col: u32::from(found.cols.start),
            cols: u32::from(found.cols.end.saturating_sub(found.cols.start)).max(1),
        });
        (matches.collect::<Vec<_>>(), step.next)
    };
    let mut matches = Vec::new();
    let mut next = None;
    if wanted.backward {
        for (at, line) in screen.iter().enumerate().rev().filter(|(at, _)| end + *at as u64 <= wanted.from) {
            matches.extend(on_screen(at, line));
        }
        if matches.len() < limit && end > history.first() {
            let (more, go_on) = in_history(wanted.from.min(end - 1), Direction::Backward);
            matches.extend(more);
            next = go_on;
        } else if end > history.first() {
            next = Some(end - 1);
        }
    } else {
        if wanted.from < end {
            let (found, go_on) = in_history(wanted.from, Direction::Forward);
            (matches, next) = (found, go_on);
        }
        if next.is_none() {
            for (at, line) in screen.iter().enumerate().filter(|(at, _)| end + *at as u64 >= wanted.from) {
                matches.extend(on_screen(at, line));
            }
        }
    }
    if matches.len() > limit {
        // What is cut off is found again from its line.
        let cut = matches.split_off(limit);
        next = cut.first().map(|first| first.line);
        let last = matches.last().map(|last| last.line);
        if next == last {
            // A line is never half told, unless it alone is above the limit.
            let whole = matches.iter().position(|found| Some(found.line) == last).unwrap_or(0);
            if whole > 0 {
                matches.truncate(whole);
            } else {
                next = last.and_then(|last| if wanted.backward { last.checked_sub(1) } else { last.checked_add(1) });
            }
        }
    }
    Matches { pane, matches, next }
}
