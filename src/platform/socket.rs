//! [`KeeperSocket`]: packets with descriptors between keeper, server and starting client.
//!
//! Linux keeps packets apart by itself (`SOCK_SEQPACKET`). macOS has only streams between local processes, so there each packet is preceded by its
//! length, and a socket keeps what it has read of a packet that is not complete. Descriptors arrive with the first byte of their packet on both.
//! Nothing here blocks: "would block" is an answer.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use crate::protocol::keeper::{FDS_MAX, HEADER_LEN, PAYLOAD_MAX};

const PACKET_MAX: usize = HEADER_LEN + PAYLOAD_MAX;
const STREAM: bool = cfg!(target_os = "macos");

/// A packet as it came.
#[derive(Debug)]
pub struct Received {
    /// Its bytes, at most 64 KiB and a header.
    pub packet: Vec<u8>,
    /// The descriptors beside it, close-on-exec; at most 8, surplus ones are closed.
    pub fds: Vec<OwnedFd>,
}

/// One end of a link. Not blocking.
#[derive(Debug)]
pub struct KeeperSocket {
    fd: OwnedFd,
    /// Streams only: what was read of the next packets, and the descriptors that came with it.
    pending: Vec<u8>,
    pending_fds: Vec<OwnedFd>,
    /// Streams only: what is not yet written of a packet that was accepted.
    unsent: Vec<u8>,
    /// Where packets are received: made at the first one, so that its pages cost memory only as far as packets reach.
    buffer: Vec<u8>,
}

