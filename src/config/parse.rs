//! Text to configuration: the defaults, a theme over them, the user's file over both.

use toml::de::{DeTable, DeValue};

use crate::command::{self, spec::similar};
use crate::operator::Fault;
use crate::terminal::keys::Key;

use super::keytable::{Binding, KeyTables};
use super::read::{self, Bad, Value};
use super::rules;
use super::schema::{Config, FIELDS};

/// Most warnings of one file; a file that is not TOML at all would give thousands.
const WARNINGS_MAX: usize = 100;

/// Something wrong in a file, at a place in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}:{line}:{column}: {message}{}", suggestion.as_ref().map(|words| format!("; did you mean {words}?")).unwrap_or_default())]
pub struct Warning {
    /// The file.
    pub source_name: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong, in a line.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// Reads a user's file over the defaults.
#[must_use]
pub fn parse(text: &str, source_name: &str) -> (Config, Vec<Warning>) {
    let (mut config, _) = defaults();
    let defaults_prefix = config.general.prefix;
    // An editor of another system may have put a byte order mark there.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let document = document.into_inner();
    if let Some(theme) = theme_of(&document) {
        let (document, _) = DeTable::parse_recoverable(theme);
        Reader::new(theme, "theme", false).document(&mut config, document.get_ref());
    }
    let mut reader = Reader::new(text, source_name, true);
    // Whatever stood in a rule that is no TOML may have been a denial, or have said to whom it is one.
    let mut lost: Vec<usize> = Vec::new();
    for error in errors {
        let at = error.span().map_or(text.len(), |span| span.start);
        let before = text.get(..at).unwrap_or_default();
        let on_rule = text.get(at..).unwrap_or_default().trim_start().starts_with("[[control");
        let header = before.lines().rfind(|line| line.trim_start().starts_with('['));
        if on_rule || header.is_some_and(|header| header.contains("control")) {
            lost.push(before.lines().filter(|line| line.trim_start().starts_with("[[control")).count() + usize::from(on_rule));
        }
        reader.warn(at, error.message().lines().collect::<Vec<_>>().join(", "), None);
    }
    reader.document(&mut config, &document);
    for number in lost {
        let rules = &mut config.control.rules;
        if let Some(rule) = number.checked_sub(1).and_then(|at| rules.get_mut(at)) {
            rule.fault = Some(Fault::Selection);
        } else if rules.len() <= rules::RULES_MAX {
            rules.push(rules::unreadable(format!("control.rule {number}")));
        }
    }
    follow_prefix(&mut config, defaults_prefix, &reader.bound);
    let mut warnings = reader.warnings;
    warnings.sort_by_key(|warning| (warning.line, warning.column));
    (config, warnings)
}

/// The defaults, and which options they set; the warnings are tested to be none.
pub(super) fn defaults() -> (Config, Vec<Warning>) {
    let mut config = Config::blank();
    let (document, _) = DeTable::parse_recoverable(super::DEFAULT_TEXT);
    let mut reader = Reader::new(super::DEFAULT_TEXT, "default.toml", false);
    reader.document(&mut config, document.get_ref());
    (config, reader.warnings)
}

/// The text of the theme that a document asks for.
fn theme_of(document: &DeTable<'_>) -> Option<&'static str> {
    let name = document.get("colors")?.get_ref().as_table()?.get("theme")?.get_ref().as_str()?;
    super::THEMES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The prefix key behind the prefix types it; with another prefix that is the other key, unless the user says what it does.
fn follow_prefix(config: &mut Config, old: Option<Key>, bound: &[(String, Key)]) {
    let (Some(old), Some(new)) = (old, config.general.prefix) else {
        return;
    };
    let table = config.keys.table_mut(KeyTables::PREFIX);
    if old == new || bound.iter().any(|(name, key)| name == KeyTables::PREFIX && (*key == new || *key == old)) {
        return;
    }
    if let Some(binding) = table.get(old).cloned() {
        table.unbind(old);
        table.bind(new, binding);
    }
}

struct Reader<'t> {
    text: &'t str,
    source_name: &'t str,
    /// Command lines are checked. The defaults' are tested instead, which keeps every start fast.
    check_commands: bool,
    warnings: Vec<Warning>,
    /// Keys this text binds or unbinds.
    bound: Vec<(String, Key)>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, source_name: &'t str, check_commands: bool) -> Self {
        Self { text, source_name, check_commands, warnings: Vec::new(), bound: Vec::new() }
    }

    fn warn(&mut self, at: usize, message: String, suggestion: Option<String>) {
        if self.warnings.len() >= WARNINGS_MAX {
            return;
        }
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.warnings.push(Warning { source_name: self.source_name.to_owned(), line, column, message, suggestion });
    }

    fn warn_bad(&mut self, name: &str, span: std::ops::Range<usize>, bad: Bad) {
        // Inside of a text that has no escapes the exact place can be told.
        let inside = bad.column.and_then(|column| {
            let raw = self.text.get(span.clone())?;
            let inner = raw.strip_prefix(['"', '\''])?;
            if raw.starts_with("\"\"\"") || raw.starts_with("'''") || (raw.starts_with('"') && raw.contains('\\')) {
                return None;
            }
            inner.char_indices().nth(column).map(|(offset, _)| span.start + 1 + offset)
        });
        self.warn(inside.unwrap_or(span.start), format!("{name}: {}", bad.message), bad.suggestion);
    }

    fn document(&mut self, config: &mut Config, document: &DeTable<'_>) {
        for (section, value) in document {
            let at = section.span().start;
            let section = section.get_ref().as_ref();
            let known = section == "keys" || FIELDS.iter().any(|field| field.section == section);
            let Some(table) = value.get_ref().as_table() else {
                let home = FIELDS.iter().find(|field| field.key == section);
                let message = match home {
                    _ if known => format!("`{section}` is a section: write [{section}]"),
                    Some(field) => format!("`{section}` belongs in the section [{}]", field.section),
                    None => format!("unknown option `{section}`"),
                };
                self.warn(at, message, None);
                continue;
            };
            if section == "keys" {
                self.keys(config, table);
            } else if known {
                self.section(config, section, table);
            } else {
                let sections = FIELDS.iter().map(|field| field.section).chain(["keys"]);
                let suggestion = similar(section, sections).first().map(|name| format!("[{name}]"));
                self.warn(at, format!("unknown section [{section}]"), suggestion);
            }
        }
    }

    fn section(&mut self, config: &mut Config, section: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            // `escape_ms` is `escape-ms`: that much is clear.
            let dashed = name.replace('_', "-");
            if section == "control" && name == "rule" {
                self.rules(config, value);
                continue;
            }
            let Some(field) = FIELDS.iter().find(|field| field.section == section && field.key == dashed) else {
                let elsewhere = FIELDS.iter().find(|field| field.key == dashed);
                let (message, suggestion) = match elsewhere {
                    Some(field) => (format!("unknown option `{name}` in [{section}]; it belongs in [{}]", field.section), None),
                    None => {
                        let near = similar(name, FIELDS.iter().filter(|field| field.section == section).map(|field| field.key));
                        let near = near.first().map(|name| format!("`{name}`")).or_else(|| {
                            let field = FIELDS.iter().find(|field| similar(name, std::iter::once(field.key)).len() == 1)?;
                            Some(format!("`{}` in [{}]", field.key, field.section))
                        });
                        (format!("unknown option `{name}` in [{section}]"), near)
                    }
                };
                self.warn(key.span().start, message, suggestion);
                continue;
            };
            if let Err(bad) = (field.set)(config, value.get_ref()) {
                self.warn_bad(name, value.span(), bad);
            }
        }
    }

