//! What a client shows: choosers, prompts, help, modes of its own.

use crate::geometry::Direction;

use super::super::action::{Choose, Command, Confirm, Prompt, PromptKind, ToggleWhat, ViewCommand};
use super::super::args::Args;
use super::super::error::{UsageError, UsageErrorKind};
use super::super::line;
use super::super::spec::{ArgSpec, Built, CommandSpec, Group, Place, Scope, Takes};
use super::super::steer::Steer;
use super::{PANE, arg, optional, switch, value};

/// A command inside a command: one word with a command line, or the words of one command.
const INNER: ArgSpec = ArgSpec {
    name: "COMMAND",
    takes: Takes::CommandLine,
    required: true,
    many: true,
    help: "The command: its words, or a command line in quotes or { }",
};

/// A command of no flags and arguments that is one thing a client does.
macro_rules! plain {
    ($name:literal, $aliases:expr, $summary:literal, $view:expr) => {
        CommandSpec {
            name: $name,
            aliases: $aliases,
            group: Group::View,
            scope: Scope::Client,
            summary: $summary,
            help: "",
            flags: &[],
            args: &[],
            build: |_, _| Ok(Command::View($view)),
        }
    };
}

pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec {
        name: "choose-tree",
        aliases: &[],
        group: Group::View,
        scope: Scope::Client,
        summary: "Choose among sessions, windows and panes",
        help: "",
        flags: &[
            switch('s', "Only sessions at first"),
            switch('w', "Sessions and windows at first"),
            switch('Z', "Accepted for tmux: choosers always fill the window"),
        ],
        args: &[],
        build: |args, _| {
            args.at_most_one(&["s", "w"])?;
            Ok(Command::View(ViewCommand::Choose(match (args.has("s"), args.has("w")) {
                (true, _) => Choose::Sessions,
                (_, true) => Choose::Windows,
                _ => Choose::Tree,
            })))
        },
    },
    plain!("choose-session", &[], "Choose a session", ViewCommand::Choose(Choose::Sessions)),
    plain!("choose-window", &[], "Choose a window", ViewCommand::Choose(Choose::Windows)),
    plain!("choose-buffer", &[], "Choose a paste buffer to paste", ViewCommand::Choose(Choose::Buffers)),
    plain!("choose-client", &[], "Choose a client to detach", ViewCommand::Choose(Choose::Clients)),
    plain!("choose-layout", &[], "Choose a layout for the window", ViewCommand::Choose(Choose::Layouts)),
    plain!("choose-command", &["palette"], "Choose any command by its name or what it does", ViewCommand::Choose(Choose::Commands)),
    plain!("display-panes", &["displayp"], "Show the panes' numbers and go to one by its digit", ViewCommand::DisplayPanes),
    CommandSpec {
        name: "command-prompt",
        aliases: &["prompt"],
        group: Group::View,
        scope: Scope::Client,
        summary: "Ask for a command, or for what completes one",
        help: "In COMMAND %% and %1 stand for the first answer, %2 for the second and so on; whatever is typed stays one word. Without COMMAND the answer is a command line.",
        flags: &[
            switch('1', "One key is the answer"),
            switch('N', "A number is the answer; the first other key ends it"),
            value('p', Takes::Text("QUESTIONS"), "What to ask, parted by commas"),
            value('I', Takes::Text("ANSWERS"), "What the answers are at first, parted by commas; formats such as #W are filled in"),
        ],
        args: &[ArgSpec { required: false, ..INNER }],
        build: prompt,
    },
    CommandSpec {
        name: "confirm-before",
        aliases: &["confirm"],
        group: Group::View,
        scope: Scope::Client,
        summary: "Ask before doing something",
        help: "",
        flags: &[value('p', Takes::Text("QUESTION"), "What to ask; formats such as #P are filled in")],
        args: &[INNER],
        build: confirm,
    },
    CommandSpec {
        name: "list-keys",
        aliases: &["lsk"],
        group: Group::View,
        scope: Scope::Client,
        summary: "Show what the keys do",
        help: "",
        flags: &[value('T', Takes::KeyTable, "Only this key table"), switch('N', "Accepted for tmux: notes are always shown")],
        args: &[],
        build: |args, _| Ok(Command::View(ViewCommand::ListKeys { table: args.value("T") })),
    },
    plain!("describe-key", &[], "Wait for a key and say what it does", ViewCommand::DescribeKey),
    CommandSpec {
        name: "display-message",
        aliases: &["display", "message"],
        group: Group::View,
        scope: Scope::Client,
        summary: "Say something in the status line; without TEXT about the pane",
        help: "",
        flags: &[],
        args: &[optional("TEXT", Takes::Text("TEXT"), "The text; formats such as #S are filled in")],
        build: |args, _| Ok(Command::View(ViewCommand::Message(args.arg(0).map(str::to_owned)))),
    },
    plain!("show-messages", &["showmsgs"], "Show earlier messages", ViewCommand::ShowMessages),
    plain!("clock", &["clock-mode"], "Show a big clock until a key is pressed", ViewCommand::Clock),
    plain!("refresh", &["refresh-client"], "Draw everything anew", ViewCommand::Refresh),
    plain!("suspend", &["suspend-client", "suspendc"], "Stop this client as C-z stops a program", ViewCommand::Suspend),
    plain!("send-prefix", &[], "Type the prefix key into the pane", ViewCommand::SendPrefix),
    CommandSpec {
        name: "key-table",
        aliases: &[],
        group: Group::View,
        scope: Scope::Client,
        summary: "Read the next key in another key table",
        help: "",
        flags: &[],
        args: &[arg("TABLE", Takes::KeyTable, "Its name, as in the configuration: [keys.NAME]")],
        build: |args, _| Ok(Command::View(ViewCommand::KeyTable(args.arg(0).unwrap_or_default().to_owned()))),
    },
    CommandSpec {
        name: "toggle",
        aliases: &[],
        group: Group::View,
        scope: Scope::Client,
        summary: "Switch the mouse, the status line or titles on or off for this client",
        help: "",
        flags: &[],
        args: &[
            arg("mouse|status|titles", Takes::OneOf(&["mouse", "status", "titles"]), "What"),
            optional("on|off", Takes::OneOf(&["on", "off"]), "Else the other way"),
        ],
        build: |args, _| {
            let what = match args.arg(0) {
                Some("mouse") => ToggleWhat::Mouse,
                Some("status") => ToggleWhat::Status,
                _ => ToggleWhat::Titles,
            };
            Ok(Command::View(ViewCommand::Toggle { what, on: args.arg(1).map(|word| word == "on") }))
        },
    },
    CommandSpec {
        name: "follow",
        aliases: &[],
        group: Group::View,
        scope: Scope::Client,
        summary: "Look at what another operator looks at, until a key is pressed",
        help: "",
        flags: &[],
        args: &[optional("OPERATOR", Takes::Operator, "Who; else one is chosen, or following ends")],
        build: |args, _| Ok(Command::View(ViewCommand::Follow { operator: args.arg(0).map(str::to_owned) })),
    },
    CommandSpec {
        name: "steer",
        aliases: &[],
        group: Group::View,
        scope: Scope::Client,
        summary: "Hand a pane over, take it, answer who asks: what the keys for control do",
        help: "hand-over lets you choose whom to. take, release (also what you offered or asked for), lock and supervise act at once, the last two also undo it; hand-back and request ask for a note first. menu is the pane's menu, who shows who is here. yes, no, look and later are for the card that is shown.",
        flags: &[PANE],
        args: &[arg("WHAT", Takes::OneOf(&Steer::WORDS), "What to do")],
        build: |args, _| {
            let what = args.arg(0).and_then(Steer::parse).ok_or(UsageErrorKind::MissingArgument { name: "WHAT" })?;
            Ok(Command::View(ViewCommand::Steer { what, target: args.value("t") }))
        },
    },
    CommandSpec {
        name: "pan",
        aliases: &[],
        group: Group::View,
        scope: Scope::Client,
        summary: "Move the visible part of a window that is larger than this client",
        help: "Without a direction it follows the cursor again.",
        flags: &[switch('L', "Left"), switch('R', "Right"), switch('U', "Up"), switch('D', "Down")],
        args: &[optional("N", Takes::Number(1, u16::MAX as u32), "Cells; 1 if not given")],
        build: pan,
    },
];

