//! The private folder of the sockets, and private files in it.
//!
//! Everything that lets somebody speak to the server lies in a folder that belongs to us, has mode 0700 and is not a link. It is made exclusively or
//! checked through one descriptor, so that nobody can swap it between question and use; what does not fit is refused, never mended.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};

/// Why a folder is not one that sockets may lie in.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is a link, or not a folder.
    #[error("{path} is not a folder of its own but a link or a file; remove it, or choose another place")]
    NotAFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else owns it.
    #[error("{path} belongs to user {owner}, not to you ({me}); choose another place")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Us.
        me: u32,
    },
    /// Others may look into it or write there.
    #[error("{path} has mode {mode:o}; it must be 0700: chmod 700 {path}")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// Makes the folder `path` with mode 0700, or checks that it is ours and that others can at most pass through it. Its parent must exist. Returns it open.
///
/// # Errors
/// [`DirError`]; nothing was changed.
pub fn runtime_dir(path: &Path) -> Result<OwnedFd, DirError> {
    let io = |error: Errno| DirError::Io { path: path.to_owned(), source: error.into() };
    match rustix::fs::mkdir(path, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(io(error)),
    }
    let folder = match rustix::fs::open(path, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => return Err(DirError::NotAFolder { path: path.to_owned() }),
        Err(error) => return Err(io(error)),
    };
    let stat = rustix::fs::fstat(&folder).map_err(io)?;
    let me = rustix::process::geteuid().as_raw();
    if stat.st_uid != me {
        return Err(DirError::Foreign { path: path.to_owned(), owner: stat.st_uid, me });
    }
    #[allow(clippy::unnecessary_cast, reason = "a mode is 16 bits wide on macOS")]
    let mode = stat.st_mode as u32 & 0o7777;
    // To pass through is what the option `access` lets others do; everything in it has modes of its own.
    if mode & 0o066 != 0 {
        return Err(DirError::Open { path: path.to_owned(), mode });
    }
    Ok(folder)
}

/// Opens `path` for reading and writing, made with mode 0600 if missing; never through a link.
///
/// # Errors
/// What the system says.
pub fn create_private(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?)
}

/// Listens on `path` with mode 0600, in place of whatever socket was there. The socket is bound beside it and renamed, so that there is no moment in
/// which others may connect and none in which there is no socket.
///
/// # Errors
/// What the system says; `InvalidInput` when the path is too long for a socket (104 or 108 bytes).
pub fn bind_private(path: &Path, kind: SocketType, backlog: i32) -> io::Result<OwnedFd> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let address = SocketAddrUnix::new(&beside).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the socket's path is too long"))?;
    match std::fs::remove_file(&beside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = socket(AddressFamily::UNIX, kind, None)?;
    rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::CLOEXEC)?;
    bind(&listener, &address)?;
    rustix::fs::chmod(&beside, Mode::RUSR | Mode::WUSR)?;
    listen(&listener, backlog)?;
    std::fs::rename(&beside, path)?;
    Ok(listener)
}
