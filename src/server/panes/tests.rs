//! Tests of the workers, against real terminals and sockets, without a keeper.

use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::frames::WINDOW;
use super::raw::Raw;
use super::*;
use crate::platform;
use crate::protocol::frame::Decoder;
use crate::protocol::message::ServerMessage;
use crate::ring::Config;
use crate::terminal::effect::Reply;
use crate::terminal::{Effects, Row, Screen, diff};

const SIZE: Size = Size::new(40, 6);
const PATIENCE: Duration = Duration::from_secs(30);

/// The raw view, which also rings at BEL, answers `?`, sets a title at `^` and a clipboard at `!`, panics at `@` and at 66 columns, reads the black box
/// at `#`, and counts its refreshes.
struct Plain {
    raw: Raw,
}

/// A second look into the black box of the one test that has one.
static BLACKBOX: std::sync::OnceLock<Blackbox> = std::sync::OnceLock::new();
static REFRESHES: AtomicUsize = AtomicUsize::new(0);

impl Engine for Plain {
    fn feed(&mut self, bytes: &[u8], at: u64, effects: &mut Effects) {
        for (byte, at) in bytes.iter().zip(at..) {
            match byte {
                7 => effects.bell = true,
                b'?' => effects.replies.push(Reply { seq: at + 1, bytes: b"yes".to_vec() }),
                b'^' => effects.title = Some(format!("title {at}")),
                b'!' => effects.clipboard = Some(at.to_string().into_bytes()),
                b'#' => {
                    let marks = BLACKBOX.get().map(Blackbox::read).unwrap_or_default();
                    effects.title = marks.first().map(|mark| format!("{} from {}", mark.pane, mark.offset));
                }
                b'@' => std::panic::resume_unwind(Box::new("as asked")),
                _ => self.raw.feed(&[*byte], at, effects),
            }
        }
    }

    fn resize(&mut self, size: Size, effects: &mut Effects) {
        if size.cols == 66 {
            std::panic::resume_unwind(Box::new("as asked"));
        }
        self.raw.resize(size, effects);
    }

    fn screen(&mut self) -> &Screen {
        if self.raw.screen().size.cols == 77 {
            REFRESHES.fetch_add(1, Ordering::SeqCst);
        }
        self.raw.screen()
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, _: &[u8]) -> bool {
        false
    }
}

fn plain(max: usize) -> (Workers, Arc<Notices>) {
    let notices = Arc::new(Notices::new());
    (Workers::with_engine(notices.clone(), None, max, |size, _| Box::new(Plain { raw: Raw::new(size) })), notices)
}

/// A pane's terminal and memory, as the keeper would hold them.
struct Held {
    master: OwnedFd,
    slave: OwnedFd,
    object: OwnedFd,
}

impl Held {
    fn new(size: Size) -> Self {
        let (master, slave) = platform::raw_pty_pair().expect("a terminal");
        platform::set_packet_mode(master.as_fd(), true).expect("packet mode");
        platform::set_terminal_size(master.as_fd(), size).expect("a size");
        let config = Config { ring_len: 256 * 1024, checkpoint_len: 0, history_bytes: 1024 * 1024, size, meta: Vec::new() };
        Self { master, slave, object: PaneMemory::create_object(&config).expect("memory") }
    }

    fn setup(&self, pane: u64, size: Size, fresh: bool) -> PaneSetup {
        PaneSetup {
            pane: PaneId(pane),
            incarnation: 1,
            memory: PaneMemory::open(self.object.try_clone().expect("a descriptor")).expect("memory"),
            master: self.master.try_clone().expect("a descriptor"),
            size,
            fresh,
            quarantined: false,
            history: HistoryLimits { lines: 10_000 },
            look: Look::default(),
        }
    }

    fn print(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = rustix::io::write(&self.slave, rest).expect("the terminal takes output");
            rest = &rest[written..];
        }
    }
}

/// What the owner would have seen of a pane.
fn asked<T: Send + 'static>(workers: &Workers, pane: u64, question: impl FnOnce(&mut PaneView<'_>) -> T + Send + 'static) -> T {
    let (give, get) = mpsc::channel();
    assert!(workers.ask(PaneId(pane), move |view| give.send(question(view)).expect("the test waits")), "no pane {pane}");
    get.recv_timeout(PATIENCE).expect("the worker answers")
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::yield_now();
    }
}

