//! Linux: memfd, pidfd, `/proc`.
#![allow(unsafe_code, reason = "two ioctls, a socket option")]

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::{FallocateFlags, MemfdFlags, SealFlags};
use rustix::mm::Advice;
use rustix::process::{Pid, PidfdFlags, Signal};

use super::{Peer, Process};

/// A memory object of `len` zero bytes that can neither shrink nor grow; pages cost memory once touched.
///
/// # Errors
/// What the system says: descriptors or memory exhausted.
pub fn memory_object(len: u64) -> io::Result<OwnedFd> {
    let object = rustix::fs::memfd_create("baton-pane", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&object, len)?;
    rustix::fs::fcntl_add_seals(&object, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(object)
}

/// Whether `object` can never be cut, so that mapping it is safe.
///
/// # Errors
/// What the system says; `InvalidInput` for what is no memory object.
pub fn is_sealed(object: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(rustix::fs::fcntl_get_seals(object)?.contains(SealFlags::SHRINK))
}

/// Gives the memory of a range back; it reads as zeros.
///
/// # Errors
/// What the system says.
pub fn punch_hole(object: BorrowedFd<'_>, at: u64, len: u64) -> io::Result<()> {
    Ok(rustix::fs::fallocate(object, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, at, len)?)
}

/// What to tell the kernel of a mapping that holds screens: not in core dumps, not copied into forked children.
#[must_use]
pub fn memory_advice() -> &'static [Advice] {
    &[Advice::LinuxDontDump, Advice::LinuxDontFork]
}

/// Bytes of output that one read of `master` would give now; packet mode's status byte is not counted.
///
/// # Errors
/// What the system says.
pub fn readable(master: BorrowedFd<'_>) -> io::Result<usize> {
    Ok(usize::try_from(rustix::io::ioctl_fionread(master)?).unwrap_or(0))
}

/// A pipe for what is typed into a pane: the end that is read, the end that is written. Neither blocks.
///
/// # Errors
/// Descriptors are exhausted.
pub fn input_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK)?)
}

/// Moves at most `max` bytes from a pipe to a terminal that does not block, inside the kernel: a kill at any instruction leaves each byte on exactly
/// one side.
///
/// # Errors
/// `WouldBlock` when the terminal takes none now, `InvalidInput` where terminals cannot be spliced to (before Linux 5.11), else what the system says.
pub fn splice(pipe: BorrowedFd<'_>, terminal: BorrowedFd<'_>, max: usize) -> io::Result<usize> {
    Ok(rustix::io::retry_on_intr(|| rustix::pipe::splice(pipe, None, terminal, None, max, rustix::pipe::SpliceFlags::NONBLOCK))?)
}

/// The terminal behind `master`, opened for a child; never becomes our own controlling terminal.
///
/// # Errors
/// What the system says.
pub fn open_slave(master: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    use rustix::pty::OpenptFlags;
    Ok(rustix::pty::ioctl_tiocgptpeer(master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?)
}

/// A path by which the program open as `fd` can be executed, if this system can do that.
#[must_use]
pub fn executable_path(fd: BorrowedFd<'_>) -> Option<PathBuf> {
    Some(PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd())))
}

/// Who is at the other end of a connected local socket.
///
/// # Errors
/// What the system says.
pub fn peer(socket: BorrowedFd<'_>) -> io::Result<Peer> {
    let peer = rustix::net::sockopt::socket_peercred(socket)?;
    Ok(Peer { uid: peer.uid.as_raw(), pid: u32::try_from(peer.pid.as_raw_nonzero().get()).ok() })
}

/// A watch on the process at the other end of a connected local socket, made by the kernel where it can (Linux 6.5), so that it cannot be another one with
/// the same number; else by its number. `None`: it is gone.
#[must_use]
pub fn peer_watch(socket: BorrowedFd<'_>) -> Option<ProcessWatch> {
    /// From `asm-generic/socket.h`.
    const SO_PEERPIDFD: libc::c_int = 77;
    let pid = peer(socket).ok()?.pid?;
    let mut raw: libc::c_int = -1;
    let mut len = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: value and length outlive the call, and the length is the value's.
    let told = unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, SO_PEERPIDFD, (&raw mut raw).cast(), &raw mut len) };
    if told == 0 && raw >= 0 {
        // SAFETY: a descriptor that the kernel has just made for us.
        return Some(ProcessWatch::from_fd(pid, unsafe { OwnedFd::from_raw_fd(raw) }));
    }
    match io::Error::last_os_error().raw_os_error() {
        // The process is gone and its number with it.
        Some(libc::ESRCH | libc::EINVAL | libc::ENODATA) => None,
        _ => ProcessWatch::open(pid).ok(),
    }
}

