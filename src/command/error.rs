//! What is wrong with words that were meant as a command. One line says it, the usage line shows what would be right, a hint what was
//! probably meant.

use std::fmt;

use super::spec::CommandSpec;

/// Words that are no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// The command, if the words got that far.
    pub command: Option<&'static CommandSpec>,
    /// What is wrong.
    pub kind: UsageErrorKind,
    /// Where the offending command begins in a line given to [`super::parse_line`], in bytes.
    pub offset: usize,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageErrorKind {
    /// No words.
    #[error("no command given")]
    Empty,
    /// No such command.
    #[error("unknown command: {word}")]
    UnknownCommand {
        /// What was written.
        word: String,
        /// What may have been meant.
        similar: Vec<&'static str>,
    },
    /// More than one command begins like this.
    #[error("ambiguous command: {word}, could be: {}", matching.join(", "))]
    AmbiguousCommand {
        /// What was written.
        word: String,
        /// What it may be.
        matching: Vec<&'static str>,
    },
    /// A two-word name of which only the first is right.
    #[error("{group} what? One of: {}", choices.join(", "))]
    WhichOne {
        /// The first word.
        group: String,
        /// The second, if there was one.
        word: Option<String>,
        /// What it can be.
        choices: Vec<&'static str>,
    },
    /// No such flag.
    #[error("unknown flag {flag}")]
    UnknownFlag {
        /// With its dashes.
        flag: String,
        /// What may have been meant.
        similar: Vec<String>,
    },
    /// A flag was given twice.
    #[error("{flag} is given twice")]
    Twice {
        /// With its dashes.
        flag: String,
    },
    /// A flag without its value.
    #[error("{flag} needs a value: {placeholder}")]
    MissingValue {
        /// With its dashes.
        flag: String,
        /// What is wanted.
        placeholder: &'static str,
    },
    /// A switch with a value.
    #[error("{flag} takes no value")]
    ValueNotWanted {
        /// With its dashes.
        flag: String,
    },
    /// A value that is none of that kind.
    #[error("{what}: `{value}` is not {expected}")]
    BadValue {
        /// The flag or argument.
        what: String,
        /// What was written.
        value: String,
        /// What is expected, with its article.
        expected: String,
        /// What may have been meant.
        similar: Vec<String>,
    },
    /// An argument is missing.
    #[error("{name} is missing")]
    MissingArgument {
        /// Its word in the usage line.
        name: &'static str,
    },
    /// More arguments than the command takes.
    #[error("too many arguments: {word}")]
    ExtraArgument {
        /// The first that is too much.
        word: String,
    },
    /// A client's command in a shell.
    #[error("this works only inside a full-screen client")]
    OnlyInClient,
    /// A shell's command in a client.
    #[error("this works only in a shell: baton {0}")]
    OnlyInShell(&'static str),
    /// Arguments that do not go together; says why.
    #[error("{0}")]
    Conflict(String),
    /// A line that cannot be split into words.
    #[error("{message} at column {}", column + 1)]
    Syntax {
        /// What is wrong.
        message: &'static str,
        /// Where, in characters from 0.
        column: usize,
    },
    /// An error in a command inside a command (`confirm-before`, `command-prompt`).
    #[error("{0}")]
    Inner(Box<UsageError>),
}

impl UsageErrorKind {
    /// What was probably meant, if anything: `did you mean ..?`.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        fn list<S: AsRef<str>>(words: &[S]) -> Option<String> {
            if words.is_empty() {
                return None;
            }
            let words: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
            Some(format!("did you mean {}?", words.join(" or ")))
        }
        match self {
            Self::UnknownCommand { similar, .. } => list(similar),
            Self::UnknownFlag { similar, .. } | Self::BadValue { similar, .. } => list(similar),
            Self::WhichOne { group, word: Some(word), choices } => {
                let near: Vec<String> =
                    super::spec::similar(word, choices.iter().copied()).into_iter().map(|choice| format!("{group} {choice}")).collect();
                list(&near)
            }
            Self::Inner(inner) => inner.kind.hint(),
            _ => None,
        }
    }
}

impl UsageError {
    pub(crate) fn bare(kind: UsageErrorKind) -> Self {
        Self { command: None, kind, offset: 0 }
    }

    pub(crate) fn of(command: &'static CommandSpec, kind: UsageErrorKind) -> Self {
        Self { command: Some(command), kind, offset: 0 }
    }

    /// What was probably meant, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.kind.hint()
    }

    /// The usage line of the command, if it is known: `usage: split [-bdfhv] …`.
    #[must_use]
    pub fn usage(&self) -> Option<String> {
        self.command.map(|spec| format!("usage: {}", spec.synopsis()))
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.command {
            Some(command) => write!(f, "{}: {}", command.name, self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl std::error::Error for UsageError {}
