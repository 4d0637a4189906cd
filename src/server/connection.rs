//! One task a connection: bytes from the socket to events, and what the outbox could not write at once to the socket.
//!
//! The task owns the reading half and its partial frame; nothing is lost when a branch of its `select!` is cancelled. It ends when the peer leaves,
//! talks garbage, does not say hello in time, or the owner notifies [`Wire::close`]; each end is one [`Event::Closed`].
//!
//! **Limits.** A frame's length is checked before it is collected ([`Decoder`]); at most [`crate::protocol::limits::UNGREETED_MAX`] connections have not said hello; a client
//! with [`REQUESTS_PENDING_MAX`] unanswered requests is not read until one is answered.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::event::{ConnectionId, Event, Wire};
use super::identity::PeerProcess;
use crate::protocol::frame::Decoder;
use crate::protocol::limits::{HELLO_TIMEOUT_MS, REQUESTS_PENDING_MAX};
use crate::protocol::message::{ClientMessage, Refusal, ServerMessage};

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// How long a connection that ends may take to read what is left for it.
const LINGER: Duration = Duration::from_secs(1);

/// Serves one connection until it ends. `ungreeted` is its place among those that have not said hello.
pub(super) async fn serve(
    stream: Stream,
    connection: ConnectionId,
    (wire, peer): (Wire, PeerProcess),
    events: Sender<Event>,
    ungreeted: OwnedSemaphorePermit,
) {
    if events.send(Event::Connected { connection, wire: wire.clone(), peer }).await.is_err() {
        return;
    }
    let mut reader = Reader {
        stream,
        connection,
        wire,
        events,
        decoder: Decoder::new(),
        ungreeted: Some(ungreeted),
        requests: Arc::new(Semaphore::new(REQUESTS_PENDING_MAX)),
        waiting: None,
    };
    if let Err(refusal) = reader.run().await {
        tracing::info!(connection = connection.0, code = %refusal.code, reason = %refusal.message, "connection refused");
        reader.wire.outbox.send(&ServerMessage::Error(refusal));
    }
    // What was said last, such as the reason, shall arrive; a peer that does not read it has a second.
    let _ = timeout(LINGER, reader.flush_all()).await;
    reader.wire.outbox.close();
    // The outbox holds a second descriptor of the socket, perhaps for a while: the peer shall see the end now.
    let _ = rustix::net::shutdown(&reader.stream, rustix::net::Shutdown::Both);
    let _ = reader.events.send(Event::Closed { connection }).await;
}

/// The socket, watched for what can be read alone: a peer that reads would else wake us for each frame that it took.
pub(super) type Stream = AsyncFd<OwnedFd>;

/// The socket of a peer, to be served.
///
/// # Errors
/// What the system says.
pub(super) fn watched(stream: UnixStream) -> io::Result<Stream> {
    #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
    AsyncFd::with_interest(OwnedFd::from(stream.into_std()?), Interest::READABLE)
}

struct Reader {
    stream: Stream,
    connection: ConnectionId,
    wire: Wire,
    events: Sender<Event>,
    decoder: Decoder,
    ungreeted: Option<OwnedSemaphorePermit>,
    requests: Arc<Semaphore>,
    /// A request for which no place is free: nothing is read behind it.
    waiting: Option<ClientMessage>,
}

