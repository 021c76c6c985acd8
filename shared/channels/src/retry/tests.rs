use super::*;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn the_pauses_of_a_seed_are_always_the_same() {
    let timing = Timing::default();
    let pauses = |seed| timing.delays(seed).take(8).map(|pause| pause.as_millis()).collect::<Vec<_>>();
    for (seed, wanted) in [
        (0, [220, 215, 26, 1941, 425, 1309, 695, 3086]),
        (1, [141, 372, 971, 888, 1777, 3051, 3509, 2092]),
        (42, [185, 79, 278, 688, 152, 3472, 873, 3202]),
        (u64::MAX, [223, 456, 219, 852, 2822, 3298, 3770, 1005]),
    ] {
        assert_eq!(pauses(seed), wanted, "seed {seed}");
    }
}

#[test]
fn the_pauses_spread_over_bounds_that_double_up_to_a_limit() {
    let timing = Timing::default();
    let bounds = [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000];
    let mut sums = [0u128; 7];
    for seed in 0..2_000 {
        for (n, pause) in timing.delays(seed).take(bounds.len()).enumerate() {
            assert!(pause < ms(bounds[n]), "seed {seed}, pause {n}: {pause:?}");
            sums[n] += pause.as_millis();
        }
    }
    for (sum, bound) in sums.into_iter().zip(bounds) {
        let mean = sum / 2_000;
        let half = u128::from(bound) / 2;
        assert!(mean.abs_diff(half) < half / 10, "mean {mean} of a bound of {bound}");
    }
    // No pause overflows, however many there are.
    assert!(timing.delays(7).take(100).last().is_some_and(|pause| pause < ms(4_000)));
}

/// Plays failures, each with the budget that was left after it, and renders what
/// was decided.
fn check(is_repeatable: bool, failures: &[(Remedy, Duration)], wanted: &str) {
    let timing = Timing { n_attempts_max: 4, ..Timing::default() };
    // The longest pauses that could be drawn.
    let delays = [ms(250), ms(500), secs(1), secs(2)].into_iter();
    let mut patience = Patience { timing, delays, is_repeatable, n_attempts: 0, may_have_arrived: false };
    let mut told = Vec::new();
    for (remedy, left) in failures {
        let Some(time) = patience.begin(*left + secs(1)) else {
            told.push("no time".to_owned());
            break;
        };
        assert!(time <= timing.attempt);
        told.push(match patience.after(*remedy, *left) {
            Next::Wait(wait) => format!("wait {} ms", wait.as_millis()),
            Next::Refused => "refused".to_owned(),
            Next::GiveUp { retry_after: None } => "give up".to_owned(),
            Next::GiveUp { retry_after: Some(asked) } => format!("give up, {} s asked", asked.as_secs()),
        });
    }
    assert_eq!(told.join("; "), wanted, "{failures:?}");
}

const CLEAR: Remedy = Remedy::Again { retry_after: None, may_have_arrived: false };
const UNSURE: Remedy = Remedy::Again { retry_after: None, may_have_arrived: true };

const fn asked(seconds: u64) -> Remedy {
    Remedy::Again { retry_after: Some(secs(seconds)), may_have_arrived: false }
}

#[test]
fn a_channel_that_failed_clearly_is_tried_until_the_attempts_are_used_up() {
    check(true, &[(CLEAR, secs(20)); 4], "wait 250 ms; wait 500 ms; wait 1000 ms; give up");
    check(false, &[(CLEAR, secs(20)); 4], "wait 250 ms; wait 500 ms; wait 1000 ms; give up");
    check(true, &[(UNSURE, secs(20)); 4], "wait 250 ms; wait 500 ms; wait 1000 ms; give up");
}

#[test]
fn a_message_that_would_be_seen_twice_is_repeated_at_most_once_after_doubt() {
    check(false, &[(UNSURE, secs(20)), (UNSURE, secs(20))], "wait 250 ms; give up");
    check(false, &[(UNSURE, secs(20)), (CLEAR, secs(20)), (UNSURE, secs(20))], "wait 250 ms; wait 500 ms; give up");
    check(false, &[(CLEAR, secs(20)), (UNSURE, secs(20)), (CLEAR, secs(20))], "wait 250 ms; wait 500 ms; wait 1000 ms");
}

#[test]
fn what_will_not_work_is_not_tried_again() {
    check(true, &[(Remedy::Never, secs(20))], "refused");
    check(true, &[(Remedy::Later, secs(20))], "give up");
}

#[test]
fn retry_after_is_honoured_if_it_fits_and_ends_the_attempts_if_not() {
    check(true, &[(asked(7), secs(8))], "wait 7000 ms");
    check(true, &[(asked(7), ms(7_500))], "wait 7000 ms");
    check(true, &[(asked(7), ms(7_499))], "give up, 7 s asked");
    check(true, &[(asked(0), secs(8))], "wait 250 ms");
    check(true, &[(asked(u64::MAX), secs(8))], &format!("give up, {} s asked", u64::MAX));
}

#[test]
fn no_pause_reaches_past_the_budget() {
    check(true, &[(CLEAR, ms(750))], "wait 250 ms");
    check(true, &[(CLEAR, ms(749))], "give up");
    check(true, &[(CLEAR, Duration::ZERO)], "give up");
    let mut patience = patience(&Timing::default(), 1, true);
    assert_eq!(patience.begin(ms(499)), None);
    assert_eq!(patience.begin(ms(500)), Some(ms(500)));
    assert_eq!(patience.begin(secs(60)), Some(secs(5)));
    assert_eq!(patience.n_attempts(), 2);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
    assert_eq!(now.as_second(), 784_111_777);
    for (header, wanted) in [
        ("0", Some(secs(0))),
        ("120", Some(secs(120))),
        (" 5 ", Some(secs(5))),
        ("99999999999999999999999", Some(secs(u64::MAX))),
        ("Sun, 06 Nov 1994 08:50:07 GMT", Some(secs(30))),
        ("Sun, 06 Nov 1994 08:49:00 GMT", Some(secs(0))),
        ("Mon, 06 Nov 1994 08:50:07 GMT", None),
        ("-5", None),
        ("+5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ] {
        assert_eq!(retry_after(header, now), wanted, "{header:?}");
    }
}
