//! How does a file's content become a policy? Every name is looked up, every
//! expression read, and all problems are collected before anything is refused.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::Value;

use super::problem::{Problem, Problems, did_you_mean};
use super::source::{
    Class, ContactSource, EscalationSource, HttpSource, LayerSource, OverrideSource, PolicySource, PrioritySource,
    ReceiverSource, RotationSource, ScheduleSource, TargetKind, UserSource,
};
use super::{
    Address, Channel, EscalationPolicy, EscalationRule, Noise, Policy, PriorityRules, Receiver, SIZE_MAX, User, Window,
    remediation, version_of,
};
use crate::classify::{ClassifyRule, Service};
use crate::inhibit::InhibitRule;
use crate::matcher::Matcher;
use crate::priority::Priority;
use crate::route::{Inherited, Route};
use crate::schedule::{Layer, Schedule, Turn};
use crate::span::Span;

/// Largest divisor of waiting times.
const TIME_SCALE_MAX: u32 = 10_000;

/// Reads `content`. With `strict`, regular expressions are compiled, too.
pub(super) fn compile(content: &Value, strict: bool) -> Result<Policy, Problems> {
    let size = content.to_string().len();
    if size > SIZE_MAX {
        return Err(Problems::one(
            "",
            format!(
                "the policy has {size} bytes as JSON, and at most {SIZE_MAX} can be stored; split off what another account can hold"
            ),
        ));
    }
    let source: PolicySource = serde_path_to_error::deserialize(content).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        let place = if path.contains('?') { String::new() } else { path };
        Problems::one(place, error.inner().to_string())
    })?;
    let mut reader = Reader { strict, scale: 1, problems: Vec::new(), source: &source };
    let policy = reader.read(version_of(content));
    if reader.problems.is_empty() { Ok(policy) } else { Err(Problems(reader.problems)) }
}

/// Makes an address of a secret's name.
type MakeAddress = fn(String) -> Address;

struct Reader<'s> {
    strict: bool,
    scale: u32,
    problems: Vec<Problem>,
    source: &'s PolicySource,
}

