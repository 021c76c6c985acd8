//! What is this alert about, how urgent is it, and whose is it?
//!
//! Rules are read in order. A rule that matches sets what no rule before it has
//! set; so special rules stand above general ones. What no rule sets comes from
//! the alert's tags and its own `priority`, the catalogue of services, the `severity`
//! label (one step more urgent where a more important service depends on it), and last
//! from the default: an alert that nobody has a rule for is a P2, never dropped.

mod trace;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::trace::RuleSeen;
pub(crate) use self::trace::rules_seen;
use crate::alert::Alert;
use crate::labels::Labels;
use crate::matcher::{Matcher, all_match};
use crate::policy::source::{ServiceSource, SetSource};
use crate::policy::{EcsSource, LambdaSource, Policy, RdsSource, SqsSource};
use crate::priority::Priority;

/// The priority of an alert that nothing says anything about.
pub const UNKNOWN: Priority = Priority::P2;

/// At which level of the system something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Machines, networks, managed services.
    Infrastructure,
    /// Our own code.
    Application,
    /// What the business sees.
    Business,
    /// Attacks and leaks.
    Security,
}

impl Layer {
    /// The value of the `layer` label.
    pub const fn label(self) -> &'static str {
        match self {
            Layer::Infrastructure => "infrastructure",
            Layer::Application => "application",
            Layer::Business => "business",
            Layer::Security => "security",
        }
    }
}

/// One service of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The team that owns it.
    pub team: Option<String>,
    /// 1 is the most important.
    pub tier: Option<u8>,
    /// For instance `production`.
    pub environment: Option<String>,
    /// Services that it cannot do without.
    pub depends_on: Vec<String>,
    /// Where to read what to do.
    pub runbook: Option<String>,
    /// Where to look.
    pub dashboard: Option<String>,
    /// Name of the CloudWatch log group that it writes.
    pub log_group: Option<String>,
    /// Its ECS service.
    pub ecs: Option<EcsSource>,
    /// Its RDS instance.
    pub rds: Option<RdsSource>,
    /// Its Lambda function.
    pub lambda: Option<LambdaSource>,
    /// Its dead-letter queue.
    pub sqs: Option<SqsSource>,
}

impl Service {
    pub(crate) fn of(source: &ServiceSource) -> Service {
        Service {
            name: source.name.clone(),
            team: source.team.clone(),
            tier: source.tier,
            environment: source.environment.clone(),
            depends_on: source.depends_on.clone(),
            runbook: source.runbook.clone(),
            dashboard: source.dashboard.clone(),
            log_group: source.log_group.clone(),
            ecs: source.ecs.clone(),
            rds: source.rds.clone(),
            lambda: source.lambda.clone(),
            sqs: source.sqs.clone(),
        }
    }

    /// Whether the alert's dimensions name this service's resources.
    fn owns(&self, labels: &Labels) -> bool {
        // A missing label is no resource, whatever the catalogue says.
        let names = |label: &str, value: &str| labels.find(label) == Some(value);
        let is_ecs =
            self.ecs.as_ref().is_some_and(|ecs| names("ServiceName", &ecs.service) && names("ClusterName", &ecs.cluster));
        let is_rds = self.rds.as_ref().is_some_and(|rds| names("DBInstanceIdentifier", &rds.db_instance));
        let is_lambda = self.lambda.as_ref().is_some_and(|lambda| names("FunctionName", &lambda.function));
        let is_sqs = self.sqs.as_ref().is_some_and(|sqs| names("QueueName", &sqs.queue));
        is_ecs || is_rds || is_lambda || is_sqs
    }
}

/// One rule.
#[derive(Debug, Clone)]
pub struct ClassifyRule {
    /// For people.
    pub name: String,
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// What it sets.
    pub set: SetSource,
}

/// What was found out about an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// How urgent it is.
    pub priority: Priority,
    /// All labels: the alert's own, what the rules set, and the results here.
    pub labels: Labels,
    /// Where to read what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// Names of the remediations that are called for, in the policy's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remediations: Vec<String>,
    /// Why, one sentence for each finding.
    pub because: Vec<String>,
}

/// Finds out what `alert` is about.
pub fn classify(policy: &Policy, alert: &Alert) -> Classification {
    let mut findings = Findings { labels: alert.labels.clone(), ..Findings::default() };
    for rule in &policy.classify {
        if all_match(&rule.matchers, &findings.labels) {
            findings.apply(rule);
        }
    }
    findings.find_service(&policy.services);
    findings.find_priority(policy);
    let Findings { mut labels, priority, runbook, remediations: called_for, mut because, .. } = findings;
    let priority = priority.unwrap_or_else(|| {
        because.push(format!("no rule sets a priority, so it is {UNKNOWN}"));
        UNKNOWN
    });
    labels.set("priority", &priority.to_string());
    let remediations = policy
        .remediations
        .iter()
        .filter(|remediation| {
            let is_matched = !remediation.matchers.is_empty() && all_match(&remediation.matchers, &labels);
            is_matched || called_for.contains(&remediation.name)
        })
        .map(|remediation| remediation.name.clone())
        .collect();
    Classification { priority, labels, runbook, remediations, because }
}