impl KeeperSocket {
    /// Two ends.
    ///
    /// # Errors
    /// When descriptors are exhausted.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = socketpair(AddressFamily::UNIX, Self::kind(), flags(), None)?;
        Ok((Self::from_fd(one)?, Self::from_fd(other)?))
    }

    /// The type of socket that this system uses.
    #[must_use]
    pub fn kind() -> SocketType {
        if STREAM { SocketType::STREAM } else { SocketType::SEQPACKET }
    }

    /// Wraps a connected socket of [`KeeperSocket::kind`]; makes it close-on-exec and not blocking.
    ///
    /// # Errors
    /// What the system says.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        super::set_nonblocking(fd.as_fd(), true)?;
        #[cfg(target_os = "macos")]
        rustix::net::sockopt::set_socket_nosigpipe(&fd, true)?;
        Ok(Self { fd, pending: Vec::new(), pending_fds: Vec::new(), unsent: Vec::new(), buffer: Vec::new() })
    }

    /// The descriptor alone.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// Sends one packet, whole or not at all.
    ///
    /// # Errors
    /// `WouldBlock` when the other side does not read: nothing was sent. `BrokenPipe` or `ConnectionReset` when it is gone.
    pub fn send(&mut self, packet: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        if packet.len() > PACKET_MAX || fds.len() > FDS_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "packet too large"));
        }
        if STREAM { self.send_stream(packet, fds) } else { self.send_some(packet, fds).map(|_| ()) }
    }

    fn send_stream(&mut self, packet: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        self.flush()?;
        let mut framed = Vec::with_capacity(packet.len() + 4);
        framed.extend_from_slice(&(packet.len() as u32).to_le_bytes());
        framed.extend_from_slice(packet);
        let sent = self.send_some(&framed, fds)?;
        self.unsent = framed.split_off(sent);
        // What does not fit now goes before the next packet; the caller must not send this one again.
        match self.flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes what is left of an accepted packet (streams only; elsewhere nothing ever is).
    ///
    /// # Errors
    /// As [`KeeperSocket::send`].
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            match self.send_some(&unsent, &[]) {
                Ok(sent) => self.unsent = unsent.get(sent..).unwrap_or_default().to_vec(),
                Err(error) => {
                    self.unsent = unsent;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Whether [`KeeperSocket::flush`] has something to do when the socket is writable.
    #[must_use]
    pub fn wants_flush(&self) -> bool {
        !self.unsent.is_empty()
    }

    fn send_some(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors"));
        }
        let mut flags = SendFlags::DONTWAIT;
        #[cfg(target_os = "linux")]
        {
            flags |= SendFlags::NOSIGNAL;
        }
        flags |= SendFlags::empty();
        loop {
            match sendmsg(&self.fd, &[IoSlice::new(bytes)], &mut control, flags) {
                Ok(sent) => return Ok(sent),
                Err(Errno::INTR) => {}
                // Too many descriptors in flight: they will be received, like bytes.
                Err(Errno::TOOMANYREFS | Errno::NOBUFS) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next packet, if one is there.
    ///
    /// # Errors
    /// `UnexpectedEof` when the other side is gone, `InvalidData` for a packet above the limit.
    pub fn recv(&mut self) -> io::Result<Option<Received>> {
        if STREAM { self.recv_stream() } else { self.recv_packet() }
    }

    fn recv_packet(&mut self) -> io::Result<Option<Received>> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(PACKET_MAX, 0);
        let mut fds = Vec::new();
        let received = self.recv_some(&mut buffer, &mut fds);
        self.buffer = buffer;
        let Some((len, truncated)) = received? else { return Ok(None) };
        if len == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if truncated {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "packet above the limit"));
        }
        Ok(Some(Received { packet: self.buffer.get(..len).unwrap_or_default().to_vec(), fds }))
    }

    fn recv_stream(&mut self) -> io::Result<Option<Received>> {
        loop {
            if let Some(len) = self.pending.first_chunk::<4>() {
                let len = u32::from_le_bytes(*len) as usize;
                if len > PACKET_MAX {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "packet above the limit"));
                }
                if self.pending.len() >= 4 + len {
                    let rest = self.pending.split_off(4 + len);
                    let packet = std::mem::replace(&mut self.pending, rest).split_off(4);
                    return Ok(Some(Received { packet, fds: std::mem::take(&mut self.pending_fds) }));
                }
            }
            // Never read past the packet: descriptors of the next one would be taken for this one's.
            let wanted = match self.pending.first_chunk::<4>() {
                Some(len) => 4 + u32::from_le_bytes(*len) as usize - self.pending.len(),
                None => 4 - self.pending.len(),
            };
            let mut buffer = vec![0; wanted];
            let mut fds = Vec::new();
            let Some((len, _)) = self.recv_some(&mut buffer, &mut fds)? else { return Ok(None) };
            if len == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.pending.extend_from_slice(buffer.get(..len).unwrap_or_default());
            self.pending_fds.append(&mut fds);
            self.pending_fds.truncate(FDS_MAX);
        }
    }

    /// One receive: length and whether the packet was longer than the buffer, or `None` when nothing is there.
    fn recv_some(&self, buffer: &mut [u8], fds: &mut Vec<OwnedFd>) -> io::Result<Option<(usize, bool)>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FDS_MAX))];
        loop {
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut flags = RecvFlags::DONTWAIT;
            #[cfg(target_os = "linux")]
            {
                flags |= RecvFlags::CMSG_CLOEXEC;
            }
            flags |= RecvFlags::empty();
            match recvmsg(&self.fd, &mut [IoSliceMut::new(buffer)], &mut control, flags) {
                Ok(message) => {
                    for item in control.drain() {
                        if let RecvAncillaryMessage::ScmRights(received) = item {
                            fds.extend(received);
                        }
                    }
                    #[cfg(not(target_os = "linux"))]
                    for fd in fds.iter() {
                        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
                    }
                    return Ok(Some((message.bytes, message.flags.contains(ReturnFlags::TRUNC))));
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::CONNRESET) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for KeeperSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn flags() -> SocketFlags {
    #[cfg(target_os = "linux")]
    return SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    #[cfg(not(target_os = "linux"))]
    SocketFlags::empty()
}
