//! The client's one loop: poll, take everything that is there, update, draw once, write once.
//!
//! Four things can wake it: the terminal (keys, and when it had been full), the server, signals, and a deadline, which exists only while something waits
//! (an Escape that may begin a key, a message that goes away, the minute of a clock that is shown). A client in which nothing happens does not
//! run.
//!
//! What the server sent is taken whole before anything is drawn: frames of several panes make one write, and states in between are never shown. As long
//! as the terminal has not taken the last frame none is made, and no frame is acknowledged, so the server makes none for us either: a stopped
//! terminal costs nothing, and sees the newest state when it goes on.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

use super::backend::Depth;
use super::clock::{self, Monotone};
use super::decode::Decoder;
use super::format;
use super::link::{Link, State};
use super::model::{Link as Standing, Model};
use super::painter::{Painter, clipboard_bytes, title_bytes};
use super::pulse::{Due, Pulse};
use super::settings::Settings;
use super::signals::{self, Signals};
use super::tty::{Tty, TtyError};
use super::update::{Effect, Event, Leave, update_all};
use crate::config::Config;
use crate::protocol::message::{Attach, ClientMessage, FrameAck, Hello, Level, Refusal, ServerMessage};

/// The first drawing waits so long for the screens of the panes, so that nothing is seen half filled, in milliseconds.
const FIRST_FRAMES_MS: u64 = 50;
/// Most text that is offered to the outer terminal's clipboard, in bytes.
const CLIPBOARD_MAX_BYTES: usize = 1024 * 1024;

/// What a full-screen client needs.
pub struct Options {
    /// Where the server listens, to come back to.
    pub path: PathBuf,
    /// The connection, nothing said on it yet.
    pub socket: UnixStream,
    /// The greeting; `resume` is filled in here.
    pub hello: Hello,
    /// What to attach to; `viewport` is filled in here.
    pub attach: Attach,
    /// Name of whoever sits here.
    pub user: String,
    /// The configuration.
    pub config: Config,
    /// What is wrong in it, to be shown.
    pub warnings: Vec<String>,
    /// Reads the configuration again.
    pub reload: Box<dyn FnMut() -> (Config, Vec<String>)>,
    /// Has somebody look after a server that does not answer; returns at once.
    pub look_after: Box<dyn FnMut()>,
}

/// How a client ended. Its text is the last word to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// Detached, from the session of that name.
    Detached(String),
    /// The session ended.
    SessionEnded,
    /// The server was ended on purpose.
    ServerExited,
    /// Another client took over the attachment.
    Replaced(String),
    /// By a signal.
    Signal(i32),
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Detached(session) => write!(f, "[detached (from session {session})]"),
            Self::SessionEnded => f.write_str("[exited]"),
            Self::ServerExited => f.write_str("[server exited]"),
            Self::Replaced(session) => write!(f, "[detached (from session {session}): attached elsewhere]"),
            Self::Signal(signal) => write!(f, "[detached (by signal {signal})]"),
        }
    }
}

