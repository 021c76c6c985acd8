//! How large are the functions? A cold start reads all of it.

use std::path::Path;

use crate::stack::{FUNCTIONS, Outcome};

const MEGABYTE: u64 = 1_000_000;

/// The largest a function's zip may be, in bytes.
fn limit(function: &str) -> u64 {
    match function {
        // It takes the steps of flows, with HTTP/2, a resolver, certificates and gRPC, and
        // has the languages in which answers are judged. No alarm waits for it.
        "prober" => 4_800_000,
        // It alone speaks to ECS, Application Auto Scaling, RDS and its Data API, Lambda,
        // SQS, Systems Manager and EventBridge.
        "remediator" => 4_200_000,
        // The first speaks to every channel, and asks for approval there. The second knows
        // of everything that can be late: notices, remediations, heartbeats.
        "escalation" | "sweeper" => 3_200_000,
        _ => 3 * MEGABYTE,
    }
}

/// Looks at the zips in a folder.
///
/// # Errors
/// Those that are too large.
pub fn zips(folder: &Path) -> Outcome<()> {
    let mut too_large = Vec::new();
    for function in FUNCTIONS {
        let zip = folder.join(function).join("bootstrap.zip");
        let size = std::fs::metadata(&zip).map_err(|error| format!("{}: {error}", zip.display()))?.len();
        if size > limit(function) {
            too_large.push(format!("{function} has {size} bytes, and may have {}", limit(function)));
        }
    }
    if too_large.is_empty() { Ok(()) } else { Err(too_large.join("\n")) }
}
