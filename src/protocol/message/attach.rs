//! Attachments: what a full-screen client asks for when it comes, what it looks at, why it was let go.

use minicbor::{CborLen, Decode, Encode};

use super::operator::Role;
use crate::geometry::Size;
use crate::ids::{AttachmentId, PaneId, SessionId, WindowId};

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
    /// To be given in the next [`super::Hello::resume`]; each works once.
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
