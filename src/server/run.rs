//! Start, loop, end.
//!
//! The start is short: attach to the keeper, take listener and state from its store, hand each pane to a worker (which replays its ring beside
//! everything else), say ACTIVE, accept clients. The loop is one `select!` whose order is the order of importance, and after each turn the owner
//! settles. A keeper that dies is replaced: the panes' descriptors are here, too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::process::ExitCode;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::{Notify, mpsc};

use super::access::Access;
use super::buffers::Buffers;
use super::clients::Seat;
use super::control::Controls;
use super::event::{EVENTS_MAX, Event};
use super::gate::Gate;
use super::journal::Limits;
use super::keeper_link::KeeperLink;
use super::minted::Minted;
use super::options::Options;
use super::owner::{About, Ending, Server, refusal};
use super::panes::{Notices, Workers};
use super::persist::{OBJECT_LEN, Slots};
use super::stored::Stored;
use super::{configure, faults, listener, records};
use crate::ids::PaneId;
use crate::keeper::link::{HeldPane, Inventory, Link, OrphanedPane, ServerArgs, adopt};
use crate::keeper::{FirstServer, KeeperPaths};
use crate::operator::Roster;
use crate::platform;
use crate::protocol::keeper::{ERR_FULL, Message, PaneRecord, SignalTo, kind, name};
use crate::ring::{Blackbox, attested_read_works};
use crate::session::{ArrangeOptions, Command, State};

/// How long the keeper may take for one answer at the start.
const KEEPER_PATIENCE: Duration = Duration::from_secs(10);
/// How long connections may take to read what is left for them when everything ends.
const FAREWELL: Duration = Duration::from_millis(500);
/// A turn that takes longer is worth a line in the log.
const SLOW_TURN: Duration = Duration::from_millis(20);
/// When a first server tests the kernel: after the first prompt has been drawn and read.
const ATTEST_AFTER: Duration = Duration::from_secs(1);
/// Events handled in one turn before the state is settled.
const BATCH: usize = 64;

/// `baton server`: serves until the end. `args` are those after the word `server`.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let started = Instant::now();
    let attaching = || Attaching::of(args);
    if run(attaching, started) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The first server of a keeper, forked and not executed ([`crate::keeper::start_here`]): serves until the end; whether it ended well.
#[must_use]
pub fn first(first: FirstServer) -> bool {
    let started = Instant::now();
    let attaching = || Attaching::first(first);
    run(attaching, started)
}

fn run(attaching: impl FnOnce() -> anyhow::Result<Attaching>, started: Instant) -> bool {
    platform::name_process("baton-server");
    start_logging();
    faults::abort_on_panic();
    let ended = attaching().and_then(|attaching| serve(attaching, started));
    if let Err(error) = &ended {
        tracing::error!(error = format!("{error:#}"), "the server ends");
        // Stderr is /dev/null behind a keeper; a person who tries the hidden command by hand sees it.
        let _ = io::Write::write_all(&mut io::stderr(), format!("baton server: {error:#}\n").as_bytes());
    }
    ended.is_ok()
}

/// A server that has said hello, with what it has before the keeper's answer.
struct Attaching {
    link: Link,
    paths: KeeperPaths,
    /// It has the socket from the start, and there is no state to be found.
    listener: Option<OwnedFd>,
    /// What it said: the keeper shall read the terminals.
    keeper_reads: bool,
}

impl Attaching {
    fn of(args: impl IntoIterator<Item = OsString>) -> anyhow::Result<Self> {
        let ServerArgs { mut link, paths, .. } = ServerArgs::parse(args)?;
        let keeper_reads = !attested_read_works();
        link.hello(keeper_reads, KEEPER_PATIENCE).context("greeting the keeper")?;
        Ok(Self { link, paths, listener: None, keeper_reads })
    }

