//! The loop: one `poll`, then whatever it says.
//!
//! Everything the keeper knows is in [`Keeper`]. An event is a descriptor that became ready or a deadline that passed; each is handled to its end
//! before the next. Nothing in here waits for anybody: what a server does not read stays in its outbox, and a server with a full outbox is not read.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use super::child;
use super::control::{self, Asker, Want};
use super::pane::{Accepted, Pane, Reader};
use super::server::{self, Death, Outgoing, Phase, Server};
use super::{Options, start};
use crate::ids::PaneId;
use crate::platform::{self, KeeperSocket, ProcessWatch};
use crate::protocol::keeper::{
    DecodeError, ERR_FULL, ERR_PROTOCOL, ERR_UNKNOWN, Exit, Message, PROTOCOL, PaneRecord, SignalTo, SpawnRequest, kind, name,
};
use crate::ring::{Blackbox, Config, PaneMemory, Take};

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
    /// The user's soft limit on descriptors, for children.
    descriptors: u64,
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
    let started = begin(options);
    if let Some(ready) = ready {
        let text = match &started {
            Ok(_) => "+".to_owned(),
            Err(error) => format!("-{error}"),
        };
        // A starter that went away meanwhile does not matter.
        let _ = rustix::io::write(&ready, text.as_bytes());
    }
    let (mut keeper, signals, terminate) = started?;
    keeper.turn_until_ended(&signals, &terminate)
}

type Started<'a> = (Keeper<'a>, UnixStream, Arc<AtomicBool>);

fn begin(options: &Options) -> io::Result<Started<'_>> {
    let inherited: Vec<i32> = options.ready_fd.into_iter().chain(options.adopt_fd).collect();
    platform::close_descriptors_from(3, &inherited);
    platform::become_daemon()?;
    platform::ignore_signals();
    platform::detach_stdio()?;
    rustix::process::chdir("/")?;
    let descriptors = platform::raise_descriptor_limit();
    if options.adopt_fd.is_some() {
        platform::reset_oom_score();
    }
    let (signals, bell) = UnixStream::pair()?;
    signals.set_nonblocking(true)?;
    let terminate = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(libc::SIGTERM, Arc::clone(&terminate))?;
    signal_hook::low_level::pipe::register(libc::SIGTERM, bell.try_clone()?)?;
    signal_hook::low_level::pipe::register(libc::SIGCHLD, bell)?;
    let mut keeper = Keeper {
        options,
        descriptors,
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
        // The program as it is now: a later restart must not run half an update.
        if let Ok(program) =
            rustix::fs::open(platform::program_path()?, rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty())
            && options.server.is_empty()
        {
            keeper.store.insert(name::SERVER_BINARY.to_owned(), program);
        }
        keeper.start_server();
    }
    let control = platform::bind_private(&options.paths.control, KeeperSocket::kind(), 16)?;
    platform::set_nonblocking(control.as_fd(), true)?;
    keeper.control = Some(control);
    Ok((keeper, signals, terminate))
}

