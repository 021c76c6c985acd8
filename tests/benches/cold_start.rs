//! What does a cold start cost, and what an event after it? Prints figures, and
//! what they are beside those of a Python function that makes the same calls.
//!
//! It measures and judges nothing: figures depend on the machine, so the exit
//! code says only whether there are any.

#[path = "cold_start/function.rs"]
mod function;
#[path = "cold_start/lambda.rs"]
mod lambda;
#[path = "cold_start/measure.rs"]
mod measure;
#[path = "cold_start/places.rs"]
mod places;
#[path = "cold_start/report.rs"]
mod report;

use std::process::ExitCode;

use tests::stack::Outcome;

use crate::places::Places;

#[tokio::main]
async fn main() -> ExitCode {
    // `cargo test --benches` runs this too; only `cargo bench` says `--bench`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            anstream::eprintln!("\nThere is nothing to show: it could not be measured.\n{why}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let places = Places::find()?;
    report::header(&places.peer_is()?);
    let figures = measure::all(&places).await?;
    report::table(&figures);
    let ratios_met = report::ratios(&figures);
    let sizes_met = report::sizes(&figures, &places.zips()?);
    let n_missed = [ratios_met, sizes_met].into_iter().flatten().filter(|is_met| !is_met).count();
    anstream::println!(
        "\n{}",
        if n_missed == 0 { "All goals are met.".to_owned() } else { format!("Goals not met: {n_missed}.") }
    );
    Ok(())
}
