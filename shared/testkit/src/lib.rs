//! Stand-ins for AWS services, and the loader of sample events, for tests.
//!
//! [`world::World`] is a region in the test process: a real DynamoDB emulator
//! behind a gateway on loopback, and small stand-ins for the other services that
//! speak their wire protocols. The gateway sees every call, so a test can count
//! them, and can end the caller just before or just after any of them.

#![expect(clippy::missing_panics_doc, reason = "a test ends when something is not as it must be")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is not as it must be")]

pub mod events;
pub mod world;
