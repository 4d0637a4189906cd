//! The loop: one `poll`, then whatever it says.
//!
//! Everything the keeper knows is in [`Keeper`]. An event is a descriptor that became ready or a deadline that passed; each is handled to its end
//! before the next. Nothing in here waits for anybody: what a server does not read stays in its outbox, and a server with a full outbox is not read.
//!
//! `wire` is the link, `life` the server's start and end, `panes` the panes, `askers` the control socket.

mod askers;
mod life;
mod panes;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use super::control::{self, Asker};
use super::pane::Pane;
use super::server::{self, Phase, Server};
use super::{KeeperPaths, Options, Serve, start};
use crate::ids::PaneId;
use crate::platform::{self, KeeperSocket, ProcessWatch};
use crate::protocol::keeper::{Exit, Message, name};
use panes::{errno_of, room, send_signal, set_reader};

/// Messages taken from one link before others get their turn.
const TURN: usize = 256;
/// Descriptors that the named store holds at most.
const STORE_MAX: usize = 32;

/// Which of the two links an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seat {
    Serving,
    Successor,
}

/// What became ready.
#[derive(Debug, Clone, Copy)]
enum Token {
    Signals,
    Link(Seat),
    Death(Seat),
    Control,
    Asker(usize),
    Master(PaneId),
    Ended(PaneId),
}

struct Keeper<'a> {
    options: &'a Options,
    panes: BTreeMap<PaneId, Pane>,
    /// Panes with input that their program does not read.
    waiting: BTreeSet<PaneId>,
    store: BTreeMap<String, OwnedFd>,
    serving: Option<Server>,
    successor: Option<Server>,
    restart_at: Option<Instant>,
    record: server::Record,
    epoch: u64,
    /// Whether panes may be handed to us: until the server that started us says `Hello`.
    adopting: bool,
    control: Option<OwnedFd>,
    askers: Vec<Asker>,
    nonce: u64,
    ended: bool,
}

/// Runs a keeper to its end.
///
/// # Errors
/// When it could not start: told to the starter through the ready pipe as well.
pub(super) fn run(options: &Options) -> io::Result<()> {
    let ready = options.ready_fd.map(platform::adopt_descriptor).transpose()?;
    run_started(begin(options), ready)
}

/// As [`run`], forked by the first client: a daemon already, which has the listener and forks its first server.
///
/// # Errors
/// As [`run`].
pub(super) fn run_first(options: &Options, ready: OwnedFd, listener: OwnedFd, serve: Serve) -> io::Result<()> {
    run_started(begin_first(options, listener, serve), Some(ready))
}

fn run_started(started: io::Result<Started<'_>>, ready: Option<OwnedFd>) -> io::Result<()> {
    if let Some(ready) = ready {
        let text = match &started {
            Ok(_) => "+".to_owned(),
            Err(error) => format!("-{error}"),
        };
        // A starter that went away meanwhile does not matter.
        let _ = rustix::io::write(&ready, text.as_bytes());
    }
    let (mut keeper, signals, terminate) = started?;
    // A server that ended before its death could ring.
    keeper.reap();
    keeper.turn_until_ended(&signals, &terminate)
}

type Started<'a> = (Keeper<'a>, UnixStream, Arc<AtomicBool>);

fn begin(options: &Options) -> io::Result<Started<'_>> {
    let inherited: Vec<i32> = options.ready_fd.into_iter().chain(options.adopt_fd).collect();
    platform::close_descriptors_from(3, &inherited);
    platform::become_daemon()?;
    leave_the_starter()?;
    if options.adopt_fd.is_some() {
        platform::reset_oom_score();
    }
    let (mut keeper, signals, terminate) = Keeper::new(options)?;
    platform::runtime_dir(&options.paths.runtime_dir).map_err(|error| io::Error::other(error.to_string()))?;
    if let Some(number) = options.adopt_fd {
        let link = KeeperSocket::from_fd(platform::adopt_descriptor(number)?)?;
        let pid = options.server_pid.or(platform::peer(link.as_fd())?.pid).unwrap_or(0);
        keeper.serving = Some(Server::new(link, ProcessWatch::open(pid)?, false, None));
        keeper.adopting = true;
    } else {
        // Whoever starts this command by hand holds no lock: a keeper that serves must not lose its socket to a second one.
        if super::start::is_listening(&options.paths.socket) {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens on the socket already"));
        }
        // First of all the socket: from here on a client finds somebody, if only a backlog.
        keeper.listen()?;
        if options.server.is_empty() {
            keeper.keep_program();
        }
        keeper.start_server();
    }
    keeper.answer_questions()?;
    Ok((keeper, signals, terminate))
}

