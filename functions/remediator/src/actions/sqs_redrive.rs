//! Messages of a dead-letter queue, back to where they came from.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{SqsFacts, SqsRedrive, SqsRedrivePlan};

use super::{Hands, Sight};

impl Hands for SqsRedrive {
    async fn look(aws: &Aws, target: &Target, _: Sight<'_, Self>) -> Result<Option<SqsFacts>, AwsError> {
        aws.sqs_queue(&target.name).await
    }

    async fn act(aws: &Aws, _: &Target, plan: &SqsRedrivePlan, _: &str) -> Result<(), AwsError> {
        aws.start_redrive(plan).await
    }
}
