//! Facts about how the tracer can hook in here: the tracer has tried.

use record::{agent::StrategyProbe, doctor::State};

use super::{Finding, Machine, machine::AS_ROOT, topic::Topic};

pub(super) const TOPICS: [Topic; 7] = [
    Topic {
        id: "raw-tracepoint",
        wanted: "loaded and attached",
        why: "Every scenario uses this strategy unless it names another: without it there is no measuring.",
        judge: usual,
    },
    strategy("syscall-tracepoint", |machine| tried(machine, "syscall-tracepoint", CONFIGURED_TRACEPOINTS)),
    strategy("cgroup-skb", |machine| tried(machine, "cgroup-skb", "zgrep CONFIG_CGROUP_BPF /proc/config.gz")),
    strategy("uprobe-nop", |machine| tried(machine, "uprobe-nop", CONFIGURED_UPROBES)),
    strategy("uprobe-entry", |machine| tried(machine, "uprobe-entry", CONFIGURED_UPROBES)),
    strategy("fentry", |machine| {
        tried(
            machine,
            "fentry",
            "zgrep -E 'CONFIG_(DEBUG_INFO_BTF|DYNAMIC_FTRACE_WITH_DIRECT_CALLS|KPROBES)' /proc/config.gz",
        )
    }),
    strategy("kprobe", |machine| tried(machine, "kprobe", "zgrep CONFIG_KPROBE /proc/config.gz")),
];

const CONFIGURED_TRACEPOINTS: &str = "zgrep -E 'CONFIG_(BPF_EVENTS|FTRACE_SYSCALLS)' /proc/config.gz";
const CONFIGURED_UPROBES: &str = "zgrep CONFIG_UPROBE /proc/config.gz";

const fn strategy(id: &'static str, judge: fn(&Machine) -> Finding) -> Topic {
    Topic {
        id,
        wanted: "loaded, and attached where there is something to attach to",
        why: "Scenarios that compare strategies leave out one that the kernel refuses, and say so.",
        judge,
    }
}

fn usual(machine: &Machine) -> Finding {
    let finding = tried(machine, "raw-tracepoint", CONFIGURED_TRACEPOINTS);
    let state = if finding.state == State::Warn { State::Fail } else { finding.state };
    Finding { state, ..finding }
}

/// What came of the trial. `look` shows how the kernel was configured for it.
fn tried(machine: &Machine, name: &str, look: &str) -> Finding {
    let probe = match &machine.probe {
        Ok(probe) => probe,
        Err(unasked) => {
            return Finding::unknown("not tried, see `tracer`", &unasked.next_step);
        }
    };
    match probe.strategies.iter().find(|probe| probe.strategy == name) {
        None => Finding::unknown("not tried, since no tracer was to run", AS_ROOT),
        Some(StrategyProbe { available: true, .. }) => Finding::ok("available"),
        Some(StrategyProbe { reason, .. }) => {
            let reason = reason.as_deref().unwrap_or("the tracer says not why");
            Finding::warn(
                format!("unavailable: {reason}"),
                format!(
                    "{look}  # if it is missing, another kernel may take it; the rest is measured without"
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use record::{
        agent::{Probe, StrategyProbe},
        doctor::State::{Fail, Ok, Unknown, Warn},
    };

    use super::{TOPICS, tried};
    use crate::{
        doctor::{
            Finding, Unasked,
            made_up::{changed, check},
        },
        scenario::form::treatment::STRATEGIES,
    };

    /// With one strategy, refused for this reason if there is one.
    fn with(reason: Option<&str>, judge: fn(&crate::doctor::Machine) -> Finding) -> Finding {
        let probe = |name: &str| StrategyProbe {
            strategy: name.into(),
            available: reason.is_none(),
            reason: reason.map(Into::into),
        };
        let strategies = vec![probe("raw-tracepoint"), probe("kprobe")];
        changed(&[], |machine| machine.probe = Result::Ok(Probe { strategies, others: None }), judge)
    }

    #[test]
    fn all_strategies_are_asked_for() {
        let names: Vec<&str> = STRATEGIES.iter().map(|(name, _)| *name).collect();
        assert_eq!(TOPICS.iter().map(|topic| topic.id).collect::<Vec<_>>(), names);
    }

    #[test]
    fn a_refused_strategy_is_told_with_the_kernels_reason() {
        let kprobe = TOPICS[6].judge;
        check(with(None, kprobe), Ok, "available", "");
        check(
            with(Some("Operation not supported"), kprobe),
            Warn,
            "unavailable: Operation not supported",
            "zgrep CONFIG_KPROBE",
        );
    }

    #[test]
    fn nothing_goes_without_the_usual_strategy() {
        let usual = TOPICS[0].judge;
        check(with(None, usual), Ok, "available", "");
        check(
            with(Some("Operation not permitted"), usual),
            Fail,
            "unavailable: Operation not permitted",
            "zgrep",
        );
    }

    #[test]
    fn what_was_not_tried_says_why() {
        let unasked = Unasked {
            reason: "that needs root".into(),
            next_step: "sudo target/release/tracetax doctor".into(),
        };
        let finding = changed(&[], |machine| machine.probe = Err(unasked), TOPICS[0].judge);
        check(finding, Unknown, "not tried, see `tracer`", "sudo");
        check(
            changed(&[], |_| (), |machine| tried(machine, "kprobe", "")),
            Unknown,
            "no tracer was to run",
            "sudo",
        );
    }
}
