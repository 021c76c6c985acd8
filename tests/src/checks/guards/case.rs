//! One alarm that calls for one remediation: what is made for it, how it is played,
//! and what must come of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::ground::{Ground, PREFIX, Remedy};
use super::thing::Thing;
use crate::scenes::record;
use crate::stack::{Outcome, eventually};

/// How long each wait may take, on a machine that does other work as well.
const LIMIT: Duration = Duration::from_mins(3);
/// How long an action has to help, which the drill divides by sixty: longer than any wait
/// here, so that a slow machine alone is never taken for an action that did not help.
const HELPS_WITHIN: &str = "8h";

/// One alarm that calls for one remediation.
#[derive(Debug, Clone)]
pub(super) struct Case {
    name: &'static str,
    /// Whose target it is about, if not its own.
    target: Option<&'static str>,
    /// What the policy says, but for name and matchers.
    remediation: Value,
    thing: Thing,
    /// What the alarm names instead of its target.
    dimensions: Option<Value>,
    /// How long ago the alarm's state began.
    minutes_old: i64,
    /// The stage at which it is seen what was done, and the alarm goes OK.
    until: &'static str,
    is_approved: bool,
    /// The stage in which it ends.
    ends: &'static str,
    /// The guard that refuses.
    guard: Option<&'static str>,
    /// What the record says, each a part of a line.
    says: Vec<&'static str>,
    /// All that is done to the target, as the target itself tells it.
    trace: Vec<String>,
}

/// A case of which it is known what was done, while its alarm is still firing.
#[derive(Debug)]
pub(super) struct Begun<'c> {
    case: &'c Case,
    incident: String,
}

impl Case {
    /// A case of which nothing is expected yet.
    pub(super) fn new(name: &'static str, remediation: Value, thing: Thing) -> Case {
        Case {
            name,
            target: None,
            remediation,
            thing,
            dimensions: None,
            minutes_old: 0,
            until: "",
            is_approved: false,
            ends: "",
            guard: None,
            says: Vec::new(),
            trace: Vec::new(),
        }
    }

    /// The same, refused by a guard that says this; nothing is touched.
    pub(super) fn refused(self, guard: &'static str, why: &'static str) -> Case {
        Case { until: "refused", ends: "refused", guard: Some(guard), says: vec![why], ..self }
    }

    /// The same, which only says what it would do; nothing is touched.
    pub(super) fn observes(self, would: &'static str) -> Case {
        Case { until: "observing", ends: "observed", says: vec![would], ..self }
    }

    /// The same, which does this, with these traces, and there is nothing to put back.
    pub(super) fn acts(self, does: &'static str, traces: &[&str]) -> Case {
        let mut case = Case { until: "verifying", ends: "recovered", ..self }.leaves(traces);
        case.says.push(does);
        case
    }

    /// The same, which does this and puts it back, with these traces.
    pub(super) fn puts_back(self, does: &'static str, traces: &[&str]) -> Case {
        Case { ends: "reverted", ..self.acts(does, traces) }
    }

    /// The same, whose last act a person approves.
    pub(super) fn on_approval(self) -> Case {
        Case { is_approved: true, ..self }
    }

    /// The same with another end.
    pub(super) fn ends(self, stage: &'static str) -> Case {
        Case { ends: stage, ..self }
    }

    /// The same, of which the record says this, too.
    pub(super) fn says(mut self, part: &'static str) -> Case {
        self.says.push(part);
        self
    }

    /// The same, after which the target has these traces.
    pub(super) fn leaves(self, traces: &[&str]) -> Case {
        Case { trace: traces.iter().map(|trace| (*trace).to_owned()).collect(), ..self }
    }

    /// The same about another case's target.
    pub(super) fn of(self, target: &'static str) -> Case {
        Case { target: Some(target), ..self }
    }

    /// The same with an alarm that names something else.
    pub(super) fn naming(self, dimensions: Value) -> Case {
        Case { dimensions: Some(dimensions), ..self }
    }

    /// The same with an alarm whose state began so many minutes ago.
    pub(super) fn minutes_old(self, minutes: i64) -> Case {
        Case { minutes_old: minutes, ..self }
    }

