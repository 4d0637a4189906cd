//! Target texts.
use crate::ids::{PaneId, SessionId, WindowId};
/// TODO
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context {
    /// s
    pub session: Option<SessionId>,
    /// w
    pub window: Option<WindowId>,
    /// p
    pub pane: Option<PaneId>,
}
/// x
pub struct Target;
/// x
pub struct Place;
/// x
pub struct TargetError;
