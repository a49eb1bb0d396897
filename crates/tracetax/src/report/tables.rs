//! The tables of a scenario.

use record::verdict::{ArmSummary, CpuLedger, Limit, LimitedBy, Metric, TreatmentVerdict};
use tabled::builder::Builder;

use super::Look;
use crate::judge::short;

/// Both arms side by side, with every field of the sample result that tracetax started from.
pub fn arms(treatment: &TreatmentVerdict, look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record(["", "untraced", treatment.name.as_str()]);
    arm_rows(treatment).for_each(|row| builder.push_record(row));
    look.table(builder.build())
}

/// The rows of that table: a name, and both arms.
pub fn arm_rows(treatment: &TreatmentVerdict) -> impl Iterator<Item = [String; 3]> {
    ROWS.iter().map(|(name, of)| {
        let untraced = treatment.untraced.as_ref().map_or("-".into(), of);
        [(*name).to_owned(), untraced, of(&treatment.treated)]
    })
}

type Cell = fn(&ArmSummary) -> String;

const ROWS: [(&str, Cell); 17] = [
    ("requests sent", |arm| arm.sent.to_string()),
    ("requests succeeded", |arm| arm.completed.to_string()),
    ("requests traced", |arm| arm.traced_requests.map_or("-".into(), |count| count.to_string())),
    ("throughput, requests/s", |arm| short(arm.throughput_per_second)),
    ("error rate, %", |arm| short(arm.error_rate_pct)),
    ("latency average, ms", |arm| short(arm.latency_mean_ms)),
    ("latency p50, ms", |arm| short(arm.latency_p50_ms)),
    ("latency p95, ms", |arm| optional(arm.latency_p95_ms)),
    ("latency p99, ms", |arm| optional(arm.latency_p99_ms)),
    ("latency min, ms", |arm| short(arm.latency_min_ms)),
    ("latency max, ms", |arm| short(arm.latency_max_ms)),
    ("lateness of the generator p99, ms", |arm| optional(arm.lateness_p99_ms)),
    ("server CPU average, % of a core", |arm| short(arm.cpu_mean_pct)),
    ("server CPU peak, % of a core", |arm| short(arm.cpu_peak_pct)),
    ("server CPU, us/request", |arm| short(arm.server_cpu_us_per_request)),
    ("rate limited by", |arm| match arm.limited_by {
        Some(LimitedBy::Target) => "target".into(),
        Some(LimitedBy::Generator) => "generator".into(),
        None => "schedule".into(),
    }),
    ("server memory, MB", |arm| short(arm.target_rss_mb)),
];

/// The paired differences.
pub fn metrics(treatment: &TreatmentVerdict, look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record(["difference", "untraced", "estimate", "95 % interval", "MDE", "budget", "verdict"]);
    for metric in &treatment.metrics {
        builder.push_record([
            metric.name.clone(),
            optional(metric.untraced),
            signed(metric),
            interval(metric),
            mde(metric),
            limit(metric),
            metric.word.map_or("-".into(), |word| look.word(word)),
        ]);
    }
    look.table(builder.build())
}

/// The estimate; a difference above zero has its sign.
pub fn signed(metric: &Metric) -> String {
    let plus = if metric.untraced.is_some() && metric.estimate >= 0.0 { "+" } else { "" };
    format!("{plus}{}", short(metric.estimate))
}

/// The interval of a metric.
pub fn interval(metric: &Metric) -> String {
    match (metric.low, metric.high) {
        (Some(low), Some(high)) if low == high => "exact".into(),
        (Some(low), Some(high)) => format!("{} to {}", short(low), short(high)),
        _ => format!("none of {} samples", metric.samples),
    }
}

/// The limit, where there is one.
pub fn limit(metric: &Metric) -> String {
    match metric.limit {
        None => "-".into(),
        Some(Limit::AtLeast(least)) => format!(">= {}", short(least)),
        Some(limit) => format!("<= {}", short(limit.value())),
    }
}

fn mde(metric: &Metric) -> String {
    let inadequate = if metric.adequate == Some(false) { " (too coarse)" } else { "" };
    format!("{}{inadequate}", optional(metric.mde))
}

/// Where the CPU time went, in one line.
pub fn cpu(ledger: &CpuLedger) -> String {
    let open = match ledger.blocks_not_closed {
        0 => String::new(),
        count => format!("; {count} blocks do not add up"),
    };
    let warmer = if ledger.warmer_pct > 0.0 {
        format!("core warmer {:.1} %, ", ledger.warmer_pct)
    } else {
        String::new()
    };
    format!(
        "CPU of the machine: target {:.1} %, agent {:.2} %, generator {:.1} %, lab {:.2} %, {warmer}rest {:.2} %, idle {:.1} %, \
         stolen {:.2} %, unaccounted {:.2} %{open}",
        ledger.target_pct,
        ledger.agent_pct,
        ledger.load_pct,
        ledger.lab_pct,
        ledger.rest_pct,
        ledger.idle_pct,
        ledger.steal_pct,
        ledger.unaccounted_pct
    )
}

/// A number, where there is one.
pub fn optional(number: Option<f64>) -> String {
    number.map_or("-".into(), short)
}
