//! A client that speaks the wire and nothing else: for what no honest client does, and for what only the wire shows.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use batonmux::geometry::Size;
use batonmux::protocol::frame::{Decoder, encode};
use batonmux::protocol::message::{Attach, Attached, ClientKind, ClientMessage, Hello, ServerMessage, Welcome};
use batonmux::protocol::version::{PROTOCOL, PROTOCOL_MIN};

use super::env::Env;
use super::wait::patience;

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: UnixStream,
    decoder: Decoder,
}

impl Wire {
    /// Connects and says nothing.
    pub fn connect(env: &Env) -> Self {
        let stream = UnixStream::connect(env.socket()).expect("somebody listens");
        stream.set_read_timeout(Some(patience())).expect("a time limit");
        Self { stream, decoder: Decoder::new() }
    }

    /// Connects and greets.
    pub fn greet(env: &Env, kind: ClientKind, resume: Option<String>) -> (Self, Welcome) {
        let mut wire = Self::connect(env);
        wire.send(&ClientMessage::Hello(hello(kind, resume)));
        loop {
            match wire.next() {
                Some(ServerMessage::Welcome(welcome)) => return (wire, welcome),
                Some(ServerMessage::Error(refusal)) => panic!("refused: {refusal:?}"),
                Some(_) => {}
                None => panic!("the server hung up on a greeting"),
            }
        }
    }

    /// Attaches to what is there.
    pub fn attach(&mut self, target: &str, viewport: Size) -> Attached {
        self.send(&ClientMessage::Attach(Attach {
            viewport,
            target: Some(target.to_owned()),
            create: None,
            read_only: false,
            detach_others: false,
            environment: Vec::new(),
            view: None,
            create_only: false,
        }));
        loop {
            match self.next() {
                Some(ServerMessage::Attached(attached)) => return attached,
                Some(ServerMessage::Error(refusal)) => panic!("refused: {refusal:?}"),
                Some(_) => {}
                None => panic!("the server hung up on an attach"),
            }
        }
    }

    /// Sends a message.
    pub fn send(&mut self, message: &ClientMessage) {
        let mut bytes = Vec::new();
        encode(message, &mut bytes).expect("it fits");
        self.send_bytes(&bytes);
    }

    /// Sends whatever; a server that has hung up meanwhile is no failure.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        _ = self.stream.write_all(bytes);
    }

    /// Says that nothing more will come.
    pub fn end(&self) {
        _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The next message; none: the server hung up.
    ///
    /// # Panics
    /// When neither comes in time, or what comes is no message.
    pub fn next(&mut self) -> Option<ServerMessage> {
        let mut buffer = [0; 16 * 1024];
        loop {
            if let Some(message) = self.decoder.next().expect("servers write whole messages") {
                return Some(message);
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(n) => self.decoder.push(&buffer[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(e) => panic!("timed out waiting for the server's word: {e}"),
            }
        }
    }

    /// Reads until the server hangs up; gives what it refused, if it said so.
    pub fn until_hang_up(&mut self) -> Option<batonmux::protocol::message::Refusal> {
        let mut refused = None;
        while let Some(message) = self.next() {
            if let ServerMessage::Error(refusal) = message {
                refused = Some(refusal);
            }
        }
        refused
    }
}

/// A greeting.
pub fn hello(kind: ClientKind, resume: Option<String>) -> Hello {
    Hello {
        protocol_min: PROTOCOL_MIN,
        protocol_max: PROTOCOL,
        version: "test".to_owned(),
        kind,
        pid: std::process::id(),
        origin_pane: None,
        token: None,
        name: None,
        tty: None,
        ssh_origin: None,
        resume,
    }
}
