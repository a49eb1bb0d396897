//! Counters of the whole machine: CPU time of all tasks, and time that the hypervisor took.
//!
//! The root of the unified tree tells CPU time too, but from ticks (kernel/cgroup/rstat.c,
//! `root_cgroup_cputime`), so it is not used.

use std::{
    fs::File,
    io::{Read as _, Seek as _},
    sync::Mutex,
};

use anyhow::Context as _;
use procfs::{CurrentSI as _, KernelStats};

use crate::cgroup::{Counter, Layout};

const SCHEDSTAT: &str = "/proc/schedstat";

/// CPU time of all tasks on all processors together, kernel threads included and the idle tasks left out.
/// Interrupts count for the task they interrupt, or nobody when they interrupt idleness, unless the kernel
/// accounts them apart (`CONFIG_IRQ_TIME_ACCOUNTING`).
#[derive(Debug)]
pub struct MachineCpu {
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// The root group of v1 `cpuacct`: charged together with every other group, so the sum closes exactly.
    Cpuacct(Counter),
    /// /proc/schedstat, by the scheduler's wall clock: a task's turn is added when it ends, and time that was
    /// stolen during the turn is included.
    Schedstat(Mutex<File>),
    Nothing,
}

impl MachineCpu {
    /// Opens the best counter that this machine has.
    #[must_use]
    pub fn open(layout: &Layout) -> Self {
        let cpuacct = layout.machine_cpuacct().and_then(|path| Counter::plain(&path).ok());
        let source = match (cpuacct, File::open(SCHEDSTAT)) {
            (Some(counter), _) => Source::Cpuacct(counter),
            (None, Ok(file)) => Source::Schedstat(Mutex::new(file)),
            (None, Err(_)) => Source::Nothing,
        };
        Self { source }
    }

    /// Where the number comes from, for people; where there is none, why.
    #[must_use]
    pub fn source(&self) -> &'static str {
        match self.source {
            Source::Cpuacct(_) => "cpuacct.usage of the root group",
            Source::Schedstat(_) => SCHEDSTAT,
            Source::Nothing => "none: neither v1 cpuacct is mounted nor CONFIG_SCHEDSTATS built in",
        }
    }

    /// Nanoseconds since boot; `None` where the kernel does not tell.
    ///
    /// # Errors
    /// When the counter, once opened, is not readable or of an unknown version.
    pub fn ns(&self) -> anyhow::Result<Option<u64>> {
        match &self.source {
            Source::Cpuacct(counter) => counter.read().map(Some),
            Source::Schedstat(file) => read_schedstat(file).map(Some),
            Source::Nothing => Ok(None),
        }
    }
}

fn read_schedstat(file: &Mutex<File>) -> anyhow::Result<u64> {
    let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).context(SCHEDSTAT)?;
    schedstat_ns(&text).context(SCHEDSTAT)
}

/// Sum over processors of field 7, "sum of all time spent running by tasks on this processor (in
/// nanoseconds)" (Documentation/scheduler/sched-stats.rst; versions 15 to 17 have the same `cpu` lines).
fn schedstat_ns(text: &str) -> anyhow::Result<u64> {
    let version = text.lines().next().and_then(|line| line.strip_prefix("version ")).unwrap_or("none");
    anyhow::ensure!(matches!(version, "15" | "16" | "17"), "version {version} is not known");
    let mut sum = 0_u64;
    for line in text.lines().filter(|line| line.starts_with("cpu")) {
        let ns = line.split_whitespace().nth(7).and_then(|field| field.parse::<u64>().ok());
        sum = sum.wrapping_add(ns.with_context(|| format!("no field 7 in {line:?}"))?);
    }
    Ok(sum)
}

/// Time by processor since boot, from /proc/stat, in ticks of (nearly always) 10 ms: coarse figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticks {
    /// Time that the hypervisor gave to others, by processor, in nanoseconds; blind to short stalls.
    pub steal_ns: Vec<u64>,
    /// Time without a task to run, waiting for a disk included, of all processors together, in nanoseconds.
    pub idle_ns: u64,
}

impl Ticks {
    /// Reads them.
    ///
    /// # Errors
    /// When /proc/stat is not readable.
    pub fn take() -> anyhow::Result<Self> {
        let stats = KernelStats::current().context("cannot read /proc/stat")?;
        let steal = stats.cpu_time.iter().map(|cpu| cpu.steal_ms().unwrap_or(0) * 1_000_000);
        let idle_ms =
            stats.cpu_time.iter().map(|cpu| cpu.idle_ms() + cpu.iowait_ms().unwrap_or(0)).sum::<u64>();
        Ok(Self { steal_ns: steal.collect(), idle_ns: idle_ms * 1_000_000 })
    }
}

#[cfg(test)]
mod tests {
    use super::{Ticks, schedstat_ns};

    #[test]
    fn time_of_all_processors_is_summed() {
        let text = "\
version 17
timestamp 4294937296
cpu0 0 0 10 5 7 3 1000000 20 30
domain0 MC 3 1 2 3 4 5 6 7 8
cpu1 0 0 10 5 7 3 2500000 20 30
";
        assert_eq!(schedstat_ns(text).unwrap(), 3_500_000);
    }

    #[test]
    fn an_unknown_version_is_refused() {
        let error = schedstat_ns("version 18\ncpu0 1 2 3 4 5 6 7 8 9\n").unwrap_err();
        assert_eq!(error.to_string(), "version 18 is not known");
        assert!(schedstat_ns("").is_err());
        assert!(schedstat_ns("version 15\ncpu0 1 2\n").is_err());
    }

    #[test]
    fn every_processor_has_its_steal() {
        let ticks = Ticks::take().unwrap();
        assert!(!ticks.steal_ns.is_empty());
        assert!(ticks.idle_ns > 0);
    }
}
