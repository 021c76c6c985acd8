//! Show how a flow fares, and what fails.

use super::stored;
use crate::context::Context;
use crate::fault::Fault;
use crate::show;

pub(crate) const ABOUT: &str = "\
Whether it is down, since when and in which Regions; and the last run that was:
the step, its phases, what was not right and the beginning of what came back.
Times are in your zone (TZ).

Example:
  watchkeeper probes show create-order";

pub(super) async fn run(context: &Context, id: &str) -> Result<(), Fault> {
    let probes = stored::probes(context).await?;
    let flow = stored::flow(&probes, id)?;
    for seen in stored::seen(context, &[flow]).await? {
        if context.json {
            let mut answer = stored::answer(&seen);
            answer["last_bad"] = seen.last_bad().map(|(region, bad)| serde_json::json!({"region": region, "run": bad})).into();
            show::json(&answer);
        } else {
            show::flow(context.now, &seen);
        }
    }
    Ok(())
}
