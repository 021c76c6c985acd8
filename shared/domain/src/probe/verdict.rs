//! What does a run say of its flow?
//!
//! | What happened | Verdict |
//! |---|---|
//! | a step was not right | down |
//! | a step's network failed, and so did the control targets' | unknown |
//! | the run's time was over before its steps were | unknown |
//! | the run could not begin: a secret that cannot be read | unknown |
//! | all is right, but not all in time | degraded |
//! | all is as it must be | up |
//!
//! What is wrong with the cleanup is said, and changes nothing: the user's way was good.

use super::report::{StepReport, Verdict};

/// How the steps of a run ended, as the one who took them knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All steps were taken; some may have been slow.
    Complete,
    /// The last step that was taken was not right, and none was taken after it.
    Failed {
        /// Whether it could not reach its target, as opposed to having had an answer that
        /// was not right: nothing resolved, connected or came back.
        is_network: bool,
    },
    /// The run's time was over, before or within the step after those that are reported.
    OutOfTime,
    /// No step was taken. Why is a sentence without secrets.
    NotBegun(String),
}

/// What was seen of the control targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlSeen {
    /// There was no reason to ask, or there are none.
    NotAsked,
    /// At least one was reached.
    Reached,
    /// None was reached.
    Unreachable,
}

/// What a run says of its flow, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// What it says.
    pub verdict: Verdict,
    /// The first step that was not right, or too slow; from 1.
    pub failed_step: Option<usize>,
    /// Why it is not up, and what is wrong with the cleanup; sentences, the most important
    /// first.
    pub because: Vec<String>,
}

/// Decides what a run says.
///
/// `n_steps` is how many steps the flow has, `steps` those that were taken.
pub fn conclude(
    n_steps: usize,
    steps: &[StepReport],
    cleanup: &[StepReport],
    ending: &Ending,
    control: ControlSeen,
) -> Conclusion {
    let wrong = steps.iter().find(|step| !step.ok && !step.slow);
    let slow = steps.iter().find(|step| step.slow);
    let mut because = Vec::new();
    let verdict = match (wrong, ending) {
        (Some(step), Ending::Failed { is_network: true }) if control == ControlSeen::Unreachable => {
            because.push("nothing can be said: the control targets cannot be reached from here either".to_owned());
            tell(&mut because, step);
            Verdict::Unknown
        }
        (Some(step), _) => {
            tell(&mut because, step);
            Verdict::Down
        }
        (None, Ending::Failed { .. }) => {
            because.push(format!("step {} was not right", steps.len().max(1)));
            Verdict::Down
        }
        (None, Ending::OutOfTime) => {
            let n_left = n_steps.saturating_sub(steps.len());
            because.push(format!("the run's time was over: {n_left} of {n_steps} steps did not come to an end"));
            Verdict::Unknown
        }
        (None, Ending::NotBegun(why)) => {
            because.push(why.clone());
            Verdict::Unknown
        }
        (None, Ending::Complete) if slow.is_some() => Verdict::Degraded,
        (None, Ending::Complete) => Verdict::Up,
    };
    for step in steps.iter().filter(|step| step.slow) {
        tell(&mut because, step);
    }
    for step in cleanup.iter().filter(|step| !step.ok && !step.slow) {
        let why = step.because.first().map_or("it was not right", String::as_str);
        because.push(format!("cleanup, step {} ({}): {why}", step.step, step.name));
    }
    let failed = wrong.or(slow.filter(|_| verdict == Verdict::Degraded)).map(|step| step.step);
    let failed_step = match ending {
        Ending::Failed { .. } => failed.or(Some(steps.len().max(1))),
        Ending::Complete | Ending::OutOfTime | Ending::NotBegun(_) => failed,
    };
    Conclusion { verdict, failed_step, because }
}

