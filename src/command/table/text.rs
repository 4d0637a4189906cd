//! Text: typed into panes, read from them, copied and pasted.

use crate::protocol::message::{Request, SendItem};

use super::super::action::{Command, CopyAction, CopyCommand, ViewCommand};
use super::super::args::Args;
use super::super::error::UsageErrorKind;
use super::super::spec::{ArgSpec, Built, CommandSpec, Group, Place, Scope, Takes};
use super::{JSON, PANE, arg, long, long_value, optional, switch, value};

pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec {
        name: "send",
        aliases: &["send-keys"],
        group: Group::Text,
        scope: Scope::Both,
        summary: "Type into a pane",
        help: "Words that are names of keys (Enter, C-c, M-x, Up, F5) are typed as keys, all others as text, without blanks between them. Prints the bytes written with --json.",
        flags: &[
            switch('l', "Take every word as text"),
            long("paste", "Take the words as one paste: bracketed if the program asked for that"),
            value('N', Takes::Number(1, 10_000), "So many times"),
            switch('X', "Do something in copy mode, as the command copy; only inside a client"),
            long_value("expect-seq", Takes::Count, "Only if nothing came on the screen since this `seq` of read --json"),
            long_value("epoch", Takes::Count, "Only if control did not pass on since this epoch of control status --json"),
            PANE,
            JSON,
        ],
        args: &[ArgSpec { name: "WORD", takes: Takes::Text("WORD"), required: true, many: true, help: "Names of keys, and text" }],
        build: send,
    },
    CommandSpec {
        name: "read",
        aliases: &["read-pane"],
        group: Group::Text,
        scope: Scope::Cli,
        summary: "Print the text of a pane",
        help: "The screen, or with --lines and --all its history too. Lines that the terminal wrapped are joined again.",
        flags: &[
            PANE,
            long_value("lines", Takes::Number(1, u32::MAX), "The last so many lines, history included"),
            long("all", "Everything there is"),
            long("rows", "Keep the rows of wrapped lines apart"),
            JSON,
        ],
        args: &[],
        build: |args, _| {
            args.at_most_one(&["lines", "all"])?;
            Ok(Command::Request(Request::Read {
                target: args.value("t"),
                lines: args.number("lines"),
                all: args.has("all"),
                rows: args.has("rows"),
            }))
        },
    },
    CommandSpec {
        name: "clear-history",
        aliases: &["clearhist"],
        group: Group::Text,
        scope: Scope::Both,
        summary: "Forget the history of a pane",
        help: "",
        flags: &[PANE],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::ClearHistory { target: args.value("t") })),
    },
    CommandSpec {
        name: "copy-mode",
        aliases: &["copy-mode-enter"],
        group: Group::Text,
        scope: Scope::Client,
        summary: "Look at the history of a pane, search it, copy from it",
        help: "",
        flags: &[switch('u', "One page up at once"), switch('e', "Leave when scrolled back to the bottom"), PANE],
        args: &[],
        build: |args, _| {
            let (page_up, exit_at_bottom) = (args.has("u"), args.has("e"));
            Ok(Command::View(ViewCommand::CopyMode { page_up, exit_at_bottom, target: args.value("t") }))
        },
    },
    CommandSpec {
        name: "copy",
        aliases: &[],
        group: Group::Text,
        scope: Scope::Client,
        summary: "Do something in copy mode",
        help: "The actions have tmux's names. Searches, jumps and goto-line ask for what they need if it is not given.",
        flags: &[],
        args: &[
            arg("ACTION", Takes::OneOf(CopyAction::NAMES), "What to do"),
            optional("ARGUMENT", Takes::Text("ARGUMENT"), "The text, character, line or digit it takes"),
        ],
        build: |args, _| copy(args.arg(0).unwrap_or_default(), args.arg(1)),
    },
    CommandSpec {
        name: "paste",
        aliases: &["paste-buffer", "pasteb"],
        group: Group::Text,
        scope: Scope::Client,
        summary: "Type a paste buffer into a pane",
        help: "",
        flags: &[
            value('b', Takes::Buffer, "The buffer; else the newest"),
            switch('d', "Forget the buffer afterwards"),
            switch('p', "Accepted for tmux: pastes are always bracketed if the program asked for that"),
            PANE,
        ],
        args: &[],
        build: |args, _| Ok(Command::View(ViewCommand::Paste { buffer: args.value("b"), delete: args.has("d"), target: args.value("t") })),
    },
    CommandSpec {
        name: "list-buffers",
        aliases: &["lsb"],
        group: Group::Text,
        scope: Scope::Both,
        summary: "List the paste buffers",
        help: "",
        flags: &[JSON],
        args: &[],
        build: |_, place| Ok(show(Request::ListBuffers, place)),
    },
    CommandSpec {
        name: "show-buffer",
        aliases: &["showb"],
        group: Group::Text,
        scope: Scope::Both,
        summary: "Print a paste buffer",
        help: "",
        flags: &[value('b', Takes::Buffer, "The buffer; else the newest")],
        args: &[],
        build: |args, place| Ok(show(Request::GetBuffer { name: args.value("b") }, place)),
    },
    CommandSpec {
        name: "set-buffer",
        aliases: &["setb"],
        group: Group::Text,
        scope: Scope::Both,
        summary: "Put a text in a paste buffer",
        help: "",
        flags: &[value('b', Takes::Buffer, "The buffer; else a new one")],
        args: &[arg("TEXT", Takes::Text("TEXT"), "The text")],
        build: |args, _| {
            Ok(Command::Request(Request::SetBuffer { name: args.value("b"), text: args.arg(0).unwrap_or_default().to_owned() }))
        },
    },
    CommandSpec {
        name: "delete-buffer",
        aliases: &["deleteb"],
        group: Group::Text,
        scope: Scope::Both,
        summary: "Forget a paste buffer",
        help: "",
        flags: &[value('b', Takes::Buffer, "The buffer; else the newest")],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::DeleteBuffer { name: args.value("b") })),
    },
];

