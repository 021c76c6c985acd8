//! What a story comes to: on record, at the targets, and for whoever listens.

use std::collections::{BTreeMap, BTreeSet};

use super::scenery::{effects, levers};
use crate::play::Play;
use aws::store::IncidentRows;
use domain::id::IncidentId;
use domain::incident::Status;
use domain::notice::Delivery;
use domain::remediation::event::{DETAIL_TYPE, SOURCE};
use domain::remediation::{Outcome, PATH_MAX, Stage};
use domain::timeline::{Entry, EntryKind};

/// What a story comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// Each incident, and whether it is closed.
    pub(super) incidents: Vec<String>,
    /// Each alert, and whether it fires.
    pub(super) alerts: Vec<String>,
    /// How each remediation ended.
    pub(super) remedies: Vec<String>,
    /// How many messages there were of a kind, to whom, and what became of them.
    pub(super) notices: BTreeMap<String, usize>,
    /// What was really done.
    pub(super) effects: Vec<String>,
    /// Which stages were published, of which remediation.
    pub(super) stages: BTreeSet<String>,
}

/// What a story has come to. What must hold of every end is asserted here.
pub(super) async fn ending(play: &Play, levers_before: &[Option<u32>; 3]) -> Ending {
    let store = play.store();
    let mut ending = Ending {
        incidents: Vec::new(),
        alerts: Vec::new(),
        remedies: Vec::new(),
        notices: BTreeMap::new(),
        effects: effects(&play.world),
        stages: BTreeSet::new(),
    };
    let mut is_kept = false;
    for id in play.incident_ids() {
        let rows = store.incident(&id).await.unwrap().unwrap();
        let incident = &rows.incident.value;
        ending.incidents.push(format!(
            "{} {} {}",
            incident.title,
            incident.priority,
            matches!(incident.status, Status::Closed { .. })
        ));
        assert!(store.pointer(&incident.group).await.unwrap().is_none(), "the group's pointer is left behind");
        for member in store.members(&id).await.unwrap() {
            ending.alerts.push(format!("{} firing {}", member.alert.name, member.is_firing()));
        }
        count_notices(&rows, &mut ending.notices);
        let timeline = store.timeline(&id).await.unwrap();
        assert!(timeline.iter().any(|entry| entry.kind == EntryKind::Incident), "the record is empty");
        is_kept |= is_said(&rows, &timeline);
        ending.remedies.extend(rows.remedies.iter().map(|it| format!("{}: {}", it.value.name, it.value.stage.sentence())));
        ending.stages.extend(published(play, &id, &rows));
    }
    assert!(is_kept || levers(&play.world) == *levers_before, "raised, not put back, and nobody is told why: {ending:#?}");
    assert_eq!(n_published(play), play.world.bus_events().len(), "something was published of an incident that there is not");
    ending
}

fn count_notices(rows: &IncidentRows, counts: &mut BTreeMap<String, usize>) {
    for notice in &rows.notices {
        let state = match &notice.value.delivery {
            Delivery::Sent { .. } => "sent",
            Delivery::Pending { .. } => "pending",
            Delivery::Failed { .. } => "failed",
            Delivery::Cancelled { .. } => "cancelled",
        };
        *counts.entry(format!("{} to {} {state}", notice.value.kind.word(), notice.value.to)).or_default() += 1;
    }
}

/// Every remediation is over, owes nobody anything, and the incident's record says how
/// it ended; gives whether it says of one that and why it was not put back.
fn is_said(rows: &IncidentRows, timeline: &[Entry]) -> bool {
    let mut is_kept = false;
    for remedy in rows.remedies.iter().map(|stored| &stored.value) {
        assert_eq!((remedy.wake_at, remedy.outbox.len()), (None, 0), "something is left to do: {remedy:#?}");
        let Stage::Over { outcome, .. } = &remedy.stage else { panic!("it is not over: {remedy:#?}") };
        let line = format!("{}: {}", remedy.name, outcome.sentence());
        assert!(timeline.iter().any(|entry| entry.text == line), "the record does not say `{line}`");
        is_kept |= matches!(outcome, Outcome::Kept { why, .. } if !why.is_empty());
    }
    is_kept
}

fn n_published(play: &Play) -> usize {
    let ids: Vec<String> = play.incident_ids().iter().map(ToString::to_string).collect();
    let is_known = |id: &str| ids.iter().any(|known| known == id);
    play.world.bus_events().iter().filter(|event| event.detail["incident_id"].as_str().is_some_and(is_known)).count()
}

/// The stages that were published of an incident's remediations. Every change that is
/// on record was published, under one name, and nothing else was.
fn published(play: &Play, id: &IncidentId, rows: &IncidentRows) -> BTreeSet<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut told: BTreeMap<String, (String, String, String)> = BTreeMap::new();
    for event in play.world.bus_events().iter().filter(|event| event.detail["incident_id"] == id.to_string()) {
        assert_eq!((event.source.as_str(), event.detail_type.as_str()), (SOURCE, DETAIL_TYPE));
        let detail = &event.detail;
        let change = (text(&detail["remediation"]), text(&detail["at"]), text(&detail["stage"]));
        let known = told.entry(text(&detail["reference"])).or_insert_with(|| change.clone());
        assert_eq!(*known, change, "two changes were published under one name");
    }
    let mut told: Vec<(String, String, String)> = told.into_values().collect();
    let mut stored: Vec<(String, String, String)> = Vec::new();
    for remedy in rows.remedies.iter().map(|stored| &stored.value) {
        assert!(remedy.path.len() < PATH_MAX, "its path was cut");
        stored.extend(remedy.path.iter().map(|passed| (remedy.name.clone(), passed.at.to_string(), passed.stage.clone())));
    }
    told.sort();
    stored.sort();
    assert_eq!(told, stored, "what was published is not what is on record");
    stored.into_iter().map(|(name, _, stage)| format!("{name} {stage}")).collect()
}

/// Messages by topic and subject, as subscribers got them.
pub(super) fn messages(play: &Play) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for published in play.world.published() {
        // The incident's name differs with the moment of opening.
        let subject = published.subject.split(']').nth(1).unwrap_or_default().to_owned();
        let topic = published.topic.rsplit(':').next().unwrap_or_default();
        *counts.entry(format!("{topic}:{subject}")).or_default() += 1;
    }
    counts
}
