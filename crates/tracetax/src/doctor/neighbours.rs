//! Facts about who else traces or measures here.

use std::io::ErrorKind;

use record::agent::{OtherProgram, OtherPrograms};

use super::{Finding, Machine, cgroup, machine::AS_ROOT, topic::Topic};
use crate::cgroup::RunId;

pub(super) const TOPICS: [Topic; 3] = [
    Topic {
        id: "bpf-programs",
        wanted: "no program for tracing is loaded by others",
        why: "Another tracer's programs run at the same events, in both arms: they raise the level, and hide what ours adds.",
        judge: programs,
    },
    Topic {
        id: "ftrace",
        wanted: "the kernel's own tracer is `nop`, and no event is switched on",
        why: "It records in both arms, and makes system calls and functions of the kernel dearer.",
        judge: ftrace,
    },
    Topic {
        id: "other-runs",
        wanted: "no run of tracetax is under way, and none has left anything",
        why: "Two runs at once measure each other. What a killed run has left takes memory, perhaps a processor.",
        judge: runs,
    },
];

/// More are counted, not named.
const NAMED: usize = 6;

fn programs(machine: &Machine) -> Finding {
    let probe = match &machine.probe {
        Ok(probe) => probe,
        Err(unasked) => {
            return Finding::unknown("not looked for, see `tracer`", &unasked.next_step);
        }
    };
    match &probe.others {
        None => Finding::unknown("not looked for, since no tracer was to run", AS_ROOT),
        Some(OtherPrograms::Refused(reason)) => Finding::unknown(reason, AS_ROOT),
        Some(OtherPrograms::Loaded(programs)) if programs.is_empty() => Finding::ok("none"),
        Some(OtherPrograms::Loaded(programs)) => Finding::warn(listed(programs), stop(programs)),
    }
}

fn listed(programs: &[OtherProgram]) -> String {
    let mut lines: Vec<String> = programs.iter().take(NAMED).map(described).collect();
    if programs.len() > NAMED {
        lines.push(format!("and {} more", programs.len() - NAMED));
    }
    format!("{}: {}", programs.len(), lines.join("; "))
}

fn described(program: &OtherProgram) -> String {
    let name = if program.name.is_empty() { "without a name" } else { &program.name };
    let holders: Vec<String> =
        program.holders.iter().map(|holder| format!("{} (pid {})", holder.name, holder.pid)).collect();
    let held = if holders.is_empty() {
        "nobody: it is pinned, or attached for good".into()
    } else {
        holders.join(", ")
    };
    format!("{} `{name}`, id {}, held by {held}", program.kind, program.id)
}

/// How to be rid of them.
fn stop(programs: &[OtherProgram]) -> String {
    let mut pids: Vec<String> =
        programs.iter().flat_map(|program| &program.holders).map(|holder| holder.pid.to_string()).collect();
    pids.sort();
    pids.dedup();
    if pids.is_empty() {
        "sudo bpftool prog show  # names what is pinned with `--bpffs`; remove the pins".into()
    } else {
        format!("ps -fp {}  # stop these for the time of a measurement", pids.join(","))
    }
}

/// Documentation/trace/ftrace.rst: `current_tracer` and `set_event`.
fn ftrace(machine: &Machine) -> Finding {
    let read = |file| machine.text_in("tracefs", "/sys/kernel/tracing", file);
    let (tracer, events) = match (read("current_tracer"), read("set_event")) {
        (Ok(tracer), Ok(events)) => (tracer, events),
        (Err(error), _) | (_, Err(error)) if error.kind() == ErrorKind::PermissionDenied => {
            return Finding::unknown("only root may ask", AS_ROOT);
        }
        _ => return Finding::ok("this kernel has none"),
    };
    let on = events.lines().count();
    match (tracer.as_str(), on) {
        ("nop", 0) => Finding::ok("off"),
        ("nop", _) => Finding::warn(
            format!(
                "{on} events are switched on, the first is {}",
                events.lines().next().unwrap_or_default()
            ),
            "echo | sudo tee /sys/kernel/tracing/set_event",
        ),
        _ => Finding::warn(
            format!("the tracer {tracer} is on"),
            "echo nop | sudo tee /sys/kernel/tracing/current_tracer",
        ),
    }
}

