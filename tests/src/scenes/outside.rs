//! A look from outside: what users cannot do is one incident that says what, where and
//! why; and a job that nobody has heard of in its night is one, too.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, ready, select};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Stage;
use super::connections::pages;
use super::event::{Metric, alarm_about, now_ms};
use super::stage::{expect, is, subjects};
use crate::stack::{ELSEWHERE, FLOW, GRACE_SECONDS, HOME, JOB, Outcome, SHOP, eventually, now};

/// The metric of which each flow's alarm is.
const NAMESPACE: &str = "Watchkeeper/Probes";
/// How far back the first round is: a prober believes a minute within three of its own.
const FIRST_ROUND: SignedDuration = SignedDuration::from_mins(-2);
/// How long before its time the job is heard of, at least: a run that comes a minute early
/// would be the one that is waited for.
const HEARD_BEFORE: SignedDuration = SignedDuration::from_secs(75);
/// How long the job is waited for, at most.
const NIGHT: Duration = Duration::from_mins(5);
/// Between two looks at whether somebody was told too early.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

pub(super) async fn play(stage: &Stage) -> Outcome<()> {
    let job = Job::heard(stage).await?;
    let (flow, quiet) = (pin!(flow(stage)), pin!(job.is_not_missed_yet(stage)));
    let waited_for = format!("{} is due at {}, and does not come: not late yet", JOB, job.due.strftime("%H:%M"));
    match select(flow, quiet).await {
        Either::Left((flow, quiet)) => {
            flow?;
            stage.step(&waited_for, quiet).await?;
        }
        Either::Right((quiet, flow)) => {
            flow.await?;
            stage.step(&waited_for, ready(quiet)).await?;
        }
    }
    job.is_missed(stage).await
}

/// Users cannot order: first in one Region, then in two of three, then all can again.
async fn flow(stage: &Stage) -> Outcome<()> {
    let shop = &stage.deployment.shop;
    let mut rounds = Rounds::begin(stage);
    let [first, second] = ELSEWHERE;
    shop.fail_in(&[]);
    stage.step("three Regions log in and order every minute: all is well", rounds.pass(1, &[])).await?;
    shop.fail_in(&[first]);
    stage.step(&format!("{first} gets a 502 for its order, twice"), rounds.pass(2, &[])).await?;
    stage.later("one of three is no quorum: the metric Down says 0", async || rounds.counted(0.0).await).await?;
    stage.step("it is known, and nobody is told", only_known(stage, first)).await?;
    shop.fail_in(&ELSEWHERE);
    stage.step(&format!("{second} gets it as well, twice"), rounds.pass(2, &[FLOW])).await?;
    stage.later("two of three: the metric Down says 1", async || rounds.counted(1.0).await).await?;
    alarm(stage, "ALARM").await?;
    let id = stage.soon("an incident is opened", async || stage.only_incident(FLOW).await).await?;
    let n_paged = answer(stage, &id).await?;
    stage.step("it names step, Regions, times, and what came back", says_what(stage, &id)).await?;
    stage.show(&["probes", "show", FLOW]).await?;
    shop.fail_in(&[]);
    stage.step("orders are taken again, everywhere", rounds.pass(1, &[])).await?;
    stage.later("the metric Down says 0", async || rounds.counted(0.0).await).await?;
    stage.next_second().await;
    alarm(stage, "OK").await?;
    stage.later("the incident is resolved", async || is(&stage.incident(&id).await?, "resolved")).await?;
    stage.soon("operations is told of the end", async || stage.letter("operations", &id, "Resolved").await).await?;
    stage
        .step("there was no other page, and no other incident", async {
            let n = pages(stage, &id).await?.len();
            expect(n == n_paged, || format!("{n} people were paged instead of {n_paged}"))?;
            expect(stage.only_incident(FLOW).await? == id, || "there is another one".to_owned())
        })
        .await?;
    stage.tell(&id).await
}

/// The rounds of all Regions, minute after minute: as their schedules begin them, but
/// without waiting for minutes to pass.
struct Rounds<'s> {
    stage: &'s Stage,
    minute: Timestamp,
    /// When the last of them began, in milliseconds since 1970.
    since_ms: i64,
}

