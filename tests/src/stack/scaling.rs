//! A stand-in for Application Auto Scaling, which the emulator lacks: scalable
//! targets over the service's real protocol. It keeps the desired count of the
//! service in the emulator between minimum and maximum, as the real one does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Api, Outcome};

const TARGET_ARN: &str = "arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/1";

/// A scalable target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Minimum capacity.
    pub min: u64,
    /// Maximum capacity.
    pub max: u64,
}

/// The stand-in.
#[derive(Debug, Clone)]
pub struct Scaling {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    api: Option<Api>,
    /// By resource id: `service/CLUSTER/SERVICE`.
    targets: BTreeMap<String, Target>,
    /// Every target as it was set, in order.
    history: Vec<(String, Target)>,
}

impl Scaling {
    pub(super) async fn open() -> Outcome<Scaling> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| format!("no port on loopback: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let scaling = Scaling { shared: Arc::new(Shared { address, state: Mutex::default() }) };
        tokio::spawn(serve(listener, scaling.clone()));
        Ok(scaling)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Says where the services are.
    pub(super) fn connect(&self, api: Api) {
        self.state().api = Some(api);
    }

    /// A target as it is now.
    pub fn target(&self, resource: &str) -> Option<Target> {
        self.state().targets.get(resource).copied()
    }

    /// A target as it was set, time after time.
    pub fn history(&self, resource: &str) -> Vec<Target> {
        self.state().history.iter().filter(|(id, _)| id == resource).map(|(_, target)| *target).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, operation: &str, input: &Value) -> (u16, Value) {
        match operation {
            "RegisterScalableTarget" => match self.register(input).await {
                Ok(()) => (200, json!({"ScalableTargetARN": TARGET_ARN})),
                Err(why) => error("ValidationException", &why),
            },
            "DescribeScalableTargets" => (200, self.describe(input)),
            "DescribeScalingActivities" => (200, json!({"ScalingActivities": []})),
            _ => error("ValidationException", &format!("there is no stand-in for {operation}")),
        }
    }

    /// Makes or changes a target: what is not said stays as it is.
    pub(super) async fn register(&self, input: &Value) -> Outcome<()> {
        let resource = input["ResourceId"].as_str().ok_or("ResourceId is missing")?.to_owned();
        let known = self.target(&resource);
        let (min, max) = (input["MinCapacity"].as_u64(), input["MaxCapacity"].as_u64());
        let target = match (min.or(known.map(|it| it.min)), max.or(known.map(|it| it.max))) {
            (Some(min), Some(max)) if min <= max => Target { min, max },
            (Some(_), Some(_)) => return Err("Maximum capacity cannot be less than minimum capacity".to_owned()),
            _ => return Err("Both MinCapacity and MaxCapacity are needed for a new scalable target".to_owned()),
        };
        self.move_service(&resource, target).await?;
        let mut state = self.state();
        state.targets.insert(resource.clone(), target);
        state.history.push((resource, target));
        Ok(())
    }

    fn describe(&self, input: &Value) -> Value {
        let wanted: Option<Vec<&str>> = input["ResourceIds"].as_array().map(|ids| ids.iter().filter_map(Value::as_str).collect());
        let state = self.state();
        let targets: Vec<Value> = state
            .targets
            .iter()
            .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(&id.as_str())))
            .map(|(id, target)| {
                json!({
                    "ServiceNamespace": "ecs",
                    "ResourceId": id,
                    "ScalableDimension": "ecs:service:DesiredCount",
                    "MinCapacity": target.min,
                    "MaxCapacity": target.max,
                    "RoleARN": "arn:aws:iam::000000000000:role/scaling",
                    "CreationTime": 1_767_225_600,
                    "SuspendedState": {
                        "DynamicScalingInSuspended": false,
                        "DynamicScalingOutSuspended": false,
                        "ScheduledScalingSuspended": false,
                    },
                })
            })
            .collect();
        json!({"ScalableTargets": targets})
    }

    /// Moves the service's desired count into the target's bounds.
    async fn move_service(&self, resource: &str, target: Target) -> Outcome<()> {
        let api = self.state().api.clone().ok_or("the emulator is not known yet")?;
        let mut parts = resource.split('/').skip(1);
        let (Some(cluster), Some(service)) = (parts.next(), parts.next()) else {
            return Err(format!("{resource} is not an ECS service"));
        };
        let desired = super::workload::desired_count(&api, cluster, service).await?;
        let moved = desired.clamp(target.min, target.max);
        if moved != desired {
            let input = json!({"cluster": cluster, "service": service, "desiredCount": moved});
            api.json("ecs", super::workload::ECS, "UpdateService", &input).await?;
        }
        Ok(())
    }
}

fn error(kind: &str, message: &str) -> (u16, Value) {
    (400, json!({"__type": kind, "message": message}))
}

async fn serve(listener: TcpListener, scaling: Scaling) {
    while let Ok((stream, _)) = listener.accept().await {
        let scaling = scaling.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let scaling = scaling.clone();
            async move { respond(&scaling, request).await }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn respond(scaling: &Scaling, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let input = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (status, output) = scaling.answer(&operation, &input).await;
    let mut response = Response::new(Full::new(Bytes::from(output.to_string())));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/x-amz-json-1.1"));
    Ok(response)
}
