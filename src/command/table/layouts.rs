//! Layouts: presets, steps, and layouts as files.

use crate::protocol::message::{LayoutHow, Request};

use super::super::action::{CliCommand, Command};
use super::super::error::UsageErrorKind;
use super::super::spec::{CommandSpec, Group, Scope, Takes};
use super::{SESSION, WINDOW, arg, optional, switch, value};

pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec {
        name: "layout select",
        aliases: &["select-layout", "selectl"],
        group: Group::Layouts,
        scope: Scope::Both,
        summary: "Arrange the panes of a window",
        help: "Presets: even-horizontal, even-vertical, main-horizontal, main-vertical, tiled, main-horizontal-mirrored, main-vertical-mirrored. Or a layout's text, as ls --json shows it.",
        flags: &[
            switch('n', "The next preset"),
            switch('p', "The previous preset"),
            switch('E', "Equal parts for the pane's siblings"),
            WINDOW,
        ],
        args: &[optional("LAYOUT", Takes::Layout, "A preset's name or a layout's text")],
        build: |args, _| {
            args.at_most_one(&["n", "p", "E"])?;
            let how = match (args.has("n"), args.has("p"), args.has("E"), args.arg(0)) {
                (false, false, false, Some(name)) => LayoutHow::Named(name.to_owned()),
                (false, false, false, None) => return Err(UsageErrorKind::MissingArgument { name: "LAYOUT" }),
                (_, _, _, Some(word)) => return Err(UsageErrorKind::ExtraArgument { word: word.to_owned() }),
                (true, _, _, None) => LayoutHow::Next,
                (_, true, _, None) => LayoutHow::Previous,
                (_, _, true, None) => LayoutHow::Spread,
            };
            Ok(Command::Request(Request::SelectLayout { target: args.value("t"), how }))
        },
    },
    CommandSpec {
        name: "layout next",
        aliases: &["next-layout", "nextl"],
        group: Group::Layouts,
        scope: Scope::Both,
        summary: "Arrange the panes of a window in the next preset",
        help: "",
        flags: &[WINDOW],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::SelectLayout { target: args.value("t"), how: LayoutHow::Next })),
    },
    CommandSpec {
        name: "layout previous",
        aliases: &["previous-layout", "prevl"],
        group: Group::Layouts,
        scope: Scope::Both,
        summary: "Arrange the panes of a window in the previous preset",
        help: "",
        flags: &[WINDOW],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::SelectLayout { target: args.value("t"), how: LayoutHow::Previous })),
    },
    CommandSpec {
        name: "layout spread",
        aliases: &["spread-layout"],
        group: Group::Layouts,
        scope: Scope::Both,
        summary: "Give a pane and its siblings equal parts",
        help: "",
        flags: &[value('t', Takes::Pane, "The pane; else the current one")],
        args: &[],
        build: |args, _| Ok(Command::Request(Request::SelectLayout { target: args.value("t"), how: LayoutHow::Spread })),
    },
    CommandSpec {
        name: "layout save",
        aliases: &["save-layout"],
        group: Group::Layouts,
        scope: Scope::Cli,
        summary: "Write down the windows, layouts, folders and commands of a session",
        help: "The text is made to be read and edited.",
        flags: &[SESSION],
        args: &[optional("FILE", Takes::File, "Where to; else to standard output")],
        build: |args, _| {
            let file = args.arg(0).filter(|file| *file != "-").map(str::to_owned);
            Ok(Command::Cli(CliCommand::LayoutSave { target: args.value("t"), file }))
        },
    },
    CommandSpec {
        name: "layout load",
        aliases: &["load-layout"],
        group: Group::Layouts,
        scope: Scope::Cli,
        summary: "Make a session as a file of layout save describes it",
        help: "Prints the id of the session it made. A name that is no file is looked for in the folder layouts beside your configuration, then among those that come along: dev, grid, watch.",
        flags: &[value('s', Takes::Text("NAME"), "Name of the session; else the saved one"), super::JSON],
        args: &[arg("FILE", Takes::File, "The file, or the name of a layout; - is standard input")],
        build: |args, _| {
            let file = args.arg(0).unwrap_or_default().to_owned();
            Ok(Command::Cli(CliCommand::LayoutLoad { file, name: args.value("s") }))
        },
    },
];
