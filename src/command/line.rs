//! A line of text to words and sequences.
//!
//! Blanks part words. `'…'` is taken as it is; in `"…"` a backslash escapes (`\"` `\\` `\n` `\t` `\r` `\e` `\u{1f600}`); outside of quotes a backslash takes the next
//! character as it is. `;` parts commands, as does a word `\;`, which is how tmux's configuration files write it. A word that begins with `{` goes to the matching `}` and is the text between
//! them (but `{next}` and its kin are tmux's words for targets and stay as they are), for commands inside commands: `confirm-before { kill pane ; display-message done }`. A `#` is an ordinary character, since formats begin with it.

use super::action::Command;
use super::args::read_command;
use super::error::{UsageError, UsageErrorKind};
use super::spec::Place;

/// tmux's words for targets that stand in braces; without blanks inside they are words and no blocks.
pub const TARGET_WORDS: &[&str] = &[
    "last",
    "next",
    "previous",
    "start",
    "end",
    "top",
    "bottom",
    "left",
    "right",
    "top-left",
    "top-right",
    "bottom-left",
    "bottom-right",
    "up-of",
    "down-of",
    "left-of",
    "right-of",
    "marked",
    "mouse",
];

/// A word with its place in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Without its quotes.
    pub text: String,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
}

/// Splits a line into commands of words.
///
/// # Errors
/// [`UsageErrorKind::Syntax`]: a quote or brace is not closed, a backslash ends the line, or an escape is none.
pub fn split(line: &str) -> Result<Vec<Vec<Word>>, UsageErrorKind> {
    let mut lexer = Lexer { line, at: 0 };
    let mut commands = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    loop {
        lexer.skip_blanks();
        match lexer.peek() {
            None => break,
            Some(';') => {
                lexer.next();
                if !words.is_empty() {
                    commands.push(std::mem::take(&mut words));
                }
            }
            Some(_) => {
                let start = lexer.at;
                let text = lexer.word()?;
                if line.get(start..lexer.at) == Some("\\;") {
                    if !words.is_empty() {
                        commands.push(std::mem::take(&mut words));
                    }
                } else {
                    words.push(Word { text, start, end: lexer.at });
                }
            }
        }
    }
    if !words.is_empty() {
        commands.push(words);
    }
    Ok(commands)
}

/// Reads a line as it is meant in a full-screen client: a key binding, or what was typed at the `:` prompt. An empty line is no command.
///
/// # Errors
/// [`UsageError`], its `offset` where the offending command begins.
pub fn parse_line(line: &str) -> Result<Vec<Command>, UsageError> {
    let commands = split(line).map_err(UsageError::bare)?;
    commands
        .iter()
        .map(|words| {
            let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            read_command(&texts, Place::Client)
                .map(|read| read.command)
                .map_err(|error| UsageError { offset: words.first().map_or(0, |word| word.start), ..error })
        })
        .collect()
}

/// `text` as one word of a line, quoted if need be.
#[must_use]
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,!$^~#*?<>[]()&|".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else if !text.contains('\'') {
        format!("'{text}'")
    } else {
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => {
                    out.push('\\');
                    out.push(c);
                }
                _ => out.push(c),
            }
        }
        out.push('"');
        out
    }
}

struct Lexer<'l> {
    line: &'l str,
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.line.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    fn error(&self, at: usize, message: &'static str) -> UsageErrorKind {
        UsageErrorKind::Syntax { message, column: self.line.get(..at).map_or(0, |before| before.chars().count()) }
    }

    fn word(&mut self) -> Result<String, UsageErrorKind> {
        if self.peek() == Some('{') && !self.is_target_word() {
            if let Some(inner) = self.braces() {
                return Ok(inner);
            }
            return Err(self.error(self.at, "`{` is not closed"));
        }
        let mut out = String::new();
        while let Some(c) = self.peek() {
            let start = self.at;
            match c {
                c if c.is_whitespace() => break,
                ';' => break,
                '\'' => {
                    self.next();
                    loop {
                        match self.next() {
                            Some('\'') => break,
                            Some(c) => out.push(c),
                            None => return Err(self.error(start, "quote is not closed")),
                        }
                    }
                }
                '"' => {
                    self.next();
                    loop {
                        let at = self.at;
                        match self.next() {
                            Some('"') => break,
                            Some('\\') => out.push(self.escape(at)?),
                            Some(c) => out.push(c),
                            None => return Err(self.error(start, "quote is not closed")),
                        }
                    }
                }
                '\\' => {
                    self.next();
                    out.push(self.next().ok_or_else(|| self.error(start, "nothing follows the backslash"))?);
                }
                c => {
                    self.next();
                    out.push(c);
                }
            }
        }
        Ok(out)
    }

    /// Whether the brace here begins a word of tmux's for a target, such as `{next}` or `{last}:{end}`, and no block.
    fn is_target_word(&self) -> bool {
        let inner = self.line.get(self.at + 1..).and_then(|rest| rest.split_once('}'));
        inner.is_some_and(|(name, _)| TARGET_WORDS.contains(&name))
    }

    fn escape(&mut self, at: usize) -> Result<char, UsageErrorKind> {
        Ok(match self.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('e') => '\u{1b}',
            Some('u') => return self.unicode(at),
            Some(c) => c,
            None => return Err(self.error(at, "nothing follows the backslash")),
        })
    }

    /// `\u{1f600}` or `\u263a`.
    fn unicode(&mut self, at: usize) -> Result<char, UsageErrorKind> {
        let mut digits = String::new();
        if self.peek() == Some('{') {
            self.next();
            loop {
                match self.next() {
                    Some('}') => break,
                    Some(c) if digits.len() < 6 => digits.push(c),
                    _ => return Err(self.error(at, "`\\u{` wants up to six hexadecimal digits and `}`")),
                }
            }
        } else {
            for _ in 0..4 {
                digits.extend(self.next());
            }
        }
        u32::from_str_radix(&digits, 16)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| self.error(at, "`\\u` wants the hexadecimal number of a character"))
    }

    /// The text between the brace here and its match; braces in quotes or behind a backslash do not count.
    fn braces(&mut self) -> Option<String> {
        let start = self.at + 1;
        let mut depth = 0usize;
        let mut quote = None;
        let mut look = Lexer { line: self.line, at: self.at };
        while let Some(c) = look.next() {
            match (quote, c) {
                (Some('"') | None, '\\') => {
                    look.next();
                }
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '{') => depth += 1,
                (None, '}') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        self.at = look.at;
                        return self.line.get(start..look.at - 1).map(|inner| inner.trim().to_owned());
                    }
                }
                (None, _) => {}
            }
        }
        None
    }
}
