//! What a tracer did in its blocks, beside what it cost.

use std::collections::BTreeMap;

use record::{
    agent::AgentStats,
    block::Block,
    cost::{RunTime, TracerFigures},
    plan::{Treatment, TreatmentKind},
};

use super::{
    arm::{merged, quantile_ms, ratio},
    ledger::answered,
};

/// Sums up the treated blocks, and the block of statistics where there is one. None for a treatment that is no tracer.
pub fn figures(
    treatment: &Treatment,
    treated: &[&Block],
    statistics: Option<&Block>,
) -> Option<TracerFigures> {
    let TreatmentKind::Tracer { strategy, stage, wakeup, .. } = &treatment.kind else {
        return None;
    };
    let ledgers: Vec<&AgentStats> = treated.iter().filter_map(|block| block.tracer.as_ref()).collect();
    let sum = |of: fn(&AgentStats) -> u64| ledgers.iter().map(|ledger| of(ledger)).sum::<u64>();
    let seconds = treated.iter().map(|block| block.elapsed_ns).sum::<u64>() as f64 / 1e9;
    let delivery = merged(ledgers.iter().map(|ledger| &ledger.delivery_ns));
    Some(TracerFigures {
        strategy: strategy.clone(),
        stage: *stage,
        wakeup: *wakeup,
        wakeups_per_second: ratio(sum(|ledger| ledger.wakeups) as f64, seconds),
        delivery_p50_ms: quantile_ms(&delivery, 0.5),
        delivery_p99_ms: quantile_ms(&delivery, 0.99),
        answered: treated.iter().map(|block| answered(block)).sum(),
        records: sum(|ledger| ledger.requests),
        exceptions: exceptions(&ledgers),
        run_time: statistics.and_then(run_time),
    })
}

fn exceptions(ledgers: &[&AgentStats]) -> BTreeMap<String, u64> {
    let mut all: BTreeMap<String, u64> = BTreeMap::new();
    for (name, count) in
        ledgers.iter().flat_map(|ledger| &ledger.exceptions).filter(|(_, count)| **count != 0)
    {
        *all.entry(name.clone()).or_default() += count;
    }
    all
}

fn run_time(block: &Block) -> Option<RunTime> {
    let (tracer, requests) = (block.tracer.as_ref()?, answered(block));
    let a_request = |amount: u64| ratio(amount as f64, requests as f64);
    (requests > 0).then(|| RunTime {
        requests,
        runs_per_request: a_request(tracer.program_runs),
        ns_per_request: a_request(tracer.program_run_ns),
    })
}
