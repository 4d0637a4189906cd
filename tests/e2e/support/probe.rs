//! The story's side of the program in a pane ([`super::child`]): what it saw, and telling it what to do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

use super::child;
use super::env::Env;
use super::wait::patience;

/// A place where a child of this story can report.
#[derive(Debug)]
pub struct Awaited {
    listener: UnixListener,
    socket: PathBuf,
}

/// A child that has reported.
#[derive(Debug)]
pub struct Probe {
    stream: UnixStream,
    reader: BufReader<UnixStream>,
    socket: PathBuf,
}

/// What a child knows of itself. Two reports that are equal: the child did not notice anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Process id.
    pub pid: u64,
    /// Start time in clock ticks since boot.
    pub started: Value,
    /// Descriptors: number to what it is, inodes included.
    pub fds: BTreeMap<String, String>,
    /// Columns and rows of its terminal.
    pub size: Value,
    /// Settings of its terminal.
    pub termios: String,
    /// A variable of its own.
    pub variable: u64,
    /// Signals, ends of file, errors so far.
    pub events: Vec<Value>,
    /// Bytes typed so far.
    pub typed: u64,
    /// Working directory.
    pub cwd: String,
    /// Environment.
    pub env: Value,
}

impl Report {
    /// The names and values of the fields that differ; empty: the child did not notice anything.
    pub fn differences(&self, after: &Self) -> String {
        let fields = |report: &Self| {
            let Self { pid, started, fds, size, termios, variable, events, typed, cwd, env } = report.clone();
            [
                ("pid", json!(pid)),
                ("started", started),
                ("fds", json!(fds)),
                ("size", size),
                ("termios", json!(termios)),
                ("variable", json!(variable)),
                ("events", json!(events)),
                ("typed", json!(typed)),
                ("cwd", json!(cwd)),
                ("env", env),
            ]
        };
        let pairs = fields(self).into_iter().zip(fields(after));
        pairs.filter(|(a, b)| a.1 != b.1).map(|((name, a), (_, b))| format!("{name}: {a} became {b}\n")).collect()
    }
}

impl Awaited {
    /// Prepares for a child; `name` is unique in the story.
    pub fn new(env: &Env, name: &str) -> Self {
        let socket = env.path(&format!("probe-{name}"));
        Self { listener: UnixListener::bind(&socket).expect("a socket for the child"), socket }
    }

    /// The command line that starts the child.
    pub fn command(&self) -> Vec<String> {
        child::command(&self.socket)
    }

    /// Waits until the child reports.
    ///
    /// # Panics
    /// When patience ends.
    pub fn arrive(self) -> Probe {
        let left = Timespec { tv_sec: i64::try_from(patience().as_secs()).unwrap_or(30), tv_nsec: 0 };
        let ready = poll(&mut [PollFd::new(&self.listener, PollFlags::IN)], Some(&left));
        assert!(matches!(ready, Ok(n) if n > 0), "timed out waiting until the child at {} reports", self.socket.display());
        let (stream, _) = self.listener.accept().expect("the child's connection");
        stream.set_read_timeout(Some(patience() * 2)).expect("a time limit");
        let reader = BufReader::new(stream.try_clone().expect("a duplicate"));
        Probe { stream, reader, socket: self.socket }
    }
}

impl Probe {
    /// Starts a child with `baton ARGS… -- CHILD` and gives it and what the command printed (the new pane's id, usually).
    pub fn start(env: &Env, name: &str, args: &[&str]) -> (Self, String) {
        let awaited = Awaited::new(env, name);
        let child = awaited.command();
        let words: Vec<&str> = args.iter().copied().chain(["--"]).chain(child.iter().map(String::as_str)).collect();
        let printed = env.ok(&words);
        (awaited.arrive(), printed)
    }

