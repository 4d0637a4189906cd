//! Processes, where the systems agree: reaping, detaching, limits.
#![allow(unsafe_code, reason = "fork, wait4, and calls between fork and exec")]

use std::io;

use crate::protocol::keeper::Usage;

/// A child that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaped {
    /// Its process id, free for others from now on.
    pub pid: u32,
    /// Its wait status.
    pub status: i32,
    /// What it used.
    pub usage: Usage,
}

/// Reaps one child of this process that ended, if there is one. Never blocks.
#[must_use]
pub fn reap() -> Option<Reaped> {
    let mut status = 0;
    // SAFETY: a structure of integers, for which zeros are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers outlive the call.
        let pid = unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage) };
        if pid < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
            continue;
        }
        let pid = u32::try_from(pid).ok().filter(|pid| *pid > 0)?;
        let micros = |time: libc::timeval| (time.tv_sec as u64).saturating_mul(1_000_000).saturating_add(time.tv_usec as u64);
        let rss = usage.ru_maxrss.max(0) as u64;
        return Some(Reaped {
            pid,
            status,
            usage: Usage {
                user_us: micros(usage.ru_utime),
                system_us: micros(usage.ru_stime),
                rss_max_kib: if cfg!(target_os = "macos") { rss / 1024 } else { rss },
            },
        });
    }
}

/// Which side of a fork this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forked {
    /// The process that asked; with the number of the new one (for [`fork_daemon`] of the one between).
    Parent(u32),
    /// The new one.
    Child,
}

/// Whether a forked child of this process may go on as it is, without executing anything: only with one thread, whose locks nobody else holds, and not
/// on macOS, whose frameworks do not survive a fork.
#[must_use]
pub fn may_fork() -> bool {
    use std::os::unix::fs::MetadataExt;
    // Two links of the folder itself, and one for each thread.
    cfg!(target_os = "linux") && std::fs::metadata("/proc/self/task").is_ok_and(|tasks| tasks.nlink() == 3)
}

/// Forks; the child goes on with everything. Only where [`may_fork`] says so, and the child is to end by [`run_and_end`].
///
/// # Errors
/// What fork says.
pub fn fork() -> io::Result<Forked> {
    // SAFETY: by the rule above the process has one thread, so that no lock is held in the child by one that is not there.
    match unsafe { libc::fork() } {
        0 => Ok(Forked::Child),
        pid => u32::try_from(pid).map(Forked::Parent).map_err(|_| io::Error::last_os_error()),
    }
}

/// Forks a daemon: [`fork`], and in the child [`become_daemon`]. The parent returns when the process between has ended.
///
/// # Errors
/// What either fork says.
pub fn fork_daemon() -> io::Result<Forked> {
    let Forked::Parent(between) = fork()? else {
        return match become_daemon() {
            Ok(()) => Ok(Forked::Child),
            // SAFETY: ends at once; the number of the error is its last word.
            Err(error) => unsafe { libc::_exit(error.raw_os_error().unwrap_or(libc::EAGAIN)) },
        };
    };
    let pid = i32::try_from(between).ok().and_then(rustix::process::Pid::from_raw);
    let status = match rustix::io::retry_on_intr(|| rustix::process::waitpid(pid, rustix::process::WaitOptions::empty())) {
        Ok(status) => status,
        // Whoever started us ignores the ends of children, and so do we: it has ended, and the child will say how it is.
        Err(rustix::io::Errno::CHILD) => return Ok(Forked::Parent(between)),
        Err(error) => return Err(error.into()),
    };
    match status.and_then(|(_, status)| status.exit_status()) {
        Some(0) => Ok(Forked::Parent(between)),
        Some(errno) => Err(io::Error::from_raw_os_error(errno)),
        None => Err(io::Error::other("the process between was killed")),
    }
}

/// Runs `body` as all that is left of a forked process, and ends it: with 0 if `body` says so, else 1, and 101 after a panic, as a program does.
/// Nothing of what the process was forked from is dropped or flushed.
pub fn run_and_end(body: impl FnOnce() -> bool) -> ! {
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
    let code = ended.map_or(101, |well| i32::from(!well));
    // SAFETY: ends at once.
    unsafe { libc::_exit(code) }
}

/// Makes this process a daemon: the caller's parent sees its child end at once, what goes on is in a session of its own and a child of init.
///
/// # Errors
/// What fork says. To be called before any thread is started.
pub fn become_daemon() -> io::Result<()> {
    // SAFETY: the process has one thread, so the child may go on with everything.
    match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        0 => {}
        // SAFETY: ends at once, without the destructors that the child needs unharmed.
        _ => unsafe { libc::_exit(0) },
    }
    rustix::process::setsid()?;
    Ok(())
}

/// Closes every descriptor from `first` on but `keep`: what the launching shell left open is none of the keeper's business.
pub fn close_descriptors_from(first: i32, keep: &[i32]) {
    let mut keep: Vec<i32> = keep.iter().copied().filter(|fd| *fd >= first).collect();
    keep.sort_unstable();
    let mut from = first;
    for fd in keep {
        close_range(from, fd - 1);
        from = fd + 1;
    }
    close_range(from, i32::MAX);
}

