#![allow(unsafe_code, reason = "the local time is the C library's: it knows the zone files, and there is no safe call for it")]
//! Clocks: milliseconds since the client began, and local time to the second.
//!
//! Nothing here waits. The loop sleeps until the next minute only if the status line shows one.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::config::Time;

/// A monotone clock that begins now.
#[derive(Debug, Clone, Copy)]
pub struct Monotone(Instant);

impl Monotone {
    /// Begins.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since then.
    #[must_use]
    pub fn now_ms(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Milliseconds since the Unix epoch.
#[must_use]
pub fn unix_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or_default()
}

/// Local time, and the milliseconds until it is a multiple of `period_s` seconds.
#[must_use]
pub fn local(period_s: u32) -> (Option<Time>, u64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let period_ms = u64::from(period_s.max(1)) * 1000;
    let ms = u64::try_from(since.as_millis()).unwrap_or_default();
    // Zones differ by whole quarters of an hour; longer periods look once a quarter.
    let period_ms = period_ms.min(15 * 60 * 1000);
    (local_at(since.as_secs()), period_ms - ms % period_ms)
}

/// The local time at a moment, in seconds since the Unix epoch; none if the system cannot say.
#[must_use]
pub fn at(seconds: u64) -> Option<Time> {
    local_at(seconds)
}

fn local_at(seconds: u64) -> Option<Time> {
    let seconds = libc::time_t::try_from(seconds).ok()?;
    let mut parts = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live, aligned values of the right types for the length of the call; localtime_r keeps neither.
    let result = unsafe { libc::localtime_r(&raw const seconds, parts.as_mut_ptr()) };
    if result.is_null() {
        return None;
    }
    // SAFETY: zeroed is a valid `tm`, and localtime_r has filled it in.
    let parts = unsafe { parts.assume_init() };
    let small = |number: libc::c_int| u8::try_from(number).unwrap_or_default();
    Some(Time {
        year: parts.tm_year + 1900,
        month: small(parts.tm_mon + 1),
        day: small(parts.tm_mday),
        hour: small(parts.tm_hour),
        minute: small(parts.tm_min),
        second: small(parts.tm_sec),
        weekday: small(parts.tm_wday),
    })
}