    /// Asks the child; gives its answer.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn ask(&mut self, line: &str) -> Value {
        writeln!(self.stream, "{line}").expect("the child listens");
        let mut answer = String::new();
        self.reader.read_line(&mut answer).expect("the child answers");
        serde_json::from_str(&answer).unwrap_or_else(|e| panic!("the child answered {answer:?} to {line:?}: {e}"))
    }

    /// What the child knows of itself.
    pub fn report(&mut self) -> Report {
        let value = self.ask("report");
        Report {
            pid: value["pid"].as_u64().expect("a process id"),
            started: value["started"].clone(),
            fds: serde_json::from_value(value["fds"].clone()).expect("descriptors"),
            size: value["size"].clone(),
            termios: value["termios"].as_str().unwrap_or_default().to_owned(),
            variable: value["variable"].as_u64().expect("a variable"),
            events: value["events"].as_array().cloned().unwrap_or_default(),
            typed: value["typed"].as_u64().expect("a count"),
            cwd: value["cwd"].as_str().unwrap_or_default().to_owned(),
            env: value["env"].clone(),
        }
    }

    /// The child changes its variable; gives the new value.
    pub fn bump(&mut self) -> u64 {
        self.ask("bump").as_u64().expect("a number")
    }

    /// Everything that was typed into it so far.
    pub fn typed(&mut self) -> String {
        self.ask("typed").as_str().unwrap_or_default().to_owned()
    }

    /// Waits until at least so many bytes were typed into it; gives all.
    pub fn await_typed(&mut self, bytes: usize) -> String {
        self.ask(&format!("await_typed {bytes} {}", patience().as_secs())).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until it has seen an event such as `SIGWINCH`.
    pub fn await_event(&mut self, what: &str) -> Vec<Value> {
        let events = self.ask(&format!("await_event {what}")).as_array().cloned().unwrap_or_default();
        assert!(events.iter().any(|event| event["what"] == what), "the child never saw {what}: {events:?}");
        events
    }

    /// Writes `text` to its terminal.
    pub fn say(&mut self, text: &str) {
        self.ask(&format!("say {}", json!(text)));
    }

    /// Whether it writes back what is typed.
    pub fn echo(&mut self, on: bool) {
        self.ask(if on { "echo on" } else { "echo off" });
    }

    /// Lets it write numbered lines, some `burst` bytes at a time with a pause between.
    pub fn write(&mut self, tag: &str, burst: u64, pause_us: u64) {
        self.ask(&format!("write {}", json!({ "tag": tag, "burst": burst, "pause_us": pause_us })));
    }

    /// Lets it write so many numbered lines as fast as it can.
    pub fn write_some(&mut self, tag: &str, lines: u64) {
        self.ask(&format!("write {}", json!({ "tag": tag, "burst": 4096, "pause_us": 0, "limit": lines })));
    }

    /// The number of lines written so far.
    pub fn lines(&mut self) -> u64 {
        self.ask("lines").as_u64().expect("a number")
    }

    /// Ends the writing; gives the number of lines, all of which are written.
    pub fn stop(&mut self) -> u64 {
        self.ask("stop").as_u64().expect("a number")
    }

    /// Connects to the socket that the child listens on; gives the process id it says.
    pub fn visit(&self) -> u64 {
        let guest = UnixStream::connect(format!("{}.own", self.socket.display())).expect("the child's own socket");
        let mut line = String::new();
        BufReader::new(guest).read_line(&mut line).expect("a greeting");
        line.trim().parse().expect("a process id")
    }

    /// Lets it end with that exit code.
    pub fn exit(mut self, code: i32) {
        writeln!(self.stream, "exit {code}").expect("the child listens");
        let mut rest = String::new();
        _ = self.reader.read_line(&mut rest);
    }

    /// Waits until its connection ends, which it does with the child.
    pub fn wait_gone(mut self) {
        let mut rest = String::new();
        // An end or a reset, as its last words were read or not.
        let end = self.reader.read_line(&mut rest);
        let timed_out = matches!(&end, Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut));
        assert!(!timed_out && rest.is_empty(), "the child is still there and says {rest:?}");
    }
}

impl Probe {
    /// Tells it to end and waits until it has.
    pub fn wait_gone_after_exit(mut self, code: i32) {
        writeln!(self.stream, "exit {code}").expect("the child listens");
        self.wait_gone();
    }
}
