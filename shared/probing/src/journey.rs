//! What does a step need of the flow that it is a part of?

use cookie_store::CookieStore;
use domain::probe::expect::{Expectation, Subject};
use domain::probe::secret::Secrets;
use domain::probe::template::{Template, Values};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::Credentials;
use crate::connections::Connections;
use crate::dial::{Connection, Dialer};
use crate::failed::Failed;
use crate::guard::Guard;
use crate::place::Place;
use crate::recorder::Recorder;
use crate::tls::TlsAsk;
use crate::watch::Watch;

/// A flow that is under way. Steps take from it what they need, and leave in it what the
/// steps after them need.
#[derive(Debug)]
pub(crate) struct Journey<'a> {
    /// Reaches targets.
    pub(crate) dialer: &'a Dialer,
    /// Most bytes of an answer that are read, also after decompression.
    pub(crate) body_max: usize,
    /// Where the flow may go.
    pub(crate) guard: Guard,
    /// What variables stand for.
    pub(crate) values: Values,
    /// What nobody may read. Whoever keeps or tells anything masks it; what a step gives
    /// back is masked for it.
    pub(crate) secrets: Secrets,
    /// The flow's cookies.
    pub(crate) cookies: CookieStore,
    /// The step at hand, from 1.
    pub(crate) step: usize,
    /// When the step at hand must be over. It is cut off then: a step need not look at it,
    /// unless it wants to end by itself before.
    pub(crate) limit: Instant,
    /// Measures the step at hand: a step says which part it enters. The phases of what it
    /// gives back are filled from here.
    pub(crate) watch: Watch,
    /// When the run began, …
    pub(crate) at: Timestamp,
    /// … by the clock that measures.
    pub(crate) begun: Instant,
    /// By what Amazon Web Services know the prober, if it may ask them anything.
    pub(crate) credentials: Option<&'a Credentials>,
    /// What is wrong with the answer of the step at hand, although there is one.
    pub(crate) faults: Vec<Fault>,
    /// What helps whoever looks for the cause, besides the answer: what was asked.
    pub(crate) asked: Option<String>,
    /// Connections that can be used again.
    pub(crate) connections: Connections,
    /// Keeps requests and answers, if they are to be kept.
    pub(crate) recorder: Recorder,
}

/// Something that is wrong with an answer by itself, whatever the step expects of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What, as a sentence. Secrets in it are masked later.
    pub(crate) because: String,
    /// Whether it is one if the step expects something of the same thing.
    pub(crate) counts: Counts,
}

/// When something is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Always.
    Always,
    /// Unless the step expects something of the status.
    UnlessStatusIsExpected,
    /// Unless the step expects something of the body.
    UnlessBodyIsExpected,
}

impl Fault {
    /// Whether it is one in a step with these expectations.
    pub(crate) fn is_one(&self, expect: &[Expectation]) -> bool {
        match self.counts {
            Counts::Always => true,
            Counts::UnlessStatusIsExpected => !expect.iter().any(Expectation::is_about_status),
            Counts::UnlessBodyIsExpected => !expect.iter().any(|expectation| *expectation.subject() == Subject::Body),
        }
    }
}

impl Journey<'_> {
    /// Notes that something is wrong with the answer.
    pub(crate) fn blame(&mut self, because: impl Into<String>, counts: Counts) {
        self.faults.push(Fault { because: because.into(), counts });
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        let since = SignedDuration::try_from(self.begun.elapsed()).unwrap_or(SignedDuration::MAX);
        self.at.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    /// A text with what its variables stand for.
    ///
    /// # Errors
    /// The variable that stands for nothing.
    pub(crate) fn fill(&self, template: &Template) -> Result<String, Failed> {
        template.fill(&self.values).map_err(Failed::unfilled)
    }

    /// Reaches a place, and agrees on TLS if that is asked for.
    ///
    /// # Errors
    /// Why it was not reached.
    pub(crate) async fn dial(&mut self, place: &Place, tls: Option<&TlsAsk>) -> Result<Connection, Failed> {
        let now = self.now();
        self.dialer.dial(place, tls, &self.guard, now, &mut self.watch).await
    }
}
