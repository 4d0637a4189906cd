//! The messages between clients and the server, as plain types with numbers that never change.
//!
//! Every message kind has a number ([`ClientMessage::kind`], [`ServerMessage::kind`]) that is never reused, and every field of a message has one
//! too (`#[n(..)]`). Unknown kinds are skipped; unknown fields are skipped; a field that is added later is an `Option` or has a default. So
//! clients and servers of different releases understand each other. Hello, welcome, error, list, kill and upgrade are frozen for ever: a client
//! of any release can find out what a server of any release is, see its sessions, end it or replace it.
//!
//! Nothing here is an inner type of the session or terminal rooms: the server converts. Rows and diffs travel as bytes that
//! `terminal::diff` and `terminal::row` write and read. Types that a command prints with `--json` derive `Serialize`; their field names are public.
//!
//! | file | what |
//! |---|---|
//! | [`hello`] | the frozen part: hello, welcome, refusals, the list |
//! | [`attach`] | attachments and their views |
//! | [`input`], [`screen`], [`notice`] | what is typed, what is shown, what is said |
//! | [`request`], [`reply`] | what is asked and answered |
//! | [`model`], [`operator`] | what exists, who is there |
//! | [`control`] | who has control of a pane, and what is asked and remembered of that |

pub mod attach;
pub mod control;
pub mod hello;
mod ids;
pub mod input;
pub mod model;
pub mod notice;
pub mod operator;
pub mod reply;
pub mod request;
pub mod screen;

pub use attach::{Attach, Attached, Detached, NewSession, View};
pub use control::{
    ApproveHow, Assurance, ControlInfo, ControlMode, ControlOp, ControlRequestInfo, HandBackInfo, HoldInfo, JournalQuery, OfferInfo,
    ProposalInfo, TokenInfo, TokenRequest, Via, Who, WhoAmI,
};
pub use hello::{ClientKind, Hello, ListedSession, Refusal, Welcome, is_retryable};
pub use input::{Input, InputAck, InputSource};
pub use model::{DividerPlace, PaneInfo, PanePlace, SessionInfo, SessionTree, Tree, WindowInfo, WindowLink, WindowTree};
pub use notice::{Level, Notice};
pub use operator::{AttachmentInfo, OperatorInfo, OperatorKind, Presence, Role, Transport};
pub use reply::{BufferInfo, Lines, Made, Match, Matches, PaneText, Reply, ReplyMessage, Status, TombstoneInfo};
pub use request::{LayoutHow, Request, RequestMessage, ResizeHow, SendItem, Share};
pub use screen::{Frame, FrameAck};

use crate::geometry::Size;
use crate::ids::{PaneId, SessionId, WindowId};

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
    /// 18: somebody sits here and did something by hand that is no input (a command by key, a click): sizes follow the hand, as they follow typing.
    Active,
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
    /// 126: the control of a pane changed; the newest counts. Part of the model, like [`ServerMessage::Pane`].
    Control(Box<ControlInfo>),
}
