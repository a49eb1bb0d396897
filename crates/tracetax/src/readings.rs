//! Readings of counters: of a process, of the roles' groups, of the machine.
//!
//! A reading is an absolute number with the moment it was taken; what a block came to is the difference of
//! two. Nothing here starts, moves or judges anything.

mod cpu;
mod ledger;
mod machine;
mod maps;

use std::collections::HashMap;

use anyhow::Context as _;
use procfs::process::{Process, SmapsRollup};
use record::block::ProcessUse;

pub use cpu::CpuReading;
pub use ledger::ledger_since;
pub use machine::{MachineCpu, Ticks};
pub use maps::map_bytes;

/// Readings of one process. Taking one walks all pages of the process for the proportional set, which takes
/// from 0.1 ms up and holds the lock of its memory map meanwhile: never inside a measured interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessReading {
    memory: Memory,
    vsz_bytes: u64,
    descriptors: u64,
    threads: u64,
    switches: Switches,
}

/// Memory as the page tables tell it, in bytes. `VmRSS` of /proc/PID/status would be cheaper, but is only
/// approximate (proc_pid_status(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Memory {
    rss_bytes: u64,
    pss_bytes: u64,
}

/// Context switches since the start, summed over the threads that live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Switches {
    voluntary: u64,
    involuntary: u64,
}

impl ProcessReading {
    /// Reads the process `pid` as it is now.
    ///
    /// # Errors
    /// When the process is gone, or may not be looked at.
    pub fn take(pid: u32) -> anyhow::Result<Self> {
        let pid = i32::try_from(pid).context("no such process id")?;
        Self::of(pid).with_context(|| format!("cannot read process {pid}"))
    }

    fn of(pid: i32) -> anyhow::Result<Self> {
        let process = Process::new(pid)?;
        let stat = process.stat()?;
        Ok(Self {
            memory: memory(&process.smaps_rollup()?)?,
            vsz_bytes: stat.vsize,
            descriptors: u64::try_from(process.fd_count()?)?,
            threads: u64::try_from(stat.num_threads)?,
            switches: switches(&process)?,
        })
    }

    /// For tests over a world that does not exist.
    #[cfg(test)]
    pub(crate) fn made_up(bytes: u64) -> Self {
        let (memory, switches) = (Memory { rss_bytes: bytes, pss_bytes: bytes }, Switches::default());
        Self { memory, vsz_bytes: bytes, descriptors: 3, threads: 1, switches }
    }

    /// What a block came to, from a reading before it to this one: context switches are differences, all else
    /// is as read here. Switches of a thread that ended in between are lost.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> ProcessUse {
        let (now, then) = (self.switches, earlier.switches);
        ProcessUse {
            rss_bytes: self.memory.rss_bytes,
            pss_bytes: self.memory.pss_bytes,
            vsz_bytes: self.vsz_bytes,
            descriptors: self.descriptors,
            threads: self.threads,
            voluntary_switches: now.voluntary.saturating_sub(then.voluntary),
            involuntary_switches: now.involuntary.saturating_sub(then.involuntary),
        }
    }
}

/// Documentation/ABI/testing/procfs-smaps_rollup: one map that sums up all of them. procfs gives bytes.
fn memory(rollup: &SmapsRollup) -> anyhow::Result<Memory> {
    let sums = rollup.memory_map_rollup.0.first().map(|map| &map.extension.map);
    let of = |key: &str| {
        sums.and_then(|map: &HashMap<String, u64>| map.get(key).copied())
            .with_context(|| format!("smaps_rollup tells no {key}"))
    };
    Ok(Memory { rss_bytes: of("Rss")?, pss_bytes: of("Pss")? })
}

/// /proc/PID/status counts for the main thread alone (proc_pid_status(5)), so each thread is asked.
fn switches(process: &Process) -> anyhow::Result<Switches> {
    let mut sum = Switches::default();
    // A thread that ends between being listed and being asked is left out.
    for status in process.tasks()?.flatten().filter_map(|task| task.status().ok()) {
        sum.voluntary += status.voluntary_ctxt_switches.unwrap_or(0);
        sum.involuntary += status.nonvoluntary_ctxt_switches.unwrap_or(0);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use std::{fs::File, thread, time::Duration};

    use procfs::{FromBufRead as _, process::SmapsRollup};

    use super::{Memory, ProcessReading, memory};

    #[test]
    fn the_sums_of_a_rollup_are_bytes() {
        let text = "\
55d0c0400000-7ffd0a3fe000 ---p 00000000 00:00 0                          [rollup]
Rss:                1420 kB
Pss:                 137 kB
Pss_Dirty:            96 kB
Swap:                  0 kB
";
        let rollup = SmapsRollup::from_buf_read(text.as_bytes()).unwrap();
        assert_eq!(memory(&rollup).unwrap(), Memory { rss_bytes: 1420 * 1024, pss_bytes: 137 * 1024 });
    }

    #[test]
    fn this_process_is_read() {
        let before = ProcessReading::take(std::process::id()).unwrap();
        let _open = File::open("/proc/self/stat").unwrap();
        let sleeper = thread::spawn(|| thread::sleep(Duration::from_secs(1)));
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(1));
        }
        let now = ProcessReading::take(std::process::id()).unwrap().since(&before);
        sleeper.join().unwrap();
        assert!(now.rss_bytes >= now.pss_bytes && now.pss_bytes > 0, "{now:?}");
        assert!(now.vsz_bytes > now.rss_bytes, "{now:?}");
        assert!(now.threads >= 2 && now.descriptors >= 4, "{now:?}");
        assert!(now.voluntary_switches >= 5, "{now:?}");
    }

    #[test]
    fn a_process_that_is_gone_is_named() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let error = ProcessReading::take(child.id()).unwrap_err().to_string();
        assert_eq!(error, format!("cannot read process {}", child.id()));
    }
}