    /// Somebody waits for the first prompt, and there is no output yet that could be lost: that reads are attested is said at once and found out
    /// [`ATTEST_AFTER`] the start.
    fn first(first: FirstServer) -> anyhow::Result<Self> {
        let FirstServer { link, listener, paths } = first;
        let mut link = Link::from_fd(link)?;
        link.hello(false, KEEPER_PATIENCE).context("greeting the keeper")?;
        Ok(Self { link, paths, listener: Some(listener), keeper_reads: false })
    }
}

fn start_logging() {
    let folder = directories::ProjectDirs::from("", "", "baton")
        .map(|project| project.state_dir().unwrap_or_else(|| project.data_local_dir()).to_owned());
    if let Some(folder) = folder {
        crate::logging::start("server", &folder, crate::logging::level_from_env());
    }
}

fn serve(attaching: Attaching, started: Instant) -> anyhow::Result<()> {
    let Attaching { mut link, paths, listener, keeper_reads } = attaching;
    // While the keeper gathers what it has.
    platform::raise_oom_score();
    platform::claim_limits();
    let (config, warnings, exists) = configure::read(configure::path().as_deref());
    let inventory = link.inventory(KEEPER_PATIENCE).context("attaching to the keeper")?;
    faults::point("attached");
    let Inventory { epoch, keeper_pid, panes, mut early, .. } = inventory;
    let is_first = listener.is_some();
    let listener = match listener {
        Some(listener) => listener,
        None => link.take(name::LISTENER, &mut early, KEEPER_PATIENCE).context("taking the listener")?,
    };
    let kept = if is_first { Err(io::ErrorKind::NotFound.into()) } else { link.take(name::STATE, &mut early, KEEPER_PATIENCE) };
    let (slots_object, fresh_slots) = match kept {
        Ok(object) => (object, false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            (platform::memory_object(OBJECT_LEN).context("memory for the state")?, true)
        }
        Err(error) => return Err(error).context("taking the state"),
    };
    if fresh_slots {
        link.send_waiting(&Message::Put { name: name::STATE.to_owned() }, &[slots_object.as_fd()], KEEPER_PATIENCE)?;
    }
    let blackbox = blackbox(&mut link, &mut early);
    let (slots, stored) = Slots::open(slots_object.try_clone()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().context("the runtime")?;
    runtime.block_on(async move {
        let notices = Arc::new(Notices::new());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (answers, answered) = mpsc::unbounded_channel();
        let (events, received) = mpsc::channel(EVENTS_MAX);
        let journal = records::journal_of(&paths, Limits { file_bytes: config.journal.size, old_files: config.journal.files });
        let mut server = Server {
            about: About { paths, epoch, user: user_name(), home: home(), ready_ms: 0 },
            keeper_pid,
            state: State::new(),
            roster: Roster::new(),
            seats: BTreeMap::new(),
            clients: BTreeMap::new(),
            panes: BTreeMap::new(),
            starting: BTreeMap::new(),
            failed: Vec::new(),
            dying: BTreeMap::new(),
            pane_tokens: BTreeMap::new(),
            minted: Vec::new(),
            presences: BTreeMap::new(),
            pane_users: BTreeMap::new(),
            manifests: configure::manifests(),
            access: Arc::default(),
            journal,
            journal_failing: false,
            acting: None,
            workers: Workers::new(Arc::clone(&notices), blackbox, cores.min(4)),
            notices,
            keeper: KeeperLink::new(link)?,
            slots,
            slots_object,
            listener,
            listening: None,
            freed: Arc::default(),
            options: Options::of(&config),
            warnings: Vec::new(),
            config_warnings: warnings.clone(),
            config_path: configure::path().filter(|_| exists),
            attest_at: is_first.then(|| Instant::now() + ATTEST_AFTER),
            buffers: Buffers::default(),
            gate: Gate::default(),
            controls: Controls::default(),
            events: events.clone(),
            activity: BTreeMap::new(),
            governors: BTreeMap::new(),
            stamp: 0,
            commit_needed: false,
            after_commit: Vec::new(),
            answered: VecDeque::new(),
            doing: Vec::new(),
            roster_changed: false,
            views_changed: false,
            moved: BTreeSet::new(),
            sizes_due: BTreeSet::new(),
            looks_due: BTreeMap::new(),
            looked_at: BTreeMap::new(),
            renumber_due: false,
            answers,
            had_session: false,
            upgrading: None,
            ending: None,
        };
        warnings.into_iter().for_each(|warning| server.warn_once(warning));
        server.set_journal_and_access(&config);
        if keeper_reads {
            server.warn_once("this kernel does not attest reads of terminals; the keeper reads them".to_owned());
        }
        server.take_up(stored.as_deref(), panes);
        // Behind the taking up: who got control while other rules held may lose it.
        server.policy_changed(config.control.policy(), config.control.times(), config.control.takeover);
        faults::point("taken-up");
        for message in early {
            server.on_keeper(message, Vec::new());
        }
        server.settle();
        server.listening = Some(
            tokio::spawn(listen(server.listener.try_clone()?, events.clone(), Arc::clone(&server.freed), Arc::clone(&server.access)))
                .abort_handle(),
        );
        if let Some(path) = configure::path() {
            tokio::spawn(configure::watch(path, events.clone()));
        }
        faults::point("active");
        server.keeper.send(Message::Active);
        server.about.ready_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            epoch,
            panes = server.panes.len(),
            sessions = server.state.sessions.len(),
            ready_us = started.elapsed().as_micros(),
            "ready"
        );
        // A task like those of the connections: what one of them says is heard without asking the system for events in between.
        match tokio::spawn(server.run(received, answered)).await {
            Ok(ended) => ended,
            // A server whose owner panicked is no server: it dies of it, as the keeper expects.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(error).context("the owner"),
        }
    })
}

