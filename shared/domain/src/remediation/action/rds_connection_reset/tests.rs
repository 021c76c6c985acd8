//! Which sessions are ended, when that may be, and what a restart shows afterwards.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::law::law;
use crate::remediation::action::rds_sessions::{SESSIONS_MAX, Session, SessionId, counted};
use crate::span::Span;

const CLUSTER: &str = "arn:aws:rds:eu-west-1:123456789012:cluster:c";

fn parameters(change: impl FnOnce(&mut Value)) -> Value {
    let mut content = json!({"sessions": {
        "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
        "database": "shop",
    }});
    change(&mut content);
    content
}

fn recipe(change: impl FnOnce(&mut Value)) -> RdsConnectionReset {
    serde_json::from_value(parameters(change)).unwrap()
}

fn sessions_of(recipe: &RdsConnectionReset) -> &EndSessions {
    recipe.sessions.as_ref().unwrap()
}

fn session(pid: i64, user: &str, state: &str, in_state: Span) -> Session {
    let backend_start = format!("2026-03-01T11:00:00.{pid:06}Z");
    Session::new(SessionId { pid, backend_start }, user).with_state(state, in_state).with_application("api")
}

fn idle(pid: i64, minutes: u64) -> Session {
    session(pid, "app", "idle", Span::minutes(minutes))
}

fn facts(sessions: Vec<Session>) -> DbFacts {
    let managed: Tags = [("watchkeeper".to_owned(), "managed".to_owned())].into();
    DbFacts {
        status: "available".into(),
        is_multi_az: false,
        pending: Vec::new(),
        cluster: Some(DbCluster {
            name: "c".into(),
            arn: CLUSTER.into(),
            status: "available".into(),
            engine: "aurora-postgresql".into(),
            n_instances: 1,
            writer: Some("db".into()),
            has_http_endpoint: true,
            failed_over_at: None,
            tags: managed.clone(),
        }),
        restarted_at: None,
        sessions: Sessions::Listed(sessions),
        tags: managed,
    }
}

fn cluster(facts: &mut DbFacts) -> &mut DbCluster {
    facts.cluster.as_mut().unwrap()
}

fn planned(recipe: &RdsConnectionReset, step: usize, facts: &DbFacts) -> Result<Planned<RdsConnectionResetPlan>, Refusal> {
    let target = Target::new("RDS instance", "db");
    let now = Timestamp::UNIX_EPOCH;
    recipe.plan(Attempt { now, alert_at: now, target: &target, step }, facts)
}

fn ended(plan: &RdsConnectionResetPlan) -> Vec<i64> {
    match plan {
        RdsConnectionResetPlan::Sessions(plan) => plan.sessions.iter().map(|session| session.id.pid).collect(),
        plan => panic!("{plan:?}"),
    }
}

/// Who is ended of these, by the number of the process.
fn chosen(change: impl FnOnce(&mut Value), sessions: Vec<Session>) -> Vec<i64> {
    match planned(&recipe(change), 0, &facts(sessions)) {
        Ok(planned) => ended(&planned.plan),
        Err(refusal) => {
            assert_eq!(refusal.guard(), "idle-sessions", "{refusal}");
            Vec::new()
        }
    }
}

#[test]
fn what_the_policy_says_of_sessions_is_checked() {
    for (change, wanted) in [
        (json!({"at_most": 0}), Some("sessions.at_most")),
        (json!({"at_most": 1}), None),
        (json!({"at_most": 500}), None),
        (json!({"at_most": 501}), Some("sessions.at_most")),
        (json!({"idle_for": "29s"}), Some("sessions.idle_for")),
        (json!({"idle_for": "30s"}), None),
        (json!({"states": []}), Some("sessions.states")),
        (json!({"states": ["idle in transaction"]}), None),
        (json!({"database": " "}), Some("sessions.database")),
        (json!({"cluster_arn": CLUSTER}), None),
        (json!({"cluster_arn": "c"}), Some("sessions.cluster_arn")),
        (json!({"secret_arn": "db"}), Some("sessions.secret_arn")),
        (json!({"secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"}), Some("sessions.secret_arn")),
        (json!({"secret_arn": "arn:aws:secretsmanager:eu-west-1:12345678901:secret:db"}), Some("sessions.secret_arn")),
        (json!({"secret_arn": "arn:aws:ssm:eu-west-1:123456789012:secret:db"}), Some("sessions.secret_arn")),
    ] {
        let recipe = recipe(|content| content["sessions"].as_object_mut().unwrap().extend(change.as_object().unwrap().clone()));
        let places: Vec<&str> = recipe.problems().into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, wanted.into_iter().collect::<Vec<_>>(), "{change}");
    }
}

