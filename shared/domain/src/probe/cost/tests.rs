//! What a file costs is what its flows, Regions and runs add up to.

use serde_json::json;

use super::*;

fn cost(flows: serde_json::Value) -> Cost {
    let mut content = json!({});
    content["flows"] = flows;
    of(&Probes::check(&content).unwrap_or_else(|problems| panic!("{problems}")))
}

fn dollars(cost: &Cost, what: &str) -> f64 {
    cost.lines.iter().find(|line| line.what == what).unwrap_or_else(|| panic!("no {what} in {cost}")).dollars
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 0.005, "{a} is not {b}");
}

#[test]
fn a_flow_in_three_regions_each_minute_costs_a_fiftieth_of_as_many_canary_runs() {
    let steps = json!([{"get": "https://a.example/"}, {"get": "https://a.example/b"}]);
    let cost = cost(json!([{"id": "f", "regions": {"run": ["eu-west-1", "us-east-1", "ap-northeast-1"]}, "steps": steps}]));
    near(cost.runs, 131_400.0);
    near(cost.synthetics, 157.68);
    near(dollars(&cost, "metrics"), 2.10);
    near(dollars(&cost, "alarms"), 0.10);
    near(dollars(&cost, "Lambda requests"), 0.0263);
    near(dollars(&cost, "Lambda time"), 0.5256);
    near(dollars(&cost, "results"), 0.1643);
    near(dollars(&cost, "logs"), 0.0854);
    near(cost.total, 3.00);
}

#[test]
fn ten_such_flows_share_the_function_and_cost_far_less_than_a_tenth_of_a_canary() {
    let flow = |n: usize| json!({"id": format!("f{n}"), "steps": [{"get": "https://a.example/"}]});
    let (one, ten) = (cost(json!([flow(0)])), cost((0..10).map(flow).collect()));
    near(dollars(&ten, "Lambda time"), dollars(&one, "Lambda time"));
    near(dollars(&ten, "metrics"), 10.0 * dollars(&one, "metrics"));
    assert!(ten.total < ten.synthetics / 20.0, "{ten}");
}

#[test]
fn a_flow_that_is_run_less_often_costs_fewer_runs_and_as_many_series() {
    let flow = |every: &str| json!([{"id": "f", "every": every, "steps": [{"get": "https://a.example/"}]}]);
    let (often, seldom) = (cost(flow("1m")), cost(flow("1h")));
    near(often.runs / seldom.runs, 60.0);
    near(dollars(&often, "metrics"), dollars(&seldom, "metrics"));
    near(dollars(&often, "results"), dollars(&seldom, "results") * 60.0);
}

#[test]
fn tokens_of_a_language_model_are_paid_for_in_each_run() {
    let llm = json!({"api": "openai", "url": "https://a.example/", "model": "m", "prompt": "x".repeat(4_000),
        "max_tokens": 100, "price": {"in": 1, "out": 10}});
    let cost = cost(json!([{"id": "f", "every": "1h", "steps": [{"llm": llm}]}]));
    // 730 runs of 1,000 tokens in and at most 100 out.
    near(dollars(&cost, "tokens of f"), 1.46);
}

#[test]
fn an_objective_costs_its_alarms_on_the_error_budget() {
    let cost = cost(json!([{"id": "f", "slo": {"target": 99.9}, "steps": [{"get": "https://a.example/"}]}]));
    near(dollars(&cost, "error budgets"), 2.60);
}

#[test]
fn no_flows_cost_nothing_and_what_is_printed_adds_up() {
    let none = cost(json!([]));
    assert_eq!((none.lines.len(), none.total.to_bits()), (0, 0.0_f64.to_bits()));
    let shown = cost(json!([{"id": "f", "steps": [{"get": "https://a.example/"}]}])).to_string();
    assert!(
        shown.contains(
            "      0.90  metrics: 3 series (success and duration of each flow and Region, and whether each flow is down) × 0.30\n"
        ),
        "{shown}"
    );
    assert!(shown.ends_with("     52.56  CloudWatch Synthetics: 43800 canary runs × 0.0012"), "{shown}");
}
