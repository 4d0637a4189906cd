//! The one table of commands: what baton can be told, by whom, and in which words.
//!
//! A command is a [`CommandSpec`]: a name, tmux's names for it as aliases, its flags and arguments with their types, its help, and a
//! function that turns parsed arguments into a [`Command`]. Everything else is derived from that one table: `--help`, the command list of
//! the manual, completions for shells, completion at the `:` prompt, and the errors that show a usage line and suggest what was meant.
//!
//! The same words are spoken in two places ([`Place`]). In a shell (`baton split -h`) they become a request to the server, or something
//! the shell program does itself ([`CliCommand`]). In a full-screen client, by a key binding or at the `:` prompt, they become a request to the server,
//! or something the client does with its own view ([`ViewCommand`]), since what one looks at is one's own. `select-pane -L` in
//! a shell moves the window's active pane for scripts; in a client it moves that client's focus.
//!
//! The steps from text to command:
//! [`parse_line`] splits a line into words and sequences ([`mod@line`]: quotes, escapes, `{ }`, `;`) → [`spec::find`] resolves the name (aliases, two-word names such
//! as `kill pane`, unambiguous prefixes) → [`args`] reads flags and arguments by their types → the spec's `build` makes the [`Command`].
//! [`parse`] and [`parse_cli`] take words that somebody else (a shell) has split.
//!
//! To add a command: one entry in a file of [`table`], with its `build`; the tests there tell what is missing.
//!
//! Pure: no I/O, no clock, no environment. It knows the wire's [`Request`](crate::protocol::message::Request) and the names of keys (`terminal::keys`),
//! and nothing of sessions, screens or sockets.

pub mod action;
pub mod args;
pub mod cli;
pub mod complete;
pub mod error;
pub mod help;
pub mod keys;
pub mod line;
pub mod manual;
pub mod say;
pub mod shells;
pub mod span;
pub mod spec;
pub mod steer;
pub mod table;

#[cfg(test)]
mod tests;

pub use action::{
    Choose, CliCommand, Command, ConfigAction, Confirm, CopyAction, CopyCommand, ListWhat, Neighbour, PaneStep, Prompt, PromptKind,
    SessionStep, Shell, Switch, ToggleWhat, ViewCommand, WindowStep,
};
pub use cli::{Globals, Invocation, parse_cli};
pub use complete::{Candidate, Name, Names, complete};
pub use error::{UsageError, UsageErrorKind};
pub use line::parse_line;
pub use spec::{ArgSpec, CommandSpec, FlagSpec, Group, Place, Scope, Takes, find};
pub use steer::Steer;
pub use table::all;

/// Reads one command, already split into words, as it is meant in a full-screen client. A lone `;` parts a sequence.
///
/// # Errors
/// [`UsageError`] with the command's spec, if it could be told.
pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Command, UsageError> {
    parse_at(words, Place::Client)
}

/// Reads one command, already split into words, as it is meant at `place`.
///
/// # Errors
/// As [`parse`].
pub fn parse_at<S: AsRef<str>>(words: &[S], place: Place) -> Result<Command, UsageError> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let mut commands = Vec::new();
    for part in words.split(|word| *word == ";").filter(|part| !part.is_empty()) {
        commands.push(args::read_command(part, place)?.command);
    }
    match commands.len() {
        0 => Err(UsageError::bare(UsageErrorKind::Empty)),
        1 => Ok(commands.remove(0)),
        _ => Ok(Command::Sequence(commands)),
    }
}
