//! The file is right; but is it what was meant? Warnings of what is probably not.

use std::collections::BTreeSet;

use super::cost;
use super::expect::Expectation;
use super::flow::{Flow, Probes, Step, StepKind};
use super::source::{AlertSource, FlowSource, ProbesSource};
use super::template::{Part, Template};
use crate::policy::Warning;
use crate::policy::lint::{Kind, allowed, kind};

/// All kinds of warnings, in the order of their names.
pub const KINDS: [Kind; 11] = [
    kind("allowance-unused", "an entry of `allow_warnings` that allows nothing"),
    kind("capture-unused", "a captured value that nothing uses"),
    kind("credential-in-file", "a password or token that stands in the file"),
    kind("expects-nothing", "a flow that is right whatever the answers are"),
    kind("metadata-reachable", "a network in which a machine's credentials are"),
    kind("over-budget", "more dollars a month than the budget"),
    kind("page-on-one-failure", "one run that fails is enough for an alert"),
    kind("quorum-of-one", "one of several Regions is enough for an alert"),
    kind("secret-in-clear", "a secret that is sent without TLS"),
    kind("secret-unused", "a secret that nothing uses"),
    kind("tls-not-verified", "a certificate that nobody checks"),
];
/// What all of it may cost in a month, in dollars, unless the file says otherwise.
const BUDGET_DOLLARS: f64 = 100.0;
/// Addresses at which a machine in AWS is given its credentials.
const METADATA: [&str; 3] = ["169.254.169.254/32", "169.254.170.2/32", "fd00:ec2::254/128"];
/// Header fields that say who one is.
const CREDENTIALS: [&str; 5] = ["authorization", "cookie", "proxy-authorization", "x-api-key", "api-key"];

/// All that is probably not what was meant in a file that is right, without what it
/// allows.
pub fn lint(source: &ProbesSource, probes: &Probes) -> Vec<Warning> {
    let mut lint = Lint { warnings: Vec::new() };
    let mut used = BTreeSet::new();
    for (n, (of_file, flow)) in source.flows.iter().zip(&probes.flows).enumerate() {
        let path = format!("flows[{n}]");
        lint.alert(source, of_file, flow, &path);
        lint.expects(flow, &path);
        let secrets = secrets_of(flow);
        for (list, steps) in [("steps", &flow.steps), ("cleanup", &flow.cleanup)] {
            for (m, step) in steps.iter().enumerate() {
                lint.step(step, &secrets, &format!("{path}.{list}[{m}]"));
            }
        }
        lint.captures(flow, &path);
        if of_file.allow_cidrs.is_some() {
            lint.networks(&flow.allow_cidrs, &format!("{path}.allow_cidrs"));
        }
        used.extend(flow.steps.iter().chain(&flow.cleanup).flat_map(used_by));
    }
    lint.networks(&source.defaults.allow_cidrs, "defaults.allow_cidrs");
    for name in probes.secrets.keys().filter(|name| !used.contains(&format!("secret.{name}"))) {
        lint.warn(
            "secret-unused",
            format!("secrets.{name}"),
            format!("no flow uses `${{secret.{name}}}`; use it, or take it out"),
        );
    }
    let budget = source.budget_dollars_per_month.unwrap_or(BUDGET_DOLLARS);
    let total = cost::of(probes).total;
    if total > budget {
        let why = format!(
            "this costs about {total:.2} dollars a month, and {budget:.2} are meant; run flows less often or in fewer Regions, \
             or write a larger `budget_dollars_per_month`"
        );
        lint.warn("over-budget", "budget_dollars_per_month", why);
    }
    allowed(&source.allow_warnings, lint.warnings)
}

struct Lint {
    warnings: Vec<Warning>,
}

impl Lint {
    fn warn(&mut self, id: &'static str, path: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(Warning::of(&KINDS, id, path, message));
    }

    fn alert(&mut self, source: &ProbesSource, of_file: &FlowSource, flow: &Flow, path: &str) {
        let is_said = |alert: &AlertSource| alert.failures.is_some() || alert.of.is_some();
        // What the defaults say is told of where it stands, but for one flow at least.
        let at = |own: bool, defaults: bool, key: &str| match (own, defaults) {
            (false, true) => format!("defaults.{key}"),
            (true, _) | (false, false) => format!("{path}.{key}"),
        };
        if flow.alert.failures == 1 {
            let why = format!(
                "one bad run of {} is an alert, so a single lost packet wakes somebody; write for instance `failures: 3, of: 5`",
                flow.alert.of
            );
            self.warn_once("page-on-one-failure", at(is_said(&of_file.alert), is_said(&source.defaults.alert), "alert"), why);
        }
        if flow.regions.quorum == 1 && flow.regions.run.len() > 1 {
            let is_own = of_file.regions.run.is_some() || of_file.regions.quorum.is_some();
            let n_regions = flow.regions.run.len();
            let why = format!(
                "one of {n_regions} Regions is enough for an alert, so trouble on the way from one of them is one; write \
                 `quorum: {}`",
                n_regions / 2 + 1
            );
            self.warn_once("quorum-of-one", at(is_own, source.defaults.regions.quorum.is_some(), "regions.quorum"), why);
        }
    }

    /// Warns, unless the same was said of the same place.
    fn warn_once(&mut self, id: &'static str, path: String, message: String) {
        if !self.warnings.iter().any(|warning| warning.id == id && warning.path == path) {
            self.warn(id, path, message);
        }
    }