#[test]
fn there_must_be_something_to_do_and_only_known_states_end_sessions() {
    let of = |content: Value| serde_json::from_value::<RdsConnectionReset>(content);
    assert_eq!(of(json!({})).unwrap(), RdsConnectionReset::default());
    assert_eq!(of(json!({"restart": false})).unwrap().problems()[0].0, "restart");
    assert_eq!(recipe(|content| content["restart"] = json!(false)).problems(), []);
    let contradiction = recipe(|content| (content["restart"], content["force_failover"]) = (json!(false), json!(true)));
    assert_eq!(contradiction.problems()[0].0, "force_failover");
    for state in ["active", "Idle", "fastpath function call", ""] {
        let content = parameters(|content| content["sessions"]["states"] = json!([state]));
        assert!(of(content).unwrap_err().to_string().contains("unknown variant"), "{state}");
    }
}

#[test]
fn sessions_come_before_a_restart_and_do_not_need_a_person() {
    let both = recipe(|_| {});
    assert_eq!((both.n_steps(), both.is_disruptive(0), both.is_disruptive(1)), (2, false, true));
    let sessions = recipe(|content| content["restart"] = json!(false));
    assert_eq!((sessions.n_steps(), sessions.is_disruptive(0)), (1, false));
    let restart = RdsConnectionReset::default();
    assert_eq!((restart.n_steps(), restart.is_disruptive(0)), (1, true));
    let some = facts(vec![idle(1, 10)]);
    assert_eq!(planned(&sessions, 1, &some).unwrap_err().guard(), "step");
    assert_eq!(planned(&restart, 1, &some).unwrap_err().guard(), "step");
}

#[test]
fn unless_the_policy_says_so_nobody_loses_a_transaction() {
    let sessions = || {
        vec![
            session(1, "app", "idle in transaction", Span::hours(1)),
            session(2, "app", "idle in transaction (aborted)", Span::hours(2)),
            session(3, "app", "idle", Span::hours(3)),
            session(4, "app", "active", Span::hours(4)),
            session(5, "app", "", Span::hours(5)),
        ]
    };
    assert_eq!(chosen(|_| {}, sessions()), [3, 2]);
    assert_eq!(chosen(|content| content["sessions"]["states"] = json!(["idle in transaction"]), sessions()), [1]);
}

/// A guard of the Data API: it refuses, and when barely allowed it does not.
fn refuses_and_allows(
    guard: &str,
    recipe: &RdsConnectionReset,
    forbid: impl Fn(&mut DbFacts),
    barely_allow: impl Fn(&mut DbFacts),
) {
    let mut refused = facts(vec![idle(1, 10)]);
    forbid(&mut refused);
    assert_eq!(planned(recipe, 0, &refused).unwrap_err().guard(), guard);
    let mut allowed = facts(vec![idle(1, 10)]);
    barely_allow(&mut allowed);
    assert_eq!(ended(&planned(recipe, 0, &allowed).unwrap().plan), [1], "{guard}");
}

