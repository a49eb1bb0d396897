//! From a plan and its blocks to a verdict. Pure: the same blocks give the same verdict, and no process is started.
//!
//! The pair is the sample. Against a limit, with the bounds of the 95 % interval: `over-budget` if even the lower one
//! is above it, `pass` if even the upper one is within it, else `inconclusive`. "Not significant" is never "pass".

mod arm;
mod ledger;
mod metric;
mod pairs;

use record::{
    block::Block,
    plan::{Plan, ScenarioPlan, Treatment, TreatmentKind},
    verdict::{Metric, Reason, SCHEMA, ScenarioVerdict, TreatmentVerdict, Verdict, Word},
};

pub use pairs::{Measured, Selected};

/// A scenario of which more than this share of blocks was discarded is not trusted.
const MOST_DISCARDED: f64 = 0.1;

/// Judges all blocks of a run.
#[must_use]
pub fn judge(plan: &Plan, blocks: &[Block]) -> Verdict {
    let scenarios: Vec<_> = plan.scenarios.iter().map(|scenario| judge_scenario(scenario, blocks)).collect();
    let word = scenarios.iter().map(|scenario| scenario.word).min().unwrap_or(Word::Inconclusive);
    let reasons =
        scenarios.iter().filter(|scenario| scenario.word == word).flat_map(|scenario| &scenario.reasons);
    let reasons = if word == Word::Pass { Vec::new() } else { reasons.cloned().collect() };
    Verdict { schema: SCHEMA.into(), word, reasons, scenarios }
}

fn judge_scenario(plan: &ScenarioPlan, blocks: &[Block]) -> ScenarioVerdict {
    let mut reasons = Vec::new();
    let mut words = vec![Word::Pass];
    let mut treatments = Vec::new();
    for treatment in &plan.treatments {
        let selected = Selected::of(plan, treatment, blocks);
        let doubts = doubts(plan, treatment, &selected);
        words.extend((!doubts.is_empty()).then_some(Word::Invalid));
        reasons.extend(doubts);
        let verdict = judge_treatment(plan, treatment, &selected);
        for metric in &verdict.metrics {
            words.extend(metric.word);
            reasons.extend(reason(plan, metric));
        }
        treatments.push(verdict);
    }
    let word = words.into_iter().min().unwrap_or(Word::Pass);
    ScenarioVerdict { name: plan.name.clone(), word, reasons, treatments }
}

fn judge_treatment(plan: &ScenarioPlan, treatment: &Treatment, selected: &Selected<'_>) -> TreatmentVerdict {
    TreatmentVerdict {
        name: treatment.name.clone(),
        pairs: selected.pairs.len() as u32,
        discarded_blocks: selected.discarded as u32,
        untraced: arm::summary(&selected.pairs.iter().map(|pair| pair.untraced).collect::<Vec<_>>()),
        treated: arm::summary(&selected.pairs.iter().map(|pair| pair.treated).collect::<Vec<_>>()),
        metrics: metric::all(selected, &plan.budget),
    }
}

/// Why the blocks of a treatment cannot be trusted.
fn doubts(plan: &ScenarioPlan, treatment: &Treatment, selected: &Selected<'_>) -> Vec<Reason> {
    let mut doubts = Vec::new();
    let place = format!("{}/{}", plan.name, treatment.name);
    if let Some(open) = selected.pairs.iter().find_map(|pair| ledger::open(pair)) {
        doubts.push(Reason {
            code: "ledger-open".into(),
            message: format!("{place}: {open}"),
            next_step:
                "look at logs/agent.log; events lost for want of room need a larger ring or a shorter drain"
                    .into(),
        });
    }
    let measured = selected.pairs.len() * 2 + selected.discarded;
    if selected.discarded as f64 > MOST_DISCARDED * measured as f64 {
        doubts.push(Reason {
            code: "too-many-discarded".into(),
            message: format!(
                "{place}: {} of {measured} blocks were discarded ({})",
                selected.discarded,
                selected.why()
            ),
            next_step: "stop what else runs on this machine, and measure again".into(),
        });
    }
    if treatment.kind == TreatmentKind::Nothing
        && let Some(off) = metric::control_excludes_zero(selected)
    {
        doubts.push(Reason {
            code: "control-failed".into(),
            message: format!("{place}: two equal arms differ: {off}"),
            next_step: "this machine is too uneven now; see what else runs, and measure again".into(),
        });
    }
    doubts
}

/// Why the word of a metric is not `pass`, and what to do.
fn reason(plan: &ScenarioPlan, metric: &Metric) -> Option<Reason> {
    let limit = metric.limit?;
    let (name, place) = (&metric.name, &plan.name);
    match metric.word? {
        Word::OverBudget => Some(Reason {
            code: "over-budget".into(),
            message: format!(
                "{place}: {name} is {} ({}), the budget {limit}",
                short(metric.estimate),
                interval(metric)
            ),
            next_step: format!(
                "make the tracer cheaper, or raise [budget] {name} in scenarios/{place}.toml and say why"
            ),
        }),
        Word::Inconclusive => Some(Reason {
            code: if metric.high.is_none() { "too-few-samples".into() } else { "wide-interval".into() },
            message: format!(
                "{place}: {name} is {} ({}, {} samples), too uncertain for the budget {limit}",
                short(metric.estimate),
                interval(metric),
                metric.samples
            ),
            next_step: format!("measure longer: `cargo xtask bench {place} --profile {}`", longer(metric)),
        }),
        _ => None,
    }
}

fn longer(metric: &Metric) -> &'static str {
    let margin = metric.limit.map_or(0.0, |limit| (limit - metric.estimate).abs());
    let enough = metric.mde.is_some_and(|mde| margin > mde / 2.0);
    if enough { "standard" } else { "thorough" }
}

fn interval(metric: &Metric) -> String {
    match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("95 % interval {} to {}", short(low), short(high)),
        _ => "too few samples for an interval".into(),
    }
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
