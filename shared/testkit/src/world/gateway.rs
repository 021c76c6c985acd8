//! Where every call comes through: counted, sent on, or cut off.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Moment, TABLE, World};
use super::{functions, services};
use crate::wire::{Answer, Call as Wire};

/// A call as the gateway saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The service, as it signs: `dynamodb`, `sns`, `states` and so on.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// How many rows of the table it writes; a condition that is only checked is
    /// not one.
    pub n_writes: usize,
}

type Http = Client<HttpConnector, Full<Bytes>>;

/// Takes calls until the test ends.
pub(super) async fn serve(listener: TcpListener, world: World, dynamodb: SocketAddr) {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (world, http) = (world.clone(), http.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (world, http) = (world.clone(), http.clone());
                async move { Ok::<_, Infallible>(take(&world, &http, dynamodb, request).await) }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(world: &World, http: &Http, dynamodb: SocketAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let call = Wire::read(&parts, &body);
    let (crash, is_broken, is_refused) = {
        let mut state = world.state();
        let n = state.calls.len();
        let n_writes = call.n_writes();
        state.calls.push(Call { service: call.service.clone(), operation: call.operation.clone(), n_writes });
        let crash = state.crash.filter(|(at, _)| *at == n).map(|(_, moment)| moment);
        let is_refused = !state.refused.is_empty() && {
            let text = call.input.to_string();
            state.refused.iter().any(|refused| text.contains(refused.as_str()))
        };
        (crash, state.broken.contains(&call.service), is_refused)
    };
    if crash == Some(Moment::Before) {
        cut_off(world).await;
    }
    let answer = if is_broken {
        Answer::error(503, "ServiceUnavailable", "out of order")
    } else if is_refused {
        Answer::error(400, "AccessDeniedException", "the test does not allow this call")
    } else if call.operation == "Invoke" {
        functions::invoke(world, &call).await
    } else if call.service == "dynamodb" {
        forward(http, dynamodb, &parts.headers, body).await
    } else {
        services::answer(world, &call)
    };
    if crash == Some(Moment::After) {
        cut_off(world).await;
    }
    answer.into_response(&call)
}

/// The caller is no more; its call is never answered.
async fn cut_off(world: &World) -> Infallible {
    world.end_invocation();
    std::future::pending().await
}

async fn forward(http: &Http, dynamodb: SocketAddr, headers: &HeaderMap, body: Bytes) -> Answer {
    let mut request = Request::post(format!("http://{dynamodb}/"));
    for (name, value) in headers.iter().filter(|(name, _)| **name != HOST) {
        request = request.header(name, value);
    }
    let response = http.request(request.body(Full::new(body)).expect("a request")).await.expect("the table answers");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    Answer::forwarded(status, String::from_utf8(body.to_vec()).expect("text"))
}

/// Makes the table as `infra/table.tf` does.
pub(super) async fn create_table(dynamodb: SocketAddr) {
    let key = |hash: &str, range: &str| json!([{"AttributeName": hash, "KeyType": "HASH"}, {"AttributeName": range, "KeyType": "RANGE"}]);
    let index = |name: &str, hash: &str, range: &str| json!({"IndexName": name, "KeySchema": key(hash, range), "Projection": {"ProjectionType": "ALL"}});
    let attributes = ["pk", "sk", "incident_id", "open", "wake_at", "service", "opened_at"];
    let definitions: Vec<Value> = attributes.iter().map(|name| json!({"AttributeName": name, "AttributeType": "S"})).collect();
    let input = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": definitions,
        "KeySchema": key("pk", "sk"),
        "GlobalSecondaryIndexes": [
            index("incident-members", "incident_id", "pk"),
            index("open-incidents", "open", "wake_at"),
            index("service-incidents", "service", "opened_at"),
        ],
    });
    ask_table(dynamodb, "CreateTable", &input).await;
}

/// Asks the table itself: no function's call, so it is neither counted nor cut
/// off.
pub(super) async fn ask_table(dynamodb: SocketAddr, operation: &str, input: &Value) -> Value {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(format!("http://{dynamodb}/"))
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header(CONTENT_TYPE, "application/x-amz-json-1.0")
        .header(
            AUTHORIZATION,
            "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        )
        .header("x-amz-date", "20260101T000000Z")
        .body(Full::new(Bytes::from(input.to_string())))
        .expect("a request");
    let response = http.request(request).await.expect("the table answers");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert!(status.is_success(), "{operation}: {status} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).expect("JSON")
}