fn until_parsed(workers: &Workers, pane: u64, offset: usize) {
    let end = Instant::now() + PATIENCE;
    while asked(workers, pane, |view| view.stream_offset()) < offset as u64 {
        assert!(Instant::now() < end, "never: {offset} bytes of pane {pane} parsed; {}", asked(workers, pane, |view| view.state()));
        std::thread::yield_now();
    }
}

fn text(workers: &Workers, pane: u64) -> Vec<String> {
    asked(workers, pane, |view| view.screen().rows.iter().map(|row| row.row.text.clone()).collect())
}

/// Everything that a pane shows and keeps.
#[derive(Debug, PartialEq)]
struct Shown {
    rows: Vec<Row>,
    history: Vec<(u64, Row)>,
}

fn shown(workers: &Workers, pane: u64) -> Shown {
    asked(workers, pane, |view| Shown {
        rows: view.screen().rows.iter().map(|row| row.row.clone()).collect(),
        history: view.history().lines(0, usize::MAX, usize::MAX),
    })
}

/// Waits for notices of a pane until `enough`, all of them merged by the test's needs.
fn notices_until(notices: &Notices, what: &str, mut enough: impl FnMut(PaneId, &PaneNotices) -> bool) -> Vec<(PaneId, PaneNotices)> {
    let mut seen = Vec::new();
    let mut found = false;
    until(what, || {
        for (pane, notice) in notices.take() {
            found |= enough(pane, &notice);
            seen.push((pane, notice));
        }
        found
    });
    seen
}

/// A client: applies frames and acknowledges them if told to.
struct Client {
    id: AttachmentId,
    socket: UnixStream,
    outbox: Arc<Outbox>,
    decoder: Decoder,
    screen: Screen,
    frames: usize,
}

impl Client {
    fn new(id: u64) -> Self {
        let (ours, socket) = UnixStream::pair().expect("socket pair");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let outbox = Outbox::new(ours.into());
        Self { id: AttachmentId(id), socket, outbox, decoder: Decoder::new(), screen: Screen::new(Size::new(1, 1)), frames: 0 }
    }

    fn watch(id: u64, workers: &Workers, pane: u64) -> Self {
        let client = Self::new(id);
        workers.watch(PaneId(pane), client.id, client.outbox.clone());
        client
    }

    fn decode(&mut self) -> Option<u64> {
        let ServerMessage::Frame(frame) = self.decoder.next().expect("a sound stream")? else { panic!("only frames are sent") };
        let changes = diff::Diff::decode(&mut &frame.diff[..]).expect("a diff");
        diff::apply(&mut self.screen, &changes).expect("the base it has");
        self.frames += 1;
        Some(frame.version)
    }

    /// The next frame's version.
    fn next(&mut self) -> u64 {
        loop {
            if let Some(version) = self.decode() {
                return version;
            }
            let mut buffer = [0; 65536];
            let len = self.socket.read(&mut buffer).expect("a frame comes");
            assert!(len > 0, "the outbox was closed");
            self.decoder.push(&buffer[..len]);
        }
    }

    /// Frames that are here already.
    fn here(&mut self) -> usize {
        self.socket.set_nonblocking(true).expect("nonblocking");
        let mut buffer = [0; 65536];
        while let Ok(len @ 1..) = self.socket.read(&mut buffer) {
            self.decoder.push(&buffer[..len]);
        }
        self.socket.set_nonblocking(false).expect("blocking");
        let before = self.frames;
        while self.decode().is_some() {}
        self.frames - before
    }

    fn shows(&self, text: &str) -> bool {
        self.screen.rows.iter().any(|row| row.row.text.contains(text))
    }

    /// Draws and acknowledges until `text` is on the screen.
    fn until(&mut self, workers: &Workers, pane: u64, text: &str) {
        while !self.shows(text) {
            let version = self.next();
            workers.ack(PaneId(pane), self.id, version);
        }
    }
}

#[test]
fn output_is_on_the_screen_in_history_and_at_the_viewer() {
    let (mut workers, notices) = plain(1);
    let held = Held::new(SIZE);
    workers.add(held.setup(1, SIZE, true)).expect("a worker");
    let mut client = Client::watch(5, &workers, 1);
    let mut lines = String::new();
    for n in 0..2000 {
        lines += &format!("line {n}\n");
    }
    held.print(lines.as_bytes());
    client.until(&workers, 1, "line 1999");
    assert_eq!(text(&workers, 1), ["line 1995", "line 1996", "line 1997", "line 1998", "line 1999", ""]);
    let shown = shown(&workers, 1);
    assert_eq!(shown.history.len(), 1995);
    assert!(shown.history.iter().all(|(n, row)| row.text == format!("line {n}")), "history in order");
    assert!(notices.take().iter().any(|(pane, notice)| *pane == PaneId(1) && notice.ready));
}

