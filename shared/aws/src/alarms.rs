//! CloudWatch alarms, to compare with what is on record.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::{Aws, AwsError};

/// An alarm as CloudWatch knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmNow {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its state, in CloudWatch's word.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// Its description.
    pub description: String,
    /// Namespace and metric, if it watches a single one.
    pub metric: Option<(String, String)>,
    /// The metric's dimensions.
    pub dimensions: Vec<(String, String)>,
    /// Whether it is a composite.
    pub is_composite: bool,
    /// Whom it tells.
    pub actions: Vec<String>,
}

/// Most pages read: 100 alarms each.
const PAGES_MAX: usize = 50;

impl Aws {
    /// All alarms that are in ALARM.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn alarms_in_alarm(&self) -> Result<Vec<AlarmNow>, AwsError> {
        let mut alarms = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_MAX {
            let page = self
                .cloudwatch()
                .describe_alarms()
                .state_value(StateValue::Alarm)
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .set_next_token(next)
                .send()
                .boxed()
                .await
                .map_err(|error| AwsError::of("cloudwatch:DescribeAlarms", &error))?;
            alarms.extend(page.metric_alarms.unwrap_or_default().into_iter().map(metric));
            alarms.extend(page.composite_alarms.unwrap_or_default().into_iter().map(composite));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(alarms)
    }

    /// The alarms of these names, at most 100.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn alarms_named(&self, names: &[String]) -> Result<Vec<AlarmNow>, AwsError> {
        let answer = self
            .cloudwatch()
            .describe_alarms()
            .set_alarm_names(Some(names.iter().take(100).cloned().collect()))
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("cloudwatch:DescribeAlarms", &error))?;
        let metrics = answer.metric_alarms.unwrap_or_default().into_iter().map(metric);
        Ok(metrics.chain(answer.composite_alarms.unwrap_or_default().into_iter().map(composite)).collect())
    }
}

fn moment(date: Option<DateTime>) -> Option<Timestamp> {
    let date = date?;
    Timestamp::new(date.secs(), i32::try_from(date.subsec_nanos()).ok()?).ok()
}

fn metric(alarm: aws_sdk_cloudwatch::types::MetricAlarm) -> AlarmNow {
    AlarmNow {
        name: alarm.alarm_name.unwrap_or_default(),
        arn: alarm.alarm_arn.unwrap_or_default(),
        state: alarm.state_value.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        since: moment(alarm.state_transitioned_timestamp).or_else(|| moment(alarm.state_updated_timestamp)),
        reason: alarm.state_reason.unwrap_or_default(),
        description: alarm.alarm_description.unwrap_or_default(),
        metric: alarm.namespace.zip(alarm.metric_name),
        dimensions: alarm
            .dimensions
            .unwrap_or_default()
            .into_iter()
            .filter_map(|dimension| Some((dimension.name?, dimension.value?)))
            .collect(),
        is_composite: false,
        actions: alarm.alarm_actions.unwrap_or_default(),
    }
}

fn composite(alarm: aws_sdk_cloudwatch::types::CompositeAlarm) -> AlarmNow {
    AlarmNow {
        name: alarm.alarm_name.unwrap_or_default(),
        arn: alarm.alarm_arn.unwrap_or_default(),
        state: alarm.state_value.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        since: moment(alarm.state_transitioned_timestamp).or_else(|| moment(alarm.state_updated_timestamp)),
        reason: alarm.state_reason.unwrap_or_default(),
        description: alarm.alarm_description.unwrap_or_default(),
        metric: None,
        dimensions: Vec::new(),
        is_composite: true,
        actions: alarm.alarm_actions.unwrap_or_default(),
    }
}
