//! Panes: started, adopted, typed into, ended; and read, where the keeper reads.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use super::{Keeper, Seat};
use crate::ids::PaneId;
use crate::keeper::child;
use crate::keeper::pane::{Accepted, Pane, Reader};
use crate::keeper::server::{Outgoing, Server};
use crate::platform::{self, ProcessWatch};
use crate::protocol::keeper::{ERR_FULL, ERR_PROTOCOL, Exit, Message, PaneRecord, SignalTo, SpawnRequest, kind};
use crate::ring::{Config, PaneMemory, Take};

impl Keeper<'_> {
    pub(super) fn reap(&mut self) {
        while let Some(reaped) = platform::reap() {
            let is = |server: &Option<Server>| server.as_ref().is_some_and(|server| server.is_child && server.watch.pid() == reaped.pid);
            if is(&self.serving) {
                self.server_died(Seat::Serving, Some(reaped.status));
            } else if is(&self.successor) {
                self.server_died(Seat::Successor, Some(reaped.status));
            } else if let Some(pane) = self
                .panes
                .iter()
                .find(|(_, state)| state.pid == reaped.pid && state.exit.is_none() && state.watch.is_none())
                .map(|(pane, _)| *pane)
            {
                self.pane_exited(pane, Exit { status: Some(reaped.status), usage: reaped.usage });
            }
        }
    }

    pub(super) fn pane_exited(&mut self, pane: PaneId, exit: Exit) {
        if let Some(state) = self.panes.get_mut(&pane) {
            state.exit = Some(exit);
            self.say(&Message::Exited { pane, exit });
        }
    }

    pub(super) fn spawn(&mut self, request: &SpawnRequest) {
        let pane = request.pane;
        if self.panes.contains_key(&pane) {
            return self.refuse(kind::SPAWN, pane, u64::from(libc::EEXIST.cast_unsigned()), 0, "the pane exists");
        }
        let config = Config {
            ring_len: request.memory.ring_len,
            checkpoint_len: request.memory.checkpoint_len,
            history_bytes: request.memory.history_bytes,
            size: request.size,
            meta: request.meta.clone(),
        };
        let made = PaneMemory::create_object(&config)
            .map_err(|error| child::SpawnError::new("pane memory", &error))
            .and_then(|memory| child::spawn(request).map(|(master, pid)| (memory, master, pid)));
        match made {
            Ok((memory, master, pid)) => {
                let mut state = Pane::new(pid, platform::start_time(pid).unwrap_or(0), master, memory);
                // Without one its input comes by `Input`.
                state.pipe = platform::input_pipe().ok().map(|(read, write)| [read, write]);
                set_reader(&mut state, self.serving.as_ref().is_some_and(|server| server.keeper_reads));
                self.panes.insert(pane, state);
                if let Some(server) = &mut self.serving {
                    server.outbox.push_back(Outgoing::Pane(pane));
                }
            }
            Err(error) => self.refuse(kind::SPAWN, pane, u64::from(error.errno.cast_unsigned()), 0, &error.text),
        }
    }

    pub(super) fn adopt(&mut self, record: &PaneRecord, fds: Vec<OwnedFd>) {
        let mut fds = fds.into_iter();
        let (Some(master), Some(memory)) = (fds.next(), fds.next()) else {
            return self.refuse(kind::ADOPT, record.pane, ERR_PROTOCOL, 0, "master and memory are missing");
        };
        // None, a process, a pipe, or both.
        let handed = if fds.len() % 2 == 1 { fds.next() } else { None };
        let pipe = fds.next().zip(fds.next()).map(|(read, write)| [read, write]);
        let watch = match handed {
            Some(handed) => Some(ProcessWatch::from_fd(record.pid, handed)),
            None => ProcessWatch::open(record.pid)
                .ok()
                .filter(|_| record.start_time == 0 || platform::start_time(record.pid) == Some(record.start_time)),
        };
        let mut state = Pane::adopted(record, master, memory, watch);
        state.pipe = pipe;
        if state.watch.is_none() && state.exit.is_none() {
            // It ended while nobody could see it.
            state.exit = Some(Exit::default());
        }
        self.panes.insert(record.pane, state);
    }

    pub(super) fn input(&mut self, pane: PaneId, source: u64, seq: u64, lazy: bool, bytes: &[u8]) {
        let Some(state) = self.panes.get_mut(&pane) else {
            return self.refuse(kind::INPUT, pane, u64::from(libc::ENOENT.cast_unsigned()), seq, "no such pane");
        };
        let accepted = state.input(source, seq, bytes);
        let unsaid = lazy && state.may_wait_with_inack(source);
        if state.is_waiting() {
            self.waiting.insert(pane);
        }
        match accepted {
            Accepted::Yes if unsaid => {}
            Accepted::Yes => self.say(&Message::Inack { pane, source, seq }),
            Accepted::Full => self.refuse(kind::INPUT, pane, ERR_FULL, seq, "the program does not read"),
            Accepted::Gone => self.refuse(kind::INPUT, pane, u64::from(libc::EIO.cast_unsigned()), seq, "the terminal is closed"),
        }
    }

    pub(super) fn type_more(&mut self, pane: PaneId) {
        let Some(state) = self.panes.get_mut(&pane) else { return };
        // An error says that the terminal is gone, and what waited with it; nobody is left to be told.
        let _ = state.flush();
        if !state.is_waiting() {
            self.waiting.remove(&pane);
        }
        if state.has_drained() {
            self.say(&Message::Drained { pane });
        }
    }

    pub(super) fn read_master(&mut self, pane: PaneId) {
        let Some(state) = self.panes.get_mut(&pane) else { return };
        let Some(reader) = &mut state.reader else { return };
        let room = room(reader);
        if reader.ended || room == 0 {
            return;
        }
        match reader.memory.take_plain(state.master.as_fd(), room) {
            Ok(Take::Data { .. }) => self.tell_output(pane),
            Ok(Take::Empty | Take::Control(_)) => {}
            Ok(Take::Eof) | Err(_) => reader.ended = true,
        }
    }

    pub(super) fn tell_output(&mut self, pane: PaneId) {
        let Some(reader) = self.panes.get_mut(&pane).and_then(|state| state.reader.as_mut()) else { return };
        if !reader.told && reader.memory.head() > reader.memory.consumed() {
            reader.told = true;
            let head = reader.memory.head();
            self.say(&Message::Output { pane, head });
        }
    }

    pub(super) fn consumed(&mut self, pane: PaneId, to: u64) {
        if let Some(state) = self.panes.get_mut(&pane)
            && state.quarantine.is_some_and(|poison| to > poison)
        {
            (state.quarantine, state.poisoned) = (None, None);
        }
        if let Some(reader) = self.panes.get_mut(&pane).and_then(|state| state.reader.as_mut()) {
            reader.memory.set_consumed(to);
            reader.told = false;
            self.tell_output(pane);
        }
    }
}

