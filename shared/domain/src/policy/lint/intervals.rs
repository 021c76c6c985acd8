//! Do times hold at all, and do they come to an end?

use jiff::Timestamp;

use super::Warning;
use crate::interval::TimeInterval;
use crate::policy::source::PolicySource;
use crate::policy::{Policy, Window};
use crate::span::Span;

/// How far ahead an interval must hold at some time.
const TEN_YEARS: Span = Span::days(3_653);
/// How long planned work may take.
const WORK_MAX: Span = Span::days(90);
/// How many beginnings and ends of intervals are looked at.
const CHANGES_MAX: usize = 1_000;

pub(super) fn lint(source: &PolicySource, policy: &Policy, now: Timestamp, warnings: &mut Vec<Warning>) {
    for (key, intervals) in [("time_intervals", &source.time_intervals), ("mute_time_intervals", &source.mute_time_intervals)] {
        for (n, given) in intervals.iter().enumerate() {
            let name = &given.name;
            let what = if given.time_intervals.is_empty() {
                "has no parts"
            } else if policy.time_intervals.get(name).is_some_and(|interval| !holds(interval, now)) {
                "does not hold in the next ten years"
            } else {
                continue;
            };
            warnings.push(Warning::new(
                "interval-empty",
                format!("{key}[{n}]"),
                format!(
                    "`{name}` {what}: what it mutes is never muted, and what it makes active is never told; correct its days, \
                     months and years, or take it out"
                ),
            ));
        }
    }
    for (n, window) in policy.maintenance_windows.iter().enumerate() {
        if is_endless(policy, window, now) {
            let ends = window.ends_at.map_or_else(|| "without an end".to_owned(), |_| "for more than 90 days".to_owned());
            warnings.push(Warning::new(
                "window-without-end",
                format!("maintenance_windows[{n}]"),
                format!(
                    "planned work `{}` goes on {ends} and keeps its alerts from people all the while; give it an end, \
                     or route what nobody needs to hear to a receiver of its own",
                    window.name
                ),
            ));
        }
    }
}

/// Whether an interval holds at some time from `now` on.
fn holds(interval: &TimeInterval, now: Timestamp) -> bool {
    interval.contains(now) || interval.next_change(now, TEN_YEARS.after(now)).is_some()
}

/// Whether a window that is not over goes on for longer than planned work does.
fn is_endless(policy: &Policy, window: &Window, now: Timestamp) -> bool {
    let starts = window.starts_at.unwrap_or(now);
    let limit = WORK_MAX.after(starts);
    if window.ends_at.is_some_and(|ends| ends <= limit || ends <= now) {
        return false;
    }
    let named: Vec<&TimeInterval> = window.time_intervals.iter().filter_map(|name| policy.time_intervals.get(name)).collect();
    window.time_intervals.is_empty() || is_always(&named, starts, limit)
}

/// Whether one or another of these holds all the time.
fn is_always(intervals: &[&TimeInterval], from: Timestamp, limit: Timestamp) -> bool {
    let mut at = from;
    for _ in 0..CHANGES_MAX {
        let Some(holding) = intervals.iter().find(|interval| interval.contains(at)) else { return false };
        match holding.next_change(at, limit) {
            Some(next) if next > at && next < limit => at = next,
            Some(_) | None => return true,
        }
    }
    true
}
