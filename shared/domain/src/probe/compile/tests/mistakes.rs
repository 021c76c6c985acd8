//! A table of bad files: what was changed, and what is said.

use super::*;

#[test]
fn what_is_unknown_is_told_with_the_nearest_name() {
    check(&[
        ("flws", json!([]), "flws: unknown key `flws`; did you mean `flows`?"),
        ("flows[0].stepps", json!([]), "flows[0].stepps: unknown key `stepps`; did you mean `steps`?"),
        (
            "flows[0].steps[1].expects",
            json!(["status == 200"]),
            "flows[0].steps[1].expects: unknown key `expects`; did you mean `expect`?",
        ),
        ("defaults.ever", json!("1m"), "defaults.ever: unknown key `ever`; did you mean `every`?"),
        ("flows[0].slo.targt", json!(99), "flows[0].slo.targt: unknown key `targt`; did you mean `target`?"),
        (
            "flows[0].steps[0].capture.token.jsn",
            json!("$.a"),
            "flows[0].steps[0].capture.token.jsn: unknown key `jsn`; did you mean `json`?",
        ),
        ("flows[1].steps[5].llm.promt", json!("x"), "flows[1].steps[5].llm.promt: unknown key `promt`; did you mean `prompt`?"),
        ("flows[0].priority", json!("P5"), "flows[0].priority: `P5` is not one of P1, P2, P3, P4"),
        (
            "flows[1].steps[5].llm.api",
            json!("opanai"),
            "flows[1].steps[5].llm.api: `opanai` is not one of openai, bedrock; did you mean `openai`?",
        ),
        (
            "flows[0].steps[2].redirects",
            json!("folow"),
            "flows[0].steps[2].redirects: `folow` is not one of follow, stay; did you mean `follow`?",
        ),
        ("flows[1].steps[1].type", json!("MXX"), "flows[1].steps[1].type: there is no type of records `MXX`; did you mean `MX`?"),
        (
            "allow_warnings[0].warning",
            json!("tls-not-verifed"),
            "allow_warnings[0].warning: there is no warning `tls-not-verifed`; did you mean `tls-not-verified`?",
        ),
    ]);
}

#[test]
fn a_key_of_another_tool_is_told_with_what_takes_its_place() {
    check(&[
        (
            "flows[0].steps[0].asserts",
            json!(["a"]),
            "flows[0].steps[0].asserts: unknown key `asserts`: what must be true of an answer stands under `expect`; write `expect: [status == 200]`",
        ),
        (
            "flows[0].steps[0].basic_auth",
            json!({"user": "a"}),
            "flows[0].steps[0].basic_auth: unknown key `basic_auth`: write the header field: `headers: {Authorization: \"Basic ${secret.NAME}\"}`, where the secret is what `user:password` is in Base64",
        ),
        (
            "flows[0].steps[0].retries",
            json!(3),
            "flows[0].steps[0].retries: unknown key `retries`: a step is not tried again: `alert` of the flow says how many runs must fail before people hear of it",
        ),
        (
            "flows[0].steps[2].insecure",
            json!(true),
            "flows[0].steps[2].insecure: unknown key `insecure`: write `verify_tls: false`",
        ),
        (
            "flows[0].interval",
            json!("1m"),
            "flows[0].interval: unknown key `interval`: how often a flow is run stands at `every`; write `every: 1m`",
        ),
        (
            "flows[0].severity",
            json!("critical"),
            "flows[0].severity: unknown key `severity`: how urgent it is stands at `priority`; write `priority: P1`",
        ),
        ("flows[0].name", json!("x"), "flows[0].name: unknown key `name`: a flow goes by its `id`; write `id: NAME`"),
        (
            "defaults.control",
            json!([]),
            "defaults.control: unknown key `control`: control targets hold for the whole file; write `control` at the top",
        ),
        (
            "vars",
            json!({}),
            "vars: unknown key `vars`: there are no variables of the file: write values where they belong, and secrets under `secrets`",
        ),
        (
            "flows[0].steps[2].url",
            json!("https://a"),
            "flows[0].steps[2].url: unknown key `url`: the method is the key, and the address its value; write `get: https://…`, or `request: {method: …, url: …}`",
        ),
        (
            "flows[0].steps[2].cookies",
            json!({}),
            "flows[0].steps[2].cookies: unknown key `cookies`: cookies are kept within a flow; write others as a header field `Cookie`",
        ),
    ]);
}

