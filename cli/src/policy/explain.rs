//! Explain what would happen to an alert, and why.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::alert::{Alert, AlertState};
use domain::explain::{LATEST, explain};
use domain::intake;
use domain::labels::Labels;
use domain::matcher::Matcher;
use jiff::Timestamp;
use runtime::now;
use serde_json::json;

use crate::args::Global;
use crate::fault::Fault;
use crate::file::{Kind, SourceFile};
use crate::read;
use crate::show;

pub(crate) const ABOUT: &str = "\
It says which rules and routes were looked at and why each matched or did not,
what could hold the alert back, who is on call, and whom it would tell when if
nobody answered and nothing recovered. Nothing is asked of AWS, so silences and
stand-ins that were made at run time are not in it. Times are in your zone (TZ).

An event is a file with what the classifier is handed: an alarm's event, an SNS
message, what Alertmanager sends. Labels are those that come in: what the rules
find out is added to them.

Examples:
  watchkeeper policy explain infra/policy/policy.yaml --event alarm.json
  watchkeeper policy explain infra/policy/policy.yaml \\
      --labels alertname=cpu service=api severity=critical
  watchkeeper policy explain infra/policy/policy.yaml --labels service=api \\
      --at 2026-12-05T20:00+01:00";

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "watchkeeper policy explain <FILE> (--event <FILE> | --labels <LABEL>...)",
    group = clap::ArgGroup::new("what").required(true)
)]
pub(crate) struct ExplainArgs {
    /// The policy, in YAML or JSON.
    pub(crate) file: PathBuf,
    /// A file with the event that comes in.
    #[arg(long, group = "what", value_name = "FILE")]
    pub(crate) event: Option<PathBuf>,
    /// The labels of the alert that goes off, each as name=value.
    #[arg(long, group = "what", value_name = "LABEL", num_args = 1.., value_parser = label)]
    pub(crate) labels: Vec<Label>,
    /// When it comes in, with its zone; now, unless said otherwise.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub(crate) at: Option<Timestamp>,
}

/// One label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    name: String,
    value: String,
}

/// Reads a label. A value may be written in quotes, as Prometheus shows it.
fn label(text: &str) -> Result<Label, String> {
    let example = "for instance team=api";
    let Some((name, value)) = text.split_once('=') else {
        return Err(match text.split_once(':') {
            Some((name, value)) if is_label_name(name.trim()) => {
                format!("a label is a name, = and a value; write {}={}", name.trim(), value.trim())
            }
            _ => format!("a label is a name, = and a value, {example}"),
        });
    };
    let near = name.trim_end_matches(['!', ':']).trim();
    if value.starts_with('~') || (near != name && is_label_name(near)) {
        let value = value.trim_start_matches('~');
        return Err(format!("that is a condition; an alert has values, write {near}={value}"));
    }
    if !is_label_name(name) {
        return Err(format!("`{name}` is not a label's name; write the name, = and the value, {example}"));
    }
    let is_quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    let next = value.split(',').skip(1).find(|part| part.split_once('=').is_some_and(|(name, _)| is_label_name(name.trim())));
    if let Some(next) = next.filter(|_| !is_quoted) {
        return Err(format!(
            "labels stand apart: write a space before {} instead of a comma, or '{name}=\"...\"' if it is part of the value",
            next.trim()
        ));
    }
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    Ok(Label { name: name.to_owned(), value: value.to_owned() })
}

/// Whether a label can have this name: whether a condition can be on it.
fn is_label_name(name: &str) -> bool {
    Matcher::parse(&format!("{name}=x")).is_ok_and(|matcher| matcher.name() == name)
}

/// Reads a moment from which a day can be looked ahead.
fn moment(text: &str) -> Result<Timestamp, String> {
    let at = read::moment(text)?;
    if at > LATEST {
        return Err(format!("there is not a day to look ahead to; write a moment before {LATEST}"));
    }
    Ok(at)
}

pub(crate) fn run(global: &Global, args: &ExplainArgs) -> Result<(), Fault> {
    let policy = Arc::new(SourceFile::open(&args.file, Kind::Policy)?.right_policy()?);
    let at = args.at.unwrap_or_else(now);
    let alerts = match &args.event {
        Some(event) => alerts_in(event, at)?,
        None => vec![alert_of(&args.labels, at)?],
    };
    let explanations: Vec<_> = alerts.iter().map(|alert| explain(&policy, alert, at)).collect();
    if global.json {
        show::json(&json!({"at": at, "version": policy.version, "alerts": explanations}));
    } else {
        for (n, explanation) in explanations.iter().enumerate() {
            show::explanation(explanation, n, explanations.len());
        }
    }
    Ok(())
}

/// The alerts in an event, at least one: what cannot be read is one as well.
fn alerts_in(path: &Path, at: Timestamp) -> Result<Vec<Alert>, Fault> {
    let name = path.display();
    let raw = std::fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Fault::Usage(format!("there is no file {name}")),
        _ => Fault::Usage(format!("{name} cannot be read: {error}")),
    })?;
    Ok(intake::read(&raw, at).items.into_iter().flat_map(|item| item.alerts).collect())
}

fn alert_of(labels: &[Label], at: Timestamp) -> Result<Alert, Fault> {
    for (n, Label { name, value }) in labels.iter().enumerate() {
        if let Some(before) = labels[..n].iter().find(|before| before.name == *name && before.value != *value) {
            let first = &before.value;
            return Err(Fault::Usage(format!(
                "the label `{name}` has two values, {first} and {value}\nan alert has one; leave out the other"
            )));
        }
    }
    let labels: Labels = labels.iter().map(|label| (&label.name, &label.value)).collect();
    Ok(Alert::of_labels(&labels, AlertState::Alarm, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_as_it_is_meant_or_refused_with_what_is_right() {
        let right = |name: &str, value: &str| Ok(Label { name: name.to_owned(), value: value.to_owned() });
        for (text, wanted) in [
            ("team=api", right("team", "api")),
            ("team=\"the api\"", right("team", "the api")),
            ("url=https://a.example?b=c", right("url", "https://a.example?b=c")),
            ("team=", right("team", "")),
            ("zones=a,b", right("zones", "a,b")),
            ("dimensions=\"A=1,B=2\"", right("dimensions", "A=1,B=2")),
            ("team=api,service=web", Err("write a space before service=web instead")),
            ("team=api, service=web", Err("write a space before service=web instead")),
            ("team:api", Err("write team=api")),
            ("team: api", Err("write team=api")),
            ("team:=api", Err("write team=api")),
            ("team=~api", Err("write team=api")),
            ("team!=api", Err("write team=api")),
            ("team", Err("for instance team=api")),
            ("=api", Err("`` is not a label's name")),
            ("the team=api", Err("`the team` is not a label's name")),
        ] {
            match (label(text), wanted) {
                (Ok(read), wanted) => assert_eq!(Ok(read), wanted, "{text}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (Err(error), Ok(_)) => panic!("{text}: {error}"),
            }
        }
    }
}
