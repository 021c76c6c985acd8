//! Which alerts can come to a route? What is certain of conditions by their text:
//! that they contradict each other, or that one follows from others.

use crate::labels::Labels;
use crate::matcher::Matcher;
use crate::policy::Policy;
use crate::priority::Priority;
use crate::route::Route;

/// Most routes above another that are compared with it. The cost of comparing grows
/// with their square, and trees are deep rather than wide.
const TAKERS_MAX: usize = 40;

/// A route of the tree with all that stands before it.
pub(super) struct Node<'p> {
    /// Where it stands in the file.
    pub(super) path: String,
    /// The route.
    pub(super) route: &'p Route,
    /// The conditions of all routes from the root down to this one.
    pub(super) conditions: Vec<&'p Matcher>,
    /// What takes alerts away before they come here: the routes without `continue`
    /// that stand above this one or above a route that holds it, by their conditions.
    takers: Vec<(String, &'p [Matcher])>,
    /// How many of `takers` stand beside this route itself.
    n_beside: usize,
}

/// All routes, each after the one that holds it.
pub(super) struct Tree<'p> {
    /// The routes.
    pub(super) nodes: Vec<Node<'p>>,
}

impl<'p> Tree<'p> {
    /// The routes of a policy.
    pub(super) fn of(policy: &'p Policy) -> Tree<'p> {
        let root = &policy.route;
        let mut nodes = vec![Node {
            path: "route".to_owned(),
            route: root,
            conditions: root.matchers.iter().collect(),
            takers: Vec::new(),
            n_beside: 0,
        }];
        let mut n_read = 0;
        while let Some(node) = nodes.get(n_read) {
            let mut below = Vec::new();
            let mut takers = node.takers.clone();
            for (n, route) in node.route.routes.iter().enumerate() {
                let path = format!("{}.routes[{n}]", node.path);
                let conditions = node.conditions.iter().copied().chain(&route.matchers).collect();
                let n_beside = takers.len() - node.takers.len();
                below.push(Node { path: path.clone(), route, conditions, takers: takers.clone(), n_beside });
                if !route.proceed && takers.len() < TAKERS_MAX {
                    takers.push((path, &route.matchers));
                }
            }
            n_read += 1;
            // Right after the one that holds them, so that what is said follows the file.
            nodes.splice(n_read..n_read, below);
        }
        Tree { nodes }
    }
}

impl Node<'_> {
    /// Whether no alert can fulfil the conditions down to here.
    pub(super) fn never(&self) -> bool {
        contradict(&self.conditions)
    }

    fn with<'a>(&'a self, more: &'a [Matcher]) -> Vec<&'a Matcher> {
        self.conditions.iter().copied().chain(more).collect()
    }

    /// The route beside this one that takes every alert which could come here.
    pub(super) fn shadowed_by(&self) -> Option<&str> {
        let beside = &self.takers[self.takers.len() - self.n_beside..];
        beside.iter().find(|(_, taker)| all_follow(taker, &self.conditions)).map(|(path, _)| path.as_str())
    }

    /// Whether an alert that fulfils `more` may come to this route and go no deeper.
    pub(super) fn may_end(&self, more: &[Matcher]) -> bool {
        let known = self.with(more);
        !contradict(&known)
            && !self.takers.iter().any(|(_, taker)| all_follow(taker, &known))
            && !self.route.routes.iter().any(|child| all_follow(&child.matchers, &known))
    }

    /// Whether alerts of this priority may end here.
    pub(super) fn may_end_of(&self, priority: Priority) -> bool {
        self.may_end(&equal("priority", &priority.to_string()))
    }
}

/// The condition that a label has a value.
pub(super) fn equal(name: &str, value: &str) -> Vec<Matcher> {
    Matcher::parse(&format!("{name}={value:?}")).into_iter().collect()
}

/// Whether all of `wanted` are certain to hold where `known` do.
pub(super) fn all_follow(wanted: &[Matcher], known: &[&Matcher]) -> bool {
    wanted.iter().all(|matcher| follows(matcher, known))
}

fn follows(wanted: &Matcher, known: &[&Matcher]) -> bool {
    known.contains(&wanted)
        || values(wanted.name(), known).is_some_and(|values| {
            // What contradicts itself is told of elsewhere; everything follows from it.
            values.iter().all(|value| holds(wanted, value))
        })
}

/// Whether no set of labels fulfils all of these.
fn contradict(known: &[&Matcher]) -> bool {
    known.iter().any(|matcher| {
        values(matcher.name(), known).is_some_and(|values| values.is_empty())
            || known.iter().any(|other| opposite(matcher, other))
    })
}

/// The only values that a label can have where all of `known` hold; none if they
/// cannot be counted.
fn values(name: &str, known: &[&Matcher]) -> Option<Vec<String>> {
    let of_name = || known.iter().filter(|matcher| matcher.name() == name);
    let all = || Priority::ALL.iter().map(Priority::to_string).collect();
    let mut values: Vec<String> = of_name().find_map(|matcher| literals(matcher)).or_else(|| (name == "priority").then(all))?;
    values.retain(|value| of_name().all(|matcher| holds(matcher, value)));
    // No alert has another priority.
    values.retain(|value| name != "priority" || value.parse::<Priority>().is_ok());
    Some(values)
}

fn holds(matcher: &Matcher, value: &str) -> bool {
    matcher.matches(&[(matcher.name(), value)].into_iter().collect::<Labels>())
}

/// What stands after the label's name: the operator, and the value if it has
/// nothing that would need reading.
fn parts(matcher: &Matcher) -> Option<(String, String)> {
    let shown = matcher.to_string();
    let (operator, value) = shown.get(matcher.name().len()..)?.split_once('"')?;
    let value = value.strip_suffix('"').filter(|value| !value.contains('\\'))?;
    Some((operator.to_owned(), value.to_owned()))
}

/// The values that a condition lets a label have, if they can be counted.
fn literals(matcher: &Matcher) -> Option<Vec<String>> {
    let (operator, value) = parts(matcher)?;
    let is_plain = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | ' ' | '/' | ':' | '|');
    match operator.as_str() {
        "=" => Some(vec![value]),
        "=~" if value.chars().all(is_plain) => Some(value.split('|').map(str::to_owned).collect()),
        _ => None,
    }
}

/// Whether one says exactly that the other does not hold.
fn opposite(one: &Matcher, other: &Matcher) -> bool {
    let is_opposite = |a: &str, b: &str| matches!((a, b), ("=", "!=") | ("=~", "!~"));
    one.name() == other.name()
        && match (parts(one), parts(other)) {
            (Some((a, value)), Some((b, same))) => value == same && is_opposite(&a, &b),
            (Some(_) | None, Some(_) | None) => false,
        }
}
