//! Programs in panes: their start, their end, and what a new server finds of them.
//!
//! ```text
//!   Effect::Spawn ─► keeper SPAWN ─► PANE ─► worker, PaneStarted, whoever waits is answered
//!                               └──► ERR  ─► the pane is taken back as if it had never been, whoever waits is refused
//!   keeper EXITED ─► worker reads what is left ─► notice `ended` ─► PaneExited ─► (closed) commit ─► keeper FORGET
//!   Effect::Kill  ─► HUP to the group; `Dying` until EXITED; KILL after [`PATIENCE`]; given up after as long again
//! ```
//!
//! A pane that is kept after its program's end stays with the keeper, so that its screen is still there after a restart of the server.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::environment;
use super::event::{Asker, ConnectionId};
use super::faults;
use super::owner::{AfterCommit, Server, is_repeatable, now_ms, refusal};
use super::panes::{HistoryLimits, LastScreen, PaneSetup};
use super::secret;
use super::stored::Doing;
use crate::geometry::Size;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::keeper::link::HeldPane;
use crate::operator::End;
use crate::operator::journal;
use crate::platform::{self, ProcessWatch};
use crate::protocol::keeper::{Exit, MemoryShape, Message, PaneRecord, SignalTo, SpawnRequest};
use crate::protocol::message::{Attach, Level, Made, Notice, Refusal, Reply, ServerMessage};
use crate::ring::PaneMemory;
use crate::session::{Command, ExitStatus, PaneStatus, Program, RemainOnExit, Spawn};

/// How long a program may take to end after a hang-up, and again after being killed.
const PATIENCE: Duration = Duration::from_secs(1);
/// Shortest time between two looks at what runs in one pane.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a new foreground program is left alone before pane and window are named after it: most are gone by then.
const LOOK_AFTER: Duration = Duration::from_millis(60);

/// The process of a pane, unless it has ended: then its number may be a stranger's.
fn watch_process(record: &PaneRecord) -> Option<ProcessWatch> {
    let watch = ProcessWatch::open(record.pid).ok()?;
    (record.start_time == 0 || platform::start_time(record.pid) == Some(record.start_time)).then_some(watch)
}

/// What the owner keeps of a running (or kept) pane. Screen, history and viewers are its worker's.
#[derive(Debug)]
pub(super) struct PaneEntry {
    pub(super) incarnation: u32,
    pub(super) pid: u32,
    pub(super) start_time: u64,
    /// Held from the start, so that the kernel keeps its exit status for us even if it ends while no keeper lives; `None` if it had ended before.
    pub(super) process: Option<ProcessWatch>,
    /// For questions to the kernel, and for a new keeper. Never read.
    pub(super) master: OwnedFd,
    /// For a new keeper.
    pub(super) memory: OwnedFd,
    pub(super) size: Size,
    pub(super) exit: Option<Exit>,
    pub(super) quarantine: Option<u64>,
    /// What was in the foreground when somebody last looked.
    pub(super) command: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) history_lines: u64,
    pub(super) note: Option<String>,
}

/// A program that the keeper is starting.
#[derive(Debug)]
pub(super) struct Starting {
    incarnation: u32,
    size: Size,
    program: String,
    then: Vec<Then>,
}

/// A program that was told to end.
#[derive(Debug)]
pub(super) struct Dying {
    pub(super) entry: PaneEntry,
    pub(super) deadline: Instant,
    killed: bool,
}

/// What follows a start.
#[derive(Debug)]
pub(super) enum Then {
    /// An answer.
    Reply(Asker, Made),
    /// The attachment that made the session.
    Attach(ConnectionId, Box<Attach>),
}

fn exit_status(exit: &Exit) -> ExitStatus {
    match (exit.code(), exit.signal()) {
        (Some(code), _) => ExitStatus::Code(i32::from(code)),
        (None, Some(signal)) => ExitStatus::Signal(i32::from(signal)),
        (None, None) => ExitStatus::Unknown,
    }
}

