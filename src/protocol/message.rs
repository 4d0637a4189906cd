//! The messages between clients and the server, as plain types with numbers that never change.
//!
//! Every message kind has a number ([`ClientMessage::kind`], [`ServerMessage::kind`]) that is never reused, and every field of a message has one
//! too (`#[n(..)]`). Unknown kinds are skipped; unknown fields are skipped; a field that is added later is an `Option` or has a default. So
//! clients and servers of different releases understand each other. Hello, welcome, error, list, kill and upgrade are frozen for ever: a client
//! of any release can find out what a server of any release is, see its sessions, end it or replace it.
//!
//! Nothing here is an inner type of the session or terminal rooms: the server converts. Rows and diffs travel as bytes that
//! `terminal::diff` and `terminal::row` write and read. Types that a command prints with `--json` derive `Serialize`; their field names are public.

use minicbor::{CborLen, Decode, Encode};
use serde::Serialize;

use crate::geometry::{Axis, Direction, Point, Rect, Size};
use crate::ids::{AttachmentId, OperatorId, PaneId, SessionId, WindowId};

/// What speaks for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum OperatorKind {
    /// A person.
    #[n(0)]
    Human,
    /// An AI agent.
    #[n(1)]
    Agent,
    /// A device.
    #[n(2)]
    Device,
    /// A program acting on behalf of somebody.
    #[n(3)]
    Service,
}

/// What an attachment may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks on (`attach -r`).
    #[n(0)]
    Observer,
    /// Types.
    #[n(1)]
    Participant,
    /// Types and rules.
    #[n(2)]
    Admin,
}

/// How an attachment reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// The local socket.
    #[n(0)]
    Unix,
    /// The local socket of a host reached by ssh.
    #[n(1)]
    Ssh,
    /// A web client.
    #[n(2)]
    Web,
}

/// Whether an attachment answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected.
    #[n(0)]
    Live,
    /// Its connection is lost; it may resume within the grace time.
    #[n(1)]
    Stale,
}

/// What kind of program a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum ClientKind {
    /// A full-screen client that will attach.
    #[n(0)]
    Tui,
    /// A command that asks and leaves.
    #[n(1)]
    Command,
}

/// The first message on every connection. Frozen.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Hello {
    /// Oldest protocol this client speaks.
    #[n(0)]
    pub protocol_min: u32,
    /// Newest protocol this client speaks.
    #[n(1)]
    pub protocol_max: u32,
    /// The client's release.
    #[n(2)]
    pub version: String,
    /// What it is.
    #[n(3)]
    pub kind: ClientKind,
    /// Process id of the client.
    #[n(4)]
    pub pid: u32,
    /// The pane it runs in (`BATON_PANE`), if any.
    #[n(5)]
    pub origin_pane: Option<PaneId>,
    /// Secret of that pane (`BATON_TOKEN`), if any.
    #[n(6)]
    pub token: Option<String>,
    /// Name to be shown in the roster; the server falls back to the user's name.
    #[n(7)]
    pub name: Option<String>,
    /// Terminal device of the client, such as `/dev/pts/3`.
    #[n(8)]
    pub tty: Option<String>,
    /// Set by `ssh` sessions: where the person is (`SSH_CONNECTION`'s first field).
    #[n(9)]
    pub ssh_origin: Option<String>,
    /// The resume token of an earlier attachment.
    #[n(10)]
    pub resume: Option<String>,
}

/// The answer to [`Hello`]. Frozen.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Welcome {
    /// The protocol both will speak.
    #[n(0)]
    pub protocol: u32,
    /// The server's release.
    #[n(1)]
    pub version: String,
    /// Process id of the server.
    #[n(2)]
    pub server_pid: u32,
    /// Process id of the keeper.
    #[n(3)]
    pub keeper_pid: u32,
    /// Grows with every server that the keeper started.
    #[n(4)]
    pub server_epoch: u64,
    /// The operator this connection speaks for.
    #[n(5)]
    pub operator: OperatorId,
    /// Its name in the roster.
    #[n(6)]
    pub operator_name: String,
    /// Number of the stream of this client's input: kept across a resume, so that input sent again under an old sequence number is not applied twice.
    #[n(7)]
    pub input_stream: u64,
    /// Whether [`Hello::resume`] was accepted.
    #[n(8)]
    pub resumed: bool,
}

