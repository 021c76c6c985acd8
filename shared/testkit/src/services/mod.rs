//! Stand-ins that a region in the test process and the local stack have in common:
//! each holds its state, is told the time, and answers calls.

pub mod automations;
pub mod deployments;
pub mod sessions;
