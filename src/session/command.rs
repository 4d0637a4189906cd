//! What can be done to the state, what comes of it, and why not.
//!
//! A [`Command`] names what it acts on by id; [`super::target`] turns text into ids. Permission is not asked here: the server asks its
//! gate first. What the outside must do in consequence comes back as [`Effect`]s, and what the caller wants to know as an [`Outcome`].

use std::collections::{BTreeMap, BTreeSet};

use super::state::{ArrangeOptions, ExitStatus, RemainOnExit};
use crate::geometry::{Axis, Direction, Size};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::layout::{ApplyError, MainSize, ParseError, Preset, SplitError, SplitSize};

/// What a new pane runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// The program and its arguments; empty for the user's shell, which the server knows.
    pub argv: Vec<String>,
    /// Where it starts; the session's directory if `None`.
    pub cwd: Option<String>,
    /// Variables for it alone, over those of the session.
    pub environment: BTreeMap<String, String>,
    /// Who asks for it. Provenance, gives no rights.
    pub created_by: String,
    /// What the pane does when it ends, if not what its window says.
    pub remain_on_exit: Option<RemainOnExit>,
}

/// Where a pane goes beside another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The pane beside which it goes.
    pub target: PaneId,
    /// Beside (horizontal) or below (vertical).
    pub axis: Axis,
    /// At the left or above instead.
    pub before: bool,
    /// Beside the whole window rather than the target.
    pub full_span: bool,
    /// Its length along `axis`.
    pub size: SplitSize,
}

/// At which index a window goes into a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum At {
    /// The lowest free one.
    #[default]
    Free,
    /// This one; an error if it is taken.
    Index(u32),
    /// This one; the window that is there is unlinked, and closes if it is nowhere else.
    Replace(u32),
    /// Before the window with this index, which moves up with those that follow it without a gap.
    Before(u32),
    /// After the window with this index, likewise.
    After(u32),
}

/// A winlink: a session and an index in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Winlink {
    /// The session.
    pub session: SessionId,
    /// The index.
    pub index: u32,
}

