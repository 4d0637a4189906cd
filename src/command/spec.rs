//! The shape of a command: names, flags and arguments with their types, help. And how a name is found.
//!
//! Names may be two words (`kill pane`): the first is the group, and the second may be given after a leading `-t TARGET`, as in `rename -t work
//! session job`. Any unambiguous prefix of a name or alias will do (`kill-ses`, `split-w`), as with tmux; an exact match always wins.

use super::action::Command;
use super::args::Args;
use super::error::{UsageError, UsageErrorKind};
use super::table;

/// Where words are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// `baton WORDS…` in a shell.
    Shell,
    /// A key binding or the `:` prompt of a full-screen client.
    Client,
}

/// Where a command can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Only in a shell.
    Cli,
    /// Only in a full-screen client.
    Client,
    /// In both.
    Both,
}

impl Scope {
    /// Whether a command of this scope can be given at `place`.
    #[must_use]
    pub const fn includes(self, place: Place) -> bool {
        matches!((self, place), (Self::Both, _) | (Self::Cli, Place::Shell) | (Self::Client, Place::Client))
    }
}

/// The heading under which help lists a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Sessions and attaching.
    Sessions,
    /// Windows.
    Windows,
    /// Panes.
    Panes,
    /// Layouts.
    Layouts,
    /// Typing, reading, copying.
    Text,
    /// Who has control of a pane.
    Control,
    /// The server.
    Server,
    /// What a client shows.
    View,
    /// The program itself.
    Program,
}

impl Group {
    /// All, in the order of help.
    pub const ALL: [Self; 9] =
        [Self::Sessions, Self::Windows, Self::Panes, Self::Layouts, Self::Text, Self::Control, Self::Server, Self::View, Self::Program];

    /// Its heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Sessions => "Sessions",
            Self::Windows => "Windows",
            Self::Panes => "Panes",
            Self::Layouts => "Layouts",
            Self::Text => "Typing, reading, copying",
            Self::Control => "Who has control",
            Self::Server => "The server",
            Self::View => "What a client shows",
            Self::Program => "The program",
        }
    }
}

/// What kind of value a flag or argument takes. Says how it is checked, how it is called in help and how it completes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: a switch.
    Nothing,
    /// A target that names a session.
    Session,
    /// A target that names a window.
    Window,
    /// A target that names a pane.
    Pane,
    /// A client: attachment id such as `a3`.
    Attachment,
    /// An operator's name or id.
    Operator,
    /// A paste buffer's name.
    Buffer,
    /// A key table's name.
    KeyTable,
    /// A preset's name or a layout text.
    Layout,
    /// Any text, shown as this word.
    Text(&'static str),
    /// A whole number in this range.
    Number(u32, u32),
    /// A whole number of any size.
    Count,
    /// A length of time, such as `10m`.
    Span,
    /// So many cells, or hundredths with `%`.
    Cells,
    /// A folder.
    Folder,
    /// A file.
    File,
    /// `NAME=VALUE`.
    Variable,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The name of a command.
    CommandName,
    /// A word of a program's command line.
    Program,
    /// A word of a baton command line.
    CommandLine,
}

impl Takes {
    /// The placeholder in usage lines.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Session => "SESSION",
            Self::Window => "WINDOW",
            Self::Pane => "PANE",
            Self::Attachment => "CLIENT",
            Self::Operator => "OPERATOR",
            Self::Buffer => "BUFFER",
            Self::KeyTable => "TABLE",
            Self::Layout => "LAYOUT",
            Self::Text(word) => word,
            Self::Number(..) | Self::Count => "N",
            Self::Span => "TIME",
            Self::Cells => "N|N%",
            Self::Folder => "DIR",
            Self::File => "FILE",
            Self::Variable => "NAME=VALUE",
            Self::OneOf(_) => "WORD",
            Self::CommandName => "COMMAND",
            Self::Program => "CMD",
            Self::CommandLine => "COMMAND",
        }
    }
}

