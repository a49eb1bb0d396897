//! A comparison as plain text.

use std::fmt::Write as _;

use record::comparison::{Comparison, MetricComparison, ScenarioComparison};
use tabled::{builder::Builder, settings::Style};

use crate::{judge::short, report::word};

/// The word, a table, what to do.
#[must_use]
pub fn render(comparison: &Comparison) -> String {
    let mut text = format!("comparison: {}\n", word(comparison.word));
    for scenario in &comparison.scenarios {
        let _ = writeln!(text, "- {}: {}{}", scenario.name, word(scenario.word), against(scenario));
    }
    if comparison.scenarios.iter().any(|scenario| !scenario.metrics.is_empty()) {
        let _ = writeln!(text, "\n{}", table(comparison));
    }
    for reason in comparison.scenarios.iter().flat_map(|scenario| &scenario.reasons) {
        let _ = writeln!(text, "\n{} [{}]\n  {}", reason.message, reason.code, reason.next_step);
    }
    text
}

fn against(scenario: &ScenarioComparison) -> String {
    scenario.baseline.as_ref().map_or_else(String::new, |baseline| {
        format!(", against {} of {} ({})", baseline.file, baseline.accepted, baseline.reason)
    })
}

fn table(comparison: &Comparison) -> String {
    let mut builder = Builder::default();
    builder.push_record([
        "scenario",
        "treatment",
        "metric",
        "before",
        "now",
        "change",
        "90 % interval",
        "tolerance",
        "verdict",
    ]);
    for scenario in &comparison.scenarios {
        for metric in &scenario.metrics {
            builder.push_record(row(scenario, metric));
        }
    }
    builder.build().with(Style::psql()).to_string()
}

fn row(scenario: &ScenarioComparison, metric: &MetricComparison) -> [String; 9] {
    let interval = match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("{} to {}", short(low), short(high)),
        _ => "-".into(),
    };
    [
        scenario.name.clone(),
        metric.treatment.clone(),
        metric.metric.clone(),
        short(metric.before),
        short(metric.now),
        short(metric.change),
        interval,
        metric.tolerance.to_string(),
        word(metric.word).to_owned(),
    ]
}
