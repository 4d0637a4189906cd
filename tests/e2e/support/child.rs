//! The program that runs in panes: a mode of the test binary itself, so that there is nothing further to build.
//!
//! It is started as `sh -c 'exec "$@" >/dev/null' sh env BATON_E2E_CHILD=SOCKET THIS-BINARY …`: standard input and standard error are the pane's
//! terminal, standard output is thrown away since the test harness greets there. It puts the terminal in raw mode, connects to the socket of the
//! story, and from then on
//! - notes every signal it can catch, every end of file, every change of size, and compares the terminal's settings whenever it is asked,
//! - keeps every byte that it reads,
//! - listens on a socket of its own beside the story's (`SOCKET.own`) and greets whoever comes with its process id,
//! - does what the story says, a line each way ([`Probe`](super::probe::Probe) has the story's side).
//!
//! When the story's connection ends, so does it.
#![cfg_attr(test, allow(clippy::print_stderr, reason = "standard error is the pane's terminal"))]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// The variable that makes this binary a child instead of a test.
pub const VARIABLE: &str = "BATON_E2E_CHILD";

/// If this process was started as a child, becomes it and never returns.
pub fn become_one_if_told() {
    if let Some(socket) = std::env::var_os(VARIABLE) {
        let code = run(&PathBuf::from(socket)).unwrap_or(99);
        std::process::exit(code);
    }
}

/// The door for the test binary: a test that does nothing unless it is a child.
#[test]
fn child() {
    become_one_if_told();
}

/// The command line of a child for the story that listens on `socket`.
pub fn command(socket: &Path) -> Vec<String> {
    let me = std::env::current_exe().expect("this program has a path");
    let variable = format!("{VARIABLE}={}", socket.display());
    let words = ["sh", "-c", "exec \"$@\" >/dev/null", "sh", "env", &variable];
    let harness = ["--exact", "support::child::child", "--nocapture", "--test-threads=1"];
    words.iter().copied().map(str::to_owned).chain([me.display().to_string()]).chain(harness.iter().copied().map(str::to_owned)).collect()
}

struct Told {
    events: Mutex<Vec<Value>>,
    typed: Mutex<Vec<u8>>,
    more: Condvar,
    echo: AtomicBool,
    writing: AtomicBool,
    lines: AtomicU64,
    done: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn terminal_write(bytes: &[u8]) {
    _ = std::io::stderr().lock().write_all(bytes);
}

fn size() -> Value {
    rustix::termios::tcgetwinsize(std::io::stdin()).map_or(Value::Null, |size| json!([size.ws_col, size.ws_row]))
}

fn termios() -> String {
    format!("{:?}", rustix::termios::tcgetattr(std::io::stdin()))
}

fn run(socket: &Path) -> std::io::Result<i32> {
    let mut settings = rustix::termios::tcgetattr(std::io::stdin())?;
    settings.make_raw();
    rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &settings)?;
    let told = Arc::new(Told {
        events: Mutex::default(),
        typed: Mutex::default(),
        more: Condvar::new(),
        echo: AtomicBool::new(false),
        writing: AtomicBool::new(false),
        lines: AtomicU64::new(0),
        done: Condvar::new(),
    });
    watch_signals(&told)?;
    read_terminal(&told);
    let own = PathBuf::from(format!("{}.own", socket.display()));
    let listener = UnixListener::bind(&own)?;
    std::thread::spawn(move || {
        for mut guest in listener.incoming().flatten() {
            _ = writeln!(guest, "{}", std::process::id());
        }
    });
    let story = UnixStream::connect(socket)?;
    let mut answers = story.try_clone()?;
    let mut variable: u64 = std::process::id().into();
    let before = termios();
    for line in BufReader::new(story).lines() {
        let line = line?;
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match verb {
            "report" => {
                let me = std::process::id();
                let fds: BTreeMap<String, String> =
                    super::procs::descriptors(me).into_iter().map(|(number, what)| (number.to_string(), what)).collect();
                json!({
                    "pid": me, "started": super::procs::start_time(me), "fds": fds, "size": size(), "termios": termios(), "termios_before": before,
                    "variable": variable, "events": *lock(&told.events), "typed": lock(&told.typed).len(), "lines": told.lines.load(Ordering::SeqCst),
                    "cwd": std::env::current_dir().ok(), "env": std::env::vars().collect::<BTreeMap<_, _>>(),
                })
            }
            "lines" => json!(told.lines.load(Ordering::SeqCst) & !WRITING),
            "bump" => {
                variable += 1;
                json!(variable)
            }
            "typed" => json!(String::from_utf8_lossy(&lock(&told.typed))),
            "await_typed" => {
                let (wanted, seconds) = rest.split_once(' ').unwrap_or((rest, "30"));
                let wanted: usize = wanted.parse().unwrap_or(0);
                let patience = Duration::from_secs(seconds.parse().unwrap_or(30));
                let typed = lock(&told.typed);
                let wait = told.more.wait_timeout_while(typed, patience, |typed| typed.len() < wanted);
                let (typed, _) = wait.unwrap_or_else(PoisonError::into_inner);
                json!(String::from_utf8_lossy(&typed))
            }
            "await_event" => {
                let events = lock(&told.events);
                let wait =
                    told.more.wait_timeout_while(events, super::wait::patience(), |events| !events.iter().any(|e| e["what"] == rest));
                let (events, _) = wait.unwrap_or_else(PoisonError::into_inner);
                json!(*events)
            }
            "say" => {
                let text: String = serde_json::from_str(rest).unwrap_or_default();
                terminal_write(text.as_bytes());
                Value::Null
            }
            "echo" => {
                told.echo.store(rest == "on", Ordering::SeqCst);
                Value::Null
            }
            "write" => {
                write_lines(&told, serde_json::from_str(rest).unwrap_or_default());
                Value::Null
            }
            "stop" => {
                told.writing.store(false, Ordering::SeqCst);
                json!(told.lines.load(Ordering::SeqCst))
            }
            "exit" => return Ok(rest.parse().unwrap_or(0)),
            _ => json!({ "unknown": verb }),
        };
        if verb == "stop" {
            // The line that is being written is still written whole, and counted.
            let events = lock(&told.events);
            let wait = told.done.wait_timeout_while(events, super::wait::patience(), |_| told.lines.load(Ordering::SeqCst) & WRITING != 0);
            drop(wait);
            writeln!(answers, "{}", told.lines.load(Ordering::SeqCst) & !WRITING)?;
        } else {
            writeln!(answers, "{answer}")?;
        }
    }
    Ok(0)
}

