//! Is a flow right as a whole?

use std::collections::BTreeSet;

use super::defaults::Defaults;
use super::scope::{Known, Scope};
use super::step::Surroundings;
use super::{Reader, is_id};
use crate::probe::flow::{Flow, Objective, Step};
use crate::probe::source::{FlowSource, ObjectiveSource, RegionsSource, StepSource};
use crate::span::Span;

/// Most steps of a flow, and of its cleanup.
const STEPS_MAX: usize = 50;
const CLEANUP_MAX: usize = 20;
/// Shortest and longest time over which an objective may hold.
const WINDOW: (Span, Span) = (Span::days(1), Span::days(90));

impl Reader<'_> {
    /// The flow with this number.
    pub(super) fn flow(&mut self, n: usize, defaults: &Defaults) -> Flow {
        let whole = self.source;
        let source = &whole.flows[n];
        let path = format!("flows[{n}]");
        self.id(n, &source.id);
        let mut scope = Scope::of_flow(whole, source, &path);
        let own = self.headers(&source.headers, &format!("{path}.headers"), &scope);
        let around = Surroundings {
            timeout: self.timeout(source.timeout, defaults.timeout, &path),
            headers: super::http::over(&defaults.headers, &own),
            redirects: self.redirects(source.redirects, defaults.redirects, &path),
        };
        if source.steps.is_empty() {
            self.problem(format!("{path}.steps"), "a flow needs steps; write for instance `steps: [{get: https://…}]`");
        }
        let steps = self.steps(&source.steps, (&path, "steps", STEPS_MAX), &around, &mut scope);
        let cleanup = self.steps(&source.cleanup, (&path, "cleanup", CLEANUP_MAX), &around, &mut scope);
        self.one_host_learns_secrets(source, &path, steps.iter().chain(&cleanup), &scope);
        Flow {
            id: source.id.clone(),
            service: source.service.clone(),
            priority: source.priority,
            every: self.every(source.every, defaults.every, &path),
            regions: self.regions_of_flow(source, &path),
            alert: self.alert(source.alert, defaults.alert, &format!("{path}.alert")),
            slo: source.slo.map(|slo| self.objective(slo, &format!("{path}.slo"))),
            allow_cidrs: match &source.allow_cidrs {
                Some(networks) => self.cidrs(networks, &format!("{path}.allow_cidrs")),
                None => defaults.allow_cidrs.clone(),
            },
            steps,
            cleanup,
        }
    }

    fn id(&mut self, n: usize, id: &str) {
        let path = format!("flows[{n}].id");
        if id.is_empty() {
            self.problem(path, "a flow needs an id, by which its metrics and alerts go; write for instance `id: create-order`");
        } else if !is_id(id) {
            self.problem(path, format!("`{id}` is not an id; write letters, digits, `-`, `_` and `.`, 1 to 64 of them"));
        } else if self.source.flows[..n].iter().any(|flow| flow.id == id) {
            self.problem(path, format!("there is another `{id}` above; ids must differ"));
        }
    }

    fn steps<'s>(
        &mut self,
        sources: &'s [StepSource],
        (path, list, max): (&str, &str, usize),
        around: &Surroundings,
        scope: &mut Scope<'s>,
    ) -> Vec<Step> {
        self.at_most(sources.len(), max, "steps", &format!("{path}.{list}"));
        let mut steps = Vec::new();
        for (n, source) in sources.iter().enumerate() {
            steps.extend(self.step(source, &format!("{path}.{list}[{n}]"), around, scope));
            for (name, capture) in &source.capture {
                scope.add(name, capture.secret);
            }
        }
        steps
    }

    /// Where a flow is run. Which Regions the defaults name has been looked at; a flow
    /// that names its own has a quorum of its own.
    fn regions_of_flow(&mut self, source: &FlowSource, path: &str) -> crate::probe::flow::Regions {
        let (own, base) = (&source.regions, &self.source.defaults.regions);
        let path = format!("{path}.regions");
        if own.run.is_none() && own.quorum.is_none() {
            let mut quiet = Reader { strict: false, problems: Vec::new(), source: self.source };
            return quiet.regions(base, &path);
        }
        let quorum = if own.run.is_some() { own.quorum } else { own.quorum.or(base.quorum) };
        let regions = RegionsSource { run: own.run.clone().or_else(|| base.run.clone()), quorum };
        self.regions(&regions, &path)
    }

    fn objective(&mut self, source: ObjectiveSource, path: &str) -> Objective {
        let target = source.target.unwrap_or_default();
        let place = format!("{path}.target");
        if source.target.is_none() {
            self.problem(place, "an objective needs a target in percent; write for instance `target: 99.9`");
        } else if target <= 0.0 || target >= 100.0 {
            let hint = if target >= 100.0 {
                "with 100 there is no error budget: every failure would break it"
            } else {
                "that is no objective"
            };
            self.problem(place, format!("{hint}; write more than 0 and less than 100, such as 99.9"));
        } else if target < 1.0 {
            self.refusal(place, format!("{target} is in percent; for {} percent write {}", target * 100.0, target * 100.0));
        }
        let window = source.window.unwrap_or(Span::days(30));
        if window < WINDOW.0 || window > WINDOW.1 {
            self.problem(
                format!("{path}.window"),
                format!("`{window}` is no time for an objective; write 1d to 90d, such as 30d"),
            );
        }
        let min_bad = source.min_bad.unwrap_or(3);
        if !(1..=1_000).contains(&min_bad) {
            self.problem(format!("{path}.min_bad"), "write 1 to 1000 bad runs");
        }
        Objective { target, window, min_bad }
    }

    /// A secret that the flow's header fields have goes to one host alone.
    fn one_host_learns_secrets<'f>(
        &mut self,
        source: &FlowSource,
        path: &str,
        steps: impl Iterator<Item = &'f Step>,
        scope: &Scope<'_>,
    ) {
        let hosts: BTreeSet<String> = steps.filter_map(|step| super::http::authority(&step.kind)).collect();
        if hosts.len() < 2 {
            return;
        }
        for (name, value) in &source.headers {
            let Ok(template) = crate::probe::template::Template::parse(value) else { continue };
            if template.variables().any(|name| scope.known(name) == Some(Known::Secret)) {
                let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
                let why = format!(
                    "a secret here would go to {}; write this field at the steps whose host may know it",
                    hosts.join(" and ")
                );
                self.problem(format!("{path}.headers.{name}"), why);
            }
        }
    }
}
