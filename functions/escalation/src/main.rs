//! The escalation as a Lambda function.

use aws::Aws;
use escalation::Escalation;
use runtime::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let aws = Aws::for_function(config::variable);
    let escalation = Escalation::new(aws, config::require("WATCHKEEPER_TABLE")?, config::require("WATCHKEEPER_LINK_KEY")?);
    escalation.warm().await;
    runtime::run(|event| escalation.handle(event)).await
}
