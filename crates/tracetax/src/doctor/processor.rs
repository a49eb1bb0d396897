//! Facts about the processors: how many, how fast, and how evenly.

use super::{Finding, Machine, topic::Topic};

pub(super) const TOPICS: [Topic; 7] = [
    Topic {
        id: "processors",
        wanted: "two or more online; with four each role has its own",
        why: "Server and generator each want a processor: on a single one each waits for the other.",
        judge: count,
    },
    Topic {
        id: "affinity",
        wanted: "this process may run on every processor that is online",
        why: "The lab gives each role a processor of its own, counted from the first.",
        judge: affinity,
    },
    Topic {
        id: "governor",
        wanted: "`performance`, or none",
        why: "A processor that changes its frequency with the load makes the same work cheaper for whoever works more, which is \
              the traced arm.",
        judge: governor,
    },
    Topic {
        id: "boost",
        wanted: "off",
        why: "Boost depends on temperature and on what the other cores do: it widens every interval.",
        judge: boost,
    },
    Topic {
        id: "smt",
        wanted: "off, or not there",
        why: "Two processors that share a core slow each other down: the generator's work then shows in the server's time.",
        judge: siblings,
    },
    Topic {
        id: "idle-states",
        wanted: "every enabled idle state is left within 100 us",
        why: "At low rates each request wakes a sleeping core. Waking from a deep state takes longer than the request.",
        judge: idle,
    },
    Topic {
        id: "numa",
        wanted: "one node",
        why: "Memory of another node is slower; which node a process gets is chance, life by life.",
        judge: nodes,
    },
];

const FOLDER: &str = "/sys/devices/system/cpu";

/// Numbers of the processors that are online (Documentation/admin-guide/cputopology.rst).
pub(super) fn online(machine: &Machine) -> Option<Vec<u32>> {
    listed(&machine.text(&format!("{FOLDER}/online")).ok()?)
}

/// The numbers in a list like `0-3,8` (cpuset(7), "List Format").
fn listed(list: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        numbers.extend(first.parse::<u32>().ok()?..=last.parse().ok()?);
    }
    Some(numbers)
}

fn unlisted() -> Finding {
    Finding::unknown("the kernel lists no processors", format!("cat {FOLDER}/online"))
}

fn count(machine: &Machine) -> Finding {
    let Some(cpus) = online(machine) else { return unlisted() };
    match cpus.len() {
        0 | 1 => Finding::warn("one", "nproc --all  # give the machine another processor"),
        2 | 3 => Finding::ok(format!("{}: generator and agent share one", cpus.len())),
        count => Finding::ok(count.to_string()),
    }
}

/// `Cpus_allowed_list` (proc_pid_status(5)).
fn affinity(machine: &Machine) -> Finding {
    let allowed = machine.own_status("Cpus_allowed_list").and_then(|list| listed(&list));
    let (Some(online), Some(allowed)) = (online(machine), allowed) else { return unlisted() };
    let missing: Vec<String> =
        online.iter().filter(|cpu| !allowed.contains(cpu)).map(u32::to_string).collect();
    if missing.is_empty() {
        return Finding::ok(format!("all {}", online.len()));
    }
    let all = online.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    Finding::warn(format!("not on {}", missing.join(", ")), format!("taskset -p -c {all} $$"))
}

/// Documentation/admin-guide/pm/cpufreq.rst.
fn governor(machine: &Machine) -> Finding {
    let mut governors: Vec<String> =
        machine.texts(FOLDER, "cpufreq/scaling_governor").into_iter().map(|(_, governor)| governor).collect();
    governors.sort();
    governors.dedup();
    if governors.is_empty() {
        return Finding::ok("this kernel scales no frequency");
    }
    let found = governors.join(", ");
    if governors == ["performance"] {
        return Finding::ok(found);
    }
    Finding::warn(found, format!("echo performance | sudo tee {FOLDER}/cpu*/cpufreq/scaling_governor"))
}

/// Documentation/admin-guide/pm/cpufreq.rst, "The boost File in sysfs"; Documentation/admin-guide/pm/intel_pstate.rst.
fn boost(machine: &Machine) -> Finding {
    let (boost, no_turbo) = (format!("{FOLDER}/cpufreq/boost"), format!("{FOLDER}/intel_pstate/no_turbo"));
    match (machine.number(&no_turbo), machine.number(&boost)) {
        (Some(1), _) | (None, Some(0)) => Finding::ok("off"),
        (Some(_), _) => Finding::warn("on", format!("echo 1 | sudo tee {no_turbo}")),
        (None, Some(_)) => Finding::warn("on", format!("echo 0 | sudo tee {boost}")),
        (None, None) => Finding::unknown(
            "firmware or hypervisor decides, and does not tell",
            "cargo xtask bench control-null  # shows what two equal arms differ by",
        ),
    }
}

/// Documentation/ABI/testing/sysfs-devices-system-cpu, `smt`.
fn siblings(machine: &Machine) -> Finding {
    let control = machine.text(&format!("{FOLDER}/smt/control"));
    match (machine.number(&format!("{FOLDER}/smt/active")), control.as_deref()) {
        (Some(0), Ok("notsupported")) => Finding::ok("not there, as far as this kernel can see"),
        (Some(0), _) => Finding::ok("off"),
        (Some(_), _) => Finding::warn("on", format!("echo off | sudo tee {FOLDER}/smt/control")),
        (None, _) => Finding::unknown(
            "this kernel does not tell",
            format!("cat {FOLDER}/cpu0/topology/thread_siblings_list"),
        ),
    }
}

