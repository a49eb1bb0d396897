//! The tables over all tracers of a scenario as far as the first screen has room: estimates alone. `tracers` has the rest.

use record::{
    cost::{Estimate, StrategyCost},
    verdict::{ScenarioVerdict, TreatmentVerdict},
};
use tabled::builder::Builder;

use super::{
    Look,
    tables::optional,
    tracers::{interval, metric, not_here, refused, tracers},
};
use crate::judge::short;

/// Nothing for a single tracer.
pub fn all(scenario: &ScenarioVerdict, look: Look) -> String {
    let refused = scenario.unavailable.chunk_by(|a, b| (&a.strategy, &a.reason) == (&b.strategy, &b.reason));
    let mut parts: Vec<String> = refused.map(|refused| look.prose(&not_here(refused))).collect();
    if !scenario.strategies.is_empty() {
        parts.extend([costs(scenario, look), look.prose(COSTS)]);
    } else if tracers(&scenario.treatments).len() > 1 {
        parts.extend([did(&scenario.treatments, look), look.prose(DID)]);
    }
    parts.iter().map(|part| format!("\n{part}\n")).collect()
}

const COSTS: &str = "Extra server CPU per request in microseconds: being hooked in with empty programs, what each stage adds, \
                     and all of it with its 95 % interval. The bystander is a process that nobody traces: nanoseconds for \
                     each of its system calls.";

fn costs(scenario: &ScenarioVerdict, look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record(["strategy", "attach", "lookup", "copy", "transport", "total", "bystander"]);
    for cost in &scenario.strategies {
        builder.push_record(row(cost));
    }
    for strategy in refused(scenario) {
        builder.push_record([strategy, "-", "-", "-", "-", "unavailable", "-"]);
    }
    look.table(builder.build())
}

fn row(cost: &StrategyCost) -> [String; 7] {
    let alone = |part: Option<Estimate>| optional(part.map(|part| part.estimate));
    [
        cost.strategy.clone(),
        alone(cost.attach_us),
        alone(cost.lookup_us),
        alone(cost.copy_us),
        alone(cost.transport_us),
        interval(cost.total_us),
        alone(cost.bystander_ns_per_call),
    ]
}

const DID: &str = "Extra CPU per request in microseconds, with its 95 % interval. The delay is from the end of a request until \
                   the agent has taken its record.";

fn did(treatments: &[TreatmentVerdict], look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record(["tracer", "server CPU", "agent CPU", "wake-ups/s", "delay p99, ms"]);
    for (treatment, tracer) in tracers(treatments) {
        builder.push_record([
            treatment.name.clone(),
            metric(treatment, "server_cpu_us_per_request"),
            metric(treatment, "agent_cpu_us_per_request"),
            short(tracer.wakeups_per_second),
            optional(tracer.delivery_p99_ms),
        ]);
    }
    look.table(builder.build())
}
