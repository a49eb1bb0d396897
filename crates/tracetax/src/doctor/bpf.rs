//! Facts about what the kernel has for BPF, and what it holds back.

use std::io::ErrorKind;

use super::{
    Finding, Machine, kernel,
    machine::{AS_ROOT, unreadable},
    topic::Topic,
};

pub(super) const TOPICS: [Topic; 6] = [
    Topic {
        id: "bpf-jit",
        wanted: "on",
        why: "Without it programs are interpreted, and cost several times as much.",
        judge: compiled,
    },
    Topic {
        id: "bpf-jit-harden",
        wanted: "off for root: 0 or 1",
        why: "Hardening for every user blinds the constants of all programs: they grow, and cost more.",
        judge: hardened,
    },
    Topic {
        id: "bpf-statistics",
        wanted: "off",
        why: "While they are on, each run of each program reads the clock twice, which costs as much as a small program.",
        judge: statistics,
    },
    Topic {
        id: "btf",
        wanted: "the kernel tells its types",
        why: "`fentry` and `kprobe` find the process's buffers by the kernel's own types.",
        judge: types,
    },
    Topic {
        id: "lockdown",
        wanted: "`none` or `integrity`",
        why: "At `confidentiality` the kernel lets no program read its memory, and nobody use tracepoints.",
        judge: lockdown,
    },
    Topic {
        id: "tracefs",
        wanted: "mounted, or root mounts it: the tracer does so for itself alone",
        why: "It names the tracepoints that `syscall-tracepoint` hooks into.",
        judge: tracefs,
    },
];

/// Documentation/admin-guide/sysctl/net.rst, `bpf_jit_enable`. 2 is on, with traces.
fn compiled(machine: &Machine) -> Finding {
    let path = "/proc/sys/net/core/bpf_jit_enable";
    match machine.text(path).as_deref() {
        Ok("1") => Finding::ok("on"),
        Ok("2") => Finding::warn(
            "on, and it writes traces to the kernel's log",
            "sudo sysctl net.core.bpf_jit_enable=1",
        ),
        Ok(_) => Finding::warn("off", "sudo sysctl net.core.bpf_jit_enable=1"),
        Err(error) => unreadable(path, error),
    }
}

/// Documentation/admin-guide/sysctl/net.rst, `bpf_jit_harden`: 1 is for unprivileged users only.
fn hardened(machine: &Machine) -> Finding {
    let path = "/proc/sys/net/core/bpf_jit_harden";
    match machine.text(path).as_deref() {
        Ok("2") => Finding::warn("on for every user", "sudo sysctl net.core.bpf_jit_harden=0"),
        Ok("1") => Finding::ok("on for unprivileged users alone"),
        Ok(_) => Finding::ok("off"),
        Err(error) => unreadable(path, error),
    }
}

/// Documentation/admin-guide/sysctl/kernel.rst, `bpf_stats_enabled`.
fn statistics(machine: &Machine) -> Finding {
    let path = "/proc/sys/kernel/bpf_stats_enabled";
    match machine.text(path).as_deref() {
        Ok("0") => Finding::ok("off"),
        Ok(_) => Finding::warn("on", "sudo sysctl kernel.bpf_stats_enabled=0"),
        Err(error) => unreadable(path, error),
    }
}

/// Documentation/bpf/btf.rst.
fn types(machine: &Machine) -> Finding {
    let path = "/sys/kernel/btf/vmlinux";
    if machine.has(path) {
        return Finding::ok(path);
    }
    let next_step = "grep CONFIG_DEBUG_INFO_BTF /boot/config-$(uname -r)  # boot a kernel that has it";
    Finding::warn(format!("there is no {path}"), next_step)
}

