//! `baton upgrade`: the server goes on in another binary; panes and clients stay.

use std::path::PathBuf;

use crate::platform;
use crate::protocol::message::{Reply, Request, Status};

use super::connect::Link;
use super::failure::{Exit, Failure};
use super::output::{print, print_json};
use super::paths::Paths;
use super::unexpected;

/// Replaces the server by `binary`, or by the program that is running now.
///
/// # Errors
/// The binary is none, the server refuses, or the new one did not come up (the old one then goes on).
pub fn run(paths: &Paths, binary: Option<&str>, json: bool) -> Result<(), Failure> {
    let given = binary.map_or_else(platform::program_path, |path| Ok(PathBuf::from(path)));
    let path = given.and_then(|path| path.canonicalize()).map_err(|error| Failure::system(binary.unwrap_or("this program"), &error))?;
    let Some(path) = path.to_str().map(str::to_owned) else {
        return Err(Failure::new(Exit::Refused, "bad_request", "the binary's path is not text"));
    };
    let mut link = Link::open(paths)?;
    let before = link.welcome.server_pid;
    match link.ask(paths, &Request::Upgrade { binary: path })? {
        Reply::Done(_) => {}
        other => return Err(unexpected(&other)),
    }
    // The old server may still answer in its last moments; the new one has another process id.
    let after = status(paths)?;
    if json {
        print_json(&after)
    } else if after.server_pid == before {
        Err(Failure::new(Exit::Refused, "failed", "the server is still the one it was")
            .with_hint("its log says why; `baton doctor` knows where that is"))
    } else {
        print(&format!("server {} of release {} took over from {before}\n", after.server_pid, after.version))
    }
}

fn status(paths: &Paths) -> Result<Status, Failure> {
    match Link::open(paths)?.ask(paths, &Request::Status)? {
        Reply::Status(status) => Ok(status),
        other => Err(unexpected(&other)),
    }
}
