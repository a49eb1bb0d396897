//! The sections `[budget]`, `[margin]` and `[tolerance]`: limits, each with the line it stands on.

use std::collections::BTreeMap;

use record::plan::{Budget, Margin, Tolerance};

use super::super::{
    key::{LeftOut, means},
    rule::number,
    section::{At, Section},
};

/// What becomes of a limit that is left out.
pub(super) const NOT_JUDGED: LeftOut = LeftOut::Means("not judged");

/// Lines by `section.key`.
pub(super) type Lines = BTreeMap<String, u32>;

/// One entry for a limit that is there.
fn line(section: &Section<'_, '_>, key: &str, value: Option<&At<f64>>) -> Option<(String, u32)> {
    Some((format!("{}.{key}", section.name()), u32::try_from(section.line_of(value?)).ok()?))
}

pub(super) fn budget(budget: &mut Section<'_, '_>) -> Option<(Budget, Lines)> {
    let cpu = budget.optional(
        "cpu_overhead_points",
        &number(0.001..=10_000.0, "percentage points of one core"),
        NOT_JUDGED,
        means("Extra CPU of target and agent.", "5.0"),
    );
    let memory = budget.optional(
        "agent_memory_mb",
        &number(0.001..=1e6, "megabytes (1_000_000 bytes)"),
        NOT_JUDGED,
        means("Peak memory of the agent.", "100"),
    );
    let latency = budget.optional(
        "added_latency_ms",
        &number(0.001..=60_000.0, "milliseconds"),
        NOT_JUDGED,
        means("Added response latency at the 99th percentile.", "1.0"),
    );
    let events = budget.optional(
        "events_per_second",
        &number(1.0..=1e9, "events per second"),
        NOT_JUDGED,
        means("At least this many, and none of them lost.", "250_000"),
    );
    let uptime = budget.optional(
        "uptime_pct",
        &number(0.001..=100.0, "percent of windows"),
        NOT_JUDGED,
        means(
            "At least this share of a soak without a failed request, a lost event or a silent agent.",
            "99.9",
        ),
    );
    let agent = budget.optional(
        "agent_cpu_points",
        &number(0.001..=10_000.0, "percentage points of one core"),
        NOT_JUDGED,
        means("CPU of the agent at the lowest rate of a flood.", "5.0"),
    );
    let growth = budget.optional(
        "agent_growth_mb_per_hour",
        &number(0.001..=1e6, "megabytes (1_000_000 bytes) an hour"),
        NOT_JUDGED,
        means("Growth of the agent's memory and its maps' over a soak.", "1.0"),
    );
    let named = [
        ("cpu_overhead_points", &cpu),
        ("agent_memory_mb", &memory),
        ("added_latency_ms", &latency),
        ("events_per_second", &events),
        ("uptime_pct", &uptime),
        ("agent_cpu_points", &agent),
        ("agent_growth_mb_per_hour", &growth),
    ];
    let lines = named.into_iter().filter_map(|(name, value)| line(budget, name, value.as_ref())).collect();
    let limits = Budget {
        cpu_overhead_points: cpu.map(|at| at.value),
        agent_memory_mb: memory.map(|at| at.value),
        added_latency_ms: latency.map(|at| at.value),
        events_per_second: events.map(|at| at.value),
        uptime_pct: uptime.map(|at| at.value),
        agent_cpu_points: agent.map(|at| at.value),
        agent_growth_mb_per_hour: growth.map(|at| at.value),
    };
    Some((limits, lines))
}

pub(super) fn margin(margin: &mut Section<'_, '_>) -> Option<(Margin, Lines)> {
    let server = margin.optional(
        "server_cpu_us_per_request",
        &number(0.001..=1e6, "microseconds"),
        NOT_JUDGED,
        means("Extra CPU of the target per request.", "0.3"),
    );
    let lines = line(margin, "server_cpu_us_per_request", server.as_ref()).into_iter().collect();
    Some((Margin { server_cpu_us_per_request: server.map(|at| at.value) }, lines))
}

pub(super) fn tolerance(tolerance: &mut Section<'_, '_>) -> Option<(Tolerance, Lines)> {
    let server = tolerance.optional(
        "server_cpu_us_per_request",
        &number(0.001..=1e6, "microseconds"),
        LeftOut::Means("not compared"),
        means("Extra CPU of the target per request, from one revision of the tracer to another.", "0.25"),
    );
    let lines = line(tolerance, "server_cpu_us_per_request", server.as_ref()).into_iter().collect();
    Some((Tolerance { server_cpu_us_per_request: server.map(|at| at.value) }, lines))
}