    fn rules(&mut self, config: &mut Config, value: &toml::Spanned<Value<'_>>) {
        let tables: Option<Vec<_>> = value.get_ref().as_array().map(|list| list.iter().collect());
        let Some(tables) = tables else {
            self.warn(value.span().start, "rules are written as [[control.rule]], with two brackets; this one denies".to_owned(), None);
            config.control.rules.push(rules::unreadable("control.rule".to_owned()));
            return;
        };
        if tables.len() > rules::RULES_MAX {
            self.warn(value.span().start, format!("more than {} rules; those behind deny", rules::RULES_MAX), None);
            config.control.rules.push(rules::unreadable("too many rules".to_owned()));
        }
        for (at, value) in tables.into_iter().take(rules::RULES_MAX).enumerate() {
            let number = at + 1;
            let Some(table) = value.get_ref().as_table() else {
                self.warn(value.span().start, "a rule is a table: [[control.rule]]; this one denies".to_owned(), None);
                config.control.rules.push(rules::unreadable(format!("control.rule {number}")));
                continue;
            };
            let (rule, wrong) = rules::rule(table, value.span(), number);
            for (span, option, bad) in wrong {
                if option.is_empty() {
                    self.warn(span.start, bad.message, bad.suggestion);
                } else {
                    self.warn_bad(option, span, bad);
                }
            }
            config.control.rules.push(rule);
        }
    }

