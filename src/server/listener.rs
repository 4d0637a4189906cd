//! Takes connections from the socket that the keeper holds.
//!
//! Only our own user is let in (the kernel says who it is). One descriptor is kept in reserve: when the process has no other left, a peer is accepted
//! into its place, told so, and let go, instead of hanging in the backlog for ever. Beyond [`UNGREETED_MAX`] connections without a hello, further
//! ones are refused at once.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::Sender;
use tokio::sync::{Notify, Semaphore};

use super::connection;
use super::event::{ConnectionId, Event, Wire};
use super::outbox::Outbox;
use crate::platform;
use crate::protocol::frame::encode;
use crate::protocol::limits::UNGREETED_MAX;
use crate::protocol::message::{Refusal, ServerMessage};

/// Accepts for ever.
///
/// # Errors
/// When the descriptor is not a listening socket; single connections that fail are only logged.
pub(super) async fn run(listener: OwnedFd, events: Sender<Event>) -> anyhow::Result<()> {
    let listener = std::os::unix::net::UnixListener::from(listener);
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener).context("the listener")?;
    let ungreeted = Arc::new(Semaphore::new(UNGREETED_MAX));
    let mut reserve = reserve();
    let mut next = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                next += 1;
                let connection = ConnectionId(next);
                let Ok(place) = Arc::clone(&ungreeted).try_acquire_owned() else {
                    refuse(&stream, "busy", "too many connections that say nothing");
                    continue;
                };
                match admit(&stream) {
                    Ok(wire) => match connection::watched(stream) {
                        Ok(stream) => {
                            tokio::spawn(connection::serve(stream, connection, wire, events.clone(), place));
                        }
                        Err(error) => tracing::warn!(%error, "connection not served"),
                    },
                    Err(error) => {
                        tracing::warn!(%error, "connection not served");
                        refuse(&stream, "failed", &error.to_string());
                    }
                }
            }
            Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
                tracing::warn!(%error, "no descriptor is left for a connection");
                drop(reserve.take());
                if let Ok((stream, _)) = listener.accept().await {
                    refuse(&stream, "exhausted", "the server has no file descriptors left");
                }
                reserve = self::reserve();
                if reserve.is_none() {
                    // Others of this machine take what becomes free. Without this pause the loop would spin on the backlog.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            Err(error) => tracing::debug!(%error, "accept"),
        }
    }
}

fn admit(stream: &UnixStream) -> anyhow::Result<Wire> {
    let peer = platform::peer(stream.as_fd()).context("who is there")?;
    let uid = rustix::process::geteuid().as_raw();
    anyhow::ensure!(peer.uid == uid, "the server belongs to user {uid}, not to {}", peer.uid);
    let socket = stream.as_fd().try_clone_to_owned().context("a second descriptor")?;
    Ok(Wire { outbox: Outbox::new(socket), close: Arc::new(Notify::new()) })
}

/// Says why, if the socket takes it at once, and closes with the caller's drop.
fn refuse(stream: &UnixStream, code: &str, message: &str) {
    let refusal = Refusal { code: code.to_owned(), message: message.to_owned(), hint: None };
    let mut bytes = Vec::new();
    if encode(&ServerMessage::Error(refusal), &mut bytes).is_ok() {
        let _ = rustix::io::write(stream, &bytes);
    }
}

fn reserve() -> Option<OwnedFd> {
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty());
    null.map_err(|error| tracing::warn!(error = %io::Error::from(error), "no descriptor in reserve")).ok()
}
