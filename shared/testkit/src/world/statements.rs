//! RDS Data: statements over HTTP, on the databases of clusters.

use super::State;
use super::clusters::cluster_arn;
use crate::wire::{Answer, Call};

/// Looks at the cluster and the secret, and has the database answer.
pub(super) fn execute(state: &mut State, call: &Call) -> Answer {
    let (now, arn, secret) = (state.clock(), call.text("resourceArn"), call.text("secretArn"));
    let Some((_, cluster)) = state.clusters.iter().find(|(name, _)| cluster_arn(name) == arn) else {
        return Answer::error(404, "DatabaseNotFoundException", "The DB cluster doesn't have a DB instance.");
    };
    if !cluster.has_http_endpoint {
        return Answer::error(400, "BadRequestException", &format!("HttpEndpoint is not enabled for resource {arn}"));
    }
    if !state.secrets.contains_key(secret) {
        return Answer::error(400, "SecretsErrorException", "Secrets Manager can't find the specified secret.");
    }
    if cluster.status != "available" {
        return Answer::error(504, "DatabaseUnavailableException", "The writer instance isn't available.");
    }
    state.sessions.answer(now, call)
}
