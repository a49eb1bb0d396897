//! The tables over all tracers of a scenario: what each did, what each part costs, and whether the parts explain the whole.

use record::{
    cost::{Bill, Estimate, StrategyCost, TracerFigures},
    stage::Stage,
    verdict::{ScenarioVerdict, TreatmentVerdict, Unavailable},
};
use tabled::builder::Builder;

use super::Look;
use crate::judge::short;

/// All tables that the scenario has, each with the sentences that it takes to read it. Nothing for a single tracer.
pub fn all(scenario: &ScenarioVerdict, look: Look) -> String {
    let refused = scenario.unavailable.chunk_by(|a, b| (&a.strategy, &a.reason) == (&b.strategy, &b.reason));
    let mut parts: Vec<String> = refused.map(not_here).collect();
    let tracers = tracers(&scenario.treatments);
    if !scenario.strategies.is_empty() {
        parts.extend([costs(scenario, look), COSTS.into(), bills(&scenario.strategies, look), BILLS.into()]);
    }
    if tracers.len() > 1 {
        parts.extend([did(&tracers, look), DID.into()]);
    }
    parts.iter().map(|part| format!("\n{part}\n")).collect()
}

/// One sentence for all treatments that were refused for the same reason.
pub fn not_here(refused: &[Unavailable]) -> String {
    let names: Vec<&str> = refused.iter().map(|one| one.treatment.as_str()).collect();
    let Unavailable { strategy, reason, .. } = &refused[0];
    format!(
        "`{strategy}` is unavailable here: {reason}. Nothing is measured or judged of {}.",
        names.join(", ")
    )
}

/// A treatment, and what its tracer did.
pub type Tracer<'a> = (&'a TreatmentVerdict, &'a TracerFigures);

/// Those of the treatments that are tracers.
pub fn tracers(treatments: &[TreatmentVerdict]) -> Vec<Tracer<'_>> {
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
    look.table(builder.build())
}

/// Each refused strategy once, however many of its stages were wanted.
pub fn refused(scenario: &ScenarioVerdict) -> Vec<&str> {
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

/// A number with the ends of its interval.
pub fn interval(whole: Option<Estimate>) -> String {
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
        let cells = cost.bill.as_ref().map_or_else(|| [const { NONE }; 7].map(String::from), bill);
        builder.push_record(std::iter::once(cost.strategy.clone()).chain(cells));
    }
    look.table(builder.build())
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
    look.table(builder.build())
}

/// A metric of a treatment with its interval.
pub fn metric(treatment: &TreatmentVerdict, name: &str) -> String {
    let found = treatment.metrics.iter().find(|metric| metric.name == name);
    interval(found.map(|metric| Estimate { estimate: metric.estimate, low: metric.low, high: metric.high }))
}

/// Below the whole tracer there are no records, and none are missed.
fn records(tracer: &TracerFigures) -> String {
    if tracer.stage != Stage::Full {
        return NONE.into();
    }
    let named: String = tracer.exceptions.iter().map(|(name, count)| format!(", {name} {count}")).collect();
    format!("{} / {}{named}", tracer.records, tracer.answered)
}

#[cfg(test)]
mod tests {
    use record::{
        cost::{Bill, Estimate, StrategyCost},
        verdict::{ScenarioVerdict, Unavailable, Word},
        wakeup::Wakeup,
    };

    use super::all;
    use crate::report::{Look, Screen, first};

    fn around(estimate: f64, half: f64) -> Option<Estimate> {
        Some(Estimate { estimate, low: Some(estimate - half), high: Some(estimate + half) })
    }

    fn cost(strategy: &str) -> StrategyCost {
        StrategyCost {
            strategy: strategy.into(),
            wakeup: Wakeup::Timer { ms: 10 },
            attach_us: around(0.3, 0.03),
            lookup_us: around(0.2, 0.05),
            copy_us: around(-0.01, 0.05),
            transport_us: None,
            total_us: around(1.2, 0.04),
            reader_us: around(0.06, 0.01),
            added_latency_p50_us: around(12.0, 1.0),
            added_latency_p99_us: None,
            bystander_ns_per_call: around(74.7, 5.4),
            complete_pct: Some(100.0),
            bill: None,
        }
    }

    #[test]
    fn parts_bills_and_what_is_refused_are_shown() {
        let bill = Bill {
            runs_per_request: 5.92,
            empty_ns_per_run: 31.4,
            floor_us: 0.3,
            program_us: 0.95,
            predicted_us: 1.25,
            measured_us: 1.2,
            unexplained_us: -0.05,
        };
        let unclear = StrategyCost {
            attach_us: around(0.02, 0.03),
            complete_pct: Some(99.97),
            bill: None,
            ..cost("cgroup-skb")
        };
        let refused = |stage: &str| Unavailable {
            treatment: format!("kprobe-{stage}"),
            strategy: "kprobe".into(),
            reason: "Operation not supported (os error 95)".into(),
        };
        let scenario = ScenarioVerdict {
            name: "strategies".into(),
            word: Word::Pass,
            reasons: Vec::new(),
            treatments: Vec::new(),
            unavailable: vec![refused("floor"), refused("full")],
            strategies: vec![StrategyCost { bill: Some(bill), ..cost("raw-tracepoint") }, unclear],
        };
        insta::assert_snapshot!(first::all(&scenario, Look::Terminal(Screen::PLAIN)));
        insta::assert_snapshot!(all(&scenario, Look::Markdown), @r"
        `kprobe` is unavailable here: Operation not supported (os error 95). Nothing is measured or judged of kprobe-floor, kprobe-full.

        | strategy       | attach        | lookup        | copy           | transport | total, 95 % interval | total / attach | reader        | added latency p50 | added latency p99 | bystander   | complete  |
        |----------------|---------------|---------------|----------------|-----------|----------------------|----------------|---------------|-------------------|-------------------|-------------|-----------|
        | raw-tracepoint | 0.300 +-0.030 | 0.200 +-0.050 | -0.010 +-0.050 | -         | 1.20, 1.16 to 1.24   | 4.0            | 0.060 +-0.010 | 12.0 +-1.00       | -                 | 74.7 +-5.40 | 100 %     |
        | cgroup-skb     | 0.020 +-0.030 | 0.200 +-0.050 | -0.010 +-0.050 | -         | 1.20, 1.16 to 1.24   | -              | 0.060 +-0.010 | 12.0 +-1.00       | -                 | 74.7 +-5.40 | 99.9700 % |
        | kprobe         | unavailable   |               |                |           |                      |                |               |                   |                   |             |           |

        Extra CPU per request in microseconds, of the server but for `reader`, which is the agent's. attach: the hooks with empty
        programs. lookup, copy, transport: what each stage adds to the one before it. `+-` is half of the 95 % interval; where two
        estimates are subtracted, the root of the sum of the squares of theirs. Latency is response time in microseconds, bystander
        nanoseconds for each system call of a process that nobody traces, complete the records for a hundred requests answered.

        | strategy       | runs/request | empty, ns/run | floor | + program | = predicted | measured | unexplained |
        |----------------|--------------|---------------|-------|-----------|-------------|----------|-------------|
        | raw-tracepoint | 5.92         | 31.4          | 0.300 | 0.950     | 1.25        | 1.20     | -0.050      |
        | cgroup-skb     | -            | -             | -     | -         | -           | -        | -           |

        The bill, in microseconds of server CPU per request. program: time in the programs from the kernel's run-time statistics, in
        a block of its own, less that of as many empty programs; predicted = floor + program. Statistics count the runs in all
        processes and on all processors, so where others run into the hooks as well the prediction is too high.
        ");
    }
}
