//! What the client makes of the configuration: it, the styles as ratatui says them, and what the user switched for this client alone.
//!
//! Made anew when the configuration is read again; what was switched (mouse, status line) then is as configured.

use ratatui::style::{Color, Modifier, Style};

use super::control::words::TakesBy;
use crate::config::style::Attributes;
use crate::config::{self, Binding, Config, Position, format};
use crate::terminal::keys::Key;

/// Styles of everything that is not a pane's content, as ratatui says them.
pub type Theme = config::Colors<Style>;

/// A configured style as ratatui says it.
#[must_use]
pub fn style(from: config::Style) -> Style {
    const MODIFIERS: [(Attributes, Modifier); 8] = [
        (Attributes::BOLD, Modifier::BOLD),
        (Attributes::DIM, Modifier::DIM),
        (Attributes::ITALICS, Modifier::ITALIC),
        (Attributes::UNDERSCORE, Modifier::UNDERLINED),
        (Attributes::BLINK, Modifier::SLOW_BLINK),
        (Attributes::REVERSE, Modifier::REVERSED),
        (Attributes::HIDDEN, Modifier::HIDDEN),
        (Attributes::STRIKETHROUGH, Modifier::CROSSED_OUT),
    ];
    let color = |color: config::Color| match color {
        config::Color::Default => Color::Reset,
        config::Color::Indexed(index) => Color::Indexed(index),
        config::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    };
    let mut out = Style { fg: from.fg.map(color), bg: from.bg.map(color), ..Style::default() };
    for (attribute, modifier) in MODIFIERS {
        if from.unset.has(attribute) {
            out = out.remove_modifier(modifier);
        }
        if from.set.has(attribute) {
            out = out.add_modifier(modifier);
        }
    }
    out
}

/// The client's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The configuration.
    pub config: Config,
    /// Its styles.
    pub theme: Theme,
    /// Whether there is a status line.
    pub status: bool,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// What a key does where an agent has control.
    pub takes_by: TakesBy,
    /// The key table of copy mode.
    pub copy_table: &'static str,
    /// How often what the status line shows changes by time alone, in seconds; none: never.
    pub clock_period_s: Option<u32>,
}

impl Settings {
    /// Of a configuration. `editor` is `$VISUAL`, else `$EDITOR`.
    #[must_use]
    pub fn new(config: Config, editor: Option<&str>) -> Self {
        let formats = [&config.status.left, &config.status.right, &config.status.window, &config.status.window_current];
        let shown = formats.into_iter().filter_map(|text| format::period_s(text)).min();
        Self {
            theme: config.colors.map(style),
            status: config.status.enabled,
            mouse: config.mouse.enabled,
            takes_by: TakesBy::of_word(config.control.takeover.word()),
            copy_table: config.copy_table(editor),
            clock_period_s: shown.map(|period| period.max(config.status.interval_s)),
            config,
        }
    }

    /// Whether the status line is the top row.
    #[must_use]
    pub fn status_top(&self) -> bool {
        self.config.status.position == Position::Top
    }

    /// Whether `key` is a prefix key.
    #[must_use]
    pub fn is_prefix(&self, key: Key) -> bool {
        let general = &self.config.general;
        [general.prefix, general.prefix2].into_iter().flatten().any(|prefix| prefix.canonical() == key.canonical())
    }

    /// What `key` does in `table`.
    #[must_use]
    pub fn bound(&self, table: &str, key: Key) -> Option<&Binding> {
        self.config.keys.lookup(table, key)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(Config::default(), None)
    }
}
