//! What is looked at from outside: a shop on loopback that people log into and order
//! from, the probes file about it, and the Regions from which it is looked at.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Outcome;

/// The flow: to log in, and to order.
pub const FLOW: &str = "create-order";
/// What the flow is about; of no team of the policy, so that it is in nobody's storm.
pub const SHOP: &str = "shop";
/// The job that runs every night.
pub const JOB: &str = "nightly-invoices";
/// How late the job may be, in seconds.
pub const GRACE_SECONDS: u8 = 10;
/// The Region of the deployment: the one that the emulator's alarms speak of.
pub const HOME: &str = "us-east-1";
/// The other Regions from which the flow is run.
pub const ELSEWHERE: [&str; 2] = ["eu-west-1", "ap-northeast-1"];

/// In which header field a run says in which Region it is made.
const REGION: &str = "x-probe-region";
/// What the first step answers with; the second must bring it.
const TOKEN: &str = "of-a-demonstration";
/// What it answers when its stock service does not.
const BAD_GATEWAY: u16 = 502;
/// How long it waits for its stock service before it says that it does not answer.
const PATIENCE: Duration = Duration::from_millis(120);
/// When the job is due unless a scene says otherwise. It is not missed before it was
/// heard of, or two of these moments have passed.
const SOME_NIGHT: &str = "30 2 * * *";

/// The shop.
#[derive(Debug, Clone)]
pub struct Shop {
    address: SocketAddr,
    failing: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Shop {
    /// Opens it, for as long as this program runs.
    pub(super) async fn open() -> Outcome<Shop> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("no port on loopback: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let shop = Shop { address, failing: Arc::default() };
        tokio::spawn(serve(listener, shop.clone()));
        Ok(shop)
    }

    /// Takes no orders that come from these Regions from now on, and all others.
    pub fn fail_in(&self, regions: &[&'static str]) {
        *self.failing() = regions.iter().copied().collect();
    }

    fn failing(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The probes file; `night` is when the job is due, as in its crontab.
    pub fn probes(&self, night: Option<&str>) -> Value {
        let address = self.address;
        json!({
            "spread": "0s",
            "defaults": {
                "headers": {"X-Synthetic-Probe": "${run.id}", REGION: "${run.region}"},
                "alert": {"failures": 2, "of": 3, "recover": 1},
                "regions": {"run": [HOME, ELSEWHERE[0], ELSEWHERE[1]], "quorum": 2},
                "allow_cidrs": ["127.0.0.0/8"],
            },
            "flows": [{
                "id": FLOW,
                "service": SHOP,
                "priority": "P1",
                "steps": [
                    {
                        "post": format!("http://{address}/login"),
                        "json": {"user": "probe"},
                        "capture": {"token": {"json": "$.token", "secret": true}},
                    },
                    {
                        "post": format!("http://{address}/orders"),
                        "headers": {"Authorization": "Bearer ${token}"},
                        "json": {"sku": "TEST", "note": "${run.id}"},
                        "expect": ["status == 201", "json $.state == \"open\""],
                    },
                ],
            }],
            "heartbeats": [{
                "id": JOB,
                "service": SHOP,
                "priority": "P2",
                "cron": night.unwrap_or(SOME_NIGHT),
                "grace": format!("{GRACE_SECONDS}s"),
            }],
        })
    }

    fn answer(&self, request: &Request<Incoming>) -> (u16, Value) {
        let field = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_failing = self.failing().contains(field(REGION));
        match request.uri().path() {
            "/login" => (200, json!({"token": TOKEN})),
            "/orders" if field(AUTHORIZATION.as_str()) != format!("Bearer {TOKEN}") => (401, json!({"error": "who are you?"})),
            "/orders" if is_failing => (BAD_GATEWAY, json!({"error": "no stock service answers"})),
            "/orders" => (201, json!({"id": "o-1", "state": "open"})),
            _ => (404, json!({"error": "there is no such page"})),
        }
    }
}

async fn serve(listener: TcpListener, shop: Shop) {
    while let Ok((stream, _)) = listener.accept().await {
        let shop = shop.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (status, body) = shop.answer(&request);
            async move {
                if status == BAD_GATEWAY {
                    tokio::time::sleep(PATIENCE).await;
                }
                let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
                *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// The probers of the other Regions, as `infra/README.md` has them. Their rounds are
/// begun by a scene alone, which so knows what each of them has seen; the one at home
/// goes by its schedule as well.
pub(super) fn probers_elsewhere() -> String {
    let one = |region: &&str| {
        let name = region.replace('-', "_");
        format!(
            r#"provider "aws" {{
  alias  = "{name}"
  region = "{region}"
}}

module "prober_{name}" {{
  source               = "./modules/probe-region"
  providers            = {{ aws = aws.{name} }}
  home                 = local.probe_home
  artifacts_dir        = var.artifacts_dir
  reserved_concurrency = -1
  enabled              = false
}}
"#
        )
    };
    ELSEWHERE.iter().map(one).collect()
}
