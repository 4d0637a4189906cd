//! The keeper: a tiny process whose value is that it has no reason to crash.
//!
//! It opens terminals and starts their programs, holds one descriptor of each master and each pane memory, the listening socket and whatever else the
//! server wants to find again, applies input exactly once, keeps exit statuses until somebody has read them, and sees that exactly one server runs.
//! It parses no output, knows no sessions, reads no configuration and writes no files. It has one thread and one `poll`.
//!
//! ```text
//!   child <---pty---> [ keeper ] == packets with descriptors ==> [ server ] <--unix--> clients
//!     ^                  |  dup of every master, memory, listener    |
//!     +------------------+------- master read directly --------------+
//! ```
//!
//! * [`main`] is `baton keeper`; [`start_here`] is what the first client calls to have one (`birth.rs` says who forks whom, [`start()`] is the same
//!   with executions); [`link`] is the server's end of the wire.
//! * `run/` is the loop and what it does, `pane.rs` one pane and its input, `child.rs` the start of a program, `server.rs` the server's life (start, fencing,
//!   upgrade, back-off, quarantine), `control.rs` the questions on the control socket.
//!
//! **Signals.** The keeper ignores HUP, INT and QUIT. TERM ends it only when it holds no pane; otherwise it stays: a session manager that sends TERM
//! to everything at logout must not take the panes along. `baton kill server` and SIGKILL end it.
//!
//! **Death of the keeper.** Programs go on, the server still has every descriptor. It starts a new keeper ([`link::adopt`]) and hands everything over;
//! the new one is not the parent of the programs and learns of their end by process descriptors.
//!
//! Start: `baton keeper --runtime-dir D --socket S --control C --lock L [--ready-fd N] [--adopt-fd N --server-pid P] [--probe-ms N] [-- SERVER ARGS]`.
//! The server is started as `baton server --keeper-fd 3 --runtime-dir D --socket S --control C --lock L`, or as what follows `--`; in both cases
//! `BATON_KEEPER_FD=3` is in its environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

mod birth;
mod child;
mod control;
pub mod link;
mod pane;
mod run;
mod server;
mod start;

pub use birth::{Birth, FirstServer, Serve, start_here};
pub use start::{Ready, StartError, ask, start};

/// The environment variable that tells a server its descriptor.
pub const FD_VARIABLE: &str = "BATON_KEEPER_FD";
/// How long a server may be silent when somebody asks for it.
const PROBE: Duration = Duration::from_secs(10);
/// The descriptor's number in a server.
pub const SERVER_FD: i32 = 3;

/// Where the files of one instance are. Found by the command line, never by the keeper itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeeperPaths {
    /// The private folder of the others.
    pub runtime_dir: PathBuf,
    /// The socket that clients connect to.
    pub socket: PathBuf,
    /// Held while somebody starts a keeper.
    pub lock: PathBuf,
    /// The keeper's own socket, for questions when the server does not answer.
    pub control: PathBuf,
}

impl KeeperPaths {
    /// The usual names in one folder.
    #[must_use]
    pub fn in_dir(runtime_dir: impl Into<PathBuf>) -> Self {
        let runtime_dir = runtime_dir.into();
        Self {
            socket: runtime_dir.join("baton.sock"),
            lock: runtime_dir.join("keeper.lock"),
            control: runtime_dir.join("keeper.sock"),
            runtime_dir,
        }
    }

    /// These paths as arguments, which [`KeeperPaths::take_arg`] reads.
    #[must_use]
    pub fn to_args(&self) -> Vec<OsString> {
        [("--runtime-dir", &self.runtime_dir), ("--socket", &self.socket), ("--lock", &self.lock), ("--control", &self.control)]
            .into_iter()
            .flat_map(|(flag, path)| [OsString::from(flag), path.clone().into_os_string()])
            .collect()
    }

    /// Takes one path flag with its value from a command line; whether `flag` is one.
    pub fn take_arg(&mut self, flag: &str, rest: &mut dyn Iterator<Item = OsString>) -> bool {
        let place = match flag {
            "--runtime-dir" => &mut self.runtime_dir,
            "--socket" => &mut self.socket,
            "--lock" => &mut self.lock,
            "--control" => &mut self.control,
            _ => return false,
        };
        *place = rest.next().unwrap_or_default().into();
        true
    }
}

/// How a keeper is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub paths: KeeperPaths,
    /// Written to when the socket listens: `+`, or `-` and why not.
    pub ready_fd: Option<i32>,
    /// The link to a server whose keeper died.
    pub adopt_fd: Option<i32>,
    /// That server.
    pub server_pid: Option<u32>,
    /// How long a server may be silent when somebody asks for it.
    pub probe: Duration,
    /// Program and arguments of the server instead of our own.
    pub server: Vec<OsString>,
}

impl Options {
    fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut options = Self { probe: PROBE, ..Self::default() };
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let flag = arg.to_string_lossy().into_owned();
            if options.paths.take_arg(&flag, &mut args) {
                continue;
            }
            if flag == "--" {
                options.server = args.by_ref().collect();
                continue;
            }
            let value = args
                .next()
                .and_then(|value| value.to_string_lossy().parse::<u32>().ok())
                .ok_or_else(|| format!("{flag}: a number is missing"))?;
            let number = i32::try_from(value).map_err(|_| format!("{flag}: too large"))?;
            match flag.as_str() {
                "--ready-fd" => options.ready_fd = Some(number),
                "--adopt-fd" => options.adopt_fd = Some(number),
                "--server-pid" => options.server_pid = Some(value),
                "--probe-ms" => options.probe = Duration::from_millis(value.into()),
                _ => return Err(format!("unknown argument {flag}")),
            }
        }
        if [&options.paths.runtime_dir, &options.paths.socket, &options.paths.lock, &options.paths.control]
            .iter()
            .any(|path| !path.is_absolute())
        {
            return Err("--runtime-dir, --socket, --lock and --control are needed, absolute".to_owned());
        }
        Ok(options)
    }
}

/// `baton keeper`: becomes a daemon and keeps until there is nothing to keep. `args` are those after the word `keeper`.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    crate::platform::name_process("baton-keeper");
    let options = match Options::parse(args) {
        Ok(options) => options,
        Err(error) => {
            // Nobody but a person who tries the hidden command by hand sees this.
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("baton keeper: {error}\n").as_bytes());
            return ExitCode::from(2);
        }
    };
    match run::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
