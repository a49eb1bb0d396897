//! One session of a plan: measured, judged, and left in a folder of its own with all its files.

use anyhow::Result;
use record::{agent::Probe, host::Host, plan::Plan, verdict::Verdict};

use crate::{
    bench::results_folder,
    doctor::{self, Machine},
    exit::Outcome,
    host, judge,
    plan::time_of,
    probe,
    progress::Progress,
    publish,
    results::Folder,
    scenario::Scenario,
    session::Session,
};

/// What came of a session.
#[derive(Debug)]
pub enum Measured {
    /// It went to its end.
    Whole(Box<Whole>),
    /// A signal ended it.
    Interrupted(Outcome),
}

/// A session that went to its end.
#[derive(Debug)]
pub struct Whole {
    /// Its folder.
    pub folder: Folder,
    /// The machine.
    pub host: Host,
    /// What it was judged to be.
    pub verdict: Verdict,
}

/// Measures a plan on this machine.
///
/// # Errors
/// When this user or machine cannot measure, or something fails.
pub fn session(plan: &Plan, host: Host, verbose: bool) -> Result<Measured> {
    let time = plan.scenarios.iter().map(time_of).sum();
    let session = Session::begin(&results_folder(), plan, host, time)?;
    let mut progress = Progress::new(plan, verbose);
    let measured = session.on_stage(|stage| session.run(plan, stage, &mut progress));
    progress.end();
    let interrupted = measured?.is_none().then(|| session.interrupted());
    // Of a run that a signal has ended, what was measured before: that is no pass.
    let blocks = session.folder().blocks()?;
    let verdict = judge::judge(plan, &blocks);
    let run = publish::Measured { folder: session.folder(), plan, host: session.host(), blocks: &blocks };
    publish::verdict(&run, &verdict)?;
    if let Some(outcome) = interrupted {
        return Ok(Measured::Interrupted(outcome));
    }
    let (folder, host) = (session.folder().clone(), session.host().clone());
    Ok(Measured::Whole(Box::new(Whole { folder, host, verdict })))
}

/// What the tracer finds out about this kernel, where one is to run.
///
/// # Errors
/// When the tracer cannot be asked.
pub fn try_strategies(scenarios: &[Scenario]) -> Result<Probe> {
    if probe::is_needed(scenarios) { probe::ask() } else { Ok(Probe::default()) }
}

/// The machine, with what the tracer found out, and what `doctor` says of it.
///
/// # Errors
/// When it cannot be read.
pub fn this_host(probe: Probe) -> Result<Host> {
    let machine = Machine::read(Ok(probe.clone()));
    Ok(Host { strategies: probe.strategies, facts: doctor::facts(&machine), ..host::read()? })
}
