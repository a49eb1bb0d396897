//! Is the load generator on time?
//!
//! Each rate is tried twice. With equal gaps lateness is the instrument's own: did it wake in time, and spin to the moment?
//! With random gaps some requests are planned while an earlier one is being sent, and one thread cannot send two at once:
//! that part belongs to the load, it is in every run alike, and no pacing can take it away.

use std::time::Duration;

use anyhow::Result;
use record::{
    calibration::{Bar, BarState, Lateness},
    histogram,
    load::{LoadResult, Pacing},
};

use super::{
    bar::{QUIET, fails, holds},
    untraced::Untraced,
};
use crate::{judge::short, rig::Stage};

/// In requests per second, each with equal and with random gaps.
pub const RATES: [f64; 5] = [50.0, 200.0, 500.0, 1_000.0, 5_000.0];

/// The bar: 99th percentile at this rate, with equal gaps.
const BAR_RATE: f64 = 1_000.0;
const BAR_US: f64 = 20.0;

/// Mean requests of a stretch at and above the bar's rate: at least 2,000 come of it but once in 100,000 times.
const FEWEST: f64 = 2_200.0;

/// Fewest samples beyond a quantile that is shown.
const BEYOND: f64 = 10.0;

/// How long the part takes.
pub fn time_of(seconds: u32) -> Duration {
    2 * RATES.iter().map(|rate| Duration::from_nanos(stretch_ns(*rate, seconds))).sum::<Duration>()
}

fn stretch_ns(rate: f64, seconds: u32) -> u64 {
    let fewest = if rate >= BAR_RATE { FEWEST / rate } else { 0.0 };
    (f64::from(seconds).max(fewest) * 1e9) as u64
}

/// Measures each rate.
///
/// # Errors
/// When target or load generator fails.
pub fn measure(stage: &Stage<'_>, seed: u64, seconds: u32) -> Result<Vec<Lateness>> {
    let mut untraced = Untraced::start(stage)?;
    let mut rows = Vec::new();
    for requests_per_second in RATES {
        for pacing in [Pacing::Constant { requests_per_second }, Pacing::Poisson { requests_per_second }] {
            let result = untraced.run(pacing, stretch_ns(requests_per_second, seconds), seed)?;
            rows.push(row(pacing, result));
        }
    }
    untraced.finish()?;
    Ok(rows)
}

fn row(pacing: Pacing, result: LoadResult) -> Lateness {
    // A histogram that cannot be read shows as one without samples.
    let lateness = result.lateness.decode().unwrap_or_else(|_| histogram::empty());
    let us = |quantile: f64| {
        let enough = (lateness.len() as f64 * (1.0 - quantile)).round() >= BEYOND;
        enough.then(|| lateness.value_at_quantile(quantile) as f64 / 1e3)
    };
    let (p50_us, p99_us, p999_us) = (us(0.5), us(0.99), us(0.999));
    Lateness { pacing, requests: result.sent, p50_us, p99_us, p999_us, histogram: result.lateness }
}

/// At 1,000 requests a second, 99 of 100 leave within 20 us.
pub fn bar(rows: &[Lateness]) -> Bar {
    let judged = Pacing::Constant { requests_per_second: BAR_RATE };
    let p99_us = rows.iter().find(|row| row.pacing == judged).and_then(|row| row.p99_us);
    let found = p99_us.map_or("not known".into(), |us| format!("{} us", short(us)));
    let message =
        format!("p99 at {BAR_RATE} requests/s with equal gaps is {found} (bar: at most {BAR_US} us)");
    if p99_us.is_some_and(|us| us <= BAR_US) {
        holds(message)
    } else {
        fails(BarState::Missed, message, QUIET)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use record::{
        calibration::BarState,
        histogram::{Histogram, empty},
        load::{LoadResult, Pacing},
    };

    use super::{bar, row, stretch_ns};

    /// So many requests, of which each hundredth is `late_ns` late, the others 500 ns.
    fn result(requests: u64, late_ns: u64) -> LoadResult {
        let mut lateness = empty();
        lateness.record_n(500, requests - requests / 50).unwrap();
        lateness.record_n(late_ns, requests / 50).unwrap();
        LoadResult {
            planned: requests,
            sent: requests,
            completed: requests,
            failed: BTreeMap::new(),
            elapsed_ns: 1,
            spun_ns: 0,
            received_bytes: 0,
            response: Histogram::encode(&empty()),
            service: Histogram::encode(&empty()),
            lateness: Histogram::encode(&lateness),
        }
    }

    fn constant(requests_per_second: f64) -> Pacing {
        Pacing::Constant { requests_per_second }
    }

    #[test]
    fn a_quantile_needs_ten_samples_beyond_it() {
        let shown = |requests| {
            let row = row(constant(50.0), result(requests, 15_000));
            [row.p50_us, row.p99_us, row.p999_us].map(|us| us.is_some())
        };
        assert_eq!(shown(10), [false, false, false]);
        assert_eq!(shown(500), [true, false, false]);
        assert_eq!(shown(1_000), [true, true, false]);
        assert_eq!(shown(10_000), [true, true, true]);
    }

    #[test]
    fn the_bar_is_at_1000_a_second() {
        let state = |rate, late_ns| bar(&[row(constant(rate), result(2_000, late_ns))]).state;
        assert_eq!(state(1_000.0, 19_000), BarState::Holds);
        assert_eq!(state(1_000.0, 21_000), BarState::Missed);
        assert_eq!(state(500.0, 1_000), BarState::Missed);
        let random = Pacing::Poisson { requests_per_second: 1_000.0 };
        assert_eq!(bar(&[row(random, result(2_000, 1_000))]).state, BarState::Missed);
        assert_eq!(bar(&[row(constant(1_000.0), result(500, 1_000))]).state, BarState::Missed);
    }

    #[test]
    fn fast_rates_get_enough_requests_however_short() {
        assert_eq!(stretch_ns(50.0, 1), 1_000_000_000);
        assert_eq!(stretch_ns(1_000.0, 1), 2_200_000_000);
        assert_eq!(stretch_ns(5_000.0, 1), 1_000_000_000);
        assert_eq!(stretch_ns(1_000.0, 20), 20_000_000_000);
    }
}
