//! Executions of the incident's clock.

use domain::arrival::Start;
use futures_util::FutureExt as _;
use serde_json::json;

use crate::{Aws, AwsError};

/// How a start went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It runs.
    Now,
    /// It was started before; that is as good.
    Before,
}

impl Aws {
    /// Starts an execution of the state machine. The same start again changes
    /// nothing.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn start_clock(&self, state_machine_arn: &str, start: &Start) -> Result<Started, AwsError> {
        let input = json!({
            "incident_id": start.incident,
            "seq": start.seq,
            "not_before": start.not_before,
            "remediation": start.remediation,
        });
        let result = self
            .sfn()
            .start_execution()
            .state_machine_arn(state_machine_arn)
            .name(format!("{}-{}", start.incident, start.seq))
            .input(input.to_string())
            .send()
            .boxed()
            .await;
        match result {
            Ok(_) => Ok(Started::Now),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_sfn::operation::start_execution::StartExecutionError::is_execution_already_exists) =>
            {
                Ok(Started::Before)
            }
            Err(error) => Err(AwsError::of("states:StartExecution", &error)),
        }
    }
}
