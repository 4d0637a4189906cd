//! Where things are: the socket, the configuration file, the state folder.
//!
//! The socket of one instance lies in a private folder, checked by [`platform::runtime_dir`]: ours, mode 0700, no link. Which socket:
//! 1. `-S PATH`: that path, in a folder that exists;
//! 2. `-L NAME`: `NAME.sock` in the runtime folder;
//! 3. `$BATON_SOCKET`, which panes have, so that `baton` in a pane speaks to its own server;
//! 4. `default.sock` in the runtime folder.
//!
//! The runtime folder is `baton` in `$XDG_RUNTIME_DIR` (by the `directories` crate). Where there is none, or it is another user's (after `su` the old one is
//! still in the environment), it is `run` in the state folder, and if the home cannot be written, `/tmp/baton-UID`. A folder that is there but not
//! private is refused with a word on how to mend it, never used and never passed over: somebody may have planted it.
//!
//! Beside `NAME.sock` lie `NAME.lock` (held while a keeper is started) and `NAME.keeper` (the keeper's own socket).

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use crate::keeper::KeeperPaths;
use crate::platform::{self, DirError};

use super::failure::{Exit, Failure};

/// The variable that panes have: the path of their server's socket.
pub const SOCKET_VARIABLE: &str = "BATON_SOCKET";
/// The variable that panes have: their own id.
pub const PANE_VARIABLE: &str = "BATON_PANE";
/// The variable that panes have: their own secret.
pub const TOKEN_VARIABLE: &str = "BATON_TOKEN";
/// Names another configuration file.
pub const CONFIG_VARIABLE: &str = "BATON_CONFIG";

/// Longest path that a socket can have on all systems we run on, in bytes.
const SOCKET_PATH_MAX: usize = 100;

/// Which instance is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// `-L`.
    pub name: Option<String>,
    /// `-S`.
    pub path: Option<PathBuf>,
}

/// The folders and files of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Sockets and lock.
    pub keeper: KeeperPaths,
    /// The socket was named (`-S`), so it may be another user's.
    pub named: bool,
}

impl Paths {
    /// Finds them. The folder of the sockets is made if it is missing, so that two first clients meet in the same one.
    ///
    /// # Errors
    /// No folder can be used, or the path is too long for a socket.
    pub fn find(choice: &Choice) -> Result<Self, Failure> {
        let inherited = std::env::var_os(SOCKET_VARIABLE).filter(|path| !path.is_empty());
        let socket = match (&choice.path, &choice.name, inherited) {
            (Some(path), _, _) => std::path::absolute(path).map_err(|e| Failure::system("-S", &e))?,
            (None, Some(name), _) => runtime_folder()?.join(format!("{}.sock", checked_name(name)?)),
            (None, None, Some(path)) => PathBuf::from(path),
            (None, None, None) => runtime_folder()?.join("default.sock"),
        };
        if socket.as_os_str().as_bytes().len() > SOCKET_PATH_MAX {
            return Err(Failure::new(
                Exit::Refused,
                "too_large",
                format!("the socket's path is too long for the system: {}", socket.display()),
            )
            .with_hint(format!("choose one of at most {SOCKET_PATH_MAX} bytes with `-S PATH`, or a shorter XDG_RUNTIME_DIR")));
        }
        let Some(folder) = socket.parent().filter(|folder| folder.is_absolute()) else {
            return Err(Failure::new(Exit::Refused, "bad_request", format!("{} is not an absolute path of a socket", socket.display())));
        };
        let runtime_dir = folder.to_owned();
        Ok(Self {
            named: choice.path.is_some(),
            keeper: KeeperPaths { lock: socket.with_extension("lock"), control: socket.with_extension("keeper"), runtime_dir, socket },
        })
    }

    /// The socket that clients connect to.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.keeper.socket
    }
}

/// A name for `-L`: it becomes a file name.
fn checked_name(name: &str) -> Result<&str, Failure> {
    let fits =
        !name.is_empty() && !name.starts_with('.') && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fits {
        Ok(name)
    } else {
        Err(Failure::new(Exit::Usage, "usage", format!("-L: `{name}` cannot be the name of a socket"))
            .with_hint("letters, digits, `-`, `_` and `.` make a name; `-S PATH` takes any path"))
    }
}

/// baton's folders by the rules of the system.
#[must_use]
pub fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "baton")
}

