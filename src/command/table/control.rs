//! Control: who may write to a pane, how it is asked for, handed over, taken, given back. The rules are `operator`'s, asked by the server; the words are the same
//! in both. Texts that people read (reasons, notes) are the last argument and need no quotes.

use crate::protocol::message::{ApproveHow, ControlMode, ControlOp, Request};

use super::super::action::{CliCommand, Command};
use super::super::args::Args;
use super::super::error::UsageErrorKind;
use super::super::spec::{ArgSpec, Built, CommandSpec, FlagSpec, Group, Place, Scope, Takes};
use super::text::show;
use super::{JSON, PANE, arg, long, long_value, optional, switch};

/// Longest note or reason, in bytes; the server cuts nothing silently.
const TEXT_MAX: usize = 4096;

const FOR: FlagSpec = long_value("for", Takes::Span, "How long; else without end if a human gives it, or a lease that activity renews");
const SUPERVISED: FlagSpec = long("supervised", "What it writes waits for a human's approval");

const fn words(name: &'static str, help: &'static str) -> ArgSpec {
    ArgSpec { name, takes: Takes::Text("TEXT"), required: false, many: true, help }
}

/// A verb that is one request: its op, and where.
fn ask(args: &Args<'_>, op: ControlOp) -> Built {
    Ok(Command::Request(Request::Control { target: args.value("t"), op }))
}

fn text(args: &Args<'_>, from: usize) -> Result<Option<String>, UsageErrorKind> {
    bounded(args.text(from))
}

fn bounded(text: Option<String>) -> Result<Option<String>, UsageErrorKind> {
    match text {
        Some(text) if text.len() > TEXT_MAX => Err(UsageErrorKind::Conflict(format!("that is more than {TEXT_MAX} bytes of text"))),
        text => Ok(text),
    }
}

macro_rules! verb {
    ($name:literal, $aliases:expr, $summary:literal, $help:literal, $flags:expr, $args:expr, $build:expr) => {
        CommandSpec {
            name: $name,
            aliases: $aliases,
            group: Group::Control,
            scope: Scope::Both,
            summary: $summary,
            help: $help,
            flags: $flags,
            args: $args,
            build: $build,
        }
    };
}

