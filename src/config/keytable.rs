//! What keys do: tables by name, each from keys to command lines.
//!
//! A client reads a key in the root table; if it is not there it goes to the pane. The prefix key makes the next key be read in the prefix table;
//! copy mode has `copy-vi` or `copy-emacs`; other tables are the user's own, reached by the command `key-table`. Help is made of the
//! live tables ([`KeyTable::iter`]), in the order of the files they came from.
//!
//! A [`Binding`] keeps its command line as text, and [`Binding::commands`] reads it when the key is pressed: reading costs a few microseconds then, and
//! starting a client does not cost a millisecond for two hundred keys that are never pressed. Lines of the user's file are checked when they are bound.

use crate::command::{self, Command, Place, UsageError};
use crate::terminal::keys::Key;

/// What a key does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binding {
    /// The command line.
    pub run: String,
    /// For a short while after it, keys are read in the same table again without the prefix (`bind -r`).
    pub repeat: bool,
    /// What it does, for help; may be empty: then the command's summary says it.
    pub note: String,
}

impl Binding {
    /// Its commands.
    ///
    /// # Errors
    /// As of [`command::parse_line`]; does not happen with what [`fn@super::parse`] kept.
    pub fn commands(&self) -> Result<Vec<Command>, UsageError> {
        command::parse_line(&self.run)
    }

    /// What it does, in a line: its note, or the summary of its command.
    #[must_use]
    pub fn description(&self) -> String {
        if !self.note.is_empty() {
            return self.note.clone();
        }
        let commands = command::line::split(&self.run).unwrap_or_default();
        let words: Vec<&str> = commands.first().map(|words| words.iter().map(|word| word.text.as_str()).collect()).unwrap_or_default();
        match command::find(&words, Place::Client) {
            // An action of copy mode says more than the command that does it.
            Ok(found) if found.spec.name == "copy" => words
                .get(1)
                .and_then(|action| command::CopyAction::by_name(action))
                .map_or_else(|| self.run.clone(), |action| action.summary().to_owned()),
            Ok(found) if commands.len() == 1 => found.spec.summary.to_owned(),
            _ => self.run.clone(),
        }
    }
}

/// A key table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyTable {
    bindings: Vec<(Key, Binding)>,
}

impl KeyTable {
    /// What `key` does here.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Binding> {
        let key = key.canonical();
        self.bindings.iter().find(|(bound, _)| *bound == key).map(|(_, binding)| binding)
    }

    /// Binds `key`, instead of what it did.
    pub fn bind(&mut self, key: Key, binding: Binding) {
        let key = key.canonical();
        match self.bindings.iter_mut().find(|(bound, _)| *bound == key) {
            Some((_, old)) => *old = binding,
            None => self.bindings.push((key, binding)),
        }
    }

    /// Makes `key` do nothing here; whether it did something.
    pub fn unbind(&mut self, key: Key) -> bool {
        let key = key.canonical();
        let before = self.bindings.len();
        self.bindings.retain(|(bound, _)| *bound != key);
        before != self.bindings.len()
    }

    /// All bindings, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Binding)> {
        self.bindings.iter().map(|(key, binding)| (*key, binding))
    }

    /// How many keys are bound.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bindings.len()
    }

    /// Whether no key is bound.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bindings.is_empty()
    }
}

/// All key tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyTables {
    tables: Vec<(String, KeyTable)>,
}

impl KeyTables {
    /// The table without a prefix.
    pub const ROOT: &'static str = "root";
    /// The table behind the prefix key.
    pub const PREFIX: &'static str = "prefix";
    /// Copy mode with vi's keys.
    pub const COPY_VI: &'static str = "copy-vi";
    /// Copy mode with emacs' keys.
    pub const COPY_EMACS: &'static str = "copy-emacs";

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&KeyTable> {
        self.tables.iter().find(|(known, _)| known == name).map(|(_, table)| table)
    }

    /// The table of that name, made if there is none.
    pub fn table_mut(&mut self, name: &str) -> &mut KeyTable {
        let at = match self.tables.iter().position(|(known, _)| known == name) {
            Some(at) => at,
            None => {
                self.tables.push((name.to_owned(), KeyTable::default()));
                self.tables.len() - 1
            }
        };
        &mut self.tables[at].1
    }

    /// What `key` does in the table of that name.
    #[must_use]
    pub fn lookup(&self, table: &str, key: Key) -> Option<&Binding> {
        self.table(table)?.get(key)
    }

    /// All tables, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &KeyTable)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table))
    }

    /// The keys in `table` that run a command line that begins with `command`, for hints such as "detach with C-b d".
    pub fn keys_for<'t>(&'t self, table: &str, command: &'t str) -> impl Iterator<Item = Key> + use<'t> {
        let table = self.tables.iter().find(|(known, _)| known == table).map(|(_, table)| table);
        table.into_iter().flat_map(KeyTable::iter).filter(move |(_, binding)| binding.run.starts_with(command)).map(|(key, _)| key)
    }
}
