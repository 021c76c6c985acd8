//! Check the standing orders.

use std::path::Path;

use serde_json::json;

use crate::desk::{Desk, assert_fits, folder, keys, on_one_line, orders};

/// A desk that AWS cannot be asked from: no check asks it.
async fn desk() -> Desk {
    let mut desk = Desk::bare().await;
    for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "WATCHKEEPER_TABLE"] {
        desk.set(name, None);
    }
    desk
}

/// A file with this content.
fn file(name: &str, content: &str) -> String {
    let path = folder().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_policy_that_is_right_is_said_to_be() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/policy/policy.yaml").display().to_string();
    let mut orders = orders();
    orders.as_object_mut().unwrap().remove("deployment");
    for file in [example, file("policy.json", &orders.to_string())] {
        let desk = desk().await;
        let said = desk.run(&["policy", "check", &file]).await.ok();
        assert!(said.lines().any(|line| line.starts_with(&format!("{file}: right ("))), "{said}");
        let value = desk.run_json(&["policy", "check", &file]).await.json();
        assert_eq!(keys(&value), ["file", "ok", "problems", "version", "warnings"]);
        assert_eq!((&value["ok"], &value["problems"], &value["file"]), (&json!(true), &json!([]), &json!(file)));
    }
}

#[tokio::test]
async fn a_mistake_is_told_with_its_place() {
    let desk = desk().await;
    for (name, content, wanted, path) in [
        (
            "policy.yaml",
            "route:\n  reciever: all\nreceivers: [{name: all}]\n",
            ":2:3: route.reciever: unknown key",
            "route.reciever",
        ),
        ("broken.yaml", "a: b\nc: [1, 2\nd: e\n", ":3:2: this is not YAML: ", ""),
        ("policy.json", "{\n  \"route\": {\"reciever\": \"all\"}\n}\n", "route.reciever: ", "route.reciever"),
        ("broken.json", "{\"route\": ", "this is not YAML: ", ""),
        ("empty.yaml", "", "", ""),
    ] {
        let file = file(name, content);
        let said = desk.run(&["policy", "check", &file]).await;
        assert_eq!(said.code, 1, "{name}: {}{}", said.out, said.err);
        assert!(said.out.starts_with(&format!("{file}:")) && said.out.contains(wanted), "{name}: {}", said.out);
        let n = said.out.lines().filter(|line| line.starts_with(&file)).count();
        let s = if n == 1 { "" } else { "s" };
        assert_eq!(on_one_line(&said.err), format!("error: {file} has {n} problem{s}"));
        let said = desk.run_json(&["policy", "check", &file]).await;
        assert_eq!(said.code, 1);
        let value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(keys(&value), ["file", "ok", "problems", "warnings"]);
        assert_eq!(keys(&value["problems"][0]), ["column", "end_column", "line", "message", "path", "text"]);
        assert_eq!((&value["ok"], &value["problems"][0]["path"]), (&json!(false), &json!(path)), "{name}");
        assert_eq!(keys(&serde_json::from_str(&said.err).unwrap()), ["error", "exit_code"]);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_not_one_with_mistakes() {
    let desk = desk().await;
    let folder = folder();
    let missing = folder.join("policy.yaml").display().to_string();
    let said = desk.run_json(&["policy", "check", &missing]).await.json_error(2);
    assert_eq!(said, format!("there is no file {missing}"));
    assert_fits(&desk.run(&["policy", "check", "nowhere.yaml"]).await.error(2));
    let said = desk.run_json(&["policy", "check", &folder.display().to_string()]).await.json_error(2);
    assert!(said.contains("is a folder"), "{said}");
}

#[tokio::test]
async fn a_policy_cannot_talk_to_the_terminal() {
    let desk = desk().await;
    let file = file("policy.yaml", "\"\\e[31mro\\u202eute\": 1\nroute: {receiver: \"\\e]0;mine\\a\"}\n");
    let said = desk.run(&["policy", "check", &file, "--color=always"]).await;
    assert_eq!(said.code, 1);
    assert!(!said.out.contains(['\u{7}', '\u{202e}']) && !said.out.contains("\u{1b}[31mro"), "{:?}", said.out);
    assert!(!said.out.contains("\u{1b}]"), "{:?}", said.out);
}

#[tokio::test]
async fn a_mistake_is_shown_with_its_line_and_a_mark_under_it() {
    let desk = desk().await;
    let file =
        file("policy.yaml", "route:\n  receiver: all\npriorities: {P1: {channels: [page, pager]}}\nreceivers: [{name: all}]\n");
    let said = desk.run(&["policy", "check", &file]).await;
    let wanted = format!(
        "{file}:3:36: priorities.P1.channels[1]: `pager` is not one of page, email, chat, ticket; did you mean `page`?\n     \
         3 | priorities: {{P1: {{channels: [page, pager]}}}}\n       |                                    ^^^^^\n"
    );
    assert_eq!(said.out, wanted);
    let said = desk.run(&["policy", "check", &file, "--color=always"]).await;
    assert!(said.out.contains("\u{1b}[1m\u{1b}[31m^^^^^\u{1b}[0m"), "{:?}", said.out);
    let said = desk.run_json(&["policy", "check", &file]).await;
    let value: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let problem = &value["problems"][0];
    assert_eq!((&problem["column"], &problem["end_column"], &problem["text"]), (&json!(36), &json!(41), &json!("pager")));
}

#[tokio::test]
async fn a_warning_is_told_and_stops_nobody_unless_it_is_to() {
    let desk = desk().await;
    let text = "route: {receiver: all}\nreceivers: [{name: all}]\n";
    let (file, allowed) = (
        file("policy.yaml", text),
        file("allowed.yaml", &format!("{text}allow_warnings: [{{warning: p1-only-chat, because: a drill}}]\n")),
    );
    let said = desk.run(&["policy", "check", &file]).await.ok();
    assert!(said.starts_with(&format!("{file}:1:8: warning[p1-only-chat]: route: a P1 may end here")), "{said}");
    let said = desk.run(&["policy", "check", &file, "--deny-warnings"]).await;
    assert_eq!(said.code, 1);
    assert_eq!(on_one_line(&said.err), format!("error: {file} has 1 warning, and none is allowed"));
    let value = desk.run_json(&["policy", "check", &file]).await.json();
    assert_eq!((&value["ok"], &value["warnings"][0]["id"]), (&json!(true), &json!("p1-only-chat")));
    assert_eq!(keys(&value["warnings"][0]), ["column", "end_column", "id", "line", "message", "path", "text"]);
    desk.run(&["policy", "check", &allowed, "--deny-warnings"]).await.ok();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/policy/policy.yaml").display().to_string();
    desk.run(&["policy", "check", &example, "--deny-warnings"]).await.ok();
}

#[tokio::test]
async fn every_file_that_is_too_much_or_no_policy_is_refused_in_words() {
    let desk = desk().await;
    let route =
        |matcher: &str| format!("route: {{receiver: all, routes: [{{matchers: ['{matcher}']}}]}}\nreceivers: [{{name: all}}]\n");
    let needs = |pairs: &[(&str, &str)]| {
        let services: Vec<String> = pairs.iter().map(|(name, on)| format!("{{name: {name}, depends_on: [{on}]}}")).collect();
        format!("services: [{}]\nroute: {{receiver: all}}\nreceivers: [{{name: all}}]\n", services.join(", ")).into_bytes()
    };
    let repeated = |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
    let laughs = (1..12).map(repeated).collect::<Vec<_>>().concat();
    let step = |n: usize| format!("{0}routes:\n{0}- matchers: [a=b]\n", "  ".repeat(n));
    let deep = (1..59).map(step).collect::<Vec<_>>().concat() + "receivers: [{name: all}]\n";
    let files: [(Vec<u8>, &str); 17] = [
        (vec![b'#'; 2_000_000], "is longer than 1000000 bytes"),
        (b"route: \xff\n".to_vec(), ":1:8: this is not UTF-8"),
        (b"route:\0\n".to_vec(), "control character U+0000"),
        ([b"route: ".to_vec(), vec![b'['; 10_000]].concat(), "nested deeper than 124 levels"),
        (format!("route:\n  receiver: all\n{deep}").into(), "the tree is deeper than 56 routes"),
        (format!("a0: &a0 [x]\n{laughs}").into(), "what its aliases repeat"),
        (route("a=~\"(a{1000}){1000}\"").into(), "is not a regular expression"),
        (route(&format!("a=~\"{}\"", "(".repeat(5_000))).into(), "is not a regular expression"),
        (b"time_scale: 99999999999999999999\nroute: {receiver: all}\nreceivers: [{name: all}]\n".to_vec(), "time_scale: "),
        (
            b"route: {receiver: all, group_wait: 99999999999999999999s}\nreceivers: [{name: all}]\n".to_vec(),
            "is not a length of time",
        ),
        (b"route: {receiver: all}\nx: 1e999\n".to_vec(), "is not a finite number"),
        (b"route: {receiver: all}\nroute: {receiver: all}\n".to_vec(), "duplicate mapping key"),
        (b"route: {receiver: all}\nreceivers: [{name: all}, {name: all}]\n".to_vec(), "names must differ"),
        (b"route: {receiver: all}\nreceivers: [{name: all}]\nglobal: {}\n".to_vec(), "there are no global settings"),
        (needs(&[("a", "b"), ("b", "c"), ("c", "a")]), "a depends on b depends on c depends on a"),
        (needs(&[("a", "a")]), "services[0].depends_on[0]: "),
        (Vec::new(), "the file is empty"),
    ];
    for (content, wanted) in files {
        let path = folder().join("policy.yaml");
        std::fs::write(&path, content).unwrap();
        let said = desk.run(&["policy", "check", &path.display().to_string()]).await;
        assert_eq!(said.code, 1, "{wanted}: {}{}", said.out, said.err);
        assert!(on_one_line(&format!("{}{}", said.out, said.err)).contains(wanted), "{wanted}: {}{}", said.out, said.err);
    }
    // Harmless, for all its looks: the engine takes linear time.
    desk.run(&["policy", "check", &file("policy.yaml", &route("a=~\"((a*)*)*b\""))]).await.ok();
}

/// Whether `value` is what `schema` describes, as far as the policy's schema goes.
fn fits(root: &serde_json::Value, schema: &serde_json::Value, value: &serde_json::Value) -> bool {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(root, root.pointer(&name[1..]).unwrap(), value);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[key].as_array() {
            return choices.iter().any(|choice| fits(root, choice, value));
        }
    }
    let is_of = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the schema speaks of {other}"),
    };
    let right_kind = match &schema["type"] {
        serde_json::Value::String(kind) => is_of(kind),
        serde_json::Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind.as_str().unwrap())),
        _ => true,
    };
    let is_known = |value: &serde_json::Value| schema["enum"].as_array().is_none_or(|words| words.contains(value));
    let is_const = schema.get("const").is_none_or(|only| only == value);
    let members = value.as_object().is_none_or(|map| {
        let has_all =
            schema["required"].as_array().is_none_or(|names| names.iter().all(|name| map.contains_key(name.as_str().unwrap())));
        has_all
            && map.iter().all(|(name, value)| match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (None, serde_json::Value::Bool(more)) => *more,
                (Some(inner), _) | (None, inner) => fits(root, inner, value),
            })
    });
    let items = value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, &schema["items"], item)));
    right_kind && is_known(value) && is_const && members && items
}

