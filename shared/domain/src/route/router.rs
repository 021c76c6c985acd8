//! Where do very many alerts go? The tree made flat: each label that it looks at
//! is resolved once for an alert, each word that it compares with has a number, and
//! an expression is tried at most once, however many routes have it.

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
    /// The number of the next route that is not below this one.
    end: usize,
}

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

    fn add(&mut self, route: &'r Route, seen: &mut Seen<'r>) {
        let first = self.checks.len();
        for matcher in &route.matchers {
            let check = self.check(matcher, seen);
            self.checks.push(check);
        }
        let n = self.nodes.len();
        self.nodes.push(Node { route, checks: first..self.checks.len(), end: n });
        for child in &route.routes {
            self.add(child, seen);
        }
        self.nodes[n].end = self.nodes.len();
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
        let mut is_deeper = false;
        let mut child = n + 1;
        while child < node.end {
            let matched = self.collect(child, alert, found);
            is_deeper |= matched;
            if matched && !self.nodes[child].route.proceed {
                break;
            }
            child = self.nodes[child].end;
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

/// What has a number already.
#[derive(Default)]
struct Seen<'r> {
    slots: HashMap<&'r str, usize>,
    patterns: HashMap<(usize, &'r str), usize>,
}
