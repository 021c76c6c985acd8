//! List flows with how they fare.

use serde_json::{Value, json};

use super::stored;
use crate::context::Context;
use crate::fault::Fault;
use crate::show;

pub(crate) const ABOUT: &str = "\
The flows of the file in force: whether each is down, and since when; then, for
each Region, what its last run said, how long ago, and the median and the 95th
percentile of how long its last runs took. A Region is silent when no run of it
was heard for three of the flow's intervals.

Examples:
  watchkeeper probes list
  watchkeeper probes list --json";

pub(super) async fn run(context: &Context) -> Result<(), Fault> {
    let probes = stored::probes(context).await?;
    let flows: Vec<_> = probes.flows.iter().collect();
    let seen = stored::seen(context, &flows).await?;
    if context.json {
        let flows: Vec<Value> = seen.iter().map(stored::answer).collect();
        show::json(&json!({"version": probes.version, "flows": flows}));
    } else {
        show::flows(context.now, &seen);
    }
    Ok(())
}
