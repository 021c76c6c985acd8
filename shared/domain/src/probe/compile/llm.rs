//! Is a prompt to a language model right?

use super::Reader;
use super::defaults::is_region;
use super::scope::Scope;
use super::step::Surroundings;
use crate::probe::flow::{Drift, Embeddings, LlmApi, LlmStep, Price};
use crate::probe::source::{DriftSource, EmbeddingsSource, LlmApiSource, LlmSource, PriceSource, StepSource};
use crate::probe::template::Template;

/// Most tokens of an answer, and how many unless said otherwise.
const TOKENS_MAX: u32 = 4_096;
const TOKENS: u32 = 256;
/// Longest prompt, in bytes, as the file has it.
const PROMPT_MAX: usize = 32 * 1024;
/// Most answers that are approved.
const APPROVED_MAX: usize = 50;
/// Least similarity unless said otherwise.
const AT_LEAST: f64 = 0.5;

impl Reader<'_> {
    pub(super) fn llm(&mut self, source: &StepSource, path: &str, around: &Surroundings, scope: &Scope<'_>) -> LlmStep {
        let path = format!("{path}.llm");
        let none = LlmSource::default();
        let source = source.llm.as_ref().unwrap_or(&none);
        let api = self.api(source, &path);
        let own = self.headers(&source.headers, &format!("{path}.headers"), scope);
        let max_tokens = source.max_tokens.unwrap_or(TOKENS);
        if !(1..=TOKENS_MAX).contains(&max_tokens) {
            self.problem(
                format!("{path}.max_tokens"),
                format!("write 1 to {TOKENS_MAX} tokens: each of them is paid for in each run"),
            );
        }
        if source.schema.as_ref().is_some_and(|schema| !schema.is_object()) {
            self.problem(format!("{path}.schema"), "a JSON Schema is a mapping, such as `{type: object, required: [answer]}`");
        }
        LlmStep {
            url: self.endpoint(source, &api, &path, scope),
            api,
            headers: super::http::over(&around.headers, &own),
            model: self.needed(&source.model, &path, "model", "say which model is asked", scope),
            system: self.some_template(source.system.as_ref(), &format!("{path}.system"), scope),
            prompt: self.needed(&source.prompt, &path, "prompt", "say what the model is asked", scope),
            max_tokens,
            stream: source.stream.unwrap_or(true),
            price: source.price.map(|price| self.price(price, &format!("{path}.price"))),
            schema: source.schema.clone(),
            drift: source.drift.as_ref().map(|drift| self.drift(drift, &format!("{path}.drift"), scope)),
        }
    }

    fn api(&mut self, source: &LlmSource, path: &str) -> LlmApi {
        let place = format!("{path}.region");
        match (source.api, &source.region) {
            (Some(LlmApiSource::Bedrock), Some(region)) => {
                if !is_region(region) {
                    self.problem(
                        place,
                        format!("`{region}` is not the name of a Region; write for instance eu-west-1 or us-east-1"),
                    );
                }
                LlmApi::Bedrock { region: region.clone() }
            }
            (Some(LlmApiSource::Bedrock), None) => {
                self.problem(place, "say in which Region the model is asked; write for instance `region: eu-west-1`");
                LlmApi::Bedrock { region: String::new() }
            }
            (Some(LlmApiSource::OpenAi), None) => LlmApi::OpenAi,
            (Some(LlmApiSource::OpenAi), Some(_)) => {
                self.problem(place, "only `api: bedrock` has a Region; take it out");
                LlmApi::OpenAi
            }
            (None, _) => {
                self.problem(format!("{path}.api"), "say how the endpoint is spoken to; write `openai` or `bedrock`");
                LlmApi::OpenAi
            }
        }
    }

    /// Where the model is asked; for Bedrock where the Region has it, unless it is given.
    fn endpoint(&mut self, source: &LlmSource, api: &LlmApi, path: &str, scope: &Scope<'_>) -> Template {
        let of_region = match api {
            LlmApi::Bedrock { region } => format!("https://bedrock-runtime.{region}.amazonaws.com"),
            LlmApi::OpenAi => String::new(),
        };
        let text = source.url.as_ref().unwrap_or(&of_region);
        // A Region that is missing has been told of.
        if source.url.is_none() && !of_region.is_empty() {
            return Template::parse(text).unwrap_or_default();
        }
        self.url(text, &format!("{path}.url"), &["http", "https"], scope)
    }

    fn needed(&mut self, text: &str, path: &str, key: &str, why: &str, scope: &Scope<'_>) -> Template {
        let place = format!("{path}.{key}");
        if text.trim().is_empty() {
            self.problem(&place, format!("`{key}` is missing; {why}"));
        } else if text.len() > PROMPT_MAX {
            self.refusal(&place, format!("{} bytes are too many; write at most {PROMPT_MAX}", text.len()));
        }
        self.template(text, &place, scope)
    }

    fn price(&mut self, source: PriceSource, path: &str) -> Price {
        for (key, price) in [("in", source.input), ("out", source.output)] {
            if !price.is_finite() || price < 0.0 {
                self.problem(format!("{path}.{key}"), "write dollars for a million tokens, 0 or more");
            }
        }
        Price { input: source.input, output: source.output }
    }

    fn drift(&mut self, source: &DriftSource, path: &str, scope: &Scope<'_>) -> Drift {
        let place = format!("{path}.approved");
        if source.approved.iter().all(|answer| answer.trim().is_empty()) {
            self.problem(&place, "there is nothing to compare with; write answers that are good");
        }
        self.at_most(source.approved.len(), APPROVED_MAX, "answers", &place);
        let least = source.at_least.unwrap_or(AT_LEAST);
        if !(0.0..=1.0).contains(&least) {
            self.problem(
                format!("{path}.at_least"),
                "a similarity is from 0, nothing in common, to 1, the same; write for instance 0.6",
            );
        }
        let embeddings = source.embeddings.as_ref();
        let embeddings = embeddings.map(|source| self.embeddings(source, &format!("{path}.embeddings"), scope));
        Drift { approved: source.approved.clone(), least, embeddings }
    }

    fn embeddings(&mut self, source: &EmbeddingsSource, path: &str, scope: &Scope<'_>) -> Embeddings {
        Embeddings {
            url: self.url(&source.url, &format!("{path}.url"), &["http", "https"], scope),
            headers: self.headers(&source.headers, &format!("{path}.headers"), scope),
            model: self.needed(&source.model, path, "model", "say which model gives the embeddings", scope),
        }
    }
}
