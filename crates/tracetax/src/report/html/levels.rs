//! The tables of each treatment: every metric, and both arms side by side.

use maud::{Markup, html};
use record::verdict::{Metric, TreatmentVerdict};

use super::{Run, figure::Table, words};
use crate::report::{capacity, soak, tables, words::word as plain};

/// One piece a treatment.
pub fn all(run: &Run<'_>) -> Vec<String> {
    let each = run.verdict.scenarios.iter().flat_map(|scenario| {
        scenario.treatments.iter().map(|treatment| {
            piece(&format!("{}, {}", scenario.name, treatment.name), treatment).into_string()
        })
    });
    each.collect()
}

fn piece(name: &str, treatment: &TreatmentVerdict) -> Markup {
    html! {
        h3 { (name) }
        @if let Some(soak) = &treatment.soak { p { "It" (soak::headline(soak)) ". " (soak::amiss(soak)) " " (soak::looking(soak)) } }
        @else {
            p { (words::count(treatment.pairs as usize, "pair counts", "pairs count")) "; "
                (words::count(treatment.discarded_blocks as usize, "block was", "blocks were")) " discarded by a rule that cannot see results." }
        }
        @if let Some(capacity) = &treatment.capacity { p { "It " (capacity::headline(capacity)) "." } }
        (metrics(treatment).show(&format!("Metrics of {name}")))
        details {
            summary { "Both arms" span class="unseen" { " of " (name) } }
            (arms(treatment).show(&format!("Both arms of {name}")))
        }
        @if let Some(soak) = &treatment.soak {
            details {
                summary { "Every level of the soak" span class="unseen" { " of " (name) } }
                (Table::new(&soak::HEAD).with(soak.trends.iter().map(soak::row).map(Vec::from)).show(&format!("Levels of {name}")))
            }
        }
        @if let Some(capacity) = &treatment.capacity {
            details {
                summary { "Every step of the flood" span class="unseen" { " of " (name) } }
                (steps(capacity).show(&format!("Steps of {name}")))
                p { (capacity::recovery(&capacity.recovery)) }
            }
        }
    }
}

fn metrics(treatment: &TreatmentVerdict) -> Table {
    let head = ["metric", "untraced", "estimate", "95 % interval", "MDE", "limit", "verdict"];
    let row = |metric: &Metric| {
        let named = words::metric(&metric.name);
        vec![
            if named.unit.is_empty() {
                named.name.to_owned()
            } else {
                format!("{}, {}", named.name, named.unit)
            },
            words::optional(metric.untraced),
            words::estimate(metric),
            if metric.low == metric.high && metric.low.is_some() {
                "exact".into()
            } else {
                words::interval(metric.low, metric.high)
            },
            words::optional(metric.mde),
            words::limit(metric.limit),
            metric.word.map_or("–".into(), |word| format!("{} {}", words::mark(word), plain(word))),
        ]
    };
    Table::new(&head).with(treatment.metrics.iter().map(row))
}

fn arms(treatment: &TreatmentVerdict) -> Table {
    Table::new(&["", "untraced", &treatment.name]).with(tables::arm_rows(treatment).map(Vec::from))
}

fn steps(capacity: &record::capacity::Capacity) -> Table {
    Table::new(&capacity::HEAD).with(capacity.steps.iter().map(|step| Vec::from(capacity::row(step))))
}
