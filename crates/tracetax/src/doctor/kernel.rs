//! Facts about the kernel: its version, and settings that change what is measured.

use super::{Finding, Machine, machine::unreadable, topic::Topic};

pub(super) const TOPICS: [Topic; 4] = [
    Topic {
        id: "kernel-version",
        wanted: "5.19 or newer",
        why: "The agent goes on with its programs without `CAP_BPF`, which the kernel allows since 5.19; `bpf_loop`, by \
              which they parse, came with 5.17.",
        judge: version,
    },
    Topic {
        id: "aslr",
        wanted: "2: stack, heap and libraries lie elsewhere in each life",
        why: "Where memory lies changes how fast code runs. Each life of the target draws anew, so that no figure hangs on one \
              lucky layout.",
        judge: layout,
    },
    Topic {
        id: "rt-throttling",
        wanted: "real-time tasks may take 90 % of the time or more",
        why: "In open loop the generator runs at real-time priority. What the kernel takes from such tasks stops it for \
              milliseconds at once.",
        judge: throttling,
    },
    Topic {
        id: "huge-pages",
        wanted: "`madvise` or `never`",
        why: "Huge pages that come and go by the kernel's choice make one life of the server faster than the next.",
        judge: huge_pages,
    },
];

const OLDEST: (u32, u32) = (5, 19);

/// `bpf_loop` is of commit e6f2dd0f8067 ("bpf: Add bpf_loop helper"), first in 5.17. That programs which are held can be
/// used without a capability is of commit c8644cd0efe7 ("bpf: refine kernel.unprivileged_bpf_disabled behaviour"), in 5.19.
fn version(machine: &Machine) -> Finding {
    let path = "/proc/sys/kernel/osrelease";
    let release = match machine.text(path) {
        Ok(release) => release,
        Err(error) => return unreadable(path, &error),
    };
    match major_minor(&release) {
        None => Finding::unknown(format!("{release} is not understood"), "uname -r"),
        Some(found) if found >= OLDEST => Finding::ok(release),
        Some(_) => Finding::fail(
            format!("{release}, older than {}.{}", OLDEST.0, OLDEST.1),
            "uname -r  # boot a newer kernel; on Debian: sudo apt-get install linux-image-amd64",
        ),
    }
}

fn major_minor(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// `randomize_va_space` (Documentation/admin-guide/sysctl/kernel.rst).
fn layout(machine: &Machine) -> Finding {
    let path = "/proc/sys/kernel/randomize_va_space";
    match machine.text(path) {
        Err(error) => unreadable(path, &error),
        Ok(level) if level == "2" => Finding::ok(level),
        Ok(level) => Finding::warn(level, "sudo sysctl kernel.randomize_va_space=2"),
    }
}

/// `sched_rt_runtime_us` of `sched_rt_period_us`, -1 for no limit (Documentation/scheduler/sched-rt-group.rst).
fn throttling(machine: &Machine) -> Finding {
    let runtime = machine.number("/proc/sys/kernel/sched_rt_runtime_us");
    let period = machine.number("/proc/sys/kernel/sched_rt_period_us");
    let (Some(runtime), Some(period)) = (runtime, period) else {
        return Finding::unknown(
            "the kernel does not tell",
            "sysctl kernel.sched_rt_runtime_us kernel.sched_rt_period_us",
        );
    };
    if runtime == -1 {
        return Finding::ok("no limit");
    }
    let found = format!("{runtime} us of {period} us");
    if runtime as f64 >= 0.9 * period as f64 {
        return Finding::ok(found);
    }
    Finding::warn(found, format!("sudo sysctl kernel.sched_rt_runtime_us={}", period / 100 * 95))
}

/// Documentation/admin-guide/mm/transhuge.rst: the one in brackets is chosen.
fn huge_pages(machine: &Machine) -> Finding {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    let Ok(text) = machine.text(path) else { return Finding::ok("this kernel has none") };
    match chosen(&text) {
        Some("always") => Finding::warn("always", format!("echo madvise | sudo tee {path}")),
        Some(other) => Finding::ok(other),
        None => Finding::unknown(format!("{text} is not understood"), format!("cat {path}")),
    }
}

/// The word in brackets of a list like `always [madvise] never`.
pub(super) fn chosen(list: &str) -> Option<&str> {
    let (_, rest) = list.split_once('[')?;
    Some(rest.split_once(']')?.0)
}

#[cfg(test)]
mod tests {
    use record::doctor::State::{Fail, Ok, Unknown, Warn};

    use super::{huge_pages, layout, throttling, version};
    use crate::doctor::made_up::{check, judged};

    #[test]
    fn an_old_kernel_is_told() {
        let with = |release| judged(&[("/proc/sys/kernel/osrelease", release)], version);
        check(with("5.19.0-rc1\n"), Ok, "5.19.0-rc1", "");
        check(with("6.1.0-18-amd64"), Ok, "6.1.0", "");
        check(with("5.15.0-91-generic"), Fail, "older than 5.19", "uname -r");
        check(with("?"), Unknown, "not understood", "uname -r");
        check(judged(&[], version), Unknown, "No such file", "ls -l");
    }

    #[test]
    fn a_fixed_layout_is_told() {
        let with = |level| judged(&[("/proc/sys/kernel/randomize_va_space", level)], layout);
        check(with("2"), Ok, "2", "");
        check(with("0"), Warn, "0", "randomize_va_space=2");
        check(judged(&[], layout), Unknown, "No such file", "ls -l");
    }

    #[test]
    fn a_small_share_for_real_time_is_told() {
        let with = |runtime| {
            let files = [
                ("/proc/sys/kernel/sched_rt_runtime_us", runtime),
                ("/proc/sys/kernel/sched_rt_period_us", "1000000"),
            ];
            judged(&files, throttling)
        };
        check(with("950000"), Ok, "950000 us of 1000000 us", "");
        check(with("-1"), Ok, "no limit", "");
        check(with("500000"), Warn, "500000 us", "sched_rt_runtime_us=950000");
        check(judged(&[], throttling), Unknown, "does not tell", "sysctl");
    }

    #[test]
    fn huge_pages_for_everybody_are_told() {
        let with = |text| judged(&[("/sys/kernel/mm/transparent_hugepage/enabled", text)], huge_pages);
        check(with("always [madvise] never"), Ok, "madvise", "");
        check(with("[always] madvise never"), Warn, "always", "echo madvise");
        check(with("always"), Unknown, "not understood", "cat");
        check(judged(&[], huge_pages), Ok, "none", "");
    }
}