#[test]
fn sessions_are_ended_only_where_the_data_api_reaches_them() {
    let (any, named) = (recipe(|_| {}), recipe(|content| content["sessions"]["cluster_arn"] = json!(CLUSTER)));
    refuses_and_allows("cluster", &any, |facts| facts.cluster = None, |_| {});
    refuses_and_allows("engine", &any, |facts| cluster(facts).engine = "aurora-mysql".into(), |_| {});
    refuses_and_allows("cluster-tag", &any, |facts| cluster(facts).tags.clear(), |_| {});
    refuses_and_allows("http-endpoint", &any, |facts| cluster(facts).has_http_endpoint = false, |_| {});
    let by = |writer: Option<&'static str>| move |facts: &mut DbFacts| cluster(facts).writer = writer.map(str::to_owned);
    refuses_and_allows("writer", &any, by(Some("other")), by(Some("DB")));
    refuses_and_allows("writer", &any, by(None), |_| {});
    refuses_and_allows("data-api", &any, |facts| facts.sessions = Sessions::NotAsked, |_| {});
    let other = |facts: &mut DbFacts| cluster(facts).arn.push('x');
    refuses_and_allows("own-cluster", &named, other, |_| {});
    refuses_and_allows("own-cluster", &named, |facts| facts.cluster = None, |_| {});
    refuses_and_allows("idle-sessions", &any, |facts| facts.sessions = Sessions::Listed(vec![idle(1, 9)]), |_| {});
    let mut full = facts(Vec::new());
    full.sessions = Sessions::Hidden("the Data API could not connect: too\u{202e} many\nconnections".into());
    let refusal = planned(&any, 0, &full).unwrap_err();
    assert_eq!(refusal.to_string(), "the Data API could not connect: too many connections");
}

#[test]
fn an_instance_of_another_cluster_than_the_policy_names_is_not_restarted_either() {
    let named = recipe(|content| content["sessions"]["cluster_arn"] = json!(CLUSTER));
    let mut other = facts(Vec::new());
    assert!(planned(&named, 1, &other).is_ok());
    cluster(&mut other).arn.push('x');
    assert_eq!(planned(&named, 1, &other).unwrap_err().guard(), "own-cluster");
    assert_eq!(named.data_api("db", &other), None, "nor is it asked");
}

#[test]
fn a_cluster_fails_over_only_if_it_is_tagged() {
    let mut two = facts(Vec::new());
    cluster(&mut two).n_instances = 2;
    let restart = RdsConnectionReset::default();
    let planned_over = planned(&restart, 0, &two).unwrap();
    assert!(matches!(planned_over.plan, RdsConnectionResetPlan::Failover { .. }));
    assert_eq!(planned_over.touched_percent, 50);
    cluster(&mut two).tags.clear();
    assert_eq!(planned(&restart, 0, &two).unwrap_err().guard(), "cluster-tag");
}

#[test]
fn who_is_connected_is_told_with_every_decision() {
    let mut sessions: Vec<Session> = (0..3).map(|n| idle(n, 60 * u64::try_from(n).unwrap())).collect();
    sessions.push(session(9, "reports", "active", Span::seconds(5)));
    sessions.push(session(10, "a\u{202e}dmin\n", "", Span::ZERO).with_application(""));
    sessions.push(session(11, "watchkeeper", "active", Span::ZERO).with_own(true));
    let wanted = "5 connections: 3 idle (oldest 2 h), 1 in a state that cannot be seen, 1 active (oldest 5 s); \
                  by user: 3 app, 1 admin, 1 reports; by application: 4 api, 1 without a name";
    let both = recipe(|_| {});
    let facts = facts(sessions);
    for step in [0, 1] {
        assert_eq!(planned(&both, step, &facts).unwrap().caveats, [wanted]);
    }
    let spared = recipe(|content| content["sessions"]["spare_users"] = json!(["app"]));
    let why = planned(&spared, 0, &facts).unwrap_err().to_string();
    let passed = "no session that may be ended has been idle or idle in transaction (aborted) for 10 min or longer";
    assert_eq!(why, format!("{passed} ({wanted})"));
}

#[test]
fn a_diagnosis_stays_short_however_many_there_are_and_whatever_they_call_themselves() {
    let hostile = "<script>".repeat(1_000);
    let sessions: Vec<Session> = (0..i64::try_from(SESSIONS_MAX).unwrap())
        .map(|pid| session(pid, &format!("{pid}{hostile}"), "idle", Span::hours(1)).with_application(&hostile))
        .collect();
    let planned = planned(&recipe(|_| {}), 0, &facts(sessions)).unwrap();
    assert!(planned.caveats[0].starts_with("at least 2000 connections: 2000 idle (oldest 1 h); by user: 1 0<script>"));
    assert!(planned.caveats[0].chars().count() < 500, "{}", planned.caveats[0]);
    assert!(planned.plan.sentence().chars().count() < 400, "{}", planned.plan.sentence());
}