#[test]
fn a_viewer_that_does_not_acknowledge_gets_a_window_of_frames_and_then_the_newest_state() {
    let (mut workers, _notices) = plain(1);
    let held = Held::new(SIZE);
    workers.add(held.setup(1, SIZE, true)).expect("a worker");
    let mut client = Client::watch(5, &workers, 1);
    let version = client.next();
    let mut printed = 0;
    for n in 0..200 {
        let line = format!("line {n}\n");
        held.print(line.as_bytes());
        printed += line.len();
        until_parsed(&workers, 1, printed);
    }
    assert_eq!(client.here(), WINDOW - 1, "frames without an acknowledgement");
    workers.ack(PaneId(1), client.id, version);
    let newest = client.next();
    assert!(client.shows("line 199"));
    workers.ack(PaneId(1), client.id, newest);
    asked(&workers, 1, |_| ());
    assert_eq!(client.here(), 0, "a frame for nothing new");
    // Lost what it had.
    workers.ack(PaneId(1), client.id, 0);
    assert_eq!(client.next(), newest);
}

#[test]
fn a_stopped_viewer_and_no_viewer_cost_no_refresh() {
    let (mut workers, _notices) = plain(1);
    let size = Size::new(77, 6); // refreshes are counted at this width
    let held = Held::new(size);
    workers.add(held.setup(1, size, true)).expect("a worker");
    let flood = b"something to read\n".repeat(500);
    held.print(&flood);
    until_parsed(&workers, 1, flood.len());
    assert_eq!(REFRESHES.load(Ordering::SeqCst), 0, "refreshed for nobody");
    let mut client = Client::watch(5, &workers, 1);
    client.next();
    let before = REFRESHES.load(Ordering::SeqCst);
    for round in 2..20 {
        held.print(&flood);
        until_parsed(&workers, 1, flood.len() * round);
    }
    assert_eq!(REFRESHES.load(Ordering::SeqCst) - before, WINDOW - 1, "refreshed for one who does not read");
}

#[test]
fn a_flood_and_a_quiet_pane_on_one_worker_both_make_progress() {
    let (mut workers, _notices) = plain(1);
    let (loud, quiet) = (Held::new(SIZE), Held::new(SIZE));
    workers.add(loud.setup(1, SIZE, true)).expect("a worker");
    workers.add(quiet.setup(2, SIZE, true)).expect("a worker");
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let flood = {
        let (stop, slave) = (stop.clone(), loud.slave.try_clone().expect("a descriptor"));
        std::thread::spawn(move || {
            let block = b"flood flood flood flood flood\n".repeat(100);
            while !stop.load(Ordering::Relaxed) {
                let _ = rustix::io::write(&slave, &block);
            }
        })
    };
    let mut client = Client::watch(5, &workers, 2);
    let mut seen = 0;
    for n in 0..50 {
        workers.typed(PaneId(2), b"x");
        quiet.print(format!("key {n}.").as_bytes());
        client.until(&workers, 2, &format!("key {n}."));
        let parsed = asked(&workers, 1, |view| view.stream_offset());
        assert!(parsed >= seen, "the flood went back");
        seen = parsed;
        if n % 5 == 4 {
            quiet.print(b"\n");
        }
    }
    until_parsed(&workers, 1, usize::try_from(seen).expect("small") + 200_000);
    stop.store(true, Ordering::Relaxed);
    // The writer may be stuck in a full terminal until the pane is read: it is, so it ends.
    flood.join().expect("the flood ends");
}

/// A stream with long lines, control characters and every effect that the engine knows.
fn stream(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut n = 0u64;
    while bytes.len() < len {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let line = "word ".repeat((n >> 60) as usize + 1);
        bytes.extend_from_slice(format!("{} {line}\x07{}\n", bytes.len(), if n & 1024 == 0 { "?" } else { "^" }).as_bytes());
    }
    bytes
}

