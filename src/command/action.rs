//! What a command comes to: plain data for whoever carries it out.
//!
//! A [`Command`] is a request to the server, something a full-screen client does with its own view, or something the shell program
//! does. Targets stay texts as the user wrote them (`work:2.1`, `%7`, `{last}`): the server resolves them against what exists, a client
//! those of its view commands against its model. `None` means "where I am".

use crate::geometry::{Axis, Direction};
use crate::protocol::message::{JournalQuery, NewSession, Request};

use super::error::UsageError;
use super::line;
use super::spec::{CommandSpec, Place};
use super::steer::Steer;

/// A command, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The server does it.
    Request(Request),
    /// The client does it with its own view. Never the outcome of words read for [`Place::Shell`].
    View(ViewCommand),
    /// The shell program does it. Never the outcome of words read for [`Place::Client`].
    Cli(CliCommand),
    /// One after another, until one fails. Comes of `;`, and of commands that are two requests (`resize -x 80 -y 24`).
    Sequence(Vec<Command>),
}

/// What a full-screen client does with its own view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewCommand {
    /// Leave; the panes go on.
    Detach,
    /// Make a session and look at it. With `attach` look at the one of that name if there is one.
    NewSession {
        /// What to make.
        session: NewSession,
        /// `-A`.
        attach: bool,
    },
    /// Look at another session (or window, or pane, if the target names one).
    SwitchSession(Switch<SessionStep>),
    /// Look at another window of this session.
    SelectWindow(Switch<WindowStep>),
    /// Give another pane of this window the focus.
    SelectPane(Switch<PaneStep>),
    /// Fill the window with the pane that has the focus, or with the target, or no longer.
    Zoom {
        /// Pane; none: the one with the focus.
        target: Option<String>,
    },
    /// Open a chooser.
    Choose(Choose),
    /// Look for a window by name, title or visible text, and go there or offer a choice.
    FindWindow(String),
    /// Show the panes' numbers; a digit gives that pane the focus.
    DisplayPanes,
    /// Ask for text, then go on with it.
    Prompt(Prompt),
    /// Ask yes or no, then go on.
    Confirm(Confirm),
    /// Show the live key tables; with a key table's name only that one.
    ListKeys {
        /// Name of a key table.
        table: Option<String>,
    },
    /// Wait for a key and say what it does.
    DescribeKey,
    /// Show help on a command, or on all.
    Help(Option<&'static CommandSpec>),
    /// Say a format text in the status line; none: what there is to say about the pane (`display-message`).
    Message(Option<String>),
    /// Show earlier messages.
    ShowMessages,
    /// Fill the pane with a clock until a key is pressed.
    Clock,
    /// Draw everything anew, and ask the server for whole frames.
    Refresh,
    /// Stop this client as C-z stops a program.
    Suspend,
    /// Type the prefix key into the pane with the focus.
    SendPrefix,
    /// Read the next key in this key table instead of the root table.
    KeyTable(String),
    /// Switch something of this view on or off.
    Toggle {
        /// What.
        what: ToggleWhat,
        /// On or off; none: the other way.
        on: Option<bool>,
    },
    /// Look at what another operator looks at, until a key is pressed; none: stop following, or offer a choice.
    Follow {
        /// Name or id of an operator.
        operator: Option<String>,
    },
    /// Move the visible part of a window that is larger than this client; none: back to the cursor.
    Pan(Option<(Direction, u16)>),
    /// Look at the pane's history.
    CopyMode {
        /// One page up at once (`-u`).
        page_up: bool,
        /// Leave when the bottom is reached again by scrolling (`-e`).
        exit_at_bottom: bool,
        /// Pane.
        target: Option<String>,
    },
    /// Do something in copy mode.
    Copy(CopyCommand),
    /// Type a paste buffer into the pane.
    Paste {
        /// Name; none: the newest.
        buffer: Option<String>,
        /// Forget the buffer afterwards.
        delete: bool,
        /// Pane; none: the one with the focus.
        target: Option<String>,
    },
    /// Show a reply of the server in a scrollable view: commands that list something, given at the prompt.
    Show(Request),
    /// Something about control of a pane.
    Steer {
        /// What.
        what: Steer,
        /// Pane; none: the one with the focus, or the card that is shown.
        target: Option<String>,
    },
}

