//! Where does the history come from? From files, or from CloudWatch itself.

use std::path::PathBuf;

use domain::replay::{AlarmHistory, Catalogue};
use domain::span::Span;

use super::Source;
use crate::args::Global;
use crate::context::Context;
use crate::fault::Fault;
use crate::file::{Kind, SourceFile};
use crate::show;

/// CloudWatch keeps the history of alarms for so many days.
const KEPT_DAYS: u16 = 30;

/// A history from one file, as the AWS CLI writes it.
pub(in crate::policy) fn history(path: &std::path::Path) -> Result<AlarmHistory, Fault> {
    files(&[path.to_owned()], &[]).map(|source| source.history)
}

/// Reads files, as the AWS CLI writes them.
pub(super) fn files(histories: &[PathBuf], alarms: &[PathBuf]) -> Result<Source, Fault> {
    let mut text = String::new();
    for path in histories {
        let file = SourceFile::open(path, Kind::History)?;
        text.push_str(file.text.trim_start_matches('\u{feff}'));
        text.push('\n');
    }
    let history = AlarmHistory::read(&text);
    if history.changes().is_empty() {
        let names: Vec<String> = histories.iter().map(|path| path.display().to_string()).collect();
        return Err(Fault::No(nothing_in(&names.join(", "), &history)));
    }
    let mut catalogue = Catalogue::new();
    for path in alarms {
        let file = SourceFile::open(path, Kind::History)?;
        let read = Catalogue::read(&file.text).map_err(|why| Fault::No(format!("{}: {why}", file.name)))?;
        catalogue.extend(read);
    }
    Ok(Source { history, catalogue, has_definitions: !alarms.is_empty(), notes: Vec::new() })
}

/// Why there is nothing to play.
fn nothing_in(names: &str, history: &AlarmHistory) -> String {
    let mut sentence = format!("there is no change of state in {names}");
    if history.n_other > 0 {
        sentence = format!("{sentence}; items of other types: {}", history.n_other);
    }
    let unread = unread(history);
    format!("{sentence}{unread}\nwrite one with `aws cloudwatch describe-alarm-history --history-item-type StateUpdate`")
}

/// How many items could not be read, and why the first could not.
fn unread(history: &AlarmHistory) -> String {
    let why = history.unreadable.first();
    why.map(|why| format!("; items that cannot be read: {}, {why}", history.n_unreadable)).unwrap_or_default()
}

/// Why there is nothing to play of what CloudWatch knows.
fn nothing_since(days: u16, region: &str, history: &AlarmHistory) -> String {
    let mut sentence = format!("CloudWatch in {region} knows of no alarm that changed its state in the last {days} days");
    if days > KEPT_DAYS {
        sentence = format!("{sentence}, of which it keeps {KEPT_DAYS}");
    }
    let unread = unread(history);
    format!("{sentence}{unread}\nis it another --region or --profile? A history from a file is played with --history")
}

/// Asks CloudWatch.
pub(super) async fn live(global: &Global, days: u16) -> Result<Source, Fault> {
    let context = Context::open(global.clone()).await?;
    let fault = |error: aws::AwsError| Fault::of(&error, context.place());
    let mut catalogue = Catalogue::new();
    for definition in context.aws.alarm_definitions().await.map_err(fault)? {
        catalogue.add(definition);
    }
    let from = Span::days(u64::from(days)).before(context.now);
    let mut history = AlarmHistory::default();
    let mut n_items = 0;
    let each = |items: Vec<aws::alarms::AlarmHistoryItem>| {
        n_items += items.len();
        for item in items {
            history.add(&item.name, &item.alarm_type, &item.kind, item.at, &item.summary, &item.detail);
        }
        show::progress_count("read from CloudWatch", n_items);
    };
    let read = context.aws.alarm_history(from, context.now, each).await;
    show::progress_over();
    read.map_err(fault)?;
    let history = history.finish();
    if history.changes().is_empty() {
        return Err(Fault::No(nothing_since(days, &context.place().region, &history)));
    }
    let mut notes = Vec::new();
    if days > KEPT_DAYS {
        notes.push(format!("CloudWatch keeps {KEPT_DAYS} days of history, not {days}: nothing older was played."));
    }
    Ok(Source { history, catalogue, has_definitions: true, notes })
}
