//! Does an alert go where Alertmanager would send it? Its own tool is asked about
//! random trees and alerts; what differs by intent is listed, each with its reason.
//!
//! `SEED` repeats a run, `PAIRS` says how many trees are tried.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::labels::Labels;
use domain::policy::Policy;
use domain::route::Router;
use serde_json::{Value, json};

/// Pairs of a tree and an alert in one run.
const PAIRS: usize = 2_400;
/// How many trees stand beside each other in one file: starting the tool takes
/// longer than its answer.
const TREES_MAX: u64 = 8;

/// A generator of numbers that only has to be repeatable (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }
}

const VALUES: [&str; 16] =
    ["", "a", "b", "ab", "abc", "api-1", "api-22", "db.x", "AB", "a b", "é", "x,y", "q\"q", "s\\s", "{z}", "1"];
const PIECES: [&str; 34] = [
    "a",
    "b",
    "ab",
    "api",
    "-",
    "api-",
    "1",
    "22",
    r"\.",
    r"\\",
    "x",
    ",",
    "é",
    " ",
    ".",
    "(a|b)",
    "(?:ab)?",
    "[ab]",
    "[^a]",
    "[a-c0-9]+",
    r"\d",
    r"\d+",
    r"\w",
    r"\w*",
    r"\D",
    "a*",
    "b+",
    "c?",
    "a{1,2}",
    "(api|db)-?",
    "^a",
    "b$",
    r"\bapi\b",
    "(?i)AB",
];
const ENDS: [&str; 6] = ["", "", "", ".*", ".+", ".?"];

fn expression(dice: &mut Dice) -> String {
    let mut text = String::new();
    for n in 0..=dice.below(3) {
        if n > 0 {
            text.push('|');
        }
        text.push_str(dice.of(&ENDS));
        for _ in 0..dice.below(4) {
            text.push_str(dice.of(&PIECES));
        }
        text.push_str(dice.of(&ENDS));
    }
    // What the check refuses is among the differences below.
    if text.contains("(?i)") { text.replace('é', "e") } else { text }
}

/// A matcher as people write it: with and without quotes and spaces.
fn written(dice: &mut Dice, name: &str) -> String {
    let operator = dice.of(&["=", "=", "!=", "=~", "=~", "!~"]);
    let value = if operator.ends_with('~') { expression(dice) } else { dice.of(&VALUES).to_owned() };
    let space = dice.of(&["", "", " "]);
    let can_be_bare = !value.contains([',', '"', '\\', '}']) && value.trim() == value;
    let shown = if can_be_bare && dice.one_in(2) {
        value
    } else if !value.contains("\\\\") && !value.ends_with('\\') && dice.one_in(2) {
        format!("\"{}\"", value.replace('"', "\\\""))
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    };
    format!("{name}{space}{operator}{space}{shown}")
}

fn node(dice: &mut Dice, tree: u64, depth: u64, width: u64) -> Value {
    let mut route = json!({"continue": dice.one_in(3)});
    let mut matchers: Vec<String> = Vec::new();
    for _ in 0..dice.below(3) {
        let name = format!("{}{tree}", dice.of(&["a", "b", "c"]));
        match dice.below(6) {
            0 => route["match"] = json!({name: dice.of(&VALUES)}),
            1 => route["match_re"] = json!({name: expression(dice)}),
            _ => matchers.push(written(dice, &name)),
        }
    }
    route["matchers"] = match dice.below(4) {
        0 => json!([format!("{{{}}}", matchers.join(", "))]),
        1 => json!([format!("{},", matchers.join(","))].into_iter().filter(|text| text != ",").collect::<Vec<_>>()),
        _ => json!(matchers),
    };
    if !dice.one_in(4) {
        route["receiver"] = json!(format!("{}{tree}", dice.of(&["v", "w", "x", "y", "z"])));
    }
    if depth > 0 {
        let routes: Vec<Value> = (0..dice.below(width + 1)).map(|_| node(dice, tree, depth - 1, width)).collect();
        route["routes"] = json!(routes);
    }
    route
}

/// A file with some trees whose labels and receivers differ, and one alert.
struct Case {
    n_trees: u64,
    content: Value,
    alert: Vec<(String, String)>,
}

fn case(dice: &mut Dice) -> Case {
    let n_trees = if dice.one_in(4) { 1 } else { TREES_MAX };
    let mut trees = Vec::new();
    let mut alert = Vec::new();
    for tree in 0..n_trees {
        // Flat and wide, deep and narrow, and between.
        let (depth, width) = [(1, 9), (6, 2), (3, 3)][usize::try_from(dice.below(3)).unwrap()];
        let mut top = node(dice, tree, depth, width);
        top["continue"] = json!(true);
        top["matchers"] = json!([]);
        for key in ["match", "match_re"] {
            top.as_object_mut().unwrap().remove(key);
        }
        trees.push(top);
        for name in ["a", "b", "c"] {
            if !dice.one_in(4) {
                alert.push((format!("{name}{tree}"), dice.of(&VALUES).to_owned()));
            }
        }
    }
    let mut root = if n_trees == 1 { trees.remove(0) } else { json!({"routes": trees}) };
    root["receiver"] = json!("root");
    root["continue"] = json!(false);
    let names = (0..n_trees).flat_map(|tree| ["v", "w", "x", "y", "z"].map(|name| format!("{name}{tree}")));
    let receivers: Vec<Value> = names.chain(["root".to_owned()]).map(|name| json!({"name": name})).collect();
    Case { n_trees, content: json!({"route": root, "receivers": receivers}), alert }
}

