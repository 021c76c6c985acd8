//! The report for other programs.

use domain::replay::{Page, Tally, compare};
use serde_json::{Value, json};

use super::{Played, Report};

/// Everything that there is to report.
pub(super) fn answer(report: &Report) -> Value {
    let Report { here, there, history, assumed, .. } = report;
    let mut answer = of(here);
    answer["history"] = json!({
        "alarms": history.names.len(),
        "alarms_without_labels": report.n_unknown,
        "changes": history.changes().len(),
        "other_items": history.n_other,
        "unreadable_items": history.n_unreadable,
        "unreadable_because": history.unreadable,
    });
    answer["assumed"] = json!({
        "acknowledge_after": assumed.acknowledge_after,
        "zone": assumed.zone.iana_name(),
        "nights_in_zone": assumed.nights_in_zone,
    });
    answer["notes"] = json!(report.notes);
    if let Some(there) = there {
        let found = compare(&here.tally.pages, &there.tally.pages);
        let mut against = of(there);
        against["same"] = json!(found.n_same);
        against["only_here"] = found.only_first.iter().map(page).collect();
        against["only_there"] = found.only_second.iter().map(page).collect();
        against["moved"] = found
            .moved
            .iter()
            .map(|(here, there)| {
                let mut moved = page(here);
                moved["at_there"] = json!(there);
                moved
            })
            .collect();
        answer["against"] = against;
    }
    answer
}

fn page(page: &Page) -> Value {
    json!({"at": page.at, "to": &*page.who, "alarm": &*page.what, "priority": page.priority})
}

fn of(played: &Played) -> Value {
    let Played { name, tally } = played;
    let Tally { by_team, by_priority, by_class, by_who, openers, .. } = tally;
    let named = |counts: &std::collections::BTreeMap<std::sync::Arc<str>, usize>| -> Value {
        counts.iter().map(|(name, n)| (name.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into()
    };
    let told: Vec<Value> = by_who
        .iter()
        .map(|(name, who)| {
            let nights = who.nights.len();
            json!({"name": name, "is_person": who.is_person, "pages": who.n_pages, "messages": who.n_told, "nights": nights})
        })
        .collect();
    json!({
        "file": name,
        "from": tally.from,
        "until": tally.until,
        "weeks": tally.weeks(),
        "pages": {
            "all": tally.n_pages,
            "by_team": named(by_team),
            "by_priority": by_priority,
            "by_weekday_and_hour": tally.hours,
        },
        "to": told,
        "nights": tally.n_nights(),
        "messages": {"all": tally.n_told, "by_class": by_class, "failsafe": tally.n_failsafe},
        "alarms": tally.verbs,
        "openers": named(openers),
        "held": tally.held,
        "remediations": tally.remediations,
    })
}
