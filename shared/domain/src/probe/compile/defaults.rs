//! What holds for a flow that does not say otherwise?

use ipnet::IpNet;

use super::Reader;
use super::scope::{Known, Scope};
use crate::probe::flow::{AlertRule, Redirects, Regions};
use crate::probe::source::{AlertSource, RedirectsSource, RegionsSource};
use crate::probe::template::Template;
use crate::span::Span;

/// Longest that a step may take.
const TIMEOUT_MAX: Span = Span::seconds(60);
/// Longest time between two runs of a flow.
const EVERY_MAX: Span = Span::days(1);
/// Most runs that are looked back at, and most good ones that end an alert.
const RUNS_MAX: u32 = 20;
/// Most redirects that are followed, and how many unless said otherwise.
const REDIRECTS_MAX: u64 = 20;
const REDIRECTS: u32 = 10;
/// Most Regions of a flow, and most networks that are allowed.
const REGIONS_MAX: usize = 16;
const CIDRS_MAX: usize = 50;

/// What holds for a flow that does not say otherwise.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) every: Span,
    pub(super) timeout: Span,
    pub(super) headers: Vec<(String, Template)>,
    pub(super) alert: AlertRule,
    pub(super) redirects: Redirects,
    pub(super) allow_cidrs: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn defaults(&mut self) -> Defaults {
        let source = self.source;
        let given = &source.defaults;
        let scope = Scope::of_file(source);
        let headers = self.headers(&given.headers, "defaults.headers", &scope);
        for (name, value) in &headers {
            if value.variables().any(|name| scope.known(name) == Some(Known::Secret)) {
                let why = "a secret here would go to every host of the file; write this field at the steps that need it";
                self.problem(format!("defaults.headers.{name}"), why);
            }
        }
        let rule = AlertRule { failures: 3, of: 5, recover: 2 };
        // What is wrong with them is told here once, and not at every flow.
        self.regions(&given.regions, "defaults.regions");
        Defaults {
            every: self.every(given.every, Span::minutes(1), "defaults"),
            timeout: self.timeout(given.timeout, Span::seconds(10), "defaults"),
            headers,
            alert: self.alert(given.alert, rule, "defaults.alert"),
            redirects: self.redirects(given.redirects, Redirects::Follow(REDIRECTS), "defaults"),
            allow_cidrs: self.cidrs(&given.allow_cidrs, "defaults.allow_cidrs"),
        }
    }

    /// How often a flow is run.
    pub(super) fn every(&mut self, given: Option<Span>, default: Span, path: &str) -> Span {
        let Some(every) = given else { return default };
        let path = format!("{path}.every");
        if every < Span::minutes(1) || every.as_millis() % 60_000 > 0 {
            self.problem(path, format!("`{every}` is not a number of whole minutes; write for instance 1m, 5m or 1h"));
        } else if every > EVERY_MAX {
            self.refusal(path, format!("`{every}` is longer than a day; write at most {EVERY_MAX}"));
        }
        every
    }

    /// Longest that a step may take.
    pub(super) fn timeout(&mut self, given: Option<Span>, default: Span, path: &str) -> Span {
        let Some(timeout) = given else { return default };
        let path = format!("{path}.timeout");
        if timeout == Span::ZERO {
            self.problem(path, "nothing is done in no time; write for instance 10s");
        } else if timeout > TIMEOUT_MAX {
            self.problem(path, format!("`{timeout}` is longer than a run can wait; write at most {TIMEOUT_MAX}"));
        }
        timeout
    }

    /// When people hear of a flow; what is not given is as in `default`.
    pub(super) fn alert(&mut self, given: AlertSource, default: AlertRule, path: &str) -> AlertRule {
        let number = |given: Option<u32>, default: usize| given.map_or(default, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let rule = AlertRule {
            failures: number(given.failures, default.failures),
            of: number(given.of, default.of),
            recover: number(given.recover, default.recover),
        };
        for (key, given) in [("failures", given.failures), ("of", given.of), ("recover", given.recover)] {
            if given.is_some_and(|n| !(1..=RUNS_MAX).contains(&n)) {
                self.problem(format!("{path}.{key}"), format!("write 1 to {RUNS_MAX} runs"));
            }
        }
        let key = if given.failures.is_some() { "failures" } else { "of" };
        if rule.failures > rule.of && (given.failures.is_some() || given.of.is_some()) {
            let why = format!("{} of {} runs can never be down; `failures` is at most `of`", rule.failures, rule.of);
            self.problem(format!("{path}.{key}"), why);
        }
        rule
    }

    /// Where a flow is run.
    pub(super) fn regions(&mut self, given: &RegionsSource, path: &str) -> Regions {
        let run = given.run.clone().unwrap_or_default();
        self.at_most(run.len(), REGIONS_MAX, "Regions", &format!("{path}.run"));
        for (n, region) in run.iter().enumerate() {
            let place = format!("{path}.run[{n}]");
            if !is_region(region) {
                self.problem(place, format!("`{region}` is not the name of a Region; write for instance eu-west-1 or us-east-1"));
            } else if run[..n].contains(region) {
                self.problem(place, format!("`{region}` stands here twice; Regions must differ"));
            }
        }
        let n_regions = run.len().max(1);
        let quorum = given.quorum.map_or(n_regions / 2 + 1, |quorum| usize::try_from(quorum).unwrap_or(usize::MAX));
        if quorum == 0 {
            self.problem(format!("{path}.quorum"), "0 Regions would always be down; write at least 1");
        } else if quorum > n_regions {
            let of = if run.is_empty() { "the one of the deployment, as `run` names none".to_owned() } else { run.join(", ") };
            let why = format!("{quorum} Regions can never be down, as there is only {n_regions}: {of}");
            let why = if n_regions == 1 { why } else { why.replacen("there is only", "there are only", 1) };
            self.problem(format!("{path}.quorum"), why);
        }
        Regions { run, quorum }
    }

    /// What is done with a redirect.
    pub(super) fn redirects(&mut self, given: Option<RedirectsSource>, default: Redirects, path: &str) -> Redirects {
        match given {
            None => default,
            Some(RedirectsSource::Stay) => Redirects::Stay,
            Some(RedirectsSource::Follow) => Redirects::Follow(REDIRECTS),
            Some(RedirectsSource::AtMost(n)) if n > REDIRECTS_MAX => {
                self.problem(format!("{path}.redirects"), format!("{n} redirects are too many; write at most {REDIRECTS_MAX}"));
                default
            }
            Some(RedirectsSource::AtMost(n)) => Redirects::Follow(u32::try_from(n).unwrap_or(REDIRECTS)),
        }
    }

    /// Networks that may be reached although they are not public.
    pub(super) fn cidrs(&mut self, given: &[String], path: &str) -> Vec<String> {
        self.at_most(given.len(), CIDRS_MAX, "networks", path);
        let mut networks = Vec::new();
        for (n, text) in given.iter().enumerate() {
            networks.extend(self.noted(network(text), &format!("{path}[{n}]")));
        }
        networks
    }
}

