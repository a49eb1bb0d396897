//! The form of one treatment: what is switched on in the blocks that are compared with `untraced`.

use record::{
    plan::{Treatment, TreatmentBudget, TreatmentKind},
    stage::Stage,
    wakeup::Wakeup,
};

use super::super::{
    rule::{OnlyTrue, name, number, one_of, wakeup},
    section::{At, Section},
};

/// The strategies that a treatment may name, as written here and as the agent takes them.
const STRATEGIES: &[(&str, &str)] = &[
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

pub(super) fn treatment(one: &mut Section<'_, '_>) -> Option<At<Treatment>> {
    let name = one.required("name", &name(), "Its name in tables and results.");
    let tracer = one.optional("tracer", &one_of(STRATEGIES), "Attach the tracer, with this strategy.");
    let stage = one.optional(
        "stage",
        &one_of(STAGES),
        "How far the tracer's programs go; `full`, the whole tracer, where it is left out.",
    );
    let wakeup = one.optional(
        "wakeup",
        &wakeup(),
        "When the agent is woken to drain; `timer(10 ms)` where it is left out.",
    );
    let plant = one.optional(
        "plant_us",
        &number(0.001..=1_000.0, "microseconds"),
        "Burn this much CPU in each request: a control that must be recovered.",
    );
    let nothing =
        one.optional("nothing", &OnlyTrue, "Do nothing: a control that must come out as no difference.");
    let budget = budget(one);
    exactly_one_of(one, &["tracer", "plant_us", "nothing"]);
    only_of_a_tracer(one, &["stage", "wakeup", "budget_wakeups_per_second", "budget_delivery_p99_ms"]);
    let (whole, timer) = WHOLE;
    let kind = tracer
        .map(|strategy| TreatmentKind::Tracer {
            strategy: strategy.value.to_owned(),
            stage: stage.map_or(whole, |stage| stage.value),
            wakeup: wakeup.map_or(timer, |wakeup| wakeup.value),
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
        "Absolute limit of the extra CPU of the target per request; left out, it is not judged.",
    );
    let wakeups = one.optional(
        "budget_wakeups_per_second",
        &number(0.001..=1e9, "wake-ups per second"),
        "Absolute limit of the agent's wake-ups; left out, it is not judged.",
    );
    let delivery = one.optional(
        "budget_delivery_p99_ms",
        &number(0.001..=60_000.0, "milliseconds"),
        "Absolute limit of the time until the agent has an event, at the 99th percentile; left out, it is not judged.",
    );
    TreatmentBudget {
        server_cpu_us_per_request: server.map(|at| at.value),
        wakeups_per_second: wakeups.map(|at| at.value),
        delivery_p99_ms: delivery.map(|at| at.value),
    }
}

fn exactly_one_of(one: &mut Section<'_, '_>, names: &[&'static str]) {
    one.require_one_of(names);
    let held: Vec<_> = names.iter().filter(|name| one.holds(name)).collect();
    if let [first, others @ ..] = held.as_slice() {
        for other in others {
            let title = format!("a treatment does one thing, not `{first}` and `{other}`");
            one.mistake(
                one.span_of(other),
                title,
                "",
                "remove one of the two, or write another `[[treatment]]`",
            );
        }
    }
}

/// A key that would change nothing is a misunderstanding. Where no treatment is named at all, that is told instead.
fn only_of_a_tracer(one: &mut Section<'_, '_>, names: &[&'static str]) {
    if one.holds("tracer") || !(one.holds("plant_us") || one.holds("nothing")) {
        return;
    }
    for name in names.iter().filter(|name| one.holds(name)).collect::<Vec<_>>() {
        one.mistake(
            one.span_of(name),
            format!("`{name}` in [[treatment]] is of a tracer, and this treatment has none"),
            "",
            "remove it, or move it to a treatment with a `tracer`",
        );
    }
}

/// What a file without a treatment compares.
pub(super) fn traced() -> Treatment {
    let (stage, wakeup) = WHOLE;
    let strategy = STRATEGIES[0].1.to_owned();
    Treatment {
        name: "traced".to_owned(),
        kind: TreatmentKind::Tracer { strategy, stage, wakeup },
        budget: TreatmentBudget::default(),
    }
}
