//! `baseline`: records sessions, accepts them as a file under `baselines/`, checks that folder.

mod accept;
mod check;
mod file;
#[cfg(test)]
pub(crate) mod made_up;
mod recording;
mod refusal;
mod rounding;
mod shelf;
mod text;

use std::path::Path;

use anyhow::Result;
use record::{baseline::Baseline, baseline_files::BaselineFiles};

use crate::{
    bench::{duration_from_environment, known_scenarios, read_scenario, results_folder, root},
    compare::{rule::FEWEST_SESSIONS, today},
    exit::{Outcome, Usage},
    output::Output,
    plan::{Profile, Wanted},
    revision,
    scenario::Scenario,
    stored_run::{StoredRun, tolerances, tolerances_of},
};

use accept::{Asked, Worse, accept};
use recording::Recorded;
use refusal::Refusal;

pub use shelf::{Found, find};

/// Why the bytes of a file are no baseline; `None` where they are.
#[must_use]
pub fn fault(bytes: &[u8]) -> Option<String> {
    match file::parse(bytes) {
        Ok(_) => None,
        Err(file::Fault::OtherSchema(schema)) => Some(schema),
        Err(file::Fault::Damaged { line, what }) => Some(shelf::damage("foreign.toml", line, &what)),
    }
}

/// The control that is measured beside the scenarios of a whole recording.
const CONTROL: &str = "control-null";

/// Arguments of `baseline`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Names of scenarios with a [tolerance]; all of them by default, and control-null beside them
    scenarios: Vec<String>,
    /// Sessions to measure, each with fresh processes and a fresh seed; at least 5 are needed to gate
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    sessions: u32,
    /// How much is measured in each session; `compare` takes runs of the same profile alone
    #[arg(long, value_enum, default_value_t = Profile::Quick)]
    profile: Profile,
    /// Accept what was measured, for this reason
    #[arg(long)]
    reason: Option<String>,
    /// Measure nothing: accept the newest recording
    #[arg(long, requires = "reason", conflicts_with_all = ["sessions", "profile"])]
    accept: bool,
    /// Accept a cost that is worse than the accepted one
    #[arg(long, requires = "reason")]
    accept_worse: bool,
    /// Measure nothing: check the files under baselines/
    #[arg(long, conflicts_with_all = ["scenarios", "sessions", "profile", "reason", "accept", "accept_worse"])]
    check: bool,
    #[command(flatten)]
    output: Output,
}

/// Records, accepts or checks.
///
/// # Errors
/// When something is asked wrongly, the machine cannot measure, the sessions may not be accepted, or something fails.
pub fn run(args: &Args) -> Result<Outcome> {
    if args.check {
        return check::run(&root(), args.output);
    }
    let recording = if args.accept {
        None
    } else {
        match record(args)? {
            Recorded::Whole(recording) => Some(recording),
            Recorded::Interrupted(outcome) => {
                tell!("nothing was accepted");
                return Ok(outcome);
            }
            Recorded::Elsewhere(outcome) => return Ok(outcome),
        }
    };
    let Some(reason) = &args.reason else {
        tell!("measured, not accepted: `cargo xtask baseline --accept --reason \"...\"` does that");
        args.output.show(&recording, |_| Ok(String::new()))?;
        return Ok(Outcome::Done);
    };
    let worse = if args.accept_worse { Worse::Accept } else { Worse::Refuse };
    let asked = Asked { reason, worse, today: today() };
    accept_newest(&root(), &args.scenarios, &asked, args.output)
}

fn record(args: &Args) -> Result<Recorded> {
    let scenarios = scenarios(&args.scenarios)?;
    let revision = revision::own();
    if let Some(reason) = &args.reason {
        // What can be known before is not told after an hour.
        let refusals: Vec<_> = Refusal::of_revision(revision.as_ref())
            .into_iter()
            .chain(reason.trim().is_empty().then(Refusal::empty_reason))
            .collect();
        if !refusals.is_empty() {
            return Err(refusal::error(refusals));
        }
    }
    let wanted = Wanted {
        profile: args.profile,
        seed: 0,
        load_per_arm: duration_from_environment()?,
        strategies: &[],
        revision: revision.as_ref(),
    };
    recording::record(&scenarios, args.sessions, &wanted)
}

