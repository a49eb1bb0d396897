//! The agent: loads the eBPF programs, attaches them to one process, and writes one record per HTTP request.
//!
//! Alone it prints a live HTTP log; with `--control` a parent switches it on and off and reads its ledger. It is
//! the only code that talks to BPF. It never sees a byte of a header or a body: those do not leave the kernel.

mod control;
mod drain;
mod join;
mod programs;
mod sink;
mod stdin;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use crate::{drain::Drain, programs::Programs, sink::Sink};

/// Traces the HTTP/1.x requests that a process serves, and writes one JSON record a line for each.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The process to watch.
    #[arg(long)]
    pid: u32,
    /// How to hook in.
    #[arg(long, value_enum, default_value_t = Strategy::RawTracepoint)]
    strategy: Strategy,
    /// Where records go: `null`, `-` for standard output, or a file to append to.
    #[arg(long, default_value = "-")]
    output: String,
    /// How long events may wait before they are drained.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    drain_ms: u64,
    /// The object file with the programs; by default `tracer.bpf.o` beside this binary.
    #[arg(long)]
    object: Option<PathBuf>,
    /// Obey JSON commands on standard input, and answer on standard output.
    #[arg(long)]
    control: bool,
}

/// How the tracer hooks in.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Strategy {
    /// One raw tracepoint at the exit of every system call.
    RawTracepoint,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tracer: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    anyhow::ensure!(
        !(args.control && args.output == "-"),
        "with --control standard output carries the answers: choose `--output null` or a file"
    );
    let object = object_path(args)?;
    let (programs, events) = Programs::load(&object, args.strategy, args.pid)?;
    let drain = Drain::new(events, Sink::open(&args.output)?);
    let interval = Duration::from_millis(args.drain_ms);
    if args.control {
        control::obey(programs, drain, interval)
    } else {
        control::stream(programs, drain, interval, args.pid)
    }
}

fn object_path(args: &Args) -> Result<PathBuf> {
    if let Some(path) = &args.object {
        return Ok(path.clone());
    }
    let own = std::env::current_exe().context("where is this binary?")?;
    Ok(own.with_file_name("tracer.bpf.o"))
}
