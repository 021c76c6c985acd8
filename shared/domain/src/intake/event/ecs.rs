//! What does ECS say about a service?
//!
//! Service actions and deployments are two alerts of one service: the service's
//! own steady state clears the first, a completed deployment (a rollback counts)
//! the second.

use serde_json::Value;

use super::{Reading, either, field, resource, text_of};
use crate::alert::AlertState;

/// Reads `ECS Service Action` and `ECS Deployment State Change`.
pub(super) fn service(event: &Value) -> Reading<'_> {
    let detail = field(event, "detail");
    let what = text_of(detail, "eventName");
    let name = if what.starts_with("SERVICE_DEPLOYMENT_") { "ecs-deployment" } else { "ecs-service-action" };
    let state = match (what, text_of(detail, "eventType")) {
        ("SERVICE_STEADY_STATE" | "SERVICE_DEPLOYMENT_COMPLETED", _) => AlertState::Ok,
        ("SERVICE_DEPLOYMENT_FAILED", _) | (_, "ERROR" | "WARN") => AlertState::Alarm,
        _ => AlertState::InsufficientData,
    };
    let (cluster, service) = names(resource(event), text_of(detail, "clusterArn"));
    Reading::new(event, name, resource(event), state)
        .saying(&format!("ECS service {service}: {what}"), text_of(detail, "reason"))
        .label("ClusterName", cluster)
        .label("ServiceName", service)
        .label("event_name", what)
        .at(field(detail, "createdAt"))
}

/// Cluster and service of `arn:aws:ecs:…:service/CLUSTER/SERVICE`, or of the older
/// form without a cluster.
fn names<'v>(service_arn: &'v str, cluster_arn: &'v str) -> (&'v str, &'v str) {
    let mut parts = service_arn.rsplit('/');
    let service = parts.next().unwrap_or_default();
    let from_service = parts.next().filter(|part| !part.contains(':')).unwrap_or_default();
    (either(cluster_arn.rsplit('/').next().unwrap_or_default(), from_service), service)
}
