//! Show the last runs of a flow.

use domain::policy::unknown;
use serde_json::{Value, json};

use super::stored;
use crate::context::Context;
use crate::fault::Fault;
use crate::show;

pub(crate) const ABOUT: &str = "\
The runs that the table keeps, up to 20 for each Region, the newest first, with
a line of how long they took. Times are in your zone (TZ). `--in` is a Region
that the flow runs in; `--region` is where Watchkeeper's table is.

Examples:
  watchkeeper probes history create-order
  watchkeeper probes history create-order --in us-east-1";

pub(super) async fn run(context: &Context, id: &str, only: Option<&str>) -> Result<(), Fault> {
    let probes = stored::probes(context).await?;
    let flow = stored::flow(&probes, id)?;
    for mut seen in stored::seen(context, &[flow]).await? {
        if let Some(only) = only {
            let regions = seen.regions.iter().map(|(region, _)| region.as_str());
            let sentence = unknown("Region of this flow", only, regions);
            seen.regions.retain(|(region, _)| region == only);
            if seen.regions.is_empty() {
                return Err(Fault::No(sentence));
            }
        }
        if context.json {
            let regions: Vec<Value> =
                seen.regions.iter().map(|(region, state)| json!({"region": region, "runs": state.runs()})).collect();
            show::json(&json!({"flow": flow.id, "regions": regions}));
        } else {
            show::flow_history(&seen);
        }
    }
    Ok(())
}
