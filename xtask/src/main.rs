//! The driver behind `cargo xtask`: installs tools, builds, tests, and hands measuring on to the lab.
//!
//! It holds no measuring, no statistics and no report, and depends on no other crate of the workspace, so
//! that it compiles in seconds on a fresh machine.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use crate::workspace::Workspace;

mod against;
mod browser;
mod build;
mod ci;
mod deny;
mod ebpf;
mod exit;
mod handed;
mod ignored;
mod lab;
mod raise;
mod route;
mod setup;
mod strip;
mod test;
mod valgrind;
mod workspace;

/// Builds, tests and measures tracetax
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true, after_help = handed::help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Find or install what the eBPF build needs, and say which route was taken
    Setup,
    /// Build the eBPF object and the release binaries
    Build,
    /// Check format and lints, then run all tests (those that need root: only as root)
    Test,
    /// Do what CI does: setup, test, deny, exact, unit, and a short bench of the default set
    Ci,
    /// Anything else belongs to the lab.
    #[command(external_subcommand)]
    Lab(Vec<OsString>),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            exit::code(&error)
        }
    }
}

fn run(command: Option<Command>) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        None => Ok(Cli::command().print_help()?),
        Some(Command::Setup) => setup::run(&workspace),
        Some(Command::Build) => build::run(&workspace),
        Some(Command::Test) => test::run(&workspace),
        Some(Command::Ci) => ci::run(&workspace),
        Some(Command::Lab(args)) => lab::run(&workspace, &args),
    }
}