fn pan(args: &Args<'_>, _: Place) -> Built {
    args.at_most_one(&["L", "R", "U", "D"])?;
    let cells = args.arg(0).and_then(|cells| cells.parse().ok()).unwrap_or(1);
    let sides = [("L", Direction::Left), ("R", Direction::Right), ("U", Direction::Up), ("D", Direction::Down)];
    let direction = sides.into_iter().find(|(flag, _)| args.has(flag)).map(|(_, direction)| (direction, cells));
    if direction.is_none() && args.arg(0).is_some() {
        return Err(UsageErrorKind::Conflict("say where to: -L, -R, -U or -D".to_owned()));
    }
    Ok(Command::View(ViewCommand::Pan(direction)))
}

/// The command lines inside a command, as words: one word is split, several are the words of one command.
fn inner_words(args: &Args<'_>) -> Result<Vec<Vec<String>>, UsageErrorKind> {
    let mut words = args.rest(0);
    // `{last}` is a target where a target is meant; where a command is, it is a block with a command.
    if let [only] = words.as_mut_slice()
        && let Some(inner) = only.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
        && line::TARGET_WORDS.contains(&inner)
    {
        *only = inner.to_owned();
    }
    match words.as_slice() {
        [only] => Ok(line::split(only)?.into_iter().map(|words| words.into_iter().map(|word| word.text).collect()).collect()),
        _ => Ok(vec![words]),
    }
}

