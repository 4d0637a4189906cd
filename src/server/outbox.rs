//! What a connection is sent: one outbox per client, shared by the owner task and the pane workers.
//!
//! Whoever has something for a client encodes it here and, if nothing is waiting, writes it to the socket in the same breath: a frame goes from the
//! worker that parsed it to the client's socket with one system call and no hop through the owner task. Only what the kernel does not take is kept;
//! then [`Outbox::writable_wanted`] is notified, and the owner's connection task waits for the socket and calls [`Outbox::flush`].
//!
//! **Full.** More than [`CLIENT_BACKLOG_MAX_BYTES`] of messages never wait. A message that would go beyond is dropped together with everything that
//! waits, except for the rest of a message of which a part is already on its way (half a message would break the stream). The outbox is then
//! *overflowed* and takes nothing more, until the owner finds it idle again, calls [`Outbox::resume`] and sends the newest state of everything. So a
//! client that does not read costs at most the limit, nobody waits for it, and the last state is never lost. Screens do not count there, since a pane
//! sends two at most before one is acknowledged, and one alone may be larger than that limit; with them there is [`CLIENT_SCREENS_MAX_BYTES`], into which
//! the largest fits.
//!
//! The lock is held for one encoding and one write that does not block.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use tokio::sync::Notify;

use crate::protocol::frame::encode;
use crate::protocol::limits::{CLIENT_BACKLOG_MAX_BYTES, CLIENT_SCREENS_MAX_BYTES};
use crate::protocol::message::ServerMessage;

/// Bytes of the length field that opens each message on the wire.
const LENGTH: usize = 4;
/// A buffer that grew beyond this is given back once it is empty.
const KEPT_BYTES: usize = 64 * 1024;

/// The way out to one client. See the module's head.
#[derive(Debug)]
pub struct Outbox {
    socket: OwnedFd,
    state: Mutex<State>,
    writable: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whole messages, except that the first may lack its beginning: that was written already.
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were written.
    start: usize,
    /// Bytes at `start` that belong to a message whose beginning was written.
    partial: usize,
    /// Bytes of screens that were taken while something waited, since nothing waited last: at least what there is of them.
    screens: usize,
    overflowed: bool,
    closed: bool,
    /// Why the socket failed; the owner gets it from the next flush.
    broken: Option<io::ErrorKind>,
}

impl Outbox {
    /// An outbox that writes to `socket`, a second descriptor of the connection, which is set to not block.
    #[must_use]
    pub fn new(socket: OwnedFd) -> Arc<Self> {
        // A descriptor that cannot be set would block a worker; the kernel refuses this only for descriptors that are no sockets.
        if let Err(error) = rustix::io::ioctl_fionbio(&socket, true) {
            tracing::warn!(%error, "a client's socket cannot be set to not block");
        }
        Arc::new(Self { socket, state: Mutex::default(), writable: Notify::new() })
    }

    /// Sends `message`: at once if nothing waits, else behind what waits. Dropped when the outbox is closed or overflowed; beyond the limit it
    /// becomes overflowed. Never blocks.
    pub fn send(&self, message: &ServerMessage) {
        let mut state = self.lock();
        if !state.takes() {
            return;
        }
        let before = state.buffer.len();
        if let Err(error) = encode(message, &mut state.buffer) {
            // A message of our own making that breaks our own limit; the client is not served by a broken stream, so it goes without.
            tracing::error!(%error, "message not sent");
            return;
        }
        self.sent(&mut state, before);
    }

    /// Sends the messages of a screen, encoded already and whole: how one is shared by many clients.
    pub fn send_screen(&self, messages: &[u8]) {
        let mut state = self.lock();
        if !state.takes() {
            return;
        }
        let before = state.buffer.len();
        if before == state.start {
            // Nothing waits: what the kernel takes need not be copied.
            let written = self.write(&mut state, messages);
            if written < messages.len() && state.broken.is_none() {
                state.clear();
                state.buffer.extend_from_slice(messages);
                state.screens = messages.len();
                state.advance(written);
                self.writable.notify_one();
            }
            return;
        }
        state.buffer.extend_from_slice(messages);
        state.screens += messages.len();
        self.sent(&mut state, before);
    }

    /// Something was appended at `before`: write it if it is the first, check the limit if it is not.
    fn sent(&self, state: &mut State, before: usize) {
        if before == state.start {
            self.drain(state);
            if !state.is_empty() {
                self.writable.notify_one();
            }
        } else if state.is_full() {
            let keep = state.start + state.partial;
            state.buffer.truncate(keep);
            state.overflowed = true;
            self.writable.notify_one();
        }
    }

