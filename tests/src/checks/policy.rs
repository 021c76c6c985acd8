//! Does a bad policy fail the apply, with file, line and reason, and does the old
//! one stay?

use std::path::Path;

use serde_json::json;

use crate::stack::{Deployment, Outcome, Stack};

/// Breaks the policy in one place, applies, and puts it right again.
///
/// # Errors
/// What was not as it must be.
pub async fn bad_one_is_refused(stack: &Stack, deployment: &Deployment) -> Outcome<()> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let good = read(&stack.terraform.folder().join("policy/policy.yaml"))?;
    let (right, wrong) = ("route:\n  receiver: on-call\n", "route:\n  receiver: on-cal\n");
    let line = good.lines().position(|line| line == "  receiver: on-call").ok_or("the policy has no such line")? + 1;
    if !good.contains(right) {
        return Err("the policy has no such route".to_owned());
    }
    let before = in_force(deployment).await?;
    stack.terraform.write("policy/bad.yaml", &good.replace(right, wrong))?;
    let said = stack.terraform.run(&["apply", "-no-color", "-auto-approve", "-var=policy_file=policy/bad.yaml"]).await?;
    if said.code == 0 {
        return Err("the apply succeeded".to_owned());
    }
    for part in [format!("bad.yaml:{line}"), "on-cal".to_owned(), "on-call".to_owned()] {
        // Terraform wraps what it says at some column.
        if !said.text.replace("\n│ ", " ").contains(&part) {
            return Err(format!("the apply does not say {part}:\n{}", said.text));
        }
    }
    let after = in_force(deployment).await?;
    if before != after {
        return Err(format!("policy {after} is in force instead of {before}"));
    }
    Ok(())
}

/// The version of the policy in force.
async fn in_force(deployment: &Deployment) -> Outcome<String> {
    let key = json!({"pk": {"S": "CONTROL"}, "sk": {"S": "STATE"}});
    let input = json!({"TableName": deployment.output("table_name")?, "Key": key, "ConsistentRead": true});
    let row = deployment.api.json("dynamodb", "DynamoDB_20120810", "GetItem", &input).await?;
    let document = row["Item"]["doc"]["S"].as_str().ok_or_else(|| format!("there is no control row: {row}"))?;
    let document: serde_json::Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
    document["policy"]["version"].as_str().map(str::to_owned).ok_or_else(|| format!("no policy is in force: {document}"))
}
