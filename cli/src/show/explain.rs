//! A decision about an alert, as a person follows it: from top to bottom.

use anstyle::Style;
use domain::classify::RuleSeen;
use domain::explain::{
    ClassificationSeen, Duty, Explanation, Forecast, Group, IntervalSeen, MutingSeen, RouteSeen, Step, Target, WindowSeen,
};
use domain::labels::Labels;
use domain::policy::WhenMuted;
use domain::span::Span;
use jiff::Timestamp;
use textwrap::core::display_width;

use super::say;
use super::text::{BLUE, BOLD, DIM, GREEN, RED, YELLOW, clock, day, moment, paint, priority_style, wrapped};

/// Columns of the names of fields.
const FIELD: usize = 12;
/// Columns before what happens: the time of day and how long after the beginning.
const STEP: usize = 21;
/// Steps that are shown; what comes later repeats them.
const STEPS_MAX: usize = 16;

/// Shows a decision; the `n`th of some.
pub(crate) fn explanation(explanation: &Explanation, n: usize, n_all: usize) {
    if n > 0 {
        say!("");
    }
    if n_all > 1 {
        say!("{}", paint(DIM, &format!("alert {} of {n_all}", n + 1)));
    }
    let Explanation { at, alert, classification, group, .. } = explanation;
    let badge = format!("{} {}", classification.priority, classification.priority.word());
    let name = wrapped(&alert.name, display_width(&badge) + 2);
    say!("{}  {}", paint(priority_style(classification.priority), &badge), paint(BOLD, &name));
    let since = format!("{} since {}, comes in {}", alert.state, moment(alert.state_at), moment(*at));
    say!("{}", wrapped(&since, 0));
    for (name, text) in [("about", &alert.summary), ("reason", &alert.reason)] {
        if !text.is_empty() {
            say!("{} {}", paint(DIM, &format!("{name}:")), wrapped(text, name.len() + 2));
        }
    }
    head("What came in");
    labels(&alert.labels);
    what_it_is(classification);
    head("Where it goes");
    route(&explanation.route, 1);
    grouped(group);
    holds(explanation);
    duty(explanation.duty.as_ref());
    forecast(&explanation.forecast, *at);
}

fn head(title: &str) {
    say!("\n{}", paint(BOLD, title));
}

/// Labels, their values in one column.
fn labels(labels: &Labels) {
    let widest = labels.iter().map(|(name, _)| display_width(name)).max().unwrap_or(0).min(24);
    for (name, value) in labels {
        let indent = (display_width(name).max(widest)) + 4;
        say!("  {}  {}", paint(DIM, &format!("{name:<widest$}")), wrapped(value, indent.min(40)));
    }
    if labels.is_empty() {
        say!("  no label");
    }
}

/// A line with a mark in front, as far in as it is deep.
fn marked(depth: usize, style: Style, mark: &str, text: &str) {
    let indent = depth * 2;
    say!("{}{} {}", " ".repeat(indent), paint(style, mark), wrapped(text, indent + 2));
}

fn field(name: &str, text: &str) {
    say!("  {}{}", paint(DIM, &format!("{name:<FIELD$}")), wrapped(text, FIELD + 2));
}

fn what_it_is(seen: &ClassificationSeen) {
    head("What it is about");
    for RuleSeen { name, failed, sets, leaves } in &seen.rules {
        if let Some(failed) = failed {
            marked(1, DIM, "-", &format!("rule `{name}`: {}", failed.sentence()));
            continue;
        }
        let sets = if sets.is_empty() { "nothing".to_owned() } else { sets.join(", ") };
        let left = if leaves.is_empty() { String::new() } else { format!("; not {}: set above", leaves.join(", ")) };
        marked(1, GREEN, "+", &format!("rule `{name}` matches and sets {sets}{left}"));
    }
    for finding in &seen.findings {
        marked(1, GREEN, "+", finding);
    }
    field("priority", &format!("{} {}", seen.priority, seen.priority.word()));
    for (name, value) in [("service", &seen.service), ("team", &seen.team), ("layer", &seen.layer), ("runbook", &seen.runbook)] {
        field(name, value.as_deref().unwrap_or("-"));
    }
    if !seen.remediations.is_empty() {
        field("mended by", &seen.remediations.join(", "));
    }
}

fn route(seen: &RouteSeen, depth: usize) {
    let matchers = if seen.matchers == "{}" { "every alert" } else { &seen.matchers };
    let Some(failed) = &seen.failed else {
        let ends = if seen.ends_here { format!(" -> {}", seen.receiver) } else { String::new() };
        let on = if seen.proceeds && depth > 1 { "; continue: the next is tried as well" } else { "" };
        marked(depth, GREEN, "+", &format!("{matchers}{ends}{on}"));
        for below in &seen.routes {
            route(below, depth + 1);
        }
        if seen.n_not_reached > 0 {
            let s = if seen.n_not_reached == 1 { "" } else { "s" };
            marked(depth + 1, DIM, " ", &format!("{} more route{s} not looked at", seen.n_not_reached));
        }
        return;
    };
    let why = if failed.value.is_empty() {
        format!("there is no {}", failed.label)
    } else {
        format!("{} is {:?}", failed.label, failed.value)
    };
    marked(depth, DIM, "-", &format!("{}: {why}", seen.matchers));
}

fn grouped(group: &Group) {
    field("receivers", &group.receivers.join(", "));
    let by = match &group.by {
        None => "by all labels".to_owned(),
        Some(names) if names.is_empty() => "all alerts of the route together".to_owned(),
        Some(names) => format!("by {}: {}", names.join(", "), group.labels),
    };
    field("grouped", &by);
    let (wait, interval, repeat) = (group.group_wait, group.group_interval, group.repeat_interval);
    field("waits", &format!("{wait} at first, {interval} before news, {repeat} before it is told again"));
}