/// In a shell the reply is printed; in a client it is shown.
pub(super) fn show(request: Request, place: Place) -> Command {
    match place {
        Place::Shell => Command::Request(request),
        Place::Client => Command::View(ViewCommand::Show(request)),
    }
}

fn send(args: &Args<'_>, place: Place) -> Built {
    args.at_most_one(&["l", "paste", "X"])?;
    if args.has("X") {
        return match place {
            Place::Client => copy(args.arg(0).unwrap_or_default(), args.arg(1)),
            Place::Shell => Err(UsageErrorKind::Conflict("-X works only inside a client: each client scrolls for itself".to_owned())),
        };
    }
    let words = args.rest(0);
    let mut items: Vec<SendItem> = if args.has("paste") {
        vec![SendItem::Paste(words.join(" "))]
    } else if args.has("l") {
        vec![SendItem::Text(words.concat())]
    } else {
        words.into_iter().map(|word| if is_key_name(&word) { SendItem::Key(word) } else { SendItem::Text(word) }).collect()
    };
    items.retain(|item| !matches!(item, SendItem::Text(text) | SendItem::Paste(text) if text.is_empty()));
    let times = args.number("N").unwrap_or(1) as usize;
    if times > 1 {
        let once = items.clone();
        items = std::iter::repeat_n(once, times).flatten().collect();
    }
    // The stream number is the caller's: this room has no randomness.
    Ok(Command::Request(Request::Send {
        target: args.value("t"),
        items,
        stream: 0,
        expect_seq: args.count("expect-seq"),
        epoch: args.count("epoch"),
    }))
}

/// Whether a word of `send` is the name of a key that is more than a character.
fn is_key_name(word: &str) -> bool {
    super::super::keys::is_key_name(word)
}

fn copy(action: &str, argument: Option<&str>) -> Built {
    let Some(known) = CopyAction::by_name(action) else {
        let similar = super::super::spec::similar(action, CopyAction::NAMES.iter().copied()).into_iter().map(str::to_owned).collect();
        return Err(UsageErrorKind::BadValue {
            what: "ACTION".to_owned(),
            value: action.to_owned(),
            expected: "something that can be done in copy mode".to_owned(),
            similar,
        });
    };
    let bad = |expected: &str| UsageErrorKind::BadValue {
        what: known.name().to_owned(),
        value: argument.unwrap_or_default().to_owned(),
        expected: expected.to_owned(),
        similar: Vec::new(),
    };
    match (known.takes(), argument) {
        (None, Some(word)) => Err(UsageErrorKind::ExtraArgument { word: word.to_owned() }),
        (Some("DIGIT"), None) => Err(UsageErrorKind::MissingArgument { name: "DIGIT" }),
        (Some("DIGIT"), Some(word)) if !matches!(word.as_bytes(), [b'0'..=b'9']) => Err(bad("a digit")),
        (Some("LINE"), Some(word)) if word.parse::<u64>().is_err() => Err(bad("a line's number")),
        (Some("CHARACTER"), Some("")) => Err(bad("a character")),
        (_, argument) => Ok(Command::View(ViewCommand::Copy(CopyCommand { action: known, argument: argument.map(str::to_owned) }))),
    }
}