/// Why something was refused. Frozen.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Refusal {
    /// One of a closed list of words, such as `bad_request`, `no_such_target`, `not_permitted`, `timeout`, `too_large`, `version`, `shutting_down`, `failed`.
    #[n(0)]
    pub code: String,
    /// What happened, for people; one line, no period at the end.
    #[n(1)]
    pub message: String,
    /// What to do about it.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A session in the frozen list.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct ListedSession {
    /// Its name.
    #[n(0)]
    pub name: String,
    /// How many windows it has.
    #[n(1)]
    pub windows: u32,
    /// How many attachments look at it.
    #[n(2)]
    pub attached: u32,
    /// When it was made, in milliseconds since the Unix epoch.
    #[n(3)]
    pub created_ms: u64,
}

/// What to attach to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Attach {
    /// The client's size in cells without its status lines: what a window may fill.
    #[n(0)]
    pub viewport: Size,
    /// A target as in `attach -t`; none is the most recently used session.
    #[n(1)]
    pub target: Option<String>,
    /// If the session (`target`'s, or any) does not exist, make it so; if set without a target a new session is always made.
    #[n(2)]
    pub create: Option<NewSession>,
    /// `attach -r`.
    #[n(3)]
    pub read_only: bool,
    /// Detach the session's other clients (`attach -d`).
    #[n(4)]
    pub detach_others: bool,
    /// The client's environment, of which the session takes the variables named by `update-environment`.
    #[n(5)]
    pub environment: Vec<(String, String)>,
    /// With a resumed attachment: the view it had, which the server takes over if everything in it still exists.
    #[n(6)]
    pub view: Option<View>,
    /// `new` with a name that exists is an error; `new -A` attaches.
    #[n(7)]
    pub create_only: bool,
}

/// A new session and its first window.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct NewSession {
    /// Its name; none: the lowest free number.
    #[n(0)]
    pub name: Option<String>,
    /// Name of its first window.
    #[n(1)]
    pub window_name: Option<String>,
    /// Working directory.
    #[n(2)]
    pub cwd: Option<String>,
    /// The command: empty for the shell, one word for a shell command line, several for a program and its arguments.
    #[n(3)]
    pub command: Vec<String>,
    /// Size of its first window when nobody looks at it.
    #[n(4)]
    pub size: Option<Size>,
    /// Variables for this session's panes (`-e`).
    #[n(5)]
    pub environment: Vec<(String, String)>,
}

/// The answer to [`Attach`]: what is shown first. The model and the frames follow.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Attached {
    /// This attachment.
    #[n(0)]
    pub attachment: AttachmentId,
    /// Where the view begins.
    #[n(1)]
    pub view: View,
    /// To be given in the next [`Hello::resume`]; each works once.
    #[n(2)]
    pub resume: String,
    /// Whether this attachment may type.
    #[n(3)]
    pub role: Role,
    /// The highest sequence number of this client's input stream known to be applied, per pane (after a resume).
    #[n(4)]
    pub input_applied: Vec<(PaneId, u64)>,
}

/// What one client looks at. It is the client's own; the server is told so that it sends these panes and no others.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct View {
    /// The session.
    #[n(0)]
    pub session: SessionId,
    /// The window.
    #[n(1)]
    pub window: WindowId,
    /// The pane that gets the keys.
    #[n(2)]
    pub focus: PaneId,
    /// The pane that fills the window for this client.
    #[n(3)]
    pub zoom: Option<PaneId>,
    /// Panes outside the window that are shown too (previews of a chooser); at most 4.
    #[n(4)]
    pub also: Vec<PaneId>,
}

/// Input for a pane.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Input {
    /// Grows by one with each input of this client, whatever the pane; sent again unchanged after a reconnect until acknowledged.
    #[n(0)]
    pub seq: u64,
    /// The pane.
    #[n(1)]
    pub pane: PaneId,
    /// The bytes, already encoded for the pane's modes; at most [`super::limits::INPUT_MAX_BYTES`].
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// What they came from.
    #[n(3)]
    pub source: InputSource,
}