#[test]
fn a_pane_whose_worker_died_comes_back_equal() {
    let stream = stream(120_000);
    let (mut calm, _) = plain(1);
    let held = Held::new(SIZE);
    calm.add(held.setup(1, SIZE, true)).expect("a worker");
    held.print(&stream);
    until_parsed(&calm, 1, stream.len());
    let expected = shown(&calm, 1);

    let held = Held::new(SIZE);
    let slave = held.slave.try_clone().expect("a descriptor");
    let printed = stream.clone();
    let writer = std::thread::spawn(move || {
        let mut rest = &printed[..];
        while !rest.is_empty() {
            let written = rustix::io::write(&slave, &rest[..rest.len().min(700)]).expect("the terminal takes output");
            rest = &rest[written..];
        }
    });
    let mut stops = 0;
    let mut fresh = true;
    loop {
        let (mut workers, _) = plain(1);
        workers.add(held.setup(1, SIZE, fresh)).expect("a worker");
        fresh = false;
        stops += 1;
        let from = stops * 11_000;
        if from >= stream.len() {
            until_parsed(&workers, 1, stream.len());
            let got = shown(&workers, 1);
            assert_eq!(got.history.len(), expected.history.len());
            assert_eq!(got, expected);
            break;
        }
        until_parsed(&workers, 1, from);
        // Dropped here, wherever it is; the next one takes the memory up.
    }
    writer.join().expect("all was printed");
}

/// The same with the engine that panes have, and a stream that uses more of it.
#[test]
fn a_recovered_terminal_looks_like_one_that_never_died() {
    let notices = Arc::new(Notices::new());
    let mut stream = Vec::new();
    for n in 0..1500u32 {
        let line = match n % 11 {
            0 => format!("\x1b[3{}mcolours\x1b[0m and \x1b[1;4mmore\x1b[m {n}\r\n", n % 8),
            1 => format!("{}\r\n", "long line that wraps ".repeat(n as usize % 9)),
            2 => format!("日本語 é {n}\r\n"),
            3 => format!("\x1b[{};{}Hjump{n}\x1b[6n\x1b[{};1H\r\n", n % 6 + 1, n % 30, n % 6 + 1),
            4 if n % 5 == 0 => format!("\x1b[?1049h\x1b[2Jalternate {n}\r\nmore\x1b[?1049l"),
            5 => format!("\x1b]2;title {n}\x07\x1b[2;4r\x1b[4;1H\r\nin a region\r\n\x1b[r\x1b[6;1H\r\n"),
            6 if n % 300 == 6 => "\x1b[3J".to_owned(),
            _ => format!("plain {n}\r\n"),
        };
        stream.extend_from_slice(line.as_bytes());
    }
    assert!(stream.len() < 200_000, "all of it is in the ring");
    let see = |view: &mut PaneView<'_>| (view.screen().clone(), view.history().lines(0, usize::MAX, usize::MAX));
    let expected = {
        let held = Held::new(SIZE);
        let mut calm = Workers::new(notices.clone(), None, 1);
        calm.add(held.setup(1, SIZE, true)).expect("a worker");
        held.print(&stream);
        until_parsed(&calm, 1, stream.len());
        asked(&calm, 1, see)
    };
    let held = Held::new(SIZE);
    let slave = held.slave.try_clone().expect("a descriptor");
    let printed = stream.clone();
    let writer = std::thread::spawn(move || {
        let mut rest = &printed[..];
        while !rest.is_empty() {
            let written = rustix::io::write(&slave, &rest[..rest.len().min(333)]).expect("the terminal takes output");
            rest = &rest[written..];
        }
    });
    for stop in 1.. {
        let mut workers = Workers::new(notices.clone(), None, 1);
        workers.add(held.setup(1, SIZE, stop == 1)).expect("a worker");
        until_parsed(&workers, 1, (stop * 5_003).min(stream.len()));
        if stop * 5_003 >= stream.len() {
            let (screen, history) = asked(&workers, 1, see);
            assert!(screen.looks_like(&expected.0), "{screen:#?}\n{:#?}", expected.0);
            assert_eq!(history.len(), expected.1.len());
            assert_eq!(history, expected.1);
            break;
        }
    }
    writer.join().expect("all was printed");
}

