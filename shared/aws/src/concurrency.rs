//! Lambda functions and their reserved concurrency, as remediation looks at them.

use aws_sdk_lambda::types::LastUpdateStatus;
use domain::remediation::action::LambdaFacts;
use futures_util::FutureExt as _;

use crate::scaling::count;
use crate::{Aws, AwsError};

impl Aws {
    /// A function, with what the account has left for functions without a reservation;
    /// none if there is no such function.
    ///
    /// # Errors
    /// [`AwsError`] as for every call; [`AwsError::Denied`] also when the function may
    /// be read, but not its tags.
    pub async fn lambda_function(&self, function: &str) -> Result<Option<LambdaFacts>, AwsError> {
        let found = self.lambda().get_function().function_name(function).send().boxed();
        let (found, unreserved) = tokio::join!(found, self.unreserved_concurrency());
        let found = match found {
            Ok(found) => found,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_lambda::operation::get_function::GetFunctionError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(AwsError::of("lambda:GetFunction", &error)),
        };
        // Lambda tells of tags that it does not show in its answer, not as an error.
        if let (None, Some(error)) = (&found.tags, &found.tags_error) {
            let message = format!("{}: {}", error.error_code, error.message);
            return Err(AwsError::Denied { call: "lambda:ListTags", message });
        }
        let reserved = found.concurrency.and_then(|concurrency| concurrency.reserved_concurrent_executions).map(count);
        let configuration = found.configuration;
        Ok(Some(LambdaFacts {
            state: configuration
                .as_ref()
                .and_then(|configuration| configuration.state())
                .map_or_else(|| "in no state".to_owned(), |state| state.as_str().to_owned()),
            is_updating: configuration.and_then(|configuration| configuration.last_update_status)
                == Some(LastUpdateStatus::InProgress),
            reserved,
            unreserved: unreserved?,
            tags: found.tags.unwrap_or_default().into_iter().collect(),
        }))
    }

    /// How many executions of the account and region no function has reserved.
    async fn unreserved_concurrency(&self) -> Result<u32, AwsError> {
        let settings = self
            .lambda()
            .get_account_settings()
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("lambda:GetAccountSettings", &error))?;
        Ok(settings.account_limit.and_then(|limit| limit.unreserved_concurrent_executions).map_or(0, count))
    }

    /// Reserves so many executions for a function, or takes its reservation away.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn set_reserved_concurrency(&self, function: &str, reserved: Option<u32>) -> Result<(), AwsError> {
        if let Some(n) = reserved {
            let call = self.lambda().put_function_concurrency().function_name(function);
            let call = call.reserved_concurrent_executions(i32::try_from(n).unwrap_or(i32::MAX));
            let put = call.send().boxed().await;
            put.map_err(|error| AwsError::of("lambda:PutFunctionConcurrency", &error))?;
        } else {
            let deleted = self.lambda().delete_function_concurrency().function_name(function).send().boxed().await;
            deleted.map_err(|error| AwsError::of("lambda:DeleteFunctionConcurrency", &error))?;
        }
        Ok(())
    }
}
