//! The whole, deployed on this machine: [`stack`] deploys it, [`scenes`] show that
//! it works, and [`checks`] ask the rest. [`mod@bench`] is for the benchmarks.
//!
//! What runs in one process on a scripted clock is under `it/`.

pub mod bench;
pub mod checks;
pub mod scenes;
pub mod stack;
