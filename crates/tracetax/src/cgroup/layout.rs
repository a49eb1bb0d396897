//! Which group hierarchies this machine mounts, and which of them the lab needs. Reads, changes nothing.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use procfs::{
    ProcessCGroups,
    process::{MountInfo, Process},
};

use crate::exit::Unfit;

/// What a machine without them is told.
const NO_GROUPS: &str = "no control groups that count CPU are mounted: `mount -t cgroup2 none /sys/fs/cgroup`, or start the \
                         container with its host's groups";

/// How group controllers are mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only v1 hierarchies.
    V1,
    /// Only the unified tree.
    V2,
    /// The unified tree beside v1 hierarchies.
    Hybrid,
}

impl Mode {
    /// As it stands in `host.json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Hybrid => "hybrid",
        }
    }
}

/// A mounted hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The v1 controller that it is used for; `None` for the unified tree.
    controller: Option<&'static str>,
    /// Where it is mounted.
    point: PathBuf,
    /// The group that is seen at the mount point.
    root: PathBuf,
}

/// The hierarchies that the lab can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    mode: Mode,
    unified: Option<Mount>,
    cpuacct: Option<Mount>,
    memory: Option<Mount>,
}

impl Layout {
    /// Reads the mounts that this process sees.
    ///
    /// # Errors
    /// When the mounts are not readable, or nothing that counts CPU by group is mounted.
    pub fn detect() -> anyhow::Result<Self> {
        let mounts = Process::myself()
            .and_then(|own| own.mountinfo())
            .context("cannot read the mounts of this process")?;
        Self::from_mounts(&mounts.0).ok_or_else(|| Unfit(NO_GROUPS.into()).into())
    }

    /// The layout that these mounts make; `None` where neither the unified tree nor v1 `cpuacct` is mounted.
    #[must_use]
    pub fn from_mounts(mounts: &[MountInfo]) -> Option<Self> {
        let unified = find(mounts, None);
        let any_v1 = mounts.iter().any(|mount| mount.fs_type == "cgroup");
        let mode = match (&unified, any_v1) {
            (Some(_), true) => Mode::Hybrid,
            (Some(_), false) => Mode::V2,
            (None, _) => Mode::V1,
        };
        let layout = Self {
            mode,
            unified,
            cpuacct: find(mounts, Some("cpuacct")),
            memory: find(mounts, Some("memory")),
        };
        layout.cpu().is_some().then_some(layout)
    }

    /// How controllers are mounted.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The hierarchy that counts CPU by group: the unified tree where there is one, else v1 `cpuacct`.
    fn cpu(&self) -> Option<&Mount> {
        self.unified.as_ref().or(self.cpuacct.as_ref())
    }

    /// The folder below which the groups that count CPU are: what one run at a time may lock.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.cpu().map_or(Path::new("/"), Mount::point)
    }

    /// The hierarchies in which groups are made, each once, the one that counts CPU first.
    pub(crate) fn needed(&self) -> Vec<&Mount> {
        let cpu = self.cpu();
        let shared = |memory: &&Mount| cpu.is_some_and(|cpu| cpu.point == memory.point);
        cpu.into_iter().chain(self.memory.as_ref().filter(|memory| !shared(memory))).collect()
    }

    /// Whether memory is counted by a v1 hierarchy, so that the unified tree cannot have that controller.
    pub(super) fn memory_is_v1(&self) -> bool {
        self.memory.is_some()
    }

    /// Where v1 counts the CPU of everything there is, where it does.
    pub(crate) fn machine_cpuacct(&self) -> Option<PathBuf> {
        let point = &self.cpuacct.as_ref()?.point;
        // `release_agent` exists in the true root alone, not in the root of a cgroup namespace
        // (kernel/cgroup/cgroup-v1.c, CFTYPE_ONLY_ON_ROOT); only the true root holds every task.
        point.join("release_agent").exists().then(|| point.join("cpuacct.usage"))
    }
}

impl Mount {
    /// The folder of the group that `groups`, a reading of /proc/PID/cgroup, names in this hierarchy.
    pub(super) fn folder_of(&self, groups: &ProcessCGroups) -> PathBuf {
        let path = groups.0.iter().find(|group| match self.controller {
            Some(name) => group.controllers.iter().any(|controller| controller == name),
            None => group.hierarchy == 0,
        });
        // Without a cgroup namespace a container sees full paths, but mounts only its own part.
        match path.map(|group| Path::new(&group.pathname).strip_prefix(&self.root)) {
            Some(Ok(inside)) => self.point.join(inside),
            _ => self.point.clone(),
        }
    }

