//! Choosers: sessions, windows, the whole tree, paste buffers, clients, layouts, commands. One widget: a list that is filtered by typing.
//!
//! A list is made of [`Entry`]s anew from the model whenever it is drawn, so it is always live; the selection stays on the same
//! [`Choice`]. Typing filters (fuzzy, by all words), arrows or `C-n`/`C-p` move, Enter chooses, Escape closes; `C-x` ends what is selected after a
//! question, `C-r` renames it. With room, the lower part shows the selected pane as it is now. In the list of sessions, Enter on a name that
//! does not exist makes that session.

use std::collections::BTreeMap;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::{Block, Borders, Widget};

use super::edit::Editor;
use super::prompt::PromptOverlay;
use super::rows;
use super::walk::{Walk, walk};
use crate::command::complete::LAYOUT_PRESETS;
use crate::command::{Choose, Command, Confirm, Place, Prompt, PromptKind, Scope, ViewCommand};
use crate::config::keytable::{KeyTable, KeyTables};
use crate::geometry::{Point, Rect};
use crate::ids::{AttachmentId, PaneId, SessionId, WindowId};
use crate::protocol::message::{BufferInfo, LayoutHow, NewSession, Presence, Reply, Request};
use crate::terminal::keys::{Key, KeyCode, Mouse, MouseAction, MouseButton};
use crate::tui::model::Model;
use crate::tui::natural::natural;
use crate::tui::overlay::{Action, Look, Overlay};

