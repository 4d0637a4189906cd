//! The connection to the server: frames in and out, input that is neither lost nor doubled, and coming back after the server died.
//!
//! ```text
//! Greeting ──Attached──► Up ──EOF──► Down ──connect──► Greeting
//!                                     │ nothing to connect to for GONE_AFTER_MS
//!                                     ▼
//!                                    Gone
//! ```
//! Input is numbered and kept until it is acknowledged. A new server is told the resume token; it says which inputs of this client are known to be applied, and
//! the rest is sent again under the same numbers, so that the keeper can tell what it has had. At most [`INPUT_WINDOW_BYTES`] are under way; what
//! is more (a large paste, what was typed while the server was gone) waits here, up to [`WAITING_MAX_BYTES`].
//!
//! What is typed into a pane about whose control something is said carries its epoch, and epochs grow with a new server. So if there is such input, all of it waits after
//! a reconnect until the model is whole ([`Link::settle`]).

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::control::Stamp;
use crate::ids::PaneId;
use crate::protocol::frame::{Decoder, FrameError, encode};
use crate::protocol::limits::{INPUT_MAX_BYTES, INPUT_WINDOW_BYTES};
use crate::protocol::message::{Attach, Attached, ClientMessage, Hello, Input, InputAck, InputSource, ServerMessage, Welcome};

/// First wait between two attempts to connect, in milliseconds; it doubles.
const BACKOFF_MIN_MS: u64 = 10;
/// Longest wait between two attempts.
const BACKOFF_MAX_MS: u64 = 1_000;
/// When nothing can be connected to for so long, keeper and server are gone.
const GONE_AFTER_MS: u64 = 5_000;
/// Input that waits for its turn, in bytes; more is refused.
const WAITING_MAX_BYTES: usize = 64 * 1024 * 1024;
/// Requests that wait in the socket's buffer of ours, in bytes; more are refused.
const OUT_MAX_BYTES: usize = 4 * 1024 * 1024;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Hello and attach are sent.
    Greeting,
    /// Attached.
    Up,
    /// Lost; to be tried again at this time.
    Down {
        /// On the model's clock.
        again_ms: u64,
    },
    /// There is nothing to come back to.
    Gone,
}

/// The connection.
#[derive(Debug)]
pub struct Link {
    path: PathBuf,
    socket: Option<UnixStream>,
    decoder: Decoder,
    out: Vec<u8>,
    state: State,
    hello: Hello,
    resume: Option<String>,
    resumed: bool,
    backoff_ms: u64,
    refused_since_ms: Option<u64>,
    next_seq: u64,
    unacked: VecDeque<(Input, Stamp)>,
    unacked_bytes: usize,
    waiting: VecDeque<(PaneId, Vec<u8>, InputSource, Stamp)>,
    waiting_bytes: usize,
    /// Epochs of what was typed before are not those of the new server yet.
    unsettled: bool,
    buffer: Vec<u8>,
}

/// What came of reading.
#[derive(Debug, Default)]
pub struct Received {
    /// Messages, in order.
    pub messages: Vec<ServerMessage>,
    /// The connection ended.
    pub ended: bool,
    /// So many inputs of the old connection may or may not have been applied, and are not sent again.
    pub doubtful: usize,
}

