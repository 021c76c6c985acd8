//! The functions' real code in one process: laws that must hold whatever happens.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is not as it must be")]

mod amtool;
mod bad_input;
mod channels;
mod concurrency;
mod console;
mod crash_sweep;
mod heartbeats;
mod play;
mod policy;
mod probes;
mod reconcile;
mod requests;
mod servers;
mod simulation;
mod slack;
mod stage;
mod stand_ins;
mod sweeper;
mod watchdog;
