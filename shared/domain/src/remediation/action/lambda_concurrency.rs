//! More reserved concurrency for a Lambda function that is throttled, or less for
//! one that does harm.
//!
//! A reservation is a floor and a ceiling at once. So a function that has none is
//! never "raised": it may use all that nobody has reserved, and any number that AWS
//! would take is less than that.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lambda::{LambdaFacts, of_labels, of_service};
use super::{Attempt, Lacking, Planned, Recipe, Seen, Standing, Tags};
use crate::classify::Service;
use crate::labels::Labels;
use crate::remediation::{Refusal, Target};

/// The largest step, in percent of what is reserved.
const RAISE_PERCENT_MAX: u32 = 900;

/// How many executions AWS keeps for all functions without a reservation together,
/// by the documentation of `PutFunctionConcurrency`. Accounts with small quotas are
/// held to fewer; for these, this is on the safe side.
const UNRESERVED_MIN: u32 = 100;

/// Another reserved concurrency for a Lambda function; just one of `raise_to`,
/// `raise_by_percent` and `throttle_to`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LambdaConcurrency {
    /// More, to this many; at least 1.
    pub raise_to: Option<u32>,
    /// More by this much, in percent of what is reserved, rounded up; 1 to 900.
    pub raise_by_percent: Option<u32>,
    /// With `raise_by_percent`: never more than this many. Needed there.
    pub max: Option<u32>,
    /// Fewer, to this many. 0 stops the function.
    pub throttle_to: Option<u32>,
}

/// Another reserved concurrency, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LambdaConcurrencyPlan {
    /// The function's name.
    pub function: String,
    /// What was reserved, if anything was; it is put back to this.
    pub before: Option<u32>,
    /// What is reserved then.
    pub after: u32,
}

impl LambdaConcurrencyPlan {
    /// Whether fewer may run then. What had no reservation is never raised.
    fn is_throttle(&self) -> bool {
        self.before.is_none_or(|before| self.after < before)
    }
}

impl LambdaConcurrency {
    /// What is reserved after a raise.
    fn raised(&self, facts: &LambdaFacts) -> Result<u32, Refusal> {
        let Some(before) = facts.reserved else {
            let why = format!(
                "the function has no reserved concurrency: it may use all {} executions that nobody has reserved, \
                 and to reserve some would throttle it",
                facts.unreserved
            );
            return Err(Refusal::unfit("unreserved", why));
        };
        if before == 0 {
            let why = "its reserved concurrency is 0: somebody has stopped the function, and that is theirs to undo";
            return Err(Refusal::unfit("stopped", why));
        }
        let after = self.raise_to.unwrap_or_else(|| {
            let percent = 100 + u64::from(self.raise_by_percent.unwrap_or(0));
            let goal = u32::try_from((u64::from(before) * percent).div_ceil(100)).unwrap_or(u32::MAX);
            goal.min(self.max.unwrap_or(before))
        });
        if after <= before {
            let why = format!("its reserved concurrency is {before} already, and {after} is not more");
            return Err(Refusal::unfit("headroom", why));
        }
        Ok(after)
    }
}

/// What is reserved after a throttle.
fn throttled(to: u32, facts: &LambdaFacts) -> Result<u32, Refusal> {
    let present = facts.present();
    if to >= present {
        let why = format!("at most {present} of it may run at a time already, and {to} is not fewer");
        return Err(Refusal::unfit("throttle", why));
    }
    Ok(to)
}

/// Refuses to take so much that too little is left for functions without a
/// reservation; gives how much is left.
fn must_leave_enough(after: u32, facts: &LambdaFacts) -> Result<u32, Refusal> {
    let taken = after.saturating_sub(facts.reserved.unwrap_or(0));
    let left = facts.unreserved.saturating_sub(taken);
    if taken > 0 && left < UNRESERVED_MIN {
        let why = format!(
            "{taken} more would leave {left} of the {} executions that nobody has reserved, and {UNRESERVED_MIN} must stay",
            facts.unreserved
        );
        return Err(Refusal::unfit("account-pool", why));
    }
    Ok(left)
}