/// Reads a network.
fn network(text: &str) -> Result<String, String> {
    let Ok(network) = text.parse::<IpNet>() else {
        let hint = match text.parse::<std::net::IpAddr>() {
            Ok(address) => format!("for this address alone write {}", IpNet::from(address)),
            Err(_) => "write for instance 10.0.0.0/16".to_owned(),
        };
        return Err(format!("`{text}` is not a network; {hint}"));
    };
    if network.prefix_len() == 0 {
        return Err(format!("`{text}` is every address there is; write the network that is meant, such as 10.0.0.0/16"));
    }
    if network.trunc() != network {
        return Err(format!("`{text}` is an address within a network; write {}", network.trunc()));
    }
    Ok(network.to_string())
}

/// Whether a text looks like the name of a Region: `eu-west-1`, `us-gov-east-1`.
pub(super) fn is_region(text: &str) -> bool {
    let mut words: Vec<&str> = text.split('-').collect();
    let number = words.pop().unwrap_or_default();
    let is_word = |word: &&str| (2..=16).contains(&word.len()) && word.chars().all(|ch| ch.is_ascii_lowercase());
    (2..=4).contains(&words.len()) && words.iter().all(is_word) && matches!(number.parse::<u8>(), Ok(1..=99)) && number.len() <= 2
}
