//! The server itself: its end, its replacement.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::ids::AttachmentId;
use crate::protocol::keeper::Message;
use crate::protocol::message::{Made, Refusal, Reply, ServerMessage};
use crate::server::owner::{Ending, Server, Upgrader, refusal};

impl Server {
    /// Ends everything: clients are told, programs hung up, keeper and server exit. The rest is done by the loop.
    pub(in crate::server) fn end_everything(&mut self) {
        if self.ending.is_some() {
            return;
        }
        tracing::info!("the end of everything was asked for");
        self.ending = Some(Ending::Everything);
        let attached: Vec<AttachmentId> = self.seats.keys().copied().collect();
        for attachment in attached {
            self.detach(attachment, "server_exited");
        }
    }

    /// Replaces this server by another binary. The keeper starts it; when it has come up, this one is told to stop ([`Message::Quiesce`]).
    pub(in crate::server) fn upgrade(&mut self, binary: &str, upgrader: Upgrader) {
        if self.upgrading.is_some() {
            return self.tell_upgrader(upgrader, Err(refusal("busy", "an upgrade is under way")));
        }
        match open_binary(binary) {
            Ok((path, fd)) => {
                tracing::info!(path = %path.display(), "upgrade");
                self.upgrading = Some(upgrader);
                self.keeper.send_with(Message::StartServer { path: path.into_os_string().into_vec() }, vec![fd]);
                crate::server::faults::point("upgrade");
            }
            Err(refused) => self.tell_upgrader(upgrader, Err(refused)),
        }
    }

    /// The upgrade is under way (the successor is up), or will not be.
    pub(in crate::server) fn upgrade_decided(&mut self, outcome: Result<(), Refusal>) {
        if let Some(upgrader) = self.upgrading.take() {
            self.tell_upgrader(upgrader, outcome);
        }
    }

    fn tell_upgrader(&mut self, upgrader: Upgrader, outcome: Result<(), Refusal>) {
        match (upgrader, outcome) {
            (Upgrader::Asker(asker), Ok(())) => asker.reply(Reply::Done(Made::default())),
            (Upgrader::Asker(asker), Err(refused)) => asker.reply(Reply::Refused(refused)),
            (Upgrader::Frozen(outbox), Ok(())) => outbox.send(&ServerMessage::Ok),
            (Upgrader::Frozen(outbox), Err(refused)) => outbox.send(&ServerMessage::Error(refused)),
        }
    }
}

/// The binary to go on in, opened, so that what is started is what was looked at.
fn open_binary(binary: &str) -> Result<(PathBuf, OwnedFd), Refusal> {
    use rustix::fs::{Mode, OFlags};
    let path = if binary.is_empty() {
        std::env::current_exe().map_err(|error| refusal("failed", format!("this program cannot be found: {error}")))?
    } else {
        PathBuf::from(binary)
    };
    if !path.is_absolute() {
        return Err(refusal("bad_request", "the path of the binary must be absolute"));
    }
    let fd = rustix::fs::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| refusal("failed", format!("{}: {}", path.display(), std::io::Error::from(error))))?;
    let stat = rustix::fs::fstat(&fd).map_err(|error| refusal("failed", format!("{}: {}", path.display(), std::io::Error::from(error))))?;
    if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::RegularFile || stat.st_mode & 0o111 == 0 {
        return Err(refusal("failed", format!("{} is not a program", path.display())));
    }
    Ok((path, fd))
}
