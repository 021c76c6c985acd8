//! Calls that went one way or another, and what is said of them.

use serde_json::json;

use super::*;
use crate::remediation::{Aftermath, Outcome, Passed, Refusal, Stage, Target};

fn at(minutes: u64) -> Timestamp {
    Span::minutes(minutes).after(Timestamp::UNIX_EPOCH)
}

/// A call at a minute that passed `path`, each stage a minute after the one before.
fn call(minute: u64, path: &[(&str, Option<&str>)], outcome: Outcome) -> Remedy {
    let target = Target::new("ECS service", "main/api");
    let mut remedy = Remedy::proposed("mend", Some(target), "hot", at(minute), 0, at(minute));
    let n = u64::try_from(path.len()).unwrap();
    remedy.path = (1..)
        .zip(path)
        .map(|(n, (stage, by))| Passed { at: at(minute + n), stage: (*stage).to_owned(), by: by.map(str::to_owned) })
        .collect();
    remedy.stage = Stage::Over { at: at(minute + n), outcome };
    remedy
}

/// It would have begun at a minute, and all was well some minutes later.
fn observed(minute: u64, calm_after: u64, is_same: bool, changes: &[&str]) -> Remedy {
    let changes = changes.iter().map(|change| (*change).to_owned()).collect();
    let then = Aftermath { calm_at: at(minute + calm_after), is_same, changes };
    call(minute, &[("observing", None), ("observed", None)], Outcome::Observed { would: "mend it".into(), at: at(minute), then })
}

fn same(minute: u64) -> Remedy {
    observed(minute, 23, true, &["the minimum is 6"])
}

fn different(minute: u64) -> Remedy {
    observed(minute, 40, false, &["8 tasks run, not 4"])
}

fn unneeded(minute: u64) -> Remedy {
    observed(minute, 3, false, &[])
}

fn refused(minute: u64, refusal: Refusal) -> Remedy {
    call(minute, &[("refused", None)], Outcome::Refused { refusal })
}

fn helped(minute: u64) -> Remedy {
    let path = [("claimed", None), ("acting", None), ("verifying", None), ("holding", None), ("reverting", None)];
    call(minute, &path, Outcome::Reverted { did: "mended".into(), recovered: true })
}

fn useless(minute: u64) -> Remedy {
    let path = [("claimed", None), ("acting", None), ("verifying", None), ("not-recovered", None)];
    call(minute, &path, Outcome::NotRecovered { did: "mended".into() })
}

fn approved(minute: u64, by: &str) -> Remedy {
    let path = [("asked", None), ("approved", Some(by)), ("claimed", Some(by)), ("acting", Some(by)), ("verifying", None)];
    let mut remedy = call(minute, &path, Outcome::Recovered { did: "mended".into() });
    remedy.path.push(Passed { at: at(minute + 6), stage: "recovered".into(), by: None });
    remedy
}

fn declined(minute: u64, by: &str) -> Remedy {
    call(minute, &[("asked", None), ("declined", Some(by))], Outcome::Declined { by: by.into() })
}

fn expired(minute: u64) -> Remedy {
    call(minute, &[("asked", None), ("expired", None)], Outcome::Expired)
}

/// A hundred minutes apart, so that no pause matters.
fn several(n: usize, one: impl Fn(u64) -> Remedy) -> Vec<Remedy> {
    (0..u64::try_from(n).unwrap()).map(|n| one(n * 100)).collect()
}

fn orders(mode: Mode) -> Orders {
    Orders { mode, asks_in_act: false, cooldown: Span::minutes(30) }
}

fn told(mode: Mode, remedies: &[Remedy]) -> Report {
    told_by(Some(orders(mode)), remedies)
}

fn told_by(orders: Option<Orders>, remedies: &[Remedy]) -> Report {
    let calls: Vec<Call<'_>> = remedies.iter().map(|remedy| Call { remedy, acknowledged_at: None }).collect();
    report("mend", orders, &calls)
}

#[track_caller]
fn check(mode: Mode, remedies: &[Vec<Remedy>], verdict: Verdict, sentence: &str) {
    let advice = told(mode, &remedies.concat()).advice;
    assert_eq!((advice.verdict, advice.sentence.as_str()), (verdict, sentence));
}

