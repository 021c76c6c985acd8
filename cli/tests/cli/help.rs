//! Help, and command lines that are not right.

use std::collections::VecDeque;

use crate::desk::{Desk, NOBODYS, assert_fits, on_one_line};

/// The commands that a page of help lists.
fn commands(page: &str) -> Vec<String> {
    let list = page.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A line that goes on is further in.
    let names =
        list.filter(|line| line.starts_with("  ") && !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Every page of help, with the words that lead to it.
async fn pages(desk: &Desk) -> Vec<(Vec<String>, String)> {
    let mut pages = Vec::new();
    let mut open = VecDeque::from([Vec::<String>::new()]);
    while let Some(words) = open.pop_front() {
        let mut asked: Vec<&str> = words.iter().map(String::as_str).collect();
        asked.push("--help");
        let page = desk.run(&asked).await.ok();
        open.extend(commands(&page).into_iter().map(|name| [words.as_slice(), &[name]].concat()));
        pages.push((words, page));
    }
    pages
}

#[tokio::test]
async fn every_page_of_help_fits_a_terminal_and_teaches() {
    let mut desk = Desk::bare().await;
    desk.set("COLUMNS", Some("80"));
    let pages = pages(&desk).await;
    assert_eq!(pages.len(), 43, "{:?}", pages.iter().map(|(words, _)| words.join(" ")).collect::<Vec<_>>());
    for (words, page) in &pages {
        assert_fits(page);
        let name = words.join(" ");
        let lines: Vec<&str> = page.lines().collect();
        assert!(lines[0].len() > 10 && lines[1].is_empty(), "{name}: the first line says in one what it does: {lines:?}");
        let examples = page.split("\nExample").nth(1).unwrap_or_else(|| panic!("{name}: no example"));
        let command = format!("  watchkeeper {name}");
        assert!(examples.lines().any(|line| line.starts_with(command.trim_end())), "{name}: {examples}");
        // A line that was laid out by hand and then wrapped ends in a stump.
        let after = page.split("\nOptions of every command:").nth(1).unwrap_or_else(|| panic!("{name}: {page}"));
        let pairs = after.lines().zip(after.lines().skip(1)).skip_while(|(line, _)| !line.is_empty());
        for (line, next) in pairs {
            let first = next.split_whitespace().next().unwrap_or_default();
            let is_stump = !line.is_empty()
                && !next.starts_with(' ')
                && line.len() + first.len() < 60
                && line.ends_with(char::is_alphanumeric);
            assert!(!is_stump || next.is_empty(), "{name}: a stump:\n{line}\n{next}");
        }
    }
}

#[tokio::test]
async fn help_is_as_wide_on_a_wide_terminal() {
    let mut desk = Desk::bare().await;
    desk.set("COLUMNS", Some("200"));
    for (_, page) in pages(&desk).await {
        assert_fits(&page);
    }
}

#[tokio::test]
async fn every_example_is_understood() {
    let desk = Desk::bare().await;
    let mut n_examples = 0;
    for (_, page) in pages(&desk).await {
        let examples =
            page.split("\nExample").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default().replace("\\\n", "");
        for example in examples.lines().filter_map(|line| line.trim().strip_prefix("watchkeeper ")) {
            // Quoted as for a shell, in the simplest way.
            let words: Vec<String> = example
                .split('\'')
                .enumerate()
                .flat_map(|(n, part)| match n % 2 {
                    0 => part.split_whitespace().map(str::to_owned).collect(),
                    _ => vec![part.to_owned()],
                })
                .collect();
            // Where the answer goes is for the shell.
            let words: Vec<&str> = words.iter().map(String::as_str).take_while(|word| *word != ">").collect();
            let said = desk.run(&words).await;
            // Only the file of the policy is not where the tests run.
            assert!(said.code != 2 || said.err.contains("there is no file"), "{example}: {}", said.err);
            n_examples += 1;
        }
    }
    assert!(n_examples > 30, "{n_examples}");
}

#[tokio::test]
async fn the_exit_codes_are_in_the_help() {
    let desk = Desk::bare().await;
    let page = desk.run(&["--help"]).await.ok();
    for code in ["\n  0  done", "\n  1  the answer is no", "\n  2  the command line", "\n  3  AWS could not be asked"] {
        assert!(page.contains(code), "{page}");
    }
    assert_eq!(desk.run(&["-h"]).await.ok(), page, "there is one help, not two");
    assert!(desk.run(&["--version"]).await.ok().starts_with("watchkeeper "));
}

#[tokio::test]
async fn without_a_command_there_is_help() {
    let desk = Desk::bare().await;
    let groups = ["incident", "silence", "maintenance", "remediation", "policy", "probes", "heartbeat"];
    for words in std::iter::once(&[][..]).chain(groups.iter().map(std::slice::from_ref)) {
        let page = desk.run(words).await.error(2);
        assert!(page.contains("Commands:\n"), "{page}");
        assert_eq!(desk.run_json(words).await.json_error(2), "there is no command; --help lists them");
    }
}

#[tokio::test]
async fn a_command_line_that_is_not_right_is_told_with_what_would_be() {
    let desk = Desk::bare().await;
    let add = |rest: &[&'static str]| [&["silence", "add"][..], rest].concat();
    for (words, wanted) in [
        (vec!["incidents", "list"], "a similar subcommand exists: 'incident'"),
        (vec!["incident", "show"], "<ID>"),
        (vec!["incident", "show", "xyz"], "names look like 0K3-M9Q-F7T"),
        (vec!["incident", "list", "--since", "7d"], "--service <NAME>"),
        (vec!["incident", "list", "--service", "api", "--since", "soon"], "30s, 5m, 1h30m or 7d"),
        (vec!["incident", "list", "--service", ""], "--service <NAME>"),
        (vec!["incident", "ack", NOBODYS, "--as", " "], "it holds no name"),
        (vec!["--table", "", "incident", "list"], "--table <NAME>"),
        (add(&["service=batch", "--for", "2h"]), "--why <REASON>"),
        (add(&["service=batch", "--for", "2h", "--why", " "]), "say why in a few words"),
        (add(&["service=batch", "--why", "known"]), "--for <TIME>"),
        (add(&["service=batch", "--for", "2", "--why", "known"]), "30s, 5m, 1h30m or 7d"),
        (add(&["service=batch", "--for", "0", "--why", "known"]), "between 1s and 90d"),
        (add(&["service=batch", "--for", "91d", "--why", "known"]), "between 1s and 90d"),
        (add(&["--for", "2h", "--why", "known"]), "<MATCHER>"),
        (add(&["batch", "--for", "2h", "--why", "known"]), "write for instance service=\"api\""),
        (add(&["1a=b", "--for", "2h", "--why", "known"]), "`1a` is not a label name"),
        (add(&["a=\"b", "--for", "2h", "--why", "known"]), "the quotes of `a=\"b` do not match"),
        (add(&["a=~\"(\"", "--for", "2h", "--why", "known"]), "`(` is not a regular expression"),
        (add(&["", "--for", "2h", "--why", "known"]), "to cover every alert, write 'alertname=~\".+\"'"),
        (add(&["a=b", "--for", "2h", "--why", "known", "--from", "tomorrow"]), "2026-12-05T20:00Z"),
        (add(&["a=b", "--for", "2h", "--why", "known", "--from", "2026-12-05T20:00"]), "not a moment with its zone"),
        (
            add(&["a=b", "--for", "2h", "--why", "known", "--from", "2026-01-05T20:00Z"]),
            "ended at 2026-01-05 22:00:00 UTC already",
        ),
        (vec!["remediation", "report", "--days", "0"], "0 is not in 1..=365"),
        (vec!["remediation", "approve", NOBODYS], "<NAME>"),
        (vec!["remediation", "stop", "--why", "odd"], "--all|--name <NAME>"),
        (vec!["remediation", "stop", "--all"], "--why <REASON>"),
        (vec!["remediation", "stop", "--all", "--name", "scale", "--why", "odd"], "cannot be used with"),
    ] {
        let said = desk.run(&words).await.error(2);
        assert!(said.starts_with("error: ") && on_one_line(&said).contains(wanted), "{words:?}: {said}");
        assert_fits(&said);
        let for_programs = desk.run_json(&words).await.json_error(2);
        assert!(for_programs.contains(wanted) && !for_programs.contains("Usage"), "{words:?}: {for_programs}");
    }
    assert_eq!(desk.world.calls(), [], "nothing was asked of AWS");
}
