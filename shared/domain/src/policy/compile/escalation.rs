//! The part about escalation policies: who is woken after whom?

use std::collections::BTreeMap;

use super::Reader;
use crate::policy::source::{EscalationSource, TargetKind};
use crate::policy::{EscalationPolicy, EscalationRule, WhenMuted};
use crate::span::Span;

impl Reader<'_> {
    pub(super) fn escalation_policies(&mut self) -> BTreeMap<String, EscalationPolicy> {
        let source = self.source;
        let mut policies = BTreeMap::new();
        for (n, policy) in source.escalation_policies.iter().enumerate() {
            let path = format!("escalation_policies[{n}]");
            if policy.escalation_rules.is_empty() {
                self.problem(format!("{path}.escalation_rules"), "a policy needs at least one rule");
            }
            let rules = self.rules(policy, &path);
            policies.insert(
                policy.name.clone(),
                EscalationPolicy {
                    name: policy.name.clone(),
                    rules,
                    num_loops: policy.num_loops,
                    acknowledgement_timeout: policy.acknowledgement_timeout.map(|span| span.shortened(self.scale)),
                    auto_resolve_timeout: policy.auto_resolve_timeout.map(|span| span.shortened(self.scale)),
                    skip_empty: policy.skip_empty.unwrap_or(true),
                    on_exhausted: policy.on_exhausted,
                },
            );
        }
        policies
    }

    fn rules(&mut self, policy: &EscalationSource, path: &str) -> Vec<EscalationRule> {
        let users: Vec<String> = self.source.users.iter().map(|user| user.id.clone()).collect();
        let schedules: Vec<String> = self.source.schedules.iter().map(|schedule| schedule.name.clone()).collect();
        let receivers: Vec<String> = self.source.receivers.iter().map(|receiver| receiver.name.clone()).collect();
        let mut rules = Vec::new();
        for (n, rule) in policy.escalation_rules.iter().enumerate() {
            let place = format!("{path}.escalation_rules[{n}]");
            for (m, target) in rule.targets.iter().enumerate() {
                let (what, known) = match target.kind {
                    TargetKind::User => ("user", &users),
                    TargetKind::Schedule => ("schedule", &schedules),
                    TargetKind::Receiver => ("receiver", &receivers),
                };
                self.must_be_known(what, &target.id, known, &format!("{place}.targets[{m}].id"));
            }
            if rule.targets.is_empty() {
                self.problem(format!("{place}.targets"), "a rule needs somebody to tell");
            }
            if !(1..=10_080).contains(&rule.escalation_delay_in_minutes) {
                self.problem(format!("{place}.escalation_delay_in_minutes"), "write 1 to 10080 minutes (a week)");
            }
            rules.push(EscalationRule {
                delay: Span::minutes(rule.escalation_delay_in_minutes.min(10_080)).shortened(self.scale),
                targets: rule.targets.clone(),
                muting: self.muting(&rule.active_time_intervals, &rule.mute_time_intervals, WhenMuted::Drop, &place),
            });
        }
        rules
    }
}
