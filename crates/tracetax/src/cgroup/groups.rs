//! The groups of one run: made at its start, removed at its end.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use procfs::process::Process;

use super::{
    Counter, Layout, Role, RunId,
    counter::Form,
    members::{PATIENCE, kill, remove},
    tree::{Tree, Trees, enter},
};

/// The groups of one run, with this process inside the lab's. Dropping it kills what is left in the other
/// roles' groups, moves this process back and removes the groups.
#[derive(Debug)]
pub struct Groups {
    trees: Vec<Tree>,
    cpu: Vec<Counter>,
    memory_peak: Vec<Option<Counter>>,
}

impl Groups {
    /// Makes the groups of `run` in every hierarchy that `layout` needs and moves this process into the
    /// lab's.
    ///
    /// # Errors
    /// When a group cannot be made or entered; what was made until then is removed.
    pub fn create(layout: &Layout, run: RunId) -> anyhow::Result<Self> {
        let own = Process::myself().and_then(|own| own.cgroups()).context("cannot read own groups")?;
        let mut trees = Trees(Vec::new());
        for mount in layout.needed() {
            trees.0.push(Tree::create(mount, &own, run)?);
        }
        trees.0.iter_mut().try_for_each(|tree| tree.create_roles(layout))?;
        let cpu = counters(&trees.0, open_cpu)?;
        let memory_peak = counters(&trees.0, |trees, role| Ok(open_memory_peak(trees, role)))?;
        let groups = Self { trees: std::mem::take(&mut trees.0), cpu, memory_peak };
        groups.place(Role::Lab, std::process::id())?;
        Ok(groups)
    }

    /// Moves the process `pid`, with all its threads, into the group of `role`. What it used before stays
    /// counted where it was.
    ///
    /// # Errors
    /// When the process is gone or may not be moved.
    pub fn place(&self, role: Role, pid: u32) -> anyhow::Result<()> {
        self.trees.iter().try_for_each(|tree| {
            enter(&tree.role(role), pid).with_context(|| format!("cannot place process {pid} as {role}"))
        })
    }

    /// Runs `start` with this process inside the group of `role`, so that a child it starts is counted there
    /// from its first page and instruction on. This process goes back to the lab's group in any case.
    ///
    /// # Errors
    /// Those of `start`, and of [`Groups::place`].
    pub fn within<T>(&self, role: Role, start: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
        let own = std::process::id();
        self.place(role, own)?;
        let started = start();
        self.place(Role::Lab, own)?;
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

    /// The folder of the group of `role` in the hierarchy that counts CPU: on v2 and hybrid the unified tree,
    /// where BPF programs of the cgroup kinds attach.
    #[must_use]
    pub fn folder(&self, role: Role) -> PathBuf {
        self.trees.first().map(|tree| tree.role(role)).unwrap_or_default()
    }

    /// Kills every process in the group of `role`. Does not wait for them to be gone.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn kill(&self, role: Role) -> anyhow::Result<()> {
        // Every process is in every tree, so one is enough.
        self.trees.first().map_or(Ok(()), |tree| kill(&tree.role(role)))
    }

    /// Makes the group of `role` anew, so that its counters, the memory peak above all, begin again at 0: the
    /// agent of one treatment must not answer for the peak of another.
    ///
    /// # Errors
    /// When a process is still inside after 2 s; the error names it.
    pub fn renew(&mut self, role: Role) -> anyhow::Result<()> {
        for tree in &self.trees {
            let folder = tree.role(role);
            remove(&folder, PATIENCE)?;
            fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        self.cpu[role as usize] = open_cpu(&self.trees, role)?;
        self.memory_peak[role as usize] = open_memory_peak(&self.trees, role);
        Ok(())
    }

    /// Moves this process back to where it was and removes the groups, each within 2 s of being asked.
    ///
    /// # Errors
    /// When a group cannot be removed; the error names the processes that hold it.
    pub fn remove(mut self) -> anyhow::Result<()> {
        Trees(std::mem::take(&mut self.trees)).remove()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for role in [Role::Load, Role::Agent, Role::Target, Role::Warmer, Role::Bystander] {
            // What cannot be killed is named by the removal below.
            let _ = self.kill(role);
        }
        drop(Trees(std::mem::take(&mut self.trees)));
    }
}

/// One counter a role, in the order of [`Role::ALL`].
fn counters<T>(trees: &[Tree], open: impl Fn(&[Tree], Role) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    Role::ALL.into_iter().map(|role| open(trees, role)).collect()
}

fn open_cpu(trees: &[Tree], role: Role) -> anyhow::Result<Counter> {
    let folder = trees.first().context("there is no hierarchy that counts CPU")?.role(role);
    Counter::open(&folder.join("cpu.stat"), Form::UsageUsec)
        .or_else(|_| Counter::plain(&folder.join("cpuacct.usage")))
        .with_context(|| format!("no CPU counter in {}", folder.display()))
}

/// v2 since Linux 5.19: `memory.peak` (cgroup-v2.rst); v1: `memory.max_usage_in_bytes`
/// (cgroup-v1/memory.rst).
fn open_memory_peak(trees: &[Tree], role: Role) -> Option<Counter> {
    trees.iter().map(|tree| tree.role(role)).find_map(|folder| {
        Counter::plain(&folder.join("memory.peak"))
            .or_else(|_| Counter::plain(&folder.join("memory.max_usage_in_bytes")))
            .ok()
    })
}
