//! What became of a tracer over time: one line, and a table of its levels.

use std::fmt::Write;

use record::{
    cost::Estimate,
    soak::{Down, Soak, Trend},
};
use tabled::builder::Builder;

use super::{Look, labels::level};
use crate::{judge::short, plan::show_time};

/// What it comes to.
pub fn headline(soak: &Soak) -> String {
    let planted = match soak.planted_leak_bytes_per_second {
        0 => String::new(),
        bytes => {
            format!(", in which a leak of {} MB a minute was planted,", short(bytes as f64 * 60.0 / 1e6))
        }
    };
    let length = show_time(std::time::Duration::from_secs_f64(soak.seconds.max(0.0)));
    format!("{planted} was up in {} of {} windows over {length}{}", soak.up, soak.windows, growth(soak))
}

fn growth(soak: &Soak) -> String {
    let per_hour = soak.trends.first().and_then(|trend| trend.per_hour);
    per_hour.map_or(String::new(), |slope| format!("; what it holds grew by {} MB an hour", estimate(slope)))
}

/// The table of the levels, with what was amiss and what looking has cost.
pub fn show(soak: &Soak, look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record(HEAD);
    soak.trends.iter().for_each(|trend| builder.push_record(row(trend)));
    format!("{}\n\n{}\n{}", look.table(builder.build()), look.prose(&amiss(soak)), look.prose(&looking(soak)))
}

/// Over the rows.
pub const HEAD: [&str; 6] = ["level", "first", "last", "least", "greatest", "an hour (bounds)"];

/// A level.
pub fn row(trend: &Trend) -> [String; 6] {
    let [first, last, least, greatest] =
        [trend.first, trend.last, trend.least, trend.greatest].map(|value| shown(&trend.name, value));
    [level(&trend.name).to_owned(), first, last, least, greatest, trend.per_hour.map_or("-".into(), estimate)]
}

/// Descriptors and threads are counted.
fn shown(name: &str, value: f64) -> String {
    if name.ends_with("_mb") { format!("{value:.3}") } else { format!("{value:.0}") }
}

fn estimate(estimate: Estimate) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => {
            format!("{} ({} to {})", short(estimate.estimate), short(low), short(high))
        }
        _ => short(estimate.estimate),
    }
}

/// What was amiss, in one sentence, and where first.
pub fn amiss(soak: &Soak) -> String {
    let Down { ended, silent, failed, ledger } = soak.down;
    let mut text = format!(
        "{} requests answered, {} failed, {} events lost; windows down: {ended} in or after which agent or target ended, \
         {silent} with a silent agent, {failed} with failed requests, {ledger} with an open ledger",
        soak.answered, soak.failed, soak.lost
    );
    for (index, why) in &soak.first_down {
        let _ = write!(text, "; window {index}: {why}");
    }
    text + "."
}

/// What looking costs.
pub fn looking(soak: &Soak) -> String {
    format!(
        "The lab looks between two windows, when no request is in flight, and takes {:.2} % of a core for it. A slope is made of \
         the middles of {} stretches; each bound is wrong in 1 of 100 runs.",
        soak.lab_cpu_pct,
        soak.trends.first().map_or(0, |trend| trend.points.len())
    )
}

#[cfg(test)]
pub(super) mod tests;