/// A folder of this test's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("watchkeeper-amtool-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Every JSON file is a YAML file.
    fn write(&self, name: &str, content: &Value) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, content.to_string()).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The receivers in Alertmanager's order, or what its tool has against the file.
fn theirs(file: &Path, alert: &[(String, String)]) -> Result<Vec<String>, String> {
    let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let output = Command::new("amtool")
        .args(["config", "routes", "test", "--config.file"])
        .arg(file)
        .args(alert.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value))))
        .output()
        .unwrap_or_else(|error| {
            panic!("amtool, Alertmanager's own tool, cannot be run ({error}). Get it by: apt-get install --no-install-recommends prometheus-alertmanager")
        });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout).split(',').map(str::to_owned).collect())
    } else {
        Err(text(&output.stderr))
    }
}

/// The receivers in our order, by the tree and by the flat tree.
fn ours(content: &Value, alert: &[(String, String)]) -> Result<Vec<String>, String> {
    let policy = Policy::check(content).map_err(|problems| problems.to_string())?;
    let labels: Labels = alert.iter().map(|(name, value)| (name, value)).collect();
    let receivers = |found: Vec<&domain::route::Route>| found.into_iter().map(|route| route.settings.receiver.clone()).collect();
    let by_tree: Vec<String> = receivers(policy.route.matches(&labels));
    let by_router: Vec<String> = receivers(Router::new(&policy.route).matches(|name| labels.find(name)));
    assert_eq!(by_router, by_tree, "the flat tree differs from the tree: {content}");
    Ok(by_tree)
}

/// A number that whoever runs the test may give.
#[expect(clippy::disallowed_methods, reason = "it says which test to run, not how the product behaves")]
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn random_alerts_go_to_the_same_receivers_in_the_same_order() {
    let seed = given("SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let n_pairs = given("PAIRS").map_or(PAIRS, |n| usize::try_from(n).unwrap());
    println!("to see these trees again, set SEED={seed}");
    let folder = Folder::new("random");
    let (started, n_files) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut wrong = String::new();
        let mut n_deeper = 0;
        while started.load(Ordering::Relaxed) < n_pairs && wrong.is_empty() {
            let n = n_files.fetch_add(1, Ordering::Relaxed);
            // Each file has a seed of its own, so that it is the same on any number of threads.
            let case = case(&mut Dice(seed.wrapping_add(n as u64).wrapping_mul(0x2545_f491_4f6c_dd1d)));
            started.fetch_add(usize::try_from(case.n_trees).unwrap(), Ordering::Relaxed);
            let file = folder.write(&format!("{n}.yaml"), &case.content);
            let (theirs, ours) = (theirs(&file, &case.alert), ours(&case.content, &case.alert));
            n_deeper += usize::from(ours.as_ref().is_ok_and(|receivers| receivers.len() > 1 || receivers[0] != "root"));
            if theirs != ours || ours.is_err() {
                write!(wrong, "Alertmanager: {theirs:?}\nhere:         {ours:?}\n{:?}\n{}", case.alert, case.content).unwrap();
            }
        }
        (wrong, n_deeper)
    };
    let n_threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let results: Vec<(String, usize)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (wrong, _) in &results {
        assert!(wrong.is_empty(), "SEED={seed}\n{wrong}");
    }
    let n_deeper: usize = results.iter().map(|(_, n)| n).sum();
    assert!(2 * n_deeper > n_files.into_inner(), "most alerts should go deeper than the root: {n_deeper}");
}

/// What a matcher does here and there.
#[derive(Debug, PartialEq)]
enum Answer {
    Matches,
    Differs,
    Refused,
}
use Answer::{Differs, Matches, Refused};

