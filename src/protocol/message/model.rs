//! What exists, as clients are told: sessions, windows, panes. Inner types of the session room stay inside; the server converts.
//!
//! Attached clients get these one by one as they change; `ls --json` prints them nested as a [`Tree`].

use minicbor::{CborLen, Decode, Encode};
use serde::Serialize;

use super::ids;
use crate::geometry::{Axis, Rect, Size};
use crate::ids::{PaneId, SessionId, WindowId};

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
    /// When its program was started, in milliseconds since the Unix epoch; 0: not known.
    #[n(15)]
    #[cbor(default)]
    pub started_ms: u64,
    /// When its program ended, in milliseconds since the Unix epoch, once dead.
    #[n(16)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
}
