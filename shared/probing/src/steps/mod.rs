//! How is each kind of step taken?

mod dns;
mod grpc;
mod http;
mod llm;
mod target;
mod tcp;
mod tls;
mod websocket;

use domain::probe::expect::Expectation;
use domain::probe::{Seen, Step, StepKind};

use crate::failed::Failed;
use crate::journey::Journey;

/// Takes a step. The phases of what was seen are filled by the caller, from the journey's
/// watch; so are those of a step that is cut off.
///
/// # Errors
/// Why it came to no answer.
pub(crate) async fn take(kind: &StepKind, with: &mut Journey<'_>) -> Result<Seen, Failed> {
    match kind {
        StepKind::Http(step) => http::take(step, with).await,
        StepKind::Tcp(step) => tcp::take(step, with).await,
        StepKind::Dns(step) => dns::take(step, with).await,
        StepKind::Tls(step) => tls::take(step, with).await,
        StepKind::WebSocket(step) => websocket::take(step, with).await,
        StepKind::Grpc(step) => grpc::take(step, with).await,
        StepKind::Llm(step) => llm::take(step, with).await,
    }
}

/// What is wrong with an answer although nothing was expected of it.
pub(crate) fn wrong_by_itself(step: &Step, seen: &Seen) -> Option<String> {
    if !matches!(step.kind, StepKind::Http(_)) || step.expect.iter().any(Expectation::is_about_status) {
        return None;
    }
    let status = seen.status.filter(|status| *status >= 400)?;
    Some(format!("the status is {status}, and one below 400 is good where nothing else is expected"))
}
