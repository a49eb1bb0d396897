//! Which strategies does this kernel take? The tracer tries each, once, before a run is planned.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use record::{agent::Probe, plan::TreatmentKind};

use crate::{scenario::Scenario, session};

/// Does one of the scenarios want a tracer? Where none does, nothing needs to be tried.
#[must_use]
pub fn is_needed(scenarios: &[Scenario]) -> bool {
    let treatments = scenarios.iter().flat_map(|scenario| &scenario.treatments);
    treatments.into_iter().any(|treatment| matches!(treatment.kind, TreatmentKind::Tracer { .. }))
}

/// Lets the tracer beside this binary try every strategy that it has, and tell who else traces.
///
/// # Errors
/// When the tracer is not built, or fails for another reason than a kernel that refuses a strategy.
pub fn ask() -> Result<Probe> {
    try_all(Command::new(tracer()?).arg("--probe"))
}

/// As [`ask`], with the programs of another object.
///
/// # Errors
/// Those of [`ask`].
pub fn ask_about(object: &Path) -> Result<Probe> {
    try_all(Command::new(tracer()?).arg("--probe").arg("--object").arg(object))
}

/// The tracer beside this binary.
pub(crate) fn tracer() -> Result<PathBuf> {
    let tracer = session::own_folder()?.join("tracer");
    ensure!(tracer.is_file(), "{} is not built: run `cargo xtask build`", tracer.display());
    Ok(tracer)
}

fn try_all(tracer: &mut Command) -> Result<Probe> {
    let output = tracer
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", tracer.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the tracer cannot try its strategies: {}", said.trim());
    read(&output.stdout)
}

fn read(line: &[u8]) -> Result<Probe> {
    serde_json::from_slice(line)
        .context("what the tracer's `--probe` tells this lab does not understand: run `cargo xtask build`")
}

#[cfg(test)]
mod tests {
    use record::agent::OtherPrograms;

    use super::read;

    #[test]
    fn strategies_and_others_are_read() {
        let text = concat!(
            r#"{"strategies":[{"strategy":"raw-tracepoint","available":true,"reason":null},"#,
            r#"{"strategy":"kprobe","available":false,"reason":"Operation not supported"}],"others":{"loaded":[]}}"#,
            "\n"
        );
        let probe = read(text.as_bytes()).unwrap();
        let available = probe.strategies.iter().map(|probe| probe.available);
        assert_eq!(available.collect::<Vec<_>>(), [true, false]);
        assert_eq!(probe.strategies[1].reason.as_deref(), Some("Operation not supported"));
        assert_eq!(probe.others, Some(OtherPrograms::Loaded(vec![])));
        assert!(read(b"usage: tracer").unwrap_err().to_string().contains("does not understand"));
    }
}
