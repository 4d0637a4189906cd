//! TOML values to typed values. Each reader says what it expects when the value is none of that.

use toml::de::DeValue;

use crate::command::spec::similar;
use crate::terminal::keys::Key;

use super::format;
use super::style::Style;

/// A TOML value, borrowed from the text.
pub type Value<'t> = DeValue<'t>;

/// A value that will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// What is wrong, in a line.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
    /// Where in the value it is wrong, in characters of a text; none: the whole.
    pub column: Option<usize>,
}

impl Bad {
    pub(super) fn expected(expected: impl std::fmt::Display, value: &Value<'_>) -> Self {
        Self { message: format!("expected {expected}, found {}", shown(value)), suggestion: None, column: None }
    }
}

/// A value as a message shows it.
fn shown(value: &Value<'_>) -> String {
    match value {
        DeValue::String(text) => {
            let cut: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            format!("\"{cut}{}\"", if text.chars().nth(40).is_some() { "…" } else { "" })
        }
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The words of an enum.
pub trait Choice: Sized + 'static + std::marker::Copy {
    /// The words.
    const WORDS: &'static [&'static str];
    /// What they mean, in the same order.
    const ALL: &'static [Self];
}

/// `true` or `false`; also the words `on` and `off`.
pub(super) fn switch(value: &Value<'_>) -> Result<bool, Bad> {
    match value {
        DeValue::Boolean(on) => Ok(*on),
        DeValue::String(text) if text == "on" => Ok(true),
        DeValue::String(text) if text == "off" => Ok(false),
        other => Err(Bad::expected("true or false", other)),
    }
}

/// A whole number in a range, of whatever width.
pub(super) fn number<N: TryFrom<i64>>(value: &Value<'_>, min: i64, max: i64) -> Result<N, Bad> {
    integer(value)
        .filter(|number| (min..=max).contains(number))
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| Bad::expected(format_args!("a whole number from {min} to {max}"), value))
}

fn integer(value: &Value<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// An amount of memory: bytes, or a text with a unit.
pub(super) fn bytes(value: &Value<'_>) -> Result<u64, Bad> {
    const MAX: u64 = 1 << 40;
    let expected = || Bad::expected("bytes, such as 10000000, \"10 MB\" or \"10 MiB\"", value);
    let amount = match value {
        DeValue::String(text) => {
            let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
            let (number, unit) = text.split_at(digits);
            let factor = match unit.trim().to_ascii_lowercase().as_str() {
                "" | "b" => 1,
                "k" | "kb" => 1_000,
                "m" | "mb" => 1_000_000,
                "g" | "gb" => 1_000_000_000,
                "kib" => 1 << 10,
                "mib" => 1 << 20,
                "gib" => 1 << 30,
                _ => return Err(expected()),
            };
            number.replace('_', "").parse::<u64>().ok().and_then(|number| number.checked_mul(factor))
        }
        other => integer(other).and_then(|number| u64::try_from(number).ok()),
    };
    amount.filter(|amount| *amount <= MAX).ok_or_else(expected)
}

/// Any text.
pub(super) fn text(value: &Value<'_>) -> Result<String, Bad> {
    value.as_str().map(str::to_owned).ok_or_else(|| Bad::expected("a text in quotes", value))
}

/// A text; an empty one is none.
pub(super) fn optional_text(value: &Value<'_>) -> Result<Option<String>, Bad> {
    text(value).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// A text of one word.
pub(super) fn word(value: &Value<'_>) -> Result<String, Bad> {
    text(value)
        .ok()
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic()))
        .ok_or_else(|| Bad::expected("one word in quotes", value))
}

/// A list of names of environment variables.
pub(super) fn names(value: &Value<'_>) -> Result<Vec<String>, Bad> {
    let expected = || Bad::expected("a list of names of variables, such as [\"DISPLAY\"]", value);
    let list = value.as_array().ok_or_else(expected)?;
    list.iter()
        .map(|name| {
            let name = name.get_ref().as_str().filter(|name| !name.is_empty() && !name.contains(['=', '\0']));
            name.map(str::to_owned).ok_or_else(expected)
        })
        .collect()
}