/// What an entry stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Session(SessionId),
    Window(SessionId, WindowId),
    Pane(PaneId),
    Buffer(String),
    Client(AttachmentId),
    Layout(&'static str),
    Command(&'static str),
}

/// A line of the list.
#[derive(Debug, Clone)]
struct Entry {
    choice: Choice,
    depth: u16,
    text: String,
    note: String,
    /// The pane that a preview shows.
    preview: Option<PaneId>,
}

/// A chooser.
pub struct Chooser {
    what: Choose,
    filter: Editor,
    selected: Option<Choice>,
    /// First entry shown.
    top: usize,
    /// Rows of the list when it was last drawn.
    height: usize,
    buffers: Option<Vec<BufferInfo>>,
    preview: Option<PaneId>,
    matcher: Matcher,
}

impl Chooser {
    /// What opens a chooser.
    #[must_use]
    pub fn open(what: Choose, model: &Model) -> Vec<Action> {
        let mut this = Self::new(what, Editor::default());
        this.selected = match (&model.view, what) {
            (Some(view), Choose::Sessions) => Some(Choice::Session(view.session)),
            (Some(view), Choose::Windows) => Some(Choice::Window(view.session, view.window)),
            (Some(view), Choose::Tree) => Some(Choice::Pane(view.focus)),
            _ => None,
        };
        this.preview = model.focus();
        vec![Action::Open(Box::new(this))]
    }

    /// A chooser of windows that is already filtered.
    #[must_use]
    pub fn filtered(what: Choose, filter: &str, model: &Model) -> Vec<Action> {
        let mut this = Self::new(what, Editor::new(filter));
        this.keep_selection(model);
        vec![Action::Open(Box::new(this))]
    }

    fn new(what: Choose, filter: Editor) -> Self {
        Self { what, filter, selected: None, top: 0, height: 1, buffers: None, preview: None, matcher: Matcher::new(Config::DEFAULT) }
    }

    fn title(&self) -> &'static str {
        match self.what {
            Choose::Sessions => "sessions",
            Choose::Windows => "windows",
            Choose::Tree => "sessions, windows, panes",
            Choose::Buffers => "paste buffers",
            Choose::Clients => "clients",
            Choose::Layouts => "layouts",
            Choose::Commands => "commands",
        }
    }

    fn hint(&self) -> &'static str {
        match self.what {
            Choose::Sessions => " Enter goes or makes · C-x kills · C-r renames · Esc closes ",
            Choose::Windows | Choose::Tree => " Enter goes there · C-x kills · C-r renames · Esc closes ",
            Choose::Buffers => " Enter pastes · C-x deletes · Esc closes ",
            Choose::Clients => " Enter detaches · Esc closes ",
            Choose::Layouts | Choose::Commands => " Enter runs · Esc closes ",
        }
    }

    /// All entries, unfiltered.
    fn all(&self, model: &Model) -> Vec<Entry> {
        match self.what {
            Choose::Sessions | Choose::Windows | Choose::Tree => self.tree(model),
            Choose::Buffers => {
                let entry = |buffer: &BufferInfo| Entry {
                    choice: Choice::Buffer(buffer.name.clone()),
                    depth: 0,
                    text: format!("{}: {}", buffer.name, printable(&buffer.sample)),
                    note: format!("{} bytes", buffer.bytes),
                    preview: None,
                };
                self.buffers.iter().flatten().map(entry).collect()
            }
            Choose::Clients => {
                let all =
                    model.roster.iter().flat_map(|operator| operator.attachments.iter().map(move |attachment| (operator, attachment)));
                all.map(|(operator, attachment)| Entry {
                    choice: Choice::Client(attachment.id),
                    depth: 0,
                    text: format!(
                        "{} {} {}{}",
                        attachment.id,
                        operator.name,
                        attachment.origin,
                        if model.attachment == Some(attachment.id) { " (this one)" } else { "" }
                    ),
                    note: format!(
                        "{}{}",
                        attachment.session.and_then(|id| model.sessions.get(&id)).map_or("", |session| session.name.as_str()),
                        if attachment.presence == Presence::Stale { " stale" } else { "" }
                    ),
                    preview: attachment.focus,
                })
                .collect()
            }
            Choose::Layouts => LAYOUT_PRESETS
                .iter()
                .map(|name| Entry { choice: Choice::Layout(name), depth: 0, text: (*name).to_owned(), note: String::new(), preview: None })
                .collect(),
            Choose::Commands => {
                let bound = bound_keys(model);
                crate::command::all()
                    .filter(|spec| spec.scope != Scope::Cli)
                    .map(|spec| Entry {
                        choice: Choice::Command(spec.name),
                        depth: 0,
                        text: format!("{:<22} {}", spec.name, spec.summary),
                        note: bound.get(spec.name).cloned().unwrap_or_else(|| spec.aliases.join(" ")),
                        preview: None,
                    })
                    .collect()
            }
        }
    }

    fn tree(&self, model: &Model) -> Vec<Entry> {
        let mut entries = Vec::new();
        let filtering = !self.filter.text().is_empty();
        let mut sessions: Vec<_> = model.sessions.values().collect();
        sessions.sort_by(|a, b| natural(&a.name, &b.name));
        for session in sessions {
            let others = session.attached;
            let preview = model.windows.get(&session.current).map(|window| window.active);
            entries.push(Entry {
                choice: Choice::Session(session.id),
                depth: 0,
                text: session.name.clone(),
                note: format!(
                    "{} window{}{}{}",
                    session.links.len(),
                    plural(session.links.len()),
                    if others > 0 { format!(", {others} attached") } else { String::new() },
                    if model.view.as_ref().is_some_and(|view| view.session == session.id) { " (here)" } else { "" }
                ),
                preview,
            });
            if self.what == Choose::Sessions && !filtering {
                continue;
            }
            for link in &session.links {
                let Some(window) = model.windows.get(&link.window) else { continue };
                let dead = window.places.iter().filter(|place| model.panes.get(&place.pane).is_some_and(|pane| pane.dead)).count();
                entries.push(Entry {
                    choice: Choice::Window(session.id, window.id),
                    depth: 1,
                    text: format!("{}: {}", link.index, window.name),
                    note: format!(
                        "{} pane{}{}{}{}",
                        window.places.len(),
                        plural(window.places.len()),
                        if window.bell { ", bell" } else { "" },
                        if window.activity { ", activity" } else { "" },
                        if dead > 0 { format!(", {dead} ended") } else { String::new() }
                    ),
                    preview: Some(window.active),
                });
                if self.what != Choose::Tree {
                    continue;
                }
                for (number, place) in window.places.iter().enumerate() {
                    let Some(pane) = model.panes.get(&place.pane) else { continue };
                    let state = match (pane.dead, pane.exit_code, pane.signal) {
                        (false, ..) => "",
                        (true, Some(code), _) => &format!(", exit {code}"),
                        (true, None, Some(signal)) => &format!(", signal {signal}"),
                        (true, None, None) => ", ended",
                    };
                    let present = model.present(pane.id).iter().map(|operator| operator.name.as_str()).collect::<Vec<_>>().join(" ");
                    entries.push(Entry {
                        choice: Choice::Pane(pane.id),
                        depth: 2,
                        text: format!("{number}: {} {}", pane.command, pane.title),
                        note: format!("{}{state}{}{present}", pane.id, if present.is_empty() { "" } else { " · " }),
                        preview: Some(pane.id),
                    });
                }
            }
        }
        entries
    }

    /// The entries that match the filter, best first where the list has no order of its own.
    fn entries(&mut self, model: &Model) -> Vec<Entry> {
        let all = self.all(model);
        if self.filter.text().trim().is_empty() {
            return all;
        }
        let pattern = Pattern::parse(self.filter.text(), CaseMatching::Smart, Normalization::Smart);
        let mut buffer = Vec::new();
        let mut parents: Vec<String> = Vec::new();
        let mut scored: Vec<(u32, Entry)> = Vec::new();
        for entry in all {
            parents.truncate(usize::from(entry.depth));
            let path = format!("{} {} {}", parents.join(" "), entry.text, entry.note);
            parents.push(entry.text.clone());
            if let Some(score) = pattern.score(Utf32Str::new(&path, &mut buffer), &mut self.matcher) {
                let own = pattern.score(Utf32Str::new(&entry.text, &mut buffer), &mut self.matcher).unwrap_or(0);
                let text = if entry.depth > 0 {
                    format!("{} › {}", parents[..parents.len() - 1].join(" › "), entry.text)
                } else {
                    entry.text.clone()
                };
                scored.push((score + own, Entry { depth: 0, text, ..entry }));
            }
        }
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, entry)| entry).collect()
    }

    fn keep_selection(&mut self, model: &Model) -> Vec<Entry> {
        let entries = self.entries(model);
        if !entries.iter().any(|entry| Some(&entry.choice) == self.selected.as_ref()) {
            self.selected = entries.first().map(|entry| entry.choice.clone());
        }
        self.preview = self.selected_entry(&entries).and_then(|entry| entry.preview);
        entries
    }

    fn selected_entry<'a>(&self, entries: &'a [Entry]) -> Option<&'a Entry> {
        entries.iter().find(|entry| Some(&entry.choice) == self.selected.as_ref())
    }

    fn step(&mut self, by: isize, model: &Model) -> Vec<Action> {
        let entries = self.keep_selection(model);
        let at = entries.iter().position(|entry| Some(&entry.choice) == self.selected.as_ref()).unwrap_or(0);
        let last = entries.len().saturating_sub(1);
        let next = if by.abs() == 1 && !entries.is_empty() {
            (at + entries.len()).saturating_add_signed(by) % entries.len()
        } else {
            at.saturating_add_signed(by).min(last)
        };
        self.selected = entries.get(next).map(|entry| entry.choice.clone());
        self.preview = entries.get(next).and_then(|entry| entry.preview);
        Vec::new()
    }

    fn choose(&mut self, model: &Model) -> Vec<Action> {
        let entries = self.keep_selection(model);
        let mut actions = vec![Action::Close];
        let Some(entry) = self.selected_entry(&entries) else {
            let name = self.filter.text().trim().to_owned();
            if self.what == Choose::Sessions && !name.is_empty() {
                let session = NewSession { name: Some(name), ..NewSession::default() };
                actions.push(Action::Run(Command::View(ViewCommand::NewSession { session, attach: true })));
                return actions;
            }
            return Vec::new();
        };
        actions.push(match &entry.choice {
            Choice::Session(id) => Action::Look(Look::Session(*id)),
            Choice::Window(session, window) => Action::Look(Look::WindowIn(*session, *window)),
            Choice::Pane(pane) => Action::Look(Look::Pane(*pane)),
            Choice::Buffer(name) => {
                Action::Run(Command::View(ViewCommand::Paste { buffer: Some(name.clone()), delete: false, target: None }))
            }
            Choice::Client(id) => Action::Request(Request::Detach { target: Some(id.to_string()), others: false }),
            Choice::Layout(name) => {
                let target = model.view.as_ref().map(|view| view.window.to_string());
                Action::Request(Request::SelectLayout { target, how: LayoutHow::Named((*name).to_owned()) })
            }
            // Run as it is if it needs nothing more, else at the prompt.
            Choice::Command(name) => match crate::command::parse_at(&name.split(' ').collect::<Vec<_>>(), Place::Client) {
                Ok(command) => Action::Run(command),
                Err(_) => Action::Open(Box::new(PromptOverlay::new(
                    &Prompt { initial: vec![format!("{name} ")], ..Prompt::command_line("") },
                    model,
                ))),
            },
        });
        actions
    }

    fn kill(&mut self, model: &Model) -> Vec<Action> {
        let entries = self.keep_selection(model);
        let Some(entry) = self.selected_entry(&entries) else { return Vec::new() };
        let (what, request) = match &entry.choice {
            Choice::Session(id) => {
                (format!("session {}", entry.text), Request::KillSession { target: Some(id.to_string()), others: false })
            }
            Choice::Window(_, id) => {
                (format!("window {}", entry.text), Request::KillWindow { target: Some(id.to_string()), others: false })
            }
            Choice::Pane(id) => (format!("pane {id}"), Request::KillPane { target: Some(id.to_string()), others: false }),
            Choice::Client(_) => return self.choose(model),
            Choice::Buffer(name) => {
                let request = Request::DeleteBuffer { name: Some(name.clone()) };
                return vec![Action::Request(request), Action::Ask(Request::ListBuffers)];
            }
            Choice::Layout(_) | Choice::Command(_) => return Vec::new(),
        };
        let question = Some(format!("kill {what}?").replace('#', "##"));
        vec![Action::Run(Command::View(ViewCommand::Confirm(Confirm {
            question,
            text: String::new(),
            then: vec![Command::Request(request)],
        })))]
    }

    fn rename(&mut self, model: &Model) -> Vec<Action> {
        let entries = self.keep_selection(model);
        let Some(entry) = self.selected_entry(&entries) else { return Vec::new() };
        let (noun, id, name) = match &entry.choice {
            Choice::Session(id) => ("session", id.to_string(), model.sessions.get(id).map(|session| session.name.clone())),
            Choice::Window(_, id) => ("window", id.to_string(), model.windows.get(id).map(|window| window.name.clone())),
            Choice::Pane(id) => ("pane", id.to_string(), model.panes.get(id).map(|pane| pane.title.clone())),
            _ => return Vec::new(),
        };
        let words = ["rename", noun, "-t", &id, "--", "%%"].map(str::to_owned).to_vec();
        let prompt = Prompt {
            questions: vec![format!("(rename {noun})")],
            initial: vec![name.unwrap_or_default().replace('#', "##")],
            kind: PromptKind::Line,
            template: Some(vec![words]),
        };
        vec![Action::Open(Box::new(PromptOverlay::new(&prompt, model)))]
    }
}

