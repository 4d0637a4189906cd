//! What of the configuration the server goes by, in its own types.

use crate::geometry::Size;
use crate::session::RemainOnExit;
use crate::terminal::vt100::Look;

/// Whose viewport a window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WindowSize {
    /// Of who typed last in it.
    #[default]
    Latest,
    /// The largest of its viewers.
    Largest,
    /// The smallest of its viewers.
    Smallest,
    /// Nobody's.
    Manual,
}

/// Where new panes start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NewPaneCwd {
    /// Where the pane they come from is.
    #[default]
    Pane,
    /// Where their session was made.
    Session,
    /// At home.
    Home,
}

/// The server's options.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    /// Program for panes that name none; none: the user's login shell.
    pub(super) default_shell: Option<String>,
    /// What panes run that name nothing; none: the shell.
    pub(super) default_command: Option<String>,
    /// Shells are started as login shells.
    pub(super) login_shell: bool,
    /// Who looked at a session that ended looks at the one used last, if there is one.
    pub(super) switch_at_end: bool,
    pub(super) new_pane_cwd: NewPaneCwd,
    pub(super) main_pane_percent: u8,
    pub(super) pane_base_index: u32,
    /// What programs are told of colours.
    pub(super) look: Look,
    /// `TERM` in panes.
    pub(super) default_terminal: String,
    /// Variables that a session takes from who attaches.
    pub(super) update_environment: Vec<String>,
    pub(super) window_size: WindowSize,
    pub(super) remain_on_exit: RemainOnExit,
    /// End with the last session.
    pub(super) exit_empty: bool,
    pub(super) base_index: u32,
    pub(super) renumber_windows: bool,
    /// Lines of history per pane.
    pub(super) history_lines: u64,
    /// Bytes of history per pane.
    pub(super) history_bytes: u64,
    /// Programs may set the clipboard (OSC 52).
    pub(super) set_clipboard: bool,
    pub(super) automatic_rename: bool,
    pub(super) monitor_activity: bool,
    /// Holds that are given to non-humans are supervised.
    pub(super) supervised: bool,
    /// A human may approve what a non-human types at a password prompt.
    pub(super) secrets_by_approval: bool,
    /// A row of titles above panes.
    pub(super) pane_titles: bool,
    /// Size of windows that nobody looks at.
    pub(super) default_size: Size,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_shell: None,
            default_command: None,
            login_shell: true,
            switch_at_end: false,
            new_pane_cwd: NewPaneCwd::Pane,
            main_pane_percent: 50,
            pane_base_index: 0,
            look: Look::default(),
            default_terminal: "screen-256color".to_owned(),
            update_environment: [
                "DISPLAY",
                "KRB5CCNAME",
                "SSH_ASKPASS",
                "SSH_AUTH_SOCK",
                "SSH_AGENT_PID",
                "SSH_CONNECTION",
                "WAYLAND_DISPLAY",
                "WINDOWID",
                "XAUTHORITY",
            ]
            .map(str::to_owned)
            .to_vec(),
            window_size: WindowSize::Latest,
            remain_on_exit: RemainOnExit::Off,
            exit_empty: true,
            base_index: 0,
            renumber_windows: false,
            history_lines: 2000,
            history_bytes: 10 * 1024 * 1024,
            set_clipboard: true,
            automatic_rename: true,
            monitor_activity: false,
            supervised: false,
            secrets_by_approval: true,
            pane_titles: false,
            default_size: Size::new(80, 24),
        }
    }
}
