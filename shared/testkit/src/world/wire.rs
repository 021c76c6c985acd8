//! The wire protocols: JSON, the older query protocol with XML answers, and CBOR.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::cbor;

/// How a call is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Json,
    Query,
    Cbor,
}

/// A call, read.
pub(super) struct Call {
    pub(super) service: String,
    pub(super) operation: String,
    /// The input as JSON; of a form, its fields.
    pub(super) input: Value,
    pub(super) protocol: Protocol,
}

impl Call {
    /// A text of the input.
    pub(super) fn text(&self, name: &str) -> &str {
        self.input.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// How many rows of the table it writes.
    pub(super) fn n_writes(&self) -> usize {
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
pub(super) struct Answer {
    status: u16,
    body: String,
    /// Set when a function that was invoked has failed.
    function_error: Option<&'static str>,
}

impl Answer {
    pub(super) fn json(value: &Value) -> Answer {
        Answer { status: 200, body: value.to_string(), function_error: None }
    }

    pub(super) fn xml(inside: &str) -> Answer {
        Answer { status: 200, body: inside.to_owned(), function_error: None }
    }

    /// An error, in the form of JSON; the query protocol's is made of it.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Answer {
        Answer { status, body: json!({"__type": code, "message": message}).to_string(), function_error: None }
    }

    /// What the table said.
    pub(super) fn of_table(status: u16, body: String) -> Answer {
        Answer { status, body, function_error: None }
    }

    /// A function was invoked, and failed.
    pub(super) fn failed(error_type: &str, message: &str) -> Answer {
        let body = json!({"errorType": error_type, "errorMessage": message}).to_string();
        Answer { status: 200, body, function_error: Some("Unhandled") }
    }

    /// A function was handed an event, and nobody waits for it.
    pub(super) fn accepted() -> Answer {
        Answer { status: 202, body: String::new(), function_error: None }
    }

    pub(super) fn into_response(self, call: &Call) -> Response<Full<Bytes>> {
        let (kind, body) = match call.protocol {
            Protocol::Json => ("application/x-amz-json-1.1", Bytes::from(self.body)),
            Protocol::Query => ("text/xml", Bytes::from(self.as_xml(call))),
            Protocol::Cbor => {
                ("application/cbor", Bytes::from(cbor::written(&serde_json::from_str(&self.body).unwrap_or(Value::Null))))
            }
        };
        let mut response = Response::builder().status(self.status).header(CONTENT_TYPE, kind);
        if call.protocol == Protocol::Cbor {
            response = response.header("smithy-protocol", "rpc-v2-cbor");
        }
        if let Some(error) = self.function_error {
            response = response.header("x-amz-function-error", error);
        }
        response.body(Full::new(body)).expect("a response")
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
        let error: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>1</RequestId></ErrorResponse>",
            part("__type"),
            part("message")
        )
    }
}
