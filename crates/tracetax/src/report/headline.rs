//! What a scenario comes to, in one sentence a treatment. Numbers are the verdict's.

use record::{
    plan::{Plan, TreatmentKind},
    stage::Stage,
    verdict::{Metric, ScenarioVerdict, TreatmentVerdict},
};

use super::{capacity, soak};
use crate::judge::short;

/// With more treatments than this, their sum is in tables.
pub(crate) const FEW: usize = 4;

/// The metric that a headline is about.
pub(crate) const SERVER_CPU: &str = "server_cpu_us_per_request";

/// The sentences of a scenario, without their full stops.
pub(crate) fn sentences(scenario: &ScenarioVerdict, plan: &Plan) -> Vec<String> {
    if scenario.treatments.len() > FEW {
        return vec![format!("{} treatments were measured, see the tables", scenario.treatments.len())];
    }
    let costs = scenario.treatments.iter().map(|treatment| cost(scenario, treatment, plan));
    let unavailable = scenario.unavailable.iter().map(|one| format!("{} is unavailable here", one.treatment));
    costs.chain(unavailable).collect()
}

fn cost(scenario: &ScenarioVerdict, treatment: &TreatmentVerdict, plan: &Plan) -> String {
    let who = who(scenario, treatment, plan);
    if let Some(capacity) = &treatment.capacity {
        return format!("{who} {}", capacity::headline(capacity));
    }
    if let Some(soak) = &treatment.soak {
        return format!("{who}{}", soak::headline(soak));
    }
    let Some(metric) = treatment.metrics.iter().find(|metric| metric.name == SERVER_CPU) else {
        return format!("nothing was measured of {who}");
    };
    let amount = amount(metric);
    let nothing = matches!((metric.low, metric.high), (Some(low), Some(high)) if low <= 0.0 && high >= 0.0);
    let sentence = match (nothing, kind(scenario, treatment, plan)) {
        (true, Some(TreatmentKind::Nothing)) => format!("both arms are alike, and look alike: {amount}"),
        (false, Some(TreatmentKind::Nothing)) => format!("both arms are alike, and still differ by {amount}"),
        (true, _) => format!("what {who} costs cannot be told from nothing: {amount}"),
        (false, _) => format!("{who} costs {amount}"),
    };
    if treatment.tracer.is_none() || has_limit(treatment) {
        sentence
    } else {
        format!("{sentence}; no limit is set for it")
    }
}

/// A cost without a limit may be any, and still the word is `pass`.
fn has_limit(treatment: &TreatmentVerdict) -> bool {
    let of_cpu = |metric: &&Metric| metric.name == SERVER_CPU || metric.name == "cpu_overhead_points";
    treatment.metrics.iter().filter(of_cpu).any(|metric| metric.limit.is_some())
}

/// Whose cost it is.
fn who(scenario: &ScenarioVerdict, treatment: &TreatmentVerdict, plan: &Plan) -> String {
    let Some(tracer) = &treatment.tracer else {
        return what(scenario, treatment, plan);
    };
    let stage =
        if tracer.stage == Stage::Full { String::new() } else { format!(", {} only", tracer.stage.name()) };
    let alone = scenario.treatments.iter().filter(|one| one.tracer.is_some()).count() == 1;
    let name = if alone { String::new() } else { format!(" `{}`", treatment.name) };
    format!("the tracer{name} ({}{stage})", tracer.strategy)
}

/// A control is no tracer.
fn what(scenario: &ScenarioVerdict, treatment: &TreatmentVerdict, plan: &Plan) -> String {
    match kind(scenario, treatment, plan) {
        Some(TreatmentKind::Planted { ns_per_request }) => {
            format!("a planted load of {} us", short(*ns_per_request as f64 / 1e3))
        }
        _ => format!("`{}`", treatment.name),
    }
}

fn kind<'a>(
    scenario: &ScenarioVerdict,
    treatment: &TreatmentVerdict,
    plan: &'a Plan,
) -> Option<&'a TreatmentKind> {
    let planned = plan.scenarios.iter().find(|planned| planned.name == scenario.name)?;
    planned.treatments.iter().find(|one| one.name == treatment.name).map(|one| &one.kind)
}

/// How much, how sure, and what would have been seen.
fn amount(metric: &Metric) -> String {
    let share = metric.untraced.filter(|level| *level > 0.0).map(|level| 100.0 * metric.estimate / level);
    let share = share.map(|share| format!(" ({share:+.1} %)")).unwrap_or_default();
    let interval = match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("95 % interval {} to {}", short(low), short(high)),
        _ => "too few pairs for an interval".into(),
    };
    let resolves = metric.mde.map(|mde| format!("; this run resolves {}", short(mde))).unwrap_or_default();
    format!("{} us of server CPU per request{share}, {interval}{resolves}", short(metric.estimate))
}
