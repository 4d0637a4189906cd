//! The configuration as plain data, and the one list of its options.
//!
//! Each entry of [`FIELDS`] names an option by its section and key and knows how to read it. A test proves that `default.toml` sets and explains
//! every one of them and nothing else, so that no default needs to be written here: the `Default` of the parts is blank and never seen.

use crate::operator::{self, Rule, Takeover};
use crate::terminal::keys::Key;

use super::keytable::KeyTables;
use super::read::{self, Bad, Choice, Value};
use super::style::Style;

/// The whole configuration. [`Default`] is `config/default.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[general]`.
    pub general: General,
    /// `[history]`.
    pub history: History,
    /// `[mouse]`.
    pub mouse: Mouse,
    /// `[copy]`.
    pub copy: Copy,
    /// `[status]`.
    pub status: Status,
    /// `[titles]`.
    pub titles: Titles,
    /// `[colors]`.
    pub colors: Colors,
    /// `[clipboard]`.
    pub clipboard: Clipboard,
    /// `[times]`.
    pub times: Times,
    /// `[control]`.
    pub control: Control,
    /// `[access]`.
    pub access: Access,
    /// `[journal]`.
    pub journal: Journal,
    /// `[keys]`.
    pub keys: KeyTables,
}

impl Config {
    pub(super) fn blank() -> Self {
        Self {
            general: General::default(),
            history: History::default(),
            mouse: Mouse::default(),
            copy: Copy::default(),
            status: Status::default(),
            titles: Titles::default(),
            colors: Colors::default(),
            clipboard: Clipboard::default(),
            times: Times::default(),
            control: Control::default(),
            access: Access::default(),
            journal: Journal::default(),
            keys: KeyTables::default(),
        }
    }

    /// vi's or emacs' keys in copy mode and prompts. `editor` is the value of `$VISUAL` or else `$EDITOR`, asked when the option says `auto`: as with tmux
    /// an editor with `vi` in its name means vi.
    #[must_use]
    pub fn mode_keys(&self, editor: Option<&str>) -> ModeKeys {
        match self.general.mode_keys {
            ModeKeysChoice::Vi => ModeKeys::Vi,
            ModeKeysChoice::Emacs => ModeKeys::Emacs,
            ModeKeysChoice::Auto => {
                let program = editor.unwrap_or_default().split_whitespace().next().unwrap_or_default();
                let name = program.rsplit('/').next().unwrap_or_default();
                if name.contains("vi") { ModeKeys::Vi } else { ModeKeys::Emacs }
            }
        }
    }

    /// The name of the key table of copy mode.
    #[must_use]
    pub fn copy_table(&self, editor: Option<&str>) -> &'static str {
        match self.mode_keys(editor) {
            ModeKeys::Vi => KeyTables::COPY_VI,
            ModeKeys::Emacs => KeyTables::COPY_EMACS,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        super::parse::defaults().0
    }
}

/// `[general]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct General {
    /// The prefix key; none: there is no prefix.
    pub prefix: Option<Key>,
    /// A second prefix key.
    pub prefix2: Option<Key>,
    /// The shell of new panes; none: `$SHELL`, or else the user's.
    pub shell: Option<String>,
    /// What new panes run instead of the shell; none: the shell, as a login shell if `login_shell`.
    pub default_command: Option<String>,
    /// Whether shells are login shells.
    pub login_shell: bool,
    /// `$TERM` of new panes.
    pub term: String,
    /// Where new panes start.
    pub cwd: CwdPolicy,
    /// Variables that a session takes over from each client that attaches.
    pub update_environment: Vec<String>,
    /// Keep panes when their program ends.
    pub remain_on_exit: bool,
    /// Whose size a window has.
    pub window_size: WindowSize,
    /// Number of a session's first window.
    pub base_index: u32,
    /// Number of a window's first pane.
    pub pane_base_index: u32,
    /// Close gaps in the numbers of windows.
    pub renumber_windows: bool,
    /// Windows are named after the program in them until somebody names them.
    pub automatic_rename: bool,
    /// The server ends with its last session.
    pub exit_empty: bool,
    /// What a client does when its session ends.
    pub session_end: SessionEnd,
    /// Keys of copy mode and prompts.
    pub mode_keys: ModeKeysChoice,
    /// Mark windows in which something was written since anybody looked.
    pub monitor_activity: bool,
    /// Pass a bell on to the terminal.
    pub bell: bool,
    /// Part of the main pane in the layouts main-horizontal and main-vertical, in hundredths.
    pub main_pane_percent: u8,
}

