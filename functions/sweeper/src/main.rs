//! The sweeper as a Lambda function.

use aws::Aws;
use runtime::config;
use sweeper::Sweeper;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let sweeper = Sweeper::new(Aws::for_function(config::variable), config::require("WATCHKEEPER_TABLE")?);
    runtime::run(|event| sweeper.handle(event)).await
}
