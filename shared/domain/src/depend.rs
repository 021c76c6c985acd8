//! What cannot do without what? The catalogue's `depends_on`, followed to its end.

use std::collections::{BTreeMap, BTreeSet};

/// A service that depends on itself, directly or through others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Circle {
    /// The number of a service in it.
    pub(crate) service: usize,
    /// The number of the dependency, of this service, that leads around.
    pub(crate) nth: usize,
    /// The names on the way around; the last one is the first one again.
    pub(crate) names: Vec<String>,
}

/// For each service that others depend on, directly or through others, their names.
/// In a circle, a service is not among its own.
///
/// Services come with the names that they depend on.
pub fn dependants<'s>(services: impl IntoIterator<Item = (&'s str, &'s [String])>) -> BTreeMap<String, BTreeSet<String>> {
    let mut direct: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (service, depends_on) in services {
        for on in depends_on {
            direct.entry(on).or_default().push(service);
        }
    }
    let mut all = BTreeMap::new();
    for &on in direct.keys() {
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut ahead = vec![on];
        while let Some(name) = ahead.pop() {
            ahead.extend(direct.get(name).into_iter().flatten().copied().filter(|next| *next != on && found.insert(next)));
        }
        if !found.is_empty() {
            all.insert(on.to_owned(), found.into_iter().map(str::to_owned).collect());
        }
    }
    all
}

/// The first circle among the services, if there is one.
pub(crate) fn circle<'s>(services: impl IntoIterator<Item = (&'s str, &'s [String])>) -> Option<Circle> {
    let services: Vec<(&str, &[String])> = services.into_iter().collect();
    let numbers: BTreeMap<&str, usize> = services.iter().enumerate().map(|(n, (name, _))| (*name, n)).collect();
    // Services from which no way leads around.
    let mut done = vec![false; services.len()];
    for start in 0..services.len() {
        // The way from `start`: services, each with the number of the dependency
        // that is followed next.
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        let mut is_on_way = BTreeSet::from([start]);
        while let Some((service, nth)) = way.last_mut().filter(|(service, _)| !done[*service]) {
            let Some(on) = services[*service].1.get(*nth) else {
                done[*service] = true;
                is_on_way.remove(service);
                way.pop();
                continue;
            };
            *nth += 1;
            match numbers.get(on.as_str()).copied() {
                Some(next) if is_on_way.contains(&next) => return Some(around(&services, &way, next)),
                Some(next) if !done[next] => {
                    way.push((next, 0));
                    is_on_way.insert(next);
                }
                Some(_) | None => {}
            }
        }
    }
    None
}

/// The circle at the end of this way, which leads back to `first`.
fn around(services: &[(&str, &[String])], way: &[(usize, usize)], first: usize) -> Circle {
    let on_it: Vec<(usize, usize)> = way.iter().copied().skip_while(|(service, _)| *service != first).collect();
    let names = on_it.iter().map(|(service, _)| *service).chain([first]).map(|service| services[service].0.to_owned());
    let nth = on_it.first().map_or(0, |(_, next)| next.saturating_sub(1));
    Circle { service: first, nth, names: names.collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;

    type Services = Vec<(&'static str, Vec<String>)>;

    /// `a>b,c d>a`: a depends on b and c, d on a.
    fn read(text: &'static str) -> Services {
        let names = |on: &str| on.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        text.split(' ').map(|part| part.split_once('>').unwrap_or((part, ""))).map(|(name, on)| (name, names(on))).collect()
    }

    fn pairs(services: &Services) -> impl Iterator<Item = (&str, &[String])> {
        services.iter().map(|(name, on)| (*name, on.as_slice()))
    }

    #[test]
    fn whoever_depends_on_it_directly_or_through_others_is_found() {
        for (services, wanted) in [
            ("a b", ""),
            ("a>b b", "b: a"),
            ("web>api api>db db", "api: web; db: api web"),
            ("web>api,cache api>db,cache cache db", "api: web; cache: api web; db: api web"),
            ("a>gone", "gone: a"),
            ("a>a", ""),
            ("a>b b>a c>a", "a: b c; b: a c"),
        ] {
            let found = dependants(pairs(&read(services)));
            let words = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
            let shown: Vec<String> = found.iter().map(|(on, names)| format!("{on}: {}", words(names))).collect();
            assert_eq!(shown.join("; "), wanted, "{services}");
        }
    }

    #[test]
    fn a_circle_is_told_by_its_names_and_place() {
        for (services, wanted) in [
            ("a>b,c b>c c", None),
            ("a>b b>gone", None),
            ("a>a", Some((0, 0, "a a"))),
            ("a>b b>a", Some((0, 0, "a b a"))),
            ("x>a a>y,b b>c c>a y", Some((1, 1, "a b c a"))),
            ("top>left,right left>end right>end end", None),
        ] {
            let found = circle(pairs(&read(services))).map(|circle| (circle.service, circle.nth, circle.names.join(" ")));
            assert_eq!(found, wanted.map(|(service, nth, names)| (service, nth, names.to_owned())), "{services}");
        }
    }

    #[test]
    fn a_long_chain_is_followed_without_end_or_overflow() {
        let names: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        let on: Vec<Vec<String>> = (1..=500).map(|n| names.get(n).cloned().into_iter().collect()).collect();
        let services = || names.iter().map(String::as_str).zip(on.iter().map(Vec::as_slice));
        assert_eq!(circle(services()), None);
        assert_eq!(dependants(services())["499"].len(), 499);
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn there_is_a_circle_exactly_if_a_service_is_behind_itself(
            edges in proptest::collection::vec((0..6usize, 0..6usize), 0..9),
        ) {
            const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
            let on = |n: usize| edges.iter().filter(|(from, _)| *from == n).map(|(_, to)| NAMES[*to].to_owned()).collect();
            let services: Services = NAMES.iter().enumerate().map(|(n, name)| (*name, on(n))).collect();
            let behind = dependants(pairs(&services));
            let reaches = |from: &str, to: &str| behind.get(to).is_some_and(|names| names.contains(from));
            let is_around = edges.iter().any(|(from, to)| from == to || reaches(NAMES[*to], NAMES[*from]));
            prop_assert_eq!(circle(pairs(&services)).is_some(), is_around);
        }
    }
}
