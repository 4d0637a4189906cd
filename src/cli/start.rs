//! The first client starts the keeper, and waits on a pipe until the socket listens.

use std::io;

use crate::keeper;
use crate::keeper::StartError;
use crate::platform::DirError;

use super::failure::{Exit, Failure};
use super::paths::Paths;

/// Sees that a keeper runs.
///
/// # Errors
/// When it cannot be started; says how to mend that.
pub fn keeper(paths: &Paths) -> Result<(), Failure> {
    keeper::start(&paths.keeper, None, &[]).map(|_| ()).map_err(|error| failure(&error))
}

fn failure(error: &StartError) -> Failure {
    let failure = |code: &str| Failure::new(Exit::Refused, code, format!("cannot start the server: {error}"));
    match error {
        StartError::Dir(DirError::Io { source, .. }) | StartError::Io { source, .. } => match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure("failed").with_hint("the disk is full: make room, or choose another place with `-S PATH`")
            }
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                failure("failed").with_hint("choose a socket in a folder you can write with `-S PATH`")
            }
            _ => failure("failed").with_hint("`baton doctor` looks for the cause"),
        },
        StartError::Dir(_) => {
            failure("not_permitted").with_hint("sockets lie in a folder that is yours alone (mode 0700); `-S PATH` takes another place")
        }
        StartError::Refused(_) => failure("failed").with_hint("`baton doctor` looks for the cause"),
    }
}
