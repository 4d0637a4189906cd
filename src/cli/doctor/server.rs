//! Keeper, server and configuration: do they answer, which releases are they, what do they complain of.

use std::io::ErrorKind;
use std::time::Duration;

use crate::keeper;
use crate::protocol::keeper::Message;
use crate::protocol::message::{Reply, Request, Status};

use super::super::connect::Link;
use super::super::failure::Exit;
use super::super::paths::Paths;
use super::{Context, Finding};

/// How long the keeper may take to find out whether the server lives: it gives a silent one ten seconds.
const PROBE_PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn check(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Ok(paths) = Paths::find(&context.choice) {
        findings.extend(processes(&paths));
    }
    findings.extend(super::super::config::findings(context).into_iter().map(|(message, fine)| {
        if fine {
            Finding::fine("config", message)
        } else {
            Finding::mend("config", message, "the rest of the file holds; `baton config check` says it again")
        }
    }));
    findings
}

fn processes(paths: &Paths) -> Vec<Finding> {
    if !paths.socket().exists() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    match keeper::ask(&paths.keeper, &Message::Probe, PROBE_PATIENCE) {
        Ok(_) => findings.push(Finding::fine("keeper", "answers, and finds the server alive")),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {}
            _ => findings.push(Finding::mend(
                "keeper",
                format!("the keeper does not answer: {error}"),
                "if it stays so, end it with `kill -9`; panes live on with the server, which starts another",
            )),
        },
    }
    match status(paths) {
        Ok(status) => {
            let ours = env!("CARGO_PKG_VERSION");
            findings.push(if status.version == ours {
                Finding::fine("server", format!("process {} of release {}, {} panes", status.server_pid, status.version, status.panes))
            } else {
                Finding::note(
                    "server",
                    format!("the server is of release {}, this program of {ours}", status.version),
                    "`baton upgrade` brings the server to this release",
                )
            });
            findings.extend(
                status
                    .warnings
                    .iter()
                    .map(|warning| Finding::mend("server", warning.clone(), "the server goes on; see its log in the state folder")),
            );
        }
        Err(failure) if failure.exit == Exit::NoServer => {}
        Err(failure) => findings.push(Finding::mend(
            "server",
            failure.message,
            failure.hint.unwrap_or_else(|| "killing it with `kill -9` is safe: the keeper starts another, panes go on".to_owned()),
        )),
    }
    findings
}

fn status(paths: &Paths) -> Result<Status, super::super::Failure> {
    match Link::open(paths)?.ask(paths, &Request::Status)? {
        Reply::Status(status) => Ok(status),
        other => Err(super::super::unexpected(&other)),
    }
}