impl Overlay for Chooser {
    fn area(&self, screen: Rect, _model: &Model) -> Rect {
        let cols = (screen.cols.saturating_mul(4) / 5).max(60).min(screen.cols);
        let rows = (screen.rows.saturating_mul(4) / 5).max(12).min(screen.rows);
        Rect { col: screen.col + (screen.cols - cols) / 2, row: screen.row + (screen.rows - rows) / 2, cols, rows }
    }

    fn draw(&mut self, area: Area, buffer: &mut Buffer, model: &Model) {
        let theme = &model.settings.theme;
        let entries = self.keep_selection(model);
        let block =
            Block::new().borders(Borders::ALL).border_style(theme.list).title(format!(" {} ", self.title())).title_bottom(self.hint());
        block.render(area, buffer);
        let inner = super::framed(area);
        if inner.height == 0 || inner.width == 0 {
            return;
        }
        buffer.set_stringn(inner.x, inner.y, format!("> {}", self.filter.text()), usize::from(inner.width), Style::new());
        let body = Area { y: inner.y + 1, height: inner.height - 1, ..inner };
        let with_preview = body.height >= 10 && self.preview.is_some();
        let list = Area { height: if with_preview { body.height - body.height / 2 } else { body.height }, ..body };
        self.height = usize::from(list.height);
        let at = entries.iter().position(|entry| Some(&entry.choice) == self.selected.as_ref()).unwrap_or(0);
        self.top = self.top.min(at).max((at + 1).saturating_sub(self.height.max(1))).min(entries.len().saturating_sub(1));
        if entries.is_empty() {
            let text = match self.what {
                Choose::Sessions => format!("no such session: Enter makes {}", self.filter.text().trim()),
                Choose::Buffers if self.buffers.is_none() => "…".to_owned(),
                _ => "nothing here".to_owned(),
            };
            buffer.set_stringn(list.x + 1, list.y, text, usize::from(list.width.saturating_sub(1)), theme.faint);
        }
        for (y, entry) in (list.y..list.bottom()).zip(entries.iter().skip(self.top)) {
            let chosen = Some(&entry.choice) == self.selected.as_ref();
            let style = if chosen { theme.list_current } else { Style::new() };
            if chosen {
                buffer.set_style(Area { y, height: 1, ..list }, style);
            }
            let indent = entry.depth * 2 + 1;
            let width = usize::from(list.width.saturating_sub(indent));
            let (end, _) = buffer.set_stringn(list.x + indent, y, &entry.text, width, style);
            let note = u16::try_from(unicode_width::UnicodeWidthStr::width(entry.note.as_str())).unwrap_or(u16::MAX);
            let start = list.right().saturating_sub(note.saturating_add(1)).max(end.saturating_add(2));
            if start < list.right() {
                let dim = if chosen { style } else { style.add_modifier(Modifier::DIM) };
                buffer.set_stringn(start, y, &entry.note, usize::from(list.right() - start), dim);
            }
        }
        if with_preview && let Some(pane) = self.preview {
            let line = Area { y: list.bottom(), height: 1, ..body };
            let title = model.panes.get(&pane).map_or(String::new(), |info| format!("─ {} {} ", info.id, info.command));
            let dashes = "─".repeat(usize::from(line.width));
            buffer.set_stringn(line.x, line.y, dashes, usize::from(line.width), theme.list);
            buffer.set_stringn(line.x, line.y, title, usize::from(line.width), theme.list);
            rows::preview(model, pane, Area { y: line.y + 1, height: body.bottom().saturating_sub(line.y + 1), ..body }, buffer);
        }
    }