/// Why a client could not run or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The terminal will not do.
    #[error(transparent)]
    Tty(#[from] TtyError),
    /// The server refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The server is gone and did not come back.
    #[error("the server is gone, and so is its keeper: nothing listens at {}; the programs in the panes have ended with them", .0.display())]
    Gone(PathBuf),
    /// Server and keeper are gone; another one answers, which knows nothing of this client's session.
    #[error("server and keeper ended, and with them the programs in the panes of session {0}; another server answers now")]
    Anew(String),
    /// A system call failed.
    #[error("the client cannot go on: {0}")]
    Io(#[from] io::Error),
}

/// Runs a full-screen client in the terminal of standard input and output until it is left.
///
/// # Errors
/// See [`Error`]. The terminal is restored in any case.
pub fn run(options: Options) -> Result<Exit, Error> {
    let tty = Tty::open(std::env::var("TERM").ok().as_deref())?;
    let mut signals = Signals::listen()?;
    tty.raw()?;
    let settings = Settings::new(options.config, editor().as_deref());
    let mut model = Model::new(Tty::size(), settings);
    model.host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    model.user = options.user;
    model.tty = options.hello.tty.clone().unwrap_or_default();
    model.unicode = is_utf8_locale();
    model.environment.clone_from(&options.attach.environment);
    let mut warnings = options.warnings;
    if !model.unicode {
        warnings.push("the locale is not UTF-8: borders and marks are ASCII; before starting: `export LANG=C.UTF-8`".to_owned());
    }
    let attach = Attach { viewport: model.viewport(), ..options.attach };
    let first = attach.clone();
    let link = Link::new(options.path.clone(), options.socket, options.hello, attach)?;
    let painter = Painter::new(model.size, depth());
    let mut client = Client {
        clock: Monotone::start(),
        tty,
        link,
        painter,
        decoder: Decoder::new(),
        model,
        reload: options.reload,
        look_after: options.look_after,
        pulse: Pulse::default(),
        keeper_pid: None,
        entered: false,
        escape_ms: None,
        complete_ms: None,
        clock_ms: None,
        title: String::new(),
        warnings,
        path: options.path,
        leave: None,
        first,
    };
    let result = client.run(&mut signals);
    client.tty.restore();
    result
}

fn editor() -> Option<String> {
    std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR")).ok()
}

/// Whether the locale's characters are UTF-8, by the variables that decide it.
fn is_utf8_locale() -> bool {
    let value = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    // macOS sets none of them in some terminals, and knows nothing but UTF-8.
    value.map_or(cfg!(target_os = "macos"), |value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

fn depth() -> Depth {
    let (term, colorterm) = (std::env::var("TERM").unwrap_or_default(), std::env::var("COLORTERM").unwrap_or_default());
    let direct = ["direct", "kitty", "alacritty", "foot", "wezterm", "ghostty", "tmux-direct"];
    if colorterm == "truecolor" || colorterm == "24bit" || direct.iter().any(|name| term.contains(name)) {
        Depth::Direct
    } else if term.starts_with("linux") || term.starts_with("vt") || term == "ansi" || term.ends_with("-16color") {
        Depth::Sixteen
    } else {
        Depth::Palette256
    }
}

struct Client {
    clock: Monotone,
    tty: Tty,
    link: Link,
    painter: Painter,
    decoder: Decoder,
    model: Model,
    reload: Box<dyn FnMut() -> (Config, Vec<String>)>,
    look_after: Box<dyn FnMut()>,
    /// Whether the server answers.
    pulse: Pulse,
    /// The keeper, once a server told.
    keeper_pid: Option<u32>,
    /// The alternate screen is shown.
    entered: bool,
    /// When an Escape that waits is a key.
    escape_ms: Option<u64>,
    /// When the model was first whole.
    complete_ms: Option<u64>,
    /// When the clock is to be looked at again.
    clock_ms: Option<u64>,
    /// The outer terminal's title as last set.
    title: String,
    warnings: Vec<String>,
    path: PathBuf,
    leave: Option<Result<Exit, Error>>,
    /// What was asked for at the start, until it is answered.
    first: Attach,
}

impl Client {
    fn run(&mut self, signals: &mut Signals) -> Result<Exit, Error> {
        let mut typed = vec![0; 64 * 1024];
        loop {
            self.model.now_ms = self.clock.now_ms();
            let ready = self.wait(signals)?;
            self.model.now_ms = self.clock.now_ms();
            self.model.unix_ms = clock::unix_ms();
            let mut events = Vec::new();
            if ready.signals {
                self.signalled(signals, &mut events)?;
            }
            if ready.writable {
                self.tty.flush()?;
                self.acknowledge(false);
            }
            if ready.typed {
                self.read_keys(&mut typed, &mut events)?;
            }
            if self.escape_ms.is_some_and(|at| at <= self.model.now_ms) {
                self.escape_ms = None;
                self.decoder.give_up(&mut events);
            }
            if ready.server {
                self.receive(&mut events);
            }
            if matches!(self.link.state(), State::Down { .. }) {
                let model = &self.model;
                let first = &self.first;
                self.link.retry(model.now_ms, || attach_again(model, first));
                self.model.redraw.chrome |= self.model.nobody_listens != self.link.nobody_listens();
                self.model.nobody_listens = self.link.nobody_listens();
            }
            self.look_at_pulse();
            if self.link.state() == State::Gone {
                return Err(Error::Gone(self.path.clone()));
            }
            if self.model.deadline_ms().is_some_and(|at| at <= self.model.now_ms) {
                events.push(Event::Deadline);
            }
            self.look_at_clock();
            let mut typed_only = ready.typed && !ready.server;
            if !events.is_empty() {
                for effect in update_all(&mut self.model, events) {
                    typed_only &= matches!(effect, Effect::Input { .. });
                    self.perform(effect)?;
                }
            }
            if self.model.complete {
                let model = &self.model;
                self.link.settle(|pane| model.stamp(pane));
            }
            // Input first, so that the way of a key does not wait for a drawing.
            self.link.flush();
            if let Some(result) = self.leave.take() {
                return result;
            }
            // What was typed into a program shows when the program says so.
            if typed_only && self.shows_all() {
                continue;
            }
            self.draw()?;
            self.link.flush();
        }
    }

    /// Whether a drawing would certainly find nothing to do.
    fn shows_all(&self) -> bool {
        let model = &self.model;
        self.entered
            && !model.redraw.chrome
            && !model.redraw.everything
            && self.warnings.is_empty()
            && model.modes.is_empty()
            && model.overlays.is_empty()
            && model.drag.is_none()
            && model.replicas.values().all(|replica| replica.damage.is_empty())
    }

    /// Waits until something can be done.
    fn wait(&mut self, signals: &Signals) -> io::Result<Ready> {
        let attached = self.model.attachment.is_some();
        let pending = self.tty.is_pending();
        let mut deadlines = vec![self.model.deadline_ms(), self.escape_ms, self.clock_ms, self.pulse.deadline_ms()];
        if let State::Down { again_ms } = self.link.state() {
            deadlines.push(Some(again_ms));
        }
        if !self.entered {
            deadlines.push(self.complete_ms.map(|at| at + FIRST_FRAMES_MS));
        }
        let timeout = deadlines.into_iter().flatten().min().map(|at| {
            let ms = at.saturating_sub(self.model.now_ms);
            Timespec { tv_sec: i64::try_from(ms / 1000).unwrap_or(i64::MAX), tv_nsec: i64::try_from(ms % 1000).unwrap_or(0) * 1_000_000 }
        });
        let mut fds = vec![PollFd::new(signals, PollFlags::IN)];
        let socket = self.link.socket();
        let socket_at = socket.map(|(fd, full)| {
            fds.push(PollFd::from_borrowed_fd(fd, if full { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN }));
            fds.len() - 1
        });
        // Keys typed before there is anything to type into stay in the terminal.
        let keys_at = attached.then(|| {
            fds.push(PollFd::from_borrowed_fd(rustix::stdio::stdin(), PollFlags::IN));
            fds.len() - 1
        });
        let out_at = pending.then(|| {
            fds.push(PollFd::new(&self.tty, PollFlags::OUT));
            fds.len() - 1
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let happened = |at: Option<usize>, which: PollFlags| at.and_then(|at| fds.get(at)).is_some_and(|fd| fd.revents().intersects(which));
        let ends = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        Ok(Ready {
            signals: happened(Some(0), PollFlags::IN),
            server: happened(socket_at, PollFlags::IN | ends),
            typed: happened(keys_at, PollFlags::IN | ends),
            writable: happened(out_at, PollFlags::OUT | ends),
        })
    }

    fn read_keys(&mut self, buffer: &mut [u8], events: &mut Vec<Event>) -> Result<(), Error> {
        match rustix::io::read(rustix::stdio::stdin(), &mut *buffer) {
            // The terminal hung up.
            Ok(0) | Err(Errno::IO) => self.leave = Some(Ok(Exit::Signal(SIGHUP))),
            Ok(count) => {
                self.decoder.push(buffer.get(..count).unwrap_or_default(), events);
                let wait = u64::from(self.model.settings.config.times.escape_ms);
                self.escape_ms = self.decoder.is_waiting().then(|| self.model.now_ms.saturating_add(wait));
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        Ok(())
    }

    fn look_at_pulse(&mut self) {
        match self.pulse.due(self.model.now_ms) {
            Some(Due::Ping) => _ = self.link.send(&ClientMessage::Ping(self.model.now_ms)),
            Some(Due::Silent) => {
                self.model.silent = true;
                self.model.redraw.chrome = true;
                (self.look_after)();
            }
            None => {}
        }
    }

    fn receive(&mut self, events: &mut Vec<Event>) {
        let received = self.link.receive();
        if self.pulse.heard() {
            self.model.silent = false;
            self.model.redraw.chrome = true;
        }
        for message in &received.messages {
            if let ServerMessage::Welcome(welcome) = message {
                let before = self.keeper_pid.replace(welcome.keeper_pid);
                // A new keeper that knows us was given everything by the server. One that does not has nothing of what was here.
                if before.is_some_and(|before| before != welcome.keeper_pid) && !welcome.resumed && self.model.view.is_some() {
                    self.link.send(&ClientMessage::Detach);
                    self.link.flush();
                    self.leave = Some(Err(Error::Anew(self.model.session_name.clone())));
                    return;
                }
            }
        }
        if received.doubtful > 0 {
            let text = format!("{} keys typed while the server went away may be lost", received.doubtful);
            self.model.say(Level::Warning, text);
        }
        events.extend(received.messages.into_iter().map(Event::Server));
        if received.ended {
            // A server that says why it ends the connection is believed, before a new one is looked for.
            let said = |event: &Event| matches!(event, Event::Server(ServerMessage::Detached(_) | ServerMessage::Error(_)));
            if !events.iter().any(said) {
                events.push(Event::Lost);
            }
            self.link.lost(self.model.now_ms);
        }
    }

    fn signalled(&mut self, signals: &mut Signals, events: &mut Vec<Event>) -> Result<(), Error> {
        for signal in signals.take() {
            match signal {
                SIGWINCH => events.push(Event::Resized(Tty::size())),
                SIGTERM | SIGHUP | SIGINT => {
                    self.link.send(&ClientMessage::Detach);
                    self.leave = Some(Ok(Exit::Signal(signal)));
                }
                SIGTSTP => {
                    self.suspend(signals)?;
                    events.push(Event::Resized(Tty::size()));
                }
                // Somebody else stopped us and may have changed the terminal's modes meanwhile.
                SIGCONT => {
                    self.resume()?;
                    events.push(Event::Resized(Tty::size()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives the terminal back, stops, and takes it again.
    fn suspend(&mut self, signals: &mut Signals) -> Result<(), Error> {
        self.tty.restore();
        signals::stop();
        // The signal by which we go on is no news.
        let _ = signals.take();
        self.resume()
    }

    fn resume(&mut self) -> Result<(), Error> {
        self.tty.raw()?;
        self.entered = false;
        self.model.redraw.everything = true;
        Ok(())
    }

    fn look_at_clock(&mut self) {
        let Some(period_s) = self.model.settings.clock_period_s.filter(|_| self.model.settings.status) else {
            self.clock_ms = None;
            return;
        };
        if self.clock_ms.is_none_or(|at| at <= self.model.now_ms) {
            let (time, next_ms) = clock::local(period_s);
            // A moment later, so that it is not looked at just before it changes.
            self.clock_ms = Some(self.model.now_ms + next_ms + 5);
            self.model.clock = time;
            self.model.redraw.chrome = true;
        }
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Error> {
        match effect {
            Effect::Send(message) => {
                if matches!(message, ClientMessage::Request(_)) && self.link.state() == State::Up {
                    self.pulse.asked(self.model.now_ms);
                }
                if !self.link.send(&message) && matches!(message, ClientMessage::Request(_)) {
                    self.model.say(Level::Warning, "the server does not answer; try again when it is back");
                }
            }
            Effect::Input { pane, bytes, source, stamp } => {
                self.acknowledge(true);
                if self.link.state() == State::Up {
                    self.pulse.asked(self.model.now_ms);
                }
                if !self.link.input(pane, bytes, source, stamp) {
                    self.model.say(Level::Warning, "too much input waits for the server; this was not taken");
                }
            }
            Effect::Clipboard(text) => {
                if text.len() <= CLIPBOARD_MAX_BYTES {
                    self.painter.raw(&clipboard_bytes(&text));
                }
            }
            Effect::Bell => self.painter.raw(b"\x07"),
            Effect::Mouse(on) => self.painter.raw(Tty::mouse_bytes(on, self.model.settings.config.mouse.focus_follows)),
            Effect::Suspend => {
                // As a signal to ourselves, to have one way.
                let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
            }
            Effect::Reload => {
                let (config, warnings) = (self.reload)();
                let reports = |settings: &Settings| (settings.mouse, settings.config.mouse.focus_follows);
                let before = reports(&self.model.settings);
                self.model.settings = Settings::new(config, editor().as_deref());
                let (mouse, motion) = reports(&self.model.settings);
                if (mouse, motion) != before {
                    self.painter.raw(Tty::mouse_bytes(mouse, motion));
                }
                self.clock_ms = None;
                self.model.redraw.everything = true;
                self.link.send(&ClientMessage::Viewport(self.model.viewport()));
                match warnings.first() {
                    Some(first) => self.model.say(Level::Warning, first.clone()),
                    None => self.model.say(Level::Info, "configuration read"),
                }
            }
            Effect::Leave(why) => {
                let session = self.model.session_name.clone();
                self.leave = Some(match why {
                    Leave::Detached => Ok(Exit::Detached(session)),
                    Leave::SessionEnded => Ok(Exit::SessionEnded),
                    Leave::ServerExited => Ok(Exit::ServerExited),
                    Leave::Replaced => Ok(Exit::Replaced(session)),
                    Leave::Refused(refusal) => Err(Error::Refused(refusal)),
                });
            }
        }
        Ok(())
    }

    /// Draws what changed, if the terminal has taken all before.
    fn draw(&mut self) -> Result<(), Error> {
        if self.tty.is_pending() || !self.is_worth_drawing() {
            return Ok(());
        }
        // All are remembered, the first is shown.
        for warning in std::mem::take(&mut self.warnings).into_iter().rev() {
            self.model.say(Level::Warning, warning);
        }
        if self.model.redraw.chrome && self.model.settings.config.titles.terminal {
            let title = format::expand(&self.model, &self.model.settings.config.titles.terminal_format);
            if title != self.title {
                self.painter.raw(&title_bytes(&title));
                self.title = title;
            }
        }
        let entering = !self.entered;
        if entering {
            self.entered = true;
            self.model.redraw.everything = true;
        }
        let mut bytes = self.painter.draw(&mut self.model);
        if entering {
            let mut whole = Tty::enter_bytes(self.model.settings.mouse, self.model.settings.config.mouse.focus_follows);
            whole.append(&mut bytes);
            bytes = whole;
        }
        if !bytes.is_empty() {
            self.tty.write(&bytes)?;
        }
        self.acknowledge(false);
        Ok(())
    }

    /// Whether the model is fit to be shown. The first time it waits a moment for the screens of the panes that are looked at.
    fn is_worth_drawing(&mut self) -> bool {
        if self.model.attachment.is_none() || (!self.model.complete && self.model.link == Standing::Up) {
            return false;
        }
        if self.entered || matches!(self.model.link, Standing::Lost { .. }) {
            return true;
        }
        let since = *self.complete_ms.get_or_insert(self.model.now_ms);
        let here = self.model.places().iter().all(|place| self.model.replicas.contains_key(&place.pane));
        here || self.model.now_ms >= since + FIRST_FRAMES_MS
    }

    /// Tells the server which frames were shown, once the terminal has taken them. A pane's lone frame waits for something else to be said: the server
    /// sends one more without.
    fn acknowledge(&mut self, lone: bool) {
        if self.tty.is_pending() || self.link.state() != State::Up {
            return;
        }
        for (pane, replica) in &mut self.model.replicas {
            if (lone || replica.unacked_frames > 1)
                && let Some(version) = replica.unacked.take()
            {
                replica.unacked_frames = 0;
                self.link.send(&ClientMessage::FrameAck(FrameAck { pane: *pane, version }));
            }
        }
    }
}

/// What can be done after waiting.
struct Ready {
    signals: bool,
    server: bool,
    typed: bool,
    writable: bool,
}

/// The attach of a client that comes back: to where it was.
fn attach_again(model: &Model, first: &Attach) -> Attach {
    if model.view.is_none() {
        // The first attach was not answered. What it was to make may have been made all the same: then by its name it is found, not refused.
        let named = first.create.as_ref().and_then(|session| session.name.clone());
        let target = first.target.clone().or(named);
        return Attach { viewport: model.viewport(), target, create_only: false, ..first.clone() };
    }
    Attach {
        viewport: model.viewport(),
        target: model.view.as_ref().map(|view| view.session.to_string()),
        create: None,
        read_only: !model.may_type(),
        detach_others: false,
        environment: model.environment.clone(),
        view: model.view.clone(),
        create_only: false,
    }
}
