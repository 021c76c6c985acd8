//! Is a flow down? What its runs say, Region by Region, and what the Regions say together.
//!
//! In a Region a flow is *down* once so many of its last runs were down, and up again
//! after so many good ones in a row ([`AlertRule`](super::flow::AlertRule)). A run that is
//! degraded is good here: it is right, and slowness has its own alarms. One that is unknown
//! is neither good nor bad; it is as if it had not been.
//!
//! A flow is down once it is down in so many Regions that are heard
//! ([`Regions::quorum`](super::flow::Regions)). It is up again once it is down in fewer.
//! A Region that has fallen silent makes nothing down; it keeps down what is down until it
//! is heard again or taken from the file, for silence is no recovery.

mod flow;
mod region;

pub use self::flow::{Failing, FlowState, SILENT_AFTER, judge};
pub use self::region::{BadRun, RUNS_MAX, RegionState, RunSeen};

#[cfg(test)]
mod tests;
