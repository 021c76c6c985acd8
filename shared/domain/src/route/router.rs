//! Where do very many alerts go? The tree made flat: each label that it looks at
//! is resolved once for an alert, each word that it compares with has a number by
//! which the routes are found that want it, and an expression is tried at most once,
//! however many routes have it.

use std::collections::HashMap;
use std::ops::Range;

use super::{Route, Routed, routed};
use crate::labels::Labels;
use crate::matcher::{Matcher, Pattern};

/// A routing tree, ready for many alerts. For a single one, [`Route::matches`]
/// is done before this is made.
#[derive(Debug)]
pub struct Router<'r> {
    root: &'r Route,
    slots: Vec<Slot<'r>>,
    /// Every route before its children.
    nodes: Vec<Node<'r>>,
    checks: Vec<Check>,
    /// The expressions, each with the slot of its label.
    patterns: Vec<(usize, &'r Pattern)>,
}

/// A label that the tree looks at.
#[derive(Debug)]
struct Slot<'r> {
    name: &'r str,
    /// The words that it is compared with, numbered.
    words: HashMap<&'r str, u32>,
}

#[derive(Debug)]
struct Node<'r> {
    route: &'r Route,
    checks: Range<usize>,
    children: Children,
}

/// The children of a route, in order.
#[derive(Debug)]
enum Children {
    Few(Vec<usize>),
    /// Many of them want one word in the same label: only those that want the
    /// alert's word are looked at, and those that want no certain one.
    ByWord {
        slot: usize,
        wanting: HashMap<u32, Vec<usize>>,
        others: Vec<usize>,
    },
}

/// From so many children on that want a word it is quicker to look the word up.
const MANY: usize = 8;

#[derive(Debug)]
struct Check {
    slot: usize,
    negated: bool,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Is(u32),
    IsOneOf(Vec<u32>),
    /// The number of an expression.
    Looks(usize),
}

/// A word that the tree does not compare with.
const NO_WORD: u32 = u32::MAX;

/// An alert, as far as the tree looks at it.
struct Alert<'l> {
    values: Vec<(&'l str, u32)>,
    /// What came of each expression so far.
    looks: Vec<Option<bool>>,
}

impl<'r> Router<'r> {
    /// Makes a tree flat.
    pub fn new(root: &'r Route) -> Router<'r> {
        let mut router = Router { root, slots: Vec::new(), nodes: Vec::new(), checks: Vec::new(), patterns: Vec::new() };
        let mut seen = Seen::default();
        router.add(root, &mut seen);
        router
    }

    fn add(&mut self, route: &'r Route, seen: &mut Seen<'r>) -> usize {
        let first = self.checks.len();
        for matcher in &route.matchers {
            let check = self.check(matcher, seen);
            self.checks.push(check);
        }
        let n = self.nodes.len();
        self.nodes.push(Node { route, checks: first..self.checks.len(), children: Children::Few(Vec::new()) });
        let children = route.routes.iter().map(|child| self.add(child, seen)).collect();
        self.nodes[n].children = self.sorted(children);
        n
    }

    /// Children by the word that they want, if that is worth it.
    fn sorted(&self, children: Vec<usize>) -> Children {
        let mut n_wanting = vec![0_usize; self.slots.len()];
        let words = |child: usize| self.checks[self.nodes[child].checks.clone()].iter().filter_map(Check::words);
        for &child in &children {
            words(child).for_each(|(slot, _)| n_wanting[slot] += 1);
        }
        let most = n_wanting.iter().enumerate().max_by_key(|(_, n)| **n);
        let Some((slot, _)) = most.filter(|(_, n)| **n >= MANY) else {
            return Children::Few(children);
        };
        let mut wanting: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut others = Vec::new();
        for child in children {
            match words(child).find(|(at, _)| *at == slot) {
                Some((_, words)) => {
                    for word in words {
                        wanting.entry(*word).or_default().push(child);
                    }
                }
                None => others.push(child),
            }
        }
        // A route that wants the same word twice is looked at once.
        wanting.values_mut().for_each(Vec::dedup);
        Children::ByWord { slot, wanting, others }
    }

    fn check(&mut self, matcher: &'r Matcher, seen: &mut Seen<'r>) -> Check {
        let slot = *seen.slots.entry(matcher.name()).or_insert_with(|| {
            self.slots.push(Slot { name: matcher.name(), words: HashMap::new() });
            self.slots.len() - 1
        });
        let mut number = |word: &'r str| {
            let words = &mut self.slots[slot].words;
            let next = u32::try_from(words.len()).unwrap_or(NO_WORD);
            *words.entry(word).or_insert(next)
        };
        let test = match matcher.pattern() {
            Pattern::Equal(word) => Test::Is(number(word)),
            Pattern::Words(words) if words.iter().all(|word| word.alone().is_some()) => {
                Test::IsOneOf(words.iter().filter_map(|word| word.alone()).map(number).collect())
            }
            pattern @ (Pattern::Words(_) | Pattern::Regex { .. }) => {
                Test::Looks(*seen.patterns.entry((slot, matcher.expression())).or_insert_with(|| {
                    self.patterns.push((slot, pattern));
                    self.patterns.len() - 1
                }))
            }
        };
        Check { slot, negated: matcher.is_negated(), test }
    }