/// Adds why a step was not as it must be.
fn tell(because: &mut Vec<String>, step: &StepReport) {
    let of = format!("step {} ({})", step.step, step.name);
    if step.because.is_empty() {
        because.push(format!("{of} was not right"));
    }
    because.extend(step.because.iter().map(|why| format!("{of}: {why}")));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::law::law;
    use crate::probe::report::Phases;

    /// A step for each letter: `+` right, `~` slow, `-` wrong.
    fn steps(letters: &str, first: usize) -> Vec<StepReport> {
        let step = |(step, letter): (usize, char)| StepReport {
            step,
            name: format!("GET /{step}"),
            kind: "http".to_owned(),
            ok: letter == '+',
            slow: letter == '~',
            status: None,
            phases_ms: Phases::default(),
            captures: Vec::new(),
            because: match letter {
                '+' => Vec::new(),
                '~' => vec!["expected time.total < 1s; time.total is 2.00s".to_owned()],
                _ => vec!["expected status == 200; status is 500".to_owned()],
            },
            evidence: None,
        };
        (first..).zip(letters.chars()).map(step).collect()
    }

    fn told(letters: &str, cleanup: &str, ending: &Ending, control: ControlSeen) -> String {
        let concluded = conclude(3, &steps(letters, 1), &steps(cleanup, 4), ending, control);
        let failed = concluded.failed_step.map_or("-".to_owned(), |step| step.to_string());
        format!("{} {failed}: {}", concluded.verdict.word(), concluded.because.join("; "))
    }

    #[test]
    fn a_run_says_what_the_table_says() {
        use ControlSeen::{NotAsked, Reached, Unreachable};
        use Ending::{Complete, Failed, NotBegun, OutOfTime};
        const WRONG: &str = "expected status == 200; status is 500";
        const SLOW: &str = "expected time.total < 1s; time.total is 2.00s";
        let answered = Failed { is_network: false };
        let network = Failed { is_network: true };
        for (letters, cleanup, ending, control, wanted) in [
            ("+++", "", Complete, NotAsked, "up -: ".to_owned()),
            ("", "", Complete, NotAsked, "up -: ".to_owned()),
            ("+~+", "+", Complete, NotAsked, format!("degraded 2: step 2 (GET /2): {SLOW}")),
            ("+-", "", answered.clone(), NotAsked, format!("down 2: step 2 (GET /2): {WRONG}")),
            ("+-", "", answered.clone(), Unreachable, format!("down 2: step 2 (GET /2): {WRONG}")),
            ("~-", "", answered, NotAsked, format!("down 2: step 2 (GET /2): {WRONG}; step 1 (GET /1): {SLOW}")),
            ("-", "", network.clone(), Reached, format!("down 1: step 1 (GET /1): {WRONG}")),
            ("-", "", network.clone(), NotAsked, format!("down 1: step 1 (GET /1): {WRONG}")),
            (
                "-",
                "",
                network,
                Unreachable,
                format!(
                    "unknown 1: nothing can be said: the control targets cannot be reached from here either; step 1 (GET /1): {WRONG}"
                ),
            ),
            ("+", "", OutOfTime, NotAsked, "unknown -: the run's time was over: 2 of 3 steps did not come to an end".to_owned()),
            (
                "~",
                "",
                OutOfTime,
                NotAsked,
                format!("unknown -: the run's time was over: 2 of 3 steps did not come to an end; step 1 (GET /1): {SLOW}"),
            ),
            ("+-", "", OutOfTime, NotAsked, format!("down 2: step 2 (GET /2): {WRONG}")),
            (
                "",
                "",
                NotBegun("the secret `password` cannot be read".to_owned()),
                NotAsked,
                "unknown -: the secret `password` cannot be read".to_owned(),
            ),
            ("+++", "-", Complete, NotAsked, format!("up -: cleanup, step 4 (GET /4): {WRONG}")),
            ("++~", "+-", Complete, NotAsked, format!("degraded 3: step 3 (GET /3): {SLOW}; cleanup, step 5 (GET /5): {WRONG}")),
        ] {
            assert_eq!(told(letters, cleanup, &ending, control), wanted, "{letters} {cleanup} {ending:?} {control:?}");
        }
    }

    proptest! {
        #![proptest_config(law())]

        #[test]
        fn the_cleanup_changes_nothing_but_what_is_said(letters in "[+~]{0,3}-?", cleanup in "[+~-]{0,3}", is_network in any::<bool>()) {
            let ending = if letters.ends_with('-') { Ending::Failed { is_network } } else { Ending::Complete };
            let without = conclude(4, &steps(&letters, 1), &[], &ending, ControlSeen::Reached);
            let with = conclude(4, &steps(&letters, 1), &steps(&cleanup, 5), &ending, ControlSeen::Reached);
            prop_assert_eq!((with.verdict, with.failed_step), (without.verdict, without.failed_step));
            prop_assert!(with.because.starts_with(&without.because));
            prop_assert_eq!(with.verdict == Verdict::Down, letters.ends_with('-'));
            prop_assert_eq!(with.verdict == Verdict::Up, letters.chars().all(|letter| letter == '+'));
            prop_assert_eq!(with.failed_step.is_some(), with.verdict != Verdict::Up);
        }
    }
}