fn holds(seen: &Explanation) {
    head("What could hold it back");
    let nothing = seen.inhibition.symptom_in.is_empty() && seen.mutings.is_empty() && seen.maintenance_windows.is_empty();
    if nothing {
        say!("  nothing in the policy");
    }
    for rule in &seen.inhibition.symptom_in {
        marked(1, YELLOW, "?", &format!("inhibition `{rule}`: held back while a cause is firing"));
    }
    for rule in &seen.inhibition.cause_in {
        marked(1, DIM, " ", &format!("inhibition `{rule}`: it is a cause itself and holds back others"));
    }
    for muting in &seen.mutings {
        muted(muting);
    }
    for window in &seen.maintenance_windows {
        window_line(window);
    }
}

fn muted(seen: &MutingSeen) {
    let list = |intervals: &[IntervalSeen]| {
        let each =
            |interval: &IntervalSeen| format!("`{}` ({})", interval.name, if interval.contains { "now" } else { "not now" });
        intervals.iter().map(each).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    if !seen.mute.is_empty() {
        parts.push(format!("not told in {}", list(&seen.mute)));
    }
    if !seen.active.is_empty() {
        parts.push(format!("told only in {}", list(&seen.active)));
    }
    let rule = format!("{}: {}", seen.of, parts.join("; "));
    if seen.because.is_none() {
        return marked(1, DIM, "-", &format!("{rule}: not muted"));
    }
    let until = seen.until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
    let then = match seen.when_muted {
        WhenMuted::Defer => "told then, if it still holds",
        WhenMuted::Drop => "never told",
    };
    marked(1, YELLOW, "!", &format!("{rule}: muted{until}, {then}"));
}

fn window_line(seen: &WindowSeen) {
    let name = &seen.name;
    match (&seen.failed, seen.holds) {
        (Some(failed), _) => marked(1, DIM, "-", &format!("maintenance window `{name}`: {}", failed.sentence())),
        (None, false) => marked(1, DIM, "-", &format!("maintenance window `{name}` is about it, but not at this time")),
        (None, true) => {
            let until = seen.until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
            marked(1, YELLOW, "!", &format!("maintenance window `{name}` holds{until}"));
        }
    }
}

fn duty(duty: Option<&Duty>) {
    head("Who is on call");
    let Some(duty) = duty else {
        say!("  no receiver has an escalation policy");
        return;
    };
    let name = &duty.escalation_policy;
    let climbs = if duty.climbs { "is climbed" } else { "is not climbed for this priority" };
    say!("  {}", wrapped(&format!("escalation policy {name} {climbs}"), 2));
    for (n, rule) in duty.rules.iter().enumerate() {
        let targets: Vec<String> = rule.targets.iter().map(target).collect();
        let text = format!("{}; {} for an answer", targets.join(" and "), rule.delay);
        marked(1, BLUE, &format!("{}.", n + 1), &text);
        if let Some(muting) = rule.muting.as_ref().and_then(|muting| Some((muting.because.as_ref()?, muting.until))) {
            let until = muting.1.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
            marked(2, YELLOW, "!", &format!("passed over: {}{until}", muting.0));
        }
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::User { name } => name.clone(),
        Target::Receiver { name } => format!("receiver {name}"),
        Target::Schedule { name, user, until, because } => {
            let user = user.as_deref().unwrap_or("nobody");
            let because = because.as_ref().map(|because| format!(", {because}")).unwrap_or_default();
            let until = until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
            format!("{user} (schedule {name}{because}){until}")
        }
    }
}

fn forecast(seen: &Forecast, at: Timestamp) {
    head("What happens if nobody answers and nothing recovers");
    if seen.steps.is_empty() {
        say!("  {}", wrapped(&format!("nothing: {}", seen.because.join("; ")), 2));
        return;
    }
    let mut last_day = String::new();
    for step in seen.steps.iter().take(STEPS_MAX) {
        let today = day(step.at());
        if today != last_day {
            say!("  {}", paint(DIM, &today));
            last_day = today;
        }
        // Why it was opened stands above, at length.
        one_step(step, at, &seen.because);
    }
    if seen.steps.len() > STEPS_MAX {
        let n = seen.steps.len() - STEPS_MAX;
        let text = format!("and {n} more until {}; --json has them all", moment(seen.until));
        say!("  {}", paint(DIM, &wrapped(&text, 2)));
    }
}

/// One thing that happens; a reason that is known is not told again.
fn one_step(step: &Step, at: Timestamp, known: &[String]) {
    let after = format!("+{}", short(Span::between(at, step.at())));
    let (style, text, because) = match step {
        Step::Told(message) => {
            let style = if message.kind == "failsafe" { RED } else { BLUE };
            let to = if message.to == message.kind { String::new() } else { format!(" {}", message.to) };
            let text = format!("{}{to}: {}", message.kind, message.targets.join(", "));
            (style, text, &message.because)
        }
        Step::Noted { text, because, .. } => (YELLOW, text.clone(), because),
    };
    let shown = wrapped(&text, STEP);
    let (first, rest) = shown.split_once(' ').map_or((shown.as_str(), ""), |(first, rest)| (first, rest));
    say!("  {} {after:<9} {} {rest}", clock(step.at()), paint(style, first));
    if !because.is_empty() && because != known {
        let because = wrapped(&format!("because {}", because.join("; ")), STEP);
        say!("{}{}", " ".repeat(STEP), paint(DIM, &because));
    }
}

/// How long, without what is too small to matter beside it.
fn short(span: Span) -> String {
    let unit = if span < Span::minutes(1) { 1 } else { 1_000 };
    Span::millis(span.as_millis() / unit * unit).to_string()
}