impl Server {
    /// [`crate::session::Effect::Spawn`].
    pub(super) fn start_program(&mut self, spawn: Spawn) {
        let Spawn { pane, incarnation, window, session: _, argv, cwd, environment: changes } = spawn;
        // Another program ran here: its terminal goes first, the number is needed again.
        if self.panes.remove(&pane).is_some() || self.dying.remove(&pane).is_some() {
            self.workers.remove(pane);
            self.after_commit.push(AfterCommit::Forget(pane));
            self.input_lost(pane, true, "the pane's program was replaced");
        }
        let size = self.state.pane_rects(window).and_then(|arrangement| arrangement.rect_of(pane)).map(|rect| rect.size());
        let size = size.or_else(|| Some(self.state.windows.get(&window)?.size)).unwrap_or(self.options.default_size).at_least_one();
        self.end_identities_of(pane);
        let by = self.acting_operator();
        if let Some(party) = by.and_then(|by| self.party(by)) {
            // What an agent starts is the agent's.
            self.pane_used_by(pane, party.id, party.kind);
        }
        let (token, hash) = match secret::new() {
            Ok((token, hash)) => (Some(token), Some(hash)),
            Err(_) => (None, None),
        };
        match hash {
            Some(hash) => _ = self.pane_tokens.insert(pane, hash),
            None => _ = self.pane_tokens.remove(&pane),
        }
        let session_name = self.state.sessions_of(window).next().map_or_else(String::new, |session| session.name.clone());
        let own = environment::Own {
            pane,
            session: &session_name,
            socket: &self.about.paths.socket,
            terminal: &self.options.default_terminal,
            shell: self.options.default_shell.as_deref(),
            token: token.as_deref(),
        };
        let env = environment::for_pane(std::env::vars_os(), &changes, &own);
        let cwd = if cwd.is_empty() || std::path::Path::new(&cwd).is_dir() {
            cwd
        } else {
            self.tell_viewers(window, Level::Warning, format!("folder {cwd} is not there; started in the home folder"));
            String::new()
        };
        let program = argv.first().cloned().unwrap_or_else(|| "the shell".to_owned());
        let is_named = env.iter().any(|(name, _)| name == b"SHELL");
        let account =
            if is_named { None } else { crate::platform::user() }.map(|user| std::os::unix::ffi::OsStringExt::into_vec(user.shell));
        let argv = environment::command_line(&argv, &env, self.options.login_shell, account.as_deref());
        let memory = MemoryShape { history_bytes: self.options.history_bytes, ..MemoryShape::default() };
        let meta = incarnation.to_le_bytes().to_vec();
        let request = Message::Spawn(SpawnRequest { pane, size, argv, env, cwd: cwd.into_bytes(), memory, meta });
        self.starting.insert(pane, Starting { incarnation, size, program, then: Vec::new() });
        if let Err(error) = request.encode() {
            self.failed.push((pane, refusal("too_large", format!("command and environment are too large: {error}"))));
            return;
        }
        faults::point("spawn");
        // After the commit, which says who waits for it: else a successor that finds the program would not know whose it is, and start another.
        self.after_commit.push(AfterCommit::Tell(Box::new(request)));
    }

    /// The changes that wait for a program's start, for a successor.
    pub(super) fn under_way(&self) -> Vec<Doing> {
        let waiting = |(pane, starting): (&PaneId, &Starting)| {
            let asked = starting.then.iter().filter_map(|then| match then {
                Then::Reply(asker, made) if is_repeatable(asker.id) => Some(Doing { pane: *pane, request: asker.id, made: made.clone() }),
                _ => None,
            });
            asked.collect::<Vec<_>>()
        };
        self.starting.iter().flat_map(waiting).collect()
    }

    /// Whether the keeper has not yet said what became of the start of `pane`'s program.
    pub(super) fn is_starting(&self, pane: PaneId) -> bool {
        self.starting.contains_key(&pane)
    }

