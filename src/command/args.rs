//! Words to flags and arguments, by a command's spec.
//!
//! As with getopt: `-dn NAME`, `-dnNAME`, `-d -n NAME`, `--lines 5`, `--lines=5`, and `--` ends the flags. Flags may stand behind arguments, except behind
//! the first word of an argument that takes all that follow (`split vim -d x`: `-d` is vim's). Values are checked here, so that `build`
//! functions read numbers and shares that are known to be good.

use crate::protocol::message::Share;

use super::action::Command;
use super::error::{UsageError, UsageErrorKind};
use super::span::span_ms;
use super::spec::{CommandSpec, FlagSpec, Place, Takes, find, similar};

/// What [`read_command`] read.
#[derive(Debug)]
pub struct Read {
    /// Whose words they were.
    pub spec: &'static CommandSpec,
    /// What they say.
    pub command: Command,
    /// Whether `--json` was among them.
    pub json: bool,
}

/// The flags and arguments of one command.
#[derive(Debug)]
pub struct Args<'w> {
    flags: Vec<(&'static FlagSpec, &'w str)>,
    words: Vec<&'w str>,
    name: &'w str,
}

impl<'w> Args<'w> {
    /// Whether the flag was given.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|(spec, _)| spec.is(flag))
    }

    /// The flag's value.
    #[must_use]
    pub fn value(&self, flag: &str) -> Option<String> {
        self.flags.iter().rfind(|(spec, _)| spec.is(flag)).map(|(_, value)| (*value).to_owned())
    }

    /// The values of a flag that may be repeated.
    #[must_use]
    pub fn values(&self, flag: &str) -> Vec<String> {
        self.flags.iter().filter(|(spec, _)| spec.is(flag)).map(|(_, value)| (*value).to_owned()).collect()
    }

    /// The value of a flag that takes a number. Its range was checked by [`Takes::Number`].
    #[must_use]
    pub fn number(&self, flag: &str) -> Option<u32> {
        self.value(flag)?.parse().ok()
    }

    /// The value of a flag that takes [`Takes::Count`].
    #[must_use]
    pub fn count(&self, flag: &str) -> Option<u64> {
        self.value(flag)?.parse().ok()
    }

    /// The value of a flag that takes [`Takes::Span`], in milliseconds.
    #[must_use]
    pub fn span_ms(&self, flag: &str) -> Option<u64> {
        span_ms(&self.value(flag)?)
    }

    /// The arguments from that place on as one text; none if there are none.
    #[must_use]
    pub fn text(&self, from: usize) -> Option<String> {
        Some(self.rest(from).join(" ")).filter(|text| !text.trim().is_empty())
    }

    /// The value of a flag that takes [`Takes::Cells`].
    #[must_use]
    pub fn share(&self, flag: &str) -> Option<Share> {
        share(&self.value(flag)?)
    }

    /// `NAME=VALUE` flags, parted.
    #[must_use]
    pub fn variables(&self, flag: &str) -> Vec<(String, String)> {
        self.values(flag).iter().filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The argument at that place.
    #[must_use]
    pub fn arg(&self, at: usize) -> Option<&'w str> {
        self.words.get(at).copied()
    }

    /// The arguments from that place on.
    #[must_use]
    pub fn rest(&self, from: usize) -> Vec<String> {
        self.words.iter().skip(from).map(|word| (*word).to_owned()).collect()
    }

    /// The name by which the command was called, as far as written (`kill-w`).
    #[must_use]
    pub const fn called(&self) -> &'w str {
        self.name
    }

    /// Refuses more than one of these switches.
    ///
    /// # Errors
    /// [`UsageErrorKind::Conflict`] naming them.
    pub fn at_most_one(&self, flags: &[&str]) -> Result<(), UsageErrorKind> {
        let given: Vec<String> = flags
            .iter()
            .filter(|flag| self.has(flag))
            .map(|flag| if flag.len() == 1 { format!("-{flag}") } else { format!("--{flag}") })
            .collect();
        if given.len() > 1 { Err(UsageErrorKind::Conflict(format!("{} do not go together", given.join(" and ")))) } else { Ok(()) }
    }
}

/// Reads one command: its name, its flags, its arguments.
///
/// # Errors
/// [`UsageError`], with the command's spec once the name is known.
pub fn read_command<S: AsRef<str>>(words: &[S], place: Place) -> Result<Read, UsageError> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let found = find(&words, place)?;
    let spec = found.spec;
    if !spec.scope.includes(place) {
        let kind = match place {
            Place::Shell => UsageErrorKind::OnlyInClient,
            Place::Client => UsageErrorKind::OnlyInShell(spec.name),
        };
        return Err(UsageError::of(spec, kind));
    }
    let own: Vec<&str> = words.iter().enumerate().filter(|(at, _)| *at != 0 && *at != found.name_at).map(|(_, word)| *word).collect();
    let args = read_args(spec, words.first().copied().unwrap_or_default(), &own).map_err(|kind| UsageError::of(spec, kind))?;
    let json = args.has("json");
    let command = (spec.build)(&args, place).map_err(|kind| UsageError::of(spec, kind))?;
    Ok(Read { spec, command, json })
}

