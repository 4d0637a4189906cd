//! Who: the roster, who I am, being somebody else, tokens; and what was done by whom.

use crate::protocol::message::{JournalQuery, Request};

use super::super::action::{CliCommand, Command};
use super::super::args::Args;
use super::super::error::UsageErrorKind;
use super::super::span::{moment_ms, span_ms};
use super::super::spec::{ArgSpec, Built, CommandSpec, FlagSpec, Group, Place, Scope, Takes};
use super::text::show;
use super::{JSON, arg, long, long_value, value};

const RIGHTS: FlagSpec =
    long_value("rights", Takes::Text("RIGHTS"), "The most it may do, such as view,request,input; else as much as you, within its kind's");
const PANES: FlagSpec = FlagSpec {
    short: None,
    long: Some("pane"),
    takes: Takes::Pane,
    repeats: true,
    help: "A pane that it may write to without asking; may be given more than once",
};
const FOR: FlagSpec = long_value("for", Takes::Span, "How long it is good for");

pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec {
        name: "roster",
        aliases: &["list-clients", "lsc"],
        group: Group::Control,
        scope: Scope::Both,
        summary: "List who is here: people, agents, devices, services",
        help: "With how sure it is that they are who they seem, what they look at, and of which panes they have control.",
        flags: &[JSON],
        args: &[],
        build: |_, place| Ok(show(Request::Roster, place)),
    },
    CommandSpec {
        name: "whoami",
        aliases: &[],
        group: Group::Control,
        scope: Scope::Both,
        summary: "Say who the server takes you for, and why",
        help: "",
        flags: &[JSON],
        args: &[],
        build: |_, place| Ok(show(Request::WhoAmI, place)),
    },
    CommandSpec {
        name: "history",
        aliases: &["journal"],
        group: Group::Control,
        scope: Scope::Both,
        summary: "Print who did what: the journal of panes and control",
        help: "The newest last. Input of people is there by length and digest only.",
        flags: &[
            value('t', Takes::Pane, "Only of this pane, also one that ended by its id such as %7; else of all"),
            long_value("since", Takes::Text("TIME"), "Not before so long ago (10m), or this moment (2026-11-22T19:05Z)"),
            long_value("by", Takes::Operator, "Only of this operator: a name, KIND:NAME or an id"),
            FlagSpec {
                short: None,
                long: Some("kind"),
                takes: Takes::Text("EVENT"),
                repeats: true,
                help: "Only events whose name begins so, such as control. or input.rejected; may be given more than once",
            },
            value('n', Takes::Number(1, 100_000), "The newest so many; else 100"),
            long("verify", "Look whether the journal is whole: nothing changed, left out or put in"),
            JSON,
        ],
        args: &[],
        build: history,
    },
    CommandSpec {
        name: "as",
        aliases: &[],
        group: Group::Control,
        scope: Scope::Cli,
        summary: "Run a command as an operator of its own: baton as agent:claude -- claude",
        help: "Works in a pane and in any terminal. The process and all that it starts are that operator: what they do by baton is attributed to it, and as an agent it writes only to panes that it made or was given. Without a command it is your shell.",
        flags: &[RIGHTS, PANES, FOR],
        args: &[
            arg("KIND:NAME", Takes::Text("KIND:NAME"), "Who: agent:NAME, service:NAME or device:NAME; a name alone is an agent"),
            ArgSpec {
                name: "CMD",
                takes: Takes::Program,
                required: false,
                many: true,
                help: "A program and its arguments; else your shell",
            },
        ],
        build: |args, _| {
            let command = args.rest(1);
            Ok(Command::Cli(CliCommand::As {
                identity: identity(args)?,
                rights: rights(args),
                panes: args.values("pane"),
                ttl_ms: args.span_ms("for"),
                command,
            }))
        },
    },
    CommandSpec {
        name: "token",
        aliases: &[],
        group: Group::Control,
        scope: Scope::Cli,
        summary: "Print a token with which a program speaks as an operator of its own",
        help: "The program has it in the variable BATON_TOKEN. It may never do more than you, and ends with you, with its time, or by token revoke.",
        flags: &[RIGHTS, PANES, FOR, JSON],
        args: &[arg("KIND:NAME", Takes::Text("KIND:NAME"), "Who: agent:NAME, service:NAME or device:NAME; a name alone is an agent")],
        build: |args, _| {
            Ok(Command::Cli(CliCommand::Token {
                identity: identity(args)?,
                rights: rights(args),
                panes: args.values("pane"),
                ttl_ms: args.span_ms("for"),
            }))
        },
    },
    CommandSpec {
        name: "token revoke",
        aliases: &["revoke-token"],
        group: Group::Control,
        scope: Scope::Both,
        summary: "End an identity: its token is void, its control is revoked",
        help: "",
        flags: &[JSON],
        args: &[arg("OPERATOR", Takes::Operator, "Whose: a name, KIND:NAME or an id")],
        build: |args, _| Ok(Command::Request(Request::RevokeToken { operator: args.arg(0).unwrap_or_default().to_owned() })),
    },
];

