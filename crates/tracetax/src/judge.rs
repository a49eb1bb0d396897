//! From a plan and its blocks to a verdict. Pure: the same blocks give the same verdict, and no process is started.
//!
//! The pair is the sample. `doubts` says whether the blocks can be trusted, `metric` makes estimates of them, `gate`
//! finds the word of each estimate that has a limit, `reason` says why and what to do. "Not significant" is never "pass".

mod arm;
mod bystander;
mod capacity;
mod cpu;
mod doubts;
pub mod figures;
mod gate;
mod latency;
mod ledger;
mod level;
mod live;
mod live_reason;
mod metric;
mod pairs;
mod part;
mod reason;
mod soak;
mod strategies;
#[cfg(test)]
mod tests;
mod tracer;

use record::{
    block::Block,
    part::Part,
    plan::{Plan, ScenarioPlan, Treatment, TreatmentKind},
    verdict::{Metric, Reason, SCHEMA, ScenarioVerdict, TreatmentVerdict, Unavailable, Verdict, Word},
};

use capacity::Climb;
use gate::Candidate;
use latency::Chunks;
use soak::Watched;

pub use ledger::answered;
pub use live::{Live, compare};
pub use metric::{control_excludes_zero, server_cpu_us_per_request};
pub use pairs::{Measured, Selected};
pub use part::INTERRUPTED;

/// Judges all blocks of a run. Of a run that was interrupted, what was measured is judged so far, and does not pass.
#[must_use]
pub fn judge(plan: &Plan, blocks: &[Block]) -> Verdict {
    let mut drafts: Vec<Draft> = plan.scenarios.iter().map(|scenario| Draft::of(scenario, blocks)).collect();
    let candidates =
        drafts.iter_mut().flat_map(|draft| &mut draft.treatments).flat_map(|(_, metrics)| metrics);
    gate::give_words(&mut candidates.collect::<Vec<_>>());
    let scenarios: Vec<_> = drafts.into_iter().map(Draft::finish).collect();
    let word = run_word(&scenarios);
    let of_that_word = scenarios.iter().filter(|scenario| scenario.word == word);
    let reasons = of_that_word.flat_map(|scenario| scenario.reasons.iter().cloned()).collect();
    let interrupted = part::of_run(plan, blocks);
    let notes = interrupted.map(part::note).into_iter().collect();
    Verdict { schema: SCHEMA.into(), word, reasons, interrupted, notes, scenarios }
}

/// The worst word. A run of which nothing was judged has proved nothing.
fn run_word(scenarios: &[ScenarioVerdict]) -> Word {
    scenarios.iter().map(|scenario| scenario.word).min().unwrap_or(Word::Inconclusive)
}

/// A scenario on its way to a verdict.
struct Draft<'a> {
    plan: &'a ScenarioPlan,
    doubts: Vec<Reason>,
    /// Limits for which there is nothing to judge.
    missing: Vec<Reason>,
    treatments: Vec<(TreatmentVerdict, Vec<Candidate>)>,
    /// Where it was not measured to its end.
    interrupted: Option<Part>,
}

impl<'a> Draft<'a> {
    fn of(plan: &'a ScenarioPlan, blocks: &[Block]) -> Self {
        let interrupted = part::of_scenario(plan, blocks);
        let mut draft =
            Self { plan, doubts: Vec::new(), missing: Vec::new(), treatments: Vec::new(), interrupted };
        for treatment in plan.treatments.iter().filter(|one| !plan.unavailable.contains_key(&one.name)) {
            if plan.soak {
                draft.add_soak(&Watched::of(plan, treatment, blocks), treatment);
                continue;
            }
            let selected = Selected::of(plan, treatment, blocks);
            let doubts = doubts::all(plan, treatment, &selected);
            // What was to be measured later is nothing to doubt.
            draft.doubts.extend(
                doubts
                    .into_iter()
                    .filter(|doubt| interrupted.is_none() || doubt.code != doubts::NOTHING_MEASURED),
            );
            let climb = Climb::of(&selected);
            let shown = climb.as_ref().map_or(&selected, |climb| &climb.shown);
            let chunks = Chunks::of(&shown.pairs);
            let statistics = Selected::statistics(plan, treatment, blocks);
            let mut described = described(plan, treatment, shown, statistics, &chunks);
            let mut candidates = metric::all(plan, treatment, shown, &chunks);
            if let Some(climb) = climb {
                draft.missing.extend(climb.not_overloaded(plan, treatment));
                candidates.extend(climb.agent_cpu_points(plan));
                described.capacity = Some(climb.capacity);
            }
            if !selected.pairs.is_empty() {
                draft.missing.extend(reason::not_measured(plan, treatment, &candidates));
            }
            draft.treatments.push((described, candidates));
        }
        draft
    }

