//! Metrics without a call: CloudWatch's embedded metric format, a line in the log.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The namespace of Watchkeeper's own metrics.
pub const NAMESPACE: &str = "Watchkeeper";

/// A line that CloudWatch reads as metrics: each with its unit, all with the same
/// dimensions; `fields` are only logged.
pub fn line(now: Timestamp, dimensions: &[(&str, &str)], metrics: &[(&str, &str, f64)], fields: &[(&str, Value)]) -> Value {
    line_in(NAMESPACE, now, dimensions, metrics, fields)
}

/// The same in another namespace.
pub fn line_in(
    namespace: &str,
    now: Timestamp,
    dimensions: &[(&str, &str)],
    metrics: &[(&str, &str, f64)],
    fields: &[(&str, Value)],
) -> Value {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let definitions: Vec<Value> = metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": [names], "Metrics": definitions}],
        }),
    );
    line.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
    line.extend(metrics.iter().map(|(name, _, value)| ((*name).to_owned(), Value::from(*value))));
    line.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(line)
}

/// Writes a line where CloudWatch reads it.
#[expect(clippy::print_stdout, reason = "the embedded metric format is a line on standard output")]
pub fn emit(line: &Value) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_metrics_dimensions_and_values() {
        let now: Timestamp = "2026-11-21T02:05:54.123Z".parse().unwrap();
        let line = line(now, &[("Function", "sweeper")], &[("CompletedRuns", "Count", 1.0)], &[("n_overdue", json!(2))]);
        assert_eq!(line["_aws"]["Timestamp"], 1_795_226_754_123_i64);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Function"]]));
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"], json!([{"Name": "CompletedRuns", "Unit": "Count"}]));
        assert_eq!((&line["Function"], &line["CompletedRuns"], &line["n_overdue"]), (&json!("sweeper"), &json!(1.0), &json!(2)));
    }
}
