//! Does `terraform destroy` leave nothing?

use serde_json::{Value, json};

use crate::stack::{Api, ELSEWHERE, HOME, Outcome, Stack};

/// Destroys, and looks for what begins with Watchkeeper's name.
///
/// # Errors
/// What is left.
pub async fn leaves_nothing(stack: &Stack) -> Outcome<()> {
    stack.terraform.destroy().await?;
    let mut left = stack.terraform.resources().await?;
    for region in [HOME].into_iter().chain(ELSEWHERE) {
        for (what, listed) in inventory(&stack.api.in_region(region)).await? {
            let lines = listed.lines().filter(|line| line.contains("watchkeeper"));
            left.extend(lines.map(|line| format!("{what} in {region}: {line}")));
        }
    }
    if left.is_empty() { Ok(()) } else { Err(format!("left: {}", left.join("; "))) }
}

/// What is there in a Region, of every kind that Watchkeeper makes; one thing a line.
async fn inventory(api: &Api) -> Outcome<Vec<(&'static str, String)>> {
    let lines = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let empty = json!({});
    let xml = |text: String| text.replace("><", ">\n<");
    Ok(vec![
        ("table", lines(&api.json("dynamodb", "DynamoDB_20120810", "ListTables", &empty).await?)),
        ("queue", lines(&api.json("sqs", "AmazonSQS", "ListQueues", &empty).await?)),
        ("state machine", lines(&api.json("states", "AWSStepFunctions", "ListStateMachines", &empty).await?)),
        ("rule", lines(&api.json("events", "AWSEvents", "ListRules", &empty).await?)),
        ("log group", lines(&api.json("logs", "Logs_20140328", "DescribeLogGroups", &empty).await?)),
        ("secret", lines(&api.json("secretsmanager", "secretsmanager", "ListSecrets", &empty).await?)),
        ("topic", xml(api.query("sns", "2010-03-31", "ListTopics", &[]).await?)),
        ("alarm", xml(api.query("monitoring", "2010-08-01", "DescribeAlarms", &[]).await?)),
        ("role", xml(api.query("iam", "2010-05-08", "ListRoles", &[]).await?)),
        ("function", api.get_of("lambda", "/2015-03-31/functions/").await?.replace(',', ",\n")),
        ("schedule", api.get_of("scheduler", "/schedules").await?.replace(',', ",\n")),
    ])
}