/// A flag: `-d`, `--json`, `-t PANE`.
#[derive(Debug, Clone, Copy)]
pub struct FlagSpec {
    /// The letter, for `-d`.
    pub short: Option<char>,
    /// The word, for `--json`.
    pub long: Option<&'static str>,
    /// What it takes.
    pub takes: Takes,
    /// May be given more than once (`-e`).
    pub repeats: bool,
    /// What it does; a sentence without period.
    pub help: &'static str,
}

impl FlagSpec {
    /// Whether `name` is its letter or word.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.long == Some(name) || self.short.is_some_and(|short| name.chars().eq([short]))
    }

    /// How it is shown: `-d`, `--json`, `-t`.
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.short, self.long) {
            (Some(short), Some(long)) => format!("-{short}, --{long}"),
            (Some(short), None) => format!("-{short}"),
            (None, Some(long)) => format!("--{long}"),
            (None, None) => String::new(),
        }
    }
}

/// An argument that is not a flag.
#[derive(Debug, Clone, Copy)]
pub struct ArgSpec {
    /// Its word in usage lines.
    pub name: &'static str,
    /// What it is.
    pub takes: Takes,
    /// It must be there.
    pub required: bool,
    /// It takes all the words there are; only the last argument can. Flags are not looked for behind its first word, as with tmux.
    pub many: bool,
    /// What it is; a sentence without period.
    pub help: &'static str,
}

/// What `build` may answer: a command, or why these arguments do not go together.
pub type Built = Result<Command, UsageErrorKind>;

/// A command.
#[derive(Clone, Copy)]
pub struct CommandSpec {
    /// Its name: one word, or two (`kill pane`).
    pub name: &'static str,
    /// Its other names: tmux's, with tmux's abbreviations.
    pub aliases: &'static [&'static str],
    /// Its heading in help.
    pub group: Group,
    /// Where it can be given.
    pub scope: Scope,
    /// What it does, in a line without period.
    pub summary: &'static str,
    /// What else there is to know, in paragraphs; may be empty.
    pub help: &'static str,
    /// Flags, in the order of help.
    pub flags: &'static [FlagSpec],
    /// Arguments, in order.
    pub args: &'static [ArgSpec],
    /// Makes the command of its arguments.
    pub build: fn(&Args<'_>, Place) -> Built,
}

impl std::fmt::Debug for CommandSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CommandSpec({})", self.name)
    }
}

impl PartialEq for CommandSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for CommandSpec {}

impl CommandSpec {
    /// Its names: the first is its own.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The flag of that letter or word.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&'static FlagSpec> {
        self.flags.iter().find(|flag| flag.is(name))
    }

    /// Whether `--json` is among its flags.
    #[must_use]
    pub fn has_json(&self) -> bool {
        self.flag("json").is_some()
    }

    /// The usage line without a program's name: `split [-bdfhv] [-l N|N%] …`.
    #[must_use]
    pub fn synopsis(&self) -> String {
        super::help::synopsis(self)
    }
}

/// Finds the command that the first words name. Gives the spec and how many words its name took, and if the name stood behind a leading
/// flag (`rename -t work session`), the words to read after it begin with that flag: see [`Found`].
///
/// # Errors
/// Unknown, ambiguous, or a group's name without a second word.
pub fn find(words: &[&str], place: Place) -> Result<Found, UsageError> {
    let Some(first) = words.first().copied() else {
        return Err(UsageError::bare(UsageErrorKind::Empty));
    };
    // A name of two words before the same first word alone: `token revoke` is no token for somebody called `revoke`.
    if let Some(spec) = words.get(1).and_then(|second| table::by_exact_name(&format!("{first} {second}"))) {
        return Ok(Found { spec, name_words: 2, name_at: 1 });
    }
    if let Some(spec) = table::by_exact_name(first) {
        return Ok(Found { spec, name_words: 1, name_at: 0 });
    }
    if let Some(found) = in_group(first, words)? {
        return Ok(found);
    }
    let mut specs: Vec<&'static CommandSpec> = Vec::new();
    let mut matching: Vec<&'static str> = Vec::new();
    for spec in table::all().filter(|spec| spec.scope.includes(place)) {
        for name in spec.names().filter(|name| name.starts_with(first) && !name.contains(' ')) {
            if !specs.contains(&spec) {
                specs.push(spec);
                matching.push(name);
            }
        }
    }
    match specs.as_slice() {
        [spec] => Ok(Found { spec, name_words: 1, name_at: 0 }),
        [] => Err(UsageError::bare(UsageErrorKind::UnknownCommand { word: first.to_owned(), similar: similar_names(first, place) })),
        _ => {
            matching.sort_unstable();
            Err(UsageError::bare(UsageErrorKind::AmbiguousCommand { word: first.to_owned(), matching }))
        }
    }
}

