//! What is on this machine that a run could leave behind: processes, groups, BPF programs, maps and links, listening
//! sockets, the lock, descriptors of this process. All of it is counted, not only what a run is known to have had.
//!
//! Others may work on this machine meanwhile. So what they hold does not count: what a living process of theirs has a
//! descriptor of, and the groups and locks of a living keeper of theirs. What nobody holds is left behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use aya::programs::ProgramInfo;
use procfs::{
    net::TcpState,
    process::{FDTarget, Process, all_processes},
};
use tracetax::cgroup::Layout;

/// For what the kernel lets go of a little later, and for processes that nobody waits for.
const GONE_WITHIN: Duration = Duration::from_secs(30);

/// One thing a line, as a person would name it.
type Things = BTreeSet<String>;

/// What there was.
pub struct Census {
    binaries: PathBuf,
    things: Things,
    descriptors: usize,
}

impl Census {
    /// Counts. Processes are counted where their binary lies in the folder `binaries`, which is the test's alone.
    pub fn take(binaries: &Path) -> Self {
        let binaries = binaries.canonicalize().unwrap();
        let things = things(&binaries);
        Self { binaries, things, descriptors: descriptors() }
    }

    /// Fails where there is something now that was not there before, and that nobody else holds.
    #[track_caller]
    pub fn assert_nothing_has_come(&self, case: &str) {
        let end = Instant::now() + GONE_WITHIN;
        loop {
            let left = self.left();
            if left.is_empty() {
                break;
            }
            assert!(Instant::now() < end, "{case}: left behind: {left:#?}");
            sleep(Duration::from_millis(20));
        }
        assert_eq!(descriptors(), self.descriptors, "{case}: descriptors of this process");
    }

    fn left(&self) -> Things {
        let new: Things = things(&self.binaries).difference(&self.things).cloned().collect();
        if new.is_empty() { new } else { new.difference(&held_by_others(&self.binaries)).cloned().collect() }
    }
}

fn things(binaries: &Path) -> Things {
    let mut found = Things::new();
    let own = processes().filter(|process| is_below(process, binaries));
    found.extend(own.filter_map(|process| {
        let stat = process.stat().ok()?;
        Some(format!("process {} ({}) of {}", stat.pid, stat.comm, stat.starttime))
    }));
    found.extend(groups().map(|(pid, path)| format!("group of {pid}: {}", path.display())));
    found.extend(aya::programs::loaded_programs().flatten().map(|one| format!("program {}", one.id())));
    found.extend(aya::maps::loaded_maps().flatten().map(|one| format!("map {}", one.id())));
    found.extend(aya::programs::loaded_links().flatten().map(|one| format!("link {}", one.id())));
    let sockets = procfs::net::tcp().unwrap().into_iter().chain(procfs::net::tcp6().unwrap_or_default());
    let listening = sockets.filter(|socket| socket.state == TcpState::Listen);
    found.extend(listening.map(|socket| format!("socket {}", socket.inode)));
    found.extend(locks().map(|pid| format!("lock of {pid}")));
    found
}

fn held_by_others(binaries: &Path) -> Things {
    let mut held = Things::new();
    for process in processes().filter(|process| !is_below(process, binaries)) {
        held.extend(sockets(&process).map(|inode| format!("socket {inode}")));
        held.extend(bpf(&process));
        held.insert(format!("lock of {}", process.pid));
        let own = groups().filter(|(pid, _)| *pid == process.pid);
        held.extend(own.map(|(pid, path)| format!("group of {pid}: {}", path.display())));
    }
    let programs = aya::programs::loaded_programs().flatten();
    let theirs = programs.filter(|program| held.contains(&format!("program {}", program.id())));
    let maps: Vec<String> = theirs.flat_map(|program| maps(&program)).map(|id| format!("map {id}")).collect();
    held.extend(maps);
    held
}

/// Processes may end while they are looked at: whatever cannot be read any more is not there.
fn processes() -> impl Iterator<Item = Process> {
    all_processes().unwrap().flatten()
}

fn is_below(process: &Process, folder: &Path) -> bool {
    process.exe().is_ok_and(|exe| exe.starts_with(folder))
}

/// Groups of runs, with the process that keeps each.
pub fn groups() -> impl Iterator<Item = (i32, PathBuf)> {
    let mounts = Process::myself().unwrap().mountinfo().unwrap().0;
    let hierarchies = mounts.into_iter().filter(|mount| mount.fs_type.starts_with("cgroup"));
    let folders = hierarchies.filter_map(|mount| fs::read_dir(mount.mount_point).ok()).flatten().flatten();
    folders.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (pid, _) = name.strip_prefix("tracetax-")?.split_once('-')?;
        Some((pid.parse().ok()?, entry.path()))
    })
}

/// Whoever has locked what runs lock.
fn locks() -> impl Iterator<Item = i32> {
    use std::os::unix::fs::MetadataExt as _;
    let inode = fs::metadata(Layout::detect().unwrap().root()).unwrap().ino();
    let locks = procfs::locks().unwrap().into_iter().filter(move |lock| lock.inode == inode);
    locks.filter_map(|lock| lock.pid)
}

fn sockets(process: &Process) -> impl Iterator<Item = u64> {
    let targets = process.fd().into_iter().flatten().flatten().map(|descriptor| descriptor.target);
    targets.filter_map(|target| if let FDTarget::Socket(inode) = target { Some(inode) } else { None })
}

/// What the descriptors of a process hold (man proc_pid_fdinfo, and the `show_fdinfo` of each kind in kernel/bpf).
fn bpf(process: &Process) -> Vec<String> {
    let folder = fs::read_dir(format!("/proc/{}/fdinfo", process.pid)).into_iter().flatten().flatten();
    let texts: Vec<String> = folder.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect();
    let kinds = [("prog_id:", "program"), ("map_id:", "map"), ("link_id:", "link")];
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .flat_map(|line| {
            kinds
                .iter()
                .filter_map(move |(key, kind)| Some(format!("{kind} {}", line.strip_prefix(key)?.trim())))
        })
        .collect()
}

fn maps(program: &ProgramInfo) -> Vec<u32> {
    program.map_ids().ok().flatten().unwrap_or_default()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