    fn keys(&mut self, config: &mut Config, tables: &DeTable<'_>) {
        // In the order of the file, which is the order of help.
        let mut tables: Vec<_> = tables.iter().collect();
        tables.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in tables {
            let table_name = name.get_ref().as_ref();
            let Some(table) = value.get_ref().as_table() else {
                self.warn(name.span().start, format!("`{table_name}`: keys are bound in a table of keys, such as [keys.prefix]"), None);
                continue;
            };
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            for (key_name, value) in entries {
                let key = match Key::parse(key_name.get_ref()) {
                    Ok(key) => key.canonical(),
                    Err(_) => {
                        let bad = read::bad_key(key_name.get_ref());
                        self.warn(key_name.span().start, bad.message, bad.suggestion);
                        continue;
                    }
                };
                self.bound.push((table_name.to_owned(), key));
                match self.binding(value.get_ref(), value.span()) {
                    Some(Some(binding)) => config.keys.table_mut(table_name).bind(key, binding),
                    Some(None) => {
                        config.keys.table_mut(table_name).unbind(key);
                    }
                    None => {}
                }
            }
        }
    }

    /// A binding; `Some(None)` unbinds, `None` was warned of.
    fn binding(&mut self, value: &Value<'_>, span: std::ops::Range<usize>) -> Option<Option<Binding>> {
        match value {
            DeValue::String(text) if text.trim().is_empty() || text == "none" => Some(None),
            DeValue::Boolean(false) => Some(None),
            DeValue::String(text) => {
                self.check_line(text, span).then(|| Some(Binding { run: text.clone().into_owned(), repeat: false, note: String::new() }))
            }
            DeValue::Table(table) => {
                let mut binding = Binding { run: String::new(), repeat: false, note: String::new() };
                let mut good = true;
                for (key, value) in table {
                    let result = match key.get_ref().as_ref() {
                        "run" => read::text(value.get_ref()).map(|run| {
                            good &= self.check_line(&run, value.span());
                            binding.run = run;
                        }),
                        "repeat" => read::switch(value.get_ref()).map(|repeat| binding.repeat = repeat),
                        "note" => read::text(value.get_ref()).map(|note| binding.note = note),
                        name => {
                            let suggestion = similar(name, ["run", "repeat", "note"].into_iter()).first().map(|name| format!("`{name}`"));
                            self.warn(
                                key.span().start,
                                format!("unknown option `{name}` of a key; there are run, repeat and note"),
                                suggestion,
                            );
                            Ok(())
                        }
                    };
                    if let Err(bad) = result {
                        self.warn_bad(key.get_ref(), value.span(), bad);
                        good = false;
                    }
                }
                if good && binding.run.is_empty() && !table.contains_key("run") {
                    self.warn(span.start, "a key needs a command: { run = \"COMMAND\" }".to_owned(), None);
                    good = false;
                }
                if !good {
                    return None;
                }
                Some(Some(binding).filter(|binding| !binding.run.trim().is_empty() && binding.run != "none"))
            }
            _ => {
                self.warn(
                    span.start,
                    "expected a command line in quotes, or { run = \"…\", repeat = true, note = \"…\" }".to_owned(),
                    None,
                );
                None
            }
        }
    }

    fn check_line(&mut self, line: &str, span: std::ops::Range<usize>) -> bool {
        if !self.check_commands {
            return true;
        }
        let Err(error) = command::parse_line(line) else {
            return true;
        };
        let column = line.get(..error.offset).map_or(0, |before| before.chars().count());
        let mut message = error.to_string();
        if let Some(usage) = error.usage() {
            message.push_str("; ");
            message.push_str(&usage);
        }
        let suggestion = error.hint().map(|hint| hint.trim_start_matches("did you mean ").trim_end_matches('?').to_owned());
        self.warn_bad("key", span, Bad { message, suggestion, column: Some(column) });
        false
    }
}
