//! The `tracetax` binary: one match over its commands. `cargo xtask` builds what a command needs and becomes it.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracetax::{
    baseline, bench, bystander, calibrate, check, clean, compare, doctor, exit, inspect, interrupt, manual,
    report, unit, warm,
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
    /// Hold a run against what was accepted, or measure this tracer against that of another revision
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
    /// Look at this machine: what works, what does not, why, what to do; changes nothing
    Doctor(doctor::Args),
    /// Sweep what killed runs left behind
    Clean,
    /// Print what a shell reads to complete the commands of the binary `tracetax`
    Completions(manual::Completions),
    /// Print the manual page, or write one for each command into a folder
    Man(manual::Man),
    /// Keep a processor awake until standard input ends; started by a run that wants it
    #[command(hide = true)]
    Warm,
    /// Make system calls when asked, watched by nobody; started by a run that wants it
    #[command(hide = true)]
    Bystander,
}

fn main() -> ExitCode {
    if let Some(refused) = exit::unprintable_argument(std::env::args_os()) {
        return exit::code(Err(refused.into()));
    }
    let args = Args::parse();
    exit::code(interrupt::outlive_file_limit().and_then(|()| run(args.command)))
}

fn run(command: Command) -> anyhow::Result<exit::Outcome> {
    match command {
        Command::Bench(args) => bench::run(&args),
        Command::Baseline(args) => baseline::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Unit(args) => unit::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Clean => clean::run(),
        Command::Completions(args) => manual::completions(&args, &Args::command()),
        Command::Man(args) => manual::man(&args, &Args::command()),
        Command::Warm => warm::run(),
        Command::Bystander => bystander::run(),
    }
}
