//! The first start: who forks whom, and why nothing is executed.
//!
//! ```text
//!   client ──fork──► go-between ──fork──► keeper ──fork──► server
//!     │ waits for its end ◄── ends at once   │ "+", or "-" and why not, through a pipe
//!     │ reads its configuration              ▼
//!     └── hears the word, connects         its loop
//! ```
//!
//! Somebody waits for the first prompt while three processes come up. Each of them is this program, so each could be a copy of the one before instead
//! of a new execution: that saves the linking and the relocations of two (three milliseconds of thirteen), and what was relocated once is shared by
//! all three as long as nobody writes to it. The go-between is there so that the keeper is nobody's child but init's.
//!
//! * **The client** has the lock. It binds the socket itself, so that it may connect as soon as it likes and hears of a failure at first hand; keeper
//!   and server inherit the listener. It does not go on before the keeper's word came: a start that fails is told before the terminal is touched.
//! * **The keeper** is forked while the client has one thread and nothing but its arguments and paths in memory. It closes every descriptor but the
//!   listener and the pipe, leaves the session, the terminal and the folder, and ignores their signals; its environment is the client's, as ever.
//! * **The server** is forked before the keeper has opened or registered anything of its own, so there is nothing that the server would have to undo.
//!   It gets the link and the listener and closes the rest.
//!
//! A forked process never returns into what its maker was doing: [`platform::run_and_end`] ends it, also by panic, without the maker's destructors.
//! `ps` shows the client's command line for all three; their names (`baton-keeper`, `baton-server`) tell them apart.
//!
//! Everything later is executed: a server after a crash or an upgrade, because it must be the program of the keeper's choice and owe nothing to a process
//! that failed; a keeper after a crash, because the server that starts it has threads. So is the first start where forking is not safe
//! ([`platform::may_fork`]: not with threads, not on macOS, whose frameworks do not survive it).

use std::os::fd::{AsRawFd, OwnedFd};

use super::start::{StartError, heard, io_error, lock_unless_running, start};
use super::{KeeperPaths, Options, PROBE, run};
use crate::platform::{self, Forked};

/// What a forked server has from the start. Everything else that a server may find, state and panes, the first one does not find.
#[derive(Debug)]
pub struct FirstServer {
    /// The link to the keeper, not yet attached.
    pub link: OwnedFd,
    /// The socket, listening.
    pub listener: OwnedFd,
    /// Where the instance's files are.
    pub paths: KeeperPaths,
}

/// Serves in this process until the end; whether it ended well.
pub type Serve = fn(FirstServer) -> bool;

/// A keeper that is there or on its way.
#[derive(Debug)]
#[must_use = "whether the keeper got up is known only after `wait`"]
pub struct Birth {
    /// Where its word will come from; none if there is nothing to wait for.
    word: Option<OwnedFd>,
}

impl Birth {
    /// Waits until a client may connect.
    ///
    /// # Errors
    /// [`StartError::Refused`] with the keeper's reason.
    pub fn wait(self) -> Result<(), StartError> {
        self.word.map_or(Ok(()), heard)
    }
}

/// Sees that a keeper runs for `paths`, as [`start`] does, but without executing anything if this process may fork; `serve` is then the server. There
/// is something to do for the caller until [`Birth::wait`].
///
/// # Errors
/// [`StartError`], with what to tell the user.
pub fn start_here(paths: &KeeperPaths, serve: Serve) -> Result<Birth, StartError> {
    if !platform::may_fork() {
        return start(paths, None, &[]).map(|_| Birth { word: None });
    }
    let Some(lock) = lock_unless_running(paths)? else { return Ok(Birth { word: None }) };
    // From here on a client finds somebody, if only a backlog.
    let listener = run::bind_listener(paths).map_err(io_error("the socket"))?;
    let (word, ready) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|error| io_error("pipe")(error.into()))?;
    match platform::fork_daemon() {
        Ok(Forked::Parent(_)) => {
            drop(lock);
            Ok(Birth { word: Some(word) })
        }
        Ok(Forked::Child) => platform::run_and_end(|| {
            platform::name_process("baton-keeper");
            platform::close_descriptors_from(3, &[listener.as_raw_fd(), ready.as_raw_fd()]);
            let options = Options { paths: paths.clone(), probe: PROBE, ..Options::default() };
            run::run_first(&options, ready, listener, serve).is_ok()
        }),
        Err(error) => {
            // Nobody will accept there.
            let _ = std::fs::remove_file(&paths.socket);
            Err(io_error("starting the keeper")(error))
        }
    }
}