    /// Writes what waits; to be called when the socket is writable. True when nothing waits any more.
    ///
    /// # Errors
    /// The connection is gone; nothing is taken or sent any more.
    pub fn flush(&self) -> io::Result<bool> {
        let mut state = self.lock();
        self.drain(&mut state);
        match state.broken {
            Some(kind) => Err(kind.into()),
            None => Ok(state.is_empty()),
        }
    }

    /// Whether something waits for the socket (or the socket failed, which the next flush tells).
    #[must_use]
    pub fn wants_write(&self) -> bool {
        let state = self.lock();
        !state.is_empty() || state.broken.is_some()
    }

    /// Notified when something begins to wait, when the outbox overflows, and when the socket fails. A permit is kept if nobody waits.
    #[must_use]
    pub fn writable_wanted(&self) -> &Notify {
        &self.writable
    }

    /// Whether everything that was taken is with the kernel.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether messages were dropped since the last [`Outbox::resume`]: everything must be sent anew.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.lock().overflowed
    }

    /// Takes messages again after an overflow; to be called when idle, before everything is sent anew.
    pub fn resume(&self) {
        self.lock().overflowed = false;
    }

    /// Forgets what waits and takes nothing any more. The socket itself is closed with the last reference.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.clear();
    }

    /// Whether messages are still taken: not closed and the socket has not failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let state = self.lock();
        !state.closed && state.broken.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves at worst a message that was appended and not written; the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self, state: &mut State) {
        while !state.is_empty() && state.broken.is_none() {
            let waiting = std::mem::take(&mut state.buffer);
            let written = self.write(state, waiting.get(state.start..).unwrap_or_default());
            state.buffer = waiting;
            if written == 0 {
                break;
            }
            state.advance(written);
        }
    }

    /// Writes once; 0 when the socket is full or failed (then `broken` is set).
    fn write(&self, state: &mut State, bytes: &[u8]) -> usize {
        loop {
            match rustix::io::write(&self.socket, bytes) {
                Ok(written) => return written,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return 0,
                Err(error) => {
                    state.broken = Some(io::Error::from(error).kind());
                    self.writable.notify_one();
                    return 0;
                }
            }
        }
    }
}

impl AsFd for Outbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl State {
    fn takes(&self) -> bool {
        !self.closed && !self.overflowed && self.broken.is_none()
    }

    fn is_empty(&self) -> bool {
        self.start == self.buffer.len()
    }

    /// Whether more waits than may.
    fn is_full(&self) -> bool {
        let waiting = self.buffer.len() - self.start;
        // Of the screens counted some may be on their way already: then messages are counted too low, by no more than the limit of all.
        waiting.saturating_sub(self.screens) > CLIENT_BACKLOG_MAX_BYTES || waiting > CLIENT_SCREENS_MAX_BYTES
    }

    fn clear(&mut self) {
        self.screens = 0;
        self.buffer.clear();
        self.start = 0;
        self.partial = 0;
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
    }

