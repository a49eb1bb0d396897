//! The parts of the agent. The binary puts them together; tests and micro benchmarks take them one by one.

pub mod choice;
pub mod control;
pub mod delays;
pub mod drain;
mod group;
mod hooks;
pub mod intake;
pub mod join;
pub mod kernel_types;
pub mod line;
pub mod loaded;
pub mod loader;
pub mod messages;
pub mod neighbours;
pub mod pace;
mod place;
pub mod planted;
pub mod probe;
pub mod programs;
pub mod rights;
pub mod sink;
pub mod sizes;
pub mod statistics;
pub mod stdin;
pub mod tracefs;
pub mod wait;