#[test]
fn what_has_another_shape_is_told_in_words_of_the_file() {
    check(&[
        ("flows", json!({"id": "a"}), "flows: a mapping stands here; write a list: `[a, b]`, or a line `- a` for each"),
        ("flows[0].steps", json!("x"), "flows[0].steps: `x` stands here; write a list: `[a, b]`, or a line `- a` for each"),
        (
            "flows[0].steps[0]",
            json!("get"),
            "flows[0].steps[0]: `get` stands here; write a mapping: `{name: value}`, or a line for each",
        ),
        (
            "flows[0].every",
            json!("1 minute"),
            "flows[0].every: `1 minute` is not a length of time; write for instance 30s, 5m, 1h30m or 7d",
        ),
        ("flows[0].every", json!(60), "flows[0].every: `60` is not a length of time; write for instance 30s, 5m, 1h30m or 7d"),
        (
            "flows[0].steps[1].expect",
            json!("status == 201"),
            "flows[0].steps[1].expect: `status == 201` stands here; write a list: `[a, b]`, or a line `- a` for each",
        ),
        (
            "flows[0].steps[1].expect",
            json!(["status == 201", {"a": "b"}]),
            "flows[0].steps[1].expect[1]: a mapping stands here; write an expectation such as status == 201, in quotes where it has a colon, a comma or brackets",
        ),
        (
            "flows[0].steps[1].expect",
            json!(["status == 201", ["a"]]),
            "flows[0].steps[1].expect[1]: a list stands here; write an expectation such as status == 201, in quotes where it has a colon, a comma or brackets",
        ),
        ("flows[0].steps[2].http", json!(3), "flows[0].steps[2].http: `3` is not one of 1.1, 2; did you mean `2`?"),
        ("flows[0].steps[2].http", json!(1.0), "flows[0].steps[2].http: `1` is not one of 1.1, 2; did you mean `2`?"),
        (
            "flows[0].steps[2].redirects",
            json!(-1),
            "flows[0].steps[2].redirects: -1 stands here; write `follow`, `stay`, or the most that are followed, such as 3",
        ),
        ("flows[0].steps[2].verify_tls", json!("no"), "flows[0].steps[2].verify_tls: `no` stands here; write true or false"),
        (
            "flows[0].alert.failures",
            json!("two"),
            "flows[0].alert.failures: `two` stands here; write a whole number from 0 to 4294967295",
        ),
        ("flows[0].slo.target", json!("99.9%"), "flows[0].slo.target: `99.9%` stands here; write a number"),
        (
            "flows[0].steps[1].query.dry",
            json!(1.5),
            "flows[0].steps[1].query.dry: write this number in quotes, exactly as it is to be sent",
        ),
        ("flows[0].headers.Accept", json!(1.5), "flows[0].headers.Accept: write this number in quotes, exactly as it is meant"),
        (
            "flows[0].steps[1].query.dry",
            json!({"a": 1}),
            "flows[0].steps[1].query.dry: a mapping stands here; write a text, or a list of texts",
        ),
        ("secrets.password", json!(null), "secrets.password: nothing stands here; write a text"),
        (
            "flows[0].regions",
            json!(["eu-west-1"]),
            "flows[0].regions: a list stands here; write a mapping: `{run: [eu-west-1, us-east-1], quorum: 2}`",
        ),
    ]);
}

#[test]
fn names_are_well_formed_and_differ() {
    check(&[
        (
            "flows[0].id",
            json!(""),
            "flows[0].id: a flow needs an id, by which its metrics and alerts go; write for instance `id: create-order`",
        ),
        (
            "flows[0].id",
            json!("create order"),
            "flows[0].id: `create order` is not an id; write letters, digits, `-`, `_` and `.`, 1 to 64 of them",
        ),
        ("flows[1].id", json!("create-order"), "flows[1].id: there is another `create-order` above; ids must differ"),
        (
            "secrets",
            json!({"a.b": "env:A", "password": "env:P", "key": "env:K"}),
            "secrets.a.b: a secret's name has letters, digits, `-` and `_`, 1 to 64 of them",
        ),
        (
            "flows[0].steps[2].capture",
            json!({"a b": {"header": "X"}}),
            "flows[0].steps[2].capture.a b: `a b` is not a name; write letters, digits, `-` and `_`, 1 to 64 of them",
        ),
        (
            "flows[0].steps[2].capture",
            json!({"run": {"header": "X"}}),
            "flows[0].steps[2].capture.run: `${run.…}` is the prober's own; write another name",
        ),
        (
            "flows[0].steps[1].name",
            json!(" "),
            "flows[0].steps[1].name: a name cannot be empty; without one the step goes by what it does",
        ),
    ]);
}

