//! `baton as`, `baton token`, and who is here.
//!
//! `as` asks for an identity for **this process**, says the secret to nobody but its environment, and becomes the command: same process, so that the server
//! knows it and all that descends from it, whether or not a variable is lost on the way. It also says which server it speaks to, so that a command started
//! in a terminal outside finds the same one. In a pane everything else the pane said of itself stays.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::command::say;
use crate::ids::PaneId;
use crate::protocol::message::{
    AttachmentInfo, ControlOp, OperatorInfo, Presence, Reply, Request, TokenInfo, TokenRequest, Transport, WhoAmI,
};

use super::connect::Link;
use super::control::not_usage;
use super::failure::{Exit, Failure, one_line};
use super::output::{Table, ago, print, print_json};
use super::paths::{Paths, SOCKET_VARIABLE, TOKEN_VARIABLE};
use super::unexpected;

/// Somebody to be.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// `KIND:NAME`.
    pub identity: &'a str,
    /// Most rights.
    pub rights: Option<&'a str>,
    /// Panes, as targets.
    pub panes: &'a [String],
    /// How long.
    pub ttl_ms: Option<u64>,
}

fn mint(paths: &Paths, wanted: &Wanted<'_>, process: Option<u32>) -> Result<TokenInfo, Failure> {
    let mut link = Link::open(paths)?;
    let panes = wanted.panes.iter().map(|target| pane(&mut link, paths, target)).collect::<Result<_, _>>()?;
    let request = Request::Token(TokenRequest {
        identity: wanted.identity.to_owned(),
        ttl_ms: wanted.ttl_ms,
        rights: wanted.rights.map(str::to_owned),
        panes,
        process,
    });
    match link.ask(paths, &request).map_err(|failure| not_usage(&request, failure))? {
        Reply::Token(token) => Ok(token),
        other => Err(unexpected(&other)),
    }
}

/// The pane that `target` names.
///
/// # Errors
/// There is none.
pub fn pane(link: &mut Link, paths: &Paths, target: &str) -> Result<PaneId, Failure> {
    let request = Request::Control { target: Some(target.to_owned()), op: ControlOp::Status };
    match link.ask(paths, &request)? {
        Reply::Control(panes) => panes.first().map(|info| info.pane).ok_or_else(|| no_pane(target)),
        other => Err(unexpected(&other)),
    }
}

fn no_pane(target: &str) -> Failure {
    Failure::new(Exit::NoTarget, "no_such_target", format!("no such pane: {target}"))
}

/// Becomes `command` as somebody else. Comes back only if that fails.
///
/// # Errors
/// The server refuses the identity, or the command cannot be started.
pub fn become_other(paths: &Paths, wanted: &Wanted<'_>, command: &[String]) -> Result<Exit, Failure> {
    let token = mint(paths, wanted, Some(std::process::id()))?;
    let shell = || std::env::var("SHELL").ok().filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".to_owned());
    let (program, arguments) = command.split_first().map_or_else(|| (shell(), &[][..]), |(program, rest)| (program.clone(), rest));
    let error = Command::new(&program).args(arguments).env(TOKEN_VARIABLE, &token.token).env(SOCKET_VARIABLE, paths.socket()).exec();
    let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::NoTarget } else { Exit::Refused };
    Err(Failure { exit, ..Failure::system(&program, &error) })
}

/// Prints a token: the secret alone, for people and scripts alike.
///
/// # Errors
/// The server refuses.
pub fn token(paths: &Paths, wanted: &Wanted<'_>, json: bool) -> Result<(), Failure> {
    let token = mint(paths, wanted, None)?;
    if json { print_json(&token) } else { print(&(token.token + "\n")) }
}

/// Who the asker is taken for.
#[must_use]
pub fn whoami_text(me: &WhoAmI) -> String {
    let mut table = Table::default();
    for (name, value) in say::identity(me) {
        table.row(vec![name.to_owned(), value]);
    }
    table.text()
}

/// Who is here.
#[must_use]
pub fn roster_text(operators: &[OperatorInfo]) -> String {
    let heads = ["OPERATOR", "ID", "KIND", "SURE", "CONTROLS", "CLIENT", "OVER", "IS", "FROM", "ROLE", "LOOKS AT", "SIZE", "SINCE"];
    let mut table = Table::new(&heads);
    for operator in operators {
        let holds: Vec<String> = operator.holds.iter().flatten().map(ToString::to_string).collect();
        let on_behalf = operator
            .on_behalf_of
            .map(|id| operators.iter().find(|known| known.id == id).map_or(id.to_string(), |human| human.name.clone()));
        let mut row = vec![
            on_behalf.map_or_else(|| operator.name.clone(), |human| format!("{} for {human}", operator.name)),
            operator.id.to_string(),
            say::kind(operator.kind).to_owned(),
            operator.assurance.map_or("", say::assurance).to_owned(),
            if holds.is_empty() { "-".to_owned() } else { holds.join(" ") },
        ];
        if operator.attachments.is_empty() {
            row.push("-".to_owned());
            table.row(row);
            continue;
        }
        for attachment in &operator.attachments {
            let mut row = row.clone();
            row.extend(attachment_cells(attachment));
            table.row(row);
        }
    }
    table.text()
}

fn attachment_cells(attachment: &AttachmentInfo) -> Vec<String> {
    let looks_at = [
        attachment.session.map(|id| id.to_string()),
        attachment.window.map(|id| id.to_string()),
        attachment.focus.map(|id| id.to_string()),
    ];
    let or_dash = |text: String| if text.trim().is_empty() { "-".to_owned() } else { text };
    let transport = match attachment.transport {
        Transport::Unix => "unix",
        Transport::Ssh => "ssh",
        Transport::Web => "web",
    };
    let presence = match attachment.presence {
        Presence::Live => "live",
        Presence::Stale => "stale",
    };
    let role = match attachment.role {
        crate::protocol::message::Role::Observer => "observer",
        crate::protocol::message::Role::Participant => "participant",
        crate::protocol::message::Role::Admin => "admin",
    };
    vec![
        attachment.id.to_string(),
        transport.to_owned(),
        presence.to_owned(),
        or_dash(one_line(&attachment.origin)),
        role.to_owned(),
        or_dash(looks_at.into_iter().flatten().collect::<Vec<_>>().join(" ")),
        or_dash(attachment.viewport.map(|size| size.to_string()).unwrap_or_default()),
        ago(attachment.since_ms),
    ]
}