/// What differs from Alertmanager: a matcher, a value of the label, what both make
/// of it there and here, and the reason.
const DIFFERENCES: [(&str, &str, Answer, Answer, &str); 20] = [
    (r#"a=~"x)|(y""#, "x!", Matches, Refused, "brackets that undo the anchors match what nobody meant"),
    (r#"a=~"\\pL+""#, "é", Matches, Refused, "no Unicode classes: their tables would make the functions large"),
    (r#"a=~"\\Qa.b\\E""#, "a.b", Matches, Refused, "no quoting in expressions; `\\.` says the same"),
    (r#"a=~"\\101""#, "A", Matches, Refused, "no octal characters"),
    (r#"a=~"[[a]b]""#, "[b]", Matches, Refused, "a bracket in a class is ambiguous; it wants a backslash"),
    (r#"a=~"[a&&b]""#, "&", Matches, Refused, "two of these in a class are ambiguous"),
    (r#"a=~"x{a}""#, "x{a}", Matches, Refused, "a brace that is not a count wants a backslash"),
    (r#"a=~"\\<x.""#, "<xy", Matches, Refused, "it would be the beginning of a word here"),
    (r#"a=~"\\bx\\b{start}.""#, "x", Differs, Refused, "it would be a kind of `\\b` here"),
    (r#"a=~"x{1, 2}""#, "x{1, 2}", Matches, Refused, "it would be a count here"),
    (r#"a=~"(?i)É.""#, "éx", Matches, Refused, "(?i) folds ASCII only"),
    (r#"a=~"(?i)k.""#, "\u{212a}x", Matches, Differs, "(?i) folds ASCII only: the Kelvin sign is not a k here"),
    (r#"a=~"(?x) x y""#, "xy", Refused, Matches, "more flags are known here"),
    (r#"a=~"x**""#, "xx", Refused, Matches, "a repeated repetition is one here"),
    (r#"a=~"\\u0041.""#, "Ax", Refused, Matches, "more ways to write a character are known here"),
    (r#"a=~"x{1001}""#, "x", Refused, Differs, "counts are bounded by the size of the whole expression"),
    (r#"a=x,,a!="""#, "x", Refused, Matches, "one comma too many says nothing"),
    (r#" {a="x"}"#, "x", Refused, Matches, "so does a space before the brace"),
    (r#"a!="x",Server.Name="""#, "y", Refused, Matches, "CloudWatch's dimensions have dots in their names"),
    (r#"a!="x",Größe="""#, "y", Refused, Matches, "and letters of every script"),
];

#[test]
fn each_difference_that_is_listed_is_one() {
    let folder = Folder::new("differences");
    let answer = |result: Result<Vec<String>, String>| match result {
        Ok(receivers) if receivers == ["x"] => Matches,
        Ok(_) => Differs,
        Err(_) => Refused,
    };
    for (n, (matcher, value, there, here, why)) in DIFFERENCES.iter().enumerate() {
        let content = json!({"route": {"receiver": "root", "routes": [{"matchers": [matcher], "receiver": "x"}]},
            "receivers": [{"name": "root"}, {"name": "x"}]});
        let alert = [("a".to_owned(), (*value).to_owned())];
        let file = folder.write(&format!("{n}.yaml"), &content);
        assert_eq!((&answer(theirs(&file, &alert)), &answer(ours(&content, &alert))), (there, here), "{matcher}: {why}");
    }
}

#[test]
fn what_alertmanager_refuses_in_a_tree_is_refused() {
    let folder = Folder::new("refused");
    let night = json!([{"name": "night", "time_intervals": [{"times": [{"start_time": "00:00", "end_time": "06:00"}]}]}]);
    let child = |child: Value| json!({"receiver": "x", "routes": [child]});
    let rows = [
        (json!({"receiver": "x", "matchers": ["a=b"]}), false),
        (json!({"receiver": "x", "match": {"a": "b"}}), false),
        (json!({"receiver": "x", "match_re": {"a": "b"}}), false),
        (json!({"receiver": "x", "continue": true}), false),
        (json!({"receiver": "x", "mute_time_intervals": ["night"]}), false),
        (json!({"receiver": "x", "active_time_intervals": ["night"]}), false),
        (json!({"routes": []}), false),
        (json!({"receiver": "y"}), false),
        (json!({"receiver": "x", "group_by": ["...", "a"]}), false),
        (json!({"receiver": "x", "group_by": ["a", "a"]}), false),
        (json!({"receiver": "x", "group_by": ["...", "..."]}), true),
        (json!({"receiver": "x", "group_by": []}), true),
        (json!({"receiver": "x", "group_interval": "0s"}), false),
        (json!({"receiver": "x", "repeat_interval": "0s"}), false),
        (json!({"receiver": "x", "group_wait": "0s"}), true),
        (child(json!({"group_by": ["1a"]})), false),
        (child(json!({"group_by": ["..."]})), true),
        (child(json!({"match": {"1a": "b"}})), false),
        (child(json!({"match_re": {"a": "("}})), false),
        (child(json!({"matchers": ["a"]})), false),
        (child(json!({"matchers": ["a=\"b"]})), false),
        (child(json!({"matchers": ["a=b\"c"]})), false),
        (child(json!({"matchers": [""]})), true),
        (child(json!({"matchers": ["{}"]})), true),
        (child(json!({"receiver": "y"})), false),
        (child(json!({"mute_time_intervals": ["day"]})), false),
        (child(json!({"mute_time_intervals": ["night"], "active_time_intervals": ["night"], "continue": true})), true),
    ];
    for (n, (route, is_right)) in rows.iter().enumerate() {
        let content = json!({"route": route, "receivers": [{"name": "x"}], "time_intervals": night});
        let file = folder.write(&format!("{n}.yaml"), &content);
        let (theirs, ours) = (theirs(&file, &[]), ours(&content, &[]));
        assert_eq!((theirs.is_ok(), ours.is_ok()), (*is_right, *is_right), "{route}\n{theirs:?}\n{ours:?}");
    }
}