/// What input came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum InputSource {
    /// Keys.
    #[n(0)]
    Key,
    /// A paste.
    #[n(1)]
    Paste,
    /// The mouse.
    #[n(2)]
    Mouse,
    /// A focus report.
    #[n(3)]
    Focus,
    /// `send`.
    #[n(4)]
    Command,
}

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
        /// How many, at most [`super::limits::HISTORY_LINES_MAX`].
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

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct ReplyMessage {
    /// The request's number.
    #[n(0)]
    pub id: u64,
    /// The answer.
    #[n(1)]
    pub reply: Reply,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Reply {
    /// Done; what was made or acted on.
    #[n(0)]
    Done(#[n(0)] Made),
    /// Refused or failed.
    #[n(1)]
    Refused(#[n(0)] Refusal),
    /// A text.
    #[n(2)]
    Text(#[n(0)] String),
    /// Everything that exists.
    #[n(3)]
    Tree(#[n(0)] Tree),
    /// The server.
    #[n(4)]
    Status(#[n(0)] Status),
    /// The operators.
    #[n(5)]
    Roster(#[n(0)] Vec<OperatorInfo>),
    /// Lines of history.
    #[n(6)]
    Lines(#[n(0)] Lines),
    /// Matches.
    #[n(7)]
    Matches(#[n(0)] Matches),
    /// Paste buffers.
    #[n(8)]
    Buffers(#[n(0)] Vec<BufferInfo>),
    /// Panes that ended.
    #[n(9)]
    Tombstones(#[n(0)] Vec<TombstoneInfo>),
    /// A pane's text with where it stands.
    #[n(10)]
    PaneText(#[n(0)] PaneText),
}

/// What a request made or acted on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Made {
    /// Session.
    #[n(0)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "ids::option")]
    pub session: Option<SessionId>,
    /// Window.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "ids::option")]
    pub window: Option<WindowId>,
    /// Pane.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "ids::option")]
    pub pane: Option<PaneId>,
    /// Bytes written, for `send`.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Lines of history.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Lines {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// Number of the first line given.
    #[n(1)]
    pub from: u64,
    /// The lines, each as `terminal::row` encodes it.
    #[n(2)]
    pub rows: Vec<minicbor::bytes::ByteVec>,
    /// Oldest line there is.
    #[n(3)]
    pub first: u64,
    /// One past the newest line in history (its number belongs to the first line of the screen, or to the line that goes on there).
    #[n(4)]
    pub end: u64,
}

/// A match in a pane's history or screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Match {
    /// Line number.
    #[n(0)]
    pub line: u64,
    /// First column of the logical line.
    #[n(1)]
    pub col: u32,
    /// Columns.
    #[n(2)]
    pub cols: u32,
}

/// Matches, in the direction of the search.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Matches {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// The matches.
    #[n(1)]
    pub matches: Vec<Match>,
    /// Where to go on; none: everything was searched.
    #[n(2)]
    pub next: Option<u64>,
}

/// Text read from a pane. It comes from an untrusted program.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct PaneText {
    /// The pane.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub pane: PaneId,
    /// The text, lines ended by newlines.
    #[n(1)]
    pub text: String,
    /// Number of the first line.
    #[n(2)]
    pub first_line: u64,
    /// Whether older lines exist that were not asked for or are gone.
    #[n(3)]
    pub truncated: bool,
}

/// A paste buffer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct BufferInfo {
    /// Name.
    #[n(0)]
    pub name: String,
    /// Bytes.
    #[n(1)]
    pub bytes: u64,
    /// Its beginning.
    #[n(2)]
    pub sample: String,
}

/// A pane that ended.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct TombstoneInfo {
    /// The pane's id, never given again.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub pane: PaneId,
    /// `exit`, `killed` or `lost`.
    #[n(1)]
    pub cause: String,
    /// Exit code.
    #[n(2)]
    pub exit_code: Option<i32>,
    /// Signal that ended it.
    #[n(3)]
    pub signal: Option<i32>,
    /// When, in milliseconds since the Unix epoch.
    #[n(4)]
    pub at_ms: u64,
    /// Title.
    #[n(5)]
    pub title: String,
    /// Command.
    #[n(6)]
    pub command: Vec<String>,
    /// Last screen.
    #[n(7)]
    pub last_screen: String,
}

/// What this server is.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Status {
    /// Process id of the server.
    #[n(0)]
    pub server_pid: u32,
    /// Process id of the keeper.
    #[n(1)]
    pub keeper_pid: u32,
    /// Release of the server.
    #[n(2)]
    pub version: String,
    /// Protocol of the server.
    #[n(3)]
    pub protocol: u32,
    /// Socket it listens on.
    #[n(4)]
    pub socket: String,
    /// Counts.
    #[n(5)]
    pub sessions: u32,
    /// Counts.
    #[n(6)]
    pub windows: u32,
    /// Counts.
    #[n(7)]
    pub panes: u32,
    /// Attached clients.
    #[n(8)]
    pub attachments: u32,
    /// How many servers this keeper has started.
    #[n(9)]
    pub server_epoch: u64,
    /// Milliseconds from this server's start to its being ready.
    #[n(10)]
    pub ready_ms: u64,
    /// Warnings that a person should see (configuration errors and the like).
    #[n(11)]
    pub warnings: Vec<String>,
    /// Which engine interprets panes.
    #[n(12)]
    pub engine: String,
    /// The configuration file in use, if there is one.
    #[n(13)]
    pub config: Option<String>,
}

/// Everything that exists, nested.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct Tree {
    /// Sessions in order of creation.
    #[n(0)]
    pub sessions: Vec<SessionTree>,
}

/// A session with its windows.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct SessionTree {
    /// The session.
    #[n(0)]
    #[serde(flatten)]
    pub info: SessionInfo,
    /// Its windows.
    #[n(1)]
    pub windows: Vec<WindowTree>,
}

/// A window with its panes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct WindowTree {
    /// Its number in this session.
    #[n(0)]
    pub index: u32,
    /// The window.
    #[n(1)]
    #[serde(flatten)]
    pub info: WindowInfo,
    /// Its panes in layout order.
    #[n(2)]
    pub panes: Vec<PaneInfo>,
}

/// A window's place in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct WindowLink {
    /// Its number.
    #[n(0)]
    pub index: u32,
    /// The window.
    #[n(1)]
    #[serde(serialize_with = "ids::plain")]
    pub window: WindowId,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct SessionInfo {
    /// Id.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub id: SessionId,
    /// Name.
    #[n(1)]
    pub name: String,
    /// Windows by number.
    #[n(2)]
    #[serde(skip)]
    pub links: Vec<WindowLink>,
    /// The window that new clients see first.
    #[n(3)]
    #[serde(serialize_with = "ids::plain")]
    pub current: WindowId,
    /// Windows by last use, newest first, without the current one.
    #[n(4)]
    #[serde(skip)]
    pub last: Vec<WindowId>,
    /// Milliseconds since the Unix epoch.
    #[n(5)]
    pub created_ms: u64,
    /// Attachments that look at it.
    #[n(6)]
    pub attached: u32,
    /// Last use, milliseconds since the Unix epoch.
    #[n(7)]
    pub activity_ms: u64,
}

/// A pane's place in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct PanePlace {
    /// The pane.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub pane: PaneId,
    /// Its cells in the window. A title line, if the window shows them, is the row above.
    #[n(1)]
    #[serde(skip)]
    pub rect: Rect,
}

/// A divider between panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct DividerPlace {
    /// Its cells: one column or one row.
    #[n(0)]
    pub rect: Rect,
    /// The axis along which it can be moved.
    #[n(1)]
    pub axis: Axis,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct WindowInfo {
    /// Id.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub id: WindowId,
    /// Name.
    #[n(1)]
    pub name: String,
    /// Size in cells.
    #[n(2)]
    #[serde(serialize_with = "ids::plain")]
    pub size: Size,
    /// The active pane of scripts and new clients.
    #[n(3)]
    #[serde(serialize_with = "ids::plain")]
    pub active: PaneId,
    /// Panes in layout order with their places (unzoomed).
    #[n(4)]
    #[serde(skip)]
    pub places: Vec<PanePlace>,
    /// Dividers.
    #[n(5)]
    #[serde(skip)]
    pub dividers: Vec<DividerPlace>,
    /// The pane that now has the whole window, by the size authority's view.
    #[n(6)]
    #[serde(serialize_with = "ids::option")]
    pub zoomed: Option<PaneId>,
    /// A pane rang the bell since anybody looked.
    #[n(7)]
    pub bell: bool,
    /// A pane wrote since anybody looked.
    #[n(8)]
    pub activity: bool,
    /// Layout as text.
    #[n(9)]
    pub layout: String,
    /// Whether title lines are shown (row above each pane).
    #[n(10)]
    #[serde(skip)]
    pub titles: bool,
    /// Panes by last use, newest first, without the active one.
    #[n(11)]
    #[serde(skip)]
    pub last: Vec<PaneId>,
}

/// A pane.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct PaneInfo {
    /// Id, given once.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub id: PaneId,
    /// Grows when its program is started again.
    #[n(1)]
    pub incarnation: u32,
    /// Process id of what was started.
    #[n(2)]
    pub pid: u32,
    /// Title: set by hand or by the program.
    #[n(3)]
    pub title: String,
    /// Name of the foreground command.
    #[n(4)]
    pub command: String,
    /// Working directory of the foreground command.
    #[n(5)]
    pub cwd: String,
    /// Size in cells.
    #[n(6)]
    #[serde(serialize_with = "ids::plain")]
    pub size: Size,
    /// The program has ended and the pane is kept.
    #[n(7)]
    pub dead: bool,
    /// Exit code, once dead.
    #[n(8)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Signal, once dead.
    #[n(9)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Lines in history.
    #[n(10)]
    pub history_lines: u64,
    /// Something to know about it: `quarantined`, `degraded`.
    #[n(11)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What was started; empty: the shell.
    #[n(12)]
    pub started: Vec<String>,
    /// Who made it: provenance only.
    #[n(13)]
    pub created_by: String,
    /// Its window.
    #[n(14)]
    #[serde(serialize_with = "ids::plain")]
    pub window: WindowId,
}

