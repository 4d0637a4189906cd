//! The masters of panes that nobody looks at and that say little: two hundred programs that print a line now and then must not cost a wake-up each.
//!
//! They are in a poll of their own, which is itself watched by the worker's poll. Its first event after a quiet while is served at once. Once it woke
//! the worker more than [`FREE_WAKES`] times within a second it is taken out, and looked into every [`SLACK`] for as long as it has something; then it
//! is watched again. So a pane's output waits 8 ms at most, and there is no timer when nothing happens.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};

/// How long output of such panes may wait.
pub(super) const SLACK: Duration = Duration::from_millis(8);
/// Wake-ups a second that are served at once.
const FREE_WAKES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(1);
const EVENTS: usize = 128;

/// See the file's head.
pub(super) struct Quiet {
    poll: Poll,
    events: Events,
    token: Token,
    /// When to look next; `None`: the worker's poll watches.
    look_at: Option<Instant>,
    window: Option<Instant>,
    wakes: u32,
}

impl Quiet {
    /// An empty set that shows up in `outer` as `token`.
    pub(super) fn new(outer: &Registry, token: Token) -> io::Result<Self> {
        let poll = Poll::new()?;
        outer.register(&mut SourceFd(&poll.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { poll, events: Events::with_capacity(EVENTS), token, look_at: None, window: None, wakes: 0 })
    }

    /// Adds a master.
    pub(super) fn add(&self, master: BorrowedFd<'_>, token: Token) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&master.as_raw_fd()), token, Interest::READABLE)
    }

    /// Takes a master out.
    pub(super) fn remove(&self, master: BorrowedFd<'_>) -> io::Result<()> {
        self.poll.registry().deregister(&mut SourceFd(&master.as_raw_fd()))
    }

    /// When [`Quiet::look`] is to be called although the worker's poll says nothing.
    pub(super) fn look_at(&self) -> Option<Instant> {
        self.look_at
    }

    /// Gives `each` readable master's token. To be called when the worker's poll says so, and at [`Quiet::look_at`].
    pub(super) fn look(&mut self, outer: &Registry, now: Instant, mut each: impl FnMut(Token)) {
        let mut found = 0;
        loop {
            if let Err(error) = self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
                if error.kind() != io::ErrorKind::Interrupted {
                    tracing::error!(%error, "the poll of quiet panes");
                }
                break;
            }
            let here = self.events.iter().map(|event| each(event.token())).count();
            found += here;
            if here < EVENTS {
                break;
            }
        }
        if self.window.is_none_or(|window| now.saturating_duration_since(window) >= WINDOW) {
            self.window = Some(now);
            self.wakes = 0;
        }
        self.wakes += 1;
        let raw = self.poll.as_raw_fd();
        let result = match (self.look_at.is_some(), found > 0) {
            // Still busy.
            (true, true) => {
                self.look_at = Some(now + SLACK);
                Ok(())
            }
            // Quiet again. What came since is told: adding to a poll reports what is readable.
            (true, false) => {
                self.look_at = None;
                outer.register(&mut SourceFd(&raw), self.token, Interest::READABLE)
            }
            (false, _) if self.wakes > FREE_WAKES => {
                self.look_at = Some(now + SLACK);
                outer.deregister(&mut SourceFd(&raw))
            }
            (false, _) => Ok(()),
        };
        if let Err(error) = result {
            // Looked into from time to time rather than never.
            tracing::error!(%error, "the poll of quiet panes");
            self.look_at = Some(now + SLACK);
        }
    }
}