#[test]
fn what_people_did_instead_is_counted_with_its_times() {
    let remedies = [several(3, same), several(2, different), vec![unneeded(900), observed(1_000, 5, false, &[])]].concat();
    let seen = told(Mode::Observe, &remedies).observed;
    assert_eq!((seen.n_allowed, seen.n_within_cooldown), (7, 2));
    assert_eq!(seen.same, Ended { n: 3, calm_after: Some(Span::minutes(23)) });
    assert_eq!(seen.different, Ended { n: 2, calm_after: Some(Span::minutes(40)) });
    // Of two in the middle, the lower.
    assert_eq!(seen.unneeded, Ended { n: 2, calm_after: Some(Span::minutes(3)) });
    assert_eq!(seen.changes, [Reason { why: "8 tasks run, not 4".into(), n: 2 }]);
}

#[test]
fn acting_would_have_begun_so_much_sooner_than_a_person_answered() {
    let remedies = several(3, same);
    let acknowledged_after = [Some(12), None, Some(4)];
    let calls: Vec<Call<'_>> = remedies
        .iter()
        .zip(acknowledged_after)
        .map(|(remedy, after)| {
            let acknowledged_at = after.map(|minutes| Span::minutes(minutes).after(remedy.proposed_at));
            Call { remedy, acknowledged_at }
        })
        .collect();
    let seen = report("mend", Some(orders(Mode::Observe)), &calls).observed;
    assert_eq!((seen.n_acknowledged, seen.acknowledged_after), (2, Some(Span::minutes(4))));
}

#[test]
fn what_would_have_come_within_the_cooldown_is_counted_for_each_target() {
    let mut elsewhere = same(10);
    elsewhere.target = Some(Target::new("ECS service", "main/web"));
    // The one after 25 minutes would not have begun, so the one after 35 would.
    let seen = told(Mode::Observe, &[same(0), same(25), same(35), same(64), elsewhere]).observed;
    assert_eq!(seen.n_within_cooldown, 2);
    assert_eq!(told(Mode::Observe, &[same(0), same(30)]).observed.n_within_cooldown, 0);
}

#[test]
fn refusals_are_counted_by_guard_with_what_was_said_last() {
    let tag = |target: &str| Refusal::NotManaged { target: target.into(), tag: "watchkeeper".into(), value: "managed".into() };
    let remedies = [
        refused(0, Refusal::NoTarget),
        refused(1, tag("a")),
        refused(2, tag("b")),
        refused(3, Refusal::unfit("headroom", "full")),
    ];
    let seen: Vec<(String, usize, String)> =
        told(Mode::Act, &remedies).refused.into_iter().map(|refused| (refused.guard, refused.n, refused.latest)).collect();
    assert_eq!(seen[0], ("tag".into(), 2, "b lacks the tag watchkeeper=managed".into()));
    assert_eq!(seen.iter().map(|(guard, ..)| guard.as_str()).collect::<Vec<_>>(), ["tag", "headroom", "target"]);
}

#[test]
fn questions_are_counted_one_by_one() {
    let path = [("asked", None), ("approved", Some("ann")), ("asked", None), ("declined", Some("bob"))];
    let twice = call(0, &path, Outcome::Declined { by: "bob".into() });
    let overtaken = call(200, &[("asked", None), ("withdrawn", None)], Outcome::Withdrawn { why: "well".into() });
    let mut open = call(300, &[("asked", None)], Outcome::Expired);
    open.stage = Stage::Proposed;
    let seen = told(Mode::Ask, &[twice, expired(100), overtaken, open, declined(400, "ann")]);
    let wanted = Asked {
        n: 6,
        n_open: 1,
        n_approved: 1,
        n_declined: 2,
        n_expired: 1,
        n_overtaken: 1,
        n_people: 2,
        answered_after: Some(Span::minutes(1)),
    };
    assert_eq!((seen.asked, seen.n_withdrawn), (wanted, 0));
}

