//! What is known about an alert, as names and values.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text;

/// Most labels kept on one alert. Alarm dimensions are at most 30, tags 50.
pub const LABELS_MAX: usize = 96;

/// Label names with their values, in the order of the names.
///
/// As in Prometheus, an empty value is the same as no label.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// No labels.
    pub fn new() -> Labels {
        Labels::default()
    }

    /// The value of `name`; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The value of `name`, unless there is none.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets a label after cleaning both parts; an empty value removes it.
    /// Beyond [`LABELS_MAX`] a new name is left out.
    pub fn set(&mut self, name: &str, value: &str) {
        let name = text::clean(name, text::NAME_MAX);
        let value = text::clean(value, text::TEXT_MAX);
        if value.is_empty() || name.is_empty() {
            self.0.remove(&name);
        } else if self.0.len() < LABELS_MAX || self.0.contains_key(&name) {
            self.0.insert(name, value);
        }
    }

    /// Sets a label unless it is there already.
    pub fn set_default(&mut self, name: &str, value: &str) {
        if self.find(name).is_none() {
            self.set(name, value);
        }
    }

    /// All labels in the order of their names.
    pub fn iter(&self) -> btree_map::Iter<'_, String, String> {
        self.0.iter()
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels named in `names`, for grouping. A missing one is left out.
    pub fn only<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Labels {
        Labels(names.into_iter().filter_map(|name| self.find(name).map(|value| (name.to_owned(), value.to_owned()))).collect())
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a String, &'a String);
    type IntoIter = btree_map::Iter<'a, String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Labels {
        let mut labels = Labels::new();
        for (name, value) in pairs {
            labels.set(name.as_ref(), value.as_ref());
        }
        labels
    }
}

impl fmt::Display for Labels {
    /// Writes `{name="value", …}` with quotes and backslashes escaped, so that
    /// two different sets never read the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (n, (name, value)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}
