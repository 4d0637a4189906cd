//! Prompts on the bottom line: the command prompt (`:`) with completion and history, the questions of `command-prompt`, and what copy mode asks for.
//!
//! Tab completes as far as all candidates agree and lists them above the line; more Tabs walk through them. Up and Down go through earlier
//! answers. Enter answers, Escape or `C-c` gives up. Several questions are asked one after another.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::edit::Editor;
use crate::command::{Candidate, Command, CopyAction, CopyCommand, Name, Names, Prompt, PromptKind, ViewCommand, complete};
use crate::geometry::{Point, Rect};
use crate::protocol::message::Level;
use crate::terminal::keys::{Key, KeyCode};
use crate::tui::control::verbs::Note;
use crate::tui::format;
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Overlay};

/// Candidates listed at once.
const LISTED_MAX: usize = 8;

/// What becomes of the answers.
#[derive(Debug, Clone)]
enum Finish {
    /// They complete a command.
    Fill(Prompt),
    /// They are the argument of a copy-mode action; run at each change, too, if that is incremental.
    Copy(CopyAction),
    /// They are said to somebody along with something about control.
    Note(Note),
}

/// The prompt.
#[derive(Debug)]
pub struct PromptOverlay {
    questions: Vec<String>,
    initial: Vec<String>,
    kind: PromptKind,
    answers: Vec<String>,
    editor: Editor,
    finish: Finish,
    /// Which earlier answer is shown, counted from the newest, and what was typed before.
    recalled: Option<(usize, String)>,
    candidates: Vec<Candidate>,
    /// The candidate that stands in the line, and the line before.
    chosen: Option<(usize, Editor)>,
}

impl PromptOverlay {
    /// A prompt as a command asked for it.
    #[must_use]
    pub fn new(prompt: &Prompt, model: &Model) -> Self {
        let expand = |text: &String| format::expand(model, text);
        let initial: Vec<String> = prompt.initial.iter().map(expand).collect();
        let editor = Editor::new(initial.first().cloned().unwrap_or_default());
        Self {
            questions: prompt.questions.iter().map(expand).collect(),
            initial,
            kind: prompt.kind,
            answers: Vec::new(),
            editor,
            finish: Finish::Fill(prompt.clone()),
            recalled: None,
            candidates: Vec::new(),
            chosen: None,
        }
    }

    fn question(&self) -> &str {
        self.questions.get(self.answers.len()).map_or(":", String::as_str)
    }

    /// The question with the blank that parts it from the answer; `:` has none.
    fn shown_question(&self) -> String {
        let question = self.question();
        if question == ":" || question.ends_with(' ') { question.to_owned() } else { format!("{question} ") }
    }

    fn is_command_line(&self) -> bool {
        matches!(&self.finish, Finish::Fill(prompt) if prompt.template.is_none())
    }

    fn is_incremental(&self) -> bool {
        matches!(self.finish, Finish::Copy(CopyAction::SearchForwardIncremental | CopyAction::SearchBackwardIncremental))
    }

    fn copy_command(action: CopyAction, text: &str) -> Action {
        Action::Run(Command::View(ViewCommand::Copy(CopyCommand { action, argument: Some(text.to_owned()) })))
    }

    fn answer(&mut self, answer: String, model: &Model) -> Vec<Action> {
        let remembered = answer.clone();
        self.answers.push(answer);
        if self.answers.len() < self.questions.len() {
            self.editor = Editor::new(self.initial.get(self.answers.len()).cloned().unwrap_or_default());
            return Vec::new();
        }
        let mut actions = vec![Action::Close];
        if self.kind == PromptKind::Line && !remembered.trim().is_empty() {
            actions.push(Action::Remember(remembered));
        }
        match &self.finish {
            Finish::Copy(action) => {
                if !self.answers.iter().all(String::is_empty) {
                    actions.push(Self::copy_command(*action, self.answers.first().map_or("", String::as_str)));
                }
            }
            Finish::Note(note) => match note.request(self.answers.first().map_or("", String::as_str), model) {
                Some(request) => actions.push(Action::Request(request)),
                None => actions.push(Action::Say(Level::Info, "it is over already".to_owned())),
            },
            Finish::Fill(prompt) => match prompt.fill(&self.answers) {
                Ok(commands) => actions.extend(commands.into_iter().map(Action::Run)),
                Err(_) if self.answers.iter().all(|answer| answer.trim().is_empty()) => {}
                Err(error) => {
                    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                    actions.push(Action::Say(Level::Error, format!("{error}{hint}")));
                }
            },
        }
        actions
    }

    fn recall(&mut self, older: bool, model: &Model) {
        let history = &model.prompt_history;
        let typed = self.recalled.take();
        let at = match (&typed, older) {
            (None, true) => 0,
            (Some((at, _)), true) => (at + 1).min(history.len().saturating_sub(1)),
            (Some((at, _)), false) if *at > 0 => at - 1,
            (Some((_, text)), false) => {
                self.editor.set(text.clone());
                return;
            }
            (None, false) => return,
        };
        let Some(text) = history.len().checked_sub(at + 1).and_then(|index| history.get(index)) else { return };
        self.recalled = Some((at, typed.map_or_else(|| self.editor.text().to_owned(), |(_, text)| text)));
        self.editor.set(text.clone());
    }