#[test]
fn actions_are_counted_by_whether_they_helped_and_what_became_of_them() {
    let path = [("claimed", None), ("acting", None), ("verifying", None), ("holding", None)];
    let kept = |n| call(n, &path, Outcome::Kept { did: "mended".into(), why: "set by somebody".into(), recovered: true });
    let handed_on = call(
        9,
        &[("verifying", None)],
        Outcome::HandedOn { did: "mended".into(), to: "0K3-M9Q-F7T".parse().unwrap(), recovered: false },
    );
    let failed = call(8, &[("claimed", None), ("acting", None)], Outcome::Failed { why: "access denied".into() });
    let withdrawn = call(7, &[("withdrawn", None)], Outcome::Withdrawn { why: "well".into() });
    let report = told(Mode::Act, &[helped(0), useless(1), kept(2), kept(3), handed_on, failed, withdrawn]);
    let wanted = Acted {
        n: 6,
        n_under_way: 0,
        n_shared: 1,
        n_recovered: 3,
        n_not_recovered: 2,
        n_failed: 1,
        failed: vec![Reason { why: "access denied".into(), n: 1 }],
        n_reverted: 1,
        n_handed_on: 1,
        n_kept: 2,
        kept: vec![Reason { why: "set by somebody".into(), n: 2 }],
        recovered_after: Some(Span::minutes(2)),
    };
    assert_eq!((report.acted, report.n_withdrawn, report.n_called), (wanted, 1, 7));
}

#[test]
fn every_call_is_found_in_one_place() {
    let remedies = [
        several(2, same),
        several(3, unneeded),
        several(4, helped),
        several(5, |n| refused(n, Refusal::NoTarget)),
        several(6, |n| declined(n, "ann")),
        several(7, |n| call(n, &[("withdrawn", None)], Outcome::Withdrawn { why: "well".into() })),
    ]
    .concat();
    let report = told(Mode::Observe, &remedies);
    let refused: usize = report.refused.iter().map(|refused| refused.n).sum();
    let found = report.observed.n_allowed + report.acted.n + refused + report.asked.n + report.n_withdrawn;
    assert_eq!((found, report.n_called), (27, 27));
}

#[test]
fn of_too_few_nothing_is_said() {
    for mode in [Mode::Observe, Mode::Ask, Mode::Act] {
        check(mode, &[], Verdict::TooFew, "too few (0) to say");
    }
    check(Mode::Observe, &[several(ENOUGH - 1, same)], Verdict::TooFew, "too few (4) to say");
    check(Mode::Ask, &[several(ENOUGH - 1, |n| approved(n, "ann"))], Verdict::TooFew, "too few (4) to say");
    check(Mode::Act, &[several(ENOUGH - 1, helped)], Verdict::TooFew, "too few (4) to say");
    // What was observed says nothing of how it acts.
    check(Mode::Act, &[several(ENOUGH, same)], Verdict::TooFew, "too few (0) to say");
}

#[test]
fn where_people_do_the_same_it_may_act() {
    let wanted = "observe: 6 of 9 times people did the same, and all was well 23 min later (median): consider `mode: act`";
    check(Mode::Observe, &[several(6, same), several(3, different)], Verdict::GoFurther, wanted);
    let wanted = "stay: of 9 times people did the same 5 times, something else 4, and nothing 0: no clear picture";
    check(Mode::Observe, &[several(5, same), several(4, different)], Verdict::Stay, wanted);
    let asks = Orders { asks_in_act: true, ..orders(Mode::Observe) };
    let sentence = told_by(Some(asks), &several(5, same)).advice.sentence;
    assert!(sentence.ends_with("consider `mode: act`, which still asks first unless `approval: none`"), "{sentence}");
}

#[test]
fn where_it_is_not_needed_or_people_do_something_else_it_stays() {
    let wanted = "stay: 3 of 6 times it recovered by itself within 3 min (median); let the alarm wait longer before it goes off";
    check(Mode::Observe, &[several(3, unneeded), several(3, same)], Verdict::Stay, wanted);
    let wanted =
        "stay: 3 of 6 times people did something else (most often: 8 tasks run, not 4); see whether it does the right thing";
    check(Mode::Observe, &[several(3, different), several(2, unneeded), several(1, same)], Verdict::Stay, wanted);
}

#[test]
fn what_a_guard_refuses_half_the_time_is_to_be_seen_to_first() {
    let cooling = |n| refused(n, Refusal::CoolingDown { until: at(n) });
    let wanted = "stay: 5 of 10 times it was refused, most often by guard cooldown (5): \
                  the alarm flaps; find the cause, or shorten `limits.cooldown`";
    check(Mode::Act, &[several(5, cooling), several(5, helped)], Verdict::Stay, wanted);
    let wanted = "stay: it helped 6 of 6 times, 2 min later (median)";
    check(Mode::Act, &[several(5, cooling), several(6, helped)], Verdict::Stay, wanted);
}