    /// Its name, which its alarm and its remediation have, too.
    pub(super) fn name(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    fn target(&self) -> String {
        format!("{PREFIX}{}", self.target.unwrap_or(self.name))
    }

    /// Its remediation, as the policy has it: it acts without asking and as often as it
    /// likes, unless the case is about just that.
    pub(super) fn policy(&self) -> Value {
        let name = self.name();
        let mut policy = json!({
            "name": name,
            "matchers": [format!("alertname=\"{name}\"")],
            "mode": "act",
            "approval": "none",
            "verify": {"within": HELPS_WITHIN},
            "limits": {"per_hour": 10_000},
        });
        for (key, value) in self.remediation.as_object().into_iter().flatten() {
            match (key.as_str(), value.as_object()) {
                ("limits", Some(limits)) => limits.iter().for_each(|(limit, value)| policy["limits"][limit] = value.clone()),
                _ => policy[key] = value.clone(),
            }
        }
        // An approval that is not said is one by the nature of the step.
        if policy["approval"].is_null()
            && let Some(policy) = policy.as_object_mut()
        {
            policy.remove("approval");
        }
        policy
    }

    /// Plays it from begin to end.
    pub(super) async fn play(&self, ground: &Ground) -> Outcome<()> {
        self.begin(ground).await?.end(ground).await
    }

    /// Makes the target, has the alarm fire, and waits until it is known what comes of
    /// it.
    pub(super) async fn begin(&self, ground: &Ground) -> Outcome<Begun<'_>> {
        let (name, target) = (self.name(), self.target());
        self.thing.make(&ground.deployment, &target).await?;
        let dimensions = self.dimensions.clone().unwrap_or_else(|| self.thing.dimensions(&target));
        ground.alarm(&name, "ALARM", self.minutes_old, &dimensions).await?;
        let incident = eventually(LIMIT, async || ground.incident(&name).await).await?;
        if self.is_approved {
            self.approve(ground, &incident).await?;
        }
        await_stage(ground, &incident, &name, |remedy| {
            let answered = remedy.path.iter().rposition(|stage| stage == "approved").unwrap_or(0);
            remedy.has_passed(self.until, answered)
        })
        .await?;
        Ok(Begun { case: self, incident })
    }

    /// Waits for the question, sees that what it asks for is not done, and agrees.
    async fn approve(&self, ground: &Ground, incident: &str) -> Outcome<()> {
        let name = self.name();
        await_stage(ground, incident, &name, |remedy| remedy.has_passed("asked", 0)).await?;
        let (done, wanted) = (self.traces(ground).await?, self.trace.split_last().map_or(&[][..], |(_, before)| before));
        if done != wanted {
            return Err(format!("when it asked there was {done:?} at the target instead of {wanted:?}"));
        }
        ground.deployment.operator.json(&["remediation", "approve", incident, &name]).await.map(|_| ())
    }

    async fn traces(&self, ground: &Ground) -> Outcome<Vec<String>> {
        self.thing.traces(&ground.deployment, &self.target()).await
    }
}

impl Begun<'_> {
    /// Has the alarm go OK, waits for the end, and looks at the record and the target.
    pub(super) async fn end(self, ground: &Ground) -> Outcome<()> {
        let Begun { case, incident } = self;
        let name = case.name();
        let dimensions = case.dimensions.clone().unwrap_or_else(|| case.thing.dimensions(&case.target()));
        ground.alarm(&name, "OK", 0, &dimensions).await?;
        await_stage(ground, &incident, &name, |remedy| remedy.is_at(case.ends)).await?;
        eventually(LIMIT, async || {
            let traces = case.traces(ground).await?;
            let is_it = traces == case.trace;
            if is_it { Ok(()) } else { Err(format!("at the target there is {traces:?} instead of {:?}", case.trace)) }
        })
        .await?;
        ground.shown(&incident).await.and_then(|incident| case.is_told(&incident))
    }
}

impl Case {
    /// Whether the record says what it is to say.
    fn is_told(&self, incident: &Value) -> Outcome<()> {
        let lines = record(incident);
        for part in &self.says {
            if !lines.iter().any(|line| line.contains(part)) {
                return Err(format!("the record does not say \"{part}\": {lines:#?}"));
            }
        }
        let Some(guard) = self.guard else { return Ok(()) };
        let because = format!("guard: {guard}");
        let refused = lines.iter().find(|line| line.contains("refused: "));
        match refused {
            Some(line) if line.contains(&because) && self.says.iter().all(|part| line.contains(part)) => Ok(()),
            Some(line) => Err(format!("it was not refused by {guard}: {line}")),
            None => Err(format!("it was not refused: {lines:#?}")),
        }
    }
}

/// Waits until a remediation has come as far as is wanted; no longer if it is over. If it
/// never comes, the record says why.
async fn await_stage(ground: &Ground, incident: &str, name: &str, is_there: impl Fn(&Remedy) -> Outcome<()>) -> Outcome<()> {
    let arrived = eventually(LIMIT, async || {
        let remedy = ground.remedy(incident, name).await?;
        match is_there(&remedy) {
            Err(why) if remedy.is_over() => Ok(Err(why)),
            Err(why) => Err(why),
            Ok(()) => Ok(Ok(())),
        }
    })
    .await
    .flatten();
    let Err(why) = arrived else { return Ok(()) };
    let lines = ground.shown(incident).await.map_or_else(|error| vec![error], |incident| record(&incident));
    Err(format!("{why}; its record: {lines:#?}"))
}

impl Remedy {
    /// Whether it has come through a stage, after the `from`th.
    fn has_passed(&self, stage: &str, from: usize) -> Outcome<()> {
        let has = self.path.iter().skip(from).any(|passed| passed == stage);
        if has { Ok(()) } else { Err(format!("it was not {stage} yet: {self}")) }
    }

    /// Whether it is at a stage.
    fn is_at(&self, stage: &str) -> Outcome<()> {
        let is = self.path.last().is_some_and(|last| last == stage);
        if is { Ok(()) } else { Err(format!("it is not {stage}: {self}")) }
    }
}
