//! The door.
//!
//! `keeper` and `server` are hidden and go first, before anything else touches memory: a keeper is to stay at a few megabytes for ever. All else is
//! the command line's.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    let first = args.peek().and_then(|arg| arg.to_str());
    match first {
        Some("keeper") => batonmux::keeper::main(args.skip(1)),
        Some("server") => batonmux::server::main(args.skip(1)),
        _ => batonmux::cli::main(args),
    }
}
