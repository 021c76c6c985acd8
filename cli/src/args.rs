//! What can be asked, and the help that teaches it.

use std::ffi::OsString;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ColorChoice, Parser, Subcommand};
use domain::id::IncidentId;
use domain::span::Span;

use crate::about::{
    ABOUT_ACK, ABOUT_ALL, ABOUT_APPROVE, ABOUT_APPROVE_HERE, ABOUT_DECLINE, ABOUT_DECLINE_HERE, ABOUT_HEARTBEAT_LIST,
    ABOUT_HEARTBEAT_URL, ABOUT_HEARTBEATS, ABOUT_INCIDENTS, ABOUT_LIST, ABOUT_REDRIVE, ABOUT_REMEDIATION_LIST,
    ABOUT_REMEDIATIONS, ABOUT_REPORT, ABOUT_RESOLVE, ABOUT_RESUME, ABOUT_SHOW, ABOUT_SILENCE_ADD, ABOUT_SILENCES, ABOUT_STOP,
    ABOUT_WINDOW_ADD, ABOUT_WINDOWS,
};
use crate::policy::{self, PolicyCommand};
use crate::probes::{self, ProbesCommand};
use crate::read::{self, Matchers, Name, Reason};

// Clap wraps these only where a line is too long: they are laid out by hand for
// 80 columns, which is also the widest that a page becomes.
const WIDTH: usize = 80;

/// Incidents, silences and standing orders of Watchkeeper.
#[derive(Debug, Parser)]
#[command(name = "watchkeeper", version, after_help = ABOUT_ALL, arg_required_else_help = true, max_term_width = WIDTH)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Watchkeeper's table, if not `WATCHKEEPER_TABLE` or `watchkeeper`.
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) table: Option<String>,
    /// AWS profile to use, if not `AWS_PROFILE`.
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) profile: Option<String>,
    /// AWS region to use, if not `AWS_REGION` or the profile's.
    #[arg(long, global = true, value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) region: Option<String>,
    /// Answer in JSON, for other programs.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// auto (on a terminal, unless `NO_COLOR` is set), always or never.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// The same for clap, which prints help and mistakes.
    pub(crate) const fn of_clap(self) -> ColorChoice {
        match self {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }

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

/// How to answer, found before anything is understood: help and mistakes are
/// printed in the way that was asked for, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// In JSON.
    pub(crate) json: bool,
    /// With colour.
    pub(crate) color: Color,
}

impl Manner {
    /// Looks through the words of a command line.
    pub(crate) fn of(words: &[OsString]) -> Manner {
        let words: Vec<&str> =
            words.iter().map(|word| word.to_str().unwrap_or_default()).take_while(|word| *word != "--").collect();
        let is_color = |value: &str| {
            words.contains(&format!("--color={value}").as_str()) || words.windows(2).any(|pair| pair == ["--color", value])
        };
        let color = if is_color("always") {
            Color::Always
        } else if is_color("never") {
            Color::Never
        } else {
            Color::Auto
        };
        Manner { json: words.contains(&"--json"), color }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See and answer incidents.
    #[command(subcommand, arg_required_else_help = true, after_help = ABOUT_INCIDENTS)]
    Incident(IncidentCommand),
    /// Keep known alerts from people for a time.
    #[command(subcommand, arg_required_else_help = true, after_help = ABOUT_SILENCES)]
    Silence(SilenceCommand),
    /// Announce planned work, so that nobody is told of it.
    #[command(subcommand, arg_required_else_help = true, after_help = ABOUT_WINDOWS)]
    Maintenance(MaintenanceCommand),
    /// See, answer, stop and resume automatic remediation.
    #[command(subcommand, arg_required_else_help = true, after_help = ABOUT_REMEDIATIONS)]
    Remediation(RemediationCommand),
    /// See users' jobs that are waited for, and their addresses.
    #[command(subcommand, arg_required_else_help = true, after_help = ABOUT_HEARTBEATS)]
    Heartbeat(HeartbeatCommand),
    /// Bring in again the events that could not be processed.
    #[command(after_help = ABOUT_REDRIVE)]
    Redrive,
    /// Check, test, explain and replay the standing orders.
    #[command(subcommand, arg_required_else_help = true, after_help = policy::ABOUT)]
    Policy(PolicyCommand),
    /// Check and run synthetic flows, and see how they fare.
    #[command(subcommand, arg_required_else_help = true, after_help = probes::ABOUT)]
    Probes(ProbesCommand),
}

/// About incidents.
#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// List what is open, or what a service has had.
    #[command(after_help = ABOUT_LIST)]
    List {
        /// The newest incidents of this service, those that are over as well.
        #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        service: Option<String>,
        /// With --service: how far back, as 12h or 30d.
        #[arg(long, value_name = "TIME", default_value = "30d", requires = "service")]
        since: Span,
    },
    /// Show one with its whole record.
    #[command(after_help = ABOUT_SHOW)]
    Show {
        /// The incident, as a message names it.
        id: IncidentId,
    },
    /// Take it: nobody else is woken.
    #[command(after_help = ABOUT_ACK)]
    Ack {
        /// The incident, as a message names it.
        id: IncidentId,
        /// Who takes it; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<Name>,
    },
    /// Say that it is over: everyone who was told is told.
    #[command(after_help = ABOUT_RESOLVE)]
    Resolve {
        /// The incident, as a message names it.
        id: IncidentId,
        /// Who says so; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<Name>,
    },
    /// Approve a remediation that asks for it.
    #[command(after_help = ABOUT_APPROVE)]
    Approve(Answer),
    /// Decline a remediation that asks for approval.
    #[command(after_help = ABOUT_DECLINE)]
    Decline(Answer),
}