#[tokio::test]
async fn the_schema_takes_the_policy_that_is_shipped_and_no_typing_mistakes() {
    let desk = desk().await;
    let said = desk.run(&["policy", "schema"]).await.ok();
    let schema: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(!said.contains("time_scale") && !said.contains("\"deployment\""), "internal keys are not to be written");
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/policy/policy.yaml")).unwrap();
    let content = |text: &str| serde_saphyr::from_str::<serde_json::Value>(text).unwrap();
    assert!(fits(&schema, &schema, &content(&shipped)));
    for (right, wrong) in [
        ("route:\n", "ruote:\n"),
        ("receiver: on-call", "reciever: on-call"),
        ("rotation: weekly", "rotation: wekly"),
        ("type: schedule", "type: rota"),
        ("channels: [ticket]", "channels: [tickets]"),
        ("depends_on: [database]", "depends_on: database"),
        ("escalation_delay_in_minutes: 30", "escalation_delay_in_minutes: half"),
        ("  - id: aiko\n", "  - name: aiko\n"),
    ] {
        assert!(shipped.contains(right), "{right}");
        assert!(!fits(&schema, &schema, &content(&shipped.replacen(right, wrong, 1))), "{wrong}");
    }
}

/// What Alertmanager takes, and nothing that is ours.
const OF_ALERTMANAGER: &str = "\
route:
  receiver: all
  group_by: [alertname]
  routes:
    - {match: {code: 500, live: true, paid: yes}, receiver: web, mute_time_intervals: [night]}
