//! What does RDS say about a database?
//!
//! An instance can fail, fail over, run out of storage and fall behind as a
//! replica at the same time, and each ends by an event of its own. So each is an
//! alert of its own.

use serde_json::Value;

use super::{Reading, either, field, resource, text_of};
use crate::alert::AlertState::{self, Alarm, InsufficientData, Ok};

/// Reads any event of RDS.
pub(super) fn notice(event: &Value) -> Reading<'_> {
    let detail = field(event, "detail");
    let message = text_of(detail, "Message");
    let categories: Vec<String> = field(detail, "EventCategories")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_lowercase)
        .collect();
    let (name, state) = news(&categories, &message.to_lowercase());
    let identifier = text_of(detail, "SourceIdentifier");
    let database = identifier.strip_prefix("rds:").unwrap_or(identifier);
    let label = match text_of(detail, "SourceType") {
        "DB_INSTANCE" => "DBInstanceIdentifier",
        "CLUSTER" => "DBClusterIdentifier",
        _ => "source_identifier",
    };
    let thing = either(text_of(detail, "SourceArn"), either(resource(event), identifier));
    Reading::new(event, name, thing, state)
        .saying(&format!("RDS {database}: {}", categories.join(", ")), message)
        .label(label, database)
        .label("event_name", text_of(detail, "EventID"))
        .at(field(detail, "Date"))
}

/// Which alert an event belongs to, and the state that it means. The event's
/// number would be surer than its words, but it may be missing.
fn news(categories: &[String], message: &str) -> (&'static str, AlertState) {
    let is = |category: &str| categories.iter().any(|known| known == category);
    let says = |word: &str| message.contains(word);
    let is_over = says("complete") || says("recovered");
    // RDS says so when it leaves something undone that need not be done.
    let is_nothing = says("abandon") || says("no actions are necessary");
    if is_nothing {
        ("rds-notice", InsufficientData)
    } else if says("finished applying") && says("modification to allocated storage") {
        ("rds-storage", Ok)
    } else if is("low storage") || says("storage-full") || says("free storage") {
        ("rds-storage", Alarm)
    } else if is("failover") {
        ("rds-failover", if is_over { Ok } else { Alarm })
    } else if is("read replica") && says("resumed") {
        ("rds-replication", Ok)
    } else if is("read replica") && says("replication has stopped") {
        ("rds-replication", Alarm)
    } else if is("failure") {
        ("rds-failure", Alarm)
    } else if (is("recovery") && is_over) || (is("availability") && says("restarted")) {
        ("rds-failure", Ok)
    } else {
        ("rds-notice", InsufficientData)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_of_a_database_ends_by_an_event_of_its_own() {
        for (category, message, wanted) in [
            ("failover", "Multi-AZ instance failover started", ("rds-failover", Alarm)),
            ("failover", "Multi-AZ instance failover completed", ("rds-failover", Ok)),
            ("failover", "Recovered from partial failover", ("rds-failover", Ok)),
            ("failover", "Abandoning user requested failover", ("rds-notice", InsufficientData)),
            (
                "failure",
                "DB instance is in a state that is not optimal. No actions are necessary.",
                ("rds-notice", InsufficientData),
            ),
            (
                "configuration change",
                "Finished applying autoscaling-initiated modification to allocated storage",
                ("rds-storage", Ok),
            ),
            ("low storage", "Allocated storage has been exhausted", ("rds-storage", Alarm)),
            ("availability", "DB instance has reached the storage-full threshold", ("rds-storage", Alarm)),
            ("configuration change", "Finished applying modification to allocated storage", ("rds-storage", Ok)),
            ("read replica", "Replication has stopped.", ("rds-replication", Alarm)),
            ("read replica", "Replication for the Read Replica resumed.", ("rds-replication", Ok)),
            ("read replica", "Replication for the Read Replica was manually stopped.", ("rds-notice", InsufficientData)),
            ("failure", "DB instance has failed", ("rds-failure", Alarm)),
            ("recovery", "Recovery of the DB instance has started", ("rds-notice", InsufficientData)),
            ("recovery", "Recovery of the DB instance is complete.", ("rds-failure", Ok)),
            ("availability", "DB instance restarted", ("rds-failure", Ok)),
            ("availability", "DB instance shutdown", ("rds-notice", InsufficientData)),
            ("backup", "Finished DB instance backup", ("rds-notice", InsufficientData)),
            ("", "", ("rds-notice", InsufficientData)),
        ] {
            assert_eq!(news(&[category.to_owned()], &message.to_lowercase()), wanted, "{category}: {message}");
        }
    }
}
