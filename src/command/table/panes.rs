//! Panes: divided, gone to, moved, resized, ended.

use crate::geometry::{Axis, Direction};
use crate::protocol::message::{Request, ResizeHow, Share};

use super::super::action::{Command, Neighbour, PaneStep, Switch, ViewCommand};
use super::super::args::Args;
use super::super::error::UsageErrorKind;
use super::super::spec::{Built, CommandSpec, FlagSpec, Group, Place, Scope, Takes};
use super::{CWD, JSON, PANE, PROGRAM, VARIABLE, arg, optional, switch, value};

const SIDES: [(&str, Direction); 4] = [("L", Direction::Left), ("R", Direction::Right), ("U", Direction::Up), ("D", Direction::Down)];

/// `--client CLIENT`.
const CLIENT: FlagSpec = FlagSpec {
    short: None,
    long: Some("client"),
    takes: Takes::Attachment,
    repeats: false,
    help: "The client that zooms, such as a3 (see roster); else the one used last",
};

pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec {
        name: "split",
        aliases: &["split-window", "splitw", "split-pane"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Divide a pane",
        help: "The new pane comes below, or with -h to the right. Prints the ids of what it made.",
        flags: &[
            switch('h', "Side by side"),
            switch('v', "Above each other; the default"),
            switch('b', "The new pane comes left or above"),
            switch('f', "Span the whole window instead of the one pane"),
            value('l', Takes::Cells, "Size of the new pane, in cells or hundredths; else half"),
            switch('d', "Do not go there"),
            CWD,
            VARIABLE,
            value('t', Takes::Pane, "The pane to divide; else the current one"),
            JSON,
        ],
        args: &[PROGRAM],
        build: |args, _| {
            Ok(Command::Request(Request::Split {
                target: args.value("t"),
                axis: axis(args)?,
                before: args.has("b"),
                full: args.has("f"),
                share: args.share("l").unwrap_or(Share::Half),
                cwd: args.value("c"),
                command: args.rest(0),
                environment: args.variables("e"),
                background: args.has("d"),
            }))
        },
    },
    CommandSpec {
        name: "select-pane",
        aliases: &["selectp"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Go to a pane",
        help: "Inside a client this client's focus moves, and no other's. In a shell the window's active pane changes: what scripts and new clients see first. With -T it sets the pane's title instead.",
        flags: &[
            switch('L', "The pane on the left"),
            switch('R', "The pane on the right"),
            switch('U', "The pane above"),
            switch('D', "The pane below"),
            switch('l', "The pane that had the focus before"),
            value('t', Takes::Pane, "This pane, such as 2, %7, {next}, work:1.2"),
            value('T', Takes::Text("TITLE"), "Set the pane's title"),
        ],
        args: &[],
        build: select,
    },
    CommandSpec {
        name: "last-pane",
        aliases: &["lastp"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Go to the pane that had the focus before",
        help: "",
        flags: &[],
        args: &[],
        build: |_, place| Ok(go(PaneStep::Last, place)),
    },
    CommandSpec {
        name: "resize",
        aliases: &["resize-pane", "resizep"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Change the size of a pane",
        help: "With a direction the pane's edge on that side is moved by N cells, else by one; a pane at the window's border moves its other edge. -Z fills the window with the pane, or no longer, as zoom does.",
        flags: &[
            switch('L', "Move the divider left"),
            switch('R', "Move the divider right"),
            switch('U', "Move the divider up"),
            switch('D', "Move the divider down"),
            value('x', Takes::Cells, "Make it so many columns wide"),
            value('y', Takes::Cells, "Make it so many rows high"),
            switch('Z', "Zoom, or no longer: see zoom"),
            PANE,
            CLIENT,
        ],
        args: &[optional("N", Takes::Number(1, u16::MAX as u32), "Cells to move; 1 if not given")],
        build: resize,
    },
    CommandSpec {
        name: "zoom",
        aliases: &["zoom-pane"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Fill the window with a pane, or no longer",
        help: "What a client shows is its own, so one client zooms: inside a client that one; in a shell the one that looks at the pane's window, of several the one used last, or the one named with --client.",
        flags: &[PANE, CLIENT],
        args: &[],
        build: zoom,
    },
    CommandSpec {
        name: "swap-pane",
        aliases: &["swapp"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Exchange two panes",
        help: "",
        flags: &[
            switch('U', "The current pane with the one before it"),
            switch('D', "The current pane with the one behind it"),
            value('s', Takes::Pane, "One; else the current one"),
            value('t', Takes::Pane, "The other; else the current one"),
        ],
        args: &[],
        build: |args, _| {
            args.at_most_one(&["U", "D"])?;
            let (source, target) = (args.value("s"), args.value("t"));
            let step = if args.has("U") {
                Some(PaneStep::Previous)
            } else if args.has("D") {
                Some(PaneStep::Next)
            } else {
                None
            };
            match (step, &source, &target) {
                (Some(step), None, None) => {
                    Ok(Command::Request(Request::SwapPane { source: None, target: Some(Neighbour::pane(step).to_owned()) }))
                }
                (Some(_), _, _) => Err(UsageErrorKind::Conflict("-U and -D are for the current pane, without -s and -t".to_owned())),
                (None, None, None) => Err(UsageErrorKind::Conflict("say with which: -t PANE, -U or -D".to_owned())),
                (None, _, _) => Ok(Command::Request(Request::SwapPane { source, target })),
            }
        },
    },
    CommandSpec {
        name: "break-pane",
        aliases: &["breakp"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Move a pane to a window of its own",
        help: "",
        flags: &[
            switch('d', "Do not go there"),
            value('n', Takes::Text("NAME"), "Name of the new window"),
            value('s', Takes::Pane, "The pane; else the current one"),
            value('t', Takes::Pane, "The same as -s"),
            JSON,
        ],
        args: &[],
        build: |args, _| {
            args.at_most_one(&["s", "t"])?;
            let source = args.value("s").or_else(|| args.value("t"));
            Ok(Command::Request(Request::BreakPane { source, name: args.value("n"), background: args.has("d") }))
        },
    },
    CommandSpec {
        name: "join-pane",
        aliases: &["joinp", "move-pane", "movep"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Move a pane beside another",
        help: "The target pane is divided as by split.",
        flags: &[
            switch('h', "Side by side"),
            switch('v', "Above each other; the default"),
            switch('b', "It comes left or above"),
            value('l', Takes::Cells, "Its size, in cells or hundredths; else half"),
            value('s', Takes::Pane, "The pane that moves; else the current one"),
            value('t', Takes::Pane, "The pane that is divided; else the current one"),
        ],
        args: &[],
        build: |args, _| {
            let (source, target) = (args.value("s"), args.value("t"));
            if source.is_none() && target.is_none() {
                return Err(UsageErrorKind::Conflict("say which: -s PANE moves here, -t PANE is where the current one goes".to_owned()));
            }
            let share = args.share("l").unwrap_or(Share::Half);
            Ok(Command::Request(Request::JoinPane { source, target, axis: axis(args)?, before: args.has("b"), share }))
        },
    },
    CommandSpec {
        name: "rename pane",
        aliases: &["rename-pane"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Set a pane's title",
        help: "",
        flags: &[PANE],
        args: &[arg("TITLE", Takes::Text("TITLE"), "The new title")],
        build: |args, _| {
            let title = args.arg(0).unwrap_or_default().to_owned();
            Ok(Command::Request(Request::RenamePane { target: args.value("t"), title }))
        },
    },
    CommandSpec {
        name: "kill pane",
        aliases: &["kill-pane", "killp"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "End a pane and the program in it",
        help: "",
        flags: &[switch('a', "All others of its window instead"), PANE],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::KillPane { target: args.value("t"), others: args.has("a") })),
    },
    CommandSpec {
        name: "respawn",
        aliases: &["respawn-pane", "respawnp"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Run a pane's command again, or another one",
        help: "",
        flags: &[switch('k', "End what still runs there"), PANE],
        args: &[PROGRAM],
        build: |args, _| Ok(Command::Request(Request::Respawn { target: args.value("t"), command: args.rest(0), kill: args.has("k") })),
    },
    CommandSpec {
        name: "remain-on-exit",
        aliases: &["remain"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Keep a pane when its program ends, or close it",
        help: "",
        flags: &[PANE],
        args: &[optional("on|off", Takes::OneOf(&["on", "off"]), "on if not given")],
        build: |args, _| Ok(Command::Request(Request::RemainOnExit { target: args.value("t"), keep: args.arg(0) != Some("off") })),
    },
    CommandSpec {
        name: "signal",
        aliases: &["send-signal"],
        group: Group::Panes,
        scope: Scope::Both,
        summary: "Send a signal to the program in a pane",
        help: "",
        flags: &[PANE],
        args: &[arg("SIGNAL", Takes::Text("SIGNAL"), "Its name, such as INT, TERM or HUP, or its number")],
        build: |args, _| {
            let word = args.arg(0).unwrap_or_default();
            let signal = word.strip_prefix("SIG").unwrap_or(word).to_owned();
            if signal.is_empty() || !signal.chars().all(|c| c.is_ascii_alphanumeric() || "+-".contains(c)) {
                let (what, value) = ("SIGNAL".to_owned(), word.to_owned());
                let expected = "a signal's name or number".to_owned();
                return Err(UsageErrorKind::BadValue { what, value, expected, similar: Vec::new() });
            }
            Ok(Command::Request(Request::Signal { target: args.value("t"), signal }))
        },
    },
];

fn axis(args: &Args<'_>) -> Result<Axis, UsageErrorKind> {
    args.at_most_one(&["h", "v"])?;
    Ok(if args.has("h") { Axis::Horizontal } else { Axis::Vertical })
}

fn go(step: PaneStep, place: Place) -> Command {
    match place {
        Place::Shell => Command::Request(Request::SelectPane { target: Some(Neighbour::pane(step).to_owned()) }),
        Place::Client => Command::View(ViewCommand::SelectPane(Switch::Step(step))),
    }
}

fn select(args: &Args<'_>, place: Place) -> Built {
    if let Some(title) = args.value("T") {
        args.at_most_one(&["T", "L", "R", "U", "D", "l"])?;
        return Ok(Command::Request(Request::RenamePane { target: args.value("t"), title }));
    }
    args.at_most_one(&["L", "R", "U", "D", "l", "t"])?;
    if let Some(target) = args.value("t") {
        return Ok(match (place, target.as_str()) {
            // tmux's bindings say `:.+` for the next pane.
            (Place::Client, ":.+" | ".+" | "+" | "{next}") => go(PaneStep::Next, place),
            (Place::Client, ":.-" | ".-" | "-" | "{previous}") => go(PaneStep::Previous, place),
            (Place::Client, _) => Command::View(ViewCommand::SelectPane(Switch::To(target))),
            (Place::Shell, _) => Command::Request(Request::SelectPane { target: Some(target) }),
        });
    }
    if args.has("l") {
        return Ok(go(PaneStep::Last, place));
    }
    for (flag, direction) in SIDES {
        if args.has(flag) {
            return Ok(go(PaneStep::Towards(direction), place));
        }
    }
    Err(UsageErrorKind::Conflict("say which: -t PANE, -L, -R, -U, -D or -l".to_owned()))
}

fn zoom(args: &Args<'_>, place: Place) -> Built {
    let (target, client) = (args.value("t"), args.value("client"));
    let client = client
        .map(|text| {
            text.parse().map_err(|_| UsageErrorKind::BadValue {
                what: "--client".to_owned(),
                value: text,
                expected: "an attachment such as a3, see roster".to_owned(),
                similar: Vec::new(),
            })
        })
        .transpose()?;
    Ok(match (place, client) {
        (Place::Client, None) => Command::View(ViewCommand::Zoom { target }),
        (Place::Client, client) | (Place::Shell, client) => Command::Request(Request::Zoom { target, client }),
    })
}

fn resize(args: &Args<'_>, place: Place) -> Built {
    let target = args.value("t");
    args.at_most_one(&["L", "R", "U", "D", "Z", "x"])?;
    args.at_most_one(&["L", "R", "U", "D", "Z", "y"])?;
    let cells = args.arg(0).and_then(|cells| cells.parse::<u16>().ok());
    if let Some((_, direction)) = SIDES.iter().find(|(flag, _)| args.has(flag)) {
        let how = ResizeHow::Edge(*direction, cells.unwrap_or(1));
        return Ok(Command::Request(Request::Resize { target, how }));
    }
    if let Some(word) = args.arg(0) {
        return Err(UsageErrorKind::Conflict(format!("{word} cells to which side? -L, -R, -U or -D")));
    }
    if args.has("Z") {
        return zoom(args, place);
    }
    let lengths = [(Axis::Horizontal, args.share("x")), (Axis::Vertical, args.share("y"))];
    let mut requests: Vec<Command> = lengths
        .into_iter()
        .filter_map(|(axis, share)| {
            Some(Command::Request(Request::Resize { target: target.clone(), how: ResizeHow::Length(axis, share?) }))
        })
        .collect();
    match requests.len() {
        0 => Err(UsageErrorKind::Conflict("say how: -L, -R, -U, -D, -x N, -y N or -Z".to_owned())),
        1 => Ok(requests.remove(0)),
        _ => Ok(Command::Sequence(requests)),
    }
}
