//! The words after `baton` in a shell: the program's own flags, then a command.

use super::action::{CliCommand, Command};
use super::args::read_command;
use super::error::{UsageError, UsageErrorKind};
use super::spec::{CommandSpec, FlagSpec, Place, Takes, find, similar};

/// Flags that stand before the command.
pub const GLOBAL_FLAGS: &[FlagSpec] = &[
    FlagSpec {
        short: Some('L'),
        long: None,
        takes: Takes::Text("NAME"),
        repeats: false,
        help: "Use the server of this name instead of `default`",
    },
    FlagSpec { short: Some('S'), long: None, takes: Takes::File, repeats: false, help: "Use the server at this socket" },
    FlagSpec { short: Some('f'), long: None, takes: Takes::File, repeats: false, help: "Read this configuration instead of the user's" },
    FlagSpec { short: Some('V'), long: Some("version"), takes: Takes::Nothing, repeats: false, help: "Print the release and leave" },
    FlagSpec {
        short: Some('h'),
        long: Some("help"),
        takes: Takes::Nothing,
        repeats: false,
        help: "Print this help, or behind a command its help",
    },
];

/// The values of [`GLOBAL_FLAGS`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Globals {
    /// `-L`.
    pub server_name: Option<String>,
    /// `-S`.
    pub socket: Option<String>,
    /// `-f`.
    pub config: Option<String>,
}

/// What the shell program is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program's own flags.
    pub globals: Globals,
    /// The command that was named; none for bare `baton` and its `--help` and `--version`. With a sequence, the first.
    pub spec: Option<&'static CommandSpec>,
    /// What to do.
    pub command: Command,
    /// Answer in JSON.
    pub json: bool,
}

/// Reads the program's arguments (without the program's name).
///
/// `--help` behind a command asks for its help, wherever it stands before `--` and before the words of a program to run.
///
/// # Errors
/// [`UsageError`]; exit code 2.
pub fn parse_cli<S: AsRef<str>>(words: &[S]) -> Result<Invocation, UsageError> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let mut globals = Globals::default();
    let mut rest = words.as_slice();
    let plain = |command: CliCommand, globals: Globals| Ok(Invocation { globals, spec: None, command: Command::Cli(command), json: false });
    while let [word, after @ ..] = rest {
        match *word {
            "-h" | "--help" => return plain(CliCommand::Help(None), globals),
            "-V" | "--version" => return plain(CliCommand::Version, globals),
            flag if flag.len() >= 2 && ["-L", "-S", "-f"].contains(&flag.get(..2).unwrap_or_default()) => {
                let (letter, attached) = flag.split_at(2);
                let (value, after) = match (attached, after) {
                    ("", [value, after @ ..]) => (*value, after),
                    ("", []) => {
                        let placeholder = if letter == "-L" { "NAME" } else { "FILE" };
                        return Err(UsageError::bare(UsageErrorKind::MissingValue { flag: letter.to_owned(), placeholder }));
                    }
                    (attached, after) => (attached, after),
                };
                let slot = match letter {
                    "-L" => &mut globals.server_name,
                    "-S" => &mut globals.socket,
                    _ => &mut globals.config,
                };
                *slot = Some(value.to_owned());
                rest = after;
            }
            flag if flag.starts_with('-') => {
                let longs = GLOBAL_FLAGS.iter().filter_map(|flag| flag.long);
                let similar = similar(flag.trim_start_matches('-'), longs).into_iter().map(|long| format!("--{long}")).collect();
                return Err(UsageError::bare(UsageErrorKind::UnknownFlag { flag: flag.to_owned(), similar }));
            }
            _ => break,
        }
    }
    if rest.is_empty() {
        let attach = CliCommand::Attach { target: None, create: true, read_only: false, detach_others: false };
        return plain(attach, globals);
    }
    let mut spec = None;
    let mut json = false;
    let mut commands = Vec::new();
    for part in rest.split(|word| *word == ";").filter(|part| !part.is_empty()) {
        if let Some(wanted) = wants_help(part) {
            return Ok(Invocation { globals, spec: Some(wanted), command: Command::Cli(CliCommand::Help(Some(wanted))), json: false });
        }
        let read = read_command(part, Place::Shell)?;
        spec.get_or_insert(read.spec);
        json |= read.json;
        commands.push(read.command);
    }
    let command = match commands.len() {
        0 => return Err(UsageError::bare(UsageErrorKind::Empty)),
        1 => commands.remove(0),
        _ => Command::Sequence(commands),
    };
    Ok(Invocation { globals, spec, command, json })
}

/// The command whose help these words ask for.
fn wants_help(words: &[&str]) -> Option<&'static CommandSpec> {
    let found = find(words, Place::Shell).ok()?;
    let mut takes_value = false;
    for word in words.iter().skip(found.name_at + 1) {
        if std::mem::take(&mut takes_value) {
            continue;
        }
        match *word {
            "--help" => return Some(found.spec),
            "--" => return None,
            flag if flag.len() > 1 && flag.starts_with('-') => {
                // `-n --help`: the next word is a name, not a question.
                let last = flag.chars().last().map(|letter| letter.to_string()).unwrap_or_default();
                let name = flag.strip_prefix("--").unwrap_or(&last);
                takes_value = found.spec.flag(name).is_some_and(|flag| flag.takes != Takes::Nothing);
            }
            _ if found.spec.args.first().is_some_and(|arg| arg.many) => return None,
            _ => {}
        }
    }
    None
}
