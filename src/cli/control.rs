//! Control for people at a shell: what `baton control …` and `baton approve` print and ask.
//!
//! Verbs about one pane answer with that pane's state after them: lines for people, each beginning with the pane's id, or with `--json` the object that the
//! protocol calls `ControlInfo`. Lists (`control status` without `-t`, `approve`) are `{"panes":[…]}`.
//!
//! Nothing is approved that was not shown: `approve ID` fetches the proposal, prints it whole, asks (in a terminal), and sends the digest of what it printed along.

use std::io::{self, BufRead, IsTerminal};

use serde_json::json;

use crate::command::say;
use crate::protocol::message::{ApproveHow, ControlInfo, ControlOp, ProposalInfo, Reply, Request};

use super::connect::Link;
use super::failure::{Exit, Failure, one_line};
use super::output::{now_ms, print, print_json};
use super::paths::Paths;
use super::unexpected;

/// Whether a request is answered with a list, however long.
fn is_list(request: &Request) -> bool {
    matches!(request, Request::Control { target: None, op: ControlOp::Status } | Request::Approve { how: ApproveHow::List, .. })
}

/// The answer for programs.
///
/// # Errors
/// When it cannot be written.
pub fn json(request: &Request, panes: &[ControlInfo]) -> Result<(), Failure> {
    match panes {
        [one] if !is_list(request) => print_json(one),
        panes => print_json(&json!({ "panes": panes })),
    }
}

/// The answer for people.
///
/// # Errors
/// When it cannot be written.
pub fn text(request: &Request, panes: &[ControlInfo]) -> Result<(), Failure> {
    print(&in_text(request, panes, now_ms()))
}

fn in_text(request: &Request, panes: &[ControlInfo], now_ms: u64) -> String {
    let mut text = String::new();
    for info in panes {
        if matches!(request, Request::Approve { how: ApproveHow::List, .. }) {
            info.proposals.iter().for_each(|proposal| text.push_str(&shown(info, proposal, now_ms)));
        } else {
            for line in say::control(info, now_ms) {
                text.push_str(&format!("{} {}\n", info.pane, one_line(&line)));
            }
        }
    }
    text
}

/// A proposal with its text, each line of it behind a bar.
fn shown(info: &ControlInfo, proposal: &ProposalInfo, now_ms: u64) -> String {
    let mut text = format!("{} {}\n", info.pane, one_line(&say::proposal(proposal, now_ms)));
    for line in proposal.text.lines() {
        text.push_str(&format!("  | {}\n", one_line(line)));
    }
    text
}

/// What `baton approve ID` was told.
#[derive(Debug)]
pub struct Approve<'a> {
    /// Pane.
    pub target: Option<&'a str>,
    /// Its number.
    pub proposal: u64,
    /// Deny it.
    pub deny: bool,
    /// Why.
    pub reason: Option<&'a str>,
    /// What was seen.
    pub digest: Option<&'a str>,
    /// Do not ask.
    pub yes: bool,
}

/// Shows a proposal whole and answers it.
///
/// # Errors
/// There is no such proposal, it is another one than was seen, nobody said yes, or the server refuses.
pub fn approve(paths: &Paths, approve: &Approve<'_>, as_json: bool) -> Result<(), Failure> {
    let mut link = Link::open(paths)?;
    let list =
        Request::Approve { target: approve.target.map(str::to_owned), proposal: None, digest: None, how: ApproveHow::List, reason: None };
    let panes = match link.ask(paths, &list)? {
        Reply::Control(panes) => panes,
        other => return Err(unexpected(&other)),
    };
    let (info, proposal) = find(&panes, approve.proposal)?;
    if approve.digest.is_some_and(|seen| seen.is_empty() || !proposal.digest.starts_with(seen)) {
        return Err(Failure::new(
            Exit::Refused,
            "prompt_changed",
            format!("proposal {} is not what was shown with that digest", proposal.id),
        )
        .with_hint("look at it again with `baton approve`"));
    }
    if !as_json && !approve.deny {
        print(&shown(info, proposal, now_ms()))?;
        if !approve.yes && io::stdin().is_terminal() && io::stdout().is_terminal() && !yes(info)? {
            return Err(Failure::new(Exit::Refused, "approval_required", "nothing was written: you did not say yes")
                .with_hint(format!("`baton approve {} --deny` drops it", proposal.id)));
        }
    }
    let request = Request::Approve {
        target: Some(info.pane.to_string()),
        proposal: Some(proposal.id),
        digest: Some(proposal.digest.clone()),
        how: if approve.deny { ApproveHow::Deny } else { ApproveHow::Once },
        reason: approve.reason.map(str::to_owned),
    };
    match link.ask(paths, &request).map_err(|failure| not_usage(&request, failure))? {
        Reply::Control(panes) if as_json => json(&request, &panes),
        Reply::Control(_) => {
            print(&format!("{} proposal {} {}\n", info.pane, proposal.id, if approve.deny { "denied" } else { "approved" }))
        }
        Reply::Done(_) => Ok(()),
        other => Err(unexpected(&other)),
    }
}

