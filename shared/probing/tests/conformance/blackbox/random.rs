//! Random answers, and random things that are expected of them.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;

use domain::probe::flow::{Body, Redirects};
use serde_json::{Value, json};

use super::{Case, Same, compare};
use crate::flows::{Http, engine, http, template};
use crate::servers::{Came, Reply, reply, web};

/// How many cases one run has.
const CASES: u64 = 150;

/// A generator of numbers that only has to be repeatable (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

const WORDS: [&str; 10] = ["ok", "error", "Ok", "id=12", "{\"a\": 1}", "é", "two words", "line\nbreak", "x.y", ""];
const EXPRESSIONS: [&str; 14] =
    ["ok", "^ok$", "(?i)OK", "err|id", "id=[0-9]+", "^$", ".", "^.+$", "é", "[^a-z]", "x.y", "o{1,2}k", r"\bok\b", r"\d$"];
const STATUSES: [u16; 12] = [200, 200, 200, 201, 202, 206, 400, 401, 404, 410, 500, 503];

/// What a server answers.
#[derive(Debug)]
struct Answer {
    status: u16,
    /// The value of `X-A`, if there is one.
    field: Option<&'static str>,
    body: String,
    is_packed: bool,
    /// The status of a redirect that leads to it, if one does.
    redirect: Option<u16>,
}

impl Answer {
    fn roll(dice: &mut Dice) -> Answer {
        let body = (0..dice.below(4)).map(|_| dice.of(&WORDS)).collect::<String>();
        Answer {
            status: dice.of(&STATUSES),
            field: (!dice.one_in(4)).then(|| dice.of(&["ok", "error", "id=12", "x.y", "two words"])),
            is_packed: !body.is_empty() && dice.one_in(4),
            body,
            redirect: dice.one_in(4).then(|| dice.of(&[301, 302, 303, 307, 308])),
        }
    }

    fn reply(&self, came: &Came) -> Reply {
        if let Some(status) = self.redirect.filter(|_| !came.target.ends_with("/there")) {
            return reply(status, &[("location", &format!("{}/there", came.target))], "");
        }
        let mut fields: Vec<(&str, &str)> = self.field.map(|value| ("x-a", value)).into_iter().collect();
        let body = if self.is_packed {
            fields.push(("content-encoding", "gzip"));
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, self.body.as_bytes()).unwrap();
            encoder.finish().unwrap()
        } else {
            self.body.clone().into_bytes()
        };
        reply(self.status, &fields, body)
    }
}

/// What is asked and expected, in both tools' words.
fn asked(dice: &mut Dice, answer: &Answer, url: &str) -> (Http, Value) {
    let method = if answer.is_packed { "GET" } else { dice.of(&["GET", "GET", "POST", "PUT", "HEAD"]) };
    let mut step = http(method, url);
    let mut theirs = json!({"method": method});
    if method == "POST" || method == "PUT" {
        step = step.body(Body::Raw(template("sent")));
        theirs["body"] = json!("sent");
    }
    if answer.is_packed {
        theirs["compression"] = json!("gzip");
    }
    // What is packed is not the redirect before it.
    if answer.redirect.is_some() && !answer.is_packed && dice.one_in(3) {
        step = step.redirects(Redirects::Stay);
        theirs["follow_redirects"] = json!(false);
    }
    if dice.one_in(2) {
        let codes: Vec<u16> =
            (0..=dice.below(4)).map(|_| dice.of(&[200, 201, 202, 206, 302, 307, 404, 500, answer.status])).collect();
        step = step.expect(&format!("status in {codes:?}"));
        theirs["valid_status_codes"] = json!(codes);
    } else {
        step = step.expect("status >= 200").expect("status < 300");
    }
    for _ in 0..dice.below(3) {
        let expression = dice.of(&EXPRESSIONS);
        let quoted = Value::from(expression);
        let (ours, list, member) = match dice.below(5) {
            0 | 1 => (format!("body matches {quoted}"), "fail_if_body_not_matches_regexp", json!(expression)),
            2 => (format!("body not matches {quoted}"), "fail_if_body_matches_regexp", json!(expression)),
            3 => (
                format!("header x-a matches {quoted}"),
                "fail_if_header_not_matches",
                json!({"header": "x-a", "regexp": expression}),
            ),
            _ => (
                format!("header x-a not matches {quoted}"),
                "fail_if_header_matches",
                json!({"header": "x-a", "regexp": expression}),
            ),
        };
        step = step.expect(&ours);
        if theirs[list].is_null() {
            theirs[list] = json!([]);
        }
        theirs[list].as_array_mut().unwrap().push(member);
    }
    (step, theirs)
}

/// A number that whoever runs the test may give.
#[expect(clippy::disallowed_methods, reason = "it says which test to run, not how the product behaves")]
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[tokio::test]
async fn random_answers_get_the_verdict_that_the_blackbox_exporter_gives_them() {
    let seed = given("SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("to see these cases again, set SEED={seed}");
    let dice = &mut Dice(seed);
    let answers: Arc<[Answer]> = (0..given("CASES").unwrap_or(CASES)).map(|_| Answer::roll(dice)).collect();
    let known = Arc::clone(&answers);
    let server = web(move |came| {
        let n: usize = came.target.split('/').nth(1).unwrap().parse().unwrap();
        known[n].reply(came)
    })
    .await;
    let cases: Vec<Case> = answers
        .iter()
        .enumerate()
        .map(|(n, answer)| {
            let url = server.url(&format!("/{n}"));
            let (step, theirs) = asked(dice, answer, &url);
            Case::http(format!("{answer:?}"), url, step, theirs, Same)
        })
        .collect();
    let (n_up, wrong) = compare("random", &engine(), &cases).await;
    assert!(wrong.is_empty(), "SEED={seed}\n{wrong}");
    assert!(10 * n_up > cases.len() && 10 * n_up < 9 * cases.len(), "SEED={seed}: {n_up} of {} are up", cases.len());
}