async fn listen(listener: OwnedFd, events: mpsc::Sender<Event>, freed: Arc<Notify>, access: Arc<RwLock<Access>>) {
    if let Err(error) = listener::run(listener, events, freed, access).await {
        // Without a listener nobody can come any more: a successor may have more luck.
        tracing::error!(error = format!("{error:#}"), "the listener is broken");
        std::process::exit(1);
    }
}

fn blackbox(link: &mut Link, early: &mut VecDeque<Message>) -> Option<Blackbox> {
    // A new one each time: the keeper has read the old one when it let us in.
    let _ = early;
    let made = Blackbox::create().and_then(|(blackbox, object)| {
        link.send_waiting(&Message::Put { name: name::BLACKBOX.to_owned() }, &[object.as_fd()], KEEPER_PATIENCE)?;
        Ok(blackbox)
    });
    made.map_err(|error| tracing::warn!(%error, "no blackbox: output that kills servers is not recognised")).ok()
}

/// The user's name for the roster.
fn user_name() -> String {
    super::clients::clean(&platform::user_name())
}

fn home() -> String {
    let home = std::env::var("HOME").ok().filter(|home| home.starts_with('/'));
    let known = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_string_lossy().into_owned());
    home.or_else(known).unwrap_or_else(|| "/".to_owned())
}

impl Server {
    /// What the first server said in a hurry is made sure of. If it was wrong, the server ends: its successor, which has time, says it right before
    /// it reads anything.
    pub(super) fn attest(&mut self, now: Instant) {
        if self.attest_at.take_if(|at| *at <= now).is_some() && !attested_read_works() {
            tracing::error!("this kernel does not attest reads of terminals; the next server lets the keeper read them");
            std::process::exit(1);
        }
    }

