//! Runbooks of Systems Manager: their tags, and their executions.

use aws_sdk_ssm::types::{
    AutomationExecution, AutomationExecutionFilter, AutomationExecutionFilterKey, AutomationExecutionStatus,
    ResourceTypeForTagging, StepExecution, Tag,
};
use domain::remediation::action::ssm_runbook::{client_token, tag_key};
use domain::remediation::action::{Execution, SsmRunbookPlan, Tags};
use domain::text::clean;
use futures_util::FutureExt as _;

use crate::{Aws, AwsError};

const FIND: &str = "ssm:DescribeAutomationExecutions";
const START: &str = "ssm:StartAutomationExecution";

/// Longest name of a step that is kept, in characters.
const STEP_MAX: usize = 100;
/// Longest reason for a failure that is kept, in characters.
const REASON_MAX: usize = 400;

impl Aws {
    /// A document's tags; none if there is no such document, or if it is AWS's own.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn document_tags(&self, document: &str) -> Result<Option<Tags>, AwsError> {
        let call = self.ssm().list_tags_for_resource().resource_type(ResourceTypeForTagging::Document);
        match call.resource_id(document).send().boxed().await {
            Ok(answer) => {
                let tags = answer.tag_list.unwrap_or_default();
                Ok(Some(tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
            }
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_ssm::operation::list_tags_for_resource::ListTagsForResourceError::is_invalid_resource_id,
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(AwsError::of("ssm:ListTagsForResource", &error)),
        }
    }

    /// Starts a runbook, under a name.
    ///
    /// The name becomes the token by which Systems Manager knows a repetition. That an
    /// execution was started under it already, whatever it says it was given, is what
    /// was wanted.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn start_runbook(&self, plan: &SsmRunbookPlan, reference: &str) -> Result<(), AwsError> {
        let tag = Tag::builder().key(tag_key(reference)).value(&plan.document).build();
        let tag = tag.map_err(|error| AwsError::Rejected { call: START, message: error.to_string() })?;
        let parameters = (!plan.parameters.is_empty()).then(|| plan.parameters.clone().into_iter().collect());
        let started = self
            .ssm()
            .start_automation_execution()
            .document_name(&plan.document)
            .set_document_version(plan.version.clone())
            .set_parameters(parameters)
            .client_token(client_token(reference))
            .tags(tag)
            .send()
            .boxed()
            .await;
        match started {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_ssm::operation::start_automation_execution::StartAutomationExecutionError::is_idempotent_parameter_mismatch,
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(AwsError::of(START, &error)),
        }
    }

    /// The execution that was started under a name; none if there is none, or if it is
    /// not to be found yet.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn execution(&self, reference: &str) -> Result<Option<Execution>, AwsError> {
        let filter =
            AutomationExecutionFilter::builder().key(AutomationExecutionFilterKey::TagKey).values(tag_key(reference)).build();
        let filter = filter.map_err(|error| AwsError::Rejected { call: FIND, message: error.to_string() })?;
        let found = self.ssm().describe_automation_executions().filters(filter).send().boxed().await;
        let found = found.map_err(|error| AwsError::of(FIND, &error))?;
        // What a runbook starts in its turn is not what was started.
        let all = found.automation_execution_metadata_list.unwrap_or_default();
        let Some(id) =
            all.into_iter().filter(|it| it.parent_automation_execution_id.is_none()).find_map(|it| it.automation_execution_id)
        else {
            return Ok(None);
        };
        let got = self.ssm().get_automation_execution().automation_execution_id(&id).send().boxed().await;
        let got = got.map_err(|error| AwsError::of("ssm:GetAutomationExecution", &error))?;
        Ok(got.automation_execution.map(|found| execution(id, found)))
    }
}

fn execution(id: String, found: AutomationExecution) -> Execution {
    let steps = found.step_executions.unwrap_or_default();
    let failed = steps.into_iter().find(has_failed);
    let (failed_step, failed_why) = failed.map_or((None, None), |step| (step.step_name, step.failure_message));
    Execution {
        id,
        status: found.automation_execution_status.map_or_else(|| "Pending".to_owned(), |status| status.as_str().to_owned()),
        step: failed_step.or(found.current_step_name).map(|step| clean(&step, STEP_MAX)),
        failure: found.failure_message.or(failed_why).map(|why| clean(&why, REASON_MAX)),
    }
}

fn has_failed(step: &StepExecution) -> bool {
    let failed = [AutomationExecutionStatus::Failed, AutomationExecutionStatus::Timedout, AutomationExecutionStatus::Cancelled];
    step.step_status.as_ref().is_some_and(|status| failed.contains(status))
}
