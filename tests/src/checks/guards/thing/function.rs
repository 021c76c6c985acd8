//! A Lambda function, which is never called.

use std::time::Duration;

use serde_json::{Value, json};

use super::tag;
use crate::stack::{Deployment, Outcome, eventually};

/// An empty zip file, in base64.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// How long it may take until it can be called.
const PENDING: Duration = Duration::from_secs(30);

/// A Lambda function, to be made.
#[derive(Debug, Clone, Default)]
pub(in crate::checks::guards) struct Function {
    /// Its reserved concurrency.
    pub(in crate::checks::guards) reserved: Option<u64>,
}

impl Function {
    pub(super) async fn make(&self, on: &Deployment, name: &str) -> Outcome<()> {
        let function = json!({
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "main.handler",
            "Role": "arn:aws:iam::000000000000:role/guards",
            "Code": {"ZipFile": EMPTY_ZIP},
            "Tags": {"watchkeeper": tag(true)},
        });
        on.api.post_to("lambda", "/2015-03-31/functions", &function).await?;
        eventually(PENDING, async || is_active(on, name).await).await?;
        if let Some(reserved) = self.reserved {
            let path = format!("/2017-10-31/functions/{name}/concurrency");
            on.api.put_to("lambda", &path, &json!({"ReservedConcurrentExecutions": reserved})).await?;
        }
        Ok(())
    }

    /// What was reserved for it, time after time; what is now must be the last of that.
    pub(super) async fn traces(on: &Deployment, name: &str) -> Outcome<Vec<String>> {
        let given = on.stand_ins.functions.reservations(name);
        if let Some(last) = given.last() {
            let answer = described(on, &format!("/2019-09-30/functions/{name}/concurrency")).await?;
            let now = answer["ReservedConcurrentExecutions"].as_u64();
            if now != *last {
                return Err(format!("{now:?} is reserved for {name}, and {last:?} was given last"));
            }
        }
        Ok(given.into_iter().map(|given| given.map_or_else(|| "reserved none".to_owned(), |n| format!("reserved {n}"))).collect())
    }
}

async fn is_active(on: &Deployment, name: &str) -> Outcome<()> {
    let answer = described(on, &format!("/2015-03-31/functions/{name}/configuration")).await?;
    if answer["State"] == "Active" { Ok(()) } else { Err(format!("{name} is {}", answer["State"])) }
}

async fn described(on: &Deployment, path: &str) -> Outcome<Value> {
    serde_json::from_str(&on.api.get_of("lambda", path).await?).map_err(|error| error.to_string())
}
