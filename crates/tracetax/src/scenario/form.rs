//! The form of a scenario file: each key stands here once, with its rule, range, unit and meaning.
//!
//! A key is added by asking for it. This module looks at values, never at text or spelling.

mod bystander;
mod limits;
mod load;
mod soak;
pub(crate) mod treatment;

use std::{collections::BTreeMap, ops::Range};

use record::plan::{Budget, Margin, ScenarioLoad, Source, Treatment};
use toml::de::DeTable;

use super::{
    Pairs, Scenario,
    key::{Need, means},
    notes::Notes,
    rule::{grouped, sentence, whole},
    section::{At, Section, top},
    step::{remove, write},
};
use limits::{budget, margin, tolerance};
use load::{Load, load};
use treatment::{traced, treatment};

/// A block with fewer requests than this says too little (the design's bound for open loop).
const REQUESTS_PER_BLOCK: f64 = 100.0;

/// Limits that one scenario may be judged by.
const MOST_GATES: usize = 3;

const NS_PER_MS: u64 = 1_000_000;

/// A scenario is one or the other.
const HOW_LONG: Need = Need::OneOf(&["[pairs]", "[soak]"]);

/// What depends on several keys, and what neither a rule nor a schema can see: for the reference page.
pub(super) const ACROSS: &[&str] = &[
    "The file's name without `.toml` is the scenario's: 1 to 40 characters of `a-z`, `0-9` and `-`, beginning with a letter.",
    "`measure_ms` in `[block]` is enough for 100 requests at the rate of `[load]`, or at the lowest of its `rates`.",
    "`quick`, `standard` and `thorough` in `[pairs]` do not fall.",
    "`rates` in `[load]` rise.",
    "No two treatments have the same name.",
    "At most three limits gate: those in `[budget]` and `[margin]`, and those that treatments have.",
    "`agent_cpu_points` in `[budget]` needs a flood; `added_latency_ms` cannot be judged in one.",
    "`uptime_pct` and `agent_growth_mb_per_hour` in `[budget]` need a `[soak]`, which has no other limit but `agent_memory_mb`, \
     no `[margin]`, `[tolerance]` or `[bystander]`, and no flood.",
];

/// Reads a whole file. None when something is wrong, which is then in the notes.
pub(super) fn read(table: &DeTable<'_>, name: Option<String>, notes: &mut Notes<'_>) -> Option<Scenario> {
    top(table, notes, |file| {
        let asked = means(
            "What the scenario answers, in one sentence.",
            "\"What does the tracer cost at 500 requests a second?\"",
        );
        let question = file.required("question", &sentence(), asked);
        let load = file.section("[load]", "Which requests are sent, and when.", load);
        let block = file.section("[block]", "One measured stretch of load.", block);
        let pairs = file.alternative(
            "[pairs]",
            HOW_LONG,
            "How many pairs of blocks are measured for each treatment.",
            pairs,
        );
        let windows = file.alternative(
            "[soak]",
            HOW_LONG,
            "The treatment is on all the time in one life of the target, and looked at after each block: a window.",
            soak::windows,
        );
        let treatments = file.list(
            "[[treatment]]",
            "the whole tracer, by `raw-tracepoint`, under the name `traced`",
            "What is compared with `untraced`; may stand several times.",
            treatment,
        );
        let budget = file.optional_section("[budget]", "none of it is judged", "Absolute limits.", budget);
        let margin =
            file.optional_section("[margin]", "none of it is judged", "Limits of paired cost.", margin);
        let tolerance = file.optional_section(
            "[tolerance]",
            "the scenario has no baselines, and is not compared",
            "Changes of paired cost that are of no consequence.",
            tolerance,
        );
        let bystander = file.optional_section(
            "[bystander]",
            "none runs",
            "A process that nobody traces, which tells what its system calls cost.",
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
        soak::told(file, budget.as_ref().map(|(budget, _)| budget), load.as_ref());
        let ((budget, mut lines), (margin, of_margin), (tolerance, of_tolerance)) =
            (budget?, margin?, tolerance?);
        lines.extend(of_margin);
        lines.extend(of_tolerance);
        Some(Scenario {
            name: name?,
            question: question?.value,
            load: scenario_load(load?, &block?),
            soak: windows.is_some(),
            pairs: pairs.or(windows)?,
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
        means("Load measured in a block.", "200"),
    );
    let warmup = block.required(
        "warmup_ms",
        &whole(0..=60_000, "milliseconds"),
        means("Load before each block that is not counted.", "20"),
    );
    Some(Block { measure_ms: measure?, warmup_ms: warmup?.value })
}

fn pairs(pairs: &mut Section<'_, '_>) -> Option<Pairs> {
    let profile = whole(5..=100_000, "pairs");
    let quick = pairs.required("quick", &profile, means("Under `--profile quick`.", "120"));
    let standard = pairs.required("standard", &profile, means("Under `--profile standard`.", "300"));
    let thorough = pairs.required("thorough", &profile, means("Under `--profile thorough`.", "1_200"));
    let per_life = pairs.required(
        "per_life",
        &whole(1..=10_000, "pairs"),
        means("Pairs before the target is started afresh.", "30"),
    );
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
        let title = format!("`{high}` in [{}] must not be less than `{low}`", pairs.name());
        let label = format!("`{low}` is {}", grouped(few.value.into()));
        let step = write(format!("{} or more, or a smaller `{low}`", grouped(few.value.into())));
        pairs.mistake(many.span.clone(), title, label, step);
    }
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
            remove("some of those in [budget], [margin] and [[treatment]]; what has no limit is still measured and shown"),
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
        _ => return,
    };
    let title = format!("`{name}` in [budget] cannot be with this [load]");
    file.mistake(file.span_of("budget"), title, why, remove("it, or write another `pacing` in [load]"));
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
            write(format!("{} or more, or a higher rate", grouped(least))),
        );
    }
}

fn distinct_names(file: &mut Section<'_, '_>, treatments: &[At<Treatment>]) {
    let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
    for treatment in treatments {
        if seen.insert(&treatment.value.name, treatment.span.clone()).is_some() {
            let title = format!("two treatments have the name `{}`", treatment.value.name);
            file.mistake(treatment.span.clone(), title, "", write("another name"));
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
