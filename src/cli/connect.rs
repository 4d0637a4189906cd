//! A command's connection to the server: found, greeted, kept through a restart of the server.
//!
//! Blocking and without a runtime: a command asks one thing and leaves, and should be gone within milliseconds.
//!
//! The listening socket belongs to the keeper. While one server is gone and the next is not ready, connecting still succeeds and the greeting waits in the
//! backlog; so a command that loses its connection simply connects again and blocks until somebody answers. It then sends its request again. What is
//! typed by `send` carries a stream number of its own, by which a second copy is recognised; a request's id is random, for the same end.
//!
//! A socket file nobody listens on (`ECONNREFUSED`) is stale: the machine or both keeper and server went down. It counts as "no server"; whoever
//! starts a keeper replaces it.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::ids::PaneId;
use crate::keeper;
use crate::platform;
use crate::protocol::frame::{Decoder, encode};
use crate::protocol::keeper::Message;
use crate::protocol::message::{ClientKind, ClientMessage, Hello, Made, Reply, Request, RequestMessage, ServerMessage, Welcome};
use crate::protocol::version::{PROTOCOL, PROTOCOL_MIN};

use super::failure::{Exit, Failure};
use super::paths::{PANE_VARIABLE, Paths, SOCKET_VARIABLE, TOKEN_VARIABLE};
use super::start;

/// How long a command waits for its answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Silence after which the keeper is asked whether the server lives. Honest answers take milliseconds.
const DOUBT: Duration = Duration::from_secs(2);
/// How long the keeper may take to find out: it gives a silent server ten seconds.
const PROBE_PATIENCE: Duration = Duration::from_secs(15);

/// The same where the answer is somebody's to give: under supervision `send` is answered when a human has decided, or their time is over.
const DECISION_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// How long the answer to `request` may take.
fn patience(request: &Request) -> Duration {
    match request {
        Request::AwaitControl { timeout_ms, .. } => PATIENCE.saturating_add(Duration::from_millis((*timeout_ms).min(WAIT_MAX_MS))),
        Request::Send { .. } => DECISION_PATIENCE,
        _ => PATIENCE,
    }
}

/// Longest `control wait`, milliseconds; the server has the same.
const WAIT_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// A greeted connection.
#[derive(Debug)]
pub struct Link {
    stream: UnixStream,
    decoder: Decoder,
    /// What the server said of itself.
    pub welcome: Welcome,
}

/// The connection ended before the answer came.
enum Broken {
    /// The server is gone; another may come.
    Gone,
    /// It makes no sense to go on.
    Failed(Failure),
}

/// What this process says of itself. The secret of a pane, and which one it is, are for that pane's server alone.
#[must_use]
pub fn hello(kind: ClientKind, paths: &Paths) -> Hello {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let own = variable(SOCKET_VARIABLE).is_none_or(|socket| Path::new(&socket) == paths.socket());
    let tty = rustix::termios::ttyname(io::stdin(), Vec::new()).ok().and_then(|name| name.into_string().ok());
    Hello {
        protocol_min: PROTOCOL_MIN,
        protocol_max: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kind,
        pid: std::process::id(),
        origin_pane: variable(PANE_VARIABLE).filter(|_| own).and_then(|id| id.parse::<PaneId>().ok()),
        token: variable(TOKEN_VARIABLE).filter(|_| own),
        name: None,
        tty,
        ssh_origin: variable("SSH_CONNECTION").and_then(|value| Some(value.split_whitespace().next()?.to_owned())),
        resume: None,
    }
}

/// Connects; tells "nobody listens" from other trouble, and refuses a server that is not ours.
///
/// # Errors
/// [`Exit::NoServer`] when nobody listens, [`Exit::Refused`] for the rest.
pub fn connect(paths: &Paths) -> Result<UnixStream, Failure> {
    let stream = UnixStream::connect(paths.socket()).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Failure::no_server(paths.socket()),
        _ => Failure::system(&format!("cannot connect to {}", paths.socket().display()), &error),
    })?;
    let me = rustix::process::geteuid().as_raw();
    match platform::peer(stream.as_fd()) {
        // Somebody else's server that was named is meant; one that lies where ours should be was planted.
        Ok(peer) if peer.uid != me && peer.uid != 0 && !paths.named => Err(Failure::new(
            Exit::Refused,
            "not_permitted",
            format!("the server at {} belongs to user {}, not to you ({me})", paths.socket().display(), peer.uid),
        )),
        Ok(_) => Ok(stream),
        Err(error) => Err(Failure::system("cannot tell who the server is", &error)),
    }
}

impl Link {
    /// Connects to the server that runs.
    ///
    /// # Errors
    /// As [`connect`]; also [`Exit::Timeout`] when the server does not answer, [`Exit::Refused`] when it speaks no protocol that we do.
    pub fn open(paths: &Paths) -> Result<Self, Failure> {
        Self::open_until(paths, Instant::now() + PATIENCE)
    }

    /// Connects to the server; starts it if there is none.
    ///
    /// # Errors
    /// As [`Link::open`], and when it cannot be started.
    pub fn open_or_start(paths: &Paths) -> Result<Self, Failure> {
        match Self::open(paths) {
            Err(failure) if failure.exit == Exit::NoServer => {
                start::keeper(paths)?.wait()?;
                Self::open(paths)
            }
            other => other,
        }
    }

