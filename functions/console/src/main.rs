//! The console as a Lambda function.

use aws::Aws;
use console::Console;
use runtime::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let aws = Aws::for_function(config::variable);
    let console = Console::new(aws, config::require("WATCHKEEPER_TABLE")?, config::require("WATCHKEEPER_LINK_KEY")?);
    runtime::run(|event| console.handle(event)).await
}
