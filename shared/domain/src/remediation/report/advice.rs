//! What follows from how a remediation fared: may it go further, should it go less far?
//!
//! Nothing is said of fewer than [`ENOUGH`] times. From there on, of those that are
//! decided:
//!
//! | Mode | What was seen | What follows |
//! |---|---|---|
//! | any | guards refused at least half of all calls | see to the guard |
//! | `observe` | people did the same at least two times of three | `mode: act` |
//! | | it was not needed at least every second time | stay |
//! | | people did something else at least every second time | stay |
//! | what asks | at least one of three was declined | stay |
//! | | nobody answered at least every second time | stay |
//! | | at least nine of ten approved, and it helped two times of three | ask no more |
//! | what acts | it helped at least two times of three | stay |
//! | | it did not help at least every second time | `mode: observe` |

use serde::Serialize;

use super::{Acted, Orders, Report, about};
use crate::policy::Mode;
use crate::span::Span;

/// From how many decided times on something is said.
pub const ENOUGH: usize = 5;

/// What follows from a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// In one word.
    pub verdict: Verdict,
    /// In a sentence, with the reason.
    pub sentence: String,
}

impl Default for Advice {
    fn default() -> Advice {
        Advice { verdict: Verdict::TooFew, sentence: "too few (0) to say".to_owned() }
    }
}

/// What follows, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It may do more by itself.
    GoFurther,
    /// It should stay as it is.
    Stay,
    /// It should do less by itself.
    StepBack,
    /// Too little has happened.
    TooFew,
    /// The policy has it no more.
    NotInPolicy,
}

fn further(sentence: String) -> Advice {
    Advice { verdict: Verdict::GoFurther, sentence }
}

fn stay(sentence: String) -> Advice {
    Advice { verdict: Verdict::Stay, sentence }
}

fn back(sentence: String) -> Advice {
    Advice { verdict: Verdict::StepBack, sentence }
}

fn too_few(n: usize) -> Advice {
    Advice { verdict: Verdict::TooFew, sentence: format!("too few ({n}) to say") }
}

/// Whether `n` of `all` are at least `part` of `whole`.
const fn at_least(n: usize, all: usize, (part, whole): (usize, usize)) -> bool {
    n * whole >= all * part
}

/// `, 23 min later (median)`, if it is known.
fn after(word: &str, span: Option<Span>) -> String {
    span.map(|span| format!(", {} {word} (median)", about(span))).unwrap_or_default()
}

/// What follows from `report`.
pub(super) fn advice(report: &Report, orders: Option<Orders>) -> Advice {
    let Some(orders) = orders else {
        let sentence = "the policy in force has no remediation of this name".to_owned();
        return Advice { verdict: Verdict::NotInPolicy, sentence };
    };
    if let Some(advice) = mostly_refused(report) {
        return advice;
    }
    match (orders.mode, orders.asks_in_act) {
        (Mode::Observe, _) => observing(report, orders),
        (Mode::Ask, asks_in_act) => asking(report, if asks_in_act { "`mode: act` with `approval: none`" } else { "`mode: act`" }),
        (Mode::Act, true) => asking(report, "`approval: none`"),
        (Mode::Act, false) => acting(&report.acted),
    }
}

fn mostly_refused(report: &Report) -> Option<Advice> {
    let n: usize = report.refused.iter().map(|refused| refused.n).sum();
    let most = report.refused.first()?;
    if n < ENOUGH || !at_least(n, report.n_called, (1, 2)) {
        return None;
    }
    let what = remedy_for(&most.guard).map(|what| format!(": {what}")).unwrap_or_default();
    let sentence =
        format!("stay: {n} of {} times it was refused, most often by guard {} ({}){what}", report.n_called, most.guard, most.n);
    Some(stay(sentence))
}

