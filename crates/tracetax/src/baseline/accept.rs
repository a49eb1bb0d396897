//! Whether sessions may become a baseline, and the baseline they become. Pure.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};
use record::{
    baseline::{Baseline, BaselineMetric, BaselineTreatment, SCHEMA},
    plan::ScenarioPlan,
    verdict::{Reason, ScenarioVerdict, Word},
};
use stats::Sample;

use super::{
    refusal::Refusal,
    rounding::{decimals, round, sessions},
};
use crate::{
    compare::rule::{Accepted, FEWEST_SESSIONS},
    digest,
    judge::short,
    stored_run::{Size, StoredRun, metric, tolerances, tracers},
};

/// So long a baseline may be compared with.
const DAYS: i64 = 90;

/// With fewer there is no spread at all.
const FEWEST: usize = 2;

/// What is asked of an acceptance.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// Why, in the words of whoever accepts.
    pub reason: &'a str,
    /// What is done with a level that is worse than the accepted one.
    pub worse: Worse,
    /// The day, UTC.
    pub today: Date,
}

/// What is done with a level that is worse than the accepted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worse {
    /// It is refused.
    Refuse,
    /// It is accepted, and is the new anchor.
    Accept,
}

/// Makes a baseline of a scenario of these runs, which replaces `before`.
///
/// # Errors
/// Everything that speaks against it.
pub fn accept(
    scenario: &str,
    runs: &[StoredRun],
    before: Option<&Baseline>,
    asked: &Asked<'_>,
) -> Result<Baseline, Vec<Refusal>> {
    let mut refusals = of_asking(runs, asked);
    refusals.extend(runs.iter().flat_map(|run| of_run(run, scenario)));
    let whole: Vec<_> = runs.iter().filter_map(|run| Some((run, run.scenario(scenario)?))).collect();
    let Some(&(first, (plan, _))) = whole.first() else {
        return Err(refusals);
    };
    refusals.extend(whole.iter().skip(1).filter_map(|(run, (other, _))| mixed((first, plan), (run, other))));
    let verdicts: Vec<_> = whole.iter().map(|(_, (_, verdict))| *verdict).collect();
    let mut baseline = Baseline {
        schema: SCHEMA.into(),
        scenario: scenario.into(),
        scenario_hash: digest::of_plan(plan),
        pairs: Size::of(plan).pairs,
        lives: Size::of(plan).lives,
        host_class: first.host_class.clone(),
        revision: first.plan.revision.as_ref().map(|revision| revision.commit.clone()).unwrap_or_default(),
        reason: asked.reason.split_whitespace().collect::<Vec<_>>().join(" "),
        accepted: asked.today.to_string(),
        expires: asked.today.saturating_add(DAYS.days()).to_string(),
        treatments: BTreeMap::new(),
        checksum: String::new(),
    };
    let before = before.filter(|before| {
        before.scenario_hash == baseline.scenario_hash && before.host_class == baseline.host_class
    });
    for treatment in measured_tracers(plan) {
        let metrics = Levels { scenario, treatment, verdicts: &verdicts, before, worse: asked.worse };
        match metrics.all(&tolerances(plan)) {
            Ok(metrics) => {
                baseline.treatments.insert(treatment.to_owned(), metrics);
            }
            Err(found) => refusals.extend(found),
        }
    }
    if baseline.treatments.is_empty() && refusals.is_empty() {
        refusals.push(Refusal::nothing_to_accept(scenario));
    }
    if refusals.is_empty() { Ok(baseline) } else { Err(refusals) }
}

/// The tracers that this kernel takes.
fn measured_tracers(plan: &ScenarioPlan) -> impl Iterator<Item = &str> {
    tracers(plan).into_iter().filter(|name| !plan.unavailable.contains_key(*name))
}

fn of_asking(runs: &[StoredRun], asked: &Asked<'_>) -> Vec<Refusal> {
    let empty = asked.reason.trim().is_empty().then(Refusal::empty_reason);
    let few = (runs.len() < FEWEST).then(|| Refusal::too_few_sessions(runs.len(), FEWEST));
    empty.into_iter().chain(few).collect()
}

/// What speaks against one session.
fn of_run(run: &StoredRun, scenario: &str) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = Refusal::of_revision(run.plan.revision.as_ref()).into_iter().collect();
    let failed = run.verdict.scenarios.iter().flat_map(|one| &one.reasons).find(|why| why.code == CONTROL);
    refusals.extend(failed.map(|why| Refusal::failed_control(&run.name, &why.message)));
    match run.scenario(scenario) {
        None => refusals.push(Refusal::not_measured(&run.name, scenario)),
        Some((_, verdict)) => refusals.extend(of_verdict(run, verdict)),
    }
    refusals
}

/// Codes of the judge's doubts.
const CONTROL: &str = "control-failed";
const LEDGER: &str = "ledger-open";

fn of_verdict(run: &StoredRun, verdict: &ScenarioVerdict) -> Option<Refusal> {
    let by = |code: &str| verdict.reasons.iter().find(|why| why.code == code);
    let message = |why: Option<&Reason>| why.map_or_else(String::new, |why| why.message.clone());
    if let Some(why) = by(LEDGER) {
        return Some(Refusal::lossy_run(&run.name, &why.message));
    }
    let invalid = verdict.word == Word::Invalid && by(CONTROL).is_none();
    invalid.then(|| Refusal::invalid_run(&run.name, &message(verdict.reasons.first())))
}

