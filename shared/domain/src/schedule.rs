//! Who is on call? PagerDuty's schedules: layers, rotations, overrides.
//!
//! A turn begins at the same local wall time for ever: clocks that change do not
//! move a hand-off. A hand-off at a time that a change of clocks leaves out
//! happens as if they had not changed (half past two, left out, is half past
//! three); one at a time that comes twice happens the first time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span as CivilSpan, Timestamp};

use crate::policy::OverrideSource;

/// A schedule of on-call duty.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// The zone in which hand-offs keep their hour.
    pub time_zone: TimeZone,
    /// The layers; a later one takes precedence.
    pub layers: Vec<Layer>,
    /// Exceptions in the policy; a later one takes precedence.
    pub overrides: Vec<OverrideSource>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// When the first turn begins, in local time.
    pub start: DateTime,
    /// How long a turn is.
    pub turn: Turn,
    /// Whose turn it is, in order; not empty.
    pub users: Vec<String>,
}

/// How long a turn is, by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Calendar days.
    Days(u32),
    /// Hours.
    Hours(u32),
}

/// Who is on call, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// The user's id.
    pub user: String,
    /// Until when at the latest.
    pub until: Timestamp,
    /// By which layer or override.
    pub because: String,
}

impl Turn {
    /// When turn number `n` begins, in local time.
    fn begins(self, start: DateTime, n: i64) -> Option<DateTime> {
        let span = match self {
            Turn::Days(days) => CivilSpan::new().try_days(i64::from(days).checked_mul(n)?),
            Turn::Hours(hours) => CivilSpan::new().try_hours(i64::from(hours).checked_mul(n)?),
        };
        start.checked_add(span.ok()?).ok()
    }

    /// About which turn it is `elapsed_seconds` after the start.
    fn about(self, elapsed_seconds: i64) -> i64 {
        match self {
            Turn::Days(days) => elapsed_seconds.div_euclid(i64::from(days) * 86_400),
            Turn::Hours(hours) => elapsed_seconds.div_euclid(i64::from(hours) * 3_600),
        }
    }
}

impl Layer {
    /// When turn number `n` begins. Beyond the calendar there is no such moment.
    fn begins(&self, zone: &TimeZone, n: i64) -> Option<Timestamp> {
        let local = self.turn.begins(self.start, n)?;
        zone.to_ambiguous_zoned(local).compatible().ok().map(|zoned| zoned.timestamp())
    }

    /// Whose turn it is at `at`; nobody's before the layer starts.
    pub fn on_call(&self, zone: &TimeZone, at: Timestamp) -> Option<OnCall> {
        let first = self.begins(zone, 0)?;
        if at < first {
            return None;
        }
        // Counting seconds is off by at most the zone's changes; the loops
        // settle on the last turn that has begun.
        let mut n = self.turn.about(at.as_second() - first.as_second());
        while n > 0 && self.begins(zone, n).is_none_or(|begins| begins > at) {
            n -= 1;
        }
        while let Some(next) = self.begins(zone, n + 1)
            && next <= at
        {
            n += 1;
        }
        let n_users = i64::try_from(self.users.len()).ok().filter(|n_users| *n_users > 0)?;
        let user = &self.users[usize::try_from(n.rem_euclid(n_users)).ok()?];
        Some(OnCall {
            user: user.clone(),
            until: self.begins(zone, n + 1).unwrap_or(Timestamp::MAX),
            because: format!("layer {}", self.name),
        })
    }
}