/// Go to a named thing, or take a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch<Step> {
    /// What a `-t` names.
    To(String),
    /// A step from where one is.
    Step(Step),
}

/// A step among sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionStep {
    /// The one looked at before.
    Last,
    /// The next by name.
    Next,
    /// The previous by name.
    Previous,
}

/// A step among the windows of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowStep {
    /// The one looked at before.
    Last,
    /// The next by number, round.
    Next,
    /// The previous by number, round.
    Previous,
    /// The next that wants attention.
    NextAlert,
    /// The previous that wants attention.
    PreviousAlert,
}

/// A step among the panes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaneStep {
    /// The one that had the focus before.
    Last,
    /// The next in layout order, round.
    Next,
    /// The previous in layout order, round.
    Previous,
    /// The neighbour on that side, round.
    Towards(Direction),
}

/// tmux's words for a step, for requests that name a target by text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Neighbour;

impl Neighbour {
    /// tmux's target word for a pane step: `{next}`, `{left-of}` …
    #[must_use]
    pub const fn pane(step: PaneStep) -> &'static str {
        match step {
            PaneStep::Last => "{last}",
            PaneStep::Next => "{next}",
            PaneStep::Previous => "{previous}",
            PaneStep::Towards(Direction::Left) => "{left-of}",
            PaneStep::Towards(Direction::Right) => "{right-of}",
            PaneStep::Towards(Direction::Up) => "{up-of}",
            PaneStep::Towards(Direction::Down) => "{down-of}",
        }
    }

    /// tmux's target word for a window step; steps to the next alert are a client's own and have none.
    #[must_use]
    pub const fn window(step: WindowStep) -> Option<&'static str> {
        match step {
            WindowStep::Last => Some("{last}"),
            WindowStep::Next => Some("{next}"),
            WindowStep::Previous => Some("{previous}"),
            WindowStep::NextAlert | WindowStep::PreviousAlert => None,
        }
    }
}

/// A chooser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choose {
    /// Sessions, their windows folded (`choose-tree -s`).
    Sessions,
    /// All windows of all sessions (`choose-tree -w`).
    Windows,
    /// The whole tree, panes included.
    Tree,
    /// Paste buffers.
    Buffers,
    /// Attachments, to detach one.
    Clients,
    /// Layout presets.
    Layouts,
    /// All commands, by name and summary (palette).
    Commands,
}

/// What [`ViewCommand::Toggle`] switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ToggleWhat {
    /// The mouse, for this client.
    Mouse,
    /// The status line.
    Status,
    /// Title lines of panes, for this client.
    Titles,
}

/// What a yes answers (`confirm-before`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// The question as a format text, such as `kill pane #P?`; none: one made of the command.
    pub question: Option<String>,
    /// The command as it was written, to be shown.
    pub text: String,
    /// What a yes runs.
    pub then: Vec<Command>,
}

/// How a prompt reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PromptKind {
    /// A line, ended by Enter.
    Line,
    /// One key (`-1`).
    Key,
    /// Digits; the first other key ends it and is then handled as usual (`-N`).
    Number,
}

/// Questions whose answers complete a command (`command-prompt`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The questions as format texts, asked one after another; at least one.
    pub questions: Vec<String>,
    /// What the answers are before anything is typed, as format texts such as `#W`; empty where there is none.
    pub initial: Vec<String>,
    /// How an answer reads.
    pub kind: PromptKind,
    /// The command in words, in which `%%` and `%1` stand for the first answer, `%2` for the second …; none: the answer is a command line.
    pub template: Option<Vec<Vec<String>>>,
}

