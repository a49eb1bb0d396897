//! Why the word of a metric is not `pass`, and the one next step.

use record::{
    plan::{ScenarioPlan, Treatment},
    soak::Soak,
    verdict::{Limit, Metric, Reason, TreatmentVerdict, Word},
};
use stats::{Alpha, power};

use super::{
    gate::{Candidate, FAMILY_RATE},
    interval_name, short,
};

/// The reason; None where there is nothing to say.
pub fn of(plan: &ScenarioPlan, treatment: &TreatmentVerdict, metric: &Metric) -> Option<Reason> {
    let limit = metric.limit?;
    let (code, next_step) = match metric.word? {
        Word::OverBudget => ("over-budget", cheaper(plan, &budget_key(metric))),
        Word::Regressed => ("regressed", cheaper(plan, &format!("[margin] {}", metric.name))),
        Word::Improved => ("improved", "record it as the new baseline".into()),
        Word::Inconclusive if metric.high.is_none() => ("too-few-samples", longer(plan, metric, limit)),
        Word::Inconclusive => ("wide-interval", longer(plan, metric, limit)),
        _ => return None,
    };
    let (code, next_step) = match (&treatment.soak, metric.word?) {
        (Some(soak), Word::Inconclusive) => ("too-short", soak_longer(plan, soak, metric, limit)),
        _ => (code, next_step),
    };
    let message = format!(
        "{}/{}: {} is {} ({}), {} {}",
        plan.name,
        treatment.name,
        metric.name,
        short(metric.estimate),
        interval(metric),
        limit_name(limit),
        limit.value()
    );
    Some(Reason { code: code.into(), message, next_step })
}

/// Limits of a scenario for which there is no metric: they are not judged, and so they have not passed.
pub fn not_measured(plan: &ScenarioPlan, treatment: &Treatment, candidates: &[Candidate]) -> Vec<Reason> {
    let budget = &plan.budget;
    let limits = [
        (SERVER_CPU, treatment.budget.server_cpu_us_per_request.or(plan.margin.server_cpu_us_per_request)),
        ("cpu_overhead_points", budget.cpu_overhead_points),
        ("agent_memory_mb", budget.agent_memory_mb),
        ("added_latency_ms", budget.added_latency_ms),
        ("events_per_second", budget.events_per_second),
        ("agent_cpu_points", budget.agent_cpu_points),
        ("uptime_pct", budget.uptime_pct),
        ("agent_growth_mb_per_hour", budget.agent_growth_mb_per_hour),
        ("wakeups_per_second", treatment.budget.wakeups_per_second),
        ("delivery_p99_ms", treatment.budget.delivery_p99_ms),
    ];
    let missing = limits
        .into_iter()
        .filter(|(name, limit)| limit.is_some() && !candidates.iter().any(|one| one.metric.name == *name));
    missing.map(|(name, _)| not_measured_reason(plan, name)).collect()
}

fn not_measured_reason(plan: &ScenarioPlan, name: &str) -> Reason {
    let next_step = match name {
        "agent_memory_mb" => {
            "the kernel tells no peak memory of a group here: enable the memory controller".into()
        }
        _ => format!("measure longer: `cargo xtask bench {} --profile thorough`", plan.name),
    };
    let message = format!("{}: {name} has a limit, and too little was measured to tell it", plan.name);
    Reason { code: "not-measured".into(), message, next_step }
}

/// All treatments of a scenario are refused: nothing is judged, and nothing has passed.
pub fn all_unavailable(plan: &ScenarioPlan) -> Reason {
    let why = plan.unavailable.values().next().map_or("it has no treatments", String::as_str);
    let message = format!("{}: nothing of it can be measured on this kernel: {why}", plan.name);
    let next_step = "measure it on a kernel that takes one of its strategies";
    Reason { code: "unavailable".into(), message, next_step: next_step.into() }
}

const SERVER_CPU: &str = "server_cpu_us_per_request";

/// Budgets that only a treatment may have.
const OF_TREATMENT: [&str; 3] = [SERVER_CPU, "wakeups_per_second", "delivery_p99_ms"];

