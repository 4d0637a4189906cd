//! Completion at the `:` prompt: what may stand at the cursor, by the table and by the names of what exists.

use super::action::CopyAction;
use super::line;
use super::spec::{CommandSpec, FlagSpec, Place, Takes, find};
use super::table;

/// Something that exists, to be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What to write: a name or an id.
    pub text: String,
    /// What it is, to be shown beside it; may be empty.
    pub note: String,
}

/// The names of what exists, asked for only as needed.
pub trait Names {
    /// Sessions.
    fn sessions(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Windows, as targets.
    fn windows(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Panes, as targets.
    fn panes(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Attachments.
    fn attachments(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Operators.
    fn operators(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Paste buffers.
    fn buffers(&self) -> Vec<Name> {
        Vec::new()
    }
    /// Key tables.
    fn key_tables(&self) -> Vec<Name> {
        Vec::new()
    }
}

/// Nothing exists.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNames;

impl Names for NoNames {}

/// Something that may stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The byte at which the text to be replaced begins; it ends at the cursor.
    pub start: usize,
    /// What to put there, quoted as the line needs it.
    pub insert: String,
    /// What it is, to be shown beside it; may be empty.
    pub note: String,
}

/// The presets that `layout select` knows.
pub const LAYOUT_PRESETS: [&str; 7] =
    ["even-horizontal", "even-vertical", "main-horizontal", "main-vertical", "tiled", "main-horizontal-mirrored", "main-vertical-mirrored"];

/// Most candidates given.
const CANDIDATES_MAX: usize = 200;

/// What may stand at `cursor` (in bytes; moved back to the start of a character), given what stands before it. At most 200, in a sensible order.
#[must_use]
pub fn complete(line: &str, cursor: usize, names: &dyn Names) -> Vec<Candidate> {
    let mut cursor = cursor.min(line.len());
    while !line.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let before = line.get(..cursor).unwrap_or_default();
    let (words, partial, start) = words_before(before);
    let mut out = candidates(&words, &partial, names);
    out.truncate(CANDIDATES_MAX);
    out.into_iter().map(|(insert, note)| Candidate { start, insert, note }).collect()
}

/// The words of the command at the end of `before`, the word that is being written there, and where that begins.
fn words_before(before: &str) -> (Vec<String>, String, usize) {
    // A quote or brace that is still open is closed for the look.
    let closed = ["", "'", "\"", "}"].into_iter().find_map(|end| line::split(&format!("{before}{end}")).ok());
    let Some(mut commands) = closed else {
        return (Vec::new(), String::new(), before.len());
    };
    let open = |word: &line::Word| word.end >= before.len() && before.len() > word.start;
    let mut words = commands.pop().unwrap_or_default();
    if before.trim_end().ends_with(';') && !words.last().is_some_and(open) {
        words.clear();
    }
    match words.pop_if(|word| open(word)) {
        // Inside braces a command line begins anew.
        Some(word) if before.get(word.start..).is_some_and(|text| text.starts_with('{')) => {
            let inner = word.start + 1;
            let (words, partial, start) = words_before(before.get(inner..).unwrap_or_default());
            (words, partial, inner + start)
        }
        Some(word) => (words.into_iter().map(|word| word.text).collect(), word.text, word.start),
        None => (words.into_iter().map(|word| word.text).collect(), String::new(), before.len()),
    }
}

type Pair = (String, String);

fn candidates(words: &[String], partial: &str, names: &dyn Names) -> Vec<Pair> {
    let Some(first) = words.first() else {
        return command_names(partial);
    };
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    let Ok(found) = find(&texts, Place::Client) else {
        return second_words(first, partial);
    };
    let spec = found.spec;
    let own = words.iter().enumerate().filter(|(at, _)| *at != 0 && *at != found.name_at).map(|(_, word)| word.as_str());
    let mut position: Vec<&str> = Vec::new();
    let mut flags_over = false;
    let mut value_of: Option<&FlagSpec> = None;
    for word in own {
        if value_of.take().is_some() {
            continue;
        }
        if !flags_over && word == "--" {
            flags_over = true;
        } else if !flags_over && word.len() > 1 && word.starts_with('-') {
            let name = word.strip_prefix("--").map_or_else(|| word.chars().last().map(String::from), |long| Some(long.to_owned()));
            value_of = name.and_then(|name| spec.flag(&name)).filter(|flag| flag.takes != Takes::Nothing);
        } else {
            flags_over |= spec.args.get(position.len()).is_some_and(|arg| arg.many);
            position.push(word);
        }
    }
    if let Some(flag) = value_of {
        return values(flag.takes, partial, names);
    }
    let arg = spec.args.get(position.len()).or_else(|| spec.args.last().filter(|arg| arg.many));
    if let Some(arg) = arg.filter(|arg| arg.takes == Takes::CommandLine && !partial.starts_with('-')) {
        let _ = arg;
        let inner: Vec<String> = position.iter().map(|word| (*word).to_owned()).collect();
        return candidates(&inner, partial, names);
    }
    let mut out = match arg {
        Some(arg) if flags_over || !partial.starts_with('-') => values(arg.takes, partial, names),
        _ => Vec::new(),
    };
    if !flags_over && (partial.is_empty() || partial.starts_with('-')) {
        out.extend(flags(spec, partial));
    }
    out
}

/// Names of commands that a client knows; of each the first that fits.
fn command_names(partial: &str) -> Vec<Pair> {
    table::all()
        .filter(|spec| spec.scope.includes(Place::Client))
        .filter_map(|spec| {
            let name = spec.names().find(|name| name.starts_with(partial))?;
            Some((name.to_owned(), spec.summary.to_owned()))
        })
        .collect()
}

/// The second words behind `kill` and the like.
fn second_words(first: &str, partial: &str) -> Vec<Pair> {
    table::all()
        .filter(|spec| spec.scope.includes(Place::Client))
        .filter_map(|spec| {
            let (group, rest) = spec.name.split_once(' ')?;
            (group == first && rest.starts_with(partial)).then(|| (rest.to_owned(), spec.summary.to_owned()))
        })
        .collect()
}

fn flags(spec: &CommandSpec, partial: &str) -> Vec<Pair> {
    spec.flags
        .iter()
        .filter(|flag| flag.long != Some("json"))
        .filter_map(|flag| {
            let shown = match (flag.short, flag.long) {
                (Some(short), _) => format!("-{short}"),
                (None, Some(long)) => format!("--{long}"),
                (None, None) => return None,
            };
            shown.starts_with(partial).then(|| (shown, flag.help.to_owned()))
        })
        .collect()
}

fn values(takes: Takes, partial: &str, names: &dyn Names) -> Vec<Pair> {
    let words = |words: &[&str]| -> Vec<Name> { words.iter().map(|word| Name { text: (*word).to_owned(), note: String::new() }).collect() };
    let all = match takes {
        Takes::Session => names.sessions(),
        Takes::Window => [names.windows(), names.sessions()].concat(),
        Takes::Pane => [names.panes(), names.windows()].concat(),
        Takes::Attachment => [names.attachments(), names.sessions()].concat(),
        Takes::Operator => names.operators(),
        Takes::Buffer => names.buffers(),
        Takes::KeyTable => names.key_tables(),
        Takes::Layout => words(&LAYOUT_PRESETS),
        Takes::OneOf(choices) if choices == CopyAction::NAMES => {
            CopyAction::ALL.iter().map(|action| Name { text: action.name().to_owned(), note: action.summary().to_owned() }).collect()
        }
        Takes::OneOf(choices) => words(choices),
        Takes::CommandName => return command_names(partial),
        _ => Vec::new(),
    };
    // What begins like it comes before what contains it.
    let (begin, rest): (Vec<Name>, Vec<Name>) = all.into_iter().partition(|name| name.text.starts_with(partial));
    let contain = rest.into_iter().filter(|name| !partial.is_empty() && name.text.contains(partial));
    begin.into_iter().chain(contain).map(|name| (line::quote(&name.text), name.note)).collect()
}
