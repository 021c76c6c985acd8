//! Which operation is a method and a path, of the services that speak REST?

use bytes::Bytes;
use hyper::Method;
use hyper::http::request::Parts;
use serde_json::{Value, json};

/// The operation and its input; none for a service that does not speak REST.
pub(super) fn read(service: &str, parts: &Parts, body: &Bytes) -> Option<(String, Value)> {
    match service {
        "lambda" => Some(lambda(parts, body)),
        "rds-data" => Some((statement(parts), serde_json::from_slice(body).unwrap_or(Value::Null))),
        _ => None,
    }
}

fn statement(parts: &Parts) -> String {
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/Execute") => "ExecuteStatement".to_owned(),
        (method, path) => format!("{method} {path}"),
    }
}

fn lambda(parts: &Parts, body: &Bytes) -> (String, Value) {
    let segments: Vec<&str> = parts.uri.path().trim_matches('/').split('/').collect();
    let (operation, name) = match (&parts.method, segments.as_slice()) {
        (&Method::GET, ["2016-08-19", "account-settings"]) => ("GetAccountSettings", ""),
        (&Method::GET, ["2015-03-31", "functions", name]) => ("GetFunction", *name),
        (&Method::POST, ["2015-03-31", "functions", name, "invocations"]) => ("Invoke", *name),
        (&Method::PUT, ["2017-10-31", "functions", name, "concurrency"]) => ("PutFunctionConcurrency", *name),
        (&Method::DELETE, ["2017-10-31", "functions", name, "concurrency"]) => ("DeleteFunctionConcurrency", *name),
        (method, _) => return (format!("{method} {}", parts.uri.path()), Value::Null),
    };
    let name = function_name(name);
    if operation == "Invoke" {
        let kind = parts.headers.get("x-amz-invocation-type").and_then(|value| value.to_str().ok());
        let payload = String::from_utf8_lossy(body);
        return (
            operation.to_owned(),
            json!({"FunctionName": name, "kind": kind.unwrap_or("RequestResponse"), "payload": payload}),
        );
    }
    let mut input = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
    input["FunctionName"] = json!(name);
    (operation.to_owned(), input)
}

/// The name of a function that is given by name or by ARN.
fn function_name(segment: &str) -> String {
    let segment = segment.replace("%3A", ":");
    match segment.split_once(":function:") {
        Some((_, name)) => name.split(':').next().unwrap_or_default().to_owned(),
        None => segment,
    }
}
