//! `ci`: what CI runs, so that everybody can run the same.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::workspace::Workspace;
use crate::{build, deny, lab, setup, test};

/// Long enough to start, trace and judge each scenario of the default set; too short to decide anything.
const DURATION: &str = "3s";

/// A step's name and what it does.
type Step = (&'static str, fn(&Workspace) -> Result<()>);

const STEPS: [Step; 6] = [
    ("setup", setup::run),
    ("test", test::run),
    ("deny", deny::run),
    ("exact", exact),
    ("unit", unit),
    ("bench", bench),
];

/// Runs the steps up to the first that fails, and tells how long each took.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut times = Vec::new();
    let outcome = STEPS.iter().try_for_each(|(name, step)| {
        println!("== {name}");
        let start = Instant::now();
        let outcome = step(workspace);
        times.push((*name, start.elapsed()));
        outcome
    });
    print!("{}", table(&times, outcome.is_ok()));
    outcome
}

/// Short micro benchmarks; that instructions are the same in two counts is checked by the lab.
fn unit(workspace: &Workspace) -> Result<()> {
    let args = ["unit", "--quick"].map(Into::into);
    lab::prepare(workspace, &args)?;
    let status = lab::command(workspace, &args, vec![])?.current_dir(&workspace.root).status()?;
    ensure!(status.success(), "unit failed: {status}");
    Ok(())
}

/// What the object holds and what the agent's stages count, against what is accepted in `baselines/exact`.
fn exact(workspace: &Workspace) -> Result<()> {
    for command in ["inspect", "unit"] {
        let args = [command, "--check"].map(Into::into);
        lab::prepare(workspace, &args)?;
        let status = lab::command(workspace, &args, vec![])?.current_dir(&workspace.root).status()?;
        let Some(code) = status.code() else { bail!("{command} --check was ended by a signal: {status}") };
        match code {
            0 => {}
            NOT_COMPARABLE => println!("{command}: not checked here, for the reason above"),
            _ => bail!("{command} --check exited with {code}: see above for what to do"),
        }
    }
    Ok(())
}

/// Another compiler or system makes other numbers: that is no fault of the change.
const NOT_COMPARABLE: i32 = 3;

/// A short bench shows that the tool works, whatever it finds.
fn bench(workspace: &Workspace) -> Result<()> {
    build::run(workspace)?;
    let args = ["bench", "--all"].map(Into::into);
    let duration = ("BENCHMARK_DURATION".into(), DURATION.into());
    let status = lab::command(workspace, &args, vec![duration])?.current_dir(&workspace.root).status()?;
    let Some(code) = status.code() else { bail!("the lab was ended by a signal: {status}") };
    let meaning = meaning(code);
    println!("bench exited with {code}: {meaning}");
    if !shows_that_it_works(code) {
        bail!("bench exited with {code}: {meaning}");
    }
    Ok(())
}

/// A run this short seldom decides, and a shared machine may well exceed a budget: neither is a fault here.
fn shows_that_it_works(code: i32) -> bool {
    matches!(code, 0 | 4 | 99)
}

/// What the lab says by its exit code.
fn meaning(code: i32) -> &'static str {
    match code {
        0 => "every budget is kept",
        1 => "the lab failed",
        2 => "a wrong command line or scenario file",
        3 => "this machine cannot measure",
        4 => "inconclusive, as a short run may be",
        5 => "invalid: a control did not hold or a ledger did not close",
        99 => "a budget is exceeded",
        130 | 143 => "interrupted",
        _ => "no code of the lab's",
    }
}

fn table(times: &[(&str, Duration)], passed: bool) -> String {
    let mut text = String::from("== time of each step\n");
    for (index, (name, time)) in times.iter().enumerate() {
        let failed = !passed && index + 1 == times.len();
        let mark = if failed { "  FAILED" } else { "" };
        text += &format!("{name:<6} {:>7.1} s{mark}\n", time.as_secs_f64());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_passes_and_a_fault_does_not() {
        assert!([0, 4, 99].into_iter().all(shows_that_it_works));
        assert!(![1, 2, 3, 5, 101, 130, 143].into_iter().any(shows_that_it_works));
    }

    #[test]
    fn the_step_that_failed_is_marked() {
        let times = [("setup", Duration::from_millis(40)), ("test", Duration::from_secs(61))];
        let text = table(&times, false);
        assert_eq!(text, "== time of each step\nsetup      0.0 s\ntest      61.0 s  FAILED\n");
        assert!(!table(&times, true).contains("FAILED"));
    }
}
