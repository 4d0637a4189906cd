//! What commands and clients ask for. Every request gets one reply under its number; what it may answer is in [`super::reply`].

use minicbor::{CborLen, Decode, Encode};

use super::attach::NewSession;
use super::control::{ApproveHow, ControlOp, JournalQuery, TokenRequest};
use crate::geometry::{Axis, Direction, Point};
use crate::ids::{AttachmentId, PaneId};

/// A numbered request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct RequestMessage {
    /// Chosen by the client, given back in the reply.
    #[n(0)]
    pub id: u64,
    /// What is asked for.
    #[n(1)]
    pub request: Request,
}

/// How much a split takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
pub enum Share {
    /// Half.
    #[n(0)]
    Half,
    /// So many cells.
    #[n(1)]
    Cells(#[n(0)] u16),
    /// So many hundredths.
    #[n(2)]
    Percent(#[n(0)] u8),
}

/// How a pane's size is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
pub enum ResizeHow {
    /// Push the edge on that side by so many cells (tmux `-L -R -U -D`).
    #[n(0)]
    Edge(#[n(0)] Direction, #[n(1)] u16),
    /// Make it so wide or so high.
    #[n(1)]
    Length(#[n(0)] Axis, #[n(1)] Share),
    /// Move the divider that is at this point of the window to another point (mouse drag).
    #[n(2)]
    Divider(#[n(0)] Point, #[n(1)] Point),
}

/// How a window's panes are arranged anew.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum LayoutHow {
    /// A preset's name or a layout text.
    #[n(0)]
    Named(#[n(0)] String),
    /// The next preset.
    #[n(1)]
    Next,
    /// The previous preset.
    #[n(2)]
    Previous,
    /// The pane's siblings get equal parts.
    #[n(3)]
    Spread,
}

/// What a command or a client asks of the server. A `target` is a text as in tmux's `-t`; none means where the asker is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Request {
    /// Make a session without attaching.
    #[n(0)]
    NewSession(#[n(0)] NewSession, #[n(1)] Vec<(String, String)>),
    /// Make a window.
    #[n(1)]
    NewWindow {
        /// Session, or session:index.
        #[n(0)]
        target: Option<String>,
        /// Name.
        #[n(1)]
        name: Option<String>,
        /// Working directory; none: the current pane's.
        #[n(2)]
        cwd: Option<String>,
        /// As in [`NewSession::command`].
        #[n(3)]
        command: Vec<String>,
        /// Variables (`-e`).
        #[n(4)]
        environment: Vec<(String, String)>,
        /// Put it behind the target window instead of at the end (`-a`).
        #[n(5)]
        after: bool,
        /// Do not make it the session's current window (`-d`).
        #[n(6)]
        background: bool,
    },
    /// Divide a pane.
    #[n(2)]
    Split {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// Side by side (horizontal) or above each other.
        #[n(1)]
        axis: Axis,
        /// The new pane comes left or above (`-b`).
        #[n(2)]
        before: bool,
        /// Span the whole window (`-f`).
        #[n(3)]
        full: bool,
        /// The new pane's part.
        #[n(4)]
        share: Share,
        /// Working directory; none: the divided pane's.
        #[n(5)]
        cwd: Option<String>,
        /// As in [`NewSession::command`].
        #[n(6)]
        command: Vec<String>,
        /// Variables (`-e`).
        #[n(7)]
        environment: Vec<(String, String)>,
        /// Do not give it the focus (`-d`).
        #[n(8)]
        background: bool,
    },
    /// End a pane.
    #[n(3)]
    KillPane {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// End all others of its window instead (`-a`).
        #[n(1)]
        others: bool,
    },
    /// End a window.
    #[n(4)]
    KillWindow {
        /// Window.
        #[n(0)]
        target: Option<String>,
        /// End all others of its session instead (`-a`).
        #[n(1)]
        others: bool,
    },
    /// End a session.
    #[n(5)]
    KillSession {
        /// Session.
        #[n(0)]
        target: Option<String>,
        /// End all others instead (`-a`).
        #[n(1)]
        others: bool,
    },
    /// End everything: panes, server and keeper.
    #[n(6)]
    KillServer,
    /// Rename a session.
    #[n(7)]
    RenameSession {
        /// Session.
        #[n(0)]
        target: Option<String>,
        /// New name.
        #[n(1)]
        name: String,
    },
    /// Rename a window; this ends automatic renaming.
    #[n(8)]
    RenameWindow {
        /// Window.
        #[n(0)]
        target: Option<String>,
        /// New name.
        #[n(1)]
        name: String,
    },
    /// Set a pane's title.
    #[n(9)]
    RenamePane {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// New title.
        #[n(1)]
        title: String,
    },
    /// Make this the session's current window (what new clients and scripts see first).
    #[n(10)]
    SelectWindow {
        /// Window.
        #[n(0)]
        target: Option<String>,
    },
    /// Make this the window's active pane.
    #[n(11)]
    SelectPane {
        /// Pane.
        #[n(0)]
        target: Option<String>,
    },
    /// Change a pane's size.
    #[n(12)]
    Resize {
        /// Pane (or any pane of the window, for a divider).
        #[n(0)]
        target: Option<String>,
        /// How.
        #[n(1)]
        how: ResizeHow,
    },
    /// Arrange a window's panes.
    #[n(13)]
    SelectLayout {
        /// Window or pane.
        #[n(0)]
        target: Option<String>,
        /// How.
        #[n(1)]
        how: LayoutHow,
    },
    /// Exchange two panes.
    #[n(14)]
    SwapPane {
        /// One.
        #[n(0)]
        source: Option<String>,
        /// The other.
        #[n(1)]
        target: Option<String>,
    },
    /// Move the panes of a window one place on.
    #[n(15)]
    RotateWindow {
        /// Window.
        #[n(0)]
        target: Option<String>,
        /// Down (towards the end) or up.
        #[n(1)]
        down: bool,
    },
    /// Move a pane to a window of its own.
    #[n(16)]
    BreakPane {
        /// Pane.
        #[n(0)]
        source: Option<String>,
        /// Name of the new window.
        #[n(1)]
        name: Option<String>,
        /// Do not follow it.
        #[n(2)]
        background: bool,
    },
    /// Move a pane beside another.
    #[n(17)]
    JoinPane {
        /// The pane that moves.
        #[n(0)]
        source: Option<String>,
        /// The pane that is divided.
        #[n(1)]
        target: Option<String>,
        /// As in a split.
        #[n(2)]
        axis: Axis,
        /// As in a split.
        #[n(3)]
        before: bool,
        /// As in a split.
        #[n(4)]
        share: Share,
    },
    /// Give a window another number.
    #[n(18)]
    MoveWindow {
        /// The window.
        #[n(0)]
        source: Option<String>,
        /// session:index.
        #[n(1)]
        target: Option<String>,
        /// Close the gaps in the numbers instead (`-r`).
        #[n(2)]
        renumber: bool,
    },
    /// Exchange two windows' places.
    #[n(19)]
    SwapWindow {
        /// One.
        #[n(0)]
        source: Option<String>,
        /// The other.
        #[n(1)]
        target: Option<String>,
    },
    /// Run a dead pane's command again, or with `kill` a living one's.
    #[n(20)]
    Respawn {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// Another command; empty: the same.
        #[n(1)]
        command: Vec<String>,
        /// End what runs there.
        #[n(2)]
        kill: bool,
    },
    /// Type into a pane.
    #[n(21)]
    Send {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// What, in order.
        #[n(1)]
        items: Vec<SendItem>,
        /// Identity of this request: sent again with the same one after a reconnect it is not applied twice.
        #[n(2)]
        stream: u64,
        /// Refused with `stale_seq` if the pane has printed since it was read at this `seq`.
        #[n(3)]
        expect_seq: Option<u64>,
        /// Refused with `stale_epoch` if control changed since this epoch.
        #[n(4)]
        epoch: Option<u64>,
    },
    /// A pane's text.
    #[n(22)]
    Read {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// The last so many lines, history included; none: the screen.
        #[n(1)]
        lines: Option<u32>,
        /// Everything there is.
        #[n(2)]
        all: bool,
        /// Keep the rows of wrapped lines apart instead of joining them.
        #[n(3)]
        rows: bool,
    },
    /// Everything that exists.
    #[n(23)]
    Tree,
    /// What this server is.
    #[n(24)]
    Status,
    /// Who is attached.
    #[n(25)]
    Roster,
    /// Detach clients: of a session, or one attachment (`a3`), or all.
    #[n(26)]
    Detach {
        /// Session or attachment; none: the asker.
        #[n(0)]
        target: Option<String>,
        /// All others (`-a`).
        #[n(1)]
        others: bool,
    },
    /// The layout of a window or session as text that `LoadLayout` takes.
    #[n(27)]
    SaveLayout {
        /// Session.
        #[n(0)]
        target: Option<String>,
    },
    /// Make what a saved layout describes.
    #[n(28)]
    LoadLayout {
        /// The text.
        #[n(0)]
        text: String,
        /// Name for the session it makes; none: the saved one.
        #[n(1)]
        name: Option<String>,
    },
    /// Replace the server by another binary without touching the panes.
    #[n(29)]
    Upgrade {
        /// Path of the binary; none: the file this client was started from.
        #[n(0)]
        binary: String,
    },
    /// Lines of a pane's history for a client that scrolls: `[from, from + count)`.
    #[n(30)]
    History {
        /// Pane.
        #[n(0)]
        pane: PaneId,
        /// Stable line number.
        #[n(1)]
        from: u64,
        /// How many, at most [`crate::protocol::limits::HISTORY_LINES_MAX`].
        #[n(2)]
        count: u32,
    },
    /// Places in a pane's history that match.
    #[n(31)]
    Search {
        /// Pane.
        #[n(0)]
        pane: PaneId,
        /// A regular expression, or plain text.
        #[n(1)]
        pattern: String,
        /// Whether `pattern` is plain text.
        #[n(2)]
        literal: bool,
        /// First line looked at.
        #[n(3)]
        from: u64,
        /// Towards older lines.
        #[n(4)]
        backward: bool,
        /// Most matches wanted.
        #[n(5)]
        limit: u32,
    },
    /// Forget a pane's history.
    #[n(32)]
    ClearHistory {
        /// Pane.
        #[n(0)]
        target: Option<String>,
    },
    /// Put a text on top of the stack of paste buffers, or in a named one.
    #[n(33)]
    SetBuffer {
        /// Name; none: the next automatic one.
        #[n(0)]
        name: Option<String>,
        /// Content.
        #[n(1)]
        text: String,
    },
    /// A paste buffer's content.
    #[n(34)]
    GetBuffer {
        /// Name; none: the newest.
        #[n(0)]
        name: Option<String>,
    },
    /// All paste buffers.
    #[n(35)]
    ListBuffers,
    /// Forget a paste buffer.
    #[n(36)]
    DeleteBuffer {
        /// Name; none: the newest.
        #[n(0)]
        name: Option<String>,
    },
    /// Panes that ended: cause, status, last screen.
    #[n(37)]
    Tombstones,
    /// Read the configuration again now.
    #[n(38)]
    ReloadConfig,
    /// Send a signal to a pane's foreground process group.
    #[n(39)]
    Signal {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// Name without SIG, such as `INT`, or a number.
        #[n(1)]
        signal: String,
    },
    /// Keep or close a pane or window when its program ends.
    #[n(40)]
    RemainOnExit {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// Keep.
        #[n(1)]
        keep: bool,
    },
    /// Show a window in another session as well.
    #[n(41)]
    LinkWindow {
        /// The window.
        #[n(0)]
        source: Option<String>,
        /// session:index.
        #[n(1)]
        target: Option<String>,
    },
    /// Take a window out of one session, if it is in another too.
    #[n(42)]
    UnlinkWindow {
        /// session:window.
        #[n(0)]
        target: Option<String>,
    },
    /// Control of a pane. Answered by [`super::Reply::Control`].
    #[n(43)]
    Control {
        /// Pane; with [`ControlOp::Status`] and no pane: all panes.
        #[n(0)]
        target: Option<String>,
        /// What is to happen.
        #[n(1)]
        op: ControlOp,
    },
    /// Answer a proposal. Answered by [`super::Reply::Control`].
    #[n(44)]
    Approve {
        /// Pane; with [`ApproveHow::List`] and no pane: all panes where something waits.
        #[n(0)]
        target: Option<String>,
        /// Number of the proposal; none: the only one.
        #[n(1)]
        proposal: Option<u64>,
        /// The digest that was shown; what is there must still have it.
        #[n(2)]
        digest: Option<String>,
        /// How.
        #[n(3)]
        how: ApproveHow,
        /// Why not, for who proposed it.
        #[n(4)]
        reason: Option<String>,
    },
    /// Lines of the journal. Answered by [`super::Reply::Journal`].
    #[n(45)]
    Journal(#[n(0)] JournalQuery),
    /// A new identity. Answered by [`super::Reply::Token`].
    #[n(46)]
    Token(#[n(0)] TokenRequest),
    /// An identity ends now: its token is void, its holds are revoked.
    #[n(47)]
    RevokeToken {
        /// Operator: id, name or `kind:name`.
        #[n(0)]
        operator: String,
    },
    /// Who am I? Answered by [`super::Reply::WhoAmI`].
    #[n(48)]
    WhoAmI,
    /// Wait until a pane's control is as wanted. Answered by [`super::Reply::Control`] then, or refused with `timeout`.
    #[n(49)]
    AwaitControl {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// An epoch that is known: answered when there is a later one.
        #[n(1)]
        after_epoch: Option<u64>,
        /// Answered when I have control.
        #[n(2)]
        mine: bool,
        /// The longest wait, milliseconds.
        #[n(3)]
        timeout_ms: u64,
    },
    /// Let a client that looks at a pane fill its window with it, or no longer: what one looks at is one's own, so it is asked of one client.
    #[n(50)]
    Zoom {
        /// Pane.
        #[n(0)]
        target: Option<String>,
        /// Attachment; none: of those who look at the pane's window, the one that was used last.
        #[n(1)]
        client: Option<AttachmentId>,
    },
}

/// A piece of what `send` types.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum SendItem {
    /// Characters as they are.
    #[n(0)]
    Text(#[n(0)] String),
    /// A key by name, such as `C-c`, encoded by the server for the pane's modes.
    #[n(1)]
    Key(#[n(0)] String),
    /// A paste: sanitised, bracketed if the program asked for that.
    #[n(2)]
    Paste(#[n(0)] String),
}
