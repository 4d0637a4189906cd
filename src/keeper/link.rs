//! The server's end of the wire to the keeper.
//!
//! A [`Link`] never blocks by itself: the server wraps its descriptor in its runtime's readiness and calls [`Link::recv`] and [`Link::send`]. Only
//! [`Link::attach`], which a starting server calls before it has a runtime, and [`adopt`], wait.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{FD_VARIABLE, KeeperPaths, start};
use crate::platform::{self, KeeperSocket};
use crate::protocol::keeper::{Message, PROTOCOL, PaneRecord};

/// A connection to the keeper.
#[derive(Debug)]
pub struct Link {
    socket: KeeperSocket,
}

/// A pane as the keeper hands it out.
#[derive(Debug)]
pub struct HeldPane {
    /// What the keeper knows of it.
    pub record: PaneRecord,
    /// The PTY master: not blocking, in packet mode.
    pub master: OwnedFd,
    /// For [`crate::ring::PaneMemory::open`].
    pub memory: OwnedFd,
    /// For [`crate::ring::InputPipe`], if the keeper has one: the end that is read, the end that is written.
    pub pipe: Option<(OwnedFd, OwnedFd)>,
}

/// Everything the keeper holds, at the moment a server is let in.
#[derive(Debug)]
pub struct Inventory {
    /// Counts the servers of this keeper, from 1.
    pub epoch: u64,
    /// The keeper's process.
    pub keeper_pid: u32,
    /// The keeper's build.
    pub build: String,
    /// All panes, by number; ended ones too, until they are forgotten.
    pub panes: Vec<HeldPane>,
    /// Other messages that came meanwhile, in order: to be handled after the panes.
    pub early: VecDeque<Message>,
}

/// How a server was called by its keeper.
#[derive(Debug)]
pub struct ServerArgs {
    /// The link, not yet attached.
    pub link: Link,
    /// Where the instance's files are.
    pub paths: KeeperPaths,
    /// Arguments that are not the keeper's.
    pub rest: Vec<OsString>,
}

impl ServerArgs {
    /// Reads the command line after the word `server`.
    ///
    /// # Errors
    /// When no keeper is behind it: such a server was started by hand.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> io::Result<Self> {
        let (mut paths, mut rest, mut number) = (KeeperPaths::default(), Vec::new(), None);
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let flag = arg.to_string_lossy().into_owned();
            if flag == "--keeper-fd" {
                number = args.next().and_then(|value| value.to_string_lossy().parse().ok());
            } else if !paths.take_arg(&flag, &mut args) {
                rest.push(arg);
            }
        }
        let number = number.or_else(|| std::env::var(FD_VARIABLE).ok()?.parse().ok());
        let number =
            number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a server is started by the keeper; run `baton` instead"))?;
        Ok(Self { link: Link::from_fd(platform::adopt_descriptor(number)?)?, paths, rest })
    }
}

