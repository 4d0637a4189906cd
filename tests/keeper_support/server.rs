//! The stand-in server: attaches, reads every pane, checks every byte against what its child must have written, types numbered lines, may be killed at
//! any instruction.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use batonmux::geometry::Size;
use batonmux::ids::PaneId;
use batonmux::keeper::link::{HeldPane, Link};
use batonmux::platform;
use batonmux::protocol::keeper::{MemoryShape, Message, SpawnRequest, name};
use batonmux::ring::{Applied, Blackbox, InputPipe, PaneMemory, Take};
use rustix::event::{PollFd, PollFlags, poll};

use super::board::{self, Board, of_pane};
use super::child::LINE;

/// The pane whose child is typed to; the writers are 0, 1, 2 ...
pub const TYPIST: u64 = 1000;
const SOURCE: u64 = 5;
/// Typed lines that may be on their way.
const WINDOW: u64 = 8;

struct Pane {
    master: OwnedFd,
    memory: PaneMemory,
    /// The way of what is typed; none where the keeper types.
    pipe: Option<InputPipe>,
    ended: bool,
    status: Option<i32>,
}

struct Server<'a> {
    board: &'a Board,
    link: Link,
    outbox: VecDeque<(Message, Vec<OwnedFd>)>,
    panes: BTreeMap<u64, Pane>,
    order: u64,
    /// The last line sent for typing.
    sent: u64,
    blackbox: Option<Blackbox>,
    ending: bool,
}

pub fn run(board: &Board) {
    board.set(board::SERVER_PID, std::process::id().into());
    let order = board.get(board::ORDER);
    let mut link = Link::from_fd(platform::adopt_descriptor(3).unwrap()).unwrap();
    let inventory = link.attach(order == board::ORDER_KEEPER, Duration::from_secs(20)).unwrap();
    board.set(board::KEEPER_PID, inventory.keeper_pid.into());
    let sent = board.get(board::TYPED);
    let mut server = Server { board, link, outbox: VecDeque::new(), panes: BTreeMap::new(), order, sent, blackbox: None, ending: false };
    let early = inventory.early;
    for held in inventory.panes {
        server.add(held, false);
    }
    for message in early {
        server.hear(message, Vec::new());
    }
    server.make_missing_panes();
    if board.get(board::MUTE) != 0 {
        board.set(board::MUTE, 0);
        loop {
            std::thread::park();
        }
    }
    server.say(Message::Active);
    board.add(board::ACTIVE, 1);
    loop {
        server.turn();
    }
}

