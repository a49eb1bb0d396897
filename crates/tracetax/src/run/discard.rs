//! The rules by which a block does not count. None of them can see what the tracer costs.

use std::time::Duration;

use record::{
    block::Discard,
    load::{LoadResult, Pacing},
    plan::Source,
};

/// A generator that sends later than this at its 99th percentile is no instrument. In a block of fewer than 1,000 requests
/// that percentile is one or two requests, which any stall of the host can make late; so it is the highest quantile with
/// [`SAMPLES_BEYOND`] that counts, as in every report.
const SAMPLES_BEYOND: f64 = 10.0;
const LATENESS_LIMIT_NS: u64 = 100_000;

/// Share of a block that the hypervisor may take on a core.
const STEAL_LIMIT: f64 = 0.1;

/// From the end of the load to the readings there is no more to do than to let the agents drain, which is theirs and does not
/// count here, and to settle: some 10 ms. A lab that was stopped or starved reads later, and has in the block what others did
/// meanwhile.
const READ_LATE_LIMIT: Duration = Duration::from_millis(200);

/// Why a block that took so long, of which the agents drained so long, and of which so much was taken from each processor,
/// does not count; `None` where it does.
pub(super) fn why(
    load: &LoadResult,
    source: &Source,
    steal_ns: &[u64],
    elapsed: Duration,
    drained: Duration,
) -> Option<Discard> {
    let stolen = steal_ns.iter().any(|ns| *ns as f64 > STEAL_LIMIT * elapsed.as_nanos() as f64);
    if stolen {
        return Some(Discard::Steal);
    }
    let accounted = Duration::from_nanos(load.elapsed_ns).saturating_add(drained);
    if elapsed.saturating_sub(accounted) > READ_LATE_LIMIT {
        return Some(Discard::ReadLate);
    }
    let scheduled =
        !matches!(source, Source::Generator { pacing: Pacing::Closed, .. } | Source::Flood { .. });
    (scheduled && lateness_ns(load) > LATENESS_LIMIT_NS).then_some(Discard::GeneratorLate)
}

fn lateness_ns(load: &LoadResult) -> u64 {
    let quantile = (1.0 - SAMPLES_BEYOND / load.sent.max(1) as f64).clamp(0.5, 0.99);
    load.lateness.decode().map_or(0, |lateness| lateness.value_at_quantile(quantile))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use record::{
        block::Discard,
        histogram::{self, Histogram},
        load::{LoadResult, Pacing},
        plan::Source,
    };

    use super::why;

    const HALF: Duration = Duration::from_millis(500);
    const SECOND: Duration = Duration::from_secs(1);

    /// Half a second of load, of which each request was this late.
    fn load(lateness_ns: u64) -> LoadResult {
        let mut lateness = histogram::empty();
        lateness.record_n(lateness_ns, 1_000).unwrap();
        let empty = || Histogram::encode(&histogram::empty());
        LoadResult {
            planned: 1_000,
            sent: 1_000,
            completed: 1_000,
            failed: BTreeMap::new(),
            elapsed_ns: HALF.as_nanos() as u64,
            spun_ns: 0,
            received_bytes: 0,
            response: empty(),
            service: empty(),
            lateness: Histogram::encode(&lateness),
        }
    }

    fn source(pacing: Pacing) -> Source {
        Source::Generator { pacing, connections: 1, path: "/plain".into() }
    }

    #[test]
    fn each_rule_sees_one_thing() {
        let (open, closed) =
            (source(Pacing::Poisson { requests_per_second: 2_000.0 }), source(Pacing::Closed));
        let settled = HALF + Duration::from_millis(10);
        let of = |lateness_ns, source, steal_ns: u64, elapsed, drained| {
            why(&load(lateness_ns), source, &[0, steal_ns], elapsed, drained)
        };
        assert_eq!(of(1_000, &open, 0, settled, Duration::ZERO), None);
        assert_eq!(of(200_000, &open, 0, settled, Duration::ZERO), Some(Discard::GeneratorLate));
        assert_eq!(of(200_000, &closed, 0, settled, Duration::ZERO), None);
        assert_eq!(of(1_000, &closed, 100_000_000, settled, Duration::ZERO), Some(Discard::Steal));
        assert_eq!(of(1_000, &closed, 0, SECOND, Duration::ZERO), Some(Discard::ReadLate));
        // An agent that has much to drain is no reason: that is what is measured.
        assert_eq!(of(1_000, &closed, 0, SECOND, HALF), None);
    }
}
