//! What else is known of a probes file: which lists are read item by item, and what is
//! said of keys that people know from other tools.

use crate::policy::shape::{Form, Instead, Nest};

/// What a probes file is like.
pub(super) const PROBES: Form =
    Form { needed: &[], nests: &[Nest { key: "flows", lists: &["steps", "cleanup"], is_recursive: false }], instead: &INSTEAD };

/// What takes the place of a key that is not here, by the end of the path that it stands
/// at.
const INSTEAD: [Instead; 12] = [
    (
        &["url", "method"],
        "steps",
        "the method is the key, and the address its value; write `get: https://…`, or `request: {method: …, url: …}`",
    ),
    (
        &["asserts", "assert", "assertions", "conditions", "check", "checks", "status"],
        "steps",
        "what must be true of an answer stands under `expect`; write `expect: [status == 200]`",
    ),
    (
        &["basic_auth", "auth", "basicauth"],
        "steps",
        "write the header field: `headers: {Authorization: \"Basic ${secret.NAME}\"}`, where the secret is what `user:password` \
         is in Base64",
    ),
    (&["bearer_token", "token"], "steps", "write the header field: `headers: {Authorization: \"Bearer ${secret.NAME}\"}`"),
    (
        &["retry", "retries", "retry_interval"],
        "steps",
        "a step is not tried again: `alert` of the flow says how many runs must fail before people hear of it",
    ),
    (&["cookies", "cookie"], "steps", "cookies are kept within a flow; write others as a header field `Cookie`"),
    (&["insecure", "insecure_skip_verify", "ignore_ssl"], "steps", "write `verify_tls: false`"),
    (&["interval", "frequency", "schedule", "cron"], "flows", "how often a flow is run stands at `every`; write `every: 1m`"),
    (&["name"], "flows", "a flow goes by its `id`; write `id: NAME`"),
    (&["severity"], "flows", "how urgent it is stands at `priority`; write `priority: P1`"),
    (
        &["variables", "vars"],
        "",
        "there are no variables of the file: write values where they belong, and secrets under `secrets`",
    ),
    (&["control"], "defaults", "control targets hold for the whole file; write `control` at the top"),
];
