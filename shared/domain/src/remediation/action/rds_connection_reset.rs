//! An end to the connections of an RDS instance, the least invasive way first.
//!
//! Where the database is Aurora `PostgreSQL` with a Data API, it is seen who is
//! connected, and sessions that do nothing are ended. If that does not help, or
//! cannot be, the instance is restarted: by a failover where another can take over.
//!
//! A restart is never begun twice. RDS tells its events as best it can, and nothing
//! else says when an instance was last started; so after a tick that was cut off, it
//! is only begun again if a session from before is seen to be still there. Where
//! that cannot be seen people are told that nobody knows.

mod plan;

use jiff::Timestamp;
use serde::Deserialize;

use super::rds::{self, DbCluster, DbFacts};
use super::rds_sessions::{DataApi, EndSessions, Sessions, diagnosis, either, first_begun, n_connections};
use super::{Attempt, Lacking, Planned, Recipe, Seen, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::guard::MANAGED_TAG;
use crate::remediation::{Refusal, Target};
use crate::text::clean;

pub use self::plan::{EndSessionsPlan, RdsConnectionResetPlan, Witnesses};

/// How many sessions are noted that were there before a restart.
const N_WITNESSES: usize = 5;
/// Longest reason of the Data API that is told, in characters.
const REASON_MAX: usize = 300;

/// An end to the connections of an RDS instance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RdsConnectionReset {
    /// Which sessions are ended before anything else; without it, none.
    pub sessions: Option<EndSessions>,
    /// Whether the instance may be restarted; it may unless this says `false`.
    pub restart: bool,
    /// Fail over to the standby, where there is one: quicker than a restart.
    pub force_failover: bool,
}

impl Default for RdsConnectionReset {
    fn default() -> RdsConnectionReset {
        RdsConnectionReset { sessions: None, restart: true, force_failover: false }
    }
}

impl RdsConnectionReset {
    /// How the sessions of an instance are seen; none if the policy names none, or a
    /// guard forbids it.
    pub fn data_api(&self, instance: &str, facts: &DbFacts) -> Option<DataApi> {
        data_api(self.sessions.as_ref()?, instance, facts).ok()
    }

    fn plan_restart(&self, instance: &str, facts: &DbFacts) -> Result<Planned<RdsConnectionResetPlan>, Refusal> {
        if facts.status != "available" {
            return Err(Refusal::unfit("available", format!("the instance is {}, not available", facts.status)));
        }
        if !facts.pending.is_empty() {
            let why = format!("a restart would also apply pending changes: {}", facts.pending.join(", "));
            return Err(Refusal::unfit("pending-changes", why));
        }
        let (witnesses, caveats) = self.witnesses(instance, facts);
        let instance = instance.to_owned();
        let (plan, touched_percent) = match &facts.cluster {
            // Another can take over from the instance that writes. One that only reads
            // is restarted by itself: a failover would not touch its connections.
            Some(cluster) if cluster.n_instances > 1 => {
                let percent = 100_u32.div_ceil(u32::try_from(cluster.n_instances).unwrap_or(u32::MAX));
                let plan = if cluster.is_written_by(&instance) {
                    must_be_managed(cluster)?;
                    RdsConnectionResetPlan::Failover { instance, cluster: cluster.name.clone(), witnesses }
                } else {
                    RdsConnectionResetPlan::Reboot { instance, force_failover: false, witnesses }
                };
                (plan, percent)
            }
            Some(_) | None => {
                let force_failover = self.force_failover && facts.is_multi_az;
                (RdsConnectionResetPlan::Reboot { instance, force_failover, witnesses }, 100)
            }
        };
        Ok(Planned { plan, touched_percent, caveats })
    }

    /// Who would see a restart, and what is to be said of who is connected.
    fn witnesses(&self, instance: &str, facts: &DbFacts) -> (Option<Box<Witnesses>>, Vec<String>) {
        match &facts.sessions {
            Sessions::NotAsked => (None, Vec::new()),
            Sessions::Hidden(why) => (None, vec![clean(why, REASON_MAX)]),
            Sessions::Listed(listed) => {
                let sessions = first_begun(listed, N_WITNESSES);
                let data_api = self.data_api(instance, facts).filter(|_| !sessions.is_empty());
                (data_api.map(|data_api| Box::new(Witnesses { data_api, sessions })), vec![diagnosis(listed)])
            }
        }
    }
}

fn plan_sessions(wanted: &EndSessions, instance: &str, facts: &DbFacts) -> Result<Planned<RdsConnectionResetPlan>, Refusal> {
    let data_api = data_api(wanted, instance, facts)?;
    let listed = match &facts.sessions {
        Sessions::Listed(listed) => listed,
        Sessions::Hidden(why) => return Err(Refusal::unfit("data-api", clean(why, REASON_MAX))),
        Sessions::NotAsked => return Err(Refusal::unfit("data-api", "the sessions were not looked at")),
    };
    let sessions = wanted.chosen(listed);
    if sessions.is_empty() {
        let why = format!(
            "no session that may be ended has been {} for {} or longer ({})",
            either(&wanted.states),
            wanted.idle_for.spoken(),
            diagnosis(listed)
        );
        return Err(Refusal::unfit("idle-sessions", why));
    }
    let touched_percent = (sessions.len() * 100).div_ceil(n_connections(listed).max(1));
    let plan = EndSessionsPlan {
        instance: instance.to_owned(),
        data_api,
        states: wanted.states.clone(),
        idle_for: wanted.idle_for,
        at_most: wanted.at_most,
        sessions,
    };
    Ok(Planned {
        plan: RdsConnectionResetPlan::Sessions(Box::new(plan)),
        touched_percent: u32::try_from(touched_percent).unwrap_or(u32::MAX),
        caveats: vec![diagnosis(listed)],
    })
}