    /// What follows once the program in `pane` runs, or could not be started.
    pub(super) fn when_started(&mut self, pane: Option<PaneId>, then: Then) {
        match pane.and_then(|pane| self.starting.get_mut(&pane)) {
            Some(starting) => starting.then.push(then),
            None => self.follow(then),
        }
    }

    fn follow(&mut self, then: Then) {
        match then {
            Then::Reply(asker, made) => self.reply(asker, Reply::Done(made)),
            Then::Attach(connection, attach) => {
                let name = attach.create.as_ref().and_then(|create| create.name.as_deref()).or(attach.target.as_deref());
                let named = name.and_then(|name| self.state.session_named(&name.replace([':', '.'], "_"))).map(|session| session.id);
                let newest = || self.state.sessions.keys().next_back().copied();
                match named.or_else(newest).and_then(|session| self.view_of(session)) {
                    Some(view) => self.take_seat(connection, &attach, view),
                    None => self.hang_up(connection, refusal("failed", "the session ended at once")),
                }
            }
        }
    }

    /// The keeper has a new pane.
    pub(super) fn on_pane(&mut self, record: PaneRecord, fds: Vec<OwnedFd>) {
        let pane = record.pane;
        faults::point("spawned");
        let starting = self.starting.remove(&pane);
        let wanted = starting
            .as_ref()
            .is_some_and(|starting| self.state.panes.get(&pane).is_some_and(|there| there.incarnation == starting.incarnation));
        let (Some(starting), true, Some(held)) = (starting, wanted, HeldPane::new(record, fds)) else {
            // It was killed before it was there.
            self.keeper.send(Message::Forget { pane });
            return;
        };
        let Starting { incarnation, size, then, .. } = starting;
        let pid = held.record.pid;
        if let Err(error) = self.take_pane(held, incarnation, size, true) {
            tracing::error!(%pane, error = format!("{error:#}"), "pane not taken up");
            self.keeper.send(Message::Forget { pane });
            self.starting.insert(pane, Starting { incarnation, size, program: String::new(), then });
            return self.start_failed(pane, refusal("failed", format!("the pane cannot be served: {error:#}")));
        }
        tracing::info!(%pane, pid, "program started");
        self.apply_late(Command::PaneStarted { pane, incarnation, pid });
        self.rewatch(pane);
        self.on_drained(pane);
        // The layout may have changed since the start was asked for.
        if let Some(window) = self.state.panes.get(&pane).map(|pane| pane.window) {
            self.resize_terminals(window);
            self.name_window(window);
        }
        for then in then {
            self.follow(then);
        }
    }

    fn take_pane(&mut self, held: HeldPane, incarnation: u32, size: Size, fresh: bool) -> anyhow::Result<()> {
        let HeldPane { record, master, memory, pipe } = held;
        let entry = PaneEntry {
            incarnation,
            pid: record.pid,
            start_time: record.start_time,
            process: watch_process(&record),
            master: master.try_clone()?,
            memory: memory.try_clone()?,
            size,
            exit: None,
            quarantine: record.quarantine,
            command: None,
            cwd: None,
            history_lines: 0,
            note: record.quarantine.map(|_| "quarantined".to_owned()),
        };
        self.workers.add(PaneSetup {
            pane: record.pane,
            incarnation,
            memory: PaneMemory::open(memory)?,
            master,
            size,
            fresh,
            quarantined: record.quarantine.is_some(),
            history: HistoryLimits { lines: self.options.history_lines },
            look: self.options.look.clone(),
        })?;
        self.gate.take_up(record.pane, &record.inputs, pipe, entry.memory.as_fd(), fresh);
        self.panes.insert(record.pane, entry);
        // What its last server left in the pipe.
        self.pump(record.pane);
        self.look_at_pane(record.pane);
        Ok(())
    }