impl Schedule {
    /// Who is on call at `at`. `overrides` are those made at run time; they take
    /// precedence over the policy's, and those over the layers.
    pub fn on_call(&self, at: Timestamp, overrides: &[OverrideSource]) -> Option<OnCall> {
        let exception =
            self.overrides.iter().chain(overrides).rfind(|exception| exception.start <= at && at < exception.end).map(
                |exception| OnCall { user: exception.user.clone(), until: exception.end, because: "an override".to_owned() },
            );
        exception.or_else(|| self.layers.iter().rev().find_map(|layer| layer.on_call(&self.time_zone, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(zone: &str, start: &str, turn: Turn, users: &[&str]) -> Schedule {
        Schedule {
            name: "primary".into(),
            time_zone: TimeZone::get(zone).unwrap(),
            layers: vec![Layer {
                name: "rota".into(),
                start: start.parse().unwrap(),
                turn,
                users: users.iter().map(|user| (*user).to_owned()).collect(),
            }],
            overrides: Vec::new(),
        }
    }

    fn who(schedule: &Schedule, at: &str) -> String {
        schedule.on_call(at.parse().unwrap(), &[]).map_or("nobody".into(), |on_call| on_call.user)
    }

    #[test]
    fn a_week_passes_from_one_to_the_next() {
        let rota = schedule("Asia/Tokyo", "2026-01-05T10:00:00", Turn::Days(7), &["aiko", "ben"]);
        for (at, user) in [
            ("2026-01-05T00:59:59Z", "nobody"),
            ("2026-01-05T01:00:00Z", "aiko"),
            ("2026-01-12T00:59:59Z", "aiko"),
            ("2026-01-12T01:00:00Z", "ben"),
            ("2026-01-19T01:00:00Z", "aiko"),
        ] {
            assert_eq!(who(&rota, at), user, "{at}");
        }
    }

    #[test]
    fn hand_offs_keep_their_local_hour_when_clocks_change() {
        // Berlin goes to summer time on 2026-03-29 and back on 2026-10-25.
        let rota = schedule("Europe/Berlin", "2026-03-28T09:00:00", Turn::Days(1), &["a", "b"]);
        for (at, user) in [
            ("2026-03-28T08:00:00Z", "a"),
            ("2026-03-29T06:59:59Z", "a"),
            ("2026-03-29T07:00:00Z", "b"),
            ("2026-10-25T07:59:59Z", "a"),
            ("2026-10-25T08:00:00Z", "b"),
        ] {
            assert_eq!(who(&rota, at), user, "{at}");
        }
    }

    #[test]
    fn hand_offs_inside_a_gap_or_a_fold_happen_once() {
        let rota = schedule("Europe/Berlin", "2026-03-28T02:30:00", Turn::Days(1), &["a", "b"]);
        assert_eq!(who(&rota, "2026-03-29T01:29:59Z"), "a");
        assert_eq!(who(&rota, "2026-03-29T01:30:00Z"), "b");
        let rota = schedule("Australia/Lord_Howe", "2026-04-04T01:45:00", Turn::Days(1), &["a", "b"]);
        // 01:45 on 2026-04-05 comes at +11:00 and again at +10:30.
        assert_eq!(who(&rota, "2026-04-04T14:44:59Z"), "a");
        assert_eq!(who(&rota, "2026-04-04T14:45:00Z"), "b");
        assert_eq!(who(&rota, "2026-04-04T15:20:00Z"), "b");
    }

    #[test]
    fn a_weekly_hand_off_keeps_its_local_hour_both_ways_in_either_hemisphere() {
        // Each row: the zone, the first hand-off, one of `b` to `a` after clocks
        // have changed, in spring and in autumn, always at nine in the morning.
        for (zone, start, hand_offs) in [
            ("America/New_York", "2026-01-05T09:00:00", ["2026-03-16T13:00:00Z", "2026-11-09T14:00:00Z"]),
            ("Australia/Sydney", "2026-01-05T09:00:00", ["2026-04-12T23:00:00Z", "2026-10-11T22:00:00Z"]),
            ("Asia/Tokyo", "2026-01-05T09:00:00", ["2026-03-16T00:00:00Z", "2026-11-09T00:00:00Z"]),
        ] {
            let rota = schedule(zone, start, Turn::Days(7), &["a", "b"]);
            for hand_off in hand_offs {
                let at: Timestamp = hand_off.parse().unwrap();
                let before = rota.on_call(crate::span::Span::seconds(1).before(at), &[]).unwrap();
                let after = rota.on_call(at, &[]).unwrap();
                assert_eq!(before.until, at, "{zone}");
                assert_eq!((before.user.as_str(), after.user.as_str()), ("b", "a"), "{zone} at {hand_off}");
            }
        }
    }

    #[test]
    fn nobody_is_on_call_where_no_layer_has_begun_and_no_override_helps() {
        let mut rota = schedule("UTC", "2026-01-01T00:00:00", Turn::Days(1), &["a"]);
        assert_eq!(who(&rota, "2025-12-31T23:59:59Z"), "nobody");
        assert_eq!(who(&rota, "2026-01-01T00:00:00Z"), "a");
        rota.layers[0].users.clear();
        assert_eq!(who(&rota, "2026-01-01T00:00:00Z"), "nobody");
        rota.layers.clear();
        assert_eq!(who(&rota, "2026-01-01T00:00:00Z"), "nobody");
    }

    #[test]
    fn a_stand_in_of_today_goes_before_one_of_the_policy_for_its_time_only() {
        let stand_in = |user: &str, start: &str, end: &str| OverrideSource {
            user: user.into(),
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
        };
        let mut rota = schedule("UTC", "2026-01-01T00:00:00", Turn::Days(1), &["a"]);
        rota.overrides = vec![
            stand_in("b", "2026-01-02T00:00:00Z", "2026-01-02T12:00:00Z"),
            stand_in("c", "2026-01-02T06:00:00Z", "2026-01-02T12:00:00Z"),
        ];
        let today = [stand_in("d", "2026-01-02T08:00:00Z", "2026-01-02T10:00:00Z")];
        for (at, user, because) in [
            ("2026-01-01T23:59:59Z", "a", "layer rota"),
            ("2026-01-02T00:00:00Z", "b", "an override"),
            ("2026-01-02T06:00:00Z", "c", "an override"),
            ("2026-01-02T07:59:59Z", "c", "an override"),
            ("2026-01-02T08:00:00Z", "d", "an override"),
            ("2026-01-02T10:00:00Z", "c", "an override"),
            ("2026-01-02T12:00:00Z", "a", "layer rota"),
        ] {
            let on_call = rota.on_call(at.parse().unwrap(), &today).unwrap();
            assert_eq!((on_call.user.as_str(), on_call.because.as_str()), (user, because), "{at}");
        }
    }

    #[test]
    fn a_later_layer_and_an_override_take_precedence() {
        let mut rota = schedule("UTC", "2026-01-01T00:00:00", Turn::Hours(12), &["a"]);
        rota.layers.push(Layer {
            name: "late".into(),
            start: "2026-02-01T00:00:00".parse().unwrap(),
            turn: Turn::Hours(12),
            users: vec!["b".into(), "c".into()],
        });
        assert_eq!(who(&rota, "2026-01-15T00:00:00Z"), "a");
        assert_eq!(who(&rota, "2026-02-01T12:00:00Z"), "c");
        rota.overrides.push(OverrideSource {
            user: "d".into(),
            start: "2026-02-01T12:00:00Z".parse().unwrap(),
            end: "2026-02-01T13:00:00Z".parse().unwrap(),
        });
        assert_eq!(who(&rota, "2026-02-01T12:59:59Z"), "d");
        assert_eq!(who(&rota, "2026-02-01T13:00:00Z"), "c");
    }

    #[test]
    fn turns_never_go_back_and_never_leave_a_hole() {
        for zone in ["Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Asia/Tokyo", "Africa/Casablanca"] {
            for turn in [Turn::Days(1), Turn::Days(7), Turn::Hours(5)] {
                let rota = schedule(zone, "2011-06-01T02:15:00", turn, &["a", "b", "c"]);
                let mut at: Timestamp = "2011-06-02T00:00:00Z".parse().unwrap();
                let mut last = rota.on_call(at, &[]).unwrap();
                for _ in 0..(400 * 24 * 2) {
                    at += jiff::SignedDuration::from_mins(30);
                    let now = rota.on_call(at, &[]).unwrap();
                    assert!(now.until > at && now.until >= last.until, "{zone} {turn:?} {at}");
                    assert!(now.until == last.until || at >= last.until, "{zone} {turn:?} {at}");
                    last = now;
                }
            }
        }
    }
}
