//! The prober as a Lambda function.

use aws::Aws;
use prober::{Place, Prober};
use probing::{Credentials, Options};
use runtime::config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::StartError> {
    runtime::start_logs();
    let region = config::require("AWS_REGION")?;
    let place = Place {
        table: config::require("WATCHKEEPER_TABLE")?,
        home: config::variable("WATCHKEEPER_HOME_REGION").unwrap_or_else(|| region.clone()),
        region,
        function: config::require("AWS_LAMBDA_FUNCTION_NAME")?,
    };
    let prober = Prober::new(&Aws::for_function(config::variable), place, Options::default())?.signing_with(credentials());
    runtime::run(|event| prober.handle(event)).await
}

/// By what Lambda has AWS know the function's role.
fn credentials() -> Option<Credentials> {
    Some(Credentials {
        access_key_id: config::variable("AWS_ACCESS_KEY_ID")?,
        secret_access_key: config::variable("AWS_SECRET_ACCESS_KEY")?,
        session_token: config::variable("AWS_SESSION_TOKEN"),
    })
}