impl Reader<'_> {
    fn read(&mut self, version: String) -> Policy {
        let source = self.source;
        self.scale = source.time_scale.unwrap_or(1);
        if !(1..=TIME_SCALE_MAX).contains(&self.scale) {
            self.problem("time_scale", format!("{} is not from 1 to {TIME_SCALE_MAX}", self.scale));
            self.scale = 1;
        }
        self.names_are_unique();
        let inherited = Inherited::root();
        if source.route.receiver.is_none() {
            self.problem("route.receiver", "the root route must name a receiver, so that no alert is without one");
        }
        if !source.route.matchers.is_empty() {
            self.problem("route.matchers", "the root route matches everything; put matchers on its routes");
        }
        Policy {
            version,
            time_scale: self.scale,
            deployment: source.deployment.clone(),
            services: self.services(),
            severities: severities(&source.severities),
            classify: self.classify(),
            route: Route::compile(&source.route, "route", &inherited, self),
            inhibit_rules: self.inhibit_rules(),
            maintenance_windows: self.windows(),
            noise: Noise {
                resolve_wait: self.span(source.noise.resolve_wait, Span::minutes(1)),
                linger: self.span(source.noise.linger, Span::minutes(5)),
            },
            priorities: self.priorities(),
            receivers: self.receivers(),
            users: self.users(),
            schedules: self.schedules(),
            escalation_policies: self.escalation_policies(),
            remediations: self.remediations(),
        }
    }

    /// Notes something that is wrong.
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { path: path.into(), message: message.into() });
    }

    /// A waiting time, shortened by the drill's scale.
    fn span(&self, given: Option<Span>, default: Span) -> Span {
        given.unwrap_or(default).shortened(self.scale)
    }

    /// Reads matchers; bad ones are noted and left out.
    fn matchers(&mut self, texts: &[String], path: &str) -> Vec<Matcher> {
        let mut matchers = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            match Matcher::parse_list(text) {
                Ok(list) => {
                    for matcher in &list {
                        if self.strict
                            && let Err(error) = matcher.check()
                        {
                            self.problem(format!("{path}[{n}]"), error.to_string());
                        }
                    }
                    matchers.extend(list);
                }
                Err(error) => self.problem(format!("{path}[{n}]"), error.to_string()),
            }
        }
        matchers
    }

    /// Notes when `name` is none of `known`, with the nearest one.
    fn must_be_known(&mut self, what: &str, name: &str, known: &[String], path: &str) {
        if known.iter().any(|candidate| candidate == name) {
            return;
        }
        let hint = match did_you_mean(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => format!("there is no {what} at all"),
            None => format!("there are {}", known.join(", ")),
        };
        self.problem(path, format!("there is no {what} `{name}`; {hint}"));
    }

    fn names_are_unique(&mut self) {
        let source = self.source;
        let lists: [(&str, &str, Vec<&str>); 7] = [
            ("services", "name", source.services.iter().map(|item| item.name.as_str()).collect()),
            ("classify", "name", source.classify.iter().map(|item| item.name.as_str()).collect()),
            ("receivers", "name", source.receivers.iter().map(|item| item.name.as_str()).collect()),
            ("users", "id", source.users.iter().map(|item| item.id.as_str()).collect()),
            ("schedules", "name", source.schedules.iter().map(|item| item.name.as_str()).collect()),
            ("escalation_policies", "name", source.escalation_policies.iter().map(|item| item.name.as_str()).collect()),
            ("remediations", "name", source.remediations.iter().map(|item| item.name.as_str()).collect()),
        ];
        for (list, key, names) in lists {
            let mut seen = BTreeSet::new();
            for (n, name) in names.into_iter().enumerate() {
                let path = format!("{list}[{n}].{key}");
                if name.is_empty() {
                    self.problem(path, "a name cannot be empty");
                } else if !seen.insert(name) {
                    self.problem(path, format!("there is another `{name}` above; names must differ"));
                }
            }
        }
        for (n, user) in source.users.iter().enumerate() {
            // The id stands in links, so it must be a plain word there.
            if !user.id.chars().all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_')) || user.id.len() > 40 {
                self.problem(format!("users[{n}].id"), "a user's id has letters, digits, `-` and `_`, at most 40 of them");
            }
        }
    }

    fn services(&mut self) -> BTreeMap<String, Service> {
        let names: Vec<String> = self.source.services.iter().map(|service| service.name.clone()).collect();
        let mut services = BTreeMap::new();
        for (n, service) in self.source.services.iter().enumerate() {
            for (m, on) in service.depends_on.iter().enumerate() {
                self.must_be_known("service", on, &names, &format!("services[{n}].depends_on[{m}]"));
            }
            services.insert(service.name.clone(), Service::of(service));
        }
        services
    }

    fn classify(&mut self) -> Vec<ClassifyRule> {
        let source = self.source;
        source
            .classify
            .iter()
            .enumerate()
            .map(|(n, rule)| ClassifyRule {
                name: rule.name.clone(),
                matchers: self.matchers(&rule.matchers, &format!("classify[{n}].matchers")),
                set: rule.set.clone(),
            })
            .collect()
    }

    fn inhibit_rules(&mut self) -> Vec<InhibitRule> {
        let source = self.source;
        source
            .inhibit_rules
            .iter()
            .enumerate()
            .map(|(n, rule)| {
                InhibitRule::new(
                    rule.name.clone(),
                    self.matchers(&rule.source_matchers, &format!("inhibit_rules[{n}].source_matchers")),
                    self.matchers(&rule.target_matchers, &format!("inhibit_rules[{n}].target_matchers")),
                    rule.equal.clone(),
                )
            })
            .collect()
    }

    fn windows(&mut self) -> Vec<Window> {
        let source = self.source;
        let mut windows = Vec::new();
        for (n, window) in source.maintenance_windows.iter().enumerate() {
            let path = format!("maintenance_windows[{n}]");
            if window.ends_at <= window.starts_at {
                self.problem(format!("{path}.ends_at"), format!("the window ends at {}, before it starts", window.ends_at));
            }
            if window.matchers.is_empty() {
                self.problem(format!("{path}.matchers"), "a window needs matchers; to cover everything, write alertname=~\".+\"");
            }
            windows.push(Window {
                name: window.name.clone(),
                matchers: self.matchers(&window.matchers, &format!("{path}.matchers")),
                starts_at: window.starts_at,
                ends_at: window.ends_at,
            });
        }
        windows
    }

    fn priorities(&self) -> BTreeMap<Priority, PriorityRules> {
        let none = PrioritySource::default();
        Priority::ALL
            .into_iter()
            .map(|priority| {
                let given = self.source.priorities.get(&priority).unwrap_or(&none);
                let default = defaults_of(priority);
                let rules = PriorityRules {
                    channels: given.channels.clone().unwrap_or(default.channels),
                    escalate: given.escalate.unwrap_or(default.escalate),
                    acknowledge_within: given
                        .acknowledge_within
                        .or(default.acknowledge_within)
                        .map(|span| span.shortened(self.scale)),
                    respond_within: given.respond_within.or(default.respond_within).map(|span| span.shortened(self.scale)),
                    wait_for_remediation: given.wait_for_remediation.unwrap_or(default.wait_for_remediation),
                };
                (priority, rules)
            })
            .collect()
    }

    fn receivers(&mut self) -> BTreeMap<String, Receiver> {
        let source = self.source;
        let policies: Vec<String> = source.escalation_policies.iter().map(|policy| policy.name.clone()).collect();
        let mut receivers = BTreeMap::new();
        for (n, receiver) in source.receivers.iter().enumerate() {
            let path = format!("receivers[{n}]");
            if let Some(policy) = &receiver.escalation_policy {
                self.must_be_known("escalation policy", policy, &policies, &format!("{path}.escalation_policy"));
            }
            let channels = self.receiver_channels(receiver, &path);
            receivers.insert(
                receiver.name.clone(),
                Receiver { name: receiver.name.clone(), escalation_policy: receiver.escalation_policy.clone(), channels },
            );
        }
        receivers
    }

    fn receiver_channels(&mut self, receiver: &ReceiverSource, path: &str) -> Vec<Channel> {
        let mut channels = Vec::new();
        for (n, config) in receiver.sns_configs.iter().enumerate() {
            self.topic_is_deployed(&config.topic, &format!("{path}.sns_configs[{n}].topic"));
            channels.push(Channel {
                class: config.class.unwrap_or(Class::Email),
                address: Address::Topic(config.topic.clone()),
                fallback: Address::Failsafe,
                send_resolved: config.send_resolved.unwrap_or(true),
            });
        }
        let http: [(&str, &[HttpSource], Class, MakeAddress); 3] = [
            ("slack_configs", &receiver.slack_configs, Class::Chat, Address::Slack),
            ("pagerduty_configs", &receiver.pagerduty_configs, Class::Page, Address::Pagerduty),
            ("webhook_configs", &receiver.webhook_configs, Class::Chat, Address::Webhook),
        ];
        for (key, configs, class, make) in http {
            for (n, config) in configs.iter().enumerate() {
                if let Some(topic) = &config.fallback_topic {
                    self.topic_is_deployed(topic, &format!("{path}.{key}[{n}].fallback_topic"));
                }
                channels.push(Channel {
                    class: config.class.unwrap_or(class),
                    address: make(config.secret.clone()),
                    fallback: config.fallback_topic.clone().map_or(Address::Failsafe, Address::Topic),
                    send_resolved: config.send_resolved.unwrap_or(true),
                });
            }
        }
        channels
    }

    /// Notes a topic that Terraform did not make. A file by itself knows none.
    fn topic_is_deployed(&mut self, topic: &str, path: &str) {
        let known: Vec<String> = self.source.deployment.topics.keys().cloned().collect();
        if !known.is_empty() {
            self.must_be_known("topic", topic, &known, path);
        }
    }

    fn users(&mut self) -> BTreeMap<String, User> {
        let source = self.source;
        let mut users = BTreeMap::new();
        for (n, user) in source.users.iter().enumerate() {
            let channels = self.user_channels(user, &format!("users[{n}]"));
            users.insert(user.id.clone(), User { id: user.id.clone(), channels });
        }
        users
    }

    fn user_channels(&mut self, user: &UserSource, path: &str) -> Vec<Channel> {
        let mut channels = Vec::new();
        for (n, contact) in user.contact_methods.iter().enumerate() {
            let place = format!("{path}.contact_methods[{n}]");
            match address_of(contact) {
                Some(address) => {
                    if let Address::Topic(topic) = &address {
                        self.topic_is_deployed(topic, &format!("{place}.topic"));
                    }
                    channels.push(Channel { class: contact.class, address, fallback: Address::Failsafe, send_resolved: true });
                }
                None => self.problem(place, "name exactly one of topic, slack_secret and pagerduty_secret"),
            }
        }
        channels
    }

    fn schedules(&mut self) -> BTreeMap<String, Schedule> {
        let source = self.source;
        let users: Vec<String> = source.users.iter().map(|user| user.id.clone()).collect();
        let mut schedules = BTreeMap::new();
        for (n, schedule) in source.schedules.iter().enumerate() {
            let path = format!("schedules[{n}]");
            let time_zone = TimeZone::get(&schedule.time_zone).unwrap_or_else(|_| {
                self.problem(
                    format!("{path}.time_zone"),
                    format!("`{}` is not a time zone; write for instance Europe/Berlin, Asia/Tokyo or UTC", schedule.time_zone),
                );
                TimeZone::UTC
            });
            let layers = self.layers(schedule, &users, &path);
            self.overrides(&schedule.overrides, &users, &path);
            schedules.insert(
                schedule.name.clone(),
                Schedule { name: schedule.name.clone(), time_zone, layers, overrides: schedule.overrides.clone() },
            );
        }
        schedules
    }

    fn overrides(&mut self, overrides: &[OverrideSource], users: &[String], path: &str) {
        for (n, exception) in overrides.iter().enumerate() {
            self.must_be_known("user", &exception.user, users, &format!("{path}.overrides[{n}].user"));
            if exception.end <= exception.start {
                self.problem(
                    format!("{path}.overrides[{n}].end"),
                    format!("the override ends at {}, before it starts", exception.end),
                );
            }
        }
    }

    fn layers(&mut self, schedule: &ScheduleSource, users: &[String], path: &str) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (n, layer) in schedule.schedule_layers.iter().enumerate() {
            let place = format!("{path}.schedule_layers[{n}]");
            for (m, user) in layer.users.iter().enumerate() {
                self.must_be_known("user", user, users, &format!("{place}.users[{m}]"));
            }
            if layer.users.is_empty() {
                self.problem(format!("{place}.users"), "a layer needs at least one user");
            }
            if layer.rotation == RotationSource::Hours(0) {
                self.problem(format!("{place}.rotation"), "a turn of 0 hours never ends; write 1 or more");
            }
            layers.push(layer_of(layer));
        }
        layers
    }

    fn escalation_policies(&mut self) -> BTreeMap<String, EscalationPolicy> {
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
                },
            );
        }
        policies
    }

    fn rules(&mut self, policy: &EscalationSource, path: &str) -> Vec<EscalationRule> {
        let users: Vec<String> = self.source.users.iter().map(|user| user.id.clone()).collect();
        let schedules: Vec<String> = self.source.schedules.iter().map(|schedule| schedule.name.clone()).collect();
        let mut rules = Vec::new();
        for (n, rule) in policy.escalation_rules.iter().enumerate() {
            let place = format!("{path}.escalation_rules[{n}]");
            for (m, target) in rule.targets.iter().enumerate() {
                let (what, known) = match target.kind {
                    TargetKind::User => ("user", &users),
                    TargetKind::Schedule => ("schedule", &schedules),
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
            });
        }
        rules
    }

    fn remediations(&mut self) -> Vec<super::Remediation> {
        let source = self.source;
        let mut remediations = Vec::new();
        for (n, remediation) in source.remediations.iter().enumerate() {
            let path = format!("remediations[{n}]");
            if remediation.matchers.is_empty() {
                self.problem(
                    format!("{path}.matchers"),
                    "a remediation needs matchers, so that it acts only where it was meant to",
                );
            }
            let matchers = self.matchers(&remediation.matchers, &format!("{path}.matchers"));
            remediations.push(remediation::compile(remediation, matchers, &path, self.scale, &mut self.problems));
        }
        remediations
    }
}