    /// The keeper could not start the program of `pane`: nothing is left of it.
    pub(super) fn on_spawn_error(&mut self, pane: PaneId, code: u64, text: &str) {
        let program = self.starting.get(&pane).map_or_else(String::new, |starting| starting.program.clone());
        let errno = i32::try_from(code).ok().filter(|code| *code > 0).map(|code| std::io::Error::from_raw_os_error(code).to_string());
        let reason = errno.as_deref().map_or(text, |errno| errno.split(" (os error").next().unwrap_or(errno));
        self.start_failed(pane, refusal("failed", format!("cannot start `{program}`: {reason}")));
    }

    pub(super) fn start_failed(&mut self, pane: PaneId, refusal: Refusal) {
        let Some(starting) = self.starting.remove(&pane) else { return };
        self.input_lost(pane, true, "the pane's program could not be started");
        tracing::warn!(%pane, reason = %refusal.message, "program not started");
        if starting.incarnation > 1 {
            // It was there before; its program is as dead as it was.
            let (incarnation, status) = (starting.incarnation, ExitStatus::Unknown);
            self.apply_late(Command::PaneExited { pane, incarnation, status, remain: RemainOnExit::On, last_screen: String::new() });
        } else {
            self.apply_late(Command::KillPane { pane });
            self.state.tombstones.retain(|tombstone| tombstone.pane != pane);
        }
        for then in starting.then {
            match then {
                Then::Reply(asker, _) => self.refuse(asker, refusal.clone()),
                Then::Attach(connection, _) => self.hang_up(connection, refusal.clone()),
            }
        }
    }

    /// [`crate::session::Effect::Kill`].
    pub(super) fn end_program(&mut self, pane: PaneId) {
        let Some(entry) = self.panes.remove(&pane) else { return };
        faults::point("kill");
        self.end_identities_of(pane);
        if entry.exit.is_none() {
            if !self.controls.knows(pane) {
                self.note_pane(pane, self.acting_operator(), journal::Cause::Command, journal::Fact::Killed);
            }
            // After the commit: else a successor that knows nothing of it would find a program that ended by itself, and the command would come again.
            for signal in [libc::SIGHUP, libc::SIGCONT] {
                self.after_commit.push(AfterCommit::Tell(Box::new(Message::Signal { pane, signal, to: SignalTo::Group })));
            }
        }
        self.input_lost(pane, true, "the pane was closed");
        self.dying.insert(pane, Dying { entry, deadline: Instant::now() + PATIENCE, killed: false });
    }

    /// Presses those that were told to end and did not.
    pub(super) fn press_dying(&mut self, now: Instant) {
        let due: Vec<PaneId> = self.dying.iter().filter(|(_, dying)| dying.deadline <= now).map(|(pane, _)| *pane).collect();
        for pane in due {
            let Some(dying) = self.dying.get_mut(&pane) else { continue };
            if dying.killed {
                self.drop_dying(pane);
            } else {
                tracing::info!(%pane, "hung up in vain, killed");
                (dying.killed, dying.deadline) = (true, now + PATIENCE);
                self.keeper.send(Message::Signal { pane, signal: libc::SIGKILL, to: SignalTo::Group });
            }
        }
    }

    fn drop_dying(&mut self, pane: PaneId) {
        if self.dying.remove(&pane).is_some() {
            self.workers.remove(pane);
            self.after_commit.push(AfterCommit::Forget(pane));
        }
    }

    /// [`crate::session::Effect::PaneClosed`].
    pub(super) fn pane_closed(&mut self, pane: PaneId) {
        self.end_identities_of(pane);
        self.control_closed(pane);
        self.touch_pane(pane);
        self.views_changed = true;
        if self.panes.remove(&pane).is_some() {
            self.workers.remove(pane);
            self.input_lost(pane, true, "the pane was closed");
            self.after_commit.push(AfterCommit::Forget(pane));
        }
    }

