//! The tracer of the other revision: where the driver has built it, and whether this lab can measure it.
//!
//! A tracer that speaks another protocol, or that has not the strategy of a scenario, is no failure of the run: it is
//! recorded in the plan, and the judge calls it `not-comparable`.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use record::{
    agent::{AgentCommand, AgentReply, StrategyProbe},
    plan::TreatmentKind,
    revision::Revision,
    stage::Stage,
};

use crate::{exit::Unfit, rig::How, scenario::Scenario};

/// Set by the driver: the folder with the other revision's tracer and its object.
const BINARIES: &str = "TRACETAX_AGAINST_BINARIES";

/// Set by the driver: the other revision's commit.
const REVISION: &str = "TRACETAX_AGAINST_REVISION";

/// The other revision as it was built.
#[derive(Debug, Clone)]
pub struct Build {
    /// The folder with its tracer and its object.
    pub binaries: PathBuf,
    /// Its source.
    pub revision: Revision,
}

impl Build {
    /// What the driver has built of the revision that the user calls `name`.
    ///
    /// # Errors
    /// When it has built nothing: the lab builds no revisions.
    pub fn of_driver(name: &str) -> Result<Self> {
        let (Some(binaries), Ok(commit)) = (std::env::var_os(BINARIES), std::env::var(REVISION)) else {
            let text = format!(
                "nobody has built {name}: run `cargo xtask compare --against {name}`, which builds it"
            );
            return Err(Unfit(text).into());
        };
        let build = Self {
            binaries: binaries.into(),
            // The driver checks a commit out as it is, and never plants a cost in it.
            revision: Revision { commit, dirty: false, planted: false },
        };
        let tracer = build.tracer();
        ensure!(
            tracer.is_file(),
            "{} is not there: {BINARIES} names the wrong folder; `cargo xtask compare --against REV` builds it and says where",
            tracer.display()
        );
        Ok(build)
    }

    /// Its tracer.
    #[must_use]
    pub fn tracer(&self) -> PathBuf {
        self.binaries.join("tracer")
    }
}

/// The strategies that `tracer` cannot be measured with in these scenarios, each with why. What this kernel refuses to our
/// own tracer is not measured anyway.
#[must_use]
pub fn refusals(tracer: &Path, scenarios: &[Scenario], own: &[StrategyProbe]) -> BTreeMap<String, String> {
    let treatments = scenarios.iter().flat_map(|scenario| &scenario.treatments);
    let wanted: Vec<How<'_>> = treatments
        .filter_map(|treatment| match &treatment.kind {
            TreatmentKind::Tracer { strategy, stage: Stage::Full, wakeup, leak_bytes_per_second } => {
                let leak_bytes_per_second = *leak_bytes_per_second;
                Some(How { strategy, stage: Stage::Full, wakeup: *wakeup, leak_bytes_per_second })
            }
            _ => None,
        })
        .filter(|how| own.iter().any(|probe| probe.strategy == how.strategy && probe.available))
        .collect();
    let refused = wanted.into_iter().filter_map(|how| {
        let why = greet(tracer, &how).err()?;
        Some((how.strategy.to_owned(), format!("{why:#}")))
    });
    refused.collect()
}

/// Starts the tracer as a run would, on this very process, and asks what can be asked without attaching it: that the kernel
/// takes the strategy, our own tracer has shown.
fn greet(tracer: &Path, how: &How<'_>) -> Result<()> {
    let commands = [AgentCommand::Detach, AgentCommand::Stats];
    let lines: Vec<String> = commands.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let output = ask(tracer, &how.args(std::process::id()), &(lines.join("\n") + "\n"))?;
    understand(&output)
}

fn ask(tracer: &Path, args: &[String], input: &str) -> Result<Output> {
    let mut command = Command::new(tracer);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", tracer.display()))?;
    // One that has ended already has said why.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    child.wait_with_output().with_context(|| format!("cannot wait for {}", tracer.display()))
}

