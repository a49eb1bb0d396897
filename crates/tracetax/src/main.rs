//! The `tracetax` binary: one match over its commands. `cargo xtask` builds what a command needs and becomes it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracetax::{
    baseline, bench, bystander, calibrate, check, clean, compare, exit, inspect, report, unit, warm,
};

/// What does an eBPF HTTP tracer cost the service it watches?
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure scenarios, judge their budgets, print the table
    Bench(bench::Args),
    /// Record what scenarios cost, accept it as the level to hold, check what was accepted
    Baseline(baseline::Args),
    /// Hold a stored run against what was accepted; measures nothing unless asked to
    Compare(compare::Args),
    /// Prove the instrument: planted costs, null verdicts, lateness, wrk
    Calibrate(calibrate::Args),
    /// Show a stored run again; measures nothing
    Report(report::Args),
    /// Check scenario files: all mistakes of all of them, each with its place and what to do
    Check(check::Args),
    /// Show what the eBPF object holds: programs, maps and their bytes
    Inspect(inspect::Args),
    /// Measure the stages of the agent's path one by one: time, instructions, allocations
    Unit(unit::Args),
    /// Sweep what killed runs left behind
    Clean,
    /// Keep a processor awake until standard input ends; started by a run that wants it
    #[command(hide = true)]
    Warm,
    /// Make system calls when asked, watched by nobody; started by a run that wants it
    #[command(hide = true)]
    Bystander,
}

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Unit(args) => unit::run(&args),
        Command::Clean => clean::run(),
        Command::Warm => warm::run(),
        Command::Bystander => bystander::run(),
    };
    exit::code(outcome)
}
