//! Does every guard of remediation refuse when it must, and only then?
//!
//! Each case is an alarm of its own with a remediation of its own on a target of its
//! own, all side by side; for each guard there is one in which it refuses and one in
//! which it barely allows. What was done is seen at the target itself: once, and where
//! it is put back, that once, too. For the own guards of an action one case in which
//! that action acts is the partner of all in which it does not.
//!
//! What is not here, because neither the emulator nor a stand-in can show it; pure
//! tests beside the action or the guard show it instead:
//!
//! | Guard | Why |
//! |---|---|
//! | `policy` with nothing installed, or without the remediation | every deployment here has a policy with it; a second apply would disturb the others |
//! | `look` | the emulator enforces no IAM, so nothing is hidden |
//! | `step` | a policy that loses steps meanwhile takes a second apply |
//! | `active`, `update` of Lambda | its functions are active, and updated, after a moment that cannot be held |
//! | `target-name`, `parameters` of a runbook | a name that must not get into a runbook is none that its services know, so the target is missing first |
//! | `last-move` of a queue | its moves cannot be cancelled, and do not fail |
//! | `own-rollback` that ECS has begun by itself | its circuit breaker needs containers |

mod case;
mod ecs;
mod ground;
mod others;
mod rds;
mod shared;
mod stories;
mod thing;
mod told;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::{Value, json};

use self::case::Case;
use self::ground::Ground;
use self::stories::stories;
use crate::stack::{Deployment, Outcome, eventually};

pub use self::told::on_eventbridge;

/// How many are played at the same time: as fast as all at once, and each by itself in
/// less time.
const AT_ONCE: usize = 12;
/// Until the incidents of all of them are closed.
const CLEARED: Duration = Duration::from_mins(1);

fn cases() -> Vec<Case> {
    [shared::cases(), ecs::cases(), rds::cases(), others::cases()].concat()
}

/// A policy with what these cases need besides.
///
/// # Errors
/// What part it does not have.
pub fn added_to(policy: &str) -> Outcome<String> {
    let stories = stories();
    let single = cases();
    let all = single.iter().chain(stories.iter().flat_map(stories::Story::cases));
    let remediations: Vec<Value> = all.map(Case::policy).chain([told::case().policy()]).collect();
    let named = json!({"cluster": thing::CLUSTER, "service": "guards-target-catalogue"});
    let rule = |name: &str, matcher: &str, set: Value| json!({"name": name, "matchers": [matcher], "set": set});
    let additions = [
        // Of a team of their own: what is a storm of incidents is none of the others'.
        (
            "services",
            vec![
                json!({"name": "guards", "team": "guards", "tier": 3}),
                json!({"name": "guards-catalogue", "team": "guards", "tier": 3, "ecs": named}),
            ],
        ),
        (
            "classify",
            vec![
                rule("guards by the catalogue", r#"alertname="guards-target-catalogue""#, json!({"service": "guards-catalogue"})),
                rule("guards", r#"alertname=~"guards-.*""#, json!({"priority": "P4", "service": "guards"})),
            ],
        ),
        (
            "time_intervals",
            vec![
                json!({"name": "guards-always", "time_intervals": [{"months": ["1:12"]}]}),
                json!({"name": "guards-never", "time_intervals": [{"years": ["2001"]}]}),
            ],
        ),
        ("remediations", remediations),
    ];
    let mut added = policy.to_owned();
    for (list, items) in additions {
        // An item of JSON is one of YAML.
        let items = items.iter().map(|item| format!("  - {item}\n")).collect::<Vec<String>>().concat();
        let begin = format!("\n{list}:\n");
        if added.matches(&begin).count() != 1 {
            return Err(format!("the policy has no list {list} to add to"));
        }
        added = added.replace(&begin, &format!("{begin}{items}"));
    }
    Ok(added)
}

/// Plays all of them.
///
/// # Errors
/// Which did not come out as they must, and what was seen instead.
pub async fn refuse_and_allow(deployment: &Deployment) -> Outcome<()> {
    let ground = &Ground::new(deployment)?;
    prepare(deployment).await?;
    let (cases, stories) = (cases(), stories());
    // Stories take longer, so they begin first.
    let of_stories = stories.iter().map(|story| (story.name(), story.play(ground).boxed_local()));
    let of_cases = cases.iter().map(|case| (case.name(), case.play(ground).boxed_local()));
    let plays: Vec<(String, LocalBoxFuture<'_, Outcome<()>>)> = of_stories.chain(of_cases).collect();
    let plays = plays.into_iter().map(|(name, play)| async move { play.await.err().map(|why| format!("{name}: {why}")) });
    let failed: Vec<String> = stream::iter(plays).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    deployment.operator.json(&["remediation", "resume", "--name", STOPPED]).await?;
    if !failed.is_empty() {
        return Err(failed.join("\n"));
    }
    // What follows is to find nothing of this.
    eventually(CLEARED, async || ground.is_cleared().await).await
}

const STOPPED: &str = "guards-kill-switch-refuses";

/// What operators do before: one of two remediations is stopped, and one of two alerts
/// is in a window of planned work.
async fn prepare(deployment: &Deployment) -> Outcome<()> {
    let stop = ["remediation", "stop", "--name", STOPPED, "--why", "this is tried"];
    deployment.operator.json(&stop).await?;
    let window = ["maintenance", "add", r#"alertname="guards-suppressed-refuses""#, "--for", "12h", "--why", "this is tried"];
    deployment.operator.json(&window).await.map(|_| ())
}