    fn complete(&mut self, backwards: bool, model: &Model) {
        if let Some((at, before)) = self.chosen.take() {
            let count = self.candidates.len();
            let next = if backwards { (at + count - 1) % count.max(1) } else { (at + 1) % count.max(1) };
            if let Some(candidate) = self.candidates.get(next) {
                self.editor = before.clone();
                self.editor.replace_to_cursor(candidate.start, &candidate.insert);
                self.chosen = Some((next, before));
            }
            return;
        }
        self.candidates = complete(self.editor.text(), self.editor.cursor(), &ModelNames(model));
        let Some(first) = self.candidates.first() else { return };
        let start = first.start;
        if self.candidates.len() == 1 {
            let insert = format!("{} ", first.insert);
            self.editor.replace_to_cursor(start, &insert);
            self.candidates.clear();
            return;
        }
        let common = self.candidates.iter().fold(first.insert.clone(), |common, candidate| {
            let same = common.chars().zip(candidate.insert.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
            common.get(..same).unwrap_or_default().to_owned()
        });
        let typed = self.editor.text().get(start..self.editor.cursor()).unwrap_or_default();
        if common.len() > typed.len() && common.starts_with(typed) {
            self.editor.replace_to_cursor(start, &common);
        } else {
            let before = self.editor.clone();
            let insert = first.insert.clone();
            self.editor.replace_to_cursor(start, &insert);
            self.chosen = Some((0, before));
        }
    }

    fn changed(&mut self) -> Vec<Action> {
        self.candidates.clear();
        self.chosen = None;
        match self.finish {
            Finish::Copy(action) if self.is_incremental() => vec![Self::copy_command(action, self.editor.text())],
            _ => Vec::new(),
        }
    }

    fn listed(&self) -> usize {
        self.candidates.len().min(LISTED_MAX)
    }
}

/// A prompt for the argument of a copy-mode action: a text, or with `character` the next key.
#[must_use]
pub fn for_copy(action: CopyAction, question: &str, character: bool) -> Box<dyn Overlay> {
    Box::new(PromptOverlay {
        questions: vec![question.to_owned()],
        initial: Vec::new(),
        kind: if character { PromptKind::Key } else { PromptKind::Line },
        answers: Vec::new(),
        editor: Editor::default(),
        finish: Finish::Copy(action),
        recalled: None,
        candidates: Vec::new(),
        chosen: None,
    })
}

/// A prompt for what is said along with something about control; an empty answer says nothing, and does it.
#[must_use]
pub fn for_note(note: Note, question: String) -> Box<dyn Overlay> {
    Box::new(PromptOverlay {
        questions: vec![question],
        initial: Vec::new(),
        kind: PromptKind::Line,
        answers: Vec::new(),
        editor: Editor::default(),
        finish: Finish::Note(note),
        recalled: None,
        candidates: Vec::new(),
        chosen: None,
    })
}

impl Overlay for PromptOverlay {
    fn area(&self, screen: Rect, model: &Model) -> Rect {
        let rows = u16::try_from(self.listed() + 1).unwrap_or(1).min(screen.rows);
        let row = if model.settings.status_top() { screen.row } else { screen.bottom().saturating_sub(rows) };
        Rect { row, rows, ..screen }
    }

    fn draw(&mut self, area: ratatui::layout::Rect, buffer: &mut Buffer, model: &Model) {
        let theme = &model.settings.theme;
        let line_row = if model.settings.status_top() { area.y } else { area.bottom().saturating_sub(1) };
        let width = usize::from(area.width);
        let chosen = self.chosen.as_ref().map(|(at, _)| *at);
        let first = chosen.map_or(0, |at| (at + 1).saturating_sub(LISTED_MAX));
        for (place, (index, candidate)) in self.candidates.iter().enumerate().skip(first).take(LISTED_MAX).enumerate() {
            let place = u16::try_from(place).unwrap_or(0);
            let row = if model.settings.status_top() { area.y + 1 + place } else { area.y + place };
            let style = if chosen == Some(index) { theme.list_current } else { theme.list };
            buffer.set_stringn(area.x, row, format!(" {:<24} {}", candidate.insert.trim_end(), candidate.note), width, style);
        }
        buffer.set_style(ratatui::layout::Rect { y: line_row, height: 1, ..area }, theme.prompt);
        let question = self.shown_question();
        let (col, _) = buffer.set_stringn(area.x, line_row, &question, width, theme.prompt.add_modifier(Modifier::BOLD));
        let left = usize::from(area.right().saturating_sub(col));
        let (text, _) = self.visible(left);
        buffer.set_stringn(col, line_row, text, left, theme.prompt);
    }

