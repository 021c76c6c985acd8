//! Does a second plan, right after the apply, change anything?

use crate::stack::{Outcome, Terraform};

/// What the emulator does not tell the provider of an alarm, so that every plan
/// would set it again.
const OF_ALARMS: [&str; 9] = [
    "actions_enabled",
    "alarm_actions",
    "alarm_description",
    "dimensions",
    "ok_actions",
    "period",
    "statistic",
    "treat_missing_data",
    "unit",
];

/// The emulator has no X-Ray, and forgets that a state machine is traced.
const OF_CLOCK: [&str; 1] = ["tracing_configuration"];

/// Plans, and looks at what would change, but for the emulator's faults.
///
/// # Errors
/// What would change.
pub async fn changes_nothing(terraform: &Terraform) -> Outcome<()> {
    let changes = terraform.changes().await?;
    let real: Vec<String> = changes
        .into_iter()
        .filter_map(|(address, attributes)| {
            let kind = address.rsplit('.').nth(1).unwrap_or_default().to_owned();
            let faults: &[&str] = match kind.as_str() {
                "aws_cloudwatch_metric_alarm" => &OF_ALARMS,
                "aws_sfn_state_machine" => &OF_CLOCK,
                _ => &[],
            };
            let rest: Vec<String> = attributes.into_iter().filter(|name| !faults.contains(&name.as_str())).collect();
            let is_fault = rest.is_empty() && !faults.is_empty();
            (!is_fault).then(|| format!("{address}: {}", rest.join(", ")))
        })
        .collect();
    if real.is_empty() { Ok(()) } else { Err(format!("a second plan would change {}", real.join("; "))) }
}
