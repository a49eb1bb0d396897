//! The agent's ledger over a block: all its counters only grow, but for what waits in the agent for its other half.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use record::{agent::AgentStats, histogram::Histogram};

/// What was added from `before` to `after`.
///
/// # Errors
/// When a counter has run backwards, and when the agent has sent no histogram, or one that does not hold what it held before.
pub fn ledger_since(after: &AgentStats, before: &AgentStats) -> Result<AgentStats> {
    Ok(AgentStats {
        hits: grown("hits", after.hits, before.hits)?,
        extra: grown("extra", after.extra, before.extra)?,
        filtered: each(&after.filtered, &before.filtered),
        submitted: grown("submitted", after.submitted, before.submitted)?,
        reserve_failed: grown("reserve_failed", after.reserve_failed, before.reserve_failed)?,
        received: grown("received", after.received, before.received)?,
        parsed: grown("parsed", after.parsed, before.parsed)?,
        rejected: each(&after.rejected, &before.rejected),
        requests: grown("requests", after.requests, before.requests)?,
        joined_midway: grown("joined_midway", after.joined_midway, before.joined_midway)?,
        exceptions: each(&after.exceptions, &before.exceptions),
        wakeups: grown("wakeups", after.wakeups, before.wakeups)?,
        delivery_ns: delays(&after.delivery_ns, &before.delivery_ns)
            .context("delivery delays of the agent")?,
        program_runs: grown("program_runs", after.program_runs, before.program_runs)?,
        program_run_ns: grown("program_run_ns", after.program_run_ns, before.program_run_ns)?,
    })
}

fn grown(name: &str, after: u64, before: u64) -> Result<u64> {
    after.checked_sub(before).with_context(|| {
        format!("the tracer's counter `{name}` has run backwards, from {before} to {after}: its ledger cannot be trusted")
    })
}

fn each(after: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let old = |name| before.get(name).copied().unwrap_or(0);
    after.iter().map(|(name, count)| (name.clone(), count - old(name).min(*count))).collect()
}

fn delays(after: &Histogram, before: &Histogram) -> Result<Histogram> {
    let decode = |histogram: &Histogram| histogram.decode().map_err(anyhow::Error::msg);
    let mut delays = decode(after)?;
    delays.subtract(decode(before)?).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Histogram::encode(&delays))
}

#[cfg(test)]
mod tests {
    use record::{
        agent::AgentStats,
        histogram::{Histogram, empty},
    };

    use super::ledger_since;

    fn stats(received: u64, delays_ns: &[u64]) -> AgentStats {
        let mut delays = empty();
        delays_ns.iter().for_each(|ns| delays.record(*ns).unwrap());
        let rejected = [("wrong_size".to_owned(), received / 2)].into();
        AgentStats { received, rejected, delivery_ns: Histogram::encode(&delays), ..AgentStats::default() }
    }

    #[test]
    fn only_what_was_added_is_left() {
        let since = ledger_since(&stats(9, &[10, 1000, 20_000_000]), &stats(4, &[1000])).unwrap();
        assert_eq!((since.received, since.rejected["wrong_size"]), (5, 2));
        let delays = since.delivery_ns.decode().unwrap();
        assert_eq!((delays.len(), delays.count_at(1000), delays.count_at(10)), (2, 0, 1));
    }

    #[test]
    fn delays_that_were_there_before_must_still_be_there() {
        let error = ledger_since(&stats(1, &[10]), &stats(1, &[1000])).unwrap_err();
        assert!(error.to_string().contains("delivery delays"), "{error}");
    }

    #[test]
    fn a_counter_that_runs_backwards_is_named() {
        let error = ledger_since(&stats(3, &[]), &stats(u64::MAX, &[])).unwrap_err().to_string();
        assert_eq!(
            error,
            "the tracer's counter `received` has run backwards, from 18446744073709551615 to 3: its ledger cannot be trusted"
        );
    }
}
