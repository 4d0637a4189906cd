//! Whether the server still answers, found out without asking all the time.
//!
//! ```text
//!            asked                 PING_AFTER_MS             SILENT_AFTER_MS
//! quiet ───────────────► waiting ───────────────► pinged ───────────────────► silent
//!   ▲                       │                       │                           │
//!   └───────────────────────┴──── anything heard ───┴───────────────────────────┘
//! ```
//! Nothing runs while nobody does anything. What the user does (keys, requests) starts the watch; a key may go without an answer for good reasons (a
//! password is not echoed, acknowledgements are put off), so after a while a ping asks for one. When that is not answered either, the user is told
//! and the keeper is asked to look after the server ([`Due::Silent`], once). A hung server that nobody types at is not noticed, and nobody misses it.

/// So long after something was asked without anything heard, a ping is sent, in milliseconds.
const PING_AFTER_MS: u64 = 1_000;
/// So long after the ping the server is called silent.
const SILENT_AFTER_MS: u64 = 2_000;

/// The watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pulse {
    /// Nothing is waited for.
    #[default]
    Quiet,
    /// Something was asked at this time.
    Waiting(u64),
    /// A ping was sent at this time.
    Pinged(u64),
    /// There was no answer.
    Silent,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send a ping.
    Ping,
    /// Say that the server does not answer, and have it looked after.
    Silent,
}

impl Pulse {
    /// Something was sent that is answered, sooner or later.
    pub const fn asked(&mut self, now_ms: u64) {
        if matches!(self, Self::Quiet) {
            *self = Self::Waiting(now_ms);
        }
    }

    /// The server said something, or its connection ended. True: it had been silent.
    pub fn heard(&mut self) -> bool {
        std::mem::take(self) == Self::Silent
    }

    /// When [`Pulse::due`] is to be called.
    #[must_use]
    pub const fn deadline_ms(self) -> Option<u64> {
        match self {
            Self::Quiet | Self::Silent => None,
            Self::Waiting(since) => Some(since.saturating_add(PING_AFTER_MS)),
            Self::Pinged(since) => Some(since.saturating_add(SILENT_AFTER_MS)),
        }
    }

    /// What is to be done at this time. A client that was stopped itself asks first and does not blame the server.
    pub fn due(&mut self, now_ms: u64) -> Option<Due> {
        if self.deadline_ms().is_none_or(|at| now_ms < at) {
            return None;
        }
        let (next, due) = match self {
            Self::Waiting(_) => (Self::Pinged(now_ms), Due::Ping),
            _ => (Self::Silent, Due::Silent),
        };
        *self = next;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_after_a_ping_and_once() {
        let mut pulse = Pulse::default();
        assert_eq!((pulse.deadline_ms(), pulse.due(10_000)), (None, None), "idle costs nothing");
        pulse.asked(100);
        pulse.asked(900);
        assert_eq!(pulse.deadline_ms(), Some(1_100), "the first counts");
        assert_eq!(pulse.due(1_099), None);
        assert_eq!(pulse.due(1_100), Some(Due::Ping));
        assert_eq!(pulse.due(3_099), None);
        assert_eq!(pulse.due(3_100), Some(Due::Silent));
        assert_eq!((pulse.due(9_000), pulse.deadline_ms()), (None, None), "once");
        assert!(pulse.heard());
        assert!(!pulse.heard());
        pulse.asked(20_000);
        assert!(!pulse.heard());
        assert_eq!(pulse.deadline_ms(), None, "an answer ends the watch");
    }
}
