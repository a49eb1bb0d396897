//! The one table of a comparison.

use record::{
    comparison::{Against, Comparison, MetricComparison, ScenarioComparison},
    verdict::Word,
};
use tabled::builder::Builder;

use super::{details::escape, interval, signed};
use crate::{
    judge::short,
    report::{Look, labels::label, tables::optional},
};

/// A row: a metric, or a scenario of which nothing was compared.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// A metric of a scenario.
    Metric(&'a ScenarioComparison, &'a MetricComparison),
    /// A scenario without numbers.
    Scenario(&'a ScenarioComparison),
}

impl Row<'_> {
    fn word(&self) -> Word {
        match self {
            Self::Metric(_, metric) => metric.word,
            Self::Scenario(scenario) => scenario.word,
        }
    }

    fn cells(&self, look: Look) -> [String; 10] {
        match self {
            Self::Metric(scenario, metric) => cells(scenario, metric, look),
            Self::Scenario(scenario) => {
                let mut cells = ["-"; 10].map(String::from);
                cells[0].clone_from(&scenario.name);
                cells[9] = look.word(scenario.word);
                cells
            }
        }
    }
}

fn cells(scenario: &ScenarioComparison, metric: &MetricComparison, look: Look) -> [String; 10] {
    [
        scenario.name.clone(),
        metric.treatment.clone(),
        match look {
            Look::Terminal(_) => label(&metric.metric).to_owned(),
            Look::Markdown => metric.metric.clone(),
        },
        short(metric.before),
        short(metric.now),
        signed(metric.change),
        interval(metric),
        optional(metric.mde),
        short(metric.tolerance),
        look.word(metric.word),
    ]
}

/// All rows, worst first, else in the order of the plan.
pub fn all(comparison: &Comparison) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = comparison.scenarios.iter().flat_map(of).collect();
    rows.sort_by_key(Row::word);
    rows
}

fn of(scenario: &ScenarioComparison) -> Vec<Row<'_>> {
    if scenario.metrics.is_empty() {
        return vec![Row::Scenario(scenario)];
    }
    scenario.metrics.iter().map(|metric| Row::Metric(scenario, metric)).collect()
}

/// These rows as a table.
pub fn table(comparison: &Comparison, rows: &[Row<'_>], look: Look) -> String {
    let interval = match comparison.against {
        Against::Baselines => "interval (90 %)",
        Against::Revision(_) => "interval (95 %)",
    };
    let mut builder = Builder::default();
    builder.push_record([
        "scenario",
        "treatment",
        "metric",
        "before",
        "now",
        "change",
        interval,
        "MDE",
        "tolerance",
        "verdict",
    ]);
    for row in rows {
        let cells = row.cells(look);
        builder.push_record(match look {
            Look::Terminal(_) => cells,
            Look::Markdown => cells.map(|cell| escape(&cell)),
        });
    }
    look.table(builder.build())
}
