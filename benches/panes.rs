//! How fast one pane that floods goes through a worker: from the terminal to ring, engine and history, with nobody looking and with one who draws
//! every frame. Includes the kernel's terminal, which is the limit: some 90 MB/s on two cores when nothing is done with what is read.

use std::hint::black_box;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use batonmux::geometry::Size;
use batonmux::ids::{AttachmentId, PaneId};
use batonmux::platform;
use batonmux::protocol::frame::Decoder;
use batonmux::protocol::message::ServerMessage;
use batonmux::ring::{Config, PaneMemory};
use batonmux::server::outbox::Outbox;
use batonmux::server::panes::{HistoryLimits, Notices, PaneSetup, Workers};
use batonmux::terminal::vt100::Look;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const SIZE: Size = Size::new(120, 40);
const PANE: PaneId = PaneId(1);
const VIEWER: AttachmentId = AttachmentId(1);
const BYTES: usize = 2 * 1024 * 1024;

fn ascii() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut line = 0;
    while bytes.len() < BYTES {
        line += 1;
        let text = format!("2026-11-22 12:00:{:02} INFO  request {line} was served in {} ms from cache\r\n", line % 60, line % 97);
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn coloured() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut line = 0;
    while bytes.len() < BYTES {
        line += 1;
        for word in 0..8 {
            bytes.extend_from_slice(format!("\x1b[{};38;5;{}mword{word}\x1b[0m ", word % 2, (line + word) % 256).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

struct Rig {
    workers: Arc<Workers>,
    outbox: Option<Arc<Outbox>>,
    slave: OwnedFd,
    printed: u64,
}

impl Rig {
    fn new() -> Self {
        let (master, slave) = platform::raw_pty_pair().expect("a terminal");
        platform::set_packet_mode(master.as_fd(), true).expect("packet mode");
        let config = Config { ring_len: 256 * 1024, checkpoint_len: 0, history_bytes: 8 * 1024 * 1024, size: SIZE, meta: Vec::new() };
        let (memory, _) = PaneMemory::create(&config).expect("memory");
        let mut workers = Workers::new(Arc::new(Notices::new()), None, 1);
        let history = HistoryLimits { lines: 10_000 };
        let setup = PaneSetup {
            pane: PANE,
            incarnation: 1,
            memory,
            master,
            size: SIZE,
            fresh: true,
            quarantined: false,
            history,
            look: Look::default(),
        };
        workers.add(setup).expect("a worker");
        Self { workers: Arc::new(workers), outbox: None, slave, printed: 0 }
    }

    /// Prints and waits until it is parsed.
    fn flood(&mut self, bytes: &[u8]) -> Duration {
        let began = Instant::now();
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = rustix::io::write(&self.slave, rest.get(..4096).unwrap_or(rest)).expect("output");
            rest = rest.get(written..).unwrap_or_default();
        }
        self.printed += bytes.len() as u64;
        loop {
            let (give, get) = mpsc::channel();
            self.workers.ask(PANE, move |view| give.send(view.stream_offset()).expect("somebody waits"));
            if get.recv().expect("an answer") >= self.printed {
                return began.elapsed();
            }
        }
    }

    /// A client that acknowledges every frame; ends when the outbox does. Gives frames and bytes.
    fn client(&mut self) -> std::thread::JoinHandle<(usize, usize)> {
        let (ours, mut socket) = UnixStream::pair().expect("socket pair");
        let outbox = Outbox::new(ours.into());
        self.workers.watch(PANE, VIEWER, outbox.clone());
        let workers = Arc::downgrade(&self.workers);
        let flushed = outbox.clone();
        self.outbox = Some(outbox);
        std::thread::spawn(move || {
            let (mut decoder, mut buffer) = (Decoder::new(), vec![0; 65536]);
            let (mut frames, mut bytes) = (0, 0);
            while let Ok(len @ 1..) = socket.read(&mut buffer) {
                bytes += len;
                decoder.push(buffer.get(..len).unwrap_or_default());
                flushed.flush().expect("the client is here");
                while let Ok(Some(message)) = decoder.next::<ServerMessage>() {
                    if let (ServerMessage::Frame(frame), Some(workers)) = (message, workers.upgrade()) {
                        frames += 1;
                        workers.ack(frame.pane, VIEWER, frame.version);
                    }
                }
            }
            (frames, bytes)
        })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if let Some(outbox) = &self.outbox {
            // Ends the client.
            let _ = rustix::net::shutdown(outbox.as_fd(), rustix::net::Shutdown::Both);
        }
    }
}

fn panes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("panes");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, bytes) in [("ascii", ascii()), ("coloured", coloured())] {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("{name}, unseen"), |bencher| {
            let mut rig = Rig::new();
            bencher.iter_custom(|times| (0..times).map(|_| rig.flood(&bytes)).sum());
        });
        group.bench_function(format!("{name}, one viewer"), |bencher| {
            let mut rig = Rig::new();
            let client = rig.client();
            bencher.iter_custom(|times| (0..times).map(|_| rig.flood(&bytes)).sum());
            drop(rig);
            black_box(client.join().expect("the client ends"));
        });
    }
    group.finish();
}

/// From an echoed letter at the terminal to the frame in the client's hands: a read, a diff, a write and two wake-ups.
fn echo(criterion: &mut Criterion) {
    let rig = Rig::new();
    let (ours, mut socket) = UnixStream::pair().expect("socket pair");
    rig.workers.watch(PANE, VIEWER, Outbox::new(ours.into()));
    let (mut decoder, mut buffer) = (Decoder::new(), vec![0; 65536]);
    let mut frame = || loop {
        if let Some(ServerMessage::Frame(frame)) = decoder.next().expect("frames") {
            rig.workers.ack(PANE, VIEWER, frame.version);
            return;
        }
        let len = socket.read(&mut buffer).expect("a frame comes");
        decoder.push(buffer.get(..len).unwrap_or_default());
    };
    frame();
    let mut column = 0;
    criterion.bench_function("echo of a key", |bencher| {
        bencher.iter(|| {
            rig.workers.typed(PANE, b"x");
            column = (column + 1) % 100;
            rustix::io::write(&rig.slave, if column == 0 { b"\r" } else { b"x" }).expect("output");
            frame();
        });
    });
}

criterion_group!(benches, panes, echo);
criterion_main!(benches);
