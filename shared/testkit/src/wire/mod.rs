//! The wire protocols of AWS: JSON, REST with JSON, the older query protocol with
//! XML answers, and CBOR.

mod cbor;
mod rest;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::http::request::Parts;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// How a call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// JSON in and out; the operation is in the header `x-amz-target`.
    Json,
    /// JSON in and out; the operation is a method and a path.
    Rest,
    /// A form in, XML out; the operation is a field of the form.
    Query,
    /// CBOR in and out; the operation is in the path.
    Cbor,
}

/// A call, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The service, as it signs: `dynamodb`, `sns`, `states` and so on.
    pub service: String,
    /// The operation; of an unknown one that speaks REST, its method and path.
    pub operation: String,
    /// The input as JSON; of a form, its fields.
    pub input: Value,
    /// How it is written, and how its answer is to be.
    pub protocol: Protocol,
}

impl Call {
    /// Reads a request.
    pub fn read(parts: &Parts, body: &Bytes) -> Call {
        let headers = &parts.headers;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // Credential=KEY/DATE/REGION/SERVICE/aws4_request
        let signed = text(AUTHORIZATION.as_str()).unwrap_or_default();
        let service = signed.split('/').nth(3).unwrap_or_default().to_owned();
        if headers.contains_key("smithy-protocol") {
            // /service/NAME/operation/OPERATION
            let operation = parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
            return Call { service, operation, input: cbor::read(body), protocol: Protocol::Cbor };
        }
        if let Some(operation) = text("x-amz-target").and_then(|target| target.split('.').nth(1)) {
            let input = serde_json::from_slice(body).unwrap_or(Value::Null);
            return Call { service, operation: operation.to_owned(), input, protocol: Protocol::Json };
        }
        if let Some((operation, input)) = rest::read(&service, parts, body) {
            return Call { service, operation, input, protocol: Protocol::Rest };
        }
        let form: Map<String, Value> =
            form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
        let operation = form.get("Action").and_then(Value::as_str).unwrap_or_default().to_owned();
        Call { service, operation, input: Value::Object(form), protocol: Protocol::Query }
    }

    /// A text of the input; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.input.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of the input.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.input.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok())
    }

    /// The texts of a list in the input; none if it does not give the list.
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        self.input.get(name)?.as_array().map(|texts| texts.iter().filter_map(Value::as_str).collect())
    }

    /// How many rows of the table it writes.
    pub fn n_writes(&self) -> usize {
        match self.operation.as_str() {
            "PutItem" | "UpdateItem" | "DeleteItem" => 1,
            "TransactWriteItems" => self.input["TransactItems"]
                .as_array()
                .map_or(0, |items| items.iter().filter(|item| item.get("ConditionCheck").is_none()).count()),
            _ => 0,
        }
    }
}

