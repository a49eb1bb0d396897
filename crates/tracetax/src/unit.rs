//! `unit`: what one operation of each stage of the agent's path takes, in time, instructions, bytes and allocations.
//!
//! Starts the micro benchmarks, which are a binary of their own, and valgrind. Needs no root and no BPF.

mod callgrind;
mod criterion;
mod exact;
mod text;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result};
use record::{
    agent::Probe,
    unit::{SCHEMA, StageName, StageResult, Unit},
};
use serde::de::DeserializeOwned;

use crate::{
    bench::results_folder,
    cgroup::RunId,
    exit::{Outcome, Usage},
    measure,
    results::Folder,
    session::{folder_name, own_folder},
};
use exact::Count;

/// The micro benchmarks' name beside the binaries.
const BENCHMARKS: &str = "tracer-unit";

/// Arguments of `unit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Time each benchmark for a second; without it for four. What is counted is the same
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    output: crate::output::Output,
    #[command(flatten)]
    exact: crate::exact::Gate,
}

/// Counts, then times every stage, writes the results and shows them.
///
/// # Errors
/// When the benchmarks or valgrind are absent or fail, or instructions differ from one count to the next.
pub fn run(args: &Args) -> Result<Outcome> {
    let benchmarks = benchmarks()?;
    let valgrind = callgrind::version()?;
    let folder = Folder::create_aside(&results_folder(), &format!("{}-unit", folder_name(RunId::own()?)))?;
    let host = measure::this_host(Probe::default())?;
    folder.write_sealed("host.json", &host)?;
    let counts = count(&benchmarks, folder.path())?;
    if args.exact.is_wanted() {
        let toolchain = crate::exact::toolchain(BENCHMARKS)?;
        let conditions = exact::conditions(toolchain, &valgrind, &host, has_avx2());
        return crate::exact::gate("unit", &args.exact, exact::numbers(&counts, conditions));
    }
    let unit = time(&benchmarks, counts, valgrind, folder.path(), args.quick)?;
    folder.write_json("unit.json", &unit)?;
    args.output.show(&unit, |_| Ok(text::render(&unit)))?;
    tell!("stored in {}", folder.path().join("unit.json").display());
    Ok(Outcome::Done)
}

fn benchmarks() -> Result<PathBuf> {
    let path = own_folder()?.join(BENCHMARKS);
    if path.is_file() {
        return Ok(path);
    }
    Err(Usage(format!("there is no {}: `cargo xtask unit` builds it", path.display())).into())
}

fn count(benchmarks: &Path, folder: &Path) -> Result<Vec<Count>> {
    let stages: Vec<StageName> = json_lines(Command::new(benchmarks).arg("--stages"))?;
    let counts = stages.into_iter().map(|stage| {
        tell!("{}: counting", stage.name);
        let count = ["--count", stage.name.as_str()];
        let counted =
            json_lines(Command::new(benchmarks).args(count))?.pop().context("it counted nothing")?;
        let instructions = callgrind::instructions(benchmarks, &stage.name, folder)?;
        Ok((stage, counted, instructions))
    });
    counts.collect()
}

fn time(benchmarks: &Path, counts: Vec<Count>, valgrind: String, folder: &Path, quick: bool) -> Result<Unit> {
    tell!("timing {} stages, alone and beside another thread", counts.len());
    criterion::time(benchmarks, folder, quick)?;
    let stages = counts.into_iter().map(|(stage, counted, instructions)| {
        let estimate = |kind| criterion::estimate(folder, &stage, kind);
        let (alone_ns, beside_another_ns) = (estimate("alone")?, estimate("beside-another")?);
        Ok(StageResult { stage, counted, instructions, alone_ns, beside_another_ns })
    });
    Ok(Unit { schema: SCHEMA.into(), valgrind, stages: stages.collect::<Result<_>>()? })
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// What a process prints, one JSON value a line.
fn json_lines<T: DeserializeOwned>(command: &mut Command) -> Result<Vec<T>> {
    let output = output(command)?;
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).with_context(|| format!("{command:?} said no JSON")))
        .collect()
}

/// Runs a process to its end, which must be a good one.
fn output(command: &mut Command) -> Result<Output> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    Ok(output)
}