    fn cursor(&self, area: Rect, model: &Model) -> Option<Point> {
        let question = u16::try_from(self.shown_question().width()).unwrap_or(u16::MAX).min(area.cols);
        let (_, col) = self.visible(usize::from(area.cols - question));
        let row = if model.settings.status_top() { area.row } else { area.bottom().saturating_sub(1) };
        Some(Point { col: area.col.saturating_add(question).saturating_add(col).min(area.right().saturating_sub(1)), row })
    }

    fn key(&mut self, key: Key, model: &Model) -> Vec<Action> {
        let plain = !key.mods.ctrl && !key.mods.alt;
        let gives_up = key.code == KeyCode::Esc || (key.mods.ctrl && matches!(key.code, KeyCode::Char('c' | 'g')));
        if gives_up {
            let mut actions = vec![Action::Close];
            if self.is_incremental() {
                self.editor.set("");
                actions.extend(self.changed());
            }
            return actions;
        }
        match self.kind {
            PromptKind::Key => {
                let text = match key.code {
                    KeyCode::Char(c) if plain => c.to_string(),
                    _ => key.to_string(),
                };
                return self.answer(text, model);
            }
            PromptKind::Number if !matches!(key.code, KeyCode::Char('0'..='9') | KeyCode::Backspace) => {
                let text = self.editor.text().to_owned();
                return self.answer(text, model);
            }
            _ => {}
        }
        match key.code {
            KeyCode::Enter => {
                let text = self.editor.text().to_owned();
                self.answer(text, model)
            }
            KeyCode::Char('j' | 'm') if key.mods.ctrl => {
                let text = self.editor.text().to_owned();
                self.answer(text, model)
            }
            KeyCode::Tab | KeyCode::BackTab => {
                if self.is_command_line() {
                    self.complete(key.code == KeyCode::BackTab, model);
                }
                Vec::new()
            }
            KeyCode::Up => {
                self.recall(true, model);
                self.changed()
            }
            KeyCode::Down => {
                self.recall(false, model);
                self.changed()
            }
            KeyCode::Char('p') if key.mods.ctrl => {
                self.recall(true, model);
                self.changed()
            }
            KeyCode::Char('n') if key.mods.ctrl => {
                self.recall(false, model);
                self.changed()
            }
            KeyCode::Backspace if self.editor.text().is_empty() && self.is_command_line() => vec![Action::Close],
            _ => {
                if self.editor.key(key) {
                    self.changed()
                } else {
                    Vec::new()
                }
            }
        }
    }

    fn paste(&mut self, text: &str, _model: &Model) -> Vec<Action> {
        self.editor.insert(text.trim_end_matches(['\n', '\r']));
        self.changed()
    }
}

impl PromptOverlay {
    /// The part of the answer that fits into `cols` columns with the cursor in it, and the cursor's column there.
    fn visible(&self, cols: usize) -> (String, u16) {
        let cursor = usize::from(self.editor.cursor_cols());
        let skip = (cursor + 1).saturating_sub(cols.max(1));
        let mut seen = 0;
        let text = self.editor.text().chars().skip_while(|c| {
            let width = unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            let hidden = seen < skip;
            if hidden {
                seen += width;
            }
            hidden
        });
        (text.collect(), u16::try_from(cursor.saturating_sub(seen)).unwrap_or(u16::MAX))
    }
}

/// The names of what the model knows, for completion.
pub struct ModelNames<'a>(pub &'a Model);

impl Names for ModelNames<'_> {
    fn sessions(&self) -> Vec<Name> {
        self.0.sessions.values().map(|session| Name { text: session.name.clone(), note: session.id.to_string() }).collect()
    }

    fn windows(&self) -> Vec<Name> {
        let links = self.0.sessions.values().flat_map(|session| session.links.iter().map(move |link| (session, link)));
        links
            .filter_map(|(session, link)| {
                let window = self.0.windows.get(&link.window)?;
                Some(Name { text: format!("{}:{}", session.name, link.index), note: window.name.clone() })
            })
            .collect()
    }

    fn panes(&self) -> Vec<Name> {
        self.0.panes.values().map(|pane| Name { text: pane.id.to_string(), note: format!("{} {}", pane.command, pane.title) }).collect()
    }

    fn attachments(&self) -> Vec<Name> {
        let all = self.0.roster.iter().flat_map(|operator| operator.attachments.iter().map(move |attachment| (operator, attachment)));
        all.map(|(operator, attachment)| Name { text: attachment.id.to_string(), note: format!("{} {}", operator.name, attachment.origin) })
            .collect()
    }

    fn operators(&self) -> Vec<Name> {
        self.0.roster.iter().map(|operator| Name { text: operator.name.clone(), note: operator.id.to_string() }).collect()
    }

    fn key_tables(&self) -> Vec<Name> {
        self.0.settings.config.keys.iter().map(|(name, _)| Name { text: name.to_owned(), note: String::new() }).collect()
    }
}
