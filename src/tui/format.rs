//! What the names in format texts are worth here: `#{window_name}`, `#S`, `%H:%M` (the language itself is [`crate::config::format`]).

use std::borrow::Cow;

use super::control::words::words;
use super::model::{Link, Model};
use super::view::ended;
use crate::config::format::{self, Lookup, Span, Time};
use crate::protocol::message::{PaneInfo, SessionInfo, WindowInfo};

/// What a format text is about.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Everything.
    pub model: &'a Model,
    /// The session.
    pub session: Option<&'a SessionInfo>,
    /// The window and its number.
    pub window: Option<(u32, &'a WindowInfo)>,
    /// The pane.
    pub pane: Option<&'a PaneInfo>,
}

impl<'a> Context<'a> {
    /// What the client looks at.
    #[must_use]
    pub fn here(model: &'a Model) -> Self {
        let session = model.session();
        let window = model.window().map(|window| {
            let link = session.and_then(|session| session.links.iter().find(|link| link.window == window.id));
            (link.map_or(0, |link| link.index), window)
        });
        Self { model, session, window, pane: model.focused_pane() }
    }

    /// Expands a format to text.
    #[must_use]
    pub fn expand(self, text: &str) -> String {
        format::expand(text, &self)
    }

    /// Expands a format to pieces with styles over `base`.
    #[must_use]
    pub fn render(self, text: &str, base: crate::config::Style) -> Vec<Span> {
        format::render(text, base, &self)
    }
}

/// Expands `text` for what the client looks at.
#[must_use]
pub fn expand(model: &Model, text: &str) -> String {
    Context::here(model).expand(text)
}