fn understand(output: &Output) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stdout);
    let mut lines = said.lines();
    for (question, fits) in ANSWERS {
        let line = lines.next().unwrap_or("");
        match serde_json::from_str::<AgentReply>(line) {
            Ok(reply) if fits(&reply) => {}
            _ if line.is_empty() => {
                let complaint = String::from_utf8_lossy(&output.stderr);
                bail!(
                    "asked {question}, it ends ({}): {}",
                    output.status,
                    complaint.lines().next().unwrap_or("")
                )
            }
            _ => bail!("this lab does not understand what it answers to {question}: `{}`", beginning(line)),
        }
    }
    Ok(())
}

/// What is asked, and whether a reply is an answer to it.
type Answer = (&'static str, fn(&AgentReply) -> bool);

const ANSWERS: [Answer; 3] = [
    ("to get ready", |reply| matches!(reply, AgentReply::Ready { .. })),
    ("to detach", |reply| matches!(reply, AgentReply::Detached { .. })),
    ("for its ledger", |reply| matches!(reply, AgentReply::Stats(_))),
];

fn beginning(line: &str) -> String {
    line.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf, process::Command};

    use record::agent::{AgentReply, AgentStats, StrategyProbe};
    use tempfile::TempDir;

    use super::refusals;
    use crate::scenario::{Scenario, parse};

    fn scenario() -> Scenario {
        let text = closed_loop!(
            "What does it cost?",
            block_ms = 100,
            warmup_ms = 10,
            pairs = [10, 20, 40],
            per_life = 4,
            ""
        );
        parse("made-up", "made-up.toml", text).unwrap()
    }

    /// A tracer that says this, and then complains of what it was asked.
    fn tracer(says: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let [path, source, text] = ["tracer", "source", "text"].map(|name| folder.path().join(name));
        fs::write(&text, says).unwrap();
        fs::write(&source, format!("#!/bin/sh\ncat {}\necho \"not $6\" >&2\n", text.display())).unwrap();
        // By another process: a file that this one has open for writing, a fork of any thread keeps from being started.
        let copied = Command::new("install").args(["-m", "755"]).args([&source, &path]).status().unwrap();
        assert!(copied.success());
        (folder, path)
    }

    fn own(available: bool) -> Vec<StrategyProbe> {
        vec![StrategyProbe { strategy: "raw-tracepoint".into(), available, reason: None }]
    }

    fn why(says: &str) -> Option<String> {
        let (_folder, tracer) = tracer(says);
        refusals(&tracer, &[scenario()], &own(true)).remove("raw-tracepoint")
    }

    fn answers() -> [String; 3] {
        let ready = AgentReply::Ready { pid: 1, load_ns: 1, programs: vec![], maps: vec![] };
        let all = [ready, AgentReply::Detached { took_ns: 1 }, AgentReply::Stats(AgentStats::default())];
        all.map(|reply| serde_json::to_string(&reply).unwrap() + "\n")
    }

    #[test]
    fn a_tracer_that_answers_as_ours_is_measured() {
        assert_eq!(why(&answers().concat()), None);
    }

    #[test]
    fn another_protocol_is_told_with_what_it_says() {
        let [ready, detached, stats] = answers();
        let told = |says: &str, part: &str| {
            let why = why(says).unwrap();
            assert!(why.contains(part), "{why}");
        };
        told("hello\n", "to get ready: `hello`");
        told(&(ready.clone() + "{\"gone\":1}\n" + &stats), "to detach: `{\"gone\":1}`");
        let more = stats.replace("\"hits\"", "\"hats\":0,\"hits\"");
        told(&(ready.clone() + &detached + &more), "for its ledger: `{");
        told(&ready, "asked to detach, it ends (exit status: 0): not ");
    }

    #[test]
    fn a_tracer_that_does_not_know_what_it_is_asked_says_so() {
        assert_eq!(why("").unwrap(), "asked to get ready, it ends (exit status: 0): not --strategy");
    }

    #[test]
    fn what_is_not_measured_anyway_is_not_asked() {
        let nowhere = PathBuf::from("/nowhere/tracer");
        assert!(refusals(&nowhere, &[scenario()], &own(false)).is_empty());
        let gone = refusals(&nowhere, &[scenario()], &own(true)).remove("raw-tracepoint").unwrap();
        assert!(gone.contains("cannot start /nowhere/tracer"), "{gone}");
    }
}