    /// The keeper reaped a pane's program.
    pub(super) fn on_exited(&mut self, pane: PaneId, exit: Exit) {
        let entry = self.panes.get_mut(&pane).or_else(|| self.dying.get_mut(&pane).map(|dying| &mut dying.entry));
        let Some(entry) = entry else { return };
        entry.exit = Some(exit);
        self.workers.exited(pane);
    }

    /// The worker has read everything that the program left.
    pub(super) fn on_ended(&mut self, pane: PaneId, last: LastScreen) {
        let remain = self.options.remain_on_exit;
        let entry = self.panes.get_mut(&pane).or_else(|| self.dying.get_mut(&pane).map(|dying| &mut dying.entry));
        let Some(entry) = entry else { return };
        entry.history_lines = last.history_lines;
        let Some(exit) = entry.exit else { return };
        let (incarnation, status) = (entry.incarnation, exit_status(&exit));
        tracing::info!(%pane, ?status, "program ended");
        if !self.dying.contains_key(&pane) && !self.controls.knows(pane) {
            self.note_pane(pane, None, journal::Cause::Exit, super::records::exited(status));
        }
        self.end_identities_of(pane);
        let (code, signal) = (exit.code().map(i32::from), exit.signal().map(i32::from));
        self.control_ended(pane, End::Exited { status: code, signal });
        self.apply_late(Command::PaneExited { pane, incarnation, status, remain, last_screen: last.text });
        self.drop_dying(pane);
        if self.state.panes.contains_key(&pane) {
            self.input_lost(pane, false, "the pane's program has ended");
            self.touch_pane(pane);
        }
    }

    /// Takes up what the keeper holds and the state knows; what only one of both has is let go. `known`: the state is a predecessor's.
    pub(super) fn recover(&mut self, held: Vec<HeldPane>, known: bool) {
        let mut seen = BTreeSet::new();
        for held in held {
            let pane = held.record.pane;
            seen.insert(pane);
            let (pid, exit) = (held.record.pid, held.record.exit);
            if !known {
                self.give_home(pane);
            }
            let Some(there) = self.state.panes.get(&pane) else {
                // Its start was never acknowledged to anybody, or its end was.
                self.keeper.send(Message::Forget { pane });
                continue;
            };
            let (incarnation, window, status) = (there.incarnation, there.window, there.status);
            let size = self.state.pane_rects(window).and_then(|arrangement| arrangement.rect_of(pane)).map(|rect| rect.size());
            // Behind a zoomed pane: as it stands without the zoom.
            let size = size.or_else(|| {
                let here = self.state.windows.get(&window)?;
                Some(here.layout.arrange(here.layout_area(self.state.arrange)).rect_of(pane)?.size())
            });
            if let Err(error) = self.take_pane(held, incarnation, size.unwrap_or(self.options.default_size), false) {
                tracing::error!(%pane, error = format!("{error:#}"), "pane lost");
                self.warn_once(format!("pane {pane} could not be recovered: {error:#}"));
                self.note_pane(pane, None, journal::Cause::Restart, journal::Fact::PaneLost);
                self.apply_late(Command::PaneLost { pane, last_screen: String::new() });
                self.keeper.send(Message::Forget { pane });
                continue;
            }
            if status == PaneStatus::Starting {
                self.apply_late(Command::PaneStarted { pane, incarnation, pid });
            }
            // It was started, and nobody was told.
            for done in self.doing.extract_if(.., |doing| doing.pane == pane).collect::<Vec<_>>() {
                self.remember_answer(done.request, done.made);
            }
            if let Some(exit) = exit {
                self.on_exited(pane, exit);
            }
        }
        // Of the others nothing was begun: they will be asked for again.
        self.doing.clear();
        let missing: Vec<(PaneId, PaneStatus)> =
            self.state.panes.values().filter(|pane| !seen.contains(&pane.id)).map(|pane| (pane.id, pane.status)).collect();
        for (pane, status) in missing {
            if status == PaneStatus::Starting {
                self.apply_late(Command::KillPane { pane });
                self.state.tombstones.retain(|tombstone| tombstone.pane != pane);
            } else {
                tracing::error!(%pane, "lost: the keeper does not have it");
                self.note_pane(pane, None, journal::Cause::Restart, journal::Fact::PaneLost);
                self.apply_late(Command::PaneLost { pane, last_screen: String::new() });
            }
        }
    }