#[test]
fn what_is_always_approved_and_helps_need_not_ask() {
    let wanted = "ask: 9 of 10 times it was approved, 1 min later (median), and it helped 9 of 9 times: consider `mode: act`";
    let almost_always = [several(9, |n| approved(n, "ann")), vec![expired(0)]];
    check(Mode::Ask, &almost_always, Verdict::GoFurther, wanted);
    let disruptive = |mode| Some(Orders { asks_in_act: true, ..orders(mode) });
    let remedies = several(9, |n| approved(n, "ann"));
    let sentence = |mode| told_by(disruptive(mode), &remedies).advice.sentence;
    assert!(sentence(Mode::Ask).ends_with("consider `mode: act` with `approval: none`"), "{}", sentence(Mode::Ask));
    assert!(sentence(Mode::Act).ends_with("consider `approval: none`"), "{}", sentence(Mode::Act));
    let less = [several(8, |n| approved(n, "ann")), several(1, expired)];
    let wanted = "stay: 8 of 9 times it was approved, 1 min later (median), and it helped 8 of 8 times";
    check(Mode::Ask, &less, Verdict::Stay, wanted);
}

#[test]
fn what_is_declined_or_not_answered_goes_on_asking() {
    let wanted = "stay: 2 of 6 times people declined; find out why";
    check(Mode::Ask, &[several(4, |n| approved(n, "ann")), several(2, |n| declined(n, "bob"))], Verdict::Stay, wanted);
    let wanted = "stay: 3 of 6 times nobody answered; see to it that somebody hears the question";
    check(Mode::Ask, &[several(3, |n| approved(n, "ann")), several(3, expired)], Verdict::Stay, wanted);
}

#[test]
fn what_does_not_help_steps_back() {
    let wanted = "step back: it helped only 3 of 6 times; consider `mode: observe`, or another action";
    check(Mode::Act, &[several(3, helped), several(3, useless)], Verdict::StepBack, wanted);
    let wanted = "stay: it helped 4 of 6 times, 2 min later (median)";
    check(Mode::Act, &[several(4, helped), several(2, useless)], Verdict::Stay, wanted);
    let wanted = "stay, and watch it: it helped 4 of 7 times, 2 min later (median)";
    check(Mode::Act, &[several(4, helped), several(3, useless)], Verdict::Stay, wanted);
}

#[test]
fn what_the_policy_has_no_more_is_counted_all_the_same() {
    let report = told_by(None, &several(5, same));
    assert_eq!((report.mode, report.observed.n_allowed), (None, 5));
    assert_eq!(report.advice.verdict, Verdict::NotInPolicy);
}

#[test]
fn times_are_told_as_exactly_as_they_are_worth() {
    for (seconds, wanted) in [(0, "0 s"), (59, "59 s"), (60, "1 min"), (89, "1 min"), (90, "2 min"), (3_629, "1 h")] {
        assert_eq!(about(Span::seconds(seconds)), wanted);
    }
}

#[test]
fn the_keys_for_programs_are_these() {
    let value = serde_json::to_value(told(Mode::Observe, &several(5, same))).unwrap();
    let wanted = json!({
        "name": "mend",
        "mode": "observe",
        "n_called": 5,
        "n_withdrawn": 0,
        "refused": [],
        "observed": {
            "n_allowed": 5,
            "n_under_way": 0,
            "same": {"n": 5, "calm_after_seconds": 1_380},
            "different": {"n": 0, "calm_after_seconds": null},
            "changes": [],
            "unneeded": {"n": 0, "calm_after_seconds": null},
            "n_within_cooldown": 0,
            "n_acknowledged": 0,
            "acknowledged_after_seconds": null,
        },
        "asked": {
            "n": 0,
            "n_open": 0,
            "n_approved": 0,
            "n_declined": 0,
            "n_expired": 0,
            "n_overtaken": 0,
            "n_people": 0,
            "answered_after_seconds": null,
        },
        "acted": {
            "n": 0,
            "n_under_way": 0,
            "n_shared": 0,
            "n_recovered": 0,
            "n_not_recovered": 0,
            "n_failed": 0,
            "failed": [],
            "n_reverted": 0,
            "n_handed_on": 0,
            "n_kept": 0,
            "kept": [],
            "recovered_after_seconds": null,
        },
        "advice": {
            "verdict": "go-further",
            "sentence": "observe: 5 of 5 times people did the same, and all was well 23 min later (median): consider `mode: act`",
        },
    });
    assert_eq!(value, wanted);
}
