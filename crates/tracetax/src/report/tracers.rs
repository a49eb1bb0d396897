//! The tables over all tracers of a scenario: what each did, what each part costs, and whether the parts explain the whole.

use record::{
    cost::{Bill, Estimate, StrategyCost, TracerFigures},
    verdict::{ScenarioVerdict, TreatmentVerdict, Unavailable},
};
use tabled::builder::Builder;

use super::{Look, tables::styled};
use crate::judge::short;

/// All tables that the scenario has, each with the sentences that it takes to read it. Nothing for a single tracer.
pub fn all(scenario: &ScenarioVerdict, look: Look) -> String {
    let mut parts: Vec<String> = scenario.unavailable.iter().map(not_here).collect();
    let tracers = tracers(&scenario.treatments);
    if !scenario.strategies.is_empty() {
        parts.extend([costs(scenario, look), COSTS.into(), bills(&scenario.strategies, look), BILLS.into()]);
    }
    if tracers.len() > 1 {
        parts.extend([did(&tracers, look), DID.into()]);
    }
    parts.iter().map(|part| format!("\n{part}\n")).collect()
}

fn not_here(one: &Unavailable) -> String {
    let Unavailable { treatment, strategy, reason } = one;
    format!(
        "{treatment}: unavailable on this kernel, so nothing of it is measured or judged. {strategy}: {reason}"
    )
}

type Tracer<'a> = (&'a TreatmentVerdict, &'a TracerFigures);

fn tracers(treatments: &[TreatmentVerdict]) -> Vec<Tracer<'_>> {
    treatments.iter().filter_map(|treatment| Some((treatment, treatment.tracer.as_ref()?))).collect()
}

const COSTS: &str = "\
Extra CPU per request in microseconds, of the server but for `reader`, which is the agent's. attach: the hooks with empty
programs. lookup, copy, transport: what each stage adds to the one before it. `+-` is half of the 95 % interval; where two
estimates are subtracted, the root of the sum of the squares of theirs. Latency is response time in microseconds, bystander
nanoseconds for each system call of a process that nobody traces, complete the records for a hundred requests answered.";

fn costs(scenario: &ScenarioVerdict, look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record([
        "strategy",
        "attach",
        "lookup",
        "copy",
        "transport",
        "total, 95 % interval",
        "total / attach",
        "reader",
        "added latency p50",
        "added latency p99",
        "bystander",
        "complete",
    ]);
    for cost in &scenario.strategies {
        builder.push_record([
            cost.strategy.clone(),
            part(cost.attach_us),
            part(cost.lookup_us),
            part(cost.copy_us),
            part(cost.transport_us),
            interval(cost.total_us),
            times(cost),
            part(cost.reader_us),
            part(cost.added_latency_p50_us),
            part(cost.added_latency_p99_us),
            part(cost.bystander_ns_per_call),
            cost.complete_pct.map_or(NONE.into(), percent),
        ]);
    }
    for strategy in refused(scenario) {
        builder.push_record([strategy.to_owned(), "unavailable".into()]);
    }
    styled(builder.build(), look)
}

/// Each refused strategy once, however many of its stages were wanted.
fn refused(scenario: &ScenarioVerdict) -> Vec<&str> {
    let mut names: Vec<&str> = scenario.unavailable.iter().map(|one| one.strategy.as_str()).collect();
    names.dedup();
    names
}

const NONE: &str = "-";

fn part(part: Option<Estimate>) -> String {
    let Some(Estimate { estimate, low, high }) = part else {
        return NONE.into();
    };
    let half = low.zip(high).map(|(low, high)| format!(" +-{}", short((high - low) / 2.0)));
    format!("{}{}", short(estimate), half.unwrap_or_default())
}

fn interval(whole: Option<Estimate>) -> String {
    let Some(Estimate { estimate, low, high }) = whole else {
        return NONE.into();
    };
    let ends = low.zip(high).map(|(low, high)| format!(", {} to {}", short(low), short(high)));
    format!("{}{}", short(estimate), ends.unwrap_or_default())
}

/// Told only where the floor is clearly above zero: else the ratio says nothing.
fn times(cost: &StrategyCost) -> String {
    let (Some(floor), Some(total)) = (cost.attach_us, cost.total_us) else {
        return NONE.into();
    };
    let clear = floor.low.is_some_and(|low| low > 0.0);
    if clear { format!("{:.1}", total.estimate / floor.estimate) } else { NONE.into() }
}

fn percent(pct: f64) -> String {
    if pct == 100.0 { "100 %".into() } else { format!("{pct:.4} %") }
}

const BILLS: &str = "\
The bill, in microseconds of server CPU per request. program: time in the programs from the kernel's run-time statistics, in
a block of its own, less that of as many empty programs; predicted = floor + program. Statistics count the runs in all
processes and on all processors, so where others run into the hooks as well the prediction is too high.";

fn bills(strategies: &[StrategyCost], look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record([
        "strategy",
        "runs/request",
        "empty, ns/run",
        "floor",
        "+ program",
        "= predicted",
        "measured",
        "unexplained",
    ]);
    for cost in strategies {
        let cells = cost.bill.as_ref().map_or_else(|| [const { String::new() }; 7], bill);
        builder.push_record(std::iter::once(cost.strategy.clone()).chain(cells));
    }
    styled(builder.build(), look)
}

fn bill(bill: &Bill) -> [String; 7] {
    [
        bill.runs_per_request,
        bill.empty_ns_per_run,
        bill.floor_us,
        bill.program_us,
        bill.predicted_us,
        bill.measured_us,
        bill.unexplained_us,
    ]
    .map(short)
}

const DID: &str = "\
CPU is extra CPU per request in microseconds, with its 95 % interval. Delivery is from the end of a request until the agent
has taken its event.";

fn did(tracers: &[Tracer<'_>], look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record([
        "tracer",
        "wake-up",
        "server CPU",
        "agent CPU",
        "wake-ups/s",
        "delivery p50, ms",
        "delivery p99, ms",
        "records for answers",
        "programs, ns/request",
    ]);
    for (treatment, tracer) in tracers {
        builder.push_record([
            treatment.name.clone(),
            tracer.wakeup.to_string(),
            metric(treatment, "server_cpu_us_per_request"),
            metric(treatment, "agent_cpu_us_per_request"),
            short(tracer.wakeups_per_second),
            tracer.delivery_p50_ms.map_or(NONE.into(), short),
            tracer.delivery_p99_ms.map_or(NONE.into(), short),
            records(tracer),
            tracer.run_time.map_or(NONE.into(), |run_time| short(run_time.ns_per_request)),
        ]);
    }
    styled(builder.build(), look)
}

fn metric(treatment: &TreatmentVerdict, name: &str) -> String {
    let found = treatment.metrics.iter().find(|metric| metric.name == name);
    interval(found.map(|metric| Estimate { estimate: metric.estimate, low: metric.low, high: metric.high }))
}

fn records(tracer: &TracerFigures) -> String {
    let named: String = tracer.exceptions.iter().map(|(name, count)| format!(", {name} {count}")).collect();
    format!("{} / {}{named}", tracer.records, tracer.answered)
}
