//! What happened to the alarms? Their history, as `aws cloudwatch
//! describe-alarm-history` writes it: pages, lists or lines of items, in any order.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Deserializer, Value};

use crate::alert::{AlertState, Mute};
use crate::intake::moment;
use crate::text::{NAME_MAX, clean};

/// How many of the items that could not be read are remembered by why.
const REASONS_MAX: usize = 5;

/// One alarm went to another state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// Which alarm, by its place among [`AlarmHistory::names`].
    pub alarm: usize,
    /// The state that it went to.
    pub state: AlertState,
    /// What muted its actions then, if the history says so.
    pub muted_by: Option<Mute>,
}

/// The changes of state of many alarms.
#[derive(Debug, Clone, Default)]
pub struct AlarmHistory {
    /// The names of the alarms.
    pub names: Vec<String>,
    /// Whether each of them is a composite.
    pub are_composite: Vec<bool>,
    /// Items of other types, which change no state.
    pub n_other: usize,
    /// Items that could not be read.
    pub n_unreadable: usize,
    /// Why not, for the first few.
    pub unreadable: Vec<String>,
    changes: Vec<Change>,
    by_name: HashMap<String, usize>,
}

/// An item, as CloudWatch writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item<'t> {
    #[serde(borrow)]
    alarm_name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    alarm_type: Option<Cow<'t, str>>,
    timestamp: Option<Value>,
    #[serde(borrow)]
    history_item_type: Option<Cow<'t, str>>,
    #[serde(borrow)]
    history_summary: Option<Cow<'t, str>>,
    #[serde(borrow)]
    history_data: Option<Cow<'t, str>>,
}

/// A page of items, or an item by itself: both are objects.
#[derive(Deserialize)]
struct PageOrItem<'t> {
    #[serde(borrow, rename = "AlarmHistoryItems")]
    items: Option<Vec<&'t RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    new_state: Option<StateDetail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateDetail {
    state_value: Option<String>,
    actions_suppressed_by: Option<String>,
}

impl AlarmHistory {
    /// Reads a file's text: pages one after another, a list, or an item a line.
    /// Items that cannot be read are counted.
    pub fn read(text: &str) -> AlarmHistory {
        let mut history = AlarmHistory::default();
        let mut rest = text.trim_start_matches('\u{feff}');
        let mut was_broken = false;
        while !rest.trim_start().is_empty() {
            let mut values = Deserializer::from_str(rest).into_iter::<&RawValue>();
            while let Some(Ok(value)) = values.next() {
                history.value(value.get());
                was_broken = false;
            }
            let at = values.byte_offset();
            rest = rest.get(at..).unwrap_or_default().trim_start();
            if rest.is_empty() {
                break;
            }
            // What stands on the next line may be whole again.
            if !was_broken {
                history.unreadable(format!("`{}` is not JSON", clean(rest, 40)));
            }
            was_broken = true;
            rest = rest.split_once('\n').map_or("", |(_, next)| next);
        }
        history.finish()
    }

    fn value(&mut self, text: &str) {
        if text.starts_with('[') {
            match serde_json::from_str::<Vec<&RawValue>>(text) {
                Ok(items) => items.iter().for_each(|item| self.item(item.get())),
                Err(error) => self.unreadable(error.to_string()),
            }
            return;
        }
        match serde_json::from_str::<PageOrItem<'_>>(text) {
            Ok(PageOrItem { items: Some(items) }) => items.iter().for_each(|item| self.item(item.get())),
            Ok(PageOrItem { items: None }) | Err(_) => self.item(text),
        }
    }

    fn item(&mut self, text: &str) {
        let item = match serde_json::from_str::<Item<'_>>(text) {
            Ok(item) => item,
            Err(error) => return self.unreadable(format!("an item has another shape: {error}")),
        };
        let at = item.timestamp.as_ref().and_then(moment::read);
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
        self.add(
            &text(&item.alarm_name),
            &text(&item.alarm_type),
            &text(&item.history_item_type),
            at,
            &text(&item.history_summary),
            &text(&item.history_data),
        );
    }

    /// Adds an item by its parts: its name and type, which kind of item it is, when,
    /// its summary, and its data as JSON.
    pub fn add(&mut self, name: &str, alarm_type: &str, kind: &str, at: Option<Timestamp>, summary: &str, detail: &str) {
        let name = clean(name, NAME_MAX);
        if kind != "StateUpdate" {
            if kind.is_empty() {
                self.unreadable("an item has no `HistoryItemType`".to_owned());
            } else {
                self.n_other += 1;
            }
            return;
        }
        if name.is_empty() {
            return self.unreadable("an item has no `AlarmName`".to_owned());
        }
        let Some(at) = at else { return self.unreadable(format!("an item of {name} has no `Timestamp` that can be read")) };
        let detail = serde_json::from_str::<Detail>(detail).ok().and_then(|detail| detail.new_state);
        let word = detail.as_ref().and_then(|state| state.state_value.as_deref());
        // The summary says it too: "Alarm updated from OK to ALARM".
        let word = word.or_else(|| summary.rsplit_once(" to ").map(|(_, word)| word)).unwrap_or_default();
        let Some(state) = state_of(word) else {
            return self.unreadable(format!("an item of {name} does not say to which state it went"));
        };
        let by = detail.and_then(|state| state.actions_suppressed_by).filter(|by| !by.is_empty());
        let muted_by = by.map(|by| Mute { by: clean(&by, NAME_MAX), until: None });
        let alarm = self.alarm(&name, alarm_type == "CompositeAlarm");
        self.changes.push(Change { at, alarm, state, muted_by });
    }

    fn alarm(&mut self, name: &str, is_composite: bool) -> usize {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let n = self.names.len();
        self.names.push(name.to_owned());
        self.are_composite.push(is_composite);
        self.by_name.insert(name.to_owned(), n);
        n
    }

    fn unreadable(&mut self, why: String) {
        self.n_unreadable += 1;
        if self.unreadable.len() < REASONS_MAX && !self.unreadable.contains(&why) {
            self.unreadable.push(why);
        }
    }

    /// Puts what was added in order.
    pub fn finish(mut self) -> AlarmHistory {
        self.changes.sort_by_key(|change| (change.at, change.alarm, change.state));
        self
    }

    /// All changes, oldest first.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// When the first change was.
    pub fn first(&self) -> Option<Timestamp> {
        self.changes.first().map(|change| change.at)
    }

    /// When the last change was.
    pub fn last(&self) -> Option<Timestamp> {
        self.changes.last().map(|change| change.at)
    }
}

fn state_of(word: &str) -> Option<AlertState> {
    match word.trim() {
        "OK" => Some(AlertState::Ok),
        "ALARM" => Some(AlertState::Alarm),
        "INSUFFICIENT_DATA" => Some(AlertState::InsufficientData),
        _ => None,
    }
}
