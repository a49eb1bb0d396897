//! Every number of a comparison in the order in which it is used, so that a reader can redo it by hand. Pure.

mod pairs;

use std::fmt::Write as _;

use record::{
    baseline::BaselineMetric,
    comparison::{Arithmetic, Comparison, MetricComparison, ScenarioComparison},
};

use crate::report::words::word;

use super::{
    reason,
    rule::{Accepted, FEWEST_SESSIONS, Finding, Seen, WITNESS_SHARE},
};

/// The arithmetic of all metrics of this name; None where there is none.
#[must_use]
pub fn explain(comparison: &Comparison, metric: &str) -> Option<String> {
    let text: String = comparison
        .scenarios
        .iter()
        .flat_map(|scenario| scenario.metrics.iter().map(move |one| (scenario, one)))
        .filter(|(_, one)| one.metric == metric)
        .filter_map(|(scenario, one)| of_metric(scenario, one).or_else(|| pairs::explain(scenario, one)))
        .collect();
    (!text.is_empty()).then_some(text)
}

/// Names of all metrics that can be explained.
#[must_use]
pub fn known(comparison: &Comparison) -> Vec<&str> {
    let metrics = comparison.scenarios.iter().flat_map(|scenario| &scenario.metrics);
    let mut names: Vec<&str> = metrics.map(|metric| metric.metric.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn of_metric(scenario: &ScenarioComparison, metric: &MetricComparison) -> Option<String> {
    let Arithmetic::Sessions {
        accepted,
        untraced,
        untraced_reach,
        factor,
        reach,
        sessions,
        anchor,
        deviation,
    } = &metric.arithmetic
    else {
        return None;
    };
    let level = Accepted::of(&BaselineMetric {
        sessions: accepted.clone(),
        untraced: untraced.clone(),
        tolerance: metric.tolerance,
        anchor: *anchor,
    })
    .ok()?;
    let count = accepted.len();
    let mut text = format!("\n{} / {} / {}\n", scenario.name, metric.treatment, metric.metric);
    let mut line = |name: &str, what: String| {
        let _ = writeln!(text, "  {name:<22} {what}");
    };
    line("accepted sessions", list(accepted));
    line("K", format!("{count} (at least {FEWEST_SESSIONS} to gate)"));
    line("mean", number(metric.before));
    line("s", format!("{}, standard deviation with K - 1", number(*deviation)));
    let t = factor / (1.0 + 1.0 / count as f64).sqrt();
    line("t", format!("{}, 95 % one-sided, {} degrees of freedom", number(t), count - 1));
    line("factor", format!("{} = t * sqrt(1 + 1/K)", number(*factor)));
    line("reach", format!("{} = factor * s", number(*reach)));
    line("this run", number(metric.now));
    let interval =
        [metric.low.unwrap_or(f64::NEG_INFINITY), metric.high.unwrap_or(f64::INFINITY)].map(number);
    line("change", format!("{} = this run - mean", number(metric.change)));
    line("interval of the change", format!("{} to {} = change -/+ reach", interval[0], interval[1]));
    line("tolerance", number(metric.tolerance));
    line(
        "anchor",
        format!(
            "{}, nothing may come above {} = anchor + 2 * tolerance",
            number(*anchor),
            number(level.ceiling())
        ),
    );
    if let Some(fresh) = sessions.get(1) {
        line("fresh session", format!("{}, change {}", number(*fresh), number(fresh - metric.before)));
    }
    line("untraced, accepted", list(untraced));
    let before = metric.untraced_before.unwrap_or(f64::NAN);
    line("untraced, mean", number(before));
    line(
        "untraced, now",
        format!(
            "{}, {} off; up to {} is the same machine = max(t(99.5 %) * sqrt(1 + 1/K) * s, {} % of the mean)",
            number(metric.untraced_now),
            number((metric.untraced_now - before).abs()),
            number(*untraced_reach),
            100.0 * WITNESS_SHARE
        ),
    );
    line("MDE", metric.mde.map_or_else(|| "-".into(), number));
    let found = finding(metric, &level);
    line("the rule that holds", rule(found).to_owned());
    line("word", word(metric.word).to_owned());
    Some(text)
}

/// The finding that the word was made of. What the fresh session's untraced arm was is not stored; the reason tells.
fn finding(metric: &MetricComparison, level: &Accepted) -> Finding {
    let seen = Seen { cost: metric.now, untraced: metric.untraced_now };
    let code = metric.reason.as_ref().map(|reason| reason.code.as_str());
    code.and_then(reason::finding_of).unwrap_or_else(|| level.find(seen, None))
}

fn rule(finding: Finding) -> &'static str {
    match finding {
        Finding::TooFewSessions => "K is below the number of sessions that may gate: new",
        Finding::WitnessMoved => "the untraced arm is further off than it may be: not comparable",
        Finding::SlowerMachine => {
            "flagged, and not where the cost is scaled by accepted / seen of the untraced arm: not comparable"
        }
        Finding::Regressed => "change > tolerance and change > reach, in the fresh session too: regressed",
        Finding::Crept => "above anchor + 2 * tolerance, the fresh session too: regressed",
        Finding::NotConfirmed => "flagged, and the fresh session is not: inconclusive",
        Finding::Flagged => {
            "(change > tolerance and change > reach) or above anchor + 2 * tolerance, without a fresh session: inconclusive"
        }
        Finding::Improved => "change <= -tolerance and change < -reach: improved",
        Finding::Pass => "change + reach <= tolerance: pass",
        Finding::Unresolved => "no other rule holds: inconclusive",
    }
}

fn list(numbers: &[f64]) -> String {
    numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
}

/// Enough digits to check a sum by.
fn number(value: f64) -> String {
    format!("{value:.4}")
}
