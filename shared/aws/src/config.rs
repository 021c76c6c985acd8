//! How do clients come to be? Configuration by hand for functions, whose start
//! must be quick; the usual chain of profiles and sign-on for operators.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;

/// Connecting takes longer only when something is wrong.
const CONNECT: Duration = Duration::from_millis(1_500);
/// One try of a call.
const ATTEMPT: Duration = Duration::from_secs(4);
/// A call with its retries.
const OPERATION: Duration = Duration::from_secs(10);

/// Clients, each made when it is first needed.
#[derive(Debug, Clone)]
pub struct Aws {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: SdkConfig,
    endpoints: Endpoints,
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    sns: OnceLock<aws_sdk_sns::Client>,
    sfn: OnceLock<aws_sdk_sfn::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    ecs: OnceLock<aws_sdk_ecs::Client>,
    rds: OnceLock<aws_sdk_rds::Client>,
    scaling: OnceLock<aws_sdk_applicationautoscaling::Client>,
    cloudwatch: OnceLock<aws_sdk_cloudwatch::Client>,
    lambda: OnceLock<aws_sdk_lambda::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    events: OnceLock<aws_sdk_eventbridge::Client>,
    rds_data: OnceLock<aws_sdk_rdsdata::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
}

/// Endpoints other than AWS's own, for a local stack.
#[derive(Debug, Clone, Default)]
struct Endpoints {
    /// `AWS_ENDPOINT_URL`.
    all: Option<String>,
    /// `AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING` and its like, by service.
    of: Vec<(&'static str, String)>,
}

/// The names by which the SDKs look for endpoints in the environment.
const SERVICES: [&str; 13] = [
    "DYNAMODB",
    "SNS",
    "SFN",
    "SECRETS_MANAGER",
    "ECS",
    "RDS",
    "APPLICATION_AUTO_SCALING",
    "CLOUDWATCH",
    "LAMBDA",
    "SQS",
    "EVENTBRIDGE",
    "RDS_DATA",
    "SSM",
];

impl Endpoints {
    /// A configuration made by hand does not look for these, so this does.
    fn of_environment(variable: &impl Fn(&str) -> Option<String>) -> Endpoints {
        Endpoints {
            all: variable("AWS_ENDPOINT_URL"),
            of: SERVICES
                .into_iter()
                .filter_map(|service| variable(&format!("AWS_ENDPOINT_URL_{service}")).map(|url| (service, url)))
                .collect(),
        }
    }

    fn find(&self, service: &str) -> Option<&str> {
        self.of.iter().find(|(name, _)| *name == service).map(|(_, url)| url.as_str()).or(self.all.as_deref())
    }
}

macro_rules! client {
    ($name:ident, $sdk:ident, $service:literal) => {
        pub(crate) fn $name(&self) -> &$sdk::Client {
            self.shared.$name.get_or_init(|| {
                let mut config = $sdk::config::Builder::from(&self.shared.config);
                if let Some(url) = self.shared.endpoints.find($service) {
                    config = config.endpoint_url(url);
                }
                $sdk::Client::from_conf(config.build())
            })
        }
    };
}

impl Aws {
    /// Clients for a function: region and credentials as Lambda puts them into
    /// the environment, which `variable` reads. Nothing is asked of any metadata
    /// service.
    pub fn for_function(variable: impl Fn(&str) -> Option<String>) -> Aws {
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).unwrap_or_else(|| "us-east-1".to_owned());
        let mut config = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(region))
            .http_client(
                Builder::new()
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .tls_context(trust())
                    .pool_idle_timeout(Duration::from_mins(1))
                    .build_https(),
            )
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .time_source(SharedTimeSource::new(SystemTimeSource::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(ATTEMPT)
                    .operation_timeout(OPERATION)
                    .build(),
            )
            .app_name(app_name());
        if let (Some(key), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            let credentials = Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "Lambda");
            config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
        }
        Aws::new(config.build(), Endpoints::of_environment(&variable))
    }

    /// Clients for an operator: profiles, sign-on and credential processes, as
    /// the AWS command-line tool finds them.
    #[cfg(feature = "operator")]
    pub async fn for_operator(profile: Option<&str>, region: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Aws {
        let http_client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut loader = aws_config::defaults(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .http_client(http_client.clone())
            .app_name(app_name());
        if let Some(profile) = profile {
            // A profile that was asked for wins over keys in the environment, which
            // the usual chain would take first: they may be of another account.
            let credentials = aws_config::profile::ProfileFileCredentialsProvider::builder()
                .configure(&aws_config::provider_config::ProviderConfig::default().with_http_client(http_client))
                .profile_name(profile)
                .build();
            loader = loader.profile_name(profile).credentials_provider(credentials);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        Aws::new(loader.load().await, Endpoints::of_environment(&variable))
    }

    fn new(config: SdkConfig, endpoints: Endpoints) -> Aws {
        Aws {
            shared: Arc::new(Shared {
                config,
                endpoints,
                dynamodb: OnceLock::new(),
                sns: OnceLock::new(),
                sfn: OnceLock::new(),
                secrets: OnceLock::new(),
                ecs: OnceLock::new(),
                rds: OnceLock::new(),
                scaling: OnceLock::new(),
                cloudwatch: OnceLock::new(),
                lambda: OnceLock::new(),
                sqs: OnceLock::new(),
                events: OnceLock::new(),
                rds_data: OnceLock::new(),
                ssm: OnceLock::new(),
            }),
        }
    }

    /// The region that calls go to, if one is known.
    pub fn region(&self) -> Option<&str> {
        self.shared.config.region().map(Region::as_ref)
    }

    client!(dynamodb, aws_sdk_dynamodb, "DYNAMODB");
    client!(sns, aws_sdk_sns, "SNS");
    client!(sfn, aws_sdk_sfn, "SFN");
    client!(secrets, aws_sdk_secretsmanager, "SECRETS_MANAGER");
    client!(ecs, aws_sdk_ecs, "ECS");
    client!(rds, aws_sdk_rds, "RDS");
    client!(scaling, aws_sdk_applicationautoscaling, "APPLICATION_AUTO_SCALING");
    client!(cloudwatch, aws_sdk_cloudwatch, "CLOUDWATCH");
    client!(lambda, aws_sdk_lambda, "LAMBDA");
    client!(sqs, aws_sdk_sqs, "SQS");
    client!(events, aws_sdk_eventbridge, "EVENTBRIDGE");
    client!(rds_data, aws_sdk_rdsdata, "RDS_DATA");
    client!(ssm, aws_sdk_ssm, "SSM");
}

fn trust() -> TlsContext {
    #[expect(clippy::expect_used, reason = "the system's own certificates need no further material")]
    TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_native_roots(true))
        .build()
        .expect("native roots are taken as they are")
}

fn app_name() -> AppName {
    #[expect(clippy::expect_used, reason = "the name is a constant and valid")]
    AppName::new("watchkeeper").expect("the name is valid")
}