/// The slowest an idle state may be to leave, in microseconds.
const SLOWEST_US: i64 = 100;

/// `latency` is the time to leave a state, in microseconds (Documentation/admin-guide/pm/cpuidle.rst).
fn idle(machine: &Machine) -> Finding {
    let folder = format!("{FOLDER}/cpu0/cpuidle");
    let disabled = |state: &str| machine.number(&format!("{folder}/{state}/disable")) == Some(1);
    let states = machine.texts(&folder, "latency").into_iter().filter(|(state, _)| !disabled(state));
    let slowest = states.filter_map(|(state, us)| Some((us.parse::<i64>().ok()?, state))).max();
    let Some((us, state)) = slowest else { return Finding::ok("none that this kernel enters") };
    let name = machine.text(&format!("{folder}/{state}/name")).unwrap_or(state);
    let found = format!("the deepest is {name}, left in {us} us");
    if us <= SLOWEST_US {
        return Finding::ok(found);
    }
    Finding::warn(found, format!("sudo cpupower idle-set --disable-by-latency {SLOWEST_US}"))
}

/// Documentation/ABI/stable/sysfs-devices-node.
fn nodes(machine: &Machine) -> Finding {
    let nodes = machine.text("/sys/devices/system/node/online").ok().and_then(|list| listed(&list));
    match nodes.map_or(1, |nodes| nodes.len()) {
        0 | 1 => Finding::ok("one node"),
        count => Finding::warn(
            format!("{count} nodes"),
            "numactl --cpunodebind=0 --membind=0 cargo xtask bench SCENARIO",
        ),
    }
}

#[cfg(test)]
mod tests {
    use record::doctor::State::{Ok, Unknown, Warn};

    use super::{affinity, boost, count, governor, idle, listed, nodes, siblings};
    use crate::doctor::made_up::{check, judged};

    const ONLINE: &str = "/sys/devices/system/cpu/online";

    #[test]
    fn lists_have_ranges() {
        assert_eq!(listed("0-3,8\n"), Some(vec![0, 1, 2, 3, 8]));
        assert_eq!((listed(""), listed("0-")), (None, None));
    }

    #[test]
    fn one_processor_is_few() {
        let with = |list| judged(&[(ONLINE, list)], count);
        check(with("0"), Warn, "one", "nproc");
        check(with("0-1"), Ok, "2: generator and agent share", "");
        check(with("0-63"), Ok, "64", "");
        check(judged(&[], count), Unknown, "lists no", "cat");
    }

    #[test]
    fn processors_that_are_out_of_reach_are_named() {
        let with = |allowed: &str| {
            let status = format!("Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t{allowed}\n");
            judged(&[(ONLINE, "0-3"), ("/proc/self/status", &status)], affinity)
        };
        check(with("0-3"), Ok, "all 4", "");
        check(with("0,2"), Warn, "not on 1, 3", "taskset -p -c 0,1,2,3");
        check(judged(&[(ONLINE, "0-3")], affinity), Unknown, "lists no", "cat");
    }

    #[test]
    fn a_governor_that_scales_is_told() {
        let at = |cpu| format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor");
        let with = |a, b| judged(&[(&at(0), a), (&at(1), b)], governor);
        check(with("performance\n", "performance\n"), Ok, "performance", "");
        check(with("powersave", "performance"), Warn, "performance, powersave", "echo performance");
        check(judged(&[], governor), Ok, "no frequency", "");
    }

    #[test]
    fn boost_is_told_by_one_of_two_files() {
        let (boost_file, turbo) =
            ("/sys/devices/system/cpu/cpufreq/boost", "/sys/devices/system/cpu/intel_pstate/no_turbo");
        check(judged(&[(boost_file, "0")], boost), Ok, "off", "");
        check(judged(&[(boost_file, "1")], boost), Warn, "on", "echo 0 |");
        check(judged(&[(turbo, "1")], boost), Ok, "off", "");
        check(judged(&[(turbo, "0")], boost), Warn, "on", "echo 1 |");
        check(judged(&[], boost), Unknown, "hypervisor", "control-null");
    }

    #[test]
    fn siblings_are_told() {
        let with = |active, control| {
            let folder = "/sys/devices/system/cpu/smt";
            judged(
                &[(&format!("{folder}/active"), active), (&format!("{folder}/control"), control)],
                siblings,
            )
        };
        check(with("0", "notsupported"), Ok, "not there", "");
        check(with("0", "off"), Ok, "off", "");
        check(with("1", "on"), Warn, "on", "echo off");
        check(judged(&[], siblings), Unknown, "does not tell", "cat");
    }

    #[test]
    fn deep_idle_states_are_told_unless_disabled() {
        let with = |disabled: &str| {
            let file = |name: &str| format!("/sys/devices/system/cpu/cpu0/cpuidle/{name}");
            let (shallow, deep, name) = (file("state0/latency"), file("state1/latency"), file("state1/name"));
            let disable = file("state1/disable");
            judged(&[(&shallow, "2"), (&deep, "133"), (&name, "C6"), (&disable, disabled)], idle)
        };
        check(with("0"), Warn, "C6, left in 133 us", "--disable-by-latency 100");
        check(with("1"), Ok, "state0, left in 2 us", "");
        check(judged(&[], idle), Ok, "none", "");
    }

    #[test]
    fn a_second_node_is_told() {
        let with = |list| judged(&[("/sys/devices/system/node/online", list)], nodes);
        check(with("0"), Ok, "one node", "");
        check(with("0-1"), Warn, "2 nodes", "numactl");
        check(judged(&[], nodes), Ok, "one node", "");
    }
}
