//! The first screen: verdict, headline, one table, what to do. All else is a command away.

use std::{fmt::Write, path::Path};

use record::{
    host::Host,
    plan::Plan,
    verdict::{Metric, ScenarioVerdict, TreatmentVerdict, Verdict, Word},
};
use tabled::builder::Builder;

use super::{
    Look, capacity, first,
    headline::{self, FEW, SERVER_CPU},
    labels::label,
    soak,
    steps::steps,
    tables::{interval, limit, optional, signed},
    words,
};

/// A verdict for a terminal. `folder` is where the run's files are.
#[must_use]
pub fn terminal(verdict: &Verdict, plan: &Plan, host: &Host, folder: &Path, look: Look) -> String {
    let mut text = format!("verdict: {} ({})\n", look.word(verdict.word), words::meaning(verdict.word));
    text.extend(verdict.notes.iter().map(|note| look.prose(note) + "\n"));
    for scenario in &verdict.scenarios {
        let headline = headline::sentences(scenario, plan).join("; ");
        let line = format!("{}, {}: {headline}", scenario.name, look.word(scenario.word));
        let _ = writeln!(text, "{}", look.item("- ", &line));
    }
    for scenario in &verdict.scenarios {
        text.push_str(&first::all(scenario, look));
        let capacities = scenario.treatments.iter().filter_map(|treatment| treatment.capacity.as_ref());
        text.extend(capacities.map(|capacity| format!("\n{}\n", capacity::show(capacity, look))));
        let soaks = scenario.treatments.iter().filter_map(|treatment| treatment.soak.as_ref());
        text.extend(soaks.map(|soak| format!("\n{}\n", soak::show(soak, look))));
    }
    let rows = rows(verdict);
    if !rows.is_empty() {
        let _ = write!(text, "\n{}\n\n{}\n", table(&rows, look), look.prose(legend(verdict)));
    }
    text.push_str(&look.heading("What to do"));
    text.push_str(&steps(verdict, look));
    let _ = writeln!(text, "\n{}", look.prose(&sources(plan, host, folder)));
    text
}

const LEGEND: &str = "A number is the middle of many pairs of neighbouring blocks, one traced, one not, in random order. The truth \
                      is within its interval in 95 of 100 runs; what is smaller than `resolves` may go unseen. A limit is \
                      judged surer than that, so a cost whose interval is within it may still be inconclusive.";

const LEGEND_OF_SOAKS: &str = "A soak is compared with nothing: its numbers are levels, and each end of their intervals is wrong in 1 of 100 runs.";

fn legend(verdict: &Verdict) -> &'static str {
    let mut treatments = verdict.scenarios.iter().flat_map(|scenario| &scenario.treatments);
    if treatments.all(|treatment| treatment.soak.is_some()) { LEGEND_OF_SOAKS } else { LEGEND }
}

fn sources(plan: &Plan, host: &Host, folder: &Path) -> String {
    format!(
        "profile {}, seed {}, host class {}; all numbers, and how to read them: `cargo xtask report {} --details`, or \
         the page report.html there",
        plan.profile,
        plan.seed,
        host.class_id,
        folder.display()
    )
}

/// A metric of a treatment.
#[derive(Clone, Copy)]
struct Row<'a> {
    scenario: &'a ScenarioVerdict,
    treatment: &'a TreatmentVerdict,
    metric: &'a Metric,
}

/// What one treatment cost is shown whole; of more, what has a limit and what headlines are about. Limits come first, the worst before all.
fn rows(verdict: &Verdict) -> Vec<Row<'_>> {
    let treatments: usize = verdict.scenarios.iter().map(|scenario| scenario.treatments.len()).sum();
    let is_shown = |scenario: &ScenarioVerdict, metric: &Metric| match metric.word {
        // The tables of the scenario tell what its treatments cost.
        word if scenario.treatments.len() > FEW => word.is_some_and(|word| word != Word::Pass),
        Some(_) => true,
        None => treatments == 1 || metric.name == SERVER_CPU,
    };
    let mut rows = Vec::new();
    for scenario in &verdict.scenarios {
        for treatment in &scenario.treatments {
            let shown = treatment.metrics.iter().filter(|metric| is_shown(scenario, metric));
            let mut shown: Vec<_> = shown.collect();
            shown.sort_by_key(|metric| (metric.word.is_none(), metric.word));
            rows.extend(shown.into_iter().map(|metric| Row { scenario, treatment, metric }));
        }
    }
    rows
}

fn table(rows: &[Row<'_>], look: Look) -> String {
    let mut builder = Builder::default();
    let whose: Vec<String> = rows.iter().map(whose).collect();
    let several = whose.windows(2).any(|two| two[0] != two[1]);
    builder.push_record(["", "untraced", "adds", "95 % interval", "resolves", "limit", "verdict"]);
    for (index, row) in rows.iter().enumerate() {
        if several && (index == 0 || whose[index] != whose[index - 1]) {
            builder.push_record([look.strong(&whose[index])]);
        }
        builder.push_record(cells(row.metric, look));
    }
    look.table(builder.build())
}

/// The scenario, and the treatment where it is not its only one.
fn whose(row: &Row<'_>) -> String {
    match row.scenario.treatments.len() {
        1 => row.scenario.name.clone(),
        _ => format!("{} {}", row.scenario.name, row.treatment.name),
    }
}

fn cells(metric: &Metric, look: Look) -> [String; 7] {
    [
        label(&metric.name).to_owned(),
        optional(metric.untraced),
        signed(metric),
        interval(metric),
        optional(metric.mde),
        limit(metric),
        metric.word.map_or("-".into(), |word| look.word(word)),
    ]
}
