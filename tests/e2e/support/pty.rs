//! A real terminal for the real binary: a PTY, a thread that reads it, and an emulator (`avt`) that is not our engine as the judge.
//!
//! The reader feeds the emulator as bytes come and wakes whoever waits for a screen. Inside a synchronized update (`CSI ? 2026 h` … `l`) no screen
//! is judged, as a terminal would not show one. The judge answers a request for device attributes as any terminal does, so that a client that
//! asks what it is talking to is not left waiting.
//!
//! [`Terminal::hang_up`] closes the window: the master is closed, and whatever runs there gets SIGHUP and EOF.
#![expect(unsafe_code, reason = "portable-pty gives the master as a bare number; polling it needs a borrowed descriptor")]

use std::collections::BTreeSet;
use std::fmt;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};

use super::screen::Screen;
use super::wait::Deadline;

/// A terminal with a program in it.
pub struct Terminal {
    shared: Arc<Shared>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    stop: Option<OwnedFd>,
    reader: Option<JoinHandle<()>>,
    pid: u32,
    left_alone: bool,
    log: std::path::PathBuf,
    /// The terminal's settings before anything ran in it.
    pub fresh_termios: String,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    emulator: avt::Terminal,
    modes: BTreeSet<u16>,
    scan: Scan,
    tail: Vec<u8>,
    raw: Vec<u8>,
    bytes: u64,
    ended: bool,
    status: Option<i32>,
    answers: Vec<u8>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows `CSI ? … h` and `l` and requests for device attributes in a stream, however it is cut.
#[derive(Default)]
struct Scan {
    sequence: Option<Vec<u8>>,
}

impl Scan {
    fn byte(&mut self, byte: u8, modes: &mut BTreeSet<u16>, answers: &mut Vec<u8>) {
        match (&mut self.sequence, byte) {
            (_, 0x1b) => self.sequence = Some(Vec::new()),
            (Some(sequence), b'[') if sequence.is_empty() => sequence.push(b'['),
            (Some(sequence), 0x20..=0x3f) if !sequence.is_empty() && sequence.len() < 64 => sequence.push(byte),
            (Some(sequence), _) => {
                if let Some(numbers) = sequence.strip_prefix(b"[?") {
                    for number in String::from_utf8_lossy(numbers).split(';').filter_map(|n| n.parse().ok()) {
                        match byte {
                            b'h' => _ = modes.insert(number),
                            b'l' => _ = modes.remove(&number),
                            _ => {}
                        }
                    }
                } else if byte == b'c' && matches!(sequence.as_slice(), b"[" | b"[0") {
                    answers.extend_from_slice(b"\x1b[?62;22c");
                }
                self.sequence = None;
            }
            (None, _) => {}
        }
    }
}

impl State {
    fn feed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        for byte in bytes {
            self.scan.byte(*byte, &mut self.modes, &mut self.answers);
        }
        self.raw.extend_from_slice(bytes);
        if self.raw.len() > 256 * 1024 {
            self.raw.drain(..128 * 1024);
        }
        self.tail.extend_from_slice(bytes);
        // A character that is cut at the end of the chunk waits for its rest.
        let whole = match std::str::from_utf8(&self.tail) {
            Ok(_) => self.tail.len(),
            Err(e) if e.error_len().is_none() => e.valid_up_to(),
            Err(_) => self.tail.len(),
        };
        let rest = self.tail.split_off(whole);
        let text = String::from_utf8_lossy(&self.tail).into_owned();
        self.emulator.feed(text.as_str());
        self.tail = rest;
    }

    fn between_frames(&self) -> bool {
        !self.modes.contains(&2026)
    }
}