/// kernel_lockdown(7); what each level holds back is `enum lockdown_reason` of include/linux/security.h.
fn lockdown(machine: &Machine) -> Finding {
    let text = match machine.text_in("securityfs", "/sys/kernel/security", "lockdown") {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Finding::unknown("only root may ask", AS_ROOT);
        }
        // ENODEV: the kernel has no such file system; ENOENT: none of its security modules is lockdown.
        Err(_) => return Finding::ok("this kernel has none"),
    };
    match kernel::chosen(&text) {
        Some("confidentiality") => Finding::fail(
            "confidentiality",
            "cat /proc/cmdline  # boot without `lockdown=confidentiality`: a running kernel does not let go of it",
        ),
        Some(level) => Finding::ok(level),
        None => {
            Finding::unknown(format!("{text} is not understood"), "sudo cat /sys/kernel/security/lockdown")
        }
    }
}

/// Documentation/trace/ftrace.rst, "The File System".
fn tracefs(machine: &Machine) -> Finding {
    let place = "/sys/kernel/tracing";
    match std::fs::read_dir(machine.at(place)).map(|mut entries| entries.next()) {
        Ok(Some(_)) => Finding::ok(format!("mounted at {place}")),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Finding::ok(format!("mounted at {place}, for root"))
        }
        _ if machine.is_root() => Finding::ok("not mounted; the tracer mounts it for itself alone"),
        _ => Finding::warn("not mounted", format!("sudo mount -t tracefs tracefs {place}")),
    }
}

#[cfg(test)]
mod tests {
    use record::doctor::State::{Fail, Ok, Unknown, Warn};

    use super::{compiled, hardened, lockdown, statistics, tracefs, types};
    use crate::doctor::{
        Finding, Machine,
        made_up::{check, judged},
    };

    fn with(path: &str, judge: fn(&Machine) -> Finding) -> impl Fn(&str) -> Finding {
        move |text| judged(&[(path, text)], judge)
    }

    #[test]
    fn programs_are_to_be_compiled() {
        let with = with("/proc/sys/net/core/bpf_jit_enable", compiled);
        check(with("1\n"), Ok, "on", "");
        check(with("2"), Warn, "traces", "bpf_jit_enable=1");
        check(with("0"), Warn, "off", "bpf_jit_enable=1");
        check(judged(&[], compiled), Unknown, "No such file", "ls -l");
    }

    #[test]
    fn hardening_for_all_is_told() {
        let with = with("/proc/sys/net/core/bpf_jit_harden", hardened);
        check(with("0"), Ok, "off", "");
        check(with("1"), Ok, "unprivileged", "");
        check(with("2"), Warn, "every user", "bpf_jit_harden=0");
        check(judged(&[], hardened), Unknown, "No such file", "ls -l");
    }

    #[test]
    fn statistics_that_were_left_on_are_told() {
        let with = with("/proc/sys/kernel/bpf_stats_enabled", statistics);
        check(with("0"), Ok, "off", "");
        check(with("1"), Warn, "on", "bpf_stats_enabled=0");
        check(judged(&[], statistics), Unknown, "No such file", "ls -l");
    }

    #[test]
    fn a_kernel_without_types_is_told() {
        check(with("/sys/kernel/btf/vmlinux", types)("bytes"), Ok, "vmlinux", "");
        check(judged(&[], types), Warn, "there is no", "CONFIG_DEBUG_INFO_BTF");
    }

    #[test]
    fn only_confidentiality_stands_in_the_way() {
        let with = with("/sys/kernel/security/lockdown", lockdown);
        check(with("none [integrity] confidentiality\n"), Ok, "integrity", "");
        check(with("[none] integrity confidentiality\n"), Ok, "none", "");
        check(with("none integrity [confidentiality]\n"), Fail, "confidentiality", "/proc/cmdline");
        check(with("strange"), Unknown, "not understood", "lockdown");
        check(judged(&[], lockdown), Ok, "this kernel has none", "");
    }

    #[test]
    fn tracefs_is_missed_where_nobody_may_mount_it() {
        let user =
            |uid| ("/proc/self/status", if uid == 0 { "Uid:\t0\t0\t0\t0\n" } else { "Uid:\t7\t7\t7\t7\n" });
        check(judged(&[("/sys/kernel/tracing/README", "x")], tracefs), Ok, "mounted at", "");
        check(judged(&[user(0)], tracefs), Ok, "for itself", "");
        check(judged(&[user(7)], tracefs), Warn, "not mounted", "mount -t tracefs");
    }
}
