//! An operator that is no person: a real process, declared by `baton as`, that calls `baton` as agents do.
//!
//! It is `baton as IDENTITY -- sh`, which becomes the shell; what it is told comes on the shell's standard input, and it says how each command ended. Whatever
//! is stopped or killed is stopped or killed with all that it has started.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use super::env::{Env, Outcome, binary};
use super::wait::patience;

/// The process.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    stdin: ChildStdin,
    ended: Receiver<i32>,
    files: [PathBuf; 2],
}

/// The variable that makes this binary say something to a socket: the socket, a file with what it says, a file for the answer.
const TALKER: &str = "BATON_E2E_TALKER";

/// A test that does nothing unless it is told to talk.
#[test]
fn talker() {
    let Ok(told) = std::env::var(TALKER) else { return };
    let mut parts = told.split(':');
    let mut part = || parts.next().expect("socket, file, file");
    let mut stream = UnixStream::connect(part()).expect("somebody listens");
    stream.write_all(&std::fs::read(part()).expect("a file")).expect("the socket takes it");
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer);
    std::fs::write(part(), answer).expect("a file");
}

/// A word for the shell.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl Agent {
    /// Starts `baton as ARGS -- sh`, and waits until it is that shell.
    ///
    /// # Panics
    /// If it is not in time.
    pub fn start(env: &Env, args: &[&str]) -> Self {
        let mut all = vec!["as"];
        all.extend(args);
        all.extend(["--", "sh"]);
        let mut command = env.command(&all);
        let mut child = command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("baton starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                _ = sender.send(line.trim().parse().unwrap_or(-1));
            }
        });
        let files = ["out", "err"].map(|what| env.path(&format!("agent-{}-{what}", child.id())));
        let mut agent = Self { child, stdin, ended, files };
        // The shell runs once the identity is there.
        agent.tell("echo 0");
        assert!(agent.ended.recv_timeout(patience()).is_ok(), "timed out waiting until the agent {args:?} is there");
        agent
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells the shell to do something, and waits for nothing.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("the agent lives");
    }

    /// Runs `baton ARGS` in it.
    ///
    /// # Panics
    /// If it does not end.
    pub fn run(&mut self, args: &[&str]) -> Outcome {
        let [out, err] = self.files.clone();
        let words: Vec<String> = args.iter().map(|word| quoted(word)).collect();
        let (out_word, err_word) = (quoted(&out.display().to_string()), quoted(&err.display().to_string()));
        let baton = quoted(&binary().display().to_string());
        self.tell(&format!("{baton} {} </dev/null >{out_word} 2>{err_word}; echo $?", words.join(" ")));
        let code = self.ended.recv_timeout(patience()).unwrap_or_else(|_| panic!("timed out waiting until the agent's {args:?} ends"));
        let read = |path| std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        Outcome { code, stdout: read(out), stderr: read(err) }
    }

    /// Runs a command that must succeed.
    ///
    /// # Panics
    /// If it fails.
    pub fn ok(&mut self, args: &[&str]) -> String {
        let outcome = self.run(args);
        assert_eq!(outcome.code, 0, "the agent's {args:?}: {outcome:?}");
        outcome.stdout.trim_end().to_owned()
    }

    /// Runs a command that must succeed, `--json` in it; gives what it says.
    ///
    /// # Panics
    /// If it fails.
    pub fn json(&mut self, args: &[&str]) -> Value {
        let said = self.ok(args);
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("the agent's {args:?} is not JSON: {e}\n{said}"))
    }

    /// Runs a command that must be refused, `--json` in it; gives the error.
    ///
    /// # Panics
    /// If it is not.
    pub fn refused(&mut self, args: &[&str]) -> Value {
        let outcome = self.run(args);
        assert_eq!(outcome.code, 1, "the agent's {args:?}: {outcome:?}");
        let error: Value = serde_json::from_str(&outcome.stderr).unwrap_or_else(|e| panic!("not JSON: {e}\n{outcome:?}"));
        error["error"].clone()
    }

    /// Says the bytes in `file` to a socket; gives the exit code of the program that did it (it waits until the other side hangs up) and the answer.
    ///
    /// # Panics
    /// If that does not end.
    pub fn says_to_socket(&mut self, socket: &std::path::Path, file: &std::path::Path) -> (i32, Vec<u8>) {
        let me = std::env::current_exe().expect("this program has a path");
        let [out, err] = self.files.clone();
        let words = [&me, socket, file, &out].map(|path| quoted(&path.display().to_string()));
        let [me, socket, file, out_word] = words;
        let err = quoted(&err.display().to_string());
        let run = format!(
            "{TALKER}={socket}:{file}:{out_word} {me} --exact support::agent::talker --nocapture --test-threads=1 >{err} 2>&1; echo $?"
        );
        self.tell(&run);
        let code = self.ended.recv_timeout(patience()).expect("timed out waiting until the agent has said its bytes");
        (code, std::fs::read(out).unwrap_or_default())
    }

    /// Sends a signal to it and all that it has started.
    pub fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        _ = self.child.wait();
    }
}
