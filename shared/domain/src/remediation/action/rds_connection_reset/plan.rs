//! What exactly is done to end connections, and what can be seen of it afterwards?

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::REASON_MAX;
use crate::remediation::action::rds::DbFacts;
use crate::remediation::action::rds_sessions::{DataApi, EndedSession, SessionId, SessionState, Sessions, counted, either, told};
use crate::remediation::action::{Lacking, Seen};
use crate::span::Span;
use crate::text::{clean, instant};

/// The status of an instance that is being restarted.
const REBOOTING: &str = "rebooting";
/// The status of a cluster in which another instance takes over.
const FAILING_OVER: &str = "failing-over";

/// An end to connections, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum RdsConnectionResetPlan {
    /// End sessions.
    Sessions(Box<EndSessionsPlan>),
    /// Restart an instance.
    Reboot {
        /// Its identifier.
        instance: String,
        /// By failing over to the standby.
        force_failover: bool,
        /// Who was connected before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        witnesses: Option<Box<Witnesses>>,
    },
    /// Fail over a cluster.
    Failover {
        /// The instance that the alarm is about: the one that writes.
        instance: String,
        /// Its cluster's identifier.
        cluster: String,
        /// Who was connected before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        witnesses: Option<Box<Witnesses>>,
    },
}

/// The very sessions that are ended, however often that is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndSessionsPlan {
    /// The instance that the alarm is about.
    pub instance: String,
    /// How its database is reached.
    pub data_api: DataApi,
    /// In which states sessions may be ended.
    pub states: Vec<SessionState>,
    /// How long they must have been in their state.
    pub idle_for: Span,
    /// How many may be ended.
    pub at_most: u32,
    /// Those to end; never empty.
    pub sessions: Vec<EndedSession>,
}

/// Sessions that end when the database is restarted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witnesses {
    /// How their database is reached.
    pub data_api: DataApi,
    /// Which they are; never empty.
    pub sessions: Vec<SessionId>,
}

impl EndSessionsPlan {
    /// How many of its sessions are there as they were; none if that cannot be seen.
    fn n_left(&self, sessions: &Sessions) -> Option<usize> {
        let Sessions::Listed(listed) = sessions else { return None };
        let is_left = |chosen: &&EndedSession| listed.iter().any(|session| session.is_still(chosen, self.idle_for));
        Some(self.sessions.iter().filter(is_left).count())
    }

    /// Whether whoever agreed to `asked` agreed to this. They were told of whom, in
    /// which states and how many at most; by the time that they agree, some sessions
    /// have ended by themselves and others have become as old.
    fn is_covered(&self, asked: &EndSessionsPlan) -> bool {
        let knows = |user: &str| asked.sessions.iter().any(|session| session.user == user);
        self.instance == asked.instance
            && self.data_api == asked.data_api
            && self.idle_for >= asked.idle_for
            && self.at_most <= asked.at_most
            && self.states.iter().all(|state| asked.states.contains(state))
            && self.sessions.iter().all(|session| knows(&session.user))
    }
}

impl RdsConnectionResetPlan {
    /// How the sessions are seen after it, where they say what became of it.
    pub fn data_api(&self, facts: &DbFacts, since: Timestamp) -> Option<&DataApi> {
        match self {
            RdsConnectionResetPlan::Sessions(plan) => Some(&plan.data_api),
            RdsConnectionResetPlan::Reboot { witnesses, .. } | RdsConnectionResetPlan::Failover { witnesses, .. } => {
                let is_asked = facts.status == "available" && !self.has_restarted(facts, since);
                witnesses.as_ref().filter(|_| is_asked).map(|witnesses| &witnesses.data_api)
            }
        }
    }

    /// Whether events are looked for after it.
    pub const fn leaves_events(&self) -> bool {
        match self {
            RdsConnectionResetPlan::Sessions(_) => false,
            RdsConnectionResetPlan::Reboot { .. } | RdsConnectionResetPlan::Failover { .. } => true,
        }
    }

    /// Whether there is a trace of a restart at or after `since`, be it by us or not:
    /// either way a second would be one too many.
    fn has_restarted(&self, facts: &DbFacts, since: Timestamp) -> bool {
        let is_since = |at: Option<Timestamp>| at.is_some_and(|at| at >= since);
        let of_instance = facts.status == REBOOTING || is_since(facts.restarted_at);
        match (self, &facts.cluster) {
            (RdsConnectionResetPlan::Failover { instance, .. }, Some(cluster)) => {
                let has_other = cluster.writer.is_some() && !cluster.is_written_by(instance);
                of_instance || has_other || cluster.status == FAILING_OVER || is_since(cluster.failed_over_at)
            }
            (RdsConnectionResetPlan::Failover { .. }, None) | (RdsConnectionResetPlan::Reboot { .. }, _) => of_instance,
            (RdsConnectionResetPlan::Sessions(_), _) => false,
        }
    }