/// `[history]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Most lines kept for a pane.
    pub lines: u64,
    /// Most bytes kept for a pane.
    pub bytes: u64,
}

/// `[control]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Control {
    /// What a human's key does in a pane that an agent has control of.
    pub takeover: Takeover,
    /// What becomes of what a non-human types at a password prompt.
    pub secret_prompt: SecretPrompt,
    /// Holds given to non-humans are supervised.
    pub supervised: bool,
    /// Seconds between two signs of life.
    pub heartbeat_s: u32,
    /// Seconds of silence until somebody is stale.
    pub stale_s: u32,
    /// Seconds that a stale human keeps control.
    pub grace_human_s: u32,
    /// Seconds that anybody else does.
    pub grace_other_s: u32,
    /// Seconds of a lease.
    pub hold_s: u32,
    /// Seconds that an offer is open.
    pub offer_s: u32,
    /// Seconds that a request is open.
    pub request_s: u32,
    /// Seconds until a proposal is denied.
    pub approval_s: u32,
    /// `[[control.rule]]`, in order.
    pub rules: Vec<Rule>,
}

impl Control {
    /// The times as control takes them.
    #[must_use]
    pub fn times(&self) -> operator::Times {
        let ms = |seconds: u32| u64::from(seconds) * 1_000;
        operator::Times {
            heartbeat_ms: ms(self.heartbeat_s),
            stale_ms: ms(self.stale_s),
            grace_human_ms: ms(self.grace_human_s),
            grace_other_ms: ms(self.grace_other_s),
            hold_ms: ms(self.hold_s),
            offer_ms: ms(self.offer_s),
            request_ms: ms(self.request_s),
            approval_ms: ms(self.approval_s),
        }
    }

    /// The rules of the file, and behind them those that always hold.
    #[must_use]
    pub fn policy(&self) -> operator::Policy {
        operator::Policy { rules: self.rules.iter().cloned().chain(operator::Policy::builtin()).collect() }
    }
}

/// `[access]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Other users of the machine who are let in: names or numbers.
    pub users: Vec<String>,
    /// Groups whose members are let in: names or numbers.
    pub groups: Vec<String>,
    /// As what.
    pub role: AccessRole,
}

/// `[journal]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journal {
    /// Size of a file at which the next one is begun, in bytes.
    pub size: u64,
    /// How many older files are kept.
    pub files: u32,
}

/// `[mouse]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mouse {
    /// Use the mouse.
    pub enabled: bool,
    /// Lines that one notch of the wheel scrolls.
    pub wheel_lines: u32,
    /// Letting go of the button after a selection copies it and leaves copy mode.
    pub select_copies: bool,
    /// The pane under the pointer gets the focus.
    pub focus_follows: bool,
}

/// `[copy]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Copy {
    /// Characters that part words, besides blanks.
    pub word_separators: String,
    /// Searches go on at the other end.
    pub wrap_search: bool,
    /// Searches take regular expressions.
    pub regex: bool,
    /// Small letters find capitals too, unless the text has one.
    pub smart_case: bool,
    /// Show the position in copy mode.
    pub position: bool,
    /// Paste buffers kept.
    pub buffers: u32,
}

