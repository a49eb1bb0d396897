//! Facts about what this user may do.

use super::{Finding, Machine, machine::AS_ROOT, topic::Topic};

pub(super) const TOPICS: [Topic; 3] = [
    Topic {
        id: "root",
        wanted: "the effective user is root",
        why: "Loading BPF programs and making control groups needs root, so `cargo xtask` starts the lab by sudo for what \
              measures.",
        judge: root,
    },
    Topic {
        id: "capabilities",
        wanted: "all that measuring takes",
        why: "Root in a container may lack what root has elsewhere: a run would end where it first needs it.",
        judge: capabilities,
    },
    Topic {
        id: "seccomp",
        wanted: "no filter",
        why: "A filter of system calls, as containers have, may refuse bpf(2); where it does not, it makes every call dearer.",
        judge: filter,
    },
];

/// Numbers (include/uapi/linux/capability.h) and names of what is needed, and for what (capabilities(7)).
const NEEDED: [(u32, &str, &str); 8] = [
    (5, "CAP_KILL", "ends what a killed run has left"),
    (6, "CAP_SETGID", "makes each child a user of its own"),
    (7, "CAP_SETUID", "makes each child a user of its own"),
    (12, "CAP_NET_ADMIN", "hooks into packets"),
    (21, "CAP_SYS_ADMIN", "makes groups, mounts"),
    (23, "CAP_SYS_NICE", "real-time priority for the generator"),
    (38, "CAP_PERFMON", "hooks into tracepoints and functions"),
    (39, "CAP_BPF", "loads programs"),
];

fn root(machine: &Machine) -> Finding {
    if machine.is_root() {
        return Finding::ok("yes");
    }
    Finding::warn("no: what only root is told is unknown here", AS_ROOT)
}

/// `CapEff` of proc_pid_status(5): a bit for each capability.
fn capabilities(machine: &Machine) -> Finding {
    let held = machine.own_status("CapEff").and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    let Some(held) = held else {
        return Finding::unknown("/proc/self/status tells none", "grep CapEff /proc/self/status");
    };
    let missing: Vec<String> = NEEDED
        .into_iter()
        .filter(|(number, ..)| held >> number & 1 == 0)
        .map(|(_, name, what)| format!("{name} ({what})"))
        .collect();
    let found = format!("missing: {}", missing.join(", "));
    match (missing.is_empty(), machine.is_root()) {
        (true, _) => Finding::ok("all that measuring takes"),
        (false, false) => Finding::warn(found, AS_ROOT),
        (false, true) => Finding::fail(found, "capsh --print  # start the container with `--privileged`"),
    }
}

/// `Seccomp` of proc_pid_status(5): 0 is none.
fn filter(machine: &Machine) -> Finding {
    match machine.own_status("Seccomp").as_deref() {
        Some("0") => Finding::ok("none"),
        Some(_) => Finding::warn(
            "this process is filtered",
            "grep Seccomp /proc/self/status  # start the container with `--security-opt seccomp=unconfined`",
        ),
        None => Finding::unknown("/proc/self/status does not tell", "grep Seccomp /proc/self/status"),
    }
}

#[cfg(test)]
mod tests {
    use record::doctor::State::{Fail, Ok, Unknown, Warn};

    use super::{capabilities, filter, root};
    use crate::doctor::{
        Finding, Machine,
        made_up::{check, judged},
    };

    fn with(status: &str, judge: fn(&Machine) -> Finding) -> Finding {
        judged(&[("/proc/self/status", status)], judge)
    }

    #[test]
    fn the_effective_user_counts() {
        check(with("Uid:\t1000\t0\t0\t0\n", root), Ok, "yes", "");
        check(with("Uid:\t0\t1000\t0\t0\n", root), Warn, "only root is told", "sudo");
    }

    #[test]
    fn what_is_missing_is_named_and_is_worse_for_root() {
        let status = |uid: u32, mask: &str| format!("Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nCapEff:\t{mask}\n");
        check(with(&status(0, "000001fffeffffff"), capabilities), Ok, "all", "");
        check(
            with(&status(0, "00000000a80425fb"), capabilities),
            Fail,
            "CAP_BPF (loads programs)",
            "--privileged",
        );
        check(with(&status(7, "0000000000000000"), capabilities), Warn, "missing: CAP_KILL", "sudo");
        check(judged(&[], capabilities), Unknown, "tells none", "grep");
    }

    #[test]
    fn a_filter_is_told() {
        check(with("Seccomp:\t0\n", filter), Ok, "none", "");
        check(with("Seccomp:\t2\nSeccomp_filters:\t1\n", filter), Warn, "filtered", "unconfined");
        check(judged(&[], filter), Unknown, "does not tell", "grep");
    }
}
