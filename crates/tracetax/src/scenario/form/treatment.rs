//! The form of one treatment: what is switched on in the blocks that are compared with `untraced`.

use record::{
    plan::{Treatment, TreatmentBudget, TreatmentKind},
    stage::Stage,
    wakeup::Wakeup,
};

use super::{
    super::{
        key::{LeftOut, Need, means},
        rule::{OnlyTrue, name, number, one_of, wakeup},
        section::{At, Section},
    },
    limits::NOT_JUDGED,
};

/// The strategies that a treatment may name, as written here and as the agent takes them.
pub(crate) const STRATEGIES: &[(&str, &str)] = &[
    ("raw-tracepoint", "raw-tracepoint"),
    ("syscall-tracepoint", "syscall-tracepoint"),
    ("cgroup-skb", "cgroup-skb"),
    ("uprobe-nop", "uprobe-nop"),
    ("uprobe-entry", "uprobe-entry"),
    ("fentry", "fentry"),
    ("kprobe", "kprobe"),
];

/// The stages, each under its own name.
const STAGES: &[(&str, Stage)] =
    &[("floor", Stage::Floor), ("lookup", Stage::Lookup), ("copy", Stage::Copy), ("full", Stage::Full)];

/// The whole tracer, drained every 10 ms: what a tracer is where its treatment does not say otherwise.
const WHOLE: (Stage, Wakeup) = (Stage::Full, Wakeup::Timer { ms: 10 });

const NS_PER_US: f64 = 1_000.0;
const BYTES_PER_MB: f64 = 1e6;

/// What a treatment may do; each file names one of them.
const DOES: Need = Need::OneOf(&["tracer", "plant_us", "nothing"]);

pub(super) fn treatment(one: &mut Section<'_, '_>) -> Option<At<Treatment>> {
    let name = one.required("name", &name(), means("Its name in tables and results.", "\"traced\""));
    let strategy = means("Attach the tracer, with this strategy.", "\"raw-tracepoint\"");
    let tracer = one.take("tracer", &one_of(STRATEGIES), DOES, strategy);
    let stage = one.take(
        "stage",
        &one_of(STAGES),
        Need::Beside("tracer", LeftOut::Is("\"full\"")),
        means("How far the tracer's programs go; `full` is the whole tracer.", "\"floor\""),
    );
    let wakeup = one.take(
        "wakeup",
        &wakeup(),
        Need::Beside("tracer", LeftOut::Is("\"timer(10 ms)\"")),
        means("When the agent is woken to drain.", "\"bytes(4096)\""),
    );
    let plant = one.take(
        "plant_us",
        &number(0.001..=1_000.0, "microseconds"),
        DOES,
        means("Burn this much CPU in each request: a control that must be recovered.", "2.5"),
    );
    let leak = one.take(
        "plant_leak_mb_per_minute",
        &number(0.001..=1_000.0, "megabytes (1_000_000 bytes) a minute"),
        Need::Beside("tracer", LeftOut::Means("nothing is leaked")),
        means("Let the agent keep this much memory: a control that a soak must find.", "1.0"),
    );
    let control = means("Do nothing: a control that must come out as no difference.", "true");
    let nothing = one.take("nothing", &OnlyTrue, DOES, control);
    let budget = budget(one);
    let (whole, timer) = WHOLE;
    let kind = tracer
        .map(|strategy| TreatmentKind::Tracer {
            strategy: strategy.value.to_owned(),
            stage: stage.map_or(whole, |stage| stage.value),
            wakeup: wakeup.map_or(timer, |wakeup| wakeup.value),
            leak_bytes_per_second: leak.map_or(0, |leak| (leak.value * BYTES_PER_MB / 60.0).round() as u64),
        })
        .or(plant.map(|us| TreatmentKind::Planted { ns_per_request: (us.value * NS_PER_US).round() as u64 }))
        .or(nothing.map(|_| TreatmentKind::Nothing));
    let At { value: name, span } = name?;
    Some(At { span, value: Treatment { name, kind: kind?, budget } })
}

fn budget(one: &mut Section<'_, '_>) -> TreatmentBudget {
    let server = one.optional(
        "budget_server_cpu_us_per_request",
        &number(0.001..=1e6, "microseconds"),
        NOT_JUDGED,
        means("Absolute limit of the extra CPU of the target per request.", "1.2"),
    );
    let wakeups = one.take(
        "budget_wakeups_per_second",
        &number(0.001..=1e9, "wake-ups per second"),
        Need::Beside("tracer", NOT_JUDGED),
        means("Absolute limit of the agent's wake-ups.", "110"),
    );
    let delivery = one.take(
        "budget_delivery_p99_ms",
        &number(0.001..=60_000.0, "milliseconds"),
        Need::Beside("tracer", NOT_JUDGED),
        means("Absolute limit of the time until the agent has an event, at the 99th percentile.", "20"),
    );
    TreatmentBudget {
        server_cpu_us_per_request: server.map(|at| at.value),
        wakeups_per_second: wakeups.map(|at| at.value),
        delivery_p99_ms: delivery.map(|at| at.value),
    }
}

/// What a file without a treatment compares.
pub(super) fn traced() -> Treatment {
    let (stage, wakeup) = WHOLE;
    let strategy = STRATEGIES[0].1.to_owned();
    Treatment {
        name: "traced".to_owned(),
        kind: TreatmentKind::Tracer { strategy, stage, wakeup, leak_bytes_per_second: 0 },
        budget: TreatmentBudget::default(),
    }
}
