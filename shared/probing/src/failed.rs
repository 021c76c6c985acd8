//! Why could a step not be taken?

use domain::probe::seen::TlsSeen;

/// A step that came to no answer.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Why, as a sentence for whoever must act. Secrets in it are masked later.
    pub(crate) because: String,
    /// Whether the network may be the cause: the target was not found, not reached, or
    /// said nothing. Then it is worth asking whether anything can be reached from here.
    pub(crate) is_network: bool,
    /// What was seen of TLS, if it came that far.
    pub(crate) tls: Option<Box<TlsSeen>>,
    /// The variable that stands for nothing, if that is why; then nothing was sent.
    pub(crate) unfilled: Option<String>,
}

impl Failed {
    /// The target, or this step of the flow, is the cause.
    pub(crate) fn new(because: impl Into<String>) -> Failed {
        Failed { because: because.into(), is_network: false, tls: None, unfilled: None }
    }

    /// The network may be the cause.
    pub(crate) fn network(because: impl Into<String>) -> Failed {
        Failed { because: because.into(), is_network: true, tls: None, unfilled: None }
    }

    /// A variable stands for nothing.
    pub(crate) fn unfilled(name: String) -> Failed {
        let because = match name.strip_prefix("secret.") {
            Some(secret) => format!("the secret `{secret}` could not be read"),
            None => format!("`${{{name}}}` stands for nothing: no step before has captured it"),
        };
        Failed { unfilled: Some(name), ..Failed::new(because) }
    }

    /// With what was seen of TLS.
    pub(crate) fn with_tls(mut self, tls: Option<TlsSeen>) -> Failed {
        self.tls = tls.map(Box::new).or(self.tls);
        self
    }
}

/// An error with what caused it, on one line.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some errors repeat what caused them.
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    domain::text::clean(&text, 300)
}