/// Process `pid`, as it is now.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let after = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(after + 1..)?).ok()?;
    // The first of these is field 3 of proc(5).
    let fields: Vec<&str> = rest.split_ascii_whitespace().take(20).collect();
    let field = |number: usize| fields.get(number - 3).copied();
    // Minor in bits 31 to 20 and 7 to 0, major in bits 15 to 8.
    let device: i32 = field(7)?.parse().ok()?;
    let device = device.cast_unsigned();
    let terminal = rustix::fs::makedev(device >> 8 & 0xff, device >> 12 & 0xfff00 | device & 0xff);
    Some(Process {
        pid,
        parent: field(4)?.parse().ok()?,
        started: field(22)?.parse().ok()?,
        terminal: Some(terminal).filter(|_| device != 0),
    })
}

/// The terminal behind `master`, as a number that [`Process::terminal`] has, too.
#[must_use]
pub fn terminal_of(master: BorrowedFd<'_>) -> Option<u64> {
    let name = rustix::pty::ptsname(master, Vec::new()).ok()?;
    let number: u32 = name.to_str().ok()?.strip_prefix("/dev/pts/")?.parse().ok()?;
    /// `UNIX98_PTY_SLAVE_MAJOR`.
    const SLAVES: u32 = 136;
    Some(rustix::fs::makedev(SLAVES, number))
}

/// The first words of process `pid`'s command line, at most four of the first 4 KiB.
#[must_use]
pub fn arguments_of(pid: u32) -> Vec<OsString> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(format!("/proc/{pid}/cmdline")).and_then(|file| file.take(4096).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    bytes.split(|byte| *byte == 0).take(4).filter(|word| !word.is_empty()).map(|word| OsStr::from_bytes(word).to_owned()).collect()
}

/// Makes this process the parent of every descendant that loses its own, so that whoever leaves a pane's tree of processes is still known to come from one.
pub fn adopt_orphans() {
    let _ = rustix::process::set_child_subreaper(Pid::from_raw(1));
}

/// The running program, as something that can be executed and opened even after its file was replaced.
///
/// # Errors
/// None here.
pub fn program_path() -> io::Result<PathBuf> {
    Ok(PathBuf::from("/proc/self/exe"))
}

/// Calls this process `name` (at most 15 bytes) in `ps` and `top`, where one that was forked or started through a descriptor would bear another.
pub fn name_process(name: &str) {
    if let Ok(name) = std::ffi::CString::new(name) {
        // SAFETY: copies a string that outlives the call.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
    }
}

/// The short name of process `pid`'s command.
#[must_use]
pub fn command_of(pid: u32) -> Option<OsString> {
    let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(OsStr::from_bytes(name.strip_suffix(b"\n").unwrap_or(&name)).to_owned())
}

/// The working folder of process `pid`, if we may know it.
#[must_use]
pub fn cwd_of(pid: u32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// When process `pid` started, in clock ticks since boot: with the pid, its name for ever.
#[must_use]
pub fn start_time(pid: u32) -> Option<u64> {
    stat_field(pid, 22)?.parse().ok()
}

/// Field `number` (as in proc(5), from 3 on) of `/proc/PID/stat`.
fn stat_field(pid: u32, number: usize) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may hold anything, parentheses included.
    let after = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = stat.get(after + 1..)?;
    let field = rest.split(|byte| *byte == b' ').filter(|field| !field.is_empty()).nth(number.checked_sub(3)?)?;
    String::from_utf8(field.trim_ascii().to_vec()).ok()
}

/// Offers this process to the OOM killer before the keeper and the panes. A courtesy: failure is ignored.
pub fn raise_oom_score() {
    let _ = std::fs::write("/proc/self/oom_score_adj", "300");
}