/// Set in [`Told::lines`] while the writer is at work.
const WRITING: u64 = 1 << 63;

fn watch_signals(told: &Arc<Told>) -> std::io::Result<()> {
    use signal_hook::consts::FORBIDDEN;
    let last = 31;
    let all: Vec<i32> = (1..=last).filter(|signal| !FORBIDDEN.contains(signal)).collect();
    let mut signals = signal_hook::iterator::Signals::new(&all)?;
    let told = Arc::clone(told);
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let name = signal_hook::low_level::signal_name(signal).unwrap_or("unknown");
            lock(&told.events).push(json!({ "what": name, "size": size() }));
            told.more.notify_all();
        }
    });
    Ok(())
}

fn read_terminal(told: &Arc<Told>) {
    let told = Arc::clone(told);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = [0; 4096];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break lock(&told.events).push(json!({ "what": "eof" })),
                Ok(n) => {
                    lock(&told.typed).extend_from_slice(&buffer[..n]);
                    told.more.notify_all();
                    if told.echo.load(Ordering::SeqCst) {
                        terminal_write(&buffer[..n]);
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => break lock(&told.events).push(json!({ "what": "error", "error": e.to_string() })),
            }
        }
        told.more.notify_all();
    });
}

/// Writes numbered lines `TAG 0000000 …` in bursts until it is told to stop.
fn write_lines(told: &Arc<Told>, how: Value) {
    let tag = how["tag"].as_str().unwrap_or("line").to_owned();
    let burst = how["burst"].as_u64().unwrap_or(1024);
    let pause = Duration::from_micros(how["pause_us"].as_u64().unwrap_or(1000));
    let limit = how["limit"].as_u64().unwrap_or(u64::MAX);
    told.writing.store(true, Ordering::SeqCst);
    told.lines.store(WRITING, Ordering::SeqCst);
    let told = Arc::clone(told);
    std::thread::spawn(move || {
        let mut number = 0;
        let mut text = String::new();
        while told.writing.load(Ordering::SeqCst) && number < limit {
            text.clear();
            while (text.len() as u64) < burst && number < limit {
                text.push_str(&format!("{tag} {number:07} {}\r\n", filler(number)));
                number += 1;
            }
            terminal_write(text.as_bytes());
            told.lines.store(number | WRITING, Ordering::SeqCst);
            // The pace of the load, not a wait for anything.
            std::thread::sleep(pause);
        }
        terminal_write(format!("{tag} end\r\n").as_bytes());
        told.lines.store(number, Ordering::SeqCst);
        told.done.notify_all();
        told.more.notify_all();
    });
}

/// What a numbered line has behind its number: of every length up to some forty, now and then in colour or wide.
pub fn filler(number: u64) -> String {
    let length = (number.wrapping_mul(2_654_435_761) >> 7) % 40;
    match number % 7 {
        3 => format!("\x1b[3{}m{}\x1b[m", number % 8, "c".repeat(length as usize)),
        5 => "漢".repeat(length as usize / 2),
        _ => "x".repeat(length as usize),
    }
}

/// The text of numbered line `number` as a screen shows it.
pub fn line_text(tag: &str, number: u64) -> String {
    let plain = filler(number);
    let plain = match plain.strip_prefix("\x1b[3") {
        Some(rest) => rest[2..].trim_end_matches("\x1b[m"),
        None => &plain,
    };
    format!("{tag} {number:07} {plain}").trim_end().to_owned()
}
