//! A fresh session of the scenarios that were flagged: the same tracer, new processes, a new seed.

use std::time::Duration;

use anyhow::{Context as _, Result};
use record::plan::{Plan, ScenarioPlan};

use crate::{
    bench::{flag_from_environment, read_scenario, seed_from_clock},
    digest,
    exit::{Outcome, Unfit},
    keeper,
    measure::{self, Measured},
    plan::{self, Profile, Wanted},
    revision,
    scenario::Scenario,
    session::require_root,
    stored_run::{self, Size, StoredRun},
};

/// What came of it.
pub enum Fresh {
    /// The session.
    Whole(Box<StoredRun>),
    /// A signal ended it.
    Interrupted(Outcome),
    /// The lab that this process kept has measured it, compared and told.
    Elsewhere(Outcome),
}

/// Measures these scenarios of a run once more.
///
/// # Errors
/// When what is built here is not what the run has measured, this machine cannot measure, or something fails.
pub fn measure(run: &StoredRun, names: &[String]) -> Result<Fresh> {
    require_root()?;
    let now = revision::own();
    if now != run.plan.revision {
        let shown =
            |one: Option<&record::revision::Revision>| one.map_or("unknown".into(), |one| one.short());
        let text = format!(
            "{} measured {}, and what is built here is {}: a session of another tracer confirms nothing: check that revision out, \
             or measure anew",
            run.name,
            shown(run.plan.revision.as_ref()),
            shown(now.as_ref())
        );
        return Err(Unfit(text).into());
    }
    let scenarios: Vec<Scenario> = names.iter().map(|name| read_scenario(name)).collect::<Result<_>>()?;
    if let Some(outcome) = keeper::keep()? {
        return Ok(Fresh::Elsewhere(outcome));
    }
    let probe = measure::try_strategies(&scenarios)?;
    let wanted = Wanted {
        profile: Profile::Quick,
        seed: seed_from_clock(),
        load_per_arm: None,
        strategies: &probe.strategies,
        revision: now.as_ref(),
    };
    let planned: Vec<ScenarioPlan> =
        scenarios.iter().map(|scenario| again(run, scenario, &wanted)).collect::<Result<_>>()?;
    let plan = Plan { profile: run.plan.profile.clone(), scenarios: planned, ..plan::plan(&[], &wanted) };
    let host = measure::this_host(probe.clone())?;
    Ok(match measure::session(&plan, host, flag_from_environment("VERBOSE"))? {
        Measured::Whole(whole) => Fresh::Whole(Box::new(stored_run::read(whole.folder.path())?)),
        Measured::Interrupted(outcome) => Fresh::Interrupted(outcome),
    })
}

/// A scenario of the size that the run had, whatever profile or duration that came from.
fn again(run: &StoredRun, scenario: &Scenario, wanted: &Wanted<'_>) -> Result<ScenarioPlan> {
    let (before, _) = run.scenario(&scenario.name).context("it was just read from the run")?;
    let hash = digest::of_scenario(scenario);
    let measured = digest::of_plan(before);
    if hash != measured {
        let text = format!(
            "the scenario `{}` was changed since {} (hash {measured} then, {hash} now): measure anew",
            scenario.name, run.name
        );
        return Err(Unfit(text).into());
    }
    let load = Duration::from_nanos(before.load.block_ns) * Size::of(before).pairs;
    let profiles =
        [Profile::Quick, Profile::Standard, Profile::Thorough].map(|profile| Wanted { profile, ..*wanted });
    let by_duration = Wanted { load_per_arm: Some(load), ..*wanted };
    let planned = profiles
        .iter()
        .chain([&by_duration])
        .filter_map(|wanted| plan::plan(std::slice::from_ref(scenario), wanted).scenarios.pop());
    let mut alike = planned.filter(|planned| Size::of(planned) == Size::of(before));
    alike.next().with_context(|| format!("cannot plan {} of `{}` again", Size::of(before), scenario.name))
}
