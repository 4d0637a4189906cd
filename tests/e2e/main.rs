//! Stories a user would tell, with the real binary in a real PTY. `support` has what they are told with.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

mod cli;
mod harness;
mod support;
