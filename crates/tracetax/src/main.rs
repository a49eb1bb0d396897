//! The `tracetax` binary: one match over its commands. `cargo xtask` builds what a command needs and becomes it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracetax::{bench, clean, exit, report};

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
    /// Show a stored run again; measures nothing
    Report(report::Args),
    /// Sweep what killed runs left behind
    Clean,
}

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Clean => clean::run(),
    };
    exit::code(outcome)
}
