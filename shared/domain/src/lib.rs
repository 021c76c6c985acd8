//! What Watchkeeper decides.
//!
//! Nothing here reads a clock, the network, the environment or a random number:
//! values go in, decisions come out. The functions and the command-line tool act
//! on them; so what the tool says will happen is what happens.
//!
//! | Question | Module |
//! |---|---|
//! | What came in? | [`intake`], [`alert`] |
//! | What are the standing orders? | [`policy`] |
//! | What is it about, and whose is it? | [`classify`], [`depend`], [`route`] |
//! | What does it change? | [`arrival`], [`incident`] |
//! | Should people not hear of it? | [`suppress`], [`control`], [`inhibit`], [`mute`], [`interval`] |
//! | Who is told now? | [`escalation`], [`schedule`], [`notice`], [`message`] |
//! | May it be mended? | [`remediation`] |
//! | May whoever holds this link do this? | [`link`] |
//! | What does it look like from outside? | [`probe`] |
//! | Do alerts get through? | [`watchdog`] |
//! | Has a job been heard of? | [`heartbeat`] |
//! | What happened? | [`timeline`] |
//! | What would happen? | [`rehearsal`], [`trial`], [`replay`] |

// A test that expects one variant may name the others by `other`.
#![cfg_attr(not(test), warn(clippy::wildcard_enum_match_arm))]

pub mod alert;
pub mod arrival;
pub mod classify;
pub mod control;
pub mod depend;
pub mod escalation;
pub mod explain;
pub mod heartbeat;
pub mod id;
pub mod incident;
pub mod inhibit;
pub mod intake;
pub mod interval;
pub mod labels;
pub mod link;
pub mod matcher;
pub mod message;
pub mod mute;
pub mod notice;
pub mod policy;
pub mod priority;
pub mod probe;
pub mod question;
pub mod rehearsal;
pub mod remediation;
pub mod replay;

pub mod retention;
pub mod route;
pub mod schedule;
pub mod span;
pub mod suppress;
pub mod text;
pub mod timeline;
pub mod trial;
pub mod watchdog;

#[cfg(test)]
mod law;
#[cfg(test)]
mod script;
