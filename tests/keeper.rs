//! The keeper, tested from outside: the real `baton keeper`, with stand-in servers that may be killed or with this test as its server.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests fail loudly and print their seeds")]

mod keeper_support;

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use batonmux::geometry::Size;
use batonmux::ids::PaneId;
use batonmux::keeper::link::{HeldPane, Inventory, Link, OrphanedPane, adopt_for};
use batonmux::keeper::{KeeperPaths, Ready, ask, start};
use batonmux::platform::{self, ProcessWatch};
use batonmux::protocol::keeper::{
    ERR_FULL, ERR_PROTOCOL, ERR_UNKNOWN, INPUT_QUEUE_MAX, MemoryShape, Message, SignalTo, SpawnRequest, kind,
};
use batonmux::ring::{PaneMemory, Take};
use keeper_support::board::{self, Board, of_pane};
use keeper_support::campaign::{self, Plan, Stage};
use keeper_support::{Programs, wait_for};

const PATIENCE: Duration = Duration::from_secs(20);

fn baton() -> PathBuf {
    env!("CARGO_BIN_EXE_baton").into()
}

fn programs() -> Programs {
    let own = std::env::current_exe().unwrap().into_os_string();
    Programs { keeper: baton(), actor: vec![own, "--exact".into(), "role".into(), "--nocapture".into(), "--test-threads=1".into()] }
}

/// Not a test: what this program does when the keeper or a stand-in server starts it.
#[test]
fn role() {
    keeper_support::play();
}

fn plan(seed: u64) -> Plan {
    Plan { seed, kills: 150, panes: 3, order: board::ORDER_ATTESTED, flat_out: false, life_us: 15_000, enough_lost: u64::MAX }
}

