//! Flows go only where the file says, and secrets with them.

use super::*;

#[test]
fn no_secret_and_no_answer_chooses_a_host() {
    check(&[
        (
            "flows[0].steps[2].get",
            json!("https://${secret.password}.example.com/"),
            "flows[0].steps[2].get: `${secret.password}` is secret and cannot be part of the host: the name servers on the way would learn it; write the host out",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com${order}"),
            "flows[0].steps[2].get: `${order}` comes from an answer and cannot be part of the host: a flow goes only where this file says; write the host out, with a `/` after it",
        ),
        (
            "flows[0].steps[2].get",
            json!("${where}"),
            "flows[0].steps[2].get: `${where}` comes from an answer and cannot be part of the host: a flow goes only where this file says; write the host out, with a `/` after it",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com:${order}/"),
            "flows[0].steps[2].get: `${order}` comes from an answer and cannot be part of the host: a flow goes only where this file says; write the host out, with a `/` after it",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://user:${secret.password}@api.example.com/"),
            "flows[0].steps[2].get: `${secret.password}` is secret and cannot be part of the host: the name servers on the way would learn it; write the host out",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://me@api.example.com/"),
            "flows[0].steps[2].get: a name and password before `@` would be in every log; write the header field `Authorization`",
        ),
        (
            "flows[1].steps[0].tcp",
            json!("${secret.key}:80"),
            "flows[1].steps[0].tcp: `${secret.key}` is secret and cannot be part of the host: the name servers on the way would learn it; write the host out",
        ),
        (
            "flows[1].steps[1].dns",
            json!("${secret.key}.example.com"),
            "flows[1].steps[1].dns: a secret cannot be part of a name: every name server on the way would learn it",
        ),
        (
            "flows[1].steps[2].tls",
            json!("${secret.key}"),
            "flows[1].steps[2].tls: `${secret.key}` is secret and cannot be part of the host: the name servers on the way would learn it; write the host out",
        ),
        (
            "flows[1].steps[5].llm.url",
            json!("https://${secret.key}.example.com/"),
            "flows[1].steps[5].llm.url: `${secret.key}` is secret and cannot be part of the host: the name servers on the way would learn it; write the host out",
        ),
        (
            "defaults.headers",
            json!({"Authorization": "${secret.key}"}),
            "defaults.headers.Authorization: a secret here would go to every host of the file; write this field at the steps that need it",
        ),
        (
            "flows[1].headers",
            json!({"Authorization": "${secret.key}"}),
            "flows[1].headers.Authorization: a secret here would go to bedrock-runtime.eu-west-1.amazonaws.com and example.com and grpc.example.com:443 and llm.example.com; write this field at the steps whose host may know it",
        ),
    ]);
}
#[test]
fn a_secret_in_a_flows_header_fields_is_right_where_all_steps_go_to_one_host() {
    let flow = |other: &str| {
        json!({"secrets": {"key": "secretsmanager:k"}, "flows": [{"id": "f", "headers": {"Authorization": "${secret.key}"},
            "steps": [{"get": "https://api.example.com/a"}, {"get": other}]}]})
    };
    assert!(Probes::check(&flow("https://API.example.com/b")).is_ok());
    assert!(Probes::check(&flow("https://api.example.com:8443/b")).is_err(), "another port may be somebody else's");
    assert!(Probes::check(&flow("https://www.example.com/b")).is_err());
}

#[test]
fn what_the_prober_says_itself_may_be_part_of_a_host_and_anything_of_a_path() {
    for url in [
        "https://api-${run.region}.example.com/",
        "https://${run.id}.example.com/",
        "https://api.example.com/${secret.password}/${order}?a=${where}",
        "https://api.example.com?a=${order}",
    ] {
        right(&with("flows[0].steps[2].get", json!(url)));
    }
}

#[test]
fn a_secret_that_is_written_in_the_file_is_not_repeated_by_what_is_said() {
    let said = refused(&with("secrets.password", json!("Tr0ub4dor&3"))).to_string();
    assert!(!said.contains("Tr0ub4dor"), "{said}");
    let said = refused(&with("secrets.password", json!("s3cret:Tr0ub4dor&3"))).to_string();
    assert!(!said.contains("Tr0ub4dor"), "{said}");
}

#[test]
fn secrets_of_the_machine_at_hand_are_for_runs_by_hand() {
    let mut content = good();
    put(&mut content, "secrets", Some(json!({"password": "env:PASSWORD", "key": "file:/run/key", "kept": "secretsmanager:a"})));
    let told: Vec<String> = right(&content).installable().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("secrets.key: `file:` is only for runs by hand"), "{told:?}");
    assert!(told[1].starts_with("secrets.password: `env:` is only for runs by hand"), "{told:?}");
    assert!(right(&good()).installable().is_empty());
}

#[test]
fn what_is_safe_only_if_it_is_checked_is_checked_of_a_file_in_force_too() {
    for (path, value) in [
        ("flows[0].steps[2].get", json!("https://${secret.password}.example.com/")),
        ("defaults.headers", json!({"Authorization": "${secret.key}"})),
        ("flows[0].allow_cidrs", json!(["0.0.0.0/0"])),
        ("flows[0].headers", json!({"A": "b\r\nX: y"})),
    ] {
        assert!(Probes::load(&with(path, value)).is_err(), "{path}");
    }
}
