//! The agent: loads the eBPF programs, attaches them to one process, and writes one record per HTTP request.
//!
//! Alone it prints a live HTTP log; with `--control` a parent switches it on and off and reads its ledger. It is
//! the only code that talks to BPF. It never sees a byte of a header or a body: those do not leave the kernel.

mod heap;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use record::{stage::Stage, wakeup::Wakeup};
use rustix::process::{Signal, set_parent_process_death_signal};
use tracer::{
    choice::{Choice, Strategy},
    control,
    drain::Drain,
    planted::Leak,
    probe,
    programs::Programs,
    sink::Sink,
    statistics,
};
use tracer_common::names;

/// Traces the HTTP/1.x requests that a process serves, and writes one JSON record a line for each.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The process to watch.
    #[arg(long, required_unless_present_any = ["probe", "try_strategy", "run_statistics"])]
    pid: Option<u32>,
    /// How to hook in.
    #[arg(long, value_enum, default_value_t = Strategy::RawTracepoint)]
    strategy: Strategy,
    /// Where records go: `null`, `-` for standard output, or a file to append to.
    #[arg(long, default_value = "-")]
    output: String,
    /// How far the programs go at each hit: `floor`, `lookup`, `copy` or `full`. Below `full` there are no records.
    #[arg(long, default_value_t = Stage::Full)]
    stage: Stage,
    /// When the agent is woken: `adaptive`, `bytes(4096)` or `timer(10 ms)`.
    #[arg(long, default_value_t = Wakeup::Timer { ms: 10 })]
    wakeup: Wakeup,
    /// Size of the ring buffer: a power of two from 4096.
    #[arg(long, default_value_t = names::RING_BYTES, value_parser = ring_bytes)]
    ring_bytes: u32,
    /// The object file with the programs; by default `tracer.bpf.o` beside this binary.
    #[arg(long)]
    object: Option<PathBuf>,
    /// Obey JSON commands on standard input, and answer on standard output. Ends with that input, or with its parent.
    #[arg(long)]
    control: bool,
    /// Keep so much memory each second: a leak for tests, planted to be found.
    #[arg(long, hide = true, default_value_t = 0, requires = "control")]
    plant_leak_bytes_per_second: u64,
    /// Try every strategy on this kernel, print a line of JSON with what came of it and who else traces, and end.
    #[arg(long, conflicts_with = "control")]
    probe: bool,
    /// Try one strategy, and end; `--probe` starts this for each.
    #[arg(long = probe::TRY, value_enum, conflicts_with_all = ["control", "probe"])]
    try_strategy: Option<Strategy>,
    /// Keep the kernel's run-time statistics of programs on until standard input ends. They slow every program of the
    /// machine down.
    #[arg(long, conflicts_with_all = ["pid", "control", "probe", "try_strategy"])]
    run_statistics: bool,
}

/// The kernel takes a power of two of whole pages (`ringbuf_map_alloc` of kernel/bpf/ringbuf.c).
fn ring_bytes(text: &str) -> Result<u32, String> {
    let bytes = text.parse().ok().filter(|bytes: &u32| bytes.is_power_of_two() && *bytes >= 4096);
    bytes.ok_or_else(|| "no power of two from 4096".into())
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
    if args.control || args.run_statistics {
        // A parent that died before this has closed the input, which ends it as well.
        set_parent_process_death_signal(Some(Signal::KILL)).context("cannot be tied to the parent")?;
    }
    if args.run_statistics {
        return statistics::hold();
    }
    let object = object_path(args)?;
    if let Some(strategy) = args.try_strategy {
        return probe::print_one(&object, strategy);
    }
    let Some(pid) = args.pid.filter(|_| !args.probe) else {
        return probe::print_all(&object);
    };
    let choice = Choice {
        pid,
        strategy: args.strategy,
        stage: args.stage,
        wakeup: args.wakeup,
        ring_bytes: args.ring_bytes,
    };
    let (programs, events) = Programs::load(&object, &choice)?;
    heap::give_back();
    let drain = Drain::new(events, Sink::open(&args.output)?);
    if args.control {
        control::obey(programs, drain, args.wakeup, Leak::of(args.plant_leak_bytes_per_second))
    } else {
        control::stream(programs, drain, args.wakeup, pid)
    }
}

fn object_path(args: &Args) -> Result<PathBuf> {
    if let Some(path) = &args.object {
        return Ok(path.clone());
    }
    let own = std::env::current_exe().context("where is this binary?")?;
    Ok(own.with_file_name("tracer.bpf.o"))
}
