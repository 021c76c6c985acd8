//! Reading: in as few calls as can be, strongly consistent wherever a decision
//! hangs on it.

use futures_util::FutureExt as _;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::alert::Fingerprint;
use domain::control::Control;
use domain::id::IncidentId;
use domain::incident::{AlertRecord, Incident, Pointer};
use domain::inhibit::{Causes, SourceKey};
use domain::notice::Notice;
use domain::probe::watch::FlowState;
use domain::remediation::{Actions, Lease, Remedy, Target};
use domain::route::GroupKey;
use domain::timeline::Entry;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::row::{Item, Key, META, OPEN, REMEDY, TIMELINE, partition, read, remedy_service, sortable, text, text_of};
use super::{Store, StoreError, Stored};
use crate::AwsError;

/// Most rows of one batch.
const BATCH_MAX: usize = 100;
/// How often a batch is asked for the rows that it left out.
const BATCH_TRIES: usize = 5;

/// What is known when an alert comes in.
#[derive(Debug, Clone, Default)]
pub struct ArrivalRows {
    /// What operators have changed; none if no policy was ever installed.
    pub control: Option<Stored<Control>>,
    /// The alert's row.
    pub record: Option<Stored<AlertRecord>>,
    /// The group's open incident.
    pub pointer: Option<Stored<Pointer>>,
    /// Causes noted under the keys that were asked for.
    pub causes: Vec<Stored<Causes>>,
    /// What is known of the flow that was asked for.
    pub flow: Option<FlowState>,
}

/// An incident with what belongs to it, but its record.
#[derive(Debug, Clone)]
pub struct IncidentRows {
    /// The incident.
    pub incident: Stored<Incident>,
    /// What was sent.
    pub notices: Vec<Stored<Notice>>,
    /// What is being mended.
    pub remedies: Vec<Stored<Remedy>>,
}

/// A row of the index of what is not over.
#[derive(Debug, Clone)]
pub enum OpenRow {
    /// An incident.
    Incident(Box<Stored<Incident>>),
    /// A remediation of an incident.
    Remedy(IncidentId, Box<Stored<Remedy>>),
}

impl Store {
    /// What is known when an alert of this group comes in, with the causes under
    /// `keys`, and of the flow that it is about, if it is about one: one call. What is
    /// known of a flow only tells people more: a row that cannot be read is none.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or a row is unreadable.
    pub async fn arrival(
        &self,
        fingerprint: &Fingerprint,
        group: &GroupKey,
        keys: &BTreeSet<SourceKey>,
        flow: Option<&str>,
    ) -> Result<ArrivalRows, StoreError> {
        let flow = flow.map(Key::flow);
        let (control, record, pointer) = (Key::control(), Key::alert(fingerprint), Key::pointer(group));
        let mut wanted: Vec<Key> = keys.iter().map(Key::causes).collect();
        wanted.extend([control.clone(), record.clone(), pointer.clone()]);
        wanted.extend(flow.clone());
        let mut found = self.batch(wanted).await?;
        Ok(ArrivalRows {
            flow: flow.and_then(|key| take(&mut found, &key).ok().flatten()).map(|stored| stored.value),
            control: take(&mut found, &control)?,
            record: take(&mut found, &record)?,
            pointer: take(&mut found, &pointer)?,
            causes: keys.iter().filter_map(|key| take(&mut found, &Key::causes(key)).transpose()).collect::<Result<_, _>>()?,
        })
    }