/// One connection of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct AttachmentInfo {
    /// Id.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub id: AttachmentId,
    /// Transport.
    #[n(1)]
    pub transport: Transport,
    /// Where from: host for ssh, terminal for unix.
    #[n(2)]
    pub origin: String,
    /// Role.
    #[n(3)]
    pub role: Role,
    /// Presence.
    #[n(4)]
    pub presence: Presence,
    /// What it looks at.
    #[n(5)]
    #[serde(serialize_with = "ids::option")]
    pub session: Option<SessionId>,
    /// What it looks at.
    #[n(6)]
    #[serde(serialize_with = "ids::option")]
    pub window: Option<WindowId>,
    /// The pane with its focus.
    #[n(7)]
    #[serde(serialize_with = "ids::option")]
    pub focus: Option<PaneId>,
    /// Its viewport.
    #[n(8)]
    #[serde(serialize_with = "ids::option")]
    pub viewport: Option<Size>,
    /// Since when, milliseconds since the Unix epoch.
    #[n(9)]
    pub since_ms: u64,
    /// Its last input, milliseconds since the Unix epoch; 0: none.
    #[n(10)]
    pub last_input_ms: u64,
}

/// Who is attached.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen, Serialize)]
#[cbor(map)]
pub struct OperatorInfo {
    /// Id.
    #[n(0)]
    #[serde(serialize_with = "ids::plain")]
    pub id: OperatorId,
    /// Kind.
    #[n(1)]
    pub kind: OperatorKind,
    /// Name.
    #[n(2)]
    pub name: String,
    /// Attachments.
    #[n(3)]
    pub attachments: Vec<AttachmentInfo>,
}