impl Link {
    /// Takes over the descriptor of a link.
    ///
    /// # Errors
    /// What the system says.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { socket: KeeperSocket::from_fd(fd)? })
    }

    /// Sends one message, whole or not at all.
    ///
    /// # Errors
    /// `WouldBlock` when the keeper is behind: wait for the descriptor to be writable and send it again. `InvalidInput` when it is too large.
    /// Anything else: the keeper is gone, see [`adopt`].
    pub fn send(&mut self, message: &Message, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let packet = message.encode().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        self.socket.send(&packet, fds)
    }

    /// The next message with its descriptors, if one is there.
    ///
    /// # Errors
    /// `UnexpectedEof`: the keeper is gone. `InvalidData`: it said something broken, which can be skipped.
    pub fn recv(&mut self) -> io::Result<Option<(Message, Vec<OwnedFd>)>> {
        let Some(received) = self.socket.recv()? else { return Ok(None) };
        match Message::decode(&received.packet) {
            Ok(message) => Ok(Some((message, received.fds))),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }

    /// Sends, waiting as long as the keeper is behind, at most `timeout`.
    ///
    /// # Errors
    /// As [`Link::send`], and `TimedOut`.
    pub fn send_waiting(&mut self, message: &Message, fds: &[BorrowedFd<'_>], timeout: Duration) -> io::Result<()> {
        let until = Instant::now() + timeout;
        loop {
            match self.send(message, fds) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            let left = platform::timespec(until.saturating_duration_since(Instant::now()));
            let mut fds = [rustix::event::PollFd::new(&self.socket, rustix::event::PollFlags::OUT)];
            match rustix::event::poll(&mut fds, Some(&left)) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next message, waiting at most `timeout` for it.
    ///
    /// # Errors
    /// As [`Link::recv`], and `TimedOut`.
    pub fn recv_waiting(&mut self, timeout: Duration) -> io::Result<(Message, Vec<OwnedFd>)> {
        let until = Instant::now() + timeout;
        loop {
            if let Some(message) = self.recv()? {
                return Ok(message);
            }
            if !platform::wait_readable(self.socket.as_fd(), Some(until.saturating_duration_since(Instant::now())))? {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    /// Asks to be the server and waits for everything the keeper holds. `keeper_reads`: [`crate::ring::attested_read_works`] said no.
    ///
    /// # Errors
    /// As [`Link::recv_waiting`]; `InvalidData` when this keeper does not want us, with its reason.
    pub fn attach(&mut self, keeper_reads: bool, timeout: Duration) -> io::Result<Inventory> {
        self.hello(keeper_reads, timeout)?;
        self.inventory(timeout)
    }

    /// The first half of [`Link::attach`]: asks. The keeper gathers its answer while the caller does something else.
    ///
    /// # Errors
    /// As [`Link::send_waiting`].
    pub fn hello(&mut self, keeper_reads: bool, timeout: Duration) -> io::Result<()> {
        let build = env!("CARGO_PKG_VERSION").to_owned();
        self.send_waiting(&Message::Hello { min: 1, max: PROTOCOL, keeper_reads, build }, &[], timeout)
    }

    /// The second half: the answer.
    ///
    /// # Errors
    /// As [`Link::attach`].
    pub fn inventory(&mut self, timeout: Duration) -> io::Result<Inventory> {
        let mut inventory = Inventory { epoch: 0, keeper_pid: 0, build: String::new(), panes: Vec::new(), early: VecDeque::new() };
        loop {
            let (message, fds) = self.recv_waiting(timeout)?;
            match message {
                Message::Welcome { epoch, pid, build, .. } => {
                    (inventory.epoch, inventory.keeper_pid, inventory.build) = (epoch, u32::try_from(pid).unwrap_or(0), build);
                }
                Message::Pane(record) => {
                    if let Some(held) = HeldPane::new(record, fds) {
                        inventory.panes.push(held);
                    }
                }
                Message::Ready => return Ok(inventory),
                Message::Err { text, .. } if inventory.epoch == 0 => return Err(io::Error::new(io::ErrorKind::InvalidData, text)),
                other => inventory.early.push_back(other),
            }
        }
    }

    /// Takes a stored descriptor, waiting for it; messages that come meanwhile are kept in `early`.
    ///
    /// # Errors
    /// `NotFound` when nothing has that name; else as [`Link::recv_waiting`].
    pub fn take(&mut self, name: &str, early: &mut VecDeque<Message>, timeout: Duration) -> io::Result<OwnedFd> {
        self.send_waiting(&Message::Take { name: name.to_owned() }, &[], timeout)?;
        loop {
            match self.recv_waiting(timeout)? {
                (Message::Named { name: named }, fds) if named == name => {
                    return fds.into_iter().next().ok_or_else(|| io::ErrorKind::NotFound.into());
                }
                (Message::Err { of: crate::protocol::keeper::kind::TAKE, text, .. }, _) if text == name => {
                    return Err(io::ErrorKind::NotFound.into());
                }
                (other, _) => early.push_back(other),
            }
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl HeldPane {
    /// A `Pane` message with its descriptors; `None` if they are missing.
    #[must_use]
    pub fn new(record: PaneRecord, fds: Vec<OwnedFd>) -> Option<Self> {
        let mut fds = fds.into_iter();
        Some(Self { record, master: fds.next()?, memory: fds.next()?, pipe: fds.next().zip(fds.next()) })
    }
}

/// A pane to hand to a new keeper.
#[derive(Debug)]
pub struct OrphanedPane<'a> {
    /// What the dead keeper said of it, with the input numbers that were acknowledged since.
    pub record: PaneRecord,
    /// Its master.
    pub master: BorrowedFd<'a>,
    /// Its memory.
    pub memory: BorrowedFd<'a>,
    /// A descriptor of its process, if the server has one ([`crate::platform::ProcessWatch`]): with it the exit status is known even if the program
    /// ended while no keeper was there.
    pub process: Option<BorrowedFd<'a>>,
    /// Both ends of its input pipe, if it has one ([`crate::ring::InputPipe::ends`]).
    pub pipe: Option<[BorrowedFd<'a>; 2]>,
}

/// The keeper died: starts another (`program keeper`, or this program) and hands it everything. Afterwards the caller attaches to the returned link
/// as at its own start ([`Link::attach`], then `Active`), though it has all the panes already.
///
/// # Errors
/// What the system says; the panes are unharmed, and it may be tried again.
pub fn adopt(
    paths: &KeeperPaths,
    program: Option<&Path>,
    named: &[(&str, BorrowedFd<'_>)],
    panes: &[OrphanedPane<'_>],
) -> io::Result<Link> {
    adopt_for(std::process::id(), paths, program, named, panes)
}

/// As [`adopt`], where another process than this one is to be taken for the server: the one that is killed when the link breaks. For tests.
///
/// # Errors
/// As [`adopt`].
pub fn adopt_for(
    server_pid: u32,
    paths: &KeeperPaths,
    program: Option<&Path>,
    named: &[(&str, BorrowedFd<'_>)],
    panes: &[OrphanedPane<'_>],
) -> io::Result<Link> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let (ours, theirs) = KeeperSocket::pair()?;
    let mut command = start::keeper_command(paths, program)?;
    command.args(["--adopt-fd", "3", "--server-pid", &server_pid.to_string()]);
    start::run_detached(command, &theirs.into_fd())?;
    let mut link = Link { socket: ours };
    for (name, fd) in named {
        link.send_waiting(&Message::Put { name: (*name).to_owned() }, &[*fd], PATIENCE)?;
    }
    for pane in panes {
        let fds = [Some(pane.master), Some(pane.memory), pane.process].into_iter().flatten().chain(pane.pipe.into_iter().flatten());
        let fds: Vec<BorrowedFd<'_>> = fds.collect();
        link.send_waiting(&Message::Adopt(pane.record.clone()), &fds, PATIENCE)?;
    }
    Ok(link)
}
