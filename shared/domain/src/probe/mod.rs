//! What is looked at from outside, and what does a look mean?
//!
//! A *flow* is what a user does, in *steps*: requests whose answers are checked by
//! *expectations*, and from which values are *captured* for the steps after. What a
//! step saw is a [`Seen`]; everything that is decided about it is decided here, from
//! values to values. What touches the network is the crate `probing`.
//!
//! | Question | Module |
//! |---|---|
//! | What does the file say? | [`source`], [`compile`] |
//! | Is it what was meant, and what does it cost? | [`lint`], [`cost`] |
//! | What is a flow made of? | [`flow`], [`template`] |
//! | What did a step see, and is it as it must be? | [`seen`], [`capture`], [`expect`], [`drift`] |
//! | What came of a run? | [`report`], [`verdict`] |
//! | Is a flow down? | [`watch`] |
//! | How do people hear of it? | [`tell`] |
//! | Which flows are due? | [`timetable`] |
//! | What must nobody read? | [`secret`] |

pub mod capture;
pub mod compile;
pub mod cost;
pub mod drift;
pub mod expect;
pub mod flow;
pub mod lint;
pub mod pattern;
pub mod query;
pub mod report;
pub mod secret;
pub mod seen;
pub mod source;
pub mod tell;
pub mod template;
mod texts;
pub mod timetable;
pub mod verdict;
pub mod watch;

pub use self::flow::{Flow, Probes, Step, StepKind};
pub use self::report::{FlowReport, Phases, StepReport, Verdict};
pub use self::seen::Seen;
