//! The link to the server: what is said, what is heard, and which part of the keeper obeys.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::{Keeper, STORE_MAX, Seat, TURN, errno_of, send_signal};
use crate::ids::PaneId;
use crate::keeper::server::{Outgoing, Phase};
use crate::platform;
use crate::protocol::keeper::{DecodeError, ERR_PROTOCOL, ERR_UNKNOWN, Message};

impl Keeper<'_> {
    pub(super) fn say(&mut self, message: &Message) {
        if let Some(server) = self.serving.as_mut().filter(|server| server.is_attached())
            && let Ok(packet) = message.encode()
        {
            server.outbox.push_back(Outgoing::Packet(packet));
        }
    }

    pub(super) fn refuse(&mut self, of: u32, pane: PaneId, code: u64, detail: u64, text: &str) {
        self.say(&Message::Err { of, pane, code, detail, text: text.to_owned() });
    }

    pub(super) fn send_all(&mut self) {
        let Some(server) = self.serving.as_mut().filter(|server| server.phase != Phase::Dying) else { return };
        while let Some(next) = server.outbox.front() {
            let sent = match next {
                Outgoing::Packet(packet) => server.socket.send(packet, &[]),
                Outgoing::Pane(pane) => match self.panes.get(pane).map(|state| (state, Message::Pane(state.record(*pane)).encode())) {
                    Some((state, Ok(packet))) => {
                        let fds = [&state.master, &state.memory].into_iter().chain(state.pipe.iter().flatten());
                        server.socket.send(&packet, &fds.map(AsFd::as_fd).collect::<Vec<_>>())
                    }
                    // Forgotten since, or (which its limits exclude) too large to say.
                    _ => Ok(()),
                },
                Outgoing::Named(name) => match (self.store.get(name), Message::Named { name: name.clone() }.encode()) {
                    (Some(fd), Ok(packet)) => server.socket.send(&packet, &[fd.as_fd()]),
                    _ => Ok(()),
                },
            };
            match sent {
                Ok(()) => drop(server.outbox.pop_front()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It is going; its death is the event.
                Err(_) => return server.outbox.clear(),
            }
        }
    }

    pub(super) fn read_link(&mut self, seat: Seat) {
        for _ in 0..TURN {
            let Some(server) = self.seat(seat) else { return };
            if server.phase == Phase::Waiting {
                return;
            }
            match server.socket.recv() {
                Ok(Some(received)) => match Message::decode(&received.packet) {
                    Ok(message) => self.obey(seat, message, received.fds),
                    Err(DecodeError::Field { kind, field }) => self.refuse(kind, PaneId(0), ERR_PROTOCOL, 0, field),
                    Err(error) => self.refuse(0, PaneId(0), ERR_PROTOCOL, 0, &error.to_string()),
                },
                Ok(None) => return,
                // The link is gone: so is the process, or it must be, because it may still read masters.
                Err(_) => {
                    if let Some(server) = self.seat(seat) {
                        server.kill();
                    }
                    return;
                }
            }
        }
    }

    pub(super) fn obey(&mut self, seat: Seat, message: Message, mut fds: Vec<OwnedFd>) {
        let of = message.kind();
        if seat == Seat::Successor {
            if let (Message::Hello { keeper_reads, .. }, Some(next)) = (&message, &mut self.successor) {
                (next.keeper_reads, next.phase, next.deadline) = (*keeper_reads, Phase::Waiting, None);
                self.quiesce();
            }
            return;
        }
        match message {
            Message::Hello { min, keeper_reads, .. } => self.hello(min, keeper_reads),
            Message::Spawn(request) => self.spawn(&request),
            Message::Input { pane, source, seq, lazy, bytes } => self.input(pane, source, seq, lazy, &bytes),
            Message::Resize { pane, size } => {
                let done = self.panes.get(&pane).map(|state| platform::set_terminal_size(state.master.as_fd(), size));
                self.report(of, pane, done);
            }
            Message::Signal { pane, signal, to } => {
                let done = self.panes.get(&pane).map(|state| send_signal(state, signal, to));
                self.report(of, pane, done);
            }
            Message::Forget { pane } => {
                self.waiting.remove(&pane);
                let done = self.panes.remove(&pane).map(|_| Ok(()));
                self.report(of, pane, done);
            }
            Message::Put { name } => match fds.pop() {
                Some(fd) if self.store.contains_key(&name) || self.store.len() < STORE_MAX => drop(self.store.insert(name, fd)),
                Some(_) => self.refuse(of, PaneId(0), u64::from(libc::ENOSPC.cast_unsigned()), 0, "the store is full"),
                None => self.refuse(of, PaneId(0), ERR_PROTOCOL, 0, "the descriptor is missing"),
            },
            Message::Take { name } if self.store.contains_key(&name) => {
                if let Some(server) = &mut self.serving {
                    server.outbox.push_back(Outgoing::Named(name));
                }
            }
            Message::Take { name } => self.refuse(of, PaneId(0), u64::from(libc::ENOENT.cast_unsigned()), 0, &name),
            Message::Drop { name } => drop(self.store.remove(&name)),
            Message::Active => self.active(),
            Message::Quiesced => {
                if let Some(server) = self.serving.as_mut().filter(|server| server.phase == Phase::Quiescing) {
                    server.kill();
                }
            }
            Message::Adopt(record) if self.adopting => self.adopt(&record, fds),
            Message::StartServer { path } => self.start_successor(&path, fds.pop()),
            Message::Pong { nonce } => {
                if let Some(server) = &mut self.serving
                    && server.ping.is_some_and(|(asked, _)| asked == nonce)
                {
                    server.ping = None;
                    self.answer_askers();
                }
            }
            Message::Ping { nonce } => self.say(&Message::Pong { nonce }),
            Message::Shutdown => {
                // It asked, so it ends by itself; there is nobody it would have to be dead for.
                self.serving = None;
                self.ended = true;
            }
            Message::Consumed { pane, to } => self.consumed(pane, to),
            Message::Unknown { pane, .. } => self.refuse(of, pane, ERR_UNKNOWN, 0, "this keeper does not know that message"),
            _ => self.refuse(of, PaneId(0), ERR_PROTOCOL, 0, "not now, or not in this direction"),
        }
    }

    pub(super) fn report(&mut self, of: u32, pane: PaneId, done: Option<io::Result<()>>) {
        match done {
            Some(Ok(())) => {}
            None => self.refuse(of, pane, u64::from(libc::ENOENT.cast_unsigned()), 0, "no such pane"),
            Some(Err(error)) => self.refuse(of, pane, errno_of(&error), 0, &error.to_string()),
        }
    }
}
