//! Windows: made, named, moved, gone to.

use crate::protocol::message::Request;

use super::super::action::{Command, Neighbour, Switch, ViewCommand, WindowStep};
use super::super::args::Args;
use super::super::error::UsageErrorKind;
use super::super::spec::{Built, CommandSpec, Group, Place, Scope, Takes};
use super::{CWD, JSON, PROGRAM, VARIABLE, WINDOW, WINDOW_NAME, arg, optional, switch, value};

pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec {
        name: "window",
        aliases: &["new-window", "neww"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Make a window",
        help: "Prints the ids of what it made.",
        flags: &[
            switch('d', "Do not go there"),
            switch('a', "Put it behind the target window instead of at the end"),
            WINDOW_NAME,
            CWD,
            VARIABLE,
            value('t', Takes::Window, "The session, or with a number (work:3) the place in it"),
            JSON,
        ],
        args: &[PROGRAM],
        build: |args, _| {
            Ok(Command::Request(Request::NewWindow {
                target: args.value("t"),
                name: args.value("n"),
                cwd: args.value("c"),
                command: args.rest(0),
                environment: args.variables("e"),
                after: args.has("a"),
                background: args.has("d"),
            }))
        },
    },
    CommandSpec {
        name: "select-window",
        aliases: &["selectw"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Go to a window",
        help: "Inside a client this client goes there, and no other. In a shell the session's current window changes: what new clients and scripts see first.",
        flags: &[
            value('t', Takes::Window, "The window, such as 3, :3, work:vim, @7, {last}"),
            switch('l', "The window looked at before"),
            switch('n', "The next window"),
            switch('p', "The previous window"),
        ],
        args: &[optional("WINDOW", Takes::Window, "The same as -t")],
        build: select,
    },
    CommandSpec {
        name: "next-window",
        aliases: &["next"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Go to the next window",
        help: "",
        flags: &[switch('a', "The next that rang the bell or wrote something"), value('t', Takes::Session, "In this session")],
        args: &[],
        build: |args, place| {
            let step = if args.has("a") { WindowStep::NextAlert } else { WindowStep::Next };
            go(step, args.value("t"), place)
        },
    },
    CommandSpec {
        name: "previous-window",
        aliases: &["prev"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Go to the previous window",
        help: "",
        flags: &[switch('a', "The previous that rang the bell or wrote something"), value('t', Takes::Session, "In this session")],
        args: &[],
        build: |args, place| {
            let step = if args.has("a") { WindowStep::PreviousAlert } else { WindowStep::Previous };
            go(step, args.value("t"), place)
        },
    },
    CommandSpec {
        name: "last-window",
        aliases: &["last"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Go to the window looked at before",
        help: "",
        flags: &[value('t', Takes::Session, "In this session")],
        args: &[],
        build: |args, place| go(WindowStep::Last, args.value("t"), place),
    },
    CommandSpec {
        name: "find-window",
        aliases: &["findw"],
        group: Group::Windows,
        scope: Scope::Client,
        summary: "Find a window by its name, title or visible text",
        help: "",
        flags: &[],
        args: &[arg("TEXT", Takes::Text("TEXT"), "What to look for")],
        build: |args, _| Ok(Command::View(ViewCommand::FindWindow(args.arg(0).unwrap_or_default().to_owned()))),
    },
    CommandSpec {
        name: "rename window",
        aliases: &["rename-window", "renamew"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Rename a window",
        help: "Its name no longer follows the program in it.",
        flags: &[WINDOW],
        args: &[arg("NAME", Takes::Text("NAME"), "The new name")],
        build: |args, _| {
            let name = args.arg(0).unwrap_or_default().to_owned();
            Ok(Command::Request(Request::RenameWindow { target: args.value("t"), name }))
        },
    },
    CommandSpec {
        name: "kill window",
        aliases: &["kill-window", "killw"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "End a window and the programs in it",
        help: "",
        flags: &[switch('a', "All others of its session instead"), WINDOW],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::KillWindow { target: args.value("t"), others: args.has("a") })),
    },
    CommandSpec {
        name: "move-window",
        aliases: &["movew"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Give a window another number, or move it to another session",
        help: "",
        flags: &[
            value('s', Takes::Window, "The window; else the current one"),
            value('t', Takes::Window, "Where to, such as 3 or work:3 or work:"),
            switch('r', "Close the gaps in the session's numbers instead"),
        ],
        args: &[],
        build: |args, _| {
            if !args.has("r") && args.value("t").is_none() {
                return Err(UsageErrorKind::Conflict("say where: -t SESSION:N, or -r".to_owned()));
            }
            Ok(Command::Request(Request::MoveWindow { source: args.value("s"), target: args.value("t"), renumber: args.has("r") }))
        },
    },
    CommandSpec {
        name: "swap-window",
        aliases: &["swapw"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Exchange the places of two windows",
        help: "",
        flags: &[value('s', Takes::Window, "One; else the current one"), value('t', Takes::Window, "The other; else the current one")],
        args: &[],
        build: |args, _| {
            if args.value("s").is_none() && args.value("t").is_none() {
                return Err(UsageErrorKind::Conflict("say with which: -t WINDOW".to_owned()));
            }
            Ok(Command::Request(Request::SwapWindow { source: args.value("s"), target: args.value("t") }))
        },
    },
    CommandSpec {
        name: "link-window",
        aliases: &["linkw"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Show a window in another session as well",
        help: "",
        flags: &[
            value('s', Takes::Window, "The window; else the current one"),
            value('t', Takes::Window, "The session, or session:number"),
        ],
        args: &[],
        build: |args, _| {
            let target = args.value("t").ok_or_else(|| UsageErrorKind::Conflict("say where: -t SESSION".to_owned()))?;
            Ok(Command::Request(Request::LinkWindow { source: args.value("s"), target: Some(target) }))
        },
    },
    CommandSpec {
        name: "unlink-window",
        aliases: &["unlinkw"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Take a window out of one session, if it is in another too",
        help: "",
        flags: &[WINDOW],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::UnlinkWindow { target: args.value("t") })),
    },
    CommandSpec {
        name: "rotate-window",
        aliases: &["rotatew"],
        group: Group::Windows,
        scope: Scope::Both,
        summary: "Move the panes of a window one place on",
        help: "",
        flags: &[switch('U', "Towards the start; the default"), switch('D', "Towards the end"), WINDOW],
        args: &[],
        build: |args, _| {
            args.at_most_one(&["U", "D"])?;
            Ok(Command::Request(Request::RotateWindow { target: args.value("t"), down: args.has("D") }))
        },
    },
];

fn select(args: &Args<'_>, place: Place) -> Built {
    args.at_most_one(&["t", "l", "n", "p"])?;
    let target = match (args.value("t"), args.arg(0)) {
        (Some(_), Some(word)) => return Err(UsageErrorKind::ExtraArgument { word: word.to_owned() }),
        (target, word) => target.or_else(|| word.map(str::to_owned)),
    };
    if args.has("l") {
        go(WindowStep::Last, None, place)
    } else if args.has("n") {
        go(WindowStep::Next, None, place)
    } else if args.has("p") {
        go(WindowStep::Previous, None, place)
    } else {
        let target = target.ok_or(UsageErrorKind::MissingArgument { name: "WINDOW" })?;
        Ok(match place {
            Place::Shell => Command::Request(Request::SelectWindow { target: Some(target) }),
            Place::Client => Command::View(ViewCommand::SelectWindow(Switch::To(target))),
        })
    }
}

fn go(step: WindowStep, session: Option<String>, place: Place) -> Built {
    match (place, Neighbour::window(step), session) {
        (Place::Client, _, None) => Ok(Command::View(ViewCommand::SelectWindow(Switch::Step(step)))),
        (_, Some(word), Some(session)) => {
            let target = format!("{}:{word}", session.trim_end_matches(':'));
            Ok(match place {
                Place::Shell => Command::Request(Request::SelectWindow { target: Some(target) }),
                Place::Client => Command::View(ViewCommand::SelectWindow(Switch::To(target))),
            })
        }
        (Place::Shell, Some(word), None) => Ok(Command::Request(Request::SelectWindow { target: Some(format!(":{word}")) })),
        (_, None, _) => Err(UsageErrorKind::Conflict("-a works only inside a client, for its own session".to_owned())),
    }
}