/// What [`find`] found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The command.
    pub spec: &'static CommandSpec,
    /// How many words its name takes: 1 or 2.
    pub name_words: usize,
    /// Where its last word stands: 0, 1, or further on if flags stand between. The words between are its flags.
    pub name_at: usize,
}

fn in_group(first: &str, words: &[&str]) -> Result<Option<Found>, UsageError> {
    let members = || {
        table::all().flat_map(|spec| spec.names().map(move |name| (spec, name))).filter_map(|(spec, name)| {
            let (group, rest) = name.split_once(' ')?;
            (group == first).then_some((spec, rest))
        })
    };
    if members().next().is_none() {
        return Ok(None);
    }
    // Behind a leading flag and its value the name may go on: `rename -t work session job`.
    let mut at = 1;
    while let Some(word) = words.get(at) {
        match *word {
            "--json" | "-a" => at += 1,
            "-t" => at += 2,
            flag if flag.starts_with("-t") => at += 1,
            _ => break,
        }
    }
    let choices = || members().filter(|(spec, rest)| spec.name.ends_with(rest)).map(|(_, rest)| rest).collect::<Vec<_>>();
    let Some(second) = words.get(at).copied() else {
        return Err(UsageError::bare(UsageErrorKind::WhichOne { group: first.to_owned(), word: None, choices: choices() }));
    };
    if let Some((spec, _)) = members().find(|(_, rest)| *rest == second) {
        return Ok(Some(Found { spec, name_words: 2, name_at: at }));
    }
    let mut by_prefix: Vec<&'static CommandSpec> = Vec::new();
    for (spec, _) in members().filter(|(_, rest)| rest.starts_with(second)) {
        if !by_prefix.contains(&spec) {
            by_prefix.push(spec);
        }
    }
    match by_prefix.as_slice() {
        [spec] if !second.is_empty() => Ok(Some(Found { spec, name_words: 2, name_at: at })),
        _ => Err(UsageError::bare(UsageErrorKind::WhichOne { group: first.to_owned(), word: Some(second.to_owned()), choices: choices() })),
    }
}

fn similar_names(word: &str, place: Place) -> Vec<&'static str> {
    let names = || table::all().filter(|spec| spec.scope.includes(place)).flat_map(|spec| spec.names().map(move |name| (spec, name)));
    let mut seen: Vec<&'static CommandSpec> = Vec::new();
    let mut out = similar(word, names().map(|(_, name)| name));
    // One name a command is enough.
    out.retain(|name| {
        let Some((spec, _)) = names().find(|(_, known)| known == name) else {
            return false;
        };
        let new = !seen.contains(&spec);
        seen.push(spec);
        new
    });
    out
}

/// The candidates that `word` may have been meant to be, the likeliest first, at most three.
pub fn similar<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // Longer inputs are no misspelling of anything, and the comparison is quadratic.
    if word.len() > 64 {
        return Vec::new();
    }
    let mut scored: Vec<(f64, &str)> = candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(score, candidate)| *score > 0.8 || strsim::damerau_levenshtein(word, candidate) <= 1 + word.len() / 6)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let mut out: Vec<&str> = Vec::new();
    for (_, candidate) in scored {
        if !out.contains(&candidate) {
            out.push(candidate);
        }
    }
    out.truncate(3);
    out
}
