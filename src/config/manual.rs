//! The option list of `baton-config.5`, made of the comments in `default.toml`.
//!
//! A comment stands directly above its option or section; an empty line ends it. Sections of keys are listed as tables of keys and
//! commands.

use crate::command::manual::escape;

use super::keytable::KeyTables;
use super::schema::Config;

/// A section or an option with its comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Section, without brackets.
    pub section: String,
    /// Option; none: the section itself.
    pub key: Option<String>,
    /// Its default, as written.
    pub default: String,
    /// The comment, as one paragraph.
    pub text: String,
}

/// All sections and options except keys, in the order of `default.toml`.
#[must_use]
pub fn options() -> Vec<Explained> {
    let mut out: Vec<Explained> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    let mut section = String::new();
    for line in super::DEFAULT_TEXT.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            out.push(Explained { section: section.clone(), key: None, default: String::new(), text: comment.join(" ") });
            comment.clear();
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !section.starts_with("keys")) {
            let (key, default) = (Some(key.to_owned()), value.to_owned());
            out.push(Explained { section: section.clone(), key, default, text: comment.join(" ") });
            comment.clear();
        } else if line.is_empty() {
            comment.clear();
        }
    }
    out
}

/// The sections OPTIONS, KEYS and FORMATS of `baton-config.5` as roff.
#[must_use]
pub fn options_roff() -> String {
    let mut out = String::from(".SH OPTIONS\n");
    for option in options().into_iter().filter(|option| !option.section.starts_with("keys")) {
        match option.key {
            None => {
                out.push_str(&format!(".SS [{}]\n", escape(&option.section)));
                if !option.text.is_empty() {
                    out.push_str(&format!("{}\n", escape(&option.text)));
                }
            }
            Some(key) => {
                out.push_str(&format!(".TP\n.BR {} \" = \\fI{}\\fP\"\n{}\n", escape(&key), quoted(&option.default), escape(&option.text)));
            }
        }
    }
    out.push_str(".SH DEFAULT KEYS\n");
    let config = Config::default();
    let titles = [
        (KeyTables::PREFIX, "Behind the prefix key"),
        (KeyTables::COPY_VI, "Copy mode with vi's keys"),
        (KeyTables::COPY_EMACS, "Copy mode with emacs' keys"),
    ];
    for (name, title) in titles {
        out.push_str(&format!(".SS [keys.{name}]\n{title}. A star marks keys that repeat.\n"));
        for (key, binding) in config.keys.table(name).into_iter().flat_map(super::KeyTable::iter) {
            let star = if binding.repeat { " *" } else { "" };
            out.push_str(&format!(".TP 12\n.B {}{star}\n{}\n", escape(&key.to_string()), escape(&binding.description())));
        }
    }
    out.push_str(".SH VARIABLES\nIn formats, as #{NAME}:\n");
    for (name, text) in super::format::VARIABLES {
        out.push_str(&format!(".TP 24\n.B {}\n{}\n", escape(name), escape(text)));
    }
    out
}

/// The same inside of a quoted argument of a macro.
fn quoted(text: &str) -> String {
    escape(text).replace('"', "\\(dq")
}
