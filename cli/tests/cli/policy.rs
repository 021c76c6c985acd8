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
        assert!(said.starts_with(&format!("{file}: right (")), "{said}");
        let value = desk.run_json(&["policy", "check", &file]).await.json();
        assert_eq!(keys(&value), ["file", "ok", "problems", "version"]);
        assert_eq!((&value["ok"], &value["problems"], &value["file"]), (&json!(true), &json!([]), &json!(file)));
    }
}

#[tokio::test]
async fn a_mistake_is_told_with_its_place() {
    let desk = desk().await;
    for (name, content, wanted, path) in [
        ("policy.yaml", "route:\n  reciever: all\nreceivers: [{name: all}]\n", ":2:3: route.reciever: ", "route.reciever"),
        ("broken.yaml", "a: b\nc: [1, 2\nd: e\n", ":3:2: this is not YAML: ", ""),
        ("policy.json", "{\n  \"route\": {\"reciever\": \"all\"}\n}\n", "route.reciever: ", "route.reciever"),
        ("broken.json", "{\"route\": ", "this is not YAML: ", ""),
        ("empty.yaml", "", "", ""),
    ] {
        let file = file(name, content);
        let said = desk.run(&["policy", "check", &file]).await;
        assert_eq!(said.code, 1, "{name}: {}{}", said.out, said.err);
        assert!(said.out.starts_with(&format!("{file}:")) && said.out.contains(wanted), "{name}: {}", said.out);
        let n = said.out.lines().count();
        let s = if n == 1 { "" } else { "s" };
        assert_eq!(on_one_line(&said.err), format!("error: {file} has {n} problem{s}"));
        let said = desk.run_json(&["policy", "check", &file]).await;
        assert_eq!(said.code, 1);
        let value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(keys(&value), ["file", "ok", "problems"]);
        assert_eq!(keys(&value["problems"][0]), ["column", "line", "message", "path"]);
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
    assert!(said.contains("cannot be read: "), "{said}");
}

#[tokio::test]
async fn a_policy_cannot_talk_to_the_terminal() {
    let desk = desk().await;
    let file = file("policy.yaml", "\"\\e[31mro\\u202eute\": 1\nroute: {receiver: \"\\e]0;mine\\a\"}\n");
    let said = desk.run(&["policy", "check", &file, "--color=always"]).await;
    assert_eq!(said.code, 1);
    assert!(!said.out.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", said.out);
}
