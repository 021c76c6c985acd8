//! Secrets, read when they are first needed.

use crate::{Aws, AwsError};
use futures_util::FutureExt as _;

impl Aws {
    /// The text of a secret.
    ///
    /// # Errors
    /// [`AwsError::Missing`] when there is no such secret or it has no value yet;
    /// else as for every call.
    pub async fn secret(&self, name: &str) -> Result<String, AwsError> {
        const CALL: &str = "secretsmanager:GetSecretValue";
        let answer =
            self.secrets().get_secret_value().secret_id(name).send().boxed().await.map_err(|error| AwsError::of(CALL, &error))?;
        answer
            .secret_string
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| AwsError::Missing { call: CALL, message: format!("secret {name} has no text; put a value into it") })
    }
}
