//! Another reserved concurrency for a Lambda function.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{LambdaConcurrency, LambdaConcurrencyPlan, LambdaFacts};

use super::{Hands, Sight};

impl Hands for LambdaConcurrency {
    async fn look(aws: &Aws, target: &Target, _: Sight<'_, Self>) -> Result<Option<LambdaFacts>, AwsError> {
        aws.lambda_function(&target.name).await
    }

    async fn act(aws: &Aws, _: &Target, plan: &LambdaConcurrencyPlan, _: &str) -> Result<(), AwsError> {
        aws.set_reserved_concurrency(&plan.function, Some(plan.after)).await
    }

    async fn undo(aws: &Aws, _: &Target, plan: &LambdaConcurrencyPlan) -> Result<(), AwsError> {
        aws.set_reserved_concurrency(&plan.function, plan.before).await
    }
}
