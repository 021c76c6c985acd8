//! What is the answer? What the domain decides, in the words of the protocol.

use std::sync::Arc;

use domain::alert::{Alert, AlertState, Fingerprint, Source, Transition};
use domain::classify::classify;
use domain::explain::{LATEST, forecast, on_duty};
use domain::inhibit;
use domain::intake;
use domain::labels::Labels;
use domain::policy::{Policy, unknown};
use domain::priority::Priority;
use jiff::Timestamp;
use serde::Serialize;

use super::lines::LINE_MAX;
use super::question::{self, ClassifyQuestion, InhibitQuestion, IntervalQuestion, OncallQuestion, Question, TimelineQuestion};
use super::routes::Routes;
use crate::show;

/// A policy that can be asked.
pub(super) struct Answerer<'p> {
    policy: &'p Arc<Policy>,
    routes: Routes<'p>,
}

#[derive(Serialize)]
struct Contains {
    contains: bool,
}

#[derive(Serialize)]
struct Inhibited {
    inhibited: bool,
    because: Vec<String>,
}

#[derive(Serialize)]
struct Alerts {
    alerts: Vec<Classified>,
}

#[derive(Serialize)]
struct Classified {
    fingerprint: Fingerprint,
    labels: Labels,
    state: AlertState,
    state_at: Timestamp,
    priority: Priority,
    team: Option<String>,
    service: Option<String>,
    layer: Option<String>,
    because: Vec<String>,
}

#[derive(Serialize)]
struct OnDuty {
    users: Vec<String>,
    until: Option<Timestamp>,
}

#[derive(Serialize)]
struct Notifications {
    notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    at: Timestamp,
    receiver: String,
    targets: Vec<String>,
    because: Vec<String>,
}

#[derive(Serialize)]
struct Refused {
    error: String,
}

impl<'p> Answerer<'p> {
    /// Makes a policy ready to be asked.
    pub(super) fn new(policy: &'p Arc<Policy>) -> Answerer<'p> {
        Answerer { policy, routes: Routes::of(&policy.route) }
    }

    /// Writes the answer to a line, with the end of its own line.
    pub(super) fn answer(&self, line: &[u8], answer: &mut Vec<u8>) {
        let result = match question::read(line) {
            Ok(Question::Route(asked)) => {
                self.routes.answer(&asked.labels, answer);
                answer.push(b'\n');
                return;
            }
            Ok(Question::Interval(asked)) => self.interval(&asked).map(|said| text(&said)),
            Ok(Question::Inhibit(asked)) => Ok(text(&self.inhibit(&asked))),
            Ok(Question::Classify(asked)) => self.classify(&asked).map(|said| text(&said)),
            Ok(Question::Oncall(asked)) => self.on_call(&asked).map(|said| text(&said)),
            Ok(Question::Timeline(asked)) => self.timeline(&asked).map(|said| text(&said)),
            Err(error) => Err(error),
        };
        let said = result.unwrap_or_else(|error| text(&Refused { error }));
        answer.extend_from_slice(said.as_bytes());
        answer.push(b'\n');
    }

    /// Writes the answer to a line that was not read.
    pub(super) fn too_long(n_bytes: usize, answer: &mut Vec<u8>) {
        let error = format!("the line has {n_bytes} bytes; a request has at most {LINE_MAX}");
        answer.extend_from_slice(text(&Refused { error }).as_bytes());
        answer.push(b'\n');
    }

    fn interval(&self, asked: &IntervalQuestion<'_>) -> Result<Contains, String> {
        let intervals = &self.policy.time_intervals;
        match intervals.get(asked.name.as_ref()) {
            Some(interval) => Ok(Contains { contains: interval.contains(asked.at) }),
            None => Err(unknown("time interval", &asked.name, intervals.keys().map(String::as_str))),
        }
    }

    fn inhibit(&self, asked: &InhibitQuestion) -> Inhibited {
        let because = inhibit::inhibited(&self.policy.inhibit_rules, &asked.labels, &asked.firing);
        Inhibited { inhibited: !because.is_empty(), because }
    }

    fn classify(&self, asked: &ClassifyQuestion<'_>) -> Result<Alerts, String> {
        // What says nothing of its time gets the one that is given; without any it
        // is known by one that no event has.
        let now = asked.at.unwrap_or(Timestamp::MIN);
        let alerts: Vec<Alert> =
            intake::read(asked.event.get().as_bytes(), now).items.into_iter().flat_map(|item| item.alerts).collect();
        if asked.at.is_none() && alerts.iter().any(|alert| alert.claimed_at == Timestamp::MIN) {
            return Err("classify: the event does not say when it happened; \
                        add for instance \"at\":\"2026-03-29T01:30:00Z\" beside \"event\""
                .to_owned());
        }
        let alerts = alerts.iter().map(|alert| self.classified(alert, asked.at.unwrap_or(alert.claimed_at))).collect();
        Ok(Alerts { alerts })
    }

    fn classified(&self, alert: &Alert, now: Timestamp) -> Classified {
        let classification = classify(self.policy, alert);
        let mut because = classification.because;
        if alert.source == Source::Unclassified {
            because.insert(0, alert.summary.clone());
        }
        let label = |name| classification.labels.find(name).map(str::to_owned);
        Classified {
            fingerprint: alert.fingerprint.clone(),
            state: alert.state,
            state_at: Transition::of(alert, now).state_at,
            priority: classification.priority,
            team: label("team"),
            service: label("service"),
            layer: label("layer"),
            labels: classification.labels,
            because,
        }
    }

    fn on_call(&self, asked: &OncallQuestion<'_>) -> Result<OnDuty, String> {
        let schedules = &self.policy.schedules;
        let Some(schedule) = schedules.get(asked.schedule.as_ref()) else {
            return Err(unknown("schedule", &asked.schedule, schedules.keys().map(String::as_str)));
        };
        let (on_call, until) = on_duty(schedule, asked.at);
        Ok(OnDuty { users: on_call.into_iter().map(|on_call| on_call.user).collect(), until })
    }

    fn timeline(&self, asked: &TimelineQuestion) -> Result<Notifications, String> {
        if asked.at > LATEST {
            return Err(format!("timeline: there is not a day to look ahead to; write a moment before {LATEST}"));
        }
        // Cleaned, as what comes in is.
        let labels: Labels = asked.labels.iter().collect();
        let alert = Alert::of_labels(&labels, AlertState::Alarm, asked.at);
        let notifications = forecast(self.policy, &alert, asked.at)
            .1
            .into_messages()
            .map(|message| Notification {
                at: message.at,
                receiver: message.to,
                targets: message.targets,
                because: message.because,
            })
            .collect();
        Ok(Notifications { notifications })
    }
}

/// One line of JSON, with nothing raw in it that a terminal would obey.
fn text(said: &impl Serialize) -> String {
    show::escaped(&serde_json::to_string(said).unwrap_or_default())
}
