//! Every sample event is read as its folder's `expected.txt` says; and what holds
//! for any event at all is in [`laws`].

mod laws;
mod mutation;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{Delivery, read};
use crate::alert::Alert;
use crate::text::shorten;

/// When the samples come in, by our clock.
const NOW: &str = "2026-11-21T12:00:00Z";
/// What the samples in a folder are read as.
const EXPECTED: &str = "expected.txt";
/// How to write it anew.
const UPDATE: &str = "UPDATE_EVENTS=1 cargo test -p watchkeeper-domain intake";
/// The longest reason and summary shown, in characters.
const SHOWN_MAX: usize = 130;

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

/// What is in a folder, by name.
fn list(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn folders() -> Vec<PathBuf> {
    list(&events()).into_iter().filter(|path| path.is_dir()).collect()
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    list(folder).into_iter().filter(|path| !path.ends_with(EXPECTED)).collect()
}

/// The sample `<source>/<case>.json`.
fn sample(name: &str) -> Vec<u8> {
    let path = events().join(name).with_extension("json");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All samples with their names.
fn samples() -> Vec<(String, Vec<u8>)> {
    let paths = folders().into_iter().flat_map(|folder| cases(&folder));
    paths.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

fn alerts(raw: &[u8]) -> Vec<Alert> {
    read(raw, now()).items.into_iter().flat_map(|item| item.alerts).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_sample_is_read_as_expected() {
    let mut wrong = String::new();
    for folder in folders() {
        let mut read_as = String::new();
        for case in cases(&folder) {
            let delivery = read(&fs::read(&case).unwrap(), now());
            let _ = writeln!(read_as, "{}{}", name_of(&case), render(&delivery));
        }
        let path = folder.join(EXPECTED);
        if option_env!("UPDATE_EVENTS").is_some() {
            fs::write(&path, &read_as).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != read_as {
            let _ = writeln!(wrong, "{}: {}", path.display(), first_difference(&expected, &read_as));
        }
    }
    assert!(wrong.is_empty(), "{wrong}If it is read rightly, update with\n  {UPDATE}\nand look at the difference.");
}

fn first_difference(expected: &str, read_as: &str) -> String {
    let n_same = expected.lines().zip(read_as.lines()).take_while(|(expected, read_as)| expected == read_as).count();
    let line = |text: &str| text.lines().nth(n_same).unwrap_or("(the end)").to_owned();
    format!("line {}\n  expected {}\n  read as  {}", n_same + 1, line(expected), line(read_as))
}

/// Writes a delivery so that a person sees at a glance what became of it.
fn render(delivery: &Delivery) -> String {
    let mut out = String::new();
    if delivery.is_queue_batch {
        out.push_str(" (a batch from a queue)");
    }
    out.push('\n');
    for item in &delivery.items {
        if delivery.is_queue_batch {
            let _ = writeln!(out, "  message `{}`", item.id);
        }
        for alert in &item.alerts {
            render_alert(&mut out, alert);
        }
    }
    out
}

fn render_alert(out: &mut String, alert: &Alert) {
    let fingerprint = &alert.fingerprint.as_str()[..8];
    let _ = writeln!(out, "  {} {} at {} #{fingerprint}", alert.state, alert.name, alert.claimed_at);
    let labels = alert.labels.iter().filter(|(name, _)| *name != "alertname");
    let mut shown: Vec<String> = labels.map(|(name, value)| format!("{name}={}", shorten(value, 60))).collect();
    if shown.len() > 14 {
        let n_more = shown.len() - 14;
        shown.truncate(14);
        shown.push(format!("and {n_more} more"));
    }
    let _ = writeln!(out, "    {}", shown.join(", "));
    let arn = alert.arn.as_deref().unwrap_or_default();
    let muted_by = alert.muted_by.as_ref().map(|mute| match mute.until {
        Some(until) => format!("{} until {until}", mute.by),
        None => mute.by.clone(),
    });
    let muted_by = muted_by.as_deref().unwrap_or_default();
    for (what, text) in [("arn", arn), ("summary", &alert.summary), ("reason", &alert.reason), ("muted by", muted_by)] {
        if !text.is_empty() {
            let _ = writeln!(out, "    {what}: {}", shorten(text, SHOWN_MAX));
        }
    }
}
