//! Answer questions about a policy: JSON Lines in, JSON Lines out.
//!
//! For other programs, which ask a great deal: what it costs to start the tool and
//! to read the policy is paid once, and an answer about a route is only looked up.

mod answer;
mod lines;
mod question;
mod routes;

use std::io::{BufReader, BufWriter, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;

use self::answer::Answerer;
use self::lines::Broken;
use crate::args::Global;
use crate::fault::Fault;
use crate::file::{Kind, SourceFile};

/// Bytes that are read and written at a time.
const BUFFER: usize = 256 * 1024;

pub(crate) const ABOUT: &str = "\
One request a line on standard input, one answer a line on standard output, in
the same order. Whoever waits for an answer before asking again gets it at once.
What is no request is answered with {\"error\":\"...\"}, and the next line is read.
The exit code is 0 at the end of the input, 1 if the policy has mistakes, 2 if
there is no such file.

Which routes do these labels lead to, as they stand and not classified?
  {\"route\":{\"labels\":{\"team\":\"api\",\"priority\":\"P1\"}}}
Does a moment lie in a time interval?
  {\"interval\":{\"name\":\"night\",\"at\":\"2026-03-29T01:30:00Z\"}}
Is an alert held back by those that are firing, and why?
  {\"inhibit\":{\"labels\":{\"team\":\"api\"},\"firing\":[{\"team\":\"database\"}]}}
What is an event about? Any event that Watchkeeper takes, in any envelope; `at`
may be left out if the event says when it happened.
  {\"classify\":{\"event\":{\"AlarmName\":\"cpu\"},\"at\":\"2026-03-29T01:30:00Z\"}}
Who is on call in a schedule, and until when?
  {\"oncall\":{\"schedule\":\"primary\",\"at\":\"2026-03-29T01:30:00Z\"}}
Who is told when, in the 24 hours after an alert with these labels goes off, if
nobody answers and nothing recovers?
  {\"timeline\":{\"labels\":{\"alertname\":\"cpu\"},\"at\":\"2026-03-29T01:30:00Z\"}}

Example:
  watchkeeper policy eval infra/policy/policy.yaml";

/// What is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    /// The file, in YAML or JSON.
    pub(crate) file: PathBuf,
}

pub(crate) fn run(_: &Global, args: &EvalArgs) -> Result<(), Fault> {
    let policy = Arc::new(SourceFile::open(&args.file, Kind::Policy)?.right_policy()?);
    let answerer = Answerer::new(&policy);
    let input = BufReader::with_capacity(BUFFER, std::io::stdin().lock());
    let output = BufWriter::with_capacity(BUFFER, std::io::stdout().lock());
    match lines::answer_all(&answerer, input, output) {
        Ok(()) => Ok(()),
        // Whoever asked has gone: nobody is left to tell.
        Err(Broken::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Broken::Output(error)) => Err(Fault::No(format!("the answers cannot be written: {error}"))),
        Err(Broken::Input(error)) => Err(Fault::Usage(format!("standard input cannot be read: {error}"))),
    }
}
