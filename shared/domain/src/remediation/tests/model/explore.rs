//! All moments that any story may come to, the nearest first.
//!
//! Written here, since that from every moment there is a way to an end is no property
//! that the crate `stateright` can check (its `eventually` passes over cycles, and all
//! waiting is a cycle); it keeps hashes of moments in place of moments, and brings a
//! web server that cannot be left out.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::canon::{Canon, Key};
use super::{Event, Node};

/// More moments than this are a mistake in the model.
const MOMENTS_MAX: usize = 3_000_000;

/// What was found of the stories.
#[derive(Default)]
struct Found {
    /// From which moment each was reached first, by what, and after how much.
    reached: Vec<(u32, Option<Event>, u32)>,
    is_settled: Vec<bool>,
    /// From which moments each is reached by what is hoped for.
    before: Vec<Vec<u32>>,
    n_events: usize,
}

/// Plays every story that begins at `start`, sees that no law is ever broken and that
/// from every moment all may still be settled, and says how much that was.
pub(super) fn explore(name: &str, start: Node) {
    let begun = Instant::now();
    let mut canon = Canon::new(&start);
    let mut known: HashMap<Key, u32> = HashMap::new();
    let mut found = Found::default();
    let mut waiting = VecDeque::new();
    let mut first = start;
    known.insert(canon.key(&mut first), 0);
    found.add(&first, 0, None, 0);
    waiting.push_back((0, first));
    while let Some((from, node)) = waiting.pop_front() {
        for event in node.events() {
            let mut next = node.after(event);
            found.n_events += 1;
            if let Some(law) = next.broken() {
                panic!("{law}:\n{}", found.story(from, event));
            }
            let n_new = u32::try_from(known.len()).unwrap();
            let to = *known.entry(canon.key(&mut next)).or_insert(n_new);
            if to == n_new {
                assert!(known.len() < MOMENTS_MAX, "{name}: there is no end to it");
                let depth = found.reached[from as usize].2 + 1;
                found.add(&next, from, Some(event), depth);
                waiting.push_back((to, next));
            }
            if event.is_hoped_for() {
                found.before[to as usize].push(from);
            }
        }
    }
    if let Some(lost) = found.first_without_an_end() {
        panic!("nothing leads to an end from here:\n{}", found.story_of(lost));
    }
    let depth = found.reached.iter().map(|reached| reached.2).max().unwrap_or(0);
    let (n_moments, n_settled) = (found.reached.len(), found.is_settled.iter().filter(|it| **it).count());
    println!(
        "model of {name}: {n_moments} states ({n_settled} settled), {} transitions, depth {depth}, {} s",
        found.n_events,
        begun.elapsed().as_secs()
    );
    assert!(n_settled > 0);
}

impl Found {
    fn add(&mut self, node: &Node, from: u32, event: Option<Event>, depth: u32) {
        self.reached.push((from, event, depth));
        self.is_settled.push(node.sim.is_settled());
        self.before.push(Vec::new());
    }

    /// A moment from which nothing that may be hoped for leads to an end.
    fn first_without_an_end(&self) -> Option<u32> {
        let mut has_end = self.is_settled.clone();
        let mut waiting: Vec<u32> = (0u32..).zip(&has_end).filter(|(_, has_end)| **has_end).map(|(n, _)| n).collect();
        while let Some(n) = waiting.pop() {
            for &before in &self.before[n as usize] {
                if !std::mem::replace(&mut has_end[before as usize], true) {
                    waiting.push(before);
                }
            }
        }
        (0u32..).zip(has_end).find(|(_, has_end)| !has_end).map(|(n, _)| n)
    }

    fn story_of(&self, n: u32) -> String {
        match self.reached[n as usize] {
            (_, None, _) => String::new(),
            (from, Some(event), _) => self.story(from, event),
        }
    }

    /// The shortest story up to an event, a line each.
    fn story(&self, mut from: u32, last: Event) -> String {
        let mut lines = vec![format!("  {last:?}")];
        while let (before, Some(event), _) = self.reached[from as usize] {
            lines.push(format!("  {event:?}"));
            from = before;
        }
        lines.reverse();
        lines.join("\n")
    }
}
