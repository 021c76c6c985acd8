//! Logs: one JSON object a line, as Lambda's JSON log format wants them.

use tracing::level_filters::LevelFilter;

use crate::config::variable;

/// Starts logging at the level that the function's configuration says.
pub fn start() {
    let level = match variable("AWS_LAMBDA_LOG_LEVEL").as_deref() {
        Some("TRACE") => LevelFilter::TRACE,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some("WARN") => LevelFilter::WARN,
        Some("ERROR" | "FATAL") => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    };
    // Fails only when logging was started before, which is as good.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(level)
        .try_init();
}
