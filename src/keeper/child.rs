//! The start of a pane's program.
//!
//! The PTY is opened by portable-pty, and its [`CommandBuilder`] says what the login shell is. The child itself is started by hand, for three things
//! that portable-pty's `spawn_command` (0.9) does not let us have: its `pre_exec` closes every descriptor above 2, the pipe of the standard library
//! among them through which a failed `exec` is reported, so that a script without its interpreter would look like a child that aborts; it leaves our
//! limits to the child; and signals we ignore beyond its list would stay ignored.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portable_pty::{CommandBuilder, PtySize, PtySystem};

use crate::platform;
use crate::protocol::keeper::SpawnRequest;

/// A pane's program that could not be started.
#[derive(Debug)]
pub(super) struct SpawnError {
    /// What the system said.
    pub errno: i32,
    /// What was tried, for a person.
    pub text: String,
}

impl SpawnError {
    pub(super) fn new(what: &str, error: &io::Error) -> Self {
        Self { errno: error.raw_os_error().unwrap_or(libc::EIO), text: format!("{what}: {error}") }
    }
}

/// Opens a terminal and starts the program in it: the master (not blocking, packet mode, close-on-exec) and the process id.
pub(super) fn spawn(request: &SpawnRequest) -> Result<(OwnedFd, u32), SpawnError> {
    let master = open_terminal(request)?;
    let slave = platform::open_slave(master.as_fd()).map_err(|error| SpawnError::new("terminal", &error))?;
    let pid = start_program(request, &slave)?;
    Ok((master, pid))
}

fn open_terminal(request: &SpawnRequest) -> Result<OwnedFd, SpawnError> {
    let size = request.size.at_least_one();
    let size = PtySize { rows: size.rows, cols: size.cols, pixel_width: 0, pixel_height: 0 };
    let pair = portable_pty::unix::UnixPtySystem::default().openpty(size).map_err(|error| {
        // The library tells the reason as text only; errno is still the one of the call that failed.
        let errno = io::Error::last_os_error().raw_os_error().filter(|errno| *errno != 0).unwrap_or(libc::ENXIO);
        SpawnError { errno, text: error.to_string() }
    })?;
    let raw =
        pair.master.as_raw_fd().ok_or_else(|| SpawnError { errno: libc::ENXIO, text: "the terminal has no descriptor".to_owned() })?;
    let terminal = |error: &io::Error| SpawnError::new("terminal", error);
    // Our own descriptor, so that the library's writer, which types an end-of-file when dropped, is out of the picture.
    let master = duplicate(raw).map_err(|error| terminal(&error))?;
    platform::set_nonblocking(master.as_fd(), true).map_err(|error| terminal(&error))?;
    platform::set_packet_mode(master.as_fd(), true).map_err(|error| terminal(&error))?;
    // Erasing a character in a line that the kernel edits must take all its bytes.
    let _ = rustix::termios::tcgetattr(&master).and_then(|mut modes| {
        modes.input_modes |= rustix::termios::InputModes::IUTF8;
        rustix::termios::tcsetattr(&master, rustix::termios::OptionalActions::Now, &modes)
    });
    Ok(master)
}

#[expect(unsafe_code, reason = "the library gives its master as a bare number")]
fn duplicate(raw: i32) -> io::Result<OwnedFd> {
    // SAFETY: the caller holds the value that owns `raw` beyond this call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw) };
    borrowed.try_clone_to_owned()
}

#[expect(unsafe_code, reason = "code between fork and exec")]
fn start_program(request: &SpawnRequest, slave: &OwnedFd) -> Result<u32, SpawnError> {
    let mut command = match request.argv.split_first() {
        Some((program, args)) => {
            let mut command = Command::new(OsStr::from_bytes(program));
            command.args(args.iter().map(|arg| OsStr::from_bytes(arg)));
            command
        }
        None => {
            let mut builder = CommandBuilder::new_default_prog();
            builder.env_clear();
            for (key, value) in &request.env {
                builder.env(OsStr::from_bytes(key), OsStr::from_bytes(value));
            }
            let shell = builder.get_shell();
            let mut command = Command::new(&shell);
            command.arg0(format!("-{}", shell.rsplit('/').next().unwrap_or(&shell)));
            command
        }
    };
    command.env_clear();
    command
        .envs(request.env.iter().filter(|(key, _)| !key.is_empty()).map(|(key, value)| (OsStr::from_bytes(key), OsStr::from_bytes(value))));
    if request.argv.is_empty() && variable(request, b"SHELL").is_none() {
        let shell = command.get_program().to_owned();
        command.env("SHELL", shell);
    }
    command.current_dir(folder(request));
    let stdio = || slave.try_clone().map(Stdio::from).map_err(|error| SpawnError::new("terminal", &error));
    command.stdin(stdio()?).stdout(stdio()?).stderr(stdio()?);
    // SAFETY: the closure makes system calls only, on values it owns.
    unsafe { command.pre_exec(platform::prepare_terminal_child) };
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.spawn().map_err(|error| SpawnError::new(&name, &error))?;
    Ok(child.id())
}

fn variable(request: &SpawnRequest, name: &[u8]) -> Option<OsString> {
    request.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| OsString::from_vec(value.clone()))
}

/// The folder asked for, or home, or `/`: whichever is a folder.
fn folder(request: &SpawnRequest) -> PathBuf {
    let asked = Path::new(OsStr::from_bytes(&request.cwd));
    if asked.is_absolute() && asked.is_dir() {
        return asked.to_owned();
    }
    variable(request, b"HOME").map(PathBuf::from).filter(|home| home.is_absolute() && home.is_dir()).unwrap_or_else(|| PathBuf::from("/"))
}