/// Where the limit stands.
fn budget_key(metric: &Metric) -> String {
    let of_treatment = OF_TREATMENT.contains(&metric.name.as_str());
    let section = if of_treatment { "[[treatment]] budget_" } else { "[budget] " };
    format!("{section}{}", metric.name)
}

fn cheaper(plan: &ScenarioPlan, key: &str) -> String {
    format!("make it cheaper, or raise {key} in scenarios/{}.toml and say why", plan.name)
}

fn limit_name(limit: Limit) -> &'static str {
    match limit {
        Limit::Budget(_) => "budget",
        Limit::AtLeast(_) => "at least",
        Limit::Margin(_) => "margin",
    }
}

fn interval(metric: &Metric) -> String {
    match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("{} {} to {}", interval_name(metric), short(low), short(high)),
        _ => format!("{} samples are too few for an interval", metric.samples),
    }
}

/// How much more would tell. An estimate close to the limit may never.
fn longer(plan: &ScenarioPlan, metric: &Metric, limit: Limit) -> String {
    let distance = (limit.value() - metric.estimate).abs();
    let needed = metric.mde.and_then(|mde| power::pairs_needed(metric.samples as usize, mde, distance));
    match needed {
        Some(needed) if needed <= MOST_WORTH * metric.samples as usize => {
            let more = needed.saturating_sub(metric.samples as usize).max(1);
            let factor = (needed as f64 / f64::from(metric.samples)).max(1.0);
            format!(
                "about {more} more samples ({factor:.1} times this run): `cargo xtask bench {} --duration {:.0}s`",
                plan.name,
                (factor * load_per_arm_s(plan)).ceil()
            )
        }
        Some(_) => {
            "the estimate is too close to the limit to tell in reasonable time: change one of the two".into()
        }
        None => format!("measure longer: `cargo xtask bench {} --profile thorough`", plan.name),
    }
}

/// How long a soak has to be to tell, if nothing changes.
fn soak_longer(plan: &ScenarioPlan, soak: &Soak, metric: &Metric, limit: Limit) -> String {
    let needed_seconds = match limit {
        Limit::AtLeast(share) => {
            windows_needed(soak, share).map(|windows| windows as f64 * plan.load.block_ns as f64 / 1e9)
        }
        Limit::Budget(most) | Limit::Margin(most) => length_needed(soak, metric, most),
    };
    match needed_seconds.map(|seconds| (seconds / 60.0).ceil()) {
        Some(minutes) if minutes <= MOST_WORTH_MINUTES => {
            format!("soak for {minutes} minutes: `cargo xtask bench {} --duration {minutes}m`", plan.name)
        }
        _ => "the estimate is too close to the limit to tell within a week: change one of the two".into(),
    }
}

/// Windows until the bound reaches the share, if no other one is down.
fn windows_needed(soak: &Soak, share_pct: f64) -> Option<u64> {
    stats::trials_needed(soak.windows - soak.up, share_pct / 100.0, Alpha::one_sided(FAMILY_RATE).ok()?)
}

/// The bounds of a slope close in with the length to the power of 3/2: the same noise at the ends of a longer arm, from the
/// middles of more windows.
fn length_needed(soak: &Soak, metric: &Metric, most: f64) -> Option<f64> {
    let half_width = metric.high? - metric.estimate;
    let distance = most - metric.estimate;
    (distance > 0.0).then(|| soak.seconds * (half_width / distance).powf(2.0 / 3.0).max(1.0))
}

const MOST_WORTH_MINUTES: f64 = 7.0 * 24.0 * 60.0;

/// More than this many times the samples at hand are not worth waiting for.
pub const MOST_WORTH: usize = 40;

/// The load of a treatment in each arm, in seconds.
fn load_per_arm_s(plan: &ScenarioPlan) -> f64 {
    let treatment = plan.lives.first().map(|life| life.treatment);
    let lives = plan.lives.iter().filter(|life| Some(life.treatment) == treatment);
    let pairs: usize = lives.map(|life| life.pairs.len()).sum();
    pairs as f64 * plan.load.block_ns as f64 / 1e9
}
