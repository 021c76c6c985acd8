//! The part about the watchdog: how often does it fire, and who waits for it?

use super::Reader;
use crate::span::Span;
use crate::watchdog::Watchdog;

/// How often it fires, unless said otherwise.
const EVERY: Span = Span::minutes(15);
const EVERY_MAX: Span = Span::days(1);

impl Reader<'_> {
    pub(super) fn watchdog(&mut self) -> Option<Watchdog> {
        let source = self.source.watchdog.as_ref()?;
        let every = source.every.unwrap_or(EVERY);
        if every < Span::minutes(1) || every > EVERY_MAX || every.as_millis() % Span::minutes(1).as_millis() != 0 {
            self.problem(
                "watchdog.every",
                format!("`{every}` is not a number of whole minutes up to a day; write for instance 15m"),
            );
        }
        if source.secret.trim().is_empty() {
            self.problem("watchdog.secret", "name the secret that holds the checker's address, such as watchkeeper/watchdog");
        }
        Some(Watchdog { every, secret: source.secret.clone() })
    }
}
