//! The file's part about language models.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::policy::source::labels;

/// A prompt to a language model.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LlmSource {
    /// How the endpoint is spoken to.
    pub api: Option<LlmApiSource>,
    /// Where it is; for Bedrock that of the Region unless said otherwise.
    pub url: Option<String>,
    /// Header fields.
    #[serde(deserialize_with = "labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, labels::Text>"))]
    pub headers: BTreeMap<String, String>,
    /// The Region of Bedrock.
    pub region: Option<String>,
    /// The model's name.
    pub model: String,
    /// What it is told first.
    pub system: Option<String>,
    /// What it is asked.
    pub prompt: String,
    /// Most tokens of the answer, 1 to 4096; 256 unless said otherwise.
    pub max_tokens: Option<u32>,
    /// Whether the answer is taken as it comes, so that the first token has a time; it is
    /// unless said otherwise.
    pub stream: Option<bool>,
    /// What tokens cost.
    pub price: Option<PriceSource>,
    /// The JSON Schema that the answer must satisfy.
    pub schema: Option<Value>,
    /// Answers that are good, to which it is compared.
    pub drift: Option<DriftSource>,
}

/// How a language model's endpoint is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LlmApiSource {
    /// As `chat/completions` of OpenAI, which many others take, too.
    #[serde(rename = "openai")]
    OpenAi,
    /// As `Converse` of Amazon Bedrock.
    Bedrock,
}

/// What tokens cost, in dollars for a million of them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PriceSource {
    /// Of the prompt.
    #[serde(rename = "in")]
    pub input: f64,
    /// Of the answer.
    #[serde(rename = "out")]
    pub output: f64,
}

/// To what an answer is compared.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct DriftSource {
    /// Answers that were approved.
    pub approved: Vec<String>,
    /// Least similarity to the most similar of them, from 0 to 1; 0.5 unless said
    /// otherwise.
    pub at_least: Option<f64>,
    /// An endpoint that gives embeddings, as OpenAI's does; without one the words are
    /// compared.
    pub embeddings: Option<EmbeddingsSource>,
}

/// An endpoint for embeddings.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddingsSource {
    /// Where it is.
    pub url: String,
    /// Header fields.
    #[serde(deserialize_with = "labels::labels")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, labels::Text>"))]
    pub headers: BTreeMap<String, String>,
    /// The model's name.
    pub model: String,
}
