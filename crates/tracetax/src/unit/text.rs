//! The results as a table.

use std::fmt::Write as _;

use record::unit::{Estimate, StageResult, Unit};
use tabled::{
    builder::Builder,
    settings::{Alignment, Style, object::Columns},
};

/// What each stage takes.
#[must_use]
pub fn render(unit: &Unit) -> String {
    let mut builder = Builder::default();
    builder.push_record([
        "stage",
        "instructions",
        "ns alone",
        "ns beside another",
        "bytes allocated",
        "allocations",
    ]);
    for stage in &unit.stages {
        builder.push_record(row(stage));
    }
    let mut table = builder.build();
    table.with(Style::psql()).modify(Columns::new(1..), Alignment::right());
    let mut text = format!("{table}\n\nby operation:\n");
    for StageResult { stage, .. } in &unit.stages {
        let _ = writeln!(text, "  {:<9} {}", stage.name, stage.operation);
    }
    let _ = writeln!(
        text,
        "Instructions ({}), bytes and allocations are exact. Times are medians with 95 % intervals; \"beside another\" is\n\
         the time of a thread while a second does the same on its own data.",
        unit.valgrind
    );
    text
}

fn row(result: &StageResult) -> [String; 6] {
    let StageResult { stage, counted, instructions, alone_ns, beside_another_ns } = result;
    [
        stage.name.clone(),
        format!("{:.1}", result.by_operation(*instructions)),
        with_interval(alone_ns),
        with_interval(beside_another_ns),
        format!("{:.2}", result.by_operation(counted.allocated_bytes)),
        format!("{:.2}", result.by_operation(counted.allocations)),
    ]
}

fn with_interval(ns: &Estimate) -> String {
    format!("{:.1} [{:.1}, {:.1}]", ns.median, ns.lower, ns.upper)
}

#[cfg(test)]
mod tests {
    use record::unit::{Counted, Estimate, SCHEMA, StageName, StageResult, Unit};

    use super::render;

    #[test]
    fn each_stage_is_a_row() {
        let stage = |name: &str, instructions, allocations| StageResult {
            stage: StageName { name: name.into(), operation: format!("one {name}"), operations_a_call: 1 },
            counted: Counted { operations: 2_000, allocations, allocated_bytes: 24 * allocations },
            instructions,
            alone_ns: Estimate { median: 41.04, lower: 40.0, upper: 43.56 },
            beside_another_ns: Estimate { median: 50.0, lower: 49.0, upper: 51.0 },
        };
        let stages = vec![stage("pair", 1_256_014, 0), stage("drain", 6_430_014, 2_000)];
        let unit = Unit { schema: SCHEMA.into(), valgrind: "valgrind-3.19.0".into(), stages };
        insta::assert_snapshot!(render(&unit));
    }
}
