//! Facts about who is charged for the processors' time, and who else takes it.

use super::{
    Finding, Machine, cgroup,
    machine::{unconfigured, unreadable},
    processor,
    topic::Topic,
};

pub(super) const TOPICS: [Topic; 6] = [
    Topic {
        id: "accounting",
        wanted: "known; each of them will do",
        why: "Numbers are comparable only between kernels that account time alike. It is part of the host class.",
        judge: kind,
    },
    Topic {
        id: "machine-cpu",
        wanted: "v1 `cpuacct` at its root, or `/proc/schedstat`",
        why: "What all roles took must add up to what the machine spent. Without this counter nobody sees what was spent beside them.",
        judge: machine_cpu,
    },
    Topic {
        id: "steal",
        wanted: "below 0.1 % since boot",
        why: "Time that the hypervisor gives to others stretches latencies; blocks in which much was taken are discarded.",
        judge: steal,
    },
    Topic {
        id: "pressure-cpu",
        wanted: "tasks waited for a processor less than 5 % of the last 10 seconds",
        why: "Whoever competes with the server for its processor changes what is measured.",
        judge: |machine| pressure(machine, "cpu", "top -b -n 1 -o %CPU | head -n 15"),
    },
    Topic {
        id: "pressure-memory",
        wanted: "tasks waited for memory less than 1 % of the last 10 seconds",
        why: "Reclaiming memory takes processor time from whoever happens to need some.",
        judge: |machine| pressure(machine, "memory", "ps aux --sort=-rss | head"),
    },
    Topic {
        id: "load",
        wanted: "below a half for each processor, over a minute",
        why: "A measurement wants the machine for itself: then intervals are narrow, and verdicts certain.",
        judge: load,
    },
];

/// "Cputime accounting" of init/Kconfig. What a group of tasks took is exact in each of the three (kernel/sched/cputime.c).
fn kind(machine: &Machine) -> Finding {
    let Some(apart) = machine.is_configured("CONFIG_IRQ_TIME_ACCOUNTING") else { return unconfigured() };
    let kind = crate::host::accounting(&machine.config);
    let interrupts = if apart { "apart" } else { "on whom they interrupt" };
    Finding::ok(format!("{kind}, interrupts are charged {interrupts}"))
}

/// Documentation/admin-guide/cgroup-v1/cpuacct.rst, Documentation/scheduler/sched-stats.rst.
fn machine_cpu(machine: &Machine) -> Finding {
    // It is only in the true root, which alone holds every task (kernel/cgroup/cgroup-v1.c, CFTYPE_ONLY_ON_ROOT).
    let counts_all = |point: String| machine.has(&format!("{point}/release_agent"));
    if cgroup::point_of(machine, "cpuacct").is_some_and(counts_all) {
        Finding::ok("cpuacct.usage of the root group")
    } else if machine.has("/proc/schedstat") {
        Finding::ok("/proc/schedstat")
    } else {
        Finding::warn(
            "neither v1 cpuacct is mounted nor CONFIG_SCHEDSTATS built in",
            "sudo mkdir -p /run/cpuacct && sudo mount -t cgroup -o cpuacct cgroup /run/cpuacct",
        )
    }
}

/// Field 8 of `cpu` in /proc/stat (proc_stat(5)).
fn steal(machine: &Machine) -> Finding {
    let text = match machine.text("/proc/stat") {
        Ok(text) => text,
        Err(error) => return unreadable("/proc/stat", &error),
    };
    let Some(share) = stolen_share(&text) else {
        return Finding::unknown("/proc/stat tells no stolen time", "head -n 1 /proc/stat");
    };
    let found = format!("{:.2} % of the processors' time since boot", 100.0 * share);
    if share < 0.001 {
        return Finding::ok(found);
    }
    Finding::warn(found, "vmstat 1 5  # column st; if it stays, take a machine with processors of its own")
}

/// The fields are user, nice, system, idle, iowait, irq, softirq and steal; what guests took is in user.
fn stolen_share(stat: &str) -> Option<f64> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let fields: Vec<u64> = fields.map(str::parse).collect::<Result<_, _>>().ok()?;
    let (stolen, all) = (fields.get(7)?, fields.iter().sum::<u64>());
    (all > 0).then(|| *stolen as f64 / all as f64)
}

/// `some avg10` of /proc/pressure (Documentation/accounting/psi.rst): share of the time in which at least one task waited.
fn pressure(machine: &Machine, resource: &str, who: &str) -> Finding {
    let path = format!("/proc/pressure/{resource}");
    let Ok(text) = machine.text(&path) else {
        return Finding::unknown(
            "this kernel does not count it",
            "cat /proc/cmdline  # boot with `psi=1`, on a kernel with CONFIG_PSI=y",
        );
    };
    let Some(percent) = some_avg10(&text) else {
        return Finding::unknown(format!("{path} is not understood"), format!("cat {path}"));
    };
    let found = format!("tasks waited {percent} % of the last 10 seconds");
    let most = if resource == "cpu" { 5.0 } else { 1.0 };
    if percent < most { Finding::ok(found) } else { Finding::warn(found, who) }
}

