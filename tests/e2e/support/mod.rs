//! What the stories are told with.
//!
//! [`env::Env`] is a house of its own for one story: a temporary home, a cleared environment, a socket nobody else uses, the real binary. It runs
//! commands, opens terminals, and at its end kills whatever was started in it, whether the story went well or not.
//! [`pty::Terminal`] is a real PTY with a terminal emulator behind it that is not our engine; [`screen::Screen`] is what that emulator shows.
//! [`agent::Agent`] is an agent, a process of its own. [`probe::Probe`] is a program for a pane that reports all that happens to it. [`wait`] has the patience of everything here.
//!
//! Nothing sleeps. Waits block on the thing that is waited for (output of a terminal, a socket, the end of a process) up to a deadline, and on
//! a timeout they say in a sentence what was waited for and show the screen and the tail of the log.
#![allow(dead_code, unused_imports, reason = "shared by the stories and by the kill campaign example, neither of which uses all of it")]

pub mod agent;
pub mod child;
pub mod env;
pub mod probe;
pub mod procs;
pub mod pty;
pub mod screen;
pub mod wait;
pub mod wire;

pub use agent::Agent;
pub use env::Env;
pub use probe::Probe;
pub use pty::Terminal;
pub use screen::Screen;