#[test]
fn a_variable_that_is_not_known_is_told_with_the_nearest_one() {
    check(&[
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com/orders/${ordr}"),
            "flows[0].steps[2].get: there is no variable `ordr`; did you mean `order`?",
        ),
        (
            "flows[0].steps[1].headers.Authorization",
            json!("Bearer ${tokn}"),
            "flows[0].steps[1].headers.Authorization: there is no variable `tokn`; did you mean `token`?",
        ),
        (
            "flows[0].steps[0].json.password",
            json!("${secret.pasword}"),
            "flows[0].steps[0].json.password: there is no secret `pasword`; did you mean `password`?",
        ),
        (
            "defaults.headers.X-Synthetic-Probe",
            json!("${run.idd}"),
            "defaults.headers.X-Synthetic-Probe: there is no variable `run.idd`; did you mean `run.id`?",
        ),
        (
            "flows[0].steps[0].json.user",
            json!(["a", {"b": "${order}"}]),
            "flows[0].steps[0].json.user[1].b: `${order}` is captured by flows[0].steps[1], which is not over yet here; capture it in a step before",
        ),
        (
            "flows[0].headers.Accept",
            json!("${token}"),
            "flows[0].headers.Accept: `${token}` is captured by flows[0].steps[0], which is not over yet here; capture it in a step before",
        ),
        (
            "flows[1].steps[0].send",
            json!("${token}"),
            "flows[1].steps[0].send: there is no variable `token`; there are run.at, run.id, run.region, secret.key, secret.password",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com/orders/${order"),
            "flows[0].steps[2].get: `${order` has no end; close it with `}`, or write `$${` for the characters",
        ),
        (
            "flows[0].steps[2].get",
            json!("https://api.example.com/${a b}"),
            "flows[0].steps[2].get: `${a b}` names no variable: letters, digits, `_`, `-` and `.` make a name",
        ),
        (
            "flows[0].steps[1].expect[2]",
            json!("json $.id == \"${order}\""),
            "flows[0].steps[1].expect[2]: `${order}` is captured by flows[0].steps[1], which is not over yet here; capture it in a step before",
        ),
        (
            "flows[0].cleanup[0].delete",
            json!("https://api.example.com/${oder}"),
            "flows[0].cleanup[0].delete: there is no variable `oder`; did you mean `order`?",
        ),
    ]);
}

#[test]
fn a_step_does_one_thing_and_its_keys_go_together() {
    check(&[
        (
            "flows[0].steps[0]",
            json!({"name": "nothing"}),
            "flows[0].steps[0]: a step says what it does; write one of get, post, put, patch, delete, head, options, request, tcp, dns, tls, websocket, grpc, llm, such as `get: https://api.example.com/health`\nflows[0].steps[1].headers.Authorization: there is no variable `token`; there are run.at, run.id, run.region, secret.key, secret.password",
        ),
        (
            "flows[0].steps[2].tcp",
            json!("a.example:1"),
            "flows[0].steps[2].tcp: a step does one thing, and there is `get` already; make two steps of it",
        ),
        (
            "flows[1].steps[0].query",
            json!({"a": "b"}),
            "flows[1].steps[0].query: `query` does not go with `tcp`; besides what every step has, there are send, read",
        ),
        (
            "flows[1].steps[2].send",
            json!("x"),
            "flows[1].steps[2].send: `send` does not go with `tls`; besides what every step has, there are server_name",
        ),
        (
            "flows[1].steps[1].verify_tls",
            json!(false),
            "flows[1].steps[1].verify_tls: `verify_tls` does not go with `dns`; besides what every step has, there are type, resolver",
        ),
        (
            "flows[1].steps[5].headers",
            json!({"A": "b"}),
            "flows[1].steps[5].headers: `headers` does not go with `llm`; write it under `llm`, beside `url`",
        ),
        (
            "flows[0].steps[2].type",
            json!("A"),
            "flows[0].steps[2].type: `type` does not go with `get`; besides what every step has, there are headers, query, json, form, body, content_type, multipart, redirects, http, verify_tls",
        ),
        (
            "flows[0].steps[3].json",
            json!({}),
            "flows[0].steps[3].body: a request has one body, and there is `json` already; take one of them out",
        ),
        (
            "flows[0].steps[4].content_type",
            json!("text/csv"),
            "flows[0].steps[4].content_type: `content_type` says what `body` is; `json`, `form` and `multipart` have types of their own",
        ),
        (
            "flows[0].steps[3].content_type",
            json!("csv"),
            "flows[0].steps[3].content_type: `csv` is not a type of content; write for instance text/csv",
        ),
        (
            "flows[0].steps[3].headers",
            json!({"content-type": "text/plain"}),
            "flows[0].steps[3].content_type: there is a header field `Content-Type` already; take one of them out",
        ),
    ]);
}

