//! macOS: shm objects, kqueue, `libproc`. Written after the manual pages; where they leave doubt, the careful reading is taken.
#![allow(unsafe_code, reason = "kqueue, shm and libproc")]

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::Advice;
use rustix::process::Signal;

use super::{Peer, Process};

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A memory object of `len` zero bytes, which has no name and so nobody else to cut it. The length of a shm object can be set only once, which is
/// all the seal that this system has.
///
/// # Errors
/// What the system says: descriptors or memory exhausted.
pub fn memory_object(len: u64) -> io::Result<OwnedFd> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let len = libc::off_t::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?;
    loop {
        // At most 31 bytes; the counter tells our own objects apart, O_EXCL those of others.
        let name = CString::new(format!("/baton.{}.{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)))?;
        // SAFETY: the name lives through the call; the mode is passed as the promoted integer that a variadic call wants.
        let raw = unsafe { libc::shm_open(name.as_ptr(), libc::O_RDWR | libc::O_CREAT | libc::O_EXCL, 0o600 as libc::c_uint) };
        if raw < 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::AlreadyExists {
                continue;
            }
            return Err(error);
        }
        // SAFETY: just opened, and ours.
        let object = unsafe { OwnedFd::from_raw_fd(raw) };
        // SAFETY: as above.
        checked(unsafe { libc::shm_unlink(name.as_ptr()) })?;
        rustix::io::fcntl_setfd(&object, rustix::io::FdFlags::CLOEXEC)?;
        // SAFETY: plain call on an open descriptor.
        checked(unsafe { libc::ftruncate(raw, len) })?;
        return Ok(object);
    }
}

/// Whether `object` can never be cut: here, whether it is what [`memory_object`] makes, something that is no file.
///
/// # Errors
/// What the system says.
pub fn is_sealed(object: BorrowedFd<'_>) -> io::Result<bool> {
    let stat = rustix::fs::fstat(object)?;
    Ok(stat.st_nlink == 0 || stat.st_mode & libc::S_IFMT == 0)
}

/// Not possible for shm objects.
///
/// # Errors
/// Always `Unsupported`.
pub fn punch_hole(_object: BorrowedFd<'_>, _at: u64, _len: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What to tell the kernel of a mapping that holds screens. Core dumps are off by default here.
#[must_use]
pub fn memory_advice() -> &'static [Advice] {
    &[]
}

/// Bytes of output that one read of `master` would give now. Whether the master counts what the program printed or what it was sent is not
/// documented: the self-test of the attested read decides whether this is to be believed.
///
/// # Errors
/// What the system says.
pub fn readable(master: BorrowedFd<'_>) -> io::Result<usize> {
    Ok(usize::try_from(rustix::io::ioctl_fionread(master)?).unwrap_or(0))
}

/// Not here: what is in a pipe cannot be moved to a terminal by the kernel alone.
///
/// # Errors
/// Always `Unsupported`.
pub fn input_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not here.
///
/// # Errors
/// Always `Unsupported`.
pub fn splice(_pipe: BorrowedFd<'_>, _terminal: BorrowedFd<'_>, _max: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The terminal behind `master`, opened for a child; never becomes our own controlling terminal.
///
/// # Errors
/// What the system says.
pub fn open_slave(master: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    let name = rustix::pty::ptsname(master, Vec::new())?;
    Ok(rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Descriptors cannot be executed here.
#[must_use]
pub fn executable_path(_fd: BorrowedFd<'_>) -> Option<PathBuf> {
    None
}

/// Who is at the other end of a connected local socket.
///
/// # Errors
/// What the system says.
pub fn peer(socket: BorrowedFd<'_>) -> io::Result<Peer> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: both pointers outlive the call.
    checked(unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut uid, &raw mut gid) })?;
    let mut pid: libc::pid_t = 0;
    let mut len = size_of::<libc::pid_t>() as libc::socklen_t;
    // SAFETY: value and length outlive the call, and the length is the value's.
    let told =
        unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_LOCAL, libc::LOCAL_PEERPID, (&raw mut pid).cast(), &raw mut len) } == 0;
    Ok(Peer { uid, pid: u32::try_from(pid).ok().filter(|pid| told && *pid > 0) })
}

/// The running program.
///
/// # Errors
/// What the system says.
pub fn program_path() -> io::Result<PathBuf> {
    std::env::current_exe()
}

/// Nothing to do: processes are called after their program's file.
pub fn name_process(_name: &str) {}

fn process_info<T>(pid: u32, flavor: libc::c_int) -> Option<T> {
    let mut info = std::mem::MaybeUninit::<T>::zeroed();
    let len = libc::c_int::try_from(size_of::<T>()).ok()?;
    // SAFETY: the kernel writes at most `len` bytes, the size of the value.
    let written = unsafe { libc::proc_pidinfo(libc::c_int::try_from(pid).ok()?, flavor, 0, info.as_mut_ptr().cast(), len) };
    // SAFETY: these structures are integers and bytes, for which the zeros from above are values wherever the kernel wrote nothing.
    (written == len).then(|| unsafe { info.assume_init() })
}

/// The short name of process `pid`'s command.
#[must_use]
pub fn command_of(pid: u32) -> Option<OsString> {
    let mut name = [0_u8; 64];
    // SAFETY: the kernel writes at most the length that is given.
    let len = unsafe { libc::proc_name(libc::c_int::try_from(pid).ok()?, name.as_mut_ptr().cast(), name.len() as u32) };
    let name = name.get(..usize::try_from(len).ok()?)?;
    (!name.is_empty()).then(|| OsStr::from_bytes(name).to_owned())
}

