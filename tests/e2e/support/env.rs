//! A house of its own for one story: temporary home, cleared environment, own socket, the real binary, and an end for everything started in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use serde_json::Value;

use super::procs;
use super::pty::Terminal;
use super::wait::{Deadline, patience, repeat_until};

/// Where a story takes place.
#[derive(Debug)]
pub struct Env {
    root: tempfile::TempDir,
    variables: BTreeMap<OsString, OsString>,
    binary: PathBuf,
}

/// What a command came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Exit code; -1: ended by a signal.
    pub code: i32,
    /// What it wrote on its standard output.
    pub stdout: String,
    /// What it wrote on its standard error.
    pub stderr: String,
}

impl Outcome {
    /// The standard output as JSON.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON: {e}\n{self:?}"))
    }
}

/// The binary under test: `$BATON_E2E_BIN`, what cargo built for this test, or what lies beside this example.
pub fn binary() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        if let Some(given) = std::env::var_os("BATON_E2E_BIN") {
            return given.into();
        }
        if let Some(built) = option_env!("CARGO_BIN_EXE_baton") {
            return built.into();
        }
        let me = std::env::current_exe().expect("this program has a path");
        let beside = me.ancestors().nth(2).expect("examples lie in a folder of the target folder").join("baton");
        assert!(beside.exists(), "{} is not there: build it first (cargo build --release)", beside.display());
        beside
    };
    FOUND.get_or_init(find).clone()
}

impl Env {
    /// A new one: nothing runs in it yet.
    pub fn new() -> Self {
        Self::with_config("")
    }

    /// A new one with a configuration file.
    pub fn with_config(config: &str) -> Self {
        let root = tempfile::Builder::new().prefix("baton-e2e-").tempdir().expect("a temporary folder");
        for (folder, mode) in [("home", 0o755), ("run", 0o700), ("tmp", 0o755), ("home/.config/baton", 0o755)] {
            let path = root.path().join(folder);
            fs::create_dir_all(&path).expect("a folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        }
        let mut variables = BTreeMap::new();
        let mut set = |name: &str, value: &std::ffi::OsStr| variables.insert(name.into(), value.to_owned());
        set("HOME", root.path().join("home").as_os_str());
        set("XDG_RUNTIME_DIR", root.path().join("run").as_os_str());
        set("TMPDIR", root.path().join("tmp").as_os_str());
        set("BATON_E2E_HOUSE", root.path().as_os_str());
        set("PATH", "/usr/local/bin:/usr/bin:/bin".as_ref());
        set("TERM", "xterm-256color".as_ref());
        set("LANG", "C.UTF-8".as_ref());
        set("SHELL", "/bin/sh".as_ref());
        set("USER", "tester".as_ref());
        // What an interactive sh reads, after a login shell's profile: there the prompt is ours whoever runs the tests.
        fs::write(root.path().join("shrc"), "PS1='ready> '\n").expect("a file");
        set("ENV", root.path().join("shrc").as_os_str());
        set("RUST_BACKTRACE", "1".as_ref());
        if let Some(patience) = std::env::var_os("BATON_E2E_PATIENCE_S") {
            set("BATON_E2E_PATIENCE_S", &patience);
        }
        let env = Self { root, variables, binary: binary() };
        env.write_config(config);
        env
    }

    /// Changes or, with `None`, removes a variable for everything that is started from now on.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => _ = self.variables.insert(name.into(), value.into()),
            None => _ = self.variables.remove(std::ffi::OsStr::new(name)),
        }
    }

    /// Runs another binary from now on.
    pub fn use_binary(&mut self, binary: PathBuf) {
        self.binary = binary;
    }

    /// The temporary folder; removed at the end.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The home in it.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// A path in it that nothing else uses.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Where the configuration file is.
    pub fn config_file(&self) -> PathBuf {
        self.home().join(".config/baton/config.toml")
    }

    /// Writes the configuration file (nothing at all for an empty text).
    pub fn write_config(&self, text: &str) {
        if !text.is_empty() {
            fs::write(self.config_file(), text).expect("the configuration is written");
        }
    }

    /// The default socket.
    pub fn socket(&self) -> PathBuf {
        self.root().join("run/baton/default.sock")
    }

    /// The log of keeper and server.
    pub fn log(&self) -> PathBuf {
        self.home().join(".local/state/baton")
    }