    fn expects(&mut self, flow: &Flow, path: &str) {
        let has_own = |step: &Step| match &step.kind {
            StepKind::Llm(llm) => llm.schema.is_some() || llm.drift.is_some(),
            // What these ask is right or wrong by itself.
            StepKind::Tls(_) | StepKind::Grpc(_) | StepKind::Dns(_) => true,
            StepKind::Tcp(tcp) => !tcp.read,
            StepKind::Http(_) | StepKind::WebSocket(_) => false,
        };
        if !flow.steps.iter().any(|step| !step.expect.is_empty() || has_own(step)) {
            let why = "no step says what must be true of its answer, so an error page with status 200 is up; write for instance \
                       `expect: [status == 200, time.total < 1s]`";
            self.warn("expects-nothing", format!("{path}.steps"), why);
        }
    }

    fn step(&mut self, step: &Step, secrets: &BTreeSet<String>, path: &str) {
        if let StepKind::Http(http) = &step.kind
            && !http.verify_tls
        {
            let why = "whoever stands in between can answer in the server's place and read all that is sent; take it out, \
                       and look at certificates with a `tls` step";
            self.warn("tls-not-verified", format!("{path}.verify_tls"), why);
        }
        if is_clear(&step.kind) && variables(&step.kind).iter().any(|name| secrets.contains(name)) {
            let why = "a secret is sent here without TLS, for everybody on the way to read; write https";
            self.warn("secret-in-clear", path, why);
        }
        for (name, value) in headers(&step.kind) {
            let is_credential = CREDENTIALS.iter().any(|word| name.eq_ignore_ascii_case(word));
            if is_credential && value.variables().next().is_none() {
                let why =
                    format!("`{name}` stands here for everybody to read; write it under `secrets`, and `${{secret.NAME}}` here");
                self.warn("credential-in-file", format!("{path}.headers.{name}"), why);
            }
        }
    }

    fn captures(&mut self, flow: &Flow, path: &str) {
        for (list, steps) in [("steps", &flow.steps), ("cleanup", &flow.cleanup)] {
            for (n, step) in steps.iter().enumerate() {
                let after: Vec<&Step> = match list {
                    "steps" => flow.steps[n + 1..].iter().chain(&flow.cleanup).collect(),
                    _ => flow.cleanup[n + 1..].iter().collect(),
                };
                let used: BTreeSet<String> = after.into_iter().flat_map(used_by).collect();
                for capture in step.captures.iter().filter(|capture| !used.contains(&capture.name)) {
                    let why = format!("no step after uses `${{{}}}`; what only must be there is better expected", capture.name);
                    self.warn("capture-unused", format!("{path}.{list}[{n}].capture.{}", capture.name), why);
                }
            }
        }
    }

    fn networks(&mut self, networks: &[String], path: &str) {
        let metadata: Vec<ipnet::IpNet> = METADATA.iter().filter_map(|text| text.parse().ok()).collect();
        for (n, text) in networks.iter().enumerate() {
            let network = text.parse::<ipnet::IpNet>();
            if network.is_ok_and(|network| metadata.iter().any(|address| network.contains(address))) {
                let why = format!("machines in AWS are given their credentials at an address in {text}; write a smaller network");
                self.warn("metadata-reachable", format!("{path}[{n}]"), why);
            }
        }
    }
}

/// The names of the variables of a step.
fn variables(kind: &StepKind) -> BTreeSet<String> {
    kind.templates().iter().flat_map(|text| text.variables().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The names of the variables of a step, of what is expected of its answer, too.
fn used_by(step: &Step) -> BTreeSet<String> {
    step.expect.iter().flat_map(Expectation::variables).chain(variables(&step.kind)).collect()
}

/// The names of a flow's variables that nobody may read.
fn secrets_of(flow: &Flow) -> BTreeSet<String> {
    let steps = || flow.steps.iter().chain(&flow.cleanup);
    let captured =
        steps().flat_map(|step| &step.captures).filter(|capture| capture.is_secret).map(|capture| capture.name.clone());
    let of_file = steps().flat_map(|step| variables(&step.kind)).filter(|name| name.starts_with("secret."));
    captured.chain(of_file).collect()
}

fn headers(kind: &StepKind) -> &[(String, Template)] {
    match kind {
        StepKind::Http(step) => &step.headers,
        StepKind::WebSocket(step) => &step.headers,
        StepKind::Grpc(step) => &step.headers,
        StepKind::Llm(step) => &step.headers,
        StepKind::Tcp(_) | StepKind::Dns(_) | StepKind::Tls(_) => &[],
    }
}

/// Whether what is sent goes over the network as it is. What stays on the machine does
/// not go over it.
fn is_clear(kind: &StepKind) -> bool {
    let first = |text: &Template| match text.parts().next() {
        Some(Part::Text(text)) => text.to_ascii_lowercase(),
        Some(Part::Variable(_)) | None => String::new(),
    };
    let (address, schemes) = match kind {
        StepKind::Http(step) => (first(&step.url), ["http://"]),
        StepKind::Grpc(step) => (first(&step.url), ["http://"]),
        StepKind::Llm(step) => (first(&step.url), ["http://"]),
        StepKind::WebSocket(step) => (first(&step.url), ["ws://"]),
        StepKind::Tcp(step) => (first(&step.address), [""]),
        StepKind::Dns(_) | StepKind::Tls(_) => return false,
    };
    let rest = schemes.iter().find_map(|scheme| address.strip_prefix(scheme));
    let is_here = |rest: &str| ["localhost", "127.", "[::1]"].iter().any(|here| rest.starts_with(here));
    rest.is_some_and(|rest| !is_here(rest))
}

#[cfg(test)]
mod tests;
