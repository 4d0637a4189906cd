//! Commands that are one request: it is completed with what only this process knows, sent, and its answer is printed.
//!
//! What is completed: relative folders become absolute ones, a new session gets this process's folder and environment, text to be typed gets a stream number
//! of its own (so that it is typed once even if the server dies in between).
//!
//! What is printed: the id of what was made (a session's for `new`, a window's for `window` and `break`, a pane's for `split`), texts as they are,
//! lists as tables; with `--json` the protocol's public types.

use serde::Serialize;
use serde_json::json;

use crate::protocol::limits::HISTORY_LINES_MAX;
use crate::protocol::message::{BufferInfo, ControlOp, Made, PaneText, Reply, Request, Status, TombstoneInfo};

use crate::terminal::codec;

use super::connect::{Link, random};
use super::failure::{Failure, one_line};
use super::output::{Table, ago, print, print_json};
use super::paths::{Paths, environment};
use super::{control, history, identity, unexpected};

/// Asks and prints.
///
/// # Errors
/// What the server refuses, and no server.
pub fn run(paths: &Paths, mut request: Request, json: bool) -> Result<(), Failure> {
    complete(&mut request)?;
    let mut link = if starts_server(&request) { Link::open_or_start(paths)? } else { Link::open(paths)? };
    if let Request::AwaitControl { target, after_epoch: after @ None, mine: false, .. } = &mut request {
        // The next change is one after the state that there is now.
        let status = Request::Control { target: target.clone(), op: ControlOp::Status };
        if let Reply::Control(panes) = link.ask(paths, &status)? {
            *after = panes.first().map(|info| info.epoch);
        }
    }
    let mut reply = link.ask(paths, &request).map_err(|failure| control::not_usage(&request, failure))?;
    if let (Request::Read { all: true, rows: false, .. }, Reply::PaneText(newest)) = (&request, &mut reply) {
        add_older(&mut link, paths, newest)?;
    }
    if json { reply_json(&request, &reply) } else { reply_text(&request, &reply) }
}

/// One answer has room for the newest part of a long history: what is older is fetched by its line numbers, which stay while more is printed.
fn add_older(link: &mut Link, paths: &Paths, newest: &mut PaneText) -> Result<(), Failure> {
    let (mut older, mut next, mut first) = (String::new(), 0, newest.first_line);
    while newest.truncated && next < newest.first_line {
        let count = u32::try_from(newest.first_line - next).unwrap_or(u32::MAX).min(HISTORY_LINES_MAX);
        let Reply::Lines(lines) = link.ask(paths, &Request::History { pane: newest.pane, from: next, count })? else { break };
        if lines.rows.is_empty() {
            break;
        }
        first = first.min(lines.from);
        for (number, bytes) in (lines.from..newest.first_line).zip(&lines.rows) {
            let row = codec::decode(&mut &bytes[..]).unwrap_or_default();
            older.push_str(row.text.trim_end());
            older.push('\n');
            next = number + 1;
        }
    }
    newest.text.insert_str(0, &older);
    newest.truncated = first > 0;
    newest.first_line = first;
    Ok(())
}

/// Whether a request makes sense where nothing exists yet.
fn starts_server(request: &Request) -> bool {
    matches!(request, Request::NewSession(..) | Request::LoadLayout { .. })
}

/// Puts in what only this process knows.
///
/// # Errors
/// When the working directory is gone.
pub fn complete(request: &mut Request) -> Result<(), Failure> {
    match request {
        Request::NewSession(session, variables) => {
            session_here(session)?;
            *variables = environment();
        }
        Request::NewWindow { cwd, .. } | Request::Split { cwd, .. } => absolute(cwd)?,
        Request::Send { stream, .. } => *stream = random(),
        _ => {}
    }
    Ok(())
}

/// A new session starts where the command was given.
///
/// # Errors
/// When the working directory is gone.
pub fn session_here(session: &mut crate::protocol::message::NewSession) -> Result<(), Failure> {
    absolute(&mut session.cwd)?;
    if session.cwd.is_none() {
        // A directory that was removed under us is no reason to refuse: the server then takes the home.
        session.cwd = std::env::current_dir().ok().and_then(|folder| folder.into_os_string().into_string().ok());
    }
    Ok(())
}

fn absolute(folder: &mut Option<String>) -> Result<(), Failure> {
    if let Some(path) = folder {
        let full = std::path::absolute(&*path).map_err(|error| Failure::system(path, &error))?;
        *path = full.into_os_string().into_string().unwrap_or_else(|_| std::mem::take(path));
    }
    Ok(())
}