impl<'s> Rounds<'s> {
    fn begin(stage: &'s Stage) -> Rounds<'s> {
        Rounds { stage, minute: minute_of(now() + FIRST_ROUND), since_ms: now_ms() }
    }

    /// So many minutes pass; afterwards these flows are down, says the prober at home.
    async fn pass(&mut self, n: usize, down: &[&str]) -> Outcome<()> {
        let deployment = &self.stage.deployment;
        for turn in 1..=n {
            for region in ELSEWHERE {
                let answer = deployment.round(region, self.minute).await?;
                expect(answer["runs"] == 1, || format!("in {region} was not one run: {answer}"))?;
            }
            self.since_ms = now_ms();
            // Its schedule may have had it run the flow in this minute already; it judges
            // every time.
            let answer = deployment.round(HOME, self.minute).await?;
            self.minute += SignedDuration::from_mins(1);
            let silent = &answer["silent"];
            expect(*silent == json!([]), || format!("nothing is heard of {silent}"))?;
            expect(turn < n || answer["flows_down"] == json!(down), || format!("not {down:?} is down: {answer}"))?;
        }
        Ok(())
    }

    /// Whether the log of the last round says so of the metric by which the alarm goes,
    /// with the dimensions that the alarm has. On a busy machine the emulator shows what a
    /// round has logged only with the next one, a minute later.
    async fn counted(&self, down: f64) -> Outcome<()> {
        let deployment = &self.stage.deployment;
        let lines = deployment.api.lines(&deployment.function("prober")?, self.since_ms).await?;
        let values = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_flow: Vec<Value> = values.filter(|line| line["Flow"] == FLOW && line["Down"].is_number()).collect();
        let last = of_flow.last().ok_or("the prober has counted nothing")?;
        let metrics = &last["_aws"]["CloudWatchMetrics"][0];
        let mut by: Vec<&str> = metrics["Dimensions"][0].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        by.sort_unstable();
        let is_of_alarm = metrics["Namespace"] == NAMESPACE && by == ["Flow", "Priority", "Service"];
        expect(is_of_alarm && last["Down"] == json!(down), || last.to_string())
    }
}

/// Has the flow's alarm go into a state and EventBridge say so, which the emulator does not
/// do by itself: it reads no metrics from logs.
async fn alarm(stage: &Stage, word: &str) -> Outcome<()> {
    let (api, name) = (&stage.deployment.api, format!("watchkeeper-probe-{FLOW}"));
    let dimensions = json!({"Flow": FLOW, "Service": SHOP, "Priority": "P1"});
    let metric = Metric { namespace: NAMESPACE, name: "Down", dimensions: &dimensions };
    stage
        .step(&format!("{name} goes {word}"), async {
            api.set_alarm(&name, word, "as the prober has counted").await?;
            let event = alarm_about(HOME, &name, word, now_ms(), &metric);
            api.invoke_later(&stage.deployment.function("classifier")?, &event).await
        })
        .await
}

/// Whether the command-line tool says where the flow is down, and there is no incident.
async fn only_known(stage: &Stage, region: &str) -> Outcome<()> {
    let shown = stage.deployment.operator.json(&["probes", "show", FLOW]).await?;
    let regions = shown["regions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let down: Vec<&Value> = regions.iter().filter(|it| !it["down_since"].is_null()).map(|it| &it["region"]).collect();
    expect(shown["is_down"] == false && down == [region], || shown.to_string())?;
    let n = stage.deployment.operator.incidents(FLOW).await?.len();
    expect(n == 0, || format!("there are {n} incidents"))
}

/// Takes the incident by the link in the page; gives how many pages went out until then.
async fn answer(stage: &Stage, id: &str) -> Outcome<usize> {
    let visitor = &stage.deployment.visitor;
    let page = stage
        .soon("the primary is paged", async || {
            let first = pages(stage, id).await?.into_iter().next();
            first.ok_or_else(|| "nobody is paged".to_owned())
        })
        .await?;
    stage
        .step("who opens the link in the page and acknowledges", async {
            let opened = visitor.open(&page.text).await?;
            let answered = visitor.press(&opened, &opened.button("Acknowledge")?).await?;
            expect(answered.status == 200, || format!("{} {}", answered.status, answered.html))?;
            let shown = stage.incident(id).await?;
            is(&shown, "acknowledged")?;
            let paged = pages(stage, id).await?;
            // Whoever is slower than the policy allows has the next one paged, too.
            let in_time = open_for(&shown) < stage.escalation_delay;
            expect(paged.len() == 1 || !in_time, || format!("{:?}", subjects(&paged)))?;
            Ok(paged.len())
        })
        .await
}

/// How long an incident has been open.
fn open_for(shown: &Value) -> Duration {
    let opened = shown["incident"]["opened_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    opened.and_then(|at| Duration::try_from(now().duration_since(at)).ok()).unwrap_or_default()
}

/// Whether the incident and the first letter about it say all that the prober knows.
async fn says_what(stage: &Stage, id: &str) -> Outcome<()> {
    let incident = &stage.incident(id).await?["incident"];
    expect(incident["priority"] == "P1", || format!("it is a {}", incident["priority"]))?;
    let text = |name: &str| incident[name].as_str().unwrap_or_default();
    let [first, second] = ELSEWHERE;
    for (part, name) in [
        (format!("{FLOW} fails at step 2 (POST "), "title"),
        ("expected status == 201; status is 502".to_owned(), "title"),
        (format!("in {second} and {first}"), "title"),
        (format!("Seen in {first}"), "summary"),
        ("first byte 1".to_owned(), "summary"),
        ("in all ".to_owned(), "summary"),
        ("no stock service answers".to_owned(), "reason"),
    ] {
        expect(text(name).contains(&part), || format!("its {name} lacks \"{part}\": {}", text(name)))?;
    }
    let letter = stage.letter("operations", id, FLOW).await?;
    let is_told = ["step 2", "502", "no stock service answers"].iter().all(|part| letter.text.contains(part));
    expect(is_told, || letter.text.clone())
}

/// A job that runs every night.
struct Job {
    /// When it is due next.
    due: Timestamp,
    /// What it calls when it has succeeded.
    address: String,
}

impl Job {
    /// A job that was heard of and is due soon.
    async fn heard(stage: &Stage) -> Outcome<Job> {
        let (deployment, operator) = (&stage.deployment, &stage.deployment.operator);
        let due = minute_of(now() + HEARD_BEFORE) + SignedDuration::from_mins(1);
        let night = due.strftime("%-M %-H * * *").to_string();
        stage
            .step(&format!("the probes file has the job {JOB}: cron \"{night}\""), async {
                deployment.install_probes(&deployment.shop.probes(Some(&night))).await?;
                deployment.sweep().await
            })
            .await?;
        let url = operator.json(&["heartbeat", "url", JOB]).await?;
        let job = Job { due, address: url["url"].as_str().unwrap_or_default().to_owned() };
        // It is watched once the sweeper has seen the file; what was heard before that says
        // nothing of this night.
        stage
            .soon(&format!("it runs, and pings; it is due again at {}", due.strftime("%H:%M")), async || {
                job.ping(stage).await?;
                let listed = operator.json(&["heartbeat", "list"]).await?;
                let listed = &listed["heartbeats"][0];
                let due_at = listed["due_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
                expect(listed["state"] == "well" && due_at == Some(due), || listed.to_string())
            })
            .await?;
        Ok(job)
    }

    async fn ping(&self, stage: &Stage) -> Outcome<()> {
        let page = stage.deployment.visitor.ping(&self.address).await?;
        expect(page.status == 200 && page.html == "ok\n", || format!("{} {}", page.status, page.html))
    }

    fn late_at(&self) -> Timestamp {
        self.due + SignedDuration::from_secs(GRACE_SECONDS.into())
    }

    /// Sees that nobody is told until its grace is over, though the sweeper has looked.
    async fn is_not_missed_yet(&self, stage: &Stage) -> Outcome<()> {
        loop {
            if now() > self.due {
                stage.deployment.sweep().await?;
            }
            let n = stage.deployment.operator.incidents(JOB).await?.len();
            if now() >= self.late_at() {
                return Ok(());
            }
            expect(n == 0, || format!("{n} incidents were opened before {}", self.late_at()))?;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Its grace is over; then it comes all the same.
    async fn is_missed(&self, stage: &Stage) -> Outcome<()> {
        let sweep = async || stage.deployment.sweep().await;
        let swept = async || {
            sweep().await?;
            stage.only_incident(JOB).await
        };
        let id = stage.step("its grace is over: it is an incident", eventually(NIGHT, swept)).await?;
        stage
            .step("which says what was due when", async {
                let incident = &stage.incident(&id).await?["incident"];
                let due = self.due.strftime("it was due at %Y-%m-%d %H:%M:%S UTC").to_string();
                let reason = incident["reason"].as_str().unwrap_or_default();
                let is_told = reason.contains(&due) && reason.contains("last success: ") && incident["priority"] == "P2";
                expect(is_told, || incident.to_string())
            })
            .await?;
        stage.soon("operations is told", async || stage.letter("operations", &id, JOB).await).await?;
        stage.show(&["heartbeat", "list"]).await?;
        stage.step("the job runs after all, and pings", self.ping(stage)).await?;
        stage
            .later("the incident is resolved", async || {
                sweep().await?;
                is(&stage.incident(&id).await?, "resolved")
            })
            .await?;
        stage.soon("operations is told of the end", async || stage.letter("operations", &id, "Resolved").await).await?;
        stage.tell(&id).await
    }
}

/// The beginning of the minute that a moment lies in.
fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second() - at.as_second().rem_euclid(60)).unwrap_or(at)
}
