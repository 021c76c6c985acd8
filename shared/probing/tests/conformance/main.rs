//! Do flows see what is there? Real servers on loopback, good ones and bad ones, and what
//! the engine says of each.

#![expect(clippy::unwrap_used, reason = "a test ends when something is not as it must be")]

mod blackbox;
mod bodies;
mod certificates;
mod flows;
mod http;
mod lifecycle;
mod many;
mod names;
mod network;
mod protocols;
mod redirects;
mod resolve;
mod secrets;
mod servers;
mod tls;