impl Reader {
    async fn run(&mut self) -> Result<(), Refusal> {
        let wire = self.wire.clone();
        let hello_by = Instant::now() + Duration::from_millis(HELLO_TIMEOUT_MS);
        let mut flushing: Option<Stream> = None;
        // These wait on from one turn to the next: to begin to wait costs more than to be asked again.
        let mut closed = pin!(wire.close.notified());
        let mut wanted = pin!(wire.outbox.writable_wanted().notified());
        let mut hello = Some(Box::pin(sleep_until(hello_by)));
        let mut buffer = vec![0; READ_BYTES];
        loop {
            hello.take_if(|_| self.ungreeted.is_none());
            tokio::select! {
                biased;
                () = &mut closed => return Ok(()),
                () = &mut wanted, if flushing.is_none() => {
                    wanted.set(wire.outbox.writable_wanted().notified());
                    let Ok(room) = self.room() else { return Ok(()) };
                    flushing = Some(room);
                }
                ready = writable(flushing.as_ref()), if flushing.is_some() => {
                    if ready.is_err() {
                        return Ok(());
                    }
                    match wire.outbox.flush() {
                        Ok(true) => {
                            flushing = None;
                            if self.events.send(Event::Idle { connection: self.connection }).await.is_err() {
                                return Ok(());
                            }
                        }
                        Ok(false) => {}
                        Err(_) => return Ok(()),
                    }
                }
                permit = Arc::clone(&self.requests).acquire_owned(), if self.waiting.is_some() => {
                    if let Some(message) = self.waiting.take() && !self.tell(message, permit.ok()).await {
                        return Ok(());
                    }
                    if !self.decode().await? {
                        return Ok(());
                    }
                }
                ready = poll_fn(|context| self.stream.poll_read_ready(context)), if self.waiting.is_none() => {
                    let Ok(mut ready) = ready else { return Ok(()) };
                    match rustix::io::read(&self.stream, &mut buffer) {
                        Ok(0) => return Ok(()),
                        Ok(read) => {
                            if read < buffer.len() {
                                // All there was: what comes later says so anew.
                                ready.clear_ready();
                            }
                            drop(ready);
                            self.decoder.push(buffer.get(..read).unwrap_or_default());
                            if !self.decode().await? {
                                return Ok(());
                            }
                        }
                        Err(Errno::AGAIN) => ready.clear_ready(),
                        Err(Errno::INTR) => {}
                        Err(_) => return Ok(()),
                    }
                }
                () = elapsed(&mut hello), if hello.is_some() => {
                    return Err(refusal("timeout", "no hello within five seconds"));
                }
            }
        }
    }

    /// Tells the owner every message that is here whole; false when the owner is gone.
    async fn decode(&mut self) -> Result<bool, Refusal> {
        while self.waiting.is_none() {
            let message = match self.decoder.next::<ClientMessage>() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(error) => return Err(refusal("bad_request", &error.to_string())),
            };
            self.ungreeted = None;
            let permit = if matches!(message, ClientMessage::Request(_)) {
                match Arc::clone(&self.requests).try_acquire_owned() {
                    Ok(permit) => Some(permit),
                    Err(_) => {
                        self.waiting = Some(message);
                        break;
                    }
                }
            } else {
                None
            };
            if !self.tell(message, permit).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn tell(&self, message: ClientMessage, permit: Option<OwnedSemaphorePermit>) -> bool {
        match self.events.try_send(Event::Message { connection: self.connection, message, permit }) {
            Ok(()) => true,
            Err(TrySendError::Full(event)) => self.events.send(event).await.is_ok(),
            Err(TrySendError::Closed(_)) => false,
        }
    }

    /// The socket, watched for room to write.
    fn room(&self) -> io::Result<Stream> {
        #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
        AsyncFd::with_interest(self.stream.get_ref().try_clone()?, Interest::WRITABLE)
    }

    async fn flush_all(&self) -> io::Result<()> {
        let room = self.room()?;
        while self.wire.outbox.wants_write() {
            writable(Some(&room)).await?;
            self.wire.outbox.flush()?;
        }
        Ok(())
    }
}

/// Waits for room to write; for ever without a socket.
async fn writable(room: Option<&Stream>) -> io::Result<()> {
    match room {
        // Cleared before the write: a socket that takes more afterwards says so anew.
        Some(room) => room.writable().await.map(|mut ready| ready.clear_ready()),
        None => std::future::pending().await,
    }
}

/// Waits until the time is over; for ever without one.
async fn elapsed(time: &mut Option<Pin<Box<Sleep>>>) {
    match time {
        Some(time) => time.as_mut().await,
        None => std::future::pending().await,
    }
}

fn refusal(code: &str, message: &str) -> Refusal {
    Refusal::new(code, message)
}