    fn cursor(&self, area: Rect, _model: &Model) -> Option<Point> {
        let col = area.col.saturating_add(3).saturating_add(self.filter.cursor_cols()).min(area.right().saturating_sub(2));
        Some(Point { col, row: area.row.saturating_add(1) })
    }

    fn key(&mut self, key: Key, model: &Model) -> Vec<Action> {
        match key.code {
            KeyCode::Char('x') if key.mods.ctrl => return self.kill(model),
            KeyCode::Char('r') if key.mods.ctrl => return self.rename(model),
            _ => {}
        }
        match walk(key, self.filter.text(), self.height) {
            Some(Walk::Close) => vec![Action::Close],
            Some(Walk::Choose) => self.choose(model),
            Some(Walk::Step(by)) => self.step(by, model),
            None => {
                if self.filter.key(key) {
                    self.selected = None;
                    self.top = 0;
                    self.keep_selection(model);
                }
                Vec::new()
            }
        }
    }

    fn paste(&mut self, text: &str, model: &Model) -> Vec<Action> {
        self.filter.insert(text.trim());
        self.selected = None;
        self.keep_selection(model);
        Vec::new()
    }

    fn mouse(&mut self, mouse: Mouse, area: Rect, model: &Model) -> Vec<Action> {
        match mouse.action {
            MouseAction::Press(MouseButton::WheelUp) => self.step(-1, model),
            MouseAction::Press(MouseButton::WheelDown) => self.step(1, model),
            MouseAction::Press(MouseButton::Left) if !area.contains(mouse.at) => vec![Action::Close],
            MouseAction::Press(MouseButton::Left) => {
                let first = area.row.saturating_add(2);
                let entries = self.keep_selection(model);
                let hit = mouse.at.row.checked_sub(first).filter(|row| usize::from(*row) < self.height);
                let Some(entry) = hit.and_then(|row| entries.get(self.top + usize::from(row))) else { return Vec::new() };
                let again = Some(&entry.choice) == self.selected.as_ref();
                self.selected = Some(entry.choice.clone());
                self.preview = entry.preview;
                if again { self.choose(model) } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    fn reply(&mut self, reply: &Reply, _model: &Model) -> Vec<Action> {
        if let Reply::Buffers(buffers) = reply {
            self.buffers = Some(buffers.clone());
        }
        vec![Action::Redraw]
    }

    fn deadline_ms(&self) -> Option<u64> {
        // The list of buffers is the server's: asked for once, at once.
        (self.what == Choose::Buffers && self.buffers.is_none()).then_some(0)
    }

    fn tick(&mut self, _model: &Model) -> Vec<Action> {
        self.buffers = Some(Vec::new());
        vec![Action::Ask(Request::ListBuffers)]
    }

    fn previews(&self) -> Vec<PaneId> {
        self.preview.into_iter().collect()
    }
}

/// The first key bound to each command by name, as `prefix key`.
fn bound_keys(model: &Model) -> BTreeMap<&'static str, String> {
    let mut keys = BTreeMap::new();
    let config = &model.settings.config;
    for table in [KeyTables::PREFIX, KeyTables::ROOT] {
        let prefix = config.general.prefix.filter(|_| table == KeyTables::PREFIX).map_or(String::new(), |key| format!("{key} "));
        for (key, bound) in config.keys.table(table).into_iter().flat_map(KeyTable::iter) {
            let words: Vec<&str> = bound.run.split_whitespace().take(2).collect();
            if let Ok(found) = crate::command::find(&words, Place::Client) {
                keys.entry(found.spec.name).or_insert_with(|| format!("{prefix}{key}"));
            }
        }
    }
    keys
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A text with control characters shown as blanks.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