    fn open_until(paths: &Paths, deadline: Instant) -> Result<Self, Failure> {
        loop {
            let stream = connect(paths)?;
            match Self::greet(paths, stream, deadline) {
                Ok(link) => return Ok(link),
                // It died between accepting and answering; the keeper has the next one under way.
                Err(Broken::Gone) if Instant::now() < deadline => {}
                Err(Broken::Gone) => return Err(no_answer()),
                Err(Broken::Failed(failure)) => return Err(failure),
            }
        }
    }

    fn greet(paths: &Paths, stream: UnixStream, deadline: Instant) -> Result<Self, Broken> {
        let mut decoder = Decoder::new();
        send(&stream, &ClientMessage::Hello(hello(ClientKind::Command, paths)))?;
        loop {
            match receive(paths, &stream, &mut decoder, deadline)? {
                ServerMessage::Welcome(welcome) => return Ok(Self { stream, decoder, welcome }),
                ServerMessage::Error(refusal) => return Err(Broken::Failed(refusal.into())),
                _ => {}
            }
        }
    }

    /// Asks, and waits for the answer through restarts of the server.
    ///
    /// # Errors
    /// What the server refuses, [`Exit::Timeout`], [`Exit::NoServer`] when it is gone for good.
    pub fn ask(&mut self, paths: &Paths, request: &Request) -> Result<Reply, Failure> {
        let deadline = Instant::now() + patience(request);
        let message = ClientMessage::Request(RequestMessage { id: random(), request: request.clone() });
        loop {
            match self.exchange(paths, &message, deadline) {
                Ok(Reply::Refused(refusal)) => return Err(refusal.into()),
                Ok(reply) => return Ok(reply),
                Err(Broken::Failed(failure)) => return Err(failure),
                // It was asked to end, and did.
                Err(Broken::Gone) if matches!(request, Request::KillServer) => return Ok(Reply::Done(Made::default())),
                Err(Broken::Gone) => *self = Self::open_until(paths, deadline)?,
            }
        }
    }

    fn exchange(&mut self, paths: &Paths, message: &ClientMessage, deadline: Instant) -> Result<Reply, Broken> {
        let ClientMessage::Request(asked) = message else { return Err(Broken::Gone) };
        send(&self.stream, message)?;
        loop {
            match receive(paths, &self.stream, &mut self.decoder, deadline)? {
                ServerMessage::Reply(reply) if reply.id == asked.id => return Ok(reply.reply),
                ServerMessage::Error(refusal) => return Err(Broken::Failed(refusal.into())),
                _ => {}
            }
        }
    }
}

fn send(mut stream: &UnixStream, message: &ClientMessage) -> Result<(), Broken> {
    let mut bytes = Vec::new();
    encode(message, &mut bytes).map_err(|error| {
        Broken::Failed(Failure::new(Exit::Refused, "too_large", error.to_string()).with_hint("send it in smaller pieces"))
    })?;
    stream.write_all(&bytes).map_err(|error| lost(&error))
}

/// Reads until a message is there. When nothing comes for a while, the keeper is asked whether the server lives; it replaces one that does not,
/// which ends this connection.
fn receive(paths: &Paths, mut stream: &UnixStream, decoder: &mut Decoder, deadline: Instant) -> Result<ServerMessage, Broken> {
    let mut buffer = [0; 16 * 1024];
    let mut doubted = false;
    loop {
        match decoder.next::<ServerMessage>() {
            Ok(Some(message)) => return Ok(message),
            Ok(None) => {}
            Err(error) => return Err(Broken::Failed(not_baton(&error))),
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Broken::Failed(no_answer()));
        }
        let wait = if doubted { left } else { left.min(DOUBT) };
        stream.set_read_timeout(Some(wait)).map_err(|error| lost(&error))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Err(Broken::Gone),
            Ok(n) => decoder.push(buffer.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if !doubted && matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                doubted = true;
                // Whatever it says, the connection tells: an answer, an end, or nothing until the deadline.
                _ = keeper::ask(&paths.keeper, &Message::Probe, deadline.saturating_duration_since(Instant::now()).min(PROBE_PATIENCE));
            }
            Err(error) => return Err(lost(&error)),
        }
    }
}

fn lost(error: &io::Error) -> Broken {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Broken::Failed(no_answer()),
        _ => Broken::Gone,
    }
}

fn no_answer() -> Failure {
    Failure::new(Exit::Timeout, "timeout", "the server did not answer in time")
        .with_hint("`baton doctor` looks into it; panes do not end with the server, so killing it with `kill -9` is safe")
}

fn not_baton(error: &crate::protocol::frame::FrameError) -> Failure {
    Failure::new(Exit::Refused, "version", format!("what listens there does not speak baton's protocol: {error}"))
}

/// What has the keeper look after a server that does not answer: it replaces one that hangs. Asked on a thread of its own, since the keeper waits for
/// the server for some seconds; whatever it answers, the client's connection tells.
pub fn look_after(paths: &Paths) -> impl FnMut() + use<> {
    let keeper = paths.keeper.clone();
    move || {
        let keeper = keeper.clone();
        let ask = move || _ = keeper::ask(&keeper, &Message::Probe, PROBE_PATIENCE);
        if let Err(error) = std::thread::Builder::new().name("look-after".to_owned()).spawn(ask) {
            tracing::warn!(%error, "nobody looks after the silent server");
        }
    }
}

/// A number nobody else uses.
#[must_use]
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()) {
        Ok(8) => u64::from_le_bytes(bytes),
        // No randomness so early after boot: time and process are good enough to tell two commands of one user apart.
        _ => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            (u64::from(std::process::id()) << 40) ^ u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap_or(1)
        }
    }
}
