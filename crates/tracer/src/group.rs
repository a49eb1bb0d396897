//! The control group of a process in the unified hierarchy, where programs of the kernel attach (man cgroups).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use procfs::{
    ProcessCGroups,
    process::{MountInfo, Process},
};

/// The folder of the group that the process `pid` is in.
///
/// Sockets belong to the group in which they were made, and those that are accepted to that of the socket that listens.
///
/// # Errors
/// When the process is gone, or no unified hierarchy is mounted.
pub fn of(pid: u32) -> Result<PathBuf> {
    let process = i32::try_from(pid).context("no process has this id")?;
    let groups = Process::new(process)
        .and_then(|process| process.cgroups())
        .with_context(|| format!("cannot read the control groups of process {pid}"))?;
    let mounts = Process::myself()
        .and_then(|own| own.mountinfo())
        .context("cannot read the mounts of this process")?;
    folder(&groups, &mounts.0).context("no cgroup2 file system shows the control group of the process")
}

/// The group's folder, below the mount that shows it.
fn folder(groups: &ProcessCGroups, mounts: &[MountInfo]) -> Option<PathBuf> {
    // The unified hierarchy has the number 0 (man cgroups).
    let group = groups.0.iter().find(|group| group.hierarchy == 0)?;
    mounts.iter().filter(|mount| mount.fs_type == "cgroup2").find_map(|mount| {
        let inside = Path::new(&group.pathname).strip_prefix(&mount.root).ok()?;
        // No slash at the end, where it is the mount itself.
        Some(mount.mount_point.join(inside).components().collect())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use procfs::{FromBufRead as _, ProcessCGroups, process::MountInfos};

    const MOUNTS: &str = "\
24 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
40 31 0:38 /part /cg/part rw - cgroup2 cgroup2 rw
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[track_caller]
    fn check(mounts: &str, groups: &str, expect: Option<&str>) {
        let mounts = MountInfos::from_buf_read(mounts.as_bytes()).unwrap();
        let groups = ProcessCGroups::from_buf_read(groups.as_bytes()).unwrap();
        assert_eq!(super::folder(&groups, &mounts.0).as_deref(), expect.map(Path::new));
    }

    #[test]
    fn the_group_is_found_below_the_mount_that_shows_it() {
        check(MOUNTS, "2:cpuacct:/\n0::/\n", Some("/sys/fs/cgroup/unified"));
        check(MOUNTS, "2:cpuacct:/a\n0::/web/one.scope\n", Some("/sys/fs/cgroup/unified/web/one.scope"));
        check(MOUNTS, "0::/part/one\n", Some("/cg/part/one"));
        check(MOUNTS, "0::/partly\n", Some("/sys/fs/cgroup/unified/partly"));
    }

    #[test]
    fn without_a_unified_hierarchy_there_is_none() {
        check(MOUNTS, "2:cpuacct:/\n", None);
        check("33 31 0:30 / /cg rw - cgroup cgroup rw,cpuacct\n", "0::/\n", None);
        check("33 31 0:30 /other /cg rw - cgroup2 cgroup2 rw\n", "0::/\n", None);
    }
}