/// The newest state of a pane's screen for one client: never a backlog.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Frame {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// Version the client must have for this to apply; 0: none, this is everything.
    #[n(1)]
    pub base: u64,
    /// Version the client has afterwards, to be acknowledged.
    #[n(2)]
    pub version: u64,
    /// A diff as `terminal::diff` encodes it.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub diff: Vec<u8>,
    /// Oldest line in history.
    #[n(4)]
    pub history_first: u64,
    /// One past the newest line in history.
    #[n(5)]
    pub history_end: u64,
}

/// A client drew a frame and is ready for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct FrameAck {
    /// The pane.
    #[n(0)]
    pub pane: PaneId,
    /// The version it has; 0 asks for everything anew.
    #[n(1)]
    pub version: u64,
}

/// Input was applied, or refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct InputAck {
    /// The input's number.
    #[n(0)]
    pub seq: u64,
    /// The pane.
    #[n(1)]
    pub pane: PaneId,
    /// Why it was refused; none: it was applied.
    #[n(2)]
    pub refused: Option<Refusal>,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum Level {
    /// For information.
    #[n(0)]
    Info,
    /// We coped.
    #[n(1)]
    Warning,
    /// A person must act.
    #[n(2)]
    Error,
}

/// Something for the client to say or do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub enum Notice {
    /// A line for the status line.
    #[n(0)]
    Message(#[n(0)] Level, #[n(1)] String),
    /// A pane rang the bell.
    #[n(1)]
    Bell(#[n(0)] PaneId),
    /// A pane's program set the clipboard (OSC 52) and the configuration lets it.
    #[n(2)]
    Clipboard(#[n(0)] PaneId, #[n(1)] String),
    /// The configuration file changed: read it again.
    #[n(3)]
    ConfigChanged,
    /// A pane's program asks for attention (OSC 9, 777): title and body.
    #[n(4)]
    Attention(#[n(0)] PaneId, #[n(1)] String, #[n(2)] String),
}

/// Why a client was let go.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(map)]
pub struct Detached {
    /// `detached`, `session_ended`, `server_exited`, `replaced`.
    #[n(0)]
    pub reason: String,
    /// The session it was attached to.
    #[n(1)]
    pub session: Option<String>,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// 1, frozen.
    Hello(Hello),
    /// 2, frozen: the sessions.
    List,
    /// 3, frozen: end panes, server and keeper.
    Kill,
    /// 4, frozen: go on in the binary at this path.
    Upgrade(String),
    /// 10.
    Attach(Attach),
    /// 11.
    View(View),
    /// 12.
    Input(Input),
    /// 13.
    FrameAck(FrameAck),
    /// 14: the viewport's new size.
    Viewport(Size),
    /// 15.
    Request(RequestMessage),
    /// 16: are you there? Answered by a pong with the same number.
    Ping(u64),
    /// 17: leave.
    Detach,
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// 101, frozen.
    Welcome(Welcome),
    /// 102, frozen: the connection is refused or misbehaved; it ends.
    Error(Refusal),
    /// 103, frozen: the answer to a list.
    List(Vec<ListedSession>),
    /// 104, frozen: a kill or upgrade is under way.
    Ok,
    /// 110.
    Attached(Attached),
    /// 111: a session is there or changed.
    Session(SessionInfo),
    /// 112.
    SessionGone(SessionId),
    /// 113.
    Window(WindowInfo),
    /// 114.
    WindowGone(WindowId),
    /// 115.
    Pane(PaneInfo),
    /// 116.
    PaneGone(PaneId),
    /// 117: everybody who is attached.
    Roster(Vec<OperatorInfo>),
    /// 118: what was sent since the last one of these belongs together; draw now.
    ModelEnd,
    /// 120.
    Frame(Frame),
    /// 121.
    InputAck(InputAck),
    /// 122.
    Reply(ReplyMessage),
    /// 123.
    Notice(Notice),
    /// 124.
    Detached(Detached),
    /// 125.
    Pong(u64),
}

/// How ids and sizes look in JSON: as their text.
mod ids {
    use std::fmt::Display;

    use serde::Serializer;

    pub(super) fn plain<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn option<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }
}
