//! The table itself, a file for each noun. An entry is a `CommandSpec` with its `build` beside it; `build` may rely on its flags' and
//! arguments' types, and answers why arguments do not go together.

mod control;
mod identity;
mod layouts;
mod panes;
mod program;
mod sessions;
mod text;
mod view;
mod windows;

use super::spec::{ArgSpec, CommandSpec, FlagSpec, Takes};

const TABLE: &[&[CommandSpec]] = &[
    sessions::TABLE,
    windows::TABLE,
    panes::TABLE,
    layouts::TABLE,
    text::TABLE,
    control::TABLE,
    identity::TABLE,
    program::SERVER,
    view::TABLE,
    program::PROGRAM,
];

/// Every command, in the order of help.
pub fn all() -> impl Iterator<Item = &'static CommandSpec> {
    TABLE.iter().flat_map(|part| part.iter())
}

/// The command of which `name` is a whole one-word name or alias.
#[must_use]
pub fn by_exact_name(name: &str) -> Option<&'static CommandSpec> {
    all().find(|spec| spec.names().any(|known| known == name))
}

const fn switch(short: char, help: &'static str) -> FlagSpec {
    FlagSpec { short: Some(short), long: None, takes: Takes::Nothing, repeats: false, help }
}

const fn long(long: &'static str, help: &'static str) -> FlagSpec {
    FlagSpec { short: None, long: Some(long), takes: Takes::Nothing, repeats: false, help }
}

const fn value(short: char, takes: Takes, help: &'static str) -> FlagSpec {
    FlagSpec { short: Some(short), long: None, takes, repeats: false, help }
}

const fn long_value(long: &'static str, takes: Takes, help: &'static str) -> FlagSpec {
    FlagSpec { short: None, long: Some(long), takes, repeats: false, help }
}

const fn arg(name: &'static str, takes: Takes, help: &'static str) -> ArgSpec {
    ArgSpec { name, takes, required: true, many: false, help }
}

const fn optional(name: &'static str, takes: Takes, help: &'static str) -> ArgSpec {
    ArgSpec { name, takes, required: false, many: false, help }
}

/// `--json`, for everything that lists or creates.
const JSON: FlagSpec = long("json", "Answer in JSON");
/// `-e NAME=VALUE`.
const VARIABLE: FlagSpec = FlagSpec {
    short: Some('e'),
    long: None,
    takes: Takes::Variable,
    repeats: true,
    help: "Set a variable for it; may be given more than once",
};
/// `-c DIR`.
const CWD: FlagSpec = value('c', Takes::Folder, "Start it in this folder");
/// `-n NAME` for a window.
const WINDOW_NAME: FlagSpec = value('n', Takes::Text("NAME"), "Name of the window");
/// `-t PANE`.
const PANE: FlagSpec = value('t', Takes::Pane, "The pane; else the current one");
/// `-t WINDOW`.
const WINDOW: FlagSpec = value('t', Takes::Window, "The window; else the current one");
/// `-t SESSION`.
const SESSION: FlagSpec = value('t', Takes::Session, "The session; else the current one");
/// The words of a program to run.
const PROGRAM: ArgSpec = ArgSpec {
    name: "CMD",
    takes: Takes::Program,
    required: false,
    many: true,
    help: "What to run instead of the shell: one word is a line for the shell, more are a program and its arguments",
};
