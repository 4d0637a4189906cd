//! The first client starts the keeper; `keeper::birth` says how. What it has to do besides is done before it waits for the keeper's word.

use std::io;

use crate::keeper;
use crate::keeper::StartError;
use crate::platform::DirError;

use super::failure::{Exit, Failure};
use super::paths::Paths;

/// A keeper on its way.
#[must_use = "whether the keeper got up is known only after `wait`"]
pub struct Starting(keeper::Birth);

/// Sees that a keeper runs, or is on its way. Must be called while this process has one thread, or it takes longer.
///
/// # Errors
/// When it cannot be started; says how to mend that.
pub fn keeper(paths: &Paths) -> Result<Starting, Failure> {
    keeper::start_here(&paths.keeper, crate::server::first).map(Starting).map_err(|error| failure(&error))
}

impl Starting {
    /// Waits until one may connect.
    ///
    /// # Errors
    /// When it could not start; says how to mend that.
    pub fn wait(self) -> Result<(), Failure> {
        self.0.wait().map_err(|error| failure(&error))
    }
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
