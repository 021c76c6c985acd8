//! The sweeper as a Lambda function.

use aws::Aws;
use runtime::config;
use sweeper::Sweeper;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let aws = Aws::for_function(config::variable);
    let sweeper = Sweeper::new(aws, config::require("WATCHKEEPER_TABLE")?, config::require("AWS_LAMBDA_FUNCTION_NAME")?);
    runtime::run(|event| sweeper.handle(event)).await
}