#[test]
fn what_is_captured_and_expected_is_there_after_such_a_step() {
    check(&[
        (
            "flows[0].steps[0].capture.token",
            json!({"secret": true}),
            "flows[0].steps[0].capture.token: say where the value is found; write one of json, header, cookie, regex, css, such as `{json: $.id}`",
        ),
        (
            "flows[0].steps[0].capture.token.header",
            json!("X"),
            "flows[0].steps[0].capture.token.header: a value is found in one place, and there is `json` already",
        ),
        (
            "flows[0].steps[0].capture.token.attribute",
            json!("href"),
            "flows[0].steps[0].capture.token.attribute: only what `css` finds has attributes; take it out",
        ),
        (
            "flows[1].steps[0].capture",
            json!({"a": {"header": "X"}}),
            "flows[1].steps[0].capture.a.header: an answer to `tcp` has no header; `json` and `regex` look at what it says",
        ),
        (
            "flows[1].steps[0].expect",
            json!(["status == 200"]),
            "flows[1].steps[0].expect[0]: an answer to `tcp` has no `status`; take it out, or look at something else",
        ),
        (
            "flows[0].steps[1].expect[0]",
            json!("cost < 1"),
            "flows[0].steps[1].expect[0]: an answer to `post` has no `cost`; take it out, or look at something else",
        ),
        (
            "flows[0].steps",
            json!([]),
            "flows[0].steps: a flow needs steps; write for instance `steps: [{get: https://…}]`\nflows[0].cleanup[0].delete: there is no variable `order`; there are run.at, run.id, run.region, secret.key, secret.password",
        ),
        (
            "flows[0].steps[5].multipart[0].name",
            json!(""),
            "flows[0].steps[5].multipart[0].name: a part needs the name of its field, on one line and without quotes",
        ),
        (
            "flows[0].steps[5].multipart[0].file_name",
            json!("a\"b"),
            "flows[0].steps[5].multipart[0].file_name: write the name of the file on one line and without quotes",
        ),
    ]);
}

