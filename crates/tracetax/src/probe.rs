//! Which strategies does this kernel take? The tracer tries each, once, before a run is planned.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use record::{agent::StrategyProbe, plan::TreatmentKind};

use crate::{scenario::Scenario, session};

/// Does one of the scenarios want a tracer? Where none does, nothing needs to be tried.
#[must_use]
pub fn is_needed(scenarios: &[Scenario]) -> bool {
    let treatments = scenarios.iter().flat_map(|scenario| &scenario.treatments);
    treatments.into_iter().any(|treatment| matches!(treatment.kind, TreatmentKind::Tracer { .. }))
}

/// Lets the tracer beside this binary try every strategy that it has.
///
/// # Errors
/// When the tracer is not built, or fails for another reason than a kernel that refuses a strategy.
pub fn strategies() -> Result<Vec<StrategyProbe>> {
    try_all(Command::new(tracer()?).arg("--probe"))
}

/// As [`strategies`], with the programs of another object.
///
/// # Errors
/// Those of [`strategies`].
pub fn strategies_of(object: &Path) -> Result<Vec<StrategyProbe>> {
    try_all(Command::new(tracer()?).arg("--probe").arg("--object").arg(object))
}

/// The tracer beside this binary.
pub(crate) fn tracer() -> Result<PathBuf> {
    let tracer = session::own_folder()?.join("tracer");
    ensure!(tracer.is_file(), "{} is not built: run `cargo xtask build`", tracer.display());
    Ok(tracer)
}

fn try_all(tracer: &mut Command) -> Result<Vec<StrategyProbe>> {
    let output = tracer
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", tracer.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the tracer cannot try its strategies: {}", said.trim());
    read(&output.stdout)
}

fn read(lines: &[u8]) -> Result<Vec<StrategyProbe>> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let probes: Result<Vec<StrategyProbe>, _> = lines.map(serde_json::from_slice).collect();
    probes.context("the tracer's `--probe` tells strategies that this lab does not understand")
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn one_strategy_a_line() {
        let text = concat!(
            r#"{"strategy":"raw-tracepoint","available":true,"reason":null}"#,
            "\n",
            r#"{"strategy":"kprobe","available":false,"reason":"Operation not supported"}"#,
            "\n"
        );
        let probes = read(text.as_bytes()).unwrap();
        assert_eq!(probes.iter().map(|probe| probe.available).collect::<Vec<_>>(), [true, false]);
        assert_eq!(probes[1].reason.as_deref(), Some("Operation not supported"));
        assert_eq!(read(b"").unwrap(), []);
        assert!(read(b"usage: tracer").unwrap_err().to_string().contains("does not understand"));
    }
}
