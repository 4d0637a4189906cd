//! The server's end of the link to the keeper, within the runtime: [`Link`] with readiness and a queue.
//!
//! Sending never waits: what the socket does not take at once is queued here and written when it can be. The queue is bounded by its sources: input
//! that is not acknowledged is bounded per pane ([`super::gate`]), everything else is a message or two a request. A keeper that does not read for
//! long is a broken keeper, and then input is refused long before memory matters.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};

use crate::keeper::link::Link;
use crate::protocol::keeper::Message;

struct Socket(Link);

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// The link.
pub(super) struct KeeperLink {
    socket: AsyncFd<Socket>,
    queue: VecDeque<(Message, Vec<OwnedFd>)>,
}

impl KeeperLink {
    /// Takes up an attached link. Must be called within the runtime.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn new(link: Link) -> io::Result<Self> {
        #[expect(deprecated, reason = "the descriptor is owned by what is registered; the replacement is unsafe")]
        let socket = AsyncFd::with_interest(Socket(link), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { socket, queue: VecDeque::new() })
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
        let Self { socket, queue } = self;
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
    pub(super) async fn next(&mut self) -> io::Result<(Message, Vec<OwnedFd>)> {
        loop {
            let pending = !self.queue.is_empty();
            let interest = if pending { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let mut ready = self.socket.ready_mut(interest).await?;
            if pending && ready.ready().is_writable() {
                // Cleared first: a socket that takes more afterwards says so anew.
                ready.clear_ready_matching(Ready::WRITABLE);
                drop(ready);
                self.flush();
                continue;
            }
            match ready.get_inner_mut().0.recv() {
                Ok(Some(received)) => return Ok(received),
                Ok(None) => ready.clear_ready_matching(Ready::READABLE),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => tracing::error!(%error, "the keeper said something broken"),
                Err(error) => return Err(error),
            }
        }
    }
}

impl std::fmt::Debug for KeeperLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeeperLink").field("queued", &self.queue.len()).finish_non_exhaustive()
    }
}
