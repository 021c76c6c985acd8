//! The sample events under `events/`.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

/// The bytes of the sample `<source>/<case>.json`.
///
/// # Panics
///
/// If there is no such sample.
pub fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An EventBridge event of an alarm that changed its state at `at`.
pub fn alarm(name: &str, state: &str, at: Timestamp, dimensions: &[(&str, &str)], metric: (&str, &str)) -> String {
    let dimensions: Value = dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "version": "0",
        "id": "5d7d8e5c-6ce4-4d3b-a3e8-0d1b7d1a9d10",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "111122223333",
        "time": at,
        "region": "eu-west-1",
        "resources": [format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}")],
        "detail": {
            "alarmName": name,
            "state": {"value": state, "reason": "Threshold Crossed", "timestamp": at},
            "configuration": {"metrics": [{"metricStat": {"metric": {"namespace": metric.0, "name": metric.1, "dimensions": dimensions}}}]},
        },
    })
    .to_string()
}
