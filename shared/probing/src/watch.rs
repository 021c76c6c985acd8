//! How long do the parts of a step take, and which of them is it at?

use std::time::Duration;

use domain::probe::Phases;
use tokio::time::Instant;

/// A part of a step. One begins where the one before ends, so that they add up to the
/// whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What has no name of its own: preparing, and thinking about an answer.
    Own,
    /// The address is looked up.
    Dns,
    /// A connection is made.
    Connect,
    /// TLS is agreed on.
    Tls,
    /// A request is sent, and its answer has not begun to come.
    FirstByte,
    /// The answer comes.
    Reading,
}

impl Part {
    /// What was going on, as part of a sentence.
    pub(crate) const fn doing(self) -> &'static str {
        match self {
            Part::Own => "preparing the request",
            Part::Dns => "looking up the address",
            Part::Connect => "connecting",
            Part::Tls => "agreeing on TLS",
            Part::FirstByte => "waiting for the answer to begin",
            Part::Reading => "reading the answer",
        }
    }
}

/// Measures the parts of a step.
#[derive(Debug)]
pub(crate) struct Watch {
    begun: Instant,
    part: Part,
    since: Instant,
    past: Phases,
    is_stopped: bool,
}

impl Watch {
    /// One that begins now.
    pub(crate) fn start() -> Watch {
        let now = Instant::now();
        Watch { begun: now, part: Part::Own, since: now, past: Phases::default(), is_stopped: false }
    }

    /// Ends the part at hand and begins `part`. A part that was there before goes on
    /// adding up.
    pub(crate) fn enter(&mut self, part: Part) {
        let now = Instant::now();
        if !self.is_stopped {
            add(&mut self.past, self.part, now - self.since);
        }
        (self.part, self.since) = (part, now);
    }

    /// Ends the measuring at a moment after the last part began: what follows is not the
    /// target's time, such as the pause by which it is known that no more comes.
    pub(crate) fn stop_at(&mut self, moment: Instant) {
        if !self.is_stopped {
            add(&mut self.past, self.part, moment - self.since);
            self.past.total = Some(moment - self.begun);
            self.is_stopped = true;
        }
    }

    /// Which part it is at.
    pub(crate) const fn part(&self) -> Part {
        self.part
    }

    /// How long the parts have taken until now; those that were never entered are missing.
    pub(crate) fn phases(&self) -> Phases {
        let now = Instant::now();
        let mut phases = self.past;
        if self.is_stopped {
            return phases;
        }
        add(&mut phases, self.part, now - self.since);
        phases.total = Some(now - self.begun);
        phases
    }
}

fn add(phases: &mut Phases, part: Part, took: Duration) {
    let phase = match part {
        Part::Own | Part::Reading => return,
        Part::Dns => &mut phases.dns,
        Part::Connect => &mut phases.connect,
        Part::Tls => &mut phases.tls,
        Part::FirstByte => &mut phases.ttfb,
    };
    *phase = Some(phase.unwrap_or_default() + took);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn parts_add_up_to_the_whole_also_when_one_comes_twice() {
        let mut watch = Watch::start();
        for (part, ms) in [(Part::Dns, 3), (Part::Connect, 5), (Part::FirstByte, 7), (Part::Reading, 11), (Part::FirstByte, 13)] {
            watch.enter(part);
            tokio::time::advance(Duration::from_millis(ms)).await;
        }
        let phases = watch.phases();
        let ms = |ms| Some(Duration::from_millis(ms));
        let expected = Phases { dns: ms(3), connect: ms(5), tls: None, ttfb: ms(20), total: ms(39) };
        assert_eq!(phases, expected);
        assert_eq!(watch.part(), Part::FirstByte);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_after_it_was_stopped_is_not_measured() {
        let mut watch = Watch::start();
        watch.enter(Part::FirstByte);
        tokio::time::advance(Duration::from_millis(7)).await;
        let moment = Instant::now();
        tokio::time::advance(Duration::from_millis(300)).await;
        watch.stop_at(moment);
        watch.enter(Part::Connect);
        tokio::time::advance(Duration::from_millis(11)).await;
        watch.stop_at(Instant::now());
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(watch.phases(), Phases { ttfb: ms(7), total: ms(7), ..Phases::default() });
    }
}