fn begin_first(options: &Options, listener: OwnedFd, serve: Serve) -> io::Result<Started<'_>> {
    leave_the_starter()?;
    // Before anything is opened or registered that the server would inherit.
    let forked = server::fork(&options.paths, &listener, serve);
    let (mut keeper, signals, terminate) = Keeper::new(options)?;
    keeper.store.insert(name::LISTENER.to_owned(), listener);
    keeper.keep_program();
    keeper.server_started(forked);
    keeper.answer_questions()?;
    Ok((keeper, signals, terminate))
}

/// Leaves behind what a daemon shares with whoever started it.
fn leave_the_starter() -> io::Result<()> {
    // Who leaves a pane's tree of processes becomes our child: so it is still known to come from a pane, and is never taken for the person outside.
    platform::adopt_orphans();
    platform::ignore_signals();
    platform::detach_stdio()?;
    rustix::process::chdir("/")?;
    platform::claim_limits();
    Ok(())
}

/// The socket that clients connect to.
pub(super) fn bind_listener(paths: &KeeperPaths) -> io::Result<OwnedFd> {
    platform::bind_private(&paths.socket, rustix::net::SocketType::STREAM, 128)
}

impl<'a> Keeper<'a> {
    /// A keeper that holds nothing, with what its signals ring.
    fn new(options: &'a Options) -> io::Result<Started<'a>> {
        let (signals, bell) = UnixStream::pair()?;
        signals.set_nonblocking(true)?;
        let terminate = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(libc::SIGTERM, Arc::clone(&terminate))?;
        signal_hook::low_level::pipe::register(libc::SIGTERM, bell.try_clone()?)?;
        signal_hook::low_level::pipe::register(libc::SIGCHLD, bell)?;
        let keeper = Keeper {
            options,
            panes: BTreeMap::new(),
            waiting: BTreeSet::new(),
            store: BTreeMap::new(),
            serving: None,
            successor: None,
            restart_at: None,
            record: server::Record::default(),
            epoch: 0,
            adopting: false,
            control: None,
            askers: Vec::new(),
            nonce: 0,
            ended: false,
        };
        Ok((keeper, signals, terminate))
    }

    fn listen(&mut self) -> io::Result<()> {
        let listener = bind_listener(&self.options.paths)?;
        self.store.insert(name::LISTENER.to_owned(), listener);
        Ok(())
    }

    /// Keeps the program as it is now: a later restart must not run half an update.
    fn keep_program(&mut self) {
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
        if let Ok(path) = platform::program_path()
            && let Ok(program) = rustix::fs::open(path, flags, rustix::fs::Mode::empty())
        {
            self.store.insert(name::SERVER_BINARY.to_owned(), program);
        }
    }

    /// Opens the control socket.
    fn answer_questions(&mut self) -> io::Result<()> {
        let control = platform::bind_private(&self.options.paths.control, KeeperSocket::kind(), 16)?;
        platform::set_nonblocking(control.as_fd(), true)?;
        self.control = Some(control);
        Ok(())
    }

    fn turn_until_ended(&mut self, signals: &UnixStream, terminate: &AtomicBool) -> io::Result<()> {
        while !self.ended {
            let ready = self.wait(signals)?;
            for (token, flags) in ready {
                self.handle(token, flags, signals);
            }
            if terminate.swap(false, Ordering::Relaxed) && self.panes.is_empty() {
                self.ended = true;
            }
            self.check_deadlines(Instant::now());
            self.send_all();
        }
        self.clean_up();
        Ok(())
    }

    /// Waits for the next events.
    fn wait(&self, signals: &UnixStream) -> io::Result<Vec<(Token, PollFlags)>> {
        let mut tokens = vec![Token::Signals];
        let mut fds = vec![PollFd::new(signals, PollFlags::IN)];
        for (seat, server) in [(Seat::Serving, &self.serving), (Seat::Successor, &self.successor)] {
            let Some(server) = server else { continue };
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, server.outbox.len() < server::OUTBOX_MAX && server.phase != Phase::Waiting);
            flags.set(PollFlags::OUT, !server.outbox.is_empty() || server.socket.wants_flush());
            // A link that is only hung up would wake us for ever: the death of its process is the event that counts.
            if server.phase != Phase::Dying {
                tokens.push(Token::Link(seat));
                fds.push(PollFd::new(&server.socket, flags));
            }
            if !server.is_child {
                tokens.push(Token::Death(seat));
                fds.push(PollFd::new(&server.watch, PollFlags::IN));
            }
        }
        if let Some(control) = &self.control {
            tokens.push(Token::Control);
            fds.push(PollFd::new(control, PollFlags::IN));
        }
        for (index, asker) in self.askers.iter().enumerate() {
            tokens.push(Token::Asker(index));
            fds.push(PollFd::new(&asker.socket, PollFlags::IN));
        }
        let reads = self.serving.as_ref().is_some_and(|server| server.keeper_reads);
        // The whole table is looked at only where the keeper reads, or after it adopted panes.
        if reads || self.options.adopt_fd.is_some() {
            for (pane, state) in &self.panes {
                if state.reader.as_ref().is_some_and(|reader| !reader.ended && room(reader) > 0) {
                    tokens.push(Token::Master(*pane));
                    fds.push(PollFd::new(&state.master, PollFlags::IN));
                }
                if let (Some(watch), None) = (&state.watch, &state.exit) {
                    tokens.push(Token::Ended(*pane));
                    fds.push(PollFd::new(watch, PollFlags::IN));
                }
            }
        }
        for (pane, state) in self.waiting.iter().filter_map(|pane| self.panes.get(pane).map(|state| (pane, state))) {
            tokens.push(Token::Master(*pane));
            fds.push(PollFd::new(&state.master, PollFlags::OUT));
        }
        let timeout =
            self.next_deadline().map(|at| platform::timespec(at.saturating_duration_since(Instant::now()) + Duration::from_millis(1)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(tokens.into_iter().zip(fds.iter().map(PollFd::revents)).filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn next_deadline(&self) -> Option<Instant> {
        let servers = [&self.serving, &self.successor].into_iter().flatten().filter_map(Server::next_deadline);
        servers.chain(self.restart_at).min()
    }

    fn handle(&mut self, token: Token, flags: PollFlags, signals: &UnixStream) {
        match token {
            Token::Signals => {
                let mut bells = [0; 64];
                while matches!(io::Read::read(&mut &*signals, &mut bells), Ok(read) if read == bells.len()) {}
                self.reap();
            }
            Token::Link(seat) => self.read_link(seat),
            Token::Death(seat) => {
                if let Some(server) = self.seat(seat)
                    && server.watch.is_dead()
                {
                    let status = server.watch.exit_status();
                    self.server_died(seat, status);
                }
            }
            Token::Control => {
                if let Some(listener) = &self.control {
                    control::accept(listener, &mut self.askers);
                }
            }
            Token::Asker(index) => self.read_asker(index),
            Token::Master(pane) => {
                if flags.intersects(PollFlags::OUT | PollFlags::ERR | PollFlags::HUP) {
                    self.type_more(pane);
                }
                if flags.intersects(PollFlags::IN | PollFlags::HUP) {
                    self.read_master(pane);
                }
            }
            Token::Ended(pane) => {
                if let Some(watch) = self.panes.get_mut(&pane).and_then(|state| state.watch.take_if(|watch| watch.is_dead())) {
                    self.pane_exited(pane, Exit { status: watch.exit_status(), ..Exit::default() });
                }
            }
        }
    }

    fn seat(&mut self, seat: Seat) -> Option<&mut Server> {
        match seat {
            Seat::Serving => self.serving.as_mut(),
            Seat::Successor => self.successor.as_mut(),
        }
    }

    fn clean_up(&mut self) {
        for server in [&mut self.serving, &mut self.successor].into_iter().flatten() {
            server.kill();
        }
        start::remove_sockets(&self.options.paths);
        for asker in &mut self.askers {
            let _ = Message::Ok { server_pid: 0, restarted: false }.encode().map(|packet| asker.socket.send(&packet, &[]));
        }
        // The masters close with us, and the kernel hangs their programs up.
    }
}
