//! An end to the connections of an RDS instance: of idle sessions, then of all.

use aws::{Aws, AwsError};
use domain::remediation::Target;
use domain::remediation::action::{DataApi, DbFacts, RdsConnectionReset, RdsConnectionResetPlan, Sessions};

use super::{Hands, Sight};

impl Hands for RdsConnectionReset {
    async fn look(aws: &Aws, target: &Target, sight: Sight<'_, Self>) -> Result<Option<DbFacts>, AwsError> {
        let since = match sight {
            Sight::After(plan, since, _) if plan.leaves_events() => Some(since),
            Sight::Before(_) | Sight::After(..) => None,
        };
        let Some(mut facts) = aws.db_instance(&target.name, since).await? else { return Ok(None) };
        let data_api = match sight {
            Sight::Before(recipe) => recipe.data_api(&target.name, &facts),
            Sight::After(plan, since, _) => plan.data_api(&facts, since).cloned(),
        };
        if let Some(data_api) = data_api {
            facts.sessions = sessions(aws, &data_api).await;
        }
        Ok(Some(facts))
    }

    async fn act(aws: &Aws, _: &Target, plan: &RdsConnectionResetPlan, _: &str) -> Result<(), AwsError> {
        match plan {
            RdsConnectionResetPlan::Sessions(plan) => aws.end_sessions(plan).await,
            RdsConnectionResetPlan::Reboot { instance, force_failover, .. } => {
                aws.reboot_db_instance(instance, *force_failover).await
            }
            RdsConnectionResetPlan::Failover { cluster, .. } => aws.failover_db_cluster(cluster).await,
        }
    }
}

/// Who is connected. That this cannot be seen stops nothing: the Data API needs a
/// connection, which a full database may not have.
async fn sessions(aws: &Aws, data_api: &DataApi) -> Sessions {
    match aws.sessions(data_api).await {
        Ok(sessions) => Sessions::Listed(sessions),
        Err(error @ (AwsError::Denied { .. } | AwsError::NoCredentials { .. })) => {
            Sessions::Hidden(format!("the Data API may not be used: {error}"))
        }
        Err(error @ (AwsError::Later { .. } | AwsError::Missing { .. } | AwsError::Rejected { .. })) => {
            Sessions::Hidden(format!("the Data API could not connect: {error}"))
        }
    }
}
