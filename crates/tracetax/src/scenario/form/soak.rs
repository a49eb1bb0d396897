//! The section `[soak]`, and what a soak cannot be asked.

use record::plan::{Budget, Source};

use super::{
    super::{
        Pairs,
        key::means,
        rule::whole,
        section::Section,
        step::{add, remove},
    },
    load::Load,
    not_fewer,
};

/// What compares with `untraced` says nothing of windows without any.
const PAIRED_SECTIONS: [&str; 3] = ["margin", "tolerance", "bystander"];

pub(super) fn windows(soak: &mut Section<'_, '_>) -> Option<Pairs> {
    let profile = whole(20..=1_000_000, "windows");
    let quick = soak.required("quick", &profile, means("Under `--profile quick`.", "180"));
    let standard = soak.required("standard", &profile, means("Under `--profile standard`.", "600"));
    let thorough = soak.required("thorough", &profile, means("Under `--profile thorough`.", "4_800"));
    not_fewer(soak, ("quick", &quick), ("standard", &standard));
    not_fewer(soak, ("standard", &standard), ("thorough", &thorough));
    Some(Pairs {
        quick: quick?.value,
        standard: standard?.value,
        thorough: thorough?.value,
        per_life: u32::MAX,
    })
}

/// Notes limits that would never be judged, and sections that would change nothing.
pub(super) fn told(file: &mut Section<'_, '_>, budget: Option<&Budget>, load: Option<&Load>) {
    if !file.holds("[soak]") {
        let only = budget.and_then(of_soak);
        only.into_iter().for_each(|name| {
            let title = format!("`{name}` in [budget] is of a soak");
            file.mistake(
                file.span_of("budget"),
                title,
                "only a soak has windows",
                add("`[soak]` in place of `[pairs]`"),
            );
        });
        return;
    }
    for name in PAIRED_SECTIONS.into_iter().filter(|name| file.holds(name)).collect::<Vec<_>>() {
        let title = format!("[{name}] cannot be with [soak]");
        file.mistake(file.span_of(name), title, "a soak has no untraced blocks", remove("it"));
    }
    if let Some(name) = budget.and_then(of_pairs) {
        let title = format!("`{name}` in [budget] cannot be with [soak]");
        file.mistake(file.span_of("budget"), title, "a soak has no untraced blocks", remove("it"));
    }
    if load.is_some_and(|load| matches!(load.source, Source::Flood { .. })) {
        let title = "a flood cannot be with [soak]";
        file.mistake(
            file.span_of("load"),
            title,
            "it loses events on purpose",
            remove("it, or write another `pacing` in [load]"),
        );
    }
}

fn of_soak(budget: &Budget) -> Option<&'static str> {
    let limits =
        [("uptime_pct", budget.uptime_pct), ("agent_growth_mb_per_hour", budget.agent_growth_mb_per_hour)];
    set(&limits)
}

fn of_pairs(budget: &Budget) -> Option<&'static str> {
    set(&[
        ("cpu_overhead_points", budget.cpu_overhead_points),
        ("added_latency_ms", budget.added_latency_ms),
        ("events_per_second", budget.events_per_second),
        ("agent_cpu_points", budget.agent_cpu_points),
    ])
}

fn set(limits: &[(&'static str, Option<f64>)]) -> Option<&'static str> {
    limits.iter().find(|(_, limit)| limit.is_some()).map(|(name, _)| *name)
}
