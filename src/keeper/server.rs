//! The server's life as the keeper sees it: started, let in, fenced, replaced.
//!
//! ```text
//!   Silent --Hello--> Attached --Active--> Serving --Quiesce--> Quiescing --+
//!     |                  |                    |                             |
//!     +------------------+---- killed or died +-----------------------------+--> gone: reaped, and only then is another let in
//! ```
//!
//! A restart is immediate when the server was killed from outside, or crashed for the first time; a crash loop waits 0.1 s, 0.2 s ... 5 s. An upgrade
//! runs the successor beside the one in place: only when it has said `Hello` is the old one asked to stop, so a program that cannot even start
//! disturbs nobody.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::{FD_VARIABLE, FirstServer, KeeperPaths, Options, SERVER_FD, Serve};
use crate::ids::PaneId;
use crate::platform::{self, Forked, KeeperSocket, ProcessWatch};

/// What a server gets to finish its chunk in an upgrade.
pub(super) const QUIESCE_LIMIT: Duration = Duration::from_secs(2);
/// What a successor gets to say `Hello`, and again to say `Active`.
pub(super) const UPGRADE_LIMIT: Duration = Duration::from_secs(5);
/// Two deaths on one pane within this time put it into quarantine.
pub(super) const POISON_WINDOW: Duration = Duration::from_secs(60);
/// A server that lived this long since `Active` starts with a clean slate.
const STEADY: Duration = Duration::from_secs(10);
/// Deaths by outside SIGKILL in a row, none of them after `Active`, that are taken for bad luck.
const KILLS_FORGIVEN: u32 = 50;
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Messages that may wait for a server that does not read; above it the keeper stops reading from it as well.
pub(super) const OUTBOX_MAX: usize = 1024;

/// Where a server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Started; has not spoken.
    Silent,
    /// A successor that said `Hello` and waits for the death of the one in place.
    Waiting,
    /// Let in; rebuilds itself.
    Attached,
    /// Serves.
    Serving,
    /// Was asked to stop for a successor.
    Quiescing,
    /// Was killed by us; its death is awaited.
    Dying,
}

/// Something to send. Descriptors are looked up when it is sent, so that what waits holds none.
#[derive(Debug)]
pub(super) enum Outgoing {
    Packet(Vec<u8>),
    Pane(PaneId),
    Named(String),
}

/// One server process.
#[derive(Debug)]
pub(super) struct Server {
    pub socket: KeeperSocket,
    pub watch: ProcessWatch,
    /// Whether we are its parent and shall reap it.
    pub is_child: bool,
    pub phase: Phase,
    pub outbox: VecDeque<Outgoing>,
    /// What it said in `Hello`: the keeper shall read the masters.
    pub keeper_reads: bool,
    /// When we lose patience with its present phase.
    pub deadline: Option<Instant>,
    /// An unanswered `Ping`, and until when it may be.
    pub ping: Option<(u64, Instant)>,
    /// When it said `Active`.
    pub active_since: Option<Instant>,
    /// We killed it because it hung.
    pub fenced: bool,
    /// The program of an upgrade: becomes the last good one at `Active`.
    pub program: Option<OwnedFd>,
}

impl Server {
    pub(super) fn new(socket: KeeperSocket, watch: ProcessWatch, is_child: bool, program: Option<OwnedFd>) -> Self {
        Self {
            socket,
            watch,
            is_child,
            phase: Phase::Silent,
            outbox: VecDeque::new(),
            keeper_reads: false,
            deadline: None,
            ping: None,
            active_since: None,
            fenced: false,
            program,
        }
    }

    pub(super) fn is_attached(&self) -> bool {
        matches!(self.phase, Phase::Attached | Phase::Serving | Phase::Quiescing)
    }

    /// Kills it; its death arrives as an event.
    pub(super) fn kill(&mut self) {
        // Nobody but us can make the kernel refuse this, and a dead process stays dead.
        let _ = self.watch.kill();
        self.phase = Phase::Dying;
        self.deadline = None;
        self.ping = None;
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadline.into_iter().chain(self.ping.map(|(_, until)| until)).min()
    }
}

/// Starts a server: `program` if given, else what `options` says, else this program.
#[expect(unsafe_code, reason = "code between fork and exec")]
pub(super) fn spawn(
    options: &Options,
    program: Option<&OwnedFd>,
    path: Option<&std::path::Path>,
) -> io::Result<(KeeperSocket, ProcessWatch)> {
    use std::os::fd::{AsFd, AsRawFd};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    // Number 3 is overwritten between fork and exec: neither the program may be there nor, below, the pipe by which a failed exec is told.
    let program = program.map(|fd| rustix::io::fcntl_dupfd_cloexec(fd, SERVER_FD + 1)).transpose()?;
    let by_fd = program.as_ref().and_then(|fd| platform::executable_path(fd.as_fd())).or_else(|| path.map(ToOwned::to_owned));
    let mut command = match options.server.split_first() {
        Some((named, args)) => {
            let mut command = Command::new(by_fd.unwrap_or_else(|| named.into()));
            command.args(args);
            command
        }
        None => {
            let mut command = Command::new(by_fd.map_or_else(platform::program_path, Ok)?);
            command.arg("server").arg("--keeper-fd").arg(SERVER_FD.to_string()).args(options.paths.to_args());
            command
        }
    };
    command.arg0("baton");
    let (ours, theirs) = KeeperSocket::pair()?;
    let raw = theirs.as_fd().as_raw_fd();
    let _taken = rustix::io::fcntl_dupfd_cloexec(&theirs, SERVER_FD)?;
    command.env(FD_VARIABLE, SERVER_FD.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // SAFETY: the closure makes system calls only.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            platform::return_limits()?;
            platform::place_descriptor(raw, SERVER_FD)
        });
    }
    let child = command.spawn()?;
    // Not reaped before the loop runs again, so the number is still its.
    let watch = ProcessWatch::open(child.id()).inspect_err(|_| {
        let mut child = child;
        let _ = child.kill();
        let _ = child.wait();
    })?;
    Ok((ours, watch))
}