fn address_of(contact: &ContactSource) -> Option<Address> {
    match (&contact.topic, &contact.slack_secret, &contact.pagerduty_secret) {
        (Some(topic), None, None) => Some(Address::Topic(topic.clone())),
        (None, Some(secret), None) => Some(Address::Slack(secret.clone())),
        (None, None, Some(secret)) => Some(Address::Pagerduty(secret.clone())),
        _ => None,
    }
}

fn layer_of(source: &LayerSource) -> Layer {
    Layer {
        name: source.name.clone(),
        start: source.start,
        turn: match source.rotation {
            RotationSource::Weekly => Turn::Days(7),
            RotationSource::Daily => Turn::Days(1),
            RotationSource::Hours(hours) => Turn::Hours(hours.max(1)),
        },
        users: source.users.clone(),
    }
}

/// What the severities in common use mean where the policy does not say:
/// critical pages, a warning is handled by the team on duty, information waits.
fn severities(given: &BTreeMap<String, Priority>) -> BTreeMap<String, Priority> {
    let mut severities: BTreeMap<String, Priority> =
        [("critical", Priority::P1), ("warning", Priority::P2), ("info", Priority::P4)]
            .map(|(name, p)| (name.to_owned(), p))
            .into();
    severities.extend(given.iter().map(|(name, priority)| (name.clone(), *priority)));
    severities
}

