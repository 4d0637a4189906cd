//! The configuration: text comes in, a [`Config`] and warnings come out, never a refusal.
//!
//! `config/default.toml` is the only place where a default is written; it is compiled in ([`DEFAULT_TEXT`]) and read by the same code as the
//! user's file, which is laid over it. Whatever is wrong in a file keeps what was there before and gives a [`Warning`] with file, line,
//! column, what is wrong and what was probably meant.
//!
//! * [`schema`]: the plain data, and the one list of options with the reader of each;
//! * [`fn@parse`]: text to data, and layering: defaults, theme, user;
//! * [`read`]: TOML values to typed values;
//! * `rules`: the rules of who may do what, where an error denies;
//! * [`keytable`]: what keys do;
//! * [`style`], [`mod@format`]: the small languages of colours and of the status line;
//! * [`manual`]: the option list of `baton-config.5`, made of the comments in `default.toml`.
//!
//! Every start of a client reads the defaults, so this must take well under a millisecond: the commands behind keys stay text until a key is
//! pressed ([`keytable::Binding::commands`]), and those of the user's file are checked when it is read.
//!
//! Pure: no files, no environment, no clock; the value of `$EDITOR` and the like come in as arguments. Besides ids and geometry it
//! imports `terminal::keys`, for the names of keys, `command`, for what keys do, and `operator`, whose rules are read here.

pub mod agents;
pub mod format;
pub mod keytable;
pub mod manual;
pub mod parse;
pub mod read;
mod rules;
pub mod schema;
pub mod style;

#[cfg(test)]
mod tests;

pub use format::{Lookup, Span, Time};
pub use keytable::{Binding, KeyTable, KeyTables};
pub use parse::{Warning, parse};
pub use schema::{
    Access, AccessRole, Clipboard, Colors, Config, Control, Copy, CwdPolicy, General, History, Journal, Justify, ModeKeys, ModeKeysChoice,
    Mouse, PaneTitles, Position, SecretPrompt, SessionEnd, Status, Times, Titles, WindowSize,
};
pub use style::{Color, Style};

/// The commented defaults: `config/default.toml`.
pub const DEFAULT_TEXT: &str = include_str!("../../config/default.toml");

/// The built-in themes besides the defaults: name and text, as `[colors]` of a configuration.
pub const THEMES: [(&str, &str); 3] = [
    ("plain", include_str!("../../config/themes/plain.toml")),
    ("dusk", include_str!("../../config/themes/dusk.toml")),
    ("paper", include_str!("../../config/themes/paper.toml")),
];