fn inner_error(error: UsageError) -> UsageErrorKind {
    UsageErrorKind::Inner(Box::new(error))
}

fn confirm(args: &Args<'_>, _: Place) -> Built {
    let words = inner_words(args)?;
    let then = words
        .iter()
        .map(|words| super::super::args::read_command(words, Place::Client).map(|read| read.command))
        .collect::<Result<Vec<_>, _>>()
        .map_err(inner_error)?;
    if then.is_empty() {
        return Err(UsageErrorKind::MissingArgument { name: "COMMAND" });
    }
    let text = words.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" ; ");
    Ok(Command::View(ViewCommand::Confirm(Confirm { question: args.value("p"), text, then })))
}

fn prompt(args: &Args<'_>, _: Place) -> Built {
    args.at_most_one(&["1", "N"])?;
    let kind = if args.has("1") {
        PromptKind::Key
    } else if args.has("N") {
        PromptKind::Number
    } else {
        PromptKind::Line
    };
    let template = if args.arg(0).is_some() { Some(inner_words(args)?) } else { None };
    let parts = |flag: &str| -> Vec<String> {
        args.value(flag).map(|text| text.split(',').map(|part| part.trim().to_owned()).collect()).unwrap_or_default()
    };
    let mut questions = parts("p");
    if questions.is_empty() {
        // As tmux: the command's name is the question.
        questions.push(match &template {
            Some(commands) => format!("({})", commands.first().and_then(|words| words.first()).map_or("", String::as_str)),
            None => ":".to_owned(),
        });
    }
    let mut initial = parts("I");
    initial.resize(questions.len(), String::new());
    let prompt = Prompt { questions, initial, kind, template };
    if prompt.template.is_some() {
        // A command that is wrong whatever is answered is wrong now; `1` is good as a name, a number and a target.
        let answers = vec!["1".to_owned(); 9];
        prompt.fill(&answers).map_err(inner_error)?;
    }
    Ok(Command::View(ViewCommand::Prompt(prompt)))
}