    /// Folders in which a run's group may be made, best first: the root of the mount, then next to the own
    /// group, then inside it.
    pub(crate) fn places(&self, groups: &ProcessCGroups) -> Vec<PathBuf> {
        let own = self.folder_of(groups);
        let beside = own.parent().filter(|parent| parent.starts_with(&self.point)).map(Path::to_owned);
        let mut places = vec![self.point.clone()];
        for place in beside.into_iter().chain([own]) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// Where it is mounted.
    pub(crate) fn point(&self) -> &Path {
        &self.point
    }
}

/// The mount of a hierarchy; where it is mounted more than once, one that shows it from its root.
fn find(mounts: &[MountInfo], controller: Option<&'static str>) -> Option<Mount> {
    let fits = |mount: &&MountInfo| match controller {
        Some(name) => mount.fs_type == "cgroup" && mount.super_options.contains_key(name),
        None => mount.fs_type == "cgroup2",
    };
    let found = mounts.iter().filter(fits).min_by_key(|mount| mount.root != "/")?;
    Some(Mount { controller, point: found.mount_point.clone(), root: PathBuf::from(&found.root) })
}

#[cfg(test)]
mod tests {
    use super::{Layout, Mode};
    use procfs::{FromBufRead as _, ProcessCGroups, process::MountInfos};

    const V2: &str = "\
24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
";
    const V1: &str = "\
24 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
32 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 24 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 24 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
";
    const HYBRID: &str = "\
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    fn layout(mounts: &str) -> Option<Layout> {
        Layout::from_mounts(&MountInfos::from_buf_read(mounts.as_bytes()).unwrap().0)
    }

    fn check(mounts: &str, mode: Mode, needed: &[&str]) {
        let layout = layout(mounts).unwrap();
        let points: Vec<_> = layout.needed().iter().map(|mount| mount.point().to_str().unwrap()).collect();
        assert_eq!((layout.mode(), points.as_slice()), (mode, needed));
    }

    #[test]
    fn each_layout_needs_its_hierarchies() {
        check(V2, Mode::V2, &["/sys/fs/cgroup"]);
        check(V1, Mode::V1, &["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory"]);
        check(HYBRID, Mode::Hybrid, &["/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory"]);
    }

    #[test]
    fn controllers_that_share_a_hierarchy_are_one() {
        check("32 31 0:29 / /cg/all rw - cgroup cgroup rw,cpuacct,memory\n", Mode::V1, &["/cg/all"]);
    }

    #[test]
    fn the_mount_that_shows_the_root_is_taken() {
        let twice = "\
30 24 0:26 /part /cg/part rw - cgroup2 cgroup2 rw
31 24 0:26 / /cg/whole rw - cgroup2 cgroup2 rw
";
        check(twice, Mode::V2, &["/cg/whole"]);
    }

    #[test]
    fn without_a_cpu_counter_there_is_no_layout() {
        assert_eq!(layout("24 1 8:1 / / rw - ext4 /dev/sda1 rw\n"), None);
        assert_eq!(layout("35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n"), None);
    }

    #[test]
    fn the_own_group_is_found_in_each_hierarchy() {
        let groups = "4:memory:/outer/inner\n2:cpuacct:/\n0::/session.scope\n";
        let groups = ProcessCGroups::from_buf_read(groups.as_bytes()).unwrap();
        let layout = layout(HYBRID).unwrap();
        let places: Vec<_> = layout.needed().iter().map(|mount| mount.places(&groups)).collect();
        insta::assert_debug_snapshot!(places, @r#"
        [
            [
                "/sys/fs/cgroup/unified",
                "/sys/fs/cgroup/unified/session.scope",
            ],
            [
                "/sys/fs/cgroup/memory",
                "/sys/fs/cgroup/memory/outer",
                "/sys/fs/cgroup/memory/outer/inner",
            ],
        ]
        "#);
    }

    #[test]
    fn a_container_without_a_namespace_of_groups_stays_in_its_part() {
        let layout = layout("30 24 0:26 /docker/abc /cg rw - cgroup2 cgroup2 rw\n").unwrap();
        for (path, folder) in
            [("/docker/abc", "/cg"), ("/docker/abc/x", "/cg/x"), ("/elsewhere", "/cg"), ("/", "/cg")]
        {
            let groups = ProcessCGroups::from_buf_read(format!("0::{path}\n").as_bytes()).unwrap();
            let found = layout.needed()[0].folder_of(&groups);
            assert_eq!(found.components().as_path(), std::path::Path::new(folder), "{path}");
        }
    }
}
