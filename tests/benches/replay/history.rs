//! A history as CloudWatch would write it, made up: alarms of the example system that
//! fire for some minutes now and then, the newest change first.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The month, in milliseconds.
const MONTH: u64 = 30 * 86_400_000;
/// What the alarms are called, before their numbers.
const NAMES: [&str; 7] = [
    "vitascope-api-high-latency",
    "vitascope-api-error-rate",
    "vitascope-database-connections",
    "vitascope-worker-queue-depth",
    "vitascope-batch-late",
    "vitascope-api-cpu",
    "other",
];

/// Numbers that look drawn by lot, the same in every run (Steele's `SplitMix64`).
struct Lots(u64);

impl Lots {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n.max(1)
    }
}

/// A month with so many changes of so many alarms.
pub(crate) fn month(n_changes: usize, n_alarms: usize) -> String {
    let mut lots = Lots(7);
    let mut changes: Vec<(u64, usize, &str)> = Vec::with_capacity(n_changes);
    while changes.len() < n_changes {
        let alarm = usize::try_from(lots.below(n_alarms as u64)).unwrap_or(0);
        let begins = lots.below(MONTH);
        // From half a minute to some twenty, short ones more often.
        let lasts = 30_000 + lots.below(1_200_000).min(lots.below(1_200_000));
        changes.push((begins, alarm, "ALARM"));
        changes.push((begins + lasts, alarm, "OK"));
    }
    changes.sort_unstable();
    let items: Vec<Value> = changes.iter().rev().map(|(at, alarm, state)| item(*at, *alarm, state)).collect();
    json!({"AlarmHistoryItems": items}).to_string()
}

fn item(at: u64, alarm: usize, state: &str) -> Value {
    let start: Timestamp = Timestamp::constant(1_777_593_600, 0);
    let at = start + SignedDuration::from_millis(i64::try_from(at).unwrap_or(0));
    let reason = "Threshold Crossed: 1 out of the last 1 datapoints [91.2] was greater than the threshold (80.0).";
    let state_of = |state: &str| json!({"stateValue": state, "stateReason": reason});
    json!({
        "AlarmName": format!("{}-{alarm}", NAMES[alarm % NAMES.len()]),
        "AlarmType": "MetricAlarm",
        "Timestamp": at.to_string(),
        "HistoryItemType": "StateUpdate",
        "HistorySummary": format!("Alarm updated to {state}"),
        "HistoryData": json!({"version": "1.0", "oldState": state_of("OK"), "newState": state_of(state)}).to_string(),
    })
}