#[test]
fn a_replay_knows_the_sizes_and_says_nothing_twice() {
    let held = Held::new(SIZE);
    let expected = {
        let (mut workers, notices) = plain(1);
        workers.add(held.setup(1, SIZE, true)).expect("a worker");
        let mut printed = 0;
        for (cols, rows) in [(40, 6), (13, 4), (60, 9), (1, 1), (20, 5)] {
            workers.resize(PaneId(1), Size::new(cols, rows));
            until("the size", || asked(&workers, 1, |view| view.size()) == Size::new(cols, rows));
            let piece = b"some words that are cut at the end of the row\nand more\nand? more!\x07^\n";
            held.print(piece);
            printed += piece.len();
            until_parsed(&workers, 1, printed);
        }
        let seen = notices_until(&notices, "a title", |_, notice| notice.title.is_some());
        assert!(seen.iter().any(|(_, notice)| notice.bell && notice.clipboard.is_some()));
        shown(&workers, 1)
    };
    let (mut workers, notices) = plain(1);
    workers.add(held.setup(1, Size::new(20, 5), false)).expect("a worker");
    let seen = notices_until(&notices, "ready", |_, notice| notice.ready);
    assert_eq!(shown(&workers, 1), expected);
    assert!(seen.iter().all(|(_, notice)| !notice.bell && notice.clipboard.is_none() && !notice.activity), "{seen:?}");
    assert!(seen.iter().any(|(_, notice)| notice.title.as_deref().is_some_and(|title| title.starts_with("title"))));
    let replies: Vec<u64> = seen.iter().flat_map(|(_, notice)| notice.replies.iter().map(|reply| reply.seq)).collect();
    assert_eq!(replies.len(), 5, "every answer is given again, under its number: {replies:?}");
    assert!(replies.is_sorted());
}

#[test]
fn a_flood_of_queries_gets_a_burst_of_answers() {
    let held = Held::new(SIZE);
    let (mut workers, notices) = plain(1);
    workers.add(held.setup(1, SIZE, true)).expect("a worker");
    let began = Instant::now();
    let mut answers = 0;
    for round in 1..=40 {
        held.print(&[b'?'; 500]);
        until_parsed(&workers, 1, round * 500);
        answers += notices.take().iter().map(|(_, notice)| notice.replies.len()).sum::<usize>();
    }
    let most = super::allowance::BURST as usize + 1 + super::allowance::PER_SECOND as usize * (began.elapsed().as_secs() as usize + 1);
    assert!(answers <= most && answers >= 64, "{answers} answers to 20,000 queries; the most is {most}");
}

#[test]
fn title_and_folder_survive_beyond_the_ring() {
    let held = Held::new(SIZE);
    let long = b"no title in here\n".repeat(20_000);
    {
        let (mut workers, _) = plain(1);
        workers.add(held.setup(1, SIZE, true)).expect("a worker");
        held.print(b"^");
        held.print(&long);
        until_parsed(&workers, 1, 1 + long.len());
    }
    let (mut workers, notices) = plain(1);
    workers.add(held.setup(1, SIZE, false)).expect("a worker");
    let seen = notices_until(&notices, "ready", |_, notice| notice.ready);
    assert!(seen.iter().any(|(_, notice)| notice.title.as_deref() == Some("title 0")), "{seen:?}");
    let (first, lines) = asked(&workers, 1, |view| (view.history().first(), view.history().len()));
    assert_eq!(first + lines, 20_000 - 5, "rows were appended twice or not at all");
}

#[test]
fn only_the_newest_of_many_sizes_is_applied() {
    let (mut workers, _) = plain(1);
    let held = Held::new(SIZE);
    workers.add(held.setup(1, SIZE, true)).expect("a worker");
    let (release, gate) = mpsc::channel::<()>();
    workers.ask(PaneId(1), move |_| gate.recv_timeout(PATIENCE).expect("released"));
    for n in 0..500 {
        workers.resize(PaneId(1), Size::new(1 + n % 90, 1 + n % 40));
    }
    workers.resize(PaneId(1), Size::new(1, 1));
    release.send(()).expect("the worker waits");
    assert_eq!(asked(&workers, 1, |view| view.size()), Size::new(1, 1));
    let size = rustix::termios::tcgetwinsize(&held.slave).expect("a size");
    assert_eq!((size.ws_col, size.ws_row), (1, 1));
    let memory = PaneMemory::open(held.object.try_clone().expect("a descriptor")).expect("memory");
    assert!(memory.resizes().len() <= 3, "a storm is one or two resizes: {:?}", memory.resizes());
    held.print(b"x");
    until_parsed(&workers, 1, 1);
    assert_eq!(text(&workers, 1), ["x"]);
}

