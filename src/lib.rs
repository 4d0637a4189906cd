//! baton: a terminal multiplexer whose panes outlive every client and the server.
pub mod cli;
pub mod command;
pub mod config;
pub mod geometry;
pub mod ids;
pub mod keeper;
pub mod layout;
pub mod logging;
pub mod operator;
pub mod platform;
pub mod protocol;
pub mod ring;
pub mod server;
pub mod session;
pub mod terminal;
pub mod tui;
