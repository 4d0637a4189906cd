//! Panics, and deaths at named points.
//!
//! **Panics.** Interpreting a pane's output, and answering a question about it, runs under [`caught`]: a panic there costs that pane its engine and
//! nothing else. A panic anywhere else aborts the process, whatever thread or task it is in: with a task gone that nobody misses (the one that
//! accepts, say) the server would be half alive, and nothing would replace it. An aborted server is replaced by the keeper at once, loses nothing, and
//! what its workers were at is in the black box.
//!
//! **Points.** In builds with debug assertions `$BATON_CRASH` names a file. A server that comes by the point whose name stands in that file removes
//! the file and aborts; with `panic:` before the name it panics there. Tests go through all of them one by one. Release builds have none of this.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many [`caught`] are around what this thread is at.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
}

/// Runs `act`; an error if it panicked. Only what is in here may panic without ending the server.
pub(super) fn caught<T>(act: impl FnOnce() -> T) -> std::thread::Result<T> {
    GUARDS.set(GUARDS.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(act));
    GUARDS.set(GUARDS.get() - 1);
    done
}

/// From here on a panic outside of [`caught`] aborts the process, after what was the hook before (the log) has had its turn.
pub(super) fn abort_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        before(info);
        if GUARDS.get() == 0 {
            std::process::abort();
        }
    }));
}

/// The variable that names the file.
#[cfg(debug_assertions)]
const VARIABLE: &str = "BATON_CRASH";

/// Every point.
#[cfg(debug_assertions)]
pub const POINTS: &[&str] = &[
    "attached",   // the keeper has let it in
    "taken-up",   // panes are recovered, nothing is committed
    "active",     // it is about to say ACTIVE
    "listener",   // a peer is there
    "input",      // input was accepted and not sent on
    "spawn",      // a pane is wanted, nothing is committed or sent
    "spawn-sent", // the pane is committed, SPAWN was sent
    "spawned",    // the keeper has started the program, the state does not know it
    "kill",       // a pane is to be ended, nothing is committed or sent
    "signalled",  // its end is committed, the hang-up was sent
    "commit",     // the state changed and is not written
    "committed",  // the state is written, nobody was answered
    "answered",   // a change was answered
    "forget",     // a program's end is committed, the keeper still has the pane
    "upgrade",    // the keeper was asked to start a successor
    "quiesce",    // the successor is there, this one shall stop
    "quiesced",   // this one has stopped
];

/// Dies here if a test wants it.
#[cfg(debug_assertions)]
pub(super) fn point(name: &str) {
    debug_assert!(POINTS.contains(&name), "{name} is missing in the list");
    static FILE: std::sync::OnceLock<Option<std::path::PathBuf>> = std::sync::OnceLock::new();
    let Some(file) = FILE.get_or_init(|| std::env::var_os(VARIABLE).map(Into::into)) else { return };
    let Ok(wanted) = std::fs::read_to_string(file) else { return };
    let (panics, wanted) = wanted.trim().strip_prefix("panic:").map_or((false, wanted.trim()), |wanted| (true, wanted));
    // Once only: the successor comes by here, too.
    if wanted == name && std::fs::remove_file(file).is_ok() {
        assert!(!panics, "at {name}, as asked");
        std::process::abort();
    }
}

/// Nothing, in a release.
#[cfg(not(debug_assertions))]
pub(super) const fn point(_: &str) {}