fn seed() -> u64 {
    std::env::var("BATON_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| u64::from(std::process::id()))
}

// ---- kills ------------------------------------------------------------------------------------------------------------------------------------

#[test]
fn killed_servers_lose_and_repeat_nothing() {
    campaign::assert_exact(&campaign::run(&plan(seed()), &programs()));
}

#[test]
fn killed_servers_lose_and_repeat_nothing_in_a_flood() {
    campaign::assert_exact(&campaign::run(&Plan { flat_out: true, panes: 2, ..plan(seed() + 1) }, &programs()));
}

#[test]
fn killed_servers_lose_and_repeat_nothing_where_the_keeper_reads() {
    let plan = Plan { order: board::ORDER_KEEPER, kills: 40, panes: 2, life_us: 60_000, ..plan(seed() + 2) };
    campaign::assert_exact(&campaign::run(&plan, &programs()));
}

/// The campaign is worth something only if it notices. Reading first and counting afterwards is wrong, and is found to be.
#[test]
fn the_broken_order_is_noticed() {
    let plan = Plan { order: board::ORDER_BROKEN, flat_out: true, panes: 2, kills: 1000, enough_lost: 1, ..plan(seed() + 3) };
    let outcome = campaign::run(&plan, &programs());
    assert!(outcome.lost > 0, "a thousand kills and nothing was lost: {outcome:?}");
    assert_eq!(outcome.mistyped, 0, "input does not depend on the order of reading");
}

// ---- servers ----------------------------------------------------------------------------------------------------------------------------------

fn stage(panes: u64) -> (tempfile::TempDir, Stage) {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::open(folder.path(), &programs(), |board| board.set(board::PANES, panes));
    stage.wait("children write", |board| (0..panes).all(|pane| board.get(Board::pane(pane, of_pane::CHECKED)) > 0));
    (folder, stage)
}

#[test]
fn output_that_kills_its_reader_twice_is_quarantined() {
    let (_folder, stage) = stage(1);
    for death in 1..=2 {
        assert_eq!(stage.board.get(board::QUARANTINE), 0, "quarantined after {} deaths", death - 1);
        let served = stage.board.get(board::ACTIVE);
        stage.board.set(board::DO, board::DO_CRASH);
        stage.wait("another server serves", |board| board.get(board::ACTIVE) > served);
    }
    assert_eq!(stage.board.get(board::QUARANTINE), 77 + 1);
    // The server passed it and said so; and to be killed from outside is nobody's fault.
    stage.board.set(board::QUARANTINE, 0);
    let served = stage.board.get(board::ACTIVE);
    stage.kill_server();
    stage.wait("another server serves", |board| board.get(board::ACTIVE) > served);
    assert_eq!(stage.board.get(board::QUARANTINE), 0, "quarantined for ever");
}

#[test]
fn a_hung_server_is_replaced_when_somebody_asks() {
    let (_folder, stage) = stage(1);
    let first = stage.server_pid();
    let answer = ask(&stage.paths, &Message::Probe, PATIENCE).unwrap();
    assert_eq!(answer, Message::Ok { server_pid: first.into(), restarted: false });
    assert!(matches!(ask(&stage.paths, &Message::Start, PATIENCE).unwrap(), Message::Ok { restarted: false, .. }));
    ProcessWatch::open(first).unwrap().signal(rustix::process::Signal::STOP).unwrap();
    #[cfg(target_os = "linux")]
    wait_for("it is stopped", PATIENCE, || std::fs::read_to_string(format!("/proc/{first}/stat")).unwrap().contains(") T "));
    // Ten seconds of silence are granted.
    let answer = ask(&stage.paths, &Message::Probe, Duration::from_secs(40)).unwrap();
    let Message::Ok { server_pid, restarted: true } = answer else { panic!("{answer:?}") };
    assert_ne!(server_pid, u64::from(first));
}

fn order_upgrade(stage: &Stage, program: &str) {
    std::fs::write(stage.board.path.with_extension("upgrade"), program).unwrap();
    stage.board.set(board::DO, board::DO_UPGRADE);
}

#[test]
fn an_upgrade_replaces_the_server() {
    let (_folder, stage) = stage(2);
    let (first, served) = (stage.server_pid(), stage.board.get(board::ACTIVE));
    order_upgrade(&stage, "/usr/bin/env");
    stage.wait("the new server serves", |board| board.get(board::ACTIVE) > served);
    assert_ne!(stage.server_pid(), first);
    assert_eq!(stage.board.get(board::QUIESCES), 1);
    assert!(ProcessWatch::open(first).is_err() || ProcessWatch::open(first).unwrap().is_dead());
    stage.kill_server();
    stage.wait("it is started again", |board| board.get(board::ACTIVE) > served + 1);
}

#[test]
fn an_upgrade_to_a_program_that_fails_disturbs_nobody() {
    let (_folder, stage) = stage(1);
    let first = stage.server_pid();
    for (program, code) in [("/bin/false", libc::ENOEXEC), ("/etc/passwd", libc::EACCES)] {
        stage.board.set(board::ERROR, 0);
        order_upgrade(&stage, program);
        stage.wait("the upgrade is refused", |board| board.get(board::ERROR) == u64::from(code.cast_unsigned()));
    }
    assert_eq!((stage.server_pid(), stage.board.get(board::QUIESCES)), (first, 0));
}

#[test]
fn an_upgrade_that_never_serves_is_taken_back() {
    let (_folder, stage) = stage(1);
    let (first, served) = (stage.server_pid(), stage.board.get(board::ACTIVE));
    stage.board.set(board::MUTE, 1);
    order_upgrade(&stage, "/usr/bin/env");
    stage.wait("the new server is there", |board| board.get(board::SERVER_PID) != u64::from(first));
    let mute = stage.server_pid();
    stage.wait("the old one was asked to stop", |board| board.get(board::QUIESCES) == 1);
    stage.wait("the old one is gone", |_| ProcessWatch::open(first).is_err());
    stage.wait("the new one has gone mute", |board| board.get(board::MUTE) == 0);
    // Five seconds are granted to it.
    stage.wait("a server serves again", |board| board.get(board::ACTIVE) > served);
    assert!(ProcessWatch::open(mute).is_err() && stage.server_pid() != mute);
}

#[test]
fn two_clients_start_one_keeper() {
    let folder = tempfile::tempdir().unwrap();
    let paths = KeeperPaths::in_dir(folder.path().join("run"));
    let board = Board::create(&folder.path().join("board"));
    let server = programs().role("server", &board.path, &[]);
    let ready: Vec<Ready> = std::thread::scope(|scope| {
        let starters: Vec<_> = (0..4).map(|_| scope.spawn(|| start(&paths, Some(&baton()), &server).unwrap())).collect();
        starters.into_iter().map(|starter| starter.join().unwrap()).collect()
    });
    assert_eq!(ready.iter().filter(|ready| **ready == Ready::Started).count(), 1, "{ready:?}");
    let stage = Stage { paths: paths.clone(), board };
    stage.wait("a server serves", |board| board.get(board::ACTIVE) == 1);
    drop(stage);
    // And after its end, over what it left, another one.
    std::fs::write(&paths.socket, "").unwrap();
    let stage = Stage { paths, board: Board::open(&folder.path().join("board")) };
    assert_eq!(start(&stage.paths, Some(&baton()), &server).unwrap(), Ready::Started);
    stage.wait("a server serves", |board| board.get(board::ACTIVE) == 2);
}

#[test]
fn a_keeper_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let paths = KeeperPaths::in_dir(folder.path().join("x".repeat(100)));
    let error = start(&paths, Some(&baton()), &[]).unwrap_err().to_string();
    assert!(error.contains("too long"), "{error}");
    let linked = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &linked).unwrap();
    let error = start(&KeeperPaths::in_dir(linked), Some(&baton()), &[]).unwrap_err().to_string();
    assert!(error.contains("link"), "{error}");
}