fn some_avg10(text: &str) -> Option<f64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_whitespace().find_map(|field| field.strip_prefix("avg10="))?.parse().ok()
}

/// proc_loadavg(5).
fn load(machine: &Machine) -> Finding {
    let text = match machine.text("/proc/loadavg") {
        Ok(text) => text,
        Err(error) => return unreadable("/proc/loadavg", &error),
    };
    let online = processor::online(machine).map_or(1, |cpus| cpus.len().max(1));
    let Some(load) = text.split(' ').next().and_then(|field| field.parse::<f64>().ok()) else {
        return Finding::unknown("/proc/loadavg is not understood", "cat /proc/loadavg");
    };
    let found = format!("{load} on {online} processors, over a minute");
    if load < 0.5 * online as f64 {
        return Finding::ok(found);
    }
    Finding::warn(found, "top -b -n 1 -o %CPU | head -n 15  # wait until it is done, or stop it")
}

#[cfg(test)]
mod tests {
    use record::doctor::State::{Ok, Unknown, Warn};

    use super::{kind, load, machine_cpu, pressure, steal};
    use crate::doctor::made_up::{check, configured, judged};

    #[test]
    fn every_kind_of_accounting_will_do() {
        let tick = [("CONFIG_TICK_CPU_ACCOUNTING", "y")];
        check(configured(&tick, kind), Ok, "tick, interrupts are charged on whom", "");
        let apart = [("CONFIG_VIRT_CPU_ACCOUNTING_GEN", "y"), ("CONFIG_IRQ_TIME_ACCOUNTING", "y")];
        check(configured(&apart, kind), Ok, "gen, interrupts are charged apart", "");
        check(judged(&[], kind), Unknown, "configured", "modprobe");
    }

    #[test]
    fn one_of_two_counters_of_the_machine_is_wanted() {
        let v1 = ("/proc/self/mountinfo", "33 31 0:30 / /cg rw - cgroup cgroup rw,cpuacct\n");
        check(judged(&[v1, ("/cg/release_agent", "")], machine_cpu), Ok, "cpuacct", "");
        check(judged(&[v1, ("/proc/schedstat", "")], machine_cpu), Ok, "schedstat", "");
        check(judged(&[v1], machine_cpu), Warn, "neither", "mount -t cgroup");
        check(judged(&[], machine_cpu), Warn, "neither", "mount -t cgroup");
    }

    #[test]
    fn stolen_time_is_a_share_of_all_time() {
        let with =
            |line: &str| judged(&[("/proc/stat", &format!("{line}\ncpu0 1 2 3 4 5 6 7 8 9 10\n"))], steal);
        check(with("cpu 100 0 100 9790 0 0 0 5 0 0"), Ok, "0.05 %", "");
        check(with("cpu 100 0 100 9700 0 0 0 100 0 0"), Warn, "1.00 %", "vmstat");
        check(with("cpu 0 0 0 0"), Unknown, "no stolen time", "/proc/stat");
        check(judged(&[], steal), Unknown, "/proc/stat: No such file", "ls -l");
    }

    #[test]
    fn waiting_is_told_with_who_to_look_for() {
        let with =
            |text: &str| judged(&[("/proc/pressure/cpu", text)], |machine| pressure(machine, "cpu", "top"));
        let line = "some avg10=3.25 avg60=0.70 avg300=1.67 total=57764002\nfull avg10=90.00 avg60=0 avg300=0 total=0\n";
        check(with(line), Ok, "3.25 %", "");
        check(with(&line.replace("3.25", "23.10")), Warn, "23.1 %", "top");
        check(with("none"), Unknown, "not understood", "cat /proc/pressure/cpu");
        check(judged(&[], |machine| pressure(machine, "memory", "ps")), Unknown, "does not count", "psi=1");
        let memory = [("/proc/pressure/memory", "some avg10=1.00 avg60=0 avg300=0 total=0")];
        check(judged(&memory, |machine| pressure(machine, "memory", "ps")), Warn, "1 %", "ps");
    }

    #[test]
    fn load_counts_by_processor() {
        let with = |cpus: &str, load: &str| {
            judged(&[("/sys/devices/system/cpu/online", cpus), ("/proc/loadavg", load)], super::load)
        };
        check(with("0-3", "1.90 2 3 1/100 77"), Ok, "1.9 on 4 processors", "");
        check(with("0-1", "1.90 2 3 1/100 77"), Warn, "1.9 on 2 processors", "top");
        check(with("0", "?"), Unknown, "not understood", "cat");
        check(judged(&[], load), Unknown, "No such file", "ls -l");
    }
}