receivers: [{name: all}, {name: web}]
time_intervals:
  - {name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]}
inhibit_rules: [{source_match: {code: 500}, target_match_re: {code: 4..}, equal: [service]}]
";

#[tokio::test]
async fn a_file_of_alertmanager_is_taken_as_it_is_in_yaml_and_json() {
    let desk = desk().await;
    let value: serde_json::Value = serde_saphyr::from_str(&OF_ALERTMANAGER.replace("yes", "'yes'")).unwrap();
    for file in [file("am.yaml", OF_ALERTMANAGER), file("am.json", &value.to_string())] {
        desk.run(&["policy", "check", &file]).await.ok();
        for (labels, receiver) in [
            (["code=500", "live=true", "paid=yes"], "web"),
            (["code=500", "live=true", "paid=true"], "all"),
            (["code=501", "live=true", "paid=yes"], "all"),
        ] {
            let words = [&["policy", "explain", &file, "--labels"][..], &labels].concat();
            let said = desk.run_json(&words).await.json();
            let because = said["alerts"][0]["forecast"]["because"].to_string();
            assert!(because.contains(&format!(" leads to {receiver}\"")), "{labels:?}: {because}");
        }
    }
    for number in ["1.10", "007", "18446744073709551616"] {
        let file = file("am.yaml", &OF_ALERTMANAGER.replacen("500", number, 1));
        let said = desk.run(&["policy", "check", &file]).await;
        assert_eq!(said.code, 1, "{number}");
        assert!(said.out.contains("route.routes[0].match.code: write this number in quotes"), "{}", said.out);
    }
}