fn read_args<'w>(spec: &'static CommandSpec, name: &'w str, words: &[&'w str]) -> Result<Args<'w>, UsageErrorKind> {
    let mut args = Args { flags: Vec::new(), words: Vec::new(), name };
    let mut flags_over = false;
    let mut rest = words.iter().copied();
    while let Some(word) = rest.next() {
        if flags_over || word == "-" || !word.starts_with('-') {
            args.words.push(word);
            flags_over |= spec.args.get(args.words.len() - 1).is_none_or(|arg| arg.many) && spec.args.last().is_some_and(|arg| arg.many);
        } else if word == "--" {
            flags_over = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (long, value) = long.split_once('=').map_or((long, None), |(long, value)| (long, Some(value)));
            let flag = spec.flags.iter().find(|flag| flag.long == Some(long)).ok_or_else(|| unknown_flag(spec, format!("--{long}")))?;
            let value = match (flag.takes, value) {
                (Takes::Nothing, None) => "",
                (Takes::Nothing, Some(_)) => return Err(UsageErrorKind::ValueNotWanted { flag: format!("--{long}") }),
                (_, Some(value)) => value,
                (takes, None) => rest.next().ok_or_else(|| missing_value(format!("--{long}"), takes))?,
            };
            add_flag(&mut args, flag, format!("--{long}"), value)?;
        } else {
            for (at, letter) in word.char_indices().skip(1) {
                let flag =
                    spec.flags.iter().find(|flag| flag.short == Some(letter)).ok_or_else(|| unknown_flag(spec, format!("-{letter}")))?;
                let shown = format!("-{letter}");
                if flag.takes == Takes::Nothing {
                    add_flag(&mut args, flag, shown, "")?;
                    continue;
                }
                let attached = word.get(at + letter.len_utf8()..).unwrap_or_default();
                let value =
                    if attached.is_empty() { rest.next().ok_or_else(|| missing_value(shown.clone(), flag.takes))? } else { attached };
                add_flag(&mut args, flag, shown, value)?;
                break;
            }
        }
    }
    check_arguments(spec, &args)?;
    Ok(args)
}

fn add_flag<'w>(args: &mut Args<'w>, flag: &'static FlagSpec, shown: String, value: &'w str) -> Result<(), UsageErrorKind> {
    if args.flags.iter().any(|(given, _)| std::ptr::eq(*given, flag)) && !flag.repeats && flag.takes != Takes::Nothing {
        return Err(UsageErrorKind::Twice { flag: shown });
    }
    check_value(&shown, flag.takes, value)?;
    args.flags.push((flag, value));
    Ok(())
}

fn check_arguments(spec: &'static CommandSpec, args: &Args<'_>) -> Result<(), UsageErrorKind> {
    for (at, word) in args.words.iter().enumerate() {
        let arg = spec.args.get(at).or_else(|| spec.args.last().filter(|arg| arg.many));
        let arg = arg.ok_or_else(|| UsageErrorKind::ExtraArgument { word: (*word).to_owned() })?;
        check_value(arg.name, arg.takes, word)?;
    }
    match spec.args.get(args.words.len()) {
        Some(arg) if arg.required => Err(UsageErrorKind::MissingArgument { name: arg.name }),
        _ => Ok(()),
    }
}

fn missing_value(flag: String, takes: Takes) -> UsageErrorKind {
    UsageErrorKind::MissingValue { flag, placeholder: takes.placeholder() }
}

fn unknown_flag(spec: &CommandSpec, flag: String) -> UsageErrorKind {
    let longs = spec.flags.iter().filter_map(|flag| flag.long);
    let similar = similar(flag.trim_start_matches('-'), longs).into_iter().map(|long| format!("--{long}")).collect();
    UsageErrorKind::UnknownFlag { flag, similar }
}

/// Checks a value by its kind. Targets and names are checked by whoever knows what exists.
pub(super) fn check_value(what: &str, takes: Takes, value: &str) -> Result<(), UsageErrorKind> {
    let bad = |expected: String, similar: Vec<String>| {
        Err(UsageErrorKind::BadValue { what: what.to_owned(), value: value.to_owned(), expected, similar })
    };
    match takes {
        Takes::Number(min, max) => match value.parse::<u32>() {
            Ok(number) if (min..=max).contains(&number) => Ok(()),
            _ if max == u32::MAX => bad(format!("a whole number from {min}"), Vec::new()),
            _ => bad(format!("a whole number from {min} to {max}"), Vec::new()),
        },
        Takes::Count if value.parse::<u64>().is_err() => bad("a whole number".to_owned(), Vec::new()),
        Takes::Span if span_ms(value).is_none() => bad("a length of time such as 90s, 10m or 2h".to_owned(), Vec::new()),
        Takes::Cells if share(value).is_none() => bad("a number of cells, or of hundredths such as 30%".to_owned(), Vec::new()),
        Takes::Variable if value.split_once('=').is_none_or(|(name, _)| name.is_empty()) => {
            bad("a variable as NAME=VALUE".to_owned(), Vec::new())
        }
        Takes::OneOf(words) if !words.contains(&value) => {
            let similar = similar(value, words.iter().copied()).into_iter().map(str::to_owned).collect();
            bad(format!("one of {}", words.join(", ")), similar)
        }
        Takes::Session
        | Takes::Window
        | Takes::Pane
        | Takes::Attachment
        | Takes::Operator
        | Takes::KeyTable
        | Takes::Layout
        | Takes::Folder
        | Takes::File
            if value.is_empty() =>
        {
            bad(format!("a {}, it is empty", takes.placeholder().to_lowercase()), Vec::new())
        }
        _ => Ok(()),
    }
}

/// `12` cells or `30%`, at least one.
#[must_use]
pub fn share(text: &str) -> Option<Share> {
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Share::Percent),
        None => text.parse().ok().filter(|cells| *cells > 0).map(Share::Cells),
    }
}