#[test]
fn a_plan_says_whom_it_ends_and_reads_back() {
    let sessions = vec![idle(1, 10), idle(2, 20), session(3, "reports", "idle", Span::minutes(30)), idle(4, 1)];
    let planned = planned(&recipe(|_| {}), 0, &facts(sessions)).unwrap();
    assert_eq!(
        planned.plan.sentence(),
        "end 3 sessions of db (at most 20) that have been idle or idle in transaction (aborted) for 10 min or longer: \
         2 app, 1 reports"
    );
    assert_eq!(planned.touched_percent, 75);
    let stored = serde_json::to_value(&planned.plan).unwrap();
    let of_first = json!({"pid": 3, "backend_start": "2026-03-01T11:00:00.000003Z", "user": "reports", "state": "idle"});
    assert_eq!(stored["sessions"][0], of_first);
    assert_eq!(serde_json::from_value::<RdsConnectionResetPlan>(stored).unwrap(), planned.plan);
    let older = json!({"by": "reboot", "instance": "db", "force_failover": true});
    assert!(serde_json::from_value::<RdsConnectionResetPlan>(older).is_ok(), "one stored before there were sessions");
}

#[test]
fn an_approval_is_for_these_users_and_for_no_more_than_was_told() {
    let plan = |change: fn(&mut Value), sessions| planned(&recipe(change), 0, &facts(sessions)).unwrap().plan;
    let asked = plan(|_| {}, vec![idle(1, 10), idle(2, 20)]);
    let covers = |plan: &RdsConnectionResetPlan| RdsConnectionReset::is_covered(&asked, plan);
    assert!(covers(&asked));
    assert!(covers(&plan(|_| {}, vec![idle(2, 30), idle(3, 10), idle(4, 10)])), "by now others are as old");
    assert!(!covers(&plan(|_| {}, vec![idle(1, 10), session(5, "reports", "idle", Span::hours(1))])));
    assert!(!covers(&plan(|content| content["sessions"]["at_most"] = json!(21), vec![idle(1, 10)])));
    assert!(covers(&plan(|content| content["sessions"]["at_most"] = json!(19), vec![idle(1, 10)])));
    assert!(!covers(&plan(|content| content["sessions"]["idle_for"] = json!("9m"), vec![idle(1, 10)])));
    assert!(covers(&plan(|content| content["sessions"]["idle_for"] = json!("11m"), vec![idle(1, 11)])));
    assert!(!covers(&plan(|content| content["sessions"]["states"] = json!(["idle", "idle in transaction"]), vec![idle(1, 10)])));
    assert!(!covers(&plan(|content| content["sessions"]["database"] = json!("other"), vec![idle(1, 10)])));
    let restart = |sessions| planned(&recipe(|_| {}), 1, &facts(sessions)).unwrap().plan;
    assert!(!covers(&restart(Vec::new())), "a restart is something else");
    assert!(RdsConnectionReset::is_covered(&restart(vec![idle(1, 1)]), &restart(vec![idle(2, 1)])), "whoever is connected");
}

#[test]
fn it_is_done_once_none_of_these_sessions_is_there_as_it_was() {
    let since = Timestamp::UNIX_EPOCH;
    let plan = planned(&recipe(|_| {}), 0, &facts(vec![idle(1, 10), idle(2, 20)])).unwrap().plan;
    let seen = |sessions: Vec<Session>| (plan.seen(&facts(sessions.clone()), since), plan.in_place(&facts(sessions)));
    let left = |n: usize| (Seen::NotDone, Err(Lacking::Yet(format!("{n} of 2 sessions are still there"))));
    assert_eq!(seen(vec![idle(1, 11), idle(2, 21)]), left(2));
    assert_eq!(seen(vec![idle(2, 21), idle(3, 60)]), left(1));
    let done = (Seen::Done, Ok(()));
    assert_eq!(seen(vec![idle(3, 60)]), done, "others are no concern of it");
    assert_eq!(seen(vec![session(1, "app", "active", Span::ZERO), idle(2, 0)]), done, "these are in use again");
    let again = Session::new(SessionId { pid: 1, backend_start: "2026-03-02".into() }, "app").with_state("idle", Span::hours(1));
    assert_eq!(seen(vec![again]), done, "the number was given to another");
    let mut hidden = facts(Vec::new());
    hidden.sessions = Sessions::Hidden("no".into());
    assert_eq!((plan.seen(&hidden, since), plan.in_place(&hidden)), (Seen::Unclear, Err(Lacking::Yet("no".into()))));
}