#[derive(Serialize)]
struct Untrusted<'a> {
    #[serde(flatten)]
    text: &'a PaneText,
    untrusted: bool,
}

fn reply_json(request: &Request, reply: &Reply) -> Result<(), Failure> {
    match reply {
        Reply::Done(made) => print_json(made),
        Reply::Text(text) => print_json(&json!({ "text": text })),
        Reply::Tree(tree) => print_json(tree),
        Reply::Status(status) => print_json(status),
        Reply::Roster(operators) => print_json(&json!({ "operators": operators })),
        Reply::Buffers(buffers) => print_json(&json!({ "buffers": buffers })),
        Reply::Tombstones(tombstones) => print_json(&json!({ "tombstones": tombstones })),
        Reply::PaneText(text) => print_json(&Untrusted { text, untrusted: true }),
        Reply::Control(panes) => control::json(request, panes),
        Reply::Journal(lines, more) => history::events_json(lines, *more),
        Reply::Token(token) => print_json(token),
        Reply::WhoAmI(who) => print_json(who),
        Reply::Lines(_) | Reply::Matches(_) | Reply::Refused(_) => Err(unexpected(reply)),
    }
}

fn reply_text(request: &Request, reply: &Reply) -> Result<(), Failure> {
    match reply {
        Reply::Done(made) => made_text(request, made).map_or(Ok(()), |id| print(&(id + "\n"))),
        Reply::Text(text) => print(&ended(text)),
        Reply::PaneText(text) => print(&ended(&text.text)),
        Reply::Status(status) => print(&status_text(status)),
        Reply::Roster(operators) => print(&identity::roster_text(operators)),
        Reply::Control(panes) => control::text(request, panes),
        Reply::Journal(lines, _) => print(&history::events_text(lines)),
        Reply::WhoAmI(me) => print(&identity::whoami_text(me)),
        Reply::Buffers(buffers) => print(&buffers_text(buffers)),
        Reply::Tombstones(tombstones) => print(&tombstones_text(tombstones)),
        Reply::Tree(_) | Reply::Lines(_) | Reply::Matches(_) | Reply::Refused(_) | Reply::Token(_) => Err(unexpected(reply)),
    }
}

/// The id of what a request made, if it made something.
fn made_text(request: &Request, made: &Made) -> Option<String> {
    match request {
        Request::NewSession(..) | Request::LoadLayout { .. } => made.session.map(|id| id.to_string()),
        Request::NewWindow { .. } | Request::BreakPane { .. } => made.window.map(|id| id.to_string()),
        Request::Split { .. } => made.pane.map(|id| id.to_string()),
        _ => None,
    }
}

/// A text that ends in a newline, unless it is empty.
fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn status_text(status: &Status) -> String {
    let mut table = Table::default();
    let mut line = |name: &str, value: String| table.row(vec![name.to_owned(), value]);
    line("server", format!("process {}, release {}, number {} of this keeper", status.server_pid, status.version, status.server_epoch));
    line("keeper", format!("process {}", status.keeper_pid));
    line("socket", status.socket.clone());
    line("config", status.config.clone().unwrap_or_else(|| "defaults (no file)".to_owned()));
    line("holds", format!("{} sessions, {} windows, {} panes", status.sessions, status.windows, status.panes));
    line("attached", format!("{} clients", status.attachments));
    line("engine", status.engine.clone());
    line("ready", format!("within {} ms of its start", status.ready_ms));
    let mut text = table.text();
    for warning in &status.warnings {
        text.push_str(&format!("warning: {}\n", one_line(warning)));
    }
    text
}

fn buffers_text(buffers: &[BufferInfo]) -> String {
    let mut table = Table::new(&["BUFFER", "BYTES", "BEGINS"]);
    for buffer in buffers {
        table.row(vec![buffer.name.clone(), buffer.bytes.to_string(), buffer.sample.clone()]);
    }
    table.text()
}

fn tombstones_text(tombstones: &[TombstoneInfo]) -> String {
    let mut table = Table::new(&["PANE", "CAUSE", "STATUS", "ENDED", "COMMAND", "TITLE"]);
    for tombstone in tombstones {
        let status = match (tombstone.exit_code, tombstone.signal) {
            (Some(code), _) => format!("exit {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "unknown".to_owned(),
        };
        let command = if tombstone.command.is_empty() { "(shell)".to_owned() } else { tombstone.command.join(" ") };
        table.row(vec![
            tombstone.pane.to_string(),
            tombstone.cause.clone(),
            status,
            ago(tombstone.at_ms),
            command,
            tombstone.title.clone(),
        ]);
    }
    table.text()
}
