//! Bad input of every kind, each with what is said about it: tables in `bad-inputs`, scenario files in `bad-scenarios`.
//!
//! Each case is given to the real binary. It must say where, what is wrong and what to do, with the right exit code, within
//! five seconds, without a control character, and leave no file where none belongs.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[path = "fixtures/made_up_run.rs"]
mod made_up_run;

#[path = "bad_inputs/baselines.rs"]
mod baselines;
#[path = "bad_inputs/commands.rs"]
mod commands;
#[path = "bad_inputs/count.rs"]
mod count;
#[path = "bad_inputs/results.rs"]
mod results;
#[path = "bad_inputs/site.rs"]
mod site;
#[path = "bad_inputs/table.rs"]
mod table;
