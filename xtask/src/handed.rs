//! The commands that belong to the lab: what each needs built, which need root, and what the help says of them.
//!
//! No I/O here, so that every command line can be a test.

use std::ffi::{OsStr, OsString};

use anyhow::{Context, Result};

use crate::exit;

/// What must be built before the lab can do a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Needs {
    /// The lab alone.
    Lab,
    /// The lab and the eBPF object, unless the command line names another object or wants it loaded.
    Object,
    /// The lab, the micro benchmarks, and valgrind.
    Benchmarks,
    /// All that a measurement starts, and the eBPF object.
    All,
}

struct Handed {
    name: &'static str,
    needs: Needs,
    about: &'static str,
}

const fn handed(name: &'static str, needs: Needs, about: &'static str) -> Handed {
    Handed { name, needs, about }
}

const HANDED: [Handed; 12] = [
    handed("bench", Needs::All, "Measure scenarios, judge their budgets, print the table"),
    handed("calibrate", Needs::All, "Prove the instrument: planted costs, null verdicts, lateness, wrk"),
    handed("report", Needs::Lab, "Show a stored run again; measures nothing"),
    handed("clean", Needs::Lab, "Sweep what killed runs left behind"),
    handed(
        "baseline",
        Needs::All,
        "Record what scenarios cost, accept it as the level to hold, check what was accepted",
    ),
    handed(
        "compare",
        Needs::Lab,
        "Hold a run against what was accepted, or measure this tracer against that of another revision",
    ),
    handed(
        "unit",
        Needs::Benchmarks,
        "Measure the stages of the agent's path one by one: time, instructions, allocations",
    ),
    handed("inspect", Needs::Object, "Show what the eBPF object holds: programs, maps and their bytes"),
    handed(
        "doctor",
        Needs::Lab,
        "Look at this machine: what works, what does not, why, what to do; changes nothing",
    ),
    handed(
        "completions",
        Needs::Lab,
        "Print what a shell reads to complete the commands of the binary `tracetax`",
    ),
    handed("man", Needs::Lab, "Print the manual page, or write one for each command into a folder"),
    handed(
        "check",
        Needs::Lab,
        "Check scenario files: all mistakes of all of them, each with its place and what to do",
    ),
];

/// The driver's own commands, for suggestions.
const OWN: [&str; 4] = ["setup", "build", "test", "ci"];

/// The part of the help that lists the lab's commands.
pub(crate) fn help() -> String {
    let lines: Vec<String> =
        HANDED.iter().map(|command| format!("  {:<11} {}", command.name, command.about)).collect();
    format!("Commands of the lab (their options: cargo xtask <COMMAND> --help):\n{}", lines.join("\n"))
}

/// What to build for a command line.
pub(crate) fn needs(args: &[OsString]) -> Result<Needs> {
    let (name, rest) = args.split_first().context("a command without a name")?;
    let Some(command) = HANDED.iter().find(|command| *name == *command.name) else {
        return Err(exit::usage(unknown(&name.to_string_lossy())));
    };
    let has = |option: &str| rest.iter().any(|arg| is_option(arg, option));
    Ok(match command.needs {
        // These only print.
        _ if has("--help") || has("-h") || has("--dry-run") => Needs::Lab,
        _ if *name == *"baseline" && (has("--check") || has("--accept")) => Needs::Lab,
        _ if *name == *"compare" && (has("--confirm") || has("--against")) => Needs::All,
        Needs::Object if has("--loaded") => Needs::All,
        Needs::Object if has("--object") => Needs::Lab,
        needs => needs,
    })
}

/// Whether `arg` is this option, with a value behind `=` or not.
fn is_option(arg: &OsStr, option: &str) -> bool {
    arg.to_str().is_some_and(|arg| arg.split('=').next() == Some(option))
}

fn unknown(name: &str) -> String {
    let known = || OWN.into_iter().chain(HANDED.iter().map(|command| command.name));
    let nearest =
        known().max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    let nearest = nearest.unwrap_or("bench");
    format!(
        "unknown command `{name}`; the nearest is `{nearest}` (all: {})",
        known().collect::<Vec<_>>().join(", ")
    )
}

