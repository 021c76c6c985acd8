//! The console as a Lambda function.

use aws::Aws;
use console::{Console, SLACK_HOOKS};
use runtime::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let aws = Aws::for_function(config::variable);
    let mut console = Console::new(aws, config::require("WATCHKEEPER_TABLE")?, config::require("WATCHKEEPER_LINK_KEY")?);
    if let Some(secret) = config::variable("WATCHKEEPER_SLACK_SIGNING_SECRET") {
        console = console.with_slack(secret, SLACK_HOOKS);
    }
    runtime::run(|event| console.handle(event)).await
}