/// `[status]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// Show the status line.
    pub enabled: bool,
    /// Where.
    pub position: Position,
    /// Format of the left part.
    pub left: String,
    /// Format of the right part.
    pub right: String,
    /// Columns of the left part, at most.
    pub left_length: u16,
    /// Columns of the right part, at most.
    pub right_length: u16,
    /// Where the list of windows stands.
    pub justify: Justify,
    /// Format of a window in the list.
    pub window: String,
    /// Format of the current window in the list.
    pub window_current: String,
    /// What stands between two windows.
    pub separator: String,
    /// Seconds between two looks at the clock; 0: never. Nothing else is looked for by time.
    pub interval_s: u32,
}

/// `[titles]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Titles {
    /// Title lines of panes.
    pub panes: PaneTitles,
    /// Format of a pane's title.
    pub pane: String,
    /// Set the terminal's title.
    pub terminal: bool,
    /// Format of the terminal's title.
    pub terminal_format: String,
}

macro_rules! styles {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// `[colors]`: one style for each thing; `S` is how a style is said, here or by whoever draws.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Colors<S = Style> {
            /// The theme these are based on.
            pub theme: String,
            $($(#[$doc])* pub $name: S,)+
        }

        impl<S: Clone> Colors<S> {
            /// All of them, said otherwise.
            #[must_use]
            pub fn map<T>(&self, say: impl Fn(S) -> T) -> Colors<T> {
                Colors { theme: self.theme.clone(), $($name: say(self.$name.clone()),)+ }
            }
        }
    };
}

styles! {
    /// The status line.
    status,
    /// Its left part.
    status_left,
    /// Its right part.
    status_right,
    /// A window in the list.
    window,
    /// The current window in the list.
    window_current,
    /// The window looked at before.
    window_last,
    /// A window that wrote something.
    window_activity,
    /// A window that rang the bell.
    window_bell,
    /// Dividers.
    border,
    /// Dividers of the pane with the focus.
    border_active,
    /// Titles.
    title,
    /// The title of the pane with the focus.
    title_active,
    /// Messages.
    message,
    /// Warnings and errors.
    warning,
    /// Prompts.
    prompt,
    /// The selection in copy mode.
    selection,
    /// Matches.
    search,
    /// The current match.
    search_current,
    /// Position and state in copy mode.
    copy_position,
    /// Lists and choosers.
    list,
    /// The chosen line.
    list_current,
    /// Letters that matched what was typed.
    list_match,
    /// Keys in help and hints.
    key,
    /// What matters less.
    faint,
    /// The clock, and panes' numbers.
    number,
    /// The number of the pane with the focus.
    number_active,
    /// A human's name.
    human,
    /// An agent's name.
    agent,
    /// A device's or a service's name.
    service,
}

/// `[clipboard]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clipboard {
    /// What is copied in copy mode goes to the terminal's clipboard by OSC 52.
    pub copy: bool,
    /// Programs in panes may set the clipboard by OSC 52.
    pub programs: bool,
}

/// `[times]`, in milliseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Times {
    /// How long an ESC waits for the rest of a key.
    pub escape_ms: u32,
    /// How long a repeating key may be repeated without the prefix.
    pub repeat_ms: u32,
    /// How long the prefix waits for its key; 0: for ever.
    pub prefix_ms: u32,
    /// After how long the prefix shows what may follow; 0: never.
    pub hint_ms: u32,
    /// How long messages are shown; 0: until a key is pressed.
    pub message_ms: u32,
    /// How long panes' numbers are shown.
    pub display_panes_ms: u32,
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl Choice for $name {
            const WORDS: &'static [&'static str] = &[$($text),+];
            const ALL: &'static [Self] = &[$(Self::$variant),+];
        }
    };
}

choices! {
    /// What becomes of what a non-human types while a program does not echo.
    SecretPrompt {
        /// A human may approve it, once.
        #[default]
        Approve = "approve",
        /// It is refused.
        Refuse = "refuse",
    }
}

impl Choice for Takeover {
    const WORDS: &'static [&'static str] = &["key", "chord", "ask", "never"];
    const ALL: &'static [Self] = &[Self::Key, Self::Chord, Self::Ask, Self::Never];
}

