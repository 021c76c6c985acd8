//! The guards that every action has in common.

use serde_json::{Value, json};

use super::case::Case;
use super::thing::{CLUSTER, Service, Thing};

/// More tasks: what most of these cases do. `more` is what else the policy says.
pub(super) fn scale_out(more: &Value) -> Value {
    let mut remediation = json!({"action": "ecs-scale-out", "parameters": {"add_percent": 50}, "revert": {"hold_down": "1m"}});
    for (key, value) in more.as_object().into_iter().flatten() {
        remediation[key] = value.clone();
    }
    remediation
}

/// What a scale-out of two tasks says, and what it leaves behind.
const RAISES: &str = "raise the minimum capacity of";
const RAISED: [&str; 2] = ["from 3 to 6", "from 2 to 6"];

/// A case in which it acts: two tasks become three, and two again.
fn allowed(name: &'static str, more: &Value) -> Case {
    Case::new(name, scale_out(more), Service::default().into()).puts_back(RAISES, &RAISED)
}

/// A case in which it could act.
fn asked(name: &'static str, more: &Value) -> Case {
    Case::new(name, scale_out(more), Service::default().into())
}

pub(super) fn cases() -> Vec<Case> {
    let none = &json!({});
    let half_as_many_again = |limit: u32| json!({"limits": {"blast_radius_percent": limit}});
    let unmanaged = Service { is_managed: false, ..Service::default() };
    vec![
        // One of the two is stopped by name, and one of the two is in a window: see
        // `prepare` of the module.
        asked("kill-switch-refuses", none).refused("kill-switch", "remediation is stopped by operator"),
        allowed("kill-switch-allows", none),
        asked("suppressed-refuses", none).refused("suppressed", "the alert is suppressed: maintenance window"),
        allowed("suppressed-allows", none),
        asked("policy-observes", &json!({"mode": "observe"})).observes("observes only; it would raise the minimum capacity of"),
        allowed("policy-acts", &json!({"mode": "act"})),
        Case::new("target-missing", scale_out(none), Thing::Nothing)
            .naming(json!({"ClusterName": CLUSTER, "ServiceName": "guards-nowhere"}))
            .refused("target", "ECS service guards/guards-nowhere does not exist"),
        Case::new("target-unnamed", scale_out(none), Thing::Nothing)
            .refused("target", "the alert names nothing to act on, and its service's catalogue entry neither"),
        allowed("target-named", none),
        // The catalogue has it: see `policy` of the module.
        allowed("target-catalogue", none).naming(json!({})),
        asked("blackout-refuses", &json!({"blackout": ["guards-always"]}))
            .refused("blackout", "nothing is done in time interval `guards-always`"),
        allowed("blackout-allows", &json!({"blackout": ["guards-never"]})),
        // The drill divides waiting times by sixty, but not this.
        asked("event-age-refuses", none).minutes_old(16).refused("event-age", "and at most 15 min is acted on"),
        allowed("event-age-allows", none).minutes_old(14),
        Case::new("tag-refuses", scale_out(none), unmanaged.into()).refused("tag", "lacks the tag watchkeeper=managed"),
        allowed("tag-allows", none),
        asked("blast-radius-refuses", &half_as_many_again(49))
            .refused("blast-radius", "it would touch 50 % of the capacity, and at most 49 % may be"),
        allowed("blast-radius-allows", &half_as_many_again(50)),
    ]
}