    /// A pane whose place nobody remembers gets a window in a session for such panes.
    fn give_home(&mut self, pane: PaneId) {
        const NAME: &str = "recovered";
        // The state has never seen this number, and new panes take the next one.
        self.state.next_pane = pane.0;
        let program = Program { created_by: "recovery".to_owned(), ..Program::default() };
        let command = match self.state.session_named(NAME).map(|session| session.id) {
            Some(session) => Command::NewWindow { session, at: crate::session::At::Free, name: None, select: false, program },
            None => Command::NewSession {
                name: Some(NAME.to_owned()),
                window_name: None,
                cwd: self.about.home.clone(),
                environment: std::collections::BTreeMap::new(),
                base_index: self.options.base_index,
                size: self.options.default_size,
                program,
            },
        };
        // Applied past the effects: the program runs already.
        if let Err(error) = crate::session::apply(&mut self.state, command, now_ms()) {
            tracing::error!(%pane, %error, "no window for a recovered pane");
        }
        self.commit_needed = true;
    }

    /// Resizes the terminals of `window` whose size is not what the layout says.
    pub(super) fn resize_terminals(&mut self, window: WindowId) {
        let Some(arrangement) = self.state.pane_rects(window) else { return };
        for (pane, rect) in arrangement.panes {
            if let Some(entry) = self.panes.get_mut(&pane)
                && entry.size != rect.size()
            {
                entry.size = rect.size();
                self.workers.resize(pane, rect.size());
                self.touch_pane(pane);
            }
        }
    }

    /// Asks the kernel what is in the foreground of `pane`.
    pub(super) fn look_at_pane(&mut self, pane: PaneId) {
        let Some(entry) = self.panes.get_mut(&pane) else { return };
        let front = platform::foreground(entry.master.as_fd());
        let (command, cwd) = match front {
            Some(front) => (front.command, front.cwd),
            None => (platform::command_of(entry.pid), platform::cwd_of(entry.pid)),
        };
        let command = command.map(|command| super::clients::clean(&command.to_string_lossy()));
        let cwd = cwd.map(|cwd| cwd.to_string_lossy().into_owned());
        if entry.exit.is_none() && (command != entry.command || cwd != entry.cwd) {
            entry.command = command.or_else(|| entry.command.take());
            entry.cwd = cwd.or_else(|| entry.cwd.take());
            self.touch_pane(pane);
        }
    }

    /// Asks about all panes, and names windows accordingly.
    pub(super) fn look_at_panes(&mut self) {
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        for pane in panes {
            self.look_at_pane(pane);
        }
        let windows: Vec<WindowId> = self.state.windows.keys().copied().collect();
        for window in windows {
            self.name_window(window);
        }
    }

    /// The folder of what runs in `pane`, for a new pane beside it.
    pub(super) fn folder_of(&mut self, pane: PaneId) -> Option<String> {
        self.look_at_pane(pane);
        self.panes.get(&pane)?.cwd.clone().or_else(|| Some(self.state.panes.get(&pane)?.cwd.clone()))
    }

    /// Something happened in `pane` with which programs begin or end: once there was time, it is looked at, and its window named.
    pub(super) fn look_soon(&mut self, pane: PaneId) {
        if self.looks_due.contains_key(&pane) || !self.panes.contains_key(&pane) {
            return;
        }
        let now = Instant::now();
        let next = self.looked_at.get(&pane).map_or(now, |last| *last + LOOK_EVERY);
        self.looks_due.insert(pane, next.max(now + LOOK_AFTER));
    }

