//! The kill campaign: children write and are typed to, the server is killed at random moments, and at the end everything must add up.

use std::path::Path;
use std::time::{Duration, Instant};

use batonmux::keeper::{KeeperPaths, Ready, ask, start};
use batonmux::platform::ProcessWatch;
use batonmux::protocol::keeper::Message;

use super::board::{self, Board, of_pane};
use super::child::exit_code;
use super::server::TYPIST;
use super::{Programs, Random, wait_for};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Plan {
    pub seed: u64,
    pub kills: u64,
    pub panes: u64,
    pub order: u64,
    pub flat_out: bool,
    /// Longest life of a server, in microseconds.
    pub life_us: u64,
    /// Ends early when this many bytes are lost: the proof that an order is broken needs no more.
    pub enough_lost: u64,
}

#[derive(Debug, Default, Clone, Copy)]
pub struct Outcome {
    pub kills: u64,
    pub bytes: u64,
    pub reads: u64,
    pub gaps: u64,
    pub lost: u64,
    pub repeated: u64,
    pub adopted: u64,
    pub typed: u64,
    /// Lines that had been applied when they were sent again.
    pub retyped: u64,
    pub mistyped: u64,
    pub bad_exits: u64,
    pub elapsed: Duration,
}

/// A keeper with stand-in servers, in a folder of its own. Ends the keeper when dropped.
pub struct Stage {
    pub paths: KeeperPaths,
    pub board: Board,
}

impl Stage {
    /// Makes the board as `prepare` wants it and starts a keeper.
    pub fn open(folder: &Path, programs: &Programs, prepare: impl FnOnce(&Board)) -> Self {
        let board = Board::create(&folder.join("board"));
        prepare(&board);
        let paths = KeeperPaths::in_dir(folder.join("run"));
        let server = programs.role("server", &board.path, &[]);
        assert_eq!(start(&paths, Some(&programs.keeper), &server).unwrap(), Ready::Started);
        let stage = Self { paths, board };
        stage.wait("a server serves", |board| board.get(board::ACTIVE) > 0);
        stage
    }

    pub fn wait(&self, what: &str, condition: impl Fn(&Board) -> bool) {
        wait_for(what, PATIENCE, || condition(&self.board));
    }

    pub fn server_pid(&self) -> u32 {
        self.board.get(board::SERVER_PID) as u32
    }

    /// Kills the server that is there now, and waits until another has been started.
    pub fn kill_server(&self) {
        let pid = self.server_pid();
        if let Ok(watch) = ProcessWatch::open(pid) {
            watch.kill().unwrap();
        }
        self.wait("the keeper starts another server", |board| board.get(board::SERVER_PID) != u64::from(pid));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let keeper = ProcessWatch::open(self.board.get(board::KEEPER_PID) as u32);
        let asked = ask(&self.paths, &Message::Shutdown, Duration::from_secs(5));
        if std::thread::panicking() {
            return;
        }
        asked.unwrap();
        if let Ok(keeper) = keeper {
            wait_for("the keeper ends", PATIENCE, || keeper.is_dead());
        }
        assert!(!self.paths.socket.exists() && !self.paths.control.exists(), "socket files are left");
    }
}

pub fn run(plan: &Plan, programs: &Programs) -> Outcome {
    let began = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    println!("seed {} kills {} panes {} order {} flat out {}", plan.seed, plan.kills, plan.panes, plan.order, plan.flat_out);
    let stage = Stage::open(folder.path(), programs, |board| {
        board.set(board::PANES, plan.panes);
        board.set(board::ORDER, plan.order);
        board.set(board::FLAT_OUT, plan.flat_out.into());
        board.set(board::SEED, plan.seed);
    });
    let word = |pane, word| Board::pane(pane, word);
    stage.wait("every child has written", |board| (0..plan.panes).all(|pane| board.get(word(pane, of_pane::CHECKED)) > 0));
    stage.wait("the reader is ready", |board| board.get(board::READER_READY) > 0);
    let mut random = Random::new(plan.seed);
    let mut outcome = Outcome::default();
    while outcome.kills < plan.kills && stage.board.get(board::LOST) < plan.enough_lost {
        // The moment of the kill is what is drawn; nothing is waited for.
        std::thread::sleep(Duration::from_micros(random.below(plan.life_us)));
        stage.kill_server();
        outcome.kills += 1;
    }
    stage.board.set(board::STOP, 1);
    let everyone = || (0..plan.panes).chain([TYPIST]);
    stage.wait("every child has ended and all it wrote is read", |board| everyone().all(|pane| board.get(word(pane, of_pane::DONE)) > 0));
    let board = &stage.board;
    for pane in 0..plan.panes {
        let (checked, shift) = (board.get(word(pane, of_pane::CHECKED)), board.get(word(pane, of_pane::SHIFT)));
        outcome.bytes += checked;
        let wrote = board.get(word(pane, of_pane::WROTE)).saturating_sub(1);
        if checked.wrapping_add(shift) != wrote {
            println!("pane {pane}: the child wrote {wrote}, {checked} were read, shifted by {shift}");
            outcome.lost += wrote.abs_diff(checked.wrapping_add(shift));
        }
        if board.get(word(pane, of_pane::STATUS)) != (exit_code(pane) as u64) * 256 + 1 {
            outcome.bad_exits += 1;
        }
    }
    if board.get(word(TYPIST, of_pane::STATUS)) != 9 * 256 + 1 {
        outcome.bad_exits += 1;
    }
    outcome.reads = board.get(board::READS);
    outcome.gaps = board.get(board::GAPS);
    outcome.lost += board.get(board::LOST);
    outcome.repeated = board.get(board::REPEATED);
    outcome.adopted = board.get(board::ADOPTED);
    outcome.typed = board.get(board::TYPED);
    outcome.retyped = board.get(board::RETYPED);
    outcome.mistyped = board.get(board::MISTYPED) + board.get(board::SEEN).abs_diff(outcome.typed);
    outcome.elapsed = began.elapsed();
    println!("{outcome:?}");
    outcome
}

/// Fails unless nothing was lost, nothing came twice and every exit code is right.
pub fn assert_exact(outcome: &Outcome) {
    assert_eq!((outcome.gaps, outcome.lost, outcome.repeated), (0, 0, 0), "output: {outcome:?}");
    assert_eq!(outcome.mistyped, 0, "input: {outcome:?}");
    assert_eq!(outcome.bad_exits, 0, "exit codes: {outcome:?}");
    assert!(outcome.bytes > 0 && outcome.typed > 0, "nothing happened: {outcome:?}");
}