    /// What operators have changed, and the causes under `keys`.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn control_and_causes(
        &self,
        group: &GroupKey,
        keys: &BTreeSet<SourceKey>,
    ) -> Result<(Option<Stored<Control>>, Option<Stored<Pointer>>, Vec<Stored<Causes>>), StoreError> {
        let (control, pointer) = (Key::control(), Key::pointer(group));
        let mut wanted: Vec<Key> = keys.iter().map(Key::causes).collect();
        wanted.extend([control.clone(), pointer.clone()]);
        let mut found = self.batch(wanted).await?;
        let control = take(&mut found, &control)?;
        let pointer = take(&mut found, &pointer)?;
        let causes = keys.iter().filter_map(|key| take(&mut found, &Key::causes(key)).transpose()).collect::<Result<_, _>>()?;
        Ok((control, pointer, causes))
    }

    /// What operators have changed.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or the row is unreadable.
    pub async fn control(&self) -> Result<Option<Stored<Control>>, StoreError> {
        self.get(&Key::control()).await
    }

    /// A policy by its version.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or the row is unreadable.
    pub async fn policy(&self, version: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.get::<Value>(&Key::policy(version)).await?.map(|stored| stored.value))
    }

    /// A file of probes by its version.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or the row is unreadable.
    pub async fn probes(&self, version: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.get::<Value>(&Key::probes(version)).await?.map(|stored| stored.value))
    }

    /// The open incident of a group.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or the row is unreadable.
    pub async fn pointer(&self, group: &GroupKey) -> Result<Option<Stored<Pointer>>, StoreError> {
        self.get(&Key::pointer(group)).await
    }

    /// An alert's row.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or the row is unreadable.
    pub async fn alert(&self, fingerprint: &Fingerprint) -> Result<Option<Stored<AlertRecord>>, StoreError> {
        self.get(&Key::alert(fingerprint)).await
    }

    /// Who works on a target, and what was done lately.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or a row is unreadable.
    pub async fn lease_and_actions(
        &self,
        target: &Target,
    ) -> Result<(Option<Stored<Lease>>, Option<Stored<Actions>>), StoreError> {
        let (lease, actions) = (Key::lease(target), Key::actions());
        let mut found = self.batch(vec![lease.clone(), actions.clone()]).await?;
        Ok((take(&mut found, &lease)?, take(&mut found, &actions)?))
    }

    /// An incident with its messages and remediations; none if there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the call fails or a row is unreadable.
    pub async fn incident(&self, id: &IncidentId) -> Result<Option<IncidentRows>, StoreError> {
        let items = self
            .query(Query {
                index: None,
                condition: "pk = :p AND sk < :s",
                values: vec![(":p", partition(id)), (":s", TIMELINE.to_owned())],
                newest_first: false,
                limit: None,
            })
            .await?;
        let (mut incident, mut notices, mut remedies) = (None, Vec::new(), Vec::new());
        for item in &items {
            match text_of(item, "sk") {
                META => incident = Some(read(item)?),
                sk if sk.starts_with("NOTICE#") => notices.push(read(item)?),
                sk if sk.starts_with(REMEDY) => remedies.push(read(item)?),
                _ => {}
            }
        }
        Ok(incident.map(|incident| IncidentRows { incident, notices, remedies }))
    }

    /// The alerts of an incident, by the index: a row written in the last moments
    /// may be missing.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn members(&self, id: &IncidentId) -> Result<Vec<AlertRecord>, StoreError> {
        let items = self
            .query(Query {
                index: Some("incident-members"),
                condition: "incident_id = :p",
                values: vec![(":p", id.to_string())],
                newest_first: false,
                limit: None,
            })
            .await?;
        items.iter().map(|item| read(item).map(|stored| stored.value)).collect()
    }

    /// The record of an incident, in order.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn timeline(&self, id: &IncidentId) -> Result<Vec<Entry>, StoreError> {
        let items = self
            .query(Query {
                index: None,
                condition: "pk = :p AND begins_with(sk, :s)",
                values: vec![(":p", partition(id)), (":s", TIMELINE.to_owned())],
                newest_first: false,
                limit: None,
            })
            .await?;
        items.iter().map(|item| read(item).map(|stored| stored.value)).collect()
    }

    /// What is not over and due before `before`, or all of it; by when it is due.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn open_rows(&self, before: Option<Timestamp>) -> Result<Vec<OpenRow>, StoreError> {
        let mut values = vec![(":p", OPEN.to_owned())];
        let condition = match before {
            None => "#open = :p",
            Some(before) => {
                values.push((":s", sortable(before)));
                "#open = :p AND wake_at < :s"
            }
        };
        let items =
            self.query(Query { index: Some("open-incidents"), condition, values, newest_first: false, limit: None }).await?;
        let mut rows = Vec::new();
        for item in &items {
            if text_of(item, "sk") == META {
                rows.push(OpenRow::Incident(Box::new(read(item)?)));
            } else if let Some(Ok(id)) = text_of(item, "pk").strip_prefix("INC#").map(str::parse) {
                rows.push(OpenRow::Remedy(id, Box::new(read(item)?)));
            }
        }
        Ok(rows)
    }

    /// All incidents that are not over.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        let rows = self.open_rows(None).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| match row {
                OpenRow::Incident(stored) => Some(stored.value),
                OpenRow::Remedy(..) => None,
            })
            .collect())
    }

    /// The newest incidents of a service, open or not.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn incidents_of(&self, service: &str, since: Timestamp, limit: usize) -> Result<Vec<Incident>, StoreError> {
        let items = self.of_service(service.to_owned(), since, Some(limit)).await?;
        let incidents = items.iter().filter(|item| text_of(item, "sk") == META);
        incidents.map(|item| read(item).map(|stored| stored.value)).collect()
    }

    /// How often a remediation was called for since a moment, with the incidents: the
    /// newest first.
    ///
    /// # Errors
    /// [`StoreError`] when a call fails or a row is unreadable.
    pub async fn remedies_of(&self, name: &str, since: Timestamp) -> Result<Vec<(IncidentId, Remedy)>, StoreError> {
        let items = self.of_service(remedy_service(name), since, None).await?;
        let remedies = items.iter().filter(|item| text_of(item, "sk").starts_with(REMEDY));
        let incident = |item: &Item| text_of(item, "pk").strip_prefix("INC#").map(str::parse).and_then(Result::ok);
        remedies.filter_map(|item| incident(item).map(|id| read(item).map(|stored| (id, stored.value)))).collect()
    }

    /// What stands in the index under a service, the newest first.
    async fn of_service(&self, service: String, since: Timestamp, limit: Option<usize>) -> Result<Vec<Item>, StoreError> {
        self.query(Query {
            index: Some("service-incidents"),
            condition: "service = :p AND opened_at >= :s",
            values: vec![(":p", service), (":s", sortable(since))],
            newest_first: true,
            limit,
        })
        .await
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
        let answer = self
            .aws
            .dynamodb()
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .consistent_read(true)
            .send()
            .boxed()
            .await
            .map_err(|error| AwsError::of("dynamodb:GetItem", &error))?;
        answer.item.as_ref().map(read).transpose()
    }

    /// Rows by their keys, in one call for each hundred.
    pub(super) async fn batch(&self, keys: Vec<Key>) -> Result<BTreeMap<Key, Item>, StoreError> {
        let mut found = BTreeMap::new();
        for chunk in keys.chunks(BATCH_MAX) {
            let mut wanted: Vec<Item> = chunk.iter().map(Key::attributes).collect();
            for _ in 0..BATCH_TRIES {
                let request = KeysAndAttributes::builder()
                    .set_keys(Some(wanted))
                    .consistent_read(true)
                    .build()
                    .map_err(|error| AwsError::Rejected { call: "dynamodb:BatchGetItem", message: error.to_string() })?;
                let answer = self
                    .aws
                    .dynamodb()
                    .batch_get_item()
                    .request_items(&self.table, request)
                    .send()
                    .boxed()
                    .await
                    .map_err(|error| AwsError::of("dynamodb:BatchGetItem", &error))?;
                for item in answer.responses.unwrap_or_default().into_values().flatten() {
                    let key = Key { pk: text_of(&item, "pk").to_owned(), sk: text_of(&item, "sk").to_owned() };
                    found.insert(key, item);
                }
                wanted = answer.unprocessed_keys.unwrap_or_default().into_values().flat_map(|rest| rest.keys).collect();
                if wanted.is_empty() {
                    break;
                }
            }
            if !wanted.is_empty() {
                let message = format!("{} rows were left out {BATCH_TRIES} times", wanted.len());
                return Err(AwsError::Later { call: "dynamodb:BatchGetItem", message }.into());
            }
        }
        Ok(found)
    }

    pub(super) async fn query(&self, query: Query) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut next: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let mut call = self
                .aws
                .dynamodb()
                .query()
                .table_name(&self.table)
                .set_index_name(query.index.map(str::to_owned))
                .key_condition_expression(query.condition)
                .consistent_read(query.index.is_none())
                .scan_index_forward(!query.newest_first)
                .set_limit(query.limit.and_then(|limit| i32::try_from(limit).ok()))
                .set_exclusive_start_key(next.take());
            if query.condition.contains("#open") {
                call = call.expression_attribute_names("#open", "open");
            }
            for (name, value) in &query.values {
                call = call.expression_attribute_values(*name, text(value));
            }
            let page = call.send().boxed().await.map_err(|error| AwsError::of("dynamodb:Query", &error))?;
            items.extend(page.items.unwrap_or_default());
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() || query.limit.is_some_and(|limit| items.len() >= limit) {
                return Ok(items);
            }
        }
    }
}

/// A query of the table or of an index.
pub(super) struct Query {
    pub(super) index: Option<&'static str>,
    pub(super) condition: &'static str,
    pub(super) values: Vec<(&'static str, String)>,
    pub(super) newest_first: bool,
    pub(super) limit: Option<usize>,
}

fn take<T: DeserializeOwned>(found: &mut BTreeMap<Key, Item>, key: &Key) -> Result<Option<Stored<T>>, StoreError> {
    found.remove(key).as_ref().map(read).transpose()
}