    /// Looks at the panes whose time has come.
    pub(super) fn look_at_due(&mut self, now: Instant) {
        let due: Vec<PaneId> = self.looks_due.iter().filter(|(_, due)| **due <= now).map(|(pane, _)| *pane).collect();
        for pane in due {
            self.looks_due.remove(&pane);
            self.looked_at.insert(pane, now);
            self.look_at_pane(pane);
            if let Some(window) = self.state.panes.get(&pane).map(|pane| pane.window) {
                self.name_window(window);
            }
        }
        if self.looked_at.len() > self.panes.len() {
            let Self { looked_at, panes, .. } = self;
            looked_at.retain(|pane, _| panes.contains_key(pane));
        }
    }

    /// Names `window` after what runs in its active pane, unless somebody named it.
    pub(super) fn name_window(&mut self, window: WindowId) {
        let Some(here) = self.state.windows.get(&window) else { return };
        if !here.automatic_rename || !self.options.automatic_rename {
            return;
        }
        let name = self.panes.get(&here.active).and_then(|entry| entry.command.clone());
        if let Some(name) = name.filter(|name| !name.is_empty() && *name != here.name) {
            let _ = self.apply_quietly(Command::NameWindowAutomatically { window, name });
        }
    }

    /// A line for everybody who looks at `window`.
    pub(super) fn tell_viewers(&self, window: WindowId, level: Level, line: String) {
        let message = ServerMessage::Notice(Notice::Message(level, line));
        for seat in self.seats.values().filter(|seat| seat.view.window == window) {
            if let Some(connection) = seat.connection {
                self.send_to(connection, &message);
            }
        }
    }

    /// What panes told their workers.
    pub(super) fn on_notices(&mut self) {
        let notices = Arc::clone(&self.notices);
        for (pane, notice) in notices.take() {
            self.type_replies(pane, notice.replies);
            let Some(window) = self.state.panes.get(&pane).map(|pane| pane.window) else {
                if let Some(last) = notice.ended {
                    self.on_ended(pane, last);
                }
                continue;
            };
            if let Some(title) = notice.title {
                let _ = self.apply_quietly(Command::SetPaneTitle { pane, title });
            }
            if let Some(cwd) = notice.cwd
                && let Some(entry) = self.panes.get_mut(&pane)
            {
                entry.cwd = Some(cwd);
            }
            let viewed = self.is_viewed(window);
            if notice.bell {
                if !viewed {
                    let _ = self.apply_quietly(Command::Alert { window, bell: true, activity: false });
                }
                self.tell_session(window, &Notice::Bell(pane));
            }
            if notice.activity && self.options.monitor_activity && !viewed {
                let _ = self.apply_quietly(Command::Alert { window, bell: false, activity: true });
            }
            if notice.foreground.is_some() || notice.activity {
                self.look_soon(pane);
            }
            if let Some(clipboard) = notice.clipboard
                && self.options.set_clipboard
                && let Ok(text) = String::from_utf8(clipboard)
            {
                self.tell_session(window, &Notice::Clipboard(pane, text));
            }
            if let Some((title, body)) = notice.notification {
                self.tell_session(window, &Notice::Attention(pane, title, body));
            }
            if let Some(line) = notice.message {
                self.tell_viewers(window, Level::Warning, line);
            }
            if notice.degraded {
                if let Some(entry) = self.panes.get_mut(&pane) {
                    entry.note.get_or_insert_with(|| "degraded".to_owned());
                }
                self.touch_pane(pane);
            }
            if let Some(last) = notice.ended {
                self.on_ended(pane, last);
            }
        }
    }

    /// A notice for everybody who looks at a session in which `window` is.
    fn tell_session(&self, window: WindowId, notice: &Notice) {
        let sessions: BTreeSet<SessionId> = self.state.sessions_of(window).map(|session| session.id).collect();
        let message = ServerMessage::Notice(notice.clone());
        for seat in self.seats.values().filter(|seat| sessions.contains(&seat.view.session)) {
            if let Some(connection) = seat.connection {
                self.send_to(connection, &message);
            }
        }
    }
}
