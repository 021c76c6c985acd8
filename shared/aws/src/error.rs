//! What went wrong with a call, by what the caller can do about it.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// It may work later: throttled, timed out, out of order.
    #[error("{call} does not work now: {message}")]
    Later {
        /// The call, as IAM writes it.
        call: &'static str,
        /// What the service said.
        message: String,
    },
    /// The role or the person may not do it.
    #[error("{call} is not allowed: {message}")]
    Denied {
        /// The call, as IAM writes it.
        call: &'static str,
        /// What the service said.
        message: String,
    },
    /// There is no such thing.
    #[error("{call}: {message}")]
    Missing {
        /// The call, as IAM writes it.
        call: &'static str,
        /// What the service said.
        message: String,
    },
    /// The service does not take it as it is.
    #[error("{call} was refused: {message}")]
    Rejected {
        /// The call, as IAM writes it.
        call: &'static str,
        /// What the service said.
        message: String,
    },
    /// There are no credentials to ask with.
    #[error("{call}: there are no usable AWS credentials ({message})")]
    NoCredentials {
        /// The call, as IAM writes it.
        call: &'static str,
        /// What was tried.
        message: String,
    },
}

impl AwsError {
    /// Whether it may work later.
    pub const fn may_pass(&self) -> bool {
        match self {
            AwsError::Later { .. } => true,
            AwsError::Denied { .. } | AwsError::Missing { .. } | AwsError::Rejected { .. } | AwsError::NoCredentials { .. } => {
                false
            }
        }
    }

    /// The same as one word, for error types and logs.
    pub const fn word(&self) -> &'static str {
        match self {
            AwsError::Later { .. } => "Later",
            AwsError::Denied { .. } => "Denied",
            AwsError::Missing { .. } => "Missing",
            AwsError::Rejected { .. } => "Rejected",
            AwsError::NoCredentials { .. } => "NoCredentials",
        }
    }

    /// Sorts an SDK's error by what can be done about it.
    pub(crate) fn of<E, R>(call: &'static str, error: &SdkError<E, R>) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        let message = match error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("unknown error");
                match service.err().message() {
                    Some(message) if !message.is_empty() => format!("{code}: {message}"),
                    _ => code.to_owned(),
                }
            }
            other => with_sources(other),
        };
        let message: String = message.chars().take(400).collect();
        match error {
            SdkError::ServiceError(service) => by_code(call, service.err().code().unwrap_or_default(), message),
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) if message.contains("redential") => {
                AwsError::NoCredentials { call, message }
            }
            SdkError::ConstructionFailure(_) => AwsError::Rejected { call, message },
            _ => AwsError::Later { call, message },
        }
    }
}

/// An error with what caused it, outermost first.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn by_code(call: &'static str, code: &str, message: String) -> AwsError {
    let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if has(&["AccessDenied", "Unauthorized", "NotAuthorized", "AuthFailure", "KMSAccessDenied", "KmsAccessDenied"]) {
        AwsError::Denied { call, message }
    } else if has(&["UnrecognizedClient", "InvalidClientTokenId", "ExpiredToken", "InvalidSignature", "MissingAuthentication"]) {
        AwsError::NoCredentials { call, message }
    } else if has(&[
        "Throttl",
        "TooManyRequests",
        "RequestLimitExceeded",
        "LimitExceeded",
        "ThroughputExceeded",
        "TransactionConflict",
        "TransactionInProgress",
        "InternalServer",
        "InternalFailure",
        "InternalError",
        "ServiceUnavailable",
        "ServerException",
        "ServiceException",
        "ResourceConflictException",
        "RequestTimeout",
        "SlowDown",
        "ConcurrentUpdate",
    ]) {
        AwsError::Later { call, message }
    } else if has(&["NotFound", "DoesNotExist", "NonExistent", "NotFoundFault"]) {
        AwsError::Missing { call, message }
    } else {
        AwsError::Rejected { call, message }
    }
}