    /// Counts `written` bytes off the front and finds how much of the last message touched is left.
    fn advance(&mut self, written: usize) {
        let mut left = written;
        while left > 0 {
            if self.partial == 0 {
                let head = self.buffer.get(self.start..).and_then(|rest| rest.first_chunk::<LENGTH>());
                // Only whole messages are appended, so there is a length; the fallback ends the walk.
                self.partial = head.map_or(left, |length| u32::from_le_bytes(*length) as usize + LENGTH);
            }
            let step = left.min(self.partial);
            self.start += step;
            self.partial -= step;
            left -= step;
        }
        if self.is_empty() {
            self.clear();
        } else if self.start > KEPT_BYTES && self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::protocol::frame::Decoder;
    use crate::protocol::message::Refusal;

    fn pair() -> (Arc<Outbox>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("socket pair");
        (Outbox::new(ours.into()), theirs)
    }

    fn error(len: usize, fill: char) -> ServerMessage {
        ServerMessage::Error(Refusal::new("test", fill.to_string().repeat(len)))
    }

    /// Reads and flushes in turn until nothing waits, and decodes all.
    fn read_all(outbox: &Outbox, theirs: &mut UnixStream) -> Vec<ServerMessage> {
        theirs.set_nonblocking(true).expect("nonblocking");
        let mut decoder = Decoder::new();
        let mut seen = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let idle = outbox.flush().expect("the peer is there");
            match theirs.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => decoder.push(&buffer[..len]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && idle => break,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            while let Some(message) = decoder.next::<ServerMessage>().expect("a whole stream") {
                seen.push(message);
            }
        }
        assert_eq!(decoder.pending(), 0, "half a message at the end");
        seen
    }

    #[test]
    fn small_messages_are_written_at_once_and_in_order() {
        let (outbox, mut theirs) = pair();
        outbox.send(&ServerMessage::Pong(1));
        let mut encoded = Vec::new();
        encode(&ServerMessage::Pong(2), &mut encoded).expect("small");
        outbox.send_screen(&encoded);
        assert!(outbox.is_idle() && !outbox.wants_write());
        assert_eq!(read_all(&outbox, &mut theirs), [ServerMessage::Pong(1), ServerMessage::Pong(2)]);
    }

    #[test]
    fn what_the_kernel_does_not_take_waits_and_keeps_its_order() {
        let (outbox, mut theirs) = pair();
        let mut expected = Vec::new();
        for n in 0..40 {
            let message = error(30_000 + n * 1000, 'x');
            outbox.send(&message);
            outbox.send(&ServerMessage::Pong(n as u64));
            expected.extend([message, ServerMessage::Pong(n as u64)]);
        }
        assert!(outbox.wants_write() && !outbox.overflowed());
        assert!(read_all(&outbox, &mut theirs) == expected, "order or content changed");
        assert!(outbox.is_idle());
    }

    #[test]
    fn overflow_drops_what_waits_but_never_half_a_message() {
        let (outbox, mut theirs) = pair();
        let big = error(1_000_000, 'y');
        let mut sent = 0;
        while !outbox.overflowed() {
            outbox.send(&big);
            sent += 1;
            assert!(sent < 100, "no limit");
        }
        outbox.send(&ServerMessage::Pong(9));
        let seen = read_all(&outbox, &mut theirs);
        assert!(!seen.is_empty() && seen.len() < sent && seen.iter().all(|message| *message == big), "{} of {sent}", seen.len());
        assert!(outbox.overflowed() && outbox.is_idle());
        outbox.resume();
        outbox.send(&ServerMessage::Pong(10));
        assert_eq!(read_all(&outbox, &mut theirs), [ServerMessage::Pong(10)]);
    }

    #[test]
    fn screens_wait_beyond_the_limit_of_messages_and_not_for_ever() {
        let (outbox, mut theirs) = pair();
        let mut screen = Vec::new();
        for _ in 0..6 {
            encode(&error(1_000_000, 's'), &mut screen).expect("below the limit of one message");
        }
        outbox.send(&error(1_000_000, 'y'));
        outbox.send_screen(&screen);
        outbox.send(&ServerMessage::Pong(1));
        assert!(!outbox.overflowed(), "a screen larger than the limit would be sent anew for ever");
        assert_eq!(read_all(&outbox, &mut theirs).len(), 8);
        let mut sent = 0;
        while !outbox.overflowed() {
            outbox.send_screen(&screen);
            sent += screen.len();
            assert!(sent < 2 * CLIENT_SCREENS_MAX_BYTES, "no limit");
        }
        read_all(&outbox, &mut theirs);
        outbox.resume();
        outbox.send_screen(&screen);
        outbox.send(&ServerMessage::Pong(2));
        assert_eq!(read_all(&outbox, &mut theirs).len(), 7);
        // Messages behind a screen are bounded as ever.
        outbox.send_screen(&screen);
        for _ in 0..6 {
            outbox.send(&error(1_000_000, 'y'));
        }
        assert!(outbox.overflowed());
    }

    #[test]
    fn a_peer_that_left_is_an_error_of_the_next_flush_only() {
        let (outbox, theirs) = pair();
        drop(theirs);
        outbox.send(&ServerMessage::Ok);
        outbox.send(&ServerMessage::Ok);
        assert!(outbox.wants_write() && !outbox.is_open());
        assert!(outbox.flush().is_err());
    }

    #[test]
    fn a_closed_outbox_takes_nothing() {
        let (outbox, mut theirs) = pair();
        outbox.close();
        outbox.send(&ServerMessage::Ok);
        assert!(outbox.is_idle());
        assert_eq!(read_all(&outbox, &mut theirs), []);
    }
}