/// What a priority means where the policy does not say.
fn defaults_of(priority: Priority) -> PriorityRules {
    use Class::{Chat, Email, Page, Ticket};
    let rules = |channels: &[Class], escalate, acknowledge, respond, wait| PriorityRules {
        channels: channels.to_vec(),
        escalate,
        acknowledge_within: acknowledge,
        respond_within: respond,
        wait_for_remediation: wait,
    };
    match priority {
        Priority::P1 => rules(&[Page, Email, Chat], true, Some(Span::minutes(5)), Some(Span::minutes(30)), false),
        Priority::P2 => rules(&[Email, Chat], true, Some(Span::minutes(15)), Some(Span::hours(4)), true),
        Priority::P3 => rules(&[Email, Chat], false, None, Some(Span::hours(24)), true),
        Priority::P4 => rules(&[Ticket], false, None, None, true),
    }
}

impl crate::route::Notes for Reader<'_> {
    fn problem(&mut self, path: String, message: String) {
        Reader::problem(self, path, message);
    }

    fn receiver(&mut self, name: &str, path: &str) {
        let known = self.source.receivers.iter().map(|receiver| receiver.name.clone()).collect::<Vec<_>>();
        self.must_be_known("receiver", name, &known, path);
    }

    fn read_matchers(&mut self, texts: &[String], path: &str) -> Vec<Matcher> {
        self.matchers(texts, path)
    }

    fn scale(&self) -> u32 {
        self.scale
    }
}