    /// Makes of the stored state and the keeper's inventory what there is.
    fn take_up(&mut self, stored: Option<&[u8]>, held: Vec<HeldPane>) {
        let known = match stored.map(minicbor::decode::<Stored>) {
            None => false,
            Some(Ok(stored)) => self.restore(stored),
            Some(Err(error)) => {
                tracing::error!(%error, "the stored state cannot be read");
                self.warn_once("the state of the last server could not be read; its panes are in session `recovered`".to_owned());
                false
            }
        };
        let newest = held.iter().map(|held| held.record.pane.0 + 1).max().unwrap_or(0);
        let none_held = held.is_empty();
        self.recover(held, known || none_held);
        self.control_restarted();
        // Numbers are given once, also those of panes that were never acknowledged.
        self.state.next_pane = self.state.next_pane.max(newest);
        self.had_session = !self.state.sessions.is_empty();
        self.apply_late(Command::SetArrangeOptions { options: ArrangeOptions { titles: self.options.pane_titles } });
    }

    fn restore(&mut self, stored: Stored) -> bool {
        match State::from_bytes(&stored.state) {
            Ok(state) => self.state = state,
            Err(error) => {
                tracing::error!(%error, "the stored sessions cannot be used");
                self.warn_once(format!(
                    "the sessions of the last server could not be used ({error}); its panes are in session `recovered`"
                ));
                return false;
            }
        }
        self.roster = stored.roster;
        self.roster.all_stale();
        for seat in &stored.seats {
            if let Some(there) = self.roster.attachment(seat.attachment)
                && let Some(restored) = Seat::restored(seat, there.operator, there.role)
            {
                self.seats.insert(seat.attachment, restored);
            }
        }
        let without_seat: Vec<_> =
            self.roster.attachments().map(|attachment| attachment.id).filter(|id| !self.seats.contains_key(id)).collect();
        for attachment in without_seat {
            self.roster.detach(attachment);
        }
        let hashed = |token: super::stored::PaneToken| Some((token.pane, super::secret::Hash::try_from(token.hash.as_slice()).ok()?));
        self.pane_tokens = stored.pane_tokens.into_iter().filter_map(hashed).collect();
        self.activity = stored.activity.into_iter().map(|activity| (activity.session, activity.at_ms)).collect();
        self.minted = stored.minted.unwrap_or_default().into_iter().filter_map(Minted::restored).collect();
        self.pane_users = stored.pane_users.unwrap_or_default().into_iter().map(|user| (user.pane, user.operator)).collect();
        self.answered = stored.answered.unwrap_or_default().into();
        self.doing = stored.doing.unwrap_or_default();
        self.controls.restore(stored.controls.unwrap_or_default());
        self.governors = stored.governors.into_iter().map(|governor| (governor.window, governor.attachment)).collect();
        true
    }