/// The first thing in which two sessions differ that must be the same in all.
fn mixed(first: (&StoredRun, &ScenarioPlan), other: (&StoredRun, &ScenarioPlan)) -> Option<Refusal> {
    let of = |(run, plan): (&StoredRun, &ScenarioPlan)| {
        let revision = run.plan.revision.as_ref().map_or_else(|| "unknown".to_owned(), |one| one.short());
        [
            ("revision", revision),
            ("host class", run.host_class.clone()),
            ("scenario hash", digest::of_plan(plan)),
            ("size", Size::of(plan).to_string()),
            ("tolerance", format!("{:?}", tolerances(plan))),
            ("unavailable treatments", format!("{:?}", plan.unavailable.keys())),
        ]
    };
    let differs = of(first).into_iter().zip(of(other)).find(|(first, other)| first != other);
    differs.map(|((what, a), (_, b))| Refusal::mixed_sessions(&first.0.name, &other.0.name, what, &a, &b))
}

/// The metrics of a treatment, over all sessions.
struct Levels<'a> {
    scenario: &'a str,
    treatment: &'a str,
    verdicts: &'a [&'a ScenarioVerdict],
    before: Option<&'a Baseline>,
    worse: Worse,
}

impl Levels<'_> {
    fn all(&self, tolerances: &[(&'static str, f64)]) -> Result<BaselineTreatment, Vec<Refusal>> {
        let (good, bad): (Vec<_>, Vec<_>) = tolerances
            .iter()
            .map(|(name, tolerance)| self.one(name, *tolerance).map(|metric| ((*name).to_owned(), metric)))
            .partition(Result::is_ok);
        let bad: Vec<Refusal> = bad.into_iter().filter_map(Result::err).flatten().collect();
        if bad.is_empty() { Ok(good.into_iter().flatten().collect()) } else { Err(bad) }
    }

    fn one(&self, name: &str, tolerance: f64) -> Result<BaselineMetric, Vec<Refusal>> {
        let place = format!("{}/{}: {name}", self.scenario, self.treatment);
        let metrics: Vec<_> =
            self.verdicts.iter().filter_map(|verdict| metric(verdict, self.treatment, name)).collect();
        let cost: Vec<f64> = metrics.iter().map(|metric| metric.estimate).collect();
        let untraced: Vec<f64> = metrics.iter().filter_map(|metric| metric.untraced).collect();
        if cost.len() < self.verdicts.len() || untraced.len() < cost.len() {
            return Err(vec![Refusal::metric_missing(&place)]);
        }
        let mut found = BaselineMetric {
            sessions: sessions(&cost),
            untraced: sessions(&untraced),
            tolerance,
            anchor: f64::NAN,
        };
        let Ok(level) = Accepted::of(&found) else {
            return Err(vec![Refusal::metric_missing(&place)]);
        };
        let mean = round(level.mean(), decimals(&cost));
        let worst_mde = metrics.iter().map(|metric| metric.mde.unwrap_or(f64::INFINITY)).fold(0.0, f64::max);
        let mut refusals = of_spread(&place, &level, worst_mde);
        match self.anchor(name, mean, tolerance) {
            Ok(anchor) => found.anchor = anchor,
            Err(refusal) => refusals.push(refusal.of(&place)),
        }
        if refusals.is_empty() { Ok(found) } else { Err(refusals) }
    }

    /// The anchor stays where it is, lest many small steps creep; it follows a level that was knowingly accepted as worse,
    /// and one that is clearly better.
    fn anchor(&self, name: &str, mean: f64, tolerance: f64) -> Result<f64, WorseLevel> {
        let before = self.before.and_then(|before| before.treatments.get(self.treatment)?.get(name));
        let Some(before) = before else {
            return Ok(mean);
        };
        let accepted = Sample::new(before.sessions.clone())
            .map_or(before.anchor, |sample| stats::student::mean(&sample));
        let limit = accepted.min(before.anchor) + tolerance;
        match (mean > limit, self.worse) {
            (true, Worse::Refuse) => Err(WorseLevel { mean, accepted, anchor: before.anchor, tolerance }),
            (true, Worse::Accept) => Ok(mean),
            (false, _) if mean < before.anchor - tolerance => Ok(mean),
            (false, _) => Ok(before.anchor),
        }
    }
}

fn of_spread(place: &str, level: &Accepted, worst_mde: f64) -> Vec<Refusal> {
    let tolerance = level.tolerance;
    let blind = (worst_mde > tolerance).then(|| Refusal::mde_above_tolerance(place, worst_mde, tolerance));
    // With fewer sessions nothing is gated, whatever their reach.
    let gates = level.cost.count() >= FEWEST_SESSIONS;
    let apart = (gates && level.reach() > tolerance)
        .then(|| Refusal::reach_above_tolerance(place, level.reach(), tolerance, level.cost.count()));
    blind.into_iter().chain(apart).collect()
}

/// A level that nobody has agreed to.
struct WorseLevel {
    mean: f64,
    accepted: f64,
    anchor: f64,
    tolerance: f64,
}

impl WorseLevel {
    fn of(&self, place: &str) -> Refusal {
        Refusal::worse_level(&format!(
            "{place} is {} now; accepted were {}, the anchor is {}, and the tolerance {}",
            short(self.mean),
            short(self.accepted),
            short(self.anchor),
            self.tolerance
        ))
    }
}

#[cfg(test)]
mod tests;
