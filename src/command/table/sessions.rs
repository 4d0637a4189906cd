//! Sessions, and how terminals come to them and leave them.

use crate::geometry::Size;
use crate::protocol::message::{NewSession, Request};

use super::super::action::{CliCommand, Command, ListWhat, SessionStep, Switch, ViewCommand};
use super::super::args::Args;
use super::super::error::UsageErrorKind;
use super::super::spec::{Built, CommandSpec, Group, Place, Scope, Takes};
use super::{CWD, JSON, PROGRAM, SESSION, VARIABLE, arg, optional, switch, value};

pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec {
        name: "attach",
        aliases: &["attach-session"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "Show a session in this terminal",
        help: "Without -t the session that was used last. Inside a client it switches that client to the session.",
        flags: &[
            switch('r', "Look on only; keys do nothing but detach"),
            switch('d', "Detach the other clients of the session"),
            value('t', Takes::Session, "The session, window or pane to look at"),
        ],
        args: &[optional("SESSION", Takes::Session, "The same as -t")],
        build: attach,
    },
    CommandSpec {
        name: "new",
        aliases: &["new-session"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "Make a session, and show it unless -d",
        help: "Prints the ids of what it made when it does not attach.",
        flags: &[
            switch('d', "Do not attach"),
            switch('A', "If there is a session of this name, attach to it"),
            switch('D', "With -A: detach its other clients"),
            value('s', Takes::Text("NAME"), "Name of the session; else the lowest free number"),
            value('n', Takes::Text("NAME"), "Name of its first window"),
            value('x', Takes::Number(1, u16::MAX as u32), "Columns, while nobody looks at it"),
            value('y', Takes::Number(1, u16::MAX as u32), "Rows, while nobody looks at it"),
            CWD,
            VARIABLE,
            JSON,
        ],
        args: &[PROGRAM],
        build: new,
    },
    CommandSpec {
        name: "ls",
        aliases: &["list-sessions", "list"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "List the sessions",
        help: "With --json: sessions[].windows[].panes[], each pane with id, pid, command, cwd and size.",
        flags: &[JSON],
        args: &[],
        build: |_, place| list(place, ListWhat::Sessions),
    },
    CommandSpec {
        name: "list-windows",
        aliases: &["lsw"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "List the windows of a session, or of all",
        help: "",
        flags: &[value('t', Takes::Session, "The session; else all"), JSON],
        args: &[],
        build: |args, place| list(place, ListWhat::Windows(args.value("t"))),
    },
    CommandSpec {
        name: "list-panes",
        aliases: &["lsp"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "List the panes of a session or window, or all",
        help: "",
        flags: &[value('t', Takes::Window, "The session or window; else all"), JSON],
        args: &[],
        build: |args, place| list(place, ListWhat::Panes(args.value("t"))),
    },
    CommandSpec {
        name: "has-session",
        aliases: &["has"],
        group: Group::Sessions,
        scope: Scope::Cli,
        summary: "Tell by the exit code whether there is such a session, window or pane",
        help: "Exit code 0 if there is, 3 if not, 5 without a server.",
        flags: &[value('t', Takes::Session, "The session, window or pane")],
        args: &[optional("SESSION", Takes::Session, "The same as -t")],
        build: |args, _| {
            let target = args.value("t").or_else(|| args.arg(0).map(str::to_owned));
            Ok(Command::Cli(CliCommand::Has(target.ok_or(UsageErrorKind::MissingArgument { name: "SESSION" })?)))
        },
    },
    CommandSpec {
        name: "switch",
        aliases: &["switch-client", "switchc"],
        group: Group::Sessions,
        scope: Scope::Client,
        summary: "Look at another session",
        help: "With -T it reads the next key in another key table instead.",
        flags: &[
            switch('l', "The session looked at before"),
            switch('n', "The next session"),
            switch('p', "The previous session"),
            value('t', Takes::Session, "This session, window or pane"),
            value('T', Takes::KeyTable, "Read the next key in this key table"),
        ],
        args: &[],
        build: switch_session,
    },
    CommandSpec {
        name: "detach",
        aliases: &["detach-client"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "Let a terminal go; everything in it runs on",
        help: "Inside a client without flags: this client.",
        flags: &[
            switch('a', "All other clients"),
            value('s', Takes::Session, "All clients of this session"),
            value('t', Takes::Attachment, "This client (an attachment such as a3, see roster), or the clients of a session"),
        ],
        args: &[],
        build: detach,
    },
    CommandSpec {
        name: "rename session",
        aliases: &["rename-session"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "Rename a session",
        help: "",
        flags: &[SESSION],
        args: &[arg("NAME", Takes::Text("NAME"), "The new name")],
        build: |args, _| {
            let name = args.arg(0).unwrap_or_default().to_owned();
            Ok(Command::Request(Request::RenameSession { target: args.value("t"), name }))
        },
    },
    CommandSpec {
        name: "kill session",
        aliases: &["kill-session"],
        group: Group::Sessions,
        scope: Scope::Both,
        summary: "End a session and the programs in it",
        help: "",
        flags: &[switch('a', "All others instead"), SESSION],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::KillSession { target: args.value("t"), others: args.has("a") })),
    },
];

fn attach(args: &Args<'_>, place: Place) -> Built {
    let target = match (args.value("t"), args.arg(0)) {
        (Some(_), Some(word)) => return Err(UsageErrorKind::ExtraArgument { word: word.to_owned() }),
        (target, word) => target.or_else(|| word.map(str::to_owned)),
    };
    match place {
        Place::Shell => {
            Ok(Command::Cli(CliCommand::Attach { target, create: false, read_only: args.has("r"), detach_others: args.has("d") }))
        }
        Place::Client if args.has("r") || args.has("d") => {
            Err(UsageErrorKind::Conflict("inside a client only -t has a meaning; see detach -s".to_owned()))
        }
        Place::Client => match target {
            Some(target) => Ok(Command::View(ViewCommand::SwitchSession(Switch::To(target)))),
            None => Err(UsageErrorKind::MissingArgument { name: "SESSION" }),
        },
    }
}

/// What `new` and its flags describe; also for callers that add an environment.
fn session(args: &Args<'_>) -> NewSession {
    let cells = |flag: &str| args.number(flag).and_then(|cells| u16::try_from(cells).ok());
    let size = match (cells("x"), cells("y")) {
        (None, None) => None,
        (cols, rows) => Some(Size::new(cols.unwrap_or(80), rows.unwrap_or(24))),
    };
    NewSession {
        name: args.value("s"),
        window_name: args.value("n"),
        cwd: args.value("c"),
        command: args.rest(0),
        size,
        environment: args.variables("e"),
    }
}

fn new(args: &Args<'_>, place: Place) -> Built {
    let session = session(args);
    let (attach, background) = (args.has("A"), args.has("d"));
    if attach && session.name.is_none() {
        return Err(UsageErrorKind::Conflict("-A needs a name: -s NAME".to_owned()));
    }
    if args.has("D") && !attach {
        return Err(UsageErrorKind::Conflict("-D has a meaning only with -A".to_owned()));
    }
    args.at_most_one(&["d", "A"])?;
    Ok(match (background, place) {
        // The second field is the caller's environment, which the shell fills in.
        (true, _) => Command::Request(Request::NewSession(session, Vec::new())),
        (false, Place::Shell) => Command::Cli(CliCommand::New { session, attach, detach_others: args.has("D") }),
        (false, Place::Client) => Command::View(ViewCommand::NewSession { session, attach }),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of `build`")]
fn list(place: Place, what: ListWhat) -> Built {
    Ok(match place {
        Place::Shell => Command::Cli(CliCommand::List(what)),
        Place::Client => Command::View(ViewCommand::Show(Request::Tree)),
    })
}

fn switch_session(args: &Args<'_>, _: Place) -> Built {
    args.at_most_one(&["l", "n", "p", "t", "T"])?;
    let view = if let Some(table) = args.value("T") {
        ViewCommand::KeyTable(table)
    } else if let Some(target) = args.value("t") {
        ViewCommand::SwitchSession(Switch::To(target))
    } else if args.has("l") {
        ViewCommand::SwitchSession(Switch::Step(SessionStep::Last))
    } else if args.has("n") {
        ViewCommand::SwitchSession(Switch::Step(SessionStep::Next))
    } else if args.has("p") {
        ViewCommand::SwitchSession(Switch::Step(SessionStep::Previous))
    } else {
        return Err(UsageErrorKind::Conflict("say which: -t SESSION, -l, -n or -p".to_owned()));
    };
    Ok(Command::View(view))
}

fn detach(args: &Args<'_>, place: Place) -> Built {
    args.at_most_one(&["s", "t"])?;
    let target = args.value("s").or_else(|| args.value("t"));
    if place == Place::Client && target.is_none() && !args.has("a") {
        return Ok(Command::View(ViewCommand::Detach));
    }
    Ok(Command::Request(Request::Detach { target, others: args.has("a") }))
}