/// An answer: a status with JSON or with the inside of an XML result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    body: String,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn of(status: u16, body: String) -> Answer {
        Answer { status, body, headers: Vec::new() }
    }

    /// Success with JSON.
    pub fn json(value: &Value) -> Answer {
        Answer::of(200, value.to_string())
    }

    /// Success with the inside of an XML result.
    pub fn xml(inside: &str) -> Answer {
        Answer::of(200, inside.to_owned())
    }

    /// Success of which nothing is to be said.
    pub fn nothing() -> Answer {
        Answer::of(204, String::new())
    }

    /// An error, in the form of JSON; that of other protocols is made of it.
    pub fn error(status: u16, code: &str, message: &str) -> Answer {
        Answer::of(status, json!({"__type": code, "message": message}).to_string())
    }

    /// What somebody else has answered.
    pub fn forwarded(status: u16, body: String) -> Answer {
        Answer::of(status, body)
    }

    /// A function was invoked, and failed.
    pub fn failed(error_type: &str, message: &str) -> Answer {
        let body = json!({"errorType": error_type, "errorMessage": message}).to_string();
        Answer { headers: vec![("x-amz-function-error", "Unhandled".to_owned())], ..Answer::of(200, body) }
    }

    /// A function was handed an event, and nobody waits for it.
    pub fn accepted() -> Answer {
        Answer::of(202, String::new())
    }

    /// Its HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What it says, if that is JSON; null otherwise.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The response to `call`.
    ///
    /// # Panics
    ///
    /// If the status is none of HTTP's.
    pub fn into_response(mut self, call: &Call) -> Response<Full<Bytes>> {
        if self.status >= 400 {
            self.name_error(call);
        }
        let (kind, body) = match call.protocol {
            Protocol::Json => ("application/x-amz-json-1.1", Bytes::from(self.body)),
            Protocol::Rest => ("application/json", Bytes::from(self.body)),
            Protocol::Query => ("text/xml", Bytes::from(self.as_xml(call))),
            Protocol::Cbor => ("application/cbor", Bytes::from(cbor::written(&self.value()))),
        };
        let mut response = Response::builder().status(self.status).header(CONTENT_TYPE, kind);
        if call.protocol == Protocol::Cbor {
            response = response.header("smithy-protocol", "rpc-v2-cbor");
        }
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Full::new(body)).expect("a response")
    }

    /// Names an error in the headers: SQS still by the name that it had in the query
    /// protocol, a service that speaks REST only there.
    fn name_error(&mut self, call: &Call) {
        let error = self.value();
        let code = error["__type"].as_str().unwrap_or_default();
        match call.protocol {
            Protocol::Rest => self.headers.push(("x-amzn-errortype", code.to_owned())),
            Protocol::Json if call.service == "sqs" => {
                let code = match code {
                    "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
                    "UnsupportedOperation" => "AWS.SimpleQueueService.UnsupportedOperation",
                    code => code,
                };
                self.headers.push(("x-amzn-query-error", format!("{code};Sender")));
            }
            Protocol::Json | Protocol::Query | Protocol::Cbor => {}
        }
    }

    fn as_xml(&self, call: &Call) -> String {
        let operation = &call.operation;
        if self.status == 200 {
            let result = &self.body;
            return format!(
                "<{operation}Response><{operation}Result>{result}</{operation}Result>\
                 <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{operation}Response>"
            );
        }
        let error = self.value();
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>1</RequestId></ErrorResponse>",
            part("__type"),
            part("message")
        )
    }
}

/// How a service splits a long list over pages.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The input's name for how many are wanted.
    pub size: &'static str,
    /// The name of the token, in and out.
    pub token: &'static str,
    /// How many a page has, where the call does not say.
    pub usual: u64,
    /// Most of a page.
    pub max: u64,
    /// The error of a size that is none.
    pub bad_size: &'static str,
    /// The error of a token that was never given.
    pub bad_token: &'static str,
}

impl Paging {
    /// The page that the call's token names, with the token of the next one.
    pub fn page(&self, call: &Call, all: Vec<Value>, answer: impl FnOnce(Vec<Value>) -> Value) -> Answer {
        let size = call.input.get(self.size).map_or(Some(self.usual), Value::as_u64);
        let size = size.filter(|size| (1..=self.max).contains(size)).and_then(|size| usize::try_from(size).ok());
        let Some(size) = size else {
            return Answer::error(400, self.bad_size, &format!("{} must be between 1 and {}", self.size, self.max));
        };
        let token = call.input.get(self.token);
        let from = token.map_or(Some(0), |token| token.as_str()?.strip_prefix("from-")?.parse().ok());
        let Some(from) = from.filter(|from: &usize| *from <= all.len()) else {
            return Answer::error(400, self.bad_token, "the token is none of those that were given");
        };
        let has_more = all.len() - from > size;
        let mut answer = answer(all.into_iter().skip(from).take(size).collect());
        if has_more {
            answer[self.token] = json!(format!("from-{}", from + size));
        }
        Answer::json(&answer)
    }
}

/// A moment as the JSON protocols have it: seconds since 1970, with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
pub fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1_000.0
}
