//! The lab: scenario -> plan -> run -> judge -> report.
//!
//! Data flows one way. `scenario`, `plan`, `judge` and `report` are pure: no clock, no environment, no randomness
//! but a seed that is an argument. `run` is the only step that starts processes. The lab knows target, agent and
//! load generator only as binaries that speak the protocols of the `record` crate.

// It panics where standard error is closed: `tell!` does not.
#![warn(clippy::print_stderr)]

/// Says something on standard error. That whoever read it has gone is no reason to end a run.
macro_rules! tell {
    ($($said:tt)*) => { $crate::output::tell(format_args!($($said)*)) };
}

#[cfg(test)]
#[macro_use]
#[path = "../tests/fixtures/closed_loop.rs"]
mod closed_loop;

#[cfg(test)]
#[path = "../tests/fixtures/made_up_run.rs"]
mod made_up_run;

pub mod baseline;
pub mod bench;
pub mod bounded;
pub mod bystander;
pub mod calibrate;
pub mod cgroup;
pub mod check;
pub mod child;
pub mod clean;
pub mod compare;
pub mod digest;
pub mod dir;
pub mod doctor;
pub mod exact;
pub mod exit;
pub mod expected;
pub mod foreign;
pub mod history;
pub mod host;
pub mod inspect;
pub mod interrupt;
pub mod judge;
pub mod keeper;
pub mod manual;
pub mod measure;
pub mod output;
pub mod owner;
pub mod plan;
pub mod printable;
pub mod probe;
mod progress;
pub mod publish;
pub mod readings;
pub mod report;
pub mod results;
pub mod revision;
pub mod rig;
pub mod run;
pub mod scenario;
pub mod sealed;
pub mod session;
#[cfg(test)]
mod simulation;
pub mod stored_run;
pub mod unit;
pub mod warm;
pub mod whole_file;
pub mod world;
