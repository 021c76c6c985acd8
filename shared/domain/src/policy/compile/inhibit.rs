//! What is a symptom of what? The rules of the file, and those that the catalogue's
//! dependencies make.

use std::collections::{BTreeMap, BTreeSet};

use super::Reader;
use crate::depend::{circle, dependants};
use crate::inhibit::InhibitRule;
use crate::matcher::{Matcher, is_label_name};

impl Reader<'_> {
    pub(super) fn inhibit_rules(&mut self) -> Vec<InhibitRule> {
        let source = self.source;
        let mut rules = Vec::new();
        for (n, rule) in source.inhibit_rules.iter().enumerate() {
            let path = format!("inhibit_rules[{n}]");
            let cause = self.side(&path, "source", &rule.source_matchers, &rule.source_match, &rule.source_match_re);
            let symptom = self.side(&path, "target", &rule.target_matchers, &rule.target_match, &rule.target_match_re);
            if cause.is_empty() && symptom.is_empty() {
                let why = "without matchers every alert is both cause and symptom, and such a one holds nothing back; \
                           write which alerts hold back which";
                self.refusal(&path, why);
            }
            for (m, name) in rule.equal.iter().enumerate().filter(|(_, name)| !is_label_name(name)) {
                let why = format!("`{name}` is not a label name; write for instance service or region");
                self.refusal(format!("{path}.equal[{m}]"), why);
            }
            rules.push(InhibitRule::new(rule.name.clone(), cause, symptom, rule.equal.clone()));
        }
        rules.extend(self.dependency_rules());
        rules
    }

    /// One side of a rule: its matchers in both forms.
    fn side(
        &mut self,
        path: &str,
        side: &str,
        matchers: &[String],
        equal: &BTreeMap<String, String>,
        like: &BTreeMap<String, String>,
    ) -> Vec<Matcher> {
        let mut read = self.matchers(matchers, &format!("{path}.{side}_matchers"));
        read.extend(self.older_matchers((equal, &format!("{path}.{side}_match")), (like, &format!("{path}.{side}_match_re"))));
        read
    }

    /// While a service has an open P1, what depends on it is held back if it is less
    /// urgent.
    fn dependency_rules(&mut self) -> Vec<InhibitRule> {
        let source = self.source;
        let services = || source.services.iter().map(|service| (service.name.as_str(), service.depends_on.as_slice()));
        if let Some(circle) = circle(services()) {
            let path = format!("services[{}].depends_on[{}]", circle.service, circle.nth);
            let why =
                format!("{}; what fails first must stand somewhere, so take one of them out", circle.names.join(" depends on "));
            self.refusal(path, why);
        }
        if !source.dependencies.hold_symptoms {
            return Vec::new();
        }
        self.dependants().iter().map(|(on, names)| InhibitRule::of_dependency(on, names)).collect()
    }

    /// For each service that others depend on, their names.
    pub(super) fn dependants(&self) -> BTreeMap<String, BTreeSet<String>> {
        dependants(self.source.services.iter().map(|service| (service.name.as_str(), service.depends_on.as_slice())))
    }
}
