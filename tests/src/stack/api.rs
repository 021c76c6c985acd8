//! AWS by its wire protocols, without an SDK: what the tests ask must not depend
//! on what is tested.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use form_urlencoded::Serializer;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};

use super::Outcome;
use super::shop::HOME;

const LIMIT: Duration = Duration::from_secs(30);
/// Headers that are about one connection, not about what is sent over it.
const OF_A_CONNECTION: [HeaderName; 4] = [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];

/// The emulator's address.
#[derive(Debug, Clone)]
pub struct Api {
    port: u16,
    region: String,
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Api {
    /// An emulator that listens on this port of loopback; it is asked as in the Region of
    /// the deployment.
    pub fn new(port: u16) -> Api {
        Api { port, region: HOME.to_owned() }
    }

    /// The same of another Region.
    pub fn in_region(&self, region: &str) -> Api {
        Api { port: self.port, region: region.to_owned() }
    }

    /// Sends a request to the emulator, with `host` as whom it is for.
    pub(super) async fn send(
        &self,
        method: Method,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Outcome<Reply> {
        let mut request =
            Request::builder().method(method).uri(format!("http://127.0.0.1:{}{path}", self.port)).header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
        let response = exchange(request, path).await?;
        let status = response.status().as_u16();
        Ok(Reply { status, body: String::from_utf8_lossy(response.body()).into_owned() })
    }

    /// Sends a request on that somebody else has made, and gives what is answered; both
    /// as they are, but for what is about the connection.
    pub(super) async fn pass_on(&self, parts: &Parts, body: Bytes) -> Outcome<Response<Bytes>> {
        let path = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let mut request = Request::builder().method(parts.method.clone()).uri(format!("http://127.0.0.1:{}{path}", self.port));
        for (name, value) in parts.headers.iter().filter(|(name, _)| !OF_A_CONNECTION.contains(name)) {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let mut response = exchange(request, path).await?;
        for name in OF_A_CONNECTION {
            response.headers_mut().remove(name);
        }
        Ok(response)
    }

    async fn ask(&self, method: Method, service: &str, path: &str, headers: &[(&str, &str)], body: String) -> Outcome<String> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.region
        );
        let mut all = vec![(AUTHORIZATION.as_str(), authorization.as_str())];
        all.extend(headers);
        let reply = self.send(method, &format!("127.0.0.1:{}", self.port), path, &all, body).await?;
        if (200..300).contains(&reply.status) {
            Ok(reply.body)
        } else {
            Err(format!("{service}: {} {}", reply.status, reply.body))
        }
    }

    /// Gets a page of the emulator's own.
    ///
    /// # Errors
    /// When it does not answer with success.
    pub async fn get(&self, path: &str) -> Outcome<String> {
        self.ask(Method::GET, "emulator", path, &[], String::new()).await
    }

    /// Gets something of a service that speaks REST.
    ///
    /// # Errors
    /// What the service says.
    pub async fn get_of(&self, service: &str, path: &str) -> Outcome<String> {
        self.ask(Method::GET, service, path, &[], String::new()).await
    }

    /// Puts something to a service that speaks REST.
    ///
    /// # Errors
    /// What the service says.
    pub async fn put_to(&self, service: &str, path: &str, input: &Value) -> Outcome<String> {
        self.ask(Method::PUT, service, path, &[], input.to_string()).await
    }

    /// Posts something to a service that speaks REST.
    ///
    /// # Errors
    /// What the service says.
    pub async fn post_to(&self, service: &str, path: &str, input: &Value) -> Outcome<String> {
        self.ask(Method::POST, service, path, &[], input.to_string()).await
    }

    /// Asks a service of the JSON protocol; `target` is its prefix of operations.
    ///
    /// # Errors
    /// What the service says.
    pub async fn json(&self, service: &str, target: &str, operation: &str, input: &Value) -> Outcome<Value> {
        let target = format!("{target}.{operation}");
        let headers = [("x-amz-target", target.as_str()), (CONTENT_TYPE.as_str(), "application/x-amz-json-1.1")];
        let body = self.ask(Method::POST, service, "/", &headers, input.to_string()).await?;
        if body.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&body).map_err(|error| format!("{target}: {error}")) }
    }

    /// Asks a service of the query protocol; gives its XML.
    ///
    /// # Errors
    /// What the service says.
    pub async fn query(&self, service: &str, version: &str, action: &str, fields: &[(&str, &str)]) -> Outcome<String> {
        let body = Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", version)
            .extend_pairs(fields)
            .finish();
        let headers = [(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
        self.ask(Method::POST, service, "/", &headers, body).await
    }

    /// Sets an alarm's state, as a drill does.
    ///
    /// # Errors
    /// What CloudWatch says.
    pub async fn set_alarm(&self, name: &str, state: &str, reason: &str) -> Outcome<()> {
        let fields = [("AlarmName", name), ("StateValue", state), ("StateReason", reason)];
        self.query("monitoring", "2010-08-01", "SetAlarmState", &fields).await.map(|_| ())
    }

    /// Hands an event to a function, which takes it in its own time and is tried
    /// again if it fails.
    ///
    /// # Errors
    /// What Lambda says.
    pub async fn invoke_later(&self, function: &str, event: &str) -> Outcome<()> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        self.ask(Method::POST, "lambda", &path, &[("x-amz-invocation-type", "Event")], event.to_owned()).await.map(|_| ())
    }

    /// Hands an event to a function and waits for its answer.
    ///
    /// # Errors
    /// What Lambda says, or the function if it fails.
    pub async fn invoke(&self, function: &str, event: &Value) -> Outcome<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self.ask(Method::POST, "lambda", &path, &[], event.to_string()).await?;
        let answer: Value = serde_json::from_str(&answer).map_err(|error| format!("{function}: {error}"))?;
        // A function that fails is an answer with success, too.
        if answer["errorType"].is_string() { Err(format!("{function}: {answer}")) } else { Ok(answer) }
    }

    /// What a function has logged since a moment in milliseconds since 1970, line by line.
    ///
    /// # Errors
    /// What CloudWatch Logs says.
    pub async fn lines(&self, function: &str, since_ms: i64) -> Outcome<Vec<String>> {
        let input = json!({"logGroupName": format!("/aws/lambda/{function}"), "startTime": since_ms});
        let answer = self.json("logs", "Logs_20140328", "FilterLogEvents", &input).await?;
        let events = answer["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(events.iter().filter_map(|event| event["message"].as_str().map(str::to_owned)).collect())
    }

    /// Sets a variable of a function's environment; gives what it was.
    ///
    /// # Errors
    /// What Lambda says.
    pub async fn set_variable(&self, function: &str, name: &str, value: &str) -> Outcome<String> {
        let path = format!("/2015-03-31/functions/{function}/configuration");
        let now = self.ask(Method::GET, "lambda", &path, &[], String::new()).await?;
        let now: Value = serde_json::from_str(&now).map_err(|error| format!("{function}: {error}"))?;
        let mut variables: Map<String, Value> = now["Environment"]["Variables"].as_object().cloned().unwrap_or_default();
        let before = variables.insert(name.to_owned(), json!(value));
        let body = json!({"Environment": {"Variables": variables}}).to_string();
        self.ask(Method::PUT, "lambda", &path, &[], body).await?;
        Ok(before.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Changes a setting of the emulator while it runs.
    ///
    /// # Errors
    /// What it says.
    pub async fn set(&self, settings: &BTreeMap<&str, &str>) -> Outcome<()> {
        let body = json!(settings).to_string();
        let headers = [(CONTENT_TYPE.as_str(), "application/json")];
        self.ask(Method::POST, "emulator", "/_ministack/config", &headers, body).await.map(|_| ())
    }

    /// Every row of a table.
    ///
    /// # Errors
    /// What DynamoDB says.
    pub async fn rows(&self, table: &str) -> Outcome<Vec<Value>> {
        let mut rows = Vec::new();
        let mut from = Value::Null;
        loop {
            let mut input = json!({"TableName": table, "ConsistentRead": true});
            if !from.is_null() {
                input["ExclusiveStartKey"] = from;
            }
            let mut answer = self.json("dynamodb", "DynamoDB_20120810", "Scan", &input).await?;
            if let Some(items) = answer["Items"].as_array_mut() {
                rows.append(items);
            }
            from = answer["LastEvaluatedKey"].take();
            if from.is_null() {
                return Ok(rows);
            }
        }
    }
}

/// Sends a request and reads the whole answer.
async fn exchange(request: Request<Full<Bytes>>, path: &str) -> Outcome<Response<Bytes>> {
    // A connection for each request: a pool may not outlive the runtime of the test
    // that opened it.
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let exchange = async {
        let response = client.request(request).await.map_err(|error| format!("{path}: {error}"))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| format!("{path}: {error}"))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    };
    tokio::time::timeout(LIMIT, exchange).await.map_err(|_| format!("{path}: no answer in {} s", LIMIT.as_secs()))?
}