/// An answer to a remediation that asks.
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The incident, as a message names it.
    pub(crate) id: IncidentId,
    /// The remediation's name.
    #[arg(value_name = "NAME")]
    pub(crate) remediation: String,
    /// Who answers; you, unless said otherwise.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) by: Option<Name>,
}

/// About silences.
#[derive(Debug, Subcommand)]
pub(crate) enum SilenceCommand {
    /// Add a silence.
    #[command(after_help = ABOUT_SILENCE_ADD, override_usage = "watchkeeper silence add <MATCHER>... --for <TIME> --why <REASON>")]
    Add(Addition),
    /// List the silences that hold or will.
    #[command(after_help = "Example:\n  watchkeeper silence list")]
    List,
    /// End a silence now.
    #[command(after_help = "Example:\n  watchkeeper silence expire 0K3-M9Q-F7T")]
    Expire {
        /// Its name, as `list` shows it.
        name: String,
    },
}

/// About heartbeats.
#[derive(Debug, Subcommand)]
pub(crate) enum HeartbeatCommand {
    /// List them: how they fare, and when they must be heard of.
    #[command(after_help = ABOUT_HEARTBEAT_LIST)]
    List,
    /// Say the address that a job pings, and how.
    #[command(after_help = ABOUT_HEARTBEAT_URL)]
    Url {
        /// Its name, as the file of probes has it.
        #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        id: String,
    },
}

/// About planned work.
#[derive(Debug, Subcommand)]
pub(crate) enum MaintenanceCommand {
    /// Add a window of planned work.
    #[command(after_help = ABOUT_WINDOW_ADD, override_usage = "watchkeeper maintenance add <MATCHER>... --for <TIME> --why <REASON>")]
    Add(Addition),
    /// List the windows that hold or will.
    #[command(after_help = "Example:\n  watchkeeper maintenance list")]
    List,
    /// End a window now.
    #[command(after_help = "Example:\n  watchkeeper maintenance expire 0K3-M9Q-F7T")]
    Expire {
        /// Its name, as `list` shows it.
        name: String,
    },
}

/// A silence or a window, to be added.
#[derive(Debug, Args)]
pub(crate) struct Addition {
    /// Which alerts: conditions on their labels, all of which must match.
    #[arg(required = true, value_name = "MATCHER", value_parser = read::matchers)]
    pub(crate) matchers: Vec<Matchers>,
    /// For how long: 30m, 2h, 1h30m, up to 90d.
    #[arg(long = "for", value_name = "TIME", value_parser = read::length)]
    pub(crate) length: Span,
    /// From when, with its zone; now, unless said otherwise.
    #[arg(long, value_name = "MOMENT", value_parser = read::moment)]
    pub(crate) from: Option<jiff::Timestamp>,
    /// Why: shown wherever an alert is kept back.
    #[arg(long, value_name = "REASON")]
    pub(crate) why: Reason,
    /// Who adds it; you, unless said otherwise.
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) by: Option<Name>,
}

/// About automatic remediation.
#[derive(Debug, Subcommand)]
pub(crate) enum RemediationCommand {
    /// List what the policy has, and what is under way.
    #[command(after_help = ABOUT_REMEDIATION_LIST)]
    List,
    /// Say how they fared, and which may act by themselves.
    #[command(after_help = ABOUT_REPORT)]
    Report {
        /// Only this one; also one that the policy has no more.
        #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        name: Option<String>,
        /// How many days back: 1 to 365.
        #[arg(long, value_name = "DAYS", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
    },
    /// Approve one that asks for it.
    #[command(after_help = ABOUT_APPROVE_HERE)]
    Approve(Answer),
    /// Decline one that asks for approval.
    #[command(after_help = ABOUT_DECLINE_HERE)]
    Decline(Answer),
    /// Stop it, for whatever has not begun yet.
    #[command(
        after_help = ABOUT_STOP,
        override_usage = "watchkeeper remediation stop (--all | --name <NAME>) --why <REASON>",
        group = clap::ArgGroup::new("which").required(true)
    )]
    Stop {
        /// All of it.
        #[arg(long, group = "which")]
        all: bool,
        /// Only this one.
        #[arg(long, group = "which", value_name = "NAME")]
        name: Option<String>,
        /// Why: shown wherever a remediation is refused.
        #[arg(long, value_name = "REASON")]
        why: Reason,
        /// Who stops it; you, unless said otherwise.
        #[arg(long = "as", value_name = "NAME")]
        by: Option<Name>,
    },
    /// Let it work again.
    #[command(
        after_help = ABOUT_RESUME,
        override_usage = "watchkeeper remediation resume (--all | --name <NAME>)",
        group = clap::ArgGroup::new("which").required(true)
    )]
    Resume {
        /// All of it, but for what was stopped by name.
        #[arg(long, group = "which")]
        all: bool,
        /// Only this one.
        #[arg(long, group = "which", value_name = "NAME")]
        name: Option<String>,
    },
    /// Say what is stopped, since when, by whom and why.
    #[command(after_help = "Example:\n  watchkeeper remediation status")]
    Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(words: &[&str]) -> Manner {
        Manner::of(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn how_to_answer_is_found_wherever_it_stands() {
        assert_eq!(manner(&["watchkeeper", "incident"]), Manner { json: false, color: Color::Auto });
        assert_eq!(manner(&["watchkeeper", "--json", "--color=always"]), Manner { json: true, color: Color::Always });
        assert_eq!(manner(&["watchkeeper", "--color", "never", "x", "--json"]), Manner { json: true, color: Color::Never });
        assert_eq!(manner(&["watchkeeper", "--", "--json"]), Manner { json: false, color: Color::Auto });
    }
}
