//! What is folded away in a summary: which baseline, how the service itself fared, and the arithmetic.

use std::fmt::Write;

use record::comparison::{Arithmetic, BaselineUsed, MetricComparison, ScenarioComparison};

use crate::{judge::short, report::words::word};

/// A scenario, folded.
pub fn of(scenario: &ScenarioComparison) -> String {
    let mut text =
        format!("\n<details><summary>{}: {}</summary>\n\n", escape(&scenario.name), word(scenario.word));
    if let Some(baseline) = &scenario.baseline {
        let _ = writeln!(text, "{}\n", used(baseline));
    }
    if scenario.metrics.is_empty() {
        text += "Nothing was compared.\n";
    }
    for metric in &scenario.metrics {
        let _ = writeln!(text, "- {}", one(metric));
    }
    text + "\n</details>\n"
}

fn used(baseline: &BaselineUsed) -> String {
    let BaselineUsed { file, revision, accepted, reason } = baseline;
    format!(
        "Baseline `{}`, measured at {}, accepted on {}: {}",
        file.replace('`', "'"),
        escape(revision),
        escape(accepted),
        escape(reason)
    )
}

fn one(metric: &MetricComparison) -> String {
    let untraced = match metric.untraced_before {
        Some(before) => format!("{} before, {} now", short(before), short(metric.untraced_now)),
        None => short(metric.untraced_now),
    };
    format!(
        "{}, {}: {}. Untraced: {untraced}. {}",
        escape(&metric.treatment),
        escape(&metric.metric),
        word(metric.word),
        arithmetic(&metric.arithmetic)
    )
}

fn arithmetic(arithmetic: &Arithmetic) -> String {
    match arithmetic {
        Arithmetic::Sessions {
            accepted, deviation, factor, reach, untraced_reach, sessions, anchor, ..
        } => format!(
            "Accepted sessions: {}; deviation {deviation:.4}, times {factor:.3} is a reach of {reach:.4}, that of the untraced \
             arm {untraced_reach:.4}; judged: {}; anchor {}.",
            list(accepted),
            list(sessions),
            short(*anchor)
        ),
        Arithmetic::Pairs { pairs, above_tolerance_p, within_tolerance_p, below_zero_p, level } => format!(
            "{pairs} pairs; p-values: above the tolerance {above_tolerance_p:.2e}, within it {within_tolerance_p:.2e}, below \
             zero {below_zero_p:.2e}; level {level:.2e}."
        ),
    }
}

fn list(numbers: &[f64]) -> String {
    numbers.iter().copied().map(short).collect::<Vec<_>>().join(", ")
}

/// Text in which nothing means anything to Markdown's tables or to HTML. Reasons and names come from files.
pub fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('|', "\\|");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
