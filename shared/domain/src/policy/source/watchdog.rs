//! The file's part about the watchdog.

use serde::Deserialize;

use crate::span::Span;

/// The always-firing watchdog.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WatchdogSource {
    /// How often it fires: whole minutes or hours, up to a day; 15 minutes unless said
    /// otherwise. Tell the checker the same, with some minutes of grace.
    #[serde(default)]
    pub every: Option<Span>,
    /// Name of the secret that holds the checker's address: `{"url": "https://…"}`.
    pub secret: String,
}