/// The working folder of process `pid`, if we may know it.
#[must_use]
pub fn cwd_of(pid: u32) -> Option<PathBuf> {
    let info: libc::proc_vnodepathinfo = process_info(pid, libc::PROC_PIDVNODEPATHINFO)?;
    // SAFETY: an array of bytes (declared as rows of 32), of which any value is valid.
    let path: [u8; 1024] = unsafe { std::mem::transmute(info.pvi_cdir.vip_path) };
    let end = path.iter().position(|byte| *byte == 0)?;
    path.get(..end).filter(|path| !path.is_empty()).map(|path| PathBuf::from(OsStr::from_bytes(path)))
}

/// When process `pid` started, in microseconds since 1970: with the pid, its name for ever.
#[must_use]
pub fn start_time(pid: u32) -> Option<u64> {
    let info: libc::proc_bsdinfo = process_info(pid, libc::PROC_PIDTBSDINFO)?;
    Some(info.pbi_start_tvsec.wrapping_mul(1_000_000).wrapping_add(info.pbi_start_tvusec))
}

/// This system has no order of victims.
pub fn raise_oom_score() {}

/// This system has no order of victims.
pub fn reset_oom_score() {}

/// A watch on the process at the other end of a connected local socket, by its number: that it is still the one that connected is not known for certain here.
#[must_use]
pub fn peer_watch(socket: BorrowedFd<'_>) -> Option<ProcessWatch> {
    ProcessWatch::open(peer(socket).ok()?.pid?).ok()
}

/// Process `pid`, as it is now.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    let info: libc::proc_bsdinfo = process_info(pid, libc::PROC_PIDTBSDINFO)?;
    // The first process is its own parent, or the kernel's.
    let parent = if info.pbi_ppid == pid { 0 } else { info.pbi_ppid };
    Some(Process {
        pid,
        parent,
        started: info.pbi_start_tvsec.wrapping_mul(1_000_000).wrapping_add(info.pbi_start_tvusec),
        terminal: Some(u64::from(info.e_tdev)).filter(|device| *device != 0 && *device != u64::from(u32::MAX)),
    })
}

/// The terminal behind `master`, as a number that [`Process::terminal`] has, too.
#[must_use]
pub fn terminal_of(master: BorrowedFd<'_>) -> Option<u64> {
    let name = rustix::pty::ptsname(master, Vec::new()).ok()?;
    let device = rustix::fs::stat(name).ok()?.st_rdev;
    Some(u64::from(device.cast_unsigned()))
}

/// The first words of process `pid`'s command line, at most four of the first 4 KiB.
#[must_use]
pub fn arguments_of(pid: u32) -> Vec<OsString> {
    let Ok(pid) = libc::c_int::try_from(pid) else { return Vec::new() };
    let mut what = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid];
    let mut bytes = vec![0_u8; 64 * 1024];
    let mut len = bytes.len();
    // SAFETY: the name has the length that is given, the kernel writes at most `len` bytes and says how many.
    let done = unsafe { libc::sysctl(what.as_mut_ptr(), 3, bytes.as_mut_ptr().cast(), &raw mut len, std::ptr::null_mut(), 0) };
    if done != 0 {
        return Vec::new();
    }
    // The number of arguments, the path of the program, zeros, the arguments.
    let rest = bytes.get(4..len).unwrap_or_default();
    let path = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let rest = rest.get(path..).unwrap_or_default();
    let start = rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
    let count = bytes.first_chunk().map_or(0, |count| i32::from_ne_bytes(*count)).clamp(0, 4);
    let words = rest.get(start..).unwrap_or_default().split(|byte| *byte == 0).take(usize::try_from(count).unwrap_or(0));
    words.filter(|word| !word.is_empty()).map(|word| OsStr::from_bytes(word).to_owned()).collect()
}

/// This system gives orphans to its first process.
pub fn adopt_orphans() {}

/// A process that is watched: a descriptor (a kqueue) that becomes readable at its death. Its event is never taken, so it stays readable.
#[derive(Debug)]
pub struct ProcessWatch {
    pid: u32,
    queue: OwnedFd,
}

impl ProcessWatch {
    /// Watches process `pid`. That it is still the one that is meant, the caller checks by [`start_time`] afterwards.
    ///
    /// # Errors
    /// `ESRCH` when there is none, or descriptors are exhausted.
    pub fn open(pid: u32) -> io::Result<Self> {
        // SAFETY: takes nothing, gives a descriptor.
        let raw = checked(unsafe { libc::kqueue() })?;
        // SAFETY: just made, and ours.
        let queue = unsafe { OwnedFd::from_raw_fd(raw) };
        rustix::io::fcntl_setfd(&queue, rustix::io::FdFlags::CLOEXEC)?;
        let event = libc::kevent {
            ident: pid as libc::uintptr_t,
            filter: libc::EVFILT_PROC,
            flags: libc::EV_ADD,
            fflags: libc::NOTE_EXIT,
            data: 0,
            udata: std::ptr::null_mut(),
        };
        // SAFETY: one change that outlives the call, no room for events, no timeout.
        checked(unsafe { libc::kevent(raw, &raw const event, 1, std::ptr::null_mut(), 0, std::ptr::null()) })?;
        Ok(Self { pid, queue })
    }

    /// A kqueue cannot be handed to another process: watches the number anew, or something that is readable at once if it is gone.
    #[must_use]
    pub fn from_fd(pid: u32, handed: OwnedFd) -> Self {
        Self::open(pid).unwrap_or(Self { pid, queue: handed })
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
        if self.is_dead() {
            return Ok(());
        }
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        match rustix::process::kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it is dead.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        super::wait_readable(self.queue.as_fd(), Some(std::time::Duration::ZERO)).unwrap_or(true)
    }

    /// Only a parent learns the status here.
    #[must_use]
    pub fn exit_status(&self) -> Option<i32> {
        None
    }
}

impl AsFd for ProcessWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}
