//! Stand-ins that a region in the test process and the local stack have in common:
//! they hold what a service remembers, are told the time, and answer calls.

pub mod automations;
pub mod deployments;
pub mod moves;
pub mod scaling;
pub mod sessions;
