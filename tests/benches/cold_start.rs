//! What does a cold start cost, and what an event after it? Prints figures, and
//! what they are beside those of a Python function that makes the same calls.
//!
//! It measures and judges nothing: figures depend on the machine, so the exit
//! code says only whether there are any.

#[path = "harness/function.rs"]
mod function;
#[path = "harness/lambda.rs"]
mod lambda;
#[path = "cold_start/measure.rs"]
mod measure;
#[path = "harness/places.rs"]
mod places;
#[path = "cold_start/report.rs"]
mod report;

use std::process::ExitCode;

use tests::bench;
use tests::stack::Outcome;

use crate::places::Places;

#[tokio::main]
async fn main() -> ExitCode {
    if bench::is_asked() { bench::ended(run().await) } else { ExitCode::SUCCESS }
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
