//! AWS as Watchkeeper uses it: the only crate that names an SDK.
//!
//! [`Aws`] makes clients, each when it is first needed and all over one HTTP
//! client. [`store`] keeps the rows; the other modules each do the few things
//! that are needed of one service. No SDK type stands in a public signature.
//!
//! Every call's future is boxed where it is made: the SDKs' are some twenty
//! kilobytes each and nested deep, and every caller would carry them.

pub mod alarms;
pub mod clock;
mod config;
pub mod containers;
pub mod databases;
pub mod deployments;
pub mod error;
pub mod events;
pub mod functions;
pub mod queue;
pub mod scaling;
pub mod secrets;
pub mod store;
pub mod topics;

pub use config::Aws;
pub use error::AwsError;
