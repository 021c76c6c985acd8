//! Which variables does a flow use?

use std::collections::BTreeSet;

use domain::probe::Flow;
use domain::probe::expect::Expectation;

/// What the names of secrets begin with.
pub(super) const SECRET: &str = "secret.";

/// The names of the variables that a flow's steps use, those of its cleanup as well.
pub(super) fn of(flow: &Flow) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for step in flow.steps.iter().chain(&flow.cleanup) {
        for template in step.kind.templates() {
            names.extend(template.variables().map(str::to_owned));
        }
        names.extend(step.expect.iter().flat_map(Expectation::variables));
    }
    names
}

/// The names of the secrets among them, as the file has them.
pub(super) fn secrets(flow: &Flow) -> BTreeSet<String> {
    of(flow).iter().filter_map(|name| name.strip_prefix(SECRET)).map(str::to_owned).collect()
}