fn close_range(from: i32, to: i32) {
    if from > to {
        return;
    }
    #[cfg(target_os = "linux")]
    // SAFETY: closes descriptors that nothing in this process owns: it is called at start, before any is opened.
    if unsafe { libc::syscall(libc::SYS_close_range, from, to, 0) } == 0 {
        return;
    }
    let limit = i32::try_from(descriptor_limit()).unwrap_or(i32::MAX).min(65_536);
    for fd in from..=to.min(limit) {
        // SAFETY: as above.
        unsafe { libc::close(fd) };
    }
}

/// Points stdin, stdout and stderr at `/dev/null`.
///
/// # Errors
/// What the system says.
pub fn detach_stdio() -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

/// The soft limit on descriptors.
#[must_use]
pub fn descriptor_limit() -> u64 {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Soft limits, as whoever started us had them.
#[derive(Debug, Clone, Copy)]
struct SoftLimits {
    descriptors: u64,
    /// Bytes of a core dump; `None`: any.
    core: Option<u64>,
}

/// The user's limits, once [`claim_limits`] has put our own in their place. Process-wide, as limits are.
static USERS: std::sync::OnceLock<SoftLimits> = std::sync::OnceLock::new();

/// Takes the limits that keeper and server need: as many descriptors as the hard limit allows, and no core dumps, since their memory is what people
/// typed and saw. What was before is given back to others by [`return_limits`]. Once a process; a forked one has it done.
pub fn claim_limits() {
    USERS.get_or_init(|| {
        let core = rustix::process::getrlimit(rustix::process::Resource::Core).current;
        let _ = set_core_limit(Some(0));
        let descriptors = descriptor_limit();
        let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        // macOS reports "unlimited" but refuses more than OPEN_MAX.
        let most = if cfg!(target_os = "macos") { limits.maximum.unwrap_or(10_240).min(10_240) } else { limits.maximum.unwrap_or(1 << 20) };
        let _ = set_descriptor_limit(most);
        SoftLimits { descriptors, core }
    });
}

/// Between fork and exec: gives back what [`claim_limits`] found, if it was called. So a program in a pane has the user's limits (those that use `select`
/// break above 1024 descriptors), and a server or keeper that we start finds them and can hand them on in its turn. System calls only.
///
/// # Errors
/// What the system says.
pub fn return_limits() -> io::Result<()> {
    let Some(users) = USERS.get() else { return Ok(()) };
    set_core_limit(users.core)?;
    set_descriptor_limit(users.descriptors)
}

fn set_core_limit(soft: Option<u64>) -> io::Result<()> {
    let mut limits = rustix::process::getrlimit(rustix::process::Resource::Core);
    limits.current = soft;
    Ok(rustix::process::setrlimit(rustix::process::Resource::Core, limits)?)
}

/// Sets the soft limit on descriptors. Makes system calls only: may be called between fork and exec.
///
/// # Errors
/// What the system says.
fn set_descriptor_limit(soft: u64) -> io::Result<()> {
    let mut limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limits.current = Some(limits.maximum.map_or(soft, |hard| soft.min(hard)));
    Ok(rustix::process::setrlimit(rustix::process::Resource::Nofile, limits)?)
}

/// Ignores what a launching terminal or shell may send to a daemon: hang-up, interrupt, quit, and writes to closed pipes. The ends of children count
/// again, if whoever launched it had ignored them.
pub fn ignore_signals() {
    // SAFETY: the default runs no code of ours.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGPIPE] {
        // SAFETY: ignoring runs no code of ours.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Takes over a descriptor that this process was started with; it becomes close-on-exec.
///
/// # Errors
/// `EBADF` when it is not open.
pub fn adopt_descriptor(number: i32) -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::FromRawFd;
    if number < 3 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: plain question about a number.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is open, and its number came by argument, which says that it is handed to us.
    Ok(unsafe { std::os::fd::OwnedFd::from_raw_fd(number) })
}

/// Between fork and exec: makes descriptor `fd` appear as `number` in the new program. System calls only.
///
/// # Errors
/// What the system says.
pub fn place_descriptor(fd: std::os::fd::RawFd, number: i32) -> io::Result<()> {
    // SAFETY: in a forked child; what was open as `number` there is close-on-exec and of no use to it.
    let done = if fd == number { unsafe { libc::fcntl(fd, libc::F_SETFD, 0) } } else { unsafe { libc::dup2(fd, number) } };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Between fork and exec of a pane's program, with the terminal as stdin: default signals, a session of its own, the terminal as its controlling one,
/// and the limits that the user had. System calls only.
///
/// # Errors
/// What the system says.
pub fn prepare_terminal_child() -> io::Result<()> {
    for signal in 1..32 {
        // SAFETY: default dispositions run no code of ours; numbers that cannot be changed are refused.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    rustix::process::setsid()?;
    // SAFETY: plain request on stdin, which is the terminal.
    if unsafe { libc::ioctl(0, libc::TIOCSCTTY as _, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    return_limits()
}