#[test]
fn an_engine_that_panics_degrades_its_pane_alone() {
    let (mut workers, notices) = plain(1);
    let (bad, good) = (Held::new(SIZE), Held::new(SIZE));
    workers.add(bad.setup(1, SIZE, true)).expect("a worker");
    workers.add(good.setup(2, SIZE, true)).expect("a worker");
    let mut client = Client::watch(5, &workers, 1);
    bad.print(b"before\nbad @ byte\n");
    let seen = notices_until(&notices, "degraded", |_, notice| notice.degraded);
    assert!(seen.iter().all(|(pane, notice)| *pane == PaneId(1) || !notice.degraded));
    bad.print(b"after\n");
    client.until(&workers, 1, "after");
    assert!(client.shows("bad @ byte"), "what it failed on is shown raw");
    assert!(asked(&workers, 1, |view| view.degraded()));
    good.print(b"fine");
    until_parsed(&workers, 2, 4);
    assert_eq!(text(&workers, 2)[0], "fine");
    // A question that panics ends alone too.
    workers.ask(PaneId(2), |_| std::panic::resume_unwind(Box::new("as asked")));
    assert_eq!(text(&workers, 2)[0], "fine");
}

#[test]
fn a_panic_in_the_middle_of_a_replay_or_a_turn_does_not_leave_the_rest_unread() {
    let held = Held::new(SIZE);
    {
        let mut workers = Workers::new(Arc::new(Notices::new()), None, 1);
        workers.add(held.setup(1, SIZE, true)).expect("a worker");
        held.print(b"one\r\n");
        until_parsed(&workers, 1, 5);
        workers.resize(PaneId(1), Size::new(66, 6));
        held.print(b"two\r\n");
        until_parsed(&workers, 1, 10);
    }
    let (mut workers, notices) = plain(1);
    workers.add(held.setup(1, Size::new(66, 6), false)).expect("a worker");
    notices_until(&notices, "ready", |_, notice| notice.ready);
    assert!(asked(&workers, 1, |view| view.degraded()));
    assert!(text(&workers, 1).contains(&"two".to_owned()), "{:?}", text(&workers, 1));
    held.print(b"three");
    until_parsed(&workers, 1, 15);
}

#[test]
fn what_is_parsed_is_in_the_black_box_only_meanwhile() {
    let (blackbox, object) = Blackbox::create().expect("memory");
    let other = BLACKBOX.get_or_init(|| Blackbox::open(&object).expect("the same page"));
    let notices = Arc::new(Notices::new());
    let mut workers = Workers::with_engine(notices.clone(), Some(blackbox), 1, |size, _| Box::new(Plain { raw: Raw::new(size) }));
    let held = Held::new(SIZE);
    workers.add(held.setup(3, SIZE, true)).expect("a worker");
    held.print(b"ten bytes\n");
    until_parsed(&workers, 3, 10);
    held.print(b"#");
    let seen = notices_until(&notices, "a title", |_, notice| notice.title.is_some());
    assert!(seen.iter().any(|(_, notice)| notice.title.as_deref() == Some("%3 from 10")), "{seen:?}");
    until("the note is wiped", || other.read().is_empty());
}

#[test]
fn a_quarantined_pane_skips_its_past_and_lives() {
    let held = Held::new(SIZE);
    {
        let (mut workers, _) = plain(1);
        workers.add(held.setup(1, SIZE, true)).expect("a worker");
        held.print(b"poison\n");
        until_parsed(&workers, 1, 7);
    }
    let (mut workers, notices) = plain(1);
    workers.add(PaneSetup { quarantined: true, ..held.setup(1, SIZE, false) }).expect("a worker");
    let seen = notices_until(&notices, "ready", |_, notice| notice.ready);
    assert!(seen.iter().any(|(_, notice)| notice.degraded && notice.message.is_some()));
    held.print(b"@ shown raw");
    until_parsed(&workers, 1, 18);
    let rows = text(&workers, 1);
    assert!(rows[0].starts_with("[output quarantined"), "{rows:?}");
    assert!(rows.iter().any(|row| row == "@ shown raw") && !rows.iter().any(|row| row.contains("poison")), "{rows:?}");
}

