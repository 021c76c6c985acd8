//! What went wrong, for the person at the terminal.

use aws::AwsError;
use aws::store::{CommitError, StoreError};
use runtime::orders::OrdersError;

/// Why a command did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The answer is no.
    No(String),
    /// The command line is not right.
    Usage(String),
    /// AWS could not be asked.
    Aws(String),
}

impl Fault {
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Fault::No(_) => 1,
            Fault::Usage(_) => 2,
            Fault::Aws(_) => 3,
        }
    }

    pub(crate) fn sentence(&self) -> &str {
        match self {
            Fault::No(sentence) | Fault::Usage(sentence) | Fault::Aws(sentence) => sentence,
        }
    }

    /// An error of AWS, with what to do about it.
    pub(crate) fn of(error: &AwsError, table: &str) -> Fault {
        let advice = match error {
            AwsError::NoCredentials { .. } => {
                "sign in first (`aws sso login`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), and see that a region is set (--region or AWS_REGION)".to_owned()
            }
            AwsError::Denied { .. } => "ask for that permission, or use --profile".to_owned(),
            AwsError::Missing { call, .. } if call.starts_with("dynamodb:") => {
                format!("there is no table `{table}` here; is it another --region or --profile, or another --table (Terraform's output `table_name`)?")
            }
            AwsError::Missing { .. } => "was it deleted, or is `terraform apply` still to be run?".to_owned(),
            AwsError::Later { .. } => "try again; if it lasts, look at the network and at AWS Health".to_owned(),
            AwsError::Rejected { .. } => "is this a newer version of the tool than what is deployed?".to_owned(),
        };
        Fault::Aws(format!("{error}\n  {advice}"))
    }
}

/// Turns the errors of the shared crates into faults; the table's name is for the
/// advice.
pub(crate) fn store(error: StoreError, table: &str) -> Fault {
    match error {
        StoreError::Aws(error) => Fault::of(&error, table),
        unreadable @ StoreError::Unreadable { .. } => {
            Fault::Aws(format!("{unreadable}\n  is this an older version of the tool than what is deployed?"))
        }
    }
}

pub(crate) fn commit(error: CommitError, table: &str) -> Fault {
    match error {
        CommitError::Conflict { .. } => Fault::Aws("others kept writing the same row; try again".to_owned()),
        CommitError::Store(error) => store(error, table),
    }
}

pub(crate) fn orders(error: OrdersError, table: &str) -> Fault {
    match error {
        OrdersError::Store(error) => store(error, table),
        other @ (OrdersError::None | OrdersError::Unusable { .. }) => Fault::No(other.to_string()),
    }
}
