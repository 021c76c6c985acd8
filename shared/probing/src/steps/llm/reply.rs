//! What did a language model answer? The same for all endpoints, whole or piece by piece.

use std::fmt::Write as _;
use std::time::Duration;

use domain::probe::secret::Secrets;
use domain::text::clean;

/// The most that a sentence repeats of what an endpoint said, in characters.
const SAID_MAX: usize = 200;

/// An answer, as far as it has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reply {
    /// Its text.
    pub(super) text: String,
    /// Why it is over; none while it is not.
    pub(super) end: Option<End>,
    /// Tokens of the prompt, if the endpoint counted them.
    pub(super) tokens_in: Option<u64>,
    /// Tokens of the answer, if the endpoint counted them.
    pub(super) tokens_out: Option<u64>,
    /// From when the request began to be sent until text came, if it came piece by piece.
    pub(super) first_token: Option<Duration>,
}

/// Why an answer is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The model was done.
    Done,
    /// It had said as much as it may.
    Length,
    /// A filter or guardrail stood against it; its name.
    Filtered(String),
    /// The model would not say it; what it said instead.
    Refused(String),
    /// Something else; the endpoint's word for it.
    Other(String),
}

impl End {
    /// What is wrong with an answer that is over like this.
    pub(super) fn complaint(&self, max_tokens: u32, secrets: &Secrets) -> Option<String> {
        Some(match self {
            End::Done => return None,
            End::Length => format!(
                "the answer was cut off after `max_tokens: {max_tokens}`; allow more of them, or ask for a shorter answer"
            ),
            End::Filtered(name) => format!("the answer was withheld by the endpoint's filter ({})", said(name, secrets)),
            End::Refused(words) => format!("the model refused to answer: {}", said(words, secrets)),
            End::Other(word) => format!("the answer ended with `{}` instead of being complete", said(word, secrets)),
        })
    }
}

/// Why an endpoint gave no answer, as far as it said so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Problem {
    /// Its word for the kind of problem, such as `rate_limit_exceeded`.
    pub(super) code: Option<String>,
    /// What it said.
    pub(super) message: Option<String>,
}

impl Problem {
    /// Whether a filter stood against the prompt.
    fn is_filter(&self) -> bool {
        matches!(self.code.as_deref(), Some("content_filter" | "content_policy_violation" | "ContentFilter"))
    }

    /// The problem that came instead of the rest of an answer, as a sentence.
    pub(super) fn amid(&self, secrets: &Secrets) -> String {
        format!("the endpoint broke the answer off: {}", self.words(secrets))
    }

    fn words(&self, secrets: &Secrets) -> String {
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => format!("{}: {}", said(code, secrets), said(message, secrets)),
            (Some(one), None) | (None, Some(one)) => said(one, secrets),
            (None, None) => "it does not say why".to_owned(),
        }
    }

    /// The problem as a sentence that says what to do about it, after an answer with this
    /// status. `retry_after` is the header field.
    pub(super) fn refusal(&self, status: u16, retry_after: Option<&str>, is_signed: bool, secrets: &Secrets) -> String {
        let mut sentence = match status {
            _ if self.is_filter() => "the endpoint's content filter stood against the prompt".to_owned(),
            400 | 413 | 422 => format!("the endpoint did not take the request ({status})"),
            401 | 403 if is_signed => {
                format!(
                    "the endpoint did not let the prober in ({status}; its role must allow `bedrock:InvokeModel` for the model)"
                )
            }
            401 | 403 => format!("the endpoint did not let the prober in ({status}; the key stands in the step's `headers`)"),
            404 => format!("the endpoint does not know the model, or there is none at this address ({status})"),
            429 => format!("the endpoint limits how much it is asked ({status})"),
            500.. => format!("the endpoint failed ({status})"),
            _ => format!("the endpoint gave no answer but the status {status}"),
        };
        let _ = write!(sentence, ": {}", self.words(secrets));
        if let Some(when) = retry_after {
            let _ = write!(sentence, "; it asks to wait: `Retry-After: {}`", said(when, secrets));
        }
        sentence
    }
}

/// `text` from outside, as part of a sentence. Secrets are masked before it is cut: of one
/// that was cut, the beginning would stay.
pub(super) fn said(text: &str, secrets: &Secrets) -> String {
    clean(&secrets.mask(text), SAID_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: Option<&str>, message: Option<&str>) -> Problem {
        Problem { code: code.map(str::to_owned), message: message.map(str::to_owned) }
    }

    #[test]
    fn only_an_answer_that_the_model_finished_is_complete() {
        let end = |end: End| end.complaint(64, &Secrets::default()).unwrap_or_default();
        assert_eq!(End::Done.complaint(64, &Secrets::default()), None);
        assert!(end(End::Length).contains("`max_tokens: 64`"));
        assert!(end(End::Filtered("guardrail_intervened".to_owned())).contains("guardrail_intervened"));
        assert!(end(End::Refused("I cannot\nhelp".to_owned())).ends_with("I cannot help"));
        assert!(end(End::Other("tool_use".to_owned())).contains("`tool_use`"));
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_sentence_is_cut() {
        let mut secrets = Secrets::default();
        secrets.add("sk-tr0ub4dor-and-three");
        for before in SAID_MAX - 30..SAID_MAX {
            let message = format!("{}sk-tr0ub4dor-and-three", "x".repeat(before));
            let sentence = problem(None, Some(&message)).refusal(401, None, false, &secrets);
            assert!(!sentence.contains("sk-"), "{sentence}");
        }
    }

    #[test]
    fn a_refusal_names_the_status_what_was_said_and_what_to_look_at() {
        let limit = problem(Some("rate_limit_exceeded"), Some("Too many"));
        assert_eq!(
            limit.refusal(429, Some("20"), false, &Secrets::default()),
            "the endpoint limits how much it is asked (429): rate_limit_exceeded: Too many; it asks to wait: `Retry-After: 20`"
        );
        assert!(problem(None, None).refusal(401, None, false, &Secrets::default()).contains("`headers`"));
        assert!(problem(None, None).refusal(403, None, true, &Secrets::default()).contains("bedrock:InvokeModel"));
        assert!(problem(None, Some("gone")).refusal(503, None, true, &Secrets::default()).contains("failed (503): gone"));
        assert!(problem(Some("content_filter"), None).refusal(400, None, false, &Secrets::default()).contains("content filter"));
    }
}