/// The named scenarios; else the control and all that have a tolerance.
fn scenarios(names: &[String]) -> Result<Vec<Scenario>> {
    if names.is_empty() {
        return default_scenarios();
    }
    let scenarios: Vec<Scenario> = names.iter().map(|name| read_scenario(name)).collect::<Result<_>>()?;
    match scenarios.iter().find(|scenario| !has_tolerance(scenario)) {
        Some(without) => {
            let text = format!(
                "`{}` has no [tolerance], so nothing of it can be accepted or compared: give it one, and say why",
                without.name
            );
            Err(Usage(text).into())
        }
        None => Ok(scenarios),
    }
}

fn default_scenarios() -> Result<Vec<Scenario>> {
    let folder = root().join("scenarios");
    let all: Vec<Scenario> =
        known_scenarios(&folder).iter().map(|name| read_scenario(name)).collect::<Result<_>>()?;
    let (mut wanted, others): (Vec<_>, Vec<_>) = all.into_iter().partition(has_tolerance);
    if wanted.is_empty() {
        let text = format!(
            "no scenario in {} has a [tolerance], so nothing can be accepted: give one to a scenario, and say why",
            folder.display()
        );
        return Err(Usage(text).into());
    }
    let control = others.into_iter().find(|scenario| scenario.name == CONTROL);
    if control.is_none() {
        tell!("there is no scenario `{CONTROL}` here: the sessions are recorded without a control");
    }
    wanted.splice(..0, control);
    Ok(wanted)
}

fn has_tolerance(scenario: &Scenario) -> bool {
    !tolerances_of(&scenario.tolerance).is_empty()
}

/// Accepts all scenarios that are asked for, or none.
fn accept_newest(root: &Path, names: &[String], asked: &Asked<'_>, output: Output) -> Result<Outcome> {
    let runs = recording::newest(&results_folder())?;
    let mut accepted = Vec::new();
    let mut refusals = Vec::new();
    for scenario in to_accept(&runs, names)? {
        let before = before(root, &runs, &scenario)?;
        match accept(&scenario, &runs, before.as_ref(), asked) {
            Ok(baseline) => accepted.push(baseline),
            Err(found) => refusals.extend(found),
        }
    }
    if !refusals.is_empty() {
        return Err(refusal::error(refusals));
    }
    let files = accepted.iter().map(|baseline| shelf::write(root, baseline)).collect::<Result<Vec<_>>>()?;
    output.show(&BaselineFiles::of(files.clone()), |_| Ok(text::lines(&files)))?;
    if runs.len() < FEWEST_SESSIONS {
        tell!("{} sessions do not gate, {FEWEST_SESSIONS} do: compare will say `new`", runs.len());
    }
    Ok(Outcome::Done)
}

/// Names of the scenarios with a tolerance in the recording, or those that are asked for.
fn to_accept(runs: &[StoredRun], names: &[String]) -> Result<Vec<String>> {
    let recorded: Vec<String> = runs
        .iter()
        .take(1)
        .flat_map(|run| &run.plan.scenarios)
        .filter(|scenario| !tolerances(scenario).is_empty())
        .map(|scenario| scenario.name.clone())
        .collect();
    match names.iter().find(|name| !recorded.contains(name)) {
        Some(missing) => {
            let text =
                format!("the newest recording holds no `{missing}`, only {}: record it", recorded.join(", "));
            Err(Usage(text).into())
        }
        None if names.is_empty() => Ok(recorded),
        None => Ok(names.to_vec()),
    }
}

fn before(root: &Path, runs: &[StoredRun], scenario: &str) -> Result<Option<Baseline>> {
    let Some(first) = runs.first() else { return Ok(None) };
    Ok(match find(root, &first.host_class, scenario)? {
        Found::Here { baseline, .. } => Some(*baseline),
        Found::OtherSchema { .. } | Found::Elsewhere { .. } | Found::Nowhere => None,
    })
}
