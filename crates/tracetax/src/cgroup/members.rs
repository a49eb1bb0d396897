//! The processes inside a group and the groups inside it: listing, killing, waiting, removing.
//!
//! A kill reaches members of the group only: where the kernel has no `cgroup.kill`, each process is held by a
//! descriptor and looked up once more before the signal, so that a reused id is never hit.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use procfs::process::Process;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// How long an emptied group may take to be let go by the kernel.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// Moves the process `pid`, with all its threads, into the group `folder`.
pub(super) fn enter(folder: &Path, pid: u32) -> io::Result<()> {
    fs::write(folder.join("cgroup.procs"), pid.to_string())
}

/// Processes in the group `folder` and below it. A process of another PID namespace is listed as 0.
pub(super) fn members(folder: &Path) -> io::Result<Vec<i32>> {
    let text = fs::read_to_string(folder.join("cgroup.procs"))?;
    let mut pids: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).collect();
    for child in children(folder)? {
        pids.extend(members(&child)?);
    }
    Ok(pids)
}

/// Groups directly inside `folder`.
pub(super) fn children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Kills everything in the group `folder` and below it. Does not wait.
pub(super) fn kill(folder: &Path) -> anyhow::Result<()> {
    // Since Linux 5.14 (Documentation/admin-guide/cgroup-v2.rst, "cgroup.kill"); not on v1.
    let all_at_once = folder.join("cgroup.kill");
    if all_at_once.exists() {
        return fs::write(&all_at_once, "1").with_context(|| format!("cannot kill {}", folder.display()));
    }
    for pid in members(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        kill_member(folder, pid).with_context(|| format!("cannot kill process {pid}"))?;
    }
    Ok(())
}

fn kill_member(folder: &Path, pid: i32) -> io::Result<()> {
    let Some(held) = Pid::from_raw(pid) else { return Ok(()) };
    let held = match pidfd_open(held, PidfdFlags::empty()) {
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        other => other?,
    };
    if members(folder)?.contains(&pid) {
        match pidfd_send_signal(&held, Signal::KILL) {
            Err(rustix::io::Errno::SRCH) | Ok(()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Kills until the group is empty, or `patience` is over: a process may fork while others are killed.
pub(super) fn kill_until_empty(folder: &Path, patience: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + patience;
    loop {
        kill(folder)?;
        if members(folder)?.is_empty() {
            return Ok(());
        }
        if Instant::now() >= end {
            return wait_until_empty(folder, Duration::ZERO);
        }
        sleep(PAUSE);
    }
}

/// Waits until the group is empty.
///
/// # Errors
/// Names the processes that hold it when `patience` is over.
pub(super) fn wait_until_empty(folder: &Path, patience: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + patience;
    loop {
        let held_by = members(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        if held_by.is_empty() {
            return Ok(());
        }
        if Instant::now() >= end {
            let names: Vec<String> = held_by.into_iter().map(name).collect();
            bail!("{} is still held by {}", folder.display(), names.join(", "));
        }
        sleep(PAUSE);
    }
}

/// Removes the group `folder` and the groups inside it, once they are empty.
pub(super) fn remove(folder: &Path, patience: Duration) -> anyhow::Result<()> {
    wait_until_empty(folder, patience)?;
    for child in children(folder)? {
        remove(&child, patience)?;
    }
    let end = Instant::now() + patience;
    // The kernel may let go of the last task a moment after it left the list.
    while let Err(error) = fs::remove_dir(folder) {
        if error.kind() == io::ErrorKind::NotFound {
            break;
        }
        if error.kind() != io::ErrorKind::ResourceBusy || Instant::now() >= end {
            return Err(error).with_context(|| format!("cannot remove {}", folder.display()));
        }
        sleep(PAUSE);
    }
    Ok(())
}

/// A process as a person knows it.
fn name(pid: i32) -> String {
    match Process::new(pid).and_then(|process| process.stat()) {
        Ok(stat) => format!("{pid} ({})", stat.comm.escape_debug()),
        Err(_) => format!("{pid}"),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::{members, wait_until_empty};

    #[test]
    fn members_of_inner_groups_count_and_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::process::id();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("cgroup.procs"), "").unwrap();
        fs::write(folder.path().join("inner/cgroup.procs"), format!("{own}\n0\n")).unwrap();
        assert_eq!(members(folder.path()).unwrap(), [i32::try_from(own).unwrap(), 0]);
        let error = wait_until_empty(folder.path(), Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains(&format!("is still held by {own} (")), "{error}");
    }
}
