//! The remediator as a Lambda function.

use aws::Aws;
use remediator::Remediator;
use runtime::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let remediator = Remediator::new(Aws::for_function(config::variable), config::require("WATCHKEEPER_TABLE")?);
    remediator.warm().await;
    runtime::run(|event| remediator.handle(event)).await
}
