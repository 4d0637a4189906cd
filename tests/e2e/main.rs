//! Stories a user would tell, with the real binary in a real PTY. `support` has what they are told with.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "tests")]

mod agents;
mod campaign;
mod cli;
mod control;
mod control_cli;
mod crash;
mod faults;
mod frontend;
mod harness;
mod panes;
mod points;
mod sessions;
mod start;
mod support;