#[test]
fn a_restart_is_seen_by_events_by_status_by_the_writer_and_denied_by_who_is_still_there() {
    let since = Timestamp::from_second(1_000).unwrap();
    let both = recipe(|_| {});
    let mut two = facts(vec![idle(1, 10), idle(2, 10)]);
    cluster(&mut two).n_instances = 2;
    for base in [facts(vec![idle(1, 10), idle(2, 10)]), two] {
        let plan = planned(&both, 1, &base).unwrap().plan;
        let seen = |change: fn(&mut DbFacts)| {
            let mut after = base.clone();
            after.sessions = Sessions::Listed(Vec::new());
            change(&mut after);
            assert_eq!(plan.data_api(&after, since).is_some(), plan.seen(&after, since) != Seen::Done, "asked only in doubt");
            plan.seen(&after, since)
        };
        let doubtful = |seen: Seen| matches!(seen, Seen::Doubtful(_));
        assert!(doubtful(seen(|_| {})));
        assert!(doubtful(seen(|after| after.sessions = Sessions::Hidden("no".into()))));
        assert!(doubtful(seen(|after| after.sessions = Sessions::Listed(vec![idle(3, 0)]))));
        assert!(doubtful(seen(|after| after.restarted_at = Timestamp::from_second(999).ok())));
        assert_eq!(seen(|after| after.restarted_at = Timestamp::from_second(1_000).ok()), Seen::Done);
        assert_eq!(seen(|after| after.status = "rebooting".into()), Seen::Done);
        assert_eq!(seen(|after| after.sessions = Sessions::Listed(vec![idle(2, 11)])), Seen::NotDone);
        if matches!(plan, RdsConnectionResetPlan::Failover { .. }) {
            assert_eq!(seen(|after| cluster(after).writer = Some("other".into())), Seen::Done);
            assert_eq!(seen(|after| cluster(after).status = "failing-over".into()), Seen::Done);
            assert_eq!(seen(|after| cluster(after).failed_over_at = Timestamp::from_second(1_000).ok()), Seen::Done);
        } else {
            assert!(doubtful(seen(|after| cluster(after).failed_over_at = Timestamp::from_second(1_000).ok())));
        }
    }
}

#[test]
fn a_restart_is_waited_for_until_the_instance_and_its_cluster_are_well_again() {
    let mut two = facts(Vec::new());
    cluster(&mut two).n_instances = 2;
    let plan = planned(&RdsConnectionReset::default(), 0, &two).unwrap().plan;
    assert_eq!(plan.in_place(&two), Ok(()));
    cluster(&mut two).status = "failing-over".into();
    assert_eq!(plan.in_place(&two), Err(Lacking::Yet("the cluster is failing over".into())));
    two.status = "rebooting".into();
    assert_eq!(plan.in_place(&two), Err(Lacking::Yet("the instance is rebooting".into())));
}

#[test]
fn what_people_did_about_sessions_is_told() {
    let plan = planned(&recipe(|_| {}), 0, &facts(vec![idle(1, 10), idle(2, 20)])).unwrap().plan;
    assert_eq!(plan.differences(&facts(vec![idle(1, 11), idle(2, 21)])), [""; 0]);
    let mut after = facts(vec![idle(1, 11)]);
    after.restarted_at = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(plan.differences(&after), ["restarted at 1970-01-01 00:00:00 UTC", "1 of 2 sessions are gone or in use"]);
}

