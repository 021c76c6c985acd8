//! The prober as a Lambda function.

use prober::Prober;
use runtime::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let prober = Prober::new(config::variable("WATCHKEEPER_PROBE_URL").as_deref())?;
    runtime::run(|event| prober.handle(event)).await
}