impl Prompt {
    /// The prompt that `:` opens: one command line.
    #[must_use]
    pub fn command_line(initial: &str) -> Self {
        Self { questions: vec![":".to_owned()], initial: vec![initial.to_owned()], kind: PromptKind::Line, template: None }
    }

    /// The commands that these answers make, in the order of [`Prompt::questions`].
    ///
    /// Answers replace their marks inside words that were split before: blanks, quotes and `;` in an answer are just text.
    ///
    /// # Errors
    /// [`UsageError`] as of [`super::parse_line`].
    pub fn fill(&self, answers: &[String]) -> Result<Vec<Command>, UsageError> {
        let Some(template) = &self.template else {
            return line::parse_line(answers.first().map_or("", String::as_str));
        };
        template
            .iter()
            .map(|words| {
                let words: Vec<String> = words.iter().map(|word| substitute(word, answers)).collect();
                Ok(super::args::read_command(&words, Place::Client)?.command)
            })
            .collect()
    }
}

/// `word` with `%%` and `%1` … `%9` replaced. `%N` beyond the answers stays, so that pane ids (`%12`) in templates survive when they are not a single digit.
fn substitute(word: &str, answers: &[String]) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let mut chars = after.chars();
        let (answer, used) = match chars.next() {
            Some('%') => (answers.first(), 1),
            Some(digit @ '1'..='9') if !chars.next().is_some_and(|next| next.is_ascii_digit()) => {
                (answers.get(digit as usize - '1' as usize), 1)
            }
            _ => (None, 0),
        };
        match answer {
            Some(answer) => {
                out.push_str(answer);
                rest = &after[used..];
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Something done in copy mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyCommand {
    /// What.
    pub action: CopyAction,
    /// The text searched for, the character jumped to, the line gone to, the digit of a repeat count. Without it the client asks.
    pub argument: Option<String>,
}

macro_rules! copy_actions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal $(takes $what:literal)?,)*) => {
        /// What can be done in copy mode, with tmux's names. Moving actions extend a selection that has begun.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CopyAction {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl CopyAction {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The names of all, in the order of [`CopyAction::ALL`].
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does, in a line.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim().trim_end_matches('.'),)* }
            }

            /// What its argument is, if it takes one.
            #[must_use]
            pub const fn takes(self) -> Option<&'static str> {
                match self { $(Self::$variant => copy_actions!(@takes $($what)?),)* }
            }
        }
    };
    (@takes) => { None };
    (@takes $what:literal) => { Some($what) };
}

