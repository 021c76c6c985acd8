use std::time::Duration;

use anstream::adapter::strip_str;
use domain::probe::{FlowReport, Phases, StepReport, Verdict};
use textwrap::core::display_width;

use super::*;

#[expect(clippy::unnecessary_wraps, reason = "a phase may be missing")]
fn ms(ms: f64) -> Option<Duration> {
    Some(Duration::from_secs_f64(ms / 1_000.0))
}

fn step(n: usize, name: &str, phases: Phases) -> StepReport {
    StepReport {
        step: n,
        name: name.to_owned(),
        kind: "http".to_owned(),
        ok: true,
        slow: false,
        status: Some(200),
        phases_ms: phases,
        captures: Vec::new(),
        because: Vec::new(),
        evidence: None,
    }
}

/// A flow whose second step failed.
fn failed() -> FlowReport {
    let token = Phases { dns: ms(2.0), connect: ms(10.0), tls: ms(20.0), ttfb: ms(160.0), total: ms(200.0) };
    let orders = Phases { ttfb: ms(90.0), total: ms(100.0), ..Phases::default() };
    let removed = Phases { ttfb: ms(0.01), total: ms(0.01), ..Phases::default() };
    FlowReport {
        flow: "create-order".to_owned(),
        run: "r".to_owned(),
        region: None,
        at: "2026-11-21T02:05:54Z".parse().unwrap(),
        verdict: Verdict::Down,
        failed_step: Some(2),
        because: vec!["step 2: status == 201: it was 500".to_owned()],
        duration_ms: 300.0,
        steps: vec![
            step(1, "POST https://api.example.com/token", token),
            StepReport {
                ok: false,
                status: Some(500),
                because: vec!["status == 201: it was 500".to_owned()],
                evidence: Some("{\"error\":\t\"the database is \u{1b}[31mred\"}\r\nsecond line".to_owned()),
                ..step(2, "POST https://api.example.com/orders", orders)
            },
        ],
        cleanup: vec![step(3, "DELETE https://api.example.com/orders/1", removed)],
    }
}

fn plain(report: &FlowReport, columns: usize) -> String {
    strip_str(&drawn(report, columns, |_| String::new())).to_string()
}

#[test]
fn the_time_of_each_step_is_drawn_to_one_scale() {
    let wanted = "\
✗ down create-order at step 2, 300.0 ms
  1  POST https://api.example.com/token                            200  200.0 ms
     dns        2.0 ms  █
     connect   10.0 ms   ██
     tls       20.0 ms     ██████
     ttfb     160.0 ms           █████████████████████████████████████████████
     read       8.0 ms                                                        ██
  2  POST https://api.example.com/orders                           500  100.0 ms
     ttfb      90.0 ms  █████████████████████████
     read      10.0 ms                           ███
     status == 201: it was 500
     | {\"error\":    \"the database is \u{fffd}[31mred\"}
     | second line
  cleanup
  3  DELETE https://api.example.com/orders/1                       200    0.0 ms
     ttfb       0.0 ms  ▏
";
    let said = plain(&failed(), 80);
    assert_eq!(said, wanted);
}

#[test]
fn what_is_drawn_fits_however_narrow_it_is() {
    let mut report = failed();
    report.steps[0].name = format!("POST https://api.example.com/{}", "監視/".repeat(40));
    report.steps[1].because.push("x".repeat(300));
    report.steps[1].evidence = Some("y".repeat(300));
    report.flow = "a-flow-".repeat(9);
    for columns in [40, 41, 60, 80, 120] {
        let said = plain(&report, columns);
        for line in said.lines() {
            assert!(display_width(line) <= columns, "{columns}: {line}");
        }
        assert_eq!(said.matches("ttfb").count(), 3, "{said}");
    }
}

#[test]
fn colour_is_all_that_a_terminal_has_more_and_nothing_of_others_is_obeyed() {
    let painted = drawn(&failed(), 80, |_| String::new());
    assert!(painted.contains('\u{1b}'));
    let said = plain(&failed(), 80);
    assert!(!said.chars().any(|ch| ch.is_control() && ch != '\n'), "{said:?}");
    assert!(said.contains("| {\"error\":    \"the database is \u{fffd}[31mred\"}"), "{said}");
    assert!(!painted.contains("\u{1b}[31mred\""), "{painted:?}");
}

#[test]
fn long_evidence_is_cut_and_says_so() {
    let mut report = failed();
    report.steps[1].evidence = Some("line\n".repeat(100));
    let said = plain(&report, 80);
    assert_eq!(said.matches("| line").count(), EVIDENCE_MAX);
    assert!(said.contains("| … and 88 more lines"), "{said}");
}

#[test]
fn a_time_is_told_in_three_or_four_figures() {
    for (ms, wanted) in [(0.04, "0.0 ms"), (12.34, "12.3 ms"), (999.94, "999.9 ms"), (999.96, "1.00 s"), (61_500.0, "61.50 s")] {
        assert_eq!(figure(Duration::from_secs_f64(ms / 1_000.0)), wanted);
    }
}
