//! A stored run against the stored baselines. Pure: the same run, baselines and day give the same comparison.

use std::collections::BTreeMap;

use jiff::civil::Date;
use record::{
    baseline::{Baseline, BaselineMetric},
    comparison::{
        Against, Arithmetic, BaselineUsed, Comparison, MetricComparison, SCHEMA, ScenarioComparison,
    },
    plan::ScenarioPlan,
    verdict::{Metric, Reason, ScenarioVerdict, Word},
};

use super::{
    barrier, reason,
    rule::{Accepted, Seen},
};
use crate::{
    baseline::Found,
    stored_run::{StoredRun, metric, tolerances, tracers},
};

#[cfg(test)]
mod tests;

/// All that a comparison is made of.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The run.
    pub run: &'a StoredRun,
    /// The fresh session that was measured because the run was flagged.
    pub fresh: Option<&'a StoredRun>,
    /// What was found for each of its scenarios that has a tolerance, by name.
    pub found: &'a BTreeMap<String, Found>,
    /// The day of the comparison, UTC.
    pub today: Date,
}

/// Names of the scenarios of a run that can be compared: those with a tolerance.
pub fn comparable(run: &StoredRun) -> impl Iterator<Item = &str> {
    let with_tolerance = run.plan.scenarios.iter().filter(|scenario| !tolerances(scenario).is_empty());
    with_tolerance.map(|scenario| scenario.name.as_str())
}

/// Compares.
#[must_use]
pub fn compare(held: &Held<'_>) -> Comparison {
    let scenarios: Vec<_> = comparable(held.run).filter_map(|name| scenario(held, name)).collect();
    Comparison {
        schema: SCHEMA.into(),
        word: scenarios.iter().map(|scenario| scenario.word).min().unwrap_or(Word::Inconclusive),
        run: held.run.name.clone(),
        host_class: held.run.host_class.clone(),
        revision: held.run.plan.revision.clone(),
        against: Against::Baselines,
        // A run that was interrupted is not compared with what was accepted.
        interrupted: None,
        notes: Vec::new(),
        scenarios,
    }
}

fn scenario(held: &Held<'_>, name: &str) -> Option<ScenarioComparison> {
    let (plan, verdict) = held.run.scenario(name)?;
    let mut draft = Draft::of(name);
    if let Some(reason) = reason::invalid_run(verdict) {
        return Some(draft.ended(Word::Invalid, reason));
    }
    let (file, baseline) = match held.found.get(name).unwrap_or(&Found::Nowhere) {
        Found::Here { file, baseline } => (file, baseline),
        Found::Nowhere => return Some(draft.ended(Word::New, reason::no_baseline(name))),
        Found::Elsewhere { classes } => {
            let reason = reason::other_host_class(name, &classes.join(", "), &held.run.host_class);
            return Some(draft.ended(Word::NotComparable, reason));
        }
        Found::OtherSchema { file, schema } => {
            return Some(draft.ended(Word::NotComparable, reason::other_schema(name, file, schema)));
        }
    };
    draft.baseline = Some(used(file, baseline));
    let mut barriers = barrier::all(plan, &held.run.host_class, baseline, held.today);
    if let Some(fresh) = held.fresh.and_then(|fresh| barrier::of_fresh(fresh, name, baseline, held.today)) {
        barriers.push(fresh);
    }
    for reason in barriers {
        draft.add(Word::NotComparable, Some(reason));
    }
    if draft.words.is_empty() {
        let fresh = held.fresh.and_then(|fresh| fresh.scenario(name)).map(|(_, verdict)| verdict);
        draft.metrics(plan, verdict, fresh, baseline);
    }
    Some(draft.finish())
}

fn used(file: &str, baseline: &Baseline) -> BaselineUsed {
    BaselineUsed {
        file: file.to_owned(),
        revision: baseline.revision.clone(),
        accepted: baseline.accepted.clone(),
        reason: baseline.reason.clone(),
    }
}