copy_actions! {
    /// Leave copy mode.
    Cancel = "cancel",
    /// Drop the selection and stay.
    ClearSelection = "clear-selection",
    /// Begin a selection at the cursor.
    BeginSelection = "begin-selection",
    /// Stop extending the selection.
    StopSelection = "stop-selection",
    /// Select whole lines from the cursor's.
    SelectLine = "select-line",
    /// Select the word under the cursor.
    SelectWord = "select-word",
    /// Select a rectangle, or no longer.
    RectangleToggle = "rectangle-toggle",
    /// Go to the other end of the selection.
    OtherEnd = "other-end",
    /// Copy the selection and stay.
    CopySelection = "copy-selection",
    /// Copy the selection and leave.
    CopySelectionAndCancel = "copy-selection-and-cancel",
    /// Add the selection to the newest buffer and leave.
    AppendSelectionAndCancel = "append-selection-and-cancel",
    /// Copy from the cursor to the end of the line and leave.
    CopyEndOfLineAndCancel = "copy-end-of-line-and-cancel",
    /// Copy the line and leave.
    CopyLineAndCancel = "copy-line-and-cancel",
    /// One cell left.
    CursorLeft = "cursor-left",
    /// One cell right.
    CursorRight = "cursor-right",
    /// One row up.
    CursorUp = "cursor-up",
    /// One row down.
    CursorDown = "cursor-down",
    /// To the start of the line.
    StartOfLine = "start-of-line",
    /// To the first character of the line that is not blank.
    BackToIndentation = "back-to-indentation",
    /// To the end of the line.
    EndOfLine = "end-of-line",
    /// To the start of the next word.
    NextWord = "next-word",
    /// To the end of the word.
    NextWordEnd = "next-word-end",
    /// To the start of the word before.
    PreviousWord = "previous-word",
    /// To the start of the next word between blanks.
    NextSpace = "next-space",
    /// To the end of the word between blanks.
    NextSpaceEnd = "next-space-end",
    /// To the start of the word between blanks before.
    PreviousSpace = "previous-space",
    /// To the top row.
    TopLine = "top-line",
    /// To the middle row.
    MiddleLine = "middle-line",
    /// To the bottom row.
    BottomLine = "bottom-line",
    /// One page up.
    PageUp = "page-up",
    /// One page down.
    PageDown = "page-down",
    /// Half a page up.
    HalfpageUp = "halfpage-up",
    /// Half a page down.
    HalfpageDown = "halfpage-down",
    /// Scroll one row up.
    ScrollUp = "scroll-up",
    /// Scroll one row down.
    ScrollDown = "scroll-down",
    /// Scroll so that the cursor's row is in the middle.
    ScrollMiddle = "scroll-middle",
    /// To the oldest line.
    HistoryTop = "history-top",
    /// To the newest line.
    HistoryBottom = "history-bottom",
    /// To a line by its distance from the bottom.
    GotoLine = "goto-line" takes "LINE",
    /// Search towards the bottom.
    SearchForward = "search-forward" takes "TEXT",
    /// Search towards the top.
    SearchBackward = "search-backward" takes "TEXT",
    /// Search towards the bottom while typing.
    SearchForwardIncremental = "search-forward-incremental" takes "TEXT",
    /// Search towards the top while typing.
    SearchBackwardIncremental = "search-backward-incremental" takes "TEXT",
    /// Search the word under the cursor towards the bottom.
    SearchForwardWord = "search-forward-word",
    /// Search the word under the cursor towards the top.
    SearchBackwardWord = "search-backward-word",
    /// The next match.
    SearchAgain = "search-again",
    /// The next match the other way.
    SearchReverse = "search-reverse",
    /// To the next character of that kind in the line.
    JumpForward = "jump-forward" takes "CHARACTER",
    /// To the previous character of that kind in the line.
    JumpBackward = "jump-backward" takes "CHARACTER",
    /// Before the next character of that kind in the line.
    JumpToForward = "jump-to-forward" takes "CHARACTER",
    /// Behind the previous character of that kind in the line.
    JumpToBackward = "jump-to-backward" takes "CHARACTER",
    /// The same jump again.
    JumpAgain = "jump-again",
    /// The same jump the other way.
    JumpReverse = "jump-reverse",
    /// To the next empty line.
    NextParagraph = "next-paragraph",
    /// To the previous empty line.
    PreviousParagraph = "previous-paragraph",
    /// To the next or the matching bracket.
    NextMatchingBracket = "next-matching-bracket",
    /// To the previous or the matching bracket.
    PreviousMatchingBracket = "previous-matching-bracket",
    /// To the next shell prompt (OSC 133).
    NextPrompt = "next-prompt",
    /// To the previous shell prompt (OSC 133).
    PreviousPrompt = "previous-prompt",
    /// Set the mark at the cursor.
    SetMark = "set-mark",
    /// Exchange cursor and mark.
    JumpToMark = "jump-to-mark",
    /// Add a digit to the repeat count; 0 with no count goes to the start of the line.
    Count = "count" takes "DIGIT",
    /// Show the position, or no longer.
    TogglePosition = "toggle-position",
}

impl CopyAction {
    /// The action of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).and_then(|at| Self::ALL.get(at)).copied()
    }
}

