//! Does hurl come to the verdict that the tool comes to? Each flow is run by the tool, and by
//! hurl from what the tool exports, against the same site; what differs by intent is listed.
//! Where hurl is not installed, its half of each is left out by name.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is not as it must be")]

#[path = "../cli/site.rs"]
#[expect(dead_code, reason = "the other tests look at what was asked, too")]
mod site;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use tokio::process::Command;

use self::site::{Site, nobody};

/// What hurl should say of a flow.
#[derive(Clone, Copy)]
enum Hurl {
    /// What is said here.
    Agrees,
    /// That it is not right.
    Fails(&'static str),
    /// That it is right.
    Passes(&'static str),
}
use Hurl::{Agrees, Fails, Passes};

/// A flow: its name, its steps, its verdict here, and hurl's.
type Flow = (&'static str, &'static str, &'static str, Hurl);

const FLOWS: [Flow; 23] = [
    (
        "what_is_captured_is_sent",
        r#"[{post: "http://SITE/token", json: {password: "${secret.password}"}, capture: {token: {json: $.access_token, secret: true}}},
            {post: "http://SITE/orders", headers: {Authorization: "Bearer ${token}"}, expect: [status == 201, 'json $.state == "open"', "json $.id >= 42"]}]"#,
        "up",
        Agrees,
    ),
    (
        "what_an_expression_captures_is_sent",
        r#"[{get: "http://SITE/token", capture: {token: {regex: '": "(\w+)"'}}},
            {post: "http://SITE/orders", headers: {Authorization: "Bearer ${token}"}, expect: [status == 201]}]"#,
        "up",
        Agrees,
    ),
    ("a_stranger", r#"[{post: "http://SITE/orders", expect: [status == 201]}]"#, "down", Agrees),
    ("a_good_status", r#"[{get: "http://SITE/"}]"#, "up", Agrees),
    ("a_bad_status", r#"[{get: "http://SITE/broken"}]"#, "down", Agrees),
    ("a_bad_status_that_is_expected", r#"[{get: "http://SITE/broken", expect: [status == 500]}]"#, "up", Agrees),
    ("a_redirect", r#"[{get: "http://SITE/page?to=/ok", expect: [status == 200, 'body == "fine"']}]"#, "up", Agrees),
    ("a_redirect_to_an_error", r#"[{get: "http://SITE/page?to=/broken"}]"#, "down", Agrees),
    (
        "a_redirect_that_is_asserted",
        r#"[{get: "http://SITE/page?to=/ok", redirects: stay, expect: [status == 302, 'header location == "/ok"']}]"#,
        "up",
        Agrees,
    ),
    (
        "a_form",
        r#"[{post: "http://SITE/broken", form: {a: "é&=", b: "${secret.password}"}, expect: [status == 500, 'body contains "a=%C3%A9%26%3D&b=hunter2"']}]"#,
        "up",
        Agrees,
    ),
    (
        "a_body_of_text",
        r#"[{put: "http://SITE/broken", body: "a`b\n{{${run.id}}} #c \\d", expect: [status == 500, 'body contains "a`b\n{{"', 'body contains "}} #c \\d"']}]"#,
        "up",
        Agrees,
    ),
    (
        "a_body_of_json",
        r#"[{post: "http://SITE/broken", json: [{k: "{{v\u0001\\"}], expect: [status == 500, 'body contains "v\\u0001\\\\"']}]"#,
        "up",
        Agrees,
    ),
    (
        "a_body_of_json_with_a_key_that_is_escaped",
        r#"[{post: "http://SITE/broken", json: [{"k`\"": "{{v\u0001\\#${secret.password}"}], expect: [status == 500, 'body contains "k`\\\""', 'body contains "v\\u0001\\\\#hunter2"', 'body contains "application/json"']}]"#,
        "up",
        Agrees,
    ),
    (
        "a_body_of_parts",
        r#"[{post: "http://SITE/broken", multipart: [{name: a, content: "file,x;"}, {name: b, file_name: "[b] 1.csv", content_type: text/csv, content: "1,2"}],
             expect: [status == 500, 'body contains "file,x;"', 'body contains "1,2"', 'body contains "[b] 1.csv"']}]"#,
        "up",
        Agrees,
    ),
    ("a_cookie", r#"[{get: "http://SITE/token", expect: ['cookie sid == "s3ss10n"']}]"#, "up", Agrees),
    (
        "a_cookie_that_is_kept",
        r#"[{get: "http://SITE/token"}, {get: "http://SITE/broken", expect: [status == 500, 'body contains "sid=s3ss10n"']}]"#,
        "up",
        Agrees,
    ),
    (
        "a_field_that_there_is_not",
        r#"[{get: "http://SITE/", expect: [header x-none not exists, 'header content-type contains "json"']}]"#,
        "up",
        Agrees,
    ),
    ("words_that_lack", r#"[{get: "http://SITE/", expect: ['body contains "paid"']}]"#, "down", Agrees),
    ("words_that_do_not_match", r#"[{get: "http://SITE/", expect: ['body not matches "^f[a-z]+$"']}]"#, "down", Agrees),
    ("what_is_no_json", r#"[{get: "http://SITE/", expect: ["json $.a == 1"]}]"#, "down", Agrees),
    ("nobody_listens", r#"[{get: "http://NOBODY/"}]"#, "down", Agrees),
    (
        "slowness",
        r#"[{get: "http://SITE/slow", expect: [time.total < 20ms]}]"#,
        "degraded",
        Fails("what is slow but right is degraded here; hurl knows only right and wrong"),
    ),
    (
        "one_of_several",
        r#"[{get: "http://SITE/broken", expect: ["status in [200, 204]"]}]"#,
        "down",
        Passes("hurl has no `in`: it is left out, and whoever exports is told so"),
    ),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let is_installed = std::process::Command::new("hurl").arg("--version").output().is_ok();
    let mut trials = Vec::new();
    for flow in FLOWS {
        trials.push(Trial::test(format!("{}_has_its_verdict", flow.0), move || play(compare_here(flow))));
        let kind = if is_installed { "hurl" } else { "left out, as hurl is not installed" };
        let trial = Trial::test(format!("{}_has_the_verdict_that_is_listed_for_hurl", flow.0), move || play(compare_there(flow)));
        trials.push(trial.with_kind(kind).with_ignored_flag(!is_installed));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn play(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(test)
}

/// A flow in a folder of its own, and the site that it goes to.
struct Scene {
    folder: PathBuf,
    file: String,
    _site: Site,
}

impl Scene {
    async fn new((id, steps, ..): Flow, half: &str) -> Scene {
        let site = Site::new().await;
        let steps = steps.replace("SITE", &site.address()).replace("NOBODY", &nobody().await);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hurl-{}-{half}-{id}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("probes.yaml");
        let secrets = "secrets: {password: \"env:PROBE_PASSWORD\"}";
        let flow = format!("{{id: {id}, allow_cidrs: [127.0.0.0/8], steps: {steps}}}");
        std::fs::write(&path, format!("{secrets}\nflows:\n  - {flow}\n")).unwrap();
        Scene { folder, file: path.display().to_string(), _site: site }
    }

    async fn watchkeeper(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchkeeper"));
        command.arg("probes").args(words).args(["--file", &self.file]);
        command.env_clear().env("TZ", "UTC").env("PROBE_PASSWORD", "hunter2");
        command.output().await.unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn told(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn compare_here(flow: Flow) -> Result<(), Failed> {
    let (_, _, wanted, _) = flow;
    let scene = Scene::new(flow, "here").await;
    let said = scene.watchkeeper(&["run", "--json"]).await;
    let report: Value = serde_json::from_slice(&said.stdout).map_err(|_| told(&said))?;
    if report["verdict"] == wanted { Ok(()) } else { Err(format!("it should be {wanted}: {}", told(&said)).into()) }
}

async fn compare_there(flow: Flow) -> Result<(), Failed> {
    let (id, _, here, hurl) = flow;
    let scene = Scene::new(flow, "there").await;
    let written = scene.watchkeeper(&["export", "--hurl", "--out", &scene.folder.display().to_string()]).await;
    if !written.status.success() {
        return Err(told(&written).into());
    }
    let file = scene.folder.join(format!("{id}.hurl"));
    let mut command = Command::new("hurl");
    command.args(["--test", "--variable", "run_id=run-1", "--secret", "password=hunter2"]).arg(&file).current_dir(&scene.folder);
    let said = command.output().await.unwrap();
    // 3: a request failed; 4: an assertion did. All else is something wrong with the file.
    let passes = match said.status.code() {
        Some(0) => true,
        Some(3 | 4) => false,
        _ => return Err(told(&said).into()),
    };
    let (wanted, why) = match hurl {
        Agrees => (here == "up", "as here"),
        Fails(why) => (false, why),
        Passes(why) => (true, why),
    };
    let text = std::fs::read_to_string(&file)?;
    if passes == wanted { Ok(()) } else { Err(format!("hurl passes: {passes}; {why}\n{text}\n{}", told(&said)).into()) }
}
