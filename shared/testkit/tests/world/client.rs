//! Calls of services as SDKs write them, by hand.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::world::World;

/// A client of a region.
pub(crate) struct Asker {
    pub(crate) world: World,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// How the error is called in the headers, if it is one there.
    pub(crate) error: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// What it is if all went well.
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.value()
    }

    /// How the error in the body is called.
    pub(crate) fn kind(&self) -> String {
        assert!(self.status >= 400, "{self:?}");
        self.value()["__type"].as_str().unwrap_or_default().to_owned()
    }
}

impl Asker {
    /// A client of a new region, in which it is `now`.
    pub(crate) async fn new(now: &str) -> Asker {
        let asker = Asker { world: World::new().await };
        asker.at(now);
        asker
    }

    /// Sets the clock.
    pub(crate) fn at(&self, now: &str) {
        self.world.set_now(moment(now));
    }

    pub(crate) async fn send(&self, method: Method, service: &str, path: &str, target: Option<&str>, body: String) -> Reply {
        let url = self.world.variable("AWS_ENDPOINT_URL").unwrap();
        let signed = format!("AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request, Signature=0");
        let mut request = Request::builder().method(method).uri(format!("{url}{path}")).header("authorization", signed);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
        let header = |name: &str| response.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        let (status, error) =
            (response.status().as_u16(), format!("{}{}", header("x-amzn-errortype"), header("x-amzn-query-error")));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Reply { status, error, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Asks a service of a JSON protocol.
    pub(crate) async fn json(&self, service: &str, operation: &str, input: Value) -> Reply {
        self.send(Method::POST, service, "/", Some(&format!("Prefix.{operation}")), input.to_string()).await
    }

    /// Asks RDS.
    pub(crate) async fn query(&self, operation: &str, fields: &str) -> Reply {
        let body = format!("Action={operation}&Version=2014-10-31&{fields}");
        self.send(Method::POST, "rds", "/", None, body).await
    }

    /// Has a database run a statement.
    pub(crate) async fn execute(&self, cluster_arn: &str, sql: &str, parameters: Value) -> Reply {
        let input = json!({"resourceArn": cluster_arn, "secretArn": "secret", "sql": sql, "parameters": parameters});
        self.send(Method::POST, "rds-data", "/Execute", None, input.to_string()).await
    }
}

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}