impl Lookup for Context<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let borrowed = |text: &'_ str| Some(Cow::Owned(text.to_owned()));
        let number = |number: u64| Some(Cow::Owned(number.to_string()));
        let flag = |holds: bool| Some(Cow::Borrowed(if holds { "1" } else { "0" }));
        let model = self.model;
        let (session, pane) = (self.session, self.pane);
        let window = self.window.map(|(_, window)| window);
        match name {
            "session_name" => Some(Cow::Borrowed(&session?.name)),
            "session_id" => borrowed(&session?.id.to_string()),
            "session_windows" => number(session?.links.len() as u64),
            "session_attached" => number(session?.attached.into()),
            "window_index" => number(self.window?.0.into()),
            "window_name" => Some(Cow::Borrowed(&window?.name)),
            "window_id" => borrowed(&window?.id.to_string()),
            "window_flags" => borrowed(&flags(model, window?)),
            "window_panes" => number(window?.places.len() as u64),
            "window_width" => number(window?.size.cols.into()),
            "window_height" => number(window?.size.rows.into()),
            "window_layout" => Some(Cow::Borrowed(&window?.layout)),
            "window_zoomed_flag" => flag(is_zoomed(model, window?)),
            "window_bell_flag" => flag(window?.bell),
            "window_activity_flag" => flag(window?.activity),
            "window_active" => flag(model.view.as_ref()?.window == window?.id),
            "window_last_flag" => flag(is_last(model, window?)),
            "pane_index" => {
                let id = pane?.id;
                let index = model.windows.get(&pane?.window)?.places.iter().position(|place| place.pane == id)?;
                number(index as u64 + u64::from(model.settings.config.general.pane_base_index))
            }
            "pane_id" => borrowed(&pane?.id.to_string()),
            "pane_title" => Some(Cow::Borrowed(&pane?.title)),
            "pane_active" => flag(model.focus() == Some(pane?.id)),
            "pane_current_command" | "pane_command" => Some(Cow::Borrowed(&pane?.command)),
            "pane_current_path" => Some(Cow::Borrowed(&pane?.cwd)),
            "pane_pid" => number(pane?.pid.into()),
            "pane_width" => number(pane?.size.cols.into()),
            "pane_height" => number(pane?.size.rows.into()),
            "pane_dead" => flag(pane?.dead),
            "pane_dead_status" => borrowed(&pane?.exit_code?.to_string()),
            "pane_dead_signal" => borrowed(&pane?.signal?.to_string()),
            "pane_dead_time" => Some(Cow::Owned(ended::at(pane?)?)),
            "pane_dead_duration" => Some(Cow::Owned(ended::ran(pane?)?)),
            "pane_dead_how" => pane.filter(|pane| pane.dead).map(|pane| Cow::Owned(ended::how(pane.exit_code, pane.signal))),
            "pane_in_mode" => flag(model.modes.contains_key(&pane?.id)),
            "pane_mode" => model.modes.contains_key(&pane?.id).then_some(Cow::Borrowed("copy")),
            "pane_marked" => flag(model.marked == Some(pane?.id)),
            "pane_operators" => {
                let names: Vec<&str> = model.present(pane?.id).into_iter().map(|operator| operator.name.as_str()).collect();
                borrowed(&names.join(", "))
            }
            "pane_control" => Some(Cow::Owned(words(model, pane?.id)?.text)),
            "pane_note" => Some(Cow::Borrowed(pane?.note.as_deref()?)),
            "history_size" => number(pane?.history_lines),
            "client_prefix" => flag(model.keys.table.is_some()),
            "client_key_table" => Some(Cow::Borrowed(model.keys.table.as_deref().unwrap_or("root"))),
            "client_readonly" => flag(!model.may_type()),
            "client_name" => Some(Cow::Borrowed(&model.roster.iter().find(|operator| Some(operator.id) == model.operator)?.name)),
            "client_tty" => Some(Cow::Borrowed(&model.tty)),
            "client_width" => number(model.size.cols.into()),
            "client_height" => number(model.size.rows.into()),
            "client_following" => Some(Cow::Borrowed(&model.roster.iter().find(|operator| Some(operator.id) == model.following)?.name)),
            "client_connected" => flag(model.link == Link::Up),
            "attention_count" => {
                let here = model.view.as_ref().map(|view| view.window);
                let count = model.windows.values().filter(|window| window.bell && Some(window.id) != here).count();
                number(count as u64)
            }
            "operators" => {
                let names: Vec<&str> = model.roster.iter().map(|operator| operator.name.as_str()).collect();
                borrowed(&names.join(", "))
            }
            "operator_count" => number(model.roster.len() as u64),
            "host" => Some(Cow::Borrowed(&model.host)),
            "host_short" => Some(Cow::Borrowed(model.host.split('.').next().unwrap_or_default())),
            "user" => Some(Cow::Borrowed(&model.user)),
            "prefix" => borrowed(&model.settings.config.general.prefix?.to_string()),
            "version" => Some(Cow::Borrowed(env!("CARGO_PKG_VERSION"))),
            _ => None,
        }
    }

    fn time(&self) -> Option<Time> {
        self.model.clock
    }
}

fn is_zoomed(model: &Model, window: &WindowInfo) -> bool {
    match &model.view {
        Some(view) if view.window == window.id => view.zoom.is_some(),
        _ => model.trail.zoom.contains_key(&window.id),
    }
}

fn is_last(model: &Model, window: &WindowInfo) -> bool {
    model.view.as_ref().and_then(|view| model.trail.windows.get(&view.session)?.first().copied()) == Some(window.id)
}

/// tmux's flags of a window, as this client sees them: `#` activity, `!` bell, `*` looked at, `-` looked at before, `M` marked, `Z` zoomed.
#[must_use]
pub fn flags(model: &Model, window: &WindowInfo) -> String {
    let here = model.view.as_ref().is_some_and(|view| view.window == window.id);
    let marked = model.marked.is_some_and(|pane| window.places.iter().any(|place| place.pane == pane));
    let all = [
        ('#', window.activity && !here),
        ('!', window.bell && !here),
        ('*', here),
        ('-', is_last(model, window) && !here),
        ('M', marked),
        ('Z', is_zoomed(model, window)),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(flag, _)| flag).collect()
}