#[derive(Default)]
struct Findings {
    labels: Labels,
    priority: Option<Priority>,
    runbook: Option<String>,
    /// Remediations that rules call for.
    remediations: BTreeSet<String>,
    /// Labels that a rule has set; a later rule leaves them alone.
    set_by_rule: BTreeSet<String>,
    because: Vec<String>,
}

impl Findings {
    /// Sets what no rule before has set, and says what that was.
    fn apply(&mut self, rule: &ClassifyRule) -> Vec<String> {
        let mut set = Vec::new();
        if self.priority.is_none()
            && let Some(priority) = rule.set.priority
        {
            self.priority = Some(priority);
            set.push(priority.to_string());
        }
        if self.runbook.is_none()
            && let Some(runbook) = &rule.set.runbook
        {
            self.runbook = Some(runbook.clone());
        }
        if let Some(remediation) = &rule.set.remediation
            && self.remediations.insert(remediation.clone())
        {
            set.push(format!("remediation {remediation}"));
        }
        let layer = rule.set.layer.map(|layer| layer.label().to_owned());
        let fixed = [("team", rule.set.team.clone()), ("service", rule.set.service.clone()), ("layer", layer)];
        let free = rule.set.labels.iter().map(|(name, value)| (name.as_str(), Some(value.clone())));
        for (name, value) in fixed.into_iter().chain(free) {
            if let Some(value) = value
                && self.set_by_rule.insert(name.to_owned())
            {
                self.labels.set(name, &value);
                set.push(format!("{name} {value}"));
            }
        }
        if !set.is_empty() {
            self.because.push(format!("rule `{}` sets {}", rule.name, set.join(", ")));
        }
        set
    }

    /// The value of an alarm's tag, whatever its case: `Team` is as common as
    /// `team`.
    fn tag(&self, name: &str) -> Option<String> {
        let is_it = |label: &str| label.strip_prefix("tag_").is_some_and(|tag| tag.eq_ignore_ascii_case(name));
        self.labels.iter().find(|(label, _)| is_it(label)).map(|(_, value)| value.clone())
    }

    /// The service named by a rule, a label or a tag, else the one that owns the
    /// resource; then what the catalogue knows of it.
    fn find_service(&mut self, services: &BTreeMap<String, Service>) {
        for name in ["service", "team"] {
            if self.labels.find(name).is_none()
                && let Some(tag) = self.tag(name)
            {
                self.labels.set(name, &tag);
                self.because.push(format!("the alarm's tag says {name} {tag}"));
            }
        }
        let service = match self.labels.find("service") {
            Some(name) => services.get(name),
            None => services.values().find(|service| service.owns(&self.labels)),
        };
        let Some(service) = service else { return };
        if self.labels.find("service").is_none() {
            self.because.push(format!("its dimensions name a resource of service {}", service.name));
        }
        self.labels.set_default("service", &service.name);
        let tier = service.tier.map(|tier| tier.to_string());
        for (name, value) in [("team", &service.team), ("environment", &service.environment), ("tier", &tier)] {
            if let Some(value) = value {
                self.labels.set_default(name, value);
            }
        }
        if self.runbook.is_none() {
            self.runbook.clone_from(&service.runbook);
        }
    }

    fn find_priority(&mut self, policy: &Policy) {
        if self.priority.is_some() {
            return;
        }
        let own = self.labels.find("priority").and_then(|label| label.parse().ok());
        if let Some(Ok(priority)) = self.tag("priority").map(|tag| tag.parse()) {
            self.priority = Some(priority);
            self.because.push(format!("the alarm's tag says {priority}"));
        } else if let Some(priority) = own {
            self.priority = Some(priority);
            self.because.push(format!("the alert's own label says {priority}"));
        } else if let Some((severity, priority)) =
            self.labels.find("severity").and_then(|name| policy.severities.get_key_value(name))
        {
            self.priority = Some(*priority);
            self.because.push(format!("severity {severity} means {priority}"));
            self.raise(policy, *priority);
        }
    }

    /// What a more important service depends on is as urgent as that service makes
    /// it: one step more than its severity says. What a rule or a tag says stays, and
    /// so does what is only for the record.
    fn raise(&mut self, policy: &Policy, priority: Priority) {
        let raised = match priority {
            Priority::P2 => Priority::P1,
            Priority::P3 => Priority::P2,
            Priority::P1 | Priority::P4 => return,
        };
        let service = self.labels.find("service").and_then(|name| policy.services.get(name));
        let Some((service, tier)) = service.and_then(|service| Some((service, service.tier?))).filter(|_| policy.raise_causes)
        else {
            return;
        };
        let dependants = policy.dependants.get(&service.name).into_iter().flatten();
        let tier_of = |name: &String| policy.services.get(name).and_then(|service| service.tier);
        if let Some((above, name)) = dependants.filter_map(|name| Some((tier_of(name)?, name))).min()
            && above < tier
        {
            self.priority = Some(raised);
            self.because.push(format!("raised to {raised}: {name} of tier {above} depends on {} of tier {tier}", service.name));
        }
    }
}

#[cfg(test)]
mod tests;
