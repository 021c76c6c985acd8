//! Users' jobs.

use domain::heartbeat::Verdict;
use jiff::Timestamp;

use super::say;
use super::text::{GREEN, RED, Table, YELLOW, date_and_clock, wrapped};
use crate::heartbeat::Job;

/// A list of heartbeats.
pub(crate) fn heartbeats(jobs: &[Job]) {
    if jobs.is_empty() {
        say!("{}", wrapped("There are no heartbeats. The file of probes has them, under `heartbeats`.", 0));
        return;
    }
    let moment = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), date_and_clock);
    let mut table = Table::new(&["state", "last success", "due by", "heartbeat"]);
    for job in jobs {
        let style = match job.verdict {
            Verdict::Wrong { .. } => RED,
            Verdict::Waiting { .. } => YELLOW,
            Verdict::Running { .. } | Verdict::Well { .. } => GREEN,
        };
        let due_by = job.due.map(|due| job.heartbeat.grace.after(due));
        let name = match job.state.heard.failed().and_then(|failure| failure.exit_code) {
            Some(code) => format!("{} (exit code {code})", job.heartbeat.id),
            None => job.heartbeat.id.clone(),
        };
        table.row(style, &[job.verdict.word().to_owned(), moment(job.success()), moment(due_by), name]);
    }
    say!("{table}");
}

/// The address of a heartbeat, and how a job pings it.
pub(crate) fn heartbeat_url(address: &str) {
    say!("{address}");
    say!();
    say!("It succeeded:       curl -fsS -m 10 --retry 5 -X POST URL");
    say!("It starts:          curl -fsS -m 10 --retry 5 -X POST URL/start");
    say!("It failed:          curl -fsS -m 10 --retry 5 -X POST URL/fail");
    say!("It says itself:     job; curl -fsS -m 10 --retry 5 -X POST URL/$?");
    say!("With its last log:  tail -n 20 LOG | curl ... --data-binary @- URL/1");
}
