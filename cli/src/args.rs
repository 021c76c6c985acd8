//! What can be asked, and the help that teaches it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::id::IncidentId;
use domain::span::Span;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the answer is no: a policy with mistakes, an incident that is over, events
     that still cannot be processed
  2  the command line is not right
  3  AWS could not be asked: no credentials, no permission, no such table

Credentials and region come from where the AWS CLI finds them: the environment,
AWS_PROFILE, single sign-on. The table's name is Terraform's output `table_name`
(default: watchkeeper).";

/// Incidents, silences and standing orders of Watchkeeper.
#[derive(Debug, Parser)]
#[command(name = "watchkeeper", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Name of Watchkeeper's table.
    #[arg(long, global = true, env = "WATCHKEEPER_TABLE", default_value = "watchkeeper", value_name = "NAME")]
    pub(crate) table: String,
    /// AWS profile to use.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// AWS region to use.
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Answer in JSON, for other programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Sets it for all that is printed from here on.
    pub(crate) fn write_global(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See and answer incidents.
    #[command(subcommand, arg_required_else_help = true)]
    Incident(IncidentCommand),
    /// Keep known alerts from people for a time.
    #[command(subcommand, arg_required_else_help = true)]
    Silence(SilenceCommand),
    /// Announce planned work: alerts are recorded, people are not told, nothing is
    /// mended.
    #[command(subcommand, arg_required_else_help = true)]
    Maintenance(SilenceCommand),
    /// Stop and resume automatic remediation.
    #[command(subcommand, arg_required_else_help = true)]
    Remediation(RemediationCommand),
    /// Bring in again the events that could not be processed.
    Redrive,
    /// Check the standing orders.
    #[command(subcommand, arg_required_else_help = true)]
    Policy(PolicyCommand),
}

/// About incidents.
#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// List what is open.
    #[command(after_help = "Examples:\n  watchkeeper incident list\n  watchkeeper incident list --service api --since 7d")]
    List {
        /// The newest incidents of this service, resolved ones as well.
        #[arg(long, value_name = "NAME")]
        service: Option<String>,
        /// With --service: how far back.
        #[arg(long, value_name = "TIME", default_value = "30d", requires = "service")]
        since: Span,
    },
    /// Show one with its whole record.
    #[command(after_help = "Example:\n  watchkeeper incident show 0K3-M9Q-F7T")]
    Show {
        /// The incident, as a message names it; case and dashes do not matter.
        id: IncidentId,
    },
    /// Take it: nobody else is woken.
    Ack {
        /// The incident.
        id: IncidentId,
        /// Who takes it; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
    /// Say that it is over: everyone who was told is told.
    Resolve {
        /// The incident.
        id: IncidentId,
        /// Who says so; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
    /// Approve a remediation that asks for it.
    Approve {
        /// The incident.
        id: IncidentId,
        /// The remediation.
        remediation: String,
        /// Who approves; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
    /// Decline a remediation that asks for approval.
    Decline {
        /// The incident.
        id: IncidentId,
        /// The remediation.
        remediation: String,
        /// Who declines; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
}

/// About silences and planned work.
#[derive(Debug, Subcommand)]
pub(crate) enum SilenceCommand {
    /// Add one. What it kept back is told when it ends, if it still holds.
    #[command(
        after_help = "Example:\n  watchkeeper silence add 'service=\"batch\"' 'priority=~\"P3|P4\"' --for 2h --why 'known, see ticket 42'"
    )]
    Add {
        /// Which alerts: conditions on labels, as in Alertmanager; all must match.
        #[arg(required = true, value_name = "MATCHER")]
        matchers: Vec<String>,
        /// For how long.
        #[arg(long = "for", value_name = "TIME")]
        length: Span,
        /// From when; now, unless said otherwise. With a zone: 2026-12-05T20:00:00Z.
        #[arg(long, value_name = "MOMENT")]
        from: Option<jiff::Timestamp>,
        /// Why: shown wherever an alert is kept back.
        #[arg(long, value_name = "REASON")]
        why: String,
        /// Who adds it; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
    /// List those that hold or will.
    List,
    /// End one now.
    Expire {
        /// Its name, as `list` shows it.
        name: String,
    },
}

/// About automatic remediation.
#[derive(Debug, Subcommand)]
pub(crate) enum RemediationCommand {
    /// Stop it, for whatever has not begun yet.
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Stop {
        /// All of it.
        #[arg(long, group = "which")]
        all: bool,
        /// Only this one.
        #[arg(long, group = "which", value_name = "NAME")]
        name: Option<String>,
        /// Why: shown wherever a remediation is refused.
        #[arg(long, value_name = "REASON")]
        why: String,
        /// Who stops it; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<String>,
    },
    /// Let it work again.
    #[command(group = clap::ArgGroup::new("which").required(true))]
    Resume {
        /// All of it; what was stopped by name stays stopped.
        #[arg(long, group = "which")]
        all: bool,
        /// Only this one.
        #[arg(long, group = "which", value_name = "NAME")]
        name: Option<String>,
    },
    /// Say what is stopped, by whom and why.
    Status,
}

/// About standing orders.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy file: every mistake with its line.
    #[command(after_help = "Example:\n  watchkeeper policy check infra/policy/policy.yaml")]
    Check {
        /// The file, in YAML or JSON.
        file: PathBuf,
    },
}
