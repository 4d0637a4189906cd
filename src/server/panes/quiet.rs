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

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd as _, OwnedFd};

    use super::*;
    use crate::platform;

    const OUTER: Token = Token(1000);

    struct Rig {
        outer: Poll,
        quiet: Quiet,
        terminals: Vec<(OwnedFd, OwnedFd)>,
    }

    impl Rig {
        fn new() -> Self {
            let outer = Poll::new().expect("a poll");
            let quiet = Quiet::new(outer.registry(), OUTER).expect("a poll");
            let terminals: Vec<_> = (0..3).map(|_| platform::raw_pty_pair().expect("a terminal")).collect();
            for (index, (master, _)) in terminals.iter().enumerate() {
                quiet.add(master.as_fd(), Token(index)).expect("added");
            }
            Self { outer, quiet, terminals }
        }

        fn print(&self, index: usize) {
            let (master, slave) = &self.terminals[index];
            rustix::io::write(slave, b"x").expect("output");
            assert!(platform::wait_readable(master.as_fd(), Some(Duration::from_secs(30))).expect("a poll"), "it arrives");
        }

        /// Whether the worker would be woken now.
        fn wakes(&mut self) -> bool {
            let mut events = Events::with_capacity(8);
            self.outer.poll(&mut events, Some(Duration::ZERO)).expect("a poll");
            events.iter().any(|event| event.token() == OUTER)
        }

        fn look(&mut self, now: Instant) -> Vec<usize> {
            let mut seen = Vec::new();
            self.quiet.look(self.outer.registry(), now, |token| seen.push(token.0));
            for (master, _) in &self.terminals {
                let _ = rustix::io::read(master, &mut [0u8; 16]);
            }
            seen.sort_unstable();
            seen
        }
    }

    #[test]
    fn few_events_wake_at_once_and_many_are_gathered() {
        let (mut rig, start) = (Rig::new(), Instant::now());
        assert!(!rig.wakes());
        for n in 0..FREE_WAKES {
            rig.print(0);
            assert!(rig.wakes(), "event {n}");
            assert_eq!(rig.look(start), [0]);
            assert_eq!(rig.quiet.look_at(), None, "no timer");
        }
        // One too many: gathered from here on.
        rig.print(1);
        assert!(rig.wakes());
        assert_eq!(rig.look(start), [1]);
        assert_eq!(rig.quiet.look_at(), Some(start + SLACK));
        for index in [0, 1, 2] {
            rig.print(index);
            assert!(!rig.wakes());
        }
        assert_eq!(rig.look(start + SLACK), [0, 1, 2]);
        assert_eq!(rig.quiet.look_at(), Some(start + SLACK * 2));
        // Nothing more: it is watched again, and what came between is not lost.
        assert!(rig.look(start + SLACK * 2).is_empty());
        assert_eq!(rig.quiet.look_at(), None);
        rig.print(2);
        assert!(rig.wakes());
        assert_eq!(rig.look(start + Duration::from_secs(2)), [2]);
        assert_eq!(rig.quiet.look_at(), None, "a new second");
    }

    #[test]
    fn what_is_taken_out_wakes_nobody() {
        let mut rig = Rig::new();
        rig.quiet.remove(rig.terminals[0].0.as_fd()).expect("removed");
        rig.print(0);
        assert!(!rig.wakes());
        // Added with something there: told.
        rig.quiet.add(rig.terminals[0].0.as_fd(), Token(0)).expect("added");
        assert!(rig.wakes());
    }
}
