//! What a client is to say or do at once: messages, bells, clipboards.

use minicbor::{CborLen, Decode, Encode};

use super::attach::View;
use crate::ids::PaneId;

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
    /// Somebody wants this client to look so ([`super::Request::Zoom`] from a shell).
    #[n(5)]
    Look(#[n(0)] View),
}
