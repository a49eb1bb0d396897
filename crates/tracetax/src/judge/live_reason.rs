//! Why the word of a live comparison is not `pass`, and the one next step.

use std::time::Duration;

use record::{
    comparison::{Arithmetic, MetricComparison},
    plan::{ScenarioPlan, Treatment},
    revision::Revision,
    verdict::{Reason, Word},
};
use stats::power;

use super::{reason::MOST_WORTH, short};
use crate::plan::{show_time, time_of};

/// The reason; None where there is nothing to say.
pub fn of(plan: &ScenarioPlan, against: &Revision, metric: &MetricComparison) -> Option<Reason> {
    let (code, next_step) = match metric.word {
        Word::Regressed => ("regressed", DEARER.into()),
        Word::Improved => ("improved", ACCEPT.into()),
        Word::Inconclusive if metric.mde.is_none() => ("too-few-samples", longer(plan, against, metric)),
        Word::Inconclusive => ("wide-interval", longer(plan, against, metric)),
        _ => return None,
    };
    let message = format!(
        "{}/{}: with this tracer a request takes {} us {} of server CPU than with that of {} ({}), tolerance {} us",
        plan.name,
        metric.treatment,
        short(metric.change.abs()),
        if metric.change < 0.0 { "less" } else { "more" },
        against.short(),
        interval(metric),
        metric.tolerance
    );
    Some(Reason { code: code.into(), message, next_step })
}

const DEARER: &str = "find the part that has become dearer: `cargo xtask bench strategies` measures stage by stage, \
                      `cargo xtask inspect` shows what the programs have grown by";

const ACCEPT: &str =
    "once it is merged, record it as the level to hold: `cargo xtask baseline --reason TEXT`";

/// The other revision's tracer cannot be measured here.
pub fn refused(plan: &ScenarioPlan, treatment: &Treatment, against: &Revision, why: &str) -> Reason {
    Reason {
        code: "other-refuses".into(),
        message: format!(
            "{}/{}: the tracer of {} cannot be measured: {why}",
            plan.name,
            treatment.name,
            against.short()
        ),
        next_step: format!(
            "compare with a revision whose tracer does what this lab asks: `cargo xtask compare --against REV {}`",
            plan.name
        ),
    }
}

fn interval(metric: &MetricComparison) -> String {
    match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("95 % interval {} to {}", short(low), short(high)),
        _ => format!("{} groups are too few for an interval", groups(metric)),
    }
}

fn groups(metric: &MetricComparison) -> usize {
    match metric.arithmetic {
        Arithmetic::Pairs { pairs, .. } => pairs as usize,
        Arithmetic::Sessions { .. } => 0,
    }
}

/// How long a run would tell. A change close to the tolerance may never.
fn longer(plan: &ScenarioPlan, against: &Revision, metric: &MetricComparison) -> String {
    let (groups, distance) = (groups(metric), (metric.tolerance - metric.change).abs());
    match metric.mde.and_then(|mde| power::pairs_needed(groups, mde, distance)) {
        Some(needed) if needed <= MOST_WORTH * groups => {
            // A run that has told nothing has not had its power, so one of the same length may not either.
            let more = needed.saturating_sub(groups).max(groups.div_ceil(2));
            format!(
                "measure {more} groups more, {} in all: `{}`",
                show_time(time_for(plan, groups + more)),
                command(plan, against, groups + more)
            )
        }
        Some(_) => {
            "the change is too close to the tolerance to tell in reasonable time: make it clearly smaller, or say in the \
             change why it is accepted"
                .into()
        }
        None => format!("measure longer: `{}`", command(plan, against, FEWEST)),
    }
}

/// Groups of a run that is sure to have an interval.
const FEWEST: usize = 30;

/// A run of so many groups.
fn command(plan: &ScenarioPlan, against: &Revision, groups: usize) -> String {
    let load = Duration::from_nanos(plan.load.block_ns) * groups as u32;
    let commit: String = against.commit.chars().take(12).collect();
    format!(
        "BENCHMARK_DURATION={}s cargo xtask compare --against {commit} {}",
        load.as_secs_f64().ceil().max(1.0),
        plan.name
    )
}

/// As long as this run took for its groups.
fn time_for(plan: &ScenarioPlan, groups: usize) -> Duration {
    let planned: usize = plan.lives.iter().map(|life| life.pairs.len()).sum();
    let treatments = plan.treatments.len().max(1);
    time_of(plan).mul_f64((groups * treatments) as f64 / planned.max(1) as f64)
}
