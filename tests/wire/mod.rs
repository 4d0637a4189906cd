//! The harness of tests that speak the wire: the real binary, a keeper of its own for each test, and a client of a few lines.
#![allow(clippy::unwrap_used, dead_code, reason = "a test that cannot go on stops; each file of tests uses a part of it")]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use batonmux::geometry::Size;
use batonmux::ids::PaneId;
use batonmux::keeper::{KeeperPaths, start};
use batonmux::protocol::frame::{Decoder, encode};
use batonmux::protocol::message::{
    Attach, Attached, ClientKind, ClientMessage, ControlInfo, FrameAck, Hello, Input, InputSource, Made, NewSession, OperatorInfo,
    PaneInfo, Refusal, Reply, ReplyMessage, Request, RequestMessage, ServerMessage, SessionInfo, Status, Tree, Welcome, WindowInfo,
};

pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    pub paths: KeeperPaths,
    _folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        private_folders();
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().join("rt");
        let paths = KeeperPaths::in_dir(runtime);
        // The keeper inherits this environment; every test of this file wants the same.
        start(&paths, Some(Path::new(env!("CARGO_BIN_EXE_baton"))), &[]).unwrap();
        Self { paths, _folder: folder }
    }

    pub fn connect(&self, resume: Option<String>) -> Client {
        self.connect_as("ann", resume)
    }

    /// A connection of an operator: `ann` is a person, `agent:claude` is not.
    pub fn connect_as(&self, name: &str, resume: Option<String>) -> Client {
        self.connect_with(|hello| (hello.name, hello.resume) = (Some(name.into()), resume))
    }

    /// A connection that greets as `change` says.
    pub fn connect_with(&self, change: impl FnOnce(&mut Hello)) -> Client {
        let until = Instant::now() + PATIENCE;
        let stream = loop {
            match UnixStream::connect(&self.paths.socket) {
                Ok(stream) => break stream,
                Err(error) => assert!(Instant::now() < until, "nobody listens: {error}"),
            }
        };
        let mut client = Client { stream, decoder: Decoder::new(), next_request: 0, model: Model::default() };
        let mut hello = Hello {
            protocol_min: 1,
            protocol_max: 1,
            version: "test".into(),
            kind: ClientKind::Tui,
            pid: std::process::id(),
            origin_pane: None,
            token: None,
            name: None,
            tty: Some("/dev/pts/9".into()),
            ssh_origin: None,
            resume: None,
        };
        change(&mut hello);
        client.send(&ClientMessage::Hello(hello));
        client
    }

    pub fn greeted(&self, resume: Option<String>) -> (Client, Welcome) {
        self.greeted_as("ann", resume)
    }

    /// As [`World::connect_as`], welcomed.
    pub fn greeted_as(&self, name: &str, resume: Option<String>) -> (Client, Welcome) {
        let until = Instant::now() + PATIENCE;
        // A server that is dying may still have accepted the connection: clients come again.
        while Instant::now() < until {
            let mut client = self.connect_as(name, resume.clone());
            match client.next(until) {
                Some(ServerMessage::Welcome(welcome)) => return (client, welcome),
                Some(other) => panic!("instead of a welcome: {other:?}"),
                None => {}
            }
        }
        panic!("no server welcomes");
    }

    /// A client attached to a session of its own that runs `command`.
    pub fn attached(&self, name: &str, command: &[&str], viewport: Size) -> (Client, Attached) {
        let (mut client, _) = self.greeted(None);
        let attached = client.attach(Attach { create: Some(session(name, command)), ..attach(viewport) });
        (client, attached)
    }

    pub fn status(&self) -> Status {
        let (mut client, _) = self.greeted(None);
        match client.ask(Request::Status) {
            Reply::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }
}

/// Journals and configuration are this run's own: what servers inherit says so from before the first of them on.
fn private_folders() {
    static ONCE: std::sync::LazyLock<tempfile::TempDir> = std::sync::LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
            // SAFETY: nothing in this program reads the environment before it has come by here, and nothing writes it afterwards.
            #[expect(unsafe_code, reason = "the environment of this test program, before anything is started")]
            unsafe {
                std::env::set_var(name, folder.path());
            }
        }
        folder
    });
    assert!(ONCE.path().exists());
}

