//! A comparison as text: for a terminal, for the summary of a CI job, and as a comment on a change.
//!
//! Numbers are shown as they stand in the comparison; how they came about is told in its own arithmetic.

mod details;
mod rows;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use record::{
    comparison::{Against, Comparison, MetricComparison, ScenarioComparison},
    verdict::{Reason, Word},
};

use super::{
    Look,
    fit::fit,
    steps::list,
    words::{meaning, word},
};
use crate::judge::short;
use details::escape;

/// The first line of a comment, by which a workflow finds its own and replaces it.
pub const MARKER: &str = "<!-- tracetax-comparison -->";

/// A comment on GitHub may have 65,536 characters; a summary keeps to the same, though it may be longer.
const SUMMARY_BYTES: usize = 60_000;

/// A comment is read in passing.
const COMMENT_BYTES: usize = 12_000;

/// For a terminal: verdict, headlines, table, what to do.
#[must_use]
pub fn terminal(comparison: &Comparison, look: Look) -> String {
    let mut text = format!("verdict: {} ({})\n", look.word(comparison.word), meaning(comparison.word));
    let _ = writeln!(text, "{}", look.prose(&held_against(comparison)));
    text.extend(comparison.notes.iter().map(|note| look.prose(note) + "\n"));
    for scenario in &comparison.scenarios {
        let _ = writeln!(text, "{}", look.item("- ", &headline(scenario, look)));
    }
    let _ = writeln!(text, "\n{}", rows::table(comparison, &rows::all(comparison), look));
    text.push_str(&look.heading("What to do"));
    let reasons = reasons(comparison);
    if reasons.is_empty() { text + nothing(comparison) } else { text + &list(&reasons, look) }
}

/// For the summary of a job: verdict, one table, what to do, details folded, how to read it.
#[must_use]
pub fn summary(comparison: &Comparison) -> String {
    let mut text = head(comparison);
    text += &table(comparison, SUMMARY_BYTES / 2);
    text += &what_to_do(comparison, SUMMARY_BYTES / 6);
    let folded = comparison.scenarios.iter().map(details::of);
    let room = SUMMARY_BYTES - text.len() - HOW_TO_READ.len();
    text += &fit(folded, room, |left| {
        format!("\nThe details of {left} more scenarios are in {}.\n", stored(comparison))
    });
    text + HOW_TO_READ
}

/// For a comment on a change: the same without details, behind a hidden marker.
#[must_use]
pub fn comment(comparison: &Comparison) -> String {
    let mut text = format!("{MARKER}\n{}", head(comparison));
    text += &table(comparison, COMMENT_BYTES / 2);
    text += &what_to_do(comparison, COMMENT_BYTES / 4);
    text + "\nHow to read it, and the arithmetic, are in the summary of the job.\n"
}

fn head(comparison: &Comparison) -> String {
    let notes: String = comparison.notes.iter().map(|note| format!("\n**{}**\n", escape(note))).collect();
    format!("## tracetax: {}\n\n{}\n{notes}", word(comparison.word), escape(&held_against(comparison)))
}

/// What was held against what, in one sentence.
fn held_against(comparison: &Comparison) -> String {
    let now = comparison.revision.as_ref().map_or("an unknown revision".into(), |revision| revision.short());
    let before = match &comparison.against {
        Against::Baselines => "the stored baselines".into(),
        Against::Revision(revision) => format!("{}, measured in the same run", revision.short()),
    };
    format!("{now} against {before}; run {}, host class {}", comparison.run, comparison.host_class)
}

fn headline(scenario: &ScenarioComparison, look: Look) -> String {
    let changes: Vec<_> =
        scenario.metrics.iter().map(|metric| format!("{}: {}", metric.treatment, change(metric))).collect();
    let changes = if changes.is_empty() { "nothing was compared".into() } else { changes.join("; ") };
    format!("{}: {}. {changes}", scenario.name, look.word(scenario.word))
}

/// The numbers of one metric in one sentence.
pub fn change(metric: &MetricComparison) -> String {
    format!(
        "{} {} -> {}, change {} ({}), tolerance {}",
        metric.metric,
        short(metric.before),
        short(metric.now),
        signed(metric.change),
        interval(metric),
        short(metric.tolerance)
    )
}

fn interval(metric: &MetricComparison) -> String {
    match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("{} to {}", signed(low), signed(high)),
        _ => "no interval".into(),
    }
}

fn signed(number: f64) -> String {
    format!("{}{}", if number > 0.0 { "+" } else { "" }, short(number))
}

/// The table as far as there is room, the worst rows first.
fn table(comparison: &Comparison, room: usize) -> String {
    let rows = rows::all(comparison);
    let all = rows.len();
    let of_first = |count: &usize| rows::table(comparison, &rows[..*count], Look::Markdown);
    let shown = (1..=all).collect::<Vec<_>>().partition_point(|count| of_first(count).len() <= room);
    let text = of_first(&shown);
    match all - shown {
        0 => format!("\n{text}\n"),
        left => {
            format!("\n{text}\n\n{left} more rows, none worse than these, are in {}.\n", stored(comparison))
        }
    }
}

fn stored(comparison: &Comparison) -> String {
    format!("`comparison.json` of the run `{}`", comparison.run)
}

fn what_to_do(comparison: &Comparison, room: usize) -> String {
    let steps = steps(comparison);
    let left = |left| format!("- {left} more reasons are in {}\n", stored(comparison));
    format!("\n### What to do\n\n{}", fit(steps, room, left))
}

/// The reasons of the worst scenario first.
fn reasons(comparison: &Comparison) -> Vec<&Reason> {
    let mut scenarios: Vec<_> = comparison.scenarios.iter().collect();
    scenarios.sort_by_key(|scenario| scenario.word);
    scenarios.into_iter().flat_map(|scenario| &scenario.reasons).collect()
}

fn nothing(comparison: &Comparison) -> &'static str {
    match comparison.word {
        Word::Pass => "Nothing: no change is beyond its tolerance.\n",
        _ => "Nothing was compared.\n",
    }
}

/// One line a reason.
fn steps(comparison: &Comparison) -> Vec<String> {
    let line = |Reason { code, message, next_step }: &Reason| {
        format!("- {} [{}]: {}\n", escape(message), escape(code), escape(next_step))
    };
    let lines: Vec<_> = reasons(comparison).into_iter().map(line).collect();
    if lines.is_empty() { vec![nothing(comparison).into()] } else { lines }
}

const HOW_TO_READ: &str = "
<details><summary>How to read this</summary>

All numbers are what the tracer costs: the traced service less the same service untraced, in neighbouring blocks. `change`
is now less before, and the interval says how far it may be off. Against stored baselines that is the reach of one more
session of the same tracer (90 %), against another revision the interval of paired differences (95 %). MDE is the least
change that a comparison like this one finds in 80 of 100 cases. A change within the tolerance is of no consequence.

- `regressed`: the change is above the tolerance and beyond chance; a stored comparison has found so twice.
- `pass`: the whole interval is within the tolerance. `improved`: clearly below, by more than the tolerance.
- `inconclusive`: the interval reaches across the tolerance. `new`: there is nothing to compare with yet.
- `not-comparable`: another host class, scenario or schema, too old, or the service itself has moved. `invalid`: the run
  cannot be trusted.

</details>
";
