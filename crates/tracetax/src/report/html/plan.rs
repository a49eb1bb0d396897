//! The plan: what was measured, how much of it, against which limits.

use maud::{Markup, html};
use record::plan::{Plan, ScenarioPlan};

use super::{figure::Table, words};
use crate::{
    plan::{show_source, show_time, time_of},
    stored_run::Size,
};

/// The section.
pub fn show(plan: &Plan) -> Markup {
    let revision = plan.revision.as_ref().map_or("unknown".into(), |revision| revision.short());
    html! {
        section id="plan" aria-labelledby="plan-title" {
            h2 id="plan-title" { "Plan" }
            p {
                "Revision " code { (revision) } ", profile " (plan.profile) ", seed " (plan.seed) ". "
                @if let Some(against) = &plan.against { "Measured in turns with revision " code { (against.short()) } ". " }
                "The plan was made before anything was started; its order of arms is a recorded coin for each pair. It is in " code { "plan.json" } "."
            }
            (table(plan).show("The plan"))
        }
    }
}

fn table(plan: &Plan) -> Table {
    let head = ["scenario", "load", "block", "pairs a treatment", "treatments", "limits", "planned time"];
    Table::new(&head).with(plan.scenarios.iter().map(row))
}

fn row(scenario: &ScenarioPlan) -> Vec<String> {
    vec![
        scenario.name.clone(),
        show_source(&scenario.load.source),
        format!(
            "{} ms after {} ms of warm-up",
            scenario.load.block_ns / 1_000_000,
            scenario.load.warmup_ns / 1_000_000
        ),
        pairs(scenario),
        treatments(scenario),
        limits(scenario),
        show_time(time_of(scenario)),
    ]
}

fn pairs(scenario: &ScenarioPlan) -> String {
    let Size { pairs, lives } = Size::of(scenario);
    format!("{pairs} in {}", words::count(lives as usize, "life", "lives"))
}

fn treatments(scenario: &ScenarioPlan) -> String {
    const FEW: usize = 4;
    let names: Vec<&str> = scenario.treatments.iter().map(|treatment| treatment.name.as_str()).collect();
    if names.len() <= FEW {
        names.join(", ")
    } else {
        format!("{}, and {} more", names[..FEW].join(", "), names.len() - FEW)
    }
}

fn limits(scenario: &ScenarioPlan) -> String {
    let budget = &scenario.budget;
    let limits = [
        ("CPU of server and agent", budget.cpu_overhead_points, "points of a core"),
        ("agent memory", budget.agent_memory_mb, "MB"),
        ("added latency p99", budget.added_latency_ms, "ms"),
        ("events/s at least", budget.events_per_second, ""),
        ("agent CPU", budget.agent_cpu_points, "points of a core"),
        ("uptime at least", budget.uptime_pct, "%"),
        ("agent growth", budget.agent_growth_mb_per_hour, "MB an hour"),
        ("margin of server CPU per request", scenario.margin.server_cpu_us_per_request, "µs"),
        ("tolerance of server CPU per request", scenario.tolerance.server_cpu_us_per_request, "µs"),
    ];
    let there =
        limits.into_iter().filter_map(|(name, limit, unit)| Some(format!("{name} {} {unit}", limit?)));
    let text = there.map(|limit| limit.trim_end().to_owned()).collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none of all".into() } else { text }
}
