//! How long is a record kept?
//!
//! The classes and lengths are those of a common log-retention table: access 90
//! days, application 30 days, audit a year, security 180 days.

use jiff::Timestamp;

use crate::span::Span;

/// Incidents, their timelines, what was sent and done: the audit class.
pub const INCIDENT: Span = Span::days(365);
/// The last state of an alert that is not firing: the application class. Longer
/// than SNS goes on delivering (23 days), so that no late duplicate finds an
/// alert forgotten.
pub const ALERT: Span = Span::days(30);
/// Who works on a target and recent actions: the application class.
pub const WORKING: Span = Span::days(30);

/// What was heard of a job that nobody watches: the application class.
pub const HEARTBEAT: Span = Span::days(30);
/// What the watchdog leaves behind: long enough to see what became of a beat.
pub const WATCHDOG: Span = Span::days(1);

/// The second after which a row may be deleted.
pub fn expires(kept_for: Span, from: Timestamp) -> i64 {
    kept_for.after(from).as_second()
}
