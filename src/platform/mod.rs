//! The differences between the systems baton runs on, behind one set of functions.
//!
//! `linux.rs` and `macos.rs` give the same names; nothing else in the program asks which system it is on. What is the same everywhere, but needs the
//! kernel directly, is here too, so that `unsafe` stays in few files:
//!
//! * memory objects that outlive their maker (memfd; on macOS an unlinked shm object, which cannot be sealed),
//! * the terminal's edges: packet mode, how much is readable, who is in the foreground, with what command and folder; the pipe for what is typed and
//!   the kernel's way from it to the terminal (Linux),
//! * processes: [`ProcessWatch`] (pidfd; kqueue), reaping with usage, detaching, descriptor limits, the OOM killer's order,
//! * who is at the other end of a socket: [`peer`], [`peer_watch`], its ancestors and terminal ([`lineage`]), users and groups by name,
//! * [`KeeperSocket`]: packets with descriptors (SEQPACKET; on macOS a stream with lengths),
//! * [`FolderWatch`]: changes of files, without polling (inotify; kqueue),
//! * [`user()`]: what the user database says of whoever runs this,
//! * files: [`runtime_dir`] makes or checks the private folder of the sockets.
#![allow(unsafe_code, reason = "system calls that rustix has no safe call for")]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

mod files;
mod lineage;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod process;
mod socket;
mod user;
mod users;
mod watch;

#[cfg(target_os = "linux")]
use linux as sys;
#[cfg(target_os = "macos")]
use macos as sys;

pub use files::{DirError, bind_private, create_private, runtime_dir};
pub use lineage::{End, Lineage, Process, lineage};
pub use process::{
    Forked, Reaped, adopt_descriptor, become_daemon, claim_limits, close_descriptors_from, descriptor_limit, detach_stdio, fork,
    fork_daemon, ignore_signals, may_fork, place_descriptor, prepare_terminal_child, reap, return_limits, run_and_end,
};
pub use socket::{KeeperSocket, Received};
pub use sys::{
    ProcessWatch, adopt_orphans, arguments_of, command_of, cwd_of, executable_path, input_pipe, is_sealed, memory_advice, memory_object,
    name_process, open_slave, peer, peer_watch, program_path, punch_hole, raise_oom_score, readable, reset_oom_score, splice, start_time,
    terminal_of,
};
pub use user::{User, user, user_name};
pub use users::{gid_of, groups_of, name_of, uid_of};
pub use watch::FolderWatch;

/// Who is at the other end of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process, if the system says; of a socket pair: who made the pair.
    pub pid: Option<u32>,
}

/// What runs in the foreground of a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreground {
    /// Its process group.
    pub group: u32,
    /// The command's name, as the system shortens it.
    pub command: Option<OsString>,
    /// Its working folder.
    pub cwd: Option<PathBuf>,
}

/// Whether the terminal behind `master` reads a line without showing it: that is how programs ask for a secret. False if nobody can tell.
#[must_use]
pub fn asks_secret(master: BorrowedFd<'_>) -> bool {
    use rustix::termios::LocalModes;
    let modes = rustix::termios::tcgetattr(master).map(|terminal| terminal.local_modes);
    modes.is_ok_and(|modes| modes.contains(LocalModes::ICANON) && !modes.contains(LocalModes::ECHO))
}

/// What is in the foreground of the terminal behind `master`: the leader of the foreground process group. `None` when there is none (the pane's
/// program is gone).
#[must_use]
pub fn foreground(master: BorrowedFd<'_>) -> Option<Foreground> {
    let group = foreground_group(master)?;
    Some(Foreground { group, command: command_of(group), cwd: cwd_of(group) })
}

/// The foreground process group of the terminal behind `master`.
#[must_use]
pub fn foreground_group(master: BorrowedFd<'_>) -> Option<u32> {
    // rustix's tcgetpgrp takes a group of 0 for an impossibility; a master whose session is gone gives it.
    // SAFETY: plain call on an open descriptor.
    let group = unsafe { libc::tcgetpgrp(master.as_raw_fd()) };
    u32::try_from(group).ok().filter(|group| *group > 0)
}

/// Switches packet mode (`TIOCPKT`) of a PTY master: each read is then one status byte, then data.
///
/// # Errors
/// What the system says.
pub fn set_packet_mode(master: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let value = libc::c_int::from(on);
    // SAFETY: the request reads one int through the pointer, which outlives the call.
    if unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCPKT as _, &raw const value) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Sets whether reads and writes may block. The flag belongs to the open file, so everybody who holds the master gets it.
///
/// # Errors
/// What the system says.
pub fn set_nonblocking(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    let mut flags = rustix::fs::fcntl_getfl(fd)?;
    flags.set(rustix::fs::OFlags::NONBLOCK, on);
    Ok(rustix::fs::fcntl_setfl(fd, flags)?)
}

/// Sets the size of the terminal behind `master`; its foreground group gets SIGWINCH if it changed.
///
/// # Errors
/// What the system says.
pub fn set_terminal_size(master: BorrowedFd<'_>, size: crate::geometry::Size) -> io::Result<()> {
    let size = rustix::termios::Winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(rustix::termios::tcsetwinsize(master, size)?)
}

/// Waits until `fd` is readable or hung up, at most `timeout`; says whether it is.
///
/// # Errors
/// What the system says.
pub fn wait_readable(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<bool> {
    let end = timeout.map(|timeout| std::time::Instant::now() + timeout);
    loop {
        let left = end.map(|end| timespec(end.saturating_duration_since(std::time::Instant::now())));
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], left.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A duration as poll wants it.
#[must_use]
pub fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(duration.subsec_nanos()) as _ }
}

/// Length of a memory object or file.
///
/// # Errors
/// What the system says.
pub fn object_len(object: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(u64::try_from(rustix::fs::fstat(object)?.st_size).unwrap_or(0))
}

/// Reads all of `buffer` from `at`.
///
/// # Errors
/// What the system says; `UnexpectedEof` when the object is shorter.
pub fn read_at(object: BorrowedFd<'_>, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match rustix::io::pread(object, &mut *buffer, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = buffer.get_mut(read..).unwrap_or_default();
                at += read as u64;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes all of `bytes` at `at`.
///
/// # Errors
/// What the system says.
pub fn write_at(object: BorrowedFd<'_>, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(object, bytes, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                at += written as u64;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A PTY with nobody on it, in raw mode, for self-tests: (master, slave), the master not blocking.
///
/// # Errors
/// What the system says.
pub fn raw_pty_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::os::fd::AsFd;
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    rustix::io::fcntl_setfd(&master, rustix::io::FdFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let slave = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut modes = rustix::termios::tcgetattr(&slave)?;
    modes.make_raw();
    rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &modes)?;
    set_nonblocking(master.as_fd(), true)?;
    Ok((master, slave))
}

#[cfg(test)]
mod tests;