/// `KIND:NAME`; whether the name will do is the server's to say.
fn identity(args: &Args<'_>) -> Result<String, UsageErrorKind> {
    let text = args.arg(0).unwrap_or_default();
    let (kind, name) = text.split_once(':').unwrap_or(("agent", text));
    let bad = |expected: &str, similar: Vec<String>| UsageErrorKind::BadValue {
        what: "KIND:NAME".to_owned(),
        value: text.to_owned(),
        expected: expected.to_owned(),
        similar,
    };
    const KINDS: [&str; 3] = ["agent", "service", "device"];
    if kind == "human" {
        return Err(bad("an identity for a program: nobody is made a human by a command", Vec::new()));
    }
    if !KINDS.contains(&kind) {
        let similar = super::super::spec::similar(kind, KINDS.into_iter()).into_iter().map(|kind| format!("{kind}:{name}")).collect();
        return Err(bad("agent:NAME, service:NAME or device:NAME", similar));
    }
    if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(bad("a name of one word", Vec::new()));
    }
    Ok(format!("{kind}:{name}"))
}

/// Words with commas; blanks around them do not count.
fn rights(args: &Args<'_>) -> Option<String> {
    Some(args.value("rights")?.split(',').map(str::trim).collect::<Vec<_>>().join(","))
}

fn history(args: &Args<'_>, place: Place) -> Built {
    let since = args.value("since");
    let ago_ms = since.as_deref().and_then(span_ms);
    let since_ms = since.as_deref().filter(|_| ago_ms.is_none()).and_then(moment_ms);
    if let Some(since) = since.filter(|_| ago_ms.is_none() && since_ms.is_none()) {
        return Err(UsageErrorKind::BadValue {
            what: "--since".to_owned(),
            value: since,
            expected: "a length of time such as 10m, or a moment such as 2026-11-22T19:05Z".to_owned(),
            similar: Vec::new(),
        });
    }
    let target = args.value("t");
    let mut query = JournalQuery {
        pane: None,
        since_ms,
        by: args.value("by"),
        kinds: args.values("kind"),
        after_seq: None,
        limit: args.number("n").unwrap_or(100),
        since_ago_ms: ago_ms,
        verify: args.has("verify").then_some(true),
    };
    match place {
        Place::Shell => Ok(Command::Cli(CliCommand::Journal { target, query })),
        Place::Client => {
            query.pane = match target.map(|target| (target.parse().ok(), target)) {
                Some((Some(pane), _)) => Some(pane),
                Some((None, target)) => {
                    return Err(UsageErrorKind::BadValue {
                        what: "-t".to_owned(),
                        value: target,
                        expected: "a pane's id such as %7".to_owned(),
                        similar: Vec::new(),
                    });
                }
                None => None,
            };
            Ok(show(Request::Journal(query), place))
        }
    }
}