/// Bytes that may be read into a ring without overwriting what the server has not parsed.
pub(super) fn room(reader: &Reader) -> usize {
    let unread = reader.memory.head().saturating_sub(reader.memory.consumed());
    usize::try_from(reader.memory.ring_len().saturating_sub(unread)).unwrap_or(0)
}

pub(super) fn set_reader(state: &mut Pane, reads: bool) {
    if !reads {
        state.reader = None;
    } else if let Some(reader) = &mut state.reader {
        reader.told = false;
    } else if let Ok(mut memory) = state.memory.try_clone().map_err(Into::into).and_then(PaneMemory::open) {
        memory.begin_plain();
        state.reader = Some(Box::new(Reader { memory, told: false, ended: false }));
    }
}

pub(super) fn send_signal(state: &Pane, signal: i32, to: SignalTo) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let gone = || io::Error::from_raw_os_error(libc::ESRCH);
    let signal = Signal::from_named_raw(signal).ok_or_else(invalid)?;
    let foreground = platform::foreground_group(state.master.as_fd());
    let raw = match to {
        SignalTo::Foreground => foreground.ok_or_else(gone)?,
        // A program that ended may have left its number to a stranger.
        _ if state.exit.is_some() => return Err(gone()),
        SignalTo::Child if state.watch.is_some() => return state.watch.as_ref().map_or_else(|| Err(gone()), |watch| watch.signal(signal)),
        SignalTo::Child | SignalTo::Group => state.pid,
    };
    let pid = i32::try_from(raw).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
    match to {
        SignalTo::Child => kill_process(pid, signal)?,
        SignalTo::Group | SignalTo::Foreground => kill_process_group(pid, signal)?,
    }
    Ok(())
}

pub(super) fn errno_of(error: &io::Error) -> u64 {
    u64::from(error.raw_os_error().unwrap_or(libc::EIO).cast_unsigned())
}
