//! A session's shape as text, and a session made from such a text.
//!
//! The text is TOML, meant to be read and edited: names, folders, commands, and each window's layout in tmux's notation. What runs in a pane is
//! written as it was started; loading starts it anew and says nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Handled, made};
use crate::geometry::{Axis, Size};
use crate::ids::PaneId;
use crate::layout::{Layout, MainSize, Preset, SplitSize};
use crate::protocol::message::{Refusal, Reply};
use crate::server::clients::sane_viewport;
use crate::server::event::ConnectionId;
use crate::server::owner::{Server, refusal};
use crate::session::{At, Command, LayoutChoice, Outcome, Placement, Winlink};

/// Windows in one text.
const WINDOWS_MAX: usize = 100;
/// Panes in one text.
const PANES_MAX: usize = 500;

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    name: String,
    #[serde(default)]
    cwd: String,
    #[serde(default)]
    window: Vec<SavedWindow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedWindow {
    /// Of the whole window, as `80x24`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// None: named after its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layout: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    current: bool,
    #[serde(default)]
    pane: Vec<SavedPane>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct SavedPane {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    #[serde(default)]
    cwd: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    active: bool,
}

impl Server {
    pub(super) fn save_layout(&mut self, connection: ConnectionId, target: Option<&str>) -> Handled {
        let id = self.session(connection, target)?;
        self.look_at_panes();
        let session = self.state.sessions.get(&id).ok_or_else(|| refusal("no_such_target", "the session is gone"))?;
        let mut saved = Saved { name: session.name.clone(), cwd: session.cwd.clone(), window: Vec::new() };
        for (index, window) in &session.winlinks {
            let Some(window) = self.state.windows.get(window) else { continue };
            let pane = |pane: PaneId| {
                let there = self.state.panes.get(&pane)?;
                let cwd = self.panes.get(&pane).and_then(|entry| entry.cwd.clone()).unwrap_or_else(|| there.cwd.clone());
                Some(SavedPane { command: there.command.clone(), cwd, active: pane == window.active && window.layout.count() > 1 })
            };
            let panes: Vec<SavedPane> = window.panes().into_iter().filter_map(pane).collect();
            saved.window.push(SavedWindow {
                size: Some(window.size.to_string()),
                name: (!window.automatic_rename).then(|| window.name.clone()),
                layout: (window.layout.count() > 1).then(|| window.layout.dump(window.layout_area(self.state.arrange).size())),
                current: *index == session.current,
                pane: panes,
            });
        }
        toml::to_string_pretty(&saved).map(Reply::Text).map_err(|error| refusal("failed", error.to_string()))
    }

    pub(super) fn load_layout(&mut self, connection: ConnectionId, text: &str, name: Option<String>) -> Handled {
        let saved: Saved =
            toml::from_str(text).map_err(|error| refusal("bad_request", format!("not a layout: {}", one_line(&error.to_string()))))?;
        let panes: usize = saved.window.iter().map(|window| window.pane.len()).sum();
        if saved.window.is_empty() || saved.window.len() > WINDOWS_MAX || panes > PANES_MAX {
            let message = format!("a layout has 1 to {WINDOWS_MAX} windows and at most {PANES_MAX} panes");
            return Err(refusal("bad_request", message));
        }
        for window in &saved.window {
            if let Some(layout) = &window.layout {
                Layout::parse(layout).map_err(|error| refusal("bad_request", error.to_string()))?;
            }
        }
        let wanted = name.as_deref().unwrap_or(&saved.name);
        if self.state.session_named(wanted).is_some() {
            let hint = format!(
                "`baton layout load -s NAME FILE` gives the new one another name; `baton attach -t {wanted}` goes to the one there is"
            );
            return Err(Refusal { hint: Some(hint), ..refusal("exists", format!("session `{wanted}` exists already")) });
        }
        let mut first: Option<Outcome> = None;
        for window in saved.window {
            match self.load_window(connection, window, &saved.name, &saved.cwd, name.as_deref(), first.as_ref()) {
                Ok(outcome) => _ = first.get_or_insert(outcome),
                Err(error) => {
                    // Nothing is left of a session that cannot be made whole.
                    if let Some(session) = first.and_then(|first| first.session) {
                        self.apply_late(Command::KillSession { session });
                    }
                    return Err(error);
                }
            }
        }
        Ok(Reply::Done(first.as_ref().map(made).unwrap_or_default()))
    }

    fn load_window(
        &mut self,
        connection: ConnectionId,
        window: SavedWindow,
        saved_name: &str,
        saved_cwd: &str,
        name: Option<&str>,
        first: Option<&Outcome>,
    ) -> Result<Outcome, Refusal> {
        let layout = window.layout.as_deref().and_then(|layout| Layout::parse(layout).ok());
        let size = window.size.as_deref().and_then(size_of).or_else(|| layout.as_ref().map(Layout::size));
        let size = sane_viewport(size.unwrap_or(self.options.default_size));
        let folder = |cwd: &str| (!cwd.is_empty()).then(|| cwd.to_owned());
        let mut panes = window.pane.into_iter();
        let pane = panes.next().unwrap_or_default();
        let mut active = None;
        let program = self.program_for_layout(connection, pane.command, folder(&pane.cwd));
        let made = match first.and_then(|first| first.session) {
            None => self.apply(Command::NewSession {
                name: Some(name.unwrap_or(saved_name).to_owned()),
                window_name: window.name,
                cwd: folder(saved_cwd).unwrap_or_else(|| self.about.home.clone()),
                environment: BTreeMap::new(),
                base_index: self.options.base_index,
                size,
                program,
            })?,
            Some(session) => self.apply(Command::NewWindow { session, at: At::Free, name: window.name, select: false, program })?,
        };
        self.had_session = true;
        let (Some(session), Some(id), Some(mut last)) = (made.session, made.window, made.pane) else { return Ok(made) };
        self.apply(Command::SetWindowSize { window: id, size })?;
        let even = || LayoutChoice::Preset(Preset::Tiled);
        for pane in panes {
            let program = self.program_for_layout(connection, pane.command, folder(&pane.cwd));
            let place = Placement { target: last, axis: Axis::Vertical, before: false, full_span: false, size: SplitSize::Half };
            let split = self.apply(Command::SplitPane { place, select: false, program })?;
            last = split.pane.unwrap_or(last);
            if pane.active {
                active = Some(last);
            }
            // Room for the next one.
            self.apply(Command::SelectLayout { window: id, choice: even(), main: MainSize::default() })?;
        }
        if let Some(layout) = window.layout {
            self.apply(Command::SelectLayout { window: id, choice: LayoutChoice::Text(layout), main: MainSize::default() })?;
        }
        if let Some(pane) = active {
            self.apply(Command::SelectPane { pane, keep_zoom: false })?;
        }
        if window.current
            && let Some(index) = self.state.sessions.get(&session).and_then(|session| session.index_of(id))
        {
            self.apply(Command::SelectWindow { link: Winlink { session, index } })?;
        }
        Ok(made)
    }
}

/// `80x24`.
fn size_of(text: &str) -> Option<Size> {
    let (cols, rows) = text.split_once('x')?;
    Some(Size::new(cols.parse().ok()?, rows.parse().ok()?))
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