/// The guards of the Data API.
fn data_api(wanted: &EndSessions, instance: &str, facts: &DbFacts) -> Result<DataApi, Refusal> {
    must_be_own_cluster(wanted, facts)?;
    let Some(cluster) = &facts.cluster else {
        return Err(Refusal::unfit("cluster", "the instance is in no cluster, and only Aurora has a Data API"));
    };
    if !cluster.engine.contains("postgres") {
        let why = format!("sessions are ended in PostgreSQL, and cluster {} is {}", cluster.name, cluster.engine);
        return Err(Refusal::unfit("engine", why));
    }
    must_be_managed(cluster)?;
    if !cluster.has_http_endpoint {
        let why = format!("the HTTP endpoint of cluster {} is not enabled", cluster.name);
        return Err(Refusal::unfit("http-endpoint", why));
    }
    if !cluster.is_written_by(instance) {
        let writer = cluster.writer.as_deref().unwrap_or("unknown");
        let why = format!("the Data API reaches only the instance that writes, and that is {writer}");
        return Err(Refusal::unfit("writer", why));
    }
    let (secret_arn, database) = (wanted.secret_arn.clone(), wanted.database.clone());
    Ok(DataApi { cluster_arn: cluster.arn.clone(), secret_arn, database })
}

/// A cluster that the policy names is the only one whose instances it means.
fn must_be_own_cluster(wanted: &EndSessions, facts: &DbFacts) -> Result<(), Refusal> {
    let Some(named) = &wanted.cluster_arn else { return Ok(()) };
    match &facts.cluster {
        Some(cluster) if cluster.arn == *named => Ok(()),
        Some(cluster) => {
            let why = format!("the instance is in cluster {}, and the policy names {named}", cluster.arn);
            Err(Refusal::unfit("own-cluster", why))
        }
        None => Err(Refusal::unfit("own-cluster", format!("the instance is in no cluster, and the policy names {named}"))),
    }
}

/// A cluster is touched only if it is tagged, as its instance is.
fn must_be_managed(cluster: &DbCluster) -> Result<(), Refusal> {
    let (tag, value) = MANAGED_TAG;
    if cluster.tags.get(tag).map(String::as_str) == Some(value) {
        Ok(())
    } else {
        Err(Refusal::unfit("cluster-tag", format!("cluster {} lacks the tag {tag}={value}", cluster.name)))
    }
}

impl Recipe for RdsConnectionReset {
    type Facts = DbFacts;
    type Plan = RdsConnectionResetPlan;

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = self.sessions.as_ref().map(EndSessions::problems).unwrap_or_default();
        if self.sessions.is_none() && !self.restart {
            problems.push(("restart", "without a restart and without `sessions` there is nothing to do".to_owned()));
        }
        if self.force_failover && !self.restart {
            let why = "it is about the restart, and `restart: false` says that there is none; take one of them out";
            problems.push(("force_failover", why.to_owned()));
        }
        problems
    }

    fn n_steps(&self) -> usize {
        usize::from(self.sessions.is_some()) + usize::from(self.restart)
    }

    fn is_disruptive(&self, step: usize) -> bool {
        self.sessions.is_none() || step > 0
    }

    fn target_of_labels(&self, labels: &Labels) -> Option<Target> {
        rds::of_labels(labels)
    }

    fn target_of_service(&self, service: &Service) -> Option<Target> {
        rds::of_service(service)
    }

    fn tags(facts: &DbFacts) -> &Tags {
        &facts.tags
    }

    fn plan(&self, attempt: Attempt<'_>, facts: &DbFacts) -> Result<Planned<RdsConnectionResetPlan>, Refusal> {
        if let Some(wanted) = &self.sessions {
            must_be_own_cluster(wanted, facts)?;
        }
        let instance = &attempt.target.name;
        match (&self.sessions, attempt.step) {
            (Some(wanted), 0) => plan_sessions(wanted, instance, facts),
            // The policy may have lost steps since this one was reached.
            (_, step) if step >= self.n_steps() => Err(Refusal::unfit("step", "the policy has no such step any more")),
            (Some(_) | None, _) => self.plan_restart(instance, facts),
        }
    }

    fn sentence(plan: &RdsConnectionResetPlan) -> String {
        plan.sentence()
    }

    fn is_covered(asked: &RdsConnectionResetPlan, plan: &RdsConnectionResetPlan) -> bool {
        plan.is_covered_by(asked)
    }

    fn seen(plan: &RdsConnectionResetPlan, facts: &DbFacts, since: Timestamp) -> Seen {
        plan.seen(facts, since)
    }

    fn in_place(plan: &RdsConnectionResetPlan, facts: &DbFacts) -> Result<(), Lacking> {
        plan.in_place(facts)
    }

    fn differences(plan: &RdsConnectionResetPlan, facts: &DbFacts) -> Vec<String> {
        plan.differences(facts)
    }
}

#[cfg(test)]
mod tests;
