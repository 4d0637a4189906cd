//! What the client needs of the configuration, in the shape in which it needs it: key tables to be asked for one key, colours as ratatui styles.
//!
//! Made anew when the configuration is read again. What a user switches for one client (mouse, status line, titles) is changed here too and
//! lasts until then.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use crate::command::Command;
use crate::terminal::keys::Key;

/// A key's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What it runs.
    pub command: Command,
    /// It may be pressed again without the prefix within the repeat time.
    pub repeat: bool,
    /// What it does, for help.
    pub note: String,
}

/// Styles of everything that is not a pane's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// The status line.
    pub status: Style,
    /// The window looked at, in the status line.
    pub status_current: Style,
    /// A window that wants attention, in the status line.
    pub status_alert: Style,
    /// The message line.
    pub message: Style,
    /// The message line when something is wrong.
    pub message_error: Style,
    /// Dividers.
    pub divider: Style,
    /// Dividers of the focused pane.
    pub divider_active: Style,
    /// Titles of panes.
    pub title: Style,
    /// The title of the focused pane.
    pub title_active: Style,
    /// Operators in titles.
    pub operator: Style,
    /// Borders of overlays.
    pub border: Style,
    /// Selected text and the selected row of a chooser.
    pub selection: Style,
    /// Matches of a search.
    pub matched: Style,
    /// The match at the cursor.
    pub matched_current: Style,
    /// Numbers of panes.
    pub pane_number: Style,
    /// The number of the focused pane.
    pub pane_number_active: Style,
    /// What a dead pane says.
    pub dead: Style,
    /// Around a window that is smaller than the client.
    pub outside: Style,
}

impl Default for Theme {
    fn default() -> Self {
        let plain = Style::new();
        let bar = plain.fg(Color::Black).bg(Color::Green);
        let yellow = plain.fg(Color::Black).bg(Color::Yellow);
        Self {
            status: bar,
            status_current: bar.add_modifier(Modifier::BOLD),
            status_alert: bar.add_modifier(Modifier::REVERSED),
            message: yellow,
            message_error: plain.fg(Color::White).bg(Color::Red),
            divider: plain.fg(Color::DarkGray),
            divider_active: plain.fg(Color::Green),
            title: plain,
            title_active: plain.fg(Color::Green),
            operator: plain.fg(Color::Cyan),
            border: plain.fg(Color::Green),
            selection: yellow,
            matched: plain.fg(Color::Black).bg(Color::Cyan),
            matched_current: plain.fg(Color::Black).bg(Color::Magenta),
            pane_number: plain.fg(Color::Blue),
            pane_number_active: plain.fg(Color::Red),
            dead: plain.fg(Color::Black).bg(Color::Yellow),
            outside: plain.fg(Color::DarkGray),
        }
    }
}

/// The client's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The prefix keys.
    pub prefix: Vec<Key>,
    /// Key tables by name.
    pub tables: BTreeMap<String, BTreeMap<Key, Bound>>,
    /// How long the outer terminal may take between an Escape and what belongs to it.
    pub escape_time_ms: u64,
    /// How long repeatable keys work without the prefix.
    pub repeat_time_ms: u64,
    /// How long a message stays; 0: until a key is pressed.
    pub message_time_ms: u64,
    /// Whether there is a status line.
    pub status: bool,
    /// Whether it is the top row.
    pub status_top: bool,
    /// Its left part, a format text.
    pub status_left: String,
    /// Its right part, a format text.
    pub status_right: String,
    /// An entry of its window list, a format text.
    pub status_window: String,
    /// The entry of the window looked at, a format text.
    pub status_window_current: String,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Rows that a step of the wheel scrolls.
    pub wheel_rows: u16,
    /// The key table of copy mode.
    pub copy_table: String,
    /// Whether the outer terminal's title says where the client is.
    pub set_titles: bool,
    /// Characters besides blanks that end a word for a double click.
    pub word_separators: String,
    /// Whether a program's bell rings the outer terminal.
    pub bell: bool,
    /// How long the numbers of panes are shown.
    pub display_panes_time_ms: u64,
    /// Styles.
    pub theme: Theme,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: vec![Key::ctrl('b')],
            tables: BTreeMap::new(),
            escape_time_ms: 10,
            repeat_time_ms: 500,
            message_time_ms: 1500,
            status: true,
            status_top: false,
            status_left: "[#S] ".to_owned(),
            status_right: " \"#T\" #h %H:%M %d-%b-%y".to_owned(),
            status_window: "#I:#W#F".to_owned(),
            status_window_current: "#I:#W#F".to_owned(),
            mouse: true,
            wheel_rows: 3,
            copy_table: "copy-mode-vi".to_owned(),
            set_titles: true,
            word_separators: "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~".to_owned(),
            bell: true,
            display_panes_time_ms: 1000,
            theme: Theme::default(),
        }
    }
}

impl Settings {
    /// What `key` does in `table`.
    #[must_use]
    pub fn bound(&self, table: &str, key: Key) -> Option<&Bound> {
        self.tables.get(table)?.get(&key.canonical())
    }

    /// Whether the status line shows the time, so that the client must wake at each full minute.
    #[must_use]
    pub fn shows_clock(&self) -> bool {
        self.status && (self.status_left.contains('%') || self.status_right.contains('%'))
    }
}