/// How a window's panes shall be arranged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayoutChoice {
    /// A preset.
    Preset(Preset),
    /// A layout text.
    Text(String),
    /// The preset after the last one.
    Next,
    /// The preset before the last one.
    Previous,
    /// The siblings of this pane equally long.
    Spread(PaneId),
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are named after what the command's own line says of them")]
pub enum Command {
    /// Makes a session with one window and one pane. Without a name it gets its number.
    NewSession {
        name: Option<String>,
        window_name: Option<String>,
        cwd: String,
        environment: BTreeMap<String, Option<String>>,
        base_index: u32,
        size: Size,
        program: Program,
    },
    /// Makes a window with one pane. Without a name it is named after its program.
    NewWindow { session: SessionId, at: At, name: Option<String>, select: bool, program: Program },
    /// Makes a pane beside another. Ends the zoom.
    SplitPane { place: Placement, select: bool, program: Program },
    /// Closes a pane; with the last one its window, with the last of these the session.
    KillPane { pane: PaneId },
    /// Closes all other panes of the pane's window.
    KillOtherPanes { pane: PaneId },
    /// Closes a window wherever it is linked.
    KillWindow { window: WindowId },
    /// Closes all other windows of the session.
    KillOtherWindows { link: Winlink },
    /// Closes a session, and its windows that are nowhere else.
    KillSession { session: SessionId },
    /// Names a session; taken names are refused.
    RenameSession { session: SessionId, name: String },
    /// Names a window, and ends its automatic naming.
    RenameWindow { window: WindowId, name: String },
    /// Names a window unless somebody has. For the server.
    NameWindowAutomatically { window: WindowId, name: String },
    /// Whether the server names the window after its program.
    SetAutomaticRename { window: WindowId, on: bool },
    /// Makes a window its session's current one.
    SelectWindow { link: Winlink },
    /// The window after the current one, around; with `alerts`, the next with bell or activity.
    NextWindow { session: SessionId, alerts: bool },
    /// The window before the current one, likewise.
    PreviousWindow { session: SessionId, alerts: bool },
    /// The window that was current before.
    LastWindow { session: SessionId },
    /// Makes a pane its window's active one. Ends the zoom of another pane, or hands it on with `keep_zoom`.
    SelectPane { pane: PaneId, keep_zoom: bool },
    /// The pane beside the given one.
    SelectNeighbour { pane: PaneId, direction: Direction, keep_zoom: bool },
    /// The pane that was active before.
    LastPane { window: WindowId, keep_zoom: bool },
    /// Moves a window to another place, in the same session or another. `select` makes it current there.
    MoveWindow { from: Winlink, session: SessionId, at: At, select: bool },
    /// Numbers the windows from the base index on without gaps.
    RenumberWindows { session: SessionId },
    /// Lets two windows change places; `select` makes `b`'s place current.
    SwapWindows { a: Winlink, b: Winlink, select: bool },
    /// Links a window into a session as well.
    LinkWindow { window: WindowId, session: SessionId, at: At, select: bool },
    /// Takes a window out of a session. If it is nowhere else that is an error, or with `kill` its end.
    UnlinkWindow { link: Winlink, kill: bool },
    /// Pushes an edge of a pane. Ends the zoom.
    ResizePane { pane: PaneId, direction: Direction, cells: u16 },
    /// Gives a pane a length. Ends the zoom.
    SetPaneLength { pane: PaneId, axis: Axis, size: SplitSize },
    /// Moves the divider before pane `after` to a column or row of the window.
    MoveDivider { after: PaneId, to: u16 },
    /// Arranges the panes anew. Ends the zoom.
    SelectLayout { window: WindowId, choice: LayoutChoice, main: MainSize },
    /// Lets two panes change places, also across windows. With `select`, the pane that was given is active afterwards in the other's
    /// window: `b` where `a` was, and across windows also `a` where `b` was. Without, the same places are active as before.
    SwapPanes { a: PaneId, b: PaneId, select: bool },
    /// Moves every pane one place on, or back; the focus stays where it is.
    RotatePanes { window: WindowId, forward: bool },
    /// Makes a pane a window of its own.
    BreakPane { pane: PaneId, session: SessionId, at: At, name: Option<String>, select: bool },
    /// Puts an existing pane beside another, also of another window. `place.target` stays where it is.
    JoinPane { pane: PaneId, place: Placement, select: bool },
    /// Gives a pane the whole window, or ends the zoom with `None`. No effect with one pane.
    SetZoom { window: WindowId, pane: Option<PaneId> },
    /// Starts a program in a pane again. Without `kill` an error while one runs. `argv` and `cwd` are the old ones if `None`.
    RespawnPane { pane: PaneId, kill: bool, argv: Option<Vec<String>>, cwd: Option<String>, environment: BTreeMap<String, String> },
    /// The program runs. For the server.
    PaneStarted { pane: PaneId, incarnation: u32, pid: u32 },
    /// The program ended. For the server. `remain` is the option for panes and windows that say nothing. Also completes the tombstone
    /// of a pane that was killed; anything else is ignored, so that hearing it twice does no harm.
    PaneExited { pane: PaneId, incarnation: u32, status: ExitStatus, remain: RemainOnExit, last_screen: String },
    /// The pane's terminal is gone with its host or keeper. For the server.
    PaneLost { pane: PaneId, last_screen: String },
    /// Adds the last screen to the tombstone of an incarnation that has none yet. For the server; ignored if there is no such tombstone.
    RecordLastScreen { pane: PaneId, incarnation: u32, last_screen: String },
    /// Sets the title that is shown for a pane; its program does that, too.
    SetPaneTitle { pane: PaneId, title: String },
    /// Gives a pane a name to find it by, or takes it away.
    SetPaneName { pane: PaneId, name: Option<String> },
    /// `Some(Some(value))` sets a variable for programs of the session, `Some(None)` removes it for them, `None` forgets about it.
    SetEnvironment { session: SessionId, name: String, value: Option<Option<String>> },
    /// Where programs of the session start that were not told otherwise.
    SetSessionDirectory { session: SessionId, cwd: String },
    /// Sets the bell or activity flag (both only ever set, not cleared). For the server.
    Alert { window: WindowId, bell: bool, activity: bool },
    /// Clears bell and activity: somebody looks.
    ClearAlerts { window: WindowId },
    /// The window's size as the server's size policy has it.
    SetWindowSize { window: WindowId, size: Size },
    /// What panes of the window do when their program ends; `None` for the option.
    SetWindowRemainOnExit { window: WindowId, value: Option<RemainOnExit> },
    /// What the pane does when its program ends; `None` for what the window says.
    SetPaneRemainOnExit { pane: PaneId, value: Option<RemainOnExit> },
    /// How windows are arranged, all of them.
    SetArrangeOptions { options: ArrangeOptions },
}

