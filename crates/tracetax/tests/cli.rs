//! The command line, without root: what is asked wrongly ends at once, says where and what to do, and starts nothing.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;

#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/scenarios.rs"]
mod scenarios;
#[path = "cli/site.rs"]
mod site;
#[path = "cli/stored.rs"]
mod stored;
#[path = "cli/usage.rs"]
mod usage;