pub(super) const TABLE: &[CommandSpec] = &[
    verb!(
        "control status",
        &[],
        "Say who has control of a pane, and what is asked and offered",
        "Without -t of all panes. The words are those of baton-control(7).",
        &[PANE, JSON],
        &[],
        |args, place| Ok(show(Request::Control { target: args.value("t"), op: ControlOp::Status }, place))
    ),
    verb!(
        "control acquire",
        &[],
        "Take control of a pane that nobody has control of",
        "From then on nobody else writes to it, until it is released or its time is over.",
        &[FOR, PANE, JSON],
        &[],
        |args, _| ask(args, ControlOp::Acquire { ttl_ms: args.span_ms("for") })
    ),
    verb!(
        "control request",
        &[],
        "Ask for control of a pane",
        "The holder and who may grant it see who asks and why. The answer comes later: control wait --mine waits for it.",
        &[PANE, JSON],
        &[words("REASON", "Why, for people")],
        |args, _| ask(args, ControlOp::Request { why: text(args, 0)?.unwrap_or_default() })
    ),
    verb!("control cancel", &[], "Ask for control no more", "", &[PANE, JSON], &[], |args, _| ask(args, ControlOp::Cancel)),
    verb!(
        "control grant",
        &[],
        "Give control to who asks for it",
        "",
        &[FOR, SUPERVISED, PANE, JSON],
        &[optional("OPERATOR", Takes::Operator, "Whose request; else the first whose operator answers")],
        |args, _| ask(
            args,
            ControlOp::Grant { to: args.arg(0).map(str::to_owned), ttl_ms: args.span_ms("for"), supervised: args.has("supervised") }
        )
    ),
    verb!(
        "control deny",
        &[],
        "Do not give control to who asks for it",
        "",
        &[PANE, JSON],
        &[optional("OPERATOR", Takes::Operator, "Whose request; else the first"), words("REASON", "Why, for the one who asked")],
        |args, _| ask(args, ControlOp::Deny { to: args.arg(0).map(str::to_owned), reason: text(args, 1)? })
    ),
    verb!(
        "control offer",
        &["hand-over", "control hand-over"],
        "Hand a pane over: offer control of it to somebody",
        "You keep control until it is accepted.",
        &[long_value("note", Takes::Text("TEXT"), "What you say to it"), FOR, SUPERVISED, PANE, JSON],
        &[arg("OPERATOR", Takes::Operator, "To whom: a name, KIND:NAME or an id of the roster")],
        |args, _| ask(
            args,
            ControlOp::Offer {
                to: args.arg(0).unwrap_or_default().to_owned(),
                note: bounded(args.value("note"))?,
                ttl_ms: args.span_ms("for"),
                supervised: args.has("supervised")
            }
        )
    ),
    verb!("control accept", &[], "Accept the control that is offered to you", "", &[PANE, JSON], &[], |args, _| ask(
        args,
        ControlOp::Accept
    )),
    verb!(
        "control decline",
        &[],
        "Do not accept the control that is offered to you",
        "",
        &[PANE, JSON],
        &[words("REASON", "Why not")],
        |args, _| ask(args, ControlOp::Decline { reason: text(args, 0)? })
    ),
    verb!("control withdraw", &[], "Take back an offer that was not accepted yet", "", &[PANE, JSON], &[], |args, _| ask(
        args,
        ControlOp::Withdraw
    )),
    verb!(
        "control release",
        &[],
        "Give up control of a pane",
        "It is shared again, or with --to-next goes to the first who asks and answers.",
        &[long("to-next", "To the first who asks for it"), PANE, JSON],
        &[],
        |args, _| ask(args, ControlOp::Release { to_next: args.has("to-next") })
    ),
    verb!(
        "control take",
        &["take"],
        "Take control from an agent, at once",
        "Only people can, and only from who is none. What the agent had sent and the program has not read is discarded; control hand-back gives it back.",
        &[PANE, JSON],
        &[],
        |args, _| ask(args, ControlOp::Take)
    ),
    verb!(
        "control hand-back",
        &["hand-back"],
        "Give control back to the agent it was taken from",
        "It is told the note, who gave it back, and how much happened meanwhile.",
        &[long_value("note", Takes::Text("TEXT"), "What you say to it"), PANE, JSON],
        &[],
        |args, _| ask(args, ControlOp::HandBack { note: bounded(args.value("note"))? })
    ),
    verb!(
        "control force",
        &[],
        "Take control over another human, as an admin, with a reason",
        "",
        &[PANE, JSON],
        &[ArgSpec { name: "REASON", takes: Takes::Text("TEXT"), required: true, many: true, help: "Why; it is recorded" }],
        |args, _| ask(args, ControlOp::Force { reason: text(args, 0)?.ok_or(UsageErrorKind::MissingArgument { name: "REASON" })? })
    ),
    verb!(
        "control revoke",
        &[],
        "Take control away from who has it; nobody has it then",
        "",
        &[PANE, JSON],
        &[words("REASON", "Why; it is recorded")],
        |args, _| ask(args, ControlOp::Revoke { reason: text(args, 0)? })
    ),
    verb!(
        "control mode",
        &[],
        "Share a pane, lock it, or keep it for who gets control",
        "shared: everybody with the right writes. held: only who has control, and nobody has it now. locked: nobody.",
        &[PANE, JSON],
        &[arg("MODE", Takes::OneOf(&["shared", "held", "locked"]), "The mode")],
        |args, _| ask(
            args,
            ControlOp::Mode(match args.arg(0) {
                Some("held") => ControlMode::Held,
                Some("locked") => ControlMode::Locked,
                _ => ControlMode::Shared,
            })
        )
    ),
    verb!(
        "control supervise",
        &[],
        "Have what an agent writes wait for approval, or no longer",
        "",
        &[PANE, JSON],
        &[arg("STATE", Takes::OneOf(&["on", "off"]), "Whether it waits")],
        |args, _| ask(args, ControlOp::Supervise { on: args.arg(0) == Some("on") })
    ),
    CommandSpec {
        name: "control wait",
        aliases: &[],
        group: Group::Control,
        scope: Scope::Cli,
        summary: "Wait until control of a pane passes on",
        help: "Without flags until the next change. Exit code 4 when the time is over first.",
        flags: &[
            long_value("after", Takes::Count, "Until there is a later epoch than this"),
            long("mine", "Until you have control"),
            long_value("timeout", Takes::Span, "The longest wait; else 60s"),
            PANE,
            JSON,
        ],
        args: &[],
        build: |args, _| {
            Ok(Command::Request(Request::AwaitControl {
                target: args.value("t"),
                after_epoch: args.count("after"),
                mine: args.has("mine"),
                timeout_ms: args.span_ms("timeout").unwrap_or(60_000),
            }))
        },
    },
    CommandSpec {
        name: "approve",
        aliases: &["proposals"],
        group: Group::Control,
        scope: Scope::Both,
        summary: "Show what agents want to write, and let it be written, or not",
        help: "Without a number all that waits is listed. With one its text is shown whole, escapes written out, and after a yes exactly that is written. What nobody answers is denied.",
        flags: &[
            long("deny", "Drop it"),
            long_value("digest", Takes::Text("HEX"), "Only if it is what was shown with this digest, or its beginning"),
            switch('y', "Do not ask: the text is shown and written"),
            PANE,
            JSON,
        ],
        args: &[
            optional("ID", Takes::Text("ID"), "The number of what waits, or `list`"),
            words("REASON", "With --deny: why, for the one who proposed it"),
        ],
        build: approve,
    },
];

fn approve(args: &Args<'_>, place: Place) -> Built {
    let (target, deny, reason) = (args.value("t"), args.has("deny"), text(args, 1)?);
    if matches!(args.arg(0), None | Some("list")) {
        if deny || reason.is_some() {
            return Err(UsageErrorKind::MissingArgument { name: "ID" });
        }
        let list = Request::Approve { target, proposal: None, digest: None, how: ApproveHow::List, reason: None };
        return Ok(show(list, place));
    }
    let word = args.arg(0).unwrap_or_default();
    let proposal: u64 = word.trim_start_matches('#').parse().map_err(|_| UsageErrorKind::BadValue {
        what: "ID".to_owned(),
        value: word.to_owned(),
        expected: "the number of a proposal, or `list`".to_owned(),
        similar: Vec::new(),
    })?;
    if reason.is_some() && !deny {
        return Err(UsageErrorKind::Conflict("a reason goes with --deny".to_owned()));
    }
    let digest = args.value("digest");
    Ok(match place {
        Place::Shell => Command::Cli(CliCommand::Approve { target, proposal, deny, reason, digest, yes: args.has("y") }),
        Place::Client => {
            let how = if deny { ApproveHow::Deny } else { ApproveHow::Once };
            Command::Request(Request::Approve { target, proposal: Some(proposal), digest, how, reason })
        }
    })
}
