//! What went wrong, for a person, a script and an agent: one line, a hint, a word from a closed list, an exit code.
//!
//! Only here do kinds of errors become exit codes (`agents.md`, "Verbs"): 0 done, 1 refused or nothing changed, 2 usage, 3 no such target, 4 timeout, 5 no
//! server. On standard error a failure is `baton: what happened` and, if there is something to do about it, `hint: what to do`; with `--json` it is one line
//! `{"error":{"code":…,"message":…,"retryable":…,"hint":…,"holder":…,"next":…,"exit_code":…}}`, also on standard error, so that standard output carries results and nothing else.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use crate::command::UsageError;
use crate::protocol::message::{Refusal, Who, is_retryable};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// It is done.
    Done = 0,
    /// It was refused, or nothing changed.
    Refused = 1,
    /// The words were no command.
    Usage = 2,
    /// What was named does not exist, or is ambiguous.
    NoTarget = 3,
    /// It took too long.
    Timeout = 4,
    /// No server is there.
    NoServer = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failure, ready to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// A word from a closed list, for programs.
    pub code: String,
    /// What happened; one line, no period at the end.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Who has control, where that is the reason.
    pub holder: Option<Box<Who>>,
    /// The verb that would help, for programs.
    pub next: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self { exit, code: code.to_owned(), message: message.into(), hint: None, holder: None, next: None }
    }

    /// The same with something to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Something that the machine refused: `what` says what was tried.
    pub fn system(what: &str, error: &std::io::Error) -> Self {
        Self::new(Exit::Refused, "failed", format!("{what}: {error}"))
    }

    /// No server listens.
    pub fn no_server(socket: &std::path::Path) -> Self {
        Self::new(Exit::NoServer, "no_server", format!("no server is running at {}", socket.display()))
            .with_hint("start one with `baton` or `baton new -d`")
    }

    /// What is printed on standard error, without colours.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("baton: {}\n", one_line(&self.message));
        if let Some(hint) = &self.hint {
            for line in hint.lines() {
                _ = writeln!(text, "hint: {}", one_line(line));
            }
        }
        text
    }

    /// What is printed on standard error with `--json`: one line.
    #[must_use]
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Inner<'a> {
            code: &'a str,
            message: &'a str,
            retryable: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            hint: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            holder: Option<&'a Who>,
            #[serde(skip_serializing_if = "Option::is_none")]
            next: Option<&'a str>,
            exit_code: u8,
        }
        #[derive(Serialize)]
        struct Outer<'a> {
            error: Inner<'a>,
        }
        let inner = Inner {
            code: &self.code,
            message: &self.message,
            retryable: is_retryable(&self.code),
            hint: self.hint.as_deref(),
            holder: self.holder.as_deref(),
            next: self.next.as_deref(),
            exit_code: self.exit as u8,
        };
        serde_json::to_string(&Outer { error: inner }).unwrap_or_default() + "\n"
    }
}

/// The text with everything that could move a terminal's cursor made visible. What we print may come from programs, names and files.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_format(c) { '\u{fffd}' } else { c }).collect()
}

/// Bidirectional and other invisible format characters, with which a text can be made to look like another.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = match refusal.code.as_str() {
            "no_such_target" | "ambiguous_target" | "ambiguous" | "pane_gone" | "no_such_session" | "no_such_window" | "no_such_pane" => {
                Exit::NoTarget
            }
            "bad_request" | "usage" => Exit::Usage,
            "timeout" => Exit::Timeout,
            "no_server" | "shutting_down" => Exit::NoServer,
            _ => Exit::Refused,
        };
        Self { exit, code: refusal.code, message: refusal.message, hint: refusal.hint, holder: refusal.holder, next: refusal.next }
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        let hint = match (error.hint(), error.usage()) {
            (Some(hint), Some(usage)) => Some(format!("{hint}\n{usage}")),
            (hint, usage) => hint.or(usage),
        };
        let hint = hint.or_else(|| Some("`baton help` lists the commands".to_owned()));
        Self { hint, ..Self::new(Exit::Usage, "usage", error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Exit {
        Failure::from(Refusal::new(code, "")).exit
    }

    #[test]
    fn codes_have_their_exits() {
        assert_eq!(refused("no_such_target"), Exit::NoTarget);
        assert_eq!(refused("timeout"), Exit::Timeout);
        assert_eq!(refused("not_permitted"), Exit::Refused);
        assert_eq!(refused("a_code_of_a_later_release"), Exit::Refused);
    }

    #[test]
    fn nothing_printed_moves_the_cursor() {
        let failure = Failure::new(Exit::Refused, "failed", "a\x1b[2Jb\nc\u{202e}d").with_hint("one\ntwo");
        assert_eq!(failure.text(), "baton: a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\nhint: one\nhint: two\n");
        assert!(failure.json().starts_with(r#"{"error":{"code":"failed","message":"a\u001b[2Jb"#), "{}", failure.json());
        assert_eq!(failure.json().lines().count(), 1);
    }
}