impl Terminal {
    /// Starts `command` in a new terminal of `cols` by `rows` cells. `log` is shown when a wait fails.
    pub fn spawn(command: CommandBuilder, cols: u16, rows: u16, log: std::path::PathBuf) -> Self {
        let pair = native_pty_system().openpty(PtySize { cols, rows, pixel_width: 0, pixel_height: 0 }).expect("a PTY");
        let master = pair.master;
        let fresh_termios = format!("{:?}", master.get_termios());
        let mut child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let pid = child.process_id().expect("a process id");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                emulator: avt::Terminal::with_scrollback(cols.into(), rows.into(), Some(1000)).expect("a size"),
                modes: BTreeSet::new(),
                scan: Scan::default(),
                tail: Vec::new(),
                raw: Vec::new(),
                bytes: 0,
                ended: false,
                status: None,
                answers: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        let (stopped, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe");
        let source = master.try_clone_reader().expect("a reader");
        let raw = master.as_raw_fd().expect("a descriptor");
        // SAFETY: the descriptor is only duplicated here, while `master` is alive.
        let polled = unsafe { BorrowedFd::borrow_raw(raw) }.try_clone_to_owned().expect("a duplicate");
        // Not portable-pty's own writer: that one types a newline and C-d when it is dropped.
        let writer: Box<dyn Write + Send> = Box::new(std::fs::File::from(polled.try_clone().expect("a duplicate")));
        let mut answers = std::fs::File::from(polled.try_clone().expect("a duplicate"));
        let reader = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || read_on(&shared, source, &polled, &stopped, &mut answers)
        });
        std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let status = child.wait().map_or(-1, |status| match status.signal() {
                    Some(_) => -1,
                    None => i32::try_from(status.exit_code()).unwrap_or(-1),
                });
                shared.lock().status = Some(status);
                shared.changed.notify_all();
            }
        });
        Self {
            shared,
            master: Some(master),
            writer: Some(writer),
            stop: Some(stop),
            reader: Some(reader),
            pid,
            left_alone: false,
            log,
            fresh_termios,
        }
    }

    /// The process id of what was started.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Types.
    pub fn type_text(&mut self, text: &str) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(text.as_bytes()).and_then(|()| writer.flush()).expect("the terminal takes keys");
    }

    /// Types `text` and Enter.
    pub fn type_line(&mut self, text: &str) {
        self.type_text(&format!("{text}\r"));
    }

    /// Types the prefix (`C-b`) and `key`.
    pub fn prefix(&mut self, key: &str) {
        self.type_text(&format!("\x02{key}"));
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.shared.lock().emulator.resize(cols.into(), rows.into());
        let master = self.master.as_ref().expect("the terminal is open");
        master.resize(PtySize { cols, rows, pixel_width: 0, pixel_height: 0 }).expect("the size is set");
    }

    /// What it shows now, frames in the making included.
    pub fn screen(&self) -> Screen {
        let state = self.shared.lock();
        Screen::of(&state.emulator, &state.modes)
    }

    /// The bytes that came, the last 128 KiB at least.
    pub fn raw(&self) -> Vec<u8> {
        self.shared.lock().raw.clone()
    }

    /// The number of bytes that came so far.
    pub fn bytes(&self) -> u64 {
        self.shared.lock().bytes
    }

    /// The terminal's settings now.
    pub fn termios(&self) -> String {
        format!("{:?}", self.master.as_ref().expect("the terminal is open").get_termios())
    }

    /// Waits until the screen is as `holds` wants it, and gives that screen. Nothing is judged inside a synchronized update.
    ///
    /// # Panics
    /// When patience ends or the program does, with `sentence`, the screen, and the tail of the log.
    pub fn wait_until(&self, sentence: &str, holds: impl Fn(&Screen) -> bool) -> Screen {
        self.wait_until_or_end(sentence, holds).unwrap_or_else(|screen| {
            self.fail(&format!("the program ended while waiting until {sentence}"), &screen);
        })
    }

    fn wait_until_or_end(&self, sentence: &str, holds: impl Fn(&Screen) -> bool) -> Result<Screen, Screen> {
        let deadline = Deadline::new();
        let mut state = self.shared.lock();
        loop {
            let screen = Screen::of(&state.emulator, &state.modes);
            if state.between_frames() && holds(&screen) {
                return Ok(screen);
            }
            if state.ended {
                return Err(screen);
            }
            let Some(left) = deadline.left() else {
                drop(state);
                self.fail(&format!("timed out waiting until {sentence}"), &screen);
            };
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the program has ended and all it wrote is here; gives its exit code (-1: a signal) and the last screen.
    pub fn wait_end(&self, sentence: &str) -> (i32, Screen) {
        let deadline = Deadline::new();
        let mut state = self.shared.lock();
        loop {
            let screen = Screen::of(&state.emulator, &state.modes);
            if let (Some(status), true) = (state.status, state.ended) {
                return (status, screen);
            }
            let Some(left) = deadline.left() else {
                drop(state);
                self.fail(&format!("timed out waiting for the program's end: {sentence}"), &screen);
            };
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.lock().status.is_some()
    }

    fn fail(&self, what: &str, screen: &Screen) -> ! {
        let raw = self.raw();
        let tail = &raw[raw.len().saturating_sub(400)..];
        panic!("{what}\n{screen}\nlast bytes: {:?}\n{}", String::from_utf8_lossy(tail), super::env::log_tail(&self.log))
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid).expect("a process id")).expect("a process id");
        _ = kill_process(pid, signal);
    }

    /// Closes the window: the program loses its terminal.
    pub fn hang_up(mut self) {
        self.left_alone = true;
        self.close();
    }

    fn close(&mut self) {
        self.stop = None;
        if let Some(reader) = self.reader.take() {
            _ = reader.join();
        }
        self.writer = None;
        self.master = None;
    }

    /// No longer reads what the program writes, as a terminal that hangs.
    pub fn stop_reading(&mut self) {
        self.stop = None;
        if let Some(reader) = self.reader.take() {
            _ = reader.join();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.close();
        if !self.left_alone && !self.has_ended() {
            self.signal(Signal::KILL);
        }
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("pid", &self.pid).finish_non_exhaustive()
    }
}

fn read_on(shared: &Shared, mut source: Box<dyn Read + Send>, polled: &OwnedFd, stopped: &OwnedFd, answers: &mut dyn Write) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let mut fds = [PollFd::new(polled, PollFlags::IN), PollFd::from_borrowed_fd(stopped.as_fd(), PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => break,
        }
        if !fds[1].revents().is_empty() {
            return; // told to stop: the program has not ended
        }
        match source.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(n) => {
                let mut state = shared.lock();
                state.feed(&buffer[..n]);
                let due = std::mem::take(&mut state.answers);
                drop(state);
                _ = answers.write_all(&due);
                shared.changed.notify_all();
            }
        }
    }
    shared.lock().ended = true;
    shared.changed.notify_all();
}
