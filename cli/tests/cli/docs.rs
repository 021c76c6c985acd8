//! Are the documents true? What they quote stands in the files, what they show of a
//! policy is right, and what there is they name.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::desk::{Desk, folder};

/// A fenced block of a document.
struct Block {
    document: &'static str,
    line: usize,
    language: String,
    /// The file that is named on a line of its own before it, if one is.
    file: Option<String>,
    text: String,
}

const DOCUMENTS: [&str; 2] = ["docs/policy.md", "docs/adding-a-remediation.md"];

/// Names that the documents' examples take for granted.
const AROUND: &str = r#"
route: {receiver: on-call, group_by: [alertname]}
receivers:
  - {name: on-call, sns_configs: [{topic: team}]}
users:
  - {id: aiko, contact_methods: [{class: page, topic: page-aiko}]}
time_intervals:
  - {name: nightly-batch, time_intervals: [{times: [{start_time: "01:00", end_time: "03:00"}]}]}
holidays:
  - {name: jp, dates: ["2026-01-01"]}
remediations: []
"#;

fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn blocks(document: &'static str) -> Vec<Block> {
    let text = read(document);
    let mut blocks: Vec<Block> = Vec::new();
    let (mut open, mut before) = (None::<Block>, "");
    for (n, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                let file = before.strip_prefix('`').and_then(|rest| rest.strip_suffix("`:")).map(str::to_owned);
                open = Some(Block { document, line: n + 1, language: language.to_owned(), file, text: String::new() });
            }
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) if !line.is_empty() => before = line,
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn what_the_documents_quote_stands_in_the_files() {
    let quotes: Vec<Block> = DOCUMENTS.into_iter().flat_map(blocks).filter(|block| block.file.is_some()).collect();
    assert!(quotes.len() >= 12, "only {} quotes are found", quotes.len());
    for Block { document, line, file, text, .. } in &quotes {
        let file = file.as_ref().unwrap();
        let content = read(file);
        let mut rest = content.as_str();
        for part in text.split("…\n") {
            let at = rest.find(part).unwrap_or_else(|| panic!("{document}:{line}: {file} has no such lines:\n{part}"));
            assert!(at == 0 || rest[..at].ends_with('\n'), "{document}:{line}: {file} has this in the middle of a line:\n{part}");
            rest = &rest[at + part.len()..];
        }
    }
}

#[test]
fn code_in_the_guide_to_actions_says_from_which_file_it_is() {
    for block in blocks("docs/adding-a-remediation.md") {
        let is_code = ["rust", "hcl", "yaml"].contains(&block.language.as_str());
        assert_eq!(block.file.is_some(), is_code, "{}:{}", block.document, block.line);
    }
}

#[tokio::test]
async fn every_policy_in_the_documents_is_right() {
    let desk = Desk::bare().await;
    let examples: Vec<Block> = blocks("docs/policy.md").into_iter().filter(|block| block.language == "yaml").collect();
    assert!(examples.len() >= 5, "only {} examples are found", examples.len());
    let folder = folder();
    for Block { document, line, text, .. } in examples {
        let has = |key: &str| text.lines().any(|line| line.starts_with(&format!("{key}:")));
        // A part stands among what the others have; a whole one stands by itself.
        let mut policy = text.clone();
        if !has("route") {
            let mut is_there = false;
            for around in AROUND.lines() {
                if let Some((key, _)) = around.split_once(':').filter(|(key, _)| !key.starts_with([' ', '-'])) {
                    is_there = has(key);
                }
                if !is_there {
                    policy.extend([around, "\n"]);
                }
            }
        }
        let path = folder.join(format!("line-{line}.yaml"));
        fs::write(&path, &policy).unwrap();
        let said = desk.run(&["policy", "check", path.to_str().unwrap()]).await;
        assert_eq!(said.code, 0, "{document}:{line}: {}{}\n{policy}", said.out, said.err);
    }
}

#[tokio::test]
async fn every_action_is_documented_and_permitted() {
    let desk = Desk::bare().await;
    let schema: Value = desk.run(&["policy", "schema"]).await.json();
    let kinds = &schema["$defs"]["ActionKind"];
    let names: Vec<&str> = match kinds["oneOf"].as_array() {
        Some(kinds) => kinds.iter().filter_map(|kind| kind["const"].as_str()).collect(),
        None => kinds["enum"].as_array().expect("a list").iter().filter_map(Value::as_str).collect(),
    };
    assert!(names.len() >= 2, "{kinds}");
    let (policy, infra) = (read("docs/policy.md"), read("infra/remediator.tf"));
    for name in names {
        let rows = policy.matches(&format!("\n| `{name}` | ")).count();
        assert_eq!(rows, 2, "docs/policy.md: {name} has a row in the table of actions and one in that of parameters");
        assert!(infra.contains(&format!("\n    {name} = {{\n      looks ")), "infra/remediator.tf: nothing permits {name}");
    }
}
