//! How many answers to queries a pane gets: a token bucket.
//!
//! A query of four bytes is answered with up to a hundred, each of which passes owner and keeper and wakes the program. A program that floods
//! queries, or a file of them that is shown by `cat`, must not turn into a flood of input. So a pane gets [`PER_SECOND`] answers in the long run and
//! [`BURST`] at once: the largest honest burst is a library that asks for all 256 colours at its start.
//!
//! **Full.** An answer beyond is not given, then or later, as by a terminal that does not know the query; programs that ask wait with a limit. The
//! bucket refills by itself with the time that callers tell; there is no clock in here and no timer.

use std::time::{Duration, Instant};

/// Answers a second in the long run.
pub(super) const PER_SECOND: u32 = 64;
/// Answers at once after a quiet while.
pub(super) const BURST: u32 = 512;

/// What one answer costs.
const PRICE: Duration = Duration::from_nanos(1_000_000_000 / PER_SECOND as u64);

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// When the bucket would be full; `None`: it is. Each answer moves this on by its price.
    full_at: Option<Instant>,
}

impl Allowance {
    /// How many of `wanted` answers may be given `now`; they count as given.
    pub(super) fn take(&mut self, wanted: usize, now: Instant) -> usize {
        let full_at = self.full_at.filter(|at| *at > now).unwrap_or(now);
        let missing = (full_at - now).as_nanos().div_ceil(PRICE.as_nanos());
        let left = u128::from(BURST).saturating_sub(missing);
        let given = u32::try_from(left).unwrap_or(BURST).min(u32::try_from(wanted).unwrap_or(u32::MAX));
        self.full_at = Some(full_at + PRICE * given);
        given as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_so_many_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance::default();
        assert_eq!(allowance.take(3, start), 3);
        assert_eq!(allowance.take(100_000, start), BURST as usize - 3);
        assert_eq!(allowance.take(1, start), 0);
        let mut given = 0;
        for ms in 1..=10_000 {
            given += allowance.take(100, start + Duration::from_millis(ms));
        }
        assert_eq!(given, 10 * PER_SECOND as usize, "in ten seconds of flood");
        assert_eq!(allowance.take(usize::MAX, start + Duration::from_secs(3600)), BURST as usize, "it was quiet");
        // A clock that seems to go back gives nothing away.
        assert_eq!(allowance.take(1, start), 0);
    }
}
