//! The server: owner of sessions, panes and clients.
pub mod outbox;
pub mod panes;
