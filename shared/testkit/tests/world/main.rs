//! The region's stand-ins, asked by hand: they answer as the services do.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is not as it must be")]

mod client;
mod databases;
mod ecs;
mod functions;
mod queues;
mod runbooks;
