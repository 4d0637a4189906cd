//! The server's end of the link to the keeper, within the runtime: [`Link`] with readiness and a queue.
//!
//! Sending never waits: what the socket does not take at once is queued here and written when it can be. The queue is bounded by its sources: input
//! that is not acknowledged is bounded per pane ([`super::gate`]), everything else is a message or two a request. A keeper that does not read for
//! long is a broken keeper, and then input is refused long before memory matters.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::task::{Context, Poll};

use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyMutGuard};

use crate::keeper::link::Link;
use crate::protocol::keeper::Message;

/// A message and its descriptors.
type Received = (Message, Vec<OwnedFd>);

struct Socket(Link);

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// The link.
pub(super) struct KeeperLink {
    /// Watched for what can be read alone: each message that the keeper reads would else wake us to say that there is room again.
    socket: AsyncFd<Socket>,
    /// The same socket, watched for room while something is queued.
    room: Option<AsyncFd<OwnedFd>>,
    queue: VecDeque<(Message, Vec<OwnedFd>)>,
}

impl KeeperLink {
    /// Takes up an attached link. Must be called within the runtime.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(link: Link) -> io::Result<Self> {
        #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
        let socket = AsyncFd::with_interest(Socket(link), Interest::READABLE)?;
        Ok(Self { socket, room: None, queue: VecDeque::new() })
    }

    /// Sends, now or as soon as the socket takes it. A link that is broken says so to whoever receives.
    pub(super) fn send(&mut self, message: Message) {
        self.send_with(message, Vec::new());
    }

    /// Sends with descriptors beside it.
    pub(super) fn send_with(&mut self, message: Message, fds: Vec<OwnedFd>) {
        self.queue.push_back((message, fds));
        self.flush();
    }

    fn flush(&mut self) {
        let Self { socket, queue, .. } = self;
        while let Some((message, fds)) = queue.front() {
            let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
            match socket.get_mut().0.send(message, &borrowed) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    tracing::error!(%error, kind = message.kind(), "message to the keeper not sent");
                }
                Err(error) => {
                    tracing::warn!(%error, "the keeper's link is broken");
                    queue.clear();
                    return;
                }
            }
            queue.pop_front();
        }
    }

    /// The next message with its descriptors. Cancel-safe. Writes what is queued meanwhile.
    ///
    /// # Errors
    /// The keeper is gone, or what the system says.
    pub(super) async fn next(&mut self) -> io::Result<Received> {
        loop {
            let received = match (&self.room, self.queue.is_empty()) {
                (Some(room), false) => tokio::select! {
                    biased;
                    received = poll_fn(|context| poll_receive(&mut self.socket, context)) => received?,
                    // Cleared first: a socket that takes more afterwards says so anew.
                    ready = room.writable() => {
                        ready?.clear_ready();
                        self.flush();
                        continue;
                    }
                },
                (None, false) => {
                    #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
                    let room = AsyncFd::with_interest(self.socket.get_ref().0.as_fd().try_clone_to_owned()?, Interest::WRITABLE)?;
                    self.room = Some(room);
                    continue;
                }
                (_, true) => {
                    self.room = None;
                    poll_fn(|context| poll_receive(&mut self.socket, context)).await?
                }
            };
            if let Some(received) = received {
                return Ok(received);
            }
        }
    }
}

/// One message, once the socket is readable; see [`receive`]. Asked with every turn, so it waits without a place in a list of those who wait.
fn poll_receive(socket: &mut AsyncFd<Socket>, context: &mut Context<'_>) -> Poll<io::Result<Option<Received>>> {
    socket.poll_read_ready_mut(context).map(|ready| receive(ready?))
}

/// One message from a socket that is readable; none if it was not, or said something broken.
fn receive(mut ready: AsyncFdReadyMutGuard<'_, Socket>) -> io::Result<Option<Received>> {
    match ready.get_inner_mut().0.recv() {
        Ok(Some(received)) => Ok(Some(received)),
        Ok(None) => {
            ready.clear_ready();
            Ok(None)
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            tracing::error!(%error, "the keeper said something broken");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl std::fmt::Debug for KeeperLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeeperLink").field("queued", &self.queue.len()).finish_non_exhaustive()
    }
}
