//! `inspect`: what the eBPF object holds, without loading it and without root; with `--loaded` also what the kernel makes of
//! it. Exact, so that a change is seen as a change.

mod btf;
mod exact;
mod loaded;
#[cfg(test)]
mod made_up;
pub mod memory;
pub mod object;
mod sound;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use record::{
    agent::Probe,
    inspect::{Inspection, ReckonedFor},
};

use crate::{
    bench::results_folder,
    bounded,
    cgroup::RunId,
    exit::{Outcome, Usage},
    measure,
    output::Output,
    results::Folder,
    session::{folder_name, own_folder},
};

/// No object is near this size.
const MOST_BYTES: u64 = 64 << 20;

/// The object's name beside the binaries.
const OBJECT: &str = "tracer.bpf.o";

/// Processors that the machine may ever have, as ranges (`Documentation/admin-guide/cputopology.rst`).
const POSSIBLE_CPUS: &str = "/sys/devices/system/cpu/possible";

/// Arguments of `inspect`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The object file; by default the one that the build leaves beside this binary
    #[arg(long, conflicts_with_all = ["check", "accept"])]
    object: Option<PathBuf>,
    /// Load it as well, strategy by strategy, and ask the kernel; needs root
    #[arg(long)]
    loaded: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    exact: crate::exact::Gate,
}

/// Reads the object, writes what it holds under the results, and shows it.
///
/// # Errors
/// When the object cannot be read or is none.
pub fn run(args: &Args) -> Result<Outcome> {
    let path = args.object.clone().map_or_else(built, Ok)?;
    if args.exact.is_wanted() {
        let inspection = inspect(&path, exact::RECKONED_FOR)?;
        let toolchain = crate::exact::toolchain(OBJECT)?;
        return crate::exact::gate("inspect", &args.exact, exact::numbers(&inspection, toolchain));
    }
    let mut inspection = inspect(&path, machine()?)?;
    if args.loaded {
        loaded::check_rights()?;
    }
    let folder = Folder::create_aside(&results_folder(), &format!("{}-inspect", folder_name(RunId::own()?)))?;
    folder.write_sealed("host.json", &measure::this_host(Probe::default())?)?;
    if args.loaded {
        inspection.loaded = Some(loaded::load(&path, &folder)?);
    }
    folder.write_json("inspect.json", &inspection)?;
    args.output.show(&inspection, |_| Ok(text::render(&inspection)))?;
    tell!("stored in {}", folder.path().join("inspect.json").display());
    Ok(Outcome::Done)
}

fn built() -> Result<PathBuf> {
    Ok(own_folder()?.join(OBJECT))
}

fn inspect(path: &Path, machine: ReckonedFor) -> Result<Inspection> {
    let bytes = bounded::read(path, MOST_BYTES).map_err(|error| {
        Usage(format!("cannot read {}: {error}; `cargo xtask build` makes one", path.display()))
    })?;
    object::read(&bytes, machine).map_err(|error| {
        Usage(format!("{}: {error:#}; `cargo xtask build` makes one that is whole", path.display())).into()
    })
}

/// What the memory of maps depends on, here.
///
/// # Errors
/// When the kernel does not tell.
pub fn machine() -> Result<ReckonedFor> {
    let text =
        std::fs::read_to_string(POSSIBLE_CPUS).with_context(|| format!("cannot read {POSSIBLE_CPUS}"))?;
    let possible_cpus = count(&text).with_context(|| format!("{POSSIBLE_CPUS} is no list: {text}"))?;
    Ok(ReckonedFor { possible_cpus, page_bytes: rustix::param::page_size() as u64 })
}

/// How many numbers are in a list like `0-3,8`.
fn count(list: &str) -> Option<u64> {
    let ranges = list.trim().split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        last.checked_sub(first)?.checked_add(1)
    });
    ranges.sum()
}
