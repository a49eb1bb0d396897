//! Why a run may not be held against a baseline. Each says both values; none is ever guessed around.

use jiff::civil::Date;
use record::{baseline::Baseline, plan::ScenarioPlan, verdict::Reason};

use super::reason;
use crate::{
    digest,
    stored_run::{Size, StoredRun, tolerances},
};

/// Everything that keeps a scenario of a run on this class of host from being compared.
pub fn all(plan: &ScenarioPlan, host_class: &str, baseline: &Baseline, today: Date) -> Vec<Reason> {
    let name = &plan.name;
    let (size, hash) = (Size::of(plan), digest::of_plan(plan));
    let accepted_size = Size { pairs: baseline.pairs, lives: baseline.lives };
    [
        (baseline.host_class != host_class)
            .then(|| reason::other_host_class(name, &baseline.host_class, host_class)),
        (baseline.scenario_hash != hash)
            .then(|| reason::other_scenario(name, &baseline.scenario_hash, &hash)),
        (accepted_size != size).then(|| reason::other_size(name, accepted_size, size)),
        is_over(&baseline.expires, today).then(|| reason::expired(name, &baseline.expires, today)),
        other_tolerance(plan, baseline),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What keeps the fresh session of a scenario from confirming anything; `None` where it has none, or nothing does.
pub fn of_fresh(fresh: &StoredRun, name: &str, baseline: &Baseline, today: Date) -> Option<Reason> {
    let (plan, verdict) = fresh.scenario(name)?;
    let mut reasons: Vec<Reason> = reason::invalid_run(verdict).into_iter().collect();
    reasons.extend(all(plan, &fresh.host_class, baseline, today));
    let first = reasons.into_iter().next()?;
    Some(Reason { message: format!("in the fresh session {}, {}", fresh.name, first.message), ..first })
}

/// Whether the last day is past. What is no day is past too.
pub fn is_over(expires: &str, today: Date) -> bool {
    expires.parse::<Date>().map_or(true, |expires| today > expires)
}

/// The rule goes by the tolerance that was accepted, so the scenario's may not say otherwise.
fn other_tolerance(plan: &ScenarioPlan, baseline: &Baseline) -> Option<Reason> {
    let tolerances = tolerances(plan);
    let metrics = baseline.treatments.values().flatten();
    metrics.into_iter().find_map(|(metric, accepted)| {
        let now = tolerances.iter().find(|(name, _)| name == metric).map(|(_, tolerance)| *tolerance);
        (now != Some(accepted.tolerance))
            .then(|| reason::other_tolerance(&plan.name, metric, accepted.tolerance, now))
    })
}