    /// See `Recipe::sentence`.
    pub(super) fn sentence(&self) -> String {
        match self {
            RdsConnectionResetPlan::Sessions(plan) => format!(
                "end {} of {} (at most {}) that have been {} for {} or longer: {}",
                counted(plan.sessions.len(), "session"),
                plan.instance,
                plan.at_most,
                either(&plan.states),
                plan.idle_for.spoken(),
                told(plan.sessions.iter().map(|session| session.user.as_str()))
            ),
            RdsConnectionResetPlan::Reboot { instance, force_failover: false, .. } => format!("reboot {instance}"),
            RdsConnectionResetPlan::Reboot { instance, force_failover: true, .. } => {
                format!("reboot {instance} by failing over to its standby")
            }
            RdsConnectionResetPlan::Failover { instance, cluster, .. } => format!("fail over cluster {cluster} of {instance}"),
        }
    }

    /// See `Recipe::is_covered`.
    pub(super) fn is_covered_by(&self, asked: &RdsConnectionResetPlan) -> bool {
        use RdsConnectionResetPlan::{Failover, Reboot, Sessions as End};
        match (asked, self) {
            (End(asked), End(plan)) => plan.is_covered(asked),
            (Reboot { instance: a, force_failover: b, .. }, Reboot { instance, force_failover, .. }) => {
                (a, b) == (instance, force_failover)
            }
            (Failover { instance: a, cluster: b, .. }, Failover { instance, cluster, .. }) => (a, b) == (instance, cluster),
            (End(_) | Reboot { .. } | Failover { .. }, _) => false,
        }
    }

    /// See `Recipe::seen`.
    pub(super) fn seen(&self, facts: &DbFacts, since: Timestamp) -> Seen {
        match self {
            RdsConnectionResetPlan::Sessions(plan) => match plan.n_left(&facts.sessions) {
                Some(0) => Seen::Done,
                Some(_) => Seen::NotDone,
                // To end them again would end nothing else.
                None => Seen::Unclear,
            },
            RdsConnectionResetPlan::Reboot { witnesses, .. } | RdsConnectionResetPlan::Failover { witnesses, .. } => {
                if self.has_restarted(facts, since) {
                    Seen::Done
                } else if witnesses.as_ref().is_some_and(|witnesses| witnesses.has_any(&facts.sessions)) {
                    // Were a restart just about to begin, RDS would refuse another.
                    Seen::NotDone
                } else {
                    Seen::Doubtful("it cannot be told whether the restart was done, and it is not done twice".to_owned())
                }
            }
        }
    }

    /// See `Recipe::in_place`.
    pub(super) fn in_place(&self, facts: &DbFacts) -> Result<(), Lacking> {
        match self {
            RdsConnectionResetPlan::Sessions(plan) => match (plan.n_left(&facts.sessions), &facts.sessions) {
                (Some(0), _) => Ok(()),
                (Some(n), _) => Err(Lacking::Yet(format!("{n} of {} are still there", counted(plan.sessions.len(), "session")))),
                (None, Sessions::Hidden(why)) => Err(Lacking::Yet(clean(why, REASON_MAX))),
                (None, Sessions::Listed(_) | Sessions::NotAsked) => {
                    Err(Lacking::Yet("the sessions were not looked at".to_owned()))
                }
            },
            RdsConnectionResetPlan::Reboot { .. } | RdsConnectionResetPlan::Failover { .. } => match &facts.cluster {
                _ if facts.status != "available" => Err(Lacking::Yet(format!("the instance is {}", facts.status))),
                Some(cluster) if cluster.status == FAILING_OVER => Err(Lacking::Yet("the cluster is failing over".to_owned())),
                Some(_) | None => Ok(()),
            },
        }
    }

    /// See `Recipe::differences`.
    pub(super) fn differences(&self, facts: &DbFacts) -> Vec<String> {
        let mut differences: Vec<String> = facts.restarted_at.iter().map(|at| format!("restarted at {}", instant(*at))).collect();
        if let RdsConnectionResetPlan::Sessions(plan) = self
            && let Some(n_left) = plan.n_left(&facts.sessions)
            && n_left < plan.sessions.len()
        {
            let n_gone = plan.sessions.len() - n_left;
            differences.push(format!("{n_gone} of {} are gone or in use", counted(plan.sessions.len(), "session")));
        }
        differences
    }
}

impl Witnesses {
    /// Whether one of these is still there: then nothing was restarted.
    fn has_any(&self, sessions: &Sessions) -> bool {
        match sessions {
            Sessions::Listed(listed) => listed.iter().any(|session| self.sessions.contains(session.id())),
            Sessions::Hidden(_) | Sessions::NotAsked => false,
        }
    }
}
