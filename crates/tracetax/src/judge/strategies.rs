//! What each strategy costs, part by part, and whether the parts explain the whole.
//!
//! The stages of a tracer build on each other (`floor`, `lookup`, `copy`, `full`), and each was compared with its own
//! untraced blocks. So the cost of a part is the difference of two estimates from different blocks, which are
//! independent: the half-width of its interval is the root of the sum of the squares of theirs.
//!
//! The bill (`docs/bill.md`):
//!
//! ```text
//! predicted   = floor + program
//! floor       = extra server CPU per request with empty programs, measured in pairs
//! program     = ns per request - runs per request * ns per run of an empty program, from run-time statistics
//! unexplained = measured - predicted
//! ```
//!
//! The agent's CPU is on another account, and no part of it.

use record::{
    cost::{Bill, Estimate, StrategyCost, TracerFigures},
    stage::Stage,
    verdict::{Metric, TreatmentVerdict},
    wakeup::Wakeup,
};

const US_PER_MS: f64 = 1e3;
const NS_PER_US: f64 = 1e3;

/// One row for each strategy and wake-up policy of which the least and the whole stage were measured, in the order of
/// the treatments.
pub fn rows(treatments: &[TreatmentVerdict]) -> Vec<StrategyCost> {
    let mut known: Vec<(&str, Wakeup)> = Vec::new();
    for tracer in treatments.iter().filter_map(|treatment| treatment.tracer.as_ref()) {
        let key = (tracer.strategy.as_str(), tracer.wakeup);
        if !known.contains(&key) {
            known.push(key);
        }
    }
    known.into_iter().filter_map(|key| row(&Stages::of(treatments, key), key)).collect()
}

/// The stages of one strategy.
struct Stages<'a>([Option<&'a TreatmentVerdict>; 4]);

impl<'a> Stages<'a> {
    fn of(treatments: &'a [TreatmentVerdict], (strategy, wakeup): (&str, Wakeup)) -> Self {
        let is = |tracer: &TracerFigures, stage| {
            tracer.strategy == strategy && tracer.wakeup == wakeup && tracer.stage == stage
        };
        let find =
            |stage| treatments.iter().find(|one| one.tracer.as_ref().is_some_and(|tracer| is(tracer, stage)));
        Self(Stage::ALL.map(find))
    }

    fn at(&self, stage: Stage) -> Option<&'a TreatmentVerdict> {
        self.0[Stage::ALL.iter().position(|one| *one == stage)?]
    }

    fn server_us(&self, stage: Stage) -> Option<Estimate> {
        estimate(self.at(stage)?, "server_cpu_us_per_request", 1.0)
    }

    fn part_us(&self, stage: Stage, less: Stage) -> Option<Estimate> {
        Some(difference(&self.server_us(stage)?, &self.server_us(less)?))
    }
}

fn row(stages: &Stages<'_>, (strategy, wakeup): (&str, Wakeup)) -> Option<StrategyCost> {
    let (_, full) = (stages.at(Stage::Floor)?, stages.at(Stage::Full)?);
    Some(StrategyCost {
        strategy: strategy.into(),
        wakeup,
        attach_us: stages.server_us(Stage::Floor),
        lookup_us: stages.part_us(Stage::Lookup, Stage::Floor),
        copy_us: stages.part_us(Stage::Copy, Stage::Lookup),
        transport_us: stages.part_us(Stage::Full, Stage::Copy),
        total_us: stages.server_us(Stage::Full),
        reader_us: estimate(full, "agent_cpu_us_per_request", 1.0),
        added_latency_p50_us: estimate(full, "added_latency_p50_ms", US_PER_MS),
        added_latency_p99_us: estimate(full, "added_latency_ms", US_PER_MS),
        bystander_ns_per_call: estimate(full, "bystander_cpu_ns_per_call", 1.0),
        complete_pct: full.tracer.as_ref().and_then(complete_pct),
        bill: bill(stages),
    })
}

fn estimate(treatment: &TreatmentVerdict, name: &str, scale: f64) -> Option<Estimate> {
    let metric: &Metric = treatment.metrics.iter().find(|metric| metric.name == name)?;
    Some(Estimate {
        estimate: metric.estimate * scale,
        low: metric.low.map(|low| low * scale),
        high: metric.high.map(|high| high * scale),
    })
}

/// The difference of two independent estimates.
fn difference(more: &Estimate, less: &Estimate) -> Estimate {
    let estimate = more.estimate - less.estimate;
    let half_width = half_width(more).zip(half_width(less)).map(|(a, b)| a.hypot(b));
    Estimate {
        estimate,
        low: half_width.map(|half| estimate - half),
        high: half_width.map(|half| estimate + half),
    }
}

fn half_width(estimate: &Estimate) -> Option<f64> {
    Some((estimate.high? - estimate.low?) / 2.0)
}

fn complete_pct(tracer: &TracerFigures) -> Option<f64> {
    (tracer.answered > 0).then(|| 100.0 * tracer.records as f64 / tracer.answered as f64)
}

fn bill(stages: &Stages<'_>) -> Option<Bill> {
    let run_time = |stage| stages.at(stage)?.tracer.as_ref()?.run_time;
    let (empty, full) = (run_time(Stage::Floor)?, run_time(Stage::Full)?);
    let empty_ns_per_run = empty.ns_per_run();
    let floor_us = stages.server_us(Stage::Floor)?.estimate;
    let program_us = (full.ns_per_request - full.runs_per_request * empty_ns_per_run) / NS_PER_US;
    let (predicted_us, measured_us) = (floor_us + program_us, stages.server_us(Stage::Full)?.estimate);
    Some(Bill {
        runs_per_request: full.runs_per_request,
        empty_ns_per_run,
        floor_us,
        program_us,
        predicted_us,
        measured_us,
        unexplained_us: measured_us - predicted_us,
    })
}
