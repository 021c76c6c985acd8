//! What every function shares: configuration, the clock, logs, the entry, errors,
//! and the standing orders in force.

pub mod config;
mod entry;
pub mod install;
mod logs;
pub mod metrics;
pub mod orders;
pub mod standing;

use std::time::Duration;

use jiff::Timestamp;

pub use entry::{Event, Failure, run};
pub use logs::start as start_logs;

/// What a main function returns when it cannot start.
pub type StartError = lambda_runtime::Error;

/// The moment. The one door to the clock: read it once for each event, and hand
/// it on.
#[expect(clippy::disallowed_methods, reason = "this is the one door to the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A pause before a conflicting write is tried again: random between nothing and
/// a bound that doubles with each attempt, from 20 ms up to 640 ms. `seed` tells
/// the contenders apart.
pub fn conflict_pause(attempt: u32, seed: u64) -> Duration {
    let bound = 20u64 << attempt.min(5);
    // One step of SplitMix64: enough to spread contenders out.
    let mut z = seed.wrapping_add(u64::from(attempt).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Duration::from_millis((z ^ (z >> 31)) % (bound + 1))
}

/// A number that tells one event from another, from its request id.
pub fn seed_of(request_id: &str) -> u64 {
    // FNV-1a.
    request_id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_pause_differently_and_never_too_long() {
        let pauses: Vec<Duration> = (0..200).map(|n| conflict_pause(5, seed_of(&format!("request {n}")))).collect();
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(640)));
        let distinct: std::collections::BTreeSet<_> = pauses.iter().collect();
        assert!(distinct.len() > 100, "{} of 200", distinct.len());
        assert!(conflict_pause(0, 7) <= Duration::from_millis(20));
        assert_eq!(conflict_pause(99, 7).as_millis(), conflict_pause(99, 7).as_millis());
    }
}