    async fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        mut answers: mpsc::UnboundedReceiver<super::requests::Answer>,
    ) -> anyhow::Result<()> {
        let notices = Arc::clone(&self.notices);
        // Both stay between turns: to begin to wait, and to set a timer, costs more than a key.
        let mut noticed = std::pin::pin!(notices.wait());
        let mut timer = std::pin::pin!(tokio::time::sleep_until(Instant::now().into()));
        let mut set_to = None;
        loop {
            if let Some(ending) = self.ending {
                return self.end(ending, events).await;
            }
            let deadline = self.next_deadline();
            if let Some(deadline) = deadline.filter(|_| deadline != set_to) {
                timer.as_mut().reset(deadline.into());
                set_to = Some(deadline);
            }
            let what = tokio::select! {
                biased;
                message = self.keeper.next() => match message {
                    Ok((message, fds)) => Turn::Keeper(message, fds),
                    Err(error) => Turn::KeeperLost(error),
                },
                Some(event) = events.recv() => Turn::Event(event),
                Some(answer) = answers.recv() => Turn::Answer(answer),
                () = &mut noticed => {
                    noticed.set(notices.wait());
                    Turn::Notices
                }
                () = &mut timer, if deadline.is_some() => {
                    set_to = None;
                    Turn::Deadline
                }
            };
            let began = Instant::now();
            let name = what.name();
            match what {
                Turn::Keeper(message, fds) => self.on_keeper(message, fds),
                Turn::KeeperLost(error) => self.replace_keeper(&error)?,
                Turn::Event(event) => {
                    self.on_event(event);
                    for _ in 1..BATCH {
                        let Ok(event) = events.try_recv() else { break };
                        self.on_event(event);
                    }
                }
                Turn::Answer(answer) => self.on_answer(answer),
                Turn::Notices => self.on_notices(),
                Turn::Deadline => self.on_deadline(),
            }
            self.settle();
            // A closed pane, a connection that was let go: who waits for a descriptor looks again.
            self.freed.notify_one();
            let took = began.elapsed();
            if took > SLOW_TURN {
                tracing::warn!(turn = name, took_ms = took.as_millis(), "slow turn");
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected { connection, wire, peer } => self.on_connected(connection, wire, peer),
            Event::Stranger { uid } => self.note_refused(None, &crate::operator::Forged::Stranger { uid }.to_string()),
            Event::Message { connection, message, permit } => {
                self.acting = Some(connection);
                self.on_message(connection, message, permit);
                self.acting = None;
            }
            Event::Idle { connection } => self.on_idle(connection),
            Event::Closed { connection } => self.on_closed(connection),
            Event::Room { pane, closed } => self.on_room(pane, closed),
            Event::ConfigChanged => {
                if let Err(refused) = self.reload_config() {
                    tracing::info!(reason = %refused.message, "configuration");
                }
            }
        }
    }

    fn on_keeper(&mut self, message: Message, fds: Vec<OwnedFd>) {
        match message {
            Message::Pane(record) => self.on_pane(record, fds),
            Message::Err { of: kind::SPAWN, pane, code, text, .. } => self.on_spawn_error(pane, code, &text),
            Message::Err { of: kind::INPUT, pane, code: ERR_FULL, .. } => self.on_full(pane),
            Message::Err { of: kind::INPUT, pane, .. } => self.input_lost(pane, false, "the pane's program has ended"),
            Message::Err { of: kind::START_SERVER, text, .. } => self.upgrade_decided(Err(refusal("failed", text))),
            Message::Err { of, pane, code, text, .. } => tracing::debug!(of, %pane, code, text, "the keeper refused"),
            Message::Inack { pane, source, seq } => self.on_inack(pane, source, seq),
            Message::Drained { pane } => self.on_drained(pane),
            Message::Exited { pane, exit } => self.on_exited(pane, exit),
            Message::Ping { nonce } => self.keeper.send(Message::Pong { nonce }),
            Message::Quiesce => {
                faults::point("quiesce");
                // Who comes now waits in the backlog for the successor.
                if let Some(listening) = self.listening.take() {
                    listening.abort();
                }
                self.upgrade_decided(Ok(()));
                self.ending = Some(Ending::Replaced);
            }
            Message::Abort => tracing::info!("the successor failed before it was there"),
            other => tracing::debug!(kind = other.kind(), "the keeper said something for another moment"),
        }
    }

    /// The keeper died: a new one gets everything that this process holds.
    fn replace_keeper(&mut self, error: &io::Error) -> anyhow::Result<()> {
        tracing::error!(%error, "the keeper is gone; starting another");
        let orphans: Vec<OrphanedPane<'_>> = self
            .panes
            .iter()
            .map(|(pane, entry)| OrphanedPane {
                record: PaneRecord {
                    pane: *pane,
                    pid: entry.pid,
                    start_time: entry.start_time,
                    exit: entry.exit,
                    quarantine: entry.quarantine,
                    inputs: self.gate.applied_in(*pane),
                },
                master: entry.master.as_fd(),
                memory: entry.memory.as_fd(),
                process: entry.process.as_ref().filter(|_| entry.exit.is_none()).map(|process| process.as_fd()),
                pipe: self.gate.pipe_of(*pane),
            })
            .collect();
        let named: [(&str, BorrowedFd<'_>); 2] = [(name::LISTENER, self.listener.as_fd()), (name::STATE, self.slots_object.as_fd())];
        let mut link = adopt(&self.about.paths, None, &named, &orphans).context("starting another keeper")?;
        drop(orphans);
        let inventory = link.attach(!attested_read_works(), KEEPER_PATIENCE).context("attaching to the new keeper")?;
        (self.keeper_pid, self.about.epoch) = (inventory.keeper_pid, inventory.epoch);
        self.keeper = KeeperLink::new(link)?;
        self.keeper.send(Message::Active);
        tracing::info!(keeper_pid = self.keeper_pid, panes = inventory.panes.len(), "the new keeper has everything");
        self.keeper_lost();
        let starting: Vec<PaneId> = self.starting.keys().copied().collect();
        for pane in starting {
            self.start_failed(pane, refusal("failed", "the keeper died"));
        }
        let exits: Vec<_> = inventory.panes.into_iter().filter_map(|held| Some((held.record.pane, held.record.exit?))).collect();
        for (pane, exit) in exits {
            if self.panes.get(&pane).is_some_and(|entry| entry.exit.is_none()) {
                self.on_exited(pane, exit);
            }
        }
        for message in inventory.early {
            self.on_keeper(message, Vec::new());
        }
        Ok(())
    }

    /// The last turn.
    async fn end(mut self, ending: Ending, mut events: mpsc::Receiver<Event>) -> anyhow::Result<()> {
        match ending {
            Ending::Replaced => {
                tracing::info!("making place for a successor");
                self.flush_all_sums();
                self.commit_needed = true;
                self.settle();
                // Readers first: they finish their chunk, and nothing is read any more.
                self.workers = Workers::new(Arc::clone(&self.notices), None, 1);
                faults::point("quiesced");
                self.keeper.send(Message::Quiesced);
                // The keeper ends this process. If the successor fails, it starts the last good binary, which goes on from here.
                loop {
                    match self.keeper.next().await {
                        Ok((Message::Abort, _)) | Err(_) => return Ok(()),
                        Ok((Message::Ping { nonce }, _)) => self.keeper.send(Message::Pong { nonce }),
                        Ok(_) => {}
                    }
                }
            }
            Ending::Everything => {
                let panes: Vec<PaneId> = self.panes.iter().filter(|(_, entry)| entry.exit.is_none()).map(|(pane, _)| *pane).collect();
                for pane in panes {
                    self.keeper.send(Message::Signal { pane, signal: libc::SIGHUP, to: SignalTo::Group });
                    self.keeper.send(Message::Signal { pane, signal: libc::SIGCONT, to: SignalTo::Group });
                }
                // Clients read what is left for them, while the hang-up does its work.
                self.settle();
                for client in self.clients.values() {
                    client.wire.close.notify_one();
                }
                let farewell = async {
                    while !self.clients.is_empty() {
                        match events.recv().await {
                            Some(Event::Closed { connection }) => _ = self.clients.remove(&connection),
                            Some(Event::Connected { wire, .. }) => wire.close.notify_one(),
                            Some(_) => {}
                            None => break,
                        }
                    }
                };
                let _ = tokio::time::timeout(FAREWELL, farewell).await;
                self.keeper.send(Message::Shutdown);
                // The keeper closes the link, or ends this process.
                let gone = async { while self.keeper.next().await.is_ok() {} };
                let _ = tokio::time::timeout(KEEPER_PATIENCE, gone).await;
                Ok(())
            }
        }
    }
}

/// What a turn of the loop is about.
enum Turn {
    Keeper(Message, Vec<OwnedFd>),
    KeeperLost(io::Error),
    Event(Event),
    Answer(super::requests::Answer),
    Notices,
    Deadline,
}

impl Turn {
    fn name(&self) -> &'static str {
        match self {
            Self::Keeper(..) => "keeper",
            Self::KeeperLost(_) => "keeper lost",
            Self::Event(_) => "event",
            Self::Answer(_) => "answer",
            Self::Notices => "notices",
            Self::Deadline => "deadline",
        }
    }
}