/// Takes [`raise_oom_score`] back as far as an ordinary user may: for a keeper that was started by a server.
pub fn reset_oom_score() {
    for score in ["0", "100", "200"] {
        if std::fs::write("/proc/self/oom_score_adj", score).is_ok() {
            return;
        }
    }
}

/// A process that is watched: a descriptor that becomes readable at its death, and signals that cannot hit a stranger with the same number.
#[derive(Debug)]
pub struct ProcessWatch {
    pid: u32,
    pidfd: OwnedFd,
}

impl ProcessWatch {
    /// Watches process `pid`. That it is still the one that is meant, the caller checks by [`start_time`] afterwards.
    ///
    /// # Errors
    /// `ESRCH` when there is none, or descriptors are exhausted.
    pub fn open(pid: u32) -> io::Result<Self> {
        Ok(Self { pid, pidfd: rustix::process::pidfd_open(raw_pid(pid)?, PidfdFlags::empty())? })
    }

    /// Takes over a watch from another process.
    #[must_use]
    pub fn from_fd(pid: u32, pidfd: OwnedFd) -> Self {
        Self { pid, pidfd }
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it with SIGKILL; a dead one stays dead.
    ///
    /// # Errors
    /// `EPERM` when it is not ours.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Sends it a signal; none to a dead one.
    ///
    /// # Errors
    /// `EPERM` when it is not ours.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match rustix::process::pidfd_send_signal(&self.pidfd, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it is dead (reaped or not).
    #[must_use]
    pub fn is_dead(&self) -> bool {
        super::wait_readable(self.pidfd.as_fd(), Some(std::time::Duration::ZERO)).unwrap_or(true)
    }

    /// Its wait status once it is dead, as far as the kernel tells somebody who is not its parent: from Linux 6.15 on, else only while nobody has
    /// reaped it.
    #[must_use]
    pub fn exit_status(&self) -> Option<i32> {
        // Reaped: the pidfd remembers. Not reaped: /proc does. It may be reaped between the two questions, so the first is put again.
        self.remembered_status().or_else(|| self.zombie_status()).or_else(|| self.remembered_status())
    }

    fn remembered_status(&self) -> Option<i32> {
        const PIDFD_INFO_EXIT: u64 = 1 << 3;
        /// `struct pidfd_info`, first published form.
        #[repr(C)]
        #[derive(Default)]
        struct PidfdInfo {
            mask: u64,
            cgroup: u64,
            ids: [u32; 11],
            exit_code: i32,
        }
        /// `_IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info)` for a structure of 64 bytes.
        const PIDFD_GET_INFO: u64 = 0xc000_0000 | 64 << 16 | 0xff << 8 | 11;
        const { assert!(size_of::<PidfdInfo>() == 64, "the request's number says the size") };
        let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
        // SAFETY: the request reads and writes one structure of the size in its number, which outlives the call.
        let done = unsafe { libc::ioctl(self.pidfd.as_raw_fd(), PIDFD_GET_INFO as _, &raw mut info) };
        (done == 0 && info.mask & PIDFD_INFO_EXIT != 0).then_some(info.exit_code)
    }

    fn zombie_status(&self) -> Option<i32> {
        if !self.is_dead() || stat_field(self.pid, 3)? != "Z" {
            return None;
        }
        let status = stat_field(self.pid, 52)?.parse().ok();
        // Signal 0 reaches a process that is not reaped; if ours was, the number may by now be another's, and so may the status.
        let mine = rustix::io::retry_on_intr(|| pidfd_exists(self.pidfd.as_fd())).is_ok();
        status.filter(|_| mine)
    }
}

impl AsFd for ProcessWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

fn pidfd_exists(pidfd: BorrowedFd<'_>) -> rustix::io::Result<()> {
    // SAFETY: signal 0 delivers nothing; the remaining arguments are a null pointer and no flags, as the call allows.
    let done = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), 0, std::ptr::null::<libc::siginfo_t>(), 0) };
    if done == 0 { Ok(()) } else { Err(rustix::io::Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(rustix::io::Errno::SRCH)) }
}

fn raw_pid(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))
}
