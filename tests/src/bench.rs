//! What all benchmarks begin and end with.

use std::fmt::Display;
use std::process::ExitCode;

/// Whether figures are asked for: `cargo test --benches` runs benchmarks too, and only
/// `cargo bench` says `--bench`.
pub fn is_asked() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// The exit code of a benchmark: whether there are figures, whatever they say.
pub fn ended<E: Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            anstream::eprintln!("\nThere is nothing to show: it could not be measured.\n{why}");
            ExitCode::FAILURE
        }
    }
}
