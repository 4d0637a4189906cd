//! What the pager shows, as text: help and key lists made of the live key tables, messages, and replies of the server.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect as Area;

use crate::command::{Place, help as command_help};
use crate::config::keytable::KeyTables;
use crate::geometry::Rect;
use crate::protocol::message::{Level, Reply, Tree};
use crate::terminal::keys::Key;
use crate::tui::model::Model;
use crate::tui::overlay::{Action, Overlay};

/// Key tables as they are now: each key with what it does.
#[must_use]
pub fn keys(model: &Model, only: Option<&str>) -> String {
    let mut out = String::new();
    let config = &model.settings.config;
    let prefix = config.general.prefix.map_or_else(|| "(no prefix key)".to_owned(), |key| key.to_string());
    let order = |name: &str| match name {
        KeyTables::PREFIX => 0,
        KeyTables::ROOT => 1,
        _ => 2,
    };
    let mut tables: Vec<_> = config.keys.iter().filter(|(name, _)| only.is_none_or(|only| *name == only)).collect();
    tables.sort_by_key(|(name, _)| (order(name), (*name).to_owned()));
    for (name, table) in tables {
        let title = match name {
            KeyTables::PREFIX => format!("after the prefix key {prefix}:"),
            KeyTables::ROOT => "without a prefix key:".to_owned(),
            name => format!("{name}:"),
        };
        let _ = writeln!(out, "{}{title}", if out.is_empty() { "" } else { "\n" });
        for (key, bound) in table.iter() {
            let again = if bound.repeat { " (may be repeated)" } else { "" };
            let _ = writeln!(out, "  {:<12} {}{again}", key.to_string(), bound.description());
        }
    }
    if out.is_empty() {
        let _ = writeln!(out, "no keys are bound{}", only.map_or(String::new(), |table| format!(" in {table}")));
    }
    out
}

/// Help: how to begin, the keys, the commands.
#[must_use]
pub fn help(model: &Model) -> String {
    format!("{}\n{}", keys(model, None), command_help::overview(Place::Client))
}

/// Earlier messages.
#[must_use]
pub fn messages(model: &Model) -> String {
    let mut out = String::new();
    for (at_ms, level, text) in &model.messages {
        let ago = model.now_ms.saturating_sub(*at_ms) / 1000;
        let level = match level {
            Level::Info => "",
            Level::Warning => "warning: ",
            Level::Error => "error: ",
        };
        let _ = writeln!(out, "{:>6} s ago  {level}{text}", ago);
    }
    if out.is_empty() { "no messages yet".to_owned() } else { out }
}

fn tree(tree: &Tree) -> String {
    let mut out = String::new();
    for session in &tree.sessions {
        let _ = writeln!(out, "{} {} ({} attached)", session.info.id, session.info.name, session.info.attached);
        for window in &session.windows {
            let _ = writeln!(out, "  {} {}: {} {}", window.info.id, window.index, window.info.name, window.info.size);
            for pane in &window.panes {
                let state = if pane.dead { " (ended)" } else { "" };
                let _ = writeln!(out, "    {} pid {} {} {} {}{state}", pane.id, pane.pid, pane.size, pane.command, pane.cwd);
            }
        }
    }
    out
}

/// A reply as a title and a text; none if it has nothing to read.
#[must_use]
pub fn reply(reply: &Reply) -> Option<(&'static str, String)> {
    let mut out = String::new();
    Some(match reply {
        Reply::Done(_)
        | Reply::Refused(_)
        | Reply::Lines(_)
        | Reply::Matches(_)
        | Reply::Control(_)
        | Reply::Journal(..)
        | Reply::Token(_)
        | Reply::WhoAmI(_) => return None,
        Reply::Text(text) => ("text", text.clone()),
        Reply::PaneText(text) => ("pane", text.text.clone()),
        Reply::Tree(everything) => ("sessions", tree(everything)),
        Reply::Status(status) => {
            let _ = writeln!(out, "version     {} (protocol {}, engine {})", status.version, status.protocol, status.engine);
            let _ = writeln!(out, "server      pid {}, the keeper's number {}", status.server_pid, status.server_epoch);
            let _ = writeln!(out, "keeper      pid {}", status.keeper_pid);
            let _ = writeln!(out, "socket      {}", status.socket);
            let _ = writeln!(out, "config      {}", status.config.as_deref().unwrap_or("defaults"));
            let _ = writeln!(
                out,
                "exist       {} sessions, {} windows, {} panes, {} attached",
                status.sessions, status.windows, status.panes, status.attachments
            );
            for warning in &status.warnings {
                let _ = writeln!(out, "warning     {warning}");
            }
            ("status", out)
        }
        Reply::Roster(operators) => {
            for operator in operators {
                let _ = writeln!(out, "{} {} ({:?})", operator.id, operator.name, operator.kind);
                for attachment in &operator.attachments {
                    let size = attachment.viewport.map_or(String::new(), |size| format!(" {size}"));
                    let focus = attachment.focus.map_or(String::new(), |pane| format!(" at {pane}"));
                    let _ = writeln!(
                        out,
                        "  {} {} {:?} {:?}{size}{focus}",
                        attachment.id, attachment.origin, attachment.role, attachment.presence
                    );
                }
            }
            ("roster", out)
        }
        Reply::Buffers(buffers) => {
            for buffer in buffers {
                let sample: String = buffer.sample.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
                let _ = writeln!(out, "{}: {} bytes: {sample}", buffer.name, buffer.bytes);
            }
            ("paste buffers", if out.is_empty() { "no buffers".to_owned() } else { out })
        }
        Reply::Tombstones(stones) => {
            for stone in stones {
                let how = match (stone.exit_code, stone.signal) {
                    (Some(code), _) => format!("exit {code}"),
                    (None, Some(signal)) => format!("signal {signal}"),
                    (None, None) => "status unknown".to_owned(),
                };
                let _ = writeln!(out, "{} {}: {how} {} {}", stone.pane, stone.cause, stone.title, stone.command.join(" "));
            }
            ("panes that ended", if out.is_empty() { "none".to_owned() } else { out })
        }
    })
}

/// Waits for a key and says what it does (tmux `/`).
#[derive(Debug)]
pub struct DescribeKey;

impl Overlay for DescribeKey {
    fn area(&self, screen: Rect, model: &Model) -> Rect {
        let row = if model.settings.status_top() { screen.row } else { screen.bottom().saturating_sub(1) };
        Rect { row, rows: 1, ..screen }
    }

    fn draw(&mut self, area: Area, buffer: &mut Buffer, model: &Model) {
        buffer.set_style(area, model.settings.theme.prompt);
        buffer.set_stringn(area.x, area.y, "press a key", usize::from(area.width), model.settings.theme.prompt);
    }

    fn key(&mut self, key: Key, model: &Model) -> Vec<Action> {
        let found = [KeyTables::PREFIX, KeyTables::ROOT]
            .into_iter()
            .filter_map(|table| model.settings.bound(table, key).map(|bound| (table, bound)));
        let says: Vec<String> = found.map(|(table, bound)| format!("{table}: {} ({})", bound.run, bound.description())).collect();
        let text = if says.is_empty() { format!("{key} is not bound") } else { format!("{key} is {}", says.join("; ")) };
        vec![Action::Close, Action::Say(Level::Info, text)]
    }
}
