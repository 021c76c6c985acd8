//! What a file says is what is run, and every kind of mistake is told with its place, its
//! reason and what was probably meant.

mod laws;
mod meaning;
mod mistakes;
mod safety;
#[cfg(feature = "schema")]
mod schema;
mod shipped;
mod values;

use serde_json::{Value, json};

use crate::policy::Problems;
use crate::policy::tests::mistakes::check_all;
use crate::policy::tests::put;
use crate::probe::flow::{Body, HttpVersion, LlmApi, Probes, Redirects, Regions, Step, StepKind};
use crate::span::Span;

/// A file with something of everything.
pub(super) fn good() -> Value {
    json!({
        "defaults": {
            "every": "1m", "timeout": "10s", "headers": {"X-Synthetic-Probe": "${run.id}"},
            "alert": {"failures": 3, "of": 5, "recover": 2},
            "regions": {"run": ["eu-west-1", "us-east-1", "ap-northeast-1"], "quorum": 2},
            "redirects": "follow", "allow_cidrs": ["10.1.0.0/16"]},
        "secrets": {"password": "secretsmanager:prod/probe#password", "key": "secretsmanager:prod/key"},
        "control": ["one.one.one.one:443"],
        "spread": "10s",
        "flows": [
            {"id": "create-order", "service": "api", "priority": "P1", "every": "5m", "timeout": "20s",
             "regions": {"run": ["eu-west-1", "eu-central-1"], "quorum": 1}, "alert": {"failures": 2},
             "slo": {"target": 99.9, "window": "30d", "min_bad": 3}, "allow_cidrs": ["192.168.7.0/24"],
             "headers": {"Accept": "application/json"}, "redirects": 3,
             "steps": [
                {"post": "https://api.example.com/token", "json": {"user": "probe", "password": "${secret.password}"},
                 "capture": {"token": {"json": "$.access_token", "secret": true}}},
                {"name": "order", "post": "https://api.example.com/orders", "timeout": "5s",
                 "headers": {"Authorization": "Bearer ${token}"}, "query": {"dry": false, "tag": ["a b", "${run.id}"]},
                 "json": {"sku": "TEST"}, "capture": {"order": {"json": "$.id"}, "where": {"header": "Location"}},
                 "expect": ["status == 201", "time.ttfb < 800ms", "json $.state == \"open\""]},
                {"get": "https://api.example.com/orders/${order}", "redirects": "stay", "http": 2, "verify_tls": false,
                 "capture": {"sid": {"cookie": "sid"}, "n": {"regex": "id=(\\d+)"}, "h": {"css": "h1", "attribute": "id"}}},
                {"put": "https://api.example.com/file", "body": "a,b\n", "content_type": "text/csv"},
                {"patch": "https://api.example.com/file", "form": {"a": 1, "b": ["x", "y"]}},
                {"request": {"method": "PROPFIND", "url": "https://api.example.com/file"},
                 "multipart": [{"name": "f", "file_name": "a.csv", "content_type": "text/csv", "content": "${order}"}]},
                {"head": "https://api.example.com/"}, {"options": "https://api.example.com/"}],
             "cleanup": [{"delete": "https://api.example.com/orders/${order}", "http": 1.1}]},
            {"id": "others", "steps": [
                {"tcp": "db.example.com:5432", "send": "hello", "read": true},
                {"dns": "example.com", "type": "MX", "resolver": "9.9.9.9", "expect": ["body contains \"mail\""]},
                {"tls": "example.com", "server_name": "www.example.com", "expect": ["tls.days_left > 14"]},
                {"websocket": "wss://example.com/ws", "headers": {"Origin": "https://example.com"}, "send": "ping"},
                {"grpc": "https://grpc.example.com:443", "service": "shop.Cart", "headers": {"x-a": "b"}},
                {"llm": {"api": "openai", "url": "https://llm.example.com/v1/chat/completions",
                    "headers": {"Authorization": "Bearer ${secret.key}"}, "model": "small", "system": "Be brief.",
                    "prompt": "What is 2 + 2?", "max_tokens": 20, "stream": true, "price": {"in": 0.15, "out": 0.6},
                    "schema": {"type": "object"}, "drift": {"approved": ["4"], "at_least": 0.4,
                        "embeddings": {"url": "https://llm.example.com/v1/embeddings", "model": "e",
                            "headers": {"Authorization": "Bearer ${secret.key}"}}}}},
                {"llm": {"api": "bedrock", "region": "eu-west-1", "model": "m", "prompt": "Hello"}}]}],
        "heartbeats": [],
        "budget_dollars_per_month": 50,
        "allow_warnings": [{"warning": "tls-not-verified", "at": "flows[0].steps[2]", "because": "it is being renewed"}],
    })
}

/// Changes one thing of the good file, and expects these problems.
fn check(rows: &[(&str, Value, &str)]) {
    check_all(&good(), refused, rows);
}

fn refused(content: &Value) -> Problems {
    Probes::check(content).expect_err("it should be refused")
}

fn right(content: &Value) -> Probes {
    Probes::check(content).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The good file with one thing changed.
fn with(path: &str, value: Value) -> Value {
    let mut content = good();
    put(&mut content, path, Some(value));
    content
}

/// The only step of a file that has nothing else.
fn only_step(step: Value) -> Step {
    let mut content = json!({"flows": [{"id": "f", "steps": [null]}]});
    content["flows"][0]["steps"][0] = step;
    right(&content).flows.remove(0).steps.remove(0)
}