choices! {
    /// As what another user is let in.
    AccessRole {
        /// Looks on.
        #[default]
        Observer = "observer",
        /// Types.
        Participant = "participant",
        /// Types and rules.
        Admin = "admin",
    }
}

choices! {
    /// Where new panes start.
    CwdPolicy {
        /// Where the pane they come from is.
        #[default]
        Pane = "pane",
        /// Where their session was made.
        Session = "session",
        /// At home.
        Home = "home",
    }
}

choices! {
    /// Whose size a window has.
    WindowSize {
        /// The client that typed last.
        #[default]
        Latest = "latest",
        /// The largest client.
        Largest = "largest",
        /// The smallest client.
        Smallest = "smallest",
        /// Nobody's: it stays as it was made.
        Manual = "manual",
    }
}

choices! {
    /// What a client does when its session ends.
    SessionEnd {
        /// It leaves.
        #[default]
        Detach = "detach",
        /// It shows the session used last, and leaves with the last one.
        Switch = "switch",
    }
}

choices! {
    /// The option for the keys of copy mode and prompts.
    ModeKeysChoice {
        /// By `$VISUAL` or `$EDITOR`.
        #[default]
        Auto = "auto",
        /// vi's.
        Vi = "vi",
        /// emacs'.
        Emacs = "emacs",
    }
}

/// The keys of copy mode and prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModeKeys {
    /// vi's.
    Vi,
    /// emacs'.
    Emacs,
}

choices! {
    /// Where the status line is.
    Position {
        /// The last row.
        #[default]
        Bottom = "bottom",
        /// The first row.
        Top = "top",
    }
}

choices! {
    /// Where the list of windows stands.
    Justify {
        /// Behind the left part.
        #[default]
        Left = "left",
        /// In the middle.
        Centre = "centre",
        /// Before the right part.
        Right = "right",
    }
}

choices! {
    /// When panes have title lines.
    PaneTitles {
        /// Never: dividers are plain.
        Off = "off",
        /// When a window has more than one pane.
        #[default]
        Auto = "auto",
        /// Always.
        On = "on",
    }
}