#[test]
fn what_an_ended_program_left_is_read_before_the_end_is_told() {
    let (mut workers, notices) = plain(1);
    let held = Held::new(SIZE);
    workers.add(held.setup(1, SIZE, true)).expect("a worker");
    let Held { slave, .. } = held;
    rustix::io::write(&slave, &b"line\n".repeat(400)).expect("output");
    rustix::io::write(&slave, b"bye  \n\n").expect("output");
    drop(slave);
    workers.exited(PaneId(1));
    let seen = notices_until(&notices, "ended", |_, notice| notice.ended.is_some());
    let last = seen.into_iter().find_map(|(_, notice)| notice.ended).expect("the last screen");
    assert_eq!(last.text, "line\nline\nline\nbye");
    assert_eq!(last.history_lines, 397);
    assert_eq!(text(&workers, 1)[3], "bye", "it can still be asked");
    assert!(notices.take().iter().all(|(_, notice)| notice.ended.is_none()), "told once");
}

#[test]
fn the_end_comes_also_while_others_hold_the_terminal_or_after_it_was_closed() {
    let (mut workers, notices) = plain(1);
    let (open, closed) = (Held::new(SIZE), Held::new(SIZE));
    workers.add(open.setup(1, SIZE, true)).expect("a worker");
    workers.add(closed.setup(2, SIZE, true)).expect("a worker");
    // Another process has the terminal and is silent.
    open.print(b"last words");
    workers.exited(PaneId(1));
    let seen = notices_until(&notices, "ended", |pane, notice| pane == PaneId(1) && notice.ended.is_some());
    let last = seen.into_iter().find_map(|(_, notice)| notice.ended).expect("the last screen");
    assert_eq!(last.text, "last words");
    // It closed its terminal and goes on for a while.
    let Held { slave, .. } = closed;
    rustix::io::write(&slave, b"closing").expect("output");
    drop(slave);
    until_parsed(&workers, 2, 7);
    asked(&workers, 2, |_| ());
    assert!(notices.take().iter().all(|(_, notice)| notice.ended.is_none()), "it has not ended yet");
    workers.exited(PaneId(2));
    notices_until(&notices, "ended", |pane, notice| pane == PaneId(2) && notice.ended.is_some());
}

#[test]
fn panes_that_tick_unseen_are_all_read() {
    let (mut workers, notices) = plain(2);
    let panes: Vec<Held> = (0..40).map(|_| Held::new(SIZE)).collect();
    for (held, id) in panes.iter().zip(1..) {
        workers.add(held.setup(id, SIZE, true)).expect("a worker");
    }
    for round in 1..=40 {
        for held in &panes {
            held.print(b"tick\n");
        }
        for id in 1..=40 {
            until_parsed(&workers, id, round * 5);
        }
    }
    // One of them is looked at, and then not any more.
    let mut client = Client::watch(5, &workers, 7);
    panes[6].print(b"seen\n");
    client.until(&workers, 7, "seen");
    workers.unwatch(PaneId(7), client.id);
    notices.take();
    panes[6].print(b"unseen\n");
    notices_until(&notices, "activity", |pane, notice| pane == PaneId(7) && notice.activity);
}

#[test]
fn removed_panes_are_gone_and_can_come_again() {
    let (mut workers, notices) = plain(1);
    let held = Held::new(SIZE);
    workers.add(held.setup(1, SIZE, true)).expect("a worker");
    held.print(b"first\n");
    until_parsed(&workers, 1, 6);
    workers.remove(PaneId(1));
    assert!(!workers.ask(PaneId(1), |_| ()));
    workers.add(held.setup(1, SIZE, false)).expect("a worker");
    held.print(b"second\n");
    until_parsed(&workers, 1, 13);
    assert_eq!(text(&workers, 1)[..2], ["first", "second"]);
    drop(workers);
    assert!(notices.take().iter().any(|(_, notice)| notice.ready));
}

#[test]
fn a_question_during_a_replay_waits_for_the_present() {
    let held = Held::new(SIZE);
    let lines = b"0123456789\n".repeat(20_000);
    {
        let (mut workers, _) = plain(1);
        workers.add(held.setup(1, SIZE, true)).expect("a worker");
        held.print(&lines);
        until_parsed(&workers, 1, lines.len());
    }
    let (mut workers, _) = plain(1);
    workers.add(held.setup(1, SIZE, false)).expect("a worker");
    assert!(asked(&workers, 1, |view| view.stream_offset()) >= lines.len() as u64);
}