impl Drop for World {
    fn drop(&mut self) {
        if let Ok(mut stream) = UnixStream::connect(&self.paths.socket) {
            let mut bytes = Vec::new();
            encode(&ClientMessage::Kill, &mut bytes).unwrap();
            let _ = stream.write_all(&bytes);
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
}

pub fn attach(viewport: Size) -> Attach {
    Attach {
        viewport,
        target: None,
        create: None,
        read_only: false,
        detach_others: false,
        environment: Vec::new(),
        view: None,
        create_only: false,
    }
}

pub fn session(name: &str, command: &[&str]) -> NewSession {
    NewSession { name: Some(name.into()), command: command.iter().map(|word| (*word).to_owned()).collect(), ..NewSession::default() }
}

#[derive(Debug, Default)]
pub struct Model {
    pub sessions: Vec<SessionInfo>,
    pub windows: Vec<WindowInfo>,
    pub panes: Vec<PaneInfo>,
    pub roster: usize,
    pub controls: BTreeMap<PaneId, ControlInfo>,
    pub operators: Vec<OperatorInfo>,
    pub frames: u64,
}

pub struct Client {
    pub stream: UnixStream,
    pub decoder: Decoder,
    pub next_request: u64,
    pub model: Model,
}

impl Client {
    pub fn send(&mut self, message: &ClientMessage) {
        let mut bytes = Vec::new();
        encode(message, &mut bytes).unwrap();
        let _ = self.stream.write_all(&bytes);
    }

    pub fn next(&mut self, until: Instant) -> Option<ServerMessage> {
        let mut buffer = [0; 65536];
        loop {
            if let Some(message) = self.decoder.next::<ServerMessage>().unwrap() {
                self.note(&message);
                return Some(message);
            }
            let left = until.saturating_duration_since(Instant::now());
            self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(read) => self.decoder.push(&buffer[..read]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
                Err(_) => return None,
            }
        }
    }

    pub fn note(&mut self, message: &ServerMessage) {
        let model = &mut self.model;
        match message {
            ServerMessage::Session(info) => {
                model.sessions.retain(|known| known.id != info.id);
                model.sessions.push(info.clone());
            }
            ServerMessage::Window(info) => {
                model.windows.retain(|known| known.id != info.id);
                model.windows.push(info.clone());
            }
            ServerMessage::Pane(info) => {
                model.panes.retain(|known| known.id != info.id);
                model.panes.push(info.clone());
            }
            ServerMessage::PaneGone(pane) => model.panes.retain(|known| known.id != *pane),
            ServerMessage::Roster(operators) => {
                model.roster = operators.iter().map(|operator| operator.attachments.len()).sum();
                model.operators.clone_from(operators);
            }
            ServerMessage::Control(info) => _ = model.controls.insert(info.pane, (**info).clone()),
            ServerMessage::Frame(frame) => {
                model.frames += 1;
                let ack = FrameAck { pane: frame.pane, version: frame.version };
                self.send(&ClientMessage::FrameAck(ack));
            }
            _ => {}
        }
    }

    pub fn wait<T>(&mut self, what: &str, found: impl Fn(&ServerMessage) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        while let Some(message) = self.next(until) {
            if let Some(value) = found(&message) {
                return value;
            }
            seen.push(format!("{message:?}").chars().take(160).collect::<String>());
        }
        panic!("never came: {what}; seen: {seen:#?}");
    }

    pub fn wait_model(&mut self, what: &str, holds: impl Fn(&Model) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(&self.model) {
            assert!(self.next(until).is_some(), "never true: {what}; {:#?}", self.model);
        }
    }

    pub fn attach(&mut self, attach: Attach) -> Attached {
        self.send(&ClientMessage::Attach(attach));
        let attached = self.wait("attached", |message| match message {
            ServerMessage::Attached(attached) => Some(attached.clone()),
            ServerMessage::Error(refusal) => panic!("{refusal:?}"),
            _ => None,
        });
        self.wait("the model", |message| matches!(message, ServerMessage::ModelEnd).then_some(()));
        attached
    }

    pub fn ask(&mut self, request: Request) -> Reply {
        self.next_request += 1;
        let id = self.next_request;
        self.send(&ClientMessage::Request(RequestMessage { id, request: request.clone() }));
        self.wait(&format!("the answer to {request:?}"), |message| match message {
            ServerMessage::Reply(ReplyMessage { id: of, reply }) if *of == id => Some(reply.clone()),
            _ => None,
        })
    }

    pub fn made(&mut self, request: Request) -> Made {
        match self.ask(request) {
            Reply::Done(made) => made,
            other => panic!("{other:?}"),
        }
    }

    pub fn refused(&mut self, request: Request) -> Refusal {
        match self.ask(request) {
            Reply::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }

    pub fn tree(&mut self) -> Tree {
        match self.ask(Request::Tree) {
            Reply::Tree(tree) => tree,
            other => panic!("{other:?}"),
        }
    }

    pub fn type_keys(&mut self, seq: u64, pane: PaneId, text: &str) {
        self.send(&ClientMessage::Input(Input { seq, pane, bytes: text.as_bytes().to_vec(), source: InputSource::Paste, epoch: None }));
    }

    pub fn acked(&mut self, seq: u64) {
        let refused = self.wait("the input's acknowledgement", |message| match message {
            ServerMessage::InputAck(ack) if ack.seq == seq => Some(ack.refused.clone()),
            _ => None,
        });
        assert_eq!(refused, None);
    }

    pub fn read(&mut self, pane: PaneId) -> String {
        match self.ask(Request::Read { target: Some(pane.to_string()), lines: None, all: true, rows: false }) {
            Reply::PaneText(text) => text.text,
            other => panic!("{other:?}"),
        }
    }

    pub fn wait_text(&mut self, pane: PaneId, what: &str, holds: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.read(pane);
            if holds(&text) {
                return;
            }
            assert!(Instant::now() < until, "never true: {what}; the pane says {text:?}");
        }
    }
}

pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

pub const SIZE: Size = Size::new(80, 24);