/// A scenario on its way to a word.
struct Draft<'a> {
    name: &'a str,
    words: Vec<Word>,
    reasons: Vec<Reason>,
    baseline: Option<BaselineUsed>,
    metrics: Vec<MetricComparison>,
}

impl<'a> Draft<'a> {
    fn of(name: &'a str) -> Self {
        Self { name, words: Vec::new(), reasons: Vec::new(), baseline: None, metrics: Vec::new() }
    }

    fn add(&mut self, word: Word, reason: Option<Reason>) {
        self.words.push(word);
        self.reasons.extend(reason);
    }

    fn ended(mut self, word: Word, reason: Reason) -> ScenarioComparison {
        self.add(word, Some(reason));
        self.finish()
    }

    fn finish(self) -> ScenarioComparison {
        let word = self.words.into_iter().min().unwrap_or(Word::Inconclusive);
        let Self { name, reasons, baseline, metrics, .. } = self;
        ScenarioComparison { name: name.to_owned(), word, reasons, baseline, metrics }
    }

    fn metrics(
        &mut self,
        plan: &ScenarioPlan,
        verdict: &ScenarioVerdict,
        fresh: Option<&ScenarioVerdict>,
        baseline: &Baseline,
    ) {
        for (treatment, metrics) in &baseline.treatments {
            for (name, accepted) in metrics {
                let seen = metric(verdict, treatment, name).and_then(seen);
                let fresh = fresh.and_then(|fresh| metric(fresh, treatment, name)).and_then(self::seen);
                let place = Place { scenario: self.name, treatment, metric: name };
                match (seen, Accepted::of(accepted)) {
                    (Some(seen), Ok(level)) => self.metric(place, accepted, &level, seen, fresh),
                    _ => self.add(Word::NotComparable, Some(reason::not_measured(place))),
                }
            }
        }
        let measured = |treatment: &&str| verdict.treatments.iter().any(|one| one.name == **treatment);
        for treatment in tracers(plan).into_iter().filter(measured) {
            if !baseline.treatments.contains_key(treatment) {
                self.add(Word::New, Some(reason::not_in_baseline(self.name, treatment)));
            }
        }
    }

    fn metric(
        &mut self,
        place: Place<'_>,
        accepted: &BaselineMetric,
        level: &Accepted,
        seen: Seen,
        fresh: Option<Seen>,
    ) {
        let finding = level.find(seen, fresh);
        let word = reason::word(finding);
        let reason = reason::of(finding, place, level, seen, fresh);
        self.add(word, reason.clone());
        let (change, reach) = (seen.cost - level.mean(), level.reach());
        self.metrics.push(MetricComparison {
            treatment: place.treatment.to_owned(),
            metric: place.metric.to_owned(),
            word,
            before: level.mean(),
            now: seen.cost,
            change,
            low: Some(change - reach),
            high: Some(change + reach),
            mde: Some(level.mde()),
            tolerance: level.tolerance,
            untraced_before: Some(level.witness_mean()),
            untraced_now: seen.untraced,
            reason,
            arithmetic: Arithmetic::Sessions {
                accepted: accepted.sessions.clone(),
                deviation: level.deviation(),
                factor: level.factor(),
                reach,
                untraced: accepted.untraced.clone(),
                untraced_reach: level.witness_reach(),
                sessions: [Some(seen), fresh].into_iter().flatten().map(|seen| seen.cost).collect(),
                anchor: level.anchor,
            },
        });
    }
}

/// Which number is spoken of.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The scenario.
    pub scenario: &'a str,
    /// The treatment.
    pub treatment: &'a str,
    /// The metric.
    pub metric: &'a str,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}: {}", self.scenario, self.treatment, self.metric)
    }
}

fn seen(metric: &Metric) -> Option<Seen> {
    Some(Seen { cost: metric.estimate, untraced: metric.untraced? })
}
