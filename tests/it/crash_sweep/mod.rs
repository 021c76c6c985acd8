//! Nothing is lost and nothing happens twice that matters: every run of the
//! classifier, the escalation and the remediator is ended just before and just
//! after each of its calls, and what comes out is compared with what comes out
//! undisturbed: on record, at what was mended, and on the bus.

mod containers;
mod databases;
mod elsewhere;
mod ending;
mod functions;
mod scenery;
mod stops;

use std::collections::BTreeSet;

use self::ending::{Ending, ending, messages};
use self::scenery::{levers, stage};
use crate::play::{CutAt, Function, Play};
use testkit::world::Moment;

/// What a sweep came to.
#[derive(Debug, Default)]
struct Swept {
    /// How often a run was cut off.
    n_cuts: usize,
    /// How often that led to the other end that is promised.
    n_others: usize,
    /// What had been done then.
    others: BTreeSet<Vec<String>>,
}

/// Plays a story undisturbed, and then once for each way to cut a run of `function`
/// off; every end must be as the undisturbed one. Gives what that is.
async fn sweep(name: &str, story: impl AsyncFn(&mut Play), function: Function) -> (Ending, usize) {
    let (wanted, swept) = sweep_or(name, story, function, |_, _| false).await;
    (wanted, swept.n_cuts)
}

/// The same where something else than the undisturbed end may come out, if `may_be`
/// allows it, given the undisturbed end and this one.
#[expect(clippy::print_stdout, reason = "how much was tried is for whoever runs the test to see")]
async fn sweep_or(
    name: &str,
    story: impl AsyncFn(&mut Play),
    function: Function,
    may_be: impl Fn(&Ending, &Ending) -> bool,
) -> (Ending, Swept) {
    let mut undisturbed = stage().await;
    let before = levers(&undisturbed.world);
    story(&mut undisturbed).await;
    let wanted = ending(&undisturbed, &before).await;
    let wanted_messages = messages(&undisturbed);
    assert!(wanted.incidents.iter().all(|incident| incident.ends_with("true")), "{wanted:#?}");
    let mut swept = Swept::default();
    for cut in cuts(&undisturbed, function) {
        let mut play = stage().await;
        play.cuts = vec![cut];
        story(&mut play).await;
        let at = format!("{name}: {function:?} {cut:?} {:?}", undisturbed.runs[cut.run]);
        assert!(play.undelivered.is_empty(), "{at}: an event was lost");
        let got = ending(&play, &before).await;
        swept.n_cuts += 1;
        if got != wanted && may_be(&wanted, &got) {
            swept.n_others += 1;
            swept.others.insert(got.effects);
            continue;
        }
        assert_eq!(got, wanted, "{at}");
        let got_messages = messages(&play);
        for (message, n) in &wanted_messages {
            let n_got = got_messages.get(message).copied().unwrap_or(0);
            assert!((*n..=n + 1).contains(&n_got), "{at}: {message} came {n_got} times instead of {n}");
        }
        assert_eq!(got_messages.len(), wanted_messages.len(), "{at}: other messages came: {got_messages:#?}");
    }
    println!("crash sweep of {name}: {} cuts of the {function:?}, {} to the other end", swept.n_cuts, swept.n_others);
    (wanted, swept)
}

/// Where the runs of a function are cut off: before and after each call.
///
/// The remediator's many looks are passed over. To end after a call or before the next
/// leaves the same behind, and so do calls that only look; so its runs are cut off
/// before the first call, before each that may change something, and after the last of
/// these. Of runs in a row that make just the same calls, as looks at something that
/// takes its time do, only the first is cut off. `CUTS=all` leaves nothing out.
#[expect(clippy::disallowed_methods, reason = "how much is swept is said on the command line")]
fn cuts(undisturbed: &Play, function: Function) -> Vec<CutAt> {
    let is_all = function != Function::Remediator || std::env::var("CUTS").is_ok_and(|cuts| cuts == "all");
    let mut cuts = Vec::new();
    let mut before = None;
    for (run, made) in undisturbed.runs.iter().enumerate().filter(|(_, run)| run.function == function) {
        if before == Some(&made.calls) && !is_all {
            continue;
        }
        before = Some(&made.calls);
        let last = made.calls.iter().rposition(|call| !is_look(call));
        for (call, name) in made.calls.iter().enumerate() {
            if is_all || call == 0 || !is_look(name) {
                cuts.push(CutAt { run, call, moment: Moment::Before });
            }
            if is_all || last == Some(call) {
                cuts.push(CutAt { run, call, moment: Moment::After });
            }
        }
    }
    cuts
}

/// Whether a call leaves everything as it is. A statement may be a look or not.
fn is_look(call: &str) -> bool {
    let operation = call.rsplit(' ').next().unwrap_or_default();
    ["Get", "BatchGet", "Query", "Describe", "List"].iter().any(|verb| operation.starts_with(verb))
}