/// Whether only root can do it: load BPF, make control groups, or remove those that a killed run has left.
pub(crate) fn wants_root(args: &[OsString]) -> Result<bool> {
    let name = args.first().context("a command without a name")?;
    Ok(match needs(args)? {
        Needs::All => true,
        Needs::Lab => *name == *"clean" && args.len() == 1,
        Needs::Object | Needs::Benchmarks => false,
    })
}

/// The revision that is to be compared with, where the command line names one.
pub(crate) fn other_revision(args: &[OsString]) -> Option<String> {
    let (name, rest) = args.split_first()?;
    if *name != *"compare" || rest.iter().any(|arg| is_option(arg, "--help")) {
        return None;
    }
    let index = rest.iter().position(|arg| is_option(arg, "--against"))?;
    match rest[index].to_str()?.split_once('=') {
        Some((_, value)) => Some(value.to_owned()),
        None => rest.get(index + 1)?.to_str().map(String::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn a_command_builds_only_what_it_needs() {
        for (line, expect) in [
            ("bench --all", Needs::All),
            ("bench light --dry-run", Needs::Lab),
            ("bench --help", Needs::Lab),
            ("compare", Needs::Lab),
            ("compare latest --explain server_cpu_us_per_request", Needs::Lab),
            ("compare --confirmed-by other", Needs::Lab),
            ("compare --confirm", Needs::All),
            ("compare --against HEAD", Needs::All),
            ("compare --against=HEAD", Needs::All),
            ("baseline", Needs::All),
            ("baseline --check", Needs::Lab),
            ("baseline --accept --reason first", Needs::Lab),
            ("report latest", Needs::Lab),
            ("check", Needs::Lab),
            ("check scenarios/light.toml", Needs::Lab),
            ("clean", Needs::Lab),
            ("doctor --json", Needs::Lab),
            ("unit --quick", Needs::Benchmarks),
            ("unit --help", Needs::Lab),
            ("inspect --format json", Needs::Object),
            ("inspect --object=other.o", Needs::Lab),
            ("inspect --object other.o --loaded", Needs::All),
        ] {
            assert_eq!(needs(&args(line)).unwrap(), expect, "{line}");
        }
    }

    #[test]
    fn only_what_measures_or_sweeps_is_raised() {
        for line in [
            "bench --all",
            "calibrate",
            "baseline",
            "baseline --reason first",
            "compare --confirm",
            "compare --against HEAD",
            "inspect --loaded",
            "clean",
        ] {
            assert!(wants_root(&args(line)).unwrap(), "{line}");
        }
        for line in [
            "bench --all --dry-run",
            "bench --help",
            "bench -h",
            "compare",
            "baseline --check",
            "baseline --accept --reason first",
            "inspect --check",
            "inspect",
            "unit --quick",
            "report",
            "check",
            "clean --help",
            "doctor",
        ] {
            assert!(!wants_root(&args(line)).unwrap(), "{line}");
        }
    }

    #[test]
    fn the_other_revision_is_read_off_the_command_line() {
        for (line, expect) in [
            ("compare --against main saturation", Some("main")),
            ("compare saturation --against=HEAD~1", Some("HEAD~1")),
            ("compare --against", None),
            ("compare --against main --help", None),
            ("compare latest", None),
            ("bench --against main", None),
        ] {
            assert_eq!(other_revision(&args(line)).as_deref(), expect, "{line}");
        }
    }

    #[test]
    fn an_unknown_command_is_told_its_nearest() {
        for (name, nearest) in
            [("bnech", "bench"), ("tset", "test"), ("reprot", "report"), ("cleanup", "clean")]
        {
            let text = needs(&args(name)).unwrap_err().to_string();
            assert!(text.contains(&format!("nearest is `{nearest}`")), "{text}");
        }
    }

    #[test]
    fn the_help_lists_every_command_with_a_text() {
        assert!(HANDED.iter().all(|command| !command.about.is_empty() && help().contains(command.about)));
    }
}
