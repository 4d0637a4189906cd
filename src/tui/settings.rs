//! What the client makes of the configuration: it, the styles as ratatui says them, and what the user switched for this client alone.
//!
//! Made anew when the configuration is read again; what was switched (mouse, status line) then is as configured.

use ratatui::style::{Color, Modifier, Style};

use crate::config::style::Attributes;
use crate::config::{self, Binding, Config, Position, format};
use crate::terminal::keys::Key;

/// Styles of everything that is not a pane's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Theme {
    /// The status line.
    pub status: Style,
    /// Dividers.
    pub divider: Style,
    /// Dividers of the focused pane.
    pub divider_active: Style,
    /// Titles of panes.
    pub title: Style,
    /// The title of the focused pane.
    pub title_active: Style,
    /// Messages.
    pub message: Style,
    /// Warnings and errors.
    pub warning: Style,
    /// Prompts and questions.
    pub prompt: Style,
    /// Selected text.
    pub selection: Style,
    /// Matches of a search.
    pub matched: Style,
    /// The match at the cursor.
    pub matched_current: Style,
    /// Position and state in copy mode.
    pub copy_position: Style,
    /// Lists, choosers and help.
    pub list: Style,
    /// The chosen line of a list.
    pub list_current: Style,
    /// Letters of a list that match what was typed.
    pub list_match: Style,
    /// Keys, in help and hints.
    pub key: Style,
    /// What matters less.
    pub faint: Style,
    /// Numbers of panes, and the clock.
    pub number: Style,
    /// The number of the focused pane.
    pub number_active: Style,
    /// A human's name.
    pub human: Style,
    /// An agent's name.
    pub agent: Style,
    /// A device's or a service's name.
    pub service: Style,
}

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

impl Theme {
    fn of(colors: &config::Colors) -> Self {
        Self {
            status: style(colors.status),
            divider: style(colors.border),
            divider_active: style(colors.border_active),
            title: style(colors.title),
            title_active: style(colors.title_active),
            message: style(colors.message),
            warning: style(colors.warning),
            prompt: style(colors.prompt),
            selection: style(colors.selection),
            matched: style(colors.search),
            matched_current: style(colors.search_current),
            copy_position: style(colors.copy_position),
            list: style(colors.list),
            list_current: style(colors.list_current),
            list_match: style(colors.list_match),
            key: style(colors.key),
            faint: style(colors.faint),
            number: style(colors.number),
            number_active: style(colors.number_active),
            human: style(colors.human),
            agent: style(colors.agent),
            service: style(colors.service),
        }
    }
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
            theme: Theme::of(&config.colors),
            status: config.status.enabled,
            mouse: config.mouse.enabled,
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
