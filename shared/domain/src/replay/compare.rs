//! What would another policy have done otherwise? Pages of two replays of the same
//! history, laid beside each other.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::tally::Page;
use crate::span::Span;

/// A page of the same alarm to the same person may have moved by as much as this;
/// further apart, they are two different ones.
const MOVED_MAX: Span = Span::hours(4);

/// Which pages differ; each list in order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    /// How many are the same in both.
    pub n_same: usize,
    /// Only the first has these.
    pub only_first: Vec<Page>,
    /// Only the second has these.
    pub only_second: Vec<Page>,
    /// Both have them, at different times: as the first has them, and when the second
    /// does.
    pub moved: Vec<(Page, Timestamp)>,
}

/// Compares the pages of two replays. To the same person at the same moment it is the
/// same page, even if it names another alarm of the group.
pub fn compare(first: &[Page], second: &[Page]) -> Differences {
    let mut differences = Differences::default();
    let (first, second) = pair(
        first.to_vec(),
        second.to_vec(),
        |page| (page.at, page.who.clone(), page.what.clone()),
        |_, _| {
            differences.n_same += 1;
        },
    );
    let (first, second) = pair(first, second, |page| (page.at, page.who.clone()), |_, _| differences.n_same += 1);
    let mut waiting: BTreeMap<_, Vec<Page>> = BTreeMap::new();
    for page in second {
        waiting.entry((page.who.clone(), page.what.clone())).or_default().push(page);
    }
    for page in first {
        let others = waiting.entry((page.who.clone(), page.what.clone())).or_default();
        let distance = |other: &Page| Span::between(page.at, other.at).max(Span::between(other.at, page.at));
        let nearest = (0..others.len()).min_by_key(|n| distance(&others[*n])).filter(|n| distance(&others[*n]) <= MOVED_MAX);
        match nearest {
            Some(n) => {
                let other = others.remove(n);
                differences.moved.push((page, other.at));
            }
            None => differences.only_first.push(page),
        }
    }
    differences.only_second = waiting.into_values().flatten().collect();
    differences.only_second.sort_by(|one, other| (one.at, &one.who, &one.what).cmp(&(other.at, &other.who, &other.what)));
    differences
}

/// Takes out the pairs whose keys are equal; gives what is left of both.
fn pair<K: Ord>(
    first: Vec<Page>,
    second: Vec<Page>,
    key: impl Fn(&Page) -> K,
    mut each: impl FnMut(&Page, &Page),
) -> (Vec<Page>, Vec<Page>) {
    let mut waiting: BTreeMap<K, Vec<Page>> = BTreeMap::new();
    for page in second.into_iter().rev() {
        waiting.entry(key(&page)).or_default().push(page);
    }
    let mut left = Vec::new();
    for page in first {
        match waiting.get_mut(&key(&page)).and_then(Vec::pop) {
            Some(other) => each(&page, &other),
            None => left.push(page),
        }
    }
    let mut rest: Vec<Page> = waiting.into_values().flatten().collect();
    rest.sort_by_key(|page| page.at);
    (left, rest)
}