/// A list of single words, such as names of users.
pub(super) fn words(value: &Value<'_>) -> Result<Vec<String>, Bad> {
    let expected = || Bad::expected("a list of words, such as [\"ann\"]", value);
    let list = value.as_array().ok_or_else(expected)?;
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic());
    list.iter().map(|item| item.get_ref().as_str().filter(|text| word(text)).map(str::to_owned).ok_or_else(expected)).collect()
}

/// One of an enum's words.
pub(super) fn choice<T: Choice>(value: &Value<'_>) -> Result<T, Bad> {
    let found = value.as_str().and_then(|word| T::WORDS.iter().position(|known| *known == word)).and_then(|at| T::ALL.get(at));
    found.copied().ok_or_else(|| {
        let quoted: Vec<String> = T::WORDS.iter().map(|word| format!("\"{word}\"")).collect();
        let mut bad = Bad::expected(format_args!("one of {}", quoted.join(", ")), value);
        bad.suggestion = value.as_str().and_then(|word| similar(word, T::WORDS.iter().copied()).first().map(|word| format!("\"{word}\"")));
        bad
    })
}

/// A key's name; `none` or an empty text is none.
pub(super) fn key(value: &Value<'_>) -> Result<Option<Key>, Bad> {
    let Some(name) = value.as_str() else {
        return Err(Bad::expected("a key's name, such as \"C-b\"", value));
    };
    if name.is_empty() || name.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    Key::parse(name).map(Some).map_err(|_| bad_key(name))
}

/// What is wrong with a key's name, and what it may have been.
pub(super) fn bad_key(name: &str) -> Bad {
    const NAMES: [&str; 19] = [
        "Space", "Enter", "Tab", "BTab", "BSpace", "Escape", "Up", "Down", "Left", "Right", "Home", "End", "PPage", "NPage", "IC", "DC",
        "PageUp", "PageDown", "Delete",
    ];
    // `Ctrl+b` and `Alt-x`, as other programs write them.
    let mut guess = name.replace('+', "-");
    for (long, short) in [("ctrl-", "C-"), ("control-", "C-"), ("alt-", "M-"), ("meta-", "M-"), ("option-", "M-"), ("shift-", "S-")] {
        while let Some(at) = guess.to_ascii_lowercase().find(long).filter(|at| guess.is_char_boundary(*at)) {
            guess.replace_range(at..at + long.len(), short);
        }
    }
    let suggestion = if Key::parse(&guess).is_ok() {
        Some(format!("\"{guess}\""))
    } else {
        let base = guess.rfind('-').map_or(guess.as_str(), |at| guess.get(at + 1..).unwrap_or_default());
        let modifiers = guess.strip_suffix(base).unwrap_or_default();
        similar(base, NAMES.into_iter()).first().map(|name| format!("\"{modifiers}{name}\""))
    };
    let cut: String = name.chars().take(40).collect();
    Bad { message: format!("`{cut}` is not the name of a key"), suggestion, column: None }
}

/// A style.
pub(super) fn style(value: &Value<'_>) -> Result<Style, Bad> {
    let Some(text) = value.as_str() else {
        return Err(Bad::expected("a style, such as \"fg=green,bold\"", value));
    };
    Style::parse(text).map_err(|bad| Bad { suggestion: bad.similar(), message: bad.to_string(), column: None })
}

/// A format text.
pub(super) fn format(value: &Value<'_>) -> Result<String, Bad> {
    let text = text(value)?;
    match format::check(&text) {
        Ok(()) => Ok(text),
        Err(problem) => Err(Bad { suggestion: problem.suggestion, message: problem.message, column: Some(problem.column) }),
    }
}

/// The name of a theme.
pub(super) fn theme(value: &Value<'_>) -> Result<String, Bad> {
    let names = || std::iter::once("default").chain(super::THEMES.iter().map(|(name, _)| *name));
    let word = value.as_str().unwrap_or_default();
    if names().any(|name| name == word) {
        return Ok(word.to_owned());
    }
    let mut bad = Bad::expected(format_args!("the name of a theme: {}", names().collect::<Vec<_>>().join(", ")), value);
    bad.suggestion = similar(word, names()).first().map(|name| format!("\"{name}\""));
    Err(bad)
}