// ---- the wire, with this test as the server ---------------------------------------------------------------------------------------------------

/// A keeper whose server is this test. Another process stands for the server where a process is needed: what the keeper would kill.
struct Direct {
    _folder: tempfile::TempDir,
    paths: KeeperPaths,
    stand_in: Child,
    link: Link,
    inventory: Inventory,
    heard: VecDeque<(Message, Vec<OwnedFd>)>,
}

fn stand_in() -> Child {
    Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
}

impl Direct {
    fn open() -> Self {
        Self::with_keeper(&baton())
    }

    fn with_keeper(keeper: &std::path::Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = KeeperPaths::in_dir(folder.path().join("run"));
        let stand_in = stand_in();
        let mut link = adopt_for(stand_in.id(), &paths, Some(keeper), &[], &[]).unwrap();
        let inventory = link.attach(false, PATIENCE).unwrap();
        assert!(inventory.panes.is_empty());
        let mut direct = Self { _folder: folder, paths, stand_in, link, inventory, heard: VecDeque::new() };
        direct.say(&Message::Active);
        direct
    }

    fn say(&mut self, message: &Message) {
        self.link.send_waiting(message, &[], PATIENCE).unwrap();
    }

    /// The next message that `wanted` takes; others are kept for later.
    #[track_caller]
    fn hear<T>(&mut self, what: &str, mut wanted: impl FnMut(&Message) -> Option<T>) -> (T, Vec<OwnedFd>) {
        let found = self.heard.iter().position(|(message, _)| wanted(message).is_some());
        if let Some((message, fds)) = found.and_then(|found| self.heard.remove(found)) {
            return (wanted(&message).unwrap(), fds);
        }
        loop {
            let (message, fds) =
                self.link.recv_waiting(PATIENCE).unwrap_or_else(|error| panic!("waited for {what}: {error}; heard {:?}", self.heard));
            if let Some(value) = wanted(&message) {
                return (value, fds);
            }
            self.heard.push_back((message, fds));
        }
    }

    #[track_caller]
    fn refusal(&mut self, of: u32) -> (u64, String) {
        let refused = |message: &Message| match message {
            Message::Err { of: refused, code, text, .. } if *refused == of => Some((*code, text.clone())),
            _ => None,
        };
        self.hear("a refusal", refused).0
    }

    #[track_caller]
    fn spawn(&mut self, pane: u64, argv: &[&str]) -> HeldPane {
        self.say(&request(pane, argv));
        let (record, fds) = self.hear("the pane", |message| match message {
            Message::Pane(record) if record.pane == PaneId(pane) => Some(record.clone()),
            Message::Err { of: kind::SPAWN, text, .. } => panic!("{text}"),
            _ => None,
        });
        HeldPane::new(record, fds).unwrap()
    }

