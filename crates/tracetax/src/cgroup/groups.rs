//! The groups of the roles of a run, as its keeper and its lab use them.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use procfs::process::Process;

use super::{
    Counter, Layout, Role, RunId,
    counter::Form,
    members::{PATIENCE, enter, remove},
};

/// The groups of one run, used from inside one of them.
#[derive(Debug)]
pub struct Groups {
    /// The run's group in each hierarchy, the one that counts CPU first.
    folders: Vec<PathBuf>,
    /// Where this process stands.
    own: Role,
    cpu: Vec<Counter>,
    memory_peak: Vec<Option<Counter>>,
    memory: Vec<Option<Counter>>,
}

impl Groups {
    /// The groups of the run that this process is the lab of: it was born inside. `None` where it stands elsewhere.
    ///
    /// # Errors
    /// When its groups cannot be read.
    pub fn of_lab(layout: &Layout) -> anyhow::Result<Option<(RunId, Self)>> {
        let own = Process::myself().and_then(|own| own.cgroups()).context("cannot read own groups")?;
        let places: Vec<PathBuf> = layout.needed().iter().map(|mount| mount.folder_of(&own)).collect();
        let Some(run) = places.first().and_then(|place| RunId::of_lab_group(place)) else {
            return Ok(None);
        };
        let folders = places.iter().filter_map(|lab| lab.parent()).map(PathBuf::from).collect();
        Ok(Some((run, Self::open(folders, Role::Lab)?)))
    }

    /// The groups in these folders, for a process that stands in that of `own`.
    pub(super) fn open(folders: Vec<PathBuf>, own: Role) -> anyhow::Result<Self> {
        let cpu = counters(&folders, open_cpu)?;
        let memory_peak = counters(&folders, |folders, role| Ok(open_memory_peak(folders, role)))?;
        let memory = counters(&folders, |folders, role| Ok(open_memory(folders, role)))?;
        Ok(Self { folders, own, cpu, memory_peak, memory })
    }

    /// Moves the process `pid`, with all its threads, into the group of `role`. What it used before stays
    /// counted where it was.
    ///
    /// # Errors
    /// When the process is gone or may not be moved.
    pub fn place(&self, role: Role, pid: u32) -> anyhow::Result<()> {
        self.folders.iter().try_for_each(|folder| {
            enter(&folder.join(role.name()), pid)
                .with_context(|| format!("cannot place process {pid} as {role}"))
        })
    }

    /// Runs `start` with this process inside the group of `role`, so that a child it starts is counted there
    /// from its first page and instruction on. This process goes back to its own group in any case.
    ///
    /// # Errors
    /// Those of `start`, and of [`Groups::place`].
    pub fn within<T>(&self, role: Role, start: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let own = std::process::id();
        self.place(role, own)?;
        let started = start();
        self.place(self.own, own)?;
        started
    }

    /// CPU time of the group of `role` since it was made, in nanoseconds; on v2 in steps of 1,000.
    /// A task that runs right now is counted up to its last timer tick.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn cpu_ns(&self, role: Role) -> anyhow::Result<u64> {
        self.cpu[role as usize].read()
    }

    /// The most memory that the group of `role` has had charged at once since it was made, in bytes; `None`
    /// where the kernel does not tell.
    #[must_use]
    pub fn memory_peak_bytes(&self, role: Role) -> Option<u64> {
        self.memory_peak[role as usize].as_ref()?.read().ok()
    }

    /// The memory that the group of `role` has charged now, in bytes; `None` where the kernel does not tell.
    #[must_use]
    pub fn memory_bytes(&self, role: Role) -> Option<u64> {
        self.memory[role as usize].as_ref()?.read().ok()
    }

    /// The folder of the group of `role` in the hierarchy that counts CPU: on v2 and hybrid the unified tree,
    /// where BPF programs of the cgroup kinds attach.
    #[must_use]
    pub fn folder(&self, role: Role) -> PathBuf {
        self.folders.first().map(|folder| folder.join(role.name())).unwrap_or_default()
    }

    /// Makes the group of `role` anew, so that its counters, the memory peak above all, begin again at 0: the
    /// agent of one treatment must not answer for the peak of another.
    ///
    /// # Errors
    /// When a process is still inside after 2 s; the error names it.
    pub fn renew(&mut self, role: Role) -> anyhow::Result<()> {
        for folder in &self.folders {
            let folder = folder.join(role.name());
            remove(&folder, PATIENCE)?;
            fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        self.cpu[role as usize] = open_cpu(&self.folders, role)?;
        self.memory_peak[role as usize] = open_memory_peak(&self.folders, role);
        self.memory[role as usize] = open_memory(&self.folders, role);
        Ok(())
    }
}

/// One counter a role, in the order of [`Role::ALL`].
fn counters<T>(
    folders: &[PathBuf],
    open: impl Fn(&[PathBuf], Role) -> anyhow::Result<T>,
) -> anyhow::Result<Vec<T>> {
    Role::ALL.into_iter().map(|role| open(folders, role)).collect()
}

fn open_cpu(folders: &[PathBuf], role: Role) -> anyhow::Result<Counter> {
    let folder = folders.first().context("there is no hierarchy that counts CPU")?.join(role.name());
    Counter::open(&folder.join("cpu.stat"), Form::UsageUsec)
        .or_else(|_| Counter::plain(&folder.join("cpuacct.usage")))
        .with_context(|| format!("no CPU counter in {}", folder.display()))
}

/// v2 since Linux 5.19: `memory.peak` (cgroup-v2.rst); v1: `memory.max_usage_in_bytes`
/// (cgroup-v1/memory.rst).
fn open_memory_peak(folders: &[PathBuf], role: Role) -> Option<Counter> {
    open_either(folders, role, ["memory.peak", "memory.max_usage_in_bytes"])
}

/// v2: `memory.current`; v1: `memory.usage_in_bytes`, which may be off by some pages a processor.
fn open_memory(folders: &[PathBuf], role: Role) -> Option<Counter> {
    open_either(folders, role, ["memory.current", "memory.usage_in_bytes"])
}

fn open_either(folders: &[PathBuf], role: Role, names: [&str; 2]) -> Option<Counter> {
    let folders = folders.iter().map(|folder| folder.join(role.name()));
    folders.flat_map(|folder| names.map(|name| folder.join(name))).find_map(|path| Counter::plain(&path).ok())
}