impl Keeper<'_> {
    fn listen(&mut self) -> io::Result<()> {
        let listener = platform::bind_private(&self.options.paths.socket, rustix::net::SocketType::STREAM, 128)?;
        self.store.insert(name::LISTENER.to_owned(), listener);
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

    // ---- children -------------------------------------------------------------------------------------------------------------------------

    fn reap(&mut self) {
        while let Some(reaped) = platform::reap() {
            let is = |server: &Option<Server>| server.as_ref().is_some_and(|server| server.is_child && server.watch.pid() == reaped.pid);
            if is(&self.serving) {
                self.server_died(Seat::Serving, Some(reaped.status));
            } else if is(&self.successor) {
                self.server_died(Seat::Successor, Some(reaped.status));
            } else if let Some(pane) = self
                .panes
                .iter()
                .find(|(_, state)| state.pid == reaped.pid && state.exit.is_none() && state.watch.is_none())
                .map(|(pane, _)| *pane)
            {
                self.pane_exited(pane, Exit { status: Some(reaped.status), usage: reaped.usage });
            }
        }
    }

    fn pane_exited(&mut self, pane: PaneId, exit: Exit) {
        if let Some(state) = self.panes.get_mut(&pane) {
            state.exit = Some(exit);
            self.say(&Message::Exited { pane, exit });
        }
    }

    // ---- servers --------------------------------------------------------------------------------------------------------------------------

    /// Starts a server if none is there, or notes when to try again.
    fn start_server(&mut self) {
        self.restart_at = None;
        if self.serving.is_some() {
            return;
        }
        let listening = self.store.contains_key(name::LISTENER) || self.listen().is_ok();
        let started = if listening {
            server::spawn(self.options, self.store.get(name::SERVER_BINARY), None)
        } else {
            Err(io::ErrorKind::AddrInUse.into())
        };
        match started {
            Ok((socket, watch)) => {
                let mut server = Server::new(socket, watch, true, None);
                if self.askers.iter().any(|asker| asker.want == Want::Probe) {
                    server.deadline = Some(Instant::now() + self.options.probe);
                }
                self.serving = Some(server);
            }
            Err(_) => self.restart_at = Some(Instant::now() + self.record.after_failed_start()),
        }
    }

    fn server_died(&mut self, seat: Seat, status: Option<i32>) {
        // What it had sent is still in the socket, and counts.
        self.read_link(seat);
        let now = Instant::now();
        if seat == Seat::Successor {
            self.successor_failed("the new server ended before it could serve");
            return;
        }
        let Some(dead) = self.serving.take() else { return };
        self.adopting = false;
        let lived = dead.active_since.map(|since| now - since);
        let quiesced = self.successor.as_ref().is_some_and(|next| next.phase == Phase::Waiting);
        let death = if quiesced { Death::Outside } else { server::classify(status, dead.fenced) };
        if death == Death::Fault {
            self.count_poison(now);
        }
        for asker in &mut self.askers {
            asker.restarted = true;
        }
        if let Some(next) = self.successor.take() {
            let ready = next.phase == Phase::Waiting;
            self.serving = Some(next);
            if ready {
                self.welcome(true);
            }
            return;
        }
        let delay = self.record.after(death, lived);
        if delay.is_zero() {
            self.start_server();
        } else {
            self.restart_at = Some(now + delay);
        }
    }

    /// Reads what the dead server was about to parse; the second time within a minute puts the pane into quarantine.
    fn count_poison(&mut self, now: Instant) {
        let Some(blackbox) = self.store.get(name::BLACKBOX) else { return };
        for mark in Blackbox::read_and_wipe(blackbox.as_fd()) {
            if let Some(state) = self.panes.get_mut(&mark.pane) {
                if state.poisoned.is_some_and(|before| now.saturating_duration_since(before) <= server::POISON_WINDOW) {
                    state.quarantine = Some(mark.offset);
                }
                state.poisoned = Some(now);
            }
        }
    }

    /// Lets the server in: everything we hold, then `Ready`.
    fn welcome(&mut self, upgrade: bool) {
        self.epoch += 1;
        self.adopting = false;
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        let welcome = Message::Welcome {
            epoch: self.epoch,
            panes: panes.len() as u64,
            caps: 0,
            pid: std::process::id().into(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let Some(server) = &mut self.serving else { return };
        server.phase = Phase::Attached;
        server.deadline = upgrade.then(|| Instant::now() + server::UPGRADE_LIMIT).or(server.deadline);
        let reads = server.keeper_reads;
        for state in self.panes.values_mut() {
            state.forgive();
            set_reader(state, reads);
        }
        self.say(&welcome);
        if let Some(server) = &mut self.serving {
            server.outbox.extend(panes.into_iter().map(Outgoing::Pane));
        }
        self.say(&Message::Ready);
    }

    fn successor_failed(&mut self, why: &str) {
        let Some(mut failed) = self.successor.take() else { return };
        failed.kill();
        let quiescing = self.serving.as_ref().is_some_and(|server| server.phase == Phase::Quiescing);
        if quiescing {
            if let Some(server) = &mut self.serving {
                (server.phase, server.deadline) = (Phase::Serving, None);
            }
            self.say(&Message::Abort);
        }
        self.refuse(kind::START_SERVER, PaneId(0), u64::from(libc::ENOEXEC.cast_unsigned()), 0, why);
    }

    fn fence(&mut self) {
        if let Some(server) = &mut self.serving
            && server.phase != Phase::Dying
        {
            server.fenced = true;
            server.kill();
        }
    }

    fn check_deadlines(&mut self, now: Instant) {
        if self.restart_at.is_some_and(|at| at <= now) {
            self.start_server();
        }
        if self.successor.as_ref().is_some_and(|next| next.deadline.is_some_and(|at| at <= now)) {
            self.successor_failed("the new server did not say hello within five seconds");
        }
        let Some(server) = &mut self.serving else { return };
        let late = server.deadline.is_some_and(|at| at <= now);
        let silent = server.ping.is_some_and(|(_, until)| until <= now);
        match server.phase {
            Phase::Quiescing if late => server.kill(),
            _ if late || silent => self.fence(),
            _ => {}
        }
    }

    // ---- the wire -------------------------------------------------------------------------------------------------------------------------

    fn say(&mut self, message: &Message) {
        if let Some(server) = self.serving.as_mut().filter(|server| server.is_attached())
            && let Ok(packet) = message.encode()
        {
            server.outbox.push_back(Outgoing::Packet(packet));
        }
    }

    fn refuse(&mut self, of: u32, pane: PaneId, code: u64, detail: u64, text: &str) {
        self.say(&Message::Err { of, pane, code, detail, text: text.to_owned() });
    }

    fn send_all(&mut self) {
        let Some(server) = self.serving.as_mut().filter(|server| server.phase != Phase::Dying) else { return };
        while let Some(next) = server.outbox.front() {
            let sent = match next {
                Outgoing::Packet(packet) => server.socket.send(packet, &[]),
                Outgoing::Pane(pane) => match self.panes.get(pane).map(|state| (state, Message::Pane(state.record(*pane)).encode())) {
                    Some((state, Ok(packet))) => server.socket.send(&packet, &[state.master.as_fd(), state.memory.as_fd()]),
                    // Forgotten since, or (which its limits exclude) too large to say.
                    _ => Ok(()),
                },
                Outgoing::Named(name) => match (self.store.get(name), Message::Named { name: name.clone() }.encode()) {
                    (Some(fd), Ok(packet)) => server.socket.send(&packet, &[fd.as_fd()]),
                    _ => Ok(()),
                },
            };
            match sent {
                Ok(()) => drop(server.outbox.pop_front()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It is going; its death is the event.
                Err(_) => return server.outbox.clear(),
            }
        }
    }

    fn read_link(&mut self, seat: Seat) {
        for _ in 0..TURN {
            let Some(server) = self.seat(seat) else { return };
            if server.phase == Phase::Waiting {
                return;
            }
            match server.socket.recv() {
                Ok(Some(received)) => match Message::decode(&received.packet) {
                    Ok(message) => self.obey(seat, message, received.fds),
                    Err(DecodeError::Field { kind, field }) => self.refuse(kind, PaneId(0), ERR_PROTOCOL, 0, field),
                    Err(error) => self.refuse(0, PaneId(0), ERR_PROTOCOL, 0, &error.to_string()),
                },
                Ok(None) => return,
                // The link is gone: so is the process, or it must be, because it may still read masters.
                Err(_) => {
                    if let Some(server) = self.seat(seat) {
                        server.kill();
                    }
                    return;
                }
            }
        }
    }

    fn obey(&mut self, seat: Seat, message: Message, mut fds: Vec<OwnedFd>) {
        let of = message.kind();
        if seat == Seat::Successor {
            if let (Message::Hello { keeper_reads, .. }, Some(next)) = (&message, &mut self.successor) {
                (next.keeper_reads, next.phase, next.deadline) = (*keeper_reads, Phase::Waiting, None);
                self.quiesce();
            }
            return;
        }
        match message {
            Message::Hello { min, keeper_reads, .. } => self.hello(min, keeper_reads),
            Message::Spawn(request) => self.spawn(&request),
            Message::Input { pane, source, seq, lazy, bytes } => self.input(pane, source, seq, lazy, &bytes),
            Message::Resize { pane, size } => {
                let done = self.panes.get(&pane).map(|state| platform::set_terminal_size(state.master.as_fd(), size));
                self.report(of, pane, done);
            }
            Message::Signal { pane, signal, to } => {
                let done = self.panes.get(&pane).map(|state| send_signal(state, signal, to));
                self.report(of, pane, done);
            }
            Message::Forget { pane } => {
                self.waiting.remove(&pane);
                let done = self.panes.remove(&pane).map(|_| Ok(()));
                self.report(of, pane, done);
            }
            Message::Put { name } => match fds.pop() {
                Some(fd) if self.store.contains_key(&name) || self.store.len() < STORE_MAX => drop(self.store.insert(name, fd)),
                Some(_) => self.refuse(of, PaneId(0), u64::from(libc::ENOSPC.cast_unsigned()), 0, "the store is full"),
                None => self.refuse(of, PaneId(0), ERR_PROTOCOL, 0, "the descriptor is missing"),
            },
            Message::Take { name } if self.store.contains_key(&name) => {
                if let Some(server) = &mut self.serving {
                    server.outbox.push_back(Outgoing::Named(name));
                }
            }
            Message::Take { name } => self.refuse(of, PaneId(0), u64::from(libc::ENOENT.cast_unsigned()), 0, &name),
            Message::Drop { name } => drop(self.store.remove(&name)),
            Message::Active => self.active(),
            Message::Quiesced => {
                if let Some(server) = self.serving.as_mut().filter(|server| server.phase == Phase::Quiescing) {
                    server.kill();
                }
            }
            Message::Adopt(record) if self.adopting => self.adopt(&record, fds),
            Message::StartServer { path } => self.start_successor(&path, fds.pop()),
            Message::Pong { nonce } => {
                if let Some(server) = &mut self.serving
                    && server.ping.is_some_and(|(asked, _)| asked == nonce)
                {
                    server.ping = None;
                    self.answer_askers();
                }
            }
            Message::Ping { nonce } => self.say(&Message::Pong { nonce }),
            Message::Shutdown => {
                // It asked, so it ends by itself; there is nobody it would have to be dead for.
                self.serving = None;
                self.ended = true;
            }
            Message::Consumed { pane, to } => self.consumed(pane, to),
            Message::Unknown { pane, .. } => self.refuse(of, pane, ERR_UNKNOWN, 0, "this keeper does not know that message"),
            _ => self.refuse(of, PaneId(0), ERR_PROTOCOL, 0, "not now, or not in this direction"),
        }
    }

    fn report(&mut self, of: u32, pane: PaneId, done: Option<io::Result<()>>) {
        match done {
            Some(Ok(())) => {}
            None => self.refuse(of, pane, u64::from(libc::ENOENT.cast_unsigned()), 0, "no such pane"),
            Some(Err(error)) => self.refuse(of, pane, errno_of(&error), 0, &error.to_string()),
        }
    }

    fn hello(&mut self, min: u64, keeper_reads: bool) {
        let Some(server) = &mut self.serving else { return };
        if server.phase != Phase::Silent {
            return;
        }
        if min > PROTOCOL {
            // Said although it is not let in: the one message that every version understands.
            server.phase = Phase::Attached;
            self.refuse(kind::HELLO, PaneId(0), ERR_PROTOCOL, PROTOCOL, "this keeper speaks an older protocol only");
            self.send_all();
            if let Some(server) = &mut self.serving {
                server.kill();
            }
            return;
        }
        server.keeper_reads = keeper_reads;
        self.welcome(false);
    }

    fn active(&mut self) {
        let Some(server) = &mut self.serving else { return };
        if server.phase != Phase::Attached {
            return;
        }
        (server.phase, server.deadline, server.active_since) = (Phase::Serving, None, Some(Instant::now()));
        if let Some(program) = server.program.take() {
            self.store.insert(name::SERVER_BINARY.to_owned(), program);
        }
        self.answer_askers();
    }

    /// Starts the program of an upgrade beside the server in place.
    fn start_successor(&mut self, path: &[u8], program: Option<OwnedFd>) {
        use std::os::unix::ffi::OsStrExt;
        let refusal = match (&self.successor, program) {
            (Some(_), _) => (u64::from(libc::EBUSY.cast_unsigned()), "an upgrade is under way".to_owned()),
            (None, None) => (ERR_PROTOCOL, "the program's descriptor is missing".to_owned()),
            (None, Some(program)) => {
                let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
                match server::spawn(self.options, Some(&program), path.is_absolute().then_some(path)) {
                    Ok((socket, watch)) => {
                        let mut next = Server::new(socket, watch, true, Some(program));
                        next.deadline = Some(Instant::now() + server::UPGRADE_LIMIT);
                        self.successor = Some(next);
                        return;
                    }
                    Err(error) => (errno_of(&error), error.to_string()),
                }
            }
        };
        self.refuse(kind::START_SERVER, PaneId(0), refusal.0, 0, &refusal.1);
    }

    /// The successor is there: the server in place may finish its chunk.
    fn quiesce(&mut self) {
        match &mut self.serving {
            Some(server) if server.phase == Phase::Serving => {
                (server.phase, server.deadline, server.ping) = (Phase::Quiescing, Some(Instant::now() + server::QUIESCE_LIMIT), None);
                self.say(&Message::Quiesce);
            }
            Some(server) => server.kill(),
            None => {}
        }
    }

    // ---- panes ----------------------------------------------------------------------------------------------------------------------------

    fn spawn(&mut self, request: &SpawnRequest) {
        let pane = request.pane;
        if self.panes.contains_key(&pane) {
            return self.refuse(kind::SPAWN, pane, u64::from(libc::EEXIST.cast_unsigned()), 0, "the pane exists");
        }
        let config = Config {
            ring_len: request.memory.ring_len,
            checkpoint_len: request.memory.checkpoint_len,
            history_bytes: request.memory.history_bytes,
            size: request.size,
            meta: request.meta.clone(),
        };
        let made = PaneMemory::create_object(&config)
            .map_err(|error| child::SpawnError::new("pane memory", &error))
            .and_then(|memory| child::spawn(request, self.descriptors).map(|(master, pid)| (memory, master, pid)));
        match made {
            Ok((memory, master, pid)) => {
                let mut state = Pane::new(pid, platform::start_time(pid).unwrap_or(0), master, memory);
                set_reader(&mut state, self.serving.as_ref().is_some_and(|server| server.keeper_reads));
                self.panes.insert(pane, state);
                if let Some(server) = &mut self.serving {
                    server.outbox.push_back(Outgoing::Pane(pane));
                }
            }
            Err(error) => self.refuse(kind::SPAWN, pane, u64::from(error.errno.cast_unsigned()), 0, &error.text),
        }
    }

    fn adopt(&mut self, record: &PaneRecord, fds: Vec<OwnedFd>) {
        let mut fds = fds.into_iter();
        let (Some(master), Some(memory)) = (fds.next(), fds.next()) else {
            return self.refuse(kind::ADOPT, record.pane, ERR_PROTOCOL, 0, "master and memory are missing");
        };
        let watch = match fds.next() {
            Some(handed) => Some(ProcessWatch::from_fd(record.pid, handed)),
            None => ProcessWatch::open(record.pid)
                .ok()
                .filter(|_| record.start_time == 0 || platform::start_time(record.pid) == Some(record.start_time)),
        };
        let mut state = Pane::adopted(record, master, memory, watch);
        if state.watch.is_none() && state.exit.is_none() {
            // It ended while nobody could see it.
            state.exit = Some(Exit::default());
        }
        self.panes.insert(record.pane, state);
    }

    fn input(&mut self, pane: PaneId, source: u64, seq: u64, lazy: bool, bytes: &[u8]) {
        let Some(state) = self.panes.get_mut(&pane) else {
            return self.refuse(kind::INPUT, pane, u64::from(libc::ENOENT.cast_unsigned()), seq, "no such pane");
        };
        let accepted = state.input(source, seq, bytes);
        let unsaid = lazy && state.may_wait_with_inack(source);
        if state.is_waiting() {
            self.waiting.insert(pane);
        }
        match accepted {
            Accepted::Yes if unsaid => {}
            Accepted::Yes => self.say(&Message::Inack { pane, source, seq }),
            Accepted::Full => self.refuse(kind::INPUT, pane, ERR_FULL, seq, "the program does not read"),
            Accepted::Gone => self.refuse(kind::INPUT, pane, u64::from(libc::EIO.cast_unsigned()), seq, "the terminal is closed"),
        }
    }

    fn type_more(&mut self, pane: PaneId) {
        let Some(state) = self.panes.get_mut(&pane) else { return };
        // An error says that the terminal is gone, and what waited with it; nobody is left to be told.
        let _ = state.flush();
        if !state.is_waiting() {
            self.waiting.remove(&pane);
        }
        if state.has_drained() {
            self.say(&Message::Drained { pane });
        }
    }

    // ---- where the keeper reads -----------------------------------------------------------------------------------------------------------

    fn read_master(&mut self, pane: PaneId) {
        let Some(state) = self.panes.get_mut(&pane) else { return };
        let Some(reader) = &mut state.reader else { return };
        let room = room(reader);
        if reader.ended || room == 0 {
            return;
        }
        match reader.memory.take_plain(state.master.as_fd(), room) {
            Ok(Take::Data { .. }) => self.tell_output(pane),
            Ok(Take::Empty | Take::Control(_)) => {}
            Ok(Take::Eof) | Err(_) => reader.ended = true,
        }
    }

    fn tell_output(&mut self, pane: PaneId) {
        let Some(reader) = self.panes.get_mut(&pane).and_then(|state| state.reader.as_mut()) else { return };
        if !reader.told && reader.memory.head() > reader.memory.consumed() {
            reader.told = true;
            let head = reader.memory.head();
            self.say(&Message::Output { pane, head });
        }
    }

    fn consumed(&mut self, pane: PaneId, to: u64) {
        if let Some(state) = self.panes.get_mut(&pane)
            && state.quarantine.is_some_and(|poison| to > poison)
        {
            (state.quarantine, state.poisoned) = (None, None);
        }
        if let Some(reader) = self.panes.get_mut(&pane).and_then(|state| state.reader.as_mut()) {
            reader.memory.set_consumed(to);
            reader.told = false;
            self.tell_output(pane);
        }
    }

    // ---- who asks -------------------------------------------------------------------------------------------------------------------------

    fn read_asker(&mut self, index: usize) {
        let Some(asker) = self.askers.get_mut(index) else { return };
        match asker.socket.recv() {
            Ok(Some(received)) => match Message::decode(&received.packet) {
                Ok(Message::Probe) => asker.want = Want::Probe,
                Ok(Message::Start) => asker.want = Want::Start,
                Ok(Message::Shutdown) => {
                    self.ended = true;
                    return;
                }
                _ => {
                    let refusal = Message::Err {
                        of: 0,
                        pane: PaneId(0),
                        code: ERR_UNKNOWN,
                        detail: 0,
                        text: "ask probe, start or shutdown".to_owned(),
                    };
                    let _ = refusal.encode().map(|packet| asker.socket.send(&packet, &[]));
                }
            },
            Ok(None) => return,
            Err(_) => {
                self.askers.remove(index);
                return;
            }
        }
        if self.restart_at.is_some() {
            // Somebody waits: the back-off has served its purpose.
            self.start_server();
        }
        let until = Instant::now() + self.options.probe;
        let wants_life = self.askers.get(index).is_some_and(|asker| asker.want == Want::Probe);
        let Some(server) = &mut self.serving else { return };
        if !wants_life {
            if server.phase == Phase::Serving {
                self.answer_askers();
            }
        } else if server.is_attached() {
            if server.ping.is_none() {
                self.nonce += 1;
                let nonce = self.nonce;
                server.ping = Some((nonce, until));
                self.say(&Message::Ping { nonce });
            }
        } else if server.phase == Phase::Silent && server.deadline.is_none() {
            server.deadline = Some(until);
        }
    }

    /// The server lives: tell everybody who asked.
    fn answer_askers(&mut self) {
        let Some(server) = &self.serving else { return };
        let (server_pid, serving) = (server.watch.pid().into(), server.phase == Phase::Serving);
        for asker in &mut self.askers {
            if asker.want == Want::Probe || (asker.want == Want::Start && serving) {
                asker.want = Want::Nothing;
                let answer = Message::Ok { server_pid, restarted: std::mem::take(&mut asker.restarted) };
                let _ = answer.encode().map(|packet| asker.socket.send(&packet, &[]));
            }
        }
    }

    // ---- the end --------------------------------------------------------------------------------------------------------------------------

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

/// Bytes that may be read into a ring without overwriting what the server has not parsed.
fn room(reader: &Reader) -> usize {
    let unread = reader.memory.head().saturating_sub(reader.memory.consumed());
    usize::try_from(reader.memory.ring_len().saturating_sub(unread)).unwrap_or(0)
}

fn set_reader(state: &mut Pane, reads: bool) {
    if !reads {
        state.reader = None;
    } else if let Some(reader) = &mut state.reader {
        reader.told = false;
    } else if let Ok(mut memory) = state.memory.try_clone().map_err(Into::into).and_then(PaneMemory::open) {
        memory.begin_plain();
        state.reader = Some(Box::new(Reader { memory, told: false, ended: false }));
    }
}

fn send_signal(state: &Pane, signal: i32, to: SignalTo) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let gone = || io::Error::from_raw_os_error(libc::ESRCH);
    let signal = Signal::from_named_raw(signal).ok_or_else(invalid)?;
    let foreground = platform::foreground_group(state.master.as_fd());
    let raw = match to {
        SignalTo::Foreground => foreground.ok_or_else(gone)?,
        // A program that ended may have left its number to a stranger.
        _ if state.exit.is_some() => return Err(gone()),
        SignalTo::Child if state.watch.is_some() => return state.watch.as_ref().map_or_else(|| Err(gone()), |watch| watch.signal(signal)),
        SignalTo::Child | SignalTo::Group => state.pid,
    };
    let pid = i32::try_from(raw).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
    match to {
        SignalTo::Child => kill_process(pid, signal)?,
        SignalTo::Group | SignalTo::Foreground => kill_process_group(pid, signal)?,
    }
    Ok(())
}

fn errno_of(error: &io::Error) -> u64 {
    u64::from(error.raw_os_error().unwrap_or(libc::EIO).cast_unsigned())
}