    /// A command line of the real binary with this house's environment and no other.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).env_clear().envs(&self.variables).current_dir(self.home());
        command
    }

    /// Runs a command to its end, with nothing on its standard input.
    ///
    /// # Panics
    /// If it does not end.
    pub fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(args, b"")
    }

    /// Runs a command to its end with `input` on its standard input.
    ///
    /// # Panics
    /// If it does not end.
    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Outcome {
        self.finish(self.command(args), args, input)
    }

    /// Runs a prepared command line to its end.
    ///
    /// # Panics
    /// If it does not end.
    pub fn finish(&self, mut command: Command, args: &[&str], input: &[u8]) -> Outcome {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("baton starts");
        let mut stdin = child.stdin.take().expect("piped");
        let input = input.to_vec();
        std::thread::spawn(move || _ = stdin.write_all(&input));
        let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            _ = err.read_to_end(&mut bytes);
            bytes
        });
        let (sender, receiver) = std::sync::mpsc::channel();
        let pid = child.id();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            _ = out.read_to_end(&mut bytes);
            let status = child.wait();
            _ = sender.send((bytes, status));
        });
        let Ok((bytes, status)) = receiver.recv_timeout(patience()) else {
            procs::signal(pid, Signal::KILL);
            panic!("`baton {}` did not end\n{}", args.join(" "), log_tail(&self.log()));
        };
        let errors = errors.join().expect("the reader of errors ends");
        Outcome {
            code: status.ok().and_then(|status| status.code()).unwrap_or(-1),
            stdout: String::from_utf8_lossy(&bytes).into_owned(),
            stderr: String::from_utf8_lossy(&errors).into_owned(),
        }
    }

    /// Runs a command that must succeed; gives its standard output without the last newline.
    ///
    /// # Panics
    /// If it fails.
    pub fn ok(&self, args: &[&str]) -> String {
        let outcome = self.run(args);
        assert_eq!(outcome.code, 0, "`baton {}`: {}{}\n{}", args.join(" "), outcome.stdout, outcome.stderr, log_tail(&self.log()));
        outcome.stdout.trim_end_matches('\n').to_owned()
    }

    /// Runs a command with `--json` that must succeed.
    ///
    /// # Panics
    /// If it fails, or its output is not JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.insert(usize::from(!all.is_empty()), "--json");
        serde_json::from_str(&self.ok(&all)).unwrap_or_else(|e| panic!("`baton {}` is not JSON: {e}", all.join(" ")))
    }

    /// Runs a command that must be refused with exit code `code`, an error line and, if it says more, a hint.
    ///
    /// # Panics
    /// If it is not.
    pub fn refused(&self, code: i32, args: &[&str]) -> Outcome {
        let outcome = self.run(args);
        assert_eq!(outcome.code, code, "`baton {}`: {outcome:?}", args.join(" "));
        assert!(
            outcome.stderr.starts_with("baton: "),
            "the error of `baton {}` is a line that says who speaks: {outcome:?}",
            args.join(" ")
        );
        outcome
    }

    /// A terminal of 80 by 24 with `baton ARGS` in it.
    pub fn terminal(&self, args: &[&str]) -> Terminal {
        self.terminal_of(80, 24, args)
    }

    /// A terminal of a size with `baton ARGS` in it.
    pub fn terminal_of(&self, cols: u16, rows: u16, args: &[&str]) -> Terminal {
        let mut command = CommandBuilder::new(&self.binary);
        command.args(args);
        self.terminal_with(cols, rows, command)
    }

    /// A terminal of a size with any program in it.
    pub fn terminal_with(&self, cols: u16, rows: u16, mut command: CommandBuilder) -> Terminal {
        command.env_clear();
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.cwd(self.home());
        Terminal::spawn(command, cols, rows, self.log())
    }

    /// `baton status --json`.
    pub fn status(&self) -> Value {
        self.json(&["status"])
    }

    /// The server's process id.
    pub fn server_pid(&self) -> u32 {
        number(&self.status()["server_pid"])
    }

    /// The keeper's process id.
    pub fn keeper_pid(&self) -> u32 {
        number(&self.status()["keeper_pid"])
    }

    /// Kills the server with SIGKILL and waits until another one answers; gives the new one's process id.
    pub fn kill_server(&self) -> u32 {
        let before = self.server_pid();
        procs::kill_and_wait(before);
        self.wait_server_after(before)
    }

    /// Waits until a server other than process `before` answers.
    pub fn wait_server_after(&self, before: u32) -> u32 {
        repeat_until("another server answers", || {
            let outcome = self.run(&["status", "--json"]);
            match serde_json::from_str::<Value>(&outcome.stdout) {
                Ok(status) if outcome.code == 0 && number(&status["server_pid"]) != before => Ok(number(&status["server_pid"])),
                _ => Err(format!("{outcome:?}")),
            }
        })
    }

    /// `baton ls --json`, all panes in it: each with `session`, `window` (ids) beside its own fields.
    pub fn panes(&self) -> Vec<Value> {
        let tree = self.json(&["ls"]);
        let mut panes = Vec::new();
        for session in list(&tree["sessions"]) {
            for window in list(&session["windows"]) {
                for pane in list(&window["panes"]) {
                    let mut pane = pane.clone();
                    pane["session"] = session["name"].clone();
                    pane["window"] = window["id"].clone();
                    panes.push(pane);
                }
            }
        }
        panes
    }

    /// The pane with that id.
    ///
    /// # Panics
    /// If it is not there.
    pub fn pane(&self, id: &str) -> Value {
        self.panes().into_iter().find(|pane| pane["id"] == id).unwrap_or_else(|| panic!("pane {id} is not in `ls`"))
    }

    /// The text of a pane, history included.
    pub fn read_all(&self, pane: &str) -> String {
        self.ok(&["read", "-t", pane, "--all"])
    }

    /// Waits until a pane's text has `text` in it.
    pub fn wait_text(&self, pane: &str, text: &str) {
        repeat_until(&format!("pane {pane} shows {text:?}"), || {
            let outcome = self.run(&["read", "-t", pane]);
            if outcome.stdout.contains(text) { Ok(()) } else { Err(format!("{outcome:?}")) }
        });
    }

    /// Waits until `holds` is true of `baton ARGS --json`.
    pub fn wait_json(&self, sentence: &str, args: &[&str], holds: impl Fn(&Value) -> bool) -> Value {
        repeat_until(sentence, || {
            let value = self.json(args);
            if holds(&value) { Ok(value) } else { Err(value.to_string()) }
        })
    }

    /// Waits until so many clients are attached and answer; those whose connection is lost do not count.
    pub fn wait_attached(&self, clients: usize) {
        self.wait_json(&format!("{clients} clients are attached"), &["roster"], |roster| {
            let attachments = list(&roster["operators"]).iter().flat_map(|operator| list(&operator["attachments"]));
            attachments.filter(|attachment| attachment["presence"] == "live" && !attachment["session"].is_null()).count() == clients
        });
    }
}