/// What a command made, found or moved, for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// The session it was about.
    pub session: Option<SessionId>,
    /// The window, where there is one to tell.
    pub window: Option<WindowId>,
    /// The pane, where there is one to tell.
    pub pane: Option<PaneId>,
    /// By how many cells an edge moved.
    pub cells: u16,
}

/// What must now be done outside, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start a program in a pane. If the pane has had one before, in a fresh terminal of its old size.
    Spawn(Spawn),
    /// End a pane's program: hang it up, and kill it if that does not help.
    Kill {
        /// The pane; it may be gone from the state already.
        pane: PaneId,
        /// Which of its programs.
        incarnation: u32,
    },
    /// The arrangement or size of a window changed: look at [`super::State::pane_rects`] and resize the terminals that differ.
    Arrange(WindowId),
    /// The pane is gone: drop what belongs to it. Its tombstone is there.
    PaneClosed(PaneId),
    /// The window is gone.
    WindowClosed(WindowId),
    /// The session is gone: its viewers go elsewhere.
    SessionClosed(SessionId),
    /// These differ from before, closed ones not included. At most one, and last.
    Changed(Dirty),
}

/// A program to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// In which pane.
    pub pane: PaneId,
    /// Which of its programs this is.
    pub incarnation: u32,
    /// Its window.
    pub window: WindowId,
    /// A session of the window, whose environment it gets.
    pub session: SessionId,
    /// The program and its arguments; empty for the user's shell.
    pub argv: Vec<String>,
    /// Where it starts.
    pub cwd: String,
    /// What differs from the server's environment: the session's, and over it the program's own. `None` removes.
    pub environment: BTreeMap<String, Option<String>>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dirty {
    /// Sessions: name, windows, current one, environment.
    pub sessions: BTreeSet<SessionId>,
    /// Windows: name, flags, layout, active pane, zoom, size.
    pub windows: BTreeSet<WindowId>,
    /// Panes: title, name, status, window.
    pub panes: BTreeSet<PaneId>,
}

impl Dirty {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.windows.is_empty() && self.panes.is_empty()
    }
}

/// A command was not carried out, and the state is as it was. The words are tmux's where it has any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No such session.
    #[error("can't find session: {0}")]
    NoSession(SessionId),
    /// No such window.
    #[error("can't find window: {0}")]
    NoWindow(WindowId),
    /// No such pane.
    #[error("can't find pane: {0}")]
    NoPane(PaneId),
    /// Nothing at this index.
    #[error("can't find window: {0}")]
    NoIndex(u32),
    /// A session has that name already.
    #[error("duplicate session: {0}")]
    DuplicateSession(String),
    /// A name that is empty or has control characters.
    #[error("invalid {what} name: {name:?}")]
    InvalidName {
        /// "session", "window", "pane" or "variable".
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A window is there already.
    #[error("index in use: {0}")]
    IndexInUse(u32),
    /// No index is free, or the index is beyond the limit.
    #[error("invalid index: {0}")]
    InvalidIndex(u32),
    /// There is only one window.
    #[error("no {0} window")]
    NoOtherWindow(&'static str),
    /// There is no pane to go to.
    #[error("no last pane")]
    NoLastPane,
    /// There is no pane in that direction. tmux says nothing then; a caller may, too.
    #[error("no pane there")]
    NoNeighbour,
    /// The window is in no other session.
    #[error("window only linked to one session")]
    OnlyLink,
    /// A pane cannot go beside itself, nor change places with itself.
    #[error("source and target panes must be different")]
    SamePane,
    /// It is the only pane of its window.
    #[error("can't break with only one pane")]
    OnlyPane,
    /// A program runs in the pane.
    #[error("pane {0} still active")]
    StillActive(PaneId),
    /// No space.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// Not a layout.
    #[error(transparent)]
    Layout(#[from] ParseError),
    /// A layout for another number of panes.
    #[error(transparent)]
    Apply(#[from] ApplyError),
}