    /// The same as [`Route::matches`], for an alert whose labels `lookup` finds.
    pub fn matches<'l>(&self, lookup: impl Fn(&str) -> Option<&'l str>) -> Vec<&'r Route> {
        let value = |slot: &Slot<'r>| {
            let value = lookup(slot.name).unwrap_or_default();
            (value, slot.words.get(value).copied().unwrap_or(NO_WORD))
        };
        let mut alert = Alert { values: self.slots.iter().map(value).collect(), looks: vec![None; self.patterns.len()] };
        let mut found = Vec::new();
        self.collect(0, &mut alert, &mut found);
        found
    }

    /// The same as [`route`](super::route).
    pub fn route(&self, labels: &Labels) -> Routed {
        routed(self.root, &self.matches(|name| labels.find(name)), labels)
    }

    fn collect(&self, n: usize, alert: &mut Alert<'_>, found: &mut Vec<&'r Route>) -> bool {
        let node = &self.nodes[n];
        if !self.checks[node.checks.clone()].iter().all(|check| self.holds(check, alert)) {
            return false;
        }
        let (wanting, others) = match &node.children {
            Children::Few(children) => (children.as_slice(), [].as_slice()),
            Children::ByWord { slot, wanting, others } => {
                (wanting.get(&alert.values[*slot].1).map_or([].as_slice(), Vec::as_slice), others.as_slice())
            }
        };
        let mut is_deeper = false;
        for child in in_order(wanting, others) {
            let matched = self.collect(child, alert, found);
            is_deeper |= matched;
            if matched && !self.nodes[child].route.proceed {
                break;
            }
        }
        if !is_deeper {
            found.push(node.route);
        }
        true
    }

    fn holds(&self, check: &Check, alert: &mut Alert<'_>) -> bool {
        let (_, word) = alert.values[check.slot];
        let matched = match &check.test {
            Test::Is(wanted) => word == *wanted,
            Test::IsOneOf(wanted) => wanted.contains(&word),
            Test::Looks(n) => {
                let (slot, pattern) = self.patterns[*n];
                *alert.looks[*n].get_or_insert_with(|| pattern.matches(alert.values[slot].0))
            }
        };
        matched != check.negated
    }
}

impl Check {
    /// The label and the words of which an alert must have one, if it is so.
    fn words(&self) -> Option<(usize, &[u32])> {
        match &self.test {
            Test::Is(word) if !self.negated => Some((self.slot, std::slice::from_ref(word))),
            Test::IsOneOf(words) if !self.negated => Some((self.slot, words)),
            Test::Is(_) | Test::IsOneOf(_) | Test::Looks(_) => None,
        }
    }
}

/// Two rising lists as one.
fn in_order<'n>(mut one: &'n [usize], mut other: &'n [usize]) -> impl Iterator<Item = usize> + 'n {
    std::iter::from_fn(move || {
        let from_one = match (one.first(), other.first()) {
            (Some(a), Some(b)) => a < b,
            (Some(_), None) => true,
            (None, Some(_) | None) => false,
        };
        let list = if from_one { &mut one } else { &mut other };
        let (first, rest) = list.split_first()?;
        *list = rest;
        Some(*first)
    })
}

/// What has a number already.
#[derive(Default)]
struct Seen<'r> {
    slots: HashMap<&'r str, usize>,
    patterns: HashMap<(usize, &'r str), usize>,
}
