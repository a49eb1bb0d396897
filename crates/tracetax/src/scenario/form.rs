//! The form of a scenario file: each key stands here once, with its rule, range, unit and meaning.
//!
//! A key is added by asking for it. This module looks at values, never at text or spelling.

mod bystander;
mod load;
mod treatment;

use std::{collections::BTreeMap, ops::Range};

use record::plan::{Budget, Margin, ScenarioLoad, Source, Tolerance, Treatment};
use toml::de::DeTable;

use super::{
    Pairs, Scenario,
    notes::Notes,
    rule::{grouped, number, sentence, whole},
    section::{At, Section, top},
};
use load::{Load, load};
use treatment::{traced, treatment};

/// A block with fewer requests than this says too little (the design's bound for open loop).
const REQUESTS_PER_BLOCK: f64 = 100.0;

/// Limits that one scenario may be judged by.
const MOST_GATES: usize = 3;

const NS_PER_MS: u64 = 1_000_000;

/// Reads a whole file. None when something is wrong, which is then in the notes.
pub(super) fn read(table: &DeTable<'_>, name: Option<String>, notes: &mut Notes<'_>) -> Option<Scenario> {
    top(table, notes, |file| {
        let question = file.required("question", &sentence(), "What the scenario answers, in one sentence.");
        let load = file.section("[load]", "Which requests are sent, and when.", load);
        let block = file.section("[block]", "One measured stretch of load.", block);
        let pairs =
            file.section("[pairs]", "How many pairs of blocks are measured for each treatment.", pairs);
        let treatments = file.list("[[treatment]]", "What is compared with `untraced`.", treatment);
        let budget =
            file.optional_section("[budget]", "Absolute limits; one left out is not judged.", budget);
        let margin =
            file.optional_section("[margin]", "Limits of paired cost; one left out is not judged.", margin);
        let tolerance = file.optional_section(
            "[tolerance]",
            "Changes of paired cost that are of no consequence; one left out is not compared.",
            tolerance,
        );
        let bystander = file.optional_section(
            "[bystander]",
            "A process that nobody traces; left out, none runs.",
            bystander::bystander,
        );
        if let (Some((_, lines)), Some((margin, _))) = (&budget, &margin) {
            few_gates(file, lines.len() + gates_of(treatments.as_deref()), margin);
        }
        if let (Some((budget, _)), Some(load)) = (&budget, &load) {
            told_by_the_load(file, budget, load);
        }
        if let (Some(load), Some(block)) = (&load, &block) {
            enough_requests(file, load, block);
        }
        if let Some(treatments) = &treatments {
            distinct_names(file, treatments);
        }
        let ((budget, mut lines), (margin, of_margin), (tolerance, of_tolerance)) =
            (budget?, margin?, tolerance?);
        lines.extend(of_margin);
        lines.extend(of_tolerance);
        Some(Scenario {
            name: name?,
            question: question?.value,
            load: scenario_load(load?, &block?),
            pairs: pairs?,
            treatments: treatments
                .map_or_else(|| vec![traced()], |all| all.into_iter().map(|at| at.value).collect()),
            budget,
            lines,
            bystander,
            margin,
            tolerance,
        })
    })
}

struct Block {
    measure_ms: At<u32>,
    warmup_ms: u32,
}

fn block(block: &mut Section<'_, '_>) -> Option<Block> {
    let measure = block.required(
        "measure_ms",
        &whole(20..=600_000, "milliseconds"),
        "Load measured in a block. In an open loop, enough for 100 requests.",
    );
    let warmup = block.required(
        "warmup_ms",
        &whole(0..=60_000, "milliseconds"),
        "Load before each block that is not counted.",
    );
    Some(Block { measure_ms: measure?, warmup_ms: warmup?.value })
}

fn pairs(pairs: &mut Section<'_, '_>) -> Option<Pairs> {
    let profile = whole(5..=100_000, "pairs");
    let quick = pairs.required("quick", &profile, "Under `--profile quick`.");
    let standard = pairs.required("standard", &profile, "Under `--profile standard`.");
    let thorough = pairs.required("thorough", &profile, "Under `--profile thorough`.");
    let per_life =
        pairs.required("per_life", &whole(1..=10_000, "pairs"), "Pairs before the target is started afresh.");
    not_fewer(pairs, ("quick", &quick), ("standard", &standard));
    not_fewer(pairs, ("standard", &standard), ("thorough", &thorough));
    Some(Pairs {
        quick: quick?.value,
        standard: standard?.value,
        thorough: thorough?.value,
        per_life: per_life?.value,
    })
}

fn not_fewer(pairs: &mut Section<'_, '_>, less: (&str, &Option<At<u32>>), more: (&str, &Option<At<u32>>)) {
    if let ((low, Some(few)), (high, Some(many))) = (less, more)
        && few.value > many.value
    {
        let title = format!("`{high}` in [pairs] must not be less than `{low}`");
        let label = format!("`{low}` is {}", grouped(few.value.into()));
        let advice = format!("write {} or more, or a smaller `{low}`", grouped(few.value.into()));
        pairs.mistake(many.span.clone(), title, label, advice);
    }
}

/// Lines by `section.key`.
type Lines = BTreeMap<String, u32>;

/// One entry for a limit that is there.
fn line(section: &Section<'_, '_>, key: &str, value: Option<&At<f64>>) -> Option<(String, u32)> {
    Some((format!("{}.{key}", section.name()), u32::try_from(section.line_of(value?)).ok()?))
}

