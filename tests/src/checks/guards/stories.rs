//! The guards that look at what was done to a target before: two alarms each.

use serde_json::{Value, json};
use testkit::services::automations::Ending;

use super::case::Case;
use super::ground::Ground;
use super::others::{redrive, run};
use super::shared::scale_out;
use super::thing::{Queue, Runbook, Service, Thing};
use crate::stack::Outcome;

/// Two cases, one of which has to do with the other.
#[derive(Debug, Clone)]
pub(super) struct Story {
    first: Case,
    second: Case,
    order: Order,
}

/// How two cases follow one another.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// The second begins when the first is over.
    After,
    /// The second comes and goes while the first goes on.
    Within,
    /// The second begins while the first goes on, and ends after it.
    Overlapping,
}

impl Story {
    /// Both cases.
    pub(super) fn cases(&self) -> [&Case; 2] {
        [&self.first, &self.second]
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        self.second.name()
    }

    pub(super) async fn play(&self, ground: &Ground) -> Outcome<()> {
        match self.order {
            Order::After => {
                self.first.play(ground).await?;
                self.second.play(ground).await
            }
            Order::Within => {
                let first = self.first.begin(ground).await?;
                self.second.play(ground).await?;
                first.end(ground).await
            }
            Order::Overlapping => {
                let first = self.first.begin(ground).await?;
                let second = self.second.begin(ground).await?;
                first.end(ground).await?;
                second.end(ground).await
            }
        }
    }
}

/// A pause after which the next may act at once.
const NO_PAUSE: &str = "1s";
const RAISED: [&str; 2] = ["from 3 to 6", "from 2 to 6"];

fn limited(limits: &Value) -> Value {
    scale_out(&json!({"limits": limits}))
}

fn after_a_pause(pause: &str) -> Value {
    limited(&json!({"cooldown": pause}))
}

pub(super) fn stories() -> Vec<Story> {
    let mut stories = leases();
    stories.extend(pauses());
    stories.extend(breakers());
    stories
}

fn leases() -> Vec<Story> {
    let raises =
        |name, remediation| Case::new(name, remediation, Service::default().into()).puts_back("raise the minimum", &RAISED);
    let again = || Thing::again(Service::default());
    let anew = json!({"action": "ecs-new-deployment", "parameters": {"min_age": "0s"}});
    vec![
        // Two incidents, one raise, one way back.
        Story {
            first: raises("lease-first", scale_out(&json!({}))).ends("handed-on").leaves(&RAISED[..1]),
            second: Case::new("lease-shares", scale_out(&json!({})), again())
                .of("lease-first")
                .puts_back("shares what was done: raise the minimum", &RAISED),
            order: Order::Overlapping,
        },
        Story {
            first: raises("lease-held", scale_out(&json!({}))),
            second: Case::new("lease-refuses", anew.clone(), again())
                .of("lease-held")
                .refused("lease", "is working on this target with guards-lease-held since")
                .leaves(&RAISED[..1]),
            order: Order::Within,
        },
        Story {
            first: raises("lease-free", after_a_pause(NO_PAUSE)),
            second: Case::new("lease-allows", anew, again()).of("lease-free").acts(
                "replace the tasks of",
                // That there are three tasks is the first's doing: what has scaled out is
                // scaled in by its own policies.
                &[&RAISED[..], &["3 tasks of revision 1", "revision 1 deployed"]].concat(),
            ),
            order: Order::After,
        },
    ]
}

fn pauses() -> Vec<Story> {
    let runs = |name, document, pause: &str| {
        let mut remediation = run(document);
        remediation["limits"] = json!({"cooldown": pause});
        Case::new(name, remediation, Runbook::of(document).into()).acts("run runbook", &["ran for"])
    };
    let service = || Thing::again(Service::default());
    let moves = |name, pause: &str| {
        let mut remediation = redrive(3);
        remediation["limits"] = json!({"cooldown": pause});
        Case::new(name, remediation, Queue::of(1).into())
    };
    vec![
        Story {
            first: runs("cooldown-before", "guards-cooldown-before", "4h").leaves(&["ran for guards-cooldown-before"]),
            second: Case::new("cooldown-refuses", scale_out(&json!({})), service())
                .of("cooldown-before")
                .refused("cooldown", "the target is left alone until"),
            order: Order::After,
        },
        Story {
            first: runs("cooldown-over", "guards-cooldown-over", NO_PAUSE).leaves(&["ran for guards-cooldown-over"]),
            second: Case::new("cooldown-allows", scale_out(&json!({})), service())
                .of("cooldown-over")
                .puts_back("raise the minimum", &RAISED),
            order: Order::After,
        },
        // By then at least one action has begun in the account.
        Story {
            first: Case::new("hourly-limit-allows", limited(&json!({"per_hour": 10_000})), Service::default().into())
                .puts_back("raise the minimum", &RAISED),
            second: Case::new("hourly-limit-refuses", limited(&json!({"per_hour": 1})), Service::default().into())
                .refused("hourly-limit", "actions began in the last hour, and at most 1 may"),
            order: Order::After,
        },
        Story {
            first: moves("redrive-before", NO_PAUSE).acts("move the messages of", &["moved 1"]),
            second: moves("redrive-came-back", NO_PAUSE)
                .of("redrive-before")
                .refused("came-back", "they may be such that nobody can process")
                .leaves(&["moved 1"]),
            order: Order::After,
        },
    ]
}

fn breakers() -> Vec<Story> {
    let story = |failing: &'static str, document: &'static str, second: Case| {
        let mut remediation = run(document);
        remediation["limits"] = json!({"cooldown": NO_PAUSE});
        let runbook = Runbook { ending: Ending::TimedOut, ..Runbook::of(document) };
        let first = Case::new(failing, remediation, runbook.into()).acts("run runbook", &[]).ends("not-recovered");
        Story { first, second: second.of(failing), order: Order::After }
    };
    let after = |failures: u32| limited(&json!({"consecutive_failures": failures}));
    let service = || Thing::again(Service::default());
    let mut stories = vec![
        story(
            "breaker-before",
            "guards-breaker-before",
            Case::new("breaker-refuses", after(1), service())
                .refused("breaker", "1 actions on this target failed in a row, and after 1"),
        ),
        story(
            "breaker-closed",
            "guards-breaker-closed",
            Case::new("breaker-allows", after(2), service()).puts_back("raise the minimum", &RAISED),
        ),
    ];
    for (story, trace) in stories.iter_mut().zip(["ran for guards-breaker-before", "ran for guards-breaker-closed"]) {
        story.first = story.first.clone().leaves(&[trace]);
    }
    stories
}
