//! `baton ls`, `list-windows`, `list-panes`, `has`: what exists.
//!
//! `--json` always nests everything below what was asked for: `sessions[].windows[].panes[]`; people get one table.

use serde::Serialize;

use crate::command::ListWhat;
use crate::protocol::message::{PaneInfo, Reply, Request, SessionTree, Tree, WindowTree};

use super::connect::Link;
use super::failure::{Exit, Failure};
use super::output::{Table, ago, print, print_json};
use super::paths::Paths;
use super::unexpected;

/// Lists.
///
/// # Errors
/// No server, or no such target.
pub fn run(paths: &Paths, what: &ListWhat, json: bool) -> Result<(), Failure> {
    let tree = tree(paths)?;
    match what {
        ListWhat::Sessions if json => print_json(&tree),
        ListWhat::Sessions => print(&sessions(&tree)),
        ListWhat::Windows(target) => {
            let windows = windows(&tree, target.as_deref())?;
            if json {
                print_json(&Windows { windows: windows.iter().map(|(_, window)| *window).collect() })
            } else {
                print(&windows_text(&windows))
            }
        }
        ListWhat::Panes(target) => {
            let panes = panes(&tree, target.as_deref())?;
            if json { print_json(&Panes { panes: panes.iter().map(|(_, _, pane)| *pane).collect() }) } else { print(&panes_text(&panes)) }
        }
    }
}

/// Whether a target exists: silence and success, or [`Exit::NoTarget`].
///
/// # Errors
/// No server, or no such target.
pub fn has(paths: &Paths, target: &str) -> Result<(), Failure> {
    windows(&tree(paths)?, Some(target)).map(|_| ())
}

#[derive(Serialize)]
struct Windows<'a> {
    windows: Vec<&'a WindowTree>,
}

#[derive(Serialize)]
struct Panes<'a> {
    panes: Vec<&'a PaneInfo>,
}

fn tree(paths: &Paths) -> Result<Tree, Failure> {
    match Link::open(paths)?.ask(paths, &Request::Tree)? {
        Reply::Tree(tree) => Ok(tree),
        other => Err(unexpected(&other)),
    }
}

fn no_such(target: &str, what: &str, candidates: &[&str]) -> Failure {
    let failure = Failure::new(Exit::NoTarget, "no_such_target", format!("no such {what}: {target}"));
    match candidates {
        [] => failure.with_hint("`baton ls` shows what there is"),
        some => failure.with_hint(format!("it could be: {}", some.join(", "))),
    }
}

/// A session by id, exact name, then unique prefix of a name.
fn session<'a>(tree: &'a Tree, name: &str) -> Result<&'a SessionTree, Failure> {
    let exact = name.strip_prefix('=').unwrap_or(name);
    if let Some(found) = tree.sessions.iter().find(|session| session.info.id.to_string() == exact || session.info.name == exact) {
        return Ok(found);
    }
    let matching: Vec<&SessionTree> =
        if exact == name { tree.sessions.iter().filter(|session| session.info.name.starts_with(name)).collect() } else { Vec::new() };
    match matching.as_slice() {
        [one] => Ok(one),
        many => Err(no_such(name, "session", &many.iter().map(|session| session.info.name.as_str()).collect::<Vec<_>>())),
    }
}

type InSession<'a> = (&'a SessionTree, &'a WindowTree);

/// The windows that a target names: of a session (`work`), one of it (`work:2`, `work:name`), by id (`@3`), that of a pane (`%4`), or all.
fn windows<'a>(tree: &'a Tree, target: Option<&str>) -> Result<Vec<InSession<'a>>, Failure> {
    let all = || tree.sessions.iter().flat_map(|session| session.windows.iter().map(move |window| (session, window)));
    let Some(target) = target else { return Ok(all().collect()) };
    if target.starts_with('@') || target.starts_with('%') {
        let is_it =
            |window: &WindowTree| window.info.id.to_string() == target || window.panes.iter().any(|pane| pane.id.to_string() == target);
        return all().find(|(_, window)| is_it(window)).map(|found| vec![found]).ok_or_else(|| no_such(target, "window or pane", &[]));
    }
    let (name, rest) = target.split_once(':').unwrap_or((target, ""));
    let session = session(tree, name)?;
    let window = rest.split_once('.').map_or(rest, |(window, _)| window);
    if window.is_empty() {
        return Ok(session.windows.iter().map(|window| (session, window)).collect());
    }
    let found = session.windows.iter().find(|known| known.index.to_string() == window || known.info.name == window);
    found.map(|found| vec![(session, found)]).ok_or_else(|| no_such(target, "window", &[]))
}

fn panes<'a>(tree: &'a Tree, target: Option<&str>) -> Result<Vec<(&'a SessionTree, &'a WindowTree, &'a PaneInfo)>, Failure> {
    let windows = windows(tree, target)?;
    Ok(windows.into_iter().flat_map(|(session, window)| window.panes.iter().map(move |pane| (session, window, pane))).collect())
}

fn sessions(tree: &Tree) -> String {
    let mut table = Table::new(&["SESSION", "ID", "WINDOWS", "PANES", "ATTACHED", "CREATED"]);
    for session in &tree.sessions {
        let panes: usize = session.windows.iter().map(|window| window.panes.len()).sum();
        table.row(vec![
            session.info.name.clone(),
            session.info.id.to_string(),
            session.windows.len().to_string(),
            panes.to_string(),
            session.info.attached.to_string(),
            ago(session.info.created_ms),
        ]);
    }
    table.text()
}

fn windows_text(windows: &[InSession<'_>]) -> String {
    let mut table = Table::new(&["WINDOW", "ID", "NAME", "PANES", "SIZE", "LAYOUT"]);
    for (session, window) in windows {
        let current = if session.info.current == window.info.id { "*" } else { "" };
        table.row(vec![
            format!("{}:{}{current}", session.info.name, window.index),
            window.info.id.to_string(),
            window.info.name.clone(),
            window.panes.len().to_string(),
            window.info.size.to_string(),
            window.info.layout.clone(),
        ]);
    }
    table.text()
}

fn panes_text(panes: &[(&SessionTree, &WindowTree, &PaneInfo)]) -> String {
    let mut table = Table::new(&["PANE", "WINDOW", "SIZE", "PID", "COMMAND", "DIRECTORY", "TITLE"]);
    for (session, window, pane) in panes {
        let command = match (pane.dead, pane.exit_code, pane.signal) {
            (false, _, _) => pane.command.clone(),
            (true, Some(code), _) => format!("(exit {code})"),
            (true, None, Some(signal)) => format!("(signal {signal})"),
            (true, None, None) => "(ended)".to_owned(),
        };
        table.row(vec![
            pane.id.to_string(),
            format!("{}:{}", session.info.name, window.index),
            pane.size.to_string(),
            pane.pid.to_string(),
            command,
            pane.cwd.clone(),
            pane.title.clone(),
        ]);
    }
    table.text()
}