    #[track_caller]
    fn exit(&mut self, pane: u64) -> batonmux::protocol::keeper::Exit {
        self.hear("the exit", |message| match message {
            Message::Exited { pane: ended, exit } if *ended == PaneId(pane) => Some(*exit),
            _ => None,
        })
        .0
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        let keeper = ProcessWatch::open(self.inventory.keeper_pid);
        let _ = self.link.send(&Message::Shutdown, &[]);
        if let (Ok(keeper), false) = (keeper, std::thread::panicking()) {
            wait_for("the keeper ends", PATIENCE, || keeper.is_dead());
        }
        let _ = self.stand_in.kill();
        let _ = self.stand_in.wait();
    }
}

fn request(pane: u64, argv: &[&str]) -> Message {
    let env = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
    Message::Spawn(SpawnRequest {
        pane: PaneId(pane),
        size: Size::new(81, 23),
        argv: argv.iter().map(|arg| arg.as_bytes().to_vec()).collect(),
        env: vec![env("PATH", "/usr/bin:/bin"), env("SHELL", "/bin/sh"), env("PS1", "prompt> "), env("GREETING", "hello there")],
        cwd: b"/usr".to_vec(),
        memory: MemoryShape { ring_len: 16 * 1024, checkpoint_len: 0, history_bytes: 0 },
        meta: b"made by a test".to_vec(),
    })
}

/// Reads a pane until its output holds `text`, or to its end when that is `None`; all that it printed.
#[track_caller]
fn read_until(held: &HeldPane, text: Option<&str>) -> String {
    let mut memory = PaneMemory::open(held.memory.try_clone().unwrap()).unwrap();
    memory.recover();
    loop {
        let (left, right) = memory.bytes(0, memory.head());
        let all = String::from_utf8_lossy(&[left, right].concat()).into_owned();
        if text.is_some_and(|text| all.contains(text)) {
            return all;
        }
        assert!(platform::wait_readable(held.master.as_fd(), Some(PATIENCE)).unwrap(), "waited for {text:?}, but there is only {all:?}");
        if memory.take(held.master.as_fd(), usize::MAX).unwrap() == Take::Eof {
            assert!(text.is_none(), "it ended without {text:?}: {all:?}");
            return all;
        }
    }
}

#[test]
fn programs_start_in_their_place_and_end_with_their_code() {
    let mut direct = Direct::open();
    let held = direct.spawn(1, &["sh", "-c", "pwd; echo $GREETING; stty size; ulimit -S -n; tty; trap; exit 7"]);
    let memory = PaneMemory::open(held.memory.try_clone().unwrap()).unwrap();
    assert_eq!(memory.meta(), Some(&b"made by a test"[..]));
    assert_eq!(platform::start_time(held.record.pid).unwrap_or(held.record.start_time), held.record.start_time);
    let printed = read_until(&held, None);
    let limit = platform::descriptor_limit().to_string();
    for expected in ["/usr\r\n", "hello there\r\n", "23 81\r\n", &limit, "/dev/pts/"] {
        assert!(printed.contains(expected), "{expected:?} is not in {printed:?}");
    }
    assert_eq!(direct.exit(1).code(), Some(7));
    direct.spawn(2, &["sh", "-c", "kill -SEGV $$"]);
    let exit = direct.exit(2);
    assert_eq!((exit.signal(), exit.code()), (Some(11), None));
    // The login shell says of itself that it is one.
    let shell = direct.spawn(3, &[]);
    direct.say(&Message::Input { pane: PaneId(3), source: 1, seq: 1, lazy: false, bytes: b"echo I am $0; exit 3\r".to_vec() });
    assert!(read_until(&shell, None).contains("I am -sh\r\n"));
    assert_eq!(direct.exit(3).code(), Some(3));
}

