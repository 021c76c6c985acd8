//! The whole, deployed by Terraform onto the local stack with the release
//! binaries: the scenes of the demonstration and what only a test asks.
//!
//! One deployment serves all tests, which run side by side where they do not
//! disturb each other; then each is reported.

#![allow(clippy::print_stdout, reason = "a figure is for whoever runs the tests")]
#![allow(clippy::unwrap_used, reason = "a test ends when something is not as it must be")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use tests::checks;
use tests::scenes::{Narrator, Scene, Stage};
use tests::stack::{Outcome, Root, Stack};

const SMALL: &str = "the_functions_are_small";
const PLAN: &str = "a_second_plan_changes_nothing";
const LOAD: &str = "scene_1_api_under_load";
const CONNECTIONS: &str = "scene_2_database_connections";
const REFUSAL: &str = "scene_3_remediation_refused";
const NOISE: &str = "scene_4_noise";
const BURST: &str = "a_thousand_alarms_are_one_incident";
const GUARDS: &str = "every_guard_refuses_and_allows";
const TOLD: &str = "what_remediation_does_is_told_on_eventbridge";
const BAD_POLICY: &str = "a_bad_policy_fails_the_apply_and_the_old_one_stays";
const BREAKAGE: &str = "scene_5_something_breaks";
const OUTSIDE: &str = "scene_6_a_look_from_outside";
const DESTROY: &str = "destroy_leaves_nothing";

/// Ten minutes, divided by the time scale of the stack.
const ESCALATION_DELAY: Duration = Duration::from_secs(10);

/// In the order in which they are reported.
const ALL: [&str; 13] =
    [SMALL, PLAN, LOAD, CONNECTIONS, REFUSAL, NOISE, BURST, GUARDS, TOLD, BAD_POLICY, BREAKAGE, OUTSIDE, DESTROY];

/// What is known of each test.
#[derive(Default)]
struct Results(Mutex<BTreeMap<&'static str, Outcome<()>>>);

impl Results {
    async fn of(&self, name: &'static str, test: impl Future<Output = Outcome<()>>) {
        let outcome = test.await;
        self.0.lock().unwrap().insert(name, outcome);
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let results = Results::default();
    let begun = if arguments.list {
        Ok(())
    } else {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(perform(&results))
    };
    let mut known = results.0.into_inner().unwrap();
    let trials = ALL
        .into_iter()
        .map(|name| {
            // One that never began fails for the reason for which the others ended.
            let outcome =
                known.remove(name).unwrap_or_else(|| Err(begun.clone().err().unwrap_or_else(|| "it never began".to_owned())));
            Trial::test(name, move || outcome.map_err(Into::into))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Has the escalation wait ten minutes instead of half an hour, so that less time
/// is spent on waiting, and adds what the guards are tried with; everything else of the
/// policy is as it is shipped.
fn adapt_policy(stack: &Stack) -> Outcome<()> {
    let path = stack.terraform.folder().join("policy/policy.yaml");
    let policy = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let shortened = policy.replace("escalation_delay_in_minutes: 30", "escalation_delay_in_minutes: 10");
    if shortened == policy {
        return Err(format!("{}: no delay of 30 minutes is left to shorten", path.display()));
    }
    stack.terraform.write("policy/policy.yaml", &checks::guards::added_to(&shortened)?)
}

async fn perform(results: &Results) -> Outcome<()> {
    let stack = Stack::start(Root::Test).await?;
    results.of(SMALL, async { checks::size::zips(&stack.places.artifacts) }).await;
    stack.terraform.set(&stack.variables())?;
    adapt_policy(&stack)?;
    stack.terraform.init().await?;
    stack.terraform.apply().await?;
    let deployment = stack.deployed().await?;
    deployment.make_workload().await?;
    let stage = Stage::new(deployment, ESCALATION_DELAY, Narrator::silent());
    tokio::join!(
        results.of(PLAN, checks::plan::changes_nothing(&stack.terraform)),
        results.of(LOAD, Scene::Load.play(&stage)),
        results.of(CONNECTIONS, Scene::Connections.play(&stage)),
        results.of(NOISE, Scene::Noise.play(&stage)),
        results.of(OUTSIDE, Scene::Outside.play(&stage)),
    );
    tokio::join!(
        results.of(BURST, async {
            let each = checks::burst::is_one_incident(&stage).await?;
            println!("a burst of 1,000 alarms took {each:.3} writes an alarm");
            Ok(())
        }),
        // After the first scene, which needs the same remediation.
        results.of(REFUSAL, Scene::Refusal.play(&stage)),
        // After the first join, whose actions count for the hourly limit as well.
        results.of(GUARDS, checks::guards::refuse_and_allow(&stage.deployment)),
        results.of(TOLD, checks::guards::on_eventbridge(&stage.deployment)),
        results.of(BAD_POLICY, checks::policy::bad_one_is_refused(&stack, &stage.deployment)),
    );
    results.of(BREAKAGE, Scene::Breakage.play(&stage)).await;
    results.of(DESTROY, checks::destroy::leaves_nothing(&stack)).await;
    Ok(())
}
