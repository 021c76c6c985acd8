//! The tool as a person or a program meets it: the real binary against a region on
//! loopback, in an environment of the test's own making.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is not as it must be")]

mod access;
mod desk;
mod docs;
mod eval;
mod explain;
mod flows;
mod har;
mod heartbeat;
mod help;
mod incident;
mod paint;
mod policy;
mod probe_files;
mod probes;
mod remediation;
mod remediations;
mod replay;
mod silence;
mod site;
mod trial;