#[test]
fn a_program_that_cannot_start_is_an_error_and_harms_nobody() {
    use std::os::unix::fs::PermissionsExt;
    let mut direct = Direct::open();
    let held = direct.spawn(1, &["cat"]);
    let script = direct.paths.runtime_dir.join("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    for (program, code) in
        [("no-such-program", libc::ENOENT), ("/etc/passwd", libc::EACCES), ("/usr", libc::EACCES), (script.to_str().unwrap(), libc::ENOENT)]
    {
        direct.say(&request(2, &[program]));
        let (errno, text) = direct.refusal(kind::SPAWN);
        assert_eq!((errno, text.contains(program)), (u64::from(code.cast_unsigned()), true), "{program}: {text}");
    }
    direct.say(&request(1, &["cat"]));
    assert_eq!(direct.refusal(kind::SPAWN).0, u64::from(libc::EEXIST.cast_unsigned()));
    direct.say(&Message::Input { pane: PaneId(1), source: 1, seq: 1, lazy: false, bytes: b"still there\r".to_vec() });
    read_until(&held, Some("still there\r\nstill there\r\n"));
}

#[test]
fn sizes_signals_and_forgetting_reach_the_program() {
    let mut direct = Direct::open();
    let script = "trap 'stty size' WINCH; trap 'echo got usr1' USR1; echo ready; while :; do read line || :; done";
    let held = direct.spawn(1, &["sh", "-c", script]);
    read_until(&held, Some("ready"));
    direct.say(&Message::Resize { pane: PaneId(1), size: Size::new(100, 50) });
    read_until(&held, Some("50 100"));
    direct.say(&Message::Signal { pane: PaneId(1), signal: libc::SIGUSR1, to: SignalTo::Foreground });
    read_until(&held, Some("got usr1"));
    let foreground = platform::foreground(held.master.as_fd()).unwrap();
    assert_eq!(
        (foreground.group, foreground.command.unwrap().to_str(), foreground.cwd),
        (held.record.pid, Some("sh"), Some("/usr".into()))
    );
    direct.say(&Message::Signal { pane: PaneId(1), signal: 9999, to: SignalTo::Child });
    assert_eq!(direct.refusal(kind::SIGNAL).0, u64::from(libc::EINVAL.cast_unsigned()));
    let watch = ProcessWatch::open(held.record.pid).unwrap();
    direct.say(&Message::Forget { pane: PaneId(1) });
    drop(held);
    wait_for("the program is hung up", PATIENCE, || watch.is_dead());
    direct.say(&Message::Forget { pane: PaneId(1) });
    assert_eq!(direct.refusal(kind::FORGET).0, u64::from(libc::ENOENT.cast_unsigned()));
}

#[test]
fn a_full_queue_refuses_and_tells_when_it_has_drained() {
    let mut direct = Direct::open();
    let held = direct.spawn(1, &["sh", "-c", "stty raw -echo; echo ready; read go </dev/null; sleep 1000 & wait"]);
    read_until(&held, Some("ready"));
    let input = |seq, bytes: &[u8]| Message::Input { pane: PaneId(1), source: 1, seq, lazy: false, bytes: bytes.to_vec() };
    let mut refused = 0;
    for seq in 1..=2 * (INPUT_QUEUE_MAX / 8192) as u64 {
        direct.say(&input(seq, &[b'x'; 8192]));
        let full = direct
            .hear("an answer", |message| match message {
                Message::Inack { seq: acked, .. } if *acked == seq => Some(false),
                Message::Err { of: kind::INPUT, code: ERR_FULL, detail, .. } if *detail == seq => Some(true),
                _ => None,
            })
            .0;
        if full {
            refused = seq;
            break;
        }
    }
    assert!(refused > 8, "refused {refused}");
    // Somebody empties the terminal: the kernel's own queue is flushed until the keeper's has drained.
    let slave = platform::open_slave(held.master.as_fd()).unwrap();
    platform::set_nonblocking(slave.as_fd(), true).unwrap();
    let drained = std::cell::Cell::new(false);
    wait_for("the queue drains", PATIENCE, || {
        while rustix::io::read(&slave, &mut [0; 4096]).is_ok() {}
        while let Some((message, _)) = direct.link.recv().unwrap() {
            drained.set(drained.get() || message == Message::Drained { pane: PaneId(1) });
        }
        drained.get()
    });
    direct.say(&input(refused, b"again"));
    direct.hear("the acknowledgement", |message| matches!(message, Message::Inack { seq, .. } if *seq == refused).then_some(()));
}

#[test]
fn named_descriptors_are_kept_and_given_back() {
    let mut direct = Direct::open();
    let object = platform::memory_object(4096).unwrap();
    platform::write_at(object.as_fd(), b"remember me", 0).unwrap();
    direct.link.send_waiting(&Message::Put { name: "state".to_owned() }, &[object.as_fd()], PATIENCE).unwrap();
    drop(object);
    let kept = direct.link.take("state", &mut VecDeque::new(), PATIENCE).unwrap();
    let mut text = [0; 11];
    platform::read_at(kept.as_fd(), &mut text, 0).unwrap();
    assert_eq!(&text, b"remember me");
    direct.say(&Message::Drop { name: "state".to_owned() });
    assert_eq!(direct.link.take("state", &mut VecDeque::new(), PATIENCE).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    direct.say(&Message::Put { name: "without".to_owned() });
    assert_eq!(direct.refusal(kind::PUT).0, ERR_PROTOCOL);
}

#[test]
fn nothing_that_is_said_is_fatal() {
    let mut direct = Direct::open();
    let held = direct.spawn(1, &["cat"]);
    direct.say(&Message::Unknown { kind: 4711, pane: PaneId(3) });
    assert_eq!(direct.refusal(4711).0, ERR_UNKNOWN);
    for message in [Message::Ready, Message::Drained { pane: PaneId(1) }, Message::Probe, Message::Adopt(held.record.clone())] {
        direct.say(&message);
        assert_eq!(direct.refusal(message.kind()).0, ERR_PROTOCOL, "{message:?}");
    }
    // Raw garbage of every length and kind, over the same link.
    let mut random = keeper_support::Random::new(seed());
    let mut raw = platform::KeeperSocket::from_fd(direct.link.as_fd().try_clone_to_owned().unwrap()).unwrap();
    for round in 0..5000_u64 {
        let mut packet: Vec<u8> = (0..random.below(120)).map(|_| random.below(256) as u8).collect();
        // Kinds that say something are left out when they would end the conversation: shutdown, hello, forget, quiesced, spawn with luck.
        let kind = [4, 6, 7, 8, 10, 11, 14, 15, 17, 20, 22, 24, 25, 26, 32, 40][random.below(16) as usize];
        if packet.len() >= 4 && round % 3 > 0 {
            packet[..4].copy_from_slice(&u32::to_le_bytes(kind));
        }
        if packet.is_empty() || packet.first_chunk::<4>().is_some_and(|kind| matches!(u32::from_le_bytes(*kind), 27 | 13)) {
            continue;
        }
        wait_for("the keeper takes garbage", PATIENCE, || {
            while direct.link.recv().is_ok_and(|message| message.is_some()) {}
            raw.send(&packet, &[]).is_ok()
        });
    }
    direct.heard.clear();
    direct.say(&Message::Ping { nonce: 99 });
    direct.hear("the pong", |message| matches!(message, Message::Pong { nonce: 99 }).then_some(()));
    direct.say(&Message::Input { pane: PaneId(1), source: 1 << 40, seq: 1, lazy: false, bytes: b"alive\r".to_vec() });
    read_until(&held, Some("alive\r\nalive\r\n"));
}

#[test]
fn without_descriptors_a_spawn_fails_and_works_again_later() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = folder.path().join("keeper");
    std::fs::write(&keeper, format!("#!/bin/sh\nulimit -n 40\nexec '{}' \"$@\"\n", baton().display())).unwrap();
    std::fs::set_permissions(&keeper, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut direct = Direct::with_keeper(&keeper);
    let mut held = Vec::new();
    // At each number of free descriptors something else is the first that cannot be had: the memory, the terminal, the pipe of the fork.
    let refused = loop {
        let pane = held.len() as u64;
        direct.say(&request(pane, &["cat"]));
        let (answer, fds) = direct.hear("an answer", |message| match message {
            Message::Pane(record) => Some(Ok(record.clone())),
            Message::Err { of: kind::SPAWN, code, text, .. } => Some(Err((*code, text.clone()))),
            _ => None,
        });
        match answer {
            Ok(record) => held.push(HeldPane::new(record, fds).unwrap()),
            Err(refused) => break refused,
        }
        assert!(held.len() < 40, "the limit does not hold");
    };
    assert_eq!(refused.0, u64::from(libc::EMFILE.cast_unsigned()), "{}", refused.1);
    assert!(held.len() > 5, "only {} panes", held.len());
    for (index, pane) in held.iter().enumerate() {
        direct.say(&Message::Input { pane: PaneId(index as u64), source: 1, seq: 1, lazy: false, bytes: b"here\r".to_vec() });
        read_until(pane, Some("here\r\nhere\r\n"));
    }
    // Named descriptors fill what is left, one by one, so that every later step of a spawn fails in its turn.
    for extra in 0..20 {
        let object = platform::memory_object(1).unwrap();
        direct.link.send_waiting(&Message::Put { name: format!("extra-{extra}") }, &[object.as_fd()], PATIENCE).unwrap();
        direct.say(&request(100, &["cat"]));
        assert_eq!(direct.refusal(kind::SPAWN).0, u64::from(libc::EMFILE.cast_unsigned()));
    }
    for extra in 0..20 {
        direct.say(&Message::Drop { name: format!("extra-{extra}") });
    }
    for pane in 0..4 {
        direct.say(&Message::Forget { pane: PaneId(pane) });
    }
    held.drain(..4);
    direct.heard.clear();
    let again = direct.spawn(200, &["echo", "works again"]);
    assert!(read_until(&again, None).contains("works again"));
    assert_eq!(direct.exit(200).code(), Some(0));
}

#[test]
fn a_dead_keeper_is_replaced_and_no_pane_notices() {
    let mut direct = Direct::open();
    let talking = direct.spawn(1, &["cat"]);
    let ending = direct.spawn(2, &["sh", "-c", "read code; exit $code"]);
    let ended = direct.spawn(3, &["sh", "-c", "exit 5"]);
    let fifth = direct.exit(3);
    direct.say(&Message::Input { pane: PaneId(1), source: 9, seq: 4, lazy: false, bytes: b"before\r".to_vec() });
    direct.hear("the acknowledgement", |message| matches!(message, Message::Inack { seq: 4, .. }).then_some(()));
    let named = platform::memory_object(4096).unwrap();

    // Nobody is there when this one ends; the descriptor of its process remembers.
    let watches: Vec<ProcessWatch> = [&talking, &ending].map(|held| ProcessWatch::open(held.record.pid).unwrap()).into();
    let keeper = ProcessWatch::open(direct.inventory.keeper_pid).unwrap();
    keeper.kill().unwrap();
    wait_for("the keeper is dead", PATIENCE, || keeper.is_dead());
    assert!(direct.link.recv().is_err(), "the link still lives");
    rustix::io::write(&ending.master, b"44\r").unwrap();
    wait_for("the program ends", PATIENCE, || watches[1].is_dead());

    let mut records = [talking.record.clone(), ending.record.clone(), ended.record.clone()];
    records[0].inputs = vec![(9, 4)];
    records[2].exit = Some(fifth);
    let orphans: Vec<OrphanedPane<'_>> = [&talking, &ending, &ended]
        .into_iter()
        .zip(records)
        .enumerate()
        .map(|(index, (held, record))| OrphanedPane {
            record,
            master: held.master.as_fd(),
            memory: held.memory.as_fd(),
            process: watches.get(index).filter(|_| index == 1).map(AsFd::as_fd),
            pipe: held.pipe.as_ref().map(|(read, write)| [read.as_fd(), write.as_fd()]),
        })
        .collect();
    direct.link = adopt_for(direct.stand_in.id(), &direct.paths, Some(&baton()), &[("state", named.as_fd())], &orphans).unwrap();
    direct.inventory = direct.link.attach(false, PATIENCE).unwrap();
    // The keeper may find out in the middle of the inventory.
    direct.heard.extend(std::mem::take(&mut direct.inventory.early).into_iter().map(|message| (message, Vec::new())));
    direct.say(&Message::Active);
    assert_eq!(direct.inventory.panes.iter().map(|held| held.record.pane.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(direct.inventory.panes[2].record.exit, Some(fifth));
    let mut early = VecDeque::new();
    assert!(direct.link.take("state", &mut early, PATIENCE).is_ok());
    direct.heard.extend(early.into_iter().map(|message| (message, Vec::new())));
    let fourth = match direct.inventory.panes[1].record.exit {
        Some(exit) => exit,
        None => direct.exit(2),
    };
    if cfg!(target_os = "linux") {
        assert_eq!(fourth.code(), Some(44), "who is not the parent learns it by the descriptor");
    }
    // The pane goes on, and what was typed before is not typed again.
    for (seq, text) in [(4, "before\r"), (5, "after\r")] {
        direct.say(&Message::Input { pane: PaneId(1), source: 9, seq, lazy: false, bytes: text.as_bytes().to_vec() });
    }
    let printed = read_until(&direct.inventory.panes[0], Some("after\r\nafter\r\n"));
    assert_eq!(printed.matches("before").count(), 2, "{printed:?}");
    // Its end is seen, and its signals are still delivered.
    direct.say(&Message::Signal { pane: PaneId(1), signal: libc::SIGKILL, to: SignalTo::Child });
    let exit = direct.exit(1);
    assert!(exit.signal() == Some(9) || !cfg!(target_os = "linux"), "{exit:?}");
    direct.spawn(7, &["sh", "-c", "exit 6"]);
    assert_eq!(direct.exit(7).code(), Some(6));
}

#[test]
fn a_broken_link_is_the_servers_death() {
    let mut direct = Direct::open();
    direct.spawn(1, &["cat"]);
    let watch = ProcessWatch::open(direct.stand_in.id()).unwrap();
    // This test drops the link; the process that stands for the server must die for it before anybody else is let in.
    let keeper = ProcessWatch::open(direct.inventory.keeper_pid).unwrap();
    let (one, _) = platform::KeeperSocket::pair().unwrap();
    drop(std::mem::replace(&mut direct.link, Link::from_fd(one.into_fd()).unwrap()));
    wait_for("the stand-in is killed", PATIENCE, || watch.is_dead());
    assert!(!keeper.is_dead(), "the keeper went along");
    assert!(matches!(ask(&direct.paths, &Message::Shutdown, PATIENCE).unwrap(), Message::Ok { .. }));
}

#[test]
fn termination_ends_a_keeper_only_without_panes() {
    let mut direct = Direct::open();
    let keeper = ProcessWatch::open(direct.inventory.keeper_pid).unwrap();
    let held = direct.spawn(1, &["cat"]);
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP, rustix::process::Signal::INT] {
        keeper.signal(signal).unwrap();
    }
    direct.say(&Message::Input { pane: PaneId(1), source: 1, seq: 1, lazy: false, bytes: b"here\r".to_vec() });
    read_until(&held, Some("here\r\nhere\r\n"));
    direct.say(&Message::Forget { pane: PaneId(1) });
    direct.say(&Message::Ping { nonce: 1 });
    direct.hear("the pong", |message| matches!(message, Message::Pong { nonce: 1 }).then_some(()));
    keeper.signal(rustix::process::Signal::TERM).unwrap();
    wait_for("the keeper ends", PATIENCE, || keeper.is_dead());
}

/// What a pane costs the keeper: two descriptors and next to no memory. `BATON_PANES=1000` and `BATON_KEEPER=target/release/baton` for the figure that
/// counts; it is printed.
#[test]
#[cfg(target_os = "linux")]
fn a_keeper_of_many_panes_is_small() {
    let panes: u64 = std::env::var("BATON_PANES").ok().and_then(|panes| panes.parse().ok()).unwrap_or(100);
    let keeper = std::env::var_os("BATON_KEEPER").map_or_else(baton, PathBuf::from);
    let mut direct = Direct::with_keeper(&keeper);
    let pid = direct.inventory.keeper_pid;
    // All that is resident, and what of it is its own: pages of the binary come and go with the machine's mood.
    let rss_kib = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let of = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        (of("VmRSS:"), of("RssAnon:"))
    };
    let descriptors = || std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64;
    drop(direct.spawn(0, &["sleep", "1000"]));
    let ((empty, own_empty), open) = (rss_kib(), descriptors());
    for pane in 1..=panes {
        drop(direct.spawn(pane, &["sleep", "1000"]));
    }
    let ((full, own_full), opened) = (rss_kib(), descriptors() - open);
    println!("keeper: {empty} KiB resident with 1 pane, {full} KiB with {} panes, {opened} descriptors more", panes + 1);
    // Master, memory, and where terminals can be spliced to the two ends of the input pipe.
    assert_eq!(opened, 4 * panes);
    assert!(own_full.saturating_sub(own_empty) <= 600 + 2 * panes, "{own_empty} KiB of its own became {own_full} KiB");
}
