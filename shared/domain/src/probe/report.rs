//! What came of a run?

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a run says of its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All is as it must be.
    Up,
    /// All is right, but something took longer than it may.
    Degraded,
    /// Something is not as it must be.
    Down,
    /// Nothing can be said: from here nothing can be reached, or it did not come to it.
    Unknown,
}

impl Verdict {
    /// The verdict as one word.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Up => "up",
            Verdict::Degraded => "degraded",
            Verdict::Down => "down",
            Verdict::Unknown => "unknown",
        }
    }
}

/// How long the parts of a step took, in milliseconds. Those that there were none of are
/// missing: a connection that is used again needs no `dns`, `connect` and `tls`. They add
/// up, with what it took to read the answer, to `total`; over redirects each is a sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// To find the address.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub dns: Option<Duration>,
    /// To connect.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub connect: Option<Duration>,
    /// To agree on TLS.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub tls: Option<Duration>,
    /// From when the request began to be sent until the answer began to come.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub ttfb: Option<Duration>,
    /// All of it.
    #[serde(default, with = "millis", skip_serializing_if = "Option::is_none")]
    pub total: Option<Duration>,
}

/// A step, as it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Which, from 1; those of the cleanup count on.
    pub step: usize,
    /// Its name.
    pub name: String,
    /// The kind of step.
    pub kind: String,
    /// Whether all was as it must be, the time included.
    pub ok: bool,
    /// Whether all was right but the time; never together with `ok`. The steps after it
    /// are taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slow: bool,
    /// The status of the last answer, if there was one that has one.
    #[serde(default)]
    pub status: Option<u16>,
    /// How long its parts took.
    pub phases_ms: Phases,
    /// The names of what was captured.
    pub captures: Vec<String>,
    /// What was not right, each a sentence with what was seen; secrets are masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// What came back, as far as it helps whoever looks for the cause: the beginning of
    /// the answer; secrets are masked. Only of a step that was not right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// A run of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowReport {
    /// The flow's id.
    pub flow: String,
    /// What tells this run from others: a part of what it sends, so that test data can be
    /// told apart.
    pub run: String,
    /// Where it was run, if that was in a Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// What it says.
    pub verdict: Verdict,
    /// The first step that was not right, or too slow; from 1.
    pub failed_step: Option<usize>,
    /// Why it is not up.
    pub because: Vec<String>,
    /// How long all of it took, without the cleanup, in milliseconds.
    pub duration_ms: f64,
    /// The steps that were taken.
    pub steps: Vec<StepReport>,
    /// What was done afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleanup: Vec<StepReport>,
}

/// A duration in milliseconds, to a hundredth of one.
pub fn to_ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Durations as milliseconds with two decimals.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the shape that serde calls")]
    pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => to.serialize_f64(super::to_ms(*duration)),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let ms = Option::<f64>::deserialize(from)?;
        Ok(ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1_000.0).ok()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step() -> StepReport {
        let ms = |ms: u64| Some(Duration::from_micros(ms));
        StepReport {
            step: 1,
            name: "POST https://api.example.com/token".to_owned(),
            kind: "http".to_owned(),
            ok: true,
            slow: false,
            status: Some(201),
            phases_ms: Phases { dns: ms(1_234), connect: ms(12_000), tls: None, ttfb: ms(80_456), total: ms(93_690) },
            captures: vec!["token".to_owned()],
            because: Vec::new(),
            evidence: None,
        }
    }

    fn report() -> FlowReport {
        FlowReport {
            flow: "create-order".to_owned(),
            run: "r1".to_owned(),
            region: None,
            at: "2026-11-21T10:00:00Z".parse().unwrap(),
            verdict: Verdict::Up,
            failed_step: None,
            because: Vec::new(),
            duration_ms: 93.69,
            steps: vec![step()],
            cleanup: Vec::new(),
        }
    }

    #[test]
    fn a_report_has_the_keys_that_other_programs_read() {
        let phases = json!({"dns": 1.23, "connect": 12.0, "ttfb": 80.46, "total": 93.69});
        assert_eq!(
            serde_json::to_value(report()).unwrap(),
            json!({
                "flow": "create-order", "run": "r1", "at": "2026-11-21T10:00:00Z", "verdict": "up", "failed_step": null, "because": [],
                "duration_ms": 93.69,
                "steps": [{
                    "step": 1, "name": "POST https://api.example.com/token", "kind": "http", "ok": true, "status": 201,
                    "phases_ms": phases, "captures": ["token"],
                }],
            })
        );
        let step = StepReport {
            ok: false,
            status: None,
            because: vec!["why".to_owned()],
            evidence: Some("out of stock".to_owned()),
            ..step()
        };
        let down = FlowReport {
            verdict: Verdict::Down,
            failed_step: Some(1),
            because: vec!["why".to_owned()],
            steps: vec![step],
            ..report()
        };
        let written = serde_json::to_value(&down).unwrap();
        assert_eq!(
            (&written["verdict"], &written["failed_step"], &written["because"]),
            (&json!("down"), &json!(1), &json!(["why"]))
        );
        assert_eq!((&written["steps"][0]["ok"], &written["steps"][0]["status"]), (&json!(false), &json!(null)));
        assert_eq!(written["steps"][0]["evidence"], "out of stock");
        assert!(!serde_json::to_string(&down).unwrap().contains('\n'), "one object a line");
    }

    #[test]
    fn a_report_reads_back_to_a_hundredth_of_a_millisecond() {
        let written = serde_json::to_string(&report()).unwrap();
        let read: FlowReport = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
        assert_eq!(read.steps[0].phases_ms.total, Some(Duration::from_micros(93_690)));
        for verdict in [Verdict::Up, Verdict::Degraded, Verdict::Down, Verdict::Unknown] {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.word());
        }
    }
}
