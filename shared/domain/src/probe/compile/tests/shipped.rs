//! The files that come along are right.

use super::*;
use crate::policy::Outline;

fn read(file: &str) -> (String, Value) {
    let path = format!("{}/../../infra/policy/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let content = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    (text, content)
}

/// The file without its comment signs from the line that says so.
fn uncommented(text: &str) -> String {
    let (before, after) = text.split_once("# flows:").expect("an example as a comment");
    let flows: Vec<&str> = after.lines().map(|line| line.strip_prefix("# ").unwrap_or(line.trim_start_matches('#'))).collect();
    format!("{}flows:{}", before.replace("\nflows: []\n", "\n"), flows.join("\n"))
}

#[test]
fn the_file_that_is_installed_unless_there_is_another_looks_at_nothing() {
    let (_, content) = read("probes.yaml");
    let (probes, warnings) = Probes::check_with_warnings(&content).unwrap();
    assert!(probes.flows.is_empty() && probes.heartbeats.is_empty() && probes.installable().is_empty());
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn the_example_in_its_comments_is_right_as_soon_as_they_are_taken_away() {
    let (text, _) = read("probes.yaml");
    let text = uncommented(&text);
    let content: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let (probes, warnings) =
        Probes::check_with_warnings(&content).unwrap_or_else(|problems| panic!("{}", problems.show("probes.yaml", &text)));
    assert_eq!(probes.flows.len(), 1);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn the_example_of_a_shop_is_right_without_a_warning() {
    let (text, content) = read("examples/probes-shop.yaml");
    let (probes, warnings) =
        Probes::check_with_warnings(&content).unwrap_or_else(|problems| panic!("{}", problems.show("probes-shop.yaml", &text)));
    let outline = Outline::of(&text);
    let told: Vec<String> = warnings.iter().map(|warning| format!("{}: {warning}", warning.mark(&outline).place)).collect();
    assert!(told.is_empty(), "{told:#?}");
    assert!(probes.installable().is_empty());
    let mut kinds: Vec<&str> = probes.flows.iter().flat_map(|flow| &flow.steps).map(|step| step.kind.word()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, ["dns", "grpc", "http", "llm", "tcp", "tls", "websocket"]);
}

#[test]
fn every_file_in_the_document_is_right_without_a_warning() {
    let path = format!("{}/../../docs/probes.md", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let blocks: Vec<&str> = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() >= 4, "only {} are found", blocks.len());
    for block in blocks {
        let content: Value = serde_saphyr::from_str(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        let read = Probes::check_with_warnings(&content);
        let (_, warnings) = read.unwrap_or_else(|problems| panic!("{}", problems.show("probes.md", block)));
        assert!(warnings.is_empty(), "{warnings:?}\n{block}");
    }
}

#[test]
fn every_warning_is_in_the_document() {
    let text = std::fs::read_to_string(format!("{}/../../docs/probes.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for kind in crate::probe::lint::KINDS {
        assert!(text.contains(&format!("`{}`", kind.id)), "{} is missing", kind.id);
    }
}
