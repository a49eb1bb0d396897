//! Facts about control groups, by which each role's processor time and memory are counted.

use procfs::{
    FromBufRead as _, ProcessCGroups,
    process::{MountInfo, MountInfos},
};

use super::{Finding, Machine, topic::Topic};
use crate::cgroup::{Layout, RunId, runs_in};

pub(super) const TOPICS: [Topic; 4] = [
    Topic {
        id: "cgroup-layout",
        wanted: "`v1`, `v2` or `hybrid`",
        why: "The kernel counts the processor time of each role by its group: without groups there is nothing to measure by. \
              The layout is part of the host class.",
        judge: mode,
    },
    Topic {
        id: "cgroup-writable",
        wanted: "mounted for writing",
        why: "A run makes a group for each role, and removes it.",
        judge: writable,
    },
    Topic {
        id: "cgroup-unified",
        wanted: "the unified tree (v2) is mounted, alone or beside v1",
        why: "The strategy `cgroup-skb` hooks into a group of the unified tree.",
        judge: unified,
    },
    Topic {
        id: "cgroup-memory",
        wanted: "memory is counted by v1 or by the unified tree",
        why: "The budget of the agent's memory is judged by what the kernel counted for its group.",
        judge: memory,
    },
];

/// What is mounted where (proc_pid_mountinfo(5)).
fn mounts(machine: &Machine) -> Vec<MountInfo> {
    let text = machine.text("/proc/self/mountinfo").unwrap_or_default();
    MountInfos::from_buf_read(text.as_bytes()).map_or_else(|_| Vec::new(), |mounts| mounts.0)
}

/// Where the v1 controller is mounted.
pub(super) fn point_of(machine: &Machine, controller: &str) -> Option<String> {
    let mounts = mounts(machine);
    let of = |mount: &&MountInfo| mount.fs_type == "cgroup" && mount.super_options.contains_key(controller);
    mounts.iter().find(of).map(|mount| mount.mount_point.display().to_string())
}

/// The runs that have groups here, and whether their keepers live. A run that this process is part of is left out.
pub(super) fn runs(machine: &Machine) -> Vec<(RunId, bool)> {
    let mounts = mounts(machine);
    let Some(layout) = Layout::from_mounts(&mounts) else { return Vec::new() };
    let own = machine.text("/proc/self/cgroup").unwrap_or_default();
    let own = ProcessCGroups::from_buf_read(own.as_bytes()).unwrap_or(ProcessCGroups(Vec::new()));
    let places = layout.needed().into_iter().flat_map(|mount| mount.places(&own));
    let mut runs: Vec<(RunId, bool)> = places.flat_map(|place| runs_in(&machine.at(place))).collect();
    runs.dedup();
    let groups = own.0.iter().flat_map(|group| group.pathname.split('/'));
    let own_runs: Vec<RunId> = groups.filter_map(RunId::from_group_name).collect();
    runs.retain(|(run, _)| !own_runs.contains(run));
    runs
}

/// Documentation/admin-guide/cgroup-v2.rst, cgroups(7).
fn mode(machine: &Machine) -> Finding {
    match Layout::from_mounts(&mounts(machine)) {
        Some(layout) => Finding::ok(layout.mode().name()),
        None => Finding::fail(
            "nothing that counts processor time by group is mounted",
            "sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup",
        ),
    }
}

fn writable(machine: &Machine) -> Finding {
    let mounts = mounts(machine);
    let Some(layout) = Layout::from_mounts(&mounts) else {
        return Finding::unknown("no group is there", "sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup");
    };
    let needed: Vec<_> = layout.needed().into_iter().map(|mount| mount.point().to_owned()).collect();
    let is_needed = |mount: &&MountInfo| needed.contains(&mount.mount_point);
    let read_only =
        |mount: &&MountInfo| mount.mount_options.contains_key("ro") || mount.super_options.contains_key("ro");
    match mounts.iter().filter(is_needed).find(read_only) {
        None => {
            Finding::ok(needed.iter().map(|point| point.display().to_string()).collect::<Vec<_>>().join(", "))
        }
        Some(mount) => {
            let point = mount.mount_point.display();
            Finding::fail(
                format!("{point} is mounted for reading alone, as in a container"),
                format!("sudo mount -o remount,rw {point}  # or start the container with `--privileged`"),
            )
        }
    }
}

