//! What the keeper's tests and the `torture` example share: a board that driver, servers and children write on, the roles they play, the campaign.
//!
//! One program plays all roles: started with `BATON_ROLE` in its environment it is a stand-in server, a child that writes numbered lines, or a child
//! that checks what it is typed. The board is a file of 64-bit words, read and written in place; it is not part of what is tested.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "shared by two programs that each use a part; failing loudly is its job"
)]

pub mod board;
pub mod campaign;
pub mod child;
pub mod server;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Waits until `condition` holds; panics with `what` after `limit`.
pub fn wait_for(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < end, "waited {limit:?} in vain until {what}");
        // The conditions are other processes' doing and announce themselves to nobody, so they are looked at again and again.
        std::thread::sleep(Duration::from_micros(300));
    }
}

/// Numbers that look random and come again with the same seed (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit.max(1)
    }
}

/// How to start the programs.
#[derive(Clone)]
pub struct Programs {
    /// A program with the sub-command `keeper`.
    pub keeper: PathBuf,
    /// A program that plays roles, with the arguments it needs for that.
    pub actor: Vec<OsString>,
}

impl Programs {
    /// The command line of an actor in `role`.
    pub fn role(&self, role: &str, board: &Path, more: &[(&str, &str)]) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec!["/usr/bin/env".into(), format!("BATON_ROLE={role}").into()];
        let mut place = OsString::from("BATON_BOARD=");
        place.push(board);
        argv.push(place);
        argv.extend(more.iter().map(|(key, value)| OsString::from(format!("{key}={value}"))));
        argv.extend(self.actor.iter().cloned());
        argv
    }
}

/// Plays the role in the environment; false when there is none.
pub fn play() -> bool {
    let Ok(role) = std::env::var("BATON_ROLE") else { return false };
    let board = board::Board::open(Path::new(&std::env::var_os("BATON_BOARD").unwrap()));
    match role.as_str() {
        "server" => server::run(&board),
        "writer" => child::write_lines(&board),
        "reader" => child::check_typing(&board),
        other => panic!("no role {other}"),
    }
    true
}
