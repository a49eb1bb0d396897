//! The arithmetic of a live comparison, whose samples are the groups of `blocks.jsonl`.

use std::fmt::Write as _;

use record::{
    comparison::{Arithmetic, MetricComparison, ScenarioComparison},
    verdict::Word,
};

use super::number;
use crate::report::words::word;

/// The arithmetic of one metric; None where it is not made of pairs.
pub fn explain(scenario: &ScenarioComparison, metric: &MetricComparison) -> Option<String> {
    let Arithmetic::Pairs { pairs, above_tolerance_p, within_tolerance_p, below_zero_p, level } =
        &metric.arithmetic
    else {
        return None;
    };
    let mut text = format!("\n{} / {} / {}\n", scenario.name, metric.treatment, metric.metric);
    let mut line = |name: &str, what: String| {
        let _ = writeln!(text, "  {name:<22} {what}");
    };
    let bound = |bound: Option<f64>| bound.map_or_else(|| "-".into(), number);
    let p = |p: f64, what: &str| {
        let holds = if p <= *level { "holds" } else { "is not shown" };
        format!("{p:.2e}: \"{what}\" {holds}")
    };
    line("groups", format!("{pairs}, each of one block untraced, one with the other tracer, one with this"));
    line(
        "estimate",
        "Hodges-Lehmann: the median of all (d_i + d_j) / 2, i <= j, of the groups' differences".into(),
    );
    line("before", format!("{} = estimate of other - untraced", number(metric.before)));
    line("now", format!("{} = estimate of this - untraced", number(metric.now)));
    line("change", format!("{} = estimate of this - other", number(metric.change)));
    line(
        "interval of the change",
        format!("{} to {}, 95 %, the test inverted", bound(metric.low), bound(metric.high)),
    );
    line("tolerance", number(metric.tolerance));
    line(
        "test",
        "Wilcoxon's signed rank, one-sided; p adjusted by Holm's method over the scenarios of the run".into(),
    );
    line("level", format!("{level}"));
    line("p, above tolerance", p(*above_tolerance_p, "change > tolerance"));
    line("p, below zero", p(*below_zero_p, "change < 0"));
    line("p, within tolerance", p(*within_tolerance_p, "change <= tolerance"));
    line("MDE", bound(metric.mde));
    line("the rule that holds", rule(metric.word).into());
    line("word", word(metric.word).to_owned());
    Some(text)
}

fn rule(found: Word) -> &'static str {
    match found {
        Word::Regressed => "change > tolerance holds: regressed",
        Word::Improved => "change < 0 holds, and the estimate is at most -tolerance: improved",
        Word::Pass => "change <= tolerance holds: pass",
        _ => "none of the three: inconclusive",
    }
}