/// Runs are told by their control groups.
fn runs(machine: &Machine) -> Finding {
    let (alive, dead): (Vec<_>, Vec<_>) =
        cgroup::runs(machine).into_iter().partition(|(_, is_alive)| *is_alive);
    let names =
        |runs: &[(RunId, bool)]| runs.iter().map(|(run, _)| run.to_string()).collect::<Vec<_>>().join(", ");
    match (alive.is_empty(), dead.is_empty()) {
        (true, true) => Finding::ok("none"),
        (false, _) => Finding::warn(
            format!("under way: {}", names(&alive)),
            "ps -eo pid,etime,args | grep [t]racetax  # wait for it to end",
        ),
        (true, false) => {
            Finding::warn(format!("killed, with groups left: {}", names(&dead)), "cargo xtask clean")
        }
    }
}

#[cfg(test)]
mod tests {
    use record::{
        agent::{Holder, OtherProgram, OtherPrograms, Probe},
        doctor::State::{Ok, Unknown, Warn},
    };

    use super::{ftrace, programs, runs};
    use crate::{
        cgroup::RunId,
        doctor::{
            Finding, Unasked,
            made_up::{changed, check, judged},
        },
    };

    fn program(id: u32, holders: &[u32]) -> OtherProgram {
        let holders = holders.iter().map(|pid| Holder { pid: *pid, name: "agent".into() }).collect();
        OtherProgram { id, name: "on_exit".into(), kind: "kprobe".into(), holders }
    }

    fn with(others: Option<OtherPrograms>) -> Finding {
        changed(&[], |machine| machine.probe = Result::Ok(Probe { strategies: vec![], others }), programs)
    }

    fn loaded(programs: Vec<OtherProgram>) -> Finding {
        with(Some(OtherPrograms::Loaded(programs)))
    }

    #[test]
    fn programs_of_others_are_named_with_who_holds_them() {
        check(loaded(vec![]), Ok, "none", "");
        let two = vec![program(7, &[40, 41]), program(8, &[40])];
        let found =
            "2: kprobe `on_exit`, id 7, held by agent (pid 40), agent (pid 41); kprobe `on_exit`, id 8";
        check(loaded(two), Warn, found, "ps -fp 40,41");
        check(loaded(vec![program(7, &[])]), Warn, "pinned", "bpftool prog show");
        check(loaded((0..9).map(|id| program(id, &[1])).collect()), Warn, "and 3 more", "ps");
    }

    #[test]
    fn who_was_not_looked_for_is_not_none() {
        check(with(None), Unknown, "not looked for", "sudo");
        check(with(Some(OtherPrograms::Refused("not permitted".into()))), Unknown, "not permitted", "sudo");
        let unasked = Unasked { reason: "it is not built".into(), next_step: "cargo xtask build".into() };
        let finding = changed(&[], |machine| machine.probe = Err(unasked), programs);
        check(finding, Unknown, "see `tracer`", "cargo xtask build");
    }

    #[test]
    fn the_kernels_own_tracer_is_told() {
        let with = |tracer, events| {
            let files =
                [("/sys/kernel/tracing/current_tracer", tracer), ("/sys/kernel/tracing/set_event", events)];
            judged(&files, ftrace)
        };
        check(with("nop\n", ""), Ok, "off", "");
        check(
            with("nop\n", "sched:sched_switch\nnet:netif_rx\n"),
            Warn,
            "2 events are switched on, the first is sched",
            "set_event",
        );
        check(with("function\n", ""), Warn, "function", "echo nop");
        check(judged(&[], ftrace), Ok, "none", "");
    }

    #[test]
    fn runs_under_way_and_what_is_left_of_killed_ones_are_told() {
        let mounts = ("/proc/self/mountinfo", "30 24 0:26 / /cg rw - cgroup2 cgroup2 rw\n");
        let with = |group: &str| judged(&[mounts, (&format!("/cg/{group}/cgroup.procs"), "")], runs);
        check(with("system.slice"), Ok, "none", "");
        let own = RunId::own().unwrap();
        let dead = RunId::of_nobody(7).group_name();
        check(with(&dead), Warn, "killed, with groups left: 4194305-7", "cargo xtask clean");
        check(with(&own.group_name()), Warn, &format!("under way: {own}"), "ps -eo");
        let inside = ("/proc/self/cgroup", &*format!("0::/{dead}/lab\n"));
        check(judged(&[mounts, inside, (&format!("/cg/{dead}/lab/cgroup.procs"), "")], runs), Ok, "none", "");
    }
}