#[test]
fn what_is_expected_and_captured_is_read() {
    check(&[
        ("flows[0].steps[1].expect[0]", json!("status = 201"), "flows[0].steps[1].expect[0]: `=` is no operator; write `==`"),
        (
            "flows[0].steps[1].expect[0]",
            json!("stauts == 201"),
            "flows[0].steps[1].expect[0]: there is no `stauts`; did you mean `status`?",
        ),
        (
            "flows[0].steps[1].expect[1]",
            json!("time.ttfb < 800"),
            "flows[0].steps[1].expect[1]: time.ttfb is a time, and 800 is a number; write `800ms`",
        ),
        (
            "flows[0].steps[0].capture.token.json",
            json!("access_token"),
            "flows[0].steps[0].capture.token.json: `access_token` is no JSON path: it begins with `$`, as in `$.id` or `$['first name']`",
        ),
        (
            "flows[0].steps[2].capture.n.regex",
            json!("id=("),
            "flows[0].steps[2].capture.n.regex: `id=(` is no regular expression: found open group without closing ')'",
        ),
        (
            "flows[0].steps[2].capture.h.css",
            json!("h1["),
            "flows[0].steps[2].capture.h.css: `h1[` is no CSS selector; write for instance `form input[name=csrf]` or `#total`",
        ),
        (
            "flows[0].steps[1].capture.where.header",
            json!("Loca tion"),
            "flows[0].steps[1].capture.where.header: `Loca tion` is no name of a header field; letters, digits and `-` make one",
        ),
        (
            "flows[0].steps[0].capture.token.json",
            json!(""),
            "flows[0].steps[0].capture.token.json: `json` is empty; say what to look for",
        ),
    ]);
}
#[test]
fn all_mistakes_are_told_at_once_with_those_of_each_step() {
    let mut content = good();
    for (path, value) in [
        ("flows[0].steps[0].jsn", json!(1)),
        ("flows[0].steps[0].timout", json!("1s")),
        ("flows[0].steps[3].get2", json!("x")),
        ("flows[0].cleanup[0].http", json!(3)),
        ("flows[1].idd", json!("x")),
        ("defaults.alerts", json!({})),
    ] {
        put(&mut content, path, Some(value));
    }
    let paths: Vec<String> = refused(&content).0.into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        paths,
        [
            "defaults.alerts",
            "flows[0].steps[0].jsn",
            "flows[0].steps[0].timout",
            "flows[0].steps[3].get2",
            "flows[0].cleanup[0].http",
            "flows[1].idd"
        ]
    );
    let mut content = good();
    for (path, value) in [
        ("flows[0].id", json!("")),
        ("flows[0].steps[0].post", json!("nowhere")),
        ("flows[0].steps[1].expect", json!(["status = 1", "status == 200", "siez < 1"])),
        ("flows[1].steps[0].tcp", json!("a")),
    ] {
        put(&mut content, path, Some(value));
    }
    let paths: Vec<String> = refused(&content).0.into_iter().map(|problem| problem.path).collect();
    let wanted = [
        "flows[0].id",
        "flows[0].steps[0].post",
        "flows[0].steps[1].expect[0]",
        "flows[0].steps[1].expect[2]",
        "flows[1].steps[0].tcp",
    ];
    assert_eq!(paths, wanted);
}

#[test]
fn a_file_that_is_no_mapping_or_too_large_is_refused_and_an_empty_mapping_is_not() {
    let said = |content: &Value| refused(content).to_string();
    assert_eq!(said(&Value::Null), "the file is empty; it has `flows`, `heartbeats`, or both: `flows: []` for none");
    assert_eq!(said(&json!([])), "the file is not a mapping; it has `flows`, `heartbeats`, or both: `flows: []` for none");
    let large = with("flows[0].steps[3].body", json!("x".repeat(crate::policy::SIZE_MAX)));
    assert!(said(&large).contains("at most 380000 can be stored"), "{}", said(&large));
    assert!(right(&json!({})).flows.is_empty());
}

#[test]
fn there_are_not_more_flows_steps_and_other_things_than_a_run_can_take() {
    let step = || json!({"get": "https://a.example/"});
    let many = |n: usize| Value::Array((0..n).map(|n| json!({"id": format!("f{n}"), "steps": [step()]})).collect());
    assert_eq!(right(&json!({"flows": many(500)})).flows.len(), 500);
    for (path, value, wanted) in [
        ("flows", many(501), "flows: 501 flows are too many; write at most 500"),
        ("control", json!(vec!["a.example:1"; 9]), "control: 9 control targets are too many; write at most 8"),
        ("spread", json!("41s"), "spread: 41 s is too long; write at most 40 s, so that the last can end within its minute"),
    ] {
        let mut content = json!({});
        content[path] = value;
        assert_eq!(refused(&content).to_string(), wanted);
        assert!(Probes::load(&content).is_ok(), "one in force stays in force");
    }
    for (key, n, wanted) in [
        ("steps", 51, "flows[0].steps: 51 steps are too many; write at most 50"),
        ("cleanup", 21, "flows[0].cleanup: 21 steps are too many; write at most 20"),
    ] {
        let mut content = json!({"flows": [{"id": "f", "steps": [step()]}]});
        content["flows"][0][key] = Value::Array((0..n).map(|_| step()).collect());
        assert_eq!(refused(&content).to_string(), wanted);
    }
    let body = with("flows[0].steps[3].body", json!("x".repeat(65_537)));
    assert_eq!(
        refused(&body).to_string(),
        "flows[0].steps[3].body: 65537 bytes are too many to send in each run; write at most 65536"
    );
}
