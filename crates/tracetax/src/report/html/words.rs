//! Names, numbers and words as people read them on the page.

use maud::{Markup, html};
use record::verdict::{Limit, Metric, Word};

use crate::{judge::short, report::words::word as plain};

/// A metric for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// What is measured.
    pub name: &'a str,
    /// In what.
    pub unit: &'a str,
}

const NAMES: [(&str, &str, &str); 19] = [
    ("server_cpu_us_per_request", "Server CPU per request", "µs"),
    ("agent_cpu_us_per_request", "Agent CPU per request", "µs"),
    ("load_cpu_us_per_request", "Generator CPU per request", "µs"),
    ("total_cpu_us_per_request", "CPU of all three per request", "µs"),
    ("cpu_overhead_points", "CPU of server and agent", "points of a core"),
    ("agent_cpu_points", "CPU of the agent at the lowest rate", "points of a core"),
    ("throughput_per_second", "Throughput", "requests/s"),
    ("added_latency_p50_ms", "Response time, median", "ms"),
    ("added_latency_ms", "Response time, 99th percentile", "ms"),
    ("bystander_cpu_ns_per_call", "Bystander CPU per system call", "ns"),
    ("wakeups_per_second", "Wake-ups of the agent", "per second"),
    ("delivery_p50_ms", "Delivery of an event, median", "ms"),
    ("delivery_p99_ms", "Delivery of an event, 99th percentile", "ms"),
    ("agent_memory_mb", "Memory of the agent, peak", "MB"),
    ("agent_cpu_pct", "CPU of the agent", "% of a core"),
    ("events_per_second", "Events without loss", "per second"),
    ("uptime_pct", "Windows without a fault", "%"),
    ("agent_growth_mb_per_hour", "Growth of the agent", "MB an hour"),
    ("server_rss_mb", "Memory of the server", "MB"),
];

/// The name of a metric; as it is in files where it has no other.
#[must_use]
pub fn metric(name: &str) -> Named<'_> {
    let known = NAMES.iter().find(|(known, _, _)| *known == name);
    known.map_or(Named { name, unit: "" }, |(_, name, unit)| Named { name, unit })
}

/// A number with its sign.
#[must_use]
pub fn signed(number: f64) -> String {
    if number > 0.0 { format!("+{}", short(number)) } else { minus(&short(number)) }
}

/// A number.
#[must_use]
pub fn number(number: f64) -> String {
    minus(&short(number))
}

/// A number, where there is one.
#[must_use]
pub fn optional(value: Option<f64>) -> String {
    value.map_or("–".into(), number)
}

fn minus(text: &str) -> String {
    text.replace('-', "\u{2212}")
}

/// The ends of an interval.
#[must_use]
pub fn interval(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{} to {}", number(low), number(high)),
        _ => "none".into(),
    }
}

/// A number with its unit behind it.
#[must_use]
pub fn with_unit(text: &str, unit: &str) -> String {
    if unit.is_empty() { text.to_owned() } else { format!("{text} {unit}") }
}

/// So many of something.
#[must_use]
pub fn count(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// A sentence of the terminal, typeset: what stands between backticks is code, us are µs, and a number keeps its %.
#[must_use]
pub fn sentence(text: &str) -> Markup {
    let parts = text.split('`').enumerate();
    html! { @for (index, part) in parts { @if index % 2 == 1 { code { (part) } } @else { (part.replace(" us ", " µs ").replace(" %", "\u{a0}%")) } } }
}

/// The estimate, with its sign where it is a difference.
#[must_use]
pub fn estimate(metric: &Metric) -> String {
    if metric.untraced.is_some() { signed(metric.estimate) } else { number(metric.estimate) }
}

/// A limit, and which side of it is good.
#[must_use]
pub fn limit(limit: Option<Limit>) -> String {
    match limit {
        None => "–".into(),
        Some(Limit::AtLeast(least)) => format!("≥ {}", number(least)),
        Some(limit) => format!("≤ {}", number(limit.value())),
    }
}

/// A word with its mark: the mark and the word say it, the colour repeats it.
#[must_use]
pub fn badge(word: Word) -> Markup {
    html! { span class=(format!("badge {}", tone(word))) { span aria-hidden="true" { (mark(word)) } " " (plain(word)) } }
}

/// The mark of a word.
#[must_use]
pub fn mark(word: Word) -> &'static str {
    match word {
        Word::Invalid => "✕",
        Word::OverBudget => "▲",
        Word::Regressed => "↑",
        Word::NotComparable => "≠",
        Word::Inconclusive => "?",
        Word::New => "+",
        Word::Improved => "↓",
        Word::Pass => "✓",
    }
}

/// How grave it is.
#[must_use]
pub fn tone(word: Word) -> &'static str {
    match word {
        Word::Invalid | Word::OverBudget | Word::Regressed => "bad",
        Word::NotComparable | Word::Inconclusive | Word::New => "open",
        Word::Improved | Word::Pass => "good",
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, interval, metric, sentence, signed};

    #[test]
    fn a_metric_without_another_name_keeps_its_own() {
        assert_eq!(metric("agent_memory_mb"), Named { name: "Memory of the agent, peak", unit: "MB" });
        assert_eq!(metric("new_thing_ms"), Named { name: "new_thing_ms", unit: "" });
    }

    #[test]
    fn code_is_marked_and_escaped() {
        assert_eq!(sentence("run `a <b>` now").into_string(), "run <code>a &lt;b&gt;</code> now");
    }

    #[test]
    fn numbers_have_a_true_minus() {
        assert_eq!([signed(1.083), signed(-0.5), signed(0.0)], ["+1.08", "\u{2212}0.500", "0.000"]);
        assert_eq!(interval(Some(-1.0), Some(2.0)), "\u{2212}1.00 to 2.00");
        assert_eq!(interval(None, Some(2.0)), "none");
    }
}
