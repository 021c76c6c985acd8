//! Play real alarm history through a policy.

mod answer;
pub(super) mod source;

use std::path::PathBuf;
use std::sync::Arc;

use domain::policy::Policy;
use domain::replay::{self, AlarmHistory, Assumed, Catalogue, Tally};
use domain::span::Span;
use jiff::tz::TimeZone;

use crate::args::Global;
use crate::fault::Fault;
use crate::file::{Kind, SourceFile};
use crate::show;

pub(crate) const ABOUT: &str = "\
The history is played on a simulated clock by the code that decides in earnest:
who would have been paged, at which hours, how many nights it would have cost,
what was grouped, and what was held back and why. A page counts once for each
person and round of messages. Nothing is sent, and nothing is mended.

With --days the history and the alarms' definitions are read from CloudWatch,
which keeps 30 days of it; this takes the permissions cloudwatch:DescribeAlarms
and cloudwatch:DescribeAlarmHistory. A file is what this writes, all pages of it:

  aws cloudwatch describe-alarm-history --history-item-type StateUpdate \\
      --alarm-types MetricAlarm CompositeAlarm > history.json

A history names its alarms only. Rules that match on dimensions need the labels
that come from `aws cloudwatch describe-alarms > alarms.json`; tags are in
neither, so that what rests on tags is not seen.

With --against another policy plays the same history, and the pages that differ
are listed: `+` only FILE sends it, `-` only the other, `~` it comes at another
time.

Examples:
  watchkeeper policy replay infra/policy/policy.yaml --days 30
  watchkeeper policy replay new.yaml --history history.json \\
      --alarms alarms.json --against infra/policy/policy.yaml
  watchkeeper policy replay new.yaml --history history.json \\
      --acknowledge-after 5m --zone Asia/Tokyo";

/// What to play.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "watchkeeper policy replay <FILE> (--history <FILE> | --days <N>)",
    group = clap::ArgGroup::new("of what").required(true)
)]
pub(crate) struct ReplayArgs {
    /// The policy, in YAML or JSON.
    pub(crate) file: PathBuf,
    /// The alarms' history; may be given several times.
    #[arg(long, group = "of what", value_name = "FILE")]
    pub(crate) history: Vec<PathBuf>,
    /// Read the last days from CloudWatch: 1 to 90.
    #[arg(long, group = "of what", value_name = "N", value_parser = days, allow_negative_numbers = true)]
    pub(crate) days: Option<u16>,
    /// With --history: the alarms' definitions, for their labels.
    #[arg(long, value_name = "FILE", conflicts_with = "days")]
    pub(crate) alarms: Vec<PathBuf>,
    /// Another policy, to be compared.
    #[arg(long, value_name = "POLICY")]
    pub(crate) against: Option<PathBuf>,
    /// Assume that somebody answers so long after a page: 5m. Nobody does,
    /// unless this is given.
    #[arg(long, value_name = "TIME", value_parser = answer_time)]
    pub(crate) acknowledge_after: Option<Span>,
    /// The zone of all hours: Asia/Tokyo. Yours, unless this is given; people's
    /// nights are then those of their schedules.
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    pub(crate) zone: Option<TimeZone>,
}

/// A policy with what it would have done.
pub(crate) struct Played {
    pub(crate) name: String,
    pub(crate) tally: Tally,
}

/// Everything that there is to report.
pub(crate) struct Report {
    pub(crate) here: Played,
    pub(crate) there: Option<Played>,
    pub(crate) history: AlarmHistory,
    pub(crate) n_unknown: usize,
    pub(crate) assumed: Assumed,
    /// Whether tags and dimensions were looked for in CloudWatch or in a file.
    pub(crate) has_definitions: bool,
    /// What there is to know about where the history comes from.
    pub(crate) notes: Vec<String>,
}

pub(crate) async fn run(global: &Global, args: &ReplayArgs) -> Result<(), Fault> {
    let (name, policy) = right(&args.file)?;
    let other = args.against.as_ref().map(|path| right(path)).transpose()?;
    let source = match args.days {
        Some(days) => source::live(global, days).await?,
        None => source::files(&args.history, &args.alarms)?,
    };
    let assumed = Assumed {
        acknowledge_after: args.acknowledge_after,
        zone: args.zone.clone().unwrap_or_else(TimeZone::system),
        nights_in_zone: args.zone.is_some(),
        keeps_pages: other.is_some(),
    };
    let play = |name: String, policy: &Arc<Policy>, part: usize, parts: usize| {
        let n = source.history.changes().len();
        let tally = replay::play(policy, &source.history, &source.catalogue, &assumed, &mut |played| {
            show::progress("playing", part * n + played, parts * n);
        });
        Played { name, tally }
    };
    let parts = 1 + usize::from(other.is_some());
    let here = play(name, &policy, 0, parts);
    let there = other.map(|(name, policy)| play(name, &policy, 1, parts));
    show::progress_over();
    let report = Report {
        here,
        there,
        n_unknown: source.catalogue.n_unknown(&source.history),
        history: source.history,
        assumed,
        has_definitions: source.has_definitions,
        notes: source.notes,
    };
    if global.json {
        show::json(&answer::answer(&report));
    } else {
        show::replay(&report);
    }
    Ok(())
}

fn right(path: &std::path::Path) -> Result<(String, Arc<Policy>), Fault> {
    let file = SourceFile::open(path, Kind::Policy)?;
    let policy = file.right_policy()?;
    Ok((file.name, Arc::new(policy)))
}

/// A history with what is known of its alarms.
struct Source {
    history: AlarmHistory,
    catalogue: Catalogue,
    has_definitions: bool,
    notes: Vec<String>,
}

fn days(text: &str) -> Result<u16, String> {
    let days = text.parse().ok().filter(|days| (1..=90).contains(days));
    days.ok_or_else(|| "write a whole number of days from 1 to 90, for instance 30".to_owned())
}

fn answer_time(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error: domain::span::SpanError| error.to_string())?;
    if span < Span::seconds(1) || span > Span::days(7) {
        return Err("it must be between 1s and 7d".to_owned());
    }
    Ok(span)
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "there is no such time zone; write for instance Europe/Berlin or UTC".to_owned())
}