/// What can be done about a guard of the frame. The actions' own say it themselves.
fn remedy_for(guard: &str) -> Option<&'static str> {
    match guard {
        "tag" => Some("give the target the tag watchkeeper=managed, if it may be changed"),
        "target" => Some("name the target in the alarm's dimensions or in the catalogue"),
        "event-age" => Some("find out why events come late, or raise `max_event_age`"),
        "cooldown" => Some("the alarm flaps; find the cause, or shorten `limits.cooldown`"),
        "breaker" => Some("find out why it fails"),
        "hourly-limit" => Some("find out what is called for so often, or raise `limits.per_hour`"),
        "blast-radius" => Some("take a smaller step, or raise `limits.blast_radius_percent`"),
        "kill-switch" => Some("`watchkeeper remediation status` says who stopped it"),
        _ => None,
    }
}

fn observing(report: &Report, orders: Orders) -> Advice {
    let seen = &report.observed;
    let (same, different, unneeded) = (seen.same.n, seen.different.n, seen.unneeded.n);
    let all = same + different + unneeded;
    if all < ENOUGH {
        return too_few(all);
    }
    if at_least(same, all, (2, 3)) {
        let sooner = seen.acknowledged_after.filter(|sooner| *sooner > Span::ZERO);
        let sooner = sooner.map(|sooner| format!(" (acting begins {} before anybody acknowledges)", about(sooner)));
        let asks = if orders.asks_in_act { ", which still asks first unless `approval: none`" } else { "" };
        let well = after("later", seen.same.calm_after).replace(", ", ", and all was well ");
        return further(format!(
            "observe: {same} of {all} times people did the same{well}: consider `mode: act`{asks}{}",
            sooner.unwrap_or_default()
        ));
    }
    if at_least(unneeded, all, (1, 2)) {
        let within = seen.unneeded.calm_after.map(|span| format!(" within {} (median)", about(span))).unwrap_or_default();
        return stay(format!(
            "stay: {unneeded} of {all} times it recovered by itself{within}; let the alarm wait longer before it goes off"
        ));
    }
    if at_least(different, all, (1, 2)) {
        let most = seen.changes.first().map(|most| format!(" (most often: {})", most.why)).unwrap_or_default();
        return stay(format!(
            "stay: {different} of {all} times people did something else{most}; see whether it does the right thing"
        ));
    }
    stay(format!(
        "stay: of {all} times people did the same {same} times, something else {different}, and nothing {unneeded}: no clear picture"
    ))
}

/// `next` is what lets it ask no more.
fn asking(report: &Report, next: &str) -> Advice {
    let (asked, acted) = (&report.asked, &report.acted);
    let all = asked.n_approved + asked.n_declined + asked.n_expired;
    if all < ENOUGH {
        return too_few(all);
    }
    if at_least(asked.n_declined, all, (1, 3)) {
        return stay(format!("stay: {} of {all} times people declined; find out why", asked.n_declined));
    }
    if at_least(asked.n_expired, all, (1, 2)) {
        return stay(format!(
            "stay: {} of {all} times nobody answered; see to it that somebody hears the question",
            asked.n_expired
        ));
    }
    let settled = settled(acted);
    let is_enough = settled >= ENOUGH;
    if is_enough && at_least(settled - acted.n_recovered, settled, (1, 2)) {
        return acting(acted);
    }
    let approved = format!("{} of {all} times it was approved{}", asked.n_approved, after("later", asked.answered_after));
    if is_enough && at_least(asked.n_approved, all, (9, 10)) && at_least(acted.n_recovered, settled, (2, 3)) {
        return further(format!("ask: {approved}, and it helped {} of {settled} times: consider {next}", acted.n_recovered));
    }
    stay(format!("stay: {approved}, and it helped {} of {settled} times", acted.n_recovered))
}

const fn settled(acted: &Acted) -> usize {
    acted.n_recovered + acted.n_not_recovered + acted.n_failed
}

fn acting(acted: &Acted) -> Advice {
    let (helped, all) = (acted.n_recovered, settled(acted));
    if all < ENOUGH {
        return too_few(all);
    }
    let later = after("later", acted.recovered_after);
    if at_least(helped, all, (2, 3)) {
        return stay(format!("stay: it helped {helped} of {all} times{later}"));
    }
    if at_least(all - helped, all, (1, 2)) {
        return back(format!("step back: it helped only {helped} of {all} times; consider `mode: observe`, or another action"));
    }
    stay(format!("stay, and watch it: it helped {helped} of {all} times{later}"))
}
