//! The server's life, done: started, let in, replaced, fenced when it hangs, its deaths counted. `keeper::server` holds the rules.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

use super::{Keeper, Seat, errno_of, set_reader};
use crate::ids::PaneId;
use crate::keeper::control::Want;
use crate::keeper::server::{self, Death, Outgoing, Phase, Server};
use crate::platform::{KeeperSocket, ProcessWatch};
use crate::protocol::keeper::{ERR_PROTOCOL, Message, PROTOCOL, kind, name};
use crate::ring::Blackbox;

impl Keeper<'_> {
    /// Starts a server if none is there, or notes when to try again.
    pub(super) fn start_server(&mut self) {
        self.restart_at = None;
        if self.serving.is_some() {
            return;
        }
        let listening = self.store.contains_key(name::LISTENER) || self.listen().is_ok();
        let started = if listening {
            server::spawn(self.options, self.store.get(name::SERVER_BINARY), None)
        } else {
            Err(io::ErrorKind::AddrInUse.into())
        };
        self.server_started(started);
    }

    /// Takes up a server that was started, or notes when to try again.
    pub(super) fn server_started(&mut self, started: io::Result<(KeeperSocket, ProcessWatch)>) {
        match started {
            Ok((socket, watch)) => {
                let mut server = Server::new(socket, watch, true, None);
                if self.askers.iter().any(|asker| asker.want == Want::Probe) {
                    server.deadline = Some(Instant::now() + self.options.probe);
                }
                self.serving = Some(server);
            }
            Err(_) => self.restart_at = Some(Instant::now() + self.record.after_failed_start()),
        }
    }

    pub(super) fn server_died(&mut self, seat: Seat, status: Option<i32>) {
        // What it had sent is still in the socket, and counts.
        self.read_link(seat);
        let now = Instant::now();
        if seat == Seat::Successor {
            self.successor_failed("the new server ended before it could serve");
            return;
        }
        let Some(dead) = self.serving.take() else { return };
        self.adopting = false;
        let lived = dead.active_since.map(|since| now - since);
        let quiesced = self.successor.as_ref().is_some_and(|next| next.phase == Phase::Waiting);
        let death = if quiesced { Death::Outside } else { server::classify(status, dead.fenced) };
        if death == Death::Fault {
            self.count_poison(now);
        }
        for asker in &mut self.askers {
            asker.restarted = true;
        }
        if let Some(next) = self.successor.take() {
            let ready = next.phase == Phase::Waiting;
            self.serving = Some(next);
            if ready {
                self.welcome(true);
            }
            return;
        }
        let delay = self.record.after(death, lived);
        if delay.is_zero() {
            self.start_server();
        } else {
            self.restart_at = Some(now + delay);
        }
    }

    /// Reads what the dead server was about to parse; the second time within a minute puts the pane into quarantine.
    pub(super) fn count_poison(&mut self, now: Instant) {
        let Some(blackbox) = self.store.get(name::BLACKBOX) else { return };
        for mark in Blackbox::read_and_wipe(blackbox.as_fd()) {
            if let Some(state) = self.panes.get_mut(&mark.pane) {
                if state.poisoned.is_some_and(|before| now.saturating_duration_since(before) <= server::POISON_WINDOW) {
                    state.quarantine = Some(mark.offset);
                }
                state.poisoned = Some(now);
            }
        }
    }

    /// Lets the server in: everything we hold, then `Ready`.
    pub(super) fn welcome(&mut self, upgrade: bool) {
        self.epoch += 1;
        self.adopting = false;
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        let welcome = Message::Welcome {
            epoch: self.epoch,
            panes: panes.len() as u64,
            caps: 0,
            pid: std::process::id().into(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let Some(server) = &mut self.serving else { return };
        server.phase = Phase::Attached;
        server.deadline = upgrade.then(|| Instant::now() + server::UPGRADE_LIMIT).or(server.deadline);
        let reads = server.keeper_reads;
        for state in self.panes.values_mut() {
            state.forgive();
            set_reader(state, reads);
        }
        self.say(&welcome);
        if let Some(server) = &mut self.serving {
            server.outbox.extend(panes.into_iter().map(Outgoing::Pane));
        }
        self.say(&Message::Ready);
    }

    pub(super) fn successor_failed(&mut self, why: &str) {
        let Some(mut failed) = self.successor.take() else { return };
        failed.kill();
        let quiescing = self.serving.as_ref().is_some_and(|server| server.phase == Phase::Quiescing);
        if quiescing {
            if let Some(server) = &mut self.serving {
                (server.phase, server.deadline) = (Phase::Serving, None);
            }
            self.say(&Message::Abort);
        }
        self.refuse(kind::START_SERVER, PaneId(0), u64::from(libc::ENOEXEC.cast_unsigned()), 0, why);
    }

    pub(super) fn fence(&mut self) {
        if let Some(server) = &mut self.serving
            && server.phase != Phase::Dying
        {
            server.fenced = true;
            server.kill();
        }
    }

    pub(super) fn check_deadlines(&mut self, now: Instant) {
        if self.restart_at.is_some_and(|at| at <= now) {
            self.start_server();
        }
        if self.successor.as_ref().is_some_and(|next| next.deadline.is_some_and(|at| at <= now)) {
            self.successor_failed("the new server did not say hello within five seconds");
        }
        let Some(server) = &mut self.serving else { return };
        let late = server.deadline.is_some_and(|at| at <= now);
        let silent = server.ping.is_some_and(|(_, until)| until <= now);
        match server.phase {
            Phase::Quiescing if late => server.kill(),
            _ if late || silent => self.fence(),
            _ => {}
        }
    }

    pub(super) fn hello(&mut self, min: u64, keeper_reads: bool) {
        let Some(server) = &mut self.serving else { return };
        if server.phase != Phase::Silent {
            return;
        }
        if min > PROTOCOL {
            // Said although it is not let in: the one message that every version understands.
            server.phase = Phase::Attached;
            self.refuse(kind::HELLO, PaneId(0), ERR_PROTOCOL, PROTOCOL, "this keeper speaks an older protocol only");
            self.send_all();
            if let Some(server) = &mut self.serving {
                server.kill();
            }
            return;
        }
        server.keeper_reads = keeper_reads;
        self.welcome(false);
    }

    pub(super) fn active(&mut self) {
        let Some(server) = &mut self.serving else { return };
        if server.phase != Phase::Attached {
            return;
        }
        (server.phase, server.deadline, server.active_since) = (Phase::Serving, None, Some(Instant::now()));
        if let Some(program) = server.program.take() {
            self.store.insert(name::SERVER_BINARY.to_owned(), program);
        }
        self.answer_askers();
    }

    /// Starts the program of an upgrade beside the server in place.
    pub(super) fn start_successor(&mut self, path: &[u8], program: Option<OwnedFd>) {
        use std::os::unix::ffi::OsStrExt;
        let refusal = match (&self.successor, program) {
            (Some(_), _) => (u64::from(libc::EBUSY.cast_unsigned()), "an upgrade is under way".to_owned()),
            (None, None) => (ERR_PROTOCOL, "the program's descriptor is missing".to_owned()),
            (None, Some(program)) => {
                let path = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
                match server::spawn(self.options, Some(&program), path.is_absolute().then_some(path)) {
                    Ok((socket, watch)) => {
                        let mut next = Server::new(socket, watch, true, Some(program));
                        next.deadline = Some(Instant::now() + server::UPGRADE_LIMIT);
                        self.successor = Some(next);
                        return;
                    }
                    Err(error) => (errno_of(&error), error.to_string()),
                }
            }
        };
        self.refuse(kind::START_SERVER, PaneId(0), refusal.0, 0, &refusal.1);
    }

    /// The successor is there: the server in place may finish its chunk.
    pub(super) fn quiesce(&mut self) {
        match &mut self.serving {
            Some(server) if server.phase == Phase::Serving => {
                (server.phase, server.deadline, server.ping) = (Phase::Quiescing, Some(Instant::now() + server::QUIESCE_LIMIT), None);
                self.say(&Message::Quiesce);
            }
            Some(server) => server.kill(),
            None => {}
        }
    }
}
