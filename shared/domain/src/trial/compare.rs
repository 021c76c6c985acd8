//! Was sent what was expected? Both laid beside each other, moment by moment.
//!
//! Within one second the order says nothing. An expectation that names a class is
//! one notification; one that does not stands for all of that round to that person,
//! by whichever ways.

use jiff::Timestamp;

use crate::policy::Class;
use crate::policy::source::ExpectSource;
use crate::priority::Priority;
use crate::rehearsal::Sent;
use crate::span::Span;

/// A notification that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How long after the test began.
    pub after: Span,
    /// Which incident it is about, from 1 in the order of being told.
    pub incident: usize,
    /// How urgent that was.
    pub priority: Priority,
    /// What it says, in a word.
    pub kind: &'static str,
    /// The receiver or the person.
    pub to: String,
    /// By which kind of way.
    pub class: Class,
    /// The round of messages that it belongs to.
    pub round: u32,
    /// Why.
    pub because: String,
}

impl Seen {
    pub(super) fn of(start: Timestamp, incident: usize, sent: Sent) -> Seen {
        Seen {
            after: Span::between(start, sent.at),
            incident,
            priority: sent.priority,
            kind: sent.kind.word(),
            to: sent.to,
            class: sent.class,
            round: sent.round,
            because: sent.because,
        }
    }

    /// Whether both were told to the same person in the same breath.
    fn is_with(&self, other: &Seen) -> bool {
        (self.incident, self.round, self.kind, &self.to) == (other.incident, other.round, other.kind, &other.to)
    }

    fn fits(&self, expected: &ExpectSource) -> bool {
        expected.to.as_ref().is_none_or(|to| *to == self.to)
            && expected.kind.as_ref().is_none_or(|kind| kind == self.kind)
            && expected.class.is_none_or(|class| class == self.class)
            && expected.because.as_ref().is_none_or(|part| self.because.contains(part.as_str()))
    }
}

/// A line of what was expected beside what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// It was sent as expected.
    Both(Seen),
    /// It was expected, and not sent.
    Missing(ExpectSource),
    /// It was sent, and not expected.
    Unexpected(Seen),
}

/// Lays them beside each other.
pub(super) fn compare(expected: &[ExpectSource], seen: &[Seen]) -> Vec<Line> {
    let mut moments: Vec<u64> =
        expected.iter().map(|expected| second(expected.after)).chain(seen.iter().map(|seen| second(seen.after))).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut lines = Vec::new();
    for moment in moments {
        let wanted: Vec<&ExpectSource> = expected.iter().filter(|expected| second(expected.after) == moment).collect();
        let sent: Vec<&Seen> = seen.iter().filter(|seen| second(seen.after) == moment).collect();
        lines.extend(at_one_moment(&wanted, &sent));
    }
    lines
}

fn second(span: Span) -> u64 {
    span.as_millis() / 1_000
}

fn at_one_moment(wanted: &[&ExpectSource], sent: &[&Seen]) -> Vec<Line> {
    let (single, general): (Vec<&ExpectSource>, Vec<&ExpectSource>) = wanted.iter().partition(|wanted| wanted.class.is_some());
    let mut is_covered = vec![false; sent.len()];
    let places = assign(single.len(), &vec![1; sent.len()], |one, place| sent[place].fits(single[one]));
    let mut missing: Vec<&ExpectSource> = Vec::new();
    for (one, place) in places.iter().enumerate() {
        match place {
            Some(place) => is_covered[*place] = true,
            None => missing.push(single[one]),
        }
    }
    let groups = groups(sent, &is_covered);
    let fits = |one: usize, group: usize| {
        let members: &[usize] = &groups[group];
        members.iter().any(|member| sent[*member].fits(general[one]))
    };
    // First one for each group, so that as many as can be are accounted for; then
    // those that name each way of a round by itself.
    let first = assign(general.len(), &vec![1; groups.len()], fits);
    let mut room: Vec<usize> = groups.iter().map(Vec::len).collect();
    for group in first.iter().flatten() {
        room[*group] -= 1;
        groups[*group].iter().for_each(|member| is_covered[*member] = true);
    }
    for (one, place) in first.iter().enumerate() {
        let more = || (0..groups.len()).find(|group| room[*group] > 0 && first.contains(&Some(*group)) && fits(one, *group));
        match place.is_none().then(more) {
            None => {}
            Some(Some(group)) => room[group] -= 1,
            Some(None) => missing.push(general[one]),
        }
    }
    let missing = wanted.iter().filter(|wanted| missing.iter().any(|one| std::ptr::eq(*one, **wanted)));
    let seen = sent.iter().zip(is_covered);
    let seen = seen.map(|(seen, covered)| if covered { Line::Both((*seen).clone()) } else { Line::Unexpected((*seen).clone()) });
    missing.map(|wanted| Line::Missing((*wanted).clone())).chain(seen).collect()
}

/// What is left of each round to each person.
fn groups(sent: &[&Seen], is_covered: &[bool]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for n in (0..sent.len()).filter(|n| !is_covered[*n]) {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| sent[*first].is_with(sent[n]))) {
            Some(group) => group.push(n),
            None => groups.push(vec![n]),
        }
    }
    groups
}

/// Gives as many of `n` as possible a place that fits, by moving others where that
/// makes room (augmenting paths).
fn assign(n: usize, room: &[usize], fits: impl Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    fn find_place(
        one: usize,
        room: &[usize],
        places: &mut [Option<usize>],
        tried: &mut [bool],
        fits: &impl Fn(usize, usize) -> bool,
    ) -> bool {
        for place in 0..room.len() {
            if tried[place] || !fits(one, place) {
                continue;
            }
            tried[place] = true;
            let holders: Vec<usize> = (0..places.len()).filter(|other| places[*other] == Some(place)).collect();
            if holders.len() < room[place] || holders.into_iter().any(|other| find_place(other, room, places, tried, fits)) {
                places[one] = Some(place);
                return true;
            }
        }
        false
    }
    let mut places = vec![None; n];
    for one in 0..n {
        find_place(one, room, &mut places, &mut vec![false; room.len()], &fits);
    }
    places
}
