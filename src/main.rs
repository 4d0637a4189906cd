//! The door.
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    // The keeper before anything else: what it does not touch costs it no memory.
    match args.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("keeper") => batonmux::keeper::main(args),
        _ => ExitCode::FAILURE,
    }
}
