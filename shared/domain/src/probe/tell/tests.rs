use proptest::prelude::*;

use super::*;
use crate::labels::Labels;
use crate::law::law;
use crate::span::Span;
use serde_json::json;

fn alarm(state: AlertState, at: &str) -> Alert {
    let labels: Labels = [
        ("alertname", "watchkeeper-probe-create-order"),
        ("namespace", NAMESPACE),
        ("metric_name", "Down"),
        ("flow", "create-order"),
    ]
    .into_iter()
    .collect();
    let mut alert = Alert::of_labels(&labels, state, at.parse().unwrap());
    alert.reason = "Threshold Crossed".to_owned();
    alert
}

fn state() -> FlowState {
    serde_json::from_value(json!({
        "is_down": true,
        "since": "2026-06-01T00:03:00Z",
        "down": ["ap-northeast-1", "us-east-1"],
        "failing": {
            "region": "us-east-1",
            "at": "2026-06-01T00:05:00Z",
            "run": "r",
            "failed_step": 2,
            "step": "POST https://api.example.com/orders",
            "status": 502,
            "phases_ms": {"dns": 3.2, "connect": 8.0, "ttfb": 412.0, "total": 430.0},
            "because": ["step 2 (POST https://api.example.com/orders): status was 502, expected 201"],
            "evidence": "<h1>Bad gateway</h1>",
        },
    }))
    .unwrap()
}

fn told(state: Option<&FlowState>) -> (String, String, String) {
    let mut alert = alarm(AlertState::Alarm, "2026-06-01T00:06:00Z");
    annotate(&mut alert, "create-order", state);
    (alert.headline.unwrap(), alert.summary, alert.reason)
}

#[test]
fn an_alarm_of_a_flow_says_which_step_fails_why_where_and_what_came_back() {
    let (headline, about, reason) = told(Some(&state()));
    assert_eq!(
        headline,
        "create-order fails at step 2 (POST https://api.example.com/orders): status was 502, expected 201 — in \
         ap-northeast-1 and us-east-1"
    );
    assert_eq!(
        about,
        "Down since 2026-06-01 00:03:00 UTC. Seen in us-east-1 at 2026-06-01 00:05:00 UTC: DNS 3 ms, connect 8 ms, first byte \
         412 ms, in all 430 ms."
    );
    assert_eq!(
        reason,
        "step 2 (POST https://api.example.com/orders): status was 502, expected 201. What came back: <h1>Bad gateway</h1>"
    );
}

#[test]
fn what_is_down_without_a_step_is_told_as_far_as_it_is_known() {
    let mut unknown = state();
    unknown.failing = None;
    unknown.silent = vec!["eu-west-1".into()];
    let (headline, about, reason) = told(Some(&unknown));
    assert_eq!(headline, "create-order is down — in ap-northeast-1 and us-east-1");
    assert_eq!(about, "Down since 2026-06-01 00:03:00 UTC. Nothing is heard from eu-west-1.");
    assert_eq!(reason, "Threshold Crossed");
}

#[test]
fn an_alarm_of_a_flow_that_is_not_down_says_that_the_prober_is_silent() {
    let up = |since: &str| FlowState { since: Some(since.parse().unwrap()), ..FlowState::default() };
    for (state, wanted) in [
        (None, "create-order: the prober itself is silent"),
        (Some(FlowState::default()), "create-order: the prober itself is silent"),
        (Some(up("2026-06-01T00:05:59Z")), "create-order: the prober itself is silent"),
        // It came late: meanwhile all is well.
        (Some(up("2026-06-01T00:06:01Z")), "create-order was down, and is up again"),
    ] {
        assert_eq!(told(state.as_ref()).0, wanted, "{state:?}");
    }
}

#[test]
fn only_an_alarm_that_counts_flows_that_are_down_is_about_one() {
    let at = "2026-06-01T00:06:00Z";
    assert_eq!(flow_of(&alarm(AlertState::Alarm, at)), Some("create-order"));
    assert_eq!(flow_of(&alarm(AlertState::Ok, at)), None);
    for (label, value) in [("namespace", "AWS/ECS"), ("metric_name", "Success"), ("flow", "")] {
        let mut other = alarm(AlertState::Alarm, at);
        other.labels.set(label, value);
        assert_eq!(flow_of(&other), None, "{label}");
    }
}

#[test]
fn a_flow_is_counted_by_its_name_service_and_priority() {
    let mut flow = Flow {
        id: "create-order".into(),
        service: Some("api".into()),
        priority: Some(crate::priority::Priority::P1),
        every: Span::minutes(1),
        regions: super::super::flow::Regions { run: Vec::new(), quorum: 1 },
        alert: super::super::flow::AlertRule { failures: 1, of: 1, recover: 1 },
        slo: None,
        allow_cidrs: Vec::new(),
        steps: Vec::new(),
        cleanup: Vec::new(),
    };
    let told = |flow: &Flow| dimensions(flow).into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    assert_eq!(told(&flow), ["Flow=create-order", "Priority=P1", "Service=api"]);
    flow.priority = None;
    for (service, taken) in [("a b", true), ("é", false), (" a", false), ("a ", false), ("", false), ("a\nb", false)] {
        flow.service = Some(service.to_owned());
        assert_eq!(told(&flow).len() == 2, taken, "{service:?}");
    }
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn whatever_a_target_answers_is_told_in_bounds_and_on_one_line(because in ".{0,2000}", evidence in ".{0,3000}", region in ".{0,300}") {
        let mut hostile = state();
        hostile.down = vec![region.clone()];
        let failing = hostile.failing.as_mut().unwrap();
        failing.run.because = vec![because];
        failing.run.evidence = Some(evidence);
        failing.region = region;
        let (headline, about, reason) = told(Some(&hostile));
        for (text, max) in [(&headline, NAME_MAX), (&about, TEXT_MAX), (&reason, TEXT_MAX)] {
            prop_assert!(text.chars().count() <= max);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
