//! The server, and the program itself.

use crate::protocol::message::Request;

use super::super::action::{CliCommand, Command, ConfigAction, Shell, ViewCommand};
use super::super::error::UsageErrorKind;
use super::super::spec::{CommandSpec, Group, Place, Scope, Takes, find};
use super::text::show;
use super::{JSON, arg, optional};
use crate::command::spec::ArgSpec;

pub(super) const SERVER: &[CommandSpec] = &[
    CommandSpec {
        name: "status",
        aliases: &["server-info"],
        group: Group::Server,
        scope: Scope::Both,
        summary: "Say what the server is: processes, release, socket, counts",
        help: "",
        flags: &[JSON],
        args: &[],
        build: |_, place| Ok(show(Request::Status, place)),
    },
    CommandSpec {
        name: "tombstones",
        aliases: &[],
        group: Group::Server,
        scope: Scope::Both,
        summary: "List panes that ended, with cause, status and last screen",
        help: "",
        flags: &[JSON],
        args: &[],
        build: |_, place| Ok(show(Request::Tombstones, place)),
    },
    CommandSpec {
        name: "reload",
        aliases: &["reload-config"],
        group: Group::Server,
        scope: Scope::Both,
        summary: "Read the configuration again now",
        help: "It is read by itself when the file changes. What is wrong in it is said with file, line and column; the rest of it holds.",
        flags: &[],
        args: &[],
        build: |_, _| Ok(Command::Request(Request::ReloadConfig)),
    },
    CommandSpec {
        name: "upgrade",
        aliases: &[],
        group: Group::Server,
        scope: Scope::Cli,
        summary: "Replace the server by this binary; panes and clients stay",
        help: "",
        flags: &[JSON],
        args: &[optional("FILE", Takes::File, "Another binary")],
        build: |args, _| Ok(Command::Cli(CliCommand::Upgrade { binary: args.arg(0).map(str::to_owned) })),
    },
    CommandSpec {
        name: "kill server",
        aliases: &["kill-server"],
        group: Group::Server,
        scope: Scope::Both,
        summary: "End everything: all sessions, the server and the keeper",
        help: "",
        flags: &[],
        args: &[],
        build: |_, _| Ok(Command::Request(Request::KillServer)),
    },
];

pub(super) const PROGRAM: &[CommandSpec] = &[
    CommandSpec {
        name: "doctor",
        aliases: &[],
        group: Group::Program,
        scope: Scope::Cli,
        summary: "Say what is wrong on this machine, and how to mend it",
        help: "Looks at the terminal, TERM, the locale, sockets, folders, the configuration, and whether logging out kills what runs.",
        flags: &[JSON],
        args: &[],
        build: |_, _| Ok(Command::Cli(CliCommand::Doctor)),
    },
    CommandSpec {
        name: "config default",
        aliases: &["default-config"],
        group: Group::Program,
        scope: Scope::Cli,
        summary: "Print the default configuration with its comments",
        help: "",
        flags: &[],
        args: &[],
        build: |_, _| Ok(Command::Cli(CliCommand::Config(ConfigAction::Default))),
    },
    CommandSpec {
        name: "config check",
        aliases: &["check-config"],
        group: Group::Program,
        scope: Scope::Cli,
        summary: "Say what is wrong in a configuration file",
        help: "",
        flags: &[JSON],
        args: &[optional("FILE", Takes::File, "The file; else the user's")],
        build: |args, _| Ok(Command::Cli(CliCommand::Config(ConfigAction::Check(args.arg(0).map(str::to_owned))))),
    },
    CommandSpec {
        name: "config path",
        aliases: &["config-path"],
        group: Group::Program,
        scope: Scope::Cli,
        summary: "Print where the user's configuration file is looked for",
        help: "",
        flags: &[],
        args: &[],
        build: |_, _| Ok(Command::Cli(CliCommand::Config(ConfigAction::Path))),
    },
    CommandSpec {
        name: "completions",
        aliases: &[],
        group: Group::Program,
        scope: Scope::Cli,
        summary: "Print completions for a shell",
        help: "bash: eval \"$(baton completions bash)\"; zsh: eval \"$(baton completions zsh)\"; fish: baton completions fish | source",
        flags: &[],
        args: &[arg("SHELL", Takes::OneOf(&["bash", "zsh", "fish"]), "The shell")],
        build: |args, _| {
            Ok(Command::Cli(CliCommand::Completions(match args.arg(0) {
                Some("zsh") => Shell::Zsh,
                Some("fish") => Shell::Fish,
                _ => Shell::Bash,
            })))
        },
    },
    CommandSpec {
        name: "help",
        aliases: &["list-commands", "lscm"],
        group: Group::Program,
        scope: Scope::Both,
        summary: "Explain a command, or list them all",
        help: "",
        flags: &[],
        args: &[ArgSpec { name: "COMMAND", takes: Takes::CommandName, required: false, many: true, help: "A command's name" }],
        build: |args, place| {
            let words = args.rest(0);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let spec = match words.as_slice() {
                [] => None,
                words => Some(find(words, place).map_err(|error| UsageErrorKind::Inner(Box::new(error)))?.spec),
            };
            Ok(match place {
                Place::Shell => Command::Cli(CliCommand::Help(spec)),
                Place::Client => Command::View(ViewCommand::Help(spec)),
            })
        },
    },
    CommandSpec {
        name: "version",
        aliases: &[],
        group: Group::Program,
        scope: Scope::Cli,
        summary: "Print the release",
        help: "",
        flags: &[],
        args: &[],
        build: |_, _| Ok(Command::Cli(CliCommand::Version)),
    },
];