/// What the shell program does itself, or with more than one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CliCommand {
    /// Print help on a command, or on all.
    Help(Option<&'static CommandSpec>),
    /// Print the release.
    Version,
    /// Attach this terminal; what bare `baton` does, then with `create`.
    Attach {
        /// What to attach to; none: the session used last.
        target: Option<String>,
        /// Make a session if there is none (bare `baton`).
        create: bool,
        /// Look on only.
        read_only: bool,
        /// Detach the other clients.
        detach_others: bool,
    },
    /// Make a session and attach to it (`new` without `-d`; with it the outcome is a request).
    New {
        /// What to make.
        session: NewSession,
        /// Attach to the one of that name if there is one (`-A`).
        attach: bool,
        /// With `attach`: detach the other clients (`-D`).
        detach_others: bool,
    },
    /// Sessions, windows or panes as a table or as JSON; asks for the tree.
    List(ListWhat),
    /// Whether a target exists: exit code 0 or 3.
    Has(String),
    /// Write a session's layout to a file; none: standard output.
    LayoutSave {
        /// Session.
        target: Option<String>,
        /// Path.
        file: Option<String>,
    },
    /// Make a session from a layout file; `-`: standard input.
    LayoutLoad {
        /// Path.
        file: String,
        /// Name of the session.
        name: Option<String>,
    },
    /// Replace the server by this binary; none: the one now running.
    Upgrade {
        /// Path.
        binary: Option<String>,
    },
    /// Answer a proposal, after its whole text was shown.
    Approve {
        /// Pane; none: the one where it is.
        target: Option<String>,
        /// Its number.
        proposal: u64,
        /// Deny it instead.
        deny: bool,
        /// Why not.
        reason: Option<String>,
        /// The digest that was seen, or its beginning.
        digest: Option<String>,
        /// Do not ask.
        yes: bool,
    },
    /// Print lines of the journal.
    Journal {
        /// Pane: one that exists, or the id of one that ended.
        target: Option<String>,
        /// Which lines.
        query: JournalQuery,
    },
    /// Be somebody else: register this process, and become a command.
    As {
        /// Who: `KIND:NAME`.
        identity: String,
        /// Most rights, as words.
        rights: Option<String>,
        /// Panes to steer.
        panes: Vec<String>,
        /// Until then, milliseconds.
        ttl_ms: Option<u64>,
        /// Program and arguments; none: the user's shell.
        command: Vec<String>,
    },
    /// Print a token for somebody.
    Token {
        /// As in [`CliCommand::As`].
        identity: String,
        /// As in [`CliCommand::As`].
        rights: Option<String>,
        /// As in [`CliCommand::As`].
        panes: Vec<String>,
        /// As in [`CliCommand::As`].
        ttl_ms: Option<u64>,
    },
    /// Say what is wrong on this machine.
    Doctor,
    /// Print a completion script.
    Completions(Shell),
    /// Something about the configuration.
    Config(ConfigAction),
}

/// What [`CliCommand::List`] lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListWhat {
    /// Sessions (JSON nests everything).
    Sessions,
    /// Windows of a session; none: of all.
    Windows(Option<String>),
    /// Panes of a session or window; none: all.
    Panes(Option<String>),
}

/// A shell that completions are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shell {
    /// GNU bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}

/// What `baton config` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigAction {
    /// Print the commented defaults.
    Default,
    /// Read a file, or the user's, and print its warnings; exit code 1 if there are any.
    Check(Option<String>),
    /// Print where the user's file is.
    Path,
}

/// The request that divides a pane in half along `axis`, for callers that have no words to parse.
#[must_use]
pub fn split(target: Option<String>, axis: Axis) -> Request {
    Request::Split {
        target,
        axis,
        before: false,
        full: false,
        share: crate::protocol::message::Share::Half,
        cwd: None,
        command: Vec::new(),
        environment: Vec::new(),
        background: false,
    }
}
