//! What a run has on this machine. Each thing is told by what is that run's alone, so that other runs do not disturb:
//! a process by its log, a group by the lab's process id in its name, a BPF program and a socket by the kernel's number.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use procfs::{
    net::TcpState,
    process::{FDTarget, Process, all_processes},
};

/// Children of a lab, with their groups, BPF programs and listening sockets.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// Name by id and start, which together are never used twice.
    pub processes: BTreeMap<(i32, u64), String>,
    pub groups: BTreeSet<PathBuf>,
    /// Ids of programs, which the kernel counts up.
    pub programs: BTreeSet<u64>,
    /// Inodes.
    pub listeners: BTreeSet<u64>,
}

impl Traces {
    /// All that the run of this lab has now, but for the lab itself.
    pub fn of(lab: i32, results: &Path) -> Self {
        let children: Vec<_> =
            processes().filter(|process| process.pid() != lab && writes_below(process, results)).collect();
        let sockets: BTreeSet<u64> = children.iter().flat_map(sockets).collect();
        Self {
            processes: children.iter().filter_map(identity).collect(),
            groups: groups_of(lab),
            programs: children.iter().flat_map(programs).collect(),
            listeners: listeners().intersection(&sockets).copied().collect(),
        }
    }

    /// What is there still, or has come since.
    pub fn left(&self, lab: i32, results: &Path) -> Self {
        let now = Self::of(lab, results);
        let alive = processes().filter_map(|process| identity(&process));
        let mut left_processes: BTreeMap<_, _> =
            alive.filter(|(identity, _)| self.processes.contains_key(identity)).collect();
        left_processes.extend(now.processes);
        let held: BTreeSet<u64> = processes().flat_map(|process| programs(&process)).collect();
        Self {
            processes: left_processes,
            groups: now.groups,
            programs: held.intersection(&self.programs).copied().chain(now.programs).collect(),
            listeners: listeners().intersection(&self.listeners).copied().chain(now.listeners).collect(),
        }
    }

    /// Whether there is something of every kind, and a process of every role.
    pub fn are_of_every_kind(&self) -> bool {
        let names: BTreeSet<&str> = self.processes.values().map(String::as_str).collect();
        let roles = BTreeSet::from(["load", "target", "tracer"]);
        roles.is_subset(&names)
            && !self.groups.is_empty()
            && !self.programs.is_empty()
            && !self.listeners.is_empty()
    }
}

/// Processes may end while they are looked at: whatever cannot be read any more is not there.
fn processes() -> impl Iterator<Item = Process> {
    all_processes().unwrap().flatten()
}

fn identity(process: &Process) -> Option<((i32, u64), String)> {
    let stat = process.stat().ok()?;
    (!matches!(stat.state, 'Z' | 'X')).then_some(((stat.pid, stat.starttime), stat.comm))
}

fn targets(process: &Process) -> impl Iterator<Item = FDTarget> {
    process.fd().into_iter().flatten().flatten().map(|descriptor| descriptor.target)
}

fn writes_below(process: &Process, folder: &Path) -> bool {
    targets(process).any(|target| matches!(target, FDTarget::Path(path) if path.starts_with(folder)))
}

fn sockets(process: &Process) -> Vec<u64> {
    let inode = |target| if let FDTarget::Socket(inode) = target { Some(inode) } else { None };
    targets(process).filter_map(inode).collect()
}

/// The programs that descriptors of programs and links hold (kernel/bpf/syscall.c, `bpf_prog_show_fdinfo` and
/// `bpf_link_show_fdinfo`).
fn programs(process: &Process) -> Vec<u64> {
    let folder = fs::read_dir(format!("/proc/{}/fdinfo", process.pid())).into_iter().flatten().flatten();
    let texts = folder.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    texts
        .filter_map(|text| text.lines().find_map(|line| line.strip_prefix("prog_id:")?.trim().parse().ok()))
        .collect()
}

fn listeners() -> BTreeSet<u64> {
    let entries = procfs::net::tcp().unwrap().into_iter().chain(procfs::net::tcp6().unwrap_or_default());
    entries.filter(|entry| entry.state == TcpState::Listen).map(|entry| entry.inode).collect()
}

fn groups_of(lab: i32) -> BTreeSet<PathBuf> {
    let mounts = Process::myself().unwrap().mountinfo().unwrap().0;
    let hierarchies = mounts.into_iter().filter(|mount| mount.fs_type.starts_with("cgroup"));
    let mut found = BTreeSet::new();
    for hierarchy in hierarchies {
        find_groups(&hierarchy.mount_point, &format!("tracetax-{lab}-"), &mut found);
    }
    found
}

fn find_groups(folder: &Path, prefix: &str, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            found.insert(entry.path());
        } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_groups(&entry.path(), prefix, found);
        }
    }
}