fn budget(budget: &mut Section<'_, '_>) -> Option<(Budget, Lines)> {
    let cpu = budget.optional(
        "cpu_overhead_points",
        &number(0.001..=10_000.0, "percentage points of one core"),
        "Extra CPU of target and agent.",
    );
    let memory = budget.optional(
        "agent_memory_mb",
        &number(0.001..=1e6, "megabytes (1_000_000 bytes)"),
        "Peak memory of the agent.",
    );
    let latency = budget.optional(
        "added_latency_ms",
        &number(0.001..=60_000.0, "milliseconds"),
        "Added response latency at the 99th percentile.",
    );
    let events = budget.optional(
        "events_per_second",
        &number(1.0..=1e9, "events per second"),
        "At least this many, and none of them lost.",
    );
    let uptime = budget.optional(
        "uptime_pct",
        &number(0.001..=100.0, "percent of treated blocks"),
        "At least this share without a failed request, a lost event or a dead process.",
    );
    let agent = budget.optional(
        "agent_cpu_points",
        &number(0.001..=10_000.0, "percentage points of one core"),
        "CPU of the agent at the lowest rate of a flood.",
    );
    let named = [
        ("cpu_overhead_points", &cpu),
        ("agent_memory_mb", &memory),
        ("added_latency_ms", &latency),
        ("events_per_second", &events),
        ("uptime_pct", &uptime),
        ("agent_cpu_points", &agent),
    ];
    let lines = named.into_iter().filter_map(|(name, value)| line(budget, name, value.as_ref())).collect();
    let limits = Budget {
        cpu_overhead_points: cpu.map(|at| at.value),
        agent_memory_mb: memory.map(|at| at.value),
        added_latency_ms: latency.map(|at| at.value),
        events_per_second: events.map(|at| at.value),
        uptime_pct: uptime.map(|at| at.value),
        agent_cpu_points: agent.map(|at| at.value),
    };
    Some((limits, lines))
}

fn margin(margin: &mut Section<'_, '_>) -> Option<(Margin, Lines)> {
    let server = margin.optional(
        "server_cpu_us_per_request",
        &number(0.001..=1e6, "microseconds"),
        "Extra CPU of the target per request.",
    );
    let lines = line(margin, "server_cpu_us_per_request", server.as_ref()).into_iter().collect();
    Some((Margin { server_cpu_us_per_request: server.map(|at| at.value) }, lines))
}

fn tolerance(tolerance: &mut Section<'_, '_>) -> Option<(Tolerance, Lines)> {
    let server = tolerance.optional(
        "server_cpu_us_per_request",
        &number(0.001..=1e6, "microseconds"),
        "Extra CPU of the target per request, from one revision of the tracer to another.",
    );
    let lines = line(tolerance, "server_cpu_us_per_request", server.as_ref()).into_iter().collect();
    Some((Tolerance { server_cpu_us_per_request: server.map(|at| at.value) }, lines))
}

fn gates_of(treatments: Option<&[At<Treatment>]>) -> usize {
    let budgets = treatments.unwrap_or_default().iter().map(|at| &at.value.budget);
    let limits = budgets.flat_map(|budget| {
        [budget.server_cpu_us_per_request, budget.wakeups_per_second, budget.delivery_p99_ms]
    });
    limits.flatten().count()
}

/// The more limits gate, the more often one of them fails by chance.
fn few_gates(file: &mut Section<'_, '_>, budgets: usize, margin: &Margin) {
    let gates = budgets + usize::from(margin.server_cpu_us_per_request.is_some());
    if gates > MOST_GATES {
        file.mistake(
            file.span_of("budget"),
            format!("at most {MOST_GATES} limits may gate a scenario, not {gates}"),
            "",
            "remove some of those in [budget], [margin] and [[treatment]]; what has no limit is still measured and shown",
        );
    }
}

/// A limit on what this load does not tell would never be judged.
fn told_by_the_load(file: &mut Section<'_, '_>, budget: &Budget, load: &Load) {
    let flood = matches!(load.source, Source::Flood { .. });
    let (name, why) = match budget {
        Budget { agent_cpu_points: Some(_), .. } if !flood => {
            ("agent_cpu_points", "only a flood has a lowest rate")
        }
        Budget { added_latency_ms: Some(_), .. } if flood => ("added_latency_ms", "a flood has no latencies"),
        Budget { uptime_pct: Some(_), .. } if flood => ("uptime_pct", "a flood loses events on purpose"),
        _ => return,
    };
    let title = format!("`{name}` in [budget] cannot be with this [load]");
    file.mistake(file.span_of("budget"), title, why, "remove it, or write another `pacing` in [load]");
}

fn enough_requests(file: &mut Section<'_, '_>, load: &Load, block: &Block) {
    let Some(requests_per_second) = load.lowest_rate() else {
        return;
    };
    let expected = requests_per_second * f64::from(block.measure_ms.value) / 1_000.0;
    if expected < REQUESTS_PER_BLOCK {
        let least = (REQUESTS_PER_BLOCK * 1_000.0 / requests_per_second).ceil();
        file.mistake(
            block.measure_ms.span.clone(),
            "`measure_ms` in [block] must be enough for 100 requests",
            format!("{expected:.0} requests at {} a second", grouped(requests_per_second)),
            format!("write {} or more, or a higher rate", grouped(least)),
        );
    }
}

fn distinct_names(file: &mut Section<'_, '_>, treatments: &[At<Treatment>]) {
    let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for treatment in treatments {
        if seen.insert(&treatment.value.name, treatment.span.clone()).is_some() {
            let title = format!("two treatments have the name `{}`", treatment.value.name);
            file.mistake(treatment.span.clone(), title, "", "write another name");
        }
    }
}

fn scenario_load(load: Load, block: &Block) -> ScenarioLoad {
    ScenarioLoad {
        source: load.source,
        core: load.core,
        block_ns: u64::from(block.measure_ms.value) * NS_PER_MS,
        warmup_ns: u64::from(block.warmup_ms) * NS_PER_MS,
    }
}