impl Link {
    /// Takes a connection up and says hello and attach in one write.
    ///
    /// # Errors
    /// The socket cannot be made non-blocking.
    pub fn new(path: PathBuf, socket: UnixStream, hello: Hello, attach: Attach) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let mut link = Self {
            path,
            socket: Some(socket),
            decoder: Decoder::new(),
            out: Vec::new(),
            state: State::Greeting,
            hello,
            resume: None,
            resumed: true,
            backoff_ms: BACKOFF_MIN_MS,
            refused_since_ms: None,
            next_seq: 1,
            unacked: VecDeque::new(),
            unacked_bytes: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            unsettled: false,
            buffer: vec![0; 64 * 1024],
        };
        link.greet(attach);
        Ok(link)
    }

    fn greet(&mut self, attach: Attach) {
        let hello = Hello { resume: self.resume.take(), ..self.hello.clone() };
        self.put(&ClientMessage::Hello(hello));
        self.put(&ClientMessage::Attach(attach));
        self.state = State::Greeting;
        self.flush();
    }

    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The socket, and whether it is to be waited for until it takes bytes.
    #[must_use]
    pub fn socket(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.socket.as_ref().map(|socket| (socket.as_fd(), !self.out.is_empty()))
    }

    /// Puts a message into the next write. False: too much waits already, and it is dropped.
    pub fn send(&mut self, message: &ClientMessage) -> bool {
        if self.socket.is_none() || self.out.len() > OUT_MAX_BYTES {
            return false;
        }
        self.put(message);
        true
    }

    fn put(&mut self, message: &ClientMessage) {
        // Too large is only what a person typed into a prompt; the server would refuse it, too.
        let _ = encode(message, &mut self.out);
    }

    /// Takes input up, to be sent once and applied once. False: too much waits already, and it is dropped.
    pub fn input(&mut self, pane: PaneId, bytes: Vec<u8>, source: InputSource, stamp: Stamp) -> bool {
        if self.waiting_bytes + bytes.len() > WAITING_MAX_BYTES {
            return false;
        }
        self.waiting_bytes += bytes.len();
        self.waiting.push_back((pane, bytes, source, stamp));
        self.pump();
        true
    }

    /// Sends what may be under way of what waits.
    fn pump(&mut self) {
        while self.state == State::Up && !self.unsettled && self.unacked_bytes < INPUT_WINDOW_BYTES {
            let Some((pane, mut bytes, source, stamp)) = self.waiting.pop_front() else { return };
            if bytes.len() > INPUT_MAX_BYTES {
                let rest = bytes.split_off(INPUT_MAX_BYTES);
                self.waiting.push_front((pane, rest, source, stamp));
            }
            self.waiting_bytes -= bytes.len();
            self.unacked_bytes += bytes.len();
            let input = Input { seq: self.next_seq, pane, bytes, source, epoch: stamp.epoch };
            self.next_seq += 1;
            self.put(&ClientMessage::Input(input.clone()));
            self.unacked.push_back((input, stamp));
        }
    }

    fn send_again(&mut self) {
        for (input, stamp) in std::mem::take(&mut self.unacked) {
            self.put(&ClientMessage::Input(input.clone()));
            self.unacked.push_back((input, stamp));
        }
    }

    /// The model of the present server is whole: what waited for its epochs goes on. What was typed where the operator could write, and can now, is of the
    /// present epoch; everything else keeps the one it was typed in, and is refused. Does nothing if nothing waits for it.
    pub fn settle(&mut self, now: impl Fn(PaneId) -> Stamp) {
        if !self.unsettled || self.state != State::Up {
            return;
        }
        self.unsettled = false;
        let renew = |pane: PaneId, stamp: &mut Stamp| {
            let present = now(pane);
            if stamp.epoch.is_some() && stamp.steady && present.steady {
                *stamp = present;
            }
        };
        for (input, stamp) in &mut self.unacked {
            renew(input.pane, stamp);
            input.epoch = stamp.epoch;
        }
        for (pane, _, _, stamp) in &mut self.waiting {
            renew(*pane, stamp);
        }
        self.send_again();
        self.pump();
    }

    /// Writes what the socket takes.
    pub fn flush(&mut self) {
        let Some(socket) = &mut self.socket else {
            self.out.clear();
            return;
        };
        let mut written = 0;
        while let Some(rest) = self.out.get(written..).filter(|rest| !rest.is_empty()) {
            match socket.write(rest) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A connection that broke is found by reading, behind what it still had to say.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => written = self.out.len(),
            }
        }
        self.out.drain(..written);
    }

    /// Reads what is there, but not for ever: at most some megabytes at a time.
    pub fn receive(&mut self) -> Received {
        let mut received = Received::default();
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..64 {
            let Some(socket) = &mut self.socket else { break };
            match socket.read(&mut buffer) {
                Ok(0) => received.ended = true,
                Ok(count) => {
                    self.decoder.push(buffer.get(..count).unwrap_or_default());
                    self.take_messages(&mut received);
                    // A read that did not fill the buffer took all there was.
                    if count < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => received.ended = true,
            }
            if received.ended {
                break;
            }
        }
        self.buffer = buffer;
        received
    }

    fn take_messages(&mut self, received: &mut Received) {
        loop {
            match self.decoder.next::<ServerMessage>() {
                Ok(None) => return,
                Ok(Some(message)) => {
                    match &message {
                        ServerMessage::Welcome(welcome) => self.welcomed(welcome),
                        ServerMessage::Attached(attached) => received.doubtful += self.attached(attached),
                        ServerMessage::InputAck(ack) => self.acked(ack),
                        _ => {}
                    }
                    received.messages.push(message);
                }
                // One message of a newer server that we cannot read is one message less.
                Err(FrameError::Malformed { .. }) => {}
                Err(FrameError::Length { .. } | FrameError::TooLarge { .. }) => {
                    received.ended = true;
                    return;
                }
            }
        }
    }

    fn welcomed(&mut self, welcome: &Welcome) {
        self.resumed = welcome.resumed;
    }

    fn attached(&mut self, attached: &Attached) -> usize {
        self.resume = Some(attached.resume.clone());
        self.state = State::Up;
        self.backoff_ms = BACKOFF_MIN_MS;
        let mut doubtful = 0;
        if self.resumed {
            let applied = |input: &Input| attached.input_applied.iter().any(|(pane, seq)| *pane == input.pane && input.seq <= *seq);
            self.unacked.retain(|(input, _)| !applied(input));
        } else {
            // In a new stream of input the old numbers mean nothing; sending again might type twice, which is worse than not at all.
            doubtful = self.unacked.len();
            self.unacked.clear();
        }
        self.unacked_bytes = self.unacked.iter().map(|(input, _)| input.bytes.len()).sum();
        let stamps = self.unacked.iter().map(|(_, stamp)| stamp).chain(self.waiting.iter().map(|(.., stamp)| stamp));
        self.unsettled = stamps.into_iter().any(|stamp| stamp.epoch.is_some());
        if !self.unsettled {
            self.send_again();
            self.pump();
        }
        doubtful
    }

    fn acked(&mut self, ack: &InputAck) {
        // What was applied was applied in order: it speaks for all earlier input of that pane. A refusal speaks for itself.
        let done =
            |input: &Input| if ack.refused.is_none() { input.pane == ack.pane && input.seq <= ack.seq } else { input.seq == ack.seq };
        self.unacked.retain(|(input, _)| !done(input));
        self.unacked_bytes = self.unacked.iter().map(|(input, _)| input.bytes.len()).sum();
        self.pump();
    }

    /// The connection is lost.
    pub fn lost(&mut self, now_ms: u64) {
        self.socket = None;
        self.decoder = Decoder::new();
        self.out.clear();
        // The listener is the keeper's: a first attempt at once, if this was not one already.
        let again_ms = if self.state == State::Up { now_ms } else { now_ms + self.backoff_ms };
        if self.state != State::Up {
            self.backoff_ms = (self.backoff_ms * 2).min(BACKOFF_MAX_MS);
        }
        self.state = State::Down { again_ms };
    }

    /// Whether the last attempt found nobody who listens: the keeper holds the listening socket, and the server has it too, so both are gone.
    #[must_use]
    pub const fn nobody_listens(&self) -> bool {
        self.refused_since_ms.is_some()
    }

    /// Tries to connect, if it is time to.
    pub fn retry(&mut self, now_ms: u64, attach: impl FnOnce() -> Attach) {
        let State::Down { again_ms } = self.state else { return };
        if now_ms < again_ms {
            return;
        }
        let connected = UnixStream::connect(&self.path).and_then(|socket| socket.set_nonblocking(true).map(|()| socket));
        match connected {
            Ok(socket) => {
                self.refused_since_ms = None;
                self.socket = Some(socket);
                // The token is for one use; if this connection breaks before the next is given, the server takes the old one again.
                let token = self.resume.clone();
                self.greet(attach());
                self.resume = token;
            }
            Err(_) => {
                let since = *self.refused_since_ms.get_or_insert(now_ms);
                if now_ms.saturating_sub(since) >= GONE_AFTER_MS {
                    self.state = State::Gone;
                    return;
                }
                self.state = State::Down { again_ms: now_ms + self.backoff_ms };
                self.backoff_ms = (self.backoff_ms * 2).min(BACKOFF_MAX_MS);
            }
        }
    }
}