/// Forks a server: `serve`, which gets the link and the listener and nothing else that is open here.
pub(super) fn fork(paths: &KeeperPaths, listener: &OwnedFd, serve: Serve) -> io::Result<(KeeperSocket, ProcessWatch)> {
    use std::os::fd::AsRawFd;

    let (ours, theirs) = KeeperSocket::pair()?;
    let pid = match platform::fork()? {
        Forked::Parent(pid) => pid,
        Forked::Child => platform::run_and_end(|| {
            let link = theirs.into_fd();
            let Ok(listener) = listener.try_clone() else { return false };
            platform::close_descriptors_from(3, &[link.as_raw_fd(), listener.as_raw_fd()]);
            let _ = rustix::process::setsid();
            serve(FirstServer { link, listener, paths: paths.clone() })
        }),
    };
    // Not reaped before the loop runs, so the number is still its.
    let watch = ProcessWatch::open(pid).inspect_err(|_| {
        let _ = i32::try_from(pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
    })?;
    Ok((ours, watch))
}

/// Why a server is gone, for the one question that matters: was it its own fault?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// Killed from outside, or replaced.
    Outside,
    /// Crashed, failed, or hung until we killed it.
    Fault,
    /// Ended by itself, without being asked.
    Clean,
}

/// Classifies a wait status; `None` where nobody can know it.
pub(super) fn classify(status: Option<i32>, fenced: bool) -> Death {
    match status {
        _ if fenced => Death::Fault,
        None => Death::Outside,
        Some(status) => match (status & 0x7f, status >> 8 & 0xff) {
            (0, 0) => Death::Clean,
            (0, _) => Death::Fault,
            (libc::SIGKILL | libc::SIGTERM | libc::SIGHUP | libc::SIGINT, _) => Death::Outside,
            _ => Death::Fault,
        },
    }
}

/// How often servers died lately: decides when the next one starts.
#[derive(Debug, Default)]
pub(super) struct Record {
    faults: u32,
    kills: u32,
}

impl Record {
    /// Notes a death, and says how long to wait before the next start.
    pub(super) fn after(&mut self, death: Death, was_active: Option<Duration>) -> Duration {
        if was_active.is_some_and(|lived| lived >= STEADY) {
            self.faults = 0;
        }
        let strikes = if death == Death::Outside {
            self.kills = if was_active.is_some() { 0 } else { self.kills + 1 };
            self.kills.saturating_sub(KILLS_FORGIVEN)
        } else {
            self.faults = self.faults.saturating_add(1);
            self.faults
        };
        match strikes {
            0 | 1 => Duration::ZERO,
            strikes => BACKOFF_MIN.saturating_mul(1 << (strikes - 2).min(10)).min(BACKOFF_MAX),
        }
    }

    /// A start failed outright.
    pub(super) fn after_failed_start(&mut self) -> Duration {
        self.faults = self.faults.saturating_add(1).max(2);
        self.after(Death::Fault, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loop_waits_longer_and_longer_and_a_kill_never() {
        let mut record = Record::default();
        let waits: Vec<_> = (0..9).map(|_| record.after(Death::Fault, Some(Duration::from_secs(1))).as_millis()).collect();
        assert_eq!(waits, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(record.after(Death::Fault, Some(Duration::from_secs(11))), Duration::ZERO, "a steady life clears the record");
        let mut record = Record::default();
        assert!((0..1000).all(|_| record.after(Death::Outside, Some(Duration::ZERO)).is_zero()));
        assert!((0..50).all(|_| record.after(Death::Outside, None).is_zero()));
        assert!((0..9).any(|_| !record.after(Death::Outside, None).is_zero()), "a server that never gets up is no bad luck");
    }

    #[test]
    fn deaths_are_told_apart() {
        for (status, fenced, death) in [
            (Some(9), false, Death::Outside),
            (Some(15), false, Death::Outside),
            (Some(9), true, Death::Fault),
            (Some(6 | 0x80), false, Death::Fault),
            (Some(11), false, Death::Fault),
            (Some(0), false, Death::Clean),
            (Some(101 << 8), false, Death::Fault),
            (None, false, Death::Outside),
        ] {
            assert_eq!(classify(status, fenced), death, "{status:?} fenced {fenced}");
        }
    }
}
