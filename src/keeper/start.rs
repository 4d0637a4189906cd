//! How the first client gets a keeper, and how anybody asks it for the server's health.
//!
//! A lock file decides between clients that start at the same moment: who has it looks whether somebody serves meanwhile, and only then starts a
//! keeper. What an earlier instance left behind (sockets nobody listens on) is replaced.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::KeeperPaths;
use crate::platform::{self, KeeperSocket};
use crate::protocol::keeper::Message;

/// What [`start`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// Somebody listened already.
    Running,
    /// A keeper was started; the socket listens, the server is on its way.
    Started,
}

/// Why there is no keeper.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The runtime folder is not safe.
    #[error(transparent)]
    Dir(#[from] platform::DirError),
    /// Something could not be done.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The keeper started and gave up.
    #[error("the keeper could not start: {0}")]
    Refused(String),
}

pub(super) fn io_error(what: &'static str) -> impl Fn(io::Error) -> StartError {
    move |source| StartError::Io { what, source }
}

/// Sees that a keeper runs for `paths`: makes the folder, takes the lock, and starts `program keeper` (this program if `None`) unless somebody listens
/// on the socket. `server` replaces the server's command line, for tests. Returns when a client may connect.
///
/// # Errors
/// [`StartError`], with what to tell the user.
pub fn start(paths: &KeeperPaths, program: Option<&Path>, server: &[OsString]) -> Result<Ready, StartError> {
    let Some(_lock) = lock_unless_running(paths)? else { return Ok(Ready::Running) };
    let (answer, ready) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|error| io_error("pipe")(error.into()))?;
    let mut command = keeper_command(paths, program).map_err(io_error("own program"))?;
    command.args(["--ready-fd", "3"]);
    if !server.is_empty() {
        command.arg("--").args(server);
    }
    run_detached(command, &ready).map_err(io_error("starting the keeper"))?;
    drop(ready);
    heard(answer).map(|()| Ready::Started)
}

/// The lock, held by whoever may start a keeper; none if somebody listens already.
pub(super) fn lock_unless_running(paths: &KeeperPaths) -> Result<Option<OwnedFd>, StartError> {
    platform::runtime_dir(&paths.runtime_dir)?;
    let lock = platform::create_private(&paths.lock).map_err(io_error("lock file"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(|error| io_error("lock file")(error.into()))?;
    Ok((!is_listening(&paths.socket)).then_some(lock))
}

/// What a keeper says of its start.
pub(super) fn heard(answer: OwnedFd) -> Result<(), StartError> {
    let mut text = Vec::new();
    io::Read::read_to_end(&mut std::fs::File::from(answer), &mut text).map_err(io_error("the keeper's answer"))?;
    match text.split_first() {
        Some((b'+', _)) => Ok(()),
        Some((_, why)) => Err(StartError::Refused(String::from_utf8_lossy(why).into_owned())),
        None => Err(StartError::Refused("it ended without a word".to_owned())),
    }
}

/// `program keeper` with its paths.
pub(super) fn keeper_command(paths: &KeeperPaths, program: Option<&Path>) -> io::Result<Command> {
    let program: PathBuf = program.map_or_else(platform::program_path, |program| Ok(program.to_owned()))?;
    let mut command = Command::new(program);
    command.arg0("baton").arg("keeper").args(paths.to_args());
    Ok(command)
}

/// Starts a keeper with `handed` as descriptor 3, and waits for the moment when it has made itself a daemon.
#[expect(unsafe_code, reason = "code between fork and exec")]
pub(super) fn run_detached(mut command: Command, handed: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let raw = handed.as_raw_fd();
    // The pipe by which a failed exec is told must not have the number that is overwritten.
    let _taken = rustix::io::fcntl_dupfd_cloexec(handed, 3)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: the closure makes system calls only.
    unsafe {
        command.pre_exec(move || {
            // Of a server: what the new keeper finds, its panes get.
            platform::return_limits()?;
            platform::place_descriptor(raw, 3)
        });
    }
    // The process started here ends as soon as its child is on its own.
    command.spawn()?.wait()?;
    Ok(())
}

/// Whether somebody listens on `socket`. A full backlog counts.
pub(super) fn is_listening(socket: &Path) -> bool {
    match connect_to(socket, SocketType::STREAM) {
        Ok(_) => true,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

fn connect_to(path: &Path, kind: SocketType) -> io::Result<OwnedFd> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, kind, SocketFlags::empty(), None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    platform::set_nonblocking(socket.as_fd(), true)?;
    connect(&socket, &address)?;
    let me = rustix::process::geteuid().as_raw();
    if platform::peer(socket.as_fd())?.uid != me {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "another user listens there"));
    }
    Ok(socket)
}

/// Asks the keeper: [`Message::Probe`] (is the server alive? it is replaced if not), [`Message::Start`] (see that one runs) or [`Message::Shutdown`].
/// Waits at most `timeout`; a probe needs more than the ten seconds that a silent server is given.
///
/// # Errors
/// When no keeper listens, it is somebody else's, or it does not answer in time (`TimedOut`).
pub fn ask(paths: &KeeperPaths, question: &Message, timeout: Duration) -> io::Result<Message> {
    let until = Instant::now() + timeout;
    let mut socket = KeeperSocket::from_fd(connect_to(&paths.control, KeeperSocket::kind())?)?;
    socket.send(&question.encode().map_err(io::Error::other)?, &[])?;
    loop {
        if let Some(received) = socket.recv()? {
            return Message::decode(&received.packet).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
        }
        if !platform::wait_readable(socket.as_fd(), Some(until.saturating_duration_since(Instant::now())))? {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the keeper does not answer"));
        }
    }
}

/// Removes the sockets of an instance that ends.
pub(super) fn remove_sockets(paths: &KeeperPaths) {
    for path in [&paths.socket, &paths.control] {
        // Whoever finds a leftover replaces it.
        let _ = std::fs::remove_file(path);
    }
}