    fn add_soak(&mut self, watched: &Watched<'_>, treatment: &Treatment) {
        let (soak, windows) = (watched.soak(), &watched.windows);
        let candidates = watched.metrics(self.plan, &soak);
        if windows.is_empty() {
            self.doubts.extend(self.interrupted.is_none().then(|| watched.nothing_measured(self.plan)));
        } else {
            self.missing.extend(reason::not_measured(self.plan, treatment, &candidates));
        }
        let response = arm::merged(windows.iter().map(|block| &block.load.response));
        let described = TreatmentVerdict {
            name: treatment.name.clone(),
            pairs: 0,
            discarded_blocks: 0,
            untraced: None,
            treated: arm::summary(self.plan, windows, &response),
            tracer: tracer::figures(treatment, windows, None),
            cpu: cpu::ledger(windows.iter().copied()),
            metrics: Vec::new(),
            capacity: None,
            soak: Some(soak),
        };
        self.treatments.push((described, candidates));
    }

    fn finish(self) -> ScenarioVerdict {
        let mut words = vec![Word::Pass];
        words.extend((!self.doubts.is_empty()).then_some(Word::Invalid));
        words.extend((!self.missing.is_empty()).then_some(Word::Inconclusive));
        words.extend(self.treatments.is_empty().then_some(Word::Inconclusive));
        words.extend(self.interrupted.map(|_| part::word(Word::Pass)));
        let mut reasons: Vec<_> =
            self.interrupted.map(|part| part::reason(self.plan, part)).into_iter().collect();
        reasons.extend(self.doubts);
        reasons.extend(self.missing);
        reasons.extend(self.treatments.is_empty().then(|| reason::all_unavailable(self.plan)));
        let mut treatments = Vec::new();
        for (mut verdict, candidates) in self.treatments {
            verdict.metrics = candidates.into_iter().map(|candidate| candidate.metric).collect();
            if self.interrupted.is_some() {
                verdict.metrics.iter_mut().for_each(|metric| metric.word = metric.word.map(part::word));
            }
            words.extend(verdict.metrics.iter().filter_map(|metric| metric.word));
            reasons
                .extend(verdict.metrics.iter().filter_map(|metric| reason::of(self.plan, &verdict, metric)));
            treatments.push(verdict);
        }
        let word = words.into_iter().min().unwrap_or(Word::Pass);
        let strategies = strategies::rows(&treatments);
        let (name, unavailable) = (self.plan.name.clone(), unavailable(self.plan));
        ScenarioVerdict { name, word, reasons, treatments, unavailable, strategies }
    }
}

fn unavailable(plan: &ScenarioPlan) -> Vec<Unavailable> {
    let of = |treatment: &Treatment| {
        let reason = plan.unavailable.get(&treatment.name)?.clone();
        let TreatmentKind::Tracer { strategy, .. } = &treatment.kind else {
            return None;
        };
        Some(Unavailable { treatment: treatment.name.clone(), strategy: strategy.clone(), reason })
    };
    plan.treatments.iter().filter_map(of).collect()
}

fn described(
    plan: &ScenarioPlan,
    treatment: &Treatment,
    selected: &Selected<'_>,
    statistics: Option<&Block>,
    chunks: &Chunks,
) -> TreatmentVerdict {
    let untraced: Vec<&Block> = selected.pairs.iter().map(|pair| pair.untraced).collect();
    let treated: Vec<&Block> = selected.pairs.iter().map(|pair| pair.treated).collect();
    let [response_untraced, response_treated] = chunks.whole();
    TreatmentVerdict {
        name: treatment.name.clone(),
        pairs: selected.pairs.len() as u32,
        discarded_blocks: selected.discarded as u32,
        untraced: Some(arm::summary(plan, &untraced, &response_untraced)),
        treated: arm::summary(plan, &treated, &response_treated),
        tracer: tracer::figures(treatment, &treated, statistics),
        cpu: cpu::ledger(untraced.iter().chain(&treated).copied()),
        metrics: Vec::new(),
        capacity: None,
        soak: None,
    }
}

/// What the ends of a metric's interval are. A level has bounds, each at the level of the verdict.
#[must_use]
pub fn interval_name(metric: &Metric) -> &'static str {
    let is_level = metric.mde.is_none() && metric.mean.is_none() && metric.low != metric.high;
    if is_level { "99 % bounds" } else { "95 % interval" }
}

/// A number to three digits, for messages.
#[must_use]
pub fn short(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{number:.decimals$}")
}
