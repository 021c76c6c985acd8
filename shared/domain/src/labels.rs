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
    /// Writes `{name="value", …}` with quotes and backslashes escaped, names in
    /// quotes, too, where they are not plain words: two different sets never read
    /// the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (n, (name, value)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            if name.chars().all(|ch| ch.is_alphanumeric() || matches!(ch, '_' | ':' | '.' | '-' | '/')) {
                write!(f, "{comma}{name}={value:?}")?;
            } else {
                write!(f, "{comma}{name:?}={value:?}")?;
            }
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    #[test]
    fn an_empty_value_is_no_label() {
        let mut labels: Labels = [("team", "api"), ("env", ""), ("", "x")].into_iter().collect();
        assert_eq!(labels.to_string(), r#"{team="api"}"#);
        labels.set("team", " \u{200b} ");
        assert!(labels.is_empty(), "what cleans to nothing is nothing");
        assert_eq!((labels.get("team"), labels.find("team")), ("", None));
    }

    #[test]
    fn there_are_at_most_so_many_and_those_that_are_there_can_still_change() {
        let mut labels: Labels = (0..LABELS_MAX).map(|n| (format!("l{n}"), "old")).collect();
        labels.set("one-more", "x");
        labels.set("l0", "new");
        assert_eq!((labels.len(), labels.get("one-more"), labels.get("l0")), (LABELS_MAX, "", "new"));
    }

    fn any_labels() -> impl Strategy<Value = Labels> {
        proptest::collection::vec(("[ab=\", ]{0,8}", "[ab=\", ]{0,8}"), 0..3).prop_map(|pairs| pairs.into_iter().collect())
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn two_different_sets_never_read_the_same(one in any_labels(), other in any_labels()) {
            prop_assert_eq!(one == other, one.to_string() == other.to_string());
        }
    }
}
