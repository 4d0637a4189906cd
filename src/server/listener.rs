//! Takes connections from the socket that the keeper holds.
//!
//! Our own user is let in, and whom the option `access` lists (the kernel says who it is). One descriptor is kept in reserve: when the process has no other left, a peer is accepted
//! into its place, told so, and let go, instead of hanging in the backlog for ever. Should the reserve itself be lost (somebody else took the number
//! while it was in use), peers wait in the backlog until something of ours is closed: each connection's end and each turn of the owner says so, there
//! is no timer. Beyond [`UNGREETED_MAX`] connections without a hello, further ones are refused at once.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::Sender;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::access::Access;
use super::connection;
use super::event::{ConnectionId, Event, Wire};
use super::identity::PeerProcess;
use super::outbox::Outbox;
use crate::platform;
use crate::protocol::frame::encode;
use crate::protocol::limits::UNGREETED_MAX;
use crate::protocol::message::{Refusal, ServerMessage};

/// Accepts for ever.
///
/// `freed` is notified when a descriptor of this process may have been closed.
///
/// # Errors
/// When the descriptor is not a listening socket; single connections that fail are only logged.
pub(super) async fn run(listener: OwnedFd, events: Sender<Event>, freed: Arc<Notify>, access: Arc<RwLock<Access>>) -> anyhow::Result<()> {
    let listener = std::os::unix::net::UnixListener::from(listener);
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener).context("the listener")?;
    let ungreeted = Arc::new(Semaphore::new(UNGREETED_MAX));
    let mut reserve = reserve();
    let mut next = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                super::faults::point("listener");
                next += 1;
                let connection = ConnectionId(next);
                let Ok(place) = Arc::clone(&ungreeted).try_acquire_owned() else {
                    refuse(&stream, "busy", "too many connections that say nothing");
                    continue;
                };
                match admit(&stream, &access) {
                    Ok((wire, peer)) => match connection::watched(stream) {
                        Ok(stream) => {
                            tokio::spawn(serve(stream, connection, (wire, peer), events.clone(), place, Arc::clone(&freed)));
                        }
                        Err(error) => tracing::warn!(%error, "connection not served"),
                    },
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "connection not served");
                        if let Some(Stranger { uid, .. }) = error.downcast_ref() {
                            let _ = events.try_send(Event::Stranger { uid: *uid });
                            refuse(&stream, "not_permitted", &error.to_string());
                            continue;
                        }
                        match error.downcast_ref::<io::Error>() {
                            Some(error) if is_exhausted(error) => refuse(&stream, EXHAUSTED.0, EXHAUSTED.1),
                            _ => refuse(&stream, "failed", &error.to_string()),
                        }
                    }
                }
            }
            Err(error) if is_exhausted(&error) => {
                tracing::warn!(%error, "no descriptor is left for a connection");
                if reserve.take().is_some() {
                    // The number is free now and the peer at the head of the backlog gets it, unless another thread is quicker.
                    if let Some(Ok((stream, _))) = now_or_never(listener.accept()).await {
                        refuse(&stream, EXHAUSTED.0, EXHAUSTED.1);
                    }
                } else {
                    freed.notified().await;
                }
                reserve = self::reserve();
            }
            Err(error) => tracing::debug!(%error, "accept"),
        }
    }
}

/// What a peer is told for whom no descriptor is left.
const EXHAUSTED: (&str, &str) = ("exhausted", "the server has no file descriptors left; close panes or clients, or raise `ulimit -n`");

fn is_exhausted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// What `future` gives if it need not wait.
async fn now_or_never<T>(future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = std::future::ready(()) => None,
    }
}

async fn serve(
    stream: connection::Stream,
    connection: ConnectionId,
    who: (Wire, PeerProcess),
    events: Sender<Event>,
    place: OwnedSemaphorePermit,
    freed: Arc<Notify>,
) {
    connection::serve(stream, connection, who, events, place).await;
    freed.notify_one();
}

/// Another user whom nobody lists.
#[derive(Debug, thiserror::Error)]
#[error("the server belongs to user {owner}, not to {uid}")]
struct Stranger {
    owner: u32,
    uid: u32,
}

fn admit(stream: &UnixStream, access: &RwLock<Access>) -> anyhow::Result<(Wire, PeerProcess)> {
    let peer = platform::peer(stream.as_fd()).context("who is there")?;
    let owner = rustix::process::geteuid().as_raw();
    let listed = || access.read().is_ok_and(|access| access.role_of(peer.uid).is_some());
    anyhow::ensure!(peer.uid == owner || listed(), Stranger { owner, uid: peer.uid });
    // Without one nothing is found out about the peer's ancestors, and it counts as one that hides.
    let watch = platform::peer_watch(stream.as_fd());
    let socket = stream.as_fd().try_clone_to_owned().context("a second descriptor")?;
    Ok((Wire { outbox: Outbox::new(socket), close: Arc::new(Notify::new()) }, PeerProcess { peer, watch }))
}

/// Says why, if the socket takes it at once, and closes with the caller's drop.
fn refuse(stream: &UnixStream, code: &str, message: &str) {
    let refusal = Refusal::new(code, message);
    let mut bytes = Vec::new();
    if encode(&ServerMessage::Error(refusal), &mut bytes).is_ok() {
        let _ = rustix::io::write(stream, &bytes);
    }
}

fn reserve() -> Option<OwnedFd> {
    let null = rustix::fs::open("/dev/null", rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC, rustix::fs::Mode::empty());
    null.map_err(|error| tracing::warn!(error = %io::Error::from(error), "no descriptor in reserve")).ok()
}
