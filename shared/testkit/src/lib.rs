//! Builders, a scripted clock and the loader of sample events, for tests

pub mod events;
