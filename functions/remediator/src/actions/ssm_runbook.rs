//! A runbook of the user's own. Before it is run, the document's tags count and those
//! of what it is about; afterwards only what became of it.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{RunbookFacts, RunbookTarget, SsmRunbook, SsmRunbookPlan, Tags};

use super::{Hands, Sight};

impl Hands for SsmRunbook {
    async fn look(aws: &Aws, target: &Target, sight: Sight<'_, Self>) -> Result<Option<RunbookFacts>, AwsError> {
        match sight {
            Sight::Before(recipe) => {
                let document_tags = aws.document_tags(&recipe.document).await?;
                let (cluster, service) = target.halves();
                let tags = match recipe.target_kind {
                    RunbookTarget::Runbook => document_tags.clone(),
                    RunbookTarget::EcsService => aws.ecs_service(cluster, service).await?.map(|found| found.tags),
                    RunbookTarget::DbInstance => aws.db_instance(&target.name, None).await?.map(|found| found.tags),
                    RunbookTarget::LambdaFunction => aws.lambda_function(&target.name).await?.map(|found| found.tags),
                    RunbookTarget::SqsQueue => aws.sqs_queue(&target.name).await?.map(|found| found.tags),
                };
                Ok(tags.map(|tags| RunbookFacts { tags, document_tags, execution: None }))
            }
            Sight::After(_, _, reference) => {
                let execution = aws.execution(reference).await?;
                Ok(Some(RunbookFacts { tags: Tags::new(), document_tags: None, execution }))
            }
        }
    }

    async fn act(aws: &Aws, _: &Target, plan: &SsmRunbookPlan, reference: &str) -> Result<(), AwsError> {
        aws.start_runbook(plan, reference).await
    }
}