impl Recipe for LambdaConcurrency {
    type Facts = LambdaFacts;
    type Plan = LambdaConcurrencyPlan;

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let given = [self.raise_to, self.raise_by_percent, self.throttle_to].into_iter().flatten().count();
        if given != 1 {
            let text = "write just one of `raise_to`, `raise_by_percent` and `throttle_to`";
            problems.push(("raise_to", text.to_owned()));
        }
        if self.raise_to == Some(0) {
            problems.push(("raise_to", "0 is never more; write 1 or more, or `throttle_to: 0` to stop it".to_owned()));
        }
        match (self.raise_by_percent, self.max) {
            (Some(percent), _) if !(1..=RAISE_PERCENT_MAX).contains(&percent) => {
                let text = format!("`{percent}` is not from 1 to {RAISE_PERCENT_MAX}; 50 is half as much again");
                problems.push(("raise_by_percent", text));
            }
            (Some(_), None) => problems.push(("max", "say with `raise_by_percent` where it ends".to_owned())),
            (None, Some(_)) => problems.push(("max", "it bounds `raise_by_percent`, which is not there".to_owned())),
            (Some(_), Some(_)) | (None, None) => {}
        }
        problems
    }

    fn is_disruptive(&self, _: usize) -> bool {
        self.throttle_to.is_some()
    }

    fn target_of_labels(&self, labels: &Labels) -> Option<Target> {
        of_labels(labels)
    }

    fn target_of_service(&self, service: &Service) -> Option<Target> {
        of_service(service)
    }

    fn tags(facts: &LambdaFacts) -> &Tags {
        &facts.tags
    }

    /// What is touched is the share of its executions that is taken from a function,
    /// or the share that is added to them.
    fn plan(&self, attempt: Attempt<'_>, facts: &LambdaFacts) -> Result<Planned<LambdaConcurrencyPlan>, Refusal> {
        facts.must_be_active()?;
        facts.must_not_be_updating()?;
        let after = match self.throttle_to {
            Some(to) => throttled(to, facts)?,
            None => self.raised(facts)?,
        };
        let left = must_leave_enough(after, facts)?;
        let mut caveats = Vec::new();
        if after == 0 {
            caveats.push(
                "THIS STOPS THE FUNCTION: until it is put back every call is refused; asynchronous events wait for at \
                 most 6 hours and are lost then, unless they have somewhere else to go"
                    .to_owned(),
            );
        }
        if after > facts.reserved.unwrap_or(0) {
            caveats.push(format!("all functions without reserved concurrency have {left} executions left together"));
        }
        let present = facts.present();
        let changed = u64::from(present.abs_diff(after)) * 100;
        let touched_percent = u32::try_from(changed.div_ceil(u64::from(present.max(1)))).unwrap_or(u32::MAX);
        let plan = LambdaConcurrencyPlan { function: attempt.target.name.clone(), before: facts.reserved, after };
        Ok(Planned { plan, touched_percent, caveats })
    }

    fn sentence(plan: &LambdaConcurrencyPlan) -> String {
        let LambdaConcurrencyPlan { function, after, .. } = plan;
        let before = amount(plan.before);
        match after {
            0 => format!("STOP {function}: set its reserved concurrency from {before} to 0, so that no call is taken"),
            _ if plan.is_throttle() => format!("throttle {function}: set its reserved concurrency from {before} to {after}"),
            _ => format!("raise the reserved concurrency of {function} from {before} to {after}"),
        }
    }

    fn is_covered(asked: &LambdaConcurrencyPlan, plan: &LambdaConcurrencyPlan) -> bool {
        let is_no_more = if asked.is_throttle() { plan.after >= asked.after } else { plan.after <= asked.after };
        asked.function == plan.function && asked.is_throttle() == plan.is_throttle() && is_no_more
    }

    fn seen(plan: &LambdaConcurrencyPlan, facts: &LambdaFacts, _: Timestamp) -> Seen {
        match Self::standing(plan, facts) {
            Standing::Ours => Seen::Done,
            Standing::Undone => Seen::NotDone,
            Standing::Lost(why) => Seen::Gone(why),
        }
    }

    fn in_place(plan: &LambdaConcurrencyPlan, facts: &LambdaFacts) -> Result<(), Lacking> {
        if facts.reserved == Some(plan.after) {
            Ok(())
        } else {
            Err(Lacking::Yet(format!("the reserved concurrency is {}, not {}", amount(facts.reserved), plan.after)))
        }
    }

    fn is_put_back(_: &LambdaConcurrencyPlan) -> bool {
        true
    }

    fn undoing(plan: &LambdaConcurrencyPlan) -> String {
        match plan.before {
            Some(before) => format!("put the reserved concurrency of {} back to {before}", plan.function),
            None => format!("remove the reserved concurrency of {}, which had none", plan.function),
        }
    }

    fn standing(plan: &LambdaConcurrencyPlan, facts: &LambdaFacts) -> Standing {
        let now = facts.reserved;
        if now == Some(plan.after) {
            Standing::Ours
        } else if now == plan.before {
            Standing::Undone
        } else {
            let (now, before) = (amount(now), amount(plan.before));
            let why = format!("the reserved concurrency is {now} now, set by somebody else: neither {before} nor {}", plan.after);
            Standing::Lost(why)
        }
    }

    fn differences(plan: &LambdaConcurrencyPlan, facts: &LambdaFacts) -> Vec<String> {
        if facts.reserved == plan.before {
            return Vec::new();
        }
        vec![format!("the reserved concurrency is {}, not {}", amount(facts.reserved), amount(plan.before))]
    }
}

/// A reserved concurrency as people say it.
fn amount(reserved: Option<u32>) -> String {
    reserved.map_or_else(|| "none".to_owned(), |n| n.to_string())
}