/// The configuration file: `$BATON_CONFIG`, or `config.toml` in the configuration folder. It need not exist.
#[must_use]
pub fn config_file() -> Option<PathBuf> {
    std::env::var_os(CONFIG_VARIABLE)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| Some(project()?.config_dir().join("config.toml")))
}

/// Where logs and other state are kept. It need not exist.
#[must_use]
pub fn state_dir() -> Option<PathBuf> {
    let project = project()?;
    Some(project.state_dir().unwrap_or_else(|| project.data_local_dir()).to_owned())
}

/// A place where the runtime folder could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The folder.
    pub folder: PathBuf,
    /// Where it comes from, in words.
    pub why: &'static str,
}

/// The places where the runtime folder could be, the best first.
#[must_use]
pub fn places() -> Vec<Place> {
    let me = rustix::process::geteuid().as_raw();
    let mut places = Vec::new();
    if let Some(folder) = project().and_then(|project| project.runtime_dir().map(Path::to_owned)) {
        let base_is_ours = folder.parent().and_then(|base| base.metadata().ok()).is_some_and(|base| base.is_dir() && base.uid() == me);
        if base_is_ours {
            places.push(Place { folder, why: "$XDG_RUNTIME_DIR" });
        }
    }
    if let Some(state) = state_dir() {
        places.push(Place { folder: state.join("run"), why: "the state folder" });
    }
    let temporary = if cfg!(target_os = "macos") { std::env::temp_dir() } else { PathBuf::from("/tmp") };
    places.push(Place { folder: temporary.join(format!("baton-{me}")), why: "the temporary folder" });
    places
}

/// The runtime folder: the first of [`places`] that is there or can be made, and is private.
fn runtime_folder() -> Result<PathBuf, Failure> {
    let mut last = None;
    for place in places() {
        if let Some(parent) = place.folder.parent() {
            // A state folder that is not there yet. Its mode is the user's business; the folder in it is private.
            _ = std::fs::create_dir_all(parent);
        }
        match platform::runtime_dir(&place.folder) {
            Ok(_) => return Ok(place.folder),
            // It cannot be made here: read-only, full, gone.
            Err(error @ DirError::Io { .. }) => last = Some(error),
            Err(error) => return Err(unsafe_folder(&error)),
        }
    }
    let why = last.map_or_else(|| "no place for it".to_owned(), |error| error.to_string());
    Err(Failure::new(Exit::Refused, "failed", format!("cannot make a private folder for the socket: {why}"))
        .with_hint("choose a socket in a folder you can write with `-S PATH`"))
}

fn unsafe_folder(error: &DirError) -> Failure {
    Failure::new(Exit::Refused, "not_permitted", format!("the folder of the socket is not safe: {error}"))
        .with_hint("`baton doctor` says how to mend it; `-S PATH` takes another place")
}

/// The environment of this process as far as it is text, for the session's `update-environment`; the largest values are left out if all would not fit
/// in a message.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    let pairs =
        std::env::vars_os().filter_map(|(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut pairs: Vec<(String, String)> = pairs.collect();
    let bytes = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| name.len() + value.len() + 10).sum::<usize>();
    while bytes(&pairs) > ENVIRONMENT_MAX_BYTES {
        let Some(largest) = (0..pairs.len()).max_by_key(|at| pairs.get(*at).map_or(0, |pair| pair.1.len())) else { break };
        pairs.swap_remove(largest);
    }
    pairs
}

/// Most of the environment that is sent, in bytes: well under the limit of a frame.
const ENVIRONMENT_MAX_BYTES: usize = 160 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sockets_are_file_names() {
        for good in ["a", "work-2", "x.y", "A_b"] {
            assert_eq!(checked_name(good), Ok(good));
        }
        for bad in ["", ".", "..", "a/b", "../x", ".hidden", "a b", "a\0"] {
            assert_eq!(checked_name(bad).map_err(|f| f.exit), Err(Exit::Usage), "{bad:?}");
        }
    }

    #[test]
    fn a_given_path_is_made_absolute_and_must_be_short() {
        let paths = Paths::find(&Choice { name: None, path: Some("x/y.sock".into()) }).unwrap();
        assert!(paths.socket().is_absolute());
        assert_eq!(paths.keeper.lock.file_name().unwrap(), "y.lock");
        let long = PathBuf::from(format!("/tmp/{}", "x".repeat(200)));
        assert_eq!(Paths::find(&Choice { name: None, path: Some(long) }).unwrap_err().code, "too_large");
    }
}
