//! The classifier as a Lambda function.

use aws::Aws;
use classifier::Classifier;
use runtime::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let classifier = Classifier::new(Aws::for_function(config::variable), config::require("WATCHKEEPER_TABLE")?);
    classifier.warm().await;
    runtime::run(|event| classifier.handle(event)).await
}
