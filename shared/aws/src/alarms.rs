//! CloudWatch alarms, to compare with what is on record.

use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, Dimension, HistoryItemType, MetricAlarm, MetricDataQuery, ScanBy, StateValue};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

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

/// Something that happened to an alarm, in CloudWatch's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmHistoryItem {
    /// The alarm's name.
    pub name: String,
    /// `MetricAlarm` or `CompositeAlarm`.
    pub alarm_type: String,
    /// What kind of thing: `StateUpdate` for instance.
    pub kind: String,
    /// When.
    pub at: Option<Timestamp>,
    /// What happened, in a sentence.
    pub summary: String,
    /// The same as JSON.
    pub detail: String,
}

/// Alarms or items of a page: the most that CloudWatch gives, which gives half as many
/// alarms if it is not asked for more.
const OF_A_PAGE: i32 = 100;
/// Most pages read.
const PAGES_MAX: usize = 50;
/// Most pages read for a person, who waits.
const PAGES_MAX_OPERATOR: usize = 20_000;

impl Aws {
    /// All alarms that are in ALARM.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn alarms_in_alarm(&self) -> Result<Vec<AlarmNow>, AwsError> {
        let mut alarms = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_MAX {
            let page = self.page_of_alarms(Some(StateValue::Alarm), next).await?;
            alarms.extend(page.metric_alarms.unwrap_or_default().into_iter().map(metric));
            alarms.extend(page.composite_alarms.unwrap_or_default().into_iter().map(composite));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(alarms)
    }

    /// A page of the alarms in a state, or in any, from where `next` points.
    async fn page_of_alarms(&self, state: Option<StateValue>, next: Option<String>) -> Result<DescribeAlarmsOutput, AwsError> {
        self.cloudwatch()
            .describe_alarms()
            .set_state_value(state)
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(OF_A_PAGE)
            .set_next_token(next)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("cloudwatch:DescribeAlarms", &error))
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

    /// The definitions of all alarms, in the words of `describe-alarms` as far as an
    /// alarm's labels come from them.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn alarm_definitions(&self) -> Result<Vec<Value>, AwsError> {
        let mut definitions = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_MAX_OPERATOR {
            let page = self.page_of_alarms(None, next).await?;
            definitions.extend(page.metric_alarms.unwrap_or_default().iter().map(definition));
            definitions.extend(page.composite_alarms.unwrap_or_default().into_iter().map(|alarm| {
                let (arn, about) = (alarm.alarm_arn, alarm.alarm_description);
                json!({"AlarmName": alarm.alarm_name, "AlarmArn": arn, "AlarmDescription": about, "AlarmRule": alarm.alarm_rule})
            }));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(definitions)
    }

    /// All changes of state of all alarms since `from`, as far back as CloudWatch
    /// keeps them; `each` gets page after page, the oldest first.
    ///
    /// # Errors
    /// [`AwsError`] as for every call.
    pub async fn alarm_history(
        &self,
        from: Timestamp,
        until: Timestamp,
        mut each: impl FnMut(Vec<AlarmHistoryItem>),
    ) -> Result<(), AwsError> {
        let date = |at: Timestamp| DateTime::from_secs(at.as_second());
        let mut next = None;
        for _ in 0..PAGES_MAX_OPERATOR {
            let page = self
                .cloudwatch()
                .describe_alarm_history()
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .history_item_type(HistoryItemType::StateUpdate)
                .start_date(date(from))
                .end_date(date(until))
                .scan_by(ScanBy::TimestampAscending)
                .max_records(OF_A_PAGE)
                .set_next_token(next)
                .send()
                .boxed()
                .await
                .map_err(|error| AwsError::of("cloudwatch:DescribeAlarmHistory", &error))?;
            each(page.alarm_history_items.unwrap_or_default().into_iter().map(history_item).collect());
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(())
    }
}

fn history_item(item: aws_sdk_cloudwatch::types::AlarmHistoryItem) -> AlarmHistoryItem {
    AlarmHistoryItem {
        name: item.alarm_name.unwrap_or_default(),
        alarm_type: item.alarm_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        kind: item.history_item_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        at: moment(item.timestamp),
        summary: item.history_summary.unwrap_or_default(),
        detail: item.history_data.unwrap_or_default(),
    }
}

fn definition(alarm: &MetricAlarm) -> Value {
    json!({
        "AlarmName": alarm.alarm_name,
        "AlarmArn": alarm.alarm_arn,
        "AlarmDescription": alarm.alarm_description,
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric_name,
        "Dimensions": dimensions(alarm.dimensions()),
        "Metrics": alarm.metrics().iter().map(query).collect::<Vec<_>>(),
    })
}

fn query(query: &MetricDataQuery) -> Value {
    let metric = query.metric_stat().and_then(|stat| stat.metric()).map(|metric| {
        let dimensions = dimensions(metric.dimensions());
        json!({"Namespace": metric.namespace, "MetricName": metric.metric_name, "Dimensions": dimensions})
    });
    json!({"Expression": query.expression, "MetricStat": {"Metric": metric}})
}

fn dimensions(dimensions: &[Dimension]) -> Vec<Value> {
    dimensions.iter().map(|dimension| json!({"Name": dimension.name, "Value": dimension.value})).collect()
}

/// A moment as the SDKs give it; none if it is none that can be.
pub(crate) fn moment(date: Option<DateTime>) -> Option<Timestamp> {
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
