//! The control socket: who asks whether the server lives.
//!
//! A client that gets no answer from the server asks here. `Probe` makes the keeper ping the server, and replace it when it is silent for ten seconds;
//! `Start` waits until a server serves. So a hung or stopped server is found on demand, and no timer runs while nobody asks.

use std::os::fd::{AsFd, OwnedFd};

use crate::platform::{self, KeeperSocket};

/// Connections that may wait at a time; the oldest makes place.
const ASKERS_MAX: usize = 16;

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing said yet.
    Nothing,
    /// A sign of life.
    Probe,
    /// A server.
    Start,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Asker {
    pub socket: KeeperSocket,
    pub want: Want,
    /// The server was replaced since it asked.
    pub restarted: bool,
}

/// Takes every waiting connection of our own user.
pub(super) fn accept(listener: &OwnedFd, askers: &mut Vec<Asker>) {
    // A connection that cannot be accepted for want of descriptors stays in the backlog; ours are kept free by the limit above.
    for _ in 0..ASKERS_MAX {
        let Ok(connection) = rustix::net::accept(listener) else { return };
        let me = rustix::process::geteuid().as_raw();
        if platform::peer(connection.as_fd()).map(|peer| peer.uid).ok() != Some(me) {
            continue;
        }
        let Ok(socket) = KeeperSocket::from_fd(connection) else { continue };
        if askers.len() >= ASKERS_MAX {
            askers.remove(0);
        }
        askers.push(Asker { socket, want: Want::Nothing, restarted: false });
    }
}