fn find(panes: &[ControlInfo], id: u64) -> Result<(&ControlInfo, &ProposalInfo), Failure> {
    let found: Vec<(&ControlInfo, &ProposalInfo)> = panes
        .iter()
        .flat_map(|info| info.proposals.iter().map(move |proposal| (info, proposal)))
        .filter(|(_, found)| found.id == id)
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Failure::new(Exit::NoTarget, "no_such_target", format!("no proposal {id} waits (any more)"))
            .with_hint("`baton approve` lists what waits")),
        several => {
            let panes: Vec<String> = several.iter().map(|(info, _)| info.pane.to_string()).collect();
            Err(Failure::new(Exit::NoTarget, "ambiguous_target", format!("a proposal {id} waits in {}", panes.join(" and in ")))
                .with_hint("say which pane with `-t`"))
        }
    }
}

/// Asks the person at the terminal.
fn yes(info: &ControlInfo) -> Result<bool, Failure> {
    print(&format!("write this to {}? [y/N] ", info.pane))?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::system("the answer", &error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What is refused about control was no wrong use of words: there is nothing to accept, it has ended, it is somebody else's.
#[must_use]
pub fn not_usage(request: &Request, failure: Failure) -> Failure {
    let about_control = matches!(
        request,
        Request::Control { .. } | Request::Approve { .. } | Request::AwaitControl { .. } | Request::Token(_) | Request::RevokeToken { .. }
    );
    if about_control && failure.code == "bad_request" { Failure { exit: Exit::Refused, ..failure } } else { failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{OperatorId, PaneId};
    use crate::protocol::message::{OperatorKind, Who};

    fn waiting(pane: u64, id: u64, text: &str) -> ControlInfo {
        let operator = Who { id: OperatorId(2), kind: OperatorKind::Agent, name: "bot".to_owned(), live: true };
        let proposal =
            ProposalInfo { id, operator, text: text.to_owned(), bytes: 3, digest: "abcdef0123456789".to_owned(), until_ms: 30_000 };
        ControlInfo { proposals: vec![proposal], ..ControlInfo::free(PaneId(pane)) }
    }

    #[test]
    fn proposals_are_shown_whole_and_move_no_cursor() {
        let list = Request::Approve { target: None, proposal: None, digest: None, how: ApproveHow::List, reason: None };
        let panes = [waiting(1, 4, "ls\\n\nrm \u{1b}[A\u{202e}x")];
        insta::assert_snapshot!(in_text(&list, &panes, 0), @r"
        %1 proposal 4 of agent:bot, 3 bytes, digest abcdef012345, denied in 30 s
          | ls\n
          | rm �[A�x
        ");
        let status = Request::Control { target: None, op: ControlOp::Status };
        assert!(in_text(&status, &panes, 0).lines().all(|line| line.starts_with("%1 ")));
    }

    #[test]
    fn a_number_in_two_panes_is_ambiguous() {
        let panes = [waiting(1, 4, "a"), waiting(2, 4, "b"), waiting(3, 5, "c")];
        assert_eq!(find(&panes, 4).unwrap_err().code, "ambiguous_target");
        assert_eq!(find(&panes, 5).map(|(info, _)| info.pane), Ok(PaneId(3)));
        assert_eq!(find(&panes, 6).unwrap_err().exit, Exit::NoTarget);
    }

    #[test]
    fn nothing_to_accept_is_no_wrong_use() {
        let accept = Request::Control { target: None, op: ControlOp::Accept };
        let refused = || Failure::new(Exit::Usage, "bad_request", "there is no such offer");
        assert_eq!(not_usage(&accept, refused()).exit, Exit::Refused);
        assert_eq!(not_usage(&Request::Tree, refused()).exit, Exit::Usage);
    }
}
