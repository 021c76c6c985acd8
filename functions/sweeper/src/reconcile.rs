//! What CloudWatch says against what is on record.
//!
//! CloudWatch tells of a change once. If that was lost on the way, nobody would
//! ever hear of it; so now and then the alarms are asked for their state. What
//! was missed is handed to the classifier as the event that should have come.

use std::collections::BTreeMap;

use aws::alarms::AlarmNow;
use aws::store::OpenRow;
use domain::alert::{AlertState, Source};
use domain::incident::AlertRecord;
use domain::intake::alarm_fingerprint;
use domain::policy::Policy;
use jiff::Timestamp;
use runtime::Failure;
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use crate::Sweeper;

/// Every how many minutes the alarms are asked.
const EVERY_MINUTES: i64 = 5;
/// Alarms asked for in one call.
const NAMES_MAX: usize = 100;

impl Sweeper {
    /// Compares, every few minutes; gives how many states had been missed.
    pub(crate) async fn reconcile(&self, now: Timestamp, policy: &Policy) -> Result<usize, Failure> {
        if policy.deployment.classifier.is_empty() || now.as_second().div_euclid(60) % EVERY_MINUTES != 0 {
            return Ok(0);
        }
        self.compare(now, policy).await
    }

    async fn compare(&self, now: Timestamp, policy: &Policy) -> Result<usize, Failure> {
        let mut missed: Vec<AlarmNow> = Vec::new();
        for alarm in
            self.aws.alarms_in_alarm().await?.into_iter().filter(|alarm| policy.deployment.watches(&alarm.name, &alarm.actions))
        {
            let record = self.store.alert(&alarm_fingerprint(&alarm.arn, "")).await?;
            if is_news(&alarm, record.as_ref().map(|stored| &stored.value)) {
                missed.push(alarm);
            }
        }
        missed.extend(self.recovered_unnoticed(now, policy).await?);
        for alarm in &missed {
            warn!(alarm_name = alarm.name, state = alarm.state, "a change of state had been missed");
            self.aws.invoke_event(&policy.deployment.classifier, &event_of(alarm, now)).await?;
        }
        if !missed.is_empty() {
            info!(n_missed = missed.len(), "missed states were handed to the classifier");
        }
        Ok(missed.len())
    }

    /// Alarms that are firing on record, and OK or gone in CloudWatch.
    async fn recovered_unnoticed(&self, now: Timestamp, policy: &Policy) -> Result<Vec<AlarmNow>, Failure> {
        let mut firing: BTreeMap<String, AlertRecord> = BTreeMap::new();
        for row in self.store.open_rows(None).await? {
            let OpenRow::Incident(incident) = row else { continue };
            for member in self.store.members(&incident.value.id).await? {
                let is_asked_for = member.is_firing()
                    && member.alert.source == Source::Cloudwatch
                    && is_an_alarm_itself(&member)
                    && is_here(&member, &policy.deployment.classifier_arn);
                if is_asked_for {
                    firing.insert(member.alert.name.clone(), member);
                }
            }
        }
        let names: Vec<String> = firing.keys().cloned().collect();
        let mut recovered = Vec::new();
        for chunk in names.chunks(NAMES_MAX) {
            let mut known: BTreeMap<String, AlarmNow> = BTreeMap::new();
            for alarm in self.aws.alarms_named(chunk).await? {
                known.insert(alarm.arn.clone(), alarm);
            }
            for record in chunk.iter().filter_map(|name| firing.get(name)) {
                let arn = record.alert.arn.clone().unwrap_or_default();
                match known.remove(&arn) {
                    Some(alarm) if alarm.state == "OK" && is_news(&alarm, Some(record)) => recovered.push(alarm),
                    None => recovered.push(deleted(record, arn, now)),
                    Some(_) => {}
                }
            }
        }
        Ok(recovered)
    }
}

/// Whether the alert is the alarm, not one of its contributors.
fn is_an_alarm_itself(record: &AlertRecord) -> bool {
    record.alert.arn.as_deref().is_some_and(|arn| alarm_fingerprint(arn, "") == record.alert.fingerprint)
}

/// Whether an alarm is of the classifier's own account and region: CloudWatch
/// here knows no other, and an alarm that it does not know is not a deleted one.
fn is_here(record: &AlertRecord, classifier_arn: &str) -> bool {
    let place = |arn: &str| arn.split(':').skip(3).take(2).map(str::to_owned).collect::<Vec<_>>();
    let ours = place(classifier_arn);
    ours.len() == 2 && record.alert.arn.as_deref().is_some_and(|arn| place(arn) == ours)
}

/// Whether CloudWatch's state is newer than the one on record, and another.
fn is_news(alarm: &AlarmNow, record: Option<&AlertRecord>) -> bool {
    let Some(newest) = record.and_then(|record| record.history.newest()) else { return true };
    let is_same = match newest.state {
        AlertState::Ok => alarm.state == "OK",
        AlertState::Alarm => alarm.state == "ALARM",
        AlertState::InsufficientData => alarm.state == "INSUFFICIENT_DATA",
    };
    !is_same && alarm.since.is_none_or(|since| since > newest.state_at)
}

/// An alarm that was deleted while it was firing will never send its OK.
fn deleted(record: &AlertRecord, arn: String, now: Timestamp) -> AlarmNow {
    AlarmNow {
        name: record.alert.name.clone(),
        arn,
        state: "OK".to_owned(),
        since: Some(now),
        reason: "The alarm does not exist any more".to_owned(),
        description: record.alert.summary.clone(),
        metric: None,
        dimensions: Vec::new(),
        is_composite: false,
        actions: Vec::new(),
    }
}

/// The event that should have come.
fn event_of(alarm: &AlarmNow, now: Timestamp) -> Value {
    let parts: Vec<&str> = alarm.arn.split(':').collect();
    let mut configuration = Map::new();
    configuration.insert("description".to_owned(), json!(alarm.description));
    if alarm.is_composite {
        configuration.insert("alarmRule".to_owned(), json!(""));
    } else if let Some((namespace, name)) = &alarm.metric {
        let dimensions: Map<String, Value> = alarm.dimensions.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        configuration.insert(
            "metrics".to_owned(),
            json!([{"metricStat": {"metric": {"namespace": namespace, "name": name, "dimensions": dimensions}}}]),
        );
    }
    json!({
        "version": "0",
        "id": format!("reconcile-{}", now.as_second()),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": parts.get(4).unwrap_or(&""),
        "region": parts.get(3).unwrap_or(&""),
        "time": now,
        "resources": [alarm.arn],
        "detail": {
            "alarmName": alarm.name,
            "state": {"value": alarm.state, "reason": alarm.reason, "timestamp": alarm.since.unwrap_or(now)},
            "configuration": configuration,
        },
    })
}