impl Server<'_> {
    fn say(&mut self, message: Message) {
        self.outbox.push_back((message, Vec::new()));
        self.send();
    }

    fn send(&mut self) {
        while let Some((message, fds)) = self.outbox.front() {
            let fds: Vec<_> = fds.iter().map(AsFd::as_fd).collect();
            match self.link.send(message, &fds) {
                Ok(()) => drop(self.outbox.pop_front()),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) => panic!("the keeper is gone: {error}"),
            }
        }
    }

    fn add(&mut self, held: HeldPane, fresh: bool) {
        let pane = held.record.pane.0;
        let (object, by_keeper) = (held.memory.as_fd(), self.order == board::ORDER_KEEPER);
        let pipe = held.pipe.filter(|_| !by_keeper).and_then(|(read, write)| match fresh {
            true => Some(InputPipe::begin(object, read, write).unwrap()),
            false => InputPipe::is_used(object).unwrap().then(|| InputPipe::resume(object, read, write).unwrap()),
        });
        let mut memory = PaneMemory::open(held.memory).unwrap();
        if self.order != board::ORDER_KEEPER && memory.recover() > 0 {
            self.board.add(board::ADOPTED, 1);
        }
        if let Some(offset) = held.record.quarantine {
            self.board.set(board::QUARANTINE, offset + 1);
            self.say(Message::Consumed { pane: held.record.pane, to: offset + 1 });
        }
        let status = held.record.exit.map(|exit| exit.status.unwrap());
        self.panes.insert(pane, Pane { master: held.master, memory, pipe, ended: false, status });
        self.check(pane);
    }

    fn make_missing_panes(&mut self) {
        let writers = 0..self.board.get(board::PANES);
        for pane in writers.chain([TYPIST]).filter(|pane| !self.panes.contains_key(pane)).collect::<Vec<_>>() {
            let role = if pane == TYPIST { "reader" } else { "writer" };
            let actor: Vec<Vec<u8>> = std::env::args_os().map(std::os::unix::ffi::OsStringExt::into_vec).collect();
            let exe = std::env::current_exe().unwrap().into_os_string();
            let mut argv = vec![std::os::unix::ffi::OsStringExt::into_vec(exe)];
            argv.extend(actor.into_iter().skip(1));
            // The test harness has a word to say on its output, which must not reach the terminal.
            let script = b"exec \"$@\" >/dev/null 2>&1".to_vec();
            argv = [vec![b"/bin/sh".to_vec(), b"-c".to_vec(), script, b"sh".to_vec()], argv].concat();
            let env = |key: &str, value: String| (key.as_bytes().to_vec(), value.into_bytes());
            self.say(Message::Spawn(SpawnRequest {
                pane: PaneId(pane),
                size: Size::new(80, 24),
                argv,
                env: vec![
                    env("BATON_ROLE", role.to_owned()),
                    env("BATON_BOARD", self.board.path.to_str().unwrap().to_owned()),
                    env("BATON_PANE", pane.to_string()),
                    env("PATH", "/usr/bin:/bin".to_owned()),
                ],
                cwd: b"/".to_vec(),
                memory: MemoryShape { ring_len: 64 * 1024, checkpoint_len: 0, history_bytes: 0 },
                meta: Vec::new(),
            }));
        }
    }

    fn turn(&mut self) {
        let ids: Vec<u64> = self.panes.iter().filter(|(_, pane)| !pane.ended).map(|(id, _)| *id).collect();
        let mut link = PollFlags::IN;
        link.set(PollFlags::OUT, !self.outbox.is_empty());
        let mut fds = vec![PollFd::new(&self.link, link)];
        if self.order != board::ORDER_KEEPER {
            fds.extend(ids.iter().map(|id| PollFd::new(&self.panes[id].master, PollFlags::IN)));
        }
        // The board announces nothing, so orders on it are looked for now and then.
        let _ = poll(&mut fds, Some(&platform::timespec(Duration::from_millis(20))));
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        self.type_lines();
        for _ in 0..4 {
            let Some((message, fds)) = self.link.recv().unwrap() else { break };
            self.hear(message, fds);
        }
        for (id, ready) in ids.iter().zip(ready.iter().skip(1)) {
            if *ready {
                self.read(*id);
            }
        }
        self.follow_orders();
        self.send();
        if self.order == board::ORDER_KEEPER {
            self.finish_where_keeper_reads();
        }
    }

    fn read(&mut self, id: u64) {
        let pane = self.panes.get_mut(&id).unwrap();
        let taken = match self.order {
            board::ORDER_BROKEN => pane.memory.take_plain(pane.master.as_fd(), 4096),
            _ => pane.memory.take(pane.master.as_fd(), 64 * 1024),
        };
        match taken.unwrap() {
            Take::Data { .. } => self.check(id),
            Take::Eof => {
                pane.ended = true;
                self.finish(id);
            }
            Take::Control(_) | Take::Empty => {}
        }
    }

    /// Checks what came since the last check, which may have been another server's.
    fn check(&mut self, id: u64) {
        let word = |word| Board::pane(id, word);
        let pane = &self.panes[&id];
        if id == TYPIST {
            return;
        }
        let (mut at, mut shift) = (self.board.get(word(of_pane::CHECKED)), self.board.get(word(of_pane::SHIFT)));
        let head = pane.memory.head();
        if pane.memory.tail() > at {
            self.board.add(board::GAPS, 1);
            self.board.add(board::LOST, pane.memory.tail() - at);
            at = pane.memory.tail();
        }
        let (left, right) = pane.memory.bytes(at, head);
        let text = [left, right].concat();
        let mut index = 0;
        while index < text.len() {
            let place = at.wrapping_add(index as u64).wrapping_add(shift);
            let line = format!("{:014}\r\n", place / LINE);
            let same =
                line.as_bytes()[(place % LINE) as usize..].iter().zip(&text[index..]).take_while(|(one, other)| one == other).count();
            if same > 0 {
                index += same;
                continue;
            }
            // Out of step: find a whole line, and the place that it says.
            let Some(start) = text[index..].iter().position(|byte| *byte == b'\n').map(|end| index + end + 1) else { break };
            let Some(number) = text.get(start..start + 14).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok()) else {
                break;
            };
            let found = (number * LINE).wrapping_sub(at.wrapping_add(start as u64));
            let moved = found.wrapping_sub(shift).cast_signed();
            self.board.add(board::GAPS, 1);
            self.board.add(if moved >= 0 { board::LOST } else { board::REPEATED }, moved.unsigned_abs());
            (shift, index) = (found, start);
            self.board.set(word(of_pane::SHIFT), shift);
        }
        self.board.set(word(of_pane::CHECKED), at + index as u64);
        self.board.add(board::READS, 1);
        if self.order == board::ORDER_KEEPER {
            let to = at + index as u64;
            self.say(Message::Consumed { pane: PaneId(id), to });
        }
    }

    /// Notes the end of a pane whose output is read and whose child is reaped.
    fn finish(&mut self, id: u64) {
        let pane = &self.panes[&id];
        if let (true, Some(status)) = (pane.ended, pane.status) {
            self.board.set(Board::pane(id, of_pane::STATUS), u64::from(status.cast_unsigned()) + 1);
            self.board.set(Board::pane(id, of_pane::DONE), 1);
        }
    }

    /// There the end of the output is not told: it is where the child says it stopped.
    fn finish_where_keeper_reads(&mut self) {
        for id in self.panes.keys().copied().collect::<Vec<_>>() {
            let wrote = self.board.get(Board::pane(id, of_pane::WROTE));
            if id == TYPIST || (wrote > 0 && self.board.get(Board::pane(id, of_pane::CHECKED)) + 1 >= wrote) {
                self.panes.get_mut(&id).unwrap().ended = true;
                self.finish(id);
            }
        }
    }

    fn hear(&mut self, message: Message, fds: Vec<OwnedFd>) {
        match message {
            Message::Pane(record) => {
                if let Some(held) = HeldPane::new(record, fds) {
                    self.add(held, true);
                }
            }
            Message::Exited { pane, exit } => {
                if let Some(state) = self.panes.get_mut(&pane.0) {
                    state.status = Some(exit.status.unwrap());
                    self.finish(pane.0);
                }
            }
            Message::Inack { pane: PaneId(TYPIST), source: SOURCE, seq } => {
                self.board.set(board::TYPED, seq.max(self.board.get(board::TYPED)))
            }
            Message::Output { pane, .. } => {
                if pane.0 == TYPIST {
                    let to = self.panes[&pane.0].memory.head();
                    self.say(Message::Consumed { pane, to });
                } else {
                    self.check(pane.0);
                }
            }
            Message::Ping { nonce } => self.say(Message::Pong { nonce }),
            Message::Quiesce => {
                self.board.add(board::QUIESCES, 1);
                self.say(Message::Quiesced);
            }
            Message::Abort => self.board.add(board::ABORTS, 1),
            Message::Err { code, .. } => self.board.set(board::ERROR, code),
            _ => {}
        }
    }

    fn type_lines(&mut self) {
        let typed = self.board.get(board::TYPED);
        if self.board.get(board::READER_READY) == 0 || !self.panes.contains_key(&TYPIST) || self.ending {
            return;
        }
        let stop = self.board.get(board::STOP) != 0;
        let Pane { master, pipe, .. } = self.panes.get_mut(&TYPIST).unwrap();
        if let Some(pipe) = pipe {
            // A server types what its predecessors may have typed, and a few lines more.
            let known = self.board.get(board::SENT);
            let goal = if stop { known } else { known.max(typed + WINDOW) };
            let mut full = false;
            while self.sent < goal && !full {
                let next = self.sent + 1;
                self.board.set(board::SENT, next.max(known));
                let applied = pipe.apply(SOURCE, next, format!("{next}\n").as_bytes()).unwrap();
                full = applied == Applied::Full;
                if !full {
                    self.sent = next;
                    self.board.set(board::TYPED, next);
                    self.board.add(board::RETYPED, (applied == Applied::Before).into());
                }
            }
            if stop && self.sent >= known {
                pipe.apply(SOURCE + 1, 1, b"end\n").unwrap();
            }
            pipe.move_on(master.as_fd()).unwrap();
            return;
        }
        let known = self.board.get(board::SENT);
        let goal = if stop { known } else { known.max(typed + WINDOW) };
        while self.sent < goal {
            self.sent += 1;
            self.board.set(board::SENT, self.sent.max(known));
            let bytes = format!("{}\n", self.sent).into_bytes();
            self.say(Message::Input { pane: PaneId(TYPIST), source: SOURCE, seq: self.sent, lazy: false, bytes });
        }
        if stop && typed >= known {
            self.ending = true;
            self.say(Message::Input { pane: PaneId(TYPIST), source: SOURCE + 1, seq: 1, lazy: false, bytes: b"end\n".to_vec() });
        }
    }

    fn follow_orders(&mut self) {
        let order = self.board.get(board::DO);
        if order == 0 {
            return;
        }
        self.board.set(board::DO, 0);
        match order {
            board::DO_CRASH => {
                let (blackbox, object) = Blackbox::create().unwrap();
                self.outbox.push_back((Message::Put { name: name::BLACKBOX.to_owned() }, vec![object]));
                self.send();
                blackbox.mark(3, PaneId(0), 77);
                self.blackbox = Some(blackbox);
                std::process::abort();
            }
            board::DO_UPGRADE => {
                let path = std::fs::read_to_string(self.board.path.with_extension("upgrade")).unwrap();
                let program = std::fs::File::open(path).unwrap();
                self.outbox.push_back((Message::StartServer { path: Vec::new() }, vec![program.into()]));
            }
            board::DO_HANG => loop {
                std::thread::park();
            },
            board::DO_SHUTDOWN => self.say(Message::Shutdown),
            _ => {}
        }
    }
}
