//! How does Amazon Bedrock know that the prober asks?

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Identity;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use jiff::Timestamp;
use url::Url;

use crate::Credentials;

/// The service's name in a signature.
const SERVICE: &str = "bedrock";

/// The header fields that sign a `POST` of `body` to `url`, made at `now`. Only the host's
/// name is signed of the header fields that are sent anyway, so that a proxy on the way may
/// change the others.
///
/// # Errors
/// A sentence, when the address cannot be signed.
pub(super) fn sign_post(
    credentials: &Credentials,
    region: &str,
    url: &Url,
    body: &[u8],
    now: Timestamp,
) -> Result<Vec<(String, String)>, String> {
    let identity = Identity::new(
        credentials.access_key_id.as_str(),
        credentials.secret_access_key.as_str(),
        credentials.session_token.clone(),
        None,
        "watchkeeper",
    )
    .into();
    let why = |error: &dyn std::error::Error| format!("the request to Bedrock could not be signed: {error}");
    let seconds = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(SystemTime::UNIX_EPOCH + seconds)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| why(&error))?
        .into();
    let request =
        SignableRequest::new("POST", url.as_str(), std::iter::empty(), SignableBody::Bytes(body)).map_err(|error| why(&error))?;
    let (signed, _) = sign(request, &parameters).map_err(|error| why(&error))?.into_parts();
    Ok(signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_stands_for_the_address_the_moment_the_body_and_the_key() {
        let credentials = |secret: &str, token: Option<&str>| Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: token.map(str::to_owned),
        };
        let signed = |credentials: &Credentials, path: &str, body: &str, at: &str| {
            let url = Url::parse("https://bedrock-runtime.eu-west-1.amazonaws.com").unwrap().join(path).unwrap();
            sign_post(credentials, "eu-west-1", &url, body.as_bytes(), at.parse().unwrap()).unwrap()
        };
        let at = "2026-11-21T02:05:54Z";
        let plain = signed(&credentials("s", None), "/model/a%3A0/converse", "{}", at);
        let value = |name: &str| plain.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str());
        assert_eq!(value("x-amz-date"), Some("20261121T020554Z"));
        let authorization = value("authorization").unwrap();
        let scope = "Credential=AKIDEXAMPLE/20261121/eu-west-1/bedrock/aws4_request";
        assert!(authorization.contains(scope), "{authorization}");
        assert!(authorization.contains("SignedHeaders=host;x-amz-date,"), "{authorization}");
        for other in [
            signed(&credentials("t", None), "/model/a%3A0/converse", "{}", at),
            signed(&credentials("s", None), "/model/a/converse", "{}", at),
            signed(&credentials("s", None), "/model/a%3A0/converse", "{ }", at),
            signed(&credentials("s", None), "/model/a%3A0/converse", "{}", "2026-11-21T02:05:55Z"),
            signed(&credentials("s", Some("x")), "/model/a%3A0/converse", "{}", at),
        ] {
            assert_ne!(other, plain);
        }
    }
}
