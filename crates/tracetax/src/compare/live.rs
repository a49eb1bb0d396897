//! `compare --against REV`: the tracer of this revision and that of another, measured in turns on this machine.
//!
//! The driver has built the other one; here it is planned, measured and judged as in `bench`, with three blocks a group.

use std::path::PathBuf;

use anyhow::{Context, Result};
use record::{
    comparison::Comparison,
    host::Host,
    plan::{Plan, Source, TreatmentKind},
    stage::Stage,
};

use super::other::{self, Build};
use crate::{
    bench::{self, results_folder, root},
    exit::{Outcome, Usage},
    judge::{self, Live},
    keeper,
    measure::{this_host, try_strategies},
    plan::{self, Other, Profile, Wanted},
    progress::Progress,
    results::Folder,
    revision,
    scenario::Scenario,
    session::{Session, require_root},
    stored_run,
};

/// Arguments of `compare --against`.
#[derive(Debug, clap::Args)]
#[group(id = "live")]
pub struct Args {
    /// Measure the tracer of this revision against that of another, in turns on this machine
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// How much is measured
    #[arg(long, value_enum, default_value_t = Profile::Quick, requires = "against")]
    profile: Profile,
    /// Seeds order and arrivals; drawn from the clock by default, and always recorded
    #[arg(long, requires = "against")]
    seed: Option<u64>,
    /// Tell each block as it is measured (also with VERBOSE=true)
    #[arg(short, long, requires = "against")]
    verbose: bool,
}

impl Args {
    /// The other revision as the user calls it, where two are to be measured.
    #[must_use]
    pub fn against(&self) -> Option<&str> {
        self.against.as_deref()
    }
}

/// What came of a live comparison.
#[derive(Debug)]
pub enum Measured {
    /// It is in this folder, and judged: where a signal ended it, so far.
    Here(Box<Here>),
    /// The lab that this process kept has measured it, judged it and told.
    Elsewhere(Outcome),
}

/// A live comparison in its folder.
#[derive(Debug)]
pub struct Here {
    /// The folder.
    pub folder: Folder,
    /// What was judged.
    pub comparison: Comparison,
    /// How it ended, where a signal ended it.
    pub interrupted: Option<Outcome>,
}

/// Measures and judges.
///
/// # Errors
/// When a scenario is wrong or cannot be compared, the machine cannot measure, or something fails.
pub fn run(args: &Args, against: &str, names: &[PathBuf]) -> Result<Measured> {
    let scenarios = scenarios(names)?;
    let load_per_arm = bench::duration_from_environment()?;
    require_root()?;
    let build = Build::of_driver(against)?;
    if let Some(outcome) = keeper::keep()? {
        return Ok(Measured::Elsewhere(outcome));
    }
    let probe = try_strategies(&scenarios)?;
    let own = revision::own();
    let wanted = Wanted {
        profile: args.profile,
        seed: args.seed.unwrap_or_else(bench::seed_from_clock),
        load_per_arm,
        strategies: &probe.strategies,
        revision: own.as_ref(),
    };
    let refuses = other::refusals(&build.tracer(), &scenarios, &probe.strategies);
    let plan = plan::plan_against(&scenarios, &wanted, &Other { revision: build.revision.clone(), refuses });
    let host = this_host(probe.clone())?;
    measure(&plan, host, build, args.verbose || bench::flag_from_environment("VERBOSE"))
}

/// Those that were named, or all that have a tolerance.
fn scenarios(names: &[PathBuf]) -> Result<Vec<Scenario>> {
    if names.is_empty() {
        let all = bench::read_each(&bench::known_scenarios(&root().join("scenarios")))?;
        let comparable: Vec<Scenario> = all.into_iter().filter(|one| why_not(one).is_none()).collect();
        return if comparable.is_empty() {
            Err(Usage("no scenario has a [tolerance], so there is nothing to compare: give one to a scenario, and say why".into()).into())
        } else {
            Ok(comparable)
        };
    }
    let names: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    let scenarios = bench::read_each(&names)?;
    match scenarios.iter().find_map(|one| Some((one, why_not(one)?))) {
        Some((one, why)) => {
            let text = format!("{} cannot be compared: {why}; name others, as `saturation`", one.name);
            Err(Usage(text).into())
        }
        None => Ok(scenarios),
    }
}

/// Why revisions cannot be compared in a scenario, if so.
fn why_not(scenario: &Scenario) -> Option<&'static str> {
    let is_whole = |kind: &TreatmentKind| matches!(kind, TreatmentKind::Tracer { stage: Stage::Full, .. });
    if scenario.tolerance.server_cpu_us_per_request.is_none() {
        Some("it has no [tolerance] server_cpu_us_per_request, by which a change is judged")
    } else if matches!(scenario.load.source, Source::Flood { .. }) {
        Some("a flood asks how much a tracer takes, not what a request costs")
    } else if !scenario.treatments.iter().any(|treatment| is_whole(&treatment.kind)) {
        Some("none of its treatments is a whole tracer")
    } else {
        None
    }
}

fn measure(plan: &Plan, host: Host, build: Build, verbose: bool) -> Result<Measured> {
    let time = plan.scenarios.iter().map(plan::time_of).sum();
    let session = Session::begin(&results_folder(), plan, host, time)?.with_base(build.binaries);
    tell!("against {}", build.revision.short());
    let mut progress = Progress::new(plan, verbose);
    let measured = session.on_stage(|stage| session.run(plan, stage, &mut progress));
    progress.end();
    let interrupted = measured?.is_none().then(|| session.interrupted());
    let comparison = again(session.folder())?.context("the plan that was just written is of one revision")?;
    Ok(Measured::Here(Box::new(Here { folder: session.folder().clone(), comparison, interrupted })))
}

/// Judges a stored live comparison. `None` for any other run.
///
/// # Errors
/// When the folder is damaged.
pub fn again(folder: &Folder) -> Result<Option<Comparison>> {
    let plan = folder.plan()?;
    if plan.against.is_none() {
        return Ok(None);
    }
    let (blocks, host) = (folder.blocks()?, folder.host()?);
    let run = stored_run::name(folder.path());
    let live = Live { run: &run, host_class: &host.class_id, plan: &plan, blocks: &blocks };
    let torn = folder.torn()?;
    Ok(judge::compare(&live).map(|mut comparison| {
        comparison.notes.extend(torn);
        comparison
    }))
}