fn any_session() -> impl Strategy<Value = Session> {
    let user = prop_oneof![
        4 => Just("app"), 2 => Just("reports"), 1 => Just("spared"), 1 => Just("rdsadmin"), 1 => Just("rdsproxyadmin"), 1 => Just(""),
    ];
    let state = prop_oneof![
        4 => Just("idle"), 1 => Just("idle in transaction"), 1 => Just("idle in transaction (aborted)"), 1 => Just("active"), 1 => Just(""),
    ];
    (0..50i64, user, state, 0u64..1_300, prop::bool::weighted(0.1), prop::bool::weighted(0.1)).prop_map(
        |(pid, user, state, seconds, is_administrator, is_own)| {
            session(pid, user, state, Span::seconds(seconds)).with_administrator(is_administrator).with_own(is_own)
        },
    )
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn only_old_sessions_of_ordinary_users_are_ended_the_oldest_first_and_never_too_many(
        sessions in prop::collection::btree_map(0..200i64, any_session(), 0..60),
        at_most in 1u32..10,
        seconds in 30u64..1_000,
        in_transaction in any::<bool>(),
    ) {
        // Each number is there once.
        let sessions: Vec<(i64, Session)> = sessions.into_iter().collect();
        let listed: Vec<Session> = sessions.iter().map(|(pid, it)| renumbered(*pid, it)).collect();
        let recipe = recipe(|content| {
            let states = if in_transaction { json!(["idle", "idle in transaction"]) } else { json!(["idle"]) };
            content["sessions"]["states"] = states;
            content["sessions"]["at_most"] = json!(at_most);
            content["sessions"]["idle_for"] = json!(format!("{seconds}s"));
            content["sessions"]["spare_users"] = json!(["spared"]);
        });
        let chosen = sessions_of(&recipe).chosen(&listed);
        let of = |id: &SessionId| listed.iter().find(|it| it.id() == id).unwrap();
        prop_assert!(chosen.len() <= usize::try_from(at_most).unwrap());
        for ended in &chosen {
            let it = of(&ended.id);
            prop_assert!(!it.is_own(), "never our own session");
            prop_assert!(!it.is_administrator(), "never an administrator's");
            prop_assert!(["app", "reports"].contains(&it.user()), "never one of {:?}", it.user());
            prop_assert!(it.in_state() >= Span::seconds(seconds), "never one that is younger");
            prop_assert!(it.state() == "idle" || in_transaction && it.state() == "idle in transaction");
        }
        prop_assert!(chosen.is_sorted_by_key(|ended| std::cmp::Reverse(of(&ended.id).in_state())), "the oldest first");
        // Whoever is left out though it would fit is no older than any that is ended.
        let fits = |it: &&Session| {
            !it.is_own() && !it.is_administrator() && ["app", "reports"].contains(&it.user())
                && it.in_state() >= Span::seconds(seconds)
                && (it.state() == "idle" || in_transaction && it.state() == "idle in transaction")
        };
        let left: Vec<&Session> = listed.iter().filter(fits).filter(|it| !chosen.iter().any(|ended| ended.id == *it.id())).collect();
        prop_assert!(left.is_empty() || chosen.len() == usize::try_from(at_most).unwrap(), "none is forgotten");
        for it in left {
            prop_assert!(chosen.iter().all(|ended| of(&ended.id).in_state() >= it.in_state()));
        }
    }

    #[test]
    fn a_diagnosis_never_counts_ourselves_and_shows_no_control_characters(names in prop::collection::vec(any::<String>(), 0..5)) {
        let mut sessions: Vec<Session> =
            names.iter().map(|name| session(1, name, name, Span::ZERO).with_application(name)).collect();
        sessions.push(idle(2, 10).with_own(true));
        let text = diagnosis(&sessions);
        prop_assert!(text.starts_with(&counted(names.len(), "connection")), "{}", text);
        prop_assert!(!text.chars().any(char::is_control));
    }
}

fn renumbered(pid: i64, it: &Session) -> Session {
    session(pid, it.user(), it.state(), it.in_state()).with_administrator(it.is_administrator()).with_own(it.is_own())
}