fn unified(machine: &Machine) -> Finding {
    match mounts(machine).iter().find(|mount| mount.fs_type == "cgroup2") {
        Some(mount) => Finding::ok(mount.mount_point.display().to_string()),
        None => Finding::warn(
            "it is not mounted",
            "sudo mkdir -p /sys/fs/cgroup/unified && sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified",
        ),
    }
}

/// `cgroup.controllers` names what the unified tree has (Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files").
fn memory(machine: &Machine) -> Finding {
    if let Some(point) = point_of(machine, "memory") {
        return Finding::ok(format!("v1, {point}"));
    }
    let tree = mounts(machine).into_iter().find(|mount| mount.fs_type == "cgroup2");
    let point = tree.map(|mount| mount.mount_point.display().to_string());
    let controllers = point.and_then(|point| machine.text(&format!("{point}/cgroup.controllers")).ok());
    if controllers.is_some_and(|names| names.split_whitespace().any(|name| name == "memory")) {
        return Finding::ok("v2");
    }
    Finding::warn("nothing counts memory by group", "cat /proc/cmdline  # boot with `cgroup_enable=memory`")
}

#[cfg(test)]
mod tests {
    use record::doctor::State::{Fail, Ok, Unknown, Warn};

    use super::{memory, mode, unified, writable};
    use crate::doctor::{
        Finding, Machine,
        made_up::{check, judged},
    };

    const V2: &str = "30 24 0:26 / /cg rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    const V1: &str = "\
32 24 0:29 / /cg/cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 24 0:32 / /cg/memory rw - cgroup cgroup rw,memory
";
    const NOTHING: &str = "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n";

    fn with(mounts: &str, judge: fn(&Machine) -> Finding) -> Finding {
        judged(&[("/proc/self/mountinfo", mounts)], judge)
    }

    #[test]
    fn each_layout_will_do_but_none_does_not() {
        check(with(V2, mode), Ok, "v2", "");
        check(with(V1, mode), Ok, "v1", "");
        check(with(&format!("{V1}{V2}"), mode), Ok, "hybrid", "");
        check(with(NOTHING, mode), Fail, "nothing", "mount -t cgroup2");
    }

    #[test]
    fn a_tree_that_cannot_be_written_is_told() {
        check(with(V1, writable), Ok, "/cg/cpuacct, /cg/memory", "");
        check(
            with(&V2.replace("rw,nosuid", "ro,nosuid"), writable),
            Fail,
            "/cg is mounted for reading",
            "remount,rw /cg",
        );
        check(with(&V2.replace("rw,nsdelegate", "ro"), writable), Fail, "/cg", "--privileged");
        check(with(NOTHING, writable), Unknown, "no group", "mount");
    }

    #[test]
    fn the_unified_tree_is_missed() {
        check(with(V2, unified), Ok, "/cg", "");
        check(with(V1, unified), Warn, "not mounted", "mount -t cgroup2");
    }

    #[test]
    fn memory_is_counted_by_either() {
        check(with(V1, memory), Ok, "v1, /cg/memory", "");
        let tree = |controllers| {
            judged(&[("/proc/self/mountinfo", V2), ("/cg/cgroup.controllers", controllers)], memory)
        };
        check(tree("cpuset cpu io memory pids\n"), Ok, "v2", "");
        check(tree("cpuset cpu io\n"), Warn, "nothing counts", "cgroup_enable=memory");
        check(with(NOTHING, memory), Warn, "nothing counts", "cgroup_enable=memory");
    }
}
