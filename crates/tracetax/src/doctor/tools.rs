//! Facts about what has been built, and what could be.

use std::env;

use super::{Finding, Machine, Unasked, machine::AS_ROOT, topic::Topic};
use crate::session::own_folder;

pub(super) const TOPICS: [Topic; 3] = [
    Topic {
        id: "binaries",
        wanted: "tracer, its object, target and load generator lie beside the lab",
        why: "A run starts them. `cargo xtask bench` builds them first, which takes some minutes the first time.",
        judge: binaries,
    },
    Topic {
        id: "tracer",
        wanted: "it answers, and has tried what this kernel takes",
        why: "Only trying tells which strategies a kernel takes, and only the tracer talks to BPF.",
        judge: tracer,
    },
    Topic {
        id: "toolchain",
        wanted: "one of the routes to an eBPF compiler is complete",
        why: "The tracer's programs are compiled for the kernel, by a compiler and a linker that few machines have.",
        judge: toolchain,
    },
];

/// What a measurement starts, beside the lab.
const STARTED: [&str; 4] = ["tracer", "tracer.bpf.o", "target", "load"];

/// Where the driver says which way to the eBPF compiler it has found: `ready:` or `missing:`, and what it found.
const DRIVER_SAYS: &str = "TRACETAX_TOOLCHAIN";

/// What has been built, and by what.
#[derive(Debug)]
pub(super) struct Built {
    /// Files that are not there.
    pub missing: Vec<&'static str>,
    /// The way to the eBPF compiler.
    pub toolchain: Toolchain,
}

/// The way to the eBPF compiler.
#[derive(Debug)]
pub(super) enum Toolchain {
    /// It is complete.
    Ready(String),
    /// Something is missing.
    Missing(String),
    /// The driver has not said; this is what the object was built by.
    Was(String),
    /// Nobody knows.
    Unknown,
}

impl Built {
    /// Looks beside this binary, and at what the driver says.
    pub fn find() -> Self {
        let folder = own_folder().unwrap_or_default();
        let missing = STARTED.into_iter().filter(|name| !folder.join(name).is_file()).collect();
        let was = std::fs::read_to_string(folder.join("tracer.bpf.toolchain")).ok();
        Self { missing, toolchain: Toolchain::of(env::var(DRIVER_SAYS).ok().as_deref(), was.as_deref()) }
    }
}

impl Toolchain {
    fn of(said: Option<&str>, was: Option<&str>) -> Self {
        let said = said.and_then(|text| text.split_once(':'));
        match (said, was) {
            (Some(("ready", how)), _) => Self::Ready(how.trim().into()),
            (Some(("missing", what)), _) => Self::Missing(what.trim().into()),
            (_, Some(was)) => Self::Was(was.trim().into()),
            (_, None) => Self::Unknown,
        }
    }
}

fn binaries(machine: &Machine) -> Finding {
    match machine.tools.missing.as_slice() {
        [] => Finding::ok("all built"),
        missing => Finding::warn(format!("not built: {}", missing.join(", ")), "cargo xtask build"),
    }
}

fn tracer(machine: &Machine) -> Finding {
    match &machine.probe {
        Ok(probe) if probe.strategies.is_empty() => {
            Finding::unknown("not asked, since none was to run", AS_ROOT)
        }
        Ok(_) => Finding::ok("it has tried what this kernel takes"),
        Err(Unasked { reason, next_step }) if machine.is_root() => Finding::warn(reason, next_step),
        Err(Unasked { reason, next_step }) => Finding::unknown(reason, next_step),
    }
}

fn toolchain(machine: &Machine) -> Finding {
    match &machine.tools.toolchain {
        Toolchain::Ready(how) => Finding::ok(how),
        Toolchain::Was(how) => Finding::ok(format!("the object here was built by {how}")),
        Toolchain::Missing(what) => Finding::warn(what, "cargo xtask setup"),
        Toolchain::Unknown => Finding::unknown("the driver was not asked", "cargo xtask doctor"),
    }
}

#[cfg(test)]
mod tests {
    use record::{
        agent::{Probe, StrategyProbe},
        doctor::State::{Ok, Unknown, Warn},
    };

    use super::{Built, Toolchain, binaries, toolchain, tracer};
    use crate::doctor::{
        Finding, Unasked,
        made_up::{changed, check},
    };

    fn said(driver: Option<&str>, was: Option<&str>) -> Finding {
        let toolchain_found = Toolchain::of(driver, was);
        changed(&[], |machine| machine.tools.toolchain = toolchain_found, toolchain)
    }

    #[test]
    fn what_the_driver_says_comes_first() {
        check(said(Some("ready: debian: all its parts are here"), Some("x")), Ok, "debian: all", "");
        check(
            said(Some("missing: nightly: no rust-src"), Some("x")),
            Warn,
            "nightly: no rust-src",
            "cargo xtask setup",
        );
        check(said(None, Some("debian: rustc 1.96\n")), Ok, "was built by debian: rustc 1.96", "");
        check(said(Some("?"), None), Unknown, "not asked", "cargo xtask doctor");
    }

    #[test]
    fn a_tracer_that_does_not_answer_is_told_with_why() {
        let root = [("/proc/self/status", "Uid:\t0\t0\t0\t0\n")];
        let with = |files, reason: &str| {
            let unasked = Unasked { reason: reason.into(), next_step: "cargo xtask build".into() };
            changed(files, |machine| machine.probe = Err(unasked), tracer)
        };
        check(with(&root, "it is not built"), Warn, "it is not built", "cargo xtask build");
        check(with(&[], "that needs root"), Unknown, "that needs root", "cargo xtask build");
        let strategies = vec![StrategyProbe { strategy: "kprobe".into(), available: true, reason: None }];
        let probe = Probe { strategies, others: None };
        check(changed(&[], |machine| machine.probe = Result::Ok(probe), tracer), Ok, "tried", "");
        check(changed(&[], |_| (), tracer), Unknown, "not asked", "sudo");
    }

    #[test]
    fn what_is_not_built_is_named() {
        let with = |missing| {
            changed(&[], |machine| machine.tools = Built { missing, toolchain: Toolchain::Unknown }, binaries)
        };
        check(with(vec![]), Ok, "all built", "");
        check(with(vec!["tracer", "load"]), Warn, "not built: tracer, load", "cargo xtask build");
    }
}
