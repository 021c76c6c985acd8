//! When does an expression call for a run? Cron's five fields, in a time zone.
//!
//! On days on which the clocks are changed it goes as with Vixie's cron, which is
//! Debian's and most others':
//!
//! - A run whose time is left out, as the clock jumps over it, is due at the first
//!   moment after the jump; once, however many of its times are left out.
//! - A run whose time comes twice is due the first time.
//! - Where the minutes or the hours begin with `*`, as in `*/10 * * * *`, runs follow
//!   the time that passes instead: they are due in the hour that comes twice as often
//!   as it comes, and what is left out is not made up for.
//!
//! The expression itself is read by `croner`; but which moments it means is found here:
//! `croner` takes only a single hour and minute for a fixed time, so that `30 1,2 * * *`
//! would be due twice in the night in which the clocks are set back.

use croner::Weekday;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span as CalendarSpan, Timestamp};

/// How far ahead a next run is looked for, in years: 29 February of a weekday comes
/// again after 28, or after 40 where a century is in between.
const YEARS_MAX: i16 = 41;

/// An expression with its zone. There is a moment that it names.
#[derive(Debug, Clone)]
pub struct Cron {
    /// As it was written, with single blanks.
    text: String,
    fields: croner::Cron,
    /// The times of the day, in order.
    times: Vec<Time>,
    /// Whether runs follow the time that passes, not the clock on the wall.
    follows_time: bool,
    zone: TimeZone,
}

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It has another number of fields.
    #[error("`{text}` has {n} fields; write five: minute, hour, day of the month, month, day of the week, as in `30 2 * * *`")]
    Fields {
        /// The expression.
        text: String,
        /// How many it has.
        n: usize,
    },
    /// A field is not right.
    #[error("`{text}` is not an expression of cron: {why}; write for instance `30 2 * * *` or `0 9-17/2 * * MON-FRI`")]
    Unreadable {
        /// The expression.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// No day is like that.
    #[error("`{0}` never comes: no day of any year is like that")]
    Never(String),
}

impl std::fmt::Display for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.text, self.zone.iana_name().unwrap_or("UTC"))
    }
}

impl Cron {
    /// Reads an expression: lists, ranges, steps, names of months and days, `L` for the
    /// last day, `#` for the nth weekday, `W` for the nearest one, and `@hourly`,
    /// `@daily`, `@weekly`, `@monthly`, `@yearly`. A day counts if either the day of the
    /// month or that of the week is right, unless one of them is `*`.
    ///
    /// # Errors
    /// [`CronError`] when it cannot be read, or names no moment.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Cron, CronError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        let is_nickname = words.len() == 1 && text.starts_with('@');
        if words.len() != 5 && !is_nickname {
            return Err(CronError::Fields { text, n: words.len() });
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let fields = parser.parse(&text).map_err(|error| CronError::Unreadable { text: text.clone(), why: why(&error) })?;
        let follows_time = if is_nickname {
            text.eq_ignore_ascii_case("@hourly")
        } else {
            words[..2].iter().any(|field| field.starts_with('*'))
        };
        let small = |value: u16| i8::try_from(value).unwrap_or_default();
        let (minutes, hours) = (fields.pattern.minutes.values(), fields.pattern.hours.values());
        let times =
            hours.iter().flat_map(|hour| minutes.iter().filter_map(|minute| Time::new(small(*hour), small(*minute), 0, 0).ok()));
        let cron = Cron { times: times.collect(), text, fields, follows_time, zone };
        // Any moment does: what comes at all comes within the years that are looked at.
        match cron.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(CronError::Never(cron.text)),
        }
    }

    /// The first moment after `after` at which a run is due; none if there is none in
    /// the next 41 years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        // A day earlier: a run that was left out there may be due only after its end.
        let mut date = after.to_zoned(self.zone.clone()).date().yesterday().ok()?;
        let last = date.checked_add(CalendarSpan::new().years(YEARS_MAX)).unwrap_or(Date::MAX);
        while date <= last {
            if !self.fields.pattern.month_match(u32::from(date.month().unsigned_abs())).unwrap_or(false) {
                date = date.last_of_month().tomorrow().ok()?;
                continue;
            }
            if self.is_day(date)
                && let Some(due) = self.moments(date).into_iter().filter(|due| *due > after).min()
            {
                return Some(due);
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn is_day(&self, date: Date) -> bool {
        let weekday = Weekday::from_days_from_sunday(u32::from(date.weekday().to_sunday_zero_offset().unsigned_abs()));
        let (month, day) = (u32::from(date.month().unsigned_abs()), u32::from(date.day().unsigned_abs()));
        self.fields.pattern.day_match(i32::from(date.year()), month, day, weekday).unwrap_or(false)
    }

    /// The moments at which runs of a day are due.
    fn moments(&self, date: Date) -> Vec<Timestamp> {
        self.times.iter().flat_map(|time| self.moments_of(date.to_datetime(*time))).collect()
    }

    /// The moments that a time on the wall means: none, one or two.
    fn moments_of(&self, local: DateTime) -> Vec<Timestamp> {
        let moments = match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => [offset.to_timestamp(local).ok(), None],
            AmbiguousOffset::Gap { .. } if self.follows_time => [None, None],
            AmbiguousOffset::Gap { before, .. } => [before.to_timestamp(local).ok().and_then(|at| self.jump_before(at)), None],
            AmbiguousOffset::Fold { before, after } => {
                [before.to_timestamp(local).ok(), after.to_timestamp(local).ok().filter(|_| self.follows_time)]
            }
        };
        moments.into_iter().flatten().collect()
    }

    /// The last change of the clocks that is not after `at`.
    fn jump_before(&self, at: Timestamp) -> Option<Timestamp> {
        let behind = at.checked_add(SignedDuration::from_nanos(1)).ok()?;
        self.zone.preceding(behind).next().map(|change| change.timestamp())
    }
}

/// What `croner` says, in a sentence's middle.
fn why(error: &croner::errors::CronError) -> String {
    use croner::errors::CronError as Error;
    match error {
        Error::InvalidPattern(why) | Error::IllegalCharacters(why) | Error::ComponentError(why) => {
            why.trim_end_matches('.').to_owned()
        }
        Error::EmptyPattern | Error::InvalidDate | Error::InvalidTime | Error::TimeSearchLimitExceeded => {
            error.to_string().trim_end_matches('.').to_owned()
        }
    }
}
