//! Can anything be reached from here? Asked when a step could not reach its target.

use std::time::Duration;

use domain::probe::verdict::ControlSeen;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::failed::Failed;
use crate::guard::Guard;
use crate::place::Place;
use crate::watch::Watch;
use crate::{Engine, Run};

/// How long what was seen is taken for true: flows that run together ask once.
const KEPT_FOR: Duration = Duration::from_secs(10);
/// Longest that is waited for a target.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What was last seen of control targets.
#[derive(Debug, Default)]
pub(crate) struct Control {
    last: Mutex<Option<Look>>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    targets: Vec<String>,
    saw: ControlSeen,
}

impl Control {
    /// Whether one of the run's control targets can be reached. The guard is the one of the
    /// flow that wants to know; targets that it refuses say nothing.
    pub(crate) async fn ask(&self, engine: &Engine, run: &Run<'_>, guard: &Guard) -> ControlSeen {
        if run.control.is_empty() {
            return ControlSeen::NotAsked;
        }
        let mut last = self.last.lock().await;
        if let Some(look) = &*last
            && look.at.elapsed() < KEPT_FOR
            && look.targets == run.control
        {
            return look.saw;
        }
        let saw = look(engine, run, guard).await;
        if saw != ControlSeen::NotAsked {
            *last = Some(Look { at: Instant::now(), targets: run.control.to_vec(), saw });
        }
        saw
    }
}

async fn look(engine: &Engine, run: &Run<'_>, guard: &Guard) -> ControlSeen {
    let until = run.deadline.min(Instant::now() + TIMEOUT);
    let attempt = async |target: &String| -> Result<(), Failed> {
        let place = Place::parse(target).map_err(Failed::new)?;
        let mut watch = Watch::start();
        match timeout_at(until, engine.dialer.dial(&place, None, guard, run.at, &mut watch)).await {
            Ok(dialled) => dialled.map(drop),
            Err(_) => Err(Failed::network("no answer")),
        }
    };
    let mut attempts: FuturesUnordered<_> = run.control.iter().map(attempt).collect();
    let mut saw = ControlSeen::NotAsked;
    while let Some(ended) = attempts.next().await {
        match ended {
            Ok(()) => return ControlSeen::Reached,
            Err(failed) if failed.is_network => saw = ControlSeen::Unreachable,
            Err(_) => {}
        }
    }
    saw
}
