//! When is it tried again? Never past the budget, and never at the moment at
//! which everybody else does.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The lengths of time that a [`Client`](crate::Client) works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// The longest that making a connection may take.
    pub connect: Duration,
    /// The longest that one attempt may take, connection and answer together.
    pub attempt: Duration,
    /// No attempt is begun with less time than this left.
    pub attempt_min: Duration,
    /// The longest pause before the second attempt; it doubles with each further
    /// one.
    pub backoff_base: Duration,
    /// The longest pause of all.
    pub backoff_max: Duration,
    /// The largest number of attempts.
    pub n_attempts_max: u32,
    /// How long a second of `Retry-After` is: a second, but in tests.
    pub retry_after_second: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
            attempt_min: Duration::from_millis(500),
            backoff_base: Duration::from_millis(250),
            backoff_max: Duration::from_secs(4),
            n_attempts_max: 6,
            retry_after_second: Duration::from_secs(1),
        }
    }
}

impl Timing {
    /// The pauses after the first, second, … attempt: each evenly spread between
    /// nothing and a bound that doubles from `backoff_base` to `backoff_max`
    /// (exponential backoff with full jitter). Equal seeds give equal pauses.
    pub fn delays(&self, seed: u64) -> impl Iterator<Item = Duration> + Send + use<> {
        let Timing { backoff_base, backoff_max, .. } = *self;
        (0u32..).map(move |n| {
            let bound = backoff_base.saturating_mul(1u32.checked_shl(n).unwrap_or(u32::MAX)).min(backoff_max);
            let share = mixed(seed, n) >> 32;
            // A whole number of nanoseconds: bound * share / 2^32.
            let nanos = (bound.as_nanos() * u128::from(share)) >> 32;
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        })
    }
}

/// A number that looks random, from a seed and a place: the output function of
/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
fn mixed(seed: u64, n: u32) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(u64::from(n) + 1));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What an attempt that failed leaves to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing: no attempt will do better.
    Never,
    /// To come back another time; seconds will not help.
    Later,
    /// Another attempt.
    Again {
        /// Not before this has passed.
        retry_after: Option<Duration>,
        /// Whether this attempt may have been taken.
        may_have_arrived: bool,
    },
}

/// Why one attempt did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Who said what, and what to do.
    pub(crate) why: String,
    pub(crate) remedy: Remedy,
}

/// What to do after an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Wait that long, then try again.
    Wait(Duration),
    /// It cannot work.
    Refused,
    /// It is over for now.
    GiveUp {
        /// What the channel asked for.
        retry_after: Option<Duration>,
    },
}

/// The attempts at one message so far.
pub(crate) struct Patience<D> {
    timing: Timing,
    delays: D,
    is_repeatable: bool,
    n_attempts: u32,
    may_have_arrived: bool,
}

/// Begins the attempts at one message. `is_repeatable` says that whoever gets it
/// twice takes it as one.
pub(crate) fn patience(
    timing: &Timing,
    seed: u64,
    is_repeatable: bool,
) -> Patience<impl Iterator<Item = Duration> + Send + use<>> {
    Patience { timing: *timing, delays: timing.delays(seed), is_repeatable, n_attempts: 0, may_have_arrived: false }
}

impl<D: Iterator<Item = Duration>> Patience<D> {
    pub(crate) fn n_attempts(&self) -> u32 {
        self.n_attempts
    }

    pub(crate) fn may_have_arrived(&self) -> bool {
        self.may_have_arrived
    }

    /// Begins an attempt with `left` of the budget. Returns how long it may take;
    /// none if it is not worth beginning.
    pub(crate) fn begin(&mut self, left: Duration) -> Option<Duration> {
        if left < self.timing.attempt_min {
            return None;
        }
        self.n_attempts += 1;
        Some(left.min(self.timing.attempt))
    }

    /// Decides what follows a failed attempt with `left` of the budget.
    pub(crate) fn after(&mut self, remedy: Remedy, left: Duration) -> Next {
        let (retry_after, is_unsure) = match remedy {
            Remedy::Never => return Next::Refused,
            Remedy::Later => return Next::GiveUp { retry_after: None },
            Remedy::Again { retry_after, may_have_arrived } => (retry_after, may_have_arrived),
        };
        let was_unsure = self.may_have_arrived;
        self.may_have_arrived |= is_unsure;
        let has_doubled = is_unsure && was_unsure && !self.is_repeatable;
        let delay = self.delays.next().unwrap_or(self.timing.backoff_max);
        let wait = retry_after.map_or(delay, |asked| delay.max(self.scaled(asked)));
        let fits = wait.checked_add(self.timing.attempt_min).is_some_and(|needed| needed <= left);
        if has_doubled || self.n_attempts >= self.timing.n_attempts_max || !fits {
            return Next::GiveUp { retry_after };
        }
        Next::Wait(wait)
    }

    fn scaled(&self, asked: Duration) -> Duration {
        self.timing.retry_after_second.saturating_mul(u32::try_from(asked.as_secs()).unwrap_or(u32::MAX))
    }
}

/// Reads a `Retry-After`: whole seconds, or an HTTP date, which is measured from
/// `now`, the moment at which the answer was written. None if it is neither.
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are for ever.
        return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)));
    }
    let until = http_date(header)?;
    Some(Duration::from_secs(u64::try_from(until.as_second() - now.as_second()).unwrap_or(0)))
}

/// Reads a date as HTTP writes it today (RFC 9110, section 5.6.7: `IMF-fixdate`).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests;