/// An option.
pub struct Field {
    /// Section.
    pub section: &'static str,
    /// Key in the section.
    pub key: &'static str,
    /// Reads the value and puts it in its place; on an error nothing is changed.
    pub set: fn(&mut Config, &Value<'_>) -> Result<(), Bad>,
}

macro_rules! fields {
    ($($section:ident { $($key:literal => $field:ident: $read:expr;)+ })+) => {
        /// Every option.
        pub const FIELDS: &[Field] = &[
            $($(Field {
                section: stringify!($section),
                key: $key,
                set: |config, value| {
                    config.$section.$field = $read(value)?;
                    Ok(())
                },
            },)+)+
        ];
    };
}

fields! {
    general {
        "prefix" => prefix: read::key;
        "prefix2" => prefix2: read::key;
        "shell" => shell: read::optional_text;
        "default-command" => default_command: read::optional_text;
        "login-shell" => login_shell: read::switch;
        "term" => term: read::word;
        "cwd" => cwd: read::choice;
        "update-environment" => update_environment: read::names;
        "remain-on-exit" => remain_on_exit: read::switch;
        "window-size" => window_size: read::choice;
        "base-index" => base_index: |value| read::number(value, 0, 10_000);
        "pane-base-index" => pane_base_index: |value| read::number(value, 0, 10_000);
        "renumber-windows" => renumber_windows: read::switch;
        "automatic-rename" => automatic_rename: read::switch;
        "exit-empty" => exit_empty: read::switch;
        "session-end" => session_end: read::choice;
        "mode-keys" => mode_keys: read::choice;
        "monitor-activity" => monitor_activity: read::switch;
        "bell" => bell: read::switch;
        "main-pane-percent" => main_pane_percent: |value| read::number(value, 10, 90);
    }
    history {
        "lines" => lines: |value| read::number(value, 0, 1_000_000_000);
        "bytes" => bytes: read::bytes;
    }
    mouse {
        "enabled" => enabled: read::switch;
        "wheel-lines" => wheel_lines: |value| read::number(value, 1, 100);
        "select-copies" => select_copies: read::switch;
        "focus-follows" => focus_follows: read::switch;
    }
    copy {
        "word-separators" => word_separators: read::text;
        "wrap-search" => wrap_search: read::switch;
        "regex" => regex: read::switch;
        "smart-case" => smart_case: read::switch;
        "position" => position: read::switch;
        "buffers" => buffers: |value| read::number(value, 1, 10_000);
    }
    status {
        "enabled" => enabled: read::switch;
        "position" => position: read::choice;
        "left" => left: read::format;
        "right" => right: read::format;
        "left-length" => left_length: |value| read::number(value, 0, 1_000);
        "right-length" => right_length: |value| read::number(value, 0, 1_000);
        "justify" => justify: read::choice;
        "window" => window: read::format;
        "window-current" => window_current: read::format;
        "separator" => separator: read::format;
        "interval-s" => interval_s: |value| read::number(value, 0, 3_600);
    }
    titles {
        "panes" => panes: read::choice;
        "pane" => pane: read::format;
        "terminal" => terminal: read::switch;
        "terminal-format" => terminal_format: read::format;
    }
    colors {
        "theme" => theme: read::theme;
        "status" => status: read::style;
        "status-left" => status_left: read::style;
        "status-right" => status_right: read::style;
        "window" => window: read::style;
        "window-current" => window_current: read::style;
        "window-last" => window_last: read::style;
        "window-activity" => window_activity: read::style;
        "window-bell" => window_bell: read::style;
        "border" => border: read::style;
        "border-active" => border_active: read::style;
        "title" => title: read::style;
        "title-active" => title_active: read::style;
        "message" => message: read::style;
        "warning" => warning: read::style;
        "prompt" => prompt: read::style;
        "selection" => selection: read::style;
        "search" => search: read::style;
        "search-current" => search_current: read::style;
        "copy-position" => copy_position: read::style;
        "list" => list: read::style;
        "list-current" => list_current: read::style;
        "list-match" => list_match: read::style;
        "key" => key: read::style;
        "faint" => faint: read::style;
        "number" => number: read::style;
        "number-active" => number_active: read::style;
        "human" => human: read::style;
        "agent" => agent: read::style;
        "service" => service: read::style;
    }
    control {
        "takeover" => takeover: read::choice;
        "secret-prompt" => secret_prompt: read::choice;
        "supervised" => supervised: read::switch;
        "heartbeat-s" => heartbeat_s: |value| read::number(value, 1, 3_600);
        "stale-s" => stale_s: |value| read::number(value, 1, 86_400);
        "grace-human-s" => grace_human_s: |value| read::number(value, 0, 86_400);
        "grace-other-s" => grace_other_s: |value| read::number(value, 0, 86_400);
        "hold-s" => hold_s: |value| read::number(value, 1, 86_400);
        "offer-s" => offer_s: |value| read::number(value, 1, 86_400);
        "request-s" => request_s: |value| read::number(value, 1, 86_400);
        "approval-s" => approval_s: |value| read::number(value, 1, 3_600);
    }
    access {
        "users" => users: read::words;
        "groups" => groups: read::words;
        "role" => role: read::choice;
    }
    journal {
        "size" => size: |value| read::bytes(value).map(|size| size.max(64 * 1024));
        "files" => files: |value| read::number(value, 0, 900);
    }
    clipboard {
        "copy" => copy: read::switch;
        "programs" => programs: read::switch;
    }
    times {
        "escape-ms" => escape_ms: |value| read::number(value, 0, 10_000);
        "repeat-ms" => repeat_ms: |value| read::number(value, 0, 60_000);
        "prefix-ms" => prefix_ms: |value| read::number(value, 0, 600_000);
        "hint-ms" => hint_ms: |value| read::number(value, 0, 60_000);
        "message-ms" => message_ms: |value| read::number(value, 0, 600_000);
        "display-panes-ms" => display_panes_ms: |value| read::number(value, 100, 600_000);
    }
}
