//! Patience: how long anything here waits before it fails with a sentence.

use std::time::{Duration, Instant};

/// How long a story waits for something that must come. Generous: a loaded machine is not a failure, a hang is.
pub fn patience() -> Duration {
    let seconds = std::env::var("BATON_E2E_PATIENCE_S").ok().and_then(|s| s.parse().ok()).unwrap_or(30);
    Duration::from_secs(seconds)
}

/// A point in time after which waiting has no sense.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The usual patience from now.
    pub fn new() -> Self {
        Self(Instant::now() + patience())
    }

    /// What is left; `None` once it has passed.
    pub fn left(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// Repeats `attempt`, which must itself take some time (it runs a command, say), until it gives a value.
///
/// # Panics
/// When patience ends, with `sentence` and what `attempt` last complained of.
pub fn repeat_until<T>(sentence: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Deadline::new();
    loop {
        match attempt() {
            Ok(value) => return value,
            Err(complaint) if deadline.left().is_none() => panic!("timed out waiting until {sentence}\nlast seen: {complaint}"),
            Err(_) => {}
        }
    }
}
