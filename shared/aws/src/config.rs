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
    clients: Clients,
}

/// Endpoints other than AWS's own, for a local stack.
#[derive(Debug, Clone, Default)]
struct Endpoints {
    /// `AWS_ENDPOINT_URL`.
    all: Option<String>,
    /// `AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING` and its like, by service.
    of: Vec<(&'static str, String)>,
}

impl Endpoints {
    /// A configuration made by hand does not look for these, so this does.
    fn of_environment(variable: &impl Fn(&str) -> Option<String>) -> Endpoints {
        Endpoints {
            all: variable("AWS_ENDPOINT_URL"),
            of: SERVICES
                .iter()
                .filter_map(|&service| variable(&format!("AWS_ENDPOINT_URL_{service}")).map(|url| (service, url)))
                .collect(),
        }
    }

    fn find(&self, service: &str) -> Option<&str> {
        self.of.iter().find(|(name, _)| *name == service).map(|(_, url)| url.as_str()).or(self.all.as_deref())
    }
}

/// Makes all that each client needs of its name, its SDK and its service as the
/// environment names it: the field, the name for its endpoint, and the way to it.
macro_rules! clients {
    ($($name:ident: $sdk:ident, $service:literal;)*) => {
        /// A client for each service, made when it is first needed.
        #[derive(Debug, Default)]
        struct Clients {
            $($name: OnceLock<$sdk::Client>,)*
        }

        /// The names by which the SDKs look for endpoints in the environment.
        const SERVICES: &[&str] = &[$($service),*];

        impl Aws {
            $(
                pub(crate) fn $name(&self) -> &$sdk::Client {
                    self.shared.clients.$name.get_or_init(|| {
                        let mut config = $sdk::config::Builder::from(&self.shared.config);
                        if let Some(url) = self.shared.endpoints.find($service) {
                            config = config.endpoint_url(url);
                        }
                        $sdk::Client::from_conf(config.build())
                    })
                }
            )*
        }
    };
}

clients! {
    dynamodb: aws_sdk_dynamodb, "DYNAMODB";
    sns: aws_sdk_sns, "SNS";
    sfn: aws_sdk_sfn, "SFN";
    secrets: aws_sdk_secretsmanager, "SECRETS_MANAGER";
    ecs: aws_sdk_ecs, "ECS";
    rds: aws_sdk_rds, "RDS";
    rds_data: aws_sdk_rdsdata, "RDS_DATA";
    scaling: aws_sdk_applicationautoscaling, "APPLICATION_AUTO_SCALING";
    cloudwatch: aws_sdk_cloudwatch, "CLOUDWATCH";
    lambda: aws_sdk_lambda, "LAMBDA";
    sqs: aws_sdk_sqs, "SQS";
    ssm: aws_sdk_ssm, "SSM";
    events: aws_sdk_eventbridge, "EVENTBRIDGE";
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
        Aws { shared: Arc::new(Shared { config, endpoints, clients: Clients::default() }) }
    }

    /// The same clients for another region.
    pub fn in_region(&self, region: &str) -> Aws {
        let config = self.shared.config.to_builder().region(Region::new(region.to_owned())).build();
        Aws::new(config, self.shared.endpoints.clone())
    }

    /// The region that calls go to, if one is known.
    pub fn region(&self) -> Option<&str> {
        self.shared.config.region().map(Region::as_ref)
    }
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