/// The elements of a JSON list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A JSON number as a process id.
///
/// # Panics
/// If it is none.
pub fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or_else(|| panic!("{value} is not a process id"))
}

/// The end of the newest logs under `folder`.
pub fn log_tail(folder: &Path) -> String {
    let mut text = String::new();
    let Ok(entries) = fs::read_dir(folder) else { return format!("(no logs in {})", folder.display()) };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "log") {
            let bytes = fs::read(&path).unwrap_or_default();
            let tail = &bytes[bytes.len().saturating_sub(4000)..];
            text.push_str(&format!("── {}\n{}\n", path.display(), String::from_utf8_lossy(tail)));
        }
    }
    text
}

impl Drop for Env {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut complaint = std::io::stderr().lock();
            _ = writeln!(complaint, "{}", log_tail(&self.log()));
            if std::env::var_os("BATON_E2E_KEEP").is_some() {
                self.root.disable_cleanup(true);
                _ = writeln!(complaint, "kept: {}", self.root().display());
            }
        }
        // Everything that was started here carries the folder's name in its environment. Keepers and servers start one another, so all are
        // stopped before any is killed, and looked for again until none is left.
        let deadline = Deadline::new();
        while deadline.left().is_some() {
            let mut pids = procs::marked(self.root.path());
            // Servers and keepers clear their own environment of nothing, but programs in panes may: their parents are known.
            let all = procs::all();
            let mut next = 0;
            while let Some(pid) = pids.get(next).copied() {
                pids.extend(
                    all.iter()
                        .filter(|(child, parent)| **parent == pid && !pids.contains(child))
                        .map(|(child, _)| *child)
                        .collect::<Vec<_>>(),
                );
                next += 1;
            }
            if pids.is_empty() {
                break;
            }
            for pid in &pids {
                procs::signal(*pid, Signal::STOP);
            }
            for pid in &pids {
                procs::signal(*pid, Signal::KILL);
            }
            for pid in &pids {
                if !std::thread::panicking() {
                    procs::wait_end(*pid, "what a story has started is gone");
                }
            }
        }
    }
}
