//! The whole, tested and shown: [`play`] runs the functions' real code against a
//! region in the test process, on a scripted clock.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends when something is not as it must be")]
#![expect(clippy::missing_panics_doc, reason = "a test ends when something is not as it must be")]

pub mod checks;
pub mod play;
pub mod scenes;
pub mod stack;
