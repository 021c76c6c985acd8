//! What went wrong, for the person at the terminal.

use std::fmt;

use aws::AwsError;
use aws::store::{CommitError, StoreError};
use clap::error::ErrorKind;
use runtime::orders::OrdersError;

/// Why a command did not do what was asked: a sentence, and from the second line
/// on what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The answer is no.
    No(String),
    /// The command line is not right.
    Usage(String),
    /// AWS could not be asked.
    Aws(String),
    /// It was asked, but nothing can be said.
    Unknown(String),
}

/// Which deployment is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) table: String,
    pub(crate) region: String,
    /// The profile, where one was named.
    pub(crate) profile: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table `{}` in {}", self.table, self.region)
    }
}

impl Fault {
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Fault::No(_) => 1,
            Fault::Usage(_) => 2,
            Fault::Aws(_) | Fault::Unknown(_) => 3,
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Fault::No(text) | Fault::Usage(text) | Fault::Aws(text) | Fault::Unknown(text) => text,
        }
    }

    /// The same on one line.
    pub(crate) fn one_line(&self) -> String {
        self.text().lines().fold(String::new(), |text, line| match text.chars().last() {
            None => line.trim().to_owned(),
            Some(':') => format!("{text} {}", line.trim()),
            Some(_) => format!("{text}; {}", line.trim()),
        })
    }

    /// A command line that was not understood, without the usage below it.
    pub(crate) fn of_words(error: &clap::Error) -> Fault {
        if let ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand = error.kind() {
            return Fault::Usage("there is no command; --help lists them".to_owned());
        }
        let text = error.render().to_string();
        let message = text.split("\n\nUsage:").next().unwrap_or_default().split("\n\nFor more").next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message).replace("\n\n", "\n");
        Fault::Usage(message.trim().to_owned())
    }

    /// No region is known.
    pub(crate) fn no_region() -> Fault {
        Fault::Aws("no AWS region is set\ngive one with --region, AWS_REGION or the profile".to_owned())
    }

    /// An error of AWS, with what to do about it.
    pub(crate) fn of(error: &AwsError, place: &Place) -> Fault {
        let (sentence, advice) = match error {
            // The SDK tells at length where it has looked.
            AwsError::NoCredentials { message, .. } if is_signed_out(message) => match &place.profile {
                Some(profile) => (
                    format!("there are no AWS credentials for the profile `{profile}`"),
                    "sign in with `aws sso login --profile NAME`, or see that ~/.aws/config has it",
                ),
                None => (
                    "there are no AWS credentials".to_owned(),
                    "sign in with `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                ),
            },
            AwsError::NoCredentials { message, .. } => (
                format!("AWS cannot be asked with these credentials: {}", innermost(message)),
                "sign in again (`aws sso login`), or use another --profile",
            ),
            AwsError::Denied { .. } => (error.to_string(), "ask for that permission, or use another --profile"),
            AwsError::Missing { call, .. } if call.starts_with("dynamodb:") => (
                format!("there is no {place}"),
                "give its name with --table or WATCHKEEPER_TABLE: it is Terraform's output `table_name`; or is it another --region or --profile?",
            ),
            AwsError::Missing { .. } => (error.to_string(), "was it deleted, or is `terraform apply` still to be run?"),
            AwsError::Later { .. } => (error.to_string(), "try again; if it lasts, look at the network and at AWS Health"),
            AwsError::Rejected { .. } => (error.to_string(), "is this a newer version of the tool than what is deployed?"),
        };
        Fault::Aws(format!("{sentence}\n{advice}"))
    }
}

/// Whether nobody has signed in: the SDK has looked everywhere, and last of all
/// asked the machine, which is none of AWS's or has no role; or the profile that was
/// asked for has none, or is not there.
fn is_signed_out(message: &str) -> bool {
    ["provider was not enabled", "IMDS"].iter().any(|part| message.contains(part))
}

/// What an error says in the end, without the SDK's words around it.
fn innermost(message: &str) -> &str {
    const AROUND: [&str; 4] =
        ["dispatch failure: ", "construction failure: ", "other: ", "an error occurred while loading credentials: "];
    let mut inner = message.lines().next().unwrap_or_default();
    while let Some(rest) = AROUND.iter().find_map(|around| inner.strip_prefix(around)) {
        inner = rest;
    }
    inner.trim_end_matches([' ', '.', ':'])
}

/// Turns the errors of the shared crates into faults; the place is for the advice.
pub(crate) fn store(error: StoreError, place: &Place) -> Fault {
    match error {
        StoreError::Aws(error) => Fault::of(&error, place),
        unreadable @ StoreError::Unreadable { .. } => {
            Fault::Aws(format!("{unreadable}\nis this an older version of the tool than what is deployed?"))
        }
    }
}

pub(crate) fn commit(error: CommitError, place: &Place) -> Fault {
    match error {
        CommitError::Conflict { .. } => Fault::Aws("others kept writing the same row\ntry again".to_owned()),
        CommitError::Store(error) => store(error, place),
    }
}

pub(crate) fn orders(error: OrdersError, place: &Place) -> Fault {
    match error {
        OrdersError::Store(error) => store(error, place),
        other @ (OrdersError::None { .. } | OrdersError::Unusable { .. }) => Fault::No(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(message: &str, profile: Option<&str>) -> String {
        let place = Place { table: "t".into(), region: "r".into(), profile: profile.map(str::to_owned) };
        let error = AwsError::NoCredentials { call: "dynamodb:Query", message: message.to_owned() };
        Fault::of(&error, &place).text().lines().next().unwrap().to_owned()
    }

    #[test]
    fn credentials_that_are_missing_and_those_that_do_not_work_are_told_apart() {
        let none =
            "dispatch failure: other: the credential provider was not enabled: no credentials found in chain. Attempted:\n  a";
        assert_eq!(sentence(none, None), "there are no AWS credentials");
        assert_eq!(sentence(none, Some("night")), "there are no AWS credentials for the profile `night`");
        let machine = "dispatch failure: other: an error occurred while loading credentials: failed to load IMDS session token";
        assert_eq!(sentence(machine, None), "there are no AWS credentials");
        let loading = "an error occurred while loading credentials: ";
        let token = format!("dispatch failure: other: {loading}{loading}failed to load the cached SSO token:\nmore");
        assert_eq!(sentence(&token, None), "AWS cannot be asked with these credentials: failed to load the cached SSO token");
        let expired = "ExpiredTokenException: The security token included in the request is expired";
        assert_eq!(sentence(expired, None), format!("AWS cannot be asked with these credentials: {expired}"));
    }

    #[test]
    fn a_fault_on_one_line_reads_as_a_sentence() {
        assert_eq!(Fault::No("this is so:\n  a\n  b".into()).one_line(), "this is so: a; b");
    }
}
