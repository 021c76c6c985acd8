//! Stand-ins for AWS services, and the loader of sample events, for tests.
//!
//! [`world::World`] is a region in the test process: a real DynamoDB emulator
//! behind a gateway on loopback, and small stand-ins for the other services that
//! speak their wire protocols. The gateway sees every call, so a test can count
//! them, and can end the caller just before or just after any of them.
//!
//! [`services`] are those stand-ins that the local stack's emulator lacks, too, and
//! [`wire`] is how any of them is spoken with. Without the feature `world` there is
//! nothing else, and no DynamoDB emulator is built.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends when something is not as it must be"
)]

pub mod events;
pub mod services;
pub mod wire;
#[cfg(feature = "world")]
pub mod world;
